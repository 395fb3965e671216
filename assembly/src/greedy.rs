//! The greedy form: adds one question after the other, each the best for the form so far.

use super::exchange::{Looks, best_one};
use super::running::Running;
use super::{Blueprint, DIFFICULTIES, real};

/// Fills the open places of `running` one by one, as far as the rules let any question in.
///
/// A form with open places is measured against a blueprint scaled to its length.
pub(super) fn fill(blueprint: &Blueprint, running: &mut Running, looks: &mut Looks) {
    let mut part = blueprint.clone();
    while running.chosen().len() < blueprint.questions {
        shorten(&mut part, blueprint, running.chosen().len() + 1);
        let Some(next) = best_one(&part, running, f64::INFINITY, looks) else { return };
        let [position] = next.positions;
        running.add(position);
    }
}

/// Scales the blueprint to `questions` and stores it in `part`.
fn shorten(part: &mut Blueprint, whole: &Blueprint, questions: usize) {
    let share = real(questions) / real(whole.questions);
    part.questions = questions;
    part.difficulty = std::array::from_fn::<_, DIFFICULTIES, _>(|level| whole.difficulty[level] * share);
    for (topic, wish) in part.topics.iter_mut().zip(&whole.topics) {
        *topic = wish * share;
    }
    part.points = whole.points * share;
    part.minutes = whole.minutes * share;
    part.techniques = part_of(whole.techniques, questions, whole.questions);
}

/// `number` · `part` / `whole`, rounded down.
fn part_of(number: u32, part: usize, whole: usize) -> u32 {
    let [part, whole] = [part, whole].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    let share = u64::from(number).saturating_mul(part) / whole.max(1);
    u32::try_from(share).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bank, blueprint, question};
    use super::super::{Effort, Instance, assemble};
    use super::part_of;

    #[test]
    fn partial_techniques_are_rounded_down() {
        assert_eq!([1, 2, 3].map(|questions| part_of(7, questions, 3)), [2, 4, 7]);
        assert_eq!(part_of(u32::MAX, 5, 10), u32::MAX / 2);
    }

    #[test]
    fn each_topic_gets_its_question() {
        let candidates = bank([question(0), question(0), question(1), question(1)]);
        let instance = Instance::new(blueprint(2, &[1.0, 1.0]), candidates).unwrap();
        let form = assemble(&instance, 1, Effort::GREEDY).unwrap();
        assert_eq!(form.selection, [0, 2]);
    }
}
