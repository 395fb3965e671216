//! Learns the parameters of a course by the optimizer of the crate `fsrs`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fsrs::{ComputeParametersInput, DEFAULT_PARAMETERS, FSRS, FSRSItem, FSRSReview, compute_parameters};
use jiff::Timestamp;

use super::ReviewParameters;
use super::scheduler::INTERVAL_DAYS_MAX;
use crate::domain::number::count;
use crate::domain::time::day_number;

/// Reviews that are needed to learn parameters. With fewer, the defaults are more certain.
pub const FIT_REVIEWS_MIN: usize = 512;
/// Newest reviews that are used, which bounds memory and time.
const FIT_REVIEWS_MAX: usize = 50_000;
/// Answers of a student to one question that are used: each review has all answers before it.
const HISTORY_MAX: usize = 64;
/// How far the mean log loss must fall before new parameters replace those in force. Otherwise each day's answers would bring a
/// new version.
const IMPROVEMENT_MIN: f32 = 0.0005;
/// Ratings of FSRS.
const AGAIN: u32 = 1;
const GOOD: u32 = 3;

/// An answer as input of [`fit`]. Answers of one history are in the student's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRecord<H> {
    /// The student and the question.
    pub history: H,
    pub at: Timestamp,
    pub correct: bool,
}

/// What [`fit`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum FitOutcome {
    /// There are too few reviews.
    TooFew {
        /// Reviews that carry information.
        reviews: usize,
    },
    /// The parameters in force are as good.
    Kept {
        /// Reviews that were used.
        reviews: usize,
    },
    /// Better parameters.
    Better(ReviewParameters),
    /// The optimizer failed. The parameters in force stay.
    Failed {
        /// Why.
        cause: String,
    },
}

/// Learns parameters from the answers of all students of a course, in any order of histories. `version` is that of new
/// parameters. The same answers give the same result.
///
/// Each review is an item with the answers before it. A review on the day of the answer before says nothing of forgetting
/// over days, and a first answer has nothing before it: both are no items of their own.
#[must_use]
pub fn fit<H: Ord>(records: &[ReviewRecord<H>], in_force: Option<&ReviewParameters>, version: u32) -> FitOutcome {
    let items = items(records);
    let reviews = items.len();
    if reviews < FIT_REVIEWS_MIN {
        return FitOutcome::TooFew { reviews };
    }
    // The crate panics on some inputs that it does not expect.
    let learnt = catch_unwind(AssertUnwindSafe(|| learn(&items, in_force)));
    match learnt {
        Ok(Ok((weights, log_loss))) => {
            // Also false if a loss is no number.
            let is_better = log_loss.after < log_loss.before - IMPROVEMENT_MIN;
            if !is_better {
                return FitOutcome::Kept { reviews };
            }
            FitOutcome::Better(ReviewParameters { version, weights, reviews: count(reviews), log_loss: log_loss.after })
        }
        Ok(Err(cause)) => FitOutcome::Failed { cause },
        Err(_) => FitOutcome::Failed { cause: "the optimizer panicked".to_owned() },
    }
}

/// Mean log losses on the same reviews.
struct Losses {
    before: f32,
    after: f32,
}

fn learn(
    items: &[FSRSItem],
    in_force: Option<&ReviewParameters>,
) -> Result<([f32; super::PARAMETERS], Losses), String> {
    let failed = |error: fsrs::FSRSError| format!("{error:?}");
    let input = ComputeParametersInput { train_set: items.to_vec(), ..ComputeParametersInput::default() };
    let weights = compute_parameters(input).map_err(failed)?;
    let weights: [f32; super::PARAMETERS] =
        weights.try_into().map_err(|weights: Vec<f32>| format!("the optimizer gave {} parameters", weights.len()))?;
    let loss = |weights: &[f32]| {
        let evaluation = FSRS::new(weights).and_then(|model| model.evaluate(items.to_vec(), |_| true));
        evaluation.map(|evaluation| evaluation.log_loss).map_err(failed)
    };
    let before = loss(in_force.map_or(&DEFAULT_PARAMETERS[..], |learnt| &learnt.weights[..]))?;
    Ok((weights, Losses { before, after: loss(&weights)? }))
}

/// The items, sorted by the time of their reviews: the optimizer gives later items more weight.
fn items<H: Ord>(records: &[ReviewRecord<H>]) -> Vec<FSRSItem> {
    let mut histories: BTreeMap<&H, Vec<&ReviewRecord<H>>> = BTreeMap::new();
    for record in records {
        histories.entry(&record.history).or_default().push(record);
    }
    let mut found: Vec<(Timestamp, &H, usize)> = Vec::new();
    let mut reviews: BTreeMap<&H, Vec<FSRSReview>> = BTreeMap::new();
    for (history, records) in histories {
        let mut of_history: Vec<FSRSReview> = Vec::new();
        let mut last: Option<i64> = None;
        for (place, record) in records.iter().take(HISTORY_MAX).enumerate() {
            let day = last.map_or_else(|| day_number(record.at), |last| day_number(record.at).max(last));
            let days = last.map_or(0, |last| day - last).clamp(0, INTERVAL_DAYS_MAX.into());
            let delta_t = u32::try_from(days).unwrap_or_default();
            of_history.push(FSRSReview { rating: if record.correct { GOOD } else { AGAIN }, delta_t });
            if delta_t > 0 {
                found.push((record.at, history, place));
            }
            last = Some(day);
        }
        reviews.insert(history, of_history);
    }
    found.sort();
    let newest = found.len().saturating_sub(FIT_REVIEWS_MAX);
    let item =
        |(_, history, place): &(Timestamp, &H, usize)| FSRSItem { reviews: reviews[history][..=*place].to_vec() };
    found[newest..].iter().map(item).collect()
}
