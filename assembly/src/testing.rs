//! Shared by the tests: small and random blueprints and questions, and checks of the rules from scratch.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Blueprint, Candidate, Instance, Weights};

/// A blueprint with only a number of questions on `topics`.
pub(super) fn blueprint(questions: usize, topics: &[f64]) -> Blueprint {
    Blueprint {
        questions,
        topics: topics.to_vec(),
        difficulty: [0.0; 5],
        points: 0.0,
        minutes: 0.0,
        techniques: 0,
        pattern_max: u32::MAX,
        weights: Weights::default(),
    }
}

/// A plain question on `topic`.
pub(super) fn question(topic: usize) -> Candidate {
    Candidate {
        topic,
        difficulty: 2,
        points: 10.0,
        minutes: 9.0,
        pattern: None,
        techniques: 1,
        family: None,
        usefulness: 0.5,
    }
}

/// Questions with slightly decreasing usefulness, so that no two are equal.
pub(super) fn bank<const N: usize>(questions: [Candidate; N]) -> Vec<Candidate> {
    let mut usefulness = 1.0;
    questions
        .map(|question| {
            usefulness -= 0.01;
            Candidate { usefulness, ..question }
        })
        .to_vec()
}

#[track_caller]
pub(super) fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

/// Whether a selection has `questions` different questions and satisfies the rules on patterns and families.
pub(super) fn keeps_the_rules(instance: &Instance, selection: &[usize], questions: usize) -> bool {
    let chosen = || selection.iter().map(|&index| &instance.candidates()[index]);
    let mut patterns = BTreeMap::new();
    let mut families = BTreeMap::new();
    for candidate in chosen() {
        candidate.pattern.into_iter().for_each(|pattern| *patterns.entry(pattern).or_insert(0) += 1);
        candidate.family.into_iter().for_each(|family| *families.entry(family).or_insert(0) += 1);
    }
    selection.len() == questions
        && selection.windows(2).all(|pair| pair[0] < pair[1])
        && patterns.values().all(|&count| count <= instance.blueprint().pattern_max)
        && families.values().all(|&count| count <= 1)
}

/// All selections of `size` from `len` candidates.
pub(super) fn selections(len: usize, size: usize) -> impl Iterator<Item = Vec<usize>> {
    (0_u32..1 << len)
        .filter(move |mask| mask.count_ones() as usize == size)
        .map(move |mask| (0..len).filter(|bit| mask >> bit & 1 == 1).collect())
}

/// Banks of up to `bank_max` questions with a blueprint of up to `form_max`; often too strict for any form.
pub(super) fn instances(bank_max: usize, form_max: usize) -> impl Strategy<Value = Instance> {
    (1..=5_usize).prop_flat_map(move |topics| {
        let blueprint = blueprints(topics, form_max);
        let candidates = vec(candidate(topics), 0..=bank_max);
        (blueprint, candidates).prop_map(|(blueprint, candidates)| Instance::new(blueprint, candidates).unwrap())
    })
}

fn blueprints(topics: usize, form_max: usize) -> impl Strategy<Value = Blueprint> {
    let counts = (1..=form_max, vec(target(1.0), topics), [(); 5].map(|()| target(1.0)), 0..=8_u32, 0..=4_u32);
    (counts, target(60.0), target(60.0), weights()).prop_map(|(counts, points, minutes, weights)| {
        let (questions, topics, difficulty, techniques, pattern_max) = counts;
        Blueprint {
            questions,
            topics: shares(&topics, questions),
            difficulty: std::array::from_fn(|level| shares(&difficulty, questions)[level]),
            points,
            minutes,
            techniques,
            pattern_max,
            weights,
        }
    })
}

/// A number up to `max`; sometimes 0.
fn target(max: f64) -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(0.0), 4 => 0.0..max]
}

/// Scales `parts` to the sum `questions`; zeros stay zeros.
fn shares(parts: &[f64], questions: usize) -> Vec<f64> {
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| if sum > 0.0 { part / sum * super::real(questions) } else { 0.0 }).collect()
}

fn weights() -> impl Strategy<Value = Weights> {
    let any = vec(target(5.0), 7).prop_map(|weights| Weights {
        topics: weights[0],
        difficulty: weights[1],
        points: weights[2],
        minutes: weights[3],
        techniques: weights[4],
        worst: weights[5],
        usefulness: weights[6],
    });
    prop_oneof![Just(Weights::default()), any]
}

fn candidate(topics: usize) -> impl Strategy<Value = Candidate> {
    let rules = (option::of(0..6_u32), option::of(0..8_u32), 0..256_u64);
    (0..topics, 0..5_usize, 0..20_u32, target(20.0), rules, 0..=20_u32).prop_map(
        |(topic, difficulty, points, minutes, (pattern, family, techniques), usefulness)| Candidate {
            topic,
            difficulty,
            points: f64::from(points),
            minutes,
            pattern,
            techniques,
            family,
            // In twentieths, so that many are equally useful.
            usefulness: f64::from(usefulness) / 20.0,
        },
    )
}
