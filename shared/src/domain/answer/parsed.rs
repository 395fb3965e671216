//! A parsed answer: its kind, its formulas, and what was recorded while it was read.

use super::choices::Choices;
use super::literal::Literal;
use super::sets::Sets;
use super::token::Relation;
use super::tree::Node;
use super::units::Unit;
use super::words::Word;

/// An answer and what was recorded while parsing it.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) answer: Answer,
    pub(super) unit: Option<Unit>,
    /// Whether the text has a `\$`, which an answer may leave out.
    pub(super) dollars: bool,
    /// The unit that the whole text is, if it is one.
    pub(super) only_unit: Option<Unit>,
    pub(super) open: Choices,
}

/// The kinds of answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Word(Word),
    Value(Formula),
    Infinite {
        negative: bool,
    },
    Equation {
        left: Formula,
        right: Formula,
    },
    /// An inequality that is not solved for one variable. The relation is `<`, `≤` or `≠`.
    Inequality {
        left: Formula,
        right: Formula,
        relation: Relation,
    },
    /// A union of intervals, and the variable if an inequality named it.
    Intervals {
        variable: Option<String>,
        pieces: Vec<Interval>,
    },
    /// `(1, 2)`: a point or an interval.
    Tuple {
        closed: (bool, bool),
        items: Vec<Answer>,
    },
    /// A list, or a set where the text says that order does not matter.
    Many {
        items: Vec<Answer>,
        set: bool,
    },
    /// Rows of entries.
    Matrix(Vec<Vec<Answer>>),
    /// `2 : 3`
    Ratio(Vec<Formula>),
    /// `O(n)`: the letter and the function.
    Order {
        symbol: String,
        function: Formula,
    },
    /// `A ∩ B`
    Sets(Sets),
    /// A unit without a number.
    Unit,
}

/// An expression and how it was written.
#[derive(Debug, Clone)]
pub(super) struct Formula {
    pub(super) node: Node,
    pub(super) percent: bool,
    /// Worth of the last digit of its least precise decimal.
    pub(super) last_digit: Option<f64>,
    /// The text, if it probably is no formula.
    pub(super) literal: Option<Literal>,
}

/// One interval. An end without a formula is infinite.
#[derive(Debug, Clone)]
pub(super) struct Interval {
    pub(super) low: End,
    pub(super) high: End,
}

/// An end of an interval.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) at: Option<Formula>,
    pub(super) closed: bool,
}

impl End {
    pub(super) const INFINITE: Self = Self { at: None, closed: false };
}

/// Every real number, and the variable if an inequality named it.
pub(super) fn all_reals(variable: Option<String>) -> Answer {
    Answer::Intervals { variable, pieces: vec![Interval { low: End::INFINITE, high: End::INFINITE }] }
}
