//! Pairs by kind of notation with their near misses, and properties of the checker that hold for every answer.

use proptest::prelude::*;

use super::tree::Work;
use super::*;

const KINDS: &str = include_str!("kinds.tsv");
const TEACHER: &str = include_str!("teacher.tsv");

fn disagreements(table: &str) -> Vec<String> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let judged = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let rules = fields.get(3).map_or_else(Rules::default, |rules| serde_json::from_str(rules).unwrap());
        let verdict = check(fields[1], fields[2], &rules);
        let agreed = match fields[0] {
            "right" => verdict == CheckResult::Right,
            "not right" => verdict != CheckResult::Right,
            "open" => verdict == CheckResult::Undecided,
            other => panic!("{other}: no label"),
        };
        (!agreed).then(|| format!("{verdict:?}: {line}"))
    });
    judged.collect()
}

#[test]
fn each_kind_of_notation_is_read_and_its_near_misses_are_not_accepted() {
    assert!(KINDS.lines().count() > 450);
    assert_eq!(disagreements(KINDS), Vec::<String>::new());
}

#[test]
fn the_teachers_pairs_are_marked_as_the_teacher_does() {
    assert!(TEACHER.lines().count() > 90);
    assert_eq!(disagreements(TEACHER), Vec::<String>::new());
}

#[test]
fn no_other_seed_accepts_a_near_miss() {
    for line in KINDS.lines().filter(|line| line.starts_with("not right")) {
        let fields: Vec<&str> = line.split('\t').collect();
        for seed in 1..6 {
            let rules = fields.get(3).map_or_else(Rules::default, |rules| serde_json::from_str(rules).unwrap());
            let verdict = check(fields[1], fields[2], &Rules { seed, ..rules });
            assert_ne!(verdict, CheckResult::Right, "{line}, seed {seed}");
        }
    }
}

#[test]
fn letters_are_a_word_or_variables_as_the_question_says() {
    let check_with = |rules: &str, expected, given| check(expected, given, &serde_json::from_str(rules).unwrap());
    assert_eq!(check_with("{}", "AB", "BA"), CheckResult::Undecided);
    assert_eq!(check_with(r#"{"letters":"variables"}"#, "AB", "BA"), CheckResult::Right);
    assert_eq!(check_with(r#"{"variables":["A","B"]}"#, "AB", "BA"), CheckResult::Right);
    assert_eq!(check_with("{}", "xy", "yx"), CheckResult::Right);
    assert_eq!(check_with(r#"{"letters":"word"}"#, "xy", "yx"), CheckResult::Undecided);
}

#[test]
fn rules_of_a_column_ignore_what_is_not_theirs() {
    let of = |text: &str| Rules::of_column(Some(&Value::String(text.to_owned())));
    assert_eq!(of(r#"{"units":"convertible","accepted":["1"]}"#).units, Units::Convertible);
    assert_eq!(of("no JSON"), Rules::default());
    assert_eq!(Rules::of_column(None), Rules::default());
    let object = serde_json::json!({"letters": "variables"});
    assert_eq!(Rules::of_column(Some(&object)).letters, Letters::Variables);
}

/// Answers in which a number stands.
const KINDS_WITH_A_NUMBER: [&str; 16] = [
    "#",
    "-(#)",
    "(#, 7)",
    "(7, #)",
    "[#, \\infty)",
    "x > #",
    "x = #",
    "\\{#, 99999\\}",
    "# or 99999",
    "# \\text{ m}",
    "\\begin{pmatrix} 1 & # \\\\ 2 & 3 \\end{pmatrix}",
    "(#)x^2",
    "(#)\\sin x",
    "(#)e^{x}y",
    "y = (#)x^3",
    "\\boxed{#}",
];

/// A number, and how it is written.
fn written_number() -> impl Strategy<Value = String> {
    let whole = (-2000..2000_i32).prop_map(|whole| whole.to_string());
    let decimal = (-2000..2000_i32, 1..5_usize).prop_map(|(digits, places)| {
        let scale = 10f64.powi(i32::try_from(places).unwrap());
        format!("{:.places$}", f64::from(digits) / scale)
    });
    let fraction = (1..60_u32, 1..60_u32).prop_map(|(a, b)| format!("\\frac{{{a}}}{{{b}}}"));
    let slashed = (1..60_u32, 1..60_u32).prop_map(|(a, b)| format!("{a}/{b}"));
    let mixed = (1..30_u32, 1..9_u32, 1..9_u32).prop_map(|(whole, a, more)| format!("{whole} {a}/{}", a + more));
    let thousands = (1..999_u32, 0..999_u32, prop::sample::select(vec![",", " ", "{,}", ",\\!", "\\,"]))
        .prop_map(|(a, b, separator)| format!("{a}{separator}{b:03}"));
    let scientific = (1..99_u32, -6..6_i32).prop_map(|(digits, power)| format!("{digits}\\times10^{{{power}}}"));
    let percent = (1..300_u32).prop_map(|percent| format!("{percent}%"));
    let repeating = (0..9_u32, 1..99_u32).prop_map(|(whole, again)| format!("{whole}.\\overline{{{again}}}"));
    let based = (2..255_u32).prop_map(|value| format!("{value:b}_2"));
    let comma = (0..1_u32, 1..9999_u32).prop_map(|(whole, decimals)| format!("{whole},{decimals}"));
    let surd = (2..40_u32).prop_map(|under| format!("\\sqrt{{{under}}}"));
    prop_oneof![whole, decimal, fraction, slashed, mixed, thousands, scientific, percent, repeating, based, comma, surd]
}

/// The value that a test gives a written number, without the checker.
fn value_of(text: &str) -> f64 {
    if let Some(percent) = text.strip_suffix('%') {
        return percent.parse::<f64>().unwrap() / 100.0;
    }
    if let Some(digits) = text.strip_suffix("_2") {
        return f64::from(u32::from_str_radix(digits, 2).unwrap());
    }
    if let Some(under) = text.strip_prefix("\\sqrt{") {
        return under.trim_end_matches('}').parse::<f64>().unwrap().sqrt();
    }
    if let Some((whole, again)) = text.split_once(".\\overline{") {
        let again = again.trim_end_matches('}');
        let nines = 10f64.powi(i32::try_from(again.len()).unwrap()) - 1.0;
        return whole.parse::<f64>().unwrap() + again.parse::<f64>().unwrap() / nines;
    }
    if let Some((digits, power)) = text.split_once("\\times10^{") {
        return format!("{digits}e{}", power.trim_end_matches('}')).parse().unwrap();
    }
    if let Some(inner) = text.strip_prefix("\\frac{") {
        let (a, b) = inner.trim_end_matches('}').split_once("}{").unwrap();
        return a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap();
    }
    if let Some((whole, fraction)) = text.split_once(' ').filter(|(_, rest)| rest.contains('/')) {
        return whole.parse::<f64>().unwrap() + value_of(fraction);
    }
    if let Some((a, b)) = text.split_once('/') {
        return a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap();
    }
    for separator in ["{,}", ",\\!", "\\,", " "] {
        if text.contains(separator) {
            return text.replace(separator, "").parse().unwrap();
        }
    }
    if let Some((whole, decimals)) = text.split_once(',') {
        let thousands = decimals.len() == 3 && whole != "0";
        return if thousands { format!("{whole}{decimals}") } else { format!("{whole}.{decimals}") }.parse().unwrap();
    }
    text.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The relative tolerance is 1e-4 of the expected number, so two expected answers that accept the same answer
    /// differ by no more than both tolerances.
    #[test]
    fn no_answer_is_right_for_two_numbers_that_differ(number in written_number(), by in -30..30_i32, scale in 0..6_u32, other in written_number()) {
        let value = value_of(&number);
        let accepts = |expected: &str| check(expected, &number, &Rules::default()) == CheckResult::Right;
        let near = format!("{:.6}", value + value * f64::from(by) / 10f64.powi(i32::try_from(scale).unwrap()));
        for expected in [near.as_str(), other.as_str()] {
            let wanted = value_of(expected);
            let tolerance = RELATIVE_TOLERANCE * wanted.abs() * 1.000_001 + ABSOLUTE_TOLERANCE;
            if accepts(expected) {
                prop_assert!((wanted - value).abs() <= tolerance, "{} accepts {}", expected, number);
            }
        }
    }

    /// The same for every kind of answer in which a number stands, under any tolerances.
    #[test]
    fn no_answer_is_right_for_two_answers_that_differ(
        number in written_number(),
        other in written_number(),
        shifts in (-40..40_i32, 0..6_i32, -40..40_i32, 0..6_i32),
        kind in 0..KINDS_WITH_A_NUMBER.len(),
        relative in prop::option::of(0..200_u32),
        absolute in prop::option::of(0..200_u32),
        far in any::<bool>(),
    ) {
        let rules = Rules {
            relative_tolerance: relative.map(|share| f64::from(share) * 1e-4),
            absolute_tolerance: absolute.map(|share| f64::from(share) * 1e-3),
            ..Rules::default()
        };
        let value = value_of(&number);
        let shifted = |by: i32, scale: i32| format!("{:.7}", value * (1.0 + f64::from(by) / 10f64.powi(scale + 1)));
        let first = shifted(shifts.0, shifts.1);
        let second = if far { other } else { shifted(shifts.2, shifts.3) };
        let written = |number: &str| KINDS_WITH_A_NUMBER[kind].replace('#', number);
        let given = written(&number);
        let accepts = |expected: &str| check(&written(expected), &given, &rules) == CheckResult::Right;
        if accepts(&first) && accepts(&second) {
            let (one, two) = (value_of(&first), value_of(&second));
            let tolerance = |value: f64| {
                let relative = rules.relative_tolerance.unwrap_or(RELATIVE_TOLERANCE) * value.abs();
                relative.max(rules.absolute_tolerance.unwrap_or(ABSOLUTE_TOLERANCE))
            };
            // For functions a tolerance is relative to the larger value.
            let both = (tolerance(one) + tolerance(two)) * 1.03;
            prop_assert!((one - two).abs() <= both, "{} is right for {} and {}", given, written(&first), written(&second));
        }
    }

    #[test]
    fn a_number_is_right_in_every_notation(number in written_number()) {
        let plain = format!("{:.12}", value_of(&number));
        prop_assert_eq!(check(&plain, &number, &Rules::default()), CheckResult::Right, "{} | {}", plain, number);
    }

    #[test]
    fn letters_in_another_order_are_not_accepted(word in "[A-Z]{2,5}|[a-w]{2,3}", by in 1..5_usize) {
        let mut letters: Vec<char> = word.chars().collect();
        let length = letters.len();
        letters.rotate_left(by % length);
        let other: String = letters.into_iter().collect();
        if other != word {
            prop_assert_ne!(check(&word, &other, &Rules::default()), CheckResult::Right, "{} | {}", word, other);
        }
    }

    #[test]
    fn spans_of_numbers_are_not_differences(a in 0..40_u32, b in 0..40_u32, shift in 1..20_u32) {
        let (expected, given) = (format!("{a}-{b}"), format!("{}-{}", a + shift, b + shift));
        prop_assert_ne!(check(&expected, &given, &Rules::default()), CheckResult::Right);
        let difference = (i64::from(a) - i64::from(b)).to_string();
        prop_assert_ne!(check(&expected, &difference, &Rules::default()), CheckResult::Right);
    }

    #[test]
    fn any_text_has_a_preview_or_a_reason(text in any::<String>()) {
        if let Ok(preview) = preview(&text, &Rules::default()) {
            prop_assert!(preview.mathml.starts_with("<math"));
            prop_assert_eq!(preview.mathml.matches('<').count(), preview.mathml.matches('>').count());
        }
    }

    #[test]
    fn mangled_pairs_are_survived_within_the_bound(line in 0..500_usize, cut in 0..60_usize, insert in "\\PC{0,4}") {
        let lines: Vec<&str> = KINDS.lines().filter(|line| !line.starts_with('#')).collect();
        let fields: Vec<&str> = lines[line % lines.len()].split('\t').collect();
        let mut mangled: Vec<char> = fields[2].chars().collect();
        let at = cut % (mangled.len() + 1);
        mangled.splice(at..(at + 1).min(mangled.len()), insert.chars());
        let mangled: String = mangled.into_iter().collect();
        let work = Work::new(MAX_STEPS);
        let _ = check_within(fields[1], &mangled, &Rules::default(), &work);
        let _ = preview(&mangled, &Rules::default());
    }
}
