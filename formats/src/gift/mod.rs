//! GIFT, the text format of Moodle.

mod answer;
mod escapes;
mod scan;

use std::fmt::Write as _;
use std::ops::Range;

use crate::reading::{Figures, Lines, apply_tag, place, remark, split_category};
use crate::{Answer, Bank, FormatError, Part, Question, cloze, decode, rich, tags, text};
use scan::{Item, Raw, Segment};

/// Reads a file.
pub fn read(file: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    let decoded = decode(bytes)?;
    let mut bank = Bank::default();
    bank.warnings.extend(decoded.warning.map(|warning| remark(file, 1, warning)));
    let (source, comments) = scan::without_comments(&decoded.text);
    let mut reader = Reader { file, source: &source, lines: Lines::new(&source), comments: comments.iter().peekable() };
    let mut category = (None, None);
    for item in scan::items(&source) {
        match item {
            Item::Category(range) => category = reader.category(range),
            Item::Description(range) => {
                let line = reader.lines.line(range.start);
                let shown: String = source[range].replace('\n', " ").chars().take(80).collect();
                bank.skipped.push(remark(file, line, format!("A text without answers is no question: {shown}")));
            }
            Item::Broken(start, reason) => bank.refused.push(remark(file, reader.lines.line(start), reason)),
            Item::Question(raw) => {
                let line = reader.lines.line(raw.start);
                let mut warnings = Vec::new();
                let mut question = Question {
                    place: place(file, line),
                    category: category.0.clone(),
                    topic: category.1.clone(),
                    ..Question::default()
                };
                match reader.question(&raw, &mut question, &mut warnings) {
                    Ok(()) => bank.questions.push(question),
                    Err(reason) => bank.refused.push(remark(file, line, reason)),
                }
                bank.warnings.extend(warnings.into_iter().map(|warning| remark(file, line, warning)));
            }
        }
    }
    Ok(bank)
}

/// How a text is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Markup {
    /// HTML in which line breaks count.
    Moodle,
    Html,
    Plain,
    Markdown,
}

struct Reader<'a, I: Iterator<Item = &'a (usize, String)>> {
    file: &'a str,
    source: &'a str,
    lines: Lines,
    comments: std::iter::Peekable<I>,
}

impl<'a, I: Iterator<Item = &'a (usize, String)>> Reader<'a, I> {
    fn category(&self, range: Range<usize>) -> (Option<String>, Option<String>) {
        let path = escapes::unescape_name(self.source[range].trim());
        let path = if text::is_html(&path) { Figures::default().html(&path) } else { path };
        split_category(&path)
    }

    fn question(&mut self, raw: &Raw, question: &mut Question, warnings: &mut Vec<String>) -> Result<(), String> {
        warnings.extend(raw.warnings.iter().cloned());
        self.comments_until(raw, question);
        let mut start = raw.start;
        let first = &self.source[start..raw.end];
        if first.starts_with("::") {
            match scan::title_end(self.source, start).filter(|end| *end < raw.end) {
                Some(end) => {
                    let title = escapes::unescape(&self.source[start + 2..end]).text;
                    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
                    let title = if text::is_html(&title) {
                        Figures::default().html(&title)
                    } else {
                        text::plain_to_text(&title)
                    };
                    question.title = Some(title).filter(|title| !title.is_empty());
                    start = end + 2;
                }
                None => warnings.push("The title that begins with `::` does not end; it was taken as text.".to_owned()),
            }
        }
        let (markup, rest) =
            named_markup(self.source[start..raw.end].trim_start_matches([' ', '\t', '\n', scan::COMMENT]));
        let markup = markup.unwrap_or(Markup::Moodle);
        start = raw.end - rest.len();
        let mut figures = Figures::default();
        let mut lost = Vec::new();
        let mut convert = |source: &str| {
            let (own, source) = named_markup(source);
            convert(source, own.unwrap_or(markup), &mut figures, &mut lost)
        };
        let mut stem = String::new();
        let mut solution = None;
        let blocks = raw.segments.iter().filter(|segment| matches!(segment, Segment::Block(_))).count();
        let mut answers: Vec<Part> = Vec::new();
        for segment in &raw.segments {
            match segment {
                Segment::Text(range) => {
                    let source = &self.source[range.start.max(start)..range.end.max(start)];
                    // General feedback may also follow the block.
                    let (text, feedback) =
                        if answers.is_empty() { (source, None) } else { answer::split_once_outside(source, "####") };
                    stem.push_str(text);
                    if let Some(feedback) = feedback {
                        solution = Some(convert(feedback.trim()));
                    }
                }
                Segment::Block(range) => {
                    let inside = &self.source[range.clone()];
                    let number = answers.len() + 1;
                    if cloze::begins_gap(inside) {
                        let cloze = cloze::take_gaps(&format!("{{{inside}}}"), &mut convert);
                        warnings.extend(cloze.warnings);
                        let Ok([part]) = <[Part; 1]>::try_from(cloze.parts) else {
                            return Err("A gap is too long, or its braces are not balanced.".to_owned());
                        };
                        let _ = write!(stem, "[gap {number}]");
                        answers.push(part);
                        continue;
                    }
                    let block = answer::read(inside, &mut convert)?;
                    warnings.extend(block.warnings);
                    solution = block.general_feedback.or(solution);
                    let is_last = range.end + 1 >= raw.end || tail_is_empty(&self.source[range.end + 1..raw.end]);
                    let is_gap = blocks > 1 || !is_last;
                    if is_gap {
                        let _ = write!(stem, "[gap {number}]");
                    }
                    answers.push(Part { is_gap, answer: block.answer, ..Part::default() });
                }
            }
        }
        question.stem = convert(&stem);
        question.solution = solution.filter(|text| !text.is_empty());
        question.parts = answers;
        question.figures = std::mem::take(&mut figures.list);
        for figure in question.figures.iter_mut().filter(|figure| figure.source.starts_with("data:")) {
            figure.bytes = rich::data_address(&figure.source);
            figure.source = figure.source.chars().take(40).collect();
        }
        warnings.append(&mut figures.warnings);
        warnings.append(&mut lost);
        for figure in question.figures.iter().filter(|figure| figure.bytes.is_none()) {
            let source: String = figure.source.chars().take(200).collect();
            warnings.push(format!("The picture {source} is not in the file."));
        }
        if question.stem.is_empty() {
            // The title is the text of questions that have no other.
            question.stem = question.title.clone().unwrap_or_default();
        }
        if question.stem.is_empty() {
            return Err("The question has no text.".to_owned());
        }
        if question.parts.iter().any(|part| has_empty_option(&part.answer)) {
            return Err("An option is empty after its markup was removed.".to_owned());
        }
        warnings.dedup();
        Ok(())
    }

    /// Reads ids and tags in the comments before the end of the last answer block.
    fn comments_until(&mut self, raw: &Raw, question: &mut Question) {
        let end = raw.segments.iter().rev().find_map(|segment| match segment {
            Segment::Block(range) => Some(range.end),
            Segment::Text(_) => None,
        });
        let last = self.lines.line(end.unwrap_or(raw.start));
        while let Some((_, comment)) = self.comments.next_if(|(line, _)| *line <= last) {
            for (start, _) in comment.match_indices('[') {
                let Some((field, _)) = comment[start + 1..].split_once(']') else { break };
                match field.split_once(':') {
                    Some(("id", id)) if !id.trim().is_empty() => question.place.id = Some(id.trim().to_owned()),
                    Some(("tag", tag)) => apply_tag(question, tag),
                    _ => {}
                }
            }
        }
        debug_assert_eq!(question.place.file, self.file);
    }
}

fn tail_is_empty(tail: &str) -> bool {
    let tail = tail.trim_matches(|c: char| c.is_whitespace() || c == scan::COMMENT);
    tail.is_empty() || tail.starts_with("####")
}

fn has_empty_option(answer: &Answer) -> bool {
    matches!(answer, Answer::Choice { options, .. } if options.iter().any(|option| option.text.is_empty()))
}

/// The markup named at the start of a text, such as `[html]`, and the rest.
fn named_markup(source: &str) -> (Option<Markup>, &str) {
    let source = source.trim_start_matches([' ', '\t', '\n', scan::COMMENT]);
    for (name, markup) in [
        ("[html]", Markup::Html),
        ("[moodle]", Markup::Moodle),
        ("[plain]", Markup::Plain),
        ("[markdown]", Markup::Markdown),
    ] {
        if source.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return (Some(markup), &source[name.len()..]);
        }
    }
    (None, source)
}

fn convert(source: &str, markup: Markup, figures: &mut Figures, warnings: &mut Vec<String>) -> String {
    let mut unescaped = escapes::unescape(source.trim());
    warnings.append(&mut unescaped.warnings);
    let source = unescaped.text;
    match markup {
        Markup::Html => figures.html(&source),
        Markup::Moodle if text::is_html(&source) => figures.html(&with_breaks(&source)),
        Markup::Markdown => {
            let source = markdown_images(&source);
            if text::is_html(&source) { figures.html(&with_breaks(&source)) } else { text::plain_to_text(&source) }
        }
        Markup::Moodle | Markup::Plain => text::plain_to_text(&source),
    }
}

/// In Moodle's own format, a line break is a `<br>` unless a tag of a block stands beside it.
fn with_breaks(source: &str) -> String {
    let lines: Vec<&str> = source.split('\n').map(str::trim).collect();
    let mut out = String::with_capacity(source.len());
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            let before = lines[index - 1];
            let ends_block =
                before.ends_with('>') && before.rfind('<').is_some_and(|at| tags::begins_block(&before[at..]));
            out.push_str(if ends_block || tags::begins_block(line) { "\n" } else { "<br>" });
        }
        out.push_str(line);
    }
    out
}

/// Images of Markdown as HTML.
fn markdown_images(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("![") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let line = rest.split('\n').next().unwrap_or_default();
        let image = line.find("](").and_then(|middle| {
            let end = line[middle..].find(')')? + middle;
            Some((&line[2..middle], line[middle + 2..end].split_whitespace().next()?, end + 1))
        });
        if let Some((alt, address, length)) =
            image.filter(|(alt, address, _)| !alt.contains(['"', '<']) && !address.contains('"'))
        {
            let _ = write!(out, "<img src=\"{address}\" alt=\"{alt}\">");
            rest = &rest[length..];
        } else {
            out.push_str("![");
            rest = &rest[2..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
