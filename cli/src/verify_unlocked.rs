//! The part of `pastpaper verify` that compares the exact sets of a profile with what the student has unlocked.

use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::id::UserId;
use shared::domain::questions::seen::UnlockedSet;
use shared::store::StoreError;

use crate::verify::READS_MAX;

/// Checks that the profile of an account with deliveries has exact sets, and that these are right. Reads again if the student
/// bought something meanwhile.
pub(crate) async fn check_unlocked(app: &App, user: UserId) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    for _ in 0..READS_MAX {
        let Some(profile) = app.store.profile(user).await? else { return Ok(Vec::new()) };
        wrong = faults(app, &profile).await?;
        let is_newer = app.store.profile(user).await?.is_none_or(|newer| newer.version != profile.version);
        if wrong.is_empty() || !is_newer {
            break;
        }
    }
    Ok(wrong)
}

async fn faults(app: &App, profile: &Profile) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    let rows = app.store.all_progress(profile.id).await?;
    if !profile.seen_questions.is_exact() {
        let delivered = rows.iter().filter(|row| row.delivered_by.is_some()).count();
        return Ok(Vec::from_iter((delivered > 0).then(|| {
            format!("{delivered} questions are in deliveries, and the profile does not say that there are any")
        })));
    }
    for course in app.store.recent_courses(app.now()).await?.iter() {
        if !profile.seen_questions.has_exact(course) {
            continue;
        }
        let bank = app.store.bank(course).await?;
        let stored = app.store.unlocked_times(profile.id, &course.id).await?;
        let stored = UnlockedSet::of(&bank, |id| stored.delivered.contains(id), |id| stored.last_seen.contains_key(id));
        match profile.seen_questions.exact(course, bank.questions.len()) {
            None => wrong.push(format!("{}: the set of unlocked questions cannot be read", course.id)),
            Some(set) => {
                if let Some(question) = set.first_fault(&stored).and_then(|place| bank.questions.get(place)) {
                    let id = &question.meta.id;
                    wrong.push(format!("{}: the set of unlocked questions is wrong about {id}", course.id));
                }
            }
        }
    }
    Ok(wrong)
}
