//! `GET /api/assessment/review`

use axum::extract::State;
use serde::Deserialize;
use shared::app::{App, CourseError, active_course};
use shared::domain::id::CourseId;
use shared::domain::review::{ReviewQueue, Scheduler, review_queue};
use shared::http::page::Limit;
use shared::http::{Body, Claim, Problem, Query};
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WantedReview {
    course_id: CourseId,
    /// How many due questions are listed at most. `due_today` counts all of them.
    limit: Option<Limit>,
}

impl Body for WantedReview {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

/// Returns the answered questions that the student should see again today, and how many become due in the next 30 days.
///
/// All of them are unlocked, so seeing and answering them again costs no credits. Each answer moves the question to a later
/// day.
#[utoipa::path(
    get, path = "/api/assessment/review",
    params(WantedReview),
    responses((status = 200, description = "The questions to review.", body = ReviewQueue)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn show_review(
    State(app): State<App>,
    claim: Claim,
    Query(WantedReview { course_id, limit }): Query<WantedReview>,
) -> Result<axum::Json<ReviewQueue>, Problem> {
    let now = app.now();
    let user = claim.user_id();
    let of_store =
        async { Ok(tokio::try_join!(app.store.progress(user, &course_id), app.store.calibration(&course_id, now))?) };
    let reads = async { tokio::try_join!(active_course(&app, &course_id), of_store) };
    let (_, (course, (progress, calibration))) = claim.with::<_, CourseError>(reads).await?;
    let bank = app.store.bank(&course).await?;
    let scheduler = Scheduler::new(calibration.review.as_ref());
    Ok(axum::Json(review_queue(&bank, &progress, &scheduler, now, limit.unwrap_or_default().get())))
}
