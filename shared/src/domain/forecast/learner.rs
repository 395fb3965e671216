//! The mixture: experts weighted by how well they predicted the past exams, each from the years before it (prequential
//! weighting). Older evidence decays: log w ← 0.9 log w + η · log-likelihood.
//!
//! η multiplies all evidence of an expert, so the evidence is stored without η, which is applied at the end.

use super::beta::{Beta, Chance};
use super::experts::{EXPERTS, Expert, HALF_LIVES, WeightedCounts};
use super::history::History;
use super::number;
use super::tally::{ExamCounts, by_time, by_year};
use super::transitions::UnseenFactor;

/// Factor by which an expert's evidence decays with each exam.
const EVIDENCE_KEPT: f64 = 0.9;
/// η, and its smaller value with fewer exams than [`FEW_EXAMS`].
const LEARNING_RATE: f64 = 1.0;
const LEARNING_RATE_FEW: f64 = 0.25;
const FEW_EXAMS: u32 = 10;
/// Probabilities are kept this far from 0 and 1 before a logarithm.
pub(super) const PROBABILITY_MIN: f64 = 1e-6;

/// The prior: the chance of a topic is uniform on [0, 1]. It weighs 2^(−exams): with one or two
/// exams it keeps every probability below 0.9, from ten on it is negligible.
pub(super) const FLAT_CHANCE: Chance = Chance { beta: Beta::new(1.0, 1.0), draws: 1.0 };

/// The history, and the evidence for each expert.
#[derive(Debug, Clone)]
pub(super) struct Learner {
    history: History,
    /// Discounted log-likelihoods.
    evidence: [f64; EXPERTS],
    unseen_factor: UnseenFactor,
}

/// Experts and their weights for a future exam.
#[derive(Debug)]
pub(super) struct Outlook<'a> {
    /// None without history.
    experts: Vec<Expert<'a>>,
    /// By expert; they add up to 1.
    weights: Vec<f64>,
    /// Among the experts that count questions, which come first; they add up to 1. The other experts do not predict
    /// shares.
    weights_of_counts: Vec<f64>,
    /// Weight of [`FLAT_CHANCE`] beside all experts.
    flat_weight: f64,
}

/// Prediction of an exam.
#[derive(Debug)]
pub(super) struct Prediction {
    /// By topic seen so far: the topic, the mixture's probability and each expert's.
    pub(super) topics: Vec<(usize, f64, [f64; EXPERTS])>,
}

impl Learner {
    pub(super) fn new() -> Self {
        Self { history: History::new(), evidence: [0.0; EXPERTS], unseen_factor: UnseenFactor::default() }
    }

    /// Learns from `tallies`, which are sorted by time.
    pub(super) fn of(tallies: &[ExamCounts]) -> Self {
        let mut learner = Self::new();
        for year in by_year(tallies) {
            learner.take_in(year, |_, _, _| ());
        }
        learner
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// Expected share of the questions on topics never asked: Good–Turing's estimate times the factor by which it was
    /// wrong on the past exams.
    pub(super) fn unseen_share(&self) -> f64 {
        (self.unseen_factor.value() * self.history.good_turing()).min(1.0)
    }

    /// Adds the exams of one year, which are not history for each other. Each is first predicted from earlier years and
    /// passed to `look` with its prediction.
    pub(super) fn take_in(&mut self, year: &[ExamCounts], mut look: impl FnMut(&Self, &Prediction, &ExamCounts)) {
        let mut evidence = self.evidence;
        for exams in by_time(year) {
            let Some(first) = exams.first() else { continue };
            let prediction = self.predict(first.time);
            let (kept, counted) = discounts(exams.len());
            evidence = evidence.map(|evidence| kept * evidence);
            for exam in exams {
                look(self, &prediction, exam);
                for (evidence, gained) in evidence.iter_mut().zip(prediction.log_likelihoods(exam)) {
                    *evidence += counted * gained;
                }
            }
        }
        self.evidence = evidence;
        self.learn_unseen(year);
        self.history.add_year(year);
    }

    fn learn_unseen(&mut self, year: &[ExamCounts]) {
        if self.history.exams() == 0 {
            return;
        }
        let estimate = self.history.good_turing();
        self.unseen_factor.fade();
        for exam in year {
            let unseen = exam.counts.iter().filter(|(topic, _)| !self.history.has_seen(*topic));
            self.unseen_factor.add(exam, unseen.map(|(_, count)| count).sum(), estimate);
        }
    }

    fn predict(&self, now: f64) -> Prediction {
        let outlook = self.outlook(now);
        let topics = self.history.seen().map(|topic| {
            let probabilities = outlook.probabilities(topic);
            (topic, outlook.mixed(&probabilities), probabilities)
        });
        Prediction { topics: topics.collect() }
    }

    /// Predicts an exam at time `now`.
    pub(super) fn outlook(&self, now: f64) -> Outlook<'_> {
        Outlook {
            experts: self.history.experts(now),
            weights: self.normalised(&self.evidence),
            weights_of_counts: self.normalised(&self.evidence[..HALF_LIVES.len()]),
            flat_weight: (-f64::from(self.history.exams())).exp2(),
        }
    }

    fn normalised(&self, evidence: &[f64]) -> Vec<f64> {
        let rate = if self.history.exams() < FEW_EXAMS { LEARNING_RATE_FEW } else { LEARNING_RATE };
        let best = evidence.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = evidence.iter().map(|evidence| (rate * (evidence - best)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }
}

impl Outlook<'_> {
    fn probabilities(&self, topic: usize) -> [f64; EXPERTS] {
        let mut probabilities = [0.0; EXPERTS];
        for (probability, expert) in probabilities.iter_mut().zip(&self.experts) {
            *probability = expert.probability(topic);
        }
        probabilities
    }

    fn mixed(&self, probabilities: &[f64; EXPERTS]) -> f64 {
        let experts: f64 = self.weights.iter().zip(probabilities).map(|(weight, p)| weight * p).sum();
        ((1.0 - self.flat_weight) * experts + self.flat_weight * FLAT_CHANCE.beta.mean()).clamp(0.0, 1.0)
    }

    /// Probability that the topic appears.
    pub(super) fn probability(&self, topic: usize) -> f64 {
        self.mixed(&self.probabilities(topic))
    }

    /// Its distribution: weights, which add up to 1, and the chances that they mix.
    pub(super) fn chances(&self, topic: usize) -> Vec<(f64, Chance)> {
        let experts = self.weights.iter().zip(&self.experts);
        let chances = experts.map(|(weight, expert)| ((1.0 - self.flat_weight) * weight, expert.chance(topic)));
        chances.chain([(self.flat_weight, FLAT_CHANCE)]).collect()
    }

    /// The topic's expected share of the questions.
    pub(super) fn share(&self, topic: usize) -> f64 {
        self.counts().map(|(weight, counts)| weight * counts.share(topic)).sum()
    }

    /// Expected number of questions on the topic.
    pub(super) fn expected_count(&self, topic: usize) -> f64 {
        self.counts().map(|(weight, counts)| weight * counts.questions() * counts.share(topic)).sum()
    }

    /// Expected number of questions.
    pub(super) fn expected_questions(&self) -> f64 {
        self.counts().map(|(weight, counts)| weight * counts.questions()).sum()
    }

    fn counts(&self) -> impl Iterator<Item = (f64, &WeightedCounts<'_>)> {
        self.weights_of_counts.iter().copied().zip(self.experts.iter().filter_map(Expert::as_counts))
    }
}

impl Prediction {
    /// Σ over topics of the log-likelihood of what `exam` has, by expert.
    fn log_likelihoods(&self, exam: &ExamCounts) -> [f64; EXPERTS] {
        let mut sums = [0.0; EXPERTS];
        for (topic, _, probabilities) in &self.topics {
            let appeared = exam.has(*topic);
            for (sum, probability) in sums.iter_mut().zip(probabilities) {
                *sum += log_likelihood(*probability, appeared);
            }
        }
        sums
    }
}

/// Weights of the earlier evidence and of each of the `exams` of one time: the mean over all orders in which they could
/// be discounted one after the other.
fn discounts(exams: usize) -> (f64, f64) {
    let mut kept = 1.0;
    let mut counted = 0.0;
    for _ in 0..exams {
        counted += kept / number(exams);
        kept *= EVIDENCE_KEPT;
    }
    (kept, counted)
}

/// The logarithm of the probability of what happened, kept finite.
pub(super) fn log_likelihood(probability: f64, appeared: bool) -> f64 {
    let of_outcome = if appeared { probability } else { 1.0 - probability };
    of_outcome.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN).ln()
}

#[cfg(test)]
mod tests {
    use super::super::PastExam;
    use super::super::tally::in_time;
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// Expected values that are not computed here come from the formulas in `mpmath`.
    #[test]
    fn evidence_is_discounted_and_tempered() {
        let exam = |time, topics: &[usize]| PastExam { time, topics: topics.to_vec() };
        let exams = [exam(2019.0, &[0, 0, 1]), exam(2020.0, &[0, 2]), exam(2021.0, &[1, 0, 0, 2])];
        let learner = Learner::of(&in_time(&exams[..2]));
        near(learner.evidence[0], -1.650_090_449_717_080_8);
        // The second exam has topic 0 and not topic 1. Counting questions without forgetting: α = 5/2 + 2 − 1/2 = 4 and
        // 5/2 + 1 − 1/2 = 3, A = 8, N = 3: P = 1 − 4·5·6 / (8·9·10) = 5/6 and 1 − 5·6·7 / (8·9·10) = 17/24.
        near(learner.evidence[5], (5.0_f64 / 6.0).ln() + (7.0_f64 / 24.0).ln());
        // Counting exams, b = 1: (1 + 3/10 w) / (1 + w) for both, w = 2^(−1/0.7) and 1.
        let after_one = |w: f64| ((1.0 + 0.3 * w) / (1.0 + w)).ln() + (0.7 * w / (1.0 + w)).ln();
        near(learner.evidence[6], after_one((-1.0_f64 / 0.7).exp2()));
        near(learner.evidence[11], after_one(1.0));
        let learner = Learner::of(&in_time(&exams));
        near(learner.evidence[0], -3.358_529_464_368_068);
        near(learner.evidence[5], -3.296_378_762_970_550_7);
        // The third has all of 0, 1 and 2. b = 4/6: (2/3 + 1 + 3/10) / 3 for topic 0, (2/3 + 3/10) / 3 for the others.
        let [both, one] = [2.0 / 3.0 + 1.3, 2.0 / 3.0 + 0.3].map(|with: f64| (with / 3.0).ln());
        near(learner.evidence[11], 0.9 * after_one(1.0) + both + 2.0 * one);
        let outlook = learner.outlook(2022.0);
        near(outlook.weights[0], 0.080_098_201_838_896_24);
        near(outlook.weights[11], 0.067_892_438_091_612_94);
        // Nothing is known about transitions at the second exam: ½ for both topics. Of 0 and 1, 0 came again and 1 did not.
        // The third exam has 0 and 2 again with (1 + 1) / (2 + 2), and 1 after its absence with (0 + 1) / (0 + 2).
        near(learner.evidence[12], 0.9 * 2.0 * 0.5_f64.ln() + 3.0 * 0.5_f64.ln());
        near(outlook.weights[12], 0.080_729_911_268_324);
        near(outlook.weights.iter().sum(), 1.0);
        near(outlook.weights_of_counts.iter().sum(), 1.0);
        near(outlook.flat_weight, 0.125);
    }

    #[test]
    fn from_ten_exams_on_evidence_counts_in_full() {
        let exams: Vec<PastExam> = (2000_u32..2010)
            .map(|year| PastExam { time: f64::from(year), topics: vec![0, 1 + usize::from(year % 2 == 0)] })
            .collect();
        for (count, rate) in [(9, 0.25), (10, 1.0)] {
            let learner = Learner::of(&in_time(&exams[..count]));
            let (weights, evidence) = (learner.outlook(2010.0).weights, &learner.evidence);
            near((weights[3] / weights[0]).ln(), rate * (evidence[3] - evidence[0]));
        }
    }

    #[test]
    fn exams_of_one_time_are_discounted_in_no_order() {
        let (kept, counted) = discounts(1);
        near(kept, 0.9);
        near(counted, 1.0);
        let (kept, counted) = discounts(3);
        near(kept, 0.729);
        near(counted, (1.0 + 0.9 + 0.81) / 3.0);
    }

    #[test]
    fn likelihoods_stay_finite() {
        near(log_likelihood(0.0, true), 1e-6_f64.ln());
        near(log_likelihood(1.0, false), 1e-6_f64.ln());
        near(log_likelihood(0.25, false), 0.75_f64.ln());
    }
}
