//! The beginning of a question's text, shown before the question is unlocked.

/// Maximum length of a preview in characters.
pub const PREVIEW_CHARS_MAX: usize = 100;

/// Delimiters of formulas, longest first.
const MATH: [(&str, &str); 4] = [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")];

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
    for (open, close) in MATH {
        if let Some(inside) = text.strip_prefix(open) {
            // An unclosed formula extends to the end of the text: half of it could not be rendered either.
            let length = end_of_formula(inside, close).map_or(text.len(), |end| open.len() + end);
            return &text[..length];
        }
    }
    let length = text.chars().next().map_or(0, char::len_utf8);
    &text[..length]
}

/// Bytes up to and including `close`, skipping escaped characters.
fn end_of_formula(inside: &str, close: &str) -> Option<usize> {
    let mut at = 0;
    while at < inside.len() {
        let rest = &inside[at..];
        if rest.starts_with(close) {
            return Some(at + close.len());
        }
        at += if rest.starts_with("\\$") || rest.starts_with("\\\\") {
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        for (open, close) in MATH {
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
    fn a_formula_longer_than_the_preview_is_left_out() {
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
