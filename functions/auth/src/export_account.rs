//! `GET /api/auth/export`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::app::App;
use shared::app::response_size::bytes_as_sent;
use shared::domain::schema::has_schema;
use shared::domain::time::{in_answer, shown};
use shared::http::page::Cursor;
use shared::http::{Body, Claim, Problem, Query};
use shared::store::{Store, StoredItem};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder};
use utoipa::{IntoParams, ToSchema};

/// Byte limit for the items of one response: a Lambda response holds at most 6 MB. A DynamoDB item has less than 400 KB
/// and grows at most a few times as JSON, so a single item always fits.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    cursor: Option<Cursor>,
}

impl Body for ExportQuery {
    const REQUIRED: &'static [&'static str] = &[];
}

/// All data stored about a user, as stored, without secrets (password hash, token hashes, secret and recovery codes of a second factor). A large account is split
/// into pages; each list continues where it ended in the previous page.
#[derive(Serialize, ToSchema)]
pub(crate) struct Export {
    #[serde(serialize_with = "in_answer")]
    exported_at: Timestamp,
    /// Pass as `cursor` to get the next page. Null on the last page.
    next_cursor: Option<String>,
    #[serde(flatten)]
    #[schema(value_type = ExportedItems)]
    items: BTreeMap<&'static str, Vec<Map<String, Value>>>,
}

/// Item types and the names of their lists in the export.
const LISTS: [(&str, &str); 19] = [
    ("Profile", "profile"),
    ("Session", "sessions"),
    ("Entry", "credit_transactions"),
    ("Progress", "progress"),
    ("Delivery", "deliveries"),
    ("Attempt", "attempts"),
    ("Mastery", "mastery"),
    ("Midterm", "midterms"),
    ("Sitting", "sittings"),
    ("OwnedAnalysis", "analyses"),
    ("Enrollment", "enrollments"),
    ("Record", "idempotency_records"),
    ("Adjustment", "adjustments"),
    ("Report", "reports"),
    ("Redemption", "vouchers"),
    ("LinkToken", "link_tokens"),
    ("Factor", "second_factors"),
    ("Challenge", "challenges"),
    ("Mail", "mails"),
];
/// The list of all other items.
const OTHER: &str = "other";

/// The name of an item type in the export.
fn name(entity: &str) -> &'static str {
    LISTS.iter().find(|(of, _)| *of == entity).map_or(OTHER, |(_, name)| name)
}

/// The lists of an export. Each has a name in the contract: a map of lists beside other members is a type that many
/// generators cannot express.
struct ExportedItems;

has_schema!(ExportedItems, {
    let item = || ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)));
    let list = |name| {
        let list = ArrayBuilder::new().items(item()).description(Some("Absent if the page has none."));
        (name, list)
    };
    let names = LISTS.iter().map(|(_, name)| *name).chain([OTHER]);
    names.map(list).fold(ObjectBuilder::new(), |all, (name, list)| all.property(name, list))
});

/// Converts epoch seconds in members whose names end in `_at` to the timestamp format of all responses.
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

/// Exports all data stored about the user, in pages of at most 4 MiB.
///
/// Most accounts fit in one page.
#[utoipa::path(
    get, path = "/api/auth/export",
    params(ExportQuery),
    responses((status = 200, description = "One page of the export.", body = Export))
)]
pub(crate) async fn export_account(
    State(app): State<App>,
    claim: Claim,
    Query(page): Query<ExportQuery>,
) -> Result<impl IntoResponse, Problem> {
    let place = page.cursor.as_ref().map(Cursor::place);
    if place.is_some_and(|place| !Store::is_place(place)) {
        return Err(Problem::invalid_field("cursor", "must be the `next_cursor` of an earlier page"));
    }
    let mut bytes = 0;
    let fits = |item: &StoredItem| {
        // Plus the comma that follows it.
        bytes += bytes_as_sent(&item.attributes) + 1;
        bytes <= PAGE_BYTES_MAX
    };
    let reads = async {
        tokio::try_join!(app.store.items_of(claim.user_id(), place, fits), app.store.mails_of(claim.user_id()))
    };
    let (_, (page, mails)) = claim.with(reads).await?;
    let mut items: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mut item in page.items {
        show_times(&mut item.attributes);
        items.entry(name(&item.entity)).or_default().push(item.attributes);
    }
    // The outbox has few mails of a user, and only for days, so the last page has room for them.
    if page.next.is_none() {
        for mail in mails {
            if let Ok(Value::Object(mail)) = serde_json::to_value(mail) {
                items.entry(name("Mail")).or_default().push(mail);
            }
        }
    }
    let file = [(header::CONTENT_DISPOSITION, "attachment; filename=\"pastpaper-export.json\"")];
    let next_cursor = page.next.as_deref().map(Cursor::encode);
    Ok((file, axum::Json(Export { exported_at: app.now(), next_cursor, items })))
}
