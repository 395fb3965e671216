//! Rows of elements: spaces, fragments, and the space around the names of functions.

use katex::mathml_tree::{MathDomNode, MathNodeType};

use super::length::Length;
use crate::Unrenderable;
use crate::markup::{Element, Node};

/// The operator between a function and its argument. It has no width.
const APPLIED: &str = "\u{2061}";

/// Writes the elements of a row.
pub(super) fn row(nodes: &[MathDomNode]) -> Result<Vec<Node>, Unrenderable> {
    let mut written = Vec::with_capacity(nodes.len());
    flatten(nodes, &mut written)?;
    Ok(apart(written))
}

fn flatten(nodes: &[MathDomNode], written: &mut Vec<Node>) -> Result<(), Unrenderable> {
    for node in nodes {
        match node {
            MathDomNode::Math(node) => {
                let element = super::element(node)?;
                if element.only_groups() && element.children.len() == 1 {
                    written.extend(element.children);
                } else {
                    written.push(element.into());
                }
            }
            MathDomNode::Text(text) => {
                if !text.text.is_empty() {
                    written.push(Element::new("mtext", vec![Node::Text(text.text.clone())]).into());
                }
            }
            MathDomNode::Space(space) => written.push(gap(space.width)),
            MathDomNode::Fragment(fragment) => flatten(&fragment.children, written)?,
        }
    }
    Ok(())
}

/// A space of so many em.
fn gap(width: f64) -> Node {
    let length = Length::em(width);
    let element = Element::new("mspace", Vec::new());
    if length.is_negative() {
        element.styled(&format!("margin-left:{}", length.written())).into()
    } else {
        element.with("width", length.written()).into()
    }
}

/// The text of a token, or nothing if it contains other elements.
pub(super) fn text(nodes: &[MathDomNode]) -> Option<String> {
    let mut whole = String::new();
    for node in nodes {
        match node {
            MathDomNode::Text(part) => whole.push_str(&part.text),
            MathDomNode::Space(space) => whole.push_str(space.character.as_deref().unwrap_or(" ")),
            MathDomNode::Math(node) if node.node_type == MathNodeType::Mtext && node.attributes.is_empty() => {
                whole.push_str(&text(&node.children)?);
            }
            MathDomNode::Math(_) => return None,
            MathDomNode::Fragment(fragment) => whole.push_str(&text(&fragment.children)?),
        }
    }
    Some(whole)
}

/// Puts a thin space before and after the name of a function, as TeX does. Browsers leave none: `2sinx`.
fn apart(nodes: Vec<Node>) -> Vec<Node> {
    if !nodes.iter().any(|node| node.element().is_some_and(names_function)) {
        return nodes;
    }
    let thin = || Node::from(Element::new("mspace", Vec::new()).with("width", "0.1667em"));
    let mut spaced: Vec<Node> = Vec::with_capacity(nodes.len() + 4);
    let mut nodes = nodes.into_iter().peekable();
    while let Some(node) = nodes.next() {
        let starts = node.element().is_some_and(|element| {
            element.name != "mo" && names_function(element)
                || element.name == "mi" && nodes.peek().and_then(Node::element).is_some_and(applies)
        });
        if starts && spaced.last().and_then(Node::element).is_some_and(ends_operand) {
            spaced.push(thin());
        }
        let ends = node.element().is_some_and(names_function);
        spaced.push(node);
        if ends && nodes.peek().and_then(Node::element).is_some_and(starts_operand) {
            spaced.push(thin());
        }
    }
    spaced
}

fn applies(element: &Element) -> bool {
    element.name == "mo" && element.text() == Some(APPLIED)
}

/// Whether it is the name of a function, with or without scripts, or the operator after one.
fn names_function(element: &Element) -> bool {
    match element.name {
        "mo" => applies(element),
        "mrow" => element.only_groups() && element.children.last().and_then(Node::element).is_some_and(applies),
        "msup" | "msub" | "msubsup" | "munder" | "mover" | "munderover" => element
            .children
            .first()
            .and_then(Node::element)
            .is_some_and(|base| base.name == "mrow" && names_function(base)),
        _ => false,
    }
}

fn ends_operand(before: &Element) -> bool {
    match before.name {
        "mo" => matches!(before.text(), Some(")" | "]" | "}" | "!" | "′")),
        "mspace" | "mtext" => false,
        _ => !names_function(before),
    }
}

fn starts_operand(next: &Element) -> bool {
    !(matches!(next.name, "mo" | "mspace" | "mtext") || next.name == "mrow" && next.children.first().is_some_and(fence))
}

fn fence(node: &Node) -> bool {
    node.element().is_some_and(|element| element.name == "mo")
}
