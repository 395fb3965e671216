//! The patterns of mhchem's grammar, by the names that its state machines use.

use super::characters::{
    amount, before, blanks, count, decimal, digits, ends_phrase, exponent, first, fraction_parts, greek, is_amount,
    is_formula, is_greek_letter, letters, lower, no_letter, oxidation, sign,
};
use super::groups::{Edge, Found, group, pair};

/// What a pattern matched: its groups, and the rest of the input.
pub(super) struct Match<'a> {
    pub(super) groups: Vec<String>,
    pub(super) rest: &'a str,
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
        "- orbital overlap" => {
            before(input, &["-"], |rest| before(rest, &["sp", "s", "p", "d"], ends_phrase).is_some())
        }
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
            let one =
                (digits > 0).then(|| before(&input[digits..], &["s", "p", "d", "f", "g", "h"], no_letter)).flatten();
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
    use Edge::{State, Text};
    let text = |groups: Vec<String>, end: usize| Ok(Some(Match { groups, rest: &input[end..] }));
    let one = |begin, first, included, end| group(input, begin, first, included, end);
    if let Some(found) = grouped(name, input) {
        return found;
    }
    match name {
        "one lowercase latin letter $" | "$one lowercase latin letter$ $" => {
            let inside = if name.starts_with('$') {
                input.strip_prefix('$').and_then(|rest| rest.strip_suffix('$'))
            } else {
                Some(input)
            };
            let letter = inside
                .filter(|inside| lower(inside).is_some() && inside.chars().count() <= 2 && no_letter(&inside[1..]));
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
            let crystal = inside
                .and_then(|rest| rest.strip_prefix('$'))
                .filter(|rest| rest.starts_with(['a', 'm', 'o', 't', 'h', 'c']));
            let rest = crystal.and_then(|rest| rest[1..].strip_prefix("$)"));
            rest.map_or(Ok(None), |rest| {
                text(vec![input[..input.len() - rest.len()].to_owned()], input.len() - rest.len())
            })
        }
        "_{(state of aggregation)}$" => {
            let end = input
                .strip_prefix("_{")
                .and_then(|rest| State.length(rest).filter(|end| rest[*end..].starts_with(")}")));
            end.map_or(Ok(None), |end| text(vec![input[2..end + 3].to_owned()], end + 4))
        }
        ". " => first(input, |mark| matches!(mark, '.' | '⋅' | '·' | '•'))
            .map_or(Ok(None), |end| text(vec![input[..end].to_owned()], end + blanks(&input[end..]))),
        "* " => first(input, |mark| mark == '*')
            .map_or(Ok(None), |end| text(vec!["*".to_owned()], end + blanks(&input[end..]))),
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
        "^\\x" | "_\\x" => {
            let Some(rest) = input.strip_prefix(&name[..1]) else { return Ok(None) };
            command(rest).map_or(Ok(None), |end| text(vec![rest[..end].to_owned()], 1 + end + blanks(&rest[end..])))
        }
        "1st-level escape" => before(input, &["&", "\\\\", "\\hline"], |_| true)
            .map_or(Ok(None), |end| text(vec![input[..end].to_owned()], end + blanks(&input[end..]))),
        "amount" | "amount2" => match amount(input) {
            Some(end) => text(vec![input[..end].to_owned()], end),
            None => {
                Ok(one(Text(""), Text("$"), Some(Text("$")), Text(""))?.filter(|formula| is_amount(&formula.groups[0])))
            }
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

/// Matches a pattern that is a group or two.
fn grouped<'a>(name: &str, input: &'a str) -> Option<Found<'a>> {
    use Edge::{Brace, Command, Text};
    let one = |begin, first, included, end| group(input, begin, first, included, end);
    let two = |begin, end, begin2, end2| {
        pair(input, (Text(begin), Text(""), None, end), (Text(begin2), Text(""), None, Text(end2)), false)
    };
    Some(match name {
        "^{(...)}" => one(Text("^{"), Text(""), None, Text("}")),
        "^($...$)" => one(Text("^"), Text("$"), Some(Text("$")), Text("")),
        "^\\x{}{}" => pair(
            input,
            (Text("^"), Command, Some(Text("}")), Text("")),
            (Text(""), Text("{"), Some(Text("}")), Text("")),
            true,
        ),
        "_\\x{}{}" => pair(
            input,
            (Text("_"), Command, Some(Text("}")), Text("")),
            (Text(""), Text("{"), Some(Text("}")), Text("")),
            true,
        ),
        "\\x{}{}" => pair(
            input,
            (Text(""), Command, Some(Text("}")), Text("")),
            (Text(""), Text("{"), Some(Text("}")), Text("")),
            true,
        ),
        "^\\x{}" => one(Text("^"), Command, Some(Text("}")), Text("")),
        "_\\x{}" => one(Text("_"), Command, Some(Text("}")), Text("")),
        "\\x{}" => one(Text(""), Command, Some(Text("}")), Text("")),
        "_{(...)}" => one(Text("_{"), Text(""), None, Text("}")),
        "_($...$)" => one(Text("_"), Text("$"), Some(Text("$")), Text("")),
        "{...}" => one(Text(""), Text("{"), Some(Text("}")), Text("")),
        "{(...)}" => one(Text("{"), Text(""), None, Text("}")),
        "$...$" => one(Text(""), Text("$"), Some(Text("$")), Text("")),
        "${(...)}$" => one(Text("${"), Text(""), None, Text("}$")),
        "$(...)$" => one(Text("$"), Text(""), None, Text("$")),
        "\\bond{(...)}" => one(Text("\\bond{"), Text(""), None, Text("}")),
        "[(...)]" => one(Text("["), Text(""), None, Text("]")),
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
        _ => return None,
    })
}

/// A number with sign, uncertainty and power of ten.
fn number(input: &str) -> Option<Match<'_>> {
    let sign = sign(input);
    let mut end = sign + decimal(&input[sign..]).unwrap_or(0);
    let mut groups = vec![
        input[..sign].to_owned(),
        input[sign..end].to_owned(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
    ];
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
