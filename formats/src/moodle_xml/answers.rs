//! The answers of each type of question in Moodle XML.

use roxmltree::Node;

use super::{Other, Texts, html_of, is_true, text_of};
use crate::{
    Accepted, Answer, Choice, Decimal, Form, Part, Question, Tolerance,
    accepted_forms::short_answer_form,
    cloze::take_gaps,
    labels::{accepted, accepted_number, decimal, finite, product, share, show_best_first},
    reading::OPTIONS_MAX,
    rich::Rich,
    scoring::RESPONSES_MAX,
    xml::{attribute, child, child_text, children},
};

/// The largest number of options of all gaps of a text.
const GAP_OPTIONS_MAX: usize = 200;

/// Refuses the types that cannot be taken, with the reason.
pub(super) fn check_kind(kind: &str) -> Result<(), Other> {
    let reason = match kind {
        "multichoice" | "truefalse" | "shortanswer" | "numerical" | "matching" | "essay" | "cloze" | "multianswer"
        | "gapselect" | "ddwtos" | "ddmatch" | "ordering" => return Ok(()),
        "calculated" | "calculatedsimple" | "calculatedmulti" | "formulas" | "varnumeric" | "varnumericset" => {
            "computes its values from random numbers"
        }
        "stack" => "needs the computer algebra system of STACK",
        "coderunner" | "vplquestion" => "runs the program that a student writes",
        "random" | "randomsamatch" => "selects other questions at random",
        "ddimageortext" | "ddmarker" | "drawing" | "geogebra" => "is answered on a picture",
        "recordrtc" => "is answered by a recording",
        "missingtype" => "was already missing in Moodle",
        "" => return Err(Other::Skipped("it has no type.".to_owned())),
        _ => "is not supported",
    };
    Err(Other::Refused(format!("its type `{kind}` {reason}.")))
}

pub(super) fn fill(question: &mut Question, node: Node, kind: &str, texts: &mut Texts) -> Result<(), Other> {
    let points = child_text(node, "defaultgrade").and_then(|grade| finite(&grade)).filter(|grade| *grade >= 0.0);
    let mut parts = match kind {
        _ if is_cloze(kind) => cloze(question, node, points, texts)?,
        "gapselect" | "ddwtos" => gaps(question, node, points.unwrap_or(1.0), texts)?,
        _ => vec![Part { points: Some(points.unwrap_or(1.0)), ..Part::default() }],
    };
    if let [part] = parts.as_mut_slice()
        && !part.is_gap
    {
        part.answer = match kind {
            "multichoice" => choice(node, texts)?,
            "truefalse" => true_or_false(node, texts)?,
            "shortanswer" => short_answer(question, node, texts)?,
            "numerical" => numerical(question, node, texts)?,
            "matching" | "ddmatch" => matching(node, texts)?,
            "ordering" => ordering(node, texts)?,
            _ => Answer::Open,
        };
    }
    question.parts = parts;
    Ok(())
}

/// An `answer` element.
struct Given {
    text: String,
    /// From -1 to 1.
    fraction: f64,
    feedback: Option<String>,
}

fn feedback(node: Node, texts: &mut Texts) -> Option<String> {
    Some(texts.of_child(node, "feedback")).filter(|text| !text.is_empty())
}

fn fraction(node: Node) -> f64 {
    share(attribute(node, "fraction").and_then(finite).unwrap_or(0.0)).clamp(-1.0, 1.0)
}

/// The answers whose text is plain, as a student types it.
fn typed(node: Node, texts: &mut Texts) -> Vec<Given> {
    children(node, "answer")
        .map(|answer| Given {
            text: text_of(answer).trim().to_owned(),
            fraction: fraction(answer),
            feedback: feedback(answer, texts),
        })
        .filter(|given| !given.text.is_empty())
        .collect()
}

fn choice(node: Node, texts: &mut Texts) -> Result<Answer, Other> {
    let given: Vec<Given> = children(node, "answer")
        .map(|answer| Given { text: texts.of(answer), fraction: fraction(answer), feedback: feedback(answer, texts) })
        .filter(|given| !given.text.is_empty())
        .collect();
    if given.is_empty() {
        return Err(Other::Refused("it has no options.".to_owned()));
    }
    if given.len() > OPTIONS_MAX {
        return Err(Other::Refused(format!("it has more than {OPTIONS_MAX} options.")));
    }
    let several = child_text(node, "single").is_some_and(|single| !is_true(&single));
    let best = given.iter().map(|one| one.fraction).fold(0.0, f64::max);
    let is_right = |fraction: f64| fraction > 0.0 && (several || fraction >= best);
    let positive = given.iter().filter(|one| one.fraction > 0.0).count();
    if positive == 0 {
        texts.rich.warnings.push("No option is marked as right.".to_owned());
    } else if !several && positive > 1 {
        texts.rich.warnings.push(format!(
            "{positive} options give points, but only one may be chosen. Those of the greatest fraction ({} %) are right.",
            best * 100.0
        ));
    }
    let weighted = several || given.iter().any(|one| one.fraction.abs() > 0.0 && (one.fraction - 1.0).abs() > 0.0);
    let options = given
        .into_iter()
        .map(|one| Choice {
            is_right: is_right(one.fraction),
            weight: weighted.then_some(one.fraction),
            text: one.text,
            feedback: one.feedback,
        })
        .collect();
    Ok(Answer::Choice { options, several, weighted })
}

fn true_or_false(node: Node, texts: &mut Texts) -> Result<Answer, Other> {
    let given = typed(node, texts);
    let find = |name: &str| given.iter().find(|one| one.text.eq_ignore_ascii_case(name));
    let right = |name: &str, other: &str| {
        find(name).is_some_and(|one| one.fraction > 0.0) && find(other).is_none_or(|one| one.fraction <= 0.0)
    };
    let (is_true, is_false) = (right("true", "false"), right("false", "true"));
    if !is_true && !is_false {
        return Err(Other::Refused("it does not say whether true or false is right.".to_owned()));
    }
    let option = |text: &str, is_right: bool| Choice {
        text: text.to_owned(),
        is_right,
        weight: None,
        feedback: find(text).and_then(|one| one.feedback.clone()),
    };
    let options = vec![option("True", is_true), option("False", is_false)];
    Ok(Answer::Choice { options, several: false, weighted: false })
}

/// Keeps what an answer without points says, which no other field does.
fn keep_wrong(question: &mut Question, given: &Given) {
    let text = match &given.feedback {
        Some(feedback) => format!("{}: {feedback}", given.text),
        None => given.text.clone(),
    };
    question.extra.push(("wrong answer".to_owned(), text));
}

fn short_answer(question: &mut Question, node: Node, texts: &mut Texts) -> Result<Answer, Other> {
    let match_case = child_text(node, "usecase").is_some_and(|value| is_true(&value));
    let mut list = Vec::new();
    for given in typed(node, texts) {
        if given.fraction <= 0.0 {
            keep_wrong(question, &given);
            continue;
        }
        let mut one = accepted(short_answer_form(&given.text, match_case), given.fraction);
        one.feedback = given.feedback;
        list.push(one);
    }
    any_of(list)
}

fn any_of(mut list: Vec<Accepted>) -> Result<Answer, Other> {
    if list.is_empty() {
        return Err(Other::Refused("no answer gives points.".to_owned()));
    }
    show_best_first(&mut list);
    Ok(Answer::Accepted(list))
}

fn numerical(question: &mut Question, node: Node, texts: &mut Texts) -> Result<Answer, Other> {
    let units = units(node, texts);
    let mut list = Vec::new();
    for answer in children(node, "answer") {
        let text = text_of(answer).trim().to_owned();
        let given = Given { fraction: fraction(answer), feedback: feedback(answer, texts), text };
        if given.text.is_empty() {
            continue;
        }
        if given.fraction <= 0.0 {
            keep_wrong(question, &given);
            continue;
        }
        if given.text == "*" {
            texts.rich.warnings.push("The answer `*` gives points for any number and is left out.".to_owned());
            continue;
        }
        let Some(value) = decimal(&given.text) else {
            texts.rich.warnings.push(format!("The answer `{}` is no number and is left out.", given.text));
            continue;
        };
        let tolerance = match child_text(answer, "tolerance") {
            None => Tolerance::Absolute(Decimal::zero()),
            Some(text) => {
                if let Some(tolerance) = decimal(&text).filter(|value| !value.as_str().starts_with('-')) {
                    Tolerance::Absolute(tolerance)
                } else {
                    texts.rich.warnings.push(format!("The tolerance `{text}` is no positive number and is not used."));
                    Tolerance::Unsaid
                }
            }
        };
        let mut one = accepted_number(value, tolerance, given.fraction);
        one.feedback = given.feedback;
        list.extend(in_units(one, &units, &mut texts.rich.warnings));
    }
    if let Some(handling) = unit_handling(node, &units) {
        question.extra.push(("unit handling".to_owned(), handling.to_owned()));
    }
    any_of(list)
}

struct Unit {
    name: String,
    multiplier: Decimal,
}

/// The units, that of the answers first.
fn units(node: Node, texts: &mut Texts) -> Vec<Unit> {
    let mut units = Vec::new();
    for unit in children(node, "units").flat_map(|units| children(units, "unit")) {
        let Some(name) = child(unit, "unit_name").map(|name| texts.rich.html(&text_of(name), &|_| None)) else {
            continue;
        };
        let multiplier = child_text(unit, "multiplier").unwrap_or_else(|| "1".to_owned());
        match decimal(&multiplier) {
            Some(multiplier) if !name.is_empty() => units.push(Unit { name, multiplier }),
            _ => texts.rich.warnings.push(format!("The unit `{name}` has no usable multiplier and is left out.")),
        }
    }
    if let Some(base) = units.iter().position(|unit| unit.multiplier.as_str() == "1") {
        units[..=base].rotate_right(1);
    }
    units
}

/// The answer in each unit: 5500 W is 5.5 kW if the multiplier of kW is 0.001.
fn in_units(one: Accepted, units: &[Unit], warnings: &mut Vec<String>) -> Vec<Accepted> {
    let Some((base, others)) = units.split_first() else { return vec![one] };
    let mut list = vec![Accepted { unit: Some(base.name.clone()), ..one.clone() }];
    let Form::Number { value, tolerance } = &one.form else { return list };
    for unit in others {
        let converted = product(value, &unit.multiplier).zip(match tolerance {
            Tolerance::Absolute(absolute) => product(absolute, &unit.multiplier).map(Tolerance::Absolute),
            other => Some(other.clone()),
        });
        match converted {
            Some((value, tolerance)) => list.push(Accepted {
                form: Form::Number { value, tolerance },
                unit: Some(unit.name.clone()),
                ..one.clone()
            }),
            None => warnings.push(format!("The answer in `{}` has too many digits and is left out.", unit.name)),
        }
    }
    list
}

fn unit_handling(node: Node, units: &[Unit]) -> Option<&'static str> {
    let kind = child_text(node, "unitgradingtype");
    match kind.as_deref() {
        Some("1" | "2") => Some("a wrong unit costs points"),
        Some("0") if !units.is_empty() => Some("a unit may be left out"),
        _ => None,
    }
}

fn matching(node: Node, texts: &mut Texts) -> Result<Answer, Other> {
    let mut pairs = Vec::new();
    let mut distractors = Vec::new();
    for pair in children(node, "subquestion") {
        let left = texts.of(pair);
        let right = child(pair, "answer").map(|answer| texts.of(answer)).unwrap_or_default();
        match (left.is_empty(), right.is_empty()) {
            (false, false) => pairs.push((left, right)),
            (true, false) => distractors.push(right),
            (false, true) => texts.rich.warnings.push(format!("“{left}” has no right side and is left out.")),
            (true, true) => {}
        }
    }
    if pairs.is_empty() {
        return Err(Other::Refused("it has no pairs.".to_owned()));
    }
    Ok(Answer::Matching { pairs, distractors })
}

fn ordering(node: Node, texts: &mut Texts) -> Result<Answer, Other> {
    let mut steps: Vec<(f64, String)> = children(node, "answer")
        .map(|answer| (attribute(answer, "fraction").and_then(finite).unwrap_or(0.0), texts.of(answer)))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    if steps.len() < 2 {
        return Err(Other::Refused("it has fewer than two texts to order.".to_owned()));
    }
    // The position is in `fraction`. Some exports leave it at 0 and rely on the order of the file.
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Answer::Ordering(steps.into_iter().map(|(_, text)| text).collect()))
}

/// Whether the answers are embedded in the text.
pub(super) fn is_cloze(kind: &str) -> bool {
    matches!(kind, "cloze" | "multianswer")
}

/// The gaps that are embedded in a text. They are found before the text is reduced, since they hold HTML of their own.
fn cloze(question: &mut Question, node: Node, points: Option<f64>, texts: &mut Texts) -> Result<Vec<Part>, Other> {
    let Some(node) = child(node, "questiontext") else {
        return Err(Other::Refused("it has no text.".to_owned()));
    };
    let html = html_of(node);
    let mut inner = Rich::after(std::mem::take(&mut texts.rich.figures));
    let cloze = take_gaps(&html, &mut |source| inner.html(&unescaped(source), &|_| None));
    texts.rich.figures = inner.figures;
    texts.rich.warnings.extend(cloze.warnings);
    texts.rich.warnings.append(&mut inner.warnings);
    if cloze.parts.is_empty() || cloze.parts.len() > RESPONSES_MAX {
        return Err(Other::Refused(format!("its text has no gap, or more than {RESPONSES_MAX}.")));
    }
    question.stem = texts.reduced(&cloze.text, node);
    let mut parts = cloze.parts;
    let sum: f64 = parts.iter().filter_map(|part| part.points).sum();
    // Moodle shares the grade of the question by the weights of its gaps.
    if let Some(points) = points.filter(|_| sum > 0.0) {
        for part in &mut parts {
            part.points = part.points.map(|own| own * points / sum);
        }
    }
    Ok(parts)
}

/// A backslash in a gap escapes the characters that delimit it.
fn unescaped(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = (letter == '\\').then(|| letters.next_if(|next| matches!(next, '}' | '~' | '#' | '"' | '/')));
        out.push(escaped.flatten().unwrap_or(letter));
    }
    out
}

/// The gaps `[[1]]` of a text, each with the options of its group.
fn gaps(question: &mut Question, node: Node, points: f64, texts: &mut Texts) -> Result<Vec<Part>, Other> {
    let boxes: Vec<(String, String)> = children(node, "dragbox")
        .chain(children(node, "selectoption"))
        .map(|option| {
            let group = child_text(option, "group").unwrap_or_else(|| "1".to_owned());
            (texts.rich.html(&text_of(option), &|_| None), group)
        })
        .collect();
    if boxes.len() > GAP_OPTIONS_MAX {
        return Err(Other::Refused(format!("it has more than {GAP_OPTIONS_MAX} options.")));
    }
    let mut parts = Vec::new();
    let mut stem = String::new();
    let mut rest = question.stem.as_str();
    while let Some(at) = rest.find("[[") {
        let number = rest[at + 2..].split_once("]]").and_then(|(number, after)| {
            let number: usize = number.trim().parse().ok()?;
            Some((number, after))
        });
        stem.push_str(&rest[..at]);
        let Some((number, after)) = number else {
            stem.push_str("[[");
            rest = &rest[at + 2..];
            continue;
        };
        let Some((right, group)) = number.checked_sub(1).and_then(|index| boxes.get(index)) else {
            return Err(Other::Refused(format!("the gap [[{number}]] has no option.")));
        };
        let mut options: Vec<Choice> = Vec::new();
        for (text, _) in boxes.iter().filter(|(_, other)| other == group) {
            if !options.iter().any(|option| option.text == *text) {
                options.push(Choice { text: text.clone(), is_right: text == right, ..Choice::default() });
            }
        }
        if options.len() > OPTIONS_MAX {
            return Err(Other::Refused(format!("the gap [[{number}]] has more than {OPTIONS_MAX} options.")));
        }
        parts.push(Part {
            is_gap: true,
            answer: Answer::Choice { options, several: false, weighted: false },
            ..Part::default()
        });
        stem.extend(["[gap ", &parts.len().to_string(), "]"]);
        rest = after;
    }
    stem.push_str(rest);
    if parts.is_empty() || parts.len() > RESPONSES_MAX {
        return Err(Other::Refused(format!("its text has no gap, or more than {RESPONSES_MAX}.")));
    }
    let each = points / f64::from(u32::try_from(parts.len()).unwrap_or(u32::MAX));
    for part in &mut parts {
        part.points = Some(each);
    }
    question.stem = stem;
    Ok(parts)
}
