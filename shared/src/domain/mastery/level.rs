//! A student's levels on all topics, fitted together: which topics are weak, and how sure that is.
//!
//! The estimate of [`estimate`](super::estimate) follows recent answers and moves in bounded steps, so that it predicts
//! the next answer well. To compare topics, all answers matter. Each answer is a normal response of its level, linearised
//! where it was predicted (one step of Newton's method, as in logistic regression): B/V is the level that fits, 1/V its
//! variance. Topic levels are normal around the general level, which is normal around 0.

use super::parameters::{DIFFICULTY_ATTEMPTS, DIFFICULTY_VARIANCE, LEVEL_VARIANCE, RECENT_LOGITS, TOPIC_VARIANCE};
use super::state::{Mastery, TopicMastery};

/// A level in logits, relative to an average student.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicLevel {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// The levels of a student on the topics of a course.
#[derive(Debug)]
pub struct Levels<'a, T: Ord> {
    student: &'a Mastery<T>,
    /// The general level.
    pub general: TopicLevel,
}

/// Variance of the level on a topic around the general level. The difficulty of a topic that few students have tried is
/// itself uncertain.
fn variance(attempts_of_all: u32) -> f64 {
    let known = f64::from(attempts_of_all) / DIFFICULTY_ATTEMPTS;
    TOPIC_VARIANCE + DIFFICULTY_VARIANCE / (1.0 + known)
}

impl<'a, T: Ord> Levels<'a, T> {
    /// Fits the levels. `attempts_of_all` are the attempts of all students from which the difficulty of a topic is known.
    #[must_use]
    pub fn of(student: &'a Mastery<T>, attempts_of_all: impl Fn(&T) -> u32) -> Self {
        let (mut precision, mut sum) = (1.0 / LEVEL_VARIANCE, 0.0);
        for (topic, state) in &student.topics {
            let (information, responses) = response(student, state);
            if information > 0.0 {
                let weight = 1.0 / (variance(attempts_of_all(topic)) + 1.0 / information);
                precision += weight;
                sum += weight * responses / information;
            }
        }
        Self { student, general: TopicLevel { mean: sum / precision, sd: precision.recip().sqrt() } }
    }

    pub(super) fn student(&self) -> &'a Mastery<T> {
        self.student
    }

    /// The level on a topic.
    #[must_use]
    pub fn on(&self, topic: &T, attempts_of_all: u32) -> TopicLevel {
        let prior = variance(attempts_of_all).recip();
        let (information, responses) =
            self.student.topics.get(topic).map_or((0.0, 0.0), |state| response(self.student, state));
        let precision = information + prior;
        let mean = (responses + prior * self.general.mean) / precision;
        // The general level is uncertain as well, and counts by the weight of the prior.
        let variance = precision.recip() + (prior / precision * self.general.sd).powi(2);
        TopicLevel { mean, sd: variance.sqrt() }
    }
}

/// V and B of a topic. A state from before there were any says what its estimate does.
fn response<T: Ord>(student: &Mastery<T>, state: &TopicMastery) -> (f64, f64) {
    if state.response_information > 0.0 {
        return (state.response_information, state.responses);
    }
    let information = (state.information - super::INFORMATION_START).max(0.0);
    (information, information * (student.theta + state.delta + RECENT_LOGITS * state.recent))
}

#[cfg(test)]
mod tests {
    use super::super::{AttemptResult, Evidence};
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    fn outcome(correct: bool) -> AttemptResult {
        AttemptResult { correct, at_seconds: 0, evidence: Evidence::Full }
    }

    #[test]
    fn two_topics_by_hand() {
        let student = Mastery::fold([('a', 0.0, outcome(true)), ('b', 0.0, outcome(false))]);
        // The first answer has even odds: V = 1/4, B = 1/2. The second follows a level of 0.2.
        let p = 1.0 / (1.0 + (-0.2_f64).exp());
        let (v, b) = (p * (1.0 - p), p * (1.0 - p) * 0.2 - p);
        let levels = Levels::of(&student, |_| 0);
        let [of_a, of_b] = [1.0 / (0.72 + 4.0), 1.0 / (0.72 + 1.0 / v)];
        let precision = 1.0 / 0.64 + of_a + of_b;
        near(levels.general.mean, (of_a * 2.0 + of_b * b / v) / precision);
        near(levels.general.sd, (1.0 / precision).sqrt());
        let first = levels.on(&'a', 0);
        near(first.mean, (0.5 + levels.general.mean / 0.72) / (0.25 + 1.0 / 0.72));
        assert!(levels.on(&'b', 0).mean < levels.general.mean && levels.general.mean < first.mean);
        let unknown = levels.on(&'c', 0);
        near(unknown.mean, levels.general.mean);
        near(unknown.sd, (0.72 + levels.general.sd.powi(2)).sqrt());
        // The difficulty is known better, so that the level is closer to the general one.
        near(
            Levels::of(&student, |_| 10).on(&'c', 10).sd.powi(2),
            0.54 + Levels::of(&student, |_| 10).general.sd.powi(2),
        );
    }

    #[test]
    fn a_new_student_is_average() {
        let student = Mastery::<char>::default();
        let levels = Levels::of(&student, |_| 0);
        near(levels.on(&'a', 0).mean, 0.0);
        near(levels.on(&'a', 0).sd, (0.64 + 0.72_f64).sqrt());
    }

    #[test]
    fn more_answers_are_surer() {
        let after = |count: usize| Mastery::fold((0..count).map(|n| ('a', 0.0, outcome(n.is_multiple_of(2)))));
        let sd = |count: usize| Levels::of(&after(count), |_| 0).on(&'a', 0).sd;
        assert!(sd(4) < sd(1) && sd(40) < sd(4));
    }
}
