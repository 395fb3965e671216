//! The question of the day, shown in full without a session.

use crate::domain::catalog::{Bank, QuestionSummary};

/// Difficulties that are eligible.
const DIFFICULTIES: std::ops::RangeInclusive<u8> = 3..=4;

/// Picks `count` different questions of `day` (days since 1970-01-01) from all `banks`; fewer if there are fewer. The first
/// changes daily, repeats only after all others have been first, and does not depend on `count`. Only exam questions of
/// difficulty 3 or 4 are picked.
#[must_use]
pub fn pick<'a>(banks: impl IntoIterator<Item = &'a Bank>, day: i64, count: usize) -> Vec<&'a QuestionSummary> {
    let mut candidates: Vec<&QuestionSummary> = banks
        .into_iter()
        .flat_map(Bank::for_sale)
        .filter(|q| q.meta.exam_id.is_some() && q.meta.difficulty.is_some_and(|d| DIFFICULTIES.contains(&d)))
        .collect();
    candidates.sort_by_key(|question| &question.meta.id);
    // A fixed shuffle, advanced one step per day: consecutive days show different topics.
    fastrand::Rng::with_seed(0).shuffle(&mut candidates);
    let all = candidates.len();
    let days = i64::try_from(all).unwrap_or(i64::MAX).max(1);
    let first = usize::try_from(day.rem_euclid(days)).unwrap_or(0);
    let count = count.min(all);
    // Far apart in the shuffle, so that none of them is the first one of the next days.
    let step = all / count.max(1);
    (0..count).filter_map(|number| candidates.get((first + number * step) % all).copied()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    fn question(id: &str, exam: Option<&str>, difficulty: Option<u8>) -> QuestionSummary {
        serde_json::from_value(json!({
            "id": id, "exam_id": exam, "topic_id": "t", "topic_name": null, "course_id": "c", "pattern_id": null,
            "techniques": [], "difficulty": difficulty, "difficulty_reason": null, "frequency_score": null,
            "estimated_time": null, "source_exam_year": null, "source_exam_type": null, "source_question_number": null,
            "source_points": null, "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "preview": "",
        }))
        .unwrap()
    }

    #[test]
    fn every_fitting_question_has_its_day_and_no_other() {
        let bank = Bank {
            questions: vec![
                question("a", Some("e"), Some(3)),
                question("b", Some("e"), Some(4)),
                question("c", Some("e"), Some(3)),
                question("easy", Some("e"), Some(2)),
                question("generated", None, Some(3)),
                question("unrated", Some("e"), None),
            ],
            ..Bank::default()
        };
        let days: Vec<_> = (20_000..20_003).map(|day| pick([&bank], day, 1)[0].meta.id.as_str()).collect();
        assert_eq!(days.iter().copied().collect::<HashSet<_>>(), HashSet::from(["a", "b", "c"]));
        assert_eq!(pick([&bank], 20_003, 1)[0].meta.id.as_str(), days[0]);
        assert_eq!(pick([&bank], -1, 1), pick([&bank], 2, 1));
    }

    #[test]
    fn several_questions_of_a_day_are_different() {
        let questions = (0..10).map(|number| question(&format!("q{number}"), Some("e"), Some(3))).collect();
        let bank = Bank { questions, ..Bank::default() };
        for count in [1, 2, 3, 7, 10, 12] {
            for day in 0..10 {
                let picked = pick([&bank], day, count);
                let ids: HashSet<_> = picked.iter().map(|question| question.meta.id.as_str()).collect();
                assert_eq!((ids.len(), picked.len()), (count.min(10), count.min(10)));
                assert_eq!(picked[0], pick([&bank], day, 1)[0], "the first is the question of the day");
            }
        }
        let tomorrow = pick([&bank], 1, 1)[0];
        assert!(!pick([&bank], 0, 3).contains(&tomorrow));
    }

    #[test]
    fn without_a_fitting_question_there_is_none() {
        assert_eq!(pick([&Bank::default()], 1, 3), [] as [&QuestionSummary; 0]);
    }
}
