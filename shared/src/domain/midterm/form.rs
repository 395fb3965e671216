//! Generates the form that matches a blueprint best.

use std::collections::BTreeMap;

use assembly::{AssemblyError, Blueprint, DIFFICULTIES, Effort, Instance, Measure, Weights, assemble};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::catalog::{Bank, QuestionSummary};
use super::super::id::{PatternId, TopicId};
use super::candidates::{CandidateQuestion, Tier, choices};
use super::{BlueprintView, Infeasible, MidtermRequest, Student, plan};
use crate::domain::number::rounded;

/// Weight of usefulness when seen questions must be used: it outweighs everything else.
const WEIGHT_OF_UNSEEN: f64 = 100.0;

/// The questions of a midterm.
#[derive(Debug, Clone, PartialEq)]
pub struct Form<'a> {
    pub blueprint: BlueprintView,
    /// Sorted by topic, then easy to hard.
    pub questions: Vec<&'a QuestionSummary>,
    /// How closely the form matches the blueprint.
    pub fit: Fit,
}

/// How closely a midterm matches its blueprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MidtermFit)]
pub struct Fit {
    /// Questions by topic, for topics with a target or a question.
    pub topics: Vec<TopicFit>,
    /// Questions by difficulty 1–5.
    pub difficulty: Vec<LevelFit>,
    pub points: Target,
    pub minutes: Target,
    /// Number of different techniques; the target is a minimum.
    pub techniques: Target,
    /// Number of questions that the student had before; 0 if the bank has enough others.
    pub seen_before: usize,
    /// Number of generated questions; 0 if the bank has enough others.
    pub generated: usize,
    /// Patterns with more than one question; empty if the bank has enough others.
    pub repeated_patterns: Vec<PatternId>,
}

/// A target and the achieved value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    pub target: f64,
    pub achieved: f64,
}

/// Target and achieved number of questions of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopicFit {
    pub topic_id: TopicId,
    #[serde(flatten)]
    pub questions: Target,
}

/// Target and achieved number of questions of a difficulty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LevelFit {
    /// 1 (easy) to 5.
    pub difficulty: usize,
    #[serde(flatten)]
    pub questions: Target,
}

impl From<Measure> for Target {
    fn from(measure: Measure) -> Self {
        Self { target: rounded(measure.target, 2), achieved: rounded(measure.achieved, 2) }
    }
}

/// Generates the form for a request. The same bank, request, student and seed give the same form.
///
/// # Errors
/// The conflicting constraints, when no form satisfies the request.
pub fn generate<'a>(
    bank: &'a Bank,
    order: &MidtermRequest,
    student: &Student,
    seed: u64,
) -> Result<Form<'a>, Infeasible> {
    let order = &order.by_topic(bank);
    let (blueprint, view) = plan(bank, order, student);
    let choices = choices(bank, order, student);
    if choices.len() < order.question_count {
        return Err(Infeasible::too_few(bank, order, choices.len()));
    }
    Infeasible::check(order, &choices)?;
    let filled = choose(&blueprint, &choices, seed).and_then(|chosen| Some((fit(bank, &blueprint, &chosen)?, chosen)));
    // When a pattern may fill all questions, every selection is allowed, so one is always found.
    let (fit, chosen) = filled.ok_or_else(|| Infeasible::too_few(bank, order, choices.len()))?;
    let mut ordered = chosen;
    ordered.sort_by_key(|choice| (choice.candidate.topic, choice.candidate.difficulty, &choice.question.meta.id));
    Ok(Form { blueprint: view, questions: ordered.into_iter().map(|choice| choice.question).collect(), fit })
}

/// Uses as few questions per pattern as possible, ideally one. Uses unseen exam questions if there are enough, else
/// also generated ones, else also seen ones, least recently seen first.
fn choose<'c, 'a>(
    blueprint: &Blueprint,
    choices: &'c [CandidateQuestion<'a>],
    seed: u64,
) -> Option<Vec<&'c CandidateQuestion<'a>>> {
    let questions = u32::try_from(blueprint.questions).unwrap_or(u32::MAX);
    for pattern_max in 1..=questions {
        for tier in [Tier::Unseen, Tier::UnseenGenerated, Tier::Seen] {
            let among: Vec<&CandidateQuestion<'a>> = choices.iter().filter(|choice| choice.tier <= tier).collect();
            if among.len() < blueprint.questions {
                continue;
            }
            let weights = match tier {
                Tier::Unseen => Weights::default(),
                Tier::UnseenGenerated | Tier::Seen => Weights { usefulness: WEIGHT_OF_UNSEEN, ..Weights::default() },
            };
            let useful = |choice: &&CandidateQuestion<'a>| assembly::Candidate {
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

fn fit(bank: &Bank, blueprint: &Blueprint, chosen: &[&CandidateQuestion<'_>]) -> Option<Fit> {
    let instance = Instance::new(blueprint.clone(), chosen.iter().map(|choice| choice.candidate).collect()).ok()?;
    let selection: Vec<usize> = (0..chosen.len()).collect();
    let measured = assembly::FormFit::of(&instance, &selection);
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
