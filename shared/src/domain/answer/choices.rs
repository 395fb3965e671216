//! The choices that a text leaves open, such as whether `1/2x` is a half of x.
//!
//! A text is first read in the usual way. The lexer and the parser note each choice that they made; the text is then
//! read again the other way, so that a verdict does not hang on a convention which the student may not share.

/// A set of choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Choices(u16);

impl Choices {
    pub(super) const NONE: Self = Self(0);
    /// `1/2x`: usually (1/2)x, otherwise 1/(2x).
    pub(super) const TIGHT_PRODUCT: Self = Self(1);
    /// `sin x/2`, `sin x e^x`: usually (sin x)/2, otherwise sin(x/2).
    pub(super) const LONG_ARGUMENT: Self = Self(1 << 1);
    /// `e^2x`, `x^1/2`: usually e²x and x/2, otherwise e^(2x) and x^(1/2).
    pub(super) const LONG_EXPONENT: Self = Self(1 << 2);
    /// `2e-1`: usually 0.2, otherwise 2e − 1.
    pub(super) const EULER: Self = Self(1 << 3);
    /// `1,000`: usually a thousand, otherwise a list.
    pub(super) const THOUSANDS_ARE_A_LIST: Self = Self(1 << 4);
    /// `0,5`: usually a list, otherwise one half.
    pub(super) const DECIMAL_COMMA: Self = Self(1 << 5);
    /// `log x`: usually of base ten, otherwise natural.
    pub(super) const NATURAL_LOGARITHM: Self = Self(1 << 6);
    /// `sin 30`: usually 30 radians, otherwise 30°.
    pub(super) const DEGREES: Self = Self(1 << 7);

    /// `2 1/2`, `1 000`: usually 2.5 and a thousand, otherwise products.
    pub(super) const SPACED_NUMBERS: Self = Self(1 << 8);
    /// `3+-2`: usually 3 + (−2), otherwise 3 ± 2.
    pub(super) const PLUS_MINUS: Self = Self(1 << 9);
    /// `I`: usually a variable, otherwise the imaginary unit.
    pub(super) const CAPITAL_I: Self = Self(1 << 10);
    /// `5m`: usually five times m, otherwise five metres.
    pub(super) const TIGHT_UNIT: Self = Self(1 << 11);

    const ALL: [Self; 12] = [
        Self::TIGHT_PRODUCT,
        Self::LONG_ARGUMENT,
        Self::LONG_EXPONENT,
        Self::EULER,
        Self::THOUSANDS_ARE_A_LIST,
        Self::DECIMAL_COMMA,
        Self::NATURAL_LOGARITHM,
        Self::DEGREES,
        Self::SPACED_NUMBERS,
        Self::PLUS_MINUS,
        Self::CAPITAL_I,
        Self::TIGHT_UNIT,
    ];

    const NOTATION_OF_BOTH: u16 =
        Self::DECIMAL_COMMA.0 | Self::CAPITAL_I.0 | Self::TIGHT_UNIT.0 | Self::NATURAL_LOGARITHM.0;

    pub(super) fn has(self, choice: Self) -> bool {
        self.0 & choice.0 != 0
    }

    pub(super) fn insert(&mut self, choice: Self) {
        self.0 |= choice.0;
    }

    /// Notes an open choice that is made in the usual way.
    pub(super) fn note(&mut self, choice: Self) -> bool {
        self.insert(choice);
        false
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether only the notation of numbers is open. Such a match is not accidental.
    pub(super) fn is_notation_only(self) -> bool {
        let notation = Self::EULER.0 | Self::THOUSANDS_ARE_A_LIST.0 | Self::PLUS_MINUS.0;
        self.0 & !(notation | Self::NOTATION_OF_BOTH) == 0
    }

    /// Whether only a notation is open that an expected answer has too.
    pub(super) fn is_notation_of_expected(self) -> bool {
        self.0 & !Self::NOTATION_OF_BOTH == 0
    }

    /// The other readings of a text which leaves these choices open: each choice alone, then all together.
    pub(super) fn alternatives(self) -> Vec<Self> {
        let mut each: Vec<Self> = Self::ALL.into_iter().filter(|choice| self.has(*choice)).collect();
        if each.len() > 1 {
            each.push(self);
        }
        each
    }
}
