//! `GET /api/courses/{id}/topics/{topic_id}`, in the form that the web client expects.

use axum::extract::State;
use serde::Serialize;
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::topic_insight::{insight, questions_of};
use shared::domain::id::{CourseId, TopicId};
use shared::http::{Catalogue, Claim, Path, Problem};
use utoipa::ToSchema;

use crate::topic_page::{Sample, TopicFacts, samples};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TopicAnswer {
    topic: TopicFacts,
    sample_questions: Vec<Sample>,
    analysis: TopicAnalysis,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TopicAnalysis {
    /// Share of past exams with the topic, 0 to 1.
    frequency_score: f64,
    /// Number of its questions in the archive, including generated ones. `appearances` counts its exams.
    question_count: usize,
    /// What students get wrong, or else what its questions need. Never empty.
    common_difficulties: Vec<String>,
    study_tips: Vec<String>,
}

/// Returns a topic, its statistics on past exams, and up to five sample questions.
#[utoipa::path(
    get, path = "/api/courses/{id}/topics/{topic_id}",
    params(("id" = CourseId, Path), ("topic_id" = TopicId, Path)),
    responses(
        (status = 200, description = "The topic, its statistics and locked sample questions.", body = TopicAnswer),
        (status = 304)
    )
)]
pub(crate) async fn show_topic(
    State(app): State<App>,
    claim: Claim,
    Path((id, topic_id)): Path<(CourseId, TopicId)>,
) -> Result<Catalogue<TopicAnswer>, Problem> {
    let calibration = async { app.store.calibration(&id, app.now()).await.map_err(CourseError::from) };
    let reads = async { tokio::try_join!(active_course(&app, &id), calibration) };
    let (_, (course, calibration)) = claim.with(reads).await?;
    let bank = app.store.bank(&course).await?;
    let topic = bank.topic(&topic_id).ok_or_else(|| Problem::not_found("topic"))?;
    let questions = questions_of(&bank, topic);
    let insight = insight(topic, &questions, bank.exams.len(), &calibration);
    Ok(Catalogue(TopicAnswer {
        topic: TopicFacts::of(topic, &insight),
        sample_questions: samples(&bank, questions),
        analysis: TopicAnalysis {
            frequency_score: insight.frequency_score,
            question_count: insight.question_count,
            common_difficulties: insight.common_difficulties,
            study_tips: insight.study_tips,
        },
    }))
}
