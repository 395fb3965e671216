//! Sittings of midterms. The sort key of a sitting is that of its midterm, so a midterm has one at most, whichever device
//! starts it. Handing in is one transaction: the marks, the attempts and the mastery estimate are written together, once.
//!
//! A midterm has 20 questions at most, so that transaction has 62 actions at most, of the 100 that DynamoDB takes: a question
//! that was delivered has no item before its first attempt, and each delivery is checked. The answers come from a body of 64 KB, far
//! less than its 4 MB.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};

use super::Store;
use super::attempts::count;
use super::dynamodb::error::StoreError;
use super::dynamodb::item;
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, pause};
use super::keys;
use super::size::read_growing;
use crate::domain::id::{CourseId, UserId};
use crate::domain::midterm::MidtermId;
use crate::domain::midterm::sitting::Sitting;
use crate::domain::random::Random;
use crate::domain::review::Scheduler;
use crate::domain::study::Study;
use crate::domain::study::attempt::MarkedAnswer;
use crate::domain::study::progress::{DeliveryId, Progress};

/// Why a sitting was not written. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SittingError {
    /// The midterm or its sitting does not exist any more: the account was deleted.
    #[error("the midterm is gone")]
    MidtermGone,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// The sitting of a midterm, if it was started.
    pub async fn sitting(&self, user: UserId, midterm: MidtermId) -> Result<Option<Sitting>, StoreError> {
        self.get(&keys::sitting(user, midterm), true).await?.map(item::read).transpose()
    }

    /// Starts a sitting, unless the midterm has one. Returns the one that it has then.
    pub async fn start_sitting(
        &self,
        user: UserId,
        sitting: Sitting,
        random: &Random,
    ) -> Result<Sitting, SittingError> {
        let midterm = sitting.midterm_id;
        let key = keys::sitting(user, midterm);
        let actions = vec![
            self.check(&keys::midterm(user, midterm), "attribute_exists(pk)")?,
            self.put_new(item::write(&key, &sitting)?)?,
        ];
        let verdicts = match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => return Ok(sitting),
            TransactionResult::Refused(verdicts) => verdicts,
        };
        match verdicts.first() {
            Some(ActionOutcome::ConditionFailed(_)) => Err(SittingError::MidtermGone),
            _ => self.sitting(user, midterm).await?.ok_or(SittingError::MidtermGone),
        }
    }

    /// Hands a sitting in, in one transaction: the marks, an attempt on each marked question with its counts, and the
    /// mastery estimate. If it was handed in before, nothing is written, and the first one is returned.
    pub async fn hand_in(
        &self,
        user: UserId,
        sitting: Sitting,
        mut attempts: Vec<(MarkedAnswer, Progress)>,
        on: (Study, &Scheduler),
        random: &Random,
    ) -> Result<Sitting, SittingError> {
        let (mut study, scheduler) = on;
        for tries in 0..ATTEMPTS_MAX {
            let mut studied = study.clone();
            let mut actions = vec![self.close_sitting(user, &sitting)?];
            for (marked, progress) in &attempts {
                let attempt = marked.placed(progress, studied.version + 1, scheduler.version());
                studied.record(&attempt);
                actions.push(self.replace_counts(user, progress, &count(progress, &attempt, scheduler))?);
                actions.push(self.put_new(item::write(&keys::attempt(user, attempt.id), &attempt)?)?);
            }
            if !attempts.is_empty() {
                actions.push(self.replace_study(user, &study, &studied)?);
            }
            // A transaction must not name an item twice.
            let deliveries: BTreeSet<(CourseId, DeliveryId)> = attempts
                .iter()
                .filter_map(|(_, progress)| Some((progress.course_id.clone(), progress.delivered_by?)))
                .collect();
            for (course, delivery) in &deliveries {
                actions.push(self.check_delivery(user, course, *delivery)?);
            }
            let verdicts = match self.transact(actions, &random.uuid_v4().to_string()).await? {
                TransactionResult::Committed => return Ok(sitting),
                TransactionResult::Refused(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            match verdicts.next() {
                Some(ActionOutcome::ConditionFailed(Some(first))) => return Ok(item::read(first)?),
                Some(ActionOutcome::ConditionFailed(None)) => return Err(SittingError::MidtermGone),
                Some(ActionOutcome::Held) | None => {}
            }
            for (_, progress) in &mut attempts {
                match verdicts.next() {
                    Some(ActionOutcome::ConditionFailed(Some(newer))) => *progress = item::read(newer)?,
                    Some(ActionOutcome::ConditionFailed(None)) => return Err(SittingError::MidtermGone),
                    Some(ActionOutcome::Held) | None => {}
                }
                if let Some(ActionOutcome::ConditionFailed(_)) = verdicts.next() {
                    return Err(StoreError::corrupt("Attempt", "a fresh id is in use").into());
                }
            }
            if !attempts.is_empty()
                && let Some(ActionOutcome::ConditionFailed(Some(newer))) = verdicts.next()
            {
                study = read_growing(newer)?;
            }
            if verdicts.any(|verdict| matches!(verdict, ActionOutcome::ConditionFailed(_))) {
                return Err(SittingError::MidtermGone);
            }
            pause(tries).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// The write of a sitting that is handed in. It fails if that was done before.
    fn close_sitting(&self, user: UserId, sitting: &Sitting) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::sitting(user, sitting.midterm_id), sitting)?))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(handed_in)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
