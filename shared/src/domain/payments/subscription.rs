//! Everything known about a user's payments: facts by subscription, invoice, charge and dispute, and the bookings for
//! them.
//!
//! Invariant: the facts after a set of events are the same for every order and repetition of the set. Facts are merged
//! by commutative, idempotent operations: a union, a maximum, or the newer of two by a total order. Stripe's objects
//! have no time of last change, so the newer one is that of the later event, not of the later delivery.
//!
//! A price is looked up when its event arrives, and the plan is stored, because the configuration may change later.
//! Facts about prices that are not ours are kept too, without a plan: nothing is derived from them (`plan.rs`,
//! `rules.rs`).
//!
//! The facts are stored as an item. Fields added later have defaults, so that older items can be read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::{
    Change, Dispute, DisputeStatus, Event, EventKind, Invoice, InvoicePayment, Refund, Status, SubscriptionChange,
    SubscriptionItem,
};
use super::imported::Imported;
use super::lines::Purchased;
use super::rules::Prices;
use crate::domain::credits::{Credits, Plan};

/// A user's payments, stored beside the profile and written with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Billing {
    customer: Option<LatestCustomer>,
    /// The subscription that an import brought, for which no payment is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) imported: Option<Imported>,
    /// Customers who were deleted at Stripe.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    deleted_customers: BTreeSet<String>,
    pub(super) subscriptions: BTreeMap<String, SubscriptionFacts>,
    pub(super) invoices: BTreeMap<String, InvoiceFacts>,
    /// From a charge or payment intent to the invoice that it paid.
    payments: BTreeMap<String, String>,
    pub(super) charges: BTreeMap<String, StripeCharge>,
    pub(super) disputes: BTreeMap<String, DisputeFacts>,
    pub(super) booked: Booked,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct LatestCustomer {
    created: i64,
    event: String,
    id: String,
}

/// Order of changes of a subscription: the greater one is newer. The end is final. Otherwise time decides, and within
/// one second the later status of a life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Watermark {
    ended: bool,
    created: i64,
    updated: bool,
    period_end: i64,
    /// A renewal that fails at once makes a subscription `active` and `past_due` within one second.
    #[serde(default, skip_serializing_if = "is_false")]
    past_due: bool,
    event: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and stored by its name")]
pub(super) struct SubscriptionFacts {
    watermark: Watermark,
    pub(super) gives_access: bool,
    /// From the newest change with a price of ours; `None` without one. A price removed from the configuration keeps
    /// the plan of its subscribers.
    priced: Option<Priced>,
    /// The prices of the newest change, if none of them was ours.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    foreign_prices: BTreeSet<String>,
    pub(super) cancels: bool,
    /// When it ends, if that was set to a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel_at: Option<i64>,
    /// Older items do not have this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    /// Start and end of the current period of the items that have a price of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<(Option<i64>, i64)>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) collection_paused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    /// Latest event with status `active` or `trialing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) active_at: Option<i64>,
    /// Whether any event had status `trialing`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) was_tried: bool,
    /// Whether any event stopped it after it ran.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) was_stopped: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Priced {
    at: Watermark,
    plan: Plan,
    /// Our prices in that event. Older items do not have this field.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    prices: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InvoiceFacts {
    pub(super) subscription: String,
    /// When an attempt to collect it failed last.
    pub(super) failed_at: Option<i64>,
    pub(super) paid: Option<PaidPeriod>,
    /// When it was voided or marked uncollectible last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<String>,
    /// Whether any of its events named a price of ours.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) has_known_price: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PaidPeriod {
    pub(super) created: i64,
    event: String,
    pub(super) amount: u64,
    /// Nothing when no price is ours.
    pub(super) plan: Option<Plan>,
    /// What it pays for; `None` for a change within a period.
    pub(super) period: Option<Period>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) period_start: Option<i64>,
    pub(super) period_end: i64,
}

/// What a paid invoice pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Period {
    /// The month with which a subscription begins.
    First,
    /// The month after the last one.
    Next,
    /// A month that begins with a change: another interval, or the early end of a trial.
    Change,
    /// Time that costs nothing.
    Trial,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StripeCharge {
    pub(super) payment_intent: Option<String>,
    invoice: Option<String>,
    /// Totals after and before each refund, in the order of the totals.
    pub(super) refunds: BTreeSet<(u64, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DisputeFacts {
    closed: bool,
    created: i64,
    event: String,
    charge: String,
    pub(super) payment_intent: Option<String>,
    pub(super) amount: u64,
    pub(super) status: DisputeStatus,
    pub(super) inquiry: bool,
}

/// The bookings in wallet and ledger, by cause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Booked {
    pub(super) plan: Option<Plan>,
    pub(super) reset_at: Option<i64>,
    /// Credits by invoice.
    pub(super) grants: BTreeMap<String, Credits>,
    /// By refund or dispute.
    pub(super) clawbacks: BTreeMap<String, Clawback>,
}

/// Credits that one cause takes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clawback {
    pub(super) taken: Credits,
    /// Credits that the balance could not cover.
    pub(super) unrecovered: Credits,
    /// The dispute was won, and both its entries are written.
    #[serde(default)]
    pub(super) released: bool,
}

impl Billing {
    /// `cus_…` from the latest event; `None` if that customer was deleted at Stripe.
    #[must_use]
    pub fn customer(&self) -> Option<&str> {
        let customer = self.customer.as_ref().map(|customer| customer.id.as_str());
        customer.filter(|customer| !self.deleted_customers.contains(*customer))
    }

    /// Whether Stripe has deleted the customer of a subscription or invoice, and so cancelled it. `None` stands for facts
    /// that were stored without their customer: there was only one.
    pub(super) fn is_deleted(&self, customer: Option<&str>) -> bool {
        let customer = customer.or_else(|| self.customer.as_ref().map(|customer| customer.id.as_str()));
        customer.is_some_and(|customer| self.deleted_customers.contains(customer))
    }

    /// Credits that refunds and disputes could not take back, since they were spent.
    #[must_use]
    pub fn unrecovered(&self) -> u64 {
        self.booked.clawbacks.values().map(|of| u64::from(of.unrecovered)).sum()
    }

    /// Merges the facts of `event`. Whether a price in it is not ours.
    pub(super) fn learn(&mut self, event: &Event, prices: &Prices) -> bool {
        if let Some(id) = event.customer() {
            let customer = LatestCustomer { created: event.created, event: event.id.clone(), id: id.to_owned() };
            self.customer = self.customer.take().max(Some(customer));
        }
        match &event.kind {
            EventKind::Subscription(change) => return self.learn_subscription(event, change, prices),
            EventKind::CustomerDeleted(customer) => drop(self.deleted_customers.insert(customer.id.clone())),
            EventKind::InvoicePaid(invoice) => return self.learn_paid(event, invoice, prices),
            EventKind::InvoiceFailed(invoice) => {
                let facts = self.learn_invoice(invoice, prices);
                facts.failed_at = facts.failed_at.max(Some(event.created));
            }
            EventKind::InvoiceClosed(invoice) => {
                let facts = self.learn_invoice(invoice, prices);
                facts.closed_at = facts.closed_at.max(Some(event.created));
            }
            EventKind::InvoicePayment(payment) => self.learn_payment(payment),
            EventKind::Refund(refund) => self.learn_refund(refund),
            EventKind::Dispute(dispute) => self.learn_dispute(event, dispute),
            EventKind::Checkout(_) | EventKind::Ignored => {}
        }
        false
    }

    fn learn_subscription(&mut self, event: &Event, change: &SubscriptionChange, prices: &Prices) -> bool {
        let watermark = Watermark {
            ended: change.change == Change::Deleted,
            created: event.created,
            updated: change.change > Change::Created,
            period_end: change.period_end,
            past_due: change.status == Status::PastDue,
            event: event.id.clone(),
        };
        let names = |items: &[&SubscriptionItem]| items.iter().map(|item| item.price.clone()).collect::<BTreeSet<_>>();
        let all: Vec<&SubscriptionItem> = change.items.iter().collect();
        let known: Vec<&SubscriptionItem> =
            change.items.iter().filter(|item| prices.plan(&item.price).is_some()).collect();
        let plan = known.iter().map(|item| prices.plan(&item.price)).fold(None, better);
        // The period of an item with a foreign price does not matter for our plan.
        let period_of = |items: &[&SubscriptionItem]| {
            let latest = items.iter().max_by_key(|item| (item.period_end, item.period_start))?;
            Some((latest.period_start, latest.period_end))
        };
        let period = period_of(&known).or_else(|| period_of(&all));
        let period_end = period.map_or(change.period_end, |(_, end)| end);
        let runs = matches!(change.status, Status::Active | Status::Trialing);
        let new = SubscriptionFacts {
            gives_access: change.status.gives_access(),
            priced: plan.map(|plan| Priced { at: watermark.clone(), plan, prices: names(&known) }),
            foreign_prices: if known.is_empty() { names(&all) } else { BTreeSet::new() },
            // A cancellation date after the next payment does not end the subscription yet.
            cancels: change.cancel_at_period_end || change.cancel_at.is_some_and(|at| at <= period_end),
            cancel_at: change.cancel_at,
            status: Some(change.status),
            period,
            collection_paused: change.collection_paused,
            customer: change.customer.clone(),
            active_at: Some(event.created).filter(|_| runs),
            was_tried: change.status == Status::Trialing,
            was_stopped: change.status == Status::Stopped,
            watermark,
        };
        match self.subscriptions.get_mut(&change.id) {
            Some(known) => known.join(new),
            None => drop(self.subscriptions.insert(change.id.clone(), new)),
        }
        plan.is_none()
    }

    fn learn_invoice(&mut self, invoice: &Invoice, prices: &Prices) -> &mut InvoiceFacts {
        for payment in &invoice.payments {
            self.link(payment, &invoice.id);
        }
        let facts = self.invoices.entry(invoice.id.clone()).or_default();
        if facts.subscription < invoice.subscription {
            facts.subscription.clone_from(&invoice.subscription);
        }
        facts.customer = facts.customer.take().max(invoice.customer.clone());
        facts.has_known_price |= invoice.lines.iter().any(|line| prices.plan(&line.price).is_some());
        facts
    }

    fn learn_paid(&mut self, event: &Event, invoice: &Invoice, prices: &Prices) -> bool {
        let Purchased { plan, period, start, end } = Purchased::of(invoice, prices);
        let new = PaidPeriod {
            created: event.created,
            event: event.id.clone(),
            amount: invoice.amount_paid,
            plan,
            period,
            period_start: start,
            period_end: end,
        };
        let facts = self.learn_invoice(invoice, prices);
        match &mut facts.paid {
            Some(known) if known.event == new.event => {
                // The same event, repeated under a configuration with more prices.
                if rank(new.plan) > rank(known.plan) {
                    *known = new;
                }
            }
            Some(known) if known.newness() > new.newness() => {}
            paid => *paid = Some(new),
        }
        // A proration brings nothing, whatever its price.
        plan.is_none() && (invoice.has_more_lines || invoice.lines.iter().any(|line| !line.proration))
    }

    fn learn_payment(&mut self, payment: &InvoicePayment) {
        for id in &payment.payments {
            self.link(id, &payment.invoice);
        }
    }

    fn learn_refund(&mut self, refund: &Refund) {
        let facts = self.charges.entry(refund.charge.clone()).or_default();
        facts.payment_intent = facts.payment_intent.take().max(refund.payment_intent.clone());
        facts.invoice = facts.invoice.take().max(refund.invoice.clone());
        facts.refunds.insert((refund.refunded, refund.refunded_before));
        if let (Some(invoice), Some(intent)) = (&refund.invoice, &refund.payment_intent) {
            self.link(intent, invoice);
        }
    }

    fn learn_dispute(&mut self, event: &Event, dispute: &Dispute) {
        let new = DisputeFacts {
            closed: dispute.status > DisputeStatus::Open && !dispute.inquiry,
            created: event.created,
            event: event.id.clone(),
            charge: dispute.charge.clone(),
            payment_intent: dispute.payment_intent.clone(),
            amount: dispute.amount,
            status: dispute.status,
            inquiry: dispute.inquiry,
        };
        match self.disputes.get_mut(&dispute.id) {
            Some(known) if known.newness() >= new.newness() => {}
            Some(known) => *known = new,
            None => drop(self.disputes.insert(dispute.id.clone(), new)),
        }
    }

    /// A payment belongs to one invoice. If two events differ, the greater id wins, in every order.
    fn link(&mut self, payment: &str, invoice: &str) {
        let known = self.payments.entry(payment.to_owned()).or_default();
        if known.as_str() < invoice {
            invoice.clone_into(known);
        }
    }

    /// The charges of `invoice` that are refunded in part or whole.
    pub(super) fn charges_of(&self, invoice: &str) -> impl Iterator<Item = (&String, &StripeCharge)> {
        self.charges.iter().filter(move |(id, charge)| {
            let known = charge.invoice.as_deref().or_else(|| self.invoice_of(id, charge.payment_intent.as_deref()));
            known == Some(invoice)
        })
    }

    pub(super) fn disputes_of(&self, invoice: &str) -> impl Iterator<Item = (&String, &DisputeFacts)> {
        self.disputes.iter().filter(move |(_, dispute)| {
            let charge = self.charges.get(&dispute.charge).and_then(|charge| charge.invoice.as_deref());
            let known = charge.or_else(|| self.invoice_of(&dispute.charge, dispute.payment_intent.as_deref()));
            known == Some(invoice)
        })
    }

    /// `pi_…`, the payment of `invoice`, if known.
    pub(super) fn payment_intent_of(&self, invoice: &str) -> Option<&str> {
        let paid = self.payments.iter().filter(|(payment, of)| payment.starts_with("pi_") && *of == invoice);
        paid.map(|(payment, _)| payment.as_str()).max()
    }

    fn invoice_of(&self, charge: &str, payment_intent: Option<&str>) -> Option<&str> {
        let by_charge = self.payments.get(charge);
        by_charge.or_else(|| self.payments.get(payment_intent?)).map(String::as_str)
    }
}

impl PaidPeriod {
    /// Which of two events about one invoice counts: one with a known price first, then the later one.
    fn newness(&self) -> (bool, i64, &str) {
        (self.plan.is_some(), self.created, &self.event)
    }
}

impl SubscriptionFacts {
    /// `cus_…`; `None` in older items.
    pub(super) fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }

    /// End of its current period.
    pub(super) fn period_end(&self) -> i64 {
        self.period.map_or(self.watermark.period_end, |(_, end)| end)
    }

    /// When it ends, if it is cancelled.
    pub(super) fn cancelled_at(&self) -> i64 {
        self.cancel_at.map_or(self.period_end(), |at| at.min(self.period_end()))
    }

    /// Whether the newest change has no price that is or was ours: an item was removed or switched. A former price of
    /// ours that is unknown now was removed from the configuration.
    pub(super) fn has_moved(&self) -> bool {
        let ours = self.priced.as_ref().map(|priced| &priced.prices).filter(|prices| !prices.is_empty());
        !self.foreign_prices.is_empty() && ours.is_some_and(|ours| ours.is_disjoint(&self.foreign_prices))
    }

    /// When the newest change happened.
    pub(super) fn changed_at(&self) -> i64 {
        self.watermark.created
    }

    /// Sorts by time of the last change.
    pub(super) fn changed(&self) -> impl Ord {
        self.watermark.clone()
    }

    /// The plan that its price buys, if it is one of ours.
    pub(super) fn plan(&self) -> Option<Plan> {
        self.priced.as_ref().map(|priced| priced.plan)
    }

    /// The newer of both; the price is merged separately.
    fn join(&mut self, mut new: Self) {
        let priced = match (self.priced.take(), new.priced.clone()) {
            (Some(known), Some(new)) if known.at == new.at => {
                let plan = better(Some(known.plan), Some(new.plan)).unwrap_or(known.plan);
                let prices = known.prices.union(&new.prices).cloned().collect();
                Some(Priced { plan, prices, ..known })
            }
            (Some(known), Some(new)) if known.at < new.at => Some(new),
            (known, new) => known.or(new),
        };
        let customer = self.customer.take().max(new.customer.take());
        let active_at = self.active_at.max(new.active_at);
        let was_tried = self.was_tried || new.was_tried;
        let was_stopped = self.was_stopped || new.was_stopped;
        // A repeated event may name prices that are known by now.
        let is_told_more = self.watermark == new.watermark && new.priced.is_some();
        if self.watermark < new.watermark || is_told_more {
            *self = new;
        }
        *self = Self { priced, customer, active_at, was_tried, was_stopped, ..self.clone() };
    }
}

impl StripeCharge {
    /// Total refunded.
    pub(super) fn refunded(&self) -> u64 {
        self.refunds.last().map_or(0, |(after, _)| *after)
    }
}

impl Clawback {
    pub(super) fn total(self) -> Credits {
        self.taken.saturating_add(self.unrecovered)
    }
}

impl DisputeFacts {
    /// Within a second, what comes later in a dispute's life is the newer. A closed inquiry is not final: a chargeback
    /// may follow.
    fn newness(&self) -> (bool, i64, bool, DisputeStatus, &str) {
        (self.closed && !self.inquiry, self.created, !self.inquiry, self.status, &self.event)
    }

    /// Whether the money is withheld, temporarily or permanently.
    pub(super) fn holds(&self) -> bool {
        matches!(self.status, DisputeStatus::Open | DisputeStatus::Appealed | DisputeStatus::Lost)
    }
}

/// The plan that gives more.
pub(super) fn better(one: Option<Plan>, other: Option<Plan>) -> Option<Plan> {
    if rank(other) > rank(one) { other } else { one }
}

/// Sorts plans by what they give.
pub(super) const fn rank(plan: Option<Plan>) -> u8 {
    match plan {
        None => 0,
        Some(Plan::Free) => 1,
        Some(Plan::Starter) => 2,
        Some(Plan::Unlimited) => 3,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
