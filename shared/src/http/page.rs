//! Pagination: the page size and the cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::domain::schema::{has_schema, text, whole};

/// Default page size.
const LIMIT_DEFAULT: usize = 20;
/// Maximum page size.
const LIMIT_MAX: usize = 100;
/// Maximum length of a cursor in characters.
const CURSOR_CHARS_MAX: usize = 512;

/// Page size: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Limit(usize);

has_schema!(Limit, whole(1, LIMIT_MAX as u64).default(Some(LIMIT_DEFAULT.into())));

impl Limit {
    /// Returns the page size.
    #[must_use]
    pub fn get(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl TryFrom<i64> for Limit {
    type Error = &'static str;

    fn try_from(limit: i64) -> Result<Self, Self::Error> {
        match usize::try_from(limit) {
            Ok(count) if (1..=LIMIT_MAX).contains(&count) => Ok(Self(count)),
            _ => Err("must be a whole number from 1 to 100"),
        }
    }
}

/// Position after a page. Opaque to clients; it encodes the position of the page's last entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Cursor(String);

has_schema!(Cursor, text(0, CURSOR_CHARS_MAX).pattern(Some("^[A-Za-z0-9_-]*$")));

impl Cursor {
    /// The decoded position.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0
    }

    /// Encodes a position as a cursor.
    #[must_use]
    pub fn encode(place: &str) -> String {
        URL_SAFE_NO_PAD.encode(place)
    }
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let decoded = (text.len() <= CURSOR_CHARS_MAX).then(|| URL_SAFE_NO_PAD.decode(&text).ok()).flatten();
        let place = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        place.map(Self).ok_or("must be the `next_cursor` of an earlier page")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let text = Cursor::encode("calc2-q7 é");
        assert_eq!(Cursor::try_from(text).unwrap().place(), "calc2-q7 é");
        for bad in ["=", "%%", "_w", &"A".repeat(600)] {
            assert!(Cursor::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_holds_1_to_100() {
        assert!(Limit::try_from(1).is_ok() && Limit::try_from(100).is_ok());
        assert!(Limit::try_from(0).is_err() && Limit::try_from(101).is_err() && Limit::try_from(-5).is_err());
    }
}
