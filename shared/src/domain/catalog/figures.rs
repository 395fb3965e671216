//! Figures of a question: images, named by the digest of their bytes. The question has references in a column; a figure is
//! stored once, however many questions show it. `[figure 1]` in a text is the place of the first figure.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{ExtraColumns, Question};
use crate::domain::schema::{has_schema, text};

/// The column of the figures.
pub const FIGURES_COLUMN: &str = "figures";
/// Maximum number of figures of a question.
pub const FIGURES_MAX: usize = 20;
/// Maximum bytes of a figure. With its keys it stays below the 400 KiB of an item.
pub const FIGURE_BYTES_MAX: usize = 256 * 1024;

/// The SHA-256 of a figure's bytes, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FigureDigest(String);

has_schema!(FigureDigest, text(64, 64).pattern(Some("^[0-9a-f]{64}$")).examples(["0".repeat(64)]));

impl FigureDigest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FigureDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() == 64 && is_hex { Ok(Self(text)) } else { Err("must be 64 hexadecimal digits") }
    }
}

/// The format of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FigureMediaType)]
pub enum MediaType {
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// SVG.
    #[serde(rename = "image/svg+xml")]
    Svg,
}

impl MediaType {
    /// The name of the media type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// A figure as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureFile {
    pub digest: FigureDigest,
    pub media_type: MediaType,
    pub bytes: Vec<u8>,
}

/// A question's reference to a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    pub digest: FigureDigest,
    pub media_type: MediaType,
    /// Its name in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text for readers who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// Width in pixels, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// The figures of a question. A column of this name that holds something else is not ours.
#[must_use]
pub fn figures_of(extra: &ExtraColumns) -> Vec<Figure> {
    let column = extra.get(FIGURES_COLUMN).filter(|column| column.is_array());
    column.and_then(|column: &Value| serde_json::from_value(column.clone()).ok()).unwrap_or_default()
}

impl Question {
    /// The figures; empty if there are none.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        figures_of(&self.extra)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let digest = FigureDigest::of(b"abc");
        assert_eq!(digest.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(FigureDigest::try_from(digest.as_str().to_owned()), Ok(digest.clone()));
        for text in ["", "ba78", &digest.as_str().to_uppercase(), &"g".repeat(64), &"0".repeat(65)] {
            assert!(FigureDigest::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_column_that_holds_no_references_is_not_ours() {
        let of = |column: Value| figures_of(&ExtraColumns::from_iter([(FIGURES_COLUMN.to_owned(), column)]));
        let reference = json!({"digest": "0".repeat(64), "media_type": "image/png", "alt": "A"});
        assert_eq!(of(json!([reference])).len(), 1);
        for other in [json!("a.png"), json!(3), json!([{"name": "a.png"}]), json!(["a.png"]), json!({})] {
            assert_eq!(of(other.clone()), [], "{other}");
        }
    }
}
