//! The tokens in links of mails: which one of a user is valid, and what using it writes.
//!
//! A user has one token per purpose, so a newer one replaces the older. A used token stays until it expires, so that a
//! client whose answer was lost learns that it was used.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::accounts::is_condition_failed;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, number, text};
use super::dynamodb::transact::{ActionOutcome, TransactionResult};
use super::keys;
use super::passwords::next_epoch;
use crate::domain::account::Email;
use crate::domain::account::password::PasswordHash;
use crate::domain::account::profile::Profile;
use crate::domain::account::token::TokenHash;
use crate::domain::mail::token::{LinkPurpose, LinkToken};
use crate::domain::mail::{Mail, Slot};
use crate::domain::random::Random;

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLinkToken {
    /// SHA-256 of the secret.
    token_hash: TokenHash,
    purpose: StoredPurpose,
    /// The address that it was sent to.
    email: Email,
    /// The account's session epoch when it was sent. A change of the password begins another one.
    #[serde(default)]
    session_epoch: u32,
    /// When it was used.
    #[serde(default)]
    used_at: Option<Timestamp>,
    /// In epoch seconds. DynamoDB's TTL deletes it some time later, so readers must compare.
    expires_at: i64,
}

impl Entity for StoredLinkToken {
    const NAME: &'static str = "LinkToken";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPurpose {
    Verify,
    Reset,
    ConfirmEmail,
    UndoEmail,
    Unsubscribe,
}

impl StoredLinkToken {
    /// A token that was asked for at `asked_at` and is sent to `email`, in this session epoch of the account.
    #[must_use]
    pub fn new(token: &LinkToken, purpose: LinkPurpose, email: Email, session_epoch: u32, asked_at: i64) -> Self {
        let stored = match purpose {
            LinkPurpose::Verify => StoredPurpose::Verify,
            LinkPurpose::Reset => StoredPurpose::Reset,
            LinkPurpose::ConfirmEmail => StoredPurpose::ConfirmEmail,
            LinkPurpose::UndoEmail => StoredPurpose::UndoEmail,
            LinkPurpose::Unsubscribe => StoredPurpose::Unsubscribe,
        };
        let expires_at = asked_at + purpose.ttl_seconds();
        Self { token_hash: token.hash(), purpose: stored, email, session_epoch, used_at: None, expires_at }
    }

    /// What it permits.
    #[must_use]
    pub fn purpose(&self) -> LinkPurpose {
        match self.purpose {
            StoredPurpose::Verify => LinkPurpose::Verify,
            StoredPurpose::Reset => LinkPurpose::Reset,
            StoredPurpose::ConfirmEmail => LinkPurpose::ConfirmEmail,
            StoredPurpose::UndoEmail => LinkPurpose::UndoEmail,
            StoredPurpose::Unsubscribe => LinkPurpose::Unsubscribe,
        }
    }

    /// Whether it permits its purpose for this account.
    fn is_for(&self, profile: &Profile) -> bool {
        let is_outdated = self.purpose().ends_with_the_password() && self.session_epoch != profile.state.session_epoch;
        // A token proves the address that it was sent to, and no other.
        let proven = match self.purpose {
            StoredPurpose::Verify | StoredPurpose::Reset | StoredPurpose::Unsubscribe => Some(&profile.email),
            StoredPurpose::ConfirmEmail => profile.new_email.as_ref().map(|new| &new.email),
            StoredPurpose::UndoEmail => profile.former_email.as_ref().map(|former| &former.email),
        };
        profile.state.closing.is_none() && !is_outdated && proven == Some(&self.email)
    }

    /// Whether it is too late to use it.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.as_second() >= self.expires_at
    }
}

/// What a token is worth.
#[derive(Debug, Clone)]
pub enum LinkTokenState {
    /// It may be used for this account.
    Valid(Box<Profile>),
    /// It was used before.
    Used,
    /// It is not known, was replaced, has expired, or the account is gone.
    Invalid,
}

/// Result of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The password was set.
    Done,
    /// The token was used or replaced meanwhile.
    TokenGone,
    /// The account changed meanwhile: read again.
    Outdated,
}

impl Store {
    /// Reads the state of a token with its account, in one call.
    pub async fn link_token(
        &self,
        token: &LinkToken,
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<LinkTokenState, StoreError> {
        let link = keys::link_token(token.user_id(), purpose);
        let items = self.get_many(&[link.clone(), keys::profile(token.user_id())], true).await?;
        let (links, profiles): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item::key_of(item).as_ref() == Some(&link));
        let stored = links.into_iter().next().map(item::read::<StoredLinkToken>).transpose()?;
        let profile = profiles.into_iter().next().map(item::read::<Profile>).transpose()?;
        let stored = stored.filter(|stored| stored.token_hash == token.hash() && !stored.is_expired(now));
        Ok(match (stored, profile) {
            (Some(StoredLinkToken { used_at: Some(_), .. }), _) => LinkTokenState::Used,
            (Some(stored), Some(profile)) if stored.is_for(&profile) => LinkTokenState::Valid(Box::new(profile)),
            _ => LinkTokenState::Invalid,
        })
    }

    /// Marks the email of a profile as verified, unless the email or the account changed since. Returns whether the email
    /// is verified.
    pub async fn verify_email(&self, profile: &Profile, now: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::profile(profile.id).attributes()))
            .update_expression("SET #version = #version + :one, updated_at = :now REMOVE email_unverified")
            .condition_expression(
                "attribute_exists(email_unverified) AND email = :email AND attribute_not_exists(closing)",
            )
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", text(now.max(profile.updated_at).to_string()))
            .expression_attribute_values(":email", text(profile.email.as_str()));
        match self.update_item(update).await {
            Ok(_) => Ok(true),
            // A concurrent request, or an earlier attempt whose answer was lost, may have verified it.
            Err(error) if is_condition_failed(&error) => {
                let now = self.profile(profile.id).await?;
                Ok(now.is_some_and(|now| {
                    now.state.closing.is_none() && now.email == profile.email && !now.email_unverified
                }))
            }
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }

    /// Sets a new password by a token, ends every session, verifies the email that the token was sent to, and voids a
    /// newer request for a new password. `notice` is written with it.
    pub async fn reset_password(
        &self,
        profile: &Profile,
        token: &LinkToken,
        new: &PasswordHash,
        notice: Option<&Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<Reset, StoreError> {
        let epoch = profile.state.session_epoch + 1;
        let credential = Update::builder()
            .set_key(Some(keys::credential(&profile.email).attributes()))
            .update_expression("SET password_hash = :new, session_epoch = :epoch")
            // Not the reservation of an address that the account had until a moment ago.
            .condition_expression("user_id = :user AND attribute_exists(password_hash)")
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .expression_attribute_values(":epoch", number(epoch));
        let account = next_epoch(&keys::profile(profile.id), epoch, now).update_expression(
            "SET session_epoch = :epoch, #version = #version + :one, updated_at = :now \
             REMOVE email_unverified, new_email",
        );
        let mut actions: Vec<TransactWriteItem> = vec![
            self.use_token(token, LinkPurpose::Reset, now)?,
            self.update(credential)?,
            self.update(account)?,
            self.delete(&keys::mail(&Slot::reset_of(&profile.email)))?,
        ];
        if let Some(notice) = notice {
            actions.push(self.put_mail(notice)?);
        }
        Ok(match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => Reset::Done,
            TransactionResult::Refused(verdicts)
                if matches!(verdicts.first(), Some(ActionOutcome::ConditionFailed(_))) =>
            {
                Reset::TokenGone
            }
            TransactionResult::Refused(_) => Reset::Outdated,
        })
    }
}
