//! `GET /api/questions/{id}/preview-answer`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::id::QuestionId;
use shared::domain::study::preview::{AnswerKind, AnswerPreview, preview};
use shared::http::fields::AnswerText;
use shared::http::{Body, Claim, Path, Problem, Query};
use shared::store::HeldQuestion;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Typed {
    /// The answer as the student would submit it.
    #[param(value_type = String, min_length = 1, max_length = 500, pattern = r"\S", example = r"-2\pi")]
    answer: AnswerText,
    /// The label of the part that it answers, such as `a`, if the question has parts.
    #[param(pattern = r"^(\s*|[a-z]{1,2})$", example = "a")]
    part: Option<String>,
}

impl Body for Typed {
    const REQUIRED: &'static [&'static str] = &["answer"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReadAnswer {
    /// Whether the answer can be read. Otherwise `problem` says why not, and a submission needs `was_correct`.
    readable: bool,
    kind: AnswerKind,
    /// The answer as it was read, as one line of text. Null if it cannot be read.
    text: Option<String>,
    /// The answer as it was read, as a MathML element. Null if it cannot be read.
    mathml: Option<String>,
    /// Why the answer cannot be read. Null if it can.
    problem: Option<String>,
}

/// Says how an answer to an unlocked question is read, without marking it.
///
/// The expected answer has no influence on the response. A question with parts needs `part`: only the student can mark one text
/// for all.
#[utoipa::path(
    get, path = "/api/questions/{id}/preview-answer",
    params(("id" = QuestionId, Path), Typed),
    responses((status = 200, description = "How the answer is read.", body = ReadAnswer)),
    extensions(("x-problems" = json!(["not_started"])))
)]
pub(crate) async fn preview_answer(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Query(typed): Query<Typed>,
) -> Result<axum::Json<ReadAnswer>, Problem> {
    let (user, found) = claim.with(app.store.find_question(claim.user_id(), &id)).await?;
    let held = app.store.for_student(&user.profile, found).await?.ok_or_else(|| Problem::not_found("question"))?;
    let HeldQuestion { question, holding, .. } = held;
    if !holding.is_unlocked() {
        return Err(Problem::not_started());
    }
    let AnswerPreview { kind, read } = preview(&question, typed.part.as_deref(), &typed.answer.0)
        .map_err(|unmarkable| Problem::invalid_field(unmarkable.field(), &unmarkable.to_string()))?;
    let (read, problem) = match read {
        Ok(read) => (Some(read), None),
        Err(problem) => (None, Some(problem)),
    };
    let (text, mathml) = read.map(|read| (read.text, read.mathml)).unzip();
    Ok(axum::Json(ReadAnswer { readable: problem.is_none(), kind, text, mathml, problem }))
}
