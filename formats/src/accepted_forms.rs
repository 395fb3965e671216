//! Forms of accepted answers, as Moodle's formats write them.

use crate::{Bound, Decimal, Form, Tolerance, labels};

/// The form of a short answer. `*` stands for any text, unless it multiplies, as in `2*x`; `\*` is the character.
pub(crate) fn short_answer_form(text: &str, match_case: bool) -> Form {
    let characters: Vec<char> = text.chars().collect();
    let is_operand =
        |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | '(' | '}' | '{' | '\\'));
    let in_formula = text.contains('$');
    let has_wildcards = !in_formula
        && characters.iter().enumerate().any(|(index, c)| {
            let before = index.checked_sub(1).and_then(|before| characters.get(before));
            *c == '*' && before != Some(&'\\') && !(is_operand(before) && is_operand(characters.get(index + 1)))
        });
    let text = if has_wildcards { text.to_owned() } else { text.replace("\\*", "*") };
    Form::Text { text, match_case, has_wildcards }
}

/// The share that a percentage such as `33.33333` or `-50` stands for, from -1 to 1.
pub(crate) fn share(percent: &str) -> Option<f64> {
    Some(labels::share(number(percent)?.to_f64()).clamp(-1.0, 1.0))
}

/// The form of a numerical answer such as `3.14:0.005`, `3.141..3.142`, `9.81 m/s` or `100:5%`, and its unit.
pub(crate) fn numeric_form(text: &str) -> (Option<Form>, Option<String>) {
    let text = text.trim();
    if let Some((low, high)) = text.split_once("..") {
        let bound = |text: &str| number(text).map(|value| Bound { value, is_included: true });
        let (Some(mut low), Some(mut high)) = (bound(low), bound(high)) else { return (None, None) };
        if low.value.to_f64() > high.value.to_f64() {
            std::mem::swap(&mut low, &mut high);
        }
        return (Some(Form::Range { low: Some(low), high: Some(high) }), None);
    }
    let (value, tolerance) = text.split_once(':').map_or((text, None), |(value, rest)| (value, Some(rest.trim())));
    let tolerance = match tolerance {
        None | Some("") => Some(Tolerance::Unsaid),
        Some(percent) if percent.ends_with('%') => percent
            .strip_suffix('%')
            .and_then(number)
            .and_then(|value| Decimal::parse(&format!("{value}e-2")))
            .map(Tolerance::Relative),
        Some(absolute) => number(absolute).map(|value| {
            let size = value.as_str().trim_start_matches('-').to_owned();
            Tolerance::Absolute(Decimal::parse(&size).unwrap_or(value))
        }),
    };
    let Some(tolerance) = tolerance else { return (None, None) };
    let value = value.trim();
    if let Some(value) = number(value) {
        return (Some(Form::Number { value, tolerance }), None);
    }
    // A unit follows the number.
    let split = value
        .find(|c: char| c.is_whitespace() || c.is_alphabetic() && !matches!(c, 'e' | 'E') || matches!(c, '°' | '%'));
    let Some(split) = split else { return (None, None) };
    let unit = value[split..].trim();
    let is_unit = unit.starts_with(|c: char| c.is_alphabetic() || matches!(c, '°' | '%'));
    match number(&value[..split]) {
        Some(value) if is_unit => (Some(Form::Number { value, tolerance }), Some(unit.to_owned())),
        _ => (None, None),
    }
}

/// A number, also with a decimal comma or a typographic minus.
fn number(text: &str) -> Option<Decimal> {
    let text = text.trim().replace('−', "-");
    Decimal::parse(&text).or_else(|| {
        // `1,250` may be a thousand and a quarter, or one and a quarter.
        let (whole, fraction) = text.split_once(',')?;
        let is_ambiguous = fraction.len() == 3 && !matches!(whole.trim_start_matches('-'), "0" | "");
        let is_decimal_comma = !fraction.contains(',') && !text.contains('.') && !is_ambiguous;
        is_decimal_comma.then(|| Decimal::parse(&text.replace(',', "."))).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_have_tolerances_ranges_and_units() {
        let number = |value: &str, tolerance| Some(Form::Number { value: decimal(value), tolerance });
        for (text, expected, unit) in [
            ("1e-3:1e-4", number("0.001", Tolerance::Absolute(decimal("0.0001"))), None),
            (" 16 ", number("16", Tolerance::Unsaid), None),
            ("2,5:0,1", number("2.5", Tolerance::Absolute(decimal("0.1"))), None),
            ("−3", number("-3", Tolerance::Unsaid), None),
            ("100:5%", number("100", Tolerance::Relative(decimal("0.05"))), None),
            ("9.81 m/s", number("9.81", Tolerance::Unsaid), Some("m/s")),
            ("1e3m", number("1000", Tolerance::Unsaid), Some("m")),
            ("50%", number("50", Tolerance::Unsaid), Some("%")),
            ("1/3", None, None),
            ("abc", None, None),
            ("", None, None),
            ("*", None, None),
            ("1,250", None, None),
            ("0,125", number("0.125", Tolerance::Unsaid), None),
            ("1:x", None, None),
        ] {
            assert_eq!(numeric_form(text), (expected, unit.map(str::to_owned)), "{text}");
        }
        let bound = |text: &str| Some(Bound { value: decimal(text), is_included: true });
        for text in ["3.141..3.142", "3.142 .. 3.141"] {
            assert_eq!(numeric_form(text).0, Some(Form::Range { low: bound("3.141"), high: bound("3.142") }));
        }
    }

    #[test]
    fn a_star_between_operands_is_no_wildcard() {
        for (text, expected, has_wildcards) in [
            ("*newton*", "*newton*", true),
            ("2*x", "2*x", false),
            ("a \\* b", "a * b", false),
            ("a * b", "a * b", true),
        ] {
            let form = Form::Text { text: expected.into(), match_case: false, has_wildcards };
            assert_eq!(short_answer_form(text, false), form, "{text}");
        }
    }
}
