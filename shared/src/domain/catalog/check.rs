//! Validates the rows of a course draft. Rows that cannot be stored are removed and reported; the others stay.

use std::collections::HashSet;

use crate::domain::catalog::draft::{CatalogDraft, QuestionDraft, RefusedRow};
use crate::domain::catalog::parts::{PARTS_COLUMN, PARTS_MAX, Part, gap_mark, read_parts};
use crate::domain::catalog::{QuestionOption, sizes};
use crate::domain::study::answer_rules::{RULES_COLUMN, rules_problem};

/// Maximum bytes of all texts of a question. DynamoDB limits an item to 400 KiB, keys included.
pub const QUESTION_BYTES_MAX: usize = 200 * 1024;
/// Maximum number of points or minutes.
pub const NUMBER_MAX: f64 = 1e6;
/// Maximum bytes of any other row.
pub const ROW_BYTES_MAX: usize = 32 * 1024;
/// Maximum number of options per question.
pub const OPTIONS_MAX: usize = 26;
/// Maximum number of techniques per question.
pub const TECHNIQUES_MAX: usize = 20;

/// Removes invalid rows from `draft`: a duplicate id, an unknown topic or exam, a value out of bounds.
pub fn refuse_bad_rows(draft: &mut CatalogDraft) -> Vec<RefusedRow> {
    let mut refused = Vec::new();

    let mut topics = HashSet::new();
    keep(&mut draft.topics, "topics", &mut refused, |topic| {
        let verdict = difficulty(topic.difficulty)
            .or_else(|| share("frequency_score", topic.frequency_score))
            .or_else(|| not_negative("avg_points", topic.avg_points))
            .or_else(|| {
                let slug = topic.slug.as_ref().map_or(0, String::len);
                sizes::of_row(
                    &[("name", topic.name.len()), ("category", topic.category.len()), ("slug", slug)],
                    &topic.extra,
                )
            })
            .or_else(|| sizes::of_topics(topics.len()))
            .or_else(|| twice(!topics.insert(topic.id.clone())));
        (topic.id.to_string(), verdict)
    });
    let mut exams = HashSet::new();
    keep(&mut draft.exams, "exams", &mut refused, |exam| {
        let verdict = year(exam.year)
            .or_else(|| not_negative("total_points", exam.total_points))
            .or_else(|| {
                let semester = exam.semester.as_ref().map_or(0, String::len);
                sizes::of_row(&[("exam_type", exam.exam_type.len()), ("semester", semester)], &exam.extra)
            })
            .or_else(|| sizes::of_exams(topics.len(), exams.len()))
            .or_else(|| twice(!exams.insert(exam.id.clone())));
        (exam.id.to_string(), verdict)
    });
    let mut patterns = HashSet::new();
    keep(&mut draft.patterns, "question_patterns", &mut refused, |pattern| {
        let verdict = unknown("topic", pattern.topic_id.as_str(), !topics.contains(&pattern.topic_id))
            .or_else(|| share("appearance_rate", pattern.appearance_rate))
            .or_else(|| {
                let form = pattern.canonical_form.as_ref().map_or(0, String::len);
                let techniques = pattern.techniques.iter().map(String::len).sum();
                let fields = [("name", pattern.name.len()), ("canonical_form", form), ("techniques", techniques)];
                sizes::of_row(&fields, &pattern.extra)
            })
            .or_else(|| twice(!patterns.insert(pattern.id.clone())));
        (pattern.id.to_string(), verdict)
    });
    let mut questions = HashSet::new();
    keep(&mut draft.questions, "questions", &mut refused, |question| {
        let lost_exam = question.exam_id.as_ref().filter(|exam| !exams.contains(*exam));
        let verdict = unknown("topic", question.topic_id.as_str(), !topics.contains(&question.topic_id))
            .or_else(|| lost_exam.and_then(|exam| unknown("exam", exam.as_str(), true)))
            .or_else(|| contents(question))
            .or_else(|| rules_problem(question.extra.get(RULES_COLUMN), &question.options))
            .or_else(|| parts_problem(question))
            .or_else(|| twice(!questions.insert(question.id.clone())));
        (question.id.to_string(), verdict)
    });
    refused
}

/// Keeps the rows for which `judge` returns no reason.
fn keep<T>(
    rows: &mut Vec<T>,
    table: &'static str,
    refused: &mut Vec<RefusedRow>,
    mut judge: impl FnMut(&T) -> (String, Option<String>),
) {
    rows.retain(|row| match judge(row) {
        (_, None) => true,
        (id, Some(reason)) => {
            refused.push(RefusedRow { table, id, reason });
            false
        }
    });
}

fn twice(again: bool) -> Option<String> {
    again.then(|| "the id was used before".to_owned())
}

fn unknown(what: &str, id: &str, is_unknown: bool) -> Option<String> {
    is_unknown.then(|| format!("its {what} {id:?} is not in the import"))
}

fn year(year: i32) -> Option<String> {
    (!(1900..=2200).contains(&year)).then(|| format!("year {year} is not between 1900 and 2200"))
}

fn difficulty(difficulty: Option<u8>) -> Option<String> {
    difficulty.filter(|d| !(1..=5).contains(d)).map(|d| format!("difficulty {d} is not between 1 and 5"))
}

fn share(column: &str, share: Option<f64>) -> Option<String> {
    share.filter(|s| !(0.0..=1.0).contains(s)).map(|s| format!("{column} {s} is not between 0 and 1"))
}

fn not_negative(column: &str, number: Option<f64>) -> Option<String> {
    number
        .filter(|n| !(0.0..=NUMBER_MAX).contains(n))
        .map(|n| format!("{column} {n:e} is not between 0 and {NUMBER_MAX:e}"))
}

fn contents(question: &QuestionDraft) -> Option<String> {
    difficulty(question.difficulty)
        .or_else(|| share("frequency_score", question.frequency_score))
        .or_else(|| not_negative("source_points", question.source_points))
        .or_else(|| not_negative("estimated_time", question.estimated_time))
        .or_else(|| is_without_text(question).then(|| "question_text is empty".to_owned()))
        .or_else(|| sizes::of_question(question))
        .or_else(|| many_techniques(question))
        .or_else(|| letters(&question.options))
}

fn many_techniques(question: &QuestionDraft) -> Option<String> {
    let techniques = question.techniques.len();
    (techniques > TECHNIQUES_MAX).then(|| format!("{techniques} techniques are more than {TECHNIQUES_MAX}"))
}

/// Whether neither the question nor a part of it has a text.
fn is_without_text(question: &QuestionDraft) -> bool {
    let has_part = |parts: Vec<Part>| parts.iter().any(|part| !part.text.trim().is_empty());
    question.question_text.trim().is_empty() && !read_parts(&question.extra).is_ok_and(has_part)
}

/// What is wrong with the parts of a question, if anything is.
fn parts_problem(question: &QuestionDraft) -> Option<String> {
    let parts = match read_parts(&question.extra) {
        Ok(parts) => parts,
        Err(fault) => return Some(fault),
    };
    if parts.is_empty() {
        let is_list = question.extra.get(PARTS_COLUMN).is_some_and(serde_json::Value::is_array);
        return is_list.then(|| format!("{PARTS_COLUMN} is empty"));
    }
    if parts.len() > PARTS_MAX {
        return Some(format!("{} parts are more than {PARTS_MAX}", parts.len()));
    }
    if !question.options.is_empty() {
        return Some("a question with parts has its options in the parts".to_owned());
    }
    if question.extra.contains_key(RULES_COLUMN) {
        return Some(format!("a question with parts has its {RULES_COLUMN} in the parts"));
    }
    let stem = &question.question_text;
    let of_part = |(at, part): (usize, &Part)| {
        let fault = part_problem(part)
            .or_else(|| gap_problem(part, &gap_mark(at), stem))
            .or_else(|| rules_problem(part.answer_rules.as_ref(), &part.options))?;
        Some(format!("{PARTS_COLUMN}[{at}]: {fault}"))
    };
    parts.iter().enumerate().find_map(of_part)
}

fn part_problem(part: &Part) -> Option<String> {
    let is_blank = part.text.trim().is_empty() && !part.is_gap;
    is_blank
        .then(|| "text is empty, and it is no gap".to_owned())
        .or_else(|| not_negative("points", part.points))
        .or_else(|| letters(&part.options))
}

fn gap_problem(part: &Part, mark: &str, stem: &str) -> Option<String> {
    match (part.is_gap, stem.contains(mark)) {
        (true, false) => Some(format!("it is a gap, and question_text has no {mark}")),
        (false, true) => Some(format!("question_text has {mark}, and the part is no gap")),
        _ => None,
    }
}

fn letters(options: &[QuestionOption]) -> Option<String> {
    if options.len() > OPTIONS_MAX {
        return Some(format!("{} options are more than {OPTIONS_MAX}", options.len()));
    }
    let mut seen = HashSet::new();
    for option in options {
        let is_plain = option.letter.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !(1..=3).contains(&option.letter.len()) || !is_plain {
            return Some(format!("option letter {:?} is not one to three letters", option.letter));
        }
        if !seen.insert(option.letter.to_uppercase()) {
            return Some(format!("option {:?} is there twice", option.letter));
        }
        if let Some(weight) = option.weight.filter(|weight| !(-1.0..=1.0).contains(weight)) {
            return Some(format!("the weight {weight} of option {:?} is not between -1 and 1", option.letter));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft() -> CatalogDraft {
        let question = |id: &str| {
            serde_json::from_value(json!({
                "id": id, "exam_id": "e1", "topic_id": "t1", "question_text": "?", "solution_steps": ["!"], "answer": "A",
            }))
            .unwrap()
        };
        CatalogDraft {
            course: serde_json::from_value(json!({"id": "c", "name": "C"})).unwrap(),
            exams: vec![serde_json::from_value(json!({"id": "e1", "year": 2020, "exam_type": "final"})).unwrap()],
            topics: vec![serde_json::from_value(json!({"id": "t1", "name": "T", "category": "K"})).unwrap()],
            patterns: vec![],
            questions: vec![question("q1"), question("q2")],
        }
    }

    fn refused_after(change: impl FnOnce(&mut QuestionDraft)) -> Vec<String> {
        let mut draft = draft();
        change(&mut draft.questions[1]);
        let refused = refuse_bad_rows(&mut draft);
        assert_eq!(draft.questions.len() + refused.len(), 2);
        refused.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_draft_keeps_every_row() {
        assert_eq!(refused_after(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn topics_and_exams_are_limited_by_the_analysis() {
        let mut draft = draft();
        let topic =
            |index: usize| serde_json::from_value(json!({"id": format!("t{index}"), "name": "T", "category": "K"}));
        let exam = |index: usize| {
            serde_json::from_value(json!({"id": format!("e{index}"), "year": 2020, "exam_type": "final"}))
        };
        draft.topics = (1..=sizes::TOPICS_MAX + 1).map(|index| topic(index).unwrap()).collect();
        draft.exams = (1..=201).map(|index| exam(index).unwrap()).collect();
        let refused: Vec<String> = refuse_bad_rows(&mut draft).iter().map(ToString::to_string).collect();
        assert_eq!(
            refused,
            [
                "topics t2001: a course has at most 2000 topics",
                "exams e201: a course with 2000 topics has at most 200 exams"
            ]
        );
        assert_eq!((draft.topics.len(), draft.exams.len(), draft.questions.len()), (2_000, 200, 2));
    }

    #[test]
    fn each_broken_rule_names_its_row() {
        let id = |text: &str| text.try_into().unwrap();
        assert_eq!(refused_after(|q| q.id = id("q1")), ["questions q1: the id was used before"]);
        assert_eq!(
            refused_after(|q| q.topic_id = "t9".try_into().unwrap()),
            [r#"questions q2: its topic "t9" is not in the import"#]
        );
        assert_eq!(
            refused_after(|q| q.exam_id = Some("e9".try_into().unwrap())),
            [r#"questions q2: its exam "e9" is not in the import"#]
        );
        assert_eq!(refused_after(|q| q.difficulty = Some(6)), ["questions q2: difficulty 6 is not between 1 and 5"]);
        assert_eq!(refused_after(|q| q.question_text = " ".to_owned()), ["questions q2: question_text is empty"]);
        let long = "x".repeat(QUESTION_BYTES_MAX);
        assert_eq!(
            refused_after(|q| q.question_text = long),
            [
                "questions q2: question_text has 204800 bytes; with it there are 204802 bytes of text, and a question has at \
              most 204800"
            ]
        );
        let figure = json!("y".repeat(QUESTION_BYTES_MAX));
        let with_figure = refused_after(|q| _ = q.extra.insert("figure".to_owned(), figure));
        assert!(with_figure[0].starts_with("questions q2: figure has 204808 bytes; "), "{with_figure:?}");
        let mut deep = json!(0);
        for _ in 0..101 {
            deep = json!([deep]);
        }
        assert_eq!(
            refused_after(|q| _ = q.extra.insert("subparts".to_owned(), deep)),
            ["questions q2: subparts has 101 levels; a column has at most 100"]
        );
        let unreadable = refused_after(|q| _ = q.extra.insert("answer_rules".to_owned(), json!({"tolerance": 1})));
        assert!(unreadable[0].starts_with("questions q2: answer_rules: unknown field"), "{unreadable:?}");
    }

    #[test]
    fn a_question_has_at_most_26_options_with_weights_of_at_most_one() {
        let option = |letter: char| QuestionOption { letter: letter.to_string(), ..QuestionOption::default() };
        let alphabet = || ('A'..='Z').map(option).collect::<Vec<_>>();
        assert_eq!(refused_after(|q| q.options = alphabet()), Vec::<String>::new());
        assert_eq!(
            refused_after(|q| q.options = alphabet().into_iter().chain([option('1')]).collect()),
            ["questions q2: 27 options are more than 26"]
        );
        for weight in [-1.01, 1.5, f64::NAN] {
            let heavy = QuestionOption { weight: Some(weight), ..option('A') };
            let refused = refused_after(|q| q.options = vec![heavy]);
            assert_eq!(refused, [format!("questions q2: the weight {weight} of option \"A\" is not between -1 and 1")]);
        }
    }

    #[test]
    fn faults_of_parts_are_named() {
        let refused = |stem: &str, parts: serde_json::Value| {
            let refused = refused_after(|q| {
                q.question_text = stem.to_owned();
                q.extra.insert("parts".to_owned(), parts);
            });
            refused.first().map(|fault| fault.trim_start_matches("questions q2: ").to_owned()).unwrap_or_default()
        };
        let option = |letter: &str| json!({"letter": letter, "text": "x", "is_correct": true});
        for (stem, parts, fault) in [
            ("", json!([{"text": "Why?"}]), ""),
            ("", json!([{"text": " "}]), "question_text is empty"),
            ("S", json!([]), "parts is empty"),
            ("S", json!(vec![json!({"text": "?"}); 51]), "51 parts are more than 50"),
            ("S", json!([{"text": "?"}, {"text": ""}]), "parts[1]: text is empty, and it is no gap"),
            ("S", json!([{"is_gap": true}]), "parts[0]: it is a gap, and question_text has no [gap 1]"),
            ("[gap 1]", json!([{"text": "?"}]), "parts[0]: question_text has [gap 1], and the part is no gap"),
            ("[gap 2] [gap 1]", json!([{"is_gap": true}, {"is_gap": true}]), ""),
            ("S", json!([{"text": "?", "points": -1}]), "parts[0]: points -1e0 is not between 0 and 1e6"),
            (
                "S",
                json!([{"text": "?", "options": [option("A"), option("a")]}]),
                "parts[0]: option \"a\" is there twice",
            ),
            ("S", json!([{"text": "?", "answer_rules": 7}]), "parts[0]: answer_rules: must be an object"),
            ("S", json!([7]), "parts[0]: must be an object"),
        ] {
            assert_eq!(refused(stem, parts.clone()), fault, "{stem} {parts}");
        }
        let both = refused_after(|q| {
            q.extra.insert("parts".to_owned(), json!([{"text": "?"}]));
            q.extra.insert("answer_rules".to_owned(), json!({}));
        });
        assert_eq!(both, ["questions q2: a question with parts has its answer_rules in the parts"]);
    }
}
