//! Selects the questions of a practice request: unseen ones first, in random order, then the least recently seen.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::domain::catalog::{Bank, QuestionSummary};
use crate::domain::credits::{Charge, Credits, EntryType};
use crate::domain::id::{QuestionId, TopicId};
use crate::domain::settings::CreditTerms;

/// Filters of a practice request. An empty list matches everything.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    /// Match any of these topics.
    pub topic_ids: Vec<TopicId>,
    /// Match any of these techniques, ignoring letter case.
    pub techniques: Vec<String>,
    /// Also match this technique, ignoring letter case.
    pub technique: Option<String>,
    /// Match this difficulty.
    pub difficulty: Option<u8>,
    /// Maximum number of questions.
    pub count: usize,
}

impl Criteria {
    fn matches(&self, question: &QuestionSummary) -> bool {
        let meta = &question.meta;
        let topic = self.topic_ids.is_empty() || self.topic_ids.contains(&meta.topic_id);
        let technique =
            self.techniques.is_empty() || self.techniques.iter().any(|wanted| has_technique(&meta.techniques, wanted));
        let and_technique = self.technique.as_ref().is_none_or(|wanted| has_technique(&meta.techniques, wanted));
        topic && technique && and_technique && self.difficulty.is_none_or(|wanted| meta.difficulty == Some(wanted))
    }
}

/// Whether `techniques` contains `wanted`, ignoring letter case.
#[must_use]
pub fn has_technique(techniques: &[String], wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    techniques.iter().any(|technique| technique.to_lowercase() == wanted)
}

/// Selects at most `criteria.count` distinct questions. The result depends only on the arguments. `last_seen` is when the
/// student last received a question; `None` for a question that is new to them.
///
/// Draws questions in random order and ends when enough new ones are found, so that a large course costs no more than a
/// small one. Only if there are too few new ones does it look at every question.
#[must_use]
pub fn select<'a>(
    bank: &'a Bank,
    criteria: &Criteria,
    last_seen: impl Fn(&QuestionId) -> Option<Timestamp>,
    seed: u64,
) -> Vec<&'a QuestionSummary> {
    let questions = &bank.questions;
    let Drawn { new, mut older } = draw(bank, criteria, |place| last_seen(&questions[place].meta.id), seed);
    // The sort is stable: the draw orders questions that were seen at the same time.
    older.sort_by_key(|(at, _)| *at);
    let mut ids = HashSet::new();
    let in_order = new.into_iter().chain(older.into_iter().map(|(_, place)| place)).map(|place| &questions[place]);
    in_order.filter(|question| ids.insert(&question.meta.id)).take(criteria.count).collect()
}

/// Selects questions whose places `is_seen` does not select, as [`select`] does. Returns their places in the bank, or `None` if there are
/// fewer than wanted and others fit: then it matters when those were seen.
#[must_use]
pub fn select_unseen(
    bank: &Bank,
    criteria: &Criteria,
    is_seen: impl Fn(usize) -> bool,
    seed: u64,
) -> Option<Vec<usize>> {
    let Drawn { new, older } = draw(bank, criteria, |place| is_seen(place).then_some(()), seed);
    (new.len() == criteria.count || older.is_empty()).then_some(new)
}

/// Places of drawn questions.
struct Drawn<T> {
    /// Distinct new questions, as many as wanted or all.
    new: Vec<usize>,
    /// Questions that were drawn and are not new.
    older: Vec<(T, usize)>,
}

/// Draws questions that fit in random order until enough new ones are found. `when_seen` says of a place whether and when it
/// was seen.
fn draw<T>(bank: &Bank, criteria: &Criteria, when_seen: impl Fn(usize) -> Option<T>, seed: u64) -> Drawn<T> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut undrawn: Vec<usize> = (0..bank.questions.len()).collect();
    let mut drawn = Drawn { new: Vec::with_capacity(criteria.count.min(undrawn.len())), older: Vec::new() };
    let mut ids = HashSet::new();
    while drawn.new.len() < criteria.count && !undrawn.is_empty() {
        let place = undrawn.swap_remove(rng.usize(0..undrawn.len()));
        let question = &bank.questions[place];
        if question.withheld || !criteria.matches(question) {
            continue;
        }
        match when_seen(place) {
            None if ids.insert(&question.meta.id) => drawn.new.push(place),
            None => {}
            Some(at) => drawn.older.push((at, place)),
        }
    }
    drawn
}

/// Price of `delivered` practice questions.
#[must_use]
pub fn practice_charge(delivered: usize, terms: &CreditTerms) -> Charge {
    let count = Credits::try_from(delivered).unwrap_or(Credits::MAX);
    question_charge(count.saturating_mul(terms.practice_question), "Practice", delivered)
}

/// Price of a bundle: a flat price, however many questions are delivered.
#[must_use]
pub fn bundle_charge(delivered: usize, terms: &CreditTerms) -> Charge {
    question_charge(terms.bundle, "Bundle", delivered)
}

/// Price of starting a locked question.
#[must_use]
pub fn start_charge(terms: &CreditTerms) -> Charge {
    question_charge(terms.start_question, "Started", 1)
}

fn question_charge(price: Credits, what: &str, delivered: usize) -> Charge {
    let noun = if delivered == 1 { "question" } else { "questions" };
    Charge { price, kind: EntryType::QuestionView, description: format!("{what}: {delivered} {noun}") }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::questions::seen::SeenSet;

    type Seen = HashMap<QuestionId, Timestamp>;

    fn select<'a>(bank: &'a Bank, criteria: &Criteria, received: &Seen, seed: u64) -> Vec<&'a QuestionSummary> {
        super::select(bank, criteria, |id| received.get(id).copied(), seed)
    }

    fn question(index: usize, topic: usize, difficulty: u8) -> QuestionSummary {
        serde_json::from_value(json!({
            "id": format!("q{index}"), "exam_id": null, "topic_id": format!("t{topic}"), "topic_name": null,
            "course_id": "c", "pattern_id": null, "techniques": [format!("Technique {topic}")], "difficulty": difficulty,
            "difficulty_reason": null, "frequency_score": null, "estimated_time": null, "source_exam_year": null,
            "source_exam_type": null, "source_question_number": null, "source_points": null, "is_generated": false,
            "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))
        .unwrap()
    }

    fn bank(size: usize) -> Bank {
        Bank {
            questions: (0..size).map(|i| question(i, i % 3, u8::try_from(i % 5).unwrap() + 1)).collect(),
            ..Bank::default()
        }
    }

    fn seen(ids: &[(usize, i64)]) -> Seen {
        ids.iter()
            .map(|(i, at)| (QuestionId::try_from(format!("q{i}")).unwrap(), Timestamp::from_second(*at).unwrap()))
            .collect()
    }

    #[test]
    fn unseen_first_then_least_recently_seen() {
        let bank = bank(4);
        let criteria = Criteria { count: 4, ..Criteria::default() };
        let seen = seen(&[(0, 30), (1, 10), (2, 20)]);
        let ids: Vec<_> = select(&bank, &criteria, &seen, 1).iter().map(|q| q.meta.id.to_string()).collect();
        assert_eq!(ids, ["q3", "q1", "q2", "q0"]);
    }

    #[test]
    fn seeds_choose_differently_and_repeatably() {
        let bank = bank(30);
        let criteria = Criteria { count: 5, ..Criteria::default() };
        let first = select(&bank, &criteria, &Seen::new(), 1);
        assert_eq!(first, select(&bank, &criteria, &Seen::new(), 1));
        assert!((2..20).any(|seed| select(&bank, &criteria, &Seen::new(), seed) != first));
    }

    /// Each question is as likely as any other, at each place of the selection.
    #[test]
    fn no_question_is_preferred() {
        let (bank, received) = (bank(10), seen(&[(8, 10), (9, 10)]));
        let criteria = Criteria { count: 3, ..Criteria::default() };
        let mut drawn: HashMap<(usize, String), u32> = HashMap::new();
        for seed in 0..8_000 {
            for (place, question) in select(&bank, &criteria, &received, seed).iter().enumerate() {
                *drawn.entry((place, question.meta.id.to_string())).or_default() += 1;
            }
        }
        // 8 unseen questions at 3 places, each 1,000 times; the standard deviation is 30.
        assert_eq!(drawn.len(), 3 * 8, "{drawn:?}");
        assert!(drawn.values().all(|count| (850..1_150).contains(count)), "{drawn:?}");
    }

    #[test]
    fn a_large_course_is_not_searched_whole() {
        let bank = bank(20_000);
        let criteria = Criteria { count: 20, ..Criteria::default() };
        let looks = Cell::new(0);
        let chosen = super::select(
            &bank,
            &criteria,
            |_| {
                looks.set(looks.get() + 1);
                None
            },
            1,
        );
        assert_eq!((chosen.len(), looks.get()), (20, 20));
    }

    #[test]
    fn a_set_of_seen_questions_suffices_while_enough_are_unseen() {
        let bank = bank(20);
        let set = SeenSet::of(&bank, |id| ["q0", "q3", "q7"].contains(&id.as_str()));
        let received = seen(&[(0, 10), (3, 10), (7, 10)]);
        let select_of = |count: usize, topics: &[&str], seed: u64| {
            let topic_ids = topics.iter().map(|id| TopicId::try_from(*id).unwrap()).collect();
            let criteria = Criteria { topic_ids, count, ..Criteria::default() };
            let unseen = super::select_unseen(&bank, &criteria, |place| set.contains(place), seed);
            let unseen =
                unseen.map(|places| places.into_iter().map(|place| &bank.questions[place]).collect::<Vec<_>>());
            (unseen, select(&bank, &criteria, &received, seed))
        };
        for seed in 0..20 {
            let (unseen, selected) = select_of(17, &[], seed);
            assert_eq!(unseen, Some(selected));
            assert_eq!(select_of(18, &[], seed).0, None);
            // Topic 2 has six questions, all unseen: seven cannot be had, and nothing else would fit.
            let (unseen, selected) = select_of(7, &["t2"], seed);
            assert_eq!((unseen.as_ref().map(Vec::len), unseen), (Some(6), Some(selected)));
            assert_eq!(select_of(7, &["t0"], seed).0, None);
        }
    }

    #[test]
    fn a_question_that_is_twice_in_the_bank_is_selected_once() {
        let mut bank = bank(3);
        bank.questions.extend_from_within(..);
        let criteria = Criteria { count: 6, ..Criteria::default() };
        for (received, seed) in [(seen(&[]), 1), (seen(&[(0, 10), (1, 10), (2, 10)]), 2), (seen(&[(1, 10)]), 3)] {
            assert_eq!(select(&bank, &criteria, &received, seed).len(), 3);
        }
    }

    #[test]
    fn withheld_questions_are_not_for_sale() {
        let mut bank = bank(4);
        bank.questions[1].withheld = true;
        let criteria = Criteria { count: 4, ..Criteria::default() };
        let ids: HashSet<_> = select(&bank, &criteria, &Seen::new(), 1).iter().map(|q| q.meta.id.to_string()).collect();
        assert_eq!(ids, HashSet::from(["q0", "q2", "q3"].map(str::to_owned)));
    }

    #[test]
    fn practice_costs_one_per_question_and_a_bundle_one() {
        let terms = &CreditTerms::DEFAULT;
        let prices = (practice_charge(3, terms).price, bundle_charge(3, terms).price, bundle_charge(2, terms).price);
        assert_eq!(prices, (3, 1, 1));
        assert_eq!(start_charge(terms).price, 1);
        assert_eq!(practice_charge(1, terms).description, "Practice: 1 question");
    }

    proptest! {
        #[test]
        fn a_selection_is_distinct_fitting_and_as_long_as_the_bank_allows(
            size in 0..40_usize,
            count in 0..25_usize,
            topics in prop::collection::vec(0..3_usize, 0..3),
            difficulty in prop::option::of(1..=5_u8),
            seen_ids in prop::collection::vec((0..40_usize, 0..1_000_i64), 0..40),
            seed: u64,
        ) {
            let bank = bank(size);
            let criteria = Criteria {
                topic_ids: topics.iter().map(|t| TopicId::try_from(format!("t{t}")).unwrap()).collect(),
                techniques: topics.iter().map(|t| format!("TECHNIQUE {t}")).collect(),
                technique: topics.first().map(|t| format!("technique {t}")),
                difficulty,
                count,
            };
            let seen = seen(&seen_ids);
            let chosen = select(&bank, &criteria, &seen, seed);
            let fitting = bank.questions.iter().filter(|q| criteria.matches(q)).count();
            prop_assert_eq!(chosen.len(), count.min(fitting));
            prop_assert!(chosen.iter().all(|q| criteria.matches(q)));
            let distinct: HashSet<_> = chosen.iter().map(|q| &q.meta.id).collect();
            prop_assert_eq!(distinct.len(), chosen.len());
            let ages: Vec<_> = chosen.iter().map(|q| seen.get(&q.meta.id)).collect();
            prop_assert!(ages.is_sorted());
            // No unselected question was seen longer ago than a selected one.
            if let Some(newest) = ages.last() {
                let left_out = bank.questions.iter().filter(|q| criteria.matches(q) && !distinct.contains(&q.meta.id));
                for question in left_out {
                    prop_assert!(seen.get(&question.meta.id) >= *newest);
                }
            }
        }
    }
}
