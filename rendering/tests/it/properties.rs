//! Properties of every input.

use std::sync::LazyLock;

use proptest::prelude::*;
use rendering::Renderer;

static RENDERER: LazyLock<Renderer> = LazyLock::new(Renderer::default);

/// Pieces of LaTeX, in any order.
const PIECES: [&str; 96] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "|",
    "$",
    "&",
    "\\\\",
    "^",
    "_",
    "'",
    "~",
    "#",
    "#1",
    "%",
    "\n",
    " ",
    ",",
    ".",
    ";",
    ":",
    "<",
    ">",
    "\"",
    "1",
    "2.5",
    "x",
    "y",
    "A",
    "é",
    "日",
    "α",
    "\u{0}",
    "\\",
    "\\ ",
    "\\{",
    "\\}",
    "\\|",
    "\\,",
    "\\!",
    "\\%",
    "\\#",
    "\\frac",
    "\\sqrt",
    "\\left",
    "\\right",
    "\\left(",
    "\\right)",
    "\\middle|",
    "\\begin{matrix}",
    "\\end{matrix}",
    "\\begin{array}{c|r}",
    "\\end{array}",
    "\\begin{align}",
    "\\end{align}",
    "\\hline",
    "\\sum",
    "\\limits",
    "\\int",
    "\\sin",
    "\\text",
    "\\text{a}",
    "\\mathbf",
    "\\mathbb{R}",
    "\\boldsymbol",
    "\\operatorname",
    "\\hat",
    "\\overline",
    "\\underbrace",
    "\\xrightarrow",
    "\\boxed",
    "\\cancel",
    "\\color{red}",
    "\\bf",
    "\\rm",
    "\\displaystyle",
    "\\large",
    "\\tag{1}",
    "\\ce{",
    "\\ce{H2O -> }",
    "\\pu{",
    "\\pu{1 m}",
    "\\SI",
    "\\qty",
    "\\num{",
    "\\ang",
    "\\unit{\\kilo",
    "\\dv",
    "\\abs",
    "\\def\\a",
    "\\a",
    "\\newcommand{\\a}[1]{",
    "\\verb|",
    "\\char",
];

/// The characters of chemistry and units.
const CHEMISTRY: [&str; 40] = [
    "H", "2", "O", "C", "e", "-", "+", "->", "<=>", "<-", "[", "]", "(", ")", "{", "}", "^", "_", ".", "*", "=", "#",
    "$", "\\bond{", "\\ca", "v", " ", "(aq)", ",", "/", "//", "1/2", "\\frac{", "\\color{", "\\alpha", "''", "x", "n-",
    "°C", "III",
];

fn soup(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 0..most).prop_map(|pieces| pieces.concat())
}

fn holds(latex: &str) {
    for display in [true, false] {
        match RENDERER.formula(latex, display) {
            Ok(html) => {
                assert!(rendering::is_safe(&html), "{latex:?}: {html}");
                assert!(html.starts_with("<math") && html.ends_with("</math>"), "{latex:?}: {html}");
            }
            Err(error) => assert!(!error.reason.is_empty(), "{latex:?}"),
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_drawn_safely_or_refused(latex in any::<String>()) {
        holds(&latex);
    }

    #[test]
    fn any_bytes_are_drawn_safely_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_pieces_are_drawn_safely_or_refused(latex in soup(&PIECES, 30)) {
        holds(&latex);
    }

    #[test]
    fn any_chemistry_is_drawn_safely_or_refused(inside in soup(&CHEMISTRY, 20)) {
        holds(&format!("\\ce{{{inside}}}"));
        holds(&format!("\\pu{{{inside}}}"));
        holds(&format!("\\qty{{{inside}}}{{{inside}}}\\num{{{inside}}}"));
    }

    #[test]
    fn markup_depends_on_nothing_but_the_formula(latex in soup(&PIECES, 12)) {
        prop_assert_eq!(RENDERER.formula(&latex, true), Renderer::default().formula(&latex, true));
    }
}
