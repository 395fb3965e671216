//! The `questions` group: browsing and practising.

use axum::Router;
use shared::app::App;
use shared::domain::id::ExamId;
use shared::domain::idempotency::IdempotencyKey;
use shared::http::fields::{Difficulty, Technique};
use shared::http::page::{Cursor, Limit};
use shared::http::{Routes, TextFormat};
use utoipa::OpenApi;

mod browse_questions;
mod bundle_questions;
mod delivery;
mod feature_question;
mod list_course_questions;
mod list_exam_questions;
mod list_public_questions;
mod listing;
mod practice_questions;
mod report_question;
mod show_figure;
mod show_question;
mod start_question;
mod unlock_solution;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("questions")
        .handle("browse_questions", browse_questions::browse_questions)
        .handle("show_question", show_question::show_question)
        .handle("practice_questions", practice_questions::practice_questions)
        .handle("bundle_questions", bundle_questions::bundle_questions)
        .handle("start_question", start_question::start_question)
        .handle("unlock_solution", unlock_solution::unlock_solution)
        .handle("show_figure", show_figure::show_figure)
        .handle("feature_question", feature_question::feature_question)
        .handle("list_course_questions", list_course_questions::list_course_questions)
        .handle("list_exam_questions", list_exam_questions::list_exam_questions)
        .handle("list_public_questions", list_public_questions::list_public_questions)
        .handle("report_question", report_question::report_question)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        browse_questions::browse_questions,
        show_question::show_question,
        practice_questions::practice_questions,
        bundle_questions::bundle_questions,
        start_question::start_question,
        unlock_solution::unlock_solution,
        show_figure::show_figure,
        feature_question::feature_question,
        list_course_questions::list_course_questions,
        list_exam_questions::list_exam_questions,
        list_public_questions::list_public_questions,
        report_question::report_question
    ),
    components(schemas(Cursor, Difficulty, ExamId, IdempotencyKey, Limit, Technique, TextFormat))
)]
pub struct Contract;
