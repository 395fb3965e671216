//! Common response headers, caching by clients, and the process's own cache.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Version};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::http::routes::{ROUTES, Route, RouteAccess};
use shared::http::with_standard_layers;
use tests::proxy::Call;
use tests::{Answer, Person, Proxy, TestApp};

use crate::architecture::read;

/// Catalogue reads of a student.
const CATALOGUE: [&str; 17] = [
    "list_courses",
    "show_course",
    "list_exams",
    "show_stats",
    "list_topics",
    "show_topic",
    "list_public_topics",
    "browse_questions",
    "show_question",
    "feature_question",
    "list_prices",
    "list_presets",
    "list_course_questions",
    "list_exam_questions",
    "list_public_questions",
    "list_open_topics",
    "show_public_topic",
];

fn path_of(route: &Route) -> String {
    let path = route.path.replace("{topic_id}", "alg-sets").replace("/questions/{id}", "/questions/alg-q1");
    let path = path.replace("/exams/{id}", "/exams/alg-2020").replace("/topics/{id}", "/topics/alg-sets");
    format!("{}?course_id=algebra", path.replace("{id}", "algebra"))
}

fn catalogue() -> impl Iterator<Item = &'static Route> {
    let routes = ROUTES.iter().filter(|route| CATALOGUE.contains(&route.operation));
    assert_eq!(routes.clone().count(), CATALOGUE.len());
    routes
}

#[tokio::test]
async fn every_catalogue_read_is_revalidated() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    for route in catalogue() {
        let first = ada.get(&path_of(route)).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() > 10, "{}: {etag:?} is no strong tag", route.operation);
        // A CDN may cache responses that are the same for everybody.
        let caching = if route.access == RouteAccess::Open { "public, max-age=60" } else { "private, no-cache" };
        assert_eq!(first.header("cache-control"), caching, "{}", route.operation);
        for method in [Method::GET, Method::HEAD] {
            let again = ada.send(method, &path_of(route), None, &[("if-none-match", &etag)]).await;
            assert_eq!((again.status.as_u16(), &again.body), (304, &Value::Null), "{}", route.operation);
            assert_eq!((again.header("etag"), again.header("cache-control")), (etag.as_str(), caching));
        }
        let other = ada.get_with(&path_of(route), &[("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status, 200, "{}", route.operation);
    }
}

#[tokio::test]
async fn unlocking_changes_the_etag() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let path = "/api/questions/alg-q4";
    let locked = ada.get(path).await.header("etag").to_owned();
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let answer = ada.get_with(path, &[("if-none-match", &locked)]).await;
    assert_eq!(answer.ok()["question"]["locked"], false);
}

#[tokio::test]
async fn personal_responses_and_problems_are_not_cached() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let personal = |route: &&Route| {
        let is_kept = CATALOGUE.contains(&route.operation)
            || ["show_analysis", "show_detailed_analysis"].contains(&route.operation);
        route.method == Method::GET && route.access == RouteAccess::SignedIn && !is_kept
    };
    let mut tried = 0;
    for route in ROUTES.iter().filter(personal) {
        for person in [ada.clone(), test.anonymous()] {
            let answer = person.get(&path_of(route)).await;
            assert_eq!(answer.header("cache-control"), "private, no-store", "{}", route.operation);
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
    for body in [json!({"email": ada.email, "password": tests::PASSWORD}), json!({"email": "x", "password": "y"})] {
        let answer = test.anonymous().post("/api/auth/login", body).await;
        assert_eq!(answer.header("cache-control"), "private, no-store");
    }
    assert_eq!(test.anonymous().get("/nothing").await.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn an_error_of_an_open_route_is_not_cached() {
    let test = TestApp::limited_to(1).await;
    let visitor = test.anonymous();
    let _ = visitor.get("/api/featured-question").await.ok();
    for (path, status) in [("/api/featured-question", 429), ("/api/courses/none/topics/public", 404)] {
        let visitor = if status == 429 { visitor.clone() } else { test.anonymous() };
        let answer = visitor.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (status, "private, no-store"), "{path}");
    }
}

#[tokio::test]
async fn two_host_headers_are_refused_on_every_path() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let hosts = [("host", "api.example.org"), ("host", "other.example.org")];
    for route in &ROUTES {
        let answer = ada.send(route.method.clone(), &path_of(route), None, &hosts).await;
        let problem = answer.problem(400, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains("more than one `Host`"), "{problem}");
    }
    let _ = ada.get_with("/nothing", &hosts[..1]).await.problem(404, "not_found");
    assert_eq!(ada.get_with("/api/credits/balance", &hosts[..1]).await.ok()["credits"], 5);
}

#[tokio::test]
async fn a_host_that_is_missing_or_is_not_one_host_is_refused() {
    let test = TestApp::start().await;
    let router = test.anonymous().router();
    let ask = async |version: Version, host: Option<&[u8]>| {
        let mut request = Request::get("/api/featured-question").version(version);
        if let Some(host) = host {
            request = request.header("host", HeaderValue::from_bytes(host).unwrap());
        }
        Answer::to(request.body(Body::empty()).unwrap(), router.clone()).await
    };
    for host in ["", "localhost, evil", "localhost,evil", "a@localhost", "b\u{fc}cher.example", "localhost:99999"] {
        let problem = ask(Version::HTTP_11, Some(host.as_bytes())).await.problem(400, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().starts_with("The `Host` header is not one host"), "{problem}");
    }
    let problem = ask(Version::HTTP_11, None).await.problem(400, "invalid_request");
    assert_eq!(problem["detail"], "The request has no `Host` header; send one.");
    // HTTP/1.0 has no `Host` header.
    let _ = ask(Version::HTTP_10, None).await.ok();
    for host in ["localhost", "127.0.0.1:8787", "[::1]:8787"] {
        let _ = ask(Version::HTTP_11, Some(host.as_bytes())).await.ok();
    }
}

#[tokio::test]
async fn every_response_has_a_request_id_and_nosniff() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let mut ids = std::collections::HashSet::new();
    for route in &ROUTES {
        for person in [ada.clone(), test.anonymous()] {
            let answer = person.send(route.method.clone(), &path_of(route), None, &[]).await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", route.operation);
            assert!(ids.insert(answer.header("x-request-id").to_owned()), "{}", route.operation);
            // A local server speaks plain HTTP, so it must not send HSTS.
            assert_eq!(answer.header("strict-transport-security"), "");
        }
    }
}

#[tokio::test]
async fn responses_behind_the_gateway_have_hsts() {
    let test = TestApp::start().await;
    for (name, function) in [
        ("questions.feature_question", questions::router(test.app.clone())),
        ("auth.show_me.missing_token", auth::router(test.app.clone())),
    ] {
        let request = lambda_http::request::from_str(&read(&format!("events/{name}.json"))).unwrap();
        let request = request.map(|body| Body::from(body.to_vec()));
        let router = with_standard_layers(function, test.app.clone());
        let answer = Answer::to(request, router).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=63072000", "{name}");
    }
}

/// Calls that read the catalogue, without counters and sessions.
fn catalogue_calls(proxy: &Proxy) -> Vec<String> {
    let is_catalogue = |call: &Call| call.name.contains("CATALOG") || call.name.contains("COURSE#");
    proxy.take_calls().into_iter().filter(is_catalogue).map(|call| call.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_is_loaded_once_however_many_ask_and_its_version_once_a_minute() {
    let test = TestApp::start().await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 5).await.through(process);
    let ask_all = async |ada: &Person| {
        let asks = (0..40).map(|number| {
            let path = ["/api/courses/algebra/topics", "/api/questions?course_id=algebra"][number % 2];
            async move { ada.get(path).await.ok() }
        });
        join_all(asks).await;
    };
    ask_all(&ada).await;
    let mut cold = catalogue_calls(&proxy);
    cold.sort();
    assert_eq!(cold, ["GetItem CATALOG COURSE#algebra", "Query COURSE#algebra BANK#*#"], "the course, and its bank");

    test.pass(Duration::from_secs(59));
    ask_all(&ada).await;
    assert_eq!(catalogue_calls(&proxy), Vec::<String>::new(), "within the minute nothing is asked");
    test.pass(Duration::from_secs(1));
    ask_all(&ada).await;
    assert_eq!(catalogue_calls(&proxy), ["GetItem CATALOG COURSE#algebra"], "the version, once");
}

#[tokio::test]
async fn an_import_is_visible_after_a_minute_and_at_once_in_its_own_process() {
    let test = TestApp::start().await;
    let twin = test.twin();
    let ada = test.member("ada", Plan::Free, 5).await;
    let elsewhere = ada.through(twin);
    let name = async |person: &Person| person.get("/api/courses/algebra").await.ok()["course"]["name"].clone();
    let before = name(&elsewhere).await;
    let mut course: Value = serde_json::from_str(tests::SMALL_COURSE).unwrap();
    course["course"]["name"] = json!("Algebra, second edition");
    test.import(&course).await;
    assert_eq!(name(&ada).await, "Algebra, second edition");
    assert_eq!(name(&elsewhere).await, before);
    test.pass(Duration::from_mins(1));
    assert_eq!(name(&elsewhere).await, "Algebra, second edition");
}
