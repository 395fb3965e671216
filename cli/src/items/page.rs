//! Item statistics as one HTML page that needs no other file and no network.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::domain::items::{Flag, OptionStatistics};

use super::table::{LEGEND, summary, two_parameter, with_interval};
use super::{ItemReport, ItemRow};

const STYLE: &str = include_str!("../analyze/page.css");
/// What this page has beyond the style of an analysis.
const MORE: &str = "article { border-top: 1px solid #dee2e8; padding: .75rem 0; break-inside: avoid; }
h2 { margin: 0; overflow-wrap: anywhere; }
.text { margin: .25rem 0; overflow-wrap: anywhere; }
.flags { margin: .25rem 0; padding-left: 1.25rem; color: #9a3412; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .25rem 1rem; margin: .5rem 0; }
dt { color: #5b6573; font-size: .8rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
.key { font-weight: 600; }
";

/// The page.
#[must_use]
pub fn page(report: &ItemReport) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (report.course) ": item statistics" }
                style { (PreEscaped(STYLE)) (PreEscaped(MORE)) }
            }
            body {
                main {
                    h1 { (report.course) }
                    p.edition { "Item statistics · " (summary(report)) }
                    p { (LEGEND) }
                    @for row in &report.rows { (article(row)) }
                }
            }
        }
    };
    page.into_string()
}

fn article(row: &ItemRow) -> Markup {
    let found = &row.statistics;
    let [discrimination, difficulty] = two_parameter(row);
    let facts = [
        ("version", row.version.to_string()),
        ("answers to earlier versions", row.earlier.to_string()),
        ("answers", found.shown.to_string()),
        ("facility", with_interval(found.facility, Some(found.facility_interval))),
        ("item-rest", with_interval(found.item_rest, found.item_rest_interval)),
        ("upper-lower", found.upper_lower.map_or_else(|| "-".to_owned(), |found| format!("{found:.2}"))),
        ("discrimination (2PL)", discrimination),
        ("difficulty (2PL)", difficulty),
        ("blank", found.blank.to_string()),
        ("unlocked, not answered", row.omitted.to_string()),
        ("marked by students", row.own_marks.to_string()),
        ("median seconds", row.median_seconds.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string())),
    ];
    html! {
        article {
            h2 { (row.id) }
            p.text { (row.preview) }
            @if !row.flags.is_empty() {
                ul.flags { @for reason in row.flags.iter().map(Flag::reason) { li { (reason) } } }
            }
            dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
            @if !found.options.is_empty() { (options(&found.options)) }
        }
    }
}

fn options(options: &[OptionStatistics]) -> Markup {
    html! {
        table {
            thead { tr { th { "option" } th { "chosen" } th { "correlation with the rest" } } }
            tbody {
                @for option in options {
                    tr.key[option.is_key] {
                        td { (option.letters) @if option.is_key { " (key)" } }
                        td { (option.chosen) }
                        td { (with_interval(option.option_rest, option.option_rest_interval)) }
                    }
                }
            }
        }
    }
}
