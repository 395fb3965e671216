//! `GET /api/featured-question`

use std::sync::Arc;

use axum::extract::State;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::catalog::featured::pick;
use shared::domain::catalog::{Bank, Course, Question};
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::time::day_number;
use shared::http::fields::Whole;
use shared::http::{Body, Code, OpenCatalogue, Problem, Query, RenderQuery, TextFormat};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeaturedQuery {
    /// Number of questions in `questions`, which is left out without it.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10)]
    count: Option<Whole<1, 10>>,
    /// With `html`, questions have the members `question_html`, `solution_html`, `answer_html` and so on.
    render: Option<TextFormat>,
}

impl Body for FeaturedQuery {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FeaturedAnswer {
    /// The question of the day.
    question: Featured,
    /// Different questions of the day, `question` first; fewer than `count` if there are fewer. Present only with `count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    questions: Option<Vec<Featured>>,
}

#[derive(Clone, Serialize, ToSchema)]
#[schema(as = FeaturedQuestion)]
struct Featured {
    #[serde(flatten)]
    question: QuestionView,
    exam_year: Option<i32>,
    exam_semester: Option<String>,
    /// The exam's own type, such as `Midterm 1`.
    exam_type: Option<String>,
}

/// Returns the question of the day in full, without a session.
///
/// With `count`, returns several questions of the day.
#[utoipa::path(
    get, path = "/api/featured-question",
    params(FeaturedQuery),
    responses(
        (status = 200, description = "The question of the day with its solution.", body = FeaturedAnswer),
        (status = 304)
    ),
    extensions(("x-problems" = json!(["no_questions"])))
)]
pub(crate) async fn feature_question(
    State(app): State<App>,
    Query(query): Query<FeaturedQuery>,
) -> Result<OpenCatalogue<FeaturedAnswer>, Problem> {
    let courses = app.store.recent_courses(app.now()).await?;
    let active: Vec<&Course> = courses.iter().filter(|course| course.is_active).collect();
    let banks: Vec<Arc<Bank>> = try_join_all(active.iter().map(|course| app.store.bank(course))).await?;
    let none = || Problem::new(Code::NoQuestions, "There is no question to feature yet.");
    let count = query.count.map_or(1, Whole::count);
    let picked = pick(banks.iter().map(AsRef::as_ref), day_number(app.now()), count);
    let read = picked.iter().map(|summary| {
        let of_course = |(course, _): &(&&Course, &Arc<Bank>)| course.id == summary.meta.course_id;
        let found = active.iter().zip(&banks).find(of_course);
        let app = &app;
        async move {
            let Some((course, bank)) = found else { return Ok(None) };
            let question = app.store.kept_whole(course, &summary.meta.id).await?;
            Ok::<_, Problem>(question.map(|question| (question, bank)))
        }
    });
    let mut featured = Vec::new();
    for (question, bank) in try_join_all(read).await?.into_iter().flatten() {
        featured.push(Featured::of(&app, &question, bank, RenderQuery { render: query.render }).await);
    }
    let question = featured.first().cloned().ok_or_else(none)?;
    Ok(OpenCatalogue(FeaturedAnswer { question, questions: query.count.map(|_| featured) }))
}

impl Featured {
    async fn of(app: &App, question: &Question, bank: &Bank, query: RenderQuery) -> Self {
        Self {
            question: query.rendered(app.with_signed_figures(QuestionView::of(question, Access::Solution)).await),
            exam_year: question.meta.source_exam_year,
            exam_semester: bank.exam_of(&question.meta).and_then(|exam| exam.semester.clone()),
            exam_type: bank.exam_type_of(&question.meta),
        }
    }
}
