//! Writes a package of QTI 3.
//!
//! Each question is an item that a player of QTI shows and marks, and each exam is a test. An item ends with a comment that
//! holds the question as data (see `crate::extension`), so that nothing is lost on the way back.

mod body;
mod manifest;
mod response;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Cursor, Write},
};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Written, html::escaped, listing, lost::say_macros};
use crate::{Answer, Bank, Part, Question, Remark, extension};

const NAMESPACE: &str = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0";

/// Writes a package as a zip. Without answers, keys, solutions and feedback are left out.
#[must_use]
pub fn qti3(bank: &Bank, with_answers: bool) -> Written {
    let mut files = Files::default();
    let mut lost = Vec::new();
    say_macros(bank, &mut lost);
    let mut items = Vec::with_capacity(bank.questions.len());
    for (index, question) in bank.questions.iter().enumerate() {
        let item = Item::new(question, index, with_answers, &mut files);
        items.push(manifest::Resource::of(&item));
        let source = item.write(bank);
        files.members.push((item.path(), source.into_bytes()));
    }
    let mut tests = Vec::new();
    for (index, exam) in bank.exams.iter().enumerate() {
        let members: Vec<usize> = (0..items.len()).filter(|at| bank.questions[*at].exam == Some(index)).collect();
        if members.is_empty() {
            let text = format!("The exam “{}” has no questions and is not written.", exam.title);
            lost.push(Remark { place: crate::Place::default(), text });
            continue;
        }
        let path = format!("test-{}.xml", index + 1);
        let source = test(&exam.title, index, &members, bank);
        files.members.push((path.clone(), source.into_bytes()));
        tests.push((path, members));
    }
    files.members.push(("imsmanifest.xml".to_owned(), manifest::write(&items, &tests).into_bytes()));
    match files.zip() {
        Ok(bytes) => Written { bytes, lost },
        Err(error) => {
            let text = format!("The package cannot be written: {error}.");
            lost.push(Remark { place: crate::Place::default(), text });
            Written { bytes: Vec::new(), lost }
        }
    }
}

/// A test: the questions of an exam.
fn test(title: &str, index: usize, members: &[usize], bank: &Bank) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<qti-assessment-test xmlns=\"{NAMESPACE}\" identifier=\"test-{}\" title=\"{}\">\n\
         <qti-test-part identifier=\"part\" navigation-mode=\"nonlinear\" submission-mode=\"simultaneous\">\n\
         <qti-assessment-section identifier=\"section\" title=\"{}\" visible=\"false\">\n",
        index + 1,
        escaped(title),
        escaped(title),
    );
    for at in members {
        let id = item_id(*at);
        let _ = write!(out, "<qti-assessment-item-ref identifier=\"ref-{id}\" href=\"{}\">", item_path(*at));
        if let Some(minutes) = bank.questions[*at].minutes {
            let _ = write!(out, "<qti-time-limits max-time=\"{}\"/>", minutes * 60.0);
        }
        out.push_str("</qti-assessment-item-ref>\n");
    }
    out.push_str("</qti-assessment-section>\n</qti-test-part>\n</qti-assessment-test>\n");
    out
}

fn item_id(index: usize) -> String {
    format!("q{:05}", index + 1)
}

fn item_path(index: usize) -> String {
    format!("items/{}.xml", item_id(index))
}

/// The files of the package, in the order of the zip.
#[derive(Default)]
struct Files {
    members: Vec<(String, Vec<u8>)>,
    /// The path of each picture, by its digest.
    pictures: BTreeMap<[u8; 32], String>,
}

impl Files {
    /// The path of a picture, which is stored once.
    fn picture(&mut self, bytes: &[u8]) -> String {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if let Some(path) = self.pictures.get(&digest) {
            return path.clone();
        }
        let mut path = "figures/".to_owned();
        for byte in &digest[..16] {
            let _ = write!(path, "{byte:02x}");
        }
        path.push('.');
        path.push_str(listing::ending(bytes));
        self.members.push((path.clone(), bytes.to_vec()));
        self.pictures.insert(digest, path.clone());
        path
    }

    fn zip(self) -> Result<Vec<u8>, zip::result::ZipError> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content) in self.members {
            // Pictures other than SVG are compressed already.
            let is_text = matches!(path.rsplit('.').next(), Some("xml" | "svg"));
            let method = if is_text { CompressionMethod::Deflated } else { CompressionMethod::Stored };
            writer.start_file(path, SimpleFileOptions::default().compression_method(method))?;
            writer.write_all(&content)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// An item while it is written.
struct Item<'a> {
    question: &'a Question,
    index: usize,
    with_answers: bool,
    /// The path of the file of each figure.
    figures: Vec<Option<String>>,
}

impl<'a> Item<'a> {
    fn new(question: &'a Question, index: usize, with_answers: bool, files: &mut Files) -> Self {
        let figures = question.figures.iter().map(|figure| figure.bytes.as_ref().map(|bytes| files.picture(bytes)));
        Self { question, index, with_answers, figures: figures.collect() }
    }

    fn id(&self) -> String {
        item_id(self.index)
    }

    fn path(&self) -> String {
        item_path(self.index)
    }

    fn write(&self, bank: &Bank) -> String {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        let id =
            self.question.place.id.as_deref().filter(|id| is_identifier(id)).map_or_else(|| self.id(), str::to_owned);
        let mut out = format!(
            "{head}<qti-assessment-item xmlns=\"{NAMESPACE}\" identifier=\"{}\" title=\"{}\" adaptive=\"false\" \
             time-dependent=\"false\" tool-name=\"pastpaper\" tool-version=\"1\">\n",
            escaped(&id),
            escaped(&listing::title(self.question, self.index + 1)),
        );
        for (index, part) in self.question.parts.iter().enumerate() {
            self.declaration(&mut out, index, part);
        }
        let points = listing::points(self.question);
        let _ = writeln!(
            out,
            "<qti-outcome-declaration identifier=\"SCORE\" cardinality=\"single\" base-type=\"float\" normal-maximum=\"{points}\">\
             <qti-default-value><qti-value>0</qti-value></qti-default-value></qti-outcome-declaration>"
        );
        self.body(&mut out);
        if self.with_answers {
            self.processing(&mut out);
            // The declaration of XML is not part of the item.
            let comment = extension::comment(&out[head.len()..], bank, self.question, self.figures.clone());
            out.push_str(&comment);
        }
        out.push_str("</qti-assessment-item>\n");
        out
    }

    /// Whether the part is shown by an interaction of its kind. Otherwise it is a longer text that a person marks.
    fn has_interaction(&self, part: &Part) -> bool {
        match &part.answer {
            Answer::Open => false,
            Answer::Accepted(_) | Answer::Choice { .. } => true,
            // Without a key, readers cannot know what belongs together.
            Answer::Matching { .. } | Answer::Ordering(_) => self.with_answers,
        }
    }
}

fn response_id(index: usize) -> String {
    format!("RESPONSE{}", index + 1)
}

/// Whether an id may stand where QTI wants an identifier.
fn is_identifier(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && id.len() <= 32
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
