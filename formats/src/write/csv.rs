//! CSV for spreadsheets and for our own reader: one question or part a row.

use super::Written;
use super::html::{self, Mark, html};
use super::listing::{label, part_letter};
use super::lost::{Lost, percent, say_macros};
use crate::labels::EXTRA;
use crate::ours::{letter, parts_with_options, shown};
use crate::{Accepted, Answer, Bank, Choice, Decimal, Form, Part, Question, Tolerance};

/// Columns before the options.
const BEFORE: [&str; 17] = [
    "id",
    "title",
    "category",
    "topic",
    "techniques",
    "tags",
    "difficulty",
    "minutes",
    "exam",
    "year",
    "semester",
    "exam type",
    "number",
    "part",
    "question type",
    "question",
    "figure",
];
/// Columns after the options.
const AFTER: [&str; 10] = [
    "answer",
    "also accepted",
    "option weights",
    "match case",
    "tolerance",
    "unit",
    "points",
    "bonus",
    "hint",
    "solution",
];
/// Writes a bank.
#[must_use]
pub fn csv(bank: &Bank, with_answers: bool) -> Written {
    let mut written = Written::default();
    say_macros(bank, &mut written.lost);
    let mut table = Table::new(bank);
    for question in &bank.questions {
        let lost = &mut Lost::new(&question.place, &mut written.lost);
        Writer { table: &mut table, bank, question, with_answers, lost }.question();
    }
    written.bytes = table.text().into_bytes();
    written
}

struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(bank: &Bank) -> Self {
        let count = |part: Part| match &part.answer {
            Answer::Choice { options, .. } => options.len(),
            _ => 0,
        };
        let options = bank.questions.iter().flat_map(parts_with_options).map(count).max().unwrap_or(0).clamp(4, 26);
        let mut header: Vec<String> = BEFORE.iter().map(|name| (*name).to_owned()).collect();
        header.extend((0..options).map(letter));
        header.extend(AFTER.iter().map(|name| (*name).to_owned()));
        for (name, _) in bank.questions.iter().flat_map(|question| &question.extra) {
            let name = format!("{EXTRA}{name}");
            if !header.contains(&name) {
                header.push(name);
            }
        }
        Self { header, rows: Vec::new() }
    }

    /// Sets a cell of the last row.
    fn set(&mut self, column: &str, text: impl Into<String>) {
        let at = self.header.iter().position(|name| name == column);
        if let (Some(at), Some(row)) = (at, self.rows.last_mut()) {
            row[at] = text.into();
        }
    }

    fn add_row(&mut self) {
        self.rows.push(vec![String::new(); self.header.len()]);
    }

    fn text(&self) -> String {
        // Excel reads UTF-8 only after a byte-order mark.
        let mut out = "\u{feff}".to_owned();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }
}

/// A cell that a spreadsheet takes as a text, and no formula.
fn quoted(cell: &str) -> String {
    let cell = cell.replace('\r', " ");
    // Our reader takes the apostrophe off.
    let is_formula = cell.trim_start().trim_start_matches('\'').starts_with(['=', '+', '-', '@']);
    let cell = if is_formula { format!("'{}", cell.trim_start()) } else { cell };
    if cell.contains([',', ';', '"', '\n', '\t', '|']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

struct Writer<'a, 'b> {
    table: &'a mut Table,
    bank: &'a Bank,
    question: &'a Question,
    with_answers: bool,
    lost: &'a mut Lost<'b>,
}

impl Writer<'_, '_> {
    fn question(&mut self) {
        let question = self.question;
        let is_expanded =
            question.parts.iter().any(|part| matches!(part.answer, Answer::Matching { .. } | Answer::Ordering(_)));
        self.lost.say_if(is_expanded, "A table has no matching and no ordering; each pair and each place is a part.");
        self.lost.say_if(
            question.figures.iter().any(|figure| figure.bytes.is_some()),
            "A table has no pictures; only their names are kept.",
        );
        let parts = parts_with_options(question);
        if let [only] = parts.as_slice()
            && !only.is_gap
            && only.text.is_empty()
        {
            self.head();
            let stem = self.with_figures(&question.stem);
            self.set_text("question", &stem);
            let own = self.part(only);
            self.solution(question.solution.iter().cloned().chain(own));
            return;
        }
        // The rows of parts belong to the row of the stem by their id.
        if question.stem.is_empty() {
            self.lost.say("The question has no text before its parts; its title stands there.");
        }
        self.head();
        let title = question.title.clone().unwrap_or_else(|| "Answer all parts.".to_owned());
        let stem = if question.stem.is_empty() { title } else { question.stem.clone() };
        let stem = self.with_figures(&stem);
        self.set_text("question", &stem);
        self.solution(question.solution.iter().cloned());
        for (index, part) in parts.iter().enumerate() {
            self.table.add_row();
            self.table.set("id", question.place.id.clone().unwrap_or_default());
            self.table.set("part", part_letter(index));
            if part.is_gap {
                self.table.set("question", format!("[gap {}]", index + 1));
            } else if part.text.is_empty() {
                self.lost.say("A part has no text; its letter stands there.");
                self.table.set("question", label(index));
            } else {
                self.set_text("question", &part.text);
            }
            let own = self.part(part);
            self.solution(own.into_iter());
        }
    }

    fn head(&mut self) {
        let question = self.question;
        self.table.add_row();
        for (column, text) in [
            ("id", &question.place.id),
            ("title", &question.title),
            ("category", &question.category),
            ("topic", &question.topic),
        ] {
            let text = text.as_deref().unwrap_or_default();
            self.lost.say_if(text.trim() != text, "Blanks at the ends of names are left out.");
            self.table.set(column, text);
        }
        let techniques = self.list(&question.techniques);
        self.table.set("techniques", techniques);
        let tags = self.list(&question.tags);
        self.table.set("tags", tags);
        if let Some(difficulty) = question.difficulty {
            self.table.set("difficulty", difficulty.to_string());
        }
        if let Some(minutes) = question.minutes {
            self.table.set("minutes", amount(minutes));
        }
        if let Some(exam) = question.exam.and_then(|exam| self.bank.exams.get(exam)) {
            self.table.set("exam", exam.title.clone());
            // The title may say these, but need not.
            self.table.set("year", exam.year.map_or_else(String::new, |year| year.to_string()));
            self.table.set("semester", exam.semester.clone().unwrap_or_default());
            self.table.set("exam type", exam.kind.clone().unwrap_or_default());
        }
        if let Some(number) = question.number {
            self.table.set("number", number.to_string());
        }
        if question.is_bonus {
            self.table.set("bonus", "yes");
        }
        for (name, value) in &question.extra {
            self.table.set(&format!("{EXTRA}{name}"), value.clone());
        }
    }

    /// Words in one cell. A semicolon at the end says that commas do not separate them.
    fn list(&mut self, words: &[String]) -> String {
        let separates = |word: &String| word.contains([';', '|', '\n']);
        self.lost.say_if(words.iter().any(separates), "A word of a list has a separator of lists; it becomes a blank.");
        let words: Vec<String> = words.iter().map(|word| word.replace([';', '|', '\n'], " ")).collect();
        let end = if words.len() == 1 && words[0].contains(',') { ";" } else { "" };
        format!("{}{end}", words.join("; "))
    }

    /// The text of the question, with the figures that no text shows at its end.
    fn with_figures(&self, stem: &str) -> String {
        let question = self.question;
        let mut out = stem.to_owned();
        for number in 1..=question.figures.len() {
            let mark = format!("[figure {number}]");
            let has = |text: &str| text.contains(&mark);
            let in_part = |part: &Part| {
                has(&part.text)
                    || part.solution.as_deref().is_some_and(has)
                    || matches!(&part.answer, Answer::Choice { options, .. } if options.iter().any(|one| has(&one.text)))
            };
            if !has(&question.stem)
                && !question.solution.as_deref().is_some_and(has)
                && !question.parts.iter().any(in_part)
            {
                out.push('\n');
                out.push_str(&mark);
            }
        }
        out
    }

    /// Sets the text of a cell that is read as HTML or as plain text with formulas.
    fn set_text(&mut self, column: &str, text: &str) {
        let text = self.rich(text);
        self.table.set(column, text);
    }

    /// A text as it is, or as HTML where it would be read otherwise.
    fn rich(&self, text: &str) -> String {
        let has_figure = (1..=self.question.figures.len()).any(|number| text.contains(&format!("[figure {number}]")));
        let is_error = text.trim().starts_with('#');
        let is_html = has_figure || may_be_html(text) || is_error || text.contains('\u{fffc}');
        if !is_html {
            return text.to_owned();
        }
        let out = html(text, &mut |mark| match mark {
            Mark::Figure(number) => {
                let figure = self.question.figures.get(number.checked_sub(1)?)?;
                // Two pictures of one name would be one.
                let is_first = self.question.figures[..number - 1].iter().all(|other| other.source != figure.source);
                let is_name = is_first && !figure.source.is_empty() && !figure.source.starts_with("data:");
                let name = if is_name { figure.source.clone() } else { format!("figure-{number}") };
                Some(html::image(&name, figure.alt.as_deref()))
            }
            Mark::Gap(_) => None,
        });
        if is_error { out.replacen('#', "&#35;", 1) } else { out }
    }

    fn solution(&mut self, texts: impl Iterator<Item = String>) {
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        if self.with_answers {
            self.set_text("solution", &texts.join("\n"));
        }
    }

    /// Key, points and hint. Returns the solution with what options and answers say to the student.
    fn part(&mut self, part: &Part) -> Vec<String> {
        if let Some(points) = part.points {
            self.table.set("points", amount(points));
        }
        if let Some(hint) = &part.hint {
            self.set_text("hint", hint);
        }
        let mut said: Vec<String> = part.solution.iter().cloned().collect();
        match &part.answer {
            Answer::Choice { options, several, weighted } => {
                self.choice(options, *several, *weighted);
                let feedback =
                    options.iter().enumerate().filter_map(|(index, option)| Some((index, option.feedback.as_ref()?)));
                said.extend(feedback.map(|(index, text)| format!("{}: {text}", letter(index))));
            }
            Answer::Accepted(list) if self.with_answers => {
                self.accepted(list);
                said.extend(list.iter().filter_map(|one| Some(format!("{}: {}", shown(one), one.feedback.as_ref()?))));
            }
            _ => self.table.set("question type", "open"),
        }
        self.lost.say_if(
            said.len() > usize::from(part.solution.is_some()),
            "A table has no feedback; it stands in the solution.",
        );
        said
    }

    fn choice(&mut self, options: &[Choice], several: bool, weighted: bool) {
        for (index, option) in options.iter().enumerate() {
            let text = if option.text.is_empty() { "(empty)" } else { &option.text };
            self.set_text(&letter(index), text);
        }
        let right: Vec<String> = (0..options.len()).filter(|index| options[*index].is_right).map(letter).collect();
        if !self.with_answers || right.is_empty() || options.len() < 2 {
            self.lost.say_if(self.with_answers, "A choice needs two options and a right one; it has no key here.");
            self.table.set("question type", "open");
            return;
        }
        if several {
            self.table.set("question type", "multiple response");
        }
        self.table.set("answer", right.join(", "));
        if weighted {
            let weights: Vec<String> =
                options.iter().map(|option| option.weight.map_or_else(String::new, percent)).collect();
            self.table.set("option weights", weights.join("; "));
        }
    }

    fn accepted(&mut self, list: &[Accepted]) {
        let is_text = |one: &Accepted| matches!(one.form, Form::Text { .. });
        let are_texts = list.iter().all(is_text);
        if are_texts {
            self.table.set("question type", "text");
        }
        let cases: Vec<bool> = list
            .iter()
            .filter_map(|one| match one.form {
                Form::Text { match_case, .. } => Some(match_case),
                _ => None,
            })
            .collect();
        if cases.contains(&true) {
            self.lost.say_if(cases.contains(&false), "Case matters in all texts of a row or in none; here in all.");
            self.table.set("match case", "yes");
        }
        let units: Vec<&String> = list.iter().filter_map(|one| one.unit.as_ref()).collect();
        if let Some(unit) = units.first() {
            let numbers = list.iter().filter(|one| !is_text(one)).count();
            let is_same = units.iter().all(|other| other == unit) && units.len() == numbers;
            self.lost.say_if(!is_same, "A row has one unit; here all numbers get the first.");
            self.table.set("unit", (*unit).clone());
        }
        let mut also = Vec::new();
        for (index, one) in list.iter().enumerate() {
            let Some(text) = self.one(one, are_texts) else { continue };
            let is_first = index == 0 && one.fraction >= 1.0;
            if is_first {
                let is_rich = is_text(one) && text.contains(['$', '\\', '<', '&', '#']);
                if is_rich {
                    self.set_text("answer", &text);
                } else {
                    self.table.set("answer", text);
                }
                continue;
            }
            self.lost.say_if(text.contains('\n'), "A further answer stands on one line.");
            let text = text.replace("$$", "$").split_whitespace().collect::<Vec<_>>().join(" ");
            let share = if one.fraction < 1.0 || text.starts_with('%') {
                format!("%{}%", percent(one.fraction))
            } else {
                String::new()
            };
            also.push(format!("{share}{text}"));
        }
        let also = also.join("\n");
        self.set_text("also accepted", &also);
    }

    /// An accepted answer as the reader takes it.
    fn one(&mut self, one: &Accepted, are_texts: bool) -> Option<String> {
        Some(match &one.form {
            Form::Text { text, has_wildcards, .. } => {
                self.lost.say_if(*has_wildcards, "A table has no patterns; `*` is a character.");
                let may_be_number = !are_texts
                    && text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | ',' | '−' | '<'));
                self.lost.say_if(may_be_number, "A text beside numbers may be read as a number.");
                text.clone()
            }
            Form::Number { value, tolerance } => match tolerance {
                Tolerance::Unsaid => exact(value),
                Tolerance::Absolute(by) => format!("{} ± {}", exact(value), exact(by)),
                Tolerance::Relative(by) => {
                    let percent = Decimal::parse(&format!("{by}e2")).unwrap_or_else(Decimal::zero);
                    format!("{} ± {}%", exact(value), exact(&percent))
                }
            },
            Form::Range { low: None, high: None } => {
                self.lost.say("A table cannot say that any number is right; the answer is left out.");
                return None;
            }
            Form::Range { low: Some(low), high: Some(high) } if low.value.to_f64() > high.value.to_f64() => {
                self.lost.say("A range with its low end above its high end accepts nothing; it is left out.");
                return None;
            }
            Form::Range { low, high } => {
                let mark = |is_included: bool| if is_included { "" } else { "<" };
                let low = low
                    .as_ref()
                    .map_or_else(String::new, |bound| format!("{}{}", exact(&bound.value), mark(bound.is_included)));
                let high = high
                    .as_ref()
                    .map_or_else(String::new, |bound| format!("{}{}", mark(bound.is_included), exact(&bound.value)));
                format!("{low}..{high}")
            }
        })
    }
}

/// A number whose point cannot be taken for a separator of thousands.
fn exact(value: &Decimal) -> String {
    let has_three = value.as_str().split_once('.').is_some_and(|(_, fraction)| fraction.len() == 3);
    if has_three { format!("{value}0") } else { value.to_string() }
}

fn amount(value: f64) -> String {
    Decimal::parse(&value.to_string()).map_or_else(|| value.to_string(), |value| exact(&value))
}

/// Whether a text may be read as HTML.
fn may_be_html(text: &str) -> bool {
    text.match_indices(['<', '&']).any(|(at, _)| {
        let next = text[at + 1..].chars().next();
        next.is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, '/' | '!' | '?' | '#'))
    })
}
