//! Workbooks of Excel (`.xlsx`, `.xlsm`): a sheet is a table of questions.
//!
//! The cells are read here and not by `calamine`: it joins the runs of a rich text without their height (`x2` for x²), and gives
//! an empty cell where an equation lies over it.

mod dates;
mod display;
mod drawings;
mod sheet;

use std::collections::HashMap;

use roxmltree::Node;

use crate::{
    Bank, FormatError, Place, Remark,
    package::{Package, resolve},
    table::{FIGURE, Sign, Table},
    xml::{self, attribute, child, children, descendants, elements, name},
};

const SHEETS_MAX: usize = 500;

/// Reads the questions of all visible sheets.
///
/// # Errors
/// The file is no workbook, is protected by a password, is of another program, or has no sheet with questions.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if let Some(error) = other_format(bytes) {
        return Err(FormatError(error.to_owned()));
    }
    let package = Package::from_zip(bytes)?;
    if let Some(error) = other_package(&package) {
        return Err(FormatError(error.to_owned()));
    }
    let mut bank = Bank::default();
    let of_file = |text: String| Remark { place: Place { file: file_name.to_owned(), ..Place::default() }, text };
    bank.skipped.extend(package.left_out().map(|(path, why)| of_file(format!("{path} was left out: {why}."))));
    let workbook = Workbook::open(&package)?;
    let mut faults = Vec::new();
    let mut tables = 0;
    for listed in &workbook.sheets {
        let place = Place { file: file_name.to_owned(), sheet: Some(listed.name.clone()), ..Place::default() };
        let mut skip = |text: String| bank.skipped.push(Remark { place: place.clone(), text });
        if listed.is_hidden {
            skip("The sheet is hidden; it was left out.".to_owned());
            continue;
        }
        if !listed.is_worksheet {
            skip("The sheet is a chart or dialog; it was left out.".to_owned());
            continue;
        }
        let content = match sheet::read(&package, &listed.path, &workbook) {
            Ok(content) => content,
            Err(FormatError(why)) => {
                bank.refused.push(Remark { place, text: format!("The sheet cannot be read: {why}") });
                continue;
            }
        };
        if content
            .rows
            .iter()
            .all(|row| row.cells.iter().all(|cell| cell.text.trim().is_empty()) && row.drawings.is_empty())
        {
            skip("The sheet is empty.".to_owned());
            continue;
        }
        bank.warnings.extend(
            content.warnings.into_iter().map(|(line, text)| Remark { place: Place { line, ..place.clone() }, text }),
        );
        let table = Table {
            file: file_name,
            sheet: Some(&listed.name),
            rows: content.rows,
            sign: Sign::Point,
            hidden_columns: content.hidden_columns,
            find: &|_| None,
        };
        match table.read(&mut bank) {
            Ok(()) => tables += 1,
            Err(why) => {
                bank.skipped.push(Remark { place, text: format!("The sheet is no table of questions: {why}.") });
                faults.push(format!("{}: {why}", listed.name));
            }
        }
    }
    if tables == 0 && bank.refused.is_empty() {
        let why = if faults.is_empty() { "all sheets are empty or hidden".to_owned() } else { faults.join("; ") };
        return Err(FormatError(format!("The workbook has no sheet with questions ({why}).")));
    }
    Ok(bank)
}

/// What a file that is no zip is instead, and what to do.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    let has_utf16 = |text: &str| {
        let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
        bytes.windows(wide.len()).any(|window| window == wide)
    };
    if bytes.starts_with(&OLE) {
        if has_utf16("EncryptedPackage") {
            return Some(
                "The workbook is protected by a password. Save it without one (File, Info, Protect Workbook).",
            );
        }
        return Some("This is a workbook of Excel 97 (.xls). Open it and save it as .xlsx.");
    }
    if Package::is_zip(bytes) {
        return None;
    }
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).to_lowercase();
    if start.contains("<html") || start.contains("<table") {
        return Some("This is a web page with the name of a workbook. Open it and save it as .xlsx.");
    }
    if start.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        return Some("This is an XML spreadsheet of 2003. Open it and save it as .xlsx.");
    }
    Some("This is no workbook: an .xlsx file is a zip.")
}

fn other_package(package: &Package) -> Option<&'static str> {
    let begins = |path: &str, start: &[u8]| package.get(path).is_some_and(|bytes| bytes.starts_with(start));
    if begins("mimetype", b"application/vnd.oasis.opendocument") {
        return Some("This is a file of OpenDocument (.ods). Save it as .xlsx or CSV.");
    }
    if package.get("xl/workbook.bin").is_some() {
        return Some("This is a binary workbook (.xlsb). Save it as .xlsx.");
    }
    if package.get("Index/Document.iwa").is_some() || package.get("Index.zip").is_some() {
        return Some("This is a file of Apple Numbers. Export it as Excel (.xlsx) or CSV.");
    }
    if package.get("word/document.xml").is_some() {
        return Some("This is a document of Word, not a workbook.");
    }
    None
}

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    path: String,
    is_hidden: bool,
    is_worksheet: bool,
}

/// What all sheets share.
struct Workbook {
    sheets: Vec<Listed>,
    strings: Vec<String>,
    /// The codes of the formats by the number of a cell's style.
    formats: Vec<String>,
    has_1904_dates: bool,
}

/// A relation of a part of the package to another.
struct Relation {
    /// The last word of its type, such as `worksheet`.
    kind: String,
    /// The path of the other part; `None` if it is outside.
    target: Option<String>,
}

/// The relations of a part by their ids.
fn relations(package: &Package, path: &str) -> HashMap<String, Relation> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let place = if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
    let Some(bytes) = package.get(&place) else { return HashMap::new() };
    let Ok(prepared) = xml::prepare(bytes) else { return HashMap::new() };
    let Ok(document) = prepared.parse() else { return HashMap::new() };
    let mut relations = HashMap::new();
    for relation in children(document.root_element(), "Relationship") {
        let get = |wanted: &str| relation.attributes().find(|known| known.name() == wanted).map(|known| known.value());
        let (Some(id), Some(target)) = (get("Id"), get("Target")) else { continue };
        let kind = get("Type").and_then(|kind| kind.rsplit('/').next()).unwrap_or_default().to_owned();
        let is_outside = get("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
        let target = if is_outside { None } else { resolve(path, target) };
        relations.insert(id.to_owned(), Relation { kind, target });
    }
    relations
}

impl Workbook {
    fn open(package: &Package) -> Result<Self, FormatError> {
        let path = relations(package, "")
            .into_values()
            .find(|relation| relation.kind == "officeDocument")
            .and_then(|relation| relation.target)
            .unwrap_or_else(|| "xl/workbook.xml".to_owned());
        let bytes = package
            .get(&path)
            .ok_or_else(|| FormatError("The zip is no workbook: it has no xl/workbook.xml.".to_owned()))?;
        let prepared = xml::prepare(bytes)?;
        let document = prepared.parse()?;
        let root = document.root_element();
        let relations = relations(package, &path);
        let has_1904_dates =
            child(root, "workbookPr").and_then(|node| attribute(node, "date1904")).is_some_and(is_true);
        let mut sheets = Vec::new();
        for sheet in descendants(root, "sheet") {
            if sheets.len() >= SHEETS_MAX {
                return Err(FormatError(format!("The workbook has more than {SHEETS_MAX} sheets.")));
            }
            // `r:id` is in a namespace, `sheetId` is another attribute.
            let Some(relation) = attribute(sheet, "id").and_then(|id| relations.get(id)) else { continue };
            sheets.push(Listed {
                name: attribute(sheet, "name").unwrap_or_default().to_owned(),
                path: relation.target.clone().unwrap_or_default(),
                is_hidden: attribute(sheet, "state").is_some_and(|state| state != "visible"),
                is_worksheet: relation.kind == "worksheet",
            });
        }
        let part = |kind: &str, usual: &str| {
            let named = relations
                .values()
                .find(|relation| relation.kind == kind)
                .and_then(|relation| relation.target.as_deref());
            package.get(named.unwrap_or(usual))
        };
        let strings =
            part("sharedStrings", "xl/sharedStrings.xml").map(shared_strings).transpose()?.unwrap_or_default();
        let formats = part("styles", "xl/styles.xml").map(formats).transpose()?.unwrap_or_default();
        Ok(Self { sheets, strings, formats, has_1904_dates })
    }
}

fn is_true(value: &str) -> bool {
    value == "1" || value == "true"
}

fn shared_strings(bytes: &[u8]) -> Result<Vec<String>, FormatError> {
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    Ok(children(document.root_element(), "si").map(rich_text).collect())
}

/// The code of each style's format.
fn formats(bytes: &[u8]) -> Result<Vec<String>, FormatError> {
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    let root = document.root_element();
    let number = |node: Node, wanted: &str| attribute(node, wanted).and_then(|value| value.parse::<u32>().ok());
    let own: HashMap<u32, &str> = descendants(root, "numFmt")
        .filter_map(|node| Some((number(node, "numFmtId")?, attribute(node, "formatCode")?)))
        .collect();
    let Some(styles) = child(root, "cellXfs") else { return Ok(Vec::new()) };
    let code = |style: Node| {
        let id = number(style, "numFmtId").unwrap_or(0);
        own.get(&id).copied().unwrap_or_else(|| display::builtin(id)).to_owned()
    };
    Ok(children(styles, "xf").map(code).collect())
}

/// The text of a string with its runs: raised ones as `^{}`, lowered ones as `_{}`.
fn rich_text(node: Node) -> String {
    let mut text = String::new();
    let mut open: Option<&'static str> = None;
    for inner in elements(node) {
        let (run, mark) = match &*name(inner) {
            "t" => (xml::text(inner), None),
            "r" => {
                let properties = child(inner, "rPr");
                let height =
                    properties.and_then(|node| child(node, "vertAlign")).and_then(|node| attribute(node, "val"));
                let font = properties.and_then(|node| child(node, "rFont")).and_then(|node| attribute(node, "val"));
                let run: String = children(inner, "t").map(xml::text).collect();
                let run = if font == Some("Symbol") { run.chars().map(symbol).collect() } else { run };
                let mark = match height {
                    Some("superscript") => Some("^{"),
                    Some("subscript") => Some("_{"),
                    _ => None,
                };
                (run, mark)
            }
            // `rPh` tells how to pronounce a text.
            _ => continue,
        };
        let run = unescaped(&run);
        if run.is_empty() {
            continue;
        }
        // A blank has no height.
        let mark = if run.trim().is_empty() && open.is_none() { None } else { mark };
        if open != mark {
            if open.is_some() {
                text.push('}');
            }
            text.push_str(mark.unwrap_or_default());
            open = mark;
        }
        text.push_str(&run);
    }
    if open.is_some() {
        text.push('}');
    }
    text
}

/// The Greek letter that the font Symbol shows for a Latin one.
fn symbol(c: char) -> char {
    const LATIN: &str = "abgdezhqiklmnxoprstufcywABGDEZHQIKLMNXOPRSTUFCYW";
    const GREEK: &str = "\u{3b1}\u{3b2}\u{3b3}\u{3b4}\u{3b5}\u{3b6}\u{3b7}\u{3b8}\u{3b9}\u{3ba}\u{3bb}\u{3bc}\u{3bd}\u{3be}\u{3bf}\u{3c0}\u{3c1}\u{3c3}\u{3c4}\u{3c5}\u{3c6}\u{3c7}\u{3c8}\u{3c9}\u{391}\u{392}\u{393}\u{394}\u{395}\u{396}\u{397}\u{398}\u{399}\u{39a}\u{39b}\u{39c}\u{39d}\u{39e}\u{39f}\u{3a0}\u{3a1}\u{3a3}\u{3a4}\u{3a5}\u{3a6}\u{3a7}\u{3a8}\u{3a9}";
    // Letters of a symbol font may be stored in the private use area.
    let c = char::from_u32(u32::from(c).wrapping_sub(0xf000)).filter(char::is_ascii).unwrap_or(c);
    LATIN.chars().zip(GREEK.chars()).find(|(latin, _)| *latin == c).map_or(c, |(_, greek)| greek)
}

/// Decodes `_x000D_`, as workbooks write characters that XML has not, and leaves out what stands for figures here.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest[at + 6..].starts_with('_'));
        let decoded = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        if let Some(c) = decoded {
            out.push_str(&rest[..at]);
            out.push(c);
            rest = &rest[at + 7..];
        } else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
        }
    }
    out.push_str(rest);
    if out.contains(['\r', FIGURE, '\0']) {
        out = out.replace("\r\n", "\n").replace('\r', "\n").replace([FIGURE, '\0'], "");
    }
    out
}
