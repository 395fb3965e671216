//! One account per mailbox: the forms in which an email address may be typed and stored.
//!
//! The normal form has its domain as mail servers compare it (IDNA, in ASCII) and its local part in lower case and NFC.
//! New accounts are stored under it. Older accounts may be stored under another form, and two of them may share one
//! mailbox. A lookup therefore tries the form as typed first, and then the others. `docs/decisions/0025` has the
//! reasons.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::Deserialize;

use super::invisible::{invisible_in_patterns, is_invisible};
use super::{EMAIL_BYTES_MAX, Email, InvalidAccount, NAME_CHARS_MAX, Name};
use crate::domain::schema::{has_schema, text};

/// What [`NewEmail`] accepts, once it is trimmed.
const NEW_EMAIL_PATTERN: &str = concat!(
    r"^[^\s@#\u0000-\u001f\u007f-\u009f",
    invisible_in_patterns!(),
    r"]+@[^\s@.\u3002\uff0e\uff61#\u0000-\u001f\u007f-\u009f",
    invisible_in_patterns!(),
    r"]+([.\u3002\uff0e\uff61][^\s@.\u3002\uff0e\uff61#\u0000-\u001f\u007f-\u009f",
    invisible_in_patterns!(),
    r"]+)+[.\u3002\uff0e\uff61]?$",
);

/// Pattern of a [`NewName`].
const NEW_NAME_PATTERN: &str = concat!(r"^[^\u0000-\u001f\u007f-\u009f", invisible_in_patterns!(), r"]*$");

fn has_invisible(text: &str) -> bool {
    text.chars().any(is_invisible)
}

/// Converts text to NFC, so that an accented letter is one character, however it was typed.
#[must_use]
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// An address in every form in which its account may be stored, in lookup order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// As typed, trimmed and in lower case.
    exact: Email,
    /// As new accounts are stored.
    normal: Email,
    /// The normal form with its domain in Unicode, if that differs.
    in_unicode: Option<Email>,
}

impl Mailbox {
    /// The mailbox of an address as typed or stored. If the domain is not valid in IDNA, this is the only form.
    #[must_use]
    pub fn of(exact: Email) -> Self {
        let normal = normal(&exact).unwrap_or_else(|_| exact.clone());
        let in_unicode = in_unicode(&normal).filter(|form| *form != normal && *form != exact);
        Self { exact, normal, in_unicode }
    }

    /// The form under which new accounts are stored and rate limits are counted.
    #[must_use]
    pub fn normal(&self) -> &Email {
        &self.normal
    }

    /// The address as typed or stored.
    #[must_use]
    pub fn exact(&self) -> &Email {
        &self.exact
    }

    /// All forms, in lookup order. Their number depends on the text only, not on what is stored.
    #[must_use]
    pub fn forms(&self) -> Vec<&Email> {
        let normal = Some(&self.normal).filter(|normal| **normal != self.exact);
        [Some(&self.exact), normal, self.in_unicode.as_ref()].into_iter().flatten().collect()
    }

    /// The forms other than the normal one under which an account of this mailbox may be stored.
    #[must_use]
    pub fn other_forms(&self) -> Vec<&Email> {
        self.forms().into_iter().filter(|form| **form != self.normal).collect()
    }
}

/// Converts an address to its normal form.
fn normal(email: &Email) -> Result<Email, InvalidAccount> {
    let (local, host) = email.as_str().split_once('@').ok_or(InvalidAccount::Email)?;
    let local = composed(&composed(local).to_lowercase()).into_owned();
    let host = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Verify);
    let host = host.map_err(|_| InvalidAccount::EmailDomain)?;
    // Validate again: compatibility mapping can produce `@`, `#` and dots.
    Email::try_from(format!("{local}@{host}"))
}

/// The normal form with its domain in Unicode; `None` if the domain cannot be decoded.
fn in_unicode(normal: &Email) -> Option<Email> {
    let (local, host) = normal.as_str().split_once('@')?;
    if !host.contains("xn--") {
        return None;
    }
    let (host, valid) = Uts46::new().to_unicode(host.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    valid.ok()?;
    Email::try_from(format!("{local}@{host}")).ok()
}

/// The address of a new account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NewEmail(Mailbox);

has_schema!(NewEmail, text(5, EMAIL_BYTES_MAX).pattern(Some(NEW_EMAIL_PATTERN)).examples(["ada@example.org"]));

impl NewEmail {
    /// The new account's mailbox.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl TryFrom<String> for NewEmail {
    type Error = InvalidAccount;

    fn try_from(text: String) -> Result<Self, InvalidAccount> {
        let exact = Email::try_from(text)?;
        if has_invisible(exact.as_str()) {
            return Err(InvalidAccount::EmailInvisible);
        }
        normal(&exact)?;
        Ok(Self(Mailbox::of(exact)))
    }
}

/// The display name of a new account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Option<String>")]
pub struct NewName(Name);

has_schema!(
    NewName,
    text(0, NAME_CHARS_MAX)
        .schema_type(super::SchemaType::from_iter([super::Type::String, super::Type::Null]))
        .pattern(Some(NEW_NAME_PATTERN))
        .examples(["Ada"])
);

impl TryFrom<Option<String>> for NewName {
    type Error = InvalidAccount;

    fn try_from(text: Option<String>) -> Result<Self, InvalidAccount> {
        if text.as_deref().is_some_and(has_invisible) {
            return Err(InvalidAccount::NameInvisible);
        }
        Name::try_from(text).map(Self)
    }
}

impl From<NewName> for Name {
    fn from(new: NewName) -> Self {
        new.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::of(Email::try_from(text.to_owned()).unwrap())
    }

    fn new(text: &str) -> Result<String, InvalidAccount> {
        NewEmail::try_from(text.to_owned()).map(|email| email.mailbox().normal().as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_mailbox_have_one_normal_form() {
        for (spellings, normal) in [
            (vec!["Ada@Example.org", " ada@example.ORG ", "ada@ｅxample.org"], "ada@example.org"),
            (
                vec![
                    "user@bücher.example",
                    "USER@BÜCHER.example",
                    "user@bu\u{308}cher.example",
                    "user@XN--BCHER-KVA.example",
                ],
                "user@xn--bcher-kva.example",
            ),
            (vec!["josé@example.org", "jose\u{301}@example.org", "JOSE\u{301}@example.org"], "josé@example.org"),
            (vec!["a@strasse.b\u{3002}example.org"], "a@strasse.b.example.org"),
            (
                vec!["a@example\u{3002}org", "a@example\u{ff0e}org", "a@example\u{ff61}org\u{3002}", "a@example.org."],
                "a@example.org",
            ),
            (vec!["under_score@under_score.example.org"], "under_score@under_score.example.org"),
        ] {
            for spelling in spellings {
                assert_eq!(new(spelling).as_deref(), Ok(normal), "{spelling}");
            }
        }
        assert_ne!(new("jose@example.org"), new("josé@example.org"));
    }

    #[test]
    fn a_lookup_tries_the_typed_form_first() {
        let forms = |text: &str| -> Vec<String> {
            mailbox(text).forms().into_iter().map(|form| form.as_str().to_owned()).collect()
        };
        assert_eq!(forms("ada@example.org"), ["ada@example.org"]);
        assert_eq!(forms("u@bücher.example"), ["u@bücher.example", "u@xn--bcher-kva.example"]);
        assert_eq!(forms("u@xn--bcher-kva.example"), ["u@xn--bcher-kva.example", "u@bücher.example"]);
        let decomposed = "jose\u{301}@bu\u{308}cher.example";
        assert_eq!(forms(decomposed), [decomposed, "josé@xn--bcher-kva.example", "josé@bücher.example"]);
        // Not valid in IDNA: an account stored with this domain can still sign in.
        assert_eq!(forms("u@xn--a.example"), ["u@xn--a.example"]);
    }

    #[test]
    fn a_new_address_must_be_deliverable_and_visible() {
        for (bad, why) in [
            ("u@xn--a.example", InvalidAccount::EmailDomain),
            (&format!("u@{}.example", "a".repeat(64)), InvalidAccount::EmailDomain),
            ("a\u{200b}da@example.org", InvalidAccount::EmailInvisible),
            ("ada@exam\u{ad}ple.org", InvalidAccount::EmailInvisible),
            ("\u{202e}ada@example.org", InvalidAccount::EmailInvisible),
            ("ada\u{2066}@example.org", InvalidAccount::EmailInvisible),
            ("ada\u{e0061}@example.org", InvalidAccount::EmailInvisible),
            ("a\u{fe0f}da@example.org", InvalidAccount::EmailInvisible),
            ("ada\u{34f}@example.org", InvalidAccount::EmailInvisible),
            ("\u{3164}ada@example.org", InvalidAccount::EmailInvisible),
            ("ada@exam\u{2800}ple.org", InvalidAccount::EmailInvisible),
            ("u@exam＃ple.org", InvalidAccount::Email),
            ("u@exam＠ple.org", InvalidAccount::Email),
            ("ada", InvalidAccount::Email),
        ] {
            assert_eq!(new(bad), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn a_name_shows_all_of_its_characters() {
        let name = |text: &str| NewName::try_from(Some(text.to_owned())).err();
        for good in ["Ada", "José", "Ада", "アダ", "👩 Ada", ""] {
            assert_eq!(name(good), None, "{good}");
        }
        for bad in
            ["Ada\u{202e}", "\u{200f}Ada", "A\u{200b}da", "\u{feff}Ada", "A\u{2028}da", "Ad\u{e0100}a", "\u{2800}Ada"]
        {
            assert_eq!(name(bad), Some(InvalidAccount::NameInvisible), "{bad:?}");
        }
        assert_eq!(name("a\u{7}"), Some(InvalidAccount::Name));
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own_normal_form(local in "[^@#\\s\\p{C}]{1,12}", host in "[a-zß-ÿα-ωäA-Z0-9]{1,10}") {
            if let Ok(once) = new(&format!("{local}@{host}.example")) {
                prop_assert_eq!(new(&once), Ok(once.clone()));
                prop_assert!(mailbox(&once).normal().as_str() == once);
            }
        }
    }
}
