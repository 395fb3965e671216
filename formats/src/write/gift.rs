//! GIFT, the text format of Moodle.
//!
//! Texts are HTML, because a text in GIFT has no other way to say a dollar, a line break or a `<`. Each control character
//! has a backslash, in formulas too, as Moodle reads them.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Written;
use super::html::{self, Mark, html};
use super::listing::part_letter;
use super::lost::{Lost, best, percent, say_macros};
use crate::ours::{letter, shown};
use crate::{Accepted, Answer, Bank, Choice, Decimal, Figure, Form, Part, Question, Tolerance, labels};

/// Names of tags that say more than the tag.
const NAMED_TAGS: [&str; 5] = ["difficulty", "technique", "topic", "category", "minutes"];

/// Writes a bank.
#[must_use]
pub fn gift(bank: &Bank, with_answers: bool) -> Written {
    let mut written = Written::default();
    say_macros(bank, &mut written.lost);
    let mut out = String::new();
    let mut category = String::new();
    for question in &bank.questions {
        let mut lost = Lost::new(&question.place, &mut written.lost);
        let own = path(question).unwrap_or_default();
        if own != category {
            let _ = write!(out, "$CATEGORY: $course$/top{own}\n\n");
            category = own;
        }
        Writer { out: &mut out, question, with_answers, lost: &mut lost }.question();
    }
    written.bytes = out.into_bytes();
    written
}

/// The path of a category and topic, if a category of GIFT can be both.
fn path(question: &Question) -> Option<String> {
    let topic = question.topic.as_deref()?;
    let mut out = String::new();
    for name in question.category.iter().flat_map(|category| category.split('/')) {
        push_name(&mut out, name)?;
    }
    push_name(&mut out, topic)?;
    Some(out)
}

fn push_name(out: &mut String, name: &str) -> Option<()> {
    let is_plain = !name.is_empty() && name.trim() == name && !name.contains(['<', '&', '\n', '$']);
    if !is_plain || name.starts_with('/') || name.ends_with('/') || out.is_empty() && name.eq_ignore_ascii_case("top") {
        return None;
    }
    out.push('/');
    out.push_str(&escaped(name).replace('/', "//"));
    Some(())
}

/// A text whose control characters have a backslash.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for next in text.chars() {
        if matches!(next, '\\' | '~' | '=' | '#' | '{' | '}' | ':') {
            out.push('\\');
        }
        out.push(next);
    }
    out
}

/// Whether a text may be read as HTML.
fn may_be_html(text: &str) -> bool {
    let begins = |(at, sign): (usize, &str)| {
        let next = text[at + 1..].chars().next();
        next.is_some_and(|next| {
            next.is_ascii_alphanumeric() || matches!(next, '/' | '!' | '?') && sign == "<" || next == '#'
        })
    };
    text.match_indices(['<', '&']).any(begins)
}

struct Writer<'a, 'b> {
    out: &'a mut String,
    question: &'a Question,
    with_answers: bool,
    lost: &'a mut Lost<'b>,
}

impl Writer<'_, '_> {
    fn question(&mut self) {
        let question = self.question;
        let lost = &mut *self.lost;
        lost.say_if(
            question.exam.is_some() || question.number.is_some(),
            "GIFT has no exams; the exam and the number are left out.",
        );
        lost.say_if(question.is_bonus, "GIFT has no bonus points; that the question is a bonus is left out.");
        lost.say_if(question.parts.iter().any(|part| part.hint.is_some()), "GIFT has no hints; they are left out.");
        if !question.extra.is_empty() {
            let names: Vec<&str> = question.extra.iter().map(|(name, _)| name.as_str()).collect();
            lost.say(format!("GIFT has no further fields; these are left out: {}.", names.join(", ")));
        }
        let missing = question.figures.iter().filter(|figure| figure.bytes.is_none()).count();
        lost.say_if(missing > 0, "A picture is named and not included: its file is not here.");
        let is_gaps = !question.parts.is_empty() && question.parts.iter().all(|part| part.is_gap);
        match question.parts.as_slice() {
            [] => self.one(None, &question.stem, &Part::default()),
            [only] if !only.is_gap => {
                let stem = joined(&[&question.stem, &only.text]);
                self.one(None, &stem, only);
            }
            parts if is_gaps => {
                self.lost.say_if(parts.len() > 1, "Moodle takes one gap in a question of GIFT; only we read several.");
                self.gaps(parts);
            }
            parts => {
                self.lost
                    .say(format!("GIFT has no parts; each of the {} parts is a question of its own.", parts.len()));
                for (index, part) in parts.iter().enumerate() {
                    let text = joined(&[&question.stem, &part.text]);
                    self.one(Some(index), &text, part);
                }
            }
        }
    }

    /// Comment, title and the format of the text.
    fn head(&mut self, index: Option<usize>) {
        let question = self.question;
        let mut fields = Vec::new();
        let suffix = index.map(part_letter);
        if let Some(id) = &question.place.id {
            let id = suffix.as_ref().map_or_else(|| id.clone(), |suffix| format!("{id}-{suffix}"));
            fields.push(("id", id));
        }
        if path(question).is_none() {
            fields.extend(question.category.iter().map(|name| ("tag", format!("category:{name}"))));
            fields.extend(question.topic.iter().map(|name| ("tag", format!("topic:{name}"))));
        }
        fields.extend(question.difficulty.map(|level| ("tag", format!("difficulty:{level}"))));
        fields.extend(question.minutes.map(|minutes| ("tag", format!("minutes:{minutes}"))));
        fields.extend(question.techniques.iter().map(|name| ("tag", format!("technique:{name}"))));
        for tag in &question.tags {
            let name = tag.split([':', '=']).next().unwrap_or_default().trim().to_ascii_lowercase();
            if tag.contains([':', '=']) && NAMED_TAGS.contains(&name.as_str()) {
                self.lost.say(format!("The tag `{tag}` would be read as a field; it is left out."));
            } else {
                fields.push(("tag", tag.clone()));
            }
        }
        let mut comment = String::new();
        for (name, value) in fields {
            if value.contains([']', '[', '\n', '\r']) {
                self.lost.say(format!("A comment of GIFT cannot hold `{}`; it is left out.", value.replace('\n', " ")));
            } else {
                let _ = write!(comment, " [{name}:{value}]");
            }
        }
        if !comment.is_empty() {
            let _ = writeln!(self.out, "//{comment}");
        }
        if let Some(title) = &question.title {
            let title = suffix.map_or_else(|| title.clone(), |suffix| format!("{title} ({suffix})"));
            let title = title.replace('\n', " ");
            let title = if may_be_html(&title) { html(&title, &mut |_| None) } else { with_formulas(&title) };
            let _ = write!(self.out, "::{}::", escaped(&title));
        }
        self.out.push_str("[html]");
    }

    /// A text as HTML with its figures.
    fn text(&self, text: &str) -> String {
        escaped(&self.html(text))
    }

    fn html(&self, text: &str) -> String {
        // The end of a row is not the end of the formula.
        let text = text.replace("\\\\)", "\\\\ )").replace("\\\\]", "\\\\ ]");
        html(&text, &mut |mark| match mark {
            Mark::Figure(number) => {
                self.question.figures.get(number.checked_sub(1)?).map(|figure| image(figure, number))
            }
            Mark::Gap(_) => None,
        })
    }

    /// Figures that no text shows.
    fn other_figures(&self) -> String {
        let question = self.question;
        let mut texts = vec![question.stem.as_str()];
        texts.extend(question.solution.as_deref());
        for part in &question.parts {
            texts.push(&part.text);
            texts.extend(part.solution.as_deref());
            if let Answer::Choice { options, .. } = &part.answer {
                texts.extend(options.iter().map(|option| option.text.as_str()));
            }
        }
        let mut out = String::new();
        for (index, figure) in question.figures.iter().enumerate() {
            let mark = format!("[figure {}]", index + 1);
            if !texts.iter().any(|text| text.contains(&mark)) {
                let _ = write!(out, "<br/>{}", image(figure, index + 1));
            }
        }
        escaped(&out)
    }

    fn general(&self, part: Option<&Part>) -> Option<String> {
        let solutions = [self.question.solution.as_deref(), part.and_then(|part| part.solution.as_deref())];
        let text = joined(&solutions.map(Option::unwrap_or_default));
        (self.with_answers && !text.is_empty()).then(|| self.text(&text))
    }

    /// A question with its block at the end.
    fn one(&mut self, index: Option<usize>, text: &str, part: &Part) {
        self.lost.say_if(part.points.is_some(), "GIFT has no points; they are left out.");
        self.head(index);
        let block = if self.with_answers { self.block(&part.answer) } else { None };
        let mut stem = text.to_owned();
        if block.is_none() {
            self.push_options(&mut stem, &part.answer);
        }
        // A gap of another part is a blank here.
        for number in 1..=self.question.parts.len() {
            stem = stem.replace(&format!("[gap {number}]"), "____");
        }
        let stem = self.text(&stem);
        let figures = self.other_figures();
        let mut block = block.unwrap_or_default();
        if let Some(general) = self.general(Some(part)) {
            // An empty line would end the question.
            block.truncate(block.trim_end().len());
            let _ = write!(block, "\n####{general}\n");
        }
        let _ = write!(self.out, "{stem}{figures} {{{block}}}\n\n");
    }

    /// Options without a key are text.
    fn push_options(&mut self, stem: &mut String, answer: &Answer) {
        let list: Vec<&String> = match answer {
            Answer::Choice { options, .. } => options.iter().map(|option| &option.text).collect(),
            Answer::Matching { pairs, distractors } => {
                let mut rights: Vec<&String> = pairs.iter().map(|(_, right)| right).chain(distractors).collect();
                rights.sort_unstable();
                rights.dedup();
                for (left, _) in pairs {
                    let _ = write!(stem, "\n- {left}");
                }
                rights
            }
            Answer::Ordering(texts) => {
                let mut texts: Vec<&String> = texts.iter().collect();
                texts.sort_unstable();
                texts
            }
            Answer::Open | Answer::Accepted(_) => return,
        };
        self.lost.say("GIFT has no options without a key; they are text.");
        for (index, option) in list.iter().enumerate() {
            let _ = write!(stem, "\n{}. {option}", letter(index));
        }
    }

    fn gaps(&mut self, parts: &[Part]) {
        self.head(None);
        let question = self.question;
        let mut stem = self.text(&question.stem);
        for (index, part) in parts.iter().enumerate() {
            let block = match (self.with_answers, self.cloze(part)) {
                (false, _) => String::new(),
                (true, Some(cloze)) => cloze,
                (true, None) => {
                    self.lost.say_if(part.points.is_some(), "GIFT has no such points; they are left out.");
                    self.block(&part.answer).unwrap_or_default()
                }
            };
            let mark = format!("[gap {}]", index + 1);
            if stem.contains(&mark) {
                stem = stem.replacen(&mark, &format!("{{{block}}}"), 1);
            } else {
                let _ = write!(stem, " {{{block}}}");
            }
            self.lost.say_if(
                part.solution.is_some(),
                "A gap has no solution of its own; it stands in that of the question.",
            );
        }
        let solutions: Vec<&str> = question
            .solution
            .as_deref()
            .into_iter()
            .chain(parts.iter().filter_map(|part| part.solution.as_deref()))
            .collect();
        let text = joined(&solutions);
        let general =
            if self.with_answers && !text.is_empty() { format!("####{}", self.text(&text)) } else { String::new() };
        let _ = write!(self.out, "{stem}{}{general}\n\n", self.other_figures());
    }

    /// A gap with its points, as Moodle writes embedded answers.
    fn cloze(&mut self, part: &Part) -> Option<String> {
        let points = part.points.filter(|points| (0.0..1e6).contains(points) && points.fract() == 0.0)?;
        let mut alternatives: Vec<String> = Vec::new();
        let kind = match &part.answer {
            Answer::Choice { options, several, weighted } => {
                let weighted = *weighted && options.iter().any(|option| option.weight.unwrap_or(0.0) > 0.0);
                for option in options {
                    let text = self.text(&option.text);
                    let share = match option.weight.filter(|_| weighted) {
                        Some(weight) if !option.is_right || weight < 1.0 => format!("%{}%", percent(weight)),
                        _ if option.is_right => "=".to_owned(),
                        _ => String::new(),
                    };
                    alternatives.push(format!("{share}{text}{}", self.feedback(option.feedback.as_deref())));
                }
                if *several { "MULTIRESPONSE" } else { "MULTICHOICE" }
            }
            Answer::Accepted(list) => {
                let are_numbers = list.iter().all(|one| !matches!(one.form, Form::Text { .. }));
                let match_case = list.iter().any(|one| matches!(one.form, Form::Text { match_case: true, .. }));
                for one in list {
                    let text = if are_numbers { self.number(one, true) } else { Some(self.short(one)) };
                    let Some(text) = text else { continue };
                    let share =
                        if one.fraction < 1.0 { format!("%{}%", percent(one.fraction)) } else { "=".to_owned() };
                    alternatives.push(format!("{share}{text}{}", self.feedback(one.feedback.as_deref())));
                }
                match (are_numbers, match_case) {
                    (true, _) => "NUMERICAL",
                    (false, true) => "SHORTANSWER_C",
                    (false, false) => "SHORTANSWER",
                }
            }
            _ => return None,
        };
        (!alternatives.is_empty()).then(|| format!("{points}:{kind}:{}", alternatives.join("~")))
    }

    fn feedback(&self, text: Option<&str>) -> String {
        text.filter(|text| !text.is_empty()).map_or_else(String::new, |text| format!("#{}", self.text(text)))
    }

    /// What stands between the braces. `None` if GIFT has no such key.
    fn block(&mut self, answer: &Answer) -> Option<String> {
        match answer {
            Answer::Open => Some(String::new()),
            Answer::Accepted(list) => Some(self.accepted(list)),
            Answer::Choice { options, several, weighted } => self.choice(options, *several, *weighted),
            Answer::Matching { pairs, distractors } => Some(self.pairs(pairs, distractors)),
            Answer::Ordering(texts) => {
                self.lost.say("GIFT has no ordering; it is a matching with the places.");
                let place = |(index, text): (usize, &String)| (format!("Place {}", index + 1), text.clone());
                let pairs: Vec<(String, String)> = texts.iter().enumerate().map(place).collect();
                Some(self.pairs(&pairs, &[]))
            }
        }
    }

    fn pairs(&mut self, pairs: &[(String, String)], distractors: &[String]) -> String {
        self.lost.say_if(pairs.len() < 2, "Moodle takes no matching with fewer than two pairs.");
        let mut out = "\n".to_owned();
        for (left, right) in pairs {
            let _ = writeln!(out, "={} -> {}", self.text(left), self.text(right));
        }
        for right in distractors {
            let _ = writeln!(out, "= -> {}", self.text(right));
        }
        out
    }

    fn accepted(&mut self, list: &[Accepted]) -> String {
        let numbers = list.iter().filter(|one| !matches!(one.form, Form::Text { .. })).count();
        let are_numbers = numbers == list.len();
        self.lost.say_if(
            numbers > 0 && !are_numbers,
            "Numbers beside texts are texts in GIFT, without tolerance and range.",
        );
        self.lost.say_if(
            list.iter().any(|one| matches!(one.form, Form::Text { match_case: true, .. })),
            "GIFT cannot say that case matters; the answer is accepted in any case.",
        );
        let mut pieces = Vec::new();
        for one in list {
            let text = if are_numbers { self.number(one, false) } else { Some(self.short(one)) };
            let Some(text) = text else { continue };
            // A percentage at the start of an answer would be its share.
            let needs_share = one.fraction < 1.0 || text.starts_with('%');
            let share = if needs_share { format!("%{}%", percent(one.fraction)) } else { String::new() };
            pieces.push(format!("={share}{text}{}", self.feedback(one.feedback.as_deref())));
        }
        let kind = if are_numbers { "#" } else { "" };
        match pieces.as_slice() {
            [] => {
                let text = best(list).map(shown).unwrap_or_default();
                self.lost.say(format!("GIFT cannot say the answer `{text}`; the question has no key."));
                String::new()
            }
            // A number alone needs no sign.
            [only] if are_numbers && only.starts_with('=') && !only.starts_with("=%") => only.replacen('=', "#", 1),
            [only] => format!("{kind}{only}"),
            _ => format!("{kind}\n{}\n", pieces.join("\n")),
        }
    }

    /// A short answer. Moodle compares it as plain text, so it is HTML only where it must be.
    fn short(&mut self, one: &Accepted) -> String {
        let text = match &one.form {
            Form::Text { text, .. } => text.clone(),
            _ => shown(one),
        };
        let has_wildcards = matches!(one.form, Form::Text { has_wildcards: true, .. });
        let source = if text.contains(['$', '\\', '\n']) || text.contains("->") {
            self.text(&text)
        } else if text.contains(['<', '&']) {
            format!("[plain]{}", escaped(&text))
        } else {
            escaped(&text)
        };
        if has_wildcards { source } else { source.replace('*', "\\*") }
    }

    fn number(&mut self, one: &Accepted, is_cloze: bool) -> Option<String> {
        self.lost.say_if(one.unit.is_some(), "GIFT has no units; they are left out.");
        let colon = if is_cloze { "\\:" } else { ":" };
        match &one.form {
            Form::Text { .. } => None,
            Form::Number { value, tolerance: Tolerance::Unsaid } => Some(value.to_string()),
            Form::Number { value, tolerance: Tolerance::Absolute(by) } => Some(format!("{value}{colon}{by}")),
            Form::Number { value, tolerance: Tolerance::Relative(by) } => {
                self.lost.say("GIFT has no relative tolerance; it is written as the same absolute one.");
                let size = Decimal::parse(value.as_str().trim_start_matches('-')).unwrap_or_else(Decimal::zero);
                let by = labels::product(&size, by)
                    .or_else(|| Decimal::parse(&(size.to_f64() * by.to_f64()).to_string()))
                    .unwrap_or_else(Decimal::zero);
                Some(format!("{value}{colon}{by}"))
            }
            Form::Range { low: Some(low), high: Some(high) } => {
                self.lost.say_if(
                    !low.is_included || !high.is_included,
                    "In GIFT the ends of a range are accepted; here one is not.",
                );
                Some(format!("{}..{}", low.value, high.value))
            }
            Form::Range { .. } => {
                self.lost.say("GIFT has no range without an end; the answer is left out.");
                None
            }
        }
    }

    fn choice(&mut self, options: &[Choice], several: bool, weighted: bool) -> Option<String> {
        let right = options.iter().filter(|option| option.is_right).count();
        if right == 0 || options.is_empty() {
            return None;
        }
        if let [first, second] = options
            && !several
            && !weighted
            && right == 1
            && (first.text.as_str(), second.text.as_str()) == ("True", "False")
        {
            let (own, other) = if first.is_right { (first, second) } else { (second, first) };
            let mut out = if first.is_right { "T" } else { "F" }.to_owned();
            if own.feedback.is_some() || other.feedback.is_some() {
                let other = other.feedback.as_deref().map_or_else(String::new, |text| self.text(text));
                out.extend(["#", other.as_str()]);
                out.push_str(&self.feedback(own.feedback.as_deref()));
            }
            return Some(out);
        }
        let several = several || right == options.len();
        // With several right options, those of a weight above 0 are right.
        let gains = |option: &Choice| option.weight.unwrap_or(0.0) > 0.0;
        let is_lost = weighted && several && options.iter().any(|option| gains(option) != option.is_right);
        self.lost.say_if(is_lost, "In GIFT each option with a weight above 0 is right; here that is not so.");
        let weighted = weighted && (!several || options.iter().any(gains));
        self.lost
            .say_if(several && !weighted, "In GIFT several right options give shares of the points; here all or none.");
        let count = f64::from(u32::try_from(right).unwrap_or(1));
        let mut out = "\n".to_owned();
        for option in options {
            let weight = if several && !weighted {
                Some(if option.is_right { 1.0 / count } else { -1.0 })
            } else {
                option.weight.filter(|_| weighted)
            };
            let mark = match (several, option.is_right, weight) {
                (false, true, None) => "=".to_owned(),
                (false, true, Some(weight)) if weight >= 1.0 => "=".to_owned(),
                (false, true, Some(weight)) => format!("=%{}%", percent(weight)),
                (true, _, Some(weight)) => format!("~%{}%", percent(weight)),
                (false, false, Some(weight)) if weight != 0.0 => format!("~%{}%", percent(weight)),
                _ => "~".to_owned(),
            };
            let text = if option.text.is_empty() { "(empty)".to_owned() } else { self.text(&option.text) };
            let text =
                if mark.ends_with('%') || !text.starts_with('%') { text } else { format!("&percnt;{}", &text[1..]) };
            let _ = writeln!(out, "{mark}{text}{}", self.feedback(option.feedback.as_deref()));
        }
        Some(out)
    }
}

fn image(figure: &Figure, number: usize) -> String {
    let source = match &figure.bytes {
        Some(bytes) => format!("data:{};base64,{}", media_type(bytes), STANDARD.encode(bytes)),
        None if figure.source.is_empty() => format!("figure-{number}"),
        None => figure.source.clone(),
    };
    html::image(&source, figure.alt.as_deref())
}

fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', ..] => "image/png",
        [0xff, 0xd8, ..] => "image/jpeg",
        [b'G', b'I', b'F', ..] => "image/gif",
        _ => "image/svg+xml",
    }
}

/// A text that is no HTML, with its formulas between `\( \)`.
fn with_formulas(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut is_open = false;
    let mut letters = text.chars().peekable();
    let has_pairs = text.replace("\\$", "").matches('$').count().is_multiple_of(2);
    while let Some(next) = letters.next() {
        match next {
            '\\' => {
                out.push('\\');
                out.extend(letters.next());
            }
            '$' if has_pairs => {
                while letters.next_if_eq(&'$').is_some() {}
                out.push_str(if is_open { "\\)" } else { "\\(" });
                is_open = !is_open;
            }
            _ => out.push(next),
        }
    }
    out
}

/// Texts on lines of their own, without the empty ones.
fn joined(texts: &[&str]) -> String {
    let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}
