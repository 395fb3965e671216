//! Pages to print: the head and the style that they share, and the response. They run no scripts and load nothing.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The policy of a page that loads nothing. Styles are in the page.
pub const NOTHING_ELSE: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = include_str!("printed.css");

/// The head of a page. `own_style` adds to the style of all pages.
#[must_use]
pub fn head(title: &str, own_style: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) }
            style { (PreEscaped(STYLE)) (PreEscaped(own_style)) }
        }
    }
}

/// A whole page.
#[must_use]
pub fn page(title: &str, own_style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, own_style))
            body { (body) }
        }
    };
    page.into_string()
}

/// The response with a page under a content security policy.
#[must_use]
pub fn response(page: String, policy: &'static str) -> Response {
    let mut response = Html(page).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    by_accept(response)
}

/// Marks a response as chosen by `Accept`.
#[must_use]
pub fn by_accept(mut response: Response) -> Response {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// `1 answer`, `3 answers`.
#[must_use]
pub fn counted(count: usize, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}
