//! The Beta distribution, and mixtures of probabilities derived from it.
//!
//! The functions are our own where crates fall short. For the small α and large β of a rare topic the incomplete beta
//! of `special` (AS 63) takes 30 times as long as the continued fraction here, and that of `puruspe` can exceed 1.

use super::ProbabilityInterval;

/// Probability outside of a credible interval, on each side.
const TAIL: f64 = 0.05;
/// Halvings of [0, 1] in the search for a quantile: it ends within 1e-5.
const HALVINGS: usize = 17;
/// Weight below which a part of a mixture cannot move a quantile by more than the search's error.
const WEIGHT_MIN: f64 = 1e-7;
/// Relative change at which the continued fraction has converged, and the most terms it gets. For parameters up to
/// 1e6 it takes a few hundred.
const CONVERGED: f64 = 1e-12;
const TERMS_MAX: u32 = 10_000;

/// From here on six terms of the asymptotic series of ψ and ψ′ give all digits.
const SERIES_MIN: f64 = 10.0;

/// lnΓ(x) for x > 0.
pub(super) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ψ(x), the derivative of lnΓ, for x > 0: the asymptotic series (DLMF 5.11.2) from [`SERIES_MIN`] on, reached by
/// ψ(x) = ψ(x + 1) − 1/x.
fn digamma(mut x: f64) -> f64 {
    let mut steps = 0.0;
    while x < SERIES_MIN {
        steps += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0];
    x.ln() - 0.5 / x - series.iter().rev().fold(0.0, |sum, term| (sum + term) * square) - steps
}

/// ψ′(x) for x > 0, in the same way (DLMF 5.15.8).
fn trigamma(mut x: f64) -> f64 {
    let mut steps = 0.0;
    while x < SERIES_MIN {
        steps += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2_730.0];
    let tail = series.iter().rev().fold(0.0, |sum, term| (sum + term) * square);
    (1.0 + tail) / x + 0.5 * square + steps
}

/// Beta(a, b) with a > 0 and b ≥ 0; with b = 0 all of it is at 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beta {
    pub(super) a: f64,
    pub(super) b: f64,
}

impl Beta {
    pub(super) const fn new(a: f64, b: f64) -> Self {
        Self { a, b }
    }

    pub(super) fn mean(self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// Mean and variance of the logarithm: ψ(a) − ψ(a + b) and ψ′(a) − ψ′(a + b).
    pub(super) fn log_moments(self) -> (f64, f64) {
        let sum = self.a + self.b;
        (digamma(self.a) - digamma(sum), (trigamma(self.a) - trigamma(sum)).max(0.0))
    }

    fn ln_beta(self) -> f64 {
        ln_gamma(self.a) + ln_gamma(self.b) - ln_gamma(self.a + self.b)
    }
}

/// `I_x(a, b)`, the regularised incomplete beta function, from its continued fraction (DLMF 8.17.22), on the side of
/// the mean on which that converges fast.
fn incomplete_beta(x: f64, Beta { a, b }: Beta, ln_beta: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let factor = (a * x.ln() + b * (-x).ln_1p() - ln_beta).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        (factor / a * continued_fraction(x, a, b)).clamp(0.0, 1.0)
    } else {
        (1.0 - factor / b * continued_fraction(1.0 - x, b, a)).clamp(0.0, 1.0)
    }
}

/// 1/(1 + d₁/(1 + d₂/(1 + …))) by Lentz's method.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    let nonzero = |value: f64| if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = lower;
    for term in 1..TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for numerator in [even, odd] {
            lower = 1.0 / nonzero(1.0 + numerator * lower);
            upper = nonzero(1.0 + numerator / upper);
            fraction *= lower * upper;
        }
        if (fraction - before).abs() <= CONVERGED * fraction.abs() {
            break;
        }
    }
    fraction
}

/// The distribution of the chance 1 − (1 − s)^draws that at least one of so many draws hits a share s ~ `beta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    pub(super) beta: Beta,
    pub(super) draws: f64,
}

/// A component of a mixture, with precomputed constants.
struct MixtureChance {
    weight: f64,
    chance: Chance,
    ln_beta: f64,
}

impl MixtureChance {
    /// Probability that the chance is at most `p`, times the weight.
    fn cdf(&self, p: f64) -> f64 {
        let Chance { beta, draws } = self.chance;
        let share = -((-p).ln_1p() / draws).exp_m1();
        if beta.b <= 0.0 {
            return if share >= 1.0 { self.weight } else { 0.0 };
        }
        self.weight * incomplete_beta(share, beta, self.ln_beta)
    }
}

/// The central 90 % of a mixture of chances, whose weights add up to 1, widened to hold its mean: that lies outside
/// when nearly all of a mixture is at one end.
pub(super) fn credible_interval(mixture: &[(f64, Chance)], mean: f64) -> ProbabilityInterval {
    let parts: Vec<MixtureChance> = mixture
        .iter()
        .filter(|(weight, _)| *weight >= WEIGHT_MIN)
        .map(|(weight, chance)| MixtureChance { weight: *weight, chance: *chance, ln_beta: chance.beta.ln_beta() })
        .collect();
    let low = quantile(&parts, TAIL).min(mean);
    let high = quantile(&parts, 1.0 - TAIL).max(mean);
    ProbabilityInterval { low, high }
}

fn quantile(parts: &[MixtureChance], probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if parts.iter().map(|part| part.cdf(middle)).sum::<f64>() < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found} is not {expected}");
    }

    /// x, lnΓ, ψ, ψ′ to 17 digits (mpmath).
    #[test]
    fn gamma_functions_have_their_known_values() {
        for (x, ln_gamma_x, digamma_x, trigamma_x) in [
            (0.01, 4.599_479_878_042_022, -100.560_885_457_868_67, 10_001.621_213_528_313),
            (0.5, 0.572_364_942_924_700_1, -1.963_510_026_021_423_5, 4.934_802_200_544_679),
            (1.0, 0.0, -0.577_215_664_901_532_9, 1.644_934_066_848_226_4),
            (3.7, 1.428_072_326_665_388, 1.167_153_539_361_511_4, 0.310_037_857_670_038_3),
            (9.5, 11.689_333_420_797_268, 2.197_737_876_402_949_5, 0.110_997_288_469_099_03),
            (50.0, 144.565_743_946_344_9, 3.901_989_673_427_892, 0.020_201_333_226_697_126),
            (2_000.0, 13_198.923_448_054_265, 7.600_652_438_708_749, 0.000_500_125_020_833_332_3),
        ] {
            near(ln_gamma(x), ln_gamma_x, 1e-14);
            near(digamma(x), digamma_x, 1e-14);
            near(trigamma(x), trigamma_x, 1e-14);
        }
    }

    /// a, b, x, `I_x(a, b)` (mpmath; the last three `SciPy`).
    #[test]
    fn the_incomplete_beta_has_its_known_values() {
        for (a, b, x, expected) in [
            (1.0, 1.0, 0.3, 0.3),
            (2.0, 3.0, 0.4, 0.5248),
            (0.5, 0.5, 0.25, 1.0 / 3.0),
            (0.015, 250.0, 0.0001, 0.953_845_086_767_356_3),
            (0.015, 2_000.0, 1e-9, 0.828_312_603_333_798_9),
            (30.0, 3.0, 0.9, 0.366_683_519_080_620_16),
            (107.15, 7_877.0, 0.0069, 2.920_410_441_709_179_5e-10),
            (99.68, 1_464.0, 0.0359, 5.170_467_419_837_16e-8),
            (5.0, 0.01, 0.5, 0.000_110_215_711_445_810_62),
            (1e5, 2e5, 0.3335, 0.576_936_801_894_758_7),
            (3_000.0, 3_000.0, 0.49, 0.060_656_763_523_597_85),
            (2.0, 3.0, 1.5, 1.0),
        ] {
            let beta = Beta::new(a, b);
            near(incomplete_beta(x, beta, beta.ln_beta()), expected, 1e-9);
        }
    }

    #[test]
    fn moments_of_the_logarithm_are_those_of_the_uniform_distribution() {
        // −ln of a uniform number is exponential: mean 1, variance 1.
        let (mean, variance) = Beta::new(1.0, 1.0).log_moments();
        near(mean, -1.0, 1e-14);
        near(variance, 1.0, 1e-14);
    }

    fn interval_of(mixture: &[(f64, Chance)], mean: f64) -> (f64, f64) {
        let interval = credible_interval(mixture, mean);
        (interval.low, interval.high)
    }

    #[test]
    fn intervals_are_computed_by_hand() {
        let uniform = |draws| Chance { beta: Beta::new(1.0, 1.0), draws };
        let (low, high) = interval_of(&[(1.0, uniform(1.0))], 0.5);
        near(low, 0.05, 1e-5);
        near(high, 0.95, 1e-5);
        // Two draws hit a share s with chance 1 − (1 − s)², which rises with s: quantiles go through it.
        let (low, high) = interval_of(&[(1.0, uniform(2.0))], 2.0 / 3.0);
        near(low, 1.0 - (1.0 - 0.05_f64).powi(2), 1e-5);
        near(high, 1.0 - 0.05_f64.powi(2), 1e-5);
    }

    #[test]
    fn a_chance_of_one_alone_is_certain_and_pulls_a_mixture() {
        let certain = Chance { beta: Beta::new(3.0, 0.0), draws: 4.0 };
        let flat = Chance { beta: Beta::new(1.0, 1.0), draws: 1.0 };
        let (low, high) = interval_of(&[(1.0, certain)], 1.0);
        assert!(low > 1.0 - 1e-5 && high > 1.0 - 1e-5 && high <= 1.0);
        let (low, high) = interval_of(&[(0.5, certain), (0.5, flat)], 0.75);
        near(low, 0.1, 1e-5);
        assert!(high > 1.0 - 1e-5);
    }

    #[test]
    fn the_mean_is_inside_even_when_it_is_an_outlier() {
        let rare = Chance { beta: Beta::new(0.001, 0.05), draws: 1.0 };
        let mean = rare.beta.mean();
        let (low, high) = interval_of(&[(1.0, rare)], mean);
        assert!(low <= mean && mean <= high);
    }

    proptest! {
        #[test]
        fn the_incomplete_beta_rises_from_0_to_1_and_mirrors(
            ln_a in -4.0..8.0_f64, ln_b in -4.0..9.0_f64, x in 0.0..1.0_f64, y in 0.0..1.0_f64,
        ) {
            let beta = Beta::new(ln_a.exp(), ln_b.exp());
            let cdf = |x| incomplete_beta(x, beta, beta.ln_beta());
            prop_assert!((0.0..=1.0).contains(&cdf(x)));
            prop_assert!(cdf(x.min(y)) <= cdf(x.max(y)) + 1e-9);
            let mirrored = incomplete_beta(1.0 - x, Beta::new(beta.b, beta.a), beta.ln_beta());
            prop_assert!((cdf(x) + mirrored - 1.0).abs() < 1e-9);
        }
    }
}
