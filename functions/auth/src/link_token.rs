//! Errors of tokens in links of mails.

use shared::http::{Code, Problem};

/// The token is unknown, was replaced by a newer one, or has expired.
pub(crate) fn invalid() -> Problem {
    Problem::new(Code::InvalidToken, "The link is wrong or has expired, or a newer one was sent; ask for another mail.")
}

/// The token was used before. Only its holder learns this.
pub(crate) fn used() -> Problem {
    Problem::new(Code::InvalidToken, "The link was used already; if that was not you, ask for another mail.")
}
