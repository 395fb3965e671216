//! Forecasts the topics and patterns of the next exam with `domain::forecast`, and scores the method on the past exams of
//! the same course.

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

/// Forecast of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicForecast {
    pub topic_id: TopicId,
    /// Probability that it is on the next exam.
    pub probability: f64,
    /// 90 % credible interval of that probability.
    pub interval: [f64; 2],
    /// Expected number of its questions.
    pub expected_count: f64,
    /// Direction in which its share changes; null when the change is not significant.
    pub trend: Option<Direction>,
    /// What the forecast is based on, in a sentence.
    pub basis: String,
}

/// Forecast of a pattern that was on a past exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PatternForecast {
    pub pattern_id: PatternId,
    /// Probability that it is on the next exam.
    pub probability: f64,
    /// 90 % credible interval of that probability.
    pub interval: [f64; 2],
}

/// Direction of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrendDirection)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Rising,
    Falling,
}

/// Whether the forecast beats simple counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ForecastQuality {
    /// It beats both baselines on this course's past exams.
    #[serde(rename = "better than frequency")]
    Better,
    /// It does not beat both.
    #[serde(rename = "no better than frequency")]
    NoBetter,
    /// Too few past exams to score the forecast.
    #[serde(rename = "not enough exams to tell")]
    Unknown,
}

/// Scores of the forecast and of two baselines on the past exams that had enough earlier exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestSummary {
    /// Number of exams predicted.
    pub exams: usize,
    /// Number of predictions; one is a topic on an exam.
    pub predictions: usize,
    /// Score of the forecast.
    pub model: Score,
    /// Score of the baseline that predicts the share of earlier exams with the topic.
    pub all_time_frequency: Score,
    /// Score of the baseline that predicts the topics of the last exam.
    pub last_exam: Score,
}

/// Error of predictions; lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ForecastScore)]
pub struct Score {
    /// Mean squared error.
    pub brier: f64,
    /// Mean negative log likelihood, in nats.
    pub log_score: f64,
}

/// Forecasts of all topics, in the order of the course.
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

/// Topics that were on no exam share the probability of new topics equally.
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

/// Forecasts of patterns that were on past exams, most likely first.
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

/// Scores on this course; `None` when no exam has enough exams of earlier years.
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

/// The forecast is better when its Brier score beats both baselines.
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

/// The year after the last exam, so that the forecast depends on the exams and not on the current date.
fn outlook(exams: &[PastExam]) -> Option<Forecast> {
    forecast::next_year(exams).map(|year| forecast::forecast(exams, year))
}

/// Number of exams with a topic, and the year of the last one.
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
    fn better_means_better_than_both_baselines() {
        assert_eq!(quality(Some(&summary(0.10, 0.12, 0.15))), ForecastQuality::Better);
        assert_eq!(quality(Some(&summary(0.13, 0.12, 0.15))), ForecastQuality::NoBetter);
        assert_eq!(quality(Some(&summary(0.13, 0.15, 0.12))), ForecastQuality::NoBetter);
        assert_eq!(quality(Some(&summary(0.12, 0.12, 0.15))), ForecastQuality::NoBetter);
        assert_eq!(quality(None), ForecastQuality::Unknown);
    }
}
