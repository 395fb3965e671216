//! The variables of an item of QTI 2 and 3.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::processing::Keyed;
use crate::{
    Decimal, Tolerance,
    labels::{decimal, finite},
    scoring::{Rule, Test},
    xml::{self, attribute, child, children},
};

/// A response variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    pub(super) cardinality: String,
    pub(super) base_type: String,
    pub(super) correct: Vec<String>,
    pub(super) mapping: Option<Mapping>,
}

/// Points for each value.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) entries: Vec<Entry>,
    default: f64,
    lower: Option<f64>,
    upper: Option<f64>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    key: String,
    points: f64,
    match_case: bool,
}

#[derive(Debug, Default)]
pub(super) struct Declarations {
    pub(super) responses: BTreeMap<String, Declared>,
    pub(super) outcome_defaults: BTreeMap<String, f64>,
    /// The greatest score that the item states.
    pub(super) maximum: Option<f64>,
}

pub(super) fn read(item: Node) -> Declarations {
    let mut declarations = Declarations::default();
    for node in children(item, "responseDeclaration") {
        let Some(id) = attribute(node, "identifier") else { continue };
        declarations.responses.insert(id.trim().to_owned(), declared(node));
    }
    for node in children(item, "outcomeDeclaration") {
        let Some(id) = attribute(node, "identifier") else { continue };
        let default = child(node, "defaultValue").and_then(|value| finite(&xml::text(value)));
        if let Some(default) = default {
            declarations.outcome_defaults.insert(id.to_owned(), default);
        }
        if id == "SCORE" {
            let stated = attribute(node, "normalMaximum").and_then(finite).filter(|maximum| *maximum > 0.0);
            declarations.maximum = stated.or(declarations.maximum);
        }
    }
    if declarations.maximum.is_none() {
        declarations.maximum = declarations.outcome_defaults.get("MAXSCORE").copied().filter(|maximum| *maximum > 0.0);
    }
    declarations
}

fn declared(node: Node) -> Declared {
    let values = child(node, "correctResponse").map(|correct| {
        children(correct, "value")
            .map(|value| xml::text(value).trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    });
    Declared {
        cardinality: attribute(node, "cardinality").unwrap_or("single").to_owned(),
        base_type: attribute(node, "baseType").unwrap_or("string").to_owned(),
        correct: values.unwrap_or_default(),
        mapping: child(node, "mapping").map(mapping),
    }
}

fn mapping(node: Node) -> Mapping {
    let number = |name: &str| attribute(node, name).and_then(finite);
    let entries = children(node, "mapEntry").filter_map(|entry| {
        Some(Entry {
            key: attribute(entry, "mapKey")?.trim().to_owned(),
            points: attribute(entry, "mappedValue").and_then(finite)?,
            match_case: attribute(entry, "caseSensitive").is_none_or(|value| value != "false" && value != "0"),
        })
    });
    Mapping {
        entries: entries.collect(),
        default: number("defaultValue").unwrap_or(0.0),
        lower: number("lowerBound"),
        upper: number("upperBound"),
    }
}

impl Declared {
    pub(super) fn is_number(&self) -> bool {
        matches!(self.base_type.as_str(), "float" | "integer")
    }

    /// A value as a test. `match` compares numbers exactly.
    pub(super) fn equal(&self, value: &str, match_case: bool) -> Test {
        let number = decimal(value).filter(|_| self.is_number());
        match number {
            Some(value) => Test::Near { value, tolerance: Tolerance::Absolute(Decimal::zero()) },
            None => Test::Equal { value: value.to_owned(), match_case },
        }
    }

    /// The correct response as a test.
    pub(super) fn correct_test(&self) -> Option<Test> {
        match (self.cardinality.as_str(), self.correct.as_slice()) {
            (_, []) => None,
            ("multiple" | "ordered", values) => Some(Test::All(values.to_vec())),
            (_, [value, ..]) => Some(self.equal(value, true)),
        }
    }

    /// One point for the correct response.
    pub(super) fn correct_rule(&self) -> Rule {
        let test = self.correct_test().unwrap_or(Test::All(Vec::new()));
        Rule { test, points: 1.0, feedback: None }
    }
}

impl Mapping {
    pub(super) fn keyed(&self, declared: &Declared) -> Keyed {
        let rules = self.entries.iter().map(|entry| Rule {
            test: declared.equal(&entry.key, entry.match_case),
            points: entry.points,
            feedback: None,
        });
        Keyed { rules: rules.collect(), unnamed: self.default, least: self.lower, most: self.upper }
    }
}
