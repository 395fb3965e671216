//! A topic as the web clients read it: its row, its statistics and sample questions.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::Value;
use shared::domain::catalog::topic_insight::TopicInsight;
use shared::domain::catalog::{Bank, QuestionSummary, Topic, row_with_extra_columns};
use shared::domain::questions::view::QuestionView;
use utoipa::ToSchema;

/// Largest number of sample questions.
const SAMPLES_MAX: usize = 5;

#[derive(Serialize, ToSchema)]
pub(crate) struct TopicFacts {
    #[serde(flatten)]
    #[schema(value_type = Topic)]
    row: Value,
    /// Number of past exams with the topic. `total_appearances` counts its questions on past exams.
    appearances: usize,
    /// Number of past exams of the course.
    #[serde(rename = "totalExams")]
    total_exams: usize,
    #[serde(rename = "avgDifficulty")]
    avg_difficulty: f64,
    // Not in the contract: in many languages its name equals that of `avg_points`.
    #[serde(rename = "avgPoints")]
    #[schema(ignore)]
    avg_points: f64,
}

impl TopicFacts {
    pub(crate) fn of(topic: &Topic, insight: &TopicInsight) -> Self {
        Self {
            row: row_with_extra_columns(topic),
            appearances: insight.appearances,
            total_exams: insight.total_exams,
            avg_difficulty: insight.avg_difficulty,
            avg_points: insight.avg_points,
        }
    }
}

/// A locked question of the topic.
#[derive(Serialize, ToSchema)]
#[schema(as = SampleQuestion)]
pub(crate) struct Sample {
    #[serde(flatten)]
    question: QuestionView,
    year: Option<i32>,
    semester: Option<String>,
    /// The exam's own type, such as `Midterm 1`.
    exam_type: Option<String>,
}

/// Newest exam questions first, then generated questions.
pub(crate) fn samples(bank: &Bank, mut questions: Vec<&QuestionSummary>) -> Vec<Sample> {
    questions.retain(|question| !question.withheld);
    questions.sort_by_key(|question| Reverse(question.meta.source_exam_year));
    questions.into_iter().take(SAMPLES_MAX).map(|question| sample(bank, question)).collect()
}

fn sample(bank: &Bank, question: &QuestionSummary) -> Sample {
    Sample {
        question: QuestionView::of_summary(question),
        year: question.meta.source_exam_year,
        semester: bank.exam_of(&question.meta).and_then(|exam| exam.semester.clone()),
        exam_type: bank.exam_type_of(&question.meta),
    }
}
