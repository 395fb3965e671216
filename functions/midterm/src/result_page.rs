//! The result of a sitting as a printable HTML page, in the style of the midterm: the score, what to review, and each question
//! with the student's answer beside the right one.

use maud::{DOCTYPE, Markup, html};
use shared::domain::id::QuestionId;
use shared::domain::midterm::Midterm;
use shared::domain::midterm::result::SittingResult;
use shared::domain::midterm::sitting::{MarkState, SatPart, SatQuestion};
use shared::domain::questions::view::{OptionView, QuestionView};
use shared::domain::study::attempt::GradedBy;
use shared::http::printed::{counted, head};

use crate::images::Images;
use crate::printable::{drawn, markup, measured, number};

const OWN_STYLE: &str = include_str!("result.css");

/// Renders the page.
pub(crate) fn page(midterm: &Midterm<QuestionView>, result: &SittingResult, course: &str, images: &Images) -> String {
    let questions = images.with_html(&midterm.questions);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{course}, result of a practice midterm"), OWN_STYLE))
            body {
                header {
                    h1 { (course) }
                    p.kind { "Result of the practice midterm of " (midterm.created_at.strftime("%-d %B %Y").to_string()) }
                    (score(result))
                }
                main {
                    (review(result, &questions))
                    @for (index, (question, sat)) in questions.iter().zip(&result.questions).enumerate() {
                        (block(index + 1, question, sat))
                    }
                }
            }
        }
    };
    page.into_string()
}

fn score(result: &SittingResult) -> Markup {
    html! {
        p.score {
            strong { (number(result.earned)) " of " (measured(result.points - result.unmarked, "point")) }
            @if let Some(percent) = result.percent { " · " (number(percent)) " %" }
        }
        p.facts {
            "Time: " (duration(result.seconds)) " of " (duration(result.seconds_allowed))
            @if result.late { " · " strong { "handed in late" } }
        }
        @if result.unmarked > 0.0 {
            p.note {
                (measured(result.unmarked, "more point")) " can be marked by you alone: compare these answers with the \
                 solutions. They are not in the sum."
            }
        }
    }
}

fn review(result: &SittingResult, questions: &[QuestionView]) -> Markup {
    let place = |id: &QuestionId| questions.iter().position(|question| question.meta.id == *id);
    html! {
        section.review {
            h2 { "What to review" }
            @if result.review.is_empty() {
                p { "No marked answer lost points." }
            } @else {
                table {
                    caption { "Topics by the points that they cost" }
                    thead { tr { th scope="col" { "Topic" } th.n scope="col" { "Lost" } th.n scope="col" { "Of" } th scope="col" { "Questions" } } }
                    tbody {
                        @for topic in &result.review {
                            tr {
                                th scope="row" { (topic.topic_name.as_deref().unwrap_or(topic.topic_id.as_str())) }
                                td.n { (number(topic.points_lost)) }
                                td.n { (number(topic.points)) }
                                td {
                                    @let places: Vec<String> = topic.question_ids.iter().filter_map(place)
                                        .map(|index| (index + 1).to_string()).collect();
                                    (places.join(", "))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn block(place: usize, question: &QuestionView, sat: &SatQuestion) -> Markup {
    html! {
        section {
            h2 { "Question " (place) span { (verdict(sat)) } }
            @if let Some(stem) = &question.stem_html { (markup(stem)) } @else { (drawn(question.question_html.as_ref())) }
            (options(&question.options))
            @if question.parts.is_empty() {
                (own(sat.answer.as_deref()))
                @if let Some(answer) = &question.answer_html { p { b { "Right answer " } (markup(answer)) } }
            }
            @for (part, marked) in question.parts.iter().zip(&sat.parts) {
                div.part {
                    h3 { "(" (part.label) ")" span { (part_verdict(marked)) } }
                    (drawn(part.html.as_ref()))
                    (options(&part.options))
                    (own(sat.answers.get(&part.label).or(sat.answer.as_ref()).map(String::as_str)))
                    @if let Some(answer) = &part.answer_html { p { b { "Right answer " } (markup(answer)) } }
                }
            }
        }
    }
}

fn options(options: &[OptionView]) -> Markup {
    html! {
        @if !options.is_empty() {
            ol.options { @for option in options { li { b { (option.letter) } " " (drawn(option.html.as_ref())) } } }
        }
    }
}

fn own(answer: Option<&str>) -> Markup {
    html! {
        p {
            b { "Your answer " }
            @match answer.map(str::trim).filter(|answer| !answer.is_empty()) {
                Some(answer) => { code { (answer) } }
                None => { "none" }
            }
        }
    }
}

fn verdict(sat: &SatQuestion) -> String {
    let earned = format!("{} of {}", number(sat.earned), measured(sat.points, "point"));
    match sat.state {
        MarkState::Marked => format!("{earned}{}", marker(sat.graded_by)),
        MarkState::Unanswered => format!("not answered · {earned}"),
        MarkState::Unmarked if sat.earned > 0.0 => format!("{earned} · {} to mark", number(sat.unmarked)),
        MarkState::Unmarked => format!("{} to mark", measured(sat.unmarked, "point")),
    }
}

fn part_verdict(part: &SatPart) -> String {
    match part.earned {
        Some(earned) => format!("{} of {}{}", number(earned), measured(part.points, "point"), marker(part.graded_by)),
        None => format!("{}, not marked", measured(part.points, "point")),
    }
}

fn marker(graded_by: Option<GradedBy>) -> &'static str {
    if graded_by == Some(GradedBy::Student) { " · marked by you" } else { "" }
}

/// Seconds as text: `1 hour 5 minutes`, `45 seconds`.
fn duration(seconds: i64) -> String {
    let seconds = usize::try_from(seconds).unwrap_or(0);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let units = [(hours, "hour"), (minutes, "minute")];
    let text: Vec<String> = units.into_iter().filter(|(n, _)| *n > 0).map(|(n, unit)| counted(n, unit)).collect();
    if text.is_empty() { counted(seconds, "second") } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_their_largest_units() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (3_900, "1 hour 5 minutes"),
            (-3, "0 seconds"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
