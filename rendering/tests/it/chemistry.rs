//! Chemistry and units.

use crate::{drawn, refused, text};

#[test]
fn formulas_show_their_symbols() {
    for (latex, shown) in [
        (r"\ce{H2O}", "XH2O"),
        (r"\ce{2H2 + O2 -> 2H2O}", "2H2+O2→2H2O"),
        (r"\ce{SO4^2-}", "SO42−"),
        (r"\ce{Fe^{III}}", "FeIII"),
        (r"\ce{A <=> B}", "A⇌B"),
        (r"\ce{A ->[x][y] B}", "A→yxB"),
        (r"\ce{CuSO4*5H2O}", "CuSO4⋅5H2O"),
        (r"\ce{NaCl(aq)}", "NaCl(aq)"),
        (r"\ce{CO2 ^}", "CO2↑"),
        (r"\ce{AgCl v}", "AgCl↓"),
        (r"\ce{A-B=C#D}", "A−B=C≡D"),
        (r"\ce{1/2 O2}", "12O2"),
        (r"\ce{NO^{.}}", "NO∙"),
        (r"K_{\ce{a}}", "Ka"),
        (r"\ce{K_{\ce{a}}}", "Ka"),
        (r"\frac{\ce{A}}{\ce{B}}", "AB"),
        (r"\text{in \ce{H2O}}", "in\u{a0}H2O"),
        (r"\pu{9.81 m s-2}", "9.81ms−2"),
        (r"\pu{1,5e3 kJ/mol}", "1,5⋅103kJ/mol"),
        (r"\pu{25 °C}", "25∘C"),
        (r"\pu{12345 m}", "12345m"),
        (r"\SI{3e8}{\meter\per\second}", "3×108ms−1"),
        (r"\SI[per-mode=symbol]{5}{kg.m^{-3}}", "5kgm−3"),
        (r"\qty{90}{\degree}", "90∘"),
        (r"\unit{\kilo\ohm}", "kΩ"),
        (r"\num{12345.678}", "12345.678"),
        (r"\ang{30;15}", "30∘15′"),
        (r"\SIrange{1}{2}{\metre}", "1m\u{a0}to\u{a0}2m"),
        (r"\numlist{1;2}", "1\u{a0}and\u{a0}2"),
    ] {
        let html = drawn(latex);
        let visible = text(&without_phantoms(&html)).replace(['\u{2009}', '\u{200a}'], "");
        assert_eq!(visible.replace('\u{a0}', ""), shown.replace(['X', '\u{a0}'], ""), "{latex}: {html}");
    }
}

/// The markup without what is not seen.
fn without_phantoms(html: &str) -> String {
    let mut visible = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<mphantom>") {
        visible.push_str(before);
        rest = after.split_once("</mphantom>").map_or("", |(_, rest)| rest);
    }
    visible + rest
}

#[test]
fn arrows_are_as_wide_as_an_arrow_is() {
    let html = drawn(r"\ce{A -> B}");
    assert!(html.contains("<mo stretchy=\"true\">→</mo>") && html.contains("padding-left:1.2em"), "{html}");
}

#[test]
fn what_is_no_chemistry_is_refused() {
    for latex in [r"\ce{\bond{x}}", r"\ce", r"\pu", r"\qty", r"\num{\evil}", r"\ang{1;2;3;4}", r"\SI{1}{#}"] {
        refused(latex);
    }
}
