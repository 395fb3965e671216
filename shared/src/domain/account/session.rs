//! Sessions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::account::token::TokenHash;
use crate::domain::id::UserId;
use crate::domain::schema::{has_schema, text};
use crate::domain::time::{DAY_SECONDS, plus_seconds};

/// Lifetime of a session from its start, used or not.
pub const SESSION_TTL_SECONDS: i64 = 7 * DAY_SECONDS;
/// Maximum number of active sessions per user. A new session ends the oldest ones above it.
pub const SESSIONS_MAX: usize = 20;
/// Hex characters of a session id: 128 bits of the hash, which do not reveal the secret.
const ID_CHARS: usize = 32;

/// Public id of a session: the first characters of its token hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(String);

impl SessionId {
    /// The id of the session stored under `hash`.
    #[must_use]
    pub fn of(hash: &TokenHash) -> Self {
        Self(hash.as_str().chars().take(ID_CHARS).collect())
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

has_schema!(SessionId, text(ID_CHARS, ID_CHARS).pattern(Some("^[0-9a-f]+$")));

impl TryFrom<String> for SessionId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_id = text.len() == ID_CHARS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_id { Ok(Self(text)) } else { Err("must be the id of a session") }
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

/// The sessions to end when one begins: the oldest in `live` above [`SESSIONS_MAX`]. `live` includes the new session,
/// whose hash is `new`.
#[must_use]
pub fn too_many(mut live: Vec<(TokenHash, Session)>, new: &TokenHash) -> Vec<TokenHash> {
    live.sort_by(|(a, older), (b, newer)| {
        // Never end the new session, even if another process with a clock that is ahead opened the others.
        (a == new, older.created_at, a.as_str()).cmp(&(b == new, newer.created_at, b.as_str()))
    });
    let excess = live.len().saturating_sub(SESSIONS_MAX);
    live.into_iter().take(excess).map(|(hash, _)| hash).collect()
}

/// A session, stored under its token's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user_id: UserId,
    pub created_at: Timestamp,
    /// When it ends, in epoch seconds. DynamoDB's TTL deletes it some time later, so readers must compare.
    pub expires_at: i64,
    /// The account's session epoch at the start. The session is invalid in any other epoch.
    #[serde(default)]
    pub epoch: u32,
}

impl Session {
    /// A session that starts now.
    #[must_use]
    pub fn open(user_id: UserId, epoch: u32, now: Timestamp) -> Self {
        Self { user_id, created_at: now, expires_at: plus_seconds(now, SESSION_TTL_SECONDS).as_second(), epoch }
    }

    /// Whether it has not expired.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.as_second() < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::account::token::{SECRET_BYTES, SessionToken};

    #[test]
    fn a_session_ends_after_seven_days_to_the_second() {
        let start = Timestamp::UNIX_EPOCH;
        let session = Session::open(UserId(Uuid::nil()), 0, start);
        assert!(session.is_live(plus_seconds(start, SESSION_TTL_SECONDS - 1)));
        assert!(!session.is_live(plus_seconds(start, SESSION_TTL_SECONDS)));
    }

    fn hash(number: u8) -> TokenHash {
        SessionToken::new(UserId(Uuid::nil()), [number; SECRET_BYTES]).hash()
    }

    #[test]
    fn the_oldest_sessions_end_and_the_new_one_never_does() {
        let at = |minute: i64| plus_seconds(Timestamp::UNIX_EPOCH, minute * 60);
        let session = |number: u8| (hash(number), Session::open(UserId(Uuid::nil()), 0, at(i64::from(number))));
        let live: Vec<_> = (1..=22).map(session).collect();
        assert_eq!(too_many(live.clone(), &hash(22)), [hash(1), hash(2)]);
        assert_eq!(too_many(live.clone(), &hash(1)), [hash(2), hash(3)]);
        assert_eq!(too_many(live[..20].to_vec(), &hash(20)), []);
    }

    #[test]
    fn an_id_is_half_of_the_hash() {
        let id = SessionId::of(&hash(1));
        assert!(hash(1).as_str().starts_with(id.as_str()));
        assert_eq!(SessionId::try_from(id.as_str().to_owned()), Ok(id.clone()));
        for bad in ["", "0a", &id.as_str().to_uppercase(), &format!("{}0", id.as_str()), &"g".repeat(32)] {
            assert!(SessionId::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
