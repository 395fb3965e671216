//! The part of `pastpaper verify` that checks the versions of questions by which attempts were marked.

use std::collections::{BTreeSet, HashMap};

use shared::app::App;
use shared::domain::catalog::version::FIRST_VERSION;
use shared::domain::id::QuestionId;
use shared::domain::study::attempt::Attempt;
use shared::store::StoreError;

/// Attempts that were marked by a version that their question never had. Every question has had the first version, so only the
/// questions of later ones are read. A question that does not exist any more is no fault of its attempts.
pub(crate) async fn unknown_versions(app: &App, attempts: &[Attempt]) -> Result<Vec<String>, StoreError> {
    let later = || attempts.iter().filter(|attempt| attempt.version != FIRST_VERSION);
    let ids: Vec<&QuestionId> =
        later().map(|attempt| &attempt.question_id).collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Read after the attempts: versions only grow.
    let questions = app.store.summaries_now(&ids).await?;
    let current: HashMap<&QuestionId, u32> =
        questions.iter().map(|question| (&question.meta.id, question.version)).collect();
    let fault = |attempt: &Attempt| {
        let current = *current.get(&attempt.question_id)?;
        let is_known = (FIRST_VERSION..=current).contains(&attempt.version);
        (!is_known).then(|| {
            format!(
                "{}: an attempt on question {} was marked by version {}, and the question has {current}",
                attempt.course_id, attempt.question_id, attempt.version
            )
        })
    };
    Ok(later().filter_map(fault).collect())
}
