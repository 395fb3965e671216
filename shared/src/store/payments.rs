//! Payments: applies Stripe events to a user, in one transaction with the claim of the event, and maps Stripe customers
//! to users.

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, number, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, TransactionResult, pause};
use super::keys::{self, Key};
use super::ledger::after;
use super::size::{read_growing, write_growing};
use crate::domain::account::profile::Profile;
use crate::domain::id::UserId;
use crate::domain::mail::notices::notice_of_payment;
use crate::domain::mail::{Mail, MailKind};
use crate::domain::payments::{Billing, Event, EventEffect, Prices};
use crate::domain::random::Random;
use crate::domain::time::DAY_SECONDS;
use crate::request_metrics::count_grant;

/// How long a claim is kept. Stripe retries an event for three days, and lets us fetch it again for thirty days. After
/// that, the recorded payment facts still identify a repeated event.
const CLAIM_TTL_SECONDS: i64 = 60 * DAY_SECONDS;

/// How long a replaced customer stays mapped to its user: longer than a payment can be refunded or disputed.
const REPLACED_TTL_SECONDS: i64 = 540 * DAY_SECONDS;

/// A user's payment data in stored form.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct BillingRow {
    /// Incremented by every write.
    version: u64,
    billing: Billing,
}

impl Entity for BillingRow {
    const NAME: &'static str = "Billing";
}

/// Maps a Stripe customer id to its user.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CustomerOwner {
    user_id: UserId,
    /// Stripe did not have the customer and the user has another one. Its events may still come, so it is kept for a
    /// while; they make it the user's customer again, unless it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl Entity for CustomerOwner {
    const NAME: &'static str = "Customer";
}

/// Marks an event as applied.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EventClaim {
    claimed_at: Timestamp,
    expires_at: i64,
}

impl Entity for EventClaim {
    const NAME: &'static str = "Event";
}

/// Result of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The event was applied by this call to this account.
    Applied(Box<Profile>),
    /// The price is unknown. The event was recorded, but grants nothing until the configuration contains the price.
    UnknownPrice,
    /// The event contains nothing new.
    Known,
    /// The user has no account, or is deleting it.
    NoAccount,
}

/// What is read before an event is applied.
#[derive(Default)]
struct Before {
    profile: Option<Profile>,
    billing: Option<BillingRow>,
    customer: Option<CustomerOwner>,
    is_claimed: bool,
}

impl Store {
    /// Reads a user's payment data.
    pub async fn billing(&self, user: UserId) -> Result<Billing, StoreError> {
        let row: Option<BillingRow> = self.get(&keys::billing(user), true).await?.map(read_growing).transpose()?;
        Ok(row.unwrap_or_default().billing)
    }

    /// The user of a Stripe customer.
    pub async fn user_of_customer(&self, customer: &str) -> Result<Option<UserId>, StoreError> {
        let customer: Option<CustomerOwner> =
            self.get(&keys::customer(customer), true).await?.map(item::read).transpose()?;
        Ok(customer.map(|customer| customer.user_id))
    }

    /// Makes `customer` the user's customer, unless a concurrent request set one first. Returns the user's current
    /// customer; `None` if there is no account.
    pub async fn adopt_customer(
        &self,
        user: UserId,
        customer: &str,
        now: Timestamp,
        random: &Random,
    ) -> Result<Option<String>, StoreError> {
        let profile = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(user).attributes()))
            .update_expression("SET stripe_customer_id = :customer, #version = #version + :one, updated_at = :now")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(stripe_customer_id) AND attribute_not_exists(closing)",
            )
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":customer", text(customer))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", text(now.to_string()))
            .build()?;
        let actions = vec![TransactWriteItem::builder().update(profile).build(), self.put_customer(customer, user)?];
        match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => Ok(Some(customer.to_owned())),
            // A concurrent duplicate, or an event of a manually created subscription, set the customer first.
            TransactionResult::Refused(_) => {
                Ok(self.profile(user).await?.and_then(|profile| profile.stripe_customer_id))
            }
        }
    }

    /// Replaces the customer `missing`, which was deleted at Stripe, by `new`, unless a concurrent request replaced it
    /// first. Returns the user's current customer; `None` if there is no account.
    pub async fn replace_customer(
        &self,
        user: UserId,
        missing: &str,
        new: &str,
        now: Timestamp,
        random: &Random,
    ) -> Result<Option<String>, StoreError> {
        let profile = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(user).attributes()))
            .update_expression(
                "SET stripe_customer_id = :new, #version = #version + :one, updated_at = :now, \
                 former_customers = list_append(if_not_exists(former_customers, :none), :former)",
            )
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":former", AttributeValue::L(vec![text(missing)]))
            .condition_expression("stripe_customer_id = :missing AND attribute_not_exists(closing)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":new", text(new))
            .expression_attribute_values(":missing", text(missing))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", text(now.to_string()))
            .build()
            .map_err(|error| StoreError::corrupt("Update", error))?;
        let replaced = CustomerOwner {
            user_id: user,
            replaced_by: Some(new.to_owned()),
            expires_at: Some(now.as_second() + REPLACED_TTL_SECONDS),
        };
        let actions = vec![
            TransactWriteItem::builder().update(profile).build(),
            self.put_customer(new, user)?,
            self.put_customer_row(missing, &replaced)?,
        ];
        match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => Ok(Some(new.to_owned())),
            TransactionResult::Refused(_) => {
                Ok(self.profile(user).await?.and_then(|profile| profile.stripe_customer_id))
            }
        }
    }

    /// Applies `event` to `user`. One transaction writes the plan, the credits, the ledger, the payment data and the
    /// claim of the event, and the mail that `notice` makes of a kind.
    pub async fn settle(
        &self,
        user: UserId,
        event: &Event,
        prices: &Prices,
        notice: impl Fn(&Profile, MailKind) -> Option<Mail>,
        (now, random): (Timestamp, &Random),
    ) -> Result<Settled, StoreError> {
        for attempt in 0..ATTEMPTS_MAX {
            let before = self.before(user, event).await?;
            let open = before.profile.as_ref().filter(|profile| profile.state.closing.is_none());
            let Some(profile) = open else { return Ok(Settled::NoAccount) };
            if before.is_claimed {
                return Ok(Settled::Known);
            }
            let billing = before.billing.as_ref().map_or_else(Billing::default, |row| row.billing.clone());
            let of_plan = profile.wallet.with_month_of_plan(&self.terms);
            let billing = billing.with_import(&Profile { wallet: of_plan, ..profile.clone() });
            let wallet = if billing.sets_plan() { profile.wallet } else { of_plan };
            let outcome = billing.apply(event, prices, wallet, now);
            if !outcome.changed {
                return Ok(if outcome.unknown_price { Settled::UnknownPrice } else { Settled::Known });
            }
            let mut actions = self.effect(profile, &before, event, &outcome, (now, random))?;
            // An event with an unknown price is not claimed, so it may come again.
            if !outcome.unknown_price {
                let plans = (profile.wallet.plan_at(now), after(profile, &outcome.settlement, now).wallet.plan_at(now));
                let kind = notice_of_payment(event, plans.0, plans.1);
                let mail = kind.and_then(|kind| notice(profile, kind));
                actions.extend(mail.map(|mail| self.put_mail(&mail)).transpose()?);
            }
            match self.transact(actions, &random.uuid_v4().to_string()).await? {
                TransactionResult::Committed => {
                    count_grant(outcome.settlement.granted());
                    return Ok(if outcome.unknown_price {
                        Settled::UnknownPrice
                    } else {
                        Settled::Applied(Box::new(profile.clone()))
                    });
                }
                // A concurrent request wrote the profile, or a concurrent duplicate wrote the claim: read again.
                TransactionResult::Refused(_) => pause(attempt).await,
            }
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX })
    }

    async fn before(&self, user: UserId, event: &Event) -> Result<Before, StoreError> {
        let (profile, billing, claim) = (keys::profile(user), keys::billing(user), keys::event(&event.id));
        let customer = event.customer().map(keys::customer);
        let mut keys = vec![profile.clone(), billing.clone(), claim.clone()];
        keys.extend(customer.clone());
        let items = self.get_many(&keys, true).await?;
        let mut before = Before::default();
        for found in items {
            let key = item::key_of(&found);
            if key.as_ref() == Some(&profile) {
                before.profile = Some(item::read(found)?);
            } else if key.as_ref() == Some(&billing) {
                before.billing = Some(read_growing(found)?);
            } else if key.as_ref() == Some(&claim) {
                before.is_claimed = true;
            } else if key == customer {
                before.customer = Some(item::read(found)?);
            }
        }
        Ok(before)
    }

    /// The writes of an event's effect.
    fn effect(
        &self,
        profile: &Profile,
        before: &Before,
        event: &Event,
        outcome: &EventEffect,
        (now, random): (Timestamp, &Random),
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let billing = &outcome.billing;
        let known = |id: Option<&str>, kept: &Option<String>| id.map(str::to_owned).or_else(|| kept.clone());
        // Use only a customer named by this event, since the facts may contain one that was replaced. A replaced
        // customer that is not deleted was replaced by mistake, and is restored.
        let customer = billing.customer().filter(|customer| event.customer() == Some(*customer));
        let is_replaced = before.customer.as_ref().is_some_and(|customer| customer.replaced_by.is_some());
        let after = Profile {
            stripe_customer_id: known(customer, &profile.stripe_customer_id),
            stripe_subscription_id: known(billing.subscription(), &profile.stripe_subscription_id),
            ..after(profile, &outcome.settlement, now)
        };
        let mut actions = vec![self.replace_profile(profile, &after)?];
        actions.extend(self.put_movements(profile, &after, &outcome.settlement, random)?);
        actions.push(self.replace_billing(profile.id, before.billing.as_ref(), billing.clone())?);
        // An event with an unknown price is not claimed, so it can be applied when it arrives again.
        if !outcome.unknown_price {
            let claim = EventClaim { claimed_at: now, expires_at: now.as_second() + CLAIM_TTL_SECONDS };
            actions.push(self.put_new(item::write(&keys::event(&event.id), &claim)?)?);
        }
        let is_new = before.customer.is_none() || (is_replaced && customer.is_some());
        if let Some(customer) = event.customer().filter(|_| is_new) {
            actions.push(self.put_customer(customer, profile.id)?);
        }
        Ok(actions)
    }

    /// The write of an imported subscription, if there is one.
    pub(super) fn put_import(&self, profile: &Profile) -> Result<Option<TransactWriteItem>, StoreError> {
        let billing = Billing::default()
            .with_import(&Profile { wallet: profile.wallet.with_month_of_plan(&self.terms), ..profile.clone() });
        if billing == Billing::default() {
            return Ok(None);
        }
        let row = BillingRow { version: 1, billing };
        self.put_new(write_growing(&keys::billing(profile.id), &row)?).map(Some)
    }

    fn replace_billing(
        &self,
        user: UserId,
        before: Option<&BillingRow>,
        billing: Billing,
    ) -> Result<TransactWriteItem, StoreError> {
        let version = before.map_or(0, |row| row.version);
        let row = BillingRow { version: version + 1, billing };
        let put = Put::builder().table_name(&self.table).set_item(Some(write_growing(&keys::billing(user), &row)?));
        let put = put.condition_expression("attribute_not_exists(pk) OR #version = :before");
        let put = put.expression_attribute_names("#version", "version");
        built(put.expression_attribute_values(":before", number(version)))
    }

    /// The write that maps a customer to its user. It fails if the customer belongs to another user.
    pub(super) fn put_customer(&self, customer: &str, user: UserId) -> Result<TransactWriteItem, StoreError> {
        self.put_customer_row(customer, &CustomerOwner { user_id: user, replaced_by: None, expires_at: None })
    }

    fn put_customer_row(&self, customer: &str, row: &CustomerOwner) -> Result<TransactWriteItem, StoreError> {
        let put = self.put_of(&keys::customer(customer), row)?;
        let put = put.condition_expression("attribute_not_exists(pk) OR user_id = :user");
        built(put.expression_attribute_values(":user", text(row.user_id.to_string())))
    }

    fn put_of<T: Entity>(&self, key: &Key, body: &T) -> Result<PutBuilder, StoreError> {
        let item: Item = item::write(key, body)?;
        Ok(Put::builder().table_name(&self.table).set_item(Some(item)))
    }
}

fn built(put: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    let put = put.build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}
