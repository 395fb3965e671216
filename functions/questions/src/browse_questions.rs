//! `GET /api/questions`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::{Bank, QuestionSummary};
use shared::domain::id::{CourseId, ExamId, TopicId};
use shared::domain::questions::selection::has_technique;
use shared::domain::questions::view::QuestionView;
use shared::http::fields::{Difficulty, Technique, year};
use shared::http::page::{Cursor, Limit};
use shared::http::{Body, Catalogue, Claim, Problem, Query, TextFormat};
use utoipa::{IntoParams, ToSchema};

use crate::listing::{is_listed, views};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuestionFilter {
    pub(crate) course_id: CourseId,
    pub(crate) topic_id: Option<TopicId>,
    pub(crate) difficulty: Option<Difficulty>,
    pub(crate) technique: Option<Technique>,
    pub(crate) exam_id: Option<ExamId>,
    #[serde(default, deserialize_with = "year")]
    pub(crate) year: Option<i32>,
    pub(crate) limit: Option<Limit>,
    pub(crate) cursor: Option<Cursor>,
    /// With `html`, questions have the members `question_html`, `solution_html`, `answer_html` and so on.
    pub(crate) render: Option<TextFormat>,
}

impl Body for QuestionFilter {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Serialize, ToSchema)]
pub(crate) struct QuestionPage {
    questions: Vec<QuestionView>,
    next_cursor: Option<String>,
    total: usize,
}

/// Lists a course's questions by topic, difficulty and id.
///
/// A locked question shows its metadata and the first 100 characters of its text at most.
#[utoipa::path(
    get, path = "/api/questions",
    params(QuestionFilter),
    responses(
        (
            status = 200,
            description = "One page of questions, locked unless the user unlocked them.",
            body = QuestionPage
        ),
        (status = 304)
    ),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn browse_questions(
    State(app): State<App>,
    claim: Claim,
    Query(filter): Query<QuestionFilter>,
) -> Result<Catalogue<QuestionPage>, Problem> {
    question_page(filter, &app, &claim).await.map(Catalogue)
}

/// The page that the filter asks for.
pub(crate) async fn question_page(filter: QuestionFilter, app: &App, claim: &Claim) -> Result<QuestionPage, Problem> {
    let unlocked = async { app.store.accesses(claim.user_id(), &filter.course_id).await.map_err(CourseError::from) };
    let reads = async { tokio::try_join!(active_course(app, &filter.course_id), unlocked) };
    let (_, (course, unlocked)) = claim.with(reads).await?;
    let bank = app.store.bank(&course).await?;
    filter.check(&bank)?;

    let fitting = bank.listed(|question| filter.matches(question) && is_listed(question, &unlocked));
    let start = filter.start(&fitting)?;
    let limit = filter.limit.unwrap_or_default().get();
    let page: Vec<&QuestionSummary> = fitting.iter().skip(start).take(limit).copied().collect();
    let next_cursor = page.last().filter(|_| start + page.len() < fitting.len());
    let questions = views(app, &course, &page, &unlocked, filter.render).await?;
    Ok(QuestionPage {
        questions,
        next_cursor: next_cursor.map(|last| Cursor::encode(last.meta.id.as_str())),
        total: fitting.len(),
    })
}

impl QuestionFilter {
    /// Refuses an unknown topic or exam, instead of returning an empty page.
    fn check(&self, bank: &Bank) -> Result<(), Problem> {
        if let Some(id) = self.topic_id.as_ref().filter(|id| bank.topic(id).is_none()) {
            return Err(Problem::not_found_in("topic", "topic_id", id.as_str()));
        }
        if let Some(id) = self.exam_id.as_ref().filter(|id| bank.exam(id).is_none()) {
            return Err(Problem::not_found_in("exam", "exam_id", id.as_str()));
        }
        Ok(())
    }

    fn matches(&self, question: &QuestionSummary) -> bool {
        let meta = &question.meta;
        self.topic_id.as_ref().is_none_or(|id| meta.topic_id == *id)
            && self.exam_id.as_ref().is_none_or(|id| meta.exam_id.as_ref() == Some(id))
            && self.difficulty.is_none_or(|difficulty| meta.difficulty == Some(difficulty.0))
            && self.technique.as_ref().is_none_or(|technique| has_technique(&meta.techniques, &technique.0))
            && self.year.is_none_or(|year| meta.source_exam_year == Some(year))
    }

    /// The start of the page: after the question that the cursor names.
    fn start(&self, fitting: &[&QuestionSummary]) -> Result<usize, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(0) };
        let last = fitting.iter().position(|question| question.meta.id.as_str() == cursor.place());
        let rule = "must be the `next_cursor` of an earlier page with the same filters";
        last.map(|last| last + 1).ok_or_else(|| Problem::invalid_field("cursor", rule))
    }
}
