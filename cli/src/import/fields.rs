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
pub(super) enum FieldKind {
    Id,
    Text,
    Whole(i64, i64),
    Number,
    Boolean,
    Day,
    Moment,
    Texts,
    /// An object whose members are texts.
    TextsByName,
    Options,
    Parts,
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
    /// It may be missing in a question with parts.
    RequiredWithoutParts,
}

/// A field of a record.
#[derive(Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    kind: FieldKind,
    need: Need,
}

/// A record of a catalogue.
pub(super) struct CatalogRecord {
    /// Fields of the record.
    fields: &'static [Field],
    /// Extra columns that have a meaning.
    columns: &'static [&'static str],
    /// Common other names for its fields, with the field's name.
    aliases: &'static [(&'static str, &'static str)],
}

const COUNT: FieldKind = FieldKind::Whole(0, u32::MAX as i64);
const YEAR: FieldKind = FieldKind::Whole(i32::MIN as i64, i32::MAX as i64);
const DIFFICULTY: FieldKind = FieldKind::Whole(0, u8::MAX as i64);

const fn required(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, need: Need::Required }
}

const fn nullable(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, need: Need::Nullable }
}

const fn defaulted(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, need: Need::Defaulted }
}

pub(super) const FILE: CatalogRecord = CatalogRecord {
    fields: &[
        defaulted("$schema", FieldKind::Any),
        required("course", FieldKind::Any),
        defaulted("exams", FieldKind::Any),
        required("topics", FieldKind::Any),
        defaulted("patterns", FieldKind::Any),
        required("questions", FieldKind::Any),
        defaulted("shown_with_question", FieldKind::Texts),
    ],
    columns: &[],
    aliases: &[("question_patterns", "patterns")],
};
pub(super) const COURSE: CatalogRecord = CatalogRecord {
    fields: &[
        required("id", FieldKind::Id),
        required("name", FieldKind::Text),
        nullable("description", FieldKind::Text),
        nullable("exam_count", COUNT),
        defaulted("is_active", FieldKind::Boolean),
        nullable("created_at", FieldKind::Moment),
        defaulted("shown_with_question", FieldKind::Texts),
        defaulted("macros", FieldKind::TextsByName),
    ],
    columns: &[],
    aliases: &[("title", "name"), ("active", "is_active")],
};
pub(super) const EXAM: CatalogRecord = CatalogRecord {
    fields: &[
        required("id", FieldKind::Id),
        required("year", YEAR),
        nullable("semester", FieldKind::Text),
        required("exam_type", FieldKind::Text),
        nullable("total_points", FieldKind::Number),
        nullable("exam_date", FieldKind::Day),
        nullable("upload_date", FieldKind::Day),
        defaulted("processed", FieldKind::Boolean),
    ],
    columns: &[],
    aliases: &[("points", "total_points"), ("type", "exam_type"), ("date", "exam_date")],
};
pub(super) const TOPIC: CatalogRecord = CatalogRecord {
    fields: &[
        required("id", FieldKind::Id),
        required("name", FieldKind::Text),
        nullable("slug", FieldKind::Text),
        required("category", FieldKind::Text),
        nullable("difficulty", DIFFICULTY),
        nullable("frequency_score", FieldKind::Number),
        nullable("avg_points", FieldKind::Number),
        nullable("total_appearances", COUNT),
    ],
    columns: &[],
    aliases: &[("frequency", "frequency_score")],
};
pub(super) const PATTERN: CatalogRecord = CatalogRecord {
    fields: &[
        required("id", FieldKind::Id),
        required("topic_id", FieldKind::Id),
        required("name", FieldKind::Text),
        defaulted("techniques", FieldKind::Texts),
        nullable("canonical_form", FieldKind::Text),
        nullable("appearance_count", COUNT),
        nullable("appearance_rate", FieldKind::Number),
        nullable("first_seen_year", YEAR),
        nullable("last_seen_year", YEAR),
        nullable("example_question_id", FieldKind::Id),
    ],
    columns: &[],
    aliases: &[("topic", "topic_id")],
};
pub(super) const QUESTION: CatalogRecord = CatalogRecord {
    fields: &[
        required("id", FieldKind::Id),
        nullable("exam_id", FieldKind::Id),
        required("topic_id", FieldKind::Id),
        nullable("pattern_id", FieldKind::Id),
        defaulted("techniques", FieldKind::Texts),
        required("question_text", FieldKind::Text),
        Field { name: "solution_steps", kind: FieldKind::Texts, need: Need::RequiredWithoutParts },
        Field { name: "answer", kind: FieldKind::Text, need: Need::RequiredWithoutParts },
        nullable("difficulty", DIFFICULTY),
        nullable("difficulty_reason", FieldKind::Text),
        nullable("frequency_score", FieldKind::Number),
        nullable("estimated_time", FieldKind::Number),
        nullable("source_exam_year", YEAR),
        nullable("source_exam_type", FieldKind::Text),
        nullable("source_question_number", FieldKind::Whole(i64::MIN, i64::MAX)),
        nullable("source_points", FieldKind::Number),
        defaulted("is_generated", FieldKind::Boolean),
        nullable("created_at", FieldKind::Moment),
        defaulted("options", FieldKind::Options),
        defaulted("answer_rules", FieldKind::Any),
        defaulted("parts", FieldKind::Parts),
        defaulted("figures", FieldKind::Any),
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
pub(super) const OPTION: CatalogRecord = CatalogRecord {
    fields: &[
        required("letter", FieldKind::Text),
        required("text", FieldKind::Text),
        required("is_correct", FieldKind::Boolean),
        nullable("weight", FieldKind::Number),
        nullable("feedback", FieldKind::Text),
    ],
    columns: &[],
    aliases: &[("correct", "is_correct")],
};
pub(super) const PART: CatalogRecord = CatalogRecord {
    fields: &[
        defaulted("text", FieldKind::Text),
        defaulted("is_gap", FieldKind::Boolean),
        defaulted("answer", FieldKind::Text),
        defaulted("answer_rules", FieldKind::Any),
        defaulted("options", FieldKind::Options),
        nullable("points", FieldKind::Number),
        defaulted("solution_steps", FieldKind::Texts),
        nullable("hint", FieldKind::Text),
    ],
    columns: &[],
    aliases: &[
        ("question_text", "text"),
        ("source_points", "points"),
        ("steps", "solution_steps"),
        ("solution", "solution_steps"),
    ],
};

/// Extra columns of old catalogues whose names are near to `parts` and `figures`.
const COLUMNS_LIKE_FIELDS: [&str; 2] = ["part", "figure"];

impl CatalogRecord {
    /// The errors in the fields of `row`, each with the field's name.
    pub(super) fn problems(&self, row: &Map<String, Value>) -> Vec<String> {
        let problem = |field: &Field| match (row.get(field.name), field.need) {
            (None, Need::Required) => Some(format!("{} is missing", field.name)),
            (None, Need::RequiredWithoutParts) if !row.contains_key("parts") => {
                Some(format!("{} is missing", field.name))
            }
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
        if COLUMNS_LIKE_FIELDS.contains(&name) || columns().any(|column| column == name) {
            return None;
        }
        let fields = self.fields.iter().map(|field| (field.name, field.name, 2));
        let aliases = self.aliases.iter().map(|(alias, field)| (*alias, *field, 1));
        nearest(name, fields.chain(aliases).chain(columns().map(|column| (column, column, slips_allowed(column)))))
    }

    /// Writes whole numbers as integers, which is how the types of the rows read them.
    pub(super) fn tidy(&self, row: &mut Map<String, Value>) {
        for field in self.fields.iter().filter(|field| matches!(field.kind, FieldKind::Whole(..) | FieldKind::Day)) {
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

fn problem(name: &str, kind: FieldKind, value: &Value) -> Option<String> {
    let wanted = |wanted: &str| Some(format!("{name} is {}, {wanted} is wanted", shown(value)));
    match (kind, value) {
        // The broken escape is reported elsewhere and explains this error too.
        (_, Value::String(text)) if has_no_escape(text) && !matches!(kind, FieldKind::Id) => None,
        (FieldKind::Any, _)
        | (FieldKind::Text, Value::String(_))
        | (FieldKind::Number, Value::Number(_))
        | (FieldKind::Boolean, Value::Bool(_)) => None,
        (FieldKind::Id, Value::String(text)) => {
            let error = QuestionId::try_from(text.clone()).err()?;
            Some(format!("{name} {} {error}", shown(value)))
        }
        (FieldKind::Whole(least, most), Value::Number(number)) => match number.as_i64().or_else(|| whole(number)) {
            Some(whole) if (least..=most).contains(&whole) => None,
            Some(_) => Some(format!("{name} {number} is out of bounds")),
            None if number.is_u64() => Some(format!("{name} {number} is out of bounds")),
            None => wanted("a whole number"),
        },
        (FieldKind::Day, Value::Number(number)) if number.is_i64() || whole(number).is_some() => None,
        (FieldKind::Day, Value::String(text)) if text.parse::<Date>().is_ok() => None,
        (FieldKind::Moment, Value::String(text)) if text.parse::<Timestamp>().is_ok() => None,
        (FieldKind::Texts, Value::Array(elements)) => {
            let elements = elements.iter().enumerate();
            let mut wrong =
                elements.filter_map(|(index, value)| problem(&format!("{name}[{index}]"), FieldKind::Text, value));
            wrong.next()
        }
        (FieldKind::TextsByName, Value::Object(members)) => {
            let mut wrong = members.iter().filter_map(|(member, value)| {
                problem(&format!("{name}.{}", member.escape_debug()), FieldKind::Text, value)
            });
            wrong.next()
        }
        (FieldKind::Options, Value::Array(options)) => {
            first_problem(name, options, |option| OPTION.problems(option).into_iter().next())
        }
        // A name that no field has would be left out: it may hold an answer.
        (FieldKind::Parts, Value::Array(parts)) => first_problem(name, parts, |part| {
            let unknown = PART.others(part).next().map(|other| match PART.meant_by(other, &[]) {
                Some(meant) => format!("{}: no such field; did you mean {meant:?}?", other.escape_debug()),
                None => format!("{}: no such field", other.escape_debug()),
            });
            unknown.or_else(|| PART.problems(part).into_iter().next())
        }),
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

/// The first problem of a list of objects.
fn first_problem(
    name: &str,
    list: &[Value],
    problem: impl Fn(&Map<String, Value>) -> Option<String>,
) -> Option<String> {
    let mut wrong = list.iter().enumerate().filter_map(|(index, value)| match value {
        Value::Object(object) => problem(object).map(|problem| format!("{name}[{index}].{problem}")),
        value => Some(format!("{name}[{index}] is {}, an object is wanted", shown(value))),
    });
    wrong.next()
}

fn wanted_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Id | FieldKind::Text => "a text",
        FieldKind::Whole(..) => "a whole number",
        FieldKind::Number => "a number",
        FieldKind::Boolean => "true or false",
        FieldKind::Day => "a date such as \"2019-12-12\" or epoch seconds",
        FieldKind::Moment => "a time such as \"2019-12-12T09:00:00Z\"",
        FieldKind::Texts => "a list of texts",
        FieldKind::TextsByName => "an object of texts",
        FieldKind::Options => "a list of options",
        FieldKind::Parts => "a list of parts",
        FieldKind::Any => "a value",
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
    fn a_mistyped_name_suggests_its_field() {
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
