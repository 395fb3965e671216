//! Leaves out styles that change nothing. The engine sets the style of each cell and each fraction.

use crate::markup::{Element, Node};

/// The style that an element inherits: `displaystyle` and `scriptlevel`, where known.
#[derive(Clone, Copy, PartialEq)]
struct Style {
    display: Option<bool>,
    level: Option<u8>,
}

/// Removes each `mstyle` of the formula that only repeats what it inherits.
pub(super) fn simplify(math: &mut Element, display: bool) {
    children(math, Style { display: Some(display), level: Some(0) });
}

fn children(element: &mut Element, style: Style) {
    let own = own(element, style);
    let inherited = match element.name {
        "mtable" => Style { display: Some(false), ..own },
        "math" | "mrow" | "mstyle" | "mpadded" | "mphantom" | "mtr" | "mtd" | "msqrt" => own,
        _ => Style { display: None, level: None },
    };
    let groups = matches!(element.name, "math" | "mrow" | "mstyle" | "mtd" | "msqrt" | "mphantom" | "mpadded");
    let mut kept = Vec::with_capacity(element.children.len());
    for mut child in std::mem::take(&mut element.children) {
        if let Node::Element(inner) = &mut child {
            while let Some(only) = nested(inner) {
                *inner = only;
            }
            children(inner, inherited);
            if inner.name == "mstyle" {
                let level = inherited.level.map(|level| level.to_string());
                if level.is_some() && inner.attributes.get("scriptlevel") == level.as_ref() {
                    inner.attributes.remove("scriptlevel");
                }
            }
            if inner.name == "mstyle"
                && inner.attributes.keys().all(|name| is_style(name))
                && own_style(inner, inherited) == inherited
            {
                if groups {
                    kept.append(&mut inner.children);
                    continue;
                }
                inner.name = "mrow";
                inner.attributes.clear();
            }
        }
        kept.push(child);
    }
    element.children = kept;
}

fn own(element: &Element, inherited: Style) -> Style {
    if element.name == "mstyle" { own_style(element, inherited) } else { inherited }
}

fn own_style(element: &Element, inherited: Style) -> Style {
    let display = element.attributes.get("displaystyle").map_or(inherited.display, |value| Some(value == "true"));
    let level = element.attributes.get("scriptlevel").map_or(inherited.level, |value| value.parse().ok());
    Style { display, level }
}

fn is_style(name: &str) -> bool {
    matches!(name, "displaystyle" | "scriptlevel")
}

/// The style within a style that sets all that the outer one sets.
fn nested(outer: &mut Element) -> Option<Element> {
    let [Node::Element(inner)] = outer.children.as_slice() else { return None };
    let replaced = outer.name == "mstyle"
        && inner.name == "mstyle"
        && outer.attributes.keys().all(|name| is_style(name) && inner.attributes.contains_key(name));
    if !replaced {
        return None;
    }
    match outer.children.pop() {
        Some(Node::Element(inner)) => Some(inner),
        _ => None,
    }
}
