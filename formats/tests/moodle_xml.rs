//! Moodle XML: what must come out of each kind of question.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

use formats::{Accepted, Answer, Bank, Form, Question, Tolerance, moodle_xml};
use proptest::prelude::*;

const FIXTURE: &[u8] = include_bytes!("fixtures/moodle.xml");

fn read(source: &str) -> Bank {
    moodle_xml::read("bank.xml", source.as_bytes()).unwrap()
}

/// A file with one question of this type.
fn question(kind: &str, body: &str) -> Bank {
    read(&format!("<quiz><question type='{kind}'><name><text>Q</text></name>{body}</question></quiz>"))
}

fn only(bank: &Bank) -> &Question {
    assert_eq!((bank.questions.len(), &bank.refused), (1, &vec![]), "{bank:?}");
    &bank.questions[0]
}

fn text_answers(answer: &Answer) -> Vec<(&str, f64, bool)> {
    let Answer::Accepted(list) = answer else { panic!("{answer:?}") };
    list.iter()
        .map(|one| match &one.form {
            Form::Text { text, has_wildcards, .. } => (text.as_str(), one.fraction, *has_wildcards),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn numbers(answer: &Answer) -> Vec<(String, String, Option<&str>, f64)> {
    let Answer::Accepted(list) = answer else { panic!("{answer:?}") };
    list.iter()
        .map(|Accepted { form, unit, fraction, .. }| match form {
            Form::Number { value, tolerance: Tolerance::Absolute(tolerance) } => {
                (value.to_string(), tolerance.to_string(), unit.as_deref(), *fraction)
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

fn options(answer: &Answer) -> Vec<(&str, bool, Option<f64>)> {
    let Answer::Choice { options, .. } = answer else { panic!("{answer:?}") };
    options.iter().map(|option| (option.text.as_str(), option.is_right, option.weight)).collect()
}

fn texts(remarks: &[formats::Remark]) -> Vec<&str> {
    remarks.iter().map(|remark| remark.text.as_str()).collect()
}

#[test]
fn the_bank_of_the_fixture_is_taken() {
    let bank = moodle_xml::read("moodle.xml", FIXTURE).unwrap();
    let titles: Vec<_> = bank.questions.iter().map(|question| question.title.as_deref().unwrap()).collect();
    assert_eq!(titles, ["Question 1", "Question 1", "Fall", "Law", "Gaps"]);
    for question in &bank.questions {
        assert_eq!(question.category.as_deref(), Some("Physics 1"));
        assert_eq!(question.topic.as_deref(), Some("Energy/Work"));
    }
    assert_eq!(
        texts(&bank.refused),
        ["The question “Random” is refused: its type `stack` needs the computer algebra system of STACK."]
    );
    assert_eq!(bank.refused[0].place.line, Some(14));
    assert_eq!(texts(&bank.skipped), ["The description is left out: no question follows it in its category."]);
    assert_eq!(bank.skipped[0].place.line, Some(15));
}

#[test]
fn several_right_options_keep_their_weights() {
    let bank = moodle_xml::read("moodle.xml", FIXTURE).unwrap();
    let units = &bank.questions[0];
    assert_eq!(units.place.id.as_deref(), Some("phys-e-1"));
    assert_eq!(units.place.line, Some(4));
    assert_eq!(units.stem, r"Which are units of energy? Note that $E = \tfrac{1}{2}mv^2$ & 1 J = 1 kg m^{2}/s^{2}.");
    assert_eq!(
        options(&units.parts[0].answer),
        [("joule", true, Some(0.5)), ("electronvolt", true, Some(0.5)), ("watt", false, Some(-0.5))]
    );
    assert!(matches!(units.parts[0].answer, Answer::Choice { several: true, weighted: true, .. }));
    assert_eq!(units.parts[0].points, Some(4.0));
    assert_eq!(units.solution.as_deref(), Some("A watt is power.\nAn electronvolt is energy."));
    assert_eq!((units.difficulty, &units.techniques[..]), (Some(2), &["units".to_owned()][..]));
}

#[test]
fn of_two_right_options_where_one_may_be_chosen_the_greatest_fraction_is_right() {
    let bank = moodle_xml::read("moodle.xml", FIXTURE).unwrap();
    let question = &bank.questions[1];
    assert_eq!(
        options(&question.parts[0].answer),
        [("nearly", true, Some(0.75)), ("half", false, Some(0.25)), ("no", false, Some(0.0))]
    );
    assert!(matches!(question.parts[0].answer, Answer::Choice { several: false, weighted: true, .. }));
    let warning = bank.warnings.iter().find(|warning| warning.place.line == question.place.line).unwrap();
    assert!(warning.text.contains("75 %"), "{warning:?}");
}

#[test]
fn a_number_has_tolerance_unit_and_picture() {
    let bank = moodle_xml::read("moodle.xml", FIXTURE).unwrap();
    let fall = &bank.questions[2];
    assert_eq!(fall.stem, "Speed after 2 s? [figure 1]\nt | 0");
    assert_eq!(fall.figures.len(), 1);
    assert_eq!(fall.figures[0].source, "ramp.png");
    assert_eq!(fall.figures[0].alt.as_deref(), Some("a ramp"));
    assert!(fall.figures[0].bytes.as_ref().unwrap().starts_with(b"\x89PNG"));
    assert_eq!(
        numbers(&fall.parts[0].answer),
        [
            ("19.62".to_owned(), "0.02".to_owned(), Some("m/s"), 1.0),
            ("20".to_owned(), "0".to_owned(), Some("m/s"), 0.5)
        ]
    );
    let Answer::Accepted(list) = &fall.parts[0].answer else { unreachable!() };
    assert_eq!(list[0].feedback.as_deref(), Some("g is 9.81"));
}

#[test]
fn short_answers_have_wildcards_and_ignore_case_if_said() {
    let bank = moodle_xml::read("moodle.xml", FIXTURE).unwrap();
    let law = &bank.questions[3];
    assert_eq!(
        text_answers(&law.parts[0].answer),
        [("Newton", 1.0, false), ("Isaac Newton", 1.0, false), ("*newton*", 0.5, true)]
    );
    let bank = question(
        "shortanswer",
        r"<questiontext><text>Product?</text></questiontext><usecase>1</usecase>
        <answer fraction='50'><text>a*</text></answer><answer fraction='100'><text>a \* b</text></answer>
        <answer fraction='0'><text>*</text><feedback><text>Read again.</text></feedback></answer>",
    );
    let question = only(&bank);
    assert_eq!(text_answers(&question.parts[0].answer), [("a * b", 1.0, false), ("a*", 0.5, true)]);
    let Answer::Accepted(list) = &question.parts[0].answer else { unreachable!() };
    assert!(list.iter().all(|one| matches!(one.form, Form::Text { match_case: true, .. })));
    assert_eq!(question.extra, [("wrong answer".to_owned(), "*: Read again.".to_owned())]);
}

#[test]
fn a_cloze_is_its_gaps() {
    let bank = moodle_xml::read("moodle.xml", FIXTURE).unwrap();
    let gaps = &bank.questions[4];
    assert_eq!(gaps.stem, "Ice melts at [gap 1] °C and water boils at [gap 2] °C.");
    assert_eq!(
        gaps.parts.iter().map(|part| (part.is_gap, part.points)).collect::<Vec<_>>(),
        [(true, Some(1.0)), (true, Some(3.0))]
    );
    assert_eq!(numbers(&gaps.parts[1].answer), [("100".to_owned(), "1".to_owned(), None, 1.0)]);
}

#[test]
fn the_grade_of_a_cloze_is_shared_by_the_weights_of_its_gaps() {
    let bank = question(
        "cloze",
        "<questiontext><text>{1:SHORTANSWER:=a} {3:MULTICHOICE:=b~c#no}</text></questiontext><defaultgrade>8</defaultgrade>",
    );
    let parts = &only(&bank).parts;
    assert_eq!(parts.iter().map(|part| part.points).collect::<Vec<_>>(), [Some(2.0), Some(6.0)]);
    assert_eq!(
        options(&parts[1].answer).iter().map(|(text, is_right, _)| (*text, *is_right)).collect::<Vec<_>>(),
        [("b", true), ("c", false)]
    );
}

#[test]
fn true_or_false_has_two_options_with_their_feedback() {
    let bank = question(
        "truefalse",
        "<questiontext><text>Is it?</text></questiontext>
        <answer fraction='100'><text>false</text><feedback><text>Yes, no.</text></feedback></answer>
        <answer fraction='0'><text>true</text></answer>",
    );
    let answer = &only(&bank).parts[0].answer;
    assert_eq!(options(answer), [("True", false, None), ("False", true, None)]);
    let Answer::Choice { options, .. } = answer else { unreachable!() };
    assert_eq!(options[1].feedback.as_deref(), Some("Yes, no."));
    let bank = question(
        "truefalse",
        "<questiontext><text>Is it?</text></questiontext><answer fraction='0'><text>true</text></answer>",
    );
    assert_eq!(bank.refused.len(), 1);
}

#[test]
fn rounded_fractions_are_the_shares_that_were_meant() {
    let bank = question(
        "multichoice",
        "<questiontext><text>Three?</text></questiontext><single>false</single>
        <answer fraction='33.33333'><text>a</text></answer><answer fraction='33.333'><text>b</text></answer>
        <answer fraction='33.33333'><text>c</text></answer><answer fraction='-100'><text>d</text></answer>",
    );
    let third = Some(1.0 / 3.0);
    let weights: Vec<_> = options(&only(&bank).parts[0].answer).into_iter().map(|(_, _, weight)| weight).collect();
    assert_eq!(weights, [third, third, third, Some(-1.0)]);
}

#[test]
fn a_plain_single_choice_has_no_weights() {
    let bank = question(
        "multichoice",
        "<questiontext><text>One?</text></questiontext><single>true</single><shuffleanswers>0</shuffleanswers>
        <answer fraction='100'><text>a &lt; b</text></answer><answer fraction='0' format='plain_text'><text>a &lt; b &lt;i></text></answer>",
    );
    let question = only(&bank);
    assert_eq!(options(&question.parts[0].answer), [("a < b", true, None), ("a < b <i>", false, None)]);
    assert!(matches!(question.parts[0].answer, Answer::Choice { several: false, weighted: false, .. }));
    assert_eq!(question.extra, [("shuffle".to_owned(), "no".to_owned())]);
}

#[test]
fn units_convert_the_answer() {
    let bank = question(
        "numerical",
        "<questiontext><text>Power?</text></questiontext><answer fraction='100'><text>5500</text><tolerance>100</tolerance></answer>
        <answer fraction='100'><text>*</text></answer><answer fraction='100'><text>many</text></answer>
        <units><unit><multiplier>0.001</multiplier><unit_name>kW</unit_name></unit><unit><multiplier>1</multiplier><unit_name>W</unit_name></unit></units>
        <unitgradingtype>1</unitgradingtype>",
    );
    let question = only(&bank);
    assert_eq!(
        numbers(&question.parts[0].answer),
        [("5500".to_owned(), "100".to_owned(), Some("W"), 1.0), ("5.5".to_owned(), "0.1".to_owned(), Some("kW"), 1.0)]
    );
    assert_eq!(bank.warnings.len(), 2);
    assert_eq!(question.extra, [("unit handling".to_owned(), "a wrong unit costs points".to_owned())]);
}

#[test]
fn pairs_orders_and_gaps_are_taken() {
    let bank = question(
        "matching",
        "<questiontext><text>Capitals</text></questiontext><subquestion><text>France</text><answer><text>Paris</text></answer></subquestion>
        <subquestion><text>Italy</text><answer><text>Rome</text></answer></subquestion><subquestion><text></text><answer><text>Oslo</text></answer></subquestion>",
    );
    let pairs = vec![("France".to_owned(), "Paris".to_owned()), ("Italy".to_owned(), "Rome".to_owned())];
    assert_eq!(only(&bank).parts[0].answer, Answer::Matching { pairs, distractors: vec!["Oslo".to_owned()] });

    let bank = question(
        "ordering",
        "<questiontext><text>Order</text></questiontext><answer fraction='2.0000000'><text>two</text></answer><answer fraction='1.0000000'><text>one</text></answer>",
    );
    assert_eq!(only(&bank).parts[0].answer, Answer::Ordering(vec!["one".to_owned(), "two".to_owned()]));

    let bank = question(
        "gapselect",
        "<questiontext><text>A [[2]] and a [[3]], a[[i]].</text></questiontext><defaultgrade>3</defaultgrade>
        <selectoption><text>cat</text><group>1</group></selectoption><selectoption><text>dog</text><group>1</group></selectoption><selectoption><text>red</text><group>2</group></selectoption>",
    );
    let gaps = only(&bank);
    assert_eq!(gaps.stem, "A [gap 1] and a [gap 2], a[[i]].");
    assert_eq!(gaps.parts.iter().map(|part| part.points).collect::<Vec<_>>(), [Some(1.5), Some(1.5)]);
    assert_eq!(options(&gaps.parts[0].answer), [("cat", false, None), ("dog", true, None)]);
    assert_eq!(options(&gaps.parts[1].answer), [("red", true, None)]);
}

#[test]
fn an_essay_is_marked_by_the_student_and_its_notes_are_the_solution() {
    let bank = question(
        "essay",
        "<questiontext format='markdown'><text>Prove it.\n\nSee ![a cat](https://example.org/cat.png).</text></questiontext>
        <graderinfo format='html'><text>&lt;p&gt;One point a case.&lt;/p&gt;</text></graderinfo><hint format='html'><text>Try 1.</text></hint><hint format='html'><text>Try 2.</text></hint>",
    );
    let question = only(&bank);
    assert_eq!(question.stem, "Prove it.\nSee [figure 1].");
    assert_eq!(question.figures[0].bytes, None);
    assert_eq!(
        texts(&bank.warnings),
        ["The picture https://example.org/cat.png is on another server and was not fetched."]
    );
    assert_eq!((&question.parts[0].answer, question.parts[0].points), (&Answer::Open, Some(1.0)));
    assert_eq!(question.solution.as_deref(), Some("One point a case."));
    assert_eq!(question.parts[0].hint.as_deref(), Some("Try 1.\nTry 2."));
}

#[test]
fn a_description_stands_before_the_next_question_with_its_picture() {
    let bank = read(
        "<quiz><question type='description'><name><text>I</text></name><questiontext format='html'><text>&lt;p&gt;A cart. &lt;img src='@@PLUGINFILE@@/sub/my%20cart.png'&gt;&lt;/p&gt;</text>
        <file name='my cart.png' path='/sub/' encoding='base64'>AAEC</file></questiontext></question>
        <question type='stack'><name><text>no</text></name></question>
        <question type='essay'><name><text>E</text></name><questiontext format='html'><text>Why? &lt;img src=\"data:image/png;base64,BAUG\"&gt; &lt;img src='@@PLUGINFILE@@/gone.png'&gt;</text><file name='unused.png' encoding='base64'>AAEC</file></questiontext></question></quiz>",
    );
    assert_eq!(bank.questions[0].stem, "A cart. [figure 1]\n\nWhy? [figure 2] [figure 3]");
    let bytes: Vec<_> = bank.questions[0].figures.iter().map(|figure| figure.bytes.clone()).collect();
    assert_eq!(bytes, [Some(vec![0, 1, 2]), Some(vec![4, 5, 6]), None]);
    assert_eq!(bank.questions[0].figures[0].source, "sub/my cart.png");
    assert_eq!(
        texts(&bank.warnings),
        [
            "The picture @@PLUGINFILE@@/gone.png is not in the file.",
            "Files that no text shows are left out: unused.png.",
            "This description was put before the question “E”."
        ]
    );
    assert_eq!(bank.refused.len(), 1);
}

#[test]
fn the_picture_of_an_old_export_stands_below_the_text() {
    let bank = question(
        "essay",
        "<questiontext format='moodle_auto_format'><text>Look:\nnow</text></questiontext><image>pics/a b.gif</image><image_base64>R0lG\nODlh</image_base64>",
    );
    let question = only(&bank);
    assert_eq!(question.stem, "Look:\nnow\n[figure 1]");
    assert_eq!(question.figures[0].bytes.as_deref(), Some(b"GIF89a".as_slice()));
    assert!(bank.warnings.is_empty(), "{bank:?}");
}

#[test]
fn types_that_cannot_be_taken_are_refused_by_name() {
    for kind in [
        "calculated",
        "calculatedsimple",
        "calculatedmulti",
        "formulas",
        "coderunner",
        "randomsamatch",
        "ddmarker",
        "regexp",
        "wq",
    ] {
        let bank = question(kind, "<questiontext><text>Q</text></questiontext>");
        assert_eq!((bank.questions.len(), bank.refused.len()), (0, 1), "{kind}");
        assert!(bank.refused[0].text.contains(&format!("`{kind}`")), "{:?}", bank.refused);
    }
}

#[test]
fn broken_questions_stop_nothing_else() {
    let bank = read(
        "<quiz><question type='multichoice'><name><text>none</text></name><questiontext><text>x</text></questiontext></question>
        <question type='numerical'><questiontext><text>x</text></questiontext><answer fraction='100'><text>abc</text></answer></question>
        <question type='matching'><questiontext><text>x</text></questiontext></question>
        <question type='essay'><questiontext><text> </text></questiontext></question>
        <question><questiontext><text>x</text></questiontext></question><other/>
        <question type='essay'><questiontext><text>Good.</text></questiontext></question></quiz>",
    );
    assert_eq!(bank.questions.len(), 1);
    assert_eq!(bank.refused.len(), 4, "{:?}", bank.refused);
    assert_eq!(bank.skipped.len(), 2, "{:?}", bank.skipped);
    assert_eq!(
        bank.refused.iter().map(|remark| remark.place.line).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(3), Some(4)]
    );
}

#[test]
fn a_backup_is_told_apart() {
    for bytes in [
        b"\x1f\x8b\x08\x00rest".as_slice(),
        b"PK\x03\x04 moodle_backup.xml",
        b"<?xml version='1.0'?><moodle_backup><information/></moodle_backup>",
        b"<question_categories><question_category id='1'/></question_categories>",
    ] {
        let error = moodle_xml::read("course.mbz", bytes).unwrap_err();
        assert!(error.0.starts_with("course.mbz is a Moodle backup (.mbz)"), "{error}");
    }
    assert!(moodle_xml::read("a.zip", b"PK\x03\x04rest").unwrap_err().0.contains("unpack the zip"));
    assert!(moodle_xml::read("a.xml", b"<html/>").unwrap_err().0.contains("`html`"));
    assert!(moodle_xml::read("a.xml", b"<quiz><question></quiz>").unwrap_err().0.contains("1:17"));
}

#[test]
fn ten_thousand_questions_are_read() {
    let body = "<question type='shortanswer'><name><text>Q</text></name><questiontext format='html'><text>What is $x^2$?</text></questiontext><answer fraction='100'><text>a</text></answer></question>\n";
    let bank = read(&format!("<quiz>{}</quiz>", body.repeat(10_000)));
    assert_eq!(bank.questions.len(), 10_000);
    assert_eq!(bank.questions[9_999].place.line, Some(10_000));
}

proptest! {
    #[test]
    fn mutated_files_never_panic(at in 0..FIXTURE.len(), length in 0_usize..40, insert in "[<>&;/a-z\"'{}=~:#*%0-9 ]{0,12}") {
        let mut bytes = FIXTURE.to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, insert.bytes());
        drop(moodle_xml::read("moodle.xml", &bytes));
    }

    #[test]
    fn bytes_never_panic(bytes: Vec<u8>) {
        drop(moodle_xml::read("moodle.xml", &bytes));
    }
}
