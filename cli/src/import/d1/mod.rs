//! Reads a dump of the old D1 database (`wrangler d1 export`, or `sqlite3 .dump`) and converts it to our types.
//!
//! - A bad row is reported with table and id and does not stop the others. Changed and skipped values are reported.
//! - The same dump makes the same ids, so a second import recognises what the first one wrote.
//! - Deriving and checking columns of a whole course is left to `domain::catalog::complete` and
//!   `domain::catalog::check`.

mod accounts;
mod catalog;
mod failures;
mod history;
mod load;
mod schema;
mod statements;
mod studies;
mod texts;
mod unistr;
mod values;

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::domain::catalog::draft::{CatalogDraft, RefusedRow, Warning};
use shared::store::ImportedAccount;

pub(super) use self::accounts::email_taken;
use self::schema::SESSIONS;
pub use self::studies::{EnrollmentRow, ProgressRow};

/// The converted content of a dump, ready to be stored.
pub struct Dump {
    /// Courses with their rows, in the order of the dump.
    pub catalogs: Vec<CatalogDraft>,
    /// Users with their ledgers, in the order in which they were opened.
    pub accounts: Vec<ImportedAccount>,
    /// Questions that users unlocked and answered.
    pub progress: Vec<ProgressRow>,
    /// Enrollments of users in courses.
    pub enrollments: Vec<EnrollmentRow>,
    /// Rows that could not be converted.
    pub refused: Vec<RefusedRow>,
    /// Columns whose names are probably mistyped.
    pub warnings: Vec<Warning>,
    /// What was changed or skipped and why, one line each.
    pub notes: Vec<String>,
    /// Number of rows read, by D1 table.
    pub read: BTreeMap<&'static str, usize>,
}

/// Messages for the operator.
#[derive(Default)]
struct ImportMessages {
    refused: Vec<RefusedRow>,
    warnings: Vec<Warning>,
    notes: Vec<String>,
}

impl ImportMessages {
    fn refuse(&mut self, table: &'static str, id: impl Into<String>, reason: impl Into<String>) {
        self.refused.push(RefusedRow { table, id: id.into(), reason: reason.into() });
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn note_row(&mut self, table: &str, id: &str, notes: Vec<String>) {
        self.notes.extend(notes.into_iter().map(|note| format!("{table} {id}: {note}")));
    }
}

/// Reads a dump. Users without a date get `now`.
///
/// # Errors
/// When it is larger than 256 MiB, holds none of the known tables, or has rows without their schema.
pub fn read_dump(sql: &str, now: Timestamp) -> anyhow::Result<Dump> {
    let mut findings = ImportMessages::default();
    let mut tables = load::load(sql, &mut findings)?;
    let catalogs = catalog::catalogs(&mut tables, &mut findings);
    let accounts = accounts::accounts(&mut tables, now, &mut findings);
    let progress = studies::progress(&mut tables, &mut findings);
    let enrollments = studies::enrollments(&mut tables, &mut findings);
    if let Some(sessions) = tables.read.get(SESSIONS).filter(|sessions| **sessions > 0) {
        findings.note(format!("{SESSIONS}: {sessions} left out: they belong to the old service"));
    }
    let ImportMessages { refused, warnings, notes } = findings;
    Ok(Dump { catalogs, accounts, progress, enrollments, refused, warnings, notes, read: tables.read })
}

#[cfg(test)]
mod tests {
    use shared::domain::account::Password;
    use shared::domain::account::password::{PasswordMatch, derive, verify};
    use shared::domain::catalog::check::refuse_bad_rows;
    use shared::domain::credits::ledger::mismatches;

    use super::statements::Statement;
    use super::*;

    pub(super) const USER: &str = "0b9c7a52-6f0e-4d57-9a44-3c1f5d2e8a01";

    /// A dump of these statements. Tables that they do not create are those of the old service, with any extra columns
    /// named in their rows.
    pub(super) fn read(sql: &str) -> Dump {
        read_dump(&format!("{}{sql}", missing_schema(sql)), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    fn missing_schema(sql: &str) -> String {
        let mut created = Vec::new();
        let mut columns: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for statement in statements::statements(sql.trim_start_matches('\u{feff}')) {
            match statements::read(statement) {
                Statement::CreateTable { table, .. } => created.extend(schema::table(&table).map(|table| table.name)),
                Statement::Insert(insert) => {
                    let Some(table) = schema::table(&insert.table) else { continue };
                    // The newest columns of `users` come after the columns of a row without column names.
                    let all =
                        table.columns.iter().filter(|name| !name.contains("unlimited")).map(|name| (*name).to_owned());
                    let of_table = columns.entry(table.name).or_insert_with(|| all.collect());
                    for column in insert.columns.unwrap_or_default() {
                        if !of_table.iter().any(|known| known.eq_ignore_ascii_case(&column)) {
                            of_table.push(column);
                        }
                    }
                }
                _ => {}
            }
        }
        columns.retain(|table, _| !created.contains(table));
        let create =
            |(table, columns): (&&str, &Vec<String>)| format!("CREATE TABLE {table} (\"{}\");", columns.join("\",\""));
        columns.iter().map(create).collect::<Vec<_>>().concat()
    }

    pub(super) fn refused(dump: &Dump) -> Vec<String> {
        dump.refused.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sessions_are_counted_and_left_out() {
        let dump = read("INSERT INTO sessions VALUES('s1','u1',1,1);INSERT INTO sessions VALUES('s2','u1',1,1);");
        assert_eq!(dump.notes, ["sessions: 2 left out: they belong to the old service"]);
        assert_eq!(dump.read, BTreeMap::from([(SESSIONS, 2)]));
    }

    const FIXTURE: &str = include_str!("../../../../tests/fixtures/d1_dump.sql");

    fn account<'a>(dump: &'a Dump, email: &str) -> &'a ImportedAccount {
        dump.accounts.iter().find(|account| account.profile.email.as_str() == email).unwrap()
    }

    #[test]
    fn the_fixture_is_read_completely() {
        let dump = read(FIXTURE);
        assert_eq!(
            dump.read,
            BTreeMap::from([
                ("courses", 1),
                ("credit_transactions", 20),
                ("exams", 5),
                ("question_options", 4),
                ("question_patterns", 9),
                ("questions", 33),
                ("sessions", 4),
                ("topics", 9),
                ("user_progress", 3),
                ("users", 7),
            ])
        );
        assert_eq!(
            refused(&dump),
            [
                "users d94b7f12-1a6e-4b83-95cc-7f20a1b8e555: its email without regard to case is that of user \
                 \"c81e5a90-7d3b-4f62-b1aa-0e9f34c6d444\", who was there before and keeps it; its 5 credits are not \
                 imported: give this row another email and import again, or give them to that account with `pastpaper \
                 user grant`",
                "credit_transactions tx-0017: its user \"d94b7f12-1a6e-4b83-95cc-7f20a1b8e555\" is not imported",
                "credit_transactions tx-0018: its user \"user_0000\" is not imported",
            ]
        );
        assert_eq!(
            dump.notes,
            [
                "questions: extra columns kept: section, question_number, subparts_json",
                "questions calc2d-q21: source_question_number \"3a\" is not a whole number: null, with question_number \
                 \"3 (a)\"",
                "questions calc2d-q33: its exam \"calc2d-2016-fall-final\" is not imported: kept without an exam",
                "users user_1738: the id is no UUID: became adb238a1-0d31-876c-8049-978d52ae654f",
                "users user_1738: negative balance -2 became 0",
                "users e0a1b2c3-55dd-4f77-8e66-9a8b7c6d5666: the scheme of its password_hash is unknown: no password fits, \
                 and the user cannot sign in",
                "users f7e6d5c4-3b2a-4190-8877-665544332777: name was too long or had control characters: became \
                 \"Kit the Careful, who signs with every one of several given names who signs with every one of \
                 several\"",
                "credit_transactions: 1 of type \"bundle\" became question_view",
                "credit_transactions: 1 of type \"lucky draw\" became adjustment, named in the description",
                "credit_transactions: 1 of type \"midterm_generation\" became midterm",
                "credit_transactions: 1 of type \"practice\" became question_view",
                "credit_transactions: 1 of type \"question_bundle\" became question_view",
                "credit_transactions: 1 of type \"signup\" became signup_bonus",
                "users a3d2f6b8-90c4-4e0f-8f5e-2c7b1d40e222: its transactions add up to -2, its balance is 12: an \
                 adjustment of +14 before them made the ledger true",
                "users user_1738: its transactions add up to -2, its balance is 0: an adjustment of +2 before them \
                 made the ledger true",
                "users c81e5a90-7d3b-4f62-b1aa-0e9f34c6d444: its transactions add up to 5, its balance is 3: an \
                 adjustment of -2 after them made the ledger true",
                "sessions: 4 left out: they belong to the old service",
            ]
        );
    }

    #[test]
    fn a_second_import_makes_the_same_accounts() {
        let first = read(FIXTURE);
        let second = read_dump(FIXTURE, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
        for (one, two) in first.accounts.iter().zip(&second.accounts) {
            assert_eq!((&one.profile, &one.entries), (&two.profile, &two.entries));
        }
    }

    #[test]
    fn the_fixtures_course_breaks_no_rule() {
        let mut dump = read(FIXTURE);
        let catalog = &mut dump.catalogs[0];
        assert_eq!(refuse_bad_rows(catalog), []);
        assert_eq!((catalog.exams.len(), catalog.topics.len(), catalog.questions.len()), (5, 9, 33));
        for question in &catalog.questions {
            let texts = question.solution_steps.iter().chain([&question.question_text]);
            assert!(texts.clone().all(|text| !text.contains("\\n ") && !text.contains("\\n$")), "{:?}", question.id);
            assert!(!question.solution_steps.is_empty() && !question.techniques.iter().any(|t| t.contains('[')));
        }
        let of_exams: Vec<i64> = catalog.exams.iter().filter_map(|exam| exam.exam_date).collect();
        assert_eq!(of_exams, [1_576_108_800, 1_615_420_800, 1_670_976_000, 1_678_320_000, 1_733_875_200]);
        assert!(catalog.exams.iter().all(|exam| exam.processed));
        let choices = &catalog.questions[28].options;
        assert_eq!(choices.iter().find(|choice| choice.is_correct).map(|choice| choice.letter.as_str()), Some("B"));
    }

    #[test]
    fn the_fixtures_ledgers_are_consistent_and_users_can_log_in() {
        let dump = read(FIXTURE);
        for (email, password, balance, entries) in [
            ("ada@students.example", Some("riemann sum 1854"), 7, 7),
            ("noor.k@students.example", Some("tangent-plane-42"), 12, 4),
            ("sam@students.example", Some("series of doubts"), 0, 4),
            ("lee@students.example", Some("washer method 7"), 3, 4),
            ("pat@students.example", None, 5, 2),
            ("kit@students.example", Some("polar roses bloom"), 0, 0),
        ] {
            let ImportedAccount { profile, credential, entries: ledger } = account(&dump, email);
            assert_eq!((profile.wallet.credits, ledger.len()), (balance, entries), "{email}");
            assert_eq!(mismatches(profile, ledger), [], "{email}");
            let verdict =
                |text: &str| verify(derive, &Password::from(text.to_owned()), Some(&credential.password_hash));
            let expected = if password.is_some() { PasswordMatch::RightButOutdated } else { PasswordMatch::Wrong };
            assert_eq!(verdict(password.unwrap_or("anything")), expected, "{email}");
        }
        assert_eq!(dump.accounts.len(), 6);
    }
}
