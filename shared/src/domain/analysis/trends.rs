//! Questions and points of each topic by exam.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::past::{PastExams, of_topic};
use crate::domain::catalog::Topic;
use crate::domain::id::{ExamId, TopicId};

/// Table of topics (rows) by exam (columns).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct YearTrends {
    /// Columns: the exams, oldest first.
    pub exams: Vec<ExamColumn>,
    /// Rows: the topics, by id.
    pub topics: Vec<TopicRow>,
}

/// An exam of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExamColumn {
    pub exam_id: ExamId,
    pub year: i32,
    pub semester: Option<String>,
    pub exam_type: String,
}

/// A topic of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicRow {
    pub topic_id: TopicId,
    /// Number of its questions on each exam.
    pub counts: Vec<u32>,
    /// Points of its questions on each exam.
    pub points: Vec<f64>,
}

/// Builds the table of all topics.
#[must_use]
pub(super) fn year_trends(past: &PastExams<'_>) -> YearTrends {
    let exams = past.exams.iter().map(|exam| ExamColumn {
        exam_id: exam.id.clone(),
        year: exam.year,
        semester: exam.semester.clone(),
        exam_type: exam.exam_type.clone(),
    });
    let row = |(index, topic): (usize, &&Topic)| {
        let mut row = TopicRow {
            topic_id: topic.id.clone(),
            counts: vec![0; past.exams.len()],
            points: vec![0.0; past.exams.len()],
        };
        for question in of_topic(&past.questions, index) {
            row.counts[question.exam_index] += 1;
            row.points[question.exam_index] += question.meta.source_points.unwrap_or(0.0);
        }
        row
    };
    YearTrends { exams: exams.collect(), topics: past.topics.iter().enumerate().map(row).collect() }
}
