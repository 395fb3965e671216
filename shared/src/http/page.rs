//! Pagination: the page size and the cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;
use uuid::Uuid;

use super::body::Body;
use super::fields::whole_within;
use super::problem::Problem;
use crate::domain::schema::{has_schema, text, whole};
use crate::store::Page;

/// Default page size.
const LIMIT_DEFAULT: usize = 20;
/// Entries of a page at most.
const LIMIT_MAX: u32 = 100;
/// Longest cursor in characters.
const CURSOR_CHARS_MAX: usize = 512;

/// How many entries a page holds: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(usize);

has_schema!(Limit, whole(1, LIMIT_MAX.into()).default(Some(LIMIT_DEFAULT.into())));

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

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = whole_within(deserializer, 1, LIMIT_MAX.into())?;
        usize::try_from(limit).map(Self).map_err(D::Error::custom)
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

/// The query of a list whose rows have UUIDs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

impl Body for PageQuery {
    const REQUIRED: &'static [&'static str] = &[];
}

impl PageQuery {
    /// Number of rows on the page.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or_default().get()
    }

    /// Id of the row that the page follows; `None` for the first page.
    ///
    /// # Errors
    /// 422 if the cursor holds no id.
    pub fn before(&self) -> Result<Option<Uuid>, Problem> {
        let id = self.cursor.as_ref().map(|cursor| Uuid::try_parse(cursor.place())).transpose();
        id.map_err(|_| Problem::invalid_field("cursor", "must be the `next_cursor` of an earlier page"))
    }
}

/// The `next_cursor` of `page`; `None` on the last page.
#[must_use]
pub fn next_cursor<T>(page: &Page<T>, id: impl FnOnce(&T) -> Uuid) -> Option<String> {
    let last = page.items.last().filter(|_| page.has_more);
    last.map(|row| Cursor::encode(&id(row).to_string()))
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
        let limit = |number: i64| serde_json::from_value::<Limit>(number.into());
        assert!(limit(1).is_ok() && limit(100).is_ok());
        assert!(limit(0).is_err() && limit(101).is_err() && limit(-5).is_err());
    }
}
