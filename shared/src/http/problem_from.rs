//! Which error of the lower layers becomes which problem. Every match is exhaustive, so a new error needs a decision.

use super::limit::too_many;
use super::problem::{Code, Problem};
use crate::app::CourseError;
use crate::app::factor_keys::FactorKeysError;
use crate::app::generate_midterm::MidtermError;
use crate::app::kdf::{KdfError, QUEUE_SECONDS};
use crate::app::purchase::ReplayError;
use crate::app::redeem_voucher::VoucherError;
use crate::app::show_analysis::AnalysisError;
use crate::app::unlock_questions::SelectionError;
use crate::domain::credits::InsufficientCredits;
use crate::domain::idempotency::KeyReused;
use crate::domain::midterm::Infeasible;
use crate::store::{AttemptError, SittingError, SpendError, StoreError};
use crate::stripe::StripeError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } | StoreError::Contention { .. } => Self::unavailable(error),
            StoreError::Corrupt { .. } | StoreError::Request(_) | StoreError::Refused { .. } => Self::internal(error),
        }
    }
}

impl From<CourseError> for Problem {
    fn from(error: CourseError) -> Self {
        match error {
            CourseError::NotFound => Self::not_found("course"),
            CourseError::Store(error) => error.into(),
        }
    }
}

impl From<StripeError> for Problem {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::KeyReused => Self::idempotency_key_reused(),
            StripeError::Rejected(_) | StripeError::CustomerMissing => {
                tracing::error!(%error, "Stripe rejected a request permanently");
                let detail = "Stripe permanently rejects this request; nothing was charged. Contact support.";
                Self::new(Code::PaymentRejected, detail)
            }
            StripeError::EmailRejected => {
                tracing::warn!(%error, "Stripe rejects the email permanently");
                let detail = "The payment service does not accept your email; nothing was charged. Contact support.";
                Self::new(Code::PaymentRejected, detail)
            }
            // A refusal or an unreadable answer is our mistake and had no effect: the client may try again later.
            StripeError::NotConfigured
            | StripeError::Secret(_)
            | StripeError::Unavailable(_)
            | StripeError::Refused(_)
            | StripeError::Unreadable(_) => Self::unavailable(error),
        }
    }
}

impl From<FactorKeysError> for Problem {
    fn from(error: FactorKeysError) -> Self {
        match error {
            FactorKeysError::NotConfigured | FactorKeysError::Unavailable(_) | FactorKeysError::Invalid => {
                Self::unavailable(error)
            }
        }
    }
}

impl From<KdfError> for Problem {
    fn from(error: KdfError) -> Self {
        match error {
            KdfError::Busy => Self::unavailable(error).with_retry_after(QUEUE_SECONDS),
            KdfError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<InsufficientCredits> for Problem {
    fn from(refused: InsufficientCredits) -> Self {
        Self::new(Code::InsufficientCredits, format!("{refused}."))
            .with_member("credits_needed", refused.needed)
            .with_member("credits_available", refused.available)
    }
}

impl From<Infeasible> for Problem {
    fn from(infeasible: Infeasible) -> Self {
        let problem = Self::new(Code::BlueprintInfeasible, format!("{infeasible}; nothing was charged."));
        problem.with_member("conflicts", serde_json::to_value(infeasible.conflicts).unwrap_or_default())
    }
}

impl From<AttemptError> for Problem {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Store(error) => error.into(),
            AttemptError::Replayed => Self::unavailable(error),
            AttemptError::NotStarted => Self::not_started(),
        }
    }
}

impl From<SittingError> for Problem {
    fn from(error: SittingError) -> Self {
        match error {
            SittingError::Store(error) => error.into(),
            SittingError::MidtermGone => Self::not_found("midterm"),
        }
    }
}

impl From<SpendError> for Problem {
    fn from(error: SpendError) -> Self {
        match error {
            SpendError::Insufficient(refused) => refused.into(),
            SpendError::Store(error) => error.into(),
            SpendError::AlreadyOwned | SpendError::Replayed => Self::unavailable(error),
            SpendError::EmailUnverified => Self::new(
                Code::EmailUnverified,
                "Confirm your email address first: open the link in the mail that was sent to it. Nothing was charged.",
            ),
            SpendError::TooMany(standing) => too_many(standing.resets_in_seconds, &[standing.action.name()]),
            SpendError::QuestionGone => Self::not_found("question"),
            SpendError::VoucherClosed => VoucherError::NotRedeemable.into(),
            SpendError::AccountGone => Self::unauthenticated(),
        }
    }
}

impl From<VoucherError> for Problem {
    fn from(error: VoucherError) -> Self {
        match error {
            VoucherError::NotRedeemable => {
                Self::new(Code::NotFound, "No voucher with this code can be redeemed; check the code.")
            }
            VoucherError::AccountGone => Self::unauthenticated(),
            VoucherError::Store(error) => error.into(),
        }
    }
}

impl From<KeyReused> for Problem {
    fn from(_: KeyReused) -> Self {
        Self::idempotency_key_reused()
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::KeyReused(reused) => reused.into(),
            ReplayError::WrongKind(_) | ReplayError::Missing(_) => Self::internal(error),
        }
    }
}

impl From<SelectionError> for Problem {
    fn from(error: SelectionError) -> Self {
        match error {
            SelectionError::UnknownTopic { field, topic_id } => Self::not_found_in("topic", &field, topic_id.as_str()),
            SelectionError::NoMatch => {
                Self::new(Code::NoQuestions, "No question of this course matches; nothing was charged.")
            }
        }
    }
}

impl From<MidtermError> for Problem {
    fn from(error: MidtermError) -> Self {
        match error {
            MidtermError::UnknownTopic { list, at, entry } => {
                Self::not_found_in("topic", &format!("config.{list}[{at}]"), &entry)
            }
            MidtermError::NoQuestions => {
                Self::new(Code::NoQuestions, "This course has no questions; nothing was charged.")
            }
            MidtermError::Infeasible(infeasible) => infeasible.into(),
            MidtermError::TooLarge => {
                let detail =
                    "These questions are too large for one midterm: ask for fewer of them; nothing was charged.";
                Self::new(Code::BlueprintInfeasible, detail).with_member("conflicts", Vec::<String>::new())
            }
            MidtermError::QuestionMissing => Self::unavailable(error),
            MidtermError::Search(_) => Self::internal(error),
        }
    }
}

impl From<AnalysisError> for Problem {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::NoExams => {
                Self::new(Code::NoExams, "This course has no past exams to analyse; nothing was charged.")
            }
            AnalysisError::NotPurchased { price } => {
                let detail =
                    "This edition is not bought yet, and HEAD and prefetch requests do not buy it; send a normal GET.";
                Self::new(Code::NotPurchased, detail).with_member("credits_needed", price)
            }
        }
    }
}
