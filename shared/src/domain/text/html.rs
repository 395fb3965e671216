//! Writes a text as HTML: a few elements, without attributes but those of images and spanning cells. All characters are escaped.

use std::fmt::Write as _;

use super::{Block, Cell, Formula, Inline, Marks, Style, Text};
use crate::domain::catalog::parts::label;

/// What a page draws in a text.
pub trait Drawings {
    /// The formula as MathML, if it was rendered. It must be safe markup.
    fn formula(&self, formula: &Formula) -> Option<&str>;

    /// The figure with this number, from 1.
    fn figure(&self, number: usize) -> Option<ShownFigure<'_>>;
}

/// A figure as a page shows it.
#[derive(Debug, Clone, Copy)]
pub struct ShownFigure<'a> {
    pub address: &'a str,
    /// For readers who cannot see it.
    pub description: &'a str,
    /// Width and height in pixels, so that a page keeps room for it.
    pub size: Option<(u32, u32)>,
}

/// The blocks of a text.
#[must_use]
pub fn html(text: &Text, drawings: &dyn Drawings) -> String {
    let mut out = String::new();
    text.blocks.iter().for_each(|block| write_block(&mut out, block, 0, drawings));
    out
}

/// A text in one line, for an option or a cell. A paragraph has no element of its own.
#[must_use]
pub fn html_of_line(text: &Text, drawings: &dyn Drawings) -> String {
    let mut out = String::new();
    for (index, block) in text.blocks.iter().enumerate() {
        if index > 0 {
            out.push_str("<br>");
        }
        match block {
            Block::Paragraph(line) => write_line(&mut out, line, drawings),
            block => write_block(&mut out, block, 0, drawings),
        }
    }
    out
}

/// Writes a block inside of `depth` ordered lists.
fn write_block(out: &mut String, block: &Block, depth: usize, drawings: &dyn Drawings) {
    match block {
        Block::Paragraph(line) => {
            out.push_str("<p>");
            write_line(out, line, drawings);
            out.push_str("</p>");
        }
        Block::List { marks, items } => {
            let name = if *marks == Marks::Bullets { "ul" } else { "ol" };
            let depth = depth + usize::from(*marks != Marks::Bullets);
            let _ = match list_type(*marks, depth) {
                Some(kind) => write!(out, "<{name} type=\"{kind}\">"),
                None => write!(out, "<{name}>"),
            };
            for item in items {
                out.push_str("<li>");
                match item.as_slice() {
                    [Block::Paragraph(line)] => write_line(out, line, drawings),
                    blocks => blocks.iter().for_each(|block| write_block(out, block, depth, drawings)),
                }
                out.push_str("</li>");
            }
            let _ = write!(out, "</{name}>");
        }
        Block::Table(rows) => {
            out.push_str("<table>");
            for row in rows {
                out.push_str("<tr>");
                for cell in row {
                    write_cell(out, cell, drawings);
                }
                out.push_str("</tr>");
            }
            out.push_str("</table>");
        }
        Block::Code(code) => {
            out.push_str("<pre>");
            escape(out, code);
            out.push_str("</pre>");
        }
    }
}

/// The attribute `type` of an ordered list that is the outermost one for a `depth` of 1. Numbers need none.
fn list_type(marks: Marks, depth: usize) -> Option<char> {
    match marks {
        Marks::Bullets | Marks::Numbers => None,
        Marks::LowerLetters => Some('a'),
        Marks::UpperLetters => Some('A'),
        Marks::LowerRoman => Some('i'),
        Marks::UpperRoman => Some('I'),
        Marks::ByDepth => match depth {
            2 => Some('a'),
            3 => Some('i'),
            4 => Some('A'),
            _ => None,
        },
    }
}

fn write_cell(out: &mut String, cell: &Cell, drawings: &dyn Drawings) {
    let name = if cell.is_heading { "th" } else { "td" };
    let _ = write!(out, "<{name}");
    if cell.columns > 1 {
        let _ = write!(out, " colspan=\"{}\"", cell.columns);
    }
    out.push('>');
    write_line(out, &cell.content, drawings);
    let _ = write!(out, "</{name}>");
}

fn write_line(out: &mut String, line: &[Inline], drawings: &dyn Drawings) {
    for piece in line {
        match piece {
            Inline::Text(text) => escape(out, text),
            Inline::Formula(formula) => match drawings.formula(formula) {
                Some(mathml) => out.push_str(mathml),
                None => write_code(out, &formula.latex),
            },
            Inline::Styled(style, inside) => {
                let name = element(*style);
                let _ = write!(out, "<{name}>");
                write_line(out, inside, drawings);
                let _ = write!(out, "</{name}>");
            }
            Inline::Code(code) => write_code(out, code),
            Inline::LineBreak => out.push_str("<br>"),
            Inline::Figure(number) => write_figure(out, *number, drawings),
            Inline::Gap(number) => {
                let _ = write!(out, "____ ({})", label(number.saturating_sub(1)));
            }
        }
    }
}

fn write_figure(out: &mut String, number: usize, drawings: &dyn Drawings) {
    let Some(ShownFigure { address, description, size }) = drawings.figure(number) else {
        let _ = write!(out, "[figure {number}]");
        return;
    };
    out.push_str("<img src=\"");
    escape(out, address);
    out.push_str("\" alt=\"");
    escape(out, description);
    out.push('"');
    if let Some((width, height)) = size {
        let _ = write!(out, " width=\"{width}\" height=\"{height}\"");
    }
    out.push('>');
}

fn write_code(out: &mut String, code: &str) {
    out.push_str("<code>");
    escape(out, code);
    out.push_str("</code>");
}

fn element(style: Style) -> &'static str {
    match style {
        Style::Strong => "strong",
        Style::Emphasis => "em",
        Style::Underline => "u",
        Style::Superscript => "sup",
        Style::Subscript => "sub",
    }
}

fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Control characters have no place in a page.
            control if control.is_control() && control != '\n' && control != '\t' => out.push(' '),
            other => out.push(other),
        }
    }
}
