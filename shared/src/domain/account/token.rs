//! Tokens that name their user: session tokens here, tokens in links of mails and challenges of a sign-in elsewhere.
//!
//! The text of each is a prefix and base64url(16-byte user id ‖ 32-byte secret), without padding. The user id is in it, so
//! that what belongs to the token and the profile are read in parallel. Only SHA-256(secret) is stored: read access to the
//! table is not enough to use a token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::id::UserId;

/// Bytes of a token's secret.
pub const SECRET_BYTES: usize = 32;

const PREFIX: &str = "pp_";
const USER_ID_BYTES: usize = 16;
const TOKEN_BYTES: usize = USER_ID_BYTES + SECRET_BYTES;

/// A user id and a secret: what a token in clear consists of.
#[derive(Clone, PartialEq, Eq)]
pub struct UserSecret {
    user_id: UserId,
    secret: [u8; SECRET_BYTES],
}

/// A session token in clear: `pp_` and a [`UserSecret`]. It appears in one response and in the requests that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionToken(UserSecret);

/// SHA-256 of a token's secret, in hex. This is what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

/// The text is not a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session token")]
pub struct InvalidToken;

impl UserSecret {
    /// Characters of its text after the prefix.
    pub const CHARS: usize = TOKEN_BYTES / 3 * 4;

    /// A secret of `user_id`.
    #[must_use]
    pub fn new(user_id: UserId, secret: [u8; SECRET_BYTES]) -> Self {
        Self { user_id, secret }
    }

    /// Parses the text with this prefix. If several texts decode to the same bytes, only the canonical one is accepted.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?;
        let (id, secret) = bytes.split_at_checked(USER_ID_BYTES)?;
        Some(Self { user_id: UserId(Uuid::from_slice(id).ok()?), secret: secret.try_into().ok()? })
    }

    /// The user id. It is not verified until the hash is found at that user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The hash of the secret, which is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(hex::encode(Sha256::digest(self.secret)))
    }

    /// The text, with this prefix.
    #[must_use]
    pub fn reveal(&self, prefix: &str) -> String {
        let bytes = [self.user_id.0.as_bytes().as_slice(), &self.secret].concat();
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl fmt::Debug for UserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of {}, secret redacted", self.user_id)
    }
}

impl SessionToken {
    /// A token for `user_id` with a fresh secret.
    #[must_use]
    pub fn new(user_id: UserId, secret: [u8; SECRET_BYTES]) -> Self {
        Self(UserSecret::new(user_id, secret))
    }

    /// Parses a token.
    ///
    /// # Errors
    /// When the text was not made by [`SessionToken::reveal`].
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        UserSecret::parse(PREFIX, text).map(Self).ok_or(InvalidToken)
    }

    /// The user id in the token. It is not verified until the hash is found in that user's sessions.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.0.user_id()
    }

    /// The hash under which the session is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }

    /// The token as text, sent to the user once.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.reveal(PREFIX)
    }
}

impl TokenHash {
    /// A hash read from the table.
    #[must_use]
    pub fn stored(hex: &str) -> Self {
        Self(hex.to_owned())
    }

    /// The hash in hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> SessionToken {
        SessionToken::new(UserId(Uuid::from_bytes([1; 16])), [2; SECRET_BYTES])
    }

    #[test]
    fn a_token_reads_back_and_is_64_characters_of_base64url() {
        let text = token().reveal();
        assert_eq!(text.len(), PREFIX.len() + 64);
        assert_eq!(SessionToken::parse(&text), Ok(token()));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = token().reveal();
        let cases = [
            String::new(),
            "pp_".into(),
            good.replace("pp_", "PP_"),
            good.replace("pp_", ""),
            format!("{good}="),
            format!("{good}A"),
            format!(" {good}"),
            good[..good.len() - 1].into(),
            good.replace('A', "+"),
            "pp_é".into(),
        ];
        for text in cases {
            assert_eq!(SessionToken::parse(&text), Err(InvalidToken), "{text:?}");
        }
    }

    #[test]
    fn the_secret_is_neither_printed_nor_stored() {
        let secret = hex::encode([2; SECRET_BYTES]);
        assert!(!format!("{:?}", token()).contains(&secret));
        assert_ne!(token().hash().as_str(), secret);
        assert_eq!(token().hash().as_str().len(), 64);
    }
}
