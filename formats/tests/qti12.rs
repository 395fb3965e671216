//! QTI 1.2: what must come out of the items of Canvas, Blackboard and Respondus.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

use std::io::{Cursor, Write};

use formats::{Answer, Bank, Form, Question, Remark, Tolerance, qti12};
use proptest::prelude::*;

const FIXTURE: &[u8] = include_bytes!("fixtures/canvas-qti12.xml");

fn read(source: &str) -> Bank {
    qti12::read("quiz.xml", source.as_bytes()).unwrap()
}

/// A file with one item: its metadata, presentation and response processing.
fn item(metadata: &[(&str, &str)], presentation: &str, processing: &str) -> Bank {
    let fields = metadata
        .iter()
        .map(|(label, entry)| {
            format!(
                "<qtimetadatafield><fieldlabel>{label}</fieldlabel><fieldentry>{entry}</fieldentry></qtimetadatafield>"
            )
        })
        .collect::<Vec<_>>()
        .concat();
    read(&format!(
        "<questestinterop><item ident='i' title='T'><itemmetadata><qtimetadata>{fields}</qtimetadata></itemmetadata>
        <presentation>{presentation}</presentation><resprocessing>{processing}</resprocessing></item></questestinterop>"
    ))
}

fn only(bank: &Bank) -> &Question {
    assert_eq!((bank.questions.len(), &bank.refused), (1, &vec![]), "{bank:?}");
    &bank.questions[0]
}

fn texts(remarks: &[Remark]) -> Vec<&str> {
    remarks.iter().map(|remark| remark.text.as_str()).collect()
}

fn options(answer: &Answer) -> Vec<(&str, bool, Option<f64>)> {
    let Answer::Choice { options, .. } = answer else { panic!("{answer:?}") };
    options.iter().map(|option| (option.text.as_str(), option.is_right, option.weight)).collect()
}

/// Accepted answers in short: `a`, `a!` if case counts, `1±0`, `[1, 2)`, with `@0.5` for a share.
fn accepted(answer: &Answer) -> Vec<String> {
    let Answer::Accepted(list) = answer else { panic!("{answer:?}") };
    list.iter()
        .map(|one| {
            let form = match &one.form {
                Form::Text { text, match_case, .. } => format!("{text}{}", if *match_case { "!" } else { "" }),
                Form::Number { value, tolerance: Tolerance::Absolute(tolerance) } => format!("{value}±{tolerance}"),
                Form::Number { value, tolerance } => format!("{value} {tolerance:?}"),
                Form::Range { low, high } => {
                    let low = low.as_ref().map_or("(".to_owned(), |low| {
                        format!("{}{}", if low.is_included { '[' } else { '(' }, low.value)
                    });
                    let high = high.as_ref().map_or(")".to_owned(), |high| {
                        format!("{}{}", high.value, if high.is_included { ']' } else { ')' })
                    });
                    format!("{low}, {high}")
                }
            };
            if one.fraction < 1.0 { format!("{form}@{}", one.fraction) } else { form }
        })
        .collect()
}

fn choice(id: &str, cardinality: &str, labels: &[(&str, &str)]) -> String {
    let labels = labels
        .iter()
        .map(|(id, text)| {
            format!("<response_label ident='{id}'><material><mattext>{text}</mattext></material></response_label>")
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<response_lid ident='{id}' rcardinality='{cardinality}'><render_choice>{labels}</render_choice></response_lid>"
    )
}

fn text(html: &str) -> String {
    format!("<material><mattext texttype='text/html'><![CDATA[{html}]]></mattext></material>")
}

const FIELD: &str =
    "<response_str ident='r' rcardinality='Single'><render_fib><response_label ident='a'/></render_fib></response_str>";

#[test]
fn the_quiz_of_canvas_is_taken() {
    let bank = qti12::read("canvas.xml", FIXTURE).unwrap();
    assert!(bank.refused.is_empty() && bank.skipped.is_empty() && bank.warnings.is_empty(), "{bank:?}");
    assert_eq!(bank.exams.len(), 1);
    assert_eq!(
        (bank.exams[0].title.as_str(), bank.exams[0].kind.as_deref(), bank.exams[0].points),
        ("Midterm 1", Some("midterm 1"), Some(5.5))
    );
    let [primes, root] = bank.questions.as_slice() else { panic!("{bank:?}") };
    assert_eq!(primes.stem, "Which solve $x^2-5x+6=0$?");
    assert_eq!(
        (primes.place.id.as_deref(), primes.place.line, primes.title.as_deref()),
        (Some("i1"), Some(3), Some("Primes"))
    );
    assert_eq!(options(&primes.parts[0].answer), [("2", true, None), ("3", true, None), ("6", false, None)]);
    assert!(matches!(primes.parts[0].answer, Answer::Choice { several: true, weighted: false, .. }));
    assert_eq!(primes.solution.as_deref(), Some("Factor into (x-2)(x-3)."));
    assert_eq!((primes.parts[0].points, root.parts[0].points), (Some(3.0), Some(2.5)));
    assert_eq!((primes.exam, primes.number, root.number), (Some(0), Some(1), Some(2)));
    assert!(primes.figures.is_empty());
    assert_eq!(root.stem, "A root of x^2 = 2");
    assert!(!root.parts[0].is_gap);
    assert_eq!(accepted(&root.parts[0].answer), ["1.4142±0", "[1.414, 1.4144]", "-1.4142±0"]);
}

#[test]
fn a_single_choice_keeps_shares_and_penalties() {
    let bank = item(
        &[("question_type", "multiple_choice_question"), ("points_possible", "2")],
        &(text("Q?") + &choice("r", "Single", &[("a", "A"), ("b", "B"), ("c", "C")])),
        "<outcomes><decvar maxvalue='100' varname='SCORE'/></outcomes>
        <respcondition continue='Yes'><conditionvar><varequal respident='r'>c</varequal></conditionvar><displayfeedback linkrefid='c_fb'/></respcondition>
        <respcondition><conditionvar><varequal respident='r'>b</varequal></conditionvar><setvar action='Set' varname='SCORE'>100</setvar></respcondition>
        <respcondition><conditionvar><varequal respident='r'>a</varequal></conditionvar><setvar action='Set' varname='SCORE'>50</setvar></respcondition>
        <respcondition><conditionvar><varequal respident='r'>c</varequal></conditionvar><setvar action='Subtract' varname='SCORE'>25</setvar></respcondition>
        </resprocessing><itemfeedback ident='c_fb'><material><mattext>No.</mattext></material></itemfeedback>
        <itemfeedback ident='correct_fb'><material><mattext>Yes.</mattext></material></itemfeedback><resprocessing>",
    );
    let question = only(&bank);
    assert_eq!(
        options(&question.parts[0].answer),
        [("A", false, Some(0.5)), ("B", true, Some(1.0)), ("C", false, Some(-0.25))]
    );
    let Answer::Choice { options, .. } = &question.parts[0].answer else { unreachable!() };
    assert_eq!(options[2].feedback.as_deref(), Some("No."));
    assert_eq!(question.extra, [("feedback if right".to_owned(), "Yes.".to_owned())]);
}

#[test]
fn points_for_all_other_answers_are_said() {
    let bank = item(
        &[],
        &(text("Q?") + &choice("r", "Single", &[("a", "A"), ("b", "B")])),
        "<respcondition><conditionvar><varequal respident='r'>b</varequal></conditionvar><setvar varname='SCORE'>2</setvar></respcondition>
        <respcondition><conditionvar><other/></conditionvar><setvar varname='SCORE'>1</setvar></respcondition>",
    );
    assert_eq!(options(&only(&bank).parts[0].answer), [("A", false, None), ("B", true, None)]);
    assert_eq!(texts(&bank.warnings), ["Points for all answers that no condition names are left out."]);
}

#[test]
fn several_choices_may_add_their_points() {
    let bank = item(
        &[],
        &(text("Q?") + &choice("r", "Multiple", &[("a", "A"), ("b", "B"), ("c", "C")])),
        "<outcomes><decvar maxvalue='2' varname='que_score'/></outcomes>
        <respcondition><conditionvar><varequal respident='r'>a</varequal></conditionvar><setvar action='Add' varname='que_score'>1</setvar></respcondition>
        <respcondition><conditionvar><varequal respident='r'>b</varequal></conditionvar><setvar action='Add' varname='que_score'>1</setvar></respcondition>
        <respcondition><conditionvar><varequal respident='r'>c</varequal></conditionvar><setvar action='Add' varname='que_score'>-1</setvar></respcondition>",
    );
    let part = &only(&bank).parts[0];
    assert_eq!(options(&part.answer), [("A", true, Some(0.5)), ("B", true, Some(0.5)), ("C", false, Some(-0.5))]);
    assert!(matches!(part.answer, Answer::Choice { several: true, weighted: true, .. }));
    assert_eq!(part.points, Some(2.0));
}

#[test]
fn several_values_of_one_field_are_alternatives() {
    let bank = item(
        &[("question_type", "short_answer_question"), ("points_possible", "1")],
        &(text("Who?") + FIELD),
        "<outcomes><decvar maxvalue='100' varname='SCORE'/></outcomes>
        <respcondition><conditionvar><varequal respident='r'>Newton</varequal><varequal respident='r' case='Yes'>Sir Isaac</varequal></conditionvar><setvar action='Set' varname='SCORE'>100</setvar></respcondition>
        <respcondition><conditionvar><or><varequal respident='r'>Isaac</varequal></or></conditionvar><setvar action='Set' varname='SCORE'>40</setvar></respcondition>",
    );
    assert_eq!(accepted(&only(&bank).parts[0].answer), ["Newton", "Sir Isaac!", "Isaac@0.4"]);
}

#[test]
fn bounds_may_be_open_and_stand_beside_the_value() {
    for (conditions, expected) in [
        ("<vargt respident='r'>1</vargt><varlt respident='r'>2</varlt>", vec!["(1, 2)"]),
        ("<and><vargte respident='r'>1</vargte><varlt respident='r'>2,5</varlt></and>", vec!["[1, 2.5)"]),
        ("<vargte respident='r'>-3</vargte>", vec!["[-3, )"]),
        (
            "<vargte respident='r'>2</vargte><varlte respident='r'>4</varlte><varequal respident='r' case='No'>3</varequal>",
            vec!["3±0", "[2, 4]"],
        ),
        ("<or><varequal respident='r'>1</varequal><varequal respident='r'>2</varequal></or>", vec!["1±0", "2±0"]),
    ] {
        let bank = item(
            &[("question_type", "numerical_question")],
            &(text("How many?") + FIELD),
            &format!(
                "<respcondition><conditionvar>{conditions}</conditionvar><setvar varname='SCORE'>100</setvar></respcondition>"
            ),
        );
        assert_eq!(accepted(&only(&bank).parts[0].answer), expected, "{conditions}");
    }
}

#[test]
fn blanks_and_dropdowns_of_canvas_are_gaps() {
    let condition = |id: &str, label: &str| {
        format!(
            "<respcondition><conditionvar><varequal respident='{id}'>{label}</varequal></conditionvar><setvar action='Add' varname='SCORE'>50</setvar></respcondition>"
        )
    };
    let presentation = text("<p>Roses are [color1], violets are [color2].</p>")
        + &choice("response_color1", "Single", &[("1", "red"), ("2", "Red!")])
        + &choice("response_color2", "Single", &[("3", "blue"), ("4", "green")]);
    let processing = "<outcomes><decvar maxvalue='100' varname='SCORE'/></outcomes>".to_owned()
        + &condition("response_color1", "1")
        + &condition("response_color1", "2")
        + &condition("response_color2", "3");
    let points = ("points_possible", "4");
    let bank = item(&[("question_type", "fill_in_multiple_blanks_question"), points], &presentation, &processing);
    let question = only(&bank);
    assert_eq!(question.stem, "Roses are [gap 1], violets are [gap 2].");
    assert_eq!(
        question.parts.iter().map(|part| (part.is_gap, part.points)).collect::<Vec<_>>(),
        [(true, Some(2.0)); 2]
    );
    assert_eq!(accepted(&question.parts[0].answer), ["red", "Red!"]);
    assert_eq!(accepted(&question.parts[1].answer), ["blue"]);
    let bank = item(&[("question_type", "multiple_dropdowns_question"), points], &presentation, &processing);
    let question = only(&bank);
    assert_eq!(question.stem, "Roses are [gap 1], violets are [gap 2].");
    assert_eq!(options(&question.parts[1].answer), [("blue", true, None), ("green", false, None)]);
}

#[test]
fn choices_that_share_their_options_are_a_matching() {
    let left = |id: &str, text: &str| {
        choice(id, "Single", &[("1", "Paris"), ("2", "Rome"), ("3", "Oslo")]).replacen(
            "<render_choice>",
            &format!("<material><mattext>{text}</mattext></material><render_choice>"),
            1,
        )
    };
    let bank = item(
        &[("question_type", "matching_question"), ("points_possible", "3")],
        &(text("Capitals?") + &left("response_1", "Italy") + &left("response_2", "France")),
        "<respcondition><conditionvar><varequal respident='response_1'>2</varequal></conditionvar><setvar action='Add' varname='SCORE'>50.00</setvar></respcondition>
        <respcondition><conditionvar><varequal respident='response_2'>1</varequal></conditionvar><setvar action='Add' varname='SCORE'>50.00</setvar></respcondition>",
    );
    let question = only(&bank);
    let pairs = vec![("Italy".to_owned(), "Rome".to_owned()), ("France".to_owned(), "Paris".to_owned())];
    assert_eq!(question.parts[0].answer, Answer::Matching { pairs, distractors: vec!["Oslo".to_owned()] });
    assert_eq!((question.stem.as_str(), question.parts[0].points), ("Capitals?", Some(3.0)));
}

#[test]
fn an_order_is_taken() {
    let bank = item(
        &[],
        &(text("Order!") + &choice("r", "Ordered", &[("a", "two"), ("b", "one")])),
        "<respcondition><conditionvar><varequal respident='r' index='2'>a</varequal><varequal respident='r' index='1'>b</varequal></conditionvar><setvar varname='SCORE'>1</setvar></respcondition>",
    );
    assert_eq!(only(&bank).parts[0].answer, Answer::Ordering(vec!["one".to_owned(), "two".to_owned()]));
}

#[test]
fn a_pool_of_blackboard_is_read() {
    let bank = read(
        "<?xml version='1.0'?><!DOCTYPE questestinterop SYSTEM 'ims_qtiasiv1p1.dtd'>
        <questestinterop><assessment title='Final exam Fall 2019'><section><sectionmetadata/><item maxattempts='0'><itemmetadata><bbmd_asi_object_id>_1_1</bbmd_asi_object_id><bbmd_questiontype>Multiple Choice</bbmd_questiontype><qmd_absolutescore_max>10.0</qmd_absolutescore_max></itemmetadata>
        <presentation><flow class='Block'><flow class='QUESTION_BLOCK'><flow class='FORMATTED_TEXT_BLOCK'><material><mat_extension><mat_formattedtext type='HTML'>&lt;p&gt;2&amp;nbsp;&amp;lt; x&lt;/p&gt;</mat_formattedtext></mat_extension></material></flow></flow>
        <flow class='RESPONSE_BLOCK'><response_lid ident='response' rcardinality='Single'><render_choice shuffle='No'><flow_label><response_label ident='aa'><flow_mat><material><mat_extension><mat_formattedtext type='HTML'>one</mat_formattedtext></mat_extension></material></flow_mat></response_label></flow_label>
        <flow_label><response_label ident='bb'><flow_mat><material><mattext>two</mattext></material></flow_mat></response_label></flow_label></render_choice></response_lid></flow></flow></presentation>
        <resprocessing><outcomes><decvar varname='SCORE' vartype='Decimal' defaultval='0' minvalue='0' maxvalue='10.0'/></outcomes><respcondition title='correct'><conditionvar><varequal respident='response' case='No'>bb</varequal></conditionvar><setvar variablename='SCORE' action='Set'>SCORE.max</setvar><displayfeedback linkrefid='correct'/></respcondition>
        <respcondition title='incorrect'><conditionvar><other/></conditionvar><setvar variablename='SCORE' action='Set'>0.0</setvar><displayfeedback linkrefid='incorrect'/></respcondition></resprocessing></item>
        <item><itemmetadata><bbmd_questiontype>Essay</bbmd_questiontype><qmd_absolutescore_max>5</qmd_absolutescore_max></itemmetadata><presentation><flow><material><mattext>Why?</mattext></material><response_str ident='response'><render_fib rows='8'/></response_str></flow></presentation>
        <itemfeedback ident='solution' view='All'><solution><solutionmaterial><flow_mat><material><mattext>Because.</mattext></material></flow_mat></solutionmaterial></solution></itemfeedback></item></section></assessment></questestinterop>",
    );
    let exam = &bank.exams[0];
    assert_eq!(
        (exam.year, exam.semester.as_deref(), exam.kind.as_deref(), exam.points),
        (Some(2019), Some("fall"), Some("final"), Some(15.0))
    );
    assert_eq!(bank.questions[0].stem, "2 < x");
    assert_eq!(options(&bank.questions[0].parts[0].answer), [("one", false, None), ("two", true, None)]);
    assert_eq!(
        (&bank.questions[1].parts[0].answer, bank.questions[1].solution.as_deref()),
        (&Answer::Open, Some("Because."))
    );
    assert_eq!(texts(&bank.warnings), ["The document type definition was not read."]);
}

#[test]
fn types_that_cannot_be_taken_are_refused_by_name() {
    for kind in ["calculated_question", "file_upload_question", "hot_spot_question"] {
        let bank = item(&[("question_type", kind)], &(text("Q [x]?") + FIELD), "");
        assert_eq!((bank.questions.len(), bank.refused.len()), (0, 1));
        assert!(bank.refused[0].text.contains(kind), "{:?}", bank.refused);
    }
    let bank = item(&[], &(text("Where?") + "<response_xy ident='r'><render_hotspot/></response_xy>"), "");
    assert_eq!(bank.refused.len(), 1);
    let bank = read("<questestinterop><item ident='e'/></questestinterop>");
    assert_eq!(texts(&bank.refused), ["The question is refused: it shows nothing."]);
}

#[test]
fn banks_sections_and_random_groups_are_said() {
    let item =
        |id: &str| format!("<item ident='{id}' title='{id}'><presentation>{}{FIELD}</presentation></item>", text("Q?"));
    let bank = read(&format!(
        "<questestinterop><objectbank ident='b'><qtimetadata><qtimetadatafield><fieldlabel>bank_title</fieldlabel><fieldentry>Waves</fieldentry></qtimetadatafield></qtimetadata>{}</objectbank>
        <assessment title='Quiz'><section ident='root_section'><section title='Part A'><selection_ordering><selection><selection_number>1</selection_number></selection></selection_ordering>{}{}</section>
        <section title='Part B'><selection_ordering><selection><sourcebank_ref>b</sourcebank_ref><selection_number>2</selection_number></selection></selection_ordering></section></section></assessment></questestinterop>",
        item("x"), item("y"), item("z")
    ));
    let topics: Vec<_> = bank.questions.iter().map(|question| (question.topic.as_deref(), question.exam)).collect();
    assert_eq!(topics, [(Some("Waves"), None), (Some("Part A"), Some(0)), (Some("Part A"), Some(0))]);
    assert_eq!(texts(&bank.warnings), ["The section selects 1 of its questions at random. All are taken."]);
    assert_eq!(
        texts(&bank.skipped),
        ["The section selects 2 questions of the bank `b` at random. Import that bank itself."]
    );
    assert!(bank.questions.iter().all(|question| question.parts[0].answer == Answer::Open));
    // A question without points leaves the sum open.
    assert_eq!(bank.exams[0].points, None);
}

#[test]
fn a_text_without_a_question_stands_before_the_next_question() {
    let bank = read(&format!(
        "<questestinterop><item ident='t'><itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type</fieldlabel><fieldentry>text_only_question</fieldentry></qtimetadatafield></qtimetadata></itemmetadata><presentation>{}</presentation></item>
        <item ident='q'><presentation>{}{FIELD}</presentation></item><item ident='last'><presentation>{}</presentation></item></questestinterop>",
        text("A cart."), text("How heavy?"), text("The end.")
    ));
    assert_eq!(only(&bank).stem, "A cart.\n\nHow heavy?");
    assert_eq!(texts(&bank.warnings), ["This text was put before the question."]);
    assert_eq!(bank.skipped.len(), 1);
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_cartridge_has_its_quiz_once_and_its_pictures() {
    let quiz = format!(
        "<questestinterop><assessment title='Q'><section><item ident='q'><presentation>{}{FIELD}</presentation></item></section></assessment></questestinterop>",
        text(
            "<img src='%24IMS-CC-FILEBASE%24/Uploaded%20Media/a%20b.png?canvas_=1' alt='x'> <img src='../up.png'> <img src='../../../etc/passwd'>"
        )
    );
    let bytes = zip(&[
        ("imsmanifest.xml", b"<manifest><questestinterop/></manifest>"),
        ("g1/assessment_qti.xml", quiz.as_bytes()),
        ("g1/assessment_meta.xml", b"<quiz/>"),
        ("non_cc_assessments/g1.xml.qti", quiz.as_bytes()),
        ("web_resources/Uploaded Media/a b.png", b"PNG"),
        ("up.png", b"UP"),
        ("broken/broken.xml", b"<questestinterop><item>"),
        ("../evil.xml", b"<questestinterop/>"),
    ]);
    let bank = qti12::read("course.imscc", &bytes).unwrap();
    assert_eq!(bank.questions.len(), 1);
    let question = &bank.questions[0];
    assert_eq!(question.place.file, "non_cc_assessments/g1.xml.qti");
    let figures: Vec<_> =
        question.figures.iter().map(|figure| (figure.source.as_str(), figure.bytes.as_deref())).collect();
    assert_eq!(
        figures,
        [
            ("web_resources/Uploaded Media/a b.png", Some(b"PNG".as_slice())),
            ("up.png", Some(b"UP")),
            ("../../../etc/passwd", None)
        ]
    );
    assert_eq!(question.stem, "[figure 1] [figure 2] [figure 3]");
    assert_eq!(bank.skipped.len(), 1);
    assert_eq!(bank.refused.len(), 1);
    assert_eq!(bank.refused[0].place.file, "broken/broken.xml");
    assert_eq!(texts(&bank.warnings)[0], "The file is left out: its path leaves the package.");
    assert!(qti12::read("a.zip", &zip(&[("a.txt", b"x")])).is_err());
    assert!(qti12::read("a.xml", b"<quiz/>").unwrap_err().0.contains("`quiz`"));
}

#[test]
fn conditions_of_exponential_size_are_bounded() {
    let or = "<or><varequal respident='r'>a</varequal><varequal respident='r'>b</varequal></or>".repeat(60);
    let bank = item(
        &[],
        &(text("Q?") + &choice("r", "Multiple", &[("a", "A"), ("b", "B")])),
        &format!(
            "<respcondition><conditionvar><and>{or}</and></conditionvar><setvar varname='SCORE'>1</setvar></respcondition>"
        ),
    );
    assert_eq!(bank.questions.len(), 1);
}

proptest! {
    #[test]
    fn mutated_files_never_panic(at in 0..FIXTURE.len(), length in 0_usize..60, insert in "[<>&;/a-z\"'0-9 ]{0,12}") {
        let mut bytes = FIXTURE.to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, insert.bytes());
        drop(qti12::read("quiz.xml", &bytes));
    }

    #[test]
    fn bytes_never_panic(bytes: Vec<u8>) {
        drop(qti12::read("quiz.xml", &bytes));
    }
}
