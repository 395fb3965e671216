//! Why a course was not imported.

use super::dynamodb::error::StoreError;
use crate::domain::id::CourseId;

/// Why a course was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The last import of the course is being taken back.
    #[error(
        "the import {course}@{version} is being taken back, or that was interrupted. Run `pastpaper import undo {course}@{version}` \
         to complete that, then run this import again"
    )]
    BeingUndone {
        /// The course.
        course: CourseId,
        /// The version that the import made which is taken back.
        version: u64,
    },
    /// This import was taken back while it ran.
    #[error(
        "the import {course}@{version} was taken back while it ran, so it stopped. Run it again if it is wanted after all"
    )]
    Undone {
        /// The course.
        course: CourseId,
        /// The version that the import would have made.
        version: u64,
    },
    /// Another import or command changed the course at the same time.
    #[error(
        "another import or command changed the course {} while this import ran, so this one stopped. Run it again: it goes on where \
         it stopped", .0.as_str()
    )]
    Overtaken(CourseId),
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    /// The error of a write whose condition failed because of another import or command.
    pub(super) fn of(error: StoreError, course: &CourseId) -> Self {
        match error {
            StoreError::Contention { attempts: 1 } => Self::Overtaken(course.clone()),
            error => Self::Store(error),
        }
    }
}
