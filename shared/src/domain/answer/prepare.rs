//! Rewrites a text before it is split into tokens: what only introduces an answer, units of `siunitx`, escaped LaTeX.

use std::borrow::Cow;

/// The text of an answer without what only introduces it, in one notation.
pub(super) fn prepared(text: &str) -> String {
    let text = narrow(text.trim().trim_end_matches(['\\', ' ']));
    let text = unescaped(&text);
    let text = opened_boxes(&text);
    let text = without_introduction(&text);
    let text = only_formula(text).unwrap_or(text);
    let text = siunitx(text);
    let text = if text.len() > 2 { text.replace("{}", "") } else { text.into_owned() };
    let text = text.replace("per cent", "percent").replace("Per cent", "percent").replace("percentage", "percent");
    with_spans(&text)
}

/// Wide letters and signs, as keyboards of East Asia write them, in their usual form: `（x＋１）`.
fn narrow(text: &str) -> Cow<'_, str> {
    let wide = |next: char| ('！'..='～').contains(&next) || next == '\u{3000}';
    if !text.contains(wide) {
        return Cow::Borrowed(text);
    }
    let narrowed = |next: char| match next {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(next) - 0xFEE0).unwrap_or(next),
        _ => next,
    };
    Cow::Owned(text.chars().map(narrowed).collect())
}

/// LaTeX out of a JSON text has every backslash twice.
fn unescaped(text: &str) -> Cow<'_, str> {
    // Between the rows of a matrix, two backslashes are right.
    let matrix = text.contains("\\begin") && !text.contains("\\\\begin");
    let doubled = |(before, after): (&str, &str)| {
        let name = after.chars().take_while(char::is_ascii_alphabetic).count();
        name > 1 && !before.ends_with('\\')
    };
    if !matrix && text.split_once("\\\\").is_some_and(doubled) {
        Cow::Owned(text.replace("\\\\", "\\"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What is boxed: the content of the only `\boxed{…}`, or of several with nothing but "and" or commas between them.
fn opened_boxes(text: &str) -> Cow<'_, str> {
    let mut contents: Vec<&str> = Vec::new();
    let mut outside: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\boxed{") {
        let Some((content, after)) = closed(after) else { return Cow::Borrowed(text) };
        if content.is_empty() {
            return Cow::Borrowed(text);
        }
        contents.push(content);
        outside.push(before);
        rest = after;
    }
    match contents.as_slice() {
        [] => Cow::Borrowed(text),
        [only] => {
            let percent = ["pct", "percent", "\\%", "%"].iter().any(|sign| rest.trim_matches([' ', '$', '.']) == *sign);
            if percent { Cow::Owned(format!("{only}%")) } else { Cow::Borrowed(only) }
        }
        several => {
            let joins = |between: &str| {
                let between =
                    between.replace("\\text{", " ").replace("\\quad", " ").replace(['}', '$', ',', ';', '\\'], " ");
                between.split_whitespace().all(|word| matches!(word, "and" | "or" | "(" | ")"))
            };
            let ends = |edge: &str| edge.chars().all(|next| " $.()\\[]".contains(next));
            let inner = outside.iter().skip(1).all(|between| joins(between));
            if inner && outside.first().is_some_and(|edge| ends(edge)) && ends(rest) {
                Cow::Owned(several.join(", "))
            } else {
                Cow::Borrowed(text)
            }
        }
    }
}

/// What stands before the bracket that closes an open group, and what after it.
fn closed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    let end = text.find(|next| {
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some((text.get(..end)?.trim(), text.get(end + 1..)?))
}

/// The formula of a sentence that only introduces it: `We find that $x<3$.` Every other word has a known meaning, so
/// that "not", "at least" and a second formula keep the sentence as it is.
fn only_formula(text: &str) -> Option<&str> {
    const WORDS: [&str; 41] = [
        "a",
        "an",
        "answer",
        "are",
        "as",
        "be",
        "correct",
        "final",
        "find",
        "finally",
        "gives",
        "have",
        "hence",
        "here",
        "identity",
        "is",
        "it",
        "its",
        "matrix",
        "must",
        "obtain",
        "our",
        "product",
        "required",
        "result",
        "root",
        "simplifies",
        "so",
        "solution",
        "special",
        "sum",
        "that",
        "the",
        "then",
        "therefore",
        "this",
        "thus",
        "value",
        "we",
        "which",
        "zero",
    ];
    const DELIMITERS: [(&str, &str); 4] = [("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")];
    let known = |words: &str| {
        words.split([' ', ',', ':', '.', '\n', '=']).filter(|word| !word.is_empty()).all(|word| {
            let word = word.to_ascii_lowercase();
            WORDS.contains(&word.as_str())
        })
    };
    DELIMITERS.into_iter().find_map(|(open, close)| {
        let (before, rest) = text.split_once(open)?;
        let (formula, after) = rest.split_once(close)?;
        let words = before.chars().any(char::is_alphabetic) || after.chars().any(char::is_alphabetic);
        let found = formula.trim();
        (words && !found.is_empty() && known(before) && known(after)).then_some(found)
    })
}

/// Drops "the answer is" and the like.
fn without_introduction(text: &str) -> &str {
    const INTRODUCTIONS: [&str; 18] = [
        "the final answer is",
        "the answer is",
        "the solution is",
        "the result is",
        "final answer:",
        "answer:",
        "answer is",
        "answer =",
        "solution:",
        "ans:",
        "ans =",
        "ans=",
        "therefore",
        "thus",
        "hence",
        "so",
        "it is",
        "it's",
    ];
    for introduction in INTRODUCTIONS {
        if let Some((start, rest)) = text.split_at_checked(introduction.len())
            && start.eq_ignore_ascii_case(introduction)
            && (introduction.ends_with([':', '=']) || rest.starts_with([' ', ':', ',', '$', '\\']))
        {
            let rest = rest.trim_start_matches([':', ',', ' ']);
            return if rest.is_empty() { text } else { rest };
        }
    }
    text
}

/// `10 to 12` is `10-12`.
fn with_spans(text: &str) -> String {
    if let Some((low, high)) = text.split_once(" to ") {
        let number = |part: &str| !part.is_empty() && part.chars().all(|next| next.is_ascii_digit() || next == '.');
        let (low, high) = (low.trim(), high.trim());
        let (high, rest) = high.split_once(' ').unwrap_or((high, ""));
        if number(low) && number(high) {
            return format!("{low}-{high} {rest}");
        }
    }
    text.to_owned()
}

/// `\qty{5}{\metre\per\second}` is `5 \text{metre per second}`, `\num{5}` is `5`.
fn siunitx(text: &str) -> Cow<'_, str> {
    const COMMANDS: [(&str, bool, bool); 6] = [
        ("\\qty", true, true),
        ("\\SI", true, true),
        ("\\num", true, false),
        ("\\unit", false, true),
        ("\\si", false, true),
        ("\\ang", true, false),
    ];
    let mut text = Cow::Borrowed(text);
    for (command, number, unit) in COMMANDS {
        let opening = format!("{command}{{");
        while let Some(start) = text.find(&opening) {
            let rest = &text[start + command.len()..];
            let mut parts = Vec::new();
            let mut rest = rest;
            for _ in 0..usize::from(number) + usize::from(unit) {
                let Some((part, after)) = group(rest) else { return text };
                parts.push(part);
                rest = after;
            }
            let mut written = text[..start].to_owned();
            if number {
                let digits = parts.first().copied().unwrap_or_default();
                written.push_str(&digits.replace("\\pi", "\\pi "));
            }
            if command == "\\ang" {
                written.push('°');
            }
            if unit {
                let words = unit_words(parts.last().copied().unwrap_or_default());
                written.extend([" \\text{", words.as_str(), "}"]);
            }
            written.push_str(rest);
            text = Cow::Owned(written);
        }
    }
    text
}

/// The content of a group at the start of a text, and what follows it.
fn group(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{')?;
    let end = inner.find('}')?;
    Some((inner.get(..end)?, inner.get(end + 1..)?))
}

/// Names of units for their commands: `\kilo\metre\per\second\squared` is `kilometre per second^2`.
fn unit_words(text: &str) -> String {
    const PREFIXES: [&str; 8] = ["nano", "micro", "milli", "centi", "kilo", "mega", "giga", "deci"];
    if !text.contains('\\') {
        return text.replace(['.', '~'], " ");
    }
    let mut words = String::new();
    for name in text.split('\\').filter(|name| !name.is_empty()) {
        let (name, rest) = match name.find(|next: char| !next.is_ascii_alphabetic()) {
            Some(end) => name.split_at(end),
            None => (name, ""),
        };
        match name {
            "squared" => words = format!("{}^2 ", words.trim_end()),
            "cubed" => words = format!("{}^3 ", words.trim_end()),
            name if PREFIXES.contains(&name) => words.push_str(name),
            name => {
                words.push_str(name);
                words.push(' ');
            }
        }
        words.push_str(rest);
    }
    words.trim_end().to_owned()
}
