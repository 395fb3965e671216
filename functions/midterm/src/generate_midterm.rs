//! `POST /api/midterm/generate`

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::catalog::{Bank, QuestionSummary};
use shared::domain::credits::Credits;
use shared::domain::id::{CourseId, TopicId};
use shared::domain::idempotency::{IdempotencyKey, Intent, Outcome, Record};
use shared::domain::midterm::{
    BlueprintView, Fit, Infeasible, Level, Midterm, MidtermId, Mix, Order, Student, charge, generate, unknown_topic,
};
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::schema::{has_schema, whole as whole_number};
use shared::domain::study::progress::Rows;
use shared::domain::study::{Calibration, Study};
use shared::http::fields::{List, Technique, Whole};
use shared::http::{Body, Claim, Code, Once, Problem, active_course, check_reuse};
use shared::store::{Goods, Purchase, SpendError, StoreError};
use utoipa::ToSchema;

use crate::sheet::Sheet;

/// How often we choose again when another request of the same student was faster.
const CHOICES_MAX: u32 = 8;
/// Seeds are whole numbers that every JSON reader keeps.
const SEED_BITS: u32 = 53;

#[derive(Deserialize, ToSchema)]
pub(crate) struct GenerateRequest {
    course_id: CourseId,
    difficulty: Option<Level>,
    config: Option<Config>,
}

impl Body for GenerateRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Deserialize, ToSchema)]
#[schema(as = MidtermConfig)]
struct Config {
    question_count: Whole<3, 20>,
    #[schema(value_type = Option<MixShares>)]
    difficulty_distribution: Option<MixField>,
    #[schema(value_type = Option<Vec<TopicId>>, max_items = 50)]
    topic_ids: Option<List<TopicId>>,
    #[schema(value_type = Option<Vec<Technique>>, max_items = 50)]
    techniques: Option<List<Technique>>,
    minutes: Option<Whole<1, 600>>,
    points: Option<Whole<1, 1_000>>,
    seed: Option<Seed>,
}

#[derive(Deserialize)]
#[serde(try_from = "MixShares")]
struct MixField(Mix);

#[derive(Deserialize, ToSchema)]
struct MixShares {
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    easy: f64,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    medium: f64,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    hard: f64,
}

impl TryFrom<MixShares> for MixField {
    type Error = &'static str;

    fn try_from(MixShares { easy, medium, hard }: MixShares) -> Result<Self, Self::Error> {
        let fits = [easy, medium, hard].iter().all(|share| (0.0..=1_000.0).contains(share));
        if fits && easy + medium + hard > 0.0 {
            Ok(Self(Mix { easy, medium, hard }))
        } else {
            Err("must have shares `easy`, `medium`, `hard` from 0 to 1000, not all 0")
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
struct Seed(u64);

has_schema!(Seed, whole_number(0, (1 << SEED_BITS) - 1));

impl TryFrom<u64> for Seed {
    type Error = &'static str;

    fn try_from(seed: u64) -> Result<Self, Self::Error> {
        if seed >> SEED_BITS == 0 { Ok(Self(seed)) } else { Err("must be a whole number below 2^53") }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = GeneratedMidterm)]
pub(crate) struct Generated {
    #[serde(flatten)]
    sheet: Sheet,
    credits_deducted: Credits,
    credits: Credits,
}

/// What was chosen, before it is paid for.
struct Chosen {
    questions: Vec<QuestionSummary>,
    blueprint: BlueprintView,
    fit: Fit,
    seed: u64,
}

/// Assembles a midterm and unlocks its questions with their solutions.
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
    let order = Arc::new(order);
    let (now, user_id) = (app.now(), claim.user_id());
    for _ in 0..CHOICES_MAX {
        let of_student = async {
            let (progress, study) = (app.store.progress(user_id, &course_id), app.store.study(user_id, &course_id));
            tokio::try_join!(progress, study, app.store.calibration(&course_id, now)).map_err(Problem::from)
        };
        let record = async { app.store.record(claim.user_id(), &intent, now).await.map_err(Problem::from) };
        // The course may be gone since: what was done is answered first.
        let course = async { Ok(active_course(&app, &course_id).await) };
        let reads = async { tokio::try_join!(course, of_student, record) };
        let (user, (course, (progress, study, calibration), record)) = claim.with::<_, Problem>(reads).await?;
        if let Some(record) = record {
            return again(&app, &claim, &record, &intent).await;
        }
        let course = course?;
        let bank = app.store.bank(&course).await?;
        if unknown_topic(&bank, &order).is_some() {
            return Err(Problem::not_found("topic"));
        }
        if bank.for_sale().next().is_none() {
            return Err(Problem::new(Code::NoQuestions, "This course has no questions; nothing was charged."));
        }
        let seed = seed.unwrap_or_else(|| app.random.seed() >> (u64::BITS - SEED_BITS));
        let student = student(&bank, &progress, &study, &calibration, now);
        let chosen = choose(bank, Arc::clone(&order), student, seed).await??;

        let midterm = Midterm {
            id: MidtermId(app.random.uuid_v7(now)),
            course_id: course_id.clone(),
            level: order.level,
            questions: whole(&app, &chosen.questions).await?,
            blueprint: chosen.blueprint,
            fit: chosen.fit,
            seed: chosen.seed,
            created_at: now,
        };
        let charge = charge(midterm.questions.len());
        let unlocked = chosen.questions.iter().map(|question| Goods::Question {
            course_id: course_id.clone(),
            question_id: question.meta.id.clone(),
            access: Access::Solution,
            must_be_new: !progress.contains_key(&question.meta.id),
        });
        let goods: Vec<Goods> = unlocked.chain([Goods::Midterm(Box::new(midterm.clone()))]).collect();
        let purchase = Purchase { profile: user.profile, charge: &charge, goods: &goods, intent: Some(&intent), now };
        match app.store.spend(purchase, &app.random).await {
            Ok(receipt) => {
                return Ok(axum::Json(Generated {
                    sheet: midterm.into(),
                    credits_deducted: receipt.settlement.deducted(),
                    credits: receipt.profile.wallet.credits,
                }));
            }
            // Read anew: what is seen now, or the record of the twin, decides.
            Err(SpendError::GoodsTaken | SpendError::DoneBefore) => {}
            Err(error) => match app.store.record(claim.user_id(), &intent, now).await? {
                // The twin spent the credits that are missing here.
                Some(record) => return again(&app, &claim, &record, &intent).await,
                None => return Err(error.into()),
            },
        }
    }
    Err(StoreError::Contention { attempts: CHOICES_MAX }.into())
}

impl GenerateRequest {
    fn order(self) -> Result<(CourseId, Order, Option<u64>), Problem> {
        let (order, seed) = match (self.difficulty, self.config) {
            (Some(level), None) => (Order::of(level), None),
            (None, Some(config)) => config.order(),
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

impl Config {
    fn order(self) -> (Order, Option<u64>) {
        let techniques = self.techniques.map(|list| list.0).unwrap_or_default();
        let order = Order {
            level: None,
            question_count: self.question_count.count(),
            difficulty: self.difficulty_distribution.map(|mix| mix.0),
            topic_ids: self.topic_ids.map(|list| list.0).unwrap_or_default(),
            techniques: techniques.into_iter().map(|technique| technique.0).collect(),
            minutes: self.minutes.map(|minutes| f64::from(minutes.get())),
            points: self.points.map(|points| f64::from(points.get())),
        };
        (order, self.seed.map(|seed| seed.0))
    }
}

fn student(bank: &Bank, progress: &Rows, study: &Study, calibration: &Calibration, now: Timestamp) -> Student {
    let weakness = |topic: &TopicId| 1.0 - study.estimate(topic, calibration, bank, now).mastery;
    Student {
        seen: progress.iter().map(|(id, row)| (id.clone(), row.seen_at)).collect(),
        weakness: study.mastery.topics.keys().map(|topic| (topic.clone(), weakness(topic))).collect(),
    }
}

/// The search takes some 50 ms of a processor: not on the thread that answers others.
async fn choose(
    bank: Arc<Bank>,
    order: Arc<Order>,
    student: Student,
    seed: u64,
) -> Result<Result<Chosen, Infeasible>, Problem> {
    let search = move || {
        let form = generate(&bank, &order, &student, seed)?;
        let questions = form.questions.into_iter().cloned().collect();
        Ok(Chosen { questions, blueprint: form.blueprint, fit: form.fit, seed })
    };
    tokio::task::spawn_blocking(search).await.map_err(Problem::internal)
}

/// Whole questions, in the order of their summaries: a form is kept with its questions, so they are read before it is
/// paid for.
async fn whole(app: &App, summaries: &[QuestionSummary]) -> Result<Vec<QuestionView>, Problem> {
    let whole = app.store.whole(&summaries.iter().collect::<Vec<_>>()).await?;
    let view = |summary: &QuestionSummary| Some(QuestionView::of(whole.get(&summary.meta.id)?, Access::Solution));
    let views: Option<Vec<QuestionView>> = summaries.iter().map(view).collect();
    views.ok_or_else(|| Problem::unavailable("a question of the bank is not in the table"))
}

/// The answer of a request that was done before.
async fn again(app: &App, claim: &Claim, record: &Record, intent: &Intent) -> Result<axum::Json<Generated>, Problem> {
    check_reuse(record, intent)?;
    let Outcome::Midterm { midterm_id, credits_deducted, credits } = record.outcome else {
        return Err(Problem::internal("a record of this path holds no midterm"));
    };
    let midterm = app.store.midterm(claim.user_id(), midterm_id).await?;
    let midterm = midterm.ok_or_else(|| Problem::internal("a record names a midterm that is not there"))?;
    Ok(axum::Json(Generated { sheet: midterm.into(), credits_deducted, credits }))
}
