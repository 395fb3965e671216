//! Amazon SES, version 2 of its API: sends a mail whose bytes are ours. Only the function `mailer` uses it.
//!
//! The SDK makes one attempt: after an unknown outcome, the outbox decides when the mail is sent again.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Config, Region};
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};

use crate::config::Database;
use crate::config::mail::SesSettings;
use crate::domain::mail::delivery::DeliveryOutcome;
use crate::domain::mail::message::Message;
use crate::store::{sdk_credentials, sdk_http_client};

/// Timeout of a call. Five mails, with the calls of the table for each, take less than the lease of a mail.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Errors after which SES may accept the same mail later.
const LATER: [&str; 5] = [
    "TooManyRequestsException",
    "LimitExceededException",
    "SendingPausedException",
    "ThrottlingException",
    "Throttling",
];

/// A client of SES.
pub struct Ses {
    client: Client,
    configuration_set: Option<String>,
}

impl Ses {
    /// Creates the client, with the region and the credentials of the process. The first call opens the connection.
    #[must_use]
    pub fn connect(aws: &Database, settings: &SesSettings) -> Self {
        let mut builder = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws.region.clone()))
            .credentials_provider(sdk_credentials(&aws.credentials))
            .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).build())
            .retry_config(RetryConfig::disabled())
            .http_client(sdk_http_client(settings.endpoint_url.as_deref()));
        builder.set_endpoint_url(settings.endpoint_url.clone());
        Self { client: Client::from_conf(builder.build()), configuration_set: settings.configuration_set.clone() }
    }

    /// Sends a mail, once.
    pub async fn send(&self, message: &Message) -> DeliveryOutcome {
        let Ok(raw) = RawMessage::builder().data(Blob::new(message.bytes.clone())).build() else {
            return DeliveryOutcome::Refused("the message cannot be sent".to_owned());
        };
        let request = self
            .client
            .send_email()
            .from_email_address(&message.from)
            .destination(Destination::builder().to_addresses(&message.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(self.configuration_set.clone());
        match request.send().await {
            Ok(_) => DeliveryOutcome::Accepted,
            Err(error) => outcome(&error),
        }
    }
}

/// An answer of SES says what became of the mail, unless SES failed itself. Its texts are left out, because they quote addresses.
fn outcome(error: &SdkError<SendEmailError>) -> DeliveryOutcome {
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or("an error without a code");
            let trouble = format!("SES answered {status} {code}");
            if status == 429 || LATER.contains(&code) {
                DeliveryOutcome::Postponed(trouble)
            } else if (400..500).contains(&status) {
                DeliveryOutcome::Refused(trouble)
            } else {
                DeliveryOutcome::Unknown(trouble)
            }
        }
        SdkError::ConstructionFailure(_) => DeliveryOutcome::Refused("the request cannot be built".to_owned()),
        SdkError::TimeoutError(_) => DeliveryOutcome::Unknown("SES did not answer in time".to_owned()),
        _ => DeliveryOutcome::Unknown("no connection to SES, or it broke".to_owned()),
    }
}
