//! A test of QTI 2 and 3: which items an exam has, in which sections, and with which weights.

use roxmltree::Node;

use super::{PASSAGE_BYTES_MAX, Taken, passage_html};
use crate::{
    Place, Remark,
    labels::finite,
    package::{Package, resolve},
    xml::{self, attribute, child, children, descendants, elements, name},
};

/// How many files a section may include one through another.
const INCLUDES_MAX: usize = 8;

/// An item as a test names it.
#[derive(Debug)]
pub(super) struct Reference {
    /// `None` if the path leaves the package.
    pub(super) path: Option<String>,
    pub(super) href: String,
    pub(super) place: Place,
    pub(super) taken: Taken,
}

#[derive(Debug, Default)]
pub(super) struct Test {
    pub(super) title: Option<String>,
    pub(super) references: Vec<Reference>,
    pub(super) warnings: Vec<Remark>,
    pub(super) refused: Vec<Remark>,
}

/// Reads a test.
pub(super) fn read(package: &Package, path: &str) -> Result<Test, String> {
    let prepared = xml::prepare(package.get(path).unwrap_or_default()).map_err(|error| error.0)?;
    let document = prepared.parse().map_err(|error| error.0)?;
    let root = document.root_element();
    if name(root) != "assessmentTest" {
        return Err(format!("its first element is `{}` instead of `assessmentTest`.", name(root)));
    }
    let title = attribute(root, "title").map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
    let weight =
        descendants(root, "testVariables").find_map(|node| attribute(node, "weightIdentifier")).map(str::to_owned);
    let mut reader = Reader { package, weight, test: Test { title, ..Test::default() } };
    reader.container(root, &Level { file: path, prepared: &prepared, taken: Taken::default(), includes: 0 });
    Ok(reader.test)
}

struct Reader<'a> {
    package: &'a Package,
    /// The weight that the outcome processing uses.
    weight: Option<String>,
    test: Test,
}

/// Where a section stands.
struct Level<'a> {
    file: &'a str,
    prepared: &'a xml::Prepared,
    taken: Taken,
    includes: usize,
}

impl Level<'_> {
    fn place(&self, node: Node) -> Place {
        Place {
            file: self.file.to_owned(),
            line: Some(self.prepared.line(node)),
            id: attribute(node, "identifier").map(str::to_owned),
            ..Place::default()
        }
    }
}

impl Reader<'_> {
    fn container(&mut self, node: Node, level: &Level) {
        for inner in elements(node) {
            match &*name(inner) {
                "testPart" => self.container(inner, level),
                "assessmentSection" => self.section(inner, level),
                "assessmentSectionRef" => self.section_file(inner, level),
                "assessmentItemRef" => self.item(inner, level),
                _ => {}
            }
        }
    }

    fn section(&mut self, node: Node, outer: &Level) {
        let mut taken = outer.taken.clone();
        let is_shown = attribute(node, "visible").is_none_or(|visible| visible == "true");
        let title = attribute(node, "title").map(str::trim).filter(|title| !title.is_empty() && is_shown);
        taken.sections.extend(title.map(str::to_owned));
        for block in children(node, "rubricBlock") {
            let view = attribute(block, "view").unwrap_or("candidate");
            if view.split_whitespace().any(|view| view == "candidate") {
                let html = passage_html(block);
                if html.len() + taken.passages.iter().map(|(_, html)| html.len()).sum::<usize>() > PASSAGE_BYTES_MAX {
                    let text = "A text of the section is too long to stand before each question.".to_owned();
                    self.test.warnings.push(Remark { place: outer.place(block), text });
                } else {
                    taken.passages.push((outer.file.into(), html.into()));
                }
            }
        }
        if let Some(selection) = child(node, "selection") {
            let count = attribute(selection, "select").unwrap_or("some");
            let text = format!("The section selects {count} of its questions at random. All are taken.");
            self.test.warnings.push(Remark { place: outer.place(node), text });
        }
        self.container(node, &Level { file: outer.file, prepared: outer.prepared, taken, includes: outer.includes });
    }

    /// A section in a file of its own.
    fn section_file(&mut self, node: Node, outer: &Level) {
        let href = attribute(node, "href").unwrap_or_default();
        if let Err(reason) = self.included(href, outer) {
            let text = format!("The section {href} {reason}.");
            self.test.refused.push(Remark { place: outer.place(node), text });
        }
    }

    fn included(&mut self, href: &str, outer: &Level) -> Result<(), String> {
        if outer.includes >= INCLUDES_MAX {
            return Err("is included too deep".to_owned());
        }
        let path = resolve(outer.file, href).ok_or("leaves the package")?;
        let (path, bytes) = self.package.find(&path).ok_or("is missing in the package")?;
        let prepared = xml::prepare(bytes).map_err(|error| format!("cannot be read: {error}"))?;
        let document = prepared.parse().map_err(|error| format!("cannot be read: {error}"))?;
        let level = Level { file: path, prepared: &prepared, taken: outer.taken.clone(), includes: outer.includes + 1 };
        self.section(document.root_element(), &level);
        Ok(())
    }

    fn item(&mut self, node: Node, level: &Level) {
        let href = attribute(node, "href").unwrap_or_default();
        let place = level.place(node);
        let mut taken = level.taken.clone();
        let weights: Vec<Node> = children(node, "weight").collect();
        let wanted = weights
            .iter()
            .find(|weight| self.weight.is_some() && attribute(**weight, "identifier") == self.weight.as_deref());
        if weights.len() > 1 && wanted.is_none() {
            let text = "The item has several weights. The first one is used.".to_owned();
            self.test.warnings.push(Remark { place: place.clone(), text });
        }
        taken.weight = wanted
            .or(weights.first())
            .and_then(|weight| attribute(*weight, "value"))
            .and_then(finite)
            .filter(|weight| *weight >= 0.0);
        let seconds = child(node, "timeLimits").and_then(|limits| attribute(limits, "maxTime")).and_then(finite);
        taken.minutes = seconds.map(|seconds| seconds / 60.0).filter(|minutes| *minutes > 0.0);
        let path = resolve(level.file, href);
        self.test.references.push(Reference { path, href: href.chars().take(200).collect(), place, taken });
    }
}
