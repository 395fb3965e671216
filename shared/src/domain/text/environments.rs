//! Environments of LaTeX in running text: formulas, lists, tables, code.

use super::parse::{DEPTH_MAX, Reader, blocks, group, line, option, trimmed_latex};
use super::{Block, Cell, Inline, Marks};

impl Reader {
    /// Reads the environment at the start of `rest` (`\begin{…}`), and returns its bytes.
    pub(super) fn environment(&mut self, rest: &str) -> usize {
        let opening = "\\begin".len();
        let Some(name) = group(&rest[opening..]) else { return opening };
        let start = opening + name.len() + 2;
        let can_end = self.depth < DEPTH_MAX && self.has_after("\\end{", rest);
        let Some(end) = can_end.then(|| end_of_environment(&rest[start..], name)).flatten() else {
            // It never ends: only its first line is lost.
            return start;
        };
        let body = &rest[start..start + end];
        self.body(name, body);
        start + end + "\\end{}".len() + name.len()
    }

    fn body(&mut self, name: &str, body: &str) {
        let depth = self.depth + 1;
        match name.trim_end_matches('*') {
            "equation" | "displaymath" => self.display(&without_labels(body)),
            "math" => self.formula(body, false),
            "align" | "flalign" | "gather" | "alignat" => {
                let arguments = if name.starts_with("alignat") { body.find('}').map_or(0, |at| at + 1) } else { 0 };
                let inner = if name.starts_with("gather") { "gathered" } else { "aligned" };
                self.display(&format!("\\begin{{{inner}}}{}\\end{{{inner}}}", without_labels(&body[arguments..])));
            }
            "multline" => self.display(&format!("\\begin{{gathered}}{}\\end{{gathered}}", without_labels(body))),
            "eqnarray" => self.display(&format!("\\begin{{array}}{{rcl}}{}\\end{{array}}", without_labels(body))),
            "cases" | "matrix" | "pmatrix" | "bmatrix" | "Bmatrix" | "vmatrix" | "Vmatrix" | "smallmatrix"
            | "array" | "aligned" | "gathered" | "split" | "alignedat" | "dcases" | "rcases" => {
                self.display(&format!("\\begin{{{name}}}{body}\\end{{{name}}}"));
            }
            "itemize" | "enumerate" | "description" | "parts" | "subparts" | "subsubparts" | "choices"
            | "checkboxes" | "oneparchoices" | "oneparcheckboxes" | "compactenum" | "compactitem" | "tasks" => {
                self.list(name, body);
            }
            "tabular" | "tabularx" | "tabulary" | "longtable" => self.table(name, body),
            "verbatim" | "Verbatim" | "lstlisting" | "minted" | "alltt" | "code" => {
                let body =
                    body.strip_prefix(option(body).map_or("", |inside| &body[..inside.len() + 2])).unwrap_or(body);
                let body =
                    if name == "minted" { group(body).map_or(body, |inside| &body[inside.len() + 2..]) } else { body };
                self.block(Block::Code(body.trim_matches('\n').trim_end().to_owned()));
            }
            "comment" => {}
            // `center`, `quote`, `figure`, `minipage{…}` and unknown ones: what is inside stays.
            _ => {
                let mut inside = body;
                inside = &inside[option(inside).map_or(0, |inner| inner.len() + 2)..];
                if name.trim_end_matches('*') == "minipage" || name == "multicols" {
                    inside = &inside[group(inside).map_or(0, |inner| inner.len() + 2)..];
                }
                self.end_line();
                self.blocks.extend(blocks(inside, depth));
            }
        }
    }

    fn display(&mut self, latex: &str) {
        self.formula(latex, true);
    }

    fn list(&mut self, name: &str, body: &str) {
        let depth = self.depth + 1;
        let marks = ["\\item", "\\part", "\\subpart", "\\subsubpart", "\\choice", "\\CorrectChoice", "\\task"];
        let items = split(body, |rest| {
            let mark = marks.iter().find(|mark| {
                rest.strip_prefix(**mark).is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphabetic()))
            })?;
            Some(mark.len())
        });
        let mut parsed = Vec::new();
        // Nothing but options stands before the first item.
        for item in items.into_iter().skip(1) {
            let label = option(item);
            let content = &item[label.map_or(0, |label| label.len() + 2)..];
            let mut item = blocks(content.trim_start(), depth);
            if let Some(label) = label.filter(|label| !label.trim().is_empty() && label.parse::<f64>().is_err()) {
                let mut label = line(label, depth);
                label.push(Inline::Text(" ".to_owned()));
                match item.first_mut() {
                    Some(Block::Paragraph(first)) => {
                        label.append(first);
                        *first = label;
                    }
                    _ => item.insert(0, Block::Paragraph(label)),
                }
            }
            if !item.is_empty() {
                parsed.push(item);
            }
        }
        if parsed.is_empty() {
            self.end_line();
            self.blocks.extend(blocks(body, depth));
            return;
        }
        self.block(Block::List { marks: list_marks(name, body), items: parsed });
    }

    fn table(&mut self, name: &str, body: &str) {
        let depth = self.depth + 1;
        let mut body = &body[option(body).map_or(0, |inside| inside.len() + 2)..];
        let arguments = if name == "tabular" || name == "longtable" { 1 } else { 2 };
        for _ in 0..arguments {
            body = &body[group(body).map_or(0, |inside| inside.len() + 2)..];
        }
        let mut rows = Vec::new();
        for row in split(body, |rest| rest.starts_with("\\\\").then_some(2)) {
            let row = row.trim_start();
            let row = &row[option(row).map_or(0, |inside| inside.len() + 2)..];
            let cells = split(row, |rest| rest.starts_with('&').then_some(1));
            let cells: Vec<Cell> = cells.into_iter().map(|cell| table_cell(trimmed_latex(cell), depth)).collect();
            if cells.iter().any(|cell| !cell.content.is_empty()) {
                rows.push(cells);
            }
        }
        if !rows.is_empty() {
            self.block(Block::Table(rows));
        }
    }
}

fn table_cell(cell: &str, depth: usize) -> Cell {
    let spanned = || {
        let rest = cell
            .split_once("\\multicolumn")
            .filter(|(before, _)| before.trim().is_empty() || before.contains("hline"))?
            .1;
        let columns = group(rest)?;
        let rest = &rest[columns.len() + 2..];
        let rest = &rest[group(rest)?.len() + 2..];
        Some((columns.trim().parse().ok()?, group(rest)?))
    };
    let several_rows = || {
        let rest = cell.strip_prefix("\\multirow")?;
        let rest = &rest[group(rest)?.len() + 2..];
        let rest = &rest[group(rest)?.len() + 2..];
        group(rest)
    };
    let (columns, content) = spanned().unwrap_or_else(|| (1, several_rows().unwrap_or(cell)));
    Cell { content: line(content, depth), columns: columns.clamp(1, 100), is_heading: false }
}

/// Splits at separators that stand in no group, formula or inner environment.
fn split(text: &str, separator: impl Fn(&str) -> Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    let mut depth = 0_usize;
    while at < text.len() {
        let rest = &text[at..];
        if depth == 0
            && let Some(length) = separator(rest)
        {
            parts.push(&text[from..at]);
            at += length;
            from = at;
            continue;
        }
        let next = rest.chars().next().map_or(1, char::len_utf8);
        if rest.starts_with("\\begin{") {
            depth += 1;
            at += "\\begin".len();
        } else if rest.starts_with("\\end{") {
            depth = depth.saturating_sub(1);
            at += "\\end".len();
        } else if let Some(formula) = super::formula_at(rest).filter(|_| depth == 0) {
            at += formula.length;
        } else if let Some(after) = rest.strip_prefix('\\') {
            at += 1 + after.chars().next().map_or(0, char::len_utf8);
        } else {
            match rest.as_bytes()[0] {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += next;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Position of the `\end{name}` that belongs to a `\begin{name}`.
fn end_of_environment(text: &str, name: &str) -> Option<usize> {
    let (begin, end) = (format!("\\begin{{{name}}}"), format!("\\end{{{name}}}"));
    let is_verbatim = matches!(name, "verbatim" | "Verbatim" | "lstlisting" | "minted" | "comment");
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\').map(|found| at + found) {
        let rest = &text[found..];
        if rest.starts_with(&end) {
            if depth == 0 {
                return Some(found);
            }
            depth -= 1;
        } else if !is_verbatim && rest.starts_with(&begin) {
            depth += 1;
        }
        at = found + 1;
    }
    None
}

/// A formula without its labels and the commands of its numbering.
fn without_labels(latex: &str) -> String {
    let mut out = String::with_capacity(latex.len());
    let mut rest = latex;
    while let Some(at) = rest.find("\\label{") {
        out.push_str(&rest[..at]);
        let after = &rest[at + "\\label".len()..];
        rest = &after[group(after).map_or(1, |inside| inside.len() + 2)..];
    }
    out.push_str(rest);
    let out = out.replace("\\nonumber", "").replace("\\notag", "");
    // A last `\\` would begin an empty row.
    let trimmed = out.trim_end();
    trimmed.strip_suffix("\\\\").filter(|rest| !rest.ends_with('\\')).unwrap_or(trimmed).trim_end().to_owned()
}

/// The marks of a list: those of its option, as the packages enumitem and enumerate have it, else those of its environment.
fn list_marks(name: &str, body: &str) -> Marks {
    let of_environment = match name {
        "itemize" | "description" | "checkboxes" | "compactitem" => return Marks::Bullets,
        "parts" | "tasks" => Marks::LowerLetters,
        "subparts" => Marks::LowerRoman,
        "choices" | "oneparchoices" => Marks::UpperLetters,
        _ => Marks::ByDepth,
    };
    let Some(option) = option(body.trim_start()) else { return of_environment };
    let label = match option.split_once("label") {
        Some((_, label)) => label.trim_start_matches(['=', ' ']),
        None if option.contains('=') => return of_environment,
        None => option,
    };
    let kinds = [
        ("\\alph", Marks::LowerLetters),
        ("\\Alph", Marks::UpperLetters),
        ("\\roman", Marks::LowerRoman),
        ("\\Roman", Marks::UpperRoman),
        ("\\arabic", Marks::Numbers),
    ];
    if let Some((_, marks)) = kinds.into_iter().find(|(counter, _)| label.contains(counter)) {
        return marks;
    }
    match label.trim_matches(|c: char| !c.is_alphanumeric()) {
        "a" => Marks::LowerLetters,
        "A" => Marks::UpperLetters,
        "i" => Marks::LowerRoman,
        "I" => Marks::UpperRoman,
        "1" => Marks::Numbers,
        _ => of_environment,
    }
}
