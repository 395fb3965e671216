//! Tokens in links of mails: the account that a token opens, and the errors of tokens that open none.

use shared::domain::account::profile::Profile;
use shared::http::{Code, Problem};
use shared::store::LinkTokenState;

/// The account of a token that was looked up.
pub(crate) fn account(state: LinkTokenState) -> Result<Box<Profile>, Problem> {
    match state {
        LinkTokenState::Valid(profile) => Ok(profile),
        LinkTokenState::Used => Err(used()),
        LinkTokenState::Invalid => Err(invalid()),
    }
}

/// The token is unknown, was replaced by a newer one, or has expired.
pub(crate) fn invalid() -> Problem {
    Problem::new(Code::InvalidToken, "The link is wrong or has expired, or a newer one was sent; ask for another mail.")
}

/// The token was used before. Only its holder learns this.
pub(crate) fn used() -> Problem {
    Problem::new(Code::InvalidToken, "The link was used already; if that was not you, ask for another mail.")
}
