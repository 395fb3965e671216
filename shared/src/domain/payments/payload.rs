//! The objects inside the events, in both shapes.

use super::event::{
    Change, DeletedCustomer, Dispute, DisputeStatus, EventError, EventKind, FinishedCheckout, Invoice, InvoicePayment,
    InvoiceReason, Refund, Status, SubscriptionChange, SubscriptionItem,
};
use super::fields::JsonNode;
use super::lines;

const OBJECT: &str = "/data/object";
const ITEM: &str = "/data/object/items/data/*";
pub(super) const LINE: &str = "/data/object/lines/data/*";
const PAYMENT: &str = "/data/object/payments/data/*";

/// What the event says, by its type.
pub(super) fn kind(event: JsonNode<'_>) -> Result<EventKind, EventError> {
    let object = || event.object(OBJECT);
    let invoice_or_nothing = |of: fn(Invoice) -> EventKind| Ok(invoice(object()?)?.map_or(EventKind::Ignored, of));
    match event.text("/type")? {
        "checkout.session.completed" => checkout(object()?).map(EventKind::Checkout),
        "customer.subscription.created" => subscription(object()?, Change::Created).map(EventKind::Subscription),
        "customer.subscription.updated" | "customer.subscription.paused" | "customer.subscription.resumed" => {
            subscription(object()?, Change::Updated).map(EventKind::Subscription)
        }
        "customer.subscription.deleted" => subscription(object()?, Change::Deleted).map(EventKind::Subscription),
        "customer.deleted" => deleted_customer(object()?).map(EventKind::CustomerDeleted),
        "invoice.paid" => invoice_or_nothing(EventKind::InvoicePaid),
        "invoice.payment_failed" => invoice_or_nothing(EventKind::InvoiceFailed),
        "invoice.voided" | "invoice.marked_uncollectible" => invoice_or_nothing(EventKind::InvoiceClosed),
        "invoice_payment.paid" => invoice_payment(object()?).map(EventKind::InvoicePayment),
        "charge.refunded" => refund(event, object()?).map(EventKind::Refund),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated"
        | "charge.dispute.closed" => dispute(object()?).map(EventKind::Dispute),
        _ => Ok(EventKind::Ignored),
    }
}

fn checkout(session: JsonNode<'_>) -> Result<FinishedCheckout, EventError> {
    Ok(FinishedCheckout {
        customer: session.optional_id("/customer")?,
        subscription: session.optional_id("/subscription")?,
        user: session.first_user(&["/client_reference_id", "/metadata/user_id"]),
    })
}

fn deleted_customer(object: JsonNode<'_>) -> Result<DeletedCustomer, EventError> {
    Ok(DeletedCustomer { id: object.id("/id")?, user: object.first_user(&["/metadata/user_id"]) })
}

fn subscription(object: JsonNode<'_>, change: Change) -> Result<SubscriptionChange, EventError> {
    let period_start = object.optional_seconds("/current_period_start")?;
    let period_end = object.optional_seconds("/current_period_end")?;
    let nodes = object.list("/items/data", ITEM)?;
    let ends = nodes.iter().map(|item| item.optional_seconds("/current_period_end")).collect::<Result<Vec<_>, _>>()?;
    let mut items = Vec::with_capacity(nodes.len());
    let latest_end = ends.iter().copied().flatten().chain(period_end).max();
    for (item, end) in nodes.iter().zip(&ends) {
        items.push(SubscriptionItem {
            price: item.first_id(&["/price", "/plan"])?.ok_or(item.missing("/price"))?,
            period_start: item.optional_seconds("/current_period_start")?.or(period_start),
            period_end: end.or(latest_end).ok_or(object.missing("/current_period_end"))?,
        });
    }
    if items.is_empty() {
        return Err(object.missing("/items/data"));
    }
    let status = match object.text("/status")? {
        "incomplete" | "incomplete_expired" => Status::NotStarted,
        _ if change == Change::Deleted => Status::Stopped,
        "active" => Status::Active,
        "trialing" => Status::Trialing,
        "past_due" => Status::PastDue,
        // A status that we do not know gives nothing.
        _ => Status::Stopped,
    };
    Ok(SubscriptionChange {
        id: object.id("/id")?,
        customer: customer(object)?,
        user: object.first_user(&["/metadata/user_id"]),
        change,
        status,
        cancel_at_period_end: object.flag("/cancel_at_period_end")?,
        cancel_at: object.optional_seconds("/cancel_at")?,
        collection_paused: object.has("/pause_collection"),
        period_end: latest_end.ok_or(object.missing("/current_period_end"))?,
        items,
    })
}

/// The customer. Since 2025 it may be a Stripe account instead, which is never one of our customers.
fn customer(object: JsonNode<'_>) -> Result<Option<String>, EventError> {
    let customer = object.optional_id("/customer")?;
    if customer.is_none() && !object.has("/customer_account") {
        return Err(object.missing("/customer"));
    }
    Ok(customer)
}

/// `None` for an invoice without a subscription.
fn invoice(object: JsonNode<'_>) -> Result<Option<Invoice>, EventError> {
    let places = ["/parent/subscription_details/subscription", "/subscription"];
    let Some(subscription) = object.first_id(&places)? else { return Ok(None) };
    let mut payments: Vec<_> =
        [object.optional_id("/payment_intent")?, object.optional_id("/charge")?].into_iter().flatten().collect();
    for payment in object.list("/payments/data", PAYMENT)? {
        payments.extend(payment.optional_id("/payment/payment_intent")?);
        payments.extend(payment.optional_id("/payment/charge")?);
    }
    let reason = match object.optional_text("/billing_reason")? {
        Some("subscription_create") => InvoiceReason::Start,
        Some("subscription_cycle") => InvoiceReason::Renewal,
        _ => InvoiceReason::Other,
    };
    let lines = lines::read(&object.list("/lines/data", LINE)?)?;
    let has_more_lines = object.flag("/lines/has_more")?;
    // A line may have no price. An invoice that begins a period has lines.
    if !object.has("/lines/data") && reason != InvoiceReason::Other {
        return Err(object.missing("/lines/data"));
    }
    Ok(Some(Invoice {
        id: object.id("/id")?,
        customer: customer(object)?,
        subscription,
        user: object.first_user(&[
            "/parent/subscription_details/metadata/user_id",
            "/subscription_details/metadata/user_id",
            "/metadata/user_id",
        ]),
        reason,
        amount_paid: object.amount("/amount_paid")?,
        lines,
        has_more_lines,
        payments,
    }))
}

fn invoice_payment(object: JsonNode<'_>) -> Result<InvoicePayment, EventError> {
    let payments = [object.optional_id("/payment/payment_intent")?, object.optional_id("/payment/charge")?];
    Ok(InvoicePayment { invoice: object.id("/invoice")?, payments: payments.into_iter().flatten().collect() })
}

fn refund(event: JsonNode<'_>, charge: JsonNode<'_>) -> Result<Refund, EventError> {
    let refunded = charge.amount("/amount_refunded")?;
    // The event says what the total was before. Without it the refund counts from 0, and the rules limit it to the
    // grant.
    let before = event.optional_amount("/data/previous_attributes/amount_refunded")?.unwrap_or(0);
    Ok(Refund {
        charge: charge.id("/id")?,
        payment_intent: charge.optional_id("/payment_intent")?,
        invoice: charge.optional_id("/invoice")?,
        customer: charge.optional_id("/customer")?,
        refunded_before: before.min(refunded),
        refunded,
    })
}

fn dispute(object: JsonNode<'_>) -> Result<Dispute, EventError> {
    let status = object.text("/status")?;
    Ok(Dispute {
        id: object.id("/id")?,
        charge: object.id("/charge")?,
        payment_intent: object.optional_id("/payment_intent")?,
        amount: object.amount("/amount")?,
        status: match status {
            "won" | "warning_closed" | "prevented" => DisputeStatus::Won,
            "lost" => DisputeStatus::Lost,
            "warning_needs_response" | "warning_under_review" => DisputeStatus::Inquiry,
            "appeal_needs_response" | "appeal_under_review" => DisputeStatus::Appealed,
            _ => DisputeStatus::Open,
        },
        inquiry: status.starts_with("warning_") || status == "prevented",
    })
}
