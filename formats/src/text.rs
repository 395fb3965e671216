//! Reduces HTML, and plain text with formulas, to the texts that questions hold.

use std::fmt::Write as _;

use crate::formulas::{self, Finder, Formula};
use crate::markup::{self, Element, Node};
use crate::mathml;
use crate::tags::{self, Piece, Splitter};

/// Delimit the number of a formula that was taken out. Both are noncharacters, which no text has.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';

/// A text as questions hold it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextOut {
    pub text: String,
    /// What was lost, in plain sentences.
    pub warnings: Vec<String>,
}

/// Reduces a fragment of HTML to plain text with formulas between dollars.
///
/// `images` receives the source and the alternative text of each image, and returns the number of its figure. The source of
/// an inline drawing is a `data:image/svg+xml` address.
pub fn html_to_text(html: &str, images: &mut impl FnMut(&str, &str) -> usize) -> TextOut {
    let taken = take_out(html);
    let root = markup::tree(&taken.html);
    let mut reducer = Reducer { taken: &taken, images, warnings: Vec::new() };
    let mut out = Output::default();
    reducer.children(&root, &mut out, 0);
    TextOut { text: tidy(&out.text), warnings: reducer.warnings }
}

/// Normalises the formulas of a plain text, and escapes the dollars of prices. Line breaks stay.
#[must_use]
pub fn plain_to_text(text: &str) -> String {
    formulas::plain(&text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Whether a text has tags or entities of HTML.
#[must_use]
pub fn is_html(text: &str) -> bool {
    tags::is_html(text)
}

fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_matches('\n').trim_end().to_owned()
}

/// HTML whose formulas are replaced by their numbers.
struct Taken<'a> {
    html: String,
    formulas: Vec<Formula>,
    drawings: Vec<&'a str>,
}

fn take_out(html: &str) -> Taken<'_> {
    let mut out = String::with_capacity(html.len());
    let mut formulas = Vec::new();
    let mut drawings = Vec::new();
    let mut finder = Finder::new(html, true);
    let mut splitter = Splitter::new(html);
    let mut is_in_data = false;
    let mut at = 0;
    while let Some(next) = html[at..].chars().next() {
        let mut length = next.len_utf8();
        match next {
            '<' => {
                is_in_data |= html[at..].starts_with("<![CDATA[");
                let (piece, taken) = splitter.markup_at(at);
                length = taken;
                match piece {
                    Piece::Raw(raw) => out.push_str(raw),
                    Piece::Character(character) => out.push_str(character),
                    Piece::Nothing => {}
                    Piece::Svg(svg) => {
                        let _ = write!(out, "<img data-drawing={}>", drawings.len());
                        drawings.push(svg);
                    }
                }
            }
            '$' | '\\' if splitter.is_text() => {
                if let Some(found) = finder.formula_at(at) {
                    let _ = write!(out, "{OPEN}{}{CLOSE}", formulas.len());
                    formulas.push(finder.formula(&found));
                    length = found.end - at;
                } else {
                    let second = html[at + 1..].chars().next().filter(|second| next == '\\' || *second == '$');
                    // A backslash escapes the next character, apart from a tag.
                    let second = second.filter(|second| !matches!(second, '<' | '&'));
                    length += second.map_or(0, char::len_utf8);
                    out.push_str(&html[at..at + length]);
                }
            }
            ']' if is_in_data && html[at..].starts_with("]]>") => {
                is_in_data = false;
                length = 3;
            }
            OPEN | CLOSE => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(next),
        }
        at += length;
    }
    Taken { html: out, formulas, drawings }
}

/// Text that is being written, with the white space that comes before the next character.
#[derive(Default)]
struct Output {
    text: String,
    has_space: bool,
    breaks: usize,
    is_verbatim: bool,
    is_after_display: bool,
}

impl Output {
    fn flush(&mut self) {
        let breaks = std::mem::take(&mut self.breaks);
        let has_space = std::mem::take(&mut self.has_space);
        if breaks > 0 {
            if !self.text.is_empty() {
                self.text.truncate(self.text.trim_end_matches(' ').len());
                self.text.extend(std::iter::repeat_n('\n', breaks));
            }
        } else if has_space && !self.text.is_empty() && !self.text.ends_with(['\n', ' ']) {
            self.text.push(' ');
        }
    }

    /// Ends the line, unless it is empty.
    fn end_line(&mut self) {
        self.breaks = self.breaks.max(1);
    }

    fn push_raw(&mut self, text: &str) {
        if !text.is_empty() {
            self.flush();
            self.is_after_display = false;
            self.text.push_str(text);
        }
    }

    fn push_character(&mut self, next: char) {
        if self.is_verbatim {
            self.flush();
            self.push_visible(next);
        } else if next.is_whitespace() {
            self.has_space = true;
        } else {
            if std::mem::take(&mut self.is_after_display) && matches!(next, '.' | ',' | ';' | ':') {
                // The punctuation after a formula stays on its line.
                (self.breaks, self.has_space) = (0, false);
                self.text.push(next);
                self.breaks = 1;
                return;
            }
            self.flush();
            self.push_visible(next);
        }
    }

    fn push_visible(&mut self, next: char) {
        if next == '$' {
            formulas::push_dollar(&mut self.text);
        } else {
            self.text.push(next);
        }
    }

    fn push_formula(&mut self, formula: &Formula) {
        if formula.latex.is_empty() {
            return;
        }
        if formula.is_display {
            self.end_line();
        }
        self.push_raw(&formula.delimited());
        if formula.is_display {
            self.end_line();
            self.is_after_display = true;
        }
    }
}

struct Reducer<'a, F> {
    taken: &'a Taken<'a>,
    images: &'a mut F,
    warnings: Vec<String>,
}

impl<F: FnMut(&str, &str) -> usize> Reducer<'_, F> {
    fn children(&mut self, element: &Element, out: &mut Output, depth: usize) {
        for child in &element.children {
            match child {
                Node::Text(text) => self.text(text, out),
                Node::Element(element) => self.element(element, out, depth + 1),
            }
        }
    }

    /// The text inside an element, by itself.
    fn inner(&mut self, element: &Element, depth: usize) -> String {
        let mut out = Output::default();
        self.children(element, &mut out, depth);
        tidy(&out.text)
    }

    fn text(&mut self, text: &str, out: &mut Output) {
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if next == OPEN
                && let Some((number, after)) = rest[OPEN.len_utf8()..].split_once(CLOSE)
            {
                if let Some(formula) = number.parse::<usize>().ok().and_then(|index| self.taken.formulas.get(index)) {
                    out.push_formula(formula);
                }
                rest = after;
                continue;
            }
            // Soft hyphens and zero-width spaces are for line breaking only.
            if !matches!(next, '\u{ad}' | '\u{200b}' | '\u{feff}') {
                out.push_character(if next == '\u{a0}' { ' ' } else { next });
            }
            rest = &rest[next.len_utf8()..];
        }
    }

    fn element(&mut self, element: &Element, out: &mut Output, depth: usize) {
        if let Some(latex) = element.attribute("data-equation-content").filter(|latex| !latex.trim().is_empty()) {
            out.push_formula(&formula(latex, false));
            return;
        }
        if ["katex-html", "MathJax_Preview", "MathJax", "hidden-readable"].iter().any(|name| element.has_class(name)) {
            return;
        }
        match element.name.as_str() {
            "br" => {
                if out.breaks > 0 || !out.text.is_empty() {
                    out.breaks = (out.breaks + 1).min(2);
                    out.is_after_display = false;
                }
            }
            "math" => out.push_formula(&mathml::formula(element)),
            "script" => {
                if let Some(kind) = element.attribute("type").filter(|kind| kind.starts_with("math/tex")) {
                    out.push_formula(&formula(&element.text(), kind.contains("display")));
                }
            }
            "head" | "template" | "style" | "title" | "map" => {}
            "img" => self.image(element, out),
            "audio" | "video" | "iframe" | "object" | "embed" | "canvas" => {
                let source = element.attribute("src").or(element.attribute("data")).unwrap_or_default();
                let source: String = source.chars().take(200).collect();
                self.warnings.push(format!("An element <{}> is left out: {source}.", element.name));
            }
            "sup" | "sub" => self.script(element, out, depth),
            "ul" | "ol" | "menu" | "dir" => self.list(element, out, depth),
            "table" => self.table(element, out, depth),
            "hr" => out.end_line(),
            "pre" => {
                out.end_line();
                out.flush();
                let was = std::mem::replace(&mut out.is_verbatim, true);
                self.children(element, out, depth);
                out.is_verbatim = was;
                out.text.truncate(out.text.trim_end_matches('\n').len());
                out.end_line();
            }
            "q" => {
                out.push_raw("“");
                self.children(element, out, depth);
                out.push_raw("”");
            }
            "dd" | "blockquote" | "address" | "article" | "aside" | "body" | "caption" | "center" | "details"
            | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "h1" | "h2" | "h3"
            | "h4" | "h5" | "h6" | "header" | "legend" | "li" | "main" | "nav" | "option" | "p" | "section"
            | "summary" | "tr" => {
                out.end_line();
                self.children(element, out, depth);
                out.end_line();
            }
            _ => self.children(element, out, depth),
        }
    }

    fn image(&mut self, element: &Element, out: &mut Output) {
        let drawing = element.attribute("data-drawing").and_then(|number| number.parse::<usize>().ok());
        if let Some(svg) = drawing.and_then(|index| self.taken.drawings.get(index)) {
            let number = (self.images)(&format!("data:image/svg+xml,{svg}"), "");
            out.push_raw(&format!("[figure {number}]"));
            return;
        }
        let source = element.attribute("src").unwrap_or_default();
        let alt = element.attribute("alt").unwrap_or_default();
        // Pictures of formulas: Canvas, Moodle's TeX filter, MediaWiki.
        let is_formula = ["equation_image", "texrender", "latex", "mwe-math-fallback-image-inline", "tex"]
            .iter()
            .any(|class| element.has_class(class));
        let latex = alt.strip_prefix("LaTeX:").or((is_formula && !alt.is_empty()).then_some(alt));
        if let Some(latex) = latex {
            out.push_formula(&formula(latex, false));
        } else if !source.trim().is_empty() {
            let number = (self.images)(source.trim(), alt.trim());
            out.push_raw(&format!("[figure {number}]"));
        }
    }

    fn script(&mut self, element: &Element, out: &mut Output, depth: usize) {
        let inner = self.inner(element, depth).replace('\n', " ");
        if inner.is_empty() {
            return;
        }
        let is_ordinal = matches!(inner.as_str(), "st" | "nd" | "rd" | "th")
            && !out.has_space
            && out.text.ends_with(|c: char| c.is_ascii_digit());
        if is_ordinal {
            out.push_raw(&inner);
            return;
        }
        let sign = if element.name == "sup" { '^' } else { '_' };
        // A formula in a script is a formula of its own only outside the braces.
        let inner = inner.strip_prefix('$').and_then(|inner| inner.strip_suffix('$')).unwrap_or(&inner);
        out.push_raw(&format!("{sign}{{{inner}}}"));
    }

    fn list(&mut self, element: &Element, out: &mut Output, depth: usize) {
        out.end_line();
        let mut number = element.attribute("start").and_then(|start| start.trim().parse::<u32>().ok()).unwrap_or(1);
        for child in &element.children {
            match child {
                Node::Element(item) if item.name == "li" => {
                    let label = if element.name == "ol" {
                        list_label(number, element.attribute("type").unwrap_or("1"))
                    } else {
                        "-".to_owned()
                    };
                    number = number.saturating_add(1);
                    let inner = self.inner(item, depth + 1);
                    if !inner.is_empty() {
                        let indented = inner.replace('\n', "\n  ");
                        out.end_line();
                        out.push_raw(&format!("{label} {indented}"));
                    }
                }
                Node::Element(other) => self.element(other, out, depth + 1),
                Node::Text(text) => self.text(text, out),
            }
        }
        out.end_line();
    }

    fn table(&mut self, table: &Element, out: &mut Output, depth: usize) {
        out.end_line();
        for child in table.elements() {
            match child.name.as_str() {
                "tr" => self.row(child, out, depth + 1),
                "thead" | "tbody" | "tfoot" => {
                    for row in child.elements() {
                        self.row(row, out, depth + 2);
                    }
                }
                "colgroup" | "col" => {}
                _ => self.element(child, out, depth + 1),
            }
        }
        out.end_line();
    }

    fn row(&mut self, row: &Element, out: &mut Output, depth: usize) {
        let mut cells = Vec::new();
        for cell in row.elements() {
            let inner = self.inner(cell, depth + 1);
            // A display formula in a cell stays in its line.
            cells.push(inner.replace("$$", "$").replace('\n', " "));
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            out.end_line();
            let line = cells.join(" | ");
            out.push_raw(line.trim_end());
            out.end_line();
        }
    }
}

fn formula(latex: &str, is_display: bool) -> Formula {
    let latex = latex.trim();
    let inner = |open: &str, close: &str| latex.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let bare = inner("\\(", "\\)").or(inner("\\[", "\\]")).or(inner("$$", "$$")).or(inner("$", "$")).unwrap_or(latex);
    Formula { latex: formulas::clean(bare), is_display }
}

fn list_label(number: u32, kind: &str) -> String {
    let letter = number.checked_sub(1).filter(|index| *index < 26).and_then(|index| char::from_u32(97 + index));
    match (kind, letter) {
        ("a", Some(letter)) => format!("{letter}."),
        ("A", Some(letter)) => format!("{}.", letter.to_ascii_uppercase()),
        ("i", _) if number < 40 => format!("{}.", roman(number)),
        ("I", _) if number < 40 => format!("{}.", roman(number).to_uppercase()),
        _ => format!("{number}."),
    }
}

fn roman(mut number: u32) -> String {
    let mut out = String::new();
    for (value, digits) in [(10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")] {
        while number >= value {
            out.push_str(digits);
            number -= value;
        }
    }
    out
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
