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

    /// The questions with their texts as HTML.
    pub(crate) fn with_html(&self, questions: &[QuestionView]) -> Vec<QuestionView> {
        let mut questions = questions.to_vec();
        for question in &mut questions {
            self.write_html(question);
        }
        questions
    }

    /// Writes the HTML of a question with its images: each is in the page once, and where it is shown again, or does not fit, it
    /// is loaded from its address.
    fn write_html(&self, question: &mut QuestionView) {
        let addresses: Vec<Option<String>> = question
            .figures
            .iter_mut()
            .enumerate()
            .map(|(index, figure)| figure.url.replace(stand_in(index)))
            .collect();
        question.add_html();
        for (index, address) in addresses.into_iter().enumerate() {
            let digest = &question.figures[index].digest;
            let mut source = self.0.borrow_mut().remove(digest);
            for html in printed_html(question) {
                while html.contains(&stand_in(index)) {
                    let shown = source.take().or_else(|| address.clone()).unwrap_or_default();
                    *html = html.replacen(&stand_in(index), &shown.replace('&', "&amp;"), 1);
                }
            }
            question.figures[index].url = source.or(address);
        }
    }
}

/// Stands for the address of a figure until all places of its question are known.
fn stand_in(index: usize) -> String {
    format!("figure:{index}:")
}

/// The HTML of a question in the order of the page.
fn printed_html(question: &mut QuestionView) -> impl Iterator<Item = &mut String> {
    let text = if question.stem_html.is_some() { &mut question.stem_html } else { &mut question.question_html };
    let options = question.options.iter_mut().map(|option| &mut option.html);
    let mut answers = vec![&mut question.solution_html, &mut question.answer_html];
    let mut parts = Vec::new();
    for part in &mut question.parts {
        parts.push(&mut part.html);
        parts.extend(part.options.iter_mut().map(|option| &mut option.html));
        answers.extend([&mut part.solution_html, &mut part.answer_html]);
    }
    std::iter::once(text).chain(options).chain(parts).chain(answers).flatten()
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
