//! `GET /api/auth/notices`

use std::collections::BTreeSet;

use serde::Serialize;
use shared::domain::mail::notices::{NoticeKind, OptionalNotice};
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct NoticeList {
    notices: Vec<NoticeView>,
}

#[derive(Serialize, ToSchema)]
struct NoticeView {
    kind: NoticeKind,
    /// Whether it cannot be turned off.
    essential: bool,
    enabled: bool,
}

/// Lists the notices that the user gets by mail, and which of them can be turned off.
#[utoipa::path(
    get, path = "/api/auth/notices",
    responses((status = 200, description = "Every kind of notice.", body = NoticeList))
)]
pub(crate) async fn show_notices(claim: Claim) -> Result<axum::Json<NoticeList>, Problem> {
    let profile = claim.check().await?.profile;
    Ok(axum::Json(NoticeList::of(&profile.notices_off)))
}

impl NoticeList {
    /// All notices, of which these are turned off.
    pub(crate) fn of(off: &BTreeSet<OptionalNotice>) -> Self {
        let notices = NoticeKind::ALL.map(|kind| {
            let optional = kind.optional();
            let is_off = optional.is_some_and(|notice| off.contains(&notice));
            NoticeView { kind, essential: optional.is_none(), enabled: !is_off }
        });
        Self { notices: notices.into() }
    }
}
