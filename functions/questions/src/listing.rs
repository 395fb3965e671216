//! Questions in a list: locked ones as previews, unlocked ones in full.

use shared::app::App;
use shared::domain::catalog::{Course, QuestionSummary};
use shared::domain::questions::view::QuestionView;
use shared::domain::study::progress::{Rows, access};
use shared::http::{Problem, RenderQuery, TextFormat};

/// The views of a page of questions, without figures: their addresses are with each question.
pub(crate) async fn views(
    app: &App,
    course: &Course,
    page: &[&QuestionSummary],
    progress: &Rows,
    render: Option<TextFormat>,
) -> Result<Vec<QuestionView>, Problem> {
    // The bank has no drawn formulas: HTML of a preview needs the question.
    let is_read = |question: &QuestionSummary| render.is_some() || progress.contains_key(&question.meta.id);
    let read: Vec<&QuestionSummary> = page.iter().filter(|question| is_read(question)).copied().collect();
    let whole = app.store.kept_questions(course, &read).await?;
    let view = |summary: &&QuestionSummary| match whole.get(&summary.meta.id) {
        Some(question) => {
            QuestionView { figures: Vec::new(), ..QuestionView::of(question, access(progress.get(&summary.meta.id))) }
        }
        None => QuestionView::of_summary(summary),
    };
    let mut questions: Vec<QuestionView> = page.iter().map(view).collect();
    RenderQuery { render }.render(&mut questions);
    Ok(questions)
}

/// Whether a question is in the student's lists. A withheld or retired question is not for sale, but users who unlocked it still
/// see it.
pub(crate) fn is_listed(question: &QuestionSummary, progress: &Rows) -> bool {
    (!question.withheld && question.retired_at.is_none()) || progress.contains_key(&question.meta.id)
}
