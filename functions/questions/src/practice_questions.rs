//! `POST /api/questions/practice`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::catalog::{Bank, QuestionSummary};
use shared::domain::credits::Credits;
use shared::domain::id::{CourseId, TopicId};
use shared::domain::practice::{Seen, Wish, charge, select};
use shared::domain::question_view::{Access, QuestionView};
use shared::http::{Body, Claim, Code, Json, Problem, active_course};
use shared::store::{Goods, Purchase, SpendError, StoreError};

use crate::fields::{Count, Difficulty, List, Technique};

/// Questions of a request that does not say how many.
const COUNT_DEFAULT: usize = 3;
/// How often we choose again when another request of the same student was faster.
const CHOICES_MAX: u32 = 8;

#[derive(Deserialize)]
pub(crate) struct PracticeRequest {
    course_id: CourseId,
    topic_ids: Option<List<TopicId>>,
    techniques: Option<List<Technique>>,
    difficulty: Option<Difficulty>,
    count: Option<Count>,
}

impl Body for PracticeRequest {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Serialize)]
pub(crate) struct Practice {
    questions: Vec<QuestionView>,
    credits_deducted: Credits,
    credits: Credits,
}

/// Unlocks questions and their solutions, one credit each.
pub(crate) async fn practice_questions(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<PracticeRequest>,
) -> Result<axum::Json<Practice>, Problem> {
    let course_id = request.course_id.clone();
    let wish = request.wish();
    for _ in 0..CHOICES_MAX {
        let progress = async { app.store.progress(claim.user_id(), &course_id).await.map_err(Problem::from) };
        let reads = async { tokio::try_join!(active_course(&app, &course_id), progress) };
        let (user, (course, progress)) = claim.with(reads).await?;
        let bank = app.store.bank(&course).await?;
        check_topics(&wish, &bank)?;

        let seen: Seen = progress.into_iter().map(|(id, row)| (id, row.seen_at)).collect();
        let chosen = select(&bank, &wish, &seen, app.random.seed());
        if chosen.is_empty() {
            return Err(Problem::new(Code::NoQuestions, "No question of this course fits; nothing was charged."));
        }
        let charge = charge(chosen.len());
        let goods: Vec<Goods> = chosen.iter().map(|question| goods(question, &seen)).collect();
        let purchase = Purchase { profile: user.profile, charge: &charge, goods: &goods, now: app.now() };
        // The transaction makes sure that the questions are there, so they can be read meanwhile.
        let (receipt, whole) = tokio::join!(app.store.spend(purchase, &app.random), app.store.whole(&chosen));
        let receipt = match receipt {
            Err(SpendError::GoodsTaken) => continue,
            other => other?,
        };
        let whole = whole?;
        let questions = chosen.iter().filter_map(|question| whole.get(&question.meta.id));
        return Ok(axum::Json(Practice {
            questions: questions.map(|question| QuestionView::of(question, Access::Solution)).collect(),
            credits_deducted: receipt.settlement.deducted(),
            credits: receipt.profile.wallet.credits,
        }));
    }
    Err(StoreError::Contention { attempts: CHOICES_MAX }.into())
}

impl PracticeRequest {
    fn wish(self) -> Wish {
        let techniques = self.techniques.map(|list| list.0).unwrap_or_default();
        Wish {
            topic_ids: self.topic_ids.map(|list| list.0).unwrap_or_default(),
            techniques: techniques.into_iter().map(|technique| technique.0).collect(),
            difficulty: self.difficulty.map(|difficulty| difficulty.0),
            count: self.count.map_or(COUNT_DEFAULT, |count| count.0),
        }
    }
}

fn check_topics(wish: &Wish, bank: &Bank) -> Result<(), Problem> {
    let unknown = wish.topic_ids.iter().find(|id| bank.topic(id).is_none());
    unknown.map_or(Ok(()), |_| Err(Problem::not_found("topic")))
}

fn goods(question: &QuestionSummary, seen: &Seen) -> Goods {
    Goods {
        course_id: question.meta.course_id.clone(),
        question_id: question.meta.id.clone(),
        must_be_new: !seen.contains_key(&question.meta.id),
    }
}
