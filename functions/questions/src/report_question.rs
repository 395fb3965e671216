//! `POST /api/questions/{id}/report`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::id::QuestionId;
use shared::domain::questions::report::{Report, ReportId, ReportReason, ReportStatus};
use shared::domain::schema::{has_schema, text};
use shared::domain::time::in_answer;
use shared::http::{Body, Claim, Json, Path, Problem};
use shared::store::HeldQuestion;
use utoipa::ToSchema;

/// Maximum length of a [`ReportText`] in characters.
const TEXT_CHARS_MAX: usize = 1_000;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ReportRequest {
    reason: ReportReason,
    /// What is wrong, in the student's words.
    text: Option<ReportText>,
}

impl Body for ReportRequest {
    const REQUIRED: &'static [&'static str] = &["reason"];
}

/// At most 1,000 characters.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ReportText(String);

has_schema!(ReportText, text(0, TEXT_CHARS_MAX));

impl TryFrom<String> for ReportText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.chars().count() > TEXT_CHARS_MAX { Err("must be at most 1000 characters long") } else { Ok(Self(text)) }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReportAnswer {
    report: ReportView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
struct ReportView {
    id: ReportId,
    question_id: QuestionId,
    reason: ReportReason,
    text: Option<String>,
    status: ReportStatus,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
}

/// Reports a faulty question to the operators.
///
/// The question must be unlocked. A user reports a question once: another report of it changes nothing and returns the first
/// one, with what became of it. Operators may give the credit back.
#[utoipa::path(
    post, path = "/api/questions/{id}/report",
    request_body = ReportRequest,
    params(("id" = QuestionId, Path)),
    responses((status = 200, description = "The user's report of this question.", body = ReportAnswer)),
    extensions(("x-problems" = json!(["not_started"])))
)]
pub(crate) async fn report_question(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Json(request): Json<ReportRequest>,
) -> Result<axum::Json<ReportAnswer>, Problem> {
    let (user, found) = claim.with(app.store.find_question(claim.user_id(), &id)).await?;
    let held = app.store.for_student(&user.profile, found).await?.ok_or_else(|| Problem::not_found("question"))?;
    let HeldQuestion { question, holding, .. } = held;
    if !holding.is_unlocked() {
        return Err(Problem::not_started());
    }
    let words = request.text.map(|text| text.0.trim().to_owned()).filter(|text| !text.is_empty());
    let report = Report {
        id: ReportId(app.random.uuid_v7(app.now())),
        course_id: question.meta.course_id,
        question_id: question.meta.id,
        reason: request.reason,
        text: words,
        status: ReportStatus::Open,
        created_at: app.now(),
        closed_at: None,
    };
    let Report { id, question_id, reason, text, status, created_at, .. } =
        app.store.report(user.profile.id, report, &app.random).await?.ok_or_else(Problem::unauthenticated)?;
    Ok(axum::Json(ReportAnswer { report: ReportView { id, question_id, reason, text, status, created_at } }))
}
