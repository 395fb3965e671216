//! `GET /api/courses/{id}/analysis`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::app::App;
use shared::domain::analysis::{Analysis, charge};
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::http::{Claim, Code, Edition, Path, Problem, Purpose, active_course};
use shared::store::{Goods, Purchase, SpendError};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
struct AnalysisAnswer<'a> {
    credits_deducted: Credits,
    analysis: &'a Analysis,
}

/// The analysis of the course as it is now: charged once for each edition, free from then on.
#[utoipa::path(
    get, path = "/api/courses/{id}/analysis",
    params(("id" = CourseId, Path)),
    responses((status = 200, body = AnalysisAnswer), (status = 304)),
    extensions(("x-problems" = json!(["insufficient_credits", "not_purchased", "no_exams"])))
)]
pub(crate) async fn show_analysis(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
    purpose: Purpose,
) -> Result<Response, Problem> {
    let now = app.now();
    let owned = async { app.store.owned_editions(claim.user_id(), &id).await.map_err(Problem::from) };
    let reads = async { tokio::try_join!(active_course(&app, &id), owned) };
    let (user, (course, owned)) = claim.with(reads).await?;
    let none = || Problem::new(Code::NoExams, "This course has no past exams to analyse; nothing was charged.");
    let analysis = app.store.analysis(&course, now).await?.ok_or_else(none)?;

    if owned.contains(&analysis.edition) {
        return Ok(answer(0, &analysis));
    }
    let charge = charge();
    if purpose == Purpose::Peek {
        let detail = "This edition is not bought yet, and neither HEAD nor a prefetch buys it: send a plain GET.";
        let problem = Problem::new(Code::NotPurchased, detail);
        return Err(problem.with_member("credits_needed", charge.price));
    }
    let goods = [Goods::Analysis { course_id: id, edition: analysis.edition.clone() }];
    let purchase = Purchase { profile: user.profile, charge: &charge, goods: &goods, intent: None, now };
    match app.store.spend(purchase, &app.random).await {
        Ok(receipt) => Ok(answer(receipt.settlement.deducted(), &analysis)),
        // Another request of the same user bought it meanwhile.
        Err(SpendError::GoodsTaken) => Ok(answer(0, &analysis)),
        Err(error) => {
            // It may have spent the credits that are missing here, too.
            let owned = app.store.owned_editions(claim.user_id(), &course.id).await?;
            if owned.contains(&analysis.edition) { Ok(answer(0, &analysis)) } else { Err(error.into()) }
        }
    }
}

/// Only who has it already may be told that it is the same: a first answer is always sent whole.
fn answer(credits_deducted: Credits, analysis: &Analysis) -> Response {
    let body = axum::Json(AnalysisAnswer { credits_deducted, analysis });
    Edition { name: &analysis.edition, is_new: credits_deducted > 0, body }.into_response()
}
