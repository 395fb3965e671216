//! The response of practice and bundle: questions with their solutions, and what they cost.

use serde::Serialize;
use shared::app::unlock_questions::Unlocked;
use shared::domain::credits::Credits;
use shared::domain::questions::view::QuestionView;
use utoipa::ToSchema;

/// Questions that were paid for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    questions: Vec<QuestionView>,
    credits_deducted: Credits,
    credits: Credits,
}

impl From<Unlocked> for Delivery {
    fn from(Unlocked { questions, payment }: Unlocked) -> Self {
        Self { questions, credits_deducted: payment.deducted, credits: payment.balance }
    }
}
