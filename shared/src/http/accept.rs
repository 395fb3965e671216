//! The form of a response that the header `Accept` asks for (RFC 9110, 12.5.1).

use axum::http::{HeaderMap, header};

/// The media types that mean JSON.
pub const JSON_TYPES: &[&str] = &["application/json"];
/// The media types that mean a page. Pages are sent as the first one.
pub const PAGE_TYPES: &[&str] = &["text/html", "application/xhtml+xml"];

/// The form with the highest quality, or the `first` if the client accepts it as much as another, or none of them. So a client
/// that accepts anything gets the first one. Each form has its media types in lower case, first the one that it is sent as.
pub fn preferred<F: Copy>(headers: &HeaderMap, first: (F, &[&str]), others: &[(F, &[&str])]) -> F {
    let ranges = ranges(headers);
    let mut best = (first.0, quality(&ranges, first.1));
    for (form, kinds) in others {
        let quality = quality(&ranges, kinds);
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

/// The media ranges of all headers, in lower case, with their qualities.
fn ranges(headers: &HeaderMap) -> Vec<(String, f64)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(range).collect()
}

fn range(text: &str) -> (String, f64) {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_owned();
    let stated = parts.find_map(|part| part.strip_prefix("q="));
    // A quality that cannot be read asks for nothing.
    let quality = stated.map_or(1.0, |q| q.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0));
    (kind, quality)
}

/// The quality of a form: that of the range that names it most exactly. 0 if no range includes it.
fn quality(ranges: &[(String, f64)], kinds: &[&str]) -> f64 {
    let sent_as = kinds.first().copied().unwrap_or_default();
    let family = sent_as.split('/').next().unwrap_or_default();
    let of = |is_wanted: &dyn Fn(&str) -> bool| {
        let wanted = ranges.iter().filter(|(kind, _)| is_wanted(kind));
        wanted.map(|(_, quality)| *quality).max_by(f64::total_cmp)
    };
    let exact = of(&|kind| kinds.contains(&kind));
    let of_family = || of(&|kind| kind.strip_suffix("/*") == Some(family));
    exact.or_else(of_family).or_else(|| of(&|kind| kind == "*/*")).unwrap_or(0.0)
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
            // Ranges.
            ("text/*", true),
            ("text/*;q=0.3", true),
            ("text/*, application/*;q=0.9", true),
            ("text/*;q=0.9, application/*", false),
            ("text/*, */*", false),
            ("text/*, */*;q=0.8", true),
            ("*/*", false),
            ("*/*;q=0.1", false),
            ("application/*", false),
            // The most exact range decides, whatever its place.
            ("text/*, text/html;q=0", false),
            ("text/html;q=0.1, text/*;q=0.9, application/json;q=0.5", false),
            ("*/*;q=0.8, text/html", true),
            ("text/html;q=0.9, */*", false),
            ("application/json;q=0, */*", true),
            ("application/json;q=0.2, */*;q=0.4", true),
            ("application/xhtml+xml", true),
            ("application/*, application/xhtml+xml;q=0.9", false),
            ("text/html;q=0.7, application/json;q=0.6", true),
            ("text/html;q=0.6, application/json;q=0.7", false),
            ("text/html;level=1;q=0.4, application/json;charset=utf-8;Q=0.3", true),
            ("application/json", false),
            ("application/json, text/html", false),
            ("text/html;q=0.5, application/json", false),
            ("text/html;q=0", false),
            ("text/html;q=x", false),
            ("text/html;q=inf, application/json;q=0.1", false),
            ("text/html;q=NaN", false),
            ("text/html;q=-1", false),
            ("text", false),
            ("text/", false),
            (",;,", false),
            ("", false),
            ("text/plain", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(prefers_page(&headers), is_page, "{accept}");
        }
        assert!(!prefers_page(&HeaderMap::new()));
    }
}
