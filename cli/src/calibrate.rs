//! `pastpaper calibrate`: learns the difficulty of a course's topics and questions from all attempts.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use shared::app::App;
use shared::domain::catalog::Course;
use shared::domain::id::{CourseId, QuestionId, TopicId, UserId};
use shared::domain::mastery::{AttemptResult, Observation};
use shared::domain::study::Calibration;

use crate::database::{DataSource, DatabaseUse};
use crate::output::outln;

/// Options of `calibrate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id of the course, such as calc2
    course: String,
    #[command(flatten)]
    database: DataSource,
}

/// Learns a calibration from all attempts of a course and publishes it.
///
/// # Errors
/// When there is no such course, it has no attempts, or storage fails.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let open = arguments.database.open_to(DatabaseUse::Change).await?;
    let published = calibrate(&open.app, &arguments.course).await;
    open.close();
    let calibration = published?;
    let Calibration { version, mu, attempts, topics, questions } = &calibration;
    outln!(
        "calibration {version} of {}: {attempts} attempts on {} questions of {} topics, \u{3bc} = {mu:.2}",
        arguments.course,
        questions.len(),
        topics.len()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Learns a calibration, publishes it and returns it.
///
/// # Errors
/// As [`run`].
pub async fn calibrate(app: &App, id: &str) -> Result<Calibration> {
    let course = match CourseId::try_from(id.to_owned()) {
        Ok(id) => app.store.course(&id).await?,
        Err(_) => None,
    };
    let Some(course) = course else { bail!("there is no course {id:?}") };
    let attempts = attempts_of(app, &course).await?;
    if attempts.is_empty() {
        bail!("nobody has answered a question of course {id:?} yet: there is nothing to learn from");
    }
    let version = app.store.newest_calibration(&course.id).await?.map_or(0, |newest| newest.version) + 1;
    let calibration = Calibration::fold(version, &attempts);
    app.store.publish_calibration(&course.id, &calibration, app.now()).await?;
    Ok(calibration)
}

/// All attempts on a course's questions. Difficulties are those of the catalogue now.
async fn attempts_of(app: &App, course: &Course) -> Result<Vec<Observation<UserId, TopicId, QuestionId>>> {
    let bank = app.store.bank(course).await?;
    let difficulties: std::collections::HashMap<_, _> =
        bank.questions.iter().map(|question| (&question.meta.id, question.meta.difficulty)).collect();
    let bar = ProgressBar::new_spinner();
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let page = app.store.scan_profiles(from).await?;
        for profile in page.profiles {
            let attempts = app.store.attempts(profile.id).await?;
            // Attempts without a position are older than the model.
            let of_course = attempts.into_iter().filter(|one| one.course_id == course.id && one.position > 0);
            found.extend(of_course.map(|one| Observation {
                user: profile.id,
                difficulty: difficulties.get(&one.question_id).copied().flatten(),
                outcome: AttemptResult {
                    correct: one.correct,
                    at_seconds: one.created_at.as_second(),
                    evidence: one.evidence,
                },
                topic: one.topic_id,
                question: one.question_id,
            }));
            bar.inc(1);
        }
        from = page.next;
        if from.is_none() {
            bar.finish_and_clear();
            return Ok(found);
        }
    }
}
