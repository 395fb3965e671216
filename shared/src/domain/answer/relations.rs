//! Parses equations and inequalities.

use super::intervals::{between, flip, half_line};
use super::literal::{self, Literal};
use super::parse::Sign;
use super::parsed::{Answer, Formula};
use super::reader::Reader;
use super::slices::{bracketed, parts, split_relations};
use super::token::{Kind, Relation, Token};
use super::tree::Node;
use super::{Letters, Unreadable};

impl Reader<'_> {
    pub(super) fn relation(&mut self, tokens: &[Token]) -> Result<Answer, Unreadable> {
        let sides = split_relations(tokens);
        let plus_minus = tokens.iter().any(|token| matches!(token.kind, Kind::PlusMinus | Kind::MinusPlus));
        if plus_minus {
            return Err(Unreadable::Grammar);
        }
        match sides.as_slice() {
            [(left, None), (right, Some(Relation::Equal))] => self.equation(left, right),
            [(left, None), (right, Some(relation))] => {
                let (left, right) = (self.side(left)?, self.side(right)?);
                inequality(left, right, *relation)
            }
            [(first, None), rest @ ..] if rest.iter().all(|(_, relation)| *relation == Some(Relation::Equal)) => {
                let left = self.formula(first, Sign::Upper)?;
                let right = self.chain(rest.iter().map(|(side, _)| *side))?;
                Ok(Answer::Equation { left, right })
            }
            [(low, None), (middle, Some(first)), (high, Some(second))] => {
                let (low, high) = (self.side(low)?, self.side(high)?);
                let middle = self.formula(middle, Sign::Upper)?;
                between(low, *first, &middle, *second, high)
            }
            _ => Err(Unreadable::Grammar),
        }
    }

    fn equation(&mut self, left: &[Token], right: &[Token]) -> Result<Answer, Unreadable> {
        // `V_1 : V_2 = 11 : 21`
        let label = parts(left, &[Kind::Colon]).len() > 1 && !literal::has_free_number(left);
        if label {
            return self.answer(right);
        }
        // `(x, y) = (1, 2)`
        if let (Some((_, names)), Some((_, values))) = (bracketed(left), bracketed(right)) {
            let (names, values) = (parts(names, &[Kind::Comma]), parts(values, &[Kind::Comma]));
            let bare = names.iter().all(|name| matches!(name, [Token { kind: Kind::Variable(_), .. }]));
            if names.len() > 1 && names.len() == values.len() && bare {
                let pairs = names.into_iter().zip(values).map(|(name, value)| {
                    let (left, right) = (self.formula(name, Sign::Upper)?, self.formula(value, Sign::Upper)?);
                    Ok(Answer::Equation { left, right })
                });
                return Ok(Answer::Many { items: pairs.collect::<Result<_, _>>()?, set: false });
            }
        }
        // `AB = 4` is a length and not a product.
        if let Some(name) = literal::segment(left)
            && !right.iter().any(|token| matches!(token.kind, Kind::Variable(_)))
        {
            let left = Formula { node: Node::Variable(name), percent: false, last_digit: None, literal: None };
            return Ok(Answer::Equation { left, right: self.formula(right, Sign::Upper)? });
        }
        let (left, mut right_formula) = (self.formula(left, Sign::Upper)?, self.formula(right, Sign::Upper)?);
        // `x = AB` names a word or a product in which the order matters.
        if let (Node::Variable(name), Some(Literal::Word(word))) =
            (&left.node, literal::read(right, &self.rules.variables, false))
            && matches!(name.as_str(), "x" | "y" | "z")
            && word.chars().all(|next| next.is_ascii_uppercase())
            && self.rules.letters != Letters::Variables
        {
            right_formula.node = Node::Variable(word);
        }
        Ok(Answer::Equation { left, right: right_formula })
    }

    /// The value of `5 + 6 = 11`, if all sides have the same.
    fn chain<'a>(&mut self, sides: impl Iterator<Item = &'a [Token]>) -> Result<Formula, Unreadable> {
        let sides = sides.map(|side| self.formula(side, Sign::Upper)).collect::<Result<Vec<_>, _>>()?;
        let exact = sides.iter().rev().find(|side| side.last_digit.is_none()).or(sides.last());
        let exact = exact.ok_or(Unreadable::Grammar)?;
        let wanted = exact.node.value(&[], &self.work);
        let alike = |side: &Formula| {
            let rounding = side.last_digit.map_or(0.0, |digit| digit * 0.500_000_1);
            let difference = side.node.value(&[], &self.work).subtract(wanted).size();
            difference <= rounding + 1e-9 * wanted.size()
        };
        if sides.iter().all(alike) { Ok(exact.clone()) } else { Err(Unreadable::Grammar) }
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

/// An inequality of one variable as an interval, any other as it is.
fn inequality(left: Option<Formula>, right: Option<Formula>, relation: Relation) -> Result<Answer, Unreadable> {
    let solved = match (&left, &right) {
        (Some(left), right) if !left.node.variables().is_empty() => half_line(left, right.clone(), relation),
        (left, Some(right)) if !right.node.variables().is_empty() => half_line(right, left.clone(), flip(relation)),
        _ => Err(Unreadable::Grammar),
    };
    let (Err(error), Some(left), Some(right)) = (&solved, left, right) else { return solved };
    if left.node.variables().is_empty() && right.node.variables().is_empty() {
        return Err(*error);
    }
    Ok(match relation {
        Relation::Greater => Answer::Inequality { left: right, right: left, relation: Relation::Less },
        Relation::GreaterEqual => Answer::Inequality { left: right, right: left, relation: Relation::LessEqual },
        _ => Answer::Inequality { left, right, relation },
    })
}
