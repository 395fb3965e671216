//! Weak topics, topics never tried and the plan as a page to print.

use std::collections::HashMap;

use jiff::Timestamp;
use maud::{Markup, html};
use shared::domain::catalog::Bank;
use shared::domain::id::TopicId;
use shared::domain::mastery::Priority;
use shared::domain::review::ReviewQueue;
use shared::domain::study::advice::{Advice, UntriedTopicView, WeakTopicView};
use shared::http::printed::{self, counted};

use crate::charts;
use crate::progress_page::STYLE;

/// Renders the page.
pub(crate) fn page(course: &str, bank: &Bank, advice: &Advice, review: &ReviewQueue, now: Timestamp) -> String {
    let body = html! {
        header {
            h1 { (course) }
            p.kind { "Study plan of " (now.strftime("%-d %B %Y").to_string()) }
        }
        main {
            section.long {
                h2 { "What to study next" }
                (plan(advice, bank))
                @if review.due_today > 0 {
                    p { (counted(review.due_today as usize, "answered question")) " to see again today." }
                }
            }
            section.long {
                h2 { "Weak topics" }
                (table(&advice.weak_topics, "No answer shows a weakness."))
            }
            section.long {
                h2 { "Not tried yet" }
                (table(&advice.untried_topics, "You have tried every topic."))
            }
        }
    };
    printed::page(&format!("{course}: study plan"), STYLE, &body)
}

/// The plan as a list.
pub(crate) fn plan(advice: &Advice, bank: &Bank) -> Markup {
    let names: HashMap<&TopicId, &str> = bank.topics.iter().map(|topic| (&topic.id, topic.name.as_str())).collect();
    html! {
        @if advice.plan.is_empty() {
            p { "The course has no questions to practise." }
        } @else {
            ol.plan {
                @for topic in &advice.plan {
                    li {
                        b { (names.get(&topic.topic_id).copied().unwrap_or(topic.topic_id.as_str())) }
                        " · " (priority(topic.priority)) " · about " (format!("{:.0}", topic.estimated_time.max(1.0))) " min"
                        br;
                        (topic.reason)
                    }
                }
            }
        }
    }
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "high priority",
        Priority::Medium => "medium priority",
        Priority::Low => "low priority",
    }
}

/// A topic in a table.
struct Row<'a> {
    name: &'a str,
    mastery: f64,
    interval: [f64; 2],
    points: f64,
    reason: &'a str,
}

impl<'a> From<&'a WeakTopicView> for Row<'a> {
    fn from(WeakTopicView { name, mastery, interval, points_to_gain, reason, .. }: &'a WeakTopicView) -> Self {
        Self { name, mastery: *mastery, interval: *interval, points: *points_to_gain, reason }
    }
}

impl<'a> From<&'a UntriedTopicView> for Row<'a> {
    fn from(UntriedTopicView { name, mastery, interval, points_to_gain, reason, .. }: &'a UntriedTopicView) -> Self {
        Self { name, mastery: *mastery, interval: *interval, points: *points_to_gain, reason }
    }
}

fn table<'a, T>(topics: &'a [T], none: &str) -> Markup
where
    Row<'a>: From<&'a T>,
{
    if topics.is_empty() {
        return html! { p { (none) } };
    }
    html! {
        table.mastery {
            thead {
                tr { th scope="col" { "Topic" } th scope="col" { "Mastery from 0 to 100 %" } th.n scope="col" { "Mastery" } th.n scope="col" { "To gain" } }
            }
            tbody {
                @for row in topics.iter().map(Row::from) {
                    @let [low, high] = row.interval;
                    @let label = format!("{}, between {} and {}", charts::percent(row.mastery), charts::percent(low), charts::percent(high));
                    tr {
                        th scope="row" { (row.name) small { (row.reason) } }
                        td.chart { (charts::interval(row.mastery, row.interval, &label)) }
                        td.n data-head="Mastery" { (charts::percent(row.mastery)) }
                        td.n data-head="To gain" { (charts::amount(row.points, row.points)) " points" }
                    }
                }
            }
        }
    }
}
