use super::*;
use crate::Form;

fn bank(source: &str) -> Bank {
    read("f.gift", source.as_bytes()).unwrap()
}

/// The only question of a file.
fn only(source: &str) -> Question {
    let bank = bank(source);
    assert_eq!(bank.refused, []);
    let [question] = <[Question; 1]>::try_from(bank.questions).unwrap();
    question
}

fn options(question: &Question) -> Vec<(String, bool, Option<f64>)> {
    let Answer::Choice { options, .. } = &question.parts[0].answer else { panic!("{question:?}") };
    options.iter().map(|option| (option.text.clone(), option.is_right, option.weight)).collect()
}

fn texts(question: &Question) -> Vec<String> {
    let Answer::Accepted(accepted) = &question.parts[0].answer else { panic!("{question:?}") };
    let text = |form: &Form| match form {
        Form::Text { text, .. } => text.clone(),
        other => format!("{other:?}"),
    };
    accepted.iter().map(|one| text(&one.form)).collect()
}

#[test]
fn a_question_that_never_closes_is_refused_and_stops_nothing_else() {
    for (source, lines, taken) in [
        ("One? {=1\n\nTwo? {=2}\n\nThree? {=3}", vec![1], 2),
        ("::A::One? {=1\n::B::Two? {=2}", vec![1], 1),
        ("One? {=1}\n\n::B::Two? {=2\n\n$CATEGORY: x\n\nThree? {=3}", vec![3], 2),
        ("One? {=1\n\n\nTwo? {=2\n\nThree? {=3}", vec![1, 4], 1),
        ("One? {=1", vec![1], 0),
        ("::A::{", vec![1], 0),
    ] {
        let bank = bank(source);
        let found: Vec<_> = bank.refused.iter().filter_map(|remark| remark.place.line).collect();
        assert_eq!((found, bank.questions.len()), (lines, taken), "{source}: {bank:?}");
    }
}

#[test]
fn questions_end_where_the_next_begins() {
    for (source, taken) in [
        ("::A::a {=1}\n::B::b {=2}\n::C::c {=3}", 3),
        ("a {=1}\nb {=2}\n\nc {=3}", 3),
        ("a {=1}\n// note\nb {=2}", 2),
        ("a\n\n{=1}\n\nb {=2}", 2),
        ("a {\n=1\n\n=2\n}\n\nb {=2}", 2),
        ("\n\n// only a comment\n\n", 0),
        ("a {=1}\r\n\r\nb {=2}\r\n", 2),
        ("a {=1}\n   \t\nb {=2}", 2),
    ] {
        let bank = bank(source);
        assert_eq!((bank.questions.len(), bank.refused.len()), (taken, 0), "{source}: {bank:?}");
    }
}

#[test]
fn categories_hold_until_the_next() {
    let bank = bank("$CATEGORY: $course$/top/A/B\na {=1}\n\nb {=2}\n$category: C//D\n\n\nc {=3}");
    let found: Vec<_> = bank.questions.iter().map(|one| (one.category.as_deref(), one.topic.as_deref())).collect();
    assert_eq!(found, [(Some("A"), Some("B")), (Some("A"), Some("B")), (None, Some("C/D"))]);
}

#[test]
fn ids_and_tags_in_comments_belong_to_the_next_question() {
    let bank = bank(
        "// [id:q-1] [tag:difficulty:3] [tag:old]\n::A::a {=1}\n// [id:q-2]\n\n// question: 7  name: B\nb {=2}\n\nc {=3}",
    );
    let ids: Vec<_> = bank.questions.iter().map(|one| one.place.id.as_deref()).collect();
    assert_eq!(ids, [Some("q-1"), Some("q-2"), None]);
    assert_eq!((bank.questions[0].difficulty, &bank.questions[0].tags), (Some(3), &vec!["old".to_owned()]));
}

#[test]
fn braces_of_formulas_and_sets_are_text() {
    for (source, stem) in [
        (r"What is $\frac{1}{2}$ of $\{1\}$? {=1}", r"What is $\frac{1}{2}$ of $\{1\}$?"),
        (r"What is \frac{1}{2} of x^{2}? {=1}", r"What is \frac{1}{2} of x^{2}?"),
        (r"What is \(x^{2}\) or \[y_{1}\]? {=1}", "What is $x^{2}$ or\n$$y_{1}$$?"),
        ("Let A={1,2}. How many? {#2}", "Let A={1,2}. How many?"),
        ("It costs $5 {=yes} and $6", r"It costs \$5 [gap 1] and \$6"),
        (r#"[html]<p style\="a\:b">x<sup>2</sup></p> {=1}"#, "x^{2}"),
        ("[html]<p style=\"a:b\">See {=1}</p>", "See [gap 1]"),
        ("[plain]a <b>b</b> {=1}", "a <b>b</b>"),
        ("Line one\nline two {=1}", "Line one\nline two"),
        ("Line one<br>line <i>two</i>\nthree {=1}", "Line one\nline two\nthree"),
        (r"\{a\} \= \: {=1}", "{a} = :"),
        ("[markdown]See ![a ramp](ramp.png) {=1}", "See [figure 1]"),
    ] {
        assert_eq!(only(source).stem, stem, "{source}");
    }
}

#[test]
fn choices_are_read_as_written() {
    let right = |text: &str| (text.to_owned(), true, None);
    let wrong = |text: &str| (text.to_owned(), false, None);
    assert_eq!(options(&only("q {~a=b~c}")), [wrong("a"), right("b"), wrong("c")]);
    assert_eq!(options(&only("q {~=some~a few~many}")), [right("some"), wrong("a few"), wrong("many")]);
    assert_eq!(options(&only("q {\n=x = 3\n~x = 4#no\n}")), [right("x = 3"), wrong("x = 4")]);
    assert_eq!(options(&only("q {=$x=3$ ~$a~b$ ~\\~c}")), [right("$x=3$"), wrong("$a~b$"), wrong("~c")]);
    assert_eq!(options(&only("q {=<img src=\"a.png\"> ~b}")), [right("[figure 1]"), wrong("b")]);
    assert_eq!(options(&only("q {=A&#38;B ~b}")), [right("A&B"), wrong("b")]);
    assert_eq!(options(&only("q {= $5 ~ $6 ~ 10%}")), [right("\\$5"), wrong("\\$6"), wrong("10%")]);
    assert_eq!(options(&only("q {= a -> b ~ c}")), [right("a -> b"), wrong("c")]);
    assert_eq!(
        options(&only("q {~%33.33333%a ~%33,3%b ~%-50%c ~d}")).iter().map(|one| (one.1, one.2)).collect::<Vec<_>>(),
        [(true, Some(1.0 / 3.0)), (true, Some(0.333)), (false, Some(-0.5)), (false, Some(0.0))]
    );
    let partial = only("q {=%100%a ~%50%b ~c}");
    assert!(matches!(partial.parts[0].answer, Answer::Choice { several: false, weighted: true, .. }));
    assert_eq!(
        options(&partial),
        [("a".into(), true, Some(1.0)), ("b".into(), false, Some(0.5)), ("c".into(), false, Some(0.0))]
    );
}

#[test]
fn choices_that_cannot_be_marked_are_refused() {
    let many = "~no ".repeat(27);
    for (source, reason) in [
        ("q {~a ~b}".to_owned(), "No option is right"),
        (format!("q {{=x {many}}}"), "28 options"),
        ("q {foo}".to_owned(), "begins with neither"),
        ("q {#abc}".to_owned(), "is no number"),
        ("q {#1,250}".to_owned(), "is no number"),
        ("q {=a -> =b -> c}".to_owned(), "no right side"),
        ("{=a}".to_owned(), "no text"),
    ] {
        let bank = bank(&source);
        assert_eq!(bank.questions, [], "{source}");
        assert!(bank.refused[0].text.contains(reason), "{source}: {:?}", bank.refused);
    }
}

#[test]
fn true_or_false_has_its_two_feedbacks() {
    for (block, is_true, wrong, right) in [
        ("{T#no#yes}", true, Some("no"), Some("yes")),
        ("{ FALSE # no }", false, Some("no"), None),
        ("{true}", true, None, None),
        ("{F##yes}", false, None, Some("yes")),
    ] {
        let question = only(&format!("q {block}"));
        let Answer::Choice { options, several: false, .. } = &question.parts[0].answer else { panic!() };
        let (of_right, of_wrong) = if is_true { (&options[0], &options[1]) } else { (&options[1], &options[0]) };
        assert!(of_right.is_right && !of_wrong.is_right, "{block}");
        assert_eq!((of_wrong.feedback.as_deref(), of_right.feedback.as_deref()), (wrong, right), "{block}");
    }
}

#[test]
fn short_answers_keep_their_spellings_and_fractions() {
    assert_eq!(texts(&only("q {=3\\:4 =3/4 =0.75}")), ["3:4", "3/4", "0.75"]);
    assert_eq!(texts(&only("q {=%50%half =whole}")), ["whole", "half"]);
    assert_eq!(texts(&only("q {=$\\frac{1}{2}$#good}")), [r"$\frac{1}{2}$"]);
    assert_eq!(texts(&only("q {=a\n=b = c\n}")), ["a", "b = c"]);
    let Answer::Accepted(accepted) = &only("q {=*newton* =2*x}").parts[0].answer.clone() else { panic!() };
    let wild: Vec<_> = accepted.iter().map(|one| matches!(one.form, Form::Text { has_wildcards: true, .. })).collect();
    assert_eq!(wild, [true, false]);
}

#[test]
fn general_feedback_is_the_solution_wherever_it_stands() {
    for source in [
        "q {=a####because}",
        "q {=a#fine ####because}",
        "q {}\n####because",
        "q {####because}",
        "q {T#no#yes####because}",
        "q {#1:0.1#fine####because}",
        "q {=a ~b} ####because",
    ] {
        let question = only(source);
        assert_eq!((question.stem.as_str(), question.solution.as_deref()), ("q", Some("because")), "{source}");
        assert!(!question.parts[0].is_gap);
    }
}

#[test]
fn several_blocks_are_gaps() {
    let question = only("a {=1} and {~x =y}.");
    assert_eq!(question.stem, "a [gap 1] and [gap 2].");
    assert!(question.parts.iter().all(|part| part.is_gap));
    let question = only("a {1:SA:=x}\nand {2:MC:=y~z}\nend");
    assert_eq!(question.stem, "a [gap 1]\nand [gap 2]\nend");
}

#[test]
fn texts_without_answers_are_skipped_with_their_line() {
    let bank = bank("a {=1}\n\n::Intro::The next are about a cart.\n\nb {=2}");
    assert_eq!(bank.skipped[0].place.line, Some(3));
    assert_eq!(bank.questions.len(), 2);
}

#[test]
fn titles_are_optional_and_may_hold_braces() {
    for (source, title) in [
        ("::A {1}::q {=a}", Some("A {1}")),
        ("::Ratio 3:4::q {=a}", Some("Ratio 3:4")),
        (r"::a\:\:b::q {=a}", Some("a::b")),
        ("::::q {=a}", None),
        ("q :: r {=a}", None),
    ] {
        assert_eq!(only(source).title.as_deref(), title, "{source}");
    }
}

#[test]
fn hostile_files_take_linear_time() {
    for piece in [
        "{",
        "}",
        "{=a\n\n",
        "::",
        "::a::",
        "q {=a}\n",
        "q {=",
        "\\",
        "\\\\(",
        "\\(",
        "$",
        "$$",
        "$x",
        "^{",
        "{=a} {",
        "\n",
        "\n\n",
        "####",
        "~",
        "=",
        "<a ",
        "&#",
        "// [id:",
        "{1:SA:",
        "{1:MC:=a~b}",
        "$CATEGORY:",
        "=a -> b ",
        "[html]",
        "%50%",
        "{=a}{",
        "a\n",
        "\\begin{align}",
        "![",
        "\u{fdd2}",
    ] {
        let source = piece.repeat(10_000);
        let _ = bank(&source);
        let _ = bank(&format!("q {{={source}}}"));
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = read("f", &bytes);
    }

    #[test]
    fn no_tokens_panic(tokens in proptest::collection::vec(proptest::sample::select(vec![
        "{", "}", "=", "~", "#", "####", "::", "\n", "\n\n", "//", "$CATEGORY: a/b\n", "T", "->", "%50%", "$", "\\", "\\(", "\\)",
        "n", "é", "1:SA:", ":", "..", "3.1", "[html]", "<b>", "&lt;", "*", " ", "\\frac", "^", "\u{fdd0}",
    ]), 0..60)) {
        let bank = bank(&tokens.concat());
        for question in &bank.questions {
            proptest::prop_assert!(!question.parts.is_empty() && !question.stem.is_empty());
        }
    }
}
