//! Reads delimited text (CSV and its relatives) whose first row names the columns.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};
use indicatif::ProgressBar;

/// Delimiters that are recognised; the first one wins a tie.
const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];
/// Some programs write a byte order mark before the first column name.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a file into memory and shows the progress.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        let file = File::open(path)?;
        let bar = ProgressBar::new(file.metadata()?.len());
        let mut text = Vec::new();
        bar.wrap_read(file).read_to_end(&mut text)?;
        bar.finish_and_clear();
        Ok::<_, std::io::Error>(text)
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}

/// A table that is being read, row by row.
pub(crate) struct Table<'a> {
    reader: Reader<&'a [u8]>,
    header: StringRecord,
    row: StringRecord,
    rows: usize,
}

impl<'a> Table<'a> {
    /// Reads the column names. Without a delimiter, the first row decides between comma, tab and semicolon.
    pub(crate) fn open(text: &'a [u8], delimiter: Option<u8>) -> Result<Self> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let delimiter = delimiter.unwrap_or_else(|| detect_delimiter(text));
        let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(text);
        let header = reader.headers().map_err(|error| explain(&error)).context("row 1")?.clone();
        ensure!(header.iter().any(|name| !name.is_empty()), "the file is empty");
        Ok(Self { reader, header, row: StringRecord::new(), rows: 0 })
    }

    /// The index of a column.
    pub(crate) fn column(&self, name: &str) -> Result<usize> {
        let same = self.header.iter().filter(|column| *column == name).count();
        ensure!(same < 2, "the file has {same} columns {name:?}");
        let names = || self.header.iter().collect::<Vec<_>>().join(", ");
        self.optional_column(name).with_context(|| format!("there is no column {name:?}; the columns are {}", names()))
    }

    /// The index of a column that a file may lack. People write `Email`, so case counts only if several columns differ by it.
    pub(crate) fn optional_column(&self, name: &str) -> Option<usize> {
        let exact = self.header.iter().position(|column| column == name);
        exact.or_else(|| self.header.iter().position(|column| column.eq_ignore_ascii_case(name)))
    }

    /// Calls `add` with each row and returns the number of rows, of which there is at least one. Errors name the row as
    /// a spreadsheet counts it: the column names are row 1.
    pub(crate) fn each_row(mut self, mut add: impl FnMut(&StringRecord) -> Result<()>) -> Result<usize> {
        loop {
            let place = format_place(self.rows);
            if !self.reader.read_record(&mut self.row).map_err(|error| explain(&error)).with_context(place)? {
                break;
            }
            add(&self.row).with_context(format_place(self.rows))?;
            self.rows += 1;
        }
        ensure!(self.rows > 0, "the file has column names and no rows");
        Ok(self.rows)
    }
}

fn format_place(rows_before: usize) -> impl FnOnce() -> String {
    move || format!("row {}", rows_before + 2)
}

/// A delimiter that a user names: a character, or `tab`.
pub(crate) fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("must be one ASCII character, or `tab`".to_owned()),
    }
}

/// The most frequent delimiter of the first row that has characters, outside of quotes.
fn detect_delimiter(text: &[u8]) -> u8 {
    let start = text.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(0);
    let mut counts = [0; DELIMITERS.len()];
    let mut quoted = false;
    for byte in text[start..].iter().take_while(|byte| !b"\r\n".contains(byte)) {
        quoted ^= *byte == b'"';
        if let Some(index) = DELIMITERS.iter().position(|delimiter| delimiter == byte && !quoted) {
            counts[index] += 1;
        }
    }
    let most = counts.iter().max();
    let index = counts.iter().position(|count| Some(count) == most).unwrap_or(0);
    DELIMITERS[index]
}

fn explain(error: &csv::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => anyhow!("{len} columns instead of {expected_len}"),
        ErrorKind::Utf8 { .. } => anyhow!("not UTF-8"),
        _ => anyhow!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Vec<String>>> {
        let mut rows = Vec::new();
        Table::open(text.as_bytes(), None)?.each_row(|row| {
            rows.push(row.iter().map(str::to_owned).collect());
            Ok(())
        })?;
        Ok(rows)
    }

    fn error(text: &str) -> String {
        format!("{:#}", rows(text).unwrap_err())
    }

    #[test]
    fn the_header_decides_the_delimiter() {
        for (text, expected) in [
            ("a,b\nx;y,z", b','),
            ("a;b;c\nx,1;y,2;z", b';'),
            ("a\tb\nx,y\tz", b'\t'),
            ("\"a,b,c,d\";e\nx,y", b';'),
            ("\"say \"\"a,b,c\"\"\"\td\n", b'\t'),
            ("one", b','),
            ("a;b,c", b','),
            ("\r\n\r\na;b\r\n1;2", b';'),
            ("a;b\r1;2,3,4", b';'),
            ("", b','),
        ] {
            assert_eq!(detect_delimiter(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_column_is_found_in_another_case_and_never_twice() {
        let table = Table::open(b"Email,credits,Credits\na,1,2", None).unwrap();
        assert_eq!((table.column("email").unwrap(), table.column("credits").unwrap()), (0, 1));
        let twice = Table::open(b"email,email\na,b", None).unwrap().column("email").unwrap_err();
        assert_eq!(twice.to_string(), "the file has 2 columns \"email\"");
    }

    #[test]
    fn every_delimiter_gives_the_same_rows() {
        let expected = [["1", "x y"], ["2", ""]];
        for delimiter in [",", ";", "\t"] {
            for end in ["\n", "\r\n", "\r"] {
                for mark in ["", "\u{feff}"] {
                    let text = format!("{mark}id , name\n 1,\"x y\"\n2,\n").replace(',', delimiter).replace('\n', end);
                    assert_eq!(rows(&text).unwrap(), expected, "{text:?}");
                }
            }
        }
        assert_eq!(rows("a;b\n1,5;2,5\n").unwrap(), [["1,5", "2,5"]]);
    }

    #[test]
    fn columns_are_found_by_name() {
        let quoted = "\u{feff}\"id\";\"full; name\"\n1;2\n";
        let table = Table::open(quoted.as_bytes(), None).unwrap();
        assert_eq!((table.column("id").unwrap(), table.column("full; name").unwrap()), (0, 1));
        assert_eq!(table.optional_column("time"), None);
        assert_eq!(
            table.column("time").unwrap_err().to_string(),
            "there is no column \"time\"; the columns are id, full; name"
        );
        let pipes = Table::open(b"a|b,c\n1|2\n", Some(b'|')).unwrap();
        assert_eq!(pipes.column("b,c").unwrap(), 1);
    }

    #[test]
    fn errors_name_the_row() {
        for empty in ["", "\n\n", "\u{feff}", ",,\n1,2,3\n"] {
            assert_eq!(error(empty), "the file is empty", "{empty:?}");
        }
        assert_eq!(error("a,b\n"), "the file has column names and no rows");
        assert_eq!(error("a,b\n1,\"x\ny\"\n3\n"), "row 3: 1 columns instead of 2");
        let latin1 = Table::open(b"a,b\n1,2\n3,\xe9\n", None).unwrap().each_row(|_| Ok(()));
        assert_eq!(format!("{:#}", latin1.unwrap_err()), "row 3: not UTF-8");
        assert_eq!(format!("{:#}", Table::open(b"\xe9,b\n", None).err().unwrap()), "row 1: not UTF-8");
        let refused = Table::open(b"a\n1\n2\n", None).unwrap().each_row(|row| {
            ensure!(&row[0] != "2", "no twos");
            Ok(())
        });
        assert_eq!(format!("{:#}", refused.unwrap_err()), "row 3: no twos");
    }

    #[test]
    fn a_delimiter_is_one_ascii_character_or_tab() {
        assert_eq!(["tab", "\\t", ";", "|"].map(parse_delimiter), [Ok(b'\t'), Ok(b'\t'), Ok(b';'), Ok(b'|')]);
        for wrong in ["", "ab", "é"] {
            assert!(parse_delimiter(wrong).is_err(), "{wrong}");
        }
    }
}
