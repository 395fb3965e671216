//! Expressions of sets: `A \cap B`, `(A \cup B)^c`. Two are the same if every element is in both or in neither.

use super::slices::depth_after;
use super::token::{Bracket, Kind, Token};

/// Most sets of an expression: its table has one bit for each combination.
const MAX_SETS: usize = 6;

/// For each combination of the named sets, whether an element in exactly those is in the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sets {
    pub(super) names: Vec<String>,
    pub(super) table: u64,
    text: String,
}

impl Sets {
    /// The expression as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// An expression of sets, if tokens are one with at least one operation.
pub(super) fn read(tokens: &[Token]) -> Option<Sets> {
    let operation = |token: &Token| matches!(token.kind, Kind::Union | Kind::Intersection | Kind::SetMinus);
    if !tokens.iter().any(operation) {
        return None;
    }
    let mut names = Vec::new();
    for token in tokens {
        match &token.kind {
            Kind::Variable(name) if name == "c" || name == "C" => {}
            Kind::Variable(name) => {
                if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
                    return None;
                }
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            _ => {}
        }
    }
    names.sort();
    if names.len() > MAX_SETS {
        return None;
    }
    let table = truth_table(tokens, &names, 0)?;
    let text = tokens.iter().map(|token| source_text(&token.kind)).collect();
    Some(Sets { names, table, text })
}

fn source_text(kind: &Kind) -> &str {
    match kind {
        Kind::Variable(name) => name,
        Kind::Union => " ∪ ",
        Kind::Intersection => " ∩ ",
        Kind::SetMinus => " ∖ ",
        Kind::Open(Bracket::Round) => "(",
        Kind::Close(Bracket::Round) => ")",
        Kind::Prime => "′",
        Kind::Power => "^",
        _ => "",
    }
}

/// The table of an expression. Without brackets, different operations have no common order, so they are not read.
fn truth_table(tokens: &[Token], names: &[String], level: usize) -> Option<u64> {
    if level > 20 {
        return None;
    }
    let mut depth = 0;
    let mut operators = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        depth = depth_after(depth, &token.kind);
        if depth == 0 && matches!(token.kind, Kind::Union | Kind::Intersection | Kind::SetMinus) {
            operators.push((index, &token.kind));
        }
    }
    let Some((_, first)) = operators.first() else { return operand_table(tokens, names, level) };
    let mixed = operators.iter().any(|(_, kind)| kind != first);
    if mixed || (**first == Kind::SetMinus && operators.len() > 1) {
        return None;
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for (index, _) in &operators {
        parts.push(truth_table(tokens.get(start..*index)?, names, level + 1)?);
        start = index + 1;
    }
    parts.push(truth_table(tokens.get(start..)?, names, level + 1)?);
    parts.into_iter().reduce(|left, right| match first {
        Kind::Union => left | right,
        Kind::Intersection => left & right,
        _ => left & !right,
    })
}

/// One set, a bracket, or the complement of one: `A'`, `A^c`.
fn operand_table(tokens: &[Token], names: &[String], level: usize) -> Option<u64> {
    match tokens {
        [rest @ .., Token { kind: Kind::Prime, .. }] => Some(universe(names) & !truth_table(rest, names, level + 1)?),
        [rest @ .., Token { kind: Kind::Power, .. }, Token { kind: Kind::Variable(mark), .. }]
            if is_complement_mark(mark) =>
        {
            Some(universe(names) & !truth_table(rest, names, level + 1)?)
        }
        [rest @ .., power, open, Token { kind: Kind::Variable(mark), .. }, close]
            if power.kind == Kind::Power
                && open.kind == Kind::Open(Bracket::Group)
                && close.kind == Kind::Close(Bracket::Group)
                && is_complement_mark(mark) =>
        {
            Some(universe(names) & !truth_table(rest, names, level + 1)?)
        }
        [open, inner @ .., close]
            if open.kind == Kind::Open(Bracket::Round) && close.kind == Kind::Close(Bracket::Round) =>
        {
            truth_table(inner, names, level + 1)
        }
        [Token { kind: Kind::Variable(name), .. }] => {
            let index = names.iter().position(|known| known == name)?;
            let rows = 1_u32 << names.len();
            Some((0..rows).filter(|row| row >> index & 1 == 1).fold(0, |table, row| table | 1_u64 << row))
        }
        _ => None,
    }
}

fn is_complement_mark(name: &str) -> bool {
    matches!(name, "c" | "C")
}

fn universe(names: &[String]) -> u64 {
    let rows = 1_u32 << names.len();
    1_u64.checked_shl(rows).map_or(u64::MAX, |bits| bits - 1)
}
