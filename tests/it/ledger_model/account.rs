//! What the rules say of an account: balance, ledger, refresh, and what payments do to them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use shared::domain::credits::{EntryType, Plan};

use super::events::Event;
use super::payments::{Claim, Payments, Taken};
use super::steps::Request;

const REFRESH_PERIOD: i64 = 30 * 86_400;
/// What a refresh brings; to a starter whose plan no payment has set, a whole month.
const REFRESH: i64 = 5;
const STARTER_MONTH: i64 = 15;

/// What the table has of a student.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    pub(super) plan: Plan,
    pub(super) credits: i64,
    /// What the next refresh sets the balance to.
    pub(super) monthly: i64,
    pub(super) refresh_at: i64,
    /// Oldest first: kind, amount, balance after it.
    pub(super) ledger: Vec<(EntryType, i64, i64)>,
    pub(super) unlocked: BTreeMap<String, Unlocked>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unlocked {
    pub(super) seen_at: i64,
    pub(super) is_solved: bool,
    pub(super) attempts: u32,
    pub(super) right: u32,
}

/// What answers for a key.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) request: Request,
    pub(super) answer: Value,
    pub(super) until: i64,
}

/// A student as the rules have it.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) stored: Stored,
    pub(super) kept: HashMap<String, Kept>,
    pub(super) owns_analysis: bool,
    pub(super) payments: Payments,
    /// What an operator granted with a key.
    grants: HashMap<u8, i64>,
}

/// Why an answer is not what the rules say.
pub(super) type Wrong = String;

impl Account {
    pub(super) fn new(plan: Plan, credits: i64, kind: EntryType, now: i64) -> Self {
        let stored = Stored {
            plan,
            credits,
            monthly: month_of(plan),
            refresh_at: now + REFRESH_PERIOD,
            ledger: vec![(kind, credits, credits)],
            unlocked: BTreeMap::new(),
        };
        let payments = Payments::default();
        Self { stored, kept: HashMap::new(), owns_analysis: false, payments, grants: HashMap::new() }
    }

    /// The refresh, if it is due: to the month's credits, once, and on to the first date ahead.
    pub(super) fn refresh(&mut self, now: i64) {
        let stored = &mut self.stored;
        if now < stored.refresh_at {
            return;
        }
        while stored.refresh_at <= now {
            stored.refresh_at += REFRESH_PERIOD;
        }
        self.add(EntryType::MonthlyRefresh, self.stored.monthly - self.stored.credits);
    }

    fn add(&mut self, kind: EntryType, amount: i64) {
        self.stored.credits += amount;
        self.stored.ledger.push((kind, amount, self.stored.credits));
    }

    /// The balance that a student may spend from.
    pub(super) fn available(&self, now: i64) -> i64 {
        if now < self.stored.refresh_at { self.stored.credits } else { self.stored.monthly }
    }

    /// Pays; false when the balance does not reach, and then nothing has changed.
    pub(super) fn pay(&mut self, price: i64, kind: EntryType, now: i64) -> bool {
        let debit = if self.stored.plan == Plan::Unlimited { 0 } else { price };
        if self.available(now) < debit {
            return false;
        }
        self.refresh(now);
        self.add(kind, -debit);
        true
    }

    /// What `monthly_credits` of the balance says.
    pub(super) fn shown_month(&self) -> i64 {
        self.stored.monthly.max(month_of(self.stored.plan))
    }

    /// An operator grants credits, or takes them. False if the balance does not reach or the key has another amount.
    pub(super) fn grant(&mut self, amount: i64, key: Option<u8>, now: i64) -> bool {
        if let Some(before) = key.and_then(|key| self.grants.get(&key)) {
            return *before == amount;
        }
        if self.available(now) + amount < 0 {
            return false;
        }
        self.refresh(now);
        self.add(EntryType::Adjustment, amount);
        self.grants.extend(key.map(|key| (key, amount)));
        true
    }

    /// An operator sets the plan, which is that of the next refresh.
    pub(super) fn set_plan(&mut self, plan: Plan, now: i64) {
        self.refresh(now);
        self.stored.plan = plan;
        self.stored.monthly = month_of(plan);
        self.add(EntryType::Adjustment, 0);
    }

    /// Whether the account may be deleted: the card will not be charged again.
    pub(super) fn may_close(&self) -> bool {
        !self.payments.is_subscribed() || self.payments.ends_at().is_some()
    }

    /// An event arrives. `is_news` is false for one that says nothing new: then no refresh comes, and nothing changes.
    pub(super) fn arrive(&mut self, event: &Event, now: i64, is_news: bool) -> Result<(), Wrong> {
        if !self.payments.arrives(event) {
            return Ok(());
        }
        if !is_news {
            let before = self.stored.clone();
            self.book(now.min(before.refresh_at - 1));
            return if self.stored == before { Ok(()) } else { Err("the event should change something".to_owned()) };
        }
        self.book(now);
        Ok(())
    }

    /// What follows from all events so far, less what has followed before.
    fn book(&mut self, now: i64) {
        if let Some(plan) = self.payments.plan().filter(|plan| self.payments.plan_set != Some(*plan)) {
            self.payments.plan_set = Some(plan);
            self.stored.plan = plan;
            self.stored.monthly = REFRESH;
        }
        self.refresh(now);
        let paid_until = self.payments.months().iter().map(|month| month.end).max();
        if paid_until.is_some() && paid_until != self.payments.reset_set {
            self.payments.reset_set = paid_until;
            self.stored.refresh_at = paid_until.filter(|end| *end > now).unwrap_or(self.stored.refresh_at);
        }
        let granted = self.grant_months();
        let returned: i64 = self.payments.claims().iter().map(|claim| self.claim(claim)).sum();
        self.collect(granted + returned);
    }

    /// The credits of each paid month, once: all 15 where a period begins, and 10 where a refresh brings the rest.
    fn grant_months(&mut self) -> i64 {
        let mut due = Vec::new();
        for month in self.payments.months() {
            let id = &month.invoice.id;
            let is_renewal = month.invoice.reason == "subscription_cycle";
            let kind = if is_renewal { EntryType::SubscriptionRenewal } else { EntryType::Purchase };
            let credits = match (month.plan, is_renewal) {
                (Plan::Starter, true) => STARTER_MONTH - REFRESH,
                (Plan::Starter, false) => STARTER_MONTH,
                _ => 0,
            };
            due.push((id.clone(), kind, credits));
            // A trial does not move the reset date, so no refresh comes with the month after it.
            if month.plan == Plan::Starter && is_renewal && self.payments.follows_trial(&month) {
                due.push((format!("{id}/after-trial"), EntryType::Purchase, REFRESH));
            }
        }
        let mut sum = 0;
        for (cause, kind, credits) in due {
            if let Entry::Vacant(new) = self.payments.granted.entry(cause) {
                new.insert(credits);
                self.add(kind, credits);
                sum += credits;
            }
        }
        sum
    }

    /// Takes back what a refund or dispute claims, or returns what it claims no more. The credits that came back.
    fn claim(&mut self, claim: &Claim) -> i64 {
        let known = self.payments.taken.get(&claim.cause).copied();
        if known.is_none() && claim.credits == 0 {
            return 0;
        }
        let mut taken = known.unwrap_or_default();
        let mut returned = 0;
        if claim.is_won {
            // If it was won before we heard that it was opened, the ledger shows both.
            if !taken.is_returned && taken.credits + taken.owed == 0 {
                self.take(claim.credits, &mut taken);
            }
            taken.is_returned = true;
            returned = self.give_back(0, &mut taken);
        } else if claim.credits > taken.credits + taken.owed {
            self.take(claim.credits - taken.credits - taken.owed, &mut taken);
        } else {
            returned = self.give_back(claim.credits, &mut taken);
        }
        self.payments.taken.insert(claim.cause.clone(), taken);
        returned
    }

    fn take(&mut self, credits: i64, taken: &mut Taken) {
        let now = credits.min(self.stored.credits);
        taken.credits += now;
        taken.owed += credits - now;
        if now > 0 {
            self.add(EntryType::Refund, -now);
        }
    }

    /// Returns what was taken beyond `left`. What is owed is forgotten first.
    fn give_back(&mut self, left: i64, taken: &mut Taken) -> i64 {
        let beyond = taken.credits + taken.owed - left;
        let forgotten = beyond.min(taken.owed);
        taken.owed -= forgotten;
        taken.credits -= beyond - forgotten;
        if beyond > forgotten {
            self.add(EntryType::Refund, beyond - forgotten);
        }
        beyond - forgotten
    }

    /// Takes what is owed for refunds and disputes from the credits that came now, and from no others.
    fn collect(&mut self, mut income: i64) {
        for cause in self.payments.taken.keys().cloned().collect::<Vec<_>>() {
            let mut taken = self.payments.taken[&cause];
            let credits = taken.owed.min(income).min(self.stored.credits);
            if credits > 0 {
                income -= credits;
                taken.owed -= credits;
                taken.credits += credits;
                self.add(EntryType::Refund, -credits);
                self.payments.taken.insert(cause, taken);
            }
        }
    }
}

/// A month of a plan that no payment has set.
const fn month_of(plan: Plan) -> i64 {
    if matches!(plan, Plan::Starter) { STARTER_MONTH } else { REFRESH }
}
