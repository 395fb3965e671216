//! A course in a response.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::catalog::Course;
use shared::domain::id::CourseId;
use shared::domain::time::in_answer;
use utoipa::ToSchema;

/// A course, and whether the user is enrolled.
#[derive(Serialize, ToSchema)]
pub(crate) struct CourseView {
    id: CourseId,
    name: String,
    description: Option<String>,
    exam_count: u32,
    /// Number of questions in the archive, including generated ones.
    question_count: u32,
    is_active: bool,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
    is_enrolled: bool,
}

impl CourseView {
    pub(crate) fn of(course: &Course, is_enrolled: bool) -> Self {
        Self {
            id: course.id.clone(),
            name: course.name.clone(),
            description: course.description.clone(),
            exam_count: course.exam_count,
            question_count: course.stats.questions,
            is_active: course.is_active,
            created_at: course.created_at,
            is_enrolled,
        }
    }
}
