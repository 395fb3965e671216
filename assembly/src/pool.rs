//! The candidates in the order that the search needs: by topic and difficulty, the most useful first, with dense indices.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Blueprint, DIFFICULTIES, Instance};

/// A candidate in its bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct PooledCandidate {
    pub(super) usefulness: f64,
    pub(super) points: f64,
    pub(super) minutes: f64,
    pub(super) techniques: u64,
    /// Dense index; questions without a pattern share one of unlimited capacity.
    pub(super) pattern: usize,
    /// Dense index; a question without a family gets a family of its own.
    pub(super) family: usize,
    pub(super) topic: usize,
    pub(super) difficulty: usize,
    /// Index among the instance's candidates.
    pub(super) index: usize,
}

/// The questions of a topic and a difficulty: their positions and shared bounds.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) range: Range<usize>,
    pub(super) usefulness_max: f64,
    pub(super) points: (f64, f64),
    pub(super) minutes: (f64, f64),
}

/// All candidates, bucket after bucket. A position is an index of [`Pool::items`].
#[derive(Debug)]
pub(super) struct Pool {
    items: Vec<PooledCandidate>,
    /// By topic · [`DIFFICULTIES`] + difficulty.
    buckets: Vec<Bucket>,
    /// Maximum questions of each pattern.
    capacities: Vec<usize>,
    families: usize,
    /// Highest usefulness by topic; below 0 without a question.
    topic_usefulness: Vec<f64>,
}

impl Pool {
    pub(super) fn of(instance: &Instance) -> Self {
        let mut families = Dense::default();
        let mut patterns = Dense::default();
        let free = patterns.alone();
        let mut items: Vec<PooledCandidate> = instance
            .candidates()
            .iter()
            .enumerate()
            .map(|(index, candidate)| PooledCandidate {
                usefulness: candidate.usefulness,
                points: candidate.points,
                minutes: candidate.minutes,
                techniques: candidate.techniques,
                pattern: candidate.pattern.map_or(free, |pattern| patterns.of(pattern)),
                family: match candidate.family {
                    Some(family) => families.of(family),
                    None => families.alone(),
                },
                topic: candidate.topic,
                difficulty: candidate.difficulty,
                index,
            })
            .collect();
        items.sort_by(|a, b| {
            (a.topic, a.difficulty)
                .cmp(&(b.topic, b.difficulty))
                .then(b.usefulness.total_cmp(&a.usefulness))
                .then(a.index.cmp(&b.index))
        });

        let blueprint = instance.blueprint();
        let mut capacities = vec![capacity(blueprint); patterns.len];
        capacities[free] = usize::MAX;
        let buckets = buckets(&items, blueprint.topics.len());
        let best = |of_topic: &[Bucket]| of_topic.iter().map(|bucket| bucket.usefulness_max).fold(-1.0, f64::max);
        let topic_usefulness = buckets.chunks(DIFFICULTIES).map(best).collect();
        Self { items, buckets, capacities, families: families.len, topic_usefulness }
    }

    pub(super) fn items(&self) -> &[PooledCandidate] {
        &self.items
    }

    pub(super) fn bucket(&self, topic: usize, difficulty: usize) -> &Bucket {
        &self.buckets[topic * DIFFICULTIES + difficulty]
    }

    /// Highest usefulness of a topic; below 0 without a question.
    pub(super) fn topic_usefulness(&self, topic: usize) -> f64 {
        self.topic_usefulness[topic]
    }

    pub(super) fn patterns(&self) -> usize {
        self.capacities.len()
    }

    pub(super) fn capacity(&self, pattern: usize) -> usize {
        self.capacities[pattern]
    }

    pub(super) fn families(&self) -> usize {
        self.families
    }
}

fn capacity(blueprint: &Blueprint) -> usize {
    usize::try_from(blueprint.pattern_max).unwrap_or(usize::MAX)
}

/// The buckets of sorted `items`, empty ones too.
fn buckets(items: &[PooledCandidate], topics: usize) -> Vec<Bucket> {
    let mut start = 0;
    (0..topics * DIFFICULTIES)
        .map(|bucket| {
            let (topic, difficulty) = (bucket / DIFFICULTIES, bucket % DIFFICULTIES);
            let len = items[start..].partition_point(|item| (item.topic, item.difficulty) <= (topic, difficulty));
            let range = start..start + len;
            start = range.end;
            let inside = &items[range.clone()];
            Bucket {
                usefulness_max: inside.first().map_or(-1.0, |item| item.usefulness),
                points: extent(inside.iter().map(|item| item.points)),
                minutes: extent(inside.iter().map(|item| item.minutes)),
                range,
            }
        })
        .collect()
}

fn extent(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((f64::INFINITY, 0.0), |(low, high), number| (number.min(low), number.max(high)))
}

/// Assigns dense indices in the order of first use.
#[derive(Default)]
struct Dense {
    known: BTreeMap<u32, usize>,
    len: usize,
}

impl Dense {
    fn of(&mut self, id: u32) -> usize {
        if let Some(&index) = self.known.get(&id) {
            return index;
        }
        let index = self.alone();
        self.known.insert(id, index);
        index
    }

    /// An index that is not in use.
    const fn alone(&mut self) -> usize {
        self.len += 1;
        self.len - 1
    }
}
