//! The sample courses, exported in each format and imported as new courses: the same answers are marked right, and only what
//! the export listed is lost.

use axum::http::Method;
use pastpaper::export::{ExportFormat, write_course};
use pastpaper::import::import_catalog;
use pastpaper::import::papers::{Paper, merge_papers};
use pastpaper::stored_course;
use serde_json::{Map, Value, json};
use shared::domain::catalog::Question;
use shared::domain::credits::Plan;
use shared::domain::id::CourseId;
use shared::domain::study::marking::{Given, mark};
use tests::TestApp;

const CALC2: &str = include_str!("../../samples/calc2.json");
const MICRO1: &str = include_str!("../../samples/micro1.json");

const FORMATS: [(ExportFormat, &str); 6] = [
    (ExportFormat::Json, "json"),
    (ExportFormat::Gift, "gift"),
    (ExportFormat::Moodle, "xml"),
    (ExportFormat::Qti3, "zip"),
    (ExportFormat::Csv, "csv"),
    (ExportFormat::Tex, "tex"),
];

/// A word that the list of lost things must have if this field of a question is not what it was.
const LOST: [(&str, &str); 12] = [
    ("exam", "exam"),
    ("is_generated", "exam"),
    ("source_question_number", "number"),
    ("source_points", "points"),
    ("topic", "topic"),
    ("category", "category"),
    ("techniques", "techniques"),
    ("difficulty", "difficulty"),
    ("difficulty_reason", "difficulty_reason"),
    ("estimated_time", "minutes"),
    ("pattern", "patterns"),
    ("answer_rules", "answer"),
];

/// Fields of an import, not of the question.
const OF_IMPORT: [&str; 7] = ["id", "exam_id", "topic_id", "pattern_id", "created_at", "provenance", "title"];

/// The questions of a course in the order of an export, or of their lines: as rows with names in place of ids, and as they are stored.
async fn questions(test: &TestApp, course: &str) -> Vec<(Map<String, Value>, Question)> {
    let id = CourseId::try_from(course.to_owned()).unwrap();
    let stored = stored_course::read(&test.app, &id).await.unwrap().unwrap();
    let document = stored_course::document(&stored);
    let named = |list: &str, id: &Value| {
        let rows = document[list].as_array().unwrap();
        rows.iter().find(|row| row["id"] == *id && !id.is_null()).cloned().unwrap_or_default()
    };
    let rows = document["questions"].as_array().unwrap().iter().map(|row| {
        let mut row = row.as_object().unwrap().clone();
        let of = |column: &str| row.get(column).cloned().unwrap_or_default();
        let topic = named("topics", &of("topic_id"));
        let exam = named("exams", &of("exam_id"));
        let pattern = named("patterns", &of("pattern_id"));
        for (name, value) in [
            ("topic", topic["name"].clone()),
            ("category", topic["category"].clone()),
            ("exam", json!([exam["year"], exam["semester"], exam["exam_type"]])),
            ("pattern", pattern["name"].clone()),
        ] {
            row.insert(name.to_owned(), value);
        }
        row
    });
    let mut all: Vec<_> = rows.zip(stored.questions.iter().cloned()).collect();
    all.sort_by_key(|(row, _)| row.get("provenance").map(|place| place["line"].as_u64()));
    all
}

/// The same question in another course: by its id in the file, or by its place.
fn copy_of<'a>(
    copies: &'a [(Map<String, Value>, Question)],
    index: usize,
    id: &Value,
) -> &'a (Map<String, Value>, Question) {
    let found = copies.iter().find(|(row, _)| row["provenance"]["id"] == *id);
    found.unwrap_or_else(|| &copies[index])
}

/// Answers to a question: its own, every option, and the answer to the next question that has no options.
fn answers(all: &[(Map<String, Value>, Question)], index: usize) -> Vec<String> {
    let question = &all[index].1;
    let mut answers = vec![question.answer.clone()];
    answers.extend(question.options.iter().map(|option| option.letter.clone()));
    let next = all[index + 1..].iter().chain(&all[..=index]).find(|(_, other)| other.options.is_empty());
    answers.extend(next.filter(|_| question.options.is_empty()).map(|(_, other)| other.answer.clone()));
    answers
}

/// A value without blanks: one after a command of LaTeX says nothing, and a reader of LaTeX drops it.
fn plain(value: Option<&Value>) -> Option<String> {
    value.map(|value| value.to_string().replace(' ', ""))
}

fn score(question: &Question, answer: &str) -> String {
    let given = Given { answer: Some(answer.to_owned()), ..Given::default() };
    match mark(question, &given) {
        Ok(mark) => format!("{} by {:?}", mark.score, mark.graded_by),
        Err(reason) => reason.to_string(),
    }
}

async fn check(course: &str, file: &str) {
    let test = TestApp::empty().await;
    test.import(&serde_json::from_str(file).unwrap()).await;
    let originals = questions(&test, course).await;
    let scores: Vec<Vec<(String, String)>> = (0..originals.len())
        .map(|index| {
            let answers = answers(&originals, index).into_iter();
            answers.map(|answer| (score(&originals[index].1, &answer), answer)).collect()
        })
        .collect();
    let all = || scores.iter().flatten();
    let right = all().filter(|(score, _)| score.starts_with("1 ")).count();
    assert!(right >= originals.len() && all().any(|(score, _)| score.starts_with("0 ")), "{scores:?}");
    let ada = test.member("ada", Plan::Unlimited, 100).await;
    for (format, ending) in FORMATS {
        let written = write_course(&test.app, course, format, true).await.unwrap();
        let copy = format!("{course}-{ending}");
        let id = CourseId::try_from(copy.clone()).unwrap();
        let mut papers = [Paper::of(&format!("{course}.{ending}"), &written.bytes, None).unwrap()];
        let merged = merge_papers(&test.app, &id, None, &mut papers, false).await.unwrap();
        let report = &merged.reports[0];
        assert_eq!((report.new, report.refused.as_slice()), (originals.len(), [].as_slice()), "{report}");
        let summary = import_catalog(&test.app, &merged.text, false).await.unwrap();
        assert_eq!(summary.refused, [], "{copy}");
        let copies = questions(&test, &copy).await;
        assert_eq!(copies.len(), originals.len());

        for (index, (original, _)) in originals.iter().enumerate() {
            let (row, question) = copy_of(&copies, index, &original["id"]);
            for (expected, answer) in &scores[index] {
                assert_eq!(score(question, answer), *expected, "{copy}: {answer} to {original:?}");
            }
            let columns = original.keys().chain(row.keys()).filter(|name| !OF_IMPORT.contains(&name.as_str()));
            for column in columns.filter(|name| plain(original.get(*name)) != plain(row.get(*name))) {
                let word = LOST.iter().find(|(name, _)| name == column).map(|(_, word)| *word);
                let is_listed = written.lost.iter().any(|remark| {
                    let is_here = remark.place.id.is_none() || remark.place.id.as_deref() == original["id"].as_str();
                    is_here && word.is_some_and(|word| remark.text.contains(word))
                });
                let values = (original.get(column), row.get(column));
                assert!(is_listed, "{copy}: {column} of {} is lost: {values:?} {:?}", original["id"], written.lost);
            }
        }

        // The same through the API: the first question with options, and the first without.
        for has_options in [true, false] {
            let found = originals.iter().position(|(_, question)| question.options.is_empty() != has_options);
            let index = found.unwrap();
            let (_, question) = copy_of(&copies, index, &originals[index].0["id"]);
            for (expected, answer) in &scores[index] {
                let id = question.meta.id.as_str();
                let _ = ada.send(Method::POST, &format!("/api/questions/{id}/start"), None, &[]).await.ok();
                let body = json!({"answer": answer}).to_string();
                let marked = ada.send(Method::POST, &format!("/api/questions/{id}/submit"), Some(body), &[]).await;
                let Some((score, _)) = expected.split_once(" by ") else {
                    let _ = marked.problem(422, "invalid_field");
                    continue;
                };
                assert_eq!(marked.ok()["score"].as_f64(), score.parse().ok(), "{copy}: {answer} to {id}");
            }
        }
    }
}

#[tokio::test]
async fn calc2_is_marked_the_same_in_every_format() {
    check("calc2", CALC2).await;
}

#[tokio::test]
async fn micro1_is_marked_the_same_in_every_format() {
    check("micro1", MICRO1).await;
}

#[tokio::test]
async fn our_own_export_updates_its_course_in_place() {
    let test = TestApp::empty().await;
    test.import(&serde_json::from_str(MICRO1).unwrap()).await;
    let id = CourseId::try_from("micro1".to_owned()).unwrap();
    let before = questions(&test, "micro1").await;
    for (format, ending) in FORMATS
        .into_iter()
        .filter(|(format, _)| [ExportFormat::Json, ExportFormat::Moodle, ExportFormat::Qti3].contains(format))
    {
        let written = write_course(&test.app, "micro1", format, true).await.unwrap();
        let mut papers = [Paper::of(&format!("micro1.{ending}"), &written.bytes, None).unwrap()];
        let merged = merge_papers(&test.app, &id, None, &mut papers, false).await.unwrap();
        let report = &merged.reports[0];
        assert_eq!((report.new, report.changed, report.unchanged), (0, 0, before.len()), "{report}");
        assert_eq!(report.warnings, [], "{report}");
        let summary = import_catalog(&test.app, &merged.text, false).await.unwrap();
        assert_eq!(summary.written(), 0, "{ending}: {summary}");
    }
    // A corrected spreadsheet has our ids.
    let written = write_course(&test.app, "micro1", ExportFormat::Csv, true).await.unwrap();
    let file = String::from_utf8(written.bytes).unwrap();
    let corrected = file.replacen("Demand is ", "The demand is ", 1);
    assert_ne!(file, corrected);
    let mut papers = [Paper::of("micro1.csv", corrected.as_bytes(), None).unwrap()];
    let merged = merge_papers(&test.app, &id, None, &mut papers, false).await.unwrap();
    let report = &merged.reports[0];
    assert_eq!((report.new, report.changed, report.unchanged), (0, 1, before.len() - 1), "{report}");
    import_catalog(&test.app, &merged.text, false).await.unwrap();
    let after = questions(&test, "micro1").await;
    let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before.0 != after.0).collect();
    let [(before, after)] = changed.as_slice() else { panic!("{changed:?}") };
    assert_eq!((&before.0["id"], after.0.get("provenance")), (&after.0["id"], None));
}

#[tokio::test]
async fn a_catalogue_file_brings_its_topics_exams_patterns_and_macros() {
    let test = TestApp::start().await;
    let file = json!({
        "course": {"id": "other", "name": "Other", "macros": {"\\R": "\\mathbb{R}"}},
        "exams": [{"id": "e", "year": 2031, "semester": "fall", "exam_type": "final", "exam_date": "2031-12-01", "room": "B2"}],
        "topics": [{"id": "t", "name": "Fields", "category": "Structures", "difficulty": 4}],
        "patterns": [{"id": "p", "topic_id": "t", "name": "Inverse", "canonical_form": "x^{-1}"}],
        "questions": [
            {"id": "q1", "topic_id": "t", "exam_id": "e", "pattern_id": "p", "question_text": "Is $\\R$ a field?", "answer": "yes",
             "solution_steps": ["It is."], "page": 3, "source_points": 2},
            {"id": "q2", "topic_id": "t", "exam_id": "e", "question_text": "What is $0 \\in \\R$?", "answer": "a number",
             "solution_steps": [], "difficulty": 9},
        ],
    });
    let id = CourseId::try_from("algebra".to_owned()).unwrap();
    let before = questions(&test, "algebra").await.len();
    let run = async || {
        let mut papers = [Paper::of("other.json", file.to_string().as_bytes(), None).unwrap()];
        let merged = merge_papers(&test.app, &id, None, &mut papers, false).await.unwrap();
        let summary = import_catalog(&test.app, &merged.text, false).await.unwrap();
        (merged, summary)
    };
    let (merged, summary) = run().await;
    let report = &merged.reports[0];
    assert_eq!((report.format, report.read, report.new), ("json", 2, 2), "{report}");
    // The second has a difficulty that no question can have. It is named, and stops nothing else.
    assert_eq!(summary.refused.len(), 1, "{summary}");
    let stored = stored_course::read(&test.app, &id).await.unwrap().unwrap();
    assert_eq!(stored.questions.len(), before + 1);
    assert_eq!(stored.course.macros.get("\\R").map(String::as_str), Some("\\mathbb{R}"));
    let rows = questions(&test, "algebra").await;
    let (row, _) = rows.iter().find(|(row, _)| row["id"] == "algebra-q1").unwrap();
    assert_eq!(
        (&row["topic"], &row["exam"], &row["pattern"], &row["page"]),
        (&json!("Fields"), &json!([2031, "fall", "final"]), &json!("Inverse"), &json!(3))
    );
    let exam = stored.exams.iter().find(|exam| exam.year == 2031).unwrap();
    assert_eq!((exam.exam_date.is_some(), exam.extra.get("room")), (true, Some(&json!("B2"))));
    assert_eq!(stored.topics.iter().find(|topic| topic.name == "Fields").unwrap().difficulty, Some(4));
    let (merged, summary) = run().await;
    assert_eq!((merged.reports[0].new, summary.written()), (1, 0), "{summary}");
    assert_eq!(merged.reports[0].changed, 0, "{}", merged.reports[0]);

    // Another import keeps the macros of the course.
    let mut papers = [Paper::of("one.gift", b"::One::Is $\\R$ open? {T}\n", None).unwrap()];
    let merged = merge_papers(&test.app, &id, None, &mut papers, false).await.unwrap();
    let document: Value = serde_json::from_str(&merged.text).unwrap();
    assert_eq!(document["course"]["macros"]["\\R"], "\\mathbb{R}");
}
