//! The response of practice and bundle: questions with their solutions, and what they cost.

use serde::Serialize;
use shared::app::unlock_questions::Unlocked;
use shared::domain::credits::Credits;
use shared::domain::questions::view::QuestionView;
use shared::http::RenderQuery;
use utoipa::ToSchema;

/// Questions that were paid for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    questions: Vec<QuestionView>,
    credits_deducted: Credits,
    credits: Credits,
}

impl Delivery {
    pub(crate) fn of(Unlocked { mut questions, payment }: Unlocked, query: RenderQuery) -> Self {
        query.render(&mut questions);
        Self { questions, credits_deducted: payment.deducted, credits: payment.balance }
    }
}
