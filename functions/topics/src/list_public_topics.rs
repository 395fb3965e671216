//! `GET /api/courses/{id}/topics/public`

use axum::extract::State;
use serde::Serialize;
use shared::app::{App, active_course};
use shared::domain::catalog::{Topic, number};
use shared::domain::id::{CourseId, TopicId};
use shared::http::{OpenCatalogue, Path, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct PublicTopicList {
    topics: Vec<PublicTopic>,
}

#[derive(Serialize, ToSchema)]
struct PublicTopic {
    id: TopicId,
    course_id: CourseId,
    name: String,
    slug: String,
    category: String,
    difficulty: Option<u8>,
    #[serde(with = "number")]
    frequency_score: Option<f64>,
    question_count: u32,
}

impl From<&Topic> for PublicTopic {
    fn from(topic: &Topic) -> Self {
        Self {
            id: topic.id.clone(),
            course_id: topic.course_id.clone(),
            name: topic.name.clone(),
            slug: topic.slug.clone(),
            category: topic.category.clone(),
            difficulty: topic.difficulty,
            frequency_score: topic.frequency_score,
            question_count: topic.question_count,
        }
    }
}

/// Lists the topics of a course without their insights. Needs no session.
#[utoipa::path(
    get, path = "/api/courses/{id}/topics/public",
    params(("id" = CourseId, Path)),
    responses(
        (status = 200, description = "The topics without their insights.", body = PublicTopicList),
        (status = 304)
    )
)]
pub(crate) async fn list_public_topics(
    State(app): State<App>,
    Path(id): Path<CourseId>,
) -> Result<OpenCatalogue<PublicTopicList>, Problem> {
    let course = active_course(&app, &id).await?;
    let bank = app.store.bank(&course).await?;
    Ok(OpenCatalogue(PublicTopicList { topics: bank.topics_in_order().into_iter().map(PublicTopic::from).collect() }))
}
