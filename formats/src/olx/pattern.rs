//! The texts that a regular expression of Open edX accepts.
//!
//! The platform searches for `^first|second$`: the start of the first alternative and the end of the last are bound, and all
//! else may stand anywhere.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// How many texts a pattern may stand for.
const TEXTS_MAX: usize = 64;

/// A text that a pattern accepts; `*` stands for any text if `is_open`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    pub(super) text: String,
    pub(super) is_open: bool,
}

/// The alternatives of `^first|second$`. Each is given as its text, and with `*` where the platform binds nothing.
///
/// # Errors
/// Says why the pattern cannot be listed.
pub(super) fn matches(answers: &[&str]) -> Result<Vec<Match>, String> {
    let joined = format!("^{}$", answers.join("|"));
    if joined.len() > 2000 {
        return Err("the pattern is too long".to_owned());
    }
    let parsed = regex_syntax::ParserBuilder::new().nest_limit(20).build().parse(&joined);
    let parsed = parsed.map_err(|_| "the pattern is not understood".to_owned())?;
    let alternatives = match parsed.kind() {
        HirKind::Alternation(list) => list.clone(),
        _ => vec![parsed],
    };
    let mut found: Vec<Match> = Vec::new();
    for alternative in &alternatives {
        for mut text in texts(alternative)? {
            let bound_start = text.starts_with(START);
            let bound_end = text.ends_with(END);
            text.retain(|c| c != START && c != END);
            if text.contains(LITERAL_STAR) && (text.contains(ANY) || !bound_start || !bound_end) {
                return Err("the pattern has a star beside parts that may be anything".to_owned());
            }
            let text = text.replace(LITERAL_STAR, "*");
            if !text.contains(ANY) {
                found.push(Match { text: text.clone(), is_open: false });
            }
            let start = if bound_start { "" } else { "*" };
            let end = if bound_end { "" } else { "*" };
            let open = format!("{start}{}{end}", text.replace(ANY, "*"));
            if open.contains('*') && !(bound_start && bound_end && !text.contains(ANY)) {
                found.push(Match { text: open, is_open: true });
            }
        }
    }
    let mut unique: Vec<Match> = Vec::new();
    for one in found {
        if !unique.contains(&one) {
            unique.push(one);
        }
    }
    // The plain texts come first: the first answer is the one to show.
    unique.sort_by_key(|one| one.is_open);
    if unique.is_empty() || unique.iter().any(|one| one.text.chars().all(|c| c == '*')) {
        return Err("the pattern accepts any text".to_owned());
    }
    Ok(unique)
}

/// Marks in a text: noncharacters, which no text has.
const START: char = '\u{fdd0}';
const END: char = '\u{fdd1}';
const ANY: char = '\u{fdd2}';
const LITERAL_STAR: char = '\u{fdd3}';

fn texts(hir: &Hir) -> Result<Vec<String>, String> {
    let cannot = |what: &str| Err(format!("the pattern has {what}, which cannot be listed"));
    match hir.kind() {
        HirKind::Empty | HirKind::Look(Look::WordAscii | Look::WordUnicode) => Ok(vec![String::new()]),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Ok(vec![text.replace('*', &LITERAL_STAR.to_string())]),
            Err(_) => cannot("bytes that are no text"),
        },
        HirKind::Class(Class::Unicode(class)) => {
            let mut list = Vec::new();
            for range in class.ranges() {
                for c in range.start()..=range.end() {
                    list.push(if c == '*' { LITERAL_STAR.to_string() } else { c.to_string() });
                    if list.len() > 12 {
                        // A class of blanks stands for one.
                        return if is_blank(hir) {
                            Ok(vec![" ".to_owned()])
                        } else {
                            cannot("a class of many letters")
                        };
                    }
                }
            }
            Ok(if is_blank(hir) { vec![" ".to_owned()] } else { list })
        }
        HirKind::Class(Class::Bytes(_)) => cannot("a class of bytes"),
        HirKind::Look(Look::Start) => Ok(vec![START.to_string()]),
        HirKind::Look(Look::End) => Ok(vec![END.to_string()]),
        HirKind::Look(_) => cannot("a bound within the text"),
        HirKind::Repetition(repetition) => {
            if is_any(&repetition.sub) && repetition.max.is_none() {
                return Ok(vec![ANY.to_string()]);
            }
            if is_blank(&repetition.sub) {
                return Ok(if repetition.min == 0 {
                    vec![String::new(), " ".to_owned()]
                } else {
                    vec![" ".to_owned()]
                });
            }
            let Some(max) = repetition.max.filter(|max| *max <= 8) else {
                return cannot("a repetition without an end");
            };
            let one = texts(&repetition.sub)?;
            let mut list = Vec::new();
            let mut power = vec![String::new()];
            for count in 0..=max {
                if count >= repetition.min {
                    list.extend(power.iter().cloned());
                }
                if count < max {
                    power = joined(&power, &one)?;
                }
                if list.len() > TEXTS_MAX {
                    return cannot("too many alternatives");
                }
            }
            Ok(list)
        }
        HirKind::Capture(capture) => texts(&capture.sub),
        HirKind::Concat(list) => {
            let mut all = vec![String::new()];
            for part in list {
                all = joined(&all, &texts(part)?)?;
            }
            Ok(all)
        }
        HirKind::Alternation(list) => {
            let mut all = Vec::new();
            for part in list {
                all.extend(texts(part)?);
                if all.len() > TEXTS_MAX {
                    return cannot("too many alternatives");
                }
            }
            Ok(all)
        }
    }
}

fn joined(left: &[String], right: &[String]) -> Result<Vec<String>, String> {
    if left.len() * right.len() > TEXTS_MAX {
        return Err("the pattern has too many alternatives, which cannot be listed".to_owned());
    }
    Ok(left.iter().flat_map(|start| right.iter().map(move |end| format!("{start}{end}"))).collect())
}

/// Whether it is `.`: all letters but line breaks.
fn is_any(hir: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { return false };
    let count: u64 = class
        .ranges()
        .iter()
        .map(|range| u64::from(u32::from(range.end())) + 1 - u64::from(u32::from(range.start())))
        .sum();
    count > 0x0010_0000
}

fn is_blank(hir: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
        return matches!(hir.kind(), HirKind::Literal(literal) if &*literal.0 == b" ");
    };
    let mut has_any = false;
    class.ranges().iter().all(|range| {
        has_any = true;
        range.end().is_whitespace() && range.start().is_whitespace()
    }) && has_any
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(answers: &[&str]) -> Result<Vec<String>, String> {
        matches(answers).map(|list| list.into_iter().map(|one| one.text).collect())
    }

    #[test]
    fn patterns_are_bound_at_their_outer_ends_only() {
        assert_eq!(
            list(&["Newton|Isaac", "Galilei"]).unwrap(),
            ["Newton", "Isaac", "Galilei", "Newton*", "*Isaac*", "*Galilei"]
        );
        assert_eq!(list(&["(Newton|Isaac)"]).unwrap(), ["Newton", "Isaac"]);
        assert_eq!(list(&["colou?r"]).unwrap(), ["color", "colour"]);
        assert_eq!(list(&["New ?ton.*"]).unwrap(), ["Newton*", "New ton*"]);
        assert_eq!(list(&[r"sir\s+isaac"]).unwrap(), ["sir isaac"]);
        assert_eq!(list(&[r"a\*"]).unwrap(), ["a*"]);
        assert_eq!(list(&["[ab]c"]).unwrap(), ["ac", "bc"]);
    }

    #[test]
    fn patterns_that_cannot_be_listed_are_refused() {
        for pattern in ["[a-z]+", ".*", "(?=x)y", "(a", "a{1000}", "(a|b){8}", r"\d+", ""] {
            assert!(list(&[pattern]).is_err(), "{pattern}: {:?}", list(&[pattern]));
        }
        assert!(list(&[&"(".repeat(500)]).is_err());
    }
}
