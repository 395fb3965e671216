//! `GET /api/courses/{id}/topics`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::app::{App, active_course};
use shared::domain::catalog::{Topic, row_with_extra_columns};
use shared::domain::id::CourseId;
use shared::http::{Body, Catalogue, Claim, Path, Problem, Query};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TopicFilter {
    category: Option<String>,
}

impl Body for TopicFilter {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TopicList {
    #[schema(value_type = Vec<Topic>)]
    pub(crate) topics: Vec<Value>,
}

/// Lists the topics of a course by number or name. `category` filters them, ignoring case.
#[utoipa::path(
    get, path = "/api/courses/{id}/topics",
    params(("id" = CourseId, Path), TopicFilter),
    responses((status = 200, description = "The topics.", body = TopicList), (status = 304))
)]
pub(crate) async fn list_topics(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
    Query(filter): Query<TopicFilter>,
) -> Result<Catalogue<TopicList>, Problem> {
    let (_, course) = claim.with(active_course(&app, &id)).await?;
    let bank = app.store.bank(&course).await?;
    let wanted = filter.category.map(|category| category.to_lowercase());
    let of_category = |category: &str| wanted.as_ref().is_none_or(|wanted| category.to_lowercase() == *wanted);
    let topics = bank.topics_in_order().into_iter().filter(|topic| of_category(&topic.category));
    Ok(Catalogue(TopicList { topics: topics.map(row_with_extra_columns).collect() }))
}
