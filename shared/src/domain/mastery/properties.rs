//! Properties that hold for any attempts.

use proptest::prelude::*;

use super::*;

/// A student's attempt: topic, ease, and how it ended.
type Step = (u8, f64, AttemptResult);

fn any_evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        6 => Just(Evidence::Full),
        2 => Just(Evidence::Half),
        2 => Just(Evidence::Claimed),
        1 => Just(Evidence::None)
    ]
}

fn any_outcome(at: impl Strategy<Value = i64>) -> impl Strategy<Value = AttemptResult> {
    (any::<bool>(), at, any_evidence()).prop_map(|(correct, at_seconds, evidence)| AttemptResult {
        correct,
        at_seconds,
        evidence,
    })
}

/// Attempts on four topics within a year, in any order.
fn any_steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..4_u8, -3.0..3.0_f64, any_outcome(0..31_536_000_i64)), count)
}

fn in_time(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|(.., outcome)| outcome.at_seconds);
    steps
}

fn any_attempts() -> impl Strategy<Value = Vec<Observation<u8, u8, u8>>> {
    // Few times, so that many attempts share one.
    let attempt = (0..5_u8, 0..3_u8, 0..6_u8, prop::option::of(1..6_u8), any_outcome(0..8_i64));
    let attempt = attempt.prop_map(|(user, topic, question, difficulty, outcome)| Observation {
        user,
        topic,
        question,
        difficulty,
        outcome,
    });
    prop::collection::vec(attempt, 0..60)
}

fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MAX),
        -40.0..40.0_f64,
    ]
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

fn is_finite(mastery: &Mastery<u8>) -> bool {
    let sound = |topic: &TopicMastery| {
        topic.delta.is_finite()
            && topic.responses.is_finite()
            && topic.recent.abs() <= 1.0
            && topic.information > 0.0
            && topic.information < 10.0
    };
    mastery.theta.is_finite()
        && mastery.information > 0.0
        && mastery.information < 100.0
        && mastery.topics.values().all(sound)
}

fn any_candidate() -> impl Strategy<Value = TopicCandidate<u8>> {
    let numbers = (0.01..0.99_f64, 0..40_u32, 0.0..30.0_f64, -2.0..2.0_f64, -2.0..2.0_f64);
    (any::<u8>(), numbers, any::<bool>(), 0..100_u32).prop_map(|(topic, numbers, self_reported, attempts_of_all)| {
        let (mastery, attempts, expected_points, delta, difficulty) = numbers;
        let estimate = Estimate { mastery, low: mastery / 2.0, high: mastery.sqrt(), enough_data: attempts > 10 };
        let right = attempts / 2;
        TopicCandidate {
            topic,
            estimate,
            fitted: mastery,
            fitted_sd: 0.5,
            attempts,
            right,
            attempts_of_any_kind: attempts,
            self_reported,
            expected_points,
            delta,
            difficulty,
            attempts_of_all,
        }
    })
}

proptest! {
    /// Storing and reading the state between any two attempts changes nothing.
    #[test]
    fn a_stored_state_is_the_fold(steps in any_steps(1..60)) {
        let steps = in_time(steps);
        let mut stored = serde_json::to_string(&Mastery::<u8>::default()).unwrap();
        for (topic, ease, outcome) in &steps {
            let mut mastery: Mastery<u8> = serde_json::from_str(&stored).unwrap();
            mastery.attempt(*topic, *ease, *outcome);
            stored = serde_json::to_string(&mastery).unwrap();
        }
        let stored: Mastery<u8> = serde_json::from_str(&stored).unwrap();
        let folded = Mastery::fold(steps);
        prop_assert_eq!(stored.attempts, folded.attempts);
        prop_assert!(near(stored.theta, folded.theta) && near(stored.information, folded.information));
        prop_assert!(stored.topics.keys().eq(folded.topics.keys()));
        for (stored, folded) in stored.topics.values().zip(folded.topics.values()) {
            prop_assert!(near(stored.delta, folded.delta) && near(stored.recent, folded.recent));
            prop_assert!(near(stored.information, folded.information));
            prop_assert!(near(stored.response_information, folded.response_information));
            prop_assert!(near(stored.responses, folded.responses));
            prop_assert_eq!(
                (stored.attempts, stored.right, stored.last_at_seconds),
                (folded.attempts, folded.right, folded.last_at_seconds)
            );
        }
    }

    #[test]
    fn probabilities_and_intervals_are_proper(
        steps in any_steps(0..80), topic in 0..5_u8, base in -4.0..4.0_f64,
        effects in prop::collection::vec(-4.0..4.0_f64, 0..20), now in 0..63_072_000_i64,
    ) {
        let mastery = Mastery::fold(in_time(steps));
        let p = mastery.p(&topic, base, now);
        prop_assert!(0.0 < p && p < 1.0);
        let found = estimate(&mastery, &topic, base, &effects, now);
        prop_assert!(0.0 < found.low && found.low < found.mastery);
        prop_assert!(found.mastery < found.high && found.high < 1.0);
        prop_assert_eq!(found.enough_data, mastery.information_on(&topic) >= INFORMATION_ENOUGH);
    }

    #[test]
    fn right_answers_never_lower_and_wrong_ones_never_raise(
        steps in any_steps(0..60), (topic, ease, outcome) in (0..4_u8, -20.0..20.0_f64, any_outcome(0..63_072_000_i64)),
    ) {
        let mut mastery = Mastery::fold(in_time(steps));
        let now = outcome.at_seconds;
        let before = mastery.z(&topic, ease, now);
        let predicted = mastery.attempt(topic, ease, outcome);
        prop_assert!(near(predicted, sigmoid(before)));
        let gain = mastery.z(&topic, ease, now) - before;
        if outcome.evidence == Evidence::None {
            prop_assert!(near(gain, 0.0));
        } else {
            prop_assert!(if outcome.correct { gain >= -1e-12 } else { gain <= 1e-12 }, "{gain}");
        }
    }

    #[test]
    fn extremes_stay_finite(
        steps in prop::collection::vec((0..2_u8, any_float(), any_outcome(any::<i64>())), 0..60),
        base in any_float(), effects in prop::collection::vec(any_float(), 0..4), now in any::<i64>(),
    ) {
        let mastery = Mastery::fold(steps);
        prop_assert!(is_finite(&mastery), "{mastery:?}");
        let found = estimate(&mastery, &0, base, &effects, now);
        prop_assert!(0.0 < found.low && found.low <= found.mastery, "{found:?}");
        prop_assert!(found.mastery <= found.high && found.high < 1.0, "{found:?}");
    }

    /// Long runs of one verdict.
    #[test]
    fn certainty_stays_finite(correct: bool, ease in any_float(), count in 1..3_000_usize) {
        let outcome = AttemptResult { correct, at_seconds: 0, evidence: Evidence::Full };
        let mastery = Mastery::fold((0..count).map(|_| (0, ease, outcome)));
        prop_assert!(is_finite(&mastery), "{mastery:?}");
    }

    /// The attempts of each student stay in order; their interleaving with others does not matter.
    #[test]
    fn a_calibration_does_not_depend_on_the_order_of_students(attempts in any_attempts(), seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut by_student: Vec<Vec<_>> = (0..5_u8)
            .map(|user| attempts.iter().filter(|attempt| attempt.user == user).rev().cloned().collect())
            .collect();
        let mut mixed = Vec::new();
        while by_student.iter().any(|left| !left.is_empty()) {
            mixed.extend(by_student[random.usize(..5)].pop());
        }
        prop_assert_eq!(Calibration::fold(1, &mixed), Calibration::fold(1, &attempts));
    }

    #[test]
    fn a_calibration_is_finite_and_counts(attempts in any_attempts()) {
        let folded = Calibration::fold(1, &attempts);
        let counted = attempts.iter().filter(|attempt| attempt.outcome.evidence != Evidence::None).count();
        prop_assert_eq!(folded.attempts, counted as u64);
        prop_assert_eq!(folded.topics.values().map(|topic| topic.attempts as usize).sum::<usize>(), counted);
        prop_assert_eq!(folded.questions.values().map(|question| question.attempts as usize).sum::<usize>(), counted);
        prop_assert!(folded.mu.is_finite() && folded.topics.values().all(|topic| topic.value.abs() < 10.0));
        prop_assert!(folded.questions.values().all(|question| question.value.abs() < 15.0));
    }

    /// A student reports the first topic as weak, but twenty answers on each topic show that the other one is.
    #[test]
    fn evidence_overrules_a_report(base in -2.0..2.0_f64, points in 0.1..50.0_f64) {
        let outcome = |correct| AttemptResult { correct, at_seconds: 0, evidence: Evidence::Full };
        let attempts = (0..40).map(|n| (n % 2, base, outcome(n % 2 == 0)));
        let student = Mastery::fold(attempts);
        let calibration = Calibration::<u8, u8>::default();
        let of = |topic: u8| TopicCandidate {
            expected_points: points,
            self_reported: topic == 0,
            ..TopicCandidate::new(&topic, &Levels::of(&student, |_| 0), &calibration, &[0.62 - base], 0)
        };
        prop_assert_eq!(rank(vec![of(0), of(1)]).weak[0].topic, 1);
        // Without a single answer the report decides.
        let student = Mastery::default();
        let of = |topic: u8| TopicCandidate {
            expected_points: points,
            self_reported: topic == 1,
            ..TopicCandidate::new(&topic, &Levels::of(&student, |_| 0), &calibration, &[], 0)
        };
        prop_assert_eq!(rank(vec![of(0), of(1)]).weak[0].topic, 1);
    }

    #[test]
    fn a_ranking_is_in_order_and_loses_nothing(candidates in prop::collection::vec(any_candidate(), 0..12), seed: u64) {
        let ranking = rank(candidates.clone());
        let all = [&ranking.weak, &ranking.untried, &ranking.good];
        prop_assert_eq!(all.iter().map(|topics| topics.len()).sum::<usize>(), candidates.len());
        prop_assert!(ranking.untried.is_sorted_by(|a, b| a.gain_points >= b.gain_points));
        prop_assert!(ranking.untried.iter().all(|topic| topic.attempts == 0));
        for topic in all.into_iter().flatten() {
            prop_assert!(topic.gain_points >= 0.0 && (0.0..=1.0).contains(&topic.certainty));
            prop_assert!(!topic.reason.is_empty() && topic.plan_reason.ends_with('.'));
        }
        let mut shuffled = candidates;
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        let topics = |ranked: &[WeakTopic<u8>]| ranked.iter().map(|topic| topic.topic).collect::<Vec<_>>();
        let again = rank(shuffled);
        prop_assert_eq!(topics(&again.weak), topics(&ranking.weak));
        prop_assert_eq!(topics(&again.untried), topics(&ranking.untried));
        prop_assert_eq!(topics(&again.good), topics(&ranking.good));
    }

    /// Whatever the points, the difficulties, the calibration and the other answers: a topic on which all of three answers
    /// were wrong is among the first two, unless another one failed as well.
    #[test]
    fn a_topic_that_failed_three_times_is_among_the_first_two(
        answers in prop::collection::vec((1..12_u8, any::<bool>(), -2.0..2.0_f64), 0..80),
        eases in prop::collection::vec(-2.0..2.0_f64, 3), points in prop::collection::vec(0.0..30.0_f64, 12),
        learnt in prop::collection::vec((-1.5..1.5_f64, 0..200_u32), 12), reported in prop::collection::vec(any::<bool>(), 12),
    ) {
        let outcome = |correct| AttemptResult { correct, at_seconds: 0, evidence: Evidence::Full };
        let failed = eases.iter().map(|ease| (0_u8, *ease, outcome(false)));
        let others = answers.iter().map(|(topic, correct, ease)| (*topic, *ease, outcome(*correct)));
        let student = Mastery::fold(failed.chain(others));
        let mut calibration = Calibration::<u8, u8>::default();
        for (topic, (value, attempts)) in (0..).zip(&learnt) {
            calibration.topics.insert(topic, Effect { value: *value, attempts: *attempts });
        }
        let levels = Levels::of(&student, |topic| calibration.attempts_on(topic));
        let candidate = |topic: u8| TopicCandidate {
            expected_points: points[usize::from(topic)],
            self_reported: reported[usize::from(topic)],
            ..TopicCandidate::new(&topic, &levels, &calibration, &[], 0)
        };
        let ranking = rank((0..12).map(candidate).collect());
        let place = ranking.weak.iter().position(|topic| topic.topic == 0).unwrap();
        let as_bad = student.topics.values().filter(|state| state.attempts >= 3 && state.right == 0).count();
        prop_assert!(place < as_bad.max(1), "place {place} of {as_bad}");
        prop_assert_eq!(ranking.weak[place].priority, Priority::High);
    }
}
