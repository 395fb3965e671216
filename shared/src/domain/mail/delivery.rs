//! When a mail is sent, sent again, and given up.
//!
//! A sender claims a mail before it sends and notes the outcome afterwards. If the outcome is unknown (the sender ended, or
//! the connection broke), the mail may have been delivered: nobody can tell a connection that broke after the last byte from
//! one that broke before the first. Such a mail is sent once more when the lease is over, with the same bytes, and then
//! no more. So a mail is delivered at most twice.

use super::{Mail, MailId, MailState};
use crate::domain::account::profile::MailStopReason;
use crate::domain::time::DAY_SECONDS;

/// How long a sender may take. The next one begins after it.
pub const LEASE_SECONDS: i64 = 300;
/// How often a mail is sent again after an unknown outcome.
const REPEATS_MAX: u32 = 1;
/// How often a mail is tried when mail servers ask to try later.
const POSTPONEMENTS_MAX: u32 = 5;
/// Pause after the first postponement. It doubles each time, so the last try is half an hour after the first.
const FIRST_PAUSE_SECONDS: i64 = 120;
/// How long a mail that was sent is listed.
const KEPT_SENT_SECONDS: i64 = 3 * DAY_SECONDS;

/// What a mail server did with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It accepted the mail.
    Accepted,
    /// It did not accept it now; it may later.
    Postponed(String),
    /// It will never accept it.
    Refused(String),
    /// Nobody knows whether it accepted the mail.
    Unknown(String),
}

impl Mail {
    /// Whether a sender may claim it at `now_seconds`.
    #[must_use]
    pub fn is_due(&self, now_seconds: i64) -> bool {
        matches!(self.state, MailState::Pending | MailState::Sending) && self.due_at <= now_seconds
    }

    /// The mail as its next sender holds it, or dead if it was repeated often enough.
    #[must_use]
    pub fn claimed(&self, now_seconds: i64) -> Self {
        let was_interrupted = u32::from(self.state == MailState::Sending);
        let next = Self {
            revision: self.revision + 1,
            claims: self.claims + 1,
            interruptions: self.interruptions + was_interrupted,
            state: MailState::Sending,
            due_at: now_seconds + LEASE_SECONDS,
            ..self.clone()
        };
        if next.interruptions > REPEATS_MAX {
            let trouble = self.trouble.clone().unwrap_or_else(|| "the sender was interrupted".to_owned());
            return Self { claims: self.claims, ..next.dead(trouble) };
        }
        next
    }

    /// Whether this is the first claim, which also stores the token.
    #[must_use]
    pub fn is_first_claim(&self) -> bool {
        self.state == MailState::Sending && self.claims == 1
    }

    /// The claimed mail after its outcome.
    #[must_use]
    pub fn after(&self, outcome: DeliveryOutcome, now_seconds: i64) -> Self {
        let next = Self { revision: self.revision + 1, ..self.clone() };
        match outcome {
            DeliveryOutcome::Accepted => next.done(MailState::Sent, now_seconds),
            DeliveryOutcome::Refused(trouble) => next.dead(trouble),
            // The lease goes on: the next sender begins after it.
            DeliveryOutcome::Unknown(trouble) => Self { trouble: Some(trouble), ..next },
            DeliveryOutcome::Postponed(trouble) => {
                let postponements = self.postponements + 1;
                let next = Self { postponements, ..next };
                if postponements >= POSTPONEMENTS_MAX {
                    return next.dead(trouble);
                }
                let pause = FIRST_PAUSE_SECONDS << (postponements - 1);
                Self { state: MailState::Pending, due_at: now_seconds + pause, trouble: Some(trouble), ..next }
            }
        }
    }

    /// The mail when it turns out that nothing is to be sent.
    #[must_use]
    pub fn dropped(&self, now_seconds: i64) -> Self {
        Self { revision: self.revision + 1, ..self.clone() }.done(MailState::Dropped, now_seconds)
    }

    /// The mail when it can no longer be of use.
    #[must_use]
    pub fn given_up(&self, trouble: &str) -> Self {
        Self { revision: self.revision + 1, ..self.clone() }.dead(trouble.to_owned())
    }

    /// The mail after its receiver's server, or its receiver, rejected it. It stays sent.
    #[must_use]
    pub fn reported(&self, reason: MailStopReason) -> Self {
        let trouble = match reason {
            MailStopReason::Bounced => "the address rejects mail: no more is sent to it",
            MailStopReason::Complained => "the receiver complained: no more mail is sent to the address",
        };
        Self { revision: self.revision + 1, trouble: Some(trouble.to_owned()), ..self.clone() }
    }

    /// The dead mail as a new one with this id: with a new token and a new `Message-ID`. `None` if it is not dead.
    #[must_use]
    pub fn retried(&self, id: MailId, now_seconds: i64) -> Option<Self> {
        (self.state == MailState::Dead).then(|| {
            let fresh = Self::new(id, self.kind, self.language, now_seconds);
            Self { user_id: self.user_id, to: self.to.clone(), revision: self.revision + 1, ..fresh }
        })
    }

    fn done(self, state: MailState, now_seconds: i64) -> Self {
        Self { state, to: None, message: None, trouble: None, expires_at: now_seconds + KEPT_SENT_SECONDS, ..self }
    }

    fn dead(self, trouble: String) -> Self {
        Self { state: MailState::Dead, trouble: Some(trouble), ..self }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::account::Email;
    use crate::domain::mail::MailKind;

    fn mail() -> Mail {
        let to = Email::try_from("ada@example.org".to_owned()).unwrap();
        Mail::to_address(MailId(Uuid::from_u128(1)), MailKind::Reset, &to, 1_000)
    }

    #[test]
    fn a_mail_is_claimed_sent_and_then_never_due() {
        let mail = mail();
        assert!(mail.is_due(1_000) && !mail.is_due(999));
        let held = mail.claimed(1_000);
        assert!(held.is_first_claim() && !held.is_due(1_000 + LEASE_SECONDS - 1));
        let sent = held.after(DeliveryOutcome::Accepted, 1_001);
        assert_eq!((sent.state, sent.to.clone(), sent.is_due(i64::MAX)), (MailState::Sent, None, false));
        assert_eq!((mail.revision, held.revision, sent.revision), (1, 2, 3));
    }

    #[test]
    fn an_unknown_outcome_is_repeated_once_after_the_lease() {
        let unknown = || DeliveryOutcome::Unknown("the connection broke".to_owned());
        let first = mail().claimed(1_000).after(unknown(), 1_000);
        assert!(!first.is_due(1_000) && first.is_due(1_000 + LEASE_SECONDS));
        let second = first.claimed(2_000);
        assert_eq!((second.state, second.id, second.is_first_claim()), (MailState::Sending, first.id, false));
        let third = second.after(unknown(), 2_000).claimed(3_000);
        assert_eq!(
            (third.state, third.claims, third.trouble.as_deref()),
            (MailState::Dead, 2, Some("the connection broke"))
        );
        // A sender that ended without a word is the same.
        let ended = mail().claimed(1_000).claimed(2_000).claimed(3_000);
        assert_eq!(ended.state, MailState::Dead);
    }

    #[test]
    fn a_server_that_asks_to_wait_is_tried_five_times_within_half_an_hour() {
        let (mut mail, mut now, mut tries) = (mail(), 1_000, 0);
        while mail.state != MailState::Dead {
            assert!(mail.is_due(now));
            mail = mail.claimed(now).after(DeliveryOutcome::Postponed("450".to_owned()), now);
            tries += 1;
            now = mail.due_at;
        }
        assert_eq!((tries, mail.interruptions), (5, 0));
        assert!(mail.due_at <= 1_000 + 1_800 + LEASE_SECONDS);
    }

    #[test]
    fn a_refused_mail_is_dead_and_only_a_dead_one_is_retried() {
        let dead = mail().claimed(1_000).after(DeliveryOutcome::Refused("550".to_owned()), 1_000);
        assert_eq!((dead.state, dead.is_due(i64::MAX)), (MailState::Dead, false));
        let again = dead.retried(MailId(Uuid::from_u128(2)), 5_000).unwrap();
        assert_eq!(
            (again.state, again.claims, again.asked_at, again.to),
            (MailState::Pending, 0, 5_000, dead.to.clone())
        );
        assert!(again.revision > dead.revision && again.id != dead.id);
        assert_eq!(mail().retried(MailId(Uuid::from_u128(2)), 5_000), None);
    }
}
