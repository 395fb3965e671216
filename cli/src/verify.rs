//! `pastpaper verify`: checks that every balance matches its ledger, every mastery estimate and review schedule matches its
//! attempts, and every exact set of unlocked questions what is unlocked.

use std::collections::{BTreeSet, HashSet};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use futures_util::StreamExt;
use futures_util::stream;
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::credits::ledger::{Entry, mismatches};
use shared::domain::id::{CourseId, UserId};
use shared::domain::study::{Study, differences};
use shared::domain::vouchers::Redemption;
use shared::http::logs::directive;
use shared::store::StoreError;

use crate::database::{DataSource, DatabaseUse};
use crate::mailboxes::Spellings;
use crate::output::{self, outln, plain};
use crate::verify_content::{incomplete_imports, wrong_courses};
use crate::verify_reviews::{Schedulers, check_schedules};
use crate::verify_unlocked::check_unlocked;
use crate::verify_versions::unknown_versions;
use crate::verify_vouchers::{Redeemed, without_entry};

/// Number of users checked concurrently.
const CONCURRENCY: usize = 16;
/// Name of the metric that the alarm watches.
const METRIC: &str = "VerifyMismatches";
/// Maximum number of reads of a user who spends between two reads.
pub(crate) const READS_MAX: usize = 5;

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    database: DataSource,
    /// Print the result as one `CloudWatch` EMF line (metric `VerifyMismatches`), without user ids
    #[arg(long)]
    emf: bool,
}

/// Result of the check.
#[derive(Debug, Default)]
pub struct Findings {
    /// Number of users checked.
    pub users: usize,
    /// Number of their entries.
    pub entries: usize,
    /// Users with errors, and the errors.
    pub wrong: Vec<(UserId, Vec<String>)>,
    /// Items that cannot be read, and why.
    pub corrupt: Vec<(String, String)>,
    /// Notes for the operator that are not errors.
    pub notes: Vec<String>,
}

impl Findings {
    /// Number of users and items with errors.
    #[must_use]
    pub fn mismatches(&self) -> usize {
        self.wrong.len() + self.corrupt.len()
    }

    /// The numbers as a line in `CloudWatch`'s embedded metric format.
    #[must_use]
    pub fn metrics(&self, stage: &str, now: Timestamp) -> Value {
        json!({
            "_aws": directive(&[&["stage"]], &[(METRIC, "Count")], now.as_millisecond()),
            "stage": stage,
            "users": self.users,
            "entries": self.entries,
            METRIC: self.mismatches(),
        })
    }

    /// The numbers and all errors, as text.
    #[must_use]
    pub fn report(&self) -> String {
        let Self { users, entries, .. } = self;
        let mut lines = vec![format!("{users} users, {entries} ledger entries, {} wrong", self.mismatches())];
        lines.extend(self.corrupt.iter().map(|(partition, cause)| format!("  {}: {}", plain(partition), plain(cause))));
        for (user, mismatches) in &self.wrong {
            lines.extend(mismatches.iter().map(|mismatch| format!("  user {user}: {}", plain(mismatch))));
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {}", plain(note))));
        lines.join("\n")
    }
}

/// Checks all users. The exit code is 1 if there is a mismatch.
///
/// # Errors
/// When storage fails.
pub async fn verify(arguments: Arguments) -> Result<ExitCode> {
    let open = arguments.database.open_to(DatabaseUse::Read).await?;
    let findings = check_all(&open.app).await?;
    if arguments.emf {
        output::json(&format!("{}\n", findings.metrics(&open.app.config.stage, open.app.now())))?;
    } else {
        outln!("{}", findings.report())?;
    }
    open.close();
    Ok(if findings.mismatches() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks all users.
///
/// # Errors
/// When storage fails.
pub async fn check_all(app: &App) -> Result<Findings> {
    let mut findings = Findings::default();
    let (mut closed, mut closing) = (Vec::new(), HashSet::new());
    let mut spellings = Spellings::default();
    let mut redeemed = Redeemed::default();
    let schedulers = Schedulers::default();
    let bar = ProgressBar::new_spinner();
    let mut from = None;
    loop {
        let page = app.store.scan_profiles(from).await?;
        findings.corrupt.extend(page.corrupt.into_iter().map(|(partition, error)| (partition, error.to_string())));
        closed.extend(page.closed);
        let held = page.held.iter().filter_map(|(email, held)| Some((email, held.fault()?)));
        findings.corrupt.extend(held.map(|(email, fault)| (format!("grants of {}", email.as_str()), fault.to_owned())));
        let begun = page.profiles.iter().filter_map(|profile| Some((profile.state.closing?, profile.id)));
        for (ledger, user) in begun {
            closing.insert(ledger);
            let how = "its deletion is incomplete; `pastpaper user delete` completes it";
            findings.wrong.push((user, vec![how.to_owned()]));
        }
        let profiles: Vec<Profile> =
            page.profiles.into_iter().filter(|profile| profile.state.closing.is_none()).collect();
        for profile in &profiles {
            spellings.see(profile);
        }
        let checks = profiles.into_iter().map(async |profile| (profile.id, check(app, &schedulers, profile).await));
        let mut checks = stream::iter(checks).buffer_unordered(CONCURRENCY);
        while let Some(checked) = checks.next().await {
            let (user, Checked { entries, redemptions, wrong }) = match checked {
                (user, Ok(checked)) => (user, checked),
                (user, Err(StoreError::Corrupt { entity, cause })) => {
                    findings.users += 1;
                    findings.corrupt.push((format!("user {user}"), format!("{entity} item is corrupt: {cause}")));
                    continue;
                }
                (_, Err(error)) => return Err(error.into()),
            };
            findings.users += 1;
            findings.entries += entries;
            redeemed.count(&redemptions);
            if !wrong.is_empty() {
                findings.wrong.push((user, wrong));
            }
            bar.inc(1);
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    // During a deletion, its entries are in two places.
    for ledger in closed.into_iter().filter(|ledger| !closing.contains(&ledger.id)) {
        let entries = app.store.closed_entries(ledger.id).await?;
        findings.entries += entries.len();
        let wrong: Vec<String> = ledger.mismatches(&entries).iter().map(ToString::to_string).collect();
        if !wrong.is_empty() {
            findings.wrong.push((UserId(ledger.id.0), wrong));
        }
    }
    findings.corrupt.extend(wrong_courses(app).await?);
    findings.corrupt.extend(redeemed.mismatches(&app.store.vouchers().await?));
    bar.finish_and_clear();
    findings.notes = spellings.pairs(app).await?;
    findings.notes.extend(incomplete_imports(app).await?);
    findings.wrong.sort_by_key(|(user, _)| *user);
    Ok(findings)
}

/// What was found about one user.
struct Checked {
    /// Number of ledger entries.
    entries: usize,
    redemptions: Vec<Redemption>,
    wrong: Vec<String>,
}

/// Checks one user.
async fn check(app: &App, schedulers: &Schedulers, profile: Profile) -> Result<Checked, StoreError> {
    let user = profile.id;
    // Read before the ledger, which then has an entry for each.
    let redemptions = app.store.redemptions(user).await?;
    let (entries, mut wrong) = check_ledger(app, profile).await?;
    wrong.extend(without_entry(&redemptions, &entries));
    wrong.extend(check_studies(app, user).await?);
    wrong.extend(check_schedules(app, schedulers, user).await?);
    wrong.extend(check_unlocked(app, user).await?);
    Ok(Checked { entries: entries.len(), redemptions, wrong })
}

/// Checks that the stored mastery of a student follows from their attempts, and that these name versions of questions that exist.
/// Reads again if the student answered
/// meanwhile.
async fn check_studies(app: &App, user: UserId) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    for _ in 0..READS_MAX {
        let (studies, mut attempts) = tokio::try_join!(app.store.studies(user), app.store.attempts(user))?;
        let unknown = unknown_versions(app, &attempts).await?;
        // Attempts without a position are older than the mastery model.
        attempts.retain(|attempt| attempt.position > 0);
        attempts.sort_by_key(|attempt| attempt.position);
        wrong.clear();
        wrong.extend(unknown);
        let known: HashSet<&CourseId> = studies.iter().map(|study| &study.course_id).collect();
        let forgotten: BTreeSet<&CourseId> =
            attempts.iter().map(|attempt| &attempt.course_id).filter(|course| !known.contains(course)).collect();
        wrong.extend(forgotten.into_iter().map(|course| format!("{course}: attempts without an estimate of mastery")));
        for study in &studies {
            let of_course = attempts.iter().filter(|attempt| attempt.course_id == study.course_id);
            let folded = Study::fold(study.course_id.clone(), of_course);
            wrong.extend(differences(study, &folded).into_iter().map(|what| format!("{}: {what}", study.course_id)));
        }
        if wrong.is_empty() {
            break;
        }
    }
    Ok(wrong)
}

/// Checks one ledger. Reads again if the user spent credits meanwhile.
async fn check_ledger(app: &App, mut profile: Profile) -> Result<(Vec<Entry>, Vec<String>), StoreError> {
    let user = profile.id;
    for read in 1.. {
        let entries = app.store.entries(user).await?;
        let mismatches = mismatches(&profile, &entries);
        let mismatches: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
        if mismatches.is_empty() || read == READS_MAX {
            return Ok((entries, mismatches));
        }
        match app.store.profile(user).await? {
            Some(newer) if newer.version != profile.version => profile = newer,
            _ => return Ok((entries, mismatches)),
        }
    }
    unreachable!("the loop returns at the latest after READS_MAX reads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_in_the_metric_and_named_in_the_report() {
        let user = UserId(uuid::Uuid::nil());
        let findings = Findings {
            users: 3,
            entries: 7,
            wrong: vec![(
                user,
                vec!["the balance is 4, the entries say 5".to_owned(), "an entry is missing".to_owned()],
            )],
            corrupt: vec![("user x".to_owned(), "Entry item is corrupt".to_owned())],
            notes: vec!["users a and b have one mailbox".to_owned()],
        };
        let line = findings.metrics("prod", Timestamp::from_second(1).unwrap());
        assert_eq!((&line[METRIC], &line["_aws"]["Timestamp"]), (&json!(2), &json!(1_000)));
        let id = user.to_string();
        assert!(!line.to_string().contains(&id), "{line}");
        let report = findings.report();
        assert!(report.starts_with("3 users, 7 ledger entries, 2 wrong\n") && report.contains(&id), "{report}");
        assert_eq!(report.lines().count(), 5);
    }
}
