//! What became of every row of an import.

use std::collections::BTreeMap;
use std::fmt;

use shared::domain::catalog::draft::{CatalogDraft, RefusedRow};
use shared::store::WriteReport;

/// Counts by table, refused rows and notes.
#[derive(Debug, Default)]
pub struct Summary {
    /// By D1 table.
    pub tables: BTreeMap<&'static str, Counts>,
    /// Rows that were not stored.
    pub refused: Vec<RefusedRow>,
    /// What was changed or left out on the way.
    pub notes: Vec<String>,
}

/// The rows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the file.
    pub read: usize,
    /// New or changed in the table.
    pub written: usize,
    /// In the table already, just so.
    pub skipped: usize,
    /// Not storable.
    pub refused: usize,
}

impl Summary {
    pub(super) fn read(&mut self, table: &'static str, count: usize) {
        self.tables.entry(table).or_default().read += count;
    }

    /// Counts the rows of a course file; those that were refused while reading are rows too.
    pub(super) fn read_catalog(&mut self, draft: &CatalogDraft, refused: &[RefusedRow]) {
        self.read("courses", 1);
        self.read("exams", draft.exams.len());
        self.read("topics", draft.topics.len());
        self.read("question_patterns", draft.patterns.len());
        self.read("questions", draft.questions.len());
        self.read("question_options", draft.questions.iter().map(|question| question.options.len()).sum());
        for row in refused {
            self.read(row.table, 1);
        }
    }

    pub(super) fn write(&mut self, report: &WriteReport) {
        for (entity, counts) in report {
            let table = self.tables.entry(table_of(entity)).or_default();
            table.written += counts.created + counts.changed;
            table.skipped += counts.unchanged;
        }
    }

    pub(super) fn account_written(&mut self, entries: usize) {
        self.tables.entry("users").or_default().written += 1;
        self.tables.entry("credit_transactions").or_default().written += entries;
    }

    pub(super) fn account_skipped(&mut self, entries: usize) {
        self.tables.entry("users").or_default().skipped += 1;
        self.tables.entry("credit_transactions").or_default().skipped += entries;
    }

    pub(super) fn rows(&mut self, table: &'static str, written: usize, skipped: usize) {
        let counts = self.tables.entry(table).or_default();
        counts.written += written;
        counts.skipped += skipped;
    }

    pub(super) fn refuse(&mut self, rows: Vec<RefusedRow>) {
        for row in rows {
            self.tables.entry(row.table).or_default().refused += 1;
            self.refused.push(row);
        }
    }

    pub(super) fn note(&mut self, notes: Vec<String>) {
        self.notes.extend(notes);
    }
}

/// The D1 table that an entity came from.
fn table_of(entity: &str) -> &'static str {
    match entity {
        "Course" => "courses",
        "Exam" => "exams",
        "Topic" => "topics",
        "Pattern" => "question_patterns",
        "Question" => "questions",
        "Option" => "question_options",
        "Profile" => "users",
        _ => "credit_transactions",
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<20} {:>8} {:>8} {:>8} {:>8}", "table", "read", "written", "skipped", "refused")?;
        for (table, Counts { read, written, skipped, refused }) in &self.tables {
            writeln!(f, "  {table:<20} {read:>8} {written:>8} {skipped:>8} {refused:>8}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        for row in &self.refused {
            writeln!(f, "  refused: {row}")?;
        }
        Ok(())
    }
}
