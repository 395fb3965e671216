use serde_json::{Value, json};

use super::*;
use crate::{Accepted, Answer, Choice, Decimal, Form, Part, Question, Tolerance};

fn written(question: &Question) -> Value {
    Value::Object(row(question).unwrap().columns)
}

fn rewritten(row: &Value) -> Value {
    written(&super::question(row.as_object().unwrap(), None, None))
}

fn number(value: &str, tolerance: Tolerance) -> Accepted {
    Accepted {
        form: Form::Number { value: Decimal::parse(value).unwrap(), tolerance },
        fraction: 1.0,
        unit: None,
        feedback: None,
    }
}

#[test]
fn a_question_without_parts_has_its_answer_beside_its_text() {
    let tolerance = Tolerance::Absolute(Decimal::parse("0.005").unwrap());
    let question = Question {
        stem: "How much is $\\pi$?".to_owned(),
        parts: vec![Part {
            answer: Answer::Accepted(vec![number("3.14", tolerance)]),
            points: Some(2.0),
            ..Part::default()
        }],
        solution: Some("Look.\nMeasure.".to_owned()),
        ..Question::default()
    };
    let expected = json!({
        "question_text": "How much is $\\pi$?", "answer": "3.14", "source_points": 2.0, "solution_steps": ["Look.", "Measure."],
        "answer_rules": {"accepted": [{"answer": "3.14", "tolerance": "0.005"}]},
    });
    assert_eq!(written(&question), expected);
}

#[test]
fn a_choice_has_letters_and_its_feedback_goes_to_the_solution() {
    let option = |text: &str, is_right: bool, weight: f64, feedback: Option<&str>| Choice {
        text: text.to_owned(),
        is_right,
        weight: Some(weight),
        feedback: feedback.map(str::to_owned),
    };
    let options =
        vec![option("2", true, 0.5, None), option("4", false, -0.5, Some("Even.")), option("3", true, 0.5, None)];
    let answer = Answer::Choice { options, several: true, weighted: true };
    let question =
        Question { stem: "Primes?".to_owned(), parts: vec![Part { answer, ..Part::default() }], ..Question::default() };
    let row = written(&question);
    assert_eq!((&row["answer"], &row["answer_rules"]), (&json!("A, C"), &json!({"weighted": true})));
    assert_eq!(row["options"][1], json!({"letter": "B", "text": "4", "is_correct": false, "weight": -0.5}));
    assert_eq!(row["solution_steps"], json!(["B: Even."]));
}

#[test]
fn pairs_become_parts_with_the_same_options() {
    let pairs = vec![("Paris".to_owned(), "France".to_owned()), ("Rome".to_owned(), "Italy".to_owned())];
    let answer = Answer::Matching { pairs, distractors: vec!["Spain".to_owned()] };
    let part = Part { answer, points: Some(3.0), ..Part::default() };
    let made = row(&Question { stem: "Match.".to_owned(), parts: vec![part], ..Question::default() }).unwrap();
    let parts = made.columns["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(
        (&parts[1]["text"], &parts[1]["answer"], &parts[1]["points"]),
        (&json!("Rome"), &json!("B"), &json!(1.5))
    );
    assert_eq!(parts[1]["options"].as_array().unwrap().len(), 3);
    assert_eq!(made.warnings.len(), 1);
}

#[test]
fn what_cannot_be_stored_is_refused_with_the_reason() {
    let choice = |count: usize, right: bool| {
        let option =
            |index: usize| Choice { text: index.to_string(), is_right: right && index == 0, ..Choice::default() };
        let options = (0..count).map(option).collect();
        let part = Part { answer: Answer::Choice { options, several: false, weighted: false }, ..Part::default() };
        row(&Question { parts: vec![part], ..Question::default() }).err()
    };
    assert_eq!(choice(26, true), None);
    assert_eq!(choice(27, true).as_deref(), Some("it has 27 options; at most 26 can be stored"));
    assert_eq!(choice(3, false).as_deref(), Some("none of its options is right"));
}

#[test]
fn a_question_without_a_key_is_marked_by_the_student() {
    let question = Question { stem: "Why?".to_owned(), parts: vec![Part::default()], ..Question::default() };
    let row = written(&question);
    assert_eq!(row["answer"], json!("The source has no answer to this question."));
    let read = super::question(row.as_object().unwrap(), None, None);
    assert_eq!(read.parts[0].answer, Answer::Open);
}

#[test]
fn a_row_becomes_the_same_row_again() {
    for columns in [
        json!({"question_text": "1 + 1?", "answer": "2", "solution_steps": ["Count."], "source_points": 2.5, "difficulty": 3}),
        json!({
            "question_text": "Which?", "answer": "A, C", "solution_steps": [], "answer_rules": {"weighted": true},
            "options": [
                {"letter": "A", "text": "a", "is_correct": true, "weight": 0.5},
                {"letter": "B", "text": "b", "is_correct": false, "weight": -0.25},
                {"letter": "C", "text": "c", "is_correct": true, "weight": 0.5},
            ],
        }),
        json!({
            "question_text": "Area [gap 1] and more.", "solution_steps": [], "title": "T", "tags": ["x"], "is_bonus": true,
            "parts": [
                {"text": "", "is_gap": true, "answer": "6", "answer_rules": {"accepted": [{"answer": "6", "tolerance": "0"}]}},
                {"text": "Then?", "answer": "1 to 2", "points": 2.0, "hint": "h", "solution_steps": ["s"],
                 "answer_rules": {"accepted": [{"from": "1", "to": "2", "excludes_to": true}, {"answer": "3", "fraction": 0.5}]}},
            ],
        }),
        json!({
            "question_text": "Who?", "answer": "Newton", "solution_steps": [], "techniques": ["Names"], "estimated_time": 4.0,
            "answer_rules": {"accepted": [{"answer": "Newton", "match_case": true}, {"answer": "new*", "wildcards": true}]},
        }),
    ] {
        let read = super::question(columns.as_object().unwrap(), None, None);
        assert_eq!(written(&read), columns, "{read:?}");
    }
}

#[test]
fn feedback_of_several_lines_is_several_steps() {
    let mut accepted = number("2", Tolerance::Unsaid);
    accepted.feedback = Some("Yes.\nTwice one.".to_owned());
    let part = Part { answer: Answer::Accepted(vec![accepted]), ..Part::default() };
    let row = written(&Question { stem: "1 + 1?".to_owned(), parts: vec![part], ..Question::default() });
    assert_eq!(row["solution_steps"], json!(["2: Yes.", "Twice one."]));
    assert_eq!(rewritten(&row), row);
}

#[test]
fn feedback_of_a_catalogue_is_read() {
    let option = |letter: &str, text: &str, is_correct: bool| json!({"letter": letter, "text": text, "is_correct": is_correct, "feedback": format!("See {text}.")});
    let choice =
        json!({"question_text": "Which?", "answer": "A", "options": [option("A", "x", true), option("B", "y", false)]});
    assert_eq!(rewritten(&choice)["solution_steps"], json!(["A: See x.", "B: See y."]));
    let accepted =
        json!([{"answer": "7", "feedback": "Prime."}, {"answer": "8", "fraction": 0.5, "feedback": "Close."}]);
    let typed = json!({"question_text": "Which?", "answer": "7", "answer_rules": {"accepted": accepted}});
    assert_eq!(rewritten(&typed)["solution_steps"], json!(["7: Prime.", "8: Close."]));
}

#[test]
fn a_figure_keeps_its_name_if_the_one_before_it_is_missing() {
    let figure = |bytes: Option<&[u8]>| crate::Figure { bytes: bytes.map(<[u8]>::to_vec), ..crate::Figure::default() };
    let figures = vec![figure(None), figure(Some(b"<svg/>"))];
    let question =
        Question { stem: "[figure 2]".to_owned(), parts: vec![Part::default()], figures, ..Question::default() };
    let row = written(&question);
    assert_eq!(row["figures"][0]["name"], json!("figure 2"));
    assert_eq!(rewritten(&row), row);
}

#[test]
fn digits_that_a_number_would_change_stay_a_text() {
    for answer in ["007", "2.50", "+1"] {
        let row = json!({"question_text": "Which?", "answer": answer, "solution_steps": []});
        let read = super::question(row.as_object().unwrap(), None, None);
        assert_eq!(written(&read), row);
        let rules = json!({"accepted": [{"answer": answer}, {"answer": "other"}]});
        let row = json!({"question_text": "Which?", "answer": answer, "solution_steps": [], "answer_rules": rules});
        assert_eq!(rewritten(&row), row);
    }
}

#[test]
fn the_mark_of_a_gap_that_is_no_part_becomes_a_line() {
    let part = |is_gap: bool| Part {
        is_gap,
        answer: Answer::Accepted(vec![number("1", Tolerance::Unsaid)]),
        ..Part::default()
    };
    let stem = "One [gap 1], two [gap 2], three [gap 3] and [gap x].".to_owned();
    let question = Question { stem, parts: vec![part(true), part(false)], ..Question::default() };
    assert_eq!(written(&question)["question_text"], json!("One [gap 1], two ____, three ____ and [gap x]."));
}
