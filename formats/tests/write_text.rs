//! GIFT, CSV and LaTeX as written by us: what our readers take back, and what is listed as lost.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod generator;

use formats::{Accepted, Answer, Bank, Form, FormatError, Part, Question, csv, exam_tex, gift, ours, write};
use proptest::prelude::*;

type Reader = fn(&str, &[u8]) -> Result<Bank, FormatError>;
type Writer = fn(&Bank, bool) -> write::Written;

/// Reads what was written. Nothing may be refused.
fn read_back(name: &str, read: Reader, written: &write::Written) -> Bank {
    let bank =
        read(name, &written.bytes).unwrap_or_else(|why| panic!("{why}\n{}", String::from_utf8_lossy(&written.bytes)));
    assert_eq!(bank.refused, [], "{}", String::from_utf8_lossy(&written.bytes));
    bank
}

/// A question without its place in the file.
fn placeless(question: &Question) -> Question {
    let mut question = question.clone();
    question.place = formats::Place { id: question.place.id, ..formats::Place::default() };
    question
}

/// What a bank is after it was read: written and read again, it is the same.
#[track_caller]
fn is_fixed(name: &str, read: Reader, write: Writer, source: &[u8]) {
    let first = read(name, source).unwrap();
    let written = write(&first, true);
    let second = read_back(name, read, &written);
    let text = String::from_utf8_lossy(&written.bytes);
    assert_eq!(first.questions.len(), second.questions.len(), "{text}");
    for (first, second) in first.questions.iter().zip(&second.questions) {
        assert_eq!(placeless(second), placeless(first), "{text}");
    }
}

#[test]
fn a_gift_file_stays_the_same() {
    for source in [
        &include_bytes!("fixtures/traps.gift")[..],
        include_bytes!("fixtures/category-runs-on.gift"),
        include_bytes!("fixtures/embedded-answers.gift"),
    ] {
        is_fixed("f.gift", gift::read, write::gift, source);
    }
}

/// A formula between both dollars would hide the end of the answers.
#[test]
fn dollars_of_prices_before_and_after_an_answer_are_no_formula() {
    let source = "::t::[html]A {2:MULTICHOICE:=costs <span>$</span>5~free} <br/>or####costs <span>$</span>5.";
    let bank = gift::read("f.gift", source.as_bytes()).unwrap();
    assert_eq!((bank.refused.as_slice(), bank.questions.len()), ([].as_slice(), 1));
    assert!(bank.questions[0].parts[0].is_gap, "{bank:?}");
    is_fixed("f.gift", gift::read, write::gift, source.as_bytes());
}

#[test]
fn a_latex_file_stays_the_same() {
    is_fixed(
        "midterm-2021-fall.tex",
        exam_tex::read,
        write::exam_tex,
        include_bytes!("fixtures/midterm-2021-fall.tex"),
    );
}

#[test]
fn a_table_stays_the_same() {
    is_fixed("bank.csv", csv::read, write::csv, include_bytes!("fixtures/bank.csv"));
    is_fixed("excel-sep.csv", csv::read, write::csv, include_bytes!("fixtures/excel-sep.csv"));
    is_fixed("t.csv", csv::read, write::csv, csv::template().as_bytes());
}

/// A question as far as a table can say it. The rest is listed as lost.
fn in_a_table(question: &Question) -> Question {
    let mut question = question.clone();
    for (index, figure) in question.figures.iter_mut().enumerate() {
        // Two pictures of one name would be one.
        figure.source = format!("{index}-{}", figure.source);
        figure.bytes = None;
    }
    question.techniques.sort();
    question.techniques.dedup();
    question.tags.sort();
    question.tags.dedup();
    for Part { answer, .. } in &mut question.parts {
        if let Answer::Matching { distractors, .. } = answer {
            // A choice has two options.
            distractors.extend(["one".to_owned(), "two".to_owned()]);
        }
        let Answer::Accepted(list) = answer else { continue };
        let is_text = |one: &Accepted| matches!(one.form, Form::Text { .. });
        let first_is_text = is_text(&list[0]);
        list.retain(|one| is_text(one) == first_is_text);
        let unit = list[0].unit.clone();
        let case = matches!(list[0].form, Form::Text { match_case: true, .. });
        for (index, one) in list.iter_mut().enumerate() {
            one.unit.clone_from(&unit);
            if let Form::Range { low: Some(low), high: Some(high) } = &mut one.form
                && low.value.to_f64() > high.value.to_f64()
            {
                std::mem::swap(low, high);
            }
            let is_alone = index == 0 && one.fraction >= 1.0;
            if let Form::Text { text, match_case, has_wildcards } = &mut one.form {
                (*match_case, *has_wildcards) = (case, false);
                *text = if is_alone {
                    text.clone()
                } else {
                    text.replace("$$", "$").split_whitespace().collect::<Vec<_>>().join(" ")
                };
            }
        }
    }
    question
}

#[test]
fn no_cell_is_a_formula() {
    let text = |text: &str| Form::Text { text: text.to_owned(), match_case: false, has_wildcards: false };
    for start in ["=2x+1", "+1", "-x", "@name", "'=x", "''-1", "'quoted'", "=\"007\"", "-3", "- a\n- b"] {
        let accepted = Accepted { form: text(start), fraction: 1.0, unit: None, feedback: None };
        let part = Part { answer: Answer::Accepted(vec![accepted]), hint: Some(start.to_owned()), ..Part::default() };
        let question = Question {
            stem: start.to_owned(),
            title: Some(start.to_owned()),
            extra: vec![(start.to_owned(), start.to_owned())],
            parts: vec![part],
            ..Question::default()
        };
        let written = write::csv(&Bank { questions: vec![question.clone()], ..Bank::default() }, true);
        let source = String::from_utf8(written.bytes.clone()).unwrap();
        for cell in source.split(',') {
            assert!(!cell.trim_start_matches('"').starts_with(['=', '+', '-', '@']), "{cell}");
        }
        let read = read_back("f.csv", csv::read, &written);
        assert_eq!(placeless(&read.questions[0]), question, "{source}");
    }
}

#[test]
fn a_range_may_lack_an_end() {
    let source = "question,answer\nx?,5<..\ny?,..<=-2\nz?,1<..<2.50\n";
    is_fixed("r.csv", csv::read, write::csv, source.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn ours_to_csv_to_ours_is_the_same(mut bank in generator::bank()) {
        for question in &mut bank.questions {
            *question = in_a_table(question);
        }
        let written = write::csv(&bank, true);
        let read = read_back("f.csv", csv::read, &written);
        prop_assert_eq!(read.questions.len(), bank.questions.len());
        for (question, read) in bank.questions.iter().zip(&read.questions) {
            let text = || String::from_utf8_lossy(&written.bytes).into_owned();
            prop_assert_eq!(ours::row(read).unwrap().columns, ours::row(question).unwrap().columns, "{}", text());
            prop_assert_eq!((&read.topic, &read.category, &read.place.id), (&question.topic, &question.category, &question.place.id));
            prop_assert_eq!(read.exam.is_some(), question.exam.is_some());
        }
    }

    #[test]
    fn csv_is_read_back_whole(bank in generator::bank(), with_answers in any::<bool>()) {
        let written = write::csv(&bank, with_answers);
        let first = read_back("f.csv", csv::read, &written);
        prop_assert_eq!(first.questions.len(), bank.questions.len());
        let second = read_back("f.csv", csv::read, &write::csv(&first, true));
        for (first, second) in first.questions.iter().zip(&second.questions) {
            prop_assert_eq!(placeless(first), placeless(second));
        }
    }

    #[test]
    fn latex_is_read_back_whole(bank in generator::bank(), with_answers in any::<bool>()) {
        let written = write::exam_tex(&bank, with_answers);
        let first = read_back("f.tex", exam_tex::read, &written);
        prop_assert_eq!(first.questions.len(), bank.questions.len());
        let again = write::exam_tex(&first, true);
        let second = read_back("f.tex", exam_tex::read, &again);
        for (first, second) in first.questions.iter().zip(&second.questions) {
            prop_assert_eq!(placeless(first), placeless(second), "{}\n{}", String::from_utf8_lossy(&written.bytes), String::from_utf8_lossy(&again.bytes));
        }
    }

    #[test]
    fn gift_is_read_back_whole(bank in generator::bank(), with_answers in any::<bool>()) {
        let written = write::gift(&bank, with_answers);
        let first = read_back("f.gift", gift::read, &written);
        prop_assert!(first.questions.len() >= bank.questions.len());
        // Moodle ends a question at an empty line.
        let source = String::from_utf8_lossy(&written.bytes).into_owned();
        let blocks = source.split("\n\n").filter(|block| !block.trim().is_empty() && !block.starts_with("$CATEGORY"));
        prop_assert_eq!(blocks.count(), first.questions.len(), "{}", source);
        let again = write::gift(&first, true);
        let second = read_back("f.gift", gift::read, &again);
        for (first, second) in first.questions.iter().zip(&second.questions) {
            prop_assert_eq!(placeless(first), placeless(second), "{}\n{}", String::from_utf8_lossy(&written.bytes), String::from_utf8_lossy(&again.bytes));
        }
    }
}

/// A cell with a tag is HTML, where a dollar of a price stands in a span of its own.
#[test]
fn prices_beside_a_tag_stay_prices() {
    for text in [r"costs \$5 costs \$5 <b>", r"\$5 <b> and $x$", r"$x$ <b> for \$5", r"\$ <b> \$"] {
        let bank =
            Bank { questions: vec![Question { stem: text.to_owned(), ..Question::default() }], ..Bank::default() };
        let read = read_back("f.csv", csv::read, &write::csv(&bank, true));
        assert_eq!(read.questions[0].stem, text);
    }
}
