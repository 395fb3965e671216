//! A blueprint and its candidates, validated once.

use super::AssemblyError;

/// Levels of difficulty.
pub const DIFFICULTIES: usize = 5;

/// A question that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Index of its topic in [`Blueprint::topics`].
    pub topic: usize,
    /// Its difficulty 1–5 less one: an index below [`DIFFICULTIES`].
    pub difficulty: usize,
    pub points: f64,
    pub minutes: f64,
    /// The pattern it follows. Any numbers: only equality counts. `None`: the question shares its pattern with no
    /// other.
    pub pattern: Option<u32>,
    /// One bit for each technique it needs.
    pub techniques: u64,
    /// The family of variants that it belongs to. Any numbers: only equality counts. `None`: the question is not a
    /// variant.
    pub family: Option<u32>,
    /// How useful it is to the student, in [0, 1].
    pub usefulness: f64,
}

/// Target of a form. `questions`, `pattern_max` and one question per family are rules; all other targets are soft.
#[derive(Debug, Clone, PartialEq)]
pub struct Blueprint {
    /// N, the number of questions.
    pub questions: usize,
    /// τ, the target number of questions by topic. Fractions are fine; the sum should be N.
    pub topics: Vec<f64>,
    /// The target number of questions by difficulty, not cumulative. Fractions are fine; the sum should be N.
    pub difficulty: [f64; DIFFICULTIES],
    /// P*, the target sum of points. 0 if points do not matter.
    pub points: f64,
    /// M*, the target sum of minutes. 0 if minutes do not matter.
    pub minutes: f64,
    /// K*, the target number of different techniques. 0 if techniques do not matter.
    pub techniques: u32,
    /// Maximum questions per pattern.
    pub pattern_max: u32,
    /// Weights of the parts of the loss.
    pub weights: Weights,
}

/// Weights of the parts of the loss, each at least 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// The distance of the topics.
    pub topics: f64,
    /// The distance of the difficulties.
    pub difficulty: f64,
    /// The distance of the points.
    pub points: f64,
    /// The distance of the minutes.
    pub minutes: f64,
    /// The techniques that are missing.
    pub techniques: f64,
    /// The worst single deviation.
    pub worst: f64,
    /// The usefulness that is missing.
    pub usefulness: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { topics: 4.0, difficulty: 2.0, points: 3.0, minutes: 2.0, techniques: 1.0, worst: 2.0, usefulness: 1.0 }
    }
}

/// A blueprint and candidates that fit together: every number is finite and in its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    blueprint: Blueprint,
    candidates: Vec<Candidate>,
}

impl Instance {
    /// Checks a blueprint and its candidates.
    ///
    /// # Errors [`AssemblyError::NoQuestions`], [`AssemblyError::Blueprint`] or [`AssemblyError::Candidate`]. It does
    /// not check whether a form exists; [`super::assemble`] does.
    pub fn new(blueprint: Blueprint, candidates: Vec<Candidate>) -> Result<Self, AssemblyError> {
        if blueprint.questions == 0 {
            return Err(AssemblyError::NoQuestions);
        }
        if let Some(field) = bad_field(&blueprint) {
            return Err(AssemblyError::Blueprint { field });
        }
        let topics = blueprint.topics.len();
        let bad = |(index, candidate)| bad_range(candidate, topics).map(|field| (index, field));
        if let Some((index, field)) = candidates.iter().enumerate().find_map(bad) {
            return Err(AssemblyError::Candidate { index, field });
        }
        Ok(Self { blueprint, candidates })
    }

    /// The blueprint.
    #[must_use]
    pub const fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// The candidates. A selection is a list of indices into them.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }
}

/// The first number of `blueprint` that is not finite or below 0.
fn bad_field(blueprint: &Blueprint) -> Option<&'static str> {
    let weights = &blueprint.weights;
    let weights = [
        weights.topics,
        weights.difficulty,
        weights.points,
        weights.minutes,
        weights.techniques,
        weights.worst,
        weights.usefulness,
    ];
    let fields: [(&'static str, &[f64]); 5] = [
        ("topics", &blueprint.topics),
        ("difficulty", &blueprint.difficulty),
        ("points", &[blueprint.points]),
        ("minutes", &[blueprint.minutes]),
        ("weights", &weights),
    ];
    fields.into_iter().find(|(_, numbers)| numbers.iter().any(|&number| !amount(number))).map(|(field, _)| field)
}

/// The first number of `candidate` that is out of its range.
fn bad_range(candidate: &Candidate, topics: usize) -> Option<&'static str> {
    let fields = [
        ("topic", candidate.topic < topics),
        ("difficulty", candidate.difficulty < DIFFICULTIES),
        ("points", amount(candidate.points)),
        ("minutes", amount(candidate.minutes)),
        ("usefulness", (0.0..=1.0).contains(&candidate.usefulness)),
    ];
    fields.into_iter().find(|&(_, good)| !good).map(|(field, _)| field)
}

fn amount(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

#[cfg(test)]
mod tests {
    use super::super::testing::{blueprint, question};
    use super::*;

    fn refused(blueprint: Blueprint, candidate: Candidate) -> AssemblyError {
        Instance::new(blueprint, vec![question(0), candidate]).unwrap_err()
    }

    #[test]
    fn a_blueprint_must_make_sense() {
        let good = blueprint(2, &[1.0, 1.0]);
        assert_eq!(refused(Blueprint { questions: 0, ..good.clone() }, question(0)), AssemblyError::NoQuestions);
        let weights = Weights { worst: f64::INFINITY, ..Weights::default() };
        let bad = [
            ("topics", Blueprint { topics: vec![1.0, f64::NAN], ..good.clone() }),
            ("difficulty", Blueprint { difficulty: [0.0, 0.0, 0.0, 3.0, -1.0], ..good.clone() }),
            ("points", Blueprint { points: f64::INFINITY, ..good.clone() }),
            ("minutes", Blueprint { minutes: -1.0, ..good.clone() }),
            ("weights", Blueprint { weights, ..good }),
        ];
        for (field, blueprint) in bad {
            assert_eq!(refused(blueprint, question(0)), AssemblyError::Blueprint { field });
        }
    }

    #[test]
    fn a_candidate_must_fit_the_blueprint() {
        let bad = [
            ("topic", question(2)),
            ("difficulty", Candidate { difficulty: 5, ..question(0) }),
            ("points", Candidate { points: f64::NAN, ..question(0) }),
            ("minutes", Candidate { minutes: -0.5, ..question(0) }),
            ("usefulness", Candidate { usefulness: 1.01, ..question(0) }),
        ];
        for (field, candidate) in bad {
            let error = refused(blueprint(2, &[1.0, 1.0]), candidate);
            assert_eq!(error, AssemblyError::Candidate { index: 1, field });
        }
    }
}
