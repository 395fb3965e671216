//! Texts with gaps between asterisks, as H5P writes them: `Three quarters are *0.75/0,75:as a decimal*.`

use crate::{
    Accepted, Answer, Form, Part,
    rich::{FindFile, Rich},
};

/// A text with `[gap 1]` at the place of each gap, and the gaps.
#[derive(Default)]
pub(super) struct Gaps {
    pub(super) text: String,
    pub(super) parts: Vec<Part>,
    pub(super) warnings: Vec<String>,
}

/// How a kind of exercise writes its gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `*answer/other answer:hint*`
    Blanks,
    /// `*answer:hint\+right\-wrong*`; a slash is a letter.
    DragText,
}

const GAPS_MAX: usize = 200;

impl Gaps {
    /// Adds a text in HTML. `before` is the number of gaps in the texts before.
    pub(super) fn add(
        &mut self,
        html: &str,
        style: Style,
        match_case: bool,
        rich: &mut Rich,
        find: &FindFile,
    ) -> Result<(), String> {
        let mut replaced = String::with_capacity(html.len());
        let mut rest = html;
        while let Some(start) = rest.find('*') {
            let Some(length) = rest[start + 1..].find('*') else { break };
            if length == 0 {
                // Two asterisks are shown as they are.
                replaced.push_str(&rest[..start + 2]);
                rest = &rest[start + 2..];
                continue;
            }
            if self.parts.len() >= GAPS_MAX {
                return Err(format!("it has more than {GAPS_MAX} gaps"));
            }
            replaced.push_str(&rest[..start]);
            let part = self.gap(&rest[start + 1..start + 1 + length], style, match_case, rich, find)?;
            self.parts.push(part);
            replaced.extend(["[gap ", &self.parts.len().to_string(), "]"]);
            rest = &rest[start + 2 + length..];
        }
        replaced.push_str(rest);
        let text = rich.html(&replaced, find);
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&text);
        Ok(())
    }

    fn gap(
        &mut self,
        html: &str,
        style: Style,
        match_case: bool,
        rich: &mut Rich,
        find: &FindFile,
    ) -> Result<Part, String> {
        let mut reduced = |html: &str| rich.html(html, find);
        let (body, feedback) = match style {
            Style::DragText => html.find("\\+").or_else(|| html.find("\\-")).map_or((html, ""), |at| html.split_at(at)),
            Style::Blanks => (html, ""),
        };
        let (answers, hint) = match body.split_once(':') {
            Some((answers, hint)) => (answers, Some(reduced(hint)).filter(|hint| !hint.is_empty())),
            None => (body, None),
        };
        let texts: Vec<String> = match style {
            Style::Blanks => answers.split('/').map(reduced).filter(|text| !text.is_empty()).collect(),
            Style::DragText => vec![reduced(answers)],
        };
        let shown = html.chars().take(60).collect::<String>();
        let is_number = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | ' '))
        };
        if style == Style::Blanks
            && texts.len() == 2
            && texts.iter().all(|text| is_number(text) && !text.contains(['.', ',']))
        {
            self.warnings.push(format!(
                "The gap \"{shown}\" has two answers, {} and {}, as H5P reads it; it may be a fraction.",
                texts[0], texts[1]
            ));
        }
        if let Some(hint) = &hint
            && is_number(hint)
            && texts.last().is_some_and(|text| is_number(text))
        {
            self.warnings.push(format!("The gap \"{shown}\" has the answer {} and the hint {hint}, as H5P reads it; it may be a time or a ratio.", texts.join(" or ")));
        }
        if hint.as_deref().is_some_and(|hint| hint.starts_with("//")) {
            self.warnings
                .push(format!("The gap \"{shown}\" ends at its colon, as H5P reads it; it may be an address."));
        }
        if !feedback.is_empty() {
            self.warnings.push(format!("The feedback of the gap \"{shown}\" is lost."));
        }
        if texts.iter().all(String::is_empty) {
            return Err(format!("the gap \"{shown}\" has no answer"));
        }
        let accepted = texts.into_iter().map(|text| Accepted {
            form: Form::Text { text, match_case, has_wildcards: false },
            fraction: 1.0,
            unit: None,
            feedback: None,
        });
        Ok(Part {
            is_gap: true,
            answer: Answer::Accepted(accepted.collect()),
            points: Some(1.0),
            hint,
            ..Part::default()
        })
    }
}
