//! Decimal numbers, kept exactly as text: `0.1` stays one tenth.

/// A finite decimal number in its normal form: an optional `-`, digits without leading zeros, and, if there is a fraction, a
/// point and digits without trailing zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(String);

impl Decimal {
    /// The largest number of digits before or after the point.
    pub const DIGITS_MAX: usize = 400;

    /// Reads a number such as `-3`, `+.5`, `1e-3` or `2.50`. Returns `None` for other texts, and for numbers with more than
    /// [`Self::DIGITS_MAX`] digits before or after the point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (is_negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let digits: String = [whole, fraction].concat();
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        let significant = digits.trim_start_matches('0');
        let point = point - i64::try_from(digits.len() - significant.len()).ok()?;
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self::zero());
        }
        let count = i64::try_from(significant.len()).ok()?;
        let limit = i64::try_from(Self::DIGITS_MAX).ok()?;
        if point > limit || count - point > limit {
            return None;
        }
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let (whole, fraction) = if point <= 0 {
            ("0".to_owned(), zeros(-point) + significant)
        } else if point >= count {
            (significant.to_owned() + &zeros(point - count), String::new())
        } else {
            let (whole, fraction) = significant.split_at(usize::try_from(point).ok()?);
            (whole.to_owned(), fraction.to_owned())
        };
        let sign = if is_negative { "-" } else { "" };
        let separator = if fraction.is_empty() { "" } else { "." };
        Some(Self(format!("{sign}{whole}{separator}{fraction}")))
    }

    /// Zero.
    #[must_use]
    pub fn zero() -> Self {
        Self("0".to_owned())
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest floating-point number.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl TryFrom<String> for Decimal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no decimal number"))
    }
}

impl From<Decimal> for String {
    fn from(value: Decimal) -> Self {
        value.0
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_normal_form() {
        for (text, normal) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("1e-3", "0.001"),
            ("+.5", "0.5"),
            ("2.50", "2.5"),
            ("007", "7"),
            ("1.5E2", "150"),
            ("-12.30e1", "-123"),
            ("0.00120e2", "0.12"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().as_str(), normal, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in
            ["", ".", "-", "1e", "1,5", "1/2", "0x10", "inf", "NaN", "1e400", "1e-500", "1 2", "--1", "1e99999999999"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
