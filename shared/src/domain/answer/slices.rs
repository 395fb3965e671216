//! Cuts tokens at separators, relations and brackets.

use super::token::{Bracket, Kind, Relation, Token};

/// The depth of brackets after a token.
pub(super) fn depth_after(depth: usize, kind: &Kind) -> usize {
    match kind {
        Kind::Open(_) => depth + 1,
        Kind::Close(_) => depth.saturating_sub(1),
        _ => depth,
    }
}

/// Splits at separators which stand in no bracket.
pub(super) fn parts<'a>(tokens: &'a [Token], separators: &[Kind]) -> Vec<&'a [Token]> {
    let mut depth = 0;
    tokens
        .split(|token| {
            depth = depth_after(depth, &token.kind);
            depth == 0 && separators.contains(&token.kind)
        })
        .collect()
}

pub(super) fn has_relation(tokens: &[Token]) -> bool {
    split_relations(tokens).len() > 1
}

/// The sides of relations, each with the relation before it.
pub(super) fn split_relations(tokens: &[Token]) -> Vec<(&[Token], Option<Relation>)> {
    let mut sides = Vec::new();
    let (mut depth, mut start, mut before) = (0, 0, None);
    for (index, token) in tokens.iter().enumerate() {
        depth = depth_after(depth, &token.kind);
        if let (0, Kind::Relation(relation)) = (depth, &token.kind) {
            sides.push((tokens.get(start..index).unwrap_or_default(), before));
            (start, before) = (index + 1, Some(*relation));
        }
    }
    sides.push((tokens.get(start..).unwrap_or_default(), before));
    sides
}

/// What stands in a bracket around everything.
pub(super) fn inside(tokens: &[Token], bracket: Bracket) -> Option<&[Token]> {
    let [first, inner @ .., last] = tokens else { return None };
    let matching = first.kind == Kind::Open(bracket) && last.kind == Kind::Close(bracket);
    (matching && is_balanced(inner)).then_some(inner)
}

/// What stands in round or square brackets around everything, and which of them are square.
pub(super) fn bracketed(tokens: &[Token]) -> Option<((bool, bool), &[Token])> {
    let [first, inner @ .., last] = tokens else { return None };
    let closed = match (&first.kind, &last.kind) {
        (
            Kind::Open(open @ (Bracket::Round | Bracket::Square)),
            Kind::Close(close @ (Bracket::Round | Bracket::Square)),
        ) => (*open == Bracket::Square, *close == Bracket::Square),
        _ => return None,
    };
    is_balanced(inner).then_some((closed, inner))
}

/// Whether every bracket that closes here was opened here.
pub(super) fn is_balanced(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) if depth == 0 => return false,
            Kind::Close(_) => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// Whether what stands after `x =` is more than one expression.
pub(super) fn shaped(tokens: &[Token]) -> bool {
    inside(tokens, Bracket::Set).is_some()
        || inside(tokens, Bracket::Group).is_some()
        || tokens.iter().any(|token| matches!(token.kind, Kind::PlusMinus | Kind::MinusPlus))
        || matches!(tokens, [.., Token { kind: Kind::Infinity, .. }] if tokens.len() <= 2)
        || bracketed(tokens).is_some_and(|(_, inner)| parts(inner, &[Kind::Comma]).len() > 1)
}

/// The label of a list: the variable before its first `=`.
pub(super) fn label_of(tokens: &[Token]) -> Option<String> {
    match tokens {
        [Token { kind: Kind::Variable(name), .. }, Token { kind: Kind::Relation(Relation::Equal), .. }, ..] => {
            Some(name.clone())
        }
        _ => None,
    }
}
