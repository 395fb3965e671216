//! QTI 2.1, 2.2 and 3.0: what must come out of packages and items.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

use std::io::{Cursor, Write};

use formats::{Answer, Bank, Form, Question, Remark, Tolerance, package::Package, qti};
use proptest::prelude::*;

const ITEM: &[u8] = include_bytes!("fixtures/item-qti21.xml");
const PACKAGE: [(&str, &[u8]); 10] = [
    ("imsmanifest.xml", include_bytes!("fixtures/qti3-package/imsmanifest.xml")),
    ("spring.xml", include_bytes!("fixtures/qti3-package/spring.xml")),
    ("style.css", include_bytes!("fixtures/qti3-package/style.css")),
    ("img/slope one.svg", include_bytes!("fixtures/qti3-package/img/slope one.svg")),
    ("items/gap.xml", include_bytes!("fixtures/qti3-package/items/gap.xml")),
    ("items/graph.xml", include_bytes!("fixtures/qti3-package/items/graph.xml")),
    ("items/order.xml", include_bytes!("fixtures/qti3-package/items/order.xml")),
    ("items/root.xml", include_bytes!("fixtures/qti3-package/items/root.xml")),
    ("items/spare.xml", include_bytes!("fixtures/qti3-package/items/spare.xml")),
    ("passages/story.xml", include_bytes!("fixtures/qti3-package/passages/story.xml")),
];

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

/// An item of QTI 2.1 of these declarations, this body and this response processing.
fn item(declarations: &str, body: &str, processing: &str) -> Bank {
    let source = format!(
        "<assessmentItem identifier='i' title='T'>{declarations}<outcomeDeclaration identifier='SCORE' cardinality='single' baseType='float'/><itemBody>{body}</itemBody>{processing}</assessmentItem>"
    );
    qti::read("item.xml", source.as_bytes()).unwrap()
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

/// Accepted answers in short: `a`, `a!` if case counts, `1±0`, `1±5%`, `[1, 2)`, with `@0.5` for a share.
fn accepted(answer: &Answer) -> Vec<String> {
    let Answer::Accepted(list) = answer else { panic!("{answer:?}") };
    list.iter()
        .map(|one| {
            let form = match &one.form {
                Form::Text { text, match_case, .. } => format!("{text}{}", if *match_case { "!" } else { "" }),
                Form::Number { value, tolerance: Tolerance::Absolute(tolerance) } => format!("{value}±{tolerance}"),
                Form::Number { value, tolerance: Tolerance::Relative(tolerance) } => {
                    format!("{value}±{}%", tolerance.to_f64() * 100.0)
                }
                Form::Number { value, tolerance: Tolerance::Unsaid } => value.to_string(),
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

fn response(cardinality: &str, base_type: &str, correct: &[&str], mapping: &str) -> String {
    let values = correct.iter().map(|value| format!("<value>{value}</value>")).collect::<Vec<_>>().concat();
    let correct =
        if values.is_empty() { String::new() } else { format!("<correctResponse>{values}</correctResponse>") };
    format!(
        "<responseDeclaration identifier='RESPONSE' cardinality='{cardinality}' baseType='{base_type}'>{correct}{mapping}</responseDeclaration>"
    )
}

const FIELD: &str = "<p>Q <textEntryInteraction responseIdentifier='RESPONSE'/></p>";
const CHOICE: &str = "<choiceInteraction responseIdentifier='RESPONSE' maxChoices='0'><prompt>Q?</prompt><simpleChoice identifier='a'>A</simpleChoice><simpleChoice identifier='b'>B</simpleChoice><simpleChoice identifier='c'>C</simpleChoice></choiceInteraction>";

/// A response condition that sets the score.
fn when(condition: &str, score: &str) -> String {
    format!(
        "<responseProcessing><responseCondition><responseIf>{condition}<setOutcomeValue identifier='SCORE'><baseValue baseType='float'>{score}</baseValue></setOutcomeValue></responseIf></responseCondition></responseProcessing>"
    )
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
fn the_item_of_qti_21_keeps_negative_weights() {
    let bank = qti::read("item-qti21.xml", ITEM).unwrap();
    let question = only(&bank);
    assert_eq!(question.stem, "Which limits are 1? $\\frac{\\sin x}{x}$ is one of them.");
    let answer = &question.parts[0].answer;
    assert_eq!(
        options(answer),
        [
            ("at 0, of sin x / x", true, Some(0.5)),
            ("at 0, of 1/x", false, Some(-0.5)),
            ("at 0, of cos x", true, Some(0.5))
        ]
    );
    assert!(matches!(answer, Answer::Choice { several: true, weighted: true, .. }));
    assert_eq!((question.parts[0].points, question.place.id.as_deref()), (Some(2.0), Some("t-17")));
    assert_eq!(question.extra[0], ("least points".to_owned(), "0".to_owned()));
    assert!(bank.warnings.is_empty(), "{bank:?}");
}

#[test]
fn templates_are_known_by_the_end_of_their_address() {
    let mapping = "<mapping><mapEntry mapKey='b' mappedValue='4'/></mapping>";
    let declaration = response("single", "identifier", &["a"], mapping);
    for (template, right, points) in [
        ("http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct", "A", 1.0),
        ("http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct.xml", "A", 1.0),
        ("https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/map_response.xml", "B", 4.0),
        ("http://www.imsglobal.org/question/qti_v2p2/rptemplates/CC2_match_basic", "A", 1.0),
        ("http://www.imsglobal.org/question/qti_v2p2/rptemplates/CC2_map_response.xml", "B", 4.0),
        ("rptemplates\\map_response.XML", "B", 4.0),
    ] {
        let bank = item(&declaration, CHOICE, &format!("<responseProcessing template='{template}'/>"));
        let question = only(&bank);
        let Answer::Choice { options, .. } = &question.parts[0].answer else { panic!() };
        assert_eq!(options.iter().find(|option| option.is_right).unwrap().text, right, "{template}");
        assert_eq!(question.parts[0].points, Some(points), "{template}");
        assert!(bank.warnings.is_empty(), "{bank:?}");
    }
}

#[test]
fn each_step_down_to_another_key_is_a_warning() {
    let mapping = "<mapping><mapEntry mapKey='b' mappedValue='4'/></mapping>";
    let map = "<responseProcessing template='x/map_response'/>";
    let matched = "<responseProcessing template='x/match_correct'/>";
    for (correct, mapping, processing, right, warning) in [
        (
            &["a"][..],
            mapping,
            "",
            Some("B"),
            "There is no response processing, so the key of `RESPONSE` is its mapping.",
        ),
        (
            &["a"],
            "",
            "",
            Some("A"),
            "There is no response processing, so the key of `RESPONSE` is its correct response.",
        ),
        (
            &["a"],
            "",
            map,
            Some("A"),
            "The response processing uses a mapping that is not there, so the key of `RESPONSE` is its correct response.",
        ),
        (
            &[],
            mapping,
            matched,
            Some("B"),
            "The response processing uses a correct response that is not there, so the key of `RESPONSE` is its mapping.",
        ),
        (
            &[],
            "",
            matched,
            None,
            "The response processing uses a correct response that is not there, and `RESPONSE` has neither mapping nor correct response: there is no key.",
        ),
    ] {
        let bank = item(&response("single", "identifier", correct, mapping), CHOICE, processing);
        let Answer::Choice { options, .. } = &only(&bank).parts[0].answer else { panic!() };
        assert_eq!(options.iter().find(|option| option.is_right).map(|option| option.text.as_str()), right);
        assert!(texts(&bank.warnings).contains(&warning), "{warning}: {:?}", bank.warnings);
    }
}

#[test]
fn conditions_on_numbers_are_tolerances_and_ranges() {
    let variable = "<variable identifier='RESPONSE'/>";
    let base = |value: &str| format!("<baseValue baseType='float'>{value}</baseValue>");
    let correct = "<correct identifier='RESPONSE'/>";
    for (condition, expected) in [
        (format!("<equal toleranceMode='exact'>{variable}{correct}</equal>"), vec!["20±0"]),
        (format!("<equal toleranceMode='absolute' tolerance='0.5'>{variable}{}</equal>", base("3")), vec!["3±0.5"]),
        (
            format!("<equal toleranceMode='absolute' tolerance='0.5 1'>{}{variable}</equal>", base("3")),
            vec!["[2.5, 4]"],
        ),
        (format!("<equal toleranceMode='relative' tolerance='5'>{variable}{correct}</equal>"), vec!["20±5%"]),
        (
            format!("<equal toleranceMode='relative' tolerance='10 20'>{variable}{}</equal>", base("-10")),
            vec!["[-12, -9]"],
        ),
        (
            format!(
                "<equal toleranceMode='absolute' tolerance='1' includeUpperBound='false'>{variable}{correct}</equal>"
            ),
            vec!["[19, 21)"],
        ),
        (format!("<and><gte>{variable}{}</gte><lt>{variable}{}</lt></and>", base("1"), base("2")), vec!["[1, 2)"]),
        (format!("<and><lte>{}{variable}</lte><gt>{}{variable}</gt></and>", base("1"), base("2")), vec!["[1, 2)"]),
        (
            format!("<or><match>{variable}{}</match><gt>{variable}{}</gt></or>", base("1"), base("9")),
            vec!["1±0", "(9, )"],
        ),
        (format!("<and><not><isNull>{variable}</isNull></not><match>{variable}{correct}</match></and>"), vec!["20±0"]),
        (
            format!(
                "<equalRounded roundingMode='decimalPlaces' figures='2'>{variable}{}</equalRounded>",
                base("1.4142")
            ),
            vec!["[1.405, 1.415)"],
        ),
        (
            format!(
                "<equalRounded roundingMode='significantFigures' figures='2'>{variable}{}</equalRounded>",
                base("1234")
            ),
            vec!["[1150, 1250)"],
        ),
    ] {
        let bank = item(&response("single", "float", &["20"], ""), FIELD, &when(&condition, "1"));
        assert_eq!(accepted(&only(&bank).parts[0].answer), expected, "{condition}");
        assert!(bank.warnings.is_empty(), "{condition}: {bank:?}");
    }
}

#[test]
fn conditions_on_texts_are_accepted_answers() {
    let variable = "<variable identifier='RESPONSE'/>";
    let base = "<baseValue baseType='string'>Newton</baseValue>";
    for (condition, expected) in [
        (format!("<stringMatch caseSensitive='false'>{variable}{base}</stringMatch>"), vec!["Newton"]),
        (format!("<stringMatch caseSensitive='true'>{variable}{base}</stringMatch>"), vec!["Newton!"]),
        (
            format!("<stringMatch caseSensitive='false' substring='true'>{variable}{base}</stringMatch>"),
            vec!["*Newton*"],
        ),
        (
            format!(
                "<member>{variable}<multiple>{base}<baseValue baseType='string'>Isaac</baseValue></multiple></member>"
            ),
            vec!["Newton!", "Isaac!"],
        ),
    ] {
        let bank = item(&response("single", "string", &["x"], ""), FIELD, &when(&condition, "1"));
        assert_eq!(accepted(&only(&bank).parts[0].answer), expected, "{condition}");
    }
    // A text that is a number stays a text.
    let bank =
        item(&response("single", "string", &["007"], ""), FIELD, "<responseProcessing template='match_correct'/>");
    assert_eq!(accepted(&only(&bank).parts[0].answer), ["007!"]);
}

#[test]
fn what_is_not_understood_is_said() {
    let condition = "<patternMatch pattern='a+'><variable identifier='RESPONSE'/></patternMatch>";
    let bank = item(&response("single", "string", &["aa"], ""), FIELD, &when(condition, "1"));
    assert_eq!(accepted(&only(&bank).parts[0].answer), ["aa!"]);
    let warnings = texts(&bank.warnings);
    assert!(
        warnings.contains(&"`patternMatch` in the response processing is not understood and is left out."),
        "{warnings:?}"
    );
    assert!(warnings.iter().any(|warning| warning.ends_with("so the key of `RESPONSE` is its correct response.")));
}

#[test]
fn points_for_all_other_responses_are_said() {
    let processing = when("<match><variable identifier='RESPONSE'/><correct identifier='RESPONSE'/></match>", "2").replace(
        "</responseIf>",
        "</responseIf><responseElse><setOutcomeValue identifier='SCORE'><baseValue baseType='float'>1</baseValue></setOutcomeValue></responseElse>",
    );
    let bank = item(&response("single", "identifier", &["b"], ""), CHOICE, &processing);
    assert_eq!(options(&only(&bank).parts[0].answer), [("A", false, None), ("B", true, None), ("C", false, None)]);
    assert_eq!(texts(&bank.warnings), ["Points for all responses that no condition names are left out."]);
}

#[test]
fn branches_give_shares_and_sums_add_up() {
    let branch = |tag: &str, value: &str, score: &str| {
        format!(
            "<{tag}><match><variable identifier='RESPONSE'/><baseValue baseType='identifier'>{value}</baseValue></match><setOutcomeValue identifier='SCORE'><baseValue baseType='float'>{score}</baseValue></setOutcomeValue></{tag}>"
        )
    };
    let processing = format!(
        "<responseProcessing><responseCondition>{}{}<responseElse><setOutcomeValue identifier='SCORE'><baseValue baseType='float'>0</baseValue></setOutcomeValue></responseElse></responseCondition></responseProcessing>",
        branch("responseIf", "b", "2"),
        branch("responseElseIf", "c", "1")
    );
    let bank = item(&response("single", "identifier", &["b"], ""), CHOICE, &processing);
    assert_eq!(
        options(&only(&bank).parts[0].answer),
        [("A", false, Some(0.0)), ("B", true, Some(1.0)), ("C", false, Some(0.5))]
    );
    assert_eq!(only(&bank).parts[0].points, Some(2.0));

    let add = |value: &str, score: &str| {
        format!(
            "<responseCondition><responseIf><member><baseValue baseType='identifier'>{value}</baseValue><variable identifier='RESPONSE'/></member><setOutcomeValue identifier='PART'><sum><variable identifier='PART'/><baseValue baseType='float'>{score}</baseValue></sum></setOutcomeValue></responseIf></responseCondition>"
        )
    };
    let processing = format!(
        "<responseProcessing>{}{}{}<setOutcomeValue identifier='SCORE'><sum><variable identifier='PART'/></sum></setOutcomeValue></responseProcessing>",
        add("a", "1"),
        add("b", "-1"),
        add("c", "3")
    );
    let bank = item(&response("multiple", "identifier", &["a", "c"], ""), CHOICE, &processing);
    assert_eq!(
        options(&only(&bank).parts[0].answer),
        [("A", true, Some(0.25)), ("B", false, Some(-0.25)), ("C", true, Some(0.75))]
    );
}

#[test]
fn a_set_of_options_and_a_mapping_behind_a_guard_are_keys() {
    let bank = item(
        &response("multiple", "identifier", &["a", "c"], ""),
        CHOICE,
        &when("<match><variable identifier='RESPONSE'/><correct identifier='RESPONSE'/></match>", "5"),
    );
    assert_eq!(options(&only(&bank).parts[0].answer), [("A", true, None), ("B", false, None), ("C", true, None)]);
    assert_eq!(only(&bank).parts[0].points, Some(5.0));
    let bank = item(
        &response(
            "single",
            "string",
            &[],
            "<mapping defaultValue='0' upperBound='1'><mapEntry mapKey='York' mappedValue='1' caseSensitive='false'/><mapEntry mapKey='york' mappedValue='0.5'/></mapping>",
        ),
        FIELD,
        "<responseProcessing><responseCondition><responseIf><isNull><variable identifier='RESPONSE'/></isNull><setOutcomeValue identifier='SCORE'><baseValue baseType='float'>0</baseValue></setOutcomeValue></responseIf><responseElse><setOutcomeValue identifier='SCORE'><mapResponse identifier='RESPONSE'/></setOutcomeValue></responseElse></responseCondition></responseProcessing>",
    );
    assert_eq!(accepted(&only(&bank).parts[0].answer), ["York", "york!@0.5"]);
    assert!(bank.warnings.is_empty(), "{bank:?}");
}

#[test]
fn several_interactions_are_gaps_or_parts() {
    let declare = |id: &str, value: &str| response("single", "string", &[value], "").replace("RESPONSE", id);
    let matched = |id: &str| {
        format!(
            "<responseCondition><responseIf><match><variable identifier='{id}'/><correct identifier='{id}'/></match><setOutcomeValue identifier='SCORE'><sum><variable identifier='SCORE'/><baseValue baseType='float'>1</baseValue></sum></setOutcomeValue></responseIf></responseCondition>"
        )
    };
    let bank = item(
        &(declare("A", "x") + &declare("B", "h")),
        "<p>Let <textEntryInteraction responseIdentifier='A'/> and <inlineChoiceInteraction responseIdentifier='B'><inlineChoice identifier='g'>go</inlineChoice><inlineChoice identifier='h'>halt</inlineChoice></inlineChoiceInteraction>.</p>",
        &format!("<responseProcessing>{}{}</responseProcessing>", matched("A"), matched("B")),
    );
    let question = only(&bank);
    assert_eq!(question.stem, "Let [gap 1] and [gap 2].");
    assert_eq!(
        question.parts.iter().map(|part| (part.is_gap, part.points)).collect::<Vec<_>>(),
        [(true, Some(1.0)); 2]
    );
    assert_eq!(options(&question.parts[1].answer), [("go", false, None), ("halt", true, None)]);

    let block = |id: &str, prompt: &str| CHOICE.replace("RESPONSE", id).replace("Q?", prompt);
    let bank = item(
        &(declare("A", "a") + &declare("B", "b")),
        &format!("<p>Shared.</p>{}<p>Between.</p>{}<p>After.</p>", block("A", "First?"), block("B", "Second?")),
        &format!("<responseProcessing>{}{}</responseProcessing>", matched("A"), matched("B")),
    );
    let question = only(&bank);
    assert_eq!(question.stem, "Shared.");
    let parts: Vec<_> = question.parts.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(parts, ["First?", "Between.\nSecond?\nAfter."]);
}

#[test]
fn pairs_are_taken() {
    let set = |ids: &[&str]| {
        let choices = ids
            .iter()
            .map(|id| {
                format!(
                    "<simpleAssociableChoice identifier='{id}' matchMax='1'>{}</simpleAssociableChoice>",
                    id.to_uppercase()
                )
            })
            .collect::<Vec<_>>()
            .concat();
        format!("<simpleMatchSet>{choices}</simpleMatchSet>")
    };
    let bank = item(
        &response(
            "multiple",
            "directedPair",
            &["a x", "b y"],
            "<mapping><mapEntry mapKey='a x' mappedValue='1'/><mapEntry mapKey='b y' mappedValue='2'/></mapping>",
        ),
        &format!(
            "<matchInteraction responseIdentifier='RESPONSE'><prompt>Match</prompt>{}{}</matchInteraction>",
            set(&["a", "b"]),
            set(&["x", "y", "z"])
        ),
        "<responseProcessing template='map_response'/>",
    );
    let question = only(&bank);
    let pairs = vec![("A".to_owned(), "X".to_owned()), ("B".to_owned(), "Y".to_owned())];
    assert_eq!(question.parts[0].answer, Answer::Matching { pairs, distractors: vec!["Z".to_owned()] });
    assert_eq!((question.stem.as_str(), question.parts[0].points), ("Match", Some(3.0)));
}

#[test]
fn what_cannot_be_taken_is_refused_by_name() {
    for kind in [
        "hotspotInteraction",
        "uploadInteraction",
        "sliderInteraction",
        "graphicGapMatchInteraction",
        "graphicOrderInteraction",
        "graphicAssociateInteraction",
        "selectPointInteraction",
        "positionObjectInteraction",
        "drawingInteraction",
        "customInteraction",
    ] {
        let bank = item(
            &response("single", "string", &[], ""),
            &format!("<p>Q</p><{kind} responseIdentifier='RESPONSE'/>"),
            "",
        );
        assert_eq!(texts(&bank.refused), [format!("The question “T” is refused: its type `{kind}` is not supported.")]);
    }
    let bank = item("<templateDeclaration identifier='N' cardinality='single' baseType='float'/>", FIELD, "");
    assert!(bank.refused[0].text.contains("drawn at random"));
    let bank = item("", "<p>Only text.</p>", "");
    assert!(bank.refused[0].text.contains("asks nothing"));
    assert!(qti::read("t.xml", b"<assessmentTest/>").unwrap_err().0.contains("whole package"));
    assert!(qti::read("t.xml", b"<html/>").unwrap_err().0.contains("`html`"));
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

/// The place of an ordered response.
fn at(place: usize) -> String {
    format!("<index n='{place}'><variable identifier='RESPONSE'/></index>")
}

/// A response condition that adds to the score.
fn adding(condition: &str, points: &str) -> String {
    format!(
        "<responseCondition><responseIf>{condition}<setOutcomeValue identifier='SCORE'><sum><variable identifier='SCORE'/><baseValue baseType='float'>{points}</baseValue></sum></setOutcomeValue></responseIf></responseCondition>"
    )
}

const ORDER: &str = "<orderInteraction responseIdentifier='RESPONSE' shuffle='true'><prompt>Order.</prompt><simpleChoice identifier='a'>one</simpleChoice><simpleChoice identifier='b'>two</simpleChoice><simpleChoice identifier='c'>three</simpleChoice></orderInteraction>";

#[test]
fn an_order_is_taken_if_each_place_gives_points() {
    let declared = response("ordered", "identifier", &["c", "a", "b"], "");
    let place = |place: usize, id: &str| {
        let value = format!("<baseValue baseType='identifier'>{id}</baseValue>");
        adding(&format!("<match>{}{value}</match>", at(place)), "1")
    };
    let of_key = |place: usize| {
        let key = format!("<index n='{place}'><correct identifier='RESPONSE'/></index>");
        adding(&format!("<match>{}{key}</match>", at(place)), "1")
    };
    let texts_of = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for rules in [place(1, "c") + &place(2, "a") + &place(3, "b"), of_key(1) + &of_key(2) + &of_key(3)] {
        let bank = item(&declared, ORDER, &format!("<responseProcessing>{rules}</responseProcessing>"));
        let question = only(&bank);
        assert_eq!(question.parts[0].answer, Answer::Ordering(texts_of(&["three", "one", "two"])));
        assert_eq!((question.parts[0].points, &bank.warnings), (Some(3.0), &vec![]), "{bank:?}");
    }
    // Places that are left free have options that belong nowhere.
    let two = format!("<responseProcessing>{}{}</responseProcessing>", place(1, "b"), place(2, "a"));
    let bank = item(&declared, ORDER, &two);
    let pairs = vec![("Place 1".to_owned(), "two".to_owned()), ("Place 2".to_owned(), "one".to_owned())];
    assert_eq!(only(&bank).parts[0].answer, Answer::Matching { pairs, distractors: texts_of(&["three"]) });
    // All or nothing, in a template and in a condition, a missing place, and an unknown option.
    let all = format!(
        "<and><match>{}<baseValue baseType='identifier'>c</baseValue></match><match>{}<baseValue baseType='identifier'>a</baseValue></match></and>",
        at(1),
        at(2)
    );
    for (processing, reason) in [
        ("<responseProcessing template='match_correct'/>".to_owned(), "only for the whole order"),
        (when(&all, "1"), "only for the whole order"),
        (format!("<responseProcessing>{}</responseProcessing>", place(2, "a")), "some places"),
        (format!("<responseProcessing>{}</responseProcessing>", place(1, "x")), "does not exist"),
    ] {
        let bank = item(&declared, ORDER, &processing);
        assert!(bank.refused[0].text.contains(reason), "{bank:?}");
        assert_eq!(bank.questions, []);
    }
}

/// An item of QTI 3.
fn item3(declarations: &str, body: &str, processing: &str) -> Bank {
    let source = format!(
        "<qti-assessment-item xmlns='http://www.imsglobal.org/xsd/imsqtiasi_v3p0' identifier='i' title='T'>{declarations}<qti-outcome-declaration identifier='SCORE' cardinality='single' base-type='float'/><qti-item-body>{body}</qti-item-body>{processing}</qti-assessment-item>"
    );
    qti::read("item.xml", source.as_bytes()).unwrap()
}

#[test]
fn each_gap_of_a_text_is_a_choice_among_all_options() {
    let body = "<qti-gap-match-interaction response-identifier='RESPONSE'><qti-prompt>Fill in.</qti-prompt><qti-gap-text identifier='w' match-max='1'>winter</qti-gap-text><qti-gap-text identifier='s' match-max='1'>summer</qti-gap-text><qti-gap-text identifier='a' match-max='1'>autumn</qti-gap-text><p>Now is the <qti-gap identifier='G1'/> of our discontent made glorious <qti-gap identifier='G2'/>.</p></qti-gap-match-interaction>";
    let declared = |mapping: &str| {
        format!(
            "<qti-response-declaration identifier='RESPONSE' cardinality='multiple' base-type='directedPair'><qti-correct-response><qti-value>w G1</qti-value><qti-value>s G2</qti-value></qti-correct-response>{mapping}</qti-response-declaration>"
        )
    };
    let mapping = "<qti-mapping default-value='-1' lower-bound='0'><qti-map-entry map-key='w G1' mapped-value='1'/><qti-map-entry map-key='s G2' mapped-value='2'/></qti-mapping>";
    let bank = item3(
        &declared(mapping),
        body,
        "<qti-response-processing template='https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/map_response'/>",
    );
    let question = only(&bank);
    assert_eq!(question.stem, "Fill in.\nNow is the [gap 1] of our discontent made glorious [gap 2].");
    assert!(question.parts.iter().all(|part| part.is_gap));
    assert_eq!(question.parts.iter().map(|part| part.points).collect::<Vec<_>>(), [Some(1.0), Some(2.0)]);
    assert_eq!(
        options(&question.parts[0].answer).iter().map(|(text, is_right, _)| (*text, *is_right)).collect::<Vec<_>>(),
        [("winter", true), ("summer", false), ("autumn", false)]
    );
    assert!(options(&question.parts[1].answer)[1].1);
    let bank = item3(
        &declared(""),
        body,
        "<qti-response-processing template='https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml'/>",
    );
    assert_eq!(only(&bank).parts.iter().map(|part| part.points).collect::<Vec<_>>(), [Some(0.5); 2]);
    assert_eq!(
        texts(&bank.warnings),
        ["The source gives points only if all parts are right. Here each part has its share."]
    );
}

#[test]
fn pairs_of_one_set_are_a_matching() {
    let body = "<associateInteraction responseIdentifier='RESPONSE' maxAssociations='2'><prompt>Who fights whom?</prompt><simpleAssociableChoice identifier='A' matchMax='1'>Antonio</simpleAssociableChoice><simpleAssociableChoice identifier='C' matchMax='1'>Capulet</simpleAssociableChoice><simpleAssociableChoice identifier='M' matchMax='1'>Montague</simpleAssociableChoice><simpleAssociableChoice identifier='P' matchMax='1'>Prospero</simpleAssociableChoice><simpleAssociableChoice identifier='L' matchMax='1'>Lysander</simpleAssociableChoice></associateInteraction>";
    let mapping = "<mapping defaultValue='0'><mapEntry mapKey='P A' mappedValue='2'/><mapEntry mapKey='C M' mappedValue='1'/></mapping>";
    let bank = item(
        &response("multiple", "pair", &["A P", "C M"], mapping),
        body,
        "<responseProcessing template='map_response'/>",
    );
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let pairs = vec![pair("Antonio", "Prospero"), pair("Capulet", "Montague")];
    assert_eq!(only(&bank).parts[0].answer, Answer::Matching { pairs, distractors: vec!["Lysander".to_owned()] });
    assert_eq!((only(&bank).parts[0].points, bank.warnings.len()), (Some(3.0), 1));
    let twice = item(
        &response("multiple", "pair", &["A P", "A M"], ""),
        body,
        "<responseProcessing template='match_correct'/>",
    );
    assert!(twice.refused[0].text.contains("“Antonio” is in several pairs."), "{twice:?}");
}

#[test]
fn words_of_a_text_are_options() {
    let body = "<hottextInteraction responseIdentifier='RESPONSE' maxChoices='1'><prompt>Which word is wrong?</prompt><p>He <hottext identifier='h1'>go</hottext> to <hottext identifier='h2'>school</hottext>.</p></hottextInteraction>";
    let bank =
        item(&response("single", "identifier", &["h1"], ""), body, "<responseProcessing template='match_correct'/>");
    assert_eq!(only(&bank).stem, "Which word is wrong?\nHe go to school.");
    assert_eq!(options(&only(&bank).parts[0].answer), [("go", true, None), ("school", false, None)]);
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
fn an_order_of_our_own_export_is_taken() {
    let order = std::str::from_utf8(PACKAGE[6].1)
        .unwrap()
        .replace("identifier=\"order\"", "identifier=\"order\" tool-name=\"pastpaper\"");
    let bank = qti::read("order.xml", order.as_bytes()).unwrap();
    assert_eq!(only(&bank).parts[0].answer, Answer::Ordering(vec!["subtract".to_owned(), "divide".to_owned()]));
    assert_eq!(only(&bank).stem, "Order the steps.");
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
