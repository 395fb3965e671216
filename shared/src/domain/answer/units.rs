//! The unit at the end of an answer: `42 cm`, `9.8\ \text{m/s}^2`, `16 square units`.
//!
//! Units are told apart by name only; nothing is converted. Those that say nothing (`units`, `radians`) are dropped.

use super::token::{Bracket, Kind, Token};

/// A product of units: names in order, each with its exponent.
pub(super) type Unit = Vec<(&'static str, i32)>;

/// Takes the unit off the end. `None` where there is none.
pub(super) fn split(tokens: &mut Vec<Token>, variables: &[String]) -> Option<Unit> {
    let start = (1..tokens.len()).find(|start| {
        let begins = begins_unit(tokens.get(start - 1), tokens.get(*start), variables);
        begins && tokens.get(*start..).is_some_and(|rest| parse(rest).is_some())
    })?;
    let unit = parse(tokens.get(start..)?)?;
    tokens.truncate(start);
    (!unit.is_empty()).then_some(unit)
}

fn begins_unit(before: Option<&Token>, token: Option<&Token>, variables: &[String]) -> bool {
    let (Some(before), Some(Token { kind: Kind::Word { text, explicit }, spaced })) = (before, token) else {
        return false;
    };
    let number = matches!(before.kind, Kind::Number(_));
    let operand = number || before.kind.closes() || matches!(before.kind, Kind::Constant(_) | Kind::Infinity);
    let constant = matches!(&before.kind, Kind::Word { text, .. } if text == "pi");
    if variables.contains(text) {
        return false;
    }
    // One letter is a unit only where a number and a space stand before it: `5 m`, but `5m` is 5·m.
    if text.len() == 1 { *explicit && operand || number && *spaced } else { operand || constant && *spaced }
}

fn parse(tokens: &[Token]) -> Option<Unit> {
    let mut unit = Unit::new();
    let mut at = 0;
    let (mut direction, mut prefix) = (1, 1);
    while let Some(token) = tokens.get(at) {
        at += 1;
        match &token.kind {
            Kind::Times if !unit.is_empty() => {}
            Kind::Divide if !unit.is_empty() => direction = -1,
            Kind::Word { text, .. } => match text.as_str() {
                "per" => direction = -1,
                "square" | "sq" => prefix = 2,
                "cubic" => prefix = 3,
                text => {
                    let name = known(text)?;
                    let (exponent, read) = exponent(tokens.get(at..)?);
                    at += read;
                    if !name.is_empty() {
                        unit.push((name, direction * prefix * exponent));
                    }
                    (direction, prefix) = (1, 1);
                }
            },
            _ => return None,
        }
    }
    unit.sort_unstable();
    (direction == 1 && prefix == 1).then_some(unit)
}

/// `^2`, `^{-1}`: the exponent and how many tokens it takes.
fn exponent(tokens: &[Token]) -> (i32, usize) {
    let kinds: Vec<&Kind> = tokens.iter().take(5).map(|token| &token.kind).collect();
    let whole = |kind: &Kind| match kind {
        Kind::Number(number) => number.digits.parse::<i32>().ok().filter(|exponent| *exponent <= 9),
        _ => None,
    };
    let (open, close) = (Kind::Open(Bracket::Group), Kind::Close(Bracket::Group));
    match kinds.as_slice() {
        [Kind::Power, first, sign, number, last, ..]
            if **first == open && **sign == Kind::Minus && **last == close && whole(number).is_some() =>
        {
            (-whole(number).unwrap_or(1), 5)
        }
        [Kind::Power, first, number, last, ..] if **first == open && **last == close && whole(number).is_some() => {
            (whole(number).unwrap_or(1), 4)
        }
        [Kind::Power, Kind::Minus, number, ..] if whole(number).is_some() => (-whole(number).unwrap_or(1), 3),
        [Kind::Power, number, ..] if whole(number).is_some() => (whole(number).unwrap_or(1), 2),
        _ => (1, 0),
    }
}

/// The one spelling of a unit; empty for those that say nothing.
fn known(text: &str) -> Option<&'static str> {
    Some(match text {
        "unit" | "units" | "rad" | "rads" | "radian" | "radians" => "",
        "m" | "meter" | "meters" | "metre" | "metres" => "m",
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => "cm",
        "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => "mm",
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => "km",
        "nm" => "nm",
        "in" | "inch" | "inches" => "in",
        "ft" | "foot" | "feet" => "ft",
        "yd" | "yard" | "yards" => "yd",
        "mi" | "mile" | "miles" => "mi",
        "mph" => "mph",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "ms" | "millisecond" | "milliseconds" => "ms",
        "min" | "mins" | "minute" | "minutes" => "min",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "day",
        "week" | "weeks" => "week",
        "month" | "months" => "month",
        "yr" | "yrs" | "year" | "years" => "year",
        "g" | "gram" | "grams" => "g",
        "kg" | "kilogram" | "kilograms" => "kg",
        "mg" | "milligram" | "milligrams" => "mg",
        "lb" | "lbs" | "pound" | "pounds" => "lb",
        "N" | "newton" | "newtons" => "N",
        "J" | "joule" | "joules" => "J",
        "kJ" => "kJ",
        "W" | "watt" | "watts" => "W",
        "kW" => "kW",
        "Hz" | "hertz" => "Hz",
        "V" | "volt" | "volts" => "V",
        "A" | "amp" | "amps" | "ampere" | "amperes" => "A",
        "Pa" | "pascal" | "pascals" => "Pa",
        "kPa" => "kPa",
        "K" | "kelvin" => "K",
        "L" | "liter" | "liters" | "litre" | "litres" => "L",
        "mL" | "ml" => "mL",
        "gal" | "gallon" | "gallons" => "gal",
        "mol" | "mole" | "moles" => "mol",
        "dollar" | "dollars" | "USD" => "USD",
        "euro" | "euros" | "EUR" => "EUR",
        _ => return None,
    })
}
