//! `Idempotency-Key`: the same key and request get the same answer and are charged once.
//!
//! The record is written in the transaction of what it stands for, so there is no time between the two. It says what
//! was delivered; a request that moved nothing leaves none. A record is kept for a day.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::credits::Credits;
use super::id::QuestionId;
use super::midterm::MidtermId;
use super::schema::{has_schema, text};
use super::study::TopicMasteryView;
use super::time::{DAY_SECONDS, plus_seconds};
use crate::domain::study::attempt::GradedBy;

/// Longest key in characters.
pub const KEY_CHARS_MAX: usize = 255;
/// How long a record answers for its request.
pub const RECORD_TTL_SECONDS: i64 = DAY_SECONDS;

/// A client's name for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

has_schema!(IdempotencyKey, text(1, KEY_CHARS_MAX).pattern(Some("^[ -~]+$")).examples(["5f1c0d52-practice-1"]));

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 printable ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// The text as sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for IdempotencyKey {
    type Error = InvalidKey;

    fn try_from(text: &str) -> Result<Self, InvalidKey> {
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let fits = (1..=KEY_CHARS_MAX).contains(&text.len());
        if fits && is_printable { Ok(Self(text.to_owned())) } else { Err(InvalidKey) }
    }
}

/// What a request asks, by hash: its path and its body in canonical form, whatever the order and spacing of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a body sent to a path. Records are kept by user, who therefore need not be part of it.
    #[must_use]
    pub fn of(path: &str, body: &Value) -> Self {
        // Members of a `Value` are sorted by name.
        let mut hash = Sha256::new();
        hash.update(path);
        hash.update([0]);
        hash.update(body.to_string());
        Self(hex::encode(hash.finalize()))
    }
}

/// A request that wants to happen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The client's key; without one, every request is new.
    pub key: Option<IdempotencyKey>,
    /// What it asks.
    pub fingerprint: Fingerprint,
}

/// What a request with a key did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Of the request.
    pub fingerprint: Fingerprint,
    /// What was delivered.
    pub outcome: Outcome,
    /// When.
    pub created_at: Timestamp,
    /// When it stops answering, in epoch seconds.
    pub expires_at: i64,
}

/// What was delivered, as far as the answer needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// Questions were paid for.
    Questions {
        /// In the order of the answer.
        question_ids: Vec<QuestionId>,
        /// What they cost.
        credits_deducted: Credits,
        /// The balance after it.
        credits: Credits,
    },
    /// A midterm was paid for.
    Midterm {
        /// The midterm.
        midterm_id: MidtermId,
        /// What it cost.
        credits_deducted: Credits,
        /// The balance after it.
        credits: Credits,
    },
    /// An attempt was marked.
    Attempt {
        /// The verdict.
        correct: bool,
        /// Whose verdict.
        graded_by: GradedBy,
        /// Attempts on the question, this one included.
        attempts: u32,
        /// Right ones among them.
        correct_attempts: u32,
        /// The topic after it.
        #[serde(default)]
        mastery: Option<TopicMasteryView>,
    },
}

impl Record {
    /// The record of what was done now.
    #[must_use]
    pub fn new(fingerprint: Fingerprint, outcome: Outcome, now: Timestamp) -> Self {
        let expires_at = plus_seconds(now, RECORD_TTL_SECONDS).as_second();
        Self { fingerprint, outcome, created_at: now, expires_at }
    }

    /// Whether it still answers.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.as_second() < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_255_printable_characters() {
        for good in ["a", "3f8b…".trim_end_matches('…'), &"x".repeat(255), " ~"] {
            assert!(IdempotencyKey::try_from(good).is_ok(), "{good}");
        }
        for bad in ["", &"x".repeat(256), "é", "a\tb", "\u{7f}"] {
            assert!(IdempotencyKey::try_from(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_fingerprint_is_of_the_meaning_not_the_writing() {
        let read = |text: &str| Fingerprint::of("/p", &serde_json::from_str(text).unwrap());
        assert_eq!(read(r#"{"a": 1, "b": [2]}"#), read(r#"{"b":[2],"a":1}"#));
        assert_ne!(read(r#"{"a": 1}"#), read(r#"{"a": 2}"#));
        assert_ne!(Fingerprint::of("/p", &json!({})), Fingerprint::of("/q", &json!({})));
    }
}
