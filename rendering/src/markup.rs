//! The elements that the renderer writes, and the check that markup has no others.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// An element or text. Attributes are sorted, so that equal formulas give equal bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) attributes: BTreeMap<&'static str, String>,
    pub(crate) children: Vec<Node>,
}

impl Element {
    pub(crate) fn new(name: &'static str, children: Vec<Node>) -> Self {
        Self { name, attributes: BTreeMap::new(), children }
    }

    pub(crate) fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(attribute, value.into());
        self
    }

    /// Adds a declaration to the `style` attribute.
    pub(crate) fn styled(mut self, declaration: &str) -> Self {
        let style = self.attributes.entry("style").or_default();
        if !style.is_empty() {
            style.push(';');
        }
        style.push_str(declaration);
        self
    }

    /// Whether it is an `mrow` that only groups.
    pub(crate) fn only_groups(&self) -> bool {
        self.name == "mrow" && self.attributes.is_empty()
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self.children.as_slice() {
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl Node {
    pub(crate) fn element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text(_) => None,
        }
    }

    pub(crate) fn write(&self, html: &mut String) {
        match self {
            Self::Text(text) => escape(text, html),
            Self::Element(element) => {
                let _ = write!(html, "<{}", element.name);
                for (name, value) in &element.attributes {
                    let _ = write!(html, " {name}=\"");
                    escape(value, html);
                    html.push('"');
                }
                if element.children.is_empty() && element.name != "math" {
                    html.push_str("/>");
                    return;
                }
                html.push('>');
                for child in &element.children {
                    child.write(html);
                }
                let _ = write!(html, "</{}>", element.name);
            }
        }
    }
}

/// Escapes text and attribute values. HTML has no control characters, so they become spaces.
fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ if character.is_control() => html.push(' '),
            _ => html.push(character),
        }
    }
}

/// The elements of MathML Core that the renderer writes.
const ELEMENTS: [&str; 23] = [
    "math",
    "merror",
    "mfrac",
    "mi",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mroot",
    "mrow",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
];

/// The attributes that the renderer writes. No attribute names an address, a script or a class.
const ATTRIBUTES: [&str; 22] = [
    "accent",
    "accentunder",
    "depth",
    "display",
    "displaystyle",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathbackground",
    "mathcolor",
    "mathsize",
    "mathvariant",
    "maxsize",
    "minsize",
    "rspace",
    "scriptlevel",
    "stretchy",
    "style",
    "voffset",
    "width",
];

/// The properties that a `style` attribute may set.
const PROPERTIES: [&str; 24] = [
    "background",
    "border",
    "border-bottom",
    "border-collapse",
    "border-left",
    "border-right",
    "border-top",
    "display",
    "font-family",
    "font-style",
    "font-weight",
    "margin-left",
    "margin-right",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "print-color-adjust",
    "text-align",
    "text-shadow",
    "transform",
    "width",
    "white-space",
];

/// Whether `html` consists only of text and of elements and attributes that the renderer may write, and is well formed.
///
/// Tests walk the output with it. It reads the strict form that the renderer writes, not all of HTML.
#[must_use]
pub fn is_safe(html: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = html;
    loop {
        let (text, after) = rest.split_once('<').map_or((rest, None), |(text, after)| (text, Some(after)));
        if !is_text(text) {
            return false;
        }
        let Some(after) = after else {
            return open.is_empty();
        };
        let Some((tag, remaining)) = after.split_once('>') else {
            return false;
        };
        rest = remaining;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let Some(name) = opened(tag) else {
            return false;
        };
        if !empty {
            open.push(name);
        }
    }
}

/// The name of an opening tag if it and its attributes are allowed.
fn opened(tag: &str) -> Option<&str> {
    let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    if !ELEMENTS.contains(&name) {
        return None;
    }
    while !attributes.is_empty() {
        let (attribute, after) = attributes.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        if !ATTRIBUTES.contains(&attribute) || !is_value(value) || (attribute == "style" && !is_style(value)) {
            return None;
        }
        attributes = after.strip_prefix(' ').unwrap_or(after);
        if after.starts_with(' ') == attributes.is_empty() {
            return None;
        }
    }
    Some(name)
}

fn is_text(text: &str) -> bool {
    let entities = ["amp;", "lt;", "gt;", "quot;"];
    !text.contains(|character: char| character == '>' || character.is_control())
        && text.split('&').skip(1).all(|after| entities.iter().any(|entity| after.starts_with(entity)))
}

/// Lengths, numbers, colours, keywords and gradients.
fn is_value(value: &str) -> bool {
    value.chars().all(|character| character.is_ascii_alphanumeric() || "#%.,:;()+ -".contains(character))
}

fn is_style(style: &str) -> bool {
    style.split(';').all(|declaration| {
        declaration.split_once(':').is_some_and(|(property, value)| {
            let value = value.to_ascii_lowercase();
            PROPERTIES.contains(&property)
                && value.split('(').rev().skip(1).all(|before| {
                    ["calc", "linear-gradient", "translatex"].iter().any(|function| before.ends_with(function))
                })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_markup_is_safe() {
        for good in [
            "",
            "a &amp; b",
            "<math></math>",
            "<math display=\"block\"><mi mathvariant=\"normal\">x</mi><mo>&lt;</mo></math>",
            "<mspace width=\"1em\"/><mrow/>",
            "<mrow style=\"border:1px solid;padding:0.2em\"></mrow>",
            "<mrow style=\"background:linear-gradient(to top right,transparent 48%,currentColor 48%)\"></mrow>",
        ] {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "<script>",
            "<math>",
            "</math>",
            "<math></mi>",
            "<math onclick=\"x\"></math>",
            "<math  display=\"block\"></math>",
            "<math display=block></math>",
            "<math display=\"block\" ></math>",
            "<mi class=\"x\"></mi>",
            "<mi href=\"javascript:x\"></mi>",
            "<mi style=\"background:url(x)\"></mi>",
            "<mi style=\"background:linear-gradient(url(x))\"></mi>",
            "<mi style=\"position:fixed\"></mi>",
            "<mi mathcolor=\"&quot;x\"></mi>",
            "a & b",
            "a > b",
            "a\u{0}",
            "<!--x-->",
            "<mi",
            "<mi / >",
            "<mi/ x=\"1\">",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }

    #[test]
    fn text_and_values_are_escaped() {
        let mut html = String::new();
        let element = Element::new("mtext", vec![Node::Text("<b a='x'>\u{0}&".to_owned())]).with("width", "\"<");
        Node::from(element).write(&mut html);
        assert_eq!(html, "<mtext width=\"&quot;&lt;\">&lt;b a='x'&gt; &amp;</mtext>");
    }
}
