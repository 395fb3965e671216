//! Exact numbers for tolerances and ranges: 3.145 is within 3.14 ± 0.005, which floating point denies.

use std::str::FromStr;

use bigdecimal::{BigDecimal, Signed, Zero};
use serde_json::Value;

/// Maximum digits before and after the point. It bounds the work of a comparison.
const DIGITS_MAX: i64 = 400;

/// A finite decimal number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decimal(BigDecimal);

impl Decimal {
    /// Reads `-3`, `+.5`, `1e-3` or `2.50`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
        if text.len() > 2 * 400 || !text.bytes().all(is_plain) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = BigDecimal::from_str(text).ok()?;
        let digits = i64::try_from(number.digits()).ok()?;
        let scale = number.fractional_digit_count();
        let fits = (-DIGITS_MAX..=DIGITS_MAX).contains(&scale) && digits.saturating_sub(scale) <= DIGITS_MAX;
        fits.then(|| Self(number.normalized()))
    }

    /// Reads a JSON number or its text.
    pub(super) fn of_json(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::String(text) => Self::parse(text),
            _ => None,
        }
    }

    pub(super) fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    pub(super) fn is_above(&self, other: &Self) -> bool {
        self.0 > other.0
    }

    pub(super) fn is_equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// This share of the absolute value of `other`.
    pub(super) fn share_of(&self, other: &Self) -> Self {
        Self(&self.0 * other.0.abs())
    }

    /// The middle of the interval to `other`, and half of its length.
    pub(super) fn middle_to(&self, other: &Self) -> (Self, Self) {
        (Self((&self.0 + &other.0).half()), Self((&other.0 - &self.0).half()))
    }

    /// The nearest floating-point number.
    pub(super) fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::INFINITY)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

/// A fraction of decimals, as a student writes a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TypedNumber {
    numerator: BigDecimal,
    /// Above zero.
    denominator: BigDecimal,
}

impl TypedNumber {
    /// The numbers that a text may mean: one for `3.14`, `1/3` and `\frac{1}{3}`, two for `1,234`. Empty for anything else.
    /// A label such as `x =` does not count.
    pub(super) fn readings(text: &str) -> Vec<Self> {
        let text = text.replace('$', "").replace('\u{2212}', "-");
        let text = without_label(text.trim());
        if let Some((numerator, denominator)) = fraction(text) {
            return Self::new(numerator, denominator).into_iter().collect();
        }
        if !text.contains(',') {
            return Self::new(text, "1").into_iter().collect();
        }
        let mut readings = Vec::new();
        if is_grouped(text) {
            readings.extend(Self::new(&text.replace(',', ""), "1"));
        }
        if text.matches(',').count() == 1 && !text.contains('.') {
            readings.extend(Self::new(&text.replace(',', "."), "1"));
        }
        readings
    }

    fn new(numerator: &str, denominator: &str) -> Option<Self> {
        let (Decimal(numerator), Decimal(denominator)) = (Decimal::parse(numerator)?, Decimal::parse(denominator)?);
        if denominator.is_zero() {
            return None;
        }
        if denominator.is_negative() {
            return Some(Self { numerator: -numerator, denominator: -denominator });
        }
        Some(Self { numerator, denominator })
    }

    /// Whether it differs from `value` by at most `tolerance`.
    pub(super) fn is_within(&self, value: &Decimal, tolerance: &Decimal) -> bool {
        (&self.numerator - &value.0 * &self.denominator).abs() <= &tolerance.0 * &self.denominator
    }

    /// Compares it with a bound.
    pub(super) fn compare(&self, bound: &Decimal) -> std::cmp::Ordering {
        self.numerator.cmp(&(&bound.0 * &self.denominator))
    }
}

/// A text without a label such as `x =` or `f(x) =`.
fn without_label(text: &str) -> &str {
    let is_label = |label: &str| {
        let label = label.trim();
        label.starts_with(|c: char| c.is_alphabetic() || c == '\\')
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '\\' | '_' | '(' | ')' | '\''))
    };
    match text.split_once('=') {
        Some((label, number)) if is_label(label) => number.trim(),
        _ => text,
    }
}

/// Numerator and denominator of `a/b` or `\frac{a}{b}`. A minus sign may be in front.
fn fraction(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix("\\frac{").or_else(|| text.strip_prefix("\\dfrac{")) {
        let (numerator, rest) = rest.split_once('}')?;
        return Some((numerator, rest.trim_start().strip_prefix('{')?.strip_suffix('}')?));
    }
    text.split_once('/')
}

/// Whether the commas of a number separate groups of three digits.
fn is_grouped(text: &str) -> bool {
    let whole = text.trim_start_matches(['-', '+']).split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len()) && is_digits(first) && groups.all(|group| group.len() == 3 && is_digits(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn the_bounds_of_a_tolerance_are_exact() {
        let is_within = |given: &str| TypedNumber::readings(given)[0].is_within(&decimal("3.14"), &decimal("0.005"));
        for given in ["3.145", "3.135", "$3.145$", "x = 3.145", "+3.14", "314.5e-2", "629/200", "\\frac{629}{200}"] {
            assert!(is_within(given), "{given}");
        }
        for given in ["3.1450000000000000000001", "3.1349999", "-3.14", "22/7e1"] {
            assert!(!is_within(given), "{given}");
        }
    }

    #[test]
    fn a_comma_may_mean_two_things() {
        let shown = |text: &str| -> Vec<String> {
            TypedNumber::readings(text).iter().map(|given| Decimal(given.numerator.clone()).to_string()).collect()
        };
        assert_eq!(shown("1,234"), ["1234", "1.234"]);
        assert_eq!(shown("3,14"), ["3.14"]);
        assert_eq!(shown("1,234,567.5"), ["1234567.5"]);
        assert_eq!(shown("1,2,3"), Vec::<String>::new());
    }

    #[test]
    fn other_texts_and_numbers_out_of_bounds_are_none() {
        for text in
            ["", ".", "-", "e5", "1e", "1 2", "1/0", "x", "2x", "1e401", "1e-401", "1e999999999", "NaN", "inf", "1_000"]
        {
            assert!(TypedNumber::readings(text).is_empty(), "{text}");
        }
        assert!(TypedNumber::readings(&"9".repeat(500)).is_empty());
    }

    #[test]
    fn json_numbers_are_read_as_they_are_written() {
        for (value, text) in [("0.1", "0.1"), ("1e-7", "0.0000001"), ("\"2.50\"", "2.5"), ("-3", "-3")] {
            assert_eq!(Decimal::of_json(&serde_json::from_str(value).unwrap()).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::of_json(&Value::Bool(true)), None);
    }
}
