//! What an import of papers did, for the terminal and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use formats::{Place, Remark};
use serde_json::{Value, json};

use crate::output::plain;

/// The result of one file.
#[derive(Debug, Default)]
pub struct FileReport {
    pub file: String,
    pub format: &'static str,
    /// Questions in the file.
    pub read: usize,
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Stored questions of this file that it does not have any more. They are kept.
    pub missing: usize,
    pub refused: Vec<Remark>,
    /// Questions that may be one of several stored ones. Nothing was changed.
    pub ambiguous: Vec<Remark>,
    pub skipped: Vec<Remark>,
    pub warnings: Vec<Remark>,
}

impl FileReport {
    /// Whether nothing was refused, ambiguous or doubtful.
    pub(super) fn is_clean(&self) -> bool {
        self.refused.is_empty() && self.ambiguous.is_empty() && self.warnings.is_empty()
    }

    /// How many questions of each type were refused because of their type.
    fn refused_types(&self) -> BTreeMap<&str, usize> {
        let mut types = BTreeMap::new();
        for remark in &self.refused {
            let name = remark.text.split_once("its type `").and_then(|(_, rest)| rest.split_once('`'));
            if let Some((name, _)) = name {
                *types.entry(name).or_default() += 1;
            }
        }
        types
    }

    pub(super) fn to_json(&self) -> Value {
        let remarks = |remarks: &[Remark]| remarks.iter().map(remark_json).collect::<Vec<_>>();
        json!({
            "file": self.file, "format": self.format, "read": self.read, "new": self.new, "changed": self.changed,
            "unchanged": self.unchanged, "missing": self.missing, "refused": remarks(&self.refused),
            "refused_types": self.refused_types(),
            "ambiguous": remarks(&self.ambiguous), "skipped": remarks(&self.skipped), "warnings": remarks(&self.warnings),
        })
    }
}

fn remark_json(remark: &Remark) -> Value {
    let Place { file, sheet, line, id } = &remark.place;
    let mut json = json!({"file": file, "text": remark.text});
    if let Some(sheet) = sheet {
        json["sheet"] = json!(sheet);
    }
    if let Some(line) = line {
        json["line"] = json!(line);
    }
    if let Some(id) = id {
        json["id"] = json!(id);
    }
    json
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, format, read, new, changed, unchanged, .. } = self;
        let refused = self.refused.len();
        writeln!(f, "{} ({format})", plain(file))?;
        writeln!(f, "  {read} read: {new} new, {changed} changed, {unchanged} unchanged, {refused} refused")?;
        let types = self.refused_types();
        if !types.is_empty() {
            let types: Vec<String> = types.iter().map(|(name, count)| format!("{count} {}", plain(name))).collect();
            writeln!(f, "  refused for their type: {}", types.join(", "))?;
        }
        if self.missing > 0 {
            writeln!(
                f,
                "  note: {} stored questions of this file are not in it any more. They are kept.",
                self.missing
            )?;
        }
        for (name, remarks) in [
            ("skipped", &self.skipped),
            ("warning", &self.warnings),
            ("ambiguous", &self.ambiguous),
            ("refused", &self.refused),
        ] {
            for remark in remarks {
                writeln!(f, "  {name}: {}{}", place(&remark.place, file), plain(&remark.text))?;
            }
        }
        Ok(())
    }
}

/// `line 3: `, `sheet Algebra, row 8: ` or `items/root.xml, line 2: `.
fn place(place: &Place, file: &str) -> String {
    let mut words = Vec::new();
    if place.file != file && !place.file.is_empty() {
        words.push(plain(&place.file).into_owned());
    }
    match (&place.sheet, place.line) {
        (Some(sheet), Some(row)) => words.push(format!("sheet {}, row {row}", plain(sheet))),
        (Some(sheet), None) => words.push(format!("sheet {}", plain(sheet))),
        (None, Some(line)) => words.push(format!("line {line}")),
        (None, None) => {}
    }
    if let Some(id) = &place.id {
        words.push(plain(id).into_owned());
    }
    if words.is_empty() { String::new() } else { words.join(", ") + ": " }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_types_are_counted() {
        let remark = |text: &str| Remark { place: Place::default(), text: text.to_owned() };
        let report = FileReport {
            file: "a.zip".to_owned(),
            format: "qti",
            refused: vec![
                remark("The question “A” is refused: its type `hotspotInteraction` is not supported."),
                remark("it has 27 options; at most 26 can be stored"),
                remark("The question “B” is refused: its type `hotspotInteraction` is not supported."),
                remark(
                    "The question “C” is refused: its type `orderInteraction` gives points only for the whole order.",
                ),
            ],
            ..FileReport::default()
        };
        let shown = report.to_string();
        assert!(shown.contains("  refused for their type: 2 hotspotInteraction, 1 orderInteraction\n"), "{shown}");
        assert_eq!(report.to_json()["refused_types"], json!({"hotspotInteraction": 2, "orderInteraction": 1}));
    }
}
