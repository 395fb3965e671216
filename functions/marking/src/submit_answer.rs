//! `POST /api/questions/{id}/submit`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::app::purchase::ReplayError;
use shared::domain::catalog::Question;
use shared::domain::id::QuestionId;
use shared::domain::idempotency::{IdempotencyKey, Intent, Outcome, Record};
use shared::domain::review::Scheduler;
use shared::domain::study::attempt::{AttemptId, GradedBy, MarkedAnswer, accuracy_rate};
use shared::domain::study::marking::{Given, PartMark, mark};
use shared::domain::study::{Calibration, Study, TopicMasteryView};
use shared::http::fields::{AnswerText, Whole};
use shared::http::{Body, Claim, Once, Path, Problem};
use shared::store::{Asked, AttemptError, HeldQuestion, Recorded};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Submission {
    /// The answer to a question without parts.
    answer: Option<AnswerText>,
    /// Answers to the parts, by label. A blank answer counts as none.
    #[schema(value_type = Option<HashMap<String, AnswerText>>)]
    answers: Option<BTreeMap<String, AnswerText>>,
    /// Whether the answer was right, in the student's opinion. Used only where nothing else decides.
    was_correct: Option<bool>,
    /// The same for single parts, by label.
    #[schema(value_type = Option<HashMap<String, bool>>)]
    self_report: Option<BTreeMap<String, bool>>,
    time_spent_seconds: Option<Whole<0, 86_400>>,
}

impl Body for Submission {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Marked {
    /// Whether the score is 1.
    correct: bool,
    /// Share of the points, 0 to 1.
    score: f64,
    graded_by: GradedBy,
    /// The marks of the parts. Present only if the question has parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    parts: Vec<PartMark>,
    /// The version of the question that marked the answer. If the student was shown another one, show the question again.
    version: u32,
    attempts: u32,
    accuracy_rate: f64,
    /// The topic's mastery after this attempt. Null in a replay of an attempt from before mastery was estimated.
    mastery: Option<TopicMasteryView>,
}

/// Marks an attempt on an unlocked question, updates the mastery estimate, schedules the question for review and unlocks the
/// solution.
#[utoipa::path(
    post, path = "/api/questions/{id}/submit",
    request_body = Submission,
    params(("id" = QuestionId, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses(
        (status = 200, description = "Whether the answer is correct, and the progress on the topic.", body = Marked)
    ),
    extensions(("x-problems" = json!(["not_started"])))
)]
pub(crate) async fn submit_answer(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Once(submission, intent): Once<Submission>,
) -> Result<axum::Json<Marked>, Problem> {
    let now = app.now();
    let user = claim.user_id();
    let reads = async { tokio::try_join!(app.store.asked(user, &id, now), app.store.record(user, &intent, now)) };
    let (signed_in, (asked, record)) = claim.with(reads).await?;
    let Asked { found, study, calibration, bank } = asked.ok_or_else(|| Problem::not_found("question"))?;
    let held = app.store.for_student(&signed_in.profile, Some(found)).await?;
    let HeldQuestion { question, holding, .. } = held.ok_or_else(|| Problem::not_found("question"))?;
    if let Some(record) = record {
        return again(record, &intent);
    }
    let progress = app.store.progress_of(user, &question, holding).await?.ok_or_else(Problem::not_started)?;

    let marked = submission.marked(&app, &question, &calibration)?;
    let (correct, score, graded_by, version) = (marked.correct, marked.score, marked.graded_by, marked.version);
    let (topic, parts) = (marked.topic_id.clone(), marked.parts.clone());
    let mastery =
        |study: &Study| TopicMasteryView::of(topic.clone(), &study.estimate(&topic, &calibration, &bank, now));
    let scheduler = Scheduler::new(calibration.review.as_ref());
    match app.store.record_attempt(user, marked, (progress, study, &scheduler), &intent, mastery, &app.random).await {
        Ok(Recorded { progress, mastery }) => Ok(axum::Json(Marked {
            correct,
            score,
            graded_by,
            parts,
            version,
            attempts: progress.attempts,
            accuracy_rate: accuracy_rate(progress.correct_attempts, progress.attempts),
            mastery: Some(mastery),
        })),
        Err(AttemptError::Replayed) => match app.store.record(user, &intent, now).await? {
            Some(record) => again(record, &intent),
            None => Err(AttemptError::Replayed.into()),
        },
        Err(error) => Err(error.into()),
    }
}

impl Submission {
    fn marked(self, app: &App, question: &Question, calibration: &Calibration) -> Result<MarkedAnswer, Problem> {
        let answers = self.answers.unwrap_or_default().into_iter();
        let given = Given {
            answer: self.answer.map(|answer| answer.0),
            answers: answers.map(|(label, answer)| (label, answer.0)).collect(),
            was_correct: self.was_correct,
            self_report: self.self_report.unwrap_or_default(),
        };
        let mark = mark(question, &given)
            .map_err(|unmarkable| Problem::invalid_field(unmarkable.field(), &unmarkable.to_string()))?;
        let now = app.now();
        let meta = &question.meta;
        Ok(MarkedAnswer {
            id: AttemptId(app.random.uuid_v7(now)),
            course_id: meta.course_id.clone(),
            topic_id: meta.topic_id.clone(),
            question_id: meta.id.clone(),
            version: question.version,
            corrected_at: question.corrected_at,
            answer: given.answer,
            answers: given.answers,
            correct: mark.correct,
            score: mark.score,
            parts: mark.parts,
            graded_by: mark.graded_by,
            ease: calibration.ease(&meta.topic_id, &meta.id, meta.difficulty),
            time_spent_seconds: self.time_spent_seconds.map(Whole::get),
            created_at: now,
        })
    }
}

/// Replays the response of a completed request.
fn again(record: Record, intent: &Intent) -> Result<axum::Json<Marked>, Problem> {
    let Outcome::Attempt { correct, graded_by, attempts, correct_attempts, mastery, score, parts, version } =
        record.outcome_of(intent)?
    else {
        return Err(ReplayError::WrongKind("an attempt").into());
    };
    let accuracy_rate = accuracy_rate(correct_attempts, attempts);
    let score = score.unwrap_or(f64::from(u8::from(correct)));
    Ok(axum::Json(Marked { correct, score, graded_by, parts, version, attempts, accuracy_rate, mastery }))
}
