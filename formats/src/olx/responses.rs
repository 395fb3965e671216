//! The responses of a problem: what is asked, and the key.

use roxmltree::Node;

use super::{Variables, expression, inner, part, pattern, with_formulas};
use crate::{
    Accepted, Answer, Bound, Choice, Decimal, Form, Part, Tolerance,
    rich::{FindFile, Instead, Rich, push_html},
    xml::{attribute, children, descendant, descendants, name},
};

/// Elements of a response that are no text.
const NO_TEXT: [&str; 24] = [
    "choicegroup",
    "checkboxgroup",
    "optioninput",
    "textline",
    "formulaequationinput",
    "textbox",
    "responseparam",
    "additional_answer",
    "correcthint",
    "stringequalhint",
    "regexphint",
    "hintgroup",
    "numericalhint",
    "formulahint",
    "optionhint",
    "compoundhint",
    "solution",
    "radiogroup",
    "truefalse",
    "answer",
    "script",
    "style",
    "radiotextgroup",
    "checkboxtextgroup",
];

/// The tolerance of the platform where a problem names none: 0.001 %.
const TOLERANCE: &str = "0.00001";

pub(super) struct Reader<'a> {
    pub(super) rich: &'a mut Rich,
    pub(super) find: &'a FindFile<'a>,
    pub(super) variables: &'a Variables,
    pub(super) warnings: &'a mut Vec<String>,
    pub(super) extra: &'a mut Vec<(String, String)>,
}

impl Reader<'_> {
    /// The parts of a response, or why they cannot be taken. `before` is the HTML between it and the response before.
    pub(super) fn read(&mut self, response: Node, before: &str) -> Vec<Result<Part, String>> {
        let html = [before, &own_html(response)].concat();
        let mut text = self.rich.html(&html, self.find);
        if text.is_empty()
            && let Some(label) = descendants(response, "choicegroup")
                .chain(descendants(response, "checkboxgroup"))
                .chain(descendants(response, "textline"))
                .find_map(|input| attribute(input, "label"))
        {
            label.clone_into(&mut text);
        }
        if let Some(variable) = self.variables.in_text(&html, false).map(str::to_owned) {
            return vec![Err(drawn(&variable))];
        }
        if let Some(variable) = self.variable_of_key(response) {
            return vec![Err(drawn(&variable))];
        }
        if &*name(response) == "optionresponse" {
            return self.dropdowns(response, &text);
        }
        let kind = name(response).into_owned();
        let answer = match kind.as_str() {
            "numericalresponse" => self.numerical(response),
            "stringresponse" => self.string(response),
            "multiplechoiceresponse" | "truefalseresponse" => self.choice(response, "choicegroup"),
            "choiceresponse" => self.choice(response, "checkboxgroup"),
            "formularesponse" => self.formula(response),
            _ => Err("this kind is not supported".to_owned()),
        };
        vec![answer.map(|answer| part(text, answer))]
    }

    /// A variable in an attribute or text of the key.
    fn variable_of_key(&self, response: Node) -> Option<String> {
        response.descendants().filter(Node::is_element).find_map(|node| {
            let is_key =
                matches!(&*name(node), "responseparam" | "additional_answer" | "optioninput" | "option" | "choice")
                    || node == response;
            let of_attributes = node
                .attributes()
                .filter(|known| matches!(known.name(), "answer" | "default" | "options" | "correct" | "samples"));
            let found = of_attributes.filter(|_| is_key).find_map(|known| self.variables.in_text(known.value(), true));
            let of_text =
                || node.text().filter(|_| node != response).and_then(|text| self.variables.in_text(text, false));
            found.or_else(of_text).map(str::to_owned)
        })
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// The answers of `additional_answer`, as an attribute or, in old problems, as a text.
    fn additional<'a>(response: Node<'a, '_>) -> Vec<&'a str> {
        let answer = |node: Node<'a, '_>| attribute(node, "answer").or_else(|| node.text()).map(str::trim);
        descendants(response, "additional_answer").filter_map(answer).filter(|answer| !answer.is_empty()).collect()
    }

    fn feedback(&mut self, response: Node) -> Option<String> {
        let hint = children(response, "correcthint").next()?;
        Some(self.rich.html(&inner(hint), self.find)).filter(|text| !text.is_empty())
    }

    fn numerical(&mut self, response: Node) -> Result<Answer, String> {
        let answer = attribute(response, "answer")
            .map(str::trim)
            .filter(|answer| !answer.is_empty())
            .ok_or("it has no answer")?;
        if attribute(response, "tolerance").is_some() {
            self.warn("An attribute `tolerance` is ignored, as the platform does; only <responseparam> counts.");
        }
        let param = |kind: &str| {
            descendants(response, "responseparam")
                .find(|node| attribute(*node, "type").is_some_and(|known| known.eq_ignore_ascii_case(kind)))
                .and_then(|node| attribute(node, "default"))
                .map(str::trim)
                .filter(|value| !value.is_empty())
        };
        let said = param("tolerance");
        let tolerance = match said {
            Some(text) => tolerance(text)?,
            None => Tolerance::Relative(Decimal::parse(TOLERANCE).ok_or("it has no tolerance")?),
        };
        let unit = descendants(response, "formulaequationinput")
            .chain(descendants(response, "textline"))
            .find_map(|input| attribute(input, "trailing_text"))
            .map(str::trim)
            .filter(|unit| !unit.is_empty())
            .map(str::to_owned);
        let mut accepted = Vec::new();
        for text in std::iter::once(answer).chain(Self::additional(response)) {
            let form = if let Some(range) = range(text) {
                if said.is_some() {
                    self.warn(format!("The tolerance does not count for the range {text}, as on the platform."));
                }
                range?
            } else {
                let value = expression::value(text).map_err(|why| format!("the answer \"{}\": {why}", short(text)))?;
                if said.is_none() {
                    let text = short(text);
                    self.warn(format!("The answer {text} names no tolerance; the platform's 0.001 % was taken."));
                }
                Form::Number { value, tolerance: tolerance.clone() }
            };
            accepted.push(Accepted { form, fraction: 1.0, unit: unit.clone(), feedback: None });
        }
        accepted[0].feedback = self.feedback(response);
        if let Some(partial) = attribute(response, "partial_credit") {
            let mut is_kept = false;
            for text in descendants(response, "responseparam")
                .filter_map(|node| attribute(node, "partial_answers"))
                .flat_map(|list| list.split(','))
            {
                if let Ok(value) = expression::value(text) {
                    let form = Form::Number { value, tolerance: tolerance.clone() };
                    accepted.push(Accepted { form, fraction: 0.5, unit: unit.clone(), feedback: None });
                    is_kept = true;
                }
            }
            if !is_kept || partial.contains("close") {
                self.warn(format!("The partial credit \"{}\" for near answers is lost.", short(partial)));
            }
        }
        Ok(Answer::Accepted(accepted))
    }

    fn string(&mut self, response: Node) -> Result<Answer, String> {
        let answer = attribute(response, "answer")
            .map(str::trim)
            .filter(|answer| !answer.is_empty())
            .ok_or("it has no answer")?;
        let kind = attribute(response, "type").unwrap_or_default().to_lowercase();
        let has = |word: &str| kind.split_whitespace().any(|known| known == word);
        let match_case = !has("ci");
        let mut answers = vec![answer];
        answers.extend(Self::additional(response));
        let feedback = self.feedback(response);
        for hint in children(response, "stringequalhint").chain(children(response, "regexphint")) {
            let name = format!("feedback for {}", attribute(hint, "answer").unwrap_or_default());
            let text = self.rich.html(&inner(hint), self.find);
            self.extra.push((name, text));
        }
        let matches = if has("regexp") {
            let matches = pattern::matches(&answers)
                .map_err(|why| format!("the pattern \"{}\": {why}", short(&answers.join("|"))))?;
            let open: Vec<String> =
                matches.iter().filter(|one| one.is_open).map(|one| format!("\"{}\"", one.text)).collect();
            if !open.is_empty() {
                self.warn(format!(
                    "The pattern ^{}$ binds its outer ends only. As on the platform, it also lets {} pass{}.",
                    answers.join("|"),
                    open.join(", "),
                    examples(&matches)
                ));
            }
            matches.into_iter().map(|one| (one.text, one.is_open)).collect()
        } else {
            // Old problems separate the answers by `_or_`.
            let texts =
                answers.iter().flat_map(|answer| answer.split("_or_")).map(str::trim).filter(|text| !text.is_empty());
            texts.map(|text| (text.to_owned(), false)).collect::<Vec<_>>()
        };
        let accepted = matches.into_iter().enumerate().map(|(at, (text, has_wildcards))| Accepted {
            form: Form::Text { text, match_case, has_wildcards },
            fraction: 1.0,
            unit: None,
            feedback: feedback.clone().filter(|_| at == 0),
        });
        Ok(Answer::Accepted(accepted.collect()))
    }

    fn choice(&mut self, response: Node, group: &str) -> Result<Answer, String> {
        let group =
            descendant(response, group).or_else(|| descendant(response, "radiogroup")).ok_or("it has no options")?;
        let partial = attribute(response, "partial_credit").unwrap_or_default().to_lowercase();
        let is_single = &*name(response) != "choiceresponse";
        let mut options = Vec::new();
        let mut fixed = Vec::new();
        for node in children(group, "choice") {
            let mut html = String::new();
            push_html(&mut html, node, &mut |inner| match inner.tag_name().name() {
                "choicehint" | "compoundhint" => Instead::Html(String::new()),
                _ => Instead::Same,
            });
            let text = self.rich.html(&with_formulas(&html), self.find);
            let correct = attribute(node, "correct").unwrap_or_default().to_lowercase();
            let is_right = correct == "true";
            let mut weight = None;
            if is_single && partial == "points" {
                let points = attribute(node, "point_value").and_then(|value| value.trim().parse::<f64>().ok());
                weight = Some(match correct.as_str() {
                    "true" => 1.0,
                    "partial" => points.unwrap_or(0.5).clamp(0.0, 1.0),
                    _ => 0.0,
                });
            } else if correct == "partial" {
                self.warn(format!(
                    "The option \"{}\" is partly right; without `partial_credit` it is wrong.",
                    short(&text)
                ));
            }
            let hints: Vec<String> = children(node, "choicehint")
                .map(|hint| {
                    let text = self.rich.html(&inner(hint), self.find);
                    match attribute(hint, "selected") {
                        Some("false") => format!("Not chosen: {text}"),
                        _ => text,
                    }
                })
                .collect();
            let feedback = Some(hints.join("\n")).filter(|text| !text.is_empty());
            if attribute(node, "fixed") == Some("true") {
                fixed.push(text.clone());
            }
            if text.is_empty() {
                return Err("an option has no text".to_owned());
            }
            options.push(Choice { text, is_right, weight, feedback });
        }
        if options.len() < 2 {
            return Err("it has fewer than two options".to_owned());
        }
        if options.len() > 26 {
            return Err("it has more than 26 options".to_owned());
        }
        if !options.iter().any(|option| option.is_right) {
            return Err("no option is right".to_owned());
        }
        for hint in descendants(group, "compoundhint") {
            let name = format!("feedback for {}", attribute(hint, "value").unwrap_or_default());
            let text = self.rich.html(&inner(hint), self.find);
            self.extra.push((name, text));
        }
        if attribute(group, "shuffle") == Some("true") {
            let last = if fixed.is_empty() {
                "true".to_owned()
            } else {
                format!("true, but {} keeps its place", fixed.join(", "))
            };
            self.extra.push(("shuffle".to_owned(), last));
        }
        if !is_single && !partial.is_empty() {
            self.warn(format!(
                "The partial credit \"{}\" for boxes that are partly right is lost.",
                partial.to_uppercase()
            ));
        }
        let weighted = options.iter().any(|option| option.weight.is_some());
        Ok(Answer::Choice { options, several: !is_single, weighted })
    }

    /// Each menu is a part.
    fn dropdowns(&mut self, response: Node, text: &str) -> Vec<Result<Part, String>> {
        let menus: Vec<Node> = descendants(response, "optioninput").collect();
        if menus.is_empty() {
            return vec![Err("it has no menu".to_owned())];
        }
        if attribute(response, "partial_credit").is_some() {
            self.warn("The partial credit of a menu is lost.");
        }
        let mut parts = Vec::new();
        for (at, menu) in menus.into_iter().enumerate() {
            let label = if at == 0 { text } else { attribute(menu, "label").unwrap_or_default() };
            parts.push(self.dropdown(menu).map(|answer| part(label.to_owned(), answer)));
        }
        parts
    }

    fn dropdown(&mut self, menu: Node) -> Result<Answer, String> {
        let right = attribute(menu, "correct").unwrap_or_default().trim();
        let mut options: Vec<Choice> = Vec::new();
        for node in children(menu, "option") {
            let mut html = String::new();
            push_html(&mut html, node, &mut |inner| match inner.tag_name().name() {
                "optionhint" => Instead::Html(String::new()),
                _ => Instead::Same,
            });
            let text = self.rich.html(&with_formulas(&html), self.find);
            let is_right = attribute(node, "correct").is_some_and(|value| value.eq_ignore_ascii_case("true"))
                || (!right.is_empty() && text == right);
            let feedback = children(node, "optionhint").next().map(|hint| self.rich.html(&inner(hint), self.find));
            options.push(Choice { text, is_right, weight: None, feedback });
        }
        if options.is_empty() {
            let texts = listed(attribute(menu, "options").unwrap_or_default())
                .ok_or("its list of options is not understood")?;
            options =
                texts.into_iter().map(|text| Choice { is_right: text == right, text, ..Choice::default() }).collect();
        }
        if options.len() < 2 || options.len() > 26 {
            return Err(format!("it has {} options", options.len()));
        }
        if !options.iter().any(|option| option.is_right) {
            return Err(format!("the right option \"{}\" is not in its list", short(right)));
        }
        Ok(Answer::Choice { options, several: false, weighted: false })
    }

    fn formula(&mut self, response: Node) -> Result<Answer, String> {
        let answer = attribute(response, "answer")
            .map(str::trim)
            .filter(|answer| !answer.is_empty())
            .ok_or("it has no answer")?;
        let kind = attribute(response, "type").unwrap_or_default().to_lowercase();
        let match_case = kind.split_whitespace().any(|word| word == "cs");
        if let Some(samples) = attribute(response, "samples") {
            let variables = samples.split('@').next().unwrap_or_default();
            self.extra
                .push(("variables".to_owned(), variables.split(',').map(str::trim).collect::<Vec<_>>().join(", ")));
            self.extra.push(("samples".to_owned(), samples.to_owned()));
        }
        if descendants(response, "responseparam").next().is_some() {
            self.warn("The tolerance of a formula is lost: formulas are compared exactly.");
        }
        let mut texts = vec![answer];
        texts.extend(Self::additional(response));
        let accepted = texts.into_iter().map(|text| Accepted {
            form: Form::Text { text: text.to_owned(), match_case, has_wildcards: false },
            fraction: 1.0,
            unit: None,
            feedback: None,
        });
        Ok(Answer::Accepted(accepted.collect()))
    }
}

/// What a response asks, without its inputs and its key.
pub(super) fn own_html(response: Node) -> String {
    let mut html = String::new();
    push_html(&mut html, response, &mut |node| {
        let tag = node.tag_name().name();
        if NO_TEXT.contains(&tag) {
            return Instead::Html(String::new());
        }
        // A label stands on a line of its own.
        if tag == "label" || tag == "description" {
            return Instead::Html(format!("<p>{}</p>", inner(node)));
        }
        Instead::Same
    });
    with_formulas(&html)
}

fn drawn(variable: &str) -> String {
    format!("it has ${variable}, whose value a script draws at random")
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Texts that an open pattern lets pass although they are not the answer.
fn examples(matches: &[pattern::Match]) -> String {
    let shown = |text: &str| -> Option<String> {
        let core = text.trim_matches('*').to_lowercase();
        match (text.starts_with('*'), text.ends_with('*')) {
            (false, true) => Some(format!("\"{core}ian\"")),
            (true, _) => Some(format!("\"sir {core}\"")),
            _ => None,
        }
    };
    let list: Vec<String> =
        matches.iter().filter(|one| one.is_open).filter_map(|one| shown(&one.text)).take(3).collect();
    if list.is_empty() { String::new() } else { format!(", such as {}", list.join(", ")) }
}

/// A tolerance as the platform reads it: an amount, or a percentage of the answer.
fn tolerance(text: &str) -> Result<Tolerance, String> {
    let invalid = |_| format!("the tolerance \"{}\" is no number", short(text));
    let (value, is_relative) = match text.strip_suffix('%') {
        Some(percent) => (expression::value(percent).map_err(invalid)?, true),
        None => (expression::value(text).map_err(invalid)?, false),
    };
    let value = Decimal::parse(value.as_str().trim_start_matches('-')).ok_or_else(|| invalid(String::new()))?;
    if is_relative {
        let share = Decimal::parse(&format!("{}e-2", value.as_str())).ok_or_else(|| invalid(String::new()))?;
        return Ok(Tolerance::Relative(share));
    }
    Ok(Tolerance::Absolute(value))
}

/// Reads `[5,7)`. `None` if the text is no range.
fn range(text: &str) -> Option<Result<Form, String>> {
    let low_included = text.starts_with('[');
    let high_included = text.ends_with(']');
    let inside = text.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
    // `(1+2)*(3,4)` has its comma in brackets of its own.
    let mut depth = 0_i32;
    let mut comma = None;
    for (at, c) in inside.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                if comma.is_some() {
                    return None;
                }
                comma = Some(at);
            }
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    let at = comma?;
    let bound = |text: &str, is_included| -> Result<Option<Bound>, String> {
        let value = expression::value(text).map_err(|why| format!("the bound \"{}\": {why}", short(text)))?;
        Ok(Some(Bound { value, is_included }))
    };
    let form = bound(&inside[..at], low_included)
        .and_then(|low| Ok(Form::Range { low, high: bound(&inside[at + 1..], high_included)? }));
    Some(form)
}

/// Reads `('grows','stays, at last','falls')`.
fn listed(text: &str) -> Option<Vec<String>> {
    let inside = text.trim().strip_prefix(['(', '['])?.strip_suffix([')', ']'])?;
    let mut list = Vec::new();
    let mut letters = inside.chars().peekable();
    loop {
        while letters.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        let Some(first) = letters.next() else { break };
        let mut entry = String::new();
        if first == '\'' || first == '"' {
            loop {
                match letters.next()? {
                    '\\' => entry.extend(letters.next()),
                    c if c == first => break,
                    c => entry.push(c),
                }
            }
        } else {
            entry.push(first);
            while let Some(c) = letters.next_if(|c| *c != ',') {
                entry.push(c);
            }
        }
        list.push(entry.trim().to_owned());
        if list.len() > 100 {
            return None;
        }
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_options_keep_their_commas() {
        assert_eq!(listed("('grows','stays, at last',\"it's\")").unwrap(), ["grows", "stays, at last", "it's"]);
        assert_eq!(listed("(a, b)").unwrap(), ["a", "b"]);
        assert_eq!(listed("('a"), None);
        assert_eq!(listed("('a)"), None);
    }

    #[test]
    fn ranges_have_open_and_closed_ends() {
        let Some(Ok(Form::Range { low: Some(low), high: Some(high) })) = range("[5,7)") else { panic!() };
        assert_eq!(
            (low.value.as_str(), low.is_included, high.value.as_str(), high.is_included),
            ("5", true, "7", false)
        );
        for text in ["(1+2)*3", "5", "(1)", "[1,2,3]", "(1,2)*(3,4)"] {
            assert!(range(text).is_none(), "{text}");
        }
        assert!(range("[a,2]").unwrap().is_err());
    }
}
