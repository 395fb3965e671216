//! What a student should see again today, and how much comes in the next days.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ReviewState, Scheduler};
use crate::domain::catalog::{Bank, QuestionSummary};
use crate::domain::id::{QuestionId, TopicId};
use crate::domain::number::{count, rounded};
use crate::domain::study::progress::{Progress, Rows};
use crate::domain::time::{date_of_day, day_number};

/// Days whose due questions are counted, from tomorrow.
const DAYS_AHEAD: u16 = 30;

/// Questions that a student should see again.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReviewQueue {
    /// The date of today. A day begins at midnight UTC.
    pub today: String,
    /// Number of questions that are due: those of today and those of days before.
    pub due_today: u32,
    /// Number of answered questions in the queue, due or not.
    pub scheduled: u32,
    /// The questions that are due, the longest due first; no more than were asked for.
    pub questions: Vec<DueQuestion>,
    /// How many questions become due on each of the next 30 days, if no more are answered.
    pub days: Vec<DueCount>,
}

/// A question that is due.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DueQuestion {
    pub question_id: QuestionId,
    pub topic_id: TopicId,
    pub topic_name: String,
    /// The beginning of the question's text.
    pub preview: String,
    /// The date on which it became due.
    pub due: String,
    /// Whole days since then.
    pub days_overdue: u32,
    /// The date of the last answer.
    pub last_answered: String,
    /// Whether the last answer was right.
    pub last_correct: bool,
    /// Number of answers.
    pub attempts: u32,
    /// Probability of a right answer today, 0 to 1.
    pub recall: f64,
    pub memory: MemoryView,
}

/// The memory state of a question, by FSRS-6.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MemoryView {
    /// Days after which the probability of a right answer has fallen to 90 %.
    pub stability: f64,
    /// How hard it is to keep, from 1 to 10. Not the difficulty of the question.
    pub difficulty: f64,
}

/// Number of questions that become due on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DueCount {
    pub date: String,
    pub due: u32,
}

/// A question with its place in the queue.
struct Queued<'a> {
    question: &'a QuestionSummary,
    progress: &'a Progress,
    state: ReviewState,
    due_day: i64,
    recall: f32,
}

/// The queue of a student at `now`, with at most `limit` questions.
///
/// It has the answered questions that are for sale: a retired question leaves it, and so does one that waits for its
/// correction. The longest due come first; of one day the wrong ones, then those with the lowest recall.
#[must_use]
pub fn review_queue(bank: &Bank, progress: &Rows, scheduler: &Scheduler, now: Timestamp, limit: usize) -> ReviewQueue {
    let today = day_number(now);
    let queued = bank.for_sale().filter_map(|question| {
        let progress = progress.get(&question.meta.id)?;
        let state = progress.review_state(scheduler)?;
        let (due_day, recall) = (scheduler.due_day(&state), scheduler.recall(&state, today));
        Some(Queued { question, progress, state, due_day, recall })
    });
    let (mut due, later): (Vec<Queued<'_>>, Vec<Queued<'_>>) = queued.partition(|queued| queued.due_day <= today);
    due.sort_by(|a, b| {
        let by_day = a.due_day.cmp(&b.due_day).then_with(|| is_right(a.progress).cmp(&is_right(b.progress)));
        by_day.then_with(|| a.recall.total_cmp(&b.recall)).then_with(|| a.question.meta.id.cmp(&b.question.meta.id))
    });
    let mut on_day: HashMap<i64, u32> = HashMap::new();
    for queued in &later {
        *on_day.entry(queued.due_day).or_default() += 1;
    }
    let day = |ahead: u16| {
        let day = today + i64::from(ahead);
        DueCount { date: date_of_day(day), due: on_day.get(&day).copied().unwrap_or_default() }
    };
    let names: HashMap<&TopicId, &str> = bank.topics.iter().map(|topic| (&topic.id, topic.name.as_str())).collect();
    ReviewQueue {
        today: date_of_day(today),
        due_today: count(due.len()),
        scheduled: count(due.len() + later.len()),
        questions: due.iter().take(limit).map(|queued| view(queued, &names, today)).collect(),
        days: (1..=DAYS_AHEAD).map(day).collect(),
    }
}

fn is_right(progress: &Progress) -> bool {
    progress.was_correct == Some(true)
}

fn view(queued: &Queued<'_>, names: &HashMap<&TopicId, &str>, today: i64) -> DueQuestion {
    let Queued { question, progress, state, due_day, recall } = queued;
    let topic_id = question.meta.topic_id.clone();
    DueQuestion {
        question_id: question.meta.id.clone(),
        topic_name: names.get(&topic_id).copied().unwrap_or_default().to_owned(),
        topic_id,
        preview: question.preview.clone(),
        due: date_of_day(*due_day),
        days_overdue: u32::try_from(today - due_day).unwrap_or(u32::MAX),
        last_answered: date_of_day(state.day),
        last_correct: is_right(progress),
        attempts: progress.attempts,
        recall: rounded((*recall).into(), 4),
        memory: MemoryView {
            stability: rounded(state.stability.into(), 4),
            difficulty: rounded(state.difficulty.into(), 4),
        },
    }
}
