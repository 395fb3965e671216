//! Unlocks one question without its solution. Free if the student has it already.

use jiff::Timestamp;

use super::App;
use super::caller::Caller;
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use crate::domain::catalog::{Course, Question};
use crate::domain::id::QuestionId;
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::questions::seen::{SeenInCourse, SeenQuestions};
use crate::domain::questions::selection::start_charge;
use crate::domain::questions::view::Access;
use crate::domain::study::progress::Progress;
use crate::store::{Entitlement, SpendError};

/// A student's request to start a question.
pub struct StartQuestion<'a, C> {
    pub app: &'a App,
    pub caller: &'a C,
    pub id: QuestionId,
    pub intent: Intent,
}

/// What the price depends on.
pub struct Found {
    question: Question,
    progress: Option<Progress>,
    course: Option<Course>,
    /// What the profile says of the student's questions.
    seen: SeenQuestions,
}

impl<C: Caller> PurchaseRequest for StartQuestion<'_, C> {
    type Facts = Found;
    type Chosen = Question;
    type Fetched = ();
    type Answer = (Question, Payment);
    type Error = C::Error;

    fn caller(&self) -> &impl Caller {
        self.caller
    }

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<Self::Facts>, C::Error> {
        let store = &self.app.store;
        let user_id = self.caller.user_id();
        let found = Box::pin(store.find_question(user_id, &self.id));
        let reads = async { tokio::try_join!(found, store.record(user_id, &self.intent, now)) };
        let (user, (found, record)) = self.caller.with(reads).await?;
        let (question, progress, course) = found.ok_or(SpendError::QuestionGone)?;
        let facts = Found { question, progress, course, seen: user.profile.seen_questions.clone() };
        Ok(Situation { profile: user.profile, record, facts })
    }

    async fn replay(&self, record: Record, found: Found) -> Result<Self::Answer, C::Error> {
        let Outcome::Questions { credits_deducted, credits, .. } = record.outcome_of(&self.intent)? else {
            return Err(ReplayError::WrongKind("questions").into());
        };
        Ok((found.question, Payment { deducted: credits_deducted, balance: credits }))
    }

    async fn choose(&self, found: Found, _: Timestamp) -> Result<Choice<Question>, C::Error> {
        let seen = self.seen_after(&found);
        let question = found.question;
        if found.progress.is_some() {
            return Ok(Choice::Owned { chosen: question, question_ids: vec![self.id.clone()] });
        }
        let entitlements = vec![Entitlement::Question {
            course_id: question.meta.course_id.clone(),
            question_id: self.id.clone(),
            access: Access::Question,
            must_be_new: true,
        }];
        Ok(Choice::Buy { chosen: question, charge: start_charge(self.app.terms()), entitlements, seen })
    }

    async fn fetch(&self, _: &Question) {}

    async fn deliver(&self, question: Question, (): (), payment: Payment) -> Result<Self::Answer, C::Error> {
        Ok((question, payment))
    }
}

impl<C: Caller> StartQuestion<'_, C> {
    /// The student's set of seen questions with this one. `None` if there is no set, or if the bank is not in memory: then
    /// the next purchase that draws this question is refused, and reads the progress.
    fn seen_after(&self, found: &Found) -> Option<SeenInCourse> {
        let course = found.course.as_ref()?;
        let bank = self.app.store.bank_in_memory(course)?;
        let mut seen = found.seen.of(course, bank.questions.len())?;
        seen.insert(bank.questions.iter().position(|question| question.meta.id == self.id)?);
        Some(SeenInCourse::new(course, &seen))
    }
}
