//! The mails that handlers write into the outbox.

use super::App;
use crate::domain::account::Email;
use crate::domain::account::profile::Profile;
use crate::domain::mail::contact::ContactMessage;
use crate::domain::mail::language::Language;
use crate::domain::mail::notices::SIGN_IN_PAUSE_SECONDS;
use crate::domain::mail::{Mail, MailId, MailKind, deliverable};
use crate::store::Credential;

/// Whether mail can be sent to the address of an account: SMTP can carry it, and it did not reject mail.
#[must_use]
pub fn gets_mail(profile: &Profile) -> bool {
    deliverable(&profile.email).is_some() && profile.mail_stopped.is_none()
}

impl App {
    /// Whether mail is set up.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.config.mail.is_some()
    }

    /// A mail to a user at the address of the account; `None` if no mail is sent, none to this address, or none of this kind.
    #[must_use]
    pub fn mail_to(&self, profile: &Profile, kind: MailKind) -> Option<Mail> {
        let is_off = kind.optional().is_some_and(|notice| profile.notices_off.contains(&notice));
        let is_sent = self.sends_mail() && !is_off && gets_mail(profile);
        let (id, now) = (self.mail_id(), self.now().as_second());
        is_sent.then(|| Mail::to_user(id, kind, (profile.id, &profile.email), profile.language, now))
    }

    /// The mail to an account that tells of a sign-in; `None` if none is due. Whether the user turned such mails off is found
    /// out when it is sent: a login has not read the profile yet.
    #[must_use]
    pub fn mail_of_sign_in(&self, email: &Email, credential: &Credential) -> Option<Mail> {
        let now = self.now().as_second();
        let is_due = credential.sign_in_told_at.is_none_or(|told| told + SIGN_IN_PAUSE_SECONDS <= now);
        let is_sent = self.sends_mail() && is_due && deliverable(email).is_some();
        let to = (credential.user_id, email);
        is_sent.then(|| Mail::to_user(self.mail_id(), MailKind::NewSignIn, to, Language::default(), now))
    }

    /// The mail to the address of an account that is being deleted; `None` if no mail is sent, or none to this address.
    #[must_use]
    pub fn mail_of_deletion(&self, profile: &Profile) -> Option<Mail> {
        let is_sent = self.sends_mail() && profile.state.closing.is_none() && gets_mail(profile);
        let now = self.now().as_second();
        is_sent.then(|| Mail::of_deletion(self.mail_id(), &profile.email, profile.language, now))
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
