//! Accounts: the profile, and the credential stored under the email.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, fresh_token, pause};
use super::emails::credential_in;
use super::held_grants::{WithHeld, held_instead};
use super::keys::{self, Key};
use crate::domain::account::Email;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::password::PasswordHash;
use crate::domain::account::profile::Profile;
use crate::domain::account::session::Session;
use crate::domain::account::token::TokenHash;
use crate::domain::credits::held::HeldGrants;
use crate::domain::credits::ledger::Entry;
use crate::domain::id::UserId;
use crate::domain::mail::Mail;
use crate::domain::random::Random;
use crate::request_metrics::count_grant;

/// Login credential of an email. A login reads it in one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Owner of the credential.
    pub user_id: UserId,
    pub password_hash: PasswordHash,
    /// The account's current epoch. A session that this login opens belongs to it.
    #[serde(default)]
    pub session_epoch: u32,
    /// Whether a login must ask for a code.
    #[serde(default, skip_serializing_if = "is_false")]
    pub second_factor: bool,
    /// When the owner was last told of a sign-in, in epoch seconds. A registration counts as one. A login reads it here, so that
    /// it costs nothing more where nothing is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_told_at: Option<i64>,
    /// When the account was created.
    pub created_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Entity for Credential {
    const NAME: &'static str = "Credential";
}

/// Everything that a registration writes.
pub struct NewAccount<'a> {
    /// The profile, at version 1.
    pub profile: &'a Profile,
    pub password_hash: PasswordHash,
    /// The first ledger entry.
    pub bonus: &'a Entry,
    /// The first session and the hash of its token.
    pub session: (&'a Session, &'a TokenHash),
    /// The mail that asks the user to verify the email.
    pub mail: Option<&'a Mail>,
    /// Other spellings of the same mailbox. The registration fails if an account exists under one of them.
    pub other_forms: &'a [&'a Email],
}

/// Why an account was not created.
#[derive(Debug, thiserror::Error)]
pub enum OpenAccountError {
    /// Another account has this email.
    #[error("its email belongs to another account")]
    EmailTaken,
    /// Another account has this Stripe customer.
    #[error("its customer at Stripe belongs to another account")]
    CustomerTaken,
    /// The same account exists already.
    #[error("the account is there already")]
    AlreadyThere,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Writes the profile, the credential, the bonus, the session and the mail in one transaction, and with them what the email
    /// held. Returns the profile as it was written. Writes nothing if the email is taken.
    pub async fn open_account(&self, account: NewAccount<'_>, random: &Random) -> Result<Profile, OpenAccountError> {
        // Nothing is read before: an email that holds grants refuses the first transaction, and shows them.
        let mut held = None;
        for attempt in 0..ATTEMPTS_MAX {
            let with = (account.profile.created_at, random);
            let WithHeld { profile, writes } = self.with_held(account.profile, held.as_ref(), with)?;
            match self.transact(self.opening(&account, &profile, held.as_ref(), writes)?, &fresh_token()).await? {
                TransactionResult::Committed => {
                    count_grant(profile.wallet.credits);
                    return Ok(profile);
                }
                TransactionResult::Refused(mut verdicts) => {
                    let of_forms = verdicts.split_off(verdicts.len().saturating_sub(account.other_forms.len()));
                    let failed = |verdict: &ActionOutcome| matches!(verdict, ActionOutcome::ConditionFailed(_));
                    if of_forms.iter().any(failed) {
                        return Err(OpenAccountError::EmailTaken);
                    }
                    let of_email = verdicts.into_iter().next();
                    let is_taken = of_email.as_ref().is_some_and(failed);
                    match held_instead(of_email, held.as_ref())? {
                        Some(found) => held = found,
                        None if is_taken => return Err(OpenAccountError::EmailTaken),
                        None => return Err(OpenAccountError::AlreadyThere),
                    }
                }
            }
            // The first refusal is expected where something is held.
            if attempt > 0 {
                pause(attempt).await;
            }
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// The writes of a registration: the credential is the first, and the checks of the other spellings are the last.
    fn opening(
        &self,
        account: &NewAccount<'_>,
        profile: &Profile,
        held: Option<&HeldGrants>,
        given: Vec<TransactWriteItem>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let credential = Credential {
            user_id: profile.id,
            password_hash: account.password_hash.clone(),
            session_epoch: profile.state.session_epoch,
            second_factor: false,
            sign_in_told_at: account.mail.map(|_| profile.created_at.as_second()),
            created_at: profile.created_at,
        };
        let (session, token_hash) = account.session;
        let mut actions = vec![
            self.put_over(item::write(&keys::credential(&profile.email), &credential)?, held, profile.created_at)?,
            self.put_new(item::write(&keys::profile(profile.id), profile)?)?,
            self.put_new(item::write(&keys::entry(profile.id, account.bonus.id), account.bonus)?)?,
            self.put_new(item::write(&keys::session(profile.id, token_hash), session)?)?,
        ];
        if let Some(mail) = account.mail {
            actions.push(self.put_mail(mail)?);
        }
        actions.extend(given);
        for form in account.other_forms {
            actions.push(self.check_free(&keys::credential(form), profile.created_at)?);
        }
        Ok(actions)
    }

    /// A condition check for a transaction: the account exists and is not being deleted.
    pub(super) fn check_account_stays(&self, user: UserId) -> Result<TransactWriteItem, StoreError> {
        self.check(&keys::profile(user), "attribute_exists(pk) AND attribute_not_exists(closing)")
    }

    /// Reads the credential of `email`.
    pub async fn credential(&self, email: &Email) -> Result<Option<Credential>, StoreError> {
        Ok(self.get(&keys::credential(email), true).await?.map(credential_in).transpose()?.flatten())
    }

    /// Reads the credential of a mailbox and the spelling under which it is stored: the first spelling that has a
    /// credential. All spellings are read in one call, so that response time does not reveal which one exists.
    pub async fn credential_of(&self, mailbox: &Mailbox) -> Result<Option<(Email, Credential)>, StoreError> {
        let forms = mailbox.forms();
        if let [only] = forms.as_slice() {
            return Ok(self.credential(only).await?.map(|credential| ((*only).clone(), credential)));
        }
        let keys: Vec<Key> = forms.iter().map(|form| keys::credential(form)).collect();
        let items = self.get_many(&keys, true).await?;
        let mut stored: HashMap<Key, Credential> = HashMap::new();
        for item in items {
            if let Some(key) = item::key_of(&item) {
                stored.extend(credential_in(item)?.map(|credential| (key, credential)));
            }
        }
        let first = forms.into_iter().zip(keys).find_map(|(form, key)| Some((form.clone(), stored.remove(&key)?)));
        Ok(first)
    }

    /// Reads a profile.
    pub async fn profile(&self, id: UserId) -> Result<Option<Profile>, StoreError> {
        self.get(&keys::profile(id), true).await?.map(item::read).transpose()
    }

    /// Replaces an outdated password hash, unless it changed since it was read.
    pub async fn replace_hash(&self, email: &Email, old: &PasswordHash, new: &PasswordHash) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::credential(email).attributes()))
            .update_expression("SET password_hash = :new")
            .condition_expression("password_hash = :old")
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":old", text(old.as_str()));
        // The condition fails if another request changed the hash, or an earlier attempt of this update succeeded.
        // Either way the old hash is gone.
        match self.update_item(update).await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failed(&error) => Ok(()),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }
}

pub(super) fn is_condition_failed(error: &SdkError<UpdateItemError>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
