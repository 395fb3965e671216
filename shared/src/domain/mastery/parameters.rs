//! The constants of the model, and the two functions that everything uses.
//!
//! All effects are in logits: added to each other, and turned into a probability by [`sigmoid`]. The values were chosen
//! on logs of other courses, not on this service's.

/// Logit of the rate of right answers that is assumed before there is data: 65 %.
pub const MU_LOGITS: f64 = 0.62;
/// Attempts that the assumed rate is worth against those of a calibration.
pub const MU_ATTEMPTS: f64 = 20.0;

/// Days in which a student's effect on a topic (δ) fades to 1/e.
pub const DECAY_DAYS: f64 = 60.0;
/// Days above which the decay is as good as complete; keeps numbers within what a database stores.
pub const DECAY_DAYS_MAX: i64 = 3_650;

/// Weight of the recent answers on a topic, which are in [−1, 1].
pub const RECENT_LOGITS: f64 = 0.5;
/// Share that the latest answer has in the recent ones.
pub const RECENT_STEP: f64 = 0.3;

/// First step of a student's general level.
pub const THETA_STEP: f64 = 0.4;
/// Decrease of that step per attempt.
pub const THETA_COOLING: f64 = 0.01;
/// First step of a student's effect on a topic (δ).
pub const DELTA_STEP: f64 = 0.2;
/// Decrease of that step per attempt.
pub const DELTA_COOLING: f64 = 0.02;
/// Smallest size of that step: students keep learning.
pub const DELTA_STEP_MIN: f64 = 0.1;
/// First step of a topic's difficulty.
pub const TOPIC_STEP: f64 = 0.5;
/// Decrease of that step per attempt.
pub const TOPIC_COOLING: f64 = 0.10;
/// First step of a question's difficulty.
pub const QUESTION_STEP: f64 = 0.6;
/// Decrease of that step per attempt.
pub const QUESTION_COOLING: f64 = 0.06;
/// Attempts that a question's rating is worth.
pub const QUESTION_RATING_ATTEMPTS: f64 = 5.0;
/// Attempts that the assumption of a usual difficulty is worth, for a question without a rating.
pub const QUESTION_UNRATED_ATTEMPTS: f64 = 2.0;
/// Logits that one step of a question's rating is worth.
pub const RATING_LOGITS: f64 = 0.6;
/// The rating of a question that has none.
pub const RATING_DEFAULT: u8 = 3;

/// First step of the effect of practice that all topics share (g₀).
pub const PRACTICE_COMMON_STEP: f64 = 0.1;
/// First step of what a topic's effect of practice differs from it (g).
pub const PRACTICE_STEP: f64 = 0.1;
/// Decrease of both steps per attempt.
pub const PRACTICE_COOLING: f64 = 0.05;

/// Share of the responses on a topic that the next attempt on it leaves.
pub const RESPONSE_KEPT: f64 = 0.97;
/// Variance, in logits², of a student's general level.
pub const LEVEL_VARIANCE: f64 = 0.64;
/// Variance of a student's level on a topic around the general level.
pub const TOPIC_VARIANCE: f64 = 0.36;
/// Variance of a topic's difficulty that is known from no attempt.
pub const DIFFICULTY_VARIANCE: f64 = 0.36;
/// Attempts of all students after which half of that variance is left.
pub const DIFFICULTY_ATTEMPTS: f64 = 10.0;

/// Information, in 1/logits², about a student or a student's topic before the first attempt: 1/variance.
pub const INFORMATION_START: f64 = 1.0 / 0.64;
/// Share of the information on a student's general level that an attempt makes outdated.
pub const STUDENT_FORGETTING: f64 = 0.005;
/// Share of the information on a student's topic that an attempt on it makes outdated.
pub const TOPIC_FORGETTING: f64 = 0.05;
/// Information on a student's topic below which there is not enough data for a reliable estimate.
pub const INFORMATION_ENOUGH: f64 = 3.0;

/// Beyond this many logits, a probability is indistinguishable from 0 or 1.
const LOGITS_MAX: f64 = 30.0;

/// The step of a parameter that has seen `attempts`: `first / (1 + cooling · attempts)`.
pub(super) fn step(first: f64, cooling: f64, attempts: f64) -> f64 {
    first / (1.0 + cooling * attempts)
}

/// Logits within ±30, and 0 for what is not a number.
pub(super) fn bounded(logits: f64) -> f64 {
    if logits.is_nan() { 0.0 } else { logits.clamp(-LOGITS_MAX, LOGITS_MAX) }
}

/// The probability that belongs to `logits`: 1 / (1 + e^−z), strictly between 0 and 1.
#[must_use]
pub fn sigmoid(logits: f64) -> f64 {
    1.0 / (1.0 + (-bounded(logits)).exp())
}

/// The logits that belong to a probability: ln(p / (1 − p)), within ±30.
#[must_use]
pub fn logit(probability: f64) -> f64 {
    bounded((probability / (1.0 - probability)).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_and_probabilities_belong_together() {
        for (logits, probability) in [(0.0, 0.5), (3.0_f64.ln(), 0.75), (-(9.0_f64.ln()), 0.1)] {
            assert!((sigmoid(logits) - probability).abs() < 1e-12);
            assert!((logit(probability) - logits).abs() < 1e-12);
        }
        assert!((sigmoid(MU_LOGITS) - 0.65).abs() < 0.001);
    }

    #[test]
    fn extremes_stay_within_bounds() {
        for logits in [f64::INFINITY, f64::MAX, 1e3] {
            assert!(sigmoid(logits) < 1.0 && sigmoid(-logits) > 0.0);
        }
        assert!((sigmoid(f64::NAN) - 0.5).abs() < 1e-12);
        assert!(logit(0.0).is_finite() && logit(1.0).is_finite() && logit(2.0).is_finite());
    }
}
