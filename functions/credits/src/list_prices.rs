//! `GET /api/prices`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::credits::{BUNDLE_QUESTIONS, Credits, Plan, REFRESH_PERIOD_SECONDS};
use shared::domain::time::DAY_SECONDS;
use shared::http::{OpenCatalogue, Problem};
use utoipa::ToSchema;

/// All prices.
#[derive(Serialize, ToSchema)]
pub(crate) struct PriceList {
    prices: Prices,
    plans: Vec<PlanOffer>,
    /// Credits of a new account.
    signup_credits: Credits,
    /// Days between two refreshes of the credits.
    refresh_days: i64,
}

/// Prices in credits.
#[derive(Serialize, ToSchema)]
struct Prices {
    /// One question of `POST /api/questions/practice`, with its solution.
    practice_question: Credits,
    /// One bundle, however many questions it has.
    bundle: Credits,
    /// Questions in a bundle.
    bundle_questions: usize,
    /// One question of `POST /api/questions/{id}/start`; its solution is free.
    start_question: Credits,
    /// One edition of a course's analysis, with the detailed one.
    analysis: Credits,
    /// One midterm, however many questions it has.
    midterm: Credits,
}

/// A plan. Stripe shows its price in money at the checkout.
#[derive(Serialize, ToSchema)]
struct PlanOffer {
    plan: Plan,
    /// The balance that each refresh sets.
    monthly_credits: Credits,
    /// Whether everything is free with it.
    is_unlimited: bool,
    /// Whether `POST /api/credits/purchase` sells it here.
    is_for_sale: bool,
}

/// Lists the prices of everything in credits, and the plans. Needs no session.
#[utoipa::path(
    get, path = "/api/prices",
    responses((status = 200, description = "The prices and plans.", body = PriceList), (status = 304))
)]
pub(crate) async fn list_prices(State(app): State<App>) -> Result<OpenCatalogue<PriceList>, Problem> {
    // A local server without Stripe sells the paid plans by a placeholder.
    let sells = app.stripe.is_configured() || app.config.is_local();
    let terms = app.terms();
    let offer = |plan: Plan| PlanOffer {
        plan,
        monthly_credits: terms.monthly(plan),
        is_unlimited: plan == Plan::Unlimited,
        is_for_sale: plan != Plan::Free && sells,
    };
    Ok(OpenCatalogue(PriceList {
        prices: Prices {
            practice_question: terms.practice_question,
            bundle: terms.bundle,
            bundle_questions: BUNDLE_QUESTIONS,
            start_question: terms.start_question,
            analysis: terms.analysis,
            midterm: terms.midterm,
        },
        plans: [Plan::Free, Plan::Starter, Plan::Unlimited].map(offer).into(),
        signup_credits: terms.signup_bonus,
        refresh_days: REFRESH_PERIOD_SECONDS / DAY_SECONDS,
    }))
}
