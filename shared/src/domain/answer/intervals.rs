//! Intervals and inequalities: what they mean, and their unions, intersections and differences.

use super::Unreadable;
use super::names::Function;
use super::parsed::{Answer, End, Formula, Interval};
use super::token::Relation;
use super::tree::{Node, Operator, Work};

/// A union of intervals. Inequalities must be in one variable.
pub(super) fn union(items: Vec<Answer>) -> Result<Answer, Unreadable> {
    let mut pieces = Vec::new();
    let mut name = None;
    for item in items {
        if let Answer::Intervals { variable: Some(variable), .. } = &item {
            if name.as_ref().is_some_and(|name| name != variable) {
                return Err(Unreadable::Grammar);
            }
            name = Some(variable.clone());
        }
        pieces.extend(intervals(&item).ok_or(Unreadable::Grammar)?);
    }
    Ok(Answer::Intervals { variable: name, pieces })
}

/// The intervals that an answer is, if it can be read as such.
pub(super) fn intervals(answer: &Answer) -> Option<Vec<Interval>> {
    match answer {
        Answer::Intervals { pieces, .. } => Some(pieces.clone()),
        Answer::Tuple { closed, items } => {
            let [low, high] = items.as_slice() else { return None };
            let low = end(low, closed.0, true)?;
            Some(vec![Interval { low, high: end(high, closed.1, false)? }])
        }
        _ => None,
    }
}

fn end(answer: &Answer, closed: bool, low: bool) -> Option<End> {
    match answer {
        Answer::Infinite { negative } if *negative == low => Some(End { at: None, closed }),
        Answer::Value(formula) => Some(End { at: Some(formula.clone()), closed }),
        _ => None,
    }
}

/// Whether an answer can be nothing but an interval.
pub(super) fn is_surely_interval(answer: &Answer) -> bool {
    match answer {
        Answer::Intervals { .. } => true,
        Answer::Tuple { closed, items } => {
            intervals(answer).is_some()
                && (closed.0 != closed.1 || items.iter().any(|item| matches!(item, Answer::Infinite { .. })))
        }
        _ => false,
    }
}

/// `x < 3` and `|x − 1| < 3`.
pub(super) fn half_line(left: &Formula, bound: Option<Formula>, relation: Relation) -> Result<Answer, Unreadable> {
    if bound.as_ref().is_some_and(|bound| !bound.node.variables().is_empty()) {
        return Err(Unreadable::Grammar);
    }
    let closed = matches!(relation, Relation::LessEqual | Relation::GreaterEqual);
    let end = |at: Option<Formula>| End { closed: closed && at.is_some(), at };
    let below = |at| Interval { low: End::INFINITE, high: end(at) };
    let above = |at| Interval { low: end(at), high: End::INFINITE };
    if let Node::Negate(inner) = &left.node
        && matches!(**inner, Node::Variable(_))
    {
        let negated = |formula: Formula| Formula { node: formula.node.negate(), ..formula };
        return half_line(&negated_twice(left), bound.map(negated), flip(relation));
    }
    let (variable, pieces) = match (&left.node, relation) {
        (Node::Variable(name), Relation::Less | Relation::LessEqual) => (name, vec![below(bound)]),
        (Node::Variable(name), Relation::Greater | Relation::GreaterEqual) => (name, vec![above(bound)]),
        (Node::Variable(name), Relation::NotEqual) => (name, vec![below(bound.clone()), above(bound)]),
        (Node::Call(Function::Abs, inner), Relation::Less | Relation::LessEqual) => {
            let (name, low, high) = bounds_of_absolute_value(inner, bound)?;
            (name, vec![Interval { low: end(Some(low)), high: end(Some(high)) }])
        }
        (Node::Call(Function::Abs, inner), Relation::Greater | Relation::GreaterEqual) => {
            let (name, low, high) = bounds_of_absolute_value(inner, bound)?;
            (name, vec![below(Some(low)), above(Some(high))])
        }
        _ => return Err(Unreadable::Grammar),
    };
    Ok(Answer::Intervals { variable: Some(variable.clone()), pieces })
}

/// The variable of −x.
fn negated_twice(formula: &Formula) -> Formula {
    match &formula.node {
        Node::Negate(inner) => Formula { node: inner.as_ref().clone(), ..formula.clone() },
        _ => formula.clone(),
    }
}

/// The variable and the ends of `|x − centre| = radius`.
fn bounds_of_absolute_value(inner: &Node, radius: Option<Formula>) -> Result<(&String, Formula, Formula), Unreadable> {
    let radius = radius.ok_or(Unreadable::Grammar)?;
    let (name, centre) = match inner {
        Node::Variable(name) => (name, Node::whole(0)),
        Node::Binary(operator @ (Operator::Add | Operator::Subtract), left, right) => match left.as_ref() {
            Node::Variable(name) if right.variables().is_empty() => {
                let centre = right.as_ref().clone();
                (name, if *operator == Operator::Add { centre.negate() } else { centre })
            }
            _ => return Err(Unreadable::Grammar),
        },
        _ => return Err(Unreadable::Grammar),
    };
    let ends =
        |operator| Formula { node: Node::binary(operator, centre.clone(), radius.node.clone()), ..radius.clone() };
    let (low, high) = (ends(Operator::Subtract), ends(Operator::Add));
    Ok((name, low, high))
}

/// `−1 < x ≤ 1`.
pub(super) fn between(
    low: Option<Formula>,
    first: Relation,
    middle: &Formula,
    second: Relation,
    high: Option<Formula>,
) -> Result<Answer, Unreadable> {
    use Relation::{Greater, GreaterEqual, Less, LessEqual};
    let (low, first, second, high) = match (first, second) {
        (Less | LessEqual, Less | LessEqual) => (low, first, second, high),
        (Greater | GreaterEqual, Greater | GreaterEqual) => (high, flip(second), flip(first), low),
        _ => return Err(Unreadable::Grammar),
    };
    let Node::Variable(name) = &middle.node else { return Err(Unreadable::Grammar) };
    let end = |at: Option<Formula>, relation| End { closed: relation == LessEqual && at.is_some(), at };
    let piece = Interval { low: end(low, first), high: end(high, second) };
    Ok(Answer::Intervals { variable: Some(name.clone()), pieces: vec![piece] })
}

pub(super) fn flip(relation: Relation) -> Relation {
    match relation {
        Relation::Less => Relation::Greater,
        Relation::LessEqual => Relation::GreaterEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterEqual => Relation::LessEqual,
        Relation::Equal | Relation::NotEqual => relation,
    }
}

/// Intervals from left to right; those that touch become one. `None` where an end has no value or an interval is
/// empty.
pub(super) fn joined(pieces: Vec<Interval>, work: &Work) -> Option<Vec<Interval>> {
    if let [_] = pieces.as_slice() {
        let [Interval { low: End { at: Some(low), .. }, high: End { at: Some(high), .. } }] = pieces.as_slice() else {
            return Some(pieces);
        };
        let (low, high) = (value_of(low, work), value_of(high, work));
        let backwards = matches!((low, high), (Some(low), Some(high)) if low > high);
        return if backwards { None } else { Some(pieces) };
    }
    let mut placed = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let low = match &piece.low.at {
            Some(low) => value_of(low, work)?,
            None => f64::NEG_INFINITY,
        };
        let high = match &piece.high.at {
            Some(high) => value_of(high, work)?,
            None => f64::INFINITY,
        };
        if low > high {
            return None;
        }
        placed.push((low, high, piece));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.2.low.closed.cmp(&a.2.low.closed)));
    let mut result: Vec<(f64, Interval)> = Vec::new();
    for (low, high, piece) in placed {
        match result.last_mut() {
            Some((end, last)) if low < *end || (low <= *end && (last.high.closed || piece.low.closed)) => {
                if high > *end {
                    *end = high;
                    last.high = piece.high;
                } else if high >= *end {
                    last.high.closed |= piece.high.closed;
                }
            }
            _ => result.push((high, piece)),
        }
    }
    Some(result.into_iter().map(|(_, piece)| piece).collect())
}

fn value_of(formula: &Formula, work: &Work) -> Option<f64> {
    let value = formula.node.value(&[], work);
    (value.is_finite() && value.is_real()).then_some(value.re)
}

/// A piece with the positions of its ends.
struct NumericInterval {
    low: f64,
    high: f64,
    piece: Interval,
}

fn numeric_intervals(pieces: &[Interval], work: &Work) -> Option<Vec<NumericInterval>> {
    let place = |piece: &Interval| {
        let low = piece.low.at.as_ref().map_or(Some(f64::NEG_INFINITY), |low| value_of(low, work))?;
        let high = piece.high.at.as_ref().map_or(Some(f64::INFINITY), |high| value_of(high, work))?;
        Some(NumericInterval { low, high, piece: piece.clone() })
    };
    pieces.iter().map(place).collect()
}

/// What two unions have in common. `None` where an end has no value.
pub(super) fn intersection(one: &[Interval], other: &[Interval], work: &Work) -> Option<Vec<Interval>> {
    let (one, other) = (numeric_intervals(one, work)?, numeric_intervals(other, work)?);
    let mut pieces = Vec::new();
    for a in &one {
        for b in &other {
            let mut low = if a.low >= b.low { a.piece.low.clone() } else { b.piece.low.clone() };
            let mut high = if a.high <= b.high { a.piece.high.clone() } else { b.piece.high.clone() };
            if a.low.total_cmp(&b.low).is_eq() {
                low.closed = a.piece.low.closed && b.piece.low.closed;
            }
            if a.high.total_cmp(&b.high).is_eq() {
                high.closed = a.piece.high.closed && b.piece.high.closed;
            }
            let (from, to) = (a.low.max(b.low), a.high.min(b.high));
            if from < to || (from <= to && low.closed && high.closed) {
                pieces.push(Interval { low, high });
            }
        }
    }
    Some(pieces)
}

/// What is in no piece of a union.
pub(super) fn complement(pieces: &[Interval], work: &Work) -> Option<Vec<Interval>> {
    let whole = vec![Interval { low: End::INFINITE, high: End::INFINITE }];
    pieces.iter().try_fold(whole, |rest, piece| {
        let outside = |end: &End| End { at: end.at.clone(), closed: !end.closed };
        let mut around = Vec::new();
        if piece.low.at.is_some() {
            around.push(Interval { low: End::INFINITE, high: outside(&piece.low) });
        }
        if piece.high.at.is_some() {
            around.push(Interval { low: outside(&piece.high), high: End::INFINITE });
        }
        intersection(&rest, &around, work)
    })
}
