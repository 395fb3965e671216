//! The beginning of a question's text, shown before the question is unlocked.

use crate::domain::text::formula_at;

/// Maximum length of a preview in characters.
pub const PREVIEW_CHARS_MAX: usize = 100;

/// Ends a preview that is not the whole text.
const ELLIPSIS: char = '\u{2026}';

/// A text of at most [`PREVIEW_CHARS_MAX`] characters, whole; otherwise its beginning up to the end of a word, with an
/// ellipsis. No formula and no escaped character is cut. A word is cut only if no other fits.
#[must_use]
pub fn preview(text: &str) -> String {
    if text.chars().count() <= PREVIEW_CHARS_MAX {
        return text.to_owned();
    }
    let (mut end, mut chars, mut end_of_word) = (0, 0, 0);
    while end < text.len() {
        let piece = first_piece(&text[end..]);
        let is_whole = formula_at(piece).is_some() || mark_of_figure(piece).is_some();
        if is_whole || piece.chars().all(char::is_whitespace) {
            // Words before it end here.
            end_of_word = end;
        }
        chars += piece.chars().count();
        // The ellipsis is a character, too.
        if chars > PREVIEW_CHARS_MAX - 1 {
            break;
        }
        end += piece.len();
        if is_whole {
            end_of_word = end;
        }
    }
    let begun = &text[..end_of_word];
    let kept = if begun.trim().is_empty() { &text[..end] } else { begun };
    let mut preview = kept.trim_end().to_owned();
    preview.push(ELLIPSIS);
    preview
}

/// The formulas of a text and the texts between them, in order, each with whether it is a formula.
pub(crate) fn pieces(text: &str) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let (mut start, mut end) = (0, 0);
    while end < text.len() {
        let piece = first_piece(&text[end..]);
        if formula_at(piece).is_some_and(|formula| formula.length == piece.len()) {
            pieces.push((&text[start..end], false));
            pieces.push((piece, true));
            start = end + piece.len();
        }
        end += piece.len();
    }
    pieces.push((&text[start..], false));
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

/// The formula, escaped character or plain character at the start of a text.
fn first_piece(text: &str) -> &str {
    if text.starts_with("\\$") || text.starts_with("\\\\") {
        return &text[..2];
    }
    let formula = formula_at(text).map(|formula| formula.length);
    let length =
        formula.or_else(|| mark_of_figure(text)).unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8));
    &text[..length]
}

/// The length of `[figure 1]` at the start of a text.
fn mark_of_figure(text: &str) -> Option<usize> {
    let number = text.strip_prefix("[figure ")?;
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    number[digits..].starts_with(']').then_some("[figure ".len() + digits + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DELIMITERS: [(&str, &str); 4] = [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")];

    #[test]
    fn a_short_text_is_its_own_preview() {
        assert_eq!(preview("Evaluate $\\int x\\,dx$."), "Evaluate $\\int x\\,dx$.");
        assert_eq!(preview(""), "");
    }

    #[test]
    fn a_long_word_is_cut_at_100_characters_not_bytes() {
        let text = "é".repeat(150);
        assert_eq!(preview(&text), format!("{}…", "é".repeat(99)));
        let whole = "é".repeat(100);
        assert_eq!(preview(&whole), whole);
    }

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        let text =
            "Determine whether the series converges absolutely, converges conditionally, or diverges, and justify it.";
        assert_eq!(
            preview(text),
            "Determine whether the series converges absolutely, converges conditionally, or diverges, and…"
        );
        // A word that ends exactly at the limit is kept.
        let exact = format!("{} {} more words", "a".repeat(49), "b".repeat(49));
        assert_eq!(preview(&exact), format!("{} {}…", "a".repeat(49), "b".repeat(49)));
    }

    #[test]
    fn no_formula_is_cut_in_two() {
        for (open, close) in DELIMITERS {
            let before = "a".repeat(90);
            let text = format!("{before}{open}x^2+y^2+z^2{close} end");
            assert_eq!(preview(&text), format!("{before}…"), "{open}");
            let fits = format!("{}{open}x{close}", "a".repeat(90));
            assert_eq!(preview(&fits), fits);
        }
    }

    #[test]
    fn the_mark_of_a_figure_is_not_cut() {
        let before = "a".repeat(95);
        assert_eq!(preview(&format!("{before}[figure 12] b")), format!("{before}…"));
        assert_eq!(preview(&format!("{before}[figure b] b")), format!("{before}[fig…"));
        assert_eq!(preview("[figure 1]"), "[figure 1]");
    }

    #[test]
    fn formulas_are_told_from_the_texts_between_them() {
        let found = pieces("a $x$ b \\$5 \\(y\\)$$z$$");
        assert_eq!(found, [("a ", false), ("$x$", true), (" b \\$5 ", false), ("\\(y\\)", true), ("$$z$$", true)]);
        assert_eq!(pieces("It costs $5."), [("It costs $5.", false)]);
    }

    #[test]
    fn an_escaped_dollar_opens_no_formula() {
        let text = format!("It costs \\$5 {}", "and so on ".repeat(20));
        assert!(preview(&text).starts_with("It costs \\$5 and so on and"));
        let edge = format!("{}\\$5", "a".repeat(99));
        assert_eq!(preview(&edge), format!("{}…", "a".repeat(99)));
    }

    #[test]
    fn a_formula_longer_than_the_preview_is_left_out() {
        assert_eq!(preview(&format!("${}$", "x+".repeat(80))), "…");
    }

    proptest! {
        #[test]
        fn a_preview_is_a_short_prefix_with_whole_formulas(words in prop::collection::vec("[a-z ]{1,30}|\\$[a-z+^]{1,40}\\$", 0..12)) {
            let text = words.concat();
            let preview = preview(&text);
            prop_assert!(preview.chars().count() <= PREVIEW_CHARS_MAX);
            match preview.strip_suffix(ELLIPSIS) {
                None => prop_assert_eq!(&preview, &text),
                Some(kept) => {
                    let rest = text.strip_prefix(kept);
                    prop_assert!(rest.is_some());
                    let is_end = rest.unwrap_or_default().starts_with([' ', '$']) || kept.ends_with('$') || !kept.contains(' ');
                    prop_assert!(is_end || kept.is_empty(), "cut in a word: {:?}", kept);
                }
            }
            prop_assert_eq!(preview.matches('$').count() % 2, 0);
        }
    }
}
