//! Tells words and spans of numbers from products and differences: `SQL`, `10-12`, `6/18/1815`.

use super::names::Constant;
use super::token::{Kind, Token};
use super::tree::Node;

/// A text that would also be a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    /// Letters and digits in their order.
    Word(String),
    /// Numbers with hyphens: a range, a score. With slashes: a date.
    Span(String),
}

/// Letters that are variables even without anything else.
const VARIABLES: [&str; 3] = ["x", "y", "z"];

/// The text of an answer, if it probably is no formula. `always`: letters are never variables.
pub(super) fn read(tokens: &[Token], declared: &[String], always: bool) -> Option<Literal> {
    word(tokens, declared, always).map(Literal::Word).or_else(|| span(tokens).map(Literal::Span))
}

/// Two or more letters, perhaps with digits, and nothing else. Small letters are a word only without digits.
fn word(tokens: &[Token], declared: &[String], always: bool) -> Option<String> {
    let mut text = String::new();
    let (mut letters, mut capitals, mut digits, mut unknowns) = (0, 0, 0, 0);
    for token in tokens {
        let letter = match &token.kind {
            Kind::Variable(name) if name.len() == 1 => name.as_str(),
            Kind::Constant(constant @ (Constant::E | Constant::I)) => constant.name(),
            Kind::Number(number) if !number.digits.is_empty() => {
                digits += 1;
                text.push_str(&number.digits);
                continue;
            }
            Kind::Subscript | Kind::Open(super::token::Bracket::Group) | Kind::Close(super::token::Bracket::Group) => {
                continue;
            }
            _ => return None,
        };
        letters += 1;
        capitals += usize::from(letter.starts_with(|first: char| first.is_ascii_uppercase()));
        unknowns += usize::from(VARIABLES.contains(&letter) || declared.iter().any(|name| name == letter));
        text.push_str(letter);
    }
    let wordy = capitals > 0 || digits == 0;
    let several = letters > 1 || (always && letters > 0);
    (several && (always || (wordy && unknowns < letters))).then_some(text)
}

/// A text of letters only, in which a name of several letters was found: `api` is not a·π.
pub(super) fn of_text(text: &str, node: &Node, declared: &[String]) -> Option<Literal> {
    let text = text.trim_matches([' ', '$', '.']);
    let letters = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let known = |letter: char| {
        let letter = letter.to_string();
        VARIABLES.contains(&letter.as_str()) || declared.contains(&letter)
    };
    let product = matches!(node, Node::Binary(..)) && !node.has_call();
    (letters && product && !text.chars().all(known)).then(|| Literal::Word(text.to_owned()))
}

/// Numbers with only hyphens or only slashes between them. A fraction has one slash.
fn span(tokens: &[Token]) -> Option<String> {
    let mut text = String::new();
    let (mut hyphens, mut slashes) = (0, 0);
    let mut number_before = false;
    for token in tokens {
        match &token.kind {
            Kind::Number(number) if !number_before => {
                text.push_str(&number.value.to_string());
                number_before = true;
                continue;
            }
            Kind::Minus => {
                hyphens += usize::from(number_before);
                text.push('-');
            }
            Kind::Divide if number_before => {
                slashes += 1;
                text.push('/');
            }
            _ => return None,
        }
        number_before = false;
    }
    let found = (hyphens > 0 && slashes == 0) || (slashes == 2 && hyphens == 0);
    (found && number_before).then_some(text)
}

/// The name of a segment: capital letters, perhaps between bars.
pub(super) fn segment(tokens: &[Token]) -> Option<String> {
    let bar = |token: &&Token| !matches!(token.kind, Kind::Bar(_));
    let letters: Option<Vec<&str>> = tokens
        .iter()
        .filter(bar)
        .map(|token| match &token.kind {
            Kind::Variable(name) if name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Some(name.as_str())
            }
            _ => None,
        })
        .collect();
    letters.filter(|letters| letters.len() > 1).map(|letters| letters.concat())
}

/// Whether a number stands anywhere but in an index.
pub(super) fn has_free_number(tokens: &[Token]) -> bool {
    let number = |token: &Token| matches!(token.kind, Kind::Number(_));
    let in_index = |index: usize| tokens.iter().take(index).rev().take(2).any(|before| before.kind == Kind::Subscript);
    tokens.iter().enumerate().any(|(index, token)| number(token) && !in_index(index))
}
