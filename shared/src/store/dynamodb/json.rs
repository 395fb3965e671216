//! Stores JSON in DynamoDB without loss. DynamoDB's numbers have 38 digits and range from 1e-130 to 1e125; they have no
//! negative zero and do not distinguish 2 from 2.0. Lists and maps nest at most 32 levels deep. A value that DynamoDB
//! cannot represent is stored as JSON text, in a map whose only member is `$json`.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

use super::item::Item;

/// The only member of a map that holds JSON text.
const TEXT: &str = "$json";
/// Maximum nesting of a value that is stored as lists and maps. It is below DynamoDB's limit, because the enclosing
/// item uses levels too.
const DEPTH_MAX: usize = 24;
/// Magnitudes of fractional numbers that DynamoDB stores with all digits of an `f64`.
const SIZES: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// Converts columns to a map attribute.
pub(in crate::store) fn columns(columns: &Map<String, Value>) -> AttributeValue {
    let columns = columns.iter().map(|(name, value)| {
        let kept = if depth(value) > DEPTH_MAX { as_text(value) } else { attribute(value) };
        (name.clone(), kept)
    });
    AttributeValue::M(columns.collect())
}

/// Converts a stored map back. Numbers keep their JSON spelling, so integers stay integers.
pub(in crate::store) fn read_columns(value: AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::M(map) => match text_of(&map) {
            Some(value) => spelled(&value),
            None => AttributeValue::M(map.into_iter().map(|(name, value)| (name, read_columns(value))).collect()),
        },
        AttributeValue::L(list) => AttributeValue::L(list.into_iter().map(read_columns).collect()),
        other => other,
    }
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Number(number) if !is_kept(number) => as_text(value),
        Value::Object(members) if members.keys().any(|name| name.is_empty() || name == TEXT) => as_text(value),
        Value::Array(values) => AttributeValue::L(values.iter().map(attribute).collect()),
        Value::Object(members) => {
            AttributeValue::M(members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
        other => spelled(other),
    }
}

fn is_kept(number: &Number) -> bool {
    number.is_i64()
        || number.is_u64()
        || number.as_f64().is_some_and(|number| number.fract() != 0.0 && SIZES.contains(&number.abs()))
}

fn as_text(value: &Value) -> AttributeValue {
    AttributeValue::M(Item::from([(TEXT.to_owned(), AttributeValue::S(value.to_string()))]))
}

fn text_of(map: &Item) -> Option<Value> {
    let text = map.get(TEXT).filter(|_| map.len() == 1)?.as_s().ok()?;
    serde_json::from_str(text).ok()
}

/// Converts a value directly. DynamoDB may not accept the result.
fn spelled(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(is) => AttributeValue::Bool(*is),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => AttributeValue::L(values.iter().map(spelled).collect()),
        Value::Object(members) => {
            AttributeValue::M(members.iter().map(|(name, value)| (name.clone(), spelled(value))).collect())
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_dynamo::aws_sdk_dynamodb_1::from_attribute_value;

    use super::*;

    /// Simulates how DynamoDB stores a number; `None` if DynamoDB refuses it.
    fn stored(value: AttributeValue) -> Option<AttributeValue> {
        Some(match value {
            AttributeValue::N(number) => {
                let number: f64 = number
                    .parse()
                    .ok()
                    .filter(|number: &f64| *number == 0.0 || (1e-130..=9.9e125).contains(&number.abs()))?;
                // DynamoDB drops the sign of zero and the fraction of zero, and may change the spelling.
                AttributeValue::N(if number == 0.0 { "0".to_owned() } else { number.to_string() })
            }
            AttributeValue::L(list) => AttributeValue::L(list.into_iter().map(stored).collect::<Option<_>>()?),
            AttributeValue::M(map) => {
                let members = map.into_iter().map(|(name, value)| Some((name, stored(value)?)));
                AttributeValue::M(members.collect::<Option<_>>()?)
            }
            other => other,
        })
    }

    fn kept(value: &Value) -> Value {
        let columns = super::columns(&Map::from_iter([("column".to_owned(), value.clone())]));
        let mut read: Map<String, Value> = from_attribute_value(read_columns(stored(columns).unwrap())).unwrap();
        read.remove("column").unwrap()
    }

    fn any_number() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<f64>().prop_map(Value::from),
            // The end-to-end test covers integers with more digits than this simulation keeps.
            (-(1_i64 << 52)..1 << 52).prop_map(Value::from),
            (any::<f64>(), -320..309_i32).prop_map(|(digits, power)| Value::from(digits.fract() * 10_f64.powi(power))),
        ]
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any_number(),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(30, 60, 3, |inner| {
            let name = prop_oneof![Just(TEXT.to_owned()), Just(String::new()), ".{0,3}"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map(name, inner, 0..3).prop_map(|map| Value::from(Map::from_iter(map))),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_round_trips(value in any_json()) {
            // Compare as text: with `==`, -0.0 equals 0.0.
            prop_assert_eq!(kept(&value).to_string(), value.to_string());
        }
    }

    #[test]
    fn older_stored_values_are_read_unchanged() {
        let map = |name: &str, value| AttributeValue::M(Item::from([(name.to_owned(), value)]));
        let old = map("a", AttributeValue::L(vec![AttributeValue::N("0.5".to_owned()), AttributeValue::Null(true)]));
        assert_eq!(read_columns(old.clone()), old);
        let no_json = map(TEXT, AttributeValue::S("no JSON".to_owned()));
        assert_eq!(read_columns(no_json.clone()), no_json);
    }
}
