//! Matching and ordering as parts with options, which is how they are stored.

#[cfg(feature = "write")]
use crate::Question;
use crate::{Answer, Choice, Part};

/// The parts of a question, where a part that matches or orders becomes parts with options, as it does when it is stored.
#[cfg(feature = "write")]
pub(crate) fn parts_with_options(question: &Question) -> Vec<Part> {
    question.parts.iter().flat_map(expanded).collect()
}

/// The parts that a part becomes: those of a matching are its pairs, and those of an ordering its places. They have the same
/// options and share the points. Any other part stays as it is.
pub(super) fn expanded(part: &Part) -> Vec<Part> {
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
