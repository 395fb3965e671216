//! Reads XML within bounds, and walks its tree without regard to namespaces.
//!
//! `roxmltree` builds the tree: it keeps positions, and joins text, CDATA sections and entities. Before that, one pass checks
//! what could make it slow or deep, and repairs what many exporters write although XML forbids it.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use crate::{Decoded, FormatError, decode, markup};

const DEPTH_MAX: usize = 200;
/// The parser compares each attribute of an element with all others.
const ATTRIBUTES_MAX: usize = 256;
const NODES_MAX: u32 = 8_000_000;

/// A text that is ready for [`parse`].
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) text: String,
    /// What was repaired.
    pub(crate) repairs: Vec<String>,
    /// The offset of each line.
    lines: Vec<usize>,
}

impl Prepared {
    /// The line of a node, from 1.
    pub(crate) fn line(&self, node: Node) -> u32 {
        let at = node.range().start;
        u32::try_from(self.lines.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }

    pub(crate) fn parse(&self) -> Result<Document<'_>, FormatError> {
        let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        Document::parse_with_options(&self.text, options)
            .map_err(|error| FormatError(format!("The file is not well-formed XML: {error} (line:column).")))
    }
}

/// Decodes, bounds and repairs a file.
pub(crate) fn prepare(bytes: &[u8]) -> Result<Prepared, FormatError> {
    let Decoded { text, warning } = decode(bytes)?;
    let mut scan = Scan { text: &text, at: 0, out: String::with_capacity(text.len()), depth: 0 };
    let mut entities = 0_usize;
    let mut doctype = false;
    while let Some(found) = scan.text[scan.at..].find(['<', '&']) {
        scan.keep(scan.at + found);
        let rest = &scan.text[scan.at..];
        if rest.starts_with("<!--") {
            scan.keep_through("-->");
        } else if rest.starts_with("<![CDATA[") {
            scan.keep_through("]]>");
        } else if rest.starts_with("<?") {
            scan.keep_through("?>");
        } else if rest.starts_with("<!") {
            scan.blank_doctype()?;
            doctype = true;
        } else if rest.starts_with('<') {
            entities += scan.tag()?;
        } else {
            entities += usize::from(scan.entity());
        }
    }
    let end = scan.text.len();
    scan.keep(end);
    let (text, controls) = without_controls(scan.out);
    let mut repairs = Vec::new();
    repairs.extend(warning);
    if doctype {
        repairs.push("The document type definition was not read.".to_owned());
    }
    if entities > 0 {
        repairs.push(format!("{entities} HTML entities that XML does not know were read as HTML does."));
    }
    if controls > 0 {
        repairs.push(format!("{controls} control characters were read as blanks."));
    }
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    Ok(Prepared { text, repairs, lines })
}

/// Characters that XML 1.0 forbids. Moodle exports what authors pasted.
fn without_controls(text: String) -> (String, usize) {
    let is_forbidden = |letter: char| matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let count = text.chars().filter(|letter| is_forbidden(*letter)).count();
    if count == 0 { (text, 0) } else { (text.replace(is_forbidden, " "), count) }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    out: String,
    depth: usize,
}

impl Scan<'_> {
    fn keep(&mut self, end: usize) {
        self.out.push_str(&self.text[self.at..end]);
        self.at = end;
    }

    fn keep_through(&mut self, mark: &str) {
        let end = self.text[self.at..].find(mark).map_or(self.text.len(), |found| self.at + found + mark.len());
        self.keep(end);
    }

    /// Replaces a document type without declarations by blanks, so that lines stay.
    fn blank_doctype(&mut self) -> Result<(), FormatError> {
        let rest = &self.text[self.at..];
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        if rest[..end].contains('[') {
            return Err(FormatError(
                "The file declares entities of its own in a document type. This is refused, since entities can expand without \
                 bound. Remove the part from `<!DOCTYPE` to `]>`."
                    .to_owned(),
            ));
        }
        self.out.extend(rest[..end].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        self.at += end;
        Ok(())
    }

    /// Keeps a tag and repairs the entities in its attributes. Returns how many.
    fn tag(&mut self) -> Result<usize, FormatError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut quote = None;
        let mut attributes = 0;
        let mut entities = 0;
        let mut end = start + 1;
        while let Some(byte) = bytes.get(end) {
            match (quote, byte) {
                (None, b'>') => break,
                (None, b'"' | b'\'') => {
                    quote = Some(*byte);
                    attributes += 1;
                }
                (Some(open), _) if open == *byte => quote = None,
                (Some(_), b'&') => {
                    self.keep(end);
                    entities += usize::from(self.entity());
                    end = self.at;
                    continue;
                }
                _ => {}
            }
            end += 1;
        }
        if attributes > ATTRIBUTES_MAX {
            return Err(FormatError(format!("An element has more than {ATTRIBUTES_MAX} attributes.")));
        }
        if bytes.get(start + 1) == Some(&b'/') {
            self.depth = self.depth.saturating_sub(1);
        } else if bytes.get(end - 1) != Some(&b'/') {
            self.depth += 1;
        }
        if self.depth > DEPTH_MAX {
            return Err(FormatError(format!("Elements are nested more than {DEPTH_MAX} levels deep.")));
        }
        self.keep((end + 1).min(self.text.len()));
        Ok(entities)
    }

    /// Keeps `&amp;` and `&#960;`, and replaces `&nbsp;` and a bare `&`. Returns whether something was replaced.
    fn entity(&mut self) -> bool {
        let rest = &self.text[self.at + 1..];
        let length = rest.bytes().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        let name = &rest[..length];
        if !rest[length..].starts_with(';') || name.is_empty() {
            self.out.push_str("&amp;");
            self.at += 1;
            return true;
        }
        if name.starts_with('#') || ["amp", "lt", "gt", "quot", "apos"].contains(&name) {
            self.keep(self.at + length + 2);
            return false;
        }
        // An unknown name stays as it is written. No entity of HTML but those above has a letter that XML would read.
        push_escaped(&mut self.out, &markup::decode_entities(&format!("&{name};")));
        self.at += length + 2;
        true
    }
}

/// The name of an element: without its namespace, and in the spelling of QTI 2 (`qti-item-body` is `itemBody`).
pub(crate) fn name<'a>(node: Node<'a, '_>) -> Cow<'a, str> {
    let local = node.tag_name().name();
    match local.strip_prefix("qti-") {
        Some(kebab) => Cow::Owned(camel(kebab)),
        None => Cow::Borrowed(local),
    }
}

fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// An attribute by its name in QTI 2. `baseType` also finds `base-type`.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let is_same = |other: &str| {
        let mut kebab = other.bytes();
        let fits = name.bytes().all(|byte| {
            if byte.is_ascii_uppercase() {
                match kebab.next() {
                    Some(b'-') => kebab.next() == Some(byte.to_ascii_lowercase()),
                    next => next == Some(byte),
                }
            } else {
                kebab.next() == Some(byte)
            }
        });
        fits && kebab.next().is_none()
    };
    node.attributes().find(|attribute| is_same(attribute.name())).map(|attribute| attribute.value())
}

pub(crate) fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

pub(crate) fn children<'a, 'input>(node: Node<'a, 'input>, wanted: &str) -> impl Iterator<Item = Node<'a, 'input>> {
    elements(node).filter(move |child| name(*child) == wanted)
}

pub(crate) fn child<'a, 'input>(node: Node<'a, 'input>, wanted: &str) -> Option<Node<'a, 'input>> {
    children(node, wanted).next()
}

pub(crate) fn descendants<'a, 'input>(node: Node<'a, 'input>, wanted: &str) -> impl Iterator<Item = Node<'a, 'input>> {
    node.descendants().filter(move |inner| inner.is_element() && name(*inner) == wanted)
}

pub(crate) fn descendant<'a, 'input>(node: Node<'a, 'input>, wanted: &str) -> Option<Node<'a, 'input>> {
    descendants(node, wanted).next()
}

/// All text in an element. Comments and processing instructions are no text, and separate none.
pub(crate) fn text(node: Node) -> String {
    node.descendants().filter(Node::is_text).filter_map(|inner| inner.text()).collect()
}

/// The trimmed text of the first child of this name, if it is not empty.
pub(crate) fn child_text(node: Node, wanted: &str) -> Option<String> {
    let text = text(child(node, wanted)?);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Writes a text so that HTML reads it back.
pub(crate) fn push_escaped(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            letter => html.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole_text(source: &str) -> String {
        let prepared = prepare(source.as_bytes()).unwrap();
        text(prepared.parse().unwrap().root_element())
    }

    #[test]
    fn text_cdata_and_entities_are_joined() {
        assert_eq!(whole_text("<a>1 &lt; <!-- no --><![CDATA[2 & <b>]]> &#960;<?pi x?>!</a>"), "1 < 2 & <b> π!");
    }

    #[test]
    fn html_entities_and_bare_ampersands_are_repaired() {
        let prepared = prepare(b"<a t='x&nbsp;&amp;y'>a &le; b & c &unknown; <![CDATA[&nbsp;]]></a>").unwrap();
        let document = prepared.parse().unwrap();
        assert_eq!(text(document.root_element()), "a ≤ b & c &unknown; &nbsp;");
        assert_eq!(attribute(document.root_element(), "t"), Some("x\u{a0}&y"));
        assert_eq!(prepared.repairs, ["4 HTML entities that XML does not know were read as HTML does."]);
    }

    #[test]
    fn control_characters_are_blanks() {
        assert_eq!(whole_text("<a>x\u{b}y\u{1}z</a>"), "x y z");
    }

    #[test]
    fn a_document_type_without_declarations_is_ignored_and_lines_stay() {
        let prepared = prepare(b"<?xml version='1.0'?>\n<!DOCTYPE a\n SYSTEM 'a.dtd'>\n<a>\n<b/></a>").unwrap();
        let document = prepared.parse().unwrap();
        assert_eq!(prepared.line(document.root_element()), 4);
        assert_eq!(prepared.line(child(document.root_element(), "b").unwrap()), 5);
    }

    #[test]
    fn entity_expansion_is_refused() {
        let laughs = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l>&b;</l>";
        assert!(prepare(laughs.as_bytes()).unwrap_err().0.contains("declares entities"));
    }

    #[test]
    fn deep_nesting_and_many_attributes_are_refused() {
        let deep = "<a>".repeat(100_000);
        assert_eq!(prepare(deep.as_bytes()).unwrap_err().0, "Elements are nested more than 200 levels deep.");
        let wide = (0..100_000).map(|number| format!(" a{number}=''")).collect::<Vec<_>>().concat();
        let error = prepare(format!("<a{wide}/>").as_bytes()).unwrap_err();
        assert_eq!(error.0, "An element has more than 256 attributes.");
    }

    #[test]
    fn a_huge_attribute_is_read() {
        let value = "x".repeat(5_000_000);
        let prepared = prepare(format!("<a b='{value}'/>").as_bytes()).unwrap();
        assert_eq!(attribute(prepared.parse().unwrap().root_element(), "b").map(str::len), Some(5_000_000));
    }

    #[test]
    fn names_of_qti_3_are_those_of_qti_2() {
        let prepared = prepare(b"<qti-item-body base-type='float' mapKey='a' xml:lang='en'/>").unwrap();
        let document = prepared.parse().unwrap();
        let root = document.root_element();
        assert_eq!(name(root), "itemBody");
        assert_eq!(attribute(root, "baseType"), Some("float"));
        assert_eq!(attribute(root, "mapKey"), Some("a"));
        assert_eq!(attribute(root, "base"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(source in "[<>/!\\[\\]&;#a?'\"= \n-]{0,60}") {
            if let Ok(prepared) = prepare(source.as_bytes()) {
                drop(prepared.parse().map(|document| text(document.root_element())));
            }
        }
    }
}
