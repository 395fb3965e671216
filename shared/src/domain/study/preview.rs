//! How the answer to a question is read, without the expected answer.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::marking::{Unmarkable, check_labels};
use crate::domain::answer::{self, Preview, Rules};
use crate::domain::catalog::parts::label;
use crate::domain::catalog::{Question, QuestionOption};

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

/// Reads an answer to a question or to one of its parts. Only the letters of its choices and its rules matter.
///
/// # Errors
/// When there is no such part.
pub fn preview(question: &Question, part: Option<&str>, given: &str) -> Result<AnswerPreview, Unmarkable> {
    let parts = question.parts();
    let Some(wanted) = part else {
        if parts.is_empty() {
            return Ok(read(&question.options, question.answer_rules(), given));
        }
        // A text for all parts is marked by the student.
        let labels: Vec<String> = (0..parts.len()).map(label).collect();
        let problem = format!("The question has the parts {}. Each is read alone: name one.", labels.join(", "));
        return Ok(AnswerPreview { kind: AnswerKind::Unreadable, read: Err(problem) });
    };
    if parts.is_empty() {
        return Err(Unmarkable::NoParts { field: "part" });
    }
    check_labels("part", std::iter::once(wanted), parts.len())?;
    let found = parts.iter().enumerate().find(|(index, _)| label(*index) == wanted);
    let (options, rules) = found.map(|(_, part)| (part.options.as_slice(), part.answer_rules.as_ref())).unzip();
    Ok(read(options.unwrap_or_default(), rules.flatten(), given))
}

fn read(options: &[QuestionOption], rules: Option<&Value>, given: &str) -> AnswerPreview {
    let read = if options.is_empty() {
        answer::preview(given, &Rules::of_column(rules)).map_err(|problem| problem.to_string())
    } else {
        choices(options, given)
    };
    let kind = match &read {
        Err(_) => AnswerKind::Unreadable,
        Ok(_) if !options.is_empty() => AnswerKind::Choices,
        Ok(Preview { is_text: true, .. }) => AnswerKind::Text,
        Ok(_) => AnswerKind::Formula,
    };
    AnswerPreview { kind, read }
}

/// The letters of choices that an answer names, in the order of the alphabet.
fn choices(options: &[QuestionOption], given: &str) -> Result<Preview, String> {
    let chosen: BTreeSet<String> =
        given.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::to_uppercase).collect();
    let known: BTreeSet<String> = options.iter().map(|option| option.letter.to_uppercase()).collect();
    if chosen.is_empty() || !chosen.is_subset(&known) {
        let known: Vec<String> = known.into_iter().collect();
        return Err(format!("The answer must name choices of the question, such as {}.", known.join(", ")));
    }
    let letters: Vec<String> = chosen.into_iter().collect();
    Ok(answer::preview_text(&letters.join(", ")))
}
