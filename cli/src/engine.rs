//! Executes DynamoDB requests on the engine in this process. The SDK's client calls it directly, because [`Engine`] is a
//! [`Transport`]. The database port and the Unix socket pass on requests of other processes.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::{io, thread};

use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use dynoxide::{Database, DynoxideError};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::store::{Transport, TransportError};
use tokio::sync::oneshot;

/// Header that names the operation.
const TARGET: &str = "x-amz-target";
const TARGET_PREFIX: &str = "DynamoDB_20120810.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The engine's thread. It executes requests one after the other, because the engine has one connection to SQLite. Threads that
/// wait for that connection would cost more processor time than most requests.
#[derive(Debug, Clone)]
pub(crate) struct Engine(Sender<Message>);

enum Message {
    Call(Call),
    Stop,
}

/// A request to the engine.
struct Call {
    target: String,
    body: Vec<u8>,
    answer: oneshot::Sender<Response<Vec<u8>>>,
}

impl Engine {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(database: Database) -> io::Result<(Self, JoinHandle<()>)> {
        let (messages, waiting) = channel::<Message>();
        let thread = thread::Builder::new().name("engine".to_owned()).spawn(move || {
            for message in waiting {
                let Message::Call(call) = message else { break };
                // Nobody waits if the client has disconnected; its request is executed all the same.
                let _ = call.answer.send(operate_safely(&database, &call.target, &call.body));
            }
        })?;
        Ok((Self(messages), thread))
    }

    /// Ends the thread after the requests of before. Later ones fail.
    pub(crate) fn stop(&self) {
        let _ = self.0.send(Message::Stop);
    }

    /// Executes a request. If the client disconnects, the request is still completed.
    pub(crate) fn answer(&self, headers: &HeaderMap, body: Vec<u8>) -> impl Future<Output = Response<Vec<u8>>> + use<> {
        let target = headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default().to_owned();
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Message::Call(Call { target, body, answer }));
        async move {
            match (sent, answered.await) {
                (Ok(()), Ok(response)) => response,
                _ => broken(),
            }
        }
    }
}

impl Transport for Engine {
    fn call(&self, request: Request<Vec<u8>>) -> BoxFuture<'static, Result<Response<Vec<u8>>, TransportError>> {
        let (head, body) = request.into_parts();
        let answered = self.answer(&head.headers, body);
        Box::pin(async move { Ok(answered.await) })
    }
}

/// A panic of the engine fails one request.
fn operate_safely(database: &Database, target: &str, body: &[u8]) -> Response<Vec<u8>> {
    catch_unwind(AssertUnwindSafe(|| operate(database, target, body))).unwrap_or_else(|_| {
        tracing::error!(target, "the embedded database panicked");
        broken()
    })
}

fn broken() -> Response<Vec<u8>> {
    failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "the embedded database is broken")
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
