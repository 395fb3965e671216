//! Numbers as people write them in tables: with a decimal comma or point, with thousands, with a tolerance.

use crate::{Bound, Decimal, Form, Tolerance};

/// The decimal sign of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Point,
    Comma,
}

/// What a value says about the decimal sign of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It is no number, or it has neither point nor comma.
    None,
    /// `1,234`: thousands or a fraction.
    Unclear,
    Certain(Sign),
}

/// A number with its marks, before the decimal sign is known.
struct Marked {
    sign: &'static str,
    /// Digits, points and commas.
    body: String,
    exponent: String,
    /// Whether blanks or apostrophes separated thousands.
    has_groups: bool,
}

fn split(text: &str) -> Option<Marked> {
    let text = text.trim();
    let (sign, text) = match text.chars().next()? {
        minus @ ('-' | '\u{2212}') => ("-", &text[minus.len_utf8()..]),
        '+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (body, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text, ""),
    };
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',') || body.len() > 2 * Decimal::DIGITS_MAX {
        return None;
    }
    let is_group = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}');
    let has_groups = body.contains(is_group);
    if has_groups {
        let whole = body.split(['.', ',']).next()?;
        let groups: Vec<&str> = whole.split(is_group).collect();
        if !is_grouped(&groups) || body[whole.len()..].contains(is_group) {
            return None;
        }
    }
    let body: String = body.chars().filter(|c| !is_group(*c)).collect();
    let has_digit = body.contains(|c: char| c.is_ascii_digit());
    (has_digit && body.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')).then(|| Marked {
        sign,
        body,
        exponent: exponent.to_owned(),
        has_groups,
    })
}

/// Whether the parts are thousands: one to three digits, then groups of three.
fn is_grouped(groups: &[&str]) -> bool {
    let is_digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    groups.len() > 1
        && groups.iter().all(is_digits)
        && (1..=3).contains(&groups[0].len())
        && groups[1..].iter().all(|part| part.len() == 3)
}

/// What the text says about the decimal sign.
pub(crate) fn evidence(text: &str) -> Evidence {
    let Some(marked) = split(text) else { return Evidence::None };
    let body = &marked.body;
    let (points, commas) = (body.matches('.').count(), body.matches(',').count());
    let certain = |point: bool| Evidence::Certain(if point { Sign::Point } else { Sign::Comma });
    match (points, commas) {
        (0, 0) => Evidence::None,
        (0, 1) | (1, 0) => {
            let (whole, fraction) = body.split_once(['.', ',']).unwrap_or((body, ""));
            let may_be_thousands =
                fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0') && !marked.has_groups;
            if may_be_thousands { Evidence::Unclear } else { certain(points == 1) }
        }
        (0, _) => certain(true),
        (_, 0) => certain(false),
        _ => certain(body.rfind('.') > body.rfind(',')),
    }
}

/// The sign of a column: the one that more values show. The flag says that values contradict each other.
pub(crate) fn sign_of<'a>(values: impl Iterator<Item = &'a str>) -> (Option<Sign>, bool) {
    let (mut points, mut commas) = (0, 0);
    for value in values {
        match evidence(value) {
            Evidence::Certain(Sign::Point) => points += 1,
            Evidence::Certain(Sign::Comma) => commas += 1,
            _ => {}
        }
    }
    match (points, commas) {
        (0, 0) => (None, false),
        _ => (Some(if commas > points { Sign::Comma } else { Sign::Point }), points > 0 && commas > 0),
    }
}

/// The number that the text says. Values that show their own sign keep it.
pub(crate) fn number(text: &str, sign: Sign) -> Option<Decimal> {
    let marked = split(text)?;
    let sign = match evidence(text) {
        Evidence::Certain(own) => own,
        _ => sign,
    };
    let (decimal, thousands) = match sign {
        Sign::Point => ('.', ','),
        Sign::Comma => (',', '.'),
    };
    let (whole, fraction) = marked.body.split_once(decimal).unwrap_or((&marked.body, ""));
    if fraction.contains(['.', ',']) {
        return None;
    }
    if whole.contains(thousands) {
        let groups: Vec<&str> = whole.split(thousands).collect();
        if !is_grouped(&groups) {
            return None;
        }
    }
    let whole = whole.replace(thousands, "");
    Decimal::parse(&format!("{}{whole}.{fraction}{}", marked.sign, marked.exponent))
}

/// Whether the text begins with a zero that a number does not need, such as `007`.
pub(crate) fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+', '\u{2212}']);
    let mut bytes = digits.bytes();
    bytes.next() == Some(b'0') && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
}

/// A tolerance: `0.05`, `± 0.05` or `5 %`.
pub(crate) fn tolerance(text: &str, sign: Sign) -> Option<Tolerance> {
    let text = text.trim();
    let text = ["\u{b1}", "+/-", "+-"].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim();
    let found = match text.strip_suffix('%') {
        Some(percent) => {
            let value = number(percent, sign)?;
            Tolerance::Relative(Decimal::parse(&format!("{}e-2", value.as_str()))?)
        }
        None => Tolerance::Absolute(number(text, sign)?),
    };
    let (Tolerance::Absolute(value) | Tolerance::Relative(value)) = &found else { return None };
    (!value.as_str().starts_with('-')).then_some(found)
}

/// The form of an answer that is typed into a cell: a number, a number with a tolerance (`3.14 ± 0.005`), a range
/// (`3.1..3.2`), or a text.
pub(crate) fn form(text: &str, sign: Sign, column: Option<&Tolerance>, match_case: bool) -> Form {
    let plain = || Form::Text { text: text.to_owned(), match_case, has_wildcards: false };
    if has_leading_zero(text) {
        return plain();
    }
    if let Some(value) = number(text, sign) {
        return Form::Number { value, tolerance: column.cloned().unwrap_or(Tolerance::Unsaid) };
    }
    for mark in ["\u{b1}", "+/-", "+-"] {
        if let Some((value, width)) = text.split_once(mark)
            && let (Some(value), Some(tolerance)) = (number(value, sign), tolerance(width, sign))
        {
            return Form::Number { value, tolerance };
        }
    }
    range(text, sign).unwrap_or_else(plain)
}

/// A range such as `3.1..3.2`. An end may be left out, as in `5..`, and `5<..<=7` says which ends are accepted.
fn range(text: &str, sign: Sign) -> Option<Form> {
    let (low, high) = text.split_once("..")?;
    let (low, high) = (low.trim(), high.trim());
    let bound = |text: &str, is_included| match text.trim() {
        "" => Some(None),
        text => number(text, sign).map(|value| Some(Bound { value, is_included })),
    };
    let low = match low.strip_suffix("<=").or(low.strip_suffix('<').filter(|_| !low.ends_with("<="))) {
        Some(value) => bound(value, low.ends_with("<="))?,
        None => bound(low, true)?,
    };
    let high = match (high.strip_prefix("<="), high.strip_prefix('<')) {
        (Some(value), _) => bound(value, true)?,
        (None, Some(value)) => bound(value, false)?,
        (None, None) => bound(high, true)?,
    };
    let is_ordered = match (&low, &high) {
        (None, None) => false,
        (Some(low), Some(high)) => low.value.to_f64() <= high.value.to_f64(),
        _ => true,
    };
    is_ordered.then_some(Form::Range { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_decimal_sign() {
        for (values, sign, is_mixed) in [
            (vec!["1,5", "1.234"], Some(Sign::Comma), false),
            (vec!["1.5", "1,234"], Some(Sign::Point), false),
            (vec!["1,234"], None, false),
            (vec!["1.234.567"], Some(Sign::Comma), false),
            (vec!["1.234,5"], Some(Sign::Comma), false),
            (vec!["1,5", "1.5", "2,5"], Some(Sign::Comma), true),
            (vec!["0,125"], Some(Sign::Comma), false),
            (vec!["A", "=2x+1", "1/2", "7"], None, false),
        ] {
            assert_eq!(sign_of(values.iter().copied()), (sign, is_mixed), "{values:?}");
        }
    }

    #[test]
    fn numbers_are_read_with_the_sign_of_their_column() {
        for (text, sign, value) in [
            ("1,234", Sign::Comma, Some("1.234")),
            ("1,234", Sign::Point, Some("1234")),
            ("1.234", Sign::Comma, Some("1234")),
            ("-2,0", Sign::Comma, Some("-2")),
            ("\u{2212}2,5", Sign::Comma, Some("-2.5")),
            ("1 234,5", Sign::Comma, Some("1234.5")),
            ("1\u{202f}234", Sign::Point, Some("1234")),
            ("1'234.5", Sign::Point, Some("1234.5")),
            ("1,5e3", Sign::Comma, Some("1500")),
            ("1 2", Sign::Point, None),
            ("1,2,3", Sign::Point, None),
            ("1/2", Sign::Point, None),
            ("=2x+1", Sign::Point, None),
            ("--1", Sign::Point, None),
            ("", Sign::Point, None),
            (",", Sign::Point, None),
        ] {
            assert_eq!(number(text, sign).as_ref().map(Decimal::as_str), value, "{text} {sign:?}");
        }
    }

    #[test]
    fn an_answer_is_a_number_only_if_it_is_written_as_one() {
        let is_text =
            |text: &str| matches!(form(text, Sign::Point, None, false), Form::Text { text: kept, .. } if kept == text);
        for text in ["007", "-05", "1/2", "None", "=2x+1", "[5,7)", "2x", "1.2.3", "12:30", "04-Mar"] {
            assert!(is_text(text), "{text}");
        }
        let number = |value: &str, tolerance| Form::Number { value: Decimal::parse(value).unwrap(), tolerance };
        let decimal = |text: &str| Decimal::parse(text).unwrap();
        assert_eq!(
            form("3.14 \u{b1} 0.005", Sign::Point, None, false),
            number("3.14", Tolerance::Absolute(decimal("0.005")))
        );
        assert_eq!(form("3,14 +- 5 %", Sign::Comma, None, false), number("3.14", Tolerance::Relative(decimal("0.05"))));
        assert!(matches!(form("3.1..3.2", Sign::Point, None, false), Form::Range { .. }));
        for text in ["3.2..3.1", "..", "a..b", "<.."] {
            assert!(is_text(text), "{text}");
        }
        let bound = |value: &str, is_included| Some(Bound { value: decimal(value), is_included });
        for (text, low, high) in [
            ("1<..2", bound("1", false), bound("2", true)),
            ("1..<2", bound("1", true), bound("2", false)),
            ("-1<=..", bound("-1", true), None),
            ("..<=2", None, bound("2", true)),
            ("5<..", bound("5", false), None),
        ] {
            assert_eq!(form(text, Sign::Point, None, false), Form::Range { low, high }, "{text}");
        }
    }
}
