//! A user of the API in tests.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use shared::domain::account::session::SessionId;
use shared::domain::account::token::SessionToken;
use shared::http::ClientAddress;

use crate::Answer;

/// The password of every test user.
pub const PASSWORD: &str = "a quite good passphrase";
/// Its hash in the format of the old service: PBKDF2-HMAC-SHA256 of 100,000 iterations, the salt before the colon.
pub const WORKER_HASH: &str = "000102030405060708090a0b0c0d0e0f:\
     c2eff0b8534b11f0e68a29d9d5bbb2e2bd5aac6e7eb5c2b06fd37727033af46a";

/// A client of the API, signed in or not.
#[derive(Clone)]
pub struct Person {
    /// The token, if they have one.
    pub token: Option<String>,
    /// Their id; empty when they have none.
    pub id: String,
    /// Their email; empty when they have none.
    pub email: String,
    pub address: IpAddr,
    /// The token of a mail to them; empty when they have none.
    pub link_token: String,
    /// A code of their second factor; empty when they have none.
    pub code: String,
    pub(crate) router: Router,
}

impl Person {
    /// A client with this token and a unique address.
    #[must_use]
    pub fn new(router: Router, token: Option<String>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0x0a00_0001);
        let address = Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed)).into();
        Self {
            token,
            id: String::new(),
            email: String::new(),
            address,
            link_token: String::new(),
            code: String::new(),
            router,
        }
    }

    /// Registers `<name>@example.org`.
    pub async fn register(router: Router, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let anonymous = Self::new(router, None);
        let body = json!({"name": name, "email": email, "password": PASSWORD});
        let answer = anonymous.post("/api/auth/register", body).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { token: Some(text(&answer["token"])), id: text(&answer["user"]["id"]), email, ..anonymous }
    }

    /// Generates a midterm of all questions of the small course and returns its id.
    pub async fn midterm(&self) -> String {
        let body = json!({"course_id": "algebra", "difficulty": "easy"});
        let midterm = self.post("/api/midterm/generate", body).await.ok();
        midterm["midterm_id"].as_str().unwrap().to_owned()
    }

    /// Generates a midterm of all questions of the small course, starts its sitting and returns its id.
    pub async fn sitting(&self) -> String {
        let id = self.midterm().await;
        let _ = self.post(&format!("/api/midterm/{id}/start"), json!({})).await.ok();
        id
    }

    /// The same person, connecting from this address.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same person through another process.
    #[must_use]
    pub fn through(&self, router: Router) -> Self {
        Self { router, ..self.clone() }
    }

    /// Public id of the session; `None` without one.
    #[must_use]
    pub fn session_id(&self) -> String {
        let token = self.token.as_ref().map(|token| SessionToken::parse(token).unwrap());
        token.map_or_else(String::new, |token| SessionId::of(&token.hash()).into())
    }

    /// The process that receives the requests.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// GET with headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, None, headers).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string()), &[("content-type", "application/json")]).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string()), &[("content-type", "application/json")]).await
    }

    /// POST of a JSON body with an idempotency key.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send(Method::POST, path, Some(body.to_string()), &headers).await
    }

    /// Sends any request.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", "localhost");
        }
        let request = request.extension(ClientAddress(self.address));
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        Answer::to(request, self.router.clone()).await
    }

    /// The balance according to the API.
    pub async fn credits(&self) -> u64 {
        self.get("/api/credits/balance").await.ok()["credits"].as_u64().unwrap()
    }
}
