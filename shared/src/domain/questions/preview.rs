//! The beginning of a question's text, shown before the question is unlocked.

use crate::domain::text::formula_at;

/// Maximum length of a preview in characters.
pub const PREVIEW_CHARS_MAX: usize = 100;

/// The first [`PREVIEW_CHARS_MAX`] characters; fewer if that would cut a formula or an escaped character.
#[must_use]
pub fn preview(text: &str) -> &str {
    let mut end = 0;
    let mut chars = 0;
    while end < text.len() {
        let piece = first_piece(&text[end..]);
        chars += piece.chars().count();
        if chars > PREVIEW_CHARS_MAX {
            break;
        }
        end += piece.len();
    }
    &text[..end]
}

/// The formula, escaped character or plain character at the start of a text.
fn first_piece(text: &str) -> &str {
    if text.starts_with("\\$") || text.starts_with("\\\\") {
        return &text[..2];
    }
    let length = match formula_at(text) {
        Some(formula) => formula.length,
        None => text.chars().next().map_or(0, char::len_utf8),
    };
    &text[..length]
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
    fn a_long_text_is_cut_at_100_characters_not_bytes() {
        let text = "é".repeat(150);
        assert_eq!(preview(&text), "é".repeat(100));
    }

    #[test]
    fn no_formula_is_cut_in_two() {
        for (open, close) in DELIMITERS {
            let before = "a".repeat(90);
            let text = format!("{before}{open}x^2+y^2+z^2{close} end");
            assert_eq!(preview(&text), before, "{open}");
            let fits = format!("{}{open}x{close}", "a".repeat(90));
            assert_eq!(preview(&fits), fits);
        }
    }

    #[test]
    fn an_escaped_dollar_opens_no_formula() {
        let text = format!("It costs \\$5 {}", "and so on ".repeat(20));
        assert_eq!(preview(&text).chars().count(), PREVIEW_CHARS_MAX);
        let edge = format!("{}\\$5", "a".repeat(99));
        assert_eq!(preview(&edge), "a".repeat(99));
    }

    #[test]
    fn a_formula_longer_than_the_preview_leaves_nothing_of_itself() {
        assert_eq!(preview(&format!("${}$", "x+".repeat(80))), "");
    }

    proptest! {
        #[test]
        fn a_preview_is_a_short_prefix_with_whole_formulas(words in prop::collection::vec("[a-z ]{1,30}|\\$[a-z+^]{1,40}\\$", 0..12)) {
            let text = words.concat();
            let preview = preview(&text);
            prop_assert!(text.starts_with(preview));
            prop_assert!(preview.chars().count() <= PREVIEW_CHARS_MAX);
            prop_assert_eq!(preview.matches('$').count() % 2, 0);
        }
    }
}
