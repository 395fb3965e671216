//! The engine that reads LaTeX, and the LaTeX that we add to it.

use std::sync::Arc;

use katex::build_mathml::build_expression;
use katex::macro_expander::MacroMap;
use katex::macros::MacroDefinition;
use katex::mathml_tree::{MathDomNode, MathNode};
use katex::options::Options;
use katex::parse_tree::parse_tree;
use katex::types::{ParseError, ParseErrorKind, Settings, StrictMode, StrictSetting, TrustSetting};
use katex::{KatexContext, OutputFormat};

use crate::tokens::{Token, Tokens};
use crate::{Unrenderable, bounds, core, definitions, macros};

/// The colour in which the engine writes a command that it does not trust. No formula has it, so it marks a refusal.
const REFUSED_COLOR: &str = "#010203";

/// The largest length that a formula may name, in em.
const MAX_EM: f64 = 60.0;

/// How often macros may expand in a formula: what `KaTeX` allows.
const MAX_EXPANSIONS: usize = 1_000;

/// The longest macro of a course.
const MAX_MACRO: usize = 1_000;

/// The engine with our commands.
pub(crate) struct Engine {
    context: KatexContext,
    macros: MacroMap,
    has_macros: bool,
}

impl Engine {
    pub(crate) fn new() -> Self {
        let mut context = KatexContext::default();
        let mut macros = MacroMap::default();
        core::tables::install(&mut context);
        definitions::install(&mut context, &mut macros);
        macros::install(&mut context, &mut macros);
        Self { context, macros, has_macros: false }
    }

    pub(crate) fn context(&self) -> &KatexContext {
        &self.context
    }

    /// Whether a course defined macros.
    pub(crate) fn has_macros(&self) -> bool {
        self.has_macros
    }

    /// Defines a macro of a course.
    pub(crate) fn define(&mut self, name: &str, body: &str) -> Result<(), Unrenderable> {
        let name = name.strip_prefix('\\').unwrap_or(name);
        let fault = |reason: &str| Err(Unrenderable::new(format!("the macro \\{name} {reason}")));
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphabetic()) {
            return fault("has a name with other characters than letters");
        }
        if body.len() > MAX_MACRO {
            return fault("is too long");
        }
        let mut depth = 0_i32;
        for token in Tokens::of(body) {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                Token::Unclosed => return fault("has \\verb without an end"),
                Token::Command(
                    "def" | "gdef" | "newcommand" | "renewcommand" | "providecommand" | "DeclareMathOperator",
                ) => {
                    return fault("defines a command");
                }
                _ => {}
            }
            if depth < 0 {
                return fault("has a closing brace too many");
            }
        }
        if depth != 0 {
            return fault("has an opening brace too many");
        }
        if let Err(error) = bounds::measure(body, &self.context) {
            return fault(&format!("cannot be used: {error}"));
        }
        let body: Arc<str> = body.into();
        let function =
            move |context: &mut dyn katex::macros::MacroContextInterface<'_>| macros::substituted(&body, context);
        self.macros.insert(format!("\\{name}"), MacroDefinition::Function(Arc::new(function)));
        self.has_macros = true;
        Ok(())
    }

    /// Draws a formula that is within the bounds.
    pub(crate) fn draw(&self, latex: &str, display: bool) -> Result<String, Unrenderable> {
        definitions::refill();
        let latex = macros::environments(latex, display);
        let settings = Settings::builder()
            // Only for what the parser allows: `split` and `\tag` in a line of text, too. The style is set below.
            .display_mode(true)
            .output(OutputFormat::Mathml)
            .throw_on_error(true)
            .error_color(REFUSED_COLOR.to_owned())
            .macros(self.macros.clone())
            .strict(StrictSetting::Mode(StrictMode::Ignore))
            .trust(TrustSetting::Bool(false))
            .max_size(MAX_EM)
            .max_expand(MAX_EXPANSIONS)
            .build();
        let tree = parse_tree(&self.context, &latex, &settings).map_err(|error| refusal(&error))?;
        if let Some(reason) = definitions::reason() {
            return Err(Unrenderable::new(reason));
        }
        let style = if display { katex::style::DISPLAY } else { katex::style::TEXT };
        let options = Options::builder().style(style).phantom(false).max_size(MAX_EM).min_rule_thickness(0.0).build();
        let expression = build_expression(&self.context, &tree, &options, None).map_err(|error| refusal(&error))?;
        if expression.iter().any(is_refused) {
            return Err(Unrenderable::new("it contains a command that is not supported"));
        }
        let math = core::math(&expression, display)?;
        let mut html = String::new();
        for line in math {
            crate::markup::Node::from(line).write(&mut html);
        }
        Ok(html)
    }
}

/// Whether the engine wrote a command in place of what it would do.
fn is_refused(node: &MathDomNode) -> bool {
    let refused = |node: &MathNode| {
        node.attributes.get("mathcolor").is_some_and(|color| color == REFUSED_COLOR)
            || node.children.iter().any(is_refused)
    };
    match node {
        MathDomNode::Math(node) => refused(node),
        MathDomNode::Fragment(fragment) => fragment.children.iter().any(is_refused),
        MathDomNode::Text(_) | MathDomNode::Space(_) => false,
    }
}

/// What the engine says of a formula that it refuses.
fn refusal(error: &ParseError) -> Unrenderable {
    if let Some(reason) = definitions::reason() {
        return Unrenderable::new(reason);
    }
    match &*error.kind {
        ParseErrorKind::StrictModeError { message, .. } => Unrenderable::new(message.clone()),
        kind => Unrenderable::new(kind.to_string()),
    }
}
