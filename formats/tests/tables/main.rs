//! Spreadsheets as people keep them: CSV and workbooks.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::{fmt::Write as _, io::Write as _};

use formats::{Accepted, Answer, Bank, Decimal, Form, FormatError, Question, Remark, Tolerance, csv, xlsx};
use proptest::prelude::*;

mod workbooks;

const BANK_CSV: &[u8] = include_bytes!("../fixtures/bank.csv");
const EXCEL_SEP_CSV: &[u8] = include_bytes!("../fixtures/excel-sep.csv");
const BANK_XLSX: &[u8] = include_bytes!("../fixtures/bank.xlsx");

fn question<'a>(bank: &'a Bank, id: &str) -> &'a Question {
    let found = bank.questions.iter().find(|question| question.place.id.as_deref() == Some(id));
    found.unwrap_or_else(|| panic!("{id} is not in {bank:#?}"))
}

fn number(text: &str) -> Answer {
    let value = Decimal::parse(text).unwrap();
    accepted(Form::Number { value, tolerance: Tolerance::Unsaid })
}

fn text(text: &str) -> Answer {
    accepted(Form::Text { text: text.to_owned(), match_case: false, has_wildcards: false })
}

fn accepted(form: Form) -> Answer {
    Answer::Accepted(vec![Accepted { form, fraction: 1.0, unit: None, feedback: None }])
}

/// The options, and the right ones.
fn options(question: &Question) -> (Vec<&str>, Vec<&str>) {
    let Answer::Choice { options, .. } = &question.parts[0].answer else { panic!("{question:#?}") };
    let right = options.iter().filter(|option| option.is_right);
    (options.iter().map(|option| option.text.as_str()).collect(), right.map(|option| option.text.as_str()).collect())
}

fn says(remarks: &[Remark], words: &[&str]) -> bool {
    remarks.iter().any(|remark| words.iter().all(|word| remark.text.contains(word)))
}

fn of_csv(text: &str) -> Bank {
    csv::read("t.csv", text.as_bytes()).unwrap()
}

/// A zip of these files.
fn package(members: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in members {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_bank_in_csv_is_read_as_a_person_reads_it() {
    let bank = csv::read("bank.csv", BANK_CSV).unwrap();
    assert_eq!((bank.questions.len(), bank.refused.len(), bank.warnings.len()), (2, 0, 0), "{bank:#?}");
    let first = question(&bank, "m-1");
    assert_eq!(
        first.stem,
        "If price falls from \\$5 to \\$4 and sales rise from 10 to 14, the elasticity is \"elastic\"?"
    );
    assert_eq!(options(first), (vec!["yes", "no"], vec!["yes"]));
    assert_eq!(first.solution.as_deref(), Some("|\u{394}Q/Q| = 0,4 > 0,2"));
    assert_eq!((first.parts[0].points, first.minutes, first.difficulty), (Some(2.0), Some(3.0), Some(2)));
    assert_eq!((first.place.line, first.topic.as_deref()), (Some(2), Some("Elasticity")));
    assert_eq!(question(&bank, "m-2").parts[0].answer, number("-2"));
    let exam = &bank.exams[0];
    assert_eq!(bank.exams.len(), 1);
    assert_eq!(
        (exam.year, exam.semester.as_deref(), exam.kind.as_deref()),
        (Some(2022), Some("spring"), Some("final"))
    );
}

#[test]
fn a_separator_line_and_decimal_commas_are_read() {
    let bank = csv::read("excel-sep.csv", EXCEL_SEP_CSV).unwrap();
    assert_eq!((bank.questions.len(), bank.refused.len()), (4, 0), "{bank:#?}");
    let points: Vec<Option<f64>> = bank.questions.iter().map(|question| question.parts[0].points).collect();
    assert_eq!(points, [Some(1.5), Some(1.0), Some(2.0), Some(0.25)]);
    let answers: Vec<&Answer> = bank.questions.iter().map(|question| &question.parts[0].answer).collect();
    assert_eq!(answers, [&number("0.5"), &number("2.5"), &text("None"), &text("1/2")]);
    let stems: Vec<&str> = bank.questions.iter().map(|question| question.stem.as_str()).collect();
    assert_eq!(stems, ["Solve \"x\";\nthen y", "What is 1,5 + 1?", "=2x+1", "Half of it?"]);
    let lines: Vec<Option<u32>> = bank.questions.iter().map(|question| question.place.line).collect();
    assert_eq!(lines, [Some(3), Some(5), Some(6), Some(7)]);
}

#[test]
fn the_template_is_read_without_a_remark() {
    let template = csv::template();
    let bank = of_csv(&template);
    assert_eq!(
        (bank.questions.len(), bank.refused.len(), bank.warnings.len(), bank.skipped.len()),
        (2, 0, 0, 0),
        "{bank:#?}"
    );
    let free = question(&bank, "m-2");
    let Answer::Accepted(list) = &free.parts[0].answer else { panic!() };
    assert_eq!(list.len(), 3);
    assert!(matches!(&list[1].form, Form::Range { .. }));
    assert!((list[2].fraction - 0.5).abs() < 1e-9);
    assert_eq!(list[0].unit.as_deref(), Some("m"));
    assert_eq!(question(&bank, "m-1").techniques, ["Pythagoras", "square roots"]);
    assert_eq!(free.tags, ["gravity"]);
    assert!(template.is_ascii(), "a spreadsheet shows other characters wrongly without a byte-order mark");
}

#[test]
fn german_headers_in_any_order_are_known() {
    let bank = of_csv(
        "Punkte;Richtige Antwort;Frage;Antwort A;Antwort B;Schwierigkeit;Thema\n2,5;B;Was?;ja;nein;leicht;Logik\n",
    );
    let question = &bank.questions[0];
    assert_eq!(options(question), (vec!["ja", "nein"], vec!["nein"]));
    assert_eq!(
        (question.parts[0].points, question.difficulty, question.topic.as_deref()),
        (Some(2.5), Some(2), Some("Logik"))
    );
}

#[test]
fn missing_columns_are_named_and_unknown_ones_kept() {
    let FormatError(error) = csv::read("t.csv", b"id,question,points\n1,What?,2\n").unwrap_err();
    assert!(error.contains("missing: answer"), "{error}");
    let FormatError(error) = csv::read("t.csv", b"one,two\n1,2\n").unwrap_err();
    assert!(error.contains("no row names the columns"), "{error}");
    let bank = of_csv("question,answer,colour\nSky?,blue,dark\n");
    assert_eq!(bank.questions[0].extra, [("colour".to_owned(), "dark".to_owned())]);
    assert!(says(&bank.warnings, &["Unknown columns", "\"colour\""]));
}

#[test]
fn encodings_of_spreadsheets_are_read() {
    let text = "question\tanswer\n\u{c4}pfel?\t1,5\n";
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let mut utf8 = "\u{feff}".as_bytes().to_vec();
    utf8.extend(text.as_bytes());
    let windows = b"question\tanswer\n\xc4pfel?\t1,5\n".to_vec();
    for (bytes, warns) in [(utf16, false), (utf8, false), (windows, true)] {
        let bank = csv::read("t.tsv", &bytes).unwrap();
        assert_eq!(bank.questions[0].stem, "\u{c4}pfel?");
        assert_eq!(bank.questions[0].parts[0].answer, number("1.5"));
        assert_eq!(says(&bank.warnings, &["Windows-1252"]), warns);
    }
}

#[test]
fn a_column_has_one_decimal_sign() {
    let bank = of_csv("question;answer\na;1.234\nb;0,5\n");
    assert_eq!(bank.questions[0].parts[0].answer, number("1234"));
    let bank = of_csv("question,answer\na,\"1,234\"\nb,0.5\n");
    assert_eq!(bank.questions[0].parts[0].answer, number("1234"));
    // Nothing shows the sign here, so the reading is told.
    let bank = of_csv("question;answer\na;1,234\n");
    assert_eq!(bank.questions[0].parts[0].answer, number("1.234"));
    assert!(says(&bank.warnings, &["decimal comma"]), "{:#?}", bank.warnings);
    let bank = of_csv("question;answer\na;1.234\n");
    assert_eq!(bank.questions[0].parts[0].answer, number("1.234"));
    assert!(says(&bank.warnings, &["decimal point"]), "{:#?}", bank.warnings);
}

#[test]
fn texts_that_look_like_values_stay_texts() {
    let bank = of_csv(
        "question,answer\na,None\nb,007\nc,1/2\nd,=2x+1\ne,NULL\nf,\"[5,7)\"\ng,$5\nh,'=x\ni,\"=\"\"007\"\"\"\n",
    );
    let answers: Vec<Answer> = bank.questions.iter().map(|question| question.parts[0].answer.clone()).collect();
    let expected: Vec<Answer> = ["None", "007", "1/2", "=2x+1", "NULL", "[5,7)", "$5", "=x", "007"].map(text).to_vec();
    assert_eq!(answers, expected);
}

#[test]
fn options_are_named_by_letter_text_or_number() {
    let head = "question,A,B,C,answer\n";
    for (row, right) in [
        ("q,x,y,z,b", vec!["y"]),
        ("q,x,y,z,\"A, C\"", vec!["x", "z"]),
        ("q,x,y,z,AC", vec!["x", "z"]),
        ("q,x,y,z,a and b", vec!["x", "y"]),
        ("q,x,y,z,(C)", vec!["z"]),
        ("q,x,y,z,Y", vec!["y"]),
        ("q,10,20,30,20", vec!["20"]),
        ("q,3,1,2,2", vec!["2"]),
        ("q,x,y,z,2", vec!["y"]),
        ("q,x,,z,C", vec!["z"]),
        ("q,x,y,z,x;z", vec!["x", "z"]),
    ] {
        let bank = of_csv(&format!("{head}{row}\n"));
        assert_eq!(options(&bank.questions[0]).1, right, "{row}");
    }
    for (row, why) in [
        ("q,x,,z,B", "names no option; there are A, C"),
        ("q,x,y,z,", "no answer says which is right"),
        ("q,x,,,A", "only one option"),
        ("q,x,y,z,w", "names no option"),
        ("q,x,y,#REF!,A", "#REF!"),
        (",x,y,z,A", "no question's text"),
    ] {
        let bank = of_csv(&format!("{head}{row}\n"));
        assert!(bank.questions.is_empty() && says(&bank.refused, &[why]), "{row}: {:#?}", bank.refused);
    }
    let bank = of_csv(&format!("{head}q,B,x,A,A\n"));
    assert_eq!(options(&bank.questions[0]).1, ["B"]);
    assert!(says(&bank.warnings, &["the letter was taken"]));
}

#[test]
fn options_may_stand_in_one_cell_or_beside_wrong_ones() {
    let bank = of_csv("question,options,answer\nq,\"A) red\nB) blue\",B\n");
    assert_eq!(options(&bank.questions[0]), (vec!["red", "blue"], vec!["blue"]));
    let bank = of_csv("question,options,answer\nq,red | blue,red\n");
    assert_eq!(options(&bank.questions[0]), (vec!["red", "blue"], vec!["red"]));
    let bank = of_csv("question,correct answer,wrong answer 1,wrong answer 2\nq,red,blue,green\n");
    assert_eq!(options(&bank.questions[0]), (vec!["red", "blue", "green"], vec!["red"]));
}

#[test]
fn options_may_stand_in_the_text_of_the_question() {
    let bank = of_csv("question,answer\n\"Which?\nA) red\nB) blue\",b\n\"Vitamin?\nA. is one\",C\n");
    assert_eq!(bank.questions[0].stem, "Which?");
    assert_eq!(options(&bank.questions[0]), (vec!["red", "blue"], vec!["blue"]));
    assert!(says(&bank.warnings, &["taken from the end of the question's text"]));
    assert_eq!(bank.questions[1].parts[0].answer, text("C"));
    let bank = of_csv("question,answer\n\"Which?\nA) red\nB) blue\",D\n");
    assert!(says(&bank.refused, &["names no option; there are A, B"]));
}

#[test]
fn kinds_of_questions_are_respected() {
    let bank = of_csv(
        "question,answer,question type,A,B\nq,42,text,,\nq,Because.,essay,,\nq,A,multiple,x,y\nq,a-b,matching,,\nq,x,multiple choice,,\n",
    );
    assert_eq!(bank.questions[0].parts[0].answer, text("42"));
    assert_eq!(
        (&bank.questions[1].parts[0].answer, bank.questions[1].solution.as_deref()),
        (&Answer::Open, Some("Because."))
    );
    assert!(matches!(bank.questions[2].parts[0].answer, Answer::Choice { several: true, .. }));
    assert!(says(&bank.refused, &["\"matching\" is not supported"]) && says(&bank.refused, &["has no options"]));
}

#[test]
fn the_column_type_means_what_its_values_say() {
    let bank = of_csv("question,answer,type,year\nq,1,final,2021\n");
    assert_eq!((bank.exams[0].kind.as_deref(), bank.exams[0].year), (Some("final"), Some(2021)));
    let bank = of_csv("question,answer,type\nq,1,text\n");
    assert!(bank.exams.is_empty());
    assert_eq!(bank.questions[0].parts[0].answer, text("1"));
}

#[test]
fn true_and_false_are_a_choice() {
    for (value, right) in [("TRUE", "True"), ("falsch", "False"), ("Wahr", "True")] {
        let bank = of_csv(&format!("question,answer\nq,{value}\n"));
        assert_eq!(options(&bank.questions[0]).1, [right]);
    }
    let bank = of_csv("question,answer,type\nq,T,true/false\nr,maybe,true/false\n");
    assert_eq!(options(&bank.questions[0]).1, ["True"]);
    assert!(says(&bank.refused, &["true or false", "maybe"]));
}

#[test]
fn rows_with_parts_are_one_question() {
    let bank = of_csv(
        "id,part,question,answer,points\n1,,A stone falls.,,\n1,a,How far?,19.62,2\n1,b,How fast?,19.62,1\n2,,Other?,x,1\n",
    );
    assert_eq!(bank.questions.len(), 2, "{bank:#?}");
    let first = &bank.questions[0];
    assert_eq!(first.stem, "A stone falls.");
    assert_eq!(first.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(), ["How far?", "How fast?"]);
    assert_eq!(first.parts[1].points, Some(1.0));
    assert!(bank.warnings.is_empty(), "{:#?}", bank.warnings);
}

#[test]
fn rows_that_are_no_questions_are_reported() {
    let bank = of_csv("My bank,,\n,,\nid,question,answer\nChapter 1,,\n1,a?,b\n\nid,question,answer\n1,c?,d\n");
    assert_eq!(bank.questions.len(), 2);
    assert!(says(&bank.skipped, &["above the header", "My bank"]));
    assert!(says(&bank.skipped, &["nothing but \"Chapter 1\""]));
    assert!(says(&bank.skipped, &["The header, repeated"]));
    assert!(says(&bank.warnings, &["The id stands in row 5 too"]), "{:#?}", bank.warnings);
}

#[test]
fn damage_by_spreadsheets_is_suspected() {
    let bank = of_csv("id,question,A,B,answer\n1.23457E+15,q?,04-Mar,x,A\n2,q?,x,y,Mar-04\n");
    assert!(says(&bank.warnings, &["shortened the id"]));
    assert!(says(&bank.warnings, &["option A", "turned into a date"]));
    let bank = of_csv("question,answer,points\nq?,1,01-May\nr?,1,########\n");
    assert!(says(&bank.refused, &["points"]) && bank.refused.len() == 2, "{:#?}", bank.refused);
}

#[test]
fn html_in_cells_is_reduced() {
    let bank = of_csv("question,A,B,answer\n<p>m<sup>2</sup> &lt; 3?</p><img src=\"a.png\">,a < b,\\(x\\),A\n");
    let question = &bank.questions[0];
    assert_eq!(question.stem.lines().next(), Some("m^{2} < 3?"));
    assert_eq!(question.figures[0].source, "a.png");
    assert!(question.stem.contains("[figure 1]"));
    assert_eq!(options(question).0, ["a < b", "$x$"]);
}

#[test]
fn exports_of_quiz_programs_are_read() {
    let kahoot = "Question - max 120 characters,Answer 1 - max 75 characters,Answer 2 - max 75 characters,Time limit (sec),Correct answer(s) - choose at least one\n\
                  2 + 2?,4,5,20,1\n";
    let bank = of_csv(kahoot);
    assert_eq!(options(&bank.questions[0]), (vec!["4", "5"], vec!["4"]));
}

#[test]
fn other_files_are_told_apart() {
    let zip = |members: &[(&str, &str)]| package(members);
    for (bytes, words) in [
        (zip(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet")]), ".ods"),
        (zip(&[("xl/workbook.bin", "")]), ".xlsb"),
        (zip(&[("Index/Document.iwa", "")]), "Numbers"),
        (zip(&[("word/document.xml", "")]), "Word"),
        (zip(&[("a.txt", "")]), "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old".to_vec(), ".xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0".to_vec(), "password"),
        (b"<html><table>".to_vec(), "web page"),
        (b"question,answer".to_vec(), "no workbook"),
    ] {
        let FormatError(error) = xlsx::read("t.xlsx", &bytes).unwrap_err();
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(csv::read("t.csv", BANK_XLSX).is_err());
}

#[test]
fn ten_thousand_rows_are_read() {
    let mut text = "id,question,A,B,answer\n".to_owned();
    for row in 0..10_000 {
        writeln!(text, "q-{row},\"What, for {row}?\",yes,no,A").unwrap();
    }
    let bank = of_csv(&text);
    assert_eq!(bank.questions.len(), 10_000);
    assert_eq!(bank.questions[9_999].place.line, Some(10_001));
}

/// A file with some of its bytes replaced.
fn mutated(file: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((0..file.len(), any::<u8>()), 0..12);
    (changes, 0..=file.len()).prop_map(move |(changes, length)| {
        let mut bytes = file.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(length.max(1));
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_end_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = csv::read("x", &bytes);
        let _ = xlsx::read("x", &bytes);
    }

    #[test]
    fn no_damage_ends_the_readers(csv in mutated(EXCEL_SEP_CSV), xlsx in mutated(BANK_XLSX)) {
        let _ = csv::read("x", &csv);
        let _ = xlsx::read("x", &xlsx);
    }

    #[test]
    fn no_table_ends_the_reader(soup in prop::collection::vec(
        prop::sample::select(vec!["question", "answer", "A", "B", "part", "points", ",", ",", ",", ";", "\"", "\"\"", "\n", "\n", "\n", "1,5", "007", "$", "\\(", "x", "<p>", "&", "sep=;"]), 0..80
    )) {
        let _ = csv::read("x", format!("question,answer,A,B,part\n{}", soup.concat()).as_bytes());
        let _ = csv::read("x", soup.concat().as_bytes());
    }
}
