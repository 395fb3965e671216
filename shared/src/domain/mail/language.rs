//! Languages of mails.

use serde::{Deserialize, Serialize};

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "de")]
    German,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (RFC 5646).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of a tag, whatever its region.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The most wanted language of an `Accept-Language` header (RFC 9110, 12.5.4); English if it names none of ours.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',') {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, ""));
            let quality = match parameter.trim().strip_prefix("q=") {
                Some(text) => text.trim().parse::<f32>().ok().filter(|quality| (0.0..=1.0).contains(quality)),
                None => Some(1.0),
            };
            let (Some(quality), Some(language)) = (quality, Self::of_tag(tag.trim())) else { continue };
            if quality > 0.0 && best.is_none_or(|(most, _)| quality > most) {
                best = Some((quality, language));
            }
        }
        best.map_or_else(Self::default, |(_, language)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_of_our_languages_is_taken() {
        for (header, expected) in [
            ("", Language::English),
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("en;q=0.5, de;q=0.7", Language::German),
            ("fr, de;q=0.1", Language::German),
            ("en, de", Language::English),
            ("de;q=0", Language::English),
            ("de;q=nonsense", Language::English),
            ("*", Language::English),
            ("DE-ch", Language::German),
            (",,;;q=,", Language::English),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}
