//! The state of a student in a course: mastery and activity. It is a fold of their attempts in the order of their
//! positions.

mod accepted;
pub mod advice;
pub mod answer_rules;
pub mod attempt;
mod decimal;
pub mod exam_points;
pub mod marking;
mod pattern;
pub mod preview;
pub mod progress;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalog::Bank;
use crate::domain::id::{CourseId, QuestionId, TopicId};
use crate::domain::mastery::{self, AttemptResult, Ease, Estimate, Mastery, estimate};
use crate::domain::number::rounded;
use crate::domain::study::attempt::Attempt;
use crate::domain::time::{date_of_day, day_number};

/// Number of weeks kept; older attempts count in the totals only.
const WEEKS_MAX: usize = 53;

/// Difficulty of the course's topics and questions, learnt from all students.
pub type Calibration = mastery::Calibration<TopicId, QuestionId>;

/// State of a student in a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Study {
    pub course_id: CourseId,
    /// Number of attempts folded: the position of the last one, and the version of the stored item.
    pub version: u64,
    pub mastery: Mastery<TopicId>,
    /// Activity.
    pub log: StudyLog,
}

/// Sums over attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptTotals {
    pub attempts: u32,
    /// Correct attempts.
    pub correct: u32,
    /// Seconds spent, as reported by clients.
    pub seconds: u64,
}

/// Activity of a student.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyLog {
    pub total: AttemptTotals,
    pub topics: BTreeMap<TopicId, AttemptTotals>,
    /// By week, named by its Monday (UTC), such as `2026-11-16`; the last 53.
    pub weeks: BTreeMap<String, AttemptTotals>,
    /// Consecutive days with an attempt (UTC), up to `last_day`.
    pub streak_days: u32,
    pub longest_streak_days: u32,
    /// The last day with an attempt, in days since 1970-01-01.
    pub last_day: Option<i64>,
}

impl Study {
    /// The state before the first attempt.
    #[must_use]
    pub fn new(course_id: CourseId) -> Self {
        Self { course_id, version: 0, mastery: Mastery::default(), log: StudyLog::default() }
    }

    /// Folds `attempts`, which are sorted by position.
    #[must_use]
    pub fn fold<'a>(course_id: CourseId, attempts: impl IntoIterator<Item = &'a Attempt>) -> Self {
        let mut study = Self::new(course_id);
        for attempt in attempts {
            study.record(attempt);
        }
        study
    }

    /// Adds an attempt.
    pub fn record(&mut self, attempt: &Attempt) {
        self.version += 1;
        self.log.record(attempt);
        let outcome = AttemptResult {
            correct: attempt.correct,
            at_seconds: attempt.created_at.as_second(),
            evidence: attempt.evidence,
        };
        let ease = Ease { logits: attempt.ease, practice: attempt.practice };
        self.mastery.attempt(attempt.topic_id.clone(), ease, outcome);
    }

    /// Estimates the mastery of a topic.
    #[must_use]
    pub fn estimate(&self, topic: &TopicId, calibration: &Calibration, bank: &Bank, now: Timestamp) -> Estimate {
        let base = Ease { logits: calibration.base(topic), practice: calibration.practice_on(topic) };
        estimate(&self.mastery, topic, base, &effects(topic, calibration, bank), now.as_second())
    }
}

/// Difficulty of each question of a topic.
#[must_use]
pub fn effects(topic: &TopicId, calibration: &Calibration, bank: &Bank) -> Vec<f64> {
    let metas = bank.questions.iter().map(|question| &question.meta).filter(|meta| meta.topic_id == *topic);
    metas.map(|meta| calibration.effect(&meta.id, meta.difficulty)).collect()
}

/// Mastery of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicMasteryView {
    pub topic_id: TopicId,
    /// Share of the topic's questions that the student is expected to answer correctly, 0 to 1.
    pub mastery: f64,
    /// 90 % interval of the mastery.
    pub interval: [f64; 2],
    /// Whether there are enough answers for a reliable estimate.
    pub enough_data: bool,
}

impl TopicMasteryView {
    /// Converts an estimate.
    #[must_use]
    pub fn of(topic_id: TopicId, estimate: &Estimate) -> Self {
        Self {
            topic_id,
            mastery: rounded(estimate.mastery, 4),
            interval: [rounded(estimate.low, 4), rounded(estimate.high, 4)],
            enough_data: estimate.enough_data,
        }
    }
}

impl AttemptTotals {
    fn add(&mut self, attempt: &Attempt) {
        self.attempts += 1;
        self.correct += u32::from(attempt.correct);
        self.seconds += u64::from(attempt.time_spent_seconds.unwrap_or(0));
    }
}

impl StudyLog {
    fn record(&mut self, attempt: &Attempt) {
        let day = day_number(attempt.created_at);
        self.total.add(attempt);
        self.topics.entry(attempt.topic_id.clone()).or_default().add(attempt);
        self.weeks.entry(monday(day)).or_default().add(attempt);
        while self.weeks.len() > WEEKS_MAX {
            self.weeks.pop_first();
        }
        match self.last_day {
            // The clock of another process may be behind.
            Some(last) if day <= last => {}
            Some(last) if day == last + 1 => self.streak_days += 1,
            _ => self.streak_days = 1,
        }
        self.last_day = self.last_day.max(Some(day));
        self.longest_streak_days = self.longest_streak_days.max(self.streak_days);
    }

    /// The last `count` weeks up to `now`, oldest first, also those without attempts: the Monday of each in days since
    /// 1970-01-01.
    #[must_use]
    pub fn calendar(&self, now: Timestamp, count: u16) -> Vec<(i64, AttemptTotals)> {
        let day = day_number(now);
        let weeks = (0..i64::from(count)).rev().map(|ago| monday_of(day - 7 * ago));
        weeks.map(|monday| (monday, self.weeks.get(&date_of_day(monday)).copied().unwrap_or_default())).collect()
    }

    /// The current streak at `now`; 0 if neither today nor yesterday had an attempt.
    #[must_use]
    pub fn streak_at(&self, now: Timestamp) -> u32 {
        let is_on = self.last_day.is_some_and(|last| last >= day_number(now) - 1);
        if is_on { self.streak_days } else { 0 }
    }
}

/// The Monday in the week of a day.
fn monday_of(day: i64) -> i64 {
    // Day 0 was a Thursday.
    day - (day + 3).rem_euclid(7)
}

/// Date of the Monday in the week of a day.
fn monday(day: i64) -> String {
    date_of_day(monday_of(day))
}

/// Largest difference at which two numbers count as equal.
const TOLERANCE: f64 = 1e-9;

/// Differences between a stored state and the fold of its attempts.
#[must_use]
pub fn differences(stored: &Study, folded: &Study) -> Vec<String> {
    let mut found = Vec::new();
    if (stored.version, &stored.log) != (folded.version, &folded.log) {
        found.push(format!("counts {} attempts, but there are {}", stored.version, folded.version));
    }
    let far = |a: f64, b: f64| (a - b).abs() > TOLERANCE;
    let (a, b) = (&stored.mastery, &folded.mastery);
    if far(a.theta, b.theta) || far(a.information, b.information) {
        found.push(format!("general level {} is not {}", a.theta, b.theta));
    }
    for (topic, of_stored) in &a.topics {
        let is_same = b.topics.get(topic).is_some_and(|of_folded| {
            !far(of_stored.delta, of_folded.delta)
                && !far(of_stored.recent, of_folded.recent)
                && !far(of_stored.information, of_folded.information)
                // States from before responses were kept go on from their estimate.
                && (a.model != b.model
                    || !far(of_stored.response_information, of_folded.response_information)
                        && !far(of_stored.responses, of_folded.responses))
        });
        if !is_same {
            found.push(format!("mastery of topic {topic:?} is not the fold of its attempts"));
        }
    }
    if a.topics.len() != b.topics.len() {
        found.push(format!("{} topics, not {}", a.topics.len(), b.topics.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::mastery::Evidence;
    use crate::domain::study::attempt::{AttemptId, GradedBy};
    use crate::domain::time::DAY_SECONDS;

    fn attempt(topic: usize, at_seconds: i64, correct: bool, evidence: Evidence) -> Attempt {
        Attempt {
            id: AttemptId(Uuid::nil()),
            course_id: CourseId::try_from("c").unwrap(),
            topic_id: TopicId::try_from(format!("t{topic}")).unwrap(),
            question_id: QuestionId::try_from("q").unwrap(),
            version: 1,
            saw_earlier: false,
            answer: None,
            answers: BTreeMap::new(),
            correct,
            score: None,
            parts: Vec::new(),
            graded_by: GradedBy::Answer,
            solution_seen: false,
            evidence,
            ease: 0.62,
            practice: 0.1,
            position: 0,
            review_parameters: None,
            time_spent_seconds: Some(30),
            created_at: Timestamp::from_second(at_seconds).unwrap(),
        }
    }

    fn course() -> CourseId {
        CourseId::try_from("c").unwrap()
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!((monday(0), monday(3), monday(4)), ("1969-12-29".into(), "1969-12-29".into(), "1970-01-05".into()));
        // 2026-11-22 was a Sunday.
        assert_eq!(monday(20_779), "2026-11-16");
    }

    #[test]
    fn a_calendar_has_weeks_without_attempts_too() {
        let at = |day: i64| attempt(0, day * DAY_SECONDS, true, Evidence::Full);
        // 20,514 was a Monday; the last attempt is older than the calendar.
        let study = Study::fold(course(), &[at(20_514 - 7 * 3), at(20_514 - 8), at(20_514 + 6), at(20_514 + 6)]);
        let now = Timestamp::from_second((20_514 + 6) * DAY_SECONDS).unwrap();
        let weeks: Vec<_> =
            study.log.calendar(now, 3).into_iter().map(|(monday, totals)| (monday, totals.attempts)).collect();
        assert_eq!(weeks, [(20_500, 1), (20_507, 0), (20_514, 2)]);
    }

    #[test]
    fn a_streak_is_days_in_a_row() {
        let at = |day: i64| attempt(0, day * DAY_SECONDS + 7, true, Evidence::Full);
        let study = Study::fold(course(), &[at(10), at(10), at(11), at(12), at(9), at(20), at(21)]);
        assert_eq!((study.log.streak_days, study.log.longest_streak_days), (2, 3));
        let now = |day: i64| Timestamp::from_second(day * DAY_SECONDS).unwrap();
        assert_eq!(
            (study.log.streak_at(now(21)), study.log.streak_at(now(22)), study.log.streak_at(now(23))),
            (2, 2, 0)
        );
        assert_eq!(study.log.total, AttemptTotals { attempts: 7, correct: 7, seconds: 210 });
    }

    proptest! {
        /// Storing and reading the state between attempts does not change the fold.
        #[test]
        fn a_study_is_the_fold_of_its_attempts(
            rows in prop::collection::vec((0..4_usize, 0..100_000_000_i64, any::<bool>(), 0..4_u8), 0..80),
        ) {
            let kinds = [Evidence::Full, Evidence::Half, Evidence::Claimed, Evidence::None];
            let attempts: Vec<Attempt> =
                rows.into_iter().map(|(t, at, correct, kind)| attempt(t, at, correct, kinds[usize::from(kind)])).collect();
            let mut stored = Study::new(course());
            for attempt in &attempts {
                stored.record(attempt);
                stored = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
            }
            let folded = Study::fold(course(), &attempts);
            prop_assert_eq!(&stored.log, &folded.log);
            prop_assert!(differences(&stored, &folded).is_empty());
            prop_assert!(stored.log.weeks.len() <= WEEKS_MAX);
        }
    }
}
