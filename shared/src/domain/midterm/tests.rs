//! Blueprints computed by hand, and properties for any bank and request.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::super::catalog::{Exam, QuestionSummary, Topic};
use super::*;

/// Topic, pattern, difficulty, points, minutes, exam; no exam is a generated one.
type Row = (usize, Option<usize>, Option<u8>, Option<f64>, Option<f64>, Option<usize>);

const TOPICS: usize = 4;

fn bank(exam_types: &[&str], rows: &[Row]) -> Bank {
    let exam = |(index, exam_type): (usize, &&str)| -> Exam {
        serde_json::from_value(json!({
            "id": format!("e{index}"), "course_id": "c", "year": 2020 + index, "semester": null, "exam_type": exam_type,
            "total_points": null, "exam_date": null, "upload_date": null, "processed": true, "question_count": 0,
        }))
        .unwrap()
    };
    let topic = |index: usize| -> Topic {
        serde_json::from_value(json!({
            "id": format!("t{index}"), "course_id": "c", "name": format!("Topic {index}"), "slug": format!("t{index}"),
            "category": "a", "difficulty": null, "frequency_score": null, "avg_points": null, "total_appearances": 0,
            "question_count": 0,
        }))
        .unwrap()
    };
    let question = |(index, row): (usize, &Row)| -> QuestionSummary {
        let (topic, pattern, difficulty, points, minutes, exam) = row;
        serde_json::from_value(json!({
            "id": format!("q{index:03}"), "exam_id": exam.map(|exam| format!("e{exam}")),
            "topic_id": format!("t{topic}"), "topic_name": null, "course_id": "c",
            "pattern_id": pattern.map(|pattern| format!("p{pattern}")), "techniques": [format!("T{}", index % 5)],
            "difficulty": difficulty, "difficulty_reason": null, "frequency_score": null, "estimated_time": minutes,
            "source_exam_year": null, "source_exam_type": null, "source_question_number": null,
            "source_points": points, "is_generated": exam.is_none(), "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))
        .unwrap()
    };
    Bank {
        exams: exam_types.iter().enumerate().map(exam).collect(),
        topics: (0..TOPICS).map(topic).collect(),
        patterns: Vec::new(),
        questions: rows.iter().enumerate().map(question).collect(),
        retired: Vec::new(),
    }
}

fn plain(topic: usize, difficulty: u8, exam: usize) -> Row {
    (topic, None, Some(difficulty), Some(10.0), Some(5.0), Some(exam))
}

#[test]
fn a_sample_is_as_the_past_midterms_were() {
    // The midterm has three questions on topic 0 and one on topic 1; the final does not count.
    let rows = [plain(0, 2, 0), plain(0, 2, 0), plain(0, 4, 0), plain(1, 3, 0), plain(2, 5, 1), plain(2, 5, 1)];
    let bank = bank(&["Midterm 1", "final"], &rows);
    let (blueprint, view) = plan(&bank, &MidtermRequest::of(Level::Sample), &Student::default());
    assert_eq!(blueprint.topics, [6.0, 2.0, 0.0, 0.0]);
    assert_eq!(blueprint.difficulty.to_vec(), [0.0, 4.0, 2.0, 2.0, 0.0]);
    assert_eq!((blueprint.points, blueprint.minutes, view.exams), (80.0, 40.0, 1));
    // Techniques T0 to T3 on four questions: one a question, but there are no more than four.
    assert_eq!(blueprint.techniques, 4);
}

#[test]
fn levels_move_half_of_each_difficulty() {
    let rows = [plain(0, 2, 0), plain(0, 3, 0)];
    let bank = bank(&["midterm"], &rows);
    let of = |level| plan(&bank, &MidtermRequest::of(level), &Student::default()).0.difficulty;
    // Half each of 2 and 3; of six: 3 and 3 become 1.5, 3, 1.5 one lower; of ten: 2.5, 5, 2.5 one higher.
    assert_eq!(of(Level::Easy).to_vec(), [1.5, 3.0, 1.5, 0.0, 0.0]);
    assert_eq!(of(Level::Hard).to_vec(), [0.0, 2.5, 5.0, 2.5, 0.0]);
}

#[test]
fn requested_values_override_past_midterms() {
    let rows = [plain(0, 1, 0), plain(0, 2, 0), plain(1, 4, 0)];
    let bank = bank(&["midterm"], &rows);
    let order = MidtermRequest {
        question_count: 3,
        difficulty: Some(Mix { easy: 1.0, medium: 1.0, hard: 1.0 }),
        topic_ids: vec![TopicId::try_from("t1").unwrap(), TopicId::try_from("t3").unwrap()],
        points: Some(42.0),
        minutes: Some(17.0),
        ..MidtermRequest::default()
    };
    let (blueprint, _) = plan(&bank, &order, &Student::default());
    assert_eq!(blueprint.topics, [0.0, 1.5, 0.0, 1.5]);
    // Hard questions as on past exams of these topics: all of difficulty 4. Past exams have no easy ones.
    assert_eq!(blueprint.difficulty.to_vec(), [0.5, 0.5, 1.0, 1.0, 0.0]);
    assert_eq!((blueprint.points, blueprint.minutes), (42.0, 17.0));
}

#[test]
fn weak_topics_weigh_more() {
    let rows = [plain(0, 3, 0), plain(1, 3, 0)];
    let bank = bank(&["midterm"], &rows);
    let weakness = HashMap::from([(TopicId::try_from("t0").unwrap(), 1.0)]);
    let student = Student { weakness, ..Student::default() };
    let order = MidtermRequest { question_count: 3, ..MidtermRequest::default() };
    assert_eq!(plan(&bank, &order, &student).0.topics, [2.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_pattern_repeats_only_if_needed_and_is_reported() {
    let mut rows = vec![plain(0, 3, 0); 4];
    for row in &mut rows {
        row.1 = Some(0);
    }
    rows.push(plain(0, 3, 0));
    let bank = bank(&["midterm"], &rows);
    let order = MidtermRequest { question_count: 2, ..MidtermRequest::default() };
    assert!(generate(&bank, &order, &Student::default(), 1).unwrap().fit.repeated_patterns.is_empty());
    let order = MidtermRequest { question_count: 4, ..MidtermRequest::default() };
    let form = generate(&bank, &order, &Student::default(), 1).unwrap();
    assert_eq!(form.fit.repeated_patterns.len(), 1);
}

#[test]
fn seen_questions_are_used_only_if_needed_oldest_first() {
    let rows = vec![plain(0, 3, 0); 5];
    let bank = bank(&["midterm"], &rows);
    let id = |index: usize| bank.questions[index].meta.id.clone();
    let seen = [(0, 30), (1, 10), (2, 20)];
    let seen = seen.map(|(index, at)| (id(index), Timestamp::from_second(at).unwrap())).into();
    let student = Student { seen, ..Student::default() };
    let order = MidtermRequest { question_count: 3, ..MidtermRequest::default() };
    let form = generate(&bank, &order, &student, 1).unwrap();
    let ids: Vec<_> = form.questions.iter().map(|question| question.meta.id.clone()).collect();
    assert_eq!((ids, form.fit.seen_before), (vec![id(1), id(3), id(4)], 1));
}

fn any_row() -> impl Strategy<Value = Row> {
    let amount = || prop::option::of((0..60_u8).prop_map(|amount| f64::from(amount) / 2.0));
    let pattern = prop::option::weighted(0.7, 0..12_usize);
    let exam = prop::option::weighted(0.8, 0..3_usize);
    (0..TOPICS, pattern, prop::option::of(1..=5_u8), amount(), amount(), exam)
}

fn any_order() -> impl Strategy<Value = MidtermRequest> {
    let level = prop::option::of(prop_oneof![Just(Level::Easy), Just(Level::Sample), Just(Level::Hard)]);
    let topics = prop::collection::vec(0..TOPICS, 0..3);
    let mix = prop::option::of((0.1..1.0_f64, 0.1..1.0_f64, 0.1..1.0_f64));
    (level, 3..=12_usize, topics, mix, prop::option::of(10.0..150.0_f64)).prop_map(
        |(level, count, topics, mix, points)| {
            level.map_or_else(
                || MidtermRequest {
                    question_count: count,
                    topic_ids: topics.iter().map(|t| TopicId::try_from(format!("t{t}")).unwrap()).collect(),
                    difficulty: mix.map(|(easy, medium, hard)| Mix { easy, medium, hard }),
                    points,
                    ..MidtermRequest::default()
                },
                MidtermRequest::of,
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_form_keeps_the_rules_and_its_fit_is_a_recount(
        rows in prop::collection::vec(any_row(), 0..40),
        order in any_order(),
        seen in prop::collection::vec((0..40_usize, 0..1_000_i64), 0..20),
        seed: u64,
    ) {
        let bank = bank(&["midterm", "final", "midterm"], &rows);
        let seen = seen.into_iter().filter_map(|(index, at)| {
            Some((bank.questions.get(index)?.meta.id.clone(), Timestamp::from_second(at).unwrap()))
        });
        let student = Student { seen: seen.collect(), ..Student::default() };
        let fits = |question: &QuestionSummary| {
            order.topic_ids.is_empty() || order.topic_ids.contains(&question.meta.topic_id)
        };
        let fitting: Vec<_> = bank.questions.iter().filter(|question| fits(question)).collect();
        let form = match generate(&bank, &order, &student, seed) {
            Ok(form) => form,
            Err(infeasible) => {
                let names: Vec<_> = infeasible.conflicts.iter().map(|conflict| conflict.constraint).collect();
                prop_assert!(!names.is_empty());
                prop_assert_eq!(names.contains(&"question_count"), fitting.len() < order.question_count);
                return Ok(());
            }
        };
        let metas: Vec<_> = form.questions.iter().map(|question| &question.meta).collect();
        prop_assert_eq!(metas.len(), order.question_count);
        prop_assert_eq!(metas.iter().map(|meta| &meta.id).collect::<HashSet<_>>().len(), metas.len());
        prop_assert!(form.questions.iter().all(|question| fits(question)));

        // One question per pattern, unless the bank has too few.
        let patterns: HashSet<_> = fitting.iter().filter_map(|question| question.meta.pattern_id.as_ref()).collect();
        let free = fitting.iter().filter(|question| question.meta.pattern_id.is_none()).count();
        prop_assert_eq!(form.fit.repeated_patterns.is_empty(), patterns.len() + free >= order.question_count);

        // Seen questions only if there are too few unseen ones.
        let is_seen = |question: &&&QuestionSummary| student.seen.contains_key(&question.meta.id);
        let seen_count = form.questions.iter().filter(is_seen).count();
        prop_assert_eq!(form.fit.seen_before, seen_count);
        let unseen: Vec<_> = fitting.iter().filter(|question| !is_seen(question)).collect();
        let kinds: HashSet<_> = unseen.iter().filter_map(|question| question.meta.pattern_id.as_ref()).collect();
        let enough = kinds.len() + unseen.iter().filter(|q| q.meta.pattern_id.is_none()).count() >= order.question_count;
        prop_assert!(!enough || seen_count == 0, "{seen_count} seen ones without need");

        // Topic by topic, easy to hard; unrated ones are of medium difficulty.
        let place = |meta: &&super::super::catalog::QuestionMeta| (meta.topic_id.clone(), meta.difficulty.unwrap_or(3));
        prop_assert!(metas.iter().map(place).collect::<Vec<_>>().is_sorted());

        let known_points: f64 = metas.iter().filter_map(|meta| meta.source_points).sum();
        prop_assert!(form.fit.points.achieved >= known_points - 0.01);
        for topic in &form.fit.topics {
            #[expect(clippy::cast_precision_loss, reason = "at most 12")]
            let count = metas.iter().filter(|meta| meta.topic_id == topic.topic_id).count() as f64;
            prop_assert!((topic.questions.achieved - count).abs() < 1e-9);
        }
        let targets: f64 = form.fit.topics.iter().map(|topic| topic.questions.target).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most 12")]
        let count = order.question_count as f64;
        prop_assert!((targets - count).abs() < 0.05, "{targets}");
        prop_assert_eq!(generate(&bank, &order, &student, seed).unwrap(), form);
    }
}
