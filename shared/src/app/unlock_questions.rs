//! Practice and bundles: selects questions, charges for them, and returns them with their solutions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::caller::Caller;
use super::known_questions::{KnownQuestions, Sale, placed, set_of};
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use super::{App, CourseError, active_course};
use crate::domain::catalog::{Course, QuestionSummary};
use crate::domain::credits::Charge;
use crate::domain::id::{CourseId, TopicId};
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::questions::selection::{Criteria, select, select_unseen};
use crate::domain::questions::view::{Access, QuestionView};
use crate::domain::settings::CreditTerms;
use crate::store::StoreError;

/// A student's request for questions, and the price for a given number of them.
pub struct UnlockQuestions<'a, C> {
    pub app: &'a App,
    pub caller: &'a C,
    pub course_id: CourseId,
    pub criteria: Criteria,
    /// The field in which the topic of this index was sent.
    pub topic_field: fn(usize) -> String,
    /// Price for this number of questions.
    pub charge: fn(usize, &CreditTerms) -> Charge,
    pub intent: Intent,
    /// Whether an earlier choice was refused, so that the student's set of seen questions cannot be trusted.
    pub is_refused: AtomicBool,
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
    /// What the profile says of the student's questions.
    known: KnownQuestions,
    /// Whether an earlier choice was refused: then the progress decides.
    is_refused: bool,
}

/// Selected questions of a course.
pub struct ChosenQuestions {
    course: Arc<Course>,
    questions: Vec<QuestionSummary>,
}

impl<C: Caller> PurchaseRequest for UnlockQuestions<'_, C>
where
    C::Error: From<SelectionError>,
{
    type Facts = SelectionInput;
    type Chosen = ChosenQuestions;
    type Fetched = Result<Vec<QuestionView>, StoreError>;
    type Answer = Unlocked;
    type Error = C::Error;

    fn caller(&self) -> &impl Caller {
        self.caller
    }

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<SelectionInput>, C::Error> {
        let Self { app, caller, course_id, intent, .. } = self;
        let is_refused = self.is_refused.swap(true, Ordering::Relaxed);
        let record = app.store.record(caller.user_id(), intent, now);
        let course = async { Ok(active_course(app, course_id).await) };
        let reads = async { tokio::try_join!(course, record) };
        let (user, (course, record)) = caller.with::<_, StoreError>(reads).await?;
        let facts = SelectionInput { course, known: KnownQuestions::of(&user.profile, app), is_refused };
        Ok(Situation { profile: user.profile, record, facts })
    }

    async fn replay(&self, record: Record, _: SelectionInput) -> Result<Unlocked, C::Error> {
        let Outcome::Questions { question_ids, credits_deducted, credits } = record.outcome_of(&self.intent)? else {
            return Err(ReplayError::WrongKind("questions").into());
        };
        let found = try_join_all(question_ids.iter().map(|id| self.app.store.question(id))).await?;
        let questions = found.iter().flatten().map(|question| QuestionView::of(question, Access::Solution)).collect();
        Ok(Unlocked { questions, payment: Payment { deducted: credits_deducted, balance: credits } })
    }

    async fn choose(&self, input: SelectionInput, now: Timestamp) -> Result<Choice<Self::Chosen>, C::Error> {
        let SelectionInput { course, known, is_refused } = input;
        let course = course?;
        let bank = self.app.store.bank(&course).await?;
        let mut topics = self.criteria.topic_ids.iter().enumerate();
        if let Some((at, topic_id)) = topics.find(|(_, id)| bank.topic(id).is_none()) {
            let (field, topic_id) = ((self.topic_field)(at), topic_id.clone());
            return Err(SelectionError::UnknownTopic { field, topic_id }.into());
        }
        let draw = self.app.random.seed();
        if !is_refused
            && let Some(before) = known.set(&course, &bank)
            && let Some(places) = select_unseen(&bank, &self.criteria, |place| before.contains(place), draw)
        {
            let chosen: Vec<_> = places.into_iter().map(|place| (&bank.questions[place], Some(place))).collect();
            let sale = known.sale(self.app, &course, before, &chosen, now);
            return self.buy(course, &chosen, sale);
        }
        // After the profile, whose version guards the choice.
        let times = self.app.store.unlocked_times(self.caller.user_id(), &self.course_id).await?;
        let chosen = select(&bank, &self.criteria, |id| times.last_seen.get(id).copied(), draw);
        let chosen = placed(&bank, chosen, &times.last_seen);
        let sale = known.sale(self.app, &course, set_of(&bank, &times), &chosen, now);
        self.buy(course, &chosen, sale)
    }

    /// Reads the questions in parallel with the transaction. They exist: a bank lists a question only after its item is
    /// stored, items are never deleted, and the read is strongly consistent.
    async fn fetch(&self, chosen: &Self::Chosen) -> Self::Fetched {
        let ChosenQuestions { course, questions } = chosen;
        let whole = self.app.store.kept_questions(course, &questions.iter().collect::<Vec<_>>()).await?;
        let view = |summary: &QuestionSummary| {
            let id = &summary.meta.id;
            let missing = || StoreError::Corrupt { entity: "Question", cause: format!("{id} is not in the table") };
            whole.get(id).map(|question| QuestionView::of(question, Access::Solution)).ok_or_else(missing)
        };
        questions.iter().map(view).collect()
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

impl<C: Caller> UnlockQuestions<'_, C>
where
    C::Error: From<SelectionError>,
{
    /// The purchase of these questions.
    fn buy(
        &self,
        course: Arc<Course>,
        chosen: &[(&QuestionSummary, Option<usize>)],
        Sale { entitlements, seen }: Sale,
    ) -> Result<Choice<ChosenQuestions>, C::Error> {
        if chosen.is_empty() {
            return Err(SelectionError::NoMatch.into());
        }
        let charge = (self.charge)(chosen.len(), self.app.terms());
        let questions = chosen.iter().map(|(question, _)| (*question).clone()).collect();
        Ok(Choice::Buy { chosen: ChosenQuestions { course, questions }, charge, entitlements, seen: Some(seen) })
    }
}
