//! The SQL function `unistr`, which newer dumps use and the linked `SQLite` does not have yet.

/// Replaces `\XXXX`, `\uXXXX`, `\+XXXXXX` and `\UXXXXXXXX` (hexadecimal) by their characters, and `\\` by one
/// backslash, as specified in <https://sqlite.org/lang_corefunc.html#unistr>.
///
/// # Errors
/// When a backslash begins none of these.
pub(super) fn unistr(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        if let Some(after) = escape.strip_prefix('\\') {
            out.push('\\');
            rest = after;
            continue;
        }
        let (prefix, digits) = match escape.as_bytes().first() {
            Some(b'u') => (1, 4),
            Some(b'+') => (1, 6),
            Some(b'U') => (1, 8),
            _ => (0, 4),
        };
        let code = escape.get(prefix..prefix + digits).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        out.push(code.and_then(char::from_u32).ok_or("invalid Unicode escape")?);
        rest = &escape[prefix + digits..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_characters() {
        assert_eq!(unistr(r"a\u000ab \\frac \+01F600\00e9 \U0001F680"), Ok("a\nb \\frac 😀é 🚀".to_owned()));
        assert_eq!(unistr("plain é"), Ok("plain é".to_owned()));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [r"\", r"\x", r"\u12", r"\uD83D", r"\u+123", r"\uéé12"] {
            assert!(unistr(bad).is_err(), "{bad}");
        }
    }
}
