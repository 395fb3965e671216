//! How long and how deeply nested a formula may be, before anything reads it.
//!
//! The engine recurses at each level of nesting, so depth is bounded by its tokens. Not only braces nest: a switch such as
//! `\bf` begins a group that lasts to the end of the group around it, and a command may be another's argument without
//! braces (`\frac\frac…`).

use katex::KatexContext;
use katex::macros::MacroDefinition;
use katex::macros::builtins::BUILTIN_MACROS;
use katex::types::Mode;

use crate::Unrenderable;
use crate::tokens::{Token, Tokens};

/// The longest formula.
pub const MAX_CHARACTERS: usize = 10_000;

/// The most levels of braces, `\left` and environments.
pub const MAX_DEPTH: usize = 100;

/// The most levels when switches and arguments without braces are counted, too.
const MAX_LEVELS: usize = 300;

/// What a stack of 512 KiB holds with ease in a build without optimization.
const SHALLOW_LEVELS: usize = 12;

/// Commands that nest all that follows in their group.
const SWITCHES: [&str; 33] = [
    "Huge",
    "LARGE",
    "Large",
    "bf",
    "bfseries",
    "boldmath",
    "cal",
    "color",
    "displaystyle",
    "em",
    "footnotesize",
    "frak",
    "huge",
    "it",
    "itshape",
    "large",
    "mathchoice",
    "mit",
    "normalsize",
    "rm",
    "rmfamily",
    "scriptscriptstyle",
    "scriptsize",
    "scriptstyle",
    "sf",
    "sffamily",
    "sl",
    "small",
    "textstyle",
    "tiny",
    "tt",
    "ttfamily",
    "unboldmath",
];

/// Commands that could undo the bounds: they load addresses, define what braces are, or write to the output.
const REFUSED: [&str; 21] = [
    "TextOrMath",
    "afterassignment",
    "edef",
    "errmessage",
    "expandafter",
    "futurelet",
    "global",
    "href",
    "htmlClass",
    "htmlData",
    "htmlId",
    "htmlStyle",
    "includegraphics",
    "let",
    "long",
    "message",
    "noexpand",
    "show",
    "url",
    "xdef",
    "catcode",
];

/// What a formula needs.
pub(crate) struct Size {
    levels: usize,
    defines: bool,
}

impl Size {
    /// Whether any thread's stack is large enough.
    pub(crate) fn fits_any_stack(&self) -> bool {
        self.levels <= SHALLOW_LEVELS && !self.defines
    }
}

/// A group that is open.
#[derive(Default)]
struct Group {
    /// Levels within it that have no end of their own.
    implicit: usize,
    /// Whether its cells end them.
    has_cells: bool,
}

/// Measures `latex`, or says which bound it breaks.
pub(crate) fn measure(latex: &str, context: &KatexContext) -> Result<Size, Unrenderable> {
    if latex.chars().nth(MAX_CHARACTERS).is_some() {
        return Err(Unrenderable::new(format!("it is longer than {MAX_CHARACTERS} characters")));
    }
    let mut groups = vec![Group::default()];
    let mut implicit = 0;
    let mut size = Size { levels: 0, defines: false };
    let mut tokens = Tokens::of(latex);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open | Token::Command("left" | "begingroup" | "bgroup") => groups.push(Group::default()),
            Token::Command("begin") => {
                groups.push(Group { has_cells: true, ..Group::default() });
                tokens = Tokens::of(after_name(tokens.rest()));
            }
            Token::Close | Token::Command("right" | "endgroup" | "egroup" | "end") => {
                if groups.len() > 1
                    && let Some(group) = groups.pop()
                {
                    implicit -= group.implicit;
                }
                if token == Token::Command("end") {
                    tokens = Tokens::of(after_name(tokens.rest()));
                }
            }
            Token::Character('&') | Token::Command("\\" | "cr") => {
                if let Some(group) = groups.last_mut().filter(|group| group.has_cells) {
                    implicit -= group.implicit;
                    group.implicit = 0;
                }
            }
            Token::Command(name) if REFUSED.contains(&name) => {
                return Err(Unrenderable::new(format!("\\{name} is not supported")));
            }
            Token::Command(name) => {
                size.defines |= matches!(
                    name,
                    "def"
                        | "gdef"
                        | "newcommand"
                        | "renewcommand"
                        | "providecommand"
                        | "DeclareMathOperator"
                        | "ce"
                        | "pu"
                );
                let rest = tokens.rest().trim_start();
                if nests(name, rest, context) {
                    // In the last place of a group, its argument may come from behind the group.
                    let last = usize::from(rest.starts_with('}'));
                    let inner = groups.len().saturating_sub(1);
                    for group in &mut groups[inner.saturating_sub(last)..] {
                        group.implicit += 1;
                        implicit += 1;
                    }
                }
            }
            Token::Unclosed => return Err(Unrenderable::new("\\verb has no end")),
            Token::Character(_) => {}
        }
        let depth = groups.len() - 1;
        if depth > MAX_DEPTH || depth + implicit > MAX_LEVELS {
            return Err(Unrenderable::new(format!("it nests more than {MAX_DEPTH} levels")));
        }
        size.levels = size.levels.max(depth + implicit);
    }
    Ok(size)
}

/// Whether a command adds a level that no brace shows.
fn nests(name: &str, rest: &str, context: &KatexContext) -> bool {
    if SWITCHES.contains(&name) {
        return true;
    }
    takes_arguments(&format!("\\{name}"), context, 0) && !rest.starts_with('{')
}

/// Whether a command takes arguments, or may.
fn takes_arguments(name: &str, context: &KatexContext, depth: usize) -> bool {
    if let Some(function) = context.functions.get(name) {
        return function.num_args > 0;
    }
    if [Mode::Math, Mode::Text].iter().any(|mode| context.symbols.get(*mode, name).is_some()) {
        return false;
    }
    match BUILTIN_MACROS.get(name).and_then(MacroDefinition::as_str) {
        // What takes no arguments may end in a command that does.
        Some(body) if !body.contains('#') && depth < 5 => {
            let last = body.rfind('\\').map_or("", |at| &body[at..]);
            last[last.len().min(1)..].chars().all(|letter| letter.is_ascii_alphabetic())
                && last.len() > 1
                && takes_arguments(last, context, depth + 1)
        }
        _ => true,
    }
}

/// What follows the name of an environment in braces.
fn after_name(rest: &str) -> &str {
    let name = rest.trim_start().strip_prefix('{').and_then(|rest| rest.split_once('}'));
    name.filter(|(name, _)| name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '*'))
        .map_or(rest, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(latex: &str) -> Option<String> {
        measure(latex, &KatexContext::default()).err().map(|error| error.reason)
    }

    #[test]
    fn nesting_of_every_kind_is_bounded() {
        for (open, close) in [
            ("{", "}"),
            ("\\sqrt{", "}"),
            ("\\left(", "\\right)"),
            ("\\begin{matrix}", "\\end{matrix}"),
            ("\\begingroup ", "\\endgroup "),
            ("{%}\n", "}"),
            ("{\\verb|}|", "}"),
        ] {
            assert_eq!(reason(&format!("{}x{}", open.repeat(100), close.repeat(100))), None, "{open}");
            assert!(reason(&format!("{}x{}", open.repeat(101), close.repeat(101))).is_some(), "{open}");
        }
        for chain in [
            "\\frac",
            "\\bf",
            "\\displaystyle",
            "\\text",
            "\\frac1",
            "\\color{red}",
            "\\sqrt[3]",
            "{\\frac}",
            "\\unknown",
        ] {
            assert!(reason(&chain.repeat(301)).is_some(), "{chain}");
        }
    }

    #[test]
    fn what_does_not_nest_is_not_counted() {
        for flat in ["\\alpha", "\\frac{1}{2}", "{x}", "\\left(x\\right)", "\\{", "\\%{}", "\\sum", "\\quad"] {
            assert_eq!(reason(&flat.repeat(400)), None, "{flat}");
        }
        assert_eq!(reason(&format!("\\begin{{matrix}}{}\\end{{matrix}}", "\\frac12&".repeat(400))), None);
    }

    #[test]
    fn length_is_bounded() {
        assert_eq!(reason(&"x".repeat(MAX_CHARACTERS)), None);
        assert!(reason(&"x".repeat(MAX_CHARACTERS + 1)).is_some());
    }
}
