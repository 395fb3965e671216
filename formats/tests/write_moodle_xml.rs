//! Moodle XML that we write: what comes back, and what other programs find in it.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod generator;

use formats::{Answer, Bank, Question, moodle_xml, ours, write};
use generator::comparable;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Bank {
    moodle_xml::read("bank.xml", bytes).unwrap()
}

fn written(bank: &Bank, with_answers: bool) -> String {
    String::from_utf8(write::moodle_xml(bank, with_answers).bytes).unwrap()
}

fn bank_of(question: Question) -> Bank {
    Bank { questions: vec![question], ..Bank::default() }
}

/// The file as another program writes it, which knows nothing of our comments.
fn without_comments(mut xml: String) -> String {
    while let Some(start) = xml.find("<!-- pastpaper ") {
        let end = start + xml[start..].find("-->").unwrap() + 3;
        xml.replace_range(start..end, "");
    }
    xml
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn ours_comes_back_equal(bank in generator::bank()) {
        let xml = written(&bank, true);
        let read = read(xml.as_bytes());
        prop_assert_eq!(&read.refused, &vec![]);
        prop_assert_eq!(&read.warnings, &vec![]);
        prop_assert_eq!(comparable(&read), comparable(&bank));
        prop_assert_eq!(written(&read, true), xml);
    }

    #[test]
    fn a_row_of_ours_comes_back_equal(question in generator::question()) {
        let row = ours::row(&question).unwrap().columns;
        let own = ours::question(&row, question.topic.as_deref(), question.category.as_deref());
        let read = read(written(&bank_of(own), true).as_bytes());
        let [question] = read.questions.as_slice() else { panic!("{read:?}") };
        prop_assert_eq!(ours::row(question).unwrap().columns, row);
    }

    #[test]
    fn nothing_is_refused_without_our_data(bank in generator::bank()) {
        let read = read(without_comments(written(&bank, true)).as_bytes());
        prop_assert_eq!(read.refused, vec![]);
        prop_assert_eq!(read.questions.len(), bank.questions.len());
    }

    #[test]
    fn moodle_itself_says_what_it_can(question in generator::simple_question()) {
        let read = read(without_comments(written(&bank_of(question.clone()), true)).as_bytes());
        prop_assert_eq!(comparable(&read), comparable(&bank_of(question)));
    }

    #[test]
    fn without_answers_there_is_no_key(bank in generator::bank()) {
        let xml = written(&bank, false);
        prop_assert!(!xml.contains("pastpaper 1"));
        let read = read(xml.as_bytes());
        prop_assert_eq!(&read.refused, &vec![]);
        prop_assert_eq!(read.questions.len(), bank.questions.len());
        for question in &read.questions {
            prop_assert_eq!(&question.parts[0].answer, &Answer::Open);
            prop_assert_eq!(&question.solution, &None);
        }
    }

    #[test]
    fn a_changed_file_never_panics(question in generator::question(), at in 0_usize..6000, length in 0_usize..40, insert in "[<>&;/a-z\"'0-9. -]{0,12}") {
        let mut xml = written(&bank_of(question), true).into_bytes();
        let at = at % xml.len();
        let end = (at + length).min(xml.len());
        xml.splice(at..end, insert.into_bytes());
        drop(moodle_xml::read("bank.xml", &xml));
    }
}

#[test]
fn the_fixtures_are_fixed_points() {
    let kinds = include_bytes!("fixtures/moodle-kinds.xml");
    assert_eq!((read(kinds).questions.len(), read(kinds).refused.len()), (9, 0));
    for fixture in [include_bytes!("fixtures/moodle.xml").as_slice(), kinds] {
        let bank = read(fixture);
        let xml = written(&bank, true);
        let again = read(xml.as_bytes());
        assert_eq!(comparable(&again), comparable(&bank));
        assert_eq!(again.refused, []);
        assert_eq!(written(&again, true), xml);
    }
}

#[test]
fn files_of_other_formats_become_moodle_xml() {
    for (name, bytes) in [
        ("traps.gift", include_bytes!("fixtures/traps.gift").as_slice()),
        ("bank.aiken.txt", include_bytes!("fixtures/bank.aiken.txt")),
        ("canvas-qti12.xml", include_bytes!("fixtures/canvas-qti12.xml")),
        ("midterm.tex", include_bytes!("fixtures/midterm-2021-fall.tex")),
        ("bank.csv", include_bytes!("fixtures/bank.csv")),
        ("problem.xml", include_bytes!("fixtures/openedx-problem.xml")),
    ] {
        let bank = formats::read(name, bytes, None).unwrap().bank;
        let again = read(written(&bank, true).as_bytes());
        assert_eq!(comparable(&again), comparable(&bank), "{name}");
    }
}

fn number(stem: &str) -> Question {
    let accepted = formats::Accepted {
        form: formats::Form::Number {
            value: formats::Decimal::parse("19.62").unwrap(),
            tolerance: formats::Tolerance::Relative(formats::Decimal::parse("0.01").unwrap()),
        },
        fraction: 1.0,
        unit: Some("m/s".to_owned()),
        feedback: None,
    };
    Question {
        stem: stem.to_owned(),
        parts: vec![formats::Part {
            answer: Answer::Accepted(vec![accepted]),
            points: Some(2.0),
            ..Default::default()
        }],
        solution: Some("Secret.".to_owned()),
        topic: Some("Fall".to_owned()),
        ..Question::default()
    }
}

#[test]
fn a_question_changed_by_hand_is_taken_as_it_reads() {
    let xml = written(&bank_of(number("How fast?")), true).replace("<![CDATA[How fast?", "<![CDATA[How fast is it?");
    let read = read(xml.as_bytes());
    assert_eq!(read.questions[0].stem, "How fast is it?");
    assert_eq!(read.warnings.len(), 1);
    assert!(read.warnings[0].text.starts_with("The question was changed after its export."), "{:?}", read.warnings);
    // Moodle knows no relative tolerance.
    let expected = formats::Form::Number {
        value: formats::Decimal::parse("19.62").unwrap(),
        tolerance: formats::Tolerance::Absolute(formats::Decimal::parse("0.1962").unwrap()),
    };
    let Answer::Accepted(list) = &read.questions[0].parts[0].answer else { panic!("{read:?}") };
    assert_eq!((&list[0].form, list[0].unit.as_deref()), (&expected, Some("m/s")));
}

#[test]
fn new_line_ends_change_nothing_and_a_new_category_counts() {
    let question = number("How fast?");
    let xml =
        written(&bank_of(question.clone()), true).replace('\n', "\r\n").replace("top/Fall", "top/Motion/Free fall");
    let read = read(xml.as_bytes());
    assert_eq!(read.warnings, []);
    assert_eq!(
        (read.questions[0].category.as_deref(), read.questions[0].topic.as_deref()),
        (Some("Motion"), Some("Free fall"))
    );
    assert_eq!(read.questions[0].parts, question.parts);
}

#[test]
fn data_beyond_the_bounds_are_not_used() {
    let mut question = number("How fast?");
    question.difficulty = Some(77);
    let read = read(written(&bank_of(question), true).as_bytes());
    assert_eq!(read.questions[0].difficulty, None);
    assert!(read.warnings.iter().any(|warning| warning.text.contains("not valid")), "{:?}", read.warnings);
}

#[test]
fn what_moodle_cannot_show_is_said() {
    let mut question = number("How fast?");
    question.parts.push(formats::Part { text: "Why?".to_owned(), ..Default::default() });
    let written = write::moodle_xml(&bank_of(question), true);
    assert_eq!(written.lost.len(), 1);
    assert!(written.lost[0].text.contains("essay"));
}

#[test]
fn gaps_are_embedded_answers_with_their_figures() {
    let source = r"{1:SHORTANSWER:=a\}b~%50%c\~d#no \# sign} and {3:MULTICHOICE:%0%$x^2$~=5 \~ 6} <img src='@@PLUGINFILE@@/a.png'>";
    let file = "<file name='a.png' encoding='base64'>iVBORw0KGgo=</file>";
    let xml = format!(
        "<quiz><question type='cloze'><name><text>Q</text></name><questiontext format='html'><text><![CDATA[{source}]]></text>{file}</questiontext></question></quiz>"
    );
    let bank = read(xml.as_bytes());
    let native = read(without_comments(written(&bank, true)).as_bytes());
    assert_eq!(native.questions[0].parts, bank.questions[0].parts);
    assert_eq!(native.questions[0].stem, bank.questions[0].stem);
    assert_eq!(native.questions[0].figures[0].bytes, bank.questions[0].figures[0].bytes);
}

#[test]
#[ignore = "slow without optimization"]
fn ten_thousand_questions_come_back() {
    let questions = (0..10_000).map(|number_| Question { title: Some(number_.to_string()), ..number("How fast?") });
    let bank = Bank { questions: questions.collect(), ..Bank::default() };
    let read = read(written(&bank, true).as_bytes());
    assert_eq!(read.questions.len(), 10_000);
    assert_eq!(read.questions[9_999].parts, bank.questions[9_999].parts);
}
