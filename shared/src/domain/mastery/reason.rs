//! Why a topic is worth studying, in words: only what the numbers say.

use super::weak::{TopicCandidate, TopicStanding};

/// Below this many attempts the text calls them few. More attempts can also be inconclusive, when all are correct or all
/// are wrong, but calling them few would be odd.
const FEW_ATTEMPTS: u32 = 10;
/// Expected points below which they are not mentioned.
const POINTS_MIN: f64 = 0.5;

/// Results of comparing topics.
pub(super) struct TopicComparison {
    pub(super) hard_for_everyone: bool,
    pub(super) weak_for_you: bool,
    pub(super) points: f64,
}

/// A few short sentences.
pub(super) fn reason<T>(candidate: &TopicCandidate<T>, facts: &TopicComparison) -> String {
    let TopicCandidate { attempts, right, .. } = candidate;
    let mut sentences = Vec::new();
    if *attempts == 0 {
        let unknown = match candidate.attempts_of_any_kind {
            0 => "You have not tried this topic yet.",
            _ => "You have tried this topic only with the solution at hand, which shows nothing about what you know.",
        };
        sentences.push(unknown.to_owned());
    } else {
        let few = !candidate.estimate.enough_data && *attempts < FEW_ATTEMPTS;
        let doubt = if few { ", too few answers to be sure" } else { "" };
        sentences.push(format!("You got {right} of {attempts} right{doubt}."));
    }
    if facts.weak_for_you {
        sentences.push("You do worse here than your answers on other topics suggest.".to_owned());
    }
    if facts.hard_for_everyone {
        let hard = match candidate.attempts_of_all {
            0 => "Its questions are rated as harder than average.",
            _ => "Students in general find it harder than other topics.",
        };
        sentences.push(hard.to_owned());
    }
    if candidate.self_reported {
        sentences.push("You said that you feel weak here.".to_owned());
    }
    if facts.points >= POINTS_MIN {
        sentences.push(format!("About {} of the next exam's points are expected on it.", tenths(facts.points)));
    }
    sentences.join(" ")
}

/// Why to study the topic now, in one sentence.
pub(super) fn plan_reason<T>(candidate: &TopicCandidate<T>, standing: TopicStanding, points: f64) -> String {
    let TopicCandidate { attempts, right, .. } = candidate;
    let expected = if points >= POINTS_MIN {
        format!(", and about {} of the next exam's points are expected on it", tenths(points))
    } else {
        String::new()
    };
    match (standing, attempts) {
        (TopicStanding::Weak, 0) => format!("You said that you feel weak here{expected}."),
        (TopicStanding::Weak, _) => format!("You got {right} of {attempts} right here{expected}."),
        (TopicStanding::Untried, _) => format!("Nothing is known yet of what you can do here{expected}."),
        (TopicStanding::Good, _) => format!("No answer here shows a weakness{expected}."),
    }
}

/// One decimal, and none where it is 0.
fn tenths(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::estimate::Estimate;
    use super::*;

    const CANDIDATE: TopicCandidate<char> = TopicCandidate {
        topic: 'a',
        estimate: Estimate { mastery: 0.5, low: 0.3, high: 0.7, enough_data: true },
        fitted: 0.5,
        fitted_sd: 0.5,
        attempts: 12,
        right: 5,
        attempts_of_any_kind: 12,
        self_reported: false,
        expected_points: 0.0,
        delta: 0.0,
        difficulty: 0.0,
        attempts_of_all: 100,
    };
    const NOTHING: TopicComparison = TopicComparison { hard_for_everyone: false, weak_for_you: false, points: 0.0 };

    #[test]
    fn reasons_state_only_known_facts() {
        assert_eq!(reason(&CANDIDATE, &NOTHING), "You got 5 of 12 right.");
        let new = TopicCandidate { attempts: 0, right: 0, attempts_of_any_kind: 0, ..CANDIDATE };
        assert_eq!(reason(&new, &NOTHING), "You have not tried this topic yet.");
        let copied = TopicCandidate { attempts_of_any_kind: 2, ..new };
        assert!(reason(&copied, &NOTHING).starts_with("You have tried this topic only with the solution at hand"));
        let unsure = Estimate { enough_data: false, ..CANDIDATE.estimate };
        let few = TopicCandidate { estimate: unsure, attempts: 7, right: 2, ..CANDIDATE };
        assert_eq!(reason(&few, &NOTHING), "You got 2 of 7 right, too few answers to be sure.");
        let always = TopicCandidate { estimate: unsure, attempts: 50, right: 50, ..CANDIDATE };
        assert_eq!(reason(&always, &NOTHING), "You got 50 of 50 right.");
    }

    #[test]
    fn a_plan_has_one_sentence_for_each_topic() {
        let none = TopicCandidate { attempts: 0, right: 0, attempts_of_any_kind: 0, ..CANDIDATE };
        for (candidate, standing, points, expected) in [
            (&CANDIDATE, TopicStanding::Weak, 0.0, "You got 5 of 12 right here."),
            (
                &CANDIDATE,
                TopicStanding::Weak,
                6.04,
                "You got 5 of 12 right here, and about 6 of the next exam's points are expected on it.",
            ),
            (&none, TopicStanding::Weak, 0.0, "You said that you feel weak here."),
            (&none, TopicStanding::Untried, 0.0, "Nothing is known yet of what you can do here."),
            (&CANDIDATE, TopicStanding::Good, 0.0, "No answer here shows a weakness."),
        ] {
            assert_eq!(plan_reason(candidate, standing, points), expected);
        }
    }

    #[test]
    fn every_fact_has_its_sentence() {
        let all = TopicComparison { hard_for_everyone: true, weak_for_you: true, points: 6.04 };
        let reported = TopicCandidate { self_reported: true, ..CANDIDATE };
        assert_eq!(
            reason(&reported, &all),
            "You got 5 of 12 right. You do worse here than your answers on other topics suggest. Students in general \
             find it harder than other topics. You said that you feel weak here. About 6 of the next exam's points are \
             expected on it.",
        );
        let rated = TopicCandidate { attempts_of_all: 0, ..CANDIDATE };
        let facts = TopicComparison { hard_for_everyone: true, points: 0.4, ..NOTHING };
        let expected = "You got 5 of 12 right. Its questions are rated as harder than average.";
        assert_eq!(reason(&rated, &facts), expected);
        assert_eq!((tenths(2.55), tenths(3.0), tenths(10.04)), ("2.5".to_owned(), "3".to_owned(), "10".to_owned()));
    }
}
