//! `GET /api/featured-question`

use std::sync::Arc;

use axum::extract::State;
use futures_util::future::try_join_all;
use serde::Serialize;
use shared::app::App;
use shared::domain::catalog::featured::pick;
use shared::domain::catalog::{Bank, Course};
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::time::day_number;
use shared::http::{Code, OpenCatalogue, Problem, Query, RenderQuery};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct FeaturedAnswer {
    question: Featured,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FeaturedQuestion)]
struct Featured {
    #[serde(flatten)]
    question: QuestionView,
    exam_year: Option<i32>,
    exam_semester: Option<String>,
    exam_type: Option<String>,
}

/// Returns the question of the day in full, without a session.
#[utoipa::path(
    get, path = "/api/featured-question",
    params(RenderQuery),
    responses((status = 200, body = FeaturedAnswer), (status = 304)),
    extensions(("x-problems" = json!(["no_questions"])))
)]
pub(crate) async fn feature_question(
    State(app): State<App>,
    Query(query): Query<RenderQuery>,
) -> Result<OpenCatalogue<FeaturedAnswer>, Problem> {
    let courses = app.store.recent_courses(app.now()).await?;
    let active: Vec<&Course> = courses.iter().filter(|course| course.is_active).collect();
    let banks: Vec<Arc<Bank>> = try_join_all(active.iter().map(|course| app.store.bank(course))).await?;
    let none = || Problem::new(Code::NoQuestions, "There is no question to feature yet.");
    let picked = pick(banks.iter().map(AsRef::as_ref), day_number(app.now())).ok_or_else(none)?;

    let of_course = |(course, _): &(&&Course, &Arc<Bank>)| course.id == picked.meta.course_id;
    let (course, bank) = active.iter().zip(&banks).find(of_course).ok_or_else(none)?;
    let question = app.store.kept_whole(course, &picked.meta.id).await?.ok_or_else(none)?;
    let exam = question.meta.exam_id.as_ref().and_then(|id| bank.exam(id));
    Ok(OpenCatalogue(FeaturedAnswer {
        question: Featured {
            question: query.rendered(app.with_signed_figures(QuestionView::of(&question, Access::Solution)).await),
            exam_year: question.meta.source_exam_year,
            exam_semester: exam.and_then(|exam| exam.semester.clone()),
            exam_type: question.meta.source_exam_type.clone(),
        },
    }))
}
