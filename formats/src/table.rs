//! Questions in tables: one a row, with a header that says what each column holds. Shared by CSV and XLSX.

mod answers;
mod columns;
mod fields;
mod numbers;
mod rows;

use crate::{Bank, Decimal, Figure, Place, Remark, exam_title, rich::FindFile};

use answers::short;
use columns::name_of;
use columns::{Column, Columns};
pub(crate) use columns::{known, name_of_all, names_question};
pub(crate) use numbers::Sign;

/// The form of an answer that is a number with a decimal point, or else a text.
pub(crate) fn form(text: &str) -> crate::Form {
    numbers::form(text, Sign::Point, None, false)
}

/// Stands in a cell's text at the place of a figure.
pub(crate) const FIGURE: char = '\u{fffc}';
/// How many rows may stand above the header.
const TITLE_ROWS_MAX: usize = 50;
/// The largest number of rows of a table, with the empty ones that are stored.
pub(crate) const ROWS_MAX: usize = 200_000;
pub(crate) const COLUMNS_MAX: usize = 512;
const CELL_CHARS_MAX: usize = 100_000;

/// A cell as it is shown, and what is known about its value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) value: Value,
    /// A [`FIGURE`] stands for each in the text.
    pub(crate) figures: Vec<Figure>,
    /// What the operator must know if the cell is read.
    pub(crate) notes: Vec<String>,
}

/// The value behind the text of a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Value {
    #[default]
    Text,
    Number {
        value: Decimal,
        unit: Option<String>,
        is_percent: bool,
    },
    Bool(bool),
    /// A date, and why it may be none.
    Date(String),
    /// No value, with the reason.
    Fault(String),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.figures.is_empty() && !matches!(self.value, Value::Fault(_))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// As the file numbers it, from 1.
    pub(crate) number: u32,
    pub(crate) cells: Vec<Cell>,
    pub(crate) is_hidden: bool,
    /// What lies over the row, with the column where it begins.
    pub(crate) drawings: Vec<(usize, Cell)>,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.cells.iter().all(Cell::is_empty)
    }

    fn texts(&self) -> Vec<String> {
        self.cells.iter().map(|cell| cell.text.clone()).collect()
    }
}

/// A table of questions, and where it stands.
pub(crate) struct Table<'a> {
    pub(crate) file: &'a str,
    pub(crate) sheet: Option<&'a str>,
    pub(crate) rows: Vec<Row>,
    /// The decimal sign of a column whose values show none.
    pub(crate) sign: Sign,
    /// Numbers of hidden columns, from 0.
    pub(crate) hidden_columns: Vec<usize>,
    pub(crate) find: &'a FindFile<'a>,
}

impl Table<'_> {
    pub(crate) fn place(&self, line: Option<u32>, id: Option<&str>) -> Place {
        Place { file: self.file.to_owned(), sheet: self.sheet.map(str::to_owned), line, id: id.map(str::to_owned) }
    }

    fn remark(&self, row: u32, id: Option<&str>, text: impl Into<String>) -> Remark {
        Remark { place: self.place(Some(row), id), text: text.into() }
    }

    /// The row of the header: the first that names the question's column and another; else the first that names two columns.
    fn header(&self) -> Option<usize> {
        let rows = || self.rows.iter().enumerate().filter(|(_, row)| !row.is_empty()).take(TITLE_ROWS_MAX);
        let names = |row: &Row, question: bool| {
            let texts = row.texts();
            known(&texts) >= 2 && (!question || names_question(&texts))
        };
        rows().find(|(_, row)| names(row, true)).or_else(|| rows().find(|(_, row)| names(row, false))).map(|(at, _)| at)
    }

    /// Reads all rows into the bank.
    ///
    /// # Errors
    /// Says why the table is none of questions: no header, or required columns that are missing.
    pub(crate) fn read(mut self, bank: &mut Bank) -> Result<(), String> {
        let at = self.header().ok_or_else(|| {
            "no row names the columns; a header needs at least \"question\" and \"answer\"".to_owned()
        })?;
        let mut data = self.rows.split_off(at + 1);
        let header = &self.rows[at];
        let headers = header.texts();
        let names_exams = |column: usize| {
            let mut values =
                data.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !cell.is_empty()).peekable();
            values.peek().is_some() && values.all(|cell| exam_title::kind(&cell.text.trim().to_lowercase()).is_some())
        };
        let columns = Columns::read(&headers, names_exams)?;
        for text in &columns.warnings {
            bank.warnings.push(self.remark(header.number, None, text));
        }
        if !columns.extra.is_empty() {
            let list: Vec<String> = columns.extra.iter().map(|name| format!("\"{}\"", short(name))).collect();
            let text = format!("Unknown columns are kept as extra information: {}.", list.join(", "));
            bank.warnings.push(self.remark(header.number, None, text));
        }
        for column in &self.hidden_columns {
            if let Some(header) = headers.get(*column).filter(|header| !header.trim().is_empty()) {
                let text = format!("The column \"{}\" is hidden; it was read.", short(header));
                bank.warnings.push(self.remark(self.rows[at].number, None, text));
            }
        }
        for row in self.rows[..at].iter().filter(|row| !row.is_empty()) {
            let title = row.cells.iter().find(|cell| !cell.is_empty()).map_or("", |cell| &cell.text);
            bank.skipped.push(self.remark(row.number, None, format!("A row above the header: \"{}\".", short(title))));
        }
        let signs = fields::Signs::of(&columns, &data, self.sign, |text| {
            bank.warnings.push(self.remark(header.number, None, text));
        });
        for row in &mut data {
            columns.place_drawings(row);
        }
        for row in self.rows.iter().filter(|row| !row.drawings.is_empty()) {
            let text = "A text box or picture lies over no question; it was left out.";
            bank.skipped.push(self.remark(row.number, None, text));
        }
        rows::Rows { table: &self, columns: &columns, signs, headers: &headers }.read(&data, bank);
        Ok(())
    }
}

impl Columns {
    /// Adds what lies over a row to the cell below it, if that is a text of the question, and else to the question's text.
    fn place_drawings(&self, row: &mut Row) {
        for (column, drawing) in std::mem::take(&mut row.drawings) {
            let below = self.list.get(column).and_then(Option::as_ref);
            let is_text = matches!(
                below,
                Some(
                    Column::Question
                        | Column::Option(_)
                        | Column::WrongOption
                        | Column::Answer
                        | Column::Hint
                        | Column::Solution
                )
            );
            let target = if is_text { Some(column) } else { self.places(&Column::Question).next() };
            let Some(target) = target else { continue };
            if row.cells.len() <= target {
                row.cells.resize_with(target + 1, Cell::default);
            }
            let name = self.list[target].as_ref().map_or_else(String::new, name_of);
            let cell = &mut row.cells[target];
            if cell.text.trim().is_empty() {
                cell.text = drawing.text;
            } else {
                cell.text.extend(["\n", drawing.text.as_str()]);
            }
            cell.figures.extend(drawing.figures);
            cell.notes
                .extend(drawing.notes.into_iter().map(|note| format!("{note}; it was added to the column {name}.")));
        }
    }
}
