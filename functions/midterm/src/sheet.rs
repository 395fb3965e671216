//! A midterm as returned by the API.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::id::CourseId;
use shared::domain::midterm::{BlueprintView, Fit, Level, Midterm, MidtermId};
use shared::domain::questions::view::QuestionView;
use shared::domain::time::in_answer;
use utoipa::ToSchema;

use crate::sitting_view::SittingView;

/// Value of `difficulty` for a midterm generated from a `config`.
const CUSTOM: &str = "custom";

#[derive(Serialize, ToSchema)]
#[schema(as = Midterm)]
pub(crate) struct Sheet {
    midterm_id: MidtermId,
    course_id: CourseId,
    difficulty: &'static str,
    questions: Vec<QuestionView>,
    blueprint: BlueprintView,
    fit: Fit,
    seed: u64,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
    /// Present only if the midterm was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) sitting: Option<SittingView>,
}

impl From<Midterm<QuestionView>> for Sheet {
    fn from(midterm: Midterm<QuestionView>) -> Self {
        Self {
            midterm_id: midterm.id,
            course_id: midterm.course_id,
            difficulty: difficulty(midterm.level),
            questions: midterm.questions,
            blueprint: midterm.blueprint,
            fit: midterm.fit,
            seed: midterm.seed,
            created_at: midterm.created_at,
            sitting: None,
        }
    }
}

pub(crate) fn difficulty(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Easy) => "easy",
        Some(Level::Sample) => "sample",
        Some(Level::Hard) => "hard",
        None => CUSTOM,
    }
}
