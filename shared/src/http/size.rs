//! How large an answer is on its way out of a function.

use serde::Serialize;

/// Bytes of a value in a JSON body, as a function sends them: Lambda takes 6 MB, and puts the body into a JSON text, which
/// writes two bytes for each quote and backslash of it.
#[must_use]
pub fn bytes_as_sent(value: &impl Serialize) -> usize {
    let json = serde_json::to_vec(value).unwrap_or_default();
    json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}
