//! Scores the forecast on past exams: every exam is predicted from the exams of earlier years only (rolling origin), and
//! compared with two baselines.
//!
//! All three predict the topics asked before the exam. A topic that was never asked cannot be predicted.

use serde::{Deserialize, Serialize};

use super::learner::Learner;
use super::score::Scorecard;
use super::tally::{ExamCounts, by_year, in_time};
use super::{PastExam, number};

/// Exams of earlier years that an exam needs before its prediction is scored: the fifth exam is the first.
pub const MIN_HISTORY: u32 = 4;

/// The predictions of one or more courses, scored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backtest {
    /// The forecast of this module.
    pub model: Scorecard,
    /// Baseline: the share of past exams with the topic.
    pub raw_frequency: Scorecard,
    /// Baseline: the topics of the latest exam; if there were several at that time, the share of them with the topic.
    pub last_exam: Scorecard,
    /// Questions of the scored exams.
    pub questions: usize,
    /// Those on topics never asked before.
    pub unseen_questions: usize,
    /// The number that was predicted: Good–Turing's estimate times its learnt factor.
    pub unseen_expected: f64,
}

/// Questions on topics never asked before, as a share of the questions of the scored exams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnseenShare {
    /// Measured share.
    pub measured: f64,
    /// Share that was predicted.
    pub expected: f64,
}

impl Backtest {
    /// Share of new topics on the scored exams; `None` when no exam was scored.
    #[must_use]
    pub fn unseen_share(&self) -> Option<UnseenShare> {
        let questions = number(self.questions);
        (self.questions > 0).then(|| UnseenShare {
            measured: number(self.unseen_questions) / questions,
            expected: self.unseen_expected / questions,
        })
    }

    /// Adds the scores of another backtest.
    pub fn add(&mut self, other: &Self) {
        self.model.add(&other.model);
        self.raw_frequency.add(&other.raw_frequency);
        self.last_exam.add(&other.last_exam);
        self.questions += other.questions;
        self.unseen_questions += other.unseen_questions;
        self.unseen_expected += other.unseen_expected;
    }

    fn score(&mut self, learner: &Learner, predicted: &[(usize, f64)], exam: &ExamCounts) {
        let history = learner.history();
        let card = |guess: &dyn Fn(usize, f64) -> f64| -> Vec<(f64, bool)> {
            predicted.iter().map(|(topic, model)| (guess(*topic, *model), exam.has(*topic))).collect()
        };
        self.model.add_exam(&card(&|_, model| model));
        self.raw_frequency.add_exam(&card(&|topic, _| history.raw_frequency(topic)));
        self.last_exam.add_exam(&card(&|topic, _| history.on_latest(topic)));
        let is_new = |topic: &usize| predicted.binary_search_by_key(topic, |(seen, _)| *seen).is_err();
        let unseen = exam.counts.iter().filter(|(topic, _)| is_new(topic)).map(|(_, count)| *count);
        self.questions += exam.questions as usize;
        self.unseen_questions += unseen.sum::<u32>() as usize;
        self.unseen_expected += learner.unseen_share() * f64::from(exam.questions);
    }
}

/// Scores every exam that has at least `min_history` exams of earlier years; usually [`MIN_HISTORY`].
#[must_use]
pub fn backtest(exams: &[PastExam], min_history: u32) -> Backtest {
    let mut backtest = Backtest::default();
    let mut learner = Learner::new();
    for year in by_year(&in_time(exams)) {
        learner.take_in(year, |learner, prediction, exam| {
            if learner.history().exams() >= min_history.max(1) {
                let predicted: Vec<_> = prediction.topics.iter().map(|(topic, p, _)| (*topic, *p)).collect();
                backtest.score(learner, &predicted, exam);
            }
        });
    }
    backtest
}

#[cfg(test)]
mod tests {
    use super::super::score::Scores;
    use super::super::{forecast, refit};
    use super::*;

    fn exam(time: f64, topics: &[usize]) -> PastExam {
        PastExam { time, topics: topics.to_vec() }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[track_caller]
    fn holds(card: &Scorecard, [brier, log_score, skill, calibration_error, precision_at_5]: [f64; 5]) {
        let scores: Scores = card.scores().unwrap();
        near(scores.brier, brier);
        near(scores.log_score, log_score);
        near(scores.skill.unwrap(), skill);
        near(scores.calibration_error, calibration_error);
        near(scores.precision_at_5, precision_at_5);
    }

    /// The second exam is predicted from the first (candidates 0 and 1, of which 0 appears), the third from both (0, 1
    /// and 2, which all appear).
    #[test]
    fn three_exams_are_scored_by_hand() {
        let exams = [exam(2019.0, &[0, 0, 1]), exam(2020.0, &[0, 2]), exam(2021.0, &[1, 0, 0, 2])];
        let scored = backtest(&exams, 1);
        let (sure, wrong) = (-(1.0 - 1e-6_f64).ln(), -1e-6_f64.ln());
        // 1, 1 and 1, ½, ½.
        let log_score = (2.0 * sure + wrong + 2.0 * 2.0_f64.ln()) / 5.0;
        holds(&scored.raw_frequency, [0.3, log_score, 1.0 - 0.3 / 0.16, 0.4, 0.75]);
        // 1, 1 and 1, 0, 1.
        holds(&scored.last_exam, [0.4, (3.0 * sure + 2.0 * wrong) / 5.0, 1.0 - 0.4 / 0.16, 0.4, 0.75]);
        // The probabilities that the formulas give in mpmath.
        let model: [(f64, bool); 5] = [
            (0.622_617_482_800, true),
            (0.599_239_726_458, false),
            (0.621_943_118_482, true),
            (0.437_125_856_181, true),
            (0.448_157_337_709, true),
        ];
        let brier = model.iter().map(|(p, y)| (p - f64::from(u8::from(*y))).powi(2)).sum::<f64>() / 5.0;
        let log_score = -model.iter().map(|(p, y)| if *y { p.ln() } else { (1.0 - p).ln() }).sum::<f64>() / 5.0;
        // Bins .6–.7, of which both appeared, .5–.6, of which one did not, and .4–.5, of which both did.
        let off = (2.0 - model[0].0 - model[2].0) + model[1].0 + (2.0 - model[3].0 - model[4].0);
        holds(&scored.model, [brier, log_score, 1.0 - brier / 0.16, off / 5.0, 0.75]);
        // Topic 2 was new in 2020; one of three questions, then two of five, were on a topic seen once.
        assert_eq!((scored.questions, scored.unseen_questions), (6, 1));
        let unseen = scored.unseen_share().unwrap();
        near(unseen.measured, 1.0 / 6.0);
        // On the second exam, one question of two was new where 2/3 of one was expected.
        let factor = (1.0 + 2.0) / (2.0 / 3.0 + 2.0);
        near(unseen.expected, (2.0 / 3.0 + 4.0 * factor * 2.0 / 5.0) / 6.0);
        assert_eq!(Backtest::default().unseen_share(), None);
    }

    #[test]
    fn only_earlier_years_count_as_history() {
        let exams = [2019.0, 2019.0, 2019.5, 2020.0, 2020.0].map(|time| exam(time, &[0, 1]));
        assert_eq!(backtest(&exams, 1).model.exams(), 2);
        assert_eq!(backtest(&exams, 3).model.exams(), 2);
        assert_eq!(backtest(&exams, MIN_HISTORY).model.exams(), 0);
        assert_eq!(backtest(&exams[..3], 0).model.exams(), 0);
    }

    #[test]
    fn several_latest_exams_are_averaged() {
        let exams = [exam(2018.0, &[0, 2]), exam(2019.0, &[0, 1]), exam(2019.0, &[0]), exam(2020.0, &[0])];
        let scored = backtest(&exams, 3);
        // 0: 1 and it appears; 1: ½; 2: 0.
        near(scored.last_exam.scores().unwrap().brier, 0.25 / 3.0);
    }

    #[test]
    fn courses_add_up() {
        let exams = [exam(2019.0, &[0, 0, 1]), exam(2020.0, &[0, 2]), exam(2021.0, &[1, 0, 0, 2])];
        let one = backtest(&exams, 1);
        let mut two = one.clone();
        two.add(&one);
        assert_eq!((two.model.exams(), two.questions, two.unseen_questions), (4, 12, 2));
        near(two.model.scores().unwrap().brier, one.model.scores().unwrap().brier);
    }

    /// The backtest's probabilities are those that `forecast` gives from the exams of earlier years, fitted anew.
    #[test]
    fn a_backtest_is_a_forecast_of_every_exam() {
        let exams = course(11, Drift(0.4), 12);
        let mut anew = Scorecard::default();
        for exam in &exams {
            let predictions = refit::refit(&exams, exam.time);
            let forecast = forecast(&exams, exam.time);
            if forecast.exams >= MIN_HISTORY {
                let scored: Vec<_> = predictions.iter().map(|(topic, p)| (*p, exam.topics.contains(topic))).collect();
                anew.add_exam(&scored);
            }
        }
        let scored = backtest(&exams, MIN_HISTORY).model;
        assert_eq!(scored.predictions(), anew.predictions());
        near(scored.scores().unwrap().log_score, anew.scores().unwrap().log_score);
    }

    const TOPICS: usize = 40;
    const QUESTIONS: usize = 40;

    /// Standard deviation of the yearly step of a topic's log share.
    #[derive(Clone, Copy)]
    struct Drift(f64);

    /// A course with an exam a year, whose topics have log shares that start at random and then walk.
    fn course(seed: u64, Drift(step): Drift, years: u32) -> Vec<PastExam> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut log_shares = [0.0; TOPICS].map(|_: f64| 1.2 * normal(&mut random));
        let exam = |year| {
            let shares = log_shares.map(f64::exp);
            let topics = (0..QUESTIONS).map(|_| drawn(&shares, &mut random)).collect();
            for log_share in &mut log_shares {
                *log_share += step * normal(&mut random);
            }
            PastExam { time: f64::from(year), topics }
        };
        (2000..2000 + years).map(exam).collect()
    }

    fn normal(random: &mut fastrand::Rng) -> f64 {
        // Box–Muller; 1 − u is never 0.
        (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
    }

    fn drawn(shares: &[f64; TOPICS], random: &mut fastrand::Rng) -> usize {
        let mut left = random.f64() * shares.iter().sum::<f64>();
        let hit = shares.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        hit.unwrap_or(TOPICS - 1)
    }

    /// The table of `docs/forecast.md`: `cargo test -p shared generated_courses -- --nocapture`.
    #[test]
    fn generated_courses_are_forecast_better_than_by_counting() {
        const COURSES: u64 = 40;
        println!(
            "| step a year | exams | Brier: forecast | raw frequency | last exam | skill | calibration error | trends |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for step in [0.0, 0.2, 0.5, 1.0] {
            for years in [6, 12, 24] {
                let mut all = Backtest::default();
                let (mut trends, mut topics) = (0.0, 0.0);
                for seed in 0..COURSES {
                    let exams = course(seed, Drift(step), years);
                    all.add(&backtest(&exams, MIN_HISTORY));
                    let forecast = forecast(&exams, f64::from(2000 + years));
                    topics += number(forecast.topics.len());
                    let told = forecast.topics.iter().filter(|topic| topic.trend.is_some()).count();
                    trends += number(told);
                }
                let [model, raw, last] =
                    [&all.model, &all.raw_frequency, &all.last_exam].map(|card| card.scores().unwrap());
                println!(
                    "| {step} | {years} | {:.4} | {:.4} | {:.4} | {:.3} | {:.3} | {:.1} % |",
                    model.brier,
                    raw.brier,
                    last.brier,
                    model.skill.unwrap(),
                    model.calibration_error,
                    100.0 * trends / topics,
                );
                assert!(model.brier < last.brier);
                assert!(model.brier < raw.brier + 0.002, "{} against {}", model.brier, raw.brier);
                if step >= 0.5 && years >= 12 {
                    assert!(model.brier < 0.97 * raw.brier, "{} against {}", model.brier, raw.brier);
                }
            }
        }
    }
}
