//! The ledger against a model of it: random students do random things, alone and several at once, while time passes.
//! After every step balance, ledger and unlocked questions of whoever acted are what the model says, and at the end
//! every ledger is true.
//!
//! The model is written from the rules, not with the code that it checks. Which of several fitting questions are
//! delivered is chance: the model checks that the choice was a fair one and takes it over. Requests that ran at once
//! must have had the effect of some order of them; the model looks for it.
//!
//! When it fails, proptest prints the shortest sequence of steps that it found and the line of its seed (`cc …`), and
//! adds that line to `tests/proptest-regressions/ledger_model.txt`: the next run of the test begins with it. Elsewhere,
//! append the printed line to that file and run
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

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::Method;
use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::{Value, json};
use shared::domain::credits::{EntryType, Plan};
use shared::domain::id::{CourseId, UserId};
use tests::{Answer, Person, TestApp};
use tokio::runtime::{Builder, Runtime};

const CASES: u32 = 50;
const STEPS: usize = 100;
/// A failure is made smaller for so long at most.
const SHRINK_MILLISECONDS_MAX: u32 = 120_000;
const ACCOUNTS_MAX: usize = 4;
/// Requests of one student at once.
const AT_ONCE_MAX: usize = 4;
/// Questions of each midterm.
const MIDTERM_QUESTIONS: usize = 3;
/// How far back a key is used again.
const KEYS_BACK: usize = 4;

const DAY: i64 = 86_400;
const REFRESH_PERIOD: i64 = 30 * DAY;
const SESSION: i64 = 7 * DAY;

const TOPICS: [&str; 4] = ["alg-groups", "alg-linear", "alg-quadratic", "alg-sets"];
/// Id, topic, difficulty.
const QUESTIONS: [(&str, &str, Option<u8>); 6] = [
    ("alg-q1", "alg-linear", Some(1)),
    ("alg-q2", "alg-quadratic", Some(3)),
    ("alg-q3", "alg-quadratic", Some(4)),
    ("alg-q4", "alg-sets", Some(2)),
    ("alg-q5", "alg-linear", Some(1)),
    ("alg-q6", "alg-sets", None),
];
/// The one with letters, and the right one.
const CHOICE: (&str, &str) = ("alg-q2", "B");

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

// What happens.

/// A request of a student.
#[derive(Debug, Clone, PartialEq)]
enum Request {
    Practice { topics: Vec<&'static str>, difficulty: Option<u8>, count: Option<usize> },
    Bundle { topic: Option<&'static str>, count: Option<usize> },
    Start(&'static str),
    Midterm,
    Analysis,
    Solution(&'static str),
    Submit { question: &'static str, answer: Option<&'static str>, was_correct: Option<bool> },
}

/// Which `Idempotency-Key` a request has.
#[derive(Debug, Clone, Copy)]
enum Key {
    None,
    New,
    /// That of an earlier request, counted back from the last one with a new key.
    Back(usize),
}

#[derive(Debug, Clone)]
enum Step {
    Join {
        plan: Plan,
        credits: u32,
    },
    Register,
    /// All of these at once.
    Ask {
        who: usize,
        requests: Vec<(Request, Key)>,
    },
    /// An earlier request with its key, so often at once.
    Repeat {
        who: usize,
        back: usize,
        times: usize,
    },
    Look {
        who: usize,
    },
    Pass {
        seconds: u32,
    },
    /// Until so many seconds after the student's refresh is due.
    PassToRefresh {
        who: usize,
        offset: i64,
    },
}

/// As much of the state as it takes to say what may happen next: the keys of each student.
#[derive(Debug, Clone, Default)]
struct Script {
    keys: Vec<usize>,
}

/// The test, with requests at once or without.
struct Lives<const AT_ONCE: bool>;

impl Request {
    fn path(&self) -> String {
        match self {
            Self::Practice { .. } => "/api/questions/practice".to_owned(),
            Self::Bundle { .. } => "/api/questions/bundle".to_owned(),
            Self::Start(question) => format!("/api/questions/{question}/start"),
            Self::Midterm => "/api/midterm/generate".to_owned(),
            Self::Analysis => "/api/courses/algebra/analysis".to_owned(),
            Self::Solution(question) => format!("/api/questions/{question}/solution"),
            Self::Submit { question, .. } => format!("/api/questions/{question}/submit"),
        }
    }

    fn body(&self) -> Option<Value> {
        match self {
            Self::Practice { topics, difficulty, count } => {
                Some(json!({"course_id": "algebra", "topic_ids": topics, "difficulty": difficulty, "count": count}))
            }
            Self::Bundle { topic, count } => Some(json!({"course_id": "algebra", "topic_id": topic, "count": count})),
            Self::Midterm => Some(json!({"course_id": "algebra", "config": {"question_count": MIDTERM_QUESTIONS}})),
            Self::Start(_) | Self::Analysis | Self::Solution(_) => None,
            Self::Submit { answer, was_correct, .. } => Some(json!({"answer": answer, "was_correct": was_correct})),
        }
    }
}

fn any_question() -> impl Strategy<Value = &'static str> {
    select(QUESTIONS.map(|(id, ..)| id).to_vec())
}

fn any_request() -> impl Strategy<Value = Request> {
    let topics = prop_oneof![2 => Just(Vec::new()), 3 => subsequence(TOPICS.to_vec(), 1..=3)];
    let practice = (topics, option::weighted(0.2, 1..=5_u8), option::weighted(0.8, 1..=8_usize));
    let bundle = (option::of(select(TOPICS.to_vec())), option::of(1..=3_usize));
    let submit = (any_question(), option::of(select(vec!["A", "B", "C"])), option::of(any::<bool>()));
    prop_oneof![
        3 => any_question().prop_map(Request::Start),
        4 => practice.prop_map(|(topics, difficulty, count)| Request::Practice { topics, difficulty, count }),
        2 => bundle.prop_map(|(topic, count)| Request::Bundle { topic, count }),
        1 => Just(Request::Midterm),
        1 => Just(Request::Analysis),
        1 => any_question().prop_map(Request::Solution),
        2 => submit.prop_map(|(question, answer, was_correct)| Request::Submit { question, answer, was_correct }),
    ]
}

fn any_ask() -> impl Strategy<Value = (Request, Key)> {
    let key = prop_oneof![4 => Just(Key::None), 4 => Just(Key::New), 1 => (0..KEYS_BACK).prop_map(Key::Back)];
    (any_request(), key).prop_map(|(request, key)| match request {
        // The requests that take no key.
        Request::Solution(_) | Request::Analysis => (request, Key::None),
        _ => (request, key),
    })
}

fn any_plan() -> impl Strategy<Value = Plan> {
    prop_oneof![4 => Just(Plan::Free), 3 => Just(Plan::Starter), 1 => Just(Plan::Unlimited)]
}

fn any_pause() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => (1..=48_u32).prop_map(|hours| hours * 3_600),
        // Where a key's day ends.
        2 => select(vec![1, 86_399, 86_400]),
        1 => (3..=100_u32).prop_map(|days| days * 86_400),
    ]
}

impl<const AT_ONCE: bool> ReferenceStateMachine for Lives<AT_ONCE> {
    type State = Script;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Script> {
        Just(Script::default()).boxed()
    }

    fn transitions(state: &Script) -> BoxedStrategy<Step> {
        let join = (any_plan(), 0..=20_u32).prop_map(|(plan, credits)| Step::Join { plan, credits }).boxed();
        if state.keys.is_empty() {
            return join;
        }
        let who = 0..state.keys.len();
        let alone = (who.clone(), any_ask()).prop_map(|(who, ask)| Step::Ask { who, requests: vec![ask] });
        let times = if AT_ONCE { 1..=AT_ONCE_MAX } else { 1..=1 };
        let repeat = (who.clone(), 0..KEYS_BACK, times.clone());
        let repeat = repeat.prop_map(|(who, back, times)| Step::Repeat { who, back, times });
        let to_refresh = (who.clone(), -1..=1_i64).prop_map(|(who, offset)| Step::PassToRefresh { who, offset });
        let look = who.clone().prop_map(|who| Step::Look { who });
        let mut steps = vec![
            (50, alone.boxed()),
            (10, repeat.boxed()),
            (6, look.boxed()),
            (10, any_pause().prop_map(|seconds| Step::Pass { seconds }).boxed()),
            (5, to_refresh.boxed()),
        ];
        if AT_ONCE {
            let different = vec(any_ask(), 2..=AT_ONCE_MAX);
            let same = (any_ask(), 2..=AT_ONCE_MAX).prop_map(|(ask, times)| {
                let later = if matches!(ask.1, Key::New) { Key::Back(0) } else { ask.1 };
                let repeated = std::iter::repeat_n((ask.0.clone(), later), times - 1);
                std::iter::once(ask.clone()).chain(repeated).collect()
            });
            let together = (who, prop_oneof![different, same]);
            steps.push((40, together.prop_map(|(who, requests)| Step::Ask { who, requests }).boxed()));
        }
        if state.keys.len() < ACCOUNTS_MAX {
            steps.push((5, join));
            // Hashing a password takes as long as several steps.
            steps.push((1, Just(Step::Register).boxed()));
        }
        Union::new_weighted(steps).boxed()
    }

    fn preconditions(state: &Script, step: &Step) -> bool {
        match step {
            Step::Join { .. } | Step::Register => state.keys.len() < ACCOUNTS_MAX,
            Step::Pass { .. } => !state.keys.is_empty(),
            Step::Look { who } | Step::PassToRefresh { who, .. } => *who < state.keys.len(),
            Step::Repeat { who, back, .. } => state.keys.get(*who).is_some_and(|keys| back < keys),
            Step::Ask { who, requests } => state.keys.get(*who).is_some_and(|keys| {
                let mut keys = *keys;
                requests.iter().all(|(_, key)| match key {
                    Key::None => true,
                    Key::New => {
                        keys += 1;
                        true
                    }
                    Key::Back(back) => *back < keys,
                })
            }),
        }
    }

    fn apply(mut state: Script, step: &Step) -> Script {
        match step {
            Step::Join { .. } | Step::Register => state.keys.push(0),
            Step::Ask { who, requests } => {
                state.keys[*who] += requests.iter().filter(|(_, key)| matches!(key, Key::New)).count();
            }
            _ => {}
        }
        state
    }
}

// What must be so.

/// What the table has of a student.
#[derive(Debug, Clone, PartialEq)]
struct Stored {
    plan: Plan,
    credits: i64,
    refresh_at: i64,
    /// Oldest first: kind, amount, balance after it.
    ledger: Vec<(EntryType, i64, i64)>,
    unlocked: BTreeMap<String, Unlocked>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Unlocked {
    seen_at: i64,
    is_solved: bool,
    attempts: u32,
    right: u32,
}

/// What answers for a key.
#[derive(Debug, Clone)]
struct Kept {
    request: Request,
    answer: Value,
    until: i64,
}

/// A student as the rules have it.
#[derive(Debug, Clone)]
struct Account {
    stored: Stored,
    kept: HashMap<String, Kept>,
    owns_analysis: bool,
}

/// A request as sent.
#[derive(Debug, Clone)]
struct Sent {
    request: Request,
    key: Option<String>,
}

/// Why an answer is not what the rules say.
type Wrong = String;

macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

fn problem(answer: &Answer, status: u16, code: &str) -> Result<(), Wrong> {
    let is_it = answer.status == status && answer.body["code"] == code;
    ensure!(is_it, "expected {status} {code}, not {} {}", answer.status, answer.body);
    Ok(())
}

fn expect(body: &Value, name: &str, value: impl Into<Value>) -> Result<(), Wrong> {
    let value = value.into();
    ensure!(body[name] == value, "`{name}` should be {value}: {body}");
    Ok(())
}

impl Account {
    fn new(plan: Plan, credits: i64, kind: EntryType, now: i64) -> Self {
        let ledger = vec![(kind, credits, credits)];
        let stored = Stored { plan, credits, refresh_at: now + REFRESH_PERIOD, ledger, unlocked: BTreeMap::new() };
        Self { stored, kept: HashMap::new(), owns_analysis: false }
    }

    /// The refresh, if it is due: to the month's credits, once, and on to the first date ahead.
    fn refresh(&mut self, now: i64) {
        let stored = &mut self.stored;
        if now < stored.refresh_at {
            return;
        }
        while stored.refresh_at <= now {
            stored.refresh_at += REFRESH_PERIOD;
        }
        let monthly = if stored.plan == Plan::Starter { 15 } else { 5 };
        stored.ledger.push((EntryType::MonthlyRefresh, monthly - stored.credits, monthly));
        stored.credits = monthly;
    }

    /// The balance that a student may spend from.
    fn available(&self, now: i64) -> i64 {
        let mut later = self.clone();
        later.refresh(now);
        later.stored.credits
    }

    /// Pays; false when the balance does not reach, and then nothing has changed.
    fn pay(&mut self, price: i64, kind: EntryType, now: i64) -> bool {
        let debit = if self.stored.plan == Plan::Unlimited { 0 } else { price };
        if self.available(now) < debit {
            return false;
        }
        self.refresh(now);
        self.stored.credits -= debit;
        self.stored.ledger.push((kind, -debit, self.stored.credits));
        true
    }

    fn unlock(&mut self, question: &str, is_solved: bool, now: i64) {
        let locked = Unlocked { seen_at: now, is_solved: false, attempts: 0, right: 0 };
        let unlocked = self.stored.unlocked.entry(question.to_owned()).or_insert(locked);
        unlocked.seen_at = now;
        unlocked.is_solved |= is_solved;
    }

    /// Checks the answer to a request that found this account, and takes over what it did. `before` is the account
    /// before all requests of the same time; none when there was only this one.
    fn follow(&mut self, sent: &Sent, answer: &Answer, now: i64, before: Option<&Self>) -> Result<(), Wrong> {
        let kept = sent.key.as_ref().and_then(|key| self.kept.get(key)).filter(|kept| now < kept.until);
        if let Some(kept) = kept {
            if kept.request != sent.request {
                return problem(answer, 422, "idempotency_key_reused");
            }
            ensure!(answer.status == 200 && answer.body == kept.answer, "not as before: {}", answer.body);
            return Ok(());
        }
        if let Request::Submit { question, .. } | Request::Solution(question) = &sent.request
            && !self.stored.unlocked.contains_key(*question)
        {
            return problem(answer, 409, "not_started");
        }
        let is_done = match &sent.request {
            Request::Practice { topics, difficulty, count } => {
                let fits = |topic: &str, rated: Option<u8>| {
                    (topics.is_empty() || topics.contains(&topic)) && (difficulty.is_none() || rated == *difficulty)
                };
                let count = count.unwrap_or(3);
                self.deliver(fits, count, |delivered| delivered, answer, now, before.is_none())?
            }
            Request::Bundle { topic, count } => {
                let fits = |of: &str, _| topic.is_none_or(|topic| topic == of);
                self.deliver(fits, count.unwrap_or(3), |_| 1, answer, now, before.is_none())?
            }
            Request::Start(question) => self.start(question, answer, now, before)?,
            Request::Midterm => {
                let is_done = self.deliver(|_, _| true, MIDTERM_QUESTIONS, |_| 3, answer, now, false)?;
                if let Some(entry) = self.stored.ledger.last_mut().filter(|_| is_done) {
                    entry.0 = EntryType::Midterm;
                }
                is_done
            }
            Request::Analysis => self.analysis(answer, now)?,
            Request::Solution(question) => {
                ensure!(answer.status == 200 && answer.body["answer"].is_string(), "no solution: {}", answer.body);
                self.stored.unlocked.get_mut(*question).unwrap().is_solved = true;
                false
            }
            Request::Submit { question, answer: typed, was_correct } => {
                self.submit(question, *typed, *was_correct, answer)?
            }
        };
        if let Some(key) = sent.key.as_ref().filter(|_| is_done) {
            let kept = Kept { request: sent.request.clone(), answer: answer.body.clone(), until: now + DAY };
            self.kept.insert(key.clone(), kept);
        }
        Ok(())
    }

    /// Practice and bundle. A balance that does not reach, or no fitting question, moves nothing.
    fn deliver(
        &mut self,
        fits: impl Fn(&str, Option<u8>) -> bool,
        count: usize,
        price: impl Fn(i64) -> i64,
        answer: &Answer,
        now: i64,
        is_alone: bool,
    ) -> Result<bool, Wrong> {
        let fitting: Vec<&str> =
            QUESTIONS.iter().filter(|(_, topic, rated)| fits(topic, *rated)).map(|q| q.0).collect();
        if fitting.is_empty() {
            return problem(answer, 404, "no_questions").map(|()| false);
        }
        let length = count.min(fitting.len());
        let price = price(i64::try_from(length).unwrap());
        if !self.paid(price, answer, now)? {
            return Ok(false);
        }
        let questions = answer.body["questions"].as_array().ok_or("no questions")?;
        let ids: Vec<&str> = questions.iter().filter_map(|question| question["id"].as_str()).collect();
        ensure!(ids.len() == length, "{length} questions should come: {ids:?}");
        ensure!(ids.iter().all(|id| fitting.contains(id)), "{ids:?} should be of {fitting:?}");
        ensure!((1..length).all(|i| !ids[..i].contains(&ids[i])), "{ids:?} should differ");
        let is_open = |question: &Value| question["locked"] == false && question["answer"].is_string();
        ensure!(questions.iter().all(is_open), "all should be open: {}", answer.body);

        let seen_at = |id: &&str| self.stored.unlocked.get(*id).map(|unlocked| unlocked.seen_at);
        let unseen = |ids: &[&str]| ids.iter().filter(|id| seen_at(id).is_none()).count();
        ensure!(unseen(&ids) == length.min(unseen(&fitting)), "unseen ones should come first: {ids:?}");
        // Of requests at once, one may deliver again what another has just seen to: both began before.
        let newest = ids.iter().filter_map(seen_at).max();
        let mut left = fitting.iter().filter(|id| !ids.contains(id)).filter_map(seen_at);
        ensure!(!is_alone || left.all(|seen| Some(seen) >= newest), "an older one should have come: {ids:?}");
        for id in ids {
            self.unlock(id, true, now);
        }
        Ok(true)
    }

    /// Whether the price was paid; the answer must say the same.
    fn paid(&mut self, price: i64, answer: &Answer, now: i64) -> Result<bool, Wrong> {
        if !self.pay(price, EntryType::QuestionView, now) {
            problem(answer, 402, "insufficient_credits")?;
            expect(&answer.body, "credits_needed", price)?;
            expect(&answer.body, "credits_available", self.available(now))?;
            return Ok(false);
        }
        ensure!(answer.status == 200, "should succeed: {} {}", answer.status, answer.body);
        let (_, amount, after) = self.stored.ledger[self.stored.ledger.len() - 1];
        expect(&answer.body, "credits_deducted", -amount)?;
        expect(&answer.body, "credits", after)?;
        Ok(true)
    }

    /// An analysis: bought once, free from then on.
    fn analysis(&mut self, answer: &Answer, now: i64) -> Result<bool, Wrong> {
        let price = if self.owns_analysis { 0 } else { 2 };
        if price > 0 && !self.pay(price, EntryType::AnalysisView, now) {
            return problem(answer, 402, "insufficient_credits").map(|()| false);
        }
        ensure!(answer.status == 200, "should succeed: {} {}", answer.status, answer.body);
        let amount = if price > 0 { self.stored.ledger[self.stored.ledger.len() - 1].1 } else { 0 };
        self.owns_analysis = true;
        expect(&answer.body, "credits_deducted", -amount).map(|()| false)
    }

    /// A start. One that is free moves nothing, but its key is kept.
    fn start(&mut self, id: &str, answer: &Answer, now: i64, before: Option<&Self>) -> Result<bool, Wrong> {
        let is_unlocked = self.stored.unlocked.contains_key(id);
        if is_unlocked {
            // A request reads balance and question at once but not as one: the balance may be one of just before.
            let mut balances = vec![self.available(now)];
            if let Some(before) = before {
                balances.push(before.available(now));
                balances.extend(self.stored.ledger[before.stored.ledger.len()..].iter().map(|entry| entry.2));
                // Or the question may be: locked still, and the last credit gone for it.
                if !before.stored.unlocked.contains_key(id) && balances.contains(&0) && answer.status == 402 {
                    return problem(answer, 402, "insufficient_credits").map(|()| false);
                }
            }
            ensure!(answer.status == 200, "should succeed: {} {}", answer.status, answer.body);
            expect(&answer.body, "credits_deducted", 0)?;
            let said = answer.body["credits"].as_i64();
            ensure!(said.is_some_and(|said| balances.contains(&said)), "{said:?} should be of {balances:?}");
        } else if !self.paid(1, answer, now)? {
            return Ok(false);
        }
        let question = &answer.body["question"];
        expect(question, "id", id)?;
        expect(question, "locked", false)?;
        expect(question, "answer", Value::Null)?;
        if !is_unlocked {
            self.unlock(id, false, now);
        }
        Ok(true)
    }

    fn submit(
        &mut self,
        id: &str,
        typed: Option<&str>,
        was_correct: Option<bool>,
        answer: &Answer,
    ) -> Result<bool, Wrong> {
        let by_letter = typed.filter(|_| id == CHOICE.0).map(|letter| letter == CHOICE.1);
        let Some(correct) = by_letter.or(was_correct) else {
            return problem(answer, 422, "invalid_field").map(|()| false);
        };
        let unlocked = self.stored.unlocked.get_mut(id).ok_or("locked")?;
        unlocked.attempts += 1;
        unlocked.right += u32::from(correct);
        unlocked.is_solved = true;
        ensure!(answer.status == 200, "should be marked: {} {}", answer.status, answer.body);
        expect(&answer.body, "correct", correct)?;
        expect(&answer.body, "graded_by", if by_letter.is_some() { "options" } else { "self" })?;
        expect(&answer.body, "attempts", unlocked.attempts)?;
        let rate = f64::from(unlocked.right) / f64::from(unlocked.attempts);
        let said = answer.body["accuracy_rate"].as_f64();
        ensure!(said.is_some_and(|said| (said - rate).abs() < 0.005_001), "{said:?} should be {rate}");
        Ok(true)
    }
}

/// All orders of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, next| {
        let longer = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, next);
                longer
            })
        };
        orders.iter().flat_map(longer).collect()
    })
}

// The two side by side.

struct Student {
    person: Person,
    signed_in_until: i64,
    account: Account,
    /// The requests with a key, oldest first.
    sent: Vec<Sent>,
}

struct World {
    test: TestApp,
    /// One for each request at once.
    processes: Vec<Router>,
    students: Vec<Student>,
}

/// The world and what it runs on.
struct System {
    world: World,
    runtime: Runtime,
}

impl World {
    async fn start() -> Self {
        let test = TestApp::start().await;
        let processes = (0..AT_ONCE_MAX).map(|_| test.twin()).collect();
        Self { test, processes, students: Vec::new() }
    }

    fn now(&self) -> i64 {
        self.test.app.now().as_second()
    }

    async fn step(&mut self, step: Step) {
        let who = match step {
            Step::Join { plan, credits } => {
                let person = self.test.member(&format!("m{}", self.students.len()), plan, credits).await;
                self.admit(person, Account::new(plan, credits.into(), EntryType::Adjustment, self.now()))
            }
            Step::Register => {
                let person = self.test.user(&format!("m{}", self.students.len())).await;
                self.admit(person, Account::new(Plan::Free, 5, EntryType::SignupBonus, self.now()))
            }
            Step::Ask { who, requests } => {
                let student = &mut self.students[who];
                let sent = requests.into_iter().map(|(request, key)| student.sent(request, key)).collect();
                self.ask(who, sent).await;
                who
            }
            Step::Repeat { who, back, times } => {
                let sent = &self.students[who].sent;
                let again = sent[sent.len() - 1 - back].clone();
                self.ask(who, vec![again; times]).await;
                who
            }
            Step::Look { who } => {
                self.look(who).await;
                who
            }
            Step::Pass { seconds } => return self.test.pass(Duration::from_secs(seconds.into())),
            Step::PassToRefresh { who, offset } => {
                let seconds = self.students[who].account.stored.refresh_at + offset - self.now();
                return self.test.pass(Duration::from_secs(seconds.try_into().unwrap_or(0)));
            }
        };
        assert_eq!(self.stored(who).await, self.students[who].account.stored, "the table, and what it should hold");
    }

    fn admit(&mut self, person: Person, account: Account) -> usize {
        let signed_in_until = self.now() + SESSION;
        self.students.push(Student { person, signed_in_until, account, sent: Vec::new() });
        self.students.len() - 1
    }

    /// Signs in again when the session is over.
    async fn person(&mut self, who: usize) -> Person {
        let now = self.now();
        let student = &mut self.students[who];
        if now >= student.signed_in_until {
            student.person = self.test.renewed(&student.person).await;
            student.signed_in_until = now + SESSION;
        }
        student.person.clone()
    }

    /// Sends all at once and finds an order that explains answers and table.
    async fn ask(&mut self, who: usize, sent: Vec<Sent>) {
        let person = self.person(who).await;
        let people = self.processes.iter().map(|process| person.through(process.clone()));
        let answers = join_all(sent.iter().zip(people).map(|(sent, person)| send(person, sent))).await;
        let stored = self.stored(who).await;
        let now = self.now();
        let before = &self.students[who].account;
        let mut wrong = Vec::new();
        for order in orders(sent.len()) {
            let mut account = before.clone();
            let company = (sent.len() > 1).then_some(before);
            let followed = order.iter().try_for_each(|i| account.follow(&sent[*i], &answers[*i], now, company));
            match followed {
                Ok(()) if account.stored == stored => {
                    self.students[who].account = account;
                    return;
                }
                Ok(()) => wrong.push(format!("{order:?}: should be {:?}", account.stored)),
                Err(why) => wrong.push(format!("{order:?}: {why}")),
            }
        }
        let answers: Vec<_> = answers.iter().map(|answer| format!("{} {}", answer.status, answer.body)).collect();
        panic!(
            "before {:#?}\nsent {sent:#?}\nanswers {answers:#?}\nafter {stored:#?}\nnot explained by\n{}",
            before.stored,
            wrong.join("\n")
        );
    }

    /// Everything that a student can see.
    async fn look(&mut self, who: usize) {
        let person = self.person(who).await;
        let now = self.now();
        let account = &mut self.students[who].account;
        account.refresh(now);
        let stored = &account.stored;

        let balance = person.get("/api/credits/balance").await.ok();
        let said = (&balance["credits"], &balance["plan"], &balance["credits_reset_at"]);
        assert_eq!(said, (&json!(stored.credits), &json!(stored.plan), &json!(stored.refresh_at)));

        let page = person.get("/api/credits/transactions?limit=100").await.ok();
        let said: Vec<_> = page["transactions"].as_array().unwrap().iter().collect();
        let said: Vec<_> =
            said.iter().map(|said| json!([said["type"], said["amount"], said["balance_after"]])).collect();
        let entries = stored.ledger.iter().rev().take(100);
        assert_eq!(said, entries.map(|entry| json!(entry)).collect::<Vec<_>>());

        let page = person.get("/api/questions?course_id=algebra&limit=100").await.ok();
        let questions = page["questions"].as_array().unwrap();
        assert_eq!(questions.len(), QUESTIONS.len());
        for question in questions {
            let unlocked = stored.unlocked.get(question["id"].as_str().unwrap());
            let is_solved = unlocked.is_some_and(|unlocked| unlocked.is_solved);
            assert_eq!((&question["locked"], question["answer"].is_string()), (&json!(unlocked.is_none()), is_solved));
        }
    }

    async fn stored(&self, who: usize) -> Stored {
        let user = UserId(self.students[who].person.id.parse().unwrap());
        let course = CourseId::try_from("algebra").unwrap();
        let store = &self.test.app.store;
        // Boxed: a call of the SDK is 6 KB of future.
        let reads = Box::pin(async {
            tokio::try_join!(store.profile(user), store.entries(user), store.progress(user, &course))
        });
        let (profile, entries, progress) = reads.await.unwrap();
        let wallet = profile.unwrap().wallet;
        let unlocked = progress.into_iter().map(|(id, row)| {
            let unlocked = Unlocked {
                seen_at: row.seen_at.as_second(),
                is_solved: row.solution_at.is_some(),
                attempts: row.attempts,
                right: row.correct_attempts,
            };
            (id.to_string(), unlocked)
        });
        Stored {
            plan: wallet.plan,
            credits: wallet.credits.into(),
            refresh_at: wallet.credits_reset_at,
            ledger: entries.iter().map(|entry| (entry.kind, entry.amount, entry.balance_after.into())).collect(),
            unlocked: unlocked.collect(),
        }
    }

    async fn finish(mut self) {
        for who in 0..self.students.len() {
            self.look(who).await;
            assert_eq!(self.stored(who).await, self.students[who].account.stored);
        }
        self.test.assert_ledgers_are_true().await;
    }
}

impl Student {
    fn sent(&mut self, request: Request, key: Key) -> Sent {
        match key {
            Key::None => Sent { request, key: None },
            Key::Back(back) => Sent { request, key: self.sent[self.sent.len() - 1 - back].key.clone() },
            Key::New => {
                let sent = Sent { request, key: Some(format!("key {}", self.sent.len())) };
                self.sent.push(sent.clone());
                sent
            }
        }
    }
}

async fn send(person: Person, sent: &Sent) -> Answer {
    let body = sent.request.body();
    let mut headers = Vec::from_iter(sent.key.as_deref().map(|key| ("idempotency-key", key)));
    headers.extend(body.is_some().then_some(("content-type", "application/json")));
    let method = if sent.request == Request::Analysis { Method::GET } else { Method::POST };
    person.send(method, &sent.request.path(), body.map(|body| body.to_string()), &headers).await
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
