//! How long does an analysis of a large course take? 50 exams of 400 questions, 20,000 in all.
//!
//! ```text
//! cargo run --release -p shared --example analyse
//! ```

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::json;
use shared::domain::analysis::{PastExams, analyse};
use shared::domain::catalog::Bank;

const RUNS: usize = 11;

fn bank(exams: usize, questions: usize, topics: usize) -> Result<Bank, serde_json::Error> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut bank = Bank::default();
    for exam in 0..exams {
        bank.exams.push(serde_json::from_value(json!({
            "id": format!("e{exam}"), "course_id": "c", "year": 1975 + exam, "semester": null, "exam_type": "final",
            "total_points": null, "exam_date": null, "upload_date": null, "processed": true, "question_count": 0,
        }))?);
    }
    for topic in 0..topics {
        bank.topics.push(serde_json::from_value(json!({
            "id": format!("t{topic}"), "course_id": "c", "name": format!("Topic {topic}"), "slug": format!("t{topic}"),
            "category": format!("Category {}", topic % 10), "difficulty": null, "frequency_score": null,
            "avg_points": null, "total_appearances": 0, "question_count": 0,
        }))?);
        bank.patterns.push(serde_json::from_value(json!({
            "id": format!("p{topic}"), "course_id": "c", "topic_id": format!("t{topic}"), "name": format!("P {topic}"),
            "techniques": [], "canonical_form": null, "appearance_count": 0, "appearance_rate": null,
            "first_seen_year": null, "last_seen_year": null, "example_question_id": null,
        }))?);
    }
    for question in 0..questions {
        let topic = random.usize(..topics);
        bank.questions.push(serde_json::from_value(json!({
            "id": format!("q{question}"), "exam_id": format!("e{}", question % exams), "topic_id": format!("t{topic}"),
            "topic_name": null, "course_id": "c", "pattern_id": format!("p{topic}"), "techniques": ["one", "two"],
            "difficulty": random.u8(1..=5), "difficulty_reason": null, "frequency_score": null, "estimated_time": 10.0,
            "source_exam_year": null, "source_exam_type": null, "source_question_number": null, "source_points": 5.0,
            "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))?);
    }
    Ok(bank)
}

#[expect(clippy::print_stdout, reason = "the figures are what the example is for")]
fn main() -> Result<(), Box<dyn Error>> {
    for (exams, questions, topics) in [(10, 200, 10), (50, 2_000, 30), (50, 20_000, 30), (50, 20_000, 100)] {
        let bank = bank(exams, questions, topics)?;
        let mut times: Vec<Duration> = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let start = Instant::now();
            let analysis = analyse(&PastExams::of(&bank));
            times.push(start.elapsed());
            assert_eq!(analysis.exams_analysed, exams);
        }
        times.sort();
        println!(
            "{exams} exams, {questions} questions, {topics} topics: {:.1} ms",
            times[RUNS / 2].as_secs_f64() * 1e3
        );
    }
    Ok(())
}
