//! `GET /api/assessment/progress`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::Topic;
use shared::domain::id::CourseId;
use shared::domain::study::attempt::accuracy_rate;
use shared::domain::study::{AttemptTotals, Study, TopicMasteryView};
use shared::http::{Body, Claim, Problem, Query};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    course_id: CourseId,
}

impl Body for Wanted {
    const REQUIRED: &'static [&'static str] = &["course_id"];
    const MISSING: &'static str = "Missing course_id";
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProgressAnswer {
    course_id: CourseId,
    #[serde(flatten)]
    total: AttemptCounts,
    questions_unlocked: usize,
    questions_attempted: usize,
    streak_days: u32,
    longest_streak_days: u32,
    topics: Vec<TopicProgress>,
    weeks: Vec<Week>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AttemptCounts)]
struct AttemptCounts {
    attempts: u32,
    correct: u32,
    accuracy_rate: f64,
    time_spent_seconds: u64,
}

#[derive(Serialize, ToSchema)]
struct TopicProgress {
    name: String,
    #[serde(flatten)]
    mastery: TopicMasteryView,
    #[serde(flatten)]
    counts: AttemptCounts,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WeekOfAttempts)]
struct Week {
    /// Date of its Monday.
    week: String,
    #[serde(flatten)]
    counts: AttemptCounts,
}

impl From<AttemptTotals> for AttemptCounts {
    fn from(AttemptTotals { attempts, correct, seconds }: AttemptTotals) -> Self {
        let accuracy_rate = accuracy_rate(correct, attempts);
        Self { attempts, correct, accuracy_rate, time_spent_seconds: seconds }
    }
}

/// Returns the attempts of a student in a course and the mastery of each topic.
#[utoipa::path(
    get, path = "/api/assessment/progress",
    params(Wanted),
    responses((status = 200, description = "The mastery of each topic.", body = ProgressAnswer)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn show_progress(
    State(app): State<App>,
    claim: Claim,
    Query(Wanted { course_id }): Query<Wanted>,
) -> Result<axum::Json<ProgressAnswer>, Problem> {
    let now = app.now();
    let user = claim.user_id();
    let of_store = async {
        let study = app.store.study(user, &course_id);
        Ok(tokio::try_join!(study, app.store.progress(user, &course_id), app.store.calibration(&course_id, now))?)
    };
    let reads = async { tokio::try_join!(active_course(&app, &course_id), of_store) };
    let (_, (course, (study, rows, calibration))) = claim.with::<_, CourseError>(reads).await?;
    let bank = app.store.bank(&course).await?;
    let Study { log, .. } = &study;
    let topic = |topic: &Topic| TopicProgress {
        name: topic.name.clone(),
        mastery: TopicMasteryView::of(topic.id.clone(), &study.estimate(&topic.id, &calibration, &bank, now)),
        counts: log.topics.get(&topic.id).copied().unwrap_or_default().into(),
    };
    Ok(axum::Json(ProgressAnswer {
        total: log.total.into(),
        questions_unlocked: rows.len(),
        questions_attempted: rows.values().filter(|row| row.attempts > 0).count(),
        streak_days: log.streak_at(now),
        longest_streak_days: log.longest_streak_days,
        topics: bank.topics.iter().map(topic).collect(),
        weeks: log.weeks.iter().map(|(week, tally)| Week { week: week.clone(), counts: (*tally).into() }).collect(),
        course_id,
    }))
}
