//! Repairs imported texts in which a line break was written as the two characters `\n`.
//!
//! LaTeX commands such as `\neq`, `\nabla` and `\nu` begin with the same characters. A `\n` is left alone if it stands
//! before a letter in a formula, or if it begins a known command in a text without dollars. Everywhere else it is a
//! line break.

use crate::domain::catalog::commands::N as COMMANDS;

/// Replaces literal `\n` (and `\r\n`) by line breaks. Idempotent.
#[must_use]
pub fn with_real_line_breaks(text: &str) -> String {
    let bare_latex = !text.contains('$');
    let mut out = String::with_capacity(text.len());
    // The delimiter that closes the current formula.
    let mut closing: Option<&str> = None;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(escaped) = rest.get(..2).filter(|two| matches!(*two, "\\\\" | "\\$")) {
            out.push_str(escaped);
            rest = &rest[2..];
            continue;
        }
        if let Some(after) = rest.strip_prefix("\\r\\n") {
            out.push('\n');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("\\n")
            && !(closing.is_some() && after.starts_with(|next: char| next.is_ascii_alphabetic()))
            && !((closing.is_some() || bare_latex) && begins_command(&rest[1..]))
        {
            out.push('\n');
            rest = after;
            continue;
        }
        if next == '$' {
            let dollars = closing.unwrap_or(if rest.starts_with("$$") { "$$" } else { "$" });
            if let Some(after) = rest.strip_prefix(dollars) {
                closing = if closing.is_none() { Some(dollars) } else { None };
                out.push_str(dollars);
                rest = after;
                continue;
            }
        }
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    out.replace("\r\n", "\n")
}

/// Whether the letters at the start of `text` form a known command.
fn begins_command(text: &str) -> bool {
    let letters = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    COMMANDS.contains(&letters)
}

/// Splits a text into steps, one per line, without splitting a formula.
#[must_use]
pub fn steps_of(text: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match steps.last_mut() {
            Some(step) if open => {
                step.push('\n');
                step.push_str(line);
            }
            _ if line.trim().is_empty() => {}
            _ => steps.push(line.to_owned()),
        }
        open ^= line.replace("\\$", "").matches('$').count() % 2 == 1;
        // A display formula opens with two dollars on a line of its own.
        open ^= line.replace("\\$", "").matches("$$").count() % 2 == 1;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_break_becomes_a_real_one() {
        assert_eq!(with_real_line_breaks(r"First.\nThen $x$.\r\nLast."), "First.\nThen $x$.\nLast.");
        assert_eq!(with_real_line_breaks("real\r\nbreak"), "real\nbreak");
    }

    #[test]
    fn latex_commands_stay() {
        for text in [
            r"$a \neq b$",
            r"$\nabla f$ and $\nu$",
            r"a \neq b",
            r"$x \\n$",
            r"$$\nu = 1$$",
            r"$a$$\nu$",
            r"$\nRightarrow$",
        ] {
            assert_eq!(with_real_line_breaks(text), text);
        }
    }

    #[test]
    fn outside_of_math_a_break_is_a_break_whatever_follows() {
        assert_eq!(with_real_line_breaks(r"Let $x=1$.\nu = 2"), "Let $x=1$.\nu = 2");
        assert_eq!(with_real_line_breaks(r"$x$\nuse it"), "$x$\nuse it");
        assert_eq!(with_real_line_breaks(r"one\ntwo"), "one\ntwo");
    }

    #[test]
    fn twice_is_once() {
        let once = with_real_line_breaks(r"a\nb $\neq$ \\n c");
        assert_eq!(with_real_line_breaks(&once), once);
    }

    #[test]
    fn steps_are_lines_with_whole_formulas() {
        assert_eq!(steps_of("One.\n\nTwo $x$."), ["One.", "Two $x$."]);
        assert_eq!(steps_of("One $a\n+ b$.\nTwo."), ["One $a\n+ b$.", "Two."]);
        assert_eq!(steps_of("One\n$$\nx\n$$\nTwo"), ["One", "$$\nx\n$$", "Two"]);
    }
}
