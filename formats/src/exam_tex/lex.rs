//! Tokens of LaTeX.

use std::rc::Rc;

use super::write;

/// A token with the line on which it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Without its backslash: `question`, or a single character such as `%`.
    Command(Rc<str>),
    Open,
    Close,
    /// `$`
    Math,
    Space,
    /// An empty line.
    Paragraph,
    Char(char),
    /// `#1`
    Parameter(usize),
    Verbatim {
        text: Rc<str>,
        is_block: bool,
    },
}

impl Token {
    pub(super) fn is_command(&self, name: &str) -> bool {
        matches!(&self.kind, Kind::Command(known) if &**known == name)
    }
}

const VERBATIM: [&str; 6] = ["verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "alltt"];
const IGNORED: [&str; 4] = ["comment", "filecontents", "filecontents*", "coverpages"];

/// The longest text of `\verb`, in characters.
const VERB_MAX: usize = 1_000;

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
    /// Environments that do not end any more.
    unclosed: Vec<String>,
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, line: 1, tokens: Vec::new(), unclosed: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, line: self.line });
    }

    fn skip(&mut self, length: usize) {
        self.line += self.text[self.at..self.at + length].matches('\n').count();
        self.at += length;
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(next) = rest.chars().next() else { return false };
        match next {
            '\\' => return self.command(),
            '%' => {
                let length = rest.find('\n').map_or(rest.len(), |length| length + 1);
                self.skip(length);
                let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
                self.skip(blanks);
                if self.rest().starts_with('\n') {
                    self.white_space(true);
                }
                return true;
            }
            '{' => self.push(Kind::Open),
            '}' => self.push(Kind::Close),
            '$' => self.push(Kind::Math),
            '#' => {
                if let Some(digit) = rest[1..].chars().next().and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0) {
                    self.push(Kind::Parameter(digit as usize));
                    self.skip(2);
                    return true;
                }
                self.push(Kind::Char('#'));
            }
            _ if next.is_whitespace() => {
                self.white_space(false);
                return true;
            }
            _ => self.push(Kind::Char(next)),
        }
        self.skip(next.len_utf8());
        true
    }

    fn white_space(&mut self, is_at_line_start: bool) {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start().len();
        let breaks = rest[..length].matches('\n').count() + usize::from(is_at_line_start);
        self.push(if breaks > 1 { Kind::Paragraph } else { Kind::Space });
        self.skip(length);
    }

    fn command(&mut self) -> bool {
        let after = &self.rest()[1..];
        let letters = after.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'@').count();
        if letters == 0 {
            let Some(next) = after.chars().next() else {
                self.skip(1);
                return true;
            };
            let name = if next.is_whitespace() { " ".to_owned() } else { next.to_string() };
            self.push(Kind::Command(name.into()));
            self.skip(1 + next.len_utf8());
            return true;
        }
        let name = &after[..letters];
        match name {
            "endinput" => return false,
            "verb" | "lstinline" => {
                let body = after[letters..].trim_start_matches('*');
                let mut characters = body.chars();
                if let Some(delimiter) = characters.next().filter(|c| !c.is_whitespace() && !c.is_alphanumeric()) {
                    let close = if delimiter == '{' { '}' } else { delimiter };
                    let line = characters.as_str();
                    let end = line.char_indices().take(VERB_MAX).find(|(_, c)| *c == close || *c == '\n');
                    write::searched(end.map_or(VERB_MAX, |(end, _)| end));
                    if let Some((end, _)) = end.filter(|(_, c)| *c == close) {
                        self.push(Kind::Verbatim { text: line[..end].into(), is_block: false });
                        let start = after.len() - characters.as_str().len();
                        self.skip(1 + start + end + close.len_utf8());
                        return true;
                    }
                }
            }
            "iffalse" => {
                let length = false_branch(&after[letters..]);
                self.skip(1 + letters + length);
                return true;
            }
            "begin" | "end" => {
                let argument = after[letters..].trim_start();
                let named = argument
                    .strip_prefix('{')
                    .and_then(|rest| rest.get(..rest.bytes().take(40).position(|b| b == b'}')?));
                if let Some(environment) = named.map(str::trim) {
                    if name == "end" && environment == "document" {
                        return false;
                    }
                    let start = after.len() - argument.len() + 2 + named.map_or(0, str::len);
                    if name == "begin" && self.raw_environment(environment, start) {
                        return true;
                    }
                }
            }
            _ => {}
        }
        self.push(Kind::Command(name.into()));
        self.skip(1 + letters);
        // White space after a command is no space, but an empty line still ends a paragraph.
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start().len();
        if rest[..blanks].matches('\n').count() < 2 {
            self.skip(blanks);
        }
        true
    }

    /// Takes an environment whose text is not LaTeX. `start` is where its content begins, after the backslash.
    fn raw_environment(&mut self, name: &str, start: usize) -> bool {
        let is_verbatim = VERBATIM.contains(&name);
        if !is_verbatim && !IGNORED.contains(&name) {
            return false;
        }
        let content = &self.rest()[1 + start..];
        let closer = format!("\\end{{{name}}}");
        if self.unclosed.contains(&closer) {
            return false;
        }
        let found = content.find(&closer);
        write::searched(found.unwrap_or(content.len()));
        let Some(end) = found else {
            self.unclosed.push(closer);
            return false;
        };
        if is_verbatim {
            let text = &content[..end];
            // The rest of the first line holds options.
            let first = text.split('\n').next().unwrap_or_default();
            let has_options = first.trim_start().starts_with(['[', '{']) && text.contains('\n');
            let text = if has_options { &text[first.len()..] } else { text };
            self.push(Kind::Verbatim { text: text.trim_matches('\n').into(), is_block: true });
        }
        self.skip(1 + start + end + closer.len());
        true
    }
}

/// The length of what `\iffalse` skips, with its `\fi` or `\else`.
fn false_branch(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = text[at..].find(['\\', '%']) {
        at += found;
        let rest = &text[at..];
        if rest.starts_with('%') {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let letters = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let name = &rest[1..=letters];
        at += 1 + letters;
        if letters == 0 {
            at += rest[1..].chars().next().map_or(0, char::len_utf8);
        } else if name == "fi" || name == "else" && depth == 0 {
            if depth == 0 {
                return at;
            }
            depth -= 1;
        } else if name.starts_with("if") && name != "iff" {
            depth += 1;
        }
    }
    text.len()
}
