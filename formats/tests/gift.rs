//! The files in `fixtures` are read as a teacher means them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use formats::{Accepted, Answer, Bank, Bound, Decimal, Form, Question, Tolerance, gift};

fn read(file: &str, bytes: &[u8]) -> Bank {
    let bank = gift::read(file, bytes).unwrap();
    assert_eq!(bank.refused, []);
    bank
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn accepted(question: &Question) -> &[Accepted] {
    let Answer::Accepted(accepted) = &question.parts[0].answer else { panic!("{question:?}") };
    accepted
}

fn number(value: &str, tolerance: Tolerance) -> Form {
    Form::Number { value: decimal(value), tolerance }
}

#[test]
fn traps_are_all_taken() {
    let bank = read("traps.gift", include_bytes!("fixtures/traps.gift"));
    let titles: Vec<_> = bank.questions.iter().filter_map(|question| question.title.as_deref()).collect();
    assert_eq!(
        titles,
        ["Gradient zero", "Thickness", "Half", "Ratio 3:4", "Rice", "Primes", "Pi", "Between", "Pairs", "Why"]
    );
    for question in &bank.questions {
        assert_eq!((question.category.as_deref(), question.topic.as_deref()), (Some("Vectors"), Some("Gradient")));
    }
    let [gradient, thickness, half, ratio, rice, primes, pi, between, pairs, why] = bank.questions.as_slice() else {
        panic!()
    };
    assert_eq!(gradient.place.line, Some(4));
    assert_eq!(gradient.stem, r"Is $\nabla f \neq \theta$ at a saddle?");
    let Answer::Choice { options, several: false, .. } = &gradient.parts[0].answer else { panic!() };
    assert_eq!((options[0].text.as_str(), options[0].is_right), ("True", true));
    assert_eq!(options[0].feedback.as_deref(), Some("Right."));
    assert_eq!(options[1].feedback.as_deref(), Some("Look at it from both sides."));
    assert!(bank.warnings.iter().any(|warning| warning.place.line == Some(4) && warning.text.contains("`\\nabla`")));

    assert_eq!(accepted(thickness)[0].form, number("0.001", Tolerance::Absolute(decimal("0.0001"))));
    assert_eq!(half.stem, r"Half of one is $\frac{1}{2}$. What is twice as much?");
    assert_eq!(accepted(half)[0].form, number("1", Tolerance::Unsaid));
    assert_eq!(ratio.stem, "Simplify the ratio 6:8, knowing that x^2 = 4 has two roots.");
    let spellings: Vec<_> = accepted(ratio)
        .iter()
        .map(|one| match &one.form {
            Form::Text { text, .. } => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(spellings, ["3:4", "3/4", "0.75"]);

    assert_eq!(rice.stem, "I would like [gap 1] rice.");
    let Answer::Choice { options, several: false, .. } = &rice.parts[0].answer else { panic!() };
    let options: Vec<_> = options.iter().map(|option| (option.text.as_str(), option.is_right)).collect();
    assert_eq!(options, [("some", true), ("a few", false), ("many", false)]);

    let Answer::Choice { options, several: true, weighted: true } = &primes.parts[0].answer else { panic!() };
    let weights: Vec<_> = options.iter().map(|option| (option.is_right, option.weight)).collect();
    assert_eq!(weights, [(true, Some(0.5)), (true, Some(0.5)), (false, Some(-1.0)), (false, Some(-1.0))]);
    assert_eq!(options[3].feedback.as_deref(), Some("Even numbers above two are not."));

    assert_eq!(accepted(pi)[0].form, number("3.14", Tolerance::Absolute(decimal("0.005"))));
    assert_eq!(accepted(pi)[1].form, number("3", Tolerance::Absolute(decimal("0.2"))));
    assert_eq!((accepted(pi)[0].fraction, accepted(pi)[1].fraction), (1.0, 0.5));
    let bound = |text: &str| Some(Bound { value: decimal(text), is_included: true });
    assert_eq!(accepted(between)[0].form, Form::Range { low: bound("3.141"), high: bound("3.142") });

    let Answer::Matching { pairs: found, distractors } = &pairs.parts[0].answer else { panic!() };
    assert_eq!(found.len(), 3);
    assert_eq!(found[1], ("chain".to_owned(), "$f'(g)g'$".to_owned()));
    assert_eq!(distractors.len(), 0);
    assert!(bank.warnings.iter().any(|warning| warning.text.contains("matching question with 3 pairs")));

    assert_eq!(why.parts[0].answer, Answer::Open);
    assert_eq!(why.solution.as_deref(), Some("Group the terms by powers of two."));
}

#[test]
fn a_category_ends_with_its_line() {
    let bank = read("category-runs-on.gift", include_bytes!("fixtures/category-runs-on.gift"));
    let found: Vec<_> = bank
        .questions
        .iter()
        .map(|question| (question.title.as_deref(), question.category.as_deref(), question.topic.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (Some("U1"), Some("Units"), Some("Length")),
            (Some("U2"), Some("Units"), Some("Mass")),
            (Some("U3"), Some("Units"), Some("Mass")),
        ]
    );
}

#[test]
fn embedded_answers_are_gaps() {
    let bank = read("embedded-answers.gift", include_bytes!("fixtures/embedded-answers.gift"));
    let [question] = bank.questions.as_slice() else { panic!() };
    assert_eq!(question.stem, "The series converges for [gap 1] < p, and is called the [gap 2] .");
    let points: Vec<_> = question.parts.iter().map(|part| (part.is_gap, part.points)).collect();
    assert_eq!(points, [(true, Some(1.0)), (true, Some(2.0))]);
    assert_eq!(accepted(question)[0].form, number("1", Tolerance::Absolute(decimal("0"))));
}
