//! `GET /api/midterm/presets`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::{App, CourseError, course_or_first};
use shared::domain::credits::Credits;
use shared::domain::id::CourseId;
use shared::domain::midterm::{BlueprintView, Level, MidtermRequest, Student, plan};
use shared::domain::number::rounded;
use shared::http::{Body, OpenCatalogue, Problem, Query};
use utoipa::{IntoParams, ToSchema};

use crate::config::QUESTIONS_DEFAULT;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PresetQuery {
    /// The first active course by default.
    course_id: Option<CourseId>,
}

impl Body for PresetQuery {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PresetList {
    presets: Vec<Preset>,
}

/// A midterm to choose. Times and shares are those of the course's past midterms.
#[derive(Serialize, ToSchema)]
#[schema(as = MidtermPreset)]
#[serde(rename_all = "camelCase")]
struct Preset {
    /// A `difficulty` of `POST /api/midterm/generate`, or `custom` for a `config`.
    id: &'static str,
    name: &'static str,
    description: String,
    credit_cost: Credits,
    question_count: usize,
    /// Minutes.
    estimated_time: f64,
    difficulty_distribution: PresetShares,
    /// A colour for CSS.
    color: &'static str,
    /// Whether the client may change it and send it as `config`.
    customizable: bool,
}

/// Shares in percent.
#[derive(Serialize, ToSchema)]
struct PresetShares {
    easy: f64,
    medium: f64,
    hard: f64,
}

/// Lists the sizes of midterms and their price. Needs no session.
#[utoipa::path(
    get, path = "/api/midterm/presets",
    params(PresetQuery),
    responses((status = 200, description = "The presets, from easy to hard.", body = PresetList), (status = 304)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn list_presets(
    State(app): State<App>,
    Query(query): Query<PresetQuery>,
) -> Result<OpenCatalogue<PresetList>, Problem> {
    let bank = match course_or_first(&app, query.course_id.as_ref()).await {
        Ok(course) => app.store.bank(&course).await?,
        // Before the first import there are presets, too.
        Err(CourseError::NotFound) if query.course_id.is_none() => std::sync::Arc::default(),
        Err(error) => return Err(error.into()),
    };
    let preset = |id, name, level: Option<Level>, words: &str, color| {
        let custom = MidtermRequest { question_count: QUESTIONS_DEFAULT, ..MidtermRequest::default() };
        let (_, blueprint) = plan(&bank, &level.map_or(custom, MidtermRequest::of), &Student::default());
        Preset {
            id,
            name,
            description: format!("{} questions, {words}", blueprint.question_count),
            credit_cost: app.terms().midterm,
            question_count: blueprint.question_count,
            estimated_time: blueprint.minutes,
            difficulty_distribution: shares(&blueprint),
            color,
            customizable: level.is_none(),
        }
    };
    let presets = vec![
        preset("easy", "Easy midterm", Some(Level::Easy), "easier than past midterms.", "#16a34a"),
        preset("sample", "Sample midterm", Some(Level::Sample), "as hard as past midterms.", "#2563eb"),
        preset("hard", "Hard midterm", Some(Level::Hard), "harder than past midterms.", "#dc2626"),
        preset("custom", "Custom midterm", None, "or as many as you choose.", "#7c3aed"),
    ];
    Ok(OpenCatalogue(PresetList { presets }))
}

fn shares(blueprint: &BlueprintView) -> PresetShares {
    let [one, two, three, four, five] = blueprint.difficulty;
    let total: f64 = blueprint.difficulty.iter().sum();
    let percent = |part: f64| if total > 0.0 { rounded(part / total * 100.0, 0) } else { 0.0 };
    // Together 100, however the parts are rounded.
    let (easy, hard) = (percent(one + two), percent(four + five));
    PresetShares { easy, medium: if total > 0.0 { 100.0 - easy - hard } else { percent(three) }, hard }
}
