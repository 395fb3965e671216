//! What lies over the cells of a sheet: pictures, and text boxes with their equations.

use roxmltree::Node;

use super::{
    relations,
    sheet::{cell_name, holds},
};
use crate::{
    Figure, omml,
    package::Package,
    table::{Cell, FIGURE},
    xml::{self, attribute, child, child_text, descendant, elements, name},
};

/// A picture or text box.
pub(super) struct Drawing {
    /// The first column that it covers, from 0.
    pub(super) column: usize,
    /// The first and the last row that it covers, from 1.
    pub(super) top: u32,
    pub(super) bottom: u32,
    /// What it is and where, for a message.
    pub(super) name: String,
    pub(super) cell: Cell,
}

#[derive(Default)]
pub(super) struct Drawings {
    pub(super) list: Vec<Drawing>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn read(package: &Package, path: &str) -> Drawings {
    let mut found = Drawings::default();
    let Some(bytes) = package.get(path) else {
        found.warnings.push(format!("The drawings {path} are missing."));
        return found;
    };
    let prepared = xml::prepare(bytes);
    let parsed = prepared.as_ref().map_err(Clone::clone).and_then(xml::Prepared::parse);
    let document = match parsed {
        Ok(document) => document,
        Err(error) => {
            found.warnings.push(format!("The drawings {path} cannot be read: {error}"));
            return found;
        }
    };
    let relations = relations(package, path);
    let image = |id: &str| {
        let target = relations.get(id)?.target.as_deref()?;
        Some((target.to_owned(), package.get(target).map(<[u8]>::to_vec)))
    };
    for anchor in elements(document.root_element()).filter(|node| name(*node).ends_with("Anchor")) {
        let mut content =
            Shapes { text: String::new(), figures: Vec::new(), has_equation: false, others: Vec::new(), image: &image };
        content.read(anchor);
        let corner = |wanted: &str, part: &str| {
            let corner = child(anchor, wanted)?;
            child_text(corner, part)?.parse::<u32>().ok()
        };
        for other in &content.others {
            found.warnings.push(format!("{other} in the drawings was not read."));
        }
        let text = content.text.trim().to_owned();
        if text.is_empty() && content.figures.is_empty() {
            continue;
        }
        let (Some(column), Some(row)) = (corner("from", "col"), corner("from", "row")) else {
            found.warnings.push("A picture or text box is bound to no cell; it was left out.".to_owned());
            continue;
        };
        let top = row.saturating_add(1);
        // A corner at the upper edge of a row does not cover that row.
        let bottom =
            corner("to", "row").map_or(top, |last| last.saturating_add(u32::from(corner("to", "rowOff") != Some(0))));
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let place = cell_name(column.min(16_383), top);
        let kind = match (content.has_equation, content.figures.is_empty()) {
            (true, _) => "An equation in a text box",
            (false, true) => "A text box",
            (false, false) => "A picture",
        };
        let name = format!("{kind} over {place}");
        let notes = if text.chars().all(|c| c == FIGURE || c.is_whitespace()) {
            Vec::new()
        } else {
            vec![format!("{name} has \"{}\"", text.replace(FIGURE, "").chars().take(200).collect::<String>())]
        };
        let cell = Cell { text, figures: content.figures, notes, ..Cell::default() };
        found.list.push(Drawing { column, top, bottom: bottom.max(top), name, cell });
    }
    found
}

/// Finds the path and the content of an image by the id of its relation.
type FindImage<'a> = dyn Fn(&str) -> Option<(String, Option<Vec<u8>>)> + 'a;

/// The content of an anchor.
struct Shapes<'a> {
    text: String,
    figures: Vec<Figure>,
    has_equation: bool,
    /// What was not read, by name.
    others: Vec<&'static str>,
    image: &'a FindImage<'a>,
}

impl Shapes<'_> {
    fn read(&mut self, node: Node) {
        for inner in elements(node) {
            match &*name(inner) {
                // The fallback shows the same for old programs.
                "AlternateContent" => {
                    let choice = child(inner, "Choice").or_else(|| child(inner, "Fallback"));
                    if let Some(choice) = choice {
                        self.read(choice);
                    }
                }
                "pic" => self.picture(inner),
                "sp" => self.shape(inner),
                "grpSp" => self.read(inner),
                "graphicFrame" => self.others.push("A chart or table"),
                "contentPart" => self.others.push("Ink"),
                _ => {}
            }
        }
    }

    fn picture(&mut self, node: Node) {
        let alt = descendant(node, "cNvPr").and_then(|properties| attribute(properties, "descr")).map(str::to_owned);
        let blip = descendant(node, "blip");
        let id = blip.and_then(|blip| attribute(blip, "embed").or_else(|| attribute(blip, "link")));
        let (source, bytes) =
            id.and_then(self.image).unwrap_or_else(|| ("a picture outside the workbook".to_owned(), None));
        self.start_line();
        self.text.push(FIGURE);
        self.figures.push(Figure { source, bytes, alt: alt.filter(|alt| !alt.trim().is_empty()) });
    }

    fn start_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn shape(&mut self, node: Node) {
        let Some(body) = child(node, "txBody") else { return };
        for paragraph in elements(body).filter(|inner| name(*inner) == "p") {
            self.start_line();
            self.runs(paragraph);
        }
    }

    fn runs(&mut self, node: Node) {
        for inner in elements(node) {
            match &*name(inner) {
                "r" | "fld" => {
                    let raised = child(inner, "rPr").and_then(|properties| attribute(properties, "baseline"));
                    let raised = raised.and_then(|value| value.trim_end_matches('%').parse::<i32>().ok()).unwrap_or(0);
                    let text: String = xml::children(inner, "t").map(xml::text).collect();
                    let (open, close) = match raised {
                        1.. => ("^{", "}"),
                        0 => ("", ""),
                        _ => ("_{", "}"),
                    };
                    if !text.is_empty() {
                        self.text.extend([open, text.replace(FIGURE, "").as_str(), close]);
                    }
                }
                "br" => self.text.push('\n'),
                "m" | "oMathPara" | "oMath" if holds(inner, "t") => {
                    self.has_equation = true;
                    let latex = omml::latex(inner);
                    self.text.push_str(&latex);
                }
                "AlternateContent" => {
                    if let Some(choice) = child(inner, "Choice") {
                        self.runs(choice);
                    }
                }
                _ => {}
            }
        }
    }
}
