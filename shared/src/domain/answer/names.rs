//! The names that an answer may use: functions, constants, Greek letters, and the words that no product of variables is.

use super::value::Value;

/// A number with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constant {
    Pi,
    E,
    /// The imaginary unit.
    I,
}

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Sin,
    Cos,
    Tan,
    Sec,
    Csc,
    Cot,
    Asin,
    Acos,
    Atan,
    Asec,
    Acsc,
    Acot,
    Sinh,
    Cosh,
    Tanh,
    Sech,
    Csch,
    Coth,
    Asinh,
    Acosh,
    Atanh,
    Exp,
    Ln,
    /// Of base ten, unless another base is written.
    Log,
    Sqrt,
    Cbrt,
    Abs,
    Factorial,
}

impl Function {
    /// By its name in plain text or its LaTeX command.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "sin" => Self::Sin,
            "cos" => Self::Cos,
            "tan" | "tg" => Self::Tan,
            "sec" => Self::Sec,
            "csc" | "cosec" => Self::Csc,
            "cot" | "ctg" => Self::Cot,
            "arcsin" | "asin" => Self::Asin,
            "arccos" | "acos" => Self::Acos,
            "arctan" | "atan" | "arctg" => Self::Atan,
            "arcsec" | "asec" => Self::Asec,
            "arccsc" | "acsc" => Self::Acsc,
            "arccot" | "acot" => Self::Acot,
            "sinh" => Self::Sinh,
            "cosh" => Self::Cosh,
            "tanh" => Self::Tanh,
            "sech" => Self::Sech,
            "csch" => Self::Csch,
            "coth" => Self::Coth,
            "arcsinh" | "arsinh" | "asinh" => Self::Asinh,
            "arccosh" | "arcosh" | "acosh" => Self::Acosh,
            "arctanh" | "artanh" | "atanh" => Self::Atanh,
            "exp" => Self::Exp,
            "ln" => Self::Ln,
            "log" | "lg" => Self::Log,
            "sqrt" => Self::Sqrt,
            "cbrt" => Self::Cbrt,
            "abs" => Self::Abs,
            _ => return None,
        })
    }

    /// What `f^{-1}` means: the inverse function.
    pub(super) fn inverse(self) -> Option<Self> {
        Some(match self {
            Self::Sin => Self::Asin,
            Self::Cos => Self::Acos,
            Self::Tan => Self::Atan,
            Self::Sec => Self::Asec,
            Self::Csc => Self::Acsc,
            Self::Cot => Self::Acot,
            Self::Sinh => Self::Asinh,
            Self::Cosh => Self::Acosh,
            Self::Tanh => Self::Atanh,
            _ => return None,
        })
    }

    /// Whether its argument is an angle.
    pub(super) fn takes_angle(self) -> bool {
        matches!(self, Self::Sin | Self::Cos | Self::Tan | Self::Sec | Self::Csc | Self::Cot)
    }

    /// The value at a number.
    pub(super) fn value(self, x: Value) -> Value {
        let one = Value::exact(1.0);
        match self {
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.sin().divide(x.cos()),
            Self::Sec => one.divide(x.cos()),
            Self::Csc => one.divide(x.sin()),
            Self::Cot => x.cos().divide(x.sin()),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Asec => one.divide(x).acos(),
            Self::Acsc => one.divide(x).asin(),
            Self::Acot => Value::rounded(std::f64::consts::FRAC_PI_2).subtract(x.atan()),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Sech => one.divide(x.cosh()),
            Self::Csch => one.divide(x.sinh()),
            Self::Coth => one.divide(x.tanh()),
            Self::Asinh => x.asinh(),
            Self::Acosh => x.acosh(),
            Self::Atanh => x.atanh(),
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Log => x.ln().divide(Value::rounded(std::f64::consts::LN_10)),
            Self::Sqrt => x.sqrt(),
            Self::Cbrt if x.im == 0.0 && x.re < 0.0 => x.negate().power(Value::rounded(1.0 / 3.0)).negate(),
            Self::Cbrt => x.power(Value::rounded(1.0 / 3.0)),
            Self::Abs => x.abs(),
            Self::Factorial => x.factorial(),
        }
    }
}

/// Greek letters by their LaTeX commands; in plain text they are whole words.
const GREEK: [&str; 30] = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "varepsilon",
    "zeta",
    "eta",
    "theta",
    "vartheta",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "rho",
    "sigma",
    "tau",
    "phi",
    "varphi",
    "chi",
    "psi",
    "omega",
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Sigma",
    "Phi",
    "Omega",
];

/// The Greek letter of that name, in one spelling.
pub(super) fn greek(name: &str) -> Option<&'static str> {
    let known = GREEK.into_iter().find(|known| *known == name)?;
    Some(known.strip_prefix("var").unwrap_or(known))
}

/// The name of a Greek letter.
pub(super) fn greek_letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' | 'ϵ' => "epsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' | 'ϑ' => "theta",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' | 'µ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'ρ' => "rho",
        'σ' => "sigma",
        'τ' => "tau",
        'φ' | 'ϕ' => "phi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        'Γ' => "Gamma",
        'Δ' => "Delta",
        'Θ' => "Theta",
        'Λ' => "Lambda",
        'Σ' => "Sigma",
        'Φ' => "Phi",
        'Ω' => "Omega",
        _ => return None,
    })
}

/// Short words which are language, not a product of variables.
pub(super) fn is_prose(word: &str) -> bool {
    const WORDS: [&str; 36] = [
        "all", "an", "any", "are", "as", "at", "be", "but", "by", "dne", "do", "for", "has", "if", "is", "it", "its",
        "no", "non", "not", "now", "of", "off", "on", "one", "out", "per", "set", "so", "the", "to", "two", "use",
        "via", "we", "yes",
    ];
    WORDS.contains(&word.to_ascii_lowercase().as_str())
}

/// Letters that stand for a constant of integration.
pub(super) fn is_free_constant(name: &str) -> bool {
    matches!(name, "C" | "c" | "K" | "k") || is_numbered_constant(name)
}

/// `C_1`, `c_2`, … as in solutions of differential equations.
fn is_numbered_constant(name: &str) -> bool {
    let number = name.strip_prefix(['C', 'c', 'K', 'k', 'A', 'B']).and_then(|rest| rest.strip_prefix('_'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Letters whose name says nothing in a family of solutions: a different family may be the same one.
pub(super) fn is_family_constant(name: &str) -> bool {
    matches!(name, "C" | "K" | "A" | "B") || is_numbered_constant(name)
}
