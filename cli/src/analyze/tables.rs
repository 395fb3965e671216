//! An analysis as text.

use std::collections::HashMap;
use std::fmt::Write;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use shared::domain::analysis::{Analysis, BacktestSummary, ForecastQuality};
use shared::domain::catalog::Course;
use shared::domain::id::TopicId;

use crate::output::plain;
/// Lines above the header, below it, and at the end.
const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// The whole analysis, for a terminal.
#[must_use]
pub fn tables(course: &Course, analysis: &Analysis) -> String {
    let names = topic_names(analysis);
    let mut text = String::new();
    let mut section = |title: &str, body: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "\n{title}\n{body}");
    };
    section(&format!("{} · edition {}", plain(&course.name), analysis.edition), analysis.study_strategy.clone());
    section("Topics on past exams", topics(analysis));
    section("The next exam", forecast(analysis, &names));
    section("How good is this forecast?", quality(analysis));
    section("Worth most on the next exam", high_value(analysis));
    section("Study in this order", study_order(analysis, &names));
    section("Difficulty", difficulty(analysis));
    if !analysis.patterns.is_empty() {
        section("Questions that come back", patterns(analysis));
    }
    text.trim_start().to_owned()
}

/// Names by id.
pub(super) fn topic_names(analysis: &Analysis) -> HashMap<&TopicId, &str> {
    analysis.topic_distribution.iter().map(|topic| (&topic.topic_id, topic.name.as_str())).collect()
}

/// Whether the forecast is worth more than counting, in a sentence.
pub(super) fn verdict(analysis: &Analysis) -> String {
    match analysis.forecast_quality {
        ForecastQuality::Better => "On this course's past exams the forecast was better than counting.",
        ForecastQuality::NoBetter => "On this course's past exams the forecast was no better than counting.",
        ForecastQuality::Unknown => "There are too few past exams to tell how good the forecast is.",
    }
    .to_owned()
}

/// The backtest's rows: who predicted, Brier score, log score.
pub(super) fn scores(backtest: &BacktestSummary) -> Vec<[String; 3]> {
    let rows =
        [("forecast", backtest.model), ("frequency", backtest.all_time_frequency), ("last exam", backtest.last_exam)];
    rows.map(|(name, score)| [name.to_owned(), format!("{:.4}", score.brier), format!("{:.4}", score.log_score)])
        .to_vec()
}

/// A probability in percent.
pub(super) fn percent(probability: f64) -> String {
    format!("{:.0} %", probability * 100.0)
}

/// A table with numbers on the right.
fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(head).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn topics(analysis: &Analysis) -> String {
    let row = |topic: &shared::domain::analysis::TopicShare| {
        [
            plain(&topic.name).into_owned(),
            topic.count.to_string(),
            format!("{:.1}", topic.percentage),
            format!("{:.1}", topic.points_percentage),
            format!("{:.1}", topic.avg_points),
        ]
    };
    let head = ["topic", "questions", "% of questions", "% of points", "points each"];
    table(head, analysis.topic_distribution.iter().map(row).collect())
}

fn forecast(analysis: &Analysis, names: &HashMap<&TopicId, &str>) -> String {
    let mut topics: Vec<_> = analysis.forecast.iter().collect();
    topics.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let rows = topics.into_iter().map(|topic| {
        let [low, high] = topic.interval;
        [
            plain(names.get(&topic.topic_id).copied().unwrap_or_default()).into_owned(),
            percent(topic.probability),
            format!("{} to {}", percent(low), percent(high)),
            format!("{:.1}", topic.expected_count),
            topic.basis.clone(),
        ]
    });
    table(["topic", "probability", "90 % interval", "questions", "rests on"], rows.collect())
}

fn quality(analysis: &Analysis) -> String {
    let mut text = verdict(analysis);
    if let Some(backtest) = &analysis.backtest {
        let _ = write!(text, " {} exams predicted from the years before them; lower is better:\n{}", backtest.exams, {
            table(["predicted by", "Brier", "log score"], scores(backtest))
        });
    }
    text
}

fn high_value(analysis: &Analysis) -> String {
    let row = |topic: &shared::domain::analysis::HighValueTopic| {
        [
            plain(&topic.name).into_owned(),
            format!("{:.1}", topic.expected_points),
            percent(topic.probability),
            format!("{:.1}", topic.avg_points),
            percent(topic.frequency_score),
        ]
    };
    let head = ["topic", "expected points", "probability", "points each", "on past exams"];
    table(head, analysis.high_value_topics.iter().map(row).collect())
}

fn study_order(analysis: &Analysis, names: &HashMap<&TopicId, &str>) -> String {
    let line =
        |(place, id): (usize, &TopicId)| format!("{:>3}. {}", place + 1, plain(names.get(id).copied().unwrap_or("")));
    analysis.recommended_study_order.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn difficulty(analysis: &Analysis) -> String {
    let mix = analysis.difficulty_distribution;
    format!("easy {:.1} %, medium {:.1} %, hard {:.1} %", mix.easy, mix.medium, mix.hard)
}

fn patterns(analysis: &Analysis) -> String {
    let year = |year: Option<i32>| year.map_or_else(String::new, |year| year.to_string());
    let row = |pattern: &shared::domain::analysis::PatternShare| {
        [
            plain(&pattern.name).into_owned(),
            pattern.count.to_string(),
            percent(pattern.appearance_rate),
            year(pattern.first_year),
            year(pattern.last_year),
        ]
    };
    let head = ["pattern", "questions", "on past exams", "first", "last"];
    table(head, analysis.patterns.iter().map(row).collect())
}
