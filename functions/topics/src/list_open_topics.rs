//! `GET /api/topics`

use std::cmp::Reverse;

use axum::extract::State;
use serde::Deserialize;
use shared::app::{App, course_or_first};
use shared::domain::catalog::row_with_extra_columns;
use shared::domain::id::CourseId;
use shared::http::{Body, OpenCatalogue, Problem, Query};
use utoipa::IntoParams;

use crate::list_topics::TopicList;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenTopicFilter {
    /// The first active course by default.
    course_id: Option<CourseId>,
}

impl Body for OpenTopicFilter {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Lists the topics of a course that have questions, those with the most questions first. Needs no session.
#[utoipa::path(
    get, path = "/api/topics",
    params(OpenTopicFilter),
    responses((status = 200, description = "The topics with questions.", body = TopicList), (status = 304)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn list_open_topics(
    State(app): State<App>,
    Query(filter): Query<OpenTopicFilter>,
) -> Result<OpenCatalogue<TopicList>, Problem> {
    let course = course_or_first(&app, filter.course_id.as_ref()).await?;
    let bank = app.store.bank(&course).await?;
    let mut topics = bank.topics_in_order();
    topics.retain(|topic| topic.question_count > 0);
    topics.sort_by_key(|topic| Reverse(topic.question_count));
    Ok(OpenCatalogue(TopicList { topics: topics.into_iter().map(row_with_extra_columns).collect() }))
}
