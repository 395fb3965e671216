//! Computes the effect of the payment facts on a wallet, by the table of `docs/payments.md`.
//!
//! An event itself books nothing. After every event, the facts determine the target bookings by cause. The difference
//! to the existing bookings is booked. So the order of events and their repetition do not matter.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::{DisputeStatus, Event};
use super::subscription::{Billing, Clawback, PaidPeriod, Period};
use crate::domain::credits::{Amount, Credits, EntryType, Movement, Plan, Settlement, Wallet};
use crate::domain::settings::CreditTerms;

/// Which price buys which plan, and how many credits a month of it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    plans: BTreeMap<String, Plan>,
    terms: CreditTerms,
}

impl Prices {
    /// The same prices under these terms.
    #[must_use]
    pub fn under(self, terms: CreditTerms) -> Self {
        Self { terms, ..self }
    }

    /// The plan that `price` buys.
    #[must_use]
    pub fn plan(&self, price: &str) -> Option<Plan> {
        self.plans.get(price).copied()
    }
}

impl<S: Into<String>> FromIterator<(S, Plan)> for Prices {
    fn from_iter<I: IntoIterator<Item = (S, Plan)>>(prices: I) -> Self {
        let plans = prices.into_iter().map(|(price, plan)| (price.into(), plan)).collect();
        Self { plans, terms: CreditTerms::DEFAULT }
    }
}

/// The effect of an event, written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventEffect {
    /// The facts with the event, and what is booked of them.
    pub billing: Billing,
    /// The wallet, and the ledger entries that are new, oldest first.
    pub settlement: Settlement,
    /// Whether the event said anything new. If not, nothing is written.
    pub changed: bool,
    /// The event names a price that is not ours: it gives no plan and no credits. It is logged.
    pub unknown_price: bool,
}

/// What a refresh sets the balance of a subscriber to. The refresh is due at the end of the paid period, before the
/// next payment is known, so it brings a part of the month. The paid invoice brings the rest of a starter's month. This part is no
/// setting: a refresh and its payment may happen under different terms, and must add up.
pub const REFRESH_CREDITS: Credits = 5;

/// The balance that a refresh sets while payments set the plan.
const fn refresh_credits(plan: Plan, terms: &CreditTerms) -> Credits {
    match plan {
        Plan::Free => terms.monthly(Plan::Free),
        Plan::Starter | Plan::Unlimited => REFRESH_CREDITS,
    }
}

/// Credits for a paid `period` of `plan`: the complete month for a first period, and the rest that the refresh did not
/// bring for a following period. The unlimited plan needs no credits, and a trial grants none.
const fn period_credits(plan: Plan, period: Period, terms: &CreditTerms) -> Credits {
    match (plan, period) {
        (Plan::Starter, Period::First | Period::Change) => terms.monthly(Plan::Starter),
        (Plan::Starter, Period::Next) => terms.monthly(Plan::Starter).saturating_sub(REFRESH_CREDITS),
        (Plan::Starter, Period::Trial) | (Plan::Free | Plan::Unlimited, _) => 0,
    }
}

/// Suffix of the invoice id in the cause of the credits for a month after a trial.
const AFTER_TRIAL: &str = "/after-trial";

/// A paid month, or a part of one, that brings credits.
struct Grant {
    /// The invoice, or the invoice and [`AFTER_TRIAL`].
    cause: String,
    credits: Credits,
    kind: EntryType,
    description: String,
    payment_intent: Option<String>,
}

/// Credits that one refund or dispute should take back.
struct Reversal {
    cause: String,
    credits: Credits,
    kind: ReversalKind,
    payment_intent: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ReversalKind {
    Refund,
    /// Open or lost.
    Dispute,
    /// The ledger shows the hold and the return.
    WonDispute,
    /// Another invoice granted the same month.
    Again,
}

impl Billing {
    /// Applies `event` to the user's `wallet`.
    ///
    /// A refresh that is due at `now` comes first, as before a spend. An event that says nothing new does nothing at all.
    #[must_use]
    pub fn apply(&self, event: &Event, prices: &Prices, wallet: Wallet, now: Timestamp) -> EventEffect {
        let mut billing = self.clone();
        let unknown_price = billing.learn(event, prices);
        let mut settlement = Settlement { wallet, movements: Vec::new() };
        let changed = billing != *self;
        if changed {
            // The monthly credits follow from the plan: an import may have set 15 per month, which paid invoices grant
            // now.
            let mut wallet = wallet;
            billing.book_plan(&mut wallet, self.refreshes_as_imported(), &prices.terms);
            settlement = wallet.refresh(now).unwrap_or(Settlement { wallet, movements: Vec::new() });
            billing.book(&mut settlement, &prices.terms, now);
        }
        EventEffect { billing, settlement, changed, unknown_price }
    }

    fn book(&mut self, settlement: &mut Settlement, terms: &CreditTerms, now: Timestamp) {
        self.book_reset(&mut settlement.wallet, now);
        let granted = self.book_grants(settlement, terms);
        let released = self.book_claims(settlement);
        self.collect_rest(settlement, granted.saturating_add(released));
    }

    /// The wallet follows the facts only where they change, so that a plan which an operator gave stays until then.
    fn book_plan(&mut self, wallet: &mut Wallet, was_imported: bool, terms: &CreditTerms) {
        let plan = self.plan();
        let refreshes_as_imported = self.refreshes_as_imported();
        if plan != self.booked.plan
            && let Some(plan) = plan
        {
            self.booked.plan = Some(plan);
            wallet.plan = plan;
            wallet.monthly_credits = refresh_credits(plan, terms);
        }
        // From the first paid month on, invoices grant the rest of a month. If the imported plan returns, so do its
        // monthly credits.
        if refreshes_as_imported != was_imported {
            let imported = self.imported.as_ref().filter(|_| refreshes_as_imported);
            let usual = refresh_credits(wallet.plan, terms);
            wallet.monthly_credits = imported.map_or(usual, |import| import.monthly_credits);
        }
    }

    fn book_reset(&mut self, wallet: &mut Wallet, now: Timestamp) {
        let paid_until = self.months().map(|(_, _, paid)| paid.period_end).max();
        // The date was later if a foreign price had moved it.
        if paid_until.is_some() && paid_until != self.booked.reset_at {
            self.booked.reset_at = paid_until;
            // A period that has ended has no further refresh; the date stays on its grid.
            wallet.credits_reset_at = paid_until.filter(|at| *at > now.as_second()).unwrap_or(wallet.credits_reset_at);
        }
    }

    /// Every paid month brings its credits once.
    ///
    /// What is booked stays as it was booked, also if the terms changed since: a refund takes its part of that.
    fn book_grants(&mut self, settlement: &mut Settlement, terms: &CreditTerms) -> Credits {
        let due: Vec<Grant> = self.months().flat_map(|(id, of, paid)| self.grants_of(id, of, paid, terms)).collect();
        let mut granted: Credits = 0;
        for grant in due {
            if self.booked.grants.contains_key(&grant.cause) {
                continue;
            }
            self.booked.grants.insert(grant.cause, grant.credits);
            granted = granted.saturating_add(grant.credits);
            add(settlement, grant.kind, grant.credits, grant.description, grant.payment_intent);
        }
        granted
    }

    fn grants_of(&self, invoice: &str, subscription: &str, paid: &PaidPeriod, terms: &CreditTerms) -> Vec<Grant> {
        let (Some(period), Some(plan)) = (paid.period, paid.plan) else { return Vec::new() };
        let name = match plan {
            Plan::Free => "Free",
            Plan::Starter => "Starter",
            Plan::Unlimited => "Unlimited",
        };
        let (kind, what) = match period {
            Period::First => (EntryType::Purchase, "first month"),
            Period::Next => (EntryType::SubscriptionRenewal, "next month"),
            Period::Change | Period::Trial => (EntryType::Purchase, "new month"),
        };
        let grant = |cause: String, credits, kind, what| {
            let payment_intent = self.payment_intent_of(invoice).map(str::to_owned);
            Grant { cause, credits, kind, description: format!("{name} plan: {what}"), payment_intent }
        };
        let mut grants = vec![grant(invoice.to_owned(), period_credits(plan, period, terms), kind, what)];
        // A trial does not move the reset date, so no refresh comes with the month that follows it.
        let is_after_trial = self.periods().any(|(_, of, trial)| {
            of == subscription
                && trial.period == Some(Period::Trial)
                && paid.period_start.is_some()
                && trial.period_start < paid.period_start
                && paid.period_start <= Some(trial.period_end)
        });
        if plan == Plan::Starter && period == Period::Next && is_after_trial {
            let cause = format!("{invoice}{AFTER_TRIAL}");
            grants.push(grant(cause, REFRESH_CREDITS, EntryType::Purchase, "first month after a trial"));
        }
        grants
    }

    /// Credits that each refund and dispute should take back from the booked grants.
    ///
    /// All refunds and disputes of an invoice together take at most its grant: refunds first, in the order of their
    /// totals. Stripe's amounts never exceed it; the limit is for events without a previous total.
    fn claims(&self) -> Vec<Reversal> {
        let mut claims = Vec::new();
        for (cause, grant) in &self.booked.grants {
            // The two grants of a month after a trial are taken back separately.
            let (invoice, part) = cause.strip_suffix(AFTER_TRIAL).map_or((cause.as_str(), ""), |id| (id, AFTER_TRIAL));
            let Some(facts) = self.invoices.get(invoice) else { continue };
            let Some(paid) = facts.paid.as_ref() else { continue };
            let share = |amount| share(*grant, amount, paid.amount);
            let mut left = *grant;
            if self.is_known_month(invoice, &facts.subscription, paid) {
                left = 0;
                let (cause, kind) = (format!("{invoice}/again"), ReversalKind::Again);
                claims.push(Reversal { cause, credits: *grant, kind, payment_intent: None });
            }
            for (charge, facts) in self.charges_of(invoice) {
                let mut left_of_charge = share(facts.refunded());
                for (after, before) in &facts.refunds {
                    let credits = share(*after).saturating_sub(share(*before)).min(left_of_charge).min(left);
                    left_of_charge -= credits;
                    left -= credits;
                    let cause = format!("{charge}/{before}-{after}{part}");
                    let payment_intent = facts.payment_intent.clone();
                    claims.push(Reversal { cause, credits, kind: ReversalKind::Refund, payment_intent });
                }
            }
            for (id, dispute) in self.disputes_of(invoice) {
                let credits = share(dispute.amount).min(left);
                let (credits, kind) = match dispute.status {
                    DisputeStatus::Open | DisputeStatus::Appealed | DisputeStatus::Lost => {
                        (credits, ReversalKind::Dispute)
                    }
                    DisputeStatus::Won if !dispute.inquiry => (credits, ReversalKind::WonDispute),
                    DisputeStatus::Won | DisputeStatus::Inquiry => (0, ReversalKind::Dispute),
                };
                if kind == ReversalKind::Dispute {
                    left -= credits;
                }
                let payment_intent = dispute.payment_intent.clone();
                claims.push(Reversal { cause: format!("{id}{part}"), credits, kind, payment_intent });
            }
        }
        claims
    }

    /// Books the differences. Credits that came back.
    fn book_claims(&mut self, settlement: &mut Settlement) -> Credits {
        let mut released: Credits = 0;
        for claim in self.claims() {
            if claim.credits == 0 && !self.booked.clawbacks.contains_key(&claim.cause) {
                continue;
            }
            let booked = self.booked.clawbacks.entry(claim.cause.clone()).or_default();
            if claim.kind == ReversalKind::WonDispute {
                // The end may arrive before the beginning: then both are booked now.
                if !booked.released && booked.total() == 0 {
                    claim.book(settlement, booked);
                }
                booked.released = true;
                released = released.saturating_add(Reversal { credits: 0, ..claim }.book(settlement, booked));
            } else {
                released = released.saturating_add(claim.book(settlement, booked));
            }
        }
        released
    }

    /// Takes the unrecovered credits of earlier claims from the `income` of this event only.
    fn collect_rest(&mut self, settlement: &mut Settlement, mut income: Credits) {
        for booked in self.booked.clawbacks.values_mut() {
            let credits = booked.unrecovered.min(income).min(settlement.wallet.credits);
            if credits > 0 {
                income -= credits;
                booked.unrecovered -= credits;
                booked.taken += credits;
                take(settlement, credits, "Owed for a refund or dispute", None);
            }
        }
    }
}

impl Reversal {
    /// Books the difference between `booked` and the claim's credits. Returns the credits that came back.
    fn book(&self, settlement: &mut Settlement, booked: &mut Clawback) -> Credits {
        let (taking, returning) = match self.kind {
            ReversalKind::Refund => ("Credits of a refunded payment", "Correction of a refund"),
            ReversalKind::Dispute | ReversalKind::WonDispute => {
                ("Credits of a disputed payment", "Credits of a dispute that ended well")
            }
            ReversalKind::Again => ("Correction: the month was booked twice", "Correction: the month was booked once"),
        };
        let known = booked.total();
        if self.credits > known {
            let more = self.credits - known;
            let taken = more.min(settlement.wallet.credits);
            booked.taken += taken;
            booked.unrecovered += more - taken;
            if taken > 0 {
                take(settlement, taken, taking, self.payment_intent.clone());
            }
            return 0;
        }
        let less = known - self.credits;
        let forgiven = less.min(booked.unrecovered);
        let back = less - forgiven;
        booked.unrecovered -= forgiven;
        booked.taken -= back;
        if back > 0 {
            add(settlement, EntryType::Refund, back, returning.to_owned(), self.payment_intent.clone());
        }
        back
    }
}

/// `grant` × `amount` / `paid`, rounded down in the user's favour.
fn share(grant: Credits, amount: u64, paid: u64) -> Credits {
    let part = (u128::from(grant) * u128::from(amount)).checked_div(u128::from(paid)).unwrap_or(0);
    Credits::try_from(part).unwrap_or(grant).min(grant)
}

fn add(
    settlement: &mut Settlement,
    kind: EntryType,
    credits: Credits,
    description: String,
    payment_intent: Option<String>,
) {
    let before = settlement.wallet.credits;
    let after = before.saturating_add(credits);
    settlement.wallet.credits = after;
    let amount = Amount::from(after - before);
    settlement.movements.push(Movement { kind, amount, balance_after: after, description, payment_intent });
}

/// The caller guarantees that the balance is sufficient.
fn take(settlement: &mut Settlement, credits: Credits, description: &str, payment_intent: Option<String>) {
    let before = settlement.wallet.credits;
    let after = before.saturating_sub(credits);
    settlement.wallet.credits = after;
    settlement.movements.push(Movement {
        kind: EntryType::Refund,
        amount: -Amount::from(before - after),
        balance_after: after,
        description: description.to_owned(),
        payment_intent,
    });
}
