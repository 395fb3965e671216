//! What happens at Stripe: a student's subscriptions, invoices, refunds and disputes, and the events that tell of them.

use super::events::{Event, Invoice, Line, Payer, Price, Says, Status, Subscription};

const DAY: i64 = 86_400;
const TRIAL: i64 = 7 * DAY;
/// A student with two tabs can buy two.
const RUNNING_MAX: usize = 2;
/// An event shows so many lines of a long invoice.
const SHOWN: usize = 2;

/// How a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Start {
    Paid,
    Trial,
    /// The first payment is not done yet.
    Incomplete,
}

/// What becomes of an invoice of a new period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Payment {
    Succeeds,
    /// A coupon of 100 %.
    Coupon,
    Fails,
}

/// What becomes of an invoice whose payment failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Recovery {
    Paid,
    Voided,
    GivenUp,
}

/// Something that happens at Stripe. What cannot happen now does nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    Subscribe(Price, Start),
    /// To the other plan; with a new period if `is_new_period`, which also ends a trial.
    Change {
        is_new_period: bool,
    },
    CancelAtEnd,
    CancelNow,
    /// `pause_collection`, or the end of it.
    PauseCollection,
    /// Status `paused`, or the end of it.
    Pause,
    Collect(Recovery),
    /// So many quarters of what is left of the invoice, counted back from the newest one.
    Refund {
        back: usize,
        quarters: i64,
    },
    /// Opens a dispute or goes on with it.
    Dispute {
        back: usize,
        is_good: bool,
    },
    /// A subscription and an invoice of another business.
    Foreign,
    DeleteCustomer,
}

/// What else is on an invoice, and how it is paid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Billing {
    pub(super) payment: Payment,
    pub(super) has_prorations: bool,
    pub(super) has_foreign_line: bool,
    /// An event shows only its first lines.
    pub(super) is_long: bool,
}

/// An invoice that was paid.
#[derive(Debug, Clone)]
struct Paid {
    invoice: Invoice,
    refunded: i64,
    /// Id and status.
    dispute: Option<(String, &'static str)>,
}

/// A customer at Stripe.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) payer: Payer,
    subscriptions: Vec<Subscription>,
    paid: Vec<Paid>,
    /// Invoices that Stripe tries to collect.
    open: Vec<Invoice>,
    is_deleted: bool,
    /// Number of objects and events so far; ids follow from it.
    made: usize,
    last_at: i64,
}

impl Status {
    const fn is_over(self) -> bool {
        matches!(self, Self::IncompleteExpired | Self::Canceled)
    }

    const fn is_billed(self) -> bool {
        matches!(self, Self::Incomplete | Self::Trialing | Self::Active | Self::PastDue)
    }
}

impl Price {
    const fn period(self) -> i64 {
        match self {
            Self::Starter => 30 * DAY,
            Self::Unlimited => 31 * DAY,
            Self::Foreign => 365 * DAY,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Starter => Self::Unlimited,
            Self::Unlimited | Self::Foreign => Self::Starter,
        }
    }
}

impl Customer {
    pub(super) fn new(payer: Payer) -> Self {
        Self {
            payer,
            subscriptions: Vec::new(),
            paid: Vec::new(),
            open: Vec::new(),
            is_deleted: false,
            made: 0,
            last_at: 0,
        }
    }

    /// When the next period ends.
    pub(super) fn next_end(&self) -> Option<i64> {
        let billed = self.subscriptions.iter().filter(|of| of.status.is_billed() && !self.is_deleted);
        billed.map(|of| of.end).min()
    }

    /// What happens at `now`, or the renewal that is due, to the subscription that `which` selects.
    pub(super) fn act(&mut self, act: Act, which: usize, billing: Billing, now: i64) -> Vec<Event> {
        if let Act::Refund { back, quarters } = act {
            return self.refund(back, quarters, now);
        }
        if let Act::Dispute { back, is_good } = act {
            return self.dispute(back, is_good, now);
        }
        if self.is_deleted {
            return Vec::new();
        }
        let is_due = |of: &Subscription| of.status.is_billed() && of.end <= now;
        if let Some(due) = self.subscriptions.iter().position(is_due) {
            return self.renew(due, billing);
        }
        match act {
            Act::Foreign => return self.foreign(now),
            // Nothing else can happen before.
            _ if self.subscriptions.is_empty() => {
                let of_act = if let Act::Subscribe(price, start) = act { Some((price, start)) } else { None };
                let (price, start) = of_act.unwrap_or((Price::Starter, Start::Paid));
                return self.subscribe(price, start, billing, now);
            }
            Act::Subscribe(price, start) => return self.subscribe(price, start, billing, now),
            Act::DeleteCustomer => {
                self.is_deleted = true;
                return vec![self.event(now, Says::CustomerDeleted)];
            }
            _ => {}
        }
        let running: Vec<usize> =
            (0..self.subscriptions.len()).filter(|at| !self.subscriptions[*at].status.is_over()).collect();
        let Some(at) = running.get(which % running.len().max(1)).copied() else { return Vec::new() };
        let status = self.subscriptions[at].status;
        match act {
            Act::CancelNow => {
                self.subscriptions[at].status = Status::Canceled;
                return vec![self.changed(at, "deleted", now)];
            }
            Act::CancelAtEnd if status != Status::Incomplete => {
                self.subscriptions[at].cancels ^= true;
                return vec![self.changed(at, "updated", now)];
            }
            Act::Collect(recovery) => return self.collect(at, recovery, now),
            Act::PauseCollection if status == Status::Active => {
                self.subscriptions[at].is_collection_paused ^= true;
                return vec![self.changed(at, "updated", now)];
            }
            Act::Pause if status == Status::Active => {
                self.subscriptions[at].status = Status::Paused;
                return vec![self.changed(at, "paused", now)];
            }
            Act::Pause if status == Status::Paused => {
                self.subscriptions[at].status = Status::Active;
                if self.subscriptions[at].end > now {
                    return vec![self.changed(at, "resumed", now)];
                }
                self.begin_period(at, now);
                let resumed = self.changed(at, "resumed", now);
                return self.pay(at, "subscription_update", billing, now, vec![resumed]);
            }
            Act::Change { is_new_period } if matches!(status, Status::Active | Status::Trialing) => {
                return self.change(at, is_new_period, billing, now);
            }
            _ => {}
        }
        Vec::new()
    }

    fn subscribe(&mut self, price: Price, start: Start, billing: Billing, now: i64) -> Vec<Event> {
        let running = self.subscriptions.iter().filter(|of| !of.status.is_over()).count();
        if running >= RUNNING_MAX {
            return Vec::new();
        }
        let (status, length) = match start {
            Start::Paid => (Status::Active, price.period()),
            Start::Trial => (Status::Trialing, TRIAL),
            Start::Incomplete => (Status::Incomplete, price.period()),
        };
        let id = self.id("sub");
        self.subscriptions.push(Subscription {
            id: id.clone(),
            price,
            has_foreign_item: billing.has_foreign_line,
            status,
            start: now,
            end: now + length,
            cancels: false,
            is_collection_paused: false,
        });
        let at = self.subscriptions.len() - 1;
        let mut events = vec![self.changed(at, "created", now)];
        if start == Start::Incomplete {
            let invoice = self.invoice(at, "subscription_create", billing);
            self.open.push(invoice);
            return events;
        }
        events = self.pay(at, "subscription_create", billing, now, events);
        events.push(self.event(now, Says::Checkout(id)));
        events
    }

    /// The period of a subscription ends.
    fn renew(&mut self, at: usize, billing: Billing) -> Vec<Event> {
        let of = &mut self.subscriptions[at];
        let now = of.end;
        if of.status == Status::Incomplete {
            of.status = Status::IncompleteExpired;
            return vec![self.changed(at, "updated", now)];
        }
        if of.cancels || of.status == Status::PastDue {
            of.status = Status::Canceled;
            return vec![self.changed(at, "deleted", now)];
        }
        self.begin_period(at, now);
        if self.subscriptions[at].is_collection_paused {
            let invoice = self.invoice(at, "subscription_cycle", billing);
            return vec![
                self.changed(at, "updated", now),
                self.event(now, Says::Closed("marked_uncollectible", invoice)),
            ];
        }
        if billing.payment == Payment::Fails {
            self.subscriptions[at].status = Status::PastDue;
            let invoice = self.invoice(at, "subscription_cycle", billing);
            self.open.push(invoice.clone());
            return vec![self.event(now, Says::Failed(invoice)), self.changed(at, "updated", now)];
        }
        self.subscriptions[at].status = Status::Active;
        let renewed = self.changed(at, "updated", now);
        self.pay(at, "subscription_cycle", billing, now, vec![renewed])
    }

    fn change(&mut self, at: usize, is_new_period: bool, billing: Billing, now: i64) -> Vec<Event> {
        let price = self.subscriptions[at].price;
        self.subscriptions[at].price = price.other();
        if is_new_period {
            self.subscriptions[at].status = Status::Active;
            self.begin_period(at, now);
            let changed = self.changed(at, "updated", now);
            return self.pay(at, "subscription_update", billing, now, vec![changed]);
        }
        let mut events = vec![self.changed(at, "updated", now)];
        if self.subscriptions[at].status == Status::Active {
            let mut invoice = self.invoice(at, "subscription_update", billing);
            invoice.lines = prorations(price, now, self.subscriptions[at].end);
            invoice.shown = invoice.lines.len();
            invoice.amount_paid = invoice.lines.iter().map(|line| line.amount).sum::<i64>().max(0);
            events = self.paid(invoice, now, events);
        }
        events
    }

    fn collect(&mut self, at: usize, recovery: Recovery, now: i64) -> Vec<Event> {
        let of = self.subscriptions[at].clone();
        let Some(place) = self.open.iter().position(|invoice| invoice.subscription == of.id) else {
            return Vec::new();
        };
        let invoice = self.open.remove(place);
        match (recovery, of.status) {
            (Recovery::Paid, Status::Incomplete | Status::PastDue) => {
                self.subscriptions[at].status = Status::Active;
                let events = self.paid(invoice, now, Vec::new());
                events.into_iter().chain([self.changed(at, "updated", now)]).collect()
            }
            (Recovery::Voided, Status::PastDue) => {
                self.subscriptions[at].status = Status::Active;
                vec![self.event(now, Says::Closed("voided", invoice)), self.changed(at, "updated", now)]
            }
            (Recovery::GivenUp, Status::PastDue) => {
                self.subscriptions[at].status = Status::Unpaid;
                vec![self.changed(at, "updated", now)]
            }
            _ => {
                self.open.push(invoice);
                Vec::new()
            }
        }
    }

    fn refund(&mut self, back: usize, quarters: i64, now: i64) -> Vec<Event> {
        let can = |paid: &Paid| paid.refunded < paid.invoice.amount_paid && paid.dispute.is_none();
        let Some(at) = self.of_paid(back, can) else { return Vec::new() };
        let paid = &mut self.paid[at];
        let before = paid.refunded;
        paid.refunded += ((paid.invoice.amount_paid - before) * quarters / 4).max(1);
        let says = Says::Refunded { invoice: paid.invoice.clone(), before, after: paid.refunded };
        vec![self.event(now, says)]
    }

    fn dispute(&mut self, back: usize, is_good: bool, now: i64) -> Vec<Event> {
        let is_over = |status| matches!(status, "won" | "warning_closed");
        let can = |paid: &Paid| {
            paid.refunded < paid.invoice.amount_paid && !paid.dispute.as_ref().is_some_and(|(_, at)| is_over(*at))
        };
        let Some(at) = self.of_paid(back, can) else { return Vec::new() };
        let known = self.paid[at].dispute.clone();
        let (what, status) = match known.as_ref().map(|(_, status)| *status) {
            None if is_good => ("created", "warning_needs_response"),
            None => ("created", "needs_response"),
            Some("warning_needs_response") if is_good => ("closed", "warning_closed"),
            Some("warning_needs_response") => ("updated", "needs_response"),
            Some("needs_response") if is_good => ("updated", "under_review"),
            Some("needs_response") => ("funds_withdrawn", "needs_response"),
            Some("lost") => ("updated", "appeal_needs_response"),
            Some(_) if is_good => ("closed", "won"),
            Some(_) => ("closed", "lost"),
        };
        let id = known.map_or_else(|| self.id("du"), |(id, _)| id);
        let paid = &mut self.paid[at];
        paid.dispute = Some((id.clone(), status));
        let (invoice, amount) = (paid.invoice.clone(), paid.invoice.amount_paid - paid.refunded);
        vec![self.event(now, Says::Dispute { what, id, invoice, amount, status })]
    }

    /// The same customer buys from another business.
    fn foreign(&mut self, now: i64) -> Vec<Event> {
        let price = Price::Foreign;
        let id = self.id("sub");
        let subscription = Subscription {
            id: id.clone(),
            price,
            has_foreign_item: false,
            status: Status::Active,
            start: now,
            end: now + price.period(),
            cancels: false,
            is_collection_paused: false,
        };
        let line = Line { price, is_proration: false, start: now, end: subscription.end, amount: price.cents() };
        let invoice = Invoice {
            id: self.id("in"),
            charge: self.id("ch"),
            intent: self.id("pi"),
            subscription: id,
            reason: "subscription_create",
            amount_paid: price.cents(),
            lines: vec![line],
            shown: 1,
        };
        let failed = Invoice { id: self.id("in"), ..invoice.clone() };
        [Says::Subscription("created", subscription), Says::Paid(invoice), Says::Failed(failed)]
            .into_iter()
            .map(|says| self.event(now, says))
            .collect()
    }

    fn begin_period(&mut self, at: usize, now: i64) {
        let of = &mut self.subscriptions[at];
        of.start = now;
        of.end = now + of.price.period();
    }

    /// The invoice of the current period, paid.
    fn pay(&mut self, at: usize, reason: &'static str, billing: Billing, now: i64, events: Vec<Event>) -> Vec<Event> {
        let invoice = self.invoice(at, reason, billing);
        self.paid(invoice, now, events)
    }

    fn paid(&mut self, invoice: Invoice, now: i64, mut events: Vec<Event>) -> Vec<Event> {
        events.push(self.event(now, Says::Paid(invoice.clone())));
        if invoice.amount_paid > 0 {
            events.push(self.event(now, Says::Payment(invoice.clone())));
        }
        self.paid.push(Paid { invoice, refunded: 0, dispute: None });
        events
    }

    fn invoice(&mut self, at: usize, reason: &'static str, billing: Billing) -> Invoice {
        let Subscription { id, price, status, start, end, .. } = self.subscriptions[at].clone();
        let mut lines = Vec::new();
        if billing.has_prorations {
            lines.extend(prorations(price.other(), start, end));
        }
        if billing.has_foreign_line {
            let price = Price::Foreign;
            lines.push(Line { price, is_proration: false, start, end: start + price.period(), amount: price.cents() });
        }
        let amount = if status == Status::Trialing { 0 } else { price.cents() };
        lines.push(Line { price, is_proration: false, start, end, amount });
        let is_free = status == Status::Trialing || billing.payment == Payment::Coupon;
        let total = lines.iter().map(|line| line.amount).sum::<i64>().max(0);
        Invoice {
            id: self.id("in"),
            charge: self.id("ch"),
            intent: self.id("pi"),
            subscription: id,
            reason,
            amount_paid: if is_free { 0 } else { total },
            shown: if billing.is_long { SHOWN } else { lines.len() },
            lines,
        }
    }

    /// A paid invoice that fits, counted back from the newest one.
    fn of_paid(&self, back: usize, fits: impl Fn(&Paid) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.paid.len()).rev().filter(|at| fits(&self.paid[*at])).collect();
        fitting.get(back % fitting.len().max(1)).copied()
    }

    fn changed(&mut self, at: usize, change: &'static str, now: i64) -> Event {
        let of = self.subscriptions[at].clone();
        self.event(now, Says::Subscription(change, of))
    }

    /// No two events of a student happen in the same second.
    fn event(&mut self, now: i64, says: Says) -> Event {
        self.last_at = now.max(self.last_at + 1);
        Event { id: self.id("evt"), at: self.last_at, says }
    }

    /// Ids sort by age.
    fn id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{:05}{}", self.made, self.payer.user.replace('-', ""))
    }
}

/// The lines of a change from `price` to the other one.
fn prorations(price: Price, start: i64, end: i64) -> Vec<Line> {
    let line = |price: Price, amount| Line { price, is_proration: true, start, end, amount };
    vec![line(price, -price.cents() / 2), line(price.other(), price.other().cents() / 2)]
}
