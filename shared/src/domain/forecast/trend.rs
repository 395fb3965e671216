//! Whether a topic's share of the questions has been rising or falling.

use super::history::History;

/// Half the width of an 80 % interval of a normal distribution, in standard deviations.
const DEVIATIONS: f64 = 1.281_551_565_544_600_4;

/// The logarithm of the ratio of a topic's share with a half-life of two years to its share over all years, of which an
/// 80 % interval excludes 0. Above 0 it has been rising.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The mean.
    pub log_ratio: f64,
    /// Lower end of the 80 % interval.
    pub low: f64,
    /// Upper end of the 80 % interval.
    pub high: f64,
}

/// The trend of a topic, seen from `now`; nothing when the interval holds 0.
///
/// The moments of both logarithms are exact, the interval is that of a normal distribution. The two shares are treated
/// as independent, although they use the same exams; this widens the interval.
pub(super) fn of(history: &History, topic: usize, now: f64) -> Option<Trend> {
    let [recent, lasting] = history.recent_and_lasting(now).map(|counts| counts.beta(topic).log_moments());
    let log_ratio = recent.0 - lasting.0;
    let reach = DEVIATIONS * (recent.1 + lasting.1).sqrt();
    let trend = Trend { log_ratio, low: log_ratio - reach, high: log_ratio + reach };
    (trend.low > 0.0 || trend.high < 0.0).then_some(trend)
}
