//! Compares answers by the kind of the expected one.

use std::collections::BTreeMap;

use super::CheckResult;
use super::equal::{Context, formulas};
use super::equations::{equations, inequalities, order, ratios, solutions, subject};
use super::intervals::{intervals, is_surely_interval, joined};
use super::literal::Literal;
use super::parsed::{Answer, End, Formula, all_reals};
use super::rational::Rational;
use super::tree::{Node, Operator};
use super::words::{self, Word as Phrase};

/// Items of a list that are compared in any order.
const MAX_ITEMS: usize = 12;

/// Compares two answers.
pub(super) fn answers(expected: &Answer, given: &Answer, context: &Context) -> CheckResult {
    use Answer::{Equation, Inequality, Infinite, Intervals, Many, Matrix, Order, Ratio, Sets, Tuple, Value, Word};
    match (expected, given) {
        (Word(expected), Word(given)) => words::compare(*expected, *given),
        (Infinite { negative: false }, Word(Phrase::Diverges)) => CheckResult::Right,
        (Word(word), Value(value)) | (Value(value), Word(word)) if value.node.variables().is_empty() => {
            words::against_number(*word)
        }
        (Value(expected), Value(given)) => values(expected, given, context),
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
            Some((name, side)) if value.node.count(name) == 0 => labelled(value, side, context),
            _ => CheckResult::Undecided,
        },
        (Equation { left, right }, Value(value)) => match subject(left, right) {
            Some((name, side)) if value.node.count(name) == 0 => labelled(side, value, context),
            _ => CheckResult::Undecided,
        },
        (Equation { left, right }, Equation { left: other_left, right: other_right }) => {
            equations((left, right), (other_left, other_right), context)
        }
        (
            Inequality { left, right, relation },
            Inequality { left: other_left, right: other_right, relation: other },
        ) => inequalities((left, right, *relation), (other_left, other_right, *other), context),
        (Ratio(expected), Ratio(given)) => ratios(expected, given, context),
        (Order { symbol, function }, Order { symbol: other, function: other_function }) => {
            if symbol == other {
                order(function, other_function, context)
            } else {
                CheckResult::Undecided
            }
        }
        (Order { symbol, function }, Value(value)) => match (&function.node, &value.literal) {
            (Node::Variable(name), Some(Literal::Word(word))) if *word == format!("{symbol}{name}") => {
                CheckResult::Right
            }
            _ if formulas(function, value, context) == CheckResult::Right => CheckResult::Right,
            _ => CheckResult::Undecided,
        },
        (Sets(expected), Sets(given)) if expected.names == given.names => right_if(expected.table == given.table),
        (Matrix(expected), Matrix(given)) => matrices(expected, given, context),
        (Matrix(rows), Tuple { items, .. }) => matrix_and_tuple(rows, items, |cell, item| answers(cell, item, context)),
        (Tuple { items, .. }, Matrix(rows)) => matrix_and_tuple(rows, items, |cell, item| answers(item, cell, context)),
        (Value(value), Matrix(rows)) => match identity(value, rows.len()) {
            Some(expected) => matrices(&expected, rows, context),
            None => CheckResult::Undecided,
        },
        (Intervals { .. } | Tuple { .. }, Value(value)) if is_reals(value) => {
            answers(expected, &all_reals(None), context)
        }
        (Value(value), Intervals { .. } | Tuple { .. }) if is_reals(value) => answers(&all_reals(None), given, context),
        (Tuple { closed: a, items: expected_items }, Tuple { closed: b, items }) => {
            tuples((expected, *a, expected_items), (given, *b, items), context)
        }
        (Intervals { .. } | Tuple { .. }, Intervals { .. } | Tuple { .. }) => unions(expected, given, context),
        (Many { items: expected, set: a }, Many { items: given, set: b }) => lists(expected, given, *a || *b, context),
        (Many { items, .. }, Value(value)) | (Value(value), Many { items, .. }) => one_or_many(items, value, context),
        // The solutions of `x^2 = 4`.
        (Equation { left, right }, Many { items, .. }) if subject(left, right).is_none() => {
            solutions((left, right), items, context)
        }
        (Many { items, .. }, Equation { left, right }) | (Equation { left, right }, Many { items, .. }) => {
            subject(left, right).map_or(CheckResult::Undecided, |(_, value)| one_or_many(items, value, context))
        }
        (Tuple { items, .. }, Many { items: others, set: false }) if by_name(others).is_some() => {
            named_and_bare(items, others, |named, bare| answers(bare, named, context))
        }
        (Many { items: others, set: false }, Tuple { items, .. }) if by_name(others).is_some() => {
            named_and_bare(items, others, |named, bare| answers(named, bare, context))
        }
        // `1, 2` for (1, 2): the order is the same, and only the bracket is left out.
        (Tuple { items, .. }, Many { items: others, set: false })
            if items.len() == others.len() && in_order(items, others, context) == CheckResult::Right =>
        {
            CheckResult::Right
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

/// Two expressions. Words are compared by their letters, spans by their text.
fn values(expected: &Formula, given: &Formula, context: &Context) -> CheckResult {
    let by_value = || formulas(expected, given, context);
    match (&expected.literal, &given.literal) {
        (Some(a), Some(b)) if a == b => CheckResult::Right,
        // As ranges, scores or dates and as numbers they differ.
        (Some(Literal::Span(a)), Some(Literal::Span(b))) if !a.contains('/') && !b.contains('/') => {
            wrong_or_undecided(by_value())
        }
        (Some(Literal::Word(_)), Some(Literal::Word(_)))
        | (Some(Literal::Span(_)), _)
        | (_, Some(Literal::Span(_))) => CheckResult::Undecided,
        // Who answers with an integral has not computed it.
        _ if given.node.has_integral() && !expected.node.has_integral() => wrong_or_undecided(by_value()),
        _ => by_value(),
    }
}

fn wrong_or_undecided(verdict: CheckResult) -> CheckResult {
    if verdict == CheckResult::Wrong { CheckResult::Wrong } else { CheckResult::Undecided }
}

/// A value and the other side of `x = …`. A word on both sides is compared by its letters.
fn labelled(expected: &Formula, given: &Formula, context: &Context) -> CheckResult {
    let spelled = |formula: &Formula| match (&formula.literal, &formula.node) {
        (Some(Literal::Word(word)), _) => Some(word.clone()),
        (_, Node::Variable(name)) if name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Some(name.clone())
        }
        _ => None,
    };
    match (spelled(expected), spelled(given)) {
        (Some(a), Some(b)) if a == b => CheckResult::Right,
        (Some(_), Some(_)) => CheckResult::Undecided,
        _ => values(expected, given, context),
    }
}

/// An answer with every number multiplied, to convert its unit.
pub(super) fn scaled(answer: &Answer, ratio: Rational) -> Option<Answer> {
    let formula = |formula: &Formula| {
        let factor = Node::Number(ratio.to_f64(), Some(ratio));
        let node = Node::binary(Operator::Multiply, formula.node.clone(), factor);
        Formula { node, last_digit: formula.last_digit.map(|digit| digit * ratio.to_f64()), ..formula.clone() }
    };
    let all = |items: &[Answer]| items.iter().map(|item| scaled(item, ratio)).collect::<Option<Vec<_>>>();
    Some(match answer {
        Answer::Value(value) => Answer::Value(formula(value)),
        Answer::Equation { left, right } => Answer::Equation { left: left.clone(), right: formula(right) },
        Answer::Many { items, set } => Answer::Many { items: all(items)?, set: *set },
        Answer::Tuple { closed, items } => Answer::Tuple { closed: *closed, items: all(items)? },
        _ => return None,
    })
}

/// `R`, the name of all real numbers.
fn is_reals(value: &Formula) -> bool {
    matches!(&value.node, Node::Variable(name) if name == "R")
}

/// The identity matrix that `I_2` is.
fn identity(value: &Formula, rows: usize) -> Option<Vec<Vec<Answer>>> {
    let Node::Variable(name) = &value.node else { return None };
    let size: usize = name.strip_prefix("I_")?.parse().ok()?;
    let number =
        |value| Answer::Value(Formula { node: Node::whole(value), percent: false, last_digit: None, literal: None });
    let row = |index| (0..size).map(|column| number(i32::from(column == index))).collect();
    (size == rows).then(|| (0..size).map(row).collect())
}

fn matrices(expected: &[Vec<Answer>], given: &[Vec<Answer>], context: &Context) -> CheckResult {
    let cells = |rows: &[Vec<Answer>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
    if cells(expected) != cells(given) {
        // A row may stand for a column.
        let vectors = |rows: &[Vec<Answer>]| rows.len() == 1 || rows.iter().all(|row| row.len() == 1);
        let both = vectors(expected) && vectors(given);
        return if both { CheckResult::Undecided } else { CheckResult::Wrong };
    }
    let (expected, given) = (expected.concat(), given.concat());
    match in_order(&expected, &given, context) {
        // A matrix of rounded numbers is left to a person.
        CheckResult::Wrong if expected.iter().zip(&given).all(|(a, b)| is_rounded(a, b, context)) => {
            CheckResult::Undecided
        }
        verdict => verdict,
    }
}

/// Whether an entry is right or differs by no more than its last digit.
fn is_rounded(expected: &Answer, given: &Answer, context: &Context) -> bool {
    let verdict = answers(expected, given, context);
    let (Answer::Value(a), Answer::Value(b)) = (expected, given) else { return verdict == CheckResult::Right };
    let difference = || a.node.value(&[], context.work).subtract(b.node.value(&[], context.work)).size();
    verdict == CheckResult::Right || b.last_digit.is_some_and(|digit| difference() <= 0.5 * digit)
}

/// A row or a column and a tuple.
fn matrix_and_tuple(
    rows: &[Vec<Answer>],
    items: &[Answer],
    compare: impl Fn(&Answer, &Answer) -> CheckResult,
) -> CheckResult {
    let vector = rows.len() == 1 || rows.iter().all(|row| row.len() == 1);
    let cells = rows.concat();
    if !vector || cells.len() != items.len() {
        return CheckResult::Undecided;
    }
    all_right(cells.iter().zip(items).map(|(cell, item)| compare(cell, item)))
}

/// Right if all are, wrong if one is.
fn all_right(verdicts: impl Iterator<Item = CheckResult>) -> CheckResult {
    let mut all = CheckResult::Right;
    for verdict in verdicts {
        match verdict {
            CheckResult::Right => {}
            CheckResult::Wrong => return CheckResult::Wrong,
            CheckResult::Undecided => all = CheckResult::Undecided,
        }
    }
    all
}

/// `x = 1, y = 2` and (1, 2): the names must be in the order of the alphabet.
fn named_and_bare(
    items: &[Answer],
    named: &[Answer],
    compare: impl Fn(&Answer, &Answer) -> CheckResult,
) -> CheckResult {
    let mut sorted: Vec<(&str, &Answer)> = Vec::new();
    for item in named {
        let Answer::Equation { left, right } = item else { return CheckResult::Undecided };
        let Some((name, _)) = subject(left, right) else { return CheckResult::Undecided };
        sorted.push((name, item));
    }
    sorted.sort_by_key(|(name, _)| *name);
    if sorted.len() != items.len() {
        return CheckResult::Undecided;
    }
    all_right(sorted.iter().zip(items).map(|((_, named), bare)| compare(named, bare)))
}

fn right_if(right: bool) -> CheckResult {
    if right { CheckResult::Right } else { CheckResult::Wrong }
}

fn is_finite(value: &Formula, context: &Context) -> bool {
    value.node.variables().is_empty() && value.node.value(&[], context.work).is_finite()
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
    all_right(expected.iter().zip(given).map(|(expected, given)| answers(expected, given, context)))
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
        // `2, 3` for `a = 2, b = 3`: the order tells which is which.
        (Some(_), None) if expected.len() == given.len() => {
            return match in_order(expected, given, context) {
                CheckResult::Wrong if in_any_order(expected, given, context) != CheckResult::Wrong => {
                    CheckResult::Undecided
                }
                verdict => verdict,
            };
        }
        // `x = 1, y = 2` for `1, 2`: the names must be in the order of the alphabet.
        (None, Some(named)) if expected.len() == given.len() && !set => {
            let order = given.iter().filter_map(name_of).collect::<Vec<_>>();
            let sorted = order.is_sorted() && named.len() == order.len();
            let verdict = if sorted { in_order(expected, given, context) } else { CheckResult::Undecided };
            return if verdict == CheckResult::Right { verdict } else { CheckResult::Undecided };
        }
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

/// The variable that an item is solved for.
fn name_of(item: &Answer) -> Option<&str> {
    match item {
        Answer::Equation { left, right } => subject(left, right).map(|(name, _)| name),
        _ => None,
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
    let rows = table.iter().map(|row| any_right(row.iter().copied()));
    let columns = (0..given.len()).map(|column| any_right(table.iter().filter_map(|row| row.get(column).copied())));
    let all: Vec<CheckResult> = rows.chain(columns).collect();
    if all.contains(&CheckResult::Wrong) {
        CheckResult::Wrong
    } else if all.contains(&CheckResult::Undecided) {
        CheckResult::Undecided
    } else {
        CheckResult::Right
    }
}

fn any_right(verdicts: impl Iterator<Item = CheckResult>) -> CheckResult {
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
    let (Some(a), Some(b)) = (joined(a, context.work), joined(b, context.work)) else { return CheckResult::Undecided };
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
        // Infinity is in no interval of real numbers.
        (None, None) if expected.closed == given.closed => CheckResult::Right,
        (None, None) => CheckResult::Undecided,
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
