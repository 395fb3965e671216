//! Reads mutated files in each format for a time, and reports panics and slow inputs: `fuzz_files SECONDS [FORMAT…]`.
//!
//! The seeds are the fixtures, and what the writers make of them. The input that is being read is kept in
//! `target/fuzz-formats/`, so that it is known after a crash, too.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::io::{Cursor, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fastrand::Rng;
use formats::package::Package;
use formats::{Bank, Format, detect, ours, read, write};

/// A reader that takes longer is reported.
const SLOW: Duration = Duration::from_secs(5);
/// Larger inputs would only make the search slower.
const BYTES_MAX: usize = 256 * 1024;
/// Pieces at which readers decide something.
const WORDS: [&str; 48] = [
    "{",
    "}",
    "~",
    "=",
    "#",
    "%50%",
    "%-33.333%",
    "->",
    "::",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "[figure 1]",
    "[gap 1]",
    "&nbsp;",
    "&#0;",
    "<p>",
    "</p>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "\\begin{parts}",
    "\\end{parts}",
    "\\question[1\\half]",
    "\\part",
    "\\newcommand{\\a}[1]{#1}",
    "\\fillin[x]",
    "\"",
    ";",
    "\t",
    "\r\n",
    "sep=;\n",
    "ANSWER: B",
    "A) ",
    "1e400",
    "-0",
    "99999999999999999999",
    "0x1p-1074",
    "NaN",
    "1/0",
    "\u{feff}",
    "\u{202e}",
    "𝑥",
    "{1:NUMERICAL:=1:0}",
    "identifier=\"a\"",
];

struct Seed {
    bytes: Vec<u8>,
    /// The members of a zip, which are changed before they are packed again.
    members: Vec<(String, Vec<u8>)>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(10);
    let wanted: Vec<Format> = arguments.map(|name| Format::named(&name).unwrap()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../target/fuzz-formats");
    std::fs::create_dir_all(&folder).unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    let seeds = seeds(root);
    let formats: Vec<Format> =
        Format::ALL.into_iter().filter(|format| wanted.is_empty() || wanted.contains(format)).collect();
    let mut findings = 0;
    for format in formats {
        let own: Vec<&Seed> = seeds.iter().filter(|(of, _)| *of == format).map(|(_, seed)| seed).collect();
        let all: Vec<&Seed> = seeds.iter().map(|(_, seed)| seed).collect();
        findings += fuzz(format, &own, &all, Duration::from_secs(seconds), &folder);
    }
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads mutations for a time. Returns how many panics and slow inputs were found.
fn fuzz(format: Format, own: &[&Seed], all: &[&Seed], time: Duration, folder: &Path) -> usize {
    let seed = fastrand::u64(..);
    let mut rng = Rng::with_seed(seed);
    let current = folder.join(format!("{}.current", format.name()));
    let begin = Instant::now();
    let (mut executions, mut taken, mut findings, mut slowest) = (0_u64, 0_u64, 0, Duration::ZERO);
    while begin.elapsed() < time {
        let input = mutated(&mut rng, own, all);
        std::fs::write(&current, &input).unwrap();
        let (is_detected, is_written) = (rng.u8(..) < 32, rng.u8(..) < 16);
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let read = if is_detected {
                detect(&input).and_then(|format| read("f", &input, Some(format)))
            } else {
                read("f", &input, Some(format))
            };
            let bank = read.map(|read| read.bank).unwrap_or_default();
            // What is read is stored, and now and then written again, which takes longer than to read it.
            for question in &bank.questions {
                drop(ours::row(question));
            }
            if is_written {
                drop(written(&bank));
            }
            bank.questions.len()
        }));
        let elapsed = start.elapsed();
        slowest = slowest.max(elapsed);
        executions += 1;
        taken += u64::from(result.as_ref().is_ok_and(|count| *count > 0));
        if result.is_err() || elapsed > SLOW {
            findings += 1;
            let kind = if result.is_err() { "panic" } else { "slow" };
            let path: PathBuf = folder.join(format!("{}-{kind}-{findings}", format.name()));
            std::fs::write(&path, &input).unwrap();
            println!("{}: {kind}, {elapsed:.1?}: {}", format.name(), path.display());
        }
    }
    println!(
        "{}: {executions} inputs in {:.0} s, questions in {taken}, slowest {slowest:.2?}, {findings} findings (seed {seed})",
        format.name(),
        begin.elapsed().as_secs_f64()
    );
    findings
}

/// What each writer makes of a bank.
fn written(bank: &Bank) -> Vec<(Format, Vec<u8>)> {
    vec![
        (Format::Gift, write::gift(bank, true).bytes),
        (Format::MoodleXml, write::moodle_xml(bank, true).bytes),
        (Format::Qti, write::qti3(bank, true).bytes),
        (Format::Csv, write::csv(bank, true).bytes),
        (Format::ExamTex, write::exam_tex(bank, true).bytes),
    ]
}

fn seeds(root: &Path) -> Vec<(Format, Seed)> {
    let mut seeds = Vec::new();
    let fixtures = root.join("tests/fixtures");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(path).unwrap();
        let read = read(&path.file_name().unwrap().to_string_lossy(), &bytes, None).unwrap();
        for (format, bytes) in written(&read.bank) {
            seeds.push((format, seed(bytes)));
        }
        seeds.push((read.format, seed(bytes)));
    }
    let package = packed(&folder(&fixtures.join("qti3-package"), ""));
    seeds.push((Format::Qti, seed(package)));
    let course = br#"{"course": {"id": "c", "name": "C"}, "exams": [{"id": "e", "year": 2021, "exam_type": "final"}], "topics": [{"id": "t", "name": "T", "category": "K"}], "questions": [{"id": "q", "topic_id": "t", "exam_id": "e", "question_text": "1 + [gap 1]?", "parts": [{"text": "", "is_gap": true, "answer": "2", "answer_rules": {"accepted": [{"from": "1", "to": "3"}]}}]}]}"#;
    seeds.push((Format::Catalogue, seed(course.to_vec())));
    seeds.push((
        Format::Anki,
        seed(b"#separator:tab\n#html:true\n#tags column:3\nWhat is <b>2</b>?\t2\tmath easy\n".to_vec()),
    ));
    let qti12 = std::fs::read(fixtures.join("canvas-qti12.xml")).unwrap();
    seeds.push((Format::Qti12, seed(packed(&[("quiz.xml".to_owned(), qti12)]))));
    seeds
}

fn folder(path: &Path, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(folder(&entry.path(), &format!("{name}/")));
        } else {
            files.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    files
}

fn seed(bytes: Vec<u8>) -> Seed {
    let members = Package::is_zip(&bytes).then(|| Package::from_zip(&bytes).unwrap());
    let members = members.iter().flat_map(Package::files).map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    Seed { members: members.collect(), bytes }
}

fn packed(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        if writer.start_file(name.as_str(), stored).is_ok() {
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn mutated(rng: &mut Rng, own: &[&Seed], all: &[&Seed]) -> Vec<u8> {
    let Some(seed) = rng.choice(own.iter().copied()) else {
        return (0..rng.usize(0..2000)).map(|_| rng.u8(..)).collect();
    };
    // Random bytes, a changed zip as it is, and mostly changed content.
    match rng.u8(..) {
        0..4 => (0..rng.usize(0..2000)).map(|_| rng.u8(..)).collect(),
        4..250 if !seed.members.is_empty() => {
            let mut members = seed.members.clone();
            let at = rng.usize(..members.len());
            change(rng, &mut members[at].1, all);
            if rng.u8(..) < 16 {
                change(rng, &mut members[at].1, all);
                let gone = rng.usize(..members.len());
                members.remove(gone);
            }
            packed(&members)
        }
        _ => {
            let mut bytes = seed.bytes.clone();
            change(rng, &mut bytes, all);
            bytes
        }
    }
}

/// Applies one to eight changes.
fn change(rng: &mut Rng, bytes: &mut Vec<u8>, all: &[&Seed]) {
    for _ in 0..rng.usize(1..=8) {
        let at = rng.usize(..=bytes.len());
        let end = (at + rng.usize(..64)).min(bytes.len());
        match rng.u8(..9) {
            0 => drop(bytes.drain(at..end)),
            1 if at < bytes.len() => bytes[at] = rng.u8(..),
            2 => drop(bytes.splice(at..at, (0..rng.usize(..8)).map(|_| rng.u8(..)).collect::<Vec<_>>())),
            3..6 => drop(bytes.splice(at..end.min(at + 3), rng.choice(WORDS).unwrap().bytes())),
            // The same once more, up to many times.
            6 => {
                let piece = bytes[at..end].repeat(1 << rng.u32(..8));
                bytes.splice(at..at, piece);
            }
            7 => {
                let other = &rng.choice(all.iter().copied()).unwrap().bytes;
                let from = rng.usize(..=other.len());
                let to = (from + rng.usize(..200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                let to = rng.usize(..=bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(to..to, piece);
            }
        }
        bytes.truncate(BYTES_MAX);
    }
}
