//! Challenges: what a sign-in with a right password gets where a second factor is asked for.
//!
//! A challenge is `pc_` and a [`UserSecret`]. It opens no session: it only says that the password was right.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::token::{SECRET_BYTES, TokenHash, UserSecret};
use crate::domain::id::UserId;
use crate::domain::schema::{has_schema, text};

const PREFIX: &str = "pc_";
/// How long a user may take to type a code.
pub const CHALLENGE_TTL_SECONDS: i64 = 5 * 60;

/// A challenge in clear. It appears in one response and in the requests that answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(UserSecret);

/// A challenge as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChallenge {
    /// The session epoch of the account when the password was checked. A new password voids the challenge.
    pub epoch: u32,
    /// In epoch seconds. DynamoDB's TTL deletes it some time later, so readers must compare.
    pub expires_at: i64,
    /// Whether the session that answers it is told to the address of the account.
    #[serde(default)]
    pub tells_of_sign_in: bool,
}

impl Challenge {
    /// A challenge for `user_id`.
    #[must_use]
    pub fn new(user_id: UserId, secret: [u8; SECRET_BYTES]) -> Self {
        Self(UserSecret::new(user_id, secret))
    }

    /// The user id in it. It is not verified until the hash is found at that user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.0.user_id()
    }

    /// The hash under which it is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }

    /// The challenge as text, sent once.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.reveal(PREFIX)
    }

    /// Reads a challenge. Only the canonical text is accepted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        UserSecret::parse(PREFIX, text).map(Self)
    }
}

/// A challenge as typed: any text, so that a damaged one gets the same error as an old one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct TypedChallenge(String);

has_schema!(
    TypedChallenge,
    text(1, 1_000).pattern(Some(r"\S")).examples([format!("{PREFIX}{}", "A".repeat(UserSecret::CHARS))])
);

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
    use uuid::Uuid;

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
