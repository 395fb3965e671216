//! The user's customer at Stripe: created once, and once more when Stripe does not have it any more.
//!
//! With a wrong key, every customer appears to be missing. So the customer is read from Stripe before a subscriber's
//! customer is replaced.

use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::payments::Event;
use shared::http::Problem;
use shared::stripe::{Existence, StripeError};

/// Creates the first customer of a user.
pub(crate) async fn create(app: &App, profile: &Profile) -> Result<String, Problem> {
    let created = app.stripe.create_customer(profile.id, profile.email.as_str(), None).await?;
    let adopted = app.store.adopt_customer(profile.id, &created, app.now(), &app.random).await?;
    adopted.ok_or_else(Problem::unauthenticated)
}

/// Calls Stripe with `customer`. If Stripe has deleted it, creates a new customer and retries the call once.
pub(crate) async fn with_replacement<T, F>(
    app: &App,
    profile: &Profile,
    customer: String,
    call: impl Fn(String) -> F,
) -> Result<T, Problem>
where
    F: Future<Output = Result<T, StripeError>>,
{
    match call(customer.clone()).await {
        Err(StripeError::CustomerMissing) => {}
        done => return Ok(done?),
    }
    give_up(app, profile, &customer).await?;
    let created = app.stripe.create_customer(profile.id, profile.email.as_str(), Some(&customer)).await?;
    let replaced = app.store.replace_customer(profile.id, &customer, &created, app.now(), &app.random).await?;
    Ok(call(replaced.ok_or_else(Problem::unauthenticated)?).await?)
}

/// Whether `customer`, which a call did not find, may be replaced. A deleted customer's subscriptions have ended, even
/// if Stripe's events are missing.
async fn give_up(app: &App, profile: &Profile, customer: &str) -> Result<(), Problem> {
    match app.stripe.existence_of(customer).await? {
        Existence::Deleted => {
            let prices = app.config.prices();
            let event = Event::customer_is_gone(customer);
            let _ = app.store.settle(profile.id, &event, &prices, |_, _| None, (app.now(), &*app.random)).await?;
            Ok(())
        }
        Existence::Unknown if !app.store.billing(profile.id).await?.is_subscribed(profile) => Ok(()),
        // The key belongs to another account: an operator can fix it.
        Existence::Unknown | Existence::Exists => {
            let why = "the customer of an active subscription was not found; check that the secret key belongs to this account";
            Err(StripeError::Refused(why.to_owned()).into())
        }
    }
}
