//! Which topics to study first, and why.
//!
//! Weak topics are those with evidence of weakness: wrong answers, or the student's own word. They are ranked by the points
//! that are expected to be lost on the next exam × how sure the weakness is. Topics that were never tried are told apart:
//! nothing is known about them but what the exam expects. Percentages of right answers alone decide nothing: one wrong
//! answer is hardly a weakness, and the difficulty of the questions counts.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::estimate::{Estimate, estimate};
use super::level::Levels;
use super::parameters::{logit, sigmoid};
use super::reason::{TopicComparison, plan_reason, reason};
use super::{Calibration, Ease};

/// Logits by which a self-reported weakness lowers the mastery of a topic without attempts.
pub const REPORT_LOGITS: f64 = 0.5;
/// Attempts that a self-report is worth: after this many on the topic it counts half.
pub const REPORT_ATTEMPTS: f64 = 2.0;
/// Logits above the course's mean from which a topic is called hard for everyone.
pub const HARD_LOGITS: f64 = 0.3;
/// Attempts of all students needed to call a topic hard; without any attempts, ratings decide.
pub const HARD_ATTEMPTS_MIN: u32 = 30;
/// Logits of δ below zero from which a topic is called weak for this student.
pub const WEAK_LOGITS: f64 = 0.2;

/// Mastery from which a topic is never more than a low priority.
const MASTERED: f64 = 0.85;
/// Mastery below which a topic is a weakness.
const WEAK_MASTERY: f64 = 0.75;
/// Wrong answers in a row of nothing else from which a topic comes first.
const FAILED_ATTEMPTS: u32 = 3;
/// Points to gain from which a topic has high priority, as a multiple of the mean over the topics.
const HIGH_SHARE: f64 = 1.25;
/// Points to gain below which a topic has low priority, as a multiple of the mean.
const LOW_SHARE: f64 = 0.75;
/// Attempts on a topic, and on the other topics, before they are compared.
const COMPARED_ATTEMPTS_MIN: u32 = 3;

/// Facts about a topic, before topics are ranked.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicCandidate<T> {
    pub topic: T,
    /// Estimate from the student's answers.
    pub estimate: Estimate,
    /// Mastery by the levels that are fitted to all answers together.
    pub fitted: f64,
    /// Standard deviation of the fitted level, in logits.
    pub fitted_sd: f64,
    /// Attempts of the student that the estimate uses.
    pub attempts: u32,
    /// Correct attempts.
    pub right: u32,
    /// All attempts of the student, also those with the solution at hand.
    pub attempts_of_any_kind: u32,
    /// Whether the student reported a weakness.
    pub self_reported: bool,
    /// Expected points on the next exam; negative numbers and NaN count as 0.
    pub expected_points: f64,
    /// Current δ: how much better the student is here than on other topics, in logits.
    pub delta: f64,
    /// Difficulty of its questions for all students, in logits: d plus the mean of e.
    pub difficulty: f64,
    /// Attempts of all students that `difficulty` was learnt from; 0 when only ratings determine it.
    pub attempts_of_all: u32,
}

/// Priority of a topic within its course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// At least 1.25 times the mean points to gain, or at least three answers and none right.
    High,
    /// Between high and low.
    Medium,
    /// Less than 0.75 times the mean points to gain, no points to gain, or a mastery of at least 85 %.
    Low,
}

/// What is known of the student on a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicStanding {
    /// There is evidence of a weakness.
    Weak,
    /// No attempt says anything.
    Untried,
    /// Tried, without evidence of a weakness.
    Good,
}

/// A ranked topic.
#[derive(Debug, Clone, PartialEq)]
pub struct WeakTopic<T> {
    pub topic: T,
    pub standing: TopicStanding,
    /// Estimate from the student's answers; a self-report does not change it.
    pub estimate: Estimate,
    /// Attempts of the student that the estimate uses.
    pub attempts: u32,
    /// Points to gain: expected points × (1 − mastery), where a self-report lowers the mastery.
    pub gain_points: f64,
    /// Probability that the mastery is below 75 %.
    pub certainty: f64,
    pub priority: Priority,
    /// Whether it is harder than the course's other topics, for everyone: by at least 0.3 logits more than their mean,
    /// learnt from at least 30 attempts or, before there are any, with questions rated above 3.5 on average.
    pub hard_for_everyone: bool,
    /// Whether the student does worse here than elsewhere, whatever the difficulty: by at least 0.2 logits, after three
    /// attempts here and three elsewhere.
    pub weak_for_you: bool,
    /// Reason in plain English; it states only what the numbers support.
    pub reason: String,
    /// Reason to study it now, in one sentence.
    pub plan_reason: String,
    rank: Rank,
}

/// What the order of weak topics follows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rank {
    /// At least three answers, none of them right.
    failed: bool,
    /// Expected points lost, by the fitted mastery, times the certainty.
    loss: f64,
}

/// The topics of a course, each in one list.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking<T> {
    /// With evidence of weakness: first those of which at least three answers were all wrong, then most expected loss
    /// first.
    pub weak: Vec<WeakTopic<T>>,
    /// Never tried, most points to gain first.
    pub untried: Vec<WeakTopic<T>>,
    /// The others, in the order of weak topics.
    pub good: Vec<WeakTopic<T>>,
}

impl<T: Ord + Clone> TopicCandidate<T> {
    /// Collects the facts about a topic at `now_seconds` from a student's levels and the calibration. `effects` are those
    /// of the topic's questions.
    #[must_use]
    pub fn new<Q: Ord>(
        topic: &T,
        levels: &Levels<'_, T>,
        calibration: &Calibration<T, Q>,
        effects: &[f64],
        now_seconds: i64,
    ) -> Self {
        let student = levels.student();
        let base = Ease { logits: calibration.base(topic), practice: calibration.practice_on(topic) };
        let state = student.topics.get(topic);
        let attempts = state.map_or(0, |state| state.attempts);
        let level = levels.on(topic, calibration.attempts_on(topic));
        let ease = base.after(attempts);
        let average = [0.0];
        let of_questions = if effects.is_empty() { &average } else { effects };
        Self {
            topic: topic.clone(),
            estimate: estimate(student, topic, base, effects, now_seconds),
            fitted: mean(of_questions.iter().map(|effect| sigmoid(level.mean + ease - effect))),
            fitted_sd: level.sd,
            attempts,
            right: state.map_or(0, |state| state.right),
            attempts_of_any_kind: attempts,
            self_reported: false,
            expected_points: 0.0,
            delta: state.map_or(0.0, |state| state.delta_at(now_seconds)),
            difficulty: calibration.mu - base.logits + mean(effects.iter().copied()),
            attempts_of_all: calibration.attempts_on(topic),
        }
    }
}

impl<T> TopicCandidate<T> {
    /// A mastery with the student's report, a weak prior: −0.5 logits that count as two attempts against those made.
    fn with_report(&self, mastery: f64) -> f64 {
        if !self.self_reported {
            return mastery;
        }
        let shift = REPORT_LOGITS * REPORT_ATTEMPTS / (REPORT_ATTEMPTS + f64::from(self.attempts));
        sigmoid(logit(mastery) - shift)
    }

    fn mastery_with_report(&self) -> f64 {
        self.with_report(self.estimate.mastery)
    }

    /// Probability that the mastery is below [`WEAK_MASTERY`].
    fn certainty(&self) -> f64 {
        let sds = (logit(WEAK_MASTERY) - logit(self.with_report(self.fitted))) / self.fitted_sd.max(f64::MIN_POSITIVE);
        0.5 * libm::erfc(-sds / std::f64::consts::SQRT_2)
    }

    /// Whether all of several answers were wrong.
    fn failed(&self) -> bool {
        self.attempts >= FAILED_ATTEMPTS && self.right == 0
    }

    fn standing(&self) -> TopicStanding {
        let Self { attempts, right, .. } = self;
        let has_wrong = right < attempts;
        let is_low = self.fitted.min(self.estimate.mastery) < WEAK_MASTERY || right.saturating_mul(2) <= *attempts;
        let says_so = self.self_reported && self.mastery_with_report() < MASTERED;
        if (has_wrong && is_low) || says_so {
            TopicStanding::Weak
        } else if *attempts == 0 {
            TopicStanding::Untried
        } else {
            TopicStanding::Good
        }
    }

    /// Whether ratings alone call the topic hard. Without attempts, a topic can only seem harder because nothing is known
    /// about it.
    fn is_rated_hard(&self) -> bool {
        self.attempts_of_all == 0 && self.difficulty >= HARD_LOGITS
    }

    fn points(&self) -> f64 {
        if self.expected_points.is_finite() { self.expected_points.max(0.0) } else { 0.0 }
    }
}

/// Ranks the topics of a course.
///
/// Takes all topics of the course, since "hard" and the priority compare them. If no topic has expected points, as in a
/// course without past exams, each is worth one point. Ties are ordered by mastery, lowest first, then by `T`.
///
/// A student without attempts counts as average, so the order is expected points × difficulty.
#[must_use]
pub fn rank<T: Ord>(candidates: Vec<TopicCandidate<T>>) -> Ranking<T> {
    let no_points = candidates.iter().all(|candidate| candidate.points() <= 0.0);
    let points = |candidate: &TopicCandidate<T>| if no_points { 1.0 } else { candidate.points() };
    let gain = |candidate: &TopicCandidate<T>| points(candidate) * (1.0 - candidate.mastery_with_report());
    let mean_gain = mean(candidates.iter().map(gain));
    let mean_difficulty = mean(candidates.iter().map(|candidate| candidate.difficulty));
    let all_attempts = candidates.iter().fold(0_u32, |sum, candidate| sum.saturating_add(candidate.attempts));

    let several = candidates.len() > 1;
    let place = |candidate: TopicCandidate<T>| {
        let gain_points = gain(&candidate);
        let compared = candidate.attempts.min(all_attempts - candidate.attempts) >= COMPARED_ATTEMPTS_MIN;
        let known = candidate.attempts_of_all >= HARD_ATTEMPTS_MIN || candidate.is_rated_hard();
        let hard_for_everyone = several && known && candidate.difficulty - mean_difficulty >= HARD_LOGITS;
        let weak_for_you = compared && candidate.delta <= -WEAK_LOGITS;
        let facts = TopicComparison { hard_for_everyone, weak_for_you, points: candidate.points() };
        let (failed, certainty) = (candidate.failed(), candidate.certainty());
        let loss = points(&candidate) * (1.0 - candidate.with_report(candidate.fitted)) * certainty;
        let of_gain = priority(gain_points, mean_gain, candidate.mastery_with_report());
        let standing = candidate.standing();
        WeakTopic {
            standing,
            reason: reason(&candidate, &facts),
            plan_reason: plan_reason(&candidate, standing, candidate.points()),
            priority: if failed { Priority::High } else { of_gain },
            topic: candidate.topic,
            estimate: candidate.estimate,
            attempts: candidate.attempts,
            gain_points,
            certainty,
            hard_for_everyone,
            weak_for_you,
            rank: Rank { failed, loss },
        }
    };
    let mut ranking = Ranking { weak: Vec::new(), untried: Vec::new(), good: Vec::new() };
    for topic in candidates.into_iter().map(place) {
        match topic.standing {
            TopicStanding::Weak => ranking.weak.push(topic),
            TopicStanding::Untried => ranking.untried.push(topic),
            TopicStanding::Good => ranking.good.push(topic),
        }
    }
    ranking.weak.sort_by(by_loss);
    ranking.untried.sort_by(by_gain);
    ranking.good.sort_by(by_loss);
    ranking
}

fn by_loss<T: Ord>(a: &WeakTopic<T>, b: &WeakTopic<T>) -> Ordering {
    let failed = b.rank.failed.cmp(&a.rank.failed);
    failed.then(b.rank.loss.total_cmp(&a.rank.loss)).then_with(|| by_gain(a, b))
}

fn by_gain<T: Ord>(a: &WeakTopic<T>, b: &WeakTopic<T>) -> Ordering {
    let by_gain = b.gain_points.total_cmp(&a.gain_points);
    by_gain.then(a.estimate.mastery.total_cmp(&b.estimate.mastery)).then_with(|| a.topic.cmp(&b.topic))
}

fn priority(gain: f64, mean_gain: f64, mastery: f64) -> Priority {
    if gain <= 0.0 || mastery >= MASTERED || gain < LOW_SHARE * mean_gain {
        Priority::Low
    } else if gain >= HIGH_SHARE * mean_gain {
        Priority::High
    } else {
        Priority::Medium
    }
}

/// The mean; 0 for an empty list.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::{AttemptResult, Evidence, Mastery};
    use super::*;

    fn candidate(topic: char, mastery: f64, expected_points: f64) -> TopicCandidate<char> {
        TopicCandidate {
            topic,
            estimate: Estimate { mastery, low: mastery / 2.0, high: mastery.sqrt(), enough_data: true },
            fitted: mastery,
            fitted_sd: 0.5,
            attempts: 10,
            right: 5,
            attempts_of_any_kind: 10,
            self_reported: false,
            expected_points,
            delta: 0.0,
            difficulty: 0.0,
            attempts_of_all: 100,
        }
    }

    /// All topics: weak, untried, good.
    fn ranked(candidates: Vec<TopicCandidate<char>>) -> Vec<WeakTopic<char>> {
        let Ranking { weak, untried, good } = rank(candidates);
        weak.into_iter().chain(untried).chain(good).collect()
    }

    fn order(candidates: Vec<TopicCandidate<char>>) -> String {
        ranked(candidates).iter().map(|topic| topic.topic).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn points_to_lose_decide_and_not_percentages() {
        // a is the weakest and hardly ever asked: 1.4; b: 8; c: 2.4.
        let ranked = ranked(vec![candidate('a', 0.3, 2.0), candidate('b', 0.6, 20.0), candidate('c', 0.4, 4.0)]);
        let found: Vec<_> = ranked.iter().map(|topic| (topic.topic, topic.priority)).collect();
        assert_eq!(found, [('b', Priority::High), ('c', Priority::Low), ('a', Priority::Low)]);
        near(ranked[0].gain_points, 8.0);
        near(ranked[2].gain_points, 1.4);
    }

    #[test]
    fn a_sure_weakness_goes_before_an_unsure_one() {
        let sure = TopicCandidate { fitted_sd: 0.2, ..candidate('b', 0.6, 1.0) };
        let unsure = TopicCandidate { fitted_sd: 1.5, ..candidate('a', 0.6, 1.0) };
        let ranked = ranked(vec![unsure, sure]);
        assert_eq!(ranked[0].topic, 'b');
        // Φ((ln 3 − ln 1.5) / 0.2)
        near(ranked[0].certainty, 0.999_735_608_793_5);
    }

    #[test]
    fn topics_that_always_failed_come_first_and_with_high_priority() {
        let failed = TopicCandidate { attempts: 3, right: 0, ..candidate('f', 0.5, 0.1) };
        let found = ranked(vec![candidate('a', 0.3, 20.0), failed.clone(), candidate('b', 0.4, 20.0)]);
        assert_eq!((found[0].topic, found[0].priority), ('f', Priority::High));
        let hardly = TopicCandidate { attempts: 2, ..failed };
        assert_eq!(order(vec![candidate('a', 0.3, 20.0), hardly, candidate('b', 0.4, 20.0)]), "abf");
    }

    #[test]
    fn weak_untried_and_good_topics_are_told_apart() {
        let untried = TopicCandidate { attempts: 0, right: 0, ..candidate('u', 0.2, 9.0) };
        let reported = TopicCandidate { self_reported: true, topic: 'r', ..untried.clone() };
        let never_wrong = TopicCandidate { right: 10, ..candidate('n', 0.6, 5.0) };
        let strong = TopicCandidate { right: 8, ..candidate('s', 0.8, 5.0) };
        let unlucky = TopicCandidate { attempts: 2, right: 1, ..candidate('l', 0.8, 5.0) };
        let found = rank(vec![untried, reported, never_wrong, strong, unlucky, candidate('w', 0.5, 5.0)]);
        let names = |topics: &[WeakTopic<char>]| topics.iter().map(|topic| topic.topic).collect::<String>();
        assert_eq!(
            (names(&found.weak), names(&found.untried), names(&found.good)),
            ("rwl".into(), "u".into(), "ns".into())
        );
    }

    #[test]
    fn equal_topics_are_medium_and_sorted_by_name() {
        let found = ranked(vec![candidate('b', 0.5, 1.0), candidate('a', 0.5, 1.0)]);
        assert!(found.iter().all(|topic| topic.priority == Priority::Medium));
        assert_eq!((found[0].topic, found[1].topic), ('a', 'b'));
        assert_eq!(ranked(Vec::new()), []);
    }

    #[test]
    fn what_is_mastered_is_a_low_priority() {
        let mastered = TopicCandidate { right: 9, ..candidate('a', 0.9, 100.0) };
        let found = ranked(vec![mastered, candidate('b', 0.5, 1.0)]);
        assert_eq!((found[1].topic, found[1].priority), ('a', Priority::Low));
    }

    #[test]
    fn without_a_forecast_mastery_decides() {
        assert_eq!(
            order(vec![candidate('a', 0.6, 0.0), candidate('b', 0.3, f64::NAN), candidate('c', 0.5, -1.0)]),
            "bca"
        );
        // Nobody expects `a` on the exam, so there is nothing to gain.
        let found = ranked(vec![candidate('a', 0.1, 0.0), candidate('b', 0.7, 3.0)]);
        assert_eq!((found[1].topic, found[1].priority), ('a', Priority::Low));
    }

    #[test]
    fn a_report_is_worth_two_attempts() {
        let reported = |attempts| TopicCandidate { self_reported: true, attempts, ..candidate('a', 0.5, 1.0) };
        near(reported(0).mastery_with_report(), sigmoid(-0.5));
        near(reported(2).mastery_with_report(), sigmoid(-0.25));
        near(reported(18).mastery_with_report(), sigmoid(-0.05));
        let found = ranked(vec![candidate('a', 0.5, 1.0), TopicCandidate { topic: 'b', ..reported(0) }]);
        assert_eq!(found[0].topic, 'b');
        near(found[0].estimate.mastery, 0.5);
    }

    #[test]
    fn hard_for_everyone_differs_from_weak_for_you() {
        let hard = TopicCandidate { difficulty: 1.0, ..candidate('a', 0.4, 1.0) };
        let weak = TopicCandidate { delta: -0.5, ..candidate('b', 0.4, 1.0) };
        let found = ranked(vec![hard.clone(), weak.clone()]);
        let flags = |index: usize| (found[index].hard_for_everyone, found[index].weak_for_you);
        assert_eq!((flags(0), flags(1)), ((true, false), (false, true)));
        // One topic cannot be compared with others.
        let alone = ranked(vec![TopicCandidate { delta: -0.5, ..hard.clone() }]);
        assert!(!alone[0].hard_for_everyone && !alone[0].weak_for_you);
        let hardly = TopicCandidate { attempts_of_all: 29, ..hard.clone() };
        assert!(!ranked(vec![hardly, weak.clone()])[0].hard_for_everyone);
        // Nothing is known about the topic, and the other one is easy.
        let unknown = TopicCandidate { attempts_of_all: 0, ..candidate('a', 0.4, 1.0) };
        let easy = TopicCandidate { difficulty: -1.0, ..candidate('b', 0.8, 1.0) };
        assert!(!ranked(vec![unknown.clone(), easy.clone()])[0].hard_for_everyone);
        let rated = TopicCandidate { difficulty: 0.6, ..unknown };
        assert!(ranked(vec![rated, easy])[0].hard_for_everyone);
        let few = TopicCandidate { attempts: 2, right: 0, ..weak };
        assert!(!ranked(vec![few, candidate('c', 0.5, 1.0)])[0].weak_for_you);
    }

    /// Nothing is known about the student: the order is points × difficulty.
    #[test]
    fn a_new_student_gets_an_order() {
        let mut calibration = Calibration::<char, u8>::default();
        calibration.topics.insert('h', super::super::Effect { value: 1.0, attempts: 50 });
        let student = Mastery::default();
        let of = |topic: char, expected_points: f64| {
            let levels = Levels::of(&student, |_| 0);
            let new = TopicCandidate::new(&topic, &levels, &calibration, &[0.0, 0.6], 0);
            TopicCandidate { expected_points, ..new }
        };
        let found = rank(vec![of('e', 3.0), of('h', 3.0), of('s', 10.0)]);
        assert!(found.weak.is_empty() && found.good.is_empty());
        let order: String = found.untried.iter().map(|topic| topic.topic).collect();
        assert_eq!(order, "she");
        let ranked = found.untried;
        assert!(ranked[1].hard_for_everyone && !ranked[1].weak_for_you && !ranked[1].estimate.enough_data);
        near(ranked[0].gain_points, 10.0 * (1.0 - f64::midpoint(sigmoid(0.62), sigmoid(0.02))));
    }

    #[test]
    fn a_candidate_is_read_from_state_and_calibration() {
        let outcome = |correct| AttemptResult { correct, at_seconds: 0, evidence: Evidence::Full };
        let calibration = Calibration::<char, u8>::default();
        let ease = calibration.ease(&'a', &1, Some(4));
        let student = Mastery::fold([('a', ease, outcome(false)), ('a', ease, outcome(true))]);
        let levels = Levels::of(&student, |_| 0);
        let found = TopicCandidate::new(&'a', &levels, &calibration, &[0.6, 0.0], 0);
        assert_eq!((found.attempts, found.right, found.attempts_of_all), (2, 1, 0));
        near(found.difficulty, 0.3);
        near(found.delta, student.topics[&'a'].delta);
        assert_eq!(found.estimate, estimate(&student, &'a', 0.62, &[0.6, 0.0], 0));
        let level = levels.on(&'a', 0);
        near(found.fitted, f64::midpoint(sigmoid(level.mean + 0.02), sigmoid(level.mean + 0.62)));
        near(found.fitted_sd, level.sd);
    }
}
