//! Courses and enrolments. Catalogue reads are eventually consistent: they cost half, and readers need not see an
//! import at once.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::cache::Minute;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::keys::{self, CATALOG, ENROLLMENTS};
use crate::domain::catalog::Course;
use crate::domain::id::{CourseId, UserId};

/// A user's enrolment.
#[derive(Serialize, Deserialize)]
pub(super) struct Enrollment {
    pub(super) course_id: CourseId,
    pub(super) enrolled_at: Timestamp,
}

impl Entity for Enrollment {
    const NAME: &'static str = "Enrollment";
}

fn minute(now: Timestamp) -> Minute {
    now.as_second().div_euclid(60)
}

impl Store {
    /// All courses, active or not, ordered by id.
    pub async fn courses(&self) -> Result<Vec<Course>, StoreError> {
        item::read_all(self.query(CATALOG, "", false).await?)
    }

    /// One course, active or not.
    pub async fn course(&self, id: &CourseId) -> Result<Option<Course>, StoreError> {
        self.get(&keys::course(id), false).await?.map(item::read).transpose()
    }

    /// All courses, active or not, ordered by id, at most one minute old. Concurrent calls share one read.
    pub async fn recent_courses(&self, now: Timestamp) -> Result<Arc<Vec<Course>>, StoreError> {
        match self.cache.all_courses.get_value_or_guard_async(&minute(now)).await {
            Ok(courses) => Ok(courses),
            Err(guard) => {
                let courses = Arc::new(self.courses().await?);
                let _ = guard.insert(Arc::clone(&courses));
                Ok(courses)
            }
        }
    }

    /// One course, active or not, at most one minute old. A missing course is not cached.
    pub async fn recent_course(&self, id: &CourseId, now: Timestamp) -> Result<Option<Arc<Course>>, StoreError> {
        match self.cache.one_course.get_value_or_guard_async(&(id.clone(), minute(now))).await {
            Ok(course) => Ok(Some(course)),
            Err(guard) => {
                let Some(course) = self.course(id).await?.map(Arc::new) else { return Ok(None) };
                let _ = guard.insert(Arc::clone(&course));
                Ok(Some(course))
            }
        }
    }

    /// Clears the cached courses after this process has changed them.
    pub(super) fn forget_courses(&self) {
        self.cache.all_courses.clear();
        self.cache.one_course.clear();
    }

    /// The courses in which a user is enrolled.
    pub async fn enrollments(&self, user: UserId) -> Result<HashSet<CourseId>, StoreError> {
        let items = self.query(&keys::user(user), ENROLLMENTS, true).await?;
        let courses = items.iter().filter_map(|item| keys::course_of_enrollment(&item::key_of(item)?.sk));
        Ok(courses.collect())
    }

    /// Enrols a user in a course. Returns the time of enrolment, which a repeated call does not change.
    pub async fn enroll(&self, user: UserId, course: &CourseId, now: Timestamp) -> Result<Timestamp, StoreError> {
        let row = Enrollment { course_id: course.clone(), enrolled_at: now };
        match self.put_if(item::write(&keys::enrollment(user, course), &row)?, IS_NEW, &[]).await? {
            ConditionalPut::Done => Ok(now),
            ConditionalPut::Refused(there) => Ok(item::read::<Enrollment>(there)?.enrolled_at),
        }
    }

    /// Returns whether a user is enrolled in a course.
    pub async fn is_enrolled(&self, user: UserId, course: &CourseId) -> Result<bool, StoreError> {
        Ok(self.get(&keys::enrollment(user, course), true).await?.is_some())
    }
}
