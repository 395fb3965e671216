//! Loads the course that a request names.

use std::sync::Arc;

use super::App;
use crate::domain::catalog::Course;
use crate::domain::id::CourseId;
use crate::store::StoreError;

/// Why a course cannot be returned.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// No course has this id, or the course is not active.
    #[error("there is no active course with this id")]
    NotFound,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns an active course, at most one minute old.
///
/// # Errors
/// [`CourseError::NotFound`] if the course does not exist or is not active; [`CourseError::Store`] if DynamoDB fails.
pub async fn active_course(app: &App, id: &CourseId) -> Result<Arc<Course>, CourseError> {
    let course = app.store.recent_course(id, app.now()).await?;
    course.filter(|course| course.is_active).ok_or(CourseError::NotFound)
}
