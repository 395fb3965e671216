//! Groups of mhchem's grammar, within braces, brackets or dollars.

use super::characters::count;
use super::patterns::Match;

/// Braces that do not match.
pub(super) struct Unbalanced;

pub(super) type Found<'a> = Result<Option<Match<'a>>, Unbalanced>;

/// Where a group begins or ends.
#[derive(Clone, Copy)]
pub(super) enum Edge {
    Text(&'static str),
    /// A command and its opening brace.
    Command,
    /// `(aq` before `,` or `)`.
    State,
    /// Nothing, before an opening brace.
    Brace,
}

impl Edge {
    pub(super) fn length(self, input: &str) -> Option<usize> {
        match self {
            Self::Text(text) => input.starts_with(text).then_some(text.len()),
            Self::Command => {
                let letters = count(input.strip_prefix('\\')?, |letter| letter.is_ascii_alphabetic());
                (letters > 0 && input[1 + letters..].starts_with('{')).then_some(letters + 2)
            }
            Self::State => {
                let letters = count(input.strip_prefix('(')?, |letter| letter.is_ascii_lowercase());
                ((1..=3).contains(&letters) && input[1 + letters..].starts_with([')', ','])).then_some(letters + 1)
            }
            Self::Brace => input.starts_with('{').then_some(0),
        }
    }
}

/// A group: what begins it and is left out, what begins it and belongs to it, what ends it and belongs to it or not.
pub(super) fn group(input: &str, begin: Edge, first: Edge, included: Option<Edge>, excluded: Edge) -> Found<'_> {
    let Some(skipped) = begin.length(input) else { return Ok(None) };
    let input = &input[skipped..];
    let Some(start) = first.length(input) else { return Ok(None) };
    let mut braces = 0_usize;
    for (at, character) in input.char_indices().filter(|(at, _)| *at >= start) {
        if braces == 0
            && let Some(length) = included.unwrap_or(excluded).length(&input[at..])
        {
            let end = if included.is_some() { at + length } else { at };
            return Ok(Some(Match { groups: vec![input[..end].to_owned()], rest: &input[at + length..] }));
        }
        match character {
            '{' => braces += 1,
            '}' => braces = braces.checked_sub(1).ok_or(Unbalanced)?,
            _ => {}
        }
    }
    Ok(None)
}

pub(super) type Edges = (Edge, Edge, Option<Edge>, Edge);

/// Two groups after each other.
pub(super) fn pair(input: &str, one: Edges, two: Edges, joined: bool) -> Found<'_> {
    let Some(first) = group(input, one.0, one.1, one.2, one.3)? else { return Ok(None) };
    let Some(second) = group(first.rest, two.0, two.1, two.2, two.3)? else { return Ok(None) };
    let groups = [first.groups, second.groups].concat();
    Ok(Some(Match { groups: if joined { vec![groups.concat()] } else { groups }, rest: second.rest }))
}
