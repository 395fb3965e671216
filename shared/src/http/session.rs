//! Authentication. A handler for signed-in users takes a [`Claim`]. The handler's own reads run concurrently with the
//! session check, in one round trip; their results are returned only if the check succeeds. The request is counted for
//! rate limits at the same time, before anything is returned or written.

use std::future::Future;
use std::pin::Pin;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use tokio::sync::OnceCell;

use super::limit::{LimitSubject, Limiter};
use super::problem::Problem;
use crate::app::App;
use crate::app::caller::Caller;
use crate::domain::account::Email;
use crate::domain::account::token::SessionToken;
use crate::domain::id::UserId;
use crate::domain::limits::{LimitedAction, Standing, Window, email_subject};
use crate::request_metrics::note_user;
use crate::store::SignedIn;

/// A well-formed token that is not checked yet. Parsing it calls no database.
pub struct Claim {
    token: SessionToken,
    app: App,
    limiter: Limiter,
    /// Result of rate limiting. The request is counted once, however often the session is checked.
    admission: OnceCell<Result<(), Problem>>,
    /// Result of the rate limits that need what is read with the session: the sampled counter and the profile.
    sampled_admission: OnceCell<Result<(), Problem>>,
}

impl FromRequestParts<App> for Claim {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts).ok_or_else(Problem::unauthenticated)?;
        let limiter = Limiter::from_request_parts(parts, app).await?;
        Ok(Self { token, app: app.clone(), limiter, admission: OnceCell::new(), sampled_admission: OnceCell::new() })
    }
}

/// The token of the only `Authorization` header. The scheme is case-insensitive.
fn bearer(parts: &Parts) -> Option<SessionToken> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| SessionToken::parse(token.trim()).ok()).flatten()
}

impl Claim {
    /// The user named by the unchecked token. Use it only to start a read whose result is returned through
    /// [`Claim::with`].
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.token.user_id()
    }

    /// The token, for ending its session.
    #[must_use]
    pub fn token(&self) -> &SessionToken {
        &self.token
    }

    /// The request's limiter, for handlers that check a password.
    #[must_use]
    pub fn limiter(&self) -> Limiter {
        self.limiter.clone()
    }

    /// Returns the user if the session is valid and the request is within its limits. Reading and counting run
    /// concurrently.
    ///
    /// # Errors
    /// 401 if the session does not exist or has expired; 429 if a rate limit is exceeded.
    pub async fn check(&self) -> Result<SignedIn, Problem> {
        self.check_that(SignedIn::is_valid).await
    }

    /// Like [`Claim::check`], but also accepts an account whose deletion has begun, so that deletion can be resumed.
    ///
    /// # Errors
    /// As [`Claim::check`].
    pub async fn check_closing(&self) -> Result<SignedIn, Problem> {
        self.check_that(SignedIn::is_of_epoch).await
    }

    async fn check_that(&self, is_valid: fn(&SignedIn) -> bool) -> Result<SignedIn, Problem> {
        let window = self.app.limits.window(LimitedAction::SignedIn, self.app.now());
        let asker = LimitSubject { user: Some(self.user_id()), email: None };
        let unsampled = || self.limiter.admit_unsampled(asker);
        let admission = async { self.admission.get_or_init(unsampled).await.clone() };
        let (signed_in, admitted) = tokio::join!(self.app.store.signed_in(&self.token, window), admission);
        match signed_in?.filter(is_valid) {
            Some(signed_in) if signed_in.session.is_live(self.app.now()) => {
                note_user(signed_in.profile.id);
                admitted?;
                let sampled = || async {
                    self.limiter.admit_sampled(window, signed_in.profile.id, signed_in.counted).await?;
                    self.limiter.admit_spend(&signed_in.profile)
                };
                self.sampled_admission.get_or_init(sampled).await.clone().map(|()| signed_in)
            }
            Some(_) => Err(self.refuse(Problem::session_expired()).await),
            None => Err(self.refuse(Problem::unauthenticated()).await),
        }
    }

    /// Counts the request once, under every policy, without reading the session.
    ///
    /// # Errors
    /// 429 if a rate limit is exceeded.
    pub async fn admit(&self) -> Result<(), Problem> {
        let asker = LimitSubject { user: Some(self.user_id()), email: None };
        self.admission.get_or_init(|| self.limiter.admit(asker)).await.clone()
    }

    /// Counts the request under `action`, for routes where only some requests count. The session must be checked.
    ///
    /// # Errors 429 if the limit is exceeded.
    pub async fn admit_to(&self, action: LimitedAction) -> Result<(), Problem> {
        self.limiter.admit_to(action, self.user_id().to_string()).await
    }

    /// Counts the request under `action`, which counts by email. The session must be checked.
    ///
    /// # Errors 429 if the limit is exceeded.
    pub async fn admit_email_to(&self, action: LimitedAction, email: &Email) -> Result<(), Problem> {
        self.limiter.admit_to(action, email_subject(email.as_str())).await
    }

    /// The response to an invalid token: `problem`, or 429 if there were too many.
    pub async fn refuse(&self, problem: Problem) -> Problem {
        self.limiter.admit_anonymous().await.err().unwrap_or(problem)
    }

    /// Runs `work` concurrently with the session check and returns the user and the result of `work`. Without a valid
    /// session the result is dropped.
    ///
    /// # Errors
    /// 401 or 429 as [`Claim::check`]; otherwise the error of `work`.
    pub fn with<'a, T, E: Into<Problem>>(
        &'a self,
        work: impl Future<Output = Result<T, E>> + 'a,
    ) -> Pin<Box<impl Future<Output = Result<(SignedIn, T), Problem>> + 'a>> {
        // Boxed: the future of an SDK call has 6 KB, and this future holds several.
        Box::pin(async move {
            let (signed_in, done) = tokio::join!(self.check(), work);
            Ok((signed_in?, done.map_err(Into::into)?))
        })
    }
}

impl Caller for Claim {
    type Error = Problem;

    fn user_id(&self) -> UserId {
        Self::user_id(self)
    }

    async fn with<T: Send, E: Send>(
        &self,
        reads: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<(SignedIn, T), Problem>
    where
        Problem: From<E>,
    {
        Self::with(self, reads).await
    }

    async fn admit_to(&self, action: LimitedAction) -> Result<(), Problem> {
        Self::admit_to(self, action).await
    }

    async fn give_back(&self, action: LimitedAction) {
        self.limiter.give_back(action).await;
    }

    fn spend_window(&self) -> Option<Window> {
        self.limiter.spend_window()
    }

    fn note_spends(&self, window: Window, standing: Standing) {
        self.limiter.note(window, self.user_id(), standing);
    }
}
