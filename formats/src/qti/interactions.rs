//! What an item of QTI 2 and 3 shows: its text, and its interactions.

use roxmltree::Node;

use super::declarations::Declarations;
use crate::{
    rich::{FindFile, Instead, Rich, push_html},
    scoring::{Asked, Label},
    xml::{attribute, child, children, descendants, elements, name, push_escaped},
};

/// An interaction of an item.
#[derive(Debug)]
pub(super) struct Interaction {
    pub(super) id: String,
    pub(super) asked: Asked,
    /// The gap that it is, of an interaction whose response has one pair for each gap.
    pub(super) gap: Option<String>,
    pub(super) is_inline: bool,
    /// What else it says, by name.
    pub(super) extra: Vec<(String, String)>,
}

/// Text and interactions, in the order of the item.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// HTML with the marks [`PLACE`], [`START`] and [`END`].
    pub(super) html: String,
    pub(super) interactions: Vec<Interaction>,
    /// For persons who mark: a solution.
    pub(super) rubrics: Vec<String>,
    refusal: Option<String>,
}

/// Stands before the number of a gap, in its place.
pub(super) const PLACE: char = '\u{e000}';
/// Stands before the number of a block and its prompt.
pub(super) const START: char = '\u{e001}';
/// Stands after the prompt of a block, before its number.
pub(super) const END: char = '\u{e002}';
/// Stands after these numbers.
pub(super) const CLOSE: char = '\u{e003}';

/// Reads the body of an item.
pub(super) fn read(
    body: Node,
    declarations: &Declarations,
    is_ours: bool,
    rich: &mut Rich,
    find: &FindFile,
) -> Result<Body, String> {
    let mut read = Body::default();
    let mut html = String::new();
    push_html(&mut html, body, &mut |node| instead(node, &mut read, declarations, is_ours, rich, find));
    read.html = html;
    match read.refusal.take() {
        Some(reason) => Err(reason),
        None => Ok(read),
    }
}

fn instead(
    node: Node,
    read: &mut Body,
    declarations: &Declarations,
    is_ours: bool,
    rich: &mut Rich,
    find: &FindFile,
) -> Instead {
    let kind = name(node);
    if kind == "gapMatchInteraction" {
        return gap_match(node, read, rich, find);
    }
    if kind.ends_with("Interaction") || kind == "gap" {
        return interaction(node, &kind, read, declarations, is_ours, rich, find);
    }
    match &*kind {
        "rubricBlock" => {
            let view = attribute(node, "view").unwrap_or("candidate");
            if view.split_whitespace().any(|view| view == "candidate") {
                return Instead::Content;
            }
            let text = text_of(node, rich, find);
            if !text.is_empty() {
                read.rubrics.push(text);
            }
            Instead::Html(String::new())
        }
        "contentBody" | "feedbackBody" => Instead::Content,
        "feedbackInline" | "feedbackBlock" | "templateBlock" | "templateInline" | "catalogInfo" | "stylesheet" => {
            Instead::Html(String::new())
        }
        "printedVariable" => {
            read.refusal.get_or_insert_with(|| "its text has values that are computed.".to_owned());
            Instead::Html(String::new())
        }
        "object" if is_image(node) => Instead::Html(image(node)),
        "mediaInteraction" | "audio" | "video" => {
            rich.warnings.push("A recording in the text is left out.".to_owned());
            Instead::Html(String::new())
        }
        _ => Instead::Same,
    }
}

fn is_image(node: Node) -> bool {
    let kind = attribute(node, "type").unwrap_or_default();
    kind.starts_with("image/") || (kind.is_empty() && attribute(node, "data").is_some())
}

fn image(node: Node) -> String {
    let mut html = "<img src=\"".to_owned();
    push_escaped(&mut html, attribute(node, "data").unwrap_or_default());
    html.push_str("\" alt=\"");
    push_escaped(&mut html, crate::xml::text(node).trim());
    html.push_str("\">");
    html
}

/// The text in an element that holds no interaction. Feedback in it is left out.
pub(super) fn text_of(node: Node, rich: &mut Rich, find: &FindFile) -> String {
    rich.html(&html_of(node), find)
}

fn html_of(node: Node) -> String {
    let mut html = String::new();
    push_html(&mut html, node, &mut |inner| match &*name(inner) {
        "feedbackInline" | "feedbackBlock" | "catalogInfo" | "stylesheet" => Instead::Html(String::new()),
        "contentBody" | "prompt" | "feedbackBody" | "hottext" => Instead::Content,
        "object" if is_image(inner) => Instead::Html(image(inner)),
        _ => Instead::Same,
    });
    html
}

fn interaction(
    node: Node,
    kind: &str,
    read: &mut Body,
    declarations: &Declarations,
    is_ours: bool,
    rich: &mut Rich,
    find: &FindFile,
) -> Instead {
    let id = attribute(node, "responseIdentifier").unwrap_or_default().trim().to_owned();
    let declared = declarations.responses.get(&id);
    let is_single = declared.is_none_or(|declared| declared.cardinality == "single");
    let mut label = |choice: Node| label(choice, rich, find);
    let mut extra = Vec::new();
    let asked = match kind {
        "choiceInteraction" => {
            let choices: Vec<Node> = children(node, "simpleChoice").collect();
            let options: Vec<Label> = choices.iter().map(|choice| label(*choice)).collect();
            if attribute(node, "shuffle") == Some("true") {
                extra.push(("shuffle".to_owned(), "yes".to_owned()));
                let fixed =
                    choices.iter().zip(&options).filter(|(choice, _)| attribute(**choice, "fixed") == Some("true"));
                extra.extend(fixed.map(|(_, option)| ("fixed option".to_owned(), option.text.clone())));
            }
            for (name, label) in [("minChoices", "least choices"), ("maxChoices", "most choices")] {
                let count = attribute(node, name).and_then(|count| count.trim().parse::<u32>().ok()).unwrap_or(0);
                if count > u32::from(name == "maxChoices") {
                    extra.push((label.to_owned(), count.to_string()));
                }
            }
            Asked::Choice { options, several: !is_single }
        }
        "inlineChoiceInteraction" => {
            Asked::Choice { options: children(node, "inlineChoice").map(label).collect(), several: false }
        }
        "textEntryInteraction" => {
            Asked::Text { is_number: declared.is_some_and(super::declarations::Declared::is_number) }
        }
        "extendedTextInteraction" => Asked::Essay,
        "matchInteraction" => {
            let mut sets = children(node, "simpleMatchSet")
                .map(|set| children(set, "simpleAssociableChoice").map(&mut label).collect::<Vec<_>>());
            Asked::Pairs { left: sets.next().unwrap_or_default(), right: sets.next().unwrap_or_default() }
        }
        "associateInteraction" => {
            Asked::Association(children(node, "simpleAssociableChoice").map(&mut label).collect())
        }
        "hottextInteraction" => {
            Asked::Choice { options: descendants(node, "hottext").map(&mut label).collect(), several: !is_single }
        }
        "orderInteraction" => {
            let options = children(node, "simpleChoice").map(label).collect();
            if is_ours { Asked::Order(options) } else { Asked::Places(options) }
        }
        "endAttemptInteraction" | "mediaInteraction" => return Instead::Html(String::new()),
        other => {
            read.refusal.get_or_insert_with(|| format!("its type `{other}` is not supported."));
            return Instead::Html(String::new());
        }
    };
    let index = read.interactions.len();
    let is_inline = matches!(kind, "textEntryInteraction" | "inlineChoiceInteraction");
    let html = if is_inline {
        format!("{PLACE}{index}{CLOSE}")
    } else {
        // Hot texts are options, and stand in their text as well.
        let prompt = match kind {
            "hottextInteraction" => html_of(node),
            _ => child(node, "prompt").map(html_of).unwrap_or_default(),
        };
        format!("{START}{index}{CLOSE}<div>{prompt}</div>{END}{index}{CLOSE}")
    };
    read.interactions.push(Interaction { id, asked, gap: None, is_inline, extra });
    Instead::Html(html)
}

fn label(choice: Node, rich: &mut Rich, find: &FindFile) -> Label {
    Label {
        id: attribute(choice, "identifier").unwrap_or_default().trim().to_owned(),
        text: text_of(choice, rich, find),
        feedback: descendants(choice, "feedbackInline").next().map(|feedback| text_of(feedback, rich, find)),
    }
}

/// A text with gaps into which options are put: each gap is a choice among all options.
fn gap_match(node: Node, read: &mut Body, rich: &mut Rich, find: &FindFile) -> Instead {
    let id = attribute(node, "responseIdentifier").unwrap_or_default().trim().to_owned();
    let options = elements(node).filter(|inner| matches!(&*name(*inner), "gapText" | "gapImg"));
    let options: Vec<Label> = options.map(|option| label(option, rich, find)).collect();
    let mut html = String::new();
    push_html(&mut html, node, &mut |inner| match &*name(inner) {
        "gapText" | "gapImg" | "feedbackInline" | "feedbackBlock" | "catalogInfo" | "stylesheet" => {
            Instead::Html(String::new())
        }
        "prompt" => Instead::Html(format!("<div>{}</div>", html_of(inner))),
        "contentBody" | "feedbackBody" => Instead::Content,
        "gap" => {
            let index = read.interactions.len();
            read.interactions.push(Interaction {
                id: id.clone(),
                asked: Asked::Choice { options: options.clone(), several: false },
                gap: Some(attribute(inner, "identifier").unwrap_or_default().trim().to_owned()),
                is_inline: true,
                extra: Vec::new(),
            });
            Instead::Html(format!("{PLACE}{index}{CLOSE}"))
        }
        other if other.ends_with("Interaction") => {
            read.refusal.get_or_insert_with(|| format!("its type `{other}` within another is not supported."));
            Instead::Html(String::new())
        }
        "object" if is_image(inner) => Instead::Html(image(inner)),
        _ => Instead::Same,
    });
    Instead::Html(html)
}

/// The feedback of an item: what it shows as a solution, and what else, by name.
pub(super) fn modal_feedback(item: Node, rich: &mut Rich, find: &FindFile) -> (Vec<String>, Vec<(String, String)>) {
    let mut solutions = Vec::new();
    let mut extra = Vec::new();
    for node in elements(item).filter(|node| name(*node) == "modalFeedback") {
        let text = text_of(node, rich, find);
        if text.is_empty() {
            continue;
        }
        let id = attribute(node, "identifier").unwrap_or_default();
        let lower = id.to_ascii_lowercase();
        let is_solution = ["solution", "general"].iter().any(|word| {
            lower.contains(word)
                || attribute(node, "outcomeIdentifier").unwrap_or_default().to_ascii_lowercase().contains(word)
        });
        if is_solution {
            solutions.push(text);
        } else if lower.contains("incorrect") || lower.contains("wrong") {
            extra.push(("feedback if wrong".to_owned(), text));
        } else if lower.contains("correct") {
            extra.push(("feedback if right".to_owned(), text));
        } else {
            extra.push((format!("feedback {id}").trim_end().to_owned(), text));
        }
    }
    (solutions, extra)
}
