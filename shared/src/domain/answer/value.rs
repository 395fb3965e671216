//! Complex numbers in floating point, each with an estimate of its rounding error.
//!
//! Where digits cancelled, the estimate is large and the point is not used. It is of first order, not a proven bound. Functions take their principal values.

/// What one operation may lose, relative to its result.
const ROUNDING: f64 = 5e-16;

/// A complex number and the estimated size of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    pub(super) re: f64,
    pub(super) im: f64,
    pub(super) error: f64,
}

impl Value {
    pub(super) const UNDEFINED: Self = Self { re: f64::NAN, im: f64::NAN, error: f64::INFINITY };
    pub(super) const I: Self = Self { re: 0.0, im: 1.0, error: 0.0 };

    /// A real number that is exact.
    pub(super) const fn exact(re: f64) -> Self {
        Self { re, im: 0.0, error: 0.0 }
    }

    /// A real number that was rounded once.
    pub(super) fn rounded(re: f64) -> Self {
        Self { re, im: 0.0, error: re.abs() * ROUNDING }
    }

    fn new(re: f64, im: f64, carried: f64) -> Self {
        Self { re, im, error: carried + re.hypot(im) * ROUNDING }
    }

    pub(super) fn size(self) -> f64 {
        if self.im == 0.0 { self.re.abs() } else { self.re.hypot(self.im) }
    }

    pub(super) fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite() && self.error.is_finite()
    }

    /// Whether the imaginary part is nothing but rounding.
    pub(super) fn is_real(self) -> bool {
        self.im.abs() <= 1e-12 * self.re.abs() + 8.0 * self.error
    }

    /// Undefined if it is 0 although its exact value is not: x^2000 is not 0.
    fn unless_lost(self, nonzero: bool) -> Self {
        if nonzero && self.re == 0.0 { Self::UNDEFINED } else { self }
    }

    fn real(self) -> Option<f64> {
        (self.im == 0.0).then_some(self.re)
    }

    pub(super) fn negate(self) -> Self {
        // A negative zero would put −1 below the branch cut of the logarithm.
        let im = if self.im == 0.0 { 0.0 } else { -self.im };
        Self { re: -self.re, im, error: self.error }
    }

    pub(super) fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im, self.error + other.error)
    }

    pub(super) fn subtract(self, other: Self) -> Self {
        self.add(other.negate())
    }

    pub(super) fn multiply(self, other: Self) -> Self {
        let error = self.size() * other.error + other.size() * self.error;
        if let (Some(a), Some(b)) = (self.real(), other.real()) {
            return Self::new(a * b, 0.0, error).unless_lost(a != 0.0 && b != 0.0);
        }
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re, error)
    }

    pub(super) fn divide(self, other: Self) -> Self {
        let below = other.size();
        if below <= 4.0 * other.error {
            return Self::UNDEFINED;
        }
        let error = (self.error + self.size() / below * other.error) / below;
        if let (Some(a), Some(b)) = (self.real(), other.real()) {
            // 6 / 3 is exactly 2.
            let quotient = a / b;
            if error == 0.0 && quotient.fract() == 0.0 && quotient.abs() < 1e15 && a % b == 0.0 {
                return Self::exact(quotient).unless_lost(a != 0.0);
            }
            return Self::new(quotient, 0.0, error).unless_lost(a != 0.0);
        }
        let square = below * below;
        let re = (self.re * other.re + self.im * other.im) / square;
        Self::new(re, (self.im * other.re - self.re * other.im) / square, error)
    }

    pub(super) fn abs(self) -> Self {
        Self::new(self.size(), 0.0, self.error)
    }

    pub(super) fn exp(self) -> Self {
        let size = self.re.exp();
        if size == 0.0 {
            return Self::UNDEFINED;
        }
        if self.im == 0.0 {
            return Self::new(size, 0.0, size * self.error);
        }
        let (sin, cos) = self.im.sin_cos();
        Self::new(size * cos, size * sin, size * self.error)
    }

    pub(super) fn ln(self) -> Self {
        let size = self.size();
        if size <= 4.0 * self.error {
            return Self::UNDEFINED;
        }
        let im = if self.im == 0.0 && self.re > 0.0 { 0.0 } else { self.im.atan2(self.re) };
        Self::new(size.ln(), im, self.error / size)
    }

    pub(super) fn sqrt(self) -> Self {
        let root = self.size().sqrt();
        let error = if root > 0.0 { (self.error / (2.0 * root)).min(self.error.sqrt()) } else { self.error.sqrt() };
        match self.real() {
            Some(re) if re >= 0.0 => Self::new(root, 0.0, error),
            Some(_) => Self::new(0.0, root, error),
            None => {
                let half = self.im.atan2(self.re) / 2.0;
                Self::new(root * half.cos(), root * half.sin(), error)
            }
        }
    }

    pub(super) fn sin(self) -> Self {
        if let Some(x) = self.real() {
            return Self::new(x.sin(), 0.0, x.cos().abs() * self.error + self.error * self.error);
        }
        let (sin, cos) = self.re.sin_cos();
        Self::new(sin * self.im.cosh(), cos * self.im.sinh(), self.im.cosh() * self.error)
    }

    pub(super) fn cos(self) -> Self {
        if let Some(x) = self.real() {
            return Self::new(x.cos(), 0.0, x.sin().abs() * self.error + self.error * self.error);
        }
        let (sin, cos) = self.re.sin_cos();
        Self::new(cos * self.im.cosh(), -sin * self.im.sinh(), self.im.cosh() * self.error)
    }

    pub(super) fn sinh(self) -> Self {
        if let Some(x) = self.real() {
            return Self::new(x.sinh(), 0.0, x.cosh() * self.error);
        }
        self.multiply(Self::I).sin().multiply(Self::I).negate()
    }

    pub(super) fn cosh(self) -> Self {
        if let Some(x) = self.real() {
            return Self::new(x.cosh(), 0.0, x.sinh().abs() * self.error);
        }
        self.multiply(Self::I).cos()
    }

    pub(super) fn tanh(self) -> Self {
        if let Some(x) = self.real() {
            return Self::new(x.tanh(), 0.0, self.error);
        }
        self.sinh().divide(self.cosh())
    }

    pub(super) fn asin(self) -> Self {
        if let Some(x) = self.real().filter(|x| x.abs() <= 1.0) {
            return Self::new(x.asin(), 0.0, steep(self.error, 1.0 - x * x));
        }
        // −i ln(iz + √(1 − z²))
        let root = Self::exact(1.0).subtract(self.multiply(self)).sqrt();
        self.multiply(Self::I).add(root).ln().multiply(Self::I).negate()
    }

    pub(super) fn acos(self) -> Self {
        Self::rounded(std::f64::consts::FRAC_PI_2).subtract(self.asin())
    }

    pub(super) fn atan(self) -> Self {
        if let Some(x) = self.real() {
            return Self::new(x.atan(), 0.0, self.error / (1.0 + x * x));
        }
        // (i/2) (ln(1 − iz) − ln(1 + iz))
        let turned = self.multiply(Self::I);
        let one = Self::exact(1.0);
        let logs = one.subtract(turned).ln().subtract(one.add(turned).ln());
        logs.multiply(Self { re: 0.0, im: 0.5, error: 0.0 })
    }

    pub(super) fn asinh(self) -> Self {
        match self.real() {
            Some(x) => Self::new(x.asinh(), 0.0, self.error / x.hypot(1.0)),
            None => self.multiply(Self::I).asin().multiply(Self::I).negate(),
        }
    }

    pub(super) fn acosh(self) -> Self {
        if let Some(x) = self.real().filter(|x| *x >= 1.0) {
            return Self::new(x.acosh(), 0.0, steep(self.error, x * x - 1.0));
        }
        let one = Self::exact(1.0);
        self.add(self.add(one).sqrt().multiply(self.subtract(one).sqrt())).ln()
    }

    pub(super) fn atanh(self) -> Self {
        let one = Self::exact(1.0);
        one.add(self).ln().subtract(one.subtract(self).ln()).multiply(Self::exact(0.5))
    }

    /// A power, by repeated multiplication where the exponent is a small whole number.
    pub(super) fn power(self, exponent: Self) -> Self {
        if let Some(whole) = small_whole(exponent) {
            return self.whole_power(whole);
        }
        let size = self.size();
        if size == 0.0 {
            let positive = exponent.re > 0.0 && exponent.im == 0.0;
            return if positive && self.error == 0.0 { Self::exact(0.0) } else { Self::UNDEFINED };
        }
        let (carried, below) = (exponent.size() * self.error, exponent.error * size.ln().abs());
        if let (Some(base), Some(power)) = (self.real().filter(|base| *base > 0.0), exponent.real()) {
            let result = base.powf(power);
            return Self::new(result, 0.0, result * (carried / size + below + power.abs() * ROUNDING))
                .unless_lost(true);
        }
        self.ln().multiply(exponent).exp()
    }

    fn whole_power(self, exponent: i32) -> Self {
        let size = self.size();
        if exponent == 0 {
            // 0^0 has no generally accepted value.
            return if size <= 4.0 * self.error { Self::UNDEFINED } else { Self::exact(1.0) };
        }
        if exponent < 0 && size <= 4.0 * self.error {
            return Self::UNDEFINED;
        }
        let times = f64::from(exponent.abs());
        if let Some(base) = self.real() {
            let result = base.powi(exponent);
            let steepness = if size > 0.0 { times * result.abs() / size } else { 0.0 };
            return Self::new(result, 0.0, steepness * self.error + times * ROUNDING * result.abs())
                .unless_lost(base != 0.0);
        }
        let (mut result, mut square, mut left) = (Self::exact(1.0), self, exponent.unsigned_abs());
        while left > 0 {
            if left % 2 == 1 {
                result = result.multiply(square);
            }
            square = square.multiply(square);
            left /= 2;
        }
        if exponent < 0 { Self::exact(1.0).divide(result) } else { result }
    }

    /// A function with steps, at a real number which is not so near to a step that rounding decides.
    pub(super) fn stepped(self, step: impl Fn(f64) -> f64) -> Self {
        match self.real() {
            Some(x) => {
                let (low, high) = (step(x - 8.0 * self.error), step(x + 8.0 * self.error));
                if (high - low).abs() < 0.5 { Self::exact(step(x)) } else { Self::UNDEFINED }
            }
            _ => Self::UNDEFINED,
        }
    }

    /// The product of 1 … n, or Γ(n + 1) where n is no whole number.
    pub(super) fn factorial(self) -> Self {
        match small_whole(self) {
            Some(n @ 0..=170) => {
                let product: f64 = (1..=n).map(f64::from).product();
                Self::new(product, 0.0, product * ROUNDING * f64::from(n))
            }
            None => match self.real() {
                Some(x) if x > -1.0 && x < 140.0 => {
                    let value = libm::tgamma(x + 1.0);
                    let steep = value.abs() * (1.0 + x.abs() + 1.0 / (x + 1.0));
                    Self { re: value, im: 0.0, error: steep * self.error + value.abs() * 1e-13 }
                }
                _ => Self::UNDEFINED,
            },
            Some(_) => Self::UNDEFINED,
        }
    }

    /// The angle of the point (`x`, self), from −π to π.
    pub(super) fn angle(self, x: Self) -> Self {
        match (self.real(), x.real()) {
            (Some(y), Some(across)) if y != 0.0 || across != 0.0 => {
                Self::new(y.atan2(across), 0.0, (self.error + x.error) / y.hypot(across))
            }
            _ => Self::UNDEFINED,
        }
    }

    /// The larger (or smaller) of two real numbers.
    pub(super) fn extreme(self, other: Self, largest: bool) -> Self {
        match (self.real(), other.real()) {
            (Some(a), Some(b)) => {
                if (a >= b) == largest {
                    self
                } else {
                    other
                }
            }
            _ => Self::UNDEFINED,
        }
    }

    /// The greatest common divisor of two whole numbers.
    pub(super) fn gcd(self, other: Self) -> Self {
        let (Some(a), Some(b)) = (small_whole(self), small_whole(other)) else { return Self::UNDEFINED };
        let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self::exact(f64::from(a))
    }

    /// How many ways there are to choose `k` of `self`.
    pub(super) fn choose(self, k: Self) -> Self {
        match (small_whole(self), small_whole(k)) {
            (Some(n @ 0..=200), Some(k)) if (0..=n).contains(&k) => {
                let ways = (0..k.min(n - k)).fold(1.0, |ways, i| ways * f64::from(n - i) / f64::from(i + 1));
                Self::new(ways, 0.0, ways * ROUNDING * f64::from(n))
            }
            _ => Self::UNDEFINED,
        }
    }
}

impl Value {
    /// The whole number that it is, up to 1000.
    pub(super) fn whole(self) -> Option<i32> {
        small_whole(self)
    }
}

/// The error of a function whose slope is 1/√`below`, which is infinite at its end.
fn steep(error: f64, below: f64) -> f64 {
    if below > 0.0 { (error / below.sqrt()).min((2.0 * error).sqrt()) } else { (2.0 * error).sqrt() }
}

/// The exact whole number up to 1000 that a value is.
fn small_whole(value: Value) -> Option<i32> {
    let whole = value.im == 0.0 && value.re.fract() == 0.0 && value.re.abs() <= 1000.0;
    #[expect(clippy::cast_possible_truncation, reason = "used only for a whole number up to 1000")]
    (whole && value.error <= 1e-9).then_some(value.re as i32)
}
