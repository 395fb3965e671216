//! `GET /api/figures/{digest}`

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::app::App;
use shared::domain::catalog::figures::FigureDigest;
use shared::http::{Body, Path, Problem, Query};
use utoipa::IntoParams;

/// A figure loads nothing and runs nothing, even if it is opened as a page of its own.
const CONTENT_SECURITY_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// The bytes of a digest never change. Shared caches must not keep them: they are sold.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// Web clients on other origins may show the figure: the address is the permission.
const RESOURCE_POLICY: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Signature {
    /// From the `url` of the figure.
    sig: Option<String>,
}

impl Body for Signature {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Returns a figure, without a session, to who has its address.
///
/// Views of unlocked questions have the address in `figures`.
#[utoipa::path(
    get, path = "/api/figures/{digest}",
    params(("digest" = FigureDigest, Path), Signature),
    responses(
        (
            status = 200,
            description = "The image.",
            content((String = "image/png"), (String = "image/jpeg"), (String = "image/svg+xml"))
        )
    )
)]
pub(crate) async fn show_figure(
    State(app): State<App>,
    Path(digest): Path<FigureDigest>,
    Query(signature): Query<Signature>,
) -> Result<Response, Problem> {
    // Without a right signature, it is as if there were no figure.
    let none = || Problem::not_found("figure");
    let signature = signature.sig.ok_or_else(none)?;
    let key = app.figure_key().await.ok_or_else(none)?;
    if !key.is_signed(&digest, &signature) {
        return Err(none());
    }
    let figure = app.store.figure(&digest).await?.ok_or_else(none)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(figure.media_type.as_str())),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        RESOURCE_POLICY,
    ];
    Ok((headers, figure.bytes).into_response())
}
