//! The objects inside the events, in both shapes.

use super::event::{
    Change, Checkout, Dispute, DisputeStatus, EventError, EventKind, Invoice, InvoicePayment, Reason, Refund,
    SubscriptionChange,
};
use super::fields::Node;

const OBJECT: &str = "/data/object";
const ITEM: &str = "/data/object/items/data/*";
const LINE: &str = "/data/object/lines/data/*";
const PAYMENT: &str = "/data/object/payments/data/*";

/// What the event says, by its type.
pub(super) fn kind(event: Node<'_>) -> Result<EventKind, EventError> {
    let object = || event.object(OBJECT);
    let invoice_or_nothing = |of: fn(Invoice) -> EventKind| Ok(invoice(object()?)?.map_or(EventKind::Ignored, of));
    match event.text("/type")? {
        "checkout.session.completed" => checkout(object()?).map(EventKind::Checkout),
        "customer.subscription.created" => subscription(object()?, Change::Created).map(EventKind::Subscription),
        "customer.subscription.updated" => subscription(object()?, Change::Updated).map(EventKind::Subscription),
        "customer.subscription.deleted" => subscription(object()?, Change::Deleted).map(EventKind::Subscription),
        "invoice.paid" => invoice_or_nothing(EventKind::InvoicePaid),
        "invoice.payment_failed" => invoice_or_nothing(EventKind::InvoiceFailed),
        "invoice_payment.paid" => invoice_payment(object()?).map(EventKind::InvoicePayment),
        "charge.refunded" => refund(event, object()?).map(EventKind::Refund),
        "charge.dispute.created" | "charge.dispute.closed" => dispute(object()?).map(EventKind::Dispute),
        _ => Ok(EventKind::Ignored),
    }
}

fn checkout(session: Node<'_>) -> Result<Checkout, EventError> {
    Ok(Checkout {
        customer: session.optional_id("/customer")?,
        subscription: session.optional_id("/subscription")?,
        user: session.first_id(&["/client_reference_id", "/metadata/user_id"])?,
    })
}

fn subscription(object: Node<'_>, change: Change) -> Result<SubscriptionChange, EventError> {
    let mut period_end = object.optional_seconds("/current_period_end")?;
    let mut prices = Vec::new();
    for item in object.list("/items/data", ITEM)? {
        prices.push(item.id("/price")?);
        period_end = period_end.max(item.optional_seconds("/current_period_end")?);
    }
    if prices.is_empty() {
        return Err(object.missing("/items/data"));
    }
    let status = object.text("/status")?;
    let period_end = period_end.ok_or(object.missing("/current_period_end"))?;
    // An end that is further away than the next payment cancels nothing yet.
    let ends = object.optional_seconds("/cancel_at")?.is_some_and(|at| at <= period_end);
    Ok(SubscriptionChange {
        id: object.id("/id")?,
        customer: object.id("/customer")?,
        user: object.first_id(&["/metadata/user_id"])?,
        change,
        // A status that we do not know gives nothing.
        gives_access: matches!(status, "active" | "trialing" | "past_due") && change != Change::Deleted,
        cancels: object.flag("/cancel_at_period_end")? || ends,
        period_end,
        prices,
    })
}

/// Nothing for an invoice that no subscription wrote.
fn invoice(object: Node<'_>) -> Result<Option<Invoice>, EventError> {
    let places = ["/parent/subscription_details/subscription", "/subscription"];
    let Some(subscription) = object.first_id(&places)? else { return Ok(None) };
    let mut payments: Vec<_> =
        [object.optional_id("/payment_intent")?, object.optional_id("/charge")?].into_iter().flatten().collect();
    for payment in object.list("/payments/data", PAYMENT)? {
        payments.extend(payment.optional_id("/payment/payment_intent")?);
        payments.extend(payment.optional_id("/payment/charge")?);
    }
    let reason = match object.optional_text("/billing_reason")? {
        Some("subscription_create") => Reason::Start,
        Some("subscription_cycle") => Reason::Renewal,
        _ => Reason::Other,
    };
    // Only what begins a period must say which: a credit note or a line by hand has no price.
    let (price, period_end) = match reason {
        Reason::Start | Reason::Renewal => paid_period(object)?,
        Reason::Other => paid_period(object).unwrap_or_default(),
    };
    Ok(Some(Invoice {
        id: object.id("/id")?,
        customer: object.id("/customer")?,
        subscription,
        user: object.first_id(&[
            "/parent/subscription_details/metadata/user_id",
            "/subscription_details/metadata/user_id",
            "/metadata/user_id",
        ])?,
        reason,
        amount_paid: object.amount("/amount_paid")?,
        period_end,
        price,
        payments,
    }))
}

/// Price and end of the period. The invoice's own `period_end` is that of the period before; the line tells, and among
/// the lines the one which is no proration and ends last.
fn paid_period(object: Node<'_>) -> Result<(String, i64), EventError> {
    let mut best = None;
    for line in object.list("/lines/data", LINE)? {
        let Some(price) = line.first_id(&["/pricing/price_details/price", "/price", "/plan"])? else { continue };
        let proration = line.flag("/proration")?
            || line.flag("/parent/subscription_item_details/proration")?
            || line.flag("/parent/invoice_item_details/proration")?;
        best = best.max(Some((!proration, line.seconds("/period/end")?, price)));
    }
    let (_, period_end, price) = best.ok_or(object.missing("/lines/data"))?;
    Ok((price, period_end))
}

fn invoice_payment(object: Node<'_>) -> Result<InvoicePayment, EventError> {
    let payments = [object.optional_id("/payment/payment_intent")?, object.optional_id("/payment/charge")?];
    Ok(InvoicePayment { invoice: object.id("/invoice")?, payments: payments.into_iter().flatten().collect() })
}

fn refund(event: Node<'_>, charge: Node<'_>) -> Result<Refund, EventError> {
    let refunded = charge.amount("/amount_refunded")?;
    // The event says what the total was before. Without it the refund counts from nothing; the rules then cap.
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

fn dispute(object: Node<'_>) -> Result<Dispute, EventError> {
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
            _ => DisputeStatus::Open,
        },
        inquiry: status.starts_with("warning_") || status == "prevented",
    })
}
