//! Formulas that are made to use up stack, memory or time.

use rendering::{MAX_CHARACTERS, MAX_DEPTH, Renderer};

/// Draws in a thread with a small stack, whose overflow would end the process.
fn on_small_stack(kibibytes: usize, latex: String) -> Result<String, rendering::Unrenderable> {
    let thread = std::thread::Builder::new().stack_size(kibibytes << 10);
    let drawing = thread.spawn(move || Renderer::default().formula(&latex, true));
    drawing.expect("a thread").join().expect("no panic")
}

#[test]
fn what_is_within_the_bounds_is_drawn_on_a_small_stack() {
    for (open, close) in [
        ("{", "}"),
        (r"\sqrt{", "}"),
        (r"\left(", r"\right)"),
        (r"\frac{1}{", "}"),
        ("x^{", "}"),
        (r"\text{$", "$}"),
        (r"\ce{", "}"),
        (r"\begin{matrix}", r"\end{matrix}"),
    ] {
        let latex = format!("{}x{}", open.repeat(MAX_DEPTH), close.repeat(MAX_DEPTH));
        let drawn = on_small_stack(512, latex.clone());
        // Chemistry has a lower bound of its own.
        assert!(drawn.is_ok() || open == r"\ce{", "{open}: {drawn:?}");
        assert!(on_small_stack(512, format!("{open}{latex}{close}")).is_err(), "{open}");
    }
    for chain in [r"\bf ", r"\displaystyle ", r"\color{red}", r"\large "] {
        assert!(on_small_stack(512, format!("{}x", chain.repeat(200))).is_ok(), "{chain}");
    }
    // Whether these are formulas or not, they end.
    for part in [r"\text ", r"\frac1", r"\not", r"\hat", r"\pu{a//{"] {
        let _ = on_small_stack(512, format!("{}x{}", part.repeat(90), "}".repeat(90 * part.matches('{').count())));
    }
}

#[test]
fn what_is_beyond_the_bounds_is_refused_on_a_small_stack() {
    for part in [
        "{",
        r"\sqrt{",
        r"\left(",
        r"\begin{matrix}",
        r"\frac",
        r"\bf",
        r"\displaystyle",
        r"\text",
        r"\hat",
        r"\mathrm",
        "x^",
        "{%}\n",
        r"\begingroup ",
        r"\bgroup ",
        r"\ce{",
        r"\pu{",
        r"\newcommand{",
        r"\verb|}|{",
        r"\color{red}",
        r"\operatorname",
        r"\overset",
    ] {
        let latex = part.repeat(MAX_CHARACTERS / part.len());
        assert!(on_small_stack(512, latex).is_err(), "{part}");
    }
}

#[test]
fn macros_expand_to_a_bounded_size() {
    for latex in [
        r"\def\a{\a}\a".to_owned(),
        r"\def\a{{\a}}\a".to_owned(),
        r"\def\a{{\bf\bf\bf\bf\bf\bf\bf\bf\bf\bf\a}}\a".to_owned(),
        format!(r"\def\a#1{{{}}}\a{{\a{{\a{{\a{{{}}}}}}}}}", "#1".repeat(1_000), "x".repeat(1_000)),
        format!(r"\def\a#1{{#1#1}}{}x{}", r"\a{".repeat(60), "}".repeat(60)),
        format!(r"\newcommand{{\a}}[1]{{#1#1}}{}\frac12{}", r"\a{".repeat(60), "}".repeat(60)),
        format!(r"\def\a#1{{{}#1{}}}{}x{}", "{".repeat(90), "}".repeat(90), r"\a{".repeat(80), "}".repeat(80)),
        format!(r"\ce{{{}x{}}}", r"^{\ce{".repeat(40), "}}".repeat(40)),
        format!(r"\ce{{{}}}", "$".repeat(2_001)),
        r"\edef\a{xx}\edef\a{\a\a}\a".to_owned(),
    ] {
        assert!(on_small_stack(512, latex.clone()).is_err(), "{latex}");
    }
}

#[test]
fn a_course_cannot_undo_the_bounds() {
    let macros = [
        ("a".to_owned(), r"\b{#1}\b{#1}".to_owned()),
        ("b".to_owned(), r"{\bf #1#1}".to_owned()),
        ("c".to_owned(), r"{\c}".to_owned()),
    ];
    let renderer = Renderer::new(&macros).unwrap();
    let nested = format!("{}x{}", r"\a{".repeat(40), "}".repeat(40));
    let drawn = std::thread::Builder::new().stack_size(512 << 10).spawn(move || {
        assert!(renderer.formula(r"\a{x}", true).is_ok());
        [nested.as_str(), r"\c"].map(|latex| renderer.formula(latex, true).is_ok())
    });
    assert_eq!(drawn.unwrap().join().unwrap(), [false, false]);
}

#[test]
fn lengths_are_bounded() {
    let html = Renderer::default().formula(r"\rule{99999em}{99999em}\hspace{1e9em}x", true);
    assert!(html.is_err() || !html.unwrap().contains("99999"));
}
