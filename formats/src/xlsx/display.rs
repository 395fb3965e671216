//! What a number format makes of a number, as the spreadsheet shows it.

use super::dates;
use crate::{
    Decimal,
    table::{Cell, Value},
};

/// The code of a format that the file does not define.
pub(super) fn builtin(id: u32) -> &'static str {
    match id {
        1 => "0",
        2 => "0.00",
        3 | 37 | 38 => "#,##0",
        4 | 39 | 40 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        12 => "# ?/?",
        13 => "# ??/??",
        // 14 has the order of the reader's country; the ISO order is clear to all.
        14 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 | 32 | 34 | 55 => "h:mm",
        21 | 33 | 35 | 56 => "h:mm:ss",
        22 => "yyyy-mm-dd h:mm",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "##0.0E+0",
        49 => "@",
        _ => "General",
    }
}

/// A piece of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    Slash,
    Exponent,
    /// Letters of a date or time, such as `yyyy`.
    Date(char, usize),
    HalfDay,
    /// `General` or `@`.
    General,
}

/// The sections of a format: for positive numbers, negative ones, zero and texts.
pub(super) fn sections(code: &str) -> Vec<Vec<Token>> {
    let mut sections = vec![Vec::new()];
    let letters: Vec<char> = code.chars().take(1000).collect();
    let mut at = 0;
    while let Some(&c) = letters.get(at) {
        at += 1;
        let Some(section) = sections.last_mut() else { break };
        let token = match c {
            ';' => {
                sections.push(Vec::new());
                continue;
            }
            '"' => {
                let end = letters[at..].iter().position(|c| *c == '"').map_or(letters.len(), |length| at + length);
                let text = letters[at..end].iter().collect();
                at = (end + 1).min(letters.len());
                Token::Literal(text)
            }
            '\\' => {
                at += 1;
                let Some(next) = letters.get(at - 1) else { continue };
                Token::Literal(next.to_string())
            }
            // A blank as wide as the next letter, and a letter that fills the cell.
            '_' | '*' => {
                at += 1;
                Token::Literal(" ".to_owned())
            }
            '[' => {
                let end = letters[at..].iter().position(|c| *c == ']').map_or(letters.len(), |length| at + length);
                let inner: String = letters[at..end].iter().collect();
                at = (end + 1).min(letters.len());
                let lower = inner.to_ascii_lowercase();
                if let Some(currency) = inner.strip_prefix('$') {
                    Token::Literal(currency.split('-').next().unwrap_or_default().to_owned())
                } else if let Some(first) =
                    lower.chars().next().filter(|_| lower.chars().all(|c| matches!(c, 'h' | 'm' | 's')))
                {
                    Token::Date(first, lower.len())
                } else {
                    continue;
                }
            }
            '0' | '#' | '?' => Token::Digit(c),
            '.' => Token::Point,
            ',' => Token::Comma,
            '%' => Token::Percent,
            '/' => Token::Slash,
            '@' => Token::General,
            'E' | 'e' if matches!(letters.get(at), Some('+' | '-')) => {
                at += 1;
                Token::Exponent
            }
            'G' | 'g' if letters[at..].iter().collect::<String>().to_ascii_lowercase().starts_with("eneral") => {
                at += 6;
                Token::General
            }
            'A' | 'a' => {
                let rest: String = letters[at..].iter().take(4).collect::<String>().to_ascii_lowercase();
                let length = if rest.starts_with("m/pm") {
                    4
                } else if rest.starts_with("/p") {
                    2
                } else {
                    0
                };
                at += length;
                if length > 0 { Token::HalfDay } else { Token::Literal(c.to_string()) }
            }
            'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' => {
                let lower = c.to_ascii_lowercase();
                let count = 1 + letters[at..].iter().take_while(|c| c.to_ascii_lowercase() == lower).count();
                at += count - 1;
                Token::Date(lower, count)
            }
            other => Token::Literal(other.to_string()),
        };
        section.push(token);
    }
    sections
}

/// The number as the spreadsheet stores it, without the noise of binary fractions: it shows 15 digits.
pub(super) fn stored(raw: &str) -> Option<Decimal> {
    let value = Decimal::parse(raw)?;
    let digits = value.as_str().trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if digits <= 15 || !value.as_str().contains('.') {
        return Some(value);
    }
    Decimal::parse(&format!("{:.14e}", value.to_f64()))
}

/// The cell of a number.
pub(super) fn cell(raw: &str, code: &str, has_1904_dates: bool) -> Cell {
    let Some(value) = stored(raw.trim()) else { return Cell::text(raw) };
    let sections = sections(code);
    let is_negative = value.as_str().starts_with('-');
    let is_zero = value.as_str() == "0";
    let (section, drops_sign) = match (sections.len(), is_negative, is_zero) {
        (2.., true, _) => (&sections[1], true),
        (3.., _, true) => (&sections[2], false),
        _ => (&sections[0], false),
    };
    if section.iter().any(|token| matches!(token, Token::Date(..) | Token::HalfDay)) {
        return dates::cell(value.to_f64(), section, has_1904_dates).unwrap_or_else(|| plain(value));
    }
    if section.iter().any(|token| matches!(token, Token::General | Token::Exponent)) || !section.iter().any(is_digit) {
        return plain(value);
    }
    if let Some(slash) = section.iter().position(|token| *token == Token::Slash) {
        return match fraction(value.to_f64(), section, slash) {
            Some(text) => Cell::text(text),
            None => plain(value),
        };
    }
    let (text, unit, is_percent) = formatted(&value, section, drops_sign);
    Cell { text, value: Value::Number { value, unit, is_percent }, ..Cell::default() }
}

fn plain(value: Decimal) -> Cell {
    Cell {
        text: value.as_str().to_owned(),
        value: Value::Number { value, unit: None, is_percent: false },
        ..Cell::default()
    }
}

fn is_digit(token: &Token) -> bool {
    matches!(token, Token::Digit(_))
}

/// The text, the unit after the number, and whether it is a percentage.
fn formatted(value: &Decimal, section: &[Token], drops_sign: bool) -> (String, Option<String>, bool) {
    let first = section.iter().position(is_digit).unwrap_or(0);
    let last = section.iter().rposition(is_digit).unwrap_or(0);
    let percents = section.iter().filter(|token| **token == Token::Percent).count();
    let point = section.iter().position(|token| *token == Token::Point);
    let count = |range: std::ops::Range<usize>, needed: bool| {
        section[range].iter().filter(|token| matches!(token, Token::Digit(c) if !needed || *c == '0')).count()
    };
    let whole_end = point.unwrap_or(last + 1).max(first);
    let whole_needed = count(first.min(whole_end)..whole_end, true);
    let (decimals, decimals_needed) = point.map_or((0, 0), |point| {
        (count(point.min(last + 1)..last + 1, false), count(point.min(last + 1)..last + 1, true))
    });
    let has_thousands = section[first..whole_end.min(last + 1)].contains(&Token::Comma);
    let scale = section[last + 1..].iter().take_while(|token| **token == Token::Comma).count();
    let shift = 2 * i64::try_from(percents).unwrap_or(0) - 3 * i64::try_from(scale).unwrap_or(0);
    let scaled = Decimal::parse(&format!("{}e{shift}", value.as_str())).unwrap_or_else(|| value.clone());
    let (sign, digits) = rounded(scaled.as_str(), decimals);
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut whole = format!("{whole:0>whole_needed$}");
    if whole_needed == 0 && whole == "0" && decimals > 0 {
        whole.clear();
    }
    if has_thousands {
        let length = whole.len();
        whole = whole
            .char_indices()
            .flat_map(|(at, c)| [(at > 0 && (length - at).is_multiple_of(3)).then_some(','), Some(c)])
            .flatten()
            .collect();
    }
    let mut fraction = fraction.to_owned();
    while fraction.len() > decimals_needed && fraction.ends_with('0') {
        fraction.pop();
    }
    let literal = |tokens: &[Token]| -> String {
        tokens
            .iter()
            .map(|token| match token {
                Token::Literal(text) => text.as_str(),
                Token::Percent => "%",
                Token::Slash => "/",
                _ => "",
            })
            .collect()
    };
    let before = literal(&section[..first]);
    let after = literal(&section[last + 1..]);
    let mut text = if drops_sign { String::new() } else { sign.to_owned() };
    text.push_str(&before);
    text.push_str(&whole);
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(&fraction);
    }
    text.push_str(&after);
    // A bracket closes a negative number, and a blank is no unit. A currency may stand before the number.
    let is_currency = |c: char| matches!(c, '$' | '\u{20ac}' | '\u{a3}' | '\u{a5}');
    let is_unit = |text: &&str| text.chars().any(|c| c.is_alphabetic() || c == '\u{b0}' || is_currency(c));
    let units = [after.trim(), before.trim().trim_matches(['(', ')', '-', '+', ' '])];
    let unit = units.into_iter().find(is_unit).filter(|_| percents == 0).map(str::to_owned);
    (text.trim().to_owned(), unit, percents > 0)
}

/// Rounds a decimal number half away from zero, as spreadsheets do. Returns its sign and its digits.
fn rounded(number: &str, decimals: usize) -> (&'static str, String) {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut kept: Vec<u8> =
        whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(decimals)).collect();
    let mut carry = fraction.as_bytes().get(decimals).is_some_and(|digit| *digit >= b'5');
    for digit in kept.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *digit == b'9';
        *digit = if carry { b'0' } else { *digit + 1 };
    }
    let mut text = if carry { "1".to_owned() } else { String::new() };
    text.extend(kept.into_iter().map(char::from));
    let is_zero = text.bytes().all(|digit| digit == b'0');
    if decimals > 0 {
        text.insert(text.len() - decimals, '.');
    }
    (if is_zero { "" } else { sign }, text)
}

/// The number as a fraction with a denominator of so many digits, if that is what was typed.
fn fraction(value: f64, section: &[Token], slash: usize) -> Option<String> {
    let fixed: String = section[slash + 1..]
        .iter()
        .map_while(|token| match token {
            Token::Literal(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(text.as_str()),
            Token::Digit('0') => Some("0"),
            _ => None,
        })
        .collect();
    let digits = section[slash + 1..].iter().take_while(|token| is_digit(token)).count().clamp(1, 3);
    let max = [9, 99, 999][digits - 1];
    let denominators = match fixed.parse::<u32>() {
        Ok(fixed) if fixed > 0 && fixed < 10_000 => fixed..=fixed,
        _ => 1..=max,
    };
    let magnitude = value.abs();
    if magnitude > 1e9 {
        return None;
    }
    let denominator = denominators.clone().find(|denominator| {
        let top = magnitude * f64::from(*denominator);
        (top - top.round()).abs() < 1e-9 * f64::from(*denominator).max(1.0)
    })?;
    let top = (magnitude * f64::from(denominator)).round();
    let sign = if value < 0.0 { "-" } else { "" };
    let has_whole = section[..slash].iter().any(|token| matches!(token, Token::Literal(text) if text.contains(' ')));
    if denominator == 1 {
        return Some(format!("{sign}{top}"));
    }
    let whole = (top / f64::from(denominator)).floor();
    if has_whole && whole > 0.0 {
        let rest = top - whole * f64::from(denominator);
        return Some(if rest == 0.0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole} {rest}/{denominator}")
        });
    }
    Some(format!("{sign}{top}/{denominator}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_their_format_says() {
        for (raw, code, text) in [
            ("0.4", "0%", "40%"),
            ("0.125", "0.0%", "12.5%"),
            ("0.75", "# ?/?", "3/4"),
            ("1.5", "# ?/?", "1 1/2"),
            ("0.33333333333333331", "# ?/?", "1/3"),
            ("2", "# ?/?", "2"),
            ("9.81", "0.00\" m/s\u{b2}\"", "9.81 m/s\u{b2}"),
            ("7", "000", "007"),
            ("1234567.891", "#,##0.00", "1,234,567.89"),
            ("0.125", "0.00", "0.13"),
            ("-5", "0.00;(0.00)", "(5.00)"),
            ("5", "\"$\"#,##0.00_);[Red](\"$\"#,##0.00)", "$5.00"),
            ("5", "[$\u{20ac}-407] 0.00", "\u{20ac} 5.00"),
            ("0.30000000000000004", "General", "0.3"),
            ("1234567890123456", "General", "1234567890123456"),
            ("1E-3", "General", "0.001"),
            ("2.5", "0.##", "2.5"),
            ("-0.001", "0.00", "0.00"),
            ("1500000", "0.0,,\" million\"", "1.5 million"),
            ("9.995", "0.00", "10.00"),
        ] {
            assert_eq!(cell(raw, code, false).text, text, "{raw} {code}");
        }
    }

    #[test]
    fn the_text_after_a_number_is_its_unit() {
        let unit = |raw: &str, code: &str| match cell(raw, code, false).value {
            Value::Number { unit, .. } => unit,
            _ => None,
        };
        assert_eq!(unit("9.81", "0.00\" m/s\u{b2}\"").as_deref(), Some("m/s\u{b2}"));
        assert_eq!(unit("5", "\"$\"#,##0.00_);(\"$\"#,##0.00)").as_deref(), Some("$"));
        assert_eq!(unit("5", "0.00 [$\u{20ac}-407]").as_deref(), Some("\u{20ac}"));
        assert_eq!(unit("20", "0\"\u{b0}\"").as_deref(), Some("\u{b0}"));
        assert_eq!(unit("0.4", "0%"), None);
        assert_eq!(unit("-5", "0.00;(0.00)"), None);
    }
}
