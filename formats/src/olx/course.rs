//! A course or library of Open edX as files: `course.xml` names the chapters, and so on down to the problems.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;

use super::{Source, has_content, place};
use crate::{
    Bank, FormatError, Remark,
    package::{Package, resolve},
    xml::{self, attribute, elements, name},
};

/// Elements that hold others.
pub(super) const HOLDERS: [&str; 12] = [
    "course",
    "chapter",
    "sequential",
    "vertical",
    "library",
    "conditional",
    "split_test",
    "randomize",
    "library_content",
    "wrapper",
    "problemset",
    "itembank",
];

const DEPTH_MAX: usize = 20;

pub(super) fn read(file_name: &str, package: &Package) -> Result<Bank, FormatError> {
    let mut walk = Walk {
        file: file_name,
        package,
        bank: Bank::default(),
        seen: BTreeSet::new(),
        others: BTreeMap::new(),
        root: String::new(),
    };
    for (path, why) in package.left_out() {
        walk.bank
            .skipped
            .push(Remark { place: place(path, None, None), text: format!("The file was left out: {why}.") });
    }
    // The archive may have the course in a folder, and another named like a part of it.
    let starts = |wanted: &str| {
        let mut paths: Vec<&str> =
            package.files().map(|(path, _)| path).filter(|path| path.rsplit('/').next() == Some(wanted)).collect();
        paths.sort_by_key(|path| path.matches('/').count());
        paths.first().map(|path| (*path).to_owned())
    };
    let start = starts("course.xml").or_else(|| starts("library.xml"));
    if let Some(start) = &start {
        walk.root = start.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"));
        walk.file(start, &Names::default(), 0);
    }
    // Problems that no unit names.
    let all: Vec<String> = package.files().map(|(path, _)| path.to_owned()).filter(|path| is_problem(path)).collect();
    for path in all {
        if path.starts_with("drafts/") || path.contains("/drafts/") {
            let text = "The problem is a draft; it was left out.".to_owned();
            walk.bank.skipped.push(Remark { place: place(&path, None, None), text });
        } else if !walk.seen.contains(&path) {
            if start.is_some() {
                let text = "The problem is in no unit of the course; it was read.".to_owned();
                walk.bank.warnings.push(Remark { place: place(&path, None, None), text });
            }
            walk.file(&path, &Names::default(), 0);
        }
    }
    for (kind, count) in std::mem::take(&mut walk.others) {
        let text = format!("{count} elements of the kind <{kind}> are no problems; they were left out.");
        walk.bank.skipped.push(Remark { place: place(file_name, None, None), text });
    }
    let bank = walk.bank;
    if bank.questions.is_empty() && bank.refused.is_empty() {
        return Err(FormatError("The archive has no problem of Open edX.".to_owned()));
    }
    Ok(bank)
}

fn is_problem(path: &str) -> bool {
    let mut steps = path.rsplit('/');
    let is_xml = steps.next().is_some_and(|file| file.to_ascii_lowercase().ends_with(".xml"));
    is_xml && steps.next() == Some("problem")
}

/// The names of the chapter and the section around a problem.
#[derive(Debug, Clone, Default)]
struct Names {
    chapter: Option<String>,
    section: Option<String>,
}

struct Walk<'a> {
    file: &'a str,
    package: &'a Package,
    bank: Bank,
    /// Files that were read: none is read twice, and no circle is endless.
    seen: BTreeSet<String>,
    others: BTreeMap<String, usize>,
    /// The folder of the course, with its slash.
    root: String,
}

impl Walk<'_> {
    fn file(&mut self, path: &str, names: &Names, depth: usize) {
        let Some((path, bytes)) = self.package.find(path) else {
            let text = format!("The course names {path}, which is not in the archive.");
            self.bank.refused.push(Remark { place: place(self.file, None, None), text });
            return;
        };
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        let prepared = match xml::prepare(bytes) {
            Ok(prepared) => prepared,
            Err(FormatError(text)) => {
                self.bank.refused.push(Remark { place: place(path, None, None), text });
                return;
            }
        };
        match prepared.parse() {
            Ok(document) => {
                let root = document.root_element();
                let usual = path.rsplit('/').next().and_then(|file| file.strip_suffix(".xml"));
                self.element(root, path, usual, names, depth, &|node| prepared.line(node));
            }
            Err(FormatError(text)) => self.bank.refused.push(Remark { place: place(path, None, None), text }),
        }
    }

    /// Reads an element of the course. `id` is the name of its file, which is its id.
    fn element(
        &mut self,
        node: Node,
        path: &str,
        id: Option<&str>,
        names: &Names,
        depth: usize,
        line: &dyn Fn(Node) -> u32,
    ) {
        if depth > DEPTH_MAX {
            let text = "The course is nested too deeply.".to_owned();
            self.bank.refused.push(Remark { place: place(path, Some(line(node)), None), text });
            return;
        }
        let kind = name(node).into_owned();
        let is_problem = kind == "problem";
        if !is_problem && !HOLDERS.contains(&kind.as_str()) {
            // Settings of a course, such as its wiki, show nothing to a student.
            if depth > 1 && kind != "wiki" {
                *self.others.entry(kind).or_default() += 1;
            }
            return;
        }
        // An element without content is in a file of its name.
        if !has_content(node)
            && let Some(own) = attribute(node, "url_name")
            && id != Some(own)
        {
            let target = format!("{}{kind}/{}.xml", self.root, own.replace(':', "/"));
            self.file(&target, names, depth + 1);
            return;
        }
        // `course.xml` names the run, whose file has the same name as itself only by chance.
        if !has_content(node)
            && kind == "course"
            && let Some(own) = attribute(node, "url_name")
        {
            let target = format!("{}course/{own}.xml", self.root);
            if target != path {
                self.file(&target, names, depth + 1);
                return;
            }
        }
        if is_problem {
            let root = self.root.clone();
            let package = self.package;
            let find = |source: &str| {
                let target = match source.strip_prefix("/static/") {
                    Some(rest) => resolve("", &format!("{root}static/{rest}"))?,
                    None => resolve(path, source)?,
                };
                package.find(&target).map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
            };
            let source =
                Source { file: path, category: names.chapter.clone(), topic: names.section.clone(), line, find: &find };
            let before = self.bank.questions.len();
            source.read(node, &mut self.bank);
            for question in &mut self.bank.questions[before..] {
                question.place.id = question.place.id.take().or_else(|| id.map(str::to_owned));
            }
            return;
        }
        let mut names = names.clone();
        let title = attribute(node, "display_name").map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
        match kind.as_str() {
            "chapter" => names.chapter = title,
            "sequential" => names.section = title,
            _ => {}
        }
        for inner in elements(node) {
            self.element(inner, path, None, &names, depth + 1, line);
        }
    }
}
