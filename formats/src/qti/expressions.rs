//! Conditions of QTI 2 and 3 about responses.

use std::collections::BTreeSet;

use roxmltree::Node;

use super::declarations::{Declarations, Declared};
use crate::{
    Bound, Decimal, Tolerance,
    labels::{decimal, finite, negated, product as times, sum},
    scoring::Test,
    xml::{self, attribute, elements, name},
};

/// The largest size of a condition: its alternatives, and the comparisons in them. `and` of many `or` has exponentially many.
const SIZE_MAX: usize = 6000;

/// Tests that must all hold, with the response of each. Without a test, it always holds.
pub(super) type Alternative = Vec<(String, Test)>;

/// Each alternative of the one with each of the other. None, if there are too many.
pub(super) fn product(left: &[Alternative], right: &[Alternative], unknown: &mut BTreeSet<String>) -> Vec<Alternative> {
    let tests = |list: &[Alternative]| list.iter().map(Vec::len).sum::<usize>();
    if left.len() * right.len() + tests(left) * right.len() + tests(right) * left.len() > SIZE_MAX {
        unknown.insert(format!("and of more than {SIZE_MAX} comparisons"));
        return Vec::new();
    }
    left.iter().flat_map(|a| right.iter().map(move |b| [a.as_slice(), b.as_slice()].concat())).collect()
}

pub(super) struct Expressions<'a> {
    pub(super) declarations: &'a Declarations,
    /// Names of expressions that are not understood.
    pub(super) unknown: &'a mut BTreeSet<String>,
}

/// An operand of a comparison.
enum Operand {
    Response(String),
    /// The value at a place of an ordered response, from 1.
    Place(String, usize),
    /// The correct response of this response.
    Correct(String),
    /// The value at a place of the correct response, from 1.
    CorrectPlace(String, usize),
    Constants(Vec<String>),
}

impl Expressions<'_> {
    /// The alternatives under which a condition holds. None, if it holds only for what gives no key, such as no answer.
    pub(super) fn condition(&mut self, node: Node) -> Vec<Alternative> {
        match &*name(node) {
            "and" => {
                let mut all = vec![Alternative::new()];
                for inner in elements(node) {
                    let found = self.condition(inner);
                    all = product(&all, &found, self.unknown);
                }
                all
            }
            "or" => elements(node).flat_map(|inner| self.condition(inner)).collect(),
            // `not(isNull)` is a guard. What must not be chosen is wrong already by not being named.
            "not" => vec![Alternative::new()],
            "isNull" => Vec::new(),
            "match" | "equal" | "equalRounded" | "stringMatch" | "member" | "contains" | "gt" | "gte" | "lt"
            | "lte" => {
                let found = self.comparison(node);
                if found.is_none() {
                    self.unknown.insert(name(node).into_owned());
                }
                found.unwrap_or_default()
            }
            other => {
                self.unknown.insert(other.to_owned());
                Vec::new()
            }
        }
    }

    fn comparison(&mut self, node: Node) -> Option<Vec<Alternative>> {
        let mut operands = elements(node);
        let (left, right) = (operand(operands.next()?)?, operand(operands.next()?)?);
        let (response, place, other, is_reversed) = match (left, right) {
            (Operand::Response(response), other) => (response, None, other, false),
            (other, Operand::Response(response)) => (response, None, other, true),
            (Operand::Place(response, place), other) => (response, Some(place), other, false),
            (other, Operand::Place(response, place)) => (response, Some(place), other, true),
            _ => return None,
        };
        let declared = self.declarations.responses.get(&response)?;
        let values = match other {
            Operand::Response(_) | Operand::Place(..) => return None,
            Operand::Correct(id) => self.declarations.responses.get(&id)?.correct.clone(),
            Operand::CorrectPlace(id, place) => {
                let correct = &self.declarations.responses.get(&id)?.correct;
                correct.get(place.checked_sub(1)?).cloned().into_iter().collect()
            }
            Operand::Constants(values) => values,
        };
        let tests = match place.filter(|_| declared.cardinality == "ordered") {
            Some(place) if matches!(&*name(node), "match" | "stringMatch") => {
                vec![Test::At { place, value: values.first()?.clone() }]
            }
            Some(_) => return None,
            None => tests(node, declared, &values, is_reversed)?,
        };
        Some(tests.into_iter().map(|test| vec![(response.clone(), test)]).collect())
    }
}

fn operand(node: Node) -> Option<Operand> {
    let id = || attribute(node, "identifier").map(|id| id.trim().to_owned());
    match &*name(node) {
        "variable" => id().map(Operand::Response),
        "correct" => id().map(Operand::Correct),
        "baseValue" => Some(Operand::Constants(vec![xml::text(node).trim().to_owned()])),
        "integerToFloat" => operand(elements(node).next()?),
        "index" => {
            let place = attribute(node, "n").and_then(|place| place.trim().parse().ok());
            Some(match (operand(elements(node).next()?)?, place) {
                (Operand::Response(id), Some(place)) => Operand::Place(id, place),
                (Operand::Correct(id), Some(place)) => Operand::CorrectPlace(id, place),
                (other, _) => other,
            })
        }
        "multiple" | "ordered" => {
            let mut values = Vec::new();
            for inner in elements(node) {
                match operand(inner)? {
                    Operand::Constants(list) => values.extend(list),
                    _ => return None,
                }
            }
            Some(Operand::Constants(values))
        }
        _ => None,
    }
}

/// The tests of a comparison, any of which may hold. `is_reversed` tells that the value is left of the response.
fn tests(node: Node, declared: &Declared, values: &[String], is_reversed: bool) -> Option<Vec<Test>> {
    let first = values.first()?;
    let number = || decimal(first);
    let bound = |is_included| number().map(|value| Bound { value, is_included });
    let low = |is_included| Some(vec![Test::Between { low: Some(bound(is_included)?), high: None }]);
    let high = |is_included| Some(vec![Test::Between { low: None, high: Some(bound(is_included)?) }]);
    match (&*name(node), is_reversed) {
        ("match", _) => Some(match declared.cardinality.as_str() {
            "multiple" | "ordered" => vec![Test::All(values.to_vec())],
            _ => vec![declared.equal(first, true)],
        }),
        ("member", _) => Some(values.iter().map(|value| declared.equal(value, true)).collect()),
        ("contains", _) => Some(vec![Test::All(values.to_vec())]),
        ("stringMatch", _) => {
            let match_case = is_set(node, "caseSensitive", true);
            Some(vec![if is_set(node, "substring", false) {
                Test::Contains { text: first.clone(), match_case }
            } else {
                Test::Equal { value: first.clone(), match_case }
            }])
        }
        ("equal", _) => Some(vec![equal(node, number()?)?]),
        ("equalRounded", _) => Some(vec![rounded(node, &number()?)?]),
        ("gte", false) | ("lte", true) => low(true),
        ("gt", false) | ("lt", true) => low(false),
        ("lte", false) | ("gte", true) => high(true),
        ("lt", false) | ("gt", true) => high(false),
        _ => None,
    }
}

fn is_set(node: Node, name: &str, default: bool) -> bool {
    attribute(node, name).map_or(default, |value| matches!(value.trim(), "true" | "1"))
}

/// `equal` with its tolerance: one value for both sides, or one for each.
fn equal(node: Node, value: Decimal) -> Option<Test> {
    let mode = attribute(node, "toleranceMode").unwrap_or("exact");
    if mode == "exact" {
        return Some(Test::Near { value, tolerance: Tolerance::Absolute(Decimal::zero()) });
    }
    let tolerances: Vec<Decimal> =
        attribute(node, "tolerance")?.split_whitespace().map(decimal).collect::<Option<_>>()?;
    let below = tolerances.first()?.clone();
    let above = tolerances.get(1).cloned().unwrap_or_else(|| below.clone());
    let includes = (is_set(node, "includeLowerBound", true), is_set(node, "includeUpperBound", true));
    let hundredth = Decimal::parse("0.01")?;
    if below == above && includes == (true, true) && !below.as_str().starts_with('-') {
        let tolerance = if mode == "relative" {
            Tolerance::Relative(times(&below, &hundredth)?)
        } else {
            Tolerance::Absolute(below)
        };
        return Some(Test::Near { value, tolerance });
    }
    let (mut low, mut high) = if mode == "relative" {
        let one = Decimal::parse("1")?;
        let lower = sum(&one, &negated(&times(&below, &hundredth)?)?)?;
        let upper = sum(&one, &times(&above, &hundredth)?)?;
        (times(&value, &lower)?, times(&value, &upper)?)
    } else {
        (sum(&value, &negated(&below)?)?, sum(&value, &above)?)
    };
    let (mut low_included, mut high_included) = includes;
    // A share of a negative value lies on the other side of it.
    if mode == "relative" && value.as_str().starts_with('-') {
        std::mem::swap(&mut low, &mut high);
        std::mem::swap(&mut low_included, &mut high_included);
    }
    Some(Test::Between {
        low: Some(Bound { value: low, is_included: low_included }),
        high: Some(Bound { value: high, is_included: high_included }),
    })
}

/// All numbers that round to the rounded value.
fn rounded(node: Node, value: &Decimal) -> Option<Test> {
    let figures: i32 = attribute(node, "figures")?.trim().parse().ok().filter(|figures| (0..=15).contains(figures))?;
    let number = value.to_f64();
    let places = match attribute(node, "roundingMode") {
        Some("decimalPlaces") => figures,
        _ if number == 0.0 => return None,
        _ => {
            let magnitude = format!("{number:e}").split_once('e')?.1.parse::<i32>().ok()?;
            figures - 1 - magnitude
        }
    };
    let scale = 10_f64.powi(places);
    let nearest = finite(&format!("{}", (number * scale).round()))?;
    let nearest = Decimal::parse(&format!("{nearest}e{}", -places))?;
    let half = Decimal::parse(&format!("5e{}", -places - 1))?;
    Some(Test::Between {
        low: Some(Bound { value: sum(&nearest, &negated(&half)?)?, is_included: true }),
        high: Some(Bound { value: sum(&nearest, &half)?, is_included: false }),
    })
}
