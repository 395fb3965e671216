//! `POST /api/assessment/weak-topics`: as JSON, or as a page to print.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::app::{App, CourseError, active_course};
use shared::domain::analysis::ForecastQuality;
use shared::domain::id::{CourseId, TopicId};
use shared::domain::review::{ReviewQueue, Scheduler, review_queue};
use shared::domain::study::advice::{PlannedTopic, SuggestedQuestion, UntriedTopicView, WeakTopicView, advise};
use shared::http::accept::prefers_page;
use shared::http::fields::List;
use shared::http::{Body, Claim, Json, Problem, printed};
use utoipa::ToSchema;

use crate::plan_page::page;

/// Questions to review in the plan.
const REVIEWED_MAX: usize = 5;

#[derive(Deserialize, ToSchema)]
pub(crate) struct WeakTopicsRequest {
    course_id: CourseId,
    #[schema(value_type = Option<Vec<TopicId>>, max_items = 50)]
    self_reported_weaknesses: Option<List<TopicId>>,
}

impl Body for WeakTopicsRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Assessment {
    /// Topics with evidence of weakness, most expected loss first; at most five.
    weak_topics: Vec<WeakTopicView>,
    /// Topics on which no attempt says anything, most points to gain first; at most five.
    untried_topics: Vec<UntriedTopicView>,
    personalized_question_set: Vec<SuggestedQuestion>,
    recommended_study_plan: Vec<PlannedTopic>,
    /// The questions to review today, at most five. `GET /api/assessment/review` lists more.
    review: ReviewQueue,
    /// Whether the forecast behind the expected points beats simple counting; null in a course without past exams.
    forecast_quality: Option<ForecastQuality>,
}

/// Returns a student's weak topics and those never tried, a study plan of both, and questions for it.
///
/// `Accept` chooses JSON or a page to print.
#[utoipa::path(
    post, path = "/api/assessment/weak-topics",
    request_body = WeakTopicsRequest,
    responses(
        (
            status = 200,
            description = "The weak topics, questions on them, and a plan, as JSON or as a page to print.",
            content((Assessment = "application/json"), (String = "text/html"))
        )
    ),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn find_weak_topics(
    State(app): State<App>,
    claim: Claim,
    headers: HeaderMap,
    Json(request): Json<WeakTopicsRequest>,
) -> Result<Response, Problem> {
    let now = app.now();
    let (user, course_id) = (claim.user_id(), &request.course_id);
    let of_store = async {
        let study = app.store.study(user, course_id);
        Ok(tokio::try_join!(study, app.store.progress(user, course_id), app.store.calibration(course_id, now))?)
    };
    let reads = async { tokio::try_join!(active_course(&app, course_id), of_store) };
    let (_, (course, (study, progress, calibration))) = claim.with::<_, CourseError>(reads).await?;
    let (bank, analysis) = tokio::try_join!(app.store.bank(&course), app.store.analysis(&course, now))?;
    let reported = request.self_reported_weaknesses.map(|list| list.0).unwrap_or_default();
    if let Some(at) = reported.iter().position(|id| bank.topic(id).is_none()) {
        let field = format!("self_reported_weaknesses[{at}]");
        return Err(Problem::not_found_in("topic", &field, reported[at].as_str()));
    }
    let scheduler = Scheduler::new(calibration.review.as_ref());
    let advice = advise(&bank, analysis.as_deref(), &study, &calibration, &progress, &reported, now);
    let review = review_queue(&bank, &progress, &scheduler, now, REVIEWED_MAX);
    if prefers_page(&headers) {
        return Ok(printed::response(page(&course.name, &bank, &advice, &review, now), printed::NOTHING_ELSE));
    }
    let assessment = Assessment {
        weak_topics: advice.weak_topics,
        untried_topics: advice.untried_topics,
        personalized_question_set: advice.questions,
        recommended_study_plan: advice.plan,
        review,
        forecast_quality: analysis.as_deref().map(|analysis| analysis.forecast_quality),
    };
    Ok(printed::by_accept(axum::Json(assessment).into_response()))
}
