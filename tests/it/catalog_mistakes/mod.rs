//! Every mistake in a catalogue file that is told, with the whole of what is told.

use pastpaper::import::import_catalog;
use pastpaper::samples::SAMPLES;
use tests::TestApp;

mod answer_keys;
mod backslashes;
mod consistency;
mod fields;

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

/// How the import reports a file with a mistake.
enum Report {
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
use Report::{Both, Noted, Refused, Stopped, Warned};

/// The mistake, what is replaced in the course, by what, and what is told.
type Row = (&'static str, &'static str, &'static str, Report);

#[tokio::test]
async fn every_mistake_in_a_catalogue_file_is_told_in_whole() {
    let test = TestApp::empty().await;
    let good = import_catalog(&test.app, COURSE, true).await.unwrap();
    assert!(good.is_clean() && good.notes.is_empty(), "{good}");
    for (mistake, from, to, told) in
        [backslashes::ROWS, answer_keys::ROWS, fields::ROWS, consistency::ROWS].into_iter().flatten()
    {
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
