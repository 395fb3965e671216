//! Unlocks one question without its solution. Free if the student has it already.

use jiff::Timestamp;

use super::App;
use super::caller::Caller;
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use crate::domain::catalog::Question;
use crate::domain::id::QuestionId;
use crate::domain::idempotency::{Intent, Outcome, Record};
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

impl<C: Caller> PurchaseRequest for StartQuestion<'_, C> {
    type Facts = (Question, Option<Progress>);
    type Chosen = Question;
    type Fetched = ();
    type Answer = (Question, Payment);
    type Error = C::Error;

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<Self::Facts>, C::Error> {
        let store = &self.app.store;
        let user_id = self.caller.user_id();
        let found = store.question_for(user_id, &self.id);
        let reads = async { tokio::try_join!(found, store.record(user_id, &self.intent, now)) };
        let (user, (found, record)) = self.caller.with(reads).await?;
        let facts = found.ok_or(SpendError::QuestionGone)?;
        Ok(Situation { profile: user.profile, record, facts })
    }

    async fn replay(&self, record: Record, (question, _): Self::Facts) -> Result<Self::Answer, C::Error> {
        let Outcome::Questions { credits_deducted, credits, .. } = record.outcome_of(&self.intent)? else {
            return Err(ReplayError::WrongKind("questions").into());
        };
        Ok((question, Payment { deducted: credits_deducted, balance: credits }))
    }

    async fn choose(&self, (question, progress): Self::Facts, _: Timestamp) -> Result<Choice<Question>, C::Error> {
        if progress.is_some() {
            return Ok(Choice::Owned { chosen: question, question_ids: vec![self.id.clone()] });
        }
        let entitlements = vec![Entitlement::Question {
            course_id: question.meta.course_id.clone(),
            question_id: self.id.clone(),
            access: Access::Question,
            must_be_new: true,
        }];
        Ok(Choice::Buy { chosen: question, charge: start_charge(), entitlements })
    }

    async fn fetch(&self, _: &Question) {}

    async fn deliver(&self, question: Question, (): (), payment: Payment) -> Result<Self::Answer, C::Error> {
        Ok((question, payment))
    }
}
