//! The user's Stripe customer: created once, and created again if it was deleted at Stripe.

use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::http::Problem;
use shared::stripe::StripeError;

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
    let created = app.stripe.create_customer(profile.id, profile.email.as_str(), Some(&customer)).await?;
    let replaced = app.store.replace_customer(profile.id, &customer, &created, app.now(), &app.random).await?;
    Ok(call(replaced.ok_or_else(Problem::unauthenticated)?).await?)
}
