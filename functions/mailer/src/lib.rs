//! The `mailer` function: sends the mail of the outbox through SES. It has no route; three sources call it.
//!
//! - The table's stream tells of mail that was written. A mail that could not be looked at is reported, and Lambda brings it again.
//! - A schedule looks for mail that is due: postponed, or left by a sender that ended.
//! - SNS brings what SES reports about addresses.

use serde_json::{Value, json};
use shared::app::App;
use shared::app::deliver_mail::{Courier, DeliveryError};
use shared::domain::mail::feedback::MailReport;
use shared::ses::Ses;

/// Answers an event in Lambda.
///
/// # Errors
/// When mail is not set up, or storage fails: the source brings the event again.
pub async fn answer(app: App, event: Value) -> Result<Value, DeliveryError> {
    let settings = app.config.mail.as_ref().ok_or(DeliveryError::NotConfigured)?;
    let ses = Ses::connect(&app.config.database, &settings.ses);
    // On the heap: the future of all calls below is too deep for the compiler where the runtime holds it.
    Box::pin(handle(&app, &ses, &event)).await
}

/// Answers an event, and sends by `courier`.
///
/// # Errors
/// As [`answer`].
pub async fn handle(app: &App, courier: &impl Courier, event: &Value) -> Result<Value, DeliveryError> {
    let records = event["Records"].as_array().map_or(&[][..], Vec::as_slice);
    match records.first() {
        Some(record) if record["eventSource"] == "aws:dynamodb" => Ok(deliver_written(app, courier, records).await),
        Some(record) if record["EventSource"] == "aws:sns" => {
            for record in records {
                follow(app, &record["Sns"]).await?;
            }
            Ok(Value::Null)
        }
        None if event["source"] == "aws.events" || event["source"] == "aws.scheduler" => {
            let handled = app.deliver_due_mail(courier).await?;
            Ok(json!({"handled": handled}))
        }
        _ => {
            tracing::warn!("an event of an unknown source is ignored");
            Ok(Value::Null)
        }
    }
}

/// Sends the mails of a batch of the stream, in its order. The first that fails ends the batch, because Lambda brings it and all
/// that follow again.
async fn deliver_written(app: &App, courier: &impl Courier, records: &[Value]) -> Value {
    for record in records {
        let keys = &record["dynamodb"]["Keys"];
        let (Some(pk), Some(sk)) = (keys["pk"]["S"].as_str(), keys["sk"]["S"].as_str()) else {
            tracing::warn!("a record of the stream without a key is ignored");
            continue;
        };
        if let Err(error) = app.deliver_mail_at(courier, (pk, sk)).await {
            tracing::error!(%error, "mail is not delivered");
            return json!({"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]});
        }
    }
    json!({"batchItemFailures": []})
}

/// Follows a notification, if it comes from the topic of our SES and is a report that stops mail.
async fn follow(app: &App, notification: &Value) -> Result<(), DeliveryError> {
    let topic = app.config.mail.as_ref().and_then(|mail| mail.ses.topic.as_deref());
    if topic.is_none() || notification["TopicArn"].as_str() != topic {
        tracing::warn!("a notification of another topic is ignored");
        return Ok(());
    }
    match MailReport::parse(notification["Message"].as_str().unwrap_or_default()) {
        Ok(report) => app.stop_mail(&report).await,
        Err(why) => {
            tracing::info!(%why, "a notification is ignored");
            Ok(())
        }
    }
}
