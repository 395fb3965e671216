//! `GET /api/courses/{id}/topics/{topic_id}`, in the form that the web client expects.

use std::cmp::Reverse;

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::app::{App, active_course};
use shared::domain::catalog::topic_insight::{TopicInsight, insight, questions_of};
use shared::domain::catalog::{Bank, QuestionSummary, Topic, row_with_extra_columns};
use shared::domain::id::{CourseId, TopicId};
use shared::domain::questions::view::QuestionView;
use shared::http::{Catalogue, Claim, Path, Problem};
use utoipa::ToSchema;

/// Largest number of sample questions.
const SAMPLES_MAX: usize = 5;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TopicAnswer {
    topic: TopicFacts,
    sample_questions: Vec<Sample>,
    analysis: TopicAnalysis,
}

#[derive(Serialize, ToSchema)]
struct TopicFacts {
    #[serde(flatten)]
    #[schema(value_type = Topic)]
    row: Value,
    appearances: usize,
    #[serde(rename = "totalExams")]
    total_exams: usize,
    #[serde(rename = "avgDifficulty")]
    avg_difficulty: f64,
    #[serde(rename = "avgPoints")]
    avg_points: f64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SampleQuestion)]
struct Sample {
    #[serde(flatten)]
    question: QuestionView,
    year: Option<i32>,
    semester: Option<String>,
    exam_type: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TopicAnalysis {
    frequency_score: f64,
    question_count: usize,
    common_difficulties: Vec<String>,
    study_tips: Vec<String>,
}

/// Returns a topic, its statistics on past exams, and up to five sample questions.
#[utoipa::path(
    get, path = "/api/courses/{id}/topics/{topic_id}",
    params(("id" = CourseId, Path), ("topic_id" = TopicId, Path)),
    responses((status = 200, body = TopicAnswer), (status = 304))
)]
pub(crate) async fn show_topic(
    State(app): State<App>,
    claim: Claim,
    Path((id, topic_id)): Path<(CourseId, TopicId)>,
) -> Result<Catalogue<TopicAnswer>, Problem> {
    let (_, course) = claim.with(active_course(&app, &id)).await?;
    let bank = app.store.bank(&course).await?;
    let topic = bank.topic(&topic_id).ok_or_else(|| Problem::not_found("topic"))?;
    let questions = questions_of(&bank, topic);
    let TopicInsight {
        appearances,
        total_exams,
        avg_difficulty,
        avg_points,
        frequency_score,
        question_count,
        common_difficulties,
        study_tips,
    } = insight(topic, &questions, bank.exams.len());
    let row = row_with_extra_columns(topic);
    Ok(Catalogue(TopicAnswer {
        topic: TopicFacts { row, appearances, total_exams, avg_difficulty, avg_points },
        sample_questions: samples(&bank, questions),
        analysis: TopicAnalysis { frequency_score, question_count, common_difficulties, study_tips },
    }))
}

/// Newest exam questions first, then generated questions.
fn samples(bank: &Bank, mut questions: Vec<&QuestionSummary>) -> Vec<Sample> {
    questions.retain(|question| !question.withheld);
    questions.sort_by_key(|question| Reverse(question.meta.source_exam_year));
    questions.into_iter().take(SAMPLES_MAX).map(|question| sample(bank, question)).collect()
}

fn sample(bank: &Bank, question: &QuestionSummary) -> Sample {
    let exam = question.meta.exam_id.as_ref().and_then(|id| bank.exam(id));
    Sample {
        question: QuestionView::of_summary(question),
        year: question.meta.source_exam_year,
        semester: exam.and_then(|exam| exam.semester.clone()),
        exam_type: question.meta.source_exam_type.clone(),
    }
}
