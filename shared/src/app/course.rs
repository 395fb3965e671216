//! The course that a request names.

use std::sync::Arc;

use super::App;
use crate::domain::catalog::Course;
use crate::domain::id::CourseId;
use crate::store::StoreError;

/// Why a course is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// There is none with this id, or it is not active.
    #[error("there is no active course with this id")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A course that students see, at most one minute old.
///
/// # Errors
/// When there is none, or it is not active.
pub async fn active_course(app: &App, id: &CourseId) -> Result<Arc<Course>, CourseError> {
    let course = app.store.recent_course(id, app.now()).await?;
    course.filter(|course| course.is_active).ok_or(CourseError::NotFound)
}
