//! The cells of one sheet.

use roxmltree::Node;

use super::{Workbook, display, drawings, is_true, relations, rich_text, unescaped};
use crate::{
    FormatError,
    package::Package,
    table::{COLUMNS_MAX, Cell, ROWS_MAX, Row, Value},
    xml::{self, attribute, child, children, descendants, elements, name},
};

const MERGES_MAX: usize = 20_000;
const FILLED_MAX: usize = 1_000_000;

/// The rows of a sheet that have cells.
pub(super) struct Content {
    pub(super) rows: Vec<Row>,
    pub(super) hidden_columns: Vec<usize>,
    /// With the row, if it is about one.
    pub(super) warnings: Vec<(Option<u32>, String)>,
}

pub(super) fn read(package: &Package, path: &str, workbook: &Workbook) -> Result<Content, FormatError> {
    let bytes = package.get(path).ok_or_else(|| FormatError(format!("{path} is missing.")))?;
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    let root = document.root_element();
    let mut content = Content { rows: Vec::new(), hidden_columns: Vec::new(), warnings: Vec::new() };
    if let Some(columns) = child(root, "cols") {
        for column in children(columns, "col").filter(|column| attribute(*column, "hidden").is_some_and(is_true)) {
            let bound =
                |wanted: &str| attribute(column, wanted).and_then(|value| value.parse::<usize>().ok()).unwrap_or(0);
            content
                .hidden_columns
                .extend((bound("min").max(1)..=bound("max").min(COLUMNS_MAX)).map(|number| number - 1));
        }
    }
    if let Some(data) = child(root, "sheetData") {
        read_rows(data, workbook, &mut content)?;
    }
    fill_merged(root, &mut content);
    let relations = relations(package, path);
    for relation in relations.values() {
        let Some(target) = &relation.target else { continue };
        match relation.kind.as_str() {
            "drawing" => {
                let found = drawings::read(package, target);
                content.warnings.extend(found.warnings.into_iter().map(|text| (None, text)));
                for drawing in found.list {
                    place(drawing, &mut content);
                }
            }
            "comments" | "threadedComment" => {
                content.warnings.push((None, "Comments on cells were not read.".to_owned()));
            }
            _ => {}
        }
    }
    for object in descendants(root, "oleObject") {
        let program = attribute(object, "progId").unwrap_or("an unknown program");
        let text =
            format!("An embedded object of {program} was not read. Replace an old equation by a picture or by LaTeX.");
        if !content.warnings.iter().any(|(_, known)| *known == text) {
            content.warnings.push((None, text));
        }
    }
    content.warnings.dedup();
    Ok(content)
}

fn read_rows(data: Node, workbook: &Workbook, content: &mut Content) -> Result<(), FormatError> {
    let mut last = 0_u32;
    let mut is_cut = false;
    for row in children(data, "row") {
        let number = attribute(row, "r").and_then(|number| number.parse().ok()).unwrap_or(last.saturating_add(1));
        if number <= last {
            return Err(FormatError(format!("row {number} stands after row {last}.")));
        }
        last = number;
        let mut cells: Vec<Cell> = Vec::new();
        for cell in children(row, "c") {
            let column = attribute(cell, "r").and_then(position).map_or(cells.len(), |(column, _)| column);
            if column >= COLUMNS_MAX {
                is_cut = true;
                continue;
            }
            if cells.len() <= column {
                cells.resize_with(column + 1, Cell::default);
            }
            cells[column] = read_cell(cell, workbook);
        }
        if cells.is_empty() {
            continue;
        }
        if content.rows.len() >= ROWS_MAX {
            return Err(FormatError(format!("the sheet has more than {ROWS_MAX} rows.")));
        }
        let is_hidden = attribute(row, "hidden").is_some_and(is_true);
        content.rows.push(Row { number, cells, is_hidden, ..Row::default() });
    }
    if is_cut {
        content.warnings.push((None, format!("Columns after the {COLUMNS_MAX}th were not read.")));
    }
    Ok(())
}

fn read_cell(cell: Node, workbook: &Workbook) -> Cell {
    let value = child(cell, "v").map(xml::text);
    let kind = attribute(cell, "t").unwrap_or("n");
    let fault = |why: &str| Cell { value: Value::Fault(why.to_owned()), ..Cell::default() };
    if attribute(cell, "vm").is_some() && kind == "e" {
        return fault("a picture within the cell, which is not read; place the picture over the cells");
    }
    let raw = value.as_deref().unwrap_or_default();
    match kind {
        "inlineStr" => child(cell, "is").map_or_else(Cell::default, |text| Cell::text(rich_text(text))),
        "s" => {
            let text = raw.trim().parse::<usize>().ok().and_then(|index| workbook.strings.get(index));
            text.map_or_else(|| fault("a text that is missing in the file"), Cell::text)
        }
        "str" => Cell::text(unescaped(raw)),
        "b" => {
            let is_true = is_true(raw.trim());
            Cell {
                text: if is_true { "TRUE" } else { "FALSE" }.to_owned(),
                value: Value::Bool(is_true),
                ..Cell::default()
            }
        }
        "e" => fault(&format!("the error {} of a formula", raw.chars().take(20).collect::<String>())),
        "d" => Cell {
            text: raw.to_owned(),
            value: Value::Date(format!("the date {}", raw.chars().take(30).collect::<String>())),
            ..Cell::default()
        },
        _ if raw.trim().is_empty() => {
            if child(cell, "f").is_some() {
                fault("a formula without a stored value; open the file in a spreadsheet program and save it")
            } else {
                Cell::default()
            }
        }
        _ => {
            let style = attribute(cell, "s").and_then(|style| style.parse::<usize>().ok()).unwrap_or(0);
            let code = workbook.formats.get(style).map_or("General", String::as_str);
            display::cell(raw, code, workbook.has_1904_dates)
        }
    }
}

/// Reads `B3` as column 1 and row 3.
fn position(reference: &str) -> Option<(usize, u32)> {
    let reference = reference.trim_start_matches('$');
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 0 || letters > 3 {
        return None;
    }
    let column = reference
        .bytes()
        .take(letters)
        .fold(0, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    Some((column - 1, reference[letters..].trim_start_matches('$').parse().ok()?))
}

/// Writes the value of merged cells into each row that they cover. To the right they stay one cell.
fn fill_merged(root: Node, content: &mut Content) {
    let Some(list) = child(root, "mergeCells") else { return };
    let mut filled = 0;
    for merge in children(list, "mergeCell").take(MERGES_MAX) {
        let Some((from, to)) = attribute(merge, "ref").and_then(|area| area.split_once(':')) else { continue };
        let (Some((column, top)), Some((_, bottom))) = (position(from), position(to)) else { continue };
        let start = content.rows.partition_point(|row| row.number < top);
        let end = content.rows.partition_point(|row| row.number <= bottom);
        if end <= start + 1 || content.rows[start].number != top {
            continue;
        }
        let Some(cell) = content.rows[start].cells.get(column).filter(|cell| !cell.text.is_empty()).cloned() else {
            continue;
        };
        for row in &mut content.rows[start + 1..end] {
            filled += 1;
            if filled > FILLED_MAX {
                return;
            }
            // A row without other cells is empty, and stays it.
            if row.cells.iter().all(|cell| cell.text.is_empty()) {
                continue;
            }
            if row.cells.len() <= column {
                row.cells.resize_with(column + 1, Cell::default);
            }
            if row.cells[column].text.is_empty() {
                row.cells[column] = cell.clone();
            }
        }
    }
}

/// Gives a drawing to the row over which it begins or, if that has no cells, to the first that it covers.
fn place(drawing: drawings::Drawing, content: &mut Content) {
    let first = content.rows.partition_point(|row| row.number < drawing.top);
    let has_cells = |row: &&mut Row| row.cells.iter().any(|cell| !cell.text.trim().is_empty());
    let covered = content.rows[first..].iter_mut().take_while(|row| row.number <= drawing.bottom).find(has_cells);
    if let Some(row) = covered {
        row.drawings.push((drawing.column, drawing.cell));
    } else {
        let text = format!("{} stands beside no question; it was left out.", drawing.name);
        content.warnings.push((Some(drawing.top), text));
    }
}

/// The name of a cell, such as `B3`.
pub(super) fn cell_name(column: usize, row: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + u8::try_from(rest % 26).unwrap_or(0));
        rest /= 26;
    }
    letters.reverse();
    format!("{}{row}", String::from_utf8_lossy(&letters))
}

/// Whether a node or one in it has this name.
pub(super) fn holds(node: Node, wanted: &str) -> bool {
    elements(node).any(|inner| name(inner) == wanted || holds(inner, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_names() {
        for (text, at) in [("A1", (0, 1)), ("B3", (1, 3)), ("Z10", (25, 10)), ("AA2", (26, 2)), ("$XFD$5", (16_383, 5))]
        {
            assert_eq!(position(text), Some(at));
            assert_eq!(cell_name(at.0, at.1), text.replace('$', ""));
        }
        for text in ["", "1", "A", "ABCD1", "A-1"] {
            assert_eq!(position(text), None, "{text}");
        }
    }
}
