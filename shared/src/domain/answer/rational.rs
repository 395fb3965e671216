//! Exact fractions of two `i128`. Every operation is checked: what does not fit is `None`, and the caller goes on with
//! floating point.

/// Powers above this are left to floating point.
const EXPONENT_MAX: u128 = 4096;

/// A fraction in lowest terms; the denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    /// A whole number.
    pub(super) const fn whole(value: i128) -> Self {
        Self { numerator: value, denominator: 1 }
    }

    /// `numerator / denominator` in lowest terms.
    pub(super) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs())).ok()?;
        if divisor == 0 || denominator == 0 {
            return None;
        }
        let (numerator, denominator) = (numerator.checked_div(divisor)?, denominator.checked_div(divisor)?);
        if denominator < 0 {
            return Some(Self { numerator: numerator.checked_neg()?, denominator: denominator.checked_neg()? });
        }
        Some(Self { numerator, denominator })
    }

    /// `10^exponent`.
    pub(super) fn power_of_ten(exponent: i32) -> Option<Self> {
        Self::whole(10).power(Self::whole(i128::from(exponent)))
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    pub(super) fn negate(self) -> Option<Self> {
        Some(Self { numerator: self.numerator.checked_neg()?, denominator: self.denominator })
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::new(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    pub(super) fn divide(self, other: Self) -> Option<Self> {
        self.multiply(Self::new(other.denominator, other.numerator)?)
    }

    /// A power with a whole exponent; 0^0 and powers that do not fit are `None`.
    pub(super) fn power(self, exponent: Self) -> Option<Self> {
        let exponent = exponent.as_whole()?;
        let times = exponent.unsigned_abs();
        if times > EXPONENT_MAX || (times == 0 && self.numerator == 0) {
            return None;
        }
        let (mut result, mut square, mut left) = (Self::whole(1), self, times);
        while left > 0 {
            if left % 2 == 1 {
                result = result.multiply(square)?;
            }
            left /= 2;
            if left > 0 {
                square = square.multiply(square)?;
            }
        }
        if exponent < 0 { Self::whole(1).divide(result) } else { Some(result) }
    }

    /// The whole number that it is.
    pub(super) fn as_whole(self) -> Option<i128> {
        (self.denominator == 1).then_some(self.numerator)
    }

    /// The exponents of which a negative number has a real power: those with an odd denominator.
    pub(super) fn has_odd_denominator(self) -> bool {
        self.denominator % 2 == 1
    }

    /// Whether the numerator is odd.
    pub(super) fn has_odd_numerator(self) -> bool {
        self.numerator % 2 != 0
    }

    /// The numerator and the denominator.
    pub(super) fn parts(self) -> (i128, i128) {
        (self.numerator, self.denominator)
    }

    /// The nearest floating-point number.
    #[expect(clippy::cast_precision_loss, reason = "the nearest number is what is asked for")]
    pub(super) fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_kept_in_lowest_terms() {
        assert_eq!(Rational::new(-4, -6), Rational::new(2, 3));
        assert_eq!(Rational::new(1, 0), None);
        assert_eq!(Rational::new(0, 5), Some(Rational::whole(0)));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let large = Rational::whole(i128::MAX);
        assert_eq!(large.add(Rational::whole(1)), None);
        assert_eq!(large.multiply(large), None);
        assert_eq!(Rational::new(i128::MIN, -1), None);
        assert_eq!(Rational::whole(9).power(Rational::whole(387_420_489)), None);
        assert_eq!(Rational::whole(2).power(Rational::whole(-3)), Rational::new(1, 8));
    }
}
