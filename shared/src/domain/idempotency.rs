//! `Idempotency-Key`: a request that is repeated with the same key gets the same response and is charged once.
//!
//! The record is written in the same transaction as the change, so one never exists without the other. It states what was
//! delivered; a request that changed nothing has no record. Records are kept for a day.

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
use crate::domain::catalog::version::first_version;
use crate::domain::study::attempt::GradedBy;
use crate::domain::study::marking::PartMark;

/// Longest key in characters.
pub const KEY_CHARS_MAX: usize = 255;
/// Time for which a record can be replayed.
pub const RECORD_TTL_SECONDS: i64 = DAY_SECONDS;

/// An idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IdempotencyKey(String);

has_schema!(IdempotencyKey, text(1, KEY_CHARS_MAX).pattern(Some("^[ -~]+$")).examples(["5f1c0d52-practice-1"]));

/// Why a text is not a valid key.
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

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        Self::try_from(text.as_str())
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

/// Hash of a request: its path and its body in canonical form, independent of the order and spacing of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a body sent to a path. Records are stored per user, so the user is not part of it.
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

/// An idempotent request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The client's key; `None` if every request is new.
    pub key: Option<IdempotencyKey>,
    pub fingerprint: Fingerprint,
}

/// The key was used for another request, with another path or body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key was used for another request")]
pub struct KeyReused;

/// Result of a request with a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub fingerprint: Fingerprint,
    /// What was delivered.
    pub outcome: Outcome,
    pub created_at: Timestamp,
    /// Expiry in epoch seconds.
    pub expires_at: i64,
}

/// What was delivered, as needed to replay the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    Questions {
        /// In the order of the response.
        question_ids: Vec<QuestionId>,
        credits_deducted: Credits,
        /// Balance afterwards.
        credits: Credits,
    },
    Midterm {
        midterm_id: MidtermId,
        credits_deducted: Credits,
        /// Balance afterwards.
        credits: Credits,
    },
    Attempt {
        /// Whether the answer was correct.
        correct: bool,
        /// Who decided.
        graded_by: GradedBy,
        /// Attempts on the question, this one included.
        attempts: u32,
        /// Correct attempts on the question.
        correct_attempts: u32,
        /// Mastery of the topic afterwards.
        #[serde(default)]
        mastery: Option<TopicMasteryView>,
        /// Share of the points. `None` in records from before there were scores.
        #[serde(default)]
        score: Option<f64>,
        /// The marks of the parts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<PartMark>,
        /// Version of the question.
        #[serde(default = "first_version")]
        version: u32,
    },
}

impl Record {
    /// Creates the record of a change made at `now`.
    #[must_use]
    pub fn new(fingerprint: Fingerprint, outcome: Outcome, now: Timestamp) -> Self {
        let expires_at = plus_seconds(now, RECORD_TTL_SECONDS).as_second();
        Self { fingerprint, outcome, created_at: now, expires_at }
    }

    /// What was delivered, if the record belongs to this request.
    ///
    /// # Errors
    /// [`KeyReused`] if the key was used for another request.
    pub fn outcome_of(self, intent: &Intent) -> Result<Outcome, KeyReused> {
        if self.fingerprint == intent.fingerprint { Ok(self.outcome) } else { Err(KeyReused) }
    }

    /// Whether it can still be replayed.
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
    fn a_fingerprint_ignores_the_order_and_spacing_of_members() {
        let read = |text: &str| Fingerprint::of("/p", &serde_json::from_str(text).unwrap());
        assert_eq!(read(r#"{"a": 1, "b": [2]}"#), read(r#"{"b":[2],"a":1}"#));
        assert_ne!(read(r#"{"a": 1}"#), read(r#"{"a": 2}"#));
        assert_ne!(Fingerprint::of("/p", &json!({})), Fingerprint::of("/q", &json!({})));
    }
}
