//! Draws the formulas of questions. The command-line tool does this alone: functions show what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::{Arc, LazyLock};

use anyhow::{Result, ensure};
use rendering::{Renderer, Unrenderable, VERSION};
use shared::domain::catalog::Question;
use shared::domain::questions::rendered::formulas;
use shared::domain::text::{DrawnFormulas, Formula};

/// Maximum number of a course's macros.
const MACROS_MAX: usize = 200;
/// Minimum number of formulas for a further thread.
const FORMULAS_PER_THREAD: usize = 200;

static WITHOUT_MACROS: LazyLock<Renderer> = LazyLock::new(Renderer::default);

/// Draws formulas with the macros of a course.
pub(crate) enum Pen {
    Plain,
    WithMacros(Box<Renderer>),
}

impl Pen {
    /// A pen for a course.
    ///
    /// # Errors
    /// When a macro cannot be defined, or there are too many.
    pub(crate) fn new(macros: &BTreeMap<String, String>) -> Result<Self> {
        if macros.is_empty() {
            return Ok(Self::Plain);
        }
        ensure!(macros.len() <= MACROS_MAX, "macros: {} macros; a course has at most {MACROS_MAX}", macros.len());
        let macros: Vec<(String, String)> = macros.iter().map(|(name, body)| (name.clone(), body.clone())).collect();
        let renderer = Renderer::new(&macros).map_err(|error| anyhow::anyhow!("macros: {error}"))?;
        Ok(Self::WithMacros(Box::new(renderer)))
    }

    /// Draws one formula.
    pub(crate) fn draw(&self, formula: &Formula) -> Result<String, Unrenderable> {
        let renderer = match self {
            Self::Plain => &*WITHOUT_MACROS,
            Self::WithMacros(renderer) => renderer,
        };
        renderer.formula(&formula.latex, formula.is_display)
    }

    /// Draws all formulas of questions, each formula once.
    pub(crate) fn draw_all(&self, questions: &mut [Question]) {
        let of_questions: Vec<BTreeSet<Formula>> = questions.iter().map(formulas).collect();
        let all: Vec<&Formula> = of_questions.iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
        let drawn = self.draw_in_threads(&all);
        for (question, formulas) in questions.iter_mut().zip(&of_questions) {
            let drawn = |formula: &Formula| Some((formula.clone(), drawn.get(formula)?.clone()));
            question.drawn = (!formulas.is_empty()).then(|| {
                Arc::new(DrawnFormulas { renderer: VERSION, formulas: formulas.iter().filter_map(drawn).collect() })
            });
        }
    }

    /// The markup of the formulas that can be drawn.
    fn draw_in_threads<'a>(&self, formulas: &[&'a Formula]) -> BTreeMap<&'a Formula, String> {
        let draw = |formulas: &[&'a Formula]| {
            let drawn = formulas.iter().filter_map(|formula| Some((*formula, self.draw(formula).ok()?)));
            drawn.collect::<Vec<_>>()
        };
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = (formulas.len() / FORMULAS_PER_THREAD).clamp(1, cores);
        if threads == 1 {
            return draw(formulas).into_iter().collect();
        }
        std::thread::scope(|scope| {
            let chunks = formulas.chunks(formulas.len().div_ceil(threads));
            let drawing: Vec<_> = chunks.map(|chunk| scope.spawn(move || draw(chunk))).collect();
            drawing.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_formulas_are_drawn_by_several_threads_and_each_is_the_same() {
        let formulas: Vec<Formula> =
            (0..900).map(|number| Formula { latex: format!("x_{{{number}}}"), is_display: false }).collect();
        let all: Vec<&Formula> = formulas.iter().collect();
        let drawn = Pen::Plain.draw_in_threads(&all);
        assert_eq!(drawn.len(), 900);
        assert_eq!(drawn[&formulas[899]], Pen::Plain.draw(&formulas[899]).unwrap());
    }
}
