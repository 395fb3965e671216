use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const RESPONSES: &str = include_str!("../../../../tests/fixtures/learning/item_responses.tsv");
const EXPECTED: &str = include_str!("../../../../tests/fixtures/learning/item_statistics.json");

#[track_caller]
fn near(found: Option<f64>, expected: &Value, tolerance: f64) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => assert!((found - expected).abs() < tolerance, "{found} is not {expected}"),
        (None, None) => {}
        (found, expected) => panic!("{found:?} is not {expected:?}"),
    }
}

fn answered(right: bool, chosen: &str) -> Response {
    Response::Answered { right, chosen: Some(chosen.to_owned()) }
}

/// 400 simulated students and twelve items: names, items, responses.
fn read() -> (Vec<&'static str>, Vec<Item>, Vec<Responses>) {
    let mut lines = RESPONSES.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let names = lines.next().unwrap()[1..].to_vec();
    let keys = lines.next().unwrap()[1..].to_vec();
    let persons = lines.map(|line| {
        let cells = line[1..].iter().zip(&keys).enumerate();
        let response = |(index, (cell, key)): (usize, (&&str, &&str))| match *cell {
            "." => None,
            "-" => Some((index, Response::Blank)),
            letter => Some((index, answered(letter == *key, letter))),
        };
        cells.filter_map(response).collect()
    });
    let options = |index: usize| match names[index] {
        "i10" => "A B C D E",
        "i11" => "A B",
        _ => "A B C D",
    };
    let item = |(index, key): (usize, &&str)| Item {
        options: options(index).split(' ').map(str::to_owned).collect(),
        key: Some((*key).to_owned()),
    };
    let items = keys.iter().enumerate().map(item).collect();
    (names.clone(), items, persons.collect())
}

/// The expected figures are those of `girth` 0.8.0 and of `mirt` 1.2.0 (alpha).
#[test]
fn figures_equal_those_of_other_programs() {
    let (names, items, persons) = read();
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let found = statistics(&items, &persons);
    assert_eq!(found.persons, 400);
    for ((name, item), expected) in names.iter().zip(&found.items).zip(expected["items"].as_array().unwrap()) {
        assert_eq!(expected["item"], *name);
        for (count, field) in [(item.shown, "shown"), (item.blank, "blank"), (item.right, "right")] {
            assert_eq!(Some(u64::from(count)), expected[field].as_u64(), "{name} {field}");
        }
        near(item.facility, &expected["facility"], 1e-12);
        near(item.item_rest, &expected["item_rest"], 1e-9);
        assert_eq!(item.options.len(), expected["options"].as_object().unwrap().len());
        for option in &item.options {
            assert_eq!(Some(u64::from(option.chosen)), expected["options"][&option.letters].as_u64());
            near(option.option_rest, &expected["option_rest"][&option.letters], 1e-9);
        }
    }
    near(found.alpha, &expected["alpha"]["value"], 1e-9);
    let of_alpha: Vec<_> = found.alpha_items.iter().map(|item| names[*item]).collect();
    assert_eq!(json!(of_alpha), expected["alpha"]["items"]);
}

#[test]
fn flags_name_what_is_wrong_with_an_item() {
    let (names, items, persons) = read();
    let found = statistics(&items, &persons);
    let of = |name: &str| flags(&found.items[names.iter().position(|known| *known == name).unwrap()]);
    assert_eq!(of("i12")[..2], [Flag::KeyMayBeWrong { option: "A".to_owned() }, Flag::NegativeDiscrimination]);
    assert_eq!(of("i03"), [Flag::NoVariance, Flag::TooEasy]);
    assert_eq!(of("i10"), [Flag::UnusedOption { option: "E".to_owned() }]);
    let wrong_keys: Vec<_> =
        names.iter().filter(|name| of(name).iter().any(|flag| matches!(flag, Flag::KeyMayBeWrong { .. }))).collect();
    assert_eq!(wrong_keys, [&"i12"]);
    let few = statistics(&items, &persons[..20]);
    assert_eq!(flags(&few.items[0]), [Flag::TooFewAnswers { answers: 20 }]);
    assert!(flags(&few.items[0])[0].reason().starts_with("Too few answers"));
}

/// The expected parameters are those of `mirt` 1.2.0, and of the maximum of the likelihood. The item without variance and the one
/// with the wrong key are left out.
#[test]
fn the_two_parameter_model_equals_that_of_another_program() {
    let (names, items, persons) = read();
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let found = two_parameter(items.len(), &persons, |item| names[item] != "i12");
    let computed: Vec<_> = names.iter().zip(&found).filter_map(|(name, found)| Some((*name, (*found)?))).collect();
    let expected = expected["two_pl"].as_array().unwrap();
    assert_eq!(computed.len(), 10);
    for ((name, found), expected) in computed.into_iter().zip(expected) {
        assert_eq!(expected["item"], name);
        for (source, tolerance) in [("mirt", 0.01), ("ml", 0.001)] {
            near(Some(found.discrimination), &expected[format!("discrimination_{source}")], tolerance);
            near(Some(found.difficulty), &expected[format!("difficulty_{source}")], tolerance);
        }
        assert!((0.1..0.6).contains(&found.discrimination_error) && found.difficulty_error > 0.05, "{name} {found:?}");
    }
    assert!(two_parameter(items.len(), &persons[..150], |_| true).iter().all(Option::is_none));
    assert!(two_parameter(items.len(), &persons, |item| item < 2).iter().all(Option::is_none));
}

/// Each simulated student is shown another half of the items.
#[test]
fn standard_errors_of_the_two_parameter_model_hold() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let truth: Vec<(f64, f64)> = (0..24).map(|_| ((0.3 * normal()).exp(), normal())).collect();
    let abilities: Vec<f64> = (0..600).map(|_| normal()).collect();
    let mut random = fastrand::Rng::with_seed(8);
    let mut person = |ability: &f64| -> Responses {
        let shown = truth.iter().enumerate().filter(|_| random.bool()).collect::<Vec<_>>();
        let response = |(item, (a, b)): (usize, &(f64, f64))| {
            let right = random.f64() < 1.0 / (1.0 + (-a * (ability - b)).exp());
            (item, Response::Answered { right, chosen: None })
        };
        shown.into_iter().map(response).collect()
    };
    let persons: Vec<Responses> = abilities.iter().map(&mut person).collect();
    let found = two_parameter(truth.len(), &persons, |_| true);
    let known: Vec<_> = found.iter().zip(&truth).filter_map(|(found, truth)| Some(((*found)?, *truth))).collect();
    let holds = |is_near: &dyn Fn(&TwoParameter, f64, f64) -> bool| {
        known.iter().filter(|(found, (a, b))| is_near(found, *a, *b)).count()
    };
    let slopes = holds(&|found, a, _| (found.discrimination - a).abs() < 1.96 * found.discrimination_error);
    let places = holds(&|found, _, b| (found.difficulty - b).abs() < 1.96 * found.difficulty_error);
    assert!(
        known.len() >= 20 && slopes + 3 >= known.len() && places + 3 >= known.len(),
        "{} {slopes} {places}",
        known.len()
    );
}

#[test]
fn small_cases_by_hand() {
    let item = || Item { options: Vec::new(), key: None };
    let one = |right: bool| Response::Answered { right, chosen: None };
    let person = |responses: &[(usize, bool)]| responses.iter().map(|(index, right)| (*index, one(*right))).collect();
    // The last person was shown one item only, and has no rest score.
    let persons: Vec<Responses> = vec![
        person(&[(0, true), (1, true), (2, true)]),
        person(&[(0, true), (1, false), (2, true)]),
        person(&[(0, false), (1, false), (2, true)]),
        person(&[(0, false)]),
        Responses::new(),
    ];
    let found = statistics(&[item(), item(), item()], &persons);
    assert_eq!((found.persons, found.items[0].shown, found.items[0].right), (4, 4, 2));
    // Rest scores 1, ½, ½ against 1, 1, 0: means ⅔ and ⅔.
    near(found.items[0].item_rest, &Value::from(0.5), 1e-12);
    // The upper and the lower 27 % of three are one person each; two share the lower place.
    near(found.items[0].upper_lower, &Value::from(1.0 - 0.5), 1e-12);
    near(found.items[2].item_rest, &Value::Null, 0.0);
    // Only the first item was shown to all.
    assert_eq!((found.alpha, &found.alpha_items[..]), (None, &[0][..]));
    let interval = share_interval(0, 0);
    assert_eq!((interval.low, interval.high), (0.0, 1.0));
    // Wilson: 8 of 10.
    let interval = share_interval(8, 10);
    near(Some(interval.low), &Value::from(0.490_162_471_536_641_8), 1e-9);
    near(Some(interval.high), &Value::from(0.943_317_848_545_624_8), 1e-9);
}

fn any_persons() -> impl Strategy<Value = Vec<Responses>> {
    let response = prop_oneof![
        1 => Just(Response::Blank),
        6 => (any::<bool>(), 0..4_u8).prop_map(|(right, letter)| {
            answered(right, ["A", "B", "C", "D"][usize::from(letter)])
        }),
    ];
    prop::collection::vec(prop::collection::btree_map(0..5_usize, response, 0..5), 0..40)
}

proptest! {
    #[test]
    fn figures_are_within_bounds_and_do_not_depend_on_the_order(persons in any_persons(), seed: u64) {
        let item = || Item { options: vec!["A".to_owned(), "B".to_owned()], key: Some("A".to_owned()) };
        let items: Vec<Item> = (0..5).map(|_| item()).collect();
        let found = statistics(&items, &persons);
        for item in &found.items {
            prop_assert!(item.right + item.blank <= item.shown);
            prop_assert!(item.facility.is_none_or(|share| (0.0..=1.0).contains(&share)));
            prop_assert!(item.facility_interval.low <= item.facility.unwrap_or(0.5) + 1e-12);
            let correlations = item.options.iter().map(|option| option.option_rest).chain([item.item_rest]);
            prop_assert!(correlations.flatten().all(|found| (-1.0..=1.0).contains(&found)));
            prop_assert!(item.upper_lower.is_none_or(|found| (-1.0..=1.0).contains(&found)));
            prop_assert!(item.options.iter().map(|option| option.chosen).sum::<u32>() + item.blank == item.shown);
            prop_assert!(!flags(item).iter().any(|flag| flag.reason().is_empty()));
        }
        let mut shuffled = persons;
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        let again = statistics(&items, &shuffled);
        for (item, again) in found.items.iter().zip(&again.items) {
            prop_assert_eq!((item.shown, item.right), (again.shown, again.right));
            prop_assert!((item.item_rest.unwrap_or(2.0) - again.item_rest.unwrap_or(2.0)).abs() < 1e-9);
            prop_assert!((item.upper_lower.unwrap_or(2.0) - again.upper_lower.unwrap_or(2.0)).abs() < 1e-9);
        }
    }
}
