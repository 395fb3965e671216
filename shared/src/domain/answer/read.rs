//! Parses a text into an answer: its kind and its parts.

use super::lex;
use super::names::Function;
use super::parse::{self, Notes, Sign};
use super::reading::Choices;
use super::token::{Bracket, Kind, Relation, Token};
use super::tree::{Node, Operator};
use super::units::{self, Unit};
use super::words::{self, Word};
use super::{Rules, Unreadable, split};

/// Largest nesting of answers: a list of points has two levels.
const MAX_SHAPE_DEPTH: u32 = 4;

/// An answer and what was recorded while parsing it.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) answer: Answer,
    pub(super) unit: Option<Unit>,
    pub(super) open: Choices,
}

/// The kinds of answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Word(Word),
    Value(Formula),
    Infinite {
        negative: bool,
    },
    Equation {
        left: Formula,
        right: Formula,
    },
    /// A union of intervals, and the variable if an inequality named it.
    Intervals {
        variable: Option<String>,
        pieces: Vec<Interval>,
    },
    /// `(1, 2)`: a point or an interval.
    Tuple {
        closed: (bool, bool),
        items: Vec<Answer>,
    },
    /// A list, or a set where the text says that order does not matter.
    Many {
        items: Vec<Answer>,
        set: bool,
    },
}

/// An expression and how it was written.
#[derive(Debug, Clone)]
pub(super) struct Formula {
    pub(super) node: Node,
    pub(super) percent: bool,
    /// Worth of the last digit of its least precise decimal.
    pub(super) last_digit: Option<f64>,
}

/// One interval. An end without a formula is infinite.
#[derive(Debug, Clone)]
pub(super) struct Interval {
    pub(super) low: End,
    pub(super) high: End,
}

/// An end of an interval.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) at: Option<Formula>,
    pub(super) closed: bool,
}

impl End {
    const INFINITE: Self = Self { at: None, closed: false };
}

/// Parses an answer.
///
/// # Errors
/// When it is not in the grammar or too long.
pub(super) fn read(text: &str, reading: Choices, rules: &Rules) -> Result<Read, Unreadable> {
    if let Some(word) = words::read(text) {
        return Ok(Read { answer: worded(word), unit: None, open: Choices::NONE });
    }
    let text = words::limit(text).unwrap_or(text);
    let mut open = Choices::NONE;
    let mut tokens = lex::tokens(text, reading, &mut open)?;
    let unit = units::split(&mut tokens, &rules.variables);
    let tokens = split::words(&tokens, &rules.variables)?;
    let mut reader = Reader { reading, open, depth: 0 };
    let answer = reader.answer(without_label(&tokens))?;
    Ok(Read { answer, unit, open: reader.open })
}

fn worded(word: Word) -> Answer {
    if word == Word::AllReals { all_reals(None) } else { Answer::Word(word) }
}

fn all_reals(variable: Option<String>) -> Answer {
    Answer::Intervals { variable, pieces: vec![Interval { low: End::INFINITE, high: End::INFINITE }] }
}

/// Drops what only names the answer: `f(x) =`, `y' =`, `dy/dx =`, `=`.
fn without_label(tokens: &[Token]) -> &[Token] {
    let Some(equal) = tokens.iter().position(|token| token.kind == Kind::Relation(Relation::Equal)) else {
        return tokens;
    };
    let (before, after) = tokens.split_at(equal);
    let label: Vec<&Kind> = before.iter().map(|token| &token.kind).filter(|kind| **kind != Kind::Prime).collect();
    let is_d = |kind: &Kind| matches!(kind, Kind::Variable(name) if name == "d");
    let named = match label.as_slice() {
        [] | [Kind::Variable(_), Kind::Open(Bracket::Round), Kind::Variable(_), Kind::Close(Bracket::Round)] => true,
        [Kind::Variable(_)] => label.len() < before.len(),
        [d, Kind::Variable(_), Kind::Divide, e, Kind::Variable(_)]
        | [
            Kind::Fraction,
            Kind::Open(_),
            d,
            Kind::Variable(_),
            Kind::Close(_),
            Kind::Open(_),
            e,
            Kind::Variable(_),
            Kind::Close(_),
        ] => is_d(d) && is_d(e),
        _ => false,
    };
    if named { after.get(1..).unwrap_or_default() } else { tokens }
}

struct Reader {
    reading: Choices,
    open: Choices,
    depth: u32,
}

impl Reader {
    fn answer(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        self.depth += 1;
        if self.depth > MAX_SHAPE_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        let answer = match inside(tokens, Bracket::Group) {
            Some(inner) if parts(inner, &[Kind::Comma]).len() < 2 => self.answer(inner),
            _ => self.list(tokens),
        };
        self.depth -= 1;
        answer
    }

    fn list(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        let pieces = parts(tokens, &[Kind::Comma, Kind::Or]);
        if pieces.len() < 2 {
            return self.one(tokens);
        }
        let or = parts(tokens, &[Kind::Or]).len() > 1;
        // `x = 1, 2`: the label is meant for all.
        let label = label_of(tokens);
        let shared = label.is_some() && pieces.iter().all(|piece| label_of(piece) == label || !has_relation(piece));
        let mut items = Vec::new();
        for piece in pieces {
            let named = shared && label_of(piece) == label;
            items.push(self.one(if named { piece.get(2..).unwrap_or_default() } else { piece })?);
        }
        if or && items.iter().all(|item| matches!(item, Answer::Intervals { .. })) {
            return union(items);
        }
        Ok(many(items, or || shared))
    }

    fn one(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        match tokens {
            [] => return Err(Unreadable::Grammar),
            [Token { kind: Kind::EmptySet, .. }] => return Ok(Answer::Word(Word::NoSolution)),
            [Token { kind: Kind::Reals, .. }] => return Ok(all_reals(None)),
            [Token { kind: Kind::Infinity, .. }]
            | [Token { kind: Kind::Plus, .. }, Token { kind: Kind::Infinity, .. }] => {
                return Ok(Answer::Infinite { negative: false });
            }
            [Token { kind: Kind::Minus, .. }, Token { kind: Kind::Infinity, .. }] => {
                return Ok(Answer::Infinite { negative: true });
            }
            [Token { kind: Kind::Variable(name), .. }, Token { kind: Kind::Element, .. }, rest @ ..] => {
                return self.element(name, rest);
            }
            // `x = \pm 2`, `x = \{1, 2\}`
            [Token { kind: Kind::Variable(_), .. }, Token { kind: Kind::Relation(Relation::Equal), .. }, rest @ ..]
                if shaped(rest) =>
            {
                return self.answer(rest);
            }
            _ => {}
        }
        if let Some(inner) = inside(tokens, Bracket::Set).or_else(|| inside(tokens, Bracket::Group)) {
            let items = parts(inner, &[Kind::Comma]).into_iter().map(|part| self.answer(part));
            return Ok(many(items.collect::<Result<_, _>>()?, true));
        }
        let pieces = parts(tokens, &[Kind::Union]);
        if pieces.len() > 1 {
            let items = pieces.into_iter().map(|piece| self.one(piece)).collect::<Result<Vec<_>, _>>()?;
            return union(items);
        }
        if has_relation(tokens) {
            return self.relation(tokens);
        }
        if let Some((closed, inner)) = bracketed(tokens) {
            let pieces = parts(inner, &[Kind::Comma]);
            if pieces.len() > 1 {
                let items = pieces.into_iter().map(|piece| self.answer(piece)).collect::<Result<_, _>>()?;
                return Ok(Answer::Tuple { closed, items });
            }
        }
        self.values(tokens)
    }

    /// `x ∈ (0, 1)`.
    fn element(&mut self, name: &str, rest: &[Token]) -> Result<Answer, Unreadable> {
        let answer = self.answer(rest)?;
        match intervals(&answer) {
            Some(pieces) => Ok(Answer::Intervals { variable: Some(name.to_owned()), pieces }),
            None => Ok(answer),
        }
    }

    /// An expression, or the two of a `±`.
    fn values(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        let upper = self.formula(tokens, Sign::Upper)?;
        if !tokens.iter().any(|token| matches!(token.kind, Kind::PlusMinus | Kind::MinusPlus)) {
            return Ok(Answer::Value(upper));
        }
        let lower = self.formula(tokens, Sign::Lower)?;
        Ok(Answer::Many { items: vec![Answer::Value(upper), Answer::Value(lower)], set: true })
    }

    fn formula(&mut self, tokens: &[Token], sign: Sign) -> Result<Formula, Unreadable> {
        let mut notes = Notes::default();
        let node = parse::expression(tokens, self.reading, sign, &mut notes);
        self.open = self.open.union(notes.open);
        Ok(Formula { node: node?, percent: notes.percent, last_digit: notes.last_digit })
    }

    fn relation(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        let sides = split_relations(tokens);
        let plus_minus = tokens.iter().any(|token| matches!(token.kind, Kind::PlusMinus | Kind::MinusPlus));
        if plus_minus {
            return Err(Unreadable::Grammar);
        }
        match sides.as_slice() {
            [(left, None), (right, Some(Relation::Equal))] => {
                let (left, right) = (self.formula(left, Sign::Upper)?, self.formula(right, Sign::Upper)?);
                Ok(Answer::Equation { left, right })
            }
            [(left, None), (right, Some(relation))] => {
                let flipped = flip(*relation);
                match (self.side(left)?, self.side(right)?) {
                    (Some(left), right) if !left.node.variables().is_empty() => half_line(&left, right, *relation),
                    (left, Some(right)) if !right.node.variables().is_empty() => half_line(&right, left, flipped),
                    _ => Err(Unreadable::Grammar),
                }
            }
            [(low, None), (middle, Some(first)), (high, Some(second))] => {
                let (low, high) = (self.side(low)?, self.side(high)?);
                let middle = self.formula(middle, Sign::Upper)?;
                between(low, *first, &middle, *second, high)
            }
            _ => Err(Unreadable::Grammar),
        }
    }

    /// A side of an inequality; infinity is `None`.
    fn side(&mut self, tokens: &[Token]) -> Result<Option<Formula>, Unreadable> {
        match self.one(tokens)? {
            Answer::Infinite { .. } => Ok(None),
            Answer::Value(formula) => Ok(Some(formula)),
            _ => Err(Unreadable::Grammar),
        }
    }
}

fn many(mut items: Vec<Answer>, set: bool) -> Answer {
    // `\pm 1, 2` and the like are one list.
    if items.iter().any(|item| matches!(item, Answer::Many { .. })) {
        let flat = items.into_iter().flat_map(|item| match item {
            Answer::Many { items, .. } => items,
            other => vec![other],
        });
        return Answer::Many { items: flat.collect(), set: true };
    }
    match items.len() {
        1 => items.remove(0),
        _ => Answer::Many { items, set },
    }
}

fn union(items: Vec<Answer>) -> Result<Answer, Unreadable> {
    let mut pieces = Vec::new();
    let mut name = None;
    for item in items {
        if let Answer::Intervals { variable: Some(variable), .. } = &item {
            if name.as_ref().is_some_and(|name| name != variable) {
                return Err(Unreadable::Grammar);
            }
            name = Some(variable.clone());
        }
        pieces.extend(intervals(&item).ok_or(Unreadable::Grammar)?);
    }
    Ok(Answer::Intervals { variable: name, pieces })
}

/// The intervals that an answer is, if it can be read as such.
pub(super) fn intervals(answer: &Answer) -> Option<Vec<Interval>> {
    match answer {
        Answer::Intervals { pieces, .. } => Some(pieces.clone()),
        Answer::Tuple { closed, items } => {
            let [low, high] = items.as_slice() else { return None };
            let low = end(low, closed.0, true)?;
            Some(vec![Interval { low, high: end(high, closed.1, false)? }])
        }
        _ => None,
    }
}

fn end(answer: &Answer, closed: bool, low: bool) -> Option<End> {
    match answer {
        Answer::Infinite { negative } if *negative == low => Some(End::INFINITE),
        Answer::Value(formula) => Some(End { at: Some(formula.clone()), closed }),
        _ => None,
    }
}

/// Whether an answer can be nothing but an interval.
pub(super) fn is_surely_interval(answer: &Answer) -> bool {
    match answer {
        Answer::Intervals { .. } => true,
        Answer::Tuple { closed, items } => {
            intervals(answer).is_some()
                && (closed.0 != closed.1 || items.iter().any(|item| matches!(item, Answer::Infinite { .. })))
        }
        _ => false,
    }
}

/// `x < 3` and `|x − 1| < 3`.
fn half_line(left: &Formula, bound: Option<Formula>, relation: Relation) -> Result<Answer, Unreadable> {
    if bound.as_ref().is_some_and(|bound| !bound.node.variables().is_empty()) {
        return Err(Unreadable::Grammar);
    }
    let closed = matches!(relation, Relation::LessEqual | Relation::GreaterEqual);
    let end = |at: Option<Formula>| End { closed: closed && at.is_some(), at };
    let below = |at| Interval { low: End::INFINITE, high: end(at) };
    let above = |at| Interval { low: end(at), high: End::INFINITE };
    let (variable, pieces) = match (&left.node, relation) {
        (Node::Variable(name), Relation::Less | Relation::LessEqual) => (name, vec![below(bound)]),
        (Node::Variable(name), Relation::Greater | Relation::GreaterEqual) => (name, vec![above(bound)]),
        (Node::Variable(name), Relation::NotEqual) => (name, vec![below(bound.clone()), above(bound)]),
        (Node::Call(Function::Abs, inner), Relation::Less | Relation::LessEqual) => {
            let (name, low, high) = around(inner, bound)?;
            (name, vec![Interval { low: end(Some(low)), high: end(Some(high)) }])
        }
        (Node::Call(Function::Abs, inner), Relation::Greater | Relation::GreaterEqual) => {
            let (name, low, high) = around(inner, bound)?;
            (name, vec![below(Some(low)), above(Some(high))])
        }
        _ => return Err(Unreadable::Grammar),
    };
    Ok(Answer::Intervals { variable: Some(variable.clone()), pieces })
}

/// The variable and the ends of `|x − centre| = radius`.
fn around(inner: &Node, radius: Option<Formula>) -> Result<(&String, Formula, Formula), Unreadable> {
    let radius = radius.ok_or(Unreadable::Grammar)?;
    let (name, centre) = match inner {
        Node::Variable(name) => (name, Node::whole(0)),
        Node::Binary(operator @ (Operator::Add | Operator::Subtract), left, right) => match left.as_ref() {
            Node::Variable(name) if right.variables().is_empty() => {
                let centre = right.as_ref().clone();
                (name, if *operator == Operator::Add { centre.negate() } else { centre })
            }
            _ => return Err(Unreadable::Grammar),
        },
        _ => return Err(Unreadable::Grammar),
    };
    let ends =
        |operator| Formula { node: Node::binary(operator, centre.clone(), radius.node.clone()), ..radius.clone() };
    let (low, high) = (ends(Operator::Subtract), ends(Operator::Add));
    Ok((name, low, high))
}

/// `−1 < x ≤ 1`.
fn between(
    low: Option<Formula>,
    first: Relation,
    middle: &Formula,
    second: Relation,
    high: Option<Formula>,
) -> Result<Answer, Unreadable> {
    use Relation::{Greater, GreaterEqual, Less, LessEqual};
    let (low, first, second, high) = match (first, second) {
        (Less | LessEqual, Less | LessEqual) => (low, first, second, high),
        (Greater | GreaterEqual, Greater | GreaterEqual) => (high, flip(second), flip(first), low),
        _ => return Err(Unreadable::Grammar),
    };
    let Node::Variable(name) = &middle.node else { return Err(Unreadable::Grammar) };
    let end = |at: Option<Formula>, relation| End { closed: relation == LessEqual && at.is_some(), at };
    let piece = Interval { low: end(low, first), high: end(high, second) };
    Ok(Answer::Intervals { variable: Some(name.clone()), pieces: vec![piece] })
}

fn flip(relation: Relation) -> Relation {
    match relation {
        Relation::Less => Relation::Greater,
        Relation::LessEqual => Relation::GreaterEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterEqual => Relation::LessEqual,
        Relation::Equal | Relation::NotEqual => relation,
    }
}

/// The depth of brackets after a token.
fn depth_after(depth: usize, kind: &Kind) -> usize {
    match kind {
        Kind::Open(_) => depth + 1,
        Kind::Close(_) => depth.saturating_sub(1),
        _ => depth,
    }
}

/// Splits at separators which stand in no bracket.
fn parts<'a>(tokens: &'a [Token], separators: &[Kind]) -> Vec<&'a [Token]> {
    let mut depth = 0;
    tokens
        .split(|token| {
            depth = depth_after(depth, &token.kind);
            depth == 0 && separators.contains(&token.kind)
        })
        .collect()
}

fn has_relation(tokens: &[Token]) -> bool {
    split_relations(tokens).len() > 1
}

/// The sides of relations, each with the relation before it.
fn split_relations(tokens: &[Token]) -> Vec<(&[Token], Option<Relation>)> {
    let mut sides = Vec::new();
    let (mut depth, mut start, mut before) = (0, 0, None);
    for (index, token) in tokens.iter().enumerate() {
        depth = depth_after(depth, &token.kind);
        if let (0, Kind::Relation(relation)) = (depth, &token.kind) {
            sides.push((tokens.get(start..index).unwrap_or_default(), before));
            (start, before) = (index + 1, Some(*relation));
        }
    }
    sides.push((tokens.get(start..).unwrap_or_default(), before));
    sides
}

/// What stands in a bracket around everything.
fn inside(tokens: &[Token], bracket: Bracket) -> Option<&[Token]> {
    let [first, inner @ .., last] = tokens else { return None };
    let matching = first.kind == Kind::Open(bracket) && last.kind == Kind::Close(bracket);
    (matching && is_balanced(inner)).then_some(inner)
}

/// What stands in round or square brackets around everything, and which of them are square.
fn bracketed(tokens: &[Token]) -> Option<((bool, bool), &[Token])> {
    let [first, inner @ .., last] = tokens else { return None };
    let closed = match (&first.kind, &last.kind) {
        (
            Kind::Open(open @ (Bracket::Round | Bracket::Square)),
            Kind::Close(close @ (Bracket::Round | Bracket::Square)),
        ) => (*open == Bracket::Square, *close == Bracket::Square),
        _ => return None,
    };
    is_balanced(inner).then_some((closed, inner))
}

/// Whether every bracket that closes here was opened here.
fn is_balanced(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) if depth == 0 => return false,
            Kind::Close(_) => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// Whether what stands after `x =` is more than one expression.
fn shaped(tokens: &[Token]) -> bool {
    inside(tokens, Bracket::Set).is_some()
        || inside(tokens, Bracket::Group).is_some()
        || tokens.iter().any(|token| matches!(token.kind, Kind::PlusMinus | Kind::MinusPlus))
        || matches!(tokens, [.., Token { kind: Kind::Infinity, .. }] if tokens.len() <= 2)
        || bracketed(tokens).is_some_and(|(_, inner)| parts(inner, &[Kind::Comma]).len() > 1)
}

/// The label of a list: the variable before its first `=`.
fn label_of(tokens: &[Token]) -> Option<String> {
    match tokens {
        [Token { kind: Kind::Variable(name), .. }, Token { kind: Kind::Relation(Relation::Equal), .. }, ..] => {
            Some(name.clone())
        }
        _ => None,
    }
}
