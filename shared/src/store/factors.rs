//! Second factors: the factor of a user, and the challenges of sign-ins that wait for a code.
//!
//! The credential says that a login must ask for a code, so that a login without a factor reads nothing more. The profile
//! says it to the user.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::plain::ConditionalPut;
use super::dynamodb::transact::{ActionOutcome, TransactionResult};
use super::keys;
use crate::domain::account::Email;
use crate::domain::account::challenge::{Challenge, StoredChallenge};
use crate::domain::account::factor::Factor;
use crate::domain::account::profile::Profile;
use crate::domain::account::session::Session;
use crate::domain::account::token::TokenHash;
use crate::domain::id::UserId;
use crate::domain::mail::Mail;
use crate::domain::random::Random;

/// Result of a right code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The session is open.
    Done,
    /// The challenge was answered meanwhile.
    ChallengeGone,
    /// The factor or the account changed meanwhile: read and check again.
    Outdated,
}

/// What the answer to a challenge needs.
#[derive(Debug, Clone)]
pub struct Challenged {
    pub factor: Factor,
    pub profile: Profile,
    /// Whether the session is told to the address of the account.
    pub tells_of_sign_in: bool,
}

impl Store {
    /// Reads the factor of a user, confirmed or not.
    pub async fn factor(&self, user: UserId) -> Result<Option<Factor>, StoreError> {
        self.get(&keys::factor(user), true).await?.map(item::read).transpose()
    }

    /// Stores a factor that waits for its first code. Returns `false` if a confirmed one exists.
    pub async fn begin_factor(&self, user: UserId, factor: &Factor) -> Result<bool, StoreError> {
        let item = item::write(&keys::factor(user), factor)?;
        let done = self.put_if(item, "attribute_not_exists(pk) OR attribute_not_exists(confirmed_at)", &[]).await?;
        Ok(matches!(done, ConditionalPut::Done))
    }

    /// Replaces a factor by its confirmed form; from now on a login asks for a code. `notice` is written with it. Returns
    /// `false` if the factor or the account changed meanwhile.
    pub async fn confirm_factor(
        &self,
        profile: &Profile,
        (before, after): (&Factor, &Factor),
        notice: Option<&Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<bool, StoreError> {
        let actions = vec![self.replace_factor(profile.id, before, after)?];
        self.set_factor(profile, true, actions, notice, (now, random)).await
    }

    /// Removes a factor; a login no longer asks for a code. `notice` is written with it. Returns `false` if the factor or the
    /// account changed meanwhile.
    pub async fn remove_factor(
        &self,
        profile: &Profile,
        before: &Factor,
        notice: Option<&Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<bool, StoreError> {
        let removed = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(keys::factor(profile.id).attributes()))
            .condition_expression("revision = :revision")
            .expression_attribute_values(":revision", number(before.revision))
            .build()?;
        let actions = vec![TransactWriteItem::builder().delete(removed).build()];
        self.set_factor(profile, false, actions, notice, (now, random)).await
    }

    /// Stores a challenge.
    pub async fn open_challenge(&self, challenge: &Challenge, stored: &StoredChallenge) -> Result<(), StoreError> {
        self.put_item(item::write(&keys::challenge(challenge.user_id(), &challenge.hash()), stored)?).await
    }

    /// Reads what the answer to a challenge needs, in one call. `None` if the challenge is not valid.
    pub async fn challenged(&self, challenge: &Challenge, now: Timestamp) -> Result<Option<Challenged>, StoreError> {
        let user = challenge.user_id();
        let keys = [keys::challenge(user, &challenge.hash()), keys::factor(user), keys::profile(user)];
        let mut items = self.get_many(&keys, true).await?;
        let [stored, factor, profile] = keys.map(|key| {
            let place = items.iter().position(|item| item::has_key(item, &key))?;
            Some(items.swap_remove(place))
        });
        let stored = stored.map(item::read::<StoredChallenge>).transpose()?;
        let factor = factor.map(item::read::<Factor>).transpose()?;
        let profile = profile.map(item::read::<Profile>).transpose()?;
        let (Some(stored), Some(factor), Some(profile)) = (stored, factor, profile) else { return Ok(None) };
        let is_valid = now.as_second() < stored.expires_at
            && stored.epoch == profile.state.session_epoch
            && profile.state.closing.is_none()
            && factor.confirmed_at.is_some();
        Ok(is_valid.then_some(Challenged { factor, profile, tells_of_sign_in: stored.tells_of_sign_in }))
    }

    /// Opens a session for a right code: uses up the code and the challenge. `notice`, with the address of the account, is
    /// written with it, unless one was written less than a day ago.
    pub async fn answer_challenge(
        &self,
        challenge: &Challenge,
        (before, after): (&Factor, &Factor),
        (session, hash): (&Session, &TokenHash),
        notice: Option<(&Email, &Mail)>,
        random: &Random,
    ) -> Result<Answered, StoreError> {
        let user = challenge.user_id();
        let answered = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(keys::challenge(user, &challenge.hash()).attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()?;
        let of_epoch = if session.epoch == 0 {
            "attribute_exists(pk) AND attribute_not_exists(closing) \
             AND (attribute_not_exists(session_epoch) OR session_epoch = :epoch)"
        } else {
            "attribute_not_exists(closing) AND session_epoch = :epoch"
        };
        let account = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(user).attributes()))
            .condition_expression(of_epoch)
            .expression_attribute_values(":epoch", number(session.epoch))
            .build()?;
        let opened = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::session(user, hash), session)?))
            .build()?;
        let actions = vec![
            TransactWriteItem::builder().delete(answered).build(),
            self.replace_factor(user, before, after)?,
            TransactWriteItem::builder().condition_check(account).build(),
            TransactWriteItem::builder().put(opened).build(),
        ];
        let told = notice.map(|(email, notice)| self.tell_of_sign_in(email, notice)).transpose()?;
        let telling = actions.iter().cloned().chain(told.into_iter().flatten()).collect();
        let mut done = self.transact(telling, &random.uuid_v4().to_string()).await?;
        let failed = |verdicts: &[ActionOutcome], index: usize| {
            matches!(verdicts.get(index), Some(ActionOutcome::ConditionFailed(_)))
        };
        let only_the_notice = |verdicts: &[ActionOutcome]| {
            verdicts.len() > actions.len() && !(0..actions.len()).any(|at| failed(verdicts, at))
        };
        if matches!(&done, TransactionResult::Refused(verdicts) if only_the_notice(verdicts)) {
            done = self.transact(actions, &random.uuid_v4().to_string()).await?;
        }
        Ok(match done {
            TransactionResult::Committed => Answered::Done,
            TransactionResult::Refused(verdicts) if failed(&verdicts, 0) => Answered::ChallengeGone,
            TransactionResult::Refused(_) => Answered::Outdated,
        })
    }

    fn replace_factor(&self, user: UserId, before: &Factor, after: &Factor) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::factor(user), after)?))
            .condition_expression("revision = :revision AND secret = :secret")
            .expression_attribute_values(":revision", number(before.revision))
            .expression_attribute_values(
                ":secret",
                item::write(&keys::factor(user), before)?.remove("secret").unwrap_or_else(|| text("")),
            )
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Commits `actions` on a factor with what credential and profile say of it.
    async fn set_factor(
        &self,
        profile: &Profile,
        is_on: bool,
        mut actions: Vec<TransactWriteItem>,
        notice: Option<&Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<bool, StoreError> {
        let is_set = aws_sdk_dynamodb::types::AttributeValue::Bool(true);
        let credential = Update::builder()
            .set_key(Some(keys::credential(&profile.email).attributes()))
            .update_expression(if is_on { "SET second_factor = :on" } else { "REMOVE second_factor" })
            // Not the reservation of an address that the account had until a moment ago.
            .condition_expression("user_id = :user AND attribute_exists(password_hash)")
            .expression_attribute_values(":user", text(profile.id.to_string()));
        let credential = if is_on { credential.expression_attribute_values(":on", is_set.clone()) } else { credential };
        let changed = "#version = #version + :one, updated_at = :now";
        let account = Update::builder()
            .set_key(Some(keys::profile(profile.id).attributes()))
            .update_expression(if is_on {
                format!("SET second_factor = :on, {changed}")
            } else {
                format!("SET {changed} REMOVE second_factor")
            })
            .condition_expression("email = :email AND attribute_not_exists(closing)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":email", text(profile.email.as_str()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", text(now.max(profile.updated_at).to_string()));
        let account = if is_on { account.expression_attribute_values(":on", is_set) } else { account };
        actions.push(self.update(credential)?);
        actions.push(self.update(account)?);
        if let Some(notice) = notice {
            actions.push(self.put_mail(notice)?);
        }
        let done = self.transact(actions, &random.uuid_v4().to_string()).await?;
        Ok(matches!(done, TransactionResult::Committed))
    }
}
