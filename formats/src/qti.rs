//! QTI 2.1, 2.2 and 3.0: a package as a zip or a folder, or a single item.
//!
//! Elements of QTI 3 are read by their names in QTI 2 (see `xml::name`), so one reader serves all versions.

mod declarations;
mod expressions;
mod interactions;
mod item;
mod manifest;
mod processing;
mod test;

use std::{collections::BTreeSet, rc::Rc};

use roxmltree::Node;

use crate::{
    Bank, FormatError, Place, Question, Remark,
    exam_title::exam_of_title,
    extension::{self, Extension, Found},
    labels::set_category,
    package::{Package, Pictures, resolve},
    reading::apply_tag,
    rich::{Rich, push_html},
    xml::{self, attribute, child, descendants, name},
};
use manifest::{Kind, Manifest, Resource};
use test::Reference;

/// How many bytes of a file tell whether it is an item or a test.
const SNIFF_BYTES: usize = 16 * 1024;

/// How many items outside exams a warning names.
const OUTSIDE_SHOWN_MAX: usize = 5;

/// The longest passage that is put before an item.
const PASSAGE_BYTES_MAX: usize = 256 * 1024;

/// Reads a package as a zip, or a single item.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if Package::is_zip(bytes) {
        return read_package(file_name, &Package::from_zip(bytes)?);
    }
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    let root = document.root_element();
    match &*name(root) {
        "assessmentItem" => {}
        "assessmentTest" | "manifest" => {
            return Err(FormatError(format!(
                "{file_name} names its questions in other files. Give the whole package, as a zip or a folder."
            )));
        }
        other => {
            return Err(FormatError(format!(
                "The file is no QTI 2 or 3: its first element is `{other}` instead of `assessmentItem`."
            )));
        }
    }
    let package = Package::from_files([(file_name.to_owned(), bytes.to_vec())])?;
    let mut reader = Reader {
        package: &package,
        pictures: Pictures::new(&package),
        manifest: &Manifest::default(),
        bank: Bank::default(),
        told: BTreeSet::new(),
        outside: Vec::new(),
    };
    let path = package.files().next().map_or(file_name, |(path, _)| path).to_owned();
    reader.item(&path, &Taken::default());
    Ok(reader.bank)
}

/// Whether a file of a package is an item or a test of QTI 2 or 3.
#[must_use]
pub fn is_qti(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(SNIFF_BYTES)];
    let has = |mark: &[u8]| head.windows(mark.len()).any(|window| window == mark);
    [b"assessmentItem".as_slice(), b"qti-assessment-item", b"assessmentTest", b"qti-assessment-test"]
        .iter()
        .any(|mark| has(mark))
        && !has(b"<manifest")
}

/// Reads all tests and items of a package.
pub fn read_package(file_name: &str, package: &Package) -> Result<Bank, FormatError> {
    let manifest = manifest::read(package)?;
    let mut reader = Reader {
        package,
        pictures: Pictures::new(package),
        manifest: &manifest,
        bank: Bank::default(),
        told: BTreeSet::new(),
        outside: Vec::new(),
    };
    for (path, reason) in package.left_out() {
        reader.bank.warnings.push(remark(path, None, format!("The file is left out: {reason}.")));
    }
    reader.bank.warnings.extend(manifest.warnings.iter().cloned());
    let mut done = BTreeSet::new();
    for resource in manifest.resources.iter().filter(|resource| resource.kind == Kind::Test) {
        reader.test(resource, &mut done);
    }
    let has_exams = !reader.bank.exams.is_empty();
    for resource in manifest.resources.iter().filter(|resource| resource.kind == Kind::Item) {
        let Some(path) = reader.path_of(resource) else { continue };
        if done.insert(path.clone()) {
            reader.item(&path, &Taken::default());
        }
    }
    if has_exams && !reader.outside.is_empty() {
        let text = outside(&reader.outside);
        reader.bank.warnings.push(remark(&manifest.path, None, text));
    }
    if reader.bank.questions.is_empty() && reader.bank.refused.is_empty() {
        return Err(FormatError(format!("{file_name} contains no item of QTI 2 or 3.")));
    }
    Ok(reader.bank)
}

/// The items that no exam of a package names, in one sentence or two.
fn outside(ids: &[String]) -> String {
    let shown = ids.iter().take(OUTSIDE_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if ids.len() > OUTSIDE_SHOWN_MAX { ", …" } else { "" };
    match ids.len() {
        1 => format!("The item {shown} is in no exam of the package. It is taken as a question outside exams."),
        count => {
            format!(
                "{count} items are in no exam of the package. They are taken as questions outside exams: {shown}{more}."
            )
        }
    }
}

fn remark(path: &str, id: Option<&str>, text: String) -> Remark {
    Remark { place: Place { file: path.to_owned(), id: id.map(str::to_owned), ..Place::default() }, text }
}

/// How a test uses an item.
#[derive(Debug, Clone, Default)]
struct Taken {
    weight: Option<f64>,
    minutes: Option<f64>,
    exam: Option<usize>,
    number: Option<u32>,
    /// Titles of the sections around it.
    sections: Vec<String>,
    /// Texts of these sections, as HTML with the file that they stand in.
    passages: Vec<(Rc<str>, Rc<str>)>,
}

struct Reader<'a> {
    package: &'a Package,
    pictures: Pictures<'a>,
    manifest: &'a Manifest,
    bank: Bank,
    /// Exams of which a question of our own export tells everything.
    told: BTreeSet<usize>,
    /// Ids of questions that no exam names. Those of our own export are left out, since they are in no exam on purpose.
    outside: Vec<String>,
}

impl Reader<'_> {
    /// The path of a resource's file as the package spells it. Refuses the resource if the file is missing.
    fn path_of(&mut self, resource: &Resource) -> Option<String> {
        let reason = match &resource.path {
            Some(path) => match self.package.find(path) {
                Some((path, _)) => return Some(path.to_owned()),
                None => format!("The file {path} is missing in the package."),
            },
            None => format!("The path {} leaves the package, or is none.", resource.href),
        };
        let place = Place {
            file: self.manifest.path.clone(),
            line: Some(resource.line),
            id: Some(resource.id.clone()),
            ..Place::default()
        };
        self.bank.refused.push(Remark { place, text: reason });
        None
    }

    fn test(&mut self, resource: &Resource, done: &mut BTreeSet<String>) {
        let Some(path) = self.path_of(resource) else { return };
        let test = match test::read(self.package, &path) {
            Ok(test) => test,
            Err(error) => {
                self.bank.refused.push(remark(&path, Some(&resource.id), format!("The test is refused: {error}")));
                return;
            }
        };
        self.bank.warnings.extend(test.warnings);
        self.bank.refused.extend(test.refused);
        let exam = self.bank.exams.len();
        self.bank.exams.push(exam_of_title(test.title.as_deref().unwrap_or(&resource.id)));
        let first = self.bank.questions.len();
        let mut number = 0;
        for Reference { path: item, place, mut taken, href } in test.references {
            let found = item.as_deref().and_then(|item| self.package.find(item)).map(|(path, _)| path.to_owned());
            let Some(found) = found else {
                let reason = if item.is_some() { "is missing in the package" } else { "leaves the package" };
                self.bank.refused.push(Remark { place, text: format!("The file {href} {reason}.") });
                if let Some(item) = item {
                    done.insert(item);
                }
                continue;
            };
            if !done.insert(found.clone()) {
                self.bank.warnings.push(Remark { place, text: format!("The item {found} was taken before.") });
                continue;
            }
            taken.exam = Some(exam);
            taken.number = Some(number + 1);
            if self.item(&found, &taken) {
                number += 1;
            }
        }
        if self.told.contains(&exam) {
            return;
        }
        let parts = self.bank.questions[first..].iter().flat_map(|question| &question.parts);
        self.bank.exams[exam].points = parts.map(|part| part.points).sum::<Option<f64>>().filter(|_| number > 0);
    }

    /// Reads an item. Returns whether it was taken.
    fn item(&mut self, path: &str, taken: &Taken) -> bool {
        let resource = self.manifest.of_path(path);
        let own_id = resource.map(|resource| resource.id.clone());
        match self.question(path, taken) {
            // A question of our own export has its tags already.
            Ok((question, true)) => {
                self.bank.questions.push(question);
                true
            }
            Ok((mut question, false)) => {
                for tag in resource.iter().flat_map(|resource| &resource.tags) {
                    apply_tag(&mut question, tag);
                }
                question.difficulty = question.difficulty.or(resource.and_then(|resource| resource.difficulty));
                self.bank.questions.push(question);
                true
            }
            Err((place, reason)) => {
                let place = Place { id: place.id.or(own_id), ..place };
                self.bank.refused.push(Remark { place, text: reason });
                false
            }
        }
    }

    /// A question, and whether it is one of our own export that was not changed since.
    fn question(&mut self, path: &str, taken: &Taken) -> Result<(Question, bool), (Place, String)> {
        let mut place = Place { file: path.to_owned(), ..Place::default() };
        let bytes = self.package.get(path).unwrap_or_default();
        let prepared = xml::prepare(bytes).map_err(|error| (place.clone(), error.0))?;
        let document = prepared.parse().map_err(|error| (place.clone(), error.0))?;
        let root = document.root_element();
        place.line = Some(prepared.line(root));
        place.id = attribute(root, "identifier").map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned);
        let title = attribute(root, "title").map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
        let named = title.as_deref().map(|title| format!(" “{title}”")).unwrap_or_default();
        if name(root) != "assessmentItem" {
            let text = format!("The file is no item: its first element is `{}`.", name(root));
            return Err((place, text));
        }
        let is_of_our_export = attribute(root, "toolName") == Some("pastpaper");
        let is_ours = taken.passages.is_empty() && is_of_our_export;
        match extension::find(root) {
            Found::Question(whole) if is_ours => return Ok((self.whole(*whole, taken, place), true)),
            Found::Unused(text) => self.bank.warnings.push(Remark { place: place.clone(), text }),
            _ => {}
        }
        let mut rich = Rich::default();
        let pictures = &self.pictures;
        let mut before: Vec<String> = taken
            .passages
            .iter()
            .map(|(file, html)| rich.html(html, &|source| picture(pictures, file, source)))
            .collect();
        for reference in descendants(root, "assessmentStimulusRef").filter_map(|node| attribute(node, "href")) {
            match stimulus(pictures, path, reference, &mut rich) {
                Ok(text) => before.push(text),
                Err(reason) => rich.warnings.push(format!("The passage {reference} {reason}.")),
            }
        }
        let find = |source: &str| picture(pictures, path, source);
        let read = item::read(root, taken.weight, &mut rich, &find);
        let warnings = prepared.repairs.iter().cloned().chain(std::mem::take(&mut rich.warnings));
        self.bank.warnings.extend(warnings.map(|text| Remark { place: place.clone(), text }));
        let mut question =
            read.map_err(|reason| (place.clone(), format!("The question{named} is refused: {reason}")))?;
        before.push(std::mem::take(&mut question.stem));
        before.retain(|text| !text.is_empty());
        question.stem = before.join("\n\n");
        set_category(&mut question, &taken.sections);
        (question.place, question.title, question.figures) = (place, title, rich.figures);
        (question.exam, question.number, question.minutes) = (taken.exam, taken.number, taken.minutes);
        if taken.exam.is_none() && !is_of_our_export {
            self.outside.push(question.place.id.clone().unwrap_or_else(|| path.to_owned()));
        }
        Ok((question, false))
    }

    /// A question of our own export, with all that QTI cannot say.
    fn whole(&mut self, whole: Extension, taken: &Taken, place: Place) -> Question {
        let Extension { mut question, id, exam, files } = whole;
        for (figure, file) in question.figures.iter_mut().zip(files) {
            let Some(file) = file else { continue };
            figure.bytes = self.pictures.get(&file).map(|(_, bytes)| bytes);
            if figure.bytes.is_none() {
                let text = format!("The picture {file} is not in the file.");
                self.bank.warnings.push(Remark { place: place.clone(), text });
            }
        }
        question.exam = match (taken.exam, exam) {
            // A test of our export has the title of its exam. Another title was given to it since.
            (Some(index), Some(exam)) => {
                let title = exam.title.trim();
                let is_same = self.bank.exams.get(index).is_some_and(|test| title.is_empty() || test.title == title);
                if is_same && self.told.insert(index) {
                    self.bank.exams[index] = exam;
                }
                Some(index)
            }
            (Some(index), None) => Some(index),
            (None, exam) => exam.map(|exam| extension::put_exam(&mut self.bank, exam)),
        };
        question.place = Place { id, ..place };
        question
    }
}

fn picture(pictures: &Pictures, file: &str, source: &str) -> Option<(String, Vec<u8>)> {
    pictures.get(&resolve(file, source)?)
}

/// The text of a passage that several items share.
fn stimulus(pictures: &Pictures, file: &str, href: &str, rich: &mut Rich) -> Result<String, String> {
    let path = resolve(file, href).ok_or("leaves the package")?;
    let (path, bytes) = pictures.package.find(&path).ok_or("is missing in the package")?;
    if bytes.len() > PASSAGE_BYTES_MAX {
        return Err(format!("has more than {} KiB", PASSAGE_BYTES_MAX / 1024));
    }
    let prepared = xml::prepare(bytes).map_err(|error| format!("cannot be read: {error}"))?;
    let document = prepared.parse().map_err(|error| format!("cannot be read: {error}"))?;
    let root = document.root_element();
    let body = child(root, "stimulusBody").unwrap_or(root);
    Ok(interactions::text_of(body, rich, &|source| picture(pictures, path, source)))
}

/// HTML of a text in a test.
fn passage_html(node: Node) -> String {
    let mut html = String::new();
    push_html(&mut html, node, &mut |inner| {
        if name(inner) == "contentBody" { crate::rich::Instead::Content } else { crate::rich::Instead::Same }
    });
    html
}
