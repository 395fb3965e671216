//! `GET /api/exams/{id}/questions`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::{App, course_with};
use shared::domain::catalog::QuestionSummary;
use shared::domain::id::ExamId;
use shared::domain::questions::view::QuestionView;
use shared::http::page::Cursor;
use shared::http::{Body, Catalogue, Claim, Path, Problem, Query, TextFormat};
use utoipa::{IntoParams, ToSchema};

use crate::listing::{is_listed, views};

/// Questions of a page. Few exams have more.
const PAGE_QUESTIONS: usize = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExamQuestionQuery {
    /// `next_cursor` of the page before.
    cursor: Option<Cursor>,
    /// With `html`, questions have the members `question_html`, `solution_html`, `answer_html` and so on.
    render: Option<TextFormat>,
}

impl Body for ExamQuestionQuery {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ExamQuestionPage {
    questions: Vec<QuestionView>,
    /// Pass as `cursor` to get the next page. Null on the last page; a page has 100 questions.
    next_cursor: Option<String>,
}

/// Lists the questions of a past exam in the order of the exam.
///
/// A locked question shows its metadata and the first 100 characters of its text at most. If several courses have an exam with
/// this id, it is that of the first of them by id.
#[utoipa::path(
    get, path = "/api/exams/{id}/questions",
    params(("id" = ExamId, Path), ExamQuestionQuery),
    responses(
        (status = 200, description = "The questions of the exam, locked unless the user unlocked them.", body = ExamQuestionPage),
        (status = 304)
    )
)]
pub(crate) async fn list_exam_questions(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<ExamId>,
    Query(query): Query<ExamQuestionQuery>,
) -> Result<Catalogue<ExamQuestionPage>, Problem> {
    let reads = async {
        let found = course_with(&app, |bank| bank.exam(&id).is_some()).await?;
        let (course, bank) = found.ok_or_else(|| Problem::not_found("exam"))?;
        let unlocked = app.store.accesses(claim.user_id(), &course.id).await?;
        Ok::<_, Problem>((course, bank, unlocked))
    };
    let (_, (course, bank, unlocked)) = claim.with(reads).await?;
    let mut questions: Vec<&QuestionSummary> =
        bank.listed(|question| question.meta.exam_id.as_ref() == Some(&id) && is_listed(question, &unlocked));
    questions.sort_by(|a, b| {
        let place = |question: &QuestionSummary| {
            let number = question.meta.source_question_number;
            (number.is_none(), number)
        };
        place(a).cmp(&place(b)).then_with(|| a.meta.id.cmp(&b.meta.id))
    });
    let start = match &query.cursor {
        None => 0,
        Some(cursor) => {
            let last = questions.iter().position(|question| question.meta.id.as_str() == cursor.place());
            let rule = "must be the `next_cursor` of an earlier page of this exam";
            last.map(|last| last + 1).ok_or_else(|| Problem::invalid_field("cursor", rule))?
        }
    };
    let page: Vec<&QuestionSummary> = questions.iter().skip(start).take(PAGE_QUESTIONS).copied().collect();
    let next_cursor = page.last().filter(|_| start + page.len() < questions.len());
    let next_cursor = next_cursor.map(|last| Cursor::encode(last.meta.id.as_str()));
    let questions = views(&app, &course, &page, &unlocked, query.render).await?;
    Ok(Catalogue(ExamQuestionPage { questions, next_cursor }))
}
