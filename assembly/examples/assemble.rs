//! Puts together an exam from a file: prints the loss, the questions and the CPU time.
//!
//!     cargo run --release -p assembly --example assemble -- FILE… [--seed N] [--looks N] [--json]
//!
//! `--seed` is 1 and `--looks`, the effort, is the default of the service. `--json` prints a line of JSON for each
//! file. `docs/assembly.md` describes the format of a file. CPU time covers only the search and needs Linux.

use std::fmt::Display;
use std::process::ExitCode;
use std::str::{FromStr, Lines};
use std::time::Duration;
use std::{env, fs};

use assembly::{AssembledForm, Blueprint, Candidate, DIFFICULTIES, Effort, Instance, Weights, assemble};
use serde_json::json;

const USAGE: &str = "assemble FILE… [--seed N] [--looks N] [--json]";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]
fn main() -> ExitCode {
    let arguments = match Arguments::parse(env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(reason) => {
            eprintln!("{reason}\nusage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    for file in &arguments.files {
        match run(file, &arguments) {
            Ok(line) => println!("{line}"),
            Err(reason) => {
                eprintln!("{file}: {reason}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

struct Arguments {
    files: Vec<String>,
    seed: u64,
    effort: Effort,
    json: bool,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self { files: Vec::new(), seed: 1, effort: Effort::default(), json: false };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => arguments.json = true,
                "--seed" => arguments.seed = number(words.next(), "--seed")?,
                "--looks" => arguments.effort.looks = number(words.next(), "--looks")?,
                option if option.starts_with("--") => return Err(format!("no option {option}")),
                _ => arguments.files.push(word),
            }
        }
        if arguments.files.is_empty() { Err("no file".to_owned()) } else { Ok(arguments) }
    }
}

fn number(word: Option<String>, option: &str) -> Result<u64, String> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| format!("{option} wants a whole number"))
}

/// Reads and solves one file and returns the line to print.
fn run(file: &str, arguments: &Arguments) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let instance = parse(&text)?;
    let started = cpu_time()?;
    let form = assemble(&instance, arguments.seed, arguments.effort).map_err(|error| error.to_string())?;
    let cpu = cpu_time()?.saturating_sub(started);
    Ok(if arguments.json { json_line(file, arguments.seed, &form, cpu) } else { text_line(file, &form, cpu) })
}

fn text_line(file: &str, form: &AssembledForm, cpu: Duration) -> String {
    let selection: Vec<String> = form.selection.iter().map(ToString::to_string).collect();
    let milliseconds = cpu.as_secs_f64() * 1e3;
    format!("{file}  loss {:.6}  CPU {milliseconds:.1} ms  questions {}", form.fit.loss, selection.join(" "))
}

fn json_line(file: &str, seed: u64, form: &AssembledForm, cpu: Duration) -> String {
    json!({
        "file": file,
        "seed": seed,
        "loss": form.fit.loss,
        "selection": form.selection,
        "cpu_ms": cpu.as_secs_f64() * 1e3,
        "looks": form.looks,
        "fit": form.fit,
    })
    .to_string()
}

/// The CPU time of this thread so far, from Linux, which counts it in nanoseconds.
fn cpu_time() -> Result<Duration, String> {
    let path = "/proc/thread-self/schedstat";
    let text = fs::read_to_string(path).map_err(|error| format!("CPU time wants Linux: {path}: {error}"))?;
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| format!("{path} has no number"))
}

/// Reads the instance format.
fn parse(text: &str) -> Result<Instance, String> {
    let mut lines = Numbered { lines: text.lines(), number: 0 };
    let mut head = lines.next("n T P N points minutes pattern_max techniques")?;
    let (questions_in_bank, topics, patterns) = (head.field("n")?, head.field("T")?, head.field::<usize>("P")?);
    let (questions, points, minutes) = (head.field("N")?, head.field("points")?, head.field("minutes")?);
    let (pattern_max, techniques) = (head.field("pattern_max")?, head.field("techniques")?);
    head.end()?;
    let topics = lines.next("the wishes by topic")?.list::<Vec<f64>>(topics)?;
    let difficulty = lines.next("the wishes by difficulty")?.list::<Vec<f64>>(DIFFICULTIES)?;
    let difficulty = std::array::from_fn(|level| difficulty[level]);
    let weights = weights(lines.next("the weights")?)?;
    let blueprint = Blueprint { questions, topics, difficulty, points, minutes, techniques, pattern_max, weights };

    let mut candidates = Vec::new();
    for _ in 0..questions_in_bank {
        candidates.push(candidate(lines.next("a question")?, &blueprint, patterns)?);
    }
    lines.finish()?;
    Instance::new(blueprint, candidates).map_err(|error| error.to_string())
}

fn weights(mut line: Line) -> Result<Weights, String> {
    let weights = Weights {
        topics: line.field("weight of the topics")?,
        difficulty: line.field("weight of the difficulty")?,
        points: line.field("weight of the points")?,
        minutes: line.field("weight of the minutes")?,
        techniques: line.field("weight of the techniques")?,
        worst: line.field("weight of the worst")?,
        usefulness: line.field("weight of the usefulness")?,
    };
    line.end()?;
    Ok(weights)
}

fn candidate(mut line: Line, blueprint: &Blueprint, patterns: usize) -> Result<Candidate, String> {
    let candidate = Candidate {
        topic: line.field("topic")?,
        difficulty: line.field("difficulty")?,
        points: line.field("points")?,
        minutes: line.field("minutes")?,
        pattern: line.optional("pattern")?,
        techniques: line.field("techniques")?,
        family: line.optional("family")?,
        usefulness: line.field("usefulness")?,
    };
    line.end()?;
    let pattern_is_known =
        candidate.pattern.is_none_or(|pattern| usize::try_from(pattern).is_ok_and(|pattern| pattern < patterns));
    let checks = [
        ("topic", candidate.topic < blueprint.topics.len()),
        ("difficulty", candidate.difficulty < DIFFICULTIES),
        ("pattern", pattern_is_known),
        ("usefulness", (0.0..=1.0).contains(&candidate.usefulness)),
    ];
    match checks.into_iter().find(|&(_, good)| !good) {
        Some((field, _)) => Err(line.error(&format!("{field} is out of range"))),
        None => Ok(candidate),
    }
}

/// The lines of a file with their numbers.
struct Numbered<'a> {
    lines: Lines<'a>,
    number: usize,
}

impl<'a> Numbered<'a> {
    fn next(&mut self, what: &str) -> Result<Line<'a>, String> {
        self.number += 1;
        let text = self.lines.next().ok_or_else(|| format!("line {}: {what} is missing", self.number))?;
        Ok(Line { number: self.number, words: text.split_whitespace().collect(), read: 0 })
    }

    fn finish(mut self) -> Result<(), String> {
        match self.lines.position(|line| !line.trim().is_empty()) {
            Some(more) => Err(format!("line {}: more questions than the first line says", self.number + more + 1)),
            None => Ok(()),
        }
    }
}

/// One line, read field by field.
struct Line<'a> {
    number: usize,
    words: Vec<&'a str>,
    read: usize,
}

impl Line<'_> {
    fn error(&self, reason: &dyn Display) -> String {
        format!("line {}: {reason}", self.number)
    }

    fn word(&mut self, what: &str) -> Result<&str, String> {
        let word = self.words.get(self.read).copied().ok_or_else(|| self.error(&format!("{what} is missing")))?;
        self.read += 1;
        Ok(word)
    }

    fn field<T: FromStr>(&mut self, what: &str) -> Result<T, String> {
        let number = self.number;
        let word = self.word(what)?;
        word.parse().map_err(|_| format!("line {number}: {what} cannot be {word:?}"))
    }

    /// A field that `-` leaves out.
    fn optional<T: FromStr>(&mut self, what: &str) -> Result<Option<T>, String> {
        if self.words.get(self.read) == Some(&"-") {
            self.read += 1;
            return Ok(None);
        }
        self.field(what).map(Some)
    }

    fn list<C: FromIterator<f64>>(mut self, len: usize) -> Result<C, String> {
        let numbers = (0..len).map(|index| self.field(&format!("number {}", index + 1))).collect();
        self.end()?;
        numbers
    }

    fn end(&self) -> Result<(), String> {
        if self.read < self.words.len() { Err(self.error(&"too many fields")) } else { Ok(()) }
    }
}
