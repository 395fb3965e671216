//! `GET /api/questions/{id}`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::id::QuestionId;
use shared::domain::questions::view::QuestionView;
use shared::domain::study::progress::access;
use shared::http::{Catalogue, Claim, Path, Problem, Query, RenderQuery};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct QuestionAnswer {
    question: QuestionView,
}

/// Returns a question and, if unlocked, its solution.
///
/// A locked question shows its metadata and the first 100 characters of its text at most.
#[utoipa::path(
    get, path = "/api/questions/{id}",
    params(("id" = QuestionId, Path), RenderQuery),
    responses(
        (status = 200, description = "The question, locked unless the user unlocked it.", body = QuestionAnswer),
        (status = 304)
    )
)]
pub(crate) async fn show_question(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Query(query): Query<RenderQuery>,
) -> Result<Catalogue<QuestionAnswer>, Problem> {
    let (_, found) = claim.with(app.store.question_for(claim.user_id(), &id)).await?;
    let (question, progress) = found.ok_or_else(|| Problem::not_found("question"))?;
    let view = app.with_signed_figures(QuestionView::of(&question, access(progress.as_ref()))).await;
    Ok(Catalogue(QuestionAnswer { question: query.rendered(view) }))
}
