//! `POST /api/questions/practice`

use std::sync::atomic::AtomicBool;

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::app::unlock_questions::UnlockQuestions;
use shared::domain::id::{CourseId, TopicId};
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::questions::selection::{Criteria, practice_charge};
use shared::http::fields::{Difficulty, List, Technique, Whole};
use shared::http::{Body, Claim, Once, Problem, Query, RenderQuery};
use utoipa::ToSchema;

use crate::delivery::Delivery;

/// Number of questions when the request does not set `count`.
const COUNT_DEFAULT: usize = 3;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PracticeRequest {
    course_id: CourseId,
    #[schema(value_type = Option<Vec<TopicId>>, max_items = 50)]
    topic_ids: Option<List<TopicId>>,
    #[schema(value_type = Option<Vec<Technique>>, max_items = 50)]
    techniques: Option<List<Technique>>,
    /// Only questions with this technique. If `techniques` is set, a question must also have one of those.
    technique: Option<Technique>,
    difficulty: Option<Difficulty>,
    /// Number of questions, each for the price of a practice question. Without it the request buys three.
    #[schema(default = 3)]
    count: Option<Whole<1, 20>>,
}

impl Body for PracticeRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

/// Unlocks questions and their solutions, for one credit each unless `GET /api/prices` says another price.
///
/// A request without `count` buys three questions. If fewer fit, fewer are bought. Unseen questions come first, then those
/// seen longest ago.
#[utoipa::path(
    post, path = "/api/questions/practice",
    request_body = PracticeRequest,
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
pub(crate) async fn practice_questions(
    State(app): State<App>,
    claim: Claim,
    Query(query): Query<RenderQuery>,
    Once(request, intent): Once<PracticeRequest>,
) -> Result<axum::Json<Delivery>, Problem> {
    let techniques = request.techniques.map(|list| list.0).unwrap_or_default();
    let criteria = Criteria {
        topic_ids: request.topic_ids.map(|list| list.0).unwrap_or_default(),
        techniques: techniques.into_iter().map(|technique| technique.0).collect(),
        technique: request.technique.map(|technique| technique.0),
        difficulty: request.difficulty.map(|difficulty| difficulty.0),
        count: request.count.map_or(COUNT_DEFAULT, Whole::count),
    };
    let request = UnlockQuestions {
        app: &app,
        caller: &claim,
        course_id: request.course_id,
        criteria,
        topic_field: |at| format!("topic_ids[{at}]"),
        charge: practice_charge,
        intent,
        is_refused: AtomicBool::new(false),
    };
    let mut unlocked = app.purchase(&request).await?;
    app.sign_figures(&mut unlocked.questions).await;
    Ok(axum::Json(Delivery::of(unlocked, query)))
}
