//! Mastery estimate of a topic, as shown to the student.

use serde::{Deserialize, Serialize};

use super::parameters::{INFORMATION_ENOUGH, sigmoid};
use super::state::{Ease, Mastery};

/// Standard deviations on both sides of the mean that hold 90 % of a normal distribution.
pub const INTERVAL_SDS: f64 = 1.645;

/// Estimated mastery of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Share of the topic's questions that the student is expected to answer correctly now: the mean of σ(z) over them.
    /// Within (0, 1).
    pub mastery: f64,
    /// Lower end of its 90 % interval: the same mean at z − 1.645 sd.
    pub low: f64,
    /// Upper end of its 90 % interval: the same mean at z + 1.645 sd.
    pub high: f64,
    /// Whether there are enough answers for a reliable estimate: the information on the topic is at least 3.
    pub enough_data: bool,
}

/// The estimate of a topic at `now_seconds`.
///
/// `base` is [`Calibration::base`](super::Calibration::base) of the topic with
/// [`Calibration::practice_on`](super::Calibration::practice_on), `effects` has
/// [`Calibration::effect`](super::Calibration::effect) of each of its questions; without any, one average question is
/// assumed. Computes three exponentials per question.
#[must_use]
pub fn estimate<T: Ord>(
    student: &Mastery<T>,
    topic: &T,
    base: impl Into<Ease>,
    effects: &[f64],
    now_seconds: i64,
) -> Estimate {
    let average = [0.0];
    let effects = if effects.is_empty() { &average } else { effects };
    let level = student.z(topic, base, now_seconds);
    let margin = INTERVAL_SDS * student.sd(topic);
    let mean_at = |shift: f64| {
        let ps = effects.iter().map(|effect| sigmoid(level - effect + shift));
        ps.sum::<f64>() / count(effects)
    };
    let mastery = mean_at(0.0);
    Estimate {
        mastery,
        // Rounding must not push an end beyond the mean.
        low: mean_at(-margin).min(mastery),
        high: mean_at(margin).max(mastery),
        enough_data: student.information_on(topic) >= INFORMATION_ENOUGH,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a topic has fewer than 2^53 questions")]
fn count(effects: &[f64]) -> f64 {
    effects.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Evidence;
    use super::super::state::AttemptResult;
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn mastery_is_a_mean_over_questions() {
        let student = Mastery::<u8>::default();
        let found = estimate(&student, &1, 0.5, &[-1.0, 0.0, 2.0], 0);
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        let mean = |shift: f64| (sigma(1.5 + shift) + sigma(0.5 + shift) + sigma(-1.5 + shift)) / 3.0;
        near(found.mastery, mean(0.0));
        let margin = 1.645 * 1.28_f64.sqrt();
        near(found.low, mean(-margin));
        near(found.high, mean(margin));
        assert!(!found.enough_data);
        assert_eq!(estimate(&student, &1, 0.5, &[], 0), estimate(&student, &1, 0.5, &[0.0], 0));
    }

    #[test]
    fn enough_data_needs_uncertain_answers() {
        let attempts = |count: usize, ease: f64| {
            let outcome = |n: usize| AttemptResult {
                correct: ease > 5.0 || n.is_multiple_of(2),
                at_seconds: 0,
                evidence: Evidence::Full,
            };
            let student = Mastery::fold((0..count).map(|n| (1_u8, ease, outcome(n))));
            estimate(&student, &1, ease, &[], 0).enough_data
        };
        // Even odds bring a quarter each, and a twentieth of what came before is lost: seven answers.
        assert_eq!((attempts(6, 0.0), attempts(7, 0.0)), (false, true));
        assert!(!attempts(100, 6.0));
    }
}
