//! Stops mail to addresses that reject it or whose owners complained.

use super::App;
use super::deliver_mail::DeliveryError;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::profile::MailStop;
use crate::domain::mail::feedback::MailReport;

impl App {
    /// Follows a report: no mail is sent to its addresses any more, until the address of the account changes or an operator
    /// allows it. A repeated report changes nothing.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn stop_mail(&self, report: &MailReport) -> Result<(), DeliveryError> {
        let stop = MailStop { reason: report.reason, at: self.now() };
        for address in &report.addresses {
            let found = self.store.credential_of(&Mailbox::of(address.clone())).await?;
            let stopped = match &found {
                Some((email, credential)) => self.store.stop_mail(credential.user_id, email, stop).await?,
                None => false,
            };
            if stopped {
                tracing::warn!(reason = report.reason.as_str(), "mail to the address of an account is stopped");
            } else {
                tracing::info!(reason = report.reason.as_str(), "a report of mail is about no account");
            }
        }
        if let Some(id) = report.mail {
            let mails = self.store.mails().await?;
            if let Some(stored) = mails.iter().find(|stored| stored.mail.id == id) {
                self.store.change_mail(stored, &stored.mail.reported(report.reason)).await?;
            }
        }
        Ok(())
    }
}
