//! Questions in a list: locked ones as previews, unlocked ones in full.

use shared::app::App;
use shared::domain::catalog::{Course, QuestionSummary};
use shared::domain::id::QuestionId;
use shared::domain::questions::view::{Access, QuestionView};
use shared::domain::study::progress::Accesses;
use shared::http::{Problem, RenderQuery, TextFormat};

/// The views of a page of questions, without figures: their addresses are with each question.
pub(crate) async fn views(
    app: &App,
    course: &Course,
    page: &[&QuestionSummary],
    unlocked: &Accesses,
    render: Option<TextFormat>,
) -> Result<Vec<QuestionView>, Problem> {
    // The bank has no drawn formulas: HTML of a preview needs the question.
    let is_read = |question: &QuestionSummary| render.is_some() || unlocked.contains_key(&question.meta.id);
    let read: Vec<&QuestionSummary> = page.iter().filter(|question| is_read(question)).copied().collect();
    let whole = app.store.kept_questions(course, &read).await?;
    let access = |id: &QuestionId| unlocked.get(id).copied().unwrap_or(Access::Locked);
    let view = |summary: &&QuestionSummary| match whole.get(&summary.meta.id) {
        Some(question) => QuestionView { figures: Vec::new(), ..QuestionView::of(question, access(&summary.meta.id)) },
        None => QuestionView::of_summary(summary),
    };
    let mut questions: Vec<QuestionView> = page.iter().map(view).collect();
    RenderQuery { render }.render(&mut questions);
    Ok(questions)
}

/// Whether a question is in the student's lists. A withheld or retired question is not for sale, but users who unlocked it still
/// see it.
pub(crate) fn is_listed(question: &QuestionSummary, unlocked: &Accesses) -> bool {
    (!question.withheld && question.retired_at.is_none()) || unlocked.contains_key(&question.meta.id)
}
