//! QTI 1.2, as Canvas, Blackboard and Respondus write it: a file, or the zip of a cartridge.

mod conditions;
mod item;
mod presentation;

use roxmltree::Node;

use crate::{
    Bank, Figure, FormatError, Place, Remark,
    exam_title::exam_of_title,
    package::{Package, Pictures, resolve},
    rich::Rich,
    xml::{self, attribute, child, child_text, children, descendant, elements, name},
};

/// How many bytes of a file tell whether it is QTI 1.2.
const SNIFF_BYTES: usize = 64 * 1024;

/// Reads a file of items, or a zip with such files.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if Package::is_zip(bytes) {
        return read_package(file_name, &Package::from_zip(bytes)?);
    }
    let mut bank = Bank::default();
    read_file(file_name, bytes, None, &mut bank)?;
    Ok(bank)
}

/// Whether a file of a package is QTI 1.2.
#[must_use]
pub fn is_qti12(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(SNIFF_BYTES)];
    head.windows(15).any(|window| window == b"questestinterop")
}

/// Reads all files of items in a package.
pub fn read_package(file_name: &str, package: &Package) -> Result<Bank, FormatError> {
    let mut bank = Bank::default();
    for (path, reason) in package.left_out() {
        bank.warnings.push(remark(path, format!("The file is left out: {reason}.")));
    }
    let paths: Vec<&str> = package
        .files()
        .filter(|(path, bytes)| !path.ends_with("imsmanifest.xml") && is_qti12(bytes))
        .map(|(path, _)| path)
        .collect();
    if paths.is_empty() {
        return Err(FormatError(format!("{file_name} contains no file of QTI 1.2.")));
    }
    let pictures = Pictures::new(package);
    for path in &paths {
        if let Some(full) = canvas_twin(path, &paths) {
            let text = format!("The file is left out: {full} holds the same quiz with more question types.");
            bank.skipped.push(remark(path, text));
            continue;
        }
        let bytes = package.get(path).unwrap_or_default();
        if let Err(error) = read_file(path, bytes, Some(&pictures), &mut bank) {
            bank.refused.push(remark(path, error.0));
        }
    }
    Ok(bank)
}

fn remark(path: &str, text: String) -> Remark {
    Remark { place: Place { file: path.to_owned(), ..Place::default() }, text }
}

/// Canvas writes each quiz twice: as a Common Cartridge, which knows few types, and in full.
fn canvas_twin<'a>(path: &str, paths: &[&'a str]) -> Option<&'a str> {
    let id = path.strip_suffix("/assessment_qti.xml")?.rsplit('/').next()?;
    let name = format!("{id}.xml.qti");
    paths.iter().copied().find(|other| other.rsplit('/').next() == Some(name.as_str()))
}

fn read_file(path: &str, bytes: &[u8], package: Option<&Pictures>, bank: &mut Bank) -> Result<(), FormatError> {
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    let root = document.root_element();
    if !name(root).eq_ignore_ascii_case("questestinterop") {
        return Err(FormatError(format!(
            "The file is no QTI 1.2: its first element is `{}` instead of `questestinterop`.",
            name(root)
        )));
    }
    bank.warnings.extend(prepared.repairs.iter().map(|text| remark(path, text.clone())));
    let mut reader =
        Reader { path, package, prepared: &prepared, bank, intro: None, exam: None, number: 0, points: Some(0.0) };
    reader.container(root, &Topic::default());
    reader.end_intro();
    Ok(())
}

/// Category and topic of what is being read.
#[derive(Debug, Clone, Default)]
struct Topic {
    category: Option<String>,
    topic: Option<String>,
}

/// A text without a question, which waits for the question after it.
struct Intro {
    place: Place,
    text: String,
    figures: Vec<Figure>,
}

struct Reader<'a> {
    path: &'a str,
    package: Option<&'a Pictures<'a>>,
    prepared: &'a xml::Prepared,
    bank: &'a mut Bank,
    intro: Option<Intro>,
    exam: Option<usize>,
    number: u32,
    /// Sum of the points of the exam, while each question says its points.
    points: Option<f64>,
}

impl Reader<'_> {
    fn place(&self, node: Node) -> Place {
        Place {
            file: self.path.to_owned(),
            line: Some(self.prepared.line(node)),
            id: attribute(node, "ident").map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned),
            ..Place::default()
        }
    }

    fn container(&mut self, node: Node, topic: &Topic) {
        for inner in elements(node) {
            match &*name(inner) {
                "assessment" => self.assessment(inner),
                "section" => self.section(inner, topic),
                "objectbank" => self.object_bank(inner),
                "item" => self.item(inner, topic),
                "itemref" | "sectionref" | "sourcebank_ref" => self.reference(inner),
                _ => {}
            }
        }
    }

    fn assessment(&mut self, node: Node) {
        self.end_intro();
        let title = attribute(node, "title").map(str::trim).filter(|title| !title.is_empty());
        self.exam = title.map(|title| {
            self.bank.exams.push(exam_of_title(title));
            self.bank.exams.len() - 1
        });
        (self.number, self.points) = (0, Some(0.0));
        self.container(node, &Topic::default());
        self.end_intro();
        if let Some(exam) = self.exam.take() {
            self.bank.exams[exam].points = self.points.filter(|_| self.number > 0);
        }
    }

    fn object_bank(&mut self, node: Node) {
        self.end_intro();
        let title =
            item::metadata(node).get("bank_title").cloned().or_else(|| attribute(node, "title").map(str::to_owned));
        self.container(node, &Topic { category: None, topic: title.filter(|title| !title.trim().is_empty()) });
        self.end_intro();
    }

    /// Nested sections are category and topic.
    fn section(&mut self, node: Node, outer: &Topic) {
        let title = attribute(node, "title").map(str::trim).filter(|title| !title.is_empty());
        let topic = match title {
            Some(title) => {
                Topic { category: outer.topic.clone().or(outer.category.clone()), topic: Some(title.to_owned()) }
            }
            None => outer.clone(),
        };
        let selection = descendant(node, "selection");
        if let Some(selection) = selection {
            let count = child_text(selection, "selection_number").unwrap_or_else(|| "some".to_owned());
            let bank = child_text(selection, "sourcebank_ref");
            let place = self.place(node);
            match bank {
                Some(bank) => self.bank.skipped.push(Remark {
                    place,
                    text: format!(
                        "The section selects {count} questions of the bank `{bank}` at random. Import that bank itself."
                    ),
                }),
                None if children(node, "item").count() > 0 => self.bank.warnings.push(Remark {
                    place,
                    text: format!("The section selects {count} of its questions at random. All are taken."),
                }),
                None => {}
            }
        }
        self.container(node, &topic);
    }

    fn reference(&mut self, node: Node) {
        let id = attribute(node, "linkrefid").unwrap_or_default();
        let place = self.place(node);
        let text = format!("The reference to `{id}` is left out. Its questions are taken where they stand.");
        self.bank.skipped.push(Remark { place, text });
    }

    fn item(&mut self, node: Node, topic: &Topic) {
        let place = self.place(node);
        let intro = self.intro.take();
        let figures = intro.as_ref().map(|intro| intro.figures.clone()).unwrap_or_default();
        let (path, package) = (self.path, self.package);
        let find = move |source: &str| find_file(path, package?, source);
        let mut texts = presentation::Texts { rich: Rich::after(figures), find: &find };
        let outcome = item::read(node, &mut texts);
        let title = attribute(node, "title").map(str::trim).filter(|title| !title.is_empty());
        let named = title.map(|title| format!(" “{title}”")).unwrap_or_default();
        let warnings = std::mem::take(&mut texts.rich.warnings);
        self.bank.warnings.extend(warnings.into_iter().map(|text| Remark { place: place.clone(), text }));
        match outcome {
            Ok(item::Read::Question(mut question)) => {
                if let Some(intro) = intro {
                    let text = format!("This text was put before the question{named}.");
                    self.bank.warnings.push(Remark { place: intro.place, text });
                    let stem = format!("{}\n\n{}", intro.text, question.stem);
                    stem.trim_end().clone_into(&mut question.stem);
                }
                question.place = place;
                question.title = title.map(str::to_owned);
                question.category = question.category.or_else(|| topic.category.clone());
                question.topic = question.topic.or_else(|| topic.topic.clone());
                question.figures = texts.rich.figures;
                if let Some(exam) = self.exam {
                    self.number += 1;
                    question.exam = Some(exam);
                    question.number = Some(self.number);
                    let points: Option<f64> = question.parts.iter().map(|part| part.points).sum();
                    self.points = self.points.zip(points).map(|(a, b)| a + b);
                }
                self.bank.questions.push(*question);
            }
            Ok(item::Read::Text(text)) => {
                let text = intro.iter().map(|intro| intro.text.clone()).chain([text]).collect::<Vec<_>>().join("\n\n");
                let place = intro.map_or(place, |intro| intro.place);
                self.intro = Some(Intro { place, text, figures: texts.rich.figures });
            }
            Err(reason) => {
                self.intro = intro;
                self.bank.refused.push(Remark { place, text: format!("The question{named} is refused: {reason}") });
            }
        }
    }

    fn end_intro(&mut self) {
        if let Some(intro) = self.intro.take() {
            let text = "The text without a question is left out: no question follows it.".to_owned();
            self.bank.skipped.push(Remark { place: intro.place, text });
        }
    }
}

/// A picture of a package. Canvas names its folder of files by a variable.
fn find_file(path: &str, pictures: &Pictures, source: &str) -> Option<(String, Vec<u8>)> {
    let source = source.trim();
    let take = |path: &str| pictures.get(path);
    for variable in ["$IMS-CC-FILEBASE$", "%24IMS-CC-FILEBASE%24", "$IMS_CC_FILEBASE$", "%24IMS_CC_FILEBASE%24"] {
        if let Some(rest) = source.strip_prefix(variable) {
            let inside = resolve("", rest.trim_start_matches('/'))?;
            return take(&format!("web_resources/{inside}")).or_else(|| take(&inside));
        }
    }
    let resolved = resolve(path, source)?;
    let last = resolved.rsplit('/').next()?;
    take(&resolved).or_else(|| take(&resolve("", source)?)).or_else(|| take(pictures.package.by_name(last)?))
}

/// The first element of this name, in any letter case.
fn any_child<'a, 'input>(node: Node<'a, 'input>, wanted: &str) -> Option<Node<'a, 'input>> {
    child(node, wanted).or_else(|| elements(node).find(|inner| name(*inner).eq_ignore_ascii_case(wanted)))
}
