//! Access to the embedded database from other processes. There are two ways: a port, which needs the access key
//! generated for this run, and the data folder's Unix socket, which needs permission to open it. Web pages cannot use
//! either: there are no CORS headers, and a page cannot sign requests.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use shared::domain::time::{Clock, SystemClock};

use crate::engine::{Engine, failure};
use crate::signature::{AccessKey, Refusal};

/// DynamoDB's limit on a request body.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
const ELSEWHERE: Refusal = ("AccessDeniedException", "the embedded database answers to localhost and 127.0.0.1 only");

#[derive(Clone)]
struct Door {
    engine: Engine,
    /// The access key that requests must be signed with; `None` accepts all requests.
    key: Option<AccessKey>,
}

/// The routes of the port.
pub(crate) fn with_key(engine: Engine, key: AccessKey) -> Router {
    Router::new().fallback(pass).with_state(Door { engine, key: Some(key) })
}

/// The routes of the socket.
pub(crate) fn for_owner(engine: Engine) -> Router {
    Router::new().fallback(pass).with_state(Door { engine, key: None })
}

async fn pass(State(door): State<Door>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let refuse = |status, (name, message): Refusal| failure(status, name, message).map(Body::from);
    if head.method != Method::POST || head.uri.path() != "/" {
        return refuse(StatusCode::NOT_FOUND, ("UnknownOperationException", "requests are POST /"));
    }
    if door.key.is_some() && !is_local(&head.headers) {
        return refuse(StatusCode::BAD_REQUEST, ELSEWHERE);
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let cause = ("SerializationException", "the body did not arrive, or is larger than 16 MB");
        return refuse(StatusCode::BAD_REQUEST, cause);
    };
    if let Some(Err(refusal)) = door.key.map(|key| key.check(&head, &body, SystemClock.now())) {
        return refuse(StatusCode::BAD_REQUEST, refusal);
    }
    door.engine.answer(&head.headers, body.into()).await.map(Body::from)
}

/// Whether the `Host` header names this machine. In a DNS rebinding attack, it names the attacker's host.
fn is_local(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| matches!(host.host(), "localhost" | "127.0.0.1" | "[::1]") && !host.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        let is_local = |hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            super::is_local(&headers)
        };
        for host in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000"] {
            assert!(is_local(&[host]), "{host}");
        }
        for host in
            ["", "attacker.example", "localhost.attacker.example:8000", "127.0.0.1.nip.io", "me@localhost", "10.0.0.1"]
        {
            assert!(!is_local(&[host]), "{host}");
        }
        assert!(!is_local(&[]) && !is_local(&["localhost", "localhost"]));
    }
}
