//! Writes a catalogue file in each format that we export: `write_course samples/calc2.json target/interop`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example for tests/interop")]

use std::collections::HashMap;
use std::path::Path;

use formats::write::{self, Written};
use formats::{Bank, Question, ours};
use serde_json::{Map, Value};

type Writer = fn(&Bank, bool) -> Written;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, folder] = arguments.as_slice() else { panic!("write_course FILE FOLDER") };
    let catalogue: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let topics: HashMap<&str, &Value> =
        list(&catalogue, "topics").iter().map(|topic| (topic["id"].as_str().unwrap(), topic)).collect();
    let question = |row: &Map<String, Value>| -> Question {
        let topic = row.get("topic_id").and_then(Value::as_str).and_then(|id| topics.get(id));
        let name = |field: &str| topic.and_then(|topic| topic[field].as_str());
        ours::question(row, name("name"), name("category"))
    };
    let questions: Vec<Question> =
        list(&catalogue, "questions").iter().filter_map(Value::as_object).map(question).collect();
    let points: f64 = questions.iter().flat_map(|question| &question.parts).filter_map(|part| part.points).sum();
    let bank = Bank { questions, ..Bank::default() };
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

fn list<'a>(catalogue: &'a Value, name: &str) -> &'a [Value] {
    catalogue[name].as_array().map_or(&[], Vec::as_slice)
}
