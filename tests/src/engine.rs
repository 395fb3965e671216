//! The database engine of a test: an embedded one per test, or a running one that all tests share, with one table per
//! test. `TEST_DYNAMODB_ENDPOINT` names the shared one; `tests/engine/run` starts one.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use pastpaper::embedded::Embedded;
use pastpaper::verify::check_all;
use serde_json::{Value, json};
use shared::app::App;
use shared::config::{Config, Database};
use shared::domain::random::{Random, SystemEntropy};
use shared::domain::time::{Clock, SystemClock};
use shared::store::Store;

/// Environment variable with the endpoint of a running engine.
const ENDPOINT: &str = "TEST_DYNAMODB_ENDPOINT";
/// Table name in an embedded engine.
const TABLE: &str = "test";

/// The engine under a test.
pub(crate) enum Engine {
    Embedded(Embedded),
    Shared(Box<Table>),
}

/// A table in a shared engine. It is deleted when the test ends.
pub(crate) struct Table {
    endpoint_url: String,
    name: String,
    /// Configuration for the final check, set once the table exists.
    config: Option<Config>,
}

impl Engine {
    pub(crate) async fn start() -> Self {
        match std::env::var(ENDPOINT) {
            Ok(endpoint_url) => Self::Shared(Box::new(Table { endpoint_url, name: new_table(), config: None })),
            Err(_) => Self::Embedded(Embedded::in_memory().await.unwrap()),
        }
    }

    pub(crate) fn endpoint_url(&self) -> &str {
        match self {
            Self::Embedded(embedded) => embedded.endpoint_url(),
            Self::Shared(table) => &table.endpoint_url,
        }
    }

    pub(crate) fn table(&self) -> &str {
        match self {
            Self::Embedded(_) => TABLE,
            Self::Shared(table) => &table.name,
        }
    }

    /// The seed for ids. A shared engine remembers transaction tokens across tests, so ids must not repeat there.
    pub(crate) fn seed(&self, seed: u64) -> u64 {
        match self {
            Self::Embedded(_) => seed,
            Self::Shared(_) => Random::new(SystemEntropy).seed(),
        }
    }

    /// The start time of a test. A shared engine deletes expired items by its own clock, so nothing may be in the past
    /// there: it returns noon of tomorrow. It is noon like `usual`, because windows and days start there, too.
    pub(crate) fn start_time(&self, usual: Timestamp) -> Timestamp {
        match self {
            Self::Embedded(_) => usual,
            Self::Shared(_) => {
                let day = SystemClock.now().as_second().div_euclid(86_400) + 1;
                Timestamp::from_second(day * 86_400 + 43_200).unwrap()
            }
        }
    }

    /// When the test ends, checks a table in a shared engine as `pastpaper verify` does.
    pub(crate) fn check_at_end(&mut self, config: &Config) {
        if let Self::Shared(table) = self {
            let database = Database::local(table.endpoint_url.clone(), &table.name);
            let mut config = config.clone();
            config.database = database;
            table.config = Some(config);
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let Some(config) = self.config.take().filter(|_| !std::thread::panicking()) else { return };
        let (endpoint_url, name) = (self.endpoint_url.clone(), self.name.clone());
        // Use another thread: the test's own runtime is blocked here.
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let store = Store::connect(&config.database);
                let app = App::with(config, store, SystemClock, Random::new(SystemEntropy));
                let findings = check_all(&app).await.unwrap();
                let (status, answer) = call(&endpoint_url, "DeleteTable", &json!({"TableName": name})).await;
                assert!(status.is_success(), "{status}: {answer:?}");
                assert!(findings.wrong.is_empty() && findings.corrupt.is_empty(), "{findings:?}");
            });
        });
        ended.join().unwrap();
    }
}

/// Number of repetitions of a concurrency test. A shared engine is ten times slower, so it gets fewer.
#[must_use]
pub fn rounds(usual: usize) -> usize {
    if std::env::var_os(ENDPOINT).is_some() { usual / 20 } else { usual }
}

/// A table name that is unique across processes.
fn new_table() -> String {
    format!("test-{}", Random::new(SystemEntropy).uuid_v4())
}

/// Headers of a DynamoDB call without the SDK.
pub(crate) fn headers(operation: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let credential =
        "AWS4-HMAC-SHA256 Credential=local/20260301/local/dynamodb/aws4_request, SignedHeaders=host, Signature=x";
    for (name, value) in [
        ("x-amz-target", format!("DynamoDB_20120810.{operation}").as_str()),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-date", "20260301T120000Z"),
        ("authorization", credential),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

/// Calls DynamoDB without the SDK.
async fn call(endpoint_url: &str, operation: &str, body: &Value) -> (StatusCode, Bytes) {
    let mut request = Request::post(endpoint_url).body(Body::from(body.to_string())).unwrap();
    *request.headers_mut() = headers(operation);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let status = response.status();
    (status, to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap())
}
