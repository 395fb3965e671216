//! Statistics of one topic over a course's exams: the numbers and texts of the topic page, computed from the data.

use std::collections::HashSet;

use crate::domain::catalog::traps::{most_frequent, traps};
use crate::domain::catalog::{Bank, QuestionSummary, Topic};
use crate::domain::number::{mean, ratio, rounded};
use crate::domain::study::Calibration;

/// Statistics of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicInsight {
    /// Number of exams that contain the topic.
    pub appearances: usize,
    /// Number of the course's exams.
    pub total_exams: usize,
    /// Mean difficulty of the topic's questions, or the topic's own difficulty; 0 if unknown.
    pub avg_difficulty: f64,
    /// Mean points of the topic's questions, or the topic's own; 0 if unknown.
    pub avg_points: f64,
    /// Share of exams that contain the topic.
    pub frequency_score: f64,
    /// Number of the topic's questions, including generated ones.
    pub question_count: usize,
    /// What students get wrong, or else what its questions need. Never empty.
    pub common_difficulties: Vec<String>,
    /// Study tips derived from the numbers.
    pub study_tips: Vec<String>,
}

/// The questions of a topic.
#[must_use]
pub fn questions_of<'a>(bank: &'a Bank, topic: &Topic) -> Vec<&'a QuestionSummary> {
    bank.questions.iter().filter(|question| question.meta.topic_id == topic.id).collect()
}

/// Computes the statistics from `questions`, which must be those of `topic`, in a course of `total_exams`.
#[must_use]
pub fn insight(
    topic: &Topic,
    questions: &[&QuestionSummary],
    total_exams: usize,
    calibration: &Calibration,
) -> TopicInsight {
    let metas = || questions.iter().map(|question| &question.meta);
    let appearances = metas().filter_map(|meta| meta.exam_id.as_ref()).collect::<HashSet<_>>().len();
    let difficulties: Vec<f64> = metas().filter_map(|meta| meta.difficulty.map(f64::from)).collect();
    let points: Vec<f64> = metas().filter_map(|meta| meta.source_points).collect();
    let minutes: Vec<f64> = metas().filter_map(|meta| meta.estimated_time).collect();
    let techniques = most_frequent(metas().flat_map(|meta| &meta.techniques));
    let avg_points = mean(&points).or(topic.avg_points).map(|points| rounded(points, 1));

    let mut study_tips = Vec::new();
    if total_exams > 0 {
        study_tips.push(format!("It was on {appearances} of {total_exams} past exams."));
    }
    if let Some(points) = avg_points {
        study_tips.push(format!("A question on it was worth {points} points on average."));
    }
    if let Some(minutes) = mean(&minutes) {
        study_tips.push(format!("Plan about {} minutes for a question.", rounded(minutes, 0)));
    }
    if !techniques.is_empty() {
        let names = techniques.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        study_tips.push(format!("Techniques that solve most of its questions: {names}."));
    }
    if let Some(hardest) = metas().filter_map(|meta| meta.difficulty).max()
        && let Some(easiest) = metas().filter_map(|meta| meta.difficulty).min()
        && easiest < hardest
    {
        study_tips.push(format!("Its questions go from difficulty {easiest} to {hardest}: begin with the easy ones."));
    }

    TopicInsight {
        appearances,
        total_exams,
        avg_difficulty: rounded(mean(&difficulties).or(topic.difficulty.map(f64::from)).unwrap_or(0.0), 2),
        avg_points: avg_points.unwrap_or(0.0),
        frequency_score: rounded(ratio(appearances, total_exams).unwrap_or(0.0), 2),
        question_count: questions.len(),
        common_difficulties: traps(&topic.name, metas(), calibration),
        study_tips,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn topic() -> Topic {
        serde_json::from_value(json!({
            "id": "t", "course_id": "c", "name": "Series", "slug": "series", "category": "K", "difficulty": 4,
            "frequency_score": 0.1, "avg_points": 3.0, "total_appearances": 9, "question_count": 9,
        }))
        .unwrap()
    }

    fn question(exam: Option<&str>, difficulty: u8, points: f64, reason: &str) -> QuestionSummary {
        serde_json::from_value(json!({
            "id": "q", "exam_id": exam, "topic_id": "t", "topic_name": null, "course_id": "c", "pattern_id": null,
            "techniques": ["ratio test"], "difficulty": difficulty, "difficulty_reason": reason, "frequency_score": null,
            "estimated_time": 8.0, "source_exam_year": null, "source_exam_type": null, "source_question_number": null,
            "source_points": points, "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))
        .unwrap()
    }

    #[test]
    fn every_number_is_a_count_of_the_questions() {
        let questions = [
            question(Some("e1"), 2, 10.0, "two tests in one"),
            question(Some("e1"), 3, 5.0, "signs"),
            question(Some("e2"), 5, 6.0, "signs"),
        ];
        let insight = insight(&topic(), &questions.iter().collect::<Vec<_>>(), 4, &Calibration::default());
        assert_eq!((insight.appearances, insight.total_exams, insight.question_count), (2, 4, 3));
        assert_eq!((insight.avg_difficulty, insight.avg_points, insight.frequency_score), (3.33, 7.0, 0.5));
        assert_eq!(insight.common_difficulties, ["signs", "two tests in one"]);
        assert_eq!(
            insight.study_tips,
            [
                "It was on 2 of 4 past exams.",
                "A question on it was worth 7 points on average.",
                "Plan about 8 minutes for a question.",
                "Techniques that solve most of its questions: ratio test.",
                "Its questions go from difficulty 2 to 5: begin with the easy ones.",
            ]
        );
    }

    #[test]
    fn a_topic_without_questions_says_only_what_it_knows() {
        let insight = insight(&topic(), &[], 0, &Calibration::default());
        assert_eq!((insight.avg_difficulty, insight.avg_points, insight.frequency_score), (4.0, 3.0, 0.0));
        assert_eq!(insight.study_tips, ["A question on it was worth 3 points on average."]);
    }
}
