//! Rewrites tokens before words are taken apart: brackets of intervals the French way, numbers with a word, currencies,
//! units in a fraction, derivatives.

use super::rational::Rational;
use super::token::{Bracket, Kind, Number, Token};
use super::unit_names::known;

/// The tokens in one notation.
pub(super) fn tokens(tokens: Vec<Token>, variables: &[String]) -> Vec<Token> {
    let tokens = mirror_french_brackets(tokens);
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at..).unwrap_or_default();
        let before = result.last().map(|token| token.kind.clone());
        if let Some((found, length)) = replacement(before.as_ref(), rest, variables) {
            result.extend(found);
            at += length;
            continue;
        }
        if let (Some(power), Some(Token { kind: Kind::Number(number), .. })) =
            (word(Some(token)).and_then(power_of_ten), result.last_mut())
        {
            multiply_by_power_of_ten(number, power);
            at += 1;
            continue;
        }
        // `red, white, and blue`
        let joins =
            matches!(word(Some(token)), Some("and" | "or")) || token.kind == Kind::Or || token.kind == Kind::And;
        if joins && before == Some(Kind::Comma) {
            result.pop();
        }
        result.push(token.clone());
        at += 1;
    }
    currency_last(result)
}

fn word(token: Option<&Token>) -> Option<&str> {
    match token {
        Some(Token { kind: Kind::Word { text, .. }, .. }) => Some(text),
        _ => None,
    }
}

fn new_token(kind: Kind, spaced: bool) -> Token {
    Token { kind, spaced }
}

fn word_token(text: String, spaced: bool) -> Token {
    new_token(Kind::Word { text, explicit: true }, spaced)
}

/// What stands for the first tokens, and how many they are.
fn replacement(before: Option<&Kind>, rest: &[Token], variables: &[String]) -> Option<(Vec<Token>, usize)> {
    use Bracket::Group;
    let kinds: Vec<&Kind> = rest.iter().take(10).map(|token| &token.kind).collect();
    let spaced = rest.first()?.spaced;
    let after_number = matches!(before, Some(Kind::Number(_)));
    match kinds.as_slice() {
        // `6.02 x 10^23`
        [Kind::Word { text, .. }, Kind::Number(ten), Kind::Power, ..]
            if after_number
                && matches!(text.as_str(), "x" | "X")
                && ten.digits == "10"
                && !variables.contains(text) =>
        {
            Some((vec![new_token(Kind::Times, spaced)], 1))
        }
        // `20 °C`
        [Kind::Degree, Kind::Word { text, .. }, ..] if matches!(text.as_str(), "C" | "F") => {
            Some((vec![word_token(format!("deg{text}"), true)], 2))
        }
        [Kind::Power, Kind::Degree, Kind::Word { text, .. }, ..] if matches!(text.as_str(), "C" | "F") => {
            Some((vec![word_token(format!("deg{text}"), true)], 3))
        }
        [Kind::Power, Kind::Open(Group), Kind::Degree, Kind::Close(Group), Kind::Word { text, .. }, ..]
            if matches!(text.as_str(), "C" | "F") =>
        {
            Some((vec![word_token(format!("deg{text}"), true)], 5))
        }
        // `20 degrees Celsius`
        [Kind::Word { text: degrees, .. }, Kind::Word { text, .. }, ..]
            if after_number && matches!(degrees.as_str(), "degree" | "degrees") && known(text).is_some() =>
        {
            Some((Vec::new(), 1))
        }
        // `5 μm`
        [Kind::Variable(mu), Kind::Word { text, .. }, ..]
            if after_number && mu == "mu" && known(&format!("u{text}")).is_some() =>
        {
            Some((vec![word_token(format!("u{text}"), true)], 2))
        }
        [Kind::Variable(omega), ..] if after_number && omega == "Omega" && rest.len() == 1 => {
            Some((vec![word_token("ohm".to_owned(), true)], 1))
        }
        // `5\frac{m}{s}`
        [
            Kind::Fraction,
            Kind::Open(Group),
            Kind::Word { text: above, .. },
            Kind::Close(Group),
            Kind::Open(Group),
            ..,
        ] if after_number && known(above).is_some() => {
            let close = rest.iter().skip(5).position(|token| token.kind == Kind::Close(Group))?;
            let below = rest.get(5..5 + close)?;
            known(word(below.first())?)?;
            let mut found = vec![word_token(above.clone(), true), new_token(Kind::Divide, false)];
            found.extend(below.iter().cloned());
            Some((found, 6 + close))
        }
        // `atan2(y, x)`
        [Kind::Word { text, explicit }, Kind::Number(two), Kind::Open(Bracket::Round), ..]
            if two.digits == "2"
                && (text.ends_with("atan") || text.ends_with("arctan"))
                && has_comma(rest.get(3..)?) =>
        {
            Some((vec![new_token(Kind::Word { text: format!("{text}2"), explicit: *explicit }, spaced)], 2))
        }
        // `5C2`, `^5C_2`
        [Kind::Power, n @ Kind::Number(_), Kind::Word { text, .. }, Kind::Subscript, ..]
            if before.is_none() && text == "C" =>
        {
            let (k, length) = number_or_group(rest.get(4..)?)?;
            Some((binomial((*n).clone(), k), 4 + length))
        }
        [n @ Kind::Number(_), Kind::Word { text, .. }, k @ Kind::Number(_)]
            if before.is_none() && text == "C" && !rest.iter().skip(1).any(|token| token.spaced) =>
        {
            Some((binomial((*n).clone(), (*k).clone()), 3))
        }
        // `dy/dx`
        [Kind::Word { text: above, .. }, Kind::Divide, Kind::Word { text: below, .. }, ..]
            if is_differential(above) && is_differential(below) && before.is_none_or(|before| !before.closes()) =>
        {
            Some((vec![new_token(Kind::Variable(format!("{above}/{below}")), spaced)], 3))
        }
        [
            Kind::Fraction,
            Kind::Open(Group),
            Kind::Word { text: above, .. },
            Kind::Close(Group),
            Kind::Open(Group),
            Kind::Word { text: below, .. },
            Kind::Close(Group),
            ..,
        ] if is_differential(above) && is_differential(below) => {
            Some((vec![new_token(Kind::Variable(format!("{above}/{below}")), spaced)], 7))
        }
        _ => None,
    }
}

fn is_differential(word: &str) -> bool {
    word.len() == 2 && word.starts_with('d')
}

/// Whether a comma stands before the bracket closes that is open.
fn has_comma(tokens: &[Token]) -> bool {
    let mut depth = 1_usize;
    let end = tokens.iter().find(|token| {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 || depth == 1 && token.kind == Kind::Comma
    });
    end.is_some_and(|token| token.kind == Kind::Comma)
}

/// A number in a group or alone.
fn number_or_group(tokens: &[Token]) -> Option<(Kind, usize)> {
    match tokens {
        [Token { kind: number @ Kind::Number(_), .. }, ..] => Some((number.clone(), 1)),
        [open, Token { kind: number @ Kind::Number(_), .. }, close, ..]
            if open.kind == Kind::Open(Bracket::Group) && close.kind == Kind::Close(Bracket::Group) =>
        {
            Some((number.clone(), 3))
        }
        _ => None,
    }
}

fn binomial(n: Kind, k: Kind) -> Vec<Token> {
    let (open, close) = (Kind::Open(Bracket::Group), Kind::Close(Bracket::Group));
    let kinds = [Kind::Binomial, open.clone(), n, close.clone(), open, k, close];
    kinds.into_iter().map(|kind| new_token(kind, false)).collect()
}

/// The power of ten of a number word.
fn power_of_ten(word: &str) -> Option<i32> {
    Some(match word {
        "hundred" => 2,
        "thousand" | "kilo" => 3,
        "million" | "mega" => 6,
        "billion" | "giga" => 9,
        "trillion" => 12,
        "milli" => -3,
        "micro" => -6,
        "nano" => -9,
        "pico" => -12,
        _ => return None,
    })
}

/// `2.5 million`
fn multiply_by_power_of_ten(number: &mut Number, power: i32) {
    let factor = 10f64.powi(power);
    number.exact = number.exact.and_then(|exact| exact.multiply(Rational::power_of_ten(power)?));
    number.value = number.exact.map_or(number.value * factor, Rational::to_f64);
    let whole = number.exact.is_some_and(|exact| exact.as_whole().is_some());
    number.last_digit = number.last_digit.map(|digit| digit * factor).filter(|_| !whole);
    number.digits = String::new();
}

/// `]0, 1[` is `(0, 1)`, alone and in a union.
fn mirror_french_brackets(mut tokens: Vec<Token>) -> Vec<Token> {
    let mut depth = 0_usize;
    let mut opened = false;
    for index in 0..tokens.len() {
        let ends = tokens.get(index + 1).is_none_or(|next| {
            matches!(next.kind, Kind::Union | Kind::Comma | Kind::Or | Kind::And | Kind::SetMinus)
                || word(Some(next)).is_some_and(|word| matches!(word, "U" | "or" | "and" | "union"))
        });
        let Some(token) = tokens.get_mut(index) else { break };
        match token.kind {
            Kind::Close(Bracket::Square) if depth == 0 => {
                token.kind = Kind::Open(Bracket::Round);
                depth += 1;
                opened = true;
            }
            Kind::Open(Bracket::Square) if depth == 1 && opened && ends => {
                token.kind = Kind::Close(Bracket::Round);
                depth = 0;
            }
            Kind::Open(bracket) => {
                if depth == 0 {
                    opened = matches!(bracket, Bracket::Square | Bracket::Round);
                }
                depth += 1;
            }
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    tokens
}

/// `€5` is `5 €`.
fn currency_last(mut tokens: Vec<Token>) -> Vec<Token> {
    let currency = matches!(word(tokens.first()), Some("EUR" | "GBP" | "JPY" | "INR"));
    if currency && matches!(tokens.get(1), Some(Token { kind: Kind::Number(_), .. })) {
        tokens.rotate_left(1);
    }
    tokens
}
