//! Collects what a format cannot say, and what the writers of poor formats share.

use crate::{Accepted, Bank, Decimal, Place, Remark};

/// What is lost of one question: one remark for each kind.
pub(super) struct Lost<'a> {
    place: &'a Place,
    list: &'a mut Vec<Remark>,
    from: usize,
}

impl<'a> Lost<'a> {
    pub(super) fn new(place: &'a Place, list: &'a mut Vec<Remark>) -> Self {
        let from = list.len();
        Self { place, list, from }
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.list[self.from..].iter().any(|known| known.text == text) {
            self.list.push(Remark { place: self.place.clone(), text });
        }
    }

    pub(super) fn say_if(&mut self, is_lost: bool, text: &str) {
        if is_lost {
            self.say(text);
        }
    }
}

/// Says that the macros of a bank are lost.
pub(super) fn say_macros(bank: &Bank, lost: &mut Vec<Remark>) {
    if !bank.macros.is_empty() {
        let names: Vec<&str> = bank.macros.iter().map(|(name, _)| name.as_str()).collect();
        let text =
            format!("The format has no macros of LaTeX; formulas with {} are shown only here.", names.join(", "));
        lost.push(Remark { place: Place::default(), text });
    }
}

/// The answer to show: the first one that is worth all points.
pub(super) fn best(accepted: &[Accepted]) -> Option<&Accepted> {
    accepted.iter().find(|one| one.fraction >= 1.0).or(accepted.first())
}

/// A share as a percentage with few digits, if these are read as the same share again.
pub(super) fn percent(share: f64) -> String {
    let short = format!("{:.5}", share * 100.0);
    let short = short.trim_end_matches('0').trim_end_matches('.');
    let is_same = short.parse().is_ok_and(|percent| (crate::labels::share(percent) - share).abs() < f64::EPSILON);
    if is_same {
        return short.to_owned();
    }
    Decimal::parse(&format!("{share}e2")).map_or_else(|| short.to_owned(), |exact| exact.to_string())
}
