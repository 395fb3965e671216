//! The unit at the end of an answer: `42 cm`, `9.8\ \text{m/s}^2`, `16 square units`.
//!
//! A unit is a product of base units with a factor, so that `9.8 N/kg` has the unit of `9.8 m/s^2`. Those that say
//! nothing (`units`, `radians`) are dropped.

use super::choices::Choices;
use super::rational::Rational;
use super::token::{Bracket, Kind, Token};
use super::unit_names::{Base, known};

/// How many base units there are.
pub(super) const BASES: usize = 19;

/// A product of units.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Its names as they were written.
    spelled: String,
    /// How many of the coherent unit it is.
    factor: Rational,
    /// The exponent of each base unit.
    bases: [i32; BASES],
    /// The names of quantities that have the base units of another: N m of a torque is no J, Hz no Bq.
    quantities: Vec<(&'static str, i32)>,
}

impl Unit {
    const NONE: Self =
        Self { spelled: String::new(), factor: Rational::whole(1), bases: [0; BASES], quantities: Vec::new() };

    /// Whether both measure the same quantity, in whatever size.
    pub(super) fn is_convertible(&self, other: &Self) -> bool {
        self.bases == other.bases && self.quantities == other.quantities
    }

    /// How many of `other` it is.
    pub(super) fn ratio(&self, other: &Self) -> Option<Rational> {
        self.factor.divide(other.factor).filter(|_| self.is_convertible(other))
    }

    /// The same unit, perhaps under another name.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is_convertible(other) && self.factor == other.factor
    }

    /// Its names as they were written.
    pub(super) fn spelled(&self) -> &str {
        &self.spelled
    }

    fn times(&mut self, name: &str, unit: &Base, exponent: i32) -> Option<()> {
        if !self.spelled.is_empty() {
            self.spelled.push('⋅');
        }
        self.spelled.push_str(name);
        if exponent != 1 {
            self.spelled.extend(["^", exponent.to_string().as_str()]);
        }
        self.factor = self.factor.multiply(unit.factor.power(Rational::whole(i128::from(exponent)))?)?;
        for (total, own) in self.bases.iter_mut().zip(unit.bases) {
            *total += own * exponent;
        }
        if let Some(quantity) = unit.quantity {
            self.quantities.push((quantity, exponent));
            self.quantities.sort_unstable();
        }
        Some(())
    }

    /// Drops the names of quantities where the product measures something else: N/kg is m/s².
    fn settled(mut self) -> Self {
        let energy = [2, 1, -2];
        let frequency = [0, 0, -1];
        let dose = [2, 0, -2];
        let mechanical = self.bases.get(..3).unwrap_or_default();
        let others = self.bases.iter().skip(3).any(|exponent| *exponent != 0);
        let ambiguous = !others && (mechanical == energy || mechanical == frequency || mechanical == dose);
        if !ambiguous {
            self.quantities.clear();
        }
        self
    }
}

/// The unit of `\$5`.
pub(super) fn dollars() -> Option<Unit> {
    let mut unit = Unit::NONE;
    unit.times("USD", &known("USD")?, 1)?;
    Some(unit)
}

/// Takes the unit off the end. `None` where there is none.
pub(super) fn split(
    tokens: &mut Vec<Token>,
    variables: &[String],
    reading: Choices,
    open: &mut Choices,
) -> Option<Unit> {
    let start = (1..tokens.len()).find(|start| {
        let begins = begins_unit(tokens.get(start - 1), tokens.get(*start), variables);
        let tight = begins == Some(true);
        let usable = begins.is_some() && (!tight || reading.has(Choices::TIGHT_UNIT) || open.note(Choices::TIGHT_UNIT));
        usable && tokens.get(*start..).is_some_and(|rest| parse(rest).is_some())
    })?;
    let unit = parse(tokens.get(start..)?)?;
    tokens.truncate(start);
    unit
}

/// The unit that a whole answer is, such as `ft/s`.
pub(super) fn whole(tokens: &[Token]) -> Option<Unit> {
    let word = matches!(tokens.first(), Some(Token { kind: Kind::Word { .. }, .. }));
    // Letters alone, as `A B`, are no product of units.
    let clear = tokens.len() == 1
        || tokens.iter().any(|token| match &token.kind {
            Kind::Word { text, .. } => text.len() > 1,
            kind => *kind == Kind::Divide,
        });
    if word && clear { parse(tokens).flatten() } else { None }
}

/// Whether a unit may begin here, and whether that is the unusual meaning: `5m` is 5·m.
fn begins_unit(before: Option<&Token>, token: Option<&Token>, variables: &[String]) -> Option<bool> {
    let (Some(before), Some(Token { kind: Kind::Word { text, explicit }, spaced })) = (before, token) else {
        return None;
    };
    let number = matches!(before.kind, Kind::Number(_));
    let operand = number || before.kind.closes() || matches!(before.kind, Kind::Constant(_) | Kind::Infinity);
    let constant = matches!(&before.kind, Kind::Word { text, .. } if text == "pi");
    if variables.contains(text) {
        return None;
    }
    let common = known(text).is_some_and(|unit| unit.common);
    // One letter is a unit only where a number and a space stand before it: `5 m`, but `5m` is 5·m.
    let usual = if text.len() == 1 {
        *explicit && operand || number && *spaced
    } else {
        (operand && (common || *spaced || *explicit)) || constant && *spaced
    };
    if usual { Some(false) } else { (number && text.len() == 1).then_some(true) }
}

/// The unit that tokens are: `Some(None)` if it says nothing.
#[expect(clippy::option_option, reason = "no unit and a unit that says nothing are different")]
fn parse(tokens: &[Token]) -> Option<Option<Unit>> {
    let mut unit = Unit::NONE;
    let mut named = false;
    let mut at = 0;
    let (mut direction, mut prefix) = (1, 1);
    while let Some(token) = tokens.get(at) {
        at += 1;
        match &token.kind {
            Kind::Times if at > 1 => {}
            Kind::Divide if at > 1 => direction = -1,
            Kind::Word { text, .. } => match text.as_str() {
                "per" => direction = -1,
                "square" | "sq" => prefix = 2,
                "cubic" | "cu" => prefix = 3,
                text => {
                    let base = known(text)?;
                    let (exponent, read) = exponent(tokens.get(at..)?);
                    at += read;
                    unit.times(text, &base, direction * prefix * exponent)?;
                    named |= !base.is_silent();
                    (direction, prefix) = (1, 1);
                }
            },
            _ => return None,
        }
    }
    let complete = direction == 1 && prefix == 1 && !tokens.is_empty();
    complete.then(|| named.then(|| unit.settled()))
}

/// `^2`, `^{-1}`, `squared`: the exponent and how many tokens it takes.
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
        [Kind::Word { text, .. }, ..] if text == "squared" => (2, 1),
        [Kind::Word { text, .. }, ..] if text == "cubed" => (3, 1),
        _ => (1, 0),
    }
}
