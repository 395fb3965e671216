//! Every mistake in a catalogue file that is told, with the whole of what is told.

use pastpaper::import::import_catalog;
use pastpaper::samples::SAMPLES;
use tests::TestApp;

const COURSE: &str = r#"{
  "course": {"id": "c", "name": "Course"},
  "exams": [{"id": "e1", "year": 2024, "semester": "fall", "exam_type": "final", "total_points": 10}],
  "topics": [{"id": "t1", "name": "Limits", "category": "K"}, {"id": "t2", "name": "Series", "category": "K"}],
  "patterns": [{"id": "p1", "topic_id": "t1", "name": "Squeeze", "canonical_form": "\\lim f"}],
  "questions": [
    {"id": "q1", "exam_id": "e1", "topic_id": "t1", "pattern_id": "p1", "question_text": "Find $\\lim x$.",
     "solution_steps": ["Let $x = 1$."], "answer": "\\frac{1}{2}", "source_points": 4},
    {"id": "q2", "exam_id": "e1", "topic_id": "t2", "question_text": "Which?", "solution_steps": [], "answer": "B",
     "source_points": 6, "options": [{"letter": "A", "text": "One", "is_correct": false},
                                     {"letter": "B", "text": "Two", "is_correct": true}]}
  ]
}"#;

/// What becomes of a file with a mistake.
enum Told {
    /// Rows are refused, with these words.
    Refused(&'static [&'static str]),
    /// Rows are refused, and others warned of because of it.
    Both(&'static [&'static str], &'static [&'static str]),
    /// Rows are stored, with these words.
    Warned(&'static [&'static str]),
    /// Nothing is refused or warned of; columns are listed.
    Noted(&'static [&'static str]),
    /// The whole file is refused.
    Stopped(&'static str),
}
use Told::{Both, Noted, Refused, Stopped, Warned};

/// The mistake, what is replaced in the course, by what, and what is told.
type Row = (&'static str, &'static str, &'static str, Told);

const LOST_BACKSLASHES: &[Row] = &[
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

const KEYS: &[Row] = &[
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

const FIELDS: &[Row] = &[
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

const COURSES: &[Row] = &[
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

#[tokio::test]
async fn every_mistake_in_a_catalogue_file_is_told_in_whole() {
    let test = TestApp::empty().await;
    let good = import_catalog(&test.app, COURSE, true).await.unwrap();
    assert!(good.is_clean() && good.notes.is_empty(), "{good}");
    for (mistake, from, to, told) in [LOST_BACKSLASHES, KEYS, FIELDS, COURSES].into_iter().flatten() {
        assert_eq!(COURSE.matches(from).count(), 1, "{mistake}: {from}");
        let imported = import_catalog(&test.app, &COURSE.replace(from, to), true).await;
        let none: &[&str] = &[];
        let (refused, warned, noted) = match told {
            Refused(messages) => (*messages, none, None),
            Both(refused, warned) => (*refused, *warned, None),
            Warned(messages) => (none, *messages, None),
            Noted(messages) => (none, none, Some(*messages)),
            Stopped(message) => {
                assert_eq!(format!("{:#}", imported.unwrap_err()), *message, "{mistake}");
                continue;
            }
        };
        let summary = imported.unwrap_or_else(|error| panic!("{mistake}: {error:#}"));
        let said = |rows: &[shared::domain::catalog::draft::RefusedRow]| -> Vec<String> {
            rows.iter().map(ToString::to_string).collect()
        };
        assert_eq!(said(&summary.refused), refused, "{mistake}");
        let warnings: Vec<String> = summary.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, warned, "{mistake}");
        if let Some(noted) = noted {
            assert_eq!(summary.notes, noted, "{mistake}");
        }
        let counted: usize = summary.tables.values().map(|counts| counts.warned).sum();
        assert_eq!(counted, warned.len(), "{mistake}");
    }
}

#[tokio::test]
async fn the_sample_courses_have_no_warnings() {
    let test = TestApp::empty().await;
    for (name, text) in SAMPLES {
        let summary = import_catalog(&test.app, text, true).await.unwrap();
        assert!(summary.is_clean(), "{name}\n{summary}");
    }
}
