//! The search: a greedy form, improved by exchanges, then repeatedly perturbed to leave local optima (iterated local
//! search).

use std::ops::RangeInclusive;

use fastrand::Rng;

use super::exchange::{Looks, best_one, best_two, clearly_below};
use super::pool::Pool;
use super::running::Running;
use super::{AssemblyError, Blueprint, FormFit, Instance, greedy, matching};

/// Questions that a kick replaces.
const KICKED: RangeInclusive<u32> = 2..=5;

/// Number of random questions of which a kick takes the best. A small number leads further away, which small banks
/// need.
const OFFERS: RangeInclusive<u32> = 1..=20;

/// How long to search, in work rather than time, so that the result is the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Maximum evaluations of questions, pairs of questions and pairs of buckets. The greedy form is always completed.
    pub looks: u64,
    /// Consecutive kicks without a better form after which the search ends.
    pub idle_kicks: u32,
}

impl Effort {
    /// The greedy form alone.
    pub const GREEDY: Self = Self { looks: 0, idle_kicks: 0 };
}

impl Default for Effort {
    /// About 0.06 s for ten questions on twelve topics, whatever the size of the bank; 0.15 s for a hundred topics.
    fn default() -> Self {
        Self { looks: 3_500_000, idle_kicks: 1_000 }
    }
}

/// A form that satisfies the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct AssembledForm {
    /// Indices of the instance's candidates, ascending.
    pub selection: Vec<usize>,
    /// How well it matches the blueprint.
    pub fit: FormFit,
    pub looks: u64,
}

/// Searches for the form with the lowest loss.
///
/// # Errors
/// [`AssemblyError::TooFew`] when the rules on patterns and families leave fewer questions than asked for.
pub fn assemble(instance: &Instance, seed: u64, effort: Effort) -> Result<AssembledForm, AssemblyError> {
    let pool = Pool::of(instance);
    let mut search = Search::start(instance.blueprint(), &pool, seed, effort)?;
    search.descend();
    while search.looks < effort.looks && search.idle_kicks < effort.idle_kicks {
        search.try_kick();
    }

    let mut selection: Vec<usize> = search.best.iter().map(|&position| pool.items()[position].index).collect();
    selection.sort_unstable();
    Ok(AssembledForm { fit: FormFit::of(instance, &selection), selection, looks: search.looks })
}

struct Search<'a> {
    blueprint: &'a Blueprint,
    rng: Rng,
    effort: Effort,
    looks: Looks,
    idle_kicks: u32,
    /// The current form.
    running: Running<'a>,
    /// The best form so far.
    best: Vec<usize>,
    best_loss: f64,
}

impl<'a> Search<'a> {
    /// Builds the greedy form, and completes it if it gets stuck.
    fn start(blueprint: &'a Blueprint, pool: &'a Pool, seed: u64, effort: Effort) -> Result<Self, AssemblyError> {
        let mut running = Running::new(blueprint, pool);
        let mut looks = 0;
        greedy::fill(blueprint, &mut running, &mut looks);
        let mut best = running.chosen().to_vec();
        if best.len() < blueprint.questions {
            matching::complete(pool, &mut best, blueprint.questions);
            running.reset(&best);
        }
        if best.len() < blueprint.questions {
            let candidates = pool.items().len();
            return Err(AssemblyError::TooFew { asked: blueprint.questions, possible: best.len(), candidates });
        }
        let best_loss = running.loss(blueprint);
        Ok(Self { blueprint, rng: Rng::with_seed(seed), effort, looks, idle_kicks: 0, running, best, best_loss })
    }

    /// Perturbs the best form and improves the result.
    fn try_kick(&mut self) {
        self.idle_kicks += 1;
        self.running.reset(&self.best);
        if self.kick() {
            self.descend();
        }
    }

    /// Replaces some questions by random ones; `false` if none of the drawn ones are allowed.
    fn kick(&mut self) -> bool {
        let kicked = self.rng.u32(KICKED);
        let offers = self.rng.u32(OFFERS);
        for _ in 0..kicked {
            if let Some(slot) = draw(&mut self.rng, self.running.chosen().len()) {
                self.running.take(slot);
            }
        }
        while self.running.chosen().len() < self.blueprint.questions {
            let Some(position) = self.best_offer(offers) else { return false };
            self.running.add(position);
        }
        true
    }

    /// The best of some random questions that the rules allow.
    fn best_offer(&mut self, offers: u32) -> Option<usize> {
        let items = self.running.pool.items();
        let last = self.running.chosen().len();
        let mut best: Option<(f64, usize)> = None;
        for _ in 0..offers {
            self.looks += 1;
            let position = draw(&mut self.rng, items.len())?;
            if self.running.admits(&items[position]) {
                self.running.add(position);
                let loss = self.running.loss(self.blueprint);
                self.running.take(last);
                if best.is_none_or(|(lowest, _)| loss < lowest) {
                    best = Some((loss, position));
                }
            }
        }
        best.map(|(_, position)| position)
    }

    /// Improves the current form until no exchange of one or two questions helps, and stores it if it is the best.
    fn descend(&mut self) {
        self.exchange_ones();
        let slots = self.blueprint.questions;
        let pairs = (0..slots).flat_map(|one| (one + 1..slots).map(move |two| (one, two)));
        let mut untried = slots * (slots - 1) / 2;
        let all = untried;
        for (one, two) in pairs.cycle() {
            if untried == 0 || self.looks >= self.effort.looks {
                break;
            }
            untried -= 1;
            if self.exchange_two(one, two) {
                self.exchange_ones();
                untried = all;
            }
        }
        let loss = self.running.loss(self.blueprint);
        if loss < clearly_below(self.best_loss) {
            self.best = self.running.chosen().to_vec();
            self.best_loss = loss;
            self.idle_kicks = 0;
        }
    }

    /// Exchanges single questions as long as that helps.
    fn exchange_ones(&mut self) {
        let mut loss = self.running.loss(self.blueprint);
        let mut untried = self.blueprint.questions;
        for slot in (0..self.blueprint.questions).cycle() {
            if untried == 0 || self.looks >= self.effort.looks {
                return;
            }
            untried -= 1;
            let before = self.running.take(slot);
            let refill = best_one(self.blueprint, &self.running, loss, &mut self.looks);
            self.running.put(slot, refill.map_or(before, |refill| refill.positions[0]));
            if let Some(refill) = refill {
                loss = refill.loss;
                untried = self.blueprint.questions - 1;
            }
        }
    }

    /// Replaces the questions of two slots (`one` < `two`) by the best two; `false` if none are better.
    fn exchange_two(&mut self, one: usize, two: usize) -> bool {
        let loss = self.running.loss(self.blueprint);
        let second = self.running.take(two);
        let first = self.running.take(one);
        let refill = best_two(self.blueprint, &self.running, loss, &mut self.looks);
        let [first, second] = refill.map_or([first, second], |refill| refill.positions);
        self.running.put(one, first);
        self.running.put(two, second);
        refill.is_some()
    }
}

/// A random index below `len`, the same on every machine: the draw does not depend on the width of a pointer.
fn draw(rng: &mut Rng, len: usize) -> Option<usize> {
    let len = u32::try_from(len).ok().filter(|&len| len > 0)?;
    usize::try_from(rng.u32(..len)).ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{blueprint, question};
    use super::super::{Candidate, Instance};
    use super::*;

    /// 400 different questions on eight topics, and a blueprint of twelve questions.
    fn instance() -> Instance {
        let candidate = |index: usize| {
            let spread = |factor: usize, modulus: usize| index * factor % modulus;
            let number = |factor, modulus| u32::try_from(spread(factor, modulus)).unwrap();
            Candidate {
                difficulty: spread(17, 23) % 5,
                points: f64::from(4 + number(29, 13)),
                minutes: f64::from(3 + number(31, 11)),
                pattern: Some(number(37, 16)),
                techniques: 1 << spread(41, 30),
                family: Some(number(43, 90)),
                usefulness: f64::from(number(53, 101)) / 100.0,
                ..question(spread(7, 8))
            }
        };
        let blueprint = Blueprint {
            difficulty: [1.0, 3.0, 4.0, 3.0, 1.0],
            points: 100.0,
            minutes: 90.0,
            techniques: 14,
            pattern_max: 2,
            ..blueprint(12, &[2.3, 1.1, 0.4, 3.2, 1.0, 2.0, 0.7, 1.3])
        };
        Instance::new(blueprint, (0..400).map(candidate).collect()).unwrap()
    }

    #[test]
    fn more_effort_never_gives_a_worse_form() {
        let instance = instance();
        let greedy = assemble(&instance, 1, Effort::GREEDY).unwrap();
        let mut before = greedy.fit.loss;
        for looks in [1_000, 10_000, 100_000, 1_000_000] {
            let form = assemble(&instance, 1, Effort { looks, idle_kicks: 1_000 }).unwrap();
            assert!(form.fit.loss <= before);
            assert!(form.looks < looks + greedy.looks + 50_000, "{} looks instead of {looks}", form.looks);
            before = form.fit.loss;
        }
        assert!(before < 0.95 * greedy.fit.loss, "{before} against {}", greedy.fit.loss);
    }

    #[test]
    fn the_search_ends_after_idle_kicks() {
        let effort = Effort { looks: u64::MAX, idle_kicks: 30 };
        assert!(assemble(&instance(), 1, effort).is_ok());
    }

    #[test]
    fn a_bank_with_one_form_returns_it() {
        let bank = vec![question(0); 5];
        let instance = Instance::new(blueprint(5, &[5.0]), bank).unwrap();
        assert_eq!(assemble(&instance, 1, Effort::default()).unwrap().selection, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn one_question_can_be_asked_for() {
        let best = Candidate { usefulness: 0.9, ..question(1) };
        let instance = Instance::new(blueprint(1, &[0.0, 1.0]), vec![question(0), question(1), best]).unwrap();
        assert_eq!(assemble(&instance, 1, Effort::default()).unwrap().selection, [2]);
    }
}
