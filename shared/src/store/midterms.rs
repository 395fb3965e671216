//! Midterms. A midterm is written in the transaction that pays for it, and does not change afterwards.
//!
//! It contains its questions as they were delivered, so later catalogue changes do not affect it. Everything that the
//! list view does not need is compressed. Large bodies are split into parts, which the same transaction writes.

use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity};
use super::keys::{self, MIDTERMS};
use super::page::Page;
use super::parts::with_large_body;
use crate::domain::id::{CourseId, UserId};
use crate::domain::midterm::{BlueprintView, Fit, Level, Midterm, MidtermId};
use crate::domain::questions::view::QuestionView;
use crate::domain::text::DrawnFormulas;

/// Summary of a midterm for the list view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MidtermSummary {
    pub id: MidtermId,
    pub course_id: CourseId,
    /// The requested level; `None` for a custom blueprint.
    #[serde(default)]
    pub level: Option<Level>,
    pub question_count: usize,
    pub points: f64,
    /// Duration in minutes.
    pub minutes: f64,
    pub created_at: Timestamp,
}

impl Entity for MidtermSummary {
    const NAME: &'static str = "Midterm";
}

#[derive(Serialize, Deserialize)]
struct Body {
    blueprint: BlueprintView,
    fit: Fit,
    seed: u64,
    questions: Vec<QuestionView>,
    /// The drawn formulas of the questions, in their order. Empty in a midterm from before formulas were drawn.
    #[serde(default)]
    drawn: Vec<Option<DrawnFormulas>>,
    /// The versions of the questions, in their order. Empty in a midterm from before there were versions.
    #[serde(default)]
    versions: Vec<u32>,
}

impl Store {
    /// Reads a midterm of a user.
    pub async fn midterm(&self, user: UserId, id: MidtermId) -> Result<Option<Midterm<QuestionView>>, StoreError> {
        let Some(mut item) = self.get(&keys::midterm(user, id), true).await? else { return Ok(None) };
        let mut body: Body = self.large_body(&mut item, "Midterm").await?;
        for (question, drawn) in body.questions.iter_mut().zip(body.drawn) {
            question.drawn = drawn.map(Into::into);
        }
        for (question, version) in body.questions.iter_mut().zip(body.versions) {
            question.version = version;
        }
        let row: MidtermSummary = item::read(item)?;
        Ok(Some(Midterm {
            id: row.id,
            course_id: row.course_id,
            level: row.level,
            blueprint: body.blueprint,
            fit: body.fit,
            seed: body.seed,
            questions: body.questions,
            created_at: row.created_at,
        }))
    }

    /// Returns a page of a user's midterms before `before`, newest first.
    pub async fn midterms_before(
        &self,
        user: UserId,
        before: Option<MidtermId>,
        limit: usize,
    ) -> Result<Page<MidtermSummary>, StoreError> {
        let before = before.map(|id| keys::midterm(user, id));
        self.page(user, MIDTERMS, before, limit, |query| {
            query
                .projection_expression("entity, id, course_id, #level, question_count, points, minutes, created_at")
                .expression_attribute_names("#level", "level")
        })
        .await
    }

    /// The writes of a midterm and its parts.
    pub(super) fn put_midterm(
        &self,
        user: UserId,
        midterm: &Midterm<QuestionView>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let row = MidtermSummary {
            id: midterm.id,
            course_id: midterm.course_id.clone(),
            level: midterm.level,
            question_count: midterm.questions.len(),
            points: midterm.fit.points.achieved,
            minutes: midterm.fit.minutes.achieved,
            created_at: midterm.created_at,
        };
        let body = Body {
            blueprint: midterm.blueprint.clone(),
            fit: midterm.fit.clone(),
            seed: midterm.seed,
            questions: midterm.questions.clone(),
            drawn: midterm.questions.iter().map(|question| question.drawn.as_deref().cloned()).collect(),
            versions: midterm.questions.iter().map(|question| question.version).collect(),
        };
        let stored = with_large_body(&keys::midterm(user, midterm.id), &row, &body)?;
        stored.parts.into_iter().chain([stored.item]).map(|item| self.put_new(item)).collect()
    }
}
