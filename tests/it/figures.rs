//! Figures: imported, shown with their questions, fetched by their addresses, and printed.

use axum::http::Method;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pastpaper::import::import_catalog;
use serde_json::{Value, json};
use tests::{FIGURE, Person, TestApp};

const COURSE: &str = include_str!("../fixtures/parts_course.json");

async fn app() -> (TestApp, Person) {
    let test = TestApp::empty().await;
    test.import(&serde_json::from_str(COURSE).unwrap()).await;
    let ada = test.user("ada").await;
    (test, ada)
}

async fn start(person: &Person, question: &str) -> Value {
    person.send(Method::POST, &format!("/api/questions/{question}/start"), None, &[]).await.ok()["question"].clone()
}

fn url(figure: &Value) -> &str {
    figure["url"].as_str().unwrap()
}

#[tokio::test]
async fn only_who_may_see_a_question_gets_the_addresses_of_its_figures() {
    let (test, ada) = app().await;
    for path in ["/api/questions/mix-parts", "/api/questions?course_id=mixed"] {
        let locked = ada.get(path).await.ok().to_string();
        assert!(!locked.contains("figures") && !locked.contains("digest"), "{locked}");
    }
    let question = start(&ada, "mix-parts").await;
    let figures = question["figures"].as_array().unwrap();
    assert_eq!(
        (&figures[0]["media_type"], &figures[0]["alt"], &figures[0]["width"], &figures[0]["height"]),
        (&json!("image/png"), &json!("A parabola"), &json!(2), &json!(2))
    );
    assert_eq!((&figures[1]["media_type"], &figures[1]["alt"]), (&json!("image/svg+xml"), &json!(null)));
    assert_eq!((&figures[1]["width"], &figures[1]["height"]), (&json!(20), &json!(10)));
    assert!(figures.iter().all(|figure| figure.get("data").is_none() && figure.get("name").is_none()));
    assert_eq!(ada.get("/api/questions/mix-parts").await.ok()["question"]["figures"], question["figures"]);
    // The same image is the same figure in another question, with a text of its own.
    let other = start(&ada, "mix-accepted").await;
    assert_eq!((url(&other["figures"][0]), &other["figures"][0]["alt"]), (url(&figures[1]), &json!("A line")));
    // Browsing lists no figures, of unlocked questions neither.
    let listed = ada.get("/api/questions?course_id=mixed").await.ok().to_string();
    assert!(!listed.contains("digest"), "{listed}");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_figure_is_sent_without_a_session_and_cached_for_ever() {
    let (test, ada) = app().await;
    let question = start(&ada, "mix-parts").await;
    let browser = test.anonymous();
    for (figure, start, media_type) in [
        (&question["figures"][0], &b"\x89PNG\r\n\x1a\n"[..], "image/png"),
        (&question["figures"][1], b"<svg xmlns=", "image/svg+xml"),
    ] {
        let sent = browser.get(url(figure)).await;
        for (name, value) in [
            ("content-type", media_type),
            ("cache-control", "private, max-age=31536000, immutable"),
            ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "cross-origin"),
        ] {
            assert_eq!(sent.header(name), value);
        }
        let bytes = BASE64_STANDARD.decode(sent.ok().as_str().unwrap()).unwrap();
        assert!(bytes.starts_with(start));
        assert!(!bytes.windows(6).any(|window| window == b"SECRET"), "metadata is left out");
        let head = browser.send(Method::HEAD, url(figure), None, &[]).await;
        assert_eq!((head.status.as_u16(), head.header("content-type"), &head.body), (200, media_type, &Value::Null));
    }
}

#[tokio::test]
async fn an_address_without_the_right_signature_finds_nothing() {
    let test = TestApp::start().await;
    let browser = test.anonymous();
    let _ = browser.get(FIGURE).await.ok();
    let (path, signature) = FIGURE.split_once("?sig=").unwrap();
    let digest = path.rsplit_once('/').unwrap().1;
    let other = "0".repeat(64);
    for wrong in [
        path.to_owned(),
        format!("{path}?sig="),
        format!("{path}?sig={}", "0".repeat(32)),
        format!("{path}?sig={}", &signature[..30]),
        format!("{path}?sig={signature}00"),
        format!("/api/figures/{other}?sig={signature}"),
        format!("/api/figures/{}?sig={signature}", digest.to_uppercase()),
        format!("/api/figures/{}?sig={signature}", &digest[..63]),
        format!("/api/figures/x?sig={signature}"),
    ] {
        let answer = browser.get(&wrong).await;
        assert_eq!(answer.header("cache-control"), "private, no-store", "{wrong}");
        let _ = answer.problem(404, "not_found");
    }
    let _ = browser.get(&format!("{FIGURE}&sig={signature}")).await.problem(422, "invalid_field");
}

#[tokio::test]
async fn a_midterm_shows_and_prints_its_figures() {
    let (test, ada) = app().await;
    let body = json!({"course_id": "mixed", "config": {"question_count": 4}});
    let midterm = ada.post_once("/api/midterm/generate", "figures", body.clone()).await.ok();
    let path = format!("/api/midterm/{}", midterm["midterm_id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.ok()["questions"], midterm["questions"]);
    assert_eq!(ada.post_once("/api/midterm/generate", "figures", body).await.ok()["questions"], midterm["questions"]);
    let questions = midterm["questions"].as_array().unwrap();
    let parts = questions.iter().find(|question| question["id"] == "mix-parts").unwrap();
    let _ = test.anonymous().get(url(&parts["figures"][0])).await.ok();

    let printed = ada.get_with(&format!("{path}?answers=1"), &[("accept", "text/html")]).await;
    assert_eq!(
        printed.header("content-security-policy"),
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'"
    );
    let page = printed.body.as_str().unwrap();
    // Each image is in the page once. Where it is shown again, it is loaded.
    for (start, count) in [
        ("<img src=\"data:image/png;base64,", 1),
        ("<img src=\"data:image/svg+xml;base64,", 1),
        ("<img src=\"/api/figures/", 2),
    ] {
        assert_eq!(page.matches(start).count(), count, "{start}\n{page}");
    }
    assert!(page.contains("alt=\"A parabola\" width=\"2\" height=\"2\">"), "{page}");
    assert!(!page.contains("[figure 1]"), "{page}");
}

#[tokio::test]
async fn a_figure_is_stored_once_and_a_bad_one_refuses_its_question() {
    let test = TestApp::empty().await;
    let mut course: Value = serde_json::from_str(COURSE).unwrap();
    let dry = import_catalog(&test.app, COURSE, true).await.unwrap();
    let first = import_catalog(&test.app, COURSE, false).await.unwrap();
    for summary in [&dry, &first] {
        let figures = summary.tables["figures"];
        assert_eq!((figures.read, figures.written, figures.skipped), (2, 2, 0), "{summary}");
    }
    let second = import_catalog(&test.app, COURSE, false).await.unwrap();
    assert_eq!((second.written(), second.tables["figures"].skipped), (0, 2), "{second}");

    course["questions"][0]["figures"][1]["data"] = json!("PHN2Zz4=");
    let summary = import_catalog(&test.app, &course.to_string(), false).await.unwrap();
    let refused: Vec<String> = summary.refused.iter().map(ToString::to_string).collect();
    assert!(refused[0].starts_with("questions mix-parts: figures[1]: the SVG cannot be read: "), "{refused:?}");
    // A figure of a refused question is not stored; the others are there.
    assert_eq!(summary.tables["figures"].read, 1, "{summary}");
}
