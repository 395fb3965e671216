//! The experts: each predicts a topic from one half-life and one way of counting, and one from whether it came the year
//! before ([`Transitions`]).
//!
//! Both ways of counting are conjugate: [`WeightedCounts`] is a Dirichlet-multinomial over the questions of an exam, [`Presence`] a
//! Beta-Binomial over exams with and without the topic.

use super::beta::{Beta, Chance, ln_gamma};
use super::history::Fading;
use super::transitions::Transitions;

/// Half-lives in years. No single half-life is best on all archives.
pub(super) const HALF_LIVES: [f64; 6] = [0.7, 1.5, 3.0, 6.0, 12.0, f64::INFINITY];
/// All experts: each half-life with each way of counting, and the transitions.
pub(super) const EXPERTS: usize = 2 * HALF_LIVES.len() + 1;
/// Weight of the prior of [`WeightedCounts`] in questions, over all topics.
const PRIOR_QUESTIONS: f64 = 5.0;
/// Weight of the prior of [`Presence`] in exams.
const PRIOR_EXAMS: f64 = 1.0;

/// The prediction of one expert.
#[derive(Debug, Clone)]
pub(super) enum Expert<'a> {
    /// Counts questions.
    Counts(WeightedCounts<'a>),
    /// Counts exams.
    Presence(Presence<'a>),
    /// Looks at whether the topic came the year before.
    Transitions(&'a Transitions),
}

impl Expert<'_> {
    /// Probability that the topic appears.
    pub(super) fn probability(&self, topic: usize) -> f64 {
        match self {
            Self::Counts(counts) => counts.probability(topic),
            Self::Presence(presence) => presence.beta(topic).mean(),
            Self::Transitions(transitions) => transitions.beta(topic).mean(),
        }
    }

    /// The distribution whose mean is the probability.
    pub(super) fn chance(&self, topic: usize) -> Chance {
        match self {
            Self::Counts(counts) => Chance { beta: counts.beta(topic), draws: counts.questions },
            Self::Presence(presence) => Chance { beta: presence.beta(topic), draws: 1.0 },
            Self::Transitions(transitions) => Chance { beta: transitions.beta(topic), draws: 1.0 },
        }
    }

    pub(super) fn as_counts(&self) -> Option<&WeightedCounts<'_>> {
        match self {
            Self::Counts(counts) => Some(counts),
            Self::Presence(_) | Self::Transitions(_) => None,
        }
    }
}

/// Dirichlet-multinomial: `α_t` = a/K + Σ w c with the topic's first question discounted, A = a + Σ w · questions without
/// a discount; the exam draws N questions, its recency-weighted mean. A is more than Σ α by the discounted questions: they
/// are the share that no topic asked so far has.
#[derive(Debug, Clone)]
pub(super) struct WeightedCounts<'a> {
    fading: &'a Fading,
    fade: f64,
    topics: f64,
    questions: f64,
    /// lnΓ(A) − lnΓ(A + N), the same for all topics.
    ln_gamma_ratio: f64,
}

impl<'a> WeightedCounts<'a> {
    /// For an exam `years` after the latest, of a course of which `topics` have been asked.
    pub(super) fn new(fading: &'a Fading, topics: f64, years: f64) -> Self {
        let fade = fading.fade(years);
        let questions = fading.questions / fading.exams;
        let total = PRIOR_QUESTIONS + fade * fading.questions;
        let ln_gamma_ratio = ln_gamma(total) - ln_gamma(total + questions);
        Self { fading, fade, topics, questions, ln_gamma_ratio }
    }

    /// N: the expected number of questions.
    pub(super) fn questions(&self) -> f64 {
        self.questions
    }

    /// The distribution of the topic's share: Beta(`α_t`, A − `α_t`).
    pub(super) fn beta(&self, topic: usize) -> Beta {
        let prior = PRIOR_QUESTIONS / self.topics;
        let asked = self.fading.topic(topic).questions;
        // Not A − α: the difference of rounded sums can be negative for a course of one topic.
        let others = (PRIOR_QUESTIONS - prior).max(0.0) + self.fade * (self.fading.questions - asked).max(0.0);
        Beta::new(prior + self.fade * asked, others)
    }

    /// The topic's expected share of the questions.
    pub(super) fn share(&self, topic: usize) -> f64 {
        self.beta(topic).mean()
    }

    /// 1 − Γ(A − α + N) Γ(A) / (Γ(A − α) Γ(A + N)): 1 minus the probability that no question is on the topic.
    fn probability(&self, topic: usize) -> f64 {
        let others = self.beta(topic).b;
        if others <= 0.0 {
            return 1.0;
        }
        let ln_absent = ln_gamma(others + self.questions) - ln_gamma(others) + self.ln_gamma_ratio;
        (-ln_absent.exp_m1()).clamp(0.0, 1.0)
    }
}

/// Beta-Binomial on presence: Beta(k b + Σ w y, k (1 − b) + Σ w (1 − y)), y of the topic's first exam discounted.
#[derive(Debug, Clone)]
pub(super) struct Presence<'a> {
    fading: &'a Fading,
    fade: f64,
    rate: f64,
}

impl<'a> Presence<'a> {
    /// For an exam `years` after the latest; `rate` is b, the share of a course's pairs of exam and topic in which the
    /// exam has the topic, without a discount, each pair with the weight of its exam.
    pub(super) fn new(fading: &'a Fading, rate: f64, years: f64) -> Self {
        Self { fading, fade: fading.fade(years), rate }
    }

    fn beta(&self, topic: usize) -> Beta {
        let with = self.fading.topic(topic).exams;
        let without = (self.fading.exams - with).max(0.0);
        Beta::new(
            PRIOR_EXAMS * self.rate + self.fade * with,
            PRIOR_EXAMS * (1.0 - self.rate).max(0.0) + self.fade * without,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::PastExam;
    use super::super::history::History;
    use super::super::tally::{by_year, in_time};
    use super::*;

    const NOW: f64 = 2012.0;

    fn history(exams: &[PastExam]) -> History {
        let mut history = History::new();
        for year in by_year(&in_time(exams)) {
            history.add_year(year);
        }
        history
    }

    fn probabilities(exams: &[PastExam], topic: usize) -> Vec<f64> {
        // Not of the last one: it learns from an additional exam with a topic that the next year lacked that topics go.
        let history = history(exams);
        let experts = history.experts(NOW);
        experts[..2 * HALF_LIVES.len()].iter().map(|expert| expert.probability(topic)).collect()
    }

    fn exam(time: f64, topics: &[usize]) -> PastExam {
        PastExam { time, topics: topics.to_vec() }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn both_ways_of_counting_are_computed_by_hand() {
        // Two exams of two questions; a half-life of 3 years is looked at from 3 and 6 years on: weights 1/2 and 1/4. Both
        // topics came first on the older exam: there a question counts 1 − 1/2 and an exam 1 − 7/10.
        let exams = [exam(NOW - 6.0, &[0, 1]), exam(NOW - 3.0, &[0, 0])];
        let history = history(&exams);
        let experts = history.experts(NOW);
        // α = 5/2 + 1/2 · 1/4 + 2/2 = 3.625 and 5/2 + 1/2 · 1/4 = 2.625, A = 5 + 2/4 + 2/2 = 6.5, N = 2:
        // P = 1 − (A − α)(A − α + 1) / (A (A + 1)).
        near(experts[2].probability(0), 1.0 - 2.875 * 3.875 / (6.5 * 7.5));
        near(experts[2].probability(1), 1.0 - 3.875 * 4.875 / (6.5 * 7.5));
        let counts = experts[2].as_counts().unwrap();
        near(counts.share(0), 3.625 / 6.5);
        near(counts.share(1), 2.625 / 6.5);
        near(counts.questions(), 2.0);
        // b = (2 · 1/4 + 1 · 1/2) / (2 · 3/4) = 2/3: (2/3 + 1/2 + 3/10 · 1/4) / (1 + 3/4) and (2/3 + 3/10 · 1/4) / (1 + 3/4).
        near(experts[8].probability(0), (2.0 / 3.0 + 0.575) / 1.75);
        near(experts[8].probability(1), (2.0 / 3.0 + 0.075) / 1.75);
        // Without forgetting: α = 5/2 + 1/2 + 2 = 5 and 5/2 + 1/2 = 3 of 9; (3/4 + 1 + 3/10) / 3 and (3/4 + 3/10) / 3.
        near(experts[5].probability(0), 1.0 - 4.0 * 5.0 / (9.0 * 10.0));
        near(experts[5].probability(1), 1.0 - 6.0 * 7.0 / (9.0 * 10.0));
        near(experts[11].probability(0), 2.05 / 3.0);
        near(experts[11].probability(1), 1.05 / 3.0);
        // Of the two topics, 0 came again and 1 did not: (1 + 1) / (2 + 2) after coming, and nothing is known of an absence.
        near(experts[12].probability(0), 0.5);
        near(experts[12].probability(1), 0.5);
        assert_eq!(experts.len(), EXPERTS);
    }

    #[test]
    fn only_the_first_appearance_is_discounted() {
        // Topic 0 comes on four exams of one question, two of them first and at the same time. Without forgetting
        // α = 5/1 + 4 − 1/2 of 9, N = 1; b = 1: (1 + 4 − 7/10) / (1 + 4).
        let together = [exam(NOW - 4.0, &[0]), exam(NOW - 4.0, &[0]), exam(NOW - 2.5, &[0]), exam(NOW - 1.0, &[0])];
        let history = history(&together);
        let experts = history.experts(NOW);
        near(experts[5].probability(0), 8.5 / 9.0);
        near(experts[11].probability(0), 4.3 / 5.0);
        // With a half-life of 1.5 years the weights are 2^(−8/3) twice, 2^(−5/3) and 2^(−2/3): the discount fades as the
        // first appearance does.
        let [first, second, third] = [-8.0, -5.0, -2.0].map(|thirds: f64| (thirds / 3.0).exp2());
        let questions = 2.0 * first + second + third;
        near(experts[1].probability(0), (5.0 + questions - 0.5 * first) / (5.0 + questions));
        near(experts[7].probability(0), (1.0 + questions - 0.7 * first) / (1.0 + questions));
    }

    fn any_exams(questions: usize) -> impl Strategy<Value = Vec<PastExam>> {
        let exam = (2000_u32..2012, prop::collection::vec(0..6_usize, questions));
        let exam = exam.prop_map(|(year, topics)| PastExam { time: f64::from(year), topics });
        prop::collection::vec(exam, 1..10)
    }

    fn never_less(before: &[f64], after: &[f64]) -> Result<(), TestCaseError> {
        for (before, after) in before.iter().zip(after) {
            prop_assert!(after >= &(before - 1e-12), "{after} < {before}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn one_more_question_never_makes_its_topic_less_likely(
            exams in any_exams(7), on in any::<prop::sample::Index>(), of in any::<prop::sample::Index>(),
        ) {
            let topic = exams[of.index(exams.len())].topics[0];
            let mut more = exams.clone();
            more[on.index(exams.len())].topics.push(topic);
            never_less(&probabilities(&exams, topic), &probabilities(&more, topic))?;
        }

        /// Of the same length, so that N stays, and all on the topic; a question on each topic for those that look at
        /// presence, so that b does not fall. The exam may be older than the topic's first one, and then gets the
        /// discount.
        #[test]
        fn one_more_exam_with_a_topic_never_makes_it_less_likely(exams in any_exams(7), year in 2000_u32..2012) {
            let topic = exams[0].topics[0];
            let all_topics: Vec<usize> = exams.iter().flat_map(|exam| exam.topics.clone()).collect();
            let before = probabilities(&exams, topic);
            for (added, experts) in [(vec![topic; 7], 0..6), (all_topics, 6..12)] {
                let mut more = exams.clone();
                more.push(PastExam { time: f64::from(year), topics: added });
                never_less(&before[experts.clone()], &probabilities(&more, topic)[experts])?;
            }
        }

        /// Σ over topics of the share = 1 − ½ Σ over topics of w of the first exam / (5 + Σ w · questions).
        #[test]
        fn shares_sum_to_one_less_the_discounted_questions(exams in any_exams(7)) {
            let history = history(&exams);
            let experts = history.experts(NOW);
            for (half_life, expert) in HALF_LIVES.iter().zip(&experts) {
                let weight = |exam: &PastExam| (-(NOW - exam.time) / half_life).exp2();
                let has = |exam: &&PastExam, topic| exam.topics.contains(&topic);
                // Of the exams with a topic the first has the least weight.
                let first = |topic| exams.iter().filter(|exam| has(exam, topic)).map(weight).reduce(f64::min);
                let discounted: f64 = (0..6).filter_map(first).map(|weight| 0.5 * weight).sum();
                let questions: f64 = exams.iter().map(|exam| 7.0 * weight(exam)).sum();
                let counts = expert.as_counts().unwrap();
                let shares: f64 = history.seen().map(|topic| counts.share(topic)).sum();
                prop_assert!(shares < 1.0);
                prop_assert!((1.0 - shares - discounted / (5.0 + questions)).abs() < 1e-12);
            }
        }

        #[test]
        fn a_probability_is_the_mean_of_its_chance(exams in any_exams(5)) {
            let history = history(&exams);
            for expert in history.experts(NOW) {
                let Chance { beta, draws } = expert.chance(exams[0].topics[0]);
                // E[1 − (1 − s)^N] for whole N.
                let mut absent = 1.0;
                for draw in 0..5 {
                    if f64::from(draw) < draws {
                        absent *= (beta.b + f64::from(draw)) / (beta.a + beta.b + f64::from(draw));
                    }
                }
                prop_assert!((expert.probability(exams[0].topics[0]) - (1.0 - absent)).abs() < 1e-9);
            }
        }
    }
}
