//! Measures the checker of answers on a file of labelled pairs.
//!
//!     cargo run --release -p tests --example marking -- PATH [--list] [--units-convertible]
//!
//! Each line of the file has, separated by tabs: the expected answer, the given answer, the verdict of a teacher (`right`,
//! `wrong`, or `not right` where wrong and undecided are equally good) and, in the last column, a kind. A first line that
//! begins with `expected` is a heading; a line that begins with `#` is a comment.
//!
//! `--list` prints every pair whose verdict is not the teacher's. `--units-convertible` measures with that rule.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shared::domain::answer::{CheckResult, Rules, Units, check};

/// Each pair is checked this often; its shortest time counts, so that an interruption does not.
const REPETITIONS: u32 = 5;

#[derive(Default)]
struct Counts {
    pairs: u32,
    agreed: u32,
    false_accepts: u32,
    false_rejects: u32,
    undecided: u32,
}

impl Counts {
    fn add(&mut self, label: &str, verdict: CheckResult) -> bool {
        let agreed = match (label, verdict) {
            ("right", CheckResult::Right)
            | ("wrong", CheckResult::Wrong)
            | ("not right", CheckResult::Wrong | CheckResult::Undecided) => true,
            (_, CheckResult::Right) => {
                self.false_accepts += 1;
                false
            }
            ("right", CheckResult::Wrong) => {
                self.false_rejects += 1;
                false
            }
            _ => {
                self.undecided += 1;
                false
            }
        };
        self.pairs += 1;
        self.agreed += u32::from(agreed);
        agreed
    }

    fn print(&self, kind: &str) {
        let Self { pairs, agreed, false_accepts, false_rejects, undecided } = self;
        println!(
            "{pairs:6} {agreed:7} {:6.1} % {false_accepts:14} {false_rejects:14} {undecided:10}  {kind}",
            100.0 * f64::from(*agreed) / f64::from((*pairs).max(1)),
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let Some(path) = arguments.iter().find(|argument| !argument.starts_with("--")) else {
        eprintln!("usage: marking PATH [--list] [--units-convertible]");
        std::process::exit(2);
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            std::process::exit(1);
        }
    };
    let rules = rules(flag("--units-convertible"));
    let mut kinds: BTreeMap<String, Counts> = BTreeMap::new();
    let mut total = Counts::default();
    let mut times = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() || (number == 0 && line.starts_with("expected")) {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let &[expected, given, label, ..] = fields.as_slice() else {
            eprintln!("{path}:{}: needs an expected answer, a given answer and a verdict", number + 1);
            std::process::exit(1);
        };
        if !matches!(label, "right" | "wrong" | "not right") {
            eprintln!("{path}:{}: {label:?} is not a verdict", number + 1);
            std::process::exit(1);
        }
        let kind = fields.get(3..).and_then(<[&str]>::last).copied().unwrap_or("no kind");
        let (verdict, time) = timed(expected, given, &rules);
        times.push(time);
        total.add(label, verdict);
        if !kinds.entry(kind.to_owned()).or_default().add(label, verdict) && flag("--list") {
            println!("{verdict:?}, teacher: {label}\t{expected}\t{given}\t{kind}");
        }
    }
    println!(" pairs  agreed    share  false accepts  false rejects  undecided  kind");
    for (kind, counts) in &kinds {
        counts.print(kind);
    }
    total.print("all");
    times.sort();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let shown = |time: Option<&Duration>| time.map_or_else(String::new, |time| format!("{time:.1?}"));
    println!("time of a check: p50 {}, p99 {}, longest {}", shown(at(50)), shown(at(99)), shown(times.last()));
}

fn rules(convertible: bool) -> Rules {
    let units = if convertible { Units::Convertible } else { Units::Same };
    Rules { units, ..Rules::default() }
}

fn timed(expected: &str, given: &str, rules: &Rules) -> (CheckResult, Duration) {
    let mut best = Duration::MAX;
    let mut verdict = CheckResult::Undecided;
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        verdict = check(expected, given, rules);
        best = best.min(start.elapsed());
    }
    (verdict, best)
}
