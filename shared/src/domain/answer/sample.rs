//! Points at which two expressions are compared: seeded, so that results are reproducible.

use super::Domain;

/// Points of one round.
pub(super) const POINTS: usize = 24;
/// Rounds; a further one is drawn only where an expression has too few values.
pub(super) const ROUNDS: usize = 3;
/// The whole numbers from 1 that stand for the domain "whole numbers".
const WHOLE_MAX: u8 = 24;

/// Sizes of real numbers: how many points lie between which bounds. Most are small, where functions differ most and
/// lose the fewest digits; a few are large, for those that differ only there: |x − 30| and 30 − x.
const BANDS: [(usize, f64, f64); 5] = [(8, 0.05, 1.0), (8, 1.0, 3.0), (4, 3.0, 8.0), (2, 8.0, 20.0), (2, 100.0, 300.0)];
/// What a further round multiplies the sizes by. The last one is for functions that bend: |x + 1000| − 1000 is x up to
/// there.
const SCALES: [f64; ROUNDS + 1] = [1.0, 10.0, 0.05, 100.0];
/// The round of large numbers.
pub(super) const FAR: usize = ROUNDS;

/// The points of a round, each a value for every variable.
pub(super) fn points(variables: &[String], domain: Domain, seed: u64, round: usize) -> Vec<Vec<(String, f64)>> {
    let round_seed = u64::try_from(round).unwrap_or_default();
    let mut random = fastrand::Rng::with_seed(seed ^ (round_seed << 32));
    let mut points = vec![Vec::new(); POINTS];
    for name in variables {
        let mut values = match domain {
            Domain::Integer => (1..=WHOLE_MAX).map(f64::from).collect::<Vec<_>>(),
            Domain::Real | Domain::Positive => sizes(&mut random, SCALES.get(round).copied().unwrap_or(1.0)),
        };
        if domain == Domain::Real {
            for (index, value) in values.iter_mut().enumerate() {
                *value = if index % 2 == 1 { -*value } else { *value };
            }
        }
        random.shuffle(&mut values);
        for (point, value) in points.iter_mut().zip(values) {
            point.push((name.clone(), value));
        }
    }
    points
}

fn sizes(random: &mut fastrand::Rng, scale: f64) -> Vec<f64> {
    let bands = BANDS.into_iter().flat_map(|(count, low, high)| std::iter::repeat_n((low, high), count));
    bands.map(|(low, high)| scale * (low + (high - low) * random.f64())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_points() {
        let names = ["x".to_owned(), "y".to_owned()];
        let first = points(&names, Domain::Real, 7, 0);
        assert_eq!(first, points(&names, Domain::Real, 7, 0));
        assert_ne!(first, points(&names, Domain::Real, 8, 0));
        assert_eq!(first.len(), POINTS);
    }

    #[test]
    fn domains_are_kept() {
        let names = ["n".to_owned()];
        for point in points(&names, Domain::Positive, 1, 1) {
            assert!(point[0].1 > 0.0);
        }
        let whole = points(&names, Domain::Integer, 1, 0);
        assert!(whole.iter().all(|point| point[0].1 >= 1.0 && point[0].1.fract() == 0.0));
        let real = points(&names, Domain::Real, 1, 0);
        assert_eq!(real.iter().filter(|point| point[0].1 < 0.0).count(), POINTS / 2);
    }
}
