//! `GET /api/auth/export`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::app::App;
use shared::domain::time::{in_answer, shown};
use shared::http::page::Cursor;
use shared::http::{Body, Claim, Problem, Query, bytes_as_sent};
use shared::store::{Store, StoredItem};
use utoipa::{IntoParams, ToSchema};

/// Bytes that the items of an answer may have on their way out of a function, which sends 6 MB at most. An item of the
/// table has less than 400 KB, and a few times as much as JSON: alone in an answer, it is below that, too.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    cursor: Option<Cursor>,
}

impl Body for Page {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Everything that is stored of a user, as it is stored, but for what is a secret: the hash of the password, the hashes
/// of tokens. A large account comes in pages: each kind of item in each page goes on where the page before ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Export {
    #[serde(serialize_with = "in_answer")]
    exported_at: Timestamp,
    /// Of the next page, as `cursor`; null in the last.
    next_cursor: Option<String>,
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
        "Adjustment" => "adjustments",
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

/// A copy of all that is stored of the user, in pages of at most 4 MiB.
///
/// The first page of most accounts is the only one.
#[utoipa::path(
    get, path = "/api/auth/export",
    params(Page),
    responses((status = 200, body = Export))
)]
pub(crate) async fn export_account(
    State(app): State<App>,
    claim: Claim,
    Query(page): Query<Page>,
) -> Result<impl IntoResponse, Problem> {
    let place = page.cursor.as_ref().map(Cursor::place);
    if place.is_some_and(|place| !Store::is_place(place)) {
        return Err(Problem::invalid_field("cursor", "must be the `next_cursor` of an earlier page"));
    }
    let mut bytes = 0;
    let fits = |item: &StoredItem| {
        // And the comma behind it.
        bytes += bytes_as_sent(&item.attributes) + 1;
        bytes <= PAGE_BYTES_MAX
    };
    let (_, page) = claim.with(app.store.items_of(claim.user_id(), place, fits)).await?;
    let mut items: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mut item in page.items {
        show_times(&mut item.attributes);
        items.entry(name(&item.entity)).or_default().push(item.attributes);
    }
    let file = [(header::CONTENT_DISPOSITION, "attachment; filename=\"pastpaper-export.json\"")];
    let next_cursor = page.next.as_deref().map(Cursor::encode);
    Ok((file, axum::Json(Export { exported_at: app.now(), next_cursor, items })))
}
