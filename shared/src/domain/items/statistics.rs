//! The statistics of the items of a course.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::correlation::{correlation_interval, pearson, share_interval};
use super::{ConfidenceInterval, Item, Response};
use crate::domain::number::count;

/// Share of the persons in the upper and in the lower group (Kelley 1939).
const GROUP_SHARE: f64 = 0.27;

/// The statistics of all items.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Persons with at least one response.
    pub persons: u32,
    /// By index of the item.
    pub items: Vec<ItemStatistics>,
    /// Cronbach's alpha over the items that all persons were shown; `None` if fewer than two have variance.
    pub alpha: Option<f64>,
    /// The items of alpha, by index.
    pub alpha_items: Vec<usize>,
}

/// The statistics of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemStatistics {
    /// Persons who were shown it.
    pub shown: u32,
    /// Those who left it blank.
    pub blank: u32,
    /// Those who were right.
    pub right: u32,
    /// right / shown; `None` if nobody was shown it.
    pub facility: Option<f64>,
    /// 95 % interval of the facility.
    pub facility_interval: ConfidenceInterval,
    /// Correlation of right or wrong with the rest score; `None` without variance.
    pub item_rest: Option<f64>,
    /// Its 95 % interval.
    pub item_rest_interval: Option<ConfidenceInterval>,
    /// Facility among the upper 27 % by rest score, less that among the lower 27 %.
    pub upper_lower: Option<f64>,
    /// The options, those of the catalogue first.
    pub options: Vec<OptionStatistics>,
}

/// The statistics of an option, or of a combination of options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionStatistics {
    /// Its letter, or letters.
    pub letters: String,
    /// Whether it is the key.
    pub is_key: bool,
    /// Persons who chose it.
    pub chosen: u32,
    /// Correlation of choosing it with the rest score; `None` if nobody or everybody chose it.
    pub option_rest: Option<f64>,
    /// Its 95 % interval.
    pub option_rest_interval: Option<ConfidenceInterval>,
}

/// A person's responses by index of the item.
pub type Responses = BTreeMap<usize, Response>;

/// A person's totals over what they were shown.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    right: u32,
    shown: u32,
}

/// Computes the statistics of `items` from the responses of persons.
///
/// The **rest score** of a person for an item is the share that is right of the *other* items that this person was shown.
/// An item that was not shown is neither right nor wrong. A person who was shown no other item has no rest score, and
/// counts in the facility only.
#[must_use]
pub fn statistics(items: &[Item], persons: &[Responses]) -> Statistics {
    let persons: Vec<&Responses> = persons.iter().filter(|responses| !responses.is_empty()).collect();
    let score = |responses: &&Responses| Score {
        right: count(responses.values().filter(|response| response.is_right()).count()),
        shown: count(responses.len()),
    };
    let scores: Vec<Score> = persons.iter().map(score).collect();
    // Sorted by item in one pass, because persons are shown few of the items.
    let mut shown: Vec<Vec<(&Response, Score)>> = vec![Vec::new(); items.len()];
    for (responses, score) in persons.iter().zip(&scores) {
        for (item, response) in *responses {
            if let Some(shown) = shown.get_mut(*item) {
                shown.push((response, *score));
            }
        }
    }
    let to_all = |item: &usize| !persons.is_empty() && shown[*item].len() == persons.len();
    let (alpha, alpha_items) = alpha((0..items.len()).filter(to_all).collect(), &persons);
    let items = items.iter().zip(&shown).map(|(item, shown)| of_item(item, shown)).collect();
    Statistics { persons: count(persons.len()), items, alpha, alpha_items }
}

fn of_item(item: &Item, shown: &[(&Response, Score)]) -> ItemStatistics {
    let right = count(shown.iter().filter(|(response, _)| response.is_right()).count());
    // Responses with their rest score.
    let rest: Vec<(&Response, f64)> =
        shown.iter().filter_map(|(response, score)| Some((*response, rest_of(response, *score)?))).collect();
    let correlation = |of: &dyn Fn(&Response) -> bool| {
        let pairs: Vec<(f64, f64)> =
            rest.iter().map(|(response, rest)| (f64::from(u8::from(of(response))), *rest)).collect();
        let found = pearson(&pairs);
        (found, found.and_then(|found| correlation_interval(found, count(pairs.len()))))
    };
    let (item_rest, item_rest_interval) = correlation(&Response::is_right);
    let mut letters = item.options.clone();
    for chosen in shown.iter().filter_map(|(response, _)| response.chosen()) {
        if !letters.iter().any(|known| known == chosen) {
            letters.push(chosen.to_owned());
        }
    }
    letters[item.options.len()..].sort_unstable();
    let option = |letters: String| {
        let chosen = shown.iter().filter(|(response, _)| response.chosen() == Some(letters.as_str())).count();
        let (option_rest, option_rest_interval) = correlation(&|response| response.chosen() == Some(letters.as_str()));
        let is_key = item.key.as_ref() == Some(&letters);
        OptionStatistics { letters, is_key, chosen: count(chosen), option_rest, option_rest_interval }
    };
    ItemStatistics {
        shown: count(shown.len()),
        blank: count(shown.iter().filter(|(response, _)| **response == Response::Blank).count()),
        right,
        facility: (!shown.is_empty()).then(|| f64::from(right) / f64::from(count(shown.len()))),
        facility_interval: share_interval(right, count(shown.len())),
        item_rest,
        item_rest_interval,
        upper_lower: upper_lower(&rest),
        options: letters.into_iter().map(option).collect(),
    }
}

fn rest_of(response: &Response, score: Score) -> Option<f64> {
    let others = score.shown - 1;
    (others > 0).then(|| f64::from(score.right - u32::from(response.is_right())) / f64::from(others))
}

/// The groups have the same size. Of persons with the same rest score at the edge of a group, each counts by the share that
/// has a place, so that their order does not matter.
fn upper_lower(rest: &[(&Response, f64)]) -> Option<f64> {
    let size = (GROUP_SHARE * f64::from(count(rest.len()))).round();
    if size < 1.0 {
        return None;
    }
    let mut sorted: Vec<(f64, bool)> = rest.iter().map(|(response, rest)| (*rest, response.is_right())).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let group = |chunks: &mut dyn Iterator<Item = &[(f64, bool)]>| {
        let (mut free, mut right) = (size, 0.0);
        for equals in chunks {
            let all = f64::from(count(equals.len()));
            let taken = all.min(free);
            right += taken / all * f64::from(count(equals.iter().filter(|(_, right)| *right).count()));
            free -= taken;
            if free <= 0.0 {
                break;
            }
        }
        right / size
    };
    let equals = || sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    Some(group(&mut equals().rev()) - group(&mut equals()))
}

/// Cronbach's alpha with sample variances, over the items that were shown to all.
fn alpha(shown_to_all: Vec<usize>, persons: &[&Responses]) -> (Option<f64>, Vec<usize>) {
    if shown_to_all.len() < 2 || persons.len() < 2 {
        return (None, shown_to_all);
    }
    let value =
        |responses: &Responses, item: usize| f64::from(u8::from(responses.get(&item).is_some_and(Response::is_right)));
    let of_item = |item: &usize| variance(&persons.iter().map(|responses| value(responses, *item)).collect::<Vec<_>>());
    let totals: Vec<f64> =
        persons.iter().map(|responses| shown_to_all.iter().map(|item| value(responses, *item)).sum()).collect();
    let of_total = variance(&totals);
    let number = f64::from(count(shown_to_all.len()));
    let of_items: f64 = shown_to_all.iter().map(of_item).sum();
    ((of_total > 0.0).then(|| number / (number - 1.0) * (1.0 - of_items / of_total)), shown_to_all)
}

fn variance(values: &[f64]) -> f64 {
    let number = f64::from(count(values.len()));
    let mean = values.iter().sum::<f64>() / number;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (number - 1.0)
}
