//! Students' work in courses, and the calibrations that all students of a course share.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, number, text};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::keys::{self, ATTEMPTS, CALIBRATIONS};
use super::parts::with_large_body;
use super::questions::FoundQuestion;
use super::size::{read_all_growing, read_growing, write_growing};
use crate::domain::catalog::{Bank, Course};
use crate::domain::id::{CourseId, QuestionId, UserId};
use crate::domain::study::attempt::Attempt;
use crate::domain::study::{Calibration, Study};
use crate::domain::time::plus_seconds;

/// How long a calibration is cached before a newer one is read.
const CALIBRATION_AGE_SECONDS: i64 = 60;

/// A published calibration. Its content is compressed beside it.
#[derive(Serialize, Deserialize)]
pub(super) struct CalibrationRow {
    version: u32,
    created_at: Timestamp,
}

impl Entity for CalibrationRow {
    const NAME: &'static str = "Calibration";
}

/// A cached calibration and the time when it was read.
pub(super) type Kept = (Timestamp, Arc<Calibration>);

/// A question to be answered, with everything that marking needs.
pub struct Asked {
    /// The question, with the student's item of progress on it.
    pub found: FoundQuestion,
    /// The student's work in the course.
    pub study: Study,
    /// Difficulty estimates of the course.
    pub calibration: Arc<Calibration>,
    /// All questions of the course; empty if the course does not exist any more.
    pub bank: Arc<Bank>,
}

impl Store {
    /// A student's work in a course; empty before the first attempt.
    pub async fn study(&self, user: UserId, course: &CourseId) -> Result<Study, StoreError> {
        let found = self.get(&keys::mastery(user, course), true).await?.map(read_growing).transpose()?;
        Ok(found.unwrap_or_else(|| Study::new(course.clone())))
    }

    /// The newest calibration of a course, at most one minute old. Before the first one is published, a calibration
    /// without data.
    pub async fn calibration(&self, course: &CourseId, now: Timestamp) -> Result<Arc<Calibration>, StoreError> {
        if let Some((read_at, calibration)) = self.cache.calibrations.get(course)
            && now < plus_seconds(read_at, CALIBRATION_AGE_SECONDS)
        {
            return Ok(calibration);
        }
        let calibration = Arc::new(self.newest_calibration(course).await?.unwrap_or_default());
        self.cache.calibrations.insert(course.clone(), (now, Arc::clone(&calibration)));
        Ok(calibration)
    }

    /// Reads the newest calibration from the table.
    pub async fn newest_calibration(&self, course: &CourseId) -> Result<Option<Calibration>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(keys::course_partition(course)))
            .expression_attribute_values(":prefix", text(CALIBRATIONS))
            .scan_index_forward(false)
            .limit(1);
        let page = request.send().await.map_err(|error| StoreError::call("Query", &error))?;
        let Some(mut item) = page.items.unwrap_or_default().pop() else { return Ok(None) };
        self.large_body(&mut item, "Calibration").await.map(Some)
    }

    /// Reads a version of a course's calibration.
    pub async fn calibration_version(
        &self,
        course: &CourseId,
        version: u32,
    ) -> Result<Option<Calibration>, StoreError> {
        let Some(mut item) = self.get(&keys::calibration(course, version), true).await? else { return Ok(None) };
        self.large_body(&mut item, "Calibration").await.map(Some)
    }

    /// Publishes a calibration. Each version is written only once.
    pub async fn publish_calibration(
        &self,
        course: &CourseId,
        calibration: &Calibration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = CalibrationRow { version: calibration.version, created_at: now };
        let stored = with_large_body(&keys::calibration(course, calibration.version), &row, calibration)?;
        // Write the parts before the item, so that a reader who finds the item also finds its parts.
        self.put_parts(stored.parts).await?;
        match self.put_if(stored.item, IS_NEW, &[]).await? {
            ConditionalPut::Done => Ok(()),
            ConditionalPut::Refused(_) => Err(StoreError::Contention { attempts: 1 }),
        }
    }

    /// Reads a question with everything that marking an answer needs. The reads are concurrent if the question's course is
    /// cached, otherwise sequential.
    pub async fn asked(&self, user: UserId, id: &QuestionId, now: Timestamp) -> Result<Option<Asked>, StoreError> {
        let known = self.cache.courses.get(id);
        let of_course =
            async |course: &CourseId| tokio::try_join!(self.study(user, course), self.calibration(course, now));
        let (found, of_known) = match &known {
            Some(course) => {
                let (found, of_course) = tokio::try_join!(self.find_question(user, id), of_course(course))?;
                (found, Some(of_course))
            }
            None => (Box::pin(self.find_question(user, id)).await?, None),
        };
        let Some(found) = found else { return Ok(None) };
        let bank = self.bank_of(found.course.as_ref());
        let of_course = async {
            match of_known {
                Some(known) => Ok::<_, StoreError>(known),
                None => of_course(&found.question.meta.course_id).await,
            }
        };
        let (bank, (study, calibration)) = Box::pin(async { tokio::try_join!(bank, of_course) }).await?;
        Ok(Some(Asked { found, study, calibration, bank }))
    }

    async fn bank_of(&self, course: Option<&Course>) -> Result<Arc<Bank>, StoreError> {
        match course {
            Some(course) => self.bank(course).await,
            None => Ok(Arc::default()),
        }
    }

    /// All of a user's attempts, oldest first.
    pub async fn attempts(&self, user: UserId) -> Result<Vec<Attempt>, StoreError> {
        item::read_all(self.query(&keys::user(user), ATTEMPTS, true).await?)
    }

    /// All of a user's work, by course.
    pub async fn studies(&self, user: UserId) -> Result<Vec<Study>, StoreError> {
        read_all_growing(self.query(&keys::user(user), keys::MASTERIES, true).await?)
    }

    /// The write of `after`. It fails if another attempt changed the work since `before` was read.
    pub(super) fn replace_study(
        &self,
        user: UserId,
        before: &Study,
        after: &Study,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(write_growing(&keys::mastery(user, &after.course_id), after)?))
            .condition_expression("attribute_not_exists(pk) OR version = :before")
            .expression_attribute_values(":before", number(before.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
