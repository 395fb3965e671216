//! Reads a text into blocks.

use super::dollars::formula_at;
use super::layout::{gathered, trimmed};
use super::{Block, Formula, Inline, Style, Text};

/// Greatest depth of groups, environments and lists. What is nested deeper is read without its marks.
pub(super) const DEPTH_MAX: usize = 24;

/// Reads a text. Every text can be read: what is no mark is itself.
#[must_use]
pub fn parse(text: &str) -> Text {
    Text { blocks: blocks(text, 0) }
}

/// Reads blocks at a depth.
pub(super) fn blocks(text: &str, depth: usize) -> Vec<Block> {
    let mut reader = Reader::new(depth);
    reader.read(text);
    reader.end_line();
    gathered(&reader.blocks)
}

/// Reads the inside of a group. Its line ends become spaces.
pub(super) fn line(text: &str, depth: usize) -> Vec<Inline> {
    let mut line = Vec::new();
    for block in blocks(text, depth) {
        let pieces = match block {
            Block::Paragraph(pieces) => pieces,
            Block::Code(code) => vec![Inline::Code(code)],
            Block::List { items, .. } => items.into_iter().flatten().flat_map(flat).collect(),
            Block::Table(rows) => rows.into_iter().flatten().flat_map(|cell| cell.content).collect(),
        };
        if !line.is_empty() {
            line.push(Inline::Text(" ".to_owned()));
        }
        line.extend(pieces);
    }
    merged(line)
}

fn flat(block: Block) -> Vec<Inline> {
    match block {
        Block::Paragraph(pieces) => pieces.into_iter().chain([Inline::Text(" ".to_owned())]).collect(),
        Block::Code(code) => vec![Inline::Code(code)],
        Block::List { items, .. } => items.into_iter().flatten().flat_map(flat).collect(),
        Block::Table(rows) => rows.into_iter().flatten().flat_map(|cell| cell.content).collect(),
    }
}

/// The characters of a line, without styles.
pub(super) fn characters(line: &[Inline]) -> String {
    let one = |piece: &Inline| match piece {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Formula(formula) => formula.latex.clone(),
        Inline::Styled(_, inside) => characters(inside),
        Inline::LineBreak => " ".to_owned(),
        Inline::Figure(_) | Inline::Gap(_) => String::new(),
    };
    line.iter().map(one).collect()
}

fn merged(line: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(line.len());
    for piece in line {
        match (out.last_mut(), piece) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, piece) => out.push(piece),
        }
    }
    out
}

/// What has been read so far.
pub(super) struct Reader {
    pub(super) blocks: Vec<Block>,
    line: Vec<Inline>,
    plain: String,
    pub(super) depth: usize,
    /// Whether a quotation is open that two apostrophes close. Otherwise they are two primes.
    is_quoting: bool,
    /// Bytes of the text from each closing mark's last place to the end.
    last: Vec<(&'static str, Option<usize>)>,
}

/// Longest group, in bytes. Without a bound, a text of unclosed groups would take quadratic time.
const GROUP_BYTES_MAX: usize = 20_000;

impl Reader {
    pub(super) fn new(depth: usize) -> Self {
        Self { blocks: Vec::new(), line: Vec::new(), plain: String::new(), depth, is_quoting: false, last: Vec::new() }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.plain.push_str(text);
    }

    pub(super) fn push(&mut self, piece: Inline) {
        if !self.plain.is_empty() {
            self.line.push(Inline::Text(std::mem::take(&mut self.plain)));
        }
        self.line.push(piece);
    }

    pub(super) fn formula(&mut self, latex: &str, is_display: bool) {
        self.push(Inline::Formula(Formula { latex: trimmed_latex(latex).to_owned(), is_display }));
    }

    pub(super) fn end_line(&mut self) {
        if !self.plain.is_empty() {
            self.line.push(Inline::Text(std::mem::take(&mut self.plain)));
        }
        let line = trimmed(std::mem::take(&mut self.line));
        if line.iter().any(|piece| !matches!(piece, Inline::LineBreak)) {
            self.blocks.push(Block::Paragraph(line));
        }
    }

    pub(super) fn block(&mut self, block: Block) {
        self.end_line();
        self.blocks.push(block);
    }

    pub(super) fn is_at_line_start(&self) -> bool {
        self.line.is_empty() && self.plain.trim().is_empty()
    }

    /// Whether a mark stands somewhere in the rest of the text. Without this, each of many unclosed marks would search all of it.
    pub(super) fn has_after(&self, mark: &str, rest: &str) -> bool {
        self.last.iter().any(|(known, behind)| *known == mark && behind.is_some_and(|behind| behind < rest.len()))
    }

    fn read(&mut self, text: &str) {
        let marks = ["$", "\\)", "\\]", "\\end{"];
        self.last = marks.iter().map(|mark| (*mark, text.rfind(mark).map(|at| text.len() - at))).collect();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let taken = match character {
                '\\' => self.command(rest),
                '$' => self.dollar(rest),
                '`' => self.backquote(rest),
                '\'' if self.is_quoting && rest.starts_with("''") => {
                    self.is_quoting = false;
                    self.text("”");
                    2
                }
                '~' => self.tilde(rest),
                '[' => self.placeholder(rest),
                '*' => self.stars(rest),
                '-' => self.dashes(rest),
                '{' => self.brace(rest),
                '\n' => {
                    self.end_line();
                    1
                }
                '\r' => 1,
                other => {
                    self.plain.push(other);
                    other.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
    }

    fn dollar(&mut self, rest: &str) -> usize {
        let Some(formula) = self.has_after("$", rest).then(|| formula_at(rest)).flatten() else {
            self.text("$");
            return 1;
        };
        self.formula(formula.latex, formula.is_display);
        formula.length
    }

    /// Three begin code of several lines, two a quotation, and one begins code within a line.
    fn backquote(&mut self, rest: &str) -> usize {
        if let Some(after) = rest.strip_prefix("```").filter(|_| self.is_at_line_start()) {
            let (_language, body) = after.split_once('\n').unwrap_or((after, ""));
            if let Some(end) = body.find("```") {
                self.block(Block::Code(body[..end].trim_end_matches('\n').to_owned()));
                return rest.len() - body.len() + end + 3;
            }
        }
        if rest.starts_with("``") {
            self.is_quoting = true;
            self.text("“");
            return 2;
        }
        let line = rest[1..].split('\n').next().unwrap_or("");
        if let Some(end) = line.find(['`', '\'']) {
            if line[end..].starts_with('`') && end > 0 {
                self.push(Inline::Code(line[..end].to_owned()));
            } else {
                let depth = self.depth + 1;
                self.text("‘");
                self.nested(&line[..end], depth);
                self.text("’");
            }
            return end + 2;
        }
        self.text("`");
        1
    }

    /// Between two characters that are no space, a tilde is LaTeX's space. Elsewhere it means "about".
    fn tilde(&mut self, rest: &str) -> usize {
        let before = self.plain.chars().next_back().or_else(|| self.line.last().map(|_| 'x'));
        let after = rest[1..].chars().next();
        let is_space =
            before.is_some_and(|c| !c.is_whitespace() && c != '(') && after.is_some_and(|c| !c.is_whitespace());
        self.text(if is_space { "\u{a0}" } else { "~" });
        1
    }

    /// `[figure 2]` and `[gap 1]`.
    fn placeholder(&mut self, rest: &str) -> usize {
        for (name, piece) in [("[figure ", Inline::Figure as fn(usize) -> Inline), ("[gap ", Inline::Gap)] {
            let Some(inside) = rest.strip_prefix(name) else { continue };
            let Some((digits, _)) = inside.split_once(']') else { continue };
            if let Ok(number @ 1..=999) = digits.parse() {
                self.push(piece(number));
                return name.len() + digits.len() + 1;
            }
        }
        self.text("[");
        1
    }

    /// `**strong**`, within a line.
    fn stars(&mut self, rest: &str) -> usize {
        let line = rest.split('\n').next().unwrap_or(rest);
        let inside = line.strip_prefix("**").and_then(|inside| inside.find("**").map(|end| &inside[..end]));
        match inside {
            Some(inside) if !inside.trim().is_empty() && inside.trim() == inside && self.depth < DEPTH_MAX => {
                let pieces = self::line(inside, self.depth + 1);
                self.push(Inline::Styled(Style::Strong, pieces));
                inside.len() + 4
            }
            _ => {
                self.text("*");
                1
            }
        }
    }

    /// `---` is an em dash; `--` between letters, digits or spaces is an en dash.
    fn dashes(&mut self, rest: &str) -> usize {
        let count = rest.bytes().take_while(|byte| *byte == b'-').count();
        let before = self.plain.chars().next_back().or_else(|| self.line.last().map(|_| '$'));
        let after = rest[count..].chars().next();
        let stands_between = |fits: fn(char) -> bool| before.is_some_and(fits) && after.is_some_and(fits);
        let is_dash = stands_between(|c| c.is_alphanumeric() || c == '$') || stands_between(|c| c == ' ');
        match count {
            2 if is_dash => self.text("–"),
            3 if is_dash => self.text("—"),
            _ => self.text(&rest[..count]),
        }
        count
    }

    /// A group that begins with a declaration, such as `{\bf …}`, is set by it. Other braces are characters.
    fn brace(&mut self, rest: &str) -> usize {
        if rest[1..].trim_start().starts_with('\\')
            && self.depth < DEPTH_MAX
            && let Some(inside) = group(rest)
            && super::commands::is_declaration(inside)
        {
            self.nested(inside, self.depth + 1);
            return inside.len() + 2;
        }
        self.text("{");
        1
    }

    /// Reads a slice at a depth and adds its pieces to the line. Its line breaks are spaces.
    pub(super) fn nested(&mut self, text: &str, depth: usize) {
        if depth > DEPTH_MAX {
            self.text(text);
            return;
        }
        for piece in line(text, depth) {
            match piece {
                Inline::Text(text) => self.text(&text),
                piece => self.push(piece),
            }
        }
    }
}

/// LaTeX without white space at both ends. A space that is a command, `\ `, goes with its backslash.
pub(super) fn trimmed_latex(latex: &str) -> &str {
    let mut text = latex.trim_start();
    loop {
        let trimmed = text.trim_end();
        let backslashes = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if trimmed.len() == text.len() || backslashes.is_multiple_of(2) {
            return trimmed;
        }
        text = trimmed.strip_suffix('\\').unwrap_or_default();
    }
}

/// The inside of the group in braces at the start of a text.
pub(super) fn group(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len().min(GROUP_BYTES_MAX) {
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[1..at]);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The inside of the optional argument in brackets at the start of a text, on one line.
pub(super) fn option(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find([']', '\n'])?;
    inside[end..].starts_with(']').then(|| &inside[..end])
}
