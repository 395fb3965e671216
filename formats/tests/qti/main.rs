//! QTI 2.1, 2.2 and 3.0: what must come out of packages and items.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

use formats::{Answer, Bank, Form, Question, Remark, Tolerance, qti};

mod interactions;
mod packages;

const ITEM: &[u8] = include_bytes!("../fixtures/item-qti21.xml");
const PACKAGE: [(&str, &[u8]); 10] = [
    ("imsmanifest.xml", include_bytes!("../fixtures/qti3-package/imsmanifest.xml")),
    ("spring.xml", include_bytes!("../fixtures/qti3-package/spring.xml")),
    ("style.css", include_bytes!("../fixtures/qti3-package/style.css")),
    ("img/slope one.svg", include_bytes!("../fixtures/qti3-package/img/slope one.svg")),
    ("items/gap.xml", include_bytes!("../fixtures/qti3-package/items/gap.xml")),
    ("items/graph.xml", include_bytes!("../fixtures/qti3-package/items/graph.xml")),
    ("items/order.xml", include_bytes!("../fixtures/qti3-package/items/order.xml")),
    ("items/root.xml", include_bytes!("../fixtures/qti3-package/items/root.xml")),
    ("items/spare.xml", include_bytes!("../fixtures/qti3-package/items/spare.xml")),
    ("passages/story.xml", include_bytes!("../fixtures/qti3-package/passages/story.xml")),
];

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
