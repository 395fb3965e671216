//! `POST /api/midterm/{id}/submit`

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use shared::app::App;
use shared::domain::id::QuestionId;
use shared::domain::midterm::MidtermId;
use shared::domain::midterm::result::SittingResult;
use shared::domain::midterm::sitting::{HandedIn, NotMarkable, Sitting, mark_sheet};
use shared::domain::questions::view::QuestionView;
use shared::domain::review::Scheduler;
use shared::domain::study::Calibration;
use shared::domain::study::attempt::{AttemptId, MarkedAnswer};
use shared::domain::study::marking::{Given, Mark};
use shared::http::fields::{AnswerText, Whole};
use shared::http::{Body, Claim, Code, Json, Path, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmitMidterm {
    /// All answers, by the ids of the questions. A question without an answer has 0 points.
    #[schema(value_type = HashMap<String, SheetAnswer>)]
    answers: BTreeMap<QuestionId, SheetAnswer>,
}

impl Body for SubmitMidterm {
    const REQUIRED: &'static [&'static str] = &["answers"];
}

/// The answer to one question of a midterm.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SheetAnswer {
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

/// Hands in all answers of a sitting, marks them and updates the mastery estimate.
///
/// Answers that come more than 30 seconds after the deadline are kept and marked, and the result says that they are late. A
/// sitting is handed in once: another request, also from another device, returns the first result and counts nothing.
#[utoipa::path(
    post, path = "/api/midterm/{id}/submit",
    request_body = SubmitMidterm,
    params(("id" = MidtermId, Path)),
    responses((status = 200, description = "The result.", body = SittingResult)),
    extensions(("x-problems" = json!(["not_started"])))
)]
pub(crate) async fn submit_midterm(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<MidtermId>,
    Json(sheet): Json<SubmitMidterm>,
) -> Result<axum::Json<SittingResult>, Problem> {
    let now = app.now();
    let user = claim.user_id();
    let reads = async { tokio::try_join!(app.store.midterm(user, id), app.store.sitting(user, id)) };
    let (_, (midterm, sitting)) = claim.with(reads).await?;
    let midterm = midterm.ok_or_else(|| Problem::not_found("midterm"))?;
    let sitting =
        sitting.ok_or_else(|| Problem::new(Code::NotStarted, "The midterm is not started; start it first."))?;
    if sitting.handed_in.is_some() {
        return result(sitting);
    }
    let course = &midterm.course_id;
    let reads = async {
        tokio::try_join!(
            app.store.study(user, course),
            app.store.calibration(course, now),
            app.store.progress(user, course)
        )
    };
    let (study, calibration, mut progress) = reads.await?;
    let times = sheet.times();
    let marked = mark_sheet(&midterm.questions, sheet.given()).map_err(|fault| refusal(&fault))?;
    let mut questions = Vec::with_capacity(marked.len());
    let mut attempts = Vec::new();
    for ((sat, mark), view) in marked.into_iter().zip(&midterm.questions) {
        // The midterm unlocked its questions, so each has a row of progress.
        if let (Some(mark), Some(row)) = (mark, progress.remove(&sat.question_id)) {
            let seconds = times.get(&sat.question_id).copied();
            let given = (sat.answer.clone(), sat.answers.clone());
            attempts.push((attempt(&app, view, given, mark, &calibration, (seconds, now)), row));
        }
        questions.push(sat);
    }
    let scheduler = Scheduler::new(calibration.review.as_ref());
    let handed_in = Sitting { handed_in: Some(HandedIn { at: now, questions }), ..sitting };
    result(app.store.hand_in(user, handed_in, attempts, (study, &scheduler), &app.random).await?)
}

fn result(sitting: Sitting) -> Result<axum::Json<SittingResult>, Problem> {
    SittingResult::of(sitting).map(axum::Json).ok_or_else(|| Problem::not_found("result"))
}

/// The error names the answer: `answers`, the question and the member.
fn refusal(fault: &NotMarkable) -> Problem {
    match fault {
        NotMarkable::NoSuchQuestion(id) => {
            Problem::invalid_field(&format!("answers.{id}"), "names no question of the midterm")
        }
        NotMarkable::Answer(id, fault) => {
            Problem::invalid_field(&format!("answers.{id}.{}", fault.field()), &fault.to_string())
        }
    }
}

fn attempt(
    app: &App,
    view: &QuestionView,
    (answer, answers): (Option<String>, BTreeMap<String, String>),
    mark: Mark,
    calibration: &Calibration,
    (time_spent_seconds, now): (Option<u32>, Timestamp),
) -> MarkedAnswer {
    let meta = &view.meta;
    MarkedAnswer {
        id: AttemptId(app.random.uuid_v7(now)),
        course_id: meta.course_id.clone(),
        topic_id: meta.topic_id.clone(),
        question_id: meta.id.clone(),
        version: view.version,
        // The midterm showed this version, whatever was imported since.
        corrected_at: None,
        answer,
        answers,
        correct: mark.correct,
        score: mark.score,
        parts: mark.parts,
        graded_by: mark.graded_by,
        ease: calibration.ease(&meta.topic_id, &meta.id, meta.difficulty),
        time_spent_seconds,
        created_at: now,
    }
}

impl SubmitMidterm {
    fn times(&self) -> BTreeMap<QuestionId, u32> {
        let timed = self.answers.iter().filter_map(|(id, answer)| Some((id.clone(), answer.time_spent_seconds?.get())));
        timed.collect()
    }

    fn given(self) -> BTreeMap<QuestionId, Given> {
        let given = |answer: SheetAnswer| Given {
            answer: answer.answer.map(|answer| answer.0),
            answers: answer.answers.unwrap_or_default().into_iter().map(|(label, text)| (label, text.0)).collect(),
            was_correct: answer.was_correct,
            self_report: answer.self_report.unwrap_or_default(),
        };
        self.answers.into_iter().map(|(id, answer)| (id, given(answer))).collect()
    }
}
