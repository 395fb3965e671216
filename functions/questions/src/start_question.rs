//! `POST /api/questions/{id}/start`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::catalog::Question;
use shared::domain::credits::Credits;
use shared::domain::id::QuestionId;
use shared::domain::idempotency::{IdempotencyKey, Intent, Outcome, Record};
use shared::domain::questions::selection::start_charge;
use shared::domain::questions::view::{Access, QuestionView};
use shared::http::{Claim, OnceWithoutBody, Path, Problem, check_reuse};
use shared::store::{Goods, Purchase, SpendError, StoreError};
use utoipa::ToSchema;

use crate::deliver::CHOICES_MAX;

#[derive(Serialize, ToSchema)]
#[schema(as = StartedQuestion)]
pub(crate) struct Started {
    question: QuestionView,
    credits_deducted: Credits,
    credits: Credits,
}

impl Started {
    /// Without the solution, even for who has it: this is for trying.
    fn of(question: &Question, credits_deducted: Credits, credits: Credits) -> Self {
        Self { question: QuestionView::of(question, Access::Question), credits_deducted, credits }
    }
}

/// Unlocks a question, not its solution; free when it is unlocked already.
#[utoipa::path(
    post, path = "/api/questions/{id}/start",
    params(("id" = QuestionId, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses((status = 200, body = Started)),
    extensions(("x-problems" = json!(["insufficient_credits"])))
)]
pub(crate) async fn start_question(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<QuestionId>,
    OnceWithoutBody(intent): OnceWithoutBody,
) -> Result<axum::Json<Started>, Problem> {
    let now = app.now();
    for _ in 0..CHOICES_MAX {
        let reads = async {
            let record = app.store.record(claim.user_id(), &intent, now);
            tokio::try_join!(app.store.question_for(claim.user_id(), &id), record)
        };
        let (user, (found, record)) = claim.with(reads).await?;
        let (question, progress) = found.ok_or_else(|| Problem::not_found("question"))?;
        if let Some(record) = record {
            return again(&question, &record, &intent);
        }
        if progress.is_some() {
            let profile = app.store.with_month_of_plan(user.profile, now).await?;
            let credits = profile.wallet.as_of(now).credits;
            let outcome = Outcome::Questions { question_ids: vec![id.clone()], credits_deducted: 0, credits };
            if app.store.keep_record(claim.user_id(), &intent, outcome, now).await? {
                return Ok(axum::Json(Started::of(&question, 0, credits)));
            }
            // The twin that unlocked it wrote its record after we looked for one: read anew.
            continue;
        }
        let charge = start_charge();
        let goods = [Goods::Question {
            course_id: question.meta.course_id.clone(),
            question_id: id.clone(),
            access: Access::Question,
            must_be_new: true,
        }];
        let purchase = Purchase { profile: user.profile, charge: &charge, goods: &goods, intent: Some(&intent), now };
        match app.store.spend(purchase, &app.random).await {
            Ok(receipt) => {
                let credits = receipt.profile.wallet.credits;
                return Ok(axum::Json(Started::of(&question, receipt.settlement.deducted(), credits)));
            }
            // Another request unlocked it: read anew.
            Err(SpendError::GoodsTaken | SpendError::DoneBefore) => {}
            Err(error) => {
                // The twin spent the credits that are missing here.
                return match app.store.record(claim.user_id(), &intent, now).await? {
                    Some(record) => again(&question, &record, &intent),
                    None => Err(error.into()),
                };
            }
        }
    }
    Err(StoreError::Contention { attempts: CHOICES_MAX }.into())
}

/// The answer of a request that was done before.
fn again(question: &Question, record: &Record, intent: &Intent) -> Result<axum::Json<Started>, Problem> {
    check_reuse(record, intent)?;
    let Outcome::Questions { credits_deducted, credits, .. } = record.outcome else {
        return Err(Problem::internal("a record of this path holds no question"));
    };
    Ok(axum::Json(Started::of(question, credits_deducted, credits)))
}
