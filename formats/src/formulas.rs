//! Finds formulas in a text before its markup is read, and normalises them.
//!
//! `\( \)` and `$ $` become `$ $`; `\[ \]`, `$$ $$` and environments such as `align` become `$$ $$`. A dollar that
//! delimits no formula is a price.

use std::ops::Range;

use crate::tags;

/// The longest formula, in bytes. A longer text between two delimiters is no formula.
const FORMULA_BYTES_MAX: usize = 20_000;

/// Environments that hold a formula outside dollars, and what they become inside.
const ENVIRONMENTS: [(&str, Option<&str>); 9] = [
    ("equation", None),
    ("displaymath", None),
    ("math", None),
    ("align", Some("aligned")),
    ("flalign", Some("aligned")),
    ("eqnarray", Some("aligned")),
    ("alignat", Some("aligned")),
    ("gather", Some("gathered")),
    ("multline", Some("gathered")),
];

/// A formula, without its delimiters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Formula {
    pub(crate) latex: String,
    pub(crate) is_display: bool,
}

impl Formula {
    /// The formula between dollars.
    pub(crate) fn delimited(&self) -> String {
        let dollars = if self.is_display { "$$" } else { "$" };
        format!("{dollars}{}{dollars}", self.latex)
    }
}

/// Where a formula stands in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Between the delimiters.
    pub(crate) body: Range<usize>,
    /// After the closing delimiter.
    pub(crate) end: usize,
    pub(crate) is_display: bool,
    /// Index in [`ENVIRONMENTS`].
    environment: Option<usize>,
}

/// Finds formulas at given positions of one text. Remembers failed searches, so that the whole takes linear time.
pub(crate) struct Finder<'a> {
    text: &'a str,
    is_html: bool,
    /// For each kind of closing delimiter, the position up to which there is none.
    none_until: [usize; 4 + 2 * ENVIRONMENTS.len()],
}

impl<'a> Finder<'a> {
    pub(crate) fn new(text: &'a str, is_html: bool) -> Self {
        Self { text, is_html, none_until: [0; 4 + 2 * ENVIRONMENTS.len()] }
    }

    /// The formula whose opening delimiter stands at `at`.
    pub(crate) fn formula_at(&mut self, at: usize) -> Option<Found> {
        let rest = &self.text[at..];
        if self.is_html && is_sign(self.text, at) {
            return None;
        }
        if rest.starts_with("$$") {
            let close = self.close(0, at + 2, "$$")?;
            return self.found(at + 2..close, 2, true, None);
        }
        if rest.starts_with('$') {
            let close = self.close(1, at + 1, "$")?;
            let after = self.text[close + 1..].chars().next();
            return is_formula(&self.text[at + 1..close], after)
                .then(|| self.found(at + 1..close, 1, false, None))
                .flatten();
        }
        if rest.starts_with("\\(") {
            let close = self.close(2, at + 2, "\\)")?;
            return self.found(at + 2..close, 2, false, None);
        }
        if rest.starts_with("\\[") {
            let close = self.close(3, at + 2, "\\]")?;
            return self.found(at + 2..close, 2, true, None);
        }
        let named = rest.strip_prefix("\\begin{")?;
        let name = &named[..named.bytes().take(16).position(|byte| byte == b'}')?];
        let index = ENVIRONMENTS.iter().position(|(known, _)| *known == name.trim_end_matches('*'))?;
        let mut start = at + "\\begin{}".len() + name.len();
        if name.starts_with("alignat")
            && let Some(argument) = self.text[start..].strip_prefix('{')
            && let Some(length) = argument.bytes().take(8).position(|byte| byte == b'}')
        {
            start += length + 2;
        }
        let closer = format!("\\end{{{name}}}");
        let close = self.close(4 + 2 * index + usize::from(name.ends_with('*')), start, &closer)?;
        self.found(start..close, closer.len(), name != "math", Some(index))
    }

    fn found(&self, body: Range<usize>, closer: usize, is_display: bool, environment: Option<usize>) -> Option<Found> {
        let end = body.end + closer;
        (!self.text[body.clone()].trim().is_empty()).then_some(Found { body, end, is_display, environment })
    }

    fn close(&mut self, kind: usize, from: usize, closer: &str) -> Option<usize> {
        if from < self.none_until[kind] {
            return None;
        }
        let bytes = self.text.as_bytes();
        let mut at = from;
        let last = bytes.len().min(from + FORMULA_BYTES_MAX);
        while at < last {
            if bytes[at..].starts_with(closer.as_bytes()) && !(kind == 1 && self.is_html && is_sign(self.text, at)) {
                return Some(at);
            }
            match bytes[at] {
                b'\\' => at += 1,
                b'\n' if !self.is_html && begins_blank_line(&bytes[at + 1..last]) => break,
                b'<' if self.is_html && tags::ends_formula(&bytes[at..], kind == 1) => break,
                _ => {}
            }
            at += 1;
        }
        self.none_until[kind] = at;
        None
    }

    /// The formula at a place, cleaned.
    pub(crate) fn formula(&self, found: &Found) -> Formula {
        let body = &self.text[found.body.clone()];
        let body = if self.is_html { tags::formula_without_tags(body) } else { body.to_owned() };
        let latex = clean(&body);
        let latex = match found.environment.and_then(|index| ENVIRONMENTS[index].1) {
            Some(inner) => format!("\\begin{{{inner}}} {latex} \\end{{{inner}}}"),
            None => latex,
        };
        Formula { latex, is_display: found.is_display }
    }
}

/// Whether the dollar at `at` delimits no formula, as we write it in HTML: in a span of its own.
pub(crate) fn is_sign(text: &str, at: usize) -> bool {
    text[at..].starts_with("$</span>") && text[..at].ends_with("<span>")
}

fn begins_blank_line(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n')
}

/// Whether the text between two single dollars is a formula, not what stands between two prices.
fn is_formula(body: &str, after: Option<char>) -> bool {
    let (Some(first), Some(last)) = (body.chars().next(), body.chars().next_back()) else {
        return false;
    };
    let is_latex = body.contains(['\\', '^', '_']);
    let has_word = body
        .split(|c: char| c.is_whitespace())
        .any(|word| word.chars().count() >= 3 && word.chars().all(char::is_alphabetic));
    if after.is_some_and(|after| after.is_ascii_digit()) && !is_latex {
        return false;
    }
    if first.is_whitespace() || last.is_whitespace() {
        // `$ x $` has space at both ends; `$5 and $6` has it at the right one only.
        return is_latex || (first.is_whitespace() && last.is_whitespace() && !has_word);
    }
    let is_amount = first.is_ascii_digit() && !is_latex && (has_word || matches!(last, '-' | '–' | '/' | '('));
    !is_amount
}

/// A formula without labels, comments, line breaks and dollars of its own.
pub(crate) fn clean(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    // Dollars in `\text{if $x$}` leave the text and return to it.
    let dollars_leave_text = body.contains("\\text") || body.contains("\\mbox") || body.contains("\\hbox");
    let mut is_outside = false;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\\' => {
                let after = &rest[1..];
                if let Some(argument) = after.strip_prefix("label{")
                    && let Some(end) = argument.find('}')
                {
                    length = "\\label{".len() + end + 1;
                } else if let Some(command) = ["nonumber", "notag"].iter().find(|name| after.starts_with(**name)) {
                    length = 1 + command.len();
                } else {
                    length += after.chars().next().map_or(0, char::len_utf8);
                    out.push_str(&rest[..length]);
                }
            }
            '$' if dollars_leave_text => {
                out.push_str(if is_outside { "\\text{" } else { "}" });
                is_outside = !is_outside;
            }
            '$' => out.push_str("\\$"),
            _ if next.is_whitespace() => {
                if !out.ends_with(' ') || out.ends_with("\\ ") {
                    out.push(' ');
                }
            }
            _ => out.push(next),
        }
        rest = &rest[length..];
    }
    let trimmed = out.trim();
    // The last blank of `x\ ` belongs to the command.
    let backslashes = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count();
    if backslashes % 2 == 1 { format!("{trimmed} ") } else { trimmed.to_owned() }
}

/// Adds a dollar that is a character, with a backslash if it has none.
pub(crate) fn push_dollar(out: &mut String) {
    let backslashes = out.bytes().rev().take_while(|byte| *byte == b'\\').count();
    out.push_str(if backslashes % 2 == 0 { "\\$" } else { "$" });
}

/// A plain text with its formulas normalised. Line breaks stay.
pub(crate) fn plain(text: &str) -> String {
    let mut finder = Finder::new(text, false);
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(next) = rest.chars().next() else { break };
        if matches!(next, '$' | '\\') {
            if let Some(found) = finder.formula_at(at) {
                let formula = finder.formula(&found);
                if formula.is_display && !out.is_empty() && !out.ends_with('\n') {
                    out.truncate(out.trim_end().len());
                    out.push('\n');
                }
                out.push_str(&formula.delimited());
                at = found.end;
                let line = &text[at..];
                if formula.is_display && line.starts_with([' ', '\t']) {
                    at += line.len() - line.trim_start_matches([' ', '\t']).len();
                    if !text[at..].is_empty() && !text[at..].starts_with('\n') {
                        out.push('\n');
                    }
                }
                continue;
            }
            let length = if rest.starts_with("$$") {
                2
            } else {
                1 + if next == '\\' { rest[1..].chars().next().map_or(0, char::len_utf8) } else { 0 }
            };
            if next == '$' {
                for _ in 0..length {
                    push_dollar(&mut out);
                }
            } else {
                out.push_str(&rest[..length]);
            }
            at += length;
            continue;
        }
        out.push(if next == '\u{a0}' { ' ' } else { next });
        at += next.len_utf8();
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_become_dollars() {
        for (text, expected) in [
            (r"Is \(a < b\)?", r"Is $a < b$?"),
            (r"So \[ x^2 \] holds", "So\n$$x^2$$\nholds"),
            (r"$x$, $ y $ and $\frac{1}{2} $", r"$x$, $y$ and $\frac{1}{2}$"),
            (r"\begin{align*} a &= b \\ c &= d \end{align*}", r"$$\begin{aligned} a &= b \\ c &= d \end{aligned}$$"),
            (r"\begin{equation}\label{e} x\nonumber \end{equation}", "$$x$$"),
            (r"\(a \\) b\)", r"$a \\) b$"),
            (r"\[f = 1 \text{ if $x>0$ and $y$}\]", r"$$f = 1 \text{ if }x>0\text{ and }y\text{}$$"),
            (r"\(5\$ = $5\)", r"$5\$ = \$5$"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn prices_are_no_formulas() {
        for (text, expected) in [
            ("It costs $5 or $6.", r"It costs \$5 or \$6."),
            ("5$ and 10$ are two", r"5\$ and 10\$ are two"),
            ("$20-$30 a day", r"\$20-\$30 a day"),
            ("$5 ($6 with tax)", r"\$5 (\$6 with tax)"),
            ("$30.00 buys $x$ pounds", r"\$30.00 buys $x$ pounds"),
            ("US$5, and $2x+1$", r"US\$5, and $2x+1$"),
            (r"\$5 stays", r"\$5 stays"),
            ("$x\n\ny$", "\\$x\n\ny\\$"),
            ("lone $", r"lone \$"),
            ("$$", r"\$\$"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
