//! The result of an import, row by row.

use std::collections::BTreeMap;
use std::fmt;

use shared::domain::catalog::draft::{CatalogDraft, RefusedRow, Warning};
use shared::store::{WriteCounts, WriteReport};

/// Counts by table, refused rows, warnings and notes.
#[derive(Debug, Default)]
pub struct Summary {
    /// Counts by D1 table.
    pub tables: BTreeMap<&'static str, RowCounts>,
    /// Rows that were not stored.
    pub refused: Vec<RefusedRow>,
    /// Problems, for an operator, in rows that were stored.
    pub warnings: Vec<Warning>,
    /// What was changed or skipped.
    pub notes: Vec<String>,
    /// Whether it was a dry run: the counts then say what would be written.
    pub dry_run: bool,
}

/// The rows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows in the file.
    pub read: usize,
    /// Rows that are new or changed in the table.
    pub written: usize,
    /// Rows that are unchanged in the table.
    pub skipped: usize,
    /// Rows that cannot be stored.
    pub refused: usize,
    /// Number of warnings.
    pub warned: usize,
}

impl Summary {
    /// Whether no row was refused and none has a warning.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.refused.is_empty() && self.warnings.is_empty()
    }

    /// Number of rows that were written, or would be in a dry run.
    #[must_use]
    pub fn written(&self) -> usize {
        self.tables.values().map(|counts| counts.written).sum()
    }

    pub(super) fn read(&mut self, table: &'static str, count: usize) {
        self.tables.entry(table).or_default().read += count;
    }

    /// Counts the rows of a course file, including those refused while reading.
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
        let corrected: usize = report.values().map(|counts| counts.corrected).sum();
        if corrected > 0 {
            let (verb, have) = if self.dry_run { ("would be", "would have") } else { ("were", "have") };
            self.notes.push(format!(
                "questions: {corrected} {verb} corrected and {have} a new version; earlier answers count apart from later ones"
            ));
        }
    }

    /// Counts the figures of a course file, each once.
    pub(super) fn figures(&mut self, read: usize, counts: WriteCounts) {
        if read > 0 {
            self.read("figures", read);
            self.rows("figures", counts.created, counts.unchanged);
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

    pub(super) fn warn(&mut self, warnings: Vec<Warning>) {
        for warning in warnings {
            self.tables.entry(warning.table).or_default().warned += 1;
            self.warnings.push(warning);
        }
    }

    pub(super) fn note(&mut self, notes: Vec<String>) {
        self.notes.extend(notes);
    }
}

/// The D1 table of an entity type.
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
        let written = if self.dry_run { "would write" } else { "written" };
        writeln!(f, "  {:<20} {:>8} {written:>11} {:>8} {:>8} {:>8}", "table", "read", "skipped", "refused", "warned")?;
        for (table, RowCounts { read, written, skipped, refused, warned }) in &self.tables {
            writeln!(f, "  {table:<20} {read:>8} {written:>11} {skipped:>8} {refused:>8} {warned:>8}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "  warning: {warning}")?;
        }
        for row in &self.refused {
            writeln!(f, "  refused: {row}")?;
        }
        Ok(())
    }
}
