use proptest::prelude::*;

use super::*;

fn reduced(html: &str) -> String {
    html_to_text(html, &mut |_, _| 1).text
}

#[test]
fn formulas_come_out_before_tags_are_read() {
    for (html, expected) in [
        (r"<p>Note \(E = \tfrac{1}{2}mv^2\) &amp; more</p>", r"Note $E = \tfrac{1}{2}mv^2$ & more"),
        (r"If \(a<b\) and $x<y$ then \(p &lt; q\)", "If $a<b$ and $x<y$ then $p < q$"),
        (r"\[ a <br> b \] so", "$$a b$$\nso"),
        ("$$x$$.", "$$x$$."),
        (r"Say \[x\], then <b>y</b>", "Say\n$$x$$,\nthen y"),
        ("$x<sub>1</sub>^2$", "$x_{1}^2$"),
        (r"\(x&nbsp;+&nbsp;<em>y</em>\)", "$x + y$"),
        ("costs $5 </p><p> and $6", "costs \\$5\nand \\$6"),
        ("a &#36;5 b", "a \\$5 b"),
        // A dollar in a span of its own is a price, as we write it.
        ("costs <span>$</span>5 costs <span>$</span>5", r"costs \$5 costs \$5"),
        ("<span>$</span>5 and $x$", r"\$5 and $x$"),
        ("$x$ for <span>$</span>5", r"$x$ for \$5"),
        ("<span>$</span><span>$</span>x$y$", r"\$\$x$y$"),
        ("<code>$a = $b</code>", "\\$a = \\$b"),
        ("<!-- $x$ --><script>var a = '$y$'</script><style>$z$</style>t", "t"),
        (r#"<script type="math/tex; mode=display">x^2</script>"#, "$$x^2$$"),
        (r"\begin{align}a&=b\\c&=d\end{align}", r"$$\begin{aligned} a&=b\\c&=d \end{aligned}$$"),
    ] {
        assert_eq!(reduced(html), expected, "{html}");
    }
}

#[test]
fn canvas_and_other_pictures_of_formulas_are_formulas() {
    for (html, expected) in [
        (
            r#"Is <img class="equation_image" src="/equation_images/x" alt="LaTeX: \frac{1}{2}" data-equation-content="\frac{1}{2}"> it?"#,
            r"Is $\frac{1}{2}$ it?",
        ),
        (r#"<span data-equation-content="x &lt; 1">rubbish <b>x</b></span>"#, "$x < 1$"),
        (r#"<img src="a.png" alt="LaTeX: x^2">"#, "$x^2$"),
        (r#"<img class="texrender" src="a.gif" alt="$$\pi$$">"#, r"$\pi$"),
        (
            r#"<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi><annotation encoding="application/x-tex">x_1</annotation></semantics></math></span><span class="katex-html" aria-hidden="true">x1</span></span>"#,
            "$x_1$",
        ),
    ] {
        assert_eq!(reduced(html), expected, "{html}");
    }
}

#[test]
fn scripts_outside_formulas_keep_their_height() {
    for (html, expected) in [
        ("1&nbsp;J&nbsp;=&nbsp;1&nbsp;kg m<sup>2</sup>/s<sup>2</sup>.", "1 J = 1 kg m^{2}/s^{2}."),
        ("H<sub>2</sub>O", "H_{2}O"),
        ("the 5<sup>th</sup> day", "the 5th day"),
        ("x<sup></sup>y", "xy"),
        ("2<sup>n<sup>2</sup></sup>", "2^{n^{2}}"),
    ] {
        assert_eq!(reduced(html), expected, "{html}");
    }
}

#[test]
fn blocks_lists_and_tables_print() {
    for (html, expected) in [
        ("<p>A watt is power.</p><p>An electronvolt is energy.</p>", "A watt is power.\nAn electronvolt is energy."),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("a\n  b", "a b"),
        ("<ul><li>one<li>two<ul><li>deep</ul></ul>after", "- one\n- two\n  - deep\nafter"),
        (r#"<ol start="3"><li>x</li><li><p>y</p><p>z</p></li></ol>"#, "3. x\n4. y\n  z"),
        (r#"<ol type="a"><li>x</li><li>y</li></ol>"#, "a. x\nb. y"),
        ("t<table><tr><td>t</td><td>0</td></tr><tr><th>v<td></tr></table>u", "t\nt | 0\nv |\nu"),
        ("<table><tbody><tr><td><p>a</p><p>b</p></td><td>c</td></tr></tbody></table>", "a b | c"),
        ("<pre>for x:\n  y</pre>z", "for x:\n  y\nz"),
        ("x<y and std::vector<int> a", "x<y and std::vector<int> a"),
        ("a<b and c>d", "a<b and c>d"),
        ("&eacute;&nbsp;&#8712;&unknown; AT&T", "é ∈&unknown; AT&T"),
        ("<o:p>Word</o:p><![CDATA[ <b>data</b> ]]>", "Word data"),
    ] {
        assert_eq!(reduced(html), expected, "{html}");
    }
}

#[test]
fn images_become_numbered_figures() {
    let mut seen = Vec::new();
    let out = html_to_text(
        r#"See <img src="@@PLUGINFILE@@/ramp.png" alt="a $5 ramp"> and <svg width="1"><text>$x</text></svg>.<img alt="none"><video src="v.mp4"></video>"#,
        &mut |source, alt| {
            seen.push((source.to_owned(), alt.to_owned()));
            seen.len()
        },
    );
    assert_eq!(out.text, "See [figure 1] and [figure 2].");
    assert_eq!(seen[0], ("@@PLUGINFILE@@/ramp.png".to_owned(), "a $5 ramp".to_owned()));
    assert_eq!(seen[1].0, r#"data:image/svg+xml,<svg width="1"><text>$x</text></svg>"#);
    assert_eq!(out.warnings, ["An element <video> is left out: v.mp4."]);
}

#[test]
fn mathml_becomes_latex() {
    for (math, expected) in [
        ("<mfrac><mn>1</mn><mi>x</mi></mfrac>", r"\frac{1}{x}"),
        (
            "<msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><msub><mi>a</mi><mrow><mi>i</mi><mo>,</mo><mi>j</mi></mrow></msub>",
            "x^{2}+a_{i,j}",
        ),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x+1}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<mi>α</mi><mi>x</mi><mo>≤</mo><mi>π</mi><mi>r</mi>", r"\alpha x\le\pi r"),
        ("<mi>sin</mi><mo>&#x2061;</mo><mi>x</mi>", r"\sin x"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>i</mi>",
            r"\sum_{i=1}^{n}i",
        ),
        ("<munder><mo>lim</mo><mrow><mi>x</mi><mo>→</mo><mn>0</mn></mrow></munder>", r"\lim _{x\to0}"),
        ("<mover><mi>v</mi><mo>→</mo></mover>", r"\vec{v}"),
        ("<mover><mrow><mi>A</mi><mi>B</mi></mrow><mo>¯</mo></mover>", r"\overline{AB}"),
        ("<mo>(</mo><mfrac><mi>a</mi><mi>b</mi></mfrac><mo>)</mo>", r"\left(\frac{a}{b}\right)"),
        ("<mo>(</mo><mi>a</mi><mo>)</mo>", "(a)"),
        (
            "<mrow><mo>{</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>x</mi></mtd></mtr><mtr><mtd><mn>2</mn></mtd><mtd/></mtr></mtable></mrow>",
            r"\left\{\begin{matrix} 1 & x \\ 2 & \end{matrix}\right.",
        ),
        ("<mfenced open='[' close=')'><mi>a</mi><mi>b</mi></mfenced>", r"\left[a,b\right)"),
        ("<mi mathvariant='double-struck'>R</mi><mtext> if 5% </mtext>", r"\mathbb{R}\text{if 5\%}"),
        ("<mmultiscripts><mi>C</mi><mn>6</mn><none/><mprescripts/><none/><mn>12</mn></mmultiscripts>", "{}^{12}C_{6}"),
        ("<msup><mrow><mi>x</mi><mo>+</mo><mi>y</mi></mrow><mn>2</mn></msup>", "{x+y}^{2}"),
        ("<mi>x</mi><mo>&lt;</mo><mi>y</mi>", "x<y"),
        ("<mi>f</mi><mo>′</mo>", "f'"),
    ] {
        let html = format!("<math xmlns='http://www.w3.org/1998/Math/MathML'>{math}</math>");
        assert_eq!(reduced(&html), format!("${expected}$"), "{math}");
        let prefixed = html.replace('<', "<m:").replace("<m:/", "</m:");
        assert_eq!(reduced(&prefixed), format!("${expected}$"), "{prefixed}");
    }
    assert_eq!(reduced(r#"a<math display="block"><mi>x</mi></math>b"#), "a\n$$x$$\nb");
}

#[test]
fn hostile_nesting_takes_linear_time() {
    for piece in [
        "<div>",
        "<b>",
        "<table><tr><td>",
        "<ul><li>",
        "<sup>",
        "<math><mrow>",
        "</p>",
        "<!--",
        "\\(",
        "$",
        "$$",
        "<",
        "<a ",
        "<a =\"",
        "&",
        "\\begin{align}",
        "<svg>",
        "<p><b>",
        "<1",
        "&lt",
        "\u{fdd0}",
        "<a x=1 y=2 ",
        "<style>",
        "\\",
        "<img src=x>",
    ] {
        let html = piece.repeat(10_000);
        let _ = reduced(&html);
        let _ = plain_to_text(&html);
        let _ = is_html(&html);
        let _ = reduced(&format!("{html}>"));
    }
    let attributes = format!("<a {}>x</a>", "b=1 c=2 ".repeat(50_000));
    assert_eq!(reduced(&attributes), "x");
    let image = format!("<img src='data:image/png;base64,{}'>", "A".repeat(1 << 20));
    assert_eq!(reduced(&image), "[figure 1]");
}

proptest! {
    #[test]
    fn no_text_panics(pieces in proptest::collection::vec(prop_oneof![
        Just("<p>".to_owned()), Just("</p>".to_owned()), Just("<math>".to_owned()), Just("<mfrac>".to_owned()),
        Just("<mo>(</mo>".to_owned()), Just("</math>".to_owned()), Just("$".to_owned()), Just("\\(".to_owned()),
        Just("\\)".to_owned()), Just("\\".to_owned()), Just("<sub>".to_owned()), Just("<li>".to_owned()),
        Just("<td".to_owned()), Just("=\"".to_owned()), Just(">".to_owned()), Just("&amp;".to_owned()),
        Just("<mmultiscripts>".to_owned()), Just("<munder>".to_owned()), Just("\\text{".to_owned()), Just("}".to_owned()),
        Just("<msup>".to_owned()), Just("\u{fdd0}1\u{fdd1}".to_owned()), "\\PC{0,6}",
    ], 0..60)) {
        let text = pieces.concat();
        let _ = reduced(&text);
        let _ = plain_to_text(&text);
        let _ = is_html(&text);
    }

    #[test]
    fn dollars_stay_balanced(text in "[a-z0-9 $.\\\\()<>]{0,40}") {
        for out in [reduced(&text), plain_to_text(&text)] {
            let unescaped = out.replace("\\\\", "").replace("\\$", "");
            prop_assert_eq!(unescaped.matches('$').count() % 2, 0, "{} became {}", text, out);
        }
    }
}
