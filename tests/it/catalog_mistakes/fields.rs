//! Fields of the wrong type, out of bounds, empty, misspelt or unknown, and text that is no JSON.

use super::Report::{Both, Noted, Refused, Stopped, Warned};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "a text for a number",
        r#""source_points": 4"#,
        r#""source_points": "10""#,
        Refused(&[r#"questions q1: source_points is "10", a number is wanted"#]),
    ),
    (
        "a fraction for a whole number",
        r#""year": 2024"#,
        r#""year": 2024.5"#,
        Refused(&[
            "exams e1: year is 2024.5, a whole number is wanted",
            r#"questions q1: its exam "e1" is not in the import"#,
            r#"questions q2: its exam "e1" is not in the import"#,
        ]),
    ),
    (
        "a number out of bounds",
        r#""source_points": 4"#,
        r#""source_points": 4, "difficulty": 300"#,
        Refused(&["questions q1: difficulty 300 is out of bounds"]),
    ),
    (
        "a number that the rules forbid",
        r#""source_points": 4"#,
        r#""source_points": 4, "difficulty": 6"#,
        Refused(&["questions q1: difficulty 6 is not between 1 and 5"]),
    ),
    (
        "a text for true",
        r#""is_correct": true"#,
        r#""is_correct": "yes""#,
        Refused(&[r#"questions q2: options[1].is_correct is "yes", true or false is wanted"#]),
    ),
    (
        "a number in a list of texts",
        r#"["Let $x = 1$."]"#,
        r#"["Let $x = 1$.", 2]"#,
        Refused(&["questions q1: solution_steps[1] is 2, a text is wanted"]),
    ),
    (
        "a text for a list",
        r#"["Let $x = 1$."]"#,
        r#""Let $x = 1$.""#,
        Refused(&[r#"questions q1: solution_steps is "Let $x = 1$.", a list of texts is wanted"#]),
    ),
    (
        "an option that is no object",
        r#"{"letter": "A", "text": "One", "is_correct": false}"#,
        r#""One""#,
        Refused(&[r#"questions q2: options[0] is "One", an object is wanted"#]),
    ),
    (
        "a date that is none",
        r#""total_points": 10"#,
        r#""total_points": 10, "exam_date": "soon""#,
        Refused(&[
            r#"exams e1: exam_date is "soon", a date such as "2019-12-12" or epoch seconds is wanted"#,
            r#"questions q1: its exam "e1" is not in the import"#,
            r#"questions q2: its exam "e1" is not in the import"#,
        ]),
    ),
    (
        "a time that is none",
        r#""source_points": 4"#,
        r#""source_points": 4, "created_at": "2024""#,
        Refused(&[r#"questions q1: created_at is "2024", a time such as "2019-12-12T09:00:00Z" is wanted"#]),
    ),
    (
        "null where something must be",
        r"Which?",
        r#"x", "question_text": null, "rubric": "y"#,
        Refused(&["questions q2: question_text is null, a text is wanted; question_text is there twice"]),
    ),
    (
        "two mistakes in one row",
        r#""name": "Squeeze", "canonical_form": "\\lim f""#,
        r#""canonical_form": 5"#,
        Both(
            &["question_patterns p1: name is missing; canonical_form is 5, a text is wanted"],
            &[r#"questions q1: its pattern "p1" is not in the import"#],
        ),
    ),
    (
        "an id with a forbidden character",
        r#""id": "q1""#,
        r#""id": "q#1""#,
        Refused(&[r#"questions q#1: id "q#1" must be 1 to 128 bytes without control characters or '#'"#]),
    ),
    ("no id", r#"{"id": "q1", "#, "{", Refused(&["questions #1: id is missing"])),
    ("an id that is there twice", r#""id": "q2""#, r#""id": "q1""#, Refused(&["questions q1: the id was used before"])),
    (
        "a field that is there twice",
        r#""source_points": 4"#,
        r#""source_points": 4, "source_points": 5"#,
        Refused(&["questions q1: source_points is there twice"]),
    ),
    (
        "rules of marking that cannot be read",
        r#""source_points": 4"#,
        r#""source_points": 4, "answer_rules": {"domain": "complex"}"#,
        Refused(&[r#"questions q1: answer_rules.domain is "complex", one of real, positive, integer is wanted"#]),
    ),
    (
        "a rule of marking that is no number",
        r#""source_points": 4"#,
        r#""source_points": 4, "answer_rules": {"relative_tolerance": "1 %"}"#,
        Refused(&[r#"questions q1: answer_rules.relative_tolerance is "1 %", a number is wanted"#]),
    ),
    (
        "a number too close to 0",
        r#""source_points": 4"#,
        r#""source_points": 1e-400"#,
        Refused(&["questions q1: source_points: the number 1e-400 is too close to 0; write 0"]),
    ),
    (
        "a number with more digits than a double",
        r#""source_points": 4"#,
        r#""source_points": 4.00000000000000000001"#,
        Refused(&[
            "questions q1: source_points: the number 4.00000000000000000001 has more digits than are kept; write at most 15",
        ]),
    ),
    (
        "a number below 0",
        r#""source_points": 4"#,
        r#""source_points": -3"#,
        Refused(&["questions q1: source_points -3 is not between 0 and 1000000"]),
    ),
    (
        "a whole number with a fraction of 0",
        r#""source_points": 4"#,
        r#""source_points": 4, "difficulty": 2.0, "source_question_number": 1e1"#,
        Noted(&[]),
    ),
    ("a year with a fraction of 0", r#""year": 2024"#, r#""year": 2024.0"#, Noted(&[])),
    (
        "a name of nothing",
        r#""name": "Squeeze""#,
        r#""name": " ""#,
        Both(&["question_patterns p1: name is empty"], &[r#"questions q1: its pattern "p1" is not in the import"#]),
    ),
    (
        "a topic of nothing",
        r#""name": "Series", "category": "K""#,
        r#""name": "", "category": """#,
        Refused(&[
            "topics t2: name is empty; category is empty",
            r#"questions q2: its topic "t2" is not in the import"#,
        ]),
    ),
    (
        "an empty slug",
        r#""name": "Series""#,
        r#""name": "Series", "slug": """#,
        Refused(&[
            "topics t2: slug is empty: leave it out, and it is made from the name",
            r#"questions q2: its topic "t2" is not in the import"#,
        ]),
    ),
    ("a name that gives no slug", "\"Series\"", "\"???\"", Warned(&["topics t2: its name gives no slug: add one"])),
    ("a course of no name", "\"Course\"", "\" \"", Stopped("course: name is empty")),
    (
        "an empty type of exam",
        "\"final\"",
        "\"\"",
        Refused(&[
            "exams e1: exam_type is empty",
            r#"questions q1: its exam "e1" is not in the import"#,
            r#"questions q2: its exam "e1" is not in the import"#,
        ]),
    ),
    (
        "an empty answer",
        r"\\frac{1}{2}",
        "",
        Warned(&["questions q1: answer is empty: each student says whether their answer was right"]),
    ),
    (
        "an empty answer and no solution",
        r#"["Let $x = 1$."], "answer": "\\frac{1}{2}""#,
        r#"[], "answer": """#,
        Refused(&["questions q1: answer and solution_steps are empty"]),
    ),
    (
        "an empty step",
        r#"["Let $x = 1$."]"#,
        r#"["Let $x = 1$.", " "]"#,
        Warned(&["questions q1: solution_steps[1] is empty"]),
    ),
    ("an empty option", "\"One\"", "\"\"", Warned(&["questions q2: options[0].text is empty"])),
    (
        "a date in milliseconds",
        r#""total_points": 10"#,
        r#""total_points": 10, "exam_date": 1733961600000"#,
        Refused(&[
            "exams e1: exam_date 1733961600000 is not between the years 1900 and 2200; numbers are epoch seconds",
            r#"questions q1: its exam "e1" is not in the import"#,
            r#"questions q2: its exam "e1" is not in the import"#,
        ]),
    ),
    (
        "a date of the year 0",
        r#""total_points": 10"#,
        r#""total_points": 10, "upload_date": "0000-01-01""#,
        Refused(&[
            "exams e1: upload_date 0000-01-01T00:00:00Z is not between the years 1900 and 2200; numbers are epoch seconds",
            r#"questions q1: its exam "e1" is not in the import"#,
            r#"questions q2: its exam "e1" is not in the import"#,
        ]),
    ),
    (
        "a source year of 90000",
        r#""source_points": 4"#,
        r#""source_points": 4, "source_exam_year": 90000"#,
        Refused(&["questions q1: source_exam_year 90000 is not between 1900 and 2200"]),
    ),
    (
        "a year in which a pattern was never seen",
        r#""name": "Squeeze""#,
        r#""name": "Squeeze", "first_seen_year": 20"#,
        Both(
            &["question_patterns p1: first_seen_year 20 is not between 1900 and 2200"],
            &[r#"questions q1: its pattern "p1" is not in the import"#],
        ),
    ),
    (
        "a column that is shown with the question, misspelt",
        r#""source_points": 4"#,
        r#""source_points": 4, "imgae": "q1.png", "Table": "x", "pasage": "y""#,
        Warned(&[
            r#"questions q1: unknown field "Table": did you mean "table"?"#,
            r#"questions q1: unknown field "imgae": did you mean "image"?"#,
            r#"questions q1: unknown field "pasage": did you mean "passage"?"#,
        ]),
    ),
    (
        "two letters of a name changed places",
        r#""source_points": 4"#,
        r#""source_points": 4, "pionts": 4"#,
        Warned(&[r#"questions q1: unknown field "pionts": did you mean "source_points"?"#]),
    ),
    (
        "a letter of a name is missing, in two rows",
        r#""source_points": 4},
    {"id": "q2","#,
        r#""source_points": 4, "option": []},
    {"id": "q2", "option": 1,"#,
        Warned(&[r#"questions q1: unknown field "option": did you mean "options"? (and 1 more)"#]),
    ),
    (
        "a field of an option",
        r#""text": "One""#,
        r#""text": "One", "corect": true"#,
        Warned(&[r#"question_options q2: unknown field "corect": did you mean "is_correct"?"#]),
    ),
    (
        "a field of the course",
        r#""name": "Course""#,
        r#""name": "Course", "descripton": "x""#,
        Warned(&[r#"courses c: unknown field "descripton": did you mean "description"?"#]),
    ),
    (
        "columns of one's own",
        r#""source_points": 4"#,
        r#""source_points": 4, "section": "I", "rubric": "x""#,
        Noted(&["questions: extra columns kept: rubric, section"]),
    ),
    (
        "a list of another name",
        r#""questions": ["#,
        r#""question": ["#,
        Stopped(r#"unknown field "question": did you mean "questions"?"#),
    ),
    (
        "a list that is none",
        r#"[{"id": "p1", "topic_id": "t1", "name": "Squeeze", "canonical_form": "\\lim f"}]"#,
        "5",
        Stopped("patterns is 5, a list is wanted"),
    ),
    (
        "what is no JSON",
        r#"{"id": "e1", "#,
        r#"{"id" "e1", "#,
        Stopped("not a course file (samples/catalog.schema.json): expected `:` at line 3 column 19"),
    ),
    (
        "what is no JSON, with an escape that is none",
        r#""Course"},"#,
        r#""Course", "description": "$\log$"}"#,
        Stopped(concat!(
            r#"not a course file (samples/catalog.schema.json): "\log" at line 2 column 60 is no escape in JSON; "#,
            r#"write "\\log"; and expected `,` or `}` at line 3 column 3"#
        )),
    ),
];
