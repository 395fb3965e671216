//! Accepted answers, weights of options, and parts of questions: imported, bought, answered and printed.

use axum::http::Method;
use pastpaper::import::import_catalog;
use serde_json::{Value, json};
use tests::{Answer, Person, TestApp};

const COURSE: &str = include_str!("../fixtures/parts_course.json");

fn course() -> Value {
    serde_json::from_str(COURSE).unwrap()
}

async fn app() -> (TestApp, Person) {
    let test = TestApp::empty().await;
    test.import(&course()).await;
    let ada = test.user("ada").await;
    (test, ada)
}

async fn start(person: &Person, question: &str) -> Value {
    person.send(Method::POST, &format!("/api/questions/{question}/start"), None, &[]).await.ok()["question"].clone()
}

async fn submit(person: &Person, question: &str, body: Value) -> Answer {
    person.post(&format!("/api/questions/{question}/submit"), body).await
}

#[test]
fn the_course_fits_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../samples/catalog.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&course()).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for (path, value) in [
        ("/questions/0/parts/0/answers", json!("6")),
        ("/questions/0/parts/1/answer_rules/accepted/0/tol", json!(1)),
        ("/questions/1/answer_rules/accepted/0/fraction", json!(0)),
        ("/questions/1/answer_rules/accepted/0/tolerance", json!("small")),
        ("/questions/3/options/0/weight", json!(2)),
        ("/questions/2/question_text", json!("")),
    ] {
        let mut changed = course();
        let (parent, name) = path.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        assert!(!validator.is_valid(&changed), "{path}");
    }
}

#[tokio::test]
async fn a_second_import_writes_nothing() {
    let (test, _) = app().await;
    let summary = import_catalog(&test.app, COURSE, false).await.unwrap();
    assert_eq!((summary.written(), summary.is_clean()), (0, true), "{summary}");
}

#[tokio::test]
async fn a_client_that_knows_no_parts_gets_whole_fields() {
    let (test, ada) = app().await;
    let locked = ada.get("/api/questions/mix-parts").await.ok()["question"].clone();
    assert_eq!((locked.get("parts"), locked.get("stem"), &locked["points"]), (None, None, &json!(8)));
    assert_eq!(
        locked["question_text"],
        "Let $f(x) = x^2$. Its derivative at 3 is ____ (a), and $f(2) = \\underline{\\qquad}\\text{ (b)}$. See…",
        "the mark of a figure is not cut"
    );

    let question = start(&ada, "mix-parts").await;
    assert_eq!(
        question["question_text"],
        "Let $f(x) = x^2$. Its derivative at 3 is ____ (a), and $f(2) = \\underline{\\qquad}\\text{ (b)}$. See [figure 1].\n\
         (c) Is $f$ even?\nA. Yes\nB. No\n(d) Explain why."
    );
    assert_eq!((&question["answer"], &question["options"]), (&json!(null), &json!([])));
    assert!(question["stem"].as_str().unwrap().contains("[gap 1]"));
    assert_eq!(
        question["parts"][2],
        json!({
            "label": "c", "text": "Is $f$ even?", "is_gap": false, "points": 2, "hint": "Look at $f(-x)$.",
            "options": [{"letter": "A", "text": "Yes"}, {"letter": "B", "text": "No"}],
            "answer": null, "solution_steps": null,
        })
    );
    let shown = question.to_string();
    assert!(!shown.contains("accepted") && !shown.contains("Nearly") && !shown.contains("Right."), "{shown}");

    let solution = ada.send(Method::POST, "/api/questions/mix-parts/solution", None, &[]).await.ok();
    assert_eq!(solution["steps"], json!(["Use the power rule on [figure 1].", "(a) $2 \\cdot 3 = 6$"]));
    let answer = "(a) 6; (b) 4; (c) A; (d) Because the square of a number and of its negative are the same.";
    assert_eq!(solution["answer"], answer);
    let solved = ada.get("/api/questions/mix-parts").await.ok()["question"].clone();
    assert_eq!((&solved["answer"], &solved["parts"][1]["answer"]), (&json!(answer), &json!("4")));
    assert_eq!(solved["parts"][1]["answer_rules"]["accepted"][1]["tolerance"], "0.5");
    assert_eq!(solved["parts"][2]["options"][0]["feedback"], "Right.");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn parts_are_marked_one_by_one_and_their_points_added() {
    let (_test, ada) = app().await;
    let _ = start(&ada, "mix-parts").await;
    let answers = json!({"a": "6", "b": "4.5", "c": "b", "d": "obvious"});
    let problem = submit(&ada, "mix-parts", json!({"answers": answers})).await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "self_report");
    for (body, field) in [
        (json!({"answers": {"e": "6"}}), "answers"),
        (json!({"answers": {"c": "D"}}), "answers.c"),
        (json!({"answers": {"a": 6}}), "answers.a"),
        (json!({"answers": {"a": "6".repeat(501)}}), "answers.a"),
        (json!({"answers": ["6"]}), "answers"),
        (json!({"self_report": {"a": "yes"}}), "self_report.a"),
        (json!({"answer": "6"}), "was_correct"),
        (json!({"answer": "6", "answers": {"a": "6"}}), "answer"),
    ] {
        let problem = submit(&ada, "mix-parts", body.clone()).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], field, "{body}");
    }

    let body = json!({"answers": answers, "self_report": {"d": true}});
    let path = "/api/questions/mix-parts/submit";
    let marked = ada.post_once(path, "parts-1", body.clone()).await.ok();
    let part = |label: &str, score: f64, graded_by: &str| json!({"label": label, "correct": score > 0.99, "score": score, "graded_by": graded_by});
    assert_eq!(
        marked["parts"],
        json!([part("a", 1.0, "answer"), part("b", 0.5, "answer"), part("c", 0.0, "options"), part("d", 1.0, "self")])
    );
    // (1 + 0.5 + 0 + 4) of 8 points.
    assert_eq!((&marked["score"], &marked["correct"]), (&json!(0.6875), &json!(false)));
    assert_eq!((&marked["graded_by"], &marked["accuracy_rate"]), (&json!("self"), &json!(0.0)));
    assert_eq!(ada.post_once(path, "parts-1", body).await.ok(), marked, "a replay says the same");

    let all = json!({"answers": {"a": "6", "b": "4", "c": "A", "d": "obvious"}, "was_correct": true});
    let marked = submit(&ada, "mix-parts", all).await.ok();
    assert_eq!((&marked["score"], &marked["correct"], &marked["attempts"]), (&json!(1.0), &json!(true), &json!(2)));
    let export = ada.get("/api/auth/export").await.ok();
    assert_eq!(export["attempts"][0]["answers"]["d"], "obvious");
    assert_eq!(export["attempts"][0]["parts"][1]["score"], 0.5);
    assert_eq!(export["attempts"][0]["score"], 0.6875);
}

#[tokio::test]
async fn answers_by_part_need_a_question_with_parts() {
    let (_test, ada) = app().await;
    let _ = start(&ada, "mix-name").await;
    for (body, field) in
        [(json!({"answers": {"a": "x"}}), "answers"), (json!({"self_report": {"a": true}}), "self_report")]
    {
        assert_eq!(submit(&ada, "mix-name", body).await.problem(422, "invalid_field")["field"], field);
    }
    let marked = submit(&ada, "mix-name", json!({"answer": "general  grant", "answers": {}})).await.ok();
    assert_eq!((&marked["correct"], marked.get("parts")), (&json!(true), None));
    let marked = submit(&ada, "mix-name", json!({"answer": "Lee"})).await.ok();
    assert_eq!((&marked["correct"], &marked["graded_by"]), (&json!(false), &json!("answer")));
}

#[tokio::test]
async fn an_accepted_answer_may_be_worth_a_fraction() {
    let (_test, ada) = app().await;
    let question = start(&ada, "mix-accepted").await;
    assert!(question.get("answer_rules").is_none() && question["answer"] == json!(null));
    for (answer, score, correct) in [("3.145 cm", 1.0, true), ("3.146 cm", 0.5, false), ("3.31 cm", 0.0, false)] {
        let marked = submit(&ada, "mix-accepted", json!({"answer": answer})).await.ok();
        assert_eq!((&marked["score"], &marked["correct"]), (&json!(score), &json!(correct)), "{answer}");
    }
    // A missing unit is not decided.
    let _ = submit(&ada, "mix-accepted", json!({"answer": "3.14"})).await.problem(422, "invalid_field");
    let solved = ada.get("/api/questions/mix-accepted").await.ok()["question"].clone();
    assert_eq!(solved["answer"], "3.14 ± 0.005 cm");
    assert_eq!(solved["answer_rules"], course()["questions"][1]["answer_rules"]);
}

#[tokio::test]
async fn weights_of_chosen_options_are_added() {
    let (_test, ada) = app().await;
    let question = start(&ada, "mix-weights").await;
    assert_eq!(question["options"][2], json!({"letter": "C", "text": "4"}));
    for (answer, score) in [("A", 0.5), ("A,B", 1.0), ("A,B,C", 0.5), ("A,D", 0.0), ("a b c d", 0.0)] {
        let marked = submit(&ada, "mix-weights", json!({"answer": answer})).await.ok();
        assert_eq!((&marked["score"], &marked["correct"]), (&json!(score), &json!(score > 0.99)), "{answer}");
    }
    let solved = ada.get("/api/questions/mix-weights").await.ok()["question"].clone();
    assert_eq!(
        solved["options"][2],
        json!({"letter": "C", "text": "4", "is_correct": false, "weight": -0.5, "feedback": "Even."})
    );
}

#[tokio::test]
async fn a_midterm_shows_and_prints_parts_and_adds_their_points() {
    let (_test, ada) = app().await;
    let exam = &ada.get("/api/courses/mixed/exams").await.ok()["exams"][0];
    assert_eq!((&exam["total_points"], &exam["question_count"]), (&json!(20), &json!(4)));
    let config = json!({"question_count": 4});
    let midterm = ada.post("/api/midterm/generate", json!({"course_id": "mixed", "config": config})).await.ok();
    assert_eq!(midterm["fit"]["points"]["achieved"], 20.0);
    let questions = midterm["questions"].as_array().unwrap();
    let parts = questions.iter().find(|question| question["id"] == "mix-parts").unwrap();
    assert_eq!((&parts["points"], &parts["parts"][0]["answer"]), (&json!(8), &json!("6")));

    let path = format!("/api/midterm/{}", midterm["midterm_id"].as_str().unwrap());
    let print =
        async |path: &str| ada.get_with(path, &[("accept", "text/html")]).await.body.as_str().unwrap().to_owned();
    let page = print(&path).await;
    for shown in [
        "____ (a)",
        "<h3>(c)<span>2 points</span></h3>",
        "<h3>(d)<span>4 points</span></h3>",
        "<b>A</b> Yes",
        "See <img src=\"data:image/png;base64,",
    ] {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
    assert!(!page.contains("Answer (") && !page.contains("[gap 1]"), "{page}");
    let answers = print(&format!("{path}?answers=1")).await;
    for shown in [
        "<b>Answer (a) </b>6",
        "<b>Answer (c) </b>A",
        "Use the power rule on <img src=\"/api/figures/",
        "3.14 ± 0.005 cm",
    ] {
        assert!(answers.contains(shown), "{shown}\n{answers}");
    }
}

#[tokio::test]
async fn faults_of_parts_and_rules_refuse_the_row_by_name() {
    let test = TestApp::empty().await;
    for (path, value, fault) in [
        ("/questions/0/parts/0/txt", json!("x"), "parts[0].txt: no such field; did you mean \"text\"?"),
        ("/questions/0/parts/0/points", json!("2"), "parts[0].points is \"2\", a number is wanted"),
        ("/questions/0/parts", json!("a, b"), "parts is \"a, b\", a list of parts is wanted"),
        ("/questions/0/parts/0", json!(7), "parts[0] is 7, an object is wanted"),
        (
            "/questions/0/parts/2/answer",
            json!("B"),
            "parts[2]: answer \"B\" and options contradict each other: is_correct is true for A",
        ),
        (
            "/questions/0/parts/3/text",
            json!("$\tan x$"),
            "parts[3].text has a tab before \"an\": JSON reads \"\\t\" as one; write \"\\\\tan\"",
        ),
        (
            "/questions/0/parts/3/answer",
            json!("\tan x"),
            "parts[3].answer has a tab before \"an\": JSON reads \"\\t\" as one; write \"\\\\tan\"",
        ),
        (
            "/questions/0/options",
            json!([{"letter": "A", "text": "", "is_correct": true}]),
            "a question with parts has its options in the parts",
        ),
        (
            "/questions/1/answer_rules/accepted/0/fraction",
            json!(2),
            "answer_rules: accepted[0]: fraction 2 is not above 0 and at most 1",
        ),
        (
            "/questions/1/answer_rules/accepted/1/to",
            json!(1),
            "answer_rules: accepted[1]: there is no number from 3 to 1",
        ),
    ] {
        let mut changed = course();
        let (parent, name) = path.rsplit_once('/').unwrap();
        match (changed.pointer_mut(parent).unwrap(), name.parse::<usize>()) {
            (Value::Array(list), Ok(at)) => list[at] = value,
            (object, _) => object[name] = value,
        }
        let summary = import_catalog(&test.app, &changed.to_string(), true).await.unwrap();
        let refused: Vec<&str> = summary.refused.iter().map(|row| row.reason.as_str()).collect();
        assert_eq!(refused, [fault], "{path}");
    }
    let mut without = course();
    for name in ["answer", "solution_steps"] {
        without["questions"][2].as_object_mut().unwrap().remove(name);
    }
    let summary = import_catalog(&test.app, &without.to_string(), true).await.unwrap();
    assert_eq!(summary.refused[0].reason, "solution_steps is missing; answer is missing");
}

#[tokio::test]
async fn doubts_about_points_and_answers_are_warnings() {
    let test = TestApp::empty().await;
    let mut changed = course();
    changed["questions"][0]["source_points"] = json!(9);
    changed["questions"][0]["parts"][3].as_object_mut().unwrap().remove("points");
    changed["questions"][1]["answer"] = json!("4 cm");
    changed["questions"][3]["options"][0]["weight"] = json!(0.25);
    changed["shown_with_question"] = json!(["answer_rules"]);
    let summary = import_catalog(&test.app, &changed.to_string(), true).await.unwrap();
    let warnings: Vec<String> = summary.warnings.iter().map(ToString::to_string).collect();
    for told in [
        "courses mixed: shown_with_question names \"answer_rules\", which is shown with the solution only",
        "questions mix-parts: parts[3] has no points, and others have: it counts 0",
        "questions mix-parts: source_points is 9, the points of its parts add up to 4",
        "questions mix-accepted: answer \"4 cm\" is none of its accepted answers",
        "questions mix-weights: the positive weights of its options add up to 0.75: nobody can score 1",
    ] {
        assert!(warnings.iter().any(|warning| warning == told), "{told}\n{summary}");
    }
}
