//! A mail as bytes (RFC 5322, MIME): plain text before HTML, both in UTF-8 as quoted-printable.
//!
//! The same mail has the same bytes each time it is sent, also its `Message-ID` and boundary, so that a receiver can tell
//! a repetition. Every line is ASCII and short enough for every server.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::MailId;
use super::letter::Letter;

/// Most characters of a line of quoted-printable (RFC 2045, 6.7).
const LINE_CHARS_MAX: usize = 76;
/// Most bytes of text in one encoded word: 45 bytes are 60 characters of base64, and a word has at most 75 (RFC 2047, 2).
const WORD_BYTES_MAX: usize = 45;
/// The name of the sender.
const SENDER: &str = "pastpaper";

/// A message for a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MailId,
    /// The address of the sender, for the envelope.
    pub from: String,
    /// The address of the receiver, for the envelope.
    pub to: String,
    pub subject: String,
    /// The link in it, which has the token.
    pub link: String,
    /// Headers and body.
    pub bytes: Vec<u8>,
}

/// Headers that some mails have.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExtraHeaders<'a> {
    /// An address in ASCII.
    pub reply_to: Option<&'a str>,
    /// The URL to which a mail program sends a POST to turn the notice off (RFC 8058).
    pub unsubscribe: Option<&'a str>,
}

impl Message {
    /// Builds the message. `from` and `to` are addresses in ASCII; `asked_at` is its date.
    #[must_use]
    pub fn build(
        id: MailId,
        from: &str,
        to: &str,
        extra: ExtraHeaders<'_>,
        letter: &Letter,
        asked_at: Timestamp,
    ) -> Self {
        let host = from.rsplit_once('@').map_or("localhost", |(_, host)| host);
        let boundary = format!("=_{}", id.0.simple());
        let date = rfc2822::to_string(&asked_at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
        let reply_to = extra.reply_to.map(|address| format!("Reply-To: <{address}>"));
        let unsubscribe = extra
            .unsubscribe
            .map(|url| format!("List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"));
        let headers = [format!("From: {SENDER} <{from}>"), format!("To: <{to}>")];
        let headers = headers.into_iter().chain(reply_to).chain(unsubscribe).chain([
            format!("Subject: {}", encoded_words(&letter.subject)),
            format!("Date: {date}"),
            format!("Message-ID: <{id}@{host}>"),
            format!("Content-Language: {}", letter.language.tag()),
            // No automatic replies (RFC 3834, 5).
            "Auto-Submitted: auto-generated".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            format!("Content-Type: multipart/alternative; boundary=\"{boundary}\""),
        ]);
        let part = |kind: &str, text: &str| {
            format!(
                "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n",
                quoted_printable(text)
            )
        };
        let html = letter.html.as_deref().map(|html| part("html", html)).unwrap_or_default();
        let body = format!("{}{html}--{boundary}--\r\n", part("plain", &letter.text));
        let bytes = format!("{}\r\n\r\n{body}", headers.collect::<Vec<_>>().join("\r\n")).into_bytes();
        let (subject, link) = (letter.subject.clone(), letter.link.clone());
        Self { id, from: from.to_owned(), to: to.to_owned(), subject, link, bytes }
    }
}

/// A header's text: as it is if it is ASCII, else as encoded words, one per line.
fn encoded_words(text: &str) -> String {
    use base64::Engine as _;
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    for c in text.chars() {
        match words.last_mut().filter(|word| word.len() + c.len_utf8() <= WORD_BYTES_MAX) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
    }
    let encode = |word: &String| format!("=?utf-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(word));
    words.iter().map(encode).collect::<Vec<_>>().join("\r\n ")
}

/// A text as quoted-printable, with CRLF at the end of each line but the last.
fn quoted_printable(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(quoted_line).collect();
    lines.join("\r\n")
}

fn quoted_line(line: &str) -> String {
    let (mut quoted, mut width) = (String::with_capacity(line.len() + 8), 0);
    let bytes = line.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let is_last = index + 1 == bytes.len();
        let is_plain = match byte {
            b'=' => false,
            // A space at the end of a line would be removed on the way. A dot alone would end the message; mail servers
            // and `lettre` escape it, and this does not rely on them.
            b' ' | b'\t' => !is_last,
            b'.' => index > 0,
            byte => byte.is_ascii_graphic(),
        };
        let token = if is_plain { char::from(*byte).to_string() } else { format!("={byte:02X}") };
        let room = if is_last { LINE_CHARS_MAX } else { LINE_CHARS_MAX - 1 };
        if width + token.len() > room {
            quoted.push_str("=\r\n");
            width = 0;
        }
        width += token.len();
        quoted.push_str(&token);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::mail::MailKind;
    use crate::domain::mail::language::Language;

    fn decoded(text: &str) -> Vec<u8> {
        let joined = text.replace("=\r\n", "").replace("\r\n", "\n");
        let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
        while let Some((first, after)) = rest.split_first() {
            if *first == b'=' {
                bytes.push(u8::from_str_radix(str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_text_reads_back_from_short_ascii_lines(lines in proptest::collection::vec("[ -~äß\u{1f600}.=\t]{0,200}", 1..5)) {
            let text = lines.join("\n");
            let quoted = quoted_printable(&text);
            for line in quoted.split("\r\n") {
                prop_assert!(line.len() <= LINE_CHARS_MAX && line.is_ascii() && !line.contains(['\r', '\n']), "{line:?}");
                prop_assert!(!line.ends_with([' ', '\t']), "{line:?}");
            }
            let expected: Vec<&str> = text.lines().collect();
            prop_assert_eq!(String::from_utf8(decoded(&quoted)).unwrap(), expected.join("\n"));
        }

        #[test]
        fn a_subject_is_ascii_in_short_lines(text in "[a-zäöüß\u{1f600} ]{0,150}") {
            for line in encoded_words(&format!("ä{text}")).split("\r\n") {
                prop_assert!(line.is_ascii() && line.len() <= 76, "{line}");
            }
        }
    }

    #[test]
    fn a_message_has_every_header_and_the_same_bytes_each_time() {
        let letter =
            Letter::compose(MailKind::Verify, Language::German, "https://app.example.org/v#token=pm_x").unwrap();
        let build = || {
            let at = "2026-03-01T12:00:00Z".parse().unwrap();
            Message::build(
                MailId(Uuid::from_u128(1)),
                "no-reply@example.org",
                "u@xn--bcher-kva.example",
                ExtraHeaders {
                    reply_to: None,
                    unsubscribe: Some("https://api.example.org/u?token=pm_x&kind=new_sign_in"),
                },
                &letter,
                at,
            )
        };
        let message = build();
        assert_eq!(message, build());
        let shown = String::from_utf8(message.bytes).unwrap();
        assert!(shown.is_ascii() && shown.lines().all(|line| line.len() <= 998));
        assert_eq!(shown.matches('\n').count(), shown.matches("\r\n").count());
        let (head, body) = shown.split_once("\r\n\r\n").unwrap();
        for header in [
            "From: pastpaper <no-reply@example.org>",
            "To: <u@xn--bcher-kva.example>",
            "Subject: =?utf-8?B?",
            "Date: Sun, 1 Mar 2026 12:00:00 +0000",
            "Message-ID: <00000000-0000-0000-0000-000000000001@example.org>",
            "List-Unsubscribe: <https://api.example.org/u?token=pm_x&kind=new_sign_in>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"=_00000000000000000000000000000001\"",
        ] {
            assert!(head.contains(header), "{header} is not in {head}");
        }
        let plain = body.find("Content-Type: text/plain; charset=utf-8").unwrap();
        assert!(plain < body.find("Content-Type: text/html; charset=utf-8").unwrap());
        assert!(body.ends_with("--=_00000000000000000000000000000001--\r\n"));
    }
}
