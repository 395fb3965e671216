//! Notes of Anki, exported as text: a note a line, and settings such as `#separator:tab` above.

use crate::{
    Accepted, Answer, Bank, Form, FormatError, Part, Place, Question, Remark, csv::fields_of_lines, decode::decode,
    package::Package, rich::Rich, text::plain_to_text,
};

/// A longer back of a card is a solution: nobody types it.
const ANSWER_CHARS_MAX: usize = 160;
const CLOZES_MAX: usize = 200;

/// Settings of an export.
#[derive(Debug, Default)]
struct Settings {
    separator: Option<char>,
    is_html: bool,
    tags: Vec<String>,
    deck: Option<String>,
    /// Numbers of columns, from 1.
    guid_column: Option<usize>,
    note_type_column: Option<usize>,
    deck_column: Option<usize>,
    tags_column: Option<usize>,
    columns: Vec<String>,
}

/// Whether a text begins with the settings of an export of Anki.
#[must_use]
pub fn has_settings(text: &str) -> bool {
    let known = ["#separator:", "#html:", "#tags", "#columns:", "#deck", "#notetype", "#guid"];
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().to_ascii_lowercase();
    known.iter().any(|start| first.starts_with(start))
}

/// Reads notes: the first field is the question and the second its answer, or a text with `{{c1::…}}`.
///
/// # Errors
/// The file is no text, or is a collection of Anki.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if Package::is_zip(bytes) {
        return Err(FormatError(
            "This is a collection of Anki (.apkg or .colpkg). Export the notes as plain text (.txt).".to_owned(),
        ));
    }
    let decoded = decode(bytes)?;
    let place = |line: Option<u32>, id: Option<String>| Place { file: file_name.to_owned(), sheet: None, line, id };
    let mut bank = Bank::default();
    if let Some(text) = decoded.warning {
        bank.warnings.push(Remark { place: place(None, None), text });
    }
    let mut settings = Settings::default();
    let mut at = 0;
    let mut line = 1;
    for text in decoded.text.lines() {
        if !text.starts_with('#') {
            break;
        }
        if !settings.read(text) {
            let text = format!("The setting \"{}\" is not known.", text.chars().take(60).collect::<String>());
            bank.skipped.push(Remark { place: place(Some(line), None), text });
        }
        at = (at + text.len() + 1).min(decoded.text.len());
        line += 1;
    }
    let body = &decoded.text[at..];
    let separator = settings.separator.unwrap_or_else(|| {
        if body.contains('\t') {
            '\t'
        } else if body.contains(';') {
            ';'
        } else {
            ','
        }
    });
    let (rows, broken) = fields_of_lines(body, separator, line)?;
    for (line, text) in broken {
        bank.refused.push(Remark { place: place(Some(line), None), text });
    }
    for (line, fields) in rows {
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let note = Note { settings: &settings, fields: &fields };
        let id = note.column(settings.guid_column);
        let place = place(Some(line), id);
        match note.question(place.clone()) {
            Ok((question, warnings)) => {
                bank.warnings.extend(warnings.into_iter().map(|text| Remark { place: place.clone(), text }));
                bank.questions.push(question);
            }
            Err(why) => bank.refused.push(Remark { place, text: format!("The note was refused: {why}.") }),
        }
    }
    if bank.questions.is_empty() && bank.refused.is_empty() {
        return Err(FormatError("The file has no notes.".to_owned()));
    }
    Ok(bank)
}

impl Settings {
    /// Reads a line such as `#tags column:3`. Returns whether it is known.
    fn read(&mut self, line: &str) -> bool {
        let Some((name, value)) = line[1..].split_once(':') else { return false };
        let trimmed = value.trim();
        let number = || trimmed.parse::<usize>().ok().filter(|number| *number > 0);
        match name.trim().to_ascii_lowercase().as_str() {
            "separator" => {
                self.separator = match trimmed.to_ascii_lowercase().as_str() {
                    "tab" => Some('\t'),
                    "comma" => Some(','),
                    "semicolon" => Some(';'),
                    "space" => Some(' '),
                    "pipe" => Some('|'),
                    "colon" => Some(':'),
                    _ => value.trim_end_matches('\n').chars().next(),
                };
            }
            "html" => self.is_html = trimmed == "true",
            "tags" => self.tags = trimmed.split_whitespace().map(str::to_owned).collect(),
            "deck" => self.deck = Some(trimmed.to_owned()),
            "columns" => {
                let separator = self.separator.unwrap_or('\t');
                self.columns = value.split(separator).map(|name| name.trim().to_owned()).collect();
            }
            "guid column" => self.guid_column = number(),
            "notetype column" => self.note_type_column = number(),
            "deck column" => self.deck_column = number(),
            "tags column" => self.tags_column = number(),
            "notetype" | "if matches" => {}
            _ => return false,
        }
        true
    }

    fn is_special(&self, column: usize) -> bool {
        [self.guid_column, self.note_type_column, self.deck_column, self.tags_column].contains(&Some(column))
    }
}

/// A note with its fields.
struct Note<'a> {
    settings: &'a Settings,
    fields: &'a [String],
}

impl Note<'_> {
    fn column(&self, number: Option<usize>) -> Option<String> {
        let text = self.fields.get(number?.checked_sub(1)?)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn question(&self, place: Place) -> Result<(Question, Vec<String>), String> {
        let mut rich = Rich::default();
        let mut question = Question { place, ..Question::default() };
        let deck = self.column(self.settings.deck_column).or_else(|| self.settings.deck.clone()).unwrap_or_default();
        let mut steps = deck.split("::").map(str::trim).filter(|step| !step.is_empty()).map(str::to_owned);
        let first = steps.next();
        match steps.last() {
            Some(last) => (question.category, question.topic) = (first, Some(last)),
            None => question.topic = first,
        }
        let tags = self.column(self.settings.tags_column).unwrap_or_default();
        question.tags = self.settings.tags.iter().cloned().chain(tags.split_whitespace().map(str::to_owned)).collect();
        let mut warnings = Vec::new();
        let fields: Vec<(usize, &String)> =
            self.fields.iter().enumerate().filter(|(at, _)| !self.settings.is_special(at + 1)).collect();
        let front = fields.first().map(|(_, text)| text.as_str()).unwrap_or_default();
        let back = fields.get(1).map(|(_, text)| text.as_str()).unwrap_or_default();
        if self.fields.iter().any(|field| field.contains("[sound:")) {
            warnings.push("A sound is lost.".to_owned());
        }
        if front.contains("{{c") {
            self.cloze(front, &mut question, &mut rich)?;
            question.solution = Some(self.text(back, &mut rich)).filter(|text| !text.is_empty());
        } else {
            question.stem = self.text(front, &mut rich);
            let answer = self.text(back, &mut rich);
            if question.stem.is_empty() {
                return Err("the front is empty".to_owned());
            }
            if answer.is_empty() {
                return Err("the back is empty".to_owned());
            }
            let is_short = answer.chars().count() <= ANSWER_CHARS_MAX
                && answer.lines().count() == 1
                && !answer.contains("[figure ");
            let mut part = Part::default();
            if is_short {
                part.answer = accepted(answer);
            } else {
                warnings.push(
                    "The back is too long to type; it is the solution, and the student marks the answer.".to_owned(),
                );
                question.solution = Some(answer);
            }
            question.parts.push(part);
        }
        for (at, field) in fields.iter().skip(2).filter(|(_, field)| !field.trim().is_empty()) {
            let name = self.settings.columns.get(*at).filter(|name| !name.is_empty()).cloned();
            question.extra.push((name.unwrap_or_else(|| format!("field {}", at + 1)), self.text(field, &mut rich)));
        }
        question.figures = rich.figures;
        warnings.append(&mut rich.warnings);
        Ok((question, warnings))
    }

    /// A text of the note with Anki's own marks of formulas as those of LaTeX.
    fn text(&self, field: &str, rich: &mut Rich) -> String {
        let mut text = field.to_owned();
        for (mark, formula) in
            [("[latex]", ""), ("[/latex]", ""), ("[$$]", "\\["), ("[/$$]", "\\]"), ("[$]", "\\("), ("[/$]", "\\)")]
        {
            text = text.replace(mark, formula);
        }
        while let Some(start) = text.find("[sound:") {
            let Some(length) = text[start..].find(']') else { break };
            text.replace_range(start..=start + length, "");
        }
        if self.settings.is_html { rich.html(&text, &|_| None) } else { plain_to_text(&text) }
    }

    /// Gaps such as `{{c1::answer::hint}}`.
    fn cloze(&self, field: &str, question: &mut Question, rich: &mut Rich) -> Result<(), String> {
        let mut stem = String::new();
        let mut rest = field;
        while let Some(start) = rest.find("{{c") {
            let inside = &rest[start + 3..];
            let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
            let Some(body) = inside[digits..].strip_prefix("::").filter(|_| digits > 0) else {
                stem.push_str(&rest[..start + 3]);
                rest = inside;
                continue;
            };
            let end = end_of(body).ok_or("a gap is not closed by }}")?;
            if body[..end].contains("{{c") {
                return Err("a gap is within another".to_owned());
            }
            if question.parts.len() >= CLOZES_MAX {
                return Err(format!("it has more than {CLOZES_MAX} gaps"));
            }
            let (answer, hint) =
                body[..end].split_once("::").map_or((&body[..end], None), |(answer, hint)| (answer, Some(hint)));
            let answer = self.text(answer, rich);
            if answer.is_empty() {
                return Err("a gap is empty".to_owned());
            }
            let hint = hint.map(|hint| self.text(hint, rich)).filter(|hint| !hint.is_empty());
            question.parts.push(Part { is_gap: true, answer: accepted(answer), hint, ..Part::default() });
            stem.push_str(&rest[..start]);
            stem.extend(["[gap ", &question.parts.len().to_string(), "]"]);
            rest = &body[end + 2..];
        }
        stem.push_str(rest);
        if question.parts.is_empty() {
            return Err("it has no gap".to_owned());
        }
        question.stem = self.text(&stem, rich);
        Ok(())
    }
}

/// Where `}}` closes the gap. Braces of a formula in it are counted.
fn end_of(body: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let bytes = body.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    // A formula whose braces do not match: the first `}}` ends it.
    body.find("}}")
}

fn accepted(text: String) -> Answer {
    let form = crate::table::form(&text);
    let form = match form {
        Form::Text { .. } => Form::Text { text, match_case: false, has_wildcards: false },
        number => number,
    };
    Answer::Accepted(vec![Accepted { form, fraction: 1.0, unit: None, feedback: None }])
}
