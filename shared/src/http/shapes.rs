//! A JSON value whose shapes are those of the contract. `serde` also reads a struct from a list and an enum from an object
//! with one member, and the contract knows neither.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// Deserializes structs from objects only, and enums from strings only.
#[derive(Debug)]
pub(super) struct Strict(pub(super) Value);

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(entries) => visitor.visit_seq(SeqDeserializer::new(entries.into_iter().map(Self))),
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            value => value.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { Err(Error::custom("must be an object")) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(name) if variants.contains(&name.as_str()) => visitor.visit_enum(name.into_deserializer()),
            _ => Err(Error::custom(format!("must be one of `{}`", variants.join("`, `")))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        size: Option<Size>,
        sizes: Option<Vec<Size>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        inner: Option<Inner>,
        numbers: Option<Vec<(u8, f64)>>,
    }

    fn read(value: Value) -> Result<Outer, String> {
        Outer::deserialize(Strict(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_struct_is_an_object_and_an_enum_is_a_string() {
        for good in [
            json!({}),
            json!({"inner": null, "unknown": [{"a": 1}]}),
            json!({"inner": {"size": "small", "sizes": ["large", "small"]}, "numbers": [[1, 2], [3, 4.5]]}),
        ] {
            assert_eq!(read(good.clone()), Ok(serde_json::from_value(good).unwrap()));
        }
        for (bad, message) in [
            (json!([null, null]), "must be an object"),
            (json!({"inner": [null, null]}), "must be an object"),
            (json!({"inner": {"size": {"small": null}}}), "must be one of `small`, `large`"),
            (json!({"inner": {"sizes": [{"large": null}]}}), "must be one of `small`, `large`"),
            (json!({"inner": {"size": 3}}), "must be one of `small`, `large`"),
            (json!({"inner": {"size": "Small"}}), "must be one of `small`, `large`"),
        ] {
            assert_eq!(read(bad), Err(message.to_owned()));
        }
    }
}
