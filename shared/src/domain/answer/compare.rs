//! Compares answers by the kind of the expected one.

use std::collections::BTreeMap;

use super::CheckResult;
use super::equal::{Context, formulas, is_proportional, is_violated};
use super::read::{Answer, End, Formula, Interval, intervals, is_surely_interval};
use super::tree::{Node, Operator};
use super::words;

/// Items of a list that are compared in any order.
const MAX_ITEMS: usize = 12;

/// Compares two answers.
pub(super) fn answers(expected: &Answer, given: &Answer, context: &Context) -> CheckResult {
    use Answer::{Equation, Infinite, Intervals, Many, Tuple, Value, Word};
    match (expected, given) {
        (Word(expected), Word(given)) => words::compare(*expected, *given),
        (Word(word), Value(value)) | (Value(value), Word(word)) if value.node.variables().is_empty() => {
            words::against_number(*word)
        }
        (Value(expected), Value(given)) => formulas(expected, given, context),
        (Infinite { negative: expected }, Infinite { negative: given }) => right_if(expected == given),
        (Infinite { .. }, Value(value)) | (Value(value), Infinite { .. }) if is_finite(value, context) => {
            CheckResult::Wrong
        }
        (Infinite { .. }, Equation { left, right }) | (Equation { left, right }, Infinite { .. })
            if subject(left, right).is_some_and(|(_, value)| is_finite(value, context)) =>
        {
            CheckResult::Wrong
        }
        (Value(value), Equation { left, right }) => match subject(left, right) {
            Some((name, side)) if value.node.count(name) == 0 => formulas(value, side, context),
            _ => CheckResult::Undecided,
        },
        (Equation { left, right }, Value(value)) => match subject(left, right) {
            Some((name, side)) if value.node.count(name) == 0 => formulas(side, value, context),
            _ => CheckResult::Undecided,
        },
        (Equation { left, right }, Equation { left: other_left, right: other_right }) => {
            equations((left, right), (other_left, other_right), context)
        }
        (Tuple { closed: a, items: expected_items }, Tuple { closed: b, items }) => {
            tuples((expected, *a, expected_items), (given, *b, items), context)
        }
        (Intervals { .. } | Tuple { .. }, Intervals { .. } | Tuple { .. }) => unions(expected, given, context),
        (Many { items: expected, set: a }, Many { items: given, set: b }) => lists(expected, given, *a || *b, context),
        (Many { items, .. }, Value(value)) | (Value(value), Many { items, .. }) => one_or_many(items, value, context),
        (Many { items, .. }, Equation { left, right }) | (Equation { left, right }, Many { items, .. }) => {
            subject(left, right).map_or(CheckResult::Undecided, |(_, value)| one_or_many(items, value, context))
        }
        (Tuple { items, .. }, Many { items: others, set: false })
        | (Many { items: others, set: false }, Tuple { items, .. }) => {
            // Without brackets it is unknown whether the order matters.
            match lists(items, others, true, context) {
                CheckResult::Wrong => CheckResult::Wrong,
                _ => CheckResult::Undecided,
            }
        }
        (Tuple { .. } | Intervals { .. }, Value(value)) | (Value(value), Tuple { .. } | Intervals { .. })
            if value.node.variables().is_empty() =>
        {
            CheckResult::Wrong
        }
        _ => CheckResult::Undecided,
    }
}

fn right_if(right: bool) -> CheckResult {
    if right { CheckResult::Right } else { CheckResult::Wrong }
}

fn is_finite(value: &Formula, context: &Context) -> bool {
    value.node.variables().is_empty() && value.node.value(&[], context.work).is_finite()
}

/// The variable that an equation is solved for, and the other side: `y = 2x + 1`, `3 = x`.
fn subject<'a>(left: &'a Formula, right: &'a Formula) -> Option<(&'a str, &'a Formula)> {
    match (&left.node, &right.node) {
        (Node::Variable(name), other) if other.count(name) == 0 => Some((name, right)),
        (other, Node::Variable(name)) if other.count(name) == 0 => Some((name, left)),
        _ => None,
    }
}

/// Equations are the same when they are solved for the same variable by the same expression, or when the differences
/// of their sides are proportional.
fn equations(expected: (&Formula, &Formula), given: (&Formula, &Formula), context: &Context) -> CheckResult {
    let (wanted, found) = (subject(expected.0, expected.1), subject(given.0, given.1));
    if let (Some((wanted, expected_side)), Some((found, given_side))) = (wanted, found)
        && wanted == found
    {
        return formulas(expected_side, given_side, context);
    }
    let difference =
        |(left, right): (&Formula, &Formula)| Node::binary(Operator::Subtract, left.node.clone(), right.node.clone());
    let (a, b) = (difference(expected), difference(given));
    let names = a.variables();
    if names != b.variables() || expected.0.last_digit.is_some() || given.0.last_digit.is_some() {
        return CheckResult::Undecided;
    }
    if is_proportional(&a, &b, &names, context) {
        // `2x = 6` is not solved yet.
        let solved = names.len() > 1 || wanted.is_none() || found.is_some();
        return if solved { CheckResult::Right } else { CheckResult::Undecided };
    }
    // Half of a circle satisfies the equation of the circle, so it is wrong only if neither has the solutions of the other.
    let apart = is_violated(&a, &b, &names, context) && is_violated(&b, &a, &names, context);
    if apart { CheckResult::Wrong } else { CheckResult::Undecided }
}

/// A point against a point, an interval against an interval. Where the brackets leave both open, both readings must
/// agree.
fn tuples(
    (expected, a, expected_items): (&Answer, (bool, bool), &[Answer]),
    (given, b, items): (&Answer, (bool, bool), &[Answer]),
    context: &Context,
) -> CheckResult {
    let as_intervals = || unions(expected, given, context);
    if is_surely_interval(expected) || is_surely_interval(given) {
        return as_intervals();
    }
    if expected_items.len() != items.len() {
        return CheckResult::Wrong;
    }
    let as_points = in_order(expected_items, items, context);
    let may_be_intervals = intervals(expected).is_some() && intervals(given).is_some();
    if may_be_intervals && a != b && as_points != CheckResult::Wrong { CheckResult::Undecided } else { as_points }
}

fn in_order(expected: &[Answer], given: &[Answer], context: &Context) -> CheckResult {
    let mut verdict = CheckResult::Right;
    for (expected, given) in expected.iter().zip(given) {
        match answers(expected, given, context) {
            CheckResult::Right => {}
            CheckResult::Wrong => return CheckResult::Wrong,
            CheckResult::Undecided => verdict = CheckResult::Undecided,
        }
    }
    verdict
}

/// One value against a list, which may repeat it.
fn one_or_many(items: &[Answer], value: &Formula, context: &Context) -> CheckResult {
    if items.len() > MAX_ITEMS || items.iter().any(|item| !matches!(item, Answer::Value(_))) {
        return CheckResult::Undecided;
    }
    in_any_order(&[Answer::Value(value.clone())], items, context)
}

/// Lists: in order, or in any order where one of the two is a set.
fn lists(expected: &[Answer], given: &[Answer], set: bool, context: &Context) -> CheckResult {
    if expected.len() > MAX_ITEMS || given.len() > MAX_ITEMS {
        return CheckResult::Undecided;
    }
    // `a = 2, b = 3`: names decide, not the order.
    match (by_name(expected), by_name(given)) {
        (Some(wanted), Some(found)) if wanted.keys().eq(found.keys()) => {
            let values = |named: BTreeMap<&str, &Answer>| named.into_values().cloned().collect::<Vec<_>>();
            return in_order(&values(wanted), &values(found), context);
        }
        (Some(_), Some(_)) | (None, None) => {}
        _ => return CheckResult::Undecided,
    }
    let unordered = in_any_order(expected, given, context);
    if set {
        return unordered;
    }
    let ordered = if expected.len() == given.len() { in_order(expected, given, context) } else { CheckResult::Wrong };
    match (ordered, unordered) {
        (CheckResult::Right, _) => CheckResult::Right,
        (CheckResult::Wrong, CheckResult::Wrong) => CheckResult::Wrong,
        _ => CheckResult::Undecided,
    }
}

/// Items that are each solved for a variable of their own.
fn by_name(items: &[Answer]) -> Option<BTreeMap<&str, &Answer>> {
    let named = items.iter().map(|item| match item {
        Answer::Equation { left, right } => subject(left, right).map(|(name, _)| (name, item)),
        _ => None,
    });
    let named: BTreeMap<&str, &Answer> = named.collect::<Option<_>>()?;
    (named.len() == items.len()).then_some(named)
}

/// Every item of each list equals an item of the other.
fn in_any_order(expected: &[Answer], given: &[Answer], context: &Context) -> CheckResult {
    let table: Vec<Vec<CheckResult>> =
        expected.iter().map(|expected| given.iter().map(|given| answers(expected, given, context)).collect()).collect();
    let rows = table.iter().map(|row| best(row.iter().copied()));
    let columns = (0..given.len()).map(|column| best(table.iter().filter_map(|row| row.get(column).copied())));
    let all: Vec<CheckResult> = rows.chain(columns).collect();
    if all.contains(&CheckResult::Wrong) {
        CheckResult::Wrong
    } else if all.contains(&CheckResult::Undecided) {
        CheckResult::Undecided
    } else {
        CheckResult::Right
    }
}

fn best(verdicts: impl Iterator<Item = CheckResult>) -> CheckResult {
    verdicts.fold(CheckResult::Wrong, |best, verdict| match (best, verdict) {
        (CheckResult::Right, _) | (_, CheckResult::Right) => CheckResult::Right,
        (CheckResult::Undecided, _) | (_, CheckResult::Undecided) => CheckResult::Undecided,
        _ => CheckResult::Wrong,
    })
}

/// Unions of intervals, in any order and any cut.
fn unions(expected: &Answer, given: &Answer, context: &Context) -> CheckResult {
    let name = |answer: &Answer| match answer {
        Answer::Intervals { variable, .. } => variable.clone(),
        _ => None,
    };
    if let (Some(a), Some(b)) = (name(expected), name(given))
        && a != b
    {
        return CheckResult::Undecided;
    }
    let (Some(a), Some(b)) = (intervals(expected), intervals(given)) else { return CheckResult::Undecided };
    let (Some(a), Some(b)) = (joined(a, context), joined(b, context)) else { return CheckResult::Undecided };
    if a.len() != b.len() {
        return CheckResult::Wrong;
    }
    let mut verdict = CheckResult::Right;
    for (expected, given) in a.iter().zip(&b) {
        for (expected, given) in [(&expected.low, &given.low), (&expected.high, &given.high)] {
            match ends(expected, given, context) {
                CheckResult::Right => {}
                CheckResult::Wrong => return CheckResult::Wrong,
                CheckResult::Undecided => verdict = CheckResult::Undecided,
            }
        }
    }
    verdict
}

fn ends(expected: &End, given: &End, context: &Context) -> CheckResult {
    match (&expected.at, &given.at) {
        (None, None) => CheckResult::Right,
        (Some(a), Some(b)) => match formulas(a, b, context) {
            CheckResult::Right => right_if(expected.closed == given.closed),
            other => other,
        },
        (Some(end), None) | (None, Some(end)) => {
            if is_finite(end, context) {
                CheckResult::Wrong
            } else {
                CheckResult::Undecided
            }
        }
    }
}

/// Intervals from left to right; those that touch become one. `None` where an end has no value or an interval is
/// empty.
fn joined(pieces: Vec<Interval>, context: &Context) -> Option<Vec<Interval>> {
    if let [_] = pieces.as_slice() {
        let [Interval { low: End { at: Some(low), .. }, high: End { at: Some(high), .. } }] = pieces.as_slice() else {
            return Some(pieces);
        };
        let (low, high) = (position(low, context), position(high, context));
        let backwards = matches!((low, high), (Some(low), Some(high)) if low > high);
        return if backwards { None } else { Some(pieces) };
    }
    let mut placed = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let low = match &piece.low.at {
            Some(low) => position(low, context)?,
            None => f64::NEG_INFINITY,
        };
        let high = match &piece.high.at {
            Some(high) => position(high, context)?,
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

fn position(formula: &Formula, context: &Context) -> Option<f64> {
    let value = formula.node.value(&[], context.work);
    (value.is_finite() && value.is_real()).then_some(value.re)
}
