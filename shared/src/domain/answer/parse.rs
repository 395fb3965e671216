//! Tokens to the tree of an expression: a Pratt parser.
//!
//! Binding, from loose to tight: sums; products, quotients and products without a sign, from left to right; a sign;
//! powers, from right to left; `!`, `%` and `°`. `docs/marking.md` has the grammar.

use super::applied::application;
use super::choices::Choices;
use super::names::{Constant, Function};
use super::rational::Rational;
use super::token::{Bracket, Kind, Number, Side, Token};
use super::tree::{Node, Operator};
use super::{MAX_DEPTH, Unreadable};

pub(super) const SUM: u8 = 10;
const PRODUCT: u8 = 20;
/// Of products without a sign where `1/2x` is read as 1/(2x).
const TIGHT_PRODUCT: u8 = 25;
const SIGN: u8 = 30;
pub(super) const POWER: u8 = 40;

/// How a parser treats `±`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Upper,
    Lower,
}

/// What the parser records besides the tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) open: Choices,
    pub(super) percent: bool,
    /// Worth of the last digit of the least precise decimal.
    pub(super) last_digit: Option<f64>,
}

/// The tree of an expression.
///
/// # Errors
/// When the tokens are no expression.
pub(super) fn expression(
    tokens: &[Token],
    variables: &[String],
    reading: Choices,
    sign: Sign,
    notes: &mut Notes,
) -> Result<Node, Unreadable> {
    let mut parser = Parser { tokens: tokens.to_vec(), at: 0, depth: 0, bars: 0, variables, reading, sign, notes };
    let node = parser.level(0)?;
    if parser.at < parser.tokens.len() { Err(Unreadable::Grammar) } else { Ok(node) }
}

pub(super) struct Parser<'a> {
    /// A copy: `\frac12` takes digits off a number.
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) depth: u32,
    /// Absolute values that are open and may be closed by a plain bar.
    pub(super) bars: u32,
    /// Names that the question declares: `f(x)` is a product if it declares `f`.
    pub(super) variables: &'a [String],
    pub(super) reading: Choices,
    pub(super) sign: Sign,
    pub(super) notes: &'a mut Notes,
}

/// An operand and how it was written.
pub(super) struct Operand {
    pub(super) node: Node,
    /// A number of digits only.
    literal: bool,
    /// A power.
    raised: bool,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    pub(super) fn is_spaced(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.spaced)
    }

    pub(super) fn skip(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    pub(super) fn choose(&mut self, choice: Choices) -> bool {
        self.notes.open.insert(choice);
        self.reading.has(choice)
    }

    pub(super) fn level(&mut self, binding: u8) -> Result<Node, Unreadable> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        let node = self.operators(binding);
        self.depth -= 1;
        node
    }

    fn operators(&mut self, binding: u8) -> Result<Node, Unreadable> {
        let mut left = self.signed()?;
        // Whether a product without a sign would follow a quotient with one, as in `1/2x`.
        let mut divided = false;
        loop {
            let (operator, strength) = match self.peek() {
                Some(Kind::Plus) => (Operator::Add, SUM),
                Some(Kind::Minus) => (Operator::Subtract, SUM),
                Some(Kind::PlusMinus) => (self.plus_minus(Sign::Upper), SUM),
                Some(Kind::MinusPlus) => (self.plus_minus(Sign::Lower), SUM),
                Some(Kind::Times) => (Operator::Multiply, PRODUCT),
                Some(Kind::Divide) => (Operator::Divide, PRODUCT),
                Some(Kind::Power) => (Operator::Power, POWER),
                Some(_) if self.starts_factor() => {
                    let tight = divided || binding == PRODUCT;
                    let tight = tight && self.reading.has(Choices::TIGHT_PRODUCT);
                    if divided {
                        self.notes.open.insert(Choices::TIGHT_PRODUCT);
                    }
                    let strength = if tight { TIGHT_PRODUCT } else { PRODUCT };
                    if strength <= binding {
                        break;
                    }
                    let right = self.juxtaposed(&left)?;
                    left.node = Node::binary(Operator::Multiply, left.node, right.node);
                    left.literal = right.literal;
                    left.raised = right.raised;
                    continue;
                }
                _ => break,
            };
            if strength <= binding {
                break;
            }
            self.at += 1;
            if operator == Operator::Power {
                left = self.raised(left)?;
                continue;
            }
            let right = self.level(strength)?;
            divided = operator == Operator::Divide;
            let raised = matches!(right, Node::Binary(Operator::Power, ..));
            left = Operand { node: Node::binary(operator, left.node, right), literal: false, raised };
        }
        Ok(left.node)
    }

    fn plus_minus(&self, plus: Sign) -> Operator {
        if self.sign == plus { Operator::Add } else { Operator::Subtract }
    }

    /// The right factor of a product without a sign.
    fn juxtaposed(&mut self, left: &Operand) -> Result<Operand, Unreadable> {
        let number = matches!(self.peek(), Some(Kind::Number(_)));
        let fraction = matches!(self.peek(), Some(Kind::Fraction));
        let before = self.at.checked_sub(1).and_then(|before| self.tokens.get(before)).map(|token| &token.kind);
        if number && !matches!(before, Some(Kind::Close(_) | Kind::Factorial)) {
            // `2^6 3^5` is a product. `2 3` and `x2` are ambiguous.
            let powers = left.raised && self.is_spaced() && self.kind_at(1) == Some(&Kind::Power);
            let read_apart = left.literal && self.is_spaced() && self.reading.has(Choices::SPACED_NUMBERS);
            if !powers && !read_apart {
                return Err(Unreadable::Juxtaposition);
            }
        }
        let factor = self.factor()?;
        // `2\frac{1}{2}` is 2.5 to most and 1 to some.
        if left.literal && fraction && factor.node.exact().is_some() && !self.reading.has(Choices::SPACED_NUMBERS) {
            return Err(Unreadable::Juxtaposition);
        }
        Ok(factor)
    }

    pub(super) fn kind_at(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    /// The fraction of a mixed number, `1/2` in `2 1/2` and `2\frac12`, if one follows. It is proper, of whole numbers,
    /// and nothing is multiplied with it.
    fn mixed(&mut self) -> Result<Option<Node>, Unreadable> {
        let digits = |kind: Option<&Kind>| match kind {
            Some(Kind::Number(number)) => number.digits.parse::<u32>().ok(),
            _ => None,
        };
        let (start, before) = (self.at, self.tokens.clone());
        let slashed = self.is_spaced() && self.kind_at(1) == Some(&Kind::Divide);
        let found = if let (true, Some(above), Some(below)) = (slashed, digits(self.peek()), digits(self.kind_at(2))) {
            self.at += 3;
            Some((above, below))
        } else if self.skip(&Kind::Fraction) {
            let of = |node: &Node| match node {
                Node::Number(_, Some(exact)) => exact.as_whole().and_then(|whole| u32::try_from(whole).ok()),
                _ => None,
            };
            // What is no argument here is refused where the fraction is read again.
            match (self.argument(), self.argument()) {
                (Ok(above), Ok(below)) => of(&above).zip(of(&below)),
                _ => None,
            }
        } else {
            None
        };
        let ends = self.peek() != Some(&Kind::Power) && (!self.starts_factor() || self.is_spaced());
        if let Some((above, below)) = found
            && above < below
            && ends
            && !self.choose(Choices::SPACED_NUMBERS)
        {
            return Ok(Some(Node::binary(Operator::Divide, whole(above)?, whole(below)?)));
        }
        (self.at, self.tokens) = (start, before);
        Ok(None)
    }

    /// An operand with its powers, without a sign before it.
    pub(super) fn factor(&mut self) -> Result<Operand, Unreadable> {
        let mut operand = self.postfix()?;
        while self.skip(&Kind::Power) {
            operand = self.raised(operand)?;
        }
        Ok(operand)
    }

    fn signed(&mut self) -> Result<Operand, Unreadable> {
        let negative = match self.peek() {
            Some(Kind::Plus) => false,
            Some(Kind::Minus) => true,
            Some(Kind::PlusMinus) => self.sign == Sign::Lower,
            Some(Kind::MinusPlus) => self.sign == Sign::Upper,
            _ => return self.postfix(),
        };
        self.at += 1;
        let node = self.level(SIGN)?;
        let literal = matches!(node, Node::Number(..));
        let raised = matches!(node, Node::Binary(Operator::Power, ..));
        Ok(Operand { node: if negative { node.negate() } else { node }, literal, raised })
    }

    fn postfix(&mut self) -> Result<Operand, Unreadable> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        let mut operand = self.primary()?;
        self.depth -= 1;
        loop {
            let node = if self.skip(&Kind::Factorial) {
                Node::call(Function::Factorial, operand.node)
            } else if self.skip(&Kind::Percent) {
                self.notes.percent = true;
                Node::binary(Operator::Divide, operand.node, Node::whole(100))
            } else if self.skip_degree() {
                degrees(operand.node)
            } else {
                break;
            };
            operand = Operand { node, literal: false, raised: false };
        }
        Ok(operand)
    }

    /// `°`, `^\circ` or `^{\circ}`.
    fn skip_degree(&mut self) -> bool {
        const SPELLINGS: [&[Kind]; 3] = [
            &[Kind::Degree],
            &[Kind::Power, Kind::Degree],
            &[Kind::Power, Kind::Open(Bracket::Group), Kind::Degree, Kind::Close(Bracket::Group)],
        ];
        for spelling in SPELLINGS {
            let rest = self.tokens.get(self.at..).unwrap_or_default();
            if rest.len() >= spelling.len() && rest.iter().zip(spelling).all(|(token, kind)| token.kind == *kind) {
                self.at += spelling.len();
                return true;
            }
        }
        false
    }

    /// A power whose sign has been read.
    fn raised(&mut self, base: Operand) -> Result<Operand, Unreadable> {
        let exponent = self.exponent()?;
        Ok(Operand { node: Node::binary(Operator::Power, base.node, exponent), literal: false, raised: true })
    }

    fn exponent(&mut self) -> Result<Node, Unreadable> {
        let group = matches!(self.peek(), Some(Kind::Open(_)));
        let start = self.at;
        let mut exponent = self.level(POWER - 1)?;
        if group || !self.is_bare_number(start) {
            return Ok(exponent);
        }
        // `x^1/2`
        if self.peek() == Some(&Kind::Divide) && !self.is_spaced() {
            let below = self.tokens.get(self.at + 1).map(|token| &token.kind);
            if matches!(below, Some(Kind::Number(_))) && self.choose(Choices::LONG_EXPONENT) {
                self.at += 1;
                let below = self.level(PRODUCT)?;
                return Ok(Node::binary(Operator::Divide, exponent, below));
            }
        } else if self.starts_factor() && !self.is_spaced() && self.choose(Choices::LONG_EXPONENT) {
            // `e^2x`
            while self.starts_factor() && !self.is_spaced() {
                let factor = self.factor()?;
                exponent = Node::binary(Operator::Multiply, exponent, factor.node);
            }
        }
        Ok(exponent)
    }

    /// Whether what was read since `start` is a number, with or without a sign.
    fn is_bare_number(&self, start: usize) -> bool {
        self.tokens
            .get(start..self.at)
            .is_some_and(|read| read.iter().all(|token| matches!(token.kind, Kind::Number(_) | Kind::Minus)))
    }

    /// Whether a factor begins here which needs no sign before it.
    pub(super) fn starts_factor(&self) -> bool {
        match self.peek() {
            Some(
                Kind::Number(_)
                | Kind::Variable(_)
                | Kind::Constant(_)
                | Kind::Function(_)
                | Kind::Fraction
                | Kind::Binomial
                | Kind::Root
                | Kind::OfSeveral(_)
                | Kind::Series(_)
                | Kind::Overline
                | Kind::Open(_)
                | Kind::Bar(Side::Open),
            ) => true,
            Some(Kind::Bar(Side::Either)) => self.bars == 0,
            _ => false,
        }
    }

    pub(super) fn primary(&mut self) -> Result<Operand, Unreadable> {
        let kind = self.peek().cloned().ok_or(Unreadable::Grammar)?;
        self.at += 1;
        let mut literal = false;
        let node = match kind {
            Kind::Number(number) => {
                literal = !number.digits.is_empty();
                let node = self.number(&number);
                match if literal { self.mixed()? } else { None } {
                    Some(fraction) => {
                        literal = false;
                        Node::binary(Operator::Add, node, fraction)
                    }
                    None => node,
                }
            }
            Kind::Variable(name) => self.variable(name)?,
            Kind::Constant(constant) => Node::Constant(constant),
            Kind::Function(function) => self.call(function)?,
            Kind::Fraction => {
                let (above, below) = (self.argument()?, self.argument()?);
                Node::binary(Operator::Divide, above, below)
            }
            Kind::Binomial => {
                let (n, k) = (self.argument()?, self.argument()?);
                Node::binary(Operator::Choose, n, k)
            }
            Kind::Root => self.root()?,
            Kind::OfSeveral(operator) => self.of_several(operator)?,
            Kind::Series(series) => self.series(series)?,
            Kind::Overline => self.conjugate()?,
            Kind::Open(bracket @ (Bracket::Floor | Bracket::Ceiling)) => {
                let function = if bracket == Bracket::Floor { Function::Floor } else { Function::Ceiling };
                Node::call(function, self.bracketed(bracket)?)
            }
            Kind::Open(bracket @ (Bracket::Round | Bracket::Square | Bracket::Group)) => self.bracketed(bracket)?,
            Kind::Bar(side @ (Side::Open | Side::Either)) => self.absolute(side)?,
            _ => return Err(Unreadable::Grammar),
        };
        Ok(Operand { node, literal, raised: false })
    }

    pub(super) fn number(&mut self, number: &Number) -> Node {
        if let Some(last_digit) = number.last_digit {
            let coarsest = self.notes.last_digit.map_or(last_digit, |other| other.max(last_digit));
            self.notes.last_digit = Some(coarsest);
        }
        Node::Number(number.value, number.exact)
    }

    /// A variable with its index: `x_1`, `a_{n}`.
    fn variable(&mut self, mut name: String) -> Result<Node, Unreadable> {
        if self.skip(&Kind::Subscript) {
            let group = self.skip(&Kind::Open(Bracket::Group));
            match self.peek() {
                Some(Kind::Number(number)) if !number.digits.is_empty() => name = format!("{name}_{}", number.digits),
                Some(Kind::Variable(index)) => name = format!("{name}_{index}"),
                Some(Kind::Constant(Constant::I)) => name.push_str("_i"),
                _ => return Err(Unreadable::Grammar),
            }
            self.at += 1;
            if group && !self.skip(&Kind::Close(Bracket::Group)) {
                return Err(Unreadable::Grammar);
            }
        }
        if let Some(node) = self.combination(&name)? {
            return Ok(node);
        }
        if !self.variables.contains(&name)
            && let Some((text, length)) = application(&name, &self.tokens, self.at)
        {
            self.at += length;
            return Ok(Node::Variable(text));
        }
        Ok(Node::Variable(name))
    }

    pub(super) fn bracketed(&mut self, bracket: Bracket) -> Result<Node, Unreadable> {
        let bars = std::mem::take(&mut self.bars);
        let node = self.level(0)?;
        self.bars = bars;
        if self.skip(&Kind::Close(bracket)) { Ok(node) } else { Err(Unreadable::Brackets) }
    }

    fn absolute(&mut self, side: Side) -> Result<Node, Unreadable> {
        let outer = self.bars;
        self.bars = if side == Side::Either { outer + 1 } else { 0 };
        let node = self.level(0)?;
        self.bars = outer;
        let close = if side == Side::Either { Side::Either } else { Side::Close };
        if self.skip(&Kind::Bar(close)) { Ok(Node::call(Function::Abs, node)) } else { Err(Unreadable::Brackets) }
    }

    /// What a LaTeX command takes: a group, one digit or one symbol.
    pub(super) fn argument(&mut self) -> Result<Node, Unreadable> {
        if let Some(Token { kind: Kind::Number(number), .. }) = self.tokens.get_mut(self.at)
            && number.digits.len() > 1
        {
            let rest = number.digits.split_off(1);
            let digit: i32 = number.digits.parse().map_err(|_| Unreadable::Number)?;
            let exact: Option<Rational> = rest.parse().ok().map(Rational::whole);
            number.value = rest.parse().map_err(|_| Unreadable::Number)?;
            number.exact = exact;
            number.digits = rest;
            return Ok(Node::whole(digit));
        }
        match self.peek() {
            Some(
                Kind::Open(Bracket::Group)
                | Kind::Number(_)
                | Kind::Variable(_)
                | Kind::Constant(_)
                | Kind::Root
                | Kind::Fraction,
            ) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Unreadable::TooDeep);
                }
                let operand = self.primary()?;
                self.depth -= 1;
                Ok(operand.node)
            }
            _ => Err(Unreadable::Grammar),
        }
    }

    /// What stands under a root sign: a bracket, a whole number or one symbol.
    fn root(&mut self) -> Result<Node, Unreadable> {
        if self.skip(&Kind::Open(Bracket::Square)) {
            let index = self.bracketed(Bracket::Square)?;
            let under = self.argument()?;
            return Ok(Node::binary(Operator::Root, index, under));
        }
        Ok(Node::call(Function::Sqrt, self.primary()?.node))
    }
}

fn whole(value: u32) -> Result<Node, Unreadable> {
    i32::try_from(value).map(Node::whole).map_err(|_| Unreadable::Number)
}

pub(super) fn degrees(number: Node) -> Node {
    let radians = Node::binary(Operator::Divide, Node::Constant(Constant::Pi), Node::whole(180));
    Node::binary(Operator::Multiply, number, radians)
}
