//! Converts what users did in the old service: `user_progress` and `user_courses`.
//!
//! A row of `user_progress` is an unlocked question. Its solution is unlocked too if the row is `completed`, has
//! `attempts`, or has a value in `is_correct`. Only the last result is known, without its time. Therefore the import
//! makes no attempts and no mastery of it.

use jiff::Timestamp;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::study::progress::Progress;

use super::ImportMessages;
use super::accounts::{note_left_out, user_id};
use super::load::Tables;
use super::schema::{ENROLLMENTS, PROGRESS};
use super::values::{Row, RowError};

/// A question that a user unlocked.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressRow {
    /// The row's name in messages.
    pub label: String,
    pub user: UserId,
    pub question: QuestionId,
    unlocked_at: Option<Timestamp>,
    attempts: u32,
    was_correct: Option<bool>,
    seconds: u64,
}

/// A course that a user is enrolled in.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrollmentRow {
    /// The row's name in messages.
    pub label: String,
    pub user: UserId,
    pub course: CourseId,
    pub enrolled_at: Option<Timestamp>,
}

impl ProgressRow {
    /// Converts to stored progress for a question of `course`. Rows without a date get `now`.
    #[must_use]
    pub fn of(self, course: CourseId, now: Timestamp) -> Progress {
        let unlocked_at = self.unlocked_at.unwrap_or(now);
        Progress {
            course_id: course,
            question_id: self.question,
            unlocked_at,
            solution_at: (self.attempts > 0).then_some(unlocked_at),
            opened_at: None,
            seen_at: unlocked_at,
            attempts: self.attempts,
            correct_attempts: u32::from(self.was_correct == Some(true)),
            was_correct: self.was_correct,
            time_spent_seconds: self.seconds,
            review: None,
            delivered_by: None,
        }
    }
}

/// All valid rows of `user_progress`.
pub(super) fn progress(tables: &mut Tables, findings: &mut ImportMessages) -> Vec<ProgressRow> {
    each(tables, PROGRESS, "question_id", findings, progress_row)
}

/// All valid rows of `user_courses`.
pub(super) fn enrollments(tables: &mut Tables, findings: &mut ImportMessages) -> Vec<EnrollmentRow> {
    each(tables, ENROLLMENTS, "course_id", findings, |row, label| {
        Ok(EnrollmentRow {
            label,
            user: user(row)?,
            course: row.id("course_id")?,
            enrolled_at: row.timestamp("enrolled_at")?.or(row.timestamp("created_at")?),
        })
    })
}

fn each<T>(
    tables: &mut Tables,
    table: &'static str,
    of: &str,
    findings: &mut ImportMessages,
    read: impl Fn(&Row, String) -> Result<T, RowError>,
) -> Vec<T> {
    let rows = tables.take(table);
    note_left_out(table, &rows, findings);
    let mut good = Vec::with_capacity(rows.len());
    for row in rows {
        let name = |column| row.text(column).ok().flatten().unwrap_or_else(|| "?".to_owned());
        let label = format!("{} {}", name("user_id"), name(of));
        match read(&row, label.clone()) {
            Ok(read) => good.push(read),
            Err(reason) => findings.refuse(table, label, reason),
        }
    }
    good
}

fn progress_row(row: &Row, label: String) -> Result<ProgressRow, RowError> {
    let attempts: Option<u32> = row.small("attempts")?;
    let completed = row.boolean("completed")?;
    let is_correct = row.boolean("is_correct")?;
    // `is_correct` = false is a default, not a result, if the count or `completed` says that there was no attempt.
    let says_wrong = is_correct == Some(false) && attempts.is_none() && completed.is_none();
    let is_answered =
        completed == Some(true) || is_correct == Some(true) || attempts.is_some_and(|count| count > 0) || says_wrong;
    Ok(ProgressRow {
        label,
        user: user(row)?,
        question: row.id("question_id")?,
        unlocked_at: row.timestamp("unlocked_at")?.or(row.timestamp("created_at")?),
        attempts: if is_answered { attempts.unwrap_or(0).max(1) } else { 0 },
        was_correct: is_correct.filter(|_| is_answered),
        seconds: row.small::<u32>("time_spent")?.unwrap_or(0).into(),
    })
}

fn user(row: &Row) -> Result<UserId, RowError> {
    let d1_id = row.filled_text("user_id")?.ok_or("user_id is missing")?;
    Ok(user_id(&d1_id, &mut Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{USER, read, refused};
    use super::*;

    fn progress_of(columns: &str, values: &str) -> Progress {
        let sql = format!("INSERT INTO user_progress (user_id,question_id{columns}) VALUES('{USER}','q1'{values});");
        let mut dump = read(&sql);
        assert_eq!(refused(&dump), Vec::<String>::new());
        dump.progress.remove(0).of("c".try_into().unwrap(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_row_is_an_unlocked_or_an_answered_question() {
        for (columns, values, attempts, verdict) in [
            ("", "", 0, None),
            (",completed", ",0", 0, None),
            (",completed", ",1", 1, None),
            (",is_correct", ",1", 1, Some(true)),
            (",is_correct", ",0", 1, Some(false)),
            (",is_correct", ",NULL", 0, None),
            (",attempts,is_correct", ",0,0", 0, None),
            (",attempts,is_correct", ",3,0", 3, Some(false)),
            (",attempts,completed,is_correct", ",2,'true','1'", 2, Some(true)),
        ] {
            let row = progress_of(columns, values);
            assert_eq!((row.attempts, row.was_correct), (attempts, verdict), "{columns} {values}");
            assert_eq!(row.solution_at.is_some(), attempts > 0, "{columns} {values}");
            assert_eq!(row.correct_attempts, u32::from(verdict == Some(true)));
        }
        let dated = progress_of(",unlocked_at,time_spent", ",1735787045,95");
        assert_eq!((dated.unlocked_at.as_second(), dated.time_spent_seconds), (1_735_787_045, 95));
        assert_eq!((dated.seen_at, dated.opened_at), (dated.unlocked_at, None));
    }

    #[test]
    fn bad_rows_are_named_and_other_columns_listed() {
        let dump = read(
            "INSERT INTO user_progress (user_id,question_id,attempts,mood) VALUES('u1','q1',-1,'x'),(NULL,'q2',0,'x'),\
                ('u1','a#b',0,'x');
             INSERT INTO user_courses (user_id,course_id,enrolled_at,colour) VALUES('u1','c','soon','x'),('u1','c2',1735787045,'x');",
        );
        assert_eq!(
            refused(&dump),
            [
                "user_progress u1 q1: attempts -1 is out of bounds",
                "user_progress ? q2: user_id is missing",
                "user_progress u1 a#b: question_id \"a#b\" must be 1 to 128 bytes without control characters or '#'",
                "user_courses u1 c: enrolled_at \"soon\" is not a point in time",
            ]
        );
        assert_eq!(
            dump.notes,
            ["user_progress: extra columns left out: mood", "user_courses: extra columns left out: colour"]
        );
        assert_eq!(dump.enrollments[0].enrolled_at.map(Timestamp::as_second), Some(1_735_787_045));
    }
}
