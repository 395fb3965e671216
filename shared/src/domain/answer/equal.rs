//! Compares expressions: numbers by value, functions by their values at points.

use super::names::{Constant, Function, is_family_constant, is_free_constant};
use super::parsed::Formula;
use super::sample::{FAR, POINTS, ROUNDS, points};
use super::tree::{Node, Operator, Point, Work};
use super::value::Value;
use super::{ABSOLUTE_TOLERANCE, CheckResult, Domain, Integration, RELATIVE_TOLERANCE, Rules};

/// Points at which both must have values.
const MIN_POINTS: usize = 4;
/// Relative difference up to which closed forms are equal, and above which they certainly differ.
const SAME: f64 = 1e-9;
const DIFFERENT: f64 = 1e-6;
/// The same if one is a decimal, which may have been rounded.
const DIFFERENT_DECIMALS: f64 = 1e-2;
/// Error above which a value is not used.
const RELATIVE_ERROR_MAX: f64 = 1e-7;
/// Safety factor for error estimates.
const ERROR_FACTOR: f64 = 8.0;
/// Constants of integration may differ between this many pieces of the domain before the result is "wrong".
const MAX_PIECES: usize = 4;

/// Steps charged once per comparison, such as for generating points.
const STEPS_OF_A_COMPARISON: u32 = 20;

/// Context of a comparison.
pub(super) struct Context<'a> {
    pub(super) rules: &'a Rules,
    pub(super) work: &'a Work,
}

/// Compares two formulas, with their constants of integration.
pub(super) fn formulas(expected: &Formula, given: &Formula, context: &Context) -> CheckResult {
    let rules = context.rules;
    if !context.work.spend(STEPS_OF_A_COMPARISON) {
        return CheckResult::Undecided;
    }
    let wanted = without_constant(&expected.node, rules, |name| is_free_constant(name) && name.starts_with(['C', 'K']));
    let up_to_constant = wanted.is_some() || rules.integration != Integration::AsExpected;
    let has_variables = !expected.node.variables().is_empty();
    if !up_to_constant || !has_variables {
        return plain(expected, given, false, context);
    }
    let stripped = without_constant(&given.node, rules, is_free_constant);
    let missing = stripped.is_none() && rules.integration == Integration::Required;
    let bare = |formula: &Formula, node: Option<Node>| match node {
        Some(node) => Formula { node, ..formula.clone() },
        None => formula.clone(),
    };
    let verdict = plain(&bare(expected, wanted), &bare(given, stripped), true, context);
    if verdict == CheckResult::Right && missing { CheckResult::Wrong } else { verdict }
}

/// An expression without its constant of integration: a summand that is a letter which stands nowhere else.
fn without_constant(node: &Node, rules: &Rules, is_constant: impl Fn(&str) -> bool + Copy) -> Option<Node> {
    let name = constant_summand(node, is_constant)?;
    let unique = node.count(name) == 1 && !rules.variables.iter().any(|variable| variable == name);
    unique.then(|| remove_summand(node, name))
}

fn constant_summand(node: &Node, is_constant: impl Fn(&str) -> bool + Copy) -> Option<&str> {
    let Node::Binary(Operator::Add | Operator::Subtract, left, right) = node else { return None };
    for side in [right, left] {
        if let Node::Variable(name) = side.as_ref()
            && is_constant(name)
        {
            return Some(name);
        }
    }
    constant_summand(left, is_constant).or_else(|| constant_summand(right, is_constant))
}

fn remove_summand(node: &Node, name: &str) -> Node {
    let is_it = |node: &Node| matches!(node, Node::Variable(other) if other == name);
    match node {
        Node::Binary(Operator::Add | Operator::Subtract, left, right) if is_it(right) => left.as_ref().clone(),
        Node::Binary(Operator::Add, left, right) if is_it(left) => right.as_ref().clone(),
        Node::Binary(Operator::Subtract, left, right) if is_it(left) => right.as_ref().clone().negate(),
        Node::Binary(operator @ (Operator::Add | Operator::Subtract), left, right) => {
            Node::binary(*operator, remove_summand(left, name), remove_summand(right, name))
        }
        other => other.clone(),
    }
}

/// Compares two formulas without constants of integration, or up to one.
fn plain(expected: &Formula, given: &Formula, up_to_constant: bool, context: &Context) -> CheckResult {
    let mut names = expected.node.variables();
    let declared = &context.rules.variables;
    let mut foreign = false;
    for name in given.node.variables() {
        if names.contains(&name) {
            continue;
        }
        foreign |= !declared.contains(&name);
        names.push(name);
    }
    if foreign {
        // A letter that the expected answer does not have may cancel, as in sin²x + cos²x. Otherwise it may be a parameter.
        let verdict =
            if up_to_constant { CheckResult::Undecided } else { functions(expected, given, &names, false, context) };
        return if verdict == CheckResult::Right { verdict } else { CheckResult::Undecided };
    }
    if names.is_empty() {
        return if up_to_constant { CheckResult::Undecided } else { numbers(expected, given, context) };
    }
    let verdict = functions(expected, given, &names, up_to_constant, context);
    let family = names.iter().any(|name| is_family_constant(name) && !declared.contains(name));
    // `π/4 + nπ` and `5π/4 + nπ` are the same angles.
    let angles = declared.is_empty() && matches!(names.as_slice(), [name] if name == "n" || name == "k");
    let angles = angles && has_pi(&expected.node) && has_pi(&given.node);
    if verdict == CheckResult::Wrong && (family || angles) { CheckResult::Undecided } else { verdict }
}

fn has_pi(node: &Node) -> bool {
    let mut found = false;
    node.visit(&mut |node| found |= matches!(node, Node::Constant(Constant::Pi)));
    found
}

/// Whether it has a function whose range below 0 is a matter of convention.
fn is_conventional(node: &Node) -> bool {
    let mut found = false;
    node.visit(&mut |node| found |= matches!(node, Node::Call(Function::Acot | Function::Asec | Function::Acsc, _)));
    found
}

/// Compares two numbers.
fn numbers(expected: &Formula, given: &Formula, context: &Context) -> CheckResult {
    let rules = context.rules;
    let stated = rules.relative_tolerance.is_some() || rules.absolute_tolerance.is_some();
    let decimal = expected.last_digit.is_some() || given.last_digit.is_some();
    let exact = (expected.node.exact(), given.node.exact());
    if let (Some(a), Some(b)) = exact
        && a == b
    {
        return CheckResult::Right;
    }
    let a = expected.node.value(&[], context.work);
    let b = given.node.value(&[], context.work);
    if !a.is_finite() || !b.is_finite() || is_imprecise(a) || is_imprecise(b) {
        return CheckResult::Undecided;
    }
    let rounding = ERROR_FACTOR * (a.error + b.error);
    let difference = a.subtract(b).size();
    let size = a.size().max(b.size());
    let verdict = if decimal || stated {
        let tolerance = tolerance(rules, a) * (1.0 + 1e-9) + rounding;
        if difference <= tolerance { CheckResult::Right } else { CheckResult::Wrong }
    } else if matches!(exact, (Some(_), Some(_))) {
        CheckResult::Wrong
    } else if difference <= 1e-12 * size + rounding {
        CheckResult::Right
    } else if difference > SAME * size + rounding {
        CheckResult::Wrong
    } else {
        CheckResult::Undecided
    };
    if verdict == CheckResult::Wrong && is_perhaps_right(expected, given, a, b) {
        CheckResult::Undecided
    } else {
        verdict
    }
}

/// How far a number may be from the expected one.
fn tolerance(rules: &Rules, expected: Value) -> f64 {
    let relative = rules.relative_tolerance.unwrap_or(RELATIVE_TOLERANCE) * expected.size();
    // A fixed tolerance would accept any answer to a small enough number, so the default counts only where 0 is expected.
    let zero = expected.size() <= ERROR_FACTOR * expected.error;
    let fixed = if zero { ABSOLUTE_TOLERANCE } else { 0.0 };
    relative.max(rules.absolute_tolerance.unwrap_or(fixed))
}

/// Whether the difference may be one of notation: a sign for percent or degrees left out, or an expected answer that
/// was itself rounded.
fn is_perhaps_right(expected: &Formula, given: &Formula, a: Value, b: Value) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-4 * a.abs().max(b.abs());
    let scaled = |factor: f64| close(a.re * factor, b.re) || close(a.re, b.re * factor);
    let percent = expected.percent != given.percent && scaled(100.0);
    let degree = scaled(180.0 / std::f64::consts::PI);
    let bare = match &expected.node {
        Node::Negate(inner) => matches!(**inner, Node::Number(..)),
        node => matches!(node, Node::Number(..)),
    };
    let rounded = match expected.last_digit {
        Some(last_digit) if bare => last_digit <= 0.01 && a.subtract(b).size() <= 0.5 * last_digit * (1.0 + 1e-9),
        _ => false,
    };
    percent || degree || rounded
}

fn is_imprecise(value: Value) -> bool {
    ERROR_FACTOR * value.error > (RELATIVE_ERROR_MAX * value.size()).max(1e-10)
}

/// Values of two expressions at a point at which both are usable.
struct Pair {
    expected: Value,
    given: Value,
}

impl Pair {
    fn size(&self) -> f64 {
        self.expected.size().max(self.given.size())
    }

    fn error(&self) -> f64 {
        ERROR_FACTOR * (self.expected.error + self.given.error)
    }
}

/// Values at points, and whether one expression has values where the other has none.
struct Sampled {
    pairs: Vec<Pair>,
    /// Points at which only the expected expression is real.
    uncovered: usize,
}

fn sample(expected: &Node, given: &Node, names: &[String], context: &Context) -> Sampled {
    let complex = expected.is_complex() || given.is_complex();
    let mut sampled = Sampled { pairs: Vec::with_capacity(POINTS), uncovered: 0 };
    // Sums to n and binomials have values at whole numbers only.
    let whole = expected.needs_whole_numbers()
        || given.needs_whole_numbers()
        || expected.has_negative_base() && given.has_negative_base();
    let domain = if whole { Domain::Integer } else { context.rules.domain };
    for round in 0..ROUNDS {
        for point in points(names, domain, context.rules.seed, round) {
            pair(&mut sampled, (expected, given), complex, &point, context);
        }
        if sampled.pairs.len() >= MIN_POINTS || context.work.is_exhausted() {
            break;
        }
    }
    if !whole && (expected.has_bend() || given.has_bend()) {
        for point in points(names, domain, context.rules.seed, FAR) {
            pair(&mut sampled, (expected, given), complex, &point, context);
        }
    }
    sampled
}

fn pair(sampled: &mut Sampled, (expected, given): (&Node, &Node), complex: bool, point: &Point, context: &Context) {
    let expected = expected.value(point, context.work);
    if !expected.is_finite() || is_imprecise(expected) || !(complex || expected.is_real()) {
        return;
    }
    let given = given.value(point, context.work);
    if !given.is_finite() || is_imprecise(given) {
        return;
    }
    if complex || given.is_real() {
        sampled.pairs.push(Pair { expected, given });
    } else {
        sampled.uncovered += 1;
    }
}

/// Compares two functions of the same variables at points.
fn functions(
    expected: &Formula,
    given: &Formula,
    names: &[String],
    up_to_constant: bool,
    context: &Context,
) -> CheckResult {
    // The same tree needs no values: it may have none at the points.
    if expected.node == given.node && !up_to_constant {
        return CheckResult::Right;
    }
    let sampled = sample(&expected.node, &given.node, names, context);
    let decimal = expected.last_digit.is_some() || given.last_digit.is_some();
    let (same, different) = if decimal {
        (context.rules.relative_tolerance.unwrap_or(RELATIVE_TOLERANCE), DIFFERENT_DECIMALS)
    } else {
        (SAME, DIFFERENT)
    };
    let verdict = if up_to_constant {
        constant_difference(&sampled.pairs, same, different)
    } else {
        equal_values(&sampled.pairs, same, different, decimal)
    };
    match verdict {
        _ if context.work.is_exhausted() => CheckResult::Undecided,
        CheckResult::Wrong
            if (is_conventional(&expected.node) || is_conventional(&given.node))
                && is_stepwise(&sampled.pairs, same) =>
        {
            CheckResult::Undecided
        }
        CheckResult::Right if sampled.pairs.len() < MIN_POINTS || sampled.uncovered > 0 => CheckResult::Undecided,
        other => other,
    }
}

fn equal_values(pairs: &[Pair], same: f64, different: f64, decimal: bool) -> CheckResult {
    // Next to a zero of the function, a rounded coefficient makes a large relative difference: that does not make it wrong.
    let usual = if decimal { pairs.iter().map(Pair::size).fold(0.0, f64::max).min(1.0) } else { 0.0 };
    let distances = pairs.iter().map(|pair| {
        let difference = pair.expected.subtract(pair.given).size();
        let size = pair.size();
        ((difference - pair.error()).max(0.0), same * size, different * size.max(usual))
    });
    verdict_of_distances(distances)
}

/// Whether the difference is the same at all points.
fn constant_difference(pairs: &[Pair], same: f64, different: f64) -> CheckResult {
    // Beside a huge constant every function looks constant, so a point counts only if rounding is small for the expected
    // value.
    let usable: Vec<&Pair> =
        pairs.iter().filter(|pair| pair.error() <= 0.5 * different * pair.expected.size()).collect();
    let Some(first) = usable.iter().min_by(|a, b| a.error().total_cmp(&b.error())) else {
        return CheckResult::Undecided;
    };
    if usable.len() < MIN_POINTS {
        return CheckResult::Undecided;
    }
    let constant = first.given.subtract(first.expected);
    let distances = usable.iter().map(|pair| {
        let difference = pair.given.subtract(pair.expected).subtract(constant).size();
        let size = pair.expected.size().max(first.expected.size());
        ((difference - pair.error() - first.error()).max(0.0), same * size, different * size)
    });
    match verdict_of_distances(distances) {
        CheckResult::Wrong if is_stepwise(pairs, same) => CheckResult::Undecided,
        verdict => verdict,
    }
}

/// Whether the differences take few values: another constant on each piece of the domain, as between arctan x and
/// −arctan(1/x).
fn is_stepwise(pairs: &[Pair], same: f64) -> bool {
    let mut steps: Vec<Value> = Vec::new();
    for pair in pairs {
        let difference = pair.given.subtract(pair.expected);
        let near = |step: &Value| step.subtract(difference).size() <= same * pair.size().max(1.0) + pair.error();
        if !steps.iter().any(near) {
            steps.push(difference);
        }
        if steps.len() > MAX_PIECES {
            return false;
        }
    }
    pairs.len() > 2 * MAX_PIECES
}

/// Right if every distance is within its first bound, wrong if one exceeds its second.
fn verdict_of_distances(distances: impl Iterator<Item = (f64, f64, f64)>) -> CheckResult {
    let mut verdict = CheckResult::Undecided;
    for (index, (distance, same, different)) in distances.enumerate() {
        if distance > different {
            return CheckResult::Wrong;
        }
        if distance > same {
            verdict = CheckResult::Undecided;
        } else if index == 0 {
            verdict = CheckResult::Right;
        }
    }
    verdict
}

/// The quotient of two expressions, if it is the same number, not 0, at all points.
pub(super) fn proportion(expected: &Node, given: &Node, names: &[String], context: &Context) -> Option<Value> {
    let sampled = sample(expected, given, names, context);
    let ratio = |pair: &Pair| pair.given.divide(pair.expected);
    let usable: Vec<Value> = sampled.pairs.iter().map(ratio).filter(|ratio| ratio.is_finite()).collect();
    let first = usable.iter().min_by(|a, b| a.error.total_cmp(&b.error))?;
    let not_zero = first.size() > ERROR_FACTOR * first.error;
    let alike = |ratio: &Value| {
        let difference = ratio.subtract(*first).size();
        difference <= SAME * ratio.size().max(first.size()) + ERROR_FACTOR * (ratio.error + first.error)
    };
    let same = usable.len() >= MIN_POINTS
        && usable.len() + 1 >= sampled.pairs.len()
        && sampled.uncovered == 0
        && not_zero
        && usable.iter().all(alike)
        && !context.work.is_exhausted();
    same.then_some(*first)
}

/// Whether an expression is 0 at all points.
pub(super) fn is_zero(node: &Node, names: &[String], context: &Context) -> bool {
    let mut zeros = 0;
    for point in points(names, context.rules.domain, context.rules.seed, 0) {
        let value = node.value(&point, context.work);
        if !value.is_finite() {
            continue;
        }
        if value.size() > ERROR_FACTOR * value.error + SAME * 1e-3 * magnitude(node, &point, context.work) {
            return false;
        }
        zeros += 1;
    }
    zeros >= MIN_POINTS && !context.work.is_exhausted()
}

/// Whether `given`, an equation as left − right, holds at all solutions of `expected` that are found.
pub(super) fn is_satisfied(expected: &Node, given: &Node, names: &[String], context: &Context) -> bool {
    const NEEDED: usize = 8;
    let mut found = 0;
    for start in points(names, context.rules.domain, context.rules.seed, 0) {
        for unknown in 0..names.len() {
            let mut point = start.clone();
            if !solve(expected, &mut point, unknown, context.work) {
                continue;
            }
            let value = given.value(&point, context.work);
            if !value.is_finite() {
                continue;
            }
            if value.size() > 1e-7 * (1e-3 + magnitude(given, &point, context.work)) {
                return false;
            }
            found += 1;
        }
    }
    found >= NEEDED && !context.work.is_exhausted()
}

/// Whether `given`, an equation as left − right, is false at solutions of `expected`. They are found by the secant
/// method in one variable, with the others fixed.
pub(super) fn is_violated(expected: &Node, given: &Node, names: &[String], context: &Context) -> bool {
    const NEEDED: usize = 3;
    let mut violated = 0;
    for mut point in points(names, context.rules.domain, context.rules.seed, 0) {
        for unknown in (0..names.len()).rev() {
            if !solve(expected, &mut point, unknown, context.work) {
                continue;
            }
            let value = given.value(&point, context.work);
            if !value.is_finite() || is_imprecise(value) || !value.is_real() {
                continue;
            }
            // A root is known only so well: the value must be far from 0 compared with what it changes nearby.
            if value.size() <= 1e-5 * (1.0 + magnitude(given, &point, context.work)) {
                return false;
            }
            violated += 1;
            break;
        }
        if violated >= NEEDED {
            break;
        }
    }
    violated >= NEEDED && !context.work.is_exhausted()
}

/// The size of the terms of an equation at a point.
fn magnitude(node: &Node, point: &Point, work: &Work) -> f64 {
    match node {
        Node::Binary(Operator::Subtract, left, right) => {
            let sizes = left.value(point, work).size().max(right.value(point, work).size());
            if sizes.is_finite() { sizes } else { 0.0 }
        }
        other => other.value(point, work).size(),
    }
}

/// Moves one variable of a point to where `node` is 0.
fn solve(node: &Node, point: &mut [(String, f64)], unknown: usize, work: &Work) -> bool {
    const STEPS: usize = 16;
    let Some(start) = point.get(unknown).map(|(_, value)| *value) else { return false };
    let mut at = |x: f64| {
        if let Some((_, value)) = point.get_mut(unknown) {
            *value = x;
        }
        let value = node.value(point, work);
        (value.is_finite() && value.is_real()).then_some(value.re)
    };
    let (mut before, mut here) = (start, start + 0.5);
    let Some(mut value_before) = at(before) else { return false };
    for _ in 0..STEPS {
        let Some(value) = at(here) else { return false };
        let slope = (value - value_before) / (here - before);
        let next = here - value / slope;
        if !next.is_finite() {
            // Two equal values: a root if they are 0, otherwise nothing is known.
            return value == 0.0;
        }
        if (next - here).abs() <= 1e-12 * next.abs().max(1.0) {
            return at(next).is_some();
        }
        (before, value_before, here) = (here, value, next);
    }
    false
}
