//! The `entity` names of domain types that are stored as items. A type that exists only in storage declares its name
//! beside its definition.

use super::dynamodb::item::Entity;
use crate::domain::account::challenge::StoredChallenge;
use crate::domain::account::factor::Factor;
use crate::domain::account::profile::Profile;
use crate::domain::account::session::Session;
use crate::domain::catalog::{Course, Exam, Pattern, Question, QuestionOption, QuestionSummary, Topic};
use crate::domain::credits::ledger::{ClosedLedger, Entry};
use crate::domain::idempotency::Record;
use crate::domain::mail::Mail;
use crate::domain::midterm::sitting::Sitting;
use crate::domain::questions::report::Report;
use crate::domain::study::Study;
use crate::domain::study::attempt::Attempt;
use crate::domain::study::progress::{Progress, QuestionDelivery};
use crate::domain::vouchers::{Redemption, Voucher};

macro_rules! entities {
    ($($type:ty => $name:literal),+ $(,)?) => {
        $(impl Entity for $type { const NAME: &'static str = $name; })+
    };
}

entities! {
    Mail => "Mail",
    Factor => "Factor",
    StoredChallenge => "Challenge",
    Profile => "Profile",
    Session => "Session",
    Entry => "Entry",
    ClosedLedger => "ClosedLedger",
    Progress => "Progress",
    QuestionDelivery => "Delivery",
    Attempt => "Attempt",
    Record => "Record",
    Report => "Report",
    Study => "Mastery",
    Sitting => "Sitting",
    Voucher => "Voucher",
    Redemption => "Redemption",
    Course => "Course",
    Exam => "Exam",
    Topic => "Topic",
    Pattern => "Pattern",
    Question => "Question",
    QuestionSummary => "Question",
    QuestionOption => "Option",
}
