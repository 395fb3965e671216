//! The `midterm` group: practice exams generated for a student.

use axum::Router;
use shared::app::App;
use shared::domain::idempotency::IdempotencyKey;
use shared::http::page::{Cursor, Limit};
use shared::http::{Routes, TextFormat};
use utoipa::OpenApi;

mod config;
mod file;
mod generate_midterm;
mod images;
mod list_midterms;
mod list_presets;
mod negotiation;
mod printable;
mod result_page;
mod sheet;
mod show_midterm;
mod show_result;
mod sitting_view;
mod start_midterm;
mod wide;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("midterm")
        .handle("generate_midterm", generate_midterm::generate_midterm)
        .handle("show_midterm", show_midterm::show_midterm)
        .handle("list_midterms", list_midterms::list_midterms)
        .handle("list_presets", list_presets::list_presets)
        .handle("start_midterm", start_midterm::start_midterm)
        .handle("show_result", show_result::show_result)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        generate_midterm::generate_midterm,
        show_midterm::show_midterm,
        list_midterms::list_midterms,
        list_presets::list_presets,
        start_midterm::start_midterm,
        show_result::show_result
    ),
    components(schemas(Cursor, IdempotencyKey, Limit, TextFormat, show_midterm::Answers))
)]
pub struct Contract;
