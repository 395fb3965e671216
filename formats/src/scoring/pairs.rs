//! Interactions whose responses are pairs.

use super::{Key, Label, RESPONSES_MAX, Rule, Test};
use crate::Answer;

const ALL_PAIRS: &str = "The source gives points only if all pairs are right. Here each pair has its share.";

/// The pairs of two sets: each left side has one right side.
pub(super) fn key(left: &[Label], right: &[Label], rules: &[Rule]) -> Result<Key, String> {
    if left.len().max(right.len()) > RESPONSES_MAX || rules.len() > RESPONSES_MAX * RESPONSES_MAX {
        return Err(format!("it has more than {RESPONSES_MAX} pairs."));
    }
    let mut warnings = Vec::new();
    let (mut full, mut is_all_or_nothing) = (0.0, false);
    let mut found: Vec<(usize, usize, f64)> = Vec::new();
    let find = |labels: &[Label], id: &str| labels.iter().position(|label| label.id == id);
    let mut add = |value: &str, points: f64| {
        let ends = value.split_once(' ').and_then(|(a, b)| {
            let b = b.trim();
            find(left, a).zip(find(right, b)).or_else(|| find(left, b).zip(find(right, a)))
        });
        match ends {
            Some((a, b)) => found.push((a, b, points)),
            None => warnings.push(format!("The pair `{value}` names an option that does not exist.")),
        }
    };
    for rule in rules.iter().filter(|rule| rule.points > 0.0) {
        match &rule.test {
            Test::Equal { value, .. } => {
                full += rule.points;
                add(value, rule.points);
            }
            Test::All(values) => {
                full = f64::max(full, rule.points);
                is_all_or_nothing |= values.len() > 1;
                for value in values {
                    add(value, rule.points);
                }
            }
            _ => {}
        }
    }
    if is_all_or_nothing {
        warnings.push(ALL_PAIRS.to_owned());
    }
    let mut pairs = Vec::new();
    let mut used = Vec::new();
    for (index, label) in left.iter().enumerate() {
        let mut rights: Vec<(usize, f64)> =
            found.iter().filter(|(a, _, _)| *a == index).map(|(_, b, points)| (*b, *points)).collect();
        rights.sort_by(|a, b| b.1.total_cmp(&a.1));
        rights.dedup_by_key(|(b, _)| *b);
        match rights.as_slice() {
            [] => return Err(format!("“{}” has no right side.", label.text)),
            [(only, _)] => {
                used.push(*only);
                pairs.push((label.text.clone(), right[*only].text.clone()));
            }
            _ => return Err(format!("“{}” has several right sides.", label.text)),
        }
    }
    if pairs.is_empty() {
        return Err("it has no pairs.".to_owned());
    }
    let others = right.iter().enumerate().filter(|(index, _)| !used.contains(index));
    let distractors = others.map(|(_, label)| label.text.clone()).filter(|text| !text.is_empty()).collect();
    Ok(Key { answer: Answer::Matching { pairs, distractors }, full, warnings })
}

/// Pairs within one set. The first text of each pair is given, so that it can be marked as a matching.
pub(super) fn association_key(options: &[Label], rules: &[Rule]) -> Result<Key, String> {
    if options.len() > RESPONSES_MAX || rules.len() > RESPONSES_MAX * RESPONSES_MAX {
        return Err(format!("it has more than {RESPONSES_MAX} pairs."));
    }
    let mut warnings =
        vec!["An association is taken as a matching, in which one text of each pair is given.".to_owned()];
    let find = |id: &str| options.iter().position(|option| option.id == id);
    let mut full = 0.0;
    let mut found: Vec<(usize, usize)> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.points > 0.0) {
        let values = match &rule.test {
            Test::Equal { value, .. } => {
                full += rule.points;
                std::slice::from_ref(value)
            }
            Test::All(values) => {
                full = f64::max(full, rule.points);
                if values.len() > 1 {
                    warnings.push(ALL_PAIRS.to_owned());
                }
                values.as_slice()
            }
            _ => continue,
        };
        for value in values {
            let ends = value.split_once(' ').and_then(|(a, b)| find(a.trim()).zip(find(b.trim())));
            let (a, b) = ends.ok_or_else(|| format!("the pair `{value}` names an option that does not exist."))?;
            let pair = (a.min(b), a.max(b));
            if !found.contains(&pair) {
                found.push(pair);
            }
        }
    }
    warnings.dedup();
    found.sort_unstable();
    let mut used: Vec<usize> = found.iter().flat_map(|(a, b)| [*a, *b]).collect();
    used.sort_unstable();
    if let Some([twice, _]) = used.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("“{}” is in several pairs.", options[*twice].text));
    }
    if found.is_empty() {
        return Err("it has no pairs.".to_owned());
    }
    let text = |index: usize| options[index].text.clone();
    let pairs = found.iter().map(|(a, b)| (text(*a), text(*b))).collect();
    let distractors = (0..options.len()).filter(|index| !used.contains(index)).map(text).collect();
    Ok(Key { answer: Answer::Matching { pairs, distractors }, full, warnings })
}
