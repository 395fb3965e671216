//! Tells the format of a file by its content.

use crate::decode::decode;
use crate::package::Package;
use crate::{Bank, FormatError, aiken, anki, catalogue, csv, exam_tex, gift, h5p, moodle_xml, olx, qti, qti12, xlsx};

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Gift,
    Aiken,
    MoodleXml,
    Qti12,
    /// QTI 2.1, 2.2 and 3.0.
    Qti,
    ExamTex,
    /// Tables whose cells are separated by commas, semicolons, tabs or bars.
    Csv,
    Xlsx,
    Olx,
    H5p,
    Anki,
    /// A catalogue file of this project.
    Catalogue,
}

/// A file that was read, and in which format.
#[derive(Debug)]
pub struct Read {
    pub format: Format,
    pub bank: Bank,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::Gift,
        Self::Aiken,
        Self::MoodleXml,
        Self::Qti12,
        Self::Qti,
        Self::ExamTex,
        Self::Csv,
        Self::Xlsx,
        Self::Olx,
        Self::H5p,
        Self::Anki,
        Self::Catalogue,
    ];

    /// Its name in options and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gift => "gift",
            Self::Aiken => "aiken",
            Self::MoodleXml => "moodle",
            Self::Qti12 => "qti1.2",
            Self::Qti => "qti",
            Self::ExamTex => "tex",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Olx => "olx",
            Self::H5p => "h5p",
            Self::Anki => "anki",
            Self::Catalogue => "json",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let other = match name.as_str() {
            "tsv" => "csv",
            "qti2" | "qti2.1" | "qti2.2" | "qti3" => "qti",
            "qti12" | "canvas" | "blackboard" | "respondus" => "qti1.2",
            "moodle-xml" | "moodlexml" => "moodle",
            "exam" | "latex" => "tex",
            "openedx" | "edx" => "olx",
            "catalog" | "catalogue" => "json",
            name => name,
        };
        Self::ALL.into_iter().find(|format| format.name() == other)
    }

    fn read(self, file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
        match self {
            Self::Gift => gift::read(file_name, bytes),
            Self::Aiken => aiken::read(file_name, bytes),
            Self::MoodleXml => moodle_xml::read(file_name, bytes),
            Self::Qti12 => qti12::read(file_name, bytes),
            Self::Qti => qti::read(file_name, bytes),
            Self::ExamTex => exam_tex::read(file_name, bytes),
            Self::Csv => csv::read(file_name, bytes),
            Self::Xlsx => xlsx::read(file_name, bytes),
            Self::Olx => olx::read(file_name, bytes),
            Self::H5p => h5p::read(file_name, bytes),
            Self::Anki => anki::read(file_name, bytes),
            Self::Catalogue => catalogue::read(file_name, bytes),
        }
    }
}

/// Reads a file: in `format`, or in the one that its content shows.
///
/// # Errors
/// The format is not known, or the file is refused as a whole.
pub fn read(file_name: &str, bytes: &[u8], format: Option<Format>) -> Result<Read, FormatError> {
    let format = match format {
        Some(format) => format,
        None => detect(bytes)?,
    };
    Ok(Read { format, bank: format.read(file_name, bytes)? })
}

/// Reads the files of an unpacked package of QTI by their paths.
///
/// # Errors
/// The folder is no package of QTI.
pub fn read_folder(name: &str, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Read, FormatError> {
    let package = Package::from_files(files)?;
    if package.files().any(|(_, bytes)| qti12::is_qti12(bytes)) {
        return Ok(Read { format: Format::Qti12, bank: qti12::read_package(name, &package)? });
    }
    Ok(Read { format: Format::Qti, bank: qti::read_package(name, &package)? })
}

/// The format that a content shows.
///
/// # Errors
/// No format is known that looks like this, with what the file seems to be.
pub fn detect(bytes: &[u8]) -> Result<Format, FormatError> {
    if Package::is_zip(bytes) {
        return of_package(&Package::from_zip(bytes)?);
    }
    if bytes.starts_with(&[0x1f, 0x8b]) || bytes.get(257..262) == Some(b"ustar") {
        // An archive of a course. A backup of Moodle is one as well, and the reader tells them apart.
        return Ok(Format::Olx);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        // The reader names the older workbooks and what to do.
        return Ok(Format::Xlsx);
    }
    if bytes.starts_with(b"%PDF") {
        return Err(FormatError("This is a PDF. Import the file that it was made from.".to_owned()));
    }
    of_text(&decode(bytes)?.text)
}

fn of_package(package: &Package) -> Result<Format, FormatError> {
    let has = |path: &str| package.get(path).is_some();
    let format = if has("h5p.json") {
        Format::H5p
    } else if has("xl/workbook.xml") || has("[Content_Types].xml") || has("mimetype") {
        Format::Xlsx
    } else if has("moodle_backup.xml") {
        Format::MoodleXml
    } else if has("collection.anki2") || has("collection.anki21") || has("collection.anki21b") {
        Format::Anki
    } else if package.files().any(|(_, bytes)| qti12::is_qti12(bytes)) {
        Format::Qti12
    } else if has("imsmanifest.xml") || package.files().any(|(_, bytes)| qti::is_qti(bytes)) {
        Format::Qti
    } else if package.files().any(|(path, _)| path.ends_with("course.xml") || path.contains("problem/")) {
        Format::Olx
    } else {
        return Err(FormatError("The zip contains no questions in a known format.".to_owned()));
    };
    Ok(format)
}

fn of_text(text: &str) -> Result<Format, FormatError> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if start.is_empty() {
        return Err(FormatError("The file is empty.".to_owned()));
    }
    if start.starts_with('<') {
        return of_xml(start);
    }
    if start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(start).is_ok() {
        let value: serde_json::Value = serde_json::from_str(start).unwrap_or_default();
        if value.get("course").is_some() {
            return Ok(Format::Catalogue);
        }
        return Ok(Format::H5p);
    }
    if anki::has_settings(text) {
        return Ok(Format::Anki);
    }
    if ["\\documentclass", "\\begin{questions}", "\\begin{document}", "\\question"]
        .iter()
        .any(|mark| start.contains(mark))
    {
        return Ok(Format::ExamTex);
    }
    if csv::has_header(text) {
        return Ok(Format::Csv);
    }
    if is_aiken(text) {
        return Ok(Format::Aiken);
    }
    if start.contains('{') && start.contains('}') || start.contains("::") || start.contains("$CATEGORY") {
        return Ok(Format::Gift);
    }
    let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    Err(FormatError(format!("The format is not known by its content. --format names it: {}.", names.join(", "))))
}

fn of_xml(text: &str) -> Result<Format, FormatError> {
    match root_name(text) {
        Some("quiz" | "moodle_backup" | "MOODLE_BACKUP" | "question_categories") => Ok(Format::MoodleXml),
        Some("questestinterop") => Ok(Format::Qti12),
        Some("problem" | "library" | "course" | "chapter" | "sequential" | "vertical") => Ok(Format::Olx),
        Some(name) if name.to_lowercase().contains("assessment") || name == "manifest" => Ok(Format::Qti),
        Some(name) => Err(FormatError(format!("No format is known whose first element is `{name}`."))),
        None => Err(FormatError("The file begins as XML does and has no element.".to_owned())),
    }
}

/// The name of the first element, without its prefix.
fn root_name(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let at = rest.find('<')?;
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = &comment[comment.find("-->")? + 3..];
        } else if rest.starts_with(['?', '!']) {
            rest = &rest[rest.find('>')?..];
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len());
            let name = &rest[..end];
            return Some(name.rsplit(':').next().unwrap_or(name)).filter(|name| !name.is_empty());
        }
    }
}

/// Whether a line `ANSWER: B` follows lines that begin with letters.
fn is_aiken(text: &str) -> bool {
    let mut options = 0;
    for line in text.lines().map(str::trim) {
        let lower = line.to_lowercase();
        let is_option = |line: &str| {
            let mut characters = line.chars();
            let letter = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
            letter && matches!(characters.next(), Some('.' | ')'))
        };
        if lower.strip_prefix("answer").is_some_and(|rest| rest.trim_start().starts_with([':', '.'])) {
            return options >= 2;
        }
        if is_option(line) {
            options += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_known_by_its_content() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
        for (file, name) in [
            ("traps.gift", "gift"),
            ("category-runs-on.gift", "gift"),
            ("embedded-answers.gift", "gift"),
            ("bank.aiken.txt", "aiken"),
            ("moodle.xml", "moodle"),
            ("canvas-qti12.xml", "qti1.2"),
            ("item-qti21.xml", "qti"),
            ("midterm-2021-fall.tex", "tex"),
            ("bank.csv", "csv"),
            ("excel-sep.csv", "csv"),
            ("bank.xlsx", "xlsx"),
            ("openedx-problem.xml", "olx"),
            ("h5p-content.json", "h5p"),
        ] {
            let bytes = std::fs::read(format!("{fixtures}{file}")).unwrap();
            assert_eq!(detect(&bytes).map(Format::name), Ok(name), "{file}");
            let read = read(file, &bytes, None).unwrap();
            assert!(!read.bank.questions.is_empty(), "{file}");
        }
        assert_eq!(detect(b"#separator:tab\nq\ta").map(Format::name), Ok("anki"));
        assert_eq!(detect(br#"{"course": {}, "questions": []}"#).map(Format::name), Ok("json"));
    }

    #[test]
    fn what_is_no_format_is_named() {
        for (bytes, message) in [
            (b"" as &[u8], "The file is empty."),
            (b"%PDF-1.7", "This is a PDF. Import the file that it was made from."),
            (b"<svg/>", "No format is known whose first element is `svg`."),
            (b"<!-- -->", "The file begins as XML does and has no element."),
        ] {
            assert_eq!(detect(bytes), Err(FormatError(message.to_owned())));
        }
        assert!(detect(b"Dear students, the exam is on Monday.").unwrap_err().0.contains("--format"));
    }
}
