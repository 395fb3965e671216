//! `GET /api/courses/{id}/questions`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::id::{CourseId, ExamId, TopicId};
use shared::http::fields::{Difficulty, Technique, year};
use shared::http::page::{Cursor, Limit};
use shared::http::{Body, Catalogue, Claim, Path, Problem, Query, TextFormat};
use utoipa::IntoParams;

use crate::browse_questions::{QuestionFilter, QuestionPage, question_page};

/// The filters of `GET /api/questions`, without the course.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CourseQuestionFilter {
    topic_id: Option<TopicId>,
    difficulty: Option<Difficulty>,
    technique: Option<Technique>,
    exam_id: Option<ExamId>,
    #[serde(default, deserialize_with = "year")]
    year: Option<i32>,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
    /// With `html`, questions have the members `question_html`, `solution_html`, `answer_html` and so on.
    render: Option<TextFormat>,
}

impl Body for CourseQuestionFilter {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Lists a course's questions, as `GET /api/questions` does.
///
/// A locked question shows its metadata and the first 100 characters of its text at most.
#[utoipa::path(
    get, path = "/api/courses/{id}/questions",
    params(("id" = CourseId, Path), CourseQuestionFilter),
    responses(
        (status = 200, description = "One page of questions, locked unless the user unlocked them.", body = QuestionPage),
        (status = 304)
    )
)]
pub(crate) async fn list_course_questions(
    State(app): State<App>,
    claim: Claim,
    Path(course_id): Path<CourseId>,
    Query(filter): Query<CourseQuestionFilter>,
) -> Result<Catalogue<QuestionPage>, Problem> {
    let CourseQuestionFilter { topic_id, difficulty, technique, exam_id, year, limit, cursor, render } = filter;
    let filter = QuestionFilter { course_id, topic_id, difficulty, technique, exam_id, year, limit, cursor, render };
    question_page(filter, &app, &claim).await.map(Catalogue)
}
