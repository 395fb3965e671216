//! How many points a student can expect on the next exam, with an interval.
//!
//! What is unknown is drawn many times: which topics the exam asks, which questions, how strong the student is, and whether
//! each answer is right. The draws are the same each time, so the same facts give the same numbers.
//! `docs/mastery.md` has the formulas, and how often the interval holds on simulated students.

use std::collections::HashMap;
use std::f64::consts::TAU;

use fastrand::Rng;
use jiff::Timestamp;

use crate::domain::analysis::Analysis;
use crate::domain::catalog::{Bank, QuestionSummary, Topic};
use crate::domain::id::TopicId;
use crate::domain::mastery::{Ease, sigmoid};
use crate::domain::number::{count, mean};
use crate::domain::study::{Calibration, Study};

/// Exams that are drawn.
const DRAWS: usize = 2_000;
/// Draws without any question are repeated, at most so often in all.
const TRIES_MAX: usize = 10 * DRAWS;
const SEED: u64 = 1;
/// Share of the draws below the interval, and above it.
const TAIL: f64 = 0.1;
/// Most questions of one topic on a drawn exam.
const QUESTIONS_MAX: u32 = 50;

/// Points that a student can expect on an exam of the usual size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExamPoints {
    /// The mean.
    pub expected: f64,
    /// Lower end of the 80 % interval.
    pub low: f64,
    /// Upper end of the 80 % interval.
    pub high: f64,
    /// Points of the whole exam: the mean of the past ones.
    pub total: f64,
}

/// A topic as the next exam may ask it, and the student's level on it.
#[derive(Debug, Clone, PartialEq)]
struct ExamTopic {
    probability: f64,
    /// Expected number of further questions if it is asked at all.
    further_questions: f64,
    /// Logits of the student on a question of effect 0.
    level: f64,
    /// Standard deviation of what is the topic's own in the level.
    sd: f64,
    /// Points and effects of questions like those that may be asked.
    questions: Vec<(f64, f64)>,
}

impl Study {
    /// The points that the student can expect on the next exam; `None` if no topic with questions is expected on it.
    #[must_use]
    pub fn exam_points(
        &self,
        bank: &Bank,
        analysis: &Analysis,
        calibration: &Calibration,
        now: Timestamp,
    ) -> Option<ExamPoints> {
        let known: Vec<f64> = bank.questions.iter().filter_map(points_of).collect();
        let usual = mean(&known).unwrap_or(1.0);
        let questions = |topic: &TopicId| {
            let of_topic: Vec<_> = bank.questions.iter().filter(|question| question.meta.topic_id == *topic).collect();
            // Questions of exams say what exams ask; without any, the others do.
            let has_past = of_topic.iter().any(|question| !question.meta.is_generated);
            let like = of_topic.into_iter().filter(|question| question.meta.is_generated != has_past);
            let facts = |question: &QuestionSummary| {
                let effect = calibration.effect(&question.meta.id, question.meta.difficulty);
                (points_of(question).unwrap_or(usual), effect)
            };
            like.map(facts).collect::<Vec<_>>()
        };
        let forecast: HashMap<&TopicId, _> = analysis.forecast.iter().map(|one| (&one.topic_id, one)).collect();
        let topic = |topic: &Topic| {
            let expected = forecast.get(&topic.id)?;
            let base = Ease { logits: calibration.base(&topic.id), practice: calibration.practice_on(&topic.id) };
            let of_asked = expected.expected_count / expected.probability.max(f64::MIN_POSITIVE);
            Some(ExamTopic {
                probability: expected.probability,
                further_questions: (of_asked - 1.0).clamp(0.0, f64::from(QUESTIONS_MAX)),
                level: self.mastery.z(&topic.id, base, now.as_second()),
                sd: self.mastery.information_on(&topic.id).recip().sqrt(),
                questions: questions(&topic.id),
            })
        };
        let topics: Vec<ExamTopic> = bank.topics.iter().filter_map(topic).collect();
        draw_points(&topics, &totals(bank, usual), self.mastery.information.recip().sqrt())
    }
}

fn points_of(question: &QuestionSummary) -> Option<f64> {
    question.meta.source_points.filter(|points| points.is_finite() && *points > 0.0)
}

/// Points of each past exam: those that it states, or the sum of its questions'.
fn totals(bank: &Bank, usual: f64) -> Vec<f64> {
    let mut sums: HashMap<_, f64> = HashMap::new();
    for question in bank.questions.iter().filter(|question| !question.meta.is_generated) {
        if let Some(exam) = &question.meta.exam_id {
            *sums.entry(exam).or_default() += points_of(question).unwrap_or(usual);
        }
    }
    let stated = |total: Option<f64>| total.filter(|points| points.is_finite() && *points > 0.0);
    bank.exams.iter().filter_map(|exam| Some(stated(exam.total_points).unwrap_or(*sums.get(&exam.id)?))).collect()
}

/// Draws exams and answers. `general_sd` is the standard deviation of the student's general level.
fn draw_points(topics: &[ExamTopic], totals: &[f64], general_sd: f64) -> Option<ExamPoints> {
    let asked: Vec<&ExamTopic> =
        topics.iter().filter(|topic| topic.probability > 0.0 && !topic.questions.is_empty()).collect();
    let total = mean(totals).filter(|_| !asked.is_empty())?;
    let mut random = Rng::with_seed(SEED);
    let mut scores = Vec::with_capacity(DRAWS);
    let mut sum = 0.0;
    for _ in 0..TRIES_MAX {
        if scores.len() == DRAWS {
            break;
        }
        let Some((share, step)) = draw_share(&asked, general_sd, &mut random) else { continue };
        sum += total * share;
        // Scores lie on steps of a question. Spread over a step, the ends of the interval do not jump by one.
        scores.push(total * (share + step * (random.f64() - 0.5)).clamp(0.0, 1.0));
    }
    scores.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
        let place = (share * f64::from(count(scores.len()))) as usize;
        scores.get(place.min(scores.len().checked_sub(1)?)).copied()
    };
    let expected = sum / f64::from(count(scores.len()));
    Some(ExamPoints { expected, low: at(TAIL)?.min(expected), high: at(1.0 - TAIL)?.max(expected), total })
}

/// The share of the points of one drawn exam, and that of one of its questions; `None` if it has no question.
fn draw_share(topics: &[&ExamTopic], general_sd: f64, random: &mut Rng) -> Option<(f64, f64)> {
    let general = general_sd * normal(random);
    let (mut right, mut all, mut questions) = (0.0, 0.0, 0_u32);
    for topic in topics {
        if random.f64() >= topic.probability {
            continue;
        }
        let level = topic.level + general + topic.sd * normal(random);
        for _ in 0..=poisson(topic.further_questions, random) {
            let (points, effect) = topic.questions[random.usize(..topic.questions.len())];
            all += points;
            questions += 1;
            if random.f64() < sigmoid(level - effect) {
                right += points;
            }
        }
    }
    (questions > 0).then(|| (right / all, 1.0 / f64::from(questions)))
}

/// Box and Muller; 1 − u is never 0.
fn normal(random: &mut Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (TAU * random.f64()).cos()
}

/// Knuth's method, for small means.
fn poisson(mean: f64, random: &mut Rng) -> u32 {
    let end = (-mean).exp();
    let (mut number, mut product) = (0, random.f64());
    while product > end && number < QUESTIONS_MAX {
        number += 1;
        product *= random.f64();
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(probability: f64, level: f64) -> ExamTopic {
        ExamTopic { probability, further_questions: 0.0, level, sd: 0.5, questions: vec![(10.0, 0.0), (5.0, 0.4)] }
    }

    #[test]
    fn what_is_surely_known_and_asked_is_the_whole_exam() {
        let sure = |level: f64| {
            let topics: Vec<_> =
                (0..10).map(|_| ExamTopic { sd: 0.0, questions: vec![(10.0, 0.0)], ..topic(1.0, level) }).collect();
            draw_points(&topics, &[80.0, 120.0], 0.0).unwrap()
        };
        let all = sure(30.0);
        assert!((all.expected - 100.0).abs() < 2.0 && all.total.total_cmp(&100.0).is_eq(), "{all:?}");
        assert!((95.0..=100.0).contains(&all.low) && all.high > 99.9, "{all:?}");
        let none = sure(-30.0);
        assert!(none.expected < 1e-9 && none.low < 1e-9 && none.high < 5.0, "{none:?}");
        // Even odds on ten questions: five, and 1.28 · √2.5 on both sides.
        let even = sure(0.0);
        assert!((even.expected - 50.0).abs() < 2.0, "{even:?}");
        assert!((even.low - 30.0).abs() < 4.0 && (even.high - 70.0).abs() < 4.0, "{even:?}");
    }

    #[test]
    fn the_same_facts_give_the_same_numbers_and_more_uncertainty_a_wider_interval() {
        let topics: Vec<_> = (0..12).map(|index| topic(0.5, f64::from(index) * 0.2 - 1.0)).collect();
        let found = draw_points(&topics, &[100.0], 0.2).unwrap();
        assert_eq!(draw_points(&topics, &[100.0], 0.2), Some(found));
        assert!(0.0 <= found.low && found.low < found.expected && found.expected < found.high && found.high <= 100.0);
        let unsure = draw_points(&topics, &[100.0], 1.5).unwrap();
        assert!(unsure.high - unsure.low > found.high - found.low + 5.0, "{unsure:?} {found:?}");
    }

    #[test]
    fn without_exams_topics_or_questions_nothing_is_expected() {
        assert_eq!(draw_points(&[topic(1.0, 0.0)], &[], 0.5), None);
        assert_eq!(draw_points(&[], &[100.0], 0.5), None);
        assert_eq!(draw_points(&[topic(0.0, 0.0)], &[100.0], 0.5), None);
        assert_eq!(draw_points(&[ExamTopic { questions: Vec::new(), ..topic(1.0, 0.0) }], &[100.0], 0.5), None);
        // So unlikely that no draw has it.
        assert_eq!(draw_points(&[topic(1e-12, 0.0)], &[100.0], 0.5), None);
    }

    #[test]
    fn poisson_numbers_have_their_mean() {
        let mut random = Rng::with_seed(3);
        for mean in [0.0, 0.3, 2.0] {
            let sum: u32 = (0..4_000).map(|_| poisson(mean, &mut random)).sum();
            assert!((f64::from(sum) / 4_000.0 - mean).abs() < 0.1, "{mean}: {sum}");
        }
    }
}
