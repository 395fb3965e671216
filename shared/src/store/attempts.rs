//! Attempts on questions, and the solutions that they unlock.

use aws_sdk_dynamodb::types::{Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity as _, number, text};
use super::dynamodb::plain::IS_NEW;
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, fresh_token, pause};
use super::keys;
use super::size::read_growing;
use crate::domain::id::UserId;
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::random::Random;
use crate::domain::review::Scheduler;
use crate::domain::study::attempt::{Attempt, MarkedAnswer};
use crate::domain::study::progress::Progress;
use crate::domain::study::{Study, TopicMasteryView};
use crate::domain::time::day_number;

/// Why an attempt was not recorded. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// A concurrent duplicate with the same key committed first; its record has the answer.
    #[error("another request with the same key was faster")]
    Replayed,
    /// The question is not unlocked any more.
    #[error("the progress is gone")]
    NotStarted,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A recorded attempt.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The question's progress after the attempt.
    pub progress: Progress,
    /// The topic's mastery after the attempt.
    pub mastery: TopicMasteryView,
}

impl Store {
    /// Permanently unlocks the solution of a question that is already unlocked.
    pub async fn open_solution(
        &self,
        user: UserId,
        progress: &Progress,
        now: Timestamp,
    ) -> Result<Progress, StoreError> {
        let key = keys::progress(user, &progress.course_id, &progress.question_id);
        if let Some(delivery) = progress.delivered_by {
            let opened = Progress { opened_at: Some(now), delivered_by: None, ..progress.clone() };
            let actions = vec![
                self.put_new(item::write(&key, &opened)?)?,
                self.check_delivery(user, &progress.course_id, delivery)?,
            ];
            if let TransactionResult::Committed = self.transact(actions, &fresh_token()).await? {
                return Ok(opened);
            }
            // An attempt created the item meanwhile: it is changed as any other.
        }
        let update = self
            .client
            .update_item()
            .set_key(Some(key.attributes()))
            .update_expression(
                "SET solution_at = if_not_exists(solution_at, :now), opened_at = if_not_exists(opened_at, :now)",
            )
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", text(now.to_string()))
            .return_values(ReturnValue::AllNew);
        let updated = self.update_item(update).await.map_err(|error| StoreError::call("UpdateItem", &error))?;
        item::read(updated.attributes.unwrap_or_default())
    }

    /// Records an attempt in one transaction: counts it, updates the mastery estimate, moves the question's schedule and unlocks
    /// the solution. `view` builds the topic's mastery for the answer, which is also stored in the idempotency record.
    pub async fn record_attempt(
        &self,
        user: UserId,
        marked: MarkedAnswer,
        on: (Progress, Study, &Scheduler),
        intent: &Intent,
        view: impl Fn(&Study) -> TopicMasteryView,
        random: &Random,
    ) -> Result<Recorded, AttemptError> {
        let (mut progress, mut study, scheduler) = on;
        for tries in 0..ATTEMPTS_MAX {
            // Whether the student already knew the solution is decided on the current progress, not on what this
            // request read first.
            let attempt = marked.placed(&progress, study.version + 1, scheduler.version());
            let counted = count(&progress, &attempt, scheduler);
            let mut studied = study.clone();
            studied.record(&attempt);
            let mastery = view(&studied);
            let mut actions = vec![
                self.replace_counts(user, &progress, &counted)?,
                self.replace_study(user, &study, &studied)?,
                self.put_new(item::write(&keys::attempt(user, attempt.id), &attempt)?)?,
            ];
            if let Some(key) = &intent.key {
                let outcome = Outcome::Attempt {
                    correct: attempt.correct,
                    graded_by: attempt.graded_by,
                    attempts: counted.attempts,
                    correct_attempts: counted.correct_attempts,
                    mastery: Some(mastery.clone()),
                    score: attempt.score,
                    parts: attempt.parts.clone(),
                    version: attempt.version,
                };
                let record = Record::new(intent.fingerprint.clone(), outcome, attempt.created_at);
                actions.push(self.put_record(user, key, &record, attempt.created_at)?);
            }
            if let Some(delivery) = progress.delivered_by {
                actions.push(self.check_delivery(user, &progress.course_id, delivery)?);
            }
            let verdicts = match self.transact(actions, &random.uuid_v4().to_string()).await? {
                TransactionResult::Committed => return Ok(Recorded { progress: counted, mastery }),
                TransactionResult::Refused(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            let [counts, work, fresh] = std::array::from_fn(|_| verdicts.next());
            let record = intent.key.as_ref().and_then(|_| verdicts.next());
            if let Some(ActionOutcome::ConditionFailed(_)) = record {
                return Err(AttemptError::Replayed);
            }
            if let Some(ActionOutcome::ConditionFailed(_)) = fresh {
                return Err(StoreError::corrupt("Attempt", "a fresh id is in use").into());
            }
            if let Some(ActionOutcome::ConditionFailed(_)) = verdicts.next() {
                return Err(AttemptError::NotStarted);
            }
            match counts {
                Some(ActionOutcome::ConditionFailed(Some(newer))) => progress = item::read(newer)?,
                Some(ActionOutcome::ConditionFailed(None)) => return Err(AttemptError::NotStarted),
                Some(ActionOutcome::Held) | None => {}
            }
            if let Some(ActionOutcome::ConditionFailed(Some(newer))) = work {
                study = read_growing(newer)?;
            }
            pause(tries).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// The counts serve as the optimistic lock: concurrent attempts are counted one after the other. The first attempt on a
    /// delivered question creates its item, and its transaction must check the delivery.
    pub(super) fn replace_counts(
        &self,
        user: UserId,
        before: &Progress,
        after: &Progress,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = keys::progress(user, &before.course_id, &before.question_id);
        if before.delivered_by.is_some() {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item::write(&key, after)?))
                .condition_expression(IS_NEW)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()?;
            return Ok(TransactWriteItem::builder().put(put).build());
        }
        let opened_at = after.solution_at.unwrap_or(after.seen_at);
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression(
                "SET attempts = :attempts, correct_attempts = :correct_attempts, was_correct = :was_correct, \
                 time_spent_seconds = :time, solution_at = if_not_exists(solution_at, :opened), review = :review",
            )
            .condition_expression(if before.attempts == 0 {
                "attribute_exists(pk) AND (attribute_not_exists(attempts) OR attempts = :before)"
            } else {
                "attempts = :before"
            })
            .expression_attribute_values(":attempts", number(after.attempts))
            .expression_attribute_values(":correct_attempts", number(after.correct_attempts))
            .expression_attribute_values(
                ":was_correct",
                aws_sdk_dynamodb::types::AttributeValue::Bool(after.was_correct == Some(true)),
            )
            .expression_attribute_values(":time", number(after.time_spent_seconds))
            .expression_attribute_values(":opened", text(opened_at.to_string()))
            .expression_attribute_values(":review", item::value(Progress::NAME, &after.review)?)
            .expression_attribute_values(":before", number(before.attempts))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Returns the progress with `attempt` counted and the schedule moved.
pub(super) fn count(before: &Progress, attempt: &Attempt, scheduler: &Scheduler) -> Progress {
    let schedule = before.review_state(scheduler);
    Progress {
        review: Some(scheduler.after(schedule.as_ref(), attempt.correct, day_number(attempt.created_at))),
        solution_at: before.solution_at.or(Some(attempt.created_at)),
        attempts: before.attempts + 1,
        correct_attempts: before.correct_attempts + u32::from(attempt.correct),
        was_correct: Some(attempt.correct),
        time_spent_seconds: before.time_spent_seconds + u64::from(attempt.time_spent_seconds.unwrap_or(0)),
        ..before.clone()
    }
}
