//! SVG figures. What is not on a list of elements and attributes is left out: scripts, event handlers, animations, foreign
//! content, and everything that loads something from elsewhere.

use std::fmt::Write as _;

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use super::Image;

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// Maximum bytes of the source.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Maximum number of elements and texts.
const NODES_MAX: u32 = 50_000;
/// Maximum nesting.
const DEPTH_MAX: usize = 64;
/// Maximum width and height that are reported.
const PIXELS_MAX: f64 = 10_000.0;

const ELEMENTS: [&str; 30] = [
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tspan",
    "use",
    "view",
    "metadata",
    "a",
];
/// Elements whose texts are kept.
const WITH_TEXT: [&str; 6] = ["desc", "style", "text", "textPath", "title", "tspan"];
/// Elements that are left out without a word: they show nothing.
const SILENT: [&str; 3] = ["metadata", "view", "namedview"];

const ATTRIBUTES: [&str; 99] = [
    "alignment-baseline",
    "baseline-shift",
    "class",
    "clip-path",
    "clip-rule",
    "clipPathUnits",
    "color",
    "color-interpolation",
    "cx",
    "cy",
    "d",
    "direction",
    "display",
    "dominant-baseline",
    "dx",
    "dy",
    "fill",
    "fill-opacity",
    "fill-rule",
    "font-family",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "fr",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "id",
    "image-rendering",
    "lengthAdjust",
    "letter-spacing",
    "marker-end",
    "marker-mid",
    "marker-start",
    "markerHeight",
    "markerUnits",
    "markerWidth",
    "mask",
    "maskContentUnits",
    "maskUnits",
    "method",
    "mix-blend-mode",
    "offset",
    "opacity",
    "orient",
    "overflow",
    "paint-order",
    "pathLength",
    "patternContentUnits",
    "patternTransform",
    "patternUnits",
    "points",
    "preserveAspectRatio",
    "r",
    "refX",
    "refY",
    "rotate",
    "rx",
    "ry",
    "shape-rendering",
    "side",
    "spacing",
    "spreadMethod",
    "startOffset",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "text-decoration",
    "text-rendering",
    "textLength",
    "transform",
    "transform-origin",
    "unicode-bidi",
    "vector-effect",
    "version",
    "viewBox",
    "visibility",
    "width",
    "word-spacing",
    "writing-mode",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
    "type",
];

/// Parts of a style that may load something or be read in another way by another reader.
const UNSAFE_IN_STYLES: [&str; 9] =
    ["\\", "@", "//", "image(", "image-set(", "src(", "expression", "javascript", "-moz-binding"];

/// Writes an SVG again with what is allowed.
pub(super) fn svg(bytes: &[u8]) -> Result<Image, String> {
    let unreadable = |why: &str| format!("the SVG cannot be read: {why}");
    if bytes.len() > BYTES_MAX {
        return Err(unreadable(&format!("it has more than {BYTES_MAX} bytes")));
    }
    let text = str::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.contains("<!ENTITY") {
        return Err(unreadable("it defines entities"));
    }
    if depth(text) > DEPTH_MAX {
        return Err(unreadable(&format!("its elements are nested more than {DEPTH_MAX} levels deep")));
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| unreadable(&error.to_string()))?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" || root.tag_name().namespace() != Some(SVG) {
        return Err(unreadable("its root is no svg element of the SVG namespace"));
    }
    let mut writer = Writer::default();
    writer.element(root, true);
    let (width, height) = size_of(root);
    Ok(Image { bytes: writer.text.into_bytes(), width, height, removed: writer.removed })
}

/// An upper bound of the nesting up to the first error: the parser is recursive, so it must not see more.
fn depth(text: &str) -> usize {
    let after = |rest: &str, end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            rest = &rest[after(rest, "-->")..];
        } else if rest.starts_with("![CDATA[") {
            rest = &rest[after(rest, "]]>")..];
        } else if rest.starts_with('?') {
            rest = &rest[after(rest, "?>")..];
        } else if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !rest.starts_with('!') {
            let end = end_of_tag(rest);
            if !rest[..end].ends_with('/') {
                depth += 1;
                deepest = deepest.max(depth);
            }
            rest = &rest[end..];
        }
    }
    deepest
}

/// The place of the `>` that ends a tag: one in a quoted value does not.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Writer {
    text: String,
    removed: Vec<String>,
}

impl Writer {
    fn element(&mut self, node: Node<'_, '_>, is_root: bool) {
        let name = node.tag_name().name();
        let is_silent = SILENT.contains(&name);
        if node.tag_name().namespace() != Some(SVG) || !ELEMENTS.contains(&name) || is_silent {
            // Drawing programs keep their own data beside the image.
            if node.tag_name().namespace() == Some(SVG) && !is_silent {
                self.leave_out(format!("the element {}", shown(name)));
            }
            return;
        }
        // A link shows what is in it.
        if name == "a" {
            self.children(node, true);
            return;
        }
        if name == "style" && !is_safe_style(&text_of(node)) {
            self.leave_out("a style sheet that loads something or has rules that begin with @".to_owned());
            return;
        }
        self.text.push('<');
        self.text.push_str(name);
        if is_root {
            let _ = write!(self.text, " xmlns=\"{SVG}\" xmlns:xlink=\"{XLINK}\"");
        }
        self.attributes(node, name);
        self.text.push('>');
        self.children(node, WITH_TEXT.contains(&name));
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    fn children(&mut self, node: Node<'_, '_>, has_text: bool) {
        for child in node.children() {
            match child.node_type() {
                NodeType::Element => self.element(child, false),
                NodeType::Text if has_text => {
                    let text = child.text().unwrap_or_default();
                    self.text.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
                }
                _ => {}
            }
        }
    }

    fn attributes(&mut self, node: Node<'_, '_>, element: &str) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let (written, is_kept) = match (attribute.namespace(), name) {
                (None | Some(XLINK), "href") => {
                    ("xlink:href", value.starts_with('#') || (element == "image" && is_embedded_image(value)))
                }
                (None, "style") => {
                    let declarations = || value.split(';').map(str::trim).filter(|declaration| !declaration.is_empty());
                    let kept: Vec<&str> = declarations().filter(|declaration| is_safe_style(declaration)).collect();
                    if kept.len() < declarations().count() {
                        self.leave_out("a part of a style attribute".to_owned());
                    }
                    self.attribute("style", &kept.join(";"));
                    continue;
                }
                (None, name) if ATTRIBUTES.contains(&name) => (name, is_safe_style(value)),
                (Some("http://www.w3.org/XML/1998/namespace"), "space") => ("xml:space", true),
                // Attributes of other namespaces are data of drawing programs.
                (Some(_), _) => continue,
                (None, name) => (name, false),
            };
            if is_kept {
                self.attribute(written, value);
            } else {
                self.leave_out(format!("the attribute {}", shown(name)));
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars() {
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '"' => escaped.push_str("&quot;"),
                '\n' => escaped.push_str("&#10;"),
                '\t' => escaped.push_str("&#9;"),
                '\r' => escaped.push_str("&#13;"),
                c => escaped.push(c),
            }
        }
        let _ = write!(self.text, " {name}=\"{escaped}\"");
    }

    fn leave_out(&mut self, what: String) {
        if !self.removed.contains(&what) && self.removed.len() < 20 {
            self.removed.push(what);
        }
    }
}

/// A name for a message.
fn shown(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_debug).collect()
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

/// Whether a value loads nothing: `url(` may name only a part of the figure.
fn is_safe_style(value: &str) -> bool {
    let value = value.to_lowercase();
    let is_local = |after: &str| after.trim_start().trim_start_matches(['"', '\'']).starts_with('#');
    !UNSAFE_IN_STYLES.iter().any(|part| value.contains(part)) && value.split("url(").skip(1).all(is_local)
}

/// Whether it is a PNG or JPEG in the address itself.
fn is_embedded_image(address: &str) -> bool {
    let data =
        ["data:image/png;base64,", "data:image/jpeg;base64,"].iter().find_map(|start| address.strip_prefix(start));
    data.is_some_and(|data| {
        data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte) || byte.is_ascii_whitespace())
    })
}

/// Width and height in pixels, from the attributes or from the view box.
fn size_of(root: Node<'_, '_>) -> (Option<u32>, Option<u32>) {
    let length = |name: &str| {
        let value = root.attribute(name)?.trim();
        let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
        let per_pixel = match value[digits..].trim() {
            "" | "px" => 1.0,
            "pt" => 4.0 / 3.0,
            "mm" => 96.0 / 25.4,
            "cm" => 96.0 / 2.54,
            "in" => 96.0,
            _ => return None,
        };
        Some(value[..digits].parse::<f64>().ok()? * per_pixel)
    };
    let view_box: Vec<f64> = root
        .attribute("viewBox")
        .map(|value| value.split([' ', ',']).filter_map(|part| part.parse().ok()).collect())
        .unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and within bounds")]
    let whole = |pixels: f64| (1.0..=PIXELS_MAX).contains(&pixels).then(|| pixels.round() as u32);
    let side = |name: &str, at: usize| length(name).or_else(|| view_box.get(at).copied()).and_then(whole);
    (side("width", 2), side("height", 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(inside: &str) -> (String, Vec<String>) {
        let image = svg(format!("<svg xmlns=\"{SVG}\" xmlns:xlink=\"{XLINK}\">{inside}</svg>").as_bytes()).unwrap();
        let text = String::from_utf8(image.bytes).unwrap();
        let again = svg(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(again.bytes).unwrap(), text, "a second time changes nothing");
        assert_eq!(again.removed, Vec::<String>::new());
        let (_, inside) = text.split_once('>').unwrap();
        (inside.strip_suffix("</svg>").unwrap().to_owned(), image.removed)
    }

    #[test]
    fn an_image_stays_as_it_is() {
        for inside in [
            r#"<g id="a" transform="scale(2)" style="fill:#fff;stroke:url(#g)"><path d="M0 0L1 1"></path></g>"#,
            r#"<defs><clipPath id="c"><rect x="0" y="0" width="1" height="1"></rect></clipPath></defs>"#,
            r##"<use xlink:href="#a" x="1"></use><circle clip-path="url(#c)" r="2"></circle>"##,
            r#"<text x="1"> 1 &lt; 2 &amp; <tspan>x</tspan></text><title>A "line"</title>"#,
            r#"<style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>"#,
            r#"<image xlink:href="data:image/png;base64,AAAA" width="1" height="1"></image>"#,
        ] {
            assert_eq!(written(inside), (inside.to_owned(), vec![]));
        }
    }

    #[test]
    fn what_runs_or_loads_something_is_left_out() {
        for inside in [
            "<script>alert(1)</script>",
            "<SCRIPT/><x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">alert(1)</x:script>",
            r#"<path onclick="alert(1)" ONLOAD="alert(1)" d="M0 0"/>"#,
            "<foreignObject><body xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></body></foreignObject>",
            r#"<a href="javascript:alert(1)"><path d="M0 0"/></a>"#,
            r#"<a xlink:href="javascript:alert(1)"><path d="M0 0"/></a>"#,
            r#"<use href="http://evil.example/alert(1)#x"/><use xlink:href="//evil.example/alert(1)"/>"#,
            r#"<image href="http://evil.example/alert(1).png"/><image href="data:image/svg+xml;base64,alert(1)"/>"#,
            r#"<image href="data:image/png;base64,AAAA&quot; onload=&quot;alert(1)"/>"#,
            r#"<path fill="url(http://evil.example/alert(1))" style="fill: url('//evil.example/alert(1)')"/>"#,
            r#"<path style="background: image-set('http://evil.example/alert(1)')"/>"#,
            "<style>@import 'http://evil.example/alert(1)';</style>",
            r"<style>* { background: u\72l(http://evil.example/alert(1)) }</style>",
            r#"<set attributeName="href" to="javascript:alert(1)"/><animate attributeName="href" values="javascript:alert(1)"/>"#,
            "<filter id=\"f\"><feImage href=\"http://evil.example/alert(1)\"/></filter>",
            "<?xml-stylesheet href=\"http://evil.example/alert(1)\"?><!-- alert(1) -->",
            "<iframe src=\"alert(1)\"/><handler>alert(1)</handler>",
        ] {
            let (text, _) = written(inside);
            for bad in ["alert", "evil", "script", "onclick", "href=\"http"] {
                assert!(!text.to_lowercase().contains(bad), "{inside}\n{text}");
            }
        }
        let (_, removed) = written(r#"<script/><path onclick="x" style="fill:red;stroke:url(//x)"/>"#);
        assert_eq!(removed, ["the element script", "the attribute onclick", "a part of a style attribute"]);
    }

    #[test]
    fn hostile_files_are_refused() {
        let fault = |text: &str| svg(text.as_bytes()).err().unwrap();
        let nested = format!("<svg xmlns=\"{SVG}\">{}{}</svg>", "<g>".repeat(200_000), "</g>".repeat(200_000));
        assert!(fault(&nested).ends_with("nested more than 64 levels deep"), "{}", fault(&nested));
        let open = "<g>".repeat(200_000);
        assert!(fault(&open).ends_with("nested more than 64 levels deep"));
        // A ">" in an attribute must not hide the nesting.
        let hidden = format!("<svg xmlns=\"{SVG}\">{}", "<g id='/>'>".repeat(100_000));
        assert!(svg(hidden.as_bytes()).is_err());
        let entities = "<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg xmlns=\"http://www.w3.org/2000/svg\">&a;</svg>";
        assert!(fault(entities).ends_with("it defines entities"));
        let many = format!("<svg xmlns=\"{SVG}\">{}</svg>", "<g/>".repeat(60_000));
        assert!(fault(&many).contains("nodes"), "{}", fault(&many));
        assert!(fault(&" ".repeat(BYTES_MAX + 1)).contains("more than 2097152 bytes"));
        for text in ["", "<svg/>", "<html/>", "<svg xmlns=\"http://www.w3.org/2000/svg\">", "\u{0}"] {
            assert!(fault(text).starts_with("the SVG cannot be read: "), "{text}");
        }
        assert!(svg(&[0xff, 0xfe, 0x3c]).is_err());
    }

    #[test]
    fn a_document_type_is_allowed_and_the_size_is_read() {
        let doctype =
            "<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/x.dtd\">";
        for (attributes, size) in [
            ("width=\"72pt\" height=\"1in\"", (Some(96), Some(96))),
            ("width=\"100%\" viewBox=\"0 0 30.4,20\"", (Some(30), Some(20))),
            ("width=\"1e9\"", (None, None)),
        ] {
            let image = svg(format!("{doctype}<svg xmlns=\"{SVG}\" {attributes}/>").as_bytes()).unwrap();
            assert_eq!((image.width, image.height), size, "{attributes}");
        }
    }
}
