//! Tables: alignment, spaces and lines are styles of the cells.

use std::sync::OnceLock;

use katex::KatexContext;
use katex::define_function::MathMLBuilder;
use katex::mathml_tree::{MathDomNode, MathNode, MathNodeType};
use katex::options::Options;
use katex::parser::parse_node::{AlignSpec, NodeType, ParseNode, ParseNodeArray, ParseNodeArrayTag};
use katex::types::ParseError;

use super::length::Length;
use super::{Written, attribute, rows, spliced};
use crate::Unrenderable;
use crate::markup::{Element, Node};

/// The engine's builder of tables, to which ours adds what MathML 3 cannot say.
static BUILDER: OnceLock<MathMLBuilder> = OnceLock::new();

/// The lines between columns and rows, as attributes of the engine's table that only [`table`] reads.
const COLUMN_LINES: &str = "column-lines";
const ROW_LINES: &str = "row-lines";

/// Replaces the engine's builder of tables.
pub(crate) fn install(context: &mut KatexContext) {
    if let Some(builder) = context.mathml_group_builders.get(&NodeType::Array) {
        BUILDER.get_or_init(|| *builder);
        context.define_function_builders(NodeType::Array, None, Some(build));
    }
}

/// Builds a table with all its lines and tags. The engine draws one line where there are two, swaps the sides of the
/// frame, and leaves the text of a row's `\tag` out.
fn build(node: &ParseNode, options: &Options, context: &KatexContext) -> Result<MathDomNode, ParseError> {
    let builder = BUILDER.get().ok_or_else(super::impossible)?;
    let mut built = builder(node, options, context)?;
    let ParseNode::Array(array) = node else {
        return Ok(built);
    };
    unframe(&mut built);
    if let Some(table) = inner(&mut built) {
        table.set_attribute(COLUMN_LINES, column_lines(array));
        table.set_attribute(ROW_LINES, row_lines(array));
        if let Some(tags) = &array.tags {
            for (row, tag) in table.children.iter_mut().zip(tags) {
                if let (MathDomNode::Math(row), ParseNodeArrayTag::Nodes(tag)) = (row, tag)
                    && let Some(MathDomNode::Math(cell)) = row.children.last_mut()
                    && cell.children.is_empty()
                {
                    cell.children = katex::build_mathml::build_expression(context, tag, options, None)?;
                }
            }
        }
    }
    Ok(built)
}

/// Takes away the frame around the table.
fn unframe(node: &mut MathDomNode) {
    if let MathDomNode::Math(outer) = node {
        match outer.node_type {
            MathNodeType::Menclose => {
                if let Some(inner) = outer.children.pop() {
                    *node = inner;
                }
            }
            MathNodeType::Mstyle => outer.children.iter_mut().for_each(unframe),
            _ => {}
        }
    }
}

/// The table itself.
fn inner(node: &mut MathDomNode) -> Option<&mut MathNode> {
    let MathDomNode::Math(outer) = node else { return None };
    if outer.node_type == MathNodeType::Mtable { Some(outer) } else { outer.children.first_mut().and_then(inner) }
}

/// The lines before the first column, between columns and after the last.
fn column_lines(array: &ParseNodeArray) -> String {
    let mut lines = vec![(0, true)];
    for column in array.cols.as_deref().unwrap_or_default() {
        match column {
            AlignSpec::Align { .. } => lines.push((0, true)),
            AlignSpec::Separator { separator } => {
                if let Some((number, solid)) = lines.last_mut() {
                    *number += 1;
                    *solid &= separator == "|";
                }
            }
        }
    }
    named(&lines)
}

/// The lines above the first row, between rows and below the last.
fn row_lines(array: &ParseNodeArray) -> String {
    let lines: Vec<(usize, bool)> =
        array.h_lines_before_row.iter().map(|lines| (lines.len(), !lines.contains(&true))).collect();
    named(&lines)
}

fn named(lines: &[(usize, bool)]) -> String {
    let names: Vec<&str> = lines
        .iter()
        .map(|line| match line {
            (0, _) => "none",
            (1, true) => "solid",
            (_, true) => "double",
            (_, false) => "dashed",
        })
        .collect();
    names.join(" ")
}

/// The border of a line's name.
fn border(line: &str) -> Option<&'static str> {
    match line {
        "solid" => Some("1px solid"),
        "double" => Some("3px double"),
        "dashed" => Some("1px dashed"),
        _ => None,
    }
}

fn words<'a>(node: &'a MathNode, name: &str) -> Vec<&'a str> {
    attribute(node, name).unwrap_or_default().split_ascii_whitespace().collect()
}

/// Writes a table.
pub(super) fn table(node: &MathNode) -> Written {
    let layout = Layout::of(node);
    let mut rows = Vec::with_capacity(node.children.len());
    for (number, row) in node.children.iter().enumerate() {
        let MathDomNode::Math(row) = row else {
            return Err(Unrenderable::new("a table has something else than rows"));
        };
        rows.push(layout.row(number, row)?);
    }
    let mut table = Element::new("mtable", rows);
    if layout.lined() {
        table = table.styled("border-collapse:collapse");
    }
    if attribute(node, "width") == Some("100%") {
        // A formula with a `\tag` is displayed; cells are set as in a line of text.
        table = table.with("displaystyle", "true");
    }
    if layout.wide {
        table = table.styled("width:100%");
    }
    Ok(table)
}

struct Layout<'a> {
    alignment: Vec<&'a str>,
    spacing: Vec<&'a str>,
    column_lines: Vec<&'a str>,
    row_lines: Vec<&'a str>,
    small: bool,
    /// A number beside it stands at the end of the line.
    wide: bool,
    /// Rows of equations with numbers have an empty cell first, which fills the line.
    glued: bool,
}

impl<'a> Layout<'a> {
    fn of(node: &'a MathNode) -> Self {
        let is = |cell: &MathDomNode, class: &str| matches!(cell, MathDomNode::Math(cell) if cell.classes.iter().any(|name| name == class));
        let cells = || node.children.iter().filter_map(MathDomNode::as_math_node).flat_map(|row| row.children.iter());
        let numbered = cells().any(|cell| {
            is(cell, "mml-eqn-num") && matches!(cell, MathDomNode::Math(cell) if !cell.children.is_empty())
        });
        Self {
            alignment: words(node, "columnalign"),
            spacing: words(node, "columnspacing"),
            column_lines: words(node, COLUMN_LINES),
            row_lines: words(node, ROW_LINES),
            small: attribute(node, "rowspacing") == Some("0.1em"),
            wide: numbered || attribute(node, "width") == Some("100%"),
            glued: cells().any(|cell| is(cell, "mtr-glue")),
        }
    }

    fn lined(&self) -> bool {
        self.column_lines.iter().chain(&self.row_lines).any(|line| border(line).is_some())
    }

    fn row(&self, number: usize, row: &MathNode) -> Result<Node, Unrenderable> {
        let mut cells: Vec<Node> = Vec::with_capacity(row.children.len());
        let glued = row.children.first().and_then(MathDomNode::as_math_node).is_some_and(is_glue);
        if self.glued && !glued {
            // Keeps the columns of a row without a number below those of the others.
            cells.push(Element::new("mtd", Vec::new()).styled("padding:0").into());
        }
        let last = row.children.iter().filter_map(MathDomNode::as_math_node).filter(|cell| !is_glue(cell)).count();
        let mut column = 0;
        for cell in &row.children {
            let MathDomNode::Math(cell) = cell else {
                return Err(Unrenderable::new("a row of a table has something else than cells"));
            };
            let written = Element::new("mtd", spliced(rows::row(&cell.children)?));
            if is_glue(cell) || attribute(cell, "width").is_some() {
                let written = written.styled("padding:0");
                let pads = is_pad(cell) && column > 0 && self.wide;
                // Half the width before the equation and half after it, which the number takes with what fills the line.
                if !pads {
                    let written = if self.wide { written.styled("width:50%") } else { written };
                    cells.push(
                        if is_number(cell) { written.styled("text-align:-webkit-right") } else { written }.into(),
                    );
                }
                continue;
            }
            cells.push(self.cell(number, column, column + 1 == last, written).into());
            column += 1;
        }
        Ok(Element::new("mtr", cells).into())
    }

    fn cell(&self, row: usize, column: usize, last: bool, mut cell: Element) -> Element {
        let at = |lines: &[&str], place: usize| lines.get(place).and_then(|line| border(line));
        if column == 0
            && let Some(border) = at(&self.column_lines, 0)
        {
            cell = cell.styled(&format!("border-left:{border}"));
        }
        if let Some(border) = at(&self.column_lines, column + 1) {
            cell = cell.styled(&format!("border-right:{border}"));
        }
        if row == 0
            && let Some(border) = at(&self.row_lines, 0)
        {
            cell = cell.styled(&format!("border-top:{border}"));
        }
        if let Some(border) = at(&self.row_lines, row + 1) {
            cell = cell.styled(&format!("border-bottom:{border}"));
        }
        if let Some(padding) = self.padding(column, last) {
            cell = cell.styled(&padding);
        }
        match self.alignment.get(column) {
            // Browsers lay a cell out as a block, which only these values move.
            Some(&side @ ("left" | "right")) => cell.styled(&format!("text-align:-webkit-{side}")),
            _ => cell,
        }
    }

    /// The padding of a cell, if it is not what browsers take.
    fn padding(&self, column: usize, last: bool) -> Option<String> {
        let usual = self.spacing.iter().all(|space| *space == "1em");
        if usual && !self.small {
            // Firefox leaves no space between a cell and a line around the table.
            return self.lined().then(|| "padding:0.5ex 0.4em".to_owned());
        }
        let half = |place: Option<usize>| {
            let space = place.and_then(|place| self.spacing.get(place).or(self.spacing.last()));
            space.and_then(|space| Length::read(space)).map_or_else(|| "0".to_owned(), |space| space.halved().written())
        };
        let left = half(column.checked_sub(1));
        let right = half(Some(column).filter(|_| !last));
        let height = if self.small { "0.1em" } else { "0.5ex" };
        Some(if left == right {
            format!("padding:{height} {left}")
        } else {
            format!("padding:{height} {right} {height} {left}")
        })
    }
}

fn is_glue(cell: &MathNode) -> bool {
    is_number(cell) || is_pad(cell)
}

fn is_pad(cell: &MathNode) -> bool {
    cell.classes.iter().any(|class| class == "mtr-glue")
}

fn is_number(cell: &MathNode) -> bool {
    cell.classes.iter().any(|class| class == "mml-eqn-num")
}
