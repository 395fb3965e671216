//! Every movement of credits. One transaction holds the profile, the ledger entries and what was bought, so nothing
//! is charged without being delivered, or delivered without being charged.
//!
//! The profile's `version` is the lock: a decision made on an older profile is refused, with the newer one, and made
//! again on that. So `balance_after` is always the balance after, however many requests race.

use aws_sdk_dynamodb::types::{ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;
use uuid::Uuid;

use super::Store;
use super::error::StoreError;
use super::item::{self, number, text};
use super::keys;
use super::transact::{ATTEMPTS_MAX, Outcome, Verdict, pause};
use crate::domain::credits::{Charge, InsufficientCredits, Settlement, Wallet};
use crate::domain::id::{CourseId, EntryId, QuestionId, UserId};
use crate::domain::ledger::Entry;
use crate::domain::profile::Profile;
use crate::domain::random::Random;

/// A question to unlock with its solution.
#[derive(Debug, Clone)]
pub struct Goods {
    /// Its course.
    pub course_id: CourseId,
    /// The question.
    pub question_id: QuestionId,
    /// It was chosen because the student had never seen it: another request may have got there first.
    pub must_be_new: bool,
}

/// A spend.
pub struct Purchase<'a> {
    /// Who pays, as read in this request.
    pub profile: Profile,
    /// How much and why.
    pub charge: &'a Charge,
    /// What for.
    pub goods: &'a [Goods],
    /// When.
    pub now: Timestamp,
}

/// A spend that happened.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The profile after it.
    pub profile: Profile,
    /// What was decided.
    pub settlement: Settlement,
}

/// Why nothing was spent. In every case nothing has moved.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// The balance does not reach.
    #[error(transparent)]
    Insufficient(#[from] InsufficientCredits),
    /// A question that had to be new was unlocked meanwhile: choose again.
    #[error("the goods were bought by another request")]
    GoodsTaken,
    /// A question is not there any more.
    #[error("the goods are gone")]
    GoodsGone,
    /// The account is not there any more.
    #[error("the account is gone")]
    AccountGone,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an action of a settlement's transaction stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Profile,
    Entry,
    QuestionExists,
    Unlock,
}

impl Store {
    /// Pays for goods and delivers them.
    pub async fn spend(&self, purchase: Purchase<'_>, random: &Random) -> Result<Receipt, SpendError> {
        let Purchase { profile, charge, goods, now } = purchase;
        let decide = |wallet: Wallet| wallet.spend(charge, now).map_err(SpendError::from);
        self.settle(profile, decide, goods, now, random).await
    }

    /// The profile after a refresh that is due, whoever wrote it.
    pub async fn refresh(&self, profile: Profile, now: Timestamp, random: &Random) -> Result<Profile, SpendError> {
        // Of requests that race one writes the refresh; the others find on the newer profile that none is due.
        let mut current = profile;
        loop {
            let Some(due) = current.wallet.refresh(now) else { return Ok(current) };
            match self.commit(&current, &due, &[], now, random).await? {
                Committed::Yes(profile) => return Ok(profile),
                Committed::Outdated(newer) => current = newer,
            }
        }
    }

    /// Decides on the newest profile until the decision is committed.
    async fn settle(
        &self,
        mut profile: Profile,
        decide: impl Fn(Wallet) -> Result<Settlement, SpendError>,
        goods: &[Goods],
        now: Timestamp,
        random: &Random,
    ) -> Result<Receipt, SpendError> {
        for attempt in 0..ATTEMPTS_MAX {
            let settlement = decide(profile.wallet)?;
            match self.commit(&profile, &settlement, goods, now, random).await? {
                Committed::Yes(profile) => return Ok(Receipt { profile, settlement }),
                Committed::Outdated(newer) => profile = newer,
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// One try to write a settlement of `profile`.
    async fn commit(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        goods: &[Goods],
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let after = Profile {
            wallet: settlement.wallet,
            version: profile.version + 1,
            entry_count: profile.entry_count + settlement.movements.len() as u64,
            updated_at: now,
            ..profile.clone()
        };
        let mut parts = vec![(Part::Profile, self.replace_wallet(profile, &after)?)];
        for (movement, position) in settlement.movements.iter().zip(profile.entry_count + 1..) {
            let entry = Entry::of(movement, EntryId(random.uuid_v7(now)), profile.id, position, now);
            parts.push((Part::Entry, self.put_new(item::write(&keys::entry(profile.id, entry.id), &entry)?)?));
        }
        for goods in goods {
            parts.push((Part::QuestionExists, self.question_exists(&goods.question_id)?));
            parts.push((Part::Unlock, self.unlock(profile.id, goods, now)?));
        }
        let (meaning, actions): (Vec<Part>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let token: Uuid = random.uuid_v4();
        match self.transact(actions, &token.to_string()).await? {
            Outcome::Committed => Ok(Committed::Yes(after)),
            Outcome::Refused(verdicts) => explain(&meaning, verdicts),
        }
    }

    fn replace_wallet(&self, before: &Profile, after: &Profile) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(before.id).attributes()))
            .update_expression(
                "SET credits = :credits, credits_reset_at = :reset, entry_count = :entries, #version = :after, \
                 updated_at = :now",
            )
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":credits", number(after.wallet.credits))
            .expression_attribute_values(":reset", number(after.wallet.credits_reset_at))
            .expression_attribute_values(":entries", number(after.entry_count))
            .expression_attribute_values(":before", number(before.version))
            .expression_attribute_values(":after", number(after.version))
            .expression_attribute_values(":now", text(after.updated_at.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::corrupt("Update", error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn question_exists(&self, id: &QuestionId) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(keys::question(id).attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|error| StoreError::corrupt("ConditionCheck", error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn unlock(&self, user: UserId, goods: &Goods, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::progress(user, &goods.course_id, &goods.question_id).attributes()))
            .update_expression(
                "SET entity = :entity, course_id = :course, question_id = :question, seen_at = :now, \
                 unlocked_at = if_not_exists(unlocked_at, :now), solution_at = if_not_exists(solution_at, :now)",
            )
            .expression_attribute_values(":entity", text("Progress"))
            .expression_attribute_values(":course", text(goods.course_id.as_str()))
            .expression_attribute_values(":question", text(goods.question_id.as_str()))
            .expression_attribute_values(":now", text(now.to_string()));
        if goods.must_be_new {
            update = update.condition_expression("attribute_not_exists(pk)");
        }
        let update = update.build().map_err(|error| StoreError::corrupt("Update", error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// How a try ended that was not refused for good.
enum Committed {
    Yes(Profile),
    Outdated(Profile),
}

/// Reads a refusal by position. Goods come first: with them gone, a newer profile does not help.
fn explain(meaning: &[Part], verdicts: Vec<Verdict>) -> Result<Committed, SpendError> {
    let mut outdated = None;
    let mut failed = Vec::new();
    for (part, verdict) in meaning.iter().zip(verdicts) {
        if let Verdict::ConditionFailed(item) = verdict {
            failed.push(*part);
            if *part == Part::Profile {
                outdated = item;
            }
        }
    }
    if failed.contains(&Part::QuestionExists) {
        return Err(SpendError::GoodsGone);
    }
    if failed.contains(&Part::Unlock) {
        return Err(SpendError::GoodsTaken);
    }
    if failed.contains(&Part::Entry) {
        return Err(StoreError::corrupt("Entry", "a fresh id is in use").into());
    }
    let newer = outdated.ok_or(SpendError::AccountGone)?;
    Ok(Committed::Outdated(item::read(newer)?))
}
