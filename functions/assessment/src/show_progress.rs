//! `GET /api/assessment/progress`: as JSON, or as a page to print.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::Topic;
use shared::domain::id::CourseId;
use shared::domain::study::advice::advise;
use shared::domain::study::attempt::accuracy_rate;
use shared::domain::study::{AttemptTotals, Study, TopicMasteryView};
use shared::http::accept::prefers_page;
use shared::http::{Body, Claim, Problem, Query, printed};
use utoipa::{IntoParams, ToSchema};

use crate::progress_page::{More, page};

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
    pub(crate) total: AttemptCounts,
    pub(crate) questions_unlocked: usize,
    pub(crate) questions_attempted: usize,
    pub(crate) streak_days: u32,
    pub(crate) longest_streak_days: u32,
    pub(crate) topics: Vec<TopicProgress>,
    weeks: Vec<Week>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AttemptCounts)]
pub(crate) struct AttemptCounts {
    pub(crate) attempts: u32,
    pub(crate) correct: u32,
    pub(crate) accuracy_rate: f64,
    pub(crate) time_spent_seconds: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TopicProgress {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) mastery: TopicMasteryView,
    #[serde(flatten)]
    pub(crate) counts: AttemptCounts,
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

/// Weeks of the calendar on the page.
const CALENDAR_WEEKS: u16 = 52;

/// Returns the attempts of a student in a course and the mastery of each topic.
///
/// `Accept` chooses JSON, or a page to print that also has the points to expect on the next exam, a calendar and the plan.
#[utoipa::path(
    get, path = "/api/assessment/progress",
    params(Wanted),
    responses(
        (
            status = 200,
            description = "The mastery of each topic, as JSON or as a page to print.",
            content((ProgressAnswer = "application/json"), (String = "text/html"))
        )
    ),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn show_progress(
    State(app): State<App>,
    claim: Claim,
    Query(Wanted { course_id }): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
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
    let progress = ProgressAnswer {
        total: log.total.into(),
        questions_unlocked: rows.len(),
        questions_attempted: rows.values().filter(|row| row.attempts > 0).count(),
        streak_days: log.streak_at(now),
        longest_streak_days: log.longest_streak_days,
        topics: bank.topics_in_order().into_iter().map(topic).collect(),
        weeks: log.weeks.iter().map(|(week, tally)| Week { week: week.clone(), counts: (*tally).into() }).collect(),
        course_id,
    };
    if !prefers_page(&headers) {
        return Ok(printed::by_accept(axum::Json(progress).into_response()));
    }
    let analysis = app.store.analysis(&course, now).await?;
    let analysis = analysis.as_deref();
    let more = More {
        course: &course.name,
        bank: &bank,
        now,
        weeks: log.calendar(now, CALENDAR_WEEKS),
        points: analysis.and_then(|analysis| study.exam_points(&bank, analysis, &calibration, now)),
        quality: analysis.map(|analysis| analysis.forecast_quality),
        advice: advise(&bank, analysis, &study, &calibration, &rows, &[], now),
    };
    Ok(printed::response(page(&progress, &more), printed::NOTHING_ELSE))
}
