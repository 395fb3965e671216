//! Finds formulas by their delimiters, and tells a formula from a price.

/// The delimiters of a formula at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormulaMark<'a> {
    /// LaTeX between the delimiters.
    pub latex: &'a str,
    pub is_display: bool,
    /// Bytes of the formula with its delimiters.
    pub length: usize,
}

/// Longest formula, in bytes. Without a bound, a text of unclosed formulas would take quadratic time.
const FORMULA_BYTES_MAX: usize = 10_000;

/// Commands whose argument is text, where a dollar begins a formula inside the formula.
const TEXT_COMMANDS: [&str; 7] = ["\\text", "\\mbox", "\\hbox", "\\textrm", "\\textbf", "\\textit", "\\intertext"];

/// The formula at the start of `text`, if there is one.
///
/// Between single dollars a formula has, by the rule of TeX's users, no space before its closing dollar and no digit after it. So
/// "$5 and $10" are prices. With spaces inside, it is a formula if it looks like one and not like prose.
#[must_use]
pub fn formula_at(text: &str) -> Option<FormulaMark<'_>> {
    for (open, close, is_display) in [("$$", "$$", true), ("\\[", "\\]", true), ("\\(", "\\)", false)] {
        if let Some(inside) = text.strip_prefix(open) {
            let end = end_of(inside, close)?;
            let latex = &inside[..end];
            let is_empty = latex.trim().is_empty();
            return (!is_empty).then_some(FormulaMark { latex, is_display, length: open.len() + end + close.len() });
        }
    }
    let inside = text.strip_prefix('$')?;
    let end = closing_dollar(inside)?;
    let latex = &inside[..end];
    let after = inside[end + 1..].chars().next();
    is_formula(latex, after).then_some(FormulaMark { latex, is_display: false, length: end + 2 })
}

/// Position of a delimiter that is not escaped.
fn end_of(text: &str, close: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len().min(FORMULA_BYTES_MAX) {
        if bytes[at..].starts_with(close.as_bytes()) {
            return Some(at);
        }
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    None
}

/// Position of the dollar that closes an inline formula: the next one that is neither escaped nor inside `\text{…}`.
fn closing_dollar(text: &str) -> Option<usize> {
    let limit = text.len().min(FORMULA_BYTES_MAX);
    let bytes = text.as_bytes();
    let mut first = None;
    let mut depth = 0_usize;
    let mut at = 0;
    while at < limit {
        match bytes[at] {
            b'\\' => {
                let command = &text[at..];
                let opens = TEXT_COMMANDS
                    .iter()
                    .find(|name| command.strip_prefix(**name).is_some_and(|rest| rest.starts_with('{')));
                if let (0, Some(name)) = (depth, opens) {
                    depth = 1;
                    at += name.len() + 1;
                } else {
                    at += 1 + command[1..].chars().next().map_or(0, char::len_utf8);
                }
                continue;
            }
            b'{' if depth > 0 => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'$' if depth == 0 => return Some(at),
            b'$' if first.is_none() => first = Some(at),
            // A blank line ends a paragraph, and no formula crosses it.
            b'\n' if text[at + 1..].trim_start_matches([' ', '\t', '\r']).starts_with('\n') => break,
            _ => {}
        }
        at += 1;
    }
    first
}

fn is_formula(latex: &str, after: Option<char>) -> bool {
    let trimmed = latex.trim();
    if trimmed.is_empty() {
        return false;
    }
    let is_closed_tightly = !latex.ends_with(char::is_whitespace) && !after.is_some_and(|next| next.is_ascii_digit());
    if is_closed_tightly && !latex.starts_with(char::is_whitespace) {
        // "$5 million, or 3€/$" does not occur; "$5 for the first, US$" does.
        return !is_prose(trimmed) || has_mark_of_math(trimmed);
    }
    has_mark_of_math(trimmed) && !is_prose(trimmed) || is_single(trimmed)
}

fn has_mark_of_math(latex: &str) -> bool {
    latex.contains(['\\', '^', '_', '=', '<', '>', '+', '{'])
}

/// Whether it is one symbol or number, as in `$ x $`.
fn is_single(latex: &str) -> bool {
    latex.chars().all(char::is_alphanumeric)
        && latex.chars().count() <= 2
        && !latex.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether it reads as prose outside of groups: two words of three letters follow each other, or a word follows an amount.
pub(super) fn is_prose(latex: &str) -> bool {
    let mut depth = 0_usize;
    let mut outside = String::with_capacity(latex.len());
    for character in latex.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    let is_word = |word: &str| {
        let word = word.trim_end_matches([',', '.', ';', ':']);
        word.len() >= 3 && word.chars().all(char::is_alphabetic)
    };
    let words: Vec<bool> = outside.split_whitespace().map(is_word).collect();
    let is_amount = outside.starts_with(|first: char| first.is_ascii_digit()) && !has_mark_of_math(&outside);
    words.windows(2).any(|pair| pair[0] && pair[1]) || (is_amount && words.contains(&true))
}
