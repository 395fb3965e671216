//! Identifiers. Catalogue ids are text as imported (`calc2`); user ids are UUIDs.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::schema::{has_schema, text};

/// Longest catalogue id in bytes. `DynamoDB` allows 1,024 for a sort key, which may hold three of them.
pub const ID_BYTES_MAX: usize = 128;

/// The pattern that [`check`] accepts, without the bound on bytes.
const ID_PATTERN: &str =
    r"^[^#\u0000-\u001f\u007f-\u009f]*[^#\s\u0000-\u001f\u007f-\u009f][^#\u0000-\u001f\u007f-\u009f]*$";

/// Why a text is not a catalogue id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 bytes without control characters or '#'")]
pub struct InvalidId;

/// `#` separates the parts of a key, so it is not allowed in a part. NUL is not allowed either.
fn check(text: String) -> Result<String, InvalidId> {
    let usable =
        !text.trim().is_empty() && text.len() <= ID_BYTES_MAX && !text.chars().any(|c| c == '#' || c.is_control());
    if usable { Ok(text) } else { Err(InvalidId) }
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident = $example:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        has_schema!(
            $name,
            text(1, ID_BYTES_MAX)
                .pattern(Some(ID_PATTERN))
                .description(Some("At most 128 bytes in UTF-8."))
                .examples([$example])
        );

        impl $name {
            /// The text as imported.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                check(text).map(Self)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;
            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_id! {
    /// A course, such as `calc2`.
    CourseId = "calc2",
    /// A past exam of a course.
    ExamId = "calc2-2018-fall-final",
    /// A topic of a course.
    TopicId = "calc2-by-parts",
    /// A recurring form of question within a topic.
    PatternId = "calc2-by-parts-cyclic",
    /// A question of a course.
    QuestionId = "calc2-2018-fall-final-q1",
}

/// Id of a user: a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct UserId(pub Uuid);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Id of a ledger entry: a UUID version 7, so that entries sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct EntryId(pub Uuid);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_text_that_fits_a_key() {
        for good in ["calc2", "Calc II", "ünï", &"x".repeat(ID_BYTES_MAX)] {
            assert!(CourseId::try_from(good).is_ok(), "{good}");
        }
        for bad in ["", "  ", "a#b", "a\0b", "a\nb", &"x".repeat(ID_BYTES_MAX + 1)] {
            assert!(CourseId::try_from(bad).is_err(), "{bad:?}");
        }
    }
}
