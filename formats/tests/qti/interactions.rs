//! Interactions other than a single choice or field: gaps, pairs, orders and words of a text.

use formats::{Answer, Bank, qti};

use super::{CHOICE, PACKAGE, item, only, options, response, texts, when};

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
fn an_order_of_our_own_export_is_taken() {
    let order = std::str::from_utf8(PACKAGE[6].1)
        .unwrap()
        .replace("identifier=\"order\"", "identifier=\"order\" tool-name=\"pastpaper\"");
    let bank = qti::read("order.xml", order.as_bytes()).unwrap();
    assert_eq!(only(&bank).parts[0].answer, Answer::Ordering(vec!["subtract".to_owned(), "divide".to_owned()]));
    assert_eq!(only(&bank).stem, "Order the steps.");
}
