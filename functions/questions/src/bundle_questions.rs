//! `POST /api/questions/bundle`

use std::sync::atomic::AtomicBool;

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::app::unlock_questions::UnlockQuestions;
use shared::domain::credits::BUNDLE_QUESTIONS;
use shared::domain::id::{CourseId, TopicId};
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::questions::selection::{Criteria, bundle_charge};
use shared::http::fields::Whole;
use shared::http::{Body, Claim, Once, Problem, Query, RenderQuery};
use utoipa::ToSchema;

use crate::delivery::Delivery;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundleRequest {
    course_id: CourseId,
    topic_id: Option<TopicId>,
    count: Option<Whole<1, 3>>,
}

impl Body for BundleRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

/// Unlocks three questions and their solutions for the price of a bundle, one credit unless `GET /api/prices` says another.
#[utoipa::path(
    post, path = "/api/questions/bundle",
    request_body = BundleRequest,
    params(RenderQuery, ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses(
        (
            status = 200,
            description = "The questions with their solutions, what they cost, and the balance after it.",
            body = Delivery
        )
    ),
    extensions(("x-problems" = json!(["insufficient_credits", "email_unverified", "not_found", "no_questions"])))
)]
pub(crate) async fn bundle_questions(
    State(app): State<App>,
    claim: Claim,
    Query(query): Query<RenderQuery>,
    Once(request, intent): Once<BundleRequest>,
) -> Result<axum::Json<Delivery>, Problem> {
    let criteria = Criteria {
        topic_ids: request.topic_id.into_iter().collect(),
        count: request.count.map_or(BUNDLE_QUESTIONS, Whole::count),
        ..Criteria::default()
    };
    let request = UnlockQuestions {
        app: &app,
        caller: &claim,
        course_id: request.course_id,
        criteria,
        topic_field: |_| "topic_id".to_owned(),
        charge: bundle_charge,
        intent,
        is_refused: AtomicBool::new(false),
    };
    let mut unlocked = app.purchase(&request).await?;
    app.sign_figures(&mut unlocked.questions).await;
    Ok(axum::Json(Delivery::of(unlocked, query)))
}
