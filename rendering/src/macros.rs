//! Common macros of packages that the engine does not have.

use katex::KatexContext;
use katex::macro_expander::MacroMap;
use katex::macros::MacroContextInterface;
use katex::types::ParseError;

/// Adds them.
pub(crate) fn install(_context: &KatexContext, _macros: &mut MacroMap) {}

pub(crate) fn environments(latex: &str) -> String {
    latex.to_owned()
}

pub(crate) fn substituted(_body: &str, _context: &mut dyn MacroContextInterface<'_>) -> Result<String, ParseError> {
    Ok(String::new())
}
