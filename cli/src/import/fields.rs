//! The fields of a catalogue's records: their types, messages for values of a wrong type, and suggestions for mistyped
//! names.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Number, Value};
use shared::domain::id::QuestionId;
use shared::domain::questions::view::NEEDED_TO_ANSWER;

use super::json::has_no_escape;

/// Maximum characters of a wrong value in a message.
const SHOWN_CHARS_MAX: usize = 60;

/// Type of a field.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Id,
    Text,
    Whole(i64, i64),
    Number,
    Boolean,
    Day,
    Moment,
    Texts,
    Options,
    Any,
}

/// Whether a field is required.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Required,
    /// It may be missing or null.
    Nullable,
    /// It may be missing, but not null.
    Defaulted,
}

/// A field of a record.
#[derive(Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    need: Need,
}

/// A record of a catalogue.
pub(super) struct Record {
    /// Fields of the record.
    fields: &'static [Field],
    /// Extra columns that have a meaning.
    columns: &'static [&'static str],
    /// Common other names for its fields, with the field's name.
    aliases: &'static [(&'static str, &'static str)],
}

const COUNT: Kind = Kind::Whole(0, u32::MAX as i64);
const YEAR: Kind = Kind::Whole(i32::MIN as i64, i32::MAX as i64);
const DIFFICULTY: Kind = Kind::Whole(0, u8::MAX as i64);

const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, need: Need::Required }
}

const fn nullable(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, need: Need::Nullable }
}

const fn defaulted(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, need: Need::Defaulted }
}

pub(super) const FILE: Record = Record {
    fields: &[
        defaulted("$schema", Kind::Any),
        required("course", Kind::Any),
        defaulted("exams", Kind::Any),
        required("topics", Kind::Any),
        defaulted("patterns", Kind::Any),
        required("questions", Kind::Any),
        defaulted("shown_with_question", Kind::Texts),
    ],
    columns: &[],
    aliases: &[("question_patterns", "patterns")],
};
pub(super) const COURSE: Record = Record {
    fields: &[
        required("id", Kind::Id),
        required("name", Kind::Text),
        nullable("description", Kind::Text),
        nullable("exam_count", COUNT),
        defaulted("is_active", Kind::Boolean),
        nullable("created_at", Kind::Moment),
        defaulted("shown_with_question", Kind::Texts),
    ],
    columns: &[],
    aliases: &[("title", "name"), ("active", "is_active")],
};
pub(super) const EXAM: Record = Record {
    fields: &[
        required("id", Kind::Id),
        required("year", YEAR),
        nullable("semester", Kind::Text),
        required("exam_type", Kind::Text),
        nullable("total_points", Kind::Number),
        nullable("exam_date", Kind::Day),
        nullable("upload_date", Kind::Day),
        defaulted("processed", Kind::Boolean),
    ],
    columns: &[],
    aliases: &[("points", "total_points"), ("type", "exam_type"), ("date", "exam_date")],
};
pub(super) const TOPIC: Record = Record {
    fields: &[
        required("id", Kind::Id),
        required("name", Kind::Text),
        nullable("slug", Kind::Text),
        required("category", Kind::Text),
        nullable("difficulty", DIFFICULTY),
        nullable("frequency_score", Kind::Number),
        nullable("avg_points", Kind::Number),
        nullable("total_appearances", COUNT),
    ],
    columns: &[],
    aliases: &[("frequency", "frequency_score")],
};
pub(super) const PATTERN: Record = Record {
    fields: &[
        required("id", Kind::Id),
        required("topic_id", Kind::Id),
        required("name", Kind::Text),
        defaulted("techniques", Kind::Texts),
        nullable("canonical_form", Kind::Text),
        nullable("appearance_count", COUNT),
        nullable("appearance_rate", Kind::Number),
        nullable("first_seen_year", YEAR),
        nullable("last_seen_year", YEAR),
        nullable("example_question_id", Kind::Id),
    ],
    columns: &[],
    aliases: &[("topic", "topic_id")],
};
pub(super) const QUESTION: Record = Record {
    fields: &[
        required("id", Kind::Id),
        nullable("exam_id", Kind::Id),
        required("topic_id", Kind::Id),
        nullable("pattern_id", Kind::Id),
        defaulted("techniques", Kind::Texts),
        required("question_text", Kind::Text),
        required("solution_steps", Kind::Texts),
        required("answer", Kind::Text),
        nullable("difficulty", DIFFICULTY),
        nullable("difficulty_reason", Kind::Text),
        nullable("frequency_score", Kind::Number),
        nullable("estimated_time", Kind::Number),
        nullable("source_exam_year", YEAR),
        nullable("source_exam_type", Kind::Text),
        nullable("source_question_number", Kind::Whole(i64::MIN, i64::MAX)),
        nullable("source_points", Kind::Number),
        defaulted("is_generated", Kind::Boolean),
        nullable("created_at", Kind::Moment),
        defaulted("options", Kind::Options),
        defaulted("answer_rules", Kind::Any),
    ],
    columns: &NEEDED_TO_ANSWER,
    aliases: &[
        ("exam", "exam_id"),
        ("topic", "topic_id"),
        ("pattern", "pattern_id"),
        ("points", "source_points"),
        ("text", "question_text"),
        ("steps", "solution_steps"),
        ("solution", "solution_steps"),
    ],
};
pub(super) const OPTION: Record = Record {
    fields: &[required("letter", Kind::Text), required("text", Kind::Text), required("is_correct", Kind::Boolean)],
    columns: &[],
    aliases: &[("correct", "is_correct")],
};

impl Record {
    /// The errors in the fields of `row`, each with the field's name.
    pub(super) fn problems(&self, row: &Map<String, Value>) -> Vec<String> {
        let problem = |field: &Field| match (row.get(field.name), field.need) {
            (None, Need::Required) => Some(format!("{} is missing", field.name)),
            (None, _) | (Some(Value::Null), Need::Nullable) => None,
            (Some(value), _) => problem(field.name, field.kind, value),
        };
        self.fields.iter().filter_map(problem).collect()
    }

    /// The names in `row` that are not fields.
    pub(super) fn others<'a>(&self, row: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
        row.keys().map(String::as_str).filter(move |name| !self.has(name)).collect::<Vec<_>>().into_iter()
    }

    /// The field or column that a mistyped name probably means. `declared` are columns that the catalogue names.
    pub(super) fn meant_by<'a>(&self, name: &str, declared: &'a [String]) -> Option<&'a str> {
        let columns = || self.columns.iter().copied().chain(declared.iter().map(String::as_str));
        if columns().any(|column| column == name) {
            return None;
        }
        let fields = self.fields.iter().map(|field| (field.name, field.name, 2));
        let aliases = self.aliases.iter().map(|(alias, field)| (*alias, *field, 1));
        nearest(name, fields.chain(aliases).chain(columns().map(|column| (column, column, slips_allowed(column)))))
    }

    /// Writes whole numbers as integers, which is how the types of the rows read them.
    pub(super) fn tidy(&self, row: &mut Map<String, Value>) {
        for field in self.fields.iter().filter(|field| matches!(field.kind, Kind::Whole(..) | Kind::Day)) {
            if let Some(Value::Number(number)) = row.get_mut(field.name)
                && let Some(whole) = whole(number)
            {
                *number = whole.into();
            }
        }
    }

    /// Whether the record has a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }
}

/// How many letters of the name of a column may differ. In a short name, they would make another word of it: a column
/// `stage` is no `image`, and `tap` is no `map`.
pub(super) fn slips_allowed(column: &str) -> usize {
    match column.len() {
        0..=3 => 0,
        4 | 5 => 1,
        _ => 2,
    }
}

/// The entry of `known` that `name` is closest to. Each entry is a name, its field, and how many letters may differ.
/// Less than half of the letters may differ. Letter case, underscores and hyphens are ignored.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = (&'a str, &'a str, usize)>) -> Option<&'a str> {
    let plain =
        |name: &str| -> String { name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase() };
    let name = plain(name);
    let distance = |known: &str, most: usize| {
        let known = plain(known);
        let distance = strsim::osa_distance(&name, &known);
        (distance <= most && 2 * distance < known.len().min(name.len())).then_some(distance)
    };
    let near = known.filter_map(|(known, field, most)| Some((distance(known, most)?, field)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, field)| field)
}

fn problem(name: &str, kind: Kind, value: &Value) -> Option<String> {
    let wanted = |wanted: &str| Some(format!("{name} is {}, {wanted} is wanted", shown(value)));
    match (kind, value) {
        // The broken escape is reported elsewhere and explains this error too.
        (_, Value::String(text)) if has_no_escape(text) && !matches!(kind, Kind::Id) => None,
        (Kind::Any, _)
        | (Kind::Text, Value::String(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_)) => None,
        (Kind::Id, Value::String(text)) => {
            let error = QuestionId::try_from(text.clone()).err()?;
            Some(format!("{name} {} {error}", shown(value)))
        }
        (Kind::Whole(least, most), Value::Number(number)) => match number.as_i64().or_else(|| whole(number)) {
            Some(whole) if (least..=most).contains(&whole) => None,
            Some(_) => Some(format!("{name} {number} is out of bounds")),
            None if number.is_u64() => Some(format!("{name} {number} is out of bounds")),
            None => wanted("a whole number"),
        },
        (Kind::Day, Value::Number(number)) if number.is_i64() || whole(number).is_some() => None,
        (Kind::Day, Value::String(text)) if text.parse::<Date>().is_ok() => None,
        (Kind::Moment, Value::String(text)) if text.parse::<Timestamp>().is_ok() => None,
        (Kind::Texts, Value::Array(elements)) => {
            let elements = elements.iter().enumerate();
            let mut wrong =
                elements.filter_map(|(index, value)| problem(&format!("{name}[{index}]"), Kind::Text, value));
            wrong.next()
        }
        (Kind::Options, Value::Array(options)) => {
            let mut wrong = options.iter().enumerate().filter_map(|(index, value)| match value {
                Value::Object(option) => {
                    OPTION.problems(option).into_iter().next().map(|problem| format!("{name}[{index}].{problem}"))
                }
                value => Some(format!("{name}[{index}] is {}, an object is wanted", shown(value))),
            });
            wrong.next()
        }
        _ => wanted(wanted_of(kind)),
    }
}

/// The integer that a number with a fraction of zero or an exponent is: to JSON, `2.0` and `2e0` are 2.
fn whole(number: &Number) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT_MAX)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
    Some(number as i64)
}

fn wanted_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Text => "a text",
        Kind::Whole(..) => "a whole number",
        Kind::Number => "a number",
        Kind::Boolean => "true or false",
        Kind::Day => "a date such as \"2019-12-12\" or epoch seconds",
        Kind::Moment => "a time such as \"2019-12-12T09:00:00Z\"",
        Kind::Texts => "a list of texts",
        Kind::Options => "a list of options",
        Kind::Any => "a value",
    }
}

/// A value formatted for a message.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > SHOWN_CHARS_MAX => {
            format!("{:?}…", text.chars().take(SHOWN_CHARS_MAX).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_a_field_is_taken_for_it() {
        for (name, field) in [
            ("pionts", "source_points"),
            ("points", "source_points"),
            ("sourcePoints", "source_points"),
            ("option", "options"),
            ("optoins", "options"),
            ("Answer", "answer"),
            ("dificulty", "difficulty"),
            ("exam", "exam_id"),
            ("topicId", "topic_id"),
            ("solution-steps", "solution_steps"),
            ("imgae", "image"),
            ("Image", "image"),
            ("images", "image"),
            ("figuer", "figure"),
            ("fgiuer", "figure"),
            ("pasage", "passage"),
            ("passsages", "passage"),
            ("tabel", "table"),
            ("adio", "audio"),
            ("AUDIO", "audio"),
        ] {
            assert_eq!(QUESTION.meant_by(name, &[]), Some(field), "{name}");
        }
        assert_eq!((EXAM.meant_by("yaer", &[]), TOPIC.meant_by("nmae", &[])), (Some("year"), Some("name")));
    }

    #[test]
    fn a_name_that_is_nearly_a_column_of_the_catalogue_is_taken_for_it() {
        let declared = ["map".to_owned(), "data_sheet".to_owned()];
        for (name, column) in [("Map", "map"), ("datasheet", "data_sheet"), ("data_shete", "data_sheet")] {
            assert_eq!(QUESTION.meant_by(name, &declared), Some(column), "{name}");
        }
        for name in ["map", "tap", "data_sheet", "sheet"] {
            assert_eq!(QUESTION.meant_by(name, &declared), None, "{name}");
        }
    }

    #[test]
    fn other_names_are_columns_of_their_own() {
        for name in [
            "section",
            "question_number",
            "subparts_json",
            "difficulty_label",
            "part",
            "page",
            "image",
            "figure",
            "passage",
            "table",
            "audio",
            "rubric",
            "no",
            "ref",
            "hint",
            "hints",
            "source",
            "notes",
            "stage",
            "usage",
            "radio",
            "cable_car",
            "",
            "é",
        ] {
            assert_eq!(QUESTION.meant_by(name, &[]), None, "{name}");
        }
    }
}
