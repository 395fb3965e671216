//! The figures of a printed midterm. They are in the page itself, because a client prints a page that it received with its
//! token, and that has no address. Those that no longer fit into a response are loaded from their addresses.

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use shared::app::App;
use shared::app::response_size::bytes_as_sent;
use shared::domain::catalog::figures::{FigureDigest, Piece, split_at_figures};
use shared::domain::questions::view::{FigureView, QuestionView};
use shared::http::Problem;

use crate::math::line_of;

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

    /// Converts each line of `text` to a paragraph, with the figures at their places.
    pub(crate) fn paragraphs(&self, text: &str, figures: &[FigureView]) -> Markup {
        html! {
            @for line in text.lines().filter(|line| !line.trim().is_empty()) { p { (self.line(line, figures)) } }
        }
    }

    /// Converts a line with its formulas and figures.
    pub(crate) fn line(&self, line: &str, figures: &[FigureView]) -> Markup {
        html! {
            @for piece in split_at_figures(line, figures.len()) {
                @match piece {
                    Piece::Text(text) => (line_of(text)),
                    Piece::Figure(index) => (self.image(index, &figures[index])),
                }
            }
        }
    }

    /// The figures that no text of the question has a place for.
    pub(crate) fn others(&self, question: &QuestionView) -> Markup {
        let solution = [&question.solution_steps, &question.answer].into_iter().flatten();
        let options = question.options.iter().map(|option| &option.text);
        let texts: Vec<&String> = std::iter::once(&question.question_text).chain(solution).chain(options).collect();
        let has_place = |index: usize| texts.iter().any(|text| text.contains(&format!("[figure {}]", index + 1)));
        let others = question.figures.iter().enumerate().filter(|(index, _)| !has_place(*index));
        html! { @for (index, figure) in others { p { (self.image(index, figure)) } } }
    }

    /// A figure that is in the page already, or does not fit, is loaded from its address.
    fn image(&self, index: usize, figure: &FigureView) -> Markup {
        let source = self.0.borrow_mut().remove(&figure.digest).or_else(|| figure.url.clone());
        let alt = figure.alt.clone().unwrap_or_else(|| format!("figure {}", index + 1));
        html! {
            @match source {
                Some(source) => img src=(source) alt=(alt) width=[figure.width] height=[figure.height];,
                None => { "[" (alt) "]" }
            }
        }
    }
}
