//! The service against a model of its credits: random students do random things, alone and several at once, while time
//! passes and Stripe sends its events. After every step balance, ledger and unlocked questions of whoever acted are what
//! the model says, and at the end every ledger is true.
//!
//! The model is written from the rules, not with the code that it checks:
//!
//! - `steps.rs`: what can happen;
//! - `requests.rs`: what a request must answer, and what it does;
//! - `subscriptions.rs`: what happens at Stripe; `events.rs`: the events that tell of it, in two API versions;
//! - `payments.rs`: what the events that have arrived entitle to, in whatever order they came (`docs/payments.md`);
//! - `account.rs`: balance, ledger, refresh, and the bookings of payments;
//! - `world.rs`: the service and the model side by side.
//!
//! Which of several fitting questions are delivered is chance: the model checks that the choice was a fair one and takes
//! it over. Requests and events that ran at once must have had the effect of some order of them; the model looks for it.
//!
//! When it fails, proptest prints the shortest sequence of steps that it found and the line of its seed (`cc …`), and
//! adds that line to `tests/proptest-regressions/ledger_model/mod.txt`: the next run of the test begins with it.
//! Elsewhere, append the printed line to that file and run
//!
//! ```text
//! cargo test -p tests --test it ledger_model
//! ```
//!
//! A case has a database, a clock and ids of its own, so a step alone does the same again. How requests at once meet is
//! up to the scheduler: their sequence may stay long, and may have to be run more than once.
//!
//! `PROPTEST_CASES=1000` looks longer (50 by default), `PROPTEST_RNG_SEED=7` makes two runs alike from their first case,
//! `PROPTEST_VERBOSE=1` prints each step before it is done.
//!
//! A run of so many steps as are asked for, by turns alone and at once, says every half a minute how far it is. Each
//! hundred steps have a database of their own, so that memory stays what it is. `MODEL_SEED` begins elsewhere; with
//! `TEST_DYNAMODB_ENDPOINT` it is another engine's turn:
//!
//! ```text
//! MODEL_STEPS=1000000 cargo test -p tests --test it -- --nocapture ledger_model::as_many_steps_as_asked_for
//! ```

use std::str::FromStr;
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::{Builder, Runtime};

use steps::{Script, Step};
use world::World;

mod account;
mod events;
mod payments;
mod requests;
mod steps;
mod subscriptions;
mod world;

const CASES: u32 = 50;
const STEPS: usize = 100;
/// A failure is made smaller for so long at most.
const SHRINK_MILLISECONDS_MAX: u32 = 120_000;
/// Requests of one student at once.
const AT_ONCE_MAX: usize = 4;

/// The test, with requests at once or without.
struct Lives<const AT_ONCE: bool>;

/// The world and what it runs on.
struct System {
    world: World,
    runtime: Runtime,
}

prop_state_machine! {
    #![proptest_config(Config { cases: number("PROPTEST_CASES").unwrap_or(CASES), max_shrink_iters: 10_000, max_shrink_time: SHRINK_MILLISECONDS_MAX, ..Config::default() })]

    #[test]
    fn one_after_another(sequential STEPS => Lives<false>);

    #[test]
    fn several_at_once(sequential STEPS => Lives<true>);
}

/// How often a long run says how far it is.
const PROGRESS: Duration = Duration::from_secs(30);

/// A variable that holds a number.
fn number<T: FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<T> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// A case whose steps follow from its number.
fn case<const AT_ONCE: bool>(number: u64) {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 10_000,
        max_shrink_time: SHRINK_MILLISECONDS_MAX,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config.clone(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let steps = Lives::<AT_ONCE>::sequential_strategy(STEPS);
    let ran = runner.run(&steps, |(initial, steps, seen)| {
        Lives::<AT_ONCE>::test_sequential(config.clone(), initial, steps, seen);
        Ok(())
    });
    ran.unwrap_or_else(|failure| panic!("MODEL_SEED={number}: {failure}"));
}

#[test]
fn as_many_steps_as_asked_for() {
    let Some(asked) = number::<u64>("MODEL_STEPS") else {
        eprintln!("skipped: MODEL_STEPS says how many steps, such as 1000000, and is not set");
        return;
    };
    let first = number::<u64>("MODEL_SEED").unwrap_or(0);
    let cases = asked.div_ceil(STEPS as u64);
    let started = Instant::now();
    let mut said = started;
    for done in 0..cases {
        let number = first + done;
        if number.is_multiple_of(2) {
            case::<false>(number);
        } else {
            case::<true>(number);
        }
        if said.elapsed() >= PROGRESS || done + 1 == cases {
            said = Instant::now();
            let (steps, seconds) = ((done + 1) * STEPS as u64, started.elapsed().as_secs());
            eprintln!("{steps} of {} steps, {} databases, {seconds} s: no difference", cases * STEPS as u64, done + 1);
        }
    }
}

impl<const AT_ONCE: bool> StateMachineTest for Lives<AT_ONCE> {
    type SystemUnderTest = System;
    type Reference = Self;

    fn init_test(_: &Script) -> System {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        System { world: runtime.block_on(World::start()), runtime }
    }

    fn apply(mut system: System, _: &Script, step: Step) -> System {
        system.runtime.block_on(system.world.step(step));
        system
    }

    fn teardown(System { world, runtime }: System, _: Script) {
        runtime.block_on(world.finish());
    }
}
