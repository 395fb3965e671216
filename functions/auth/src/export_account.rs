//! `GET /api/auth/export`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::app::App;
use shared::domain::time::{in_answer, shown};
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

/// Everything that is stored of a user, as it is stored, but for what is a secret: the hash of the password, the hashes
/// of tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct Export {
    #[serde(serialize_with = "in_answer")]
    exported_at: Timestamp,
    #[serde(flatten)]
    items: BTreeMap<&'static str, Vec<Map<String, Value>>>,
}

/// What a kind of item is called.
fn name(entity: &str) -> &'static str {
    match entity {
        "Profile" => "profile",
        "Session" => "sessions",
        "Entry" => "credit_transactions",
        "Progress" => "progress",
        "Attempt" => "attempts",
        "Mastery" => "mastery",
        "Midterm" => "midterms",
        "OwnedAnalysis" => "analyses",
        "Enrollment" => "enrollments",
        "Record" => "idempotency_records",
        _ => "other",
    }
}

/// Gives the instants of an item, whose names end in `_at`, the form that they have in every answer.
fn show_times(members: &mut Map<String, Value>) {
    for (name, value) in members {
        match value {
            Value::String(text) if name.ends_with("_at") => {
                if let Ok(at) = text.parse() {
                    *text = shown(at);
                }
            }
            Value::Object(members) => show_times(members),
            Value::Array(entries) => {
                entries.iter_mut().filter_map(Value::as_object_mut).for_each(show_times);
            }
            _ => {}
        }
    }
}

/// A copy of all that is stored of the user.
#[utoipa::path(
    get, path = "/api/auth/export",
    responses((status = 200, body = Export))
)]
pub(crate) async fn export_account(State(app): State<App>, claim: Claim) -> Result<impl IntoResponse, Problem> {
    let (_, stored) = claim.with(app.store.items_of(claim.user_id())).await?;
    let mut items: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mut item in stored {
        show_times(&mut item.attributes);
        items.entry(name(&item.entity)).or_default().push(item.attributes);
    }
    let file = [(header::CONTENT_DISPOSITION, "attachment; filename=\"pastpaper-export.json\"")];
    Ok((file, axum::Json(Export { exported_at: app.now(), items })))
}
