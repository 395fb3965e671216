//! Rate limits: the policy of every action. Windows are fixed and start at whole multiples of their length, so that all
//! processes use the same window without communicating.
//!
//! Each window admits its quota. Around the end of a window, up to twice the quota may pass in a short time. This is
//! the price of using one counter per window.
//!
//! Most counters are written by every request. A *sampled* one ([`LimitedAction::is_sampled`]) is read by every request
//! and written by one in [`Window::sample`], which adds as many as it stands for. `docs/limits.md` says what this means
//! for a quota. Spends ([`LimitedAction::Spend`]) have no counter: the profile counts them
//! ([`SpendCount`](super::account::spend_count::SpendCount)).

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

const MINUTE_SECONDS: u32 = 60;
const HOUR_SECONDS: u32 = 3_600;
/// How long a counter is kept after its window, to allow for clocks that are behind.
const KEPT_SECONDS: i64 = 300;
/// Bytes of an email's digest: enough to make collisions impossible in practice.
const DIGEST_BYTES: usize = 16;
/// Requests that one write of a sampled counter stands for, at most. A quota is at least ten such writes.
const SAMPLE_MAX: u32 = 10;

/// An action with a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitedAction {
    /// A read without a session, such as the requests of a landing page.
    OpenRead,
    /// A request with an unknown token or an expired session.
    Anonymous,
    /// Any request of a signed-in user.
    SignedIn,
    /// A failed login, per IP address. A login counts until it succeeds.
    LoginAddress,
    /// A login, per email.
    LoginEmail,
    /// A registration, per IP address.
    RegisterAddress,
    /// A registration, per email.
    RegisterEmail,
    /// A request for a new password, per IP address.
    ResetAddress,
    /// A request for a new password, per email.
    ResetEmail,
    /// A request with the token of a link in a mail, or with the challenge of a login, per IP address.
    LinkAddress,
    /// A message to the operators, per IP address.
    Contact,
    /// A request for another mail of verification, per user.
    Resend,
    /// A request for another address of an account, per user.
    EmailChange,
    /// A request for another address, per address that is asked for.
    EmailChangeAddress,
    /// A code of a second factor that is wrong, per user. A code counts until it turns out right.
    FactorCode,
    /// A password check of a signed-in user.
    Password,
    /// One page of an account export.
    Export,
    /// An analysis that is bought. Reading it again does not count.
    Analysis,
    /// A purchase for credits. The profile counts it.
    Spend,
    /// A request that calls Stripe for a user.
    Payment,
    /// A report of a faulty question.
    Report,
    /// A request to redeem a voucher.
    Redeem,
}

/// Progress of a request that checks or sets a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordCheckProgress {
    /// No key derivation began: no password was compared with anything.
    #[default]
    Nothing,
    /// A key derivation began.
    Derived,
    /// The password was right.
    Right,
}

/// Subject of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedBy {
    /// Per client IP address.
    Address,
    /// Per signed-in user.
    User,
    /// Per email named in the request.
    Email,
}

/// A quota per time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Requests per window.
    pub quota: u32,
    pub window_seconds: u32,
}

impl LimitedAction {
    /// All actions.
    pub const ALL: [Self; 22] = [
        Self::OpenRead,
        Self::Anonymous,
        Self::SignedIn,
        Self::LoginAddress,
        Self::LoginEmail,
        Self::RegisterAddress,
        Self::RegisterEmail,
        Self::ResetAddress,
        Self::ResetEmail,
        Self::LinkAddress,
        Self::Contact,
        Self::Resend,
        Self::EmailChange,
        Self::EmailChangeAddress,
        Self::FactorCode,
        Self::Password,
        Self::Export,
        Self::Analysis,
        Self::Spend,
        Self::Payment,
        Self::Report,
        Self::Redeem,
    ];

    /// Quota and window of the action, if nothing else is configured.
    #[must_use]
    pub const fn policy(self) -> Policy {
        let (quota, window_seconds) = match self {
            // A landing page makes four such requests: this allows more than 1,000 visitors behind one address.
            Self::OpenRead => (5_000, MINUTE_SECONDS),
            Self::Anonymous => (1_000, MINUTE_SECONDS),
            // Limits password guesses from one address, over all accounts, to about 43,000 per day. A class of 200 may
            // sign in at the same moment: logins in progress count as failures until they succeed.
            // Requests about mail have the same room: a class may come back after the holidays.
            Self::LoginAddress | Self::ResetAddress | Self::LinkAddress => (300, 10 * MINUTE_SECONDS),
            // Allows a class of 200, including their typing errors.
            Self::RegisterAddress => (500, 10 * MINUTE_SECONDS),
            Self::SignedIn => (100, MINUTE_SECONDS),
            // At most 1,440 guesses per day. A user who is locked out by somebody else waits at most ten minutes.
            Self::LoginEmail | Self::RegisterEmail | Self::Password => (10, 10 * MINUTE_SECONDS),
            Self::Analysis | Self::ResetEmail | Self::Resend | Self::EmailChangeAddress => (5, HOUR_SECONDS),
            Self::EmailChange => (3, HOUR_SECONDS),
            // Whoever knows the password has 240 guesses a day, each right with a chance of three in a million.
            // For vouchers: typing errors of a user. Guessing a random code at this rate is hopeless; an operator's own code has
            // few uses.
            Self::FactorCode | Self::Redeem => (10, HOUR_SECONDS),
            // Each page has up to 4 MiB. An account with 100,000 attempts has about 15 pages.
            Self::Export => (60, HOUR_SECONDS),
            Self::Spend | Self::Payment => (20, MINUTE_SECONDS),
            // A class behind one address has few messages at once, and a mailbox is soon full.
            Self::Contact | Self::Report => (20, HOUR_SECONDS),
        };
        Policy { quota, window_seconds }
    }

    /// Whether every request of its routes counts. Otherwise the handler counts the limited ones.
    #[must_use]
    pub const fn is_for_every_request(self) -> bool {
        !matches!(self, Self::Analysis | Self::EmailChange | Self::EmailChangeAddress | Self::FactorCode | Self::Spend)
    }

    /// Whether a request that ended after `progress` stays counted. Counts of other requests are taken back: a login
    /// per address counts wrong passwords, and the other password limits count key derivations.
    #[must_use]
    pub fn is_kept(self, progress: PasswordCheckProgress) -> bool {
        match self {
            Self::LoginAddress => progress == PasswordCheckProgress::Derived,
            Self::LoginEmail | Self::RegisterAddress | Self::RegisterEmail | Self::Password => {
                progress != PasswordCheckProgress::Nothing
            }
            Self::OpenRead
            | Self::Anonymous
            | Self::SignedIn
            | Self::ResetAddress
            | Self::ResetEmail
            | Self::LinkAddress
            | Self::Contact
            | Self::Resend
            | Self::EmailChange
            | Self::EmailChangeAddress
            | Self::FactorCode
            | Self::Export
            | Self::Analysis
            | Self::Spend
            | Self::Payment
            | Self::Report
            | Self::Redeem => true,
        }
    }

    /// Whether one request in several writes the counter, for itself and the others. Only a read may be sampled, which
    /// costs us little: a write of its counter costs more than all else that it reads.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        matches!(self, Self::SignedIn)
    }

    /// Whose requests are counted together.
    #[must_use]
    pub const fn counted_by(self) -> CountedBy {
        match self {
            Self::OpenRead
            | Self::Anonymous
            | Self::LoginAddress
            | Self::RegisterAddress
            | Self::ResetAddress
            | Self::LinkAddress
            | Self::Contact => CountedBy::Address,
            Self::LoginEmail | Self::RegisterEmail | Self::ResetEmail | Self::EmailChangeAddress => CountedBy::Email,
            Self::SignedIn
            | Self::Resend
            | Self::EmailChange
            | Self::FactorCode
            | Self::Password
            | Self::Export
            | Self::Analysis
            | Self::Spend
            | Self::Payment
            | Self::Report
            | Self::Redeem => CountedBy::User,
        }
    }

    /// Name in keys and headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenRead => "open_read",
            Self::Anonymous => "anonymous",
            Self::SignedIn => "signed_in",
            Self::LoginAddress => "login_address",
            Self::LoginEmail => "login_email",
            Self::RegisterAddress => "register_address",
            Self::RegisterEmail => "register_email",
            Self::ResetAddress => "reset_address",
            Self::ResetEmail => "reset_email",
            Self::LinkAddress => "link_address",
            Self::Contact => "contact",
            Self::Resend => "resend",
            Self::EmailChange => "email_change",
            Self::EmailChangeAddress => "email_change_address",
            Self::FactorCode => "factor_code",
            Self::Password => "password",
            Self::Export => "export",
            Self::Analysis => "analysis",
            Self::Spend => "spend",
            Self::Payment => "payment",
            Self::Report => "report",
            Self::Redeem => "redeem",
        }
    }
}

/// The policies of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The quota of each action, by its place in [`LimitedAction::ALL`].
    quotas: [u32; LimitedAction::ALL.len()],
    times: u32,
    at_most: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::times(1)
    }
}

impl Limits {
    /// Multiplies every quota. For tests of other features, whose clock does not move.
    #[must_use]
    pub const fn times(times: u32) -> Self {
        Self { quotas: usual_quotas(), times, at_most: u32::MAX }
    }

    /// Caps every quota. For tests that exhaust one.
    #[must_use]
    pub const fn at_most(quota: u32) -> Self {
        Self { quotas: usual_quotas(), times: 1, at_most: quota }
    }

    /// The same limits with another quota of one action.
    #[must_use]
    pub fn with(mut self, action: LimitedAction, quota: u32) -> Self {
        if let Some(place) = LimitedAction::ALL.into_iter().position(|other| other == action) {
            self.quotas[place] = quota;
        }
        self
    }

    /// The same limits, with every quota multiplied.
    #[must_use]
    pub const fn multiplied(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The quota of an action.
    #[must_use]
    pub fn quota(self, action: LimitedAction) -> u32 {
        let place = LimitedAction::ALL.into_iter().position(|other| other == action);
        let quota = place.map_or(action.policy().quota, |place| self.quotas[place]);
        quota.saturating_mul(self.times).min(self.at_most)
    }

    /// The window of `action` that contains `now`.
    #[must_use]
    pub fn window(self, action: LimitedAction, now: Timestamp) -> Window {
        let policy = Policy { quota: self.quota(action), ..action.policy() };
        let length = i64::from(policy.window_seconds);
        Window { action, policy, starts_at: now.as_second().div_euclid(length) * length }
    }
}

/// The quotas of all actions, if nothing else is configured.
const fn usual_quotas() -> [u32; LimitedAction::ALL.len()] {
    let mut quotas = [0; LimitedAction::ALL.len()];
    let mut place = 0;
    while place < quotas.len() {
        quotas[place] = LimitedAction::ALL[place].policy().quota;
        place += 1;
    }
    quotas
}

/// Selects the requests of a process that write a sampled counter: one in so many, whoever sends them.
#[derive(Debug, Default)]
pub struct Sampler(AtomicU32);

impl Sampler {
    /// Begins at a random request. Otherwise processes that live for a few requests would never write.
    #[must_use]
    pub const fn starting_at(request: u32) -> Self {
        Self(AtomicU32::new(request))
    }

    /// Whether this request is the one in `sample` that writes.
    #[must_use]
    pub fn selects(&self, sample: u32) -> bool {
        // Requests that are all written do not move the others.
        sample <= 1 || self.0.fetch_add(1, Ordering::Relaxed) % sample == sample - 1
    }
}

/// A time window of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub action: LimitedAction,
    /// Quota and length of the window.
    pub policy: Policy,
    /// Start, in epoch seconds.
    pub starts_at: i64,
}

impl Window {
    /// When the counter may be deleted, in epoch seconds.
    #[must_use]
    pub fn expires_at(self) -> i64 {
        self.starts_at + i64::from(self.policy.window_seconds) + KEPT_SECONDS
    }

    /// How many requests a write of this sampled counter stands for, after `count` requests. In the second half of the
    /// quota every request is written, so that the limit applies at the same request in all processes.
    #[must_use]
    pub fn sample(self, count: u64) -> u32 {
        let quota = self.policy.quota;
        if count < u64::from(quota / 2) { (quota / SAMPLE_MAX).clamp(1, SAMPLE_MAX) } else { 1 }
    }

    /// The state of the limit after request number `count` in the window.
    #[must_use]
    pub fn standing(self, count: u64, now: Timestamp) -> Standing {
        let ends_at = self.starts_at + i64::from(self.policy.window_seconds);
        let left = u32::try_from(ends_at - now.as_second()).unwrap_or(1).clamp(1, self.policy.window_seconds);
        let remaining = u64::from(self.policy.quota).checked_sub(count);
        Standing {
            action: self.action,
            policy: self.policy,
            remaining: remaining.map_or(0, |left| u32::try_from(left).unwrap_or(u32::MAX)),
            resets_in_seconds: left,
            is_over: remaining.is_none(),
        }
    }
}

/// The state of a rate limit for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub action: LimitedAction,
    /// Quota and length of the window.
    pub policy: Policy,
    /// Requests left in the window.
    pub remaining: u32,
    /// Seconds until the next window.
    pub resets_in_seconds: u32,
    /// Whether this request exceeds the quota.
    pub is_over: bool,
}

/// Counter subject of a client address. An IPv6 client usually has a whole network, so only the first 64 bits count.
#[must_use]
pub fn address_subject(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

/// Counter subject of an email, whether or not it has an account. It is a digest, so that counters store no addresses.
#[must_use]
pub fn email_subject(typed: &str) -> String {
    hex::encode(&Sha256::digest(typed.trim().to_lowercase())[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_quota_passes_and_the_next_request_does_not() {
        for action in LimitedAction::ALL {
            let window = Limits::default().window(action, at(1_000_000));
            let quota = u64::from(action.policy().quota);
            let last = window.standing(quota, at(1_000_000));
            assert_eq!((last.is_over, last.remaining), (false, 0), "{action:?}");
            assert_eq!(window.standing(1, at(1_000_000)).remaining, action.policy().quota - 1);
            assert!(window.standing(quota + 1, at(1_000_000)).is_over, "{action:?}");
        }
    }

    #[test]
    fn only_the_first_half_of_a_quota_is_sampled() {
        let sample = |quota: u32, count: u64| {
            Limits::at_most(quota).window(LimitedAction::SignedIn, at(1_000_000)).sample(count)
        };
        assert_eq!([0, 49, 50, 99, 100].map(|count| sample(100, count)), [10, 10, 1, 1, 1]);
        // A small quota is exact, and a large one is not sampled more coarsely.
        assert_eq!([12, 19, 20, 84].map(|quota| sample(quota, 0)), [1, 1, 2, 8]);
        let window = Limits::times(50).window(LimitedAction::SignedIn, at(1_000_000));
        assert_eq!((window.sample(0), window.sample(2_499), window.sample(2_500)), (10, 10, 1));
    }

    #[test]
    fn one_request_in_so_many_is_selected_wherever_a_process_begins() {
        for begin in [0, 7, u32::MAX - 3] {
            let sampler = Sampler::starting_at(begin);
            // The number of a request starts again at 2^32, which is no multiple of ten.
            let selected = (0..1_000).filter(|_| sampler.selects(10)).count();
            assert!((99..=101).contains(&selected), "{begin}: {selected}");
            assert!((0..5).all(|_| sampler.selects(1)), "{begin}");
        }
    }

    #[test]
    fn a_class_behind_one_address_fits() {
        let per_ten_minutes = |action: LimitedAction| {
            let Policy { quota, window_seconds } = action.policy();
            quota * (600 / window_seconds)
        };
        // Four requests per landing page, 1,000 visitors per minute.
        assert!(per_ten_minutes(LimitedAction::OpenRead) >= 10 * 4 * 1_000);
        // 200 registrations, and as many typing errors.
        assert!(per_ten_minutes(LimitedAction::RegisterAddress) >= 2 * 200);
        assert!(per_ten_minutes(LimitedAction::LoginAddress) >= 200);
        // Guesses at many accounts from one address are still limited.
        assert!(per_ten_minutes(LimitedAction::LoginAddress) <= 500);
    }

    #[test]
    fn windows_begin_at_whole_multiples_and_say_when_they_end() {
        let window = |now: i64| Limits::default().window(LimitedAction::SignedIn, at(now));
        assert_eq!((window(120).starts_at, window(179).starts_at, window(180).starts_at), (120, 120, 180));
        assert_eq!(window(120).standing(1, at(120)).resets_in_seconds, 60);
        assert_eq!(window(120).standing(1, at(179)).resets_in_seconds, 1);
        // The window was chosen just before it ended.
        assert_eq!(window(120).standing(1, at(181)).resets_in_seconds, 1);
        assert!(window(120).expires_at() > 180);
    }

    #[test]
    fn an_address_is_counted_however_it_is_written() {
        let subject = |text: &str| address_subject(text.parse().unwrap());
        assert_eq!(subject("203.0.113.7"), "203.0.113.7");
        assert_eq!(subject("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(subject("2001:db8:1:2:3:4:5:6"), subject("2001:db8:1:2:ffff::1"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
    }

    #[test]
    fn an_email_is_counted_by_its_digest() {
        assert_eq!(email_subject(" Ada@Example.org "), email_subject("ada@example.org"));
        assert!(!email_subject("ada@example.org").contains("ada"));
    }

    #[test]
    fn names_are_unlike() {
        let names: std::collections::HashSet<_> = LimitedAction::ALL.map(LimitedAction::name).into();
        assert_eq!(names.len(), LimitedAction::ALL.len());
    }
}
