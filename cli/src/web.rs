//! The web client under `/app/`. Its files are in this binary, and `GET /` leads a browser to it.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use shared::http::Problem;
use shared::http::accept::prefers_page;

/// Where the client is served.
const ROOT: &str = "/app/";
/// The page of every path that is no file.
const PAGE: &str = "index.html";
/// The client loads nothing from other hosts and has no inline script. The formulas that the server draws have `style`
/// attributes. Browsers that know trusted types refuse markup from any other place than the one in `web/dom.js`.
/// `template.yaml` has the same policy, and names the API's host.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr \
                                           'unsafe-inline'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                                           form-action 'self'; frame-ancestors 'none'; require-trusted-types-for \
                                           'script'; trusted-types rendering";
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Revalidated at each load: a new server has new files.
const CACHING: HeaderValue = HeaderValue::from_static("public, no-cache");

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_bytes!(concat!("../../web/", $name)).as_slice())),+]
    };
}

/// Every file of `web/` that a browser loads.
static FILES: &[(&str, &[u8])] = &files![
    "api.js",
    "app.js",
    "boot.js",
    "config.js",
    "dom.js",
    "icon.svg",
    "index.html",
    "pages/account.js",
    "pages/analysis.js",
    "pages/course.js",
    "pages/credits.js",
    "pages/entry.js",
    "pages/home.js",
    "pages/midterm.js",
    "pages/practice.js",
    "pages/progress.js",
    "pieces.js",
    "question.js",
    "router.js",
    "state.js",
    "storage.js",
    "style.css",
    "texts.js",
];

/// A file as it is sent.
struct Served {
    name: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    gzipped: Vec<u8>,
    tag: HeaderValue,
}

/// Compressed once, at the first request.
static SERVED: LazyLock<Vec<Arc<Served>>> =
    LazyLock::new(|| FILES.iter().map(|file| Arc::new(Served::of(file))).collect());

impl Served {
    fn of((name, plain): &(&'static str, &'static [u8])) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(plain)[..12]);
        // Weak: the compressed and the plain form are equivalent.
        let tag = HeaderValue::from_str(&format!("W/\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { name, kind: kind_of(name), plain, gzipped: gzip(plain), tag }
    }
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail; without a result the plain form is sent.
    encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// `GET /app/` and the files and pages below it.
pub fn router() -> Router {
    Router::new()
        .route("/app", get(async || Redirect::permanent(ROOT)))
        .route(ROOT, get(async |headers: HeaderMap| file(PAGE, &headers)))
        .route("/app/{*path}", get(async |Path(path): Path<String>, headers: HeaderMap| file(&path, &headers)))
}

/// A file, or the page if the path can be one of its pages. Ids in paths may contain dots, folders of files may not.
fn file(path: &str, headers: &HeaderMap) -> Response {
    let is_named = |served: &&Arc<Served>| served.name == path;
    let is_page = || !path.contains('.') || path.starts_with("courses/") || path.starts_with("questions/");
    let found = SERVED.iter().find(is_named).or_else(|| SERVED.iter().find(|file| file.name == PAGE && is_page()));
    let Some(served) = found else { return Problem::not_found("file").into_response() };
    let is_gzipped = !served.gzipped.is_empty() && accepts_gzip(headers);
    let body = if is_gzipped { served.gzipped.clone() } else { served.plain.to_vec() };
    let mut response = body.into_response();
    let sent: [(HeaderName, HeaderValue); 8] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(served.kind)),
        (header::ETAG, served.tag.clone()),
        (header::CACHE_CONTROL, CACHING),
        (header::VARY, HeaderValue::from_static("Accept-Encoding")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
    ];
    for (name, value) in sent {
        response.headers_mut().insert(name, value);
    }
    if is_gzipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether the header names gzip with a quality above 0.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && parts.find_map(|part| part.strip_prefix("q=")).is_none_or(|q| q.parse().is_ok_and(|q: f64| q > 0.0))
    })
}

/// Leads a browser that opens `/` to the client. Programs, which prefer JSON or anything, get the status as before.
pub async fn lead_browsers(request: Request, next: Next) -> Response {
    let is_root = request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_root {
        return next.run(request).await;
    }
    let is_browser = prefers_page(request.headers());
    let mut response = if is_browser { Redirect::to(ROOT).into_response() } else { next.run(request).await };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use tower::ServiceExt;

    use super::*;

    /// What all scripts and styles may have together, compressed.
    const MOST_BYTES: usize = 60_000;

    fn folder() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../web"))
    }

    fn is_script(name: &str) -> bool {
        kind_of(name).starts_with("text/javascript")
    }

    async fn get(path: &str, named: &[(HeaderName, &str)]) -> Response {
        let status = Router::new().route("/", axum::routing::get(async || "status"));
        let router = status.merge(router()).layer(from_fn(lead_browsers));
        let mut request = Request::builder().uri(path);
        for (name, value) in named {
            request = request.header(name, *value);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn body(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    fn names_below(folder: &std::path::Path, prefix: &str) -> Vec<String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                names.extend(names_below(&entry.path(), &format!("{name}/")));
            } else {
                names.push(name);
            }
        }
        names.sort();
        names
    }

    #[test]
    fn the_list_of_files_is_the_folder() {
        let listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        // Types are for `tsc` alone.
        let in_folder: Vec<_> = names_below(&folder(), "").into_iter().filter(|name| name != "types.d.ts").collect();
        assert_eq!(listed, in_folder);
    }

    #[test]
    fn every_module_is_loaded_at_once() {
        let page = std::fs::read_to_string(folder().join(PAGE)).unwrap();
        let modules = FILES.iter().map(|(name, _)| *name).filter(|name| is_script(name));
        for name in modules.filter(|name| !matches!(*name, "app.js" | "boot.js")) {
            assert!(page.contains(&format!("<link rel=\"modulepreload\" href=\"/app/{name}\">")), "{name}");
        }
        // Each module once, and no inline script, which the policy would refuse.
        assert_eq!(page.matches("modulepreload").count(), FILES.iter().filter(|(name, _)| is_script(name)).count() - 2);
        assert!(page.matches("<script").count() == page.matches("<script src=").count() + 1);
    }

    #[test]
    fn the_template_has_the_same_policy_and_the_host_of_the_api() {
        let template = std::fs::read_to_string(folder().join("../template.yaml")).unwrap();
        let line = template.lines().find(|line| line.contains("ContentSecurityPolicy: !Sub")).unwrap();
        let policy = line.split('"').nth(1).unwrap();
        assert_eq!(policy.matches(" ${Api.ApiEndpoint}").count(), 2);
        assert_eq!(policy.replace(" ${Api.ApiEndpoint}", ""), CONTENT_SECURITY_POLICY);
    }

    #[test]
    fn scripts_and_styles_are_small() {
        let is_counted = |name: &str| is_script(name) || kind_of(name).starts_with("text/css");
        let bytes: usize = SERVED.iter().filter(|file| is_counted(file.name)).map(|file| file.gzipped.len()).sum();
        assert!(bytes < MOST_BYTES, "{bytes} bytes");
    }

    #[tokio::test]
    async fn a_file_is_sent_with_a_strict_policy_and_compressed_if_wanted() {
        let plain = get("/app/app.js", &[]).await;
        assert_eq!(plain.status(), StatusCode::OK);
        assert_eq!(plain.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        let policy = plain.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe-eval"));
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
        let plain = body(plain).await;
        let packed = get("/app/app.js", &[(header::ACCEPT_ENCODING, "br, gzip;q=0.5")]).await;
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(body(packed).await.len() < plain.len() / 2);
        let refused = get("/app/app.js", &[(header::ACCEPT_ENCODING, "gzip;q=0")]).await;
        assert_eq!(body(refused).await, plain);
    }

    #[tokio::test]
    async fn each_page_has_an_address_and_a_missing_file_has_none() {
        let page = body(get("/app/", &[]).await).await;
        for path in ["/app/verify-email", "/app/courses/calc2/practice", "/app/courses/a.b%2Fc", "/app/questions/q.1"] {
            assert_eq!(body(get(path, &[]).await).await, page, "{path}");
        }
        for path in ["/app/missing.js", "/app/pages/missing.js", "/app/../Cargo.toml"] {
            assert_eq!(get(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn a_browser_is_led_to_the_client_and_a_program_gets_the_status() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let led = get("/", &[(header::ACCEPT, browser)]).await;
        assert_eq!(
            (led.status(), &led.headers()[header::LOCATION]),
            (StatusCode::SEE_OTHER, &HeaderValue::from_static(ROOT))
        );
        for accept in ["*/*", "application/json", "text/html, application/json", "text/html;q=0.5, */*"] {
            let told = get("/", &[(header::ACCEPT, accept)]).await;
            assert_eq!(
                (told.status(), &told.headers()[header::VARY]),
                (StatusCode::OK, &HeaderValue::from_static("Accept")),
                "{accept}"
            );
        }
        assert_eq!(body(get("/", &[]).await).await, b"status");
    }
}
