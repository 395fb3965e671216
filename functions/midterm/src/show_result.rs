//! `GET /api/midterm/{id}/result`: as JSON, or as a printable page.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use shared::app::App;
use shared::domain::midterm::MidtermId;
use shared::domain::midterm::result::SittingResult;
use shared::http::accept::prefers_page;
use shared::http::{Claim, Path, Problem, printed};

use crate::images::Images;
use crate::result_page::page;
use crate::show_midterm::{CONTENT_SECURITY_POLICY, Course};

/// Returns the result of a midterm that was handed in.
///
/// `Accept` chooses JSON or a page to print. The marks are those of the questions as the midterm delivered them.
#[utoipa::path(
    get, path = "/api/midterm/{id}/result",
    params(("id" = MidtermId, Path)),
    responses(
        (
            status = 200,
            description = "The result, as JSON or as a page to print.",
            content((SittingResult = "application/json"), (String = "text/html"))
        )
    ),
    extensions(("x-problems" = json!(["not_started"])))
)]
pub(crate) async fn show_result(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<MidtermId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = claim.user_id();
    let reads = async { tokio::try_join!(app.store.midterm(user, id), app.store.sitting(user, id)) };
    let (_, (midterm, sitting)) = claim.with(reads).await?;
    let mut midterm = midterm.ok_or_else(|| Problem::not_found("midterm"))?;
    let result = sitting.and_then(SittingResult::of).ok_or_else(Problem::not_handed_in)?;
    let response = if prefers_page(&headers) {
        app.sign_figures(&mut midterm.questions).await;
        let images = Images::of(&app, &midterm.questions).await?;
        let course = Course::of(&app, &midterm).await?;
        printed::response(page(&midterm, &result, &course.name, &images), CONTENT_SECURITY_POLICY)
    } else {
        axum::Json(result).into_response()
    };
    Ok(printed::by_accept(response))
}
