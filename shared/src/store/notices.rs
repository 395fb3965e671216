//! Notices of sign-ins, and which notices a user turned off.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::Timestamp;

use super::Store;
use super::accounts::is_condition_failed;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::transact::{TransactionResult, fresh_token};
use super::keys;
use crate::domain::account::Email;
use crate::domain::account::profile::{MailStop, Profile};
use crate::domain::account::session::Session;
use crate::domain::account::token::TokenHash;
use crate::domain::id::UserId;
use crate::domain::mail::Mail;
use crate::domain::mail::notices::{OptionalNotice, SIGN_IN_PAUSE_SECONDS};

impl Store {
    /// Stores a new session with the mail that tells of it. If the owner of the credential was told of a sign-in less than a
    /// day ago, only the session is stored.
    pub async fn open_session_telling(
        &self,
        (session, hash): (&Session, &TokenHash),
        email: &Email,
        notice: &Mail,
    ) -> Result<(), StoreError> {
        let opened = item::write(&keys::session(session.user_id, hash), session)?;
        let opened = Put::builder().table_name(&self.table).set_item(Some(opened)).build()?;
        let mut actions = vec![TransactWriteItem::builder().put(opened).build()];
        actions.extend(self.tell_of_sign_in(email, notice)?);
        match self.transact(actions, &fresh_token()).await? {
            TransactionResult::Committed => Ok(()),
            TransactionResult::Refused(_) => self.open_session(session, hash).await,
        }
    }

    /// The writes of a notice of a sign-in, for the transaction of the session. The first fails if one was written less than a
    /// day ago.
    pub(super) fn tell_of_sign_in(&self, email: &Email, notice: &Mail) -> Result<[TransactWriteItem; 2], StoreError> {
        let told = Update::builder()
            .set_key(Some(keys::credential(email).attributes()))
            .update_expression("SET sign_in_told_at = :now")
            // Not the reservation of an address that the account had until a moment ago.
            .condition_expression(
                "attribute_exists(password_hash) \
                 AND (attribute_not_exists(sign_in_told_at) OR sign_in_told_at <= :before)",
            )
            .expression_attribute_values(":now", number(notice.asked_at))
            .expression_attribute_values(":before", number(notice.asked_at - SIGN_IN_PAUSE_SECONDS));
        Ok([self.update(told)?, self.put_mail(notice)?])
    }

    /// Stops mail to the address of an account. Returns `false` if the account has another address by now.
    pub async fn stop_mail(&self, user: UserId, email: &Email, stop: MailStop) -> Result<bool, StoreError> {
        let members = [("reason".to_owned(), text(stop.reason.as_str())), ("at".to_owned(), text(stop.at.to_string()))];
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::profile(user).attributes()))
            // A report that comes again changes nothing.
            .update_expression("SET mail_stopped = if_not_exists(mail_stopped, :stop)")
            .condition_expression("email = :email AND attribute_not_exists(closing)")
            .expression_attribute_values(":stop", AttributeValue::M(members.into_iter().collect()))
            .expression_attribute_values(":email", text(email.as_str()));
        self.is_done(update).await
    }

    /// Lets mail be sent to the address of an account again. Returns `false` if the account has another address by now.
    pub async fn allow_mail(&self, user: UserId, email: &Email) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::profile(user).attributes()))
            .update_expression("REMOVE mail_stopped")
            .condition_expression("email = :email AND attribute_not_exists(closing)")
            .expression_attribute_values(":email", text(email.as_str()));
        self.is_done(update).await
    }

    /// Sends an update. Returns whether its condition held.
    async fn is_done(&self, update: UpdateItemFluentBuilder) -> Result<bool, StoreError> {
        match self.update_item(update).await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }

    /// Replaces the set of notices that a user turned off. Returns `false` if the account is being deleted or does not exist.
    pub async fn set_notices_off(
        &self,
        profile: &Profile,
        off: &BTreeSet<OptionalNotice>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let names = off.iter().map(|notice| text(notice.as_str())).collect();
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::profile(profile.id).attributes()))
            .update_expression("SET notices_off = :off, updated_at = :now")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(closing)")
            .expression_attribute_values(":off", AttributeValue::L(names))
            .expression_attribute_values(":now", text(now.max(profile.updated_at).to_string()));
        self.is_done(update).await
    }
}
