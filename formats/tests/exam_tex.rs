//! The files in `fixtures` are read as a teacher means them.

use formats::{Answer, aiken, exam_tex};

#[test]
fn an_exam_has_its_questions_parts_and_points() {
    let bank = exam_tex::read("midterm-2021-fall.tex", include_bytes!("fixtures/midterm-2021-fall.tex")).unwrap();
    assert_eq!((bank.refused.len(), bank.skipped.len()), (0, 0));
    let [exam] = bank.exams.as_slice() else { panic!() };
    assert_eq!(exam.title, "2021 fall midterm");
    assert_eq!(
        (exam.year, exam.semester.as_deref(), exam.kind.as_deref()),
        (Some(2021), Some("fall"), Some("midterm"))
    );
    assert_eq!((exam.points, exam.bonus_points), (Some(16.5), Some(3.0)));
    let [integral, function, bonus] = bank.questions.as_slice() else { panic!("{bank:?}") };
    assert_eq!(integral.place.line, Some(7));
    assert_eq!(integral.stem, r"Evaluate $\int_0^1 x e^{x} \,\mathrm{d}x$.");
    assert_eq!(integral.parts[0].points, Some(10.0));
    assert_eq!(integral.solution.as_deref(), Some("By parts with $u = x$: the value is $1$."));
    assert_eq!(function.stem, r"Let $f(x) = \frac{x}{1+x^2}$ on $\mathbb{R}$.");
    let [increasing, maximum] = function.parts.as_slice() else { panic!() };
    assert_eq!((increasing.text.as_str(), increasing.points), ("Where is $f$ increasing?", Some(4.0)));
    assert_eq!(increasing.solution.as_deref(), Some("On $(-1, 1)$."));
    assert_eq!((maximum.text.as_str(), maximum.points), ("Which of these is the maximum?", Some(2.5)));
    let Answer::Choice { options, several: false, .. } = &maximum.answer else { panic!() };
    let options: Vec<_> = options.iter().map(|option| (option.text.as_str(), option.is_right)).collect();
    assert_eq!(options, [("$1$", false), (r"$\frac12$", true), ("2", false)]);
    assert_eq!(bonus.stem, "State the theorem that you used, at 100% detail.");
    assert!(bonus.is_bonus && !function.is_bonus);
    assert_eq!(bonus.number, Some(3));
}

#[test]
fn aiken_takes_lower_case_and_long_stems() {
    let bank = aiken::read("bank.aiken.txt", include_bytes!("fixtures/bank.aiken.txt")).unwrap();
    assert_eq!(bank.refused, []);
    let [determinant, rank] = bank.questions.as_slice() else { panic!() };
    assert_eq!(determinant.stem, "A square matrix with determinant zero\nis called what?");
    let right = |question: &formats::Question| {
        let Answer::Choice { options, several: false, .. } = &question.parts[0].answer else { panic!() };
        options.iter().map(|option| (option.text.clone(), option.is_right)).collect::<Vec<_>>()
    };
    let option = |text: &str, is_right| (text.to_owned(), is_right);
    assert_eq!(right(determinant), [option("Singular", true), option("Orthogonal", false), option("Regular", false)]);
    assert_eq!((rank.place.line, right(rank)), (Some(8), vec![option("0", true), option("1", false)]));
}
