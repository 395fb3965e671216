//! QTI 3 that we write: what comes back, and what other programs find in it.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod generator;

use formats::{Answer, Bank, Choice, Part, Question, ours, package::Package, qti, write};
use generator::comparable;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Bank {
    qti::read("bank.zip", bytes).unwrap()
}

fn written(bank: &Bank, with_answers: bool) -> Vec<u8> {
    write::qti3(bank, with_answers).bytes
}

fn bank_of(question: Question) -> Bank {
    Bank { questions: vec![question], ..Bank::default() }
}

/// The files of a package, as text.
fn files(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    Package::from_zip(zip).unwrap().files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

fn changed(zip: &[u8], change: impl Fn(String) -> String) -> Bank {
    let files = files(zip).into_iter().map(|(path, bytes)| {
        let bytes = if path.rsplit('.').next() == Some("xml") {
            change(String::from_utf8(bytes).unwrap()).into_bytes()
        } else {
            bytes
        };
        (path, bytes)
    });
    qti::read_package("bank.zip", &Package::from_files(files).unwrap()).unwrap()
}

/// The package as another program writes it, which knows nothing of our comments.
fn without_comments(zip: &[u8]) -> Bank {
    changed(zip, |mut xml| {
        while let Some(start) = xml.find("<!-- pastpaper ") {
            let end = start + xml[start..].find("-->").unwrap() + 3;
            xml.replace_range(start..end, "");
        }
        xml
    })
}

/// Shares as far as the division by the points gives them.
fn rounded(question: &mut Question) {
    let round = |number: f64| (number * 1e9).round() / 1e9;
    for part in &mut question.parts {
        part.points = part.points.map(round);
        match &mut part.answer {
            Answer::Choice { options, .. } => {
                for option in options {
                    option.weight = option.weight.map(round);
                }
            }
            Answer::Accepted(list) => {
                for one in list {
                    one.fraction = round(one.fraction);
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn ours_comes_back_equal(bank in generator::bank()) {
        let zip = written(&bank, true);
        let read = read(&zip);
        prop_assert_eq!(&read.refused, &vec![]);
        prop_assert_eq!(comparable(&read), comparable(&bank));
        let again = self::read(&written(&read, true));
        prop_assert_eq!(again.questions.len(), read.questions.len());
        prop_assert_eq!(comparable(&again), comparable(&bank));
        prop_assert_eq!(&again.exams, &bank.exams);
    }

    #[test]
    fn a_row_of_ours_comes_back_equal(question in generator::question()) {
        let row = ours::row(&question).unwrap().columns;
        let own = ours::question(&row, question.topic.as_deref(), question.category.as_deref());
        let read = read(&written(&bank_of(own), true));
        let [question] = read.questions.as_slice() else { panic!("{read:?}") };
        prop_assert_eq!(ours::row(question).unwrap().columns, row);
    }

    #[test]
    fn nothing_is_refused_without_our_data(bank in generator::bank()) {
        let read = without_comments(&written(&bank, true));
        prop_assert_eq!(read.refused, vec![]);
        prop_assert_eq!(read.questions.len(), bank.questions.len());
    }

    #[test]
    fn qti_itself_says_what_it_can(question in generator::simple_question()) {
        let read = without_comments(&written(&bank_of(question.clone()), true));
        let mut expected = question;
        let mut found = read.questions[0].clone();
        // A field stands in a line of text, so it is read as a gap. Feedback on a typed answer has no place.
        if found.parts[0].is_gap {
            found.stem = found.stem.replace("[gap 1]", "").trim().to_owned();
            found.parts[0].is_gap = false;
        }
        if let Answer::Accepted(list) = &mut expected.parts[0].answer {
            list[0].feedback = None;
        }
        found.extra.retain(|(name, _)| name != "least points");
        rounded(&mut found);
        rounded(&mut expected);
        prop_assert_eq!(comparable(&bank_of(found)), comparable(&bank_of(expected)));
    }

    #[test]
    fn without_answers_there_is_no_key(bank in generator::bank()) {
        let zip = written(&bank, false);
        for (path, bytes) in files(&zip) {
            let xml = String::from_utf8_lossy(&bytes);
            for name in ["correct-response", "qti-mapping", "response-processing", "rubric", "<!--"] {
                prop_assert!(!xml.contains(name), "{} {}", path, name);
            }
        }
        let read = read(&zip);
        prop_assert_eq!(&read.refused, &vec![]);
        prop_assert_eq!(read.questions.len(), bank.questions.len());
    }

    #[test]
    fn a_changed_item_never_panics(question in generator::question(), at in 0_usize..6000, length in 0_usize..40, insert in "[<>&;/a-z\"'0-9. -]{0,12}") {
        let item = files(&written(&bank_of(question), true)).into_iter().find(|(path, _)| path.starts_with("items/")).unwrap();
        let mut xml = item.1;
        let at = at % xml.len();
        let end = (at + length).min(xml.len());
        xml.splice(at..end, insert.into_bytes());
        drop(qti::read("item.xml", &xml));
    }
}

fn fixture() -> Bank {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qti3-package");
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    qti::read_package("spring.zip", &Package::from_files(files).unwrap()).unwrap()
}

#[test]
fn the_fixtures_are_fixed_points() {
    let item = qti::read("item.xml", include_bytes!("fixtures/item-qti21.xml")).unwrap();
    for bank in [fixture(), item] {
        assert!(!bank.questions.is_empty());
        let again = read(&written(&bank, true));
        assert_eq!(again.refused, []);
        assert_eq!(comparable(&again), comparable(&bank));
        assert_eq!(again.exams, bank.exams);
        let third = written(&again, true);
        assert_eq!(comparable(&read(&third)), comparable(&bank));
        assert_eq!(third, written(&read(&third), true));
    }
}

#[test]
fn files_of_other_formats_become_packages() {
    for (name, bytes) in [
        ("traps.gift", include_bytes!("fixtures/traps.gift").as_slice()),
        ("moodle.xml", include_bytes!("fixtures/moodle.xml")),
        ("moodle-kinds.xml", include_bytes!("fixtures/moodle-kinds.xml")),
        ("canvas-qti12.xml", include_bytes!("fixtures/canvas-qti12.xml")),
        ("midterm.tex", include_bytes!("fixtures/midterm-2021-fall.tex")),
        ("bank.csv", include_bytes!("fixtures/bank.csv")),
        ("problem.xml", include_bytes!("fixtures/openedx-problem.xml")),
    ] {
        let bank = formats::read(name, bytes, None).unwrap().bank;
        let again = read(&written(&bank, true));
        assert_eq!(comparable(&again), comparable(&bank), "{name}");
    }
}

fn question(stem: &str) -> Question {
    let option = |text: &str, is_right| Choice { text: text.to_owned(), is_right, weight: None, feedback: None };
    let options = vec![option("red", false), option("blue", true), option("green", true)];
    Question {
        stem: stem.to_owned(),
        parts: vec![Part {
            answer: Answer::Choice { options, several: true, weighted: false },
            points: Some(2.0),
            ..Part::default()
        }],
        ..Question::default()
    }
}

#[test]
fn an_item_changed_by_hand_is_taken_as_it_reads() {
    let zip = written(&bank_of(question("Which?")), true);
    let read = changed(&zip, |xml| xml.replace("<div>Which?", "<div>Which of them?"));
    assert_eq!(read.questions[0].stem, "Which of them?");
    assert_eq!(read.questions[0].parts, question("").parts);
    assert!(read.warnings.iter().any(|warning| warning.text.starts_with("The question was changed")));
}

#[test]
fn a_picture_is_stored_once() {
    let figure =
        |source: &str| formats::Figure { source: source.to_owned(), bytes: Some(generator::PNG.to_vec()), alt: None };
    let one = |name: &str| Question { figures: vec![figure(name)], ..question("See [figure 1].") };
    let bank = Bank { questions: vec![one("a.png"), one("b.png")], ..Bank::default() };
    let zip = written(&bank, true);
    assert_eq!(files(&zip).iter().filter(|(path, _)| path.starts_with("figures/")).count(), 1);
    let native = without_comments(&zip);
    assert!(native.questions.iter().all(|question| question.figures[0].bytes.as_deref() == Some(generator::PNG)));
    assert_eq!(comparable(&read(&zip)), comparable(&bank));
}

#[test]
fn an_exam_without_questions_is_said() {
    let exam = formats::Exam { title: "2024 fall final".to_owned(), ..formats::Exam::default() };
    let bank = Bank { exams: vec![exam], ..bank_of(question("Which?")) };
    assert_eq!(
        write::qti3(&bank, true).lost[0].text,
        "The exam “2024 fall final” has no questions and is not written."
    );
}

#[test]
#[ignore = "slow without optimization"]
fn ten_thousand_questions_come_back() {
    let questions = (0..10_000).map(|number| Question { title: Some(number.to_string()), ..question("Which?") });
    let bank = Bank { questions: questions.collect(), ..Bank::default() };
    let read = read(&written(&bank, true));
    assert_eq!(read.questions.len(), 10_000);
    assert_eq!(read.questions[9_999].parts, bank.questions[9_999].parts);
}
