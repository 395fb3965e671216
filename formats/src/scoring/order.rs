//! Interactions whose response is an order.

use super::{Key, Label, Rule, Test, combinations, is_zero};
use crate::Answer;

/// An order that gives points for single places. Points for the whole order alone cannot be said: each place is marked by
/// itself.
pub(super) fn places_key(options: &[Label], rules: &[Rule]) -> Result<Key, String> {
    let at = rules.iter().filter(|rule| rule.points > 0.0).filter_map(|rule| match &rule.test {
        Test::At { place, value } => Some((*place, value.as_str(), rule.points)),
        _ => None,
    });
    let mut at: Vec<(usize, &str, f64)> = at.collect();
    if at.is_empty() {
        return Err(
            "its type `orderInteraction` gives points only for the whole order. Here each place is marked by itself."
                .to_owned(),
        );
    }
    at.sort_by(|a, b| a.0.cmp(&b.0).then(b.2.total_cmp(&a.2)));
    at.dedup_by_key(|(place, ..)| *place);
    if at.iter().enumerate().any(|(index, (place, ..))| *place != index + 1) {
        return Err("the right text of some places of its order is not said.".to_owned());
    }
    let mut warnings = Vec::new();
    if at.iter().any(|(_, _, points)| !is_zero(points - at[0].2)) {
        warnings.push("The places of the order have different points. Here each has the same share.".to_owned());
    }
    let find = |id: &str| options.iter().position(|option| option.id == id);
    let order: Option<Vec<usize>> = at.iter().map(|(_, id, _)| find(id)).collect();
    let order = order.ok_or("its right order names an option that does not exist.")?;
    let text = |index: usize| options[index].text.clone();
    let left: Vec<String> = (0..options.len()).filter(|index| !order.contains(index)).map(text).collect();
    let texts = order.iter().map(|index| text(*index));
    let answer = if left.is_empty() {
        Answer::Ordering(texts.collect())
    } else {
        let pairs = texts.enumerate().map(|(index, text)| (format!("Place {}", index + 1), text)).collect();
        Answer::Matching { pairs, distractors: left }
    };
    Ok(Key { answer, full: at.iter().map(|(_, _, points)| points).sum(), warnings })
}

/// The order that gives the most points.
pub(super) fn key(options: &[Label], rules: &[Rule]) -> Result<Key, String> {
    let orders = combinations(rules);
    let (order, full) = orders.first().copied().ok_or("its right order is not said.")?;
    let texts: Option<Vec<String>> = order
        .iter()
        .map(|id| options.iter().find(|option| option.id == *id).map(|option| option.text.clone()))
        .collect();
    let texts = texts.ok_or("its right order names an option that does not exist.")?;
    if texts.len() < 2 {
        return Err("it has fewer than two texts to order.".to_owned());
    }
    let mut warnings = Vec::new();
    if texts.len() < options.len() {
        warnings.push("Texts that are in no right order are left out.".to_owned());
    }
    if orders.len() > 1 {
        warnings.push(format!("Points for {} other orders are left out.", orders.len() - 1));
    }
    Ok(Key { answer: Answer::Ordering(texts), full, warnings })
}
