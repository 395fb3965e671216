#!/usr/bin/env bash
# pulldown-latex 0.8.0 shows the tie `~` of LaTeX as the six characters of an HTML entity.
#
# Input:    a~b and (0,1),\ (8,2), which LaTeX sets with one space that does not break.
# Guessed:  <mtext> with U+00A0, or with the entity &nbsp;.
# Seen:     0.8.0 writes <mtext>&amp;nbsp;</mtext>, so a browser shows "a&nbsp;b". 0.7.1 wrote the entity itself.
# Cause:    the parser emits the entity as text (`Content::Text`), and since 0.8.0 the MathML writer escapes text.
#
# Needs cargo and a crate registry. Exits with 1 if one of the outputs changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/src/main.rs" <<'RUST'
fn main() {
    for latex in [r"a~b", r"(0,1),\ (8,2)"] {
        println!("{latex}");
        let storage = old::Storage::new();
        let events = old::Parser::new(latex, &storage);
        let mut mathml = String::new();
        old::push_mathml(&mut mathml, events, old::config::RenderConfig::default()).expect("0.7.1 renders");
        println!("  0.7.1 {mathml}");
        let storage = new::Storage::new();
        let events = new::Parser::new(latex, &storage);
        let mut mathml = String::new();
        new::push_mathml(&mut mathml, events, new::config::RenderConfig::default()).expect("0.8.0 renders");
        println!("  0.8.0 {mathml}");
    }
}
RUST
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "tie"
version = "0.0.0"
edition = "2021"

[dependencies]
old = { package = "pulldown-latex", version = "=0.7.1", default-features = false }
new = { package = "pulldown-latex", version = "=0.8.0", default-features = false }
TOML

seen=$(cargo run --quiet --manifest-path "$folder/Cargo.toml")
echo "$seen"
old=$(grep -c '0\.7\.1 .*<mtext>&nbsp;</mtext>' <<< "$seen" || true)
new=$(grep -c '0\.8\.0 .*<mtext>&amp;nbsp;</mtext>' <<< "$seen" || true)
[[ $old == 2 && $new == 2 ]] || { echo "the behaviour changed: $old and $new of 2" >&2; exit 1; }
