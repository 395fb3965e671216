//! Parses lists that D1 stores in one text: techniques and the steps of a solution.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use shared::domain::catalog::line_breaks::{steps_of, with_real_line_breaks};

/// Techniques from a JSON list, or from comma-separated words.
pub(super) fn techniques(text: &str) -> Vec<String> {
    let list = match serde_json::from_str::<Texts>(text) {
        Ok(Texts::List(elements)) => elements.into_iter().flat_map(Texts::flat).collect(),
        Ok(Texts::One(text)) => between_commas(&text),
        Ok(Texts::None) => Vec::new(),
        Ok(Texts::Number(_)) | Err(_) => between_commas(text),
    };
    list.iter().map(|technique| technique.trim()).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

fn between_commas(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

/// The steps of a solution.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// One text per step.
    pub steps: Vec<String>,
    /// Whether the text looks like a JSON list but cannot be parsed.
    pub is_broken_json: bool,
}

/// Parses steps from a JSON list of texts or objects (whose texts are joined), from a JSON text, or from plain text.
pub(super) fn solution_steps(text: &str) -> Steps {
    let json = serde_json::from_str::<Texts>(text);
    let is_broken_json = json.is_err() && matches!(text.trim_start().as_bytes().first(), Some(b'[' | b'{'));
    let steps = match json {
        Ok(Texts::None) => Vec::new(),
        Ok(Texts::List(elements)) => {
            let joined = elements.into_iter().map(|element| element.flat().join("\n"));
            joined.map(|step| with_real_line_breaks(&step)).filter(|step| !step.trim().is_empty()).collect()
        }
        Ok(Texts::One(text)) => steps_of(&with_real_line_breaks(&text)),
        Ok(Texts::Number(_)) | Err(_) => steps_of(&with_real_line_breaks(text)),
    };
    Steps { steps, is_broken_json }
}

/// The texts in a JSON value in document order, which a map of `serde_json` does not keep.
enum Texts {
    None,
    Number(String),
    One(String),
    List(Vec<Texts>),
}

impl Texts {
    fn flat(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Number(text) | Self::One(text) => vec![text],
            Self::List(elements) => elements.into_iter().flat_map(Self::flat).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts::None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Texts, E> {
        Ok(Texts::None)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
        Ok(Texts::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
        Ok(Texts::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Texts, E> {
        Ok(Texts::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Texts::List(elements))
    }

    /// Skips numbers: in an object they are step numbers.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut values = Vec::new();
        while let Some((_, value)) = map.next_entry::<serde::de::IgnoredAny, Texts>()? {
            if !matches!(value, Texts::Number(_)) {
                values.push(value);
            }
        }
        Ok(Texts::List(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_come_as_json_and_between_commas() {
        for text in [r#"["by parts","u-substitution"]"#, "by parts, u-substitution,", r#""by parts,u-substitution""#] {
            assert_eq!(techniques(text), ["by parts", "u-substitution"], "{text}");
        }
        for text in ["", "[]", "null", " , "] {
            assert!(techniques(text).is_empty(), "{text}");
        }
    }

    fn steps(text: &str) -> Vec<String> {
        let read = solution_steps(text);
        assert!(!read.is_broken_json, "{text}");
        read.steps
    }

    #[test]
    fn steps_come_as_lists_of_texts_or_objects() {
        assert_eq!(
            steps(r#"["Let $u=x$.\\nThen $a \\neq b$.","","Done."]"#),
            ["Let $u=x$.\nThen $a \\neq b$.", "Done."]
        );
        let objects =
            r#"[{"step":1,"title":"Set up","content":"Let $u=x$."},{"step":2,"lines":["a","b"],"note":null}]"#;
        assert_eq!(steps(objects), ["Set up\nLet $u=x$.", "a\nb"]);
        assert_eq!(steps(r#"["x", 5]"#), ["x", "5"]);
        assert!(steps("[]").is_empty() && steps("null").is_empty());
    }

    #[test]
    fn steps_come_as_text() {
        for text in [r#""One.\nTwo.""#, r#""One.\\nTwo.""#, r"One.\nTwo.", "One.\r\nTwo."] {
            assert_eq!(steps(text), ["One.", "Two."], "{text}");
        }
        assert_eq!(steps("42"), ["42"]);
    }

    #[test]
    fn a_broken_list_is_kept_as_text_and_reported() {
        let read = solution_steps(r#"["$\int x\,dx$"]"#);
        assert_eq!(read, Steps { steps: vec![r#"["$\int x\,dx$"]"#.to_owned()], is_broken_json: true });
    }
}
