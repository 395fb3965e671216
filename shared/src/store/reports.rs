//! Students' reports of faulty questions. A report is an item of its user, so that an export shows it and a deletion removes it.
//! The operators' queue names only its id, its user and its question.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity};
use super::dynamodb::transact::TransactionResult;
use super::keys::{self, Key, REPORTS};
use crate::domain::id::{QuestionId, UserId};
use crate::domain::questions::report::{Report, ReportId, ReportStatus};
use crate::domain::random::Random;

/// The entry of an open report in the queue.
#[derive(Serialize, Deserialize)]
struct QueuedReport {
    id: ReportId,
    user_id: UserId,
    question_id: QuestionId,
    created_at: Timestamp,
}

impl Entity for QueuedReport {
    const NAME: &'static str = "QueuedReport";
}

/// A report that waits for an operator.
#[derive(Debug, Clone)]
pub struct OpenReport {
    pub user: UserId,
    pub report: Report,
}

impl Store {
    /// Stores a report and puts it into the queue, unless the user has reported the question before. Returns what is stored;
    /// `None` if the account is being deleted.
    pub async fn report(&self, user: UserId, report: Report, random: &Random) -> Result<Option<Report>, StoreError> {
        let key = keys::report(user, &report.question_id);
        let queued = QueuedReport {
            id: report.id,
            user_id: user,
            question_id: report.question_id.clone(),
            created_at: report.created_at,
        };
        let actions = vec![
            self.put_new(item::write(&key, &report)?)?,
            self.put_new(item::write(&keys::queued_report(report.id), &queued)?)?,
            // The student's words must not stay behind a deleted account.
            self.check_account_stays(user)?,
        ];
        match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => Ok(Some(report)),
            TransactionResult::Refused(_) => self.get(&key, true).await?.map(item::read).transpose(),
        }
    }

    /// The open reports, oldest first. Entries of deleted accounts leave the queue.
    pub async fn open_reports(&self) -> Result<Vec<OpenReport>, StoreError> {
        let queue: Vec<QueuedReport> = item::read_all(self.query(REPORTS, "", true).await?)?;
        let keys: Vec<Key> = queue.iter().map(|entry| keys::report(entry.user_id, &entry.question_id)).collect();
        let mut found = HashMap::new();
        for item in self.get_many(&keys, true).await? {
            if let Some(key) = item::key_of(&item) {
                found.insert(key, item::read::<Report>(item)?);
            }
        }
        let mut open = Vec::new();
        let mut gone = Vec::new();
        for (entry, key) in queue.iter().zip(&keys) {
            match found.remove(key) {
                Some(report) => open.push(OpenReport { user: entry.user_id, report }),
                None => gone.push(keys::queued_report(entry.id)),
            }
        }
        self.delete_all(gone).await?;
        Ok(open)
    }

    /// An open report.
    pub async fn open_report(&self, id: ReportId) -> Result<Option<OpenReport>, StoreError> {
        let Some(queued) = self.get(&keys::queued_report(id), true).await? else { return Ok(None) };
        let QueuedReport { user_id, question_id, .. } = item::read(queued)?;
        let report = self.get(&keys::report(user_id, &question_id), true).await?.map(item::read).transpose()?;
        Ok(report.map(|report| OpenReport { user: user_id, report }))
    }

    /// Takes a report out of the queue and stores what became of it.
    pub async fn close_report(
        &self,
        open: &OpenReport,
        status: ReportStatus,
        now: Timestamp,
        random: &Random,
    ) -> Result<(), StoreError> {
        let closed = Report { status, closed_at: Some(now), ..open.report.clone() };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::report(open.user, &closed.question_id), &closed)?))
            .condition_expression("attribute_exists(pk)")
            .build()?;
        let queued = keys::queued_report(closed.id);
        let delete = Delete::builder().table_name(&self.table).set_key(Some(queued.attributes())).build()?;
        let actions =
            vec![TransactWriteItem::builder().put(put).build(), TransactWriteItem::builder().delete(delete).build()];
        match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => Ok(()),
            // The account was deleted meanwhile.
            TransactionResult::Refused(_) => self.delete_all(vec![queued]).await,
        }
    }
}
