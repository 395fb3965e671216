//! `GET /api/midterm/{id}`: as JSON, as a printable page, as LaTeX, or as a package of QTI.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::app::App;
use shared::domain::midterm::{Midterm, MidtermId};
use shared::domain::questions::view::QuestionView;
use shared::http::{Body, Claim, Path, Problem, Query, RenderQuery, TextFormat, printed};
use utoipa::{IntoParams, ToSchema};

use crate::file;
use crate::images::Images;
use crate::negotiation::Form;
use crate::printable::page;
use crate::sheet::Sheet;
use crate::sitting_view::SittingView;

/// The page runs no scripts, and loads nothing but images that are too large to be in it.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Options {
    /// With `1`, a page, LaTeX and a package have the solutions. JSON always has them.
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

/// Returns a midterm as it was generated, with its sitting, if it was started.
///
/// Later changes to the catalogue do not affect it. `Accept` chooses JSON, a page to print, LaTeX of the class `exam`, or a
/// package of QTI 3. Without `answers=1`, the last three have no solutions.
#[utoipa::path(
    get, path = "/api/midterm/{id}",
    params(("id" = MidtermId, Path), Options),
    responses(
        (
            status = 200,
            description = "The midterm, as JSON, as a page to print, as LaTeX or as a package of QTI 3.",
            content(
                (Sheet = "application/json"),
                (String = "text/html"),
                (String = "application/x-tex"),
                (String = "application/qti+zip"),
            )
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
    let user = claim.user_id();
    let reads = async { tokio::try_join!(app.store.midterm(user, id), app.store.sitting(user, id)) };
    let (_, (midterm, sitting)) = claim.with(reads).await?;
    let mut midterm = midterm.ok_or_else(|| Problem::not_found("midterm"))?;
    app.sign_figures(&mut midterm.questions).await;
    let with_answers = matches!(options.answers, Some(Answers::Shown));
    let response = match Form::preferred(&headers) {
        Form::Json => {
            RenderQuery { render: options.render }.render(&mut midterm.questions);
            let mut sheet = Sheet::from(midterm);
            sheet.sitting = sitting.map(|sitting| SittingView::of(&sitting, app.now()));
            axum::Json(sheet).into_response()
        }
        Form::Html => {
            let images = Images::of(&app, &midterm.questions).await?;
            let course = Course::of(&app, &midterm).await?;
            printed::response(page(&midterm, &course.name, &images, with_answers), CONTENT_SECURITY_POLICY)
        }
        Form::Tex => file::tex(&midterm, &Course::of(&app, &midterm).await?, with_answers),
        Form::Qti => file::qti(&app, &midterm, &Course::of(&app, &midterm).await?, with_answers).await?,
    };
    Ok(printed::by_accept(response))
}

/// What a form other than JSON says of the midterm's course.
pub(crate) struct Course {
    /// Its name, or its id if it does not exist any more.
    pub(crate) name: String,
    pub(crate) macros: Vec<(String, String)>,
}

impl Course {
    pub(crate) async fn of(app: &App, midterm: &Midterm<QuestionView>) -> Result<Self, Problem> {
        let course = app.store.recent_course(&midterm.course_id, app.now()).await?;
        Ok(course.map_or_else(
            || Self { name: midterm.course_id.to_string(), macros: Vec::new() },
            |course| Self { name: course.name.clone(), macros: course.macros.clone().into_iter().collect() },
        ))
    }
}
