//! Exam rehearsal: a student sits a midterm against a deadline and hands in all answers at once.
//!
//! Answers are marked by the questions that the midterm holds, not by those of the catalogue, so a sitting is not affected by
//! an import. `docs/midterms.md` has the rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Midterm, MidtermId};
use crate::domain::catalog::parts::{PARTS_COLUMN, Part};
use crate::domain::catalog::{Question, QuestionOption};
use crate::domain::id::{CourseId, QuestionId, TopicId};
use crate::domain::number::rounded;
use crate::domain::questions::view::{OptionView, PartView, QuestionView};
use crate::domain::study::attempt::GradedBy;
use crate::domain::study::marking::{Given, Mark, Unmarkable, mark};
use crate::domain::time::plus_seconds;

/// Answers that come so long after the deadline are in time: the network takes time.
pub const GRACE_SECONDS: i64 = 30;
/// Bounds of the time of a sitting.
const MINUTES_MIN: f64 = 1.0;
const MINUTES_MAX: f64 = 600.0;
/// Decimals of points.
const POINT_DECIMALS: i32 = 4;

/// A sitting of a midterm. There is one at most for each midterm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sitting {
    pub midterm_id: MidtermId,
    pub course_id: CourseId,
    pub started_at: Timestamp,
    /// The end of the time. The service keeps it; no client can move it. The export shows members whose names end in `_at` as
    /// times.
    #[serde(rename = "deadline_at")]
    pub deadline: Timestamp,
    /// What was handed in; `None` while the sitting runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<HandedIn>,
}

/// The answers of a sitting, and their marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandedIn {
    #[serde(rename = "received_at")]
    pub at: Timestamp,
    /// In the order of the midterm.
    pub questions: Vec<SatQuestion>,
}

/// How far a question of a sitting is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkState {
    Marked,
    /// Nothing was handed in for it: it has 0 points and is no attempt.
    Unanswered,
    /// At least one part can be marked by the student alone, who compares it with the solution. It is no attempt yet.
    Unmarked,
}

/// A question of a sitting with what was handed in and its marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SatQuestion {
    pub question_id: QuestionId,
    pub topic_id: TopicId,
    pub topic_name: Option<String>,
    pub state: MarkState,
    /// Points that it is worth. If no question of the midterm has points, each is worth 1.
    pub points: f64,
    /// Points that the answer has, without the parts that are not marked.
    pub earned: f64,
    /// Points of the parts that are not marked.
    pub unmarked: f64,
    /// Null if nothing is marked.
    pub graded_by: Option<GradedBy>,
    /// The student's answer to a question without parts.
    pub answer: Option<String>,
    /// The student's answers to the parts, by label.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// The marks of the parts; empty if the question has none.
    #[serde(default)]
    pub parts: Vec<SatPart>,
}

/// A part of a question of a sitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SatPart {
    /// `a`, `b`, …
    pub label: String,
    /// Its share of the points of the question.
    pub points: f64,
    /// Null if it is not marked.
    pub earned: Option<f64>,
    /// Null if it is not marked.
    pub graded_by: Option<GradedBy>,
}

/// The sums of a sitting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    pub points: f64,
    pub earned: f64,
    pub unmarked: f64,
    /// Share of the marked points, in percent; `None` if nothing is marked.
    pub percent: Option<f64>,
}

/// A topic that cost points.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReviewTopic {
    pub topic_id: TopicId,
    pub topic_name: Option<String>,
    pub points_lost: f64,
    /// Marked points of the topic in this midterm.
    pub points: f64,
    /// The questions that lost points, in the order of the midterm.
    pub question_ids: Vec<QuestionId>,
}

impl Sitting {
    /// A sitting that begins now. `minutes` replaces the time of the midterm.
    #[must_use]
    pub fn begin(midterm: &Midterm<QuestionView>, minutes: Option<u32>, now: Timestamp) -> Self {
        let planned = [midterm.fit.minutes.achieved, midterm.blueprint.minutes].into_iter().find(|time| *time > 0.0);
        let minutes = minutes.map(f64::from).or(planned).unwrap_or(MINUTES_MIN).clamp(MINUTES_MIN, MINUTES_MAX);
        #[expect(clippy::cast_possible_truncation, reason = "at most ten hours")]
        let seconds = (minutes * 60.0).ceil() as i64;
        Self {
            midterm_id: midterm.id,
            course_id: midterm.course_id.clone(),
            started_at: now,
            deadline: plus_seconds(now, seconds),
            handed_in: None,
        }
    }
}

impl HandedIn {
    /// Whether the answers came after the deadline and the grace.
    #[must_use]
    pub fn is_late(&self, deadline: Timestamp) -> bool {
        self.at > plus_seconds(deadline, GRACE_SECONDS)
    }

    /// The sums.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let sum = |of: fn(&SatQuestion) -> f64| rounded(self.questions.iter().map(of).sum(), POINT_DECIMALS);
        let [points, earned, unmarked] = [sum(|one| one.points), sum(|one| one.earned), sum(|one| one.unmarked)];
        let marked = points - unmarked;
        let percent = (marked > 0.0).then(|| rounded(100.0 * earned / marked, 1));
        Totals { points, earned, unmarked, percent }
    }

    /// Topics by the points that they cost, the most expensive first.
    #[must_use]
    pub fn review(&self) -> Vec<ReviewTopic> {
        let mut topics: Vec<ReviewTopic> = Vec::new();
        for question in &self.questions {
            let marked = question.points - question.unmarked;
            let lost = (marked - question.earned).max(0.0);
            let known = topics.iter().position(|topic| topic.topic_id == question.topic_id);
            let at = known.unwrap_or_else(|| {
                topics.push(ReviewTopic {
                    topic_id: question.topic_id.clone(),
                    topic_name: question.topic_name.clone(),
                    points_lost: 0.0,
                    points: 0.0,
                    question_ids: Vec::new(),
                });
                topics.len() - 1
            });
            let topic = &mut topics[at];
            topic.points = rounded(topic.points + marked, POINT_DECIMALS);
            topic.points_lost = rounded(topic.points_lost + lost, POINT_DECIMALS);
            if lost > 0.0 {
                topic.question_ids.push(question.question_id.clone());
            }
        }
        topics.retain(|topic| topic.points_lost > 0.0);
        // Stable: topics that cost the same stay in the order of the midterm.
        topics.sort_by(|a, b| b.points_lost.total_cmp(&a.points_lost));
        topics
    }
}

/// Why answers were not marked: one of them does not belong to its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotMarkable {
    /// The midterm has no such question.
    NoSuchQuestion(QuestionId),
    /// An answer does not belong to the question.
    Answer(QuestionId, Unmarkable),
}

/// A question of a sitting and, if all of it is marked, the mark of the attempt.
pub type MarkedSheet = Vec<(SatQuestion, Option<Mark>)>;

/// Marks the answers to the questions of a midterm.
///
/// # Errors
/// When an answer names a question, a part or a choice that does not exist. An answer that only the student can mark is no
/// error.
pub fn mark_sheet(
    questions: &[QuestionView],
    mut given: BTreeMap<QuestionId, Given>,
) -> Result<MarkedSheet, NotMarkable> {
    let is_known = |id: &QuestionId| questions.iter().any(|question| question.meta.id == *id);
    if let Some(unknown) = given.keys().find(|id| !is_known(id)) {
        return Err(NotMarkable::NoSuchQuestion(unknown.clone()));
    }
    let has_points = questions.iter().any(|question| own_points(question).is_some_and(|points| points > 0.0));
    let marked = questions.iter().map(|question| {
        let worth = if has_points { own_points(question).unwrap_or(0.0) } else { 1.0 };
        let given = given.remove(&question.meta.id).unwrap_or_default();
        mark_question(question, worth, given).map_err(|fault| NotMarkable::Answer(question.meta.id.clone(), fault))
    });
    marked.collect()
}

fn own_points(question: &QuestionView) -> Option<f64> {
    let of_parts = || {
        let known: Vec<f64> = question.parts.iter().filter_map(|part| part.points).collect();
        (!known.is_empty()).then(|| known.iter().sum())
    };
    question.points.or_else(of_parts)
}

fn mark_question(view: &QuestionView, worth: f64, given: Given) -> Result<(SatQuestion, Option<Mark>), Unmarkable> {
    let question = as_delivered(view);
    let (mark, open) = match mark(&question, &given) {
        Ok(mark) => (Some(mark), Vec::new()),
        Err(Unmarkable::NeedsSelfReport) => (None, Vec::new()),
        Err(Unmarkable::PartsNeedSelfReport(labels)) => {
            let open: Vec<String> = labels.split(", ").map(str::to_owned).collect();
            // The other parts are marked; what these are marked with does not count.
            let mut decided = given.clone();
            decided.self_report.extend(open.iter().map(|label| (label.clone(), false)));
            (Some(mark(&question, &decided)?), open)
        }
        Err(fault) => return Err(fault),
    };
    let parts = shares(&view.parts, worth, mark.as_ref(), &open);
    let (state, earned, unmarked) = match &mark {
        Some(mark) if open.is_empty() => (MarkState::Marked, worth * mark.score, 0.0),
        Some(_) => {
            let unmarked = parts.iter().filter(|part| part.earned.is_none()).map(|part| part.points).sum();
            (MarkState::Unmarked, parts.iter().filter_map(|part| part.earned).sum(), unmarked)
        }
        None if is_answered(&given) => (MarkState::Unmarked, 0.0, worth),
        None => (MarkState::Unanswered, 0.0, 0.0),
    };
    let sat = SatQuestion {
        question_id: view.meta.id.clone(),
        topic_id: view.meta.topic_id.clone(),
        topic_name: view.meta.topic_name.clone(),
        state,
        points: worth,
        earned: rounded(earned, POINT_DECIMALS),
        unmarked: rounded(unmarked, POINT_DECIMALS),
        graded_by: mark.as_ref().filter(|_| open.is_empty()).map(|mark| mark.graded_by),
        answer: given.answer,
        answers: given.answers,
        parts,
    };
    Ok((sat, mark.filter(|_| open.is_empty())))
}

/// The marks of the parts. Their points are shares of those of the question.
fn shares(parts: &[PartView], worth: f64, mark: Option<&Mark>, open: &[String]) -> Vec<SatPart> {
    let has_points = parts.iter().any(|part| part.points.is_some_and(|points| points > 0.0));
    let weight = |part: &PartView| if has_points { part.points.unwrap_or(0.0) } else { 1.0 };
    let all: f64 = parts.iter().map(weight).sum();
    let share = |part: &PartView| {
        let points = worth * weight(part) / all;
        let marks = mark.map(|mark| mark.parts.as_slice()).unwrap_or_default();
        let marked = marks.iter().find(|marked| marked.label == part.label && !open.contains(&marked.label));
        SatPart {
            label: part.label.clone(),
            points: rounded(points, POINT_DECIMALS),
            earned: marked.map(|marked| rounded(points * marked.score, POINT_DECIMALS)),
            graded_by: marked.map(|marked| marked.graded_by),
        }
    };
    parts.iter().map(share).collect()
}

fn is_answered(given: &Given) -> bool {
    let is_filled = |answer: &String| !answer.trim().is_empty();
    given.answer.as_ref().is_some_and(is_filled) || given.answers.values().any(is_filled)
}

/// The question as the midterm delivered it, with its solution.
fn as_delivered(view: &QuestionView) -> Question {
    let option = |option: &OptionView| QuestionOption {
        letter: option.letter.clone(),
        text: option.text.clone(),
        is_correct: option.is_correct == Some(true),
        weight: option.weight,
        feedback: None,
    };
    let part = |part: &PartView| Part {
        text: part.text.clone(),
        is_gap: part.is_gap,
        answer: part.answer.clone().unwrap_or_default(),
        answer_rules: part.answer_rules.clone(),
        options: part.options.iter().map(option).collect(),
        points: part.points,
        ..Part::default()
    };
    let mut extra = view.extra.clone();
    if !view.parts.is_empty() {
        let parts: Vec<Part> = view.parts.iter().map(part).collect();
        extra.insert(PARTS_COLUMN.to_owned(), serde_json::to_value(parts).unwrap_or_default());
    }
    Question {
        meta: view.meta.clone(),
        question_text: view.stem.clone().unwrap_or_else(|| view.question_text.clone()),
        solution_steps: Vec::new(),
        answer: view.answer.clone().unwrap_or_default(),
        options: view.options.iter().map(option).collect(),
        extra,
        shown_with_question: Vec::new(),
        withheld: false,
        retired_at: None,
        version: view.version,
        corrected_at: None,
        drawn: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::questions::view::Access;

    fn question(id: &str, points: Option<f64>, answer: &str, extra: &Value) -> Question {
        let mut question: Question = serde_json::from_value(json!({
            "id": id, "exam_id": null, "topic_id": format!("t-{}", &id[..1]), "topic_name": null, "course_id": "c",
            "pattern_id": null, "techniques": [], "difficulty": null, "difficulty_reason": null,
            "source_exam_year": null, "source_exam_type": null, "source_question_number": null, "source_points": points,
            "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "question_text": "?", "solution_steps": [],
            "answer": answer, "extra": extra,
        }))
        .unwrap();
        if answer == "B" {
            question.options = ["A", "B"]
                .map(|letter| QuestionOption {
                    letter: letter.to_owned(),
                    is_correct: letter == "B",
                    ..QuestionOption::default()
                })
                .to_vec();
        }
        question
    }

    fn sheet(questions: &[Question], given: &[(&str, Given)]) -> Result<HandedIn, NotMarkable> {
        let views: Vec<QuestionView> = questions.iter().map(|one| QuestionView::of(one, Access::Solution)).collect();
        let given = given.iter().map(|(id, given)| (QuestionId::try_from(*id).unwrap(), given.clone())).collect();
        let questions = mark_sheet(&views, given)?.into_iter().map(|(sat, _)| sat).collect();
        Ok(HandedIn { at: Timestamp::UNIX_EPOCH, questions })
    }

    fn answer(text: &str) -> Given {
        Given { answer: Some(text.to_owned()), ..Given::default() }
    }

    fn parts() -> Value {
        json!({"parts": [
            {"text": "x", "answer": "2", "points": 2},
            {"text": "y", "answer": "because the limit is finite", "points": 3},
            {"text": "z", "answer": "5", "points": 1, "answer_rules": {"accepted": [{"answer": "5", "tolerance": 0.5}]}},
        ]})
    }

    #[test]
    fn a_question_of_a_midterm_is_marked_as_the_question_itself() {
        let samples = [
            (question("a1", Some(4.0), "2x", &json!({})), vec![answer("x+x"), answer("x")]),
            (question("a2", Some(4.0), "B", &json!({})), vec![answer("b"), answer("A")]),
            (
                question(
                    "a3",
                    Some(4.0),
                    "",
                    &json!({"answer_rules": {"accepted": [{"answer": "3", "tolerance": 0.1}]}}),
                ),
                vec![answer("3.05"), answer("4")],
            ),
        ];
        for (question, answers) in samples {
            for given in answers {
                let view = QuestionView::of(&question, Access::Solution);
                assert_eq!(mark(&as_delivered(&view), &given), mark(&question, &given), "{given:?}");
            }
        }
    }

    #[test]
    fn parts_that_only_the_student_can_mark_stay_open_and_the_others_count() {
        let labelled = |answers: &[(&str, &str)]| Given {
            answers: answers.iter().map(|(label, text)| ((*label).to_owned(), (*text).to_owned())).collect(),
            ..Given::default()
        };
        let questions = [question("a1", Some(12.0), "", &parts()), question("b1", Some(3.0), "B", &json!({}))];
        let given = labelled(&[("a", "2"), ("b", "it is bounded by something"), ("c", "9")]);
        let handed_in = sheet(&questions, &[("a1", given)]).unwrap();
        let first = &handed_in.questions[0];
        assert_eq!((first.state, first.points, first.earned, first.unmarked), (MarkState::Unmarked, 12.0, 4.0, 6.0));
        let earned: Vec<_> = first.parts.iter().map(|part| (part.points, part.earned)).collect();
        assert_eq!(earned, [(4.0, Some(4.0)), (6.0, None), (2.0, Some(0.0))]);
        assert_eq!((handed_in.questions[1].state, handed_in.questions[1].earned), (MarkState::Unanswered, 0.0));
        let totals = handed_in.totals();
        assert_eq!((totals.points, totals.earned, totals.unmarked, totals.percent), (15.0, 4.0, 6.0, Some(44.4)));
        let lost: Vec<_> =
            handed_in.review().iter().map(|topic| (topic.topic_id.to_string(), topic.points_lost)).collect();
        assert_eq!(lost, [("t-b".to_owned(), 3.0), ("t-a".to_owned(), 2.0)]);
        // With the student's report, all of it is marked.
        let mut given = labelled(&[("a", "2"), ("b", "it is bounded by something"), ("c", "5.2")]);
        given.self_report.insert("b".to_owned(), true);
        let handed_in = sheet(&questions, &[("a1", given)]).unwrap();
        assert_eq!((handed_in.questions[0].state, handed_in.questions[0].earned), (MarkState::Marked, 12.0));
    }

    #[test]
    fn without_any_points_each_question_is_worth_one() {
        let questions = [question("a1", None, "7", &json!({})), question("b1", None, "B", &json!({}))];
        let totals = sheet(&questions, &[("a1", answer("7"))]).unwrap().totals();
        assert_eq!((totals.points, totals.earned, totals.percent), (2.0, 1.0, Some(50.0)));
        // If another has points, a question without counts nothing.
        let questions = [question("a1", None, "7", &json!({})), question("b1", Some(4.0), "B", &json!({}))];
        let totals = sheet(&questions, &[("a1", answer("7"))]).unwrap().totals();
        assert_eq!((totals.points, totals.earned, totals.percent), (4.0, 0.0, Some(0.0)));
    }

    #[test]
    fn what_belongs_to_no_question_is_refused_and_an_unmarked_sheet_has_no_percent() {
        let questions = [question("a1", Some(2.0), "B", &json!({}))];
        let id = |text: &str| QuestionId::try_from(text).unwrap();
        let refused = |given: &[(&str, Given)]| sheet(&questions, given).unwrap_err();
        assert_eq!(refused(&[("a2", answer("B"))]), NotMarkable::NoSuchQuestion(id("a2")));
        assert!(matches!(refused(&[("a1", answer("Z"))]), NotMarkable::Answer(_, Unmarkable::NoSuchOption { .. })));
        let part = Given { answers: [("a".to_owned(), String::new())].into(), ..Given::default() };
        assert!(matches!(refused(&[("a1", part)]), NotMarkable::Answer(_, Unmarkable::NoParts { .. })));
        let prose = [question("a1", Some(2.0), "because it is finite", &json!({}))];
        let handed_in = sheet(&prose, &[("a1", answer("since all terms are bounded"))]).unwrap();
        assert_eq!((handed_in.totals().percent, handed_in.review()), (None, Vec::new()));
    }

    #[test]
    fn thirty_seconds_after_the_deadline_are_in_time() {
        let deadline = Timestamp::UNIX_EPOCH;
        for (seconds, late) in [(-1, false), (0, false), (30, false), (31, true)] {
            let handed_in = HandedIn { at: plus_seconds(deadline, seconds), questions: Vec::new() };
            assert_eq!(handed_in.is_late(deadline), late, "{seconds}");
        }
    }
}
