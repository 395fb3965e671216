//! Tokens in the links of mails: `pm_` and a [`UserSecret`].
//!
//! The secret is derived from the mail's id with a key that only the sender of mail has: HMAC-SHA256(key, purpose ‖ id).
//! So it is stored nowhere.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::MailId;
use crate::domain::account::token::{TokenHash, UserSecret};
use crate::domain::id::UserId;
use crate::domain::schema::{has_schema, text};
use crate::domain::time::DAY_SECONDS;

const PREFIX: &str = "pm_";

/// What a token permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To confirm an address.
    Verify,
    /// To set a new password.
    Reset,
    /// To give an account another address.
    ConfirmEmail,
    /// To give an account its former address back.
    UndoEmail,
    /// To turn optional notices off. It does not change from mail to mail, so that an old mail's link works, too.
    Unsubscribe,
}

impl LinkPurpose {
    /// Its name in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::ConfirmEmail => "confirm_email",
            Self::UndoEmail => "undo_email",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    /// Whether a change of the password voids a token that was sent before it.
    #[must_use]
    pub const fn ends_with_the_password(self) -> bool {
        matches!(self, Self::Reset)
    }

    /// Seconds for which a token is valid, from the request for it.
    #[must_use]
    pub const fn ttl_seconds(self) -> i64 {
        match self {
            Self::Verify | Self::UndoEmail => 7 * DAY_SECONDS,
            Self::ConfirmEmail => DAY_SECONDS,
            Self::Reset => 30 * 60,
            Self::Unsubscribe => 400 * DAY_SECONDS,
        }
    }
}

/// The key that tokens are derived with.
#[derive(Clone)]
pub struct MailKey(Vec<u8>);

impl MailKey {
    /// Least length in bytes.
    pub const BYTES_MIN: usize = 32;

    /// The key; `None` if it is too short.
    #[must_use]
    pub fn new(secret: &str) -> Option<Self> {
        (secret.len() >= Self::BYTES_MIN).then(|| Self(secret.as_bytes().to_vec()))
    }
}

impl fmt::Debug for MailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailKey(redacted)")
    }
}

/// A token in clear. It appears in one mail and in the request that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkToken(UserSecret);

/// The text is not a token of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the token of a mail")]
pub struct InvalidLinkToken;

impl LinkToken {
    /// The token of the mail `id` to `user_id`; that of [`LinkPurpose::Unsubscribe`] depends on the user alone. `None` never occurs: HMAC takes keys of every length.
    #[must_use]
    pub fn derive(key: &MailKey, purpose: LinkPurpose, id: MailId, user_id: UserId) -> Option<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).ok()?;
        mac.update(purpose.as_str().as_bytes());
        mac.update(b"\0");
        mac.update(if purpose == LinkPurpose::Unsubscribe { user_id.0.as_bytes() } else { id.0.as_bytes() });
        Some(Self(UserSecret::new(user_id, mac.finalize().into_bytes().into())))
    }

    /// Parses a token. Only the canonical text is accepted.
    ///
    /// # Errors
    /// When the text was not made by [`LinkToken::reveal`].
    pub fn parse(text: &str) -> Result<Self, InvalidLinkToken> {
        UserSecret::parse(PREFIX, text).map(Self).ok_or(InvalidLinkToken)
    }

    /// The user id in the token. It is not verified until the hash is found at that user.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.0.user_id()
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }

    /// The token as text, for the mail.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.reveal(PREFIX)
    }
}

/// The token of a request, as typed: any text, so that a damaged link gets the same error as an old one.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub struct TypedToken(String);

has_schema!(
    TypedToken,
    text(1, 1_000).pattern(Some(r"\S")).examples([format!("{PREFIX}{}", "A".repeat(UserSecret::CHARS))])
);

impl TypedToken {
    /// The token, if the text is one.
    ///
    /// # Errors
    /// As [`LinkToken::parse`].
    pub fn parsed(&self) -> Result<LinkToken, InvalidLinkToken> {
        LinkToken::parse(self.0.trim())
    }
}

impl fmt::Debug for TypedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::account::token::SECRET_BYTES;

    const USER: UserId = UserId(Uuid::from_u128(7));

    fn token(key: &str, purpose: LinkPurpose, id: u128) -> LinkToken {
        LinkToken::derive(&MailKey::new(key).unwrap(), purpose, MailId(Uuid::from_u128(id)), USER).unwrap()
    }

    #[test]
    fn a_token_depends_on_key_purpose_and_mail_and_reads_back() {
        let (key, other) = ("k".repeat(32), "l".repeat(32));
        let one = token(&key, LinkPurpose::Reset, 1);
        assert_eq!(one, token(&key, LinkPurpose::Reset, 1));
        for different in [
            token(&key, LinkPurpose::Reset, 2),
            token(&key, LinkPurpose::Verify, 1),
            token(&other, LinkPurpose::Reset, 1),
        ] {
            assert_ne!(one.hash(), different.hash());
        }
        let shown = one.reveal();
        assert_eq!((shown.len(), LinkToken::parse(&shown)), (PREFIX.len() + UserSecret::CHARS, Ok(one.clone())));
        assert!(!format!("{one:?}").contains(&shown[20..]));
        for odd in ["", "pm_", &shown[1..], &format!("{shown}A"), &shown.replace("pm_", "pp_"), &format!("{shown}=")] {
            assert_eq!(LinkToken::parse(odd), Err(InvalidLinkToken), "{odd}");
        }
    }

    #[test]
    fn a_token_to_unsubscribe_is_the_same_in_each_mail_to_a_user() {
        let key = "k".repeat(32);
        let one = token(&key, LinkPurpose::Unsubscribe, 1);
        assert_eq!(one, token(&key, LinkPurpose::Unsubscribe, 2));
        let other = UserId(Uuid::from_u128(8));
        let id = MailId(Uuid::from_u128(1));
        let other = LinkToken::derive(&MailKey::new(&key).unwrap(), LinkPurpose::Unsubscribe, id, other).unwrap();
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn a_short_key_is_no_key() {
        assert!(MailKey::new(&"k".repeat(31)).is_none());
        assert!(!format!("{:?}", MailKey::new(&"k".repeat(32))).contains("kk"));
    }

    /// HMAC of the documented bytes, computed with Python's `hmac`.
    #[test]
    fn the_derivation_is_the_documented_one() {
        let derived = token("0123456789abcdef0123456789abcdef", LinkPurpose::Reset, 1);
        let secret: [u8; SECRET_BYTES] = hex::decode(EXPECTED).unwrap().try_into().unwrap();
        assert_eq!(derived.0, UserSecret::new(USER, secret));
    }

    const EXPECTED: &str = "92cd40e8e3ea8460224a6a29f8b6b99e543b9755d2cd2736cb43c3069d786c76";
}
