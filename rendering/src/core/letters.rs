//! The code points of bold, script, fraktur, double-struck and other letters.
//!
//! MathML Core has no `mathvariant` but `normal`: the letters of Unicode's mathematical alphabets say the same.

/// A variant of letters, by its name in MathML 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    Normal,
    Italic,
    Bold,
    BoldItalic,
    Script,
    Fraktur,
    DoubleStruck,
    SansSerif,
    SansSerifBold,
    SansSerifItalic,
    SansSerifBoldItalic,
    Monospace,
}

impl Variant {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "normal" => Self::Normal,
            "italic" => Self::Italic,
            "bold" => Self::Bold,
            "bold-italic" => Self::BoldItalic,
            "script" => Self::Script,
            "fraktur" => Self::Fraktur,
            "double-struck" => Self::DoubleStruck,
            "sans-serif" => Self::SansSerif,
            "bold-sans-serif" => Self::SansSerifBold,
            "sans-serif-italic" => Self::SansSerifItalic,
            "sans-serif-bold-italic" => Self::SansSerifBoldItalic,
            "monospace" => Self::Monospace,
            _ => return None,
        })
    }

    /// The declarations of CSS that come nearest, for text and for characters without a letter of the variant.
    pub(super) fn declarations(self) -> &'static [&'static str] {
        match self {
            Self::Normal | Self::Script | Self::Fraktur | Self::DoubleStruck => &[],
            Self::Italic => &["font-style:italic"],
            Self::Bold => &["font-weight:bold"],
            Self::BoldItalic => &["font-style:italic", "font-weight:bold"],
            Self::SansSerif => &["font-family:sans-serif"],
            Self::SansSerifBold => &["font-family:sans-serif", "font-weight:bold"],
            Self::SansSerifItalic => &["font-family:sans-serif", "font-style:italic"],
            Self::SansSerifBoldItalic => &["font-family:sans-serif", "font-style:italic", "font-weight:bold"],
            Self::Monospace => &["font-family:monospace"],
        }
    }

    fn latin(self) -> Option<u32> {
        Some(match self {
            Self::Normal => return None,
            Self::Bold => 0x1D400,
            Self::Italic => 0x1D434,
            Self::BoldItalic => 0x1D468,
            Self::Script => 0x1D49C,
            Self::Fraktur => 0x1D504,
            Self::DoubleStruck => 0x1D538,
            Self::SansSerif => 0x1D5A0,
            Self::SansSerifBold => 0x1D5D4,
            Self::SansSerifItalic => 0x1D608,
            Self::SansSerifBoldItalic => 0x1D63C,
            Self::Monospace => 0x1D670,
        })
    }

    fn greek(self) -> Option<u32> {
        Some(match self {
            Self::Bold => 0x1D6A8,
            Self::Italic => 0x1D6E2,
            Self::BoldItalic => 0x1D71C,
            Self::SansSerifBold => 0x1D756,
            Self::SansSerifBoldItalic => 0x1D790,
            _ => return None,
        })
    }

    fn digits(self) -> Option<u32> {
        Some(match self {
            Self::Bold | Self::BoldItalic => 0x1D7CE,
            Self::DoubleStruck => 0x1D7D8,
            Self::SansSerif | Self::SansSerifItalic => 0x1D7E2,
            Self::SansSerifBold | Self::SansSerifBoldItalic => 0x1D7EC,
            Self::Monospace => 0x1D7F6,
            _ => return None,
        })
    }

    /// The letter of this variant.
    pub(super) fn of(self, letter: char) -> Option<char> {
        if let Some(older) = self.older(letter) {
            return Some(older);
        }
        let code = u32::from(letter);
        let code = match letter {
            'A'..='Z' => self.latin()? + (code - u32::from('A')),
            'a'..='z' => self.latin()? + 26 + (code - u32::from('a')),
            '0'..='9' => self.digits()? + (code - u32::from('0')),
            '\u{391}'..='\u{3A9}' => self.greek()? + (code - 0x391),
            '\u{3B1}'..='\u{3C9}' => self.greek()? + 26 + (code - 0x3B1),
            _ => {
                let place =
                    [('ϴ', 17), ('∇', 25), ('∂', 51), ('ϵ', 52), ('ϑ', 53), ('ϰ', 54), ('ϕ', 55), ('ϱ', 56), ('ϖ', 57)]
                        .iter()
                        .find_map(|(character, place)| (*character == letter).then_some(*place))?;
                self.greek()? + place
            }
        };
        char::from_u32(code)
    }

    /// Letters that Unicode had before its mathematical alphabets, where these have a gap.
    fn older(self, letter: char) -> Option<char> {
        Some(match (self, letter) {
            (Self::Italic, 'h') => 'ℎ',
            (Self::Script, 'B') => 'ℬ',
            (Self::Script, 'E') => 'ℰ',
            (Self::Script, 'F') => 'ℱ',
            (Self::Script, 'H') => 'ℋ',
            (Self::Script, 'I') => 'ℐ',
            (Self::Script, 'L') => 'ℒ',
            (Self::Script, 'M') => 'ℳ',
            (Self::Script, 'R') => 'ℛ',
            (Self::Script, 'e') => 'ℯ',
            (Self::Script, 'g') => 'ℊ',
            (Self::Script, 'o') => 'ℴ',
            (Self::Fraktur, 'C') => 'ℭ',
            (Self::Fraktur, 'H') => 'ℌ',
            (Self::Fraktur, 'I') => 'ℑ',
            (Self::Fraktur, 'R') => 'ℜ',
            (Self::Fraktur, 'Z') => 'ℨ',
            (Self::DoubleStruck, 'C') => 'ℂ',
            (Self::DoubleStruck, 'H') => 'ℍ',
            (Self::DoubleStruck, 'N') => 'ℕ',
            (Self::DoubleStruck, 'P') => 'ℙ',
            (Self::DoubleStruck, 'Q') => 'ℚ',
            (Self::DoubleStruck, 'R') => 'ℝ',
            (Self::DoubleStruck, 'Z') => 'ℤ',
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_their_code_points() {
        for (variant, plain, letter) in [
            (Variant::Bold, 'v', '𝐯'),
            (Variant::Bold, '1', '𝟏'),
            (Variant::Bold, 'Ω', '𝛀'),
            (Variant::BoldItalic, 'α', '𝜶'),
            (Variant::BoldItalic, 'ϵ', '𝝐'),
            (Variant::BoldItalic, '∇', '𝜵'),
            (Variant::DoubleStruck, 'R', 'ℝ'),
            (Variant::DoubleStruck, 'A', '𝔸'),
            (Variant::DoubleStruck, 'k', '𝕜'),
            (Variant::DoubleStruck, '1', '𝟙'),
            (Variant::Script, 'L', 'ℒ'),
            (Variant::Script, 'A', '𝒜'),
            (Variant::Fraktur, 'g', '𝔤'),
            (Variant::Fraktur, 'R', 'ℜ'),
            (Variant::Italic, 'h', 'ℎ'),
            (Variant::SansSerif, 'x', '𝗑'),
            (Variant::Monospace, '7', '𝟽'),
        ] {
            assert_eq!(variant.of(plain), Some(letter), "{variant:?} {plain}");
        }
        assert_eq!(Variant::Bold.of('+'), None);
        assert_eq!(Variant::Script.of('α'), None);
        assert_eq!(Variant::Normal.of('x'), None);
    }

    #[test]
    fn every_letter_of_a_variant_is_assigned() {
        let names = [
            "italic",
            "bold",
            "bold-italic",
            "script",
            "fraktur",
            "double-struck",
            "sans-serif",
            "bold-sans-serif",
            "sans-serif-italic",
            "sans-serif-bold-italic",
            "monospace",
        ];
        for variant in names.map(|name| Variant::named(name).unwrap()) {
            let letters: Vec<char> = ('A'..='Z').chain('a'..='z').map(|letter| variant.of(letter).unwrap()).collect();
            // These code points of the block are reserved: an older letter stands for each.
            let reserved = [
                0x1D455, 0x1D49D, 0x1D4A0, 0x1D4A1, 0x1D4A3, 0x1D4A4, 0x1D4A7, 0x1D4A8, 0x1D4AD, 0x1D4BA, 0x1D4BC,
                0x1D4C4, 0x1D506, 0x1D50B, 0x1D50C, 0x1D515, 0x1D51D, 0x1D53A, 0x1D53F, 0x1D545, 0x1D547, 0x1D548,
                0x1D549, 0x1D551,
            ];
            assert!(letters.iter().all(|letter| !reserved.contains(&u32::from(*letter))), "{variant:?}");
        }
    }
}
