//! The faults that the proxy injects, and the responses that they make.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Inner;
use super::call::{is_plain_write, is_read};

/// Longer than the SDK client's timeout for one attempt (`store/dynamodb/client.rs`: 2 s).
const HELD: Duration = Duration::from_millis(2_300);

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
        faults.extend(some.into_iter().filter(|fault| fault.applies_to(operation)));
        faults
    }

    pub(super) fn applies_to(self, operation: &str) -> bool {
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
    /// This call and all later ones, until [`Proxy::disarm`](super::Proxy::disarm).
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

/// Handles a batch on a throttled partition.
pub(super) async fn throttle(proxy: &Inner, slow: &str, headers: HeaderMap, body: Value, invocation: &str) -> Response {
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
pub(super) async fn fail(
    proxy: &Arc<Inner>,
    fault: Fault,
    headers: HeaderMap,
    body: Value,
    invocation: &str,
) -> Response {
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
pub(super) fn partitions(body: &Value) -> Vec<String> {
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

pub(super) fn json_answer(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}
