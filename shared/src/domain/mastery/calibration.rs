//! Difficulty of the topics and questions of a course, learnt from all its students.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::parameters::{
    MU_ATTEMPTS, MU_LOGITS, PRACTICE_COMMON_STEP, PRACTICE_COOLING, PRACTICE_STEP, QUESTION_COOLING,
    QUESTION_RATING_ATTEMPTS, QUESTION_STEP, QUESTION_UNRATED_ATTEMPTS, RATING_DEFAULT, RATING_LOGITS, TOPIC_COOLING,
    TOPIC_STEP, logit, sigmoid, step,
};
use super::state::{AttemptResult, Ease, Mastery};
use crate::domain::review::ReviewParameters;

/// An attempt as input of a calibration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation<U, T, Q> {
    pub user: U,
    pub topic: T,
    pub question: Q,
    /// The question's rating from 1 to 5, if any.
    pub difficulty: Option<u8>,
    pub outcome: AttemptResult,
}

/// Difficulty relative to the average, in logits, and the number of attempts behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Logits subtracted from the ease; negative if easier than average.
    #[serde(rename = "v")]
    pub value: f64,
    /// Attempts that it was learnt from.
    #[serde(rename = "n")]
    pub attempts: u32,
}

/// Difficulty of a course's topics and questions, learnt from all attempts up to some time. A calibration never changes.
///
/// The default is learnt from no attempts: every topic is average, every question as hard as its rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration<T: Ord, Q: Ord> {
    /// Number of the calibration within the course; 0 for the default.
    pub version: u32,
    /// μ: the logits of an average student on an average question.
    pub mu: f64,
    /// Attempts that it was learnt from.
    pub attempts: u64,
    /// d: topics with attempts.
    pub topics: BTreeMap<T, Effect>,
    /// e: questions with attempts.
    pub questions: BTreeMap<Q, Effect>,
    /// g₀: how much practice helps on any topic; 0 in calibrations from before it was learnt.
    #[serde(default)]
    pub practice_in_common: Effect,
    /// g: how much more practice helps on a topic; in calibrations from before it was learnt, nothing.
    #[serde(default = "BTreeMap::new")]
    pub practice: BTreeMap<T, Effect>,
    /// Parameters of the review queue; `None` while the defaults hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewParameters>,
}

/// e of a question without attempts: 0.6 (difficulty − 3) logits, with 3 for a question without a rating. Ratings are
/// taken as from 1 to 5.
#[must_use]
pub fn initial_effect(difficulty: Option<u8>) -> f64 {
    let rating = difficulty.unwrap_or(RATING_DEFAULT).clamp(1, 5);
    RATING_LOGITS * (f64::from(rating) - f64::from(RATING_DEFAULT))
}

impl<T: Ord, Q: Ord> Default for Calibration<T, Q> {
    fn default() -> Self {
        Self {
            version: 0,
            mu: MU_LOGITS,
            attempts: 0,
            topics: BTreeMap::new(),
            questions: BTreeMap::new(),
            practice_in_common: Effect::default(),
            practice: BTreeMap::new(),
            review: None,
        }
    }
}

impl<T: Ord, Q: Ord> Calibration<T, Q> {
    /// μ − d of a topic: the logits of an average student on its questions, without the effect of each question.
    #[must_use]
    pub fn base(&self, topic: &T) -> f64 {
        self.mu - self.topics.get(topic).map_or(0.0, |effect| effect.value)
    }

    /// e of a question; derived from its rating when it has no attempts.
    #[must_use]
    pub fn effect(&self, question: &Q, difficulty: Option<u8>) -> f64 {
        self.questions.get(question).map_or_else(|| initial_effect(difficulty), |effect| effect.value)
    }

    /// μ − d − e: the logits of an average student on a question, and what practice on the topic adds.
    #[must_use]
    pub fn ease(&self, topic: &T, question: &Q, difficulty: Option<u8>) -> Ease {
        Ease { logits: self.base(topic) - self.effect(question, difficulty), practice: self.practice_on(topic) }
    }

    /// g₀ + g of a topic; g₀ alone without attempts on it.
    #[must_use]
    pub fn practice_on(&self, topic: &T) -> f64 {
        self.practice_in_common.value + self.practice.get(topic).map_or(0.0, |effect| effect.value)
    }

    /// Attempts on a topic that the calibration was learnt from.
    #[must_use]
    pub fn attempts_on(&self, topic: &T) -> u32 {
        self.topics.get(topic).map_or(0, |effect| effect.attempts)
    }
}

impl<T: Ord, Q: Ord> Calibration<T, Q> {
    /// The same calibration with other names of questions, without those that get none.
    #[must_use]
    pub fn renamed<P: Ord>(self, name: impl Fn(Q) -> Option<P>) -> Calibration<T, P> {
        let questions = self.questions.into_iter().filter_map(|(question, effect)| Some((name(question)?, effect)));
        Calibration {
            version: self.version,
            mu: self.mu,
            attempts: self.attempts,
            topics: self.topics,
            questions: questions.collect(),
            practice_in_common: self.practice_in_common,
            practice: self.practice,
            review: self.review,
        }
    }
}

impl<T: Ord + Clone, Q: Ord + Clone> Calibration<T, Q> {
    /// Learns from all attempts of a course, in any order.
    ///
    /// μ comes first: the logit of the rate of right answers, in which the assumed rate counts as 20 attempts, so that
    /// μ is 0.62 without data and finite always. Then the attempts go by in order of time. Each is predicted from the
    /// student's state and the difficulties as they are by then, and corrects all of them:
    ///
    /// ```text
    /// d ← d − w · 0.5/(1 + 0.10 n) · error
    /// e ← e − w · 0.6/(1 + 0.06 (n + 5)) · error          n + 2 without a rating
    /// g ← g + w · 0.1/(1 + 0.05 n) · error · ln(1 + attempts of the student on the topic)
    /// ```
    ///
    /// g₀ and the g of the topic move alike, each with its own n: attempts on all topics, and on this one.
    ///
    /// Attempts of one time go by in order of the students, and those of one student and time as they were given. So
    /// the result does not depend on how the students' attempts were put together. Attempts that are no evidence are
    /// left out.
    pub fn fold<U: Ord>(version: u32, attempts: &[Observation<U, T, Q>]) -> Self {
        let counts = |attempt: &&Observation<U, T, Q>| attempt.outcome.evidence != Evidence::None;
        let mut in_time: Vec<_> = attempts.iter().filter(counts).collect();
        in_time.sort_by(|a, b| (a.outcome.at_seconds, &a.user).cmp(&(b.outcome.at_seconds, &b.user)));

        let mu = overall_logit(&in_time);
        let mut calibration = Self { version, mu, attempts: in_time.len() as u64, ..Self::default() };
        let mut students: BTreeMap<&U, Mastery<&T>> = BTreeMap::new();
        for attempt in in_time {
            let student = students.entry(&attempt.user).or_default();
            calibration.learn(attempt, student);
        }
        calibration
    }

    fn learn<'a, U>(&mut self, attempt: &'a Observation<U, T, Q>, student: &mut Mastery<&'a T>) {
        let Observation { topic, question, difficulty, outcome, .. } = attempt;
        let topic_effect = entry(&mut self.topics, topic, 0.0);
        let question_effect = entry(&mut self.questions, question, initial_effect(*difficulty));
        let practice = entry(&mut self.practice, topic, 0.0);
        let in_common = &mut self.practice_in_common;
        let practised = student.topics.get(topic).map_or(0.0, |state| f64::from(state.attempts).ln_1p());
        let logits = self.mu - topic_effect.value - question_effect.value;
        let ease = Ease { logits, practice: in_common.value + practice.value };
        let p = student.attempt(topic, ease, *outcome);
        let error = outcome.evidence.weight() * (f64::from(u8::from(outcome.correct)) - p);
        topic_effect.learn(error, TOPIC_STEP, TOPIC_COOLING, 0.0);
        let worth = if difficulty.is_some() { QUESTION_RATING_ATTEMPTS } else { QUESTION_UNRATED_ATTEMPTS };
        question_effect.learn(error, QUESTION_STEP, QUESTION_COOLING, worth);
        // Practice helps where the others hinder.
        in_common.learn(-error * practised, PRACTICE_COMMON_STEP, PRACTICE_COOLING, 0.0);
        practice.learn(-error * practised, PRACTICE_STEP, PRACTICE_COOLING, 0.0);
    }
}

impl Effect {
    fn learn(&mut self, error: f64, first: f64, cooling: f64, worth: f64) {
        self.value -= step(first, cooling, f64::from(self.attempts) + worth) * error;
        self.attempts = self.attempts.saturating_add(1);
    }
}

/// The effect of `key`, which starts at `start`.
fn entry<'a, K: Ord + Clone>(effects: &'a mut BTreeMap<K, Effect>, key: &K, start: f64) -> &'a mut Effect {
    effects.entry(key.clone()).or_insert(Effect { value: start, attempts: 0 })
}

/// Logit of the rate of right answers, half evidence counting half.
fn overall_logit<U, T, Q>(attempts: &[&Observation<U, T, Q>]) -> f64 {
    let (mut right, mut all) = (MU_ATTEMPTS * sigmoid(MU_LOGITS), MU_ATTEMPTS);
    for attempt in attempts {
        let weight = attempt.outcome.evidence.weight();
        all += weight;
        right += if attempt.outcome.correct { weight } else { 0.0 };
    }
    logit(right / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(user: u8, correct: bool, at_seconds: i64) -> Observation<u8, char, u8> {
        let outcome = AttemptResult { correct, at_seconds, evidence: Evidence::Full };
        Observation { user, topic: 'a', question: 1, difficulty: Some(4), outcome }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn unknown_topics_are_average_and_unknown_questions_as_rated() {
        let calibration = Calibration::<char, u8>::default();
        near(calibration.ease(&'a', &1, None).logits, 0.62);
        near(calibration.ease(&'a', &1, Some(5)).logits, 0.62 - 1.2);
        near(calibration.ease(&'a', &1, Some(1)).logits, 0.62 + 1.2);
        near(initial_effect(Some(0)), -1.2);
        near(initial_effect(Some(255)), 1.2);
        assert_eq!(Calibration::<char, u8>::fold::<u8>(0, &[]).attempts, 0);
        near(Calibration::<char, u8>::fold::<u8>(0, &[]).mu, 0.62);
    }

    #[test]
    fn two_attempts_by_hand() {
        let folded = Calibration::fold(7, &[attempt(2, false, 10), attempt(1, true, 5)]);
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        let rate = (20.0 * sigma(0.62) + 1.0) / 22.0;
        let mu = (rate / (1.0 - rate)).ln();
        near(folded.mu, mu);
        // Student 1 first, then student 2, who is new as well.
        let error = 1.0 - sigma(mu - 0.6);
        let (d, e) = (-0.5 * error, 0.6 - 0.6 / 1.3 * error);
        let error = -sigma(mu - d - e);
        near(folded.topics[&'a'].value, d - 0.5 / 1.1 * error);
        near(folded.questions[&1].value, e - 0.6 / 1.36 * error);
        assert_eq!((folded.version, folded.attempts, folded.attempts_on(&'a'), folded.attempts_on(&'b')), (7, 2, 2, 0));
        near(folded.ease(&'a', &1, None).logits, mu - folded.topics[&'a'].value - folded.questions[&1].value);
    }

    #[test]
    fn an_unrated_question_learns_faster_than_a_rated_one() {
        let mut unrated = attempt(1, true, 5);
        unrated.difficulty = None;
        let folded = Calibration::fold(1, &[unrated]);
        let error = 1.0 - sigmoid(folded.mu);
        near(folded.questions[&1].value, -0.6 / 1.12 * error);
    }

    /// On a topic that nobody practised twice, practice is taken to help as on the others.
    #[test]
    fn what_practice_adds_is_shared_by_topics_and_differs_between_them() {
        let attempts: Vec<_> = (0..30_u8)
            .flat_map(|user| {
                let topics = [('a', [false, true, true]), ('b', [false, false, true])];
                topics
                    .map(|(topic, results)| {
                        (0..3)
                            .zip(results)
                            .map(move |(n, correct)| Observation { topic, question: 1, ..attempt(user, correct, n) })
                            .collect::<Vec<_>>()
                    })
                    .concat()
            })
            .collect();
        let folded = Calibration::fold(1, &attempts);
        let common = folded.practice_in_common;
        assert_eq!((common.attempts, folded.practice[&'a'].attempts), (180, 90));
        assert!(common.value > 0.0 && folded.practice_on(&'a') > folded.practice_on(&'b'), "{folded:?}");
        near(folded.practice_on(&'c'), common.value);
        near(folded.ease(&'c', &9, None).practice, common.value);
    }

    #[test]
    fn attempts_without_evidence_change_nothing() {
        let mut open = attempt(1, true, 6);
        open.outcome.evidence = Evidence::None;
        let without = [attempt(1, true, 5), attempt(2, false, 10)];
        let with = [without[0].clone(), open, without[1].clone()];
        assert_eq!(Calibration::fold(1, &with), Calibration::fold(1, &without));
    }

    #[test]
    fn half_evidence_moves_difficulties_half_as_far() {
        let full = attempt(1, true, 5);
        let mut half = full.clone();
        half.outcome.evidence = Evidence::Half;
        let mut folded = [full, half].map(|attempt| {
            let mut calibration = Calibration::default();
            calibration.learn(&attempt, &mut Mastery::default());
            calibration
        });
        let [full, half] = &mut folded;
        near(half.topics[&'a'].value, full.topics[&'a'].value / 2.0);
        near(half.questions[&1].value - 0.6, (full.questions[&1].value - 0.6) / 2.0);
    }

    #[test]
    fn a_calibration_is_stored_and_read() {
        let folded = Calibration::fold(3, &[attempt(1, true, 5), attempt(2, false, 10)]);
        let stored = serde_json::to_string(&folded).unwrap();
        assert!(stored.starts_with(r#"{"version":3,"mu":0."#), "{stored}");
        let read: Calibration<char, u8> = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.topics.len(), 1);
        near(read.mu, folded.mu);
    }

    /// All students fail one of two topics: it is the hard one.
    #[test]
    fn a_hard_topic_is_found() {
        let mut attempts = Vec::new();
        for user in 0..40 {
            for (topic, question, correct) in [('a', 1, true), ('b', 2, user % 5 == 0), ('a', 3, true), ('b', 4, false)]
            {
                let attempt = attempt(user, correct, i64::from(user));
                attempts.push(Observation { topic, question, difficulty: None, ..attempt });
            }
        }
        let folded = Calibration::fold(1, &attempts);
        assert!(folded.base(&'a') - folded.base(&'b') > 1.0, "{folded:?}");
    }
}
