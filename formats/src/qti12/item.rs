//! An item of QTI 1.2 as a question.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{
    conditions::{self, Atom, Condition, Points, Processing},
    presentation::{Response, Shown, Texts, feedbacks, marker},
};
use crate::{
    Answer, Decimal, Part, Question, Tolerance,
    labels::finite,
    reading::apply_tag,
    scoring::{Asked, Key, Label, RESPONSES_MAX, Rule, Test, key},
    xml::{child, child_text, descendants, elements, name},
};

/// What an item is.
pub(super) enum Read {
    Question(Box<Question>),
    /// A text without a question.
    Text(String),
}

/// The metadata of an item or a bank, by name in small letters.
pub(super) fn metadata(node: Node) -> BTreeMap<String, String> {
    let mut list = BTreeMap::new();
    for inner in elements(node) {
        match &*name(inner) {
            "itemmetadata" => list.extend(metadata(inner)),
            "qtimetadata" => {
                for field in descendants(inner, "qtimetadatafield") {
                    if let Some((label, entry)) = child_text(field, "fieldlabel").zip(child_text(field, "fieldentry")) {
                        list.insert(label.to_ascii_lowercase(), entry);
                    }
                }
            }
            other if other.starts_with("qmd_") || other.starts_with("bbmd_") => {
                let text = crate::xml::text(inner).trim().to_owned();
                if !text.is_empty() {
                    list.insert(other.to_ascii_lowercase(), text);
                }
            }
            _ => {}
        }
    }
    list
}

/// Reads an item. `Err` is the reason for which it is refused.
pub(super) fn read(node: Node, texts: &mut Texts) -> Result<Read, String> {
    let metadata = metadata(node);
    let kind = ["question_type", "cc_profile", "bbmd_questiontype", "qmd_itemtype", "qmd_questiontype"]
        .iter()
        .find_map(|label| metadata.get(*label))
        .map(|kind| kind.to_ascii_lowercase())
        .unwrap_or_default();
    check_kind(&kind)?;
    let presentation = child(node, "presentation").ok_or("it shows nothing.")?;
    let mut shown = Shown::default();
    shown.walk(presentation);
    if shown.responses.is_empty() || kind.contains("text_only") {
        let text = texts.html(&shown.html);
        return if text.is_empty() { Err("it has no text.".to_owned()) } else { Ok(Read::Text(text)) };
    }
    if shown
        .responses
        .iter()
        .any(|response| response.has_hotspot || matches!(response.kind.as_str(), "grp" | "extension"))
    {
        return Err("it is answered on a picture or by moving objects.".to_owned());
    }
    if shown.responses.len() > RESPONSES_MAX {
        return Err(format!("it has more than {RESPONSES_MAX} responses."));
    }
    for label in shown.responses.iter_mut().flat_map(|response| &mut response.labels) {
        label.text = texts.html(&label.text);
    }
    let responses = &shown.responses;
    let is_single = |id: &str| {
        let mut same = responses.iter().filter(|response| response.id == id);
        same.next().is_none_or(|response| response.cardinality == "single")
    };
    let mut processing = conditions::read(node, &is_single);
    texts.rich.warnings.append(&mut processing.warnings);
    let feedback = Feedback::read(node, &processing, texts);
    for response in &mut shown.responses {
        for label in &mut response.labels {
            label.feedback = feedback.of(&response.id, &label.id);
        }
    }
    let mut question = Question::default();
    let keys = keys(&shown.responses, &kind, &processing, &feedback, texts)?;
    let points = points(&metadata, &processing);
    arrange(&mut question, &shown, &kind, keys, points, texts)?;
    question.solution = feedback.solution;
    question.extra.extend(feedback.extra);
    if shown.responses.iter().any(|response| response.shuffle == Some(false)) && kind.is_empty() {
        question.extra.push(("shuffle".to_owned(), "no".to_owned()));
    }
    for (label, value) in &metadata {
        match label.as_str() {
            "qmd_topic" | "topic" => question.topic = Some(value.clone()),
            "qmd_levelofdifficulty" | "difficulty" => apply_tag(&mut question, &format!("difficulty:{value}")),
            "qmd_keywords" | "keywords" | "tags" => {
                for tag in value.split([',', ';']) {
                    apply_tag(&mut question, tag);
                }
            }
            _ => {}
        }
    }
    Ok(Read::Question(Box::new(question)))
}

/// Refuses the types that cannot be taken, with the reason.
fn check_kind(kind: &str) -> Result<(), String> {
    let reason = match kind {
        "calculated_question" | "calculated" | "formula_question" | "calculated_formula" => {
            "computes its values from random numbers"
        }
        "file_upload_question" | "file upload" => "is answered by a file",
        "hot_spot_question" | "hot-spot" | "hot spot" | "hotspot" => "is answered on a picture",
        "quiz bowl" | "jumbled sentence" | "opinion scale" | "categorization_question" => "is not supported",
        _ => return Ok(()),
    };
    Err(format!("its type `{kind}` {reason}."))
}

/// The points of the item, if it says them. A maximum of 100 is a percentage, which Canvas and Common Cartridge use.
fn points(metadata: &BTreeMap<String, String>, processing: &Processing) -> Option<f64> {
    let stated = ["points_possible", "cc_weighting", "qmd_weighting", "qmd_absolutescore_max"]
        .iter()
        .find_map(|label| metadata.get(*label).and_then(|points| finite(points)).filter(|points| *points >= 0.0));
    let is_percent = metadata.contains_key("question_type") || metadata.contains_key("cc_profile");
    stated.or_else(|| processing.maximum.filter(|maximum| !is_percent && *maximum < 100.0))
}

/// The key of each response.
fn keys(
    responses: &[Response],
    kind: &str,
    processing: &Processing,
    feedback: &Feedback,
    texts: &mut Texts,
) -> Result<Vec<Key>, String> {
    let mut joined = false;
    let mut keys = Vec::new();
    for response in responses {
        let mut rules = Vec::new();
        for condition in &processing.conditions {
            joined |= add_rules(&mut rules, response, condition, processing.maximum);
        }
        let is_open = rules.is_empty() && !response.labels.iter().any(|label| !label.text.is_empty());
        // Canvas lists the accepted texts of a gap as options that nobody sees.
        let is_hidden_list = kind == "fill_in_multiple_blanks_question";
        let asked = if is_open || kind == "essay_question" {
            Asked::Essay
        } else if response.is_fill_in || is_hidden_list || matches!(response.kind.as_str(), "str" | "num") {
            if is_hidden_list {
                rules = rules.into_iter().filter_map(|rule| by_text(rule, &response.labels)).collect();
            }
            let is_number =
                response.is_number || kind.contains("numeric") || rules.iter().any(|rule| is_range(&rule.test));
            for rule in &mut rules {
                if let Test::Equal { value, .. } = &rule.test {
                    rule.feedback = feedback.of(&response.id, value);
                }
            }
            if is_number {
                exact(&mut rules);
            }
            Asked::Text { is_number }
        } else if response.cardinality == "ordered" {
            Asked::Order(response.labels.clone())
        } else {
            Asked::Choice { options: response.labels.clone(), several: response.cardinality == "multiple" }
        };
        let mut key = key(&asked, &rules, 0.0)?;
        texts.rich.warnings.append(&mut key.warnings);
        keys.push(key);
    }
    if joined {
        let warning = "The source gives points only if all parts are right. Here each part has its share.";
        texts.rich.warnings.push(warning.to_owned());
    }
    Ok(keys)
}

fn is_range(test: &Test) -> bool {
    matches!(test, Test::Between { .. })
}

/// `varequal` compares numbers exactly.
fn exact(rules: &mut [Rule]) {
    for rule in rules {
        if let Test::Equal { value, .. } = &rule.test
            && let Some(value) = crate::labels::decimal(value)
        {
            rule.test = Test::Near { value, tolerance: Tolerance::Absolute(Decimal::zero()) };
        }
    }
}

fn by_text(rule: Rule, labels: &[Label]) -> Option<Rule> {
    let Test::Equal { value, .. } = &rule.test else { return Some(rule) };
    let text = labels.iter().find(|label| label.id == *value)?.text.clone();
    Some(Rule { test: Test::Equal { value: text, match_case: false }, ..rule })
}

/// Adds what a condition says about one response. Returns whether it also depends on another one.
fn add_rules(rules: &mut Vec<Rule>, response: &Response, condition: &Condition, maximum: Option<f64>) -> bool {
    let Some(points) = condition.points else { return false };
    let (points, is_added) = match points {
        Points::Set(points) => (points, false),
        Points::Add(points) => (points, true),
        Points::Full => (maximum.unwrap_or(1.0), false),
    };
    if points.abs() < 1e-12 {
        return false;
    }
    let mut joined = false;
    for alternative in &condition.alternatives {
        let mut values = Vec::new();
        let (mut low, mut high) = (None, None);
        for (id, atom) in &alternative.atoms {
            if *id != response.id {
                continue;
            }
            match atom {
                Atom::Equal { value, match_case, position } => values.push((value, *match_case, *position)),
                Atom::Low(bound) => low = Some(bound.clone()),
                Atom::High(bound) => high = Some(bound.clone()),
            }
        }
        if values.is_empty() && low.is_none() && high.is_none() {
            continue;
        }
        joined |= alternative.atoms.iter().any(|(id, _)| *id != response.id);
        let test = if values.is_empty() {
            Test::Between { low, high }
        } else if response.cardinality == "single" || (is_added && values.len() == 1) {
            let (value, match_case, _) = values[0];
            Test::Equal { value: value.clone(), match_case }
        } else {
            values.sort_by_key(|(_, _, position)| *position);
            Test::All(values.into_iter().map(|(value, _, _)| value.clone()).collect())
        };
        rules.push(Rule { test, points, feedback: None });
    }
    joined
}

/// Puts texts, gaps and parts together.
fn arrange(
    question: &mut Question,
    shown: &Shown,
    kind: &str,
    mut keys: Vec<Key>,
    points: Option<f64>,
    texts: &mut Texts,
) -> Result<(), String> {
    if let Some(answer) = as_matching(&shown.responses, kind, &keys, texts) {
        question.stem = without_markers(&texts.html(&shown.html));
        question.parts = vec![Part { answer, points: points.or(Some(1.0)), ..Part::default() }];
        return finish(question);
    }
    let shares = shares(&keys, points);
    let mut stem = texts.html(&shown.html);
    let is_alone = shown.responses.len() == 1;
    for (index, response) in shown.responses.iter().enumerate() {
        let key = std::mem::take(&mut keys[index]);
        let mark = marker(index);
        let blank =
            blank_name(response).map(|name| format!("[{name}]")).filter(|blank| !is_alone && stem.contains(blank));
        let after = stem.split_once(&mark).map_or("", |(_, after)| after);
        let is_inside = response.is_fill_in && (!is_alone || after.chars().any(char::is_alphanumeric));
        let prompt = if blank.is_some() { String::new() } else { texts.html(&response.prompt) };
        let is_gap = blank.is_some() || (is_inside && key.answer != Answer::Open);
        let gap = format!("[gap {}]", index + 1);
        if let Some(blank) = blank {
            stem = stem.replacen(&mark, "", 1).replacen(&blank, &gap, 1);
        } else {
            stem = stem.replacen(&mark, if is_gap { &gap } else { "" }, 1);
        }
        if !is_gap && is_alone && !prompt.is_empty() {
            stem = format!("{}\n{prompt}", stem.trim_end());
        }
        let text = if is_gap || is_alone { String::new() } else { prompt };
        question.parts.push(Part { text, is_gap, answer: key.answer, points: shares[index], ..Part::default() });
    }
    stem.trim().clone_into(&mut question.stem);
    finish(question)
}

fn finish(question: &Question) -> Result<(), String> {
    if question.stem.is_empty() && question.parts.iter().all(|part| part.text.is_empty()) {
        return Err("it has no text.".to_owned());
    }
    Ok(())
}

fn without_markers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{e000}') {
        out.push_str(before);
        rest = after.split_once('\u{e001}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.trim().to_owned()
}

/// Canvas names a gap by its response: `response_color` is the gap `[color]`.
fn blank_name(response: &Response) -> Option<&str> {
    response.id.strip_prefix("response_").filter(|name| !name.is_empty())
}

/// The points of each part: its share of the item's score, or equal shares if the scores do not add up.
fn shares(keys: &[Key], points: Option<f64>) -> Vec<Option<f64>> {
    let sum: f64 = keys.iter().map(|key| key.full).sum();
    let count = f64::from(u32::try_from(keys.len()).unwrap_or(u32::MAX));
    let points = match points {
        Some(points) => points,
        None if keys.len() == 1 => return vec![None],
        None => return keys.iter().map(|key| Some(key.full).filter(|_| sum > 0.0 && sum < 100.0)).collect(),
    };
    let has_all = keys.iter().all(|key| key.full > 0.0);
    let is_common = keys.len() > 1 && keys.iter().all(|key| (key.full - keys[0].full).abs() < 1e-9);
    keys.iter().map(|key| Some(if has_all && !is_common { points * key.full / sum } else { points / count })).collect()
}

/// Several choices that share their options are the left sides of a matching.
fn as_matching(responses: &[Response], kind: &str, keys: &[Key], texts: &mut Texts) -> Option<Answer> {
    let first = responses.first().filter(|_| responses.len() > 1 || kind.contains("matching"))?;
    let is_same = |response: &Response| {
        response.kind == "lid"
            && response.cardinality == "single"
            && !response.prompt.trim().is_empty()
            && response.labels.len() == first.labels.len()
            && response.labels.iter().zip(&first.labels).all(|(a, b)| a.text == b.text)
    };
    if !responses.iter().all(is_same) || !(kind.contains("matching") || kind.is_empty()) {
        return None;
    }
    let mut pairs = Vec::new();
    for (response, key) in responses.iter().zip(keys) {
        let Answer::Choice { options, .. } = &key.answer else { return None };
        let right = options.iter().find(|option| option.is_right)?;
        pairs.push((texts.html(&response.prompt), right.text.clone()));
    }
    let distractors = first
        .labels
        .iter()
        .map(|label| label.text.clone())
        .filter(|text| !pairs.iter().any(|(_, right)| right == text))
        .collect();
    Some(Answer::Matching { pairs, distractors })
}

/// Where the texts of the feedback belong.
#[derive(Debug, Default)]
struct Feedback {
    solution: Option<String>,
    /// By response and value.
    values: Vec<(String, String, String)>,
    extra: Vec<(String, String)>,
}

impl Feedback {
    fn read(node: Node, processing: &Processing, texts: &mut Texts) -> Self {
        let mut feedback = Self::default();
        let mut solutions: Vec<String> = Vec::new();
        for (id, text) in feedbacks(node, texts) {
            let shown: Vec<&Condition> =
                processing.conditions.iter().filter(|condition| condition.feedback.contains(&id)).collect();
            let value = shown.iter().find_map(|condition| match condition.alternatives.as_slice() {
                [alternative] if condition.points.is_none() => match alternative.atoms.as_slice() {
                    [(response, Atom::Equal { value, .. })] => Some((response.clone(), value.clone())),
                    _ => None,
                },
                _ => None,
            });
            let gives_points = shown.iter().any(|condition| match condition.points {
                Some(Points::Set(points) | Points::Add(points)) => points > 0.0,
                Some(Points::Full) => true,
                None => false,
            });
            let lower = id.to_ascii_lowercase();
            if let Some((response, value)) = value {
                feedback.values.push((response, value, text));
            } else if lower.contains("incorrect") || lower.contains("wrong") {
                feedback.extra.push(("feedback if wrong".to_owned(), text));
            } else if gives_points || lower.contains("correct") {
                feedback.extra.push(("feedback if right".to_owned(), text));
            } else {
                solutions.push(text);
            }
        }
        feedback.solution = (!solutions.is_empty()).then(|| solutions.join("\n\n"));
        feedback
    }

    fn of(&self, response: &str, value: &str) -> Option<String> {
        self.values.iter().find(|(id, other, _)| id == response && other == value).map(|(_, _, text)| text.clone())
    }
}
