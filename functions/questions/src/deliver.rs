//! What practice and bundle have in common: choose questions, charge for them, deliver them with their solutions; and
//! answer again for a request that was done before.

use futures_util::future::try_join_all;
use serde::Serialize;
use shared::app::App;
use shared::domain::catalog::{Bank, QuestionSummary};
use shared::domain::credits::{Charge, Credits};
use shared::domain::id::CourseId;
use shared::domain::idempotency::{Intent, Outcome, Record};
use shared::domain::questions::selection::{Seen, Wish, select};
use shared::domain::questions::view::{Access, QuestionView};
use shared::http::{Claim, Code, Problem, active_course, check_reuse};
use shared::store::{Goods, Purchase, SpendError, StoreError};
use utoipa::ToSchema;

/// How often we choose again when another request of the same student was faster.
pub(crate) const CHOICES_MAX: u32 = 8;

/// What a student asks for, and what so many questions cost.
pub(crate) struct Order {
    pub(crate) course_id: CourseId,
    pub(crate) wish: Wish,
    pub(crate) charge: fn(usize) -> Charge,
    pub(crate) intent: Intent,
}

/// Questions that were paid for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    questions: Vec<QuestionView>,
    credits_deducted: Credits,
    credits: Credits,
}

/// Fills an order, or answers as it was filled before.
pub(crate) async fn deliver(app: &App, claim: &Claim, order: Order) -> Result<axum::Json<Delivery>, Problem> {
    let Order { course_id, wish, charge, intent } = order;
    let now = app.now();
    for _ in 0..CHOICES_MAX {
        let progress = async { app.store.progress(claim.user_id(), &course_id).await.map_err(Problem::from) };
        let record = async { app.store.record(claim.user_id(), &intent, now).await.map_err(Problem::from) };
        // The course may be gone since: what was done is answered first.
        let course = async { Ok(active_course(app, &course_id).await) };
        let reads = async { tokio::try_join!(course, progress, record) };
        let (user, (course, progress, record)) = claim.with::<_, Problem>(reads).await?;
        if let Some(record) = record {
            return again(app, &record, &intent).await;
        }
        let course = course?;
        let bank = app.store.bank(&course).await?;
        check_topics(&wish, &bank)?;

        let seen: Seen = progress.into_iter().map(|(id, row)| (id, row.seen_at)).collect();
        let chosen = select(&bank, &wish, &seen, app.random.seed());
        if chosen.is_empty() {
            return Err(Problem::new(Code::NoQuestions, "No question of this course fits; nothing was charged."));
        }
        let charge = charge(chosen.len());
        let goods: Vec<Goods> = chosen.iter().map(|question| goods(question, &seen)).collect();
        let purchase = Purchase { profile: user.profile, charge: &charge, goods: &goods, intent: Some(&intent), now };
        // The transaction makes sure that the questions are there, so they can be read meanwhile.
        let (receipt, questions) = tokio::join!(app.store.spend(purchase, &app.random), whole(app, &chosen));
        match receipt {
            Ok(receipt) => {
                return Ok(axum::Json(Delivery {
                    // It is paid for now: a read that failed is tried once more before the client has to.
                    questions: match questions {
                        Ok(questions) => questions,
                        Err(_) => whole(app, &chosen).await?,
                    },
                    credits_deducted: receipt.settlement.deducted(),
                    credits: receipt.profile.wallet.credits,
                }));
            }
            // Read anew: what is seen now, or the record of the twin, decides.
            Err(SpendError::GoodsTaken | SpendError::DoneBefore) => {}
            Err(error) => match app.store.record(claim.user_id(), &intent, now).await? {
                // The twin spent the credits that are missing here.
                Some(record) => return again(app, &record, &intent).await,
                None => return Err(error.into()),
            },
        }
    }
    Err(StoreError::Contention { attempts: CHOICES_MAX }.into())
}

/// The answer of a request that was done before.
async fn again(app: &App, record: &Record, intent: &Intent) -> Result<axum::Json<Delivery>, Problem> {
    check_reuse(record, intent)?;
    let Outcome::Questions { question_ids, credits_deducted, credits } = &record.outcome else {
        return Err(Problem::internal("a record of this path holds no questions"));
    };
    let found = try_join_all(question_ids.iter().map(|id| app.store.question(id))).await?;
    let questions = found.iter().flatten().map(|question| QuestionView::of(question, Access::Solution)).collect();
    Ok(axum::Json(Delivery { questions, credits_deducted: *credits_deducted, credits: *credits }))
}

/// Whole questions, in the order of their summaries.
async fn whole(app: &App, summaries: &[&QuestionSummary]) -> Result<Vec<QuestionView>, StoreError> {
    let whole = app.store.whole(summaries).await?;
    let questions = summaries.iter().filter_map(|summary| whole.get(&summary.meta.id));
    Ok(questions.map(|question| QuestionView::of(question, Access::Solution)).collect())
}

fn check_topics(wish: &Wish, bank: &Bank) -> Result<(), Problem> {
    let unknown = wish.topic_ids.iter().find(|id| bank.topic(id).is_none());
    unknown.map_or(Ok(()), |_| Err(Problem::not_found("topic")))
}

fn goods(question: &QuestionSummary, seen: &Seen) -> Goods {
    Goods::Question {
        course_id: question.meta.course_id.clone(),
        question_id: question.meta.id.clone(),
        access: Access::Solution,
        must_be_new: !seen.contains_key(&question.meta.id),
    }
}
