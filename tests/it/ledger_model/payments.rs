//! What payments give and take, as `docs/payments.md` has it, written as questions about the list of events that have
//! arrived. Nothing here calls `shared::domain::payments`.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::credits::Plan;

use super::events::{Event, Invoice, Line, Price, Says, Status, Subscription};

/// What is known of a student's payments.
#[derive(Debug, Clone, Default)]
pub(super) struct Payments {
    /// An invoice names its payment in the older version. Since then `invoice_payment.paid` does.
    pub(super) is_older_version: bool,
    /// In the order of their arrival, each once.
    arrived: Vec<Event>,
    /// The plan that payments set last.
    pub(super) plan_set: Option<Plan>,
    /// The reset date that payments set last.
    pub(super) reset_set: Option<i64>,
    /// Credits that a paid month brought, by its invoice.
    pub(super) granted: BTreeMap<String, i64>,
    /// By refund or dispute.
    pub(super) taken: BTreeMap<String, Taken>,
}

/// Credits that a refund or a dispute took back.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    pub(super) credits: i64,
    /// What the balance did not have.
    pub(super) owed: i64,
    /// The dispute was won.
    pub(super) is_returned: bool,
}

/// Time that an invoice pays for.
pub(super) struct Period<'a> {
    pub(super) invoice: &'a Invoice,
    pub(super) plan: Plan,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) is_trial: bool,
}

/// What a refund or a dispute takes back of a grant.
pub(super) struct Claim {
    pub(super) cause: String,
    pub(super) credits: i64,
    /// A dispute that we won. What it took comes back.
    pub(super) is_won: bool,
}

impl Price {
    const fn plan(self) -> Option<Plan> {
        match self {
            Self::Starter => Some(Plan::Starter),
            Self::Unlimited => Some(Plan::Unlimited),
            Self::Foreign => None,
        }
    }
}

impl Status {
    const fn is_running(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue)
    }

    const fn is_stopped(self) -> bool {
        matches!(self, Self::Unpaid | Self::Paused | Self::Canceled)
    }
}

const fn worth(plan: Option<Plan>) -> u8 {
    match plan {
        None => 0,
        Some(Plan::Free) => 1,
        Some(Plan::Starter) => 2,
        Some(Plan::Unlimited) => 3,
    }
}

fn is_ours(invoice: &Invoice) -> bool {
    invoice.lines.iter().any(|line| line.price != Price::Foreign)
}

/// The time that an invoice pays for: that of a line with a price of ours that is no proration. One that costs something
/// is chosen, then the one that ends last.
fn period_of(invoice: &Invoice) -> Option<Period<'_>> {
    let counts = |line: &&Line| line.price != Price::Foreign && !line.is_proration;
    let line = invoice.lines.iter().filter(counts).max_by_key(|line| (line.amount > 0, line.end))?;
    Some(Period { invoice, plan: line.price.plan()?, start: line.start, end: line.end, is_trial: line.amount <= 0 })
}

impl Payments {
    /// Whether the event is new.
    pub(super) fn arrives(&mut self, event: &Event) -> bool {
        let is_new = self.arrived.iter().all(|known| known.id != event.id);
        if is_new {
            self.arrived.push(event.clone());
        }
        is_new
    }

    /// The states of a subscription that have arrived, with their times.
    fn states<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (i64, &'a Subscription)> {
        self.arrived.iter().filter_map(move |event| match &event.says {
            Says::Subscription(_, of) if of.id == id => Some((event.at, of)),
            _ => None,
        })
    }

    fn newest<'a>(&'a self, id: &'a str) -> Option<&'a Subscription> {
        self.states(id).max_by_key(|(at, _)| *at).map(|(_, of)| of)
    }

    /// Paid invoices with a price of ours, with the time of their payment.
    fn payments(&self) -> impl Iterator<Item = (i64, &Invoice)> {
        self.arrived.iter().filter_map(|event| match &event.says {
            Says::Paid(invoice) if is_ours(invoice) => Some((event.at, invoice)),
            _ => None,
        })
    }

    fn payments_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (i64, &'a Invoice)> {
        self.payments().filter(move |(_, invoice)| invoice.subscription == id)
    }

    fn periods(&self) -> impl Iterator<Item = Period<'_>> {
        self.payments().filter_map(|(_, invoice)| period_of(invoice))
    }

    fn periods_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = Period<'a>> {
        self.periods().filter(move |period| period.invoice.subscription == id)
    }

    /// The paid months, by the age of their invoices.
    pub(super) fn months(&self) -> Vec<Period<'_>> {
        let mut months: Vec<_> = self.periods().filter(|period| !period.is_trial).collect();
        months.sort_by_key(|period| &period.invoice.id);
        months
    }

    /// Whether a month follows a trial of its subscription.
    pub(super) fn follows_trial(&self, month: &Period) -> bool {
        let mut periods = self.periods_of(&month.invoice.subscription);
        periods.any(|trial| trial.is_trial && trial.start < month.start && month.start <= trial.end)
    }

    /// Whether an invoice for a change pays for a month that another invoice of the subscription pays for too.
    fn is_repeated(&self, month: &Period) -> bool {
        let is_change = |of: &Period| of.invoice.reason == "subscription_update";
        let of_same = |other: &Period| {
            other.invoice.subscription == month.invoice.subscription && other.end == month.end && !other.is_trial
        };
        let comes_first = |other: &Period| !is_change(other) || other.invoice.id < month.invoice.id;
        let is_other = |other: &Period| other.invoice.id != month.invoice.id;
        is_change(month)
            && !month.is_trial
            && self.periods().any(|other| is_other(&other) && of_same(&other) && comes_first(&other))
    }

    /// The subscriptions at prices of ours.
    fn subscriptions(&self) -> BTreeSet<&str> {
        let by_state = self.arrived.iter().filter_map(|event| match &event.says {
            Says::Subscription(_, of) if of.price != Price::Foreign => Some(of.id.as_str()),
            _ => None,
        });
        by_state.chain(self.payments().map(|(_, invoice)| invoice.subscription.as_str())).collect()
    }

    /// Stripe cancels all subscriptions of a customer that is deleted.
    fn is_deleted(&self) -> bool {
        self.arrived.iter().any(|event| event.says == Says::CustomerDeleted)
    }

    /// The best plan that a subscription gives; none while no subscription has given or ended one.
    pub(super) fn plan(&self) -> Option<Plan> {
        self.subscriptions().into_iter().map(|id| self.plan_of(id)).max_by_key(|plan| worth(*plan)).flatten()
    }

    fn plan_of(&self, id: &str) -> Option<Plan> {
        let newest = self.newest(id);
        let periods = self.periods_of(id).filter(|period| !self.is_repeated(period));
        let last = periods.max_by_key(|period| (period.end, &period.invoice.id));
        let plan = newest.and_then(|of| of.price.plan()).or(last.as_ref().map(|last| last.plan))?;
        let is_given = !self.is_deleted() && newest.is_none_or(|of| of.status.is_running() && self.is_paid(of));
        if is_given && !last.as_ref().is_some_and(|last| self.is_paid_back(last.invoice)) {
            return Some(plan);
        }
        let was = |fits: fn(Status) -> bool| self.states(id).any(|(_, of)| fits(of.status));
        let gave = last.is_some() || was(|status| status == Status::Trialing) || was(Status::is_stopped);
        gave.then_some(Plan::Free)
    }

    /// Whether money or a trial stands behind a subscription that runs.
    fn is_paid(&self, of: &Subscription) -> bool {
        if of.status == Status::Trialing {
            return true;
        }
        let is_trial = |invoice: &Invoice| period_of(invoice).is_some_and(|period| period.is_trial);
        let had_money = self.payments_of(&of.id).any(|(_, invoice)| !is_trial(invoice));
        let had_trial = self.states(&of.id).any(|(_, state)| state.status == Status::Trialing);
        let had_any = had_trial || self.payments_of(&of.id).next().is_some();
        // Grace after a failed payment is for who has paid once.
        let is_enough = if of.status == Status::PastDue { had_money } else { had_any };
        let ends = self.periods_of(&of.id).map(|period| period.end).max();
        // While collection is paused, the plan ends with what is paid.
        is_enough && !(of.is_collection_paused && ends.is_none_or(|end| end <= of.start))
    }

    /// Whether it is known that a charge paid this invoice.
    fn is_joined(&self, invoice: &str) -> bool {
        let joins = |event: &Event| matches!(&event.says, Says::Payment(of) if of.id == invoice);
        self.is_older_version || self.arrived.iter().any(joins)
    }

    /// The refunds of an invoice: the total after and before each, the smaller ones first.
    fn refunds(&self, id: &str) -> BTreeSet<(i64, i64)> {
        let of_it = self.arrived.iter().filter_map(|event| match &event.says {
            Says::Refunded { invoice, before, after } if invoice.id == id => Some((*after, *before)),
            _ => None,
        });
        of_it.filter(|_| self.is_joined(id)).collect()
    }

    /// The dispute of an invoice: its id, amount and newest status.
    fn dispute(&self, id: &str) -> Option<(&str, i64, &'static str)> {
        let of_it = self.arrived.iter().filter_map(|event| match &event.says {
            Says::Dispute { id: dispute, invoice, amount, status, .. } if invoice.id == id => {
                Some((event.at, (dispute.as_str(), *amount, *status)))
            }
            _ => None,
        });
        of_it.filter(|_| self.is_joined(id)).max_by_key(|(at, _)| *at).map(|(_, dispute)| dispute)
    }

    /// Refunded in full, or disputed and not won.
    fn is_paid_back(&self, invoice: &Invoice) -> bool {
        let refunded = self.refunds(&invoice.id).last().map_or(0, |(after, _)| *after);
        let is_refunded = invoice.amount_paid > 0 && refunded >= invoice.amount_paid;
        let is_held = self.dispute(&invoice.id).is_some_and(|(.., status)| is_withheld(status));
        is_refunded || is_held
    }

    /// What refunds and disputes take back of what was granted: a proportion, rounded down for all refunds together.
    pub(super) fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (cause, granted) in &self.granted {
            let (id, part) = cause.split_at(cause.find('/').unwrap_or(cause.len()));
            let Some((_, invoice)) = self.payments().find(|(_, invoice)| invoice.id == id) else { continue };
            let is_repeated = period_of(invoice).is_some_and(|month| self.is_repeated(&month));
            if is_repeated {
                claims.push(Claim { cause: format!("{id}/again"), credits: *granted, is_won: false });
            }
            let left = if is_repeated { 0 } else { *granted };
            let share = |amount: i64| (left * amount).checked_div(invoice.amount_paid).unwrap_or(0);
            for (after, before) in self.refunds(id) {
                let cause = format!("{}/{before}-{after}{part}", invoice.charge);
                claims.push(Claim { cause, credits: share(after) - share(before), is_won: false });
            }
            if let Some((dispute, amount, status)) = self.dispute(id) {
                let is_won = status == "won";
                let credits = if is_won || is_withheld(status) { share(amount) } else { 0 };
                claims.push(Claim { cause: format!("{dispute}{part}"), credits, is_won });
            }
        }
        claims
    }

    fn running(&self) -> impl Iterator<Item = &Subscription> {
        let newest = self.subscriptions().into_iter().filter_map(|id| self.newest(id));
        newest.filter(|of| of.status.is_running() && !self.is_deleted())
    }

    /// Whether a plan must be changed in place of bought again.
    pub(super) fn is_subscribed(&self) -> bool {
        self.running().next().is_some() || self.plan().is_some_and(|plan| plan != Plan::Free)
    }

    /// When the last subscription ends, if all that run are cancelled.
    pub(super) fn ends_at(&self) -> Option<i64> {
        let all_end = self.running().all(|of| of.cancels);
        self.running().map(|of| of.end).max().filter(|_| all_end)
    }

    /// Whether Stripe tries to collect an invoice whose payment failed.
    pub(super) fn is_failing(&self) -> bool {
        self.arrived.iter().any(|event| {
            let Says::Failed(invoice) = &event.says else { return false };
            let newest = self.newest(&invoice.subscription);
            let is_tried = newest.is_none_or(|of| of.status.is_running()) && !self.is_deleted() && is_ours(invoice);
            let is_closed = self.arrived.iter().any(|other| match &other.says {
                Says::Paid(of) => of.id == invoice.id,
                Says::Closed(_, of) => of.id == invoice.id && other.at >= event.at,
                _ => false,
            });
            let paid = self.payments_of(&invoice.subscription).map(|(at, _)| at);
            let is_active = |of: &Subscription| matches!(of.status, Status::Active | Status::Trialing);
            let active = self.states(&invoice.subscription).filter(|(_, of)| is_active(of)).map(|(at, _)| at);
            let is_past_due = newest.is_some_and(|of| of.status == Status::PastDue);
            let is_over = !is_past_due && paid.chain(active).any(|at| at >= event.at);
            is_tried && !is_closed && !is_over
        })
    }
}

/// Whether a dispute of this status keeps the money from us. An inquiry does not.
fn is_withheld(status: &str) -> bool {
    matches!(status, "needs_response" | "under_review" | "lost" | "appeal_needs_response")
}
