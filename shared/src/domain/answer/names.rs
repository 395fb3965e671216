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

impl Constant {
    /// Its name in plain text.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pi => "π",
            Self::E => "e",
            Self::I => "i",
        }
    }
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
    Asech,
    Acsch,
    Acoth,
    Re,
    Im,
    Arg,
    Conjugate,
    Floor,
    Ceiling,
    /// To the nearest whole number, halves away from 0.
    Round,
    Sign,
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
            "arcsech" | "arsech" | "asech" => Self::Asech,
            "arccsch" | "arcsch" | "acsch" => Self::Acsch,
            "arccoth" | "arcoth" | "acoth" => Self::Acoth,
            "conjugate" => Self::Conjugate,
            "factorial" => Self::Factorial,
            "floor" => Self::Floor,
            "ceil" | "ceiling" => Self::Ceiling,
            _ => return None,
        })
    }

    /// By a name which also is a product of letters: a function only where a bracket follows.
    pub(super) fn by_call(name: &str) -> Option<Self> {
        Some(match name {
            "re" | "Re" => Self::Re,
            "im" | "Im" => Self::Im,
            "arg" | "Arg" => Self::Arg,
            "conj" => Self::Conjugate,
            "sgn" | "sign" => Self::Sign,
            "round" => Self::Round,
            "Abs" => Self::Abs,
            _ => return None,
        })
    }

    /// Its name in plain text.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Sec => "sec",
            Self::Csc => "csc",
            Self::Cot => "cot",
            Self::Asin => "arcsin",
            Self::Acos => "arccos",
            Self::Atan => "arctan",
            Self::Asec => "arcsec",
            Self::Acsc => "arccsc",
            Self::Acot => "arccot",
            Self::Sinh => "sinh",
            Self::Cosh => "cosh",
            Self::Tanh => "tanh",
            Self::Sech => "sech",
            Self::Csch => "csch",
            Self::Coth => "coth",
            Self::Asinh => "arsinh",
            Self::Acosh => "arcosh",
            Self::Atanh => "artanh",
            Self::Asech => "arsech",
            Self::Acsch => "arcsch",
            Self::Acoth => "arcoth",
            Self::Exp => "exp",
            Self::Ln => "ln",
            Self::Log => "log",
            Self::Sqrt => "sqrt",
            Self::Cbrt => "cbrt",
            Self::Abs => "abs",
            Self::Factorial => "factorial",
            Self::Re => "Re",
            Self::Im => "Im",
            Self::Arg => "arg",
            Self::Conjugate => "conj",
            Self::Floor => "floor",
            Self::Ceiling => "ceil",
            Self::Round => "round",
            Self::Sign => "sgn",
        }
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
            Self::Sech => Self::Asech,
            Self::Csch => Self::Acsch,
            Self::Coth => Self::Acoth,
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
            Self::Asech => one.divide(x).acosh(),
            Self::Acsch => one.divide(x).asinh(),
            Self::Acoth => one.divide(x).atanh(),
            Self::Re => Value { im: 0.0, ..x },
            Self::Im => Value { re: x.im, im: 0.0, ..x },
            Self::Arg => Value { re: x.ln().im, im: 0.0, ..x.ln() },
            Self::Conjugate => Value { im: -x.im, ..x },
            Self::Floor => x.stepped(f64::floor),
            Self::Ceiling => x.stepped(f64::ceil),
            Self::Round => x.stepped(f64::round),
            Self::Sign => x.stepped(|x| if x == 0.0 { 0.0 } else { x.signum() }),
        }
    }
}

/// Greek letters by their LaTeX commands; in plain text they are whole words.
const GREEK: [&str; 49] = [
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
    "iota",
    "omicron",
    "upsilon",
    "Alpha",
    "Beta",
    "Epsilon",
    "Zeta",
    "Eta",
    "Iota",
    "Kappa",
    "Mu",
    "Nu",
    "Xi",
    "Omicron",
    "Rho",
    "Psi",
    "Tau",
    "Upsilon",
    "Chi",
];

/// The Greek letter of that name, in one spelling.
pub(super) fn greek(name: &str) -> Option<&'static str> {
    let known = GREEK.into_iter().find(|known| *known == name)?;
    Some(known.strip_prefix("var").unwrap_or(known))
}

/// Greek letters and their names. Of several forms of a letter, the usual one comes first.
const LETTERS: [(char, &str); 50] = [
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "epsilon"),
    ('ϵ', "epsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('ϑ', "theta"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('µ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('ρ', "rho"),
    ('σ', "sigma"),
    ('τ', "tau"),
    ('φ', "phi"),
    ('ϕ', "phi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('ω', "omega"),
    ('Γ', "Gamma"),
    ('Δ', "Delta"),
    ('Θ', "Theta"),
    ('Λ', "Lambda"),
    ('Σ', "Sigma"),
    ('Φ', "Phi"),
    ('Ω', "Omega"),
    ('ι', "iota"),
    ('ο', "omicron"),
    ('υ', "upsilon"),
    ('Α', "Alpha"),
    ('Β', "Beta"),
    ('Ε', "Epsilon"),
    ('Ζ', "Zeta"),
    ('Η', "Eta"),
    ('Ι', "Iota"),
    ('Κ', "Kappa"),
    ('Μ', "Mu"),
    ('Ν', "Nu"),
    ('Ξ', "Xi"),
    ('Ο', "Omicron"),
    ('Ρ', "Rho"),
    ('Ψ', "Psi"),
    ('Τ', "Tau"),
    ('Υ', "Upsilon"),
    ('Χ', "Chi"),
];

/// The name of a Greek letter.
pub(super) fn greek_letter(letter: char) -> Option<&'static str> {
    LETTERS.into_iter().find(|(known, _)| *known == letter).map(|(_, name)| name)
}

/// The Greek letter of a name.
pub(super) fn greek_sign(name: &str) -> Option<char> {
    LETTERS.into_iter().find(|(_, known)| *known == name).map(|(letter, _)| letter)
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

/// Names of functions that nothing here computes. They look like products of letters.
pub(super) fn is_unknown_function(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "det", "erf", "erfc", "mod", "div", "curl", "grad", "var", "Var", "cov", "Cov", "std", "lim", "sup", "tr",
        "Tr", "Li", "Si", "Ci", "Ei",
    ];
    NAMES.contains(&name)
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
