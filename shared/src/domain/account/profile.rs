//! A user's profile: who they are and what they may spend.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::account::spend_count::SpendCount;
use crate::domain::account::{Email, Name};
use crate::domain::credits::Wallet;
use crate::domain::id::UserId;
use crate::domain::mail::language::Language;
use crate::domain::mail::notices::OptionalNotice;
use crate::domain::questions::seen::SeenQuestions;

/// The stored profile of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and stored by its name")]
pub struct Profile {
    pub id: UserId,
    /// Display name.
    #[serde(default)]
    pub name: Name,
    /// Normalised email address.
    pub email: Email,
    /// Set from registration until the user proves that the address is theirs. Accounts from before mail was sent, and
    /// imported ones, count as verified.
    #[serde(default, skip_serializing_if = "is_false")]
    pub email_unverified: bool,
    /// The address that the user asked for, until it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<DatedEmail>,
    /// The address before the last change, for as long as the change can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_email: Option<DatedEmail>,
    /// Set by a change of the address until the user's customer at Stripe has it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub customer_email_due: bool,
    /// Whether a login asks for a code. The credential says the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub second_factor: bool,
    /// Language of mails to the user.
    #[serde(default, skip_serializing_if = "is_default")]
    pub language: Language,
    /// The notices that the user turned off.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub notices_off: BTreeSet<OptionalNotice>,
    /// Set when the address rejects mail for ever, or its owner complained: no mail is sent to it. A change of the address
    /// removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_stopped: Option<MailStop>,
    /// Balance (the sum of the ledger), plan and next refresh.
    #[serde(flatten)]
    pub wallet: Wallet,
    /// Incremented by every write on which something may be decided. A spend that read an older version is retried.
    pub version: u64,
    /// Number of ledger entries so far, which is the position of the newest.
    pub entry_count: u64,
    /// Stripe customer id.
    #[serde(default)]
    pub stripe_customer_id: Option<String>,
    /// Stripe subscription id.
    #[serde(default)]
    pub stripe_subscription_id: Option<String>,
    /// Which questions the student has unlocked in the last courses, for the choice of new ones.
    #[serde(default, skip_serializing_if = "SeenQuestions::is_empty")]
    pub seen_questions: SeenQuestions,
    /// Whether nothing but purchases has unlocked questions. Set when the account is registered, and removed by an import of studies.
    #[serde(default, skip_serializing_if = "is_false")]
    pub only_purchases: bool,
    /// Spends in the current window of their rate limit.
    #[serde(default, skip_serializing_if = "SpendCount::is_empty")]
    pub spend_count: SpendCount,
    /// Session epoch, and whether the account is being deleted.
    #[serde(flatten)]
    pub state: AccountState,
    pub created_at: Timestamp,
    /// When the profile was last written.
    pub updated_at: Timestamp,
}

/// Why no mail is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailStop {
    pub reason: MailStopReason,
    /// When it was reported.
    pub at: Timestamp,
}

/// What a mail service reported about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailStopReason {
    /// It rejects mail for ever: a permanent bounce.
    Bounced,
    /// Its owner marked a mail as spam.
    Complained,
}

impl MailStopReason {
    /// Its name in commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

/// An address that is meant until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedEmail {
    pub email: Email,
    /// In epoch seconds.
    pub until: i64,
}

impl DatedEmail {
    /// Whether it is still meant.
    #[must_use]
    pub fn is_meant_at(&self, now: Timestamp) -> bool {
        now.as_second() < self.until
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default(language: &Language) -> bool {
    *language == Language::default()
}

/// Decides whether the account's sessions are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountState {
    /// Sessions of another epoch are invalid. A new password starts a new epoch.
    #[serde(default)]
    pub session_epoch: u32,
    /// Set while the account is being deleted: the anonymous ledger that keeps its entries.
    #[serde(default)]
    pub closing: Option<ClosedLedgerId>,
}

/// Id of a deleted account's ledger. It is random, so it cannot be linked to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClosedLedgerId(pub Uuid);

impl Profile {
    /// The profile of an account that opens at `now` with `wallet`. The first ledger entry explains its balance.
    #[must_use]
    pub fn open(id: UserId, email: Email, name: Name, wallet: Wallet, now: Timestamp) -> Self {
        Self {
            id,
            name,
            email,
            email_unverified: false,
            new_email: None,
            former_email: None,
            customer_email_due: false,
            second_factor: false,
            language: Language::default(),
            notices_off: BTreeSet::new(),
            mail_stopped: None,
            wallet,
            version: 1,
            entry_count: 1,
            stripe_customer_id: None,
            stripe_subscription_id: None,
            seen_questions: SeenQuestions::default(),
            only_purchases: false,
            spend_count: SpendCount::default(),
            state: AccountState::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether the student has surely unlocked no question. A registration writes one entry, and each purchase adds one.
    #[must_use]
    pub const fn has_unlocked_nothing(&self) -> bool {
        self.only_purchases && self.entry_count == 1
    }

    /// The profile with the plan in effect at `now`. For display only; do not store it.
    #[must_use]
    pub fn with_plan_at(&self, now: Timestamp) -> Self {
        let plan = self.wallet.plan_at(now);
        Self { wallet: Wallet { plan, ..self.wallet }, ..self.clone() }
    }

    /// Replaces the email while an account is being deleted.
    pub const CLOSING_EMAIL: &'static str = "deleted@account.invalid";
}
