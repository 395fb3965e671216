//! Size of a body in the Lambda response.

use serde::Serialize;

/// Bytes of a value in a JSON body as Lambda sends it. Lambda limits a response to 6 MB and embeds the body in a JSON
/// string, where each quote and backslash takes two bytes.
#[must_use]
pub fn bytes_as_sent(value: &impl Serialize) -> usize {
    let json = serde_json::to_vec(value).unwrap_or_default();
    json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}
