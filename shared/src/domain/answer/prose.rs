//! Compares texts that are no formulas: words, species of chemistry and numbers with a base.

use super::rational::Rational;

/// Whether two texts are the same words: case, articles, hyphens and the comma before "and" do not matter.
///
/// Case matters where it has a meaning: in symbols such as Co and CO, mW and MW, and in alleles such as A and a.
pub(super) fn is_same_words(expected: &str, given: &str) -> bool {
    let (Some(expected), Some(given)) = (words(expected), words(given)) else { return false };
    if let ([one], [other]) = (expected.as_slice(), given.as_slice()) {
        // The letter of a choice.
        let choice = one.len() == 1 && ("A"..="D").contains(&one.as_str()) && one.eq_ignore_ascii_case(other);
        return choice || is_same_word(one, other);
    }
    let first = |index: usize, one: &str, other: &str| {
        index == 0 && (other == capitalized(one) || one == capitalized(other)) && one.chars().count() > 1
    };
    expected.len() == given.len()
        && !expected.is_empty()
        && expected
            .iter()
            .zip(&given)
            .enumerate()
            .all(|(index, (one, other))| is_same_word(one, other) || first(index, one, other))
}

/// The words of a text, without articles. `None` where it has anything but words.
fn words(text: &str) -> Option<Vec<String>> {
    let text = text.trim().trim_end_matches(['.', '!']).replace(", and ", " and ").replace(", or ", " or ");
    let mut words = vec![String::new()];
    for next in text.chars() {
        match next {
            _ if next.is_alphabetic() => words.last_mut()?.push(next),
            '\'' | '’' => words.last_mut()?.push('\''),
            ',' => words.push(",".to_owned()),
            ' ' | '\t' | '-' | '‐' | '\u{a0}' => words.push(String::new()),
            _ => return None,
        }
        if next == ',' {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    let articles = words.len() > 1 && words.iter().any(|word| word.chars().count() > 2);
    let article = |word: &String| matches!(word.as_str(), "the" | "The" | "a" | "an" | "An");
    if articles && words.first().is_some_and(article) {
        words.remove(0);
    }
    Some(words)
}

/// Whether two words are the same, in small or capital letters.
fn is_same_word(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let ordinary = |word: &str| {
        let all_capital = word.chars().all(|letter| !letter.is_lowercase());
        let tail_small = word.chars().skip(1).all(|letter| !letter.is_uppercase());
        all_capital || tail_small
    };
    one.chars().count() >= 3
        && one.to_lowercase() == other.to_lowercase()
        && ordinary(one)
        && ordinary(other)
        && !is_genotype(one)
}

/// `AABB`: letters in pairs, of which the case says which allele it is.
fn is_genotype(word: &str) -> bool {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    letters.len().is_multiple_of(2) && letters.chunks(2).all(|pair| pair.first() == pair.last())
        || letters.iter().all(|letter| letters.first() == Some(letter))
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Whether two texts are the same formula of chemistry: `SO4^2-` and `\ce{SO_4^{2-}}`.
pub(super) fn is_same_species(expected: &str, given: &str) -> bool {
    matches!((species(expected), species(given)), (Some(expected), Some(given)) if expected == given)
}

/// A formula of chemistry without the marks of lowered and raised digits.
fn species(text: &str) -> Option<String> {
    let mut text: String = text.chars().filter(|next| !next.is_whitespace() && *next != '$').collect();
    for command in ["\\ce", "\\mathrm", "\\text", "\\rm"] {
        text = text.replace(command, "");
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(next) = letters.next() {
        match next {
            // Of `A_{1}2` and `A_{12}` the digits mean different things.
            '}' if letters.peek().is_some_and(char::is_ascii_digit) => return None,
            '{' | '_' | '}' => {}
            '₀'..='₉' => plain.push(char::from_digit(u32::from(next) - u32::from('₀'), 10)?),
            '⁺' => plain.push_str("^+"),
            '⁻' => plain.push_str("^-"),
            'A'..='Z' | 'a'..='z' | '0'..='9' | '(' | ')' | '[' | ']' | '^' | '+' | '-' => plain.push(next),
            _ => return None,
        }
    }
    let bytes = plain.as_bytes();
    let element = |index: usize| index > 0 && bytes.get(index - 1).is_some_and(u8::is_ascii_uppercase);
    let charge = |index: usize| matches!(bytes.get(index + 1), None | Some(b')' | b']'));
    let fits = bytes.iter().enumerate().all(|(index, byte)| match byte {
        b'a'..=b'z' => element(index),
        b'+' | b'-' => index > 0 && charge(index),
        _ => true,
    });
    (fits && bytes.first().is_some_and(|first| first.is_ascii_uppercase() || *first == b'[')).then_some(plain)
}

/// A whole number in another base: `101_2`, `FF_{16}`, `0xFF`, `0b101`. The value and its digits.
pub(super) fn based(text: &str) -> Option<(i128, String)> {
    let text: String = text.chars().filter(|next| !next.is_whitespace() && !matches!(next, '$' | '{' | '}')).collect();
    let text = text.replace("\\text", "").replace("\\mathrm", "");
    let text = text.strip_prefix('(').map_or_else(|| text.clone(), |rest| rest.replacen(")_", "_", 1));
    let (digits, base) = match (text.strip_prefix("0x"), text.strip_prefix("0b")) {
        (Some(digits), _) => (digits.to_owned(), 16),
        (_, Some(digits)) => (digits.to_owned(), 2),
        _ => {
            let (digits, base) = text.split_once('_')?;
            (digits.to_owned(), base.parse().ok().filter(|base| (2..=36).contains(base))?)
        }
    };
    // `C_{16}` is a variable with an index.
    let clear = digits.len() > 1 || digits.starts_with(|first: char| first.is_ascii_digit());
    // `log_2` is no number.
    let hexadecimal = base == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let capital = digits.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let plain = clear && digits.len() <= 24 && (hexadecimal || capital);
    let value = i128::from_str_radix(&digits, base).ok().filter(|_| plain)?;
    Some((value, digits))
}

/// The fraction which a decimal is whose last digits repeat. `digits` are all after the point.
pub(super) fn repeating(whole: i128, once: &str, again: &str) -> Option<Rational> {
    let period = i32::try_from(again.len()).ok().filter(|period| (1..=12).contains(period))?;
    let places = i32::try_from(once.len()).ok().filter(|places| *places <= 18)?;
    let number = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let shift = Rational::power_of_ten(-places)?;
    let nines = Rational::power_of_ten(period)?.add(Rational::whole(-1))?;
    let tail = Rational::whole(number(again)?).divide(nines)?.add(Rational::whole(number(once)?))?.multiply(shift)?;
    tail.add(Rational::whole(whole))
}

/// Splits decimals before `…` into those that stand once and those that repeat: `1666` into `1` and `6`.
pub(super) fn period(decimals: &str) -> Option<(&str, &str)> {
    let length = decimals.len();
    (1..=length / 2).find_map(|period| {
        // As few digits as possible stand before the period.
        let times = if period == 1 && length > 2 { 3 } else { 2 };
        let start = (0..length).find(|start| {
            let tail = decimals.as_bytes().get(*start..).unwrap_or_default();
            tail.len() >= times * period && tail.iter().zip(tail.iter().skip(period)).all(|(a, b)| a == b)
        })?;
        Some((decimals.get(..start)?, decimals.get(start..start + period)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_case_and_article() {
        for (one, other) in [
            ("demand increases", "Demand increases"),
            ("John", "john"),
            ("the mitochondria", "Mitochondria"),
            ("SQL", "sql"),
            ("B", "b"),
            ("red, white, and blue", "red, white and blue"),
            ("well-known", "well known"),
        ] {
            assert!(is_same_words(one, other), "{one} | {other}");
            assert!(one == "B" || is_same_words(other, one), "{one} | {other}");
        }
        for (one, other) in [
            ("Co", "CO"),
            ("pH", "PH"),
            ("mW", "MW"),
            ("AABB", "aabb"),
            ("AaBb", "aaBB"),
            ("MHz", "mHz"),
            ("allele A", "allele a"),
            ("x", "X"),
            ("T", "t"),
            ("ATG", "TAG"),
            ("red, white and blue", "red white and blue"),
            ("demand increases", "demand does not increase"),
        ] {
            assert!(!is_same_words(one, other), "{one} | {other}");
        }
    }

    #[test]
    fn species_are_compared_without_marks() {
        for given in ["SO_4^{2-}", "\\ce{SO4^2-}", "$SO_{4}^{2-}$"] {
            assert!(is_same_species("SO4^{2-}", given), "{given}");
        }
        for given in ["SO_3^{2-}", "SO_4^{3-}", "SO_4^{-2}", "so4^{2-}", "S_{4}O^{2-}", "SO_{42}^{-}"] {
            assert!(!is_same_species("SO4^{2-}", given), "{given}");
        }
        assert!(!is_same_species("Co", "CO") && !is_same_species("A_{1}2", "A_{12}"));
    }

    #[test]
    fn digits_before_an_ellipsis_repeat() {
        assert_eq!(period("333"), Some(("", "3")));
        assert_eq!(period("1666"), Some(("1", "6")));
        assert_eq!(period("142857142857"), Some(("", "142857")));
        assert_eq!(period("14159"), None);
        assert_eq!(repeating(0, "1", "6"), Rational::new(1, 6));
        assert_eq!(based("101_2").map(|found| found.0), Some(5));
        assert_eq!(based("FF_{16}").map(|found| found.0), Some(255));
        assert_eq!(based("C_{16}"), None);
        assert_eq!(based("102_2"), None);
    }
}
