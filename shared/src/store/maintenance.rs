//! Full table scans for the operators' tools. Requests never use them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, number, text};
use super::keys::{self, ATTEMPTS, ENTRIES, PROGRESS};
use crate::domain::account::Email;
use crate::domain::account::profile::Profile;
use crate::domain::credits::held::HeldGrants;
use crate::domain::credits::ledger::{ClosedLedger, Entry};
use crate::domain::id::UserId;
use crate::domain::study::attempt::Attempt;
use crate::domain::study::progress::{Progress, QuestionDelivery};

/// A page of a scan over all users, and over emails that hold grants.
pub struct ProfilePage {
    /// Profiles, in no particular order.
    pub profiles: Vec<Profile>,
    /// Partitions of profiles that cannot be read, with the error.
    pub corrupt: Vec<(String, StoreError)>,
    pub closed: Vec<ClosedLedger>,
    /// Emails without an account, and the grants that they hold.
    pub held: Vec<(Email, HeldGrants)>,
    /// Position of the next page, if there is one.
    pub next: Option<NextPage>,
}

/// A page of a scan over the work of all students.
pub struct WorkPage {
    /// Attempts with their students, in no particular order.
    pub attempts: Vec<(UserId, Attempt)>,
    /// Questions that students unlocked and have not attempted. Those of deliveries may have been attempted, and may be named twice.
    pub unanswered: Vec<(UserId, Progress)>,
    /// Position of the next page, if there is one.
    pub next: Option<NextPage>,
}

/// Position in a scan.
pub struct NextPage(HashMap<String, AttributeValue>);

impl Store {
    /// Scans one page of the table for attempts, and for questions without one. One scan reads the work of all students, without
    /// a query for each.
    pub async fn scan_work(&self, from: Option<NextPage>) -> Result<WorkPage, StoreError> {
        let request = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(
                "begins_with(sk, :attempt) OR (begins_with(sk, :progress) AND (attribute_not_exists(attempts) OR attempts = :none))",
            )
            .expression_attribute_values(":attempt", text(ATTEMPTS))
            .expression_attribute_values(":progress", text(PROGRESS))
            .expression_attribute_values(":none", number(0))
            .set_exclusive_start_key(from.map(|page| page.0));
        let page = request.send().await.map_err(|error| StoreError::call("Scan", &error))?;
        let (mut attempts, mut unanswered) = (Vec::new(), Vec::new());
        for item in page.items.unwrap_or_default() {
            let Some(key) = item::key_of(&item) else { continue };
            // Another item whose sort key begins in the same way is none of a user.
            let Some(user) = keys::user_of(&key.pk) else { continue };
            if key.sk.starts_with(ATTEMPTS) {
                attempts.push((user, item::read(item)?));
            } else if item::entity_of(&item) == QuestionDelivery::NAME {
                let delivery: QuestionDelivery = item::read(item)?;
                unanswered.extend(delivery.question_ids.iter().map(|id| (user, delivery.progress(id.clone()))));
            } else {
                unanswered.push((user, item::read(item)?));
            }
        }
        Ok(WorkPage { attempts, unanswered, next: page.last_evaluated_key.map(NextPage) })
    }

    /// Scans one page of the table for profiles, closed ledgers and held grants.
    pub async fn scan_profiles(&self, from: Option<NextPage>) -> Result<ProfilePage, StoreError> {
        let request = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression("sk IN (:profile, :ledger) OR entity = :held")
            .expression_attribute_values(":profile", text(keys::PROFILE))
            .expression_attribute_values(":ledger", text(keys::CLOSED_LEDGER))
            .expression_attribute_values(":held", text(HeldGrants::NAME))
            .set_exclusive_start_key(from.map(|page| page.0));
        let page = request.send().await.map_err(|error| StoreError::call("Scan", &error))?;
        let mut found = ProfilePage {
            profiles: Vec::new(),
            corrupt: Vec::new(),
            closed: Vec::new(),
            held: Vec::new(),
            next: page.last_evaluated_key.map(NextPage),
        };
        for item in page.items.unwrap_or_default() {
            let key = item::key_of(&item);
            let is_closed = key.as_ref().is_some_and(|key| key.sk == keys::CLOSED_LEDGER);
            let email = key.as_ref().and_then(|key| keys::email_of(&key.pk));
            let read = if let Some(email) = email {
                item::read(item).map(|held| found.held.push((email, held)))
            } else if is_closed {
                item::read(item).map(|ledger| found.closed.push(ledger))
            } else {
                item::read(item).map(|profile| found.profiles.push(profile))
            };
            if let Err(error) = read {
                found.corrupt.push((key.map_or_else(String::new, |key| key.pk), error));
            }
        }
        Ok(found)
    }

    /// All ledger entries of a user, oldest first.
    pub async fn entries(&self, user: UserId) -> Result<Vec<Entry>, StoreError> {
        item::read_all(self.query(&keys::user(user), ENTRIES, true).await?)
    }
}
