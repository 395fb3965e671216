//! The drawn formulas of a question: one compressed attribute of its item, absent if the question has no formula.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item};
use super::dynamodb::packed::{deflate, inflate};
use crate::domain::catalog::Question;
use crate::domain::text::DrawnFormulas;

const DRAWN: &str = "drawn";
/// Maximum bytes of the attribute. A question has at most 200 KB of text, and an item 400 KB.
const DRAWN_BYTES_MAX: usize = 64 * 1024;
/// Maximum bytes of markup before it is compressed, for the memory of a function that reads many questions.
const MARKUP_BYTES_MAX: usize = 1024 * 1024;

/// Adds drawn formulas to the item of their question. What exceeds the limits is left out, largest formula first, and is
/// shown as code.
pub(super) fn add(item: &mut Item, drawn: Option<&DrawnFormulas>) -> Result<(), StoreError> {
    let Some(drawn) = drawn else { return Ok(()) };
    let packed = packed(drawn)?;
    item.insert(DRAWN.to_owned(), AttributeValue::B(Blob::new(packed)));
    Ok(())
}

/// Parses the item of a question with its drawn formulas.
pub(super) fn read_question(mut item: Item) -> Result<Question, StoreError> {
    let packed = item.remove(DRAWN);
    let mut question: Question = item::read(item)?;
    if let Some(AttributeValue::B(packed)) = packed {
        let drawn: DrawnFormulas =
            inflate(packed.as_ref()).map_err(|error| StoreError::corrupt(Question::NAME, error))?;
        question.drawn = Some(drawn.into());
    }
    Ok(question)
}

fn packed(drawn: &DrawnFormulas) -> Result<Vec<u8>, StoreError> {
    let mut fitting = drawn.clone();
    loop {
        if fitting.markup_bytes() <= MARKUP_BYTES_MAX {
            let json = serde_json::to_vec(&fitting).map_err(|error| StoreError::corrupt(Question::NAME, error))?;
            let packed = deflate(&json).map_err(|error| StoreError::corrupt(Question::NAME, error))?;
            if packed.len() <= DRAWN_BYTES_MAX {
                return Ok(packed);
            }
        }
        let largest = fitting.formulas.iter().max_by_key(|(_, markup)| markup.len());
        let Some(largest) = largest.map(|(formula, _)| formula.clone()) else {
            return Err(StoreError::corrupt(Question::NAME, "its drawn formulas cannot be stored"));
        };
        fitting.formulas.remove(&largest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Formula;

    #[test]
    fn formulas_beyond_the_limits_are_left_out_largest_first() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut text = |length| std::iter::repeat_with(|| random.alphanumeric()).take(length).collect::<String>();
        let mut drawn = DrawnFormulas { renderer: 1, ..DrawnFormulas::default() };
        for (latex, markup) in [
            ("small", text(100)),
            ("dense", text(100_000)),
            ("medium", text(30_000)),
            ("long", "x".repeat(MARKUP_BYTES_MAX)),
        ] {
            drawn.formulas.insert(Formula { latex: latex.to_owned(), is_display: false }, markup);
        }
        let packed = packed(&drawn).unwrap();
        assert!(packed.len() <= DRAWN_BYTES_MAX);
        let stored: DrawnFormulas = inflate(&packed).unwrap();
        let names: Vec<_> = stored.formulas.keys().map(|formula| formula.latex.as_str()).collect();
        assert_eq!(names, ["medium", "small"]);
    }
}
