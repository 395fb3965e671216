//! A parsed webhook event: the facts that the rules need, from any supported API version.
//!
//! Two shapes are read, before and since version 2025-03-31: the end of a period moved from the subscription to its
//! items, and an invoice names its subscription under `parent.subscription_details`
//! (<https://docs.stripe.com/changelog/basil>). Money is in the currency's smallest unit, times in epoch seconds.

use serde_json::Value;

use super::fields::JsonNode;
use super::lines::Line;
use super::payload;
use crate::domain::id::UserId;

/// A signed message of Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`, the same for every delivery.
    pub id: String,
    /// When it happened, not when it was delivered.
    pub created: i64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// `checkout.session.completed`: who the customer is.
    Checkout(FinishedCheckout),
    /// `customer.subscription.created`, `.updated`, `.paused`, `.resumed` or `.deleted`.
    Subscription(SubscriptionChange),
    /// `customer.deleted`: Stripe has cancelled all of its subscriptions.
    CustomerDeleted(DeletedCustomer),
    /// `invoice.paid`.
    InvoicePaid(Invoice),
    /// `invoice.payment_failed`.
    InvoiceFailed(Invoice),
    /// `invoice.voided` or `invoice.marked_uncollectible`: Stripe no longer tries to collect it.
    InvoiceClosed(Invoice),
    /// `invoice_payment.paid`: since 2025-03-31 the only event that joins a payment to its invoice.
    InvoicePayment(InvoicePayment),
    /// `charge.refunded`.
    Refund(Refund),
    /// `charge.dispute.created`, `.updated`, `.funds_withdrawn`, `.funds_reinstated` or `.closed`.
    Dispute(Dispute),
    /// Anything else, and invoices without a subscription.
    Ignored,
}

/// A finished checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedCheckout {
    /// `cus_…`; a payment as a guest has none.
    pub customer: Option<String>,
    /// `sub_…`.
    pub subscription: Option<String>,
    /// `client_reference_id`, or else the metadata's `user_id`.
    pub user: Option<String>,
}

/// Which of the three events it was. Ordered as in a subscription's life; decides between events of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It began.
    Created,
    /// A change.
    Updated,
    /// The final end.
    Deleted,
}

/// The status of a subscription, as far as it matters for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// `incomplete` or `incomplete_expired`: the first payment never succeeded, so it never gave a plan.
    NotStarted,
    /// `unpaid`, `canceled`, `paused`, or a status that we do not know.
    Stopped,
    /// A payment failed and Stripe tries again.
    PastDue,
    /// A free trial.
    Trialing,
    /// It runs.
    Active,
}

impl Status {
    /// Whether the subscription runs.
    #[must_use]
    pub const fn gives_access(self) -> bool {
        matches!(self, Self::PastDue | Self::Trialing | Self::Active)
    }
}

/// One price of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionItem {
    /// `price_…`.
    pub price: String,
    /// Start of its current period, if the event names it.
    pub period_start: Option<i64>,
    /// End of its current period.
    pub period_end: i64,
}

/// A subscription after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionChange {
    /// `sub_…`.
    pub id: String,
    /// `cus_…`; `None` if the event names a Stripe account instead.
    pub customer: Option<String>,
    /// The metadata's `user_id`.
    pub user: Option<String>,
    /// Which event.
    pub change: Change,
    /// Its status.
    pub status: Status,
    /// Whether it is cancelled and ends with its period.
    pub cancel_at_period_end: bool,
    /// It ends at this time.
    pub cancel_at: Option<i64>,
    /// `pause_collection` is set: it runs, but its invoices are not collected.
    pub collection_paused: bool,
    /// The latest period end of its items.
    pub period_end: i64,
    /// Its items.
    pub items: Vec<SubscriptionItem>,
}

/// A customer who was deleted at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedCustomer {
    /// `cus_…`.
    pub id: String,
    /// The metadata's `user_id`.
    pub user: Option<String>,
}

/// Why an invoice was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceReason {
    /// A subscription began.
    Start,
    /// A period began.
    Renewal,
    /// Anything else: a change of plan, the early end of a trial, or by hand.
    Other,
}

/// An invoice of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// `in_…`.
    pub id: String,
    /// `cus_…`; `None` if the event names a Stripe account instead.
    pub customer: Option<String>,
    /// `sub_…`.
    pub subscription: String,
    /// The metadata's `user_id`, as the subscription had it.
    pub user: Option<String>,
    /// Why it was written.
    pub reason: InvoiceReason,
    /// What was paid.
    pub amount_paid: u64,
    /// Its lines that have a price.
    pub lines: Vec<Line>,
    /// Whether the event contains only the first page of the lines.
    pub has_more_lines: bool,
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
    /// `in_…`; absent in the newer shape.
    pub invoice: Option<String>,
    /// `cus_…`.
    pub customer: Option<String>,
    /// Total refunded before.
    pub refunded_before: u64,
    /// Total refunded.
    pub refunded: u64,
}

/// Status of a dispute. The order is that of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// An inquiry: the bank asks, no money has moved.
    Inquiry,
    /// The money is held.
    Open,
    /// Lost and appealed; the money is withheld until the appeal is won.
    Appealed,
    /// We keep the money, or the inquiry was closed.
    Won,
    /// The money is lost.
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
    /// Its status.
    pub status: DisputeStatus,
    /// Whether it has only been an inquiry so far.
    pub inquiry: bool,
}

/// The payer of an event, as far as the event names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payer<'a> {
    /// This customer, `cus_…`.
    Customer(&'a str),
    /// The payer of this charge, `ch_…`.
    OfCharge(&'a str),
    /// The recipient of this invoice, `in_…`.
    OfInvoice(&'a str),
    /// The event names none.
    Nobody,
}

/// Why a body cannot be parsed as an event. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is no JSON object.
    #[error("the body is not JSON")]
    NotJson,
    /// It is a thin event, which names an object and does not hold it.
    #[error("the event is thin: configure the endpoint at Stripe to send snapshot events")]
    Thin,
    /// A field is missing.
    #[error("{0}{1} is missing")]
    Missing(&'static str, &'static str),
    /// A field has another type, or is out of bounds.
    #[error("{0}{1} is not valid")]
    Invalid(&'static str, &'static str),
}

impl Event {
    /// Reads a body whose signature was verified.
    ///
    /// # Errors Names the first field that is missing or not valid, as a JSON pointer. For an ignored event, only `id`,
    /// `type` and `created` are validated.
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| EventError::NotJson)?;
        let event = JsonNode::root(&value);
        if value.get("object").and_then(Value::as_str) == Some("v2.core.event") {
            return Err(EventError::Thin);
        }
        Ok(Self { id: event.id("/id")?, created: event.seconds("/created")?, kind: payload::kind(event)? })
    }

    /// The event for a customer that Stripe reports as deleted when asked; the real event may never have arrived. It is
    /// older than every event.
    #[must_use]
    pub fn customer_is_gone(customer: &str) -> Self {
        let gone = DeletedCustomer { id: customer.to_owned(), user: None };
        Self { id: format!("gone-{customer}"), created: 0, kind: EventKind::CustomerDeleted(gone) }
    }

    /// The paid invoice whose lines must be read from Stripe, because the event shows only a page of them.
    #[must_use]
    pub fn invoice_to_read(&self) -> Option<&str> {
        match &self.kind {
            EventKind::InvoicePaid(invoice) if invoice.has_more_lines => Some(&invoice.id),
            _ => None,
        }
    }

    /// The event with all lines of its invoice.
    #[must_use]
    pub fn with_lines(mut self, lines: Vec<Line>) -> Self {
        if let EventKind::InvoicePaid(invoice) = &mut self.kind {
            invoice.lines = lines;
            invoice.has_more_lines = false;
        }
        self
    }

    /// The payer, as far as the event names one.
    #[must_use]
    pub fn payer(&self) -> Payer<'_> {
        match &self.kind {
            EventKind::Dispute(dispute) => Payer::OfCharge(&dispute.charge),
            EventKind::InvoicePayment(payment) => Payer::OfInvoice(&payment.invoice),
            EventKind::Refund(Refund { customer: None, charge, .. }) => Payer::OfCharge(charge),
            _ => self.customer().map_or(Payer::Nobody, Payer::Customer),
        }
    }

    /// The customer that it names.
    #[must_use]
    pub fn customer(&self) -> Option<&str> {
        match &self.kind {
            EventKind::Checkout(checkout) => checkout.customer.as_deref(),
            EventKind::Subscription(change) => change.customer.as_deref(),
            EventKind::CustomerDeleted(customer) => Some(&customer.id),
            EventKind::InvoicePaid(invoice) | EventKind::InvoiceFailed(invoice) | EventKind::InvoiceClosed(invoice) => {
                invoice.customer.as_deref()
            }
            EventKind::Refund(refund) => refund.customer.as_deref(),
            EventKind::InvoicePayment(_) | EventKind::Dispute(_) | EventKind::Ignored => None,
        }
    }

    /// The user that we named at checkout.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        let user = match &self.kind {
            EventKind::Checkout(checkout) => checkout.user.as_deref(),
            EventKind::Subscription(change) => change.user.as_deref(),
            EventKind::CustomerDeleted(customer) => customer.user.as_deref(),
            EventKind::InvoicePaid(invoice) | EventKind::InvoiceFailed(invoice) | EventKind::InvoiceClosed(invoice) => {
                invoice.user.as_deref()
            }
            _ => None,
        };
        user.and_then(|user| user.parse().ok()).map(UserId)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::life::{
        BUY, CANCEL, CANCELS, CHECKOUT, CREATED, DISPUTE, FAIL, LOST, PAST_DUE, REFUND_MORE, START, UNKNOWN, UPGRADE,
        WIN, all_bodies, before, others, payments, since,
    };
    use super::*;
    use crate::domain::time::DAY_SECONDS;

    fn parse(value: &Value) -> Result<Event, EventError> {
        Event::parse(value.to_string().as_bytes())
    }

    #[test]
    fn an_invoice_reads_alike_in_both_shapes() {
        let EventKind::InvoicePaid(old) = before()[BUY].kind.clone() else { panic!() };
        let EventKind::InvoicePaid(new) = since()[BUY].kind.clone() else { panic!() };
        assert_eq!(old.payments, ["pi_1LkdIwHu7ix", "ch_1LkdIwHu7ix"]);
        assert_eq!(Invoice { payments: Vec::new(), ..old.clone() }, new);
        assert_eq!(
            (old.amount_paid, old.reason, old.lines[0].end),
            (999, InvoiceReason::Start, START + 31 * DAY_SECONDS)
        );
        assert_eq!((old.lines[0].amount, old.lines[0].proration, old.has_more_lines), (Some(999), false, false));
        assert_eq!(old.user.as_deref(), Some("7aab6ffc-bcb3-43e7-a107-bbf481f0ba95"));
        let EventKind::InvoiceFailed(failed) = since()[FAIL].kind.clone() else { panic!() };
        assert_eq!((failed.amount_paid, failed.reason), (0, InvoiceReason::Renewal));
    }

    #[test]
    fn a_subscription_reads_alike_in_both_shapes() {
        for index in [UPGRADE, CANCEL] {
            assert_eq!(before()[index], since()[index]);
        }
        let [created, past_due, cancels] = [CREATED, PAST_DUE, CANCELS].map(|index| others()[index].clone());
        let read = |event: Event| match event.kind {
            EventKind::Subscription(change) => (change.change, change.status, change.cancel_at_period_end),
            _ => panic!(),
        };
        assert_eq!(read(created), (Change::Created, Status::Active, false));
        assert_eq!(read(past_due), (Change::Updated, Status::PastDue, false));
        assert_eq!(read(cancels), (Change::Updated, Status::Active, true));
        assert_eq!(read(before()[CANCEL].clone()), (Change::Deleted, Status::Stopped, false));
    }

    #[test]
    fn refunds_disputes_and_checkouts_name_their_customer() {
        let EventKind::Refund(refund) = before()[REFUND_MORE].kind.clone() else { panic!() };
        assert_eq!((refund.refunded_before, refund.refunded), (300, 600));
        assert_eq!(before()[REFUND_MORE].payer(), Payer::Customer("cus_TjdWq2c8Pp0xkN"));
        assert_eq!(payments()[0].payer(), Payer::OfInvoice("in_1LkdIwHu7ix"));
        let status = |event: &Event| match &event.kind {
            EventKind::Dispute(dispute) => dispute.status,
            _ => panic!(),
        };
        assert_eq!(status(&before()[DISPUTE]), DisputeStatus::Open);
        assert_eq!(status(&before()[WIN]), DisputeStatus::Won);
        assert_eq!(status(&others()[LOST]), DisputeStatus::Lost);
        assert!(matches!(before()[WIN].payer(), Payer::OfCharge(charge) if charge.starts_with("ch_")));
        let checkout = &others()[CHECKOUT];
        assert_eq!(checkout.user().unwrap().to_string(), "7aab6ffc-bcb3-43e7-a107-bbf481f0ba95");
        assert_eq!(checkout.customer(), Some("cus_TjdWq2c8Pp0xkN"));
    }

    #[test]
    fn unhandled_events_are_ignored() {
        assert_eq!(others()[UNKNOWN].kind, EventKind::Ignored);
        let mut single = all_bodies()[BUY].clone();
        single["data"]["object"]["subscription"] = Value::Null;
        assert_eq!(parse(&single).unwrap().kind, EventKind::Ignored);
    }

    #[test]
    fn expanded_objects_stand_for_their_ids() {
        let mut body = all_bodies()[UPGRADE].clone();
        let customer = body["data"]["object"]["customer"].take();
        body["data"]["object"]["customer"] = serde_json::json!({ "id": customer, "object": "customer" });
        assert_eq!(parse(&body).unwrap(), before()[UPGRADE]);
    }

    #[test]
    fn a_thin_event_is_named() {
        let thin = serde_json::json!({
            "id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0", "object": "v2.core.event",
            "type": "v1.invoice.paid", "livemode": false, "created": "2026-11-02T09:14:09.134Z",
            "related_object": {"id": "in_1", "type": "invoice", "url": "/v1/invoices/in_1"},
        });
        assert_eq!(parse(&thin).unwrap_err(), EventError::Thin);
    }

    #[test]
    fn an_error_names_the_field() {
        for (index, field, error) in [
            (BUY, "/id", "/id is missing"),
            (BUY, "/created", "/created is missing"),
            (BUY, "/type", "/type is missing"),
            (BUY, "/data/object", "/data/object is missing"),
            (BUY, "/data/object/id", "/data/object/id is missing"),
            (BUY, "/data/object/customer", "/data/object/customer is missing"),
            (BUY, "/data/object/amount_paid", "/data/object/amount_paid is missing"),
            (BUY, "/data/object/lines/data", "/data/object/lines/data is missing"),
            (BUY, "/data/object/lines/data/0/period/end", "/data/object/lines/data/*/period/end is missing"),
            (UPGRADE, "/data/object/status", "/data/object/status is missing"),
            (UPGRADE, "/data/object/current_period_end", "/data/object/current_period_end is missing"),
            (UPGRADE, "/data/object/items/data/0/price", "/data/object/items/data/*/price is missing"),
            (REFUND_MORE, "/data/object/amount_refunded", "/data/object/amount_refunded is missing"),
            (WIN, "/data/object/charge", "/data/object/charge is missing"),
        ] {
            let mut body = all_bodies()[index].clone();
            *body.pointer_mut(field).unwrap() = Value::Null;
            assert_eq!(parse(&body).unwrap_err().to_string(), error);
            let wrong = serde_json::json!({"secret": "value"});
            let is_list = field.ends_with("lines/data");
            *body.pointer_mut(field).unwrap() = if is_list { wrong } else { serde_json::json!([wrong]) };
            let invalid = parse(&body).unwrap_err().to_string();
            assert!(!invalid.contains("secret") && invalid.starts_with('/'), "{field}: {invalid}");
        }
        assert_eq!(Event::parse(b"{").unwrap_err(), EventError::NotJson);
    }

    #[test]
    fn numbers_out_of_bounds_are_refused() {
        for value in [-1_i64, 253_402_207_201] {
            let mut body = all_bodies()[UPGRADE].clone();
            body["created"] = value.into();
            assert_eq!(parse(&body).unwrap_err(), EventError::Invalid("", "/created"));
        }
        let mut body = all_bodies()[BUY].clone();
        body["data"]["object"]["amount_paid"] = (-999).into();
        assert_eq!(parse(&body).unwrap_err(), EventError::Invalid("/data/object", "/amount_paid"));
    }

    proptest! {
        /// Replacing any value of any fixture gives an event or an error, never a panic.
        #[test]
        fn a_damaged_body_gets_an_answer(
            body in 0..69_usize,
            place in any::<prop::sample::Index>(),
            other in prop_oneof![
                Just(Value::Null), Just(Value::Bool(true)), any::<i64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from), ".{0,12}".prop_map(Value::from),
                Just(serde_json::json!([])), Just(serde_json::json!({})), Just(serde_json::json!([{}, 1, null])),
            ],
        ) {
            let mut body = all_bodies()[body].clone();
            let mut places = Vec::new();
            collect(&body, String::new(), &mut places);
            *body.pointer_mut(&places[place.index(places.len())]).unwrap() = other;
            let _ = parse(&body);
        }

        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Event::parse(&bytes).is_err());
        }
    }

    fn collect(value: &Value, at: String, places: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| collect(value, format!("{at}/{name}"), places));
            }
            Value::Array(elements) => {
                elements.iter().enumerate().for_each(|(index, value)| collect(value, format!("{at}/{index}"), places));
            }
            _ => {}
        }
        places.push(at);
    }
}
