//! Exercises of learning platforms: Open edX, H5P, and notes of Anki.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::io::Write as _;

use formats::{Accepted, Answer, Bank, Form, FormatError, Part, Question, Remark, Tolerance, anki, h5p, olx};
use proptest::prelude::*;

const PROBLEM: &[u8] = include_bytes!("fixtures/openedx-problem.xml");
const H5P_CONTENT: &[u8] = include_bytes!("fixtures/h5p-content.json");

fn says(remarks: &[Remark], words: &[&str]) -> bool {
    remarks.iter().any(|remark| words.iter().all(|word| remark.text.contains(word)))
}

fn accepted(part: &Part) -> &[Accepted] {
    let Answer::Accepted(list) = &part.answer else { panic!("{part:#?}") };
    list
}

fn texts(part: &Part) -> Vec<&str> {
    let text = |accepted: &'_ Accepted| -> String {
        match &accepted.form {
            Form::Text { text, .. } => text.clone(),
            Form::Number { value, .. } => value.to_string(),
            Form::Range { .. } => "range".to_owned(),
        }
    };
    accepted(part).iter().map(|one| &*text(one).leak()).collect()
}

fn options(part: &Part) -> Vec<(&str, bool)> {
    let Answer::Choice { options, .. } = &part.answer else { panic!("{part:#?}") };
    options.iter().map(|option| (option.text.as_str(), option.is_right)).collect()
}

fn of_problem(inside: &str) -> Bank {
    olx::read("p.xml", format!("<problem display_name=\"P\"><p>Stem</p>{inside}</problem>").as_bytes()).unwrap()
}

fn only(bank: &Bank) -> &Question {
    assert_eq!(bank.questions.len(), 1, "{bank:#?}");
    &bank.questions[0]
}

#[test]
fn a_problem_is_read_as_the_platform_reads_it() {
    let bank = olx::read("openedx-problem.xml", PROBLEM).unwrap();
    let question = only(&bank);
    assert_eq!(question.parts.len(), 8, "{bank:#?}");
    assert_eq!(question.title.as_deref(), Some("Fall"));
    assert_eq!(question.stem, "A stone falls. Take $g$ as $9.81\\,\\mathrm{m/s^2}$ and $t < 3$.");
    assert!(says(&bank.refused, &["$a", "random"]) && bank.refused.len() == 1);
    assert_eq!(bank.refused[0].place.line, Some(12));
    assert!(question.parts.iter().all(|part| part.points.is_some_and(|points| (points - 4.0 / 9.0).abs() < 1e-12)));
    assert!(says(&bank.warnings, &["9 inputs is a part"]), "{:#?}", bank.warnings);

    let far = &question.parts[0];
    assert_eq!((far.text.as_str(), texts(far)), ("How far in 2 s?", vec!["19.62", "20"]));
    for one in accepted(far) {
        assert!(
            matches!(&one.form, Form::Number { tolerance: Tolerance::Relative(share), .. } if share.as_str() == "0.05")
        );
        assert_eq!(one.unit.as_deref(), Some("m"));
    }
    let third = &accepted(&question.parts[1])[0].form;
    assert!(
        matches!(third, Form::Number { value, tolerance: Tolerance::Relative(share) } if value.as_str() == "0.333333333333333" && share.as_str() == "0.00001")
    );
    let Form::Range { low: Some(low), high: Some(high) } = &accepted(&question.parts[2])[0].form else { panic!() };
    assert_eq!((low.value.as_str(), low.is_included, high.value.as_str(), high.is_included), ("5", true, "7", false));
    assert!(says(&bank.warnings, &["does not count for the range"]));
    let law = &question.parts[3];
    assert_eq!(texts(law)[..3], ["Newton", "Isaac", "Galilei"]);
    assert!(accepted(law).iter().all(|one| matches!(one.form, Form::Text { match_case: false, .. })));
    assert!(says(&bank.warnings, &["\"newtonian\"", "\"sir isaac\""]), "{:#?}", bank.warnings);

    let Answer::Choice { options: units, several: false, weighted: true } = &question.parts[4].answer else { panic!() };
    let shown: Vec<(&str, bool, Option<f64>)> =
        units.iter().map(|option| (option.text.as_str(), option.is_right, option.weight)).collect();
    assert_eq!(
        shown,
        [
            ("m/s^{2}", true, Some(1.0)),
            ("N/kg in words", false, Some(0.25)),
            ("m/s", false, Some(0.0)),
            ("None", false, Some(0.0))
        ]
    );
    assert_eq!(units[0].feedback.as_deref(), Some("Length by time squared."));
    assert_eq!(options(&question.parts[5]), [("velocity", true), ("force", true), ("mass", false)]);
    assert!(says(&bank.warnings, &["EDC", "lost"]));
    assert_eq!(options(&question.parts[6]), [("grows", false), ("stays, at last", true), ("falls", false)]);
    assert_eq!(question.parts[6].text, "The speed");
    assert_eq!(texts(&question.parts[7]), ["sqrt(2*x*h)"]);
    assert!(question.extra.contains(&("variables".to_owned(), "x, h".to_owned())));
    let solution = question.solution.as_deref().unwrap();
    assert!(solution.contains("Explanation") && solution.contains("$s = \\frac12 g t^2 = 19.62$"), "{solution}");
}

#[test]
fn one_input_is_a_question_without_parts() {
    let bank = of_problem(
        "<label>How?</label><stringresponse answer=\"Yes\" type=\"ci\"><additional_answer>yep</additional_answer><textline/></stringresponse>\
         <demandhint><hint>Think.</hint></demandhint>",
    );
    let question = only(&bank);
    assert_eq!((question.stem.as_str(), question.parts[0].text.as_str()), ("Stem\nHow?", ""));
    assert_eq!(texts(&question.parts[0]), ["Yes", "yep"]);
    assert_eq!((question.parts[0].points, question.parts[0].hint.as_deref()), (Some(1.0), Some("Think.")));
    assert!(bank.warnings.is_empty(), "{:#?}", bank.warnings);
}

#[test]
fn a_tolerance_as_an_attribute_is_ignored_and_said() {
    let bank =
        of_problem("<numericalresponse answer=\"100\" tolerance=\"5%\"><formulaequationinput/></numericalresponse>");
    let Form::Number { tolerance: Tolerance::Relative(share), .. } = &accepted(&only(&bank).parts[0])[0].form else {
        panic!()
    };
    assert_eq!(share.as_str(), "0.00001");
    assert!(says(&bank.warnings, &["attribute `tolerance` is ignored"]) && says(&bank.warnings, &["0.001 %"]));
}

#[test]
fn answers_that_cannot_be_marked_are_refused_by_name() {
    for (response, words) in [
        ("<customresponse><textline/></customresponse>", "<customresponse>: this kind is not supported"),
        ("<numericalresponse answer=\"2+3i\"><textline/></numericalresponse>", "complex"),
        ("<numericalresponse answer=\"\"><textline/></numericalresponse>", "no answer"),
        ("<numericalresponse answer=\"x\"><textline/></numericalresponse>", "\"x\" is not known"),
        ("<numericalresponse answer=\"$k\"><textline/></numericalresponse>", "$k"),
        (
            "<numericalresponse answer=\"2\"><responseparam type=\"tolerance\" default=\"$t\"/></numericalresponse>",
            "$t",
        ),
        ("<stringresponse answer=\"[a-z]+\" type=\"regexp\"><textline/></stringresponse>", "pattern"),
        (
            "<multiplechoiceresponse><choicegroup><choice correct=\"false\">a</choice><choice correct=\"false\">b</choice></choicegroup></multiplechoiceresponse>",
            "no option is right",
        ),
        ("<optionresponse><optioninput options=\"('a','b')\" correct=\"c\"/></optionresponse>", "is not in its list"),
    ] {
        let bank = of_problem(response);
        assert!(bank.questions.is_empty() && says(&bank.refused, &[words]), "{response}: {:#?}", bank.refused);
    }
    let script = "<script type=\"loncapa/python\">k = random.randint(1, 5)</script><p>Use ${k}.</p><numericalresponse answer=\"2\"><textline/></numericalresponse>";
    assert!(says(&of_problem(script).refused, &["$k"]));
    let price = "<p>It costs $5 or $6.</p><numericalresponse answer=\"5\"><textline/></numericalresponse>";
    assert_eq!(only(&of_problem(price)).stem, "Stem\nIt costs \\$5 or \\$6.");
}

#[test]
fn menus_and_options_in_elements_are_read() {
    let bank = of_problem(
        "<optionresponse><label>Pick</label><optioninput><option correct=\"False\">a</option><option correct=\"True\">b<optionhint>yes</optionhint></option></optioninput></optionresponse>",
    );
    assert_eq!(options(&only(&bank).parts[0]), [("a", false), ("b", true)]);
    let bank = of_problem(
        "<p>First <optionresponse><optioninput options=\"('x','y')\" correct=\"y\"/></optionresponse> then</p>",
    );
    assert_eq!(options(&only(&bank).parts[0]), [("x", false), ("y", true)]);
    assert!(only(&bank).stem.contains("First") && only(&bank).stem.contains("then"), "{:?}", only(&bank).stem);
}

#[test]
fn inputs_without_a_text_of_their_own_are_gaps() {
    let menu = "<optionresponse><optioninput options=\"('x','y')\" correct=\"y\"/></optionresponse>";
    let bank = of_problem(&format!(
        "<table><tr><td>Gravity</td><td>{menu}</td><td>{menu}</td></tr></table><p>So <stringresponse answer=\"a\"/> and <customresponse/>.</p>"
    ));
    let question = only(&bank);
    assert_eq!(question.stem, "Stem\nGravity | [gap 1] | [gap 2]\nSo [gap 3] and (left out) .");
    assert!(question.parts.iter().all(|part| part.is_gap && part.text.is_empty()));
    assert_eq!((question.parts.len(), bank.refused.len()), (3, 1));
}

#[test]
fn a_clarification_stands_in_brackets() {
    let bank = of_problem("<p>Use it<clarification>the <b>rule</b></clarification>.</p><stringresponse answer=\"a\"/>");
    assert_eq!(only(&bank).stem, "Stem\nUse it (the rule).");
}

/// The members of a small course.
fn course() -> Vec<(&'static str, &'static str)> {
    vec![
        ("c/course.xml", "<course url_name=\"run\" org=\"o\" course=\"c\"/>"),
        ("c/course/run.xml", "<course display_name=\"C\"><chapter url_name=\"ch\"/><wiki slug=\"w\"/></course>"),
        ("c/chapter/ch.xml", "<chapter display_name=\"Motion\"><sequential url_name=\"se\"/></chapter>"),
        ("c/sequential/se.xml", "<sequential display_name=\"Free fall\"><vertical url_name=\"ve\"/></sequential>"),
        (
            "c/vertical/ve.xml",
            "<vertical><html url_name=\"h\"/><problem url_name=\"p1\"/><problem url_name=\"gone\"/>\
             <problem display_name=\"Inline\" url_name=\"p2\"><p>Q?</p><stringresponse answer=\"a\"/></problem></vertical>",
        ),
        (
            "c/problem/p1.xml",
            "<problem display_name=\"One\"><p>See <img src=\"/static/a b.png\"/></p><numericalresponse answer=\"1\"/></problem>",
        ),
        ("c/problem/p3.xml", "<problem><p>Spare?</p><stringresponse answer=\"a\"/></problem>"),
        ("c/drafts/problem/p4.xml", "<problem/>"),
        ("c/static/a b.png", "PNG"),
    ]
}

fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in members {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tarred(members: &[(&str, &str)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_course_names_chapters_and_sections() {
    for bytes in [zipped(&course()), tarred(&course())] {
        let bank = olx::read("course", &bytes).unwrap();
        assert_eq!(bank.questions.len(), 3, "{bank:#?}");
        let [first, second, third] = bank.questions.as_slice() else { panic!() };
        assert_eq!((first.category.as_deref(), first.topic.as_deref()), (Some("Motion"), Some("Free fall")));
        assert_eq!((first.place.id.as_deref(), first.place.file.as_str()), (Some("p1"), "c/problem/p1.xml"));
        assert_eq!(first.figures[0].bytes.as_deref(), Some(&b"PNG"[..]));
        assert_eq!((second.place.id.as_deref(), second.title.as_deref()), (Some("p2"), Some("Inline")));
        assert_eq!((third.place.id.as_deref(), third.category.as_deref()), (Some("p3"), None));
        assert!(says(&bank.warnings, &["in no unit"]));
        assert!(says(&bank.refused, &["c/problem/gone.xml", "not in the archive"]));
        assert!(says(&bank.skipped, &["draft"]) && says(&bank.skipped, &["<html>"]), "{:#?}", bank.skipped);
    }
}

#[test]
fn courses_in_circles_end() {
    let members = [
        ("course.xml", "<course url_name=\"r\"/>"),
        ("course/r.xml", "<course><chapter url_name=\"a\"/></course>"),
        ("chapter/a.xml", "<chapter><chapter url_name=\"a\"/><chapter url_name=\"../../../etc/passwd\"/></chapter>"),
        ("problem/p.xml", "<problem><p>Q</p><stringresponse answer=\"a\"/></problem>"),
    ];
    assert_eq!(olx::read("c", &zipped(&members)).unwrap().questions.len(), 1);
}

#[test]
fn a_question_set_of_h5p_is_read() {
    let bank = h5p::read("content.json", H5P_CONTENT).unwrap();
    let [half, prime, blanks, pi] = bank.questions.as_slice() else { panic!("{bank:#?}") };
    assert_eq!((half.title.as_deref(), half.stem.as_str()), (Some("Half"), "What is $\\frac{1}{2}$ for x < 3?"));
    assert_eq!(half.place.id.as_deref(), Some("0f1e2d3c-0000-4000-8000-000000000001"));
    assert_eq!(options(&half.parts[0]), [("0.5", true), ("2", false), ("None", false)]);
    assert!(matches!(half.parts[0].answer, Answer::Choice { several: false, weighted: false, .. }));
    assert_eq!(half.parts[0].points, Some(1.0));
    assert_eq!(options(&prime.parts[0]), [("2", true), ("3", true), ("4", false)]);
    assert!(matches!(prime.parts[0].answer, Answer::Choice { several: true, .. }));
    assert_eq!(prime.parts[0].points, Some(2.0));
    assert_eq!(
        blanks.stem,
        "Fill in.\nThree quarters are [gap 1] and 2**3 = [gap 2].\nSchool begins at [gap 3], and a half is [gap 4]."
    );
    let answers: Vec<Vec<&str>> = blanks.parts.iter().map(texts).collect();
    assert_eq!(answers, [vec!["0.75", "0,75"], vec!["6"], vec!["9"], vec!["1", "2"]]);
    assert_eq!(blanks.parts[0].hint.as_deref(), Some("as a decimal"));
    assert_eq!(blanks.parts[2].hint.as_deref(), Some("30"));
    assert!(
        blanks
            .parts
            .iter()
            .all(|part| part.is_gap && matches!(accepted(part)[0].form, Form::Text { match_case: false, .. }))
    );
    assert!(
        says(&bank.warnings, &["9:30", "as H5P reads it"]) && says(&bank.warnings, &["1/2", "fraction"]),
        "{:#?}",
        bank.warnings
    );
    assert_eq!(pi.stem, "$$\\pi < 3$$");
    assert_eq!(options(&pi.parts[0]), [("True", false), ("False", true)]);
    assert!(says(&bank.refused, &["\"Map\"", "H5P.DragQuestion"]) && bank.refused.len() == 1, "{:#?}", bank.refused);
}

#[test]
fn a_package_of_h5p_brings_its_pictures() {
    let content = r#"{"question":"<p>Which?</p>","media":{"type":{"library":"H5P.Image 1.1","params":{"file":{"path":"images/a.png"},"alt":"a graph"}}},
        "answers":[{"text":"a","correct":"true"},{"text":"b","correct":false}],"behaviour":{}}"#;
    let members = [
        ("h5p.json", r#"{"title":"T","mainLibrary":"H5P.MultiChoice"}"#),
        ("content/content.json", content),
        ("content/images/a.png", "PNG"),
    ];
    let bank = h5p::read("x.h5p", &zipped(&members)).unwrap();
    let question = only(&bank);
    assert_eq!((question.title.as_deref(), question.stem.as_str()), (Some("T"), "Which?\n[figure 1]"));
    assert_eq!(question.figures[0].bytes.as_deref(), Some(&b"PNG"[..]));
    assert_eq!(question.figures[0].alt.as_deref(), Some("a graph"));
    assert!(h5p::read("x.h5p", &zipped(&[("a", "")])).is_err());
}

#[test]
fn other_kinds_of_h5p_are_read_or_named() {
    let read = |json: &str| h5p::read("c.json", json.as_bytes()).unwrap();
    let set = read(
        r#"{"choices":[{"question":"<p>1+1</p>","answers":["<p>2</p>","<p>3</p>"],"subContentId":"s"},{"question":"","answers":[]}]}"#,
    );
    assert_eq!(options(&only(&set).parts[0]), [("2", true), ("3", false)]);
    assert_eq!((set.refused.len(), only(&set).place.id.as_deref()), (1, Some("s")));
    let drag = read(
        r#"{"taskDescription":"<p>Drag.</p>","textField":"The *sky/air:look up\\+yes* is *blue*.\nSo.","distractors":"*red*"}"#,
    );
    assert_eq!(only(&drag).stem, "Drag.\nThe [gap 1] is [gap 2].\nSo.");
    assert_eq!(texts(&only(&drag).parts[0]), ["sky/air"]);
    assert_eq!(only(&drag).parts[0].hint.as_deref(), Some("look up"));
    assert!(says(&drag.warnings, &["fit no gap"]));
    let column = read(
        r#"{"content":[{"content":{"library":"H5P.AdvancedText 1.1","params":{}}},{"content":{"library":"H5P.TrueFalse 1.8","params":{"question":"q","correct":"maybe"}}},
        {"content":{"library":"H5P.Essay 1.5","params":{"taskDescription":"Why?","solution":{"sample":"So."}}}}]}"#,
    );
    assert_eq!(
        (only(&column).parts[0].answer.clone(), only(&column).parts[0].solution.as_deref()),
        (Answer::Open, Some("So."))
    );
    assert!(says(&column.skipped, &["H5P.AdvancedText"]) && says(&column.refused, &["true or false"]));
    for json in ["", "{}", "[]", "1", "{\"questions\":[]}", "{\"a\":", &"[".repeat(10_000)] {
        assert!(h5p::read("c.json", json.as_bytes()).is_err(), "{json:.20}");
    }
}

#[test]
fn notes_of_anki_are_read() {
    let text = "#separator:tab\n#html:true\n#guid column:1\n#deck column:2\n#tags column:5\n#columns:guid\tdeck\tFront\tBack\tTags\n\
                g1\tMaths::Algebra\tWhat is x<sup>2</sup> for [$]x=3[/$]?\t9\texam easy\n\
                g2\tMaths\t\"<div>Two</div><div>lines \"\"q\"\"</div>\"\tblue &amp; red\t\n\
                g3\tMaths\tThe {{c1::sky::above}} is {{c2::\\(x_{1}\\)}} and {{c1::wide}}.\tMore\t\n\
                g4\tMaths\t[sound:a.mp3]Hear?\t<ul><li>a</li><li>b</li></ul>\t\n\
                g5\tMaths\tNo back\t\t\n";
    let bank = anki::read("a.txt", text.as_bytes()).unwrap();
    let [power, lines, cloze, long] = bank.questions.as_slice() else { panic!("{bank:#?}") };
    assert_eq!((power.category.as_deref(), power.topic.as_deref()), (Some("Maths"), Some("Algebra")));
    assert_eq!((power.stem.as_str(), texts(&power.parts[0])), ("What is x^{2} for $x=3$?", vec!["9"]));
    assert!(matches!(accepted(&power.parts[0])[0].form, Form::Number { .. }));
    assert_eq!((power.tags.as_slice(), power.place.line), (&["exam".to_owned(), "easy".to_owned()][..], Some(7)));
    assert_eq!((lines.stem.as_str(), texts(&lines.parts[0])), ("Two\nlines \"q\"", vec!["blue & red"]));
    assert_eq!(cloze.stem, "The [gap 1] is [gap 2] and [gap 3].");
    assert_eq!(cloze.parts.iter().map(texts).collect::<Vec<_>>(), [vec!["sky"], vec!["$x_{1}$"], vec!["wide"]]);
    assert_eq!((cloze.parts[0].hint.as_deref(), cloze.solution.as_deref()), (Some("above"), Some("More")));
    assert_eq!((long.parts[0].answer.clone(), long.stem.as_str()), (Answer::Open, "Hear?"));
    assert!(long.solution.is_some() && says(&bank.warnings, &["student marks"]) && says(&bank.warnings, &["sound"]));
    assert!(says(&bank.refused, &["back is empty"]) && bank.refused[0].place.id.as_deref() == Some("g5"));
}

#[test]
fn plain_notes_without_settings_are_read() {
    assert!(anki::has_settings("#separator:tab\nx") && !anki::has_settings("# heading"));
    let bank = anki::read("a.txt", b"a < b?\t<b>\textra\n").unwrap();
    assert_eq!((only(&bank).stem.as_str(), texts(&only(&bank).parts[0])), ("a < b?", vec!["<b>"]));
    assert_eq!(only(&bank).extra, [("field 3".to_owned(), "extra".to_owned())]);
    let FormatError(error) = anki::read("a.apkg", &zipped(&[("collection.anki2", "")])).unwrap_err();
    assert!(error.contains("apkg"));
}

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
        let _ = olx::read("x", &bytes);
        let _ = h5p::read("x", &bytes);
        let _ = anki::read("x", &bytes);
    }

    #[test]
    fn no_damage_ends_the_readers(problem in mutated(PROBLEM), content in mutated(H5P_CONTENT)) {
        let _ = olx::read("x", &problem);
        let _ = h5p::read("x", &content);
    }

    #[test]
    fn no_answer_ends_the_reader_of_problems(answer in "[-0-9a-z$|()\\[\\],.*+?^%! ]{0,24}", kind in "(ci |cs )?(regexp)?") {
        let escaped = answer.replace('<', "&lt;");
        for response in ["numericalresponse", "stringresponse", "formularesponse"] {
            let _ = olx::read("x", format!("<problem><p>q</p><{response} answer=\"{escaped}\" type=\"{kind}\"/></problem>").as_bytes());
        }
        let menu = format!("<problem><p>q</p><optionresponse><optioninput options=\"({escaped})\" correct=\"a\"/></optionresponse></problem>");
        let _ = olx::read("x", menu.as_bytes());
    }

    #[test]
    fn no_gaps_end_the_readers(soup in prop::collection::vec(
        prop::sample::select(vec!["*", "**", "/", ":", "\\+", "{{c1::", "{{c", "}}", "::", "{", "}", "x", "\u{e9}", "<p>", "$", "\\(", "[sound:", "]", "\t", "\n", "#html:true\n"]), 0..40
    )) {
        let text = soup.concat();
        let blanks = serde_json::json!({ "questions": [text], "text": "t" });
        let _ = h5p::read("x", blanks.to_string().as_bytes());
        let _ = h5p::read("x", serde_json::json!({ "textField": text }).to_string().as_bytes());
        let _ = anki::read("x", text.as_bytes());
    }

    #[test]
    fn no_archive_ends_the_reader_of_courses(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
        let mut archive = tarred(&course());
        let start = at.min(archive.len());
        let end = (start + bytes.len()).min(archive.len());
        archive[start..end].copy_from_slice(&bytes[..end - start]);
        let _ = olx::read("x", &archive);
    }
}
