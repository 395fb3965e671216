//! A tree of HTML: the tokens of `html5ever`, nested by simple rules and at most [`DEPTH_MAX`] deep.
//!
//! The tree builder of `html5ever` is not used: its time is quadratic in the number of unclosed formatting elements.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, TagKind, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::tags::{BLOCK, VOID, is_in};

/// The tags of elements that are nested deeper are ignored. Their text is kept.
pub(crate) const DEPTH_MAX: usize = 64;

/// A node of the tree.
#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Element(Element),
}

#[derive(Debug, Default)]
pub(crate) struct Element {
    /// In lower case, without a prefix.
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has_class(&self, name: &str) -> bool {
        self.attribute("class").is_some_and(|class| class.split_whitespace().any(|known| known == name))
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// All text inside.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.push_text(&mut out);
        out
    }

    fn push_text(&self, out: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => element.push_text(out),
            }
        }
    }
}

/// Replaces entities by their characters.
pub(crate) fn decode_entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let root = tree(&text.replace('<', "&lt;"));
    root.text()
}

/// Reads a fragment of HTML. The root has no name.
pub(crate) fn tree(html: &str) -> Element {
    let sink = Sink(RefCell::new(Builder { open: vec![Element::default()] }));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink(RefCell<Builder>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut builder = self.0.borrow_mut();
        match token {
            CharacterTokens(text) => builder.text(&text),
            TagToken(tag) => {
                // `o:p` of Word is no paragraph.
                let name = tag.name.rsplit(':').next().unwrap_or_default();
                let name = if tag.name.starts_with("o:") { "span" } else { name }.to_ascii_lowercase();
                if tag.kind == TagKind::EndTag {
                    builder.close(&name);
                } else {
                    let raw = match name.as_str() {
                        "script" => Some(RawKind::ScriptData),
                        "style" | "iframe" | "noembed" => Some(RawKind::Rawtext),
                        "textarea" | "title" => Some(RawKind::Rcdata),
                        _ => None,
                    };
                    let attributes =
                        tag.attrs.iter().map(|attr| (attr.name.local.to_string(), attr.value.to_string())).collect();
                    let is_empty = tag.self_closing || is_in(VOID, &name);
                    builder.open(Element { name, attributes, children: Vec::new() }, is_empty);
                    if let Some(raw) = raw.filter(|_| !is_empty) {
                        return TokenSinkResult::RawData(raw);
                    }
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

struct Builder {
    /// The root and the open elements in it.
    open: Vec<Element>,
}

impl Builder {
    fn push(&mut self, node: Node) {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(node);
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(parent) = self.open.last_mut() {
            if let Some(Node::Text(last)) = parent.children.last_mut() {
                last.push_str(text);
            } else {
                parent.children.push(Node::Text(text.to_owned()));
            }
        }
    }

    fn open(&mut self, element: Element, is_empty: bool) {
        match element.name.as_str() {
            "li" => self.close_within("li", &["ul", "ol", "menu", "dir"]),
            "td" | "th" => {
                self.close_within("td", &["tr", "table"]);
                self.close_within("th", &["tr", "table"]);
            }
            "tr" => self.close_within("tr", &["table"]),
            "option" => self.close_within("option", &["select"]),
            "dt" | "dd" => {
                self.close_within("dt", &["dl"]);
                self.close_within("dd", &["dl"]);
            }
            name if is_in(BLOCK, name) && name != "br" => self.close_within("p", &["td", "th", "li", "div", "dd"]),
            _ => {}
        }
        if is_empty {
            self.push(Node::Element(element));
        } else if self.open.len() <= DEPTH_MAX {
            self.open.push(element);
        }
    }

    /// Closes the innermost element of this name, unless one of `bounds` is inside it.
    fn close_within(&mut self, name: &str, bounds: &[&str]) {
        let inner = self.open.iter().rev().find(|open| open.name == name || bounds.contains(&open.name.as_str()));
        if inner.is_some_and(|open| open.name == name) {
            self.close(name);
        }
    }

    fn close(&mut self, name: &str) {
        if name == "br" || name == "p" && !self.open.iter().any(|open| open.name == "p") {
            self.push(Node::Element(Element { name: name.to_owned(), ..Element::default() }));
            return;
        }
        let Some(depth) = self.open.iter().skip(1).rposition(|open| open.name == name) else { return };
        while self.open.len() > depth + 1 {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if let Some(element) = self.open.pop() {
            self.push(Node::Element(element));
        }
    }

    fn finish(mut self) -> Element {
        while self.open.len() > 1 {
            self.pop();
        }
        self.open.pop().unwrap_or_default()
    }
}
