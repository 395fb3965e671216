//! Courses and enrolments. Catalogue reads are eventually consistent: half the price, and an import is
//! no race.

use std::collections::HashSet;
use std::sync::Arc;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::cache::Minute;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity};
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
    /// All courses, active or not, by id.
    pub async fn courses(&self) -> Result<Vec<Course>, StoreError> {
        item::read_all(self.query(CATALOG, "", false).await?)
    }

    /// One course, active or not.
    pub async fn course(&self, id: &CourseId) -> Result<Option<Course>, StoreError> {
        self.get(&keys::course(id), false).await?.map(item::read).transpose()
    }

    /// All courses, active or not, by id, as they were less than a minute ago; one read however many ask at once.
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

    /// One course, active or not, as it was less than a minute ago. One that is not there is looked for each time.
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

    /// Forgets what was read of courses: this process changed them.
    pub(super) fn forget_courses(&self) {
        self.cache.all_courses.clear();
        self.cache.one_course.clear();
    }

    /// The courses that a user is enrolled in.
    pub async fn enrollments(&self, user: UserId) -> Result<HashSet<CourseId>, StoreError> {
        let items = self.query(&keys::user(user), ENROLLMENTS, true).await?;
        let courses = items.iter().filter_map(|item| keys::course_of_enrollment(&item::key_of(item)?.sk));
        Ok(courses.collect())
    }

    /// Enrols a user in a course; since when they are.
    pub async fn enroll(&self, user: UserId, course: &CourseId, now: Timestamp) -> Result<Timestamp, StoreError> {
        let row = Enrollment { course_id: course.clone(), enrolled_at: now };
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item::write(&keys::enrollment(user, course), &row)?));
        let put = put.condition_expression("attribute_not_exists(pk)");
        match put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await {
            Ok(_) => Ok(now),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(there)) => {
                    let before: Enrollment = item::read(there.item().cloned().unwrap_or_default())?;
                    Ok(before.enrolled_at)
                }
                _ => Err(StoreError::call("PutItem", &error)),
            },
        }
    }

    /// Whether a user is enrolled in a course.
    pub async fn is_enrolled(&self, user: UserId, course: &CourseId) -> Result<bool, StoreError> {
        Ok(self.get(&keys::enrollment(user, course), true).await?.is_some())
    }
}
