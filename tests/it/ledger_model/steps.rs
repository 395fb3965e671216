//! The steps of the model: what students do, what happens at Stripe, how time passes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;
use serde_json::{Value, json};
use shared::domain::credits::Plan;

use super::events::Price;
use super::subscriptions::{Act, Billing, Payment, Recovery, Start};
use super::{AT_ONCE_MAX, Lives};

const ACCOUNTS_MAX: usize = 4;
/// Questions of each midterm.
pub(super) const MIDTERM_QUESTIONS: usize = 3;
/// How far back a key is used again.
const KEYS_BACK: usize = 4;
/// Keys of an operator's grants.
const GRANT_KEYS: u8 = 3;

pub(super) const TOPICS: [&str; 4] = ["alg-groups", "alg-linear", "alg-quadratic", "alg-sets"];
/// Id, topic, difficulty.
pub(super) const QUESTIONS: [(&str, &str, Option<u8>); 6] = [
    ("alg-q1", "alg-linear", Some(1)),
    ("alg-q2", "alg-quadratic", Some(3)),
    ("alg-q3", "alg-quadratic", Some(4)),
    ("alg-q4", "alg-sets", Some(2)),
    ("alg-q5", "alg-linear", Some(1)),
    ("alg-q6", "alg-sets", None),
];

/// A request of a student.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Request {
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
pub(super) enum Key {
    None,
    New,
    /// That of an earlier request, counted back from the last one with a new key.
    Back(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Step {
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
    /// Until so many seconds after a period of a subscription ends.
    PassToPeriodEnd {
        who: usize,
        offset: i64,
    },
    /// Something happens at Stripe. Of its events, those that are late wait, and the others arrive now.
    Stripe {
        who: usize,
        act: Act,
        which: usize,
        billing: Billing,
        late: [bool; 3],
    },
    /// An event that waits arrives, so often, at once with requests.
    Deliver {
        who: usize,
        place: usize,
        times: usize,
        requests: Vec<(Request, Key)>,
    },
    /// An event that has arrived arrives again.
    DeliverAgain {
        who: usize,
        back: usize,
    },
    /// The voucher that all students may redeem.
    Redeem {
        who: usize,
    },
    /// An operator grants or takes credits.
    Grant {
        who: usize,
        credits: i64,
        key: Option<u8>,
    },
    /// An operator sets the plan.
    SetPlan {
        who: usize,
        plan: Plan,
    },
    /// The student deletes the account.
    Close {
        who: usize,
    },
}

/// As much of the state as it takes to say what may happen next: the keys of each student.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    keys: Vec<usize>,
}

impl Request {
    pub(super) fn path(&self) -> String {
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

    pub(super) fn body(&self) -> Option<Value> {
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

fn any_grant(who: impl Strategy<Value = usize>) -> impl Strategy<Value = Step> {
    let key = option::of(0..GRANT_KEYS);
    (who, -5..=10_i64, key).prop_map(|(who, credits, key)| Step::Grant { who, credits, key })
}

fn any_pause() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => (1..=48_u32).prop_map(|hours| hours * 3_600),
        // Where a key's day ends.
        2 => select(vec![1, 86_399, 86_400]),
        1 => (3..=100_u32).prop_map(|days| days * 86_400),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let price = prop_oneof![Just(Price::Starter), Just(Price::Unlimited)];
    let start = prop_oneof![4 => Just(Start::Paid), 2 => Just(Start::Trial), 1 => Just(Start::Incomplete)];
    let recovery = prop_oneof![2 => Just(Recovery::Paid), 1 => Just(Recovery::Voided), 1 => Just(Recovery::GivenUp)];
    prop_oneof![
        10 => (price, start).prop_map(|(price, start)| Act::Subscribe(price, start)),
        6 => any::<bool>().prop_map(|is_new_period| Act::Change { is_new_period }),
        2 => Just(Act::CancelAtEnd),
        2 => Just(Act::CancelNow),
        4 => Just(Act::PauseCollection),
        4 => Just(Act::Pause),
        4 => recovery.prop_map(Act::Collect),
        8 => (0..3_usize, 1..=4_i64).prop_map(|(back, quarters)| Act::Refund { back, quarters }),
        8 => (0..3_usize, any::<bool>()).prop_map(|(back, is_good)| Act::Dispute { back, is_good }),
        2 => Just(Act::Foreign),
        1 => Just(Act::DeleteCustomer),
    ]
}

fn any_billing() -> impl Strategy<Value = Billing> {
    let payment = prop_oneof![5 => Just(Payment::Succeeds), 1 => Just(Payment::Coupon), 2 => Just(Payment::Fails)];
    let seldom = || proptest::bool::weighted(0.2);
    (payment, seldom(), seldom(), seldom()).prop_map(|(payment, has_prorations, has_foreign_line, is_long)| Billing {
        payment,
        has_prorations,
        has_foreign_line,
        is_long,
    })
}

/// Something at Stripe.
fn any_stripe(who: impl Strategy<Value = usize>) -> impl Strategy<Value = Step> {
    let late = proptest::bool::weighted(0.4);
    (who, any_act(), 0..2_usize, any_billing(), [late, late, late])
        .prop_map(|(who, act, which, billing, late)| Step::Stripe { who, act, which, billing, late })
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
            (6, (who.clone(), -1..=1_i64).prop_map(|(who, offset)| Step::PassToPeriodEnd { who, offset }).boxed()),
            (70, any_stripe(who.clone()).boxed()),
            (4, (who.clone(), 0..8_usize).prop_map(|(who, back)| Step::DeliverAgain { who, back }).boxed()),
            (3, any_grant(who.clone()).boxed()),
            (3, who.clone().prop_map(|who| Step::Redeem { who }).boxed()),
            (1, (who.clone(), any_plan()).prop_map(|(who, plan)| Step::SetPlan { who, plan }).boxed()),
            (1, who.clone().prop_map(|who| Step::Close { who }).boxed()),
        ];
        let beside = if AT_ONCE { 0..=AT_ONCE_MAX - 2 } else { 0..=0 };
        let copies = if AT_ONCE { 1..=2_usize } else { 1..=1 };
        let deliver = (who.clone(), any::<usize>(), copies, vec(any_ask(), beside));
        let deliver = deliver.prop_map(|(who, place, times, requests)| Step::Deliver { who, place, times, requests });
        steps.push((30, deliver.boxed()));
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
            Step::Look { who }
            | Step::PassToRefresh { who, .. }
            | Step::PassToPeriodEnd { who, .. }
            | Step::Stripe { who, .. }
            | Step::DeliverAgain { who, .. }
            | Step::Redeem { who }
            | Step::Grant { who, .. }
            | Step::SetPlan { who, .. }
            | Step::Close { who } => *who < state.keys.len(),
            Step::Repeat { who, back, .. } => state.keys.get(*who).is_some_and(|keys| back < keys),
            Step::Ask { who, requests } | Step::Deliver { who, requests, .. } => {
                state.keys.get(*who).is_some_and(|keys| {
                    let mut keys = *keys;
                    requests.iter().all(|(_, key)| match key {
                        Key::None => true,
                        Key::New => {
                            keys += 1;
                            true
                        }
                        Key::Back(back) => *back < keys,
                    })
                })
            }
        }
    }

    fn apply(mut state: Script, step: &Step) -> Script {
        match step {
            Step::Join { .. } | Step::Register => state.keys.push(0),
            Step::Ask { who, requests } | Step::Deliver { who, requests, .. } => {
                state.keys[*who] += requests.iter().filter(|(_, key)| matches!(key, Key::New)).count();
            }
            _ => {}
        }
        state
    }
}
