//! Reports how well a form matches its blueprint: each target with the achieved value.

use serde::Serialize;

use super::loss::Achieved;
use super::{DIFFICULTIES, Deviations, Instance, deviations, real};

/// A target and the achieved value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    pub target: f64,
    pub achieved: f64,
}

/// How well a form matches its blueprint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormFit {
    /// The weighted sum of `deviations`.
    pub loss: f64,
    pub deviations: Deviations,
    pub questions: Measure,
    /// Number of questions by topic.
    pub topics: Vec<Measure>,
    /// Number of questions by difficulty 1–5.
    pub difficulty: [Measure; DIFFICULTIES],
    /// Sum of points.
    pub points: Measure,
    /// Sum of minutes.
    pub minutes: Measure,
    /// Number of different techniques. The target is a minimum.
    pub techniques: Measure,
    /// Mean usefulness. The target is 1.
    pub usefulness: Measure,
}

impl FormFit {
    /// Measures a selection: indices of the instance's candidates.
    #[must_use]
    pub fn of(instance: &Instance, selection: &[usize]) -> Self {
        let blueprint = instance.blueprint();
        let achieved = Achieved::of(instance, selection);
        let deviations = deviations(instance, selection);
        let questions = real(blueprint.questions);
        let measure = |(&target, &achieved): (&f64, &f64)| Measure { target, achieved };
        Self {
            loss: deviations.loss(&blueprint.weights),
            deviations,
            questions: Measure { target: questions, achieved: real(selection.len()) },
            topics: blueprint.topics.iter().zip(&achieved.topics).map(measure).collect(),
            difficulty: std::array::from_fn(|level| {
                measure((&blueprint.difficulty[level], &achieved.difficulty[level]))
            }),
            points: Measure { target: blueprint.points, achieved: achieved.points },
            minutes: Measure { target: blueprint.minutes, achieved: achieved.minutes },
            techniques: Measure { target: f64::from(blueprint.techniques), achieved: f64::from(achieved.techniques) },
            usefulness: Measure { target: 1.0, achieved: achieved.usefulness / questions },
        }
    }
}
