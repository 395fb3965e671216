//! Compares a stored schedule with the attempts that moved it.

use super::ReviewState;
use super::scheduler::{INTERVAL_DAYS_MAX, Scheduler};
use crate::domain::study::attempt::Attempt;
use crate::domain::study::progress::Progress;
use crate::domain::time::day_number;

/// Largest difference, as a share of the number, at which two states count as equal: another machine's mathematical functions
/// may move the last bits, and each answer builds on the one before.
const TOLERANCE: f32 = 1e-3;

/// What is wrong with the schedule of a question; `None` if it follows from `attempts`, the student's attempts on this
/// question in their order. `scheduler` finds the model by the version of its parameters.
///
/// Attempts from before there were schedules moved none. If there are such, the schedule began from what the progress said at
/// that time, so only its day and its bounds are checked.
#[must_use]
pub fn schedule_fault<'a>(
    stored: &Progress,
    attempts: &[&Attempt],
    scheduler: impl Fn(u32) -> Option<&'a Scheduler>,
) -> Option<String> {
    let moved: Vec<(&Attempt, u32)> =
        attempts.iter().filter_map(|attempt| Some((*attempt, attempt.review_parameters?))).collect();
    let Some(state) = &stored.review else {
        return (!moved.is_empty()).then(|| "it was answered but has no schedule".to_owned());
    };
    let Some(last_day) = moved.iter().map(|(attempt, _)| day_number(attempt.created_at)).max() else {
        return Some("it has a schedule but no attempt that moved one".to_owned());
    };
    if usize::try_from(stored.attempts).is_ok_and(|counted| counted > moved.len()) {
        let is_valid = (0.0..=f32::from(INTERVAL_DAYS_MAX)).contains(&state.stability)
            && (1.0..=10.0).contains(&state.difficulty)
            && state.day >= last_day;
        return (!is_valid).then(|| "its schedule is older than its last attempt, or out of bounds".to_owned());
    }
    let mut folded: Option<ReviewState> = None;
    for (attempt, version) in moved {
        let Some(scheduler) = scheduler(version) else {
            return Some(format!("the review parameters of calibration {version} are missing"));
        };
        folded = Some(scheduler.after(folded.as_ref(), attempt.correct, day_number(attempt.created_at)));
    }
    let near = |a: f32, b: f32| (a - b).abs() <= TOLERANCE * b.abs();
    let is_same = folded.is_some_and(|folded| {
        folded.day == state.day && near(state.stability, folded.stability) && near(state.difficulty, folded.difficulty)
    });
    (!is_same).then(|| "its schedule is not the fold of its attempts".to_owned())
}
