//! How the answer to a question is read, without the expected answer.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::answer::{self, Preview, Rules};
use crate::domain::catalog::Question;

/// What an answer was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// The letters of choices.
    Choices,
    /// A formula, which is compared by its meaning.
    Formula,
    /// A text, which is compared by its words.
    Text,
    /// It cannot be read.
    Unreadable,
}

/// How an answer was read: as what, and the answer itself or why it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerPreview {
    pub kind: AnswerKind,
    pub read: Result<Preview, String>,
}

/// Reads an answer to a question. Only the letters of its choices and its rules matter.
#[must_use]
pub fn preview(question: &Question, given: &str) -> AnswerPreview {
    let read = if question.options.is_empty() {
        let rules = Rules::of_column(question.extra.get("answer_rules"));
        answer::preview(given, &rules).map_err(|problem| problem.to_string())
    } else {
        choices(question, given)
    };
    let kind = match &read {
        Err(_) => AnswerKind::Unreadable,
        Ok(_) if !question.options.is_empty() => AnswerKind::Choices,
        Ok(Preview { is_text: true, .. }) => AnswerKind::Text,
        Ok(_) => AnswerKind::Formula,
    };
    AnswerPreview { kind, read }
}

/// The letters of choices that an answer names, in the order of the alphabet.
fn choices(question: &Question, given: &str) -> Result<Preview, String> {
    let chosen: BTreeSet<String> =
        given.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::to_uppercase).collect();
    let known: BTreeSet<String> = question.options.iter().map(|option| option.letter.to_uppercase()).collect();
    if chosen.is_empty() || !chosen.is_subset(&known) {
        let known: Vec<String> = known.into_iter().collect();
        return Err(format!("The answer must name choices of the question, such as {}.", known.join(", ")));
    }
    let letters: Vec<String> = chosen.into_iter().collect();
    Ok(answer::preview_text(&letters.join(", ")))
}
