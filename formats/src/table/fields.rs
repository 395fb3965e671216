//! The smaller fields of a row.

use super::{
    Cell, Row, Value,
    answers::{looks_like_date, short},
    columns::{Column, Columns},
    numbers::{self, Sign},
};
use crate::{Decimal, Exam, exam_title};

/// The decimal signs of the columns with numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signs {
    pub(crate) answer: Sign,
    pub(crate) points: Sign,
    pub(crate) minutes: Sign,
}

impl Signs {
    /// Each column has one sign. A column that shows none has that of the others, or else `default`.
    pub(crate) fn of(columns: &Columns, rows: &[Row], default: Sign, mut warn: impl FnMut(String)) -> Self {
        let mut found = [(&[Column::Answer, Column::AlsoAccepted, Column::Tolerance][..]), &[Column::Points], &[Column::Minutes]].map(|group| {
            let places: Vec<usize> = group.iter().flat_map(|column| columns.places(column)).collect();
            let cells = || rows.iter().flat_map(|row| places.iter().filter_map(|at| row.cells.get(*at)));
            let texts = || cells().filter(|cell| cell.value == Value::Text).map(|cell| cell.text.as_str());
            let (sign, is_mixed) = numbers::sign_of(texts());
            let name = super::name_of(&group[0]);
            if is_mixed {
                warn(format!("Numbers in the column {name} have decimal commas and decimal points. Each was read by its own sign."));
            }
            let unclear: Vec<String> =
                texts().filter(|text| numbers::evidence(text) == numbers::Evidence::Unclear).map(short).take(3).collect();
            (sign, unclear, name)
        });
        let shared = found.iter().find_map(|(sign, ..)| *sign);
        let mut resolve = |at: usize| {
            let (sign, unclear, name) = &mut found[at];
            // `1.234` without other numbers has a decimal point, even if a semicolon separates the columns.
            let guess = if unclear.iter().any(|text| text.contains(',')) { default } else { Sign::Point };
            let resolved = sign.or(shared).unwrap_or(guess);
            if sign.is_none() && !unclear.is_empty() {
                let mark = if resolved == Sign::Comma { "comma" } else { "point" };
                warn(format!(
                    "No number in the column {name} shows its decimal sign; {} was read with a decimal {mark}.",
                    unclear.join(", ")
                ));
            }
            resolved
        };
        Self { answer: resolve(0), points: resolve(1), minutes: resolve(2) }
    }
}

/// The value of a cell; texts such as `#REF!` are faults.
pub(crate) fn value(cell: &Cell) -> Value {
    const ERRORS: [&str; 9] = ["#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"];
    match &cell.value {
        Value::Text if ERRORS.contains(&cell.text.trim()) => {
            Value::Fault(format!("the error {} of a formula", cell.text.trim()))
        }
        Value::Text if cell.text.len() > 2 && cell.text.bytes().all(|byte| byte == b'#') => {
            Value::Fault("a value that was too wide for its cell".to_owned())
        }
        value => value.clone(),
    }
}

/// An amount of points or minutes: a finite number from 0.
///
/// # Errors
/// Says what the cell has instead.
pub(crate) fn amount(cell: &Cell, sign: Sign) -> Result<f64, String> {
    let number = match value(cell) {
        Value::Number { value, .. } => value,
        Value::Fault(why) | Value::Date(why) => return Err(why),
        Value::Bool(_) => return Err(format!("\"{}\" is no number", short(&cell.text))),
        Value::Text => {
            let text = cell.text.trim().trim_end_matches(|c: char| c.is_alphabetic() || c == '.' || c.is_whitespace());
            let fraction = || {
                let (top, bottom) = text.split_once('/')?;
                let quotient = numbers::number(top, sign)?.to_f64() / numbers::number(bottom, sign)?.to_f64();
                Decimal::parse(&quotient.to_string())
            };
            let halves = || {
                let whole = text.strip_suffix('\u{bd}')?.trim();
                let whole = if whole.is_empty() { "0" } else { whole };
                whole.parse::<u32>().ok().and_then(|whole| Decimal::parse(&format!("{whole}.5")))
            };
            numbers::number(text, sign)
                .or_else(fraction)
                .or_else(halves)
                .ok_or_else(|| format!("\"{}\" is no number", short(&cell.text)))?
        }
    };
    let amount = number.to_f64();
    if (0.0..=1e6).contains(&amount) {
        Ok(amount)
    } else {
        Err(format!("{} is not between 0 and 1000000", short(number.as_str())))
    }
}

/// A level from 1 to 5, as a number or a word.
pub(crate) fn difficulty(text: &str) -> Option<u8> {
    let lower = text.trim().to_lowercase();
    let word = match lower.as_str() {
        "very easy" | "sehr leicht" => 1,
        "easy" | "leicht" | "einfach" => 2,
        "medium" | "moderate" | "normal" | "mittel" => 3,
        "hard" | "difficult" | "schwer" | "schwierig" => 4,
        "very hard" | "sehr schwer" => 5,
        _ => 0,
    };
    if word > 0 {
        return Some(word);
    }
    let number = lower.split('/').next()?.trim();
    let number = number.strip_suffix(".0").or_else(|| number.strip_suffix(",0")).unwrap_or(number);
    number.parse().ok().filter(|level| (1..=5).contains(level))
}

pub(crate) fn is_yes(text: &str) -> bool {
    ["yes", "y", "true", "1", "x", "ja", "wahr", "bonus", "\u{2713}", "\u{2714}"]
        .contains(&text.trim().to_lowercase().as_str())
}

/// Words between `;` or `,`, or one a line. Each stays once.
pub(crate) fn list<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for cell in cells {
        let separators: &[char] = if cell.text.contains([';', '|', '\n']) { &[';', '|', '\n'] } else { &[','] };
        for word in cell.text.split(separators).map(str::trim).filter(|word| !word.is_empty()) {
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
    }
    words
}

/// The exam of a row, from its title and from the columns that say more.
pub(crate) fn exam(
    title: Option<String>,
    year: Option<String>,
    semester: Option<String>,
    kind: Option<String>,
) -> Option<Exam> {
    if title.is_none() && year.is_none() && semester.is_none() && kind.is_none() {
        return None;
    }
    let has_title = title.is_some();
    let joined = || {
        let words: Vec<&str> = [&year, &semester, &kind].into_iter().filter_map(|word| word.as_deref()).collect();
        words.join(" ")
    };
    let mut exam = exam_title::exam_of_title(&title.unwrap_or_else(joined));
    exam.year = year.and_then(|year| year.parse().ok()).or(exam.year);
    if let Some(semester) = semester {
        let lower = semester.to_lowercase();
        exam.semester = Some(exam_title::season(&lower).map_or(lower, str::to_owned));
    }
    if let Some(kind) = kind {
        let lower = kind.to_lowercase();
        exam.kind = Some(exam_title::kind(&lower).map_or(lower, str::to_owned));
    }
    if has_title {
        // Exams of one title differ where the columns do.
        let own = exam_title::exam_of_title(&exam.title);
        if own.year != exam.year
            && let Some(year) = exam.year
        {
            exam.title = format!("{} {year}", exam.title);
        }
        if own.semester != exam.semester
            && let Some(semester) = &exam.semester
        {
            exam.title = format!("{} {semester}", exam.title);
        }
    }
    Some(exam)
}

/// Whether a spreadsheet wrote a long number with an exponent, such as `1.23457E+15`.
pub(crate) fn is_shortened(id: &str) -> bool {
    let Some((mantissa, exponent)) = id.split_once("E+") else { return false };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(exponent)
        && mantissa.split_once(['.', ',']).is_some_and(|(whole, rest)| is_digits(whole) && is_digits(rest))
}

/// A warning for a date in an answer's place.
pub(crate) fn date_warning(cell: &Cell, what: &str) -> Option<String> {
    match &cell.value {
        Value::Date(why) => {
            Some(format!("The {what} is {why}. It was taken as it is shown: \"{}\".", short(&cell.text)))
        }
        Value::Text if looks_like_date(&cell.text) => Some(format!(
            "The {what} \"{}\" may be a fraction or a number that a spreadsheet turned into a date.",
            short(&cell.text)
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_words_and_fractions() {
        for (text, amount) in [("2", 2.0), ("1,5 P.", 1.5), ("3 min", 3.0), ("1/2", 0.5), ("2\u{bd}", 2.5), ("0", 0.0)]
        {
            assert_eq!(super::amount(&Cell::text(text), Sign::Comma), Ok(amount), "{text}");
        }
        for text in ["-1", "1e9", "many", "1/0", "NaN", "#REF!", "########"] {
            assert!(super::amount(&Cell::text(text), Sign::Point).is_err(), "{text}");
        }
    }

    #[test]
    fn columns_add_to_the_title_of_an_exam() {
        let some = |text: &str| Some(text.to_owned());
        let exam = exam(None, some("2021"), some("Herbst"), some("Klausur")).unwrap();
        assert_eq!(
            (exam.title.as_str(), exam.year, exam.semester.as_deref()),
            ("2021 Herbst Klausur", Some(2021), Some("fall"))
        );
        let exam = super::exam(some("Final"), some("2020"), None, None).unwrap();
        assert_eq!((exam.title.as_str(), exam.year, exam.kind.as_deref()), ("Final 2020", Some(2020), Some("final")));
        assert_eq!(super::exam(None, None, None, None), None);
    }
}
