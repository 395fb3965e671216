//! Unlocks one question without its solution. Free if the student has it already.

use jiff::Timestamp;

use super::App;
use super::caller::Caller;
use super::known_questions::set_of;
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use crate::domain::catalog::{Bank, Question};
use crate::domain::id::QuestionId;
use crate::domain::idempotency::{Intent, Outcome, Record};
use crate::domain::questions::seen::{AddedQuestions, SeenChange, SeenQuestions};
use crate::domain::questions::selection::start_charge;
use crate::domain::questions::view::Access;
use crate::store::{Entitlement, HeldQuestion, SpendError, StoreError};

/// A student's request to start a question.
pub struct StartQuestion<'a, C> {
    pub app: &'a App,
    pub caller: &'a C,
    pub id: QuestionId,
    pub intent: Intent,
}

/// What the price depends on.
pub struct Found {
    held: HeldQuestion,
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
        let held = store.for_student(&user.profile, found).await?.ok_or(SpendError::QuestionGone)?;
        let facts = Found { held, seen: user.profile.seen_questions.clone() };
        Ok(Situation { profile: user.profile, record, facts })
    }

    async fn replay(&self, record: Record, found: Found) -> Result<Self::Answer, C::Error> {
        let Outcome::Questions { credits_deducted, credits, .. } = record.outcome_of(&self.intent)? else {
            return Err(ReplayError::WrongKind("questions").into());
        };
        Ok((found.held.question, Payment { deducted: credits_deducted, balance: credits }))
    }

    async fn choose(&self, found: Found, _: Timestamp) -> Result<Choice<Question>, C::Error> {
        if found.held.holding.is_unlocked() {
            return Ok(Choice::Owned { chosen: found.held.question, question_ids: vec![self.id.clone()] });
        }
        let seen = self.seen_after(&found).await?;
        let question = found.held.question;
        let entitlements = vec![Entitlement::Question {
            course_id: question.meta.course_id.clone(),
            question_id: self.id.clone(),
            access: Access::Question,
            must_be_new: true,
        }];
        Ok(Choice::Buy { chosen: question, charge: start_charge(self.app.terms()), entitlements, seen: Some(seen) })
    }

    async fn fetch(&self, _: &Question) {}

    async fn deliver(&self, question: Question, (): (), payment: Payment) -> Result<Self::Answer, C::Error> {
        Ok((question, payment))
    }
}

impl<C: Caller> StartQuestion<'_, C> {
    /// What the start changes in the sets. A hint stays as it is if the bank is not in memory: then the next purchase that draws
    /// this question is refused, and reads the progress. An exact set that is missing is read after the profile, so that
    /// concurrent starts find it. It is forgotten if the question is in no bank.
    async fn seen_after(&self, Found { held, seen }: &Found) -> Result<SeenChange, StoreError> {
        let store = &self.app.store;
        let added = |bank: &Bank| {
            let place = bank.questions.iter().position(|question| question.meta.id == self.id)?;
            Some(AddedQuestions { delivered: Vec::new(), single: vec![place] })
        };
        let course = held.course.as_ref();
        if !seen.is_exact() {
            let hint = course.and_then(|course| {
                let bank = store.bank_in_memory(course)?;
                let added = added(&bank)?;
                Some(SeenChange::hint(course, seen.hint(course, bank.questions.len())?, &added))
            });
            return Ok(hint.unwrap_or(SeenChange::Nothing));
        }
        if let Some(course) = course {
            let bank = store.bank(course).await?;
            if let Some(added) = added(&bank) {
                let before = match seen.exact(course, bank.questions.len()) {
                    Some(before) => before,
                    None => set_of(&bank, &store.unlocked_times(self.caller.user_id(), &course.id).await?),
                };
                let (course_id, bank) = (course.id.clone(), course.bank.clone());
                return Ok(SeenChange::Exact { course_id, bank, before, added });
            }
        }
        Ok(SeenChange::Forget(held.question.meta.course_id.clone()))
    }
}
