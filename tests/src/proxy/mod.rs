//! A proxy between the SDK's client and the embedded database. It records every call, and it injects faults that the
//! embedded database never produces: throttling, conflicts, errors, late and missing responses.
//!
//! A call has a name such as `GetItem CATALOG COURSE#algebra`: the operation and the keys. Ids are masked, so that
//! names are the same in every run and a fault can target one of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use call::{permissions, touched};
use fault::{fail, json_answer, partitions, throttle};

use crate::engine::headers;

mod call;
mod fault;

pub use call::{Call, Permission, mask, sequential_round_trips};
pub use fault::{Aim, Fault, Reach};

/// The running proxy. It stops when dropped.
pub struct Proxy {
    inner: Arc<Inner>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

struct Inner {
    upstream: String,
    client: Client<HttpConnector, Body>,
    state: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    calls: Vec<Call>,
    permissions: BTreeSet<Permission>,
    delay: Duration,
    armed: Option<Armed>,
    slow: Option<String>,
    hits: usize,
    late: JoinSet<()>,
}

struct Armed {
    fault: Fault,
    aim: Aim,
    /// Calls so far with the targeted name.
    candidates: Vec<String>,
    reached: bool,
}

impl Armed {
    /// Whether this attempt fails.
    fn hits(&mut self, name: &str, operation: &str, invocation: &str) -> bool {
        let is_candidate = self.aim.name.as_deref().is_none_or(|aimed| aimed == name);
        let place = self.candidates.iter().position(|candidate| candidate == invocation);
        if is_candidate && place.is_none() {
            self.candidates.push(invocation.to_owned());
        }
        let is_first_try = place.is_none();
        let is_aimed = is_candidate && place.unwrap_or(self.candidates.len() - 1) == self.aim.nth;
        self.reached |= is_aimed;
        let is_in_reach = match self.aim.reach {
            Reach::Try => is_aimed && is_first_try,
            Reach::Call => is_aimed,
            Reach::Onwards => self.reached,
        };
        is_in_reach && self.fault.applies_to(operation)
    }
}

impl Proxy {
    /// Starts a proxy in front of `upstream`, such as `http://127.0.0.1:8000`, without faults.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let inner = Arc::new(Inner { upstream: upstream.to_owned(), client, state: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inner, address, server }
    }

    /// The proxy's address.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The proxy's port, which is unique among proxies.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets a minimum duration for every call.
    pub fn delay(&self, delay: Duration) {
        self.inner.record().delay = delay;
    }

    /// The IAM permissions needed by the requests since the last call of this function.
    #[must_use]
    pub fn take_permissions(&self) -> BTreeSet<Permission> {
        std::mem::take(&mut self.inner.record().permissions)
    }

    /// The calls since the last call of this function, in order of arrival.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.inner.record().calls)
    }

    /// Injects `fault` into the call that `aim` selects.
    pub fn arm(&self, fault: Fault, aim: Aim) {
        let mut record = self.inner.record();
        record.hits = 0;
        record.armed = Some(Armed { fault, aim, candidates: Vec::new(), reached: false });
    }

    /// Throttles a partition: only one of its items per batch is processed, and every second batch with no other items
    /// is refused.
    pub fn slow_down(&self, partition: &str) {
        let mut record = self.inner.record();
        record.hits = 0;
        record.slow = Some(partition.to_owned());
    }

    /// Removes all faults.
    pub fn disarm(&self) {
        let mut record = self.inner.record();
        record.armed = None;
        record.slow = None;
    }

    /// Number of failed attempts since arming.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.inner.record().hits
    }

    /// Waits for all delayed executions.
    pub async fn settle(&self) {
        let late = std::mem::take(&mut self.inner.record().late);
        late.join_all().await;
    }

    /// All items of a partition in wire format. Not recorded.
    pub async fn partition(&self, table: &str, pk: &str) -> Vec<Value> {
        let query = json!({
            "TableName": table,
            "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
        });
        self.read_all("Query", query).await
    }

    /// All items of the table in wire format. Not recorded.
    pub async fn dump(&self, table: &str) -> Vec<Value> {
        self.read_all("Scan", json!({"TableName": table, "ConsistentRead": true})).await
    }

    async fn read_all(&self, operation: &str, query: Value) -> Vec<Value> {
        let (status, body) = self.inner.forward(headers(operation), &query).await;
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        assert!(status.is_success() && answer["LastEvaluatedKey"].is_null(), "{status}: {answer}");
        answer["Items"].as_array_mut().map(std::mem::take).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inner {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn forward(&self, mut headers: HeaderMap, body: &Value) -> (StatusCode, Bytes) {
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::HOST);
        // A process behind a proxy has its own region, which gives it its own retry budget. An engine may separate
        // tables by region, so the region is replaced. The signature is not checked.
        let signed = headers[header::AUTHORIZATION].to_str().unwrap();
        let region = signed.split('/').nth(2).unwrap_or_default();
        let signed = signed.replacen(region, "local", 1);
        headers.insert(header::AUTHORIZATION, signed.parse().unwrap());
        let mut request = Request::post(&self.upstream).body(Body::from(body.to_string())).unwrap();
        *request.headers_mut() = headers;
        let response = self.client.request(request).await.unwrap();
        let status = response.status();
        (status, to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap())
    }

    /// Forwards the request and records its consumed capacity.
    async fn execute(&self, headers: HeaderMap, body: &Value, invocation: &str) -> Response {
        let (status, answer) = self.forward(headers, body).await;
        let units = serde_json::from_slice(&answer).map_or(0.0, |answer: Value| consumed(&answer["ConsumedCapacity"]));
        if let Some(call) = self.record().call(invocation) {
            let sum = if call.is_read() { &mut call.read_units } else { &mut call.write_units };
            *sum += units;
        }
        json_answer(status, answer)
    }
}

impl Record {
    fn call(&mut self, invocation: &str) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.invocation == invocation)
    }

    /// Records an attempt. Returns its minimum duration and the fault to inject.
    fn begin(&mut self, name: &str, operation: &str, invocation: &str) -> (Duration, Option<Fault>) {
        let now = Instant::now();
        match self.call(invocation) {
            Some(call) => call.tries += 1,
            None => self.calls.push(Call {
                name: name.to_owned(),
                operation: operation.to_owned(),
                started: now,
                ended: now,
                tries: 1,
                read_units: 0.0,
                write_units: 0.0,
                invocation: invocation.to_owned(),
            }),
        }
        let armed = self.armed.as_mut().filter(|armed| armed.fault.applies_to(operation));
        let fault = armed.and_then(|armed| armed.hits(name, operation, invocation).then_some(armed.fault));
        self.hits += usize::from(fault.is_some());
        (self.delay, fault)
    }
}

/// Handles one attempt of a call.
async fn answer(State(proxy): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut body: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    let text = |name: &str| head.headers.get(name).map_or("", |value| value.to_str().unwrap());
    let operation = text("x-amz-target").rsplit('.').next().unwrap_or_default();
    let invocation = text("amz-sdk-invocation-id").to_owned();
    let name = format!("{operation} {}", touched(operation, &body));
    proxy.record().permissions.extend(permissions(operation, &body));
    let (delay, fault) = proxy.record().begin(name.trim_end(), operation, &invocation);
    if !operation.ends_with("Table") && operation != "UpdateTimeToLive" {
        body["ReturnConsumedCapacity"] = json!("TOTAL");
    }
    tokio::time::sleep(delay).await;
    let slow = proxy.record().slow.clone().filter(|slow| partitions(&body).contains(slow));
    let response = match (fault, slow) {
        (None, None) => proxy.execute(head.headers, &body, &invocation).await,
        (None, Some(slow)) => throttle(&proxy, &slow, head.headers, body, &invocation).await,
        (Some(fault), _) => fail(&proxy, fault, head.headers, body, &invocation).await,
    };
    if let Some(call) = proxy.record().call(&invocation) {
        call.ended = Instant::now();
    }
    response
}
/// Consumed units of a response, for one table or a list of tables.
fn consumed(capacity: &Value) -> f64 {
    match capacity {
        Value::Array(tables) => tables.iter().map(consumed).sum(),
        one => one["CapacityUnits"].as_f64().unwrap_or_default(),
    }
}
