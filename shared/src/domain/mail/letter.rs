//! What a mail says: subject, plain text and HTML. The texts are data, one file per language. They hold nothing that a user
//! typed: else anybody could send a text of their own, with our address below it, to anybody else.

use std::sync::LazyLock;

use serde::Deserialize;

use super::MailKind;
use super::language::Language;

const LAYOUT: &str = include_str!("letter.html");

/// The texts of one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    verify: Text,
    reset: Text,
    password_changed: Text,
    confirm_email: Text,
    email_changed: Text,
    factor_added: Text,
    factor_removed: Text,
    new_sign_in: Text,
    plan_started: Text,
    payment_failed: Text,
    account_deleted: Text,
    footer: String,
    /// The footer of a notice that can be turned off.
    optional_footer: String,
}

/// The text of one kind of mail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    subject: String,
    /// Paragraphs before the link.
    before: Vec<String>,
    /// The words on the link.
    button: String,
    /// Paragraphs after the link.
    after: Vec<String>,
}

static ENGLISH: LazyLock<Option<Texts>> = LazyLock::new(|| serde_json::from_str(include_str!("texts/en.json")).ok());
static GERMAN: LazyLock<Option<Texts>> = LazyLock::new(|| serde_json::from_str(include_str!("texts/de.json")).ok());

/// A composed mail, before it becomes bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML; `None` for plain text alone.
    pub html: Option<String>,
    /// The link in it.
    pub link: String,
    pub language: Language,
}

impl Letter {
    /// The letter of a kind, with a link. `None` never occurs: a test reads all texts.
    #[must_use]
    pub fn compose(kind: MailKind, language: Language, link: &str) -> Option<Self> {
        let texts = match language {
            Language::English => ENGLISH.as_ref()?,
            Language::German => GERMAN.as_ref()?,
        };
        let of_kind = match kind {
            MailKind::Verify => &texts.verify,
            MailKind::Reset => &texts.reset,
            MailKind::PasswordChanged => &texts.password_changed,
            MailKind::ConfirmEmail => &texts.confirm_email,
            MailKind::EmailChanged => &texts.email_changed,
            MailKind::Contact => return None,
            MailKind::FactorAdded => &texts.factor_added,
            MailKind::FactorRemoved => &texts.factor_removed,
            MailKind::NewSignIn => &texts.new_sign_in,
            MailKind::PlanStarted => &texts.plan_started,
            MailKind::PaymentFailed => &texts.payment_failed,
            MailKind::AccountDeleted => &texts.account_deleted,
        };
        let footer = if kind.optional().is_some() { &texts.optional_footer } else { &texts.footer };
        let lines = [&of_kind.before[..], &[link.to_owned()], &of_kind.after[..]].concat();
        let plain = format!("{}\n\n-- \n{}\n", lines.join("\n\n"), footer);
        let html = fill(
            LAYOUT,
            &[
                ("language", language.tag()),
                ("subject", &escaped(&of_kind.subject)),
                ("before", &paragraphs(&of_kind.before)),
                ("link", &escaped(link)),
                ("button", &escaped(&of_kind.button)),
                ("after", &paragraphs(&of_kind.after)),
                ("footer", &escaped(footer)),
            ],
        );
        Some(Self { subject: of_kind.subject.clone(), text: plain, html: Some(html), link: link.to_owned(), language })
    }
}

/// The page of the client that a link opens. The token is behind `#`, so browsers send it to no server and in no `Referer`.
#[must_use]
pub fn link(app_url: &str, kind: MailKind, token: Option<&str>) -> String {
    let page = match kind {
        MailKind::Verify => "verify-email",
        MailKind::Reset => "reset-password",
        MailKind::PasswordChanged | MailKind::FactorAdded | MailKind::FactorRemoved | MailKind::NewSignIn => {
            "forgot-password"
        }
        MailKind::PlanStarted | MailKind::PaymentFailed => "account",
        MailKind::ConfirmEmail => "confirm-email",
        MailKind::EmailChanged => "undo-email",
        // The start page, because the account is gone; and a message that has no link.
        MailKind::AccountDeleted | MailKind::Contact => "",
    };
    match token {
        Some(token) => format!("{app_url}/{page}#token={token}"),
        None => format!("{app_url}/{page}"),
    }
}

fn paragraphs(texts: &[String]) -> String {
    let lines: Vec<_> =
        texts.iter().map(|line| format!("<p style=\"margin:0 0 12px;\">{}</p>", escaped(line))).collect();
    lines.join("\n")
}

/// Replaces each `{name}` in one pass, so that a value is never filled again.
fn fill(layout: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(layout.len() * 2);
    let mut rest = layout;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after
            .split_once('}')
            .and_then(|(name, tail)| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail)));
        if let Some((value, tail)) = value {
            filled.push_str(value);
            rest = tail;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_text_in_every_language_with_its_link_in_both_forms() {
        for kind in MailKind::ALL {
            let mut subjects = Vec::new();
            for language in Language::ALL {
                let link = link("https://app.example.org", kind, Some("pm_a&b<c>"));
                let letter = Letter::compose(kind, language, &link).unwrap();
                assert!(letter.text.contains(&format!("\n\n{link}\n\n")), "{}", letter.text);
                let in_html = "pm_a&amp;b&lt;c&gt;";
                let html = letter.html.unwrap();
                assert_eq!(html.matches(in_html).count(), 2, "{html}");
                assert!(!html.contains(['{', '}']) && !letter.text.contains(['{', '}']), "{html}");
                assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
                // A subject fits a phone's list.
                assert!((10..=50).contains(&letter.subject.chars().count()), "{}", letter.subject);
                subjects.push(letter.subject);
            }
            assert_ne!(subjects[0], subjects[1], "{kind:?} is translated");
        }
    }

    #[test]
    fn a_token_is_behind_the_hash_of_a_configured_page() {
        let url = "https://app.example.org";
        assert_eq!(link(url, MailKind::Reset, Some("t")), "https://app.example.org/reset-password#token=t");
        assert_eq!(link(url, MailKind::Verify, Some("t")), "https://app.example.org/verify-email#token=t");
        assert_eq!(link(url, MailKind::PasswordChanged, None), "https://app.example.org/forgot-password");
    }

    #[test]
    fn only_a_notice_that_can_be_turned_off_says_so() {
        for kind in MailKind::ALL {
            let text = Letter::compose(kind, Language::English, "https://app.example.org").unwrap().text;
            assert_eq!(text.contains("turn notices of this kind off"), kind.optional().is_some(), "{kind:?}");
        }
    }

    #[test]
    fn a_value_is_filled_once() {
        assert_eq!(fill("{a} {b} {c} {", &[("a", "{b}"), ("b", "2")]), "{b} 2 {c} {");
    }
}
