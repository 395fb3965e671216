//! Checks a new password against its user's data. Length and common passwords are checked elsewhere.

use shared::domain::account::{Email, Name, NewPassword};
use shared::http::Problem;

/// Refuses a password that consists of its user's email, name or the service's name. `field` names the request field in
/// the error.
pub(crate) fn check_context(field: &str, password: &NewPassword, email: &Email, name: &Name) -> Result<(), Problem> {
    password.check_context(email, name).map_err(|refused| Problem::invalid_field(field, &refused.to_string()))
}
