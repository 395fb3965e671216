//! Generates a midterm, charges for it, and unlocks its questions with their solutions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::caller::Caller;
use super::known_questions::{KnownQuestions, Sale, placed, set_of};
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use super::response_size::bytes_as_sent;
use super::{App, CourseError, active_course};
use crate::domain::catalog::{Bank, Course, QuestionSummary};
use crate::domain::id::CourseId;
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::midterm::{
    BlueprintView, Fit, Infeasible, Midterm, MidtermId, MidtermRequest, SEED_BITS, Student, charge, generate,
    unknown_topic,
};
use crate::domain::questions::seen::UnlockedSet;
use crate::domain::questions::view::{Access, QuestionView};
use crate::domain::study::progress::LastSeen;
use crate::domain::study::{Calibration, Study};
use crate::store::{Entitlement, StoreError};

/// Byte limit for a midterm's questions as JSON. A Lambda response holds at most 6 MB. The stored form stays below a
/// transaction's limit of 4 MB, because compression saves at least a sixth, even for the densest text.
const QUESTIONS_BYTES_MAX: usize = 4_500_000;

/// A student's request for a midterm.
pub struct GenerateMidterm<'a, C> {
    pub app: &'a App,
    pub caller: &'a C,
    pub course_id: CourseId,
    pub order: Arc<MidtermRequest>,
    /// Reproduces an earlier midterm; `None` for a random seed.
    pub seed: Option<u64>,
    pub intent: Intent,
    /// Whether an earlier choice was refused, so that the student's set of seen questions cannot be trusted.
    pub is_refused: AtomicBool,
}

/// Why no midterm was generated. Nothing was charged.
#[derive(Debug, thiserror::Error)]
pub enum MidtermError {
    /// The course has no such topic or section.
    #[error("the course has no topic {entry:?}")]
    UnknownTopic {
        /// The list that names it: `topic_ids` or `sections`.
        list: &'static str,
        /// Its index in that list.
        at: usize,
        entry: String,
    },
    /// The course has no questions.
    #[error("the course has no questions")]
    NoQuestions,
    /// No selection of questions satisfies the request.
    #[error(transparent)]
    Infeasible(#[from] Infeasible),
    /// The questions contain too many embedded figures for one response.
    #[error("the questions are too large for one midterm")]
    TooLarge,
    /// The bank lists a question that is not in the table: an import is running.
    #[error("a question of the bank is not in the table")]
    QuestionMissing,
    /// The search panicked, or the process is shutting down.
    #[error("midterm search: {0}")]
    Search(String),
}

/// Input of the generation.
pub struct GenerationInput {
    /// An error here fails the generation only. A replay of an earlier response still succeeds when the course is gone.
    course: Result<Arc<Course>, CourseError>,
    /// What the profile says of the student's questions.
    known: KnownQuestions,
    /// Whether an earlier choice was refused: then the progress decides.
    is_refused: bool,
    study: Study,
    calibration: Arc<Calibration>,
}

/// A midterm that was assembled and not yet paid for.
struct Assembled {
    questions: Vec<QuestionSummary>,
    blueprint: BlueprintView,
    fit: Fit,
    /// What it was assembled for: when the student last received each question.
    last_seen: LastSeen,
}

impl<C: Caller> PurchaseRequest for GenerateMidterm<'_, C>
where
    C::Error: From<MidtermError>,
{
    type Facts = GenerationInput;
    type Chosen = Midterm<QuestionView>;
    type Fetched = ();
    type Answer = (Midterm<QuestionView>, Payment);
    type Error = C::Error;

    fn caller(&self) -> &impl Caller {
        self.caller
    }

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<GenerationInput>, C::Error> {
        let Self { app, caller, course_id, intent, .. } = self;
        let (user_id, store) = (caller.user_id(), &app.store);
        let course = async { Ok(active_course(app, course_id).await) };
        let is_refused = self.is_refused.swap(true, Ordering::Relaxed);
        let study = store.study(user_id, course_id);
        let (calibration, record) = (store.calibration(course_id, now), store.record(user_id, intent, now));
        let reads = async { tokio::try_join!(course, study, calibration, record) };
        let (user, (course, study, calibration, record)) = caller.with::<_, StoreError>(reads).await?;
        let known = KnownQuestions::of(&user.profile, app);
        let facts = GenerationInput { course, known, is_refused, study, calibration };
        Ok(Situation { profile: user.profile, record, facts })
    }

    async fn replay(&self, record: Record, _: GenerationInput) -> Result<Self::Answer, C::Error> {
        let Outcome::Midterm { midterm_id, credits_deducted, credits } = record.outcome_of(&self.intent)? else {
            return Err(ReplayError::WrongKind("a midterm").into());
        };
        let midterm = self.app.store.midterm(self.caller.user_id(), midterm_id).await?;
        let midterm = midterm.ok_or(ReplayError::Missing("midterm"))?;
        Ok((midterm, Payment { deducted: credits_deducted, balance: credits }))
    }

    async fn choose(&self, input: GenerationInput, now: Timestamp) -> Result<Choice<Self::Chosen>, C::Error> {
        let GenerationInput { course, known, is_refused, study, calibration } = input;
        let course = course?;
        let bank = self.app.store.bank(&course).await?;
        if let Some((list, at, entry)) = unknown_topic(&bank, &self.order) {
            return Err(MidtermError::UnknownTopic { list, at, entry: entry.to_owned() }.into());
        }
        if bank.for_sale().next().is_none() {
            return Err(MidtermError::NoQuestions.into());
        }
        let seed = self.seed.unwrap_or_else(|| self.app.random.seed() >> (u64::BITS - SEED_BITS));
        let assembled = async |last_seen: LastSeen| {
            let student = Student::of(&bank, last_seen, &study, &calibration, now);
            assemble(Arc::clone(&bank), Arc::clone(&self.order), student, seed).await
        };
        let set = known.set(&course, &bank).filter(|_| !is_refused);
        // It matters when questions were seen only if some must be delivered again.
        let of_new = match set {
            Some(set) => {
                let form = assembled(seen_in(&bank, &set, now)).await?;
                (form.fit.seen_before == 0).then_some((form, set))
            }
            None => None,
        };
        let (Assembled { questions, blueprint, fit, last_seen }, before) = if let Some(of_new) = of_new {
            of_new
        } else {
            // After the profile, whose version guards the choice.
            let times = self.app.store.unlocked_times(self.caller.user_id(), &self.course_id).await?;
            let before = set_of(&bank, &times);
            (assembled(times.last_seen).await?, before)
        };
        let chosen = placed(&bank, &questions, &last_seen);
        let Sale { mut entitlements, seen } = known.sale(self.app, &course, before, &chosen, now);
        let mut midterm = Midterm {
            id: MidtermId(self.app.random.uuid_v7(now)),
            course_id: self.course_id.clone(),
            level: self.order.level,
            questions: self.full_questions(&course, &questions).await?,
            blueprint,
            fit,
            seed,
            created_at: now,
        };
        if bytes_as_sent(&midterm.questions) > QUESTIONS_BYTES_MAX {
            return Err(MidtermError::TooLarge.into());
        }
        limit_drawings(&mut midterm.questions);
        entitlements.push(Entitlement::Midterm(Box::new(midterm.clone())));
        let charge = charge(midterm.questions.len(), self.app.terms());
        Ok(Choice::Buy { charge, chosen: midterm, entitlements, seen: Some(seen) })
    }

    async fn fetch(&self, _: &Self::Chosen) {}

    async fn deliver(&self, midterm: Self::Chosen, (): (), payment: Payment) -> Result<Self::Answer, C::Error> {
        Ok((midterm, payment))
    }
}

impl<C: Caller> GenerateMidterm<'_, C>
where
    C::Error: From<MidtermError>,
{
    /// Full questions, in the order of `summaries`. They are stored with the midterm, so they are read before the
    /// charge.
    async fn full_questions(
        &self,
        course: &Course,
        summaries: &[QuestionSummary],
    ) -> Result<Vec<QuestionView>, C::Error> {
        let found = self.app.store.kept_questions(course, &summaries.iter().collect::<Vec<_>>()).await?;
        let view = |summary: &QuestionSummary| Some(QuestionView::of(found.get(&summary.meta.id)?, Access::Solution));
        let views: Option<Vec<QuestionView>> = summaries.iter().map(view).collect();
        Ok(views.ok_or(MidtermError::QuestionMissing)?)
    }
}

/// Removes drawn formulas that would make the stored midterm too large. They are shown as code.
fn limit_drawings(questions: &mut [QuestionView]) {
    let mut room = QUESTIONS_BYTES_MAX.saturating_sub(bytes_as_sent(&questions));
    for question in questions {
        let bytes = question.drawn.as_deref().map_or(0, bytes_as_sent);
        match room.checked_sub(bytes) {
            Some(left) => room = left,
            None => question.drawn = None,
        }
    }
}

/// The questions of a set, as if they had been delivered now.
fn seen_in(bank: &Bank, set: &UnlockedSet, now: Timestamp) -> LastSeen {
    let seen = bank.questions.iter().enumerate().filter(|(place, _)| set.contains(*place));
    seen.map(|(_, question)| (question.meta.id.clone(), now)).collect()
}

/// The search takes about 50 ms of CPU time, so it runs on a blocking thread.
async fn assemble(
    bank: Arc<Bank>,
    order: Arc<MidtermRequest>,
    student: Student,
    seed: u64,
) -> Result<Assembled, MidtermError> {
    let search = move || {
        let form = generate(&bank, &order, &student, seed)?;
        let questions = form.questions.into_iter().cloned().collect();
        Ok(Assembled { questions, blueprint: form.blueprint, fit: form.fit, last_seen: student.seen })
    };
    tokio::task::spawn_blocking(search).await.map_err(|error| MidtermError::Search(error.to_string()))?
}
