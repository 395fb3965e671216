//! What is difficult about a topic, in texts: what students get wrong, what the course says, and the techniques. Never empty.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::QuestionMeta;
use crate::domain::study::Calibration;

/// Maximum number of texts.
const TEXTS_MAX: usize = 5;
/// Attempts from which on the rate of wrong answers is told.
const ATTEMPTS_MIN: u32 = 5;
/// Rate of wrong answers from which on a technique is a trap.
const WRONG_MIN: f64 = 0.4;

/// The texts for a topic with these questions, the most telling first.
#[must_use]
pub(super) fn traps<'a>(
    topic_name: &str,
    metas: impl Iterator<Item = &'a QuestionMeta> + Clone,
    calibration: &Calibration,
) -> Vec<String> {
    let mut texts = wrong(metas.clone(), calibration);
    texts.extend(most_frequent(metas.clone().filter_map(|meta| meta.difficulty_reason.as_ref())));
    texts.truncate(TEXTS_MAX);
    if texts.is_empty() {
        let techniques = most_frequent(metas.flat_map(|meta| &meta.techniques));
        texts.extend(techniques.into_iter().map(|name| format!("Seeing when {name} applies.")));
    }
    if texts.is_empty() {
        texts.push(format!("No mistakes on {topic_name} are recorded yet."));
    }
    texts
}

/// Techniques whose questions students often get wrong, the worst first. The rate is that of an average student, as the
/// course's calibration has learnt it from all attempts.
fn wrong<'a>(metas: impl Iterator<Item = &'a QuestionMeta>, calibration: &Calibration) -> Vec<String> {
    // Sum of the rates, weighted by attempts, and attempts, by technique.
    let mut rates: BTreeMap<String, (f64, u32)> = BTreeMap::new();
    for meta in metas {
        let Some(effect) = calibration.questions.get(&meta.id) else { continue };
        let ease = calibration.ease(&meta.topic_id, &meta.id, meta.difficulty);
        let wrong = 1.0 / (1.0 + ease.logits.exp());
        for technique in &meta.techniques {
            let (sum, attempts) = rates.entry(technique.trim().to_lowercase()).or_default();
            *sum += wrong * f64::from(effect.attempts);
            *attempts = attempts.saturating_add(effect.attempts);
        }
    }
    let mut traps: Vec<(f64, String)> = rates
        .into_iter()
        .filter(|(_, (_, attempts))| *attempts >= ATTEMPTS_MIN)
        .map(|(technique, (sum, attempts))| (sum / f64::from(attempts), technique))
        .filter(|(rate, technique)| *rate >= WRONG_MIN && !technique.is_empty())
        .collect();
    traps.sort_by(|a, b| b.0.total_cmp(&a.0));
    let text = |(rate, technique): (f64, String)| {
        format!("Students get about {:.0} % of the questions with {technique} wrong.", rate * 100.0)
    };
    traps.into_iter().take(TEXTS_MAX).map(text).collect()
}

/// Texts by frequency, then alphabetically.
pub(super) fn most_frequent<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut counts: HashMap<&String, usize> = HashMap::new();
    for text in texts.filter(|text| !text.trim().is_empty()) {
        *counts.entry(text).or_default() += 1;
    }
    let mut texts: Vec<_> = counts.into_iter().collect();
    texts.sort_by_key(|(text, count)| (Reverse(*count), *text));
    texts.into_iter().take(TEXTS_MAX).map(|(text, _)| text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::id::QuestionId;
    use crate::domain::mastery::Effect;

    fn meta(id: &str, techniques: &[&str], reason: Option<&str>) -> QuestionMeta {
        serde_json::from_value(json!({
            "id": id, "exam_id": null, "topic_id": "t", "topic_name": null, "course_id": "c", "pattern_id": null,
            "techniques": techniques, "difficulty": 3, "difficulty_reason": reason, "frequency_score": null,
            "estimated_time": null, "source_exam_year": null, "source_exam_type": null, "source_question_number": null,
            "source_points": null, "is_generated": false, "created_at": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    /// A calibration that knows questions by value and attempts.
    fn learnt(effects: &[(&str, f64, u32)]) -> Calibration {
        let effect = |(id, value, attempts): &(&str, f64, u32)| {
            (QuestionId::try_from(*id).unwrap(), Effect { value: *value, attempts: *attempts })
        };
        Calibration { mu: 0.0, questions: effects.iter().map(effect).collect(), ..Calibration::default() }
    }

    #[test]
    fn what_students_get_wrong_comes_first() {
        let metas = [
            meta("q1", &["Ratio test"], Some("Two tests in one")),
            meta("q2", &["ratio test", "limits"], None),
            meta("q3", &["roots"], None),
            meta("q4", &["signs"], None),
        ];
        // Logits of wrong answers: 2 is 88 %, -2 is 12 %. Four attempts are too few.
        let calibration = learnt(&[("q1", 2.0, 9), ("q2", 0.0, 1), ("q3", -2.0, 50), ("q4", 3.0, 4)]);
        assert_eq!(
            traps("Series", metas.iter(), &calibration),
            ["Students get about 84 % of the questions with ratio test wrong.", "Two tests in one"]
        );
    }

    #[test]
    fn without_mistakes_and_reasons_the_techniques_are_named() {
        let metas = [meta("q1", &["limits", "roots"], None), meta("q2", &["roots"], None)];
        assert_eq!(
            traps("Series", metas.iter(), &Calibration::default()),
            ["Seeing when roots applies.", "Seeing when limits applies."]
        );
    }

    #[test]
    fn there_is_always_a_text() {
        assert_eq!(traps("Series", [].iter(), &Calibration::default()), ["No mistakes on Series are recorded yet."]);
        let metas = [meta("q1", &[], None)];
        assert_eq!(traps("Series", metas.iter(), &Calibration::default()).len(), 1);
    }
}
