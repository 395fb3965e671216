//! Executes one DynamoDB request on the engine in this process. The SDK's client calls it directly ([`InProcess`]). The
//! database port and the Unix socket pass on requests of other processes.

use std::fmt;
use std::future::Future;

use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use dynoxide::{Database, DynoxideError};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::store::{Transport, TransportError};

/// Header that names the operation.
const TARGET: &str = "x-amz-target";
const TARGET_PREFIX: &str = "DynamoDB_20120810.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// Transport that calls the engine directly.
#[derive(Clone)]
pub(crate) struct InProcess(pub(crate) Database);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl Transport for InProcess {
    fn call(&self, request: Request<Vec<u8>>) -> BoxFuture<'static, Result<Response<Vec<u8>>, TransportError>> {
        let (head, body) = request.into_parts();
        let answered = answer(&self.0, &head.headers, body);
        Box::pin(async move { Ok(answered.await) })
    }
}

/// Executes a request. The engine blocks, so it runs outside of the threads that serve connections. If the client
/// disconnects, the request is still completed.
pub(crate) fn answer(
    database: &Database,
    headers: &HeaderMap,
    body: Vec<u8>,
) -> impl Future<Output = Response<Vec<u8>>> + use<> {
    let database = database.clone();
    let target = headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default().to_owned();
    async move {
        let answered = tokio::task::spawn_blocking(move || operate(&database, &target, &body)).await;
        answered.unwrap_or_else(|panicked| {
            tracing::error!(%panicked, "the embedded database panicked");
            failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "the embedded database is broken")
        })
    }
}

/// An error in DynamoDB's format.
pub(crate) fn failure(status: StatusCode, name: &str, message: &str) -> Response<Vec<u8>> {
    let body = json!({"__type": format!("com.amazon.coral.service#{name}"), "message": message});
    respond(status, body.to_string())
}

fn respond(status: StatusCode, body: String) -> Response<Vec<u8>> {
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(CONTENT_TYPE));
    response
}

fn operate(database: &Database, target: &str, body: &[u8]) -> Response<Vec<u8>> {
    let Some(operation) = target.strip_prefix(TARGET_PREFIX) else { return unknown(target) };
    let done = match operation {
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| database.batch_write_item(request)),
        "CreateTable" => run(body, |request| database.create_table(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "DeleteTable" => run(body, |request| database.delete_table(request)),
        "DescribeTable" => run(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => run(body, |request| database.describe_time_to_live(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "ListTables" => run(body, |request| database.list_tables(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "Scan" => run(body, |request| database.scan(request)),
        "TransactGetItems" => run(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "UpdateTable" => run(body, |request| database.update_table(request)),
        "UpdateTimeToLive" => run(body, |request| database.update_time_to_live(request)),
        _ => return unknown(operation),
    };
    match done {
        Ok(answer) => respond(StatusCode::OK, answer),
        Err(error) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if status.is_server_error() {
                tracing::error!(operation, %error, "the embedded database failed");
            }
            respond(status, error.to_json())
        }
    }
}

fn unknown(operation: &str) -> Response<Vec<u8>> {
    let message = format!("the embedded database has no operation {operation:?}");
    failure(StatusCode::BAD_REQUEST, "UnknownOperationException", &message)
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    call: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> dynoxide::Result<String> {
    let request =
        serde_json::from_slice(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = call(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
