//! The form of a response that the header `Accept` asks for (RFC 9110, 12.5.1).

use axum::http::{HeaderMap, header};

/// The media types that mean JSON. A wildcard means JSON, too: programs send it.
pub const JSON_TYPES: &[&str] = &["application/json", "*/*", "application/*"];
/// The media types that mean a page.
pub const PAGE_TYPES: &[&str] = &["text/html", "application/xhtml+xml"];

/// The form with the highest quality, or the `first` if the client accepts it as much as another, or none of them. Each form has
/// its media types in lower case.
pub fn preferred<F: Copy>(headers: &HeaderMap, first: (F, &[&str]), others: &[(F, &[&str])]) -> F {
    let mut best = (first.0, quality(headers, first.1));
    for (form, kinds) in others {
        let quality = quality(headers, kinds);
        if quality > best.1 {
            best = (*form, quality);
        }
    }
    best.0
}

/// Whether the client prefers a page to JSON.
#[must_use]
pub fn prefers_page(headers: &HeaderMap) -> bool {
    preferred(headers, (false, JSON_TYPES), &[(true, PAGE_TYPES)])
}

/// The highest quality that the client gives to one of these media types; 0 without any.
fn quality(headers: &HeaderMap, kinds: &[&str]) -> f64 {
    let mut highest = 0.0;
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            if kinds.contains(&kind.as_str()) {
                let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
                highest = f64::max(highest, quality);
            }
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        for (accept, is_page) in [
            ("text/html", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json;q=0.5, TEXT/HTML", true),
            ("*/*", false),
            ("application/json", false),
            ("application/json, text/html", false),
            ("text/html;q=0.5, application/json", false),
            ("text/html;q=0", false),
            ("text/html;q=x", false),
            ("", false),
            ("text/plain", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(prefers_page(&headers), is_page, "{accept}");
        }
        assert!(!prefers_page(&HeaderMap::new()));
    }
}
