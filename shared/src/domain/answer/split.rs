//! Takes words apart: `xsinx` is x·sin x, `2pir` is 2·π·r, and `converges by` is prose, which nothing here reads.

use super::Unreadable;
use super::names::{Constant, Function, greek, is_prose};
use super::token::{Kind, Token};

/// Letters of one word that may be variables; more are prose.
const MAX_LETTERS: usize = 3;

/// Replaces every word by what it names.
///
/// # Errors
/// When a word is prose.
pub(super) fn words(tokens: &[Token], variables: &[String]) -> Result<Vec<Token>, Unreadable> {
    let mut result = Vec::with_capacity(tokens.len());
    let mut prose = false;
    for (index, token) in tokens.iter().enumerate() {
        let Kind::Word { text, explicit } = &token.kind else {
            prose = false;
            result.push(token.clone());
            continue;
        };
        let between = |bracket: Option<&Token>| matches!(bracket, Some(Token { kind: Kind::Open(_), .. }));
        let union = text == "U"
            && matches!(result.last(), Some(Token { kind: Kind::Close(_), .. }))
            && between(tokens.get(index + 1));
        let kinds = if union { vec![Kind::Union] } else { word(text, *explicit, variables)? };
        let letters = kinds.iter().filter(|kind| is_letter(kind)).count();
        let several = letters > 1 && kinds.len() == letters;
        if several && prose {
            return Err(Unreadable::Prose);
        }
        prose = several;
        let mut spaced = token.spaced;
        for kind in kinds {
            result.push(Token { kind, spaced });
            spaced = false;
        }
    }
    Ok(result)
}

fn is_letter(kind: &Kind) -> bool {
    match kind {
        Kind::Variable(name) => name.len() == 1,
        Kind::Constant(constant) => matches!(constant, Constant::E | Constant::I),
        _ => false,
    }
}

/// The tokens of one word.
fn word(text: &str, explicit: bool, variables: &[String]) -> Result<Vec<Kind>, Unreadable> {
    let declared = |name: &str| variables.iter().any(|variable| variable == name);
    if declared(text) || text.len() == 1 {
        return Ok(vec![letter(text, declared(text))]);
    }
    if let Some(kind) = whole(text) {
        return Ok(vec![kind]);
    }
    if is_prose(text) || explicit {
        return Err(Unreadable::Prose);
    }
    let mut kinds = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let longest = (1..=rest.len()).rev().find_map(|length| {
            let (name, after) = rest.split_at_checked(length)?;
            let kind = if declared(name) { letter(name, true) } else { inside(name)? };
            Some((kind, after))
        });
        let (kind, after) = longest.ok_or(Unreadable::Prose)?;
        kinds.push(kind);
        rest = after;
    }
    if kinds.iter().filter(|kind| is_letter(kind)).count() > MAX_LETTERS {
        return Err(Unreadable::Prose);
    }
    Ok(kinds)
}

fn letter(name: &str, declared: bool) -> Kind {
    match name {
        "e" if !declared => Kind::Constant(Constant::E),
        "i" if !declared => Kind::Constant(Constant::I),
        _ => Kind::Variable(name.to_owned()),
    }
}

/// What a whole word names. Keyboards of telephones write `Sin`.
fn whole(text: &str) -> Option<Kind> {
    if let Some(letter) = greek(text) {
        return Some(Kind::Variable(letter.to_owned()));
    }
    let lower = text.to_ascii_lowercase();
    Some(match lower.as_str() {
        "or" => Kind::Or,
        "and" => Kind::Comma,
        "union" => Kind::Union,
        "in" => Kind::Element,
        "infinity" | "inf" | "infty" | "oo" => Kind::Infinity,
        "degrees" | "degree" | "deg" => Kind::Degree,
        "percent" => Kind::Percent,
        lower => inside(lower).filter(|_| lower.len() > 1)?,
    })
}

/// What a part of a word names.
fn inside(name: &str) -> Option<Kind> {
    match name {
        "pi" => Some(Kind::Constant(Constant::Pi)),
        "sqrt" => Some(Kind::Root),
        "theta" | "alpha" | "beta" | "lambda" | "omega" => Some(Kind::Variable(name.to_owned())),
        _ if name.len() == 1 => Some(letter(name, false)),
        _ => Function::by_name(name).map(Kind::Function),
    }
}
