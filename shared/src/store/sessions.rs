//! Sessions. Reads are strongly consistent, so a logout holds at once.

use aws_sdk_dynamodb::types::ReturnValue;
use uuid::Uuid;

use super::Store;
use super::error::StoreError;
use super::item;
use super::keys;
use crate::domain::id::UserId;
use crate::domain::profile::Profile;
use crate::domain::session::Session;
use crate::domain::token::{Token, TokenHash};

/// A token that was checked: its session, live or not, and its user.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Its user.
    pub profile: Profile,
}

impl Store {
    /// The session and profile of a token, in one call; none when either is missing.
    pub async fn signed_in(&self, token: &Token) -> Result<Option<SignedIn>, StoreError> {
        let session_key = keys::session(token.user_id(), &token.hash());
        let keys = [session_key.clone(), keys::profile(token.user_id())];
        let items = self.get_many(&keys, true).await?;
        let (sessions, profiles): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item::key_of(item).as_ref() == Some(&session_key));
        let session = sessions.into_iter().next().map(item::read::<Session>).transpose()?;
        let profile = profiles.into_iter().next().map(item::read::<Profile>).transpose()?;
        Ok(session.zip(profile).map(|(session, profile)| SignedIn { session, profile }))
    }

    /// Opens the connection to the table, by asking for what nobody has: an instance does so while it waits for its first
    /// request. How it ends does not matter.
    pub async fn connect_early(&self) {
        let _ = self.get_many(&[keys::profile(UserId(Uuid::nil()))], false).await;
    }

    /// Begins a session.
    pub async fn open_session(&self, session: &Session, hash: &TokenHash) -> Result<(), StoreError> {
        let item = item::write(&keys::session(session.user_id, hash), session)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(|_| ()).map_err(|error| StoreError::call("PutItem", &error))
    }

    /// Ends the session of a token and gives it back; none when there was none.
    pub async fn close_session(&self, token: &Token) -> Result<Option<Session>, StoreError> {
        let key = keys::session(token.user_id(), &token.hash());
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key.attributes()));
        let answer = request.return_values(ReturnValue::AllOld).send().await;
        let answer = answer.map_err(|error| StoreError::call("DeleteItem", &error))?;
        answer.attributes.map(item::read).transpose()
    }
}
