//! Counts the questions of a file: `count_questions FILE COUNT` fails if there are others, or if one was refused.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example for tests/interop")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, count] = arguments.as_slice() else { panic!("count_questions FILE COUNT") };
    let read = formats::read(file, &std::fs::read(file).unwrap(), None).unwrap();
    let (name, bank) = (read.format.name(), read.bank);
    let keyed = bank.questions.iter().flat_map(|question| &question.parts);
    let keyed = keyed.filter(|part| part.answer != formats::Answer::Open).count();
    println!(
        "ours, as {name}: {} of {count} questions, {keyed} parts with a key, {} refused",
        bank.questions.len(),
        bank.refused.len()
    );
    for remark in &bank.refused {
        println!("    {}", remark.text);
    }
    if bank.questions.len().to_string() == *count && bank.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
