//! The tokens of LaTeX, as far as nesting and macros need them.

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `{`
    Open,
    /// `}`
    Close,
    /// A command's name without its backslash: letters, or one other character.
    Command(&'a str),
    Character(char),
    /// `\verb` without an end.
    Unclosed,
}

/// Reads tokens; comments and what `\verb` quotes are left out.
pub(crate) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(latex: &'a str) -> Self {
        Self { rest: latex }
    }

    /// What is not yet read.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let character = self.rest.chars().next()?;
            let after = &self.rest[character.len_utf8()..];
            self.rest = after;
            return Some(match character {
                '{' => Token::Open,
                '}' => Token::Close,
                '%' => {
                    self.rest = after.find('\n').map_or("", |end| &after[end..]);
                    continue;
                }
                '\\' => {
                    let letters = after.len()
                        - after.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || letter == '@').len();
                    let length = if letters == 0 { after.chars().next().map_or(0, char::len_utf8) } else { letters };
                    let (name, rest) = after.split_at(length);
                    self.rest = rest;
                    if name == "verb" {
                        let quoted = rest.strip_prefix('*').unwrap_or(rest);
                        let end = quoted.chars().next().and_then(|mark| {
                            let inside = &quoted[mark.len_utf8()..];
                            inside.find(mark).map(|at| &inside[at + mark.len_utf8()..])
                        });
                        let Some(end) = end else { return Some(Token::Unclosed) };
                        self.rest = end;
                        return Some(Token::Character('x'));
                    }
                    Token::Command(name)
                }
                other => Token::Character(other),
            });
        }
    }
}

/// Appends LaTeX to LaTeX. A space keeps a command's name apart from a letter.
pub(crate) fn join(whole: &mut String, part: &str) {
    if part.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '@') {
        let name = whole.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == '@');
        let backslashes = name.len() - name.trim_end_matches('\\').len();
        if name.len() < whole.len() && backslashes % 2 == 1 {
            whole.push(' ');
        }
    }
    whole.push_str(part);
}
