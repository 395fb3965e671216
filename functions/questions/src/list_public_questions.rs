//! `GET /api/questions/public`

use std::cmp::Reverse;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::{App, course_or_first};
use shared::domain::catalog::QuestionSummary;
use shared::domain::id::CourseId;
use shared::domain::questions::view::QuestionView;
use shared::http::page::Limit;
use shared::http::{Body, OpenCatalogue, Problem, Query};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PublicQuestionFilter {
    /// The first active course by default.
    course_id: Option<CourseId>,
    limit: Option<Limit>,
}

impl Body for PublicQuestionFilter {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PublicQuestionList {
    questions: Vec<QuestionView>,
}

/// Lists locked questions of a course: those of the newest exams first, and of one year the easiest first. Needs no session.
#[utoipa::path(
    get, path = "/api/questions/public",
    params(PublicQuestionFilter),
    responses((status = 200, description = "Locked questions.", body = PublicQuestionList), (status = 304)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn list_public_questions(
    State(app): State<App>,
    Query(filter): Query<PublicQuestionFilter>,
) -> Result<OpenCatalogue<PublicQuestionList>, Problem> {
    let course = course_or_first(&app, filter.course_id.as_ref()).await?;
    let bank = app.store.bank(&course).await?;
    let mut questions: Vec<&QuestionSummary> = bank.for_sale().collect();
    questions.sort_by_key(|question| {
        let difficulty = question.meta.difficulty;
        (Reverse(question.meta.source_exam_year), difficulty.is_none(), difficulty)
    });
    let shown = questions.into_iter().take(filter.limit.unwrap_or_default().get());
    Ok(OpenCatalogue(PublicQuestionList { questions: shown.map(QuestionView::of_summary).collect() }))
}
