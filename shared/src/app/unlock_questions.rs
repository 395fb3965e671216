//! Practice and bundles: selects questions, charges for them, and returns them with their solutions.

use std::sync::Arc;

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::caller::Caller;
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use super::{App, CourseError, active_course};
use crate::domain::catalog::{Course, QuestionSummary};
use crate::domain::credits::Charge;
use crate::domain::id::{CourseId, TopicId};
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::questions::selection::{Criteria, select};
use crate::domain::questions::view::{Access, QuestionView};
use crate::domain::study::progress::LastSeen;
use crate::store::{Entitlement, StoreError};

/// A student's request for questions, and the price for a given number of them.
pub struct UnlockQuestions<'a, C> {
    pub app: &'a App,
    pub caller: &'a C,
    pub course_id: CourseId,
    pub criteria: Criteria,
    /// The field in which the topic of this index was sent.
    pub topic_field: fn(usize) -> String,
    /// Price for this number of questions.
    pub charge: fn(usize) -> Charge,
    pub intent: Intent,
}

/// Questions with their solutions, in the order of the selection.
pub struct Unlocked {
    pub questions: Vec<QuestionView>,
    pub payment: Payment,
}

/// Why no question was selected. Nothing was charged.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The course has no such topic.
    #[error("the course has no topic {topic_id:?}")]
    UnknownTopic {
        /// The field that names it.
        field: String,
        topic_id: TopicId,
    },
    /// No question of the course matches the criteria.
    #[error("no question matches the criteria")]
    NoMatch,
}

/// Input of the selection.
pub struct SelectionInput {
    /// An error here fails the selection only. A replay of an earlier response still succeeds when the course is gone.
    course: Result<Arc<Course>, CourseError>,
    last_seen: LastSeen,
}

impl<C: Caller> PurchaseRequest for UnlockQuestions<'_, C>
where
    C::Error: From<SelectionError>,
{
    type Facts = SelectionInput;
    type Chosen = Vec<QuestionSummary>;
    type Fetched = Result<Vec<QuestionView>, StoreError>;
    type Answer = Unlocked;
    type Error = C::Error;

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<SelectionInput>, C::Error> {
        let Self { app, caller, course_id, intent, .. } = self;
        let last_seen = app.store.last_seen(caller.user_id(), course_id);
        let record = app.store.record(caller.user_id(), intent, now);
        let course = async { Ok(active_course(app, course_id).await) };
        let reads = async { tokio::try_join!(course, last_seen, record) };
        let (user, (course, last_seen, record)) = caller.with::<_, StoreError>(reads).await?;
        Ok(Situation { profile: user.profile, record, facts: SelectionInput { course, last_seen } })
    }

    async fn replay(&self, record: Record, _: SelectionInput) -> Result<Unlocked, C::Error> {
        let Outcome::Questions { question_ids, credits_deducted, credits } = record.outcome_of(&self.intent)? else {
            return Err(ReplayError::WrongKind("questions").into());
        };
        let found = try_join_all(question_ids.iter().map(|id| self.app.store.question(id))).await?;
        let questions = found.iter().flatten().map(|question| QuestionView::of(question, Access::Solution)).collect();
        Ok(Unlocked { questions, payment: Payment { deducted: credits_deducted, balance: credits } })
    }

    async fn choose(&self, input: SelectionInput, _: Timestamp) -> Result<Choice<Self::Chosen>, C::Error> {
        let bank = self.app.store.bank(&*input.course?).await?;
        let mut topics = self.criteria.topic_ids.iter().enumerate();
        if let Some((at, topic_id)) = topics.find(|(_, id)| bank.topic(id).is_none()) {
            let (field, topic_id) = ((self.topic_field)(at), topic_id.clone());
            return Err(SelectionError::UnknownTopic { field, topic_id }.into());
        }
        let seen = input.last_seen;
        let chosen = select(&bank, &self.criteria, |id| seen.get(id).copied(), self.app.random.seed());
        if chosen.is_empty() {
            return Err(SelectionError::NoMatch.into());
        }
        let is_new = |question: &QuestionSummary| !seen.contains_key(&question.meta.id);
        let entitlements =
            chosen.iter().map(|question| Entitlement::solution(&question.meta, is_new(question))).collect();
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
    ) -> Result<Unlocked, C::Error> {
        let questions = match fetched {
            Ok(questions) => questions,
            // The questions are paid for, so retry the read once before the client has to.
            Err(_) => self.fetch(&chosen).await?,
        };
        Ok(Unlocked { questions, payment })
    }
}
