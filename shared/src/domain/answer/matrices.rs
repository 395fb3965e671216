//! Rows and cells of a matrix: `\begin{pmatrix}1&2\\3&4\end{pmatrix}`, `[[1,2],[3,4]]`, `[1 2; 3 4]`.

use super::slices::{bracketed, depth_after, inside, parts};
use super::token::{Bracket, Kind, Token};

/// The cells of a matrix, row by row. `None` where tokens are no matrix.
pub(super) fn rows(tokens: &[Token]) -> Option<Vec<Vec<&[Token]>>> {
    let rows = environment(tokens).or_else(|| nested(tokens)).or_else(|| spaced(tokens))?;
    let width = rows.first()?.len();
    let full = rows.iter().all(|row| row.len() == width && row.iter().all(|cell| !cell.is_empty()));
    full.then_some(rows)
}

fn environment(tokens: &[Token]) -> Option<Vec<Vec<&[Token]>>> {
    if let Some(inner) = inside(tokens, Bracket::Matrix) {
        let inner = match inner {
            [rest @ .., Token { kind: Kind::Row, .. }] => rest,
            all => all,
        };
        return Some(parts(inner, &[Kind::Row]).into_iter().map(|row| parts(row, &[Kind::Cell])).collect());
    }
    let (_, inner) = bracketed(tokens)?;
    environment(inner)
}

/// `[[1, 2], [3, 4]]`
fn nested(tokens: &[Token]) -> Option<Vec<Vec<&[Token]>>> {
    let inner = inside(tokens, Bracket::Square)?;
    let rows = parts(inner, &[Kind::Comma]).into_iter().map(|row| {
        let row = inside(row, Bracket::Square)?;
        Some(parts(row, &[Kind::Comma]))
    });
    rows.collect()
}

/// `[1 2; 3 4]`: cells with spaces between them. A cell is a number, a fraction or a letter.
fn spaced(tokens: &[Token]) -> Option<Vec<Vec<&[Token]>>> {
    let inner = inside(tokens, Bracket::Square)?;
    let rows: Option<Vec<Vec<&[Token]>>> = parts(inner, &[Kind::Comma]).into_iter().map(cells).collect();
    rows.filter(|rows| rows.iter().all(|row| row.len() > 1))
}

fn cells(row: &[Token]) -> Option<Vec<&[Token]>> {
    let mut cells = Vec::new();
    let mut start = 0;
    let mut depth = 0;
    for (index, token) in row.iter().enumerate() {
        if index > start && token.spaced && depth == 0 {
            cells.push(row.get(start..index)?);
            start = index;
        }
        depth = depth_after(depth, &token.kind);
    }
    cells.push(row.get(start..)?);
    let value = |kind: &Kind| matches!(kind, Kind::Number(_) | Kind::Variable(_) | Kind::Constant(_));
    let simple = |cell: &&[Token]| match cell {
        [one] => value(&one.kind),
        [sign, one] => sign.kind == Kind::Minus && value(&one.kind),
        [above, slash, below] => value(&above.kind) && slash.kind == Kind::Divide && value(&below.kind),
        _ => false,
    };
    cells.iter().all(simple).then_some(cells)
}
