//! From rows to questions.

use std::collections::HashMap;

use super::{
    CELL_CHARS_MAX, Cell, FIGURE, Row, Table, Value,
    answers::{self, Key, short},
    columns::{Column, Columns, name_of},
    fields, numbers,
};
use crate::{
    Answer, Bank, Part, Question, Remark,
    rich::Rich,
    text::{is_html, plain_to_text},
};

/// The rows below the header.
pub(super) struct Rows<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) columns: &'a Columns,
    pub(super) signs: fields::Signs,
    pub(super) headers: &'a [String],
}

/// Rows of one question: with parts, or a single one.
#[derive(Default)]
struct Group {
    question: Question,
    row: u32,
    has_parts: bool,
    fault: Option<String>,
    warnings: Vec<Remark>,
}

impl Rows<'_> {
    pub(super) fn read(&self, data: &[Row], bank: &mut Bank) {
        let mut ids: HashMap<String, u32> = HashMap::new();
        let mut exams: HashMap<String, usize> =
            bank.exams.iter().enumerate().map(|(at, exam)| (exam.title.clone(), at)).collect();
        let mut group: Option<Group> = None;
        for (at, row) in data.iter().enumerate() {
            if row.is_empty() {
                continue;
            }
            if row.texts() == self.headers {
                bank.skipped.push(self.table.remark(row.number, None, "The header, repeated."));
                continue;
            }
            let filled: Vec<usize> = (0..row.cells.len()).filter(|at| !row.cells[*at].is_empty()).collect();
            let asks =
                self.columns.places(&Column::Question).any(|at| row.cells.get(at).is_some_and(|cell| !cell.is_empty()));
            if !asks && filled.len() == 1 {
                let text = format!("A row with nothing but \"{}\".", short(&row.cells[filled[0]].text));
                bank.skipped.push(self.table.remark(row.number, None, text));
                continue;
            }
            let part = self.text(row, &Column::Part);
            let id = self.text(row, &Column::Id);
            let continues = !part.is_empty()
                && group.as_ref().is_some_and(|group| {
                    group.has_parts && (id.is_empty() || group.question.place.id.as_deref() == Some(id.as_str()))
                });
            if !continues {
                if let Some(done) = group.take() {
                    self.finish(done, bank);
                }
                let follows = data[at + 1..].iter().find(|row| !row.is_empty());
                let has_parts = !part.is_empty()
                    || follows.is_some_and(|next| {
                        let next_id = self.text(next, &Column::Id);
                        !self.text(next, &Column::Part).is_empty()
                            && (next_id.is_empty() || next_id == id)
                            && part.is_empty()
                    });
                let mut next = self.head(row, bank, &mut exams);
                next.has_parts = has_parts;
                if !id.is_empty()
                    && let Some(before) = ids.insert(id.clone(), row.number)
                {
                    let text = format!("The id stands in row {before} too. Both rows were read as questions.");
                    next.warnings.push(self.table.remark(row.number, Some(&id), text));
                }
                group = Some(next);
            }
            if let Some(group) = &mut group {
                self.add(row, part.is_empty() && group.has_parts, group);
            }
        }
        if let Some(done) = group {
            self.finish(done, bank);
        }
    }

    fn finish(&self, group: Group, bank: &mut Bank) {
        let Group { question, row, fault, warnings, .. } = group;
        let fault = fault.or_else(|| question.parts.is_empty().then(|| "there are no parts".to_owned()));
        let Some(fault) = fault else {
            bank.warnings.extend(warnings);
            bank.questions.push(question);
            return;
        };
        // The warnings of a refused question may tell its other faults.
        let mut text = format!("The question was refused: {fault}.");
        for warning in warnings {
            text.extend([" ", warning.text.as_str()]);
        }
        bank.refused.push(self.table.remark(row, question.place.id.as_deref(), text));
    }

    /// The kind of question in lower case, as the row says it.
    fn kind(&self, row: &Row) -> String {
        self.text(row, &Column::QuestionKind).to_lowercase().replace(['_', '-'], " ")
    }

    fn cell<'a>(&self, row: &'a Row, column: &Column) -> Option<&'a Cell> {
        self.columns.places(column).find_map(|at| row.cells.get(at))
    }

    /// The text of a cell as written.
    fn text(&self, row: &Row, column: &Column) -> String {
        self.cell(row, column).map(|cell| cell.text.replace(FIGURE, "").trim().to_owned()).unwrap_or_default()
    }

    /// The text of a cell with its formulas normalised, and its figures in the question.
    fn rich(&self, cell: &Cell, rich: &mut Rich) -> String {
        let text: &str = &cell.text;
        let mut reduced = if is_html(text) { rich.html(text, self.table.find) } else { plain_to_text(text) };
        for figure in &cell.figures {
            rich.figures.push(figure.clone());
            reduced = reduced.replacen(FIGURE, &format!("[figure {}]", rich.figures.len()), 1);
        }
        reduced
    }

    /// What holds for all parts of a question.
    fn head(&self, row: &Row, bank: &mut Bank, exams: &mut HashMap<String, usize>) -> Group {
        let id = Some(self.text(row, &Column::Id)).filter(|id| !id.is_empty());
        let mut warnings: Vec<String> = Vec::new();
        let optional = |column: &Column| Some(self.text(row, column)).filter(|text| !text.is_empty());
        let list = |column: &Column| fields::list(self.columns.places(column).filter_map(|at| row.cells.get(at)));
        let mut question = Question {
            place: self.table.place(Some(row.number), id.as_deref()),
            title: optional(&Column::Title),
            category: optional(&Column::Category),
            topic: optional(&Column::Topic),
            techniques: list(&Column::Techniques),
            tags: list(&Column::Tags),
            ..Question::default()
        };
        if let Some(text) = optional(&Column::Difficulty) {
            question.difficulty = fields::difficulty(&text);
            if question.difficulty.is_none() {
                warnings.push(format!("The difficulty \"{}\" is no number from 1 to 5.", short(&text)));
            }
        }
        if let Some(cell) = self.cell(row, &Column::Minutes).filter(|cell| !cell.is_empty()) {
            match fields::amount(cell, self.signs.minutes) {
                Ok(minutes) => question.minutes = Some(minutes),
                Err(why) => warnings.push(format!("The minutes are left out: {why}.")),
            }
        }
        if let Some(text) = optional(&Column::Number) {
            question.number = text.trim_end_matches('.').parse().ok();
            if question.number.is_none() {
                warnings.push(format!("The number \"{}\" is left out: it is no whole number.", short(&text)));
            }
        }
        if let Some(text) = optional(&Column::Bonus) {
            question.is_bonus = fields::is_yes(&text);
        }
        let [title, year, semester, kind] =
            [Column::Exam, Column::Year, Column::Semester, Column::ExamKind].map(|column| optional(&column));
        if let Some(exam) = fields::exam(title, year, semester, kind) {
            question.exam = Some(*exams.entry(exam.title.clone()).or_insert_with(|| {
                bank.exams.push(exam);
                bank.exams.len() - 1
            }));
        }
        for (at, column) in self.columns.list.iter().enumerate() {
            if let (Some(Column::Extra(name)), Some(cell)) = (column, row.cells.get(at))
                && !cell.is_empty()
            {
                question.extra.push((name.clone(), cell.text.trim().to_owned()));
            }
        }
        if row.is_hidden {
            warnings.push("The row is hidden; it was taken.".to_owned());
        }
        if id.as_deref().is_some_and(fields::is_shortened) {
            warnings.push("A spreadsheet seems to have shortened the id; its last digits are lost.".to_owned());
        }
        let warnings = warnings.into_iter().map(|text| self.table.remark(row.number, id.as_deref(), text)).collect();
        Group { question, row: row.number, warnings, ..Group::default() }
    }

    /// Adds a row to its question: as the stem, or as a part.
    fn add(&self, row: &Row, is_stem: bool, group: &mut Group) {
        let id = group.question.place.id.clone();
        let mut warnings = Vec::new();
        let mut rich = Rich::after(std::mem::take(&mut group.question.figures));
        let read = self.part(row, is_stem, &mut rich, &mut warnings);
        warnings.append(&mut rich.warnings);
        group.question.figures = rich.figures;
        group.warnings.extend(warnings.into_iter().map(|text| self.table.remark(row.number, id.as_deref(), text)));
        match read {
            Err(fault) if group.fault.is_none() => group.fault = Some(fault),
            Err(_) => {}
            Ok(part) if is_stem => {
                group.question.stem = part.text;
                group.question.solution = part.solution;
            }
            Ok(mut part) if group.has_parts => {
                // The text of a gap stands in the stem.
                part.is_gap = part.text == format!("[gap {}]", group.question.parts.len() + 1);
                if part.is_gap {
                    part.text.clear();
                }
                group.question.parts.push(part);
            }
            Ok(mut part) => {
                group.question.stem = std::mem::take(&mut part.text);
                group.question.solution = part.solution.take();
                group.question.parts.push(part);
            }
        }
    }

    fn part(&self, row: &Row, is_stem: bool, rich: &mut Rich, warnings: &mut Vec<String>) -> Result<Part, String> {
        let mut faults = Vec::new();
        for (at, column) in self.columns.list.iter().enumerate() {
            let (Some(column), Some(cell)) = (column, row.cells.get(at)) else { continue };
            warnings.extend(cell.notes.iter().cloned());
            if cell.text.chars().count() > CELL_CHARS_MAX {
                faults.push(format!("the column {} has more than {CELL_CHARS_MAX} characters", name_of(column)));
            }
            let Value::Fault(why) = fields::value(cell) else { continue };
            match column {
                Column::Question
                | Column::Option(_)
                | Column::WrongOption
                | Column::Answer
                | Column::AlsoAccepted
                | Column::Points => {
                    faults.push(format!("the column {} has {why}", name_of(column)));
                }
                _ => warnings.push(format!("The column {} has {why}.", name_of(column))),
            }
        }
        let empty = Cell::default();
        let cell = |column: &Column| self.cell(row, column).unwrap_or(&empty);
        let mut text = self.rich(cell(&Column::Question), rich);
        for at in self.columns.places(&Column::Figure) {
            let Some(cell) = row.cells.get(at).filter(|cell| !cell.is_empty()) else { continue };
            for source in
                cell.text.replace(FIGURE, "").split([';', '\n']).map(str::trim).filter(|source| !source.is_empty())
            {
                let mut html = "<img src=\"".to_owned();
                crate::xml::push_escaped(&mut html, source);
                html.push_str("\">");
                let figure = rich.html(&html, self.table.find);
                text = format!("{text}\n{figure}");
            }
            if !cell.figures.is_empty() {
                let only = Cell {
                    text: FIGURE.to_string().repeat(cell.figures.len()),
                    figures: cell.figures.clone(),
                    ..Cell::default()
                };
                text = format!("{text}\n{}", self.rich(&only, rich));
            }
        }
        let mut text = text.trim().to_owned();
        if text.is_empty() {
            faults.push("there is no question's text".to_owned());
        }
        let points = Some(cell(&Column::Points)).filter(|cell| !cell.is_empty());
        let points = match points.map(|cell| fields::amount(cell, self.signs.points)).transpose() {
            Ok(points) => points,
            Err(_) if matches!(fields::value(cell(&Column::Points)), Value::Fault(_)) => None,
            Err(why) => {
                faults.push(format!("the points are wrong: {why}"));
                None
            }
        };
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let hints: Vec<String> = self
            .columns
            .places(&Column::Hint)
            .filter_map(|at| row.cells.get(at))
            .map(|cell| self.rich(cell, rich))
            .collect();
        let hint = some(hints.join("\n").trim().to_owned());
        let solution = some(self.rich(cell(&Column::Solution), rich));
        let mut solution = solution;
        let kind = self.kind(row);
        if answers::is_open(&kind) && solution.is_none() {
            solution = some(self.rich(cell(&Column::Answer), rich));
        }
        let answer = match self.answer(row, is_stem, &mut text, rich, warnings) {
            Ok(answer) => answer,
            Err(fault) => {
                // A fault of a cell that is named already says more.
                if faults.is_empty() {
                    faults.push(fault);
                }
                Answer::Open
            }
        };
        if faults.is_empty() {
            Ok(Part { text, answer, points, hint, solution, ..Part::default() })
        } else {
            Err(faults.join("; "))
        }
    }

    /// The answer of a row. Options at the end of its text are taken out of it.
    fn answer(
        &self,
        row: &Row,
        is_stem: bool,
        question: &mut String,
        rich: &mut Rich,
        warnings: &mut Vec<String>,
    ) -> Result<Answer, String> {
        let empty = Cell::default();
        let answer = self.cell(row, &Column::Answer).unwrap_or(&empty);
        let mut options = Vec::new();
        for (letter, at) in self.columns.options() {
            if let Some(cell) = row.cells.get(at).filter(|cell| !cell.is_empty()) {
                warnings.extend(fields::date_warning(cell, &format!("option {}", char::from(b'A' + letter))));
                options.push((letter, self.rich(cell, rich)));
            }
        }
        warnings.extend(fields::date_warning(answer, "answer"));
        let mut texts = |column: &Column| -> Vec<String> {
            let cells = self.columns.places(column).filter_map(|at| row.cells.get(at)).filter(|cell| !cell.is_empty());
            cells.map(|cell| self.rich(cell, rich)).collect()
        };
        let (wrong, also) = (texts(&Column::WrongOption), texts(&Column::AlsoAccepted));
        // The stem of parts has no key of its own.
        if is_stem && answer.is_empty() && options.is_empty() {
            return Ok(Answer::Open);
        }
        if is_stem {
            return Err("the row of the stem has an answer, and rows with parts follow".to_owned());
        }
        // A price is no formula, and an answer is compared as it is written.
        let text =
            if is_html(&answer.text) || answer.text.contains(['\\', FIGURE]) || answer.text.matches('$').count() > 1 {
                self.rich(answer, rich)
            } else {
                answer.text.trim().to_owned()
            };
        let tolerance_text = self.text(row, &Column::Tolerance);
        let tolerance = numbers::tolerance(&tolerance_text, self.signs.answer);
        if tolerance.is_none() && !tolerance_text.is_empty() {
            warnings.push(format!(
                "The tolerance \"{}\" is left out: it is no number and no percentage.",
                short(&tolerance_text)
            ));
        }
        let unit = Some(self.text(row, &Column::Unit)).filter(|unit| !unit.is_empty());
        let kind = self.kind(row);
        let match_case = fields::is_yes(&self.text(row, &Column::MatchCase));
        let weights = self.text(row, &Column::Weights);
        if text.is_empty() && !options.is_empty() && answers::is_open(&kind) {
            warnings.push("The options have no key; they are text, and the student marks it.".to_owned());
            for (letter, option) in &options {
                let letter = char::from(b'A' + letter);
                question.extend(["\n", letter.to_string().as_str(), ". ", option.as_str()]);
            }
            return Ok(Answer::Open);
        }
        let mut key = Key {
            options,
            wrong,
            answer,
            text,
            also,
            kind,
            tolerance,
            unit,
            match_case,
            sign: self.signs.answer,
            weights,
        };
        if key.is_letter()
            && let Some((stem, options)) = answers::labelled(question)
        {
            warnings.push("The options were taken from the end of the question's text.".to_owned());
            key.options = options;
            *question = stem.to_owned();
        }
        key.read(warnings)
    }
}
