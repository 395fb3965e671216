//! Converts values of a row to the required types. `SQLite` columns are untyped, so one may hold numbers and texts.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::types::{Value, ValueRef};
use serde_json::Value as Json;
use shared::domain::catalog::ExtraColumns;

use super::schema::D1Table;

/// An error in a row, for an operator.
pub(super) type RowError = String;

/// Epoch numbers from this one on are milliseconds. As seconds they would be in the year 5138.
const MILLISECONDS_MIN: f64 = 1e11;
/// Largest integer up to which every integer is exact in a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// Maximum characters of a bad value in a message.
const SHOWN_CHARS_MAX: usize = 60;

/// A row of the old database.
#[derive(Debug, Clone)]
pub(super) struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// A row with these columns.
    pub(super) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Converts a value from `SQLite`. Bytes that are not UTF-8 are replaced.
    pub(super) fn value(value: ValueRef<'_>) -> Value {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        }
    }

    /// The value of a column; `None` if it is NULL or missing.
    pub(super) fn get(&self, column: &str) -> Option<&Value> {
        let at = self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))?;
        self.values.get(at).filter(|value| **value != Value::Null)
    }

    /// Its column names that are not in `known`.
    pub(super) fn unknown_columns(&self, known: &[&str]) -> Vec<&str> {
        self.columns.iter().map(String::as_str).filter(|column| !is_among(known, column)).collect()
    }

    /// The row's name in messages.
    pub(super) fn label(&self) -> String {
        self.get("id").map_or_else(|| "(no id)".to_owned(), shown)
    }

    /// A text. A number is converted to text.
    pub(super) fn text(&self, column: &str) -> Result<Option<String>, RowError> {
        self.get(column)
            .map(|value| match value {
                Value::Text(text) => Ok(text.clone()),
                Value::Integer(number) => Ok(number.to_string()),
                Value::Real(number) => Ok(number.to_string()),
                Value::Blob(_) | Value::Null => Err(format!("{column} is not a text")),
            })
            .transpose()
    }

    /// A text that is required and may be empty.
    pub(super) fn required_text(&self, column: &str) -> Result<String, RowError> {
        self.text(column)?.ok_or_else(|| format!("{column} is missing"))
    }

    /// A text that is not blank.
    pub(super) fn filled_text(&self, column: &str) -> Result<Option<String>, RowError> {
        Ok(self.text(column)?.filter(|text| !text.trim().is_empty()))
    }

    /// A required id.
    pub(super) fn id<T: TryFrom<String, Error: std::fmt::Display>>(&self, column: &str) -> Result<T, RowError> {
        self.optional_id(column)?.ok_or_else(|| format!("{column} is missing"))
    }

    /// An optional id. An empty text means none.
    pub(super) fn optional_id<T: TryFrom<String, Error: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, RowError> {
        let parse = |text: String| T::try_from(text.clone()).map_err(|error| format!("{column} {text:?} {error}"));
        self.filled_text(column)?.map(parse).transpose()
    }

    /// An integer, in any notation.
    pub(super) fn integer(&self, column: &str) -> Result<Option<i64>, RowError> {
        self.blank_as_none(column)
            .map(|value| integer_of(value).ok_or_else(|| wrong(column, value, "a whole number")))
            .transpose()
    }

    /// An integer within the range of `T`.
    pub(super) fn small<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, RowError> {
        let bounded = |number: i64| T::try_from(number).map_err(|_| format!("{column} {number} is out of bounds"));
        self.integer(column)?.map(bounded).transpose()
    }

    /// A finite number.
    pub(super) fn number(&self, column: &str) -> Result<Option<f64>, RowError> {
        self.blank_as_none(column)
            .map(|value| number_of(value).ok_or_else(|| wrong(column, value, "a number")))
            .transpose()
    }

    /// A boolean: 0 or 1, true or false.
    pub(super) fn boolean(&self, column: &str) -> Result<Option<bool>, RowError> {
        let parse = |value: &Value| match value {
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" => Some(true),
                "false" | "f" | "no" | "n" => Some(false),
                _ => number_of(value).map(|number| number != 0.0),
            },
            value => number_of(value).map(|number| number != 0.0),
        };
        self.blank_as_none(column)
            .map(|value| parse(value).ok_or_else(|| wrong(column, value, "true or false")))
            .transpose()
    }

    /// A timestamp in whole milliseconds, from epoch seconds or milliseconds, or from a date as text (UTC unless it has
    /// an offset).
    pub(super) fn timestamp(&self, column: &str) -> Result<Option<Timestamp>, RowError> {
        self.blank_as_none(column)
            .map(|value| timestamp_of(value).ok_or_else(|| wrong(column, value, "a point in time")))
            .transpose()
    }

    /// The columns that `table` does not list, as JSON.
    pub(super) fn extra(&self, table: &D1Table) -> ExtraColumns {
        let columns = self.columns.iter().zip(&self.values);
        let unknown = columns.filter(|(column, _)| !is_among(table.columns, column));
        unknown.map(|(column, value)| (column.clone(), json_of(value))).collect()
    }

    fn blank_as_none(&self, column: &str) -> Option<&Value> {
        self.get(column).filter(|value| !matches!(value, Value::Text(text) if text.trim().is_empty()))
    }
}

fn is_among(known: &[&str], column: &str) -> bool {
    known.iter().any(|name| name.eq_ignore_ascii_case(column))
}

/// A value formatted for a message.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.chars().take(SHOWN_CHARS_MAX).collect(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

fn wrong(column: &str, value: &Value, wanted: &str) -> RowError {
    format!("{column} {:?} is not {wanted}", shown(value))
}

/// A number as an integer, if it is whole.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
    (number.fract() == 0.0 && number.abs() < EXACT_MAX).then_some(number as i64)
}

fn integer_of(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Real(number) => whole(*number),
        Value::Text(text) => text.trim().parse().ok().or_else(|| number_of(value).and_then(whole)),
        Value::Blob(_) | Value::Null => None,
    }
}

fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        #[expect(clippy::cast_precision_loss, reason = "points, shares and dates are far below the exact range")]
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        Value::Text(text) => text.trim().parse().ok()?,
        Value::Blob(_) | Value::Null => return None,
    };
    number.is_finite().then_some(number)
}

fn timestamp_of(value: &Value) -> Option<Timestamp> {
    if let Some(number) = number_of(value) {
        let milliseconds = if number.abs() < MILLISECONDS_MIN { number * 1000.0 } else { number };
        return Timestamp::from_millisecond(whole(milliseconds.trunc())?).ok();
    }
    let Value::Text(text) = value else { return None };
    let text = text.trim();
    let civil = |text: &str| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let at = text.parse::<Timestamp>().ok().or_else(|| civil(text))?;
    Timestamp::from_millisecond(at.as_millisecond()).ok()
}

/// Converts the value of an unknown column to JSON; bytes become hexadecimal.
fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => Json::from(*number),
        Value::Real(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Blob(bytes) => {
            let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            Json::from(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::id::QuestionId;

    use super::*;

    fn row(value: impl Into<Value>) -> Row {
        Row::new(Arc::from(["v".to_owned()]), vec![value.into()])
    }

    fn text(value: &str) -> Row {
        row(value.to_owned())
    }

    #[test]
    fn points_in_time_come_as_texts_seconds_and_milliseconds() {
        let expected: Timestamp = "2025-01-02T03:04:05Z".parse().unwrap();
        for same in [
            "2025-01-02 03:04:05",
            "2025-01-02T03:04:05",
            "2025-01-02T03:04:05Z",
            "2025-01-02T03:04:05.000Z",
            "2025-01-02 05:04:05+02:00",
            "1735787045",
            "1735787045000",
            " 1735787045.0 ",
        ] {
            assert_eq!(text(same).timestamp("v"), Ok(Some(expected)), "{same}");
        }
        for same in [row(1_735_787_045), row(1_735_787_045_000_i64), row(1_735_787_045.0)] {
            assert_eq!(same.timestamp("v"), Ok(Some(expected)), "{same:?}");
        }
        let fraction = text("2025-01-02 03:04:05.123456").timestamp("v").unwrap().unwrap();
        assert_eq!(fraction.to_string(), "2025-01-02T03:04:05.123Z");
        let day = text("2025-01-02").timestamp("v").unwrap().unwrap();
        assert_eq!(day.to_string(), "2025-01-02T00:00:00Z");
        assert_eq!(row(Value::Null).timestamp("v"), Ok(None));
        assert_eq!(text("").timestamp("v"), Ok(None));
        assert_eq!(text("soon").timestamp("v"), Err("v \"soon\" is not a point in time".to_owned()));
        assert!(row(9e30).timestamp("v").is_err());
        assert!(text("2025-13-01").timestamp("v").is_err());
    }

    #[test]
    fn numbers_come_in_three_types() {
        for (value, number) in [(row(3), 3.0), (row(3.5), 3.5), (text("3.50"), 3.5), (text(" 3 "), 3.0)] {
            assert_eq!(value.number("v"), Ok(Some(number)));
        }
        assert_eq!(text("NaN").number("v"), Err("v \"NaN\" is not a number".to_owned()));
        assert_eq!((text("12").integer("v"), row(12.0).integer("v")), (Ok(Some(12)), Ok(Some(12))));
        assert_eq!(text("9007199254740993").integer("v"), Ok(Some(9_007_199_254_740_993)));
        assert_eq!(row(1.5).integer("v"), Err("v \"1.5\" is not a whole number".to_owned()));
        assert_eq!(row(300).small::<u8>("v"), Err("v 300 is out of bounds".to_owned()));
        assert!(row(vec![1_u8]).number("v").is_err());
    }

    #[test]
    fn booleans_come_as_numbers_and_words() {
        for (value, boolean) in
            [(row(1), true), (row(0), false), (text("true"), true), (text("FALSE"), false), (text("1"), true)]
        {
            assert_eq!(value.boolean("v"), Ok(Some(boolean)), "{value:?}");
        }
        assert_eq!(text("maybe").boolean("v"), Err("v \"maybe\" is not true or false".to_owned()));
    }

    #[test]
    fn texts_and_ids() {
        assert_eq!(row(42).text("v"), Ok(Some("42".to_owned())));
        assert_eq!(row(vec![0_u8]).text("v"), Err("v is not a text".to_owned()));
        assert_eq!(row(Value::Null).required_text("v"), Err("v is missing".to_owned()));
        assert_eq!(text("q1").id::<QuestionId>("v"), Ok("q1".try_into().unwrap()));
        assert_eq!(text(" ").id::<QuestionId>("v"), Err("v is missing".to_owned()));
        assert!(text("q#1").id::<QuestionId>("v").unwrap_err().starts_with("v \"q#1\" must be"));
        assert_eq!(text("q1").text("w"), Ok(None));
    }

    #[test]
    fn unknown_columns_become_json() {
        let columns = ["id", "i", "r", "t", "n", "b"].map(str::to_owned);
        let values = vec![
            Value::Text("q1".to_owned()),
            Value::Integer(3),
            Value::Real(0.5),
            Value::Text("[1]".to_owned()),
            Value::Null,
            Value::Blob(vec![10, 255]),
        ];
        let extra = Row::new(Arc::from(columns), values).extra(&D1Table { name: "t", columns: &["id"] });
        assert_eq!(Json::from(extra), serde_json::json!({"i": 3, "r": 0.5, "t": "[1]", "n": null, "b": "0aff"}));
    }
}
