//! The value of a numerical answer of Open edX, such as `4.905*2^2` or `sqrt(2)`.

use crate::Decimal;

const DEPTH_MAX: usize = 60;
const LENGTH_MAX: usize = 1000;

/// Evaluates as the platform's calculator does. Case does not count.
///
/// # Errors
/// Says what is not understood. Complex numbers are refused.
pub(super) fn value(text: &str) -> Result<Decimal, String> {
    let text = text.trim();
    if let Some(exact) = Decimal::parse(text) {
        return Ok(exact);
    }
    if text.len() > LENGTH_MAX {
        return Err("the expression is too long".to_owned());
    }
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let mut parser = Parser { letters: &letters, at: 0, depth: 0 };
    let result = parser.sum()?;
    if parser.at < letters.len() {
        return Err(format!("\"{}\" is not understood", letters[parser.at..].iter().take(20).collect::<String>()));
    }
    if !result.is_finite() {
        return Err("its value is not finite".to_owned());
    }
    Decimal::parse(&format!("{result:.14e}")).ok_or_else(|| "its value is too large or too small".to_owned())
}

struct Parser<'a> {
    letters: &'a [char],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = text.chars().enumerate().all(|(offset, c)| self.letters.get(self.at + offset) == Some(&c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    fn sum(&mut self) -> Result<f64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("the expression is nested too deeply".to_owned());
        }
        let mut total = self.product()?;
        loop {
            if self.take("+") {
                total += self.product()?;
            } else if self.take("-") || self.take("\u{2212}") {
                total -= self.product()?;
            } else {
                self.depth -= 1;
                return Ok(total);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut total = self.parallel()?;
        loop {
            // `**` is a power, and belongs to the factor before it.
            if self.take("*") || self.take("\u{b7}") || self.take("\u{d7}") {
                total *= self.parallel()?;
            } else if self.take("/") {
                total /= self.parallel()?;
            } else {
                return Ok(total);
            }
        }
    }

    /// `a || b` is the resistance of two resistors side by side.
    fn parallel(&mut self) -> Result<f64, String> {
        let mut total = self.signed()?;
        while self.take("||") {
            let other = self.signed()?;
            total = 1.0 / (1.0 / total + 1.0 / other);
        }
        Ok(total)
    }

    fn signed(&mut self) -> Result<f64, String> {
        let mut is_negative = false;
        loop {
            if self.take("-") || self.take("\u{2212}") {
                is_negative = !is_negative;
            } else if !self.take("+") {
                break;
            }
        }
        let value = self.power()?;
        Ok(if is_negative { -value } else { value })
    }

    fn power(&mut self) -> Result<f64, String> {
        let base = self.atom()?;
        if self.take("^") || self.take("**") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("the expression is nested too deeply".to_owned());
            }
            let exponent = self.signed()?;
            self.depth -= 1;
            return Ok(base.powf(exponent));
        }
        Ok(base)
    }

    fn atom(&mut self) -> Result<f64, String> {
        let value = match self.peek() {
            Some('(' | '[' | '{') => {
                self.at += 1;
                let inner = self.sum()?;
                if !matches!(self.peek(), Some(')' | ']' | '}')) {
                    return Err("a bracket is not closed".to_owned());
                }
                self.at += 1;
                inner
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number()?,
            Some(c) if c.is_alphabetic() => self.name()?,
            _ => return Err("a number is missing".to_owned()),
        };
        if self.peek() == Some('!') {
            self.at += 1;
            return factorial(value);
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<f64, String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '.') {
            self.at += 1;
        }
        if self.peek() == Some('e') {
            let sign = usize::from(matches!(self.letters.get(self.at + 1), Some('+' | '-')));
            if self.letters.get(self.at + 1 + sign).is_some_and(char::is_ascii_digit) {
                self.at += 1 + sign;
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.at += 1;
                }
            }
        }
        let text: String = self.letters[start..self.at].iter().collect();
        let value: f64 = text.parse().map_err(|_| format!("\"{text}\" is no number"))?;
        let is_word = self.letters.get(self.at + 1).is_some_and(|c| c.is_alphabetic());
        let factor = match self.peek() {
            Some('%') => 0.01,
            Some('k') if !is_word => 1e3,
            Some('g') if !is_word => 1e9,
            Some('t') if !is_word => 1e12,
            Some('c') if !is_word => 1e-2,
            Some('u') if !is_word => 1e-6,
            Some('n') if !is_word => 1e-9,
            Some('p') if !is_word => 1e-12,
            Some('i' | 'j') if !is_word => return Err("complex numbers are not supported".to_owned()),
            // `m` and `M` differ by case there, which differs by version.
            Some('m') if !is_word => return Err("the suffix m is milli or mega".to_owned()),
            _ => return Ok(value),
        };
        self.at += 1;
        Ok(value * factor)
    }

    fn name(&mut self) -> Result<f64, String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        let name: String = self.letters[start..self.at].iter().collect();
        if self.peek() != Some('(') {
            return match name.as_str() {
                "pi" => Ok(std::f64::consts::PI),
                "e" => Ok(std::f64::consts::E),
                "i" | "j" => Err("complex numbers are not supported".to_owned()),
                _ => Err(format!("\"{name}\" is not known")),
            };
        }
        let x = self.atom()?;
        let result = match name.as_str() {
            "sqrt" => x.sqrt(),
            "sin" => x.sin(),
            "cos" => x.cos(),
            "tan" => x.tan(),
            "sec" => 1.0 / x.cos(),
            "csc" => 1.0 / x.sin(),
            "cot" => 1.0 / x.tan(),
            "arcsin" | "asin" => x.asin(),
            "arccos" | "acos" => x.acos(),
            "arctan" | "atan" => x.atan(),
            "sinh" => x.sinh(),
            "cosh" => x.cosh(),
            "tanh" => x.tanh(),
            "exp" => x.exp(),
            "ln" => x.ln(),
            "log10" => x.log10(),
            "log2" => x.log2(),
            "abs" => x.abs(),
            "fact" | "factorial" => return factorial(x),
            _ => return Err(format!("the function \"{name}\" is not known")),
        };
        Ok(result)
    }
}

fn factorial(value: f64) -> Result<f64, String> {
    if !(0.0..=170.0).contains(&value) || value.fract() != 0.0 {
        return Err("a factorial needs a whole number from 0 to 170".to_owned());
    }
    let mut product = 1.0;
    let mut factor = 2.0;
    while factor <= value {
        product *= factor;
        factor += 1.0;
    }
    Ok(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_the_value_of_the_calculator() {
        for (text, expected) in [
            ("4.905*2^2", "19.62"),
            ("1/3", "0.333333333333333"),
            ("-2^2", "-4"),
            ("2^3^2", "512"),
            ("2**3", "8"),
            ("sqrt(2)*sqrt(2)", "2"),
            ("5%", "0.05"),
            ("1.5e3", "1500"),
            ("3k", "3000"),
            ("2||2", "1"),
            ("4!", "24"),
            ("PI", "3.14159265358979"),
            ("0.1", "0.1"),
        ] {
            assert_eq!(value(text).as_ref().map(Decimal::as_str), Ok(expected), "{text}");
        }
        for text in ["", "x", "2x", "i", "1/0", "(1", "1)", "foo(2)", "3m", "1..2", "\u{e9}"] {
            assert!(value(text).is_err(), "{text}");
        }
        assert!(value(&"(".repeat(500)).is_err());
        assert!(value(&"2^".repeat(400)).is_err());
    }
}
