//! Lists and tables that are written with marks at the beginnings of lines, as importers write them.

use super::{Block, Cell, Inline, Marks};

/// Gathers consecutive lines such as `- …`, `1. …` and `| … | … |` into lists and tables.
pub(super) fn gathered(blocks: &[Block]) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len());
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        if let Some((block, count)) = table(rest).or_else(|| list(rest)) {
            out.push(block);
            rest = &rest[count..];
        } else {
            out.push(first.clone());
            rest = &rest[1..];
        }
    }
    out
}

/// A list of at least two items. The numbers of an ordered one begin with 1 and have no holes.
fn list(blocks: &[Block]) -> Option<(Block, usize)> {
    let is_ordered = marked(blocks.first()?, 1)?.1;
    let mut items = Vec::new();
    for block in blocks {
        match marked(block, items.len() + 1) {
            Some((content, ordered)) if ordered == is_ordered => items.push(vec![Block::Paragraph(content)]),
            _ => break,
        }
    }
    let count = items.len();
    let marks = if is_ordered { Marks::Numbers } else { Marks::Bullets };
    (count >= 2).then_some((Block::List { marks, items }, count))
}

/// The content of a line after its mark, and whether the mark is the number `place`.
fn marked(block: &Block, place: usize) -> Option<(Vec<Inline>, bool)> {
    let Block::Paragraph(line) = block else { return None };
    let Some((Inline::Text(text), others)) = line.split_first() else { return None };
    let numbered = || {
        let digits = place.to_string();
        let rest = text.strip_prefix(digits.as_str())?;
        rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
    };
    let bulleted = ["- ", "* ", "• "].iter().find_map(|mark| text.strip_prefix(mark));
    let (rest, is_ordered) = match bulleted {
        Some(rest) => (rest, false),
        None => (numbered()?, true),
    };
    let content = std::iter::once(Inline::Text(rest.to_owned())).chain(others.iter().cloned());
    let content: Vec<Inline> =
        content.filter(|piece| !matches!(piece, Inline::Text(text) if text.is_empty())).collect();
    (!content.is_empty()).then_some((content, is_ordered))
}

/// A table whose second line is `|---|---|`.
fn table(blocks: &[Block]) -> Option<(Block, usize)> {
    let heading = cells(blocks.first()?)?;
    let is_rule = |cell: &Cell| matches!(cell.content.as_slice(), [Inline::Text(text)] if text.chars().all(|c| matches!(c, '-' | ':' | '–' | '—')));
    let rule = cells(blocks.get(1)?)?;
    if rule.len() != heading.len() || !rule.iter().all(is_rule) {
        return None;
    }
    let mut rows = vec![heading.into_iter().map(|cell| Cell { is_heading: true, ..cell }).collect::<Vec<_>>()];
    rows.extend(blocks[2..].iter().map_while(cells));
    let count = rows.len() + 1;
    // A table without headings has an empty first line.
    if rows[0].iter().all(|cell| cell.content.is_empty()) && rows.len() > 1 {
        rows.remove(0);
    }
    Some((Block::Table(rows), count))
}

/// The cells of a line such as `| a | $b$ |`.
fn cells(block: &Block) -> Option<Vec<Cell>> {
    let Block::Paragraph(line) = block else { return None };
    let begins = matches!(line.first(), Some(Inline::Text(text)) if text.starts_with('|'));
    let ends = matches!(line.last(), Some(Inline::Text(text)) if text.ends_with('|'));
    if !begins || !ends {
        return None;
    }
    let mut cells: Vec<Vec<Inline>> = vec![Vec::new()];
    for piece in line {
        let Inline::Text(text) = piece else {
            cells.last_mut()?.push(piece.clone());
            continue;
        };
        for (index, part) in text.split('|').enumerate() {
            if index > 0 {
                cells.push(Vec::new());
            }
            if !part.trim().is_empty() {
                cells.last_mut()?.push(Inline::Text(part.to_owned()));
            }
        }
    }
    // Nothing stands before the first bar and after the last.
    let inner = cells.get(1..cells.len().checked_sub(1)?)?;
    if inner.is_empty() {
        return None;
    }
    Some(
        inner.iter().map(|content| Cell { content: trimmed(content.clone()), columns: 1, is_heading: false }).collect(),
    )
}

/// Without space at both ends.
pub(super) fn trimmed(mut line: Vec<Inline>) -> Vec<Inline> {
    if let Some(Inline::Text(text)) = line.first_mut() {
        *text = text.trim_start_matches([' ', '\t']).to_owned();
    }
    if let Some(Inline::Text(text)) = line.last_mut() {
        *text = text.trim_end_matches([' ', '\t']).to_owned();
    }
    line.retain(|piece| !matches!(piece, Inline::Text(text) if text.is_empty()));
    line
}
