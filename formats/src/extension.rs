//! A whole question as data, beside what an XML format can say of it.
//!
//! Our Moodle XML and QTI 3 end each question with a comment such as `<!-- pastpaper 1 DIGEST JSON -->`. Other programs ignore
//! it. The digest is that of the XML before the comment without white space. If a person has changed that XML, the comment is
//! out of date: the reader says so and takes what the XML says.

#[cfg(feature = "write")]
pub(crate) use writing::comment;

#[cfg(feature = "read")]
pub(crate) use reading::{Found, find, put_exam};

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Exam, Question};

const MARK: &str = " pastpaper 1 ";

/// What the comment holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extension {
    pub(crate) question: Question,
    /// The id of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The exam that the question belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exam: Option<Exam>,
    /// The name of the file of each figure. `None` if there is no file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<Option<String>>,
}

/// The digest of XML, as 32 hexadecimal digits. White space does not count, so that new line ends change nothing.
fn digest(xml: &str) -> String {
    let mut hasher = Sha256::new();
    for piece in xml.split_ascii_whitespace() {
        hasher.update(piece.as_bytes());
    }
    let mut text = String::with_capacity(32);
    for byte in hasher.finalize().iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(feature = "write")]
mod writing {
    use super::{Extension, MARK, digest};
    use crate::{Bank, Question};

    /// The comment for a question whose XML is `before`.
    pub(crate) fn comment(before: &str, bank: &Bank, question: &Question, files: Vec<Option<String>>) -> String {
        let extension = Extension {
            id: question.place.id.clone(),
            exam: question.exam.and_then(|exam| bank.exams.get(exam)).cloned(),
            question: Question { exam: None, ..question.clone() },
            files,
        };
        // Serialization of these types cannot fail: all keys are texts.
        let json = serde_json::to_string(&extension).unwrap_or_default();
        format!("<!--{MARK}{} {} -->", digest(before), without_comment_ends(&json))
    }

    /// JSON without what a comment of XML must not hold. Two hyphens stand only inside a text of JSON.
    fn without_comment_ends(json: &str) -> String {
        let mut out = String::with_capacity(json.len());
        for letter in json.chars() {
            match letter {
                '-' if out.ends_with('-') => out.push_str("\\u002d"),
                '\u{fffe}' => out.push_str("\\ufffe"),
                '\u{ffff}' => out.push_str("\\uffff"),
                letter => out.push(letter),
            }
        }
        out
    }
}

#[cfg(feature = "read")]
mod reading {
    use roxmltree::Node;

    use super::{Extension, MARK, digest};
    use crate::{Answer, Bank, Exam, Form, Question, reading::OPTIONS_MAX, scoring::RESPONSES_MAX};

    const ACCEPTED_MAX: usize = 1000;
    const FIGURES_MAX: usize = 100;

    /// What the end of a question holds.
    pub(crate) enum Found {
        Nothing,
        Question(Box<Extension>),
        /// The comment is not used, for this reason.
        Unused(String),
    }

    /// Reads the comment at the end of a question.
    pub(crate) fn find(node: Node) -> Found {
        let comment = node.children().rev().find(|child| !child.is_text()).filter(Node::is_comment);
        let Some((comment, body)) = comment.and_then(|comment| Some((comment, comment.text()?.strip_prefix(MARK)?)))
        else {
            return Found::Nothing;
        };
        let source = node.document().input_text();
        let before = source.get(node.range().start..comment.range().start).unwrap_or_default();
        let Some((written, json)) = body.split_once(' ') else { return Found::Nothing };
        if written != digest(before) {
            return Found::Unused(
                "The question was changed after its export. It is taken as its text says, without what this format cannot say."
                    .to_owned(),
            );
        }
        match serde_json::from_str::<Extension>(json.trim()) {
            Ok(extension) if is_sound(&extension.question) => Found::Question(Box::new(extension)),
            _ => Found::Unused(
                "The data of our export at the end of the question are not valid and are not used.".to_owned(),
            ),
        }
    }

    /// Whether a question is within the bounds that the readers keep.
    fn is_sound(question: &Question) -> bool {
        let share = |value: f64| value.is_finite() && (-1.0..=1.0).contains(&value);
        let amount = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value >= 0.0);
        let answer = |answer: &Answer| match answer {
            Answer::Open => true,
            Answer::Accepted(list) => {
                (1..=ACCEPTED_MAX).contains(&list.len())
                    && list.iter().all(|one| {
                        let is_form = match &one.form {
                            Form::Range { low, high } => low.is_some() || high.is_some(),
                            Form::Text { .. } | Form::Number { .. } => true,
                        };
                        is_form && share(one.fraction) && one.fraction > 0.0
                    })
            }
            Answer::Choice { options, .. } => {
                (1..=OPTIONS_MAX).contains(&options.len())
                    && options.iter().all(|option| option.weight.is_none_or(share))
            }
            Answer::Matching { pairs, distractors } => {
                (1..=RESPONSES_MAX).contains(&pairs.len()) && distractors.len() <= RESPONSES_MAX
            }
            Answer::Ordering(texts) => (1..=RESPONSES_MAX).contains(&texts.len()),
        };
        (1..=RESPONSES_MAX).contains(&question.parts.len())
            && question.figures.len() <= FIGURES_MAX
            && question.difficulty.is_none_or(|level| (1..=5).contains(&level))
            && amount(question.minutes)
            && question.parts.iter().all(|part| amount(part.points) && answer(&part.answer))
    }

    /// The index of an exam in the bank, which is added if it is new.
    pub(crate) fn put_exam(bank: &mut Bank, exam: Exam) -> usize {
        bank.exams.iter().position(|known| *known == exam).unwrap_or_else(|| {
            bank.exams.push(exam);
            bank.exams.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_indentation_do_not_change_the_digest() {
        assert_eq!(digest("<a>\n <b/>\n</a>"), digest("<a><b/>\r\n</a>"));
        assert_ne!(digest("<a>1</a>"), digest("<a>2</a>"));
        assert_eq!(digest("").len(), 32);
    }
}
