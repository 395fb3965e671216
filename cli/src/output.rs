//! Output of the tool. A closed pipe (`pastpaper openapi | head -1`) is not an error. Stored text is escaped, so that
//! it cannot move the terminal's cursor, change its colours or imitate a line of the tool.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};

/// Like `print!`, but escapes control characters and returns errors.
macro_rules! out {
    ($($argument:tt)*) => { $crate::output::text(&format!($($argument)*)) };
}
/// Like `println!`, but escapes control characters and returns errors.
macro_rules! outln {
    ($($argument:tt)*) => { $crate::output::text(&(format!($($argument)*) + "\n")) };
}
pub(crate) use {out, outln};

/// Prints text. Control characters are escaped, except line ends and tabs.
pub(crate) fn text(text: &str) -> io::Result<()> {
    write(&mut io::stdout().lock(), &escape(text, &['\n', '\t']))
}

/// Prints JSON unchanged, since JSON escapes control characters itself.
pub(crate) fn json(text: &str) -> io::Result<()> {
    write(&mut io::stdout().lock(), text)
}

/// Prints a message to standard error. Errors are ignored.
pub fn message(text: &str) {
    let _ = write(&mut io::stderr().lock(), &(escape(text, &['\n', '\t']).into_owned() + "\n"));
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        // The reader closed the pipe.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Escapes a value from the database or a file for use within a line: all control characters, and all characters that
/// are invisible or change the text direction.
#[must_use]
pub fn plain(value: &str) -> Cow<'_, str> {
    escape(value, &[])
}

fn escape<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    let is_escaped = |c: char| is_unprintable(c) && !kept.contains(&c);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Keeps the joiners U+200C and U+200D, which occur in names.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_are_escaped() {
        assert_eq!(plain("Ada \u{1b}[2J\u{7}\u{9b}1m"), "Ada \\u{1b}[2J\\u{7}\\u{9b}1m");
        assert_eq!(plain("a\nb\tc\r"), "a\\nb\\tc\\r");
        assert_eq!(plain("abc\u{202e}fdp.exe"), "abc\\u{202e}fdp.exe");
        assert_eq!(escape("a\tb\n\u{1b}c\r\n", &['\n', '\t']), "a\tb\n\\u{1b}c\\r\n");
        for unchanged in ["Žofie Müller", "نیم\u{200c}فاصله", "👩\u{200d}🔬", "∫ x dx"] {
            assert!(matches!(plain(unchanged), Cow::Borrowed(text) if text == unchanged), "{unchanged}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        struct Fails(ErrorKind);
        impl Write for Fails {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(write(&mut Fails(ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write(&mut Fails(ErrorKind::StorageFull), "text").is_err());
    }
}
