//! What a student has unlocked. A question has an item of its own, or it is named by a delivery, the item of questions that were
//! bought together, or both: the first attempt on a delivered question creates its item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item};
use super::keys;
use crate::domain::account::profile::Profile;
use crate::domain::catalog::{Course, Question};
use crate::domain::id::{CourseId, QuestionId, UserId};
use crate::domain::questions::view::Access;
use crate::domain::study::progress::{
    Accesses, DeliveryId, Holding, Progress, QuestionDelivery, Rows, UnlockedTimes, merged,
};

/// An item of either form.
enum UnlockedItem {
    Progress(Progress),
    Delivery(QuestionDelivery),
}

/// The attributes that say which questions are unlocked, and when they were delivered last.
const TIMES: &str = "question_id, seen_at, question_ids, delivered_at";
/// The attributes that say what may be seen.
const ACCESS: &str = "question_id, solution_at, question_ids";

impl Store {
    /// All of a student's progress in a course. The read is strongly consistent, so a question is available directly
    /// after the payment.
    pub async fn progress(&self, user: UserId, course: &CourseId) -> Result<Rows, StoreError> {
        let rows = self.progress_under(user, &keys::progress_of_course(course)).await?;
        Ok(rows.into_iter().map(|row| (row.question_id.clone(), row)).collect())
    }

    /// All of a student's progress, in all courses.
    pub async fn all_progress(&self, user: UserId) -> Result<Vec<Progress>, StoreError> {
        self.progress_under(user, keys::PROGRESS).await
    }

    async fn progress_under(&self, user: UserId, prefix: &str) -> Result<Vec<Progress>, StoreError> {
        let (mut rows, mut deliveries) = (Vec::new(), Vec::new());
        for item in self.query_pages(&keys::user(user), prefix, true, UnlockedItem::read).await? {
            match item {
                UnlockedItem::Progress(row) => rows.push(row),
                UnlockedItem::Delivery(delivery) => deliveries.push(delivery),
            }
        }
        Ok(merged(rows, &deliveries))
    }

    /// What a student may see of each unlocked question of a course. Like [`Store::progress`], but reads few attributes only.
    pub async fn accesses(&self, user: UserId, course: &CourseId) -> Result<Accesses, StoreError> {
        let (user, prefix) = (keys::user(user), keys::progress_of_course(course));
        let (mut own, mut delivered) = (Accesses::new(), Vec::new());
        for (questions, access) in self.query_attributes(&user, &prefix, true, Some(ACCESS), access).await? {
            match questions {
                Named::One(question) => {
                    own.insert(question, access);
                }
                Named::Delivered(questions) => delivered.extend(questions),
            }
        }
        for question in delivered {
            own.entry(question).or_insert(Access::Solution);
        }
        Ok(own)
    }

    /// When a student last received each question of a course. Like [`Store::progress`], but reads few attributes only:
    /// most of the time of a spend would go into the others.
    pub async fn unlocked_times(&self, user: UserId, course: &CourseId) -> Result<UnlockedTimes, StoreError> {
        let (user, prefix) = (keys::user(user), keys::progress_of_course(course));
        let mut found = UnlockedTimes::default();
        let mut of_deliveries = HashMap::new();
        for (questions, at) in self.query_attributes(&user, &prefix, true, Some(TIMES), times).await? {
            match questions {
                Named::One(question) => {
                    found.last_seen.insert(question, at);
                }
                Named::Delivered(questions) => of_deliveries.extend(questions.into_iter().map(|id| (id, at))),
            }
        }
        for (question, at) in of_deliveries {
            found.last_seen.entry(question.clone()).or_insert(at);
            found.delivered.insert(question);
        }
        Ok(found)
    }

    /// A question's own item of progress. A delivered question has none until the student tries it.
    pub async fn progress_on(
        &self,
        user: UserId,
        course: &CourseId,
        question: &QuestionId,
    ) -> Result<Option<Progress>, StoreError> {
        self.get(&keys::progress(user, course, question), true).await?.map(item::read).transpose()
    }

    /// What the student of `profile` has of a question. `own` is the question's item, which was read together with the profile.
    pub(super) async fn holding(
        &self,
        profile: &Profile,
        question: &Question,
        own: Option<Progress>,
        course: Option<&Course>,
    ) -> Result<Holding, StoreError> {
        if let Some(own) = own {
            return Ok(Holding::Progress(own));
        }
        // The first delivery of an account makes its sets exact.
        if !profile.seen_questions.is_exact() {
            return Ok(Holding::Locked);
        }
        let id = &question.meta.id;
        if let Some(course) = course.filter(|course| profile.seen_questions.has_exact(course)) {
            let bank = self.bank(course).await?;
            let set = profile.seen_questions.exact(course, bank.questions.len());
            let place = bank.questions.iter().position(|question| question.meta.id == *id);
            if let (Some(set), Some(place)) = (set, place) {
                // A question that was unlocked singly after its item was read is as it was before.
                return Ok(if set.is_delivered(place) { Holding::Delivered } else { Holding::Locked });
            }
        }
        let delivered = self.delivered(profile.id, &question.meta.course_id, id).await?;
        Ok(delivered.map_or(Holding::Locked, Holding::Progress))
    }

    /// The progress of a holding; `None` if the question is locked.
    pub async fn progress_of(
        &self,
        user: UserId,
        question: &Question,
        holding: Holding,
    ) -> Result<Option<Progress>, StoreError> {
        match holding {
            Holding::Locked => Ok(None),
            Holding::Progress(progress) => Ok(Some(progress)),
            Holding::Delivered => self.delivered(user, &question.meta.course_id, &question.meta.id).await,
        }
    }

    /// Progress on a question by the delivery that names it.
    async fn delivered(
        &self,
        user: UserId,
        course: &CourseId,
        question: &QuestionId,
    ) -> Result<Option<Progress>, StoreError> {
        let prefix = keys::deliveries_of_course(course);
        let deliveries: Vec<QuestionDelivery> = item::read_all(self.query(&keys::user(user), &prefix, true).await?)?;
        let found = deliveries.iter().find(|delivery| delivery.question_ids.contains(question));
        Ok(found.map(|delivery| delivery.progress(question.clone())))
    }

    /// The write of a delivery.
    pub(super) fn put_delivery(
        &self,
        user: UserId,
        delivery: &QuestionDelivery,
    ) -> Result<TransactWriteItem, StoreError> {
        self.put_new(item::write(&keys::delivery(user, &delivery.course_id, delivery.id), delivery)?)
    }

    /// A check that a delivery is there. Whatever creates the item of a delivered question checks it, so that nothing is written
    /// for a deleted account: a deletion ends only when nothing is left, and the delivery is deleted before.
    pub(super) fn check_delivery(
        &self,
        user: UserId,
        course: &CourseId,
        delivery: DeliveryId,
    ) -> Result<TransactWriteItem, StoreError> {
        self.check(&keys::delivery(user, course, delivery), "attribute_exists(pk)")
    }
}

impl UnlockedItem {
    fn read(item: Item) -> Result<Self, StoreError> {
        if item::entity_of(&item) == QuestionDelivery::NAME {
            return item::read(item).map(Self::Delivery);
        }
        item::read(item).map(Self::Progress)
    }
}

/// The questions of an item.
enum Named {
    One(QuestionId),
    Delivered(Vec<QuestionId>),
}

/// The questions of an item, which loses them.
fn named(item: &mut Item) -> Result<Named, StoreError> {
    let question = |id: AttributeValue| match id {
        AttributeValue::S(id) => QuestionId::try_from(id).map_err(|error| StoreError::corrupt(Progress::NAME, error)),
        other => Err(StoreError::corrupt(Progress::NAME, format!("a question is {other:?}"))),
    };
    match item.remove("question_ids") {
        Some(AttributeValue::L(ids)) => ids.into_iter().map(question).collect::<Result<_, _>>().map(Named::Delivered),
        Some(other) => Err(StoreError::corrupt(QuestionDelivery::NAME, format!("its questions are {other:?}"))),
        None => {
            let id = item.remove("question_id");
            let id = id.ok_or_else(|| StoreError::corrupt(Progress::NAME, "it has no question"))?;
            question(id).map(Named::One)
        }
    }
}

fn times(mut item: Item) -> Result<(Named, Timestamp), StoreError> {
    let named = named(&mut item)?;
    let at = match named {
        Named::One(_) => item.remove("seen_at"),
        Named::Delivered(_) => item.remove("delivered_at"),
    };
    let at = match at {
        Some(AttributeValue::S(at)) => at,
        other => return Err(StoreError::corrupt(Progress::NAME, format!("its time is {other:?}"))),
    };
    Ok((named, at.parse().map_err(|error: jiff::Error| StoreError::corrupt(Progress::NAME, error))?))
}

/// The questions of an item and what may be seen of them. A delivery has the solutions.
fn access(mut item: Item) -> Result<(Named, Access), StoreError> {
    let named = named(&mut item)?;
    let has_solution = match &named {
        Named::One(_) => matches!(item.get("solution_at"), Some(AttributeValue::S(_))),
        Named::Delivered(_) => true,
    };
    Ok((named, Access::unlocked(has_solution)))
}
