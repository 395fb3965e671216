//! Writes Moodle XML.
//!
//! Each question is one that Moodle imports, and ends with a comment that holds it as data (see `crate::extension`), so that
//! nothing is lost on the way back. Without answers, all questions are essays: Moodle imports no other type without a key.

mod answers;
mod cloze;

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Written,
    html::{self, Mark, escaped},
    listing,
    lost::say_macros,
};
use crate::{Bank, Question, Remark, extension};

/// Writes Moodle XML. Without answers, keys, solutions and feedback are left out.
#[must_use]
pub fn moodle_xml(bank: &Bank, with_answers: bool) -> Written {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<quiz>\n".to_owned();
    let mut lost = Vec::new();
    say_macros(bank, &mut lost);
    let mut current = String::new();
    for (index, question) in bank.questions.iter().enumerate() {
        let category = category(question);
        if category != current {
            let _ = writeln!(
                out,
                "<question type=\"category\"><category><text>$course$/top{}</text></category></question>",
                escaped(&category)
            );
            current = category;
        }
        let start = out.len();
        let item = Item::new(question);
        let kind = if with_answers { answers::kind(question) } else { answers::Kind::Essay };
        if let Some(text) = answers::lost(question, &kind).filter(|_| with_answers) {
            lost.push(Remark { place: question.place.clone(), text: text.to_owned() });
        }
        item.write(&mut out, index + 1, &kind, with_answers);
        if with_answers {
            let comment = extension::comment(&out[start..], bank, question, item.files.clone());
            out.push_str(&comment);
        }
        out.push_str("</question>\n");
    }
    out.push_str("</quiz>\n");
    Written { bytes: out.into_bytes(), lost }
}

/// The path of the category below the top. A slash in a topic is doubled.
fn category(question: &Question) -> String {
    let mut path = String::new();
    let outer = question.category.iter().flat_map(|names| names.split('/')).map(str::to_owned);
    let topic = question.topic.as_ref().map(|topic| topic.replace('/', "//"));
    for name in outer.chain(topic).filter(|name| !name.trim().is_empty()) {
        path.push('/');
        if name.starts_with('/') {
            // Three slashes would be read as one that belongs to the name before.
            path.push(' ');
        }
        path.push_str(&name);
    }
    path
}

/// A question while it is written.
struct Item<'a> {
    question: &'a Question,
    /// The name of the file of each figure.
    files: Vec<Option<String>>,
}

impl<'a> Item<'a> {
    fn new(question: &'a Question) -> Self {
        let name = |(index, bytes): (usize, &Vec<u8>)| format!("figure-{}.{}", index + 1, listing::ending(bytes));
        let files = question.figures.iter().enumerate();
        let files = files.map(|(index, figure)| figure.bytes.as_ref().map(|bytes| name((index, bytes))));
        Self { question, files: files.collect() }
    }

    fn write(&self, out: &mut String, number: usize, kind: &answers::Kind, with_answers: bool) {
        let question = self.question;
        let title = escaped(&listing::title(question, number));
        let _ = writeln!(out, "<question type=\"{}\">\n<name><text>{title}</text></name>", kind.name());
        self.text(out, kind);
        if with_answers {
            let solution = listing::solution(question);
            if !solution.is_empty() {
                self.rich(out, "generalfeedback", "", &solution);
            }
        }
        if !matches!(kind, answers::Kind::Cloze(_)) {
            let _ = writeln!(out, "<defaultgrade>{}</defaultgrade>", listing::points(question));
        }
        self.extra(out, with_answers);
        if let Some(id) = &question.place.id {
            let _ = writeln!(out, "<idnumber>{}</idnumber>", escaped(id));
        }
        self.answers(out, kind, with_answers);
        for hint in question.parts.iter().filter_map(|part| part.hint.as_ref()) {
            self.rich(out, "hint", "", hint);
        }
        let tags = listing::tags(question);
        if !tags.is_empty() {
            out.push_str("<tags>");
            for tag in tags {
                let _ = write!(out, "<tag><text>{}</text></tag>", escaped(&tag));
            }
            out.push_str("</tags>\n");
        }
    }

    /// The text of the question, with the figures that no text shows at its end.
    fn text(&self, out: &mut String, kind: &answers::Kind) {
        let question = self.question;
        let (mut text, gaps) = match kind {
            answers::Kind::Essay => (listing::whole(question), None),
            answers::Kind::Cloze(gaps) => (cloze::text(question), Some(gaps)),
            _ => {
                let own = question.parts.first().map(|part| part.text.as_str()).unwrap_or_default();
                let pieces = [question.stem.as_str(), own].into_iter().filter(|piece| !piece.is_empty());
                (pieces.collect::<Vec<_>>().join("\n"), None)
            }
        };
        for number in listing::unshown_figures(question) {
            let _ = write!(text, "\n[figure {number}]");
        }
        self.rich_with(out, "questiontext", "", &text, &|number| {
            gaps.and_then(|gaps: &Vec<String>| gaps.get(number.checked_sub(1)?)).cloned()
        });
    }

    /// What Moodle has fields for, and a question keeps by name.
    fn extra(&self, out: &mut String, with_answers: bool) {
        for (name, value) in &self.question.extra {
            let element = match name.as_str() {
                "feedback if right" => "correctfeedback",
                "feedback if partly right" => "partiallycorrectfeedback",
                "feedback if wrong" => "incorrectfeedback",
                "response template" => "responsetemplate",
                "penalty" => {
                    let _ = writeln!(out, "<penalty>{}</penalty>", escaped(value));
                    continue;
                }
                "hidden" => {
                    out.push_str("<hidden>1</hidden>\n");
                    continue;
                }
                _ => continue,
            };
            if with_answers || element == "responsetemplate" {
                self.rich(out, element, "", value);
            }
        }
    }

    /// An element with a text and the files that it shows.
    fn rich(&self, out: &mut String, element: &str, attributes: &str, text: &str) {
        self.rich_with(out, element, attributes, text, &|_| None);
    }

    fn rich_with(
        &self,
        out: &mut String,
        element: &str,
        attributes: &str,
        text: &str,
        gap: &dyn Fn(usize) -> Option<String>,
    ) {
        let _ = write!(out, "<{element}{attributes} format=\"html\">");
        self.inner(out, text, gap);
        let _ = writeln!(out, "</{element}>");
    }

    /// A text and the files that it shows, without the element around them.
    fn inner(&self, out: &mut String, text: &str, gap: &dyn Fn(usize) -> Option<String>) {
        let mut shown: Vec<usize> = Vec::new();
        let html = html::html(text, &mut |mark| match mark {
            Mark::Gap(number) => gap(number),
            Mark::Figure(number) => {
                let index = number.checked_sub(1)?;
                let figure = self.question.figures.get(index)?;
                let source = match self.files.get(index)? {
                    Some(file) => {
                        if !shown.contains(&index) {
                            shown.push(index);
                        }
                        format!("@@PLUGINFILE@@/{file}")
                    }
                    None => figure.source.clone(),
                };
                Some(html::image(&source, figure.alt.as_deref()))
            }
        });
        // `>` is escaped in texts, so no `]]>` is in the HTML.
        let _ = write!(out, "<text><![CDATA[{html}]]></text>");
        for index in shown {
            if let (Some(Some(file)), Some(bytes)) =
                (self.files.get(index), self.question.figures.get(index).and_then(|figure| figure.bytes.as_ref()))
            {
                let content = STANDARD.encode(bytes);
                let _ = write!(out, "<file name=\"{file}\" path=\"/\" encoding=\"base64\">{content}</file>");
            }
        }
    }
}
