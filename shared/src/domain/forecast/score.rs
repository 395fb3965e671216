//! Scores of predictions whether a topic appears (Gneiting & Raftery 2007: Brier and log score are proper, so honest
//! probabilities are the best strategy).

use serde::{Deserialize, Serialize};

use super::learner::log_likelihood;
use super::number;

/// Number of topics in the precision score.
pub const PRECISION_TOPICS: usize = 5;
/// Bins of equal width for the calibration error.
const BINS: usize = 10;

/// Sums over predictions, from which every score follows; those of several courses can be added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scorecard {
    exams: usize,
    squared_errors: f64,
    log_likelihood: f64,
    precision: f64,
    bins: [Bin; BINS],
}

/// The predictions of about the same probability.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Bin {
    predictions: usize,
    probability: f64,
    appeared: usize,
}

/// The scores of at least one prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean squared error; lower is better.
    pub brier: f64,
    /// Mean of −ln of the predicted probability of the outcome, in nats, with probabilities clamped to [1e-6, 1 −
    /// 1e-6]; lower is better.
    pub log_score: f64,
    /// 1 − Brier / (base (1 − base)): 0 equals knowing only the share of topics that appear, 1 is perfect. `None` if
    /// all topics appeared, or none.
    pub skill: Option<f64>,
    /// Expected calibration error over ten bins: the mean distance between predicted probabilities and observed
    /// frequencies.
    pub calibration_error: f64,
    /// Mean over exams of the share, among the [`PRECISION_TOPICS`] likeliest topics, that appeared. Equal
    /// probabilities share the remaining places.
    pub precision_at_5: f64,
}

impl Scorecard {
    /// Adds the predictions of an exam: probability, and whether the topic appeared.
    pub fn add_exam(&mut self, predictions: &[(f64, bool)]) {
        if predictions.is_empty() {
            return;
        }
        self.exams += 1;
        self.precision += precision(predictions);
        for (probability, appeared) in predictions {
            let outcome = f64::from(u8::from(*appeared));
            self.squared_errors += (probability - outcome).powi(2);
            self.log_likelihood += log_likelihood(*probability, *appeared);
            let bin = &mut self.bins[bin_of(*probability)];
            bin.predictions += 1;
            bin.probability += probability;
            bin.appeared += usize::from(*appeared);
        }
    }

    /// Adds the predictions of another one.
    pub fn add(&mut self, other: &Self) {
        self.exams += other.exams;
        self.squared_errors += other.squared_errors;
        self.log_likelihood += other.log_likelihood;
        self.precision += other.precision;
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.predictions += more.predictions;
            bin.probability += more.probability;
            bin.appeared += more.appeared;
        }
    }

    /// Exams that were scored.
    #[must_use]
    pub fn exams(&self) -> usize {
        self.exams
    }

    /// Predictions that were scored.
    #[must_use]
    pub fn predictions(&self) -> usize {
        self.bins.iter().map(|bin| bin.predictions).sum()
    }

    /// Share of the predictions whose topic appeared; `None` without predictions.
    #[must_use]
    pub fn base_rate(&self) -> Option<f64> {
        let appeared: usize = self.bins.iter().map(|bin| bin.appeared).sum();
        let predictions = self.predictions();
        (predictions > 0).then(|| number(appeared) / number(predictions))
    }

    /// The scores; `None` without predictions.
    #[must_use]
    pub fn scores(&self) -> Option<Scores> {
        let base = self.base_rate()?;
        let predictions = number(self.predictions());
        let brier = self.squared_errors / predictions;
        let variance = base * (1.0 - base);
        let off: f64 = self.bins.iter().map(|bin| (bin.probability - number(bin.appeared)).abs()).sum();
        Some(Scores {
            brier,
            log_score: -self.log_likelihood / predictions,
            skill: (variance > 0.0).then(|| 1.0 - brier / variance),
            calibration_error: off / predictions,
            precision_at_5: self.precision / number(self.exams),
        })
    }
}

/// The bin of a probability; a bin holds its lower end, the last one also 1.
fn bin_of(probability: f64) -> usize {
    (1..BINS).take_while(|bin| probability >= number(*bin) / number(BINS)).count()
}

/// The expected share of hits among the most likely topics, when ties are broken at random.
fn precision(predictions: &[(f64, bool)]) -> f64 {
    let mut ranked = predictions.to_vec();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let places = PRECISION_TOPICS.min(ranked.len());
    let mut free = places;
    let mut hits = 0.0;
    for equals in ranked.chunk_by(|(a, _), (b, _)| a.total_cmp(b).is_eq()) {
        let taken = free.min(equals.len());
        let appeared = equals.iter().filter(|(_, appeared)| *appeared).count();
        hits += number(taken) * number(appeared) / number(equals.len());
        free -= taken;
    }
    hits / number(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn every_score_is_computed_by_hand() {
        let mut card = Scorecard::default();
        card.add_exam(&[(0.75, true), (0.25, false), (0.25, true), (0.5, false)]);
        let scores = card.scores().unwrap();
        let brier = (0.0625 + 0.0625 + 0.5625 + 0.25) / 4.0;
        near(scores.brier, brier);
        near(scores.log_score, -(0.75_f64.ln() + 0.75_f64.ln() + 0.25_f64.ln() + 0.5_f64.ln()) / 4.0);
        near(scores.skill.unwrap(), 1.0 - brier / 0.25);
        // Bins .7–.8: |.75 − 1|, .2–.3: |.5 − 1|, .5–.6: |.5 − 0|.
        near(scores.calibration_error, (0.25 + 0.5 + 0.5) / 4.0);
        near(scores.precision_at_5, 0.5);
        assert_eq!((card.exams(), card.predictions(), card.base_rate()), (1, 4, Some(0.5)));
    }

    #[test]
    fn nothing_scored_has_no_scores_and_one_outcome_no_skill() {
        let mut card = Scorecard::default();
        card.add_exam(&[]);
        assert_eq!(card.scores(), None);
        card.add_exam(&[(1.0, true)]);
        let scores = card.scores().unwrap();
        assert_eq!(scores.skill, None);
        near(scores.brier, 0.0);
        near(scores.log_score, -(1.0 - 1e-6_f64).ln());
    }

    #[test]
    fn precision_uses_the_five_likeliest_topics_and_averages_ties() {
        let topics = |chances: &[(f64, bool)]| precision(chances);
        near(topics(&[(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.5, false), (0.4, true)]), 0.6);
        // One certain place, and four places for eight ties, of which two appeared.
        let mut predictions = vec![(0.9, true)];
        predictions.extend((0..8).map(|index| (0.5, index < 2)));
        near(topics(&predictions), (1.0 + 4.0 * 2.0 / 8.0) / 5.0);
        near(topics(&[(0.1, true), (0.2, false)]), 0.5);
    }

    #[test]
    fn bins_hold_their_lower_end() {
        let bins: Vec<_> = [0.0, 0.099, 0.1, 0.3, 0.699, 0.7, 0.9, 1.0].map(bin_of).into();
        assert_eq!(bins, [0, 0, 1, 3, 6, 7, 9, 9]);
    }

    #[test]
    fn cards_add_up() {
        let (mut first, mut second, mut both) = (Scorecard::default(), Scorecard::default(), Scorecard::default());
        first.add_exam(&[(0.5, true)]);
        second.add_exam(&[(0.25, false), (0.75, false)]);
        both.add_exam(&[(0.5, true)]);
        both.add_exam(&[(0.25, false), (0.75, false)]);
        first.add(&second);
        assert_eq!(first, both);
    }
}
