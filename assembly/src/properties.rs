//! Properties that hold for every bank and every blueprint.

use proptest::prelude::*;
use proptest::sample::Index;

use super::exchange::{GAIN_MIN, best_one, best_two};
use super::pool::Pool;
use super::running::Running;
use super::testing::{instances, keeps_the_rules, selections};
use super::{AssemblyError, Effort, Instance, assemble, loss};

/// Enough to leave several local optima of a small bank.
const SHORT: Effort = Effort { looks: 20_000, idle_kicks: 12 };

/// Enough to leave nearly all local optima of a tiny bank.
const LONG: Effort = Effort { looks: 1_000_000, idle_kicks: 100 };

/// Allowed relative excess of a long search over the optimum of a tiny bank.
const GAP_MAX: f64 = 0.005;

/// A form under construction with random questions that the rules allow.
fn some_form<'a>(instance: &Instance, pool: &'a Pool, picks: &[Index]) -> Running<'a> {
    let mut running = Running::new(instance.blueprint(), pool);
    for pick in picks {
        let position = pick.index(pool.items().len());
        if running.admits(&pool.items()[position]) && running.chosen().len() < instance.blueprint().questions {
            running.add(position);
        }
    }
    running
}

fn indices(running: &Running, pool: &Pool) -> Vec<usize> {
    running.chosen().iter().map(|&position| pool.items()[position].index).collect()
}

/// The lowest loss, and the length of the longest form, by exhaustive search.
fn by_trying_all(instance: &Instance) -> (Option<f64>, usize) {
    let len = instance.candidates().len();
    let questions = instance.blueprint().questions;
    let forms = |size| selections(len, size).filter(move |form| keeps_the_rules(instance, form, size));
    let longest = (0..=len).rev().find(|&size| forms(size).next().is_some()).unwrap_or(0);
    (forms(questions).map(|form| loss(instance, &form)).min_by(f64::total_cmp), longest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_000))]

    #[test]
    fn the_rules_are_kept(instance in instances(40, 10), seed in any::<u64>()) {
        let questions = instance.blueprint().questions;
        match assemble(&instance, seed, SHORT) {
            Ok(form) => {
                prop_assert!(keeps_the_rules(&instance, &form.selection, questions));
                prop_assert!((form.fit.loss - loss(&instance, &form.selection)).abs() < 1e-12);
            }
            Err(AssemblyError::TooFew { asked, possible, candidates }) => {
                prop_assert_eq!((asked, candidates), (questions, instance.candidates().len()));
                prop_assert!(possible < asked);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn the_incremental_loss_equals_the_loss_from_scratch(
        instance in instances(30, 10), picks in prop::collection::vec(any::<(Index, bool)>(), 1..60),
    ) {
        let pool = Pool::of(&instance);
        let mut running = Running::new(instance.blueprint(), &pool);
        for (pick, takes) in picks {
            let position = pick.index(pool.items().len().max(1));
            if takes && !running.chosen().is_empty() {
                running.take(pick.index(running.chosen().len()));
            } else if pool.items().get(position).is_some_and(|item| running.admits(item)) {
                running.add(position);
            }
            let recounted = loss(&instance, &indices(&running, &pool));
            prop_assert!((running.loss(instance.blueprint()) - recounted).abs() < 1e-9);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn an_exchange_is_optimal(
        instance in instances(25, 8), picks in prop::collection::vec(any::<Index>(), 1..40),
    ) {
        prop_assume!(!instance.candidates().is_empty());
        let (pool, blueprint) = (Pool::of(&instance), instance.blueprint());
        let running = some_form(&instance, &pool, &picks);
        let positions = 0..pool.items().len();
        let with = |more: &[usize]| {
            let mut filled = running.clone();
            for &position in more {
                filled.add(position);
            }
            loss(&instance, &indices(&filled, &pool))
        };
        let items = pool.items();
        let ones = positions.clone().filter(|&one| running.admits(&items[one])).map(|one| with(&[one]));
        let twos = positions.clone().flat_map(|one| (0..one).map(move |two| [one, two]));
        let twos = twos.filter(|&[one, two]| running.admits_both(&items[one], &items[two])).map(|both| with(&both));

        let found = best_one(blueprint, &running, f64::INFINITY, &mut 0);
        prop_assert_eq!(found.is_some(), ones.clone().next().is_some());
        if let (Some(found), Some(best)) = (found, ones.min_by(f64::total_cmp)) {
            prop_assert!((with(&found.positions) - found.loss).abs() < 1e-9);
            prop_assert!(found.loss <= best + 2.0 * GAIN_MIN * best.max(1.0), "{} against {best}", found.loss);
        }
        let found = best_two(blueprint, &running, f64::INFINITY, &mut 0);
        prop_assert_eq!(found.is_some(), twos.clone().next().is_some());
        if let (Some(found), Some(best)) = (found, twos.min_by(f64::total_cmp)) {
            prop_assert!((with(&found.positions) - found.loss).abs() < 1e-9);
            prop_assert!(found.loss <= best + 2.0 * GAIN_MIN * best.max(1.0), "{} against {best}", found.loss);
            prop_assert!(best_two(blueprint, &running, best, &mut 0).is_none());
        }
    }

    #[test]
    fn tiny_banks_are_solved(instance in instances(12, 5), seed in any::<u64>()) {
        let (optimum, longest) = by_trying_all(&instance);
        match (assemble(&instance, seed, LONG), optimum) {
            (Ok(form), Some(optimum)) => {
                prop_assert!(form.fit.loss >= optimum - 1e-9);
                prop_assert!(form.fit.loss <= optimum * (1.0 + GAP_MAX) + 1e-9, "{} against {optimum}", form.fit.loss);
            }
            (Err(AssemblyError::TooFew { possible, .. }), None) => prop_assert_eq!(possible, longest),
            (found, optimum) => prop_assert!(false, "{found:?} against {optimum:?}"),
        }
    }

    #[test]
    fn no_form_is_worse_than_the_greedy_one(instance in instances(60, 12), seed in any::<u64>()) {
        if let (Ok(form), Ok(greedy)) = (assemble(&instance, seed, SHORT), assemble(&instance, seed, Effort::GREEDY)) {
            prop_assert!(form.fit.loss <= greedy.fit.loss + 1e-9);
        }
    }

    #[test]
    fn a_seed_gives_the_same_form_again(instance in instances(40, 10), seed in any::<u64>()) {
        prop_assert_eq!(assemble(&instance, seed, SHORT), assemble(&instance, seed, SHORT));
    }
}
