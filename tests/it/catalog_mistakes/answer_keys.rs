//! Answer keys and options that contradict each other.

use super::Report::{Noted, Refused, Warned};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "an answer that is not the correct option",
        r#""answer": "B""#,
        r#""answer": "A""#,
        Refused(&[r#"questions q2: answer "A" and options contradict each other: is_correct is true for B"#]),
    ),
    (
        "an answer of two letters",
        r#""answer": "B""#,
        r#""answer": "A, B""#,
        Refused(&[r#"questions q2: answer "A, B" and options contradict each other: is_correct is true for B"#]),
    ),
    (
        "an answer that is the text of another option",
        r#""answer": "B""#,
        r#""answer": "One""#,
        Refused(&[r#"questions q2: answer "One" and options contradict each other: is_correct is true for B"#]),
    ),
    (
        "a letter that is no option",
        r#""answer": "B""#,
        r#""answer": "E""#,
        Refused(&[r#"questions q2: answer "E" is no option: the options are A, B"#]),
    ),
    (
        "the letter of one option with the text of another",
        r#""answer": "B""#,
        r#""answer": "B) One""#,
        Refused(&[r#"questions q2: answer "B) One" has the letter of option B and the text of option A"#]),
    ),
    (
        "another letter with its text",
        r#""answer": "B""#,
        r#""answer": "One (A)""#,
        Refused(&[r#"questions q2: answer "One (A)" and options contradict each other: is_correct is true for B"#]),
    ),
    (
        "another letter in words",
        r#""answer": "B""#,
        r#""answer": "Option A""#,
        Refused(&[r#"questions q2: answer "Option A" and options contradict each other: is_correct is true for B"#]),
    ),
    (
        "two letters with a slash",
        r#""answer": "B""#,
        r#""answer": "A/B""#,
        Refused(&[r#"questions q2: answer "A/B" and options contradict each other: is_correct is true for B"#]),
    ),
    ("the letter with its text", r#""answer": "B""#, r#""answer": "B) Two""#, Noted(&[])),
    ("the letter with its text, after a full stop", r#""answer": "B""#, r#""answer": "B. Two""#, Noted(&[])),
    ("the text with its letter", r#""answer": "B""#, r#""answer": "Two (B)""#, Noted(&[])),
    (
        "an empty answer beside options",
        r#""answer": "B""#,
        r#""answer": " ""#,
        Warned(&[r#"questions q2: answer " " names no option: the options are A, B"#]),
    ),
    (
        "no correct option",
        r#""is_correct": true"#,
        r#""is_correct": false"#,
        Refused(&["questions q2: no option is correct: one at least must have is_correct true"]),
    ),
    (
        "an answer in words",
        r#""answer": "B""#,
        r#""answer": "the second one""#,
        Warned(&[r#"questions q2: answer "the second one" names no option: the options are A, B"#]),
    ),
];
