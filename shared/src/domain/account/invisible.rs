//! Invisible characters, which make different texts look equal.

/// From Unicode 17, as inclusive ranges: `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`), the general categories
/// `Cf`, `Zl` and `Zp` (`DerivedGeneralCategory.txt`), which hold the controls of text direction, and U+2800, the empty
/// pattern of Braille. A test compares the table with the data of `icu_properties`.
const INVISIBLE: [(char, char); 26] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// The part of the table up to U+FFFF, for patterns in the contract, which cannot name higher characters.
macro_rules! invisible_in_patterns {
    () => {
        concat!(
            r"\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800",
            r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
        )
    };
}
pub(super) use invisible_in_patterns;

/// Whether this character is invisible.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

#[cfg(test)]
mod tests {
    use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
    use icu_properties::{CodePointMapData, CodePointSetData};

    use super::*;

    #[test]
    fn the_table_equals_unicodes_data() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let category = CodePointMapData::<GeneralCategory>::new();
        for c in '\0'..=char::MAX {
            let is_control_of_format = matches!(
                category.get(c),
                GeneralCategory::Format | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
            );
            let expected = ignorable.contains(c) || is_control_of_format || c == '\u{2800}';
            assert_eq!(is_invisible(c), expected, "{c:?}");
        }
    }
}
