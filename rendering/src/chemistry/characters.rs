//! The words of mhchem's grammar: numbers, letters, amounts. Each function gives the length of what begins the text.

const GREEK: [&str; 35] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta",
    "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
];

pub(super) fn count(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(is).len()
}

pub(super) fn digits(text: &str) -> usize {
    count(text, |digit| digit.is_ascii_digit())
}

pub(super) fn blanks(text: &str) -> usize {
    count(text, char::is_whitespace)
}

pub(super) fn first(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    text.chars().next().filter(|character| is(*character)).map(char::len_utf8)
}

/// `1`, `1.5`, `1,5` or `.5`
pub(super) fn decimal(text: &str) -> Option<usize> {
    let whole = digits(text);
    let marks: &[char] = if whole == 0 { &['.'] } else { &['.', ','] };
    let part = text[whole..].strip_prefix(marks).map_or(0, digits);
    match (whole, part) {
        (0, 0) => None,
        (_, 0) => Some(whole),
        _ => Some(whole + 1 + part),
    }
}

/// `+1`, `-12` or `{-12}`
pub(super) fn exponent(text: &str) -> Option<usize> {
    let signed = |text: &str| {
        let sign = first(text, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
        let digits = digits(&text[sign..]);
        (digits > 0).then_some(sign + digits)
    };
    match text.strip_prefix('{') {
        Some(inside) => signed(inside).filter(|end| inside[*end..].starts_with('}')).map(|end| end + 2),
        None => signed(text),
    }
}

pub(super) fn sign(text: &str) -> usize {
    if let Some(rest) = text.strip_prefix("\\pm") {
        return 3 + first(rest, char::is_whitespace).unwrap_or(0);
    }
    ["+-", "+/-", "+", "-"].iter().find(|sign| text.starts_with(**sign)).map_or(0, |sign| sign.len())
}

/// A Greek letter's command with the space after it.
pub(super) fn greek(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\\')?;
    let letters = count(after, |letter| letter.is_ascii_alphabetic());
    GREEK.contains(&&after[..letters]).then(|| {
        let rest = &after[letters..];
        let space = blanks(rest);
        1 + letters
            + if space > 0 {
                space
            } else if rest.starts_with("{}") {
                2
            } else {
                0
            }
    })
}

pub(super) fn letters(text: &str) -> Option<usize> {
    let mut end = 0;
    while let Some(length) = first(&text[end..], |letter| {
        letter.is_ascii_alphabetic() || matches!(letter, '\u{3B1}'..='\u{3C9}' | '\u{391}'..='\u{3A9}' | '?' | '@')
    })
    .or_else(|| greek(&text[end..]))
    {
        end += length;
    }
    (end > 0).then_some(end)
}

/// One of the texts, before what `follows` allows.
pub(super) fn before(text: &str, words: &[&str], follows: impl Fn(&str) -> bool) -> Option<usize> {
    words.iter().find(|word| text.strip_prefix(**word).is_some_and(&follows)).map(|word| word.len())
}

pub(super) fn ends_phrase(rest: &str) -> bool {
    rest.chars().next().is_none_or(|next| next.is_whitespace() || ",;)]}".contains(next))
}

pub(super) fn no_letter(rest: &str) -> bool {
    !rest.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

pub(super) fn capital_follows(rest: &str) -> bool {
    rest.trim_start().starts_with(|letter: char| letter.is_ascii_uppercase())
}

pub(super) fn lower(text: &str) -> Option<usize> {
    first(text, |letter| letter.is_ascii_lowercase())
}

/// `$n$` or `n`
pub(super) fn variable(text: &str) -> Option<usize> {
    match text.strip_prefix('$') {
        Some(inside) => lower(inside).filter(|_| inside[1..].starts_with('$')).map(|_| 3),
        None => lower(text),
    }
}

/// A fraction such as `1/2`, `n/2` or `$n$/2`: the lengths of sign, numerator and whole.
pub(super) fn fraction(text: &str) -> Option<(usize, usize, usize)> {
    let sign = first(text, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
    let numerator = match digits(&text[sign..]) {
        0 => variable(&text[sign..])?,
        digits => digits,
    };
    let rest = text[sign + numerator..].strip_prefix('/')?;
    let denominator = digits(rest);
    (denominator > 0).then_some((sign, numerator, sign + numerator + 1 + denominator))
}

/// The parts of a fraction that is the whole text: sign, numerator, denominator and a variable after it.
pub(super) fn fraction_parts(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (sign, numerator, end) = fraction(text)?;
    let rest = &text[end..];
    let variable = if rest.is_empty() { 0 } else { variable(rest)? };
    (rest.len() == variable).then(|| {
        (
            &text[..sign],
            text[sign..sign + numerator].trim_matches('$'),
            &text[sign + numerator + 1..end],
            rest.trim_matches('$'),
        )
    })
}

pub(super) fn amount(text: &str) -> Option<usize> {
    let bracketed = text.strip_prefix('(').and_then(|inside| {
        let sign = first(inside, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
        let (_, _, end) = fraction(&inside[sign..])
            .filter(|(_, numerator, _)| digits(&inside[sign..]) == *numerator && *numerator > 0)?;
        inside[sign + end..].starts_with(')').then_some(sign + end + 2)
    });
    let number = || {
        let sign = first(text, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
        decimal(&text[sign..]).map(|end| sign + end)
    };
    if let Some(end) = bracketed.or_else(|| fraction(text).map(|(_, _, end)| end)).or_else(number) {
        let factor = lower(&text[end..]).filter(|length| capital_follows(&text[end + length..])).unwrap_or(0);
        return Some(end + factor);
    }
    let sign = first(text, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
    if lower(&text[sign..]).is_some_and(|length| capital_follows(&text[sign + length..])) {
        return Some(sign + 1);
    }
    before(text, &["+"], |rest| blanks(rest) == 0)
}

/// Whether a formula between dollars is an amount, such as `$2n-1$`.
pub(super) fn is_amount(formula: &str) -> bool {
    let Some(inside) = formula.strip_prefix('$').and_then(|rest| rest.strip_suffix('$')) else { return false };
    if matches!(inside, "+" | "-") {
        return true;
    }
    let inside = inside.strip_prefix('(').unwrap_or(inside);
    let inside = inside.strip_suffix(')').unwrap_or(inside);
    let inside = inside.strip_prefix(['+', '-']).unwrap_or(inside);
    let terms: Vec<&str> = inside.split(['+', '-']).collect();
    let ends_with_letter = |term: &str| term.len() == digits(term) + 1 && lower(&term[digits(term)..]).is_some();
    let term = |term: &str| term.len() == digits(term) || ends_with_letter(term);
    match terms.as_slice() {
        [only] => ends_with_letter(only),
        [first, second] => (term(first) && ends_with_letter(second)) || (ends_with_letter(first) && term(second)),
        [first, second, third] => term(first) && ends_with_letter(second) && term(third),
        _ => false,
    }
}

pub(super) fn is_formula(text: &str) -> bool {
    let mut has_letter = false;
    let mut after_letter = false;
    for character in text.chars() {
        let letter = character.is_ascii_lowercase();
        if (letter && after_letter) || !(letter || character.is_ascii_digit() || " +-,.()".contains(character)) {
            return false;
        }
        after_letter = letter;
        has_letter |= letter;
    }
    let state = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    has_letter
        && !state.is_some_and(|inside| !inside.is_empty() && inside.chars().all(|letter| letter.is_ascii_lowercase()))
}

pub(super) fn is_greek_letter(text: &str) -> bool {
    let inside = text.strip_prefix('$').unwrap_or(text);
    let command = inside.trim_end().trim_end_matches("{}").trim_end_matches('$').trim_end();
    let end = greek(command);
    let alone = inside.trim_end().strip_suffix('$').unwrap_or(inside.trim_end());
    end == Some(command.len()) && command.len() > 1
        || (alone.chars().count() == 1 && alone.chars().all(|letter| matches!(letter, '\u{3B1}'..='\u{3C9}')))
}

pub(super) fn oxidation(text: &str, strict: bool) -> bool {
    let zero =
        ["\\pm", "$\\pm$"].iter().any(|sign| text.strip_prefix(sign).is_some_and(|rest| rest.trim_start() == "0"));
    let numeral = match text.strip_prefix(['+', '-']) {
        Some(numeral) => numeral,
        None if strict => return zero,
        None => text,
    };
    let numeral = if strict { numeral } else { numeral.strip_prefix(char::is_whitespace).unwrap_or(numeral) };
    zero || (!numeral.is_empty() && numeral.chars().all(|letter| matches!(letter, 'I' | 'V' | 'X')))
}
