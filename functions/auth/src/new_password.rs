//! What a new password must be besides long enough and uncommon.

use shared::domain::account::{Email, Name, NewPassword};
use shared::http::Problem;

/// Refuses a password that is made of its user's data; `field` is where it was sent.
pub(crate) fn check_context(field: &str, password: &NewPassword, email: &Email, name: &Name) -> Result<(), Problem> {
    password.check_context(email, name).map_err(|refused| Problem::invalid_field(field, &refused.to_string()))
}
