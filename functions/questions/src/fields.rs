//! Fields of this group's requests, with their bounds.

use serde::Deserialize;
use shared::domain::credits::BUNDLE_QUESTIONS;

/// 1 (easy) to 5.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Difficulty(pub(crate) u8);

impl TryFrom<i64> for Difficulty {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        let difficulty = u8::try_from(number).ok().filter(|difficulty| (1..=5).contains(difficulty));
        difficulty.map(Self).ok_or("must be a whole number from 1 to 5")
    }
}

/// How many questions: 1 to 20.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Count(pub(crate) usize);

impl TryFrom<i64> for Count {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        let count = usize::try_from(number).ok().filter(|count| (1..=20).contains(count));
        count.map(Self).ok_or("must be a whole number from 1 to 20")
    }
}

/// How many questions of a bundle: 1 to 3.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct BundleCount(pub(crate) usize);

impl TryFrom<i64> for BundleCount {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        let count = usize::try_from(number).ok().filter(|count| (1..=BUNDLE_QUESTIONS).contains(count));
        count.map(Self).ok_or("must be a whole number from 1 to 3")
    }
}

/// Seconds spent on an attempt: at most a day.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Seconds(pub(crate) u32);

impl TryFrom<i64> for Seconds {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        let seconds = u32::try_from(number).ok().filter(|seconds| *seconds <= 86_400);
        seconds.map(Self).ok_or("must be a whole number from 0 to 86400")
    }
}

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

/// The name of a technique.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Technique(pub(crate) String);

impl TryFrom<String> for Technique {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() || text.chars().count() > 100 {
            return Err("must be a technique of 1 to 100 characters");
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// A list of at most 50.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> TryFrom<Vec<T>> for List<T> {
    type Error = &'static str;

    fn try_from(list: Vec<T>) -> Result<Self, Self::Error> {
        if list.len() > 50 { Err("must have at most 50 entries") } else { Ok(Self(list)) }
    }
}
