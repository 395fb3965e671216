//! Study advice: weak topics, topics never tried, a plan of both, questions for it, and the time that they take.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::analysis::Analysis;
use crate::domain::catalog::{Bank, QuestionSummary, Topic};
use crate::domain::id::{QuestionId, TopicId};
use crate::domain::mastery::{Levels, Priority, Ranking, TopicCandidate, TopicStanding, WeakTopic, rank};
use crate::domain::number::{mean, rounded};
use crate::domain::study::progress::Rows;
use crate::domain::study::{Calibration, Study, effects};

/// Largest number of weak topics, and of untried ones.
const TOPICS_MAX: usize = 5;
/// Topics of a plan.
const PLANNED_MAX: usize = 5;
/// Places of a plan that weak topics have before untried ones.
const WEAK_FIRST: usize = 3;
/// Places that untried topics have after those.
const UNTRIED_NEXT: usize = 2;
/// Suggested questions per topic.
const QUESTIONS_OF_TOPIC: usize = 3;
/// Probability of success at which a question teaches most: neither too easy nor too hard.
const FITTING_PROBABILITY: f64 = 0.7;
/// Minutes per question when the course states none.
const MINUTES_UNKNOWN: f64 = 10.0;

/// Advice for a student.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Topics with evidence of weakness, most expected loss first.
    pub weak_topics: Vec<WeakTopicView>,
    /// Topics that were never tried, most points to gain first.
    pub untried_topics: Vec<UntriedTopicView>,
    /// Questions on the topics of the plan, in its order.
    pub questions: Vec<SuggestedQuestion>,
    /// Weak and untried topics together.
    pub plan: Vec<PlannedTopic>,
}

/// A topic in which the student can gain points.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WeakTopicView {
    pub topic_id: TopicId,
    pub name: String,
    /// Share of its questions that the student is expected to answer correctly, 0 to 1.
    pub mastery: f64,
    /// 90 % interval of the mastery.
    pub interval: [f64; 2],
    /// Whether there are enough answers for a reliable estimate.
    pub enough_data: bool,
    /// Number of attempts used by the estimate.
    pub attempts: u32,
    /// Expected points to gain on the next exam.
    pub points_to_gain: f64,
    /// Whether the topic is harder than the course's other topics for all students.
    pub hard_for_everyone: bool,
    /// Whether the student is weaker here than on other topics, adjusted for difficulty.
    pub weak_for_you: bool,
    /// Probability that the mastery is below 75 %, by all answers together.
    pub certainty: f64,
    /// Reason, in a sentence.
    pub reason: String,
}

/// A topic on which no attempt says anything about the student.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UntriedTopicView {
    pub topic_id: TopicId,
    pub name: String,
    /// Share of its questions that a student of this general level is expected to answer correctly, 0 to 1.
    pub mastery: f64,
    /// 90 % interval of the mastery.
    pub interval: [f64; 2],
    /// Probability that the next exam asks it; null in a course without past exams.
    pub probability: Option<f64>,
    /// Expected number of its questions on the next exam; null in a course without past exams.
    pub expected_questions: Option<f64>,
    /// Expected points to gain on the next exam.
    pub points_to_gain: f64,
    /// Whether the topic is harder than the course's other topics for all students.
    pub hard_for_everyone: bool,
    /// Reason, in a sentence.
    pub reason: String,
}

/// A question to practise.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuggestedQuestion {
    pub question_id: QuestionId,
    pub topic_id: TopicId,
    /// Reason, in a sentence.
    pub reason: String,
}

/// A topic of the study plan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlannedTopic {
    pub topic_id: TopicId,
    pub priority: Priority,
    /// What is known of the student on the topic.
    pub standing: TopicStanding,
    /// Reason to study it now, in a sentence.
    pub reason: String,
    /// Estimated minutes for its suggested questions.
    pub estimated_time: f64,
}

/// Computes the advice for a student. `reported` are topics that the student named as weaknesses.
#[must_use]
pub fn advise(
    bank: &Bank,
    analysis: Option<&Analysis>,
    study: &Study,
    calibration: &Calibration,
    progress: &Rows,
    reported: &[TopicId],
    now: Timestamp,
) -> Advice {
    let points = expected_points(analysis);
    let now_seconds = now.as_second();
    let levels = Levels::of(&study.mastery, |topic| calibration.attempts_on(topic));
    let asked: HashSet<&TopicId> = bank.for_sale().map(|question| &question.meta.topic_id).collect();
    let candidate = |topic: &Topic| {
        let effects = effects(&topic.id, calibration, bank);
        let candidate = TopicCandidate::new(&topic.id, &levels, calibration, &effects, now_seconds);
        TopicCandidate {
            expected_points: points.get(&topic.id).copied().unwrap_or(0.0),
            self_reported: reported.contains(&topic.id),
            attempts_of_any_kind: study.log.topics.get(&topic.id).map_or(0, |totals| totals.attempts),
            ..candidate
        }
    };
    // A topic without questions cannot be practised.
    let candidates = bank.topics.iter().filter(|topic| asked.contains(&topic.id)).map(candidate).collect();
    let ranking = rank(candidates);

    let names: HashMap<&TopicId, &str> = bank.topics.iter().map(|topic| (&topic.id, topic.name.as_str())).collect();
    let name = |topic: &TopicId| names.get(topic).copied().unwrap_or_default().to_owned();
    let minutes = Minutes::of(bank);
    let (mut questions, mut plan) = (Vec::new(), Vec::new());
    for topic in planned(&ranking) {
        let suggested = suggest(&topic.topic, bank, study, calibration, progress, now_seconds);
        plan.push(PlannedTopic {
            topic_id: topic.topic.clone(),
            priority: topic.priority,
            standing: topic.standing,
            reason: topic.plan_reason.clone(),
            estimated_time: rounded(suggested.iter().map(|(question, _)| minutes.of_question(question)).sum(), 1),
        });
        questions.extend(suggested.into_iter().map(|(question, reason)| SuggestedQuestion {
            question_id: question.meta.id.clone(),
            topic_id: topic.topic.clone(),
            reason,
        }));
    }
    let weak = |topic: WeakTopic<TopicId>| WeakTopicView {
        name: name(&topic.topic),
        mastery: rounded(topic.estimate.mastery, 4),
        interval: [rounded(topic.estimate.low, 4), rounded(topic.estimate.high, 4)],
        enough_data: topic.estimate.enough_data,
        attempts: topic.attempts,
        points_to_gain: rounded(topic.gain_points, 2),
        hard_for_everyone: topic.hard_for_everyone,
        weak_for_you: topic.weak_for_you,
        certainty: rounded(topic.certainty, 4),
        reason: topic.reason,
        topic_id: topic.topic,
    };
    let untried = |topic: WeakTopic<TopicId>| {
        let expected = analysis.and_then(|analysis| analysis.forecast.iter().find(|one| one.topic_id == topic.topic));
        UntriedTopicView {
            name: name(&topic.topic),
            mastery: rounded(topic.estimate.mastery, 4),
            interval: [rounded(topic.estimate.low, 4), rounded(topic.estimate.high, 4)],
            probability: expected.map(|expected| expected.probability),
            expected_questions: expected.map(|expected| expected.expected_count),
            points_to_gain: rounded(topic.gain_points, 2),
            hard_for_everyone: topic.hard_for_everyone,
            reason: topic.reason,
            topic_id: topic.topic,
        }
    };
    Advice {
        weak_topics: ranking.weak.into_iter().take(TOPICS_MAX).map(weak).collect(),
        untried_topics: ranking.untried.into_iter().take(TOPICS_MAX).map(untried).collect(),
        questions,
        plan,
    }
}

/// The topics of the plan: weak ones first, then untried ones, so that both have places; then what is left of them, and
/// topics without a weakness.
fn planned(ranking: &Ranking<TopicId>) -> Vec<&WeakTopic<TopicId>> {
    let (weak, untried) = (&ranking.weak, &ranking.untried);
    let first = weak.iter().take(WEAK_FIRST).chain(untried.iter().take(UNTRIED_NEXT));
    let rest = weak.iter().skip(WEAK_FIRST).chain(untried.iter().skip(UNTRIED_NEXT)).chain(&ranking.good);
    first.chain(rest).take(PLANNED_MAX).collect()
}

/// Expected points of each topic on the next exam: expected questions × mean points per question.
fn expected_points(analysis: Option<&Analysis>) -> HashMap<TopicId, f64> {
    let Some(analysis) = analysis else { return HashMap::new() };
    let known: Vec<f64> =
        analysis.topic_distribution.iter().map(|topic| topic.avg_points).filter(|points| *points > 0.0).collect();
    let usual = mean(&known).unwrap_or(1.0);
    let of_topic: HashMap<&TopicId, f64> =
        analysis.topic_distribution.iter().map(|topic| (&topic.topic_id, topic.avg_points)).collect();
    let each = |id: &TopicId| of_topic.get(id).copied().filter(|points| *points > 0.0).unwrap_or(usual);
    let forecast = analysis.forecast.iter();
    forecast.map(|topic| (topic.topic_id.clone(), topic.expected_count * each(&topic.topic_id))).collect()
}

/// Unseen questions first, then those seen longest ago; then by distance from [`FITTING_PROBABILITY`].
fn suggest<'a>(
    topic: &TopicId,
    bank: &'a Bank,
    study: &Study,
    calibration: &Calibration,
    progress: &Rows,
    now_seconds: i64,
) -> Vec<(&'a QuestionSummary, String)> {
    let of_topic = bank.for_sale().filter(|question| question.meta.topic_id == *topic);
    let mut fitting: Vec<(Option<Timestamp>, f64, &QuestionSummary)> = of_topic
        .map(|question| {
            let ease = calibration.ease(topic, &question.meta.id, question.meta.difficulty);
            let seen = progress.get(&question.meta.id).map(|row| row.seen_at);
            (seen, study.mastery.p(topic, ease, now_seconds), question)
        })
        .collect();
    fitting.sort_by(|(a_seen, a_p, a), (b_seen, b_p, b)| {
        let off = |p: &f64| (p - FITTING_PROBABILITY).abs();
        a_seen.cmp(b_seen).then_with(|| off(a_p).total_cmp(&off(b_p))).then_with(|| a.meta.id.cmp(&b.meta.id))
    });
    let reason = |seen: Option<Timestamp>, p: f64| {
        let news = if seen.is_none() { "New to you" } else { "You have seen it before" };
        format!("{news}; students at your level get it right about {:.0} times in 10.", p * 10.0)
    };
    fitting.into_iter().take(QUESTIONS_OF_TOPIC).map(|(seen, p, question)| (question, reason(seen, p))).collect()
}

/// Minutes that the questions take.
struct Minutes {
    usual: f64,
}

impl Minutes {
    fn of(bank: &Bank) -> Self {
        let known: Vec<f64> =
            bank.questions.iter().filter_map(|q| q.meta.estimated_time).filter(|minutes| *minutes > 0.0).collect();
        Self { usual: mean(&known).unwrap_or(MINUTES_UNKNOWN) }
    }

    fn of_question(&self, question: &QuestionSummary) -> f64 {
        question.meta.estimated_time.filter(|minutes| *minutes > 0.0).unwrap_or(self.usual)
    }
}
