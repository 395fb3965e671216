//! A stand-in for Stripe: it records requests, responds in Stripe's format, handles idempotency keys as Stripe does,
//! and fails when told to. Also the signed events of a subscription's life.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Person;

/// The API key of our account.
pub const SECRET_KEY: &str = "sk_test_51StandInForStripe";
/// Webhook signing secrets: two, as during a rotation. Events are signed with the first.
pub const WEBHOOK_SECRETS: [&str; 2] = ["whsec_standInForStripe", "whsec_theNextOne"];
/// Price id of the plan `starter`, also in the events.
pub const PRICE_STARTER: &str = "price_1SlStarterLkdIwHu7ix";
/// Price id of the plan `unlimited`.
pub const PRICE_UNLIMITED: &str = "price_1SlUnlimitLkdIwHu7ix";
/// Where the browser is redirected after a payment.
pub const SUCCESS_URL: &str = "https://app.example.org/paid";
/// Where the browser is redirected after a cancelled checkout.
pub const CANCEL_URL: &str = "https://app.example.org/plans";

/// Longer than the timeout of an attempt (`stripe/call.rs`: 4 s).
const HELD: Duration = Duration::from_secs(5);
/// Two seconds before the first event in the fixtures.
const LIFE_START: i64 = 1_767_607_200;

/// A failure of the next requests.
#[derive(Debug, Clone)]
pub enum StripeFault {
    /// Not executed; this response is sent.
    Answer(u16, Value),
    /// 500. It is stored under the idempotency key and replayed.
    ServerError,
    /// Executed, then a timeout.
    TimeoutAfter,
}

/// A recorded request.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    /// Method and path.
    pub what: String,
    /// Decoded form, or the query of a GET.
    pub form: BTreeMap<String, String>,
    pub headers: HeaderMap,
}

#[derive(Default)]
struct Account {
    requests: Vec<RecordedRequest>,
    /// Request and response by idempotency key; the response is `None` for a 500.
    done: HashMap<String, (String, Option<Value>)>,
    created: usize,
    /// Customers by charge or invoice.
    owners: HashMap<String, String>,
    /// All lines by invoice.
    lines: HashMap<String, Vec<Value>>,
    /// Deleted customers.
    deleted: HashSet<String>,
    /// Customers of whom this account knows nothing.
    unknown: HashSet<String>,
    faults: Vec<StripeFault>,
}

/// The stand-in. It stops when the test ends.
pub struct StripeStandIn {
    account: Arc<Mutex<Account>>,
    base: String,
    server: JoinHandle<()>,
}

impl Drop for StripeStandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl StripeStandIn {
    /// Starts the stand-in on its own port.
    pub async fn start() -> Self {
        let account = Arc::new(Mutex::new(Account::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&account));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { account, base, server }
    }

    /// Base URL.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The requests since the last call of this function.
    #[must_use]
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut lock(&self.account).requests)
    }

    /// Makes each of the next requests fail as given.
    pub fn fail(&self, faults: &[StripeFault]) {
        lock(&self.account).faults = faults.iter().rev().cloned().collect();
    }

    /// Sets the customer of a charge or an invoice.
    pub fn set_customer(&self, id: &str, customer: &str) {
        lock(&self.account).owners.insert(id.to_owned(), customer.to_owned());
    }

    /// Sets the lines of an invoice.
    pub fn set_lines(&self, invoice: &str, lines: &[Value]) {
        lock(&self.account).lines.insert(invoice.to_owned(), lines.to_vec());
    }

    /// Deletes a customer.
    pub fn delete_customer(&self, customer: &str) {
        lock(&self.account).deleted.insert(customer.to_owned());
    }

    /// Knows nothing of a customer, as with a key of another account, or knows it again.
    pub fn set_unknown(&self, customer: &str, is_unknown: bool) {
        let mut account = lock(&self.account);
        let _ = account.unknown.remove(customer);
        if is_unknown {
            account.unknown.insert(customer.to_owned());
        }
    }
}

fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(account): State<Arc<Mutex<Account>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let pairs = if method == Method::GET { uri.query().unwrap_or_default() } else { text.as_str() };
    let form: BTreeMap<String, String> = form_urlencoded::parse(pairs.as_bytes()).into_owned().collect();
    let what = format!("{method} {}", uri.path());
    let fault = {
        let mut account = lock(&account);
        account.requests.push(RecordedRequest { what: what.clone(), form: form.clone(), headers: headers.clone() });
        account.faults.pop()
    };
    if let Some(StripeFault::Answer(status, body)) = fault {
        return (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    }
    if let Some(StripeFault::ServerError) = fault {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        lock(&account).done.insert(key, (format!("{what} {form:?}"), None));
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let (status, body) = lock(&account).answer(&what, &form, &headers);
    if status.is_server_error() {
        return (status, [("idempotent-replayed", "true")]).into_response();
    }
    match fault {
        Some(StripeFault::TimeoutAfter) => {
            tokio::time::sleep(HELD).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        _ => (status, [("request-id", "req_standIn")], axum::Json(body)).into_response(),
    }
}

impl Account {
    fn answer(&mut self, what: &str, form: &BTreeMap<String, String>, headers: &HeaderMap) -> (StatusCode, Value) {
        let refuse = |status, kind: &str| (status, json!({"error": {"type": kind, "message": "said by the stand-in"}}));
        if headers.get("authorization").is_none_or(|value| value != &format!("Bearer {SECRET_KEY}")) {
            return refuse(StatusCode::UNAUTHORIZED, "invalid_request_error");
        }
        if let Some(invoice) = what.strip_prefix("GET /v1/invoices/").and_then(|rest| rest.strip_suffix("/lines")) {
            return match self.lines.get(invoice) {
                Some(lines) => (StatusCode::OK, page_of(lines, form)),
                None => refuse(StatusCode::NOT_FOUND, "invalid_request_error"),
            };
        }
        if let Some(customer) = what.strip_prefix("GET /v1/customers/") {
            if self.deleted.contains(customer) {
                return (StatusCode::OK, json!({"id": customer, "object": "customer", "deleted": true}));
            }
            if self.unknown.contains(customer) {
                return refuse(StatusCode::NOT_FOUND, "invalid_request_error");
            }
            return (StatusCode::OK, json!({"id": customer, "object": "customer"}));
        }
        if let Some(id) = what.strip_prefix("GET /v1/charges/").or_else(|| what.strip_prefix("GET /v1/invoices/")) {
            return match self.owners.get(id) {
                Some(customer) => (StatusCode::OK, json!({"id": id, "customer": customer})),
                None => refuse(StatusCode::NOT_FOUND, "invalid_request_error"),
            };
        }
        if form
            .get("customer")
            .is_some_and(|customer| self.deleted.contains(customer) || self.unknown.contains(customer))
        {
            let error = json!({
                "type": "invalid_request_error", "code": "resource_missing", "param": "customer",
                "message": format!("No such customer: '{}'", form["customer"]),
            });
            return (StatusCode::BAD_REQUEST, json!({ "error": error }));
        }
        // Each of our POST requests has an idempotency key: a repeated key is executed once.
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        assert!(key.len() <= 255);
        let asked = format!("{what} {form:?}");
        if let Some((before, answer)) = self.done.get(&key) {
            let is_same = *before == asked;
            let answer = answer.clone();
            return match answer {
                _ if !is_same => refuse(StatusCode::BAD_REQUEST, "idempotency_error"),
                Some(answer) => (StatusCode::OK, answer),
                None => (StatusCode::INTERNAL_SERVER_ERROR, Value::Null),
            };
        }
        self.created += 1;
        let number = self.created;
        let created = match what {
            "POST /v1/customers" => json!({"id": format!("cus_{number:030}"), "object": "customer"}),
            "POST /v1/checkout/sessions" => {
                let id = format!("cs_test_{number:030}");
                json!({"id": id, "object": "checkout.session", "url": format!("https://checkout.stripe.com/c/pay/{id}")})
            }
            "POST /v1/billing_portal/sessions" => {
                json!({"id": "bps_1", "url": format!("https://billing.stripe.com/p/session/{number:030}")})
            }
            what if what.starts_with("POST /v1/customers/") => {
                json!({"id": what.trim_start_matches("POST /v1/customers/"), "object": "customer"})
            }
            other => panic!("the stand-in was asked for {other}"),
        };
        self.done.insert(key, (asked, Some(created.clone())));
        (StatusCode::OK, created)
    }
}

/// Pages are short, so that tests read several.
const PAGE_LINES: usize = 4;

/// One page of a list, in Stripe's format.
fn page_of(lines: &[Value], query: &BTreeMap<String, String>) -> Value {
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10).min(PAGE_LINES);
    let begin = match query.get("starting_after") {
        None => 0,
        Some(after) => lines.iter().position(|line| line["id"] == after.as_str()).unwrap() + 1,
    };
    let end = lines.len().min(begin + limit);
    json!({"object": "list", "data": lines[begin..end], "has_more": end < lines.len()})
}

/// The event format: of an older endpoint, or since API version 2025-03-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `subscription` on the invoice, `current_period_end` on the subscription.
    Before,
    /// `parent`, periods on the items, `invoice_payment.paid`.
    Since,
}

/// The ten events of a subscription: bought, renewed, upgraded, failed, recovered, refunded twice in part, disputed,
/// won, cancelled. The newer format has two more, which link payments to invoices. The events are moved to begin at
/// `start`, and `person` is their customer.
#[must_use]
pub fn life(shape: Shape, person: &Person, start: Timestamp) -> Vec<Value> {
    let files = match shape {
        Shape::Before => [include_str!("../../shared/src/domain/payments/fixtures/life_before_2025_03.json"), "[]"],
        Shape::Since => [
            include_str!("../../shared/src/domain/payments/fixtures/life_since_2025_03.json"),
            include_str!("../../shared/src/domain/payments/fixtures/payments_since_2025_03.json"),
        ],
    };
    files.into_iter().flat_map(|file| about(file, person, start)).collect()
}

/// A completed checkout, a created subscription, one that is past due, one that will end, a lost dispute, and an event
/// of an unknown type.
#[must_use]
pub fn others(shape: Shape, person: &Person, start: Timestamp) -> Vec<Value> {
    let file = match shape {
        Shape::Before => include_str!("../../shared/src/domain/payments/fixtures/others_before_2025_03.json"),
        Shape::Since => include_str!("../../shared/src/domain/payments/fixtures/others_since_2025_03.json"),
    };
    about(file, person, start)
}

/// All events of a customer in the format of API version 2026-10-28, from a trial to the customer's deletion 190 days
/// later.
#[must_use]
pub fn life_2026_10(person: &Person, start: Timestamp) -> Vec<Value> {
    about(include_str!("../../shared/src/domain/payments/fixtures/life_2026_10.json"), person, start)
}

/// The payment ids of [`life`]; `kind` is `ch`, `in` or `pi`.
#[must_use]
pub fn payment_of(person: &Person, kind: &str, number: u32) -> String {
    format!("{kind}_{number}{}", own(person))
}

/// The customer id in the events of [`life`].
#[must_use]
pub fn customer_of(person: &Person) -> String {
    format!("cus_{}", own(person))
}

/// Part of every id of a person, which makes it unique. It is long enough to be masked as an id.
fn own(person: &Person) -> String {
    person.id.replace('-', "")
}

fn about(file: &str, person: &Person, start: Timestamp) -> Vec<Value> {
    let file = file
        .replace("7aab6ffc-bcb3-43e7-a107-bbf481f0ba95", &person.id)
        .replace("cus_TjdWq2c8Pp0xkN", &customer_of(person));
    // Prices are shared; all other ids are unique per person.
    let file = file.replace("LkdIwHu7ix", &own(person));
    let file = [PRICE_STARTER, PRICE_UNLIMITED]
        .into_iter()
        .fold(file, |file, price| file.replace(&price.replace("LkdIwHu7ix", &own(person)), price));
    let mut events: Vec<Value> = serde_json::from_str(&file).unwrap();
    for event in &mut events {
        shift(event, start.as_second() - LIFE_START);
    }
    events
}

/// Shifts every timestamp in a value.
fn shift(value: &mut Value, seconds: i64) {
    match value {
        Value::Number(number) => {
            if let Some(time) = number.as_i64().filter(|time| (1_700_000_000..2_000_000_000).contains(time)) {
                *value = json!(time + seconds);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shift(value, seconds)),
        Value::Object(members) => members.values_mut().for_each(|value| shift(value, seconds)),
        _ => {}
    }
}

/// The signature header that Stripe sends with `body`.
#[must_use]
pub fn signature(body: &[u8], secret: &str, at: Timestamp) -> String {
    let seconds = at.as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}
