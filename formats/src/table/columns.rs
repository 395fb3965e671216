//! Which column holds what, told from the words of the header in English or German.

use std::collections::BTreeSet;

use crate::labels::EXTRA;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Id,
    Title,
    Category,
    Topic,
    Techniques,
    Tags,
    Difficulty,
    Minutes,
    Exam,
    Year,
    Semester,
    ExamKind,
    QuestionKind,
    Number,
    Part,
    Question,
    /// The option of this letter; 0 is A.
    Option(u8),
    /// An option that is wrong; the right ones stand in the answer's column.
    WrongOption,
    Answer,
    /// Further answers that are accepted, one a line.
    AlsoAccepted,
    /// Shares of the options in percent, in their order.
    Weights,
    MatchCase,
    Tolerance,
    Unit,
    Points,
    Bonus,
    Hint,
    Solution,
    Figure,
    /// A column that we do not know, with its name as written.
    Extra(String),
}

/// Names of columns, in lower case and without marks. The first is the one of the template.
const NAMES: [(Column, &[&str]); 28] = [
    (Column::Id, &["id", "question id", "key id", "nr id", "guid", "uuid", "kennung", "frage id", "aufgaben id"]),
    (Column::Title, &["title", "name", "question name", "question title", "titel", "bezeichnung"]),
    (Column::Category, &["category", "chapter", "unit of study", "module", "kategorie", "kapitel", "bereich", "modul"]),
    (Column::Topic, &["topic", "subject", "section", "concept", "thema", "themengebiet", "unterkapitel"]),
    (
        Column::Techniques,
        &["techniques", "technique", "skills", "skill", "method", "methods", "techniken", "technik", "methode"],
    ),
    (Column::Tags, &["tags", "tag", "labels", "keywords", "schlagworte", "schlagw\u{f6}rter", "stichworte"]),
    (Column::Difficulty, &["difficulty", "level", "difficulty level", "schwierigkeit", "schwierigkeitsgrad", "niveau"]),
    (Column::Minutes, &["minutes", "time", "min", "duration", "minuten", "zeit", "dauer", "bearbeitungszeit"]),
    (Column::Exam, &["exam", "exam title", "paper", "past exam", "pr\u{fc}fung", "klausur"]),
    (Column::Year, &["year", "exam year", "jahr"]),
    (Column::Semester, &["semester", "term", "season", "session"]),
    (Column::ExamKind, &["exam type", "exam kind", "pr\u{fc}fungsart", "klausurart"]),
    (Column::QuestionKind, &["question type", "question kind", "fragetyp", "fragentyp", "aufgabentyp", "item type"]),
    (Column::Number, &["number", "no", "nr", "#", "question number", "nummer", "aufgabennummer", "question no"]),
    (Column::Part, &["part", "sub question", "subquestion", "teil", "teilaufgabe", "unteraufgabe"]),
    (
        Column::Question,
        &[
            "question",
            "question text",
            "text",
            "stem",
            "prompt",
            "problem",
            "item",
            "frage",
            "fragetext",
            "aufgabe",
            "aufgabenstellung",
            "front",
        ],
    ),
    (
        Column::Answer,
        &[
            "answer",
            "correct answer",
            "correct",
            "correct answers",
            "right answer",
            "right answers",
            "answer key",
            "key",
            "correct option",
            "correct options",
            "correct choice",
            "answers",
            "antwort",
            "richtige antwort",
            "richtige antworten",
            "richtig",
            "korrekt",
            "korrekte antwort",
            "back",
        ],
    ),
    (
        Column::AlsoAccepted,
        &[
            "also accepted",
            "accepted",
            "accepted answers",
            "alternatives",
            "alternative answers",
            "other answers",
            "weitere antworten",
            "auch richtig",
        ],
    ),
    (Column::Weights, &["option weights", "weights of options"]),
    (Column::MatchCase, &["match case", "case sensitive", "gro\u{df} klein", "gro\u{df}schreibung"]),
    (Column::Tolerance, &["tolerance", "margin", "plus minus", "toleranz", "abweichung"]),
    (Column::Unit, &["unit", "units", "einheit"]),
    (
        Column::Points,
        &[
            "points",
            "point",
            "marks",
            "mark",
            "score",
            "max score",
            "weight",
            "punkte",
            "punktzahl",
            "bewertung",
            "pts",
        ],
    ),
    (Column::Bonus, &["bonus", "is bonus", "bonus question", "zusatz", "zusatzaufgabe", "bonusaufgabe"]),
    (Column::Hint, &["hint", "hints", "tip", "hinweis", "tipp"]),
    (
        Column::Solution,
        &[
            "solution",
            "explanation",
            "worked solution",
            "feedback",
            "general feedback",
            "rationale",
            "l\u{f6}sung",
            "erkl\u{e4}rung",
            "l\u{f6}sungsweg",
            "musterl\u{f6}sung",
        ],
    ),
    (Column::Figure, &["figure", "figures", "image", "picture", "abbildung", "bild", "grafik"]),
    (
        Column::WrongOption,
        &[
            "wrong answer",
            "wrong option",
            "incorrect answer",
            "incorrect",
            "distractor",
            "wrong",
            "falsche antwort",
            "falsch",
            "distraktor",
        ],
    ),
];

/// Words before the letter or number of an option, as in `Option A` or `Antwort 1`.
const OPTION_WORDS: [&str; 12] = [
    "option",
    "choice",
    "answer option",
    "answer choice",
    "possible answer",
    "alternative",
    "response",
    "antwortoption",
    "auswahl",
    "antwortm\u{f6}glichkeit",
    "choices",
    "options",
];

/// Names that an exam's kind and a question's kind share. The values decide.
const KIND_NAMES: [&str; 4] = ["type", "kind", "typ", "art"];

/// The name of a column in the template.
pub(crate) fn name_of(column: &Column) -> String {
    match column {
        Column::Option(index) => char::from(b'A' + index).to_string(),
        Column::Extra(name) => name.clone(),
        known => {
            NAMES.iter().find(|(column, _)| column == known).map_or_else(String::new, |(_, names)| names[0].to_owned())
        }
    }
}

/// The names of all columns, in the order of the template.
pub(crate) fn name_of_all() -> Vec<String> {
    let before = [
        Column::Id,
        Column::Title,
        Column::Category,
        Column::Topic,
        Column::Techniques,
        Column::Tags,
        Column::Difficulty,
        Column::Minutes,
        Column::Exam,
        Column::Year,
        Column::Semester,
        Column::ExamKind,
        Column::Number,
        Column::Part,
        Column::QuestionKind,
        Column::Question,
        Column::Figure,
    ];
    let after = [
        Column::Answer,
        Column::AlsoAccepted,
        Column::MatchCase,
        Column::Tolerance,
        Column::Unit,
        Column::Points,
        Column::Bonus,
        Column::Hint,
        Column::Solution,
    ];
    let options = (0..6).map(Column::Option);
    before.into_iter().chain(options).chain(after).map(|column| name_of(&column)).collect()
}

/// A header without case, brackets and marks: `Correct answer(s) *` is `correct answer`.
fn plain(header: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_u32;
    for c in header.trim().to_lowercase().chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '_' | '-' | '/' | '\u{2013}' | '.' | ':' | '*' | '?' => text.push(' '),
            c => text.push(c),
        }
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    // Kahoot writes `Question - max 120 characters`.
    if let Some(at) = words.iter().position(|word| *word == "max" || *word == "choose") {
        words.truncate(at.max(1));
    }
    words.join(" ")
}

/// The place of an option that the last word of a header names: a letter, or a number from 1.
fn place_of(word: &str) -> Option<u8> {
    let mut bytes = word.bytes();
    match (bytes.next(), bytes.next()) {
        (Some(letter @ b'a'..=b'z'), None) => Some(letter - b'a'),
        (Some(b'1'..=b'9'), _) if word.len() <= 2 => word.parse::<u8>().ok().filter(|n| *n <= 26).map(|n| n - 1),
        _ => None,
    }
}

/// What the header says before the other headers are known.
enum Named {
    Column(Column),
    /// `Answer 2`: an option, or a further answer.
    Numbered(u8),
    /// `Option`, without a letter.
    NextOption,
    /// `type`.
    Kind,
    Unknown,
}

fn named(header: &str) -> Named {
    let text = plain(header);
    if let Some((column, _)) = NAMES.iter().find(|(_, names)| names.contains(&text.as_str())) {
        return Named::Column(column.clone());
    }
    if KIND_NAMES.contains(&text.as_str()) {
        return Named::Kind;
    }
    if OPTION_WORDS.contains(&text.as_str()) {
        return Named::NextOption;
    }
    if text.len() == 1
        && let Some(index) = text.chars().next().filter(char::is_ascii_lowercase).and_then(|_| place_of(&text))
    {
        return Named::Column(Column::Option(index));
    }
    let (before, last) = if let Some((before, last)) = text.rsplit_once(' ') {
        (before, last)
    } else {
        // `answer1` and `optionA` have no blank before the number or letter.
        let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
        let length = if digits > 0 { digits } else { text.chars().last().map_or(0, char::len_utf8) };
        text.split_at(text.len() - length)
    };
    let Some(index) = place_of(last) else { return Named::Unknown };
    if OPTION_WORDS.contains(&before) {
        return Named::Column(Column::Option(index));
    }
    if before == "answer" || before == "antwort" {
        return Named::Numbered(index);
    }
    match NAMES.iter().find(|(_, names)| names.contains(&before)) {
        Some((column @ (Column::WrongOption | Column::Figure | Column::Hint | Column::AlsoAccepted), _)) => {
            Named::Column(column.clone())
        }
        _ => Named::Unknown,
    }
}

/// How many cells of a row name a column that we know.
pub(crate) fn known(headers: &[String]) -> usize {
    headers.iter().filter(|header| !matches!(named(header), Named::Unknown)).count()
}

/// Whether one of the cells names the column with the questions' text.
pub(crate) fn names_question(headers: &[String]) -> bool {
    headers.iter().any(|header| matches!(named(header), Named::Column(Column::Question)))
}

/// The columns of a table, and what the operator must know about them.
pub(crate) struct Columns {
    /// For each column of the sheet; `None` if the header is empty.
    pub(crate) list: Vec<Option<Column>>,
    pub(crate) warnings: Vec<String>,
    /// Columns that are kept as extra information although their header does not say so, by name.
    pub(crate) extra: Vec<String>,
}

impl Columns {
    /// Reads a header. `kinds` says, for a column named `type`, whether its values name kinds of exams.
    ///
    /// # Errors
    /// Names the required columns that are missing.
    pub(crate) fn read(headers: &[String], names_exams: impl Fn(usize) -> bool) -> Result<Self, String> {
        let names: Vec<Named> = headers.iter().map(|header| named(header)).collect();
        let has = |wanted: &Column| names.iter().any(|name| matches!(name, Named::Column(column) if column == wanted));
        let has_answer = has(&Column::Answer);
        let solution_answers =
            !has_answer && has(&Column::Solution) && !names.iter().any(|name| matches!(name, Named::Numbered(_)));
        let mut columns = Self { list: Vec::with_capacity(names.len()), warnings: Vec::new(), extra: Vec::new() };
        let mut seen = BTreeSet::new();
        let mut next_option = 0;
        for (at, name) in names.into_iter().enumerate() {
            let header = headers[at].trim();
            if header.is_empty() {
                columns.list.push(None);
                continue;
            }
            let extra = header.strip_prefix(EXTRA);
            let is_extra = extra.is_some();
            let column = match name {
                Named::Column(Column::Solution) if solution_answers => {
                    columns.warnings.push(format!(
                        "There is no column for the answer. The column \"{header}\" is read as the answer."
                    ));
                    Column::Answer
                }
                Named::Column(column) => column,
                Named::Numbered(index) if has_answer => Column::Option(index),
                Named::Numbered(0) => Column::Answer,
                Named::Numbered(_) => Column::AlsoAccepted,
                Named::NextOption => Column::Option(next_option),
                Named::Kind if names_exams(at) => Column::ExamKind,
                Named::Kind => Column::QuestionKind,
                Named::Unknown => Column::Extra(extra.unwrap_or(header).to_owned()),
            };
            if let Column::Option(index) = column {
                next_option = (index + 1).min(25);
            }
            let may_repeat = matches!(
                column,
                Column::WrongOption | Column::Figure | Column::Hint | Column::AlsoAccepted | Column::Tags
            );
            if seen.insert(column.clone()) || may_repeat {
                if let Column::Extra(name) = &column
                    && !is_extra
                {
                    columns.extra.push(name.clone());
                }
                columns.list.push(Some(column));
            } else {
                let first = name_of(&column);
                columns.warnings.push(format!(
                    "Two columns name the {first}. The first is read; column {} (\"{header}\") is kept as extra information.",
                    at + 1
                ));
                let name = format!("{header} (column {})", at + 1);
                columns.extra.push(name.clone());
                columns.list.push(Some(Column::Extra(name)));
            }
        }
        let missing: Vec<String> =
            [Column::Question, Column::Answer].iter().filter(|column| !seen.contains(column)).map(name_of).collect();
        if missing.is_empty() {
            return Ok(columns);
        }
        Err(format!("missing: {}. The header has: {}", missing.join(", "), shown(headers)))
    }

    /// The places of a column; several only where a column may repeat.
    pub(crate) fn places<'a>(&'a self, wanted: &'a Column) -> impl Iterator<Item = usize> + 'a {
        self.list.iter().enumerate().filter(move |(_, column)| column.as_ref() == Some(wanted)).map(|(at, _)| at)
    }

    /// Places of the options with their letter, in order.
    pub(crate) fn options(&self) -> Vec<(u8, usize)> {
        let mut places: Vec<(u8, usize)> = Vec::new();
        for (at, column) in self.list.iter().enumerate() {
            if let Some(Column::Option(index)) = column {
                places.push((*index, at));
            }
        }
        places.sort_unstable();
        places
    }
}

/// The headers for a message, shortened.
fn shown(headers: &[String]) -> String {
    let list: Vec<String> = headers
        .iter()
        .map(|header| header.trim())
        .filter(|header| !header.is_empty())
        .take(20)
        .map(|header| format!("\"{}\"", header.chars().take(40).collect::<String>()))
        .collect();
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> Result<Vec<Option<Column>>, String> {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        Columns::read(&headers, |_| false).map(|columns| columns.list)
    }

    #[test]
    fn headers_in_plain_words_are_known() {
        for (header, column) in [
            ("Question text", Column::Question),
            ("AUFGABE", Column::Question),
            ("Correct answer(s) - choose at least one", Column::Answer),
            ("richtige_Antwort", Column::Answer),
            ("Question - max 120 characters", Column::Question),
            ("Punkte", Column::Points),
            ("Schwierigkeit", Column::Difficulty),
            ("Time limit (sec)", Column::Extra("Time limit (sec)".to_owned())),
            ("Option B", Column::Option(1)),
            ("choice_3", Column::Option(2)),
            ("option4", Column::Option(3)),
            ("d", Column::Option(3)),
            ("Nr.", Column::Number),
        ] {
            let found = read(&[header, "question", "answer"]);
            let found = found.as_ref().map(|list| list[0].as_ref());
            let is_repeated = matches!(column, Column::Question | Column::Answer);
            if is_repeated {
                assert_eq!(read(&[header, "frage", "key"]).unwrap()[0], Some(column), "{header}");
            } else {
                assert_eq!(found, Ok(Some(&column)), "{header}");
            }
        }
    }

    #[test]
    fn numbered_answers_are_options_beside_a_key() {
        let list = read(&["Question", "Answer 1", "Answer 2", "Correct answer"]).unwrap();
        assert_eq!(list[1..3], [Some(Column::Option(0)), Some(Column::Option(1))]);
        let list = read(&["Question", "Answer 1", "Answer 2"]).unwrap();
        assert_eq!(list[1..], [Some(Column::Answer), Some(Column::AlsoAccepted)]);
        let list = read(&["Question", "Option", "Option", "Key"]).unwrap();
        assert_eq!(list[1..3], [Some(Column::Option(0)), Some(Column::Option(1))]);
    }

    #[test]
    fn missing_columns_are_named() {
        let error = read(&["id", "topic", "answer"]).unwrap_err();
        assert!(error.starts_with("missing: question."), "{error}");
        assert!(read(&["id", "question"]).unwrap_err().contains("missing: answer."));
    }

    #[test]
    fn a_solution_is_the_answer_only_if_there_is_no_other() {
        assert_eq!(read(&["Frage", "L\u{f6}sung"]).unwrap()[1], Some(Column::Answer));
        assert_eq!(read(&["Frage", "Antwort", "L\u{f6}sung"]).unwrap()[2], Some(Column::Solution));
    }

    #[test]
    fn a_header_that_says_extra_names_no_column_of_ours_and_warns_of_nothing() {
        let headers = ["question", "answer", "extra: points", "room"].map(str::to_owned);
        let columns = Columns::read(&headers, |_| false).unwrap();
        assert_eq!(columns.list[2], Some(Column::Extra("points".to_owned())));
        assert_eq!(columns.extra, ["room"]);
    }

    #[test]
    fn a_second_column_of_one_name_is_kept_as_extra() {
        let list = read(&["question", "answer", "points", "marks"]).unwrap();
        assert_eq!(list[3], Some(Column::Extra("marks (column 4)".to_owned())));
    }
}
