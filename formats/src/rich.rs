//! The texts of one question, and the figures that they show.

use base64::{Engine, engine::general_purpose::STANDARD};
use roxmltree::Node;

use crate::{
    Figure,
    xml::{self, push_escaped},
};

/// The largest number of pictures of a question.
const FIGURES_MAX: usize = 100;

/// Reduces the HTML of a question to text and collects its figures.
#[derive(Debug, Default)]
pub(crate) struct Rich {
    pub(crate) figures: Vec<Figure>,
    pub(crate) warnings: Vec<String>,
}

/// Finds the file of an image: its path in the source, and its content.
pub(crate) type FindFile<'a> = dyn Fn(&str) -> Option<(String, Vec<u8>)> + 'a;

impl Rich {
    /// Texts that stand after those of `figures`.
    pub(crate) fn after(figures: Vec<Figure>) -> Self {
        Self { figures, warnings: Vec::new() }
    }

    pub(crate) fn html(&mut self, html: &str, find: &FindFile) -> String {
        let Self { figures, warnings } = self;
        let reduced = crate::text::html_to_text(html, &mut |source: &str, alt: &str| {
            figure(figures, warnings, find, source, alt)
        });
        for warning in reduced.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        reduced.text.trim().to_owned()
    }

    /// A text in which `<` is a letter. Formulas are still formulas.
    pub(crate) fn plain(&mut self, text: &str) -> String {
        let mut html = String::with_capacity(text.len());
        push_escaped(&mut html, text.trim());
        self.html(&html.replace('\n', "<br>"), &|_| None)
    }
}

fn figure(figures: &mut Vec<Figure>, warnings: &mut Vec<String>, find: &FindFile, source: &str, alt: &str) -> usize {
    if figures.len() >= FIGURES_MAX {
        let warning = format!("The question has more than {FIGURES_MAX} pictures. The others are left out.");
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
        return FIGURES_MAX;
    }
    let alt = (!alt.trim().is_empty()).then(|| alt.trim().to_owned());
    let figure = if source.starts_with("data:") {
        let bytes = data_address(source);
        if bytes.is_none() {
            warnings.push("A picture within the text cannot be decoded.".to_owned());
        }
        Figure { source: source.chars().take(40).collect(), bytes, alt }
    } else if let Some((path, bytes)) = find(source) {
        Figure { source: path, bytes: Some(bytes), alt }
    } else {
        let shown: String = source.chars().take(200).collect();
        let is_remote = ["http:", "https:", "//"].iter().any(|start| source.starts_with(start));
        let place = if is_remote { "is on another server and was not fetched" } else { "is not in the file" };
        let warning = format!("The picture {shown} {place}.");
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
        Figure { source: shown, bytes: None, alt }
    };
    let known = figures.iter().position(|other| other.source == figure.source && other.bytes == figure.bytes);
    known.map_or_else(
        || {
            figures.push(figure);
            figures.len()
        },
        |index| index + 1,
    )
}

/// The content of `data:image/png;base64,…`.
pub(crate) fn data_address(source: &str) -> Option<Vec<u8>> {
    let (head, body) = source.strip_prefix("data:")?.split_once(',')?;
    if head.to_ascii_lowercase().ends_with(";base64") {
        decoded_base64(&crate::package::percent_decoded(body))
    } else {
        Some(crate::package::percent_decoded(body).into_bytes())
    }
}

/// Decodes base64 with line breaks in it.
pub(crate) fn decoded_base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(compact.as_bytes()).ok()
}

/// What stands for an element in HTML.
pub(crate) enum Instead {
    /// The element itself.
    Same,
    /// Its content without its tags.
    Content,
    /// This HTML.
    Html(String),
}

/// Writes the content of an XML element as HTML: names without prefixes, so that `m:math` is `math`.
pub(crate) fn push_html<'a, 'input>(
    html: &mut String,
    node: Node<'a, 'input>,
    instead: &mut impl FnMut(Node<'a, 'input>) -> Instead,
) {
    for child in node.children() {
        if child.is_text() {
            push_escaped(html, child.text().unwrap_or_default());
            continue;
        }
        if !child.is_element() {
            continue;
        }
        match instead(child) {
            Instead::Html(other) => html.push_str(&other),
            Instead::Content => push_html(html, child, instead),
            Instead::Same => {
                let name = child.tag_name().name();
                html.push('<');
                html.push_str(name);
                for attribute in child.attributes() {
                    html.extend([" ", attribute.name(), "=\""]);
                    push_escaped(html, attribute.value());
                    html.push('"');
                }
                html.push('>');
                if !VOID.contains(&name) {
                    push_html(html, child, instead);
                    html.extend(["</", name, ">"]);
                }
            }
        }
    }
}

/// Elements of HTML that have no end tag.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// The HTML in an element: as escaped text, which is usual, or as elements.
pub(crate) fn inner_html(node: Node) -> String {
    if xml::elements(node).next().is_none() {
        return xml::text(node);
    }
    let mut html = String::new();
    push_html(&mut html, node, &mut |_| Instead::Same);
    html
}
