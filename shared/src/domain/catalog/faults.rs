//! Faults that make a row unfit for sale: a text that lost a LaTeX command (`slips`), and an answer that contradicts
//! the options. In a catalogue file, such rows are refused, since the author can correct them. Rows of the old database
//! are kept, since a user may have unlocked them; a faulty question is withheld from sale until an import corrects it.

use serde_json::Value;

use crate::domain::catalog::answer_key::key_fault;
use crate::domain::catalog::draft::{
    CatalogDraft, CourseDraft, ExamDraft, PatternDraft, QuestionDraft, RefusedRow, TopicDraft, Warning,
};
use crate::domain::catalog::parts::{Part, as_questions, read_parts};
use crate::domain::catalog::slips::{Setting, Slip, slips};
use crate::domain::catalog::{ExtraColumns, QuestionOption};
use crate::domain::study::answer_rules::{RULES_COLUMN, shown_answer};

/// A text in a row: field name, text, and how to read it.
pub type FieldText<'a> = (String, &'a str, Setting);

/// Removes rows of a catalogue file that are unfit for sale.
pub fn refuse_faulty_rows(draft: &mut CatalogDraft) -> Vec<RefusedRow> {
    let mut refused = Vec::new();
    let mut keep = |table, id: String, reason: Option<String>| match reason {
        None => true,
        Some(reason) => {
            refused.push(RefusedRow { table, id, reason });
            false
        }
    };
    draft.exams.retain(|exam| keep("exams", exam.id.to_string(), exam_fault(exam)));
    draft.topics.retain(|topic| keep("topics", topic.id.to_string(), topic_fault(topic)));
    draft.patterns.retain(|row| keep("question_patterns", row.id.to_string(), pattern_fault(row)));
    draft.questions.retain(|question| keep("questions", question.id.to_string(), question_fault(question)));
    refused
}

/// Withholds questions of the old database that are unfit for sale.
pub fn withhold_faulty_rows(draft: &mut CatalogDraft) -> Vec<Warning> {
    let course = course_fault(&draft.course).map(|text| (("courses", draft.course.id.to_string()), text));
    let exams = draft.exams.iter().map(|exam| (("exams", exam.id.to_string()), exam_fault(exam)));
    let topics = draft.topics.iter().map(|topic| (("topics", topic.id.to_string()), topic_fault(topic)));
    let patterns = draft.patterns.iter();
    let patterns = patterns.map(|row| (("question_patterns", row.id.to_string()), pattern_fault(row)));
    let others = exams.chain(topics).chain(patterns).filter_map(|(row, text)| Some((row, text?)));
    let mut warnings: Vec<Warning> =
        course.into_iter().chain(others).map(|((table, id), text)| Warning { table, id, text }).collect();
    for question in &mut draft.questions {
        if let Some(fault) = question_fault(question) {
            question.withheld = true;
            let text = format!("{fault}; not sold until it is corrected");
            warnings.push(Warning { table: "questions", id: question.id.to_string(), text });
        }
    }
    warnings
}

/// The fault of a course, if any.
#[must_use]
pub fn course_fault(course: &CourseDraft) -> Option<String> {
    lost(&course_texts(course)).or_else(|| blank(&[("name", &course.name)]))
}

fn exam_fault(exam: &ExamDraft) -> Option<String> {
    lost(&exam_texts(exam)).or_else(|| blank(&[("exam_type", &exam.exam_type)]))
}

fn topic_fault(topic: &TopicDraft) -> Option<String> {
    let slug = topic.slug.as_ref().filter(|slug| slug.trim().is_empty());
    lost(&topic_texts(topic))
        .or_else(|| blank(&[("name", &topic.name), ("category", &topic.category)]))
        .or_else(|| slug.map(|_| "slug is empty: leave it out, and it is made from the name".to_owned()))
}

fn pattern_fault(pattern: &PatternDraft) -> Option<String> {
    lost(&pattern_texts(pattern)).or_else(|| blank(&[("name", &pattern.name)]))
}

fn question_fault(question: &QuestionDraft) -> Option<String> {
    let of_part = |(path, part): (String, QuestionDraft)| Some(format!("{path}: {}", key_fault(&part)?));
    lost(&question_texts(question))
        .or_else(|| key_fault(question))
        .or_else(|| as_questions(question).into_iter().find_map(of_part))
        .or_else(|| nothing_to_learn(question))
}

/// A question that has no answer, no options and no solution, in none of its parts either: a buyer would get nothing.
/// Without an answer alone, it may be a proof, and gives a warning.
fn nothing_to_learn(question: &QuestionDraft) -> Option<String> {
    let is_blank = |answer: &str, options: &[QuestionOption], steps: &[String]| {
        answer.trim().is_empty() && options.is_empty() && steps.iter().all(|step| step.trim().is_empty())
    };
    let answer = shown_answer(&question.answer, question.extra.get(RULES_COLUMN));
    let parts = read_parts(&question.extra).unwrap_or_default();
    let is_blank_part = |part: &Part| is_blank(&part.shown_answer(), &part.options, &part.solution_steps);
    (is_blank(&answer, &question.options, &question.solution_steps) && parts.iter().all(is_blank_part))
        .then(|| "answer and solution_steps are empty".to_owned())
}

/// The fields that must have a text and have none.
fn blank(fields: &[(&str, &String)]) -> Option<String> {
    let empty = fields.iter().filter(|(_, text)| text.trim().is_empty());
    let said: Vec<String> = empty.map(|(name, _)| format!("{name} is empty")).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The certain slips in a row's texts, each with its field.
fn lost(texts: &[FieldText<'_>]) -> Option<String> {
    let first = |(field, text, setting): &FieldText<'_>| {
        let slip = slips(text, *setting).into_iter().find(Slip::is_certain)?;
        Some(format!("{field} {slip}"))
    };
    let said: Vec<String> = texts.iter().filter_map(first).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The texts of a course.
#[must_use]
pub fn course_texts(course: &CourseDraft) -> Vec<FieldText<'_>> {
    let mut texts = vec![text("name", &course.name)];
    texts.extend(optional("description", course.description.as_ref()));
    let bodies = course.macros.iter();
    texts.extend(bodies.map(|(name, body)| (format!("macros.{name}"), body.as_str(), Setting::Bare)));
    texts
}

/// The texts of an exam.
#[must_use]
pub fn exam_texts(exam: &ExamDraft) -> Vec<FieldText<'_>> {
    let mut texts = vec![text("exam_type", &exam.exam_type)];
    texts.extend(optional("semester", exam.semester.as_ref()));
    add_extra(&mut texts, &exam.extra);
    texts
}

/// The texts of a topic.
#[must_use]
pub fn topic_texts(topic: &TopicDraft) -> Vec<FieldText<'_>> {
    let mut texts = vec![text("name", &topic.name), text("category", &topic.category)];
    texts.extend(optional("slug", topic.slug.as_ref()));
    add_extra(&mut texts, &topic.extra);
    texts
}

/// The texts of a pattern.
#[must_use]
pub fn pattern_texts(pattern: &PatternDraft) -> Vec<FieldText<'_>> {
    let mut texts = vec![text("name", &pattern.name)];
    add_list(&mut texts, "techniques", &pattern.techniques);
    let form = pattern.canonical_form.iter();
    texts.extend(form.map(|form| ("canonical_form".to_owned(), form.as_str(), Setting::Bare)));
    add_extra(&mut texts, &pattern.extra);
    texts
}

/// The texts of a question.
#[must_use]
pub fn question_texts(question: &QuestionDraft) -> Vec<FieldText<'_>> {
    let mut texts = vec![text("question_text", &question.question_text)];
    add_list(&mut texts, "solution_steps", &question.solution_steps);
    texts.push(("answer".to_owned(), &question.answer, Setting::Bare));
    for (index, option) in question.options.iter().enumerate() {
        texts.push((format!("options[{index}].letter"), &option.letter, Setting::Text));
        texts.push((format!("options[{index}].text"), &option.text, Setting::Text));
    }
    add_list(&mut texts, "techniques", &question.techniques);
    texts.extend(optional("difficulty_reason", question.difficulty_reason.as_ref()));
    texts.extend(optional("source_exam_type", question.source_exam_type.as_ref()));
    add_extra(&mut texts, &question.extra);
    texts
}

fn text<'a>(field: &str, text: &'a str) -> FieldText<'a> {
    (field.to_owned(), text, Setting::Text)
}

fn optional<'a>(field: &str, value: Option<&'a String>) -> Option<FieldText<'a>> {
    value.map(|value| text(field, value))
}

fn add_list<'a>(texts: &mut Vec<FieldText<'a>>, field: &str, list: &'a [String]) {
    texts.extend(list.iter().enumerate().map(|(index, element)| text(&format!("{field}[{index}]"), element)));
}

fn add_extra<'a>(texts: &mut Vec<FieldText<'a>>, extra: &'a ExtraColumns) {
    for (name, value) in extra {
        add_value(texts, &name.escape_debug().to_string(), value);
        // Column names are texts too.
        texts.push((format!("the field {name:?}"), name, Setting::Text));
    }
}

fn add_value<'a>(texts: &mut Vec<FieldText<'a>>, field: &str, value: &'a Value) {
    match value {
        // The answer of a part, as the answer of a question.
        Value::String(value) if field.ends_with(".answer") => texts.push((field.to_owned(), value, Setting::Bare)),
        Value::String(value) => texts.push(text(field, value)),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                add_value(texts, &format!("{field}[{index}]"), value);
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                add_value(texts, &format!("{field}.{}", name.escape_debug()), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question(change: &Value) -> QuestionDraft {
        let mut row = json!({"id": "q", "topic_id": "t", "question_text": "?", "solution_steps": ["!"], "answer": "A"});
        row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    }

    fn choice(answer: &str, correct: &[&str]) -> QuestionDraft {
        let option = |letter: &str| json!({"letter": letter, "text": format!("${letter}1$"), "is_correct": correct.contains(&letter)});
        let options = ["A", "B", "C"].map(option);
        question(&json!({"answer": answer, "options": options}))
    }

    fn draft(question: QuestionDraft) -> CatalogDraft {
        CatalogDraft {
            course: serde_json::from_value(json!({"id": "c", "name": "C"})).unwrap(),
            exams: vec![serde_json::from_value(json!({"id": "e", "year": 2020, "exam_type": "fi\u{c}nal"})).unwrap()],
            topics: vec![serde_json::from_value(json!({"id": "t", "name": "$\theta$", "category": "K"})).unwrap()],
            patterns: vec![
                serde_json::from_value(json!({"id": "p", "topic_id": "t", "name": "P", "canonical_form": "\theta"}))
                    .unwrap(),
            ],
            questions: vec![question],
        }
    }

    #[test]
    fn every_text_of_every_row_is_looked_at() {
        let broken = "a\u{8}";
        for (change, field) in [
            (json!({"question_text": broken}), "question_text"),
            (json!({"solution_steps": ["x", broken]}), "solution_steps[1]"),
            (json!({"answer": broken}), "answer"),
            (json!({"techniques": [broken]}), "techniques[0]"),
            (json!({"difficulty_reason": broken}), "difficulty_reason"),
            (json!({"source_exam_type": broken}), "source_exam_type"),
            (json!({"options": [{"letter": "A", "text": broken, "is_correct": true}]}), "options[0].text"),
            (json!({"rubric": {"parts": [1, broken]}}), "rubric.parts[1]"),
            (json!({broken: 1}), "the field \"a\\u{8}\""),
        ] {
            let fault = question_fault(&question(&change)).unwrap();
            assert_eq!(fault, format!("{field} has a backspace: JSON reads \"\\b\" as one; write \"\\\\b\""));
        }
        let refused = refuse_faulty_rows(&mut draft(question(&json!({"answer": broken, "question_text": broken}))));
        let named: Vec<String> = refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            named,
            [
                r#"exams e: exam_type has a form feed before "nal": JSON reads "\f" as one; write "\\fnal""#,
                r#"topics t: name has a tab before "heta": JSON reads "\t" as one; write "\\theta""#,
                r#"question_patterns p: canonical_form has a tab before "heta": JSON reads "\t" as one; write "\\theta""#,
                r#"questions q: question_text has a backspace: JSON reads "\b" as one; write "\\b"; answer has a backspace: JSON reads "\b" as one; write "\\b""#,
            ]
        );
    }

    #[test]
    fn rows_of_an_old_database_are_kept_and_withheld() {
        let mut draft = draft(choice("A", &["B"]));
        draft.questions.push(choice("B", &["B"]));
        let warnings = withhold_faulty_rows(&mut draft);
        let tables: Vec<&str> = warnings.iter().map(|warning| warning.table).collect();
        assert_eq!(tables, ["exams", "topics", "question_patterns", "questions"]);
        assert_eq!(
            warnings[3].to_string(),
            "questions q: answer \"A\" and options contradict each other: is_correct is true for B; not sold until it is \
             corrected"
        );
        assert_eq!(draft.questions.iter().map(|question| question.withheld).collect::<Vec<_>>(), [true, false]);
        assert_eq!((draft.exams.len(), draft.topics.len(), draft.patterns.len()), (1, 1, 1));
    }
}
