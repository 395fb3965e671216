//! The part of a course that an analysis is made of: its past exams and the questions that were on them.

use std::collections::HashMap;

use crate::domain::catalog::{Bank, Exam, Pattern, QuestionMeta, Topic};

/// A question on its exam.
#[derive(Debug, Clone, Copy)]
pub struct ExamQuestion<'a> {
    /// The exam.
    pub exam: &'a Exam,
    /// The question.
    pub meta: &'a QuestionMeta,
}

/// Past exams, oldest first, and their questions.
#[derive(Debug, Clone)]
pub struct PastExams<'a> {
    /// Exams with at least one question.
    pub exams: Vec<&'a Exam>,
    /// All topics of the course.
    pub topics: &'a [Topic],
    /// All patterns of the course.
    pub patterns: &'a [Pattern],
    /// Questions of those exams; generated ones are none.
    pub questions: Vec<ExamQuestion<'a>>,
}

impl<'a> PastExams<'a> {
    /// Those of a course, in an order that does not depend on the bank's.
    #[must_use]
    pub fn of(bank: &'a Bank) -> Self {
        let by_id: HashMap<_, _> = bank.exams.iter().map(|exam| (&exam.id, exam)).collect();
        let metas = bank.questions.iter().map(|question| &question.meta).filter(|meta| !meta.is_generated);
        let on_exam = metas.filter_map(|meta| {
            let exam = by_id.get(meta.exam_id.as_ref()?).copied()?;
            Some(ExamQuestion { exam, meta })
        });
        let mut questions: Vec<ExamQuestion<'a>> = on_exam.collect();
        questions.sort_by_key(|question| &question.meta.id);
        let mut exams: Vec<&Exam> = bank.exams.iter().collect();
        exams.retain(|exam| questions.iter().any(|question| question.exam.id == exam.id));
        exams.sort_by_key(|exam| (exam.year, exam.exam_date, &exam.id));
        Self { exams, topics: &bank.topics, patterns: &bank.patterns, questions }
    }
}
