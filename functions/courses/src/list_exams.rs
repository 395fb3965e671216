//! `GET /api/courses/{id}/exams`

use std::cmp::Reverse;

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::app::{App, active_course};
use shared::domain::catalog::{Exam, row_with_extra_columns};
use shared::domain::id::CourseId;
use shared::http::{Catalogue, Claim, Path, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct ExamList {
    #[schema(value_type = Vec<Exam>)]
    exams: Vec<Value>,
}

/// Lists the past exams of a course, newest first.
#[utoipa::path(
    get, path = "/api/courses/{id}/exams",
    params(("id" = CourseId, Path)),
    responses((status = 200, description = "The past exams, newest first.", body = ExamList), (status = 304))
)]
pub(crate) async fn list_exams(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
) -> Result<Catalogue<ExamList>, Problem> {
    let (_, course) = claim.with(active_course(&app, &id)).await?;
    let bank = app.store.bank(&course).await?;
    let mut exams: Vec<&Exam> = bank.exams.iter().collect();
    exams.sort_by_key(|exam| Reverse((exam.year, exam.exam_date)));
    Ok(Catalogue(ExamList { exams: exams.into_iter().map(row_with_extra_columns).collect() }))
}
