//! Packages: manifest, exams, passages and pictures, and packages that are hostile or damaged.

use std::io::{Cursor, Write};

use formats::{Answer, Bank, package::Package, qti};
use proptest::prelude::*;

use super::{CHOICE, FIELD, ITEM, PACKAGE, accepted, item, only, options, response, texts, when};

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn fixture() -> Bank {
    qti::read("spring.zip", &zip(&PACKAGE)).unwrap()
}

#[test]
fn the_package_is_one_exam_of_three_questions() {
    let bank = fixture();
    assert_eq!(bank.exams.len(), 1);
    let exam = &bank.exams[0];
    assert_eq!(
        (exam.title.as_str(), exam.year, exam.semester.as_deref(), exam.kind.as_deref(), exam.points),
        ("Midterm 2024 spring", Some(2024), Some("spring"), Some("midterm"), Some(6.0))
    );
    let rows: Vec<_> = bank
        .questions
        .iter()
        .map(|question| {
            (
                question.place.id.as_deref().unwrap(),
                question.title.as_deref().unwrap(),
                question.exam,
                question.number,
                question.parts[0].points,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("root", "Root", Some(0), Some(1), Some(3.0)),
            ("graph", "Question 1", Some(0), Some(2), Some(1.0)),
            ("gap", "Question 1", Some(0), Some(3), Some(2.0)),
            ("spare", "Spare", None, None, None)
        ]
    );
    let topics: Vec<_> =
        bank.questions.iter().map(|question| (question.category.as_deref(), question.topic.as_deref())).collect();
    assert_eq!(
        topics,
        [(None, Some("Algebra")), (Some("Algebra"), Some("Lines")), (Some("Algebra"), Some("Lines")), (None, None)]
    );
    assert_eq!(
        texts(&bank.refused),
        [
            "The question “Steps” is refused: its type `orderInteraction` gives points only for the whole order. Here each place is marked by itself.",
            "The file items/gone.xml is missing in the package."
        ]
    );
    assert_eq!(bank.refused[1].place.id.as_deref(), Some("gone"));
    assert_eq!(
        texts(&bank.warnings),
        [
            "The response processing sets no score that depends on the response, so the key of `RESPONSE` is its correct response.",
            "The item spare is in no exam of the package. It is taken as a question outside exams."
        ]
    );
    assert_eq!(bank.warnings[0].place.id.as_deref(), Some("graph"));
}

#[test]
fn the_questions_of_the_package_have_their_keys_passages_and_pictures() {
    let bank = fixture();
    let [root, graph, gap, spare] = bank.questions.as_slice() else { panic!() };
    assert_eq!(root.stem, r"$\sqrt{2}$ is about [gap 1]");
    assert_eq!(accepted(&root.parts[0].answer), ["[1.400058, 1.442484]"]);
    assert_eq!(graph.stem, "A line is drawn in the plane.\n\n[figure 1]\nIts slope for x < 3?");
    assert_eq!(options(&graph.parts[0].answer), [("0", false, None), ("1", true, None), ("None", false, None)]);
    assert_eq!(graph.extra, [("shuffle".to_owned(), "yes".to_owned()), ("fixed option".to_owned(), "None".to_owned())]);
    assert_eq!(graph.figures[0].source, "img/slope one.svg");
    assert_eq!(graph.figures[0].bytes.as_deref(), Some(PACKAGE[3].1));
    assert_eq!(graph.figures[0].alt.as_deref(), Some("a line through 0 and (1, 1)"));
    assert_eq!(gap.stem, "A line is drawn in the plane.\n\nThe plane is named after [gap 1].");
    assert_eq!(accepted(&gap.parts[0].answer), ["Descartes", "René Descartes", "Fermat@0.25"]);
    assert_eq!(spare.stem, r"Prove that $x^{2}\ge0$.");
    assert_eq!((&spare.parts[0].answer, spare.solution.as_deref()), (&Answer::Open, Some("One point for each case.")));
}

#[test]
fn a_package_in_a_folder_of_the_zip_is_the_same() {
    let names: Vec<String> = PACKAGE.iter().map(|(name, _)| format!("export/{}", name.replace('/', "\\"))).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().zip(&PACKAGE).map(|(name, (_, content))| (name.as_str(), *content)).collect();
    let nested = qti::read("spring.zip", &zip(&files)).unwrap();
    assert_eq!(nested.questions.len(), 4);
    assert_eq!(nested.questions[1].figures[0].bytes.as_deref(), Some(PACKAGE[3].1));
    let folder =
        Package::from_files(PACKAGE.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec()))).unwrap();
    assert_eq!(qti::read_package("spring", &folder).unwrap(), fixture());
}

#[test]
fn paths_that_leave_the_package_are_refused() {
    let test = b"<assessmentTest identifier='t' title='Quiz'><testPart><assessmentSection identifier='s' title='S' visible='true'><selection select='1'/><assessmentItemRef identifier='a' href='../../etc/passwd'/><assessmentItemRef identifier='b' href='i.xml'><weight identifier='V' value='7'/><weight identifier='W' value='2'/><timeLimits maxTime='90'/></assessmentItemRef><assessmentSectionRef identifier='c' href='part.xml'/><assessmentSectionRef identifier='d' href='lost.xml'/></assessmentSection></testPart><outcomeProcessing><setOutcomeValue identifier='T'><sum><testVariables variableIdentifier='SCORE' weightIdentifier='W'/></sum></setOutcomeValue></outcomeProcessing></assessmentTest>";
    let section = b"<assessmentSection identifier='x' title='Inner' visible='true'><rubricBlock view='candidate'><p>Read this. <img src='p.png' alt=''/></p></rubricBlock><assessmentItemRef identifier='e' href='j.xml'/><assessmentSectionRef identifier='loop' href='part.xml'/></assessmentSection>";
    let source = |id: &str| {
        format!(
            "<assessmentItem identifier='{id}'>{}<itemBody><p><img src='../../../x.png'/></p>{CHOICE}</itemBody><responseProcessing template='match_correct'/></assessmentItem>",
            response("single", "identifier", &["a"], "")
        )
    };
    let manifest = b"<manifest><resources xml:base='q/'><resource identifier='t' type='imsqti_test_xmlv2p1' href='t.xml'/><resource identifier='i' type='imsqti_item_xmlv2p1' href='i.xml'/><resource identifier='out' type='imsqti_item_xmlv2p1' href='../../secret.xml'/></resources></manifest>";
    let bank = qti::read(
        "q.zip",
        &zip(&[
            ("imsmanifest.xml", manifest),
            ("q/t.xml", test),
            ("q/part.xml", section),
            ("q/i.xml", source("i").as_bytes()),
            ("q/j.xml", source("j").as_bytes()),
            ("q/p.png", b"P"),
        ]),
    )
    .unwrap();
    let refused = texts(&bank.refused);
    assert!(refused.contains(&"The file ../../etc/passwd leaves the package."), "{refused:?}");
    assert!(refused.contains(&"The path ../../secret.xml leaves the package, or is none."), "{refused:?}");
    assert!(refused.contains(&"The section lost.xml is missing in the package."), "{refused:?}");
    assert!(refused.contains(&"The section part.xml is included too deep."), "{refused:?}");
    let [i, j] = bank.questions.as_slice() else { panic!("{bank:?}") };
    assert_eq!((i.parts[0].points, i.minutes, i.topic.as_deref()), (Some(2.0), Some(1.5), Some("S")));
    assert_eq!((j.category.as_deref(), j.topic.as_deref()), (Some("S"), Some("Inner")));
    assert_eq!(i.figures[0].bytes, None);
    assert!(j.stem.starts_with("Read this. [figure 1]\n\n"), "{}", j.stem);
    assert_eq!(j.figures[0].bytes.as_deref(), Some(b"P".as_slice()));
    assert!(texts(&bank.warnings).contains(&"The section selects 1 of its questions at random. All are taken."));
}

#[test]
fn hostile_packages_and_items_are_refused_or_bounded() {
    let bomb = zip(&[("items/a.xml", &vec![b' '; 3 << 20])]);
    assert!(qti::read("q.zip", &bomb).unwrap_err().0.contains("200 times"));
    let laughs = b"<!DOCTYPE a [<!ENTITY a 'ha'>]><assessmentItem identifier='a'><itemBody><p>&a;</p></itemBody></assessmentItem>";
    assert!(qti::read("a.xml", laughs).unwrap_err().0.contains("declares entities"));
    let deep = format!("<assessmentItem>{}", "<div>".repeat(10_000));
    assert!(qti::read("a.xml", deep.as_bytes()).unwrap_err().0.contains("200 levels"));
    let bank = item(&response("single", "string", &["x"], ""), &FIELD.repeat(300), "");
    assert!(bank.refused[0].text.contains("more than 200 interactions"), "{bank:?}");
    let match_one = |value: usize| {
        format!("<match><variable identifier='RESPONSE'/><baseValue baseType='string'>{value}</baseValue></match>")
    };
    let or = format!("<or>{}{}</or>", match_one(1), match_one(2)).repeat(60);
    let bank = item(&response("single", "string", &["x"], ""), FIELD, &when(&format!("<and>{or}</and>"), "1"));
    assert!(texts(&bank.warnings)[0].contains("more than 6000 comparisons"), "{bank:?}");
    let many = format!("<or>{}</or>", (0..2000).map(match_one).collect::<Vec<_>>().concat());
    let bank = item(&response("single", "string", &["x"], ""), FIELD, &when(&many, "1"));
    let Answer::Accepted(list) = &only(&bank).parts[0].answer else { panic!("{bank:?}") };
    assert_eq!((list.len(), bank.warnings.len()), (500, 1));
    let pictures = "<img src='a.png'/>".repeat(5)
        + &(0..300).map(|number| format!("<img src='{number}.png'/>")).collect::<Vec<_>>().concat();
    let bank = item(&response("single", "string", &["x"], ""), &format!("<p>{pictures}</p>{FIELD}"), "");
    assert_eq!(only(&bank).figures.len(), 100);
}

#[test]
fn items_outside_exams_are_one_warning() {
    let spare = PACKAGE[8].1;
    let mut files: Vec<(String, Vec<u8>)> =
        PACKAGE.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    let manifest = String::from_utf8(files[0].1.clone()).unwrap();
    let resources: Vec<String> = (0..6)
        .map(|number| {
            format!("<resource identifier='more{number}' type='imsqti_item_xmlv3p0' href='items/more{number}.xml'/>")
        })
        .collect();
    let resources = resources.concat();
    files[0].1 = manifest.replace("</resources>", &format!("{resources}</resources>")).into_bytes();
    for number in 0..6 {
        let source = String::from_utf8(spare.to_vec()).unwrap().replace("\"spare\"", &format!("\"more{number}\""));
        files.push((format!("items/more{number}.xml"), source.into_bytes()));
    }
    let bank = qti::read_package("q", &Package::from_files(files).unwrap()).unwrap();
    let found: Vec<&str> = texts(&bank.warnings).into_iter().filter(|text| text.contains("no exam")).collect();
    assert_eq!(
        found,
        [
            "7 items are in no exam of the package. They are taken as questions outside exams: spare, more0, more1, more2, more3, …."
        ]
    );
}

#[test]
fn a_package_without_a_manifest_is_read() {
    let files: Vec<(&str, &[u8])> = PACKAGE.iter().filter(|(name, _)| *name != "imsmanifest.xml").copied().collect();
    let bank = qti::read("q.zip", &zip(&files)).unwrap();
    assert_eq!((bank.questions.len(), bank.exams.len(), bank.refused.len()), (4, 1, 1), "{bank:?}");
    assert!(qti::read("q.zip", &zip(&[("a.txt", b"x")])).unwrap_err().0.contains("no item"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutated_packages_never_panic(file in 0..PACKAGE.len(), at in 0_usize..2000, length in 0_usize..60, insert in "[<>&;/a-z\"'0-9. -]{0,12}") {
        let mut files: Vec<(String, Vec<u8>)> = PACKAGE.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
        let bytes = &mut files[file].1;
        let at = at % bytes.len();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, insert.bytes());
        drop(Package::from_files(files).map(|package| qti::read_package("q", &package)));
    }

    #[test]
    fn mutated_items_never_panic(at in 0..ITEM.len(), length in 0_usize..60, insert in "[<>&;/a-z\"'0-9. -]{0,12}", bytes: Vec<u8>) {
        let mut item = ITEM.to_vec();
        let end = (at + length).min(item.len());
        item.splice(at..end, insert.bytes());
        drop(qti::read("item.xml", &item));
        drop(qti::read("item.xml", &bytes));
    }
}
