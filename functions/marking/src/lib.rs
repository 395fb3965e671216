//! The `marking` group: routes that read or mark answers. Marking is a tenth of a binary, so the functions that sell, assemble and
//! print questions do not link it (`docs/decisions/0018-small-binaries.md`).

use axum::Router;
use shared::app::App;
use shared::domain::idempotency::IdempotencyKey;
use shared::http::Routes;
use utoipa::OpenApi;

mod preview_answer;
mod submit_answer;
mod submit_midterm;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("marking")
        .handle("submit_answer", submit_answer::submit_answer)
        .handle("preview_answer", preview_answer::preview_answer)
        .handle("submit_midterm", submit_midterm::submit_midterm)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(submit_answer::submit_answer, preview_answer::preview_answer, submit_midterm::submit_midterm),
    components(schemas(IdempotencyKey))
)]
pub struct Contract;
