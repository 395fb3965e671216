//! Mail to users: what waits to be sent, when it is sent again and when no more, the tokens in its links, its texts, and
//! the message as bytes.
//!
//! A mail is written to the outbox in the same transaction as its cause. It is sent later, by another process or task.

pub mod contact;
pub mod delivery;
pub mod feedback;
pub mod language;
pub mod letter;
pub mod message;
pub mod notices;
pub mod token;

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::contact::ContactMessage;
use self::language::Language;
use self::token::LinkPurpose;
use crate::domain::account::Email;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::id::UserId;
use crate::domain::time::DAY_SECONDS;

/// How long a mail that was not sent is kept, for operators.
const KEPT_UNSENT_SECONDS: i64 = 14 * DAY_SECONDS;
/// A mail of one kind to one address is written at most once in this time. More requests change nothing.
pub const PAUSE_SECONDS: i64 = 60;
/// Bytes of an email's digest in a key.
const DIGEST_BYTES: usize = 16;

/// Id of a mail. Its token and its `Message-ID` are derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MailId(pub Uuid);

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Asks a new user to confirm the address.
    Verify,
    /// Has the link that sets a new password.
    Reset,
    /// Says that the password was changed.
    PasswordChanged,
    /// Asks a user to confirm another address, at that address.
    ConfirmEmail,
    /// Says that a login asks for a code from now on.
    FactorAdded,
    /// Says that a login asks for no code any more.
    FactorRemoved,
    /// Says to the former address that the account has another one, and has the link that undoes it.
    EmailChanged,
    /// A visitor's message to the operators.
    Contact,
    /// Says that somebody signed in.
    NewSignIn,
    /// Says that a plan began.
    PlanStarted,
    /// Says that a payment of the subscription failed.
    PaymentFailed,
    /// Says that the account was deleted.
    AccountDeleted,
}

impl MailKind {
    /// Every kind that has a text of ours.
    pub const ALL: [Self; 11] = [
        Self::Verify,
        Self::Reset,
        Self::PasswordChanged,
        Self::ConfirmEmail,
        Self::EmailChanged,
        Self::FactorAdded,
        Self::FactorRemoved,
        Self::NewSignIn,
        Self::PlanStarted,
        Self::PaymentFailed,
        Self::AccountDeleted,
    ];

    /// Its name in texts, commands and keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::PasswordChanged => "password_changed",
            Self::ConfirmEmail => "confirm_email",
            Self::EmailChanged => "email_changed",
            Self::Contact => "contact",
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::NewSignIn => "new_sign_in",
            Self::PlanStarted => "plan_started",
            Self::PaymentFailed => "payment_failed",
            Self::AccountDeleted => "account_deleted",
        }
    }

    /// What its token is for; `None` for a mail without a token. The token is in the link, or in the header by which an
    /// optional notice is turned off.
    #[must_use]
    pub const fn purpose(self) -> Option<LinkPurpose> {
        match self {
            Self::Verify => Some(LinkPurpose::Verify),
            Self::Reset => Some(LinkPurpose::Reset),
            Self::PasswordChanged
            | Self::FactorAdded
            | Self::FactorRemoved
            | Self::PaymentFailed
            | Self::AccountDeleted
            | Self::Contact => None,
            Self::NewSignIn | Self::PlanStarted => Some(LinkPurpose::Unsubscribe),
            Self::ConfirmEmail => Some(LinkPurpose::ConfirmEmail),
            Self::EmailChanged => Some(LinkPurpose::UndoEmail),
        }
    }
}

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It waits to be sent.
    Pending,
    /// It is being sent. After the lease, the sender counts as interrupted.
    Sending,
    /// The mail server accepted it.
    Sent,
    /// It is not sent: the account does not exist, or the address can get no mail from us.
    Dropped,
    /// It could not be sent. Only an operator sends it again.
    Dead,
}

impl MailState {
    /// Its name in commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Dead => "dead",
        }
    }
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub id: MailId,
    pub kind: MailKind,
    /// The user; `None` until it is looked up who has the address.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The address; removed when nothing is to be sent any more.
    #[serde(default)]
    pub to: Option<Email>,
    pub language: Language,
    pub state: MailState,
    /// Incremented by every write. A sender that read an older revision changes nothing.
    pub revision: u32,
    /// How often a sender has taken it.
    #[serde(default)]
    pub claims: u32,
    /// How often a sender was interrupted, so that it is unknown whether the mail was delivered.
    #[serde(default)]
    pub interruptions: u32,
    /// How often a mail server asked to try again later.
    #[serde(default)]
    pub postponements: u32,
    /// When it may be sent, or when the lease of its sender ends, in epoch seconds.
    pub due_at: i64,
    /// When its cause happened, in epoch seconds.
    pub asked_at: i64,
    /// What a visitor wrote; removed with the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ContactMessage>,
    /// Why it was not sent, without addresses.
    #[serde(default)]
    pub trouble: Option<String>,
    /// When the table deletes it, in epoch seconds.
    pub expires_at: i64,
}

impl Mail {
    fn new(id: MailId, kind: MailKind, language: Language, now_seconds: i64) -> Self {
        Self {
            id,
            kind,
            user_id: None,
            to: None,
            language,
            state: MailState::Pending,
            revision: 1,
            claims: 0,
            interruptions: 0,
            postponements: 0,
            due_at: now_seconds,
            asked_at: now_seconds,
            message: None,
            trouble: None,
            expires_at: now_seconds + KEPT_UNSENT_SECONDS,
        }
    }

    /// A mail to a user at the address that the account has now.
    #[must_use]
    pub fn to_user(id: MailId, kind: MailKind, to: (UserId, &Email), language: Language, now_seconds: i64) -> Self {
        let (user, email) = to;
        Self { user_id: Some(user), to: Some(email.clone()), ..Self::new(id, kind, language, now_seconds) }
    }

    /// A mail to whoever has an account with this address, if anybody has.
    #[must_use]
    pub fn to_address(id: MailId, kind: MailKind, to: &Email, now_seconds: i64) -> Self {
        Self { to: Some(to.clone()), ..Self::new(id, kind, Language::default(), now_seconds) }
    }

    /// A mail to the address of an account that is gone when it is sent. It names no user, so that the deletion of the account
    /// leaves it.
    #[must_use]
    pub fn of_deletion(id: MailId, to: &Email, language: Language, now_seconds: i64) -> Self {
        Self { to: Some(to.clone()), ..Self::new(id, MailKind::AccountDeleted, language, now_seconds) }
    }

    /// A visitor's message to the operators, in English as all that operators read.
    #[must_use]
    pub fn to_operators(id: MailId, message: ContactMessage, now_seconds: i64) -> Self {
        let mail = Self::new(id, MailKind::Contact, Language::default(), now_seconds);
        Self { message: Some(message), ..mail }
    }

    /// Where it is in the outbox. A mail that is asked for again replaces the earlier one.
    #[must_use]
    pub fn slot(&self) -> Slot {
        match (self.kind, self.user_id, &self.to) {
            (MailKind::Verify, Some(user), _) => Slot::Verify(user),
            (MailKind::ConfirmEmail, Some(user), _) => Slot::ConfirmEmail(user),
            (MailKind::Contact, ..) => Slot::Contact(self.id),
            (MailKind::AccountDeleted, ..) => Slot::Deletion(self.id),
            (MailKind::Reset, _, Some(to)) => Slot::Reset(digest(to)),
            (_, Some(user), _) => Slot::Notice(user, self.id),
            (_, None, _) => Slot::Reset(self.id.to_string()),
        }
    }
}

/// The place of a mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// The newest request for verification of a user.
    Verify(UserId),
    /// The newest request of a user for another address.
    ConfirmEmail(UserId),
    /// The newest request for a reset of an address, by the address's digest.
    Reset(String),
    /// A message to the operators.
    Contact(MailId),
    /// The notice to the address of a deleted account.
    Deletion(MailId),
    /// A notice to a user.
    Notice(UserId, MailId),
}

impl Slot {
    /// The slot of resets of an address.
    #[must_use]
    pub fn reset_of(email: &Email) -> Self {
        Self::Reset(digest(email))
    }
}

/// Digest of a mailbox, the same for all of its spellings.
fn digest(email: &Email) -> String {
    let mailbox = Mailbox::of(email.clone());
    hex::encode(&Sha256::digest(mailbox.normal().as_str())[..DIGEST_BYTES])
}

/// The address as SMTP without extensions can carry it: the domain in ASCII. `None` if the part before the `@` is not ASCII,
/// or has characters that need quotes; no mail is sent to such an address.
#[must_use]
pub fn deliverable(email: &Email) -> Option<String> {
    let mailbox = Mailbox::of(email.clone());
    let address = mailbox.normal().as_str();
    let (local, host) = address.split_once('@')?;
    let is_atom = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (local.split('.').all(is_atom) && host.chars().all(is_host)).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn domains_are_sent_in_ascii_and_other_local_parts_get_no_mail() {
        for (address, expected) in [
            ("ada@example.org", Some("ada@example.org")),
            ("a.b+c@bücher.example", Some("a.b+c@xn--bcher-kva.example")),
            ("josé@example.org", None),
            ("\"a b\"@example.org", None),
            ("\"ab\"@example.org", Some("ab@example.org")),
            ("a..b@example.org", None),
            (".a@example.org", None),
            ("a,b@example.org", None),
            ("a<b@example.org", None),
            ("u@xn--a.example", Some("u@xn--a.example")),
            ("u@exa<mple.org", None),
        ] {
            let Ok(parsed) = Email::try_from(address.to_owned()) else { continue };
            assert_eq!(deliverable(&parsed).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn spellings_of_one_mailbox_share_a_slot_and_kinds_do_not() {
        let id = MailId(Uuid::from_u128(1));
        let reset = |address: &str| Mail::to_address(id, MailKind::Reset, &email(address), 0).slot();
        assert_eq!(reset("u@bücher.example"), reset("U@xn--bcher-kva.example"));
        assert_ne!(reset("u@bücher.example"), reset("v@bücher.example"));
        let user = UserId(Uuid::from_u128(2));
        let of_user = |kind| Mail::to_user(id, kind, (user, &email("a@example.org")), Language::English, 0).slot();
        assert_eq!(of_user(MailKind::Verify), Slot::Verify(user));
        assert_eq!(of_user(MailKind::PasswordChanged), Slot::Notice(user, id));
    }
}
