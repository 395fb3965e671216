//! The work of all students by course, from one scan of the table.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use jiff::Timestamp;
use shared::app::App;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::study::attempt::Attempt;

use crate::progress;

/// What students did in a course.
#[derive(Debug)]
pub(crate) struct CourseWork {
    /// When the scan began. Later attempts may be missing.
    pub(crate) read_at: Timestamp,
    /// Attempts of each student in their order.
    pub(crate) attempts: Vec<(UserId, Attempt)>,
    /// Questions that students unlocked and have not attempted.
    pub(crate) unanswered: Vec<(UserId, QuestionId)>,
}

/// A piece of the work in a course.
pub(crate) enum Work {
    /// An attempt.
    Attempt(Attempt),
    /// A question that is unlocked. If there is no attempt on it, it is not attempted. It may come twice.
    Unanswered(CourseId, QuestionId),
}

/// Scans the work of all students, in no particular order.
pub(crate) async fn each_work(app: &App, mut take: impl FnMut(UserId, Work)) -> Result<()> {
    let bar = progress::spinner("reading attempts");
    let mut from = None;
    loop {
        let page = app.store.scan_work(from).await?;
        bar.inc(page.attempts.len() as u64);
        // Attempts without a position are older than the model.
        for (user, attempt) in page.attempts.into_iter().filter(|(_, attempt)| attempt.position > 0) {
            take(user, Work::Attempt(attempt));
        }
        for (user, progress) in page.unanswered {
            take(user, Work::Unanswered(progress.course_id, progress.question_id));
        }
        from = page.next;
        if from.is_none() {
            return Ok(());
        }
    }
}

/// The work of all students in courses with attempts; in one course only, if it is named.
pub(crate) async fn work_by_course(app: &App, only: Option<&CourseId>) -> Result<HashMap<CourseId, CourseWork>> {
    let mut found: HashMap<CourseId, CourseWork> = HashMap::new();
    let read_at = app.now();
    let is_wanted = |course: &CourseId| only.is_none_or(|only| course == only);
    let new = || CourseWork { read_at, attempts: Vec::new(), unanswered: Vec::new() };
    each_work(app, |user, work| match work {
        Work::Attempt(attempt) if is_wanted(&attempt.course_id) => {
            found.entry(attempt.course_id.clone()).or_insert_with(new).attempts.push((user, attempt));
        }
        Work::Unanswered(course, question) if is_wanted(&course) => {
            found.entry(course).or_insert_with(new).unanswered.push((user, question));
        }
        Work::Attempt(_) | Work::Unanswered(..) => {}
    })
    .await?;
    found.retain(|_, work| !work.attempts.is_empty());
    for work in found.values_mut() {
        let attempted: HashSet<(UserId, &QuestionId)> =
            work.attempts.iter().map(|(user, attempt)| (*user, &attempt.question_id)).collect();
        work.unanswered.retain(|(user, question)| !attempted.contains(&(*user, question)));
        work.unanswered.sort();
        work.unanswered.dedup();
        work.attempts.sort_by_key(|(user, attempt)| (*user, attempt.position));
    }
    Ok(found)
}
