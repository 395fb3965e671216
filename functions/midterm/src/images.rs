//! The figures of a printed midterm. They are in the page itself, because a client prints a page that it received with its
//! token, and that has no address. Those that no longer fit into a response are loaded from their addresses.

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use shared::app::App;
use shared::app::response_size::bytes_as_sent;
use shared::domain::catalog::figures::FigureDigest;
use shared::domain::questions::view::{FigureView, QuestionView};
use shared::http::Problem;

/// Maximum bytes of a page with its images. A Lambda response holds at most 6 MB.
const PAGE_BYTES_MAX: usize = 5_000_000;

/// The images of a page, by digest. Each is in the page once.
#[derive(Default)]
pub(crate) struct Images(RefCell<HashMap<FigureDigest, String>>);

impl Images {
    /// Reads the figures of these questions, as many as fit into a page.
    pub(crate) async fn of(app: &App, questions: &[QuestionView]) -> Result<Self, Problem> {
        let mut images = HashMap::new();
        let mut room = PAGE_BYTES_MAX.saturating_sub(bytes_as_sent(&questions));
        for figure in questions.iter().flat_map(|question| &question.figures) {
            if images.contains_key(&figure.digest) {
                continue;
            }
            let Some(file) = app.store.figure(&figure.digest).await? else { continue };
            let source = format!("data:{};base64,{}", file.media_type.as_str(), STANDARD.encode(&file.bytes));
            let Some(rest) = room.checked_sub(source.len()) else { break };
            room = rest;
            images.insert(figure.digest.clone(), source);
        }
        Ok(Self(RefCell::new(images)))
    }

    /// Puts the images of a question into the page. A figure that is in the page already, does not fit, or stands in several
    /// places is loaded from its address.
    pub(crate) fn embed(&self, question: &mut QuestionView) {
        let texts = texts(question);
        let places: Vec<usize> =
            (1..=question.figures.len()).map(|number| texts.matches(&mark(number)).count()).collect();
        for (figure, places) in question.figures.iter_mut().zip(places) {
            if places > 1 {
                continue;
            }
            if let Some(source) = self.0.borrow_mut().remove(&figure.digest) {
                figure.url = Some(source);
            }
        }
    }
}

/// The figures that no text of the question has a place for.
pub(crate) fn others(question: &QuestionView) -> Markup {
    let texts = texts(question);
    let numbered = question.figures.iter().enumerate().map(|(index, figure)| (index + 1, figure));
    let others = numbered.filter(|(number, _)| !texts.contains(&mark(*number)));
    html! { @for (number, figure) in others { p { (image(number, figure)) } } }
}

/// The mark of a figure's place in a text.
fn mark(number: usize) -> String {
    format!("[figure {number}]")
}

/// All texts of a question.
fn texts(question: &QuestionView) -> String {
    let solution = [&question.solution_steps, &question.answer].into_iter().flatten();
    let own = question.options.iter().map(|option| &option.text);
    let of_parts = question.parts.iter().flat_map(|part| &part.options).map(|option| &option.text);
    let all: Vec<&str> = std::iter::once(&question.question_text)
        .chain(solution)
        .chain(own)
        .chain(of_parts)
        .map(String::as_str)
        .collect();
    all.join("\n")
}

fn image(number: usize, figure: &FigureView) -> Markup {
    let alt = figure.alt.clone().unwrap_or_else(|| format!("figure {number}"));
    html! {
        @match &figure.url {
            Some(source) => img src=(source) alt=(alt) width=[figure.width] height=[figure.height];,
            None => { "[" (alt) "]" }
        }
    }
}
