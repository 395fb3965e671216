//! One student's state in one course, and how an attempt changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::parameters::{
    DECAY_DAYS, DECAY_DAYS_MAX, DELTA_COOLING, DELTA_STEP, DELTA_STEP_MIN, INFORMATION_START, RECENT_LOGITS,
    RECENT_STEP, RESPONSE_KEPT, STUDENT_FORGETTING, THETA_COOLING, THETA_STEP, TOPIC_FORGETTING, bounded, sigmoid,
    step,
};

const DAY_SECONDS: i64 = 86_400;

/// The result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptResult {
    /// Whether the answer was correct.
    pub correct: bool,
    /// Time in seconds since 1970. A time before that of the previous attempt counts as the same time.
    pub at_seconds: i64,
    /// Weight as evidence.
    pub evidence: Evidence,
}

/// How easy a question is for an average student, in logits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ease {
    /// On the first attempt on the topic.
    pub logits: f64,
    /// g: what practice adds for each ln(1 + attempts of the student on the topic).
    pub practice: f64,
}

impl From<f64> for Ease {
    fn from(logits: f64) -> Self {
        Self { logits, practice: 0.0 }
    }
}

impl Ease {
    /// After so many attempts on the topic.
    pub(super) fn after(self, attempts: u32) -> f64 {
        bounded(bounded(self.logits) + bounded(self.practice) * f64::from(attempts).ln_1p())
    }
}

/// Version of the stored states that this code writes.
const MODEL: u8 = 2;

/// Version of the states from before they had one.
fn first_model() -> u8 {
    1
}

/// A student's state in a course: everything that estimates need to know about past attempts.
///
/// Stored with short field names: about 60 bytes and the id for each topic with attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mastery<T: Ord> {
    /// θ: the student's general level in logits; 0 is the average student.
    #[serde(rename = "h")]
    pub theta: f64,
    /// n: attempts that are evidence.
    #[serde(rename = "n")]
    pub attempts: u32,
    /// L: information on the general level, in 1/logits².
    #[serde(rename = "l")]
    pub information: f64,
    /// Version of the model in which the first attempt was added; 1 before responses were kept.
    #[serde(rename = "v", default = "first_model")]
    pub model: u8,
    /// The topics that were tried.
    #[serde(rename = "t")]
    pub topics: BTreeMap<T, TopicMastery>,
}

/// A student's state in one topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicMastery {
    /// δ: how much better the student is here than on other topics, in logits, at the last attempt.
    #[serde(rename = "d")]
    pub delta: f64,
    /// r: the recent answers, from −1, all wrong, to 1, all right.
    #[serde(rename = "r")]
    pub recent: f64,
    /// n: attempts that are evidence.
    #[serde(rename = "n")]
    pub attempts: u32,
    /// Correct attempts.
    #[serde(rename = "c")]
    pub right: u32,
    /// L: information on the student in this topic, in 1/logits².
    #[serde(rename = "l")]
    pub information: f64,
    /// Time of the last attempt, in seconds since 1970.
    #[serde(rename = "s")]
    pub last_at_seconds: i64,
    /// V: information of the responses, without that of a prior, in 1/logits².
    #[serde(rename = "i", default)]
    pub response_information: f64,
    /// B: the sum of the responses, each times its information. B/V is the level on the topic that fits the answers.
    #[serde(rename = "b", default)]
    pub responses: f64,
}

impl<T: Ord> Default for Mastery<T> {
    fn default() -> Self {
        Self { theta: 0.0, attempts: 0, information: INFORMATION_START, model: MODEL, topics: BTreeMap::new() }
    }
}

impl<T: Ord> Mastery<T> {
    /// The state after all of `attempts`, each with its topic and the ease of its question, in order of time.
    pub fn fold<E: Into<Ease>>(attempts: impl IntoIterator<Item = (T, E, AttemptResult)>) -> Self {
        let mut mastery = Self::default();
        for (topic, ease, outcome) in attempts {
            mastery.attempt(topic, ease, outcome);
        }
        mastery
    }

    /// Adds an attempt and returns the predicted probability of a correct answer.
    ///
    /// `ease` is [`Calibration::ease`](super::Calibration::ease) of the question: the logits of an average student. The
    /// cost does not depend on how many attempts there were.
    ///
    /// With p = σ(z), error = y − p and the weight w of the evidence, where y is 1 for a right answer and else 0:
    ///
    /// ```text
    /// δ ← δ·e^(−days/60) + w · max(0.2/(1 + 0.02 n_t), 0.1) · error
    /// θ ← θ + w · 0.4/(1 + 0.01 n) · error
    /// r ← r + w · 0.3 (2y − 1 − r)
    /// L ← L + w · (p(1 − p) − 0.005 L)                the student
    /// L ← L + w · (p(1 − p) − 0.05 (L − 1/0.64))      the topic
    /// V ← 0.97 V + w · p(1 − p)
    /// B ← 0.97 B + w · (p(1 − p) (θ + δ + 0.5 r) + error)
    /// ```
    pub fn attempt(&mut self, topic: T, ease: impl Into<Ease>, outcome: AttemptResult) -> f64 {
        let ease = ease.into();
        let AttemptResult { correct, at_seconds, evidence } = outcome;
        if evidence == Evidence::None {
            return sigmoid(self.z(&topic, ease, at_seconds));
        }
        let weight = evidence.weight();
        let state = self.topics.entry(topic).or_insert_with(|| TopicMastery::new(at_seconds));
        state.delta = state.delta_at(at_seconds);
        state.seed_responses(self.theta);
        let level = self.theta + state.delta + RECENT_LOGITS * state.recent;
        let p = sigmoid(level + ease.after(state.attempts));
        let error = if correct { 1.0 - p } else { -p };
        self.theta += weight * step(THETA_STEP, THETA_COOLING, f64::from(self.attempts)) * error;
        self.information += weight * (p * (1.0 - p) - STUDENT_FORGETTING * self.information);
        self.attempts = self.attempts.saturating_add(1);
        state.take_in(correct, p, weight, level);
        // If the clock went back, its way forward must not count as elapsed days.
        state.last_at_seconds = state.last_at_seconds.max(at_seconds);
        p
    }

    /// z: the logits of a right answer at `now_seconds` to a question of `ease`, within ±30.
    #[must_use]
    pub fn z(&self, topic: &T, ease: impl Into<Ease>, now_seconds: i64) -> f64 {
        let state = self.topics.get(topic);
        let of_topic = state.map_or(0.0, |state| state.logits(now_seconds));
        bounded(self.theta + of_topic + ease.into().after(state.map_or(0, |state| state.attempts)))
    }

    /// p: the probability of a right answer at `now_seconds` to a question of `ease`, strictly between 0 and 1.
    #[must_use]
    pub fn p(&self, topic: &T, ease: impl Into<Ease>, now_seconds: i64) -> f64 {
        sigmoid(self.z(topic, ease, now_seconds))
    }

    /// Standard deviation of z in logits: √(1/L + 1/L of the topic). 1.13 before the first attempt.
    #[must_use]
    pub fn sd(&self, topic: &T) -> f64 {
        (1.0 / self.information + 1.0 / self.information_on(topic)).sqrt()
    }

    /// Information on the student in this topic, in 1/logits²; what one starts with when it was never tried.
    #[must_use]
    pub fn information_on(&self, topic: &T) -> f64 {
        self.topics.get(topic).map_or(INFORMATION_START, |state| state.information)
    }
}

impl TopicMastery {
    fn new(at_seconds: i64) -> Self {
        Self {
            delta: 0.0,
            recent: 0.0,
            attempts: 0,
            right: 0,
            information: INFORMATION_START,
            last_at_seconds: at_seconds,
            response_information: 0.0,
            responses: 0.0,
        }
    }

    /// δ with its decay until `now_seconds`, in logits.
    #[must_use]
    pub fn delta_at(&self, now_seconds: i64) -> f64 {
        self.delta * (-days(self.last_at_seconds, now_seconds) / DECAY_DAYS).exp()
    }

    /// What the topic adds to the student's general level.
    fn logits(&self, now_seconds: i64) -> f64 {
        self.delta_at(now_seconds) + RECENT_LOGITS * self.recent
    }

    /// A state from before responses were kept starts with what its estimate says.
    fn seed_responses(&mut self, theta: f64) {
        if self.attempts > 0 && self.response_information <= 0.0 {
            self.response_information = (self.information - INFORMATION_START).max(0.0);
            self.responses = self.response_information * (theta + self.delta + RECENT_LOGITS * self.recent);
        }
    }

    fn take_in(&mut self, correct: bool, p: f64, weight: f64, level: f64) {
        let (answer, error) = if correct { (1.0, 1.0 - p) } else { (-1.0, -p) };
        let step = step(DELTA_STEP, DELTA_COOLING, f64::from(self.attempts)).max(DELTA_STEP_MIN);
        let information = weight * p * (1.0 - p);
        self.response_information = RESPONSE_KEPT * self.response_information + information;
        self.responses = RESPONSE_KEPT * self.responses + information * level + weight * error;
        self.delta += weight * step * error;
        self.recent += weight * RECENT_STEP * (answer - self.recent);
        self.information += weight * (p * (1.0 - p) - TOPIC_FORGETTING * (self.information - INFORMATION_START));
        self.attempts = self.attempts.saturating_add(1);
        self.right = self.right.saturating_add(u32::from(correct));
    }
}

/// Days from one time to a later one; 0 when it is earlier.
fn days(from_seconds: i64, to_seconds: i64) -> f64 {
    let seconds = to_seconds.saturating_sub(from_seconds).clamp(0, DECAY_DAYS_MAX * DAY_SECONDS);
    f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 86_400.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(correct: bool, at_seconds: i64) -> AttemptResult {
        AttemptResult { correct, at_seconds, evidence: Evidence::Full }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// A question of even odds, answered right, and then wrong 60 days later.
    #[test]
    fn two_attempts_by_hand() {
        let mut mastery = Mastery::default();
        near(mastery.attempt("limits", 0.0, outcome(true, 0)), 0.5);
        near(mastery.theta, 0.2);
        near(mastery.information, 0.995 / 0.64 + 0.25);
        let topic = mastery.topics["limits"].clone();
        near(topic.delta, 0.1);
        near(topic.recent, 0.3);
        near(topic.information, 1.0 / 0.64 + 0.25);
        near(topic.response_information, 0.25);
        near(topic.responses, 0.5);

        let later = 60 * DAY_SECONDS;
        let delta = 0.1 * (-1.0_f64).exp();
        let z = 0.2 + delta + 0.15;
        near(mastery.z(&"limits", 0.0, later), z);
        let p = 1.0 / (1.0 + (-z).exp());
        near(mastery.attempt("limits", 0.0, outcome(false, later)), p);
        near(mastery.theta, 0.2 - 0.4 / 1.01 * p);
        near(mastery.information, 0.995 * (0.995 / 0.64 + 0.25) + p * (1.0 - p));
        let topic = &mastery.topics["limits"];
        near(topic.delta, delta - 0.2 / 1.02 * p);
        near(topic.recent, 0.7 * 0.3 - 0.3);
        near(topic.information, 0.95 * (1.0 / 0.64 + 0.25) + 0.05 / 0.64 + p * (1.0 - p));
        near(topic.response_information, 0.97 * 0.25 + p * (1.0 - p));
        near(topic.responses, 0.97 * 0.5 + p * (1.0 - p) * z - p);
        assert_eq!((topic.attempts, topic.right, topic.last_at_seconds), (2, 1, later));
        near(mastery.sd(&"limits"), (1.0 / mastery.information + 1.0 / topic.information).sqrt());
    }

    #[test]
    fn a_student_without_attempts_is_average() {
        let mastery = Mastery::<&str>::default();
        near(mastery.p(&"limits", 0.0, 0), 0.5);
        near(mastery.z(&"limits", 0.62, 0), 0.62);
        near(mastery.sd(&"limits"), 1.28_f64.sqrt());
    }

    #[test]
    fn half_evidence_moves_everything_half_as_far() {
        let [full, half, none] = [Evidence::Full, Evidence::Half, Evidence::None]
            .map(|evidence| Mastery::fold([("limits", 0.4, AttemptResult { evidence, ..outcome(true, 5) })]));
        near(half.theta, full.theta / 2.0);
        near(half.information - INFORMATION_START, (full.information - INFORMATION_START) / 2.0);
        let (half_topic, full_topic) = (&half.topics["limits"], &full.topics["limits"]);
        near(half_topic.delta, full_topic.delta / 2.0);
        near(half_topic.recent, full_topic.recent / 2.0);
        near(half_topic.information - INFORMATION_START, (full_topic.information - INFORMATION_START) / 2.0);
        assert_eq!((half.attempts, half_topic.attempts), (1, 1));
        assert_eq!(none, Mastery::default());
    }

    #[test]
    fn practice_adds_its_effect_for_each_logarithm() {
        let ease = Ease { logits: 0.2, practice: 0.3 };
        let mut mastery = Mastery::default();
        near(mastery.attempt("limits", ease, outcome(true, 0)), sigmoid(0.2));
        let level = mastery.z(&"limits", 0.0, 0);
        near(mastery.z(&"limits", ease, 0), level + 0.2 + 0.3 * 2.0_f64.ln());
        near(mastery.attempt("limits", ease, outcome(true, 0)), sigmoid(level + 0.2 + 0.3 * 2.0_f64.ln()));
        near(mastery.z(&"series", ease, 0), mastery.theta + 0.2);
    }

    /// A state from before responses were kept.
    #[test]
    fn a_state_of_the_first_model_is_read_and_goes_on() {
        let stored =
            r#"{"h":0.2,"n":1,"l":1.8,"t":{"limits":{"d":0.1,"r":0.3,"n":1,"c":1,"l":1.8125,"s":1700000000}}}"#;
        let mut mastery: Mastery<String> = serde_json::from_str(stored).unwrap();
        assert_eq!(mastery.model, 1);
        let p = mastery.attempt("limits".to_owned(), 0.0, outcome(false, 1_700_000_000));
        let topic = &mastery.topics["limits"];
        near(topic.response_information, 0.97 * 0.25 + p * (1.0 - p));
        near(topic.responses, 0.97 * 0.25 * 0.45 + p * (1.0 - p) * 0.45 - p);
    }

    #[test]
    fn the_step_of_a_topic_stops_shrinking() {
        let mut mastery = Mastery::fold((0..200).map(|n| ("limits", 0.0, outcome(n % 2 == 0, 0))));
        let before = mastery.topics["limits"].delta;
        let p = mastery.attempt("limits", 0.0, outcome(true, 0));
        near(mastery.topics["limits"].delta - before, 0.1 * (1.0 - p));
    }

    #[test]
    fn a_clock_that_goes_back_counts_as_no_time() {
        let day = DAY_SECONDS;
        let first = ("limits", 0.0, outcome(true, 10 * day));
        let back =
            Mastery::fold([first, ("limits", 0.0, outcome(true, 3 * day)), ("limits", 0.0, outcome(true, 10 * day))]);
        let still = Mastery::fold([first, first, first]);
        assert_eq!(back, still);
        assert!((days(i64::MAX, i64::MIN), days(i64::MIN, i64::MAX)) == (0.0, 3650.0));
    }

    /// Stored states must stay readable.
    #[test]
    fn the_stored_form_is_short() {
        let mastery = Mastery::fold([("limits".to_owned(), 0.0, outcome(true, 1_700_000_000))]);
        let stored = serde_json::to_string(&mastery).unwrap();
        let expected = r#"{"h":0.2,"n":1,"l":1.8046875,"v":2,"t":{"limits":{"d":0.1,"r":0.3,"n":1,"c":1,"l":1.8125,"s":1700000000,"i":0.25,"b":0.5}}}"#;
        assert_eq!(stored, expected);
        assert_eq!(serde_json::from_str::<Mastery<String>>(&stored).unwrap(), mastery);
    }
}
