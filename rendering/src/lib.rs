//! Formulas in LaTeX to MathML Core, which browsers draw without scripts, fonts or style sheets from us.
//!
//! `katex-rs` reads the formula and builds its tree; [`Renderer`] writes the tree as MathML Core. Chemistry (`\ce`,
//! `\pu`), units (`\qty`, `\num` …) and common macros are turned into LaTeX that the engine knows. The crate does no I/O.
//!
//! Every input is bounded: [`MAX_CHARACTERS`], [`MAX_DEPTH`], and how much macros may expand to. Markup is safe by
//! construction: elements and attributes are constants, text and values are escaped. [`is_safe`] checks it.

mod bounds;
mod chemistry;
mod core;
mod definitions;
mod engine;
mod macros;
mod markup;
mod tokens;
mod units;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use bounds::{MAX_CHARACTERS, MAX_DEPTH};
pub use markup::is_safe;

use engine::Engine;

/// Changes when the same formula gives other markup, so that stored markup can be rendered again.
pub const VERSION: u32 = 2;

/// A formula that cannot be drawn. Callers show its source as code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unrenderable {
    /// Why, for the author of the formula.
    pub reason: String,
}

impl Unrenderable {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Draws formulas. Building one takes about a millisecond; keep it.
pub struct Renderer {
    engine: Engine,
}

impl Default for Renderer {
    fn default() -> Self {
        Self { engine: Engine::new() }
    }
}

impl Renderer {
    /// A renderer with a course's own macros: pairs of a name, such as `\R`, and its LaTeX with `#1` to `#9`.
    ///
    /// A macro that cannot be defined is named in the error.
    pub fn new(macros: &[(String, String)]) -> Result<Self, Unrenderable> {
        let mut engine = Engine::new();
        for (name, body) in macros {
            engine.define(name, body)?;
        }
        Ok(Self { engine })
    }

    /// Writes `latex`, without its dollars, as a `<math>` element: a displayed formula, or one in a line of text.
    pub fn formula(&self, latex: &str, display: bool) -> Result<String, Unrenderable> {
        let size = bounds::measure(latex, self.engine.context())?;
        let draw = || self.draw(latex, display);
        if size.fits_any_stack() && !self.engine.has_macros() { draw() } else { on_own_stack(draw) }
    }

    /// The engine indexes without checks in a few places. A panic there must not end the request, so it is caught here:
    /// nothing of the engine outlives the call.
    fn draw(&self, latex: &str, display: bool) -> Result<String, Unrenderable> {
        catch_unwind(AssertUnwindSafe(|| self.engine.draw(latex, display)))
            .unwrap_or_else(|_| Err(Unrenderable::new("it cannot be read")))
    }
}

/// The stack of a formula that nests deeply. Only the part that is used takes memory.
const STACK_BYTES: usize = 64 << 20;

/// Runs `draw` in a thread with a stack that holds all that the bounds allow, whatever the caller's stack is.
fn on_own_stack(draw: impl FnOnce() -> Result<String, Unrenderable> + Send) -> Result<String, Unrenderable> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, draw)
            .map_err(|_| Unrenderable::new("it nests too deeply to be drawn now"))?
            .join()
            .unwrap_or_else(|_| Err(Unrenderable::new("it cannot be read")))
    })
}
