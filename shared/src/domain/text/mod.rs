//! The text of questions, options and solutions: prose with LaTeX in it. One parser serves print, the API and imports.
//!
//! A text is a mixture, because its sources are: formulas between `$ $`, `$$ $$`, `\( \)` and `\[ \]`, environments and
//! text commands of LaTeX, and the few marks of Markdown that importers write (lists, tables, code). Each line is a paragraph.

mod commands;
mod dollars;
mod drawn;
mod environments;
mod html;
mod layout;
mod parse;
mod symbols;

pub use dollars::{FormulaMark, formula_at};
pub use drawn::{DrawnFormulas, parse_answer};
pub use html::{Drawings, ShownFigure, html, html_of_line};
pub use parse::parse;

/// A parsed text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub blocks: Vec<Block>,
}

/// A block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    List {
        marks: Marks,
        items: Vec<Vec<Block>>,
    },
    Table(Vec<Vec<Cell>>),
    /// Code with its line breaks.
    Code(String),
}

/// What stands before the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    Bullets,
    Numbers,
    LowerLetters,
    UpperLetters,
    LowerRoman,
    UpperRoman,
    /// As LaTeX marks nested lists: numbers, then letters, then Roman numerals, then capital letters.
    ByDepth,
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    pub content: Vec<Inline>,
    /// Number of columns, at least 1.
    pub columns: usize,
    pub is_heading: bool,
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Formula(Formula),
    Styled(Style, Vec<Inline>),
    Code(String),
    LineBreak,
    /// The figure with this number, from 1.
    Figure(usize),
    /// The gap with this number, from 1.
    Gap(usize),
}

/// A formula of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Formula {
    /// LaTeX of math mode, without its delimiters.
    pub latex: String,
    /// Whether it stands on a line of its own.
    pub is_display: bool,
}

/// How a piece is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Strong,
    Emphasis,
    Underline,
    Superscript,
    Subscript,
}

impl Text {
    /// All formulas, in the order of the text.
    #[must_use]
    pub fn formulas(&self) -> Vec<&Formula> {
        let mut found = Vec::new();
        self.blocks.iter().for_each(|block| block.collect(&mut found));
        found
    }
}

impl Block {
    fn collect<'a>(&'a self, found: &mut Vec<&'a Formula>) {
        match self {
            Self::Paragraph(line) => line.iter().for_each(|piece| piece.collect(found)),
            Self::List { items, .. } => items.iter().flatten().for_each(|block| block.collect(found)),
            Self::Table(rows) => {
                rows.iter().flatten().flat_map(|cell| &cell.content).for_each(|piece| piece.collect(found));
            }
            Self::Code(_) => {}
        }
    }
}

impl Inline {
    fn collect<'a>(&'a self, found: &mut Vec<&'a Formula>) {
        match self {
            Self::Formula(formula) => found.push(formula),
            Self::Styled(_, inside) => inside.iter().for_each(|piece| piece.collect(found)),
            Self::Text(_) | Self::Code(_) | Self::LineBreak | Self::Figure(_) | Self::Gap(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
