//! Fields of this group's requests, with their bounds.

use serde::Deserialize;

/// What a student typed: at most 500 characters.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Answer(pub(crate) String);

impl TryFrom<String> for Answer {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.chars().count() > 500 { Err("must be at most 500 characters long") } else { Ok(Self(text)) }
    }
}
