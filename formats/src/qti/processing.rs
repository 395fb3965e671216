//! The response processing of QTI 2 and 3: which responses give points.
//!
//! The key of a response is what the response processing says, else its mapping, else its correct response. Each step down is
//! a warning.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;

use super::{
    declarations::{Declarations, Declared},
    expressions::{Alternative, Expressions},
};
use crate::{
    labels::finite,
    scoring::{Rule, Test},
    xml::{self, attribute, child, descendants, elements, name},
};

/// The largest number of rules of an item.
const RULES_MAX: usize = 20_000;

/// The rules of one response.
#[derive(Debug, Default)]
pub(super) struct Keyed {
    pub(super) rules: Vec<Rule>,
    /// Points of an option that no rule names.
    pub(super) unnamed: f64,
    /// Bounds of the sum of the points.
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
}

/// What the response processing of an item says.
#[derive(Debug, Default)]
pub(super) struct Processed {
    rules: BTreeMap<String, Vec<Rule>>,
    /// Responses whose mapping gives the points.
    mapped: BTreeSet<String>,
    /// Responses whose correct response gives the points.
    corrected: BTreeSet<String>,
    /// Whether points depend on several responses together.
    pub(super) is_joined: bool,
    is_there: bool,
    pub(super) warnings: Vec<String>,
}

/// Reads the response processing of an item.
pub(super) fn read(item: Node, declarations: &Declarations) -> Processed {
    let mut processed = Processed::default();
    let Some(node) = child(item, "responseProcessing") else { return processed };
    processed.is_there = true;
    if elements(node).next().is_some() {
        let scores = score_variables(node);
        let mut reader = Reader { declarations, scores, processed, unknown: BTreeSet::new(), rules_left: RULES_MAX };
        reader.sequence(node, &vec![Alternative::default()]);
        let Reader { processed: mut read, unknown, .. } = reader;
        for unknown in unknown {
            read.warnings.push(format!("`{unknown}` in the response processing is not understood and is left out."));
        }
        return read;
    }
    let address =
        attribute(node, "template").or_else(|| attribute(node, "templateLocation")).unwrap_or_default().trim();
    if address.is_empty() {
        return processed;
    }
    // The template acts on the response `RESPONSE`. Exporters name it as they like if there is only one.
    let ids: Vec<&String> = match declarations.responses.get_key_value("RESPONSE") {
        Some((id, _)) => vec![id],
        None => declarations.responses.keys().collect(),
    };
    match template(address) {
        Template::MatchCorrect => processed.corrected.extend(ids.into_iter().cloned()),
        Template::MapResponse => processed.mapped.extend(ids.into_iter().cloned()),
        Template::Unknown => {
            processed.warnings.push(format!("The template {address} of the response processing is unknown."));
        }
    }
    processed
}

enum Template {
    MatchCorrect,
    MapResponse,
    Unknown,
}

/// A standard template, by the last part of its address: with or without `.xml`, and in the variants of Common Cartridge.
fn template(address: &str) -> Template {
    let last = address.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let last = last.strip_suffix(".xml").unwrap_or(&last);
    match last.strip_prefix("cc2_").unwrap_or(last) {
        "match_correct" | "match" | "match_basic" => Template::MatchCorrect,
        "map_response" | "map" => Template::MapResponse,
        _ => Template::Unknown,
    }
}

/// `SCORE`, and the variables from which it is computed.
fn score_variables(node: Node) -> BTreeSet<String> {
    let sets: Vec<Node> = descendants(node, "setOutcomeValue").collect();
    let mut scores = BTreeSet::from(["SCORE".to_owned()]);
    loop {
        let before = scores.len();
        for set in &sets {
            if attribute(*set, "identifier").is_some_and(|id| scores.contains(id)) {
                let read = descendants(*set, "variable").filter_map(|variable| attribute(variable, "identifier"));
                scores.extend(read.map(str::to_owned));
            }
        }
        if scores.len() == before {
            return scores;
        }
    }
}

/// What an expression of a score adds to it.
#[derive(Debug, Default)]
struct Score {
    constant: f64,
    mapped: Vec<String>,
    is_known: bool,
}

struct Reader<'a> {
    declarations: &'a Declarations,
    scores: BTreeSet<String>,
    processed: Processed,
    unknown: BTreeSet<String>,
    rules_left: usize,
}

impl Reader<'_> {
    /// Reads rules that act if one of the alternatives holds.
    fn sequence(&mut self, node: Node, when: &Vec<Alternative>) {
        for rule in elements(node) {
            self.rule(rule, when);
        }
    }

    fn rule(&mut self, rule: Node, when: &Vec<Alternative>) {
        match &*name(rule) {
            "responseCondition" => {
                for branch in elements(rule) {
                    if name(branch) == "responseElse" {
                        // What holds here is what no condition named: a mapping still counts.
                        self.sequence(branch, &Vec::new());
                        continue;
                    }
                    let mut parts = elements(branch);
                    let Some(condition) = parts.next() else { continue };
                    let mut expressions = Expressions { declarations: self.declarations, unknown: &mut self.unknown };
                    let found = expressions.condition(condition);
                    let both = super::expressions::product(when, &found, &mut self.unknown);
                    for inner in parts {
                        self.rule(inner, &both);
                    }
                }
            }
            "setOutcomeValue" if attribute(rule, "identifier").is_some_and(|id| self.scores.contains(id)) => {
                self.set(rule, when);
            }
            "responseProcessingFragment" => self.sequence(rule, when),
            _ => {}
        }
    }

    fn set(&mut self, rule: Node, when: &[Alternative]) {
        let Some(expression) = elements(rule).next() else { return };
        let score = self.score(expression);
        if !score.is_known {
            self.unknown.insert(name(expression).into_owned());
        }
        self.processed.mapped.extend(score.mapped);
        if score.constant.abs() < 1e-12 {
            return;
        }
        if when.is_empty() && score.constant > 0.0 {
            let warning = "Points for all responses that no condition names are left out.".to_owned();
            if self.unknown.is_empty() && !self.processed.warnings.contains(&warning) {
                self.processed.warnings.push(warning);
            }
        }
        for alternative in when {
            let mut by_response: BTreeMap<&str, Vec<&Test>> = BTreeMap::new();
            for (response, test) in alternative {
                by_response.entry(response).or_default().push(test);
            }
            self.processed.is_joined |= by_response.len() > 1;
            for (response, tests) in by_response {
                if self.rules_left == 0 {
                    self.unknown.insert(format!("more than {RULES_MAX} comparisons"));
                    return;
                }
                for test in joined(&tests) {
                    self.rules_left = self.rules_left.saturating_sub(1);
                    let rule = Rule { test, points: score.constant, feedback: None };
                    self.processed.rules.entry(response.to_owned()).or_default().push(rule);
                }
            }
        }
    }

    fn score(&mut self, node: Node) -> Score {
        let known = |constant: f64| Score { constant, is_known: true, ..Score::default() };
        match &*name(node) {
            "baseValue" => finite(&xml::text(node)).map_or_else(Score::default, known),
            "mapResponse" => match attribute(node, "identifier") {
                Some(id) => Score { mapped: vec![id.to_owned()], is_known: true, ..Score::default() },
                None => Score::default(),
            },
            "variable" => {
                let id = attribute(node, "identifier").unwrap_or_default();
                match self.declarations.outcome_defaults.get(id) {
                    Some(value) if !self.scores.contains(id) || id.starts_with("MAX") => known(*value),
                    _ => known(0.0),
                }
            }
            "sum" | "max" | "min" => {
                let mut total = known(0.0);
                for inner in elements(node) {
                    let score = self.score(inner);
                    total.constant += score.constant;
                    total.mapped.extend(score.mapped);
                    total.is_known &= score.is_known;
                }
                total
            }
            "product" => {
                let parts: Vec<Score> = elements(node).map(|inner| self.score(inner)).collect();
                let is_known = parts.iter().all(|score| score.is_known && score.mapped.is_empty());
                let constant = if is_known { parts.iter().map(|score| score.constant).product() } else { 0.0 };
                Score { constant, is_known, mapped: Vec::new() }
            }
            "integerToFloat" | "round" | "truncate" => {
                elements(node).next().map_or_else(Score::default, |inner| self.score(inner))
            }
            _ => Score::default(),
        }
    }
}

/// Tests of one response that must all hold. Two bounds are a range, and options that are chosen together are a set.
fn joined(tests: &[&Test]) -> Vec<Test> {
    let (mut lowest, mut highest) = (None, None);
    let mut values = Vec::new();
    let mut places = BTreeMap::new();
    let mut others = Vec::new();
    for test in tests {
        match test {
            Test::Between { low, high } => {
                lowest = low.clone().or(lowest);
                highest = high.clone().or(highest);
            }
            Test::Equal { value, .. } if tests.len() > 1 => values.push(value.clone()),
            Test::At { place, value } if tests.len() > 1 => drop(places.insert(*place, value.clone())),
            other => others.push((*other).clone()),
        }
    }
    if !values.is_empty() {
        others.push(Test::All(values));
    }
    if !places.is_empty() {
        others.push(Test::All(places.into_values().collect()));
    }
    if lowest.is_some() || highest.is_some() {
        others.push(Test::Between { low: lowest, high: highest });
    }
    others
}

impl Keyed {
    /// The rules for one gap of a response whose values are pairs of an option and a gap. A pair of several that must all be
    /// right gets its share.
    pub(super) fn of_gap(self, gap: &str) -> Self {
        let option = |value: &str| {
            let (first, second) = value.split_once(' ').map(|(first, second)| (first.trim(), second.trim()))?;
            (second == gap).then_some(first).or((first == gap).then_some(second)).map(str::to_owned)
        };
        let mut rules = Vec::new();
        for rule in &self.rules {
            let values = match &rule.test {
                Test::Equal { value, .. } => std::slice::from_ref(value),
                Test::All(values) => values.as_slice(),
                _ => continue,
            };
            let points = rule.points / f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX).max(1));
            rules.extend(values.iter().filter_map(|value| option(value)).map(|value| Rule {
                test: Test::Equal { value, match_case: true },
                points,
                feedback: None,
            }));
        }
        Self { rules, unnamed: self.unnamed, least: None, most: None }
    }

    /// Whether points are given only for several values together.
    pub(super) fn is_all_or_nothing(&self) -> bool {
        self.rules.iter().any(|rule| rule.points > 0.0 && matches!(&rule.test, Test::All(values) if values.len() > 1))
    }
}

impl Processed {
    /// The rules of a response, and a warning for each step down.
    pub(super) fn keyed(&mut self, id: &str, declared: &Declared, is_essay: bool) -> Keyed {
        let mapping = declared.mapping.as_ref().filter(|mapping| !mapping.entries.is_empty());
        let correct =
            (!declared.correct.is_empty()).then(|| Keyed { rules: vec![declared.correct_rule()], ..Keyed::default() });
        let is_mapped = self.mapped.contains(id);
        let is_corrected = self.corrected.contains(id);
        let own = self.rules.get(id).cloned().unwrap_or_default();
        if is_mapped && let Some(mapping) = mapping {
            return mapping.keyed(declared);
        }
        if !is_mapped && !own.is_empty() {
            return Keyed { rules: own, ..Keyed::default() };
        }
        if is_corrected && let Some(correct) = correct {
            return correct;
        }
        if is_essay {
            return Keyed::default();
        }
        let reason = if !self.is_there {
            "There is no response processing"
        } else if is_mapped {
            "The response processing uses a mapping that is not there"
        } else if is_corrected {
            "The response processing uses a correct response that is not there"
        } else {
            "The response processing sets no score that depends on the response"
        };
        if let Some(mapping) = mapping {
            self.warnings.push(format!("{reason}, so the key of `{id}` is its mapping."));
            return mapping.keyed(declared);
        }
        if let Some(correct) = correct {
            self.warnings.push(format!("{reason}, so the key of `{id}` is its correct response."));
            return correct;
        }
        self.warnings.push(format!("{reason}, and `{id}` has neither mapping nor correct response: there is no key."));
        Keyed::default()
    }
}
