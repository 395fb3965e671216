//! Loads the course that a request names.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::App;
use crate::domain::catalog::{Bank, Course};
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

/// Returns the active course with this id or, without an id, the first active course by id; at most one minute old.
///
/// # Errors
/// [`CourseError::NotFound`] if there is none; [`CourseError::Store`] if DynamoDB fails.
pub async fn course_or_first(app: &App, id: Option<&CourseId>) -> Result<Arc<Course>, CourseError> {
    if let Some(id) = id {
        return active_course(app, id).await;
    }
    let courses = app.store.recent_courses(app.now()).await?;
    let first = courses.iter().find(|course| course.is_active);
    first.cloned().map(Arc::new).ok_or(CourseError::NotFound)
}

/// Returns the first active course by id whose bank is `wanted`, with its bank. For ids of topics and exams that come
/// without their course.
///
/// # Errors
/// If DynamoDB fails.
pub async fn course_with(app: &App, wanted: impl Fn(&Bank) -> bool) -> Result<Option<(Course, Arc<Bank>)>, StoreError> {
    let courses = app.store.recent_courses(app.now()).await?;
    let active: Vec<&Course> = courses.iter().filter(|course| course.is_active).collect();
    let banks = try_join_all(active.iter().map(|course| app.store.bank(course))).await?;
    let found = active.into_iter().zip(banks).find(|(_, bank)| wanted(bank));
    Ok(found.map(|(course, bank)| (course.clone(), bank)))
}
