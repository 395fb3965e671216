//! Sessions. Reads are strongly consistent, so a logout takes effect immediately.

use uuid::Uuid;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item;
use super::dynamodb::plain::Deletion;
use super::keys::{self, SESSIONS};
use super::limits::Counter;
use crate::domain::account::profile::Profile;
use crate::domain::account::session::{SESSIONS_MAX, Session, SessionId, too_many};
use crate::domain::account::token::{SessionToken, TokenHash};
use crate::domain::id::UserId;
use crate::domain::limits::Window;

/// Result of closing a session.
#[derive(Debug, Clone)]
pub enum Closed {
    /// This session existed and was ended.
    Ended(Session),
    /// The session did not exist.
    NothingThere,
    /// The session does not exist now. An earlier attempt, whose answer was lost, may have ended it.
    Perhaps,
}

/// A verified token: its session, expired or not, and its user.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub session: Session,
    pub profile: Profile,
    /// The user's requests that a sampled counter had before this one.
    pub counted: u64,
}

impl SignedIn {
    /// Whether the session is valid: it belongs to the account's current epoch, and the account is not being deleted.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.profile.state.closing.is_none() && self.is_of_epoch()
    }

    /// Whether the session belongs to the current epoch, even if the account is being deleted.
    #[must_use]
    pub fn is_of_epoch(&self) -> bool {
        self.session.epoch == self.profile.state.session_epoch
    }
}

impl Store {
    /// Reads the session and the profile of a token, and the user's counter in `window`, in one call. `None` if session
    /// or profile does not exist.
    pub async fn signed_in(&self, token: &SessionToken, window: Window) -> Result<Option<SignedIn>, StoreError> {
        let user = token.user_id();
        let keys = [keys::session(user, &token.hash()), keys::profile(user), keys::limit(window, &user.to_string())];
        let mut items = self.get_many(&keys, true).await?;
        let [session, profile, window_count] = keys.map(|key| {
            let place = items.iter().position(|item| item::has_key(item, &key))?;
            Some(items.swap_remove(place))
        });
        let session = session.map(item::read::<Session>).transpose()?;
        let profile = profile.map(item::read::<Profile>).transpose()?;
        let counted = window_count.map(item::read::<Counter>).transpose()?.map_or(0, |count| count.requests());
        Ok(session.zip(profile).map(|(session, profile)| SignedIn { session, profile, counted }))
    }

    /// Opens the connection to DynamoDB by reading a key that does not exist. An instance does this while it waits for
    /// its first request. Errors are ignored.
    pub async fn connect_early(&self) {
        let _ = self.get_many(&[keys::profile(UserId(Uuid::nil()))], false).await;
    }

    /// Stores a new session.
    pub async fn open_session(&self, session: &Session, hash: &TokenHash) -> Result<(), StoreError> {
        self.put_item(item::write(&keys::session(session.user_id, hash), session)?).await
    }

    /// All sessions of a user, expired or not, with the hashes under which they are stored.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<(TokenHash, Session)>, StoreError> {
        self.sessions_under(user, SESSIONS).await
    }

    /// The session of a user with this public id, expired or not.
    pub async fn session_of_id(
        &self,
        user: UserId,
        id: &SessionId,
    ) -> Result<Option<(TokenHash, Session)>, StoreError> {
        let found = self.sessions_under(user, &keys::sessions_of_id(id)).await?;
        Ok(found.into_iter().next())
    }

    async fn sessions_under(&self, user: UserId, prefix: &str) -> Result<Vec<(TokenHash, Session)>, StoreError> {
        let items = self.query(&keys::user(user), prefix, true).await?;
        let rows = items.into_iter().filter_map(|item| {
            let hash = keys::hash_of_session(&item::key_of(&item)?.sk)?;
            Some(item::read(item).map(|session| (hash, session)))
        });
        rows.collect()
    }

    /// Ends a user's oldest sessions if a new one exceeds the limit. `found` are the sessions that existed when the new
    /// one was written. From half of the limit on, the sessions are read again, so that concurrent logins cannot exceed
    /// it.
    pub async fn keep_newest(
        &self,
        new: (&Session, &TokenHash),
        found: Vec<(TokenHash, Session)>,
    ) -> Result<(), StoreError> {
        let (session, hash) = new;
        let is_live =
            |(_, other): &(TokenHash, Session)| other.is_live(session.created_at) && other.epoch == session.epoch;
        if found.iter().filter(|row| is_live(row)).count() < SESSIONS_MAX / 2 {
            return Ok(());
        }
        let now = self.sessions(session.user_id).await?;
        let ended = too_many(now.into_iter().filter(is_live).collect(), hash);
        let keys = ended.iter().map(|hash| keys::session(session.user_id, hash)).collect();
        self.delete_all(keys).await
    }

    /// Ends a session, if it exists.
    pub async fn end_session(&self, user: UserId, hash: &TokenHash) -> Result<(), StoreError> {
        self.delete_item(&keys::session(user, hash)).await.map(drop)
    }

    /// Ends the session of a token.
    pub async fn close_session(&self, token: &SessionToken) -> Result<Closed, StoreError> {
        Ok(match self.delete_item(&keys::session(token.user_id(), &token.hash())).await? {
            Deletion::Done(item) => Closed::Ended(item::read(item)?),
            Deletion::NothingThere => Closed::NothingThere,
            Deletion::Perhaps => Closed::Perhaps,
        })
    }
}
