//! Categories and exams by their titles, and the numbers that XML formats write in several ways.

use crate::{Accepted, Decimal, Form, Question, Tolerance};

/// Stands before the name of a column of a table that is none of ours.
#[cfg(any(feature = "read", feature = "write"))]
pub(crate) const EXTRA: &str = "extra: ";

/// Sets topic and category from nested names: the last one is the topic.
pub(crate) fn set_category(question: &mut Question, names: &[String]) {
    if let Some((topic, outer)) = names.split_last() {
        question.topic = Some(topic.clone());
        question.category = (!outer.is_empty()).then(|| outer.join("/"));
    }
}

/// A finite number.
pub(crate) fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A share from a percentage with few digits: 33.33333 is a third.
pub(crate) fn share(percent: f64) -> f64 {
    // Division by 100 would not give the nearest number.
    let exact = format!("{percent}e-2").parse().unwrap_or(percent / 100.0);
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
            (33.3, 0.333),
            (57.0, 0.57),
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
        let text = |text: &str, fraction, has_wildcards| {
            accepted(Form::Text { text: text.to_owned(), match_case: false, has_wildcards }, fraction)
        };
        let mut list = vec![text("half", 0.5, false), text("*full*", 1.0, true), text("full", 1.0, false)];
        show_best_first(&mut list);
        assert_eq!(list, [text("full", 1.0, false), text("half", 0.5, false), text("*full*", 1.0, true)]);
        show_best_first(&mut []);
    }
}
