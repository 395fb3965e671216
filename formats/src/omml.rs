//! Equations of Office (OMML): as MathML, from which the shared reader makes LaTeX.

use roxmltree::Node;

use crate::{
    text::html_to_text,
    xml::{attribute, child, children, elements, name, push_escaped},
};

/// The equation as LaTeX between dollars.
pub(crate) fn latex(node: Node) -> String {
    let mut math = "<math>".to_owned();
    push_all(&mut math, node);
    math.push_str("</math>");
    html_to_text(&math, &mut |_, _| 0).text.trim().to_owned()
}

fn push_all(out: &mut String, node: Node) {
    for inner in elements(node) {
        push(out, inner);
    }
}

/// Writes the content of a named child in `<mrow>`.
fn push_row(out: &mut String, node: Node, wanted: &str) {
    out.push_str("<mrow>");
    if let Some(inner) = child(node, wanted) {
        push_all(out, inner);
    }
    out.push_str("</mrow>");
}

fn push_element(out: &mut String, tag: &str, node: Node, parts: &[&str]) {
    out.extend(["<", tag, ">"]);
    for part in parts {
        push_row(out, node, part);
    }
    out.extend(["</", tag, ">"]);
}

/// The value of a property, such as `m:begChr` in `m:dPr`.
fn property<'a>(node: Node<'a, '_>, wanted: &str) -> Option<&'a str> {
    let properties = elements(node).find(|inner| name(*inner).ends_with("Pr"))?;
    let value = child(properties, wanted)?;
    Some(attribute(value, "val").unwrap_or("1"))
}

fn is_on(node: Node, wanted: &str) -> bool {
    property(node, wanted).is_some_and(|value| value != "0" && value != "off" && value != "false")
}

fn push_operator(out: &mut String, text: &str) {
    out.push_str("<mo>");
    push_escaped(out, text);
    out.push_str("</mo>");
}

fn push(out: &mut String, node: Node) {
    match &*name(node) {
        "r" => run(out, node),
        "sSup" => push_element(out, "msup", node, &["e", "sup"]),
        "sSub" => push_element(out, "msub", node, &["e", "sub"]),
        "sSubSup" => push_element(out, "msubsup", node, &["e", "sub", "sup"]),
        "sPre" => {
            out.push_str("<mmultiscripts>");
            push_row(out, node, "e");
            out.push_str("<mprescripts/>");
            push_row(out, node, "sub");
            push_row(out, node, "sup");
            out.push_str("</mmultiscripts>");
        }
        "f" => match property(node, "type") {
            Some("lin" | "skw") => {
                push_row(out, node, "num");
                push_operator(out, "/");
                push_row(out, node, "den");
            }
            Some("noBar") => {
                out.push_str("<mfrac linethickness=\"0\">");
                push_row(out, node, "num");
                push_row(out, node, "den");
                out.push_str("</mfrac>");
            }
            _ => push_element(out, "mfrac", node, &["num", "den"]),
        },
        "rad" => {
            let has_degree = child(node, "deg").is_some_and(|degree| elements(degree).next().is_some());
            if has_degree && !is_on(node, "degHide") {
                push_element(out, "mroot", node, &["e", "deg"]);
            } else {
                push_element(out, "msqrt", node, &["e"]);
            }
        }
        "d" => fences(out, node),
        "nary" => nary(out, node),
        "func" => {
            push_row(out, node, "fName");
            out.push_str("<mo>&#x2061;</mo>");
            push_row(out, node, "e");
        }
        "limLow" => push_element(out, "munder", node, &["e", "lim"]),
        "limUpp" => push_element(out, "mover", node, &["e", "lim"]),
        "m" => {
            out.push_str("<mtable>");
            for row in children(node, "mr") {
                out.push_str("<mtr>");
                for cell in children(row, "e") {
                    out.push_str("<mtd>");
                    push_all(out, cell);
                    out.push_str("</mtd>");
                }
                out.push_str("</mtr>");
            }
            out.push_str("</mtable>");
        }
        "eqArr" => {
            out.push_str("<mtable>");
            for line in children(node, "e") {
                out.push_str("<mtr><mtd>");
                push_all(out, line);
                out.push_str("</mtd></mtr>");
            }
            out.push_str("</mtable>");
        }
        "acc" => accent(out, node),
        "bar" => {
            let is_above = property(node, "pos") == Some("top");
            let tag = if is_above { "mover" } else { "munder" };
            out.extend(["<", tag, ">"]);
            push_row(out, node, "e");
            push_operator(out, if is_above { "\u{af}" } else { "_" });
            out.extend(["</", tag, ">"]);
        }
        "groupChr" => {
            let tag = if property(node, "pos") == Some("top") { "mover" } else { "munder" };
            out.extend(["<", tag, ">"]);
            push_row(out, node, "e");
            push_operator(out, property(node, "chr").unwrap_or("\u{23df}"));
            out.extend(["</", tag, ">"]);
        }
        "phant" if property(node, "show") == Some("0") => {}
        other if other.ends_with("Pr") => {}
        // `oMath`, `box`, `borderBox`, `e` and what later versions add: the content counts.
        _ => push_all(out, node),
    }
}

fn accent(out: &mut String, node: Node) {
    out.push_str("<mover accent=\"true\">");
    push_row(out, node, "e");
    // The accents of Word are combining marks; MathML has the marks that stand alone.
    let mark = match property(node, "chr").unwrap_or("\u{302}") {
        "\u{302}" => "^",
        "\u{303}" => "~",
        "\u{304}" | "\u{305}" => "\u{af}",
        "\u{307}" => "\u{2d9}",
        "\u{308}" => "\u{a8}",
        "\u{30c}" => "\u{2c7}",
        "\u{20d7}" => "\u{2192}",
        other => other,
    };
    push_operator(out, mark);
    out.push_str("</mover>");
}

fn fences(out: &mut String, node: Node) {
    let open = property(node, "begChr").unwrap_or("(");
    let close = property(node, "endChr").unwrap_or(")");
    let separator = property(node, "sepChr").unwrap_or("|");
    out.push_str("<mrow>");
    // `m:val=""` hides a fence.
    if !open.is_empty() && open != "1" {
        push_operator(out, open);
    }
    for (at, inner) in children(node, "e").enumerate() {
        if at > 0 {
            push_operator(out, separator);
        }
        out.push_str("<mrow>");
        push_all(out, inner);
        out.push_str("</mrow>");
    }
    if !close.is_empty() && close != "1" {
        push_operator(out, close);
    }
    out.push_str("</mrow>");
}

fn nary(out: &mut String, node: Node) {
    let sign = property(node, "chr").unwrap_or("\u{222b}");
    let is_integral = ('\u{222b}'..='\u{2233}').any(|known| sign.starts_with(known));
    let is_beside = property(node, "limLoc").map_or(is_integral, |place| place == "subSup");
    let filled = |part: &str| child(node, part).is_some_and(|inner| elements(inner).next().is_some());
    let has_lower = filled("sub") && !is_on(node, "subHide");
    let has_upper = filled("sup") && !is_on(node, "supHide");
    let tag = match (has_lower, has_upper, is_beside) {
        (true, true, true) => "msubsup",
        (true, true, false) => "munderover",
        (true, false, true) => "msub",
        (true, false, false) => "munder",
        (false, true, true) => "msup",
        (false, true, false) => "mover",
        (false, false, _) => "mrow",
    };
    out.extend(["<", tag, ">"]);
    push_operator(out, sign);
    if has_lower {
        push_row(out, node, "sub");
    }
    if has_upper {
        push_row(out, node, "sup");
    }
    out.extend(["</", tag, ">"]);
    push_row(out, node, "e");
}

/// A run of characters: letters, numbers and operators are elements of their own in MathML.
fn run(out: &mut String, node: Node) {
    let text: String = children(node, "t").map(crate::xml::text).collect();
    if is_on(node, "nor") {
        push_tagged(out, "mtext", &text);
        return;
    }
    let text: String = text.chars().map(plain_letter).collect();
    let is_upright = property(node, "sty") == Some("p");
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let is_same = |c: char| {
            if first.is_ascii_digit() { c.is_ascii_digit() || c == '.' } else { is_upright && c.is_alphabetic() }
        };
        let length = rest.find(|c| !is_same(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (token, after) = rest.split_at(length);
        rest = after;
        let tag = if first.is_ascii_digit() {
            "mn"
        } else if first.is_alphabetic() {
            "mi"
        } else if first.is_whitespace() {
            continue;
        } else {
            "mo"
        };
        push_tagged(out, tag, token);
    }
}

fn push_tagged(out: &mut String, tag: &str, text: &str) {
    out.extend(["<", tag, ">"]);
    push_escaped(out, text);
    out.extend(["</", tag, ">"]);
}

/// The letter behind a mathematical alphanumeric: Office writes an italic x as U+1D465.
fn plain_letter(c: char) -> char {
    let code = u32::from(c);
    let within = |start: u32, count: u32| char::from_u32(start + count);
    let found = match code {
        0x210e => Some('h'),
        0x1d400..=0x1d6a3 => {
            let at = (code - 0x1d400) % 52;
            if at < 26 { within(0x41, at) } else { within(0x61, at - 26) }
        }
        0x1d6a8..=0x1d7c9 => {
            let at = (code - 0x1d6a8) % 58;
            match at {
                0..=24 => within(0x391, at),
                25 => Some('\u{2207}'),
                26..=50 => within(0x3b1, at - 26),
                51 => Some('\u{2202}'),
                52 => Some('\u{3f5}'),
                53 => Some('\u{3d1}'),
                54 => Some('\u{3f0}'),
                55 => Some('\u{3d5}'),
                56 => Some('\u{3f1}'),
                _ => Some('\u{3d6}'),
            }
        }
        0x1d7ce..=0x1d7ff => within(0x30, (code - 0x1d7ce) % 10),
        _ => None,
    };
    found.unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> String {
        let text = format!(
            "<m:oMath xmlns:m=\"http://schemas.openxmlformats.org/officeDocument/2006/math\">{inner}</m:oMath>"
        );
        let document = roxmltree::Document::parse(&text).unwrap();
        latex(document.root_element())
    }

    fn r(text: &str) -> String {
        format!("<m:r><m:t>{text}</m:t></m:r>")
    }

    #[test]
    fn equations_become_latex() {
        let x = r("x");
        for (omml, latex) in [
            (format!("<m:sSup><m:e>{x}</m:e><m:sup>{}</m:sup></m:sSup>{}", r("2"), r("=4")), "$x^{2}=4$"),
            (format!("<m:f><m:num>{}</m:num><m:den>{x}</m:den></m:f>", r("1")), r"$\frac{1}{x}$"),
            (
                format!("<m:rad><m:radPr><m:degHide m:val=\"1\"/></m:radPr><m:deg/><m:e>{x}</m:e></m:rad>"),
                r"$\sqrt{x}$",
            ),
            (format!("<m:rad><m:deg>{}</m:deg><m:e>{x}</m:e></m:rad>", r("3")), r"$\sqrt[3]{x}$"),
            (r("\u{1d465}+\u{1d6fc}"), r"$x+\alpha$"),
            (format!("<m:sSub><m:e>{x}</m:e><m:sub>{}</m:sub></m:sSub>", r("10")), "$x_{10}$"),
        ] {
            assert_eq!(read(&omml), latex, "{omml}");
        }
    }

    #[test]
    fn sums_fences_and_functions_keep_their_parts() {
        let sum = format!(
            "<m:nary><m:naryPr><m:chr m:val=\"\u{2211}\"/></m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:nary>",
            r("k=1"),
            r("n"),
            r("k")
        );
        let read_sum = read(&sum);
        assert!(read_sum.contains("\\sum") && read_sum.contains("_{k=1}") && read_sum.contains('n'), "{read_sum}");
        let fence =
            format!("<m:d><m:dPr><m:begChr m:val=\"[\"/><m:endChr m:val=\"]\"/></m:dPr><m:e>{}</m:e></m:d>", r("a,b"));
        assert!(read(&fence).contains('['), "{}", read(&fence));
        let sine = format!(
            "<m:func><m:fName><m:r><m:rPr><m:sty m:val=\"p\"/></m:rPr><m:t>sin</m:t></m:r></m:fName><m:e>{}</m:e></m:func>",
            r("x")
        );
        assert!(read(&sine).contains("\\sin"), "{}", read(&sine));
    }
}
