//! The texts of answers and options for `answer_key`: without styles, brackets and words that say nothing, and split into
//! lists.

/// Commands around a text that change only its appearance.
const STYLES: [&str; 12] = [
    "text",
    "textbf",
    "textit",
    "textrm",
    "textsf",
    "mathrm",
    "mathbf",
    "mathit",
    "mathsf",
    "operatorname",
    "boxed",
    "emph",
];
/// Words before the letters of an answer.
const LEADING_WORDS: [&str; 17] = [
    "answers",
    "answer",
    "ans",
    "options",
    "option",
    "choices",
    "choice",
    "letters",
    "letter",
    "correct",
    "the",
    "is",
    "are",
    "both",
    "only",
    "statements",
    "statement",
];
/// Words after the letters of an answer.
const TRAILING_WORDS: [&str; 5] = ["only", "is correct", "are correct", "is right", "are right"];
/// Words between letters.
const JOINING_WORDS: [&str; 3] = ["and", "or", "&"];
/// Characters around an answer that say nothing.
const MARGIN: [char; 15] = [' ', '\n', '\t', '\r', '*', '_', '`', '"', '\'', '“', '”', '.', ',', ';', '!'];

/// A text for comparison: without spaces, dollars, styles and a full stop at its end.
pub(super) fn plain(text: &str) -> String {
    let text = without_styles(text).replace("\\(", "").replace("\\)", "");
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '$').collect();
    text.trim_end_matches(['.', ';', ',']).to_owned()
}

/// Replaces `\text{B}` and the like by their arguments.
pub(super) fn without_styles(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find('\\') {
        let after = &rest[at + 1..];
        let name = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let argument = STYLES.contains(&&after[..name]).then(|| group(&after[name..])).flatten();
        let Some(argument) = argument else {
            out.push_str(&rest[..=at]);
            rest = after;
            // An escaped character begins no command.
            if name == 0 {
                let length = rest.chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
            continue;
        };
        out.push_str(&rest[..at]);
        out.push_str(&without_styles(argument));
        rest = &after[name + argument.len() + 2..];
    }
    out + rest
}

/// What stands in the braces with which a text begins.
fn group(text: &str) -> Option<&str> {
    enclosed(text, '{', '}').filter(|_| text.starts_with('{'))
}

/// What stands between the bracket with which a text begins and the bracket that closes it.
fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    let mut depth = 0_u32;
    for (at, character) in text.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return text.get(open.len_utf8()..at);
            }
        } else if depth == 0 {
            return None;
        }
    }
    None
}

/// A text without brackets, marks and words around it that say nothing.
pub(super) fn bare(text: &str) -> &str {
    let mut text = text;
    loop {
        let before = text.len();
        text = text.trim_matches(MARGIN);
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            if let Some(inside) = enclosed(text, open, close).filter(|inside| inside.len() + 2 == text.len()) {
                text = inside;
            }
        }
        text = without_leading_word(text);
        text = without_trailing_word(text);
        if text.len() == before {
            return text;
        }
    }
}

fn without_leading_word(text: &str) -> &str {
    let after = LEADING_WORDS.iter().find_map(|word| {
        let (first, rest) = text.split_at_checked(word.len())?;
        let is_whole = rest.starts_with(|next: char| next.is_whitespace() || matches!(next, ':' | '.' | '(' | '['));
        (first.eq_ignore_ascii_case(word) && is_whole).then(|| rest.trim_start_matches([' ', ':', '.']))
    });
    after.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

fn without_trailing_word(text: &str) -> &str {
    let before = TRAILING_WORDS.iter().find_map(|word| {
        let (rest, last) = text.split_at_checked(text.len().checked_sub(word.len())?)?;
        (last.eq_ignore_ascii_case(word) && rest.ends_with(char::is_whitespace)).then(|| rest.trim_end())
    });
    before.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// Splits a text at the words that join letters.
pub(super) fn at_words(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for word in text.split_whitespace() {
        if JOINING_WORDS.iter().any(|joining| joining.eq_ignore_ascii_case(word)) {
            let at = word.as_ptr().addr() - text.as_ptr().addr();
            parts.push(&text[start..at]);
            start = at + word.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Splits a text at spaces, commas and the words that join letters.
pub(super) fn split_at_spaces(text: &str) -> Vec<&str> {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&'));
    parts.filter(|part| !JOINING_WORDS.iter().any(|joining| joining.eq_ignore_ascii_case(part))).collect()
}
