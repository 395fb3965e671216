//! `POST /api/questions/{id}/solution`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::id::QuestionId;
use shared::domain::questions::view::{Access, QuestionView};
use shared::http::{Claim, Path, Problem, Query, RenderQuery, WithoutBody};
use shared::store::HeldQuestion;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct OpenSolution {
    steps: Vec<String>,
    answer: String,
    solution_steps: String,
    /// `solution_steps` as HTML, with MathML. Present only with `render=html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    solution_html: Option<String>,
    /// `answer` as HTML, with MathML. Present only with `render=html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answer_html: Option<String>,
}

/// Unlocks and returns the solution of an unlocked question.
///
/// The solution stays unlocked.
#[utoipa::path(
    post, path = "/api/questions/{id}/solution",
    params(("id" = QuestionId, Path), RenderQuery),
    responses((status = 200, description = "The solution.", body = OpenSolution)),
    extensions(("x-problems" = json!(["not_started", "invalid_json", "unsupported_media_type"])))
)]
pub(crate) async fn unlock_solution(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Query(query): Query<RenderQuery>,
    _: WithoutBody,
) -> Result<axum::Json<OpenSolution>, Problem> {
    let (user, found) = claim.with(app.store.find_question(claim.user_id(), &id)).await?;
    let held = app.store.for_student(&user.profile, found).await?.ok_or_else(|| Problem::not_found("question"))?;
    let HeldQuestion { question, holding, .. } = held;
    let progress = app.store.progress_of(claim.user_id(), &question, holding).await?;
    let progress = progress.ok_or_else(Problem::not_started)?;
    if progress.opened_at.is_none() {
        app.store.open_solution(claim.user_id(), &progress, app.now()).await?;
    }
    let whole = question.whole();
    let solution_steps = whole.solution_steps.join("\n");
    let QuestionView { solution_html, answer_html, .. } = query.rendered(QuestionView::of(&question, Access::Solution));
    Ok(axum::Json(OpenSolution {
        steps: whole.solution_steps,
        answer: whole.answer,
        solution_steps,
        solution_html,
        answer_html,
    }))
}
