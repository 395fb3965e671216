//! A midterm as a printable HTML page: one block per question, with points and minutes. The browser renders the
//! formulas.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::domain::catalog::parts::with_gaps;
use shared::domain::midterm::Midterm;
use shared::domain::questions::view::{OptionView, PartView, QuestionView};

use crate::images::Images;

const STYLE: &str = include_str!("printable.css");

/// Renders the page.
pub(crate) fn page(midterm: &Midterm<QuestionView>, images: &Images, with_answers: bool) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Practice midterm" @if with_answers { " with answers" } }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Practice midterm" @if with_answers { ", with answers" } }
                    p.facts {
                        (midterm.questions.len()) " questions · "
                        (number(midterm.fit.points.achieved)) " points · "
                        (number(midterm.fit.minutes.achieved)) " minutes"
                    }
                    p.name { "Name" span {} }
                }
                main {
                    @for (index, question) in midterm.questions.iter().enumerate() {
                        (block(index + 1, question, images, with_answers))
                    }
                }
            }
        }
    };
    page.into_string()
}

fn block(place: usize, question: &QuestionView, images: &Images, with_answers: bool) -> Markup {
    let worth = [(question.points, "points"), (question.meta.estimated_time, "minutes")];
    let worth: Vec<String> = worth.iter().filter_map(|(n, unit)| n.map(|n| format!("{} {unit}", number(n)))).collect();
    html! {
        section {
            h2 { "Question " (place) span { (worth.join(" · ")) } }
            @if let Some(stem) = &question.stem {
                (images.paragraphs(&with_gaps(stem, question.parts.len()), &question.figures))
                @for shown in &question.parts { (part(shown, question, images, with_answers)) }
            } @else {
                (images.paragraphs(&question.question_text, &question.figures))
                (options(&question.options, question, images))
            }
            (images.others(question))
            @if with_answers { (solution(question, images)) } @else if question.parts.iter().all(|part| part.is_gap) { div.room {} }
        }
    }
}

fn options(options: &[OptionView], question: &QuestionView, images: &Images) -> Markup {
    html! {
        @if !options.is_empty() {
            ol.options {
                @for option in options {
                    li { b { (option.letter) } " " (images.line(&option.text, &question.figures)) }
                }
            }
        }
    }
}

/// A part below the stem. A gap that has neither text nor options is in the stem alone.
fn part(part: &PartView, question: &QuestionView, images: &Images, with_answers: bool) -> Markup {
    let is_in_stem = part.is_gap && part.text.trim().is_empty() && part.options.is_empty();
    html! {
        @if !is_in_stem {
            div.part {
                h3 {
                    "(" (part.label) ")"
                    @if let Some(points) = part.points { span { (number(points)) " points" } }
                }
                (images.paragraphs(&part.text, &question.figures))
                (options(&part.options, question, images))
                @if !with_answers && !part.is_gap { div.room {} }
            }
        }
    }
}

fn solution(question: &QuestionView, images: &Images) -> Markup {
    html! {
        div.solution {
            @if let Some(steps) = &question.solution_steps { (images.paragraphs(steps, &question.figures)) }
            @if question.parts.is_empty() {
                @if let Some(answer) = &question.answer { p { b { "Answer " } (images.line(&as_formula(answer), &question.figures)) } }
            }
            @for part in &question.parts {
                @if let Some(answer) = &part.answer {
                    p { b { "Answer (" (part.label) ") " } (images.line(&as_formula(answer), &question.figures)) }
                }
            }
        }
    }
}

/// Many answers are LaTeX without dollars: wraps them in dollars.
fn as_formula(answer: &str) -> String {
    let is_formula = !answer.contains('$') && answer.contains(['\\', '^', '_']);
    if is_formula { format!("${answer}$") } else { answer.to_owned() }
}

/// Formats a number without trailing zero decimals.
fn number(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}
