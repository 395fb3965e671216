//! `import catalog --retire-missing`: retires the stored questions of a course that its file does not have.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use shared::app::App;
use shared::domain::id::{CourseId, QuestionId};

/// Ids that a report names.
const NAMED_MAX: usize = 20;

/// The questions of a course that its file does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub course: CourseId,
    pub questions: Vec<QuestionId>,
}

impl Missing {
    /// Finds the questions. A row that the import refuses is in the file, so its question is not missing.
    ///
    /// # Errors
    /// When the file has no question at all, or storage fails.
    pub async fn find(app: &App, text: &str) -> Result<Self> {
        let file: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))?;
        let id = file["course"]["id"].as_str().context("the file has no id of a course")?;
        let course = CourseId::try_from(id).map_err(|error| anyhow::anyhow!("course.id {error}"))?;
        let rows = file["questions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let kept: HashSet<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
        ensure!(!kept.is_empty(), "the file has no question: --retire-missing would retire all of {course}");
        let Some(stored) = app.store.course(&course).await? else { return Ok(Self { course, questions: Vec::new() }) };
        let bank = app.store.bank(&stored).await?;
        let missing = bank.questions.iter().map(|question| &question.meta.id).filter(|id| !kept.contains(id.as_str()));
        let questions = missing.cloned().collect();
        Ok(Self { course, questions })
    }

    /// Retires them. `before` is the version of the course before the import of its file, with which they are taken back.
    ///
    /// # Errors
    /// When the last import is being taken back, or storage fails. A repetition retires the rest.
    pub async fn retire(&self, app: &App, before: u64) -> Result<()> {
        if !self.questions.is_empty() {
            app.store.retire_missing(&self.course, &self.questions, before, app.now()).await?;
        }
        Ok(())
    }

    /// What was done, or would be.
    #[must_use]
    pub fn report(&self, is_done: bool) -> String {
        let first: Vec<&str> = self.questions.iter().take(NAMED_MAX).map(QuestionId::as_str).collect();
        let more = if self.questions.len() > NAMED_MAX { ", …" } else { "" };
        let verb = if is_done { "retired" } else { "would retire" };
        let list = if first.is_empty() { String::new() } else { format!(": {}{more}", first.join(", ")) };
        format!("{verb} {} questions of {} that the file does not have{list}", self.questions.len(), self.course)
    }
}
