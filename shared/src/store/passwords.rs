//! Password changes, and ending all sessions of a user. Both increment the account's session epoch, which invalidates
//! all older sessions. One transaction does both steps, so an old session never outlives the old password.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;

use super::Store;
use super::accounts::Credential;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{number, text};
use super::dynamodb::transact::{ActionOutcome, TransactionResult};
use super::keys::{self, Key};
use crate::domain::account::Email;
use crate::domain::account::password::PasswordHash;
use crate::domain::account::profile::Profile;
use crate::domain::account::token::TokenHash;
use crate::domain::id::UserId;
use crate::domain::mail::{Mail, Slot};
use crate::domain::random::Random;

/// Result of a password change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// The password was changed.
    Done,
    /// A concurrent request changed the password.
    Outdated,
    /// The session or the account was removed concurrently.
    SessionGone,
}

impl Store {
    /// Sets a new password, ends every session except the one stored under `kept`, and voids every link to set a new
    /// password. Fails if the password, the
    /// session or the account changed since they were read. `notice` is written with it.
    pub async fn change_password(
        &self,
        profile: &Profile,
        before: &Credential,
        new: &PasswordHash,
        kept: &TokenHash,
        notice: Option<&Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<PasswordChange, StoreError> {
        let epoch = profile.state.session_epoch + 1;
        let credential = Update::builder()
            .set_key(Some(keys::credential(&profile.email).attributes()))
            .update_expression("SET password_hash = :new, session_epoch = :epoch")
            .condition_expression("password_hash = :old AND user_id = :user")
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":old", text(before.password_hash.as_str()))
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .expression_attribute_values(":epoch", number(epoch));
        let session = Update::builder()
            .set_key(Some(keys::session(profile.id, kept).attributes()))
            .update_expression("SET epoch = :epoch")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":epoch", number(epoch));
        let mut actions = vec![
            self.update(credential)?,
            self.update(next_epoch(&keys::profile(profile.id), epoch, now))?,
            self.update(session)?,
            // A link that was sent is of the previous epoch. One that waits to be sent must not be sent any more.
            self.delete(&keys::mail(&Slot::reset_of(&profile.email)))?,
        ];
        if let Some(notice) = notice {
            actions.push(self.put_mail(notice)?);
        }
        Ok(match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => PasswordChange::Done,
            TransactionResult::Refused(verdicts)
                if matches!(verdicts.first(), Some(ActionOutcome::ConditionFailed(_))) =>
            {
                PasswordChange::Outdated
            }
            TransactionResult::Refused(_) => PasswordChange::SessionGone,
        })
    }

    /// Ends every session of a user. Returns `false` if the account changed concurrently or does not exist.
    pub async fn end_all_sessions(
        &self,
        user: UserId,
        email: &Email,
        epoch: u32,
        (now, random): (Timestamp, &Random),
    ) -> Result<bool, StoreError> {
        let credential = Update::builder()
            .set_key(Some(keys::credential(email).attributes()))
            .update_expression("SET session_epoch = :epoch")
            // Not the reservation of an address that the account had until a moment ago.
            .condition_expression("user_id = :user AND attribute_exists(password_hash)")
            .expression_attribute_values(":user", text(user.to_string()))
            .expression_attribute_values(":epoch", number(epoch + 1));
        let profile = next_epoch(&keys::profile(user), epoch + 1, now);
        let actions = vec![self.update(credential)?, self.update(profile)?];
        let done = self.transact(actions, &random.uuid_v4().to_string()).await?;
        Ok(matches!(done, TransactionResult::Committed))
    }

    pub(super) fn update(
        &self,
        update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = update.table_name(&self.table).build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The update of a profile to `epoch`, which withdraws a request for another address: whoever asked for it may be the
/// reason for the new epoch. Its conditions: the profile is in the previous epoch, and the account is not
/// being deleted.
pub(super) fn next_epoch(key: &Key, epoch: u32, now: Timestamp) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
    Update::builder()
        .set_key(Some(key.attributes()))
        .update_expression("SET session_epoch = :epoch, #version = #version + :one, updated_at = :now REMOVE new_email")
        .condition_expression(if epoch == 1 {
            "attribute_exists(pk) AND attribute_not_exists(closing) \
             AND (attribute_not_exists(session_epoch) OR session_epoch = :before)"
        } else {
            "attribute_not_exists(closing) AND session_epoch = :before"
        })
        .expression_attribute_names("#version", "version")
        .expression_attribute_values(":epoch", number(epoch))
        .expression_attribute_values(":before", number(epoch - 1))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":now", text(now.to_string()))
}
