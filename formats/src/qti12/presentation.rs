//! What an item of QTI 1.2 shows: its text, and its responses.

use roxmltree::Node;

use crate::{
    rich::{FindFile, Rich, inner_html},
    scoring::Label,
    xml::{self, attribute, children, descendants, elements, name, push_escaped},
};

/// The texts of one item.
pub(super) struct Texts<'a> {
    pub(super) rich: Rich,
    pub(super) find: &'a FindFile<'a>,
}

impl Texts<'_> {
    pub(super) fn html(&mut self, html: &str) -> String {
        self.rich.html(html, self.find)
    }

    /// All material in an element.
    pub(super) fn material(&mut self, node: Node) -> String {
        let mut shown = Shown::default();
        shown.walk(node);
        self.html(&shown.html)
    }
}

/// A response of an item.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) id: String,
    /// `lid`, `str`, `num`, `xy` or `grp`.
    pub(super) kind: String,
    pub(super) cardinality: String,
    /// HTML of the text that belongs to this response alone, such as the left side of a pair.
    pub(super) prompt: String,
    /// Options, with HTML as text.
    pub(super) labels: Vec<Label>,
    pub(super) is_fill_in: bool,
    pub(super) is_number: bool,
    pub(super) has_hotspot: bool,
    pub(super) shuffle: Option<bool>,
}

/// Text and responses, in the order of the item.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// HTML. The place of the first response is the character that [`marker`] gives for 0.
    pub(super) html: String,
    pub(super) responses: Vec<Response>,
}

/// Stands for a response in the HTML.
pub(super) fn marker(index: usize) -> String {
    format!("\u{e000}{index}\u{e001}")
}

impl Shown {
    pub(super) fn walk(&mut self, node: Node) {
        for inner in elements(node) {
            match &*name(inner) {
                "material" => self.material(inner),
                "response_lid" | "response_str" | "response_num" | "response_xy" | "response_grp"
                | "response_extension" => {
                    let mut response = response(inner);
                    // Text in a response with a field is part of the sentence around the field.
                    if response.is_fill_in {
                        let prompt = std::mem::take(&mut response.prompt);
                        self.html.push_str(&prompt);
                    }
                    self.html.push_str(&marker(self.responses.len()));
                    self.responses.push(response);
                }
                "flow" | "flow_mat" => {
                    self.html.push_str("<div>");
                    self.walk(inner);
                    self.html.push_str("</div>");
                }
                _ => self.walk(inner),
            }
        }
    }

    fn material(&mut self, node: Node) {
        for inner in elements(node) {
            match &*name(inner) {
                "mattext" | "matemtext" => {
                    let kind = attribute(inner, "texttype").unwrap_or_default().to_ascii_lowercase();
                    self.text(inner, kind == "text/html" || kind == "text/xhtml", kind == "text/plain");
                }
                "mat_formattedtext" => {
                    let kind = attribute(inner, "type").unwrap_or_default().to_ascii_uppercase();
                    self.text(inner, matches!(kind.as_str(), "HTML" | "SMART_TEXT"), kind == "PLAIN_TEXT");
                }
                "matbreak" => self.html.push_str("<br>"),
                "matimage" => self.image(inner),
                "mataudio" | "matvideo" | "matapplet" | "matapplication" => self.html.push_str("[recording]"),
                _ => self.material(inner),
            }
        }
    }

    fn text(&mut self, node: Node, is_html: bool, is_plain: bool) {
        let text = inner_html(node);
        if text.trim().is_empty() {
            return;
        }
        if !self.html.is_empty() && !self.html.ends_with([' ', '>']) {
            self.html.push(' ');
        }
        let has_elements = elements(node).next().is_some();
        if is_html || has_elements || (!is_plain && crate::text::is_html(&text)) {
            self.html.push_str(&text);
        } else {
            let mut escaped = String::new();
            push_escaped(&mut escaped, text.trim());
            self.html.push_str(&escaped.replace('\n', "<br>"));
        }
    }

    fn image(&mut self, node: Node) {
        let content = xml::text(node);
        let kind = attribute(node, "imagtype").unwrap_or("image/png");
        let is_embedded = attribute(node, "embedded").is_some_and(|value| value.eq_ignore_ascii_case("base64"));
        self.html.push_str("<img src=\"");
        if is_embedded && !content.trim().is_empty() {
            push_escaped(&mut self.html, &format!("data:{kind};base64,{}", content.trim()));
        } else {
            push_escaped(&mut self.html, attribute(node, "uri").unwrap_or_default());
        }
        self.html.push_str("\" alt=\"");
        push_escaped(&mut self.html, attribute(node, "label").unwrap_or_default());
        self.html.push_str("\">");
    }
}

fn response(node: Node) -> Response {
    let kind = name(node).strip_prefix("response_").unwrap_or_default().to_owned();
    let mut prompt = Shown::default();
    // The text of a response is outside its rendering.
    for inner in elements(node) {
        match &*name(inner) {
            "material" => prompt.material(inner),
            "flow" | "flow_mat" | "material_ref" => prompt.walk(inner),
            _ => {}
        }
    }
    let mut fields = descendants(node, "render_fib").peekable();
    let field = fields.peek().copied();
    let kind_of_field = field.and_then(|field| attribute(field, "fibtype")).unwrap_or_default().to_ascii_lowercase();
    let choice = xml::descendant(node, "render_choice");
    let labels = descendants(node, "response_label")
        .map(|label| {
            let mut text = Shown::default();
            text.walk(label);
            Label {
                id: attribute(label, "ident").unwrap_or_default().trim().to_owned(),
                text: text.html,
                feedback: None,
            }
        })
        .collect();
    Response {
        id: attribute(node, "ident").unwrap_or_default().trim().to_owned(),
        cardinality: attribute(node, "rcardinality").unwrap_or("Single").to_ascii_lowercase(),
        prompt: prompt.html,
        labels,
        is_fill_in: field.is_some(),
        is_number: kind == "num" || matches!(kind_of_field.as_str(), "decimal" | "integer" | "scientific" | "number"),
        has_hotspot: kind == "xy"
            || ["render_hotspot", "render_slider"].iter().any(|kind| xml::descendant(node, kind).is_some()),
        shuffle: choice
            .and_then(|choice| attribute(choice, "shuffle"))
            .map(|shuffle| shuffle.eq_ignore_ascii_case("yes")),
        kind,
    }
}

/// The texts of the feedback of an item, by their ids.
pub(super) fn feedbacks(node: Node, texts: &mut Texts) -> Vec<(String, String)> {
    let mut list = Vec::new();
    for feedback in children(node, "itemfeedback") {
        let text = texts.material(feedback);
        if !text.is_empty() {
            list.push((attribute(feedback, "ident").unwrap_or_default().trim().to_owned(), text));
        }
    }
    list
}
