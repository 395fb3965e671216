//! Converts text with LaTeX between dollars to HTML with MathML, which browsers render without scripts or fonts from
//! us.

use maud::{Markup, PreEscaped, html};
use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::event::{Content, Event};
use pulldown_latex::{Parser, Storage, push_mathml};

/// Converts one line with its formulas.
pub(crate) fn line_of(text: &str) -> Markup {
    html! {
        @for part in parts(text) {
            @match part {
                MathSegment::Text(text) => (text),
                MathSegment::Math(latex, mode) => (math(latex, mode)),
            }
        }
    }
}

enum MathSegment<'a> {
    Text(String),
    Math(&'a str, DisplayMode),
}

/// Splits into text and formulas. `\$` is a dollar sign; an unclosed formula is text.
fn parts(text: &str) -> Vec<MathSegment<'_>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("\\$") {
            plain.push('$');
            rest = after;
            continue;
        }
        let (mark, mode) = if rest.starts_with("$$") {
            ("$$", DisplayMode::Block)
        } else if rest.starts_with('$') {
            ("$", DisplayMode::Inline)
        } else {
            plain.push('\\');
            rest = &rest[1..];
            continue;
        };
        if let Some(end) = end_of(&rest[mark.len()..], mark) {
            parts.push(MathSegment::Text(std::mem::take(&mut plain)));
            parts.push(MathSegment::Math(&rest[mark.len()..mark.len() + end], mode));
            rest = &rest[end + 2 * mark.len()..];
        } else {
            plain.push_str(mark);
            rest = &rest[mark.len()..];
        }
    }
    plain.push_str(rest);
    parts.push(MathSegment::Text(plain));
    parts
}

/// Position of the closing mark, ignoring escaped ones.
fn end_of(text: &str, mark: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find(mark).map(|at| from + at) {
        let backslashes = text[..found].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(found);
        }
        from = found + 1;
    }
    None
}

/// The first formula of `text` that cannot be rendered and is shown as source.
#[must_use]
pub fn undrawable(text: &str) -> Option<String> {
    parts(text).into_iter().find_map(|part| match part {
        MathSegment::Math(latex, mode) if mathml(latex, mode).is_none() => Some(latex.to_owned()),
        _ => None,
    })
}

/// Renders a formula. If it cannot be parsed, its source is shown.
pub(crate) fn math(latex: &str, mode: DisplayMode) -> Markup {
    mathml(latex, mode).map_or_else(|| html! { code { (latex) } }, PreEscaped)
}

fn mathml(latex: &str, mode: DisplayMode) -> Option<String> {
    let storage = Storage::new();
    let config = RenderConfig { display_mode: mode, ..RenderConfig::default() };
    let events = Parser::new(latex, &storage).collect::<Result<Vec<_>, _>>().ok()?;
    if events.iter().any(holds_markup) {
        return None;
    }
    let mut mathml = String::new();
    push_mathml(&mut mathml, events.into_iter().map(Ok::<_, std::fmt::Error>), config).ok()?;
    Some(mended(&mathml))
}

/// Whether text in the formula contains HTML markup, which the renderer does not escape.
fn holds_markup(event: &Event<'_>) -> bool {
    let Event::Content(Content::Text(word) | Content::Number(word) | Content::Function(word)) = event else {
        return false;
    };
    // The parser produces this entity for `~` and for a backslash before a space.
    *word != "&nbsp;" && word.contains(['<', '>', '&', '"', '\''])
}

/// The renderer puts this space before a function with an exponent. Inside the element it would become the base.
const SPACE: &str = "<mspace width=\"0.1667em\" />";

/// Corrects the renderer's output: escapes operators, each of which is alone in its element, and moves space out of the
/// base's place.
fn mended(mathml: &str) -> String {
    // The renderer escapes the space entity that the parser produced.
    let spaced = mathml.replace("<mtext>&amp;nbsp;</mtext>", "<mtext>\u{a0}</mtext>");
    let escaped = spaced.replace("><</", ">&lt;</").replace(">></", ">&gt;</").replace(">&</", ">&amp;</");
    ["<msup>", "<msub>", "<msubsup>"]
        .iter()
        .fold(escaped, |mathml, element| mathml.replace(&format!("{element}{SPACE}"), &format!("{SPACE}{element}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        line_of(text).into_string()
    }

    #[test]
    fn formulas_become_mathml_and_text_stays() {
        let html = shown(r"Evaluate $\int_0^1 x^2\,dx$ & more");
        assert!(html.starts_with("Evaluate <math") && html.ends_with("</math> &amp; more"), "{html}");
        assert!(html.contains("∫") && html.contains("<msup>"), "{html}");
        assert!(shown(r"$$\frac{1}{2}$$").contains("<mfrac>"));
        assert!(shown("$x < 1$").contains("&lt;"), "{}", shown("$x < 1$"));
        for spaced in [r"$(0,1),\ (8,2)$", "$a~b$", r"$a\nobreakspace b$"] {
            assert!(shown(spaced).contains("<mtext>\u{a0}</mtext>"), "{}", shown(spaced));
        }
    }

    #[test]
    fn an_exponent_stands_at_its_function() {
        let html = shown(r"$x\sin^2 x\cos^2 x$");
        assert_eq!(html.matches("<msup><mi>").count(), 2, "{html}");
    }

    #[test]
    fn dollars_may_be_money() {
        assert_eq!(shown(r"It costs \$5"), "It costs $5");
        assert_eq!(shown("It costs $5"), "It costs $5");
        assert_eq!(shown(r"a\b"), r"a\b");
        assert!(shown(r"$\$5$ and").ends_with(" and"));
    }

    #[test]
    fn an_unparsable_formula_is_shown_as_source() {
        assert_eq!(shown(r"$\frac{1}{$"), r"<code>\frac{1}{</code>");
        assert_eq!(undrawable(r"$x$ and $\frac{1}{$"), Some(r"\frac{1}{".to_owned()));
        assert_eq!(undrawable(r"$\frac{1}{2}$ costs \$5 or $6"), None);
    }

    #[test]
    fn imported_text_is_never_markup() {
        for text in [
            "<script>alert(1)</script>",
            r"$\text{<script>alert(1)</script>}$",
            r"$<script>alert(1)</script>$",
            r"$\color{<script>}x$",
            r#"$\color{red" onclick="alert(1)}x$"#,
            r"$\mathrm{<img src=x onerror=alert(1)>}$",
            r"$\operatorname{<b>}$",
            r"$a<b>c$",
            r"$\mathtt{\text{<b>}}$",
            r"$\tag{<b>} x$",
            r"$\left<b\right>$",
            r"$\begin{array}{<b>}x\end{array}$",
        ] {
            let html = shown(text);
            let markup = html.to_lowercase();
            for bad in ["<script", "<img", "<b>", "onclick=\"alert"] {
                assert!(!markup.contains(bad), "{text}: {html}");
            }
        }
    }
}
