//! Forecast of the next exam: for each topic the probability that it appears, an interval, and the expected number of
//! questions.
//!
//! Thirteen simple experts each give a probability: two ways of counting times six speeds of forgetting, and one that
//! looks at whether a topic came the year before. They are mixed by how well each would have predicted the past exams. `docs/forecast.md` has the formulas, their sources and
//! measured figures.
//!
//! Invariants, which the tests hold:
//! - probabilities, shares and intervals lie in [0, 1], and low ≤ probability ≤ high;
//! - the shares of the topics asked so far add up to 1 less what is discounted of their first questions;
//! - the order of the exams and of their questions does not matter;
//! - exams of one year are not history for each other;
//! - with one or two exams nothing is above 0.9, intervals are wide and there is no trend.
//!
//! Limits: a topic that has never been asked gets no probability of its own, only a part in [`Forecast::unseen_share`].
//! Topics are never "overdue": on real archives the probability of a topic falls with its absence.

mod backtest;
mod beta;
mod experts;
mod history;
mod learner;
#[cfg(test)]
mod refit;
mod score;
mod tally;
mod transitions;
mod trend;

use beta::credible_interval;
use learner::Learner;
use tally::{before, in_time};

pub use backtest::{Backtest, MIN_HISTORY, UnseenShare, backtest};
pub use score::{PRECISION_TOPICS, Scorecard, Scores};
pub use trend::Trend;

/// Exams below which no trend is reported.
const TREND_EXAMS_MIN: u32 = 3;

/// A past exam: when it was, and the topic of each question.
#[derive(Debug, Clone, PartialEq)]
pub struct PastExam {
    /// The year, or a year with a fraction. An exam whose time is not finite is left out.
    pub time: f64,
    /// One index a question, in any order. Indices start at 0 and should be dense, because arrays have the length of
    /// the largest one. An exam without questions is left out.
    pub topics: Vec<usize>,
}

/// Forecast of the next exam.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Number of past exams used.
    pub exams: u32,
    /// The topics asked so far, by index.
    pub topics: Vec<TopicPrediction>,
    /// Expected number of questions; 0 without any past exam.
    pub expected_questions: f64,
    /// Share of questions on topics never asked so far: Good–Turing's estimate, the share of questions whose topic was
    /// asked just once (Good 1953), times the factor by which it was wrong on the past exams. This is not 1 minus the
    /// shares of [`Self::topics`]. 1 without any past exam.
    pub unseen_share: f64,
}

/// Forecast of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicPrediction {
    /// Its index.
    pub topic: usize,
    /// Probability that at least one question is on it.
    pub probability: f64,
    /// 90 % credible interval of that probability.
    pub interval: ProbabilityInterval,
    /// Expected share of the questions; the shares of all topics asked so far add up to less than 1.
    pub share: f64,
    /// Expected number of questions; those of all topics asked so far add up to less than the expected questions.
    pub expected_count: f64,
    /// Whether its share has been rising or falling; `None` when the change is not significant.
    pub trend: Option<Trend>,
}

/// An interval within [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbabilityInterval {
    pub low: f64,
    pub high: f64,
}

/// Forecasts the exam at time `now` from the exams of earlier years; `exams` of the same year or later are not history.
#[must_use]
pub fn forecast(exams: &[PastExam], now: f64) -> Forecast {
    let tallies = in_time(exams);
    let learner = Learner::of(before(&tallies, now));
    let history = learner.history();
    let outlook = learner.outlook(now);
    let topics = history.seen().map(|topic| {
        let probability = outlook.probability(topic);
        TopicPrediction {
            topic,
            probability,
            interval: credible_interval(&outlook.chances(topic), probability),
            share: outlook.share(topic),
            expected_count: outlook.expected_count(topic),
            trend: (history.exams() >= TREND_EXAMS_MIN).then(|| trend::of(history, topic, now)).flatten(),
        }
    });
    Forecast {
        exams: history.exams(),
        topics: topics.collect(),
        expected_questions: outlook.expected_questions(),
        unseen_share: learner.unseen_share(),
    }
}

/// The time to forecast if the date of the next exam is unknown: the year after the latest of `exams`.
#[must_use]
pub fn next_year(exams: &[PastExam]) -> Option<f64> {
    in_time(exams).last().map(|latest| latest.year() + 1.0)
}

/// A count as a float.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exam(time: f64, topics: &[usize]) -> PastExam {
        PastExam { time, topics: topics.to_vec() }
    }

    /// Exams of the same course in the years from 2010 on.
    fn yearly(exams: &[&[usize]]) -> Vec<PastExam> {
        exams.iter().enumerate().map(|(year, topics)| exam(2010.0 + number(year), topics)).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }

    /// Expected: probability, low, high, share, count of topics 0, 1, 2 …, from the formulas in `mpmath`.
    #[track_caller]
    fn holds(forecast: &Forecast, expected: &[[f64; 5]]) {
        assert_eq!(forecast.topics.len(), expected.len());
        for (index, (found, [probability, low, high, share, count])) in forecast.topics.iter().zip(expected).enumerate()
        {
            assert_eq!(found.topic, index);
            near(found.probability, *probability, 1e-9);
            near(found.interval.low, *low, 1e-5);
            near(found.interval.high, *high, 1e-5);
            near(found.share, *share, 1e-9);
            near(found.expected_count, *count, 1e-9);
        }
    }

    #[test]
    fn three_exams_give_the_numbers_of_the_formulas() {
        let exams = [exam(2019.0, &[0, 0, 1]), exam(2020.0, &[0, 2]), exam(2021.0, &[1, 0, 0, 2])];
        let forecast = forecast(&exams, 2022.0);
        holds(
            &forecast,
            &[
                [0.752_362_145_418, 0.289_645_79, 0.997_512_22, 0.420_147_896_750, 1.309_269_772_624],
                [0.582_128_932_622, 0.161_778_81, 0.964_110_02, 0.251_302_773_780, 0.788_382_392_123],
                [0.588_977_014_720, 0.166_507_60, 0.969_263_91, 0.255_590_859_193, 0.802_037_712_834],
            ],
        );
        assert_eq!(forecast.exams, 3);
        // More than the topics' 2.899 689 877 581: the rest is what is discounted.
        near(forecast.expected_questions, 3.123_262_946_387, 1e-9);
        assert!(forecast.topics.iter().all(|topic| topic.trend.is_none()));
    }

    #[test]
    fn exams_of_one_year_are_not_history_for_each_other() {
        let exams =
            [exam(2019.0, &[0, 0, 1]), exam(2020.25, &[0, 2]), exam(2020.75, &[2, 2, 3]), exam(2021.0, &[1, 0, 0, 2])];
        holds(
            &forecast(&exams, 2023.5),
            &[
                [0.595_930_523_882, 0.176_395_06, 0.929_968_00, 0.310_631_707_356, 0.949_392_568_324],
                [0.442_913_751_943, 0.085_712_08, 0.863_204_36, 0.186_467_609_223, 0.572_886_309_430],
                [0.585_083_119_706, 0.182_103_75, 0.933_056_00, 0.280_098_735_801, 0.857_306_409_165],
                [0.349_344_691_353, 0.021_467_33, 0.855_382_09, 0.144_160_678_722, 0.444_516_191_657],
            ],
        );
    }

    #[test]
    fn a_trend_is_reported_only_if_significant() {
        let early: &[usize] = &[0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2];
        let late: &[usize] = &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2];
        let exams = yearly(&[early, early, early, early, early, early, late, late, late, late]);
        let forecast = forecast(&exams, 2020.0);
        let trends: Vec<_> = forecast.topics.iter().map(|topic| topic.trend).collect();
        // The lasting share of topic 0 is Beta(5/3 + 6·2 + 4·10 − 1/2, 5 + 10·17 less that), that of topic 1
        // Beta(5/3 + 6·10 + 4·2 − 1/2, …); the recent ones likewise with the weights 2^(−(2020 − year) / 2). Of those, the
        // first exam and with it the discount weighs 1/32.
        let rise = trends[0].unwrap();
        near(rise.log_ratio, 0.419_250_967_9, 1e-9);
        near(rise.high - rise.log_ratio, 0.255_926_813_9, 1e-9);
        near(rise.log_ratio - rise.low, 0.255_926_813_9, 1e-9);
        let fall = trends[1].unwrap();
        near(fall.log_ratio, -0.549_100_602_5, 1e-9);
        near(fall.high, -0.549_100_602_5 + 0.375_005_516_4, 1e-9);
        assert_eq!(trends[2], None);
        near(forecast.topics[0].probability, 0.994_467_352_019, 1e-9);
    }

    #[test]
    fn one_exam_is_prior_dominated() {
        let forecast = forecast(&[exam(2020.0, &[0, 0, 1])], 2021.0);
        // With the weight w = 2^(−1/h) the shares are (5/2 + 3/2 w) / (5 + 3 w), a half for every h, and
        // (5/2 + 1/2 w) / (5 + 3 w), of which the mean over the six h is told; N = 3.
        holds(
            &forecast,
            &[
                [0.622_617_482_800, 0.082_899_45, 0.988_256_34, 0.5, 1.5],
                [0.599_239_726_458, 0.082_644_11, 0.983_207_82, 0.396_440_841_579, 1.189_322_524_736],
            ],
        );
    }

    #[test]
    fn good_turing_counts_the_questions_whose_topic_came_once_and_learns_its_factor() {
        let exams = yearly(&[&[0, 0, 1], &[0, 2, 5, 5]]);
        // The first exam predicts 1/3 of the second one's four questions; three of them are on new topics.
        let factor = (3.0 + 2.0) / (4.0 / 3.0 + 2.0);
        near(forecast(&exams, 2012.0).unseen_share, factor * 2.0 / 7.0, 1e-15);
        let topics: Vec<_> = forecast(&exams, 2012.0).topics.iter().map(|topic| topic.topic).collect();
        assert_eq!(topics, [0, 1, 2, 5]);
    }

    #[test]
    fn without_history_every_topic_is_unseen() {
        for exams in [vec![], yearly(&[&[0, 1]])] {
            let forecast = forecast(&exams, 2010.0);
            assert_eq!((forecast.exams, forecast.topics.len()), (0, 0));
            near(forecast.expected_questions, 0.0, 0.0);
            near(forecast.unseen_share, 1.0, 0.0);
        }
    }

    #[test]
    fn the_next_exam_is_a_year_after_the_latest() {
        assert_eq!(next_year(&[exam(2021.4, &[0]), exam(2019.0, &[0])]), Some(2022.0));
        assert_eq!(next_year(&[exam(2021.4, &[])]), None);
    }

    #[test]
    fn absence_never_makes_a_topic_likelier() {
        let mut exams = yearly(&[&[0, 1, 2], &[0, 1, 2], &[0, 1, 2], &[0, 1, 2]]);
        let mut last = 1.0;
        for year in 2014_u32..2034 {
            let now = forecast(&exams, f64::from(year)).topics[2].probability;
            assert!(now < last + 0.02, "{now} after {last}");
            last = now;
            exams.push(exam(f64::from(year), &[0, 1, 1]));
        }
        assert!(last < 0.2, "{last}");
    }

    #[test]
    fn a_course_of_one_topic_and_a_gap_of_centuries_stay_finite() {
        // Share: 1 − 1/2 w / (5 + Σ w c), w the weight of the first exam; without forgetting 1 − 1/2 / (5 + 4) = 17/18.
        // After centuries all other half-lives say 1 (α = 5 of 5), and that one weighs 0.1663 of those that count
        // questions. The chance: at most 15/16, because 1/8 says 1/2; without forgetting (1 + 3 − 7/10) / (1 + 3) of the
        // exams have the topic, and after coming it came again with (0.9 + 1 + 1) / (0.9 + 1 + 2).
        let exams = yearly(&[&[0, 0], &[0], &[0]]);
        for (now, probability, share) in [
            (2013.0, 0.870_780_588_925, 0.965_707_197_349),
            (9_999.0, 0.910_231_411_352, 1.0 - 0.166_308_916_968 / 18.0),
        ] {
            let forecast = forecast(&exams, now);
            let topic = &forecast.topics[0];
            near(topic.probability, probability, 1e-9);
            near(topic.share, share, 1e-9);
            assert!(topic.interval.low < topic.probability && topic.interval.high > 1.0 - 1e-5, "{topic:?}");
        }
    }

    #[test]
    fn a_first_appearance_stays_the_first_over_centuries() {
        let after = |years: f64| {
            let exams =
                [PastExam { time: 2000.0 - years, topics: vec![0] }, PastExam { time: 2000.0, topics: vec![0] }];
            forecast(&exams, 2001.0).topics[0].probability
        };
        // 2^(-800 / 0.7) is 0 in floating point, 2^(-700 / 0.7) is not; neither counts for anything.
        near(after(800.0), after(700.0), 1e-9);
    }

    fn any_exams(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<PastExam>> {
        let time = prop_oneof![(2000_u32..2012).prop_map(f64::from), 2000.0..2012.0_f64];
        let exam = (time, prop::collection::vec(0..8_usize, 1..12));
        prop::collection::vec(exam.prop_map(|(time, topics)| PastExam { time, topics }), count)
    }

    proptest! {
        #[test]
        fn probabilities_intervals_and_shares_are_proper(exams in any_exams(1..15), years in 0.0..30.0_f64) {
            let forecast = forecast(&exams, 2012.0 + years);
            for topic in &forecast.topics {
                let ProbabilityInterval { low, high } = topic.interval;
                prop_assert!(0.0 <= low && low <= topic.probability && topic.probability <= high && high <= 1.0);
                prop_assert!((0.0..=1.0).contains(&topic.share));
                prop_assert!((0.0..=forecast.expected_questions + 1e-9).contains(&topic.expected_count));
                if let Some(trend) = topic.trend {
                    prop_assert!(trend.low < trend.log_ratio && trend.log_ratio < trend.high);
                    prop_assert!(trend.low > 0.0 || trend.high < 0.0);
                }
            }
            let [share_left, questions_left] = refit::left(&exams, 2012.0 + years);
            let shares: f64 = forecast.topics.iter().map(|topic| topic.share).sum();
            prop_assert!((shares + share_left - 1.0).abs() < 1e-9);
            let counts: f64 = forecast.topics.iter().map(|topic| topic.expected_count).sum();
            prop_assert!((counts + questions_left - forecast.expected_questions).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&forecast.unseen_share));
        }

        #[test]
        fn one_or_two_exams_leave_everything_open(exams in any_exams(1..3), years in 0.0..5.0_f64) {
            for topic in forecast(&exams, 2012.0 + years).topics {
                prop_assert!(topic.probability <= 0.9);
                prop_assert!(topic.interval.high - topic.interval.low > 0.5);
                prop_assert_eq!(topic.trend, None);
            }
        }

        #[test]
        fn the_order_of_exams_and_questions_does_not_matter(exams in any_exams(1..10), seed: u64) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut shuffled = exams.clone();
            random.shuffle(&mut shuffled);
            for exam in &mut shuffled {
                random.shuffle(&mut exam.topics);
            }
            prop_assert_eq!(forecast(&shuffled, 2012.0), forecast(&exams, 2012.0));
            prop_assert_eq!(backtest(&shuffled, 1), backtest(&exams, 1));
        }

        /// Renaming topics, which numbers them in another order, changes nothing but rounding.
        #[test]
        fn the_numbers_of_the_topics_do_not_matter(exams in any_exams(1..10)) {
            let mut renamed = exams.clone();
            for exam in &mut renamed {
                exam.topics = exam.topics.iter().map(|topic| 7 - topic).collect();
            }
            let mut found = forecast(&renamed, 2012.0).topics;
            found.reverse();
            for (found, topic) in found.iter().zip(forecast(&exams, 2012.0).topics) {
                prop_assert_eq!(found.topic, 7 - topic.topic);
                prop_assert!((found.probability - topic.probability).abs() < 1e-9);
            }
        }

        #[test]
        fn identical_exams_forecast_identical_topics_alike(
            topics in 1..6_usize, each in 1..4_usize, exams in 1..12_usize,
        ) {
            let asked: Vec<usize> = (0..topics * each).map(|question| question % topics).collect();
            let exams = yearly(&vec![asked.as_slice(); exams]);
            let forecast = forecast(&exams, 2030.0);
            for topic in &forecast.topics {
                let first = &forecast.topics[0];
                prop_assert_eq!(TopicPrediction { topic: 0, ..topic.clone() }, first.clone());
            }
        }

        #[test]
        fn incremental_fitting_equals_refitting(exams in any_exams(1..12), years in 0.0..5.0_f64) {
            let now = 2008.0 + years;
            let expected = refit::refit(&exams, now);
            let found = forecast(&exams, now).topics;
            prop_assert_eq!(found.len(), expected.len());
            for (found, (topic, probability)) in found.iter().zip(expected) {
                prop_assert_eq!(found.topic, topic);
                prop_assert!((found.probability - probability).abs() < 1e-9, "{} {}", found.probability, probability);
            }
        }
    }
}
