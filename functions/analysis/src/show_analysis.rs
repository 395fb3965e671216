//! `GET /api/courses/{id}/analysis`

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::app::purchase::{Choice, Payment, PurchaseRequest, Situation};
use shared::app::{App, CourseError, active_course};
use shared::domain::analysis::{Analysis, charge};
use shared::domain::catalog::Course;
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::domain::idempotency::{Intent, Record};
use shared::domain::limits::LimitedAction;
use shared::http::{Claim, Code, Edition, Path, Problem, Purpose};
use shared::store::{Entitlement, StoreError};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
struct AnalysisAnswer<'a> {
    credits_deducted: Credits,
    analysis: &'a Analysis,
}

/// Returns the current analysis of a course.
///
/// Each edition is charged once; later requests for it are free.
#[utoipa::path(
    get, path = "/api/courses/{id}/analysis",
    params(("id" = CourseId, Path)),
    responses((status = 200, body = AnalysisAnswer), (status = 304)),
    extensions(("x-problems" = json!(["insufficient_credits", "not_purchased", "no_exams"])))
)]
pub(crate) async fn show_analysis(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
    purpose: Purpose,
) -> Result<Response, Problem> {
    let answered = app.purchase(&Request { app: &app, claim: &claim, id, purpose }).await;
    if answered.is_err() {
        // Nothing was bought.
        claim.limiter().give_back(LimitedAction::Analysis).await;
    }
    answered
}

/// A request for the current edition of a course's analysis.
struct Request<'a> {
    app: &'a App,
    claim: &'a Claim,
    id: CourseId,
    purpose: Purpose,
}

impl PurchaseRequest for Request<'_> {
    type Facts = (Arc<Course>, HashSet<String>);
    type Chosen = Arc<Analysis>;
    type Fetched = ();
    type Answer = Response;
    type Error = Problem;

    /// No idempotency key is needed: an edition that the user owns is never charged again.
    fn intent(&self) -> Option<&Intent> {
        None
    }

    async fn read(&self, _: Timestamp) -> Result<Situation<Self::Facts>, Problem> {
        let owned = async { Ok(self.app.store.owned_editions(self.claim.user_id(), &self.id).await?) };
        let reads = async { tokio::try_join!(active_course(self.app, &self.id), owned) };
        let (user, facts) = self.claim.with::<_, CourseError>(reads).await?;
        Ok(Situation { profile: user.profile, record: None, facts })
    }

    async fn replay(&self, _: Record, _: Self::Facts) -> Result<Response, Problem> {
        Err(Problem::internal("an analysis has no record"))
    }

    async fn choose(&self, (course, owned): Self::Facts, now: Timestamp) -> Result<Choice<Self::Chosen>, Problem> {
        let none = || Problem::new(Code::NoExams, "This course has no past exams to analyse; nothing was charged.");
        let analysis = self.app.store.analysis(&course, now).await?.ok_or_else(none)?;
        if owned.contains(&analysis.edition) {
            // Another request of the same student was faster: this one buys nothing.
            self.claim.limiter().give_back(LimitedAction::Analysis).await;
            return Ok(Choice::Owned { chosen: analysis, question_ids: Vec::new() });
        }
        let charge = charge();
        if self.purpose == Purpose::Prefetch {
            let detail = "This edition is not bought yet, and neither HEAD nor a prefetch buys it: send a plain GET.";
            let problem = Problem::new(Code::NotPurchased, detail);
            return Err(problem.with_member("credits_needed", charge.price));
        }
        self.claim.admit_to(LimitedAction::Analysis).await?;
        let entitlements =
            vec![Entitlement::Analysis { course_id: self.id.clone(), edition: analysis.edition.clone() }];
        Ok(Choice::Buy { chosen: analysis, charge, entitlements })
    }

    async fn fetch(&self, _: &Self::Chosen) {}

    async fn is_owned(&self, analysis: &Self::Chosen) -> Result<bool, StoreError> {
        let owned = self.app.store.owned_editions(self.claim.user_id(), &self.id).await?;
        Ok(owned.contains(&analysis.edition))
    }

    async fn deliver(&self, analysis: Self::Chosen, (): (), payment: Payment) -> Result<Response, Problem> {
        Ok(answer(payment.deducted, &analysis))
    }
}

/// Only a user who already owns the edition may get 304. The first response is always sent in full.
fn answer(credits_deducted: Credits, analysis: &Analysis) -> Response {
    let body = axum::Json(AnalysisAnswer { credits_deducted, analysis });
    Edition { name: &analysis.edition, is_new: credits_deducted > 0, body }.into_response()
}
