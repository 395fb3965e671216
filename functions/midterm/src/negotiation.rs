//! The form in which a midterm is returned, by the header `Accept`.

use axum::http::HeaderMap;
use shared::http::accept::{JSON_TYPES, PAGE_TYPES, preferred};

/// LaTeX has no registered media type. This one is what web servers send for `.tex`.
pub(crate) const TEX: &str = "application/x-tex";
/// A package of QTI is a zip, and has no registered media type either. The suffix `+zip` (RFC 6839) tells a client that knows
/// no QTI how to open it. `application/zip` alone would not say what is in it.
pub(crate) const QTI: &str = "application/qti+zip";

/// A form of a midterm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// A page to print.
    Html,
    /// LaTeX of the class `exam`.
    Tex,
    /// A package of QTI 3.
    Qti,
}

impl Form {
    /// The form that the client prefers. A client gets JSON if it accepts JSON as much as another form, or none of them.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let others: [(Self, &[&str]); 3] = [(Self::Html, PAGE_TYPES), (Self::Tex, &[TEX]), (Self::Qti, &[QTI])];
        preferred(headers, (Self::Json, JSON_TYPES), &others)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    #[test]
    fn a_browser_gets_a_page_a_program_json_and_others_the_file_that_they_ask_for() {
        for (accept, form) in [
            ("text/html", Form::Html),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Html),
            ("application/json;q=0.5, TEXT/HTML", Form::Html),
            ("*/*", Form::Json),
            ("application/*", Form::Json),
            ("application/json", Form::Json),
            ("text/html;q=0.5, application/json", Form::Json),
            ("text/html;q=0", Form::Json),
            ("", Form::Json),
            ("text/plain", Form::Json),
            ("application/x-tex", Form::Tex),
            ("Application/X-TeX;q=0.4, text/html;q=0.3, */*;q=0.1", Form::Tex),
            ("application/x-tex, */*", Form::Json),
            ("application/x-tex;q=0", Form::Json),
            ("application/x-tex, text/html", Form::Html),
            ("application/qti+zip", Form::Qti),
            ("application/qti+zip, application/json;q=0.9", Form::Qti),
            ("application/x-tex;q=0.8, application/qti+zip;q=0.9", Form::Qti),
            ("application/zip", Form::Json),
            ("text/*", Form::Html),
            ("text/*, application/x-tex;q=0.9", Form::Html),
            ("application/*, text/html;q=0.9", Form::Json),
            ("application/*;q=0.5, application/qti+zip", Form::Qti),
            ("application/json;q=0, application/*", Form::Tex),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Form::preferred(&headers), form, "{accept}");
        }
        assert_eq!(Form::preferred(&HeaderMap::new()), Form::Json);
        let mut two = HeaderMap::new();
        two.append(header::ACCEPT, HeaderValue::from_static("*/*;q=0.1"));
        two.append(header::ACCEPT, HeaderValue::from_static(TEX));
        assert_eq!(Form::preferred(&two), Form::Tex);
    }
}
