//! Finds the best exchange of one or two chosen questions. The result is exact: only candidates that cannot win are skipped.
//!
//! After removing the questions, the cost of a topic or a difficulty is a look-up in a small table. A pair of buckets
//! is skipped if its lower bound (its most useful questions, with perfect points, minutes and techniques) exceeds the
//! bar. Questions in a bucket are sorted by usefulness, so a scan stops at the same bound.

use std::ops::Range;

use super::loss::{cumulative_distances, missing, relative};
use super::pool::{Bucket, PooledCandidate};
use super::running::Running;
use super::{Blueprint, DIFFICULTIES, real};

/// Relative gains below this count as rounding errors.
pub(super) const GAIN_MIN: f64 = 1e-10;

/// The bar that a loss must stay below to be better than `loss` by more than rounding.
pub(super) fn clearly_below(loss: f64) -> f64 {
    if loss.is_finite() { loss - GAIN_MIN * loss.max(1.0) } else { loss }
}

/// Questions that lower the loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refill<const K: usize> {
    pub(super) positions: [usize; K],
    pub(super) loss: f64,
}

/// Work done: the number of evaluated questions, pairs of questions and pairs of buckets.
pub(super) type Looks = u64;

/// Sums of a form with open places, for computing its loss with new questions.
struct ExchangeSums<'a> {
    blueprint: &'a Blueprint,
    running: &'a Running<'a>,
    questions: f64,
    /// Σ|c − τ| / 2N before.
    distance: f64,
    /// The topics that have a question in the bank.
    topics: Vec<TopicEffect>,
    /// The three topics with the largest deviation: if two topics change, the worst of the others is among them.
    furthest: [(usize, f64); 3],
}

/// Effect of new questions of a topic on the topic part of the loss.
struct TopicEffect {
    index: usize,
    /// |c − τ| / N with one and with two more questions.
    distances: [f64; 2],
    /// Increase of Σ|c − τ| / 2N by the first and by the second question. The second increase is never smaller.
    steps: [f64; 2],
    /// The most useful question.
    usefulness: f64,
}

/// The two parts of a loss that only depend on topics, or only on difficulties.
#[derive(Debug, Clone, Copy, Default)]
struct LossPart {
    /// Weighted.
    cost: f64,
    /// The largest single deviation.
    worst: f64,
}

impl<'a> ExchangeSums<'a> {
    fn of(blueprint: &'a Blueprint, running: &'a Running<'a>) -> Self {
        let questions = real(blueprint.questions);
        let mut topics = Vec::with_capacity(blueprint.topics.len());
        let mut distance = 0.0;
        let mut furthest = [(usize::MAX, 0.0); 3];
        for (topic, (&count, &wish)) in running.topics.iter().zip(&blueprint.topics).enumerate() {
            let [none, one, two] = [0.0, 1.0, 2.0].map(|more| (count + more - wish).abs() / questions);
            distance += none / 2.0;
            if none > furthest[2].1 {
                furthest[2] = (topic, none);
                furthest.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
            }
            let usefulness = running.pool.topic_usefulness(topic);
            if usefulness >= 0.0 {
                let steps = [(one - none) / 2.0, (two - one) / 2.0];
                topics.push(TopicEffect { index: topic, distances: [one, two], steps, usefulness });
            }
        }
        Self { blueprint, running, questions, distance, topics, furthest }
    }

    /// Sorts the topics by the cost of their first question.
    fn sort(&mut self) {
        self.topics.sort_unstable_by(|a, b| a.steps[0].total_cmp(&b.steps[0]).then(a.index.cmp(&b.index)));
    }

    /// The worst deviation of the topics outside of `changed`.
    fn furthest_but(&self, changed: [usize; 2]) -> f64 {
        self.furthest.iter().find(|(topic, _)| !changed.contains(topic)).map_or(0.0, |&(_, distance)| distance)
    }

    fn topics_part(&self, step: f64, worst: f64) -> LossPart {
        LossPart { cost: self.blueprint.weights.topics * (self.distance + step), worst }
    }

    fn topic(&self, one: &TopicEffect) -> LossPart {
        self.topics_part(one.steps[0], self.furthest_but([one.index; 2]).max(one.distances[0]))
    }

    fn topic_pair(&self, one: &TopicEffect, other: &TopicEffect) -> LossPart {
        let (step, distance) = if one.index == other.index {
            (one.steps[0] + one.steps[1], one.distances[1])
        } else {
            (one.steps[0] + other.steps[0], one.distances[0].max(other.distances[0]))
        };
        self.topics_part(step, self.furthest_but([one.index, other.index]).max(distance))
    }

    /// The difficulty part of the loss with additional questions of `levels`.
    fn levels(&self, levels: &[usize]) -> LossPart {
        let mut counts = self.running.difficulty;
        for &level in levels {
            counts[level] += 1.0;
        }
        let distances = cumulative_distances(&counts, &self.blueprint.difficulty);
        let cost = self.blueprint.weights.difficulty * distances.iter().sum::<f64>() / (4.0 * self.questions);
        LossPart { cost, worst: distances.into_iter().fold(0.0, f64::max) / self.questions }
    }

    /// Cost of topics, difficulties and missing usefulness, and a lower bound of the worst deviation.
    fn floor(&self, topics: LossPart, levels: LossPart, usefulness: f64) -> f64 {
        let weights = &self.blueprint.weights;
        let missing = 1.0 - (self.running.usefulness + usefulness) / self.questions;
        topics.cost + levels.cost + weights.worst * topics.worst.max(levels.worst) + weights.usefulness * missing
    }
}

/// The rest of a loss, once topics and difficulties are known.
struct Rest<'a> {
    blueprint: &'a Blueprint,
    running: &'a Running<'a>,
    /// Topics and difficulties, weighted, and the usefulness that would be missing without new questions.
    base: f64,
    /// The worst deviation of topics and difficulties.
    worst: f64,
    /// Decrease of the loss per unit of usefulness.
    usefulness: f64,
}

impl<'a> Rest<'a> {
    fn of(prices: &ExchangeSums<'a>, topics: LossPart, levels: LossPart) -> Self {
        let (blueprint, running) = (prices.blueprint, prices.running);
        let weight = blueprint.weights.usefulness;
        let base = topics.cost + levels.cost + weight * (1.0 - running.usefulness / prices.questions);
        Self { blueprint, running, base, worst: topics.worst.max(levels.worst), usefulness: weight / prices.questions }
    }

    /// Lower bound of the loss with questions of this usefulness.
    fn floor(&self, usefulness: f64) -> f64 {
        self.base + self.blueprint.weights.worst * self.worst - self.usefulness * usefulness
    }

    /// Lower bound of the loss if the sums of the new points and minutes lie within these bounds.
    fn floor_within(&self, usefulness: f64, points: (f64, f64), minutes: (f64, f64)) -> f64 {
        let blueprint = self.blueprint;
        let weights = &blueprint.weights;
        let points = nearest(self.running.points, points, blueprint.points);
        let minutes = nearest(self.running.minutes, minutes, blueprint.minutes);
        self.base - self.usefulness * usefulness
            + weights.points * points
            + weights.minutes * minutes
            + weights.worst * self.worst.max(points).max(minutes)
    }

    /// The loss with new questions that have these sums.
    fn loss(&self, usefulness: f64, points: f64, minutes: f64, techniques: u64) -> f64 {
        let blueprint = self.blueprint;
        let weights = &blueprint.weights;
        let points = relative(self.running.points + points, blueprint.points);
        let minutes = relative(self.running.minutes + minutes, blueprint.minutes);
        let known = (self.running.techniques | techniques).count_ones();
        let techniques = missing(known, blueprint.techniques);
        self.base - self.usefulness * usefulness
            + weights.points * points
            + weights.minutes * minutes
            + weights.techniques * techniques
            + weights.worst * self.worst.max(points).max(minutes).max(techniques)
    }
}

/// The smallest relative distance to a target from `sum` plus any value of `more`.
fn nearest(sum: f64, more: (f64, f64), target: f64) -> f64 {
    if target > 0.0 { (sum + more.0 - target).max(target - sum - more.1).max(0.0) / target } else { 0.0 }
}

/// The smallest cost and the smallest worst deviation among `parts`.
fn least<'a>(parts: impl Iterator<Item = &'a LossPart>) -> LossPart {
    parts.fold(LossPart { cost: f64::INFINITY, worst: f64::INFINITY }, |least, part| LossPart {
        cost: least.cost.min(part.cost),
        worst: least.worst.min(part.worst),
    })
}

/// The best question for the one open place of `running`, if it lowers the loss below `bar`.
pub(super) fn best_one(blueprint: &Blueprint, running: &Running, bar: f64, looks: &mut Looks) -> Option<Refill<1>> {
    let prices = ExchangeSums::of(blueprint, running);
    let levels: [LossPart; DIFFICULTIES] = std::array::from_fn(|level| prices.levels(&[level]));
    let level_floor = least(levels.iter());
    let mut best: Option<Refill<1>> = None;
    let mut bar = clearly_below(bar);
    for one in &prices.topics {
        *looks += 1;
        let topic = prices.topic(one);
        if prices.floor(topic, level_floor, one.usefulness) >= bar {
            continue;
        }
        for (difficulty, &level) in levels.iter().enumerate() {
            *looks += 1;
            let rest = Rest::of(&prices, topic, level);
            for position in running.pool.bucket(one.index, difficulty).range.clone() {
                let item = &running.pool.items()[position];
                if rest.floor(item.usefulness) >= bar {
                    break;
                }
                *looks += 1;
                let loss = rest.loss(item.usefulness, item.points, item.minutes, item.techniques);
                if loss < bar && running.admits(item) {
                    bar = loss;
                    best = Some(Refill { positions: [position], loss });
                }
            }
        }
    }
    best
}

/// The best two questions for the two open places of `running`, if they lower the loss below `bar`.
pub(super) fn best_two(blueprint: &Blueprint, running: &Running, bar: f64, looks: &mut Looks) -> Option<Refill<2>> {
    let mut prices = ExchangeSums::of(blueprint, running);
    prices.sort();
    let levels = level_pairs(&prices);
    let level_floor = least(levels.iter().flatten());
    let usefulness_max = prices.topics.iter().map(|topic| topic.usefulness).fold(0.0, f64::max);

    let mut search = Pairs { running, bar: clearly_below(bar), best: None, looks: 0 };
    for (place, one) in prices.topics.iter().enumerate() {
        search.looks += 1;
        // No later topic has a cheaper first step, and a second step never costs less than the first.
        let at_least = |other: &TopicEffect| prices.topics_part(one.steps[0] + other.steps[0], 0.0);
        if prices.floor(at_least(one), level_floor, 2.0 * usefulness_max) >= search.bar {
            break;
        }
        for other in &prices.topics[place..] {
            search.looks += 1;
            if prices.floor(at_least(other), level_floor, one.usefulness + usefulness_max) >= search.bar {
                break;
            }
            let topics = prices.topic_pair(one, other);
            if prices.floor(topics, level_floor, one.usefulness + other.usefulness) < search.bar {
                search.topics(&prices, topics, [one.index, other.index], &levels);
            }
        }
    }
    *looks += search.looks;
    search.best
}

/// The part of each pair of difficulties.
fn level_pairs(prices: &ExchangeSums) -> [[LossPart; DIFFICULTIES]; DIFFICULTIES] {
    let mut parts = [[LossPart::default(); DIFFICULTIES]; DIFFICULTIES];
    for (low, high) in (0..DIFFICULTIES).flat_map(|low| (low..DIFFICULTIES).map(move |high| (low, high))) {
        let part = prices.levels(&[low, high]);
        (parts[low][high], parts[high][low]) = (part, part);
    }
    parts
}

/// The search for two questions.
struct Pairs<'a> {
    running: &'a Running<'a>,
    /// Only losses below this count.
    bar: f64,
    best: Option<Refill<2>>,
    looks: Looks,
}

impl<'a> Pairs<'a> {
    /// Evaluates all pairs of questions on two topics.
    fn topics(
        &mut self,
        prices: &ExchangeSums<'a>,
        topics: LossPart,
        [one, other]: [usize; 2],
        levels: &[[LossPart; DIFFICULTIES]; DIFFICULTIES],
    ) {
        for (low, levels) in levels.iter().enumerate() {
            let first = self.running.pool.bucket(one, low);
            if first.range.is_empty() {
                continue;
            }
            let start = if one == other { low } else { 0 };
            for (high, &level) in levels.iter().enumerate().skip(start) {
                let second = self.running.pool.bucket(other, high);
                self.looks += 1;
                if second.range.is_empty() {
                    continue;
                }
                let rest = Rest::of(prices, topics, level);
                let usefulness = first.usefulness_max + second.usefulness_max;
                let points = (first.points.0 + second.points.0, first.points.1 + second.points.1);
                let minutes = (first.minutes.0 + second.minutes.0, first.minutes.1 + second.minutes.1);
                if rest.floor(usefulness) < self.bar && rest.floor_within(usefulness, points, minutes) < self.bar {
                    self.buckets(&rest, first, second);
                }
            }
        }
    }

    /// Evaluates all pairs of a question of `first` and one of `second`.
    fn buckets(&mut self, rest: &Rest, first: &Bucket, second: &Bucket) {
        let items = self.running.pool.items();
        let same = first.range == second.range;
        for position in first.range.clone() {
            let one = &items[position];
            let usefulness = one.usefulness + second.usefulness_max;
            if rest.floor(usefulness) >= self.bar {
                break;
            }
            self.looks += 1;
            let points = (one.points + second.points.0, one.points + second.points.1);
            let minutes = (one.minutes + second.minutes.0, one.minutes + second.minutes.1);
            if !self.running.admits(one) || rest.floor_within(usefulness, points, minutes) >= self.bar {
                continue;
            }
            let start = if same { position + 1 } else { second.range.start };
            self.seconds(rest, position, start..second.range.end);
        }
    }

    /// Evaluates all pairs of one question with those at `seconds`.
    fn seconds(&mut self, rest: &Rest, position: usize, seconds: Range<usize>) {
        let items: &[PooledCandidate] = self.running.pool.items();
        let one = &items[position];
        for (offset, other) in items[seconds.clone()].iter().enumerate() {
            let usefulness = one.usefulness + other.usefulness;
            if rest.floor(usefulness) >= self.bar {
                break;
            }
            self.looks += 1;
            let (points, minutes) = (one.points + other.points, one.minutes + other.minutes);
            if rest.floor_within(usefulness, (points, points), (minutes, minutes)) >= self.bar {
                continue;
            }
            let loss = rest.loss(usefulness, points, minutes, one.techniques | other.techniques);
            if loss < self.bar && self.running.admits_both(one, other) {
                self.bar = loss;
                self.best = Some(Refill { positions: [position, seconds.start + offset], loss });
            }
        }
    }
}
