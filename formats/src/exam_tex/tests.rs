use super::*;

fn bank(questions: &str) -> Bank {
    read("f.tex", format!("\\documentclass{{exam}}\\begin{{document}}\\begin{{questions}}{questions}\\end{{questions}}\\end{{document}}").as_bytes()).unwrap()
}

fn only(source: &str) -> Question {
    let bank = bank(source);
    assert_eq!(bank.refused, []);
    let [question] = <[Question; 1]>::try_from(bank.questions).unwrap();
    question
}

fn stem(source: &str) -> String {
    only(&format!("\\question {source}")).stem
}

fn with_preamble(preamble: &str, text: &str) -> String {
    let source = format!("{preamble}\\begin{{questions}}\\question {text}\\end{{questions}}");
    read("f.tex", source.as_bytes()).unwrap().questions[0].stem.clone()
}

#[test]
fn comments_and_disabled_text_do_not_exist() {
    for (source, expected) in [
        ("100\\% of it % not this\nis", "100% of it is"),
        ("a%\nb", "ab"),
        ("a\n% only a comment\nb", "a b"),
        ("a \\begin{comment} \\question no \\end{comment} b", "a b"),
        ("a \\iffalse \\question no \\ifx x\\fi still \\fi b", "a b"),
        ("a \\\\% c\nb", "a\nb"),
        ("\\verb|%$x$| b", "%\\$x\\$ b"),
        ("a\n\\begin{verbatim}\nif x: # 5% {\n  $y\n\\end{verbatim}\nb", "a\nif x: # 5% {\n  \\$y\nb"),
        ("a \\endinput \\question b", "a"),
    ] {
        assert_eq!(stem(source), expected, "{source}");
    }
}

#[test]
fn commands_of_the_file_are_expanded() {
    for (preamble, text, expected) in [
        ("\\newcommand{\\R}{\\mathbb{R}}", "$x\\in\\R$", r"$x\in\mathbb{R}$"),
        (
            "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}",
            "$\\pd{f}{x}$",
            r"$\frac{\partial f}{\partial x}$",
        ),
        ("\\newcommand\\norm[2][2]{\\|#2\\|_{#1}}", "$\\norm{x}+\\norm[1]{y}$", r"$\|x\|_{2}+\|y\|_{1}$"),
        ("\\def\\half#1{#1/2}", "\\half{x}", "x/2"),
        ("\\def\\a{\\b}\\def\\b{c}", "\\a", "c"),
        ("\\let\\eps=\\varepsilon", "$\\eps$", r"$\varepsilon$"),
        ("\\DeclareMathOperator{\\tr}{tr}", "$\\tr A$", r"$\operatorname{tr}A$"),
        ("\\DeclarePairedDelimiter{\\abs}{\\lvert}{\\rvert}", "$\\abs{x}$", r"$\lvert x\rvert$"),
        ("\\newcommand{\\Q}{\\emph{all}}", "\\Q", "all"),
    ] {
        assert_eq!(with_preamble(preamble, text), expected, "{preamble}");
    }
}

#[test]
fn endless_expansion_is_bounded() {
    for preamble in [
        "\\def\\a{\\a}",
        "\\def\\a{\\a\\a}",
        "\\def\\a{x\\a}",
        "\\newcommand{\\a}{\\b\\b\\b\\b}\\newcommand{\\b}{\\c\\c\\c\\c}\\newcommand{\\c}{\\a\\a\\a\\a}",
        "\\newcommand{\\a}[1]{\\a{#1#1}}",
    ] {
        let source = format!("{preamble}\\begin{{questions}}\\question q \\a{{x}}\\end{{questions}}");
        let bank = read("f", source.as_bytes()).unwrap();
        assert!(bank.warnings.iter().any(|warning| warning.text.contains("too far")), "{preamble}");
    }
}

#[test]
fn text_commands_become_text() {
    for (source, expected) in [
        ("\\textbf{Bold} and {\\em slanted}", "Bold and slanted"),
        ("costs \\$5 or $x$", "costs \\$5 or $x$"),
        ("``quoted'' -- and --- so~on", "“quoted” – and — so on"),
        ("Erd\\H{o}s, \\'Etude, na\\\"{\\i}ve, Fran\\c{c}ois", "Erdős, Étude, naïve, François"),
        ("\\[ x^2 \\] and $$y$$ z", "$$x^2$$\nand\n$$y$$\nz"),
        ("\\begin{align*} a &= b \\\\ c &= d \\end{align*}", "$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}$$"),
        (
            "\\begin{itemize}\\item a \\item b\\end{itemize}\\begin{enumerate}\\item c\\item[x] d\\end{enumerate}",
            "- a\n- b\n1. c\nx d",
        ),
        ("\\begin{tabular}{l|l}\\hline a & b \\\\ \\hline c & $d$ \\\\\\end{tabular} e", "a | b\nc | $d$\ne"),
        ("x\\textsuperscript{2}\\vspace{2cm}\\vspace*{\\stretch{1}}", "x^{2}"),
        ("See \\includegraphics[width=3cm]{a_b.png}.", "See [figure 1]."),
        ("\\SI{9.81}{\\metre\\per\\second\\squared}", "9.81 m/s^{2}"),
        ("$f = 1 \\text{ if $x$}$", "$f = 1 \\text{ if }x\\text{}$"),
        ("one\n\ntwo\nthree", "one\ntwo three"),
        ("lone $ dollar", "lone \\$ dollar"),
        ("set \\{1\\} a\\_b \\& c", "set {1} a_b & c"),
    ] {
        assert_eq!(stem(source), expected, "{source}");
    }
}

#[test]
fn points_are_counted_as_the_class_counts_them() {
    for (source, points, bonus) in [
        ("\\question[3] a \\question[2\\half] b", 5.5, 0.0),
        ("\\question a \\begin{parts}\\part[\\half] b \\bonuspart[2] c\\end{parts}", 0.5, 2.0),
        ("\\bonusquestion[3] a \\begin{parts}\\part[1] b\\end{parts}", 1.0, 3.0),
        ("\\question[3] a \\noaddpoints \\question[5] b \\addpoints \\question[1] c", 4.0, 0.0),
        ("\\question a \\begin{solution}[3cm] b \\end{solution}", 0.0, 0.0),
        ("\\titledquestion{T}[4] a", 4.0, 0.0),
        ("\\question[10] a \\begin{parts}\\part b \\part c\\end{parts}", 10.0, 0.0),
        (
            "\\question[1] a \\begin{parts}\\part[2] b \\begin{subparts}\\subpart[3] c \\subpart[4] d\\end{subparts}\\end{parts}",
            10.0,
            0.0,
        ),
    ] {
        let bank = bank(source);
        assert_eq!((bank.exams[0].points, bank.exams[0].bonus_points), (Some(points), Some(bonus)), "{source}");
        let parts = bank.questions.iter().flat_map(|question| &question.parts);
        let sum: f64 = parts.filter_map(|part| part.points).sum();
        let spread = points + bonus - if source.contains("noaddpoints") { -5.0 } else { 0.0 };
        assert!((sum - spread).abs() < 1e-9, "{source}: {sum}");
    }
}

#[test]
fn parts_and_subparts_carry_their_text() {
    let question = only(
        "\\question Stem. \\begin{parts}\\part[1] First. \\part Second: \\begin{subparts}\\subpart[2] one \\subpart[3] two \
         \\begin{subsubparts}\\subsubpart[4] deep\\end{subsubparts}\\end{subparts}\\part[5] Last.\\end{parts} After.",
    );
    assert_eq!(question.stem, "Stem. After.");
    let parts: Vec<_> = question.parts.iter().map(|part| (part.text.as_str(), part.points)).collect();
    assert_eq!(
        parts,
        [("First.", Some(1.0)), ("Second:\none", Some(2.0)), ("two\ndeep", Some(7.0)), ("Last.", Some(5.0))]
    );
}

#[test]
fn answers_come_from_choices_blanks_and_answer_lines() {
    let choice = only(
        "\\question q \\begin{checkboxes}\\CorrectChoice a \\choice b \\CorrectChoice c\\end{checkboxes} tail \\begin{solution}s\\end{solution}",
    );
    let Answer::Choice { options, several: true, .. } = &choice.parts[0].answer else { panic!() };
    assert_eq!(
        options.iter().map(|one| (one.text.as_str(), one.is_right)).collect::<Vec<_>>(),
        [("a", true), ("b", false), ("c", true)]
    );
    assert_eq!((choice.stem.as_str(), choice.solution.as_deref()), ("q tail", Some("s")));

    let gaps = only("\\question[4] The \\fillin[cat][3cm] sat on \\fillin[$m^2$] and \\fillin.");
    assert_eq!(gaps.stem, "The [gap 1] sat on [gap 2] and [gap 3].");
    assert_eq!(gaps.parts[0].answer, accepted("cat".to_owned()));
    assert_eq!(gaps.parts[1].answer, accepted("$m^2$".to_owned()));
    assert_eq!(gaps.parts[2].answer, Answer::Open);

    let line = only("\\question Add. \\answerline[$4$]");
    assert_eq!((line.stem.as_str(), &line.parts[0].answer), ("Add.", &accepted("$4$".to_owned())));
    assert_eq!(only("\\question Add. \\answerline").parts[0].answer, Answer::Open);

    let part = only("\\question q \\begin{parts}\\part The \\fillin[cat].\\end{parts}");
    assert_eq!((part.parts[0].text.as_str(), &part.parts[0].answer), ("The ____.", &accepted("cat".to_owned())));

    let keyless = only("\\question q \\begin{oneparchoices}\\choice a \\choice b\\end{oneparchoices}");
    assert_eq!((keyless.stem.as_str(), &keyless.parts[0].answer), ("q\nA. a\nB. b", &Answer::Open));
}

#[test]
fn solutions_of_every_kind_are_kept() {
    for environment in ["solution", "solutionorbox", "solutionorlines", "solutionordottedlines", "solutionorgrid"] {
        let source = format!("\\question q \\begin{{{environment}}}[2in] $x$ is [1] \\end{{{environment}}}");
        assert_eq!(only(&source).solution.as_deref(), Some("$x$ is [1]"), "{environment}");
    }
    let printed = only("\\question q \\ifprintanswers yes \\else \\vspace{1in} no \\fi end");
    assert_eq!((printed.stem.as_str(), printed.solution.as_deref()), ("q end", Some("yes")));
}

#[test]
fn texts_between_questions_stand_before_the_next() {
    let bank = bank(
        "\\section*{Limits}\\uplevel{Use $g=9.81$.}\\question a \\begin{EnvUplevel} A passage. \\end{EnvUplevel}\\question b \\fullwidth{\\section*{Series}}\\question c \\uplevel{End.}",
    );
    let found: Vec<_> =
        bank.questions.iter().map(|one| (one.stem.as_str(), one.topic.as_deref(), one.number)).collect();
    assert_eq!(
        found,
        [
            ("Use $g=9.81$.\na", Some("Limits"), Some(1)),
            ("A passage.\nb", Some("Limits"), Some(2)),
            ("c", Some("Series"), Some(3)),
        ]
    );
    assert!(bank.skipped[0].text.contains("End."));
}

#[test]
fn what_is_missing_or_broken_is_named() {
    let found = bank(
        "\\question a \\input{more} \\begin{solution} s \\question b \\begin{tikzpicture}\\draw x;\\end{tikzpicture} \\foo{c} \\question",
    );
    assert_eq!(found.questions.iter().map(|one| one.stem.as_str()).collect::<Vec<_>>(), ["a", "b c"]);
    assert!(found.skipped[0].text.contains("The file more is read by `\\input`"));
    let has = |text: &str| found.warnings.iter().any(|warning| warning.text.contains(text));
    assert!(
        has("`\\begin{solution}` is not closed") && has("A drawing in `tikzpicture`") && has("`\\foo`"),
        "{found:?}"
    );
    assert_eq!(found.refused[0].text, "The question has no text.");
    assert!(read("f", b"\\documentclass{article}\\begin{document}x\\end{document}").is_err());
}

#[test]
fn the_exam_is_named_by_its_title_or_its_file() {
    let exam = |file: &str, preamble: &str| {
        let source = format!("{preamble}\\begin{{questions}}\\question a\\end{{questions}}");
        read(file, source.as_bytes()).unwrap().exams[0].clone()
    };
    let found = exam("x/midterm-2021-fall.tex", "");
    assert_eq!(
        (found.title.as_str(), found.year, found.semester.as_deref(), found.kind.as_deref()),
        ("2021 fall midterm", Some(2021), Some("fall"), Some("midterm"))
    );
    let found = exam("a.tex", "\\title{Calculus \\\\ Final Exam}\\date{Spring 2019}");
    assert_eq!(
        (found.title.as_str(), found.year, found.semester.as_deref(), found.kind.as_deref()),
        ("Calculus Final Exam", Some(2019), Some("spring"), Some("final"))
    );
    assert_eq!(exam("notes.tex", "").title, "notes");
}

#[test]
fn hostile_files_end() {
    for piece in [
        "{",
        "}",
        "$",
        "{$",
        "\\(",
        "\\begin{",
        "\\begin{align}",
        "\\begin{itemize}\\item ",
        "\\footnote{",
        "\\question",
        "\\part[1",
        "\\iffalse ",
        "\\choice ",
        "\\begin{solution}",
        "\\newcommand{\\a}[",
        "\\def\\a",
        "[",
        "\\verb|",
        "%",
        "\\",
        "\n\n",
        "\\uplevel{",
        "\\fillin[",
        "\\begin{tabular}{l}",
        "\\'",
        "\\begin{parts}\\part ",
        "\\ifprintanswers ",
        "#1",
        "\\begin{verbatim}",
        "\\begin{solution}\\end{x}",
        "\\begin{align}\\begin{",
        "\\end{",
        "\\footnote{\\begin{",
        "\\item[",
        "\\\\[",
        "\\(x",
        "\\[",
        "\\verb|x\n",
        "\\includegraphics[",
        "\\begin{tabular}[",
    ] {
        hostile("\\question q ", piece);
    }
    hostile(&format!("\\section{{{}}}", "x".repeat(100_000)), "\\question q ");
}

/// Reads a piece that is repeated, and bounds the tokens and bytes that the reader searches.
fn hostile(start: &str, piece: &str) {
    let source = format!("{start}{}", piece.repeat(10_000));
    write::SEARCHED.set(0);
    let _ = read("f", source.as_bytes());
    let searched = write::SEARCHED.get();
    let bound = 60 * source.len() + 2 * write::WASTED_TOKENS_MAX;
    assert!(searched <= bound, "{piece}: {searched} tokens were searched in {} bytes", source.len());
}

proptest::proptest! {
    #[test]
    fn no_tokens_panic(tokens in proptest::collection::vec(proptest::sample::select(vec![
        "\\question", "[3]", "[2\\half]", "\\part", "\\subpart", "\\begin{parts}", "\\end{parts}", "\\begin{choices}", "\\end{choices}",
        "\\choice ", "\\CorrectChoice ", "\\begin{solution}", "\\end{solution}", "{", "}", "$", "$$", "\\(", "\\)", "%", "\n", "\n\n", "x",
        "\\newcommand{\\x}[1]{#1\\y}", "\\x", "\\def\\y#1{}", "\\fillin[a]", "\\verb|a|", "\\iffalse", "\\fi", "\\else", "é", "\\",
        "\\begin{tabular}{l}", "&", "\\\\", "\\item", "\\includegraphics{a}", "\\bonuspart[1]", "\\uplevel{", "\\ifprintanswers", "[", "]", "*",
    ]), 0..60)) {
        if let Ok(bank) = read("f", tokens.concat().as_bytes()) {
            for question in bank.questions {
                proptest::prop_assert!(!question.parts.is_empty());
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,100}") {
        let _ = read("f", format!("\\question {text}").as_bytes());
    }
}
