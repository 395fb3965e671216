//! Papers in the formats that people have: imported, marked, corrected, exported, and imported again.

use axum::http::Method;
use pastpaper::export::{ExportFormat, write_course};
use pastpaper::import::import_catalog;
use pastpaper::import::papers::{FileReport, Paper, merge_papers, store_papers};
use serde_json::{Value, json};
use shared::domain::id::CourseId;
use tests::{Person, TestApp};

const GIFT: &[u8] = include_bytes!("../../formats/tests/fixtures/traps.gift");
const MOODLE: &[u8] = include_bytes!("../../formats/tests/fixtures/moodle.xml");
const CANVAS: &[u8] = include_bytes!("../../formats/tests/fixtures/canvas-qti12.xml");
const QTI: &[u8] = include_bytes!("../../formats/tests/fixtures/item-qti21.xml");
const TEX: &[u8] = include_bytes!("../../formats/tests/fixtures/midterm-2021-fall.tex");
const SHEET: &[u8] = include_bytes!("../../formats/tests/fixtures/bank.xlsx");
const OLX: &[u8] = include_bytes!("../../formats/tests/fixtures/openedx-problem.xml");
const H5P: &[u8] = include_bytes!("../../formats/tests/fixtures/h5p-content.json");
const AIKEN: &[u8] = include_bytes!("../../formats/tests/fixtures/bank.aiken.txt");
const CSV: &[u8] = include_bytes!("../../formats/tests/fixtures/excel-sep.csv");

/// Imports files into a course. Returns the reports and the number of rows that were written.
async fn import(test: &TestApp, course: &str, files: &[(&str, &[u8])]) -> (Vec<FileReport>, usize) {
    let id = CourseId::try_from(course.to_owned()).unwrap();
    let mut papers: Vec<_> = files.iter().map(|(name, bytes)| Paper::of(name, bytes, None).unwrap()).collect();
    let merged = merge_papers(&test.app, &id, None, &mut papers, false).await.unwrap();
    let summary = import_catalog(&test.app, &merged.text, false).await.unwrap();
    assert_eq!(summary.refused, [], "{files:?}", files = files.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    (merged.reports, summary.written())
}

/// The questions of a course, as an operator exports them.
async fn questions(test: &TestApp, course: &str) -> Vec<Value> {
    let written = write_course(&test.app, course, ExportFormat::Json, true).await.unwrap();
    let document: Value = serde_json::from_slice(&written.bytes).unwrap();
    document["questions"].as_array().unwrap().clone()
}

fn titled<'a>(questions: &'a [Value], title: &str) -> &'a Value {
    questions.iter().find(|question| question["title"] == title).unwrap_or_else(|| panic!("{title} is not there"))
}

async fn score(person: &Person, question: &Value, body: Value) -> f64 {
    let id = question["id"].as_str().unwrap();
    let _ = person.send(Method::POST, &format!("/api/questions/{id}/start"), None, &[]).await.ok();
    let marked =
        person.send(Method::POST, &format!("/api/questions/{id}/submit"), Some(body.to_string()), &[]).await.ok();
    marked["score"].as_f64().unwrap()
}

/// `--strict` tries an import before it writes, and an import that was overtaken begins again.
#[tokio::test]
async fn papers_can_be_stored_after_a_dry_run() {
    let test = TestApp::empty().await;
    let id = CourseId::try_from("c".to_owned()).unwrap();
    let mut papers = [Paper::of("traps.gift", GIFT, None).unwrap(), Paper::of("bank.xlsx", SHEET, None).unwrap()];
    let (tried, planned) = store_papers(&test.app, &id, None, &mut papers, false, true).await.unwrap();
    assert_eq!(test.app.store.course(&id).await.unwrap(), None);
    let (stored, merged) = store_papers(&test.app, &id, None, &mut papers, false, false).await.unwrap();
    assert!(stored.written() > 0);
    assert_eq!(stored.written(), tried.written());
    let texts = |reports: &[FileReport]| reports.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&merged.reports), texts(&planned.reports));
    assert_eq!(questions(&test, "c").await.len(), merged.ids.len());
}

#[tokio::test]
async fn every_format_is_imported_and_a_second_import_writes_nothing() {
    let test = TestApp::empty().await;
    for (name, bytes, count) in [
        ("traps.gift", GIFT, 10),
        ("moodle.xml", MOODLE, 0),
        ("canvas-qti12.xml", CANVAS, 0),
        ("item-qti21.xml", QTI, 1),
        ("midterm-2021-fall.tex", TEX, 3),
        ("bank.xlsx", SHEET, 9),
        ("openedx-problem.xml", OLX, 0),
        ("h5p-content.json", H5P, 0),
        ("bank.aiken.txt", AIKEN, 2),
        ("excel-sep.csv", CSV, 4),
    ] {
        let course = &name.replace('.', "-");
        let (reports, written) = import(&test, course, &[(name, bytes)]).await;
        let [report] = reports.as_slice() else { panic!("{reports:?}") };
        assert!(report.new > 0 && written > report.new && report.changed == 0, "{report}");
        assert!(count == 0 || report.new == count, "{report}");
        assert_eq!(questions(&test, course).await.len(), report.new, "{name}");
        let (again, written) = import(&test, course, &[(name, bytes)]).await;
        let counts = (again[0].new, again[0].changed, again[0].unchanged, written);
        assert_eq!(counts, (0, 0, report.new, 0), "{}", again[0]);
    }
}

#[tokio::test]
async fn imported_answers_are_marked_as_their_source_says() {
    let test = TestApp::empty().await;
    import(&test, "gift", &[("traps.gift", GIFT)]).await;
    let ada = test.member("ada", shared::domain::credits::Plan::Unlimited, 100).await;
    let questions = questions(&test, "gift").await;
    for (title, answer, expected) in [
        ("Pi", "3.14", 1.0),
        ("Pi", "3.145", 1.0),
        ("Pi", "3.15", 0.5),
        ("Pi", "3.3", 0.0),
        ("Between", "3.1415", 1.0),
        ("Between", "3.1409", 0.0),
        ("Primes", "A, B", 1.0),
    ] {
        let found = score(&ada, titled(&questions, title), json!({"answer": answer, "was_correct": false})).await;
        assert!((found - expected).abs() < 1e-9, "{title}: {answer} scores {found}");
    }
}

#[tokio::test]
async fn a_corrected_file_updates_in_place_and_what_was_bought_stays() {
    let test = TestApp::empty().await;
    let file = |first: &str, second: &str| format!("::One::{first} {{=4}}\n\n::Two::{second} {{=Paris =paris}}\n");
    let (before, after) = (file("What is 2 + 2?", "Capital of France?"), file("What is 3 + 1?", "Capital of France?"));
    import(&test, "gift", &[("bank.gift", before.as_bytes())]).await;
    let ada = test.member("ada", shared::domain::credits::Plan::Free, 5).await;
    let old = questions(&test, "gift").await;
    assert!((score(&ada, titled(&old, "One"), json!({"answer": "4"})).await - 1.0).abs() < 1e-9);
    let (reports, _) = import(&test, "gift", &[("bank.gift", after.as_bytes())]).await;
    assert_eq!((reports[0].new, reports[0].changed, reports[0].unchanged), (0, 1, 1), "{}", reports[0]);
    let new = questions(&test, "gift").await;
    assert_eq!((new.len(), &titled(&new, "One")["id"]), (2, &titled(&old, "One")["id"]));
    assert_eq!(titled(&new, "One")["question_text"], "What is 3 + 1?");
    let id = titled(&new, "One")["id"].as_str().unwrap();
    let shown = ada.get(&format!("/api/questions/{id}")).await.ok()["question"].clone();
    assert_eq!((&shown["locked"], shown.get("provenance")), (&json!(false), None));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_exported_course_comes_back_as_a_new_one() {
    let test = TestApp::empty().await;
    import(&test, "gift", &[("traps.gift", GIFT)]).await;
    let before = questions(&test, "gift").await;
    for (format, name, all) in [
        (ExportFormat::Moodle, "copy-moodle.xml", true),
        (ExportFormat::Qti3, "copy-qti.zip", true),
        (ExportFormat::Gift, "copy-gift.gift", false),
        (ExportFormat::Csv, "copy-csv.csv", false),
        (ExportFormat::Tex, "copy-tex.tex", false),
    ] {
        let written = write_course(&test.app, "gift", format, true).await.unwrap();
        let course = name.split('.').next().unwrap();
        let (reports, _) = import(&test, course, &[(name, &written.bytes)]).await;
        // GIFT has no parts: each part of a question that is no gap is a question.
        let parts = if format == ExportFormat::Gift { 2 } else { 0 };
        assert_eq!((reports[0].refused.len(), reports[0].new), (0, before.len() + parts), "{name}: {}", reports[0]);
        assert!(!all || written.lost.is_empty(), "{name}: {:?}", written.lost);
        let after = questions(&test, course).await;
        for (old, new) in before.iter().zip(&after).filter(|_| all) {
            for column in ["question_text", "answer", "options", "answer_rules", "parts", "source_points"] {
                assert_eq!(old.get(column), new.get(column), "{name}: {column} of {old}");
            }
        }
    }
}

#[tokio::test]
async fn an_export_without_answers_holds_no_key() {
    let test = TestApp::empty().await;
    let file = "::One::What is it? {=xylophone#well done}\n";
    import(&test, "gift", &[("bank.gift", file.as_bytes())]).await;
    for format in [ExportFormat::Gift, ExportFormat::Moodle, ExportFormat::Csv, ExportFormat::Tex] {
        let written = write_course(&test.app, "gift", format, false).await.unwrap();
        let file_text = String::from_utf8(written.bytes).unwrap();
        assert!(
            file_text.contains("What is it?") && !file_text.contains("xylophone") && !file_text.contains("well done"),
            "{file_text}"
        );
    }
}
