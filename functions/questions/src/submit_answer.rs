//! `POST /api/questions/{id}/submit`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::app::App;
use shared::domain::attempt::{Attempt, AttemptId, GradedBy, accuracy_rate};
use shared::domain::catalog::Question;
use shared::domain::id::QuestionId;
use shared::domain::idempotency::{Intent, Outcome, Record};
use shared::domain::marking::{Unmarkable, mark};
use shared::domain::progress::Progress;
use shared::http::fields::Whole;
use shared::http::{Body, Claim, Once, Path, Problem, check_reuse};
use shared::store::AttemptError;

use crate::fields::Answer;

#[derive(Deserialize)]
pub(crate) struct Submission {
    answer: Option<Answer>,
    was_correct: Option<bool>,
    time_spent_seconds: Option<Whole<0, 86_400>>,
}

impl Body for Submission {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize)]
pub(crate) struct Marked {
    correct: bool,
    graded_by: GradedBy,
    attempts: u32,
    accuracy_rate: f64,
    /// Null until mastery is estimated.
    mastery: Option<Value>,
}

impl Marked {
    fn of(correct: bool, graded_by: GradedBy, attempts: u32, correct_attempts: u32) -> Self {
        let accuracy_rate = accuracy_rate(correct_attempts, attempts);
        Self { correct, graded_by, attempts, accuracy_rate, mastery: None }
    }
}

/// Marks an attempt on an unlocked question and opens the solution.
pub(crate) async fn submit_answer(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    Once(submission, intent): Once<Submission>,
) -> Result<axum::Json<Marked>, Problem> {
    let now = app.now();
    let reads = async {
        let record = app.store.record(claim.user_id(), &intent, now);
        tokio::try_join!(app.store.question_for(claim.user_id(), &id), record)
    };
    let (_, (found, record)) = claim.with(reads).await?;
    let (question, progress) = found.ok_or_else(|| Problem::not_found("question"))?;
    if let Some(record) = record {
        return again(&record, &intent);
    }
    let progress = progress.ok_or_else(Problem::not_started)?;

    let attempt = submission.attempt(&app, &question, &progress)?;
    let user = claim.user_id();
    match app.store.record_attempt(user, &attempt, progress, &intent, &app.random).await {
        Ok(after) => {
            let marked = Marked::of(attempt.correct, attempt.graded_by, after.attempts, after.correct_attempts);
            Ok(axum::Json(marked))
        }
        Err(AttemptError::DoneBefore) => match app.store.record(user, &intent, now).await? {
            Some(record) => again(&record, &intent),
            None => Err(AttemptError::DoneBefore.into()),
        },
        Err(error) => Err(error.into()),
    }
}

impl Submission {
    fn attempt(self, app: &App, question: &Question, progress: &Progress) -> Result<Attempt, Problem> {
        let answer = self.answer.map(|answer| answer.0);
        let mark = mark(question, answer.as_deref(), self.was_correct).map_err(|unmarkable| {
            let field = match unmarkable {
                Unmarkable::NoSuchOption(_) => "answer",
                Unmarkable::NeedsSelfReport => "was_correct",
            };
            Problem::invalid_field(field, &unmarkable.to_string())
        })?;
        let now = app.now();
        Ok(Attempt {
            id: AttemptId(app.random.uuid_v7(now)),
            course_id: question.meta.course_id.clone(),
            topic_id: question.meta.topic_id.clone(),
            question_id: question.meta.id.clone(),
            answer,
            correct: mark.correct,
            graded_by: mark.graded_by,
            solution_seen: progress.solution_at.is_some(),
            time_spent_seconds: self.time_spent_seconds.map(Whole::get),
            created_at: now,
        })
    }
}

/// The answer of a request that was done before.
fn again(record: &Record, intent: &Intent) -> Result<axum::Json<Marked>, Problem> {
    check_reuse(record, intent)?;
    let Outcome::Attempt { correct, graded_by, attempts, correct_attempts } = record.outcome else {
        return Err(Problem::internal("a record of this path holds no attempt"));
    };
    Ok(axum::Json(Marked::of(correct, graded_by, attempts, correct_attempts)))
}
