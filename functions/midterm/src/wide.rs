//! Fits displayed formulas into the width of a page. Browsers break no line in a formula, and paper cannot scroll, so a formula
//! that is too wide is broken before its relations and signs, and what is still too wide is printed smaller.
//!
//! The width is estimated: the fonts of the reader's device are not known here.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Width of the text on A4 and Letter, in the font size of formulas, with a margin for the error of the estimate.
const ROOM: f64 = 37.0;
/// The same for a formula in a line of text, on a phone.
const ROOM_IN_A_LINE: f64 = 18.0;
/// Deepest nesting that is measured.
const MAX_DEPTH: usize = 200;
/// Size of scripts.
const SCRIPT: f64 = 0.71;

/// The markup with its wide formulas in several pieces, or in a smaller size.
pub(crate) fn fitted(html: &str) -> Cow<'_, str> {
    const DISPLAYED: &str = "<math display=\"block\">";
    const INLINE: &str = "<math>";
    const CLOSE: &str = "</math>";
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find("<math") {
        let (before, formula) = rest.split_at(start);
        let is_displayed = formula.starts_with(DISPLAYED);
        let open = if is_displayed { DISPLAYED } else { INLINE };
        let Some((content, after)) = formula.strip_prefix(open).and_then(|formula| formula.split_once(CLOSE)) else {
            break;
        };
        out.push_str(before);
        match lines(content, if is_displayed { ROOM } else { ROOM_IN_A_LINE }) {
            Some((lines, fit)) => {
                if is_displayed {
                    out.push_str("<span class=\"wide\"");
                    if fit < 1.0 {
                        let _ = write!(out, " style=\"--fit:{fit:.2}\"");
                    }
                    out.push('>');
                }
                for (index, line) in lines.iter().enumerate() {
                    // A space without width, where the line may break.
                    let space = if is_displayed || index == 0 { "" } else { "\u{200b}" };
                    out.extend([space, open, "<mrow>", line.as_str(), "</mrow>", CLOSE]);
                }
                if is_displayed {
                    out.push_str("</span>");
                }
            }
            None => out.extend([open, content, CLOSE]),
        }
        rest = after;
    }
    if out.is_empty() {
        return Cow::Borrowed(html);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The lines of a formula and the size of the widest, relative to the usual one. `None` where it fits as it is.
fn lines(content: &str, room: f64) -> Option<(Vec<String>, f64)> {
    let parts = Element::all(content)?;
    let total: f64 = parts.iter().map(|part| part.width(1.0, true)).sum();
    if total <= room {
        return None;
    }
    let row = match parts.as_slice() {
        [only] if only.name == "mrow" && only.attributes.is_empty() => &only.children,
        _ => &parts,
    };
    let mut lines: Vec<(String, f64)> = vec![(String::new(), 0.0)];
    // Relations part a formula better than signs do.
    let pieces = pieces(row, Break::Relation)
        .into_iter()
        .flat_map(|piece| if width(piece) <= room { vec![piece] } else { self::pieces(piece, Break::Sign) });
    for (number, piece) in pieces.enumerate() {
        let own = width(piece);
        let is_full = lines.last().is_some_and(|(_, filled)| *filled > 0.0 && filled + own > room);
        if is_full {
            lines.push((String::new(), 0.0));
        }
        if let Some((text, filled)) = lines.last_mut() {
            for (index, part) in piece.iter().enumerate() {
                match part.source.strip_prefix("<mo") {
                    // At the start of a row, a sign would be taken for that of a number.
                    Some(rest) if index == 0 && number > 0 && !part.attributes.contains("form=") => {
                        text.extend(["<mo form=\"infix\"", rest]);
                    }
                    _ => text.push_str(part.source),
                }
            }
            *filled += own;
        }
    }
    let widest = lines.iter().map(|(_, width)| *width).fold(0.0, f64::max);
    let lines = lines.into_iter().map(|(text, _)| text).collect();
    Some((lines, (room / widest).min(1.0)))
}

fn width(parts: &[Element]) -> f64 {
    parts.iter().map(|part| part.width(1.0, true)).sum()
}

/// Where a line may be broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    Relation,
    Sign,
}

/// The parts of a row, each from one place of a break to the next. Brackets stay whole.
fn pieces<'a, 'b>(row: &'b [Element<'a>], kind: Break) -> Vec<&'b [Element<'a>]> {
    let mut found = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (index, part) in row.iter().enumerate() {
        let text = if part.name == "mo" { part.text } else { "" };
        match text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let breaks = match kind {
            Break::Relation => is_relation(text),
            Break::Sign => matches!(text, "+" | "−" | "-" | "±"),
        };
        if breaks && depth == 0 && index > start {
            found.extend(row.get(start..index));
            start = index;
        }
    }
    found.extend(row.get(start..).filter(|rest| !rest.is_empty()));
    found
}

fn is_relation(operator: &str) -> bool {
    matches!(
        operator,
        "=" | "≠"
            | "&lt;"
            | "&gt;"
            | "≤"
            | "≥"
            | "≈"
            | "≡"
            | "∼"
            | "≃"
            | "≅"
            | "∝"
            | "→"
            | "⟶"
            | "⇒"
            | "⟹"
            | "⇔"
            | "⟺"
            | "↔"
            | "≔"
            | "≪"
            | "≫"
    )
}

/// An element of a formula.
struct Element<'a> {
    name: &'a str,
    attributes: &'a str,
    /// All of it.
    source: &'a str,
    children: Vec<Element<'a>>,
    text: &'a str,
}

impl<'a> Element<'a> {
    /// The elements of a markup that our renderer wrote. `None` if it nests too deeply or is not well formed.
    fn all(markup: &'a str) -> Option<Vec<Self>> {
        let (elements, rest) = Self::siblings(markup, 0)?;
        rest.is_empty().then_some(elements)
    }

    /// The elements up to an end tag, and the text from there.
    fn siblings(markup: &'a str, depth: usize) -> Option<(Vec<Self>, &'a str)> {
        let mut found = Vec::new();
        let mut rest = markup;
        while rest.starts_with('<') && !rest.starts_with("</") {
            let (element, after) = Self::one(rest, depth)?;
            found.push(element);
            rest = after;
        }
        Some((found, rest))
    }

    fn one(markup: &'a str, depth: usize) -> Option<(Self, &'a str)> {
        let (tag, after) = markup.strip_prefix('<')?.split_once('>')?;
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut element = Self { name, attributes, source: markup, children: Vec::new(), text: "" };
        let mut rest = after;
        if !is_empty {
            if depth >= MAX_DEPTH {
                return None;
            }
            let (children, after) = Self::siblings(rest, depth + 1)?;
            element.text = if children.is_empty() { after.split_once('<').map_or("", |(text, _)| text) } else { "" };
            element.children = children;
            rest = after.get(element.text.len()..)?.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?;
        }
        element.source = markup.get(..markup.len() - rest.len())?;
        Some((element, rest))
    }

    /// The value of an attribute in em.
    fn em(&self, name: &str) -> Option<f64> {
        let value = self.attributes.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
        value.trim_end_matches("em").parse().ok()
    }

    /// The width in em, at a size. `large`: fractions have their full size here.
    fn width(&self, size: f64, large: bool) -> f64 {
        let children = |size: f64, large: bool| self.children.iter().map(move |child| child.width(size, large));
        let widest = |size: f64, large: bool| children(size, large).fold(0.0, f64::max);
        match self.name {
            "mi" => letters(self.text) * 0.58 * size,
            "mn" | "mtext" | "ms" => letters(self.text) * 0.52 * size,
            "mo" => self.operator() * size,
            "mspace" => self.em("width").unwrap_or_default(),
            "mpadded" => self.em("width").unwrap_or_else(|| children(size, large).sum()),
            "mfrac" => 0.25 + widest(if large { size } else { size * SCRIPT }, false),
            "msub" | "msup" | "msubsup" | "mmultiscripts" => {
                let scripts = self.children.iter().skip(1).map(|child| child.width(size * SCRIPT, false));
                let base = self.children.first().map_or(0.0, |child| child.width(size, large));
                base + scripts.fold(0.0, f64::max) + 0.05
            }
            "munder" | "mover" | "munderover" => {
                let scripts = self.children.iter().skip(1).map(|child| child.width(size * SCRIPT, false));
                let base = self.children.first().map_or(0.0, |child| child.width(size, large));
                scripts.fold(base, f64::max)
            }
            "msqrt" => 0.95 * size + children(size, large).sum::<f64>(),
            "mroot" => size + self.children.first().map_or(0.0, |child| child.width(size, large)),
            "mtable" => self.table(size),
            _ => children(size, large).sum(),
        }
    }

    fn operator(&self) -> f64 {
        let bare = self.attributes.contains("lspace=\"0\"") && self.attributes.contains("rspace=\"0\"");
        let spaces = |width: f64| if bare { 0.0 } else { width };
        match self.text {
            "" | "\u{2061}" | "\u{2062}" | "\u{2063}" => 0.0,
            "(" | ")" | "[" | "]" | "{" | "}" | "|" | "⟨" | "⟩" | "∥" | "⌊" | "⌋" | "⌈" | "⌉" => 0.45,
            "," | ";" | "." | ":" | "!" | "′" => 0.3 + spaces(0.17),
            "⋅" | "·" => 0.3 + spaces(0.44),
            "∑" | "∏" | "⋃" | "⋂" => 1.45 + spaces(0.17),
            "∫" | "∮" => 0.95 + spaces(0.17),
            operator if is_relation(operator) => 0.8 + spaces(0.56),
            operator => letters(operator) * 0.75 + spaces(0.44),
        }
    }

    /// Columns as wide as their widest cells.
    fn table(&self, size: f64) -> f64 {
        let mut columns: Vec<f64> = Vec::new();
        for row in &self.children {
            for (index, cell) in row.children.iter().enumerate() {
                let width = cell.width(size, true);
                match columns.get_mut(index) {
                    Some(column) => *column = column.max(width),
                    None => columns.push(width),
                }
            }
        }
        let gaps = u32::try_from(columns.len().saturating_sub(1)).map_or(0.0, f64::from);
        columns.iter().sum::<f64>() + gaps
    }
}

/// The number of letters; a character reference is one.
fn letters(text: &str) -> f64 {
    let references: usize = text.split('&').skip(1).filter_map(|part| part.find(';')).sum();
    u32::try_from(text.chars().count().saturating_sub(references)).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula(terms: &[&str]) -> String {
        format!("<math display=\"block\"><mrow>{}</mrow></math>", terms.concat())
    }

    fn terms(operator: &str, count: usize) -> String {
        let term = format!("<mo>{operator}</mo><mi>a</mi><mi>b</mi><mi>c</mi>");
        format!("<mi>f</mi>{}", term.repeat(count))
    }

    fn count(html: &str, text: &str) -> usize {
        html.matches(text).count()
    }

    #[test]
    fn a_formula_that_fits_stays_as_it_is() {
        let narrow = format!("<p>Let</p><p>{}</p>", formula(&[&terms("+", 8)]));
        assert_eq!(fitted(&narrow), narrow);
        let inline = "<p><math><mrow><mi>x</mi></mrow></math></p>";
        assert_eq!(fitted(inline), inline);
        assert_eq!(fitted("no formula"), "no formula");
    }

    #[test]
    fn a_wide_formula_is_broken_before_relations_and_loses_nothing() {
        let row = [terms("=", 4), terms("=", 30)].concat();
        let wide = format!("<p>Show that {} holds.</p>", formula(&[&row]));
        let html = fitted(&wide);
        assert!(count(&html, "<math display=\"block\">") > 1, "{html}");
        assert!(html.contains("</mrow></math><math display=\"block\"><mrow><mo form=\"infix\">=</mo>"), "{html}");
        assert!(
            html.starts_with("<p>Show that <span class=\"wide\"><math") && html.ends_with("</span> holds.</p>"),
            "{html}"
        );
        for element in ["<mi>a</mi>", "=</mo>", "<mi>f</mi>"] {
            assert_eq!(count(&html, element), count(&wide, element));
        }
        assert!(!html.contains("--fit"), "{html}");
    }

    #[test]
    fn without_relations_it_is_broken_before_signs_but_not_in_brackets() {
        let html = fitted(&formula(&[&terms("+", 40)])).into_owned();
        assert!(html.contains("<math display=\"block\"><mrow><mo form=\"infix\">+</mo>"), "{html}");
        let whole = ["<mo>(</mo>", &terms("+", 40), "<mo>)</mo>"].concat();
        let html = fitted(&formula(&[&whole])).into_owned();
        assert_eq!(count(&html, "<math display=\"block\">"), 1);
        assert!(html.contains("<span class=\"wide\" style=\"--fit:0."), "{html}");
    }

    #[test]
    fn a_wide_formula_in_a_line_of_text_is_broken_where_the_line_may_break() {
        let inline = format!("<p>If <math><mrow>{}</mrow></math>, then</p>", terms("=", 12));
        let html = fitted(&inline);
        assert!(html.contains("</mrow></math>\u{200b}<math><mrow><mo form=\"infix\">=</mo>"), "{html}");
        assert_eq!(count(&html, "<mi>a</mi>"), 12);
        assert!(!html.contains("span"), "{html}");
    }

    #[test]
    fn a_wide_table_is_printed_smaller() {
        let cell = format!("<mtd><mrow>{}</mrow></mtd>", terms("+", 4));
        let table = format!("<mtable><mtr>{}</mtr></mtable>", cell.repeat(8));
        let html = fitted(&formula(&[&table])).into_owned();
        assert!(html.contains("--fit:0."), "{html}");
        let fraction = format!("<mfrac><mrow>{}</mrow><mn>2</mn></mfrac>", terms("+", 40));
        assert!(fitted(&formula(&[&fraction])).contains("--fit:0."));
    }

    #[test]
    fn what_is_no_formula_of_ours_stays_as_it_is() {
        let deep = format!("{}<mi>x</mi>{}", "<mrow>".repeat(300), "</mrow>".repeat(300));
        for content in [deep.as_str(), "<mi>x", "<mrow><mi>x</mi></mi></mrow>", "<mspace width=\"99em\"", "text"] {
            let html = formula(&[content]);
            assert_eq!(fitted(&html), html);
        }
        assert_eq!(fitted("<math display=\"block\"><mi>x</mi>"), "<math display=\"block\"><mi>x</mi>");
    }
}
