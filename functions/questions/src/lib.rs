//! The `questions` group: browsing and practising.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;

mod browse_questions;
mod feature_question;
mod fields;
mod practice_questions;
mod show_question;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("questions")
        .handle("browse_questions", browse_questions::browse_questions)
        .handle("show_question", show_question::show_question)
        .handle("practice_questions", practice_questions::practice_questions)
        .handle("feature_question", feature_question::feature_question)
        .build(app)
}
