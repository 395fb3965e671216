//! Texts of questions as HTML that is XML too.

use std::fmt::Write as _;

/// What stands at a place of a text.
pub(super) enum Mark {
    /// `[figure 1]`, from 1.
    Figure(usize),
    /// `[gap 1]`, from 1.
    Gap(usize),
}

/// A text as HTML. `instead` returns the HTML for a mark, or `None` if the mark stays as it is.
pub(super) fn html(text: &str, instead: &mut dyn FnMut(Mark) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\\' if rest.starts_with("\\$") => {
                // In an element of its own, a dollar begins no formula.
                out.push_str("<span>$</span>");
                length = 2;
            }
            '$' => match formula(rest) {
                Some((latex, is_display, end)) => {
                    if is_display {
                        if out.ends_with("<br/>") {
                            out.truncate(out.len() - "<br/>".len());
                        }
                        open(&mut out, "\\[");
                        escape(&mut out, latex);
                        out.push_str("\\]");
                        length = end + usize::from(rest[end..].starts_with('\n'));
                    } else {
                        open(&mut out, "\\(");
                        escape(&mut out, latex);
                        out.push_str("\\)");
                        length = end;
                    }
                }
                None => out.push_str("<span>$</span>"),
            },
            '[' => match mark(rest) {
                Some((mark, end)) => {
                    if let Some(html) = instead(mark) {
                        out.push_str(&html);
                    } else {
                        escape(&mut out, &rest[..end]);
                    }
                    length = end;
                }
                None => out.push('['),
            },
            '\n' => out.push_str("<br/>"),
            _ => escape(&mut out, &rest[..length]),
        }
        rest = &rest[length..];
    }
    out
}

/// Begins a formula. A backslash before it is a character of its own.
fn open(out: &mut String, delimiter: &str) {
    if out.ends_with('\\') {
        out.push_str("<span></span>");
    }
    out.push_str(delimiter);
}

/// The formula at the start of a text: its body, whether it is displayed, and where it ends.
pub(super) fn formula(text: &str) -> Option<(&str, bool, usize)> {
    let closer = if text.starts_with("$$") { "$$" } else { "$" };
    let bytes = text.as_bytes();
    let mut at = closer.len();
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
        } else if text.is_char_boundary(at) && text[at..].starts_with(closer) {
            let body = &text[closer.len()..at];
            return (!body.trim().is_empty()).then_some((body, closer.len() == 2, at + closer.len()));
        } else {
            at += 1;
        }
    }
    None
}

pub(super) fn mark(text: &str) -> Option<(Mark, usize)> {
    let end = text.bytes().take(16).position(|byte| byte == b']')?;
    let inside = &text[1..end];
    let number = |name: &str| {
        let digits = inside.strip_prefix(name)?;
        let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    };
    let mark = number("figure ").map(Mark::Figure).or_else(|| number("gap ").map(Mark::Gap))?;
    Some((mark, end + 1))
}

/// Adds a text that is no markup. Characters that XML forbids become blanks.
pub(super) fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(' '),
            letter => out.push(letter),
        }
    }
}

/// A text that is no markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

/// An image.
pub(super) fn image(source: &str, alt: Option<&str>) -> String {
    let mut out = String::new();
    let _ = write!(out, "<img src=\"{}\" alt=\"{}\"/>", escaped(source), escaped(alt.unwrap_or_default()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        html(text, &mut |mark| match mark {
            Mark::Figure(1) => Some("<img/>".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn formulas_prices_figures_and_lines_are_kept() {
        for (text, expected) in [
            ("1 < 2 & \"a\"\n\u{1}b", "1 &lt; 2 &amp; &quot;a&quot;<br/> b"),
            (r"is $a < b$ or \$5?", r"is \(a &lt; b\) or <span>$</span>5?"),
            ("so\n$$x^2$$\nholds", r"so\[x^2\]holds"),
            ("a \\\n$$x$$", r"a \<span></span>\[x\]"),
            ("lone $", "lone <span>$</span>"),
            ("$$", "<span>$</span><span>$</span>"),
            ("see [figure 1], [figure 2] and [x]", "see <img/>, [figure 2] and [x]"),
            (r"$\text{a \$ b}$é", r"\(\text{a \$ b}\)é"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
