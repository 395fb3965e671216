//! The texts of a question as HTML, with the formulas that were drawn when it was imported.
//!
//! The text is parsed whenever it is shown; only formulas are stored as markup. So the same parser serves print, the API and
//! imports, and a formula is stored under the LaTeX that the parser finds.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::domain::catalog::Question;
use crate::domain::catalog::parts::with_gaps;
use crate::domain::questions::view::{Access, FigureView, OptionView, PartView, QuestionView};
use crate::domain::text::{Drawings, DrawnFormulas, Formula, ShownFigure, html, html_of_line, parse, parse_answer};

/// Maximum bytes of HTML in one response. With the texts of the largest midterm it stays below Lambda's limit of 6 MB.
pub const HTML_BYTES_MAX: usize = 1_000_000;

/// Adds the HTML of their texts to views, as long as all of it fits into a response. A view for which there is no room keeps
/// its texts only.
pub fn add_html(views: &mut [QuestionView]) {
    let mut room = HTML_BYTES_MAX;
    for view in views {
        view.add_html();
        match room.checked_sub(view.html_bytes()) {
            Some(left) => room = left,
            None => view.remove_html(),
        }
    }
}

/// All formulas of a question, with its solution, as its views show them.
#[must_use]
pub fn formulas(question: &Question) -> BTreeSet<Formula> {
    let found = Finder::default();
    for access in [Access::Locked, Access::Solution] {
        QuestionView::of(question, access).write_html(&found);
    }
    found.0.into_inner()
}

impl QuestionView {
    /// Adds the HTML of all texts that the view shows.
    pub fn add_html(&mut self) {
        let (drawn, figures) = (self.drawn.clone(), self.figures.clone());
        self.write_html(&Stored { drawn: drawn.as_deref(), figures: &figures });
    }

    /// Whether the view has formulas that were never drawn.
    #[must_use]
    pub fn is_undrawn(&self) -> bool {
        let found = Finder::default();
        self.drawn.is_none() && {
            self.clone().write_html(&found);
            !found.0.into_inner().is_empty()
        }
    }

    fn write_html(&mut self, drawings: &dyn Drawings) {
        let block = |text: &str| html(&parse(text), drawings);
        let answer = |text: &str| html_of_line(&parse_answer(text), drawings);
        self.question_html = Some(block(&self.question_text));
        self.stem_html = self.stem.as_deref().map(|stem| block(&with_gaps(stem, self.parts.len())));
        self.solution_html = self.solution_steps.as_deref().map(block);
        self.answer_html = self.answer.as_deref().map(answer);
        write_options(&mut self.options, drawings);
        for part in &mut self.parts {
            part.html = Some(block(&part.text));
            part.solution_html = part.solution_steps.as_deref().map(block);
            part.answer_html = part.answer.as_deref().map(answer);
            write_options(&mut part.options, drawings);
        }
    }

    /// Bytes of all HTML of the view in a JSON string within a JSON string.
    fn html_bytes(&self) -> usize {
        let of_option = |option: &OptionView| bytes(option.html.as_ref());
        let of_part = |part: &PartView| {
            bytes(part.html.as_ref())
                + bytes(part.solution_html.as_ref())
                + bytes(part.answer_html.as_ref())
                + part.options.iter().map(of_option).sum::<usize>()
        };
        let own = [&self.question_html, &self.stem_html, &self.solution_html, &self.answer_html];
        own.into_iter().map(|html| bytes(html.as_ref())).sum::<usize>()
            + self.options.iter().map(of_option).sum::<usize>()
            + self.parts.iter().map(of_part).sum::<usize>()
    }

    fn remove_html(&mut self) {
        (self.question_html, self.stem_html) = (None, None);
        (self.solution_html, self.answer_html) = (None, None);
        for part in &mut self.parts {
            (part.html, part.solution_html, part.answer_html) = (None, None, None);
        }
        for option in self.options.iter_mut().chain(self.parts.iter_mut().flat_map(|part| &mut part.options)) {
            option.html = None;
        }
    }
}

fn write_options(options: &mut [OptionView], drawings: &dyn Drawings) {
    for option in options {
        option.html = Some(html_of_line(&parse(&option.text), drawings));
    }
}

/// Lambda embeds the body in a JSON string: a quote takes four bytes.
fn bytes(html: Option<&String>) -> usize {
    let Some(html) = html else { return 0 };
    html.len() + html.bytes().map(|byte| if matches!(byte, b'"' | b'\\') { 3 } else { 0 }).sum::<usize>()
}

/// Draws what was stored with the question, and shows the figures that have an address.
struct Stored<'a> {
    drawn: Option<&'a DrawnFormulas>,
    figures: &'a [FigureView],
}

impl Drawings for Stored<'_> {
    fn formula(&self, formula: &Formula) -> Option<&str> {
        self.drawn?.formulas.get(formula).map(String::as_str)
    }

    fn figure(&self, number: usize) -> Option<ShownFigure<'_>> {
        let figure = self.figures.get(number.checked_sub(1)?)?;
        Some(ShownFigure {
            address: figure.url.as_deref()?,
            description: figure.alt.as_deref().unwrap_or_default(),
            size: figure.width.zip(figure.height),
        })
    }
}

/// Draws nothing, and notes each formula that is asked for.
#[derive(Default)]
struct Finder(RefCell<BTreeSet<Formula>>);

impl Drawings for Finder {
    fn formula(&self, formula: &Formula) -> Option<&str> {
        self.0.borrow_mut().insert(formula.clone());
        None
    }

    fn figure(&self, _: usize) -> Option<ShownFigure<'_>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn question() -> Question {
        let mut question: Question = serde_json::from_value(json!({
            "id": "q1", "exam_id": null, "topic_id": "t1", "topic_name": null, "course_id": "calc2", "pattern_id": null,
            "techniques": [], "difficulty": 3, "difficulty_reason": null, "source_exam_year": null,
            "source_exam_type": null, "source_question_number": null, "is_generated": false,
            "created_at": "2026-01-01T00:00:00Z",
            "question_text": "Let $f$ be [gap 1]. Then $$g=[gap 2]$$", "solution_steps": ["Use $h$."], "answer": "",
        }))
        .unwrap();
        let parts = json!([
            {"is_gap": true, "answer": "x^2"},
            {"is_gap": true, "text": "with $k$", "answer": "A", "solution_steps": ["By $m$."],
             "options": [{"letter": "A", "text": "$n$", "is_correct": true}]},
        ]);
        question.extra.insert("parts".to_owned(), parts);
        question
    }

    #[test]
    fn every_formula_that_a_view_shows_is_found() {
        let found = formulas(&question());
        let found: Vec<&str> = found.iter().map(|formula| formula.latex.as_str()).collect();
        assert_eq!(found, ["f", "g=\\underline{\\qquad}\\text{ (b)}", "h", "k", "m", "n", "x^2"]);
    }

    #[test]
    fn drawn_formulas_are_shown_and_others_are_code() {
        let mut question = question();
        let draw = |formula: Formula| (formula.clone(), format!("<math>{}</math>", formula.latex));
        let drawn = formulas(&question).into_iter().filter(|formula| formula.latex != "h").map(draw).collect();
        question.drawn = Some(Arc::new(DrawnFormulas { renderer: 1, formulas: drawn }));
        let mut view = QuestionView::of(&question, Access::Solution);
        view.add_html();
        assert_eq!(view.solution_html.as_deref(), Some("<p>Use <code>h</code>.</p><p>(b) By <math>m</math>.</p>"));
        assert_eq!(view.parts[1].html.as_deref(), Some("<p>with <math>k</math></p>"));
        assert_eq!(view.parts[0].answer_html.as_deref(), Some("<math>x^2</math>"));
        assert_eq!(view.parts[1].options[0].html.as_deref(), Some("<math>n</math>"));
        assert!(view.stem_html.as_deref().unwrap().starts_with("<p>Let <math>f</math> be ____ (a)."));
        assert!(!view.is_undrawn());
    }

    #[test]
    fn a_view_has_html_of_what_it_shows_only() {
        let mut locked = QuestionView::of(&question(), Access::Locked);
        locked.add_html();
        assert!(locked.question_html.is_some() && locked.is_undrawn());
        assert_eq!((&locked.solution_html, &locked.answer_html, &locked.stem_html), (&None, &None, &None));
        let mut unlocked = QuestionView::of(&question(), Access::Question);
        unlocked.add_html();
        assert_eq!((&unlocked.solution_html, &unlocked.answer_html), (&None, &None));
        assert!(unlocked.parts.iter().all(|part| part.answer_html.is_none() && part.solution_html.is_none()));
    }

    #[test]
    fn html_that_does_not_fit_into_a_response_is_left_out() {
        let mut small = QuestionView::of(&question(), Access::Solution);
        small.question_text = "x".to_owned();
        let mut large = small.clone();
        large.question_text = "\"".repeat(HTML_BYTES_MAX / 4);
        let mut views = [small.clone(), large, small];
        add_html(&mut views);
        let has_html = views.map(|view| view.question_html.is_some());
        assert_eq!(has_html, [true, false, true]);
    }
}
