//! The units by their names and symbols, each as a product of base units.

use super::rational::Rational;
use super::units::BASES;

/// One unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    pub(super) factor: Rational,
    pub(super) bases: [i32; BASES],
    /// The name of its quantity if its base units measure other quantities too.
    pub(super) quantity: Option<&'static str>,
    /// Whether it is a unit right after a number too, without a space.
    pub(super) common: bool,
}

impl Base {
    pub(super) fn is_silent(&self) -> bool {
        self.bases == [0; BASES]
    }
}

/// A row of the table: names and symbols, whether prefixes may stand before them, the factor as a quotient, and the
/// exponents of the base units.
type Row = (&'static [&'static str], Prefixes, (i128, i128), &'static [(usize, i32)]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefixes {
    Metric,
    None,
}

use Prefixes::{Metric, None as Plain};

const M: usize = 0;
const KG: usize = 1;
const S: usize = 2;
const A: usize = 3;
const K: usize = 4;
const MOL: usize = 5;
const CD: usize = 6;
const BIT: usize = 7;
const MONTH: usize = 8;
const USD: usize = 9;
const EUR: usize = 10;
const GBP: usize = 11;
const JPY: usize = 12;
const INR: usize = 13;
const CELSIUS: usize = 14;
const FAHRENHEIT: usize = 15;
const TURN: usize = 16;
const DECIBEL: usize = 17;
const MASS_UNIT: usize = 18;

const TABLE: &[Row] = &[
    (&["unit", "rad", "radian"], Plain, (1, 1), &[]),
    (&["m", "meter", "metre"], Metric, (1, 1), &[(M, 1)]),
    (&["g", "gram", "gramme"], Metric, (1, 1000), &[(KG, 1)]),
    (&["s", "sec", "second"], Metric, (1, 1), &[(S, 1)]),
    (&["A", "amp", "ampere"], Metric, (1, 1), &[(A, 1)]),
    (&["K", "kelvin"], Metric, (1, 1), &[(K, 1)]),
    (&["mol", "mole"], Metric, (1, 1), &[(MOL, 1)]),
    (&["cd", "candela"], Metric, (1, 1), &[(CD, 1)]),
    (&["Hz", "hertz"], Metric, (1, 1), &[(S, -1)]),
    (&["Bq", "becquerel"], Metric, (1, 1), &[(S, -1)]),
    (&["N", "newton"], Metric, (1, 1), &[(KG, 1), (M, 1), (S, -2)]),
    (&["J", "joule"], Metric, (1, 1), &[(KG, 1), (M, 2), (S, -2)]),
    (&["W", "watt"], Metric, (1, 1), &[(KG, 1), (M, 2), (S, -3)]),
    (&["Wh"], Metric, (3600, 1), &[(KG, 1), (M, 2), (S, -2)]),
    (&["Pa", "pascal"], Metric, (1, 1), &[(KG, 1), (M, -1), (S, -2)]),
    (&["V", "volt"], Metric, (1, 1), &[(KG, 1), (M, 2), (S, -3), (A, -1)]),
    (&["C", "coulomb"], Metric, (1, 1), &[(A, 1), (S, 1)]),
    (&["F", "farad"], Metric, (1, 1), &[(KG, -1), (M, -2), (S, 4), (A, 2)]),
    (&["H", "henry"], Metric, (1, 1), &[(KG, 1), (M, 2), (S, -2), (A, -2)]),
    (&["ohm", "Ohm", "Omega"], Metric, (1, 1), &[(KG, 1), (M, 2), (S, -3), (A, -2)]),
    (&["siemens"], Metric, (1, 1), &[(KG, -1), (M, -2), (S, 3), (A, 2)]),
    (&["T", "tesla"], Metric, (1, 1), &[(KG, 1), (S, -2), (A, -1)]),
    (&["Wb", "weber"], Metric, (1, 1), &[(KG, 1), (M, 2), (S, -2), (A, -1)]),
    (&["Gy", "gray"], Metric, (1, 1), &[(M, 2), (S, -2)]),
    (&["Sv", "sievert"], Metric, (1, 1), &[(M, 2), (S, -2)]),
    (
        &["eV", "electronvolt"],
        Metric,
        (1_602_176_634, 10_000_000_000_000_000_000_000_000_000),
        &[(KG, 1), (M, 2), (S, -2)],
    ),
    (&["cal", "calorie"], Metric, (4184, 1000), &[(KG, 1), (M, 2), (S, -2)]),
    (&["L", "l", "liter", "litre"], Metric, (1, 1000), &[(M, 3)]),
    (&["bar"], Metric, (100_000, 1), &[(KG, 1), (M, -1), (S, -2)]),
    (&["atm", "atmosphere"], Plain, (101_325, 1), &[(KG, 1), (M, -1), (S, -2)]),
    (&["torr", "Torr", "mmHg"], Plain, (101_325, 760), &[(KG, 1), (M, -1), (S, -2)]),
    (&["psi"], Plain, (6_894_757_293_168, 1_000_000_000), &[(KG, 1), (M, -1), (S, -2)]),
    (&["min", "minute"], Plain, (60, 1), &[(S, 1)]),
    (&["h", "hr", "hour"], Plain, (3600, 1), &[(S, 1)]),
    (&["d", "day"], Plain, (86_400, 1), &[(S, 1)]),
    (&["week", "wk"], Plain, (604_800, 1), &[(S, 1)]),
    (&["month"], Plain, (1, 1), &[(MONTH, 1)]),
    (&["yr", "year"], Plain, (12, 1), &[(MONTH, 1)]),
    (&["in", "inch", "inches"], Plain, (254, 10_000), &[(M, 1)]),
    (&["ft", "foot", "feet"], Plain, (3048, 10_000), &[(M, 1)]),
    (&["yd", "yard"], Plain, (9144, 10_000), &[(M, 1)]),
    (&["mi", "mile"], Plain, (1_609_344, 1000), &[(M, 1)]),
    (&["mph"], Plain, (1_609_344, 3_600_000), &[(M, 1), (S, -1)]),
    (&["kph", "kmh", "kmph"], Plain, (1000, 3600), &[(M, 1), (S, -1)]),
    (&["lb", "pound"], Plain, (45_359_237, 100_000_000), &[(KG, 1)]),
    (&["oz", "ounce"], Plain, (45_359_237, 1_600_000_000), &[(KG, 1)]),
    (&["tonne"], Plain, (1000, 1), &[(KG, 1)]),
    (&["amu", "dalton", "Da"], Plain, (1, 1), &[(MASS_UNIT, 1)]),
    (&["gal", "gallon"], Plain, (3_785_411_784, 1_000_000_000_000), &[(M, 3)]),
    (&["acre"], Plain, (40_468_564_224, 10_000_000), &[(M, 2)]),
    (&["ha", "hectare"], Plain, (10_000, 1), &[(M, 2)]),
    (&["bit"], Metric, (1, 1), &[(BIT, 1)]),
    (&["B", "byte"], Metric, (8, 1), &[(BIT, 1)]),
    (&["rev", "revolution"], Plain, (1, 1), &[(TURN, 1)]),
    (&["rpm"], Plain, (1, 60), &[(TURN, 1), (S, -1)]),
    (&["dB", "decibel"], Plain, (1, 1), &[(DECIBEL, 1)]),
    (&["degC", "celsius", "Celsius"], Plain, (1, 1), &[(CELSIUS, 1)]),
    (&["degF", "fahrenheit", "Fahrenheit"], Plain, (1, 1), &[(FAHRENHEIT, 1)]),
    (&["USD", "dollar"], Plain, (1, 1), &[(USD, 1)]),
    (&["cent", "cents"], Plain, (1, 100), &[(USD, 1)]),
    (&["EUR", "euro"], Plain, (1, 1), &[(EUR, 1)]),
    (&["GBP"], Plain, (1, 1), &[(GBP, 1)]),
    (&["JPY", "yen"], Plain, (1, 1), &[(JPY, 1)]),
    (&["INR", "rupee"], Plain, (1, 1), &[(INR, 1)]),
];

/// Prefixes by symbol and by name, with their power of ten.
const PREFIXES: &[(&str, &str, i32)] = &[
    ("p", "pico", -12),
    ("n", "nano", -9),
    ("u", "micro", -6),
    ("m", "milli", -3),
    ("c", "centi", -2),
    ("d", "deci", -1),
    ("k", "kilo", 3),
    ("M", "mega", 6),
    ("G", "giga", 9),
    ("T", "tera", 12),
];

/// Symbols with a prefix that are hardly ever a product of letters.
const COMMON: &[&str] = &[
    "cm", "mm", "km", "nm", "ms", "kg", "mg", "kJ", "kW", "kPa", "mL", "ml", "kHz", "MHz", "GHz", "mA", "mV", "kV",
    "kN", "MPa", "MW", "kWh", "dB", "MB", "GB", "kB",
];

/// The unit of that name.
pub(super) fn known(text: &str) -> Option<Base> {
    if let Some((row, _)) = find(text) {
        return base(row, 0, text.len() > 1);
    }
    PREFIXES.iter().find_map(|(symbol, name, power)| {
        let of = |prefix: &str, symbols: bool| {
            let (row, spelled) = find(text.strip_prefix(prefix)?)?;
            let metric = row.1 == Metric && spelled == symbols;
            metric.then(|| base(row, *power, !symbols || COMMON.contains(&text))).flatten()
        };
        of(name, false).or_else(|| of(symbol, true))
    })
}

/// The row with that name or its plural, and whether the name is a symbol.
fn find(text: &str) -> Option<(&'static Row, bool)> {
    let is_symbol =
        |name: &str| name.len() <= 3 && !matches!(name, "sec" | "amp" | "ohm" | "bar" | "rad" | "min" | "day");
    TABLE.iter().find_map(|row| {
        let name = row.0.iter().find(|name| {
            let plural = name.len() >= 2
                && !matches!(
                    **name,
                    "Hz" | "Pa"
                        | "Wb"
                        | "Gy"
                        | "Sv"
                        | "cd"
                        | "eV"
                        | "dB"
                        | "Da"
                        | "Wh"
                        | "Bq"
                        | "in"
                        | "ft"
                        | "mi"
                        | "ha"
                );
            text == **name || (plural && text.strip_suffix('s') == Some(name))
        })?;
        Some((row, is_symbol(name)))
    })
}

fn base(row: &Row, power: i32, common: bool) -> Option<Base> {
    let mut bases = [0; BASES];
    for (index, exponent) in row.3 {
        *bases.get_mut(*index)? = *exponent;
    }
    let (above, below) = row.2;
    let factor = Rational::new(above, below)?.multiply(Rational::power_of_ten(power)?)?;
    let quantity = match row.0.first().copied()? {
        "N" => Some("force"),
        "Hz" => Some("frequency"),
        "Bq" => Some("activity"),
        "Gy" => Some("dose"),
        "Sv" => Some("equivalent dose"),
        _ => None,
    };
    Some(Base { factor, bases, quantity, common })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_symbols_and_prefixes_are_known() {
        let factor = |text: &str| known(text).map(|unit| unit.factor);
        assert_eq!(factor("km"), Some(Rational::whole(1000)));
        assert_eq!(factor("kilometres"), factor("km"));
        assert_eq!(factor("feet"), factor("ft"));
        assert_eq!(factor("mL"), factor("millilitre"));
        assert_eq!(factor("mol"), Some(Rational::whole(1)));
        assert_eq!(factor("min"), Some(Rational::whole(60)));
        for text in ["x", "kft", "mmin", "kilom", "mmeter", "", "k", "ab"] {
            assert!(known(text).is_none(), "{text}");
        }
    }
}
