//! Rewrites a text before it is split into tokens: what only introduces an answer, units of `siunitx`, escaped LaTeX.

use std::borrow::Cow;

/// The text of an answer without what only introduces it, in one notation.
pub(super) fn prepared(text: &str) -> String {
    let text = unescaped(text.trim());
    let text = without_introduction(only_box(&text).unwrap_or(&text));
    let text = siunitx(text);
    let text = if text.len() > 2 { text.replace("{}", "") } else { text.into_owned() };
    let text = text.replace("per cent", "percent").replace("Per cent", "percent");
    with_spans(&text)
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

/// The content of `\boxed{…}`, if there is exactly one.
fn only_box(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\\boxed{")?;
    if rest.contains("\\boxed{") {
        return None;
    }
    let mut depth = 1_usize;
    let end = rest.find(|next| {
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    rest.get(..end).map(str::trim).filter(|inner| !inner.is_empty())
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
