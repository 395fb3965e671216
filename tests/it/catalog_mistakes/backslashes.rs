//! Backslashes of LaTeX that were lost or read as an escape.

use super::Report::{Both, Noted, Refused, Stopped, Warned};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "a form feed",
        r"Find $\\lim x$.",
        r"Find $\frac{1}{5}$.",
        Refused(&[
            r#"questions q1: question_text has a form feed before "rac": JSON reads "\f" as one; write "\\frac""#,
        ]),
    ),
    (
        "a backspace",
        r"Let $x = 1$.",
        r"Let $\beta = 1$.",
        Refused(&[
            r#"questions q1: solution_steps[0] has a backspace before "eta": JSON reads "\b" as one; write "\\beta""#,
        ]),
    ),
    (
        "a line break that was \\nabla",
        r"Find $\\lim x$.",
        r"Find $\nabla x$.",
        Refused(&[
            r#"questions q1: question_text has a line break before "abla": JSON reads "\n" as one; write "\\nabla""#,
        ]),
    ),
    (
        "a line break that was \\neq",
        r"Find $\\lim x$.",
        r"Find $x \neq x$.",
        Refused(&[
            r#"questions q1: question_text has a line break before "eq": JSON reads "\n" as one; write "\\neq""#,
        ]),
    ),
    (
        "a tab that was \\theta, in an option",
        "\"Two\"",
        r#""$\theta$""#,
        Refused(&[r#"questions q2: options[1].text has a tab before "heta": JSON reads "\t" as one; write "\\theta""#]),
    ),
    (
        "a carriage return that was \\rho, in an answer without dollars",
        r"\\frac{1}{2}",
        r"\rho",
        Refused(&[r#"questions q1: answer has a carriage return before "ho": JSON reads "\r" as one; write "\\rho""#]),
    ),
    (
        "an escape that is none",
        r"Find $\\lim x$.",
        r"Find $\log x$.",
        Refused(&[r#"questions q1: question_text has "\log", which is no escape in JSON; write "\\log""#]),
    ),
    (
        "an escape of Unicode that is none",
        r"Let $x = 1$.",
        r"Let $\underline{x}$.",
        Refused(&[
            r#"questions q1: solution_steps[0] has "\underline", which is no escape in JSON; write "\\underline""#,
        ]),
    ),
    (
        "two fields of one row",
        r#"["Let $x = 1$."], "answer": "\\frac{1}{2}""#,
        r#"["Let $\alpha = 1$."], "answer": "\frac{1}{2}""#,
        Refused(&[concat!(
            r#"questions q1: solution_steps[0] has "\alpha", which is no escape in JSON; write "\\alpha"; "#,
            r#"answer has a form feed before "rac": JSON reads "\f" as one; write "\\frac""#
        )]),
    ),
    (
        "in an extra column",
        r#""source_points": 4"#,
        r#""source_points": 4, "hints": [{"text": "$\tan x$"}]"#,
        Refused(&[r#"questions q1: hints[0].text has a tab before "an": JSON reads "\t" as one; write "\\tan""#]),
    ),
    (
        "in a pattern",
        r"\\lim f",
        r"\frac{f}{g}",
        Both(
            &[
                r#"question_patterns p1: canonical_form has a form feed before "rac": JSON reads "\f" as one; write "\\frac""#,
            ],
            &[r#"questions q1: its pattern "p1" is not in the import"#],
        ),
    ),
    (
        "in a topic, whose rows go with it",
        "\"Limits\"",
        r#""Limits\f""#,
        Refused(&[
            r#"topics t1: name has a form feed: JSON reads "\f" as one; write "\\f""#,
            r#"question_patterns p1: its topic "t1" is not in the import"#,
            r#"questions q1: its topic "t1" is not in the import"#,
        ]),
    ),
    (
        "in the course",
        "\"Course\"",
        r#""Course $\frac12$""#,
        Stopped(r#"course: name has a form feed before "rac": JSON reads "\f" as one; write "\\frac""#),
    ),
    (
        "a line break that was \\neq, in a formula with a space before its end",
        r"Find $\\lim x$.",
        r"Find $a \neq $",
        Refused(&[
            r#"questions q1: question_text has a line break before "eq": JSON reads "\n" as one; write "\\neq""#,
        ]),
    ),
    ("a wrapped formula", r"Find $\\lim x$.", r"Find $$\nx = a +\nb\n$$", Noted(&[])),
    (
        "a formula that may be wrapped",
        r"Find $\\lim x$.",
        r"Find $$\nu = x^2\n$$",
        Warned(&[
            r#"questions q1: question_text has a line break before "u" in a formula; if it should be \nu, write "\\nu""#,
        ]),
    ),
    (
        "another control character",
        r"Let $x = 1$.",
        r"Let \u0007 it.",
        Warned(&["questions q1: solution_steps[0] has the control character U+0007"]),
    ),
];
