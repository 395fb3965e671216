//! Delivers the mails of the outbox: claims each, builds it, gives it to a mail server, and writes the outcome.
//!
//! No function that serves requests does this. Locally `serve` does.

use std::future::Future;

use jiff::Timestamp;

use super::App;
use crate::config::mail::MailSettings;
use crate::domain::account::Email;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::profile::{DatedEmail, Profile};
use crate::domain::mail::contact::ContactMessage;
use crate::domain::mail::delivery::DeliveryOutcome;
use crate::domain::mail::letter::{Letter, link};
use crate::domain::mail::message::{ExtraHeaders, Message};
use crate::domain::mail::notices::unsubscribe_url;
use crate::domain::mail::token::{LinkToken, MailKey};
use crate::domain::mail::{Mail, MailKind, MailState, deliverable};
use crate::ses::Ses;
use crate::store::{NewLinkToken, StoreError, StoredLinkToken, StoredMail};
use crate::stripe::StripeError;

/// Hands a message to a mail server.
pub trait Courier: Sync {
    /// Sends a message and returns what the mail server did with it. Texts in the outcome must hold no address.
    fn send(&self, message: &Message) -> impl Future<Output = DeliveryOutcome> + Send;
}

impl Courier for Ses {
    async fn send(&self, message: &Message) -> DeliveryOutcome {
        Ses::send(self, message).await
    }
}

/// How long a round begins to send mails. With the time that one mail may take, it is less than the timeout of `mailer`.
const ROUND_SECONDS_MAX: i64 = 120;

/// Why no mail can be delivered now.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// `MAIL_FROM` or the key is not set.
    #[error("mail is not set up")]
    NotConfigured,
    /// The key cannot be fetched.
    #[error("the key of mail: {0}")]
    Key(StripeError),
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a mail says, or why it is not sent.
enum Prepared {
    /// To send: the message and the token in it.
    Message(Box<Message>, Option<(LinkToken, StoredLinkToken)>),
    /// Nobody is to get it.
    Nobody,
    /// It is too late for its token.
    TooLate,
}

impl App {
    /// Delivers every mail that is due, one after the other, and returns how many were handled.
    ///
    /// # Errors
    /// When mail is not set up, or storage fails. Mails that were not reached stay due.
    pub async fn deliver_due_mail(&self, courier: &impl Courier) -> Result<usize, DeliveryError> {
        self.deliver_due_mail_if(courier, |_| true).await
    }

    /// Like [`App::deliver_due_mail`], only the mails that `is_wanted` selects.
    ///
    /// # Errors
    /// As [`App::deliver_due_mail`].
    pub async fn deliver_due_mail_if(
        &self,
        courier: &impl Courier,
        is_wanted: impl Fn(&Mail) -> bool + Send,
    ) -> Result<usize, DeliveryError> {
        let now = self.now().as_second();
        let mut due = self.store.mails().await?;
        due.retain(|stored| stored.mail.is_due(now) && is_wanted(&stored.mail));
        if due.is_empty() {
            return Ok(0);
        }
        let key = self.mail_key().await?;
        let mut handled = 0;
        for stored in &due {
            // A function must not be ended while it sends. The next round continues.
            if self.now().as_second() - now > ROUND_SECONDS_MAX {
                break;
            }
            self.deliver(stored, courier, &key).await?;
            handled += 1;
        }
        Ok(handled)
    }

    /// Delivers the mail under a key of the table's stream, if it is due. A later round delivers one that is due later.
    ///
    /// # Errors
    /// As [`App::deliver_due_mail`].
    pub async fn deliver_mail_at(&self, courier: &impl Courier, key: (&str, &str)) -> Result<(), DeliveryError> {
        let stored = self.store.mail_at(key).await?.filter(|stored| stored.mail.is_due(self.now().as_second()));
        let Some(stored) = stored else { return Ok(()) };
        self.deliver(&stored, courier, &self.mail_key().await?).await
    }

    /// The key that tokens in links are derived with.
    async fn mail_key(&self) -> Result<MailKey, DeliveryError> {
        let source =
            self.config.mail.as_ref().and_then(|mail| mail.key.as_ref()).ok_or(DeliveryError::NotConfigured)?;
        let secret = self.stripe.secret_of(source).await.map_err(DeliveryError::Key)?;
        MailKey::new(secret.reveal()).ok_or(DeliveryError::NotConfigured)
    }

    async fn deliver(&self, stored: &StoredMail, courier: &impl Courier, key: &MailKey) -> Result<(), DeliveryError> {
        let now = self.now().as_second();
        let held = stored.mail.claimed(now);
        if held.state == MailState::Dead {
            tracing::error!(mail = %held.id, "a mail was interrupted twice and is not sent again");
            self.store.change_mail(stored, &held).await?;
            return Ok(());
        }
        let account =
            if stored.mail.kind == MailKind::AccountDeleted { None } else { self.account_of(&stored.mail).await? };
        let held = Mail { user_id: account.as_ref().map(|profile| profile.id), ..held };
        let (message, token) = match self.prepare(&held, account.as_ref(), key)? {
            Prepared::Message(message, token) => (message, token),
            Prepared::Nobody => {
                self.store.change_mail(stored, &stored.mail.dropped(now)).await?;
                return Ok(());
            }
            Prepared::TooLate => {
                tracing::error!(mail = %held.id, "a mail was not sent before its link expired");
                self.store.change_mail(stored, &stored.mail.given_up("its link expired before it was sent")).await?;
                return Ok(());
            }
        };
        // The token is stored once, with the first claim. Else a token that was used could become valid again.
        let token = token.as_ref().filter(|_| held.is_first_claim());
        let token = token.map(|(token, stored)| NewLinkToken { token, stored });
        if !self.store.claim_mail(stored, &held, token).await? {
            // Another sender has it, or the account is gone: the next round sees which.
            return Ok(());
        }
        let outcome = courier.send(&message).await;
        match &outcome {
            DeliveryOutcome::Accepted => {}
            DeliveryOutcome::Postponed(trouble) | DeliveryOutcome::Unknown(trouble) => {
                tracing::warn!(mail = %held.id, trouble, "a mail was not sent yet");
            }
            DeliveryOutcome::Refused(trouble) => tracing::error!(mail = %held.id, trouble, "a mail was refused"),
        }
        let after = held.after(outcome, self.now().as_second());
        self.store.change_mail(&stored.with(held), &after).await?;
        Ok(())
    }

    /// The account that a mail concerns, unless it is being deleted.
    async fn account_of(&self, mail: &Mail) -> Result<Option<Profile>, StoreError> {
        let user = match (mail.user_id, &mail.to) {
            (Some(user), _) => Some(user),
            (None, Some(to)) => {
                let found = self.store.credential_of(&Mailbox::of(to.clone())).await?;
                found.map(|(_, credential)| credential.user_id)
            }
            (None, None) => None,
        };
        let Some(user) = user else { return Ok(None) };
        Ok(self.store.profile(user).await?.filter(|profile| profile.state.closing.is_none()))
    }

    /// Decides whether and what to send.
    fn prepare(&self, mail: &Mail, account: Option<&Profile>, key: &MailKey) -> Result<Prepared, DeliveryError> {
        let settings = self.config.mail.as_ref().ok_or(DeliveryError::NotConfigured)?;
        if let Some(message) = &mail.message {
            return Ok(self
                .message_to_operators(mail, message)
                .map_or(Prepared::Nobody, |message| Prepared::Message(Box::new(message), None)));
        }
        if mail.kind == MailKind::AccountDeleted {
            let message = mail.to.as_ref().and_then(deliverable).and_then(|to| self.notice_to(mail, &to, settings));
            return Ok(message.map_or(Prepared::Nobody, |message| Prepared::Message(Box::new(message), None)));
        }
        let Some((profile, to)) = account.and_then(|profile| Some((profile, address_of(mail, profile)?))) else {
            return Ok(Prepared::Nobody);
        };
        if mail.kind == MailKind::Verify && !profile.email_unverified {
            return Ok(Prepared::Nobody);
        }
        let is_off = mail.kind.optional().is_some_and(|notice| profile.notices_off.contains(&notice));
        if is_off || (profile.mail_stopped.is_some() && to == profile.email) {
            return Ok(Prepared::Nobody);
        }
        let Some(address) = deliverable(&to) else { return Ok(Prepared::Nobody) };
        let token = mail.kind.purpose().and_then(|purpose| {
            let token = LinkToken::derive(key, purpose, mail.id, profile.id)?;
            let stored = StoredLinkToken::new(&token, purpose, to, profile.state.session_epoch, mail.asked_at);
            Some((token, stored))
        });
        if token.as_ref().is_some_and(|(_, stored)| stored.is_expired(self.now())) {
            return Ok(Prepared::TooLate);
        }
        let revealed = token.as_ref().map(|(token, _)| token.reveal());
        let unsubscribe = mail.kind.optional().zip(revealed.as_deref()).zip(settings.api_url.as_deref());
        let unsubscribe = unsubscribe.map(|((notice, token), api)| unsubscribe_url(api, notice, token));
        let in_link = revealed.as_deref().filter(|_| mail.kind.optional().is_none());
        let link = link(&settings.app_url, mail.kind, in_link);
        // These were written before the account was read.
        let is_early = matches!(mail.kind, MailKind::Reset | MailKind::NewSignIn);
        let language = if is_early { profile.language } else { mail.language };
        let letter = Letter::compose(mail.kind, language, &link).ok_or(DeliveryError::NotConfigured)?;
        let asked_at = Timestamp::from_second(mail.asked_at).unwrap_or(self.now());
        let extra = ExtraHeaders { reply_to: None, unsubscribe: unsubscribe.as_deref() };
        let message = Message::build(mail.id, &settings.from, &address, extra, &letter, asked_at);
        Ok(Prepared::Message(Box::new(message), token))
    }

    /// A notice without a token to an address that may have no account.
    fn notice_to(&self, mail: &Mail, address: &str, settings: &MailSettings) -> Option<Message> {
        let letter = Letter::compose(mail.kind, mail.language, &link(&settings.app_url, mail.kind, None))?;
        let asked_at = Timestamp::from_second(mail.asked_at).unwrap_or(self.now());
        Some(Message::build(mail.id, &settings.from, address, ExtraHeaders::default(), &letter, asked_at))
    }

    /// A visitor's message; `None` if the operators have no mailbox for it any more.
    fn message_to_operators(&self, mail: &Mail, contact: &ContactMessage) -> Option<Message> {
        let settings = self.config.mail.as_ref()?;
        let to = settings.contact.as_ref()?;
        let asked_at = Timestamp::from_second(mail.asked_at).unwrap_or(self.now());
        let reply_to = deliverable(&contact.email);
        let extra = ExtraHeaders { reply_to: reply_to.as_deref(), unsubscribe: None };
        Some(Message::build(mail.id, &settings.from, to, extra, &contact.letter(), asked_at))
    }
}

/// The address to send to. A link that proves or replaces something goes only to the address that the account has now.
fn address_of(mail: &Mail, profile: &Profile) -> Option<Email> {
    match mail.kind {
        MailKind::Contact | MailKind::AccountDeleted => None,
        MailKind::Reset | MailKind::NewSignIn | MailKind::PlanStarted | MailKind::PaymentFailed => {
            Some(profile.email.clone())
        }
        MailKind::Verify => mail.to.clone().filter(|to| *to == profile.email),
        MailKind::PasswordChanged | MailKind::FactorAdded | MailKind::FactorRemoved => mail.to.clone(),
        MailKind::ConfirmEmail => mail.to.clone().filter(|to| is_meant(profile.new_email.as_ref(), to)),
        MailKind::EmailChanged => mail.to.clone().filter(|to| is_meant(profile.former_email.as_ref(), to)),
    }
}

fn is_meant(address: Option<&DatedEmail>, to: &Email) -> bool {
    address.is_some_and(|address| address.email == *to)
}
