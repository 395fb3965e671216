//! Compares texts as words: white space is normalised, and `*` may stand for any text.

/// Whether `given` is `expected`. White space at the ends does not count, and any other white space is one space.
pub(super) fn is_same_text(expected: &str, given: &str, match_case: bool) -> bool {
    normalised(expected, match_case) == normalised(given, match_case)
}

/// Whether `given` matches `pattern`, in which `*` stands for any text and `\*` for an asterisk. The time is linear in the
/// length of `given` for each piece between two asterisks.
pub(super) fn matches(pattern: &str, given: &str, match_case: bool) -> bool {
    let given = normalised(given, match_case);
    let pieces = pieces(&normalised(pattern, match_case));
    let [first, middle @ .., last] = pieces.as_slice() else {
        return pieces.first().is_some_and(|only| *only == given);
    };
    let Some(mut rest) = given.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        let Some(at) = rest.find(piece.as_str()) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last.as_str())
}

fn normalised(text: &str, match_case: bool) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if match_case { words } else { words.to_lowercase() }
}

/// The literal texts around the asterisks of a pattern.
fn pieces(pattern: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(next) = chars.next() {
        match (next, pieces.last_mut()) {
            ('*', _) => pieces.push(String::new()),
            ('\\', Some(piece)) if chars.next_if_eq(&'*').is_some() => piece.push('*'),
            (next, Some(piece)) => piece.push(next),
            (_, None) => {}
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_and_case_are_ignored() {
        assert!(is_same_text("Ulysses  S. Grant", " ulysses s.\tgrant\n", false));
        assert!(!is_same_text("Grant", "grant", true) && is_same_text("Grant", " Grant ", true));
        assert!(!is_same_text("Grant", "Grants", false));
    }

    #[test]
    fn an_asterisk_stands_for_any_text() {
        for (pattern, given, is_match) in [
            ("*grant", "Ulysses S. Grant", true),
            ("grant*", "Grant", true),
            ("a*b*c", "a c b b c", true),
            ("a*b*c", "a c", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("2\\*3", "2*3", true),
            ("2\\*3", "2x3", false),
            ("*", "", true),
            ("grant", "Grant", true),
            ("grant", "Grants", false),
        ] {
            assert_eq!(matches(pattern, given, false), is_match, "{pattern} {given}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_as_the_definition_says(pattern in "[ab*]{0,8}", given in "[ab]{0,10}") {
            fn by_definition(pattern: &[u8], given: &[u8]) -> bool {
                match pattern.split_first() {
                    None => given.is_empty(),
                    Some((b'*', rest)) => (0..=given.len()).any(|at| by_definition(rest, &given[at..])),
                    Some((byte, rest)) => given.first() == Some(byte) && by_definition(rest, &given[1..]),
                }
            }
            prop_assert_eq!(matches(&pattern, &given, true), by_definition(pattern.as_bytes(), given.as_bytes()));
        }
    }
}
