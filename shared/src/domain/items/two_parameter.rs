//! The two-parameter logistic model (2PL; Birnbaum 1968): how steeply the probability of a right answer grows with ability.
//!
//! ```text
//! P(right) = 1 / (1 + e^−a(θ − b))        θ ~ normal(0, 1) over students; a: discrimination, b: difficulty
//! ```
//!
//! Marginal maximum likelihood by expectation and maximisation over points of θ (Bock & Aitkin 1981). Only the items that a
//! student was shown count, so it does not matter who was shown which. A blank answer is wrong.

use serde::{Deserialize, Serialize};

use super::Responses;
use crate::domain::number::count;

/// Answers below which an item is left out: an estimate of a would be off by half and more.
pub const ANSWERS_2PL_MIN: u32 = 200;
/// Right answers, and wrong ones, below which it is left out.
const EACH_MIN: u32 = 10;
/// Items that the model needs to tell ability.
const ITEMS_MIN: usize = 3;
/// Points of θ, evenly from −6 to 6.
const POINTS: usize = 49;
const THETA_MAX: f64 = 6.0;
/// Bound of a: a steeper curve is a step, which answers cannot tell from a steeper one.
const DISCRIMINATION_MAX: f64 = 8.0;
/// Change of all parameters below which the search ends, and rounds after which it ends in any case.
const CHANGE_MIN: f64 = 1e-4;
const ROUNDS_MAX: u32 = 300;
/// Steps of Newton's method for an item in a round.
const NEWTON_STEPS: u32 = 3;

/// Parameters of an item.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TwoParameter {
    /// a: logits for each standard deviation of ability.
    pub discrimination: f64,
    /// Its standard error.
    pub discrimination_error: f64,
    /// b: the ability at which half of the answers are right, in standard deviations.
    pub difficulty: f64,
    /// Its standard error.
    pub difficulty_error: f64,
}

/// Slope a and intercept c = −a b of an item.
#[derive(Debug, Clone, Copy)]
struct Line {
    slope: f64,
    intercept: f64,
}

/// Weighted answers at a point of θ.
#[derive(Debug, Clone, Copy, Default)]
struct Expected {
    all: f64,
    right: f64,
}

/// Estimates the parameters of the items that `is_sound` admits, by index of the item. `None` for the others, and for those with
/// too few answers, right or wrong.
#[must_use]
pub fn two_parameter(
    items: usize,
    persons: &[Responses],
    is_sound: impl Fn(usize) -> bool,
) -> Vec<Option<TwoParameter>> {
    let mut right = vec![0_u32; items];
    let mut shown = vec![0_u32; items];
    for (item, response) in persons.iter().flatten().filter(|(item, _)| **item < items) {
        shown[*item] += 1;
        right[*item] += u32::from(response.is_right());
    }
    let is_enough =
        |item: usize| shown[item] >= ANSWERS_2PL_MIN && right[item].min(shown[item] - right[item]) >= EACH_MIN;
    let used: Vec<usize> = (0..items).filter(|item| is_enough(*item) && is_sound(*item)).collect();
    let mut found = vec![None; items];
    if used.len() < ITEMS_MIN {
        return found;
    }
    let mut place = vec![None; items];
    for (index, item) in used.iter().enumerate() {
        place[*item] = Some(index);
    }
    let of_person = |responses: &Responses| {
        let used = responses.iter().filter_map(|(item, response)| Some(((*place.get(*item)?)?, response.is_right())));
        used.collect::<Vec<_>>()
    };
    let answers: Vec<Vec<(usize, bool)>> =
        persons.iter().map(of_person).filter(|answers| !answers.is_empty()).collect();
    let points = points();
    let mut lines: Vec<Line> = used
        .iter()
        .map(|item| {
            let share = f64::from(right[*item]) / f64::from(shown[*item]);
            Line { slope: 1.0, intercept: (share / (1.0 - share)).ln() }
        })
        .collect();
    for _ in 0..ROUNDS_MAX {
        let expected = expect(&answers, &lines, &points);
        let mut change = 0.0_f64;
        for (line, expected) in lines.iter_mut().zip(&expected) {
            let better = line.fitted(expected, &points);
            change = change.max((better.slope - line.slope).abs()).max((better.intercept - line.intercept).abs());
            *line = better;
        }
        if change < CHANGE_MIN {
            break;
        }
    }
    for ((item, line), covariance) in used.iter().zip(&lines).zip(covariances(&answers, &lines, &points)) {
        found[*item] = line.parameters(covariance);
    }
    found
}

/// θ and the logarithm of its weight.
fn points() -> Vec<(f64, f64)> {
    let step = 2.0 * THETA_MAX / f64::from(count(POINTS - 1));
    let theta = (0..POINTS).map(|point| step * f64::from(count(point)) - THETA_MAX);
    let weights: Vec<(f64, f64)> = theta.map(|theta| (theta, -0.5 * theta * theta)).collect();
    let sum: f64 = weights.iter().map(|(_, log)| log.exp()).sum();
    weights.into_iter().map(|(theta, log)| (theta, log - sum.ln())).collect()
}

/// Logarithms of the probabilities of a wrong and a right answer to each item at each point.
fn logs(lines: &[Line], points: &[(f64, f64)]) -> Vec<[[f64; POINTS]; 2]> {
    let of = |line: &Line| {
        let mut logs = [[0.0; POINTS]; 2];
        for (at, (theta, _)) in points.iter().enumerate() {
            let z = line.slope * theta + line.intercept;
            // ln σ(z), without a loss of digits.
            let right = if z > 0.0 { -(-z).exp().ln_1p() } else { z - z.exp().ln_1p() };
            logs[1][at] = right;
            logs[0][at] = right - z;
        }
        logs
    };
    lines.iter().map(of).collect()
}

/// How likely each point is for a person, given the answers.
fn posterior(answers: &[(usize, bool)], logs: &[[[f64; POINTS]; 2]], points: &[(f64, f64)]) -> [f64; POINTS] {
    let mut of_point = [0.0; POINTS];
    for (at, (_, weight)) in points.iter().enumerate() {
        of_point[at] = *weight;
    }
    for (item, is_right) in answers {
        for (sum, log) in of_point.iter_mut().zip(&logs[*item][usize::from(*is_right)]) {
            *sum += log;
        }
    }
    let most = of_point.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for log in &mut of_point {
        *log = (*log - most).exp();
    }
    let sum: f64 = of_point.iter().sum();
    of_point.map(|likelihood| likelihood / sum)
}

fn expect(answers: &[Vec<(usize, bool)>], lines: &[Line], points: &[(f64, f64)]) -> Vec<[Expected; POINTS]> {
    let logs = logs(lines, points);
    let mut expected = vec![[Expected::default(); POINTS]; lines.len()];
    for answers in answers {
        let posterior = posterior(answers, &logs, points);
        for (item, is_right) in answers {
            for (expected, share) in expected[*item].iter_mut().zip(&posterior) {
                expected.all += share;
                expected.right += if *is_right { *share } else { 0.0 };
            }
        }
    }
    expected
}

impl Line {
    fn p(&self, theta: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * theta + self.intercept)).exp())
    }

    /// A few steps of Newton's method towards the line that fits the expected answers best.
    fn fitted(mut self, expected: &[Expected; POINTS], points: &[(f64, f64)]) -> Self {
        for _ in 0..NEWTON_STEPS {
            let (mut by_slope, mut by_intercept) = (0.0, 0.0);
            let (mut slope2, mut both, mut intercept2) = (0.0, 0.0, 0.0);
            for (Expected { all, right }, (theta, _)) in expected.iter().zip(points) {
                let p = self.p(*theta);
                let (error, weight) = (right - all * p, all * p * (1.0 - p));
                by_slope += error * theta;
                by_intercept += error;
                slope2 += weight * theta * theta;
                both += weight * theta;
                intercept2 += weight;
            }
            let determinant = slope2 * intercept2 - both * both;
            if determinant <= f64::MIN_POSITIVE {
                break;
            }
            // A step is bounded, so that a flat place does not throw the line away.
            let step = |numerator: f64| (numerator / determinant).clamp(-1.0, 1.0);
            self.slope += step(intercept2 * by_slope - both * by_intercept);
            self.intercept += step(slope2 * by_intercept - both * by_slope);
            self.slope = self.slope.clamp(-DISCRIMINATION_MAX, DISCRIMINATION_MAX);
        }
        self
    }

    /// a and b with their errors; `None` if the answers do not tell the line, or do not tell whether it rises.
    fn parameters(&self, [slope2, both, intercept2]: [f64; 3]) -> Option<TwoParameter> {
        let Self { slope, intercept } = *self;
        let is_known = slope2.is_finite() && slope2 > 0.0 && slope.abs() < DISCRIMINATION_MAX;
        if !is_known || slope < 2.0 * slope2.sqrt() {
            return None;
        }
        let difficulty = -intercept / slope;
        let variance = (intercept2 + difficulty * (difficulty * slope2 + 2.0 * both)) / (slope * slope);
        Some(TwoParameter {
            discrimination: slope,
            discrimination_error: slope2.sqrt(),
            difficulty,
            difficulty_error: variance.max(0.0).sqrt(),
        })
    }
}

/// The variances of slope and intercept of each item, and their covariance in the middle: the inverse of the sum of outer products
/// of the persons' gradients. The other items are taken as known.
fn covariances(answers: &[Vec<(usize, bool)>], lines: &[Line], points: &[(f64, f64)]) -> Vec<[f64; 3]> {
    let logs = logs(lines, points);
    let mut sums = vec![[0.0_f64; 3]; lines.len()];
    for answers in answers {
        let posterior = posterior(answers, &logs, points);
        for (item, is_right) in answers {
            let (mut by_slope, mut by_intercept) = (0.0, 0.0);
            for (share, (theta, _)) in posterior.iter().zip(points) {
                let error = f64::from(u8::from(*is_right)) - lines[*item].p(*theta);
                by_slope += share * error * theta;
                by_intercept += share * error;
            }
            let [slope2, both, intercept2] = &mut sums[*item];
            *slope2 += by_slope * by_slope;
            *both += by_slope * by_intercept;
            *intercept2 += by_intercept * by_intercept;
        }
    }
    let inverse = |[slope2, both, intercept2]: [f64; 3]| {
        let determinant = slope2 * intercept2 - both * both;
        [intercept2 / determinant, -both / determinant, slope2 / determinant]
    };
    sums.into_iter().map(inverse).collect()
}
