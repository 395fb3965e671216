//! What SES reports about a mail that it sent: a permanent bounce, or a complaint. Everything else is ignored.
//!
//! SES publishes events (`eventType`) and, for identities without a configuration set, notifications (`notificationType`); both
//! have the same members (<https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>).

use serde::Deserialize;
use uuid::Uuid;

use super::MailId;
use crate::domain::account::Email;
use crate::domain::account::profile::MailStopReason;

/// Largest report. SNS delivers at most this much.
const REPORT_BYTES_MAX: usize = 256 * 1024;
/// Most addresses of a report that are read. A mail of ours has one receiver.
const ADDRESSES_MAX: usize = 10;

/// A report about addresses that get no more mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailReport {
    pub reason: MailStopReason,
    pub addresses: Vec<Email>,
    /// The mail, if it is one of ours.
    pub mail: Option<MailId>,
}

/// Why a report is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredReport {
    /// It is no report of SES.
    #[error("it is no report of SES")]
    Unreadable,
    /// It is about something that stops no mail: a delivery, a transient bounce, and so on.
    #[error("it stops no mail")]
    Harmless,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(alias = "notificationType")]
    event_type: String,
    #[serde(default)]
    bounce: Option<Bounce>,
    #[serde(default)]
    complaint: Option<Complaint>,
    #[serde(default)]
    mail: ReportedMail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    /// `not-spam` takes a complaint back.
    #[serde(default)]
    complaint_feedback_type: Option<String>,
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ReportedMail {
    #[serde(default)]
    common_headers: CommonHeaders,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct CommonHeaders {
    #[serde(default)]
    message_id: Option<String>,
}

impl MailReport {
    /// Reads the message of a notification.
    ///
    /// # Errors
    /// When it is no report of SES, or stops no mail.
    pub fn parse(text: &str) -> Result<Self, IgnoredReport> {
        if text.len() > REPORT_BYTES_MAX {
            return Err(IgnoredReport::Unreadable);
        }
        let report: Report = serde_json::from_str(text).map_err(|_| IgnoredReport::Unreadable)?;
        let (reason, recipients) = match (report.event_type.as_str(), report.bounce, report.complaint) {
            ("Bounce", Some(bounce), _) if bounce.bounce_type == "Permanent" => {
                (MailStopReason::Bounced, bounce.bounced_recipients)
            }
            ("Complaint", _, Some(complaint)) if complaint.complaint_feedback_type.as_deref() != Some("not-spam") => {
                (MailStopReason::Complained, complaint.complained_recipients)
            }
            ("Bounce", None, _) | ("Complaint", _, None) => return Err(IgnoredReport::Unreadable),
            _ => return Err(IgnoredReport::Harmless),
        };
        let addresses: Vec<_> = recipients.into_iter().take(ADDRESSES_MAX).filter_map(Recipient::address).collect();
        if addresses.is_empty() {
            return Err(IgnoredReport::Unreadable);
        }
        let mail = report.mail.common_headers.message_id.as_deref().and_then(id_in);
        Ok(Self { reason, addresses, mail })
    }
}

impl Recipient {
    /// The address, also of the form `Ada <ada@example.org>`.
    fn address(self) -> Option<Email> {
        let text = self.email_address;
        let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner.to_owned());
        Email::try_from(inner.unwrap_or(text)).ok()
    }
}

/// The mail of a `Message-ID`.
fn id_in(header: &str) -> Option<MailId> {
    let (id, _) = header.trim().trim_start_matches('<').split_once('@')?;
    Uuid::parse_str(id).ok().map(MailId)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bounce(kind: &str) -> serde_json::Value {
        json!({
            "eventType": "Bounce",
            "bounce": {
                "bounceType": kind, "bounceSubType": "General", "feedbackId": "0100-1", "timestamp": "2026-03-01T12:00:05.000Z",
                "bouncedRecipients": [{"emailAddress": "Ada@example.org", "action": "failed", "status": "5.1.1"}],
                "reportingMTA": "dsn; a48-1.smtp-out.amazonses.com",
            },
            "mail": {
                "messageId": "0100019a-1", "source": "no-reply@example.org", "destination": ["Ada@example.org"],
                "commonHeaders": {"messageId": "<00000000-0000-0000-0000-000000000001@example.org>", "subject": "S"},
            },
        })
    }

    #[test]
    fn a_permanent_bounce_and_a_complaint_stop_mail() {
        let report = MailReport::parse(&bounce("Permanent").to_string()).unwrap();
        assert_eq!((report.reason, report.mail), (MailStopReason::Bounced, Some(MailId(Uuid::from_u128(1)))));
        assert_eq!(report.addresses.iter().map(Email::as_str).collect::<Vec<_>>(), ["ada@example.org"]);
        // As an identity without a configuration set reports it.
        let complaint = json!({
            "notificationType": "Complaint",
            "complaint": {"complainedRecipients": [{"emailAddress": "Ada <ada@example.org>"}], "complaintFeedbackType": "abuse"},
            "mail": {"messageId": "0100019a-1"},
        });
        let report = MailReport::parse(&complaint.to_string()).unwrap();
        assert_eq!((report.reason, report.mail, report.addresses.len()), (MailStopReason::Complained, None, 1));
    }

    #[test]
    fn other_reports_stop_nothing() {
        let not_spam = json!({
            "eventType": "Complaint",
            "complaint": {"complainedRecipients": [{"emailAddress": "a@example.org"}], "complaintFeedbackType": "not-spam"},
        });
        for harmless in [bounce("Transient"), bounce("Undetermined"), json!({"eventType": "Delivery"}), not_spam] {
            assert_eq!(MailReport::parse(&harmless.to_string()), Err(IgnoredReport::Harmless), "{harmless}");
        }
        let mut nobody = bounce("Permanent");
        nobody["bounce"]["bouncedRecipients"] = json!([{"emailAddress": "nobody"}]);
        let mut odd = bounce("Permanent");
        odd["bounce"]["bouncedRecipients"] = json!("ada@example.org");
        for unreadable in [nobody, odd, json!({"eventType": "Bounce"}), json!([]), json!("Bounce"), json!({})] {
            assert_eq!(MailReport::parse(&unreadable.to_string()), Err(IgnoredReport::Unreadable), "{unreadable}");
        }
        let mut large = bounce("Permanent");
        large["padding"] = json!("x".repeat(REPORT_BYTES_MAX));
        for text in ["", "{", &large.to_string()] {
            assert_eq!(MailReport::parse(text), Err(IgnoredReport::Unreadable));
        }
    }
}
