//! The only place that builds and parses the table's keys.
//!
//! | entity | pk | sk |
//! |---|---|---|
//! | Profile | `USER#<id>` | `PROFILE` |
//! | Credential, reserved email, held grants | `EMAIL#<normalised>` | `CREDENTIAL` |
//! | Session | `USER#<id>` | `SESSION#<sha256(secret) in hex>` |
//! | Entry | `USER#<id>`, once deleted `CLOSED#<uuid>` | `CREDIT#<uuidv7>` |
//! | Closed ledger | `CLOSED#<uuid>` | `LEDGER` |
//! | Progress | `USER#<id>` | `PROGRESS#<course>#<question>` |
//! | Delivery | `USER#<id>` | `PROGRESS#<course>##<uuidv7>` |
//! | Attempt | `USER#<id>` | `ATTEMPT#<uuidv7>` |
//! | Midterm | `USER#<id>` | `MIDTERM#<uuidv7>` |
//! | Sitting | `USER#<id>` | `SITTING#<id of its midterm>` |
//! | Mastery | `USER#<id>` | `MASTERY#<course>` |
//! | Record | `USER#<id>` | `IDEMPOTENCY#<key>` |
//! | Adjustment | `USER#<id>` | `ADJUSTMENT#<key>` |
//! | Redemption | `USER#<id>` | `REDEMPTION#<digest of a code>` |
//! | Voucher | `VOUCHERS` | `<digest of its code>` |
//! | Report | `USER#<id>` | `REPORT#<question>` |
//! | Queued report | `REPORTS` | `<uuidv7>` |
//! | Part | that of its item | `PART#<sort key of its item>#<digest>#<number, four digits>` |
//! | Enrollment | `USER#<id>` | `ENROLLMENT#<course>` |
//! | Owned analysis | `USER#<id>` | `ANALYSIS#<course>#<edition>` |
//! | Bank | `COURSE#<course>` | `BANK#<digest>#<part, four digits>` |
//! | Analysis | `COURSE#<course>` | `ANALYSIS#<edition>` |
//! | Import record | `COURSE#<course>` | `IMPORT` |
//! | Former item | `COURSE#<course>` | `IMPORT#<version, ten digits>#FORMER#<partition key>\|<sort key>` |
//! | Import list | `COURSE#<course>` | `IMPORT#<version, ten digits>#LIST#<digest>` |
//! | Calibration | `COURSE#<course>` | `CALIBRATION#<version, ten digits>` |
//! | Item statistics | `COURSE#<course>` | `ITEMS` |
//! | Counter | `LIMIT#<action>#<address, user or digest of an email>` | `<start of the window, in epoch seconds>` |
//! | Course | `CATALOG` | `COURSE#<id>` |
//! | Exam, Topic, Pattern | `COURSE#<course>` | `EXAM#<id>`, `TOPIC#<id>`, `PATTERN#<id>` |
//! | Question | `QUESTION#<id>` | `QUESTION` |
//! | Option | `QUESTION#<id>` | `OPTION#<letter>` |
//! | Figure | `FIGURE#<digest>` | `FIGURE` |
//! | Billing | `USER#<id>` | `BILLING` |
//! | Link token | `USER#<id>` | `TOKEN#<purpose>` |
//! | Factor | `USER#<id>` | `FACTOR#<kind>` |
//! | Challenge | `USER#<id>` | `CHALLENGE#<sha256(secret) in hex>` |
//! | Mail | `MAIL#<last hex digit of user id or digest, modulo 4>` | `<user id>#verify`, `<user id>#confirm_email`, `<user id>#notice#<id>`, `reset#<digest of an email>`, `contact#<id>` or `deletion#<id>` |
//! | Customer | `CUSTOMER#<id at Stripe>` | `USER` |
//! | Event | `STRIPE#<event id>` | `EVENT` |
//! | Copy marker | `COPY` | `MARKER` |
//!
//! The parts of a key are ids, emails, UUIDs and hex. Ids (`domain::id`) and emails contain no `#`. An idempotency key
//! may contain one, so it is always the last part.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::account::Email;
use crate::domain::account::profile::ClosedLedgerId;
use crate::domain::account::session::SessionId;
use crate::domain::account::token::TokenHash;
use crate::domain::catalog::figures::FigureDigest;
use crate::domain::id::{CourseId, EntryId, ExamId, PatternId, QuestionId, TopicId, UserId};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::limits::Window;
use crate::domain::mail::Slot;
use crate::domain::mail::token::LinkPurpose;
use crate::domain::midterm::MidtermId;
use crate::domain::questions::report::ReportId;
use crate::domain::study::attempt::AttemptId;
use crate::domain::study::progress::DeliveryId;
use crate::domain::vouchers::VoucherId;

/// The table's partition key attribute.
pub(super) const PK: &str = "pk";
/// The table's sort key attribute.
pub(super) const SK: &str = "sk";
/// The TTL attribute, in epoch seconds.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// The partition of all courses.
pub(super) const CATALOG: &str = "CATALOG";
/// The partition of the operators' queue of reports.
pub(super) const REPORTS: &str = "REPORTS";
/// The partition of all vouchers.
pub(super) const VOUCHERS: &str = "VOUCHERS";
pub(super) const PROFILE: &str = "PROFILE";
const QUESTION: &str = "QUESTION";
/// The sort key of the record of a course's last import.
const IMPORT: &str = "IMPORT";
/// Sort key prefix of options.
const OPTIONS: &str = "OPTION#";
/// The sort key of a deleted account's ledger.
pub(super) const CLOSED_LEDGER: &str = "LEDGER";
/// Sort key prefix of sessions.
pub(super) const SESSIONS: &str = "SESSION#";
/// Sort key prefix of challenges.
const CHALLENGES: &str = "CHALLENGE#";
/// Sort key prefix of ledger entries.
pub(super) const ENTRIES: &str = "CREDIT#";
/// Sort key prefix of attempts.
pub(super) const ATTEMPTS: &str = "ATTEMPT#";
/// Sort key prefix of a student's work in courses.
pub(super) const MASTERIES: &str = "MASTERY#";
/// Sort key prefix of a student's progress.
pub(super) const PROGRESS: &str = "PROGRESS#";
/// Sort key prefix of calibrations.
pub(super) const CALIBRATIONS: &str = "CALIBRATION#";
/// Sort key prefix of what a user got for vouchers.
pub(super) const REDEMPTIONS: &str = "REDEMPTION#";
/// Sort key prefix of midterms.
pub(super) const MIDTERMS: &str = "MIDTERM#";
/// Sort key prefix of enrolments.
pub(super) const ENROLLMENTS: &str = "ENROLLMENT#";

/// The partition of the marker of a copy that is not complete.
pub(super) const COPY: &str = "COPY";

/// Partitions of the outbox. A sender reads all of them, so they are few; they share the load of many registrations.
pub(super) const MAIL_PARTITIONS: u32 = 4;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub(super) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// The key as DynamoDB attributes.
    pub(super) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// The marker of a copy into this table that is not complete.
pub(super) fn copy_marker() -> Key {
    Key::new(COPY, "MARKER")
}

/// The partition of a user.
pub(super) fn user(id: UserId) -> String {
    format!("USER#{id}")
}

/// The user whose partition it is; none for other partitions.
pub(super) fn user_of(partition: &str) -> Option<UserId> {
    partition.strip_prefix("USER#")?.parse().ok().map(UserId)
}

/// The partition of a course's data.
pub(super) fn course_partition(id: &CourseId) -> String {
    format!("COURSE#{id}")
}

/// The partition of a question and its options.
pub(super) fn question_partition(id: &QuestionId) -> String {
    format!("QUESTION#{id}")
}

/// Key of a profile.
#[must_use]
pub fn profile(id: UserId) -> Key {
    Key::new(user(id), PROFILE)
}

/// Key of an email's credential.
#[must_use]
pub fn credential(email: &Email) -> Key {
    Key::new(format!("EMAIL#{}", email.as_str()), "CREDENTIAL")
}

/// The email of a partition; none for other partitions.
pub(super) fn email_of(partition: &str) -> Option<Email> {
    partition.strip_prefix("EMAIL#").and_then(|email| Email::try_from(email.to_owned()).ok())
}

/// Key of a session.
#[must_use]
pub fn session(id: UserId, hash: &TokenHash) -> Key {
    Key::new(user(id), format!("{SESSIONS}{}", hash.as_str()))
}

/// Sort key prefix of the session with this public id.
pub(super) fn sessions_of_id(id: &SessionId) -> String {
    format!("{SESSIONS}{}", id.as_str())
}

/// The token hash in a session's sort key.
pub(super) fn hash_of_session(sk: &str) -> Option<TokenHash> {
    sk.strip_prefix(SESSIONS).map(TokenHash::stored)
}

/// Key of a deleted account's ledger.
#[must_use]
pub fn closed_ledger(id: ClosedLedgerId) -> Key {
    Key::new(closed_partition(id), CLOSED_LEDGER)
}

/// Key of an entry in a deleted account's ledger.
#[must_use]
pub fn closed_entry(id: ClosedLedgerId, entry: EntryId) -> Key {
    Key::new(closed_partition(id), format!("{ENTRIES}{entry}"))
}

/// The partition of a deleted account's ledger.
pub(super) fn closed_partition(id: ClosedLedgerId) -> String {
    format!("CLOSED#{}", id.0)
}

/// Key of a ledger entry.
#[must_use]
pub fn entry(id: UserId, entry: EntryId) -> Key {
    Key::new(user(id), format!("{ENTRIES}{entry}"))
}

/// Key of a student's progress on a question.
#[must_use]
pub fn progress(id: UserId, course: &CourseId, question: &QuestionId) -> Key {
    Key::new(user(id), format!("{}{question}", progress_of_course(course)))
}

/// Sort key prefix of a student's progress in a course.
pub(super) fn progress_of_course(course: &CourseId) -> String {
    format!("{PROGRESS}{course}#")
}

/// Key of a delivery of questions. Its prefix is that of the progress in its course, and no question has an empty id.
#[must_use]
pub fn delivery(id: UserId, course: &CourseId, delivery: DeliveryId) -> Key {
    Key::new(user(id), format!("{}{}", deliveries_of_course(course), delivery.0))
}

/// Sort key prefix of a student's deliveries in a course.
pub(super) fn deliveries_of_course(course: &CourseId) -> String {
    format!("{}#", progress_of_course(course))
}

/// Key of an attempt.
#[must_use]
pub fn attempt(id: UserId, attempt: AttemptId) -> Key {
    Key::new(user(id), format!("{ATTEMPTS}{}", attempt.0))
}

/// Key of a student's work in a course.
#[must_use]
pub fn mastery(id: UserId, course: &CourseId) -> Key {
    Key::new(user(id), format!("{MASTERIES}{course}"))
}

/// Key of a course's calibration. Calibrations sort by version.
#[must_use]
pub fn calibration(course: &CourseId, version: u32) -> Key {
    Key::new(course_partition(course), format!("{CALIBRATIONS}{version:010}"))
}

/// Key of the statistics of a course's questions.
#[must_use]
pub fn item_report(course: &CourseId) -> Key {
    Key::new(course_partition(course), "ITEMS")
}

/// Key of the record of a course's last import.
#[must_use]
pub fn import_record(course: &CourseId) -> Key {
    Key::new(course_partition(course), IMPORT)
}

/// Begins the sort keys of everything that an import kept, by the version that it made.
pub(super) fn kept_by(version: u64) -> String {
    format!("{IMPORT}#{version:010}")
}

/// The range of sort keys of the items that an import kept.
pub(super) fn former_items(version: u64) -> (String, String) {
    // `$` is the character after `#`.
    (format!("{}#FORMER#", kept_by(version)), format!("{}#FORMER$", kept_by(version)))
}

/// Key of an item that an import kept.
#[must_use]
pub fn former_item(course: &CourseId, version: u64, item: &Key) -> Key {
    Key::new(course_partition(course), format!("{}{}|{}", former_items(version).0, item.pk, item.sk))
}

/// Sort key prefix of the lists of what an import created and retired.
pub(super) fn import_lists(version: u64) -> String {
    format!("{}#LIST#", kept_by(version))
}

/// Key of a list of what an import created or retired.
#[must_use]
pub fn import_list(course: &CourseId, version: u64, digest: &str) -> Key {
    Key::new(course_partition(course), format!("{}{digest}", import_lists(version)))
}

/// Key of a midterm.
#[must_use]
pub fn midterm(id: UserId, midterm: MidtermId) -> Key {
    Key::new(user(id), format!("{MIDTERMS}{}", midterm.0))
}

/// Key of the sitting of a midterm.
#[must_use]
pub fn sitting(id: UserId, midterm: MidtermId) -> Key {
    Key::new(user(id), format!("SITTING#{}", midterm.0))
}

/// Key of an idempotency record.
#[must_use]
pub fn record(id: UserId, key: &IdempotencyKey) -> Key {
    Key::new(user(id), format!("IDEMPOTENCY#{}", key.as_str()))
}

/// Key of the record of an operator's change.
#[must_use]
pub fn adjustment(id: UserId, key: &IdempotencyKey) -> Key {
    Key::new(user(id), format!("ADJUSTMENT#{}", key.as_str()))
}

/// Key of a voucher.
#[must_use]
pub fn voucher(id: &VoucherId) -> Key {
    Key::new(VOUCHERS, id.as_str())
}

/// Key of what a user got for a voucher.
#[must_use]
pub fn redemption(id: UserId, voucher: &VoucherId) -> Key {
    Key::new(user(id), format!("{REDEMPTIONS}{}", voucher.as_str()))
}

/// Key of a user's report of a question.
#[must_use]
pub fn report(id: UserId, question: &QuestionId) -> Key {
    Key::new(user(id), format!("REPORT#{question}"))
}

/// Key of a report in the operators' queue.
#[must_use]
pub fn queued_report(report: ReportId) -> Key {
    Key::new(REPORTS, report.0.to_string())
}

/// Key of a part of an item's body.
#[must_use]
pub fn part(item: &Key, digest: &str, number: usize) -> Key {
    Key::new(item.pk.clone(), format!("{}{number:04}", parts(item, digest)))
}

/// Sort key prefix of the parts of an item's body.
pub(super) fn parts(item: &Key, digest: &str) -> String {
    format!("PART#{}#{digest}#", item.sk)
}

/// The public position after an item in its partition. For a session or a challenge it contains only the first half of the
/// hash, followed by a character that sorts after the rest of the hash, which is hex.
pub(super) fn place_after(sk: &str) -> String {
    let hashed = [SESSIONS, CHALLENGES].into_iter().find_map(|prefix| Some((prefix, sk.strip_prefix(prefix)?)));
    hashed.map_or_else(
        || sk.to_owned(),
        |(prefix, hash)| format!("{prefix}{}~", SessionId::of(&TokenHash::stored(hash)).as_str()),
    )
}

/// Whether a text may be a position in a partition: a sort key has 1 to 1,024 bytes.
pub(super) fn is_place(text: &str) -> bool {
    (1..=1_024).contains(&text.len()) && text.bytes().next().is_some_and(|first| first.is_ascii_uppercase())
}

/// Key of an enrolment.
#[must_use]
pub fn enrollment(id: UserId, course: &CourseId) -> Key {
    Key::new(user(id), format!("{ENROLLMENTS}{course}"))
}

/// The course in an enrolment's sort key.
pub(super) fn course_of_enrollment(sk: &str) -> Option<CourseId> {
    sk.strip_prefix(ENROLLMENTS).and_then(|id| CourseId::try_from(id).ok())
}

/// Key of a user's payment data.
#[must_use]
pub fn billing(id: UserId) -> Key {
    Key::new(user(id), "BILLING")
}

/// Key of the item that maps a Stripe customer id to its user.
#[must_use]
pub fn customer(id: &str) -> Key {
    Key::new(format!("CUSTOMER#{id}"), "USER")
}

/// Key of the claim of a Stripe event.
#[must_use]
pub fn event(id: &str) -> Key {
    Key::new(format!("STRIPE#{id}"), "EVENT")
}

/// Key of a rate-limit counter.
#[must_use]
pub fn limit(window: Window, subject: &str) -> Key {
    Key::new(format!("LIMIT#{}#{subject}", window.action.name()), window.starts_at.to_string())
}

/// Key of a user's token for links of mails.
#[must_use]
pub fn link_token(id: UserId, purpose: LinkPurpose) -> Key {
    Key::new(user(id), format!("TOKEN#{}", purpose.as_str()))
}

/// Key of a user's second factor.
#[must_use]
pub fn factor(id: UserId) -> Key {
    Key::new(user(id), "FACTOR#totp")
}

/// Key of a challenge.
#[must_use]
pub fn challenge(id: UserId, hash: &TokenHash) -> Key {
    Key::new(user(id), format!("{CHALLENGES}{}", hash.as_str()))
}

/// A partition of the outbox.
pub(super) fn mail_partition(number: u32) -> String {
    format!("MAIL#{number}")
}

/// The partition of the mails of an owner, a user id or a digest in hex.
fn mail_partition_of(owner: &str) -> String {
    let digit = owner.chars().last().and_then(|last| last.to_digit(16)).unwrap_or(0);
    mail_partition(digit % MAIL_PARTITIONS)
}

/// Key of a mail.
#[must_use]
pub fn mail(slot: &Slot) -> Key {
    let of_user = |user: &UserId, rest: &str| {
        let place = mails_of(*user);
        Key::new(place.pk, format!("{}{rest}", place.sk))
    };
    match slot {
        Slot::Verify(user) => of_user(user, "verify"),
        Slot::ConfirmEmail(user) => of_user(user, "confirm_email"),
        Slot::Contact(id) => Key::new(mail_partition_of(&id.to_string()), format!("contact#{id}")),
        Slot::Deletion(id) => Key::new(mail_partition_of(&id.to_string()), format!("deletion#{id}")),
        Slot::Notice(user, id) => of_user(user, &format!("notice#{id}")),
        Slot::Reset(digest) => Key::new(mail_partition_of(digest), format!("reset#{digest}")),
    }
}

/// Partition and sort key prefix of the mails of a user.
pub(super) fn mails_of(user: UserId) -> Key {
    let user = user.to_string();
    Key::new(mail_partition_of(&user), format!("{user}#"))
}

/// Key of a course.
#[must_use]
pub fn course(id: &CourseId) -> Key {
    Key::new(CATALOG, course_partition(id))
}

/// Key of a part of a course's bank.
#[must_use]
pub fn bank_part(course: &CourseId, digest: &str, number: usize) -> Key {
    Key::new(course_partition(course), format!("{}{number:04}", bank_parts(digest)))
}

/// Sort key prefix of the parts of a bank.
pub(super) fn bank_parts(digest: &str) -> String {
    format!("BANK#{digest}#")
}

/// Key of a published analysis.
#[must_use]
pub fn analysis(course: &CourseId, edition: &str) -> Key {
    Key::new(course_partition(course), format!("ANALYSIS#{edition}"))
}

/// Key of a user's ownership of an analysis edition.
#[must_use]
pub fn owned_analysis(id: UserId, course: &CourseId, edition: &str) -> Key {
    Key::new(user(id), format!("{}{edition}", owned_analyses(course)))
}

/// Sort key prefix of the editions of a course's analysis that a user owns.
pub(super) fn owned_analyses(course: &CourseId) -> String {
    format!("ANALYSIS#{course}#")
}

/// Key of an exam.
#[must_use]
pub fn exam(course: &CourseId, id: &ExamId) -> Key {
    Key::new(course_partition(course), format!("EXAM#{id}"))
}

/// Key of a topic.
#[must_use]
pub fn topic(course: &CourseId, id: &TopicId) -> Key {
    Key::new(course_partition(course), format!("TOPIC#{id}"))
}

/// Key of a pattern.
#[must_use]
pub fn pattern(course: &CourseId, id: &PatternId) -> Key {
    Key::new(course_partition(course), format!("PATTERN#{id}"))
}

/// Key of a question.
#[must_use]
pub fn question(id: &QuestionId) -> Key {
    Key::new(question_partition(id), QUESTION)
}

/// Whether the key is a question's own, not that of one of its options.
pub(super) fn is_question(key: &Key) -> bool {
    key.sk == QUESTION
}

/// Key of a question's option.
#[must_use]
pub fn option(id: &QuestionId, letter: &str) -> Key {
    Key::new(question_partition(id), format!("{OPTIONS}{letter}"))
}

/// Whether the key is an option's.
pub(super) fn is_option(key: &Key) -> bool {
    key.sk.starts_with(OPTIONS)
}

/// Key of the question of a partition.
pub(super) fn question_of(partition: &str) -> Key {
    Key::new(partition, QUESTION)
}

/// The kind and the id of an exam, topic or pattern; none for other keys.
pub(super) fn row_of(key: &Key) -> Option<(&'static str, String)> {
    let (kind, id) = key.sk.split_once('#')?;
    let kind = match kind {
        "EXAM" => "Exam",
        "TOPIC" => "Topic",
        "PATTERN" => "Pattern",
        _ => return None,
    };
    Some((kind, id.to_owned()))
}

/// Key of a figure.
#[must_use]
pub fn figure(digest: &FigureDigest) -> Key {
    Key::new(format!("FIGURE#{}", digest.as_str()), "FIGURE")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::{Uuid, uuid};

    use super::*;
    use crate::domain::limits::{LimitedAction, Limits};

    const USER: UserId = UserId(uuid!("00112233-4455-6677-8899-aabbccddeeff"));

    fn id<T: for<'a> TryFrom<&'a str, Error: std::fmt::Debug>>(text: &str) -> T {
        T::try_from(text).unwrap()
    }

    fn both(key: &Key) -> (&str, &str) {
        (&key.pk, &key.sk)
    }

    #[test]
    fn the_keys_are_exactly_these() {
        let user = "USER#00112233-4455-6677-8899-aabbccddeeff";
        let (course_id, question_id): (CourseId, QuestionId) = (id("calc2"), id("q7"));
        let email = Email::try_from(" Ada@Example.org".to_owned()).unwrap();
        let token = crate::domain::account::token::SessionToken::new(USER, [0; 32]);
        let zero_hash = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        let entry_id = EntryId(Uuid::from_u128(1));

        assert_eq!(both(&profile(USER)), (user, "PROFILE"));
        assert_eq!(both(&credential(&email)), ("EMAIL#ada@example.org", "CREDENTIAL"));
        assert_eq!(both(&session(USER, &token.hash())), (user, format!("SESSION#{zero_hash}").as_str()));
        let closed = ClosedLedgerId(Uuid::from_u128(9));
        let closed_pk = "CLOSED#00000000-0000-0000-0000-000000000009";
        assert_eq!(both(&closed_ledger(closed)), (closed_pk, "LEDGER"));
        assert_eq!(both(&link_token(USER, LinkPurpose::Reset)), (user, "TOKEN#reset"));
        let verify = ("MAIL#3", "00112233-4455-6677-8899-aabbccddeeff#verify");
        assert_eq!(both(&mail(&Slot::Verify(USER))), verify);
        let confirm = ("MAIL#3", "00112233-4455-6677-8899-aabbccddeeff#confirm_email");
        assert_eq!(both(&mail(&Slot::ConfirmEmail(USER))), confirm);
        assert_eq!(both(&mail(&Slot::Reset("0a1b".to_owned()))), ("MAIL#3", "reset#0a1b"));
        assert_eq!(both(&factor(USER)), (user, "FACTOR#totp"));
        let challenge_sk = format!("CHALLENGE#{zero_hash}");
        assert_eq!(both(&challenge(USER, &token.hash())), (user, challenge_sk.as_str()));
        assert!(!place_after(&challenge_sk).contains(zero_hash) && place_after(&challenge_sk) > challenge_sk);
        assert_eq!(both(&closed_entry(closed, entry_id)), (closed_pk, "CREDIT#00000000-0000-0000-0000-000000000001"));
        assert_eq!(both(&entry(USER, entry_id)), (user, "CREDIT#00000000-0000-0000-0000-000000000001"));
        assert_eq!(both(&progress(USER, &course_id, &question_id)), (user, "PROGRESS#calc2#q7"));
        let delivery_id = DeliveryId(Uuid::from_u128(6));
        let of_course = (user, "PROGRESS#calc2##00000000-0000-0000-0000-000000000006");
        assert_eq!(both(&delivery(USER, &course_id, delivery_id)), of_course);
        let attempt_id = AttemptId(Uuid::from_u128(2));
        assert_eq!(both(&attempt(USER, attempt_id)), (user, "ATTEMPT#00000000-0000-0000-0000-000000000002"));
        assert_eq!(both(&mastery(USER, &course_id)), (user, "MASTERY#calc2"));
        assert_eq!(both(&calibration(&course_id, 7)), ("COURSE#calc2", "CALIBRATION#0000000007"));
        let midterm_id = MidtermId(Uuid::from_u128(3));
        assert_eq!(both(&midterm(USER, midterm_id)), (user, "MIDTERM#00000000-0000-0000-0000-000000000003"));
        assert_eq!(both(&sitting(USER, midterm_id)), (user, "SITTING#00000000-0000-0000-0000-000000000003"));
        let key = IdempotencyKey::try_from("a#b c").unwrap();
        assert_eq!(both(&record(USER, &key)), (user, "IDEMPOTENCY#a#b c"));
        assert_eq!(both(&adjustment(USER, &key)), (user, "ADJUSTMENT#a#b c"));
        assert_eq!(both(&report(USER, &question_id)), (user, "REPORT#q7"));
        let voucher_id = crate::domain::vouchers::VoucherCode::typed("abc").id();
        let digest = "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78";
        assert_eq!(both(&voucher(&voucher_id)), ("VOUCHERS", digest));
        assert_eq!(both(&redemption(USER, &voucher_id)), (user, format!("REDEMPTION#{digest}").as_str()));
        let queued = ("REPORTS", "00000000-0000-0000-0000-000000000004");
        assert_eq!(both(&queued_report(ReportId(Uuid::from_u128(4)))), queued);
        let of_analysis = part(&analysis(&course_id, "0a1b"), "2c3d", 7);
        assert_eq!(both(&of_analysis), ("COURSE#calc2", "PART#ANALYSIS#0a1b#2c3d#0007"));
        assert_eq!(both(&enrollment(USER, &course_id)), (user, "ENROLLMENT#calc2"));
        let window = Limits::default().window(LimitedAction::Spend, Timestamp::from_second(125).unwrap());
        assert_eq!(both(&limit(window, "203.0.113.7")), ("LIMIT#spend#203.0.113.7", "120"));
        assert_eq!(both(&course(&course_id)), ("CATALOG", "COURSE#calc2"));
        assert_eq!(both(&analysis(&course_id, "0a1b")), ("COURSE#calc2", "ANALYSIS#0a1b"));
        assert_eq!(both(&owned_analysis(USER, &course_id, "0a1b")), (user, "ANALYSIS#calc2#0a1b"));
        assert_eq!(both(&exam(&course_id, &id("e1"))), ("COURSE#calc2", "EXAM#e1"));
        assert_eq!(both(&topic(&course_id, &id("t1"))), ("COURSE#calc2", "TOPIC#t1"));
        assert_eq!(both(&pattern(&course_id, &id("p1"))), ("COURSE#calc2", "PATTERN#p1"));
        assert_eq!(both(&question(&question_id)), ("QUESTION#q7", "QUESTION"));
        assert_eq!(both(&option(&question_id, "B")), ("QUESTION#q7", "OPTION#B"));
        assert_eq!(both(&bank_part(&course_id, "0a1b", 12)), ("COURSE#calc2", "BANK#0a1b#0012"));
    }

    #[test]
    fn an_enrolment_names_its_course() {
        let course: CourseId = id("calc2");
        assert_eq!(course_of_enrollment(&enrollment(USER, &course).sk), Some(course));
        assert_eq!(course_of_enrollment("PROFILE"), None);
    }

    #[test]
    fn a_position_reveals_no_hash_and_sorts_after_its_item() {
        let hash = crate::domain::account::token::SessionToken::new(USER, [0; 32]).hash();
        let sk = session(USER, &hash).sk;
        let place = place_after(&sk);
        assert!(place > sk && !place.contains(hash.as_str()), "{place}");
        assert_eq!(place_after("PROFILE"), "PROFILE");
        assert!(is_place(&place) && is_place("A") && !is_place("") && !is_place(&"A".repeat(1_025)) && !is_place("é"));
    }

    #[test]
    fn a_session_is_found_by_its_id_and_names_its_hash() {
        let hash = crate::domain::account::token::SessionToken::new(USER, [0; 32]).hash();
        let key = session(USER, &hash);
        assert!(key.sk.starts_with(&sessions_of_id(&SessionId::of(&hash))));
        assert_eq!(hash_of_session(&key.sk), Some(hash));
        assert_eq!(hash_of_session("PROFILE"), None);
    }
}
