//! `GET /api/courses/{id}/analysis`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::app::App;
use shared::app::show_analysis::ShowAnalysis;
use shared::domain::analysis::Analysis;
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::http::{Claim, Edition, Path, Problem, Purpose};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
struct AnalysisAnswer<'a> {
    credits_deducted: Credits,
    analysis: &'a Analysis,
}

/// Returns the current analysis of a course.
///
/// This GET spends the price of an analysis (`GET /api/prices`, two credits by default), once for each edition; later requests for the edition are free. HEAD and prefetches
/// (`Sec-Purpose: prefetch`) spend nothing: without the edition they get 402 `not_purchased`.
#[utoipa::path(
    get, path = "/api/courses/{id}/analysis",
    params(("id" = CourseId, Path)),
    responses(
        (
            status = 200,
            description = "The analysis, and the credits that this request spent: 2 for a new edition, else 0.",
            body = AnalysisAnswer
        ),
        (status = 304)
    ),
    extensions(("x-problems" = json!(["insufficient_credits", "email_unverified", "not_purchased", "no_exams"])))
)]
pub(crate) async fn show_analysis(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
    purpose: Purpose,
) -> Result<Response, Problem> {
    let may_buy = purpose == Purpose::Use;
    let request = ShowAnalysis { app: &app, caller: &claim, course_id: id, may_buy };
    let (analysis, payment) = request.run().await?;
    let body = axum::Json(AnalysisAnswer { credits_deducted: payment.deducted, analysis: &analysis });
    // Only a user who already owns the edition may get 304. The first response is always sent in full.
    Ok(Edition { name: &analysis.edition, is_new: payment.deducted > 0, body }.into_response())
}
