//! Item statistics as JSON, for other programs.

use serde_json::{Value, json};
use shared::domain::items::{ConfidenceInterval, Flag, OptionStatistics};

use super::{ItemReport, ItemRow};

/// The report. A figure that does not exist is null.
#[must_use]
pub fn json(report: &ItemReport) -> String {
    let questions: Vec<Value> = report.rows.iter().map(row).collect();
    let document = json!({
        "course": report.course,
        "made_at": report.made_at,
        "students": report.students,
        "alpha": report.alpha.map(|(alpha, _)| alpha),
        "alpha_questions": report.alpha.map(|(_, questions)| questions),
        "questions": questions,
    });
    format!("{document:#}\n")
}

fn row(row: &ItemRow) -> Value {
    let found = &row.statistics;
    json!({
        "id": row.id,
        "version": row.version,
        "earlier_answers": row.earlier,
        "answers": found.shown,
        "blank": found.blank,
        "right": found.right,
        "facility": found.facility,
        "facility_interval": interval(Some(found.facility_interval)),
        "item_rest": found.item_rest,
        "item_rest_interval": interval(found.item_rest_interval),
        "upper_lower": found.upper_lower,
        "two_parameter": row.two_parameter,
        "omitted": row.omitted,
        "own_marks": row.own_marks,
        "median_seconds": row.median_seconds,
        "options": found.options.iter().map(option).collect::<Vec<_>>(),
        "flags": row.flags.iter().map(Flag::reason).collect::<Vec<_>>(),
    })
}

fn option(option: &OptionStatistics) -> Value {
    json!({
        "letters": option.letters,
        "is_key": option.is_key,
        "chosen": option.chosen,
        "option_rest": option.option_rest,
        "option_rest_interval": interval(option.option_rest_interval),
    })
}

fn interval(interval: Option<ConfidenceInterval>) -> Value {
    interval.map_or(Value::Null, |interval| json!([interval.low, interval.high]))
}
