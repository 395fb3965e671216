//! What the next exam asks: for each topic the probability that it appears, how sure that is, and how many questions
//! to expect.
//!
//! Twelve simple experts, two ways of counting times six speeds of forgetting, each give a probability; they are mixed
//! by how well each of them would have predicted the past exams. `docs/forecast.md` has the formulas, their sources and
//! measured figures.
//!
//! Invariants, which the tests hold:
//! - probabilities, shares and intervals lie in [0, 1], low ≤ probability ≤ high, and the shares add up to 1;
//! - the order of the exams and of their questions does not matter;
//! - exams of one year are not history for each other;
//! - with one or two exams nothing is above 0.9, intervals are wide and there is no trend.
//!
//! Limits: a topic that has never been asked gets no probability of its own, only a part in [`Forecast::unseen_share`].
//! Nothing here knows of topics that are "overdue": on real archives the chance of a topic falls with its absence.

mod backtest;
mod beta;
mod experts;
mod history;
mod learner;
#[cfg(test)]
mod refit;
mod score;
mod tally;
mod trend;

use beta::credible_interval;
use learner::Learner;
use tally::{before, in_time};

pub use backtest::{Backtest, MIN_HISTORY, UnseenShare, backtest};
pub use score::{PRECISION_TOPICS, Scorecard, Scores};
pub use trend::Trend;

/// Exams below which no trend is told.
const TREND_EXAMS_MIN: u32 = 3;

/// A past exam: when it was, and the topic of each question.
#[derive(Debug, Clone, PartialEq)]
pub struct PastExam {
    /// The year, or a year with a fraction. An exam whose time is not finite is left out.
    pub time: f64,
    /// One index a question, in any order. Indices start at 0 and leave few gaps: arrays are as long as the highest.
    /// An exam without questions is left out.
    pub topics: Vec<usize>,
}

/// What to expect of the next exam.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Past exams that it rests on.
    pub exams: u32,
    /// The topics asked so far, by index.
    pub topics: Vec<TopicForecast>,
    /// Expected number of questions; 0 without any past exam.
    pub expected_questions: f64,
    /// Share of questions on topics never asked so far: Good–Turing's estimate, the share of questions whose topic was
    /// asked just once (Good 1953). Real archives showed 1.2 to 1.6 times as much. 1 without any past exam.
    pub unseen_share: f64,
}

/// What to expect of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicForecast {
    /// Its index.
    pub topic: usize,
    /// Probability that at least one question is on it.
    pub probability: f64,
    /// 90 % credible interval of that probability.
    pub interval: Interval,
    /// Expected share of the questions; the shares of all topics asked so far add up to 1.
    pub share: f64,
    /// Expected number of questions.
    pub expected_count: f64,
    /// Whether its share has been rising or falling; nothing when that cannot be told from chance.
    pub trend: Option<Trend>,
}

/// An interval within [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
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
        TopicForecast {
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
        unseen_share: history.unseen_share(),
    }
}

/// The time to forecast for when the date of the next exam is not known: the year after the latest of `exams`.
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

    /// Expected: probability, low, high, share, count of topics 0, 1, 2 …, from the formulas in `SciPy`.
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
                [0.770_393_075_059, 0.327_636_39, 0.984_772_42, 0.443_532_553_632, 1.379_886_739_627],
                [0.587_941_379_149, 0.199_212_30, 0.922_382_19, 0.273_980_224_322, 0.857_061_960_931],
                [0.600_329_759_717, 0.209_308_09, 0.931_296_53, 0.282_487_222_047, 0.884_135_785_410],
            ],
        );
        assert_eq!(forecast.exams, 3);
        near(forecast.expected_questions, 1.379_886_739_627 + 0.857_061_960_931 + 0.884_135_785_410, 1e-9);
        assert!(forecast.topics.iter().all(|topic| topic.trend.is_none()));
    }

    #[test]
    fn exams_of_one_year_are_not_history_for_each_other() {
        let exams =
            [exam(2019.0, &[0, 0, 1]), exam(2020.25, &[0, 2]), exam(2020.75, &[2, 2, 3]), exam(2021.0, &[1, 0, 0, 2])];
        holds(
            &forecast(&exams, 2023.5),
            &[
                [0.651_981_269_001, 0.242_463_63, 0.925_654_51, 0.327_624_623_676, 1.001_119_658_764],
                [0.470_429_906_935, 0.126_832_19, 0.843_248_76, 0.204_349_780_530, 0.627_248_807_822],
                [0.618_440_250_602, 0.232_922_71, 0.911_552_73, 0.300_675_026_454, 0.920_030_821_818],
                [0.401_924_555_396, 0.082_376_62, 0.818_172_89, 0.167_350_569_340, 0.515_195_939_186],
            ],
        );
    }

    #[test]
    fn a_rise_and_a_fall_are_told_from_chance() {
        let early: &[usize] = &[0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2];
        let late: &[usize] = &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2];
        let exams = yearly(&[early, early, early, early, early, early, late, late, late, late]);
        let forecast = forecast(&exams, 2020.0);
        let trends: Vec<_> = forecast.topics.iter().map(|topic| topic.trend).collect();
        let rise = trends[0].unwrap();
        near(rise.log_ratio, 0.410_571_088_4, 1e-9);
        near(rise.high - rise.log_ratio, 0.255_231_636_0, 1e-9);
        near(rise.log_ratio - rise.low, 0.255_231_636_0, 1e-9);
        let fall = trends[1].unwrap();
        near(fall.log_ratio, -0.554_803_934_5, 1e-9);
        near(fall.high, -0.554_803_934_5 + 0.374_437_393_8, 1e-9);
        assert_eq!(trends[2], None);
        near(forecast.topics[0].probability, 0.999_123_947_366, 1e-9);
    }

    #[test]
    fn one_exam_is_prior_dominated() {
        let forecast = forecast(&[exam(2020.0, &[0, 0, 1])], 2021.0);
        holds(
            &forecast,
            &[
                [0.717_200_885_958, 0.099_977_73, 1.0, 0.551_779_579_211, 1.655_338_737_632],
                [0.695_748_577_816, 0.099_806_82, 1.0, 0.448_220_420_789, 1.344_661_262_368],
            ],
        );
    }

    #[test]
    fn good_turing_counts_the_questions_whose_topic_came_once() {
        let exams = yearly(&[&[0, 0, 1], &[0, 2, 5, 5]]);
        near(forecast(&exams, 2012.0).unseen_share, 2.0 / 7.0, 1e-15);
        let topics: Vec<_> = forecast(&exams, 2012.0).topics.iter().map(|topic| topic.topic).collect();
        assert_eq!(topics, [0, 1, 2, 5]);
    }

    #[test]
    fn without_history_all_is_unseen() {
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
        let forecast_after = |now| forecast(&yearly(&[&[0, 0], &[0], &[0]]), now);
        for now in [2013.0, 9_999.0] {
            let forecast = forecast_after(now);
            let topic = &forecast.topics[0];
            assert!(topic.probability > 0.9 && topic.probability <= 1.0, "{topic:?}");
            near(topic.share, 1.0, 1e-12);
        }
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
                let Interval { low, high } = topic.interval;
                prop_assert!(0.0 <= low && low <= topic.probability && topic.probability <= high && high <= 1.0);
                prop_assert!((0.0..=1.0).contains(&topic.share));
                prop_assert!((0.0..=forecast.expected_questions + 1e-9).contains(&topic.expected_count));
                if let Some(trend) = topic.trend {
                    prop_assert!(trend.low < trend.log_ratio && trend.log_ratio < trend.high);
                    prop_assert!(trend.low > 0.0 || trend.high < 0.0);
                }
            }
            let shares: f64 = forecast.topics.iter().map(|topic| topic.share).sum();
            prop_assert!((shares - 1.0).abs() < 1e-9);
            let counts: f64 = forecast.topics.iter().map(|topic| topic.expected_count).sum();
            prop_assert!((counts - forecast.expected_questions).abs() < 1e-9);
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
                prop_assert_eq!(TopicForecast { topic: 0, ..topic.clone() }, first.clone());
            }
        }

        #[test]
        fn adding_exams_one_by_one_is_fitting_all_anew(exams in any_exams(1..12), years in 0.0..5.0_f64) {
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
