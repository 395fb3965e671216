//! Who asks. A handler that takes a [`Claim`] is for signed-in users; it gets at nothing of theirs before the claim
//! is checked, yet its own reads run at the same time as the check: one round trip for both.

use std::future::Future;
use std::pin::Pin;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::app::App;
use crate::domain::id::UserId;
use crate::domain::token::Token;
use crate::store::SignedIn;
use crate::tally::note_user;

/// A well-formed token, not checked yet. Reading it calls no database.
pub struct Claim {
    token: Token,
    app: App,
}

impl FromRequestParts<App> for Claim {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts).ok_or_else(Problem::unauthenticated)?;
        Ok(Self { token, app: app.clone() })
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

    /// The user, if the session is live.
    ///
    /// # Errors
    /// 401 when there is no such session or it is over.
    pub async fn check(&self) -> Result<SignedIn, Problem> {
        let signed_in = self.app.store.signed_in(&self.token).await?.ok_or_else(Problem::unauthenticated)?;
        if !signed_in.session.is_live(self.app.now()) {
            return Err(Problem::session_expired());
        }
        note_user(signed_in.profile.id);
        Ok(signed_in)
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
