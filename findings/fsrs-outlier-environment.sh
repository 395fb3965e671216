#!/usr/bin/env bash
# fsrs 6.6.2 (crates.io): `compute_parameters` gives other parameters if the environment has FSRS_NO_OUTLIER.
#
# Input:    the same 600 review histories, twice: without the variable, and with FSRS_NO_OUTLIER=1. Ten of the histories have a
#           first interval that is rare.
# Guessed:  the result of a library's function follows from its arguments.
# Seen:     the parameters differ: with the variable, the rare first intervals are not left out.
#
# Needs a Rust toolchain and a package registry. Exits with 1 if the behaviour changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" << 'TOML'
[package]
name = "outliers"
version = "0.0.0"
edition = "2024"

[dependencies]
fsrs = { version = "=6.6.2", default-features = false }
TOML
cat > "$folder/src/main.rs" << 'RUST'
use fsrs::{ComputeParametersInput, FSRSItem, FSRSReview, compute_parameters};

fn main() {
    let mut train_set = Vec::new();
    for number in 0..600_u32 {
        let first = if number < 10 { 60 } else { 1 + number % 4 };
        let rating = if number % 5 == 0 && first != 60 { 1 } else { 3 };
        let review = |rating, delta_t| FSRSReview { rating, delta_t };
        train_set.push(FSRSItem { reviews: vec![review(3, 0), review(rating, first)] });
        train_set.push(FSRSItem { reviews: vec![review(3, 0), review(rating, first), review(3, 5)] });
    }
    let input = ComputeParametersInput { train_set, enable_short_term: true, ..Default::default() };
    let parameters = compute_parameters(input).unwrap();
    println!("{:.2} {:.2} {:.2} {:.2}", parameters[0], parameters[1], parameters[2], parameters[3]);
}
RUST
cargo build --quiet --manifest-path "$folder/Cargo.toml"
program="$folder/target/debug/outliers"
without=$(env -u FSRS_NO_OUTLIER "$program")
with=$(FSRS_NO_OUTLIER=1 "$program")
again=$(env -u FSRS_NO_OUTLIER "$program")
echo "first four parameters without FSRS_NO_OUTLIER: $without"
echo "with it:                                       $with"
[[ $without == "$again" && $without != "$with" ]] || { echo "the behaviour changed" >&2; exit 1; }
