//! `GET /api/courses/{id}/analysis-detailed`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::app::show_analysis::ShowAnalysis;
use shared::app::{App, active_course};
use shared::domain::analysis::{Chapter, chapters};
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::http::{Claim, Edition, Path, Problem, Purpose};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct DetailedAnalysisAnswer {
    credits_deducted: Credits,
    chapters: Vec<Chapter>,
}

/// Returns the past exams of a course by chapter, section and technique.
///
/// It is a part of the analysis and is bought with it: this GET spends the same credits, once for each edition, and is free if
/// `GET /api/courses/{id}/analysis` was paid for, and the other way round. HEAD and prefetches spend nothing: without the
/// edition they get 402 `not_purchased`. Sample questions are locked.
#[utoipa::path(
    get, path = "/api/courses/{id}/analysis-detailed",
    params(("id" = CourseId, Path)),
    responses(
        (
            status = 200,
            description = "The chapters, and the credits that this request spent: 2 for a new edition, else 0.",
            body = DetailedAnalysisAnswer
        ),
        (status = 304)
    ),
    extensions(("x-problems" = json!(["insufficient_credits", "email_unverified", "not_purchased", "no_exams"])))
)]
pub(crate) async fn show_detailed_analysis(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
    purpose: Purpose,
) -> Result<Response, Problem> {
    let may_buy = purpose == Purpose::Use;
    let request = ShowAnalysis { app: &app, caller: &claim, course_id: id.clone(), may_buy };
    let (analysis, payment) = request.run().await?;
    // In memory since the purchase.
    let course = active_course(&app, &id).await?;
    let bank = app.store.bank(&course).await?;
    let body = DetailedAnalysisAnswer { credits_deducted: payment.deducted, chapters: chapters(&bank) };
    // Sample texts may change without a new edition.
    let name = format!("{}-{}", analysis.edition, course.catalog_version);
    Ok(Edition { name: &name, is_new: payment.deducted > 0, body: axum::Json(body) }.into_response())
}
