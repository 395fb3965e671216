//! The characters of a text file, whatever its encoding.

use crate::FormatError;

/// The largest text file that a reader takes, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// A decoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Line breaks are `\n`.
    pub text: String,
    /// Set if the encoding is a guess.
    pub warning: Option<String>,
}

/// Decodes UTF-8 (with or without a byte-order mark), UTF-16 with a byte-order mark, and otherwise Windows-1252 with a
/// warning. Refuses files that are too large or binary.
pub fn decode(bytes: &[u8]) -> Result<Decoded, FormatError> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(FormatError(format!("the file is larger than {} MiB", TEXT_BYTES_MAX >> 20)));
    }
    let (text, warning) = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, length)) => {
            let (text, is_broken) = encoding.decode_without_bom_handling(&bytes[length..]);
            let warning = is_broken.then(|| {
                format!("Some bytes are not valid {}; each is shown as \u{fffd}. Check the texts.", encoding.name())
            });
            (text.into_owned(), warning)
        }
        None => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                (text.to_owned(), None)
            } else {
                let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
                let warning = "The file is not UTF-8; it was read as Windows-1252. Check letters with accents.";
                (text.into_owned(), Some(warning.to_owned()))
            }
        }
    };
    if text.contains('\0') {
        return Err(FormatError("the file is binary, or UTF-16 without a byte-order mark".to_owned()));
    }
    Ok(Decoded { text: with_line_feeds(text), warning })
}

fn with_line_feeds(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> (String, bool) {
        let decoded = decode(bytes).unwrap();
        (decoded.text, decoded.warning.is_some())
    }

    #[test]
    fn byte_order_marks_select_the_encoding() {
        assert_eq!(text("é\r\nb\rc".as_bytes()), ("é\nb\nc".to_owned(), false));
        assert_eq!(text(b"\xef\xbb\xbf::a"), ("::a".to_owned(), false));
        assert_eq!(text(b"\xff\xfea\0\xe9\0"), ("aé".to_owned(), false));
        assert_eq!(text(b"\xfe\xff\0a\0\xe9"), ("aé".to_owned(), false));
    }

    #[test]
    fn other_bytes_are_windows_1252_with_a_warning() {
        assert_eq!(text(b"caf\xe9 \x80 \x93x\x94"), ("café € “x”".to_owned(), true));
    }

    #[test]
    fn broken_utf_16_is_warned_of_and_binary_files_are_refused() {
        assert!(text(b"\xff\xfea\0\x00\xd8").1);
        assert!(decode(b"\x89PNG\0\0").is_err());
        assert!(decode(b"a\0b\0").is_err());
    }
}
