//! Parses functions and what takes several arguments: logarithms, binomials, sums, integrals.

use super::choices::Choices;
use super::names::{Constant, Function};
use super::parse::{POWER, Parser, SUM, degrees, expression};
use super::rational::Rational;
use super::token::{Bracket, Kind, Number, Relation, Series, Token};
use super::tree::{Node, Operator};
use super::{MAX_DEPTH, Unreadable};

impl Parser<'_> {
    /// `C(5, 2)` and `P(5, 2)`: how many choices and arrangements there are.
    pub(super) fn combination(&mut self, name: &str) -> Result<Option<Node>, Unreadable> {
        let operator = match name {
            "C" => Operator::Choose,
            "P" => Operator::Permute,
            _ => return Ok(None),
        };
        let commas = [Kind::Number(Number::default()), Kind::Comma, Kind::Number(Number::default())];
        let shape = self.tokens.get(self.at..self.at + 5).unwrap_or_default();
        let [open, inner @ .., close] = shape else { return Ok(None) };
        let fits = open.kind == Kind::Open(Bracket::Round)
            && close.kind == Kind::Close(Bracket::Round)
            && inner.iter().zip(&commas).all(|(token, wanted)| {
                std::mem::discriminant(&token.kind) == std::mem::discriminant(wanted)
                    || (matches!(token.kind, Kind::Variable(_)) && *wanted != Kind::Comma)
            });
        if !fits || open.spaced {
            return Ok(None);
        }
        self.at += 1;
        let n = self.level(0)?;
        self.at += 1;
        let k = self.level(0)?;
        self.at += 1;
        Ok(Some(Node::binary(operator, n, k)))
    }

    /// `max(a, b, …)`, `nCr(n, k)`, `nthroot(x, n)`, `atan2(y, x)`
    pub(super) fn of_several(&mut self, operator: Operator) -> Result<Node, Unreadable> {
        let close = match self.peek() {
            Some(Kind::Open(bracket @ (Bracket::Round | Bracket::Set | Bracket::Group))) => Kind::Close(*bracket),
            _ => return Err(Unreadable::Grammar),
        };
        self.at += 1;
        let bars = std::mem::take(&mut self.bars);
        let mut node = self.level(0)?;
        let mut count = 1;
        while self.skip(&Kind::Comma) {
            let next = self.level(0)?;
            // The index of a root comes first in the tree.
            node = match operator {
                Operator::Root => Node::binary(operator, next, node),
                _ => Node::binary(operator, node, next),
            };
            count += 1;
        }
        self.bars = bars;
        let fits = match operator {
            Operator::Choose | Operator::Permute | Operator::Angle => count == 2,
            Operator::Root => count <= 2,
            _ => true,
        };
        if operator == Operator::Root && count == 1 {
            node = Node::call(Function::Sqrt, node);
        }
        match (self.skip(&close), fits) {
            (true, true) => Ok(node),
            (true, false) => Err(Unreadable::Grammar),
            (false, _) => Err(Unreadable::Brackets),
        }
    }

    /// The two arguments of `log(x, b)`: the second is the base.
    fn logarithm_of_base(&mut self) -> Result<Option<Node>, Unreadable> {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let Some(Kind::Open(Bracket::Round)) = rest.first().map(|token| &token.kind) else { return Ok(None) };
        let mut depth = 0_usize;
        let comma = rest.iter().position(|token| {
            match token.kind {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 || depth == 1 && token.kind == Kind::Comma
        });
        let found = comma.and_then(|comma| rest.get(comma)).is_some_and(|token| token.kind == Kind::Comma);
        if !found {
            return Ok(None);
        }
        self.at += 1;
        let bars = std::mem::take(&mut self.bars);
        let of = self.level(0)?;
        self.at += 1;
        let base = self.level(0)?;
        self.bars = bars;
        if !self.skip(&Kind::Close(Bracket::Round)) {
            return Err(Unreadable::Brackets);
        }
        Ok(Some(Node::binary(Operator::Divide, Node::call(Function::Ln, of), Node::call(Function::Ln, base))))
    }

    /// `\sum_{k=1}^{10} k`. The term ends before the next sign of a sum.
    pub(super) fn series(&mut self, series: Series) -> Result<Node, Unreadable> {
        if series == Series::Integral {
            return self.integral();
        }
        let opened = self.skip(&Kind::Subscript) && self.skip(&Kind::Open(Bracket::Group));
        let name = match self.peek() {
            Some(Kind::Variable(name)) if opened => name.clone(),
            Some(Kind::Constant(Constant::I)) if opened => "i".to_owned(),
            _ => return Err(Unreadable::Grammar),
        };
        self.at += 1;
        if !self.skip(&Kind::Relation(Relation::Equal)) {
            return Err(Unreadable::Grammar);
        }
        let first = self.level(0)?;
        if !self.skip(&Kind::Close(Bracket::Group)) || !self.skip(&Kind::Power) {
            return Err(Unreadable::Grammar);
        }
        let last = self.argument()?;
        // In the term, `i` is the index and not the imaginary unit.
        if name == "i" {
            for token in self.tokens.iter_mut().skip(self.at) {
                if token.kind == Kind::Constant(Constant::I) {
                    token.kind = Kind::Variable("i".to_owned());
                }
            }
        }
        let term = self.level(SUM)?;
        Ok(Node::Series(series, name, Box::new([first, last, term])))
    }

    /// `\int_0^1 x^2\,dx`
    fn integral(&mut self) -> Result<Node, Unreadable> {
        if !self.skip(&Kind::Subscript) {
            return Err(Unreadable::Grammar);
        }
        let first = self.bound()?;
        if !self.skip(&Kind::Power) {
            return Err(Unreadable::Grammar);
        }
        let last = self.bound()?;
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let is_variable = |token: &Token| matches!(&token.kind, Kind::Variable(_));
        let differential = rest.windows(2).position(|pair| match pair {
            [d, name] => d.kind == Kind::Variable("d".to_owned()) && is_variable(name) && !name.spaced,
            _ => false,
        });
        let length = differential.ok_or(Unreadable::Grammar)?;
        let Some(Token { kind: Kind::Variable(name), .. }) = rest.get(length + 1) else {
            return Err(Unreadable::Grammar);
        };
        let term = match rest.get(..length).unwrap_or_default() {
            [] => Node::whole(1),
            inner => expression(inner, self.variables, self.reading, self.sign, self.notes)?,
        };
        let name = name.clone();
        self.at += length + 2;
        Ok(Node::Series(Series::Integral, name, Box::new([first, last, term])))
    }

    /// A bound of an integral: an argument, which may have a sign.
    fn bound(&mut self) -> Result<Node, Unreadable> {
        let negative = self.skip(&Kind::Minus);
        let bound = self.argument()?;
        Ok(if negative { bound.negate() } else { bound })
    }

    /// `\overline{2+3i}`. Over a letter the line has many meanings.
    pub(super) fn conjugate(&mut self) -> Result<Node, Unreadable> {
        let inner = self.argument()?;
        if inner.is_complex() && inner.variables().is_empty() {
            Ok(Node::call(Function::Conjugate, inner))
        } else {
            Err(Unreadable::Symbol)
        }
    }

    /// A function, its power or base, and its argument.
    pub(super) fn call(&mut self, function: Function) -> Result<Node, Unreadable> {
        let mut function = function;
        let mut base = None;
        let mut power = None;
        if self.skip(&Kind::Subscript) {
            if function != Function::Log {
                return Err(Unreadable::Grammar);
            }
            base = Some(self.base()?);
        } else if function == Function::Log && !self.is_spaced() {
            base = self.base_without_sign();
        }
        if self.skip(&Kind::Power) {
            let exponent = match self.peek() {
                Some(Kind::Number(_)) => self.primary()?.node,
                // `\sin^n(x)`: the bracket belongs to the sine.
                Some(Kind::Variable(name)) if self.kind_at(1) != Some(&Kind::Subscript) => {
                    let node = Node::Variable(name.clone());
                    self.at += 1;
                    node
                }
                _ => self.level(POWER - 1)?,
            };
            let inverted = exponent.exact() == Some(Rational::whole(-1));
            match function.inverse().filter(|_| inverted) {
                Some(inverse) => function = inverse,
                // `f^{-1}` of another function is its inverse to some and 1/f to others.
                None if inverted => return Err(Unreadable::Grammar),
                None => power = Some(exponent),
            }
        }
        let of_base = if function == Function::Log && base.is_none() { self.logarithm_of_base()? } else { None };
        if let Some(value) = of_base {
            return Ok(match power {
                Some(power) => Node::binary(Operator::Power, value, power),
                None => value,
            });
        }
        let argument = self.function_argument(function)?;
        let value = match base {
            Some(base) => {
                let below = Node::call(Function::Ln, base);
                Node::binary(Operator::Divide, Node::call(Function::Ln, argument), below)
            }
            None if function == Function::Log && self.choose(Choices::NATURAL_LOGARITHM) => {
                Node::call(Function::Ln, argument)
            }
            None => Node::call(function, argument),
        };
        Ok(match power {
            Some(power) => Node::binary(Operator::Power, value, power),
            None => value,
        })
    }

    /// The base of a logarithm: a group, a number or a letter, but of `log_2x` only the digits.
    fn base(&mut self) -> Result<Node, Unreadable> {
        match self.peek().cloned() {
            Some(Kind::Number(number)) => {
                self.at += 1;
                Ok(self.number(&number))
            }
            _ => Ok(self.primary()?.node),
        }
    }

    /// The base in `log2(x)` and `log10 x`: 2 or 10 right after the name, before a bracket or a space.
    fn base_without_sign(&mut self) -> Option<Node> {
        let base = match self.peek() {
            Some(Kind::Number(number)) if matches!(number.digits.as_str(), "2" | "10") => number.exact?,
            _ => return None,
        };
        let next = self.tokens.get(self.at + 1)?;
        let starts = matches!(next.kind, Kind::Open(Bracket::Round | Bracket::Group))
            || (next.spaced && matches!(next.kind, Kind::Number(_) | Kind::Variable(_) | Kind::Fraction | Kind::Root));
        if !starts {
            return None;
        }
        self.at += 1;
        Some(Node::Number(base.to_f64(), Some(base)))
    }

    fn function_argument(&mut self, function: Function) -> Result<Node, Unreadable> {
        let argument = match self.peek() {
            Some(Kind::Open(bracket @ (Bracket::Round | Bracket::Square | Bracket::Group))) => {
                let bracket = *bracket;
                self.at += 1;
                self.bracketed(bracket)?
            }
            _ => self.bare_argument()?,
        };
        let whole = argument.exact().and_then(Rational::as_whole);
        let likely_degrees = whole.is_some_and(|angle| angle != 0 && angle % 15 == 0);
        if function.takes_angle() && likely_degrees && self.choose(Choices::DEGREES) {
            return Ok(degrees(argument));
        }
        Ok(argument)
    }

    /// An argument without brackets: `2x` in `sin 2x`. It ends after its last variable; before a bracket or a function
    /// it ends too, unless there are only numbers so far.
    fn bare_argument(&mut self) -> Result<Node, Unreadable> {
        let negative = self.skip(&Kind::Minus);
        let first = self.factor_of_argument()?;
        let mut node = first;
        loop {
            let constant = node.variables().is_empty();
            let factor = match self.peek() {
                Some(Kind::Number(_) | Kind::Function(_)) | None => false,
                Some(Kind::Constant(Constant::Pi)) => true,
                Some(Kind::Variable(_) | Kind::Constant(Constant::I)) => {
                    constant || !self.is_spaced() || self.choose(Choices::LONG_ARGUMENT)
                }
                Some(Kind::Divide) => self.choose(Choices::LONG_ARGUMENT),
                Some(_) if !self.starts_factor() => false,
                Some(_) => constant || self.choose(Choices::LONG_ARGUMENT),
            };
            if !factor {
                break;
            }
            let operator = if self.skip(&Kind::Divide) { Operator::Divide } else { Operator::Multiply };
            let next = self.factor_of_argument()?;
            node = Node::binary(operator, node, next);
        }
        Ok(if negative { node.negate() } else { node })
    }

    fn factor_of_argument(&mut self) -> Result<Node, Unreadable> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        let factor = self.factor();
        self.depth -= 1;
        Ok(factor?.node)
    }
}
