//! Imports what users did in the old service, for users who have an account here. Progress made here is never changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use indicatif::ProgressBar;
use shared::app::App;
use shared::domain::catalog::draft::{CatalogDraft, RefusedRow};
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::store::ImportedStudies;

use super::Summary;
use super::d1::{EnrollmentRow, ProgressRow};

/// The known courses, and the course of each question.
#[derive(Debug, Default)]
pub(super) struct KnownQuestions {
    courses: HashSet<CourseId>,
    questions: HashMap<QuestionId, CourseId>,
}

impl KnownQuestions {
    /// Courses of drafts, which a dry run does not store.
    pub(super) fn of_drafts(drafts: &[CatalogDraft]) -> Self {
        let mut known = Self::default();
        for draft in drafts {
            let course = &draft.course.id;
            known.courses.insert(course.clone());
            known.questions.extend(draft.questions.iter().map(|question| (question.id.clone(), course.clone())));
        }
        known
    }

    /// Adds the stored courses.
    pub(super) async fn and_stored(mut self, app: &App) -> Result<Self> {
        for course in app.store.courses().await? {
            let bank = app.store.bank(&course).await?;
            self.questions.extend(bank.questions.iter().map(|row| (row.meta.id.clone(), row.meta.course_id.clone())));
            self.courses.insert(course.id);
        }
        Ok(self)
    }
}

/// The rows of one user, with their names in messages.
#[derive(Default)]
struct OfUser {
    progress: Vec<ProgressRow>,
    enrollments: Vec<EnrollmentRow>,
}

/// Stores missing progress and enrollments, for the users in `accounts` and all other users with an account.
pub(super) async fn write_studies(
    app: &App,
    (progress, enrollments): (Vec<ProgressRow>, Vec<EnrollmentRow>),
    (known, accounts): (&KnownQuestions, &HashSet<UserId>),
    dry_run: bool,
    summary: &mut Summary,
) -> Result<()> {
    let refuse = |table, id, reason| vec![RefusedRow { table, id, reason }];
    let mut users: BTreeMap<UserId, OfUser> = BTreeMap::new();
    for row in progress {
        if known.questions.contains_key(&row.question) {
            users.entry(row.user).or_default().progress.push(row);
        } else {
            let reason = format!("there is no question {:?}", row.question.as_str());
            summary.refuse(refuse("user_progress", row.label, reason));
        }
    }
    for row in enrollments {
        if known.courses.contains(&row.course) {
            users.entry(row.user).or_default().enrollments.push(row);
        } else {
            let reason = format!("there is no course {:?}", row.course.as_str());
            summary.refuse(refuse("user_courses", row.label, reason));
        }
    }
    let bar = ProgressBar::new(users.len() as u64);
    for (user, rows) in users {
        bar.inc(1);
        let is_there = app.store.profile(user).await?.is_some_and(|profile| profile.state.closing.is_none());
        let will_be_there = dry_run && accounts.contains(&user);
        if !is_there && !will_be_there {
            let reason = || "its user has no account".to_owned();
            let labels = rows.progress.into_iter().map(|row| ("user_progress", row.label));
            let labels = labels.chain(rows.enrollments.into_iter().map(|row| ("user_courses", row.label)));
            summary.refuse(labels.map(|(table, id)| RefusedRow { table, id, reason: reason() }).collect());
            continue;
        }
        let now = app.now();
        let course = |row: &ProgressRow| known.questions.get(&row.question).cloned();
        let studies = ImportedStudies {
            progress: rows
                .progress
                .into_iter()
                .filter_map(|row| Some((course(&row)?, row)))
                .map(|(course, row)| row.of(course, now))
                .collect(),
            enrollments: rows.enrollments.into_iter().map(|row| (row.course, row.enrolled_at.unwrap_or(now))).collect(),
        };
        let counts = [("user_progress", studies.progress.len()), ("user_courses", studies.enrollments.len())];
        let written = app.store.write_studies(user, &studies, dry_run).await?;
        for ((table, count), written) in counts.into_iter().zip([written.progress, written.enrollments]) {
            summary.rows(table, written, count.saturating_sub(written));
        }
    }
    bar.finish_and_clear();
    Ok(())
}
