//! `\def`, `\newcommand` and their kin, with a bound on what they expand to.
//!
//! The engine bounds how often macros expand, not how much they expand to: `\def\a#1{#1#1}` doubles at each level. So the
//! definitions are ours, and each expansion spends from a budget.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use katex::KatexContext;
use katex::define_function::{FunctionDefSpec, FunctionPropSpec};
use katex::macro_expander::MacroMap;
use katex::macros::{MacroContextInterface, MacroDefinition, MacroExpansion, MacroExpansionResult};
use katex::parser::parse_node::{NodeType, ParseNode, ParseNodeInternal};
use katex::types::{ParseError, ParseErrorKind, Token};

/// The most tokens or characters that all macros of a formula expand to.
const MAX_EXPANSION: usize = 60_000;

/// The most levels that they may add.
const MAX_ADDED_LEVELS: usize = 1_000;

thread_local! {
    /// The engine takes a macro that fails for one that does not exist, so that the reason is kept here.
    static REASON: RefCell<Option<String>> = const { RefCell::new(None) };
    static LEFT: Cell<(usize, usize)> = const { Cell::new((MAX_EXPANSION, MAX_ADDED_LEVELS)) };
}

/// Begins a formula with the whole budget.
pub(crate) fn refill() {
    LEFT.set((MAX_EXPANSION, MAX_ADDED_LEVELS));
    REASON.take();
}

/// Why a macro of the formula failed.
pub(crate) fn reason() -> Option<String> {
    REASON.take()
}

/// Spends from the budget.
pub(crate) fn spend(size: usize, levels: usize) -> Result<(), ParseError> {
    let (size_left, levels_left) = LEFT.get();
    match (size_left.checked_sub(size), levels_left.checked_sub(levels)) {
        (Some(size), Some(levels)) => {
            LEFT.set((size, levels));
            Ok(())
        }
        _ => Err(error("its macros expand to too much")),
    }
}

/// An error with a text of ours.
pub(crate) fn error(message: &str) -> ParseError {
    REASON.with_borrow_mut(|reason| {
        reason.get_or_insert_with(|| message.to_owned());
    });
    ParseError::new(ParseErrorKind::StrictModeError { message: message.to_owned(), code: String::new() })
}

/// Replaces the engine's definitions.
pub(crate) fn install(context: &mut KatexContext, macros: &mut MacroMap) {
    for name in [
        "\\let",
        "\\edef",
        "\\xdef",
        "\\futurelet",
        "\\global",
        "\\long",
        "\\\\globallet",
        "\\\\globallong",
        "\\\\globalfuture",
    ] {
        context.functions.remove(name);
    }
    context.define_function(FunctionDefSpec {
        node_type: Some(NodeType::Internal),
        names: &["\\def", "\\gdef"],
        props: FunctionPropSpec { allowed_in_text: true, primitive: true, ..FunctionPropSpec::default() },
        handler: Some(|context, _, _| {
            let gullet = &mut context.parser.gullet;
            let name = gullet.pop_token()?;
            let mut parameters = 0;
            loop {
                let token = gullet.future_mut()?;
                if token.text == "{" {
                    break;
                }
                gullet.pop_token()?;
                let number = gullet.pop_token()?;
                parameters += 1;
                if token.text != "#" || number.text.as_str() != parameters.to_string() {
                    return Err(error("\\def is supported only with parameters #1, #2 … before its body"));
                }
            }
            let body = gullet.consume_arg(None)?.tokens;
            let global = context.func_name == "\\gdef";
            define(gullet, &name, parameters, body, global)?;
            Ok(ParseNode::Internal(ParseNodeInternal { mode: context.parser.mode, loc: None }))
        }),
        html_builder: None,
        mathml_builder: None,
    });
    let functions: [(&str, katex::macros::StaticMacroFunction); 4] = [
        ("\\newcommand", |context| command(context, Existing::Replaced)),
        ("\\renewcommand", |context| command(context, Existing::Replaced)),
        ("\\providecommand", |context| command(context, Existing::Kept)),
        ("\\DeclareMathOperator", operator),
    ];
    for (name, function) in functions {
        macros.insert(name.to_owned(), MacroDefinition::StaticFunction(function));
    }
}

/// What becomes of a command that exists. `\newcommand` replaces it, too: authors define `\R`, which the engine has.
#[derive(Clone, Copy, PartialEq)]
enum Existing {
    Kept,
    Replaced,
}

/// `\newcommand{\name}[parameters]{body}`
fn command(
    context: &mut dyn MacroContextInterface<'_>,
    existing: Existing,
) -> Result<MacroExpansionResult, ParseError> {
    if context.future_mut()?.text == "*" {
        context.pop_token()?;
    }
    let name = named(context)?;
    let exists = context.is_defined(name.text.as_str());
    let mut parameters = 0;
    context.consume_spaces()?;
    if context.future_mut()?.text == "[" {
        context.pop_token()?;
        let number = context.pop_token()?;
        parameters = number
            .text
            .as_str()
            .parse()
            .ok()
            .filter(|number| *number <= 9)
            .ok_or_else(|| error("the number of parameters is no digit"))?;
        if context.pop_token()?.text != "]" {
            return Err(error("the number of parameters is no digit"));
        }
        context.consume_spaces()?;
        if context.future_mut()?.text == "[" {
            return Err(error("a command with an optional parameter is not supported"));
        }
    }
    let body = context.consume_arg(None)?.tokens;
    if !(exists && existing == Existing::Kept) {
        define(context, &name, parameters, body, false)?;
    }
    Ok(MacroExpansionResult::Empty)
}

/// `\DeclareMathOperator{\name}{text}`
fn operator(context: &mut dyn MacroContextInterface<'_>) -> Result<MacroExpansionResult, ParseError> {
    let starred = context.future_mut()?.text == "*";
    if starred {
        context.pop_token()?;
    }
    let name = named(context)?;
    let mut body = context.consume_arg(None)?.tokens;
    body.insert(0, Token::new("}", None));
    body.push(Token::new("{", None));
    if starred {
        body.push(Token::new("*", None));
    }
    body.push(Token::new("\\operatorname", None));
    define(context, &name, 0, body, false)?;
    Ok(MacroExpansionResult::Empty)
}

/// The command that a definition names, in braces or not.
fn named(context: &mut dyn MacroContextInterface<'_>) -> Result<Token, ParseError> {
    let tokens = context.consume_arg(None)?.tokens;
    <[Token; 1]>::try_from(tokens)
        .map(|[name]| name)
        .map_err(|_| ParseError::new(ParseErrorKind::ExpectedControlSequence))
}

/// Defines a macro. The engine has tokens in reverse.
fn define<'a>(
    context: &mut (dyn MacroContextInterface<'a> + '_),
    name: &Token,
    parameters: usize,
    mut body: Vec<Token>,
    global: bool,
) -> Result<(), ParseError> {
    let name = name.text.as_str();
    if !name.starts_with('\\') || name.len() < 2 {
        return Err(ParseError::new(ParseErrorKind::ExpectedControlSequence));
    }
    body.reverse();
    for (at, token) in body.iter().enumerate() {
        if token.text == "#" {
            let number = body.get(at + 1).and_then(|number| number.text.as_str().parse::<usize>().ok());
            if !number.is_some_and(|number| (1..=parameters).contains(&number)) {
                return Err(error("a definition uses a parameter that it does not have"));
            }
        }
    }
    let body: Arc<[Token]> = body.into();
    let function = move |context: &mut dyn MacroContextInterface<'_>| expand(&body, parameters, context);
    context.macros_mut().set(name, Some(MacroDefinition::Function(Arc::new(function))), global);
    Ok(())
}

/// Puts the arguments into the body.
fn expand(
    body: &[Token],
    parameters: usize,
    context: &mut dyn MacroContextInterface<'_>,
) -> Result<MacroExpansionResult, ParseError> {
    let arguments = context.consume_args(parameters)?;
    let mut tokens = Vec::with_capacity(body.len());
    let mut rest = body.iter();
    while let Some(token) = rest.next() {
        if token.text == "#" {
            let argument = rest
                .next()
                .and_then(|number| number.text.as_str().parse::<usize>().ok())
                .and_then(|number| arguments.get(number.wrapping_sub(1)));
            let argument = argument.ok_or_else(|| error("a definition uses a parameter that it does not have"))?;
            spend(argument.len(), 0)?;
            tokens.extend(argument.iter().rev().cloned());
        } else {
            tokens.push(token.clone());
        }
    }
    let levels = tokens.iter().filter(|token| token.text == "{" || token.text.as_str().starts_with('\\')).count();
    spend(tokens.len() + 1, levels)?;
    tokens.reverse();
    Ok(MacroExpansionResult::Expansion(MacroExpansion { tokens, ..MacroExpansion::default() }))
}
