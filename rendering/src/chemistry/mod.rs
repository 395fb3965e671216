//! Chemistry: `\ce` and `\pu` as mhchem reads them, turned into LaTeX for the engine.
//!
//! A port of mhchem 3.3.0 as `KaTeX` ships it (`contrib/mhchem`, MIT License, adapted from `MathJax` under the Apache
//! License 2.0): Copyright (c) 2011-2015 The `MathJax` Consortium, Copyright (c) 2015-2018 Martin Hensel. The grammar is a
//! set of state machines, whose tables are kept as they are, so that every formula is read as its authors' tools read it.

mod actions;
mod characters;
mod groups;
mod machines;
mod patterns;

use katex::types::ParseError;

use crate::definitions::{error, spend};

/// The longest formula, in bytes. The patterns look for the end of a group at each place.
const MAX_LENGTH: usize = 2_000;

/// The most machines within each other.
const MAX_DEPTH: usize = 60;

/// A piece of output.
#[derive(Debug, Clone, Default)]
struct Piece {
    latex: String,
    /// `&`, `\\` or `\hline`, which no braces may surround.
    escapes: bool,
}

impl Piece {
    fn new(latex: impl Into<String>) -> Self {
        Self { latex: latex.into(), escapes: false }
    }
}

/// The LaTeX of `\ce{source}`.
pub(crate) fn formula(source: &str) -> Result<String, ParseError> {
    written(source, "ce")
}

/// The LaTeX of `\pu{source}`.
pub(crate) fn quantity(source: &str) -> Result<String, ParseError> {
    written(source, "pu")
}

fn written(source: &str, machine: &str) -> Result<String, ParseError> {
    if source.len() > MAX_LENGTH {
        return Err(error("\\ce or \\pu is longer than 2,000 bytes"));
    }
    let pieces = run(source, machine, 0)?;
    let latex = joined(&pieces);
    let latex =
        if latex.is_empty() || pieces.iter().any(|piece| piece.escapes) { latex } else { format!("{{{latex}}}") };
    Ok(latex)
}

fn joined(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.latex.as_str()).collect()
}

/// Runs a machine over the input.
fn run(source: &str, name: &str, depth: usize) -> Result<Vec<Piece>, ParseError> {
    if source.is_empty() {
        return Ok(Vec::new());
    }
    if depth > MAX_DEPTH {
        return Err(error("\\ce nests too deeply"));
    }
    let source: String = source
        .chars()
        .map(|character| match character {
            '\n' => ' ',
            '\u{2212}' | '\u{2013}' | '\u{2014}' | '\u{2010}' => '-',
            other => other,
        })
        .collect();
    let source = source.replace('\u{2026}', "...");
    let mut input = source.as_str();
    let mut reader = actions::Reader::new(name, depth);
    let mut state = "0";
    let mut output = Vec::new();
    let mut idle = 0;
    loop {
        spend(1, 0)?;
        let left = input.len();
        let current = state;
        'rows: for (patterns, states, actions, next, flags) in machines::machine(name) {
            if !states.split('|').any(|one| one == current || one == "*") {
                continue;
            }
            for pattern in patterns.split('|') {
                let found = patterns::find(pattern, input).map_err(|_| error("\\ce has a brace too many"))?;
                let Some(found) = found else { continue };
                for (action, option) in *actions {
                    reader.act(action, option, &found.groups, &mut output)?;
                }
                if !next.is_empty() {
                    state = next;
                }
                if input.is_empty() {
                    return Ok(output);
                }
                if !flags.contains("again") {
                    input = found.rest;
                }
                if !flags.contains("on") {
                    break 'rows;
                }
            }
        }
        idle = if input.len() == left { idle + 1 } else { 0 };
        if idle > 10 {
            return Err(error("\\ce cannot be read"));
        }
    }
}
