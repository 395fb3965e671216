//! Problems of Open edX (OLX): a problem, a library, or a course as a folder in a zip or tar.
//!
//! Each input is marked by itself there, so each is a part of the question.

mod course;
mod expression;
mod pattern;
mod responses;

use std::io::Read as _;

use roxmltree::Node;

use crate::{
    Answer, Bank, FormatError, Part, Place, Question, Remark,
    package::{MEMBERS_MAX, Package, UNPACKED_BYTES_MAX},
    rich::{FindFile, Instead, Rich, push_html},
    xml::{self, attribute, children, descendants, elements, name},
};

/// Stands in the HTML of a problem where a response stands. A noncharacter, which no text has.
const RESPONSE: char = '\u{fdd4}';

/// Reads a problem, or all problems of a library or course.
///
/// # Errors
/// The file is neither XML of Open edX nor an archive of it.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if Package::is_zip(bytes) {
        return course::read(file_name, &Package::from_zip(bytes)?);
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return course::read(file_name, &tar(&gunzipped(bytes)?)?);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return course::read(file_name, &tar(bytes)?);
    }
    let prepared = xml::prepare(bytes)?;
    let document = prepared.parse()?;
    let root = document.root_element();
    if !course::HOLDERS.contains(&&*name(root)) && name(root) != "problem" {
        return Err(FormatError(format!("This is no problem of Open edX: its first element is <{}>.", name(root))));
    }
    let mut bank = Bank::default();
    let problems: Vec<Node> = descendants(root, "problem").collect();
    let count = problems.len();
    for problem in problems {
        if !has_content(problem) && count > 1 {
            let text = "The problem is in another file.".to_owned();
            bank.skipped.push(Remark { place: place(file_name, Some(prepared.line(problem)), None), text });
            continue;
        }
        let source =
            Source { file: file_name, category: None, topic: None, line: &|node| prepared.line(node), find: &|_| None };
        source.read(problem, &mut bank);
    }
    if count == 0 {
        return Err(FormatError("The file has no problem.".to_owned()));
    }
    Ok(bank)
}

fn gunzipped(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
    let mut unpacked = Vec::new();
    let limit = UNPACKED_BYTES_MAX + 1;
    flate2::read::GzDecoder::new(bytes)
        .take(limit)
        .read_to_end(&mut unpacked)
        .map_err(|error| FormatError(format!("The archive cannot be unpacked: {error}.")))?;
    if unpacked.len() as u64 >= limit {
        return Err(FormatError(format!("The archive unpacks to more than {} MiB.", UNPACKED_BYTES_MAX >> 20)));
    }
    Ok(unpacked)
}

fn tar(bytes: &[u8]) -> Result<Package, FormatError> {
    let unreadable = |error: std::io::Error| FormatError(format!("The archive cannot be read: {error}."));
    let mut archive = tar::Archive::new(bytes);
    let mut files = Vec::new();
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if files.len() >= MEMBERS_MAX {
            return Err(FormatError(format!("The archive has more than {MEMBERS_MAX} files.")));
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        // A sparse file may be longer than the archive.
        entry.by_ref().take(bytes.len() as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
        files.push((path, content));
    }
    Package::from_files(files)
}

fn place(file: &str, line: Option<u32>, id: Option<&str>) -> Place {
    Place { file: file.to_owned(), sheet: None, line, id: id.map(str::to_owned) }
}

fn has_content(problem: Node) -> bool {
    elements(problem).next().is_some() || !xml::text(problem).trim().is_empty()
}

/// A file with problems, and where it belongs in its course.
struct Source<'a> {
    file: &'a str,
    category: Option<String>,
    topic: Option<String>,
    line: &'a dyn Fn(Node) -> u32,
    find: &'a FindFile<'a>,
}

/// The pieces of a problem.
#[derive(Default)]
struct Pieces<'a, 'input> {
    /// The HTML, with a [`RESPONSE`] for each response.
    html: String,
    responses: Vec<Node<'a, 'input>>,
    solutions: Vec<Node<'a, 'input>>,
    hints: Vec<Node<'a, 'input>>,
    scripts: String,
    has_script: bool,
}

fn pieces<'a, 'input>(problem: Node<'a, 'input>) -> Pieces<'a, 'input> {
    let mut pieces = Pieces::default();
    let mut html = String::new();
    push_html(&mut html, problem, &mut |node| {
        let tag = node.tag_name().name();
        let nothing = Instead::Html(String::new());
        if tag.ends_with("response") {
            pieces.responses.push(node);
            return Instead::Html(RESPONSE.to_string());
        }
        match tag {
            "solution" => pieces.solutions.push(node),
            "demandhint" => pieces.hints.extend(children(node, "hint")),
            "script" => {
                pieces.has_script = true;
                pieces.scripts.push_str(&xml::text(node));
                pieces.scripts.push('\n');
            }
            // A remark that opens when it is pointed at.
            "clarification" => return Instead::Html(format!(" ({})", inner(node))),
            "style" | "meta" => {}
            _ => return Instead::Same,
        }
        nothing
    });
    pieces.html = with_formulas(&html);
    pieces
}

/// The platform's own marks of formulas as those of LaTeX.
fn with_formulas(html: &str) -> String {
    html.replace("[mathjaxinline]", "\\(")
        .replace("[/mathjaxinline]", "\\)")
        .replace("[mathjax]", "\\[")
        .replace("[/mathjax]", "\\]")
}

/// The HTML of what is in an element.
fn inner(node: Node) -> String {
    let mut html = String::new();
    push_html(&mut html, node, &mut |_| Instead::Same);
    with_formulas(&html)
}

/// Names that a script computes. Their values are drawn at random, or at least known to the script only.
struct Variables {
    names: Vec<String>,
    has_script: bool,
}

impl Variables {
    fn of(pieces: &Pieces) -> Self {
        let is_name = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let mut names: Vec<String> = Vec::new();
        for line in pieces.scripts.lines() {
            let Some((targets, _)) = line.split_once('=') else { continue };
            let targets = targets.trim_end_matches(['+', '-', '*', '/']);
            for target in targets.split([',', '(', ')', '[', ']', ';', ' ', '\t']).filter(|word| is_name(word)) {
                names.push(target.to_owned());
            }
        }
        Self { names, has_script: pieces.has_script }
    }

    /// The first variable in a text, such as `$a` or `${a}`. Without a script, `$` begins a variable in a key only.
    fn in_text<'a>(&self, text: &'a str, is_key: bool) -> Option<&'a str> {
        for (at, _) in text.match_indices('$') {
            let rest = &text[at + 1..];
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            if is_key || (self.has_script && self.names.iter().any(|known| known == name)) {
                return Some(name);
            }
        }
        None
    }
}

impl Source<'_> {
    /// Reads a problem into the bank.
    fn read(&self, problem: Node, bank: &mut Bank) {
        let line = (self.line)(problem);
        let id = attribute(problem, "url_name").map(str::to_owned);
        let remark = |line: u32, text: String| Remark { place: place(self.file, Some(line), id.as_deref()), text };
        let pieces = pieces(problem);
        let variables = Variables::of(&pieces);
        let segments: Vec<&str> = pieces.html.split(RESPONSE).collect();
        let title = attribute(problem, "display_name").map(str::trim).filter(|title| !title.is_empty());
        if pieces.responses.is_empty() {
            let text = format!("The problem \"{}\" has no input to answer.", title.unwrap_or_default());
            bank.skipped.push(remark(line, text));
            return;
        }
        if let Some(variable) = variables.in_text(segments[0], false) {
            let text = format!("The text has ${variable}, whose value a script draws at random.");
            bank.refused.push(remark(line, text));
            return;
        }
        let question = Question {
            place: place(self.file, Some(line), id.as_deref()),
            title: title.map(str::to_owned),
            category: self.category.clone(),
            topic: self.topic.clone(),
            ..Question::default()
        };
        let mut draft = Draft {
            source: self,
            pieces: &pieces,
            segments: &segments,
            variables: &variables,
            question,
            rich: Rich::default(),
            warnings: Vec::new(),
            refused: Vec::new(),
        };
        let inputs = draft.add_parts();
        if !draft.question.parts.is_empty() {
            add_points(problem, inputs, &mut draft.question, &mut draft.warnings);
            draft.add_solution_and_hints();
            if draft.question.stem.is_empty() && draft.question.parts.iter().all(|part| part.text.is_empty()) {
                draft.refused.push((line, "The problem has no text.".to_owned()));
                draft.question.parts.clear();
            }
        }
        let Draft { mut question, rich, mut warnings, refused, .. } = draft;
        bank.refused.extend(refused.into_iter().map(|(line, text)| remark(line, text)));
        if question.parts.is_empty() {
            return;
        }
        question.figures = rich.figures;
        warnings.extend(rich.warnings);
        bank.warnings.extend(warnings.into_iter().map(|text| remark(line, text)));
        bank.questions.push(question);
    }
}

/// A question while it is read.
struct Draft<'a, 'input> {
    source: &'a Source<'a>,
    pieces: &'a Pieces<'a, 'input>,
    /// The HTML before, between and after the responses.
    segments: &'a [&'a str],
    variables: &'a Variables,
    question: Question,
    rich: Rich,
    warnings: Vec<String>,
    /// With the line.
    refused: Vec<(u32, String)>,
}

impl Draft<'_, '_> {
    /// Reads the stem and all inputs. Returns the number of inputs.
    fn add_parts(&mut self) -> usize {
        let find = self.source.find;
        self.question.stem = self.rich.html(self.segments[0], find);
        // The numbers of the parts of each response; `None` if it was refused.
        let mut slots: Vec<Vec<Option<usize>>> = Vec::new();
        let before = std::iter::once("").chain(self.segments[1..].iter().copied());
        for (response, before) in self.pieces.responses.iter().zip(before) {
            let mut reader = responses::Reader {
                rich: &mut self.rich,
                find,
                variables: self.variables,
                warnings: &mut self.warnings,
                extra: &mut self.question.extra,
            };
            let mut slot = Vec::new();
            for result in reader.read(*response, before) {
                match result {
                    Ok(part) => {
                        self.question.parts.push(part);
                        slot.push(Some(self.question.parts.len()));
                    }
                    Err(why) => {
                        let line = (self.source.line)(*response);
                        self.refused.push((line, format!("<{}>: {why}.", name(*response))));
                        slot.push(None);
                    }
                }
            }
            slots.push(slot);
        }
        let inputs = slots.iter().map(Vec::len).sum();
        if inputs > 1 && self.question.parts.iter().any(|part| part.text.is_empty()) {
            // Inputs within a sentence or table: their places say what they ask.
            let html = with_gaps(self.segments, &self.pieces.responses, &slots, self.variables);
            self.question.stem = self.rich.html(&html, find);
            for part in &mut self.question.parts {
                part.is_gap = true;
                part.text.clear();
            }
        } else {
            self.add_end(find);
        }
        match self.question.parts.as_mut_slice() {
            [only] if inputs == 1 => {
                self.question.stem = joined(&self.question.stem, &only.text);
                only.text.clear();
            }
            [] => {}
            _ => self.warnings.push(format!("Each of the {inputs} inputs is a part of one question.")),
        }
        inputs
    }

    /// Adds the text after the last input to the last part.
    fn add_end(&mut self, find: &FindFile) {
        let (Some(last), Some(part)) = (self.segments.last(), self.question.parts.last_mut()) else { return };
        if let Some(variable) = self.variables.in_text(last, false) {
            let text = format!("The text after the last input was left out: it has the variable ${variable}.");
            self.warnings.push(text);
        } else {
            let after = self.rich.html(last, find);
            part.text = joined(&part.text, &after);
        }
    }

    /// The solution belongs to all parts, and so do the hints.
    fn add_solution_and_hints(&mut self) {
        self.question.solution = self.texts(&self.pieces.solutions, "solution");
        if let Some(hint) = self.texts(&self.pieces.hints, "hint") {
            for part in &mut self.question.parts {
                part.hint = Some(hint.clone());
            }
        }
    }

    fn texts(&mut self, nodes: &[Node], what: &str) -> Option<String> {
        let mut list = Vec::new();
        for node in nodes {
            let html = inner(*node);
            match self.variables.in_text(&html, false) {
                Some(variable) => {
                    self.warnings.push(format!("A {what} was left out: it has the variable ${variable}."));
                }
                None => list.push(self.rich.html(&html, self.source.find)),
            }
        }
        Some(list.join("\n")).filter(|text| !text.is_empty())
    }
}

/// The HTML of a problem with `[gap 1]` at the place of its first input.
fn with_gaps(segments: &[&str], responses: &[Node], slots: &[Vec<Option<usize>>], variables: &Variables) -> String {
    let mut html = String::new();
    for (at, segment) in segments.iter().enumerate() {
        if variables.in_text(segment, false).is_none() {
            html.push_str(segment);
        }
        let (Some(response), Some(slot)) = (responses.get(at), slots.get(at)) else { continue };
        if slot.iter().any(Option::is_some) {
            html.push_str(&responses::own_html(*response));
        }
        for number in slot {
            match number {
                Some(number) => html.extend([" [gap ", &number.to_string(), "] "]),
                None => html.push_str(" (left out) "),
            }
        }
    }
    html
}

/// Two texts, one below the other.
fn joined(above: &str, below: &str) -> String {
    [above, below].join("\n").trim().to_owned()
}

/// The weight is shared by all inputs; without one, each has 1 point.
fn add_points(problem: Node, inputs: usize, question: &mut Question, warnings: &mut Vec<String>) {
    let count = u32::try_from(inputs).unwrap_or(u32::MAX);
    let weight = attribute(problem, "weight").filter(|weight| !weight.trim().is_empty());
    let points = match weight.map(|weight| weight.trim().parse::<f64>()) {
        Some(Ok(weight)) if (0.0..=1e6).contains(&weight) => weight / f64::from(count),
        Some(_) => {
            warnings.push("The weight is no number; each input has 1 point.".to_owned());
            1.0
        }
        None => 1.0,
    };
    for part in &mut question.parts {
        part.points = Some(points);
    }
    if question.parts.len() < inputs {
        warnings.push(format!(
            "{} of {inputs} inputs were refused; their share of the points is left out.",
            inputs - question.parts.len()
        ));
    }
}

/// A part of this text and answer.
fn part(text: String, answer: Answer) -> Part {
    Part { text, answer, ..Part::default() }
}
