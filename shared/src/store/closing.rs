//! Account deletion. The first transaction disables sign-in and spending and removes the name and the email. Then the
//! ledger entries move to an anonymous ledger, and everything else is deleted, the profile last. An interrupted
//! deletion is completed by repeating it. `docs/decisions/0014` says what is kept and why.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, pause};
use super::keys::{self, ENTRIES, Key};
use crate::domain::account::profile::{ClosedLedgerId, Profile};
use crate::domain::account::token::TokenHash;
use crate::domain::credits::ledger::{ClosedLedger, Entry};
use crate::domain::id::UserId;
use crate::domain::mail::{Mail, Slot};
use crate::domain::random::Random;

/// Entries per transaction: each needs a put and a delete, and DynamoDB allows 100 actions.
const ENTRIES_MOVED_AT_ONCE: usize = 50;
/// Concurrent transactions.
const TRANSACTIONS_AT_ONCE: usize = 4;
/// Maximum number of replaced customers whose rows are deleted: a transaction has 100 actions.
const CUSTOMERS_MAX: usize = 90;
/// Maximum passes over the account that delete items written concurrently.
const SWEEPS_MAX: u32 = 8;

impl Store {
    /// Starts deletion: frees the email and disables sign-in. Returns the id of the anonymous ledger; `None` if the
    /// account does not exist any more.
    pub async fn begin_closing(
        &self,
        profile: Profile,
        now: Timestamp,
        random: &Random,
    ) -> Result<Option<ClosedLedgerId>, StoreError> {
        self.begin_closing_telling(profile, None, (now, random)).await
    }

    /// Like [`Store::begin_closing`]; `notice` is written with it.
    pub async fn begin_closing_telling(
        &self,
        mut profile: Profile,
        notice: Option<&Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<Option<ClosedLedgerId>, StoreError> {
        for attempt in 0..ATTEMPTS_MAX {
            if let Some(begun) = profile.state.closing {
                return Ok(Some(begun));
            }
            let id = ClosedLedgerId(random.uuid_v4());
            let ledger = ClosedLedger {
                id,
                credits: profile.wallet.credits,
                plan: profile.wallet.plan_at(now),
                entry_count: profile.entry_count,
                closed_at: now,
            };
            let mut actions = vec![
                self.mark_closing(&profile, id)?,
                self.delete_credential(&profile)?,
                self.put_new(item::write(&keys::closed_ledger(id), &ledger)?)?,
                // A request for a new password names the address, which is known for the last time here.
                self.delete(&keys::mail(&Slot::reset_of(&profile.email)))?,
            ];
            actions.extend(self.delete_reservation(&profile, now)?);
            actions.extend(notice.map(|notice| self.put_mail(notice)).transpose()?);
            for customer in self.customers_of(&profile).await? {
                actions.push(self.delete(&keys::customer(&customer))?);
            }
            let TransactionResult::Refused(verdicts) = self.transact(actions, &random.uuid_v4().to_string()).await?
            else {
                return Ok(Some(id));
            };
            // A concurrent request spent, or started the deletion: decide again on the newer profile.
            match verdicts.into_iter().next() {
                Some(ActionOutcome::ConditionFailed(Some(newer))) => profile = item::read(newer)?,
                Some(ActionOutcome::ConditionFailed(None)) => return Ok(None),
                Some(ActionOutcome::Held) | None => {
                    return Err(StoreError::corrupt("Credential", "it is of another user than the profile"));
                }
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX })
    }

    /// Deletes everything of an account whose deletion has begun.
    ///
    /// `session` is the session of the request. It is deleted last, together with the profile, so that the user can
    /// retry an interrupted deletion.
    pub async fn finish_closing(
        &self,
        user: UserId,
        ledger: ClosedLedgerId,
        session: Option<&TokenHash>,
        random: &Random,
    ) -> Result<(), StoreError> {
        let last: Vec<Key> =
            session.map(|hash| keys::session(user, hash)).into_iter().chain([keys::profile(user)]).collect();
        // Requests that were in progress when deletion began may still write: repeat until nothing is left.
        for _ in 0..SWEEPS_MAX {
            self.move_entries(user, ledger, random).await?;
            let mails = keys::mails_of(user);
            let partition = keys::user(user);
            let (mut left, mails) =
                tokio::try_join!(self.keys_under(&partition, ""), self.keys_under(&mails.pk, &mails.sk))?;
            left.extend(mails);
            left.retain(|key| !last.contains(key));
            if left.is_empty() {
                let actions = last.iter().map(|key| self.delete(key)).collect::<Result<_, _>>()?;
                return self.transact(actions, &random.uuid_v4().to_string()).await.map(|_| ());
            }
            self.delete_all(left).await?;
        }
        Err(StoreError::Contention { attempts: SWEEPS_MAX })
    }

    /// The ledger entries of a deleted account.
    pub async fn closed_entries(&self, ledger: ClosedLedgerId) -> Result<Vec<Entry>, StoreError> {
        item::read_all(self.query(&keys::closed_partition(ledger), ENTRIES, true).await?)
    }

    async fn move_entries(&self, user: UserId, ledger: ClosedLedgerId, random: &Random) -> Result<(), StoreError> {
        let entries = self.entries(user).await?;
        let mut moves = Vec::new();
        for chunk in entries.chunks(ENTRIES_MOVED_AT_ONCE) {
            let mut actions = Vec::with_capacity(2 * chunk.len());
            for entry in chunk {
                let kept = item::write(&keys::closed_entry(ledger, entry.id), &entry.clone().of_nobody(ledger))?;
                actions.push(self.put(kept)?);
                actions.push(self.delete(&keys::entry(user, entry.id))?);
            }
            let token = random.uuid_v4().to_string();
            moves.push(async move { self.transact(actions, &token).await.map(|_| ()) });
        }
        stream::iter(moves).buffer_unordered(TRANSACTIONS_AT_ONCE).try_collect::<()>().await
    }

    /// The user's customer at Stripe, and those that it replaced. If a customer comes or goes meanwhile, the profile's
    /// version changes and the deletion reads again.
    async fn customers_of(&self, profile: &Profile) -> Result<BTreeSet<String>, StoreError> {
        let Some(current) = &profile.stripe_customer_id else { return Ok(BTreeSet::new()) };
        let stored = self.get(&keys::profile(profile.id), true).await?;
        let former = stored.as_ref().and_then(|item| item.get("former_customers")?.as_l().ok());
        let former = former.into_iter().flatten().filter_map(|id| id.as_s().ok().cloned());
        Ok(former.take(CUSTOMERS_MAX).chain([current.clone()]).collect())
    }

    /// The version is the optimistic lock: a spend decided on an older profile fails, so the ledger's end is fixed.
    fn mark_closing(&self, profile: &Profile, ledger: ClosedLedgerId) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(profile.id).attributes()))
            .update_expression(
                "SET closing = :ledger, email = :nobody, #version = :after REMOVE #name, stripe_customer_id, \
                 stripe_subscription_id, former_customers, new_email, former_email",
            )
            .condition_expression("#version = :before AND attribute_not_exists(closing)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":ledger", text(ledger.0.to_string()))
            .expression_attribute_values(":nobody", text(Profile::CLOSING_EMAIL))
            .expression_attribute_values(":before", number(profile.version))
            .expression_attribute_values(":after", number(profile.version + 1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn delete_credential(&self, profile: &Profile) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(keys::credential(&profile.email).attributes()))
            .condition_expression("attribute_not_exists(pk) OR user_id = :user")
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn put(&self, item: item::Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(super) fn delete(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key.attributes())).build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    async fn keys_under(&self, partition: &str, prefix: &str) -> Result<Vec<Key>, StoreError> {
        // Read only the keys: midterms may hold megabytes.
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let request = self.client.query().table_name(&self.table).consistent_read(true);
            let request = request.projection_expression("pk, sk").expression_attribute_values(":pk", text(partition));
            let request = if prefix.is_empty() {
                request.key_condition_expression("pk = :pk")
            } else {
                request
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", text(prefix))
            };
            let page = request.set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| StoreError::call("Query", &error))?;
            keys.extend(page.items().iter().filter_map(item::key_of));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }
}
