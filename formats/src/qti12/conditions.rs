//! The response processing of QTI 1.2: which responses give points.

use roxmltree::Node;

use super::any_child;
use crate::{
    Bound,
    labels::{decimal, finite},
    xml::{attribute, children, descendants, elements, name, text},
};

/// The largest size of a condition: its alternatives, and the comparisons in them. `and` of many `or` has exponentially many.
const SIZE_MAX: usize = 6000;
/// The largest number of comparisons of an item.
const ATOMS_MAX: usize = 20_000;

/// What one response must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    Equal { value: String, match_case: bool, position: Option<u32> },
    Low(Bound),
    High(Bound),
}

/// Atoms that must all hold, with the response of each. Atoms under `not` are no part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Alternative {
    pub(super) atoms: Vec<(String, Atom)>,
}

/// A `respcondition`.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) alternatives: Vec<Alternative>,
    pub(super) points: Option<Points>,
    /// Ids of the feedback that it shows.
    pub(super) feedback: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Points {
    Set(f64),
    Add(f64),
    /// `SCORE.max`, as Blackboard writes.
    Full,
}

/// All of a `resprocessing`.
#[derive(Debug, Default)]
pub(super) struct Processing {
    pub(super) conditions: Vec<Condition>,
    /// The greatest score that is declared.
    pub(super) maximum: Option<f64>,
    pub(super) warnings: Vec<String>,
}

/// Reads the response processing. `is_single` tells whether a response takes one value only.
pub(super) fn read(item: Node, is_single: &dyn Fn(&str) -> bool) -> Processing {
    let mut processing = Processing::default();
    let variable = scored_variable(item);
    for outcomes in descendants(item, "outcomes") {
        let declared = children(outcomes, "decvar").find(|declaration| variable_of(*declaration) == variable);
        let maximum = declared.and_then(|declaration| attribute(declaration, "maxvalue")).and_then(finite);
        processing.maximum = processing.maximum.or(maximum.filter(|maximum| *maximum > 0.0));
    }
    let mut atoms = 0;
    for node in descendants(item, "respcondition") {
        if atoms > ATOMS_MAX {
            processing.warnings.push(format!("The conditions after the first {ATOMS_MAX} comparisons are left out."));
            break;
        }
        let mut reader = Reader { is_single, unknown: Vec::new() };
        let alternatives = match any_child(node, "conditionvar") {
            Some(variable) => reader.all(variable),
            None => Vec::new(),
        };
        atoms += alternatives.iter().map(|alternative| 1 + alternative.atoms.len()).sum::<usize>();
        for unknown in reader.unknown {
            let warning = format!("The condition `{unknown}` is not understood and is left out.");
            if !processing.warnings.contains(&warning) {
                processing.warnings.push(warning);
            }
        }
        let mut points = None;
        for set in children(node, "setvar").filter(|set| variable_of(*set) == variable) {
            points = points_of(set).or(points);
        }
        let is_positive = match points {
            Some(Points::Set(points) | Points::Add(points)) => points > 0.0,
            Some(Points::Full) => true,
            None => false,
        };
        if is_positive && alternatives.is_empty() {
            let warning = "Points for all answers that no condition names are left out.".to_owned();
            if !processing.warnings.contains(&warning) {
                processing.warnings.push(warning);
            }
        }
        let feedback = children(node, "displayfeedback")
            .filter_map(|shown| attribute(shown, "linkrefid"))
            .map(str::to_owned)
            .collect();
        processing.conditions.push(Condition { alternatives, points, feedback });
    }
    processing
}

fn variable_of(node: Node) -> String {
    attribute(node, "varname")
        .or_else(|| attribute(node, "variablename"))
        .unwrap_or("SCORE")
        .trim()
        .to_ascii_uppercase()
}

/// The variable that holds the score: `SCORE` if it is set, else the first one.
fn scored_variable(item: Node) -> String {
    let mut first = None;
    for set in descendants(item, "setvar") {
        let variable = variable_of(set);
        if variable == "SCORE" {
            return variable;
        }
        first = first.or(Some(variable));
    }
    first.unwrap_or_else(|| "SCORE".to_owned())
}

fn points_of(node: Node) -> Option<Points> {
    let value = text(node);
    let value = value.trim();
    if value.to_ascii_uppercase().ends_with(".MAX") {
        return Some(Points::Full);
    }
    if value.to_ascii_uppercase().ends_with(".MIN") {
        return Some(Points::Set(0.0));
    }
    let value = finite(value)?;
    match attribute(node, "action").unwrap_or("Set").to_ascii_lowercase().as_str() {
        "add" => Some(Points::Add(value)),
        "subtract" => Some(Points::Add(-value)),
        _ => Some(Points::Set(value)),
    }
}

struct Reader<'a> {
    is_single: &'a dyn Fn(&str) -> bool,
    unknown: Vec<String>,
}

impl Reader<'_> {
    /// The alternatives of an element whose children must all hold.
    fn all(&mut self, node: Node) -> Vec<Alternative> {
        let mut alternatives = vec![Alternative::default()];
        let mut has_condition = false;
        // Several values of one single response cannot hold together: exporters mean any of them.
        let mut any: Vec<(String, Vec<Alternative>)> = Vec::new();
        for inner in elements(node) {
            let single = matches!(&*name(inner), "varequal" | "varsubstring")
                .then(|| respondent(inner))
                .filter(|id| (self.is_single)(id));
            let found = self.one(inner);
            match single {
                Some(id) => {
                    has_condition |= !found.is_empty();
                    match any.iter_mut().find(|(other, _)| *other == id) {
                        Some((_, list)) => list.extend(found),
                        None => any.push((id, found)),
                    }
                }
                None if found.is_empty() => {}
                None => {
                    has_condition = true;
                    alternatives = self.product(&alternatives, &found);
                }
            }
        }
        for (id, mut list) in any {
            // Blackboard puts the exact value beside the bounds around it.
            let bounds: Vec<Alternative> =
                alternatives.iter().filter(|other| other.atoms.iter().any(|(own, _)| *own == id)).cloned().collect();
            if bounds.is_empty() {
                alternatives = self.product(&alternatives, &list);
            } else {
                list.extend(bounds);
                alternatives = list;
            }
        }
        if has_condition { alternatives } else { Vec::new() }
    }

    /// Each alternative of the one with each of the other.
    fn product(&mut self, left: &[Alternative], right: &[Alternative]) -> Vec<Alternative> {
        let atoms = |list: &[Alternative]| list.iter().map(|one| one.atoms.len()).sum::<usize>();
        if left.len() * right.len() + atoms(left) * right.len() + atoms(right) * left.len() > SIZE_MAX {
            self.unknown.push(format!("and of more than {SIZE_MAX} comparisons"));
            return Vec::new();
        }
        left.iter()
            .flat_map(|a| right.iter().map(move |b| Alternative { atoms: [a.atoms.as_slice(), &b.atoms].concat() }))
            .collect()
    }

    fn any(&mut self, node: Node) -> Vec<Alternative> {
        elements(node).flat_map(|inner| self.one(inner)).collect()
    }

    fn one(&mut self, node: Node) -> Vec<Alternative> {
        let atom = match &*name(node) {
            "and" | "conditionvar" => return self.all(node),
            "or" => return self.any(node),
            // What must not be chosen is wrong already by not being named. `other` names no response.
            "not" | "other" | "unanswered" | "durequal" | "durlt" | "durlte" | "durgt" | "durgte" => return Vec::new(),
            "varequal" | "varsubset" => Some(Atom::Equal {
                value: text(node).trim().to_owned(),
                match_case: attribute(node, "case").is_some_and(|case| case.eq_ignore_ascii_case("yes")),
                position: attribute(node, "index").and_then(|index| index.trim().parse().ok()),
            }),
            "vargte" => bound(node, true).map(Atom::Low),
            "vargt" => bound(node, false).map(Atom::Low),
            "varlte" => bound(node, true).map(Atom::High),
            "varlt" => bound(node, false).map(Atom::High),
            _ => None,
        };
        if let Some(atom) = atom {
            vec![Alternative { atoms: vec![(respondent(node), atom)] }]
        } else {
            self.unknown.push(name(node).into_owned());
            Vec::new()
        }
    }
}

fn respondent(node: Node) -> String {
    attribute(node, "respident").unwrap_or_default().trim().to_owned()
}

fn bound(node: Node, is_included: bool) -> Option<Bound> {
    Some(Bound { value: decimal(&text(node))?, is_included })
}
