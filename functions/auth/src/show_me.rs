//! `GET /api/auth/me`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::app::write_mail::gets_mail;
use shared::domain::account::profile::Profile;
use shared::domain::account::{Email, Name};
use shared::domain::credits::{Credits, Plan};
use shared::domain::id::UserId;
use shared::domain::time::in_answer;
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    user: CurrentUser,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CurrentUser)]
#[expect(clippy::struct_excessive_bools, reason = "clients read each of them")]
struct CurrentUser {
    id: UserId,
    email: Email,
    name: Name,
    credits: Credits,
    plan: Plan,
    credits_reset_at: i64,
    /// Whether the user has proved that the address is theirs. Accounts from before emails were verified count as verified.
    email_verified: bool,
    /// Whether mail can be sent to the address: its part before the `@` is plain ASCII, it has not rejected mail, and its owner
    /// has not reported mail as spam. A change of the email lets mail be sent again.
    email_deliverable: bool,
    /// The email that the user asked for with `PATCH /api/auth/me`, until its link is opened. Null if there is none.
    new_email: Option<Email>,
    /// Whether a login asks for a code of a second factor.
    second_factor: bool,
    /// When the account was opened.
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
    /// Whether everything is free now.
    has_unlimited: bool,
    /// End of an unlimited period that is not a subscription, in epoch seconds.
    unlimited_until: Option<i64>,
}

/// Returns the user and their balance, after any refresh that is due.
#[utoipa::path(
    get, path = "/api/auth/me",
    responses((status = 200, description = "The user and the balance.", body = Me))
)]
pub(crate) async fn show_me(State(app): State<App>, claim: Claim) -> Result<axum::Json<Me>, Problem> {
    let signed_in = claim.check().await?;
    let profile = app.store.refresh(signed_in.profile, app.now(), &app.random).await?;
    Ok(axum::Json(Me::of(profile, app.now())))
}

impl Me {
    /// The user as of now.
    pub(crate) fn of(profile: Profile, now: Timestamp) -> Self {
        let wallet = profile.wallet.as_of(now);
        let plan = wallet.plan_at(now);
        let email_deliverable = gets_mail(&profile);
        let user = CurrentUser {
            id: profile.id,
            email: profile.email,
            name: profile.name,
            credits: wallet.credits,
            plan,
            credits_reset_at: wallet.credits_reset_at,
            email_verified: !profile.email_unverified,
            email_deliverable,
            new_email: profile.new_email.filter(|new| new.is_meant_at(now)).map(|new| new.email),
            second_factor: profile.second_factor,
            created_at: profile.created_at,
            has_unlimited: plan == Plan::Unlimited,
            unlimited_until: wallet.unlimited_end(now),
        };
        Self { user }
    }
}
