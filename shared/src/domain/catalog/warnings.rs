//! Warnings for an operator about suspicious values in a course. They do not stop an import.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::domain::catalog::QuestionOption;
use crate::domain::catalog::answer_key::answer_beside_options;
use crate::domain::catalog::complete::slug;
use crate::domain::catalog::draft::{CatalogDraft, ExamDraft, QuestionDraft, Warning};
use crate::domain::catalog::faults::{FieldText, course_texts, exam_texts, pattern_texts, question_texts, topic_texts};
use crate::domain::catalog::parts::{PARTS_COLUMN, as_questions, points_of, read_parts, sum_of_points};
use crate::domain::catalog::slips::slips;
use crate::domain::id::QuestionId;
use crate::domain::questions::view::is_reserved;
use crate::domain::study::answer_rules::{RULES_COLUMN, rules_doubt, shown_answer};

/// Known values of `semester`.
pub const SEMESTERS: [&str; 5] = ["spring", "summer", "fall", "autumn", "winter"];
/// Known values of `exam_type`.
pub const EXAM_TYPES: [&str; 4] = ["midterm", "final", "quiz", "practice"];
/// Tolerance when sums of points are compared.
const POINTS_TOLERANCE: f64 = 1e-6;

/// Warnings of a course, by table. `is_whole` means that no question was refused, so that sums can be compared.
#[must_use]
pub fn warnings(draft: &CatalogDraft, is_whole: bool) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |table, id: &str, text: String| found.push(Warning { table, id: id.to_owned(), text });
    let points = if is_whole { points_of_exams(draft) } else { HashMap::new() };

    shown_columns(draft, |text| warn("courses", draft.course.id.as_str(), text));
    doubts(&course_texts(&draft.course), |text| warn("courses", draft.course.id.as_str(), text));
    for exam in &draft.exams {
        let id = exam.id.as_str();
        doubts(&exam_texts(exam), |text| warn("exams", id, text));
        let semester = exam.semester.as_deref().and_then(|semester| enumerated("semester", semester, &SEMESTERS));
        let exam_type = enumerated("exam_type", &exam.exam_type, &EXAM_TYPES);
        semester.into_iter().chain(exam_type).for_each(|text| warn("exams", id, text));
        if let Some(text) = points.get(id).and_then(|points| wrong_total(exam, points)) {
            warn("exams", id, text);
        }
    }
    let mut slugs: HashMap<String, &str> = HashMap::new();
    for topic in &draft.topics {
        let id = topic.id.as_str();
        doubts(&topic_texts(topic), |text| warn("topics", id, text));
        let slug = topic.slug.clone().unwrap_or_else(|| slug(&topic.name));
        if slug.is_empty() {
            warn("topics", id, "its name gives no slug: add one".to_owned());
            continue;
        }
        match slugs.get(&slug) {
            Some(first) => warn("topics", id, format!("its slug {slug:?} is that of topic {first:?}")),
            None => _ = slugs.insert(slug, id),
        }
    }
    let questions: HashSet<&str> = draft.questions.iter().map(|question| question.id.as_str()).collect();
    let mut patterns = HashMap::new();
    for pattern in &draft.patterns {
        let id = pattern.id.as_str();
        patterns.insert(id, &pattern.topic_id);
        doubts(&pattern_texts(pattern), |text| warn("question_patterns", id, text));
        let example = pattern.example_question_id.as_ref().map(QuestionId::as_str);
        if let Some(example) = example.filter(|example| is_whole && !questions.contains(example)) {
            warn("question_patterns", id, format!("example_question_id {example:?} is not in the import"));
        }
    }
    for question in &draft.questions {
        let id = question.id.as_str();
        doubts(&question_texts(question), |text| warn("questions", id, text));
        if let Some(text) =
            question.source_exam_type.as_deref().and_then(|name| enumerated("source_exam_type", name, &EXAM_TYPES))
        {
            warn("questions", id, text);
        }
        match question.pattern_id.as_ref().map(|pattern| (pattern.as_str(), patterns.get(pattern.as_str()))) {
            Some((pattern, None)) => warn("questions", id, format!("its pattern {pattern:?} is not in the import")),
            Some((pattern, Some(topic))) if **topic != question.topic_id => {
                warn("questions", id, format!("its pattern {pattern:?} belongs to topic {:?}", topic.as_str()));
            }
            _ => {}
        }
        if !question.withheld {
            let texts = answer_beside_options(question).into_iter().chain(empty_texts(question));
            texts.for_each(|text| warn("questions", id, text));
        }
        for text in marking_doubts(question) {
            warn("questions", id, text);
        }
    }
    found
}

/// Texts of a question or of its parts that are there and empty.
fn empty_texts(question: &QuestionDraft) -> Vec<String> {
    let parts = read_parts(&question.extra).unwrap_or_default();
    let mut found = Vec::new();
    if parts.is_empty() {
        let answer = shown_answer(&question.answer, question.extra.get(RULES_COLUMN));
        found.extend(empty_answer("", &answer, &question.options));
    }
    for (name, list) in [("solution_steps", &question.solution_steps), ("techniques", &question.techniques)] {
        found.extend(empty_elements(name, list));
    }
    for (at, part) in parts.iter().enumerate() {
        let path = format!("{PARTS_COLUMN}[{at}].");
        found.extend(empty_answer(&path, &part.shown_answer(), &part.options));
        found.extend(empty_elements(&format!("{path}solution_steps"), &part.solution_steps));
    }
    found
}

fn empty_answer(path: &str, answer: &str, options: &[QuestionOption]) -> Vec<String> {
    let mut found = Vec::new();
    if answer.trim().is_empty() && options.is_empty() {
        found.push(format!("{path}answer is empty: each student says whether their answer was right"));
    }
    let empty = options.iter().enumerate().filter(|(_, option)| option.text.trim().is_empty());
    found.extend(empty.map(|(index, _)| format!("{path}options[{index}].text is empty")));
    found
}

fn empty_elements(name: &str, list: &[String]) -> Vec<String> {
    let empty = list.iter().enumerate().filter(|(_, text)| text.trim().is_empty());
    empty.map(|(index, _)| format!("{name}[{index}] is empty")).collect()
}

/// Reports slips that are not certain.
fn doubts(texts: &[FieldText<'_>], mut warn: impl FnMut(String)) {
    for (field, text, setting) in texts {
        if let Some(slip) = slips(text, *setting).into_iter().find(|slip| !slip.is_certain()) {
            warn(format!("{field} {slip}"));
        }
    }
}

/// Doubts about the rules, the points and the answers of a question and its parts.
fn marking_doubts(question: &QuestionDraft) -> Vec<String> {
    let rules =
        |question: &QuestionDraft| rules_doubt(question.extra.get(RULES_COLUMN), &question.answer, &question.options);
    let mut doubts: Vec<String> = rules(question).into_iter().collect();
    let parts = as_questions(question);
    if parts.is_empty() {
        return doubts;
    }
    for (path, part) in &parts {
        let of_part = answer_beside_options(part).filter(|_| !question.withheld).into_iter().chain(rules(part));
        doubts.extend(of_part.map(|doubt| format!("{path}: {doubt}")));
    }
    let parts = read_parts(&question.extra).unwrap_or_default();
    let Some(sum) = sum_of_points(&parts) else { return doubts };
    if let Some(at) = parts.iter().position(|part| part.points.is_none()) {
        doubts.push(format!("parts[{at}] has no points, and others have: it counts 0"));
    }
    if let Some(points) = question.source_points.filter(|points| (points - sum).abs() > POINTS_TOLERANCE) {
        doubts.push(format!("source_points is {points}, the points of its parts add up to {sum}"));
    }
    doubts
}

fn enumerated(field: &str, value: &str, known: &[&str]) -> Option<String> {
    let is_known = known.iter().any(|name| name.eq_ignore_ascii_case(value.trim()));
    (!is_known).then(|| format!("{field} {value:?} is none of {}", known.join(", ")))
}

/// Reports names in `shown_with_question` that match no column.
fn shown_columns(draft: &CatalogDraft, mut warn: impl FnMut(String)) {
    for name in &draft.course.shown_with_question {
        if name == RULES_COLUMN {
            warn(format!("shown_with_question names {name:?}, which is shown with the solution only"));
        } else if is_reserved(name) {
            warn(format!("shown_with_question names {name:?}, which is no extra column"));
        } else if !draft.questions.iter().any(|question| question.extra.contains_key(name)) {
            warn(format!("shown_with_question names {name:?}, which no question has"));
        }
    }
}

/// Sum of the points of an exam's questions.
#[derive(Default)]
struct Points {
    sum: f64,
    unknown: usize,
}

fn points_of_exams(draft: &CatalogDraft) -> HashMap<&str, Points> {
    let mut points: HashMap<&str, Points> = HashMap::new();
    for question in &draft.questions {
        let Some(exam) = &question.exam_id else { continue };
        // Points of a bonus question count beyond the total.
        if question.extra.get("is_bonus").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        let of_exam = points.entry(exam.as_str()).or_default();
        match points_of(question) {
            Some(points) => of_exam.sum += points,
            None => of_exam.unknown += 1,
        }
    }
    points
}

/// A warning if the total differs from the sum. If questions are missing or have no points, the total may be larger.
fn wrong_total(exam: &ExamDraft, points: &Points) -> Option<String> {
    let total = exam.total_points?;
    let Points { sum, unknown } = *points;
    let is_partial = unknown > 0 || !exam.processed;
    let is_wrong = sum > total + POINTS_TOLERANCE || (!is_partial && sum < total - POINTS_TOLERANCE);
    is_wrong.then(|| format!("total_points is {total}, the source_points of its questions add up to {sum}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn draft() -> CatalogDraft {
        let rows = |rows: Value| serde_json::from_value(rows).unwrap();
        let question = |id: &str, points: Value| {
            let row = json!({
                "id": id, "exam_id": "e", "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": "1",
                "source_points": points,
            });
            serde_json::from_value(row).unwrap()
        };
        CatalogDraft {
            course: serde_json::from_value(json!({"id": "c", "name": "C"})).unwrap(),
            exams: rows(
                json!([{"id": "e", "year": 2020, "exam_type": "Final", "semester": "FALL", "total_points": 10}]),
            ),
            topics: serde_json::from_value(json!([{"id": "t", "name": "Series", "category": "K"}])).unwrap(),
            patterns: serde_json::from_value(json!([{"id": "p", "topic_id": "t", "name": "P"}])).unwrap(),
            questions: vec![question("q1", json!(4)), question("q2", json!(6))],
        }
    }

    #[test]
    fn points_of_a_bonus_question_are_beyond_the_total() {
        let bonus = |draft: &mut CatalogDraft| {
            let mut bonus = draft.questions[0].clone();
            bonus.id = "q3".to_owned().try_into().unwrap();
            bonus.question_text = "Another".to_owned();
            draft.questions.push(bonus);
        };
        assert!(said(bonus).iter().any(|text| text.contains("add up to 14")));
        let is_told = said(|draft| {
            bonus(draft);
            draft.questions[2].extra.insert("is_bonus".to_owned(), json!(true));
        });
        assert!(!is_told.iter().any(|text| text.contains("add up to")), "{is_told:?}");
    }

    fn said(change: impl FnOnce(&mut CatalogDraft)) -> Vec<String> {
        let mut draft = draft();
        change(&mut draft);
        warnings(&draft, true).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_course_has_no_warnings() {
        assert_eq!(said(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn totals_are_compared_where_all_points_are_known() {
        let more = "exams e: total_points is 9, the source_points of its questions add up to 10";
        let less = "exams e: total_points is 12, the source_points of its questions add up to 10";
        assert_eq!(said(|draft| draft.exams[0].total_points = Some(9.0)), [more]);
        assert_eq!(said(|draft| draft.exams[0].total_points = Some(12.0)), [less]);
        let partial = |draft: &mut CatalogDraft| {
            draft.exams[0].total_points = Some(12.0);
            draft.exams[0].processed = false;
        };
        assert_eq!(said(partial), Vec::<String>::new());
        assert_eq!(said(|draft| draft.questions[1].source_points = None), Vec::<String>::new());
        let mut changed = draft();
        changed.exams[0].total_points = Some(12.0);
        assert_eq!(warnings(&changed, false), []);
    }

    #[test]
    fn unknown_references_give_warnings() {
        let id = |text: &str| text.try_into().unwrap();
        assert_eq!(
            said(|draft| draft.questions[0].pattern_id = Some("p9".try_into().unwrap())),
            ["questions q1: its pattern \"p9\" is not in the import"]
        );
        assert_eq!(
            said(|draft| draft.patterns[0].example_question_id = Some(id("q9"))),
            ["question_patterns p: example_question_id \"q9\" is not in the import"]
        );
        assert_eq!(
            said(|draft| draft.course.shown_with_question = vec!["answer".to_owned(), "imgae".to_owned()]),
            [
                "courses c: shown_with_question names \"answer\", which is no extra column",
                "courses c: shown_with_question names \"imgae\", which no question has",
            ]
        );
    }
}
