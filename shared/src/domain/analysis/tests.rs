//! A small course computed by hand, and properties for any course.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::catalog::{Bank, Exam, Pattern, QuestionSummary, Topic};

/// Years of exams; then questions as (exam, topic, pattern, difficulty, points, minutes).
type Row = (usize, usize, Option<usize>, Option<u8>, Option<f64>, Option<f64>);

fn bank(years: &[i32], topics: usize, rows: &[Row]) -> Bank {
    let exam = |(index, year): (usize, &i32)| -> Exam {
        let exam_type = if index % 2 == 0 { "final" } else { "midterm" };
        serde_json::from_value(json!({
            "id": format!("e{index}"), "course_id": "c", "year": year, "semester": null, "exam_type": exam_type,
            "total_points": null, "exam_date": null, "upload_date": null, "processed": true, "question_count": 0,
        }))
        .unwrap()
    };
    let topic = |index: usize| -> Topic {
        serde_json::from_value(json!({
            "id": format!("t{index}"), "course_id": "c", "name": format!("Topic {index}"), "slug": format!("t{index}"),
            "category": if index < 2 { "first" } else { "second" }, "difficulty": null, "frequency_score": null,
            "avg_points": null, "total_appearances": 0, "question_count": 0,
        }))
        .unwrap()
    };
    let pattern = |index: usize| -> Pattern {
        serde_json::from_value(json!({
            "id": format!("p{index}"), "topic_id": "t0", "course_id": "c", "name": format!("Pattern {index}"),
            "techniques": [], "canonical_form": null, "appearance_count": 0, "appearance_rate": null, "first_seen_year": null,
            "last_seen_year": null, "example_question_id": null,
        }))
        .unwrap()
    };
    let question = |(index, row): (usize, &Row)| -> QuestionSummary {
        let (exam, topic, pattern, difficulty, points, minutes) = row;
        serde_json::from_value(json!({
            "id": format!("q{index:04}"), "exam_id": format!("e{exam}"), "topic_id": format!("t{topic}"),
            "topic_name": null, "course_id": "c", "pattern_id": pattern.map(|pattern| format!("p{pattern}")),
            "techniques": if topic % 2 == 0 { vec!["Substitution", "substitution"] } else { vec![] },
            "difficulty": difficulty, "difficulty_reason": null, "frequency_score": null, "estimated_time": minutes,
            "source_exam_year": null, "source_exam_type": null, "source_question_number": null,
            "source_points": points, "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))
        .unwrap()
    };
    Bank {
        exams: years.iter().enumerate().map(exam).collect(),
        topics: (0..topics).map(topic).collect(),
        patterns: (0..3).map(pattern).collect(),
        questions: rows.iter().enumerate().map(question).collect(),
        retired: Vec::new(),
    }
}

/// Two finals and a midterm; topic 3 was never asked.
fn small() -> Bank {
    bank(
        &[2020, 2021, 2022],
        4,
        &[
            (0, 0, Some(0), Some(1), Some(10.0), Some(5.0)),
            (0, 0, Some(1), Some(2), Some(20.0), Some(15.0)),
            (0, 1, None, Some(3), Some(30.0), Some(20.0)),
            (1, 0, Some(0), Some(4), Some(10.0), None),
            (2, 0, Some(0), Some(5), None, Some(10.0)),
            (2, 2, None, None, Some(10.0), Some(30.0)),
        ],
    )
}

#[test]
fn shares_are_those_of_questions_and_points() {
    let bank = small();
    let analysis = analyse(&PastExams::of(&bank));
    let row = |share: &TopicShare| (share.count, share.percentage, share.points_percentage, share.avg_points);
    // Topic 0: 4 of 6 questions, 40 of 80 points, 40/3 a question; topic 1: 1 of 6 and 30 of 80; topic 2: 1 and 10.
    assert_eq!(
        analysis.topic_distribution.iter().map(row).collect::<Vec<_>>(),
        [(4, 66.7, 50.0, 13.3), (1, 16.7, 37.5, 30.0), (1, 16.6, 12.5, 10.0), (0, 0.0, 0.0, 0.0)]
    );
    assert_eq!(analysis.exams_analysed, 3);
    // Five are rated: two easy, one medium, two hard.
    let mix = analysis.difficulty_distribution;
    assert_eq!((mix.easy, mix.medium, mix.hard), (40.0, 20.0, 40.0));
    // A question names the technique twice, which counts once: topics 0 and 2, 5 of 6.
    assert_eq!(
        analysis.techniques,
        [TechniqueShare { technique: "substitution".to_owned(), count: 5, percentage: 83.3 }]
    );
}

#[test]
fn kinds_of_exam_are_apart() {
    let bank = small();
    let kinds = analyse(&PastExams::of(&bank)).by_exam_type;
    let row = |kind: &ExamTypeShare| {
        let first = &kind.topic_distribution[0];
        (kind.exam_type.clone(), kind.exams, first.count, first.percentage, first.points_percentage)
    };
    // Finals: 3 of 5 questions and 30 of 70 points on topic 0.
    assert_eq!(
        kinds.iter().map(row).collect::<Vec<_>>(),
        [("final".to_owned(), 2, 3, 60.0, 42.9), ("midterm".to_owned(), 1, 1, 100.0, 100.0)]
    );
}

#[test]
fn patterns_say_how_often_and_when() {
    let bank = small();
    let patterns = analyse(&PastExams::of(&bank)).patterns;
    let row = |share: &PatternShare| (share.count, share.appearance_rate, share.first_year, share.last_year);
    // Pattern 0 on all three exams, pattern 1 on the first; pattern 2 never came.
    assert_eq!(
        patterns.iter().map(row).collect::<Vec<_>>(),
        [(3, 1.0, Some(2020), Some(2022)), (1, 0.33, Some(2020), Some(2020))]
    );
}

#[test]
fn trends_are_a_table_over_the_exams() {
    let bank = small();
    let trends = analyse(&PastExams::of(&bank)).year_trends;
    assert_eq!(trends.exams.iter().map(|exam| exam.year).collect::<Vec<_>>(), [2020, 2021, 2022]);
    assert_eq!(trends.topics[0].counts, [2, 1, 1]);
    assert_eq!(trends.topics[0].points, [30.0, 10.0, 0.0]);
    assert_eq!(trends.topics[3].counts, [0, 0, 0]);
}

#[test]
fn value_is_expected_questions_times_shrunk_points() {
    let bank = small();
    let analysis = analyse(&PastExams::of(&bank));
    // The course's mean is 80/5 = 16 points. Topic 0: (40 + 2 · 16) / (3 + 2) = 14.4; topic 1: (30 + 32) / 3.
    for (topic, mean) in [("t0", 72.0 / 5.0), ("t1", 62.0 / 3.0), ("t2", 42.0 / 3.0)] {
        let outlook = analysis.forecast.iter().find(|outlook| outlook.topic_id.to_string() == topic).unwrap();
        let value = analysis.high_value_topics.iter().find(|value| value.topic_id == outlook.topic_id).unwrap();
        assert!((value.expected_points - outlook.expected_count * mean).abs() < 0.006, "{value:?}");
        assert!((value.probability - outlook.probability).abs() < f64::EPSILON);
    }
    let frequencies: Vec<f64> = analysis.high_value_topics.iter().map(|value| value.frequency_score).collect();
    assert!(frequencies.contains(&1.0) && frequencies.contains(&0.33), "{frequencies:?}");
}

#[test]
fn the_study_order_gains_most_a_minute_first_within_its_category() {
    let bank = small();
    let analysis = analyse(&PastExams::of(&bank));
    let points = |topic: &str| {
        let value = analysis.high_value_topics.iter().find(|value| value.topic_id.to_string() == topic);
        value.map_or(0.0, |value| value.expected_points)
    };
    // Minutes of a question: topic 0 (5 + 15 + 10)/3, topic 1 20, topic 2 30, topic 3 unknown: 10.
    assert!(points("t0") / 10.0 > points("t1") / 20.0);
    assert!((points("t0") + points("t1")) / 30.0 > points("t2") / 40.0);
    let order: Vec<String> = analysis.recommended_study_order.iter().map(ToString::to_string).collect();
    assert_eq!(order[..2], ["t0", "t1"]);
    assert_eq!(order.len(), 4);
}

#[test]
fn the_recommendation_states_the_numbers() {
    let bank = small();
    let analysis = analyse(&PastExams::of(&bank));
    for said in [
        "3 past exams from 2020 to 2022",
        "The most frequent topic is Topic 0, with 66.7 % of all questions.",
        "40 % were easy, 20 % of medium difficulty and 40 % hard",
        "With so few exams the forecast is unreliable.",
    ] {
        assert!(analysis.study_strategy.contains(said), "{}", analysis.study_strategy);
    }
}

/// Each exam has the topics of the last one, so that repeating it is never wrong.
#[test]
fn a_forecast_that_is_no_better_than_counting_says_so() {
    const SAID: &str = "the forecast was no better than simple counting";
    let rows: Vec<Row> =
        (0..8).flat_map(|exam| (0..3).map(move |topic| (exam, topic, None, None, None, None))).collect();
    let bank = bank(&[2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007], 3, &rows);
    let analysis = analyse(&PastExams::of(&bank));
    assert_eq!(analysis.forecast_quality, ForecastQuality::NoBetter);
    assert!(analysis.study_strategy.contains(SAID), "{}", analysis.study_strategy);
    assert!(!analyse(&PastExams::of(&drifting(24, 20, 0))).study_strategy.contains(SAID));
}

#[test]
fn generated_questions_count_for_nothing() {
    let plain = small();
    let mut more = small();
    let mut generated = more.questions[0].clone();
    generated.meta.is_generated = true;
    more.questions.push(generated);
    assert_eq!(analyse(&PastExams::of(&plain)), analyse(&PastExams::of(&more)));
}

/// Topics whose probabilities change from year to year, which recency weighting exploits.
fn drifting(years: usize, topics: usize, seed: u64) -> Bank {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut rows = Vec::new();
    let dates: Vec<i32> = (0..years).map(|year| 2000 + i32::try_from(year).unwrap()).collect();
    for year in 0..years {
        for topic in 0..topics {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let phase = std::f64::consts::TAU * (topic as f64 / topics as f64 + year as f64 / 24.0);
            if random.f64() < 0.5 + 0.45 * phase.sin() {
                rows.push((year, topic, None, Some(3), Some(10.0), Some(10.0)));
            }
        }
    }
    bank(&dates, topics, &rows)
}

#[test]
fn on_a_course_that_drifts_the_forecast_beats_counting() {
    for seed in 0..5 {
        let bank = drifting(24, 20, seed);
        let analysis = analyse(&PastExams::of(&bank));
        let scores = analysis.backtest.unwrap();
        assert!(scores.model.brier < scores.all_time_frequency.brier - 0.02, "{scores:?}");
        assert!(scores.model.brier < scores.last_exam.brier - 0.02, "{scores:?}");
        assert_eq!(analysis.forecast_quality, ForecastQuality::Better);
    }
}

fn any_row() -> impl Strategy<Value = Row> {
    let points = prop::option::of((1..40_u8).prop_map(|points| f64::from(points) / 2.0));
    let minutes = prop::option::of((1..60_u8).prop_map(f64::from));
    (0..8_usize, 0..6_usize, prop::option::of(0..3_usize), prop::option::of(1..=5_u8), points, minutes)
}

fn any_bank() -> impl Strategy<Value = Bank> {
    let years = prop::collection::vec(2000..2026_i32, 8);
    (years, prop::collection::vec(any_row(), 1..60)).prop_map(|(years, rows)| bank(&years, 6, &rows))
}

fn adds_up(percentages: impl Iterator<Item = f64>) -> bool {
    let tenths: f64 = percentages.map(|percentage| (percentage * 10.0).round()).sum();
    tenths < 0.5 || (tenths - 1_000.0).abs() < 0.5
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn percentages_add_up(bank in any_bank()) {
        let analysis = analyse(&PastExams::of(&bank));
        let kinds = analysis.by_exam_type.iter().map(|kind| &kind.topic_distribution);
        for distribution in kinds.chain([&analysis.topic_distribution]) {
            prop_assert!(adds_up(distribution.iter().map(|share| share.percentage)), "{distribution:?}");
            prop_assert!(adds_up(distribution.iter().map(|share| share.points_percentage)), "{distribution:?}");
        }
        let mix = analysis.difficulty_distribution;
        prop_assert!(adds_up([mix.easy, mix.medium, mix.hard].into_iter()), "{mix:?}");
        let counted: usize = analysis.topic_distribution.iter().map(|share| share.count).sum();
        prop_assert_eq!(counted, bank.questions.len());
        let in_trends: u32 = analysis.year_trends.topics.iter().flat_map(|row| &row.counts).sum();
        prop_assert_eq!(usize::try_from(in_trends).unwrap(), bank.questions.len());
    }

    #[test]
    fn probabilities_and_intervals_are_ordered(bank in any_bank()) {
        let analysis = analyse(&PastExams::of(&bank));
        let topics = analysis.forecast.iter().map(|topic| (topic.probability, topic.interval));
        for (p, [low, high]) in topics.chain(analysis.pattern_forecast.iter().map(|p| (p.probability, p.interval))) {
            prop_assert!(0.0 <= low && low <= p && p <= high && high <= 1.0, "{low} {p} {high}");
        }
        prop_assert_eq!(analysis.forecast.len(), bank.topics.len());
        let mut order = analysis.recommended_study_order.clone();
        order.sort();
        prop_assert_eq!(order, bank.topics.iter().map(|topic| topic.id.clone()).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(bank in any_bank(), seed: u64) {
        let mut shuffled = bank.clone();
        let mut random = fastrand::Rng::with_seed(seed);
        random.shuffle(&mut shuffled.questions);
        random.shuffle(&mut shuffled.exams);
        random.shuffle(&mut shuffled.topics);
        random.shuffle(&mut shuffled.patterns);
        prop_assert_eq!(analyse(&PastExams::of(&bank)), analyse(&PastExams::of(&shuffled)));
    }

    #[test]
    fn the_edition_depends_on_numbers_not_on_texts(bank in any_bank(), at in any::<prop::sample::Index>()) {
        let before = edition(&PastExams::of(&bank));
        let mut typo = bank.clone();
        let index = at.index(bank.questions.len());
        typo.questions[index].preview = "corrected".to_owned();
        typo.topics[0].name = "Corrected".to_owned();
        prop_assert_eq!(&before, &edition(&PastExams::of(&typo)));
        let mut other = bank.clone();
        other.questions[index].meta.source_points = Some(99.0);
        prop_assert_ne!(&before, &edition(&PastExams::of(&other)));
    }
}

#[test]
fn an_edition_published_with_a_number_as_frequency_has_a_word_and_the_number() {
    let stored = serde_json::json!({
        "topic_id": "t", "name": "Series", "avg_points": 9.5, "frequency": 0.5, "probability": 0.4, "expected_points": 3.0,
    });
    let read: HighValueTopic = serde_json::from_value(stored).unwrap();
    assert_eq!((read.frequency.as_str(), read.frequency_score), ("Often", 0.5));
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(serde_json::from_value::<HighValueTopic>(written).unwrap(), read);
}
