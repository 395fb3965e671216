//! The events that the model's Stripe sends, and their bodies in two API versions.

use serde_json::{Value, json};
use tests::stripe::{PRICE_STARTER, PRICE_UNLIMITED, Shape};

/// What a subscription item or an invoice line costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Price {
    Starter,
    Unlimited,
    /// Of another business on the same Stripe account.
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Unpaid,
    Paused,
    Canceled,
}

/// A subscription at Stripe, and in the events about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) price: Price,
    /// It also has an item of another business, with a period of a year.
    pub(super) has_foreign_item: bool,
    pub(super) status: Status,
    pub(super) start: i64,
    pub(super) end: i64,
    /// It ends with its period.
    pub(super) cancels: bool,
    pub(super) is_collection_paused: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) price: Price,
    pub(super) is_proration: bool,
    pub(super) start: i64,
    pub(super) end: i64,
    /// Before discounts, in cents.
    pub(super) amount: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) charge: String,
    pub(super) intent: String,
    pub(super) subscription: String,
    /// `billing_reason`.
    pub(super) reason: &'static str,
    pub(super) amount_paid: i64,
    pub(super) lines: Vec<Line>,
    /// How many lines an event shows; the others must be read from Stripe.
    pub(super) shown: usize,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Says {
    /// `customer.subscription.<change>`.
    Subscription(&'static str, Subscription),
    Paid(Invoice),
    Failed(Invoice),
    /// `invoice.<how>`: voided or uncollectible.
    Closed(&'static str, Invoice),
    /// `invoice_payment.paid`: which payment paid the invoice.
    Payment(Invoice),
    /// The refunded total of the invoice's charge, before and after the refund.
    Refunded {
        invoice: Invoice,
        before: i64,
        after: i64,
    },
    /// `charge.dispute.<what>`.
    Dispute {
        what: &'static str,
        id: String,
        invoice: Invoice,
        amount: i64,
        status: &'static str,
    },
    Checkout(String),
    CustomerDeleted,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) id: String,
    /// When it happened, not when it is delivered.
    pub(super) at: i64,
    pub(super) says: Says,
}

/// Who pays, and in which API version Stripe sends the events.
#[derive(Debug, Clone)]
pub(super) struct Payer {
    pub(super) customer: String,
    pub(super) user: String,
    pub(super) shape: Shape,
}

const YEAR: i64 = 365 * 86_400;

impl Price {
    pub(super) const fn cents(self) -> i64 {
        match self {
            Self::Starter => 1_000,
            Self::Unlimited => 2_000,
            Self::Foreign => 5_000,
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Starter => PRICE_STARTER,
            Self::Unlimited => PRICE_UNLIMITED,
            Self::Foreign => "price_of_another_business",
        }
    }
}

impl Status {
    const fn text(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }
}

impl Event {
    /// The body that Stripe sends to `payer`'s webhook.
    pub(super) fn body(&self, payer: &Payer) -> Value {
        let mut previous = Value::Null;
        let (kind, object) = match &self.says {
            Says::Subscription(change, of) => (format!("customer.subscription.{change}"), subscription(of, payer)),
            Says::Paid(of) => ("invoice.paid".to_owned(), invoice(of, payer)),
            Says::Failed(of) => {
                ("invoice.payment_failed".to_owned(), invoice(&Invoice { amount_paid: 0, ..of.clone() }, payer))
            }
            Says::Closed(how, of) => {
                (format!("invoice.{how}"), invoice(&Invoice { amount_paid: 0, ..of.clone() }, payer))
            }
            Says::Payment(of) => {
                let payment = json!({"type": "payment_intent", "payment_intent": of.intent});
                let id = format!("inpay_{}", of.id);
                let object = json!({"id": id, "object": "invoice_payment", "invoice": of.id, "payment": payment});
                ("invoice_payment.paid".to_owned(), object)
            }
            Says::Refunded { invoice, before, after } => {
                previous = json!({"amount_refunded": before});
                ("charge.refunded".to_owned(), charge(invoice, *after, payer))
            }
            Says::Dispute { what, id, invoice, amount, status } => {
                let object = json!({
                    "id": id, "object": "dispute", "amount": amount, "charge": invoice.charge,
                    "payment_intent": invoice.intent, "status": status,
                });
                (format!("charge.dispute.{what}"), object)
            }
            Says::Checkout(subscription) => {
                let object = json!({
                    "id": format!("cs_{subscription}"), "object": "checkout.session", "mode": "subscription",
                    "client_reference_id": payer.user, "customer": payer.customer, "subscription": subscription,
                });
                ("checkout.session.completed".to_owned(), object)
            }
            Says::CustomerDeleted => {
                ("customer.deleted".to_owned(), json!({"id": payer.customer, "object": "customer"}))
            }
        };
        let data = json!({"object": object, "previous_attributes": previous});
        json!({"id": self.id, "object": "event", "created": self.at, "type": kind, "data": data})
    }
}

/// Only our own subscriptions and invoices name our user.
fn metadata(is_ours: bool, payer: &Payer) -> Value {
    if is_ours { json!({"user_id": payer.user}) } else { json!({"order": "12"}) }
}

fn subscription(of: &Subscription, payer: &Payer) -> Value {
    let item = |price: Price, end: i64| match payer.shape {
        Shape::Before => json!({"price": {"id": price.id()}}),
        Shape::Since => {
            json!({"price": {"id": price.id()}, "current_period_start": of.start, "current_period_end": end})
        }
    };
    let mut items = vec![item(of.price, of.end)];
    if of.has_foreign_item {
        items.insert(0, item(Price::Foreign, of.start + YEAR));
    }
    let paused = if of.is_collection_paused { json!({"behavior": "void"}) } else { Value::Null };
    let mut object = json!({
        "id": of.id, "object": "subscription", "customer": payer.customer, "status": of.status.text(),
        "cancel_at_period_end": of.cancels, "pause_collection": paused, "items": {"data": items},
        "metadata": metadata(of.price != Price::Foreign, payer),
    });
    if payer.shape == Shape::Before {
        object["current_period_start"] = json!(of.start);
        object["current_period_end"] = json!(of.end);
    }
    object
}

fn invoice(of: &Invoice, payer: &Payer) -> Value {
    let is_ours = of.lines.iter().any(|line| line.price != Price::Foreign);
    let metadata = metadata(is_ours, payer);
    let lines = lines(of, payer);
    let has_more = of.shown < lines.len();
    let lines = json!({"data": lines[..of.shown.min(lines.len())], "has_more": has_more});
    let mut object = json!({
        "id": of.id, "object": "invoice", "customer": payer.customer, "billing_reason": of.reason,
        "amount_paid": of.amount_paid, "lines": lines,
    });
    match payer.shape {
        Shape::Before => {
            object["subscription"] = json!(of.subscription);
            object["subscription_details"] = json!({"metadata": metadata});
            object["charge"] = json!(of.charge);
            object["payment_intent"] = json!(of.intent);
        }
        Shape::Since => {
            object["parent"] = json!({"subscription_details": {"subscription": of.subscription, "metadata": metadata}});
        }
    }
    object
}

/// All lines of an invoice.
pub(super) fn lines(of: &Invoice, payer: &Payer) -> Vec<Value> {
    let line = |(number, line): (usize, &Line)| {
        let mut object = json!({
            "id": format!("il_{number}_{}", of.id), "amount": line.amount,
            "period": {"start": line.start, "end": line.end},
        });
        match payer.shape {
            Shape::Before => {
                object["price"] = json!({"id": line.price.id()});
                object["proration"] = json!(line.is_proration);
            }
            Shape::Since => {
                object["pricing"] = json!({"price_details": {"price": line.price.id()}});
                object["parent"] = json!({"subscription_item_details": {"proration": line.is_proration}});
            }
        }
        object
    };
    of.lines.iter().enumerate().map(line).collect()
}

fn charge(of: &Invoice, refunded: i64, payer: &Payer) -> Value {
    let mut object = json!({
        "id": of.charge, "object": "charge", "customer": payer.customer, "amount": of.amount_paid,
        "amount_refunded": refunded, "payment_intent": of.intent,
    });
    if payer.shape == Shape::Before {
        object["invoice"] = json!(of.id);
    }
    object
}
