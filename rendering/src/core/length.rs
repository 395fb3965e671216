//! Lengths as MathML Core takes them.

/// A length with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Length {
    number: f64,
    unit: &'static str,
}

const UNITS: [&str; 9] = ["em", "ex", "px", "pt", "cm", "mm", "in", "pc", "%"];

impl Length {
    pub(super) fn em(number: f64) -> Self {
        Self { number, unit: "em" }
    }

    /// Reads a length. `mu` is an eighteenth of an em, other units of TeX are not written by the engine.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('+');
        let end =
            text.find(|character: char| character.is_ascii_alphabetic() || character == '%').unwrap_or(text.len());
        let number: f64 = text[..end].parse().ok().filter(|number: &f64| number.is_finite())?;
        match &text[end..] {
            "mu" => Some(Self::em(number / 18.0)),
            "" if number == 0.0 => Some(Self::em(0.0)),
            unit => UNITS.iter().find(|known| **known == unit).map(|unit| Self { number, unit }),
        }
    }

    pub(super) fn is_negative(self) -> bool {
        self.number < 0.0
    }

    pub(super) fn is_zero(self) -> bool {
        self.number == 0.0
    }

    pub(super) fn halved(self) -> Self {
        Self { number: self.number / 2.0, ..self }
    }

    /// With at most four digits of fraction; zero without a unit.
    pub(super) fn written(self) -> String {
        let digits = format!("{:.4}", self.number);
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        if matches!(digits, "0" | "-0" | "") { "0".to_owned() } else { format!("{digits}{}", self.unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        for (text, written) in [
            ("0.1667em", "0.1667em"),
            ("-0.1667em", "-0.1667em"),
            ("+0.6em", "0.6em"),
            ("1.000em", "1em"),
            ("0px", "0"),
            ("0", "0"),
            ("2.56mu", "0.1422em"),
            ("3pt", "3pt"),
            ("50%", "50%"),
        ] {
            assert_eq!(Length::read(text).map(Length::written).as_deref(), Some(written), "{text}");
        }
        for text in ["", "em", "3", "1furlong", "1em;x", "-1width", "infem", "NaNem"] {
            assert_eq!(Length::read(text), None, "{text}");
        }
    }
}
