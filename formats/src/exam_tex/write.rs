//! Tokens of LaTeX as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use super::lex::{Kind, Token};
use super::symbols;
use crate::formulas;
use crate::reading::Figures;

const DEPTH_MAX: usize = 60;
const FORMULA_TOKENS_MAX: usize = 10_000;
/// The longest argument in brackets, in tokens.
const OPTIONAL_TOKENS_MAX: usize = 1_000;
/// The longest name of an environment, in tokens.
const NAME_TOKENS_MAX: usize = 40;
/// The tokens of a file that may be searched in vain for the end of a formula or an argument in brackets.
pub(super) const WASTED_TOKENS_MAX: usize = 5_000_000;

const FORMULAS: [&str; 10] = [
    "equation",
    "displaymath",
    "math",
    "align",
    "flalign",
    "eqnarray",
    "alignat",
    "gather",
    "multline",
    "subequations",
];
const DRAWINGS: [&str; 7] = ["tikzpicture", "picture", "pspicture", "circuitikz", "axis", "asy", "feynman"];
const TABLES: [&str; 6] = ["tabular", "tabular*", "tabularx", "tabulary", "longtable", "array"];

/// Turns the tokens of one question into text.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) figures: Figures,
    pub(super) warnings: Vec<String>,
    /// Commands that the writer does not know.
    pub(super) unknown: BTreeSet<String>,
    /// The answers of `\fillin`, in order.
    pub(super) blanks: Vec<Option<String>>,
    /// Whether a blank is a gap of the question.
    pub(super) has_gaps: bool,
    pub(super) wasted: usize,
}

/// Text that is being written.
#[derive(Default)]
struct Page {
    text: String,
    lists: Vec<Option<u32>>,
    tables: usize,
    depth: usize,
}

impl Page {
    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn end_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

impl Writer {
    pub(super) fn text(&mut self, tokens: &[Token]) -> String {
        let mut page = Page::default();
        self.write(tokens, &mut page);
        formulas::plain(page.text.trim())
    }

    fn write(&mut self, tokens: &[Token], page: &mut Page) {
        if page.depth > DEPTH_MAX {
            self.warnings.push("Commands are nested too deep; the innermost text is left out.".to_owned());
            return;
        }
        page.depth += 1;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match &token.kind {
                Kind::Char(c) => at += Self::character(*c, &tokens[at..], page),
                Kind::Space => page.space(),
                Kind::Paragraph => page.end_line(),
                Kind::Open | Kind::Close | Kind::Parameter(_) => {}
                Kind::Verbatim { text, is_block } => {
                    if *is_block {
                        page.end_line();
                    }
                    // A formula inside is none.
                    let mut escaped = String::new();
                    text.chars().for_each(|c| if c == '$' { escaped.push_str("\\$") } else { escaped.push(c) });
                    page.text.push_str(&escaped);
                    if *is_block {
                        page.end_line();
                    }
                }
                Kind::Math => at = self.math(tokens, at, page),
                Kind::Command(name) => at = self.command(name, tokens, at, page),
            }
        }
        page.depth -= 1;
    }

    fn character(c: char, rest: &[Token], page: &mut Page) -> usize {
        let next = |index: usize| match rest.get(index) {
            Some(Token { kind: Kind::Char(c), .. }) => Some(*c),
            _ => None,
        };
        let (text, length) = match (c, next(0), next(1)) {
            ('-', Some('-'), Some('-')) => ("—", 2),
            ('-', Some('-'), _) => ("–", 1),
            ('`', Some('`'), _) => ("“", 1),
            ('\'', Some('\''), _) => ("”", 1),
            ('`', ..) => ("‘", 0),
            ('~' | '\u{a0}', ..) => (" ", 0),
            ('&', ..) if page.tables > 0 => (" | ", 0),
            _ => {
                page.text.push(c);
                return 0;
            }
        };
        if text == " | " {
            page.text.truncate(page.text.trim_end_matches(' ').len());
        }
        page.text.push_str(text);
        length
    }

    /// A formula between dollars. `at` is after the first.
    fn math(&mut self, tokens: &[Token], at: usize, page: &mut Page) -> usize {
        let is_display = tokens.get(at).is_some_and(|token| token.kind == Kind::Math);
        let start = at + usize::from(is_display);
        let end = if self.wasted < WASTED_TOKENS_MAX { closing_dollar(tokens, start) } else { Err(0) };
        let end = end.map_err(|wasted| self.wasted += wasted);
        let Ok(end) = end else {
            page.text.push_str("\\$");
            self.warnings.push("A formula that begins with `$` does not end; the dollar was taken as text.".to_owned());
            return at;
        };
        Self::push_formula(&tokens[start..end], is_display, page);
        end + 1 + usize::from(is_display && tokens.get(end + 1).is_some_and(|token| token.kind == Kind::Math))
    }

    fn push_formula(tokens: &[Token], is_display: bool, page: &mut Page) {
        let source = latex(tokens);
        let (open, close) = if is_display { ("\\[", "\\]") } else { ("\\(", "\\)") };
        if !source.trim().is_empty() {
            let _ = write!(page.text, "{open}{}{close}", source.trim_start());
        }
    }

    fn command(&mut self, name: &str, tokens: &[Token], at: usize, page: &mut Page) -> usize {
        if let Some(text) = symbols::text(name) {
            page.text.push_str(text);
            return at;
        }
        if symbols::is_accent(name) {
            let (argument, next) = argument(tokens, at);
            let inner = self.inner(&tokens[argument], page);
            let mut letters = inner.chars();
            if let Some(letter) = letters.next() {
                symbols::push_accented(&mut page.text, name, letter);
                page.text.push_str(letters.as_str());
            }
            return next;
        }
        match name {
            "(" | "[" => {
                let close = if name == "(" { ")" } else { "]" };
                let limit = if self.wasted < WASTED_TOKENS_MAX { FORMULA_TOKENS_MAX } else { 0 };
                let mut rest = tokens[at..].iter().take(limit);
                let length = rest.position(|token| token.is_command(close));
                searched(length.unwrap_or(limit.min(tokens.len() - at)));
                let Some(length) = length else {
                    self.wasted += limit.min(tokens.len() - at);
                    let warning = format!("A formula that begins with `\\{name}` does not end; it was taken as text.");
                    self.warnings.push(warning);
                    return at;
                };
                Self::push_formula(&tokens[at..at + length], name == "[", page);
                at + length + 1
            }
            "begin" => self.begin(tokens, at, page),
            "end" => {
                let (environment, next) = environment_name(tokens, at);
                match environment.as_str() {
                    "itemize" | "enumerate" | "description" => {
                        page.lists.pop();
                        page.end_line();
                    }
                    name if TABLES.contains(&name) => {
                        page.tables = page.tables.saturating_sub(1);
                        page.end_line();
                    }
                    _ => page.end_line(),
                }
                next
            }
            "item" => {
                let (label, next) = optional(tokens, at, &mut self.wasted);
                page.end_line();
                let label = match (label, page.lists.last_mut()) {
                    (Some(label), _) => self.inner(&tokens[label], page),
                    (None, Some(Some(number))) => {
                        *number += 1;
                        format!("{number}.")
                    }
                    _ => "-".to_owned(),
                };
                page.text.push_str(&label);
                page.space();
                next
            }
            "\\" | "newline" | "linebreak" | "tabularnewline" => {
                page.end_line();
                let next = at + usize::from(tokens.get(at).is_some_and(|token| token.kind == Kind::Char('*')));
                optional(tokens, next, &mut self.wasted).1
            }
            "par" => {
                page.end_line();
                at
            }
            _ => self.with_arguments(name, tokens, at, page),
        }
    }

    /// A command whose arguments are shown in a way of their own.
    fn with_arguments(&mut self, name: &str, tokens: &[Token], at: usize, page: &mut Page) -> usize {
        match name {
            "includegraphics" => {
                let mut next = at + usize::from(tokens.get(at).is_some_and(|token| token.kind == Kind::Char('*')));
                while let (Some(_), after) = optional(tokens, next, &mut self.wasted) {
                    next = after;
                }
                let (file, next) = argument(tokens, next);
                let number = self.figures.number(latex(&tokens[file]).trim(), "");
                let _ = write!(page.text, "[figure {number}]");
                next
            }
            "fillin" => {
                let next = at + usize::from(tokens.get(at).is_some_and(|token| token.kind == Kind::Char('*')));
                let (answer, next) = optional(tokens, next, &mut self.wasted);
                let (_, next) = optional(tokens, next, &mut self.wasted);
                let answer = answer
                    .map(|range| formulas::plain(&self.inner(&tokens[range], page)))
                    .filter(|text| !text.is_empty());
                self.blanks.push(answer);
                let gap = format!("[gap {}]", self.blanks.len());
                page.text.push_str(if self.has_gaps { &gap } else { "____" });
                next
            }
            "textsuperscript" | "textsubscript" => {
                let (range, next) = argument(tokens, at);
                let inner = self.inner(&tokens[range], page);
                let sign = if name == "textsuperscript" { '^' } else { '_' };
                let _ = write!(page.text, "{sign}{{{inner}}}");
                next
            }
            "ensuremath" => {
                let (range, next) = argument(tokens, at);
                Self::push_formula(&tokens[range], false, page);
                next
            }
            "footnote" => {
                let (range, next) = argument(tokens, at);
                let inner = self.inner(&tokens[range], page);
                let _ = write!(page.text, " ({inner})");
                next
            }
            "SI" | "qty" => {
                let (number, next) = argument(tokens, at);
                let (unit, next) = argument(tokens, next);
                let number = self.inner(&tokens[number], page);
                let _ = write!(page.text, "{number} {}", symbols::unit(&tokens[unit]));
                next
            }
            "si" | "unit" => {
                let (unit, next) = argument(tokens, at);
                page.text.push_str(&symbols::unit(&tokens[unit]));
                next
            }
            "ref" | "eqref" | "cite" | "pageref" => {
                let (label, next) = argument(tokens, at);
                let label = latex(&tokens[label]);
                let _ = write!(page.text, "[{label}]");
                self.warnings.push(format!("The reference `\\{name}{{{label}}}` is shown as its label."));
                next
            }
            _ => self.dropped(name, tokens, at),
        }
    }

    /// A command that shows nothing by itself. Its arguments, apart from those of layout, are text.
    fn dropped(&mut self, name: &str, tokens: &[Token], at: usize) -> usize {
        let Some(arguments) = symbols::dropped_arguments(name) else {
            if name.chars().all(|c| c.is_ascii_alphabetic()) {
                self.unknown.insert(name.to_owned());
            }
            return at;
        };
        let mut next = at;
        if arguments > 0 {
            next += usize::from(tokens.get(at).is_some_and(|token| token.kind == Kind::Char('*')));
            next = optional(tokens, next, &mut self.wasted).1;
        }
        for _ in 0..arguments {
            next = argument(tokens, next).1;
        }
        next
    }

    fn inner(&mut self, tokens: &[Token], page: &Page) -> String {
        let mut inner = Page { depth: page.depth, ..Page::default() };
        self.write(tokens, &mut inner);
        inner.text.trim().to_owned()
    }

    fn begin(&mut self, tokens: &[Token], at: usize, page: &mut Page) -> usize {
        let (name, mut next) = environment_name(tokens, at);
        let bare = name.trim_end_matches('*');
        if FORMULAS.contains(&bare) || DRAWINGS.contains(&bare) {
            let end = environment_end(tokens, next, &name);
            let (content, after) = end.unwrap_or((next..tokens.len(), tokens.len()));
            if FORMULAS.contains(&bare) {
                page.end_line();
                let _ = write!(page.text, "\\begin{{{name}}}{}\\end{{{name}}}", latex(&tokens[content]));
                page.end_line();
            } else {
                self.warnings
                    .push(format!("A drawing in `{name}` is left out: it is made by commands, not by a file."));
            }
            return after;
        }
        match bare {
            "itemize" | "description" => page.lists.push(None),
            "enumerate" => page.lists.push(Some(0)),
            _ => {}
        }
        while let (Some(_), after) = optional(tokens, next, &mut self.wasted) {
            next = after;
        }
        let arguments = match bare {
            "tabularx" | "tabulary" | "wrapfigure" => 2,
            "tabular" if name.ends_with('*') => 2,
            "tabular" | "longtable" | "array" | "minipage" | "multicols" | "adjustwidth" => 1,
            _ => 0,
        };
        for _ in 0..arguments {
            next = optional(tokens, argument(tokens, next).1, &mut self.wasted).1;
        }
        if TABLES.contains(&name.as_str()) {
            page.tables += 1;
        }
        page.end_line();
        next
    }
}

/// The dollar that closes a formula: not one in braces, and before the paragraph ends.
///
/// # Errors
/// The number of tokens that were searched in vain.
fn closing_dollar(tokens: &[Token], start: usize) -> Result<usize, usize> {
    let mut depth = 0_i32;
    let mut length = 0;
    for (index, token) in tokens.iter().enumerate().skip(start).take(FORMULA_TOKENS_MAX) {
        searched(1);
        length += 1;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Paragraph => break,
            Kind::Math if depth <= 0 && index > start => return Ok(index),
            Kind::Math if depth <= 0 => break,
            _ => {}
        }
    }
    Err(length)
}

/// The content of an environment that begins at `start`, and where its end ends.
fn environment_end(tokens: &[Token], start: usize, name: &str) -> Option<(Range<usize>, usize)> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        searched(1);
        if !(token.is_command("begin") || token.is_command("end")) {
            continue;
        }
        let (found, next) = environment_name(tokens, index + 1);
        if found != name {
            continue;
        }
        if token.is_command("begin") {
            depth += 1;
        } else if depth == 0 {
            return Some((start..index, next));
        } else {
            depth -= 1;
        }
    }
    None
}

/// The group or token at `at`, without braces, and where it ends.
pub(super) fn argument(tokens: &[Token], at: usize) -> (Range<usize>, usize) {
    let start = at + tokens[at.min(tokens.len())..].iter().take_while(|token| token.kind == Kind::Space).count();
    match tokens.get(start).map(|token| &token.kind) {
        None | Some(Kind::Paragraph | Kind::Close) => (start.min(tokens.len())..start.min(tokens.len()), at),
        Some(Kind::Open) => {
            let mut depth = 0_usize;
            for (index, token) in tokens.iter().enumerate().skip(start + 1) {
                searched(1);
                match token.kind {
                    Kind::Open => depth += 1,
                    Kind::Close if depth == 0 => return (start + 1..index, index + 1),
                    Kind::Close => depth -= 1,
                    // A group that never closes ends before the next question.
                    Kind::Command(ref name) if matches!(&**name, "question" | "part" | "titledquestion") => {
                        return (start + 1..index, index);
                    }
                    _ => {}
                }
            }
            (start + 1..tokens.len(), tokens.len())
        }
        Some(_) => (start..start + 1, start + 1),
    }
}

/// The name of an environment after `\begin` or `\end`, and where it ends. A brace that does not close after a few tokens
/// opens no name.
pub(super) fn environment_name(tokens: &[Token], at: usize) -> (String, usize) {
    let start = at + tokens[at.min(tokens.len())..].iter().take_while(|token| token.kind == Kind::Space).count();
    if tokens.get(start).is_none_or(|token| token.kind != Kind::Open) {
        return (String::new(), at);
    }
    let inside = &tokens[start + 1..];
    let length = inside.iter().take(NAME_TOKENS_MAX).position(|token| token.kind == Kind::Close);
    searched(length.unwrap_or(NAME_TOKENS_MAX));
    match length {
        Some(length) => (super::macros::plain(&inside[..length]), start + length + 2),
        None => (String::new(), at),
    }
}

/// Counts the tokens and bytes that are searched, so that tests can bound them.
#[inline]
pub(super) fn searched(count: usize) {
    #[cfg(test)]
    SEARCHED.with(|sum| sum.set(sum.get() + count));
    #[cfg(not(test))]
    let _ = count;
}

#[cfg(test)]
thread_local! {
    pub(super) static SEARCHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The argument in brackets at `at`, and where it ends. Adds what was searched in vain to `wasted`.
pub(super) fn optional(tokens: &[Token], at: usize, wasted: &mut usize) -> (Option<Range<usize>>, usize) {
    let start = at + tokens[at.min(tokens.len())..].iter().take_while(|token| token.kind == Kind::Space).count();
    if tokens.get(start).is_none_or(|token| token.kind != Kind::Char('[')) {
        return (None, at);
    }
    let mut depth = 0_i32;
    let limit = if *wasted < WASTED_TOKENS_MAX { OPTIONAL_TOKENS_MAX } else { 0 };
    let mut length = 0;
    for (index, token) in tokens.iter().enumerate().skip(start + 1).take(limit) {
        searched(1);
        length += 1;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Paragraph => break,
            Kind::Char(']') if depth == 0 => return (Some(start + 1..index), index + 1),
            _ => {}
        }
    }
    *wasted += length;
    (None, at)
}

/// Tokens as LaTeX again.
pub(super) fn latex(tokens: &[Token]) -> String {
    let mut out = String::new();
    for (index, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Command(name) => {
                out.push('\\');
                out.push_str(name);
                let is_word = name.ends_with(|c: char| c.is_ascii_alphabetic());
                let is_before_letter =
                    matches!(tokens.get(index + 1), Some(Token { kind: Kind::Char(c), .. }) if c.is_ascii_alphabetic());
                if is_word && is_before_letter {
                    out.push(' ');
                }
            }
            Kind::Open => out.push('{'),
            Kind::Close => out.push('}'),
            Kind::Math => out.push('$'),
            Kind::Space | Kind::Paragraph => out.push(' '),
            Kind::Char(c) => out.push(*c),
            Kind::Parameter(number) => {
                let _ = write!(out, "#{number}");
            }
            Kind::Verbatim { text, .. } => out.push_str(text),
        }
    }
    out
}
