//! Functions without a definition: `f(x)`, `P(A)`. They are not products, so each is a variable of its own.

use super::token::{Bracket, Kind, Token};

/// Letters that name functions, whatever stands in the bracket.
const FUNCTION_NAMES: [&str; 4] = ["f", "g", "F", "G"];
/// Letters that name functions if the bracket holds no operation: `P(A)`, but P(1 + r) is a product.
const AMBIGUOUS_NAMES: [&str; 9] = ["h", "H", "P", "E", "N", "T", "phi", "psi", "Phi"];

/// The text of an application that begins with the variable before `at`, and the number of its tokens after the name.
///
/// `None`: what follows is a factor.
pub(super) fn application(name: &str, tokens: &[Token], at: usize) -> Option<(String, usize)> {
    let rest = tokens.get(at..)?;
    let [Token { kind: Kind::Open(Bracket::Round), spaced: false }, ..] = rest else { return None };
    let mut depth = 0_usize;
    let close = rest.iter().position(|token| {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })?;
    let content = rest.get(1..close)?;
    let operations = [Kind::Plus, Kind::Minus, Kind::Times, Kind::Divide, Kind::Power];
    let simple = !content.iter().any(|token| operations.contains(&token.kind));
    let argument = match content {
        [Token { kind: Kind::Variable(argument), .. }] => argument != name && matches!(argument.as_str(), "x" | "t"),
        _ => false,
    };
    let letter = name.chars().count() == 1;
    let is_function =
        FUNCTION_NAMES.contains(&name) || (AMBIGUOUS_NAMES.contains(&name) && simple) || (letter && argument);
    if !is_function || content.is_empty() {
        return None;
    }
    let mut texts = content.iter().map(|token| source_text(&token.kind)).collect::<Option<Vec<_>>>()?;
    // A ∩ B is B ∩ A.
    if content.len() == 3 && matches!(content.get(1).map(|token| &token.kind), Some(Kind::Intersection | Kind::Union)) {
        let (first, last) = (texts.first().cloned()?, texts.last().cloned()?);
        if last < first {
            texts.reverse();
        }
    }
    Some((format!("{name}({})", texts.concat()), close + 1))
}

/// The text of a token in an application. `None` where two spellings of one argument would differ.
fn source_text(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Variable(name) => name.clone(),
        Kind::Constant(constant) => constant.name().to_owned(),
        Kind::Number(number) => number.value.to_string(),
        Kind::Function(function) => function.name().to_owned(),
        Kind::Open(Bracket::Round) => "(".to_owned(),
        Kind::Close(Bracket::Round) => ")".to_owned(),
        Kind::Open(Bracket::Group) | Kind::Close(Bracket::Group) => String::new(),
        Kind::Subscript => "_".to_owned(),
        Kind::Plus => "+".to_owned(),
        Kind::Minus => "-".to_owned(),
        Kind::Times => "*".to_owned(),
        Kind::Divide => "/".to_owned(),
        Kind::Power => "^".to_owned(),
        Kind::Comma => ",".to_owned(),
        Kind::Bar(_) => "|".to_owned(),
        Kind::Prime => "'".to_owned(),
        Kind::Intersection => "∩".to_owned(),
        Kind::Union => "∪".to_owned(),
        _ => return None,
    })
}
