//! Identifies an analysis by the numbers that it was computed from, without texts.

use std::fmt::{Debug, Write};

use sha2::{Digest, Sha256};

use super::past::PastExams;

/// Bytes of the hash in the name of an edition.
const EDITION_BYTES: usize = 6;

/// The edition of an analysis of `past`: a short hash in hex. A corrected typo keeps it; a change of a question's
/// points, minutes, topic or exam changes it.
#[must_use]
pub fn edition(past: &PastExams<'_>) -> String {
    let mut hash = Sha256::new();
    let mut text = String::new();
    let mut line = |parts: &[&dyn Debug]| {
        text.clear();
        for part in parts {
            // Writing to a string does not fail.
            let _ = write!(text, "{part:?}\u{1f}");
        }
        text.push('\n');
        hash.update(&text);
    };
    for exam in &past.exams {
        line(&[&exam.id, &exam.year, &exam.exam_type, &exam.exam_date]);
    }
    for topic in &past.topics {
        line(&[&topic.id, &topic.category]);
    }
    for question in &past.questions {
        let meta = question.meta;
        line(&[&meta.id, &question.exam.id, &meta.topic_id, &meta.pattern_id, &meta.techniques]);
        line(&[&meta.difficulty, &meta.source_points, &meta.estimated_time]);
    }
    hex::encode(&hash.finalize()[..EDITION_BYTES])
}
