//! Writes a catalogue file in each format that we export: `write_course samples/calc2.json target/interop`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example for tests/interop")]

use std::path::Path;

use formats::write::{self, Written};
use formats::{Bank, ours};
use serde_json::Value;

type Writer = fn(&Bank, bool) -> Written;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, folder] = arguments.as_slice() else { panic!("write_course FILE FOLDER") };
    let catalogue: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let bank = ours::bank(&catalogue);
    let points: f64 = bank.questions.iter().flat_map(|question| &question.parts).filter_map(|part| part.points).sum();
    let stem = Path::new(file).file_stem().unwrap().to_string_lossy();
    let writers: [(&str, Writer); 5] = [
        ("gift", write::gift),
        ("csv", write::csv),
        ("tex", write::exam_tex),
        ("xml", write::moodle_xml),
        ("qti3.zip", write::qti3),
    ];
    for (ending, write) in writers {
        let written = write(&bank, true);
        std::fs::write(Path::new(folder).join(format!("{stem}.{ending}")), &written.bytes).unwrap();
        println!("{stem}.{ending}: {} bytes, {} remarks", written.bytes.len(), written.lost.len());
    }
    std::fs::write(Path::new(folder).join(format!("{stem}.count")), format!("{} {points}\n", bank.questions.len()))
        .unwrap();
}
