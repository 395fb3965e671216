//! The patterns of mhchem's grammar.

/// What a pattern matched: its groups, and the rest of the input.
pub(super) struct Match<'a> {
    pub(super) groups: Vec<String>,
    pub(super) rest: &'a str,
}

/// Braces that do not match.
pub(super) struct Unbalanced;

type Found<'a> = Result<Option<Match<'a>>, Unbalanced>;

const GREEK: [&str; 35] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma",
    "Upsilon", "Phi", "Psi", "Omega",
];

/// Where a group begins or ends.
#[derive(Clone, Copy)]
enum Edge {
    Text(&'static str),
    /// A command and its opening brace.
    Command,
    /// `(aq` before `,` or `)`.
    State,
    /// Nothing, before an opening brace.
    Brace,
}

impl Edge {
    fn length(self, input: &str) -> Option<usize> {
        match self {
            Self::Text(text) => input.starts_with(text).then_some(text.len()),
            Self::Command => {
                let letters = count(input.strip_prefix('\\')?, |letter| letter.is_ascii_alphabetic());
                (letters > 0 && input[1 + letters..].starts_with('{')).then_some(letters + 2)
            }
            Self::State => {
                let letters = count(input.strip_prefix('(')?, |letter| letter.is_ascii_lowercase());
                ((1..=3).contains(&letters) && input[1 + letters..].starts_with([')', ','])).then_some(letters + 1)
            }
            Self::Brace => input.starts_with('{').then_some(0),
        }
    }
}

fn count(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(|character| is(character)).len()
}

fn digits(text: &str) -> usize {
    count(text, |digit| digit.is_ascii_digit())
}

fn blanks(text: &str) -> usize {
    count(text, char::is_whitespace)
}

fn first(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    text.chars().next().filter(|character| is(*character)).map(char::len_utf8)
}

/// `1`, `1.5`, `1,5` or `.5`
fn decimal(text: &str) -> Option<usize> {
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
fn exponent(text: &str) -> Option<usize> {
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

fn sign(text: &str) -> usize {
    if text.starts_with("\\pm") {
        return 3 + first(&text[3..], char::is_whitespace).unwrap_or(0);
    }
    ["+-", "+/-", "+", "-"].iter().find(|sign| text.starts_with(**sign)).map_or(0, |sign| sign.len())
}

/// A Greek letter's command with the space after it.
fn greek(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\\')?;
    let letters = count(after, |letter| letter.is_ascii_alphabetic());
    GREEK.contains(&&after[..letters]).then(|| {
        let rest = &after[letters..];
        let space = blanks(rest);
        1 + letters + if space > 0 { space } else if rest.starts_with("{}") { 2 } else { 0 }
    })
}

fn letters(text: &str) -> Option<usize> {
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
fn before(text: &str, words: &[&str], follows: impl Fn(&str) -> bool) -> Option<usize> {
    words.iter().find(|word| text.strip_prefix(**word).is_some_and(&follows)).map(|word| word.len())
}

fn ends_phrase(rest: &str) -> bool {
    rest.chars().next().is_none_or(|next| next.is_whitespace() || ",;)]}".contains(next))
}

fn no_letter(rest: &str) -> bool {
    !rest.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

fn capital_follows(rest: &str) -> bool {
    rest.trim_start().starts_with(|letter: char| letter.is_ascii_uppercase())
}

fn lower(text: &str) -> Option<usize> {
    first(text, |letter| letter.is_ascii_lowercase())
}

/// `$n$` or `n`
fn variable(text: &str) -> Option<usize> {
    match text.strip_prefix('$') {
        Some(inside) => lower(inside).filter(|_| inside[1..].starts_with('$')).map(|_| 3),
        None => lower(text),
    }
}

/// A fraction such as `1/2`, `n/2` or `$n$/2`: the lengths of sign, numerator and whole.
fn fraction(text: &str) -> Option<(usize, usize, usize)> {
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
        (&text[..sign], text[sign..sign + numerator].trim_matches('$'), &text[sign + numerator + 1..end], rest.trim_matches('$'))
    })
}

fn amount(text: &str) -> Option<usize> {
    let bracketed = text.strip_prefix('(').and_then(|inside| {
        let sign = first(inside, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
        let (_, _, end) = fraction(&inside[sign..]).filter(|(_, numerator, _)| digits(&inside[sign..]) == *numerator && *numerator > 0)?;
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
fn is_amount(formula: &str) -> bool {
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

fn is_formula(text: &str) -> bool {
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
    has_letter && !state.is_some_and(|inside| !inside.is_empty() && inside.chars().all(|letter| letter.is_ascii_lowercase()))
}

fn is_greek_letter(text: &str) -> bool {
    let inside = text.strip_prefix('$').unwrap_or(text);
    let command = inside.trim_end().trim_end_matches("{}").trim_end_matches('$').trim_end();
    let end = greek(command);
    let alone = inside.trim_end().strip_suffix('$').unwrap_or(inside.trim_end());
    end == Some(command.len()) && command.len() > 1
        || (alone.chars().count() == 1 && alone.chars().all(|letter| matches!(letter, '\u{3B1}'..='\u{3C9}')))
}

fn oxidation(text: &str, strict: bool) -> bool {
    let zero = ["\\pm", "$\\pm$"].iter().any(|sign| text.strip_prefix(sign).is_some_and(|rest| rest.trim_start() == "0"));
    let numeral = match text.strip_prefix(['+', '-']) {
        Some(numeral) => numeral,
        None if strict => return zero,
        None => text,
    };
    let numeral = if strict { numeral } else { numeral.strip_prefix(char::is_whitespace).unwrap_or(numeral) };
    zero || (!numeral.is_empty() && numeral.chars().all(|letter| matches!(letter, 'I' | 'V' | 'X')))
}

/// The length of a pattern without groups.
fn length(name: &str, input: &str) -> Option<usize> {
    let whole = |is: bool| is.then_some(input.len());
    match name {
        "empty" => whole(input.is_empty()),
        "else" | "else2" => first(input, |_| true),
        "space" => first(input, char::is_whitespace),
        "space A" => first(input, char::is_whitespace)
            .filter(|end| input[*end..].starts_with(|next: char| next.is_ascii_uppercase() || "\\$".contains(next))),
        "space$" => whole(input.chars().count() == 1 && blanks(input) > 0),
        "a-z" => lower(input),
        "x" => first(input, |letter| letter == 'x'),
        "x$" => whole(input == "x"),
        "i$" => whole(input == "i"),
        "letters" => letters(input),
        "\\greek" => greek(input),
        "one lowercase greek letter $" => whole(is_greek_letter(input)),
        "digits" => Some(digits(input)).filter(|length| *length > 0),
        "-9.,9" => {
            let sign = first(input, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
            decimal(&input[sign..]).map(|end| sign + end)
        }
        "-9.,9 no missing 0" => {
            let sign = first(input, |sign| matches!(sign, '+' | '-')).unwrap_or(0);
            decimal(&input[sign..]).filter(|_| digits(&input[sign..]) > 0).map(|end| sign + end)
        }
        "{[(" => before(input, &["\\{", "[", "("], |_| true),
        ")]}" => before(input, &[")", "]", "\\}"], |_| true),
        ", " => first(input, |mark| matches!(mark, ',' | ';')).map(|end| end + blanks(&input[end..])),
        "," => first(input, |mark| matches!(mark, ',' | ';')),
        "." => first(input, |mark| mark == '.'),
        "..." => before(input, &["..."], |rest| !rest.starts_with('.')),
        "'" => first(input, |mark| mark == '\''),
        "^_" => (input.starts_with("^_") || input.starts_with("_^") || matches!(input, "^" | "_")).then_some(1),
        "{}" => before(input, &["{}"], |_| true),
        "=<>" => first(input, |mark| matches!(mark, '=' | '<' | '>')),
        "#" => first(input, |mark| matches!(mark, '#' | '≡')),
        "+" => first(input, |mark| mark == '+'),
        "-" => first(input, |mark| mark == '-'),
        "-$" => before(input, &["-"], |rest| {
            let state = rest.strip_prefix('(').is_some_and(|inside| {
                let letters = count(inside, |letter| letter.is_ascii_lowercase());
                letters > 0 && inside[letters..].starts_with(')')
            });
            state || rest.chars().next().is_none_or(|next| next.is_whitespace() || "_},;]/".contains(next))
        }),
        "-9" => before(input, &["-"], |rest| digits(rest) > 0),
        "- orbital overlap" => before(input, &["-"], |rest| before(rest, &["sp", "s", "p", "d"], ends_phrase).is_some()),
        "pm-operator" => before(input, &["\\pm", "$\\pm$", "+-", "+/-"], |_| true),
        "operator" => before(input, &["+"], |_| true).or_else(|| {
            before(input, &["-", "=", "<", ">", "<<", ">>", "\\approx", "$\\approx$"], |rest| {
                rest.is_empty() || blanks(rest) > 0 || digits(rest.strip_prefix('-').unwrap_or(rest)) > 0
            })
        }),
        "arrowUpDown" => before(input, &["v", "(v)", "^", "(^)"], ends_phrase),
        "->" => before(input, &["<->", "<-->", "->", "<-", "<=>>", "<<=>", "<=>", "→", "⟶", "⇌"], |_| true),
        "CMT" => before(input, &["C", "M", "T"], |rest| rest.starts_with('[')),
        "\\," => before(input, &["\\,", "\\ ", "\\;", "\\:"], |_| true),
        "\\ca" => before(input, &["\\ca"], no_letter).map(|end| end + blanks(&input[end..])),
        "\\x" => match command(input) {
            Some(end) => Some(end + blanks(&input[end..])),
            None => before(input, &["\\_", "\\&", "\\{", "\\}", "\\%"], |_| true),
        },
        "orbital" => {
            let digits = digits(input).min(2);
            let one = (digits > 0)
                .then(|| before(&input[digits..], &["s", "p", "d", "f", "g", "h"], no_letter))
                .flatten();
            one.or_else(|| before(&input[digits..], &["sp"], no_letter)).map(|end| digits + end)
        }
        "others" => first(input, |mark| matches!(mark, '/' | '~' | '|')),
        "oxidation$" => whole(oxidation(input, true)),
        "d-oxidation$" => whole(oxidation(input, false)),
        "roman numeral" => Some(count(input, |letter| matches!(letter, 'I' | 'V' | 'X'))).filter(|length| *length > 0),
        "1/2$" => whole(fraction_parts(input).is_some()),
        "(KV letters)," => {
            let capital = first(input, |letter| letter.is_ascii_uppercase())
                .map(|end| end + count(&input[end..], |letter| letter.is_ascii_lowercase()))
                .filter(|end| *end <= 3);
            capital.or_else(|| before(input, &["i"], |_| true)).filter(|end| input[*end..].starts_with(','))
        }
        "formula$" => whole(is_formula(input)),
        "uprightEntities" => before(input, &["pH", "pOH", "pC", "pK", "iPr", "iBu"], no_letter),
        _ => None,
    }
}

/// A command without what follows it.
fn command(input: &str) -> Option<usize> {
    let letters = count(input.strip_prefix('\\')?, |letter| letter.is_ascii_alphabetic());
    (letters > 0).then_some(letters + 1)
}

/// Matches a pattern at the beginning of the input.
pub(super) fn find<'a>(name: &str, input: &'a str) -> Found<'a> {
    use Edge::{Brace, Command, State, Text};
    let text = |groups: Vec<String>, end: usize| Ok(Some(Match { groups, rest: &input[end..] }));
    let one = |begin, first, included, end| group(input, begin, first, included, end);
    let two = |begin, end, begin2, end2| pair(input, (Text(begin), Text(""), None, end), (Text(begin2), Text(""), None, Text(end2)), false);
    match name {
        "one lowercase latin letter $" | "$one lowercase latin letter$ $" => {
            let inside = if name.starts_with('$') { input.strip_prefix('$').and_then(|rest| rest.strip_suffix('$')) } else { Some(input) };
            let letter = inside.filter(|inside| lower(inside).is_some() && inside.chars().count() <= 2 && no_letter(&inside[1..]));
            letter.map_or(Ok(None), |letter| text(vec![letter[..1].to_owned()], input.len()))
        }
        "(-)(9.,9)(e)(99)" => Ok(number(input)),
        "(-)(9)^(-9)" => {
            let sign = sign(input);
            let end = sign + decimal(&input[sign..]).unwrap_or(0);
            match input[end..].strip_prefix('^').and_then(exponent) {
                Some(length) => {
                    let groups = [&input[..sign], &input[sign..end], &input[end + 1..end + 1 + length]];
                    text(groups.map(str::to_owned).to_vec(), end + 1 + length)
                }
                None => Ok(None),
            }
        }
        "state of aggregation $" => {
            let state = one(Text(""), State, Some(Text(")")), Text(""))?;
            if let Some(state) = state.filter(|state| ends_phrase(state.rest)) {
                return Ok(Some(state));
            }
            let inside = input.strip_prefix('(').map(|rest| rest.strip_prefix("\\ca").map_or(rest, str::trim_start));
            let crystal = inside.and_then(|rest| rest.strip_prefix('$')).filter(|rest| rest.starts_with(['a', 'm', 'o', 't', 'h', 'c']));
            let rest = crystal.and_then(|rest| rest[1..].strip_prefix("$)"));
            rest.map_or(Ok(None), |rest| text(vec![input[..input.len() - rest.len()].to_owned()], input.len() - rest.len()))
        }
        "_{(state of aggregation)}$" => {
            let end = input.strip_prefix("_{").and_then(|rest| State.length(rest).filter(|end| rest[*end..].starts_with(")}")));
            end.map_or(Ok(None), |end| text(vec![input[2..end + 3].to_owned()], end + 4))
        }
        ". " => first(input, |mark| matches!(mark, '.' | '⋅' | '·' | '•'))
            .map_or(Ok(None), |end| text(vec![input[..end].to_owned()], end + blanks(&input[end..]))),
        "* " => first(input, |mark| mark == '*').map_or(Ok(None), |end| text(vec!["*".to_owned()], end + blanks(&input[end..]))),
        "^{(...)}" => one(Text("^{"), Text(""), None, Text("}")),
        "^($...$)" => one(Text("^"), Text("$"), Some(Text("$")), Text("")),
        "^a" | "_9" => {
            let Some(rest) = input.strip_prefix(if name == "^a" { '^' } else { '_' }) else { return Ok(None) };
            let sign = if name == "^a" { 0 } else { first(rest, |sign| matches!(sign, '+' | '-')).unwrap_or(0) };
            let number = digits(&rest[sign..]);
            let end = if number > 0 {
                Some(sign + number)
            } else {
                first(rest, |character| character != '\\' && (name == "_9" || character != '_'))
            };
            end.map_or(Ok(None), |end| text(vec![rest[..end].to_owned()], end + 1))
        }
        "^(-1)" => {
            let Some(rest) = input.strip_prefix('^') else { return Ok(None) };
            let sign = usize::from(rest.starts_with('-'));
            let end = sign + digits(&rest[sign..]);
            if end > sign { text(vec![rest[..end].to_owned()], end + 1) } else { Ok(None) }
        }
        "^\\x{}{}" => pair(input, (Text("^"), Command, Some(Text("}")), Text("")), (Text(""), Text("{"), Some(Text("}")), Text("")), true),
        "_\\x{}{}" => pair(input, (Text("_"), Command, Some(Text("}")), Text("")), (Text(""), Text("{"), Some(Text("}")), Text("")), true),
        "\\x{}{}" => pair(input, (Text(""), Command, Some(Text("}")), Text("")), (Text(""), Text("{"), Some(Text("}")), Text("")), true),
        "^\\x{}" => one(Text("^"), Command, Some(Text("}")), Text("")),
        "_\\x{}" => one(Text("_"), Command, Some(Text("}")), Text("")),
        "\\x{}" => one(Text(""), Command, Some(Text("}")), Text("")),
        "^\\x" | "_\\x" => {
            let Some(rest) = input.strip_prefix(&name[..1]) else { return Ok(None) };
            command(rest).map_or(Ok(None), |end| text(vec![rest[..end].to_owned()], 1 + end + blanks(&rest[end..])))
        }
        "_{(...)}" => one(Text("_{"), Text(""), None, Text("}")),
        "_($...$)" => one(Text("_"), Text("$"), Some(Text("$")), Text("")),
        "{...}" => one(Text(""), Text("{"), Some(Text("}")), Text("")),
        "{(...)}" => one(Text("{"), Text(""), None, Text("}")),
        "$...$" => one(Text(""), Text("$"), Some(Text("$")), Text("")),
        "${(...)}$" => one(Text("${"), Text(""), None, Text("}$")),
        "$(...)$" => one(Text("$"), Text(""), None, Text("$")),
        "\\bond{(...)}" => one(Text("\\bond{"), Text(""), None, Text("}")),
        "[(...)]" => one(Text("["), Text(""), None, Text("]")),
        "1st-level escape" => before(input, &["&", "\\\\", "\\hline"], |_| true)
            .map_or(Ok(None), |end| text(vec![input[..end].to_owned()], end + blanks(&input[end..]))),
        "\\frac{(...)}" => two("\\frac{", Text("}"), "{", "}"),
        "\\overset{(...)}" => two("\\overset{", Text("}"), "{", "}"),
        "\\underset{(...)}" => two("\\underset{", Text("}"), "{", "}"),
        "\\underbrace{(...)}" => two("\\underbrace{", Text("}_"), "{", "}"),
        "\\color{(...)}0" => one(Text("\\color{"), Text(""), None, Text("}")),
        "\\color{(...)}{(...)}1" => two("\\color{", Text("}"), "{", "}"),
        "\\color(...){(...)}2" => {
            pair(input, (Text("\\color"), Text("\\"), None, Brace), (Text("{"), Text(""), None, Text("}")), false)
        }
        "\\ce{(...)}" => one(Text("\\ce{"), Text(""), None, Text("}")),
        "amount" | "amount2" => match amount(input) {
            Some(end) => text(vec![input[..end].to_owned()], end),
            None => Ok(one(Text(""), Text("$"), Some(Text("$")), Text(""))?.filter(|formula| is_amount(&formula.groups[0]))),
        },
        "/" | "//" => {
            let start = blanks(input);
            let rest = input[start..].strip_prefix(name);
            rest.map_or(Ok(None), |rest| text(vec![name.to_owned()], start + name.len() + blanks(rest)))
        }
        "*" => {
            let start = blanks(input);
            let rest = input[start..].strip_prefix(['*', '.']);
            rest.map_or(Ok(None), |rest| {
                let end = start + 1 + blanks(rest);
                text(vec![input[..end].to_owned()], end)
            })
        }
        _ => length(name, input).map_or(Ok(None), |end| text(vec![input[..end].to_owned()], end)),
    }
}

/// A number with sign, uncertainty and power of ten.
fn number(input: &str) -> Option<Match<'_>> {
    let sign = sign(input);
    let mut end = sign + decimal(&input[sign..]).unwrap_or(0);
    let mut groups = vec![input[..sign].to_owned(), input[sign..end].to_owned(), String::new(), String::new(), String::new(), String::new()];
    if let Some(inside) = input[end..].strip_prefix('(')
        && let Some(length) = decimal(inside).filter(|length| inside[*length..].starts_with(')'))
    {
        input[end..end + length + 2].clone_into(&mut groups[2]);
        end += length + 2;
    }
    let rest = &input[end..];
    if let Some(length) = rest.strip_prefix(['e', 'E']).and_then(exponent) {
        rest[..1].clone_into(&mut groups[3]);
        rest[1..=length].clone_into(&mut groups[5]);
        end += 1 + length;
    } else {
        let start = blanks(rest);
        if let Some(times) = before(&rest[start..], &["*", "x", "\\times", "×"], |_| true) {
            let after = start + times + blanks(&rest[start + times..]);
            if let Some(length) = rest[after..].strip_prefix("10^").and_then(exponent) {
                rest[..after + 3].clone_into(&mut groups[3]);
                rest[start..start + times].clone_into(&mut groups[4]);
                rest[after + 3..after + 3 + length].clone_into(&mut groups[5]);
                end += after + 3 + length;
            }
        }
    }
    (end > 0).then(|| Match { groups, rest: &input[end..] })
}

/// A group: what begins it and is left out, what begins it and belongs to it, what ends it and belongs to it or not.
fn group(input: &str, begin: Edge, first: Edge, included: Option<Edge>, excluded: Edge) -> Found<'_> {
    let Some(skipped) = begin.length(input) else { return Ok(None) };
    let input = &input[skipped..];
    let Some(start) = first.length(input) else { return Ok(None) };
    let mut braces = 0_usize;
    for (at, character) in input.char_indices().filter(|(at, _)| *at >= start) {
        if braces == 0
            && let Some(length) = included.unwrap_or(excluded).length(&input[at..])
        {
            let end = if included.is_some() { at + length } else { at };
            return Ok(Some(Match { groups: vec![input[..end].to_owned()], rest: &input[at + length..] }));
        }
        match character {
            '{' => braces += 1,
            '}' => braces = braces.checked_sub(1).ok_or(Unbalanced)?,
            _ => {}
        }
    }
    Ok(None)
}

type Edges = (Edge, Edge, Option<Edge>, Edge);

/// Two groups after each other.
fn pair<'a>(input: &'a str, one: Edges, two: Edges, joined: bool) -> Found<'a> {
    let Some(first) = group(input, one.0, one.1, one.2, one.3)? else { return Ok(None) };
    let Some(second) = group(first.rest, two.0, two.1, two.2, two.3)? else { return Ok(None) };
    let groups = [first.groups, second.groups].concat();
    Ok(Some(Match { groups: if joined { vec![groups.concat()] } else { groups }, rest: second.rest }))
}
