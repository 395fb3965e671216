//! How often does the 80 % interval of the points on the next exam hold? Students with known abilities practise, and then sit an
//! exam that is made like the past ones.
//!
//!     cargo run --release -p shared --example exam_points
//!
//! Prints the table of `docs/mastery.md`, and fails if an interval holds less than 75 % or more than 85 % of the time.

use std::io::{self, Write};
use std::process::ExitCode;

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::json;
use shared::domain::analysis::{PastExams, analyse};
use shared::domain::catalog::{Bank, Exam, QuestionSummary, Topic};
use shared::domain::id::{CourseId, QuestionId, TopicId};
use shared::domain::mastery::{AttemptResult, Evidence, MU_LOGITS, Observation, initial_effect, sigmoid};
use shared::domain::study::{Calibration, Study};

const TOPICS: usize = 12;
/// Questions of each topic to practise.
const QUESTIONS: usize = 40;
const COURSES: u64 = 40;
const STUDENTS: usize = 25;
const GOAL: std::ops::RangeInclusive<f64> = 0.75..=0.85;

/// How the exams of a course are made.
#[derive(Clone, Copy)]
enum Making {
    /// Each topic comes by itself with its own probability; one question of it, or two.
    Loose,
    /// Ten questions of 10 points on ten different topics.
    Fixed,
    /// Twenty questions of 5 points, each on any topic.
    Mixed,
}

/// A way in which students and courses differ.
struct Case {
    name: &'static str,
    making: Making,
    past_exams: usize,
    calibration_students: usize,
    /// Attempts of a student on a topic.
    attempts: std::ops::Range<usize>,
}

const CASES: [Case; 8] = [
    Case { name: "loose exams", making: Making::Loose, past_exams: 8, calibration_students: 100, attempts: 10..11 },
    Case {
        name: "loose exams, no answers yet",
        making: Making::Loose,
        past_exams: 8,
        calibration_students: 100,
        attempts: 0..1,
    },
    Case {
        name: "loose exams, 0 to 12 answers",
        making: Making::Loose,
        past_exams: 8,
        calibration_students: 100,
        attempts: 0..13,
    },
    Case {
        name: "loose exams, not calibrated",
        making: Making::Loose,
        past_exams: 8,
        calibration_students: 0,
        attempts: 10..11,
    },
    Case {
        name: "three loose exams",
        making: Making::Loose,
        past_exams: 3,
        calibration_students: 100,
        attempts: 0..13,
    },
    Case {
        name: "ten questions of ten topics",
        making: Making::Fixed,
        past_exams: 8,
        calibration_students: 100,
        attempts: 0..13,
    },
    Case {
        name: "the same, not calibrated",
        making: Making::Fixed,
        past_exams: 8,
        calibration_students: 0,
        attempts: 0..13,
    },
    Case {
        name: "twenty questions of any topic",
        making: Making::Mixed,
        past_exams: 8,
        calibration_students: 100,
        attempts: 0..13,
    },
];

fn main() -> ExitCode {
    match table(&mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Prints the table. Returns whether all intervals hold as often as they say.
fn table(out: &mut impl Write) -> io::Result<bool> {
    writeln!(out, "| exams and students | in the interval | below | above | width, of the exam | bias, of the exam |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    let mut is_met = true;
    for case in &CASES {
        let mut found = Found::default();
        for seed in 0..COURSES {
            measure(case, &mut Rng::with_seed(seed), &mut found);
        }
        let share = |count: f64| 100.0 * count / found.all;
        let held = 1.0 - (found.below + found.above) / found.all;
        is_met &= GOAL.contains(&held);
        writeln!(
            out,
            "| {} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {:+.1} % |",
            case.name,
            100.0 * held,
            share(found.below),
            share(found.above),
            share(found.width),
            share(found.bias)
        )?;
    }
    Ok(is_met)
}

/// Sums over students.
#[derive(Default)]
struct Found {
    all: f64,
    below: f64,
    above: f64,
    width: f64,
    bias: f64,
}

/// A question: its topic, points, rating and true effect.
#[derive(Clone, Copy)]
struct Asked {
    topic: usize,
    points: f64,
    rating: u8,
    effect: f64,
}

struct Course {
    making: Making,
    /// True difficulty of the topics, and how likely exams ask them.
    topics: Vec<(f64, f64)>,
}

impl Course {
    fn question(&self, topic: usize, points: f64, random: &mut Rng) -> Asked {
        let rating = random.u8(1..=5);
        let effect = self.topics[topic].0 + initial_effect(Some(rating)) + 0.4 * normal(random);
        Asked { topic, points, rating, effect }
    }

    fn exam(&self, random: &mut Rng) -> Vec<Asked> {
        match self.making {
            Making::Loose => loop {
                let mut exam = Vec::new();
                for topic in 0..TOPICS {
                    if random.f64() < self.topics[topic].1 {
                        for _ in 0..=usize::from(random.f64() < 0.25) {
                            let points = [5.0, 10.0, 15.0][random.usize(..3)];
                            exam.push(self.question(topic, points, random));
                        }
                    }
                }
                if !exam.is_empty() {
                    break exam;
                }
            },
            Making::Fixed => {
                // Topics with a high weight come first.
                let mut drawn: Vec<(f64, usize)> =
                    (0..TOPICS).map(|topic| (random.f64().powf(1.0 / self.topics[topic].1), topic)).collect();
                drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
                drawn.into_iter().take(10).map(|(_, topic)| self.question(topic, 10.0, random)).collect()
            }
            Making::Mixed => {
                let weights: f64 = self.topics.iter().map(|topic| topic.1).sum();
                let any = |random: &mut Rng| {
                    let mut left = random.f64() * weights;
                    (0..TOPICS - 1)
                        .find(|topic| {
                            left -= self.topics[*topic].1;
                            left < 0.0
                        })
                        .unwrap_or(TOPICS - 1)
                };
                (0..20)
                    .map(|_| {
                        let topic = any(random);
                        self.question(topic, 5.0, random)
                    })
                    .collect()
            }
        }
    }
}

fn p(ability: f64, question: &Asked) -> f64 {
    sigmoid(MU_LOGITS + ability - question.effect)
}

fn measure(case: &Case, random: &mut Rng, found: &mut Found) {
    let topic = |random: &mut Rng| (0.6 * normal(random), random.f64().mul_add(0.9, 0.1));
    let course = Course { making: case.making, topics: (0..TOPICS).map(|_| topic(random)).collect() };
    let mut rows = Vec::new();
    for exam in 0..case.past_exams {
        rows.extend(course.exam(random).into_iter().map(|question| (Some(exam), question)));
    }
    let practised = rows.len();
    for topic in 0..TOPICS {
        rows.extend((0..QUESTIONS).map(|_| (None, course.question(topic, 10.0, random))));
    }
    let bank = bank(case.past_exams, &rows);
    let analysis = analyse(&PastExams::of(&bank));
    let to_practise = &rows[practised..];

    let mut observed: Vec<Observation<usize, TopicId, QuestionId>> = Vec::new();
    for user in 0..case.calibration_students {
        let abilities = abilities(random);
        for (index, correct) in practise(&(10..11), &abilities, to_practise, random) {
            let question = &to_practise[index].1;
            observed.push(Observation {
                user,
                topic: topic_id(question.topic),
                question: question_id(practised + index),
                difficulty: Some(question.rating),
                outcome: outcome(correct),
            });
        }
    }
    let calibration = Calibration::fold(1, &observed);
    for _ in 0..STUDENTS {
        let abilities = abilities(random);
        let mut study = Study::new(CourseId::try_from("c").unwrap_or_else(|_| unreachable!("an id")));
        for (index, correct) in practise(&case.attempts, &abilities, to_practise, random) {
            let question = &to_practise[index].1;
            let topic = topic_id(question.topic);
            let ease = calibration.ease(&topic, &question_id(practised + index), Some(question.rating));
            study.mastery.attempt(topic, ease, outcome(correct));
        }
        let Some(points) = study.exam_points(&bank, &analysis, &calibration, Timestamp::UNIX_EPOCH) else { continue };
        let exam = course.exam(random);
        let is_right = |question: &&Asked, random: &mut Rng| random.f64() < p(abilities[question.topic], question);
        let all: f64 = exam.iter().map(|question| question.points).sum();
        let right: f64 =
            exam.iter().filter(|question| is_right(question, random)).map(|question| question.points).sum();
        // As on an exam of the usual size.
        let score = points.total * right / all;
        found.all += 1.0;
        found.below += f64::from(u8::from(score < points.low));
        found.above += f64::from(u8::from(score > points.high));
        found.width += (points.high - points.low) / points.total;
        found.bias += (points.expected - score) / points.total;
    }
}

/// A student's ability in each topic.
fn abilities(random: &mut Rng) -> Vec<f64> {
    let level = 0.8 * normal(random);
    (0..TOPICS).map(|_| level + 0.6 * normal(random)).collect()
}

/// Answers questions of each topic, none of them twice, in any order: the questions by index, and whether they are right.
fn practise(
    attempts: &std::ops::Range<usize>,
    abilities: &[f64],
    questions: &[(Option<usize>, Asked)],
    random: &mut Rng,
) -> Vec<(usize, bool)> {
    let mut chosen = Vec::new();
    for topic in 0..TOPICS {
        let mut of_topic: Vec<usize> = (topic * QUESTIONS..(topic + 1) * QUESTIONS).collect();
        random.shuffle(&mut of_topic);
        chosen.extend(of_topic.into_iter().take(random.usize(attempts.clone())));
    }
    random.shuffle(&mut chosen);
    chosen
        .into_iter()
        .map(|index| {
            let question = &questions[index].1;
            (index, random.f64() < p(abilities[question.topic], question))
        })
        .collect()
}

fn outcome(correct: bool) -> AttemptResult {
    AttemptResult { correct, at_seconds: 0, evidence: Evidence::Full }
}

fn topic_id(topic: usize) -> TopicId {
    TopicId::try_from(format!("t{topic:02}")).unwrap_or_else(|_| unreachable!("an id"))
}

fn question_id(index: usize) -> QuestionId {
    QuestionId::try_from(format!("q{index:04}")).unwrap_or_else(|_| unreachable!("an id"))
}

fn bank(exams: usize, rows: &[(Option<usize>, Asked)]) -> Bank {
    let exam = |index: usize| -> Exam {
        read(json!({
            "id": format!("e{index}"), "course_id": "c", "year": 2010 + index, "semester": null, "exam_type": "final",
            "total_points": null, "exam_date": null, "upload_date": null, "processed": true, "question_count": 0,
        }))
    };
    let topic = |index: usize| -> Topic {
        read(json!({
            "id": topic_id(index), "course_id": "c", "name": format!("Topic {index}"), "slug": format!("t{index}"),
            "category": "K", "difficulty": null, "frequency_score": null, "avg_points": null, "total_appearances": 0,
            "question_count": 0,
        }))
    };
    let question = |(index, (exam, asked)): (usize, &(Option<usize>, Asked))| -> QuestionSummary {
        read(json!({
            "id": question_id(index), "exam_id": exam.map(|exam| format!("e{exam}")), "topic_id": topic_id(asked.topic),
            "topic_name": null, "course_id": "c", "pattern_id": null, "techniques": [], "difficulty": asked.rating,
            "difficulty_reason": null, "frequency_score": null, "estimated_time": null, "source_exam_year": null,
            "source_exam_type": null, "source_question_number": null, "source_points": exam.map(|_| asked.points),
            "is_generated": exam.is_none(), "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))
    };
    Bank {
        exams: (0..exams).map(exam).collect(),
        topics: (0..TOPICS).map(topic).collect(),
        questions: rows.iter().enumerate().map(question).collect(),
        ..Bank::default()
    }
}

fn read<T: serde::de::DeserializeOwned>(row: serde_json::Value) -> T {
    serde_json::from_value(row).unwrap_or_else(|error| unreachable!("a row of ours: {error}"))
}

/// Box and Muller; 1 − u is never 0.
fn normal(random: &mut Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}
