//! The exams of a file: which of the course they are, and which are new.

use formats::{Exam, Remark};
use serde_json::{Map, Value, json};

use super::merge::{Merger, slug, text, unique};
use super::paper::{Content, Paper};
use super::report::FileReport;

impl Merger {
    /// The ids of the file's exams. The last is the exam of questions that name none.
    pub(super) fn exams_of(
        &mut self,
        paper: &Paper,
        content: &Content,
        report: &mut FileReport,
    ) -> Vec<Option<String>> {
        let mut ids: Vec<Option<String>> = Vec::new();
        for (index, exam) in content.bank.exams.iter().enumerate() {
            let name = filled(filled(exam.clone(), formats::exam_of_title(&exam.title)), paper.exam.clone());
            let own = content.catalogue.as_ref().and_then(|document| document["exams"].get(index));
            let id = self.exam_id(&name, own, &ids);
            if id.is_none() {
                let text = format!(
                    "the exam {:?} has no year or no type, so its questions are in no exam. --exam \"2021 fall midterm\" says it",
                    exam.title
                );
                report
                    .warnings
                    .push(Remark { place: formats::Place { file: paper.name.clone(), ..Default::default() }, text });
            }
            if let Some(row) = id.as_ref().and_then(|id| self.exams.iter_mut().find(|row| text(row, "id") == id)) {
                for (column, value) in
                    [("total_points", exam.points), ("bonus_points", exam.bonus_points.filter(|points| *points > 0.0))]
                {
                    if let Some(value) = value {
                        row.insert(column.to_owned(), json!(value));
                    }
                }
            }
            ids.push(id);
        }
        // If the file names one exam and does not say which questions it has, it has all of them.
        let is_of_all = ids.len() == 1 && content.bank.questions.iter().all(|question| question.exam.is_none());
        ids.push(if is_of_all { ids[0].clone() } else { self.exam_id(&paper.exam, None, &[]) });
        ids
    }

    /// The id of an exam. `own` is its row in a catalogue file. A title such as `2021 fall midterm (2)` means the second
    /// exam of this name. `taken` are the ids of the exams before it in its file.
    fn exam_id(&mut self, name: &Exam, own: Option<&Value>, taken: &[Option<String>]) -> Option<String> {
        let (year, kind) = (name.year?, name.kind.as_ref()?);
        let is_same = |row: &Map<String, Value>| {
            row.get("year").and_then(Value::as_i64) == Some(i64::from(year))
                && text(row, "exam_type").eq_ignore_ascii_case(kind)
                && name.semester.as_ref().is_none_or(|semester| text(row, "semester").eq_ignore_ascii_case(semester))
        };
        let same: Vec<_> = self.exams.iter().filter(|row| is_same(row)).collect();
        let known = match formats::without_count(&name.title).1 {
            None => same.first(),
            Some(count) => {
                let is_free = |row: &&&Map<_, _>| !taken.iter().flatten().any(|id| id == text(row, "id"));
                same.get(count - 1).or_else(|| same.iter().find(is_free))
            }
        };
        if let Some(row) = known {
            let id = text(row, "id").to_owned();
            self.named_exams.insert(id.clone());
            return Some(id);
        }
        let semester = name.semester.as_ref().map_or_else(String::new, |semester| format!("{semester}-"));
        let base = format!("{}-{year}-{semester}{}", self.course_id, slug(kind));
        let id = unique(&base, |id| self.exams.iter().any(|row| text(row, "id") == id));
        let mut row = own.and_then(Value::as_object).cloned().unwrap_or_default();
        row.insert("id".to_owned(), json!(id));
        row.insert("year".to_owned(), json!(year));
        row.insert("exam_type".to_owned(), json!(kind));
        if let Some(semester) = &name.semester {
            row.insert("semester".to_owned(), json!(semester));
        }
        self.exams.push(row);
        self.named_exams.insert(id.clone());
        Some(id)
    }
}

/// An exam, and where it says nothing, what another says.
pub(super) fn filled(exam: Exam, other: Exam) -> Exam {
    Exam {
        year: exam.year.or(other.year),
        semester: exam.semester.or(other.semester),
        kind: exam.kind.or(other.kind),
        ..exam
    }
}

#[cfg(test)]
mod tests {
    use formats::{Bank, Part, Question};

    use super::super::merge::merge;
    use super::*;

    fn question(stem: &str, exam: Option<usize>) -> Question {
        Question { stem: stem.to_owned(), parts: vec![Part::default()], exam, ..Question::default() }
    }

    fn exams_of(questions: Vec<Question>) -> Vec<Value> {
        exams_in(&mut json!({"course": {"id": "c", "name": "C"}}), &["2021 fall midterm"], questions)
    }

    /// Merges a file with these exams into the course, and returns the exam of each question.
    fn exams_in(course: &mut Value, titles: &[&str], questions: Vec<Question>) -> Vec<Value> {
        let exams = titles.iter().copied().map(formats::exam_of_title).collect();
        let bank = Bank { exams, questions, ..Bank::default() };
        let paper = Paper::holding("bank.zip", bank);
        let questions = course["questions"].take().as_array().cloned().unwrap_or_default();
        let merged = merge(course.take(), questions.into_iter(), &mut [paper], false).unwrap();
        *course = serde_json::from_str(&merged.text).unwrap();
        let rows = course["questions"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row.get("exam_id").cloned().unwrap_or_default()).collect()
    }

    #[test]
    fn the_only_exam_of_a_file_has_all_questions_unless_the_file_says_which() {
        let midterm = json!("c-2021-fall-midterm");
        assert_eq!(exams_of(vec![question("One", None), question("Two", None)]), [midterm.clone(), midterm.clone()]);
        assert_eq!(exams_of(vec![question("One", Some(0)), question("Two", None)]), [midterm, Value::Null]);
    }
    #[test]
    fn two_exams_of_one_name_stay_two() {
        let [first, second] = [json!("c-2021-fall-midterm"), json!("c-2021-fall-midterm-2")];
        let titles = ["2021 fall midterm", "2021 fall midterm (2)"];
        let questions = || vec![question("One", Some(0)), question("Two", Some(1))];
        let mut course = json!({"course": {"id": "c", "name": "C"}});
        for _ in 0..2 {
            assert_eq!(exams_in(&mut course, &titles, questions()), [first.clone(), second.clone()]);
        }
        // A file with the second alone does not make a third.
        let only_second = exams_in(&mut course, &titles[1..], vec![question("Two", Some(0))]);
        assert_eq!((only_second, course["exams"].as_array().map(Vec::len)), (vec![first, second], Some(2)));
        let mut empty = json!({"course": {"id": "c", "name": "C"}});
        for _ in 0..2 {
            exams_in(&mut empty, &titles[1..], vec![question("Two", Some(0))]);
            assert_eq!(empty["exams"].as_array().map(Vec::len), Some(1));
        }
        // Two titles that say the same are one exam.
        let parts = ["2021 fall midterm, part A", "2021 fall midterm, part B"];
        let mut course = json!({"course": {"id": "c", "name": "C"}});
        assert_eq!(
            exams_in(&mut course, &parts, questions()),
            [json!("c-2021-fall-midterm"), json!("c-2021-fall-midterm")]
        );
    }
}
