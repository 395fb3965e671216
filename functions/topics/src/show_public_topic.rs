//! `GET /api/topics/{id}/public`

use axum::extract::State;
use serde::Serialize;
use shared::app::{App, course_with};
use shared::domain::catalog::topic_insight::{insight, questions_of};
use shared::domain::id::TopicId;
use shared::http::{OpenCatalogue, Path, Problem};
use utoipa::ToSchema;

use crate::topic_page::{Sample, TopicFacts, samples};

#[derive(Serialize, ToSchema)]
pub(crate) struct PublicTopicPage {
    topic: TopicFacts,
    questions: Vec<Sample>,
    analysis: PublicTopicAnalysis,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PublicTopicAnalysis {
    /// Share of past exams with the topic, 0 to 1.
    frequency: f64,
    avg_difficulty: f64,
    avg_points: f64,
    study_tips: Vec<String>,
}

/// Returns a topic of an active course, its statistics on past exams, and up to five locked questions. Needs no session.
///
/// If several courses have a topic with this id, it is that of the first of them by id.
#[utoipa::path(
    get, path = "/api/topics/{id}/public",
    params(("id" = TopicId, Path)),
    responses(
        (status = 200, description = "The topic, its statistics and locked sample questions.", body = PublicTopicPage),
        (status = 304)
    )
)]
pub(crate) async fn show_public_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
) -> Result<OpenCatalogue<PublicTopicPage>, Problem> {
    let none = || Problem::not_found("topic");
    let (course, bank) = course_with(&app, |bank| bank.topic(&id).is_some()).await?.ok_or_else(none)?;
    let calibration = app.store.calibration(&course.id, app.now()).await?;
    let topic = bank.topic(&id).ok_or_else(none)?;
    let questions = questions_of(&bank, topic);
    let insight = insight(topic, &questions, bank.exams.len(), &calibration);
    Ok(OpenCatalogue(PublicTopicPage {
        topic: TopicFacts::of(topic, &insight),
        questions: samples(&bank, questions),
        analysis: PublicTopicAnalysis {
            frequency: insight.frequency_score,
            avg_difficulty: insight.avg_difficulty,
            avg_points: insight.avg_points,
            study_tips: insight.study_tips,
        },
    }))
}
