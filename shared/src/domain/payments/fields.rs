//! Reading single fields of a JSON value. Errors name the field, but never quote its value.

use serde_json::Value;

use super::event::EventError;

/// Longest id; Stripe allows for 255.
const MAX_ID_BYTES: usize = 255;

/// A value and its place in the body, as a JSON pointer.
#[derive(Clone, Copy)]
pub(super) struct JsonNode<'a> {
    value: &'a Value,
    base: &'static str,
}

impl<'a> JsonNode<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, base: "" }
    }

    /// The node at `base`, which must be an object.
    pub(super) fn object(self, base: &'static str) -> Result<Self, EventError> {
        let value = self.some(base).ok_or(EventError::Missing(self.base, base))?;
        if value.is_object() { Ok(Self { value, base }) } else { Err(EventError::Invalid(self.base, base)) }
    }

    /// The elements of a list; errors use `base` for each of them.
    pub(super) fn list(self, at: &'static str, base: &'static str) -> Result<Vec<Self>, EventError> {
        let Some(value) = self.some(at) else { return Ok(Vec::new()) };
        let elements = value.as_array().ok_or(EventError::Invalid(self.base, at))?;
        Ok(elements.iter().map(|value| Self { value, base }).collect())
    }

    pub(super) fn missing(self, at: &'static str) -> EventError {
        EventError::Missing(self.base, at)
    }

    pub(super) fn text(self, at: &'static str) -> Result<&'a str, EventError> {
        self.optional_text(at)?.ok_or(self.missing(at))
    }

    pub(super) fn optional_text(self, at: &'static str) -> Result<Option<&'a str>, EventError> {
        self.some(at).map(|value| value.as_str().ok_or(EventError::Invalid(self.base, at))).transpose()
    }

    pub(super) fn id(self, at: &'static str) -> Result<String, EventError> {
        self.optional_id(at)?.ok_or(self.missing(at))
    }

    /// An id, or the id of an expanded object.
    pub(super) fn optional_id(self, at: &'static str) -> Result<Option<String>, EventError> {
        let Some(value) = self.some(at) else { return Ok(None) };
        let id = value.as_str().or_else(|| value.get("id").and_then(Value::as_str));
        let fits =
            |id: &&str| !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
        id.filter(fits).map(|id| Some(id.to_owned())).ok_or(EventError::Invalid(self.base, at))
    }

    /// The first id found at these paths.
    pub(super) fn first_id(self, places: &[&'static str]) -> Result<Option<String>, EventError> {
        for at in places {
            if let Some(id) = self.optional_id(at)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The first id of a user of ours. Other businesses on the account may use these fields, so any other text is
    /// ignored.
    pub(super) fn first_user(self, places: &[&str]) -> Option<String> {
        let texts = places.iter().filter_map(|at| self.some(at)?.as_str());
        texts.filter(|text| text.parse::<uuid::Uuid>().is_ok()).map(str::to_owned).next()
    }

    /// An amount of money, in the smallest unit.
    pub(super) fn amount(self, at: &'static str) -> Result<u64, EventError> {
        self.optional_amount(at)?.ok_or(self.missing(at))
    }

    pub(super) fn optional_amount(self, at: &'static str) -> Result<Option<u64>, EventError> {
        self.some(at).map(|value| value.as_u64().ok_or(EventError::Invalid(self.base, at))).transpose()
    }

    /// An amount that may be negative, as that of a line which credits unused time.
    pub(super) fn optional_signed_amount(self, at: &'static str) -> Result<Option<i64>, EventError> {
        self.some(at).map(|value| value.as_i64().ok_or(EventError::Invalid(self.base, at))).transpose()
    }

    /// Whether something is there.
    pub(super) fn has(self, at: &'static str) -> bool {
        self.some(at).is_some()
    }

    /// A time in epoch seconds.
    pub(super) fn seconds(self, at: &'static str) -> Result<i64, EventError> {
        self.optional_seconds(at)?.ok_or(self.missing(at))
    }

    pub(super) fn optional_seconds(self, at: &'static str) -> Result<Option<i64>, EventError> {
        // At most `Timestamp::MAX`.
        let fits = |seconds: &i64| (0..=253_402_207_200).contains(seconds);
        self.some(at).map(|value| value.as_i64().filter(fits).ok_or(EventError::Invalid(self.base, at))).transpose()
    }

    /// A flag; `false` if absent.
    pub(super) fn flag(self, at: &'static str) -> Result<bool, EventError> {
        self.some(at).map_or(Ok(false), |value| value.as_bool().ok_or(EventError::Invalid(self.base, at)))
    }

    fn some(self, at: &str) -> Option<&'a Value> {
        self.value.pointer(at).filter(|value| !value.is_null())
    }
}
