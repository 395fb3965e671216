//! What to expect of the next exam: the forecast of `domain::forecast` on the topics and patterns of a course, and how it
//! would have done on the past exams of this very course.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::past::{ExamQuestion, PastExams, of_topic};
use crate::domain::catalog::{Exam, Topic};
use crate::domain::forecast::{self, Forecast, MIN_HISTORY, PastExam, Scorecard};
use crate::domain::id::{PatternId, TopicId};
use crate::domain::number::rounded;

/// Decimals of a probability.
const DECIMALS: i32 = 4;

/// What to expect of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicForecast {
    /// The topic.
    pub topic_id: TopicId,
    /// Probability that it is on the next exam.
    pub probability: f64,
    /// 90 % credible interval of that probability.
    pub interval: [f64; 2],
    /// Questions of it to expect.
    pub expected_count: f64,
    /// Whether its share changes, where that can be told from chance.
    pub trend: Option<Direction>,
    /// What that rests on, for a student.
    pub basis: String,
}

/// What to expect of a pattern that was on an exam before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PatternForecast {
    /// The pattern.
    pub pattern_id: PatternId,
    /// Probability that it is on the next exam.
    pub probability: f64,
    /// 90 % credible interval of that probability.
    pub interval: [f64; 2],
}

/// Where a share goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrendDirection)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up.
    Rising,
    /// Down.
    Falling,
}

/// Whether the forecast beats counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ForecastQuality {
    /// It beats both baselines on this course's past exams.
    #[serde(rename = "better than frequency")]
    Better,
    /// It does not.
    #[serde(rename = "no better than frequency")]
    NoBetter,
    /// No exam has enough exams before it.
    #[serde(rename = "not enough exams to tell")]
    Unknown,
}

/// The forecast, made before each past exam that had enough before it, scored beside two baselines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestSummary {
    /// Exams that were predicted.
    pub exams: usize,
    /// Predictions of a topic on an exam.
    pub predictions: usize,
    /// The forecast.
    pub model: Score,
    /// The share of earlier exams that had the topic.
    pub all_time_frequency: Score,
    /// As on the last exam.
    pub last_exam: Score,
}

/// How far predictions were off; lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ForecastScore)]
pub struct Score {
    /// Mean squared error.
    pub brier: f64,
    /// Mean negative log likelihood, in nats.
    pub log_score: f64,
}

/// The outlook on every topic of the course, in their order.
pub(super) fn topics(past: &PastExams<'_>) -> Vec<TopicForecast> {
    let exams = exams(past, |question| question.topic_index);
    let Some(outlook) = outlook(&exams) else { return Vec::new() };
    let never_asked = past.topics.len().saturating_sub(outlook.topics.len());
    let topic = |(index, topic): (usize, &&Topic)| {
        let basis = basis(past, index);
        match outlook.topics.iter().find(|outlook| outlook.topic == index) {
            Some(asked) => TopicForecast {
                topic_id: topic.id.clone(),
                probability: rounded(asked.probability, DECIMALS),
                interval: [rounded(asked.interval.low, DECIMALS), rounded(asked.interval.high, DECIMALS)],
                expected_count: rounded(asked.expected_count, DECIMALS),
                trend: asked
                    .trend
                    .map(|trend| if trend.log_ratio > 0.0 { Direction::Rising } else { Direction::Falling }),
                basis,
            },
            None => never_asked_before(topic.id.clone(), &outlook, never_asked, basis),
        }
    };
    past.topics.iter().enumerate().map(topic).collect()
}

/// A topic that was on no exam has an equal part in the share of what is new; at most it gets all of that.
fn never_asked_before(topic_id: TopicId, outlook: &Forecast, never_asked: usize, basis: String) -> TopicForecast {
    #[expect(clippy::cast_precision_loss, reason = "far fewer topics than 2^52")]
    let share = (outlook.unseen_share / never_asked.max(1) as f64).clamp(0.0, 1.0);
    let appears = |share: f64| rounded(1.0 - (1.0 - share.clamp(0.0, 1.0)).powf(outlook.expected_questions), DECIMALS);
    TopicForecast {
        topic_id,
        probability: appears(share),
        interval: [0.0, appears(outlook.unseen_share)],
        expected_count: rounded(share * outlook.expected_questions, DECIMALS),
        trend: None,
        basis,
    }
}

/// The outlook on patterns that were asked before, the likeliest first.
pub(super) fn patterns(past: &PastExams<'_>) -> Vec<PatternForecast> {
    let indices: HashMap<_, _> =
        past.patterns.iter().enumerate().map(|(index, pattern)| (&pattern.id, index)).collect();
    let exams = exams(past, |question| indices.get(question.meta.pattern_id.as_ref()?).copied());
    let asked = outlook(&exams).map(|outlook| outlook.topics).unwrap_or_default();
    let mut forecasts: Vec<PatternForecast> = asked
        .into_iter()
        .map(|asked| PatternForecast {
            pattern_id: past.patterns[asked.topic].id.clone(),
            probability: rounded(asked.probability, DECIMALS),
            interval: [rounded(asked.interval.low, DECIMALS), rounded(asked.interval.high, DECIMALS)],
        })
        .collect();
    forecasts.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.pattern_id.cmp(&b.pattern_id)));
    forecasts
}

/// The scores on this course; none when no exam has enough exams of earlier years before it.
pub(super) fn backtest(past: &PastExams<'_>) -> Option<BacktestSummary> {
    let backtest = forecast::backtest(&exams(past, |question| question.topic_index), MIN_HISTORY);
    Some(BacktestSummary {
        exams: backtest.model.exams(),
        predictions: backtest.model.predictions(),
        model: score(&backtest.model)?,
        all_time_frequency: score(&backtest.raw_frequency)?,
        last_exam: score(&backtest.last_exam)?,
    })
}

fn score(card: &Scorecard) -> Option<Score> {
    let scores = card.scores()?;
    Some(Score { brier: rounded(scores.brier, DECIMALS), log_score: rounded(scores.log_score, DECIMALS) })
}

/// Better means better than both baselines by Brier score.
pub(super) fn quality(backtest: Option<&BacktestSummary>) -> ForecastQuality {
    match backtest {
        None => ForecastQuality::Unknown,
        Some(scores) if scores.model.brier < scores.all_time_frequency.brier.min(scores.last_exam.brier) => {
            ForecastQuality::Better
        }
        Some(_) => ForecastQuality::NoBetter,
    }
}

fn exams(past: &PastExams<'_>, index: impl Fn(&ExamQuestion<'_>) -> Option<usize>) -> Vec<PastExam> {
    let exam = |exam: &&Exam| PastExam { time: f64::from(exam.year), topics: Vec::new() };
    let mut exams: Vec<PastExam> = past.exams.iter().map(exam).collect();
    for question in &past.questions {
        exams[question.exam_index].topics.extend(index(question));
    }
    exams
}

/// For the year after the last exam: the outlook depends on the exams alone, not on the day it is asked for.
fn outlook(exams: &[PastExam]) -> Option<Forecast> {
    forecast::next_year(exams).map(|year| forecast::forecast(exams, year))
}

/// On how many exams a topic was, and when last.
fn basis(past: &PastExams<'_>, topic_index: usize) -> String {
    let on: BTreeSet<usize> =
        of_topic(&past.questions, topic_index).iter().map(|question| question.exam_index).collect();
    let all = past.exams.len();
    match on.last() {
        // Exams are in order of time.
        Some(last) => format!("On {} of {all} past exams, last in {}.", on.len(), past.exams[*last].year),
        None => format!("On none of {all} past exams."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(model: f64, frequency: f64, last: f64) -> BacktestSummary {
        let score = |brier| Score { brier, log_score: 0.5 };
        BacktestSummary {
            exams: 3,
            predictions: 30,
            model: score(model),
            all_time_frequency: score(frequency),
            last_exam: score(last),
        }
    }

    #[test]
    fn better_is_better_than_both_baselines() {
        assert_eq!(quality(Some(&summary(0.10, 0.12, 0.15))), ForecastQuality::Better);
        assert_eq!(quality(Some(&summary(0.13, 0.12, 0.15))), ForecastQuality::NoBetter);
        assert_eq!(quality(Some(&summary(0.13, 0.15, 0.12))), ForecastQuality::NoBetter);
        assert_eq!(quality(Some(&summary(0.12, 0.12, 0.15))), ForecastQuality::NoBetter);
        assert_eq!(quality(None), ForecastQuality::Unknown);
    }
}
