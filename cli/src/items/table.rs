//! Item statistics as text.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use shared::domain::items::{ConfidenceInterval, Flag, TwoParameter};

use super::{ItemReport, ItemRow};
use crate::output::plain;

/// Lines above the header, below it, and at the end.
const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// The report, for a terminal.
#[must_use]
pub fn table(report: &ItemReport) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header([
        "question",
        "version",
        "earlier",
        "answers",
        "facility",
        "item-rest",
        "upper-lower",
        "2PL a",
        "2PL b",
        "omitted",
        "own marks",
        "seconds",
        "look at it",
    ]);
    for row in &report.rows {
        table.add_row(cells(row));
    }
    for column in table.column_iter_mut().skip(1).take(11) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{} · {}\n{table}\n{}\n", plain(&report.course), summary(report), LEGEND)
}

pub(super) const LEGEND: &str = "Facility is the share of right answers, item-rest the correlation with the share of other questions \
that are right, both with 95 % intervals; upper-lower compares the best and the worst 27 % of the students. Only first answers that the \
service marked count, before the solution was seen. A question that a student has not answered is neither right nor wrong. Figures are of \
the question's current version; answers to earlier versions are only counted. 2PL a and b are discrimination and difficulty with standard \
errors, from 200 answers on, without questions whose key may be wrong.";

/// How many students, and alpha.
pub(super) fn summary(report: &ItemReport) -> String {
    let alpha = match report.alpha {
        Some((alpha, items)) => format!("alpha {alpha:.2} over the {items} questions that all of them answered"),
        None => "no alpha, because fewer than two questions were answered by all of them".to_owned(),
    };
    let made_at = report.made_at.strftime("%-d %B %Y, %H:%M UTC");
    format!("{} students, {alpha}; as of {made_at}", report.students)
}

fn cells(row: &ItemRow) -> [String; 13] {
    let found = &row.statistics;
    let [discrimination, difficulty] = two_parameter(row);
    [
        plain(row.id.as_str()).into_owned(),
        row.version.to_string(),
        row.earlier.to_string(),
        found.shown.to_string(),
        with_interval(found.facility, Some(found.facility_interval)),
        with_interval(found.item_rest, found.item_rest_interval),
        found.upper_lower.map_or_else(|| "-".to_owned(), |found| format!("{found:.2}")),
        discrimination,
        difficulty,
        row.omitted.to_string(),
        row.own_marks.to_string(),
        row.median_seconds.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string()),
        row.flags.iter().map(Flag::reason).collect::<Vec<_>>().join(" "),
    ]
}

/// Discrimination and difficulty of the two-parameter model with their standard errors; dashes without any.
pub(super) fn two_parameter(row: &ItemRow) -> [String; 2] {
    row.two_parameter.map_or(["-", "-"].map(str::to_owned), |found| {
        let TwoParameter { discrimination, discrimination_error, difficulty, difficulty_error } = found;
        [(discrimination, discrimination_error), (difficulty, difficulty_error)]
            .map(|(found, error)| format!("{found:.2} \u{b1} {error:.2}"))
    })
}

/// A number with its interval; a dash if there is none.
pub(super) fn with_interval(found: Option<f64>, interval: Option<ConfidenceInterval>) -> String {
    match (found, interval) {
        (Some(found), Some(ConfidenceInterval { low, high })) => format!("{found:.2} ({low:.2} to {high:.2})"),
        (Some(found), None) => format!("{found:.2}"),
        (None, _) => "-".to_owned(),
    }
}
