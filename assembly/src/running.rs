//! A form under construction with incrementally updated sums.

use super::loss::{Deviations, cumulative_distances, missing, relative};
use super::pool::{Pool, PooledCandidate};
use super::{Blueprint, DIFFICULTIES, real};

/// The chosen questions, their sums and their use of the rules.
#[derive(Debug, Clone)]
pub(super) struct Running<'a> {
    pub(super) pool: &'a Pool,
    chosen: Vec<usize>,
    families: Vec<bool>,
    patterns: Vec<usize>,
    pub(super) topics: Vec<f64>,
    pub(super) difficulty: [f64; DIFFICULTIES],
    pub(super) points: f64,
    pub(super) minutes: f64,
    pub(super) techniques: u64,
    pub(super) usefulness: f64,
}

impl<'a> Running<'a> {
    pub(super) fn new(blueprint: &Blueprint, pool: &'a Pool) -> Self {
        Self {
            pool,
            chosen: Vec::new(),
            families: vec![false; pool.families()],
            patterns: vec![0; pool.patterns()],
            topics: vec![0.0; blueprint.topics.len()],
            difficulty: [0.0; DIFFICULTIES],
            points: 0.0,
            minutes: 0.0,
            techniques: 0,
            usefulness: 0.0,
        }
    }

    /// The positions of the chosen questions. An index in this list is a slot.
    pub(super) fn chosen(&self) -> &[usize] {
        &self.chosen
    }

    /// Whether the rules allow a question. A chosen question is excluded by its own family.
    pub(super) fn admits(&self, item: &PooledCandidate) -> bool {
        !self.families[item.family] && self.patterns[item.pattern] < self.pool.capacity(item.pattern)
    }

    /// Whether the rules allow two questions together.
    pub(super) fn admits_both(&self, one: &PooledCandidate, other: &PooledCandidate) -> bool {
        self.admits(one)
            && self.admits(other)
            && one.family != other.family
            && (one.pattern != other.pattern || self.patterns[one.pattern] + 1 < self.pool.capacity(one.pattern))
    }

    /// Adds the question at a position, in the last slot.
    pub(super) fn add(&mut self, position: usize) {
        let item = &self.pool.items()[position];
        self.chosen.push(position);
        self.families[item.family] = true;
        self.patterns[item.pattern] += 1;
        self.topics[item.topic] += 1.0;
        self.difficulty[item.difficulty] += 1.0;
        self.sum_up();
    }

    /// Removes the question of a slot; that of the last slot moves there until [`Running::put`] fills it again.
    pub(super) fn take(&mut self, slot: usize) -> usize {
        let position = self.chosen.swap_remove(slot);
        let item = &self.pool.items()[position];
        self.families[item.family] = false;
        self.patterns[item.pattern] -= 1;
        self.topics[item.topic] -= 1.0;
        self.difficulty[item.difficulty] -= 1.0;
        self.sum_up();
        position
    }

    /// Fills the slot that was emptied last and restores the slots of the others.
    pub(super) fn put(&mut self, slot: usize, position: usize) {
        self.add(position);
        let last = self.chosen.len() - 1;
        self.chosen.swap(slot, last);
    }

    /// Replaces all chosen questions.
    pub(super) fn reset(&mut self, chosen: &[usize]) {
        while !self.chosen.is_empty() {
            self.take(0);
        }
        for &position in chosen {
            self.add(position);
        }
    }

    /// Recomputes the sums, so that rounding errors do not accumulate.
    fn sum_up(&mut self) {
        (self.points, self.minutes, self.techniques, self.usefulness) = (0.0, 0.0, 0, 0.0);
        for &position in &self.chosen {
            let item = &self.pool.items()[position];
            self.points += item.points;
            self.minutes += item.minutes;
            self.techniques |= item.techniques;
            self.usefulness += item.usefulness;
        }
    }

    /// The loss of the chosen questions.
    pub(super) fn loss(&self, blueprint: &Blueprint) -> f64 {
        let questions = real(blueprint.questions);
        let distances = self.topics.iter().zip(&blueprint.topics).map(|(count, wish)| (count - wish).abs());
        let (sum, highest) = distances.fold((0.0, 0.0_f64), |(sum, highest), off| (sum + off, highest.max(off)));
        let levels = cumulative_distances(&self.difficulty, &blueprint.difficulty);
        let levels_highest = levels.iter().copied().fold(highest, f64::max);
        let points = relative(self.points, blueprint.points);
        let minutes = relative(self.minutes, blueprint.minutes);
        let techniques = missing(self.techniques.count_ones(), blueprint.techniques);
        let deviations = Deviations {
            topics: sum / (2.0 * questions),
            difficulty: levels.iter().sum::<f64>() / (4.0 * questions),
            points,
            minutes,
            techniques,
            worst: (levels_highest / questions).max(points).max(minutes).max(techniques),
            usefulness: 1.0 - self.usefulness / questions,
        };
        deviations.loss(&blueprint.weights)
    }
}
