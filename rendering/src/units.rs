//! Numbers and units as `siunitx` writes them.

use std::fmt::Write as _;

use katex::types::ParseError;

use crate::definitions::error;
use crate::tokens::{Token, Tokens};

/// Prefixes and their symbols.
const PREFIXES: [(&str, &str); 25] = [
    ("quecto", "q"),
    ("ronto", "r"),
    ("yocto", "y"),
    ("zepto", "z"),
    ("atto", "a"),
    ("femto", "f"),
    ("pico", "p"),
    ("nano", "n"),
    ("micro", "\\mu "),
    ("milli", "m"),
    ("centi", "c"),
    ("deci", "d"),
    ("deca", "da"),
    ("deka", "da"),
    ("hecto", "h"),
    ("kilo", "k"),
    ("mega", "M"),
    ("giga", "G"),
    ("tera", "T"),
    ("peta", "P"),
    ("exa", "E"),
    ("zetta", "Z"),
    ("yotta", "Y"),
    ("ronna", "R"),
    ("quetta", "Q"),
];

/// Units and their symbols.
const UNITS: [(&str, &str); 80] = [
    ("meter", "m"),
    ("metre", "m"),
    ("gram", "g"),
    ("kilogram", "kg"),
    ("second", "s"),
    ("ampere", "A"),
    ("kelvin", "K"),
    ("mole", "mol"),
    ("candela", "cd"),
    ("becquerel", "Bq"),
    ("degreeCelsius", "{}^{\\circ}C"),
    ("celsius", "{}^{\\circ}C"),
    ("coulomb", "C"),
    ("farad", "F"),
    ("gray", "Gy"),
    ("hertz", "Hz"),
    ("henry", "H"),
    ("joule", "J"),
    ("lumen", "lm"),
    ("katal", "kat"),
    ("lux", "lx"),
    ("newton", "N"),
    ("ohm", "\\Omega "),
    ("pascal", "Pa"),
    ("radian", "rad"),
    ("siemens", "S"),
    ("sievert", "Sv"),
    ("steradian", "sr"),
    ("tesla", "T"),
    ("volt", "V"),
    ("watt", "W"),
    ("weber", "Wb"),
    ("day", "d"),
    ("degree", "{}^{\\circ}"),
    ("hectare", "ha"),
    ("hour", "h"),
    ("litre", "L"),
    ("liter", "L"),
    ("arcminute", "'"),
    ("minute", "min"),
    ("arcsecond", "''"),
    ("tonne", "t"),
    ("dalton", "Da"),
    ("electronvolt", "eV"),
    ("bel", "B"),
    ("decibel", "dB"),
    ("neper", "Np"),
    ("percent", "\\%"),
    ("angstrom", "Å"),
    ("bar", "bar"),
    ("barn", "b"),
    ("mmHg", "mmHg"),
    ("knot", "kn"),
    ("atmosphere", "atm"),
    ("astronomicalunit", "au"),
    ("atomicmassunit", "u"),
    ("bit", "bit"),
    ("byte", "B"),
    ("clight", "c_{0}"),
    ("elementarycharge", "e"),
    ("planckbar", "\\hbar "),
    ("cm", "cm"),
    ("mm", "mm"),
    ("km", "km"),
    ("kg", "kg"),
    ("mg", "mg"),
    ("ms", "ms"),
    ("kHz", "kHz"),
    ("MHz", "MHz"),
    ("GHz", "GHz"),
    ("kJ", "kJ"),
    ("eV", "eV"),
    ("keV", "keV"),
    ("MeV", "MeV"),
    ("GeV", "GeV"),
    ("kV", "kV"),
    ("mL", "mL"),
    ("ml", "ml"),
    ("nm", "nm"),
    ("kW", "kW"),
];

type Latex = Result<String, ParseError>;

/// A number such as `-1.5(2)e-3`, `1,5` or `2 x 3`.
pub(crate) fn number(source: &str) -> Latex {
    let source = source
        .replace(['~', ' '], "")
        .replace("\\,", "")
        .replace("\\times", "x")
        .replace("+-", "\\pm")
        .replace('−', "-");
    let mut latex = String::new();
    let mut rest = source.as_str();
    while !rest.is_empty() {
        let digits = rest.len()
            - rest.trim_start_matches(|digit: char| digit.is_ascii_digit() || matches!(digit, '.' | ',')).len();
        if digits > 0 {
            latex.push_str(&decimal(&rest[..digits]));
            rest = &rest[digits..];
            continue;
        }
        let symbol = ["\\pm", "\\mp", "\\pi", "\\approx", "\\sim", "\\le", "\\ge", "\\ll", "\\gg"]
            .iter()
            .find(|symbol| rest.starts_with(**symbol));
        if let Some(symbol) = symbol {
            latex.push_str(symbol);
            latex.push(' ');
            rest = &rest[symbol.len()..];
            continue;
        }
        let character = rest.chars().next().unwrap_or(' ');
        let after = &rest[character.len_utf8()..];
        match character {
            'e' | 'E' | 'd' | 'D'
                if after.starts_with(|next: char| next.is_ascii_digit() || matches!(next, '+' | '-')) =>
            {
                let sign = usize::from(after.starts_with(['+', '-']));
                let digits =
                    after[sign..].len() - after[sign..].trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
                let mantissa = if latex.is_empty() || latex.ends_with(['-', '+']) { "" } else { "\\times " };
                let _ = write!(latex, "{mantissa}10^{{{}}}", after[..sign + digits].trim_start_matches('+'));
                rest = &after[sign + digits..];
                continue;
            }
            'x' => latex.push_str("\\times "),
            '-' | '+' | '(' | ')' | '/' | '<' | '>' | '=' | '{' | '}' => latex.push(character),
            'i' | 'j' => latex.push_str("\\mathrm{i}"),
            _ => return Err(error("\\num has something else than a number")),
        }
        rest = after;
    }
    Ok(format!("{{{latex}}}"))
}

/// Digits in groups of three, and a decimal mark that is no list.
fn decimal(digits: &str) -> String {
    let (whole, part) = digits.split_once(['.', ',']).map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mark = if digits.contains(',') { "{,}" } else { "." };
    let groups = |digits: &str, from_right: bool| {
        if digits.len() < 5 || !digits.is_ascii() {
            return digits.to_owned();
        }
        let first = if from_right && !digits.len().is_multiple_of(3) { digits.len() % 3 } else { 3 };
        let mut text = digits[..first].to_owned();
        for (at, digit) in digits[first..].chars().enumerate() {
            if at % 3 == 0 {
                text.push_str("\\,");
            }
            text.push(digit);
        }
        text
    };
    let zero = if whole.is_empty() { "0" } else { "" };
    let part = part.map_or_else(String::new, |part| format!("{mark}{}", groups(part, false)));
    format!("{zero}{}{part}", groups(whole, true))
}

/// A unit such as `\kilo\gram\per\cubic\meter` or `kg.m^{-3}`.
pub(crate) fn unit(source: &str) -> Latex {
    let named = Tokens::of(source).any(|token| matches!(token, Token::Command(name) if is_known(name)));
    if named { symbols(source) } else { literal(source) }
}

fn is_known(name: &str) -> bool {
    UNITS.iter().chain(&PREFIXES).any(|(known, _)| *known == name) || name == "per"
}

/// A number with a unit.
pub(crate) fn quantity(amount: &str, unit_source: &str) -> Latex {
    let number = if amount.trim().is_empty() { String::new() } else { number(amount)? };
    let unit = unit(unit_source)?;
    let plane = ["\\degree", "\\arcminute", "\\arcsecond"].contains(&unit_source.trim());
    let space = if number.is_empty() || unit.is_empty() || plane { "" } else { "\\," };
    Ok(format!("{number}{space}{unit}"))
}

/// Numbers with `;` between them, with a unit after each.
pub(crate) fn list(numbers: &str, unit_source: &str) -> Latex {
    let written: Result<Vec<String>, ParseError> =
        numbers.split(';').map(|number| quantity(number, unit_source)).collect();
    let mut written = written?;
    let last = written.pop().unwrap_or_default();
    Ok(if written.is_empty() { last } else { format!("{}\\text{{ and }}{last}", written.join(",\\ ")) })
}

/// An angle: degrees, or degrees, minutes and seconds with `;` between them.
pub(crate) fn angle(source: &str) -> Latex {
    let mut latex = String::new();
    for (part, mark) in source.split(';').zip(["^{\\circ}", "'", "''"]) {
        if !part.trim().is_empty() {
            latex.push_str(&number(part)?);
            latex.push_str(mark);
        }
    }
    if source.split(';').count() > 3 { Err(error("\\ang has more than three parts")) } else { Ok(latex) }
}

/// A unit written with symbols: letters are upright, `.` and `~` multiply.
fn literal(source: &str) -> Latex {
    let mut latex = String::new();
    let mut letters = String::new();
    let flush = |letters: &mut String, latex: &mut String| {
        if !letters.is_empty() {
            let _ = write!(latex, "\\mathrm{{{letters}}}");
            letters.clear();
        }
    };
    for token in Tokens::of(source) {
        match token {
            Token::Character('.' | '~' | '·' | '⋅') | Token::Command(",") => {
                flush(&mut letters, &mut latex);
                latex.push_str("\\,");
            }
            Token::Character(letter) if letter.is_alphabetic() => letters.push(letter),
            Token::Character(' ') => {}
            Token::Character('°') => {
                flush(&mut letters, &mut latex);
                latex.push_str("{}^{\\circ}");
            }
            Token::Character('#') | Token::Unclosed => return Err(error("a unit cannot be read")),
            Token::Character(other) => {
                flush(&mut letters, &mut latex);
                latex.push(other);
            }
            Token::Open => {
                flush(&mut letters, &mut latex);
                latex.push('{');
            }
            Token::Close => {
                flush(&mut letters, &mut latex);
                latex.push('}');
            }
            Token::Command(name) => {
                flush(&mut letters, &mut latex);
                let _ = write!(latex, "\\{name} ");
            }
        }
    }
    flush(&mut letters, &mut latex);
    Ok(format!("{{{latex}}}"))
}

/// A unit written with the macros of its parts.
fn symbols(source: &str) -> Latex {
    let mut factors: Vec<(String, String)> = Vec::new();
    let (mut prefix, mut sign, mut before) = (String::new(), "", String::new());
    let mut tokens = Tokens::of(source);
    while let Some(token) = tokens.next() {
        let Token::Command(name) = token else {
            match token {
                Token::Character(' ' | '.' | '~') | Token::Open | Token::Close => continue,
                Token::Character(letter) if letter.is_alphabetic() || letter == '/' => {
                    factors.push((format!("{}{letter}", std::mem::take(&mut prefix)), String::new()));
                    continue;
                }
                _ => return Err(error("a unit cannot be read")),
            }
        };
        match name {
            "per" => sign = "-",
            "square" => "2".clone_into(&mut before),
            "cubic" => "3".clone_into(&mut before),
            "raiseto" => before = braced(&mut tokens)?,
            "squared" | "cubed" | "tothe" => {
                let power = match name {
                    "squared" => "2".to_owned(),
                    "cubed" => "3".to_owned(),
                    _ => braced(&mut tokens)?,
                };
                let last = factors.last_mut().ok_or_else(|| error("a unit begins with a power"))?;
                let negative = last.1.starts_with('-');
                last.1 = format!("{}{power}", if negative { "-" } else { "" });
            }
            "of" => {
                let what = braced(&mut tokens)?;
                let last = factors.last_mut().ok_or_else(|| error("a unit begins with its kind"))?;
                let _ = write!(last.0, "_{{\\text{{{what}}}}}");
            }
            "highlight" | "cancel" => {}
            _ => {
                if let Some((_, symbol)) = PREFIXES.iter().find(|(known, _)| *known == name) {
                    (*symbol).clone_into(&mut prefix);
                    continue;
                }
                let symbol = UNITS.iter().find(|(known, _)| *known == name).map(|(_, symbol)| (*symbol).to_owned());
                let symbol = symbol.unwrap_or_else(|| format!("\\{name} "));
                let power =
                    if before.is_empty() && !sign.is_empty() { "1".to_owned() } else { std::mem::take(&mut before) };
                factors.push((format!("{}{symbol}", std::mem::take(&mut prefix)), format!("{sign}{power}")));
                sign = "";
            }
        }
    }
    let written: Vec<String> = factors
        .iter()
        .map(|(symbol, power)| {
            let power = if power.is_empty() { String::new() } else { format!("^{{{power}}}") };
            if symbol.starts_with('\'') { format!("{symbol}{power}") } else { format!("\\mathrm{{{symbol}}}{power}") }
        })
        .collect();
    Ok(format!("{{{}}}", written.join("\\,")))
}

/// The text of a group in braces.
fn braced(tokens: &mut Tokens<'_>) -> Latex {
    let (inside, after) = tokens
        .rest()
        .trim_start()
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .ok_or_else(|| error("a power of a unit is not in braces"))?;
    let inside = inside.to_owned();
    *tokens = Tokens::of(after);
    Ok(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_groups_and_powers() {
        for (source, latex) in [
            ("1.5e3", "{1.5\\times 10^{3}}"),
            ("-1,5e-3", "{-1{,}5\\times 10^{-3}}"),
            ("12345.67890", "{12\\,345.678\\,90}"),
            ("1.23(4)", "{1.23(4)}"),
            ("1 +- 2", "{1\\pm 2}"),
            ("2 x 3", "{2\\times 3}"),
            (".5", "{0.5}"),
            ("e10", "{10^{10}}"),
            ("1234", "{1234}"),
        ] {
            assert_eq!(number(source).unwrap(), latex, "{source}");
        }
        assert!(number("\\evil").is_err());
    }

    #[test]
    fn units_are_written_with_symbols_and_powers() {
        for (source, latex) in [
            ("\\meter\\per\\second\\squared", "{\\mathrm{m}\\,\\mathrm{s}^{-2}}"),
            ("\\kilo\\gram\\per\\cubic\\metre", "{\\mathrm{kg}\\,\\mathrm{m}^{-3}}"),
            ("\\square\\metre", "{\\mathrm{m}^{2}}"),
            ("\\joule\\tothe{5}", "{\\mathrm{J}^{5}}"),
            ("\\micro\\metre", "{\\mathrm{\\mu m}}"),
            ("m.s^{-2}", "{\\mathrm{m}\\,\\mathrm{s}^{-2}}"),
            ("kg/m^3", "{\\mathrm{kg}/\\mathrm{m}^3}"),
            ("\\degreeCelsius", "{\\mathrm{{}^{\\circ}C}}"),
        ] {
            assert_eq!(unit(source).unwrap(), latex, "{source}");
        }
    }

    #[test]
    fn angles_and_quantities_have_their_marks() {
        assert_eq!(angle("30").unwrap(), "{30}^{\\circ}");
        assert_eq!(angle("1;2;3").unwrap(), "{1}^{\\circ}{2}'{3}''");
        assert_eq!(quantity("3", "\\meter").unwrap(), "{3}\\,{\\mathrm{m}}");
        assert_eq!(quantity("90", "\\degree").unwrap(), "{90}{\\mathrm{{}^{\\circ}}}");
        assert_eq!(
            list("1;2;3", "m").unwrap(),
            "{1}\\,{\\mathrm{m}},\\ {2}\\,{\\mathrm{m}}\\text{ and }{3}\\,{\\mathrm{m}}"
        );
    }
}
