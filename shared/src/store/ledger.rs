//! Every movement of credits. One transaction writes the profile, the ledger entries and what was bought, so nothing is
//! charged without being delivered, and nothing is delivered without being charged.
//!
//! The profile's `version` is an optimistic lock. The transaction fails if the decision was made on an older profile;
//! it returns the newer one, on which the decision is repeated. So `balance_after` is always correct, however many
//! requests run concurrently.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;
use uuid::Uuid;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, pause};
use super::keys::{self, ENTRIES};
use super::page::Page;
use crate::domain::account::profile::Profile;
use crate::domain::account::spend_count::SpendCount;
use crate::domain::catalog::QuestionMeta;
use crate::domain::credits::ledger::Entry;
use crate::domain::credits::{Charge, InsufficientCredits, Plan, Settlement};
use crate::domain::id::{CourseId, EntryId, QuestionId, UserId};
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::limits::{Standing, Window};
use crate::domain::midterm::{Midterm, MidtermId};
use crate::domain::questions::seen::{SeenChange, SeenQuestions};
use crate::domain::questions::view::{Access, QuestionView};
use crate::domain::random::Random;
use crate::domain::study::progress::QuestionDelivery;
use crate::request_metrics::{count_grant, count_spend};

/// What credits can buy.
#[derive(Debug, Clone)]
pub enum Entitlement {
    /// Permanent access to a question.
    Question {
        course_id: CourseId,
        question_id: QuestionId,
        /// The question only, or also its solution.
        access: Access,
        /// The question was chosen because the student had not unlocked it. The spend fails if it is unlocked by now.
        must_be_new: bool,
    },
    /// Permanent access to new questions and their solutions, as one item.
    Delivery(QuestionDelivery),
    /// An edition of a course's analysis.
    Analysis {
        /// Course of the analysis.
        course_id: CourseId,
        edition: String,
    },
    /// A generated midterm.
    Midterm(Box<Midterm<QuestionView>>),
}

impl Entitlement {
    /// Access to a question and its solution. `is_new` if the student has not unlocked the question yet.
    #[must_use]
    pub fn solution(question: &QuestionMeta, is_new: bool) -> Self {
        Self::Question {
            course_id: question.course_id.clone(),
            question_id: question.id.clone(),
            access: Access::Solution,
            must_be_new: is_new,
        }
    }

    fn question_ids(&self) -> &[QuestionId] {
        match self {
            Self::Question { question_id, .. } => std::slice::from_ref(question_id),
            Self::Delivery(delivery) => &delivery.question_ids,
            Self::Analysis { .. } | Self::Midterm(_) => &[],
        }
    }

    fn midterm_id(&self) -> Option<MidtermId> {
        match self {
            Self::Midterm(midterm) => Some(midterm.id),
            Self::Question { .. } | Self::Delivery(_) | Self::Analysis { .. } => None,
        }
    }
}

/// A spend to be committed.
pub struct Spend<'a> {
    /// The buyer's profile, as read by this request.
    pub profile: Profile,
    /// Amount and reason.
    pub charge: &'a Charge,
    /// What the charge pays for.
    pub entitlements: &'a [Entitlement],
    /// What the spend changes in the sets of unlocked questions; `None` if it unlocks none.
    pub seen: Option<&'a SeenChange>,
    /// The idempotency key and fingerprint of the request; `None` if this kind of request accepts no key.
    pub intent: Option<&'a Intent>,
    /// The window of the rate limit in which the spend counts, if it has one.
    pub limit: Option<Window>,
    /// Current time.
    pub now: Timestamp,
}

/// Result of a committed spend.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The profile after the spend.
    pub profile: Profile,
    /// The settlement that was committed.
    pub settlement: Settlement,
}

/// Why nothing was spent. In every case nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// The balance is too low.
    #[error(transparent)]
    Insufficient(#[from] InsufficientCredits),
    /// A concurrent duplicate with the same key committed first; its record has the answer.
    #[error("another request with the same key was faster")]
    Replayed,
    /// A concurrent request bought an item that had to be new, or may have: choose again.
    #[error("another request bought it")]
    AlreadyOwned,
    /// Concurrent spends have used the quota of the rate limit.
    #[error("the quota of spends is used")]
    TooMany(Standing),
    /// A question does not exist any more.
    #[error("the question does not exist any more")]
    QuestionGone,
    /// Free credits are withheld until the email is verified.
    #[error("the email is not verified")]
    EmailUnverified,
    /// The voucher is used up, expired or stopped.
    #[error("the voucher is closed")]
    VoucherClosed,
    /// The account does not exist any more.
    #[error("the account is gone")]
    AccountGone,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Added to the update that unlocks a question if the purchase includes its solution.
const SOLUTION: &str = ", solution_at = if_not_exists(solution_at, :now)";

/// Meaning of an action in a settlement's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpendAction {
    Profile,
    Record,
    Voucher,
    Entry,
    Delivery,
}

/// What a spend changes in the profile besides the wallet.
#[derive(Default)]
pub(super) struct SpendNotes {
    /// The questions that the student has unlocked.
    seen: Option<SeenQuestions>,
    /// The spends in the window of the rate limit.
    count: Option<SpendCount>,
}

impl Store {
    /// Charges the user and delivers the entitlements, in one transaction.
    pub async fn spend(&self, purchase: Spend<'_>, random: &Random) -> Result<Receipt, SpendError> {
        let mut profile = purchase.profile.clone();
        for attempt in 0..ATTEMPTS_MAX {
            let seen = match purchase.seen.map(|change| profile.seen_questions.after(change, attempt == 0)) {
                Some(None) => return Err(SpendError::AlreadyOwned),
                after => after.flatten(),
            };
            profile = self.with_month_of_plan(profile, purchase.now).await?;
            let next = |window: Window| window.standing(profile.spend_count.within(window) + 1, purchase.now);
            if let Some(over) = purchase.limit.map(next).filter(|next| next.is_over) {
                return Err(SpendError::TooMany(over));
            }
            let settlement = profile.wallet.spend(purchase.charge, purchase.now)?;
            match self.commit(&profile, &settlement, Some((&purchase, seen)), purchase.now, random).await? {
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

    /// Returns the profile after the monthly refresh, if one is due. A concurrent request may have written it.
    pub async fn refresh(&self, profile: Profile, now: Timestamp, random: &Random) -> Result<Profile, SpendError> {
        // Of concurrent requests, one writes the refresh; the others read the newer profile, on which none is due.
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

    /// Corrects the monthly credits of a profile before a due refresh. Imported accounts may have fewer credits per
    /// month than their plan includes; this raises them. If payments set the plan, fewer credits are intended and stay.
    /// Payments write the profile in their transaction, so a decision on an older profile fails. The free plan has no payment that
    /// brings the rest of a month.
    pub async fn with_month_of_plan(&self, profile: Profile, now: Timestamp) -> Result<Profile, StoreError> {
        let is_due = profile.wallet.is_short(&self.terms) && profile.wallet.refresh(now).is_some();
        if !is_due || (profile.wallet.plan != Plan::Free && self.billing(profile.id).await?.sets_plan()) {
            return Ok(profile);
        }
        Ok(Profile { wallet: profile.wallet.with_month_of_plan(&self.terms), ..profile })
    }

    /// Makes one attempt to commit a settlement of `profile`. `record`, if given, makes it happen at most once.
    pub(super) async fn commit_with_record(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        record: Option<TransactWriteItem>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let parts = record.map(|record| (SpendAction::Record, record)).into_iter().collect();
        self.commit_parts(profile, settlement, SpendNotes::default(), parts, now, random).await
    }

    /// Makes one attempt to commit a settlement of `profile`.
    async fn commit(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        purchase: Option<(&Spend<'_>, Option<SeenQuestions>)>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let (purchase, seen) = purchase.unzip();
        let mut parts = Vec::new();
        if let Some(Spend { intent: Some(Intent { key: Some(key), fingerprint }), entitlements, .. }) = purchase {
            let (credits_deducted, credits) = (settlement.deducted(), settlement.wallet.credits);
            let outcome = match entitlements.iter().find_map(Entitlement::midterm_id) {
                Some(midterm_id) => Outcome::Midterm { midterm_id, credits_deducted, credits },
                None => Outcome::Questions {
                    question_ids: entitlements.iter().flat_map(Entitlement::question_ids).cloned().collect(),
                    credits_deducted,
                    credits,
                },
            };
            let record = Record::new(fingerprint.clone(), outcome, now);
            parts.push((SpendAction::Record, self.put_record(profile.id, key, &record, now)?));
        }
        for entitlement in purchase.map_or([].as_slice(), |purchase| purchase.entitlements) {
            for write in self.delivery(profile.id, entitlement, now)? {
                parts.push((SpendAction::Delivery, write));
            }
        }
        let notes = SpendNotes {
            seen: seen.flatten(),
            count: purchase.and_then(|purchase| purchase.limit).map(|window| profile.spend_count.with_one_more(window)),
        };
        self.commit_parts(profile, settlement, notes, parts, now, random).await
    }

    /// Makes one attempt to commit a settlement of `profile` together with `others`.
    pub(super) async fn commit_parts(
        &self,
        profile: &Profile,
        settlement: &Settlement,
        notes: SpendNotes,
        others: Vec<(SpendAction, TransactWriteItem)>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Committed, SpendError> {
        let mut after = after(profile, settlement, now);
        if let Some(seen) = notes.seen {
            after.seen_questions = seen;
        }
        if let Some(count) = notes.count {
            after.spend_count = count;
        }
        let mut parts = vec![(SpendAction::Profile, self.replace_profile(profile, &after)?)];
        for put in self.put_movements(profile, &after, settlement, random)? {
            parts.push((SpendAction::Entry, put));
        }
        parts.extend(others);
        let (meaning, actions): (Vec<SpendAction>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let token: Uuid = random.uuid_v4();
        match self.transact(actions, &token.to_string()).await? {
            TransactionResult::Committed => {
                count_grant(settlement.granted());
                Ok(Committed::Yes(after))
            }
            TransactionResult::Refused(verdicts) => explain(&meaning, verdicts),
        }
    }

    /// Returns a page of a user's entries before `before`, newest first.
    pub async fn entries_before(
        &self,
        user: UserId,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        self.page(user, ENTRIES, before.map(|entry| keys::entry(user, entry)), limit, |query| query).await
    }

    /// The write of a settlement's changes to a profile. Its condition is that the profile has not changed since it was
    /// read.
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
        // The deletion of the account finds the rows of all its customers by this list.
        if let Some(former) =
            before.stripe_customer_id.as_ref().filter(|_| before.stripe_customer_id != after.stripe_customer_id)
        {
            changes += ", former_customers = list_append(if_not_exists(former_customers, :none), :former)";
            update = update
                .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
                .expression_attribute_values(":former", AttributeValue::L(vec![text(former)]));
        }
        if before.seen_questions != after.seen_questions {
            changes += ", seen_questions = :seen";
            let seen = item::value("Profile", &after.seen_questions)?;
            update = update.expression_attribute_values(":seen", seen);
        }
        if before.spend_count != after.spend_count {
            changes += ", spend_count = :spends";
            let spends = item::value("Profile", &after.spend_count)?;
            update = update.expression_attribute_values(":spends", spends);
        }
        // Only an operator ends unlimited access early.
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

    /// The writes of a settlement's ledger entries.
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
            Entitlement::Delivery(delivery) => return Ok(vec![self.put_delivery(user, delivery)?]),
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

/// The profile after a settlement.
pub(super) fn after(profile: &Profile, settlement: &Settlement, now: Timestamp) -> Profile {
    Profile {
        wallet: settlement.wallet,
        version: profile.version + 1,
        entry_count: profile.entry_count + settlement.movements.len() as u64,
        // Another process's clock may be ahead: the time of the ledger must not go back.
        updated_at: now.max(profile.updated_at),
        ..profile.clone()
    }
}

/// Result of one commit attempt: committed, or retry with the newer profile.
pub(super) enum Committed {
    Yes(Profile),
    Outdated(Profile),
}

/// Interprets a refused transaction by the position of its actions. Check the idempotency record first: a concurrent
/// duplicate explains every other failed condition. Then check the entitlements: if they are gone, retrying with a
/// newer profile does not help.
fn explain(meaning: &[SpendAction], verdicts: Vec<ActionOutcome>) -> Result<Committed, SpendError> {
    let mut outdated = None;
    let mut failed = Vec::new();
    for (part, verdict) in meaning.iter().zip(verdicts) {
        if let ActionOutcome::ConditionFailed(item) = verdict {
            failed.push(*part);
            if *part == SpendAction::Profile {
                outdated = item;
            }
        }
    }
    if failed.contains(&SpendAction::Record) {
        return Err(SpendError::Replayed);
    }
    if failed.contains(&SpendAction::Voucher) {
        return Err(SpendError::VoucherClosed);
    }
    if failed.contains(&SpendAction::Delivery) {
        return Err(SpendError::AlreadyOwned);
    }
    if failed.contains(&SpendAction::Entry) {
        return Err(StoreError::corrupt("Entry", "a fresh id is in use").into());
    }
    let newer: Profile = item::read(outdated.ok_or(SpendError::AccountGone)?)?;
    // The ledger is closed: nothing may be added.
    if newer.state.closing.is_some() { Err(SpendError::AccountGone) } else { Ok(Committed::Outdated(newer)) }
}
