//! Finds questions, and the parts of each, by position.

use std::ops::Range;

use crate::cloze;
use crate::formulas::{Finder, is_sign};
use crate::tags;

/// Stands for a comment line, so that it neither splits a question nor changes line numbers.
pub(super) const COMMENT: char = '\u{fdd2}';

/// The longest formula between `\\( \\)`, in bytes.
const FORMULA_BYTES_MAX: usize = 20_000;

/// The longest answer block, in bytes.
const BLOCK_BYTES_MAX: usize = 64 << 10;

/// What stands between two positions of the file.
#[derive(Debug)]
pub(super) enum Item {
    Category(Range<usize>),
    Question(Raw),
    /// Text without an answer block.
    Description(Range<usize>),
    /// A question that cannot be read, with the reason.
    Broken(usize, String),
}

/// A question whose parts are still source text.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The text with its answer blocks, in order.
    pub(super) segments: Vec<Segment>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Segment {
    Text(Range<usize>),
    /// Between the braces.
    Block(Range<usize>),
}

/// Skips what no control character of GIFT can be in: escapes, formulas, tags and entities of HTML.
pub(super) struct Skipper<'a> {
    text: &'a str,
    finder: Finder<'a>,
    /// The positions up to which there is no `\\)` and no `\\]`.
    none_until: [usize; 2],
}

/// A formula in the source.
pub(super) struct SourceFormula {
    /// Includes the delimiters.
    pub(super) end: usize,
    pub(super) body: Range<usize>,
    pub(super) is_display: bool,
    pub(super) is_environment: bool,
}

impl<'a> Skipper<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, finder: Finder::new(text, false), none_until: [0; 2] }
    }

    /// The end of what begins at `at` and is opaque.
    pub(super) fn skip(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        match rest.as_bytes().first()? {
            b'$' => self.formula(at).map(|formula| formula.end).or_else(|| rest.starts_with("$$").then_some(at + 2)),
            b'\\' => self.formula(at).map(|formula| formula.end).or_else(|| {
                let next = rest[1..].chars().next().map_or(0, char::len_utf8);
                Some(at + 1 + next)
            }),
            b'<' => tags::tag_length(rest)
                .filter(|length| *length < 4096 || rest.starts_with("<img"))
                .map(|length| at + length),
            b'&' => {
                let digits = rest.strip_prefix("&#")?.bytes().take(8).take_while(u8::is_ascii_alphanumeric).count();
                (digits > 0 && rest[2 + digits..].starts_with(';')).then_some(at + 3 + digits)
            }
            _ => None,
        }
    }

    /// The formula that begins at `at`.
    pub(super) fn formula(&mut self, at: usize) -> Option<SourceFormula> {
        let rest = &self.text[at..];
        for (index, (open, close)) in [("\\\\(", "\\\\)"), ("\\\\[", "\\\\]")].into_iter().enumerate() {
            if rest.starts_with(open) {
                let from = at + open.len();
                if from < self.none_until[index] {
                    return None;
                }
                let bytes = &self.text.as_bytes()[from..];
                let bytes = &bytes[..bytes.len().min(FORMULA_BYTES_MAX)];
                let until = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
                let close = close.as_bytes();
                let Some(length) = bytes[..until].windows(close.len()).position(|window| window == close) else {
                    self.none_until[index] = from + until;
                    return None;
                };
                let end = from + length + close.len();
                return Some(SourceFormula {
                    end,
                    body: from..from + length,
                    is_display: index == 1,
                    is_environment: false,
                });
            }
        }
        let found = self.finder.formula_at(at)?;
        let body = &self.text[found.body.clone()];
        let is_environment = rest.starts_with("\\begin");
        // Between two prices there may be an answer.
        let ends_in_answer = body.trim_end().ends_with(['=', '~']) && !body.trim_end().ends_with("\\=");
        if rest.starts_with('$') && (ends_in_answer || holds_answer(body)) {
            return None;
        }
        if is_sign(self.text, at) || is_sign(self.text, found.end - 1) {
            return None;
        }
        Some(SourceFormula { end: found.end, body: found.body, is_display: found.is_display, is_environment })
    }
}

/// Whether a text has braces that can only be an answer block.
fn holds_answer(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices('{').any(|(at, _)| {
        if at > 0 && bytes[at - 1] == b'\\' || is_latex_group(text, at) {
            return false;
        }
        let inside = text[at + 1..].trim_start();
        let is_truth = ["T}", "F}", "TRUE}", "FALSE}", "T#", "F#"].iter().any(|word| inside.starts_with(word));
        inside.starts_with(['=', '~', '#']) || is_truth || cloze::begins_gap(inside)
    })
}

/// Whether the brace at `at` is an argument of LaTeX: after `^`, `_`, a command or another argument.
fn is_latex_group(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    let Some(last) = before.last() else { return false };
    if matches!(last, b'^' | b'_') {
        return true;
    }
    let letters = before.iter().rev().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
    letters > 0 && before[..at - letters].ends_with(b"\\") && &before[at - letters..] != b"n"
}

/// Whether the text inside braces is an answer, not a set such as `{1,2}`.
pub(super) fn is_answer(inside: &str) -> bool {
    let inside = inside.trim_matches(|c: char| c.is_whitespace() || c == COMMENT);
    let word = inside.split('#').next().unwrap_or_default().trim().to_ascii_uppercase();
    inside.is_empty()
        || inside.starts_with(['=', '~', '#'])
        || matches!(word.as_str(), "T" | "F" | "TRUE" | "FALSE")
        || cloze::begins_gap(inside)
}

/// Replaces comment lines by [`COMMENT`], and returns them with their lines.
pub(super) fn without_comments(text: &str) -> (String, Vec<(usize, String)>) {
    let mut out = String::with_capacity(text.len());
    let mut comments = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if let Some(comment) = line.trim_start().strip_prefix("//") {
            comments.push((index + 1, comment.trim().to_owned()));
            out.push(COMMENT);
        } else if line.contains(COMMENT) {
            out.push_str(&line.replace(COMMENT, "\u{fffd}"));
        } else {
            out.push_str(line);
        }
    }
    (out, comments)
}

/// Splits a file without comments.
pub(super) fn items(text: &str) -> Vec<Item> {
    let mut scan = Scan { text, skipper: Skipper::new(text) };
    let mut items = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let start = rest.find(|c: char| !c.is_whitespace() && c != COMMENT).map_or(text.len(), |length| at + length);
        if start == text.len() {
            break;
        }
        if let Some(path) = category(&text[start..]) {
            let from = start + (text[start..].len() - path.len());
            let end = path.find('\n').map_or(text.len(), |length| from + length);
            items.push(Item::Category(from..end));
            at = end;
            continue;
        }
        let (item, end) = scan.question(start);
        items.push(item);
        // Every step moves on.
        at = end.max(start + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    items
}

fn category(text: &str) -> Option<&str> {
    let name = text.get(.."$CATEGORY:".len())?;
    name.eq_ignore_ascii_case("$CATEGORY:").then(|| &text["$CATEGORY:".len()..])
}

struct Scan<'a> {
    text: &'a str,
    skipper: Skipper<'a>,
}

/// What the line after a line break is.
enum Next {
    Blank,
    /// A category, or a title.
    Start,
    Text,
}

impl Scan<'_> {
    fn next_line(&self, after: usize) -> Next {
        let line = self.text[after..].split('\n').next().unwrap_or_default().trim();
        let titled = || line.strip_prefix("::").is_some_and(|rest| rest.contains("::"));
        if line.is_empty() {
            Next::Blank
        } else if category(line).is_some() || titled() {
            Next::Start
        } else {
            Next::Text
        }
    }

    fn question(&mut self, start: usize) -> (Item, usize) {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut raw = Raw { start, end: start, segments: Vec::new(), warnings: Vec::new() };
        let mut from = start;
        let mut at = start;
        let mut literal = None;
        // Searches for a closing brace that found none. Each may be long, so their number is bounded.
        let mut failures = 0;
        // Whether the lines after the block were searched for another block.
        let mut is_searched = false;
        if text[start..].starts_with("::") {
            // Braces and dollars in a title are text.
            at = title_end(text, start).map_or(start + 2, |end| end + 2);
        }
        let end = loop {
            let Some(byte) = bytes.get(at) else { break text.len() };
            if matches!(byte, b'\\' | b'$' | b'<' | b'&')
                && let Some(end) = self.skipper.skip(at)
            {
                at = end;
                continue;
            }
            match byte {
                b'\n' => match self.next_line(at + 1) {
                    Next::Start => break at,
                    Next::Blank => {
                        let next = text[at..].trim_start();
                        if raw.segments.is_empty() && next.starts_with('{') {
                            at = text.len() - next.len();
                            continue;
                        }
                        break at;
                    }
                    Next::Text if !is_searched && self.ends_with_block(&raw, at) => {
                        if self.has_block_before_blank_line(at + 1) {
                            let warning = "The next question begins on the next line, without an empty line between.";
                            raw.warnings.push(warning.to_owned());
                            break at;
                        }
                        is_searched = true;
                    }
                    Next::Text => {}
                },
                b'{' if failures > 16 => {}
                b'{' if is_latex_group(&text[start..], at - start) => {
                    if let Ok(end) = self.block_end(at + 1) {
                        at = end + 1;
                        continue;
                    }
                    failures += 1;
                }
                b'{' => match self.block_end(at + 1) {
                    Ok(end) if is_answer(&text[at + 1..end]) => {
                        raw.segments.push(Segment::Text(from..at));
                        raw.segments.push(Segment::Block(at + 1..end));
                        (at, from) = (end + 1, end + 1);
                        continue;
                    }
                    Ok(end) => {
                        literal = Some(&text[at..=end]);
                        at = end + 1;
                        continue;
                    }
                    Err(resume) if raw.segments.is_empty() => {
                        let reason = "The answer block that begins with `{` is never closed.".to_owned();
                        return (Item::Broken(start, reason), resume);
                    }
                    Err(_) => failures += 1,
                },
                _ => {}
            }
            at += 1;
        };
        raw.end = end;
        if raw.segments.is_empty() {
            return match literal {
                Some(block) => {
                    let block: String = block.chars().take(60).collect();
                    let reason = format!(
                        "The answer block `{block}` begins with neither `=`, `~` nor `#`, and is not true or false."
                    );
                    (Item::Broken(start, reason), end)
                }
                None => (Item::Description(start..end), end),
            };
        }
        if let Some(block) = literal {
            let block: String = block.chars().take(60).collect();
            raw.warnings.push(format!("`{block}` is no answer block; it was taken as text."));
        }
        raw.segments.push(Segment::Text(from..end));
        (Item::Question(raw), end)
    }

    /// Whether the line that ends at `at` ends with the last answer block, which is no gap.
    fn ends_with_block(&self, raw: &Raw, at: usize) -> bool {
        let Some(Segment::Block(block)) = raw.segments.last() else { return false };
        !cloze::begins_gap(&self.text[block.clone()]) && self.text[block.end + 1..at].trim().is_empty()
    }

    fn has_block_before_blank_line(&mut self, from: usize) -> bool {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            if matches!(byte, b'\\' | b'$' | b'<' | b'&')
                && let Some(end) = self.skipper.skip(at)
            {
                at = end;
                continue;
            }
            match byte {
                b'{' => return true,
                b'\n' if !matches!(self.next_line(at + 1), Next::Text) => return false,
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// The position of the brace that closes the block which begins at `from`, or where to go on if there is none.
    fn block_end(&mut self, from: usize) -> Result<usize, usize> {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut depth = 0_usize;
        let mut blank = None;
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            if at - from > BLOCK_BYTES_MAX {
                break;
            }
            if matches!(byte, b'\\' | b'$' | b'<' | b'&')
                && let Some(end) = self.skipper.skip(at)
            {
                at = end;
                continue;
            }
            match byte {
                b'{' if blank.is_some() => break,
                b'{' => depth += 1,
                b'}' if depth == 0 => return Ok(at),
                b'}' => depth -= 1,
                b'\n' => match self.next_line(at + 1) {
                    Next::Blank => blank = blank.or(Some(at + 1)),
                    Next::Start => return Err(blank.unwrap_or(at + 1)),
                    Next::Text => {}
                },
                _ => {}
            }
            at += 1;
        }
        let blank = blank.or_else(|| text[at.min(text.len())..].find("\n\n").map(|length| at + length));
        Err(blank.unwrap_or(text.len()))
    }
}

/// The position of the `::` that ends the title which begins at `start`.
pub(super) fn title_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start + 2;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b':' if bytes.get(at + 1) == Some(&b':') => return Some(at),
            b'\n' if text[at + 1..].split('\n').next().is_some_and(|line| line.trim().is_empty()) => return None,
            _ => {}
        }
        at += 1;
    }
    None
}
