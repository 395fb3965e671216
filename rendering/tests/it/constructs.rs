//! The constructs of `fixtures/constructs.json`: which are drawn, and that nothing of their source shows through.

use rendering::Renderer;

/// What is no formula, or refers to something outside it.
const REFUSED: [&str; 20] = [
    r"\begin{tabular}{c}a\end{tabular}",
    r"\limits",
    r"\limits_a",
    r"\ref{a}",
    r"\eqref{a}",
    r"\hline",
    r"\includegraphics{a.png}",
    r"\href{https://a}{x}",
    r"\url{https://a}",
    r"\begin{itemize}\item a\end{itemize}",
    r"\begin{enumerate}\item a\end{enumerate}",
    r"\begin{tikzpicture}\draw(0,0);\end{tikzpicture}",
    r"\begin{center}x\end{center}",
    r"\rotatebox{90}{x}",
    r"\prescript{14}{6}{C}",
    r"x^2^3",
    r"x_",
    r"a & b",
    r"\unicode{x263a}",
    "",
];

#[test]
fn constructs_are_drawn_or_refused_as_expected() {
    let constructs: Vec<String> = serde_json::from_str(include_str!("../fixtures/constructs.json")).unwrap();
    assert_eq!(constructs.len(), 477);
    let renderer = Renderer::default();
    for construct in &constructs {
        match (renderer.formula(construct, true), renderer.formula(construct, false)) {
            (Ok(displayed), inline) => {
                assert!(!REFUSED.contains(&construct.as_str()), "{construct} is drawn");
                assert!(inline.is_ok(), "{construct}: {inline:?}");
                for html in [displayed].into_iter().chain(inline) {
                    assert!(rendering::is_safe(&html), "{construct}: {html}");
                    let shows_source =
                        html.contains('\\') && !construct.contains(r"\backslash") && !construct.contains(r"\setminus");
                    assert!(!shows_source, "{construct}: {html}");
                }
            }
            (Err(error), _) => assert!(REFUSED.contains(&construct.as_str()), "{construct}: {error}"),
        }
    }
}
