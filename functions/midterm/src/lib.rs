//! The `midterm` group: practice exams of a student's own.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;

mod generate_midterm;
mod list_midterms;
mod math;
mod printable;
mod sheet;
mod show_midterm;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("midterm")
        .handle("generate_midterm", generate_midterm::generate_midterm)
        .handle("show_midterm", show_midterm::show_midterm)
        .handle("list_midterms", list_midterms::list_midterms)
        .build(app)
}
