//! Topics over the years: how many questions and points each exam had of each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::past::{PastExams, of_topic};
use crate::domain::catalog::Topic;
use crate::domain::id::{ExamId, TopicId};

/// A table: exams are its columns, topics its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct YearTrends {
    /// Columns, oldest first.
    pub exams: Vec<ExamColumn>,
    /// Rows, by topic id.
    pub topics: Vec<TopicRow>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExamColumn {
    /// The exam.
    pub exam_id: ExamId,
    /// Its year.
    pub year: i32,
    /// Its semester.
    pub semester: Option<String>,
    /// Its type.
    pub exam_type: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicRow {
    /// The topic.
    pub topic_id: TopicId,
    /// Questions on each exam.
    pub counts: Vec<u32>,
    /// Points on each exam.
    pub points: Vec<f64>,
}

/// The table of all topics.
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
