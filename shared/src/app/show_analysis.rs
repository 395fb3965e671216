//! Sells the analysis of a course's past exams. Each edition is charged once; later requests for it are free.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::caller::Caller;
use super::purchase::{Choice, Payment, PurchaseRequest, ReplayError, Situation};
use super::{App, CourseError, active_course};
use crate::domain::analysis::{Analysis, charge};
use crate::domain::catalog::Course;
use crate::domain::credits::Credits;
use crate::domain::id::CourseId;
use crate::domain::idempotency::{Intent, Record};
use crate::domain::limits::LimitedAction;
use crate::store::{Entitlement, StoreError};

/// A request for the current edition of a course's analysis.
pub struct ShowAnalysis<'a, C> {
    pub app: &'a App,
    pub caller: &'a C,
    pub course_id: CourseId,
    /// Whether the request may be charged. A prefetch may not.
    pub may_buy: bool,
}

/// Why there is no analysis. Nothing was charged.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The course has no past exams.
    #[error("the course has no past exams")]
    NoExams,
    /// The user does not own the edition, and the request may not buy it.
    #[error("the edition costs {price} credits")]
    NotPurchased { price: Credits },
}

impl<C: Caller> ShowAnalysis<'_, C>
where
    C::Error: From<AnalysisError>,
{
    /// Returns the analysis and the credits that this request deducted. Only a request that buys an edition counts
    /// towards the rate limit.
    ///
    /// # Errors
    /// Those of the session, the course, [`AnalysisError`], the rate limit and the payment.
    pub async fn run(&self) -> Result<(Arc<Analysis>, Payment), C::Error> {
        let answered = self.app.purchase(self).await;
        if answered.is_err() {
            // Nothing was bought.
            self.caller.give_back(LimitedAction::Analysis).await;
        }
        answered
    }
}

impl<C: Caller> PurchaseRequest for ShowAnalysis<'_, C>
where
    C::Error: From<AnalysisError>,
{
    type Facts = (Arc<Course>, HashSet<String>);
    type Chosen = Arc<Analysis>;
    type Fetched = ();
    type Answer = (Arc<Analysis>, Payment);
    type Error = C::Error;

    fn caller(&self) -> &impl Caller {
        self.caller
    }

    /// No idempotency key is needed: an edition that the user owns is never charged again.
    fn intent(&self) -> Option<&Intent> {
        None
    }

    async fn read(&self, _: Timestamp) -> Result<Situation<Self::Facts>, C::Error> {
        let owned = async { Ok(self.app.store.owned_editions(self.caller.user_id(), &self.course_id).await?) };
        let reads = async { tokio::try_join!(active_course(self.app, &self.course_id), owned) };
        let (user, facts) = self.caller.with::<_, CourseError>(reads).await?;
        Ok(Situation { profile: user.profile, record: None, facts })
    }

    async fn replay(&self, _: Record, _: Self::Facts) -> Result<Self::Answer, C::Error> {
        Err(ReplayError::WrongKind("no record, because an analysis has no key").into())
    }

    async fn choose(&self, (course, owned): Self::Facts, now: Timestamp) -> Result<Choice<Self::Chosen>, C::Error> {
        let analysis = self.app.store.analysis(&course, now).await?.ok_or(AnalysisError::NoExams)?;
        if owned.contains(&analysis.edition) {
            // The student owns the edition, or a concurrent request bought it: this request buys nothing.
            self.caller.give_back(LimitedAction::Analysis).await;
            return Ok(Choice::Owned { chosen: analysis, question_ids: Vec::new() });
        }
        let charge = charge(self.app.terms());
        if !self.may_buy {
            return Err(AnalysisError::NotPurchased { price: charge.price }.into());
        }
        self.caller.admit_to(LimitedAction::Analysis).await?;
        let (course_id, edition) = (self.course_id.clone(), analysis.edition.clone());
        let entitlements = vec![Entitlement::Analysis { course_id, edition }];
        Ok(Choice::Buy { chosen: analysis, charge, entitlements, seen: None })
    }

    async fn fetch(&self, _: &Self::Chosen) {}

    async fn is_owned(&self, analysis: &Self::Chosen) -> Result<bool, StoreError> {
        let owned = self.app.store.owned_editions(self.caller.user_id(), &self.course_id).await?;
        Ok(owned.contains(&analysis.edition))
    }

    async fn deliver(&self, analysis: Self::Chosen, (): (), payment: Payment) -> Result<Self::Answer, C::Error> {
        Ok((analysis, payment))
    }
}
