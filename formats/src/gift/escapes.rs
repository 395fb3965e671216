//! Characters with a backslash, apart from those of LaTeX.

use super::scan::{COMMENT, Skipper};

/// Commands of LaTeX that begin with the letter n. In GIFT, `\n` is a line break.
const COMMANDS: &[&str] = &[
    "nLeftarrow",
    "nRightarrow",
    "nVdash",
    "nabla",
    "natural",
    "nbsp",
    "ncong",
    "ne",
    "nearrow",
    "neg",
    "neq",
    "newcommand",
    "newline",
    "nexists",
    "ngeq",
    "ngeqslant",
    "ngtr",
    "ni",
    "nleftarrow",
    "nleq",
    "nleqslant",
    "nless",
    "nmid",
    "nobreak",
    "noindent",
    "nolimits",
    "nonumber",
    "norm",
    "not",
    "notag",
    "notin",
    "nparallel",
    "nprec",
    "nrightarrow",
    "nsim",
    "nsubset",
    "nsubseteq",
    "nsucc",
    "nsupset",
    "nsupseteq",
    "ntriangleleft",
    "nu",
    "num",
    "nvdash",
    "nwarrow",
];

/// A text without the escapes of GIFT.
#[derive(Debug, Default)]
pub(super) struct Unescaped {
    /// Formulas are between `\( \)` or `\[ \]`.
    pub(super) text: String,
    pub(super) warnings: Vec<String>,
}

pub(super) fn unescape(source: &str) -> Unescaped {
    let mut skipper = Skipper::new(source);
    let mut out = Unescaped::default();
    let mut commands = Vec::new();
    let mut at = 0;
    while let Some(next) = source[at..].chars().next() {
        if matches!(next, '$' | '\\')
            && let Some(formula) = skipper.formula(at)
        {
            let (open, close) = match (formula.is_environment, formula.is_display) {
                (true, _) => (&source[at..formula.body.start], &source[formula.body.end..formula.end]),
                (_, true) => ("\\[", "\\]"),
                (_, false) => ("\\(", "\\)"),
            };
            out.text.push_str(open);
            let is_escaped = source[at..].starts_with("\\\\");
            unescape_formula(&source[formula.body], formula.is_environment, is_escaped, &mut out, &mut commands);
            out.text.push_str(close);
            at = formula.end;
            continue;
        }
        if next != '\\' {
            if next != COMMENT {
                out.text.push(next);
            }
            at += next.len_utf8();
            continue;
        }
        let after = &source[at + 1..];
        at += 1;
        match after.chars().next() {
            Some(c @ ('~' | '=' | '#' | '{' | '}' | ':')) => {
                out.text.push(c);
                at += 1;
            }
            Some('\\') => {
                out.text.push('\\');
                at += 1;
            }
            Some('n') => {
                let name = leading_letters(after);
                if COMMANDS.contains(&name) {
                    out.text.push('\\');
                    commands.push(format!("\\{name}"));
                } else {
                    out.text.push('\n');
                    at += 1;
                }
            }
            _ => out.text.push('\\'),
        }
    }
    commands.sort();
    commands.dedup();
    if !commands.is_empty() {
        let names = commands.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        out.warnings.push(format!("{names} was read as a command of LaTeX, not as a line break."));
    }
    out
}

/// A name without escapes. It holds no formulas: `$course$` is none.
pub(super) fn unescape_name(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut characters = source.chars().peekable();
    while let Some(next) = characters.next() {
        let escaped = characters.next_if(|c| next == '\\' && matches!(c, '~' | '=' | '#' | '{' | '}' | ':' | '\\'));
        out.push(escaped.unwrap_or(next));
    }
    out
}

fn leading_letters(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_alphabetic).count()]
}

/// Some authors escape LaTeX as GIFT asks, some write it as it is. Both readings of a formula are told apart by what else
/// it holds.
fn unescape_formula(body: &str, is_plain: bool, is_escaped: bool, out: &mut Unescaped, commands: &mut Vec<String>) {
    let bytes = body.as_bytes();
    // A brace without a backslash, or a command with one backslash: LaTeX as it is.
    let mut has_plain_brace = false;
    let mut has_plain_command = is_plain;
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\\', Some(next)) => {
                has_plain_command |= next.is_ascii_alphabetic();
                at += 1;
            }
            (b'{' | b'}', _) => has_plain_brace = true,
            _ => {}
        }
        at += 1;
    }
    if is_escaped && !has_plain_command && !has_plain_brace {
        // The delimiters are escaped and so is all else: each backslash belongs to the next character.
        let mut characters = body.chars().filter(|next| *next != COMMENT).peekable();
        while let Some(next) = characters.next() {
            let control = |c: &char| matches!(c, '\\' | '{' | '}' | '=' | '~' | ':' | '#');
            out.text.push(characters.next_if(|c| next == '\\' && control(c)).unwrap_or(next));
        }
        return;
    }
    let mut groups = Vec::new();
    let mut is_doubtful = false;
    let mut rest = body;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        if next != '\\' {
            if next != COMMENT {
                out.text.push(next);
            }
            continue;
        }
        let Some(escaped) = rest.chars().next() else {
            out.text.push('\\');
            break;
        };
        let after = &rest[escaped.len_utf8()..];
        match escaped {
            '\\' => {
                out.text.push('\\');
                // Two backslashes are one escaped, or the end of a row.
                if has_plain_command {
                    out.text.push('\\');
                } else if let Some(c @ ('{' | '}')) = after.strip_prefix('\\').and_then(|after| after.chars().next()) {
                    out.text.push(c);
                    rest = &after[2..];
                    continue;
                }
            }
            '{' | '}' if has_plain_brace => out.text.extend(['\\', escaped]),
            '{' => {
                let is_group = follows_group_context(&out.text);
                groups.push(is_group);
                is_doubtful |= !is_group;
                out.text.push_str(if is_group { "{" } else { "\\{" });
            }
            '}' => out.text.push_str(if groups.pop() == Some(true) { "}" } else { "\\}" }),
            '=' | '~' | ':' => out.text.push(escaped),
            'n' if !after.starts_with(|c: char| c.is_ascii_alphabetic()) => out.text.push(' '),
            _ => {
                if escaped == 'n' {
                    commands.push(format!("\\{}", leading_letters(rest)));
                }
                out.text.extend(['\\', escaped]);
            }
        }
        rest = after;
    }
    if is_doubtful {
        let shown: String = body.chars().take(60).collect();
        out.warnings.push(format!(
            "`\\{{` in the formula `{shown}` was read as a brace that is shown, not as an escaped group."
        ));
    }
}

/// Whether a brace here opens an argument: after `^`, `_`, a command, `]` or another argument.
fn follows_group_context(text: &str) -> bool {
    let text = text.trim_end();
    if text.ends_with(['^', '_', ']']) || text.ends_with('}') && !text.ends_with("\\}") {
        return true;
    }
    let letters = text.bytes().rev().take(32).take_while(u8::is_ascii_alphabetic).count();
    letters > 0 && text[..text.len() - letters].ends_with('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_characters_outside_formulas() {
        for (source, expected) in [
            (r"a\: b \= c \{d\} \# \~", "a: b = c {d} # ~"),
            (r"one\ntwo\nabla", "one\ntwo\\nabla"),
            (r"first\nnumber", "first\nnumber"),
            (r"C:\\dir", "C:\\dir"),
            (r"costs \$5", r"costs \$5"),
        ] {
            assert_eq!(unescape(source).text, expected, "{source}");
        }
    }

    #[test]
    fn formulas_are_read_as_their_author_wrote_them() {
        for (source, expected) in [
            (r"$\nabla f \neq \theta$", r"\(\nabla f \neq \theta\)"),
            (r"$\frac{1}{2}$", r"\(\frac{1}{2}\)"),
            (r"\\(\\frac\{1\}\{2\}\\)", r"\(\frac{1}{2}\)"),
            (r"$\frac\{1\}\{2\} \= x^\{2\}$", r"\(\frac{1}{2} = x^{2}\)"),
            (r"\( \{1, 2\} \)", r"\( \{1, 2\} \)"),
            (r"$\\\{1, 2\\\}$", r"\(\{1, 2\}\)"),
            (r"$\begin{pmatrix} a \\ b \end{pmatrix}$", r"\(\begin{pmatrix} a \\ b \end{pmatrix}\)"),
            (r"$$\\alpha \\neq \\nu$$", r"\[\alpha \neq \nu\]"),
            (r"$\{x : x^{2} < 1\}$", r"\(\{x : x^{2} < 1\}\)"),
            (r"\\(\{x+y\}^2 \\\{1\\\} \\\\ \\alpha \= \#1\\)", r"\({x+y}^2 \{1\} \\ \alpha = #1\)"),
            (r"\begin{align}a\\b\end{align}", r"\begin{align}a\\b\end{align}"),
        ] {
            assert_eq!(unescape(source).text, expected, "{source}");
        }
    }

    #[test]
    fn a_warning_says_which_reading_was_taken() {
        let warnings = unescape(r"$\nabla \neq x$").warnings;
        assert_eq!(warnings, ["`\\nabla`, `\\neq` was read as a command of LaTeX, not as a line break."]);
        assert!(unescape(r"$\{1,2\}$").warnings[0].contains("brace that is shown"));
        assert!(unescape(r"$\frac{1}{2}$\nx").warnings.is_empty());
    }
}
