//! The answer of register and login.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::account::profile::Profile;
use shared::domain::account::token::Token;
use shared::domain::account::{Email, Name};
use shared::domain::credits::{Credits, Plan};
use shared::domain::id::UserId;
use utoipa::ToSchema;

/// A session began.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionStarted {
    success: bool,
    token: String,
    user: User,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SignedInUser)]
struct User {
    id: UserId,
    email: Email,
    name: Name,
    credits: Credits,
    plan: Plan,
}

impl SessionStarted {
    /// The token in clear, here and never again; the balance as `me` will show it.
    pub(crate) fn of(profile: Profile, token: &Token, now: Timestamp) -> Self {
        let wallet = profile.wallet.as_of(now);
        let user = User {
            id: profile.id,
            email: profile.email,
            name: profile.name,
            credits: wallet.credits,
            plan: wallet.plan,
        };
        Self { success: true, token: token.reveal(), user }
    }
}
