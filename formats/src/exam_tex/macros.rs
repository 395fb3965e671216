//! Expands the commands that the file defines.

use std::collections::HashMap;
use std::rc::Rc;

use super::lex::{Kind, Token};

/// Bounds that no honest file reaches.
const EXPANSIONS_MAX: usize = 200_000;
const EXPANDED_TOKENS_MAX: usize = 4_000_000;

#[derive(Debug, Clone)]
struct Definition {
    arguments: usize,
    /// The value of the first argument if it is left out.
    default: Option<Vec<Token>>,
    body: Rc<[Token]>,
}

pub(super) struct Expanded {
    pub(super) tokens: Vec<Token>,
    pub(super) warnings: Vec<(usize, String)>,
}

pub(super) fn expand(tokens: Vec<Token>) -> Expanded {
    let mut input = tokens;
    input.reverse();
    let mut expander = Expander {
        input,
        definitions: HashMap::new(),
        expansions: 0,
        expanded: 0,
        out: Expanded { tokens: Vec::new(), warnings: Vec::new() },
    };
    expander.run();
    expander.out
}

struct Expander {
    /// The next token is the last.
    input: Vec<Token>,
    definitions: HashMap<Rc<str>, Definition>,
    expansions: usize,
    expanded: usize,
    out: Expanded,
}

impl Expander {
    fn run(&mut self) {
        while let Some(token) = self.input.pop() {
            let Kind::Command(name) = &token.kind else {
                self.out.tokens.push(token);
                continue;
            };
            let name = Rc::clone(name);
            match &*name {
                "newcommand" | "renewcommand" | "providecommand" | "DeclareRobustCommand" => self.new_command(),
                "def" | "gdef" | "edef" | "xdef" => self.def(token.line),
                "let" => self.let_command(),
                "DeclareMathOperator" => self.operator(),
                "DeclarePairedDelimiter" => self.paired_delimiter(),
                "NewDocumentCommand" | "RenewDocumentCommand" | "ProvideDocumentCommand" => {
                    self.document_command(token.line);
                }
                "newenvironment" | "renewenvironment" => {
                    self.star();
                    let _ = self.argument();
                    while self.optional().is_some() {}
                    let _ = self.argument();
                    let _ = self.argument();
                }
                _ => match self.definitions.get(&name) {
                    Some(definition) if self.expansions < EXPANSIONS_MAX && self.expanded < EXPANDED_TOKENS_MAX => {
                        let definition = definition.clone();
                        self.expand_one(&definition, token.line);
                    }
                    Some(_) => {
                        if !self.out.warnings.iter().any(|(_, text)| text.contains("too far")) {
                            self.out
                                .warnings
                                .push((token.line, format!("The command `\\{name}` expands too far; it stays.")));
                        }
                        self.out.tokens.push(token);
                    }
                    None => self.out.tokens.push(token),
                },
            }
        }
    }

    fn expand_one(&mut self, definition: &Definition, line: usize) {
        self.expansions += 1;
        let mut arguments = Vec::new();
        for index in 0..definition.arguments {
            let argument = match (&definition.default, index) {
                (Some(default), 0) => self.optional().unwrap_or_else(|| default.clone()),
                _ => self.argument(),
            };
            arguments.push(argument);
        }
        let mut body = Vec::new();
        for token in definition.body.iter() {
            match token.kind {
                Kind::Parameter(number) => {
                    // An argument in a formula stays one: `\frac#1#2` has groups.
                    if let Some(argument) = arguments.get(number - 1) {
                        body.extend(argument.iter().cloned());
                    }
                }
                _ => body.push(Token { kind: token.kind.clone(), line }),
            }
            if self.expanded + body.len() > EXPANDED_TOKENS_MAX {
                break;
            }
        }
        self.expanded += body.len();
        self.input.extend(body.into_iter().rev());
    }

    fn spaces(&mut self) {
        while matches!(self.input.last(), Some(Token { kind: Kind::Space, .. })) {
            self.input.pop();
        }
    }

    fn star(&mut self) {
        self.spaces();
        if matches!(self.input.last(), Some(Token { kind: Kind::Char('*'), .. })) {
            self.input.pop();
        }
    }

    /// A group without its braces, or one token.
    fn argument(&mut self) -> Vec<Token> {
        self.spaces();
        match self.input.last() {
            None | Some(Token { kind: Kind::Paragraph | Kind::Close, .. }) => return Vec::new(),
            Some(Token { kind: Kind::Open, .. }) => {}
            Some(_) => return self.input.pop().into_iter().collect(),
        }
        self.input.pop();
        let mut depth = 0_usize;
        let mut out = Vec::new();
        while let Some(token) = self.input.pop() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => break,
                Kind::Close => depth -= 1,
                _ => {}
            }
            out.push(token);
        }
        out
    }

    /// An argument in brackets.
    fn optional(&mut self) -> Option<Vec<Token>> {
        self.spaces();
        if !matches!(self.input.last(), Some(Token { kind: Kind::Char('['), .. })) {
            return None;
        }
        let mut depth = 0_i32;
        let length = self.input.iter().rev().take(1_000).position(|token| {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            depth == 0 && token.kind == Kind::Char(']')
        })?;
        let mut inside = self.input.split_off(self.input.len() - length);
        self.input.pop();
        inside.reverse();
        inside.remove(0);
        Some(inside)
    }

    fn name(&mut self) -> Option<Rc<str>> {
        self.argument().into_iter().find_map(|token| match token.kind {
            Kind::Command(name) => Some(name),
            _ => None,
        })
    }

    fn define(&mut self, name: Option<Rc<str>>, arguments: usize, default: Option<Vec<Token>>, body: Vec<Token>) {
        if let Some(name) = name {
            self.definitions.insert(name, Definition { arguments, default, body: body.into() });
        }
    }

    fn new_command(&mut self) {
        self.star();
        let name = self.name();
        let count = self.optional().map_or(0, |count| plain(&count).trim().parse().unwrap_or(0)).min(9);
        let default = self.optional();
        let body = self.argument();
        self.define(name, count, default, body);
    }

    fn def(&mut self, line: usize) {
        let name = self.name();
        let mut count = 0;
        let mut is_simple = true;
        while let Some(token) = self.input.last() {
            match token.kind {
                Kind::Open => break,
                Kind::Parameter(_) => count += 1,
                Kind::Space => {}
                Kind::Paragraph => return,
                _ => is_simple = false,
            }
            self.input.pop();
        }
        let body = self.argument();
        if is_simple {
            self.define(name, count, None, body);
        } else {
            let name = name.unwrap_or_default();
            self.out
                .warnings
                .push((line, format!("The definition of `\\{name}` by `\\def` has delimiters; it is not expanded.")));
        }
    }

    fn let_command(&mut self) {
        let name = self.name();
        self.spaces();
        if matches!(self.input.last(), Some(Token { kind: Kind::Char('='), .. })) {
            self.input.pop();
        }
        let body = self.argument();
        let is_same =
            matches!(body.as_slice(), [Token { kind: Kind::Command(other), .. }] if Some(other) == name.as_ref());
        if !is_same {
            self.define(name, 0, None, body);
        }
    }

    fn operator(&mut self) {
        self.star();
        let name = self.name();
        let text = self.argument();
        let mut body =
            vec![Token { kind: Kind::Command("operatorname".into()), line: 0 }, Token { kind: Kind::Open, line: 0 }];
        body.extend(text);
        body.push(Token { kind: Kind::Close, line: 0 });
        self.define(name, 0, None, body);
    }

    fn paired_delimiter(&mut self) {
        let name = self.name();
        let mut body = self.argument();
        body.push(Token { kind: Kind::Parameter(1), line: 0 });
        body.extend(self.argument());
        self.define(name, 1, None, body);
    }

    fn document_command(&mut self, line: usize) {
        let name = self.name();
        let specification = plain(&self.argument());
        let body = self.argument();
        if specification.chars().all(|c| c == 'm' || c.is_whitespace()) {
            self.define(name, specification.matches('m').count().min(9), None, body);
        } else {
            let name = name.unwrap_or_default();
            self.out
                .warnings
                .push((line, format!("The definition of `\\{name}` has arguments that are not expanded.")));
        }
    }
}

/// The characters of tokens.
pub(super) fn plain(tokens: &[Token]) -> String {
    tokens
        .iter()
        .filter_map(|token| match token.kind {
            Kind::Char(c) => Some(c),
            Kind::Space | Kind::Paragraph => Some(' '),
            _ => None,
        })
        .collect()
}
