//! Sessions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::UserId;
use super::time::plus_seconds;
use super::token::SESSION_TTL_SECONDS;

/// A stored session: the row of a token's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub user_id: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends, in epoch seconds. The table's TTL deletes it some time later, so readers compare.
    pub expires_at: i64,
}

impl Session {
    /// A session that begins now.
    #[must_use]
    pub fn open(user_id: UserId, now: Timestamp) -> Self {
        Self { user_id, created_at: now, expires_at: plus_seconds(now, SESSION_TTL_SECONDS).as_second() }
    }

    /// Whether it still holds.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.as_second() < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_session_ends_after_seven_days_to_the_second() {
        let start = Timestamp::UNIX_EPOCH;
        let session = Session::open(UserId(Uuid::nil()), start);
        assert!(session.is_live(plus_seconds(start, SESSION_TTL_SECONDS - 1)));
        assert!(!session.is_live(plus_seconds(start, SESSION_TTL_SECONDS)));
    }
}
