//! What an item shows.

use std::fmt::Write as _;

use super::{Item, response_id};
use crate::{
    Answer, Choice, Part,
    write::{
        html::{self, Mark},
        listing,
    },
};

impl Item<'_> {
    pub(super) fn body(&self, out: &mut String) {
        let question = self.question;
        out.push_str("<qti-item-body>\n");
        let mut stem = question.stem.clone();
        for number in listing::unshown_figures(question) {
            let _ = write!(stem, "\n[figure {number}]");
        }
        let mut placed = vec![false; question.parts.len()];
        let text = self.html(&stem, &mut |number| {
            let index = number.checked_sub(1)?;
            let part =
                question.parts.get(index).filter(|part| part.is_gap && !placed[index] && is_inline(&part.answer))?;
            placed[index] = true;
            Some(self.inline(index, part))
        });
        let _ = writeln!(out, "<div>{text}</div>");
        for (index, part) in question.parts.iter().enumerate().filter(|(index, _)| !placed[*index]) {
            self.block(out, index, part);
        }
        let solution = if self.with_answers { listing::solution(question) } else { String::new() };
        if !solution.is_empty() {
            let text = self.html(&solution, &mut |_| None);
            let _ = writeln!(
                out,
                "<qti-rubric-block use=\"scoring\" view=\"scorer\"><qti-content-body><div>{text}</div></qti-content-body></qti-rubric-block>"
            );
        }
        out.push_str("</qti-item-body>\n");
    }

    /// A text as XHTML.
    fn html(&self, text: &str, gap: &mut dyn FnMut(usize) -> Option<String>) -> String {
        html::html(text, &mut |mark| match mark {
            Mark::Gap(number) => gap(number),
            Mark::Figure(number) => {
                let index = number.checked_sub(1)?;
                let figure = self.question.figures.get(index)?;
                let source = self.figures.get(index)?.as_ref().map(|path| format!("../{path}"));
                Some(html::image(source.as_deref().unwrap_or(&figure.source), figure.alt.as_deref()))
            }
        })
    }

    /// A gap in a text.
    fn inline(&self, index: usize, part: &Part) -> String {
        let id = response_id(index);
        let Answer::Choice { options, .. } = &part.answer else {
            return format!("<qti-text-entry-interaction response-identifier=\"{id}\"/>");
        };
        let mut out = format!("<qti-inline-choice-interaction response-identifier=\"{id}\" shuffle=\"false\">");
        for (at, option) in options.iter().enumerate() {
            let text = self.html(&option.text, &mut |_| None);
            let _ = write!(out, "<qti-inline-choice identifier=\"{}\">{text}</qti-inline-choice>", option_id(at));
        }
        out.push_str("</qti-inline-choice-interaction>");
        out
    }

    /// A part after the stem.
    fn block(&self, out: &mut String, index: usize, part: &Part) {
        let id = response_id(index);
        let label = if listing::has_labels(self.question) { listing::label(index) } else { String::new() };
        let own = if self.has_interaction(part) { part.text.clone() } else { listing::asked(part) };
        let text = self.html(format!("{label} {own}").trim(), &mut |_| None);
        let prompt = if text.is_empty() { String::new() } else { format!("<qti-prompt>{text}</qti-prompt>") };
        match &part.answer {
            _ if !self.has_interaction(part) => {
                let _ = writeln!(
                    out,
                    "<qti-extended-text-interaction response-identifier=\"{id}\">{prompt}</qti-extended-text-interaction>"
                );
            }
            Answer::Choice { options, several, .. } => {
                let most = usize::from(!several);
                let _ = write!(
                    out,
                    "<qti-choice-interaction response-identifier=\"{id}\" shuffle=\"false\" max-choices=\"{most}\">{prompt}"
                );
                for (at, option) in options.iter().enumerate() {
                    self.option(out, "qti-simple-choice", &option_id(at), "", option);
                }
                out.push_str("</qti-choice-interaction>\n");
            }
            Answer::Matching { pairs, distractors } => {
                let _ = write!(
                    out,
                    "<qti-match-interaction response-identifier=\"{id}\" shuffle=\"false\" max-associations=\"{}\">{prompt}",
                    pairs.len()
                );
                out.push_str("<qti-simple-match-set>");
                for (at, (left, _)) in pairs.iter().enumerate() {
                    self.associable(out, &left_id(at), 1, left);
                }
                out.push_str("</qti-simple-match-set><qti-simple-match-set>");
                for (at, right) in listing::rights(pairs, distractors).into_iter().enumerate() {
                    self.associable(out, &right_id(at), 0, right);
                }
                out.push_str("</qti-simple-match-set></qti-match-interaction>\n");
            }
            Answer::Ordering(texts) => {
                let _ = write!(out, "<qti-order-interaction response-identifier=\"{id}\" shuffle=\"true\">{prompt}");
                for (at, text) in listing::sorted(texts.iter().map(String::as_str)).into_iter().enumerate() {
                    let option = Choice { text: text.to_owned(), ..Choice::default() };
                    self.option(out, "qti-simple-choice", &option_id(at), "", &option);
                }
                out.push_str("</qti-order-interaction>\n");
            }
            Answer::Open | Answer::Accepted(_) => {
                let _ = writeln!(out, "<div>{text} <qti-text-entry-interaction response-identifier=\"{id}\"/></div>");
            }
        }
    }

    fn option(&self, out: &mut String, element: &str, id: &str, attributes: &str, option: &Choice) {
        let text = self.html(&option.text, &mut |_| None);
        let _ = write!(out, "<{element} identifier=\"{id}\"{attributes}>{text}</{element}>");
    }

    fn associable(&self, out: &mut String, id: &str, most: usize, text: &str) {
        let option = Choice { text: text.to_owned(), ..Choice::default() };
        self.option(out, "qti-simple-associable-choice", id, &format!(" match-max=\"{most}\""), &option);
    }
}

/// Whether an answer has an interaction that stands in a line of text.
fn is_inline(answer: &Answer) -> bool {
    match answer {
        Answer::Accepted(_) => true,
        // An inline choice holds plain text only.
        Answer::Choice { options, several, .. } => {
            !several && options.iter().all(|one| !one.text.contains(['$', '[', '\n']))
        }
        _ => false,
    }
}

pub(super) fn option_id(index: usize) -> String {
    format!("o{}", index + 1)
}

pub(super) fn left_id(index: usize) -> String {
    format!("l{}", index + 1)
}

pub(super) fn right_id(index: usize) -> String {
    format!("r{}", index + 1)
}
