//! The input of an analysis: past exams and the questions on them.

use std::collections::{HashMap, HashSet};

use crate::domain::catalog::{Bank, Exam, Pattern, QuestionMeta, Topic};

/// A question on its exam.
#[derive(Debug, Clone, Copy)]
pub struct ExamQuestion<'a> {
    pub exam: &'a Exam,
    /// Index of the exam in [`PastExams::exams`].
    pub exam_index: usize,
    /// Index of the topic in [`PastExams::topics`].
    pub topic_index: Option<usize>,
    pub meta: &'a QuestionMeta,
}

/// Past exams, oldest first, and their questions.
#[derive(Debug, Clone)]
pub struct PastExams<'a> {
    /// Exams with at least one question.
    pub exams: Vec<&'a Exam>,
    /// All topics of the course, by id.
    pub topics: Vec<&'a Topic>,
    /// All patterns of the course, by id.
    pub patterns: Vec<&'a Pattern>,
    /// Questions of those exams, by topic and then id, without generated questions.
    pub questions: Vec<ExamQuestion<'a>>,
}

impl<'a> PastExams<'a> {
    /// The past exams of a course, in an order that does not depend on the order in the bank.
    #[must_use]
    pub fn of(bank: &'a Bank) -> Self {
        let mut topics: Vec<&Topic> = bank.topics.iter().collect();
        topics.sort_by_key(|topic| &topic.id);
        let mut patterns: Vec<&Pattern> = bank.patterns.iter().collect();
        patterns.sort_by_key(|pattern| &pattern.id);
        let metas: Vec<&QuestionMeta> = bank.questions.iter().map(|question| &question.meta).collect();
        let asked: HashSet<_> =
            metas.iter().filter(|meta| !meta.is_generated).filter_map(|m| m.exam_id.as_ref()).collect();
        let mut exams: Vec<&Exam> = bank.exams.iter().filter(|exam| asked.contains(&exam.id)).collect();
        exams.sort_by_key(|exam| (exam.year, exam.exam_date, &exam.id));
        let exam_indices: HashMap<_, _> = exams.iter().enumerate().map(|(index, exam)| (&exam.id, index)).collect();
        let topic_indices: HashMap<_, _> = topics.iter().enumerate().map(|(index, topic)| (&topic.id, index)).collect();
        let on_exam = |meta: &&'a QuestionMeta| {
            let exam_index = *exam_indices.get(meta.exam_id.as_ref()?)?;
            let topic_index = topic_indices.get(&meta.topic_id).copied();
            Some(ExamQuestion { exam: exams[exam_index], exam_index, topic_index, meta })
        };
        let mut questions: Vec<ExamQuestion<'a>> =
            metas.iter().filter(|m| !m.is_generated).filter_map(on_exam).collect();
        questions.sort_by_key(|question| (question.topic_index, &question.meta.id));
        Self { exams, topics, patterns, questions }
    }
}

/// The questions of one topic. `questions` is sorted by topic.
#[must_use]
pub(super) fn of_topic<'q, 'a>(questions: &'q [ExamQuestion<'a>], topic_index: usize) -> &'q [ExamQuestion<'a>] {
    let from = questions.partition_point(|question| question.topic_index < Some(topic_index));
    let to = questions.partition_point(|question| question.topic_index <= Some(topic_index));
    &questions[from..to]
}
