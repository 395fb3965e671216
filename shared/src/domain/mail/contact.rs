//! A visitor's message to the operators. It goes to the operators' mailbox alone: a copy to the visitor would let anybody send
//! texts of their own to anybody else.

use serde::{Deserialize, Serialize};

use super::language::Language;
use super::letter::Letter;
use crate::domain::account::Email;

/// What a visitor wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactMessage {
    pub name: String,
    /// Where to answer. Nobody has proved that it is the visitor's.
    pub email: Email,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub message: String,
    /// What the visitor's client knows of an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_details: Option<String>,
}

impl ContactMessage {
    /// The letter to the operators, as plain text.
    #[must_use]
    pub fn letter(&self) -> Letter {
        let subject = one_line(self.subject.as_deref().unwrap_or("Message"));
        let mut text = format!("Name: {}\nEmail: {}\n\n{}\n", one_line(&self.name), self.email.as_str(), self.message);
        if let Some(details) = &self.error_details {
            text.push_str("\n-- \nThe client says about an error:\n");
            text.push_str(details);
            text.push('\n');
        }
        Letter {
            subject: format!("[contact] {subject}"),
            text,
            html: None,
            link: String::new(),
            language: Language::English,
        }
    }
}

/// The text without line breaks and control characters, which would end a header.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_all_that_was_written_and_a_subject_of_one_line() {
        let message = ContactMessage {
            name: "Ada\r\nBcc: all@example.org".to_owned(),
            email: Email::try_from("ada@example.org".to_owned()).unwrap(),
            subject: Some("Broken\r\nBcc: all@example.org".to_owned()),
            message: "One.\n\nTwo.".to_owned(),
            error_details: Some("status 500".to_owned()),
        };
        let letter = message.letter();
        assert_eq!(letter.subject, "[contact] Broken Bcc: all@example.org");
        assert!(letter.text.starts_with("Name: Ada Bcc: all@example.org\nEmail: ada@example.org\n\nOne.\n\nTwo.\n"));
        assert!(letter.text.ends_with("status 500\n"));
        assert_eq!(ContactMessage { subject: None, ..message }.letter().subject, "[contact] Message");
    }
}
