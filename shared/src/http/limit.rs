//! Rate limiting, as one layer around all routes of a function. The list of routes names the policies of each route.
//!
//! Counting runs concurrently with the reads of the request, so it adds no round trip: the answer to an open read is
//! held back until the request is counted, [`Claim`](super::Claim) returns the user only after that, and a login is
//! counted while its credential is read, before any key is derived. If counting fails, the answer is 503. A malformed
//! request (400, 405, a malformed token) calls no database, so it is not counted.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::future::try_join_all;
use lambda_http::request::RequestContext;

use super::problem::{Code, Problem};
use super::routes::{Access, listed};
use crate::app::App;
use crate::domain::id::UserId;
use crate::domain::limits::{CountedBy, LimitedAction, Standing, Window, address_subject, email_subject};
use crate::store::StoreError;

/// Counter subject for requests with an unknown client address.
const UNKNOWN_ADDRESS: &str = "unknown";
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The peer address of a connection. The server puts it into the request's extensions. API Gateway's source address
/// takes precedence.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

impl From<SocketAddr> for ClientAddress {
    fn from(address: SocketAddr) -> Self {
        Self(address.ip())
    }
}

/// Counts a request, at most once per policy of its route.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    app: App,
    actions: &'static [LimitedAction],
    address: String,
    counted: Mutex<Vec<Counted>>,
}

/// A counter that this request incremented.
#[derive(Clone)]
struct Counted {
    window: Window,
    subject: String,
    standing: Standing,
}

/// State of each policy after this request, for the response headers.
#[derive(Clone)]
pub(super) struct Standings(Vec<Standing>);

/// Counter subjects of a request, besides its address.
#[derive(Debug, Clone, Copy, Default)]
pub struct LimitSubject<'a> {
    /// The user named by the token.
    pub user: Option<UserId>,
    /// The email, as the client sent it.
    pub email: Option<&'a str>,
}

/// The middleware that applies the rate limits.
pub(super) async fn limit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = matched.and_then(|path| listed(request.method(), &path)) else { return next.run(request).await };
    let address = address_of(&request).map_or_else(|| UNKNOWN_ADDRESS.to_owned(), address_subject);
    let limiter = Limiter(Arc::new(Inner { app, actions: route.limits, address, counted: Mutex::default() }));
    request.extensions_mut().insert(limiter.clone());
    let mut response = if route.access == Access::Open && route.method == Method::GET {
        // An open read has no side effects: if the request is over a limit, its answer is dropped.
        let (admitted, response) = tokio::join!(limiter.admit(LimitSubject::default()), next.run(request));
        admitted.map_or_else(IntoResponse::into_response, |()| response)
    } else {
        next.run(request).await
    };
    response.extensions_mut().insert(limiter.standings());
    response
}

/// The client address. It is never taken from a header, since clients can forge those.
fn address_of(request: &Request) -> Option<IpAddr> {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => request.extensions().get::<ClientAddress>().map(|address| address.0),
    }
}

impl Limiter {
    /// Counts the request under every policy of its route.
    ///
    /// # Errors
    /// 429 if the request exceeds a policy; 503 if it cannot be counted.
    pub async fn admit(&self, asker: LimitSubject<'_>) -> Result<(), Problem> {
        let counts = self.0.actions.iter().filter_map(|action| {
            let subject = match action.counted_by() {
                CountedBy::Address => Some(self.0.address.clone()),
                CountedBy::User => asker.user.map(|user| user.to_string()),
                CountedBy::Email => asker.email.map(email_subject),
            };
            subject.map(|subject| self.count(*action, subject))
        });
        let standings = try_join_all(counts).await?;
        // A request over the limit of its account is not charged to its address, so it does not use up the quota of
        // other users behind the same address.
        if standings.iter().any(|one| one.is_over && one.action.counted_by() == CountedBy::Email) {
            for one in standings.iter().filter(|one| one.action.counted_by() == CountedBy::Address) {
                self.give_back(one.action).await;
            }
        }
        refuse_over(&standings)
    }

    /// The token was invalid: the request is counted for its address, and no longer for the user that the token named.
    /// Otherwise anybody who knows a user's id could use up that user's quota.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub(super) async fn admit_anonymous(&self) -> Result<(), Problem> {
        let before = std::mem::take(&mut *self.0.counted.lock().unwrap_or_else(PoisonError::into_inner));
        if before.iter().any(|counted| counted.window.action == LimitedAction::Anonymous) {
            return refuse_over(&before.iter().map(|counted| counted.standing).collect::<Vec<_>>());
        }
        let given_back = try_join_all(before.iter().map(|one| self.0.app.store.uncount(one.window, &one.subject)));
        let anonymous = self.count(LimitedAction::Anonymous, self.0.address.clone());
        let (standing, _) = tokio::try_join!(anonymous, given_back)?;
        refuse_over(&[standing])
    }

    /// Decrements the counters of `action`, because this request turned out to be outside of the policy's scope. A
    /// failure is only logged: the counter is then too high, so the limit applies early, never late.
    pub async fn give_back(&self, action: LimitedAction) {
        let mut counted = self.0.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        counted.retain(|one| one.window.action == action);
        let given_back = counted.iter().map(|one| self.0.app.store.uncount(one.window, &one.subject));
        if let Err(error) = try_join_all(given_back).await {
            tracing::warn!(%error, "cannot decrement a rate-limit counter");
        }
    }

    async fn count(&self, action: LimitedAction, subject: String) -> Result<Standing, StoreError> {
        let Inner { app, counted, .. } = &*self.0;
        let now = app.now();
        let window = app.limits.window(action, now);
        let standing = window.standing(app.store.count(window, &subject).await?, now);
        counted.lock().unwrap_or_else(PoisonError::into_inner).push(Counted { window, subject, standing });
        Ok(standing)
    }

    fn standings(&self) -> Standings {
        let counted = self.0.counted.lock().unwrap_or_else(PoisonError::into_inner);
        Standings(counted.iter().map(|counted| counted.standing).collect())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Limiter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal("a route without the limiting layer"))
    }
}

/// Returns 429 if any policy is exceeded, with the retry time and the names of these policies.
fn refuse_over(standings: &[Standing]) -> Result<(), Problem> {
    let over = || standings.iter().filter(|standing| standing.is_over);
    let Some(seconds) = over().map(|standing| standing.resets_in_seconds).max() else { return Ok(()) };
    let names: Vec<_> = over().map(|standing| standing.action.name()).collect();
    let problem = Problem::new(Code::RateLimited, format!("Too many requests; try again in {seconds} s."));
    Err(problem.with_member("retry_after_seconds", seconds).with_member("violated_policies", names))
}

impl Standings {
    /// Adds the headers of draft-ietf-httpapi-ratelimit-headers-10.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let list = |item: fn(&Standing) -> String| -> Option<HeaderValue> {
            let items: Vec<String> = self.0.iter().map(item).collect();
            HeaderValue::from_str(&items.join(", ")).ok().filter(|_| !items.is_empty())
        };
        let policies = list(|s| format!("\"{}\";q={};w={}", s.action.name(), s.policy.quota, s.policy.window_seconds));
        let standings = list(|s| format!("\"{}\";r={};t={}", s.action.name(), s.remaining, s.resets_in_seconds));
        if let (Some(policies), Some(standings)) = (policies, standings) {
            headers.insert(RATE_LIMIT_POLICY, policies);
            headers.insert(RATE_LIMIT, standings);
        }
        if let Some(seconds) = self.0.iter().filter(|s| s.is_over).map(|s| s.resets_in_seconds).max() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}
