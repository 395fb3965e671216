//! Every movement of credits. One transaction holds the profile, the ledger entries and what was bought, so nothing
//! is charged without being delivered, or delivered without being charged.
//!
//! The profile's `version` is the lock: a decision made on an older profile is refused, with the newer one, and made
//! again on that. So `balance_after` is always the balance after, however many requests race.

use aws_sdk_dynamodb::types::{ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;
use uuid::Uuid;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, Transaction, pause};
use super::keys::{self, ENTRIES};
use crate::domain::account::profile::Profile;
use crate::domain::credits::ledger::Entry;
use crate::domain::credits::{Charge, InsufficientCredits, Settlement};
use crate::domain::id::{CourseId, EntryId, QuestionId, UserId};
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::midterm::{Midterm, MidtermId};
use crate::domain::questions::view::{Access, QuestionView};
use crate::domain::random::Random;
use crate::request_metrics::{count_grant, count_spend};

/// What credits buy.
#[derive(Debug, Clone)]
pub enum Entitlement {
    /// A question, for good.
    Question {
        /// Its course.
        course_id: CourseId,
        /// The question.
        question_id: QuestionId,
        /// The question alone, or its solution too.
        access: Access,
        /// It was chosen because the student had never seen it: another request may have got there first.
        must_be_new: bool,
    },
    /// An edition of a course's analysis, once.
    Analysis {
        /// The course.
        course_id: CourseId,
        /// The edition.
        edition: String,
    },
    /// A midterm, as it was generated.
    Midterm(Box<Midterm<QuestionView>>),
}

impl Entitlement {
    fn question_id(&self) -> Option<&QuestionId> {
        match self {
            Self::Question { question_id, .. } => Some(question_id),
            Self::Analysis { .. } | Self::Midterm(_) => None,
        }
    }

    fn midterm_id(&self) -> Option<MidtermId> {
        match self {
            Self::Midterm(midterm) => Some(midterm.id),
            Self::Question { .. } | Self::Analysis { .. } => None,
        }
    }
}

/// A spend.
pub struct Purchase<'a> {
    /// Who pays, as read in this request.
    pub profile: Profile,
    /// How much and why.
    pub charge: &'a Charge,
    /// What for.
    pub entitlements: &'a [Entitlement],
    /// The request, so that it is not done twice, where a client may name it.
    pub intent: Option<&'a Intent>,
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

/// Some of a user's entries, newest first.
#[derive(Debug, Clone)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// Why nothing was spent. In every case nothing has moved.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// The balance does not reach.
    #[error(transparent)]
    Insufficient(#[from] InsufficientCredits),
    /// A request with the same key was faster: its record has the answer.
    #[error("another request with the same key was faster")]
    Replayed,
    /// What had to be new was bought meanwhile: look again.
    #[error("another request bought it")]
    AlreadyOwned,
    /// A question is not there any more.
    #[error("the question does not exist any more")]
    QuestionGone,
    /// The account is not there any more.
    #[error("the account is gone")]
    AccountGone,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Added to what unlocks a question when its solution comes with it.
const SOLUTION: &str = ", solution_at = if_not_exists(solution_at, :now)";

/// What an action of a settlement's transaction stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Profile,
    Record,
    Entry,
    QuestionExists,
    Delivery,
}

impl Store {
    /// Pays for entitlements and delivers them.
    pub async fn spend(&self, purchase: Purchase<'_>, random: &Random) -> Result<Receipt, SpendError> {
        let mut profile = purchase.profile.clone();
        for attempt in 0..ATTEMPTS_MAX {
            profile = self.with_month_of_plan(profile, purchase.now).await?;
            let settlement = profile.wallet.spend(purchase.charge, purchase.now)?;
            match self.commit(&profile, &settlement, Some(&purchase), purchase.now, random).await? {
                Committed::Yes(profile) => {
                    count_spend(settlement.deducted());
                    return Ok(Receipt { profile, settlement });
                }
                Committed::Outdated(newer) => profile = newer,
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// The profile after a refresh that is due, whoever wrote it.
    pub async fn refresh(&self, profile: Profile, now: Timestamp, random: &Random) -> Result<Profile, SpendError> {
        // Of requests that race one writes the refresh; the others find on the newer profile that none is due.
        let mut current = profile;
        loop {
            current = self.with_month_of_plan(current, now).await?;
            let Some(due) = current.wallet.refresh(now) else { return Ok(current) };
            match self.commit(&current, &due, None, now, random).await? {
                Committed::Yes(profile) => return Ok(profile),
                Committed::Outdated(newer) => current = newer,
            }
        }
    }

    /// The profile whose refresh, if one is due, brings a month of its plan. Of accounts that were imported with less, that
    /// is mended here; where payments set the plan, less is right. What payments set is written with the profile, so a
    /// decision on an older one is refused.
    pub async fn with_month_of_plan(&self, profile: Profile, now: Timestamp) -> Result<Profile, StoreError> {
        let is_due = profile.wallet.is_short() && profile.wallet.refresh(now).is_some();
        if !is_due || self.billing(profile.id).await?.sets_plan() {
            return Ok(profile);
        }
        Ok(Profile { wallet: profile.wallet.with_month_of_plan(), ..profile })
    }

    /// One try to write a settlement of `profile`, with the record of what it stands for, if it is to happen once.
    pub(super) async fn commit_with_record(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        record: Option<TransactWriteItem>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let parts = record.map(|record| (Part::Record, record)).into_iter().collect();
        self.commit_parts(profile, settlement, parts, now, random).await
    }

    /// One try to write a settlement of `profile`.
    async fn commit(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        purchase: Option<&Purchase<'_>>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let mut parts = Vec::new();
        if let Some(Purchase { intent: Some(Intent { key: Some(key), fingerprint }), entitlements, .. }) = purchase {
            let (credits_deducted, credits) = (settlement.deducted(), settlement.wallet.credits);
            let outcome = match entitlements.iter().find_map(Entitlement::midterm_id) {
                Some(midterm_id) => Outcome::Midterm { midterm_id, credits_deducted, credits },
                None => Outcome::Questions {
                    question_ids: entitlements.iter().filter_map(Entitlement::question_id).cloned().collect(),
                    credits_deducted,
                    credits,
                },
            };
            let record = Record::new(fingerprint.clone(), outcome, now);
            parts.push((Part::Record, self.put_record(profile.id, key, &record, now)?));
        }
        for entitlement in purchase.map_or([].as_slice(), |purchase| purchase.entitlements) {
            if let Some(question_id) = entitlement.question_id() {
                parts.push((Part::QuestionExists, self.question_exists(question_id)?));
            }
            for write in self.delivery(profile.id, entitlement, now)? {
                parts.push((Part::Delivery, write));
            }
        }
        self.commit_parts(profile, settlement, parts, now, random).await
    }

    /// One try to write a settlement of `profile` and `others` together.
    async fn commit_parts(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        others: Vec<(Part, TransactWriteItem)>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let after = after(profile, settlement, now);
        let mut parts = vec![(Part::Profile, self.replace_profile(profile, &after)?)];
        for put in self.put_movements(profile, &after, settlement, random)? {
            parts.push((Part::Entry, put));
        }
        parts.extend(others);
        let (meaning, actions): (Vec<Part>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let token: Uuid = random.uuid_v4();
        match self.transact(actions, &token.to_string()).await? {
            Transaction::Committed => {
                count_grant(settlement.granted());
                Ok(Committed::Yes(after))
            }
            Transaction::Refused(verdicts) => explain(&meaning, verdicts),
        }
    }

    /// A page of a user's entries, newest first, from before `before`. Entries that are added meanwhile stand in front of
    /// the first page, so the pages that follow do not move.
    pub async fn entries_before(
        &self,
        user: UserId,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<EntryPage, StoreError> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(keys::user(user)))
            .expression_attribute_values(":prefix", text(ENTRIES))
            .scan_index_forward(false)
            // One more than asked tells whether a page follows.
            .limit(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX))
            .set_exclusive_start_key(before.map(|entry| keys::entry(user, entry).attributes()));
        let page = request.send().await.map_err(|error| StoreError::call("Query", &error))?;
        let mut entries: Vec<Entry> = item::read_all(page.items.unwrap_or_default())?;
        let has_more = entries.len() > limit;
        entries.truncate(limit);
        Ok(EntryPage { entries, has_more })
    }

    /// The write of what a settlement changes of a profile, on the condition that nobody wrote it meanwhile.
    pub(super) fn replace_profile(&self, before: &Profile, after: &Profile) -> Result<TransactWriteItem, StoreError> {
        let mut changes = "SET credits = :credits, credits_reset_at = :reset, #plan = :plan, \
                           monthly_credits = :monthly, entry_count = :entries, #version = :after, updated_at = :now"
            .to_owned();
        let mut update = Update::builder().table_name(&self.table);
        let ids = [
            (":customer", ", stripe_customer_id = :customer", &after.stripe_customer_id),
            (":subscription", ", stripe_subscription_id = :subscription", &after.stripe_subscription_id),
        ];
        for (name, change, id) in ids {
            if let Some(id) = id {
                changes += change;
                update = update.expression_attribute_values(name, text(id));
            }
        }
        // Only an operator ends an unlimited time before it is over.
        if before.wallet.unlimited_until.is_some() && after.wallet.unlimited_until.is_none() {
            changes += " REMOVE unlimited_until";
        }
        let update = update
            .set_key(Some(keys::profile(before.id).attributes()))
            .update_expression(changes)
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_values(":credits", number(after.wallet.credits))
            .expression_attribute_values(":reset", number(after.wallet.credits_reset_at))
            .expression_attribute_values(":plan", text(after.wallet.plan.as_str()))
            .expression_attribute_values(":monthly", number(after.wallet.monthly_credits))
            .expression_attribute_values(":entries", number(after.entry_count))
            .expression_attribute_values(":before", number(before.version))
            .expression_attribute_values(":after", number(after.version))
            .expression_attribute_values(":now", text(after.updated_at.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The writes of the ledger entries of a settlement.
    pub(super) fn put_movements(
        &self,
        before: &Profile,
        after: &Profile,
        settlement: &Settlement,
        random: &Random,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let positions = before.entry_count + 1..;
        let puts = settlement.movements.iter().zip(positions).map(|(movement, position)| {
            let id = EntryId::new(position, after.updated_at, random.bytes());
            let entry = Entry::of(movement, id, before.id, position, after.updated_at);
            self.put_new(item::write(&keys::entry(before.id, entry.id), &entry)?)
        });
        puts.collect()
    }

    fn question_exists(&self, id: &QuestionId) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(keys::question(id).attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn delivery(
        &self,
        user: UserId,
        entitlements: &Entitlement,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (course_id, question_id, access, must_be_new) = match entitlements {
            Entitlement::Question { course_id, question_id, access, must_be_new } => {
                (course_id, question_id, *access, *must_be_new)
            }
            Entitlement::Analysis { course_id, edition } => {
                return Ok(vec![self.own_analysis(user, course_id, edition, now)?]);
            }
            Entitlement::Midterm(midterm) => return self.put_midterm(user, midterm),
        };
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::progress(user, course_id, question_id).attributes()))
            .update_expression(
                "SET entity = :entity, course_id = :course, question_id = :question, seen_at = :now, \
                 unlocked_at = if_not_exists(unlocked_at, :now)"
                    .to_owned()
                    + if access == Access::Solution { SOLUTION } else { "" },
            )
            .expression_attribute_values(":entity", text("Progress"))
            .expression_attribute_values(":course", text(course_id.as_str()))
            .expression_attribute_values(":question", text(question_id.as_str()))
            .expression_attribute_values(":now", text(now.to_string()));
        if must_be_new {
            update = update.condition_expression("attribute_not_exists(pk)");
        }
        Ok(vec![TransactWriteItem::builder().update(update.build()?).build()])
    }
}

/// A profile after a settlement.
pub(super) fn after(profile: &Profile, settlement: &Settlement, now: Timestamp) -> Profile {
    Profile {
        wallet: settlement.wallet,
        version: profile.version + 1,
        entry_count: profile.entry_count + settlement.movements.len() as u64,
        // Another process may have a clock that is ahead: the ledger's time never goes back.
        updated_at: now.max(profile.updated_at),
        ..profile.clone()
    }
}

/// How a try ended that was not refused for good.
pub(super) enum Committed {
    Yes(Profile),
    Outdated(Profile),
}

/// Reads a refusal by position. A record comes first: the twin that wrote it changed everything else too. Then entitlements:
/// with them gone, a newer profile does not help.
fn explain(meaning: &[Part], verdicts: Vec<ActionOutcome>) -> Result<Committed, SpendError> {
    let mut outdated = None;
    let mut failed = Vec::new();
    for (part, verdict) in meaning.iter().zip(verdicts) {
        if let ActionOutcome::ConditionFailed(item) = verdict {
            failed.push(*part);
            if *part == Part::Profile {
                outdated = item;
            }
        }
    }
    if failed.contains(&Part::Record) {
        return Err(SpendError::Replayed);
    }
    if failed.contains(&Part::QuestionExists) {
        return Err(SpendError::QuestionGone);
    }
    if failed.contains(&Part::Delivery) {
        return Err(SpendError::AlreadyOwned);
    }
    if failed.contains(&Part::Entry) {
        return Err(StoreError::corrupt("Entry", "a fresh id is in use").into());
    }
    let newer: Profile = item::read(outdated.ok_or(SpendError::AccountGone)?)?;
    // Its ledger has ended: nothing may be added.
    if newer.state.closing.is_some() { Err(SpendError::AccountGone) } else { Ok(Committed::Outdated(newer)) }
}
