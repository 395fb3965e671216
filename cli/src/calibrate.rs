//! `pastpaper calibrate`: learns the difficulty of topics and questions from all attempts.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use shared::app::App;
use shared::domain::catalog::Course;
use shared::domain::id::{CourseId, QuestionId, TopicId, UserId};
use shared::domain::mastery::{self, AttemptResult, Observation};
use shared::domain::review::{FIT_REVIEWS_MIN, FitOutcome, ReviewParameters, ReviewRecord, fit};
use shared::domain::study::Calibration;
use shared::store::StoreError;

use crate::course_work::{CourseWork, work_by_course};
use crate::database::{DataSource, DatabaseUse};
use crate::items;
use crate::output::outln;

/// Wait after the start of a server before its first calibration, so that it does not slow down the start.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// Options of `calibrate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id of the course, such as calc2; without it, all courses are calibrated that have attempts
    course: Option<String>,
    #[command(flatten)]
    database: DataSource,
}

/// What a calibration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// A new version was published.
    New,
    /// The newest version says the same already.
    Unchanged,
    /// Another process published one at the same time.
    Overtaken,
}

/// A calibrated course.
#[derive(Debug)]
pub struct Calibrated {
    /// The course.
    pub course: CourseId,
    /// Its newest calibration.
    pub calibration: Calibration,
    /// Whether it is new.
    pub publication: Publication,
    /// What was learnt about reviews.
    pub review: FitOutcome,
}

/// Learns calibrations from all attempts and publishes those that changed.
///
/// # Errors
/// When there is no such course, it has no attempts, or storage fails.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let open = arguments.database.open_to(DatabaseUse::Change).await?;
    let calibrated = match &arguments.course {
        Some(course) => calibrate_course(&open.app, course).await.map(|one| vec![one]),
        None => calibrate_all(&open.app).await,
    };
    open.close();
    let calibrated = calibrated?;
    if calibrated.is_empty() {
        outln!("Nobody has answered a question yet: there is nothing to learn from.")?;
    }
    for one in &calibrated {
        outln!("{}", describe(one))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(calibrated: &Calibrated) -> String {
    let Calibration { version, mu, attempts, topics, questions, .. } = &calibrated.calibration;
    let news = match calibrated.publication {
        Publication::New => "",
        Publication::Unchanged => " (unchanged)",
        Publication::Overtaken => " (published by another process)",
    };
    let review = match &calibrated.review {
        FitOutcome::TooFew { reviews } => format!("defaults for reviews ({reviews} of {FIT_REVIEWS_MIN} needed)"),
        FitOutcome::Kept { reviews } => format!("review parameters kept ({reviews} reviews say nothing better)"),
        FitOutcome::Better(ReviewParameters { reviews, log_loss, .. }) => {
            format!("new review parameters from {reviews} reviews, log loss {log_loss:.4}")
        }
        FitOutcome::Failed { cause } => format!("review parameters kept (the optimizer failed: {cause})"),
    };
    format!(
        "calibration {version} of {}{news}: {attempts} attempts on {} questions of {} topics, \u{3bc} = {mu:.2}; {review}",
        calibrated.course,
        questions.len(),
        topics.len()
    )
}

/// Learns a course's calibration, publishes it if it changed, and returns the newest.
///
/// # Errors
/// As [`run`].
pub async fn calibrate(app: &App, id: &str) -> Result<Calibration> {
    Ok(calibrate_course(app, id).await?.calibration)
}

async fn calibrate_course(app: &App, id: &str) -> Result<Calibrated> {
    let course = match CourseId::try_from(id.to_owned()) {
        Ok(id) => app.store.course(&id).await?,
        Err(_) => None,
    };
    let Some(course) = course else { bail!("there is no course {id:?}") };
    let mut work = work_by_course(app, Some(&course.id)).await?;
    match work.remove(&course.id) {
        Some(work) => publish(app, &course, work).await,
        None => bail!("nobody has answered a question of course {id:?} yet: there is nothing to learn from"),
    }
}

/// Calibrates all courses that have attempts, and publishes the statistics of their questions. The attempts are read once for
/// all of them.
///
/// # Errors
/// When storage fails.
pub async fn calibrate_all(app: &App) -> Result<Vec<Calibrated>> {
    let mut work = work_by_course(app, None).await?;
    let mut calibrated = Vec::new();
    for course in app.store.courses().await? {
        if let Some(work) = work.remove(&course.id) {
            calibrated.push(publish(app, &course, work).await?);
        }
    }
    Ok(calibrated)
}

/// Calibrates all courses every `pause`, until the process ends. A failure is logged, and tried again next time.
pub async fn keep_calibrating(app: App, pause: Duration) {
    tokio::time::sleep(FIRST_WAIT.min(pause)).await;
    loop {
        match calibrate_all(&app).await {
            Ok(calibrated) => {
                let new = calibrated.iter().filter(|one| one.publication == Publication::New).count();
                tracing::info!(target: "shared", courses = calibrated.len(), new, "calibrated");
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "courses are not calibrated"),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Learns from `attempts`. The fold of the same attempts is the same, so that a repetition publishes nothing.
async fn publish(app: &App, course: &Course, work: CourseWork) -> Result<Calibrated> {
    items::publish(app, &course.id, &work).await?;
    let attempts = work.attempts;
    let bank = app.store.bank(course).await?;
    let newest = app.store.newest_calibration(&course.id).await?;
    let version = newest.as_ref().map_or(0, |newest| newest.version);
    let in_force = newest.as_ref().and_then(|newest| newest.review.clone());
    let records: Vec<ReviewRecord<(UserId, QuestionId)>> = attempts
        .iter()
        .map(|(user, one)| ReviewRecord {
            history: (*user, one.question_id.clone()),
            at: one.created_at,
            correct: one.correct,
        })
        .collect();
    // The optimizer takes seconds for a large course, and requests are served meanwhile.
    let (review, in_force) = tokio::task::spawn_blocking(move || {
        let review = fit(&records, in_force.as_ref(), version + 1);
        match review {
            FitOutcome::Better(ref better) => (review.clone(), Some(better.clone())),
            _ => (review, in_force),
        }
    })
    .await?;
    // Difficulties are those of the catalogue now.
    let difficulties: HashMap<_, _> =
        bank.questions.iter().map(|question| (&question.meta.id, question.meta.difficulty)).collect();
    let versions: HashMap<_, _> =
        bank.questions.iter().chain(&bank.retired).map(|question| (&question.meta.id, question.version)).collect();
    let observed: Vec<Observation<UserId, TopicId, (QuestionId, u32)>> = attempts
        .into_iter()
        .map(|(user, one)| Observation {
            user,
            difficulty: difficulties.get(&one.question_id).copied().flatten(),
            outcome: AttemptResult {
                correct: one.correct,
                at_seconds: one.created_at.as_second(),
                evidence: one.evidence,
            },
            topic: one.topic_id,
            // A corrected question is another one: a wrong key made the one before hard. Who may have seen an earlier version
            // says nothing of this one.
            question: (one.question_id, if one.saw_earlier { 0 } else { one.version }),
        })
        .collect();
    let is_current = |(id, version): (QuestionId, u32)| {
        let current = versions.get(&id).copied().unwrap_or(version);
        (version == current).then_some(id)
    };
    let learnt = Calibration { review: in_force, ..mastery::Calibration::fold(version, &observed).renamed(is_current) };
    let of = |calibration, publication| Calibrated { course: course.id.clone(), calibration, publication, review };
    // Compared as it is read: text may move the last bit of a number.
    let as_read: Calibration = serde_json::from_str(&serde_json::to_string(&learnt)?)?;
    if newest.as_ref() == Some(&as_read) {
        return Ok(of(learnt, Publication::Unchanged));
    }
    let learnt = Calibration { version: version + 1, ..learnt };
    match app.store.publish_calibration(&course.id, &learnt, app.now()).await {
        Ok(()) => Ok(of(learnt, Publication::New)),
        Err(StoreError::Contention { .. }) => {
            let newest = app.store.newest_calibration(&course.id).await?.unwrap_or(learnt);
            Ok(of(newest, Publication::Overtaken))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened() {
        let line = |publication| {
            let calibration = Calibration { version: 3, attempts: 7, ..Calibration::default() };
            let course = CourseId::try_from("calc2".to_owned()).unwrap();
            describe(&Calibrated { course, calibration, publication, review: FitOutcome::TooFew { reviews: 3 } })
        };
        assert_eq!(
            line(Publication::New),
            "calibration 3 of calc2: 7 attempts on 0 questions of 0 topics, \u{3bc} = 0.62; defaults for reviews (3 of 512 needed)"
        );
        assert!(line(Publication::Unchanged).starts_with("calibration 3 of calc2 (unchanged): "));
    }
}
