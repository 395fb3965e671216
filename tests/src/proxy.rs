//! A proxy between the SDK's client and the embedded database. It records every call, and it injects faults that the
//! embedded database never produces: throttling, conflicts, errors, late and missing responses.
//!
//! A call has a name such as `GetItem CATALOG COURSE#algebra`: the operation and the keys. Ids are masked, so that
//! names are the same in every run and a fault can target one of them.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::engine::headers;

/// Longer than the SDK client's timeout for one attempt (`store/dynamodb/client.rs`: 2 s).
const HELD: Duration = Duration::from_millis(2_300);
/// Longer text without a space is an id, a hash or a token.
const WORD_MAX: usize = 30;

/// An injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Throttled; not executed.
    Throttle,
    /// Conflict with another transaction; not executed. A plain write gets another error than a transaction.
    Conflict,
    /// 500; not executed.
    ErrorBefore,
    /// Executed, then 500.
    ErrorAfter,
    /// Executed, then the connection breaks.
    LostAnswer,
    /// Timeout; not executed.
    TimeoutBefore,
    /// Executed, then a timeout.
    TimeoutAfter,
    /// Timeout; executed after the client has given up.
    Late,
    /// A batch of which nothing is processed.
    Unprocessed,
    /// A batch of which everything is processed except the first partition in it.
    PartitionUnprocessed,
}

impl Fault {
    /// The faults that apply to an operation. A read has no effect, so a lost response does not matter.
    #[must_use]
    pub fn of(operation: &str) -> Vec<Self> {
        let mut faults = vec![Self::Throttle, Self::ErrorBefore, Self::LostAnswer, Self::TimeoutBefore];
        if !is_read(operation) {
            faults.extend([Self::ErrorAfter, Self::TimeoutAfter, Self::Late]);
        }
        let some = [Self::Conflict, Self::Unprocessed, Self::PartitionUnprocessed];
        faults.extend(some.into_iter().filter(|fault| fault.befalls(operation)));
        faults
    }

    fn befalls(self, operation: &str) -> bool {
        match self {
            Self::Conflict => operation == "TransactWriteItems" || is_plain_write(operation),
            Self::Unprocessed | Self::PartitionUnprocessed => operation.starts_with("Batch"),
            _ => true,
        }
    }
}

/// How many attempts fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One attempt; the SDK's retry succeeds.
    Try,
    /// All attempts of one SDK call.
    Call,
    /// This call and all later ones, until [`Proxy::disarm`].
    Onwards,
}

/// The call that fails: the `nth` since arming, counted from 0, among those with this name or among all.
#[derive(Debug, Clone)]
pub struct Aim {
    /// The call's name; `None` for any call.
    pub name: Option<String>,
    /// Index among the matching calls.
    pub nth: usize,
    pub reach: Reach,
}

/// An SDK call with all its attempts.
#[derive(Debug, Clone)]
pub struct Call {
    /// Operation and keys.
    pub name: String,
    pub operation: String,
    /// Arrival of the first attempt.
    pub started: Instant,
    /// Time of the last response.
    pub ended: Instant,
    /// Number of attempts.
    pub tries: usize,
    /// Consumed read units.
    pub read_units: f64,
    /// Consumed write units.
    pub write_units: f64,
    invocation: String,
}

impl Call {
    /// Whether the operation only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        is_read(&self.operation)
    }
}

/// A DynamoDB IAM action without the prefix `dynamodb:`, and a pattern of partition keys, such as `USER#*`.
pub type Permission = (String, String);

/// Length of the longest chain of calls in which each started after the previous one had ended.
#[must_use]
pub fn sequential_round_trips(calls: &[Call]) -> usize {
    let mut calls: Vec<&Call> = calls.iter().collect();
    calls.sort_by_key(|call| call.ended);
    let mut last: Option<Instant> = None;
    let mut chain = 0;
    for call in calls {
        if last.is_none_or(|last| call.started >= last) {
            chain += 1;
            last = Some(call.ended);
        }
    }
    chain
}

/// Masks ids, hashes, tokens and addresses in a text, so that it is the same in every run.
#[must_use]
pub fn mask(text: &str) -> String {
    let is_address = |part: &str| part.parse::<IpAddr>().is_ok();
    let is_name =
        |part: &&str| !part.contains('@') && !is_address(part) && (part.len() <= WORD_MAX || part.contains(' '));
    let parts: Vec<_> = text.split('#').map(|part| if is_name(&part) { part } else { "*" }).collect();
    parts.join("#")
}

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
        is_in_reach && self.fault.befalls(operation)
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
        let armed = self.armed.as_mut().filter(|armed| armed.fault.befalls(operation));
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

/// Handles a batch on a throttled partition.
async fn throttle(proxy: &Inner, slow: &str, headers: HeaderMap, body: Value, invocation: &str) -> Response {
    let hits = {
        let mut record = proxy.record();
        record.hits += 1;
        record.hits
    };
    if hits % 2 == 0 && partitions(&body).iter().all(|partition| partition == slow) {
        return error(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({}));
    }
    let mut admitted = false;
    without(proxy, headers, body, invocation, |partition| partition == slow && std::mem::replace(&mut admitted, true))
        .await
}

/// The response of an attempt with a fault.
async fn fail(proxy: &Arc<Inner>, fault: Fault, headers: HeaderMap, body: Value, invocation: &str) -> Response {
    let broken = || error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({}));
    match fault {
        Fault::Throttle => error(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})),
        Fault::Conflict if body["TransactItems"].is_null() => {
            error(StatusCode::BAD_REQUEST, "TransactionConflictException", json!({}))
        }
        Fault::Conflict => {
            let actions = body["TransactItems"].as_array().map_or(0, Vec::len);
            let code = |index| if index == 0 { "TransactionConflict" } else { "None" };
            let reasons: Vec<Value> = (0..actions).map(|index| json!({"Code": code(index)})).collect();
            let members = json!({"CancellationReasons": reasons});
            error(StatusCode::BAD_REQUEST, "TransactionCanceledException", members)
        }
        Fault::Unprocessed => without(proxy, headers, body, invocation, |_| true).await,
        Fault::PartitionUnprocessed => {
            let first = partitions(&body).into_iter().next().unwrap_or_default();
            without(proxy, headers, body, invocation, |partition| partition == first).await
        }
        Fault::ErrorBefore => broken(),
        Fault::ErrorAfter => {
            proxy.execute(headers, &body, invocation).await;
            broken()
        }
        Fault::LostAnswer => {
            proxy.execute(headers, &body, invocation).await;
            let cut = futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("cut")) });
            Body::from_stream(cut).into_response()
        }
        Fault::TimeoutBefore => {
            tokio::time::sleep(HELD).await;
            broken()
        }
        Fault::TimeoutAfter => {
            proxy.execute(headers, &body, invocation).await;
            tokio::time::sleep(HELD).await;
            broken()
        }
        Fault::Late => {
            let (later, id) = (Arc::clone(proxy), invocation.to_owned());
            // In a separate task, because this response ends when the client disconnects.
            proxy.record().late.spawn(async move {
                tokio::time::sleep(HELD).await;
                later.execute(headers, &body, &id).await;
            });
            tokio::time::sleep(HELD).await;
            broken()
        }
    }
}

/// The lists of a batch. Each element is one read or write.
fn batch_lists(body: &mut Value) -> impl Iterator<Item = &mut Vec<Value>> {
    let tables = body["RequestItems"].as_object_mut().into_iter().flat_map(|tables| tables.values_mut());
    tables.filter_map(|table| if table.is_array() { table.as_array_mut() } else { table["Keys"].as_array_mut() })
}

/// The partition key of a batch element.
fn partition_of(element: &Value) -> String {
    let places = ["/pk/S", "/PutRequest/Item/pk/S", "/DeleteRequest/Key/pk/S"];
    places.iter().find_map(|place| element.pointer(place)?.as_str()).unwrap_or_default().to_owned()
}

/// The partition keys of a batch, in order.
fn partitions(body: &Value) -> Vec<String> {
    let mut body = body.clone();
    batch_lists(&mut body).flat_map(|list| list.iter().map(partition_of)).collect()
}

/// Executes a batch except for some partitions, and returns those as unprocessed.
async fn without(
    proxy: &Inner,
    headers: HeaderMap,
    body: Value,
    invocation: &str,
    mut is_left: impl FnMut(&str) -> bool,
) -> Response {
    let (mut done, mut left) = (body.clone(), body);
    for (done, left) in batch_lists(&mut done).zip(batch_lists(&mut left)) {
        let (these, others) = std::mem::take(done).into_iter().partition(|element| is_left(&partition_of(element)));
        (*left, *done) = (these, others);
    }
    let is_empty = |body: &Value| partitions(body).is_empty();
    let is_read = !left["RequestItems"].to_string().contains("Request\":");
    let mut answer = if is_empty(&done) {
        json!({"Responses": {}})
    } else {
        let response = proxy.execute(headers, &done, invocation).await;
        let (status, answer) = (response.status(), to_bytes(response.into_body(), usize::MAX).await.unwrap());
        if !status.is_success() {
            return json_answer(status, answer);
        }
        serde_json::from_slice(&answer).unwrap()
    };
    if !is_empty(&left) {
        let member = if is_read { "UnprocessedKeys" } else { "UnprocessedItems" };
        answer[member] = left["RequestItems"].take();
    }
    json_answer(StatusCode::OK, answer.to_string().into())
}

fn error(status: StatusCode, name: &str, mut members: Value) -> Response {
    members["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{name}"));
    members["message"] = json!("made by the proxy");
    json_answer(status, members.to_string().into())
}

fn json_answer(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}

fn is_read(operation: &str) -> bool {
    matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems")
}

/// Whether the operation writes one item outside of a transaction.
fn is_plain_write(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem")
}

/// Consumed units of a response, for one table or a list of tables.
fn consumed(capacity: &Value) -> f64 {
    match capacity {
        Value::Array(tables) => tables.iter().map(consumed).sum(),
        one => one["CapacityUnits"].as_f64().unwrap_or_default(),
    }
}

/// The IAM permissions that a request needs. A transaction needs those of its actions.
fn permissions(operation: &str, body: &Value) -> Vec<Permission> {
    let of = |action: &str, value: &Value| {
        let mut keys = BTreeSet::new();
        collect_keys(value, &mut keys);
        let partition = |key: &String| {
            let pk = key.split(' ').next().unwrap_or_default();
            pk.split_once('#').map_or_else(|| pk.to_owned(), |(kind, _)| format!("{kind}#*"))
        };
        keys.iter().map(|key| (action.to_owned(), partition(key))).collect::<Vec<_>>()
    };
    match operation {
        "Query" => {
            let pk = body["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default();
            of("Query", &json!({"pk": {"S": pk}, "sk": {"S": ""}}))
        }
        "TransactWriteItems" => {
            let actions = body["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            let name = |kind: &str| match kind {
                "ConditionCheck" => "ConditionCheckItem".to_owned(),
                kind => format!("{kind}Item"),
            };
            actions.flat_map(|(kind, action)| of(&name(kind), action)).collect()
        }
        operation => of(operation, body),
    }
}

/// The keys in a request, masked and sorted; for a query, the values of its condition.
fn touched(operation: &str, body: &Value) -> String {
    let mut keys = BTreeSet::new();
    if operation == "Query" {
        let values = body["ExpressionAttributeValues"].as_object();
        let values = values.into_iter().flatten().filter_map(|(_, value)| value["S"].as_str()).map(mask);
        let words: Vec<String> = body["IndexName"].as_str().map(str::to_owned).into_iter().chain(values).collect();
        keys.insert(words.join(" "));
    } else {
        collect_keys(body, &mut keys);
    }
    keys.into_iter().collect::<Vec<_>>().join(", ")
}

fn collect_keys(value: &Value, found: &mut BTreeSet<String>) {
    if let (Some(pk), Some(sk)) = (value["pk"]["S"].as_str(), value["sk"]["S"].as_str()) {
        found.insert(format!("{} {}", mask(pk), mask(sk)));
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_keys(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect_keys(value, found)),
        _ => {}
    }
}
