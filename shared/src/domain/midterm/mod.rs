//! Midterms: the blueprint of a midterm ([`plan`]), and the form that comes closest to it ([`generate`]).
//!
//! The crate `assembly` searches; this module knows courses, past exams and students. `docs/midterms.md` has the rules.

mod blueprint;
mod candidates;
mod form;
mod infeasible;
pub mod result;
pub mod sitting;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::catalog::{Bank, Topic};
use super::credits::{Charge, EntryType};
use super::id::{CourseId, TopicId};
use super::settings::CreditTerms;
use super::study::progress::LastSeen;
use super::study::{Calibration, Study};

pub use blueprint::{BlueprintView, TopicTarget, plan};
pub use form::{Fit, Form, LevelFit, Target, TopicFit, generate};
pub use infeasible::{Conflict, Infeasible};

/// Bits of a seed: integers up to this size are exact in every JSON reader.
pub const SEED_BITS: u32 = 53;

/// Id of a midterm: a UUID version 7, so that midterms sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct MidtermId(pub Uuid);

/// Level of a midterm, which sets its size and difficulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MidtermLevel)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Six questions, easier than past midterms.
    Easy,
    /// Eight questions, as hard as past midterms.
    Sample,
    /// Ten questions, harder than past midterms.
    Hard,
}

impl Level {
    /// Number of questions at this level.
    #[must_use]
    pub const fn questions(self) -> usize {
        match self {
            Self::Easy => 6,
            Self::Sample => 8,
            Self::Hard => 10,
        }
    }
}

/// Shares of easy (1, 2), medium (3) and hard (4, 5) questions, in any unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// Difficulty 1 and 2.
    pub easy: f64,
    /// Difficulty 3.
    pub medium: f64,
    /// Difficulty 4 and 5.
    pub hard: f64,
}

/// A request for a midterm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MidtermRequest {
    /// Level; `None` for custom criteria.
    pub level: Option<Level>,
    pub question_count: usize,
    /// Shares of difficulties; `None` for those of past midterms.
    pub difficulty: Option<Mix>,
    /// Only these topics; empty for all.
    pub topic_ids: Vec<TopicId>,
    /// Only topics with one of these ids, names, slugs or categories, in any letter case; empty for all.
    pub sections: Vec<String>,
    /// Only questions with one of these techniques; empty for all.
    pub techniques: Vec<String>,
    /// Total minutes; `None` for those of past midterms.
    pub minutes: Option<f64>,
    /// Total points; `None` for those of past midterms.
    pub points: Option<f64>,
}

impl MidtermRequest {
    /// The request for a level.
    #[must_use]
    pub fn of(level: Level) -> Self {
        Self { level: Some(level), question_count: level.questions(), ..Self::default() }
    }
}

/// Facts about the student that the choice depends on.
#[derive(Debug, Clone, Default)]
pub struct Student {
    /// Time at which each question was last delivered.
    pub seen: LastSeen,
    /// Weakness by topic, 0 (strong) to 1; only topics with attempts.
    pub weakness: HashMap<TopicId, f64>,
}

impl Student {
    /// The student who received these questions, as study shows them: weakness is 1 − mastery.
    #[must_use]
    pub fn of(bank: &Bank, seen: LastSeen, study: &Study, calibration: &Calibration, now: Timestamp) -> Self {
        let weakness = |topic: &TopicId| 1.0 - study.estimate(topic, calibration, bank, now).mastery;
        Self { seen, weakness: study.mastery.topics.keys().map(|topic| (topic.clone(), weakness(topic))).collect() }
    }
}

/// A generated midterm. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Midterm<Q> {
    /// Sorts by time.
    pub id: MidtermId,
    pub course_id: CourseId,
    /// Level; `None` for custom criteria.
    pub level: Option<Level>,
    /// The blueprint that it was generated for.
    pub blueprint: BlueprintView,
    /// How closely it matches the blueprint.
    pub fit: Fit,
    /// Seed that reproduces it.
    pub seed: u64,
    /// Its questions, in order.
    pub questions: Vec<Q>,
    pub created_at: Timestamp,
}

/// Price of a midterm.
#[must_use]
pub fn charge(questions: usize, terms: &CreditTerms) -> Charge {
    Charge { price: terms.midterm, kind: EntryType::Midterm, description: format!("Midterm: {questions} questions") }
}

/// A topic or section of `order` that is not in the course: the list that holds it, its index and itself.
#[must_use]
pub fn unknown_topic<'a>(bank: &Bank, order: &'a MidtermRequest) -> Option<(&'static str, usize, &'a str)> {
    let known: HashSet<&TopicId> = bank.topics.iter().map(|topic| &topic.id).collect();
    let topic = order.topic_ids.iter().position(|id| !known.contains(id));
    let topic = topic.map(|at| ("topic_ids", at, order.topic_ids[at].as_str()));
    topic.or_else(|| {
        let is_unknown = |section: &String| !bank.topics.iter().any(|topic| is_of_section(topic, section));
        let section = order.sections.iter().position(is_unknown);
        section.map(|at| ("sections", at, order.sections[at].as_str()))
    })
}

impl MidtermRequest {
    /// The same request, with its sections resolved to topics of `bank`.
    fn by_topic(&self, bank: &Bank) -> Self {
        let is_asked = |topic: &&Topic| self.sections.iter().any(|section| is_of_section(topic, section));
        let of_sections = bank.topics.iter().filter(is_asked).map(|topic| topic.id.clone());
        let topic_ids = self.topic_ids.iter().cloned().chain(of_sections).collect();
        Self { topic_ids, sections: Vec::new(), ..self.clone() }
    }
}

fn is_of_section(topic: &Topic, section: &str) -> bool {
    let section = section.trim().to_lowercase();
    [topic.id.as_str(), &topic.name, &topic.slug, &topic.category]
        .iter()
        .any(|name| name.trim().to_lowercase() == section)
}
