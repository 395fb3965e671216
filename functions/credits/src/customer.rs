//! The user's customer at Stripe: created once, and once more when Stripe does not have it any more.
//!
//! A call with a wrong key says of every customer that it is missing. So Stripe is asked for the customer itself before a
//! subscriber's customer is replaced.

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

/// Whether `customer` may be replaced, whom a call did not find. With a customer who was deleted its subscriptions ended,
/// whether or not Stripe's events of that came.
async fn give_up(app: &App, profile: &Profile, customer: &str) -> Result<(), Problem> {
    match app.stripe.existence_of(customer).await? {
        Existence::Deleted => {
            let prices = app.stripe.settings().prices();
            let event = Event::customer_is_gone(customer);
            let _ = app.store.settle(profile.id, &event, &prices, app.now(), &app.random).await?;
            Ok(())
        }
        Existence::Unknown if !app.store.billing(profile.id).await?.is_subscribed(profile) => Ok(()),
        // A key of another account: an operator can change that.
        Existence::Unknown | Existence::Exists => {
            let why = "the customer of a running subscription is not found: is the secret key of this account?";
            Err(StripeError::Refused(why.to_owned()).into())
        }
    }
}
