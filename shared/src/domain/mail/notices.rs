//! Notices: mails that tell of something that happened to an account. Some are optional: a user may turn them off, with a
//! session or with the link that mail programs show as "unsubscribe" (RFC 8058).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MailKind;
use crate::domain::credits::Plan;
use crate::domain::payments::event::InvoiceReason;
use crate::domain::payments::{Event, EventKind};

/// How long after a notice of a sign-in the next one may be sent.
pub const SIGN_IN_PAUSE_SECONDS: i64 = crate::domain::time::DAY_SECONDS;

/// A kind of notice, as clients name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    PasswordChanged,
    EmailChanged,
    FactorAdded,
    FactorRemoved,
    PaymentFailed,
    AccountDeleted,
    NewSignIn,
    PlanStarted,
}

/// A notice that a user may turn off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionalNotice {
    NewSignIn,
    PlanStarted,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::PasswordChanged,
        Self::EmailChanged,
        Self::FactorAdded,
        Self::FactorRemoved,
        Self::PaymentFailed,
        Self::AccountDeleted,
        Self::NewSignIn,
        Self::PlanStarted,
    ];

    /// The kind as one that may be turned off; `None` if it is essential.
    #[must_use]
    pub const fn optional(self) -> Option<OptionalNotice> {
        match self {
            Self::NewSignIn => Some(OptionalNotice::NewSignIn),
            Self::PlanStarted => Some(OptionalNotice::PlanStarted),
            Self::PasswordChanged
            | Self::EmailChanged
            | Self::FactorAdded
            | Self::FactorRemoved
            | Self::PaymentFailed
            | Self::AccountDeleted => None,
        }
    }
}

impl OptionalNotice {
    /// Its name in links.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewSignIn => "new_sign_in",
            Self::PlanStarted => "plan_started",
        }
    }
}

impl MailKind {
    /// The notice that a user may turn off; `None` if mails of this kind are always sent.
    #[must_use]
    pub const fn optional(self) -> Option<OptionalNotice> {
        match self {
            Self::NewSignIn => Some(OptionalNotice::NewSignIn),
            Self::PlanStarted => Some(OptionalNotice::PlanStarted),
            _ => None,
        }
    }
}

/// The URL by which a mail program turns a notice off. It is one of this API, because a page of a client cannot take a POST.
#[must_use]
pub fn unsubscribe_url(api_url: &str, notice: OptionalNotice, token: &str) -> String {
    format!("{api_url}/api/auth/notices/unsubscribe?token={token}&kind={}", notice.as_str())
}

/// What a user is told of a payment's event that changed the plan in effect from `before` to `after`.
///
/// A failed first payment is not told: the user sees it in the checkout.
#[must_use]
pub fn notice_of_payment(event: &Event, before: Plan, after: Plan) -> Option<MailKind> {
    match &event.kind {
        EventKind::InvoiceFailed(invoice) if invoice.reason != InvoiceReason::Start => Some(MailKind::PaymentFailed),
        _ if after != before && after != Plan::Free => Some(MailKind::PlanStarted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_have_the_names_and_the_necessity_of_their_mails() {
        for notice in NoticeKind::ALL {
            let name = serde_json::to_value(notice).unwrap();
            let kind = MailKind::ALL.into_iter().find(|kind| name == kind.as_str());
            let kind = kind.unwrap_or_else(|| panic!("{name} is no mail"));
            assert_eq!(kind.optional(), notice.optional(), "{name}");
            if let Some(optional) = notice.optional() {
                assert_eq!((serde_json::to_value(optional).unwrap(), optional.as_str()), (name, kind.as_str()));
            }
        }
        let no_notices = [MailKind::Verify, MailKind::Reset, MailKind::ConfirmEmail];
        assert_eq!(MailKind::ALL.len(), NoticeKind::ALL.len() + no_notices.len());
    }

    #[test]
    fn a_plan_that_begins_is_told_and_one_that_ends_or_goes_on_is_not() {
        let event = Event { id: "evt_1".to_owned(), created: 0, kind: EventKind::Ignored };
        let told = |before, after| notice_of_payment(&event, before, after);
        assert_eq!(told(Plan::Free, Plan::Starter), Some(MailKind::PlanStarted));
        assert_eq!(told(Plan::Starter, Plan::Unlimited), Some(MailKind::PlanStarted));
        assert_eq!(told(Plan::Starter, Plan::Starter), None);
        assert_eq!(told(Plan::Unlimited, Plan::Free), None);
    }
}
