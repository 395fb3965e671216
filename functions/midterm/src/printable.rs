//! A midterm as a printable HTML page: the questions with room for answers, and the answers on a sheet of their own. The
//! browser lays out the formulas, which were drawn when their questions were imported.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::domain::midterm::Midterm;
use shared::domain::questions::view::{OptionView, PartView, QuestionView};
use shared::http::printed::{counted, head};

use crate::images::{Images, others};
use crate::wide::fitted;

/// Room for an answer without points, in lines.
const LINES: f64 = 5.0;
const LINES_PER_POINT: f64 = 1.2;
const LINES_MIN: f64 = 3.0;
const LINES_MAX: f64 = 18.0;

/// Renders the page.
pub(crate) fn page(midterm: &Midterm<QuestionView>, course: &str, images: &Images, with_answers: bool) -> String {
    let is_undrawn = midterm.questions.iter().any(QuestionView::is_undrawn);
    let title = format!("{course}, practice midterm{}", if with_answers { " with answers" } else { "" });
    let questions = images.with_html(&midterm.questions);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title, ""))
            body {
                header {
                    h1 { (course) }
                    p.kind { "Practice midterm · " (midterm.created_at.strftime("%-d %B %Y").to_string()) }
                    p.facts {
                        (counted(questions.len(), "question")) " · " (points(&questions)) " · "
                        @if questions.iter().any(|question| question.meta.estimated_time.is_none()) { "about " }
                        (number(midterm.fit.minutes.achieved)) " minutes"
                    }
                    @if is_undrawn {
                        p.note { "This midterm was made before formulas were drawn; they are shown in LaTeX." }
                    }
                    p.name { "Name" span {} }
                }
                main {
                    @for (index, question) in questions.iter().enumerate() { (block(index + 1, question)) }
                }
                @if with_answers {
                    div.answers {
                        h1 { "Answers" }
                        @for (index, question) in questions.iter().enumerate() { (solution(index + 1, question)) }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn block(place: usize, question: &QuestionView) -> Markup {
    let worth = [(question.points, "point"), (question.meta.estimated_time, "minute")];
    let worth: Vec<String> = worth.iter().filter_map(|(n, unit)| n.map(|n| measured(n, unit))).collect();
    let has_rooms = question.parts.iter().any(|part| !part.is_gap);
    html! {
        section {
            h2 { "Question " (place) span { (worth.join(" · ")) } }
            @if let Some(stem) = &question.stem_html {
                (markup(stem))
                @for shown in &question.parts { (part(shown)) }
            } @else {
                (drawn(question.question_html.as_ref()))
                (options(&question.options))
            }
            (others(question))
            @if !has_rooms { (room(question.points, &question.options)) }
        }
    }
}

fn options(options: &[OptionView]) -> Markup {
    html! {
        @if !options.is_empty() {
            ol.options {
                @for option in options {
                    li { b { (option.letter) } " " (drawn(option.html.as_ref())) }
                }
            }
        }
    }
}

/// A part below the stem. A gap that has neither text nor options is in the stem alone.
fn part(part: &PartView) -> Markup {
    let is_in_stem = part.is_gap && part.text.trim().is_empty() && part.options.is_empty();
    html! {
        @if !is_in_stem {
            div.part {
                h3 {
                    "(" (part.label) ")"
                    @if let Some(points) = part.points { span { (measured(points, "point")) } }
                }
                (drawn(part.html.as_ref()))
                (options(&part.options))
                @if !part.is_gap { (room(part.points, &part.options)) }
            }
        }
    }
}

/// Room for an answer: the more points, the more lines. A choice needs room for a few notes only.
fn room(points: Option<f64>, options: &[OptionView]) -> Markup {
    let lines = if options.is_empty() { points.map_or(LINES, |points| points * LINES_PER_POINT) } else { LINES_MIN };
    let style = format!("height:{:.1}em", 1.45 * lines.clamp(LINES_MIN, LINES_MAX));
    html! { div.room style=(style) {} }
}

fn solution(place: usize, question: &QuestionView) -> Markup {
    html! {
        section.solution {
            h2 { "Question " (place) }
            (drawn(question.solution_html.as_ref()))
            @if question.parts.is_empty() {
                @if let Some(answer) = &question.answer_html { p { b { "Answer " } (markup(answer)) } }
            }
            @for part in &question.parts {
                @if let Some(answer) = &part.answer_html { p { b { "Answer (" (part.label) ") " } (markup(answer)) } }
            }
        }
    }
}

/// Markup that `domain::text` wrote.
pub(crate) fn markup(html: &str) -> Markup {
    PreEscaped(fitted(html).into_owned())
}

pub(crate) fn drawn(html: Option<&String>) -> Markup {
    html.map(|html| markup(html)).unwrap_or_default()
}

/// The sum of the points that questions have, and how many have none.
fn points(questions: &[QuestionView]) -> String {
    let known: Vec<f64> = questions.iter().filter_map(|question| question.points).collect();
    let without = questions.len() - known.len();
    let sum = measured(known.iter().sum(), "point");
    match (known.len(), without) {
        (_, 0) => sum,
        (0, _) => "no points".to_owned(),
        (_, without) => format!("{sum} and {} without points", counted(without, "question")),
    }
}

pub(crate) fn measured(amount: f64, unit: &str) -> String {
    let number = number(amount);
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// Formats a number with at most two decimals, without trailing zeros.
pub(crate) fn number(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_trailing_zeros() {
        for (amount, expected) in [(7.0, "7 points"), (1.0, "1 point"), (2.25, "2.25 points"), (10.5, "10.5 points")] {
            assert_eq!(measured(amount, "point"), expected);
        }
    }

    #[test]
    fn room_grows_with_points_within_bounds() {
        let height = |points| room(points, &[]).into_string();
        assert!(height(Some(0.5)).contains("height:4.3em") || height(Some(0.5)).contains("height:4.4em"));
        assert!(height(None).contains("height:7.2em") || height(None).contains("height:7.3em"));
        assert!(height(Some(100.0)).contains("height:26.1em"));
        assert_ne!(height(Some(5.0)), height(Some(10.0)));
    }
}
