//! Shared by practice and bundle: select questions, charge for them, and return them with their solutions.

use std::sync::Arc;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::purchase::{Choice, Payment, PurchaseRequest, Situation};
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::{Bank, Course, QuestionSummary};
use shared::domain::credits::{Charge, Credits};
use shared::domain::id::CourseId;
use shared::domain::idempotency::{Intent, Outcome, Record};
use shared::domain::questions::selection::{Criteria, Seen, select};
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::study::progress::Rows;
use shared::http::{Claim, Code, Problem, check_reuse};
use shared::store::{Entitlement, StoreError};
use utoipa::ToSchema;

/// A student's request for questions, and the price for a given number of them.
pub(crate) struct QuestionsRequest<'a> {
    pub(crate) app: &'a App,
    pub(crate) claim: &'a Claim,
    pub(crate) course_id: CourseId,
    pub(crate) criteria: Criteria,
    /// The field in which the topic of this index was sent.
    pub(crate) topic_field: fn(usize) -> String,
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

/// Input of the selection.
pub(crate) struct Facts {
    /// An error here fails the selection only. A replay of an earlier response still succeeds when the course is gone.
    course: Result<Arc<Course>, CourseError>,
    progress: Rows,
}

impl PurchaseRequest for QuestionsRequest<'_> {
    type Facts = Facts;
    type Chosen = Vec<QuestionSummary>;
    type Fetched = Result<Vec<QuestionView>, StoreError>;
    type Answer = axum::Json<Delivery>;
    type Error = Problem;

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<Facts>, Problem> {
        let Self { app, claim, course_id, intent, .. } = self;
        let progress = app.store.progress(claim.user_id(), course_id);
        let record = app.store.record(claim.user_id(), intent, now);
        let course = async { Ok(active_course(app, course_id).await) };
        let reads = async { tokio::try_join!(course, progress, record) };
        let (user, (course, progress, record)) = claim.with::<_, StoreError>(reads).await?;
        Ok(Situation { profile: user.profile, record, facts: Facts { course, progress } })
    }

    async fn replay(&self, record: Record, _: Facts) -> Result<Self::Answer, Problem> {
        check_reuse(&record, &self.intent)?;
        let Outcome::Questions { question_ids, credits_deducted, credits } = record.outcome else {
            return Err(Problem::internal("a record of this path holds no questions"));
        };
        let found = try_join_all(question_ids.iter().map(|id| self.app.store.question(id))).await?;
        let views = found.iter().flatten().map(|question| QuestionView::of(question, Access::Solution));
        let mut questions: Vec<QuestionView> = views.collect();
        self.app.sign_figures(&mut questions).await;
        Ok(axum::Json(Delivery { questions, credits_deducted, credits }))
    }

    async fn choose(&self, facts: Facts, _: Timestamp) -> Result<Choice<Self::Chosen>, Problem> {
        let bank = self.app.store.bank(&*facts.course?).await?;
        self.check_topics(&bank)?;
        let seen: Seen = facts.progress.into_iter().map(|(id, row)| (id, row.seen_at)).collect();
        let chosen = select(&bank, &self.criteria, &seen, self.app.random.seed());
        if chosen.is_empty() {
            return Err(Problem::new(Code::NoQuestions, "No question of this course fits; nothing was charged."));
        }
        let entitlements = chosen.iter().map(|question| entitlement(question, &seen)).collect();
        let charge = (self.charge)(chosen.len());
        Ok(Choice::Buy { chosen: chosen.into_iter().cloned().collect(), charge, entitlements })
    }

    /// Reads the questions in parallel with the transaction, which checks that they exist.
    async fn fetch(&self, chosen: &Self::Chosen) -> Self::Fetched {
        let summaries: Vec<&QuestionSummary> = chosen.iter().collect();
        let whole = self.app.store.whole(&summaries).await?;
        let questions = chosen.iter().filter_map(|summary| whole.get(&summary.meta.id));
        Ok(questions.map(|question| QuestionView::of(question, Access::Solution)).collect())
    }

    async fn deliver(
        &self,
        chosen: Self::Chosen,
        fetched: Self::Fetched,
        payment: Payment,
    ) -> Result<Self::Answer, Problem> {
        let mut questions = match fetched {
            Ok(questions) => questions,
            // The questions are paid for, so retry the read once before the client has to.
            Err(_) => self.fetch(&chosen).await?,
        };
        self.app.sign_figures(&mut questions).await;
        let Payment { deducted: credits_deducted, balance: credits } = payment;
        Ok(axum::Json(Delivery { questions, credits_deducted, credits }))
    }
}

impl QuestionsRequest<'_> {
    fn check_topics(&self, bank: &Bank) -> Result<(), Problem> {
        let mut topics = self.criteria.topic_ids.iter().enumerate();
        let unknown = topics.find(|(_, id)| bank.topic(id).is_none());
        unknown.map_or(Ok(()), |(at, id)| Err(Problem::not_found_in("topic", &(self.topic_field)(at), id.as_str())))
    }
}

fn entitlement(question: &QuestionSummary, seen: &Seen) -> Entitlement {
    Entitlement::Question {
        course_id: question.meta.course_id.clone(),
        question_id: question.meta.id.clone(),
        access: Access::Solution,
        must_be_new: !seen.contains_key(&question.meta.id),
    }
}
