//! The answers of a course's students, folded one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Response, Responses, Statistics, TwoParameter, statistics, two_parameter};

/// What a student's first attempt on an item says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstAnswer {
    /// The service marked it before the student saw the solution.
    Counts(Response),
    /// The student marked it.
    OwnMark,
    /// It is on an earlier version of the item, or its student may have seen one.
    Earlier,
    /// The student had the solution at hand.
    NoEvidence,
}

/// The first answers of a course's students.
///
/// Answers are added in any order and any number of times: of a student's attempts on an item, the one with the lowest position
/// is the first. So it does not matter where a fold was interrupted or what it saw twice, and the figures are those of one
/// computation from all answers.
///
/// The rest score of an item is a share of the student's other answers, and each new answer moves it for all items that the
/// student answered. Sums per item are therefore not enough; what is kept is each student's first answer to each item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFold<U: Ord> {
    students: BTreeMap<U, StudentAnswers>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct StudentAnswers {
    /// Whether there is any attempt in the course, perhaps on an item that is not listed.
    has_attempts: bool,
    first: BTreeMap<usize, PlacedAnswer>,
    unlocked: BTreeSet<usize>,
}

#[derive(Debug, Clone, PartialEq)]
struct PlacedAnswer {
    position: u64,
    answer: FirstAnswer,
    seconds: Option<u32>,
}

/// The figures of all items.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFigures {
    /// Classical statistics of the answers that count.
    pub statistics: Statistics,
    /// What is only counted, by index of the item.
    pub counts: Vec<ItemCounts>,
}

/// What is only counted of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// First answers that the student marked.
    pub own_marks: u32,
    /// First answers to an earlier version, or by students who may have seen one.
    pub earlier: u32,
    /// Students with an attempt in the course who unlocked it and have not answered it.
    pub omitted: u32,
    /// Median of the seconds of the answers that count; the lower of the two middle ones, if their number is even.
    pub median_seconds: Option<u32>,
}

impl<U: Ord> Default for ItemFold<U> {
    fn default() -> Self {
        Self { students: BTreeMap::new() }
    }
}

impl<U: Ord> ItemFold<U> {
    /// Adds an attempt on an item. `position` is its place among the student's attempts in the course.
    pub fn add(&mut self, student: U, item: usize, position: u64, answer: FirstAnswer, seconds: Option<u32>) {
        let student = self.students.entry(student).or_default();
        student.has_attempts = true;
        if student.first.get(&item).is_none_or(|known| position < known.position) {
            student.first.insert(item, PlacedAnswer { position, answer, seconds });
        }
    }

    /// Notes that a student has an attempt on an item that is not listed.
    pub fn add_unlisted(&mut self, student: U) {
        self.students.entry(student).or_default().has_attempts = true;
    }

    /// Notes that a student unlocked an item.
    pub fn unlock(&mut self, student: U, item: usize) {
        self.students.entry(student).or_default().unlocked.insert(item);
    }

    /// The figures of `items`, to whose indices the answers refer.
    #[must_use]
    pub fn figures(&self, items: &[Item]) -> ItemFigures {
        let mut counts = vec![ItemCounts::default(); items.len()];
        let mut seconds: Vec<Vec<u32>> = vec![Vec::new(); items.len()];
        for student in self.students.values() {
            for (item, placed) in student.first.iter().filter(|(item, _)| **item < items.len()) {
                match &placed.answer {
                    FirstAnswer::Counts(_) => seconds[*item].extend(placed.seconds),
                    FirstAnswer::OwnMark => counts[*item].own_marks += 1,
                    FirstAnswer::Earlier => counts[*item].earlier += 1,
                    FirstAnswer::NoEvidence => {}
                }
            }
            let unanswered = |item: &&usize| student.has_attempts && !student.first.contains_key(*item);
            for item in student.unlocked.iter().filter(unanswered) {
                if let Some(counts) = counts.get_mut(*item) {
                    counts.omitted += 1;
                }
            }
        }
        for (counts, seconds) in counts.iter_mut().zip(seconds) {
            counts.median_seconds = median(seconds);
        }
        ItemFigures { statistics: statistics(items, &self.persons(items.len())), counts }
    }

    /// The two-parameter model of the items that `is_sound` admits, of so many items.
    #[must_use]
    pub fn two_parameter(&self, items: usize, is_sound: impl Fn(usize) -> bool) -> Vec<Option<TwoParameter>> {
        two_parameter(items, &self.persons(items), is_sound)
    }

    /// The responses that count.
    fn persons(&self, items: usize) -> Vec<Responses> {
        let response = |(item, placed): (&usize, &PlacedAnswer)| match &placed.answer {
            FirstAnswer::Counts(response) if *item < items => Some((*item, response.clone())),
            _ => None,
        };
        self.students.values().map(|student| student.first.iter().filter_map(response).collect()).collect()
    }
}

fn median(mut values: Vec<u32>) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ITEMS: usize = 5;

    /// An attempt, or an item that was only unlocked.
    #[derive(Debug, Clone)]
    struct Event {
        student: u8,
        item: usize,
        position: Option<u64>,
        answer: FirstAnswer,
        seconds: Option<u32>,
    }

    fn items() -> Vec<Item> {
        let item = || Item { options: vec!["A".to_owned(), "B".to_owned()], key: Some("A".to_owned()) };
        (0..ITEMS).map(|_| item()).collect()
    }

    fn fold(events: &[Event], into: &mut ItemFold<u8>) {
        for Event { student, item, position, answer, seconds } in events.iter().cloned() {
            match position {
                None => into.unlock(student, item),
                // Questions beyond those of the catalogue.
                Some(_) if item >= ITEMS => into.add_unlisted(student),
                Some(position) => into.add(student, item, position, answer, seconds),
            }
        }
    }

    /// All answers at once, in order of students and positions.
    fn batch(events: &[Event]) -> ItemFigures {
        let mut attempts: Vec<&Event> = events.iter().filter(|event| event.position.is_some()).collect();
        attempts.sort_by_key(|event| (event.student, event.position));
        let students: BTreeSet<u8> = attempts.iter().map(|event| event.student).collect();
        let (mut counts, mut seen) = (vec![ItemCounts::default(); ITEMS], BTreeSet::new());
        let (mut persons, mut seconds) = (BTreeMap::<u8, Responses>::new(), vec![Vec::new(); ITEMS]);
        for event in attempts {
            if event.item >= ITEMS || !seen.insert((event.student, event.item)) {
                continue;
            }
            match &event.answer {
                FirstAnswer::Counts(response) => {
                    persons.entry(event.student).or_default().insert(event.item, response.clone());
                    seconds[event.item].extend(event.seconds);
                }
                FirstAnswer::OwnMark => counts[event.item].own_marks += 1,
                FirstAnswer::Earlier => counts[event.item].earlier += 1,
                FirstAnswer::NoEvidence => {}
            }
        }
        let unlocked: BTreeSet<_> = events.iter().map(|event| (event.student, event.item)).collect();
        for (student, item) in
            unlocked.difference(&seen).filter(|(student, item)| students.contains(student) && *item < ITEMS)
        {
            let _ = student;
            counts[*item].omitted += 1;
        }
        for (counts, mut seconds) in counts.iter_mut().zip(seconds) {
            seconds.sort_unstable();
            counts.median_seconds = (!seconds.is_empty()).then(|| seconds[(seconds.len() - 1) / 2]);
        }
        ItemFigures { statistics: statistics(&items(), &persons.into_values().collect::<Vec<_>>()), counts }
    }

    fn any_events() -> impl Strategy<Value = Vec<Event>> {
        let response = prop_oneof![
            1 => Just(Response::Blank),
            6 => (any::<bool>(), 0..3_u8).prop_map(|(right, letter)| Response::Answered {
                right,
                chosen: Some(["A", "B", "A, B"][usize::from(letter)].to_owned()),
            }),
        ];
        let answer = prop_oneof![
            8 => response.prop_map(FirstAnswer::Counts),
            1 => Just(FirstAnswer::OwnMark),
            1 => Just(FirstAnswer::Earlier),
            1 => Just(FirstAnswer::NoEvidence),
        ];
        let event = (0..8_u8, 0..=ITEMS, any::<bool>(), answer, prop::option::of(0..300_u32));
        prop::collection::vec(event, 0..120).prop_map(|events| {
            let placed = events.into_iter().zip(1..).map(|((student, item, is_attempt, answer, seconds), position)| {
                // An attempt three times of four.
                let position = (is_attempt || position % 2 == 0).then_some(position);
                Event { student, item, position, answer, seconds }
            });
            placed.collect()
        })
    }

    fn near(one: Option<f64>, other: Option<f64>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-9,
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    proptest! {
        /// Split at random places, in any order, and with pieces that are folded twice because a run was interrupted.
        #[test]
        fn a_fold_of_pieces_equals_one_computation_from_all_answers(
            events in any_events(), seed: u64, cuts in prop::collection::vec(0..121_usize, 0..6),
        ) {
            let expected = batch(&events);
            let mut random = fastrand::Rng::with_seed(seed);
            let mut shuffled = events.clone();
            random.shuffle(&mut shuffled);
            let mut folded = ItemFold::default();
            let mut from = 0;
            let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(shuffled.len())).collect();
            ends.sort_unstable();
            ends.push(shuffled.len());
            for end in ends {
                let piece = &shuffled[from..end];
                // An interrupted run folds a part of the piece; the next one folds all of it.
                fold(&piece[..random.usize(..=piece.len())], &mut folded);
                fold(piece, &mut folded);
                from = end;
                // The figures of a part are those of its answers.
                let (found, of_part) = (folded.figures(&items()), batch(&shuffled[..end]));
                prop_assert_eq!(&found.counts, &of_part.counts);
                prop_assert_eq!(found.statistics.persons, of_part.statistics.persons);
            }
            let found = folded.figures(&items());
            prop_assert_eq!(&found.counts, &expected.counts);
            prop_assert!(near(found.statistics.alpha, expected.statistics.alpha));
            prop_assert_eq!(&found.statistics.alpha_items, &expected.statistics.alpha_items);
            for (one, other) in found.statistics.items.iter().zip(&expected.statistics.items) {
                prop_assert_eq!((one.shown, one.blank, one.right), (other.shown, other.blank, other.right));
                prop_assert!(near(one.facility, other.facility) && near(one.item_rest, other.item_rest));
                prop_assert!(near(one.upper_lower, other.upper_lower));
                prop_assert_eq!(one.options.len(), other.options.len());
                for (one, other) in one.options.iter().zip(&other.options) {
                    prop_assert_eq!((&one.letters, one.chosen), (&other.letters, other.chosen));
                    prop_assert!(near(one.option_rest, other.option_rest));
                }
            }
        }
    }

    #[test]
    fn medians_are_one_of_the_values() {
        assert_eq!((median(vec![]), median(vec![9]), median(vec![9, 1, 5, 7])), (None, Some(9), Some(5)));
    }
}
