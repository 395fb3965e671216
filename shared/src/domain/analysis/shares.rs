//! What past exams consist of: by topic, by difficulty, by technique, by pattern.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::past::{ExamQuestion, PastExams, of_topic};
use super::percent::percentages;
use crate::domain::catalog::Pattern;
use crate::domain::id::{PatternId, TopicId};
use crate::domain::number::{mean, ratio, rounded};

/// How much of the exams is about a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicShare {
    /// The topic.
    pub topic_id: TopicId,
    /// Its name.
    pub name: String,
    /// Its questions on past exams.
    pub count: usize,
    /// Their share of all questions.
    pub percentage: f64,
    /// Their share of all points.
    pub points_percentage: f64,
    /// Mean points of such a question; 0 when none says.
    pub avg_points: f64,
}

/// The topics of one kind of exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExamTypeShare {
    /// Such as `final`.
    pub exam_type: String,
    /// So many past exams.
    pub exams: usize,
    /// What they consist of.
    pub topic_distribution: Vec<TopicShare>,
}

/// Shares of questions by difficulty, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DifficultyMix {
    /// 1 and 2.
    pub easy: f64,
    /// 3.
    pub medium: f64,
    /// 4 and 5.
    pub hard: f64,
}

/// How often a technique solves a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TechniqueShare {
    /// Its name.
    pub technique: String,
    /// Questions that it helps with.
    pub count: usize,
    /// Of all questions, in percent; a question may need several.
    pub percentage: f64,
}

/// How often a form of question comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PatternShare {
    /// The pattern.
    pub pattern_id: PatternId,
    /// Its name.
    pub name: String,
    /// Its topic.
    pub topic_id: TopicId,
    /// Its questions on past exams.
    pub count: usize,
    /// Share of exams with at least one, 0 to 1.
    pub appearance_rate: f64,
    /// First year.
    pub first_year: Option<i32>,
    /// Last year.
    pub last_year: Option<i32>,
}

/// All topics of the course, the most frequent first.
#[must_use]
pub(super) fn by_topic(past: &PastExams<'_>) -> Vec<TopicShare> {
    topic_shares(past, &past.questions)
}

/// The same for each kind of exam, by its name.
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

/// The mix of those questions that are rated.
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

/// Techniques by how often they are needed.
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

/// Patterns by how often they came, those that never did left out.
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
