//! The weight of an attempt as evidence of mastery.

use serde::{Deserialize, Serialize};

/// The weight of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Marked by the service, before the student saw the solution.
    Full,
    /// Marked by the student: every step of the estimate is half as long.
    Half,
    /// No evidence: the attempt is recorded but changes no estimate.
    None,
}

impl Evidence {
    /// 1, 0.5 or 0.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::Full => 1.0,
            Self::Half => 0.5,
            Self::None => 0.0,
        }
    }
}

/// The weight of an attempt.
///
/// - `solution_was_open`: the student had opened this question's solution before answering. A copied answer
///   can be correct without knowledge, and a slip in copying does not show a lack of it, so neither is evidence. An
///   attempt opens the solution, so only the first attempt on a question counts.
/// - `self_graded`: the student marked the answer. People are often wrong about their own work, so it counts half.
#[must_use]
pub fn evidence(solution_was_open: bool, self_graded: bool) -> Evidence {
    match (solution_was_open, self_graded) {
        (true, _) => Evidence::None,
        (false, true) => Evidence::Half,
        (false, false) => Evidence::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_solution_outweighs_everything() {
        assert_eq!(evidence(false, false), Evidence::Full);
        assert_eq!(evidence(false, true), Evidence::Half);
        assert_eq!(evidence(true, false), Evidence::None);
        assert_eq!(evidence(true, true), Evidence::None);
    }

    #[test]
    fn weights_and_names() {
        let all = [Evidence::Full, Evidence::Half, Evidence::None];
        assert!(all.iter().map(|evidence| evidence.weight()).eq([1.0, 0.5, 0.0]));
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"["full","half","none"]"#);
    }
}
