//! `POST /api/webhooks/stripe`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::id::UserId;
use shared::domain::payments::{Claims, Event, EventKind};
use shared::http::Problem;
use shared::store::Settled;
use utoipa::ToSchema;

use crate::signed_event::{SignedEvent, unreadable};

#[derive(Serialize, ToSchema)]
pub(crate) struct Received {
    received: bool,
}

/// Processes each Stripe event exactly once.
///
/// Events for unknown users are acknowledged too, since Stripe would retry them for days.
#[utoipa::path(
    post, path = "/api/webhooks/stripe",
    params(("Stripe-Signature" = String, Header, description = "Stripe's signature of the body.")),
    request_body(content = Object, description = "A Stripe event."),
    responses((status = 200, description = "The event is received; Stripe sends it no more.", body = Received)),
    extensions(("x-problems" = json!(["invalid_signature"])))
)]
pub(crate) async fn receive_event(
    State(app): State<App>,
    signed: SignedEvent,
) -> Result<axum::Json<Received>, Problem> {
    let event = match signed {
        SignedEvent::Readable(event) => event,
        SignedEvent::Unreadable(claims, error) if is_of_others(&app, &claims).await? => {
            tracing::warn!(%error, "Stripe event that cannot be read, of a customer who is not ours");
            return Ok(axum::Json(Received { received: true }));
        }
        SignedEvent::Unreadable(_, error) => return Err(unreadable(error)),
    };
    if event.kind != EventKind::Ignored {
        let settled = match user_of(&app, &event).await? {
            Some(user) => settle(&app, user, complete(&app, user, &event).await?.as_ref().unwrap_or(&event)).await?,
            None => Settled::NoAccount,
        };
        match settled {
            Settled::Applied(profile) => app.refresh_customer_email(&profile).await,
            Settled::Known => {}
            Settled::UnknownPrice => tracing::error!(event = event.id, "Stripe event with an unknown price"),
            // A payment without a (remaining) account needs an operator's attention.
            Settled::NoAccount if matches!(event.kind, EventKind::InvoicePaid(_)) => {
                tracing::error!(event = event.id, "payment for an unknown account");
            }
            Settled::NoAccount => tracing::warn!(event = event.id, "Stripe event for an unknown account"),
        }
    }
    Ok(axum::Json(Received { received: true }))
}

/// Whether an event that cannot be read is certainly of another business on the Stripe account: it names a customer or a
/// user, and neither has an account here. Stripe would retry it for days, and nobody could mend it.
async fn is_of_others(app: &App, claims: &Claims) -> Result<bool, Problem> {
    let named = claims.user.as_ref().and_then(|user| Some(UserId(user.parse().ok()?)));
    let of_customer = match &claims.customer {
        Some(customer) => app.store.user_of_customer(customer).await?,
        None => None,
    };
    for user in [of_customer, named].into_iter().flatten() {
        if app.store.profile(user).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(claims.customer.is_some() || claims.user.is_some())
}

/// Finds the paying user: by the Stripe customer, which was created before the first payment, or else by the
/// user id in the event.
async fn user_of(app: &App, event: &Event) -> Result<Option<UserId>, Problem> {
    let customer = app.stripe.customer_of(event.payer()).await?;
    let user = match customer {
        Some(customer) => app.store.user_of_customer(&customer).await?,
        None => None,
    };
    Ok(user.or_else(|| event.user()))
}

/// The event with all lines of its invoice, when it shows only the first page of them. If they cannot be read, Stripe sends
/// the event again; unless nothing of it is ours.
async fn complete(app: &App, user: UserId, event: &Event) -> Result<Option<Event>, Problem> {
    let Some(invoice) = event.invoice_to_read() else { return Ok(None) };
    match app.stripe.invoice_lines(invoice).await {
        Ok(lines) => Ok(Some(event.clone().with_lines(lines))),
        Err(error) => {
            let profile = app.store.profile(user).await?;
            let billing = app.store.billing(user).await?;
            let prices = app.config.prices();
            if profile.is_some_and(|profile| billing.may_concern(event, &prices, &profile)) {
                return Err(error.into());
            }
            tracing::warn!(%error, event = event.id, "the lines of an invoice that is not ours cannot be read");
            Ok(None)
        }
    }
}

async fn settle(app: &App, user: UserId, event: &Event) -> Result<Settled, Problem> {
    let prices = app.config.prices();
    let notice = |profile: &Profile, kind| app.mail_to(profile, kind);
    Ok(app.store.settle(user, event, &prices, notice, (app.now(), &*app.random)).await?)
}
