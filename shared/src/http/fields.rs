//! Types of request fields, with their bounds.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::schema::{has_schema, text, whole};

/// 2^53: an `f64` represents every smaller integer exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// Maximum entries of a [`List`].
const ENTRIES_MAX: usize = 50;
/// Maximum characters of a [`Technique`].
const TECHNIQUE_CHARS_MAX: usize = 100;

/// A whole number. JSON may also write it as `2.0`.
#[derive(Clone, Copy)]
struct WholeNumber(i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = WholeNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("i64")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<WholeNumber, E> {
        Ok(WholeNumber(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<WholeNumber, E> {
        // A larger number exceeds every bound anyway.
        Ok(WholeNumber(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<WholeNumber, E> {
        if number.fract() == 0.0 && number.abs() < EXACT_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
            return Ok(WholeNumber(number as i64));
        }
        Err(E::invalid_type(Unexpected::Float(number), &self))
    }
}

/// Reads a whole number from `min` to `max`; every refusal says so, whether the value has another type, a fraction or is too
/// large for 64 bits.
///
/// # Errors If the value is not such a number.
pub fn whole_within<'de, D: Deserializer<'de>>(deserializer: D, min: i64, max: i64) -> Result<i64, D::Error> {
    let number = WholeNumber::deserialize(deserializer).ok().map(|WholeNumber(number)| number);
    let fitting = number.filter(|number| (min..=max).contains(number));
    fitting.ok_or_else(|| D::Error::custom(format!("must be a whole number from {min} to {max}")))
}

/// Reads a year of an optional filter.
///
/// # Errors If the value is not a 32-bit integer.
pub fn year<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let year = whole_within(deserializer, i32::MIN.into(), i32::MAX.into())?;
    i32::try_from(year).map(Some).map_err(D::Error::custom)
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> PartialSchema for Whole<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        whole(MIN.into(), MAX.into()).into()
    }
}

impl<const MIN: u32, const MAX: u32> ToSchema for Whole<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("WholeFrom{MIN}To{MAX}"))
    }
}

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// Returns the number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The number, as a count.
    #[must_use]
    pub fn count(self) -> usize {
        self.0 as usize
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole_within(deserializer, MIN.into(), MAX.into())?;
        u32::try_from(number).map(Self).map_err(D::Error::custom)
    }
}

/// 1 (easy) to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difficulty(pub u8);

has_schema!(Difficulty, whole(1, 5));

impl<'de> Deserialize<'de> for Difficulty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole_within(deserializer, 1, 5)?;
        u8::try_from(number).map(Self).map_err(D::Error::custom)
    }
}

/// Name of a technique.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Technique(pub String);

has_schema!(Technique, text(1, TECHNIQUE_CHARS_MAX).pattern(Some(r"\S")).examples(["integration by parts"]));

impl TryFrom<String> for Technique {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() || text.chars().count() > TECHNIQUE_CHARS_MAX {
            return Err("must be a technique of 1 to 100 characters");
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// Maximum length of an [`AnswerText`], in characters.
const ANSWER_CHARS_MAX: usize = 500;

/// The student's answer: at most 500 characters.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct AnswerText(pub String);

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

/// A list of at most 50 entries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub struct List<T>(pub Vec<T>);

impl<T> TryFrom<Vec<T>> for List<T> {
    type Error = &'static str;

    fn try_from(list: Vec<T>) -> Result<Self, Self::Error> {
        if list.len() > ENTRIES_MAX { Err("must have at most 50 entries") } else { Ok(Self(list)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_keep_their_bounds() {
        for (value, good) in
            [(json!(3), true), (json!(20), true), (json!(2), false), (json!(21), false), (json!(4.0), true)]
        {
            assert_eq!(serde_json::from_value::<Whole<3, 20>>(value).is_ok(), good);
        }
        for value in [json!(3.5), json!("3"), json!(-3), json!(1e10), json!(null)] {
            assert!(serde_json::from_value::<Whole<3, 20>>(value).is_err());
        }
    }
}
