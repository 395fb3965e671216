//! Courses, exams, topics, enrolments. Catalogue reads are eventually consistent: half the price, and an import is
//! no race.

use std::collections::HashSet;

use super::Store;
use super::error::StoreError;
use super::item;
use super::keys::{self, CATALOG, ENROLLMENTS, EXAMS, PATTERNS, TOPICS};
use crate::domain::catalog::{Course, Exam, Pattern, Topic};
use crate::domain::id::{CourseId, UserId};

impl Store {
    /// All courses, active or not, by id.
    pub async fn courses(&self) -> Result<Vec<Course>, StoreError> {
        item::read_all(self.query(CATALOG, "", false).await?)
    }

    /// One course, active or not.
    pub async fn course(&self, id: &CourseId) -> Result<Option<Course>, StoreError> {
        self.get(&keys::course(id), false).await?.map(item::read).transpose()
    }

    /// A course's past exams, by id.
    pub(super) async fn exams(&self, course: &CourseId) -> Result<Vec<Exam>, StoreError> {
        item::read_all(self.query(&keys::course_partition(course), EXAMS, false).await?)
    }

    /// A course's topics, by id.
    pub(super) async fn topics(&self, course: &CourseId) -> Result<Vec<Topic>, StoreError> {
        item::read_all(self.query(&keys::course_partition(course), TOPICS, false).await?)
    }

    /// A course's patterns, by id.
    pub(super) async fn patterns(&self, course: &CourseId) -> Result<Vec<Pattern>, StoreError> {
        item::read_all(self.query(&keys::course_partition(course), PATTERNS, false).await?)
    }

    /// The courses that a user is enrolled in.
    pub async fn enrollments(&self, user: UserId) -> Result<HashSet<CourseId>, StoreError> {
        let items = self.query(&keys::user(user), ENROLLMENTS, true).await?;
        let courses = items.iter().filter_map(|item| keys::course_of_enrollment(&item::key_of(item)?.sk));
        Ok(courses.collect())
    }

    /// Whether a user is enrolled in a course.
    pub async fn is_enrolled(&self, user: UserId, course: &CourseId) -> Result<bool, StoreError> {
        Ok(self.get(&keys::enrollment(user, course), true).await?.is_some())
    }
}
