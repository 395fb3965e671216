//! Which plan the facts give, and what a user sees of their subscription.
//!
//! Everything here looks only at prices that are ours: a subscription or an invoice of another price gives nothing, takes
//! nothing away and blocks nothing.

use std::collections::BTreeSet;

use super::event::Status;
use super::subscription::{Billing, Paid, Period, Subscription, better};
use crate::domain::account::profile::Profile;
use crate::domain::credits::Plan;

impl Billing {
    /// `sub_…`: of those that run, or else of all, the one that changed last.
    #[must_use]
    pub fn subscription(&self) -> Option<&str> {
        let newest = self.known_subscriptions().max_by_key(|(_, of)| (self.runs(of), of.changed()));
        newest.map(|(id, _)| id)
    }

    /// When the last subscription ends, if all that run are cancelled; epoch seconds.
    #[must_use]
    pub fn ends_at(&self) -> Option<i64> {
        let mut running = self.known_subscriptions().map(|(_, of)| of).filter(|of| self.runs(of));
        let ends = self.known_subscriptions().map(|(_, of)| of).filter(|of| self.runs(of));
        let ends = ends.map(Subscription::period_end).max();
        ends.filter(|_| running.all(|of| of.cancels))
    }

    /// Whether a payment failed that Stripe still tries to collect.
    #[must_use]
    pub fn payment_failing(&self) -> bool {
        self.invoices.values().any(|facts| {
            let subscription = self.subscriptions.get(&facts.subscription);
            let is_ours = facts.has_known_price || self.is_known(&facts.subscription);
            let is_tried = subscription.is_none_or(|of| self.runs(of)) && !self.is_deleted(facts.customer.as_deref());
            // What failed before the invoice was voided, before a later payment, or before the subscription was active
            // again is not tried any more.
            let ends = [facts.closed_at, self.paid_at(&facts.subscription), subscription.and_then(|of| of.active_at)];
            facts.paid.is_none() && is_ours && is_tried && facts.failed_at > ends.into_iter().max().flatten()
        })
    }

    /// Whether a plan is paid for, so that it is changed and not bought beside the other. A subscription runs also while
    /// its first payment is awaited or a payment of it is disputed. Of an account that was imported with one, no event may
    /// be known.
    #[must_use]
    pub fn is_subscribed(&self, profile: &Profile) -> bool {
        if self.known_subscriptions().next().is_none() && self.booked.plan.is_none() {
            let subscription = profile.stripe_subscription_id.as_ref();
            return profile.wallet.plan != Plan::Free
                && subscription.is_some_and(|subscription| !self.subscriptions.contains_key(subscription));
        }
        let runs = self.known_subscriptions().any(|(_, of)| self.runs(of));
        runs || self.plan().is_some_and(|plan| plan != Plan::Free)
    }

    /// Whether payments have set the plan. If so, a refresh brings [`REFRESH_CREDITS`], and paid invoices the rest.
    ///
    /// [`REFRESH_CREDITS`]: super::rules::REFRESH_CREDITS
    #[must_use]
    pub fn sets_plan(&self) -> bool {
        self.booked.plan.is_some()
    }

    /// Whether the user's card will be charged again.
    #[must_use]
    pub fn renews(&self, profile: &Profile) -> bool {
        self.is_subscribed(profile) && self.ends_at().is_none()
    }

    /// The best plan that any subscription gives; nothing while no subscription has given or ended one.
    pub(super) fn plan(&self) -> Option<Plan> {
        let of_invoices = self.periods().map(|(_, subscription, _)| subscription);
        let all: BTreeSet<&str> = self.subscriptions.keys().map(String::as_str).chain(of_invoices).collect();
        all.into_iter().map(|subscription| self.plan_of(subscription)).fold(None, better)
    }

    fn plan_of(&self, id: &str) -> Option<Plan> {
        let subscription = self.subscriptions.get(id);
        let newest = self.newest_period(id);
        // The subscription is newer than its invoices; an invoice may come before its subscription.
        let plan = subscription.and_then(Subscription::plan).or(newest.and_then(|(_, paid)| paid.plan))?;
        let gives = match subscription {
            Some(subscription) => self.runs(subscription) && self.may_give(id, subscription),
            None => newest.is_some_and(|(invoice, _)| !self.is_deleted(self.customer_of(invoice))),
        };
        if gives && !newest.is_some_and(|(invoice, paid)| self.is_paid_back(invoice, paid)) {
            return Some(plan);
        }
        // What never gave a plan takes none away: an operator may have given one, or an import.
        let gave = newest.is_some() || subscription.is_some_and(|of| of.was_tried || of.was_stopped);
        gave.then_some(Plan::Free)
    }

    /// Whether a subscription that runs gives its plan: it is on trial, or it was paid for. Grace after a failed payment is
    /// for who has paid once. While collection is paused the plan ends with what is paid.
    fn may_give(&self, id: &str, subscription: &Subscription) -> bool {
        let paid = self.payments_of(id);
        match subscription.status {
            Some(Status::Trialing) => return true,
            Some(Status::PastDue) if !paid.clone().any(|paid| paid.period != Some(Period::Trial)) => return false,
            _ if paid.clone().next().is_none() && !subscription.was_tried => return false,
            _ => {}
        }
        let paid_until = paid.filter(|paid| paid.period.is_some()).map(|paid| paid.period_end).max();
        let began = subscription.period.and_then(|(start, _)| start);
        !(subscription.collection_paused && began.is_some() && paid_until <= began)
    }

    /// Subscriptions of a price of ours.
    fn known_subscriptions(&self) -> impl Iterator<Item = (&str, &Subscription)> {
        self.subscriptions.iter().filter(|(id, _)| self.is_known(id)).map(|(id, of)| (id.as_str(), of))
    }

    /// Whether a subscription is of a price of ours, by its own facts or by an invoice that was paid.
    fn is_known(&self, id: &str) -> bool {
        let by_itself = self.subscriptions.get(id).is_some_and(|of| of.plan().is_some());
        by_itself || self.payments_of(id).next().is_some()
    }

    fn runs(&self, subscription: &Subscription) -> bool {
        subscription.gives_access && !self.is_deleted(subscription.customer())
    }

    /// Paid invoices of a price of ours.
    fn payments_of<'a>(&'a self, subscription: &'a str) -> impl Iterator<Item = &'a Paid> + Clone {
        let of_it = self.invoices.values().filter(move |facts| facts.subscription == subscription);
        of_it.filter_map(|facts| facts.paid.as_ref()).filter(|paid| paid.plan.is_some())
    }

    /// When an invoice of a subscription was paid last.
    fn paid_at(&self, subscription: &str) -> Option<i64> {
        self.payments_of(subscription).map(|paid| paid.created).max()
    }

    /// Invoice, subscription and payment of every period of a price of ours, paid or on trial.
    pub(super) fn periods(&self) -> impl Iterator<Item = (&str, &str, &Paid)> {
        self.invoices.iter().filter_map(|(id, facts)| {
            let paid = facts.paid.as_ref().filter(|paid| paid.period.is_some() && paid.plan.is_some())?;
            Some((id.as_str(), facts.subscription.as_str(), paid))
        })
    }

    /// Those periods that cost something.
    pub(super) fn months(&self) -> impl Iterator<Item = (&str, &str, &Paid)> {
        self.periods().filter(|(_, _, paid)| paid.period != Some(Period::Trial))
    }

    /// Whether an invoice of a change pays for a month that another invoice of the subscription pays for. Such a month is
    /// not new, and brings nothing again.
    pub(super) fn is_known_month(&self, invoice: &str, subscription: &str, paid: &Paid) -> bool {
        paid.period == Some(Period::Change)
            && self.months().any(|(id, of, other)| {
                let comes_first = other.period != Some(Period::Change) || id < invoice;
                of == subscription && other.period_end == paid.period_end && id != invoice && comes_first
            })
    }

    fn newest_period(&self, subscription: &str) -> Option<(&str, &Paid)> {
        let of_it = self.periods().filter(|(id, of, paid)| *of == subscription && !self.is_known_month(id, of, paid));
        of_it.map(|(invoice, _, paid)| (invoice, paid)).max_by_key(|(invoice, paid)| (paid.period_end, *invoice))
    }

    fn customer_of(&self, invoice: &str) -> Option<&str> {
        self.invoices.get(invoice).and_then(|facts| facts.customer.as_deref())
    }

    /// Refunded in full, or disputed and not won.
    fn is_paid_back(&self, invoice: &str, paid: &Paid) -> bool {
        let refunded = self.charges_of(invoice).map(|(_, charge)| charge.refunded()).fold(0, u64::saturating_add);
        (paid.amount > 0 && refunded >= paid.amount) || self.disputes_of(invoice).any(|(_, dispute)| dispute.holds())
    }
}
