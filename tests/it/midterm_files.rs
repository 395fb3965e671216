//! A midterm as LaTeX and as a package of QTI.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::{Answer, TestApp};

const TEX: &str = "application/x-tex";
const QTI: &str = "application/qti+zip";

#[track_caller]
fn file(answer: &Answer, media_type: &str, name: &str) -> Vec<u8> {
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, media_type));
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(answer.header("vary"), "Accept");
    let body = answer.body.as_str().unwrap();
    if media_type == TEX { body.as_bytes().to_vec() } else { BASE64_STANDARD.decode(body).unwrap() }
}

fn is_key(answer: &formats::Answer) -> bool {
    match answer {
        formats::Answer::Open => false,
        formats::Answer::Choice { options, .. } => options.iter().any(|option| option.is_right),
        _ => true,
    }
}

#[tokio::test]
async fn a_midterm_is_a_file_of_latex_or_qti_with_its_questions() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let path = format!("/api/midterm/{}", ada.midterm().await);
    let shown = ada.get(&path).await.ok();
    let texts: Vec<&str> =
        shown["questions"].as_array().unwrap().iter().map(|one| one["question_text"].as_str().unwrap()).collect();
    for (media_type, ending) in [(TEX, "tex"), (QTI, "zip")] {
        for (query, suffix) in [("", ""), ("?answers=0", ""), ("?answers=1", "-answers")] {
            let answer = ada.get_with(&format!("{path}{query}"), &[("accept", media_type)]).await;
            let name = format!("algebra-midterm-2026-03-01{suffix}.{ending}");
            let bytes = file(&answer, media_type, &name);
            let read = formats::read(&name, &bytes, None).unwrap().bank;
            assert_eq!(read.refused, [], "{name}");
            // LaTeX has options without a key as text, and figures below the text.
            assert_eq!(read.questions.len(), texts.len(), "{name}");
            for (question, text) in read.questions.iter().zip(&texts) {
                assert!(question.stem.starts_with(text), "{name}: {} is not {text}", question.stem);
            }
            assert!(read.questions.iter().all(|question| question.exam == Some(0)), "{name}");
            let has_key = read.questions.iter().any(|one| is_key(&one.parts[0].answer));
            let has_solution = read.questions.iter().any(|one| one.solution.is_some());
            assert_eq!((has_key, has_solution), (!suffix.is_empty(), !suffix.is_empty()), "{name}");
        }
    }
    // It costs nothing, and belongs to its student.
    assert_eq!(ada.credits().await, 2);
    let bob = test.user("bob").await;
    let _ = bob.get_with(&path, &[("accept", QTI)]).await.problem(404, "not_found");
    let _ = ada.get_with(&format!("{path}?answers=yes"), &[("accept", TEX)]).await.problem(422, "invalid_field");
}

#[tokio::test]
async fn a_package_has_the_figures_and_parts_and_latex_names_what_it_lacks() {
    let test = TestApp::empty().await;
    test.import(&serde_json::from_str(include_str!("../fixtures/parts_course.json")).unwrap()).await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let body = json!({"course_id": "mixed", "config": {"question_count": 4}});
    let midterm = ada.post_once("/api/midterm/generate", "files", body).await.ok();
    let path = format!("/api/midterm/{}?answers=1", midterm["midterm_id"].as_str().unwrap());
    let answer = ada.get_with(&path, &[("accept", QTI)]).await;
    let package = file(&answer, QTI, "mixed-midterm-2026-03-01-answers.zip");
    let read = formats::read("m.zip", &package, None).unwrap().bank;
    assert_eq!((read.refused.as_slice(), read.questions.len()), ([].as_slice(), 4));
    let shown = midterm["questions"].as_array().unwrap();
    for (shown, read) in shown.iter().zip(&read.questions) {
        let count = |name: &str| shown[name].as_array().map_or(0, Vec::len);
        assert_eq!(read.figures.iter().filter(|figure| figure.bytes.is_some()).count(), count("figures"), "{shown}");
        assert_eq!(read.parts.len(), count("parts").max(1), "{shown}");
        assert_eq!(read.stem, *shown.get("stem").unwrap_or(&shown["question_text"]), "{shown}");
    }
    let latex = ada.get_with(&path, &[("accept", TEX)]).await;
    let latex = String::from_utf8(file(&latex, TEX, "mixed-midterm-2026-03-01-answers.tex")).unwrap();
    assert!(latex.starts_with("% ") && latex.contains("Pictures are named"), "{latex}");
}

#[tokio::test]
async fn the_name_of_a_file_is_safe_and_latex_defines_the_macros_of_the_course() {
    let test = TestApp::empty().await;
    let mut course: Value = serde_json::from_str(tests::SMALL_COURSE).unwrap();
    course["course"]["id"] = json!("../a \"b\"\\é;x=1");
    course["course"]["macros"] = json!({"\\pd": "\\frac{\\partial #1}{\\partial #2}"});
    test.import(&course).await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let body = json!({"course_id": course["course"]["id"], "difficulty": "easy"});
    let midterm = ada.post_once("/api/midterm/generate", "name", body).await.ok();
    let path = format!("/api/midterm/{}", midterm["midterm_id"].as_str().unwrap());
    let answer = ada.get_with(&path, &[("accept", TEX)]).await;
    let latex = String::from_utf8(file(&answer, TEX, "a--b----x-1-midterm-2026-03-01.tex")).unwrap();
    assert!(
        latex.contains("\\providecommand{\\pd}{}\\renewcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}"),
        "{latex}"
    );
}
