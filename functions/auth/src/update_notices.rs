//! `PATCH /api/auth/notices`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::mail::notices::OptionalNotice;
use shared::http::{Body, Claim, Json, Problem};
use utoipa::ToSchema;

use crate::show_notices::NoticeList;

/// Null or absent: the notice stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the essential ones are only checked")]
pub(crate) struct NoticeChoices {
    /// Tells of a sign-in, at most once a day.
    #[serde(default)]
    new_sign_in: Option<bool>,
    /// Tells that a plan began.
    #[serde(default)]
    plan_started: Option<bool>,
    /// Essential, as the following ones: only `true` is accepted.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    password_changed: Option<AlwaysOn>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    email_changed: Option<AlwaysOn>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    factor_added: Option<AlwaysOn>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    factor_removed: Option<AlwaysOn>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    payment_failed: Option<AlwaysOn>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    account_deleted: Option<AlwaysOn>,
}

impl Body for NoticeChoices {
    const REQUIRED: &'static [&'static str] = &[];
}

/// The choice about an essential notice, which can only be on.
#[derive(Deserialize)]
#[serde(try_from = "bool")]
struct AlwaysOn;

impl TryFrom<bool> for AlwaysOn {
    type Error = &'static str;

    fn try_from(is_on: bool) -> Result<Self, Self::Error> {
        if is_on { Ok(Self) } else { Err("must be true: this notice is essential and cannot be turned off") }
    }
}

/// Turns optional notices on and off.
///
/// An essential notice is about the security of the account, a payment or its end. It cannot be turned off.
#[utoipa::path(
    patch, path = "/api/auth/notices",
    request_body = NoticeChoices,
    responses((status = 200, description = "Every kind of notice, as `GET` shows it.", body = NoticeList))
)]
pub(crate) async fn update_notices(
    State(app): State<App>,
    claim: Claim,
    Json(choices): Json<NoticeChoices>,
) -> Result<axum::Json<NoticeList>, Problem> {
    let profile = claim.check().await?.profile;
    let mut off = profile.notices_off.clone();
    for (notice, is_on) in
        [(OptionalNotice::NewSignIn, choices.new_sign_in), (OptionalNotice::PlanStarted, choices.plan_started)]
    {
        match is_on {
            Some(true) => drop(off.remove(&notice)),
            Some(false) => drop(off.insert(notice)),
            None => {}
        }
    }
    if off != profile.notices_off && !app.store.set_notices_off(&profile, &off, app.now()).await? {
        return Err(Problem::unauthenticated());
    }
    Ok(axum::Json(NoticeList::of(&off)))
}
