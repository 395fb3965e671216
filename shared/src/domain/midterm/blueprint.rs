//! Blueprints: like the past midterms of the course, except where the request says otherwise.

use assembly::{Blueprint, DIFFICULTIES, Weights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::catalog::{Bank, Exam, QuestionMeta};
use super::super::id::{ExamId, TopicId};
use super::candidates::{CourseDefaults, fits, fits_topics};
use super::{Level, MidtermRequest, Mix, Student};
use crate::domain::number::rounded;

/// Share of each difficulty that a level moves to the next easier or harder one.
const SHIFT: f64 = 0.5;
/// Additional weight of a topic at weakness 1.
const WEAKNESS_WEIGHT: f64 = 1.0;

/// The blueprint of a midterm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BlueprintView {
    pub question_count: usize,
    /// Target number of questions by topic.
    pub topics: Vec<TopicTarget>,
    /// Target number of questions by difficulty 1–5.
    pub difficulty: [f64; DIFFICULTIES],
    /// Target of total points.
    pub points: f64,
    /// Target of total minutes.
    pub minutes: f64,
    /// Smallest number of different techniques.
    pub techniques: u32,
    /// Number of past exams that it is derived from.
    pub exams: usize,
}

/// Target number of questions of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicTarget {
    pub topic_id: TopicId,
    pub name: String,
    /// Number of questions; may be a fraction.
    pub questions: f64,
}

/// Builds the blueprint of a request.
#[must_use]
pub fn plan(bank: &Bank, order: &MidtermRequest, student: &Student) -> (Blueprint, BlueprintView) {
    let known = CourseDefaults::of(bank);
    let (exams, past) = past(bank, order);
    let n = real(order.question_count);
    let topics = topics(bank, order, student, &known, &past);
    let topics: Vec<f64> = topics.into_iter().map(|share| share * n).collect();
    let mix = difficulty(order, &known, &past);
    let each = |sum: f64, unknown: f64| if past.is_empty() { unknown } else { sum / real(past.len()) };
    let points = each(past.iter().map(|meta| known.points_of(meta)).sum(), known.points) * n;
    let minutes = each(past.iter().map(|meta| known.minutes_of(meta)).sum(), known.minutes) * n;
    let blueprint = Blueprint {
        questions: order.question_count,
        topics,
        difficulty: mix.map(|share| share * n),
        points: order.points.unwrap_or_else(|| points.round()),
        minutes: order.minutes.unwrap_or_else(|| minutes.round()),
        techniques: techniques(&known, &past, exams, order.question_count),
        pattern_max: 1,
        weights: Weights::default(),
    };
    let view = view(bank, &blueprint, exams);
    (blueprint, view)
}

fn view(bank: &Bank, blueprint: &Blueprint, exams: usize) -> BlueprintView {
    let topics = bank.topics.iter().zip(&blueprint.topics).filter(|(_, target)| **target > 0.0);
    let target = |(topic, target): (&super::super::catalog::Topic, &f64)| TopicTarget {
        topic_id: topic.id.clone(),
        name: topic.name.clone(),
        questions: rounded(*target, 2),
    };
    BlueprintView {
        question_count: blueprint.questions,
        topics: topics.map(target).collect(),
        difficulty: blueprint.difficulty.map(|target| rounded(target, 2)),
        points: blueprint.points,
        minutes: blueprint.minutes,
        techniques: blueprint.techniques,
        exams,
    }
}

/// Questions that the blueprint is derived from: matching ones of past midterms, else of all past exams, else all.
fn past<'a>(bank: &'a Bank, order: &MidtermRequest) -> (usize, Vec<&'a QuestionMeta>) {
    let of = |is_one: &dyn Fn(&Exam) -> bool| {
        let exams: Vec<&ExamId> = bank.exams.iter().filter(|exam| is_one(exam)).map(|exam| &exam.id).collect();
        let is_past = |meta: &&QuestionMeta| {
            !meta.is_generated && fits(meta, order) && meta.exam_id.as_ref().is_some_and(|id| exams.contains(&id))
        };
        let metas: Vec<&QuestionMeta> = bank.questions.iter().map(|question| &question.meta).filter(is_past).collect();
        let used = exams.iter().filter(|id| metas.iter().any(|meta| meta.exam_id.as_ref() == Some(id))).count();
        (used, metas)
    };
    let midterms = of(&|exam| exam.exam_type.to_lowercase().contains("midterm"));
    if !midterms.1.is_empty() {
        return midterms;
    }
    let all = of(&|_| true);
    if !all.1.is_empty() {
        return all;
    }
    (0, bank.questions.iter().map(|question| &question.meta).filter(|meta| fits(meta, order)).collect())
}

/// Shares of the topics, in the order of the bank.
fn topics(
    bank: &Bank,
    order: &MidtermRequest,
    student: &Student,
    known: &CourseDefaults<'_>,
    past: &[&QuestionMeta],
) -> Vec<f64> {
    let mut weights = vec![0.0; bank.topics.len()];
    for meta in past.iter().filter(|meta| fits_topics(meta, order)) {
        if let Some(topic) = known.topic(meta) {
            weights[topic] += 1.0;
        }
    }
    // Requested topics count even when no past midterm had them.
    let asked = order.topic_ids.iter().filter_map(|id| bank.topics.iter().position(|topic| topic.id == *id));
    for topic in asked {
        weights[topic] = f64::max(weights[topic], 1.0);
    }
    for (weight, topic) in weights.iter_mut().zip(&bank.topics) {
        *weight *= 1.0 + WEAKNESS_WEIGHT * student.weakness.get(&topic.id).copied().unwrap_or(0.0).clamp(0.0, 1.0);
    }
    normalised(weights)
}

/// Shares of the difficulties.
fn difficulty(order: &MidtermRequest, known: &CourseDefaults<'_>, past: &[&QuestionMeta]) -> [f64; DIFFICULTIES] {
    let mut counts = [0.0; DIFFICULTIES];
    for meta in past {
        counts[known.difficulty(meta)] += 1.0;
    }
    let counts = order.difficulty.map_or(counts, |mix| spread(mix, counts));
    let shares: [f64; DIFFICULTIES] = normalised(counts.to_vec()).try_into().unwrap_or([0.2; DIFFICULTIES]);
    match order.level {
        Some(Level::Easy) => shifted(shares),
        Some(Level::Hard) => {
            let mut reversed = shares;
            reversed.reverse();
            let mut shares = shifted(reversed);
            shares.reverse();
            shares
        }
        Some(Level::Sample) | None => shares,
    }
}

/// Spreads shares of easy, medium and hard over the five difficulties, in the proportions of past exams.
fn spread(mix: Mix, past: [f64; DIFFICULTIES]) -> [f64; DIFFICULTIES] {
    let total = mix.easy + mix.medium + mix.hard;
    let pair = |share: f64, a: f64, b: f64| {
        let first = if a + b > 0.0 { a / (a + b) } else { 0.5 };
        [share / total * first, share / total * (1.0 - first)]
    };
    let [one, two] = pair(mix.easy, past[0], past[1]);
    let [four, five] = pair(mix.hard, past[3], past[4]);
    [one, two, mix.medium / total, four, five]
}

/// Half of each difficulty moved to the next easier one.
fn shifted(shares: [f64; DIFFICULTIES]) -> [f64; DIFFICULTIES] {
    let mut moved = shares;
    for level in 1..DIFFICULTIES {
        moved[level] -= SHIFT * shares[level];
        moved[level - 1] += SHIFT * shares[level];
    }
    moved
}

/// Number of different techniques that past exams have in this many questions.
fn techniques(known: &CourseDefaults<'_>, past: &[&QuestionMeta], exams: usize, questions: usize) -> u32 {
    let mut by_exam: std::collections::BTreeMap<Option<&ExamId>, u64> = std::collections::BTreeMap::new();
    for meta in past {
        *by_exam.entry(meta.exam_id.as_ref()).or_default() |= known.techniques_of(meta);
    }
    let distinct: u32 = by_exam.values().map(|mask| mask.count_ones()).sum();
    let all: u64 = by_exam.values().fold(0, |all, mask| all | mask);
    if exams == 0 || past.is_empty() {
        return 0;
    }
    let per_question = f64::from(distinct) / real(past.len());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 64")]
    let wished = (per_question * real(questions)).floor().clamp(0.0, 64.0) as u32;
    wished.min(all.count_ones())
}

/// Scales to the sum 1; equal parts when the sum is 0.
fn normalised(weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    let count = real(weights.len());
    weights.into_iter().map(|weight| if sum > 0.0 { weight / sum } else { 1.0 / count }).collect()
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
pub(super) fn real(count: usize) -> f64 {
    count as f64
}
