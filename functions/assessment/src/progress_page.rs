//! A student's progress in a course as a page to print: the points to expect, the mastery of each topic, the activity of a year,
//! and the plan.

use jiff::Timestamp;
use maud::{Markup, html};
use shared::domain::analysis::ForecastQuality;
use shared::domain::catalog::Bank;
use shared::domain::study::advice::Advice;
use shared::domain::study::exam_points::ExamPoints;
use shared::domain::study::{AttemptTotals, TopicMasteryView};
use shared::http::printed::{self, counted};

use crate::charts;
use crate::plan_page::plan;
use crate::show_progress::ProgressAnswer;

pub(crate) const STYLE: &str = include_str!("progress.css");

/// What the page says beyond the JSON answer.
pub(crate) struct More<'a> {
    pub(crate) course: &'a str,
    pub(crate) bank: &'a Bank,
    pub(crate) now: Timestamp,
    /// Weeks, oldest first.
    pub(crate) weeks: Vec<(i64, AttemptTotals)>,
    /// `None` in a course without past exams.
    pub(crate) points: Option<ExamPoints>,
    pub(crate) quality: Option<ForecastQuality>,
    pub(crate) advice: Advice,
}

/// Renders the page.
pub(crate) fn page(progress: &ProgressAnswer, more: &More<'_>) -> String {
    let body = html! {
        header {
            h1 { (more.course) }
            p.kind { "Progress on " (more.now.strftime("%-d %B %Y").to_string()) }
            (facts(progress))
        }
        main {
            section {
                h2 { "The next exam" }
                (next_exam(more, progress.total.attempts > 0))
            }
            section.long {
                h2 { "Mastery by topic" }
                (mastery(progress))
            }
            section {
                h2 { "Activity" }
                (activity(more))
            }
            section.long {
                h2 { "What to study next" }
                (plan(&more.advice, more.bank))
            }
        }
    };
    printed::page(&format!("{}: progress", more.course), STYLE, &body)
}

fn facts(progress: &ProgressAnswer) -> Markup {
    let total = &progress.total;
    html! {
        p.facts {
            (counted(total.attempts as usize, "answer"))
            @if total.attempts > 0 { ", " (total.correct) " of them right (" (charts::percent(total.accuracy_rate)) ")" }
            @if progress.questions_unlocked > 0 {
                " · " (progress.questions_attempted) " of " (counted(progress.questions_unlocked, "unlocked question")) " tried"
            }
            @if total.time_spent_seconds >= 60 { " · " (duration(total.time_spent_seconds)) }
            @if progress.streak_days > 0 { " · " (counted(progress.streak_days as usize, "day")) " in a row" }
            @if progress.longest_streak_days > 1 { " · longest streak " (progress.longest_streak_days) " days" }
        }
    }
}

fn next_exam(more: &More<'_>, has_answers: bool) -> Markup {
    let Some(points) = &more.points else {
        return html! { p { "Without past exams of this course, nothing is known of the next one." } };
    };
    let amount = |one: f64| charts::amount(one, points.total);
    html! {
        p.lead {
            "You can expect about " strong { (amount(points.expected)) " of " (amount(points.total)) }
            " points today. In eight of ten cases it is " (amount(points.low)) " to " (amount(points.high)) "."
        }
        (charts::points(points))
        p.hint {
            @if has_answers { "From your answers, and from how often past exams asked each topic." }
            @else { "From how often past exams asked each topic. You have not answered anything yet." }
            @if more.quality != Some(ForecastQuality::Better) {
                " The forecast of the topics is not proven to be better than counting them."
            }
        }
    }
}

fn mastery(progress: &ProgressAnswer) -> Markup {
    html! {
        p.hint {
            "The mark is the share of a topic's questions that you are expected to answer correctly, the bar its 90 % interval."
        }
        table.mastery {
            thead {
                tr { th scope="col" { "Topic" } th scope="col" { "From 0 to 100 %" } th.n scope="col" { "Mastery" } th.n scope="col" { "Answers" } }
            }
            tbody {
                @for topic in &progress.topics {
                    tr {
                        th scope="row" { (topic.name) }
                        td.chart { (bar(&topic.mastery)) }
                        td.n data-head="Mastery" { (said(&topic.mastery)) }
                        td.n data-head="Answers" {
                            @if topic.counts.attempts == 0 { "none" } @else { (topic.counts.correct) " of " (topic.counts.attempts) " right" }
                        }
                    }
                }
            }
        }
    }
}

fn bar(mastery: &TopicMasteryView) -> Markup {
    let [low, high] = mastery.interval;
    let label =
        format!("{}, between {} and {}", charts::percent(mastery.mastery), charts::percent(low), charts::percent(high));
    charts::interval(mastery.mastery, mastery.interval, &label)
}

fn said(mastery: &TopicMasteryView) -> Markup {
    let [low, high] = mastery.interval;
    html! {
        (charts::percent(mastery.mastery)) " (" (format!("{:.0}", 100.0 * low)) "\u{2013}" (charts::percent(high)) ")"
        @if !mastery.enough_data { small { "too few answers" } }
    }
}

fn activity(more: &More<'_>) -> Markup {
    let active: Vec<_> = more.weeks.iter().filter(|(_, totals)| totals.attempts > 0).collect();
    let answers: u32 = active.iter().map(|(_, totals)| totals.attempts).sum();
    let Some((monday, most)) = active.iter().max_by_key(|(_, totals)| totals.attempts) else {
        return html! { p { "No answers in the last " (more.weeks.len()) " weeks." } };
    };
    let told = format!(
        "{} in {} of the last {} weeks, most in the week of {}: {}.",
        counted(answers as usize, "answer"),
        active.len(),
        more.weeks.len(),
        charts::date(*monday),
        most.attempts
    );
    html! {
        p { (told) }
        (charts::calendar(&more.weeks, &told))
        p.hint { "Each square is a week; the darker, the more answers." }
        details {
            summary { "Weeks as a table" }
            table {
                thead { tr { th scope="col" { "Week of" } th.n scope="col" { "Answers" } th.n scope="col" { "Right" } th.n scope="col" { "Minutes" } } }
                tbody {
                    @for (monday, totals) in active.iter().rev() {
                        tr {
                            th scope="row" { (charts::date(*monday)) }
                            td.n { (totals.attempts) }
                            td.n { (totals.correct) }
                            td.n { (totals.seconds / 60) }
                        }
                    }
                }
            }
        }
    }
}

/// `3 h 20 min`, `45 min`.
fn duration(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_hours_and_minutes() {
        for (seconds, shown) in [(60, "1 min"), (3_600, "1 h"), (12_059, "3 h 20 min")] {
            assert_eq!(duration(seconds), shown);
        }
    }
}
