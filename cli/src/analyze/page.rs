//! An analysis as one HTML page that needs no other file and no network.

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::domain::analysis::Analysis;
use shared::domain::catalog::Course;

use super::charts;
use super::tables::{percent, scores, topic_names, verdict};

/// Widths that charts are drawn for; the page shows the one that fits.
const WIDE_PIXELS: u32 = 820;
const NARROW_PIXELS: u32 = 350;

const STYLE: &str = include_str!("page.css");

/// The page.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn page(course: &Course, analysis: &Analysis) -> Result<String> {
    let heat_map = figure(
        "Questions by topic and year",
        "The darker, the more questions. A year with several exams counts them together.",
        |width| charts::heat_map(analysis, width),
    )?;
    let forecast = figure(
        "The next exam",
        "The dot is the probability that the topic is asked, the line its 90 % interval.",
        |width| charts::forecast(analysis, width),
    )?;
    // On a narrow chart there is no room for every label.
    let mix = analysis.difficulty_distribution;
    let shares = [("easy", mix.easy), ("medium", mix.medium), ("hard", mix.hard)];
    let shares = shares.map(|(name, share)| format!("{name} {}", percent(share / 100.0))).join(", ");
    let caption = format!("Shares of the rated questions: {shares}.");
    let difficulty = figure("Difficulty", &caption, |width| charts::difficulty(analysis, width))?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (course.name) ": analysis of past exams" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (course.name) }
                    p.edition { "Analysis of past exams · edition " (analysis.edition) }
                    p { (analysis.study_strategy) }
                    (forecast)
                    (quality(analysis))
                    (heat_map)
                    (difficulty)
                    (high_value(analysis))
                    (study_order(analysis))
                }
            }
        }
    };
    Ok(page.into_string())
}

fn figure(title: &str, caption: &str, draw: impl Fn(u32) -> Result<String>) -> Result<Markup> {
    let (wide, narrow) = (draw(WIDE_PIXELS)?, draw(NARROW_PIXELS)?);
    Ok(html! {
        h2 { (title) }
        figure {
            div.wide role="img" aria-label=(title) { (PreEscaped(wide)) }
            div.narrow role="img" aria-label=(title) { (PreEscaped(narrow)) }
            figcaption { (caption) }
        }
    })
}

fn quality(analysis: &Analysis) -> Markup {
    html! {
        p { (verdict(analysis)) }
        @if let Some(backtest) = &analysis.backtest {
            table {
                caption { (backtest.exams) " exams predicted from the years before them; lower is better" }
                thead { tr { th { "predicted by" } th { "Brier" } th { "log score" } } }
                tbody {
                    @for row in scores(backtest) { tr { @for cell in row { td { (cell) } } } }
                }
            }
        }
    }
}

fn high_value(analysis: &Analysis) -> Markup {
    html! {
        h2 { "Worth most on the next exam" }
        table {
            thead { tr { th { "topic" } th { "expected points" } th { "probability" } th { "points each" } } }
            tbody {
                @for topic in &analysis.high_value_topics {
                    tr {
                        td { (topic.name) }
                        td { (format!("{:.1}", topic.expected_points)) }
                        td { (percent(topic.probability)) }
                        td { (format!("{:.1}", topic.avg_points)) }
                    }
                }
            }
        }
    }
}

fn study_order(analysis: &Analysis) -> Markup {
    let names = topic_names(analysis);
    html! {
        h2 { "Study in this order" }
        ol { @for id in &analysis.recommended_study_order { li { (names.get(id).copied().unwrap_or_default()) } } }
    }
}
