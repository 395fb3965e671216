//! `POST /api/questions/{id}/start`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::app::purchase::{Choice, Payment, PurchaseRequest, Situation};
use shared::domain::catalog::Question;
use shared::domain::credits::Credits;
use shared::domain::id::QuestionId;
use shared::domain::idempotency::{IdempotencyKey, Intent, Outcome, Record};
use shared::domain::questions::selection::start_charge;
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::study::progress::Progress;
use shared::http::{Claim, OnceWithoutMembers, Path, Problem, check_reuse};
use shared::store::Entitlement;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = StartedQuestion)]
pub(crate) struct Started {
    question: QuestionView,
    credits_deducted: Credits,
    credits: Credits,
}

impl Started {
    /// Omits the solution even if it is unlocked, so that the student can try the question first.
    async fn of(app: &App, question: &Question, credits_deducted: Credits, credits: Credits) -> Self {
        let question = app.with_signed_figures(QuestionView::of(question, Access::Question)).await;
        Self { question, credits_deducted, credits }
    }
}

/// Unlocks a question without its solution.
///
/// Free if the question is already unlocked.
#[utoipa::path(
    post, path = "/api/questions/{id}/start",
    params(("id" = QuestionId, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses((status = 200, body = Started)),
    extensions(("x-problems" = json!(["insufficient_credits", "invalid_json", "unsupported_media_type"])))
)]
pub(crate) async fn start_question(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    OnceWithoutMembers(intent): OnceWithoutMembers,
) -> Result<axum::Json<Started>, Problem> {
    app.purchase(&Start { app: &app, claim: &claim, id, intent }).await
}

/// A student's request to start a question.
struct Start<'a> {
    app: &'a App,
    claim: &'a Claim,
    id: QuestionId,
    intent: Intent,
}

impl PurchaseRequest for Start<'_> {
    type Facts = (Question, Option<Progress>);
    type Chosen = Question;
    type Fetched = ();
    type Answer = axum::Json<Started>;
    type Error = Problem;

    fn intent(&self) -> Option<&Intent> {
        Some(&self.intent)
    }

    async fn read(&self, now: Timestamp) -> Result<Situation<Self::Facts>, Problem> {
        let store = &self.app.store;
        let user_id = self.claim.user_id();
        let found = store.question_for(user_id, &self.id);
        let reads = async { tokio::try_join!(found, store.record(user_id, &self.intent, now)) };
        let (user, (found, record)) = self.claim.with(reads).await?;
        let facts = found.ok_or_else(|| Problem::not_found("question"))?;
        Ok(Situation { profile: user.profile, record, facts })
    }

    async fn replay(&self, record: Record, (question, _): Self::Facts) -> Result<Self::Answer, Problem> {
        check_reuse(&record, &self.intent)?;
        let Outcome::Questions { credits_deducted, credits, .. } = record.outcome else {
            return Err(Problem::internal("a record of this path holds no question"));
        };
        Ok(axum::Json(Started::of(self.app, &question, credits_deducted, credits).await))
    }

    async fn choose(&self, (question, progress): Self::Facts, _: Timestamp) -> Result<Choice<Question>, Problem> {
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

    async fn deliver(&self, question: Question, (): (), payment: Payment) -> Result<Self::Answer, Problem> {
        Ok(axum::Json(Started::of(self.app, &question, payment.deducted, payment.balance).await))
    }
}
