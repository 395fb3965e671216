//! The part of `pastpaper verify` that compares review schedules with attempts.

use std::collections::HashMap;

use shared::app::App;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::review::{Scheduler, schedule_fault};
use shared::domain::study::attempt::Attempt;
use shared::store::StoreError;
use tokio::sync::Mutex;

use crate::verify::READS_MAX;

/// A version of the review parameters of a course.
type Version = (CourseId, u32);

/// The models of all versions that attempts name, read once for all users. `None` is a version that does not exist.
#[derive(Default)]
pub(crate) struct Schedulers(Mutex<HashMap<Version, Option<Scheduler>>>);

impl Schedulers {
    /// The models of `versions`.
    async fn of(&self, app: &App, versions: Vec<Version>) -> Result<HashMap<Version, Scheduler>, StoreError> {
        let mut known = self.0.lock().await;
        let mut found = HashMap::new();
        for version in versions {
            if !known.contains_key(&version) {
                let scheduler = read(app, &version).await?;
                known.insert(version.clone(), scheduler);
            }
            if let Some(Some(scheduler)) = known.get(&version) {
                found.insert(version, scheduler.clone());
            }
        }
        Ok(found)
    }
}

async fn read(app: &App, (course, version): &Version) -> Result<Option<Scheduler>, StoreError> {
    if *version == 0 {
        return Ok(Some(Scheduler::new(None)));
    }
    let calibration = app.store.calibration_version(course, *version).await?;
    let learnt = calibration.and_then(|calibration| calibration.review).filter(|learnt| learnt.version == *version);
    Ok(learnt.map(|learnt| Scheduler::new(Some(&learnt))))
}

/// Checks that the schedules of a student follow from their attempts. Reads again if the student answered meanwhile.
pub(crate) async fn check_schedules(
    app: &App,
    schedulers: &Schedulers,
    user: UserId,
) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    for _ in 0..READS_MAX {
        let (rows, mut attempts) = tokio::try_join!(app.store.all_progress(user), app.store.attempts(user))?;
        attempts.sort_by_key(|attempt| attempt.position);
        let mut versions: Vec<Version> = attempts
            .iter()
            .filter_map(|attempt| Some((attempt.course_id.clone(), attempt.review_parameters?)))
            .collect();
        versions.sort();
        versions.dedup();
        let found = schedulers.of(app, versions).await?;
        let mut of_question: HashMap<(&CourseId, &QuestionId), Vec<&Attempt>> = HashMap::new();
        for attempt in &attempts {
            of_question.entry((&attempt.course_id, &attempt.question_id)).or_default().push(attempt);
        }
        wrong.clear();
        for row in &rows {
            let attempts = of_question.get(&(&row.course_id, &row.question_id)).map(Vec::as_slice).unwrap_or_default();
            let scheduler = |version| found.get(&(row.course_id.clone(), version));
            if let Some(fault) = schedule_fault(row, attempts, scheduler) {
                wrong.push(format!("question {}: {fault}", row.question_id));
            }
        }
        if wrong.is_empty() {
            break;
        }
    }
    Ok(wrong)
}
