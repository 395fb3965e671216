//! Whether topics come again: how often a topic that was on the exams of one year was on those of the next, and how often
//! one that was not.
//!
//! The other experts count how often a topic came. They cannot say that a topic was on the last exam, which decides where
//! a course keeps its topics for some years and then drops them.

use super::beta::Beta;
use super::tally::ExamCounts;

/// Factor by which earlier years count less with each year that has exams.
const COUNTS_KEPT: f64 = 0.9;

/// Topic-years so far, by whether the topic came the year before.
#[derive(Debug, Clone, Default)]
pub(super) struct Transitions {
    after_coming: Followed,
    after_absence: Followed,
    /// Topics asked so far, ascending.
    seen: Vec<usize>,
    /// How many exams of the latest year had each topic, and how many there were.
    latest: (Vec<u32>, u32),
}

/// Topic-years that followed a kind of year.
#[derive(Debug, Clone, Copy, Default)]
struct Followed {
    /// Σ weight.
    years: f64,
    /// Σ weight of those in which the topic came.
    came: f64,
}

impl Followed {
    /// Beta(came + 1, years − came + 1), whose mean is (came + 1)/(years + 2).
    fn beta(self) -> Beta {
        Beta::new(self.came + 1.0, (self.years - self.came).max(0.0) + 1.0)
    }

    fn add(&mut self, weight: f64, share: f64) {
        self.years += weight;
        self.came += weight * share;
    }

    fn fade(&mut self) {
        self.years *= COUNTS_KEPT;
        self.came *= COUNTS_KEPT;
    }
}

impl Transitions {
    /// Adds the exams of a year, which is later than those added so far. A topic on a part of them counts as that part.
    pub(super) fn add_year(&mut self, year: &[ExamCounts]) {
        let mut on = Vec::new();
        for exam in year {
            for (topic, _) in &exam.counts {
                if on.len() <= *topic {
                    on.resize(topic + 1, 0_u32);
                }
                on[*topic] += 1;
            }
        }
        let exams = u32::try_from(year.len()).unwrap_or(u32::MAX);
        if self.latest.1 > 0 {
            self.after_coming.fade();
            self.after_absence.fade();
            for index in 0..self.seen.len() {
                let topic = self.seen[index];
                let before = self.on_latest(topic);
                let share = share_of(&on, exams, topic);
                self.after_coming.add(before, share);
                self.after_absence.add(1.0 - before, share);
            }
        }
        self.seen.extend((0..on.len()).filter(|topic| on[*topic] > 0));
        self.seen.sort_unstable();
        self.seen.dedup();
        self.latest = (on, exams);
    }

    /// The distribution of the probability that a topic comes: what followed years like its latest.
    pub(super) fn beta(&self, topic: usize) -> Beta {
        let before = self.on_latest(topic);
        let (coming, absence) = (self.after_coming.beta(), self.after_absence.beta());
        let mixed = |of: &dyn Fn(Beta) -> f64| before * of(coming) + (1.0 - before) * of(absence);
        let (mean, weight) = (mixed(&Beta::mean), mixed(&|beta| beta.a + beta.b));
        Beta::new(mean * weight, (1.0 - mean) * weight)
    }

    /// Share of the exams of the latest year with the topic.
    fn on_latest(&self, topic: usize) -> f64 {
        share_of(&self.latest.0, self.latest.1, topic)
    }
}

fn share_of(on: &[u32], exams: u32, topic: usize) -> f64 {
    f64::from(on.get(topic).copied().unwrap_or(0)) / f64::from(exams.max(1))
}

/// How much more of an exam was on new topics than Good–Turing's estimate said, learnt from the past exams.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UnseenFactor {
    measured: f64,
    estimated: f64,
}

/// Questions that the factor 1 is worth against those measured.
const FACTOR_PRIOR_QUESTIONS: f64 = 2.0;

impl UnseenFactor {
    /// Adds an exam, of which `unseen` questions were on new topics where `estimate` was the estimated share.
    pub(super) fn add(&mut self, exam: &ExamCounts, unseen: u32, estimate: f64) {
        self.measured += f64::from(unseen);
        self.estimated += estimate * f64::from(exam.questions);
    }

    /// Earlier exams count less.
    pub(super) fn fade(&mut self) {
        self.measured *= COUNTS_KEPT;
        self.estimated *= COUNTS_KEPT;
    }

    /// The factor.
    pub(super) fn value(self) -> f64 {
        (self.measured + FACTOR_PRIOR_QUESTIONS) / (self.estimated + FACTOR_PRIOR_QUESTIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PastExam;
    use super::super::tally::{by_year, in_time};
    use super::*;

    fn transitions(exams: &[(f64, &[usize])]) -> Transitions {
        let exams: Vec<_> =
            exams.iter().map(|(time, topics)| PastExam { time: *time, topics: topics.to_vec() }).collect();
        let mut transitions = Transitions::default();
        for year in by_year(&in_time(&exams)) {
            transitions.add_year(year);
        }
        transitions
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn what_came_and_what_did_not_is_followed_by_hand() {
        // 2020: 0 and 1 came; 0 comes again, 2 is new. 2021: of 0 and 2, 2 comes again; 1, which was absent, comes.
        let found = transitions(&[(2020.0, &[0, 1]), (2021.0, &[0, 2]), (2022.0, &[1, 2])]);
        near(found.after_coming.years, 0.9 * 2.0 + 2.0);
        near(found.after_coming.came, 0.9 + 1.0);
        near(found.after_absence.years, 1.0);
        near(found.after_absence.came, 1.0);
        near(found.beta(1).mean(), 2.9 / 5.8);
        near(found.beta(0).mean(), 2.0 / 3.0);
        near(found.beta(0).a + found.beta(0).b, 3.0);
        near(transitions(&[(2020.0, &[0])]).beta(0).mean(), 0.5);
    }

    #[test]
    fn a_topic_on_one_of_two_exams_came_by_half() {
        let found = transitions(&[(2020.0, &[0, 1]), (2020.5, &[0]), (2021.0, &[0, 1]), (2021.5, &[1])]);
        near(found.after_coming.years, 1.5);
        near(found.after_coming.came, 0.5 + 0.5);
        near(found.after_absence.came, 0.5);
        near(found.beta(0).mean(), 0.5 * (2.0 / 3.5) + 0.5 * (1.5 / 2.5));
    }

    #[test]
    fn the_factor_follows_what_was_measured() {
        let mut factor = UnseenFactor::default();
        near(factor.value(), 1.0);
        let exam = ExamCounts { time: 2020.0, counts: vec![(0, 10)], questions: 10 };
        factor.add(&exam, 4, 0.2);
        near(factor.value(), 6.0 / 4.0);
        factor.fade();
        near(factor.value(), 5.6 / 3.8);
    }
}
