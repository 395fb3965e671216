//! What past exams say of a course, and of its next exam. Pure functions over a course's exams and questions.
//!
//! Generated questions were on no exam and count for nothing here. `docs/analysis.md` says what each number means.

mod edition;
mod outlook;
mod past;
mod percent;
mod shares;
mod study_order;
mod trends;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::credits::{ANALYSIS_PRICE, Charge, EntryType};
use super::id::TopicId;

pub use edition::edition;
pub use outlook::{BacktestSummary, ForecastQuality, PatternForecast, TopicForecast};
pub use past::{ExamQuestion, PastExams};
pub use shares::{DifficultyMix, ExamTypeShare, PatternShare, TechniqueShare, TopicShare};
pub use study_order::HighValueTopic;
pub use trends::YearTrends;

/// An analysis, as it is sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Analysis {
    /// Names the numbers that it was made of.
    pub edition: String,
    /// Past exams that went into it.
    pub exams_analysed: usize,
    /// All topics, the most frequent first.
    pub topic_distribution: Vec<TopicShare>,
    /// Easy, medium and hard, in percent.
    pub difficulty_distribution: DifficultyMix,
    /// The topics that are worth most on the next exam.
    pub high_value_topics: Vec<HighValueTopic>,
    /// All topics, in the order in which to learn them.
    pub recommended_study_order: Vec<TopicId>,
    /// The same in words.
    pub study_strategy: String,
    /// The topics of each kind of exam.
    pub by_exam_type: Vec<ExamTypeShare>,
    /// Techniques by how often they are needed.
    pub techniques: Vec<TechniqueShare>,
    /// Forms of question that came back.
    pub patterns: Vec<PatternShare>,
    /// Topics over the years.
    pub year_trends: YearTrends,
    /// What to expect of the next exam.
    pub forecast: Vec<TopicForecast>,
    /// The same for patterns that were asked before, the likeliest first.
    pub pattern_forecast: Vec<PatternForecast>,
    /// Whether that is better than counting.
    pub forecast_quality: ForecastQuality,
    /// How the same forecast would have done on the past exams of this course.
    pub backtest: Option<BacktestSummary>,
}

/// Analyses `past`, which holds at least one exam.
#[must_use]
pub fn analyse(past: &PastExams<'_>) -> Analysis {
    let forecast = outlook::topics(past);
    let backtest = outlook::backtest(past);
    let topic_distribution = shares::by_topic(past);
    let difficulty_distribution = shares::by_difficulty(past);
    let values = study_order::values(past, &forecast);
    let high_value_topics = study_order::high_value(&values);
    let recommended_study_order = study_order::order(past, &values);
    Analysis {
        edition: edition(past),
        exams_analysed: past.exams.len(),
        study_strategy: study_order::strategy(past, &topic_distribution, difficulty_distribution, &high_value_topics),
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
        forecast_quality: outlook::quality(backtest.as_ref()),
        backtest,
    }
}

/// What an edition costs.
#[must_use]
pub fn charge() -> Charge {
    Charge { price: ANALYSIS_PRICE, kind: EntryType::AnalysisView, description: "Analysis of past exams".to_owned() }
}

#[cfg(test)]
mod tests;
