//! `POST /api/midterm/generate`

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::app::purchase::{Choice, Payment, PurchaseRequest, Situation};
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::{Bank, Course, QuestionSummary};
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::domain::idempotency::{IdempotencyKey, Intent, Outcome, Record};
use shared::domain::midterm::{
    BlueprintView, Fit, Infeasible, Level, Midterm, MidtermId, MidtermRequest, Student, charge, generate, unknown_topic,
};
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::study::progress::Rows;
use shared::domain::study::{Calibration, Study};
use shared::http::{Body, Claim, Code, Once, Problem, bytes_as_sent, check_reuse};
use shared::store::{Entitlement, StoreError};
use utoipa::ToSchema;

use crate::config::{Config, SEED_BITS};
use crate::sheet::Sheet;

/// Byte limit for a midterm's questions as JSON. A Lambda response holds at most 6 MB. The stored form stays below a
/// transaction's limit of 4 MB, because compression saves at least a sixth, even for the densest text.
const QUESTIONS_BYTES_MAX: usize = 4_500_000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateRequest {
    course_id: CourseId,
    /// Either `difficulty` or `config`: both at once are 422, neither is 400.
    difficulty: Option<Level>,
    /// Not beside `difficulty`.
    config: Option<Config>,
}

impl Body for GenerateRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Serialize, ToSchema)]
#[schema(as = GeneratedMidterm)]
pub(crate) struct Generated {
    #[serde(flatten)]
    sheet: Sheet,
    credits_deducted: Credits,
    credits: Credits,
}

/// A midterm that was assembled and not yet paid for.
struct Assembled {
    questions: Vec<QuestionSummary>,
    blueprint: BlueprintView,
    fit: Fit,
}

/// Generates a midterm and unlocks its questions and their solutions.
#[utoipa::path(
    post, path = "/api/midterm/generate",
    request_body = GenerateRequest,
    params(("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses((status = 200, body = Generated)),
    extensions(("x-problems" = json!(["insufficient_credits", "not_found", "no_questions", "blueprint_infeasible"])))
)]
pub(crate) async fn generate_midterm(
    State(app): State<App>,
    claim: Claim,
    Once(request, intent): Once<GenerateRequest>,
) -> Result<axum::Json<Generated>, Problem> {
    let (course_id, order, seed) = request.order()?;
    let order = Generation { app: &app, claim: &claim, course_id, order: Arc::new(order), seed, intent };
    app.purchase(&order).await
}

/// A student's request for a midterm.
struct Generation<'a> {
    app: &'a App,
    claim: &'a Claim,
    course_id: CourseId,
    order: Arc<MidtermRequest>,
    seed: Option<u64>,
    intent: Intent,
}

/// Input of the generation.
struct Facts {
    /// An error here fails the generation only. A replay of an earlier response still succeeds when the course is gone.
    course: Result<Arc<Course>, CourseError>,
    progress: Rows,
    study: Study,
    calibration: Arc<Calibration>,
}

impl PurchaseRequest for Generation<'_> {
    type Facts = Facts;
    type Chosen = Midterm<QuestionView>;
    type Fetched = ();
    type Answer = axum::Json<Generated>;
    type Error = Problem;

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<Facts>, Problem> {
        let Self { app, claim, course_id, intent, .. } = self;
        let (user_id, store) = (claim.user_id(), &app.store);
        let course = async { Ok(active_course(app, course_id).await) };
        let (progress, study) = (store.progress(user_id, course_id), store.study(user_id, course_id));
        let (calibration, record) = (store.calibration(course_id, now), store.record(user_id, intent, now));
        let reads = async { tokio::try_join!(course, progress, study, calibration, record) };
        let (user, (course, progress, study, calibration, record)) = claim.with::<_, StoreError>(reads).await?;
        Ok(Situation { profile: user.profile, record, facts: Facts { course, progress, study, calibration } })
    }

    async fn replay(&self, record: Record, _: Facts) -> Result<Self::Answer, Problem> {
        check_reuse(&record, &self.intent)?;
        let Outcome::Midterm { midterm_id, credits_deducted, credits } = record.outcome else {
            return Err(Problem::internal("a record of this path holds no midterm"));
        };
        let midterm = self.app.store.midterm(self.claim.user_id(), midterm_id).await?;
        let mut midterm = midterm.ok_or_else(|| Problem::internal("a record names a midterm that is not there"))?;
        self.app.sign_figures(&mut midterm.questions).await;
        Ok(axum::Json(Generated { sheet: midterm.into(), credits_deducted, credits }))
    }

    async fn choose(&self, facts: Facts, now: Timestamp) -> Result<Choice<Self::Chosen>, Problem> {
        let bank = self.app.store.bank(&*facts.course?).await?;
        if let Some((list, at, entry)) = unknown_topic(&bank, &self.order) {
            return Err(Problem::not_found_in("topic", &format!("config.{list}[{at}]"), entry));
        }
        if bank.for_sale().next().is_none() {
            return Err(Problem::new(Code::NoQuestions, "This course has no questions; nothing was charged."));
        }
        let seed = self.seed.unwrap_or_else(|| self.app.random.seed() >> (u64::BITS - SEED_BITS));
        let student = Student::of(&bank, &facts.progress, &facts.study, &facts.calibration, now);
        let form = assemble(bank, Arc::clone(&self.order), student, seed).await??;
        let unlocked = form.questions.iter().map(|question| Entitlement::Question {
            course_id: self.course_id.clone(),
            question_id: question.meta.id.clone(),
            access: Access::Solution,
            must_be_new: !facts.progress.contains_key(&question.meta.id),
        });
        let mut entitlements: Vec<Entitlement> = unlocked.collect();
        let midterm = Midterm {
            id: MidtermId(self.app.random.uuid_v7(now)),
            course_id: self.course_id.clone(),
            level: self.order.level,
            questions: whole(self.app, &form.questions).await?,
            blueprint: form.blueprint,
            fit: form.fit,
            seed,
            created_at: now,
        };
        if bytes_as_sent(&midterm.questions) > QUESTIONS_BYTES_MAX {
            return Err(too_large());
        }
        entitlements.push(Entitlement::Midterm(Box::new(midterm.clone())));
        Ok(Choice::Buy { charge: charge(midterm.questions.len()), chosen: midterm, entitlements })
    }

    async fn fetch(&self, _: &Self::Chosen) {}

    async fn deliver(&self, mut midterm: Self::Chosen, (): (), payment: Payment) -> Result<Self::Answer, Problem> {
        // Addresses are not stored with the midterm: they change with the key.
        self.app.sign_figures(&mut midterm.questions).await;
        let Payment { deducted: credits_deducted, balance: credits } = payment;
        Ok(axum::Json(Generated { sheet: midterm.into(), credits_deducted, credits }))
    }
}

impl GenerateRequest {
    fn order(self) -> Result<(CourseId, MidtermRequest, Option<u64>), Problem> {
        let (order, seed) = match (self.difficulty, self.config) {
            (Some(level), None) => (MidtermRequest::of(level), None),
            (None, Some(config)) => config.order()?,
            (Some(_), Some(_)) => {
                return Err(Problem::invalid_field("config", "must not be given together with `difficulty`"));
            }
            (None, None) => {
                let problem = Problem::new(Code::MissingField, "`difficulty` or `config` is required.");
                return Err(problem.with_member("field", "difficulty"));
            }
        };
        Ok((self.course_id, order, seed))
    }
}

/// The search takes about 50 ms of CPU time, so it runs on a blocking thread.
async fn assemble(
    bank: Arc<Bank>,
    order: Arc<MidtermRequest>,
    student: Student,
    seed: u64,
) -> Result<Result<Assembled, Infeasible>, Problem> {
    let search = move || {
        let form = generate(&bank, &order, &student, seed)?;
        let questions = form.questions.into_iter().cloned().collect();
        Ok(Assembled { questions, blueprint: form.blueprint, fit: form.fit })
    };
    tokio::task::spawn_blocking(search).await.map_err(Problem::internal)
}

/// Full questions, in the order of `summaries`. They are stored with the midterm, so they are read before the charge.
async fn whole(app: &App, summaries: &[QuestionSummary]) -> Result<Vec<QuestionView>, Problem> {
    let whole = app.store.whole(&summaries.iter().collect::<Vec<_>>()).await?;
    let view = |summary: &QuestionSummary| Some(QuestionView::of(whole.get(&summary.meta.id)?, Access::Solution));
    let views: Option<Vec<QuestionView>> = summaries.iter().map(view).collect();
    views.ok_or_else(|| Problem::unavailable("a question of the bank is not in the table"))
}

/// Only embedded figures make a midterm this large.
fn too_large() -> Problem {
    let detail = "These questions are too large for one midterm: ask for fewer of them; nothing was charged.";
    Problem::new(Code::BlueprintInfeasible, detail).with_member("conflicts", Vec::<String>::new())
}
