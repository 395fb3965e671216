//! `GET /api/midterm/{id}`: as JSON, or as a printable page.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use shared::app::App;
use shared::domain::midterm::MidtermId;
use shared::http::{Body, Claim, Path, Problem, Query, RenderQuery, TextFormat};
use utoipa::{IntoParams, ToSchema};

use crate::images::Images;
use crate::printable::page;
use crate::sheet::Sheet;

/// The page runs no scripts, and loads nothing but images that are too large to be in it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Options {
    answers: Option<Answers>,
    /// With `html`, questions in JSON have the members `question_html`, `solution_html`, `answer_html` and so on.
    render: Option<TextFormat>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
pub(crate) enum Answers {
    #[serde(rename = "1")]
    Shown,
    #[serde(rename = "0")]
    Hidden,
}

impl Body for Options {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Returns a midterm as it was generated.
///
/// Later changes to the catalogue do not affect it.
#[utoipa::path(
    get, path = "/api/midterm/{id}",
    params(("id" = MidtermId, Path), Options),
    responses(
        (
            status = 200,
            description = "The midterm, as JSON or as a page to print.",
            content((Sheet = "application/json"), (String = "text/html"))
        )
    )
)]
pub(crate) async fn show_midterm(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<MidtermId>,
    Query(options): Query<Options>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, midterm) = claim.with(app.store.midterm(claim.user_id(), id)).await?;
    let mut midterm = midterm.ok_or_else(|| Problem::not_found("midterm"))?;
    app.sign_figures(&mut midterm.questions).await;
    let mut response = if wants_html(&headers) {
        let with_answers = matches!(options.answers, Some(Answers::Shown));
        let images = Images::of(&app, &midterm.questions).await?;
        let course = app.store.recent_course(&midterm.course_id, app.now()).await?;
        let name = course.as_ref().map_or(midterm.course_id.as_str(), |course| &course.name);
        let mut response = Html(page(&midterm, name, &images, with_answers)).into_response();
        let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    } else {
        RenderQuery { render: options.render }.render(&mut midterm.questions);
        axum::Json(Sheet::from(midterm)).into_response()
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// Whether the client prefers HTML to JSON (RFC 9110, 12.5.1). A client that accepts both equally gets JSON.
fn wants_html(headers: &HeaderMap) -> bool {
    let mut html = 0.0;
    let mut json = 0.0;
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            match kind.as_str() {
                "text/html" | "application/xhtml+xml" => html = f64::max(html, quality),
                "application/json" | "*/*" | "application/*" => json = f64::max(json, quality),
                _ => {}
            }
        }
    }
    html > json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        let wants = |accept: &'static str| {
            wants_html(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(wants("text/html"));
        assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(wants("application/json;q=0.5, TEXT/HTML"));
        for accept in
            ["*/*", "application/json", "text/html;q=0.5, application/json", "text/html;q=0", "", "text/plain"]
        {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }
}
