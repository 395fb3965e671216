//! `POST /api/questions/{id}/start`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::app::start_question::StartQuestion;
use shared::domain::credits::Credits;
use shared::domain::id::QuestionId;
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::questions::view::{Access, QuestionView};
use shared::http::{Claim, OnceWithoutMembers, Path, Problem, Query, RenderQuery};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = StartedQuestion)]
pub(crate) struct Started {
    question: QuestionView,
    credits_deducted: Credits,
    credits: Credits,
}

/// Unlocks a question without its solution.
///
/// Free if the question is already unlocked.
#[utoipa::path(
    post, path = "/api/questions/{id}/start",
    params(("id" = QuestionId, Path), RenderQuery, ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses(
        (
            status = 200,
            description = "The question without its solution, what it cost, and the balance after it.",
            body = Started
        )
    ),
    extensions(("x-problems" = json!(["insufficient_credits", "email_unverified", "invalid_json", "unsupported_media_type"])))
)]
pub(crate) async fn start_question(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Query(query): Query<RenderQuery>,
    OnceWithoutMembers(intent): OnceWithoutMembers,
) -> Result<axum::Json<Started>, Problem> {
    let (question, payment) = app.purchase(&StartQuestion { app: &app, caller: &claim, id, intent }).await?;
    // Omit the solution even if it is unlocked, so that the student can try the question first.
    let view = app.with_signed_figures(QuestionView::of(&question, Access::Question)).await;
    let question = query.rendered(view);
    Ok(axum::Json(Started { question, credits_deducted: payment.deducted, credits: payment.balance }))
}
