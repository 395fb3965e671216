//! The labelled pairs, and properties that hold for any text.
//!
//! `pairs.tsv` was written by hand. Each line is a label, an expected answer, a given one and, if the question states
//! any, its rules in JSON.

use proptest::prelude::*;

use super::tree::Work;
use super::*;

const PAIRS: &str = include_str!("pairs.tsv");

struct Pair {
    label: CheckResult,
    expected: &'static str,
    given: &'static str,
    rules: Rules,
}

fn pairs() -> Vec<Pair> {
    let lines = PAIRS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let label = match fields[0] {
                "right" => CheckResult::Right,
                "wrong" => CheckResult::Wrong,
                "undecided" => CheckResult::Undecided,
                other => panic!("{other}: no label"),
            };
            let rules = fields.get(3).map_or_else(Rules::default, |rules| serde_json::from_str(rules).unwrap());
            Pair { label, expected: fields[1], given: fields[2], rules }
        })
        .collect()
}

#[test]
fn the_labelled_pairs_are_marked_as_labelled() {
    let pairs = pairs();
    assert!(pairs.len() >= 400, "{} pairs", pairs.len());
    let (mut right, mut wrong, mut false_accepts, mut false_rejects, mut others) = (0, 0, 0, 0, 0);
    for Pair { label, expected, given, rules } in &pairs {
        let verdict = check(expected, given, rules);
        right += u32::from(*label == CheckResult::Right);
        wrong += u32::from(*label == CheckResult::Wrong);
        if verdict == *label {
            continue;
        }
        eprintln!("{expected} | {given}: {verdict:?}, labelled {label:?}");
        match (verdict, label) {
            (CheckResult::Right, _) => false_accepts += 1,
            (CheckResult::Wrong, _) => false_rejects += 1,
            (CheckResult::Undecided, _) => others += 1,
        }
    }
    eprintln!(
        "{} pairs, {right} right, {wrong} wrong: {false_accepts} false accepts, {false_rejects} false rejects, {others} \
         left undecided",
        pairs.len()
    );
    assert_eq!(false_accepts, 0);
    assert!(false_rejects * 100 <= right);
    assert!(others * 100 <= right + wrong);
}

/// Pieces of LaTeX and plain text, right and wrong.
const PIECES: &[&str] = &[
    "x",
    "y",
    "n",
    "e",
    "i",
    "C",
    "1",
    "2",
    "12",
    "0",
    ".5",
    "3.14",
    "1,000",
    "0,5",
    "1e5",
    "2e-1",
    "+",
    "-",
    "*",
    "/",
    "^",
    "**",
    "_",
    "!",
    "%",
    "°",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\\{",
    "\\}",
    "|",
    "\\left|",
    "\\right|",
    "\\left(",
    "\\right)",
    "\\frac",
    "\\frac12",
    "\\frac{1}{2}",
    "\\sqrt",
    "\\sqrt[3]{x}",
    "\\binom{5}{2}",
    "\\sin",
    "\\sin^2",
    "\\ln",
    "\\log_2",
    "\\log",
    "\\tan^{-1}",
    "sin",
    "cos(",
    "ln|x|",
    "\\pi",
    "pi",
    "π",
    "√",
    "²",
    "½",
    "∞",
    "\\infty",
    "\\pm",
    "±",
    "=",
    "<",
    "≤",
    "\\ge",
    "\\ne",
    ",",
    ";",
    " or ",
    " and ",
    "\\cup",
    "∪",
    "\\in",
    " cm",
    "\\text{cm}",
    "\\text{",
    "\\boxed{",
    "$",
    "\\,",
    " ",
    "converges",
    "DNE",
    "U",
    "\\",
    "'",
    "é",
    "💩",
    "\u{301}",
    "\0",
    "−",
    "×",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// A check, and the steps that it took.
fn counted(expected: &str, given: &str, rules: &Rules) -> (CheckResult, u32) {
    let work = Work::new(MAX_STEPS);
    let verdict = check_within(expected, given, rules, &work);
    (verdict, MAX_STEPS - work.left())
}

/// Swapping the two never makes right of wrong. It may make undecided of right: `ln x` where `ln |x|` is expected has
/// values on a part of the domain only, the other way round on all of it.
fn assert_symmetric(a: &str, b: &str) {
    let rules = Rules::default();
    let verdicts = (counted(a, b, &rules).0, counted(b, a, &rules).0);
    assert!(
        !matches!(verdicts, (CheckResult::Right, CheckResult::Wrong) | (CheckResult::Wrong, CheckResult::Right)),
        "{a} | {b}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(expected in any::<String>(), given in any::<String>()) {
        assert_symmetric(&expected, &given);
    }

    #[test]
    fn any_soup_is_survived(expected in soup(), given in soup(), seed in any::<u64>()) {
        assert_symmetric(&expected, &given);
        let rules = Rules { seed, units_ignored: true, integration: Integration::Allowed, ..Rules::default() };
        assert!(check(&expected, &given, &rules) == check(&expected, &given, &rules));
        assert!(check("converges", &given, &rules) != CheckResult::Right || given.contains("converges"));
    }

    #[test]
    fn an_answer_is_itself(text in soup()) {
        let spaced = format!(" {text} ");
        let same = check(&text, &spaced, &Rules::default());
        prop_assert!(same == CheckResult::Right || text.chars().all(|next| next.is_whitespace() || next == '$'));
    }
}

/// A formula which can be written in several ways. Its value is real and moderate wherever x and y are.
#[derive(Debug, Clone)]
enum Written {
    Number(u8),
    Fraction(u8, u8),
    Variable(char),
    Sum(Box<Written>, Box<Written>),
    Difference(Box<Written>, Box<Written>),
    Product(Box<Written>, Box<Written>),
    Quotient(Box<Written>, Box<Written>),
    Square(Box<Written>),
    Sine(Box<Written>),
    Arctangent(Box<Written>),
    Size(Box<Written>),
}

fn written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        (1..20_u8).prop_map(Written::Number),
        (1..9_u8, 2..9_u8).prop_map(|(above, below)| Written::Fraction(above, below)),
        prop::sample::select(vec!['x', 'y']).prop_map(Written::Variable),
    ];
    leaf.prop_recursive(4, 20, 2, |inner| {
        let two = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        let one = inner.prop_map(Box::new);
        prop_oneof![
            two.clone().prop_map(|(a, b)| Written::Sum(a, b)),
            two.clone().prop_map(|(a, b)| Written::Difference(a, b)),
            two.clone().prop_map(|(a, b)| Written::Product(a, b)),
            two.prop_map(|(a, b)| Written::Quotient(a, b)),
            one.clone().prop_map(Written::Square),
            one.clone().prop_map(Written::Sine),
            one.clone().prop_map(Written::Arctangent),
            one.prop_map(Written::Size),
        ]
    })
}

impl Written {
    fn latex(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Fraction(above, below) if *above < 9 => format!("\\frac{above}{below}"),
            Self::Fraction(above, below) => format!("\\dfrac{{{above}}}{{{below}}}"),
            Self::Variable(name) => name.to_string(),
            Self::Sum(a, b) => format!("{}+{}", a.latex(), b.latex()),
            Self::Difference(a, b) => format!("{}-\\left({}\\right)", a.latex(), b.latex()),
            Self::Product(a, b) => format!("\\left({}\\right)({})", a.latex(), b.latex()),
            Self::Quotient(a, b) => format!("\\frac{{{}}}{{1+{{({})}}^2}}", a.latex(), b.latex()),
            Self::Square(a) => format!("({})^{{2}}", a.latex()),
            Self::Sine(a) => format!("\\sin\\left({}\\right)", a.latex()),
            Self::Arctangent(a) => format!("\\tan^{{-1}}({})", a.latex()),
            Self::Size(a) => format!("\\left|{}\\right|", a.latex()),
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Fraction(above, below) => format!("({above}/{below})"),
            Self::Variable(name) => name.to_string(),
            Self::Sum(a, b) => format!("{} + {}", b.plain(), a.plain()),
            Self::Difference(a, b) => format!("-({}) + {}", b.plain(), a.plain()),
            Self::Product(a, b) => format!("({})*({})", b.plain(), a.plain()),
            Self::Quotient(a, b) => format!("({})/(({b})²+1)", a.plain(), b = b.plain()),
            Self::Square(a) => format!("({a})({a})", a = a.plain()),
            Self::Sine(a) => format!("sin({})", a.plain()),
            Self::Arctangent(a) => format!("arctan({})", a.plain()),
            Self::Size(a) => format!("abs({})", a.plain()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_spellings_are_the_same(formula in written()) {
        let rules = Rules { variables: vec!["x".to_owned(), "y".to_owned()], ..Rules::default() };
        let (latex, plain) = (formula.latex(), formula.plain());
        if latex.len().max(plain.len()) <= MAX_BYTES {
            // Too many tokens, steps or lost digits leave it undecided.
            prop_assert_ne!(check(&latex, &plain, &rules), CheckResult::Wrong, "{} | {}", latex, plain);
            prop_assert_ne!(check(&plain, &latex, &rules), CheckResult::Wrong, "{} | {}", latex, plain);
            if latex.len() < 100 && plain.len() < 100 {
                prop_assert_eq!(check(&latex, &plain, &rules), CheckResult::Right, "{} | {}", latex, plain);
            }
            prop_assert_ne!(check(&latex, &format!("{plain} + 1"), &rules), CheckResult::Right);
            prop_assert_ne!(check(&latex, &format!("-1.001*({plain}) - x - 7"), &rules), CheckResult::Right);
            let up_to_constant = check(&format!("{latex} + x^3 + C"), &format!("x³ + {plain} + 7"), &rules);
            prop_assert_ne!(up_to_constant, CheckResult::Wrong);
            let not_constant = check(&format!("{latex} + C"), &format!("{plain} + x + C"), &rules);
            prop_assert_ne!(not_constant, CheckResult::Right);
        }
    }
}

#[test]
fn work_is_bounded() {
    let deep = |open: &str, inner: &str, close: &str, times| open.repeat(times) + inner + &close.repeat(times);
    let texts = [
        "9^9^9^9".to_owned(),
        "9^9^9^9x".to_owned(),
        "99999999999999999999999999999999999999999999^99".to_owned(),
        "1e400 - 1e400".to_owned(),
        "1e999999999999".to_owned(),
        "170!!!!!!!!!!".to_owned(),
        "x".repeat(MAX_BYTES),
        "x+".repeat(MAX_BYTES / 2 - 1) + "x",
        "x!".repeat(190),
        "sin ".repeat(200) + "x",
        "\\sin".repeat(200) + "x",
        "1/2".repeat(120) + "x",
        "e^2x/".repeat(60) + "sin x/2 log x",
        "-".repeat(390) + "x",
        "2^".repeat(190) + "x",
        "1,".repeat(190) + "1",
        "1 or ".repeat(190) + "1",
        "x=".repeat(190) + "1",
        deep("(", "x", ")", 48),
        deep("(", "x", ")", 199),
        deep("[", "1,2", ")", 199),
        deep("\\frac{1}{", "x", "}", 90),
        deep("\\sqrt{", "x", "}", 90),
        deep("|", "x", "|", 150),
        deep("{", "x", "}", 150),
        deep("\\text{", "x", "}", 100),
        deep("\\left(", "x", "\\right)", 60),
        "(".repeat(MAX_BYTES),
        "\\frac".repeat(190),
        "π²½√∞".repeat(70),
    ];
    let mut most = 0;
    for expected in &texts {
        for given in &texts {
            let (verdict, steps) = counted(expected, given, &Rules::default());
            most = most.max(steps);
            assert!(steps < MAX_STEPS || verdict != CheckResult::Wrong, "{expected} | {given}");
        }
    }
    eprintln!("at most {most} of {MAX_STEPS} steps");
    let too_long = "1+".repeat(MAX_BYTES) + "1";
    assert_eq!(counted(&too_long, "1", &Rules::default()), (CheckResult::Undecided, 0));
}

#[test]
fn verdicts_do_not_hang_on_the_seed() {
    for Pair { label, expected, given, rules } in pairs().iter().filter(|pair| pair.rules == Rules::default()) {
        for seed in 1..20 {
            let rules = Rules { seed, ..rules.clone() };
            let verdict = check(expected, given, &rules);
            assert!(
                verdict == *label || verdict == CheckResult::Undecided,
                "{expected} | {given}, seed {seed}: {verdict:?}"
            );
        }
    }
}

#[test]
fn rules_have_a_json_form() {
    let rules: Rules = serde_json::from_str(r#"{"domain":"positive","integration":"required"}"#).unwrap();
    assert_eq!((rules.domain, rules.integration), (Domain::Positive, Integration::Required));
    assert!(serde_json::from_str::<Rules>(r#"{"tolerance":1}"#).is_err());
    assert_eq!(serde_json::from_str::<Rules>("{}").unwrap(), Rules::default());
}
