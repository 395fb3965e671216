//! Settings of mail from the environment.

use crate::config::InvalidConfig;
use crate::config::stripe::Source;
use crate::domain::account::Email;
use crate::domain::mail::deliverable;
use crate::domain::mail::token::MailKey;

/// Settings of mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `MAIL_FROM`: the address that mails come from.
    pub from: String,
    /// `APP_URL`: the client, whose pages the links open. Without a slash at its end.
    pub app_url: String,
    /// `API_URL`: this API, as mail programs reach it, without a slash at its end. Only a sender of mail needs it. Without it
    /// notices have no link to unsubscribe.
    pub api_url: Option<String>,
    /// How `mailer` sends by SES.
    pub ses: SesSettings,
    /// `CONTACT_EMAIL`: the operators' mailbox for messages of visitors, in ASCII.
    pub contact: Option<String>,
    /// `MAIL_KEY`, or the parameter named by `MAIL_KEY_PARAMETER`: derives the tokens in links. Only a sender of mail needs
    /// it.
    pub key: Option<Source>,
}

/// Settings of Amazon SES.
#[derive(Debug, Clone, Default)]
pub struct SesSettings {
    /// `SES_CONFIGURATION_SET`: reports bounces and complaints to the topic.
    pub configuration_set: Option<String>,
    /// `MAIL_TOPIC_ARN`: the topic whose reports are followed.
    pub topic: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`: replaces AWS's endpoint.
    pub endpoint_url: Option<String>,
}

impl MailSettings {
    /// Reads the settings with `get`, which returns `None` for an empty variable. Without `MAIL_FROM` no mail is sent.
    ///
    /// # Errors
    /// Names the first variable that is missing or invalid.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, InvalidConfig> {
        let Some(from) = get("MAIL_FROM") else { return Ok(None) };
        let from = Email::try_from(from).ok().as_ref().and_then(deliverable);
        let from = from.ok_or(InvalidConfig::new("MAIL_FROM", "must be an email address in ASCII"))?;
        let app_url = get("APP_URL").ok_or(InvalidConfig::new("APP_URL", "is not set, but MAIL_FROM is"))?;
        if !is_base(&app_url) {
            return Err(InvalidConfig::new(
                "APP_URL",
                "must be a URL such as https://app.example.org, without ? and #",
            ));
        }
        let own_url = get("API_URL");
        if own_url.as_ref().is_some_and(|url| !is_base(url)) {
            return Err(InvalidConfig::new(
                "API_URL",
                "must be a URL such as https://api.example.org, without ? and #",
            ));
        }
        let ses = SesSettings {
            configuration_set: get("SES_CONFIGURATION_SET"),
            topic: get("MAIL_TOPIC_ARN"),
            endpoint_url: get("AWS_ENDPOINT_URL_SESV2"),
        };
        let without_slash = |url: String| url.trim_end_matches('/').to_owned();
        let contact = get("CONTACT_EMAIL").map(|contact| Email::try_from(contact).ok().as_ref().and_then(deliverable));
        if contact == Some(None) {
            return Err(InvalidConfig::new("CONTACT_EMAIL", "must be an email address in ASCII"));
        }
        let key = Source::read(get, "MAIL_KEY", "MAIL_KEY_PARAMETER");
        if matches!(&key, Some(Source::Here(key)) if MailKey::new(key.reveal()).is_none()) {
            return Err(InvalidConfig::new("MAIL_KEY", "must have at least 32 characters"));
        }
        Ok(Some(Self {
            from,
            app_url: without_slash(app_url),
            api_url: own_url.map(without_slash),
            ses,
            contact: contact.flatten(),
            key,
        }))
    }
}

/// Whether paths can be appended to a URL, and it can stand in a header between `<` and `>`.
fn is_base(url: &str) -> bool {
    let is_url = url.starts_with("https://") || url.starts_with("http://");
    let is_safe = |c: char| c.is_ascii_graphic() && !"#?\"<>".contains(c);
    is_url && url.len() <= 500 && url.chars().all(is_safe)
}

/// Reads `REQUIRE_VERIFIED_EMAIL`: whether free credits can be spent only after the email is verified.
///
/// # Errors
/// When it is neither `true` nor `false`, or nobody could verify an email.
pub(super) fn requires_verification(
    get: impl Fn(&str) -> Option<String>,
    mail: Option<&MailSettings>,
) -> Result<bool, InvalidConfig> {
    const NAME: &str = "REQUIRE_VERIFIED_EMAIL";
    match get(NAME).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") if mail.is_some() => Ok(true),
        Some("true") => Err(InvalidConfig::new(NAME, "needs MAIL_FROM: no mail is sent without it")),
        Some(_) => Err(InvalidConfig::new(NAME, "must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<MailSettings>, InvalidConfig> {
        MailSettings::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    const FROM: (&str, &str) = ("MAIL_FROM", "no-reply@bücher.example");
    const URL: (&str, &str) = ("APP_URL", "https://app.example.org/");

    #[test]
    fn without_a_sender_there_is_no_mail_and_with_one_the_client_must_be_named() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[FROM]).unwrap_err().to_string().starts_with("APP_URL is not set"));
        let settings = read(&[FROM, URL]).unwrap().unwrap();
        assert_eq!(
            (settings.from.as_str(), settings.app_url.as_str()),
            ("no-reply@xn--bcher-kva.example", "https://app.example.org")
        );
        assert!(settings.key.is_none());
    }

    #[test]
    fn an_invalid_setting_is_named() {
        for (name, values) in [
            ("MAIL_FROM", ["x", "jos\u{e9}@example.org"].as_slice()),
            ("APP_URL", &["app.example.org", "https://a.example/#x", "https://a.example/?x", "javascript:alert(1)"]),
            ("API_URL", &["api.example.org", "https://a.example/?x", "https://a.example>"]),
            ("MAIL_KEY", &["short"]),
        ] {
            for value in values {
                let mut variables = vec![(name, *value)];
                variables.extend([FROM, URL].into_iter().filter(|(other, _)| *other != name));
                assert!(read(&variables).unwrap_err().to_string().starts_with(name), "{name}={value}");
            }
        }
        let key = "k".repeat(32);
        let settings = read(&[FROM, URL, ("MAIL_KEY", &key)]).unwrap();
        assert!(!format!("{settings:?}").contains(&key));
    }

    #[test]
    fn verification_is_required_only_where_mail_is_sent() {
        let settings = read(&[FROM, URL]).unwrap();
        let requires = |value: &str, mail| requires_verification(|_| Some(value.to_owned()), mail);
        assert_eq!(requires("true", settings.as_ref()), Ok(true));
        assert_eq!(requires("false", None), Ok(false));
        assert!(requires("true", None).is_err() && requires("yes", settings.as_ref()).is_err());
        assert_eq!(requires_verification(|_| None, None), Ok(false));
    }
}
