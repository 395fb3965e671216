//! The weight of an attempt as evidence of mastery.

use serde::{Deserialize, Serialize};

/// The weight of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Marked by the service, before the student saw the solution.
    Full,
    /// Marked as wrong by the student: every step of the estimate is half as long.
    Half,
    /// Marked as right by the student, which says less: people overrate their work, and few claim a failure.
    Claimed,
    /// No evidence: the attempt is recorded but changes no estimate.
    None,
}

impl Evidence {
    /// 1, 0.5, 0.3 or 0.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::Full => 1.0,
            Self::Half => 0.5,
            Self::Claimed => 0.3,
            Self::None => 0.0,
        }
    }
}

/// The weight of an attempt.
///
/// - `solution_was_open`: the student had opened this question's solution before answering. A copied answer
///   can be correct without knowledge, and a slip in copying does not show a lack of it, so neither is evidence. An
///   attempt opens the solution, so only the first attempt on a question counts.
/// - `self_graded`: the student marked the answer. People are often wrong about their own work, and mostly in their own
///   favour: an own "wrong" counts half, an own "right" less. `docs/mastery.md` has the measured figures.
#[must_use]
pub fn evidence(solution_was_open: bool, self_graded: bool, correct: bool) -> Evidence {
    match (solution_was_open, self_graded, correct) {
        (true, ..) => Evidence::None,
        (false, true, true) => Evidence::Claimed,
        (false, true, false) => Evidence::Half,
        (false, false, _) => Evidence::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_solution_outweighs_everything() {
        for correct in [false, true] {
            assert_eq!(evidence(false, false, correct), Evidence::Full);
            assert_eq!(evidence(true, false, correct), Evidence::None);
            assert_eq!(evidence(true, true, correct), Evidence::None);
        }
    }

    #[test]
    fn an_own_wrong_is_worth_more_than_an_own_right() {
        let [wrong, right] = [false, true].map(|correct| evidence(false, true, correct));
        assert_eq!((wrong, right), (Evidence::Half, Evidence::Claimed));
        assert!(wrong.weight() > right.weight());
    }

    #[test]
    fn weights_and_names() {
        let all = [Evidence::Full, Evidence::Half, Evidence::Claimed, Evidence::None];
        assert!(all.iter().map(|evidence| evidence.weight()).eq([1.0, 0.5, 0.3, 0.0]));
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"["full","half","claimed","none"]"#);
    }
}
