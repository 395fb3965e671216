//! The lines of an invoice: which of them pays for a month.
//!
//! The invoice's own `period_end` belongs to the month before, and its `billing_reason` does not tell whether a month was
//! paid: a trial that is ended early and a change that starts a new period both come as `subscription_update`. So the
//! lines decide.

use serde_json::Value;

use super::event::{EventError, Invoice, InvoiceReason};
use super::fields::JsonNode;
use super::rules::Prices;
use super::subscription::{Period, rank};
use crate::domain::credits::Plan;

/// Each line of a page that was read from Stripe, in errors.
const LISTED: &str = "/data/*";

/// A line that has a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `price_…`.
    pub price: String,
    /// It corrects an amount for a part of a period. Such a line never pays for a month.
    pub proration: bool,
    /// Start of its period.
    pub start: Option<i64>,
    /// End of its period.
    pub end: i64,
    /// Its amount before discounts; negative for a credit.
    pub amount: Option<i64>,
}

/// A page of an invoice's lines, as returned by `GET /v1/invoices/{id}/lines`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePage {
    /// The lines that have a price.
    pub lines: Vec<Line>,
    /// The id after which the next page starts, unless this is the last page.
    pub next: Option<String>,
}

impl LinePage {
    /// Reads a page.
    ///
    /// # Errors
    /// Names the first field that is missing or not valid.
    pub fn parse(page: &Value) -> Result<Self, EventError> {
        let page = JsonNode::root(page);
        let nodes = page.list("/data", LISTED)?;
        let next = match nodes.last() {
            Some(last) if page.flag("/has_more")? => Some(last.id("/id")?),
            _ => None,
        };
        Ok(Self { lines: read(&nodes)?, next })
    }
}

/// Reads those lines that have a price.
pub(super) fn read(nodes: &[JsonNode<'_>]) -> Result<Vec<Line>, EventError> {
    let mut lines = Vec::new();
    for line in nodes {
        let Some(price) = line.first_id(&["/pricing/price_details/price", "/price", "/plan"])? else { continue };
        let proration = line.flag("/proration")?
            || line.flag("/parent/subscription_item_details/proration")?
            || line.flag("/parent/invoice_item_details/proration")?;
        let subtotal = line.optional_signed_amount("/subtotal")?;
        lines.push(Line {
            price,
            proration,
            start: line.optional_seconds("/period/start")?,
            end: line.seconds("/period/end")?,
            amount: subtotal.max(line.optional_signed_amount("/amount")?),
        });
    }
    Ok(lines)
}

/// What the lines of an invoice say, under the known prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Purchased {
    /// The plan of the chosen line; nothing when no line has a price of ours.
    pub(super) plan: Option<Plan>,
    /// What it pays for; nothing when all lines of ours are prorations.
    pub(super) period: Option<Period>,
    pub(super) start: Option<i64>,
    pub(super) end: i64,
}

impl Purchased {
    /// Chooses among the lines of known prices that are no proration: one that costs something, then the one that ends
    /// last, then the better plan.
    pub(super) fn of(invoice: &Invoice, prices: &Prices) -> Self {
        let known = invoice.lines.iter().filter_map(|line| Some((line, prices.plan(&line.price)?)));
        let costs = |line: &Line| match line.amount {
            Some(amount) => amount > 0,
            None => invoice.amount_paid > 0,
        };
        let whole = known.clone().filter(|(line, _)| !line.proration);
        let Some((line, plan)) =
            whole.max_by_key(|(line, plan)| (costs(line), line.end, rank(Some(*plan)), line.start))
        else {
            let plan = known.map(|(_, plan)| plan).max_by_key(|plan| rank(Some(*plan)));
            return Self { plan, ..Self::default() };
        };
        let period = match invoice.reason {
            _ if !costs(line) => Period::Trial,
            InvoiceReason::Start => Period::First,
            InvoiceReason::Renewal => Period::Next,
            InvoiceReason::Other => Period::Change,
        };
        Self { plan: Some(plan), period: Some(period), start: line.start, end: line.end }
    }
}
