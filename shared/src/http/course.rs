//! The course that a path or body names.

use std::sync::Arc;

use super::problem::Problem;
use crate::app::App;
use crate::domain::catalog::Course;
use crate::domain::id::CourseId;

/// A course that students see, as it was less than a minute ago.
///
/// # Errors
/// 404 when there is none, or it is not active.
pub async fn active_course(app: &App, id: &CourseId) -> Result<Arc<Course>, Problem> {
    let course = app.store.recent_course(id, app.now()).await?;
    course.filter(|course| course.is_active).ok_or_else(|| Problem::not_found("course"))
}
