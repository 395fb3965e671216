//! The structure of an exam: questions, parts, choices, solutions and points.

use super::lex::{Kind, Token};
use super::macros::plain;
use super::write::{argument, environment_name, latex, optional, searched};

/// A question, part, subpart or subsubpart.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// 0 for a question, 3 for a subsubpart.
    pub(super) level: usize,
    pub(super) line: usize,
    pub(super) is_bonus: bool,
    pub(super) points: Option<f64>,
    pub(super) title: Vec<Token>,
    /// The section in which a question stands.
    pub(super) section: Vec<Token>,
    pub(super) text: Vec<Token>,
    pub(super) choices: Vec<Alternative>,
    pub(super) solutions: Vec<Vec<Token>>,
    pub(super) answer_lines: Vec<Vec<Token>>,
}

#[derive(Debug, Default)]
pub(super) struct Alternative {
    pub(super) is_right: bool,
    pub(super) text: Vec<Token>,
}

/// What the file holds, as tokens.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Each question comes before its parts.
    pub(super) nodes: Vec<Node>,
    pub(super) title: Vec<Token>,
    pub(super) date: Vec<Token>,
    pub(super) points: f64,
    pub(super) bonus_points: f64,
    /// Tokens that were searched in vain.
    pub(super) wasted: usize,
    pub(super) skipped: Vec<(usize, String)>,
    pub(super) warnings: Vec<(usize, String)>,
}

/// Environments of the class inside each other. Honest exams have two or three.
const OUTER_MAX: usize = 100;
/// The longest heading of a section, in tokens. Each question below it gets a copy.
const SECTION_TOKENS_MAX: usize = 500;

/// Where tokens go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    /// Before the first question, and what is shown to nobody.
    Nowhere,
    Node,
    Choice,
    Solution,
    /// Stands before the next question or part.
    Pending,
}

struct Walker<'a> {
    tokens: &'a [Token],
    at: usize,
    sink: Sink,
    /// The sinks that go on after the current one, with the environment that ends it.
    outer: Vec<(String, Sink)>,
    /// Index of the node at each level.
    open: [Option<usize>; 4],
    level: usize,
    pending: Vec<Token>,
    section: Vec<Token>,
    counts_points: bool,
    body: Body,
}

pub(super) fn walk(tokens: &[Token]) -> Body {
    let mut walker = Walker {
        tokens,
        at: 0,
        sink: Sink::Nowhere,
        outer: Vec::new(),
        open: [None; 4],
        level: 0,
        pending: Vec::new(),
        section: Vec::new(),
        counts_points: true,
        body: Body::default(),
    };
    while let Some(token) = tokens.get(walker.at) {
        walker.at += 1;
        walker.token(token);
    }
    walker.finish()
}

fn level(name: &str) -> Option<(usize, bool)> {
    Some(match name {
        "question" | "titledquestion" => (0, false),
        "bonusquestion" | "bonustitledquestion" => (0, true),
        "part" => (1, false),
        "bonuspart" => (1, true),
        "subpart" => (2, false),
        "bonussubpart" => (2, true),
        "subsubpart" => (3, false),
        "bonussubsubpart" => (3, true),
        _ => return None,
    })
}

fn is_solution(environment: &str) -> bool {
    matches!(
        environment,
        "solution" | "solutionorbox" | "solutionorlines" | "solutionordottedlines" | "solutionorgrid" | "TheSolution"
    )
}

fn is_choices(environment: &str) -> bool {
    matches!(environment, "choices" | "oneparchoices" | "checkboxes" | "oneparcheckboxes")
}

impl Walker<'_> {
    fn argument(&mut self) -> Vec<Token> {
        let (range, next) = argument(self.tokens, self.at);
        self.at = next;
        self.tokens[range].to_vec()
    }

    fn optional(&mut self) -> Option<Vec<Token>> {
        let (range, next) = optional(self.tokens, self.at, &mut self.body.wasted);
        self.at = next;
        range.map(|range| self.tokens[range].to_vec())
    }

    fn warn(&mut self, line: usize, text: impl Into<String>) {
        self.body.warnings.push((line, text.into()));
    }

    fn node(&mut self) -> Option<&mut Node> {
        let index = self.open[self.level]?;
        self.body.nodes.get_mut(index)
    }

    fn push(&mut self, token: &Token) {
        let token = token.clone();
        match self.sink {
            Sink::Nowhere => {}
            Sink::Pending => self.pending.push(token),
            Sink::Node => {
                if let Some(node) = self.node() {
                    node.text.push(token);
                }
            }
            Sink::Choice => {
                if let Some(option) = self.node().and_then(|node| node.choices.last_mut()) {
                    option.text.push(token);
                }
            }
            Sink::Solution => {
                if let Some(solution) = self.node().and_then(|node| node.solutions.last_mut()) {
                    solution.push(token);
                }
            }
        }
    }

    fn token(&mut self, token: &Token) {
        let Kind::Command(name) = &token.kind else {
            self.push(token);
            return;
        };
        if let Some((level, is_bonus)) = level(name)
            && (level == 0 || self.open[0].is_some())
        {
            let has_title = name.contains("titled");
            self.start(level, is_bonus, has_title, token.line);
            return;
        }
        match &**name {
            "choice" | "CorrectChoice" | "correctchoice" if self.open[0].is_some() && self.sink != Sink::Solution => {
                let option = Alternative { is_right: &**name != "choice", text: Vec::new() };
                if let Some(node) = self.node() {
                    node.choices.push(option);
                    self.sink = Sink::Choice;
                }
            }
            "begin" => self.begin(token),
            "end" => self.end(token),
            "uplevel" | "fullwidth" => {
                let content = self.argument();
                // A heading inside is a section, not a text.
                let heading =
                    content.iter().position(|token| token.is_command("section") || token.is_command("subsection"));
                if let Some(heading) = heading {
                    let star = content.get(heading + 1).is_some_and(|token| token.kind == Kind::Char('*'));
                    let (range, _) = argument(&content, heading + 1 + usize::from(star));
                    self.set_section(content[range].to_vec(), token.line);
                } else {
                    self.pending.extend(content);
                    self.pending.push(Token { kind: Kind::Paragraph, line: token.line });
                }
            }
            "section" | "subsection" | "subsubsection" | "chapter" => {
                if self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Char('*')) {
                    self.at += 1;
                }
                let heading = self.argument();
                self.set_section(heading, token.line);
            }
            "title" => self.body.title = self.argument(),
            "date" => self.body.date = self.argument(),
            "addpoints" => self.counts_points = true,
            "noaddpoints" => self.counts_points = false,
            "ifprintanswers" if self.open[0].is_some() && self.outer.len() < OUTER_MAX => {
                self.outer.push(("fi".to_owned(), self.sink));
                self.open_solution();
            }
            "else" if self.outer.last().is_some_and(|(name, _)| name == "fi") => self.sink = Sink::Nowhere,
            "fi" if self.outer.last().is_some_and(|(name, _)| name == "fi") => {
                if let Some((_, sink)) = self.outer.pop() {
                    self.sink = sink;
                }
            }
            "answerline" => {
                if self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Char('*')) {
                    self.at += 1;
                }
                if let Some(answer) = self.optional()
                    && let Some(node) = self.node()
                {
                    node.answer_lines.push(answer);
                }
            }
            "input" | "include" | "subfile" | "includepdf" => {
                let _ = self.optional();
                let file = latex(&self.argument());
                self.body
                    .skipped
                    .push((token.line, format!("The file {} is read by `\\{name}`; it is not here.", file.trim())));
            }
            _ => self.push(token),
        }
    }

    fn set_section(&mut self, mut heading: Vec<Token>, line: usize) {
        if heading.len() > SECTION_TOKENS_MAX {
            heading.truncate(SECTION_TOKENS_MAX);
            self.warn(line, "The heading of a section is very long; its end is left out.");
        }
        self.section = heading;
    }

    fn open_solution(&mut self) {
        if let Some(node) = self.node() {
            node.solutions.push(Vec::new());
        }
        self.sink = Sink::Solution;
    }

    fn begin(&mut self, token: &Token) {
        let start = self.at;
        let (name, next) = environment_name(self.tokens, self.at);
        self.at = next;
        if self.outer.len() >= OUTER_MAX {
            self.at = start;
            self.push(token);
            return;
        }
        if is_solution(&name) {
            let _ = self.optional();
            self.outer.push((name, self.sink));
            if self.open[0].is_some() { self.open_solution() } else { self.sink = Sink::Nowhere }
        } else if is_choices(&name) {
            self.outer.push((name, self.sink));
        } else if matches!(name.as_str(), "EnvUplevel" | "EnvFullwidth") {
            self.outer.push((name, self.sink));
            self.sink = Sink::Pending;
        } else if !matches!(name.as_str(), "questions" | "parts" | "subparts" | "subsubparts" | "document") {
            self.at = start;
            self.push(token);
        }
    }

    fn end(&mut self, token: &Token) {
        let start = self.at;
        let (name, next) = environment_name(self.tokens, self.at);
        self.at = next;
        searched(self.outer.len());
        if let Some(depth) = self.outer.iter().rposition(|(open, _)| *open == name) {
            self.sink = self.outer[depth].1;
            self.outer.truncate(depth);
            if name == "EnvUplevel" || name == "EnvFullwidth" {
                self.pending.push(Token { kind: Kind::Paragraph, line: token.line });
            }
            return;
        }
        let level = match name.as_str() {
            "parts" => 0,
            "subparts" => 1,
            "subsubparts" => 2,
            "questions" => {
                self.sink = Sink::Nowhere;
                self.open = [None; 4];
                self.level = 0;
                return;
            }
            _ => {
                self.at = start;
                self.push(token);
                return;
            }
        };
        self.open[level + 1..].fill(None);
        self.level = (0..=level).rev().find(|level| self.open[*level].is_some()).unwrap_or(0);
        if self.open[0].is_some() {
            self.sink = Sink::Node;
        }
    }

    fn start(&mut self, level: usize, is_bonus: bool, has_title: bool, line: usize) {
        if let Some((name, _)) = self.outer.first() {
            let shown = if name == "fi" { "\\ifprintanswers".to_owned() } else { format!("\\begin{{{name}}}") };
            let warning = format!("`{shown}` is not closed before this question or part begins; it was closed here.");
            self.warn(line, warning);
            self.outer.clear();
        }
        let title = if has_title { self.argument() } else { Vec::new() };
        let mut node = Node { level, line, is_bonus, title, ..Node::default() };
        if let Some(bracket) = self.optional() {
            node.points = points(&bracket);
            if node.points.is_none() {
                self.warn(line, format!("`[{}]` is no number of points.", latex(&bracket).trim()));
            }
        }
        if let Some(points) = node.points.filter(|_| self.counts_points) {
            if is_bonus {
                self.body.bonus_points += points;
            } else {
                self.body.points += points;
            }
        }
        node.text = std::mem::take(&mut self.pending);
        if level == 0 {
            searched(self.section.len());
            node.section.clone_from(&self.section);
        }
        self.open[level..].fill(None);
        self.open[level] = Some(self.body.nodes.len());
        self.level = level;
        self.sink = Sink::Node;
        self.body.nodes.push(node);
    }

    fn finish(mut self) -> Body {
        if let Some((name, _)) = self.outer.first() {
            let line = self.tokens.last().map_or(1, |token| token.line);
            let warning = format!("`{name}` is not closed at the end of the file.");
            self.body.warnings.push((line, warning));
        }
        if let Some(first) = self.pending.iter().find(|token| !matches!(token.kind, Kind::Space | Kind::Paragraph)) {
            let text: String = latex(&self.pending).trim().chars().take(80).collect();
            self.body.skipped.push((first.line, format!("A text stands before no question: {text}")));
        }
        self.body
    }
}

/// Points such as `3`, `2.5`, `2\half` or `\half`.
fn points(tokens: &[Token]) -> Option<f64> {
    let has_half = tokens.iter().any(|token| token.is_command("half"));
    let number = plain(tokens);
    let number = number.trim();
    let whole = if number.is_empty() && has_half { 0.0 } else { crate::Decimal::parse(number)?.to_f64() };
    (whole >= 0.0).then_some(if has_half { whole + 0.5 } else { whole })
}
