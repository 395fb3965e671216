//! Agreement with the crate and with py-fsrs, and properties that hold for any answers, clocks and stored numbers.

use std::collections::{BTreeMap, HashMap};

use fsrs::{FSRS, FSRSItem, FSRSReview, MemoryState};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::catalog::Bank;
use crate::domain::id::{CourseId, QuestionId};
use crate::domain::mastery::Evidence;
use crate::domain::study::attempt::{Attempt, AttemptId, GradedBy};
use crate::domain::study::progress::Progress;
use crate::domain::time::DAY_SECONDS;

/// Histories with the results of the crate and of py-fsrs (`docs/review.md`).
const HISTORIES: &str = include_str!("../../../../tests/fixtures/learning/fsrs6_histories.tsv");
const AGAIN: u32 = 1;
const GOOD: u32 = 3;

/// A line of the histories.
struct Line {
    rating: u32,
    elapsed: u32,
    /// Stability and difficulty of py-fsrs.
    exact: [f64; 2],
    /// Those of the crate.
    crate_s: [f32; 2],
    /// Whole days at a retention of 0.90, 0.80 and 0.95.
    days: [u16; 3],
}

fn histories() -> BTreeMap<&'static str, Vec<Line>> {
    let mut found: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for line in HISTORIES.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let line = Line {
            rating: cells[2].parse().unwrap(),
            elapsed: cells[3].parse().unwrap(),
            exact: [4, 5].map(|column| cells[column].parse().unwrap()),
            crate_s: [6, 7].map(|column| cells[column].parse().unwrap()),
            days: [8, 9, 10].map(|column| cells[column].parse().unwrap()),
        };
        found.entry(cells[0]).or_default().push(line);
    }
    found
}

fn bits(state: MemoryState) -> [u32; 2] {
    [state.stability.to_bits(), state.difficulty.to_bits()]
}

/// The state after each review, by chained `next_states`.
fn chained(scheduler: &Scheduler, reviews: &[FSRSReview]) -> Vec<MemoryState> {
    let mut states: Vec<MemoryState> = Vec::new();
    for review in reviews {
        let next = scheduler.model.next_states(states.last().copied(), 0.9, review.delta_t).unwrap();
        let next = [next.again, next.hard, next.good, next.easy][review.rating as usize - 1].memory;
        states.push(next);
    }
    states
}

#[test]
fn states_and_days_are_those_of_the_crate_and_of_py_fsrs() {
    let scheduler = Scheduler::new(None);
    let (mut reviews, mut by_answers) = (0, 0);
    let histories = histories();
    for (name, lines) in &histories {
        let history: Vec<FSRSReview> =
            lines.iter().map(|line| FSRSReview { rating: line.rating, delta_t: line.elapsed }).collect();
        let states = chained(&scheduler, &history);
        let mut answered: Option<ReviewState> = None;
        let only_answers = history.iter().all(|review| [AGAIN, GOOD].contains(&review.rating));
        for (place, (line, state)) in lines.iter().zip(&states).enumerate() {
            let whole = FSRSItem { reviews: history[..=place].to_vec() };
            let of_history = FSRS::default().memory_state(whole, None).unwrap();
            assert_eq!(bits(*state), bits(of_history), "{name} {place}");
            let found = [state.stability, state.difficulty];
            for ((found, of_crate), exact) in found.into_iter().zip(line.crate_s).zip(line.exact) {
                // Equal where this was written; another mathematical library may move the last bit.
                assert!((found - of_crate).abs() <= 1e-6 * of_crate, "{name} {place}: {found} is not {of_crate}");
                assert!((f64::from(found) - exact).abs() <= 2e-5 * exact, "{name} {place}: {found} is not {exact}");
            }
            let stored = ReviewState { stability: state.stability, difficulty: state.difficulty, day: 0 };
            let days = [0.90, 0.80, 0.95].map(|wanted| scheduler.interval_days(&stored, Retention::new(wanted)));
            assert_eq!(days, line.days, "{name} {place}");
            if only_answers {
                let day = answered.map_or(20_000, |before| before.day + i64::from(line.elapsed));
                let after = scheduler.after(answered.as_ref(), line.rating == GOOD, day);
                assert_eq!([after.stability, after.difficulty].map(f32::to_bits), bits(*state), "{name} {place}");
                assert_eq!(scheduler.due_day(&after), day + i64::from(line.days[0]));
                answered = Some(after);
                by_answers += 1;
            }
            reviews += 1;
        }
    }
    assert_eq!((histories.len(), reviews), (69, 301));
    assert!(by_answers >= 10, "only {by_answers} reviews have right and wrong answers alone");
}

#[test]
fn the_retention_is_within_bounds() {
    let scheduler = Scheduler::new(None);
    let state = ReviewState { stability: 100.0, difficulty: 5.0, day: 0 };
    let days = |wanted: f32| scheduler.interval_days(&state, Retention::new(wanted));
    assert_eq!(days(0.9), 100);
    assert_eq!((days(0.0), days(-1.0), days(f32::NEG_INFINITY)), (days(0.7), days(0.7), days(0.7)));
    assert_eq!((days(1.0), days(2.0), days(f32::INFINITY)), (days(0.97), days(0.97), days(0.97)));
    assert_eq!(days(f32::NAN), days(0.9));
    assert!(days(0.97) < days(0.9) && days(0.9) < days(0.7));
}

#[test]
fn intervals_are_whole_days_rounded_half_away_from_zero() {
    let scheduler = Scheduler::new(None);
    let days = |stability: f32| {
        let state = ReviewState { stability, difficulty: 5.0, day: 0 };
        scheduler.interval_days(&state, Retention::default())
    };
    // At a retention of 90 %, the interval is the stability.
    let exact = |stability: f32| scheduler.model.next_interval(Some(stability), 0.9, GOOD);
    let mut halves = 0;
    for whole in 1..2_000_u16 {
        let half = f32::from(whole) + 0.5;
        if exact(half).to_bits() == half.to_bits() {
            assert_eq!(days(half), whole + 1);
            halves += 1;
        }
    }
    assert!(halves > 100, "only {halves} halves are exact");
    assert_eq!((days(0.001), days(0.4), days(1.4)), (1, 1, 1));
    assert_eq!((days(36_499.0), days(36_500.0), days(1e9), days(f32::INFINITY)), (36_499, 36_500, 36_500, 36_500));
    assert_eq!(days(f32::NAN), 1);
}

#[test]
fn a_clock_that_runs_back_counts_as_the_same_day() {
    let scheduler = Scheduler::new(None);
    let first = scheduler.after(None, true, 100);
    let same = scheduler.after(Some(&first), true, 100);
    for earlier in [99, 0, -1, i64::MIN] {
        assert_eq!(scheduler.after(Some(&first), true, earlier), same);
        assert_eq!(scheduler.recall(&first, earlier).to_bits(), 1.0_f32.to_bits());
    }
    // The time until day 103 passes once.
    let later = scheduler.after(Some(&scheduler.after(Some(&first), true, 90)), true, 103);
    assert_eq!(later, scheduler.after(Some(&same), true, 103));
    assert_eq!(later.day, 103);
}

#[test]
fn a_right_answer_is_due_later_than_a_wrong_one() {
    let scheduler = Scheduler::new(None);
    let [right, wrong] = [true, false].map(|is_right| scheduler.after(None, is_right, 10));
    assert_eq!((scheduler.due_day(&right), scheduler.due_day(&wrong)), (12, 11));
    let again = scheduler.after(Some(&right), true, 12);
    assert!(scheduler.due_day(&again) > 12 + 2 && again.stability > right.stability);
    let lapsed = scheduler.after(Some(&again), false, scheduler.due_day(&again));
    assert!(lapsed.stability < again.stability && lapsed.difficulty > again.difficulty);
}

fn any_f32() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => 0.0..100.0_f32,
        1 => any::<f32>(),
        1 => Just(f32::NAN),
        1 => Just(f32::INFINITY),
        1 => Just(f32::NEG_INFINITY),
        1 => Just(f32::MAX),
        1 => Just(0.0),
    ]
}

fn any_day() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 20_000..21_000_i64, 1 => any::<i64>(), 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

fn any_scheduler() -> impl Strategy<Value = Scheduler> {
    let weights = prop::collection::vec(any_f32(), PARAMETERS);
    prop_oneof![
        Just(Scheduler::new(None)),
        weights.prop_map(|weights| {
            let weights = weights.try_into().unwrap();
            Scheduler::new(Some(&ReviewParameters { version: 3, weights, reviews: 600, log_loss: 0.5 }))
        })
    ]
}

fn assert_bounded(scheduler: &Scheduler, state: &ReviewState, today: i64) {
    assert!((0.001..=36_500.0).contains(&state.stability), "{state:?}");
    assert!((1.0..=10.0).contains(&state.difficulty), "{state:?}");
    assert!((1..=36_500).contains(&scheduler.interval_days(state, Retention::default())));
    assert!((0.0..=1.0).contains(&scheduler.recall(state, today)));
    assert!(scheduler.due_day(state) > state.day || state.day == i64::MAX);
}

proptest! {
    /// Whatever was answered when, under any parameters: states stay within their bounds, and days do not go back.
    #[test]
    fn states_stay_within_bounds(
        scheduler in any_scheduler(),
        answers in prop::collection::vec((any::<bool>(), any_day()), 1..40),
    ) {
        let mut state: Option<ReviewState> = None;
        for (is_right, day) in answers {
            let after = scheduler.after(state.as_ref(), is_right, day);
            prop_assert!(after.day >= day && state.is_none_or(|before| after.day >= before.day));
            assert_bounded(&scheduler, &after, day);
            state = Some(after);
        }
    }

    /// Whatever is stored: the next state is within its bounds.
    #[test]
    fn any_stored_state_goes_on(
        scheduler in any_scheduler(),
        (stability, difficulty, day) in (any_f32(), any_f32(), any_day()),
        (is_right, today, retention) in (any::<bool>(), any_day(), any_f32()),
    ) {
        let stored = ReviewState { stability, difficulty, day };
        let days = scheduler.interval_days(&stored, Retention::new(retention));
        prop_assert!((INTERVAL_DAYS_MIN..=INTERVAL_DAYS_MAX).contains(&days));
        prop_assert!((0.0..=1.0).contains(&scheduler.recall(&stored, today)));
        assert_bounded(&scheduler, &scheduler.after(Some(&stored), is_right, today), today);
    }

    /// A state that is stored and read between any two answers equals the crate's state of the whole history, bit for bit.
    #[test]
    fn a_moved_state_is_that_of_the_whole_history(answers in prop::collection::vec((any::<bool>(), 0..400_u32), 1..30)) {
        let scheduler = Scheduler::new(None);
        let mut state: Option<ReviewState> = None;
        let mut reviews = Vec::new();
        for (is_right, elapsed) in answers {
            let day = state.map_or(20_000, |before| before.day + i64::from(elapsed));
            let after = scheduler.after(state.as_ref(), is_right, day);
            reviews.push(FSRSReview { rating: if is_right { GOOD } else { AGAIN }, delta_t: elapsed });
            state = Some(serde_json::from_str(&serde_json::to_string(&after).unwrap()).unwrap());
        }
        let state = state.unwrap();
        let whole = FSRS::default().memory_state(FSRSItem { reviews }, None).unwrap();
        prop_assert_eq!([state.stability, state.difficulty].map(f32::to_bits), bits(whole));
    }
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY_SECONDS + 3_600).unwrap()
}

fn progress(question: &str) -> Progress {
    let row = json!({
        "course_id": "c", "question_id": question, "unlocked_at": at(19_000), "seen_at": at(19_990), "attempts": 1,
    });
    serde_json::from_value(row).unwrap()
}

fn bank(questions: &[(&str, Value)]) -> Bank {
    let question = |(id, more): &(&str, Value)| {
        let mut row = json!({
            "id": id, "exam_id": null, "topic_id": "t", "topic_name": "Sets", "course_id": "c", "pattern_id": null,
            "techniques": [], "difficulty": 3, "difficulty_reason": null, "frequency_score": null, "estimated_time": null,
            "source_exam_year": null, "source_exam_type": null, "source_question_number": null, "source_points": null,
            "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "preview": "Is it a set?",
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    };
    Bank { questions: questions.iter().map(question).collect(), ..Bank::default() }
}

#[test]
fn the_queue_has_what_is_due_the_longest_due_first() {
    let scheduler = Scheduler::new(None);
    let today = 20_000;
    let row = |question: &str, state: Option<ReviewState>, was_correct: bool| {
        let id = QuestionId::try_from(question).unwrap();
        (id, Progress { review: state, was_correct: Some(was_correct), ..progress(question) })
    };
    let state = |stability: f32, day: i64| Some(ReviewState { stability, difficulty: 5.0, day });
    let unseen = Progress { attempts: 0, ..progress("unseen") };
    let rows: HashMap<QuestionId, Progress> = [
        row("today-right", state(10.0, today - 10), true),
        row("today-wrong", state(10.0, today - 10), false),
        row("late", state(5.0, today - 12), true),
        row("tomorrow", state(1.0, today), false),
        row("in-30", state(30.0, today), true),
        row("in-31", state(31.0, today), true),
        row("withheld", state(1.0, today - 5), true),
        row("gone", state(1.0, today - 5), true),
        // From before there were schedules: as if answered right on the day of the last delivery, 10 days ago.
        row("older", None, true),
        (QuestionId::try_from("unseen").unwrap(), unseen),
    ]
    .into();
    let all = ["in-30", "in-31", "late", "older", "today-right", "today-wrong", "tomorrow", "unseen", "never"];
    let mut questions: Vec<(&str, Value)> = all.iter().map(|id| (*id, json!({}))).collect();
    questions.push(("withheld", json!({"withheld": true})));
    let queue = review_queue(&bank(&questions), &rows, &scheduler, at(today), 3);
    let ids: Vec<&str> = queue.questions.iter().map(|question| question.question_id.as_str()).collect();
    assert_eq!(ids, ["older", "late", "today-wrong"]);
    assert_eq!((queue.due_today, queue.scheduled), (4, 7));
    assert_eq!((queue.today.as_str(), queue.days.len()), ("2024-10-04", 30));
    let counts: Vec<(&str, u32)> =
        queue.days.iter().filter(|day| day.due > 0).map(|day| (day.date.as_str(), day.due)).collect();
    assert_eq!(counts, [("2024-10-05", 1), ("2024-11-03", 1)]);
    let late = &queue.questions[1];
    assert_eq!((late.due.as_str(), late.days_overdue, late.last_answered.as_str()), ("2024-09-27", 7, "2024-09-22"));
    assert!(late.last_correct && late.recall < 0.9 && late.recall > 0.5, "{late:?}");
    let older = &queue.questions[0];
    assert_eq!((older.last_answered.as_str(), older.memory.stability), ("2024-09-24", 2.3065));
}

fn attempt(correct: bool, day: i64, version: Option<u32>) -> Attempt {
    Attempt {
        id: AttemptId(Uuid::nil()),
        course_id: CourseId::try_from("c").unwrap(),
        topic_id: "t".to_owned().try_into().unwrap(),
        question_id: QuestionId::try_from("q").unwrap(),
        version: 1,
        saw_earlier: false,
        answer: None,
        answers: BTreeMap::new(),
        correct,
        score: None,
        parts: Vec::new(),
        graded_by: GradedBy::Answer,
        solution_seen: false,
        evidence: Evidence::None,
        ease: 0.0,
        practice: 0.0,
        position: 1,
        review_parameters: version,
        time_spent_seconds: None,
        created_at: at(day),
    }
}

#[test]
fn a_schedule_is_the_fold_of_its_attempts() {
    let (first, second) = (Scheduler::new(None), {
        let weights = std::array::from_fn(|at| fsrs::DEFAULT_PARAMETERS[at] * if at < 4 { 0.5 } else { 1.0 });
        Scheduler::new(Some(&ReviewParameters { version: 2, weights, reviews: 600, log_loss: 0.5 }))
    });
    let find = |version| match version {
        0 => Some(&first),
        2 => Some(&second),
        _ => None,
    };
    let [one, two] = [attempt(true, 100, Some(0)), attempt(false, 103, Some(2))];
    let state = second.after(Some(&first.after(None, true, 100)), false, 103);
    let row = |attempts: u32, review: Option<ReviewState>| Progress { attempts, review, ..progress("q") };
    let fault = |row: &Progress, attempts: &[&Attempt]| schedule_fault(row, attempts, find);
    assert_eq!(fault(&row(2, Some(state)), &[&one, &two]), None);
    // Other parameters, another day, a lost attempt, a lost schedule, lost parameters.
    let other = first.after(Some(&first.after(None, false, 100)), false, 103);
    assert!(fault(&row(2, Some(other)), &[&one, &two]).is_some());
    assert!(fault(&row(2, Some(ReviewState { day: 104, ..state })), &[&one, &two]).is_some());
    assert!(fault(&row(1, Some(state)), &[&two]).is_some());
    assert!(fault(&row(2, None), &[&one, &two]).is_some());
    assert!(fault(&row(2, Some(state)), &[]).is_some());
    assert!(fault(&row(1, Some(state)), &[&attempt(true, 100, Some(9))]).unwrap().contains("calibration 9"));
    // An attempt from before there were schedules: only day and bounds are known.
    let old = attempt(true, 50, None);
    assert_eq!(fault(&row(2, Some(other)), &[&old, &two]), None);
    assert!(fault(&row(2, Some(ReviewState { day: 102, ..other })), &[&old, &two]).is_some());
    assert!(fault(&row(2, Some(ReviewState { difficulty: 11.0, ..other })), &[&old, &two]).is_some());
    assert_eq!(fault(&row(1, None), &[&old]), None);
}

/// Answers of simulated students who forget by a power curve, four times as fast as the defaults say.
fn forgetful(students: u32, seed: u64) -> Vec<ReviewRecord<(u32, u32)>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let weights = std::array::from_fn(|at| fsrs::DEFAULT_PARAMETERS[at] * if at < 4 { 0.25 } else { 1.0 });
    let truth = Scheduler::new(Some(&ReviewParameters { version: 1, weights, reviews: 0, log_loss: 0.0 }));
    let mut records = Vec::new();
    for student in 0..students {
        for question in 0..10 {
            let mut day = 20_000 + i64::from(random.u8(0..30));
            let mut state: Option<ReviewState> = None;
            for _ in 0..4 {
                let recall = state.map_or(0.6, |state| truth.recall(&state, day));
                let correct = random.f32() < recall;
                records.push(ReviewRecord { history: (student, question), at: at(day), correct });
                state = Some(truth.after(state.as_ref(), correct, day));
                day += i64::from(random.u8(1..8));
            }
        }
    }
    records
}

#[test]
fn parameters_are_learnt_from_512_reviews_that_say_something() {
    // Each history has three reviews after the first answer.
    let records = forgetful(20, 7);
    assert_eq!(fit(&records[..4 * 170], None, 1), FitOutcome::TooFew { reviews: 510 });
    let FitOutcome::Better(learnt) = fit(&records, None, 4) else { panic!("nothing was learnt") };
    assert_eq!((learnt.version, learnt.reviews), (4, 600));
    // The first intervals become shorter.
    let first = |scheduler: &Scheduler| scheduler.after(None, true, 0).stability;
    let scheduler = Scheduler::new(Some(&learnt));
    assert_eq!(scheduler.version(), 4);
    assert!(first(&scheduler) < 0.6 * first(&Scheduler::new(None)), "{learnt:?}");
    // The same answers, in any order of histories, give the same numbers, and bring no second version.
    let mut reordered: Vec<Vec<_>> = records.chunks(4).map(<[_]>::to_vec).collect();
    reordered.reverse();
    assert_eq!(fit(&reordered.concat(), None, 4), FitOutcome::Better(learnt.clone()));
    assert_eq!(fit(&records, Some(&learnt), 5), FitOutcome::Kept { reviews: 600 });
    // As they are stored.
    let stored: ReviewParameters = serde_json::from_str(&serde_json::to_string(&learnt).unwrap()).unwrap();
    assert_eq!(stored, learnt);
}

#[test]
fn answers_without_information_are_no_reviews() {
    let record = |history: u32, day: i64, correct: bool| ReviewRecord { history, at: at(day), correct };
    // A single answer, many on one day, and a clock that runs back.
    let mut records: Vec<_> = (0..1_000).map(|history| record(history, 100, true)).collect();
    records.extend((0..1_000).map(|_| record(7_000, 100, false)));
    records.extend((0..1_000).map(|step| record(8_000, 2_000 - step, true)));
    assert_eq!(fit(&records, None, 1), FitOutcome::TooFew { reviews: 0 });
    // Only the first 64 answers of a history count.
    let long: Vec<_> = (0..1_000).map(|day| record(1, day, true)).collect();
    assert_eq!(fit(&long, None, 1), FitOutcome::TooFew { reviews: 63 });
}

#[test]
fn the_optimizer_never_ends_the_process() {
    let record = |history: u32, day: i64, correct: bool| ReviewRecord { history, at: at(day), correct };
    // All right, all wrong, all on one interval, all after a hundred years, each history of another length.
    let steady = |correct: bool, days: i64| {
        let of_history = move |history| (0..3_i64).map(move |step| record(history, 100 + step * days, correct));
        (0..300_u32).flat_map(of_history).collect::<Vec<_>>()
    };
    let uneven: Vec<_> = (0..40_u32)
        .flat_map(|history| (0..=i64::from(history)).map(move |step| record(history, step * step, step % 2 == 0)))
        .collect();
    for records in [steady(true, 1), steady(false, 1), steady(true, 36_500), steady(false, 9_000), uneven] {
        match fit(&records, None, 1) {
            FitOutcome::TooFew { reviews } => panic!("{reviews} reviews"),
            FitOutcome::Better(learnt) => assert!(learnt.weights.iter().all(|weight| weight.is_finite())),
            FitOutcome::Kept { .. } | FitOutcome::Failed { .. } => {}
        }
    }
}
