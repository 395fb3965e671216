//! Rows that contradict each other or name what is not there, and formulas that cannot be drawn.

use super::Report::{Refused, Stopped, Warned};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "a semester that is none",
        r#""fall""#,
        r#""Fall term""#,
        Warned(&[r#"exams e1: semester "Fall term" is none of spring, summer, fall, autumn, winter"#]),
    ),
    (
        "a type of exam that is none",
        r#""final""#,
        r#""finals""#,
        Warned(&[r#"exams e1: exam_type "finals" is none of midterm, final, quiz, practice"#]),
    ),
    (
        "points that do not add up",
        r#""total_points": 10"#,
        r#""total_points": 12"#,
        Warned(&["exams e1: total_points is 12, the source_points of its questions add up to 10"]),
    ),
    (
        "two topics of one slug",
        r#""name": "Series""#,
        r#""name": "Limits!""#,
        Warned(&[r#"topics t2: its slug "limits" is that of topic "t1""#]),
    ),
    (
        "LaTeX that cannot be drawn",
        r"Find $\\lim x$.",
        r"Find $\\frac{1}{$.",
        Warned(&[r"questions q1: question_text has a formula that cannot be drawn: \frac{1}{"]),
    ),
    (
        "LaTeX without dollars that cannot be drawn",
        r"\\lim f",
        r"\\nosuchcommand f",
        Warned(&[r"question_patterns p1: canonical_form has a formula that cannot be drawn: \nosuchcommand f"]),
    ),
    (
        "a pattern that is not there",
        r#""pattern_id": "p1""#,
        r#""pattern_id": "p2""#,
        Warned(&[r#"questions q1: its pattern "p2" is not in the import"#]),
    ),
    (
        "a pattern of another topic",
        r#""topic_id": "t2", "question_text""#,
        r#""topic_id": "t2", "pattern_id": "p1", "question_text""#,
        Warned(&[r#"questions q2: its pattern "p1" belongs to topic "t1""#]),
    ),
    (
        "a topic that is not there",
        r#""topic_id": "t2", "question_text""#,
        r#""topic_id": "t3", "question_text""#,
        Refused(&[r#"questions q2: its topic "t3" is not in the import"#]),
    ),
    (
        "a column shown with questions that none has",
        r#""name": "Course""#,
        r#""name": "Course", "shown_with_question": ["map", "answer"]"#,
        Warned(&[
            r#"courses c: shown_with_question names "map", which no question has"#,
            r#"courses c: shown_with_question names "answer", which is no extra column"#,
        ]),
    ),
    (
        "columns shown with questions that are no list",
        r#""name": "Course""#,
        r#""name": "Course", "shown_with_question": "map""#,
        Stopped(r#"course: shown_with_question is "map", a list of texts is wanted"#),
    ),
];
