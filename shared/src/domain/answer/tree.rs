//! The tree of an expression, its exact value and its value in floating point.

use std::cell::Cell;

use super::names::{Constant, Function};
use super::rational::Rational;
use super::token::Series;
use super::value::Value;

/// An expression. The parser bounds its depth by the number of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// A number as written, and its exact value where that fits.
    Number(f64, Option<Rational>),
    Constant(Constant),
    Variable(String),
    Negate(Box<Node>),
    Call(Function, Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    /// A sum or product over a whole number: its name, first and last value, and the term.
    Series(Series, String, Box<[Node; 3]>),
}

/// Most terms of a sum or product.
const MAX_TERMS: i32 = 1000;

/// What joins two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    /// The root of the second with the first as its index.
    Root,
    /// The binomial coefficient.
    Choose,
    /// Arrangements of some of several things.
    Permute,
    Max,
    Min,
    Gcd,
    Lcm,
    /// The angle of a point: its ordinate comes first.
    Angle,
}

/// The evaluation steps which a check has left. One step is one node at one point.
#[derive(Debug)]
pub(super) struct Work(Cell<u32>);

impl Work {
    pub(super) fn new(steps: u32) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes steps; `false` when there was none left.
    pub(super) fn spend(&self, steps: u32) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(steps));
        left > 0
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.0.get() == 0
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> u32 {
        self.0.get()
    }
}

/// Names and values of variables.
pub(super) type Point = [(String, f64)];

impl Node {
    pub(super) fn whole(value: i32) -> Self {
        Self::Number(f64::from(value), Some(Rational::whole(i128::from(value))))
    }

    pub(super) fn negate(self) -> Self {
        Self::Negate(Box::new(self))
    }

    pub(super) fn call(function: Function, argument: Self) -> Self {
        Self::Call(function, Box::new(argument))
    }

    pub(super) fn binary(operator: Operator, left: Self, right: Self) -> Self {
        Self::Binary(operator, Box::new(left), Box::new(right))
    }

    /// Calls `visit` on every node, parents first.
    pub(super) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Number(..) | Self::Constant(_) | Self::Variable(_) => {}
            Self::Negate(inner) | Self::Call(_, inner) => inner.visit(visit),
            Self::Binary(_, left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
            Self::Series(_, _, parts) => parts.iter().for_each(|part| part.visit(visit)),
        }
    }

    /// The names of its variables, each once, in order.
    pub(super) fn variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.free_variables(&mut Vec::new(), &mut names);
        names.sort();
        names
    }

    fn free_variables<'a>(&'a self, bound: &mut Vec<&'a str>, names: &mut Vec<String>) {
        match self {
            Self::Variable(name) => {
                if !bound.contains(&name.as_str()) && !names.contains(name) {
                    names.push(name.clone());
                }
            }
            Self::Number(..) | Self::Constant(_) => {}
            Self::Negate(inner) | Self::Call(_, inner) => inner.free_variables(bound, names),
            Self::Binary(_, left, right) => {
                left.free_variables(bound, names);
                right.free_variables(bound, names);
            }
            Self::Series(_, name, parts) => {
                let [first, last, term] = parts.as_ref();
                first.free_variables(bound, names);
                last.free_variables(bound, names);
                bound.push(name);
                term.free_variables(bound, names);
                bound.pop();
            }
        }
    }

    /// The expression with another one in the place of a variable.
    pub(super) fn with(&self, name: &str, value: &Self) -> Self {
        let boxed = |node: &Self| Box::new(node.with(name, value));
        match self {
            Self::Variable(other) if other == name => value.clone(),
            Self::Number(..) | Self::Constant(_) | Self::Variable(_) => self.clone(),
            Self::Negate(inner) => Self::Negate(boxed(inner)),
            Self::Call(function, inner) => Self::Call(*function, boxed(inner)),
            Self::Binary(operator, left, right) => Self::Binary(*operator, boxed(left), boxed(right)),
            Self::Series(series, bound, parts) => {
                let [first, last, term] = parts.as_ref();
                let term = if bound == name { term.clone() } else { term.with(name, value) };
                let parts = [first.with(name, value), last.with(name, value), term];
                Self::Series(*series, bound.clone(), Box::new(parts))
            }
        }
    }

    /// How many parts it has.
    pub(super) fn size(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |_| count += 1);
        count
    }

    /// How often a variable stands in it.
    pub(super) fn count(&self, name: &str) -> usize {
        let mut count = 0;
        self.visit(&mut |node| count += usize::from(matches!(node, Self::Variable(other) if other == name)));
        count
    }

    /// Whether it has the imaginary unit.
    pub(super) fn is_complex(&self) -> bool {
        let mut found = false;
        self.visit(&mut |node| found |= matches!(node, Self::Constant(Constant::I)));
        found
    }

    /// Whether it has a function that is another one left and right of some point.
    pub(super) fn has_bend(&self) -> bool {
        let bends = |function: &Function| {
            matches!(function, Function::Abs | Function::Floor | Function::Ceiling | Function::Round | Function::Sign)
        };
        let mut found = false;
        self.visit(&mut |node| {
            found |= match node {
                Self::Call(function, _) => bends(function),
                Self::Binary(operator, ..) => matches!(operator, Operator::Max | Operator::Min),
                _ => false,
            };
        });
        found
    }

    /// Whether it has a function.
    pub(super) fn has_call(&self) -> bool {
        let mut found = false;
        self.visit(&mut |node| found |= matches!(node, Self::Call(..)));
        found
    }

    /// Whether it has an integral.
    pub(super) fn has_integral(&self) -> bool {
        let mut found = false;
        self.visit(&mut |node| found |= matches!(node, Self::Series(Series::Integral, ..)));
        found
    }

    /// Whether it has a sum or a binomial in which a variable stands.
    pub(super) fn needs_whole_numbers(&self) -> bool {
        let mut found = false;
        self.visit(&mut |node| {
            found |= match node {
                Self::Series(Series::Sum | Series::Product, _, parts) => {
                    parts.iter().take(2).any(|part| !part.variables().is_empty())
                }
                Self::Binary(Operator::Choose | Operator::Permute | Operator::Gcd | Operator::Lcm, left, right) => {
                    !left.variables().is_empty() || !right.variables().is_empty()
                }
                _ => false,
            };
        });
        found
    }

    /// Whether it has a power of a negative number, as (−2)^n, which is real at whole numbers only.
    pub(super) fn has_negative_base(&self) -> bool {
        let negative = |base: &Self| base.exact().is_some_and(|base| base.to_f64() < 0.0);
        let mut found = false;
        self.visit(&mut |node| {
            found |= match node {
                Self::Binary(Operator::Power, base, exponent) => negative(base) && !exponent.variables().is_empty(),
                _ => false,
            };
        });
        found
    }

    /// The exact value of an expression of fractions.
    pub(super) fn exact(&self) -> Option<Rational> {
        match self {
            Self::Number(_, exact) => *exact,
            Self::Negate(inner) => inner.exact()?.negate(),
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.exact()?, right.exact()?);
                match operator {
                    Operator::Add => left.add(right),
                    Operator::Subtract => left.add(right.negate()?),
                    Operator::Multiply => left.multiply(right),
                    Operator::Divide => left.divide(right),
                    Operator::Power => left.power(right),
                    Operator::Max => Some(if left.to_f64() >= right.to_f64() { left } else { right }),
                    Operator::Min => Some(if left.to_f64() <= right.to_f64() { left } else { right }),
                    Operator::Root
                    | Operator::Choose
                    | Operator::Permute
                    | Operator::Gcd
                    | Operator::Lcm
                    | Operator::Angle => None,
                }
            }
            Self::Call(Function::Abs, inner) => {
                let inner = inner.exact()?;
                if inner.to_f64() < 0.0 { inner.negate() } else { Some(inner) }
            }
            Self::Constant(_) | Self::Variable(_) | Self::Call(..) | Self::Series(..) => None,
        }
    }

    /// The value at a point; [`Value::UNDEFINED`] where there is none or no work is left.
    pub(super) fn value(&self, point: &Point, work: &Work) -> Value {
        if !work.spend(1) {
            return Value::UNDEFINED;
        }
        match self {
            Self::Number(number, exact) => {
                if exact.is_some_and(|exact| exact.as_whole().is_some()) {
                    Value::exact(*number)
                } else {
                    Value::rounded(*number)
                }
            }
            Self::Constant(Constant::Pi) => Value::rounded(std::f64::consts::PI),
            Self::Constant(Constant::E) => Value::rounded(std::f64::consts::E),
            Self::Constant(Constant::I) => Value::I,
            Self::Variable(name) => match point.iter().find(|(other, _)| other == name) {
                Some((_, value)) => Value::exact(*value),
                None => Value::UNDEFINED,
            },
            Self::Negate(inner) => inner.value(point, work).negate(),
            Self::Call(function, argument) => function.value(argument.value(point, work)),
            Self::Binary(Operator::Power, base, exponent) => power(base, exponent, point, work),
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.value(point, work), right.value(point, work));
                match operator {
                    Operator::Add => left.add(right),
                    Operator::Subtract => left.subtract(right),
                    Operator::Multiply => left.multiply(right),
                    Operator::Divide => left.divide(right),
                    Operator::Power => left.power(right),
                    Operator::Root => root(left, right),
                    Operator::Choose => left.choose(right),
                    Operator::Permute => left.choose(right).multiply(right.factorial()),
                    Operator::Max => left.extreme(right, true),
                    Operator::Min => left.extreme(right, false),
                    Operator::Gcd => left.gcd(right),
                    Operator::Lcm => left.multiply(right).abs().divide(left.gcd(right)),
                    Operator::Angle => left.angle(right),
                }
            }
            Self::Series(kind, name, parts) => series(*kind, name, parts, point, work),
        }
    }
}

/// A sum or product of at most [`MAX_TERMS`] terms.
fn series(kind: Series, name: &str, [first, last, term]: &[Node; 3], point: &Point, work: &Work) -> Value {
    let (first, last) = (first.value(point, work), last.value(point, work));
    if kind == Series::Integral {
        return integral(name, (first, last), term, point, work);
    }
    let (first, last) = (first.whole(), last.whole());
    let (Some(first), Some(last)) = (first, last) else { return Value::UNDEFINED };
    if last.saturating_sub(first) >= MAX_TERMS {
        return Value::UNDEFINED;
    }
    let mut point = point.to_vec();
    point.insert(0, (name.to_owned(), 0.0));
    let mut total = Value::exact(if kind == Series::Sum { 0.0 } else { 1.0 });
    for index in first..=last {
        if let Some((_, value)) = point.first_mut() {
            *value = f64::from(index);
        }
        let value = term.value(&point, work);
        total = if kind == Series::Sum { total.add(value) } else { total.multiply(value) };
        if !total.is_finite() || work.is_exhausted() {
            return Value::UNDEFINED;
        }
    }
    total
}

/// A definite integral by Gauss's rule with four points, on 8 and on 16 pieces. Their difference bounds the error if the
/// function is smooth; where it is not, the difference is so large that the value is not used.
fn integral(name: &str, (first, last): (Value, Value), term: &Node, point: &Point, work: &Work) -> Value {
    const NODES: [(f64, f64); 2] =
        [(0.339_981_043_584_856_3, 0.652_145_154_862_546_1), (0.861_136_311_594_052_6, 0.347_854_845_137_453_8)];
    if !first.is_finite() || !last.is_finite() || !first.is_real() || !last.is_real() {
        return Value::UNDEFINED;
    }
    let mut point = point.to_vec();
    point.insert(0, (name.to_owned(), 0.0));
    let mut with = |pieces: u8| {
        let width = (last.re - first.re) / f64::from(pieces);
        let mut total = Value::exact(0.0);
        for piece in 0..pieces {
            let middle = first.re + width * (f64::from(piece) + 0.5);
            for (offset, weight) in NODES.into_iter().flat_map(|(x, weight)| [(-x, weight), (x, weight)]) {
                if let Some((_, value)) = point.first_mut() {
                    *value = middle + offset * width / 2.0;
                }
                let value = term.value(&point, work);
                total = total.add(value.multiply(Value::exact(weight * width / 2.0)));
                if !total.is_finite() {
                    return Value::UNDEFINED;
                }
            }
        }
        total
    };
    let (coarse, fine) = (with(8), with(16));
    let difference = fine.subtract(coarse).size();
    Value { error: fine.error + difference, ..fine }
}

/// A power. A negative base with a fraction of odd denominator as its exponent has the real value that a calculus
/// course gives it: (−8)^(1/3) = −2.
fn power(base: &Node, exponent: &Node, point: &Point, work: &Work) -> Value {
    if matches!(base, Node::Constant(Constant::E)) {
        return exponent.value(point, work).exp();
    }
    let (left, right) = (base.value(point, work), exponent.value(point, work));
    let negative = left.im == 0.0 && left.re < 0.0 && right.re.fract() != 0.0;
    match exponent.exact().filter(|exact| negative && exact.has_odd_denominator()) {
        Some(exact) => {
            let size = left.negate().power(right);
            if exact.has_odd_numerator() { size.negate() } else { size }
        }
        None => left.power(right),
    }
}

/// The `index`-th root: real for a negative number and an odd index.
fn root(index: Value, of: Value) -> Value {
    let inverse = Value::exact(1.0).divide(index);
    let odd = index.im == 0.0 && index.re.fract() == 0.0 && index.re % 2.0 != 0.0;
    if odd && of.im == 0.0 && of.re < 0.0 { of.negate().power(inverse).negate() } else { of.power(inverse) }
}
