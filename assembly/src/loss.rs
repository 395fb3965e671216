//! Distance of a selection from its blueprint, computed from scratch.
//!
//! Goal programming with a minimax term (van der Linden 2005; Swanson & Stocking 1993). Each deviation is
//! dimensionless; it is 0 if the target for points, minutes or techniques is 0.

use serde::Serialize;

use super::{Candidate, DIFFICULTIES, Instance, Weights, real};

/// Distance of a selection from its blueprint; 0 is perfect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Deviations {
    /// Σ|c − τ| / 2N: the share of the questions that are on the wrong topic.
    pub topics: f64,
    /// Σ|C − T| / 4N over cumulative counts: how many levels a question is off, as a share of the four possible.
    pub difficulty: f64,
    /// |P − P*| / P*.
    pub points: f64,
    /// |M − M*| / M*.
    pub minutes: f64,
    /// Missing techniques / K*.
    pub techniques: f64,
    /// The worst of |c − τ| / N over topics, |C − T| / N over cumulative difficulties, points, minutes and techniques.
    pub worst: f64,
    /// 1 − mean usefulness.
    pub usefulness: f64,
}

impl Deviations {
    /// Their weighted sum.
    #[must_use]
    pub fn loss(&self, weights: &Weights) -> f64 {
        weights.topics * self.topics
            + weights.difficulty * self.difficulty
            + weights.points * self.points
            + weights.minutes * self.minutes
            + weights.techniques * self.techniques
            + weights.worst * self.worst
            + weights.usefulness * self.usefulness
    }
}

/// The loss of a selection: indices of the instance's candidates. It does not check the rules.
#[must_use]
pub fn loss(instance: &Instance, selection: &[usize]) -> f64 {
    deviations(instance, selection).loss(&instance.blueprint().weights)
}

/// The deviations of a selection: indices of the instance's candidates. Indices without a candidate are ignored.
#[must_use]
pub fn deviations(instance: &Instance, selection: &[usize]) -> Deviations {
    let blueprint = instance.blueprint();
    let questions = real(blueprint.questions);
    let achieved = Achieved::of(instance, selection);

    let topics: Vec<f64> =
        achieved.topics.iter().zip(&blueprint.topics).map(|(count, wish)| (count - wish).abs()).collect();
    let levels = cumulative_distances(&achieved.difficulty, &blueprint.difficulty);
    let points = relative(achieved.points, blueprint.points);
    let minutes = relative(achieved.minutes, blueprint.minutes);
    let techniques = missing(achieved.techniques, blueprint.techniques);
    let counts_worst = topics.iter().chain(&levels).copied().fold(0.0, f64::max) / questions;
    Deviations {
        topics: topics.iter().sum::<f64>() / (2.0 * questions),
        difficulty: levels.iter().sum::<f64>() / (4.0 * questions),
        points,
        minutes,
        techniques,
        worst: counts_worst.max(points).max(minutes).max(techniques),
        usefulness: 1.0 - achieved.usefulness / questions,
    }
}

/// The sums of a selection.
pub(super) struct Achieved {
    pub(super) topics: Vec<f64>,
    pub(super) difficulty: [f64; DIFFICULTIES],
    pub(super) points: f64,
    pub(super) minutes: f64,
    pub(super) techniques: u32,
    pub(super) usefulness: f64,
}

impl Achieved {
    pub(super) fn of(instance: &Instance, selection: &[usize]) -> Self {
        let chosen: Vec<&Candidate> = selection.iter().filter_map(|&index| instance.candidates().get(index)).collect();
        let mut topics = vec![0.0; instance.blueprint().topics.len()];
        let mut difficulty = [0.0; DIFFICULTIES];
        for candidate in &chosen {
            topics[candidate.topic] += 1.0;
            difficulty[candidate.difficulty] += 1.0;
        }
        Self {
            topics,
            difficulty,
            points: chosen.iter().map(|candidate| candidate.points).sum(),
            minutes: chosen.iter().map(|candidate| candidate.minutes).sum(),
            techniques: chosen.iter().fold(0, |mask, candidate| mask | candidate.techniques).count_ones(),
            usefulness: chosen.iter().map(|candidate| candidate.usefulness).sum(),
        }
    }
}

/// |C − T| for the cumulative counts of two distributions.
pub(super) fn cumulative_distances(counts: &[f64; DIFFICULTIES], wishes: &[f64; DIFFICULTIES]) -> [f64; DIFFICULTIES] {
    let mut behind = 0.0;
    std::array::from_fn(|level| {
        behind += counts[level] - wishes[level];
        behind.abs()
    })
}

/// |achieved − target| / target; 0 without a target.
pub(super) fn relative(achieved: f64, target: f64) -> f64 {
    if target > 0.0 { (achieved - target).abs() / target } else { 0.0 }
}

/// The share of `target` techniques that are missing; 0 without a target.
pub(super) fn missing(achieved: u32, target: u32) -> f64 {
    if target > 0 { f64::from(target.saturating_sub(achieved)) / f64::from(target) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{blueprint, close, question};
    use super::super::{Blueprint, Candidate, FormFit, Instance, Measure};
    use super::*;

    /// Three questions; two of them are the form that the tests compute by hand.
    fn instance(change: impl FnOnce(&mut Blueprint)) -> Instance {
        let mut blueprint = Blueprint {
            difficulty: [0.5, 0.5, 0.5, 0.5, 0.0],
            points: 20.0,
            minutes: 10.0,
            techniques: 4,
            ..blueprint(2, &[1.2, 0.8])
        };
        change(&mut blueprint);
        let candidates = vec![
            Candidate { difficulty: 1, points: 8.0, minutes: 5.0, techniques: 0b0011, usefulness: 0.9, ..question(0) },
            Candidate { difficulty: 3, points: 10.0, minutes: 8.0, techniques: 0b0110, usefulness: 0.3, ..question(0) },
            Candidate { difficulty: 4, ..question(1) },
        ];
        Instance::new(blueprint, candidates).unwrap()
    }

    #[test]
    fn each_deviation_is_as_computed_by_hand() {
        let instance = instance(|_| ());
        let found = deviations(&instance, &[0, 1]);
        // Counts 2 and 0 against 1.2 and 0.8: (0.8 + 0.8) / 4.
        close(found.topics, 0.4);
        // Cumulative 0 1 1 2 2 against 0.5 1 1.5 2 2: (0.5 + 0 + 0.5 + 0 + 0) / 8.
        close(found.difficulty, 0.125);
        // 18 of 20 points, 13 of 10 minutes, 3 of 4 techniques.
        close(found.points, 0.1);
        close(found.minutes, 0.3);
        close(found.techniques, 0.25);
        // A topic deviates by 0.8 of 2 questions.
        close(found.worst, 0.4);
        close(found.usefulness, 0.4);
        // 4 · 0.4 + 2 · 0.125 + 3 · 0.1 + 2 · 0.3 + 0.25 + 2 · 0.4 + 0.4
        close(loss(&instance, &[0, 1]), 4.2);
        close(loss(&instance, &[1, 0]), 4.2);
    }

    #[test]
    fn the_worst_may_be_a_difficulty_or_a_sum() {
        // Cumulative 0 1 1 2 2 against 2 2 2 2 2: the first level deviates by 2 of 2 questions.
        let easy = instance(|blueprint| blueprint.difficulty = [2.0, 0.0, 0.0, 0.0, 0.0]);
        close(deviations(&easy, &[0, 1]).worst, 1.0);
        let short = instance(|blueprint| blueprint.minutes = 4.0);
        close(deviations(&short, &[0, 1]).worst, 9.0 / 4.0);
        let clever = instance(|blueprint| blueprint.techniques = 30);
        close(deviations(&clever, &[0, 1]).worst, 0.9);
    }

    #[test]
    fn targets_of_zero_ask_for_nothing() {
        let instance =
            instance(|blueprint| (blueprint.points, blueprint.minutes, blueprint.techniques) = (0.0, 0.0, 0));
        let found = deviations(&instance, &[0, 1]);
        for deviation in [found.points, found.minutes, found.techniques] {
            close(deviation, 0.0);
        }
        // 4 · 0.4 + 2 · 0.125 + 2 · 0.4 + 0.4
        close(loss(&instance, &[0, 1]), 3.05);
    }

    #[test]
    fn more_techniques_than_asked_for_cost_nothing() {
        let instance = instance(|blueprint| blueprint.techniques = 2);
        close(deviations(&instance, &[0, 1]).techniques, 0.0);
    }

    #[test]
    fn a_perfect_form_has_no_loss() {
        let perfect = |topic, difficulty| Candidate {
            difficulty,
            points: 10.0,
            minutes: 5.0,
            techniques: 0b11_u64 << (2 * topic),
            usefulness: 1.0,
            ..question(topic)
        };
        let blueprint = Blueprint {
            difficulty: [1.0, 0.0, 1.0, 0.0, 0.0],
            points: 20.0,
            minutes: 10.0,
            techniques: 4,
            ..blueprint(2, &[1.0, 1.0])
        };
        let instance = Instance::new(blueprint, vec![perfect(0, 0), perfect(1, 2)]).unwrap();
        close(loss(&instance, &[0, 1]), 0.0);
    }

    #[test]
    fn the_fit_has_targets_and_achieved_values() {
        let fit = FormFit::of(&instance(|_| ()), &[0, 1]);
        close(fit.loss, 4.2);
        assert_eq!(fit.questions, Measure { target: 2.0, achieved: 2.0 });
        assert_eq!(fit.topics, [Measure { target: 1.2, achieved: 2.0 }, Measure { target: 0.8, achieved: 0.0 }]);
        assert_eq!(fit.difficulty[1], Measure { target: 0.5, achieved: 1.0 });
        assert_eq!(fit.difficulty[4], Measure { target: 0.0, achieved: 0.0 });
        assert_eq!(fit.points, Measure { target: 20.0, achieved: 18.0 });
        assert_eq!(fit.minutes, Measure { target: 10.0, achieved: 13.0 });
        assert_eq!(fit.techniques, Measure { target: 4.0, achieved: 3.0 });
        close(fit.usefulness.achieved, 0.6);
    }
}
