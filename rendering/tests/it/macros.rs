//! Common macros, a course's own, and definitions in a formula.

use rendering::Renderer;

use crate::{drawn, refused, text};

#[test]
fn common_macros_are_drawn() {
    for (latex, shown) in [
        (r"\nicefrac{1}{2}", "1/2"),
        (r"\sfrac{1}{2}", "¹⁄₂"),
        (r"\abs{x}", "∣x∣"),
        (r"\abs*{x}", "∣x∣"),
        (r"\norm{x}", "∥x∥"),
        (r"\floor{x}\ceil{y}", "⌊x⌋⌈y⌉"),
        (r"\dv{y}{x}", "dydx"),
        (r"\dv{x}", "ddx"),
        (r"\dv[2]{y}{x}", "d2ydx2"),
        (r"\pdv{f}{x}{y}", "∂2f∂x∂y"),
        (r"\int x\dd x", "∫xdx"),
        (r"\mbox{if}", "if"),
        (r"\vb{x}\va{y}\vu{z}", "𝐱𝐲 ⃗𝐳^"),
        (r"\ev{A}", "⟨A⟩"),
        (r"\bra{x}\ket{y}", "⟨x∣∣y⟩"),
        (r"\grad f", "∇f"),
        (r"a \div b", "a÷b"),
        (r"\RR", "ℝ"),
        (r"\Tr A", "TrA"),
        (r"\qty(\frac12)", "(12)"),
        (r"\qty{x}", "{x}"),
        (r"\comm{A}{B}", "[A,B]"),
        (r"\cancelto{0}{x}", "x0"),
        (r"\pmatrix{1&2\cr3&4}", "(1234)"),
        (r"\eval{f}_0^1", "f∣01"),
        (r"\label{a}x", "x"),
        (r"\abs{\#1}", "∣#1∣"),
        (r"\text{\mbox{\#1}}", "#1"),
        (r"\DeclareMathOperator{\rk}{rk}\rk A", "rkA"),
        (r"\DeclareMathOperator*{\mx}{mx}\mx_x", "mxx"),
        (r"\newcommand{\R}{\mathbb{R}}\R^2", "ℝ2"),
        (r"\newcommand\f[2]{\frac{#1}{#2}}\f{a}{b}", "ab"),
        (r"\def\x#1{#1^2}\x{y}", "y2"),
        (r"\providecommand{\alpha}{a}\alpha", "α"),
    ] {
        let html = drawn(latex);
        assert_eq!(text(&html).replace('\u{a0}', " "), shown, "{latex}: {html}");
    }
}

fn course(macros: &[(&str, &str)]) -> Result<Renderer, rendering::Unrenderable> {
    let macros: Vec<_> = macros.iter().map(|(name, body)| ((*name).to_owned(), (*body).to_owned())).collect();
    Renderer::new(&macros)
}

#[test]
fn a_course_has_its_own_macros() {
    let renderer = course(&[
        (r"\E", r"\mathbb{E}\left[#1\right]"),
        ("inner", r"\langle#1,#2\rangle"),
        (r"\twice", r"\E{#1}\E{#1}"),
        (r"\water", r"\ce{H2O}"),
    ])
    .unwrap();
    for (latex, shown) in [
        (r"\E{X}", "𝔼[X]"),
        (r"\inner xy", "⟨x,y⟩"),
        (r"2\water", "2HX2O"),
        (r"\twice{\alpha}", "𝔼[α]𝔼[α]"),
        (r"\inner{\alpha}{b}c", "⟨α,b⟩c"),
    ] {
        assert_eq!(text(&renderer.formula(latex, true).unwrap()), shown, "{latex}");
    }
    assert!(Renderer::default().formula(r"\inner{x}", true).is_err() || text(&drawn(r"\inner{x}{y}")) != "⟨x,y⟩c");
}

#[test]
fn a_macro_that_cannot_be_defined_is_named() {
    for (name, body) in [
        (r"\a1", "x"),
        ("", "x"),
        (r"\a", "{"),
        (r"\a", "}{"),
        (r"\a", r"\def\b{x}"),
        (r"\a", r"\href{x}{y}"),
        (r"\a", r"\message{x}"),
        (r"\a", &"x".repeat(1_001)),
    ] {
        let error = course(&[(name, body)]).err().unwrap_or_else(|| panic!("{name} {body}"));
        assert!(error.reason.contains("the macro"), "{error}");
    }
}

#[test]
fn a_definition_that_uses_what_it_lacks_is_refused() {
    for latex in [
        r"\newcommand{\a}[1]{#2}\a x",
        r"\def\a#1{#2}\a x",
        r"\def\a#2{x}\a x",
        r"\def\a#1#0{x}\a xy",
        r"\def\a#1;{#1}\a x;",
        r"\newcommand{\a}[x]{#1}\a x",
        r"\newcommand{\a}[10]{#1}\a x",
        r"\newcommand{\a}[1][d]{#1}\a",
        r"\abs{#1}",
        r"\abs{#1#5}x",
        r"\message{x}",
        r"\renewcommand",
        r"\def",
        r"\def\frac#1{#1#1#1#1#1#1#1#1}\frac{\frac{\frac{\frac{\frac{\frac{\frac{x}}}}}}}",
    ] {
        refused(latex);
    }
}
