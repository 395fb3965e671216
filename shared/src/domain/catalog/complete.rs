//! Fills in derived columns that an import leaves out.
//!
//! - `total_appearances`, `appearance_count`: number of the topic's or pattern's questions on past exams;
//! - `frequency_score`, `appearance_rate`: share of the course's exams with at least one of them, to two decimals;
//! - `avg_points`: mean points of those questions, to one decimal;
//! - a question's `frequency_score` is its pattern's rate, or its topic's if it has no pattern.
//!
//! The D1 schema's default for a counter is 0, so 0 counts as left out.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::domain::catalog::draft::{CatalogDraft, ExamDraft, PatternDraft, QuestionDraft, TopicDraft};
use crate::domain::catalog::parts::points_of;
use crate::domain::catalog::version::FIRST_VERSION;
use crate::domain::catalog::{Course, CourseStats, Exam, Pattern, Question, QuestionMeta, Topic};
use crate::domain::id::CourseId;
use crate::domain::number::{count, mean, ratio, rounded};

/// A course ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// The course. Its version, bank and counts are set when it is stored.
    pub course: Course,
    pub exams: Vec<Exam>,
    pub topics: Vec<Topic>,
    pub patterns: Vec<Pattern>,
    pub questions: Vec<Question>,
}

/// Fills in the columns that `draft` leaves out. Rows without a date get `now`.
#[must_use]
pub fn complete(draft: CatalogDraft, now: Timestamp) -> Catalog {
    let course_id = draft.course.id.clone();
    let facts = CourseFacts { exams: &draft.exams, questions: &draft.questions };
    let topics: Vec<Topic> = draft.topics.iter().map(|topic| facts.topic(topic, &course_id)).collect();
    let patterns: Vec<Pattern> = draft.patterns.iter().map(|pattern| facts.pattern(pattern, &course_id)).collect();
    let exams: Vec<Exam> = draft.exams.iter().map(|exam| facts.exam(exam, &course_id)).collect();
    let completer = QuestionFacts { exams: &draft.exams, shown: &draft.course.shown_with_question, now };
    // Moved, not copied: both lists at once would be the greatest part of an import's memory.
    let questions = draft.questions.into_iter();
    let questions = questions.map(|question| completer.question(question, &course_id, &topics, &patterns)).collect();
    let course = Course {
        id: course_id,
        name: draft.course.name,
        description: draft.course.description,
        exam_count: draft.course.exam_count.filter(|count| *count > 0).unwrap_or(count(exams.len())),
        stats: CourseStats::default(),
        is_active: draft.course.is_active,
        created_at: draft.course.created_at.unwrap_or(now),
        catalog_version: 0,
        bank: String::new(),
        macros: draft.course.macros,
    };
    Catalog { course, exams, topics, patterns, questions }
}

/// Input for the derived columns.
struct CourseFacts<'a> {
    exams: &'a [ExamDraft],
    questions: &'a [QuestionDraft],
}

/// Input for the derived columns of a question.
struct QuestionFacts<'a> {
    exams: &'a [ExamDraft],
    /// Extra columns that the catalogue shows with questions.
    shown: &'a [String],
    now: Timestamp,
}

/// Appearances of a group of questions on past exams.
struct Appearances {
    questions: u32,
    share_of_exams: Option<f64>,
    mean_points: Option<f64>,
    years: Vec<i32>,
}

impl CourseFacts<'_> {
    fn appearances(&self, belongs: impl Fn(&QuestionDraft) -> bool) -> Appearances {
        let of_exams: Vec<&QuestionDraft> =
            self.questions.iter().filter(|q| q.exam_id.is_some() && !q.is_generated && belongs(q)).collect();
        let exams: HashSet<_> = of_exams.iter().filter_map(|q| q.exam_id.as_ref()).collect();
        let points: Vec<f64> = of_exams.iter().filter_map(|q| points_of(q)).collect();
        let years = self.exams.iter().filter(|exam| exams.contains(&exam.id)).map(|exam| exam.year).collect();
        Appearances {
            questions: count(of_exams.len()),
            share_of_exams: ratio(exams.len(), self.exams.len()).map(|share| rounded(share, 2)),
            mean_points: mean(&points).map(|points| rounded(points, 1)),
            years,
        }
    }

    fn exam(&self, draft: &ExamDraft, course_id: &CourseId) -> Exam {
        let questions = self.questions.iter().filter(|q| q.exam_id.as_ref() == Some(&draft.id)).count();
        Exam {
            id: draft.id.clone(),
            course_id: course_id.clone(),
            year: draft.year,
            semester: draft.semester.clone(),
            exam_type: draft.exam_type.clone(),
            total_points: draft.total_points,
            exam_date: draft.exam_date,
            upload_date: draft.upload_date,
            processed: draft.processed,
            question_count: count(questions),
            extra: draft.extra.clone(),
        }
    }

    fn topic(&self, draft: &TopicDraft, course_id: &CourseId) -> Topic {
        let seen = self.appearances(|question| question.topic_id == draft.id);
        let questions = self.questions.iter().filter(|q| q.topic_id == draft.id).count();
        Topic {
            id: draft.id.clone(),
            course_id: course_id.clone(),
            name: draft.name.clone(),
            slug: draft.slug.clone().unwrap_or_else(|| slug(&draft.name)),
            category: draft.category.clone(),
            difficulty: draft.difficulty,
            frequency_score: draft.frequency_score.or(seen.share_of_exams),
            avg_points: draft.avg_points.or(seen.mean_points),
            total_appearances: draft.total_appearances.filter(|count| *count > 0).unwrap_or(seen.questions),
            question_count: count(questions),
            extra: draft.extra.clone(),
        }
    }

    fn pattern(&self, draft: &PatternDraft, course_id: &CourseId) -> Pattern {
        let is_ours = |question: &QuestionDraft| question.pattern_id.as_ref() == Some(&draft.id);
        let seen = self.appearances(is_ours);
        let example = self.questions.iter().find(|question| is_ours(question)).map(|question| question.id.clone());
        Pattern {
            id: draft.id.clone(),
            course_id: course_id.clone(),
            topic_id: draft.topic_id.clone(),
            name: draft.name.clone(),
            techniques: draft.techniques.clone(),
            canonical_form: draft.canonical_form.clone(),
            appearance_count: draft.appearance_count.filter(|count| *count > 0).unwrap_or(seen.questions),
            appearance_rate: draft.appearance_rate.or(seen.share_of_exams),
            first_seen_year: draft.first_seen_year.or_else(|| seen.years.iter().min().copied()),
            last_seen_year: draft.last_seen_year.or_else(|| seen.years.iter().max().copied()),
            example_question_id: draft.example_question_id.clone().or(example),
            extra: draft.extra.clone(),
        }
    }
}

impl QuestionFacts<'_> {
    fn question(&self, draft: QuestionDraft, course_id: &CourseId, topics: &[Topic], patterns: &[Pattern]) -> Question {
        let exam = draft.exam_id.as_ref().and_then(|id| self.exams.iter().find(|exam| exam.id == *id));
        let source_points = points_of(&draft);
        let shown = self.shown.iter().filter(|name| draft.extra.contains_key(*name)).cloned().collect();
        let topic = topics.iter().find(|topic| topic.id == draft.topic_id);
        let pattern = patterns.iter().find(|pattern| Some(&pattern.id) == draft.pattern_id.as_ref());
        let frequency = pattern.and_then(|p| p.appearance_rate).or(topic.and_then(|t| t.frequency_score));
        let mut options = draft.options;
        options.sort_by(|a, b| a.letter.cmp(&b.letter));
        Question {
            meta: QuestionMeta {
                id: draft.id,
                exam_id: draft.exam_id,
                topic_id: draft.topic_id,
                topic_name: topic.map(|topic| topic.name.clone()),
                course_id: course_id.clone(),
                pattern_id: draft.pattern_id,
                techniques: draft.techniques,
                difficulty: draft.difficulty,
                difficulty_reason: draft.difficulty_reason,
                frequency_score: draft.frequency_score.or(frequency),
                estimated_time: draft.estimated_time,
                source_exam_year: draft.source_exam_year.or(exam.map(|exam| exam.year)),
                source_exam_type: draft.source_exam_type.or_else(|| exam.map(|exam| exam.exam_type.clone())),
                source_question_number: draft.source_question_number,
                source_points,
                is_generated: draft.is_generated,
                created_at: draft.created_at.unwrap_or(self.now),
            },
            question_text: draft.question_text,
            solution_steps: draft.solution_steps,
            answer: draft.answer,
            options,
            extra: draft.extra,
            shown_with_question: shown,
            withheld: draft.withheld,
            retired_at: None,
            version: FIRST_VERSION,
            corrected_at: None,
            drawn: None,
        }
    }
}

/// Lower-case words joined by hyphens.
pub(super) fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft() -> CatalogDraft {
        let exam = |id: &str, year: i32| {
            serde_json::from_value(json!({"id": id, "year": year, "exam_type": "final"})).unwrap()
        };
        let question = |id: &str, exam: Option<&str>, topic: &str, pattern: Option<&str>, points: Option<f64>| {
            serde_json::from_value(json!({
                "id": id, "exam_id": exam, "topic_id": topic, "pattern_id": pattern, "question_text": "?",
                "solution_steps": ["!"], "answer": "1", "source_points": points,
            }))
            .unwrap()
        };
        CatalogDraft {
            course: serde_json::from_value(json!({"id": "c", "name": "C"})).unwrap(),
            exams: vec![exam("e1", 2019), exam("e2", 2021), exam("e3", 2022)],
            topics: vec![
                serde_json::from_value(json!({"id": "t1", "name": "Power Series!", "category": "K"})).unwrap(),
                serde_json::from_value(
                    json!({"id": "t2", "name": "B", "category": "K", "frequency_score": 0.9, "total_appearances": 0}),
                )
                .unwrap(),
            ],
            patterns: vec![serde_json::from_value(json!({"id": "p1", "topic_id": "t1", "name": "P"})).unwrap()],
            questions: vec![
                question("q1", Some("e1"), "t1", Some("p1"), Some(10.0)),
                question("q2", Some("e1"), "t1", None, Some(7.0)),
                question("q3", Some("e2"), "t1", None, Some(8.0)),
                question("q4", None, "t1", Some("p1"), Some(100.0)),
                question("q5", Some("e3"), "t2", None, None),
            ],
        }
    }

    #[test]
    fn derived_columns_are_counted_by_hand() {
        let catalog = complete(draft(), Timestamp::UNIX_EPOCH);
        let series = &catalog.topics[0];
        assert_eq!(series.slug, "power-series");
        assert_eq!((series.total_appearances, series.question_count), (3, 4));
        assert_eq!(series.frequency_score, Some(0.67));
        assert_eq!(series.avg_points, Some(8.3));
        let pattern = &catalog.patterns[0];
        assert_eq!((pattern.appearance_count, pattern.appearance_rate), (1, Some(0.33)));
        assert_eq!((pattern.first_seen_year, pattern.last_seen_year), (Some(2019), Some(2019)));
        assert_eq!(pattern.example_question_id.as_ref().map(crate::domain::id::QuestionId::as_str), Some("q1"));
        assert_eq!(catalog.course.exam_count, 3);
        assert_eq!(catalog.exams[0].question_count, 2);
        let first = &catalog.questions[0].meta;
        assert_eq!((first.source_exam_year, first.frequency_score), (Some(2019), Some(0.33)));
        assert_eq!(catalog.questions[1].meta.frequency_score, Some(0.67));
    }

    #[test]
    fn given_columns_stay_and_a_zero_counter_counts_as_missing() {
        let catalog = complete(draft(), Timestamp::UNIX_EPOCH);
        let given = &catalog.topics[1];
        assert_eq!((given.frequency_score, given.total_appearances, given.avg_points), (Some(0.9), 1, None));
    }
}
