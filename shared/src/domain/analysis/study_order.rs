//! The recommended order of study.
//!
//! A topic's **value** is its expected points on the next exam: expected questions (the forecast's) times points of one,
//! where the points are the topic's mean shrunk towards the course's as if [`SHRINKAGE_QUESTIONS`] of its questions had
//! been average. Its **gain** is value per minute, where a question takes the topic's mean time. The order keeps
//! categories together, because their topics build on each other: categories by gain, then topics by gain.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frequency::word;
use super::outlook::{ForecastQuality, TopicForecast};
use super::past::{PastExams, of_topic};
use super::shares::{DifficultyMix, TopicShare};
use crate::domain::catalog::Topic;
use crate::domain::id::TopicId;
use crate::domain::number::{mean, ratio, rounded};

/// Weight of the course's mean points, in questions.
const SHRINKAGE_QUESTIONS: f64 = 2.0;
/// Minutes per question when the course states none.
const MINUTES_UNKNOWN: f64 = 10.0;
/// Largest number of high-value topics.
const HIGH_VALUE_MAX: usize = 5;

/// A topic with many expected points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(from = "StoredTopic")]
pub struct HighValueTopic {
    pub topic_id: TopicId,
    pub name: String,
    /// Mean points of its questions on past exams.
    pub avg_points: f64,
    /// How often the topic was on past exams: `Very often`, `Often`, `Sometimes`, `Rarely` or `Never`.
    pub frequency: String,
    /// Share of past exams with the topic, 0 to 1.
    pub frequency_score: f64,
    /// Probability that the topic is on the next exam.
    pub probability: f64,
    /// Expected points on the next exam.
    pub expected_points: f64,
}

/// A topic as it is stored. In editions that were published before, `frequency` is the share, and there is no score.
#[derive(Deserialize)]
struct StoredTopic {
    topic_id: TopicId,
    name: String,
    avg_points: f64,
    frequency: StoredFrequency,
    frequency_score: Option<f64>,
    probability: f64,
    expected_points: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredFrequency {
    Share(f64),
    Word(String),
}

impl From<StoredTopic> for HighValueTopic {
    fn from(stored: StoredTopic) -> Self {
        let StoredTopic { topic_id, name, avg_points, frequency, frequency_score, probability, expected_points } =
            stored;
        let (frequency, share) = match frequency {
            StoredFrequency::Share(share) => (word(share).to_owned(), share),
            StoredFrequency::Word(word) => (word, 0.0),
        };
        let frequency_score = frequency_score.unwrap_or(share);
        Self { topic_id, name, avg_points, frequency, frequency_score, probability, expected_points }
    }
}

/// Value and gain of a topic.
pub(super) struct TopicValue {
    topic: HighValueTopic,
    category: String,
    minutes: f64,
}

/// Value and gain of every topic, in the order of the course.
pub(super) fn values(past: &PastExams<'_>, forecast: &[TopicForecast]) -> Vec<TopicValue> {
    let all_points: Vec<f64> = past.questions.iter().filter_map(|question| question.meta.source_points).collect();
    let course_mean = mean(&all_points).unwrap_or(1.0);
    let value = |(index, topic): (usize, &&Topic)| {
        let metas = of_topic(&past.questions, index);
        let points: Vec<f64> = metas.iter().filter_map(|question| question.meta.source_points).collect();
        let minutes: Vec<f64> = metas.iter().filter_map(|question| question.meta.estimated_time).collect();
        let exams = metas.iter().map(|question| question.exam_index).collect::<HashSet<_>>().len();
        let frequency_score = rounded(ratio(exams, past.exams.len()).unwrap_or(0.0), 2);
        let outlook = forecast.iter().find(|outlook| outlook.topic_id == topic.id);
        #[expect(clippy::cast_precision_loss, reason = "far fewer questions than 2^52")]
        let shrunk = (points.iter().sum::<f64>() + SHRINKAGE_QUESTIONS * course_mean)
            / (points.len() as f64 + SHRINKAGE_QUESTIONS);
        let expected_count = outlook.map_or(0.0, |outlook| outlook.expected_count);
        TopicValue {
            topic: HighValueTopic {
                topic_id: topic.id.clone(),
                name: topic.name.clone(),
                avg_points: rounded(mean(&points).unwrap_or(0.0), 1),
                frequency: word(frequency_score).to_owned(),
                frequency_score,
                probability: outlook.map_or(0.0, |outlook| outlook.probability),
                expected_points: rounded(expected_count * shrunk, 2),
            },
            category: topic.category.clone(),
            minutes: mean(&minutes).unwrap_or(MINUTES_UNKNOWN).max(1.0),
        }
    };
    past.topics.iter().enumerate().map(value).collect()
}

impl TopicValue {
    fn gain(&self) -> f64 {
        self.topic.expected_points / self.minutes
    }
}

/// The topics of highest value.
pub(super) fn high_value(values: &[TopicValue]) -> Vec<HighValueTopic> {
    let mut topics: Vec<&HighValueTopic> = values.iter().map(|value| &value.topic).collect();
    topics.sort_by(|a, b| b.expected_points.total_cmp(&a.expected_points).then_with(|| a.topic_id.cmp(&b.topic_id)));
    topics.into_iter().filter(|topic| topic.frequency_score > 0.0).take(HIGH_VALUE_MAX).cloned().collect()
}

/// All topics, categories kept together.
pub(super) fn order(past: &PastExams<'_>, values: &[TopicValue]) -> Vec<TopicId> {
    let mut categories: Vec<&str> = past.topics.iter().map(|topic| topic.category.as_str()).collect();
    categories.sort_unstable();
    categories.dedup();
    let gain_of = |category: &str| {
        let of_category = || values.iter().filter(move |value| value.category == category);
        let points: f64 = of_category().map(|value| value.topic.expected_points).sum();
        let minutes: f64 = of_category().map(|value| value.minutes).sum();
        points / minutes.max(1.0)
    };
    categories.sort_by(|a, b| gain_of(b).total_cmp(&gain_of(a)));
    let topics_of = |category: &str| {
        let mut topics: Vec<&TopicValue> = values.iter().filter(|value| value.category == category).collect();
        topics.sort_by(|a, b| b.gain().total_cmp(&a.gain()).then_with(|| a.topic.topic_id.cmp(&b.topic.topic_id)));
        topics.into_iter().map(|value| value.topic.topic_id.clone()).collect::<Vec<_>>()
    };
    categories.into_iter().flat_map(topics_of).collect()
}

/// The recommendation in words; it states only what the numbers support.
pub(super) fn strategy(
    past: &PastExams<'_>,
    topics: &[TopicShare],
    difficulty: DifficultyMix,
    high_value: &[HighValueTopic],
    quality: ForecastQuality,
) -> String {
    let mut sentences = Vec::new();
    let years = || past.exams.iter().map(|exam| exam.year);
    if let (Some(first), Some(last)) = (years().min(), years().max()) {
        let noun = if past.exams.len() == 1 { "exam" } else { "exams" };
        let span = if first == last { format!("of {first}") } else { format!("from {first} to {last}") };
        sentences.push(format!("This is based on {} past {noun} {span}.", past.exams.len()));
    }
    let best: Vec<&HighValueTopic> = high_value.iter().take(3).collect();
    if let Some(first) = best.first() {
        let names: Vec<&str> = best.iter().map(|topic| topic.name.as_str()).collect();
        sentences.push(format!("Most points are expected from: {}.", names.join(", ")));
        sentences.push(format!(
            "{} was on {:.0} % of the exams, with {} points a question on average.",
            first.name,
            first.frequency_score * 100.0,
            first.avg_points
        ));
    }
    if let Some(most) = topics.first().filter(|topic| topic.count > 0) {
        sentences
            .push(format!("The most frequent topic is {}, with {} % of all questions.", most.name, most.percentage));
    }
    if difficulty.easy + difficulty.medium + difficulty.hard > 0.0 {
        sentences.push(format!(
            "Of the rated questions {} % were easy, {} % of medium difficulty and {} % hard.",
            difficulty.easy, difficulty.medium, difficulty.hard
        ));
    }
    if past.exams.len() < 5 {
        sentences.push("With so few exams the forecast is unreliable.".to_owned());
    }
    if quality == ForecastQuality::NoBetter {
        sentences.push("On this course's past exams the forecast was no better than simple counting.".to_owned());
    }
    sentences.join(" ")
}
