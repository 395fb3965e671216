//! `GET /api/questions/{id}`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::id::QuestionId;
use shared::domain::questions::view::QuestionView;
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
    let (user, found) = claim.with(app.store.find_question(claim.user_id(), &id)).await?;
    let held = app.store.for_student(&user.profile, found).await?.ok_or_else(|| Problem::not_found("question"))?;
    let view = app.with_signed_figures(QuestionView::of(&held.question, held.holding.access())).await;
    Ok(Catalogue(QuestionAnswer { question: query.rendered(view) }))
}
