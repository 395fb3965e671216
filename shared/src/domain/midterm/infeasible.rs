//! Why a request cannot be satisfied: the conflicting constraints, and what the bank offers.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::catalog::Bank;
use super::MidtermRequest;
use super::candidates::{CandidateQuestion, fits_techniques, fits_topics};

/// A request that no form satisfies.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("the bank cannot fill this order: {}", conflicts.iter().map(|conflict| conflict.detail.as_str()).collect::<Vec<_>>().join("; "))]
pub struct Infeasible {
    /// Each constraint that cannot be satisfied.
    pub conflicts: Vec<Conflict>,
}

/// A constraint that cannot be satisfied.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Conflict {
    /// Name of the request field.
    pub constraint: &'static str,
    pub asked: Value,
    pub available: Value,
    /// The conflict in a sentence.
    pub detail: String,
}

impl Infeasible {
    /// Too few questions match the filters.
    pub(super) fn too_few(bank: &Bank, order: &MidtermRequest, possible: usize) -> Self {
        let asked = order.question_count;
        let conflict = |constraint, asked: Value, available: usize, detail: String| Conflict {
            constraint,
            asked,
            available: json!(available),
            detail,
        };
        let mut conflicts = vec![conflict(
            "question_count",
            json!(asked),
            possible,
            format!("{asked} questions were requested, and {possible} match"),
        )];
        let count = |fits: &dyn Fn(&super::super::catalog::QuestionMeta) -> bool| {
            bank.for_sale().filter(|question| fits(&question.meta)).count()
        };
        if !order.topic_ids.is_empty() {
            let available = count(&|meta| fits_topics(meta, order));
            let detail = format!("{available} questions are on these topics");
            conflicts.push(conflict("topic_ids", json!(order.topic_ids), available, detail));
        }
        if !order.techniques.is_empty() {
            let available = count(&|meta| fits_techniques(meta, order));
            let detail = format!("{available} questions need one of these techniques");
            conflicts.push(conflict("techniques", json!(order.techniques), available, detail));
        }
        Self { conflicts }
    }

    /// Targets that no selection of this many questions can come near.
    pub(super) fn check(order: &MidtermRequest, choices: &[CandidateQuestion<'_>]) -> Result<(), Self> {
        let mut conflicts = Vec::new();
        let sums = [
            ("points", order.points, range(order, choices.iter().map(|choice| choice.candidate.points).collect())),
            ("minutes", order.minutes, range(order, choices.iter().map(|choice| choice.candidate.minutes).collect())),
        ];
        for (constraint, asked, [low, high]) in sums {
            if let Some(asked) = asked.filter(|asked| *asked < low || *asked > high) {
                let count = order.question_count;
                conflicts.push(Conflict {
                    constraint,
                    asked: json!(asked),
                    available: json!([low, high]),
                    detail: format!("{count} questions of the bank have {low} to {high} {constraint}, not {asked}"),
                });
            }
        }
        if let Some(mix) = order.difficulty {
            let has = |levels: std::ops::RangeInclusive<usize>| {
                choices.iter().filter(|choice| levels.contains(&choice.candidate.difficulty)).count()
            };
            for (name, share, available) in
                [("easy", mix.easy, has(0..=1)), ("medium", mix.medium, has(2..=2)), ("hard", mix.hard, has(3..=4))]
            {
                if share > 0.0 && available == 0 {
                    conflicts.push(Conflict {
                        constraint: "difficulty_distribution",
                        asked: json!({ name: share }),
                        available: json!({ name: 0 }),
                        detail: format!("no matching question is {name}"),
                    });
                }
            }
        }
        if conflicts.is_empty() { Ok(()) } else { Err(Self { conflicts }) }
    }
}

/// Smallest and largest sum of `question_count` of the `amounts`.
fn range(order: &MidtermRequest, mut amounts: Vec<f64>) -> [f64; 2] {
    amounts.sort_by(f64::total_cmp);
    let count = order.question_count.min(amounts.len());
    [amounts[..count].iter().sum(), amounts[amounts.len() - count..].iter().sum()]
}
