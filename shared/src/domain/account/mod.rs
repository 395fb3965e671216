//! A user's email, name and password, parsed once when a request is read.

pub mod challenge;
pub mod factor;
pub mod invisible;
pub mod mailbox;
pub mod password;
pub mod profile;
pub mod session;
pub mod spend_count;
pub mod token;

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};

use crate::domain::schema::{has_schema, text};

/// Maximum length of an email in bytes (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Maximum length of a display name in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Minimum length of a new password in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Maximum length of a new password in characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// The most common passwords of at least eight characters; `docs/decisions/0006` names their source.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// What [`Email`] accepts, once it is trimmed.
const EMAIL_PATTERN: &str = concat!(
    r"^[^\s@#\u0000-\u001f\u007f-\u009f]+@[^\s@.\u3002\uff0e\uff61#\u0000-\u001f\u007f-\u009f]+",
    r"([.\u3002\uff0e\uff61][^\s@.\u3002\uff0e\uff61#\u0000-\u001f\u007f-\u009f]+)+[.\u3002\uff0e\uff61]?$"
);

/// Separators of domain labels (RFC 3490, 3.1); Chinese and Japanese input methods produce the other ones.
const LABEL_SEPARATORS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// Pattern of a required text.
const NOT_BLANK: &str = r"\S";

/// Why an account's data is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    /// Not an email address.
    #[error("must be an email address of at most 254 bytes")]
    Email,
    /// An address with quotes.
    #[error("must not have quotes: write the part before the @ without them, or use another address")]
    EmailQuoted,
    /// An address with invisible characters.
    #[error("must not have invisible characters or controls of text direction")]
    EmailInvisible,
    /// An address whose domain cannot receive mail.
    #[error("must have a domain that is valid in DNS and IDNA")]
    EmailDomain,
    /// A name with invisible characters.
    #[error("must not have invisible characters or controls of text direction")]
    NameInvisible,
    /// Too long, or with control characters.
    #[error("must be at most 100 characters, without control characters")]
    Name,
    /// Too short or too long.
    #[error("must be 8 to 128 characters long")]
    PasswordLength,
    /// In the list of common passwords.
    #[error("is one of the most common passwords; choose another")]
    PasswordCommon,
    /// Consists of words from the user's email, their name or the service's name.
    #[error("is little more than your email, your name or the name of this service; choose another")]
    PasswordInContext,
}

/// An email address, trimmed and lower-cased. Addresses that differ only in this are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

has_schema!(Email, text(5, EMAIL_BYTES_MAX).pattern(Some(EMAIL_PATTERN)).examples(["ada@example.org"]));

impl Email {
    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidAccount;

    /// Accepts what a mail server might: one `@`, something before it, a dotted host after it. Only sending a mail
    /// proves more. A dot at the end of the host is left out: it names the root of DNS, and the mailbox is the same.
    fn try_from(text: String) -> Result<Self, InvalidAccount> {
        let email = text.trim().to_lowercase();
        let (local, host) = email.split_once('@').ok_or(InvalidAccount::Email)?;
        let host = host.strip_suffix(LABEL_SEPARATORS).unwrap_or(host);
        let mut labels = host.split(LABEL_SEPARATORS);
        let host_is_dotted = labels.clone().count() >= 2 && labels.all(|label| !label.is_empty());
        let email = format!("{local}@{host}");
        let clean = !email.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#');
        if local.is_empty() || host.contains('@') || !host_is_dotted || !clean || email.len() > EMAIL_BYTES_MAX {
            return Err(InvalidAccount::Email);
        }
        Ok(Self(email))
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// A display name. Empty text means no name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Option<String>", into = "Option<String>")]
pub struct Name(Option<String>);

has_schema!(
    Name,
    text(0, NAME_CHARS_MAX)
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
        .examples(["Ada"])
);

impl TryFrom<Option<String>> for Name {
    type Error = InvalidAccount;

    fn try_from(text: Option<String>) -> Result<Self, InvalidAccount> {
        let name = text.map(|text| text.trim().to_owned()).filter(|name| !name.is_empty());
        match &name {
            Some(name) if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) => {
                Err(InvalidAccount::Name)
            }
            _ => Ok(Self(name)),
        }
    }
}

impl From<Name> for Option<String> {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// A password as typed at login: any text, never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

has_schema!(
    Password,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(NOT_BLANK))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .examples(["correct horse battery"])
);

impl Password {
    /// The input of the hash function.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The same password in NFC, if that differs.
    #[must_use]
    pub fn composed(&self) -> Option<Self> {
        let composed = mailbox::composed(&self.0);
        (composed != self.0).then(|| Self(composed.into_owned()))
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// A password that meets the rules for new passwords.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct NewPassword(Password);

has_schema!(
    NewPassword,
    text(PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX)
        .pattern(Some(NOT_BLANK))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .examples(["correct horse battery"])
);

impl NewPassword {
    /// The password to hash.
    #[must_use]
    pub fn password(&self) -> &Password {
        &self.0
    }
}

/// Names of the service, which no password may consist of.
const SERVICE_WORDS: [&str; 3] = ["pastpaper", "past paper", "past-paper"];
/// Shorter parts of an email or a name are ignored.
const CONTEXT_WORD_CHARS_MIN: usize = 3;

impl NewPassword {
    /// Removes the words that an attacker would try for this user: the email and its parts, the name and its parts, the
    /// service's name. Refuses the password if the rest is too short.
    ///
    /// # Errors
    /// When the rest has fewer than [`PASSWORD_CHARS_MIN`] characters.
    pub fn check_context(&self, email: &Email, name: &Name) -> Result<(), InvalidAccount> {
        let lower = self.0.0.to_lowercase();
        let name = name.0.as_deref().unwrap_or_default().to_lowercase();
        let parts = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric()).chain([text]).map(str::to_owned).collect()
        };
        let mut words = [parts(email.as_str()), parts(&name)].concat();
        words.extend(email.as_str().split('@').map(str::to_owned));
        words.extend(SERVICE_WORDS.map(str::to_owned));
        words.retain(|word| word.chars().count() >= CONTEXT_WORD_CHARS_MIN);
        // Replace longer words first: removing a part would break up the word that contains it.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let left = words.iter().fold(lower.clone(), |left, word| left.replace(word.as_str(), ""));
        if left == lower || left.chars().count() >= PASSWORD_CHARS_MIN {
            return Ok(());
        }
        Err(InvalidAccount::PasswordInContext)
    }
}

impl TryFrom<String> for NewPassword {
    type Error = InvalidAccount;

    /// Normalises to NFC: keyboards and systems encode accents differently.
    fn try_from(text: String) -> Result<Self, InvalidAccount> {
        let text = mailbox::composed(&text).into_owned();
        if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&text.chars().count()) {
            return Err(InvalidAccount::PasswordLength);
        }
        let lower = text.to_lowercase();
        if COMMON_PASSWORDS.lines().any(|common| common == lower) {
            return Err(InvalidAccount::PasswordCommon);
        }
        Ok(Self(Password(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_trimmed_lower_cased_and_checked() {
        let email = Email::try_from("  Ada@Example.ORG ".to_owned()).unwrap();
        assert_eq!(email.as_str(), "ada@example.org");
        for (text, email) in [
            ("ada@example.org.", "ada@example.org"),
            ("ada@example.org\u{3002}", "ada@example.org"),
            ("ada@example\u{3002}org", "ada@example\u{3002}org"),
        ] {
            assert_eq!(Email::try_from(text.to_owned()).as_ref().map(Email::as_str), Ok(email), "{text}");
        }
        let long = format!("{}@example.org", "a".repeat(EMAIL_BYTES_MAX));
        for bad in [
            "",
            "ada",
            "ada@",
            "ada@.",
            "ada@org.",
            "ada@example.org..",
            "@example.org",
            "a@b",
            "a@b@c.d",
            "a b@c.d",
            "a@b..c",
            "a#b@c.d",
            "a@b.c\0",
            &long,
        ] {
            assert_eq!(Email::try_from(bad.to_owned()), Err(InvalidAccount::Email), "{bad:?}");
        }
    }

    #[test]
    fn names_are_trimmed_and_an_empty_one_is_none() {
        let name = |text: &str| Name::try_from(Some(text.to_owned())).map(Option::<String>::from);
        assert_eq!(name(" Ada "), Ok(Some("Ada".to_owned())));
        assert_eq!(name("  "), Ok(None));
        assert_eq!(name(&"é".repeat(NAME_CHARS_MAX)), Ok(Some("é".repeat(NAME_CHARS_MAX))));
        assert_eq!(name(&"é".repeat(NAME_CHARS_MAX + 1)), Err(InvalidAccount::Name));
        assert_eq!(name("a\u{7}b"), Err(InvalidAccount::Name));
    }

    #[test]
    fn new_passwords_have_8_to_128_characters_and_are_not_common() {
        let refused = |text: &str| NewPassword::try_from(text.to_owned()).err();
        assert_eq!(refused("seven77"), Some(InvalidAccount::PasswordLength));
        assert_eq!(refused("eight 88"), None);
        assert_eq!(refused(&"π".repeat(PASSWORD_CHARS_MAX)), None);
        assert_eq!(refused(&"π".repeat(PASSWORD_CHARS_MAX + 1)), Some(InvalidAccount::PasswordLength));
        assert_eq!(refused("PassWord1"), Some(InvalidAccount::PasswordCommon));
        let kept = NewPassword::try_from("  spaces stay  ".to_owned()).unwrap();
        assert_eq!(kept.password().as_bytes(), b"  spaces stay  ");
    }

    #[test]
    fn a_password_is_not_only_the_users_name_or_email() {
        let email = Email::try_from("ada.lovelace@example.org".to_owned()).unwrap();
        let name = Name::try_from(Some("Ada King".to_owned())).unwrap();
        let check = |text: &str| NewPassword::try_from(text.to_owned()).unwrap().check_context(&email, &name);
        for bad in
            ["ada.lovelace@example.org", "AdaLovelace2024!", "pastpaper", "PastPaper123", "ada king 1", "lovelace-ada"]
        {
            assert_eq!(check(bad), Err(InvalidAccount::PasswordInContext), "{bad}");
        }
        for good in ["correct horse battery", "ada likes her steam engine", "no words!", "12345 pastpaper 67890"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_new_password_is_normalised_to_nfc() {
        let bytes = |text: &str| NewPassword::try_from(text.to_owned()).map(|new| new.password().as_bytes().to_vec());
        assert_eq!(bytes("cafe\u{301} cafe\u{301}").unwrap(), "caf\u{e9} caf\u{e9}".as_bytes());
        // NFC changes nothing else: not letter case, spaces or letters that only look alike.
        assert_eq!(bytes("  ﬁne  ＷＩＤＥ ").unwrap(), "  ﬁne  ＷＩＤＥ ".as_bytes());
        // Four letters with a combining mark each count as four characters.
        assert_eq!(bytes(&"e\u{301}".repeat(4)), Err(InvalidAccount::PasswordLength));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", Password::from("hunter2 hunter2".to_owned())).contains("hunter2"));
    }
}
