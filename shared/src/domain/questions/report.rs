//! A student's report that a question is faulty.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::id::{CourseId, QuestionId};

/// Id of a report: a UUID version 7, so that reports sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct ReportId(pub Uuid);

/// What is wrong with the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// The answer is wrong.
    WrongKey,
    /// A step of the solution is wrong.
    WrongSolution,
    /// The text or a formula cannot be read.
    Unreadable,
    /// A figure or a table is missing.
    MissingPart,
    /// It belongs to another topic.
    WrongTopic,
    Other,
}

impl ReportReason {
    /// Name in responses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongKey => "wrong_key",
            Self::WrongSolution => "wrong_solution",
            Self::Unreadable => "unreadable",
            Self::MissingPart => "missing_part",
            Self::WrongTopic => "wrong_topic",
            Self::Other => "other",
        }
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// An operator has not decided yet.
    Open,
    Closed,
    /// Closed, and a credit was given back.
    Refunded,
}

/// A report. A user has at most one on a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Sorts by time.
    pub id: ReportId,
    pub course_id: CourseId,
    pub question_id: QuestionId,
    pub reason: ReportReason,
    /// The student's words, if any.
    #[serde(default)]
    pub text: Option<String>,
    pub status: ReportStatus,
    pub created_at: Timestamp,
    /// Time at which an operator closed it.
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
}
