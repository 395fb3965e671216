//! Categories, tags and other words about a question, and the numbers that formats write in several ways.

use crate::{Accepted, Decimal, Form, Question, Tolerance};

/// The names of a category path. A single `/` separates and `//` is a slash; `$course$` and `top` are no names.
pub(crate) fn category_path(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut rest = path.trim();
    while let Some(at) = rest.find('/') {
        let run = rest[at..].bytes().take_while(|byte| *byte == b'/').count();
        if let Some(name) = names.last_mut() {
            name.push_str(&rest[..at]);
            name.push_str(&"/".repeat(run / 2));
        }
        if run % 2 == 1 {
            names.push(String::new());
        }
        rest = &rest[at + run..];
    }
    if let Some(name) = names.last_mut() {
        name.push_str(rest);
    }
    let mut names: Vec<String> =
        names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if names.first().is_some_and(|name| name.len() > 1 && name.starts_with('$') && name.ends_with('$')) {
        names.remove(0);
    }
    if names.first().is_some_and(|name| name == "top") {
        names.remove(0);
    }
    names
}

/// Sets topic and category from a path: the first name is the category, what follows is the topic.
pub(crate) fn set_category(question: &mut Question, path: &[String]) {
    match path {
        [] => {}
        [topic] => question.topic = Some(topic.clone()),
        [category, topic @ ..] => {
            question.category = Some(category.clone());
            question.topic = Some(topic.join(" – "));
        }
    }
}

/// Reads a tag such as `difficulty:2` into its field; other tags are kept as they are.
pub(crate) fn add_tag(question: &mut Question, tag: &str) {
    let tag = tag.trim();
    if tag.is_empty() {
        return;
    }
    let is_taken = tag.split_once([':', '=']).is_some_and(|(name, value)| {
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "difficulty" => value.parse().ok().filter(|level| (1..=5).contains(level)).map(|level| {
                question.difficulty = Some(level);
            }),
            "minutes" | "time" => finite(value).filter(|minutes| *minutes > 0.0).map(|minutes| {
                question.minutes = Some(minutes);
            }),
            "number" => value.parse().ok().filter(|number| *number > 0).map(|number| question.number = Some(number)),
            "technique" if !value.is_empty() => {
                push_new(&mut question.techniques, value);
                Some(())
            }
            "topic" if !value.is_empty() => {
                question.topic = Some(value.to_owned());
                Some(())
            }
            "category" if !value.is_empty() => {
                question.category = Some(value.to_owned());
                Some(())
            }
            "bonus" => value.parse().ok().map(|is_bonus| question.is_bonus = is_bonus),
            _ => None,
        }
        .is_some()
    });
    if !is_taken {
        push_new(&mut question.tags, tag);
    }
}

fn push_new(list: &mut Vec<String>, text: &str) {
    if !list.iter().any(|other| other == text) {
        list.push(text.to_owned());
    }
}

/// A finite number.
pub(crate) fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A share from a percentage with few digits: 33.33333 is a third.
pub(crate) fn share(percent: f64) -> f64 {
    let exact = percent / 100.0;
    for parts in 1..=20_u8 {
        let count = exact * f64::from(parts);
        if (count - count.round()).abs() < 1e-4 * f64::from(parts) && parts > 2 && (count - count.round()).abs() > 0.0 {
            let nearest = count.round() / f64::from(parts);
            if (nearest - exact).abs() < 6e-6 {
                return nearest;
            }
        }
    }
    exact
}

/// A decimal number, also with a decimal comma.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim().replace('\u{2212}', "-");
    Decimal::parse(&text).or_else(|| Decimal::parse(&text.replacen(',', ".", 1)))
}

/// The exact product, if it has at most 36 digits.
pub(crate) fn product(a: &Decimal, b: &Decimal) -> Option<Decimal> {
    let (a, a_places) = integer(a)?;
    let (b, b_places) = integer(b)?;
    Decimal::parse(&format!("{}e-{}", a.checked_mul(b)?, a_places + b_places))
}

/// The exact sum, if it has at most 36 digits.
pub(crate) fn sum(a: &Decimal, b: &Decimal) -> Option<Decimal> {
    let (a, a_places) = integer(a)?;
    let (b, b_places) = integer(b)?;
    let places = a_places.max(b_places);
    let scaled = |value: i128, own: usize| {
        10_i128.checked_pow(u32::try_from(places - own).ok()?).and_then(|factor| value.checked_mul(factor))
    };
    Decimal::parse(&format!("{}e-{places}", scaled(a, a_places)?.checked_add(scaled(b, b_places)?)?))
}

/// The number with the other sign.
pub(crate) fn negated(value: &Decimal) -> Option<Decimal> {
    match value.as_str().strip_prefix('-') {
        Some(positive) => Decimal::parse(positive),
        None => Decimal::parse(&format!("-{value}")),
    }
}

fn integer(value: &Decimal) -> Option<(i128, usize)> {
    let text = value.as_str();
    let places = text.find('.').map_or(0, |at| text.len() - at - 1);
    Some((text.replacen('.', "", 1).parse().ok()?, places))
}

/// Puts the answer to show first: the one that is worth most, and is a text that can be read.
pub(crate) fn show_best_first(accepted: &mut [Accepted]) {
    let rank = |one: &Accepted| {
        let is_pattern = matches!(&one.form, Form::Text { has_wildcards: true, .. });
        (one.fraction, !is_pattern)
    };
    let mut best = 0;
    for (index, one) in accepted.iter().enumerate().skip(1) {
        if rank(one).partial_cmp(&rank(&accepted[best])) == Some(std::cmp::Ordering::Greater) {
            best = index;
        }
    }
    if let Some(front) = accepted.get_mut(..=best) {
        front.rotate_right(1);
    }
}

/// An accepted text.
pub(crate) fn accepted_text(text: &str, fraction: f64, match_case: bool) -> Accepted {
    accepted(Form::Text { text: text.to_owned(), match_case, has_wildcards: false }, fraction)
}

/// An accepted number.
pub(crate) fn accepted_number(value: Decimal, tolerance: Tolerance, fraction: f64) -> Accepted {
    accepted(Form::Number { value, tolerance }, fraction)
}

pub(crate) fn accepted(form: Form, fraction: f64) -> Accepted {
    Accepted { form, fraction, unit: None, feedback: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_slash_is_a_slash_in_a_name() {
        for (path, names) in [
            ("$course$/top/Physics 1/Energy//Work", &["Physics 1", "Energy/Work"][..]),
            ("$system$/A", &["A"]),
            ("top/A///B", &["A/", "B"]),
            ("$cat1$", &[]),
            ("A / B", &["A", "B"]),
            ("", &[]),
            ("$", &["$"]),
            ("A/top", &["A", "top"]),
        ] {
            assert_eq!(category_path(path), names, "{path}");
        }
    }

    #[test]
    fn tags_with_a_known_name_are_fields() {
        let mut question = Question::default();
        for tag in
            ["difficulty:2", "Technique: units", "technique:units", "minutes:2.5", "number:3", "difficulty:9", "exam"]
        {
            add_tag(&mut question, tag);
        }
        assert_eq!((question.difficulty, question.minutes, question.number), (Some(2), Some(2.5), Some(3)));
        assert_eq!(question.techniques, ["units"]);
        assert_eq!(question.tags, ["difficulty:9", "exam"]);
    }

    #[test]
    fn rounded_percentages_are_the_shares_that_were_meant() {
        for (percent, meant) in [
            (33.33333, 1.0 / 3.0),
            (16.66667, 1.0 / 6.0),
            (-33.33333, -1.0 / 3.0),
            (14.28571, 1.0 / 7.0),
            (66.66667, 2.0 / 3.0),
            (50.0, 0.5),
            (12.5, 0.125),
            (33.0, 0.33),
            (100.0, 1.0),
            (83.33333, 5.0 / 6.0),
        ] {
            assert!((share(percent) - meant).abs() < 1e-15, "{percent}: {}", share(percent));
        }
    }

    #[test]
    fn products_and_sums_are_exact() {
        fn decimal(text: &str) -> Decimal {
            Decimal::parse(text).unwrap()
        }
        assert_eq!(product(&decimal("1.4142"), &decimal("0.99")), Some(decimal("1.400058")));
        assert_eq!(product(&decimal("-0.1"), &decimal("0.2")), Some(decimal("-0.02")));
        assert_eq!(sum(&decimal("0.1"), &decimal("-3")), Some(decimal("-2.9")));
        assert_eq!(sum(&decimal("0.1"), &decimal("0.2")), Some(decimal("0.3")));
        assert_eq!(product(&decimal(&"9".repeat(40)), &decimal("2")), None);
        assert_eq!(negated(&decimal("-2.5")), Some(decimal("2.5")));
        assert_eq!(negated(&decimal("0")), Some(decimal("0")));
    }

    #[test]
    fn the_answer_that_is_worth_most_is_shown() {
        let mut list = vec![
            accepted_text("half", 0.5, false),
            accepted(Form::Text { text: "*full*".to_owned(), match_case: false, has_wildcards: true }, 1.0),
            accepted_text("full", 1.0, false),
        ];
        show_best_first(&mut list);
        assert_eq!(list[0], accepted_text("full", 1.0, false));
        assert_eq!(list[1], accepted_text("half", 0.5, false));
        show_best_first(&mut []);
    }
}
