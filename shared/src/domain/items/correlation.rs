//! Correlations and shares with their intervals.

use serde::{Deserialize, Serialize};

use crate::domain::number::count;

/// Standard deviations on both sides of the mean that hold 95 % of a normal distribution.
const INTERVAL_SDS: f64 = 1.959_963_984_540_054;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceInterval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Pearson's correlation; `None` without variance in one of the two, or with fewer than two pairs.
pub(super) fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 2 || is_constant(pairs.iter().map(|pair| pair.0)) || is_constant(pairs.iter().map(|pair| pair.1)) {
        return None;
    }
    let n = f64::from(count(pairs.len()));
    let (mean_x, mean_y) =
        (pairs.iter().map(|pair| pair.0).sum::<f64>() / n, pairs.iter().map(|pair| pair.1).sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    let root = xx.sqrt() * yy.sqrt();
    (root > 0.0).then(|| (xy / root).clamp(-1.0, 1.0))
}

/// Decided on the values, not on a variance that rounding leaves.
fn is_constant(mut values: impl Iterator<Item = f64>) -> bool {
    let first = values.next();
    first.is_none_or(|first| values.all(|value| value.total_cmp(&first).is_eq()))
}

/// The 95 % interval of a correlation of `pairs` pairs by Fisher's transformation; `None` with fewer than four.
pub(super) fn correlation_interval(correlation: f64, pairs: u32) -> Option<ConfidenceInterval> {
    let free = pairs.checked_sub(3).filter(|free| *free > 0)?;
    let margin = INTERVAL_SDS / f64::from(free).sqrt();
    let z = correlation.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh();
    Some(ConfidenceInterval { low: (z - margin).tanh(), high: (z + margin).tanh() })
}

/// Wilson's 95 % interval of a share; the whole range without any.
#[must_use]
pub fn share_interval(part: u32, whole: u32) -> ConfidenceInterval {
    if whole == 0 {
        return ConfidenceInterval { low: 0.0, high: 1.0 };
    }
    let (n, squared) = (f64::from(whole), INTERVAL_SDS * INTERVAL_SDS);
    let share = f64::from(part) / n;
    let centre = (share + squared / (2.0 * n)) / (1.0 + squared / n);
    let margin = INTERVAL_SDS / (1.0 + squared / n) * (share * (1.0 - share) / n + squared / (4.0 * n * n)).sqrt();
    ConfidenceInterval { low: (centre - margin).max(0.0), high: (centre + margin).min(1.0) }
}
