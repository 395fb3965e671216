//! What each kind of formula becomes.

use rendering::Renderer;

use crate::{drawn, inside, refused, text};

#[test]
fn letters_are_code_points() {
    for (latex, html) in [
        (r"\mathbf{v}", "<mi>𝐯</mi>"),
        (r"\mathbb{R}", "<mi>ℝ</mi>"),
        (r"\mathcal{L}", "<mi>ℒ</mi>"),
        (r"\mathfrak{g}", "<mi>𝔤</mi>"),
        (r"\mathsf{x}", "<mi>𝗑</mi>"),
        (r"\mathtt{x}", "<mi>𝚡</mi>"),
        (r"\boldsymbol{\alpha}", "<mi>𝜶</mi>"),
        (r"\mathbf{12}", "<mn>𝟏𝟐</mn>"),
        (r"\mathbb{3.14}", "<mn>𝟛.𝟙𝟜</mn>"),
        (r"\mathbf{+}", "<mo>+</mo>"),
        (r"\boldsymbol{+}", "<mo lspace=\"0.22em\" rspace=\"0.22em\" style=\"font-weight:bold\">+</mo>"),
        (r"\mathrm{d}", "<mi mathvariant=\"normal\">d</mi>"),
        (r"\mathit{x}", "<mi>x</mi>"),
        (r"x", "<mi>x</mi>"),
        (r"\Gamma", "<mi mathvariant=\"normal\">Γ</mi>"),
        (r"\textbf{if}", "<mtext style=\"font-weight:bold\">if</mtext>"),
        (r"\texttt{a}", "<mtext style=\"font-family:monospace\">a</mtext>"),
    ] {
        assert_eq!(inside(latex), html, "{latex}");
    }
}

#[test]
fn no_attribute_is_left_that_browsers_drop() {
    for latex in [
        r"\mathbf{v}+\mathbb{R}",
        r"\begin{array}{|c|r|}\hline 1&2\\\hline\end{array}",
        r"\boxed{x}\cancel{x}\sout{x}\fbox{a}",
        r"\colorbox{yellow}{x}\fcolorbox{red}{blue}{y}",
        r"\mathllap{x}\smash{x}\vphantom{x}",
        r"\xrightarrow[a]{b}",
    ] {
        let html = drawn(latex);
        for old in [
            "menclose",
            "notation",
            "columnalign",
            "columnlines",
            "rowlines",
            "rowspacing",
            "class=",
            "semantics",
            "mathvariant=\"bold",
        ] {
            assert!(!html.contains(old), "{latex}: {html}");
        }
    }
}

#[test]
fn tables_have_lines_and_alignment_in_their_cells() {
    let html = drawn(r"\begin{array}{|c||r|}\hline 1&2\\\hline\hline 3&4\\\hline\end{array}");
    assert!(html.contains("<mtable style=\"border-collapse:collapse\">"), "{html}");
    let first = "border-left:1px solid;border-right:3px double;border-top:1px solid;border-bottom:3px double;padding:0.5ex 0.4em";
    assert!(html.contains(&format!("<mtd style=\"{first}\"><mn>1</mn></mtd>")), "{html}");
    let last = "border-right:1px solid;border-bottom:1px solid;padding:0.5ex 0.4em;text-align:-webkit-right";
    assert!(html.contains(&format!("<mtd style=\"{last}\"><mn>4</mn></mtd>")), "{html}");
    assert_eq!(
        inside(r"\begin{matrix}a&b\end{matrix}"),
        "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr></mtable>"
    );
    let dashed = drawn(r"\begin{array}{c:c}a&b\end{array}");
    assert!(dashed.contains("border-right:1px dashed"), "{dashed}");
}

#[test]
fn aligned_equations_meet_at_their_relation() {
    let html = drawn(r"\begin{aligned}a&=b\\c&=d\end{aligned}");
    assert_eq!(html.matches("padding:0.5ex 0;text-align:-webkit-right").count(), 2, "{html}");
    assert_eq!(html.matches("padding:0.5ex 0;text-align:-webkit-left").count(), 2, "{html}");
    assert_eq!(html.matches("displaystyle=\"true\"").count(), 4, "{html}");
}

#[test]
fn tags_are_shown() {
    assert!(drawn(r"\sum_{k=1}^n k\tag{*}").contains("<mtable displaystyle=\"true\""));
    assert_eq!(text(&drawn(r"\begin{align}a&=b\tag{1}\\c&=d\notag\end{align}")), "a=b(1)c=d");
    assert_eq!(text(&drawn(r"x\tag{*}")), "x(*)");
}

#[test]
fn boxes_and_strikes_are_styles() {
    assert!(drawn(r"\boxed{x}").contains("border:1px solid"));
    for strike in [r"\cancel{x}", r"\bcancel{x}", r"\xcancel{x}", r"\sout{x}"] {
        let html = drawn(strike);
        assert!(html.contains("linear-gradient") && html.contains("print-color-adjust:exact"), "{html}");
    }
}

#[test]
fn fences_stretch_and_arrows_do_not() {
    assert!(drawn(r"\left|\frac{a}{b}\right|").contains("<mo lspace=\"0\" rspace=\"0\" stretchy=\"true\">∣</mo>"));
    assert!(drawn(r"(\frac{a}{b})").contains("<mo stretchy=\"false\">(</mo>"));
    assert!(drawn(r"\uparrow\frac{a}{b}").contains("<mo stretchy=\"false\">↑</mo>"));
    assert!(
        drawn(r"\Big|_0^1")
            .contains("<mrow><mo lspace=\"0\" maxsize=\"1.8em\" minsize=\"1.8em\" rspace=\"0\" stretchy=\"true\">")
    );
}

#[test]
fn lines_over_a_base_are_its_border() {
    let html = drawn(r"\overline{AB}");
    assert!(html.contains("border-top:1px solid") && html.contains("mathcolor=\"transparent\""), "{html}");
    assert!(drawn(r"\underline{AB}").contains("border-bottom:1px solid"));
    assert!(drawn(r"\overparen{AB}").contains("<mo stretchy=\"true\">⏜</mo>"));
    assert!(drawn(r"\vec{v}").contains("<mo stretchy=\"false\">\u{a0}\u{20d7}</mo>"));
    assert!(drawn(r"\hat{x}").contains("<mo stretchy=\"false\">^</mo>"));
}

#[test]
fn names_of_functions_stand_apart() {
    assert_eq!(
        inside(r"2\sin x"),
        "<mn>2</mn><mspace width=\"0.1667em\"/><mi>sin</mi><mo>\u{2061}</mo><mspace width=\"0.1667em\"/><mi>x</mi>"
    );
    assert!(drawn(r"\sin(x)").contains("<mo>\u{2061}</mo><mo stretchy=\"false\">("));
    assert!(drawn(r"\cos^2 y").contains("</msup><mspace width=\"0.1667em\"/><mi>y</mi>"));
}

#[test]
fn negative_space_is_a_margin() {
    assert!(drawn(r"a\!b").contains("<mspace style=\"margin-left:-0.1667em\"/>"));
    assert!(drawn(r"a\mathllap{b}").contains("transform:translateX(-100%)"));
}

#[test]
fn lines_of_a_displayed_formula_are_elements() {
    assert_eq!(drawn(r"a\\b").matches("<math display=\"block\"").count(), 2);
    let inline = Renderer::default().formula(r"a\\b", false).unwrap();
    assert_eq!(inline.matches("<math>").count(), 1, "{inline}");
}

#[test]
fn a_formula_in_a_line_is_not_displayed() {
    let renderer = Renderer::default();
    assert_eq!(renderer.formula("x", false).unwrap(), "<math><mi>x</mi></math>");
    for latex in [r"\begin{align*}a&=b\end{align*}", r"\begin{equation}a\end{equation}", r"\begin{gather}a\end{gather}"]
    {
        let html = renderer.formula(latex, false).unwrap_or_else(|error| panic!("{latex}: {error}"));
        assert!(html.starts_with("<math>"), "{html}");
    }
}

#[test]
fn environments_of_other_names_are_drawn() {
    for (latex, shown) in [
        (r"\begin{eqnarray}a&=&b\end{eqnarray}", "a=b"),
        (r"\begin{multline*}a\\b\end{multline*}", "ab"),
        (r"\begin{flalign}a&=b\end{flalign}", "a=b"),
        (r"\begin{displaymath}a\end{displaymath}", "a"),
    ] {
        assert_eq!(text(&drawn(latex)), shown, "{latex}");
    }
}

#[test]
fn nothing_in_a_formula_is_markup() {
    for latex in [
        r"\text{<script>alert(1)</script>}",
        r"<script>alert(1)</script>",
        r"\mathrm{<img src=x onerror=alert(1)>}",
        r"\operatorname{<b>}",
        r"a<b>c\&d",
        r"\mathtt{\text{<b>}}",
        r"x\tag{<b>}",
        r"\left<b\right>",
        r#"\text{"'\&amp;}"#,
        r"\ce{<b>}",
        r"\verb|<b onclick=x>|",
    ] {
        let html = drawn(latex);
        for bad in ["<script", "<img", "<b>", "<b "] {
            assert!(!html.contains(bad), "{latex}: {html}");
        }
    }
    for latex in [
        r"\color{<script>}x",
        r#"\color{red" onclick="alert(1)}x"#,
        r"\begin{array}{<b>}x\end{array}",
        r"\href{javascript:alert(1)}{x}",
        r"\htmlStyle{color:red}{x}",
        r"\htmlClass{x}{y}",
        r"\includegraphics{a.png}",
        r"\url{https://example.org}",
    ] {
        refused(latex);
    }
}

#[test]
fn what_cannot_be_drawn_has_a_reason() {
    for (latex, part) in [
        (r"\frac{1}{", "end of input"),
        (r"\undefined", r"\undefined"),
        (r"x^2^3", "superscript"),
        (r"\let\a=b\a", r"\let"),
        (r"\ce{\bond{?}}", "bond"),
        (r"\num{abc}", r"\num"),
    ] {
        let reason = refused(latex);
        assert!(reason.contains(part), "{latex}: {reason}");
    }
}

#[test]
fn equal_formulas_give_equal_bytes() {
    let latex = r"\left|\frac{\boldsymbol{x}}{\Big|y}\right|\rule{1em}{2em}";
    assert_eq!(drawn(latex), Renderer::default().formula(latex, true).unwrap());
}
