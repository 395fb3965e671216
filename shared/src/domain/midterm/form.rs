//! The form that comes closest to a blueprint.

use std::collections::BTreeMap;

use assembly::{AssemblyError, Blueprint, DIFFICULTIES, Effort, Instance, Measure, Weights, assemble};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::catalog::{Bank, QuestionSummary};
use super::super::id::{PatternId, TopicId};
use super::candidates::{Choice, Tier, choices};
use super::{BlueprintView, Infeasible, Order, Student, plan};
use crate::domain::number::rounded;

/// Where questions must be taken that were seen before, that counts before all else.
const WEIGHT_OF_UNSEEN: f64 = 100.0;

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form<'a> {
    /// What it should be like.
    pub blueprint: BlueprintView,
    /// Topic by topic, easy to hard.
    pub questions: Vec<&'a QuestionSummary>,
    /// How close it comes.
    pub fit: Fit,
}

/// How close a form comes to its blueprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MidtermFit)]
pub struct Fit {
    /// Questions by topic: those with a target or a question.
    pub topics: Vec<TopicFit>,
    /// Questions by difficulty 1–5.
    pub difficulty: Vec<LevelFit>,
    /// Points.
    pub points: Target,
    /// Minutes.
    pub minutes: Target,
    /// Different techniques; the target is a minimum.
    pub techniques: Target,
    /// Questions that the student got before; 0 where the bank allows it.
    pub seen_before: usize,
    /// Questions that were on no exam; 0 where the bank allows it.
    pub generated: usize,
    /// Patterns that come more than once; none where the bank allows it.
    pub repeated_patterns: Vec<PatternId>,
}

/// A wish and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// The wish.
    pub target: f64,
    /// What came of it.
    pub achieved: f64,
}

/// A topic's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicFit {
    /// The topic.
    pub topic_id: TopicId,
    /// Its questions.
    #[serde(flatten)]
    pub questions: Target,
}

/// A difficulty's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LevelFit {
    /// 1 (easy) to 5.
    pub difficulty: usize,
    /// Its questions.
    #[serde(flatten)]
    pub questions: Target,
}

impl From<Measure> for Target {
    fn from(measure: Measure) -> Self {
        Self { target: rounded(measure.target, 2), achieved: rounded(measure.achieved, 2) }
    }
}

/// The form for an order. The same bank, order, student and seed give the same form.
///
/// # Errors
/// What conflicts, when no form fills the order.
pub fn generate<'a>(bank: &'a Bank, order: &Order, student: &Student, seed: u64) -> Result<Form<'a>, Infeasible> {
    let order = &order.by_topic(bank);
    let (blueprint, view) = plan(bank, order, student);
    let choices = choices(bank, order, student);
    if choices.len() < order.question_count {
        return Err(Infeasible::too_few(bank, order, choices.len()));
    }
    Infeasible::check(order, &choices)?;
    let filled = choose(&blueprint, &choices, seed).and_then(|chosen| Some((fit(bank, &blueprint, &chosen)?, chosen)));
    // With as many of a pattern as there are questions every choice is allowed, so there is always one.
    let (fit, chosen) = filled.ok_or_else(|| Infeasible::too_few(bank, order, choices.len()))?;
    let mut ordered = chosen;
    ordered.sort_by_key(|choice| (choice.candidate.topic, choice.candidate.difficulty, &choice.question.meta.id));
    Ok(Form { blueprint: view, questions: ordered.into_iter().map(|choice| choice.question).collect(), fit })
}

/// One of a pattern if that is possible, else as few as it takes; among those forms unseen exam questions if there are
/// enough, else also generated ones, else also those seen before, the least recently seen first.
fn choose<'c, 'a>(blueprint: &Blueprint, choices: &'c [Choice<'a>], seed: u64) -> Option<Vec<&'c Choice<'a>>> {
    let questions = u32::try_from(blueprint.questions).unwrap_or(u32::MAX);
    for pattern_max in 1..=questions {
        for tier in [Tier::Unseen, Tier::UnseenGenerated, Tier::Seen] {
            let among: Vec<&Choice<'a>> = choices.iter().filter(|choice| choice.tier <= tier).collect();
            if among.len() < blueprint.questions {
                continue;
            }
            let weights = match tier {
                Tier::Unseen => Weights::default(),
                Tier::UnseenGenerated | Tier::Seen => Weights { usefulness: WEIGHT_OF_UNSEEN, ..Weights::default() },
            };
            let useful = |choice: &&Choice<'a>| assembly::Candidate {
                usefulness: match choice.tier {
                    Tier::Unseen => 1.0,
                    Tier::UnseenGenerated => 0.75,
                    Tier::Seen => choice.candidate.usefulness,
                },
                ..choice.candidate
            };
            let wanted = Blueprint { pattern_max, weights, ..blueprint.clone() };
            let instance = Instance::new(wanted, among.iter().map(useful).collect()).ok()?;
            match assemble(&instance, seed, Effort::default()) {
                Ok(form) => {
                    return Some(form.selection.iter().map(|index| among[*index]).collect());
                }
                Err(AssemblyError::TooFew { .. }) => {}
                Err(_) => return None,
            }
        }
    }
    None
}

fn fit(bank: &Bank, blueprint: &Blueprint, chosen: &[&Choice<'_>]) -> Option<Fit> {
    let instance = Instance::new(blueprint.clone(), chosen.iter().map(|choice| choice.candidate).collect()).ok()?;
    let selection: Vec<usize> = (0..chosen.len()).collect();
    let measured = assembly::Fit::of(&instance, &selection);
    let topics = bank.topics.iter().zip(measured.topics).filter(|(_, fit)| fit.target > 0.0 || fit.achieved > 0.0);
    let mut patterns: BTreeMap<&PatternId, usize> = BTreeMap::new();
    for id in chosen.iter().filter_map(|choice| choice.question.meta.pattern_id.as_ref()) {
        *patterns.entry(id).or_default() += 1;
    }
    Some(Fit {
        topics: topics.map(|(topic, fit)| TopicFit { topic_id: topic.id.clone(), questions: fit.into() }).collect(),
        difficulty: (1..=DIFFICULTIES)
            .zip(measured.difficulty)
            .map(|(difficulty, fit)| LevelFit { difficulty, questions: fit.into() })
            .collect(),
        points: measured.points.into(),
        minutes: measured.minutes.into(),
        techniques: measured.techniques.into(),
        seen_before: chosen.iter().filter(|choice| choice.tier == Tier::Seen).count(),
        generated: chosen.iter().filter(|choice| choice.question.meta.is_generated).count(),
        repeated_patterns: patterns.into_iter().filter(|(_, count)| *count > 1).map(|(id, _)| id.clone()).collect(),
    })
}
