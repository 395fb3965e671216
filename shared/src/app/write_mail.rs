//! The mails that handlers write into the outbox.

use super::App;
use crate::domain::account::Email;
use crate::domain::account::profile::Profile;
use crate::domain::mail::contact::ContactMessage;
use crate::domain::mail::{Mail, MailId, MailKind, deliverable};

impl App {
    /// Whether mail is set up.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.config.mail.is_some()
    }

    /// A mail to a user at the address of the account; `None` if no mail is sent, or none to this address.
    #[must_use]
    pub fn mail_to(&self, profile: &Profile, kind: MailKind) -> Option<Mail> {
        let is_sent = self.sends_mail() && deliverable(&profile.email).is_some();
        let (id, now) = (self.mail_id(), self.now().as_second());
        is_sent.then(|| Mail::to_user(id, kind, (profile.id, &profile.email), profile.language, now))
    }

    /// A mail to a user at another address than that of the account. The address must be deliverable.
    #[must_use]
    pub fn mail_to_other(&self, profile: &Profile, email: &Email, kind: MailKind) -> Mail {
        let (id, now) = (self.mail_id(), self.now().as_second());
        Mail::to_user(id, kind, (profile.id, email), profile.language, now)
    }

    /// A mail to whoever has an account with this address.
    #[must_use]
    pub fn mail_to_address(&self, email: &Email, kind: MailKind) -> Mail {
        Mail::to_address(self.mail_id(), kind, email, self.now().as_second())
    }

    /// A visitor's message to the operators; `None` if they have no mailbox for it.
    #[must_use]
    pub fn mail_to_operators(&self, message: ContactMessage) -> Option<Mail> {
        self.config.mail.as_ref().filter(|mail| mail.contact.is_some())?;
        Some(Mail::to_operators(self.mail_id(), message, self.now().as_second()))
    }

    fn mail_id(&self) -> MailId {
        MailId(self.random.uuid_v7(self.now()))
    }
}
