//! What is known of a user's payments: facts by subscription, invoice, charge and dispute, and what is booked of them.
//!
//! Invariant: the facts after a set of events are the same for every order and repetition of the set. Each fact is joined
//! by an operation that does not care: a union, a maximum, or the newer of two by a total order. Stripe's objects carry no
//! time of their last change, so the newer is the one whose event happened later, and never the one that came later.
//!
//! A price is looked up when its event comes, and the plan is kept: old invoices outlive the configuration of today.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::{
    Change, Dispute, DisputeStatus, Event, EventKind, Invoice, InvoicePayment, Reason, Refund, SubscriptionChange,
};
use super::rules::Prices;
use crate::domain::credits::{Credits, Plan};

/// A user's payments, stored beside the profile and written with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Billing {
    customer: Option<Customer>,
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    pub(super) invoices: BTreeMap<String, InvoiceFacts>,
    /// From a charge or payment intent to the invoice that it paid.
    payments: BTreeMap<String, String>,
    pub(super) charges: BTreeMap<String, Charge>,
    pub(super) disputes: BTreeMap<String, DisputeFacts>,
    pub(super) booked: Booked,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Customer {
    created: i64,
    event: String,
    id: String,
}

/// Which of two changes of a subscription is the newer: the greater. The end is final; then time decides, and within a
/// second what comes later in a life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Watermark {
    ended: bool,
    created: i64,
    updated: bool,
    period_end: i64,
    event: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subscription {
    watermark: Watermark,
    pub(super) gives_access: bool,
    /// Of the newest change whose price is ours; nothing when there was none. A price that the configuration has
    /// forgotten takes nothing from who pays it.
    priced: Option<Priced>,
    pub(super) cancels: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Priced {
    at: Watermark,
    plan: Plan,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InvoiceFacts {
    pub(super) subscription: String,
    /// When an attempt to collect it failed last.
    failed_at: Option<i64>,
    pub(super) paid: Option<Paid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Paid {
    created: i64,
    event: String,
    pub(super) amount: u64,
    /// Nothing when the price is not ours.
    pub(super) plan: Option<Plan>,
    /// Begins a period; otherwise it is for a change within one.
    pub(super) period: Option<Period>,
    pub(super) period_end: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Period {
    First,
    Next,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Charge {
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

/// What the wallet and the ledger have had of the facts, by cause.
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
    /// What the balance did not hold.
    pub(super) unrecovered: Credits,
    /// The dispute was won, and both its entries are written.
    #[serde(default)]
    pub(super) released: bool,
}

impl Billing {
    /// `cus_…`, as the latest event names it.
    #[must_use]
    pub fn customer(&self) -> Option<&str> {
        self.customer.as_ref().map(|customer| customer.id.as_str())
    }

    /// `sub_…`: of those that give access, or else of all, the one that changed last.
    #[must_use]
    pub fn subscription(&self) -> Option<&str> {
        let newest = |(_, of): &(&String, &Subscription)| (of.gives_access, of.watermark.clone());
        self.subscriptions.iter().max_by_key(newest).map(|(id, _)| id.as_str())
    }

    /// When the last subscription ends, if all that run are cancelled; epoch seconds.
    #[must_use]
    pub fn ends_at(&self) -> Option<i64> {
        let mut running = self.subscriptions.values().filter(|of| of.gives_access);
        let ends = running.clone().map(|of| of.watermark.period_end).max();
        ends.filter(|_| running.all(|of| of.cancels))
    }

    /// Whether a payment failed that Stripe still tries to collect.
    #[must_use]
    pub fn payment_failing(&self) -> bool {
        let open = |subscription| self.subscriptions.get(subscription).is_none_or(|of| of.gives_access);
        // What failed before a later payment is no more tried, or was given up.
        let paid_at = |subscription: &str| {
            let paid = self.invoices.values().filter(|of| of.subscription == subscription);
            paid.filter_map(|of| of.paid.as_ref()).map(|paid| paid.created).max()
        };
        self.invoices
            .values()
            .any(|of| of.failed_at > paid_at(&of.subscription) && of.paid.is_none() && open(&of.subscription))
    }

    /// Credits that refunds and disputes could not take back, since they were spent.
    #[must_use]
    pub fn unrecovered(&self) -> u64 {
        self.booked.clawbacks.values().map(|of| u64::from(of.unrecovered)).sum()
    }

    /// Joins what `event` says. Whether a price in it is not ours.
    pub(super) fn learn(&mut self, event: &Event, prices: &Prices) -> bool {
        if let Some(id) = event.customer() {
            let customer = Customer { created: event.created, event: event.id.clone(), id: id.to_owned() };
            self.customer = self.customer.take().max(Some(customer));
        }
        match &event.kind {
            EventKind::Subscription(change) => return self.learn_subscription(event, change, prices),
            EventKind::InvoicePaid(invoice) => return self.learn_paid(event, invoice, prices),
            EventKind::InvoiceFailed(invoice) => {
                let facts = self.learn_invoice(invoice);
                facts.failed_at = facts.failed_at.max(Some(event.created));
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
            event: event.id.clone(),
        };
        let plan = change.prices.iter().map(|price| prices.plan(price)).fold(None, better);
        let known_price = plan.map(|plan| Priced { at: watermark.clone(), plan });
        let new =
            Subscription { watermark, gives_access: change.gives_access, priced: known_price, cancels: change.cancels };
        match self.subscriptions.get_mut(&change.id) {
            Some(known) => known.join(new),
            None => drop(self.subscriptions.insert(change.id.clone(), new)),
        }
        plan.is_none()
    }

    fn learn_invoice(&mut self, invoice: &Invoice) -> &mut InvoiceFacts {
        for payment in &invoice.payments {
            self.link(payment, &invoice.id);
        }
        let facts = self.invoices.entry(invoice.id.clone()).or_default();
        if facts.subscription < invoice.subscription {
            facts.subscription.clone_from(&invoice.subscription);
        }
        facts
    }

    fn learn_paid(&mut self, event: &Event, invoice: &Invoice, prices: &Prices) -> bool {
        let plan = prices.plan(&invoice.price);
        let new = Paid {
            created: event.created,
            event: event.id.clone(),
            amount: invoice.amount_paid,
            plan,
            period: match invoice.reason {
                Reason::Start => Some(Period::First),
                Reason::Renewal => Some(Period::Next),
                Reason::Other => None,
            },
            period_end: invoice.period_end,
        };
        let facts = self.learn_invoice(invoice);
        match &mut facts.paid {
            Some(known) if (known.created, &known.event) > (new.created, &new.event) => {}
            Some(known) if known.event == new.event => known.plan = better(known.plan, plan),
            paid => *paid = Some(new),
        }
        // An invoice for a change within a period brings nothing, whatever its price.
        plan.is_none() && invoice.reason != Reason::Other
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
            closed: dispute.status > DisputeStatus::Open,
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

    /// A payment belongs to one invoice. Should two events differ, the greater id wins in every order.
    fn link(&mut self, payment: &str, invoice: &str) {
        let known = self.payments.entry(payment.to_owned()).or_default();
        if known.as_str() < invoice {
            invoice.clone_into(known);
        }
    }

    /// The charges of `invoice` that are refunded in part or whole.
    pub(super) fn charges_of(&self, invoice: &str) -> impl Iterator<Item = (&String, &Charge)> {
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

    /// `pi_…`, the payment of `invoice`, as far as it is known.
    pub(super) fn payment_intent_of(&self, invoice: &str) -> Option<&str> {
        let paid = self.payments.iter().filter(|(payment, of)| payment.starts_with("pi_") && *of == invoice);
        paid.map(|(payment, _)| payment.as_str()).max()
    }

    fn invoice_of(&self, charge: &str, payment_intent: Option<&str>) -> Option<&str> {
        let by_charge = self.payments.get(charge);
        by_charge.or_else(|| self.payments.get(payment_intent?)).map(String::as_str)
    }
}

impl Subscription {
    /// The plan that it is paid for, if any of ours.
    pub(super) fn plan(&self) -> Option<Plan> {
        self.priced.as_ref().map(|priced| priced.plan)
    }

    /// The newer of both; its price by itself.
    fn join(&mut self, new: Self) {
        let priced = match (self.priced.take(), new.priced.clone()) {
            (Some(known), Some(new)) if known.at == new.at => {
                let plan = better(Some(known.plan), Some(new.plan)).unwrap_or(known.plan);
                Some(Priced { plan, ..known })
            }
            (Some(known), Some(new)) if known.at < new.at => Some(new),
            (known, new) => known.or(new),
        };
        if self.watermark < new.watermark {
            *self = new;
        }
        self.priced = priced;
    }
}

impl Charge {
    /// Refunded in all.
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
    fn newness(&self) -> (bool, i64, &str) {
        (self.closed, self.created, &self.event)
    }

    /// Whether the money is away, for now or for good.
    pub(super) fn holds(&self) -> bool {
        matches!(self.status, DisputeStatus::Open | DisputeStatus::Lost)
    }
}

/// The plan that gives more.
pub(super) fn better(one: Option<Plan>, other: Option<Plan>) -> Option<Plan> {
    let rank = |plan| match plan {
        None => 0,
        Some(Plan::Free) => 1,
        Some(Plan::Starter) => 2,
        Some(Plan::Unlimited) => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}
