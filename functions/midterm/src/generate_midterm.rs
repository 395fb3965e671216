//! `POST /api/midterm/generate`

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::app::generate_midterm::GenerateMidterm;
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::midterm::{Level, MidtermRequest};
use shared::http::{Body, Claim, Code, Once, Problem, Query, RenderQuery};
use utoipa::ToSchema;

use crate::config::{MidtermConfig, UsedConfig};
use crate::sheet::Sheet;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateRequest {
    course_id: CourseId,
    /// Either `difficulty` or `config`: both at once are 422, neither is 400.
    difficulty: Option<Level>,
    /// Must not be given together with `difficulty`.
    config: Option<MidtermConfig>,
}

impl Body for GenerateRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Serialize, ToSchema)]
#[schema(as = GeneratedMidterm)]
pub(crate) struct Generated {
    #[serde(flatten)]
    sheet: Sheet,
    credits_deducted: Credits,
    credits: Credits,
    /// The balance; null if nothing was charged, because the user's plan is unlimited.
    credits_remaining: Option<Credits>,
    /// Present only if the request has a `config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    config: Option<UsedConfig>,
}

/// Generates a midterm and unlocks its questions and their solutions.
#[utoipa::path(
    post, path = "/api/midterm/generate",
    request_body = GenerateRequest,
    params(RenderQuery, ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses(
        (
            status = 200,
            description = "The midterm with its solutions, what it cost, and the balance after it.",
            body = Generated
        )
    ),
    extensions(("x-problems" = json!(["insufficient_credits", "email_unverified", "not_found", "no_questions", "blueprint_infeasible"])))
)]
pub(crate) async fn generate_midterm(
    State(app): State<App>,
    claim: Claim,
    Query(query): Query<RenderQuery>,
    Once(request, intent): Once<GenerateRequest>,
) -> Result<axum::Json<Generated>, Problem> {
    let (course_id, order, seed, config) = request.order(app.terms().midterm)?;
    let (order, is_refused) = (Arc::new(order), AtomicBool::new(false));
    let request = GenerateMidterm { app: &app, caller: &claim, course_id, order, seed, intent, is_refused };
    // Boxed: the future is large.
    let (mut midterm, payment) = Box::pin(app.purchase(&request)).await?;
    // Addresses are not stored with the midterm: they change with the key.
    app.sign_figures(&mut midterm.questions).await;
    query.render(&mut midterm.questions);
    Ok(axum::Json(Generated {
        sheet: midterm.into(),
        credits_deducted: payment.deducted,
        credits: payment.balance,
        credits_remaining: (payment.deducted > 0).then_some(payment.balance),
        config,
    }))
}

impl GenerateRequest {
    fn order(self, price: Credits) -> Result<(CourseId, MidtermRequest, Option<u64>, Option<UsedConfig>), Problem> {
        let (order, seed, config) = match (self.difficulty, self.config) {
            (Some(level), None) => (MidtermRequest::of(level), None, None),
            (None, Some(config)) => {
                let (order, seed, config) = config.order(price)?;
                (order, seed, Some(config))
            }
            (Some(_), Some(_)) => {
                return Err(Problem::invalid_field("config", "must not be given together with `difficulty`"));
            }
            (None, None) => {
                let problem = Problem::new(Code::MissingField, "`difficulty` or `config` is required.");
                return Err(problem.with_member("field", "difficulty"));
            }
        };
        Ok((self.course_id, order, seed, config))
    }
}
