//! Reports LaTeX that cannot be drawn, and is shown as code.

use shared::domain::catalog::draft::{CatalogDraft, Warning};
use shared::domain::catalog::faults::{pattern_texts, question_texts};
use shared::domain::catalog::slips::Setting;
use shared::domain::text::{parse, parse_answer};

use super::drawing::Pen;

/// Maximum characters of a formula in a message.
const SHOWN_CHARS_MAX: usize = 60;

/// A warning for each field with a formula that cannot be drawn.
pub(super) fn warnings(draft: &CatalogDraft, pen: &Pen) -> Vec<Warning> {
    let patterns = draft.patterns.iter().map(|row| ("question_patterns", row.id.as_str(), pattern_texts(row)));
    // Withheld questions are reported elsewhere.
    let questions = draft.questions.iter().filter(|question| !question.withheld);
    let questions = questions.map(|row| ("questions", row.id.as_str(), question_texts(row)));
    let mut warnings = Vec::new();
    for (table, id, texts) in patterns.chain(questions) {
        for (field, text, setting) in &texts {
            if let Some(formula) = first_undrawable(text, *setting, pen) {
                let text = format!("{field} has a formula that cannot be drawn: {}", shown(&formula));
                warnings.push(Warning { table, id: id.to_owned(), text });
            }
        }
    }
    warnings
}

fn first_undrawable(text: &str, setting: Setting, pen: &Pen) -> Option<String> {
    // Most texts have no formula: names, letters, columns.
    if !text.contains(['$', '\\', '^', '_']) {
        return None;
    }
    let text = match setting {
        Setting::Text => parse(text),
        Setting::Bare => parse_answer(text),
    };
    let refused = text.formulas().into_iter().find(|formula| pen.draw(formula).is_err());
    refused.map(|formula| formula.latex.clone())
}

fn shown(formula: &str) -> String {
    let cut = if formula.chars().count() > SHOWN_CHARS_MAX { "…" } else { "" };
    // Control characters must not reach a terminal. Backslashes are shown unchanged.
    let plain = |character: char| if character.is_control() { ' ' } else { character };
    format!("{}{cut}", formula.chars().take(SHOWN_CHARS_MAX).map(plain).collect::<String>())
}
