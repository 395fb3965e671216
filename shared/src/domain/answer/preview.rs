//! Writes a parsed answer, so that its author sees how it was read.

use super::choices::Choices;
use super::layout::Layout;
use super::literal::Literal;
use super::names::{Function, greek_sign};
use super::parsed::{Answer, End, Formula, Interval};
use super::rational::Rational;
use super::reader;
use super::token::{Relation, Series};
use super::tree::{Node, Operator};
use super::words::Word;
use super::{MAX_BYTES, Rules, Unreadable, calendar, prepare};

/// How an answer was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The parsed answer as one line of text.
    pub text: String,
    /// The parsed answer as a MathML element.
    pub mathml: String,
    /// Whether it is compared as a text and not as a formula.
    pub is_text: bool,
}

/// Why an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unclear(&'static str);

/// Says how an answer is read. The expected answer is not needed for that.
///
/// # Errors
/// If it is neither a formula nor a text.
pub fn preview(text: &str, rules: &Rules) -> Result<Preview, Unclear> {
    if text.len() > MAX_BYTES {
        return Err(Unclear("The answer is too long."));
    }
    let prepared = prepare::prepared(text);
    if prepared.is_empty() {
        return Err(Unclear("The answer is empty."));
    }
    if calendar::compare(&prepared, &prepared).is_some() {
        return Ok(preview_text(&prepared));
    }
    match reader::read(&prepared, Choices::NONE, rules) {
        Ok(found) => {
            let mut layout = answer(&found.answer);
            if let (Answer::Unit, Some(unit)) = (&found.answer, &found.only_unit) {
                layout = Layout::Text(unit.spelled().to_owned());
            }
            if let Some(unit) = &found.unit {
                layout = Layout::Row(vec![layout, Layout::Text(format!("\u{a0}{}", unit.spelled()))]);
            }
            let is_text = matches!(&found.answer, Answer::Word(_) | Answer::Unit)
                || matches!(&found.answer, Answer::Value(Formula { literal: Some(_), .. }));
            Ok(Preview { text: layout.to_text(), mathml: layout.to_mathml(), is_text })
        }
        Err(Unreadable::Prose) => Ok(preview_text(&prepared)),
        Err(error) => Err(Unclear(match error {
            Unreadable::TooLong => "The answer is too long.",
            Unreadable::TooDeep => "The brackets are nested too deeply.",
            Unreadable::Symbol => "The answer has a symbol or command that cannot be read.",
            Unreadable::Number => "A number is too large or too long.",
            Unreadable::Brackets => "The brackets do not match.",
            Unreadable::Juxtaposition => "Numbers or letters stand side by side. Write the operation between them.",
            Unreadable::Grammar | Unreadable::Prose => "The answer is not a complete formula.",
        })),
    }
}

/// A text that is read as it is written.
#[must_use]
pub fn preview_text(text: &str) -> Preview {
    let layout = Layout::Text(text.to_owned());
    Preview { text: text.to_owned(), mathml: layout.to_mathml(), is_text: true }
}

fn row(parts: impl IntoIterator<Item = Layout>) -> Layout {
    Layout::Row(parts.into_iter().collect())
}

fn fenced(open: &'static str, inner: Layout, close: &'static str) -> Layout {
    Layout::Fenced(open, Box::new(inner), close)
}

fn separated(parts: impl IntoIterator<Item = Layout>, separator: &str) -> Layout {
    let mut all = Vec::new();
    for part in parts {
        if !all.is_empty() {
            all.push(Layout::operator(separator));
        }
        all.push(part);
    }
    Layout::Row(all)
}

fn answer(answer: &Answer) -> Layout {
    match answer {
        Answer::Word(word) => Layout::Text(phrase(*word).to_owned()),
        Answer::Value(value) => formula(value),
        Answer::Infinite { negative: false } => Layout::Name("∞".to_owned()),
        Answer::Infinite { negative: true } => row([Layout::Minus, Layout::Name("∞".to_owned())]),
        Answer::Equation { left, right } => row([formula(left), Layout::operator("="), formula(right)]),
        Answer::Inequality { left, right, relation } => {
            row([formula(left), Layout::operator(sign(*relation)), formula(right)])
        }
        Answer::Intervals { variable, pieces } => {
            let pieces = separated(pieces.iter().map(interval), "∪");
            match variable {
                Some(name) => row([variable_name(name), Layout::operator("∈"), pieces]),
                None => pieces,
            }
        }
        Answer::Tuple { closed, items } => {
            let (open, close) = (if closed.0 { "[" } else { "(" }, if closed.1 { "]" } else { ")" });
            fenced(open, separated(items.iter().map(self::answer), ","), close)
        }
        Answer::Many { items, set } => {
            let items = separated(items.iter().map(self::answer), ",");
            if *set { fenced("{", items, "}") } else { items }
        }
        Answer::Matrix(rows) => {
            let rows = rows.iter().map(|row| row.iter().map(self::answer).collect()).collect();
            fenced("(", Layout::Table(rows), ")")
        }
        Answer::Ratio(terms) => separated(terms.iter().map(formula), ":"),
        Answer::Order { symbol, function } => row([variable_name(symbol), fenced("(", formula(function), ")")]),
        Answer::Sets(sets) => Layout::Text(sets.text().to_owned()),
        Answer::Unit => Layout::Text(String::new()),
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::NotEqual => "≠",
        Relation::Less => "<",
        Relation::LessEqual => "≤",
        Relation::Greater => ">",
        Relation::GreaterEqual => "≥",
    }
}

fn interval(interval: &Interval) -> Layout {
    let end = |end: &End, negative: bool| match (&end.at, negative) {
        (Some(at), _) => formula(at),
        (None, true) => row([Layout::Minus, Layout::Name("∞".to_owned())]),
        (None, false) => Layout::Name("∞".to_owned()),
    };
    let (open, close) = (if interval.low.closed { "[" } else { "(" }, if interval.high.closed { "]" } else { ")" });
    fenced(open, separated([end(&interval.low, true), end(&interval.high, false)], ","), close)
}

fn phrase(word: Word) -> &'static str {
    match word {
        Word::Converges => "converges",
        Word::ConvergesAbsolutely => "converges absolutely",
        Word::ConvergesConditionally => "converges conditionally",
        Word::Diverges => "diverges",
        Word::NoValue => "does not exist",
        Word::Undefined => "undefined",
        Word::Yes => "yes",
        Word::No => "no",
        Word::NoSolution => "no solution",
        Word::ManySolutions => "infinitely many solutions",
        Word::AllReals => "all real numbers",
        Word::Increasing => "increasing",
        Word::Decreasing => "decreasing",
        Word::Even => "even",
        Word::Odd => "odd",
        Word::Neither => "neither",
    }
}

fn formula(formula: &Formula) -> Layout {
    match &formula.literal {
        Some(Literal::Word(text) | Literal::Span(text)) => Layout::Text(text.clone()),
        None => node(&formula.node).0,
    }
}

/// How tightly a part holds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Product,
    Power,
    Atom,
}

/// A part, in brackets if it binds more loosely than `least`.
fn bound(part: &Node, least: Binding) -> Layout {
    let (layout, binding) = node(part);
    if binding < least { fenced("(", layout, ")") } else { layout }
}

fn node(part: &Node) -> (Layout, Binding) {
    use Binding::{Atom, Power, Product, Sum};
    match part {
        Node::Number(value, exact) => number(*value, *exact),
        Node::Constant(constant) => (Layout::Name(constant.name().to_owned()), Atom),
        Node::Variable(name) => (variable_name(name), Atom),
        Node::Negate(inner) => (row([Layout::Minus, bound(inner, Product)]), Sum),
        Node::Call(function, argument) => {
            (call(*function, argument), if *function == Function::Factorial { Power } else { Atom })
        }
        Node::Binary(operator, left, right) => binary(*operator, left, right),
        Node::Series(series, name, parts) => {
            let [first, last, term] = parts.as_ref();
            if *series == Series::Integral {
                let limits = Layout::Limits("∫".to_owned(), Box::new(node(first).0), Box::new(node(last).0));
                return (row([limits, bound(term, Product), Layout::Name("d".to_owned()), variable_name(name)]), Sum);
            }
            let sign = if *series == Series::Sum { "∑" } else { "∏" };
            let below = row([variable_name(name), Layout::operator("="), node(first).0]);
            let limits = Layout::Limits(sign.to_owned(), Box::new(below), Box::new(node(last).0));
            (row([limits, bound(term, Product)]), Sum)
        }
    }
}

fn binary(operator: Operator, left: &Node, right: &Node) -> (Layout, Binding) {
    use Binding::{Atom, Power, Product, Sum};
    let named = |name: &str| {
        let arguments = separated([node(left).0, node(right).0], ",");
        (row([Layout::Name(name.to_owned()), fenced("(", arguments, ")")]), Atom)
    };
    match operator {
        Operator::Add => (row([bound(left, Sum), Layout::operator("+"), bound(right, Product)]), Sum),
        Operator::Subtract => (row([bound(left, Sum), Layout::operator("−"), bound(right, Product)]), Sum),
        Operator::Multiply => (row([bound(left, Product), Layout::operator("⋅"), bound(right, Product)]), Product),
        Operator::Divide => (Layout::Fraction(Box::new(node(left).0), Box::new(node(right).0)), Product),
        Operator::Power => (Layout::Power(Box::new(bound(left, Atom)), Box::new(node(right).0)), Power),
        Operator::Root => (Layout::IndexedRoot(Box::new(node(left).0), Box::new(node(right).0)), Power),
        Operator::Choose => named("C"),
        Operator::Permute => named("P"),
        Operator::Max => named("max"),
        Operator::Min => named("min"),
        Operator::Gcd => named("gcd"),
        Operator::Lcm => named("lcm"),
        Operator::Angle => named("atan2"),
    }
}

fn call(function: Function, argument: &Node) -> Layout {
    let inner = || node(argument).0;
    match function {
        Function::Sqrt => Layout::Root(Box::new(inner())),
        Function::Abs => fenced("|", inner(), "|"),
        Function::Floor => fenced("⌊", inner(), "⌋"),
        Function::Ceiling => fenced("⌈", inner(), "⌉"),
        Function::Factorial => row([bound(argument, Binding::Atom), Layout::operator("!")]),
        Function::Log => {
            let ten = Layout::Number("10".to_owned());
            let name = Layout::Index(Box::new(Layout::Name("log".to_owned())), Box::new(ten));
            row([name, fenced("(", inner(), ")")])
        }
        _ => row([Layout::Name(function.name().to_owned()), fenced("(", inner(), ")")]),
    }
}

/// A number: whole numbers and decimals as such, other fractions as fractions.
fn number(value: f64, exact: Option<Rational>) -> (Layout, Binding) {
    let Some(exact) = exact else {
        return (Layout::Number(format!("{value:e}")), Binding::Product);
    };
    let (above, below) = exact.parts();
    if let Some(text) = decimal(above, below) {
        return (Layout::Number(text), Binding::Atom);
    }
    let part = |value: i128| Box::new(Layout::Number(value.to_string()));
    (Layout::Fraction(part(above), part(below)), Binding::Product)
}

/// The digits of a fraction whose denominator has only the factors 2 and 5.
fn decimal(above: i128, below: i128) -> Option<String> {
    let mut rest = below;
    for factor in [2, 5] {
        while rest % factor == 0 {
            rest /= factor;
        }
    }
    if rest != 1 || above < 0 {
        return None;
    }
    let mut text = (above / below).to_string();
    let mut left = above % below;
    if left != 0 {
        text.push('.');
    }
    while left != 0 {
        left = left.checked_mul(10)?;
        text.push_str(&(left / below).to_string());
        left %= below;
    }
    Some(text)
}

/// A variable, with its index lowered and its Greek name as a letter.
fn variable_name(name: &str) -> Layout {
    let letter = |name: &str| Layout::Name(greek_sign(name).map_or_else(|| name.to_owned(), String::from));
    match name.split_once('_') {
        Some((base, index)) if !base.is_empty() && !name.contains('(') => {
            Layout::Index(Box::new(letter(base)), Box::new(letter(index)))
        }
        _ => letter(name),
    }
}
