//! How often a topic was on past exams, in a word.

/// Shares of exams from which on a word is used, and the words.
const WORDS: [(f64, &str); 4] =
    [(0.75, "Very often"), (0.5, "Often"), (0.25, "Sometimes"), (f64::MIN_POSITIVE, "Rarely")];

/// The word for a share of exams from 0 to 1.
#[must_use]
pub(super) fn word(share: f64) -> &'static str {
    WORDS.iter().find(|(from, _)| share >= *from).map_or("Never", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_a_word() {
        for (share, expected) in [
            (1.0, "Very often"),
            (0.75, "Very often"),
            (0.74, "Often"),
            (0.5, "Often"),
            (0.25, "Sometimes"),
            (0.01, "Rarely"),
            (0.0, "Never"),
        ] {
            assert_eq!(word(share), expected, "{share}");
        }
    }
}
