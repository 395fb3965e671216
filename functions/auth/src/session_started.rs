//! The response of register and login.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::account::profile::Profile;
use shared::domain::account::token::SessionToken;
use shared::domain::account::{Email, Name};
use shared::domain::credits::{Credits, Plan};
use shared::domain::id::UserId;
use utoipa::ToSchema;

/// A new session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionStarted {
    success: bool,
    token: String,
    user: SignedInUser,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SignedInUser)]
struct SignedInUser {
    id: UserId,
    email: Email,
    name: Name,
    credits: Credits,
    plan: Plan,
}

impl SessionStarted {
    /// Returns the token in clear, which no later response does. The balance is the one that `GET /api/auth/me`
    /// returns.
    pub(crate) fn of(profile: Profile, token: &SessionToken, now: Timestamp) -> Self {
        let wallet = profile.wallet.as_of(now);
        let user = SignedInUser {
            id: profile.id,
            email: profile.email,
            name: profile.name,
            credits: wallet.credits,
            plan: wallet.plan,
        };
        Self { success: true, token: token.reveal(), user }
    }
}
