//! Request fields of this group, with their limits.

use serde::Deserialize;
use shared::domain::schema::{has_schema, text};

/// Maximum length of an [`AnswerText`], in characters.
const ANSWER_CHARS_MAX: usize = 500;

/// The student's answer: at most 500 characters.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AnswerText(pub(crate) String);

has_schema!(AnswerText as Answer, text(0, ANSWER_CHARS_MAX).examples([r"-2\pi"]));

impl TryFrom<String> for AnswerText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.chars().count() > ANSWER_CHARS_MAX {
            Err("must be at most 500 characters long")
        } else {
            Ok(Self(text))
        }
    }
}
