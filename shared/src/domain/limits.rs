//! How often somebody may ask: every policy of the API. Windows are fixed and begin at whole multiples of their length,
//! so that all processes count in the same one without talking to each other.
//!
//! A window lets its quota through to the request. Around the end of one, up to twice the quota may pass in a short
//! time: that is the price of one counter and one write a request.

use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Seconds of a minute.
const MINUTE_SECONDS: u32 = 60;
/// Seconds of an hour.
const HOUR_SECONDS: u32 = 3_600;
/// How long a counter is kept after its window, for clocks that are behind.
const KEPT_SECONDS: i64 = 300;
/// Bytes of an email's digest: enough that two never share a counter.
const DIGEST_BYTES: usize = 16;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitedAction {
    /// A read that needs no session: what a landing page asks for.
    OpenRead,
    /// A request whose token belongs to nobody, or whose session is over.
    Anonymous,
    /// Any request of a user.
    SignedIn,
    /// A login that fails, by where it comes from; one that succeeds is given back.
    LoginAddress,
    /// A login, by whom it names.
    LoginEmail,
    /// A registration, by where it comes from.
    RegisterAddress,
    /// A registration, by whom it names.
    RegisterEmail,
    /// A signed-in user's password, typed again.
    Password,
    /// A page of everything that is stored of a user.
    Export,
    /// An analysis that is bought. Reading it again is not.
    Analysis,
    /// What costs credits.
    Spend,
}

/// How far a request went of those that check or set a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// No key derivation began: no password was compared with anything.
    #[default]
    Nothing,
    /// A key derivation began.
    Derived,
    /// The password was right.
    Right,
}

/// Whose requests one counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedBy {
    /// The client's network address.
    Address,
    /// The signed-in user.
    User,
    /// The email that the request names.
    Email,
}

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Requests of a window.
    pub quota: u32,
    /// Its length.
    pub window_seconds: u32,
}

impl LimitedAction {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::OpenRead,
        Self::Anonymous,
        Self::SignedIn,
        Self::LoginAddress,
        Self::LoginEmail,
        Self::RegisterAddress,
        Self::RegisterEmail,
        Self::Password,
        Self::Export,
        Self::Analysis,
        Self::Spend,
    ];

    /// Its policy.
    #[must_use]
    pub const fn policy(self) -> Policy {
        let (quota, window_seconds) = match self {
            // A landing page makes four such calls: 1,000 visitors behind one address fit.
            Self::OpenRead => (5_000, MINUTE_SECONDS),
            Self::Anonymous => (1_000, MINUTE_SECONDS),
            // Wrong passwords from one address, whichever accounts they are for: some 43,000 a day. A class of 200 may
            // sign in at the same moment, and the logins that are under way count as failures until they succeed.
            Self::LoginAddress => (300, 10 * MINUTE_SECONDS),
            // A class of 200, and its typing errors.
            Self::RegisterAddress => (500, 10 * MINUTE_SECONDS),
            Self::SignedIn => (100, MINUTE_SECONDS),
            // 1,440 guesses a day at most, and who is locked out by somebody else waits ten minutes.
            Self::LoginEmail | Self::RegisterEmail | Self::Password => (10, 10 * MINUTE_SECONDS),
            Self::Analysis => (5, HOUR_SECONDS),
            // Each is a page of up to 4 MiB: an account of 100,000 attempts has some fifteen.
            Self::Export => (60, HOUR_SECONDS),
            Self::Spend => (20, MINUTE_SECONDS),
        };
        Policy { quota, window_seconds }
    }

    /// Whether every request of its routes counts. Else its handler counts those that the limit is for.
    #[must_use]
    pub const fn is_for_every_request(self) -> bool {
        !matches!(self, Self::Analysis)
    }

    /// Whether a request that ended after `progress` stays counted. What is given back was not of the kind that the
    /// limit is for: a login by address counts wrong passwords, the other limits of passwords count key derivations.
    #[must_use]
    pub fn is_kept(self, progress: Progress) -> bool {
        match self {
            Self::LoginAddress => progress == Progress::Derived,
            Self::LoginEmail | Self::RegisterAddress | Self::RegisterEmail | Self::Password => {
                progress != Progress::Nothing
            }
            Self::OpenRead | Self::Anonymous | Self::SignedIn | Self::Export | Self::Analysis | Self::Spend => true,
        }
    }

    /// Whose requests are counted together.
    #[must_use]
    pub const fn counted_by(self) -> CountedBy {
        match self {
            Self::OpenRead | Self::Anonymous | Self::LoginAddress | Self::RegisterAddress => CountedBy::Address,
            Self::LoginEmail | Self::RegisterEmail => CountedBy::Email,
            Self::SignedIn | Self::Password | Self::Export | Self::Analysis | Self::Spend => CountedBy::User,
        }
    }

    /// Its name, in keys and headers.
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
            Self::Password => "password",
            Self::Export => "export",
            Self::Analysis => "analysis",
            Self::Spend => "spend",
        }
    }
}

/// The policies that an app applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    times: u32,
    at_most: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { times: 1, at_most: u32::MAX }
    }
}

impl Limits {
    /// Every quota multiplied: for tests of something else, whose clock stands.
    #[must_use]
    pub const fn times(times: u32) -> Self {
        Self { times, at_most: u32::MAX }
    }

    /// No quota above this: for tests that use one up.
    #[must_use]
    pub const fn at_most(quota: u32) -> Self {
        Self { times: 1, at_most: quota }
    }

    /// The window of `action` that `now` is in.
    #[must_use]
    pub fn window(self, action: LimitedAction, now: Timestamp) -> Window {
        let policy = action.policy();
        let policy = Policy { quota: policy.quota.saturating_mul(self.times).min(self.at_most), ..policy };
        let length = i64::from(policy.window_seconds);
        Window { action, policy, starts_at: now.as_second().div_euclid(length) * length }
    }
}

/// A window of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What is counted.
    pub action: LimitedAction,
    /// How many there may be.
    pub policy: Policy,
    /// When it began, in epoch seconds.
    pub starts_at: i64,
}

impl Window {
    /// When its counter may be deleted, in epoch seconds.
    #[must_use]
    pub fn expires_at(self) -> i64 {
        self.starts_at + i64::from(self.policy.window_seconds) + KEPT_SECONDS
    }

    /// Where somebody stands after their request number `count` of the window.
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

/// Where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// With what.
    pub action: LimitedAction,
    /// How many there may be.
    pub policy: Policy,
    /// How many are left.
    pub remaining: u32,
    /// When the next window begins.
    pub resets_in_seconds: u32,
    /// This request is one too many.
    pub is_over: bool,
}

/// What a client's address is counted as. Who has an IPv6 network has all of its addresses: the first 64 bits count.
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

/// What an email is counted as, whether somebody has it or not. Counters are not the place to keep addresses in.
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
    fn a_class_behind_one_address_fits() {
        let per_ten_minutes = |action: LimitedAction| {
            let Policy { quota, window_seconds } = action.policy();
            quota * (600 / window_seconds)
        };
        // Four calls of each visitor's landing page, a thousand visitors a minute.
        assert!(per_ten_minutes(LimitedAction::OpenRead) >= 10 * 4 * 1_000);
        // Two hundred registrations and failed logins, and as many typing errors as registrations.
        assert!(per_ten_minutes(LimitedAction::RegisterAddress) >= 2 * 200);
        assert!(per_ten_minutes(LimitedAction::LoginAddress) >= 200);
        // Guesses at many accounts from one address stop all the same.
        assert!(per_ten_minutes(LimitedAction::LoginAddress) <= 500);
    }

    #[test]
    fn windows_begin_at_whole_multiples_and_say_when_they_end() {
        let window = |now: i64| Limits::default().window(LimitedAction::SignedIn, at(now));
        assert_eq!((window(120).starts_at, window(179).starts_at, window(180).starts_at), (120, 120, 180));
        assert_eq!(window(120).standing(1, at(120)).resets_in_seconds, 60);
        assert_eq!(window(120).standing(1, at(179)).resets_in_seconds, 1);
        // The window was chosen a moment before it ended.
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
