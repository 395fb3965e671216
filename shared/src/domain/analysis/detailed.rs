//! Past exams by chapter, section and technique. A chapter is a category of topics, and a section is one of its topics.
//! Generated questions are left out, as in the whole analysis.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::past::{ExamQuestion, PastExams, of_topic};
use crate::domain::catalog::{Bank, QuestionSummary, Topic};
use crate::domain::id::{QuestionId, TopicId};
use crate::domain::number::{mean, ratio, rounded};

/// Largest number of sample questions of a technique.
const SAMPLES_MAX: usize = 3;

/// A category of topics on past exams.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chapter {
    /// Its name in lower case, with hyphens.
    pub id: String,
    pub name: String,
    /// Position, from 1.
    pub chapter_num: usize,
    /// Number of its questions on past exams.
    pub total_questions: usize,
    /// Share of past exams with at least one of its questions, 0 to 1.
    pub frequency_score: f64,
    pub sections: Vec<Section>,
}

/// A topic on past exams.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ChapterSection)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// Id of the topic.
    pub id: TopicId,
    pub name: String,
    /// Section of the textbook where the import names it; else chapter and position, such as `2.1`.
    pub section_num: String,
    /// Number of its questions on past exams.
    pub total_questions: usize,
    /// Mean difficulty of these questions, 1 to 5; 0 if unknown.
    pub avg_difficulty: f64,
    /// Mean minutes for one of these questions; 0 if unknown.
    pub avg_time: f64,
    /// Share of past exams with the topic, 0 to 1.
    pub frequency: f64,
    /// Techniques of its questions, most frequent first.
    pub techniques: Vec<SectionTechnique>,
}

/// A technique of a section.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SectionTechnique {
    /// Its name, in lower case. Practice accepts it as `technique`.
    pub id: String,
    /// Number of the section's questions that need it.
    pub count: usize,
    /// The newest of these questions, locked; at most three.
    pub sample_questions: Vec<TechniqueSample>,
}

/// A locked question.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TechniqueSample {
    pub id: QuestionId,
    /// The beginning of its text.
    pub question_text: String,
    /// 1 (easy) to 5.
    pub difficulty: Option<u8>,
    pub points: Option<f64>,
    /// Year of its exam.
    pub year: Option<i32>,
    pub semester: Option<String>,
    pub exam_type: Option<String>,
}

type NumberedTopic<'a> = (Option<Vec<u32>>, Option<&'a str>, usize, &'a Topic);

/// The chapters of a course, in the order of their sections. Topics that were on no past exam are sections without questions.
#[must_use]
pub fn chapters(bank: &Bank) -> Vec<Chapter> {
    let past = PastExams::of(bank);
    let summaries: HashMap<&QuestionId, &QuestionSummary> =
        bank.questions.iter().map(|question| (&question.meta.id, question)).collect();
    // Parts of the section's number, its name, the index of the topic, and the topic.
    let mut topics: Vec<NumberedTopic<'_>> = Vec::new();
    for (index, &topic) in past.topics.iter().enumerate() {
        let number = section_of(of_topic(&past.questions, index), &summaries);
        topics.push((number.and_then(parts_of_number), number, index, topic));
    }
    // Numbered sections first, in their order; the others by topic.
    topics.sort_by(|a, b| (a.0.is_none(), &a.0, a.2).cmp(&(b.0.is_none(), &b.0, b.2)));

    let mut names: Vec<&str> = Vec::new();
    for (.., topic) in &topics {
        if !names.contains(&topic.category.as_str()) {
            names.push(&topic.category);
        }
    }
    let chapter = |(index, name): (usize, &str)| {
        let chapter_num = index + 1;
        let of_chapter = topics.iter().filter(|(.., topic)| topic.category == name).enumerate();
        let mut exams = HashSet::new();
        let mut sections = Vec::new();
        for (position, (_, number, index, topic)) in of_chapter {
            let questions = of_topic(&past.questions, *index);
            exams.extend(questions.iter().map(|question| question.exam_index));
            let number = number.map_or_else(|| format!("{chapter_num}.{}", position + 1), str::to_owned);
            sections.push(section(topic, number, questions, &past, &summaries));
        }
        Chapter {
            id: slug(name),
            name: name.to_owned(),
            chapter_num,
            total_questions: sections.iter().map(|section| section.total_questions).sum(),
            frequency_score: rounded(ratio(exams.len(), past.exams.len()).unwrap_or(0.0), 2),
            sections,
        }
    };
    names.into_iter().enumerate().map(chapter).collect()
}

fn section(
    topic: &Topic,
    section_num: String,
    questions: &[ExamQuestion<'_>],
    past: &PastExams<'_>,
    summaries: &HashMap<&QuestionId, &QuestionSummary>,
) -> Section {
    let difficulties: Vec<f64> = questions.iter().filter_map(|q| q.meta.difficulty.map(f64::from)).collect();
    let minutes: Vec<f64> = questions.iter().filter_map(|q| q.meta.estimated_time).collect();
    let exams: HashSet<usize> = questions.iter().map(|question| question.exam_index).collect();
    Section {
        id: topic.id.clone(),
        name: topic.name.clone(),
        section_num,
        total_questions: questions.len(),
        avg_difficulty: rounded(mean(&difficulties).unwrap_or(0.0), 2),
        avg_time: rounded(mean(&minutes).unwrap_or(0.0), 1),
        frequency: rounded(ratio(exams.len(), past.exams.len()).unwrap_or(0.0), 2),
        techniques: techniques(questions, summaries),
    }
}

fn techniques(
    questions: &[ExamQuestion<'_>],
    summaries: &HashMap<&QuestionId, &QuestionSummary>,
) -> Vec<SectionTechnique> {
    let mut by_name: BTreeMap<String, Vec<&ExamQuestion<'_>>> = BTreeMap::new();
    for question in questions {
        let names: HashSet<String> = question.meta.techniques.iter().map(|name| name.trim().to_lowercase()).collect();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            by_name.entry(name).or_default().push(question);
        }
    }
    let mut techniques: Vec<SectionTechnique> = by_name
        .into_iter()
        .map(|(id, mut questions)| {
            let count = questions.len();
            questions.sort_by_key(|question| (Reverse(question.exam_index), &question.meta.id));
            let samples = questions.into_iter().filter_map(|question| sample(question, summaries));
            SectionTechnique { id, count, sample_questions: samples.take(SAMPLES_MAX).collect() }
        })
        .collect();
    techniques.sort_by_key(|technique| Reverse(technique.count));
    techniques
}

/// A locked view. `None` if the question is not for sale.
fn sample(question: &ExamQuestion<'_>, summaries: &HashMap<&QuestionId, &QuestionSummary>) -> Option<TechniqueSample> {
    let summary = summaries.get(&question.meta.id).filter(|summary| !summary.withheld)?;
    Some(TechniqueSample {
        id: question.meta.id.clone(),
        question_text: summary.preview.clone(),
        difficulty: question.meta.difficulty,
        points: question.meta.source_points,
        year: Some(question.exam.year),
        semester: question.exam.semester.clone(),
        exam_type: Some(question.exam.exam_type.clone()),
    })
}

/// The section that most of the questions name.
fn section_of<'a>(
    questions: &[ExamQuestion<'_>],
    summaries: &HashMap<&QuestionId, &'a QuestionSummary>,
) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in questions.iter().filter_map(|question| summaries.get(&question.meta.id)?.section.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(name, count)| (*count, Reverse(*name))).map(|(name, _)| name)
}

/// The parts of a number such as `7.2`. `None` for other names of sections.
fn parts_of_number(name: &str) -> Option<Vec<u32>> {
    name.split('.').map(|part| part.parse().ok()).collect()
}

fn slug(name: &str) -> String {
    let words = name.to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn topic(id: &str, category: &str) -> Topic {
        serde_json::from_value(json!({
            "id": id, "course_id": "c", "name": id, "slug": id, "category": category, "difficulty": null,
            "frequency_score": null, "avg_points": null, "total_appearances": 0, "question_count": 0,
        }))
        .unwrap()
    }

    fn question(id: &str, topic: &str, exam: Option<&str>, section: Option<&str>) -> QuestionSummary {
        serde_json::from_value(json!({
            "id": id, "exam_id": exam, "topic_id": topic, "topic_name": null, "course_id": "c", "pattern_id": null,
            "techniques": ["Parts", "parts "], "difficulty": 2, "difficulty_reason": null, "frequency_score": null,
            "estimated_time": 5, "source_exam_year": null, "source_exam_type": null, "source_question_number": null,
            "source_points": 4, "is_generated": exam.is_none(), "created_at": "2026-01-01T00:00:00Z",
            "preview": format!("{id}…"), "section": section,
        }))
        .unwrap()
    }

    fn exam(id: &str, year: i32) -> crate::domain::catalog::Exam {
        serde_json::from_value(json!({
            "id": id, "course_id": "c", "year": year, "semester": "fall", "exam_type": "Midterm 1", "total_points": null,
            "exam_date": null, "upload_date": null, "processed": true, "question_count": 1,
        }))
        .unwrap()
    }

    fn bank() -> Bank {
        Bank {
            exams: vec![exam("e1", 2020), exam("e2", 2021)],
            topics: vec![topic("a", "Series & Limits"), topic("b", "Integrals"), topic("c", "Integrals")],
            questions: vec![
                question("a1", "a", Some("e1"), Some("10.1")),
                question("b1", "b", Some("e1"), Some("7.2")),
                question("b2", "b", Some("e2"), Some("7.2")),
                question("b3", "b", Some("e2"), None),
                question("b4", "b", Some("e1"), None),
                question("b5", "b", None, Some("7.9")),
            ],
            ..Bank::default()
        }
    }

    #[test]
    fn every_number_is_a_count_of_past_questions() {
        let chapters = chapters(&bank());
        let facts: Vec<_> = chapters
            .iter()
            .map(|chapter| (chapter.id.as_str(), chapter.chapter_num, chapter.total_questions, chapter.frequency_score))
            .collect();
        // 7.2 comes before 10.1.
        assert_eq!(facts, [("integrals", 1, 4, 1.0), ("series-limits", 2, 1, 0.5)]);
        let sections: Vec<_> = chapters[0].sections.iter().map(|s| (s.id.as_str(), s.section_num.as_str())).collect();
        assert_eq!(sections, [("b", "7.2"), ("c", "1.2")]);
        let section = &chapters[0].sections[0];
        let numbers = (section.total_questions, section.avg_difficulty, section.avg_time, section.frequency);
        assert_eq!(numbers, (4, 2.0, 5.0, 1.0));
        let [technique] = &section.techniques[..] else { panic!("{:?}", section.techniques) };
        assert_eq!((technique.id.as_str(), technique.count), ("parts", 4));
        let samples: Vec<_> = technique.sample_questions.iter().map(|sample| sample.id.as_str()).collect();
        assert_eq!(samples, ["b2", "b3", "b1"], "newest first, at most three");
        assert_eq!(technique.sample_questions[0].exam_type.as_deref(), Some("Midterm 1"));
        let empty = &chapters[0].sections[1];
        assert_eq!((empty.total_questions, empty.frequency, empty.techniques.len()), (0, 0.0, 0));
    }

    #[test]
    fn a_withheld_question_counts_and_is_not_shown() {
        let mut bank = bank();
        bank.questions[2].withheld = true;
        let technique = &chapters(&bank)[0].sections[0].techniques[0];
        assert_eq!(technique.count, 4);
        assert!(technique.sample_questions.iter().all(|sample| sample.id.as_str() != "b2"));
    }

    #[test]
    fn a_course_without_exams_has_empty_sections() {
        let bank = Bank { exams: Vec::new(), ..bank() };
        assert!(chapters(&bank).iter().all(|chapter| chapter.total_questions == 0 && chapter.frequency_score == 0.0));
    }
}
