//! Finds LaTeX commands whose backslash was lost, because JSON reads `\f`, `\b`, `\t`, `\n` and `\r` as one character
//! each. For example, `"$\frac{1}{5}$"` with one backslash in a JSON file is read as a form feed and `rac{1}{5}`.
//!
//! Form feed and backspace have no other use, so they are always a slip. A line break, tab or carriage return is a slip
//! if it forms a known command together with the letters after it:
//!
//! - in a formula: `\nabla`, `\neq`, `\theta`, `\rho`, whatever comes before;
//! - in a formula, where a single letter follows (`\nu`, `\ne`, `\ni`, `\to`): a wrapped formula may go on with this
//!   letter. It is doubtful where a line would be wrapped (after an operator, an opening bracket, a space, `\\`,
//!   `\begin{…}` or an opening `$$` whose closing one ends a line; for a tab: at the beginning of a line), else a slip;
//! - outside of formulas: only when the letters are no word or abbreviation, such as `heta` and `abla`.

use std::fmt;
use std::ops::Range;

use crate::domain::catalog::commands::{N, R, T};

/// Rests of commands that may also begin a line of plain text, or a cell after a tab.
const WORDS: &[&str] = &[
    "e", "i", "u", "umber", "o", "t", "g", "m", "q", "an", "au", "ag", "op", "eg", "eq", "ot", "um", "ef", "less",
    "mid", "sim", "prec", "succ", "exists", "parallel", "subset", "angle", "brace", "floor", "group", "lap", "times",
    "cases",
];
/// Commands after which a formula may be wrapped.
const OPERATORS: &[&str] = &[
    "le",
    "leq",
    "ge",
    "geq",
    "ne",
    "neq",
    "to",
    "cdot",
    "times",
    "approx",
    "equiv",
    "in",
    "pm",
    "mp",
    "quad",
    "qquad",
    "implies",
    "iff",
    "Rightarrow",
    "sim",
    "simeq",
    "cong",
    "propto",
    "mid",
    "subset",
    "subseteq",
    "cup",
    "cap",
    "div",
    "mapsto",
    "rightarrow",
    "Leftrightarrow",
    "ll",
    "gg",
    "wedge",
    "vee",
    "land",
    "lor",
    "oplus",
    "otimes",
];
/// Characters after which a formula may be wrapped.
const WRAPS: [char; 16] = ['+', '-', '=', '<', '>', ',', ';', '&', '|', '*', '/', '(', '[', '{', ' ', '\n'];
/// Delimiters of formulas, longest first.
const FORMULAS: [(&str, &str); 4] = [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")];

/// Marks a backslash that was not followed by a JSON escape. `catalog import` uses it to keep such texts readable.
pub const NO_ESCAPE: &str = "\0\\";

/// How to read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Text with formulas between dollars.
    Text,
    /// LaTeX without dollars, or plain text.
    Bare,
}

/// A character that the author probably did not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slip {
    /// A backslash that begins no JSON escape, with the letters after it, such as `log`.
    NoEscape(String),
    /// A control character that replaced the start of a command, and the rest of the command.
    Lost(char, String),
    /// The same, but it may also be a wrapped formula.
    Doubtful(char, String),
    /// Any other control character.
    Control(char),
}

impl Slip {
    /// Whether the text is certainly wrong.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::NoEscape(_) | Self::Lost(..))
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEscape(after) => write!(f, "has \"\\{after}\", which is no escape in JSON; write \"\\\\{after}\""),
            Self::Lost(character, letters) => {
                let (name, escape) = name(*character);
                write!(f, "has a {name}")?;
                if !letters.is_empty() {
                    write!(f, " before {letters:?}")?;
                }
                write!(f, ": JSON reads \"\\{escape}\" as one; write \"\\\\{escape}{letters}\"")
            }
            Self::Doubtful(character, letters) => {
                let (name, escape) = name(*character);
                let command = format!("{escape}{letters}");
                write!(
                    f,
                    "has a {name} before {letters:?} in a formula; if it should be \\{command}, write \"\\\\{command}\""
                )
            }
            Self::Control(character) => write!(f, "has the control character U+{:04X}", u32::from(*character)),
        }
    }
}

/// A character's name, and its letter in a JSON escape.
fn name(character: char) -> (&'static str, char) {
    match character {
        '\u{c}' => ("form feed", 'f'),
        '\u{8}' => ("backspace", 'b'),
        '\t' => ("tab", 't'),
        '\r' => ("carriage return", 'r'),
        _ => ("line break", 'n'),
    }
}

/// All slips in a text, in order.
#[must_use]
pub fn slips(text: &str, setting: Setting) -> Vec<Slip> {
    // Fast path: most texts have none.
    if !text.contains(|character: char| character.is_ascii_control()) {
        return Vec::new();
    }
    let formulas = match setting {
        Setting::Bare if !text.contains('$') => {
            if is_prose(text) {
                Vec::new()
            } else {
                vec![FormulaSpan { inside: 0..text.len(), is_display: false }]
            }
        }
        _ => formulas(text),
    };
    let controls = text.char_indices().filter(|(_, character)| character.is_ascii_control());
    controls.filter_map(|(at, character)| slip(text, at, character, &formulas)).collect()
}

fn slip(text: &str, at: usize, character: char, formulas: &[FormulaSpan]) -> Option<Slip> {
    let after = &text[at + character.len_utf8()..];
    let letters = leading_letters(after);
    let commands = match character {
        '\u{c}' | '\u{8}' => return Some(Slip::Lost(character, letters.to_owned())),
        '\n' => N,
        '\r' => R,
        '\t' => T,
        '\0' if after.starts_with('\\') => {
            let escaped = &after[1..];
            let word = leading_letters(escaped);
            let word = if word.is_empty() { escaped.get(..escaped.chars().next()?.len_utf8())? } else { word };
            return Some(Slip::NoEscape(word.to_owned()));
        }
        other => return Some(Slip::Control(other)),
    };
    let (_, initial) = name(character);
    let is_command = commands.iter().any(|name| name.strip_prefix(initial) == Some(letters));
    if letters.is_empty() || !is_command {
        return None;
    }
    match formulas.iter().find(|formula| formula.inside.contains(&at)) {
        None if WORDS.contains(&letters) => None,
        Some(formula) if letters.len() == 1 && formula.may_go_on(text, at, character) => {
            Some(Slip::Doubtful(character, letters.to_owned()))
        }
        _ => Some(Slip::Lost(character, letters.to_owned())),
    }
}

fn leading_letters(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_alphabetic).count()]
}

/// A formula within a text.
struct FormulaSpan {
    inside: Range<usize>,
    is_display: bool,
}

impl FormulaSpan {
    /// Whether the character at `at` may be a wrap or an indentation within the formula.
    fn may_go_on(&self, text: &str, at: usize, character: char) -> bool {
        let before = &text[self.inside.start..at];
        // In a file with CRLF the break begins before its line feed.
        let before = if character == '\n' { before.strip_suffix('\r').unwrap_or(before) } else { before };
        match character {
            '\t' => before.trim_end_matches([' ', '\t']).ends_with('\n'),
            '\n' => {
                // `\ne^` would be a relation with an exponent, so the line break may be real.
                text[at..].starts_with("\ne^")
                    || (before.is_empty() && self.closes_at_the_end_of_a_line(text))
                    || before.ends_with(WRAPS)
                    || before.ends_with("\\\\")
                    || ends_with_operator(before)
                    || ends_with_begin(before)
            }
            _ => false,
        }
    }

    fn closes_at_the_end_of_a_line(&self, text: &str) -> bool {
        // Both marks of a displayed formula have two bytes.
        let after = || text[self.inside.end + 2..].trim_start_matches([' ', '\t']);
        let is_alone = text[self.inside.clone()].trim_end_matches([' ', '\t', '\r']).ends_with('\n');
        self.is_display && (is_alone || after().is_empty() || after().starts_with(['\r', '\n']))
    }
}

fn ends_with_operator(before: &str) -> bool {
    let name = before.len() - before.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    before[..name].ends_with('\\') && OPERATORS.contains(&&before[name..])
}

fn ends_with_begin(before: &str) -> bool {
    let environment = before.rsplit_once("\\begin{").and_then(|(_, rest)| rest.strip_suffix('}'));
    environment.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'*'))
}

/// The formulas in a text. An unclosed dollar is not a formula: it may be a currency sign.
fn formulas(text: &str) -> Vec<FormulaSpan> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let escaped = ["\\$", "\\\\"].iter().any(|escaped| rest.starts_with(escaped));
        let opened = FORMULAS.iter().filter(|_| !escaped).find(|(open, _)| rest.starts_with(open));
        if let Some((open, close)) = opened
            && let Some(length) = closing(&rest[open.len()..], close)
            && (*open != "$" || is_formula(&rest[1..=length], &rest[length + 2..]))
        {
            let start = at + open.len();
            found.push(FormulaSpan { inside: start..start + length, is_display: matches!(*open, "$$" | "\\[") });
            at = start + length + close.len();
        } else if let Some((open, _)) = opened {
            at += open.len();
        } else if escaped {
            at += 2;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// Whether what stands between two dollars is a formula. Otherwise each dollar is a currency sign, or one of them opens
/// another formula.
fn is_formula(inside: &str, after: &str) -> bool {
    let is_spaced = inside.starts_with(' ') && inside.ends_with(' ');
    let is_next_price = after.trim_start_matches(' ').starts_with(|next: char| next.is_ascii_digit());
    if is_spaced {
        return !is_next_price && !is_wrapped_prose(inside);
    }
    !inside.starts_with(' ')
        && !inside.ends_with(' ')
        && !after.starts_with(|next: char| next.is_ascii_digit())
        && !is_wrapped_prose(inside)
}

/// Whether a text has a line break, and words that are not the argument of a command such as `\text`.
fn is_wrapped_prose(inside: &str) -> bool {
    inside.contains('\n') && {
        let mut depth = 0_u32;
        let without_arguments = inside.chars().map(|character| {
            match character {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > 0 { '.' } else { character }
        });
        is_prose(&without_arguments.collect::<String>())
    }
}

/// Bytes up to the mark that closes a formula.
fn closing(inside: &str, close: &str) -> Option<usize> {
    let mut at = 0;
    while at < inside.len() {
        let rest = &inside[at..];
        if rest.starts_with(close) {
            return Some(at);
        }
        let escaped = rest.starts_with("\\$") || rest.starts_with("\\\\");
        at += if escaped { 2 } else { rest.chars().next().map_or(1, char::len_utf8) };
    }
    None
}

/// Whether a text without dollars is prose: it has two words in a row.
fn is_prose(text: &str) -> bool {
    let words: Vec<bool> = text
        .split_whitespace()
        .map(|word| word.trim_end_matches(['.', ',', ';', ':', '?', '!']))
        .map(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .collect();
    words.windows(2).any(|pair| pair == [true, true])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        slips(text, Setting::Text).iter().map(ToString::to_string).collect()
    }

    fn certain(text: &str, setting: Setting) -> bool {
        slips(text, setting).iter().any(Slip::is_certain)
    }

    #[test]
    fn commands_are_sorted_and_begin_with_their_letter() {
        for (commands, initial) in [(N, 'n'), (R, 'r'), (T, 't')] {
            assert!(commands.is_sorted(), "{initial}");
            assert!(commands.iter().all(|command| command.starts_with(initial)));
        }
    }

    #[test]
    fn every_known_command_in_a_formula_is_found() {
        for (commands, character) in [(N, '\n'), (R, '\r'), (T, '\t')] {
            for command in commands {
                let text = format!("Let $x{character}{} y$.", &command[1..]);
                assert!(certain(&text, Setting::Text), "{command}");
            }
        }
        for (character, letters) in [('\u{c}', "rac{1}{5}"), ('\u{c}', "orall x"), ('\u{8}', "eta"), ('\u{8}', "inom")]
        {
            assert!(certain(&format!("${character}{letters}$"), Setting::Text));
        }
    }

    #[test]
    fn the_hint_has_the_command_with_two_backslashes() {
        assert_eq!(
            said("$\u{c}rac{1}{5}$"),
            [r#"has a form feed before "rac": JSON reads "\f" as one; write "\\frac""#]
        );
        assert_eq!(said("a\u{8}"), [r#"has a backspace: JSON reads "\b" as one; write "\\b""#]);
        assert_eq!(said("$\nabla f$"), [r#"has a line break before "abla": JSON reads "\n" as one; write "\\nabla""#]);
        assert_eq!(said("$\theta$"), [r#"has a tab before "heta": JSON reads "\t" as one; write "\\theta""#]);
        assert_eq!(said("$\rho$"), [r#"has a carriage return before "ho": JSON reads "\r" as one; write "\\rho""#]);
        assert_eq!(said("$\0\\log x$"), [r#"has "\log", which is no escape in JSON; write "\\log""#]);
        assert_eq!(said("\0\\{x"), [r#"has "\{", which is no escape in JSON; write "\\{""#]);
        assert_eq!(said("\u{1}"), ["has the control character U+0001"]);
    }

    #[test]
    fn wrapped_formulas_are_no_slips() {
        for text in [
            "$a +\nb$",
            "$$\nx = 1\n$$",
            "$$\\begin{aligned}\na &= b \\\\\n  c &= d\n\\end{aligned}$$",
            "$\\int u\\,dv =\nuv - \\int v\\,du$",
            "$a\r\n+ b$",
            "$$\n\tx\n$$",
            "$\\frac{1}{2}\n\\nabla f$",
            "$x\nabc$",
        ] {
            assert_eq!(said(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn a_single_letter_where_a_formula_may_be_wrapped_is_doubtful() {
        for text in [
            "$$\nu = x^2\n$$",
            "$$\ne^x = 1 + x\n$$",
            "$a =\nu + v$",
            "$a \\le\nu$",
            "$a \\\\\nu$",
            "$\\begin{aligned}\nu &= 1\\end{aligned}$",
            "$x\ne^x$",
            "$$\n\to + 1\n$$",
            "$$\nu = 3$$",
            "$$\r\nu = 3$$\r\nthen",
            "$a =\r\nu$",
            "$x \ne 0$",
            "$A \ni a$",
            "$\\frac{c}{\nu}$",
            "$f(\nu)$",
            "$f\\left(\nu\\right)$",
            "$a \\sim\nu$",
            "$a/\ni$",
        ] {
            let found = slips(text, Setting::Text);
            assert!(matches!(found.as_slice(), [Slip::Doubtful(..)]), "{text:?}: {found:?}");
        }
        for text in ["$\nu$", "$$\nu = 3$$ is", "$h\nu$", "$x \to 0$", "$x \neq 0$", "$x (\notin A)$", "$ x \neq 0 $"] {
            assert!(certain(text, Setting::Text), "{text:?}");
        }
        let doubtful = r#"has a line break before "u" in a formula; if it should be \nu, write "\\nu""#;
        assert_eq!(said("$a =\nu$"), [doubtful]);
    }

    #[test]
    fn prices_are_no_formula() {
        for text in [
            "There are pens at $2 each.\ni) What is the cost?\nii) And at $3 each?",
            "It costs $1,200\ni.e. more than $1,000",
            "It costs $12\nu per unit and $4",
            "It went from $5\to $6",
            "It costs $ 5\ni.e. more than $ 4",
            "It costs 5$\ni.e. we pay more than the 4$ of before",
        ] {
            assert_eq!(said(text), Vec::<String>::new(), "{text:?}");
        }
        for text in ["It costs $5, and $x\neq y$", "$\nabla f is the gradient$", "$x\neq y \\text{ for all } x$"] {
            assert!(certain(text, Setting::Text), "{text:?}");
        }
    }

    #[test]
    fn outside_of_formulas_words_may_follow_a_line_break() {
        for text in ["Let $x$\nu be", "See\neq. 3", "It is\nless than $5", "a\tan\tb", "one\r\ntwo", "1\nexists"] {
            assert_eq!(said(text), Vec::<String>::new(), "{text:?}");
        }
        for text in ["The gradient \nabla f", "The angle \theta", "It costs \\$5 \times 3", "$a$ and \rho"] {
            assert!(certain(text, Setting::Text), "{text:?}");
        }
    }

    #[test]
    fn bare_latex_is_one_formula_unless_it_is_prose() {
        for text in ["\theta", "\nabla f", "x \neq 0", "\u{c}rac{1}{2}", "\\(\nabla f\\)", "$\nu$", "\to 0"] {
            assert!(certain(text, Setting::Bare), "{text:?}");
        }
        for text in ["The limit\nexists.", "It is\nless than three", "2\n3", "converges\never so slowly"] {
            assert_eq!(slips(text, Setting::Bare), [], "{text:?}");
        }
    }
}
