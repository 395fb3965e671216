//! Reads a text as an answer: finds its kind, and parses its parts.

use super::choices::Choices;
use super::intervals::{complement, intersection, intervals, union};
use super::lex;
use super::literal;
use super::matrices;
use super::parse::{self, Notes, Sign};
use super::parsed::{Answer, End, Formula, Interval, Parsed, all_reals};
use super::sets;
use super::slices::{bracketed, has_relation, inside, label_of, parts, shaped};
use super::token::{Bracket, Kind, Relation, Side, Token};
use super::tree::{Node, Work};
use super::units;
use super::words::{self, Word};
use super::{Letters, Rules, Unreadable, rewrite, split};

/// Largest nesting of answers: a list of points has two levels.
const MAX_SHAPE_DEPTH: u32 = 6;
/// Steps of evaluation while one text is parsed, for intersections and chains of equations.
const MAX_STEPS_OF_READING: u32 = 500;
/// Most items that an ellipsis stands for.
const MAX_PROGRESSION: usize = 24;

/// Parses an answer.
///
/// # Errors
/// When it is not in the grammar or too long.
pub(super) fn read(text: &str, reading: Choices, rules: &Rules) -> Result<Parsed, Unreadable> {
    let plain = |answer| Parsed { answer, unit: None, dollars: false, only_unit: None, open: Choices::NONE };
    if let Some(word) = words::read(text) {
        return Ok(plain(worded(word)));
    }
    if matches!(text.trim_matches([' ', '$']), "{}" | "\\{\\}") {
        return Ok(plain(Answer::Word(Word::NoSolution)));
    }
    if text.matches("\\boxed").count() > 1 {
        return Err(Unreadable::Grammar);
    }
    let dollars = text.contains("\\$");
    let text = words::limit(text).unwrap_or(text);
    let mut open = Choices::NONE;
    let tokens = lex::tokens(text, reading, &mut open)?;
    let mut tokens = rewrite::tokens(tokens, &rules.variables);
    let only_unit = units::whole(&tokens);
    let unit = units::split(&mut tokens, &rules.variables, reading, &mut open);
    let unit = unit.or_else(|| units::dollars().filter(|_| dollars));
    let unit_alone = |error| match &only_unit {
        Some(_) => Ok(Parsed { only_unit: only_unit.clone(), ..plain(Answer::Unit) }),
        None => Err(error),
    };
    let tokens = match split::words(&tokens, &rules.variables, reading, &mut open) {
        Ok(tokens) => tokens,
        Err(error) => return unit_alone(error),
    };
    let work = Work::new(MAX_STEPS_OF_READING);
    let mut reader = Reader { reading, open, depth: 0, rules, work };
    match reader.answer(without_label(&tokens)) {
        Ok(mut answer) => {
            if let (Answer::Value(formula), None) = (&mut answer, &unit)
                && formula.literal.is_none()
                && rules.letters != Letters::Variables
            {
                formula.literal = literal::of_text(text, &formula.node, &rules.variables);
            }
            Ok(Parsed { answer, unit, dollars, only_unit, open: reader.open })
        }
        Err(error) => unit_alone(error),
    }
}

fn worded(word: Word) -> Answer {
    if word == Word::AllReals { all_reals(None) } else { Answer::Word(word) }
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
        [Kind::Variable(name)] => label.len() < before.len() || name.starts_with('d') && name.contains("/d"),
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

pub(super) struct Reader<'a> {
    pub(super) reading: Choices,
    pub(super) open: Choices,
    pub(super) depth: u32,
    pub(super) rules: &'a Rules,
    pub(super) work: Work,
}

impl Reader<'_> {
    pub(super) fn answer(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        self.depth += 1;
        if self.depth > MAX_SHAPE_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        let answer = match inside(tokens, Bracket::Group) {
            Some(inner) if parts(inner, &[Kind::Comma, Kind::Colon]).len() < 2 => self.answer(inner),
            _ => self.list(tokens),
        };
        self.depth -= 1;
        answer
    }

    fn list(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        let pieces = parts(tokens, &[Kind::Comma, Kind::Or, Kind::And]);
        if pieces.len() < 2 {
            return self.one(tokens);
        }
        let or = parts(tokens, &[Kind::Or]).len() > 1;
        // `(x, y) = (1, 2), (3, 4)`: the names are in the order of the alphabet.
        if let Some(after) = tuple_label(tokens) {
            let bare: Vec<&[Token]> = pieces.iter().map(|piece| tuple_label(piece).unwrap_or(piece)).collect();
            if !has_relation(after) || bare.iter().all(|piece| !has_relation(piece)) {
                let items = self.items(&bare, Self::one)?;
                return Ok(many(items, or));
            }
        }
        // `x = 1, 2`: the label is meant for all.
        let label = label_of(tokens);
        let shared = label.is_some() && pieces.iter().all(|piece| label_of(piece) == label || !has_relation(piece));
        let mut bare = Vec::new();
        for piece in pieces {
            let named = shared && label_of(piece) == label;
            bare.push(if named { piece.get(2..).unwrap_or_default() } else { piece });
        }
        let items = self.items(&bare, Self::one)?;
        if items.iter().all(|item| matches!(item, Answer::Intervals { .. })) {
            if or {
                return union(items);
            }
            if let Some(common) = self.common(&items) {
                return common;
            }
        }
        Ok(many(items, or || shared))
    }

    /// The items of a list. `1, 2, …, 10` stands for all whole numbers between.
    fn items(
        &mut self,
        pieces: &[&[Token]],
        read: impl Fn(&mut Self, &[Token]) -> Result<Answer, Unreadable>,
    ) -> Result<Vec<Answer>, Unreadable> {
        let mut items: Vec<Answer> = Vec::new();
        let mut pending = false;
        for piece in pieces {
            if matches!(piece, [Token { kind: Kind::Ellipsis, .. }]) {
                pending = true;
                continue;
            }
            let item = read(self, piece)?;
            if std::mem::take(&mut pending) {
                items.extend(progression(&items, &item).ok_or(Unreadable::Grammar)?);
            }
            items.push(item);
        }
        if pending { Err(Unreadable::Grammar) } else { Ok(items) }
    }

    /// Inequalities of one variable that all hold: `x > 0 and x < 5`.
    fn common(&self, items: &[Answer]) -> Option<Result<Answer, Unreadable>> {
        let parts: Option<Vec<(&String, &Vec<Interval>)>> = items
            .iter()
            .map(|item| match item {
                Answer::Intervals { variable: Some(variable), pieces } => Some((variable, pieces)),
                _ => None,
            })
            .collect();
        let parts = parts?;
        let (name, first) = parts.first().copied()?;
        if parts.iter().any(|(other, _)| *other != name) {
            return None;
        }
        let all = parts.iter().skip(1).try_fold(first.clone(), |all, (_, next)| intersection(&all, next, &self.work));
        // Inequalities that contradict each other may be meant as a union.
        let pieces = all.filter(|pieces| !pieces.is_empty()).ok_or(Unreadable::Grammar);
        Some(pieces.map(|pieces| Answer::Intervals { variable: Some(name.clone()), pieces }))
    }

    pub(super) fn one(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        match tokens {
            [] => return Err(Unreadable::Grammar),
            [Token { kind: Kind::EmptySet, .. }] => return Ok(Answer::Word(Word::NoSolution)),
            [Token { kind: Kind::Reals, .. }] => return Ok(all_reals(None)),
            [Token { kind: Kind::Infinity, .. }]
            | [Token { kind: Kind::Plus | Kind::Number(_), .. }, Token { kind: Kind::Infinity, .. }] => {
                return if matches!(tokens.first(), Some(Token { kind: Kind::Number(number), .. }) if number.value <= 0.0)
                {
                    Err(Unreadable::Grammar)
                } else {
                    Ok(Answer::Infinite { negative: false })
                };
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
            return self.set(inner);
        }
        if let Some(rows) = matrices::rows(tokens) {
            let rows = rows.into_iter().map(|row| row.into_iter().map(|cell| self.answer(cell)).collect());
            return Ok(Answer::Matrix(rows.collect::<Result<_, _>>()?));
        }
        if let Some(sets) = sets::read(tokens) {
            return Ok(Answer::Sets(sets));
        }
        let pieces = parts(tokens, &[Kind::Union]);
        if pieces.len() > 1 {
            let items = pieces.into_iter().map(|piece| self.one(piece)).collect::<Result<Vec<_>, _>>()?;
            return union(items);
        }
        if let Some(answer) = self.combined(tokens) {
            return answer;
        }
        if has_relation(tokens) {
            return self.relation(tokens);
        }
        if let Some((closed, inner)) = bracketed(tokens) {
            let pieces = parts(inner, &[Kind::Comma]);
            if pieces.len() > 1 {
                return Ok(Answer::Tuple { closed, items: self.items(&pieces, Self::answer)? });
            }
        }
        let terms = parts(tokens, &[Kind::Colon]);
        if terms.len() > 1 {
            let terms = terms.into_iter().map(|term| self.formula(term, Sign::Upper)).collect::<Result<_, _>>()?;
            return Ok(Answer::Ratio(terms));
        }
        if let [Token { kind: Kind::Variable(symbol), .. }, rest @ ..] = tokens
            && matches!(symbol.as_str(), "O" | "o" | "Theta" | "Omega")
            && !self.rules.variables.contains(symbol)
            && let Some(((false, false), inner)) = bracketed(rest)
        {
            return Ok(Answer::Order { symbol: symbol.clone(), function: self.formula(inner, Sign::Upper)? });
        }
        self.values(tokens)
    }

    /// What stands in the braces of a set: its items, or `x : x > 2`.
    fn set(&mut self, inner: &[Token]) -> Result<Answer, Unreadable> {
        let bar = Kind::Bar(Side::Either);
        for separator in [Kind::Colon, bar] {
            if let [name, condition] = parts(inner, std::slice::from_ref(&separator)).as_slice()
                && has_relation(condition)
                && let [Token { kind: Kind::Variable(name), .. }, domain @ ..] = name
                && matches!(domain, [] | [Token { kind: Kind::Element, .. }, Token { kind: Kind::Reals, .. }])
            {
                return match self.answer(condition)? {
                    Answer::Intervals { variable: Some(variable), pieces } if variable == *name => {
                        Ok(Answer::Intervals { variable: None, pieces })
                    }
                    _ => Err(Unreadable::Grammar),
                };
            }
        }
        if inner.is_empty() {
            return Ok(Answer::Word(Word::NoSolution));
        }
        let pieces = parts(inner, &[Kind::Comma]);
        Ok(many(self.items(&pieces, Self::answer)?, true))
    }

    /// `[0, 6] ∖ (1, 2)` and `(0, 3) ∩ (1, 5)`.
    fn combined(&mut self, tokens: &[Token]) -> Option<Result<Answer, Unreadable>> {
        for separator in [Kind::SetMinus, Kind::Minus, Kind::Intersection] {
            let [left, right] = *parts(tokens, std::slice::from_ref(&separator)).as_slice() else { continue };
            let pair =
                |tokens: &[Token]| bracketed(tokens).is_some_and(|(_, inner)| parts(inner, &[Kind::Comma]).len() == 2);
            let square = |tokens: &[Token]| bracketed(tokens).is_some_and(|(closed, _)| closed.0 || closed.1);
            let all = |tokens: &[Token]| match tokens {
                [Token { kind: Kind::Variable(name), .. }] => name == "R",
                [Token { kind, .. }] => *kind == Kind::Reals,
                _ => false,
            };
            let sets = pair(left) && pair(right) && square(left) || all(left) && pair(right) && square(right);
            if separator == Kind::Minus && !sets {
                continue;
            }
            return Some(self.combination(left, right, &separator));
        }
        None
    }

    fn combination(&mut self, left: &[Token], right: &[Token], separator: &Kind) -> Result<Answer, Unreadable> {
        let (left, right) = (self.answer(left)?, self.answer(right)?);
        let set = |answer: &Answer| match answer {
            Answer::Many { items, .. } => points(items),
            Answer::Value(formula) if matches!(&formula.node, Node::Variable(name) if name == "R") => {
                intervals(&all_reals(None))
            }
            Answer::Value(formula) => points(&[Answer::Value(formula.clone())]),
            other => intervals(other),
        };
        let (left, right) = (set(&left).ok_or(Unreadable::Grammar)?, set(&right).ok_or(Unreadable::Grammar)?);
        let pieces = if *separator == Kind::Intersection {
            intersection(&left, &right, &self.work)
        } else {
            complement(&right, &self.work).and_then(|outside| intersection(&left, &outside, &self.work))
        };
        Ok(Answer::Intervals { variable: None, pieces: pieces.ok_or(Unreadable::Grammar)? })
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
        let mut upper = self.formula(tokens, Sign::Upper)?;
        if !tokens.iter().any(|token| matches!(token.kind, Kind::PlusMinus | Kind::MinusPlus)) {
            if self.rules.letters != Letters::Variables {
                upper.literal = literal::read(tokens, &self.rules.variables, self.rules.letters == Letters::Word);
            }
            return Ok(Answer::Value(upper));
        }
        let lower = self.formula(tokens, Sign::Lower)?;
        Ok(Answer::Many { items: vec![Answer::Value(upper), Answer::Value(lower)], set: true })
    }

    pub(super) fn formula(&mut self, tokens: &[Token], sign: Sign) -> Result<Formula, Unreadable> {
        let mut notes = Notes::default();
        let node = parse::expression(tokens, &self.rules.variables, self.reading, sign, &mut notes);
        self.open = self.open.union(notes.open);
        Ok(Formula { node: node?, percent: notes.percent, last_digit: notes.last_digit, literal: None })
    }
}

/// What stands after `(x, y) =`.
fn tuple_label(tokens: &[Token]) -> Option<&[Token]> {
    let equal = tokens.iter().position(|token| token.kind == Kind::Relation(Relation::Equal))?;
    let (_, names) = bracketed(tokens.get(..equal)?)?;
    let names: Option<Vec<&str>> = parts(names, &[Kind::Comma])
        .into_iter()
        .map(|name| match name {
            [Token { kind: Kind::Variable(name), .. }] => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let names = names?;
    (names.len() > 1 && names.is_sorted()).then(|| tokens.get(equal + 1..)).flatten()
}

/// Points as intervals of no length.
fn points(items: &[Answer]) -> Option<Vec<Interval>> {
    let point = |item: &Answer| match item {
        Answer::Value(formula) => {
            let end = End { at: Some(formula.clone()), closed: true };
            Some(Interval { low: end.clone(), high: end })
        }
        _ => None,
    };
    items.iter().map(point).collect()
}

/// The whole numbers between the last of some items and the next.
fn progression(items: &[Answer], next: &Answer) -> Option<Vec<Answer>> {
    let whole = |answer: &Answer| match answer {
        Answer::Value(formula) => formula.node.exact()?.as_whole(),
        _ => None,
    };
    let last = whole(items.last()?)?;
    let step = match items.len().checked_sub(2).and_then(|before| items.get(before)) {
        Some(before) => last.checked_sub(whole(before)?)?,
        None => 1,
    };
    let end = whole(next)?;
    let mut between = Vec::new();
    let mut at = last.checked_add(step)?;
    while step != 0 && at != end {
        if between.len() >= MAX_PROGRESSION {
            return None;
        }
        let node = Node::whole(i32::try_from(at).ok()?);
        between.push(Answer::Value(Formula { node, percent: false, last_digit: None, literal: None }));
        at = at.checked_add(step)?;
    }
    (step != 0).then_some(between)
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
