//! Boxes, strikes, overlaps and accents.

use katex::mathml_tree::MathNode;

use super::length::Length;
use super::{Written, attribute, copied, rows, spliced};
use crate::markup::{Element, Node};

/// `menclose` becomes a row with borders, or with a line drawn over it.
pub(super) fn enclosed(node: &MathNode) -> Written {
    let mut row = Element::new("mrow", spliced(rows::row(&node.children)?));
    let mut lines = Vec::new();
    for notation in attribute(node, "notation").unwrap_or_default().split_ascii_whitespace() {
        match notation {
            "box" => row = row.styled("border:1px solid").styled("padding:0.2em 0.3em"),
            "actuarial" => {
                row = row.styled("border-right:1px solid").styled("border-top:1px solid").styled("padding:0.1em");
            }
            "phasorangle" => {
                row =
                    row.styled("border-bottom:1px solid").styled("border-left:1px solid").styled("padding-left:0.2em");
            }
            "updiagonalstrike" => lines.push(strike("to bottom right")),
            "downdiagonalstrike" => lines.push(strike("to top right")),
            "horizontalstrike" => lines.push(strike("to bottom")),
            _ => {}
        }
    }
    if !lines.is_empty() {
        // Printers leave backgrounds out unless told otherwise.
        row = row.styled(&format!("background:{}", lines.join(","))).styled("print-color-adjust:exact");
    }
    Ok(row)
}

/// A line through the middle, across the direction of the gradient.
fn strike(direction: &str) -> String {
    format!(
        "linear-gradient({direction},transparent calc(50% - 0.04em),currentColor calc(50% - 0.03em),currentColor calc(50% + 0.03em),transparent calc(50% + 0.04em))"
    )
}

/// `mpadded`. MathML Core has no lengths relative to the content: space around it becomes padding, an overlap is shifted.
pub(super) fn padded(node: &MathNode) -> Written {
    let children = spliced(rows::row(&node.children)?);
    let width = attribute(node, "width");
    if width.is_some_and(|width| width.starts_with('+')) {
        let pad = attribute(node, "lspace").unwrap_or("0.3em");
        let mut row = Element::new("mrow", children);
        row = match Length::read(pad) {
            Some(pad) if attribute(node, "height").is_some() => row.styled(&format!("padding:{}", pad.written())),
            Some(pad) => row.styled(&format!("padding-left:{0};padding-right:{0}", pad.written())),
            None => row,
        };
        if let Some(color) = attribute(node, "mathbackground") {
            row = row.with("mathbackground", color).styled("print-color-adjust:exact");
        }
        if let Some(border) = attribute(node, "style").and_then(|style| style.strip_prefix("border:")) {
            row = row.styled(&format!("border:{}", border.trim()));
        }
        return Ok(row);
    }
    let shift = match attribute(node, "lspace") {
        Some("-1width") => Some("transform:translateX(-100%)"),
        Some("-0.5width") => Some("transform:translateX(-50%)"),
        _ => None,
    };
    let children = match shift {
        Some(shift) => vec![Element::new("mrow", children).styled(shift).into()],
        None => children,
    };
    let padded = copied(
        node,
        Element::new("mpadded", children),
        &[("width", "width"), ("height", "height"), ("depth", "depth"), ("voffset", "voffset")],
    );
    Ok(if padded.attributes.is_empty() { Element::new("mrow", padded.children) } else { padded })
}

/// Makes the text over or under an arrow wide enough for the arrow to be seen.
pub(super) fn widen(label: &mut Node) {
    let Node::Element(element) = label else { return };
    let width = (f64::from(u32::try_from(characters(element)).unwrap_or(u32::MAX)) * 0.5).min(100.0);
    let pad = Length::em(((2.4 - width) / 2.0).max(0.4)).written();
    element.attributes.remove("style");
    element.attributes.insert("style", format!("padding-left:{pad};padding-right:{pad}"));
}

fn characters(element: &Element) -> usize {
    element
        .children
        .iter()
        .map(|child| match child {
            Node::Text(text) => text.chars().count(),
            Node::Element(element) => characters(element),
        })
        .sum()
}

/// A line over or under its base is a border of the base: few fonts have a bar that stretches. The bar itself stays for
/// readers, without colour and size.
pub(super) fn ruled(children: &mut [Node], side: &str) {
    let [Node::Element(base), Node::Element(bar)] = children else { return };
    if bar.text() != Some("‾") || !bar.attributes.contains_key("stretchy") {
        return;
    }
    bar.attributes.clear();
    for (name, value) in [("mathcolor", "transparent"), ("mathsize", "5%"), ("stretchy", "false")] {
        bar.attributes.insert(name, value.to_owned());
    }
    let inner = std::mem::replace(base, Element::new("mrow", Vec::new()));
    base.children = if inner.only_groups() { inner.children } else { vec![inner.into()] };
    base.attributes.insert("style", format!("border-{side}:1px solid;padding-{side}:0.15em"));
}

/// The arrow of `\vec`, a combining character.
const VECTOR: &str = "\u{20d7}";

/// The mark of an accent stretches only if the engine says so.
pub(super) fn accent(mark: &mut Node) {
    if let Node::Element(mark) = mark
        && mark.name == "mo"
        && !mark.attributes.contains_key("stretchy")
    {
        mark.attributes.insert("stretchy", "false".to_owned());
        if mark.text() == Some(VECTOR) {
            // Without a character to combine with, fonts put the arrow on the left.
            mark.children = vec![Node::Text(format!("\u{a0}{VECTOR}"))];
        }
    }
}
