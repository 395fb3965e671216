//! Analyses the past exams of a course and forecasts its next exam. Pure functions over exams and questions.
//!
//! Generated questions are left out, since they were on no exam. `docs/analysis.md` defines each number.

mod detailed;
mod edition;
mod frequency;
mod outlook;
mod past;
mod percent;
mod shares;
mod study_order;
mod trends;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::credits::{Charge, EntryType};
use super::id::TopicId;
use super::settings::CreditTerms;

pub use detailed::{Chapter, Section, SectionTechnique, TechniqueSample, chapters};
pub use edition::edition;
pub use outlook::{BacktestSummary, ForecastQuality, PatternForecast, TopicForecast};
pub use past::{ExamQuestion, PastExams};
pub use shares::{DifficultyMix, ExamTypeShare, PatternShare, TechniqueShare, TopicShare};
pub use study_order::HighValueTopic;
pub use trends::YearTrends;

/// The analysis of a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Analysis {
    /// Identifies the data that the analysis was computed from.
    pub edition: String,
    /// Number of past exams analysed.
    pub exams_analysed: usize,
    /// All topics, most frequent first.
    pub topic_distribution: Vec<TopicShare>,
    /// Shares of easy, medium and hard questions, in percent.
    pub difficulty_distribution: DifficultyMix,
    /// Topics with the most expected points on the next exam.
    pub high_value_topics: Vec<HighValueTopic>,
    pub recommended_study_order: Vec<TopicId>,
    /// The recommendation in words.
    pub study_strategy: String,
    /// Distribution of topics by type of exam.
    pub by_exam_type: Vec<ExamTypeShare>,
    /// Techniques, most frequent first.
    pub techniques: Vec<TechniqueShare>,
    /// Patterns that were on past exams, most frequent first.
    pub patterns: Vec<PatternShare>,
    /// Questions and points of each topic by exam.
    pub year_trends: YearTrends,
    /// Forecast of the next exam, by topic.
    pub forecast: Vec<TopicForecast>,
    /// Forecast of patterns that were on past exams, most likely first.
    pub pattern_forecast: Vec<PatternForecast>,
    /// Whether the forecast beats simple counting on past exams.
    pub forecast_quality: ForecastQuality,
    /// Score of the same method on the past exams of this course.
    pub backtest: Option<BacktestSummary>,
}

/// Analyses `past`, which holds at least one exam.
#[must_use]
pub fn analyse(past: &PastExams<'_>) -> Analysis {
    let forecast = outlook::topics(past);
    let backtest = outlook::backtest(past);
    let forecast_quality = outlook::quality(backtest.as_ref());
    let topic_distribution = shares::by_topic(past);
    let difficulty_distribution = shares::by_difficulty(past);
    let values = study_order::values(past, &forecast);
    let high_value_topics = study_order::high_value(&values);
    let recommended_study_order = study_order::order(past, &values);
    Analysis {
        edition: edition(past),
        exams_analysed: past.exams.len(),
        study_strategy: study_order::strategy(
            past,
            &topic_distribution,
            difficulty_distribution,
            &high_value_topics,
            forecast_quality,
        ),
        topic_distribution,
        difficulty_distribution,
        high_value_topics,
        recommended_study_order,
        by_exam_type: shares::by_exam_type(past),
        techniques: shares::by_technique(past),
        patterns: shares::by_pattern(past),
        year_trends: trends::year_trends(past),
        forecast,
        pattern_forecast: outlook::patterns(past),
        forecast_quality,
        backtest,
    }
}

/// Price of an edition.
#[must_use]
pub fn charge(terms: &CreditTerms) -> Charge {
    Charge { price: terms.analysis, kind: EntryType::AnalysisView, description: "Analysis of past exams".to_owned() }
}

#[cfg(test)]
mod tests;
