//! Tags of HTML in a text, found without a tree: formulas are taken out before HTML is read.

use crate::markup::decode_entities;

/// A tag with more attributes loses all of them: the tokenizer compares each with all others.
const ATTRIBUTES_MAX: usize = 256;

const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];
pub(crate) const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "option",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];
const OTHER: &[&str] = &[
    "area", "audio", "base", "button", "canvas", "embed", "iframe", "img", "input", "link", "map", "math", "meta",
    "meter", "noscript", "object", "output", "param", "picture", "progress", "script", "select", "source", "style",
    "svg", "template", "textarea", "title", "track", "video",
];
pub(crate) const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Whether a sorted list has a name.
pub(crate) fn is_in(list: &[&str], name: &str) -> bool {
    list.binary_search(&name).is_ok()
}

/// Whether a tag of this name belongs to HTML or MathML. Other names are text, such as `x` in `x<y`.
fn is_known(name: &str) -> bool {
    is_in(INLINE, name) || is_in(BLOCK, name) || is_in(OTHER, name) || name.contains(':')
}

/// A tag as it stands in a text.
struct TagInText<'a> {
    name: String,
    is_end: bool,
    raw: &'a str,
    attributes: usize,
}

/// Reads the tag at the start of `text`. Returns `None` for a `<` that begins no tag of HTML or MathML.
fn tag(text: &str) -> Option<TagInText<'_>> {
    let bytes = text.as_bytes();
    let is_end = bytes.get(1) == Some(&b'/');
    let start = 1 + usize::from(is_end);
    if !bytes.get(start)?.is_ascii_alphabetic() {
        return None;
    }
    let length = bytes[start..]
        .iter()
        .take(64)
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_')))?;
    let name = text[start..start + length].to_ascii_lowercase();
    let mut quote = None;
    let mut attributes = 0;
    let mut has_value = false;
    let from = start + length;
    for (offset, byte) in bytes[from..].iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == *byte => quote = None,
            (None, b'"' | b'\'') if has_value => quote = Some(*byte),
            (None, b'=') => {
                attributes += 1;
                has_value = true;
            }
            (None, b'<') => return None,
            (None, b'>') => {
                let inner = text[from..from + offset].trim_matches(['/', ' ', '\t', '\n']);
                // `a<b and c>d` is no tag: attributes have values, apart from a few.
                let is_plain = inner.is_empty() || has_value || matches!(inner, "controls" | "nowrap" | "checked");
                let is_name = is_known(&name) || is_mathml(&name);
                return (is_plain && is_name).then_some(TagInText {
                    name,
                    is_end,
                    raw: &text[..=from + offset],
                    attributes,
                });
            }
            _ => {}
        }
    }
    None
}

fn is_mathml(name: &str) -> bool {
    const MATHML: &[&str] = &[
        "annotation",
        "annotation-xml",
        "maction",
        "maligngroup",
        "malignmark",
        "menclose",
        "merror",
        "mfenced",
        "mfrac",
        "mglyph",
        "mi",
        "mlabeledtr",
        "mmultiscripts",
        "mn",
        "mo",
        "mover",
        "mpadded",
        "mphantom",
        "mprescripts",
        "mroot",
        "mrow",
        "ms",
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
        "none",
        "semantics",
    ];
    is_in(MATHML, name)
}

/// Whether a text has tags or entities of HTML.
pub(crate) fn is_html(text: &str) -> bool {
    let has_tag = |(at, _): (usize, &str)| tag(&text[at..]).is_some();
    let has_entity = |(at, _): (usize, &str)| {
        let end = text.as_bytes()[at..].iter().take(32).position(|byte| *byte == b';');
        end.is_some_and(|end| {
            let name = &text.as_bytes()[at + 1..at + end];
            !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
        })
    };
    // Each `<` that opens no tag may cost a search to the end; a few decide.
    text.match_indices('<').take(200).any(has_tag) || text.match_indices('&').take(1000).any(has_entity)
}

/// Whether a formula cannot go on after the tag at the start of `bytes`.
pub(crate) fn ends_formula(bytes: &[u8], is_inline_dollar: bool) -> bool {
    let name: Vec<u8> = bytes[1..]
        .iter()
        .skip_while(|byte| **byte == b'/')
        .take(12)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    let after = bytes.get(1 + usize::from(bytes.get(1) == Some(&b'/')) + name.len());
    let Ok(name) = std::str::from_utf8(&name) else { return false };
    if !matches!(after, Some(b'>' | b' ' | b'/' | b'\n')) {
        return false;
    }
    if is_inline_dollar {
        // `p` and `b` also are variables: `$a<p $`.
        is_in(BLOCK, name) && (name.len() > 1 || after != Some(&b' ')) || name == "img"
    } else {
        matches!(name, "li" | "ul" | "ol" | "td" | "th" | "tr" | "table" | "img")
    }
}

/// The text of a formula without the tags that an editor put into it.
pub(crate) fn formula_without_tags(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(tag) = tag(rest) {
            out.push_str(match (tag.name.as_str(), tag.is_end) {
                ("sup", false) => "^{",
                ("sub", false) => "_{",
                ("sup" | "sub", true) => "}",
                (name, _) if is_in(BLOCK, name) => " ",
                _ => "",
            });
            rest = &rest[tag.raw.len()..];
        } else {
            out.push('<');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    decode_entities(&out)
}

/// What begins at a `<`.
pub(crate) enum Piece<'a> {
    /// Is kept as it is.
    Raw(&'a str),
    /// A character that opens no tag.
    Character(&'static str),
    /// Is dropped.
    Nothing,
    /// A drawing.
    Svg(&'a str),
}

/// Splits HTML into tags and text. Calls of [`Self::markup_at`] go from left to right.
pub(crate) struct Splitter<'a> {
    html: &'a str,
    /// Depth of elements in which dollars are characters, such as `code`.
    code: usize,
    /// The position of the next `>`, as last searched.
    next_close: Option<usize>,
}

impl<'a> Splitter<'a> {
    pub(crate) fn new(html: &'a str) -> Self {
        Self { html, code: 0, next_close: html.find('>') }
    }

    /// Whether formulas are looked for here.
    pub(crate) fn is_text(&self) -> bool {
        self.code == 0
    }

    /// What begins at a `<`, and its length.
    pub(crate) fn markup_at(&mut self, at: usize) -> (Piece<'a>, usize) {
        let html: &'a str = self.html;
        let rest = &html[at..];
        let until = |start: &str, end: &str| {
            rest[start.len()..].find(end).map_or(rest.len(), |length| start.len() + length + end.len())
        };
        if rest.starts_with("<!--") {
            return (Piece::Nothing, until("<!--", "-->"));
        }
        if rest.starts_with("<![CDATA[") {
            return (Piece::Nothing, "<![CDATA[".len());
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return (Piece::Nothing, until("<!", ">"));
        }
        if self.next_close.is_some_and(|close| close < at) {
            self.next_close = rest.find('>').map(|close| at + close);
        }
        let Some(tag) = self.next_close.and_then(|_| tag(rest)) else {
            return (Piece::Character("&lt;"), 1);
        };
        let length = tag.raw.len();
        match tag.name.rsplit(':').next().unwrap_or_default() {
            name @ ("style" | "textarea" | "title") if !tag.is_end => {
                let close = format!("</{name}");
                let end = find_ignoring_case(&rest[length..], &close).unwrap_or(rest.len() - length);
                return (Piece::Nothing, length + end);
            }
            "script" if !tag.is_end => {
                let end = find_ignoring_case(&rest[length..], "</script").unwrap_or(rest.len() - length);
                return (Piece::Raw(&rest[..length + end]), length + end);
            }
            "math" if !tag.is_end && !tag.raw.ends_with("/>") => {
                let close = format!("</{}", tag.name);
                let end = find_ignoring_case(&rest[length..], &close).unwrap_or(rest.len() - length);
                return (Piece::Raw(&rest[..length + end]), length + end);
            }
            "svg" if !tag.is_end => {
                let close = format!("</{}>", tag.name);
                let end = find_ignoring_case(&rest[length..], &close);
                let end = end.map_or(rest.len(), |end| length + end + close.len());
                return (Piece::Svg(&rest[..end]), end);
            }
            "pre" | "code" | "samp" | "kbd" | "tt" => {
                self.code = if tag.is_end { self.code.saturating_sub(1) } else { self.code + 1 };
            }
            _ => {}
        }
        if tag.attributes > ATTRIBUTES_MAX {
            return (Piece::Nothing, length);
        }
        (Piece::Raw(tag.raw), length)
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The length of the tag of HTML at the start of `text`.
pub(crate) fn tag_length(text: &str) -> Option<usize> {
    tag(text).map(|tag| tag.raw.len())
}

/// Whether a text begins with a tag that breaks the line by itself.
pub(crate) fn begins_block(text: &str) -> bool {
    tag(text).is_some_and(|tag| is_in(BLOCK, &tag.name))
}
