//! The course that a path or body names.

use super::problem::Problem;
use crate::app::App;
use crate::domain::catalog::Course;
use crate::domain::id::CourseId;

/// A course that students see.
///
/// # Errors
/// 404 when there is none, or it is not active.
pub async fn active_course(app: &App, id: &CourseId) -> Result<Course, Problem> {
    let course = app.store.course(id).await?;
    course.filter(|course| course.is_active).ok_or_else(|| Problem::not_found("course"))
}
