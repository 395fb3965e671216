//! Percentages whose sum is exactly 100.

/// `counts` as percentages of their sum, to one decimal, summing to exactly 100 (largest remainder, ties to the first);
/// zeros when the sum is zero.
#[must_use]
pub(super) fn percentages(counts: &[f64]) -> Vec<f64> {
    const UNITS: f64 = 1_000.0;
    let sum: f64 = counts.iter().sum();
    if sum <= 0.0 {
        return vec![0.0; counts.len()];
    }
    let exact: Vec<f64> = counts.iter().map(|count| count / sum * UNITS + 0.0).collect(); // the sum of no floats is -0
    let mut units: Vec<f64> = exact.iter().map(|share| share.floor()).collect();
    let missing = UNITS - units.iter().sum::<f64>();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    // In millionths, so that values that differ only by rounding errors are ties.
    let remainder = |index: usize| ((exact[index] - units[index]) * 1e6).round();
    by_remainder.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of at most counts.len()")]
    for index in by_remainder.into_iter().take(missing.round() as usize) {
        units[index] += 1.0;
    }
    units.into_iter().map(|units| units / 10.0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn thirds_and_nothing() {
        assert_eq!(percentages(&[1.0, 1.0, 1.0]), [33.4, 33.3, 33.3]);
        assert_eq!(percentages(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(percentages(&[]), Vec::<f64>::new());
        assert_eq!(percentages(&[1.0, 0.0]), [100.0, 0.0]);
        assert_eq!(percentages(&[4.0, 1.0, 1.0]), [66.7, 16.7, 16.6]);
        assert!(percentages(&[1.0, -0.0])[1].is_sign_positive());
    }

    proptest! {
        #[test]
        fn they_sum_to_100_and_are_near_the_truth(counts in prop::collection::vec(0..500_u32, 1..40)) {
            let counts: Vec<f64> = counts.into_iter().map(f64::from).collect();
            let sum: f64 = counts.iter().sum();
            prop_assume!(sum > 0.0);
            let shown = percentages(&counts);
            // In tenths the sum is exact.
            let tenths: f64 = shown.iter().map(|percent| (percent * 10.0).round()).sum();
            prop_assert!((tenths - 1_000.0).abs() < 1e-9);
            for (count, percent) in counts.iter().zip(&shown) {
                prop_assert!((count / sum * 100.0 - percent).abs() <= 0.1 + 1e-9);
            }
        }
    }
}
