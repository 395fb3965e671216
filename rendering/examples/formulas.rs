//! Draws each formula of a JSON array on standard input and prints a JSON array of `{"html"}` or `{"error"}`.
//!
//! `rendering/compare/` compares its output with that of `KaTeX` and Temml. With `--time`, it prints times and sizes instead.

use std::io::{Read as _, Write as _};

use rendering::Renderer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let formulas: Vec<String> = serde_json::from_str(&input)?;
    let renderer = Renderer::default();
    let mut output = std::io::stdout().lock();
    if std::env::args().any(|argument| argument == "--time") {
        let mut bytes = 0;
        let rounds = 20;
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            bytes =
                formulas.iter().filter_map(|formula| renderer.formula(formula, true).ok()).map(|html| html.len()).sum();
        }
        let each = start.elapsed() / rounds / u32::try_from(formulas.len().max(1))?;
        let start = std::time::Instant::now();
        let built = Renderer::default();
        let building = start.elapsed();
        drop(built);
        writeln!(
            output,
            "{} formulas, {bytes} bytes, {each:?} a formula, {building:?} to build the renderer",
            formulas.len()
        )?;
        return Ok(());
    }
    let drawn: Vec<_> = formulas
        .iter()
        .map(|formula| match renderer.formula(formula, true) {
            Ok(html) => serde_json::json!({ "html": html }),
            Err(error) => serde_json::json!({ "error": error.reason }),
        })
        .collect();
    serde_json::to_writer(&mut output, &drawn)?;
    Ok(())
}
