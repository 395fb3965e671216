//! Rate limiting, as one layer around all routes of a function. The list of routes names the policies of each route.
//!
//! Counting runs concurrently with the reads of the request, so it adds no round trip. An open read is answered after it
//! is counted, [`Claim`](super::Claim) returns a user after counting, and a login is counted while its credential is
//! read, before a key is derived. A request that cannot be counted gets 503. A malformed request (400, 405, a
//! malformed token) calls no database and is not counted.
//!
//! A sampled policy ([`LimitedAction::is_sampled`]) is the exception: its counter is read together with the session, and
//! one request in several writes it, after the session was found valid.
//!
//! The profile counts a user's spends ([`LimitedAction::Spend`]). A request that finds the quota used is refused when its
//! session is checked; the transaction of a spend counts it, and refuses it if concurrent ones have used the quota.
//!
//! A count is taken back if the request did not do what the limit is for ([`LimitedAction::is_kept`]): after its
//! handler has answered or, if the client disconnected, after all of its work has ended.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::future::try_join_all;
use lambda_http::request::RequestContext;
use tokio::runtime::Handle;

use super::problem::{Code, Problem};
use super::routes::{RouteAccess, listed};
use crate::app::App;
use crate::app::kdf::Witness;
use crate::domain::account::profile::Profile;
use crate::domain::id::UserId;
use crate::domain::limits::{
    CountedBy, LimitedAction, PasswordCheckProgress, Standing, Window, address_subject, email_subject,
};
use crate::request_metrics::spawn_counted;
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
pub struct Limiter(Arc<LimiterState>);

struct LimiterState {
    app: App,
    actions: &'static [LimitedAction],
    address: String,
    counts: Mutex<RequestCounts>,
}

#[derive(Default)]
struct RequestCounts {
    counted: Vec<Counted>,
    progress: PasswordCheckProgress,
}

/// A counter that this request incremented.
#[derive(Clone)]
struct Counted {
    window: Window,
    subject: String,
    /// Requests that were added to the counter for this one: more than one, or none, if the policy is sampled.
    requests: u32,
    standing: Standing,
    is_given_back: bool,
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
    let limiter = Limiter(Arc::new(LimiterState { app, actions: route.limits, address, counts: Mutex::default() }));
    request.extensions_mut().insert(limiter.clone());
    let mut response = if route.access == RouteAccess::Open && route.method == Method::GET {
        // An open read has no side effects: if the request is over a limit, its answer is dropped.
        let (admitted, response) = tokio::join!(limiter.admit(LimitSubject::default()), next.run(request));
        admitted.map_or_else(IntoResponse::into_response, |()| response)
    } else {
        next.run(request).await
    };
    response.extensions_mut().insert(limiter.standings());
    limiter.give_back_that(|_, is_kept| !is_kept).await;
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
    /// Counts the request under every policy of its route except those that the handler counts with
    /// `Limiter::admit_to`.
    ///
    /// # Errors
    /// 429 if the request exceeds a policy; 503 if it cannot be counted.
    pub async fn admit(&self, asker: LimitSubject<'_>) -> Result<(), Problem> {
        self.admit_if(asker, |_| true).await
    }

    /// Like [`Limiter::admit`], but leaves the sampled policies to [`Limiter::admit_sampled`].
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub(super) async fn admit_unsampled(&self, asker: LimitSubject<'_>) -> Result<(), Problem> {
        self.admit_if(asker, |action| !action.is_sampled()).await
    }

    async fn admit_if(&self, asker: LimitSubject<'_>, is_meant: fn(LimitedAction) -> bool) -> Result<(), Problem> {
        let actions = self.0.actions.iter().filter(|action| action.is_for_every_request() && is_meant(**action));
        let counts = actions.filter_map(|action| {
            let subject = match action.counted_by() {
                CountedBy::Address => Some(self.0.address.clone()),
                CountedBy::User => asker.user.map(|user| user.to_string()),
                CountedBy::Email => asker.email.map(email_subject),
            };
            subject.map(|subject| self.count(*action, subject))
        });
        let standings = try_join_all(counts).await?;
        refuse_over(&standings)
    }

    /// Counts the request of `subject` under `action`, once until it is given back.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub(super) async fn admit_to(&self, action: LimitedAction, subject: String) -> Result<(), Problem> {
        let before = {
            let counts = self.0.counts();
            let mut before = counts.counted.iter().filter(|one| one.window.action == action && !one.is_given_back);
            before.next().map(|one| one.standing)
        };
        let standing = match before {
            Some(standing) => standing,
            None => self.count(action, subject).await?,
        };
        refuse_over(&[standing])
    }

    /// Counts the request of a user, who is known without a session, under `action`, once until it is given back.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub async fn admit_user_to(&self, action: LimitedAction, user: UserId) -> Result<(), Problem> {
        self.admit_to(action, user.to_string()).await
    }

    /// Counts a user's request under the sampled action of `window`, whose counter had `counted` requests before.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub(super) async fn admit_sampled(&self, window: Window, user: UserId, counted: u64) -> Result<(), Problem> {
        if !self.0.actions.contains(&window.action) {
            return Ok(());
        }
        let now = self.0.app.now();
        let next = window.standing(counted + 1, now);
        let sample = window.sample(counted);
        let subject = user.to_string();
        // A request over the limit need not be counted, too.
        let standing = if !next.is_over && self.0.app.sampler.selects(sample) {
            self.count_in(window, subject, sample).await?
        } else {
            self.note(window, user, next);
            next
        };
        refuse_over(&[standing])
    }

    /// The window in which a spend of this route counts; `None` if the route has no limit of spends.
    pub(super) fn spend_window(&self) -> Option<Window> {
        let action = LimitedAction::Spend;
        self.0.actions.contains(&action).then(|| self.0.app.limits.window(action, self.0.app.now()))
    }

    /// Refuses the request if the user's spends have used the quota. The request itself is counted if it spends.
    ///
    /// # Errors
    /// 429 if the quota is used.
    pub(super) fn admit_spend(&self, profile: &Profile) -> Result<(), Problem> {
        let Some(window) = self.spend_window() else { return Ok(()) };
        let (before, now) = (profile.spend_count.within(window), self.0.app.now());
        let next = window.standing(before + 1, now);
        let standing = if next.is_over { next } else { window.standing(before, now) };
        self.note(window, profile.id, standing);
        refuse_over(&[standing])
    }

    /// Replaces what the response headers say of a limit that needs no counter.
    pub(super) fn note(&self, window: Window, user: UserId, standing: Standing) {
        let noted = Counted { window, subject: user.to_string(), requests: 0, standing, is_given_back: false };
        let mut counts = self.0.counts();
        counts.counted.retain(|one| one.window.action != window.action);
        counts.counted.push(noted);
    }

    /// The token is invalid: the request counts for its address and no longer for the user in the token. Otherwise
    /// anybody who knows a user's id could exhaust that user's limits.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub(super) async fn admit_anonymous(&self) -> Result<(), Problem> {
        let before = std::mem::take(&mut self.0.counts().counted);
        if before.iter().any(|counted| counted.window.action == LimitedAction::Anonymous) {
            return refuse_over(&before.iter().map(|counted| counted.standing).collect::<Vec<_>>());
        }
        let before = before.into_iter().filter(|one| !one.is_given_back).collect();
        let given_back = spawn_counted(uncount(self.0.app.clone(), before));
        let standing = self.count(LimitedAction::Anonymous, self.0.address.clone()).await;
        let _ = given_back.await;
        refuse_over(&[standing?])
    }

    /// Takes back this request's counts of `action`, because the request is not of the limited kind.
    pub async fn give_back(&self, action: LimitedAction) {
        self.give_back_that(|counted, _| counted == action).await;
    }

    async fn give_back_that(&self, is_wanted: impl Fn(LimitedAction, bool) -> bool) {
        let these = self.0.counts().take(is_wanted);
        if !these.is_empty() {
            // Runs to its end even if the client disconnects, so that each count is taken back exactly once.
            let _ = spawn_counted(uncount(self.0.app.clone(), these)).await;
        }
    }

    async fn count(&self, action: LimitedAction, subject: String) -> Result<Standing, Problem> {
        let window = self.0.app.limits.window(action, self.0.app.now());
        self.count_in(window, subject, 1).await
    }

    async fn count_in(&self, window: Window, subject: String, requests: u32) -> Result<Standing, Problem> {
        let inner = Arc::clone(&self.0);
        // Runs to its end even if the client disconnects; otherwise it would be unknown whether there is a count to
        // take back.
        let counting = spawn_counted(async move {
            let count = inner.app.store.count_many(window, &subject, requests).await?;
            let standing = window.standing(count, inner.app.now());
            inner.counts().counted.push(Counted { window, subject, requests, standing, is_given_back: false });
            Ok::<_, StoreError>(standing)
        });
        Ok(counting.await.map_err(Problem::internal)??)
    }

    fn standings(&self) -> Standings {
        Standings(self.0.counts().counted.iter().map(|counted| counted.standing).collect())
    }
}

/// Takes counts back. If a count cannot be taken back, the limit applies early, never late; the failure is only logged.
async fn uncount(app: App, counted: Vec<Counted>) {
    let written = counted.iter().filter(|one| one.requests > 0);
    let given_back = written.map(|one| app.store.uncount(one.window, &one.subject, one.requests));
    if let Err(error) = try_join_all(given_back).await {
        tracing::warn!(%error, "a rate-limit count could not be taken back");
    }
}

impl RequestCounts {
    /// Removes and returns the counters that `is_wanted` selects, by action and by whether they are kept.
    fn take(&mut self, is_wanted: impl Fn(LimitedAction, bool) -> bool) -> Vec<Counted> {
        let progress = self.progress;
        let wanted = self.counted.iter_mut().filter(|one| {
            let action = one.window.action;
            !one.is_given_back && is_wanted(action, action.is_kept(progress))
        });
        wanted
            .map(|one| {
                one.is_given_back = true;
                one.clone()
            })
            .collect()
    }
}

impl LimiterState {
    fn counts(&self) -> MutexGuard<'_, RequestCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LimiterState {
    /// The client disconnected and all work for it has ended, so its progress is final.
    fn drop(&mut self) {
        let these = self.counts().take(|_, is_kept| !is_kept);
        if let (false, Ok(runtime)) = (these.is_empty(), Handle::try_current()) {
            runtime.spawn(uncount(self.app.clone(), these));
        }
    }
}

/// Moved into the work, so that the counts live until a started derivation ends.
impl Witness for Limiter {
    fn begins(&self) {
        self.0.counts().progress = PasswordCheckProgress::Derived;
    }

    fn is_right(&self) {
        self.0.counts().progress = PasswordCheckProgress::Right;
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
    Err(too_many(seconds, &names))
}

/// The problem of a request that exceeds the limits of these names.
pub(super) fn too_many(seconds: u32, names: &[&'static str]) -> Problem {
    let problem = Problem::new(Code::RateLimited, format!("Too many requests; try again in {seconds} s."));
    problem.with_member("retry_after_seconds", seconds).with_member("violated_policies", names)
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
