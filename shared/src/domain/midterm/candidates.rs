//! The questions that match a request, with defaults for missing values.

use std::collections::{BTreeMap, HashMap};

use assembly::{Candidate, DIFFICULTIES};

use super::super::catalog::{Bank, QuestionMeta, QuestionSummary};
use super::super::id::PatternId;
use super::{MidtermRequest, Student};
use crate::domain::number::mean;
use crate::domain::questions::selection::has_technique;

/// Minutes per question when the course states none.
const MINUTES_UNKNOWN: f64 = 10.0;
/// Points per question when the course states none.
const POINTS_UNKNOWN: f64 = 10.0;
/// Difficulty when neither question nor topic states one.
const DIFFICULTY_UNKNOWN: u8 = 3;
/// Largest number of techniques that are distinguished; rarer ones are ignored.
const TECHNIQUES_MAX: usize = 64;

/// Preference among questions, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Never seen, from a past exam.
    Unseen,
    /// Never seen, written for practice.
    UnseenGenerated,
    Seen,
}

/// A question that matches the filters.
pub(super) struct CandidateQuestion<'a> {
    pub(super) question: &'a QuestionSummary,
    pub(super) tier: Tier,
    pub(super) candidate: Candidate,
}

/// All questions that match the filters of `order`, by id.
pub(super) fn choices<'a>(bank: &'a Bank, order: &MidtermRequest, student: &Student) -> Vec<CandidateQuestion<'a>> {
    let known = CourseDefaults::of(bank);
    let mut fitting: Vec<&QuestionSummary> = bank.for_sale().filter(|q| fits(&q.meta, order)).collect();
    fitting.sort_by_key(|question| &question.meta.id);
    fitting.dedup_by_key(|question| &question.meta.id);
    let recency = recency(&fitting, student);
    let choice = |question: &'a QuestionSummary| {
        let seen = recency.get(&question.meta.id).copied();
        let tier = match (seen, question.meta.is_generated) {
            (Some(_), _) => Tier::Seen,
            (None, true) => Tier::UnseenGenerated,
            (None, false) => Tier::Unseen,
        };
        let candidate = known.candidate(&question.meta, seen)?;
        Some(CandidateQuestion { question, tier, candidate })
    };
    fitting.into_iter().filter_map(choice).collect()
}

/// Whether a question matches the filters.
pub(super) fn fits(meta: &QuestionMeta, order: &MidtermRequest) -> bool {
    fits_topics(meta, order) && fits_techniques(meta, order)
}

pub(super) fn fits_topics(meta: &QuestionMeta, order: &MidtermRequest) -> bool {
    order.topic_ids.is_empty() || order.topic_ids.contains(&meta.topic_id)
}

pub(super) fn fits_techniques(meta: &QuestionMeta, order: &MidtermRequest) -> bool {
    order.techniques.is_empty() || order.techniques.iter().any(|wanted| has_technique(&meta.techniques, wanted))
}

/// Usefulness of questions seen before: 0 for the one seen last, towards 1/2 for the one seen longest ago.
fn recency<'a>(fitting: &[&'a QuestionSummary], student: &Student) -> HashMap<&'a super::super::id::QuestionId, f64> {
    let seen = fitting.iter().filter_map(|question| Some((student.seen.get(&question.meta.id)?, &question.meta.id)));
    let mut seen: Vec<_> = seen.collect();
    seen.sort();
    seen.reverse();
    #[expect(clippy::cast_precision_loss, reason = "far fewer questions than 2^52")]
    let usefulness = |place: usize| 0.5 * place as f64 / seen.len() as f64;
    seen.iter().enumerate().map(|(place, (_, id))| (*id, usefulness(place))).collect()
}

/// Defaults of a course for questions that lack a value.
pub(super) struct CourseDefaults<'a> {
    topics: HashMap<&'a str, (usize, Option<u8>)>,
    patterns: HashMap<&'a PatternId, u32>,
    techniques: HashMap<String, u32>,
    pub(super) points: f64,
    pub(super) minutes: f64,
}

impl<'a> CourseDefaults<'a> {
    pub(super) fn of(bank: &'a Bank) -> Self {
        let metas = || bank.questions.iter().map(|question| &question.meta);
        let points: Vec<f64> = metas().filter_map(|meta| meta.source_points).filter(|points| *points > 0.0).collect();
        let minutes: Vec<f64> = metas().filter_map(|meta| meta.estimated_time).filter(|time| *time > 0.0).collect();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for technique in metas().flat_map(|meta| &meta.techniques) {
            *counts.entry(technique.to_lowercase()).or_default() += 1;
        }
        let mut techniques: Vec<(String, u32)> = counts.into_iter().collect();
        techniques.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut patterns: Vec<&PatternId> = metas().filter_map(|meta| meta.pattern_id.as_ref()).collect();
        patterns.sort();
        patterns.dedup();
        let topics = bank.topics.iter().enumerate();
        Self {
            topics: topics.map(|(index, topic)| (topic.id.as_str(), (index, topic.difficulty))).collect(),
            patterns: patterns.into_iter().zip(0..).collect(),
            techniques: techniques.into_iter().take(TECHNIQUES_MAX).map(|(name, _)| name).zip(0..).collect(),
            points: mean(&points).unwrap_or(POINTS_UNKNOWN),
            minutes: mean(&minutes).unwrap_or(MINUTES_UNKNOWN),
        }
    }

    /// The question as a candidate of `assembly`; `None` when its topic is not in the course.
    fn candidate(&self, meta: &QuestionMeta, seen: Option<f64>) -> Option<Candidate> {
        Some(Candidate {
            topic: self.topic(meta)?,
            difficulty: self.difficulty(meta),
            points: self.points_of(meta),
            minutes: self.minutes_of(meta),
            pattern: meta.pattern_id.as_ref().and_then(|id| self.patterns.get(id)).copied(),
            techniques: self.techniques_of(meta),
            family: None,
            usefulness: seen.unwrap_or(1.0),
        })
    }

    pub(super) fn topic(&self, meta: &QuestionMeta) -> Option<usize> {
        self.topics.get(meta.topic_id.as_str()).map(|(index, _)| *index)
    }

    /// Difficulty 1–5, minus one.
    pub(super) fn difficulty(&self, meta: &QuestionMeta) -> usize {
        let of_topic = || self.topics.get(meta.topic_id.as_str()).and_then(|(_, difficulty)| *difficulty);
        let difficulty = meta.difficulty.or_else(of_topic).unwrap_or(DIFFICULTY_UNKNOWN);
        usize::from(difficulty.saturating_sub(1)).min(DIFFICULTIES - 1)
    }

    pub(super) fn points_of(&self, meta: &QuestionMeta) -> f64 {
        meta.source_points.filter(|points| points.is_finite() && *points >= 0.0).unwrap_or(self.points)
    }

    pub(super) fn minutes_of(&self, meta: &QuestionMeta) -> f64 {
        meta.estimated_time.filter(|time| time.is_finite() && *time >= 0.0).unwrap_or(self.minutes)
    }

    pub(super) fn techniques_of(&self, meta: &QuestionMeta) -> u64 {
        let bit = |name: &String| self.techniques.get(&name.to_lowercase()).map_or(0, |index| 1 << index);
        meta.techniques.iter().map(bit).fold(0, |mask, bit| mask | bit)
    }
}
