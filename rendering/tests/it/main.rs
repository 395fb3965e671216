//! Tests of the renderer as its callers see it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests panic")]

mod bounds;
mod chemistry;
mod constructs;
mod drawing;
mod macros;
mod properties;

use rendering::Renderer;

/// Draws a displayed formula.
fn drawn(latex: &str) -> String {
    let html = Renderer::default().formula(latex, true).unwrap_or_else(|error| panic!("{latex}: {error}"));
    assert!(rendering::is_safe(&html), "{latex}: {html}");
    html
}

/// Draws a displayed formula, without the elements around it.
fn inside(latex: &str) -> String {
    let html = drawn(latex);
    let html =
        html.strip_prefix("<math display=\"block\">").and_then(|html| html.strip_suffix("</math>")).unwrap_or(&html);
    let row = html
        .strip_prefix("<mrow>")
        .and_then(|html| html.strip_suffix("</mrow>"))
        .filter(|html| !html.contains("mrow>"));
    row.unwrap_or(html).to_owned()
}

/// The text of all elements, without what has no width.
fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    text.replace('\u{2061}', "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn refused(latex: &str) -> String {
    match Renderer::default().formula(latex, true) {
        Ok(html) => panic!("{latex}: {html}"),
        Err(error) => error.reason,
    }
}
