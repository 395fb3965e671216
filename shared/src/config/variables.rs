//! Every variable that is read, with its default. `pastpaper config` shows what is in force.
//! The settings of operators, which have bounds, are in `domain::settings`.

/// A variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    /// Whether its value is shown to nobody.
    pub is_secret: bool,
    /// The value without it; empty if there is none.
    pub default: &'static str,
}

const fn plain(name: &'static str, default: &'static str) -> Variable {
    Variable { name, is_secret: false, default }
}

const fn secret(name: &'static str) -> Variable {
    Variable { name, is_secret: true, default: "" }
}

/// All variables but the settings.
pub const VARIABLES: [Variable; 34] = [
    plain("STAGE", super::LOCAL_STAGE),
    plain("CORS_ALLOWED_ORIGINS", ""),
    plain("TABLE_NAME", super::TABLE),
    plain("AWS_ENDPOINT_URL_DYNAMODB", ""),
    plain("AWS_REGION", ""),
    secret("AWS_ACCESS_KEY_ID"),
    secret("AWS_SECRET_ACCESS_KEY"),
    secret("AWS_SESSION_TOKEN"),
    secret("STRIPE_SECRET_KEY"),
    plain("STRIPE_SECRET_KEY_PARAMETER", ""),
    secret("STRIPE_WEBHOOK_SECRET"),
    plain("STRIPE_WEBHOOK_SECRET_PARAMETER", ""),
    plain("STRIPE_API_BASE", super::stripe::API_BASE),
    plain("STRIPE_PRICE_STARTER", ""),
    plain("STRIPE_PRICE_UNLIMITED", ""),
    plain("CHECKOUT_SUCCESS_URL", ""),
    plain("CHECKOUT_CANCEL_URL", ""),
    plain("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773"),
    secret("FIGURE_KEY"),
    plain("FIGURE_KEY_PARAMETER", ""),
    secret("FACTOR_KEY"),
    plain("FACTOR_KEY_PARAMETER", ""),
    secret("MAIL_KEY"),
    plain("MAIL_KEY_PARAMETER", ""),
    plain("MAIL_FROM", ""),
    plain("APP_URL", ""),
    plain("CONTACT_EMAIL", ""),
    plain("REQUIRE_VERIFIED_EMAIL", "false"),
    plain("API_URL", ""),
    plain("SES_CONFIGURATION_SET", ""),
    plain("MAIL_TOPIC_ARN", ""),
    plain("AWS_ENDPOINT_URL_SESV2", ""),
    // The URL has the password of the mail server.
    secret("SMTP_URL"),
    plain("MONITORING", "lean"),
];

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::Config;
    use crate::domain::settings::{DELIVERIES, RATE_LIMITS, TERMS};

    /// What `serve` reads.
    const READ_ELSEWHERE: [&str; 1] = ["SMTP_URL"];

    #[test]
    fn the_list_has_every_variable_that_is_read() {
        let asked = RefCell::new(BTreeSet::new());
        // Mail and payments are on, so that their variables are read.
        let answers = [
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000"),
            ("MAIL_FROM", "a@example.org"),
            ("APP_URL", "https://app.example.org"),
        ];
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            answers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let config = Config::read(lookup).unwrap();
        let listed: BTreeSet<String> = VARIABLES.iter().map(|variable| variable.name.to_owned()).collect();
        let settings = TERMS.iter().map(|term| term.variable).chain([RATE_LIMITS, DELIVERIES]).map(str::to_owned);
        asked.borrow_mut().extend(READ_ELSEWHERE.map(str::to_owned));
        assert_eq!(asked.into_inner(), listed.iter().cloned().chain(settings).collect());
        assert_eq!(listed.len(), VARIABLES.len());
        let default = |name: &str| VARIABLES.iter().find(|variable| variable.name == name).unwrap().default;
        assert_eq!((default("STAGE"), default("TABLE_NAME")), (&*config.stage, &*config.database.table_name));
        assert_eq!(default("STRIPE_API_BASE"), config.stripe.api_base);
        assert_eq!(default("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"), config.stripe.extension_port.to_string());
        assert_eq!(default("REQUIRE_VERIFIED_EMAIL"), config.require_verified_email.to_string());
    }

    #[test]
    fn what_names_a_key_a_secret_or_a_password_is_secret_and_what_names_a_parameter_is_not() {
        for Variable { name, is_secret, .. } in VARIABLES {
            let is_key = ["KEY", "KEY_ID", "SECRET", "TOKEN"].iter().any(|end| name.ends_with(&format!("_{end}")));
            assert_eq!(is_secret, is_key || name == "SMTP_URL", "{name}");
        }
    }
}
