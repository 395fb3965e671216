//! Who asks. A handler that takes a [`Claim`] is for signed-in users; it gets at nothing of theirs before the claim
//! is checked, yet its own reads run at the same time as the check: one round trip for both. The request is counted at
//! the same time, too, before anything of it is given out or written.

use std::future::Future;
use std::pin::Pin;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use tokio::sync::OnceCell;

use super::limit::{LimitSubject, Limiter};
use super::problem::Problem;
use crate::app::App;
use crate::domain::account::token::Token;
use crate::domain::id::UserId;
use crate::domain::limits::LimitedAction;
use crate::request_metrics::note_user;
use crate::store::SignedIn;

/// A well-formed token, not checked yet. Reading it calls no database.
pub struct Claim {
    token: Token,
    app: App,
    limiter: Limiter,
    /// Whether the request is within the limits: counted once, however often the session is checked.
    admission: OnceCell<Result<(), Problem>>,
}

impl FromRequestParts<App> for Claim {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts).ok_or_else(Problem::unauthenticated)?;
        let limiter = Limiter::from_request_parts(parts, app).await?;
        Ok(Self { token, app: app.clone(), limiter, admission: OnceCell::new() })
    }
}

/// The token of the one `Authorization` header, whose scheme may be in any letter case.
fn bearer(parts: &Parts) -> Option<Token> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::parse(token.trim()).ok()).flatten()
}

impl Claim {
    /// Whose token it says it is. Enough to begin a read, whose result only [`Claim::with`] gives out.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.token.user_id()
    }

    /// The token, for the one who ends its session.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// What counts the request, for the one who checks a password.
    #[must_use]
    pub fn limiter(&self) -> Limiter {
        self.limiter.clone()
    }

    /// The user, if the session is live and the request within the limits: read and counted at the same time.
    ///
    /// # Errors
    /// 401 when there is no such session or it is over, 429 when the request is one too many.
    pub async fn check(&self) -> Result<SignedIn, Problem> {
        self.check_that(SignedIn::is_valid).await
    }

    /// The same, for the one who goes on deleting an account.
    ///
    /// # Errors
    /// As [`Claim::check`].
    pub async fn check_closing(&self) -> Result<SignedIn, Problem> {
        self.check_that(SignedIn::is_of_epoch).await
    }

    async fn check_that(&self, is_valid: fn(&SignedIn) -> bool) -> Result<SignedIn, Problem> {
        let (signed_in, admitted) = tokio::join!(self.app.store.signed_in(&self.token), self.admit());
        match signed_in?.filter(is_valid) {
            Some(signed_in) if signed_in.session.is_live(self.app.now()) => {
                note_user(signed_in.profile.id);
                admitted.map(|()| signed_in)
            }
            Some(_) => Err(self.refuse(Problem::session_expired()).await),
            None => Err(self.refuse(Problem::unauthenticated()).await),
        }
    }

    /// Counts the request, once.
    ///
    /// # Errors
    /// 429 when it is one too many.
    pub async fn admit(&self) -> Result<(), Problem> {
        let asker = LimitSubject { user: Some(self.user_id()), email: None };
        self.admission.get_or_init(|| self.limiter.admit(asker)).await.clone()
    }

    /// Counts the request under `action`, which not every request of the route is for. The session must be checked.
    ///
    /// # Errors
    /// 429 when it is one too many.
    pub async fn admit_to(&self, action: LimitedAction) -> Result<(), Problem> {
        self.limiter.admit_to(action, self.user_id()).await
    }

    /// The answer to a token that is nobody's: `problem`, or that there were too many of such.
    pub async fn refuse(&self, problem: Problem) -> Problem {
        self.limiter.admit_anonymous().await.err().unwrap_or(problem)
    }

    /// The user and the result of `work`, which runs at the same time. Without a session nobody learns how it ended.
    ///
    /// # Errors
    /// 401 as [`Claim::check`]; else the failure of `work`.
    pub fn with<'a, T, E: Into<Problem>>(
        &'a self,
        work: impl Future<Output = Result<T, E>> + 'a,
    ) -> Pin<Box<impl Future<Output = Result<(SignedIn, T), Problem>> + 'a>> {
        // Boxed: a call of the SDK is 6 KB of future, and this one holds several.
        Box::pin(async move {
            let (signed_in, done) = tokio::join!(self.check(), work);
            Ok((signed_in?, done.map_err(Into::into)?))
        })
    }
}
