//! Writes MathML Core from the engine's tree, which is MathML 3.
//!
//! Browsers that know only MathML Core drop `mathvariant`, `menclose`, the lines and the alignment of tables, and the
//! relative lengths of `mpadded`. Each is written another way here, so that no style sheet is needed.

mod boxes;
mod length;
mod letters;
mod rows;
mod styles;
pub(crate) mod tables;

use katex::mathml_tree::{MathDomNode, MathNode, MathNodeType};
use katex::types::{ParseError, ParseErrorKind};

use crate::Unrenderable;
use crate::markup::{Element, Node};
use length::Length;
use letters::Variant;

type Written = Result<Element, Unrenderable>;

/// Writes `<math>` with the expression. A displayed formula has an element for each of its lines.
pub(crate) fn math(expression: &[MathDomNode], display: bool) -> Result<Vec<Element>, Unrenderable> {
    let mut lines = if display { expression.split(breaks).collect() } else { vec![expression] };
    lines.retain(|line| !line.is_empty());
    if lines.is_empty() {
        lines.push(expression);
    }
    let mut written = Vec::with_capacity(lines.len());
    for line in lines {
        let mut math = Element::new("math", rows::row(line)?);
        styles::simplify(&mut math, display);
        if math.children.len() > 1 {
            // Firefox stretches no fences that are children of `math` itself.
            math = Element::new("math", vec![Element::new("mrow", math.children).into()]);
        }
        if !written.is_empty() {
            math = math.styled("padding-top:0.4em");
        }
        written.push(if display { math.with("display", "block") } else { math });
    }
    Ok(written)
}

/// Whether it is `\\\\` outside a table.
fn breaks(node: &MathDomNode) -> bool {
    node.as_math_node().is_some_and(|node| attribute(node, "linebreak").is_some())
}

/// The error of a builder of ours whose node the engine's parser cannot produce.
pub(crate) fn impossible() -> ParseError {
    ParseError::new(ParseErrorKind::UnknownSpaceType { name: "table".to_owned() })
}

/// Writes an element of the engine's tree.
fn element(node: &MathNode) -> Written {
    let grouped = |name| Ok(Element::new(name, spliced(rows::row(&node.children)?)));
    match node.node_type {
        MathNodeType::Mi | MathNodeType::Mn | MathNodeType::Mo | MathNodeType::Mtext => token(node),
        MathNodeType::Mspace => Ok(space(node)),
        MathNodeType::Mrow => grouped("mrow"),
        MathNodeType::Msqrt => grouped("msqrt"),
        MathNodeType::Mphantom => grouped("mphantom"),
        // A row within keeps its fences apart from other elements when the style is left out.
        MathNodeType::Mstyle => Ok(styled(node, Element::new("mstyle", rows::row(&node.children)?))),
        MathNodeType::Mpadded => boxes::padded(node),
        MathNodeType::Menclose => boxes::enclosed(node),
        MathNodeType::Mfrac => {
            let fraction = Element::new("mfrac", places(node, 2)?);
            Ok(copied(node, fraction, &[("linethickness", "linethickness")]))
        }
        MathNodeType::Mroot => Ok(Element::new("mroot", places(node, 2)?)),
        MathNodeType::Msup => scripts(node, "msup", 2),
        MathNodeType::Msub => scripts(node, "msub", 2),
        MathNodeType::Msubsup => scripts(node, "msubsup", 3),
        MathNodeType::Mover => scripts(node, "mover", 2),
        MathNodeType::Munder => scripts(node, "munder", 2),
        MathNodeType::Munderover => scripts(node, "munderover", 3),
        MathNodeType::Mtable => tables::table(node),
        MathNodeType::Math
        | MathNodeType::Annotation
        | MathNodeType::Semantics
        | MathNodeType::Mtr
        | MathNodeType::Mtd
        | MathNodeType::Mlabeledtr
        | MathNodeType::Mglyph => Err(Unrenderable::new("it contains an element that is not supported")),
    }
}

/// The one node that stands for `nodes` where an element must have one child for each of its places.
fn one(mut nodes: Vec<Node>) -> Node {
    if nodes.len() == 1
        && let Some(Node::Element(element)) = nodes.pop_if(|node| matches!(node, Node::Element(_)))
    {
        return element.into();
    }
    Element::new("mrow", nodes).into()
}

/// Children of an element that groups by itself: a row that is its only child adds nothing.
fn spliced(nodes: Vec<Node>) -> Vec<Node> {
    match <[Node; 1]>::try_from(nodes) {
        Ok([Node::Element(element)]) if element.only_groups() => element.children,
        Ok([node]) => vec![node],
        Err(nodes) => nodes,
    }
}

/// The children of an element with a fixed number of places.
fn places(node: &MathNode, number: usize) -> Result<Vec<Node>, Unrenderable> {
    if node.children.len() != number {
        return Err(Unrenderable::new("a part of it is missing"));
    }
    node.children.iter().map(|child| rows::row(std::slice::from_ref(child)).map(one)).collect()
}

fn attribute<'a>(node: &'a MathNode, name: &str) -> Option<&'a str> {
    node.attributes.get(name).map(String::as_str)
}

/// Copies lengths and switches that MathML Core has, too.
fn copied(node: &MathNode, mut element: Element, names: &[(&str, &'static str)]) -> Element {
    for (name, ours) in names {
        let value = attribute(node, name).and_then(|value| match value {
            "true" | "false" => Some(value.to_owned()),
            _ => Length::read(value).map(Length::written),
        });
        if let Some(value) = value {
            element = element.with(ours, value);
        }
    }
    element
}

/// `mi`, `mn`, `mo` and `mtext`. If it contains other elements, it is written as a row of them.
fn token(node: &MathNode) -> Written {
    let Some(text) = rows::text(&node.children) else {
        return composed(node);
    };
    let name = match node.node_type {
        MathNodeType::Mn => "mn",
        MathNodeType::Mo => "mo",
        MathNodeType::Mtext => "mtext",
        _ => "mi",
    };
    if text.is_empty() && name != "mo" {
        return Ok(Element::new("mrow", Vec::new()));
    }
    let written = lettered(name, text, attribute(node, "mathvariant").and_then(Variant::named));
    if name != "mo" {
        return Ok(written);
    }
    let mut operator = copied(
        node,
        written,
        &[
            ("stretchy", "stretchy"),
            ("largeop", "largeop"),
            ("lspace", "lspace"),
            ("rspace", "rspace"),
            ("minsize", "minsize"),
            ("maxsize", "maxsize"),
        ],
    );
    if let Some(color) = attribute(node, "mathcolor") {
        operator = operator.with("mathcolor", color);
    }
    if attribute(node, "fence") == Some("false") {
        // A sized bar is no relation: it has no space around it.
        operator = operator.with("lspace", "0").with("rspace", "0");
    }
    let encloses = attribute(node, "fence") == Some("true") || attribute(node, "stretchy") == Some("false");
    if encloses && matches!(operator.text(), Some("∣" | "∥" | "|" | "‖")) {
        // Browsers take the bar for the relation `divides`, with space around it.
        for side in ["lspace", "rspace"] {
            operator.attributes.entry(side).or_insert_with(|| "0".to_owned());
        }
    }
    // Browsers stretch these by default beside tall neighbours. The engine names a stretchy one, or a fence.
    if attribute(node, "fence") == Some("true") && attribute(node, "stretchy").is_none() {
        operator = operator.with("stretchy", "true");
    } else if attribute(node, "stretchy").is_none() && operator.text().is_some_and(stretches_alone) {
        operator = operator.with("stretchy", "false");
    }
    Ok(operator)
}

/// Whether browsers stretch the operator in a row beside a tall neighbour.
fn stretches_alone(text: &str) -> bool {
    matches!(
        text.chars().next(),
        Some('↑' | '↓' | '↕' | '⇑' | '⇓' | '⇕' | '⟰' | '⟱' | '|' | '‖' | '∣' | '∥' | '^' | '~')
    )
}

/// A token in its letters. Text keeps its characters, so that it can be searched, and is styled instead.
fn lettered(name: &'static str, text: String, variant: Option<Variant>) -> Element {
    let Some(variant) = variant else {
        return Element::new(name, vec![Node::Text(text)]);
    };
    let alone = text.chars().count() == 1;
    if variant == Variant::Normal {
        let plain = Element::new(name, vec![Node::Text(text)]);
        // Browsers show a single letter in italics unless told.
        return if name == "mi" && alone { plain.with("mathvariant", "normal") } else { plain };
    }
    if variant == Variant::Italic && name == "mi" && alone {
        return Element::new(name, vec![Node::Text(text)]);
    }
    // Marks between letters, such as a decimal point, have no variant.
    let letter = |letter: char| variant.of(letter).or((!letter.is_alphanumeric()).then_some(letter));
    let letters: Option<String> = text.chars().map(letter).collect();
    match letters {
        Some(letters) if name != "mtext" && letters != text => Element::new(name, vec![Node::Text(letters)]),
        _ => {
            let slants = text.chars().any(char::is_alphanumeric);
            let plain = Element::new(name, vec![Node::Text(text)]);
            let plain = if name == "mi" && alone { plain.with("mathvariant", "normal") } else { plain };
            let declarations = variant.declarations().iter().filter(|style| slants || **style != "font-style:italic");
            declarations.fold(plain, |plain, declaration| plain.styled(declaration))
        }
    }
}

/// An operator or identifier made of other elements, such as `\mathrel{a+b}`, with its space around it.
fn composed(node: &MathNode) -> Written {
    let mut children = rows::row(&node.children)?;
    let relation = node.node_type == MathNodeType::Mo && attribute(node, "lspace").is_none();
    let default = relation.then_some("0.2778em").filter(|_| node.attributes.is_empty() && node.children.len() > 1);
    for (name, before) in [("lspace", true), ("rspace", false)] {
        let length = attribute(node, name).or(default).and_then(Length::read).filter(|length| !length.is_zero());
        if let Some(length) = length {
            let space = Element::new("mspace", Vec::new()).with("width", length.written()).into();
            children.insert(if before { 0 } else { children.len() }, space);
        }
    }
    Ok(Element::new("mrow", children))
}

/// `mspace`. A negative width is a margin: MathML Core has no negative widths.
fn space(node: &MathNode) -> Element {
    let element = Element::new("mspace", Vec::new());
    let width = attribute(node, "width").and_then(Length::read);
    let mut element = match width {
        Some(width) if width.is_negative() => element.styled(&format!("margin-left:{}", width.written())),
        Some(width) if !width.is_zero() => element.with("width", width.written()),
        _ => element,
    };
    element = copied(node, element, &[("height", "height"), ("depth", "depth")]);
    if let Some(color) = attribute(node, "mathbackground") {
        element = element.with("mathbackground", color);
    }
    element
}

fn styled(node: &MathNode, element: Element) -> Element {
    let mut element = copied(node, element, &[("displaystyle", "displaystyle"), ("mathsize", "mathsize")]);
    for name in ["mathcolor", "scriptlevel"] {
        if let Some(value) = attribute(node, name) {
            element = element.with(if name == "mathcolor" { "mathcolor" } else { "scriptlevel" }, value);
        }
    }
    if attribute(node, "style").is_some_and(|style| style.contains("text-shadow")) {
        element = element.styled("text-shadow:0.02em 0.01em 0.04px");
    }
    element
}

/// Scripts, limits, accents and braces.
fn scripts(node: &MathNode, name: &'static str, number: usize) -> Written {
    let mut children = places(node, number)?;
    boxes::ruled(&mut children, if name == "munder" { "bottom" } else { "top" });
    if matches!(name, "mover" | "munder" | "munderover")
        && let Some(Node::Element(base)) = children.first_mut()
        && base.attributes.contains_key("minsize")
        && base.attributes.get("stretchy").is_some_and(|stretchy| stretchy == "true")
    {
        // An arrow with text: it stretches over the text, so that the text is made as wide as the arrow must be.
        base.attributes.remove("minsize");
        for label in &mut children[1..] {
            boxes::widen(label);
        }
    }
    if name.starts_with("ms")
        && let Some(Node::Element(base)) = children.first_mut()
        && base.attributes.contains_key("minsize")
    {
        // Browsers give a sized bar its size in a row, not as the base of scripts.
        let bar = std::mem::replace(base, Element::new("mrow", Vec::new()));
        base.children.push(bar.into());
    }
    let accent = attribute(node, "accent") == Some("true") || attribute(node, "accentunder") == Some("true");
    if accent {
        for mark in &mut children[1..] {
            boxes::accent(mark);
        }
    }
    if let Some(Node::Element(mark)) = children.get_mut(1)
        && mark.text() == Some(" ")
        && mark.attributes.contains_key("stretchy")
    {
        // The engine has no character for these accents, which `macros` added.
        mark.children = vec![Node::Text(if name == "munder" { "⏝" } else { "⏜" }.to_owned())];
    }
    let element = Element::new(name, children);
    Ok(copied(node, element, &[("accent", "accent"), ("accentunder", "accentunder")]))
}
