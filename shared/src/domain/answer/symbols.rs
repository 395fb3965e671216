//! What LaTeX commands and single characters stand for.

use super::names::{Constant, Function, greek, greek_letter};
use super::token::{Bracket, Kind, Relation, Side};

/// LaTeX commands which are one token.
pub(super) fn command(name: &str) -> Option<Kind> {
    Some(match name {
        "frac" | "dfrac" | "tfrac" | "cfrac" => Kind::Fraction,
        "binom" | "dbinom" | "tbinom" => Kind::Binomial,
        "sqrt" => Kind::Root,
        "cdot" | "times" | "ast" => Kind::Times,
        "div" => Kind::Divide,
        "pm" => Kind::PlusMinus,
        "mp" => Kind::MinusPlus,
        "le" | "leq" | "leqslant" => Kind::Relation(Relation::LessEqual),
        "ge" | "geq" | "geqslant" => Kind::Relation(Relation::GreaterEqual),
        "lt" => Kind::Relation(Relation::Less),
        "gt" => Kind::Relation(Relation::Greater),
        "ne" | "neq" => Kind::Relation(Relation::NotEqual),
        "approx" => Kind::Relation(Relation::Equal),
        "in" => Kind::Element,
        "cup" => Kind::Union,
        "infty" => Kind::Infinity,
        "lor" | "vee" => Kind::Or,
        "pi" => Kind::Constant(Constant::Pi),
        "prime" => Kind::Prime,
        "circ" | "degree" => Kind::Degree,
        "emptyset" | "varnothing" => Kind::EmptySet,
        "lbrace" => Kind::Open(Bracket::Set),
        "rbrace" => Kind::Close(Bracket::Set),
        "langle" => Kind::Open(Bracket::Round),
        "rangle" => Kind::Close(Bracket::Round),
        "vert" => Kind::Bar(Side::Either),
        "lvert" => Kind::Bar(Side::Open),
        "rvert" => Kind::Bar(Side::Close),
        _ => match (Function::by_name(name), greek(name)) {
            (Some(function), _) => Kind::Function(function),
            (None, Some(letter)) => Kind::Variable(letter.to_owned()),
            (None, None) => return None,
        },
    })
}

/// Characters which are one token.
pub(super) fn symbol(character: char) -> Option<Kind> {
    Some(match character {
        '+' => Kind::Plus,
        '-' | '−' | '–' | '—' | '‐' | '‑' | '﹣' => Kind::Minus,
        '±' => Kind::PlusMinus,
        '∓' => Kind::MinusPlus,
        '*' | '×' | '·' | '⋅' | '∗' | '•' => Kind::Times,
        '/' | '÷' | '∕' | '⁄' => Kind::Divide,
        '^' => Kind::Power,
        '_' => Kind::Subscript,
        '!' => Kind::Factorial,
        '%' => Kind::Percent,
        '°' | 'º' => Kind::Degree,
        '(' | '⟨' => Kind::Open(Bracket::Round),
        ')' | '⟩' => Kind::Close(Bracket::Round),
        '[' => Kind::Open(Bracket::Square),
        ']' => Kind::Close(Bracket::Square),
        '{' => Kind::Open(Bracket::Group),
        '}' => Kind::Close(Bracket::Group),
        '|' | '∣' => Kind::Bar(Side::Either),
        ',' | ';' => Kind::Comma,
        '∨' => Kind::Or,
        '=' | '≈' => Kind::Relation(Relation::Equal),
        '≠' => Kind::Relation(Relation::NotEqual),
        '<' => Kind::Relation(Relation::Less),
        '≤' | '⩽' => Kind::Relation(Relation::LessEqual),
        '>' => Kind::Relation(Relation::Greater),
        '≥' | '⩾' => Kind::Relation(Relation::GreaterEqual),
        '∈' => Kind::Element,
        '∪' => Kind::Union,
        '∞' => Kind::Infinity,
        'ℝ' => Kind::Reals,
        '∅' | 'ø' => Kind::EmptySet,
        '\'' | '′' | '’' => Kind::Prime,
        '√' => Kind::Root,
        'π' => Kind::Constant(Constant::Pi),
        'ℯ' => Kind::Constant(Constant::E),
        _ => Kind::Variable(greek_letter(character)?.to_owned()),
    })
}

/// What a raised character stands for.
pub(super) fn superscript(character: char) -> Option<char> {
    Some(match character {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        '⁶' => '6',
        '⁷' => '7',
        '⁸' => '8',
        '⁹' => '9',
        '⁻' => '-',
        '⁺' => '+',
        '⁽' => '(',
        '⁾' => ')',
        'ⁿ' => 'n',
        'ˣ' => 'x',
        _ => return None,
    })
}

/// Numerator and denominator of a fraction that is one character.
pub(super) fn vulgar_fraction(character: char) -> Option<(i128, i128)> {
    Some(match character {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅕' => (1, 5),
        '⅖' => (2, 5),
        '⅗' => (3, 5),
        '⅘' => (4, 5),
        '⅙' => (1, 6),
        '⅚' => (5, 6),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    })
}
