//! Compares equations, inequalities, ratios and orders of growth.

use super::CheckResult;
use super::equal::{Context, formulas, is_satisfied, is_violated, is_zero, proportion};
use super::parsed::{Answer, Formula};
use super::token::Relation;
use super::tree::{Node, Operator};

/// Largest expression into which another one is put.
const MAX_SUBSTITUTED: usize = 200;

/// The variable that an equation is solved for, and the other side: `y = 2x + 1`, `3 = x`.
pub(super) fn subject<'a>(left: &'a Formula, right: &'a Formula) -> Option<(&'a str, &'a Formula)> {
    match (&left.node, &right.node) {
        (Node::Variable(name), other) if other.count(name) == 0 => Some((name, right)),
        (other, Node::Variable(name)) if other.count(name) == 0 => Some((name, left)),
        _ => None,
    }
}

fn difference((left, right): (&Formula, &Formula)) -> Node {
    Node::binary(Operator::Subtract, left.node.clone(), right.node.clone())
}

/// Equations are the same when they are solved for the same variable by the same expression, when the differences
/// of their sides are proportional, or when one is solved and both have the same solutions.
pub(super) fn equations(expected: (&Formula, &Formula), given: (&Formula, &Formula), context: &Context) -> CheckResult {
    let (wanted, found) = (subject(expected.0, expected.1), subject(given.0, given.1));
    if let (Some((wanted, expected_side)), Some((found, given_side))) = (wanted, found)
        && wanted == found
    {
        return formulas(expected_side, given_side, context);
    }
    let (a, b) = (difference(expected), difference(given));
    let names = a.variables();
    if names.is_empty() && b.variables().is_empty() {
        // `110.304 = 23^1.5`, either way round.
        let same = |a: (&Formula, &Formula), b: (&Formula, &Formula)| {
            formulas(a.0, b.0, context) == CheckResult::Right && formulas(a.1, b.1, context) == CheckResult::Right
        };
        let right = same(expected, given) || same(expected, (given.1, given.0));
        return if right { CheckResult::Right } else { CheckResult::Undecided };
    }
    if names != b.variables() {
        return CheckResult::Undecided;
    }
    if proportion(&a, &b, &names, context).is_some() {
        // `2x = 6` is not solved yet.
        let solved = names.len() > 1 || wanted.is_none() || found.is_some();
        return if solved { CheckResult::Right } else { CheckResult::Undecided };
    }
    // A decimal may have been rounded, so that solutions differ a little.
    if [expected.0, expected.1, given.0, given.1].iter().any(|side| side.last_digit.is_some()) {
        return CheckResult::Undecided;
    }
    if names.len() > 1 && is_rearranged((&a, wanted), (&b, found), &names, context) {
        return CheckResult::Right;
    }
    // Half of a circle satisfies the equation of the circle, so it is wrong only if neither has the solutions of the other.
    let apart = is_violated(&a, &b, &names, context) && is_violated(&b, &a, &names, context);
    if apart { CheckResult::Wrong } else { CheckResult::Undecided }
}

/// Whether two equations, of which at least one is solved for a variable, have the same solutions: `F = ma` and `a = F/m`.
///
/// A solved equation is put into the other, which must then hold for all values. Solutions of one that is not solved are
/// looked for; all that are found must satisfy the other.
fn is_rearranged(
    (a, wanted): (&Node, Option<(&str, &Formula)>),
    (b, found): (&Node, Option<(&str, &Formula)>),
    names: &[String],
    context: &Context,
) -> bool {
    let implied = |solved: Option<(&str, &Formula)>, own: &Node, other: &Node| match solved {
        Some((name, side)) => {
            side.node.size() * other.count(name) <= MAX_SUBSTITUTED && {
                let rest: Vec<String> = names.iter().filter(|other| *other != name).cloned().collect();
                is_zero(&other.with(name, &side.node), &rest, context)
            }
        }
        None => is_satisfied(own, other, names, context),
    };
    (wanted.is_some() || found.is_some()) && implied(wanted, a, b) && implied(found, b, a)
}

/// All solutions of an equation in one variable. Right if the equation is a multiple of (x − a)(x − b)….
pub(super) fn solutions(expected: (&Formula, &Formula), given: &[Answer], context: &Context) -> CheckResult {
    let equation = difference(expected);
    let names = equation.variables();
    let [name] = names.as_slice() else { return CheckResult::Undecided };
    let mut product = Node::whole(1);
    for item in given {
        let root = match item {
            Answer::Value(value) if value.last_digit.is_none() => value,
            Answer::Equation { left, right } => match subject(left, right) {
                Some((subject, value)) if subject == name && value.last_digit.is_none() => value,
                _ => return CheckResult::Undecided,
            },
            _ => return CheckResult::Undecided,
        };
        if !root.node.variables().is_empty() {
            return CheckResult::Undecided;
        }
        let factor = Node::binary(Operator::Subtract, Node::Variable(name.clone()), root.node.clone());
        product = Node::binary(Operator::Multiply, product, factor);
    }
    match proportion(&equation, &product, &names, context) {
        Some(_) => CheckResult::Right,
        None => CheckResult::Undecided,
    }
}

/// Inequalities are the same if the differences of their sides are proportional by a positive number.
pub(super) fn inequalities(
    (left, right, relation): (&Formula, &Formula, Relation),
    (other_left, other_right, other): (&Formula, &Formula, Relation),
    context: &Context,
) -> CheckResult {
    let (a, b) = (difference((left, right)), difference((other_left, other_right)));
    let names = a.variables();
    if names != b.variables() {
        return CheckResult::Undecided;
    }
    let decimal = [left, right, other_left, other_right].iter().any(|side| side.last_digit.is_some());
    match proportion(&a, &b, &names, context) {
        Some(ratio) if relation == Relation::NotEqual && other == relation && ratio.is_real() => CheckResult::Right,
        Some(ratio) if relation == Relation::NotEqual || other == Relation::NotEqual || !ratio.is_real() => {
            CheckResult::Undecided
        }
        Some(ratio) if ratio.re > 0.0 && relation == other => CheckResult::Right,
        Some(_) if decimal => CheckResult::Undecided,
        Some(_) => CheckResult::Wrong,
        None => CheckResult::Undecided,
    }
}

/// Ratios are the same if their terms are proportional.
pub(super) fn ratios(expected: &[Formula], given: &[Formula], context: &Context) -> CheckResult {
    if expected.len() != given.len() {
        return CheckResult::Undecided;
    }
    let zero = |term: &Formula| term.node.exact().is_some_and(|exact| exact.to_f64() == 0.0);
    if expected.iter().chain(given).any(zero) {
        return CheckResult::Undecided;
    }
    let (Some(first), Some(other_first)) = (expected.first(), given.first()) else { return CheckResult::Undecided };
    let mut verdict = CheckResult::Right;
    for (term, other) in expected.iter().zip(given).skip(1) {
        let product = |a: &Formula, b: &Formula| Formula {
            node: Node::binary(Operator::Multiply, a.node.clone(), b.node.clone()),
            last_digit: a.last_digit.or(b.last_digit),
            ..a.clone()
        };
        match formulas(&product(term, other_first), &product(other, first), context) {
            CheckResult::Right => {}
            CheckResult::Wrong => return CheckResult::Wrong,
            CheckResult::Undecided => verdict = CheckResult::Undecided,
        }
    }
    verdict
}

/// Functions in `O(…)`: a constant factor does not matter. A smaller summand does not either, but who writes it may not
/// know that.
pub(super) fn order(expected: &Formula, given: &Formula, context: &Context) -> CheckResult {
    let names = expected.node.variables();
    if names != given.node.variables() {
        return CheckResult::Undecided;
    }
    let equal = formulas(expected, given, context);
    if equal == CheckResult::Right || names.is_empty() {
        return if equal == CheckResult::Wrong { CheckResult::Undecided } else { equal };
    }
    if proportion(&expected.node, &given.node, &names, context).is_some() {
        return CheckResult::Right;
    }
    let [name] = names.as_slice() else { return CheckResult::Undecided };
    let ratio = |at: f64| {
        let point = [(name.clone(), at)];
        let value = given.node.value(&point, context.work).divide(expected.node.value(&point, context.work));
        (value.is_finite() && value.is_real()).then_some(value.re)
    };
    // Does the quotient still change when n is large?
    match (ratio(1e3), ratio(1e6), ratio(1e9)) {
        (Some(a), Some(b), Some(c)) if (b / a - 1.0).abs() > 0.5 && (c / b - 1.0).abs() > 0.3 => CheckResult::Wrong,
        _ => CheckResult::Undecided,
    }
}
