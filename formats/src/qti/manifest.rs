//! `imsmanifest.xml`: the list of what a package contains.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::is_qti;
use crate::{
    FormatError, Place, Remark,
    package::{Package, resolve},
    xml::{self, attribute, child, descendants, name},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Test,
    Item,
    /// A passage, a style sheet, a picture: found by those who use it.
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) href: String,
    /// `None` if the path leaves the package.
    pub(super) path: Option<String>,
    pub(super) line: u32,
    pub(super) tags: Vec<String>,
    pub(super) difficulty: Option<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) resources: Vec<Resource>,
    pub(super) warnings: Vec<Remark>,
    by_path: BTreeMap<String, usize>,
}

impl Manifest {
    /// The resource of a file, by the path as the package spells it.
    pub(super) fn of_path(&self, path: &str) -> Option<&Resource> {
        self.by_path.get(path).and_then(|index| self.resources.get(*index))
    }

    fn index(&mut self, package: &Package) {
        for (index, resource) in self.resources.iter().enumerate() {
            if let Some((path, _)) = resource.path.as_deref().and_then(|path| package.find(path)) {
                self.by_path.entry(path.to_owned()).or_insert(index);
            }
        }
    }
}

/// Reads the manifest. Without one, all items and tests of the package are its resources.
pub(super) fn read(package: &Package) -> Result<Manifest, FormatError> {
    let mut manifest = Manifest::default();
    let paths = package
        .files()
        .map(|(path, _)| path)
        .filter(|path| path.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case("imsmanifest.xml")));
    // A package in a folder of the zip.
    if let Some(path) = paths.min_by_key(|path| path.matches('/').count()) {
        path.clone_into(&mut manifest.path);
        let prepared = xml::prepare(package.get(path).unwrap_or_default())?;
        let document = prepared.parse()?;
        resources(document.root_element(), &prepared, package, &mut manifest);
    } else {
        let text = "The package has no imsmanifest.xml. All items and tests that it contains are taken.".to_owned();
        manifest.warnings.push(Remark { place: Place::default(), text });
    }
    manifest.index(package);
    let unlisted = package.files().filter(|(path, bytes)| {
        has_ending(path, "xml") && *path != manifest.path && manifest.of_path(path).is_none() && is_qti(bytes)
    });
    let unlisted: Vec<Resource> = unlisted.map(|(path, bytes)| unlisted_resource(path, bytes)).collect();
    if !manifest.path.is_empty() {
        manifest.warnings.extend(unlisted.iter().map(|resource| Remark {
            place: Place { file: resource.href.clone(), ..Place::default() },
            text: "The manifest does not list this file. It is taken.".to_owned(),
        }));
    }
    manifest.resources.extend(unlisted);
    manifest.index(package);
    Ok(manifest)
}

fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(ending))
}

fn unlisted_resource(path: &str, bytes: &[u8]) -> Resource {
    Resource {
        id: path.to_owned(),
        kind: kind_of_content(bytes).unwrap_or(Kind::Item),
        href: path.to_owned(),
        path: Some(path.to_owned()),
        line: 1,
        tags: Vec::new(),
        difficulty: None,
    }
}

fn kind_of_content(bytes: &[u8]) -> Option<Kind> {
    let prepared = xml::prepare(bytes).ok()?;
    let document = prepared.parse().ok()?;
    match &*name(document.root_element()) {
        "assessmentTest" => Some(Kind::Test),
        "assessmentItem" => Some(Kind::Item),
        _ => Some(Kind::Other),
    }
}

fn resources(root: Node, prepared: &xml::Prepared, package: &Package, manifest: &mut Manifest) {
    for list in descendants(root, "resources") {
        for node in xml::children(list, "resource") {
            let kind = attribute(node, "type").unwrap_or_default().to_ascii_lowercase();
            let file = child(node, "file").and_then(|file| attribute(file, "href"));
            let href = attribute(node, "href").or(file).unwrap_or_default();
            // `xml:base` of the list and of the resource stand before the address.
            let base: String = [list, node].iter().filter_map(|node| attribute(*node, "base")).collect();
            let path = resolve(&manifest.path, &format!("{base}{href}"));
            let is_old = kind.contains("v1p1") || kind.contains("v1p2");
            let kind = if is_old {
                Kind::Other
            } else if kind.contains("_item") {
                Kind::Item
            } else if kind.contains("_test") || kind.contains("_assessment") {
                Kind::Test
            } else {
                let content = path.as_deref().and_then(|path| package.get(path)).filter(|content| is_qti(content));
                content.and_then(kind_of_content).unwrap_or(Kind::Other)
            };
            manifest.resources.push(Resource {
                id: attribute(node, "identifier").unwrap_or_default().trim().to_owned(),
                kind,
                href: href.chars().take(200).collect(),
                path,
                line: prepared.line(node),
                tags: keywords(node),
                difficulty: difficulty(node),
            });
        }
    }
}

/// Keywords of the learning object metadata.
fn keywords(resource: Node) -> Vec<String> {
    let words = descendants(resource, "keyword").map(|node| xml::text(node).trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn difficulty(resource: Node) -> Option<u8> {
    let node = descendants(resource, "difficulty").next()?;
    let value = child(node, "value").map_or_else(|| xml::text(node), xml::text).trim().to_lowercase();
    let levels = ["very easy", "easy", "medium", "difficult", "very difficult"];
    let level = levels.iter().position(|level| *level == value)?;
    u8::try_from(level + 1).ok()
}
