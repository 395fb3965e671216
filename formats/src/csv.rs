//! CSV and TSV: one question a row, with a header in plain words.
//!
//! The rows are split here and not by the crate `csv`: that one reads on without a word when a quote is missing, so that the
//! next questions end up in one cell. Here such a row is refused with its line, and the next line is read again.

use crate::{
    Bank, FormatError, Remark,
    decode::decode,
    package::Package,
    table::{COLUMNS_MAX, Cell, ROWS_MAX, Row, Sign, Table, known, name_of_all, names_question},
};

/// The largest row, in bytes. A quote that is not closed within it is none.
const ROW_BYTES_MAX: usize = 1 << 20;
const BROKEN_ROWS_MAX: usize = 1000;
/// Rows in which the separator is looked for.
const SAMPLE_ROWS: usize = 60;
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Reads a table of questions whose cells are separated by commas, semicolons, tabs or bars.
///
/// # Errors
/// The file is no text, has no header, or lacks a required column.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if Package::is_zip(bytes) {
        return Err(FormatError("The file is a zip or a workbook, not CSV.".to_owned()));
    }
    let decoded = decode(bytes)?;
    let mut bank = Bank::default();
    let (named, start) = separator_line(&decoded.text);
    let separator = named.unwrap_or_else(|| separator_of(&decoded.text[start..]));
    let first_line = if start > 0 { 2 } else { 1 };
    let split = split(&decoded.text[start..], separator, first_line)?;
    let table = Table {
        file: file_name,
        sheet: None,
        rows: split.rows,
        sign: if separator == ';' { Sign::Comma } else { Sign::Point },
        hidden_columns: Vec::new(),
        find: &|_| None,
    };
    if let Some(text) = decoded.warning {
        bank.warnings.push(Remark { place: table.place(None, None), text });
    }
    let remark = |(line, text): (u32, String)| Remark { place: table.place(Some(line), None), text };
    bank.refused.extend(split.broken.into_iter().map(remark));
    bank.warnings.extend(split.warnings.into_iter().map(remark));
    table.read(&mut bank).map_err(|why| FormatError(format!("This is no table of questions: {why}.")))?;
    Ok(bank)
}

/// Whether a text begins with the header of a table of questions, or says its separator.
pub(crate) fn has_header(text: &str) -> bool {
    let (named, start) = separator_line(text);
    let text = &text[start..];
    let mut scanner = Scanner { text, at: 0, line: 1, separator: separator_of(text) };
    let mut records = std::iter::from_fn(|| scanner.next()).take(SAMPLE_ROWS);
    named.is_some()
        || records.any(|record| record.is_ok_and(|record| record.cells.len() > 1 && names_question(&record.cells)))
}

/// A table with all columns and two questions, as an example to fill in.
#[must_use]
pub fn template() -> String {
    let choice = [
        ("id", "m-1"),
        ("category", "Vectors"),
        ("topic", "Length"),
        ("techniques", "Pythagoras; square roots"),
        ("difficulty", "2"),
        ("minutes", "3"),
        ("exam", "2024 spring midterm"),
        ("number", "1"),
        ("question", "How long is the vector $(3, 4)$?"),
        ("A", "5"),
        ("B", "7"),
        ("C", "25"),
        ("D", "None of these"),
        ("answer", "A"),
        ("points", "1"),
        ("solution", "$\\sqrt{3^2 + 4^2} = 5$"),
    ];
    let free = [
        ("id", "m-2"),
        ("title", "Free fall"),
        ("category", "Mechanics"),
        ("topic", "Motion"),
        ("tags", "gravity"),
        ("difficulty", "3"),
        ("minutes", "5"),
        ("exam", "2024 spring midterm"),
        ("number", "2"),
        ("question", "A stone falls for 2 s, with $g = 9.81$ m/s^{2}.\nHow far does it fall?"),
        ("answer", "19.62"),
        ("also accepted", "19.6..19.7\n%50%20"),
        ("tolerance", "1%"),
        ("unit", "m"),
        ("points", "2.5"),
        ("bonus", "no"),
        ("hint", "Use $s = g t^2 / 2$."),
        ("solution", "$s = 9.81 \\cdot 2^2 / 2 = 19.62$"),
    ];
    let names = name_of_all();
    let row = |values: &[(&str, &str)]| {
        let cells =
            names.iter().map(|name| values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value));
        cells.map(quoted).collect::<Vec<String>>().join(",")
    };
    format!("{}\n{}\n{}\n", names.join(","), row(&choice), row(&free))
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', ';', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// Reads `sep=;`, which Excel writes as the first line. Returns the separator, and where the table begins.
fn separator_line(text: &str) -> (Option<char>, usize) {
    let end = text.find('\n').unwrap_or(text.len());
    let line = text[..end].trim_matches('"');
    let Some(rest) = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &line[4..]) else {
        return (None, 0);
    };
    let start = (end + 1).min(text.len());
    match rest.chars().next() {
        Some(separator) if SEPARATORS.contains(&separator) || separator == ':' || separator == '^' => {
            (Some(separator), start)
        }
        Some('\\') => (Some('\t'), start),
        _ => (None, start),
    }
}

/// The separator with which a row has the most columns that we know.
fn separator_of(text: &str) -> char {
    let score = |separator: char| {
        let mut scanner = Scanner { text, at: 0, line: 1, separator };
        let mut best = (false, 0, 0);
        for _ in 0..SAMPLE_ROWS {
            let Some(Ok(record)) = scanner.next() else { break };
            if record.cells.len() > COLUMNS_MAX {
                continue;
            }
            best = best.max((names_question(&record.cells), known(&record.cells), record.cells.len()));
        }
        best
    };
    // The first of equals is the comma.
    let mut best = (SEPARATORS[0], score(SEPARATORS[0]));
    for separator in &SEPARATORS[1..] {
        let score = score(*separator);
        if score > best.1 {
            best = (*separator, score);
        }
    }
    best.0
}

#[derive(Default)]
struct Split {
    rows: Vec<Row>,
    /// Lines that were refused, with the reason.
    broken: Vec<(u32, String)>,
    warnings: Vec<(u32, String)>,
}

fn split(text: &str, separator: char, first_line: u32) -> Result<Split, FormatError> {
    let mut split = Split::default();
    for record in (Scanner { text, at: 0, line: first_line, separator }) {
        let record = match record {
            Ok(record) => record,
            Err(line) => {
                let text = "A quote is opened in this line and not closed before a separator. The line was left out.";
                split.broken.push((line, text.to_owned()));
                if split.broken.len() > BROKEN_ROWS_MAX {
                    return Err(FormatError(format!(
                        "More than {BROKEN_ROWS_MAX} lines have quotes that are not closed."
                    )));
                }
                continue;
            }
        };
        if record.cells.len() > COLUMNS_MAX {
            return Err(FormatError(format!("Line {} has more than {COLUMNS_MAX} columns.", record.line)));
        }
        if split.rows.len() >= ROWS_MAX {
            return Err(FormatError(format!("The table has more than {ROWS_MAX} rows.")));
        }
        if record.has_stray_quotes {
            split
                .warnings
                .push((record.line, "A cell has text after its closing quote; it was kept as written.".to_owned()));
        }
        let cells = record.cells.into_iter().map(|text| Cell::text(unguarded(&text))).collect();
        split.rows.push(Row { number: record.line, cells, ..Row::default() });
    }
    Ok(split)
}

/// Lines with a number or a message.
type Numbered<T> = Vec<(u32, T)>;

/// The rows of a text and the lines that were refused, for readers of other tables.
pub(crate) fn fields_of_lines(
    text: &str,
    separator: char,
    first_line: u32,
) -> Result<(Numbered<Vec<String>>, Numbered<String>), FormatError> {
    let split = split(text, separator, first_line)?;
    let texts = |row: Row| (row.number, row.cells.into_iter().map(|cell| cell.text).collect());
    Ok((split.rows.into_iter().map(texts).collect(), split.broken))
}

/// A cell without what keeps spreadsheets from reading it as a formula or number: `="007"` is `007`, `'=x` is `=x`.
fn unguarded(text: &str) -> String {
    let text = text.replace(crate::table::FIGURE, "");
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('"')
    {
        return inner.to_owned();
    }
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(['=', '+', '-', '@']) => rest.to_owned(),
        _ => text,
    }
}

/// A row of the file.
struct Record {
    line: u32,
    cells: Vec<String>,
    has_stray_quotes: bool,
}

/// Splits a text into rows. An error is the line of a row whose quotes are broken; the next line is read as a row.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    separator: char,
}

impl Iterator for Scanner<'_> {
    type Item = Result<Record, u32>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.text[self.at..].starts_with('\n') {
            self.at += 1;
            self.line += 1;
        }
        if self.at >= self.text.len() {
            return None;
        }
        let line = self.line;
        let start = self.at;
        let mut record = Record { line, cells: Vec::new(), has_stray_quotes: false };
        let mut at = start;
        loop {
            let Some((cell, next)) = self.cell(at, start, &mut record.has_stray_quotes) else {
                let end = self.text[start..].find('\n').map_or(self.text.len(), |length| start + length);
                self.at = end;
                return Some(Err(line));
            };
            record.cells.push(cell);
            at = next;
            if self.text[at..].starts_with(self.separator) {
                at += self.separator.len_utf8();
                continue;
            }
            break;
        }
        self.line += u32::try_from(self.text[start..at].matches('\n').count()).unwrap_or(u32::MAX);
        self.at = at;
        Some(Ok(record))
    }
}

impl Scanner<'_> {
    /// The cell at a position, and where it ends: at a separator, a line break or the end. `None` if its quote is not closed.
    fn cell(&self, at: usize, row: usize, has_stray_quotes: &mut bool) -> Option<(String, usize)> {
        let rest = &self.text[at..];
        let is_end = |c: char| c == self.separator || c == '\n';
        let blank = if self.separator == '\t' { 0 } else { rest.len() - rest.trim_start_matches(' ').len() };
        if !rest[blank..].starts_with('"') {
            let end = rest.find(is_end).unwrap_or(rest.len());
            return Some((rest[..end].trim().to_owned(), at + end));
        }
        let mut text = String::new();
        let mut from = at + blank + 1;
        let (end, is_plain) = loop {
            let length = self.text[from..].find('"').filter(|length| from + length - row <= ROW_BYTES_MAX)?;
            text.push_str(&self.text[from..from + length]);
            from += length + 1;
            if self.text[from..].starts_with('"') {
                text.push('"');
                from += 1;
                continue;
            }
            let after = &self.text[from..];
            let end = after.find(is_end).unwrap_or(after.len());
            break (from + end, after[..end].trim().is_empty());
        };
        if is_plain {
            return Some((text, end));
        }
        // A quote that closes within the line may be a part of the text. One that closes later was opened by mistake.
        if text.contains('\n') {
            return None;
        }
        *has_stray_quotes = true;
        Some((self.text[at..end].trim().to_owned(), end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, separator: char) -> Vec<(u32, Vec<String>)> {
        let split = split(text, separator, 1).unwrap();
        let texts = |row: Row| (row.number, row.cells.into_iter().map(|cell| cell.text).collect());
        split.rows.into_iter().map(texts).collect()
    }

    #[test]
    fn quotes_hold_separators_and_line_breaks() {
        let text = "a,\"b,\"\"c\"\"\nd\",e\n\n\"x\" ,5\" pipe,\n";
        let found = rows(text, ',');
        assert_eq!(found[0], (1, vec!["a".to_owned(), "b,\"c\"\nd".to_owned(), "e".to_owned()]));
        assert_eq!(found[1], (4, vec!["x".to_owned(), "5\" pipe".to_owned(), String::new()]));
    }

    #[test]
    fn a_missing_quote_costs_its_own_line_only() {
        let found = split("1;\"Solve x;2\n2;\"What?\";3\n3;\"open;4\n4;last;5", ';', 1).unwrap();
        assert_eq!(found.broken.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(found.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn text_after_a_quote_is_kept_as_written() {
        let found = split("\"Hello\" he said,b", ',', 1).unwrap();
        assert_eq!(found.rows[0].cells[0].text, "\"Hello\" he said");
        assert_eq!(found.warnings.len(), 1);
    }

    #[test]
    fn guards_against_formulas_are_removed() {
        for (cell, text) in [
            ("=\"007\"", "007"),
            ("'=2x+1", "=2x+1"),
            ("'-3", "-3"),
            ("=2x+1", "=2x+1"),
            ("'quoted'", "'quoted'"),
            ("''=x", "'=x"),
        ] {
            assert_eq!(unguarded(cell), text);
        }
    }

    #[test]
    fn the_separator_is_told_by_the_header() {
        for (text, separator) in [
            ("id;question;answer\n1;a, b, c;2", ';'),
            ("Title\n\nid,question,answer\n", ','),
            ("question\tanswer\tpoints\nWhat, where; who?\tx\t1", '\t'),
            ("question|answer\n", '|'),
        ] {
            assert_eq!(separator_of(text), separator, "{text}");
        }
    }
}
