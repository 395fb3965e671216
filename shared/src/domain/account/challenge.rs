//! Challenges: what a sign-in with a right password gets where a second factor is asked for.
//!
//! A challenge is `pc_` + base64url(16-byte user id ‖ 32-byte random secret). It opens no session: it only says that the
//! password was right. Only SHA-256(secret) is stored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::token::{SECRET_BYTES, TokenHash};
use crate::domain::id::UserId;
use crate::domain::schema::{has_schema, text};

const PREFIX: &str = "pc_";
const USER_ID_BYTES: usize = 16;
/// How long a user may take to type a code.
pub const CHALLENGE_TTL_SECONDS: i64 = 5 * 60;

/// A challenge in clear. It appears in one response and in the requests that answer it.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    user_id: UserId,
    secret: [u8; SECRET_BYTES],
}

/// A challenge as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChallenge {
    /// The session epoch of the account when the password was checked. A new password voids the challenge.
    pub epoch: u32,
    /// In epoch seconds. DynamoDB's TTL deletes it some time later, so readers must compare.
    pub expires_at: i64,
}

impl Challenge {
    /// A challenge for `user_id`.
    #[must_use]
    pub fn new(user_id: UserId, secret: [u8; SECRET_BYTES]) -> Self {
        Self { user_id, secret }
    }

    /// The user id in it. It is not verified until the hash is found at that user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The hash under which it is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::stored(&hex::encode(Sha256::digest(self.secret)))
    }

    /// The challenge as text, sent once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([self.user_id.0.as_bytes().as_slice(), &self.secret].concat()))
    }

    /// Reads a challenge. Only the canonical text is accepted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (id, secret) = bytes.split_at_checked(USER_ID_BYTES)?;
        Some(Self { user_id: UserId(Uuid::from_slice(id).ok()?), secret: secret.try_into().ok()? })
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge(of {}, secret redacted)", self.user_id)
    }
}

/// A challenge as typed: any text, so that a damaged one gets the same error as an old one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct TypedChallenge(String);

has_schema!(TypedChallenge, text(1, 1_000).pattern(Some(r"\S")).examples([format!("{PREFIX}{}", "A".repeat(64))]));

impl TypedChallenge {
    /// The challenge, if the text is one.
    #[must_use]
    pub fn parsed(&self) -> Option<Challenge> {
        Challenge::parse(self.0.trim())
    }
}

impl fmt::Debug for TypedChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedChallenge(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_reads_back_and_is_neither_printed_nor_a_session() {
        let challenge = Challenge::new(UserId(Uuid::from_u128(7)), [2; SECRET_BYTES]);
        let shown = challenge.reveal();
        assert_eq!(Challenge::parse(&shown), Some(challenge.clone()));
        assert!(!format!("{challenge:?}").contains(&shown[30..]) && !challenge.hash().as_str().contains("0202"));
        assert!(crate::domain::account::token::SessionToken::parse(&shown).is_err());
        for odd in ["", "pc_", &shown[1..], &format!("{shown}A"), &format!("{shown}="), &shown.replace("pc_", "pp_")] {
            assert_eq!(Challenge::parse(odd), None, "{odd}");
        }
    }
}
