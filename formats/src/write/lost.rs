//! Collects what a format cannot say, and what the writers of poor formats share.

use crate::{Accepted, Answer, Choice, Decimal, Form, Part, Place, Question, Remark};

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

/// `A`, `B`, … The largest choice has 26 options.
pub(super) fn letter(index: usize) -> char {
    char::from(b'A' + u8::try_from(index.min(25)).unwrap_or(25))
}

/// The number of a part as a letter: `a`, `b`, …
pub(super) fn part_letter(index: usize) -> String {
    if index < 26 { letter(index).to_ascii_lowercase().to_string() } else { (index + 1).to_string() }
}

/// The answer to show: the first one that is worth all points.
pub(super) fn best(accepted: &[Accepted]) -> Option<&Accepted> {
    accepted.iter().find(|one| one.fraction >= 1.0).or(accepted.first())
}

/// An accepted answer as it is shown.
pub(super) fn shown(accepted: &Accepted) -> String {
    let unit = accepted.unit.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    match &accepted.form {
        Form::Text { text, .. } => text.clone(),
        Form::Number { value, .. } => format!("{value}{unit}"),
        Form::Range { low, high } => match (low, high) {
            (Some(low), Some(high)) => format!("{} to {}{unit}", low.value, high.value),
            (Some(low), None) => format!("at least {}{unit}", low.value),
            (None, Some(high)) => format!("at most {}{unit}", high.value),
            (None, None) => "any number".to_owned(),
        },
    }
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

/// The parts of a question, where a part that matches or orders becomes parts with options, as it does when it is stored.
pub(super) fn parts_with_options(question: &Question) -> Vec<Part> {
    question.parts.iter().flat_map(expanded).collect()
}

fn expanded(part: &Part) -> Vec<Part> {
    let (lefts, mut rights): (Vec<(String, &String)>, Vec<&String>) = match &part.answer {
        Answer::Matching { pairs, distractors } => {
            let mut rights: Vec<&String> = pairs.iter().map(|(_, right)| right).chain(distractors).collect();
            rights.sort_unstable();
            rights.dedup();
            (pairs.iter().map(|(left, right)| (left.clone(), right)).collect(), rights)
        }
        Answer::Ordering(texts) => {
            let lefts = texts.iter().enumerate().map(|(index, text)| (format!("Place {}", index + 1), text));
            (lefts.collect(), texts.iter().collect())
        }
        _ => return vec![part.clone()],
    };
    rights.sort_unstable();
    let share = part.points.map(|points| points / f64::from(u32::try_from(lefts.len()).unwrap_or(1).max(1)));
    let prefix = if part.text.is_empty() { String::new() } else { format!("{}\n", part.text) };
    let option = |index: usize, right: usize| Choice {
        text: rights[index].clone(),
        is_right: index == right,
        ..Choice::default()
    };
    let mut parts = Vec::new();
    for (number, (left, right)) in lefts.into_iter().enumerate() {
        let right = rights.iter().position(|other| *other == right).unwrap_or(0);
        let options = (0..rights.len()).map(|index| option(index, right)).collect();
        parts.push(Part {
            text: if number == 0 { format!("{prefix}{left}") } else { left },
            answer: Answer::Choice { options, several: false, weighted: false },
            points: share,
            solution: part.solution.clone().filter(|_| number == 0),
            ..Part::default()
        });
    }
    parts
}
