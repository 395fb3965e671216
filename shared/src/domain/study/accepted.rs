//! Accepted answers of a question (`answer_rules.accepted`): texts, numbers with their own tolerance, and ranges, each
//! worth a fraction of the points.

use serde::Deserialize;
use serde_json::Value;

use super::decimal::{Decimal, TypedNumber};
use super::pattern;
use crate::domain::answer::{CheckResult, Rules, check};

/// Maximum number of accepted answers.
const ACCEPTED_MAX: usize = 100;
/// Maximum bytes of an accepted answer: the longest text that the checker reads.
const ANSWER_BYTES_MAX: usize = crate::domain::answer::MAX_BYTES;

/// An accepted answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Accepted {
    form: Form,
    /// Share of the points, above 0 and at most 1.
    fraction: f64,
    unit: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Compared as text.
    Words {
        text: String,
        match_case: bool,
        wildcards: bool,
    },
    /// A text or a formula without a tolerance of its own: the same text, or what the checker takes for the same.
    Meaning(String),
    /// A number with its tolerance.
    Number {
        value: Decimal,
        tolerance: Decimal,
    },
    Range {
        low: Option<Bound>,
        high: Option<Bound>,
    },
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq)]
struct Bound {
    value: Decimal,
    is_included: bool,
}

/// An accepted answer as the catalogue writes it.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Column {
    answer: Value,
    tolerance: Value,
    relative_tolerance: Value,
    match_case: Option<bool>,
    wildcards: Option<bool>,
    from: Value,
    to: Value,
    excludes_from: bool,
    excludes_to: bool,
    unit: Option<String>,
    fraction: f64,
    /// For the student who gives this answer; shown with the solution.
    #[serde(rename = "feedback")]
    _feedback: Option<String>,
}

impl Default for Column {
    fn default() -> Self {
        let none = || Value::Null;
        Self {
            answer: none(),
            tolerance: none(),
            relative_tolerance: none(),
            match_case: None,
            wildcards: None,
            from: none(),
            to: none(),
            excludes_from: false,
            excludes_to: false,
            unit: None,
            fraction: 1.0,
            _feedback: None,
        }
    }
}

/// Reads the list of accepted answers.
///
/// # Errors
/// The fault, with the index of its entry.
pub(super) fn read(list: &Value) -> Result<Vec<Accepted>, String> {
    let Value::Array(entries) = list else { return Err("accepted must be a list".to_owned()) };
    if entries.is_empty() || entries.len() > ACCEPTED_MAX {
        return Err(format!("accepted has {} answers; there must be 1 to {ACCEPTED_MAX}", entries.len()));
    }
    let entries = entries.iter().enumerate();
    entries.map(|(at, entry)| entry_of(entry).map_err(|fault| format!("accepted[{at}]: {fault}"))).collect()
}

fn entry_of(entry: &Value) -> Result<Accepted, String> {
    if !entry.is_object() {
        return Err("must be an object".to_owned());
    }
    let column: Column = serde_json::from_value(entry.clone()).map_err(|error| in_plain_words(&error.to_string()))?;
    if !(column.fraction > 0.0 && column.fraction <= 1.0) {
        return Err(format!("fraction {} is not above 0 and at most 1", column.fraction));
    }
    let unit = column.unit.as_deref().map(str::trim).filter(|unit| !unit.is_empty()).map(str::to_owned);
    let form = form_of(&column)?;
    if unit.is_some() && matches!(form, Form::Words { .. }) {
        return Err("unit belongs to a number, not beside match_case or wildcards".to_owned());
    }
    Ok(Accepted { form, fraction: column.fraction, unit })
}

fn form_of(column: &Column) -> Result<Form, String> {
    let (low, high) = (number("from", &column.from)?, number("to", &column.to)?);
    let tolerance = number("tolerance", &column.tolerance)?;
    let relative = number("relative_tolerance", &column.relative_tolerance)?;
    let is_words = column.match_case.is_some() || column.wildcards.is_some();
    if low.is_some() || high.is_some() {
        if !column.answer.is_null() || tolerance.is_some() || relative.is_some() || is_words {
            return Err("from and to take no answer, tolerance, match_case or wildcards beside them".to_owned());
        }
        return range(column, low, high);
    }
    if column.excludes_from || column.excludes_to {
        return Err("excludes_from and excludes_to need from and to".to_owned());
    }
    let text = match &column.answer {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null => return Err("needs an answer, or from and to".to_owned()),
        _ => return Err("answer must be a text or a number".to_owned()),
    };
    if text.is_empty() || text.len() > ANSWER_BYTES_MAX {
        return Err(format!("answer has {} bytes; it must have 1 to {ANSWER_BYTES_MAX}", text.len()));
    }
    let share = relative.is_some();
    let tolerance = match (tolerance, relative) {
        (Some(_), Some(_)) => return Err("tolerance and relative_tolerance exclude each other".to_owned()),
        (tolerance, relative) => tolerance.or(relative),
    };
    let Some(tolerance) = tolerance else {
        return Ok(if is_words {
            let (match_case, wildcards) = (column.match_case.unwrap_or(false), column.wildcards.unwrap_or(false));
            Form::Words { text, match_case, wildcards }
        } else {
            Form::Meaning(text)
        });
    };
    if is_words {
        return Err("a tolerance takes no match_case or wildcards beside it".to_owned());
    }
    if tolerance.is_negative() {
        return Err(format!("tolerance {tolerance} is below 0"));
    }
    let value = Decimal::parse(&text).ok_or_else(|| format!("answer {text:?} is no number, so it has no tolerance"))?;
    let tolerance = if share { tolerance.share_of(&value) } else { tolerance };
    Ok(Form::Number { value, tolerance })
}

fn range(column: &Column, low: Option<Decimal>, high: Option<Decimal>) -> Result<Form, String> {
    if let (Some(from), Some(to)) = (&low, &high) {
        let is_empty = from.is_equal(to) && (column.excludes_from || column.excludes_to);
        if from.is_above(to) || is_empty {
            return Err(format!("there is no number from {from} to {to}"));
        }
    }
    if (low.is_none() && column.excludes_from) || (high.is_none() && column.excludes_to) {
        return Err("excludes_from needs from, and excludes_to needs to".to_owned());
    }
    let bound = |value: Option<Decimal>, excludes: bool| value.map(|value| Bound { value, is_included: !excludes });
    Ok(Form::Range { low: bound(low, column.excludes_from), high: bound(high, column.excludes_to) })
}

fn number(name: &str, value: &Value) -> Result<Option<Decimal>, String> {
    if value.is_null() {
        return Ok(None);
    }
    Decimal::of_json(value).map(Some).ok_or_else(|| format!("{name} must be a number, or its text, such as \"0.005\""))
}

/// An author of questions knows no types of ours.
pub(super) fn in_plain_words(message: &str) -> String {
    message.replace("expected f64", "expected a number").replace("expected u64", "expected a whole number")
}

/// The best fraction of the answers that match; `None` if none does. An answer is undecided if one entry is and none
/// matches.
pub(super) fn best(accepted: &[Accepted], given: &str, rules: &Rules) -> (CheckResult, f64) {
    let mut result = CheckResult::Wrong;
    let mut best = 0.0;
    for entry in accepted {
        match entry.check(given, rules) {
            CheckResult::Right => {
                result = CheckResult::Right;
                best = f64::max(best, entry.fraction);
            }
            CheckResult::Undecided if result == CheckResult::Wrong => result = CheckResult::Undecided,
            CheckResult::Undecided | CheckResult::Wrong => {}
        }
    }
    (result, best)
}

impl Accepted {
    fn check(&self, given: &str, rules: &Rules) -> CheckResult {
        let decided = |is_right: bool| if is_right { CheckResult::Right } else { CheckResult::Wrong };
        match &self.form {
            Form::Words { text, match_case, wildcards: false } => {
                decided(pattern::is_same_text(text, given, *match_case))
            }
            Form::Words { text, match_case, wildcards: true } => decided(pattern::matches(text, given, *match_case)),
            Form::Meaning(text) => {
                let expected = self.with_unit(text);
                if pattern::is_same_text(&expected, given, false) {
                    return CheckResult::Right;
                }
                check(&expected, given, rules)
            }
            Form::Number { value, tolerance } => {
                let readings = self.numbers(given, rules);
                if !readings.is_empty() {
                    return decided(readings.iter().any(|number| number.is_within(value, tolerance)));
                }
                self.about(value, tolerance, given, rules)
            }
            Form::Range { low, high } => {
                let readings = self.numbers(given, rules);
                if !readings.is_empty() {
                    return decided(readings.iter().any(|number| is_between(number, low.as_ref(), high.as_ref())));
                }
                let (Some(low), Some(high)) = (low, high) else { return CheckResult::Undecided };
                let (middle, half) = low.value.middle_to(&high.value);
                self.about(&middle, &half, given, rules)
            }
        }
    }

    /// The numbers that a text may mean, if it has the unit. Empty if it is no number, or its unit is missing or unknown:
    /// the checker decides about these.
    fn numbers(&self, given: &str, rules: &Rules) -> Vec<TypedNumber> {
        let Some(unit) = &self.unit else {
            return TypedNumber::readings(if rules.units_ignored { without_unit(given) } else { given });
        };
        let given = given.trim().trim_matches('$').trim_end();
        match given.strip_suffix(unit.as_str()) {
            Some(number) => TypedNumber::readings(number),
            None if rules.units_ignored => TypedNumber::readings(without_unit(given)),
            None => Vec::new(),
        }
    }

    /// Lets the checker compare a text that is no plain number.
    fn about(&self, value: &Decimal, tolerance: &Decimal, given: &str, rules: &Rules) -> CheckResult {
        let tolerance = Some(tolerance.to_f64());
        let rules = Rules { absolute_tolerance: tolerance, relative_tolerance: None, ..rules.clone() };
        check(&self.with_unit(&value.to_string()), given, &rules)
    }

    fn with_unit(&self, text: &str) -> String {
        self.unit.as_ref().map_or_else(|| text.to_owned(), |unit| format!("{text} {unit}"))
    }

    /// The answer as text, for clients that know no accepted answers.
    pub(super) fn shown(&self) -> String {
        let text = match &self.form {
            Form::Words { text, .. } | Form::Meaning(text) => text.clone(),
            Form::Number { value, tolerance } if tolerance.to_f64() == 0.0 => value.to_string(),
            Form::Number { value, tolerance } => format!("{value} ± {tolerance}"),
            Form::Range { low, high } => match (low, high) {
                (Some(low), Some(high)) => format!("{} to {}", low.value, high.value),
                (Some(low), None) => format!("{} {}", if low.is_included { "≥" } else { ">" }, low.value),
                (None, Some(high)) => format!("{} {}", if high.is_included { "≤" } else { "<" }, high.value),
                (None, None) => String::new(),
            },
        };
        self.with_unit(&text)
    }
}

fn is_between(number: &TypedNumber, low: Option<&Bound>, high: Option<&Bound>) -> bool {
    let above = low.is_none_or(|low| match number.compare(&low.value) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => low.is_included,
        std::cmp::Ordering::Less => false,
    });
    above
        && high.is_none_or(|high| match number.compare(&high.value) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => high.is_included,
            std::cmp::Ordering::Greater => false,
        })
}

/// A text without the letters at its end.
fn without_unit(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace() || matches!(c, '°' | '%'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(accepted: &Value, given: &str) -> (CheckResult, f64) {
        best(&read(&json!([accepted])).unwrap(), given, &Rules::default())
    }

    #[track_caller]
    fn assert_verdicts(accepted: &Value, right: &[&str], wrong: &[&str], undecided: &[&str]) {
        for (texts, result) in
            [(right, CheckResult::Right), (wrong, CheckResult::Wrong), (undecided, CheckResult::Undecided)]
        {
            for text in texts {
                assert_eq!(verdict(accepted, text).0, result, "{accepted} {text:?}");
            }
        }
    }

    #[test]
    fn a_tolerance_is_exact_at_its_ends() {
        let right = ["3.145", "3.135", "3,14", r"\pi", "22/7", "x = 3.145"];
        let wrong = ["3.1451", "3.1", "2"];
        for tolerance in [json!(0.005), json!("0.005")] {
            assert_verdicts(&json!({"answer": "3.14", "tolerance": tolerance}), &right, &wrong, &["about three"]);
        }
        assert_verdicts(&json!({"answer": "200", "relative_tolerance": 0.05}), &["190", "210"], &["189.99"], &[]);
        assert_verdicts(&json!({"answer": -200, "relative_tolerance": 0.05}), &["-190", "-210"], &["-189.99"], &[]);
        assert_verdicts(&json!({"answer": 0.1, "tolerance": 0}), &["0.10", "1/10", ".1"], &["0.1000001"], &[]);
    }

    #[test]
    fn the_ends_of_a_range_count_unless_they_are_excluded() {
        assert_verdicts(&json!({"from": 5, "to": "7.5"}), &["5", "7.5", "15/2", "6"], &["4.999", "8"], &["some"]);
        let open = json!({"from": 5, "to": 7, "excludes_from": true, "excludes_to": true});
        assert_verdicts(&open, &["5.001", "6.999", r"2\pi"], &["5", "7", "10/2"], &[]);
        assert_verdicts(&json!({"from": 0}), &["0", "1e9"], &["-0.1"], &[r"\pi"]);
        assert_verdicts(&json!({"to": 0, "excludes_to": true}), &["-0.1"], &["0", "3"], &[]);
    }

    #[test]
    fn words_are_compared_as_words() {
        let grant = json!({"answer": "Ulysses S. Grant", "match_case": false});
        assert_verdicts(&grant, &["ulysses  s. grant", "Ulysses S. Grant"], &["Grant", "Lee"], &[]);
        assert_verdicts(&json!({"answer": "NaCl", "match_case": true}), &["NaCl"], &["nacl", "NACL"], &[]);
        assert_verdicts(&json!({"answer": "*grant", "wildcards": true}), &["U. S. Grant"], &["Grants"], &[]);
        // Without these members the checker reads the answer too, and prose stays undecided.
        assert_verdicts(&json!({"answer": "x/2"}), &["0.5x", "X/2"], &["2x"], &["half of x I think"]);
    }

    #[test]
    fn a_unit_must_be_there() {
        let length = json!({"answer": "3.14", "tolerance": "0.005", "unit": "cm"});
        assert_verdicts(&length, &["3.145 cm", "3.135cm"], &["3.2 cm"], &["3.145", "3.145 m"]);
        let rules = Rules { units_ignored: true, ..Rules::default() };
        let accepted = read(&json!([length])).unwrap();
        for given in ["3.145", "3.145 m", "3.145 cm"] {
            assert_eq!(best(&accepted, given, &rules).0, CheckResult::Right, "{given}");
        }
    }

    #[test]
    fn the_best_fraction_counts() {
        let list = json!([
            {"answer": "3.14", "tolerance": 0.5, "fraction": 0.5},
            {"answer": "3.14", "tolerance": 0.005},
            {"answer": "about three", "fraction": 0.25},
        ]);
        let accepted = read(&list).unwrap();
        for (given, result, fraction) in [
            ("3.14", CheckResult::Right, 1.0),
            ("3.5", CheckResult::Right, 0.5),
            ("About  three", CheckResult::Right, 0.25),
            ("nothing", CheckResult::Undecided, 0.0),
        ] {
            assert_eq!(best(&accepted, given, &Rules::default()), (result, fraction), "{given}");
        }
    }

    #[test]
    fn faults_are_named() {
        let many = Value::Array(vec![json!({"answer": 1}); 101]);
        for (list, fault) in [
            (json!({}), "accepted must be a list"),
            (json!([]), "accepted has 0 answers; there must be 1 to 100"),
            (many, "accepted has 101 answers; there must be 1 to 100"),
            (json!([7]), "accepted[0]: must be an object"),
            (json!([{"answer": "1"}, {"answer": " "}]), "accepted[1]: answer has 0 bytes; it must have 1 to 1000"),
            (json!([{}]), "accepted[0]: needs an answer, or from and to"),
            (json!([{"answer": [1]}]), "accepted[0]: answer must be a text or a number"),
            (json!([{"answer": 1, "fraction": 0}]), "accepted[0]: fraction 0 is not above 0 and at most 1"),
            (json!([{"answer": 1, "fraction": 1.5}]), "accepted[0]: fraction 1.5 is not above 0 and at most 1"),
            (json!([{"from": 2, "to": 1}]), "accepted[0]: there is no number from 2 to 1"),
            (json!([{"from": 1, "to": "1.0", "excludes_to": true}]), "accepted[0]: there is no number from 1 to 1"),
            (json!([{"from": "low"}]), "accepted[0]: from must be a number, or its text, such as \"0.005\""),
            (
                json!([{"answer": "x", "tolerance": 1}]),
                "accepted[0]: answer \"x\" is no number, so it has no tolerance",
            ),
            (json!([{"answer": 1, "tolerance": -1}]), "accepted[0]: tolerance -1 is below 0"),
            (
                json!([{"answer": 1, "tolerance": 1, "relative_tolerance": 1}]),
                "accepted[0]: tolerance and relative_tolerance exclude each other",
            ),
            (
                json!([{"answer": 1, "excludes_to": true}]),
                "accepted[0]: excludes_from and excludes_to need from and to",
            ),
        ] {
            assert_eq!(read(&list).unwrap_err(), fault);
        }
        let unknown = read(&json!([{"answer": 1, "tol": 1}])).unwrap_err();
        assert!(unknown.starts_with("accepted[0]: unknown field `tol`"), "{unknown}");
    }

    #[test]
    fn an_answer_can_be_shown_as_text() {
        let shown = |entry: Value| read(&json!([entry])).unwrap()[0].shown();
        assert_eq!(shown(json!({"answer": "3.14", "tolerance": 0.005, "unit": "cm"})), "3.14 ± 0.005 cm");
        assert_eq!(shown(json!({"from": 5, "to": 7})), "5 to 7");
        assert_eq!(shown(json!({"from": 5, "excludes_from": true})), "> 5");
        assert_eq!(shown(json!({"answer": 2, "tolerance": 0})), "2");
    }
}
