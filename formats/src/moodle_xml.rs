//! Moodle XML: the format of Moodle's question banks.
//!
//! A backup of Moodle is another format. It is told apart and refused with the way to get this one.

mod answers;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use roxmltree::Node;

use crate::{
    Answer, Bank, Figure, FormatError, Place, Question, Remark,
    extension::{self, Extension, Found},
    labels::finite,
    package::{Package, percent_decoded},
    reading::{apply_tag, split_category},
    rich::{Rich, decoded_base64, inner_html},
    xml::{self, attribute, child, child_text, children, elements, name},
};

/// Reads a file of questions.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    // A backup is a tar that is packed by gzip, or a zip in old versions.
    if bytes.starts_with(b"\x1f\x8b") || (Package::is_zip(bytes) && contains(bytes, b"moodle_backup.xml")) {
        return Err(backup(file_name));
    }
    if Package::is_zip(bytes) {
        return Err(FormatError(format!(
            "{file_name} is a zip. Moodle XML is a single file: unpack the zip and import that file."
        )));
    }
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    let root = document.root_element();
    match root.tag_name().name() {
        "quiz" => {}
        "moodle_backup" | "MOODLE_BACKUP" | "question_categories" => return Err(backup(file_name)),
        other => {
            return Err(FormatError(format!(
                "The file is no Moodle XML: its first element is `{other}` instead of `quiz`."
            )));
        }
    }
    let mut reader =
        Reader { file: file_name, prepared: &prepared, bank: Bank::default(), category: (None, None), intro: None };
    for repair in &prepared.repairs {
        reader.bank.warnings.push(Remark { place: reader.place_of_file(), text: repair.clone() });
    }
    for node in elements(root) {
        if name(node) == "question" {
            reader.question(node);
        } else {
            let text = format!("The element `{}` is no question.", name(node));
            let place = reader.place(node);
            reader.bank.skipped.push(Remark { place, text });
        }
    }
    reader.end_intro();
    Ok(reader.bank)
}

fn backup(file_name: &str) -> FormatError {
    FormatError(format!(
        "{file_name} is a Moodle backup (.mbz), not a question bank. In Moodle, open Question bank, Export, choose `Moodle XML \
         format`, and import that file."
    ))
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// The names on the path of a category.
fn names<'a>(category: Option<&'a str>, topic: Option<&'a str>) -> Vec<&'a str> {
    let all = [category, topic].into_iter().flatten().flat_map(|names| names.split('/'));
    all.map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// A description that waits for the question after it.
struct Intro {
    place: Place,
    text: String,
    figures: Vec<Figure>,
}

struct Reader<'a> {
    file: &'a str,
    prepared: &'a xml::Prepared,
    bank: Bank,
    /// Category and topic.
    category: (Option<String>, Option<String>),
    intro: Option<Intro>,
}

/// Why there is no question.
enum Other {
    Refused(String),
    Skipped(String),
}

impl Reader<'_> {
    fn place_of_file(&self) -> Place {
        Place { file: self.file.to_owned(), ..Place::default() }
    }

    fn place(&self, node: Node) -> Place {
        Place { line: Some(self.prepared.line(node)), id: child_text(node, "idnumber"), ..self.place_of_file() }
    }

    fn question(&mut self, node: Node) {
        let kind = attribute(node, "type").unwrap_or_default().trim().to_ascii_lowercase();
        if kind == "category" {
            self.end_intro();
            let path = child(node, "category").and_then(|category| child_text(category, "text")).unwrap_or_default();
            self.category = split_category(&path);
            return;
        }
        let place = self.place(node);
        let title = child(node, "name").map(|name| text_of(name).trim().to_owned()).filter(|title| !title.is_empty());
        let named = title.as_deref().map(|title| format!(" “{title}”")).unwrap_or_default();
        let intro = self.intro.take();
        let mut texts = Texts::after(intro.as_ref().map(|intro| intro.figures.clone()).unwrap_or_default());
        texts.use_files_of(node);
        if kind == "description" {
            let text = texts.of_child(node, "questiontext");
            let joined =
                intro.iter().map(|intro| intro.text.as_str()).chain([text.as_str()]).collect::<Vec<_>>().join("\n\n");
            self.warn(&place, &texts.rich.warnings);
            let place = intro.map_or(place, |intro| intro.place);
            self.intro = Some(Intro { place, text: joined, figures: texts.rich.figures });
            return;
        }
        match extension::find(node) {
            // The figures of a description would change the numbers of ours.
            Found::Question(_) if intro.as_ref().is_some_and(|intro| !intro.figures.is_empty()) => {}
            Found::Question(whole) => {
                let mut question = self.whole(*whole, node, place);
                self.put_after(intro, &named, &mut question);
                self.bank.questions.push(question);
                return;
            }
            Found::Unused(reason) => self.warn(&place, &[reason]),
            Found::Nothing => {}
        }
        let (category, topic) = self.category.clone();
        let mut question = Question { place: place.clone(), title, category, topic, ..Question::default() };
        match fill(&mut question, node, &kind, &mut texts) {
            Ok(()) => {
                self.warn(&place, &texts.rich.warnings);
                self.put_after(intro, &named, &mut question);
                question.figures = texts.rich.figures;
                self.bank.questions.push(question);
            }
            Err(other) => {
                // The description is about what follows, so it waits for the next question.
                self.intro = intro;
                match other {
                    Other::Refused(reason) => {
                        self.bank
                            .refused
                            .push(Remark { place, text: format!("The question{named} is refused: {reason}") });
                    }
                    Other::Skipped(reason) => {
                        self.bank
                            .skipped
                            .push(Remark { place, text: format!("The question{named} is left out: {reason}") });
                    }
                }
            }
        }
    }

    /// A question of our own export, with all that Moodle XML cannot say.
    fn whole(&mut self, whole: Extension, node: Node, place: Place) -> Question {
        let Extension { mut question, id, exam, files } = whole;
        let mut warnings = Vec::new();
        let mut found = Files::new();
        for holder in node.descendants().filter(|inner| inner.has_tag_name("file")).filter_map(|file| file.parent()) {
            found.extend(files_of(holder, &mut warnings));
        }
        for (figure, file) in question.figures.iter_mut().zip(&files) {
            figure.bytes = file.as_ref().and_then(|file| found.get(file)).map(|(_, bytes)| bytes.clone());
        }
        warnings.dedup();
        self.warn(&place, &warnings);
        // A question may have been moved to another category.
        let (category, topic) = &self.category;
        if names(category.as_deref(), topic.as_deref())
            != names(question.category.as_deref(), question.topic.as_deref())
        {
            (question.category, question.topic) = self.category.clone();
        }
        question.exam = exam.map(|exam| extension::put_exam(&mut self.bank, exam));
        question.place = Place { id, ..place };
        question
    }

    /// Puts a description before the text of a question.
    fn put_after(&mut self, intro: Option<Intro>, named: &str, question: &mut Question) {
        if let Some(intro) = intro {
            let text = format!("This description was put before the question{named}.");
            self.bank.warnings.push(Remark { place: intro.place, text });
            question.stem =
                if question.stem.is_empty() { intro.text } else { format!("{}\n\n{}", intro.text, question.stem) };
        }
    }

    fn warn(&mut self, place: &Place, warnings: &[String]) {
        self.bank.warnings.extend(warnings.iter().map(|text| Remark { place: place.clone(), text: text.clone() }));
    }

    /// A description after which no question follows in its category.
    fn end_intro(&mut self) {
        if let Some(intro) = self.intro.take() {
            let text = "The description is left out: no question follows it in its category.".to_owned();
            self.bank.skipped.push(Remark { place: intro.place, text });
        }
    }
}

/// Reads everything except name, place and category.
fn fill(question: &mut Question, node: Node, kind: &str, texts: &mut Texts) -> Result<(), Other> {
    answers::check_kind(kind)?;
    if !answers::is_cloze(kind) {
        question.stem = texts.of_child(node, "questiontext");
    }
    answers::fill(question, node, kind, texts)?;
    if let Some(path) = texts.old_image.take() {
        let mut html = "<img src=\"".to_owned();
        xml::push_escaped(&mut html, &path);
        html.push_str("\">");
        let shown = texts.reduced(&html, node);
        let stem = format!("{}\n{shown}", question.stem);
        stem.trim().clone_into(&mut question.stem);
    }
    let solution = texts.of_child(node, "generalfeedback");
    let grader = texts.of_child(node, "graderinfo");
    let solutions: Vec<String> = [solution, grader].into_iter().filter(|text| !text.is_empty()).collect();
    question.solution = (!solutions.is_empty()).then(|| solutions.join("\n\n"));
    if question.stem.is_empty() && question.parts.iter().all(|part| part.text.is_empty()) {
        return Err(Other::Refused("it has no text.".to_owned()));
    }
    let hints: Vec<String> =
        children(node, "hint").map(|hint| texts.of(hint)).filter(|hint| !hint.is_empty()).collect();
    if let Some(part) = question.parts.first_mut().filter(|_| !hints.is_empty()) {
        part.hint = Some(hints.join("\n"));
    }
    for tag in children(node, "tags").flat_map(|tags| children(tags, "tag")) {
        let tag = text_of(tag);
        if tag.trim() == ALL_OR_NOTHING {
            question.parts.iter_mut().for_each(all_or_nothing);
        } else {
            apply_tag(question, &tag);
        }
    }
    if let Some(penalty) =
        child_text(node, "penalty").filter(|penalty| finite(penalty).is_some_and(|share| share > 0.0))
    {
        question.extra.push(("penalty".to_owned(), penalty));
    }
    for (element, label) in [
        ("correctfeedback", "feedback if right"),
        ("partiallycorrectfeedback", "feedback if partly right"),
        ("incorrectfeedback", "feedback if wrong"),
        ("responsetemplate", "response template"),
    ] {
        let text = texts.of_child(node, element);
        if !text.is_empty() {
            question.extra.push((label.to_owned(), text));
        }
    }
    if child_text(node, "shuffleanswers").is_some_and(|value| !is_true(&value)) {
        question.extra.push(("shuffle".to_owned(), "no".to_owned()));
    }
    if child_text(node, "hidden").is_some_and(|value| is_true(&value)) {
        question.extra.push(("hidden".to_owned(), "yes".to_owned()));
        texts
            .rich
            .warnings
            .push("Moodle hides this question: it was deleted, or replaced by a later version.".to_owned());
    }
    Ok(())
}

/// A tag of our export: several options give points only together.
const ALL_OR_NOTHING: &str = "all-or-nothing";

fn all_or_nothing(part: &mut crate::Part) {
    if let Answer::Choice { options, several: true, weighted } = &mut part.answer {
        *weighted = false;
        for option in options {
            option.weight = None;
        }
    }
}

fn is_true(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
}

/// The `text` child of an element, or its own text.
fn text_of(node: Node) -> String {
    child(node, "text").map_or_else(|| xml::text(node), inner_html)
}

/// The text of an element as HTML, whatever its format.
fn html_of(node: Node) -> String {
    let source = text_of(node);
    match attribute(node, "format").unwrap_or("html") {
        "plain_text" | "plain" => {
            let mut html = String::new();
            xml::push_escaped(&mut html, source.trim());
            html.replace('\n', "<br>")
        }
        "moodle_auto_format" => source.trim().replace('\n', "<br>"),
        "markdown" => markdown(&source),
        _ => source,
    }
}

/// The files of an element: name without folder, and with it.
type Files = HashMap<String, (String, Vec<u8>)>;

/// Texts of one question.
pub(crate) struct Texts {
    rich: Rich,
    /// Files that stand outside the text that shows them, as old exports have it.
    files: Files,
    /// The picture that Moodle 1 shows below the text.
    old_image: Option<String>,
}

impl Texts {
    fn after(figures: Vec<Figure>) -> Self {
        Self { rich: Rich::after(figures), files: Files::new(), old_image: None }
    }

    fn use_files_of(&mut self, node: Node) {
        self.files = files_of(node, &mut self.rich.warnings);
        if let Some(image) = child_text(node, "image_base64").and_then(|text| decoded_base64(&text)) {
            let path = child_text(node, "image").unwrap_or_else(|| "image".to_owned());
            self.files.insert(path.clone(), (path.clone(), image));
            self.old_image = Some(path);
        }
    }

    fn of_child(&mut self, node: Node, wanted: &str) -> String {
        child(node, wanted).map(|inner| self.of(inner)).unwrap_or_default()
    }

    /// The text of an element with `format`, `text` and `file`.
    fn of(&mut self, node: Node) -> String {
        let html = html_of(node);
        self.reduced(&html, node)
    }

    /// Reduces HTML that stands in an element, whose files it may show.
    fn reduced(&mut self, html: &str, node: Node) -> String {
        let own = files_of(node, &mut self.rich.warnings);
        let Self { rich, files, .. } = self;
        let used = RefCell::new(BTreeSet::new());
        let text = rich.html(html, &|source| {
            let path = source.trim().strip_prefix("@@PLUGINFILE@@/").unwrap_or(source);
            let path = path.split(['?', '#']).next().unwrap_or(path);
            let decoded = percent_decoded(path);
            let found = own.get(&decoded).or_else(|| own.get(path)).or_else(|| files.get(&decoded));
            if let Some((path, _)) = found {
                used.borrow_mut().insert(path.clone());
            }
            found.cloned()
        });
        let used = used.into_inner();
        let mut unused: Vec<&str> =
            own.values().map(|(path, _)| path.as_str()).filter(|path| !used.contains(*path)).collect();
        if !unused.is_empty() {
            unused.sort_unstable();
            rich.warnings.push(format!("Files that no text shows are left out: {}.", unused.join(", ")));
        }
        text
    }
}

fn files_of(node: Node, warnings: &mut Vec<String>) -> Files {
    let mut files = Files::new();
    for file in children(node, "file") {
        let Some(name) = attribute(file, "name") else { continue };
        let folder = attribute(file, "path").unwrap_or("/").trim_matches('/');
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let content = xml::text(file);
        let bytes = match attribute(file, "encoding") {
            Some("base64") | None => decoded_base64(&content),
            Some(_) => None,
        };
        match bytes {
            Some(bytes) => {
                files.insert(path.clone(), (path, bytes));
            }
            None => warnings.push(format!("The file {path} is not valid base64 and is left out.")),
        }
    }
    files
}

/// Markdown as HTML, as far as pictures, emphasis and paragraphs go. Formulas keep their underscores and stars.
fn markdown(source: &str) -> String {
    let mut html = String::with_capacity(source.len());
    let mut rest = source.trim();
    while let Some(at) = rest.find("![") {
        html.push_str(&rest[..at]);
        let image = rest[at + 2..].split_once("](").and_then(|(alt, after)| {
            let (address, after) = after.split_once(')')?;
            (!alt.contains(['\n', '[']) && !address.contains('\n')).then_some((alt, address, after))
        });
        if let Some((alt, address, after)) = image {
            html.push_str("<img src=\"");
            xml::push_escaped(&mut html, address.split_whitespace().next().unwrap_or_default());
            html.push_str("\" alt=\"");
            xml::push_escaped(&mut html, alt);
            html.push_str("\">");
            rest = after;
        } else {
            html.push_str("![");
            rest = &rest[at + 2..];
        }
    }
    html.push_str(rest);
    html.replace("\n\n", "<p>").replace("  \n", "<br>")
}
