//! Tokens of an answer.

use super::names::{Constant, Function};
use super::rational::Rational;
use super::tree::Operator;

/// A token and whether white space stands before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) spaced: bool,
}

/// A number as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) exact: Option<Rational>,
    /// Worth of the last digit, where digits stand after the point (or the exponent is negative).
    pub(super) last_digit: Option<f64>,
    /// Its digits, where it is nothing else: `\frac12` takes them one at a time.
    pub(super) digits: String,
}

/// What brackets a closing and an opening token belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    Round,
    Square,
    /// `{}`: a group in LaTeX, a set in plain text.
    Group,
    /// `\{\}`.
    Set,
    /// `\lfloor \rfloor`.
    Floor,
    /// `\lceil \rceil`.
    Ceiling,
    /// `\begin{matrix}`, `\end{matrix}`.
    Matrix,
}

/// Which bar of an absolute value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Open,
    Close,
    Either,
}

/// How two sides compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// What a series does with its terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    Sum,
    Product,
    Integral,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(Number),
    /// Letters; `explicit` where `\text{}` or the like says that it is a word.
    Word {
        text: String,
        explicit: bool,
    },
    Variable(String),
    Constant(Constant),
    Function(Function),
    /// `max`, `gcd` and the like.
    OfSeveral(Operator),
    Fraction,
    Binomial,
    Root,
    Plus,
    Minus,
    PlusMinus,
    MinusPlus,
    Times,
    Divide,
    Power,
    Subscript,
    Factorial,
    Percent,
    Degree,
    Open(Bracket),
    Close(Bracket),
    Bar(Side),
    Comma,
    Or,
    /// "and", which joins inequalities and items.
    And,
    Colon,
    /// Between the cells of a matrix, and between its rows.
    Cell,
    Row,
    /// `\ldots`.
    Ellipsis,
    /// `\sum`, `\prod` or `\int`.
    Series(Series),
    /// `\overline`, the conjugate of a number.
    Overline,
    SetMinus,
    Intersection,
    Relation(Relation),
    Element,
    Union,
    Infinity,
    Reals,
    EmptySet,
    /// The mark of a derivative.
    Prime,
}

impl Kind {
    /// Whether it closes a bracket.
    pub(super) fn closes(&self) -> bool {
        matches!(self, Self::Close(_))
    }
}
