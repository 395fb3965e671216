//! A webhook event as the rules see it: the few facts that they need, whichever version of the API it was written for.
//!
//! Two shapes are read, before and since version 2025-03-31: the end of a period moved from the subscription to its items,
//! and an invoice names its subscription under `parent.subscription_details`
//! (<https://docs.stripe.com/changelog/basil>). Money is in the currency's smallest unit, times in epoch seconds.

use serde_json::Value;

use super::fields::Node;
use super::payload;

/// A signed message of Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`, the same for every delivery.
    pub id: String,
    /// When it happened, not when it came.
    pub created: i64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// `checkout.session.completed`: who the customer is.
    Checkout(Checkout),
    /// `customer.subscription.created`, `.updated` or `.deleted`.
    Subscription(SubscriptionChange),
    /// `invoice.paid`.
    InvoicePaid(Invoice),
    /// `invoice.payment_failed`.
    InvoiceFailed(Invoice),
    /// `invoice_payment.paid`: since 2025-03-31 the only event that joins a payment to its invoice.
    InvoicePayment(InvoicePayment),
    /// `charge.refunded`.
    Refund(Refund),
    /// `charge.dispute.created` or `.closed`.
    Dispute(Dispute),
    /// Anything else, and invoices without a subscription.
    Ignored,
}

/// A finished checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// `cus_…`; a payment as a guest has none.
    pub customer: Option<String>,
    /// `sub_…`.
    pub subscription: Option<String>,
    /// `client_reference_id`, or else the metadata's `user_id`.
    pub user: Option<String>,
}

/// Which of the three events it was. The order is that of a life, and decides within one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It began.
    Created,
    /// Something about it is new.
    Updated,
    /// It is over, for good.
    Deleted,
}

/// A subscription after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionChange {
    /// `sub_…`.
    pub id: String,
    /// `cus_…`.
    pub customer: String,
    /// The metadata's `user_id`.
    pub user: Option<String>,
    /// Which event.
    pub change: Change,
    /// Whether its status gives access: `active`, `trialing`, and `past_due` while Stripe tries again.
    pub gives_access: bool,
    /// Whether it will end by itself.
    pub cancels: bool,
    /// The latest period end of its items.
    pub period_end: i64,
    /// The prices of its items.
    pub prices: Vec<String>,
}

/// Why an invoice was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A subscription began.
    Start,
    /// A period began.
    Renewal,
    /// A change within a period, or by hand.
    Other,
}

/// An invoice of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// `in_…`.
    pub id: String,
    /// `cus_…`.
    pub customer: String,
    /// `sub_…`.
    pub subscription: String,
    /// The metadata's `user_id`, as the subscription had it.
    pub user: Option<String>,
    /// Why it was written.
    pub reason: Reason,
    /// What was paid.
    pub amount_paid: u64,
    /// The end of the period that it pays.
    pub period_end: i64,
    /// The price of that period.
    pub price: String,
    /// Charges and payment intents that paid it, as far as the event names them.
    pub payments: Vec<String>,
}

/// A payment of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePayment {
    /// `in_…`.
    pub invoice: String,
    /// `pi_…` or `ch_…`.
    pub payments: Vec<String>,
}

/// A refund: the part of a charge between two totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// `ch_…`.
    pub charge: String,
    /// `pi_…`.
    pub payment_intent: Option<String>,
    /// `in_…`, which the newer shape does not say.
    pub invoice: Option<String>,
    /// `cus_…`.
    pub customer: Option<String>,
    /// Refunded in all before.
    pub refunded_before: u64,
    /// Refunded in all.
    pub refunded: u64,
}

/// How a dispute stands. The order is that of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The bank asks, no money has moved.
    Inquiry,
    /// The money is held.
    Open,
    /// We keep it, or the inquiry came to nothing.
    Won,
    /// It is gone.
    Lost,
}

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// `dp_…` or `du_…`.
    pub id: String,
    /// `ch_…`.
    pub charge: String,
    /// `pi_…`.
    pub payment_intent: Option<String>,
    /// What is disputed.
    pub amount: u64,
    /// How it stands.
    pub status: DisputeStatus,
    /// Whether it never was more than an inquiry, as far as this event knows.
    pub inquiry: bool,
}

/// Why a body is not an event that we can read. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is no JSON object.
    #[error("the body is not JSON")]
    NotJson,
    /// A field is not there.
    #[error("{0}{1} is missing")]
    Missing(&'static str, &'static str),
    /// A field has another type, or is out of bounds.
    #[error("{0}{1} is not valid")]
    Invalid(&'static str, &'static str),
}

impl Event {
    /// Reads a body whose signature was verified.
    ///
    /// # Errors
    /// Names the first field that is missing or not valid, as a JSON pointer. Of an event that is ignored only `id`, `type`
    /// and `created` are looked at.
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| EventError::NotJson)?;
        let event = Node::root(&value);
        Ok(Self { id: event.id("/id")?, created: event.seconds("/created")?, kind: payload::kind(event)? })
    }

    /// The customer that it names; a dispute names none, and is found by [`Self::payments`].
    #[must_use]
    pub fn customer(&self) -> Option<&str> {
        match &self.kind {
            EventKind::Checkout(checkout) => checkout.customer.as_deref(),
            EventKind::Subscription(change) => Some(&change.customer),
            EventKind::InvoicePaid(invoice) | EventKind::InvoiceFailed(invoice) => Some(&invoice.customer),
            EventKind::Refund(refund) => refund.customer.as_deref(),
            EventKind::InvoicePayment(_) | EventKind::Dispute(_) | EventKind::Ignored => None,
        }
    }

    /// The user that we named at checkout.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match &self.kind {
            EventKind::Checkout(checkout) => checkout.user.as_deref(),
            EventKind::Subscription(change) => change.user.as_deref(),
            EventKind::InvoicePaid(invoice) | EventKind::InvoiceFailed(invoice) => invoice.user.as_deref(),
            _ => None,
        }
    }

    /// Ids of charges, payment intents and invoices that it names: an index over them finds the user of a dispute.
    #[must_use]
    pub fn payments(&self) -> Vec<&str> {
        match &self.kind {
            EventKind::InvoicePaid(invoice) | EventKind::InvoiceFailed(invoice) => {
                std::iter::once(&invoice.id).chain(&invoice.payments).map(String::as_str).collect()
            }
            EventKind::InvoicePayment(payment) => {
                std::iter::once(&payment.invoice).chain(&payment.payments).map(String::as_str).collect()
            }
            EventKind::Refund(refund) => {
                let known = [&refund.payment_intent, &refund.invoice];
                std::iter::once(&refund.charge).chain(known.into_iter().flatten()).map(String::as_str).collect()
            }
            EventKind::Dispute(dispute) => {
                std::iter::once(&dispute.charge).chain(&dispute.payment_intent).map(String::as_str).collect()
            }
            EventKind::Checkout(_) | EventKind::Subscription(_) | EventKind::Ignored => Vec::new(),
        }
    }
}
