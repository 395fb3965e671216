//! What a purchase knows of the questions that the student has, and how it stores new ones.

use std::collections::HashMap;

use jiff::Timestamp;

use super::App;
use crate::domain::account::profile::Profile;
use crate::domain::catalog::{Bank, Course, QuestionSummary};
use crate::domain::id::QuestionId;
use crate::domain::questions::seen::{AddedQuestions, SeenChange, SeenQuestions, UnlockedSet};
use crate::domain::settings::Deliveries;
use crate::domain::study::progress::{DeliveryId, LastSeen, QuestionDelivery, UnlockedTimes};
use crate::store::Entitlement;

/// The least number of new questions that are stored as one delivery. The first attempt on a delivered question writes two units
/// more than that on one with an item, so a delivery of two saves nothing.
const DELIVERY_MIN: usize = 3;

/// What the profile says of the student's questions.
pub(super) struct KnownQuestions {
    seen: SeenQuestions,
    /// Whether the sets must be exact: questions may be stored as deliveries.
    is_exact: bool,
    has_nothing: bool,
}

/// What a purchase of questions writes.
pub(super) struct Sale {
    pub(super) entitlements: Vec<Entitlement>,
    pub(super) seen: SeenChange,
}

impl KnownQuestions {
    pub(super) fn of(profile: &Profile, app: &App) -> Self {
        let seen = profile.seen_questions.clone();
        let is_exact = app.config.settings.deliveries == Deliveries::Together || seen.is_exact();
        // A hint may be wrong: an account without purchases counts as one without progress, until a purchase shows otherwise.
        let has_nothing = if is_exact { profile.has_unlocked_nothing() } else { profile.entry_count <= 1 };
        Self { seen, is_exact, has_nothing }
    }

    /// The student's questions among those of the bank; `None` if only the table knows them.
    pub(super) fn set(&self, course: &Course, bank: &Bank) -> Option<UnlockedSet> {
        let questions = bank.questions.len();
        let known = if self.is_exact { self.seen.exact(course, questions) } else { self.seen.hint(course, questions) };
        known.or_else(|| self.has_nothing.then(|| UnlockedSet::none(questions)))
    }

    /// The sale of `chosen`, with the places of the new ones in the bank, to a student who had `before`.
    pub(super) fn sale(
        &self,
        app: &App,
        course: &Course,
        before: UnlockedSet,
        chosen: &[(&QuestionSummary, Option<usize>)],
        now: Timestamp,
    ) -> Sale {
        let places: Vec<usize> = chosen.iter().filter_map(|(_, place)| *place).collect();
        let is_delivered = self.is_exact && places.len() >= DELIVERY_MIN;
        let (mut new, mut others) = (Vec::new(), Vec::new());
        for (question, place) in chosen {
            if is_delivered && place.is_some() {
                new.push(question.meta.id.clone());
            } else {
                others.push(Entitlement::solution(&question.meta, place.is_some()));
            }
        }
        let delivery = is_delivered.then(|| QuestionDelivery {
            id: DeliveryId(app.random.uuid_v7(now)),
            course_id: course.id.clone(),
            question_ids: new,
            delivered_at: now,
        });
        let added = if is_delivered {
            AddedQuestions { delivered: places, single: Vec::new() }
        } else {
            AddedQuestions { delivered: Vec::new(), single: places }
        };
        let seen = if self.is_exact {
            SeenChange::Exact { course_id: course.id.clone(), bank: course.bank.clone(), before, added }
        } else {
            SeenChange::hint(course, before, &added)
        };
        Sale { entitlements: delivery.map(Entitlement::Delivery).into_iter().chain(others).collect(), seen }
    }
}

/// The set of what the table says.
pub(super) fn set_of(bank: &Bank, times: &UnlockedTimes) -> UnlockedSet {
    UnlockedSet::of(bank, |id| times.delivered.contains(id), |id| times.last_seen.contains_key(id))
}

/// Chosen questions with the places of those that `last_seen` does not have.
pub(super) fn placed<'a>(
    bank: &Bank,
    chosen: impl IntoIterator<Item = &'a QuestionSummary>,
    last_seen: &LastSeen,
) -> Vec<(&'a QuestionSummary, Option<usize>)> {
    let mut chosen: Vec<(&QuestionSummary, Option<usize>)> =
        chosen.into_iter().map(|question| (question, None)).collect();
    let new = chosen.iter().enumerate().filter(|(_, (question, _))| !last_seen.contains_key(&question.meta.id));
    let new: HashMap<QuestionId, usize> = new.map(|(index, (question, _))| (question.meta.id.clone(), index)).collect();
    for (place, question) in bank.questions.iter().enumerate() {
        if let Some(index) = new.get(&question.meta.id) {
            chosen[*index].1 = Some(place);
        }
    }
    chosen
}
