//! Takes words apart: `xsinx` is x·sin x, `2pir` is 2·π·r, and `converges by` is prose, which nothing here reads.

use super::Unreadable;
use super::choices::Choices;
use super::names::{Constant, Function, greek, is_prose, is_unknown_function};
use super::token::{Bracket, Kind, Number, Token};
use super::tree::Operator;

/// Letters of one word that may be variables; more are prose.
const MAX_LETTERS: usize = 3;

/// Replaces every word by what it names.
///
/// # Errors
/// When a word is prose.
pub(super) fn words(
    tokens: &[Token],
    variables: &[String],
    reading: Choices,
    open: &mut Choices,
) -> Result<Vec<Token>, Unreadable> {
    let mut result = Vec::with_capacity(tokens.len());
    let mut prose = false;
    for (index, token) in tokens.iter().enumerate() {
        let Kind::Word { text, explicit } = &token.kind else {
            prose = false;
            result.push(token.clone());
            // `μ0`, as in x1.
            if matches!(token.kind, Kind::Variable(_))
                && indexed(std::slice::from_ref(&token.kind), tokens.get(index + 1), tokens.get(index + 2))
            {
                result.push(Token { kind: Kind::Subscript, spaced: false });
            }
            continue;
        };
        let between = |bracket: Option<&Token>| matches!(bracket, Some(Token { kind: Kind::Open(_), .. }));
        let union = text == "U"
            && matches!(result.last(), Some(Token { kind: Kind::Close(_), .. }))
            && between(tokens.get(index + 1));
        if in_index(tokens, index) {
            prose = false;
            result.push(Token { kind: letter(text, true), spaced: token.spaced });
            continue;
        }
        let called = matches!(
            tokens.get(index + 1),
            Some(
                Token { kind: Kind::Open(Bracket::Round), spaced: false }
                    | Token { kind: Kind::Open(Bracket::Set), .. }
            )
        );
        let declared = variables.contains(text);
        if called && !declared && is_unknown_function(text) {
            return Err(Unreadable::Prose);
        }
        let kinds = if union {
            vec![Kind::Union]
        } else if let Some(kinds) = letter_before_call(text).filter(|_| called && !declared) {
            kinds
        } else if let Some(function) = Function::by_call(text).filter(|_| called && !declared) {
            vec![Kind::Function(function)]
        } else if let Some(of_several) = several_arguments(text).filter(|_| called && !declared) {
            vec![of_several]
        } else {
            word(text, *explicit, variables)?
        };
        let kinds: Vec<Kind> = kinds
            .into_iter()
            .map(|kind| match kind {
                Kind::Variable(name) if name == "I" && !variables.contains(&name) => {
                    open.insert(Choices::CAPITAL_I);
                    if reading.has(Choices::CAPITAL_I) { Kind::Constant(Constant::I) } else { Kind::Variable(name) }
                }
                kind => kind,
            })
            .collect();
        let index_digits = indexed(&kinds, tokens.get(index + 1), tokens.get(index + 2));
        let letters = kinds.iter().filter(|kind| is_letter(kind)).count();
        let several = letters > 1 && kinds.len() == letters;
        if several && prose {
            return Err(Unreadable::Prose);
        }
        prose = several;
        let mut spaced = token.spaced;
        for kind in kinds {
            result.push(Token { kind, spaced });
            spaced = false;
        }
        if index_digits {
            result.push(Token { kind: Kind::Subscript, spaced: false });
        }
    }
    Ok(result)
}

/// Whether a word of several letters is a whole index: `v_{max}`.
fn in_index(tokens: &[Token], index: usize) -> bool {
    let kind = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|token| &token.kind);
    let several = matches!(kind(Some(index)), Some(Kind::Word { text, .. }) if text.len() > 1);
    several
        && kind(index.checked_sub(1)) == Some(&Kind::Open(Bracket::Group))
        && kind(index.checked_sub(2)) == Some(&Kind::Subscript)
        && kind(index.checked_add(1)) == Some(&Kind::Close(Bracket::Group))
}

/// Whether digits right after a letter are its index: `x1`. Before a power or more letters they may be a factor.
fn indexed(kinds: &[Kind], digits: Option<&Token>, after: Option<&Token>) -> bool {
    let digits = match digits {
        Some(Token { kind: Kind::Number(Number { digits, .. }), spaced: false }) => digits.len(),
        _ => 0,
    };
    let ends = match after {
        Some(Token { kind, spaced }) => *spaced || !matches!(kind, Kind::Word { .. } | Kind::Open(_) | Kind::Power),
        None => true,
    };
    matches!(kinds, [Kind::Variable(_)]) && (1..=2).contains(&digits) && ends
}

/// A letter right before the name of a function whose bracket follows: `Barg(z)` is B·arg(z).
fn letter_before_call(text: &str) -> Option<Vec<Kind>> {
    let (first, name) = text.split_at_checked(1)?;
    let known = whole(text).is_some() || Function::by_call(text).is_some() || several_arguments(text).is_some();
    if known || name.len() < 3 || is_prose(text) {
        return None;
    }
    let function = Function::by_call(name).map(Kind::Function).or_else(|| several_arguments(name))?;
    Some(vec![letter(first, false), function])
}

/// A function of several numbers.
fn several_arguments(name: &str) -> Option<Kind> {
    let operator = match name {
        "max" | "Max" => Operator::Max,
        "min" | "Min" => Operator::Min,
        "nCr" | "binom" | "binomial" | "choose" => Operator::Choose,
        "nPr" => Operator::Permute,
        "nthroot" => Operator::Root,
        "atan2" | "arctan2" => Operator::Angle,
        "gcd" | "GCD" | "hcf" => Operator::Gcd,
        "lcm" | "LCM" => Operator::Lcm,
        _ => return None,
    };
    Some(Kind::OfSeveral(operator))
}

fn is_letter(kind: &Kind) -> bool {
    match kind {
        Kind::Variable(name) => name.len() == 1,
        Kind::Constant(constant) => matches!(constant, Constant::E | Constant::I),
        _ => false,
    }
}

/// The tokens of one word.
fn word(text: &str, explicit: bool, variables: &[String]) -> Result<Vec<Kind>, Unreadable> {
    let declared = |name: &str| variables.iter().any(|variable| variable == name);
    if declared(text) || text.len() == 1 {
        return Ok(vec![letter(text, declared(text))]);
    }
    if let Some(kind) = whole(text) {
        return Ok(vec![kind]);
    }
    if is_prose(text) || explicit {
        return Err(Unreadable::Prose);
    }
    let mut kinds = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let longest = (1..=rest.len()).rev().find_map(|length| {
            let (name, after) = rest.split_at_checked(length)?;
            let kind = if declared(name) { letter(name, true) } else { inside(name)? };
            Some((kind, after))
        });
        let (kind, after) = longest.ok_or(Unreadable::Prose)?;
        kinds.push(kind);
        rest = after;
    }
    if kinds.iter().filter(|kind| is_letter(kind)).count() > MAX_LETTERS {
        return Err(Unreadable::Prose);
    }
    Ok(kinds)
}

fn letter(name: &str, declared: bool) -> Kind {
    match name {
        "e" if !declared => Kind::Constant(Constant::E),
        "i" if !declared => Kind::Constant(Constant::I),
        _ => Kind::Variable(name.to_owned()),
    }
}

/// What a whole word names. Keyboards of telephones write `Sin`.
fn whole(text: &str) -> Option<Kind> {
    if let Some(letter) = greek(text) {
        return Some(Kind::Variable(letter.to_owned()));
    }
    let lower = text.to_ascii_lowercase();
    Some(match lower.as_str() {
        "or" => Kind::Or,
        "and" => Kind::And,
        "union" => Kind::Union,
        "in" => Kind::Element,
        "infinity" | "inf" | "infty" | "oo" => Kind::Infinity,
        "degrees" | "degree" | "deg" => Kind::Degree,
        "percent" | "pct" => Kind::Percent,
        lower => inside(lower).filter(|_| lower.len() > 1)?,
    })
}

/// What a part of a word names.
fn inside(name: &str) -> Option<Kind> {
    match name {
        "pi" => Some(Kind::Constant(Constant::Pi)),
        "sqrt" => Some(Kind::Root),
        "theta" | "alpha" | "beta" | "lambda" | "omega" => Some(Kind::Variable(name.to_owned())),
        _ if name.len() == 1 => Some(letter(name, false)),
        _ => Function::by_name(name).map(Kind::Function),
    }
}
