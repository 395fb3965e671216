//! Arithmetic that several rules share.

/// A length as a `u32`; larger ones become [`u32::MAX`].
#[must_use]
pub fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// `part / whole`; `None` if `whole` is 0.
#[must_use]
pub fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| f64::from(count(part)) / f64::from(count(whole)))
}

/// The mean; `None` for an empty list.
#[must_use]
pub fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / f64::from(count(numbers.len())))
}

/// Rounds half away from zero, to a number of decimals.
#[must_use]
pub fn rounded(number: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (number * scale).round() / scale
}
