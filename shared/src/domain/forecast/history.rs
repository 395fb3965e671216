//! The history as sums for each half-life. An exam is added without reading earlier ones again.
//!
//! A weight is 2^(−age / half-life). Ages are kept relative to the latest exam and shifted to the exam that is forecast
//! only when it is asked for; so the sum of the weights is at least 1 and means stay defined for exams of any age.

use super::experts::{Expert, HALF_LIVES, Presence, WeightedCounts};
use super::number;
use super::tally::ExamCounts;
use super::transitions::Transitions;

/// Half-life of the recent share in a trend, in years.
const TREND_HALF_LIFE_YEARS: f64 = 2.0;

/// Part of the first exam and question of a topic that is discounted: a topic is known because it was asked once, which is
/// no evidence that it comes back (absolute discounting, as for rare words in language models). The discounted questions are the share
/// that is left for topics never asked.
const FIRST_EXAM_DISCOUNT: f64 = 0.7;
const FIRST_QUESTION_DISCOUNT: f64 = 0.5;

/// The history of past exams.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// Time of the latest exam.
    latest: f64,
    exams: u32,
    questions: u32,
    /// Topics asked at least once.
    topics_seen: u32,
    by_topic: Vec<TopicTotals>,
    /// How many exams had each topic at the latest time, and how many there were.
    at_latest: (Vec<u32>, u32),
    fading: [Fading; HALF_LIVES.len()],
    recent: Fading,
    transitions: Transitions,
}

/// Unweighted counts of a topic.
#[derive(Debug, Clone, Copy, Default)]
struct TopicTotals {
    questions: u32,
    exams: u32,
}

/// Sums over exams with the weights of one half-life, as of the latest exam.
#[derive(Debug, Clone)]
pub(super) struct Fading {
    half_life: f64,
    /// Σ w.
    pub(super) exams: f64,
    /// Σ w · questions.
    pub(super) questions: f64,
    /// Σ w · topics of the exam.
    presences: f64,
    /// By topic.
    topics: Vec<FadingTopic>,
}

/// A topic in [`Fading`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FadingTopic {
    /// Σ w · questions of the topic, the first of them discounted.
    pub(super) questions: f64,
    /// Σ w over exams with the topic, the first of them discounted.
    pub(super) exams: f64,
}

impl Fading {
    fn new(half_life: f64) -> Self {
        Self { half_life, exams: 0.0, questions: 0.0, presences: 0.0, topics: Vec::new() }
    }

    /// The factor by which every weight decreases over `years`.
    pub(super) fn fade(&self, years: f64) -> f64 {
        (-years / self.half_life).exp2()
    }

    pub(super) fn topic(&self, topic: usize) -> FadingTopic {
        self.topics.get(topic).copied().unwrap_or_default()
    }

    fn add(&mut self, exam: &ExamCounts, years_since_latest: f64, totals: &[TopicTotals]) {
        let fade = self.fade(years_since_latest);
        self.exams = self.exams * fade + 1.0;
        self.questions = self.questions * fade + f64::from(exam.questions);
        self.presences = self.presences * fade + number(exam.counts.len());
        for topic in &mut self.topics {
            topic.questions *= fade;
            topic.exams *= fade;
        }
        lengthen(&mut self.topics, exam);
        for (topic, count) in &exam.counts {
            // Not by the decayed sum, which becomes 0 after a gap of centuries.
            let is_first = totals[*topic].exams == 0;
            let topic = &mut self.topics[*topic];
            topic.questions += f64::from(*count) - if is_first { FIRST_QUESTION_DISCOUNT } else { 0.0 };
            topic.exams += if is_first { 1.0 - FIRST_EXAM_DISCOUNT } else { 1.0 };
        }
    }
}

impl History {
    pub(super) fn new() -> Self {
        Self {
            latest: f64::NEG_INFINITY,
            exams: 0,
            questions: 0,
            topics_seen: 0,
            by_topic: Vec::new(),
            at_latest: (Vec::new(), 0),
            fading: HALF_LIVES.map(Fading::new),
            recent: Fading::new(TREND_HALF_LIFE_YEARS),
            transitions: Transitions::default(),
        }
    }

    /// Adds the exams of a year, which is later than those added so far.
    pub(super) fn add_year(&mut self, year: &[ExamCounts]) {
        self.transitions.add_year(year);
        for exam in year {
            self.add(exam);
        }
    }

    /// Adds an exam that is not older than those added so far.
    fn add(&mut self, exam: &ExamCounts) {
        // Without an earlier exam there is nothing to decay.
        let years = if self.exams == 0 { 0.0 } else { exam.time - self.latest };
        lengthen(&mut self.by_topic, exam);
        for fading in self.fading.iter_mut().chain([&mut self.recent]) {
            fading.add(exam, years, &self.by_topic);
        }
        for (topic, count) in &exam.counts {
            let totals = &mut self.by_topic[*topic];
            self.topics_seen += u32::from(totals.exams == 0);
            totals.questions += count;
            totals.exams += 1;
        }
        if exam.time > self.latest {
            self.at_latest = (Vec::new(), 0);
        }
        lengthen(&mut self.at_latest.0, exam);
        for (topic, _) in &exam.counts {
            self.at_latest.0[*topic] += 1;
        }
        self.at_latest.1 += 1;
        self.questions += exam.questions;
        self.exams += 1;
        self.latest = exam.time;
    }

    pub(super) fn exams(&self) -> u32 {
        self.exams
    }

    /// Topics asked so far, ascending.
    pub(super) fn seen(&self) -> impl Iterator<Item = usize> {
        self.by_topic.iter().enumerate().filter(|(_, totals)| totals.exams > 0).map(|(topic, _)| topic)
    }

    /// The experts on an exam at time `now`; none without history.
    pub(super) fn experts(&self, now: f64) -> Vec<Expert<'_>> {
        if self.exams == 0 {
            return Vec::new();
        }
        let years = now - self.latest;
        let counts = self.fading.iter().map(|fading| Expert::Counts(self.counts_at(fading, years)));
        let topics = f64::from(self.topics_seen);
        let presence = self.fading.iter().map(|fading| {
            let rate = (fading.presences / (fading.exams * topics)).min(1.0);
            Expert::Presence(Presence::new(fading, rate, years))
        });
        counts.chain(presence).chain([Expert::Transitions(&self.transitions)]).collect()
    }

    /// The experts whose shares a trend compares: the one with a short memory, and the one that never forgets.
    pub(super) fn recent_and_lasting(&self, now: f64) -> [WeightedCounts<'_>; 2] {
        let years = now - self.latest;
        let [.., lasting] = &self.fading;
        [&self.recent, lasting].map(|fading| self.counts_at(fading, years))
    }

    fn counts_at<'a>(&self, fading: &'a Fading, years: f64) -> WeightedCounts<'a> {
        WeightedCounts::new(fading, f64::from(self.topics_seen), years)
    }

    /// Share of the past exams with the topic.
    pub(super) fn raw_frequency(&self, topic: usize) -> f64 {
        let exams = self.by_topic.get(topic).map_or(0, |totals| totals.exams);
        f64::from(exams) / f64::from(self.exams)
    }

    /// 1 when the topic was on the latest exam, else 0; the share of them when the latest time had several.
    pub(super) fn on_latest(&self, topic: usize) -> f64 {
        let (with_topic, exams) = &self.at_latest;
        f64::from(with_topic.get(topic).copied().unwrap_or(0)) / f64::from(*exams)
    }

    /// Whether the topic was asked.
    pub(super) fn has_seen(&self, topic: usize) -> bool {
        self.by_topic.get(topic).is_some_and(|totals| totals.exams > 0)
    }

    /// Share of the questions whose topic was asked once only: Good–Turing's estimate of what is new next time.
    pub(super) fn good_turing(&self) -> f64 {
        if self.questions == 0 {
            return 1.0;
        }
        let once = self.by_topic.iter().filter(|totals| totals.questions == 1).count();
        number(once) / f64::from(self.questions)
    }
}

/// Makes room for the topics of `exam`.
fn lengthen<T: Clone + Default>(by_topic: &mut Vec<T>, exam: &ExamCounts) {
    let needed = exam.counts.last().map_or(0, |(topic, _)| topic + 1);
    if by_topic.len() < needed {
        by_topic.resize(needed, T::default());
    }
}
