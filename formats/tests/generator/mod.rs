//! Questions of every kind that ours can hold, for the properties of the writers.
#![allow(dead_code, reason = "each test file uses its own part")]

use formats::{Accepted, Answer, Bank, Bound, Choice, Decimal, Exam, Figure, Form, Part, Place, Question, Tolerance};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A PNG of one pixel.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdacd`\xf8_\x0f\0\x02\x87\x01\x80\xeb\xba\x9e\x92\0\0\0\0IEND\xaeB`\x82";
pub(crate) const SVG: &[u8] =
    b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"><path d=\"M0 0h1\"/></svg>";

/// A text in the form that the readers produce: words and formulas, one blank between them.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => "[A-Za-zäß]{1,7}",
        3 => "[0-9]{1,4}",
        2 => select(vec![
            "$x^2 + 1$", r"$\frac{1}{2}$", "$a < b$", r"$\{1, 2\}$", r"costs \$5", "1 < 2", "A & B", "a > b", "\"so\"",
            "it's", "{x}", "a = b", "a ~ b", "#1", "100%", "50 %", "*", "<b>", "&amp;", "-->", "--", "]]>", "x, y;", "=1+1", "-3",
            "@name", "+1", "a | b", r"C:\dir", r"\_", "// no", "::t::", "[1]", "é", "数学", "😀", "a:b", "[[1]]", "…",
            "\\textbf{b}", "%", "_", "^", "~", "\\", "\u{a7}",
        ]).prop_map(str::to_owned),
    ];
    let line = vec(word, 1..5).prop_map(|words| words.join(" "));
    prop_oneof![
        6 => line.clone(),
        1 => vec(line.clone(), 2..4).prop_map(|lines| lines.join("\n")),
        1 => (line.clone(), line).prop_map(|(a, b)| format!("{a}\n$$\\int_0^1 x \\, dx$$\n\n{b}")),
    ]
}

/// A text on one line, such as a name.
pub(crate) fn line() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.split('\n').next().unwrap_or("x").trim().to_owned())
}

/// A text of letters and digits on one line.
pub(crate) fn words() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9]{0,6}( [a-z0-9]{1,6}){0,3}"
}

pub(crate) fn decimal() -> impl Strategy<Value = Decimal> {
    "-?[0-9]{1,5}(\\.[0-9]{1,4})?".prop_map(|text| Decimal::parse(&text).unwrap())
}

pub(crate) fn positive() -> impl Strategy<Value = Decimal> {
    "[0-9]{1,2}\\.[0-9]{0,3}[1-9]".prop_map(|text| Decimal::parse(&text).unwrap())
}

pub(crate) fn tolerance() -> impl Strategy<Value = Tolerance> {
    prop_oneof![
        Just(Tolerance::Unsaid),
        Just(Tolerance::Absolute(Decimal::zero())),
        positive().prop_map(Tolerance::Absolute),
        positive().prop_map(Tolerance::Relative),
    ]
}

pub(crate) fn bound() -> impl Strategy<Value = Option<Bound>> {
    option::weighted(0.8, (decimal(), any::<bool>()).prop_map(|(value, is_included)| Bound { value, is_included }))
}

pub(crate) fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        3 => (text(), any::<bool>(), any::<bool>())
            .prop_map(|(text, match_case, has_wildcards)| Form::Text { text, match_case, has_wildcards }),
        3 => (decimal(), tolerance()).prop_map(|(value, tolerance)| Form::Number { value, tolerance }),
        2 => (bound(), bound()).prop_filter("a range has an end", |(low, high)| low.is_some() || high.is_some()).prop_map(
            |(low, high)| Form::Range { low, high }
        ),
    ]
}

pub(crate) fn fraction() -> impl Strategy<Value = f64> {
    select(vec![1.0, 1.0, 1.0, 0.5, 1.0 / 3.0, 0.25, 0.9])
}

pub(crate) fn accepted() -> impl Strategy<Value = Accepted> {
    (form(), fraction(), option::weighted(0.2, select(vec!["m/s", "kg", "°C"])), option::weighted(0.2, text()))
        .prop_map(|(form, fraction, unit, feedback)| {
            let is_number = !matches!(form, Form::Text { .. });
            Accepted { form, fraction, unit: unit.filter(|_| is_number).map(str::to_owned), feedback }
        })
}

pub(crate) fn choice() -> impl Strategy<Value = Answer> {
    let option = (text(), any::<bool>(), select(vec![-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]), option::weighted(0.2, text()));
    (vec(option, 2..7), 0_usize..7, any::<bool>(), any::<bool>()).prop_map(|(options, right, several, weighted)| {
        let right = right % options.len();
        let weighted = several && weighted;
        let options = options
            .into_iter()
            .enumerate()
            .map(|(index, (text, is_right, weight, feedback))| Choice {
                text,
                is_right: index == right || several && is_right,
                weight: weighted.then_some(weight),
                feedback,
            })
            .collect();
        Answer::Choice { options, several, weighted }
    })
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        1 => Just(Answer::Open),
        4 => vec(accepted(), 1..4).prop_map(Answer::Accepted),
        3 => choice(),
        1 => (vec((text(), text()), 1..5), vec(text(), 0..3))
            .prop_map(|(pairs, distractors)| Answer::Matching { pairs, distractors }),
        1 => vec(text(), 2..5).prop_map(Answer::Ordering),
    ]
}

pub(crate) fn points() -> impl Strategy<Value = Option<f64>> {
    option::weighted(0.8, select(vec![0.5, 1.0, 2.0, 2.5, 3.0, 10.0, 1.0 / 3.0]))
}

pub(crate) fn part() -> impl Strategy<Value = Part> {
    (text(), answer(), points(), option::weighted(0.2, text()), option::weighted(0.3, text()))
        .prop_map(|(text, answer, points, hint, solution)| Part { text, is_gap: false, answer, points, hint, solution })
}

pub(crate) fn figures() -> impl Strategy<Value = Vec<Figure>> {
    let figure =
        (select(vec!["ramp.png", "img/slope one.svg", "a b.png", "fig.svg"]), option::of(words()), any::<bool>())
            .prop_map(|(source, alt, has_bytes)| {
                let bytes = if source.ends_with("png") { PNG } else { SVG };
                Figure { source: source.to_owned(), bytes: has_bytes.then(|| bytes.to_vec()), alt }
            });
    vec(figure, 0..3)
}

/// A question without an exam.
pub(crate) fn question() -> impl Strategy<Value = Question> {
    let names = (
        option::weighted(0.7, line()),
        option::weighted(0.5, words()),
        option::weighted(0.8, line()),
        vec(words(), 0..3),
        vec(words(), 0..3),
        option::weighted(0.5, "[a-z][a-z0-9-]{0,10}"),
    );
    let numbers = (
        option::of(1_u8..=5),
        option::of(select(vec![1.0, 7.5, 20.0])),
        option::weighted(0.3, 1_u32..40),
        any::<bool>(),
    );
    // One part without a text, gaps, or parts with texts.
    let parts = (0_u8..4, vec(part(), 1..4));
    (text(), parts, option::weighted(0.5, text()), figures(), names, numbers, option::weighted(0.2, text())).prop_map(
        |(mut stem, (kind, mut parts), solution, figures, names, numbers, note)| {
            let (title, category, topic, techniques, tags, id) = names;
            let (difficulty, minutes, number, is_bonus) = numbers;
            match kind {
                0 | 1 => {
                    parts.truncate(1);
                    parts[0].text.clear();
                }
                2 => {
                    for (index, part) in parts.iter_mut().enumerate() {
                        part.is_gap = true;
                        part.text.clear();
                        // A gap is answered by a text or a choice.
                        if matches!(part.answer, Answer::Matching { .. } | Answer::Ordering(_) | Answer::Open) {
                            part.answer = Answer::Accepted(vec![Accepted {
                                form: Form::Number { value: Decimal::zero(), tolerance: Tolerance::Unsaid },
                                fraction: 1.0,
                                unit: None,
                                feedback: None,
                            }]);
                        }
                        stem.extend([" and [gap ", &(index + 1).to_string(), "]"]);
                    }
                }
                _ => {}
            }
            if !figures.is_empty() {
                stem.push_str("\n[figure 1]");
            }
            if figures.len() > 1 {
                parts.last_mut().unwrap().solution = Some("See [figure 2].".to_owned());
            }
            Question {
                place: Place { id, ..Place::default() },
                title,
                category: category.filter(|_| topic.is_some()),
                topic,
                techniques,
                tags,
                difficulty,
                minutes,
                exam: None,
                number,
                stem,
                parts,
                solution,
                figures,
                is_bonus,
                extra: note.map(|note| ("note".to_owned(), note)).into_iter().collect(),
            }
        },
    )
}

/// Questions, some of them of an exam.
pub(crate) fn bank() -> impl Strategy<Value = Bank> {
    (vec((question(), any::<bool>()), 1..5), words()).prop_map(|(list, title)| {
        let exam = Exam { title, year: Some(2024), semester: Some("fall".to_owned()), ..Exam::default() };
        let mut bank = Bank::default();
        for (mut question, is_of_exam) in list {
            if is_of_exam {
                question.exam = Some(0);
            }
            bank.questions.push(question);
        }
        if bank.questions.iter().any(|question| question.exam.is_some()) {
            bank.exams.push(exam);
        }
        bank
    })
}

/// A bank in a form that can be compared: places without file and line, and questions by themselves with their exam.
pub(crate) fn comparable(bank: &Bank) -> Vec<(Question, Option<Exam>)> {
    let mut list: Vec<(Question, Option<Exam>)> = bank
        .questions
        .iter()
        .map(|question| {
            let exam = question.exam.map(|index| bank.exams[index].clone());
            let place = Place { id: question.place.id.clone(), ..Place::default() };
            (Question { place, exam: None, ..question.clone() }, exam)
        })
        .collect();
    list.sort_by_cached_key(|entry| format!("{entry:?}"));
    list
}

/// A question that formats can say natively: plain words, and keys that all of them have.
pub(crate) fn simple_question() -> impl Strategy<Value = Question> {
    let texts = || {
        proptest::collection::btree_set(words(), 2..6)
            .prop_map(|set| set.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
    };
    let number =
        (decimal(), positive()).prop_map(|(value, by)| Form::Number { value, tolerance: Tolerance::Absolute(by) });
    let list = |form: BoxedStrategy<Form>| {
        (vec(form, 1..3), option::of(words())).prop_map(|(forms, feedback)| {
            let mut forms: Vec<Form> = forms;
            forms.dedup();
            let one = |(at, form)| Accepted {
                form,
                fraction: if at == 0 { 1.0 } else { 1.0 / 3.0 },
                unit: None,
                feedback: None,
            };
            let mut list: Vec<Accepted> = forms.into_iter().enumerate().map(one).collect();
            list[0].feedback = feedback;
            Answer::Accepted(list)
        })
    };
    let word = words().prop_map(|text| Form::Text { text, match_case: false, has_wildcards: false });
    let choice = (texts(), 0_u8..3, vec(any::<bool>(), 6)).prop_map(|(texts, kind, right)| {
        let count = texts.iter().zip(&right).skip(1).filter(|(_, right)| **right).count() + 1;
        let options = texts.into_iter().enumerate().map(|(at, text)| {
            let is_right = at == 0 || kind > 0 && right[at];
            let share = if is_right {
                1.0 / f64::from(u32::try_from(count).unwrap())
            } else if right[at] {
                -0.5
            } else {
                0.0
            };
            Choice { text, is_right, weight: (kind == 1).then_some(share), feedback: None }
        });
        Answer::Choice { options: options.collect(), several: kind > 0, weighted: kind == 1 }
    });
    let answer = prop_oneof![
        1 => Just(Answer::Open),
        3 => list(number.boxed()),
        3 => list(word.boxed()),
        4 => choice,
        1 => (texts(), texts()).prop_map(|(left, right)| {
            let count = left.len().min(right.len());
            let pairs = left.into_iter().zip(right.iter().cloned()).take(count).collect();
            Answer::Matching { pairs, distractors: right[count..].iter().take(1).cloned().collect() }
        }),
        1 => texts().prop_map(Answer::Ordering),
    ];
    (
        words(),
        answer,
        select(vec![1.0, 2.5, 4.0]),
        option::of(words()),
        option::of(1_u8..=5),
        vec(words(), 0..2),
        words(),
    )
        .prop_map(|(stem, answer, points, solution, difficulty, techniques, title)| Question {
            place: Place { id: Some("q-1".to_owned()), ..Place::default() },
            title: Some(title),
            topic: Some("Units".to_owned()),
            category: Some("Physics".to_owned()),
            stem: format!("Say $x^2$, {stem}."),
            parts: vec![Part { answer, points: Some(points), ..Part::default() }],
            solution,
            difficulty,
            techniques,
            tags: vec!["revision".to_owned()],
            number: Some(3),
            minutes: Some(2.5),
            is_bonus: true,
            ..Question::default()
        })
}
