//! Common macros of packages that the engine does not have: `physics`, `siunitx`, `mhchem`, and what authors define.

use katex::KatexContext;
use katex::macro_expander::MacroMap;
use katex::macros::{MacroContextInterface, MacroDefinition, MacroExpansionResult, StaticMacroFunction};
use katex::types::{ErrorLocationProvider as _, Mode, ParseError, SourceLocation, Token};

use crate::definitions::{error, spend};
use crate::{chemistry, tokens, units};

type Context<'c, 'a> = &'c mut (dyn MacroContextInterface<'a> + 'c);
type Latex = Result<String, ParseError>;

/// Macros that stand for LaTeX with their arguments in it.
const PLAIN: &[(&str, &str)] = &[
    ("\\nicefrac", "{{}^{#1}\\!/\\!{}_{#2}}"),
    ("\\flatfrac", "{{#1}/{#2}}"),
    ("\\half", "\\tfrac{1}{2}"),
    ("\\floor", "\\left\\lfloor #1\\right\\rfloor"),
    ("\\ceil", "\\left\\lceil #1\\right\\rceil"),
    ("\\mbox", "\\text{#1}"),
    ("\\textsc", "\\text{#1}"),
    ("\\framebox", "\\fbox{#1}"),
    ("\\ensuremath", "#1"),
    ("\\mathds", "\\mathbb{#1}"),
    ("\\mathbbm", "\\mathbb{#1}"),
    ("\\mathbit", "\\boldsymbol{#1}"),
    ("\\symbf", "\\mathbf{#1}"),
    ("\\symbb", "\\mathbb{#1}"),
    ("\\symcal", "\\mathcal{#1}"),
    ("\\symfrak", "\\mathfrak{#1}"),
    ("\\symrm", "\\mathrm{#1}"),
    ("\\symup", "\\mathrm{#1}"),
    ("\\overlinesegment", "\\overline{#1}"),
    ("\\underlinesegment", "\\underline{#1}"),
    ("\\uline", "\\underline{#1}"),
    ("\\cancelto", "\\cancel{#2}{}^{#1}"),
    ("\\sideset", "{}#1\\mathop{#3}\\nolimits#2"),
    ("\\pmatrix", "\\begin{pmatrix}#1\\end{pmatrix}"),
    ("\\matrix", "\\begin{matrix}#1\\end{matrix}"),
    ("\\idotsint", "\\int\\!\\cdots\\!\\int"),
    ("\\mspace", "\\mskip#1"),
    ("\\hfill", "\\quad"),
    ("\\vspace", ""),
    ("\\label", ""),
    ("\\strut", "\\mathstrut"),
    ("\\textdegree", "{}^{\\circ}"),
    ("\\celsius", "{}^{\\circ}\\mathrm{C}"),
    ("\\euro", "\\text{€}"),
    ("\\texteuro", "\\text{€}"),
    ("\\qed", "\\square"),
    ("\\RR", "\\mathbb{R}"),
    ("\\NN", "\\mathbb{N}"),
    ("\\ZZ", "\\mathbb{Z}"),
    ("\\QQ", "\\mathbb{Q}"),
    ("\\CC", "\\mathbb{C}"),
    ("\\FF", "\\mathbb{F}"),
    ("\\EE", "\\mathbb{E}"),
    ("\\PP", "\\mathbb{P}"),
    ("\\eps", "\\varepsilon"),
    ("\\trans", "{\\mathsf{T}}"),
    ("\\transpose", "{\\mathsf{T}}"),
    ("\\grad", "\\nabla"),
    ("\\gradient", "\\nabla"),
    ("\\curl", "\\nabla\\times"),
    ("\\divergence", "\\nabla\\cdot"),
    ("\\laplacian", "\\nabla^{2}"),
    ("\\cross", "\\times"),
    ("\\cp", "\\times"),
    ("\\vdot", "\\cdot"),
    ("\\dotproduct", "\\cdot"),
    ("\\order", "\\mathcal{O}\\left(#1\\right)"),
    ("\\comm", "\\left[#1,#2\\right]"),
    ("\\commutator", "\\left[#1,#2\\right]"),
    ("\\acomm", "\\left\\{#1,#2\\right\\}"),
    ("\\anticommutator", "\\left\\{#1,#2\\right\\}"),
    ("\\pb", "\\left\\{#1,#2\\right\\}"),
    ("\\mel", "\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle"),
    ("\\matrixel", "\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle"),
    ("\\ip", "\\left\\langle #1\\middle|#2\\right\\rangle"),
    ("\\innerproduct", "\\left\\langle #1\\middle|#2\\right\\rangle"),
    ("\\inner", "\\left\\langle #1,#2\\right\\rangle"),
    ("\\ketbra", "\\left|#1\\right\\rangle\\!\\left\\langle #2\\right|"),
    ("\\dyad", "\\left|#1\\right\\rangle\\!\\left\\langle #2\\right|"),
    ("\\op", "\\left|#1\\right\\rangle\\!\\left\\langle #2\\right|"),
    ("\\pqty", "\\left(#1\\right)"),
    ("\\bqty", "\\left[#1\\right]"),
    ("\\Bqty", "\\left\\{#1\\right\\}"),
    ("\\vqty", "\\left|#1\\right|"),
    ("\\upmu", "\\mathrm{\\mu}"),
    ("\\uppi", "\\mathrm{\\pi}"),
    ("\\micro", "\\mathrm{\\mu}"),
    (
        "\\tripledash",
        "{\\vphantom{-}\\raisebox{2.56mu}{$\\mkern2mu\\tiny\\text{-}\\mkern1mu\\text{-}\\mkern1mu\\text{-}\\mkern2mu$}}",
    ),
];

/// Names of functions, which are set upright.
const OPERATORS: &[&str] = &[
    "Tr", "tr", "rank", "Rank", "sgn", "sign", "lcm", "diag", "Var", "Cov", "Res", "erf", "erfc", "Span", "im", "Hom",
    "End", "Aut", "id", "supp", "Arg", "Log", "adj", "proj", "arcsec", "arccsc", "arccot", "arsinh", "arcosh",
    "artanh", "arcsinh", "arccosh", "arctanh", "arccoth", "sech", "csch", "cosec", "asin", "acos", "atan", "grd",
    "rot", "vers", "cis", "nullity", "trace", "codim", "coker", "ess", "ord",
];

/// Macros whose arguments must be read to know what they stand for.
const FUNCTIONS: &[(&str, StaticMacroFunction)] = &[
    ("\\ce", |context| one(context, chemistry::formula)),
    ("\\pu", |context| one(context, chemistry::quantity)),
    ("\\num", |context| with_options(context, |context| units::number(&argument(context)?))),
    ("\\ang", |context| with_options(context, |context| units::angle(&argument(context)?))),
    ("\\si", |context| with_options(context, |context| units::unit(&argument(context)?))),
    ("\\unit", |context| with_options(context, |context| units::unit(&argument(context)?))),
    ("\\SI", |context| with_options(context, quantity)),
    ("\\SIrange", |context| with_options(context, range)),
    ("\\qtyrange", |context| with_options(context, range)),
    ("\\numrange", |context| {
        with_options(context, |context| {
            Ok(format!("{}\\text{{ to }}{}", units::number(&argument(context)?)?, units::number(&argument(context)?)?))
        })
    }),
    ("\\numlist", |context| with_options(context, |context| units::list(&argument(context)?, ""))),
    ("\\SIlist", |context| {
        with_options(context, |context| {
            let numbers = argument(context)?;
            units::list(&numbers, &argument(context)?)
        })
    }),
    ("\\sfrac", slanted),
    ("\\qty", qty),
    ("\\abs", |context| fenced(context, "|", "|")),
    ("\\absolutevalue", |context| fenced(context, "|", "|")),
    ("\\norm", |context| fenced(context, "\\|", "\\|")),
    ("\\ev", |context| fenced(context, "\\langle ", "\\rangle ")),
    ("\\expval", |context| fenced(context, "\\langle ", "\\rangle ")),
    ("\\eval", |context| fenced(context, ".", "|")),
    ("\\vb", |context| vector(context, "\\mathbf{", "}")),
    ("\\va", |context| vector(context, "\\vec{\\mathbf{", "}}")),
    ("\\vu", |context| vector(context, "\\hat{\\mathbf{", "}}")),
    ("\\dv", |context| derivative(context, "\\mathrm{d}")),
    ("\\derivative", |context| derivative(context, "\\mathrm{d}")),
    ("\\odv", |context| derivative(context, "\\mathrm{d}")),
    ("\\pdv", |context| derivative(context, "\\partial ")),
    ("\\partialderivative", |context| derivative(context, "\\partial ")),
    ("\\fdv", |context| derivative(context, "\\delta ")),
    ("\\dd", differential),
    ("\\differential", differential),
];

/// Accents that are drawn as another of the engine; `core` writes their character.
const ACCENTS: &[(&str, &str)] = &[
    ("\\overparen", "\\overgroup"),
    ("\\wideparen", "\\overgroup"),
    ("\\widearc", "\\overgroup"),
    ("\\underparen", "\\undergroup"),
];

/// Adds them, except what the engine has.
pub(crate) fn install(context: &mut KatexContext, macros: &mut MacroMap) {
    for (name, like) in ACCENTS {
        if let Some(function) = context.functions.get(*like).cloned() {
            context.functions.entry((*name).to_owned()).or_insert(function);
        }
    }
    // The engine draws these with a character that it lacks in MathML.
    for name in ["\\overlinesegment", "\\underlinesegment"] {
        context.functions.remove(name);
    }
    let known = |name: &str| {
        context.functions.contains_key(name)
            || context.symbols.get_math(name).is_some()
            || katex::macros::builtins::BUILTIN_MACROS.get(name).is_some()
    };
    for (name, latex) in PLAIN.iter().filter(|(name, _)| !known(name)) {
        macros.insert((*name).to_owned(), MacroDefinition::StaticStr(latex));
    }
    for name in OPERATORS {
        let command = format!("\\{name}");
        if !known(&command) {
            macros.insert(command, MacroDefinition::String(format!("\\operatorname{{{name}}}")));
        }
    }
    for (name, function) in FUNCTIONS {
        macros.insert((*name).to_owned(), MacroDefinition::StaticFunction(*function));
    }
    for name in ["\\vspace", "\\label"] {
        macros.insert(name.to_owned(), MacroDefinition::StaticFunction(|context| one(context, |_| Ok(String::new()))));
    }
}

/// Environments that have another name in the engine. In a line of text, those for displayed formulas become their kin.
pub(crate) fn environments(latex: &str, display: bool) -> String {
    if !latex.contains("\\begin") {
        return latex.to_owned();
    }
    let mut written = String::with_capacity(latex.len());
    let mut rest = latex;
    while let Some(at) = rest.find("\\begin{").into_iter().chain(rest.find("\\end{")).min() {
        let (command, after) = rest[at..].split_once('{').unwrap_or(("", ""));
        let Some((name, after)) = after.split_once('}') else { break };
        written.push_str(&rest[..at]);
        let begins = command == "\\begin";
        let named = |name: &str| format!("{command}{{{name}}}");
        let numbered = ["align", "align*", "gather", "gather*"].contains(&name) && !display;
        written.push_str(&match name {
            "eqnarray" | "eqnarray*" if begins => "\\begin{array}{rcl}".to_owned(),
            "eqnarray" | "eqnarray*" => "\\end{array}".to_owned(),
            "multline" | "multline*" => named("gathered"),
            "flalign" | "flalign*" => named(if display { "align*" } else { "aligned" }),
            "displaymath" | "math" => String::new(),
            "equation" | "equation*" if !display => String::new(),
            "psmallmatrix" if begins => "\\left(\\begin{smallmatrix}".to_owned(),
            "psmallmatrix" => "\\end{smallmatrix}\\right)".to_owned(),
            "bsmallmatrix" if begins => "\\left[\\begin{smallmatrix}".to_owned(),
            "bsmallmatrix" => "\\end{smallmatrix}\\right]".to_owned(),
            "alignat" | "alignat*" if !display => named("alignedat"),
            name if numbered => named(&format!("{}ed", name.trim_end_matches('*'))),
            name => named(name),
        });
        rest = after;
    }
    written.push_str(rest);
    written
}

/// The LaTeX that tokens of the engine were read from. It has them in reverse.
fn source(tokens: &[Token]) -> String {
    let mut latex = String::new();
    let mut expected = None;
    for token in tokens.iter().rev() {
        let start = token.loc().map(SourceLocation::start);
        if let (Some(start), Some(expected)) = (start, expected)
            && start > expected
        {
            latex.push(' ');
        }
        tokens::join(&mut latex, token.text.as_str());
        expected = start.map(|start| start + token.text.as_str().len());
    }
    latex
}

fn argument(context: Context<'_, '_>) -> Latex {
    Ok(source(&context.consume_arg(None)?.tokens))
}

/// Whether the next token is `text`, after spaces.
fn next_is(context: Context<'_, '_>, text: &str) -> Result<bool, ParseError> {
    context.consume_spaces()?;
    Ok(context.future_mut()?.text == text)
}

/// The text up to a closing mark, after its opening mark.
fn enclosed(context: Context<'_, '_>, open: &str, close: &str) -> Result<Option<String>, ParseError> {
    if !next_is(context, open)? {
        return Ok(None);
    }
    context.pop_token()?;
    let mut tokens = Vec::new();
    let (mut marks, mut braces) = (0_usize, 0_usize);
    loop {
        let token = context.pop_token()?;
        match token.text.as_str() {
            "EOF" => return Err(error("a bracket is not closed")),
            text if text == close && marks == 0 && braces == 0 => break,
            text if text == open && braces == 0 => marks += 1,
            text if text == close && braces == 0 => marks -= 1,
            "{" => braces += 1,
            "}" => braces = braces.checked_sub(1).ok_or_else(|| error("a bracket is not closed"))?,
            _ => {}
        }
        tokens.push(token);
    }
    tokens.reverse();
    Ok(Some(source(&tokens)))
}

fn starred(context: Context<'_, '_>) -> Result<bool, ParseError> {
    let star = next_is(context, "*")?;
    if star {
        context.pop_token()?;
    }
    Ok(star)
}

type Expansion = Result<MacroExpansionResult, ParseError>;

/// The end of every macro: its LaTeX is spent from the budget.
fn expanded(latex: String) -> Expansion {
    let latex = without_parameters(latex)?;
    let levels = latex.matches(['{', '\\']).count();
    spend(latex.len(), levels / 8)?;
    Ok(MacroExpansionResult::String(latex))
}

/// The engine takes `#1` in the LaTeX of a macro for a parameter, even after a backslash.
fn without_parameters(latex: String) -> Latex {
    if !latex.contains('#') {
        return Ok(latex);
    }
    let mut written = String::with_capacity(latex.len());
    let mut characters = latex.chars();
    while let Some(character) = characters.next() {
        match character {
            '#' => return Err(error("# has no meaning here")),
            '\\' => match characters.next() {
                Some('#') => written.push_str("\\text{\\char\"23}"),
                next => {
                    written.push('\\');
                    written.extend(next);
                }
            },
            other => written.push(other),
        }
    }
    Ok(written)
}

/// LaTeX for mathematics, which text must change to.
fn in_math(context: Context<'_, '_>, latex: String) -> Expansion {
    expanded(if context.mode() == Mode::Text && !latex.is_empty() { format!("${latex}$") } else { latex })
}

fn one(context: Context<'_, '_>, write: fn(&str) -> Latex) -> Expansion {
    let latex = write(&argument(context)?)?;
    in_math(context, latex)
}

/// A macro of `siunitx`, whose options are about spacing and are not needed.
fn with_options(context: Context<'_, '_>, write: impl Fn(Context<'_, '_>) -> Latex) -> Expansion {
    enclosed(context, "[", "]")?;
    let latex = write(context)?;
    in_math(context, latex)
}

fn quantity(context: Context<'_, '_>) -> Latex {
    let number = argument(context)?;
    let before = enclosed(context, "[", "]")?.map_or(Ok(String::new()), |before| units::unit(&before))?;
    let unit = argument(context)?;
    Ok(format!("{before}{}", units::quantity(&number, &unit)?))
}

fn range(context: Context<'_, '_>) -> Latex {
    let (from, to) = (argument(context)?, argument(context)?);
    let unit = argument(context)?;
    Ok(format!("{}\\text{{ to }}{}", units::quantity(&from, &unit)?, units::quantity(&to, &unit)?))
}

/// `\qty` is a quantity in `siunitx`, and brackets around something in `physics`.
fn qty(context: Context<'_, '_>) -> Expansion {
    for (open, close, left, right) in [("(", ")", "(", ")"), ("|", "|", "|", "|")] {
        if let Some(inside) = enclosed(context, open, close)? {
            return expanded(format!("\\left{left}{inside}\\right{right}"));
        }
    }
    let options = enclosed(context, "[", "]")?;
    if !next_is(context, "{")? {
        return match options {
            Some(inside) => expanded(format!("\\left[{inside}\\right]")),
            None => Err(error("\\qty has no number")),
        };
    }
    let number = argument(context)?;
    if next_is(context, "{")? {
        let unit = argument(context)?;
        return in_math(context, units::quantity(&number, &unit)?);
    }
    match options {
        Some(inside) => expanded(format!("\\left[{inside}\\right]{{{number}}}")),
        None => expanded(format!("\\left\\{{{number}\\right\\}}")),
    }
}

/// A pair of marks around the argument. With a star they do not grow.
fn fenced(context: Context<'_, '_>, left: &str, right: &str) -> Expansion {
    let star = starred(context)?;
    let inside = match enclosed(context, "(", ")")? {
        Some(inside) => inside,
        None => argument(context)?,
    };
    let (left, right) = if star {
        (left.replace('.', ""), right.to_owned())
    } else {
        (format!("\\left{left}"), format!("\\right{right}"))
    };
    let mut latex = left;
    tokens::join(&mut latex, &inside);
    latex.push_str(&right);
    expanded(latex)
}

fn vector(context: Context<'_, '_>, open: &str, close: &str) -> Expansion {
    let star = starred(context)?;
    let open = if star { open.replace("\\mathbf", "\\boldsymbol") } else { open.to_owned() };
    expanded(format!("{open}{}{close}", argument(context)?))
}

/// `\dv{y}{x}`, `\dv{x}`, `\dv[2]{y}{x}`; for partial derivatives, `\pdv{f}{x}{y}`.
fn derivative(context: Context<'_, '_>, d: &str) -> Expansion {
    let star = starred(context)?;
    let order = enclosed(context, "[", "]")?;
    let mut arguments = vec![argument(context)?];
    while arguments.len() < if d.starts_with("\\partial") { 3 } else { 2 } && next_is(context, "{")? {
        arguments.push(argument(context)?);
    }
    let power = order.map_or_else(String::new, |order| format!("^{{{order}}}"));
    let (above, below) = match arguments.as_slice() {
        [variable] => (format!("{d}{power}"), format!("{d}{variable}{power}")),
        [function, variable] => (format!("{d}{power}{function}"), format!("{d}{variable}{power}")),
        [function, first, second] => (format!("{d}^{{2}}{function}"), format!("{d}{first}\\,{d}{second}")),
        _ => return Err(error("a derivative has no variable")),
    };
    expanded(if star { format!("{{{above}}}/{{{below}}}") } else { format!("\\frac{{{above}}}{{{below}}}") })
}

/// `\sfrac{1}{2}` in the characters for it, if it has only digits.
fn slanted(context: Context<'_, '_>) -> Expansion {
    let (above, below) = (argument(context)?, argument(context)?);
    let digits = |text: &str, from: [char; 10]| -> Option<String> {
        text.chars().map(|digit| from.get(usize::try_from(digit.to_digit(10)?).ok()?).copied()).collect()
    };
    let raised = digits(&above, ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹']);
    let lowered = digits(&below, ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉']);
    expanded(match (raised, lowered) {
        (Some(raised), Some(lowered)) if !raised.is_empty() && !lowered.is_empty() => {
            format!("\\text{{{raised}⁄{lowered}}}")
        }
        _ => format!("{{{{}}^{{{above}}}\\!/\\!{{}}_{{{below}}}}}"),
    })
}

/// `\dd{x}`, `\dd x`, `\dd[3]{x}`
fn differential(context: Context<'_, '_>) -> Expansion {
    let power = enclosed(context, "[", "]")?.map_or_else(String::new, |order| format!("^{{{order}}}"));
    let inside = match enclosed(context, "(", ")")? {
        Some(inside) => format!("({inside})"),
        None if next_is(context, "{")? => argument(context)?,
        None => String::new(),
    };
    expanded(format!("\\mathrm{{d}}{power}{inside}"))
}

/// A course's macro with its arguments in it.
pub(crate) fn substituted(body: &str, context: Context<'_, '_>) -> Expansion {
    let mut arguments = Vec::new();
    let mut latex = String::with_capacity(body.len());
    let highest = body.split('#').skip(1).filter_map(|after| after.chars().next()?.to_digit(10)).max().unwrap_or(0);
    for _ in 0..highest {
        arguments.push(argument(context)?);
    }
    let body = body.replace("\\#", "\\text{\\char\"23}");
    let mut parts = body.split('#');
    latex.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let number =
            part.chars().next().and_then(|digit| digit.to_digit(10)).and_then(|digit| usize::try_from(digit).ok());
        let argument = number.and_then(|number| arguments.get(number.wrapping_sub(1)));
        let argument = argument.ok_or_else(|| error("a macro of the course uses # without a number"))?;
        spend(argument.len(), 0)?;
        tokens::join(&mut latex, argument);
        tokens::join(&mut latex, &part[1..]);
    }
    let levels = latex.matches(['{', '\\']).count();
    spend(0, levels)?;
    expanded(latex)
}
