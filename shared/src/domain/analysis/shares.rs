//! Shares of past exams by topic, difficulty, technique and pattern.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::past::{ExamQuestion, PastExams, of_topic};
use super::percent::percentages;
use crate::domain::catalog::Pattern;
use crate::domain::id::{PatternId, TopicId};
use crate::domain::number::{mean, ratio, rounded};

/// Share of a topic on past exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicShare {
    pub topic_id: TopicId,
    pub name: String,
    /// Number of its questions on past exams.
    pub count: usize,
    /// Share of all questions, in percent.
    pub percentage: f64,
    /// Share of all points, in percent.
    pub points_percentage: f64,
    /// Mean points of its questions; 0 when unknown.
    pub avg_points: f64,
}

/// Distribution of topics on one type of exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExamTypeShare {
    /// Such as `final`.
    pub exam_type: String,
    /// Number of past exams of this type.
    pub exams: usize,
    /// Shares of the topics on them.
    pub topic_distribution: Vec<TopicShare>,
}

/// Shares of questions by difficulty, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DifficultyMix {
    /// Difficulty 1 and 2.
    pub easy: f64,
    /// Difficulty 3.
    pub medium: f64,
    /// Difficulty 4 and 5.
    pub hard: f64,
}

/// Share of a technique on past exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TechniqueShare {
    pub technique: String,
    /// Number of questions that need it.
    pub count: usize,
    /// Share of all questions, in percent; a question may need several techniques.
    pub percentage: f64,
}

/// Share of a pattern on past exams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PatternShare {
    pub pattern_id: PatternId,
    pub name: String,
    pub topic_id: TopicId,
    /// Number of its questions on past exams.
    pub count: usize,
    /// Share of exams with at least one of its questions, 0 to 1.
    pub appearance_rate: f64,
    /// Year of the first exam with it.
    pub first_year: Option<i32>,
    /// Year of the last exam with it.
    pub last_year: Option<i32>,
}

/// All topics of the course, most frequent first.
#[must_use]
pub(super) fn by_topic(past: &PastExams<'_>) -> Vec<TopicShare> {
    topic_shares(past, &past.questions)
}

/// Topic shares of each type of exam, by the name of the type.
#[must_use]
pub(super) fn by_exam_type(past: &PastExams<'_>) -> Vec<ExamTypeShare> {
    let types: BTreeSet<&str> = past.exams.iter().map(|exam| exam.exam_type.as_str()).collect();
    let share = |exam_type: &str| {
        let of_type: Vec<ExamQuestion<'_>> =
            past.questions.iter().filter(|question| question.exam.exam_type == exam_type).copied().collect();
        ExamTypeShare {
            exam_type: exam_type.to_owned(),
            exams: past.exams.iter().filter(|exam| exam.exam_type == exam_type).count(),
            topic_distribution: topic_shares(past, &of_type),
        }
    };
    types.into_iter().map(share).collect()
}

fn topic_shares(past: &PastExams<'_>, questions: &[ExamQuestion<'_>]) -> Vec<TopicShare> {
    let groups: Vec<&[ExamQuestion<'_>]> = (0..past.topics.len()).map(|topic| of_topic(questions, topic)).collect();
    let points = |group: &[ExamQuestion<'_>]| group.iter().filter_map(|q| q.meta.source_points).collect::<Vec<f64>>();
    #[expect(clippy::cast_precision_loss, reason = "far fewer questions than 2^52")]
    let counts: Vec<f64> = groups.iter().map(|group| group.len() as f64).collect();
    let of_questions = percentages(&counts);
    let of_points = percentages(&groups.iter().map(|group| points(group).iter().sum()).collect::<Vec<f64>>());
    let mut shares: Vec<TopicShare> = past
        .topics
        .iter()
        .zip(&groups)
        .zip(of_questions.into_iter().zip(of_points))
        .map(|((topic, group), (percentage, points_percentage))| TopicShare {
            topic_id: topic.id.clone(),
            name: topic.name.clone(),
            count: group.len(),
            percentage,
            points_percentage,
            avg_points: rounded(mean(&points(group)).unwrap_or(0.0), 1),
        })
        .collect();
    shares.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.topic_id.cmp(&b.topic_id)));
    shares
}

/// Shares of difficulties among the rated questions.
#[must_use]
pub(super) fn by_difficulty(past: &PastExams<'_>) -> DifficultyMix {
    let mut counts = [0.0; 3];
    for difficulty in past.questions.iter().filter_map(|question| question.meta.difficulty) {
        counts[match difficulty {
            ..=2 => 0,
            3 => 1,
            4.. => 2,
        }] += 1.0;
    }
    let shares = percentages(&counts);
    DifficultyMix { easy: shares[0], medium: shares[1], hard: shares[2] }
}

/// Techniques, most frequent first.
#[must_use]
pub(super) fn by_technique(past: &PastExams<'_>) -> Vec<TechniqueShare> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for question in &past.questions {
        let names: HashSet<String> = question.meta.techniques.iter().map(|name| name.to_lowercase()).collect();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    let percent = |count: usize| rounded(ratio(count, past.questions.len()).unwrap_or(0.0) * 100.0, 1);
    let mut shares: Vec<TechniqueShare> = counts
        .into_iter()
        .map(|(technique, count)| TechniqueShare { technique, count, percentage: percent(count) })
        .collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.count));
    shares
}

/// Patterns that were on past exams, most frequent first.
#[must_use]
pub(super) fn by_pattern(past: &PastExams<'_>) -> Vec<PatternShare> {
    let mut by_pattern: HashMap<&PatternId, Vec<&ExamQuestion<'_>>> = HashMap::new();
    for question in &past.questions {
        if let Some(pattern) = &question.meta.pattern_id {
            by_pattern.entry(pattern).or_default().push(question);
        }
    }
    let share = |pattern: &&Pattern| {
        let questions = by_pattern.get(&pattern.id).map_or(&[][..], Vec::as_slice);
        let exams: HashSet<usize> = questions.iter().map(|question| question.exam_index).collect();
        let years = || questions.iter().map(|question| question.exam.year);
        PatternShare {
            pattern_id: pattern.id.clone(),
            name: pattern.name.clone(),
            topic_id: pattern.topic_id.clone(),
            count: questions.len(),
            appearance_rate: rounded(ratio(exams.len(), past.exams.len()).unwrap_or(0.0), 2),
            first_year: years().min(),
            last_year: years().max(),
        }
    };
    let mut shares: Vec<PatternShare> = past.patterns.iter().map(share).filter(|share| share.count > 0).collect();
    shares.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.pattern_id.cmp(&b.pattern_id)));
    shares
}
