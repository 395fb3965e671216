//! The plan that the payment facts give, and the subscription as the user sees it.
//!
//! Only our own prices matter here: subscriptions and invoices with foreign prices have no effect.

use std::collections::BTreeSet;

use super::event::{Event, EventKind, Status};
use super::rules::Prices;
use super::subscription::{Billing, PaidPeriod, Period, SubscriptionFacts, better};
use crate::domain::account::profile::Profile;
use crate::domain::credits::Plan;

impl Billing {
    /// `sub_…`: the one that changed last among the running ones, or among all if none runs.
    #[must_use]
    pub fn subscription(&self) -> Option<&str> {
        let newest = self.known_subscriptions().max_by_key(|(id, of)| (self.runs(id, of), of.changed()));
        newest.map(|(id, _)| id)
    }

    /// When the last subscription ends, in epoch seconds, if all running ones are cancelled.
    #[must_use]
    pub fn ends_at(&self) -> Option<i64> {
        let running = self.known_subscriptions().filter(|(id, of)| self.runs(id, of));
        // If a subscription continues with a foreign price, the plan ends with the period paid at our price.
        let end = |id: &str, of: &SubscriptionFacts| {
            if of.has_moved() { self.paid_until(id) } else { Some(of.cancelled_at()).filter(|_| of.cancels) }
        };
        let ends: Option<Vec<i64>> = running.map(|(id, of)| end(id, of)).collect();
        ends?.into_iter().max()
    }

    /// Whether a payment failed that Stripe still tries to collect.
    #[must_use]
    pub fn payment_failing(&self) -> bool {
        self.invoices.values().any(|facts| {
            let subscription = self.subscriptions.get(&facts.subscription);
            let is_ours = facts.has_known_price || self.is_known(&facts.subscription);
            let is_tried = subscription.is_none_or(|of| self.runs(&facts.subscription, of))
                && !self.is_deleted(facts.customer.as_deref());
            // A failure is over once the invoice is voided, a later payment succeeds, or the subscription is active
            // again. While it is `past_due`, another payment does not end the failure; the `active` status is older.
            let is_past_due = subscription.is_some_and(|of| of.status == Some(Status::PastDue));
            let settled = [self.paid_at(&facts.subscription), subscription.and_then(|of| of.active_at)];
            let settled = settled.into_iter().filter(|_| !is_past_due).max().flatten();
            let ends = [facts.closed_at, settled];
            facts.paid.is_none() && is_ours && is_tried && facts.failed_at > ends.into_iter().max().flatten()
        })
    }

    /// Whether the user has a paid plan, which must be changed instead of bought again. A subscription also runs while
    /// its first payment is pending or a payment is disputed. For an imported subscription, there may be no event yet.
    #[must_use]
    pub fn is_subscribed(&self, profile: &Profile) -> bool {
        let billing = self.with_import(profile);
        let runs = billing.known_subscriptions().any(|(id, of)| billing.runs(id, of));
        // An operator may have removed an imported plan before Stripe sent any event.
        let is_taken = profile.wallet.plan == Plan::Free && billing.is_import_alone();
        runs || (!is_taken && billing.plan().is_some_and(|plan| plan != Plan::Free))
    }

    /// Whether an invoice can be about a plan of ours, as far as the event shows: it names a user of ours, a price of ours,
    /// or a subscription that we know. A customer of ours may pay for other things too.
    #[must_use]
    pub fn may_concern(&self, event: &Event, prices: &Prices, profile: &Profile) -> bool {
        let EventKind::InvoicePaid(invoice) = &event.kind else { return true };
        event.user().is_some()
            || invoice.lines.iter().any(|line| prices.plan(&line.price).is_some())
            || profile.stripe_subscription_id.as_deref() == Some(&*invoice.subscription)
            || self.is_known(&invoice.subscription)
    }

    /// Whether payments have set the plan. If so, a refresh brings [`REFRESH_CREDITS`], and paid invoices the rest.
    ///
    /// [`REFRESH_CREDITS`]: super::rules::REFRESH_CREDITS
    #[must_use]
    pub fn sets_plan(&self) -> bool {
        self.booked.plan.is_some() && !self.refreshes_as_imported()
    }

    /// Whether the user's card will be charged again.
    #[must_use]
    pub fn renews(&self, profile: &Profile) -> bool {
        self.is_subscribed(profile) && self.with_import(profile).ends_at().is_none()
    }

    /// The best plan of all subscriptions; `None` until a subscription has given or ended one.
    pub(super) fn plan(&self) -> Option<Plan> {
        let of_invoices = self.periods().map(|(_, subscription, _)| subscription);
        let all: BTreeSet<&str> = self.subscriptions.keys().map(String::as_str).chain(of_invoices).collect();
        let imported = self.imported.as_ref().map(|import| import.subscription.as_str());
        let all: BTreeSet<&str> = all.into_iter().chain(imported).collect();
        all.into_iter().map(|subscription| self.plan_of(subscription)).fold(None, better)
    }

    fn plan_of(&self, id: &str) -> Option<Plan> {
        let subscription = self.subscriptions.get(id);
        let newest = self.newest_period(id);
        // The subscription is newer than its invoices; an invoice may come before its subscription.
        let plan = subscription.and_then(SubscriptionFacts::plan).or(newest.and_then(|(_, paid)| paid.plan));
        let import = self.import_of(id);
        let plan = plan.or(import.map(|import| import.plan))?;
        let gives = match (subscription, newest) {
            (Some(subscription), _) => self.runs(id, subscription) && self.may_give(id, subscription),
            (None, Some((invoice, _))) => !self.is_deleted(self.customer_of(invoice)),
            (None, None) => import.is_some_and(|import| !self.is_deleted(import.customer.as_deref())),
        };
        if gives && !newest.is_some_and(|(invoice, paid)| self.is_paid_back(invoice, paid)) {
            return Some(plan);
        }
        // A subscription that never gave a plan cannot remove one: an operator may have set it.
        let gave =
            newest.is_some() || import.is_some() || subscription.is_some_and(|of| of.was_tried || of.was_stopped);
        gave.then_some(Plan::Free)
    }

    /// Whether a subscription that runs gives its plan: it is on trial, or it was paid for. Only users who have paid
    /// once get a grace period after a failed payment. While collection is paused the plan ends with what is paid.
    fn may_give(&self, id: &str, subscription: &SubscriptionFacts) -> bool {
        let paid = self.payments_of(id);
        match subscription.status {
            Some(Status::Trialing) => return true,
            // An import counts as a payment.
            _ if self.import_of(id).is_some() => {}
            Some(Status::PastDue) if !paid.clone().any(|paid| paid.period != Some(Period::Trial)) => return false,
            _ if paid.clone().next().is_none() && !subscription.was_tried => return false,
            _ => {}
        }
        let began = subscription.period.and_then(|(start, _)| start);
        !(subscription.collection_paused && began.is_some() && self.paid_until(id) <= began)
    }

    /// End of the time paid at our prices, including trials and imports.
    fn paid_until(&self, id: &str) -> Option<i64> {
        let paid = self.payments_of(id).filter(|paid| paid.period.is_some()).map(|paid| paid.period_end);
        paid.chain(self.import_of(id).map(|import| import.paid_until)).max()
    }

    /// Whether a subscription has moved to foreign prices and the time paid at our prices has ended.
    fn has_left(&self, id: &str, subscription: &SubscriptionFacts) -> bool {
        let began = subscription.period.and_then(|(start, _)| start);
        subscription.has_moved() && self.paid_until(id) <= began.max(Some(subscription.changed_at()))
    }

    /// Subscriptions with a price of ours, or imported ones.
    pub(super) fn known_subscriptions(&self) -> impl Iterator<Item = (&str, &SubscriptionFacts)> {
        self.subscriptions.iter().filter(|(id, _)| self.is_known(id)).map(|(id, of)| (id.as_str(), of))
    }

    /// Whether a subscription has a price of ours, by its own facts or a paid invoice, or is imported.
    fn is_known(&self, id: &str) -> bool {
        let by_itself = self.subscriptions.get(id).is_some_and(|of| of.plan().is_some());
        by_itself || self.import_of(id).is_some() || self.payments_of(id).next().is_some()
    }

    fn runs(&self, id: &str, subscription: &SubscriptionFacts) -> bool {
        subscription.gives_access && !self.is_deleted(subscription.customer()) && !self.has_left(id, subscription)
    }

    /// Paid invoices of a price of ours.
    fn payments_of<'a>(&'a self, subscription: &'a str) -> impl Iterator<Item = &'a PaidPeriod> + Clone {
        let of_it = self.invoices.values().filter(move |facts| facts.subscription == subscription);
        of_it.filter_map(|facts| facts.paid.as_ref()).filter(|paid| paid.plan.is_some())
    }

    /// When an invoice of a subscription was paid last.
    fn paid_at(&self, subscription: &str) -> Option<i64> {
        self.payments_of(subscription).map(|paid| paid.created).max()
    }

    /// Invoice, subscription and payment of every period at our prices, paid or on trial.
    pub(super) fn periods(&self) -> impl Iterator<Item = (&str, &str, &PaidPeriod)> {
        self.invoices.iter().filter_map(|(id, facts)| {
            let paid = facts.paid.as_ref().filter(|paid| paid.period.is_some() && paid.plan.is_some())?;
            Some((id.as_str(), facts.subscription.as_str(), paid))
        })
    }

    /// The periods with an amount above zero.
    pub(super) fn months(&self) -> impl Iterator<Item = (&str, &str, &PaidPeriod)> {
        self.periods().filter(|(_, _, paid)| paid.period != Some(Period::Trial))
    }

    /// Whether an invoice for a change pays a month that another invoice of the subscription also pays. Such a month
    /// grants nothing again.
    pub(super) fn is_known_month(&self, invoice: &str, subscription: &str, paid: &PaidPeriod) -> bool {
        paid.period == Some(Period::Change)
            && self.months().any(|(id, of, other)| {
                let comes_first = other.period != Some(Period::Change) || id < invoice;
                of == subscription && other.period_end == paid.period_end && id != invoice && comes_first
            })
    }

    fn newest_period(&self, subscription: &str) -> Option<(&str, &PaidPeriod)> {
        let of_it = self.periods().filter(|(id, of, paid)| *of == subscription && !self.is_known_month(id, of, paid));
        of_it.map(|(invoice, _, paid)| (invoice, paid)).max_by_key(|(invoice, paid)| (paid.period_end, *invoice))
    }

    fn customer_of(&self, invoice: &str) -> Option<&str> {
        self.invoices.get(invoice).and_then(|facts| facts.customer.as_deref())
    }

    /// Refunded in full, or disputed and not won.
    fn is_paid_back(&self, invoice: &str, paid: &PaidPeriod) -> bool {
        let refunded = self.charges_of(invoice).map(|(_, charge)| charge.refunded()).fold(0, u64::saturating_add);
        (paid.amount > 0 && refunded >= paid.amount) || self.disputes_of(invoice).any(|(_, dispute)| dispute.holds())
    }
}
