//! Vouchers: codes that operators hand out and users redeem for credits, each user once.
//!
//! Only a digest of a code is stored. Read access to the table is not enough to redeem a code.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::credits::Credits;
use crate::domain::schema::{has_schema, text};

/// Signs of a random code: digits and capital letters without 0, 1, I, L, O and U, which are confused or spell words.
const SIGNS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Signs in a random code: 58 bits.
const RANDOM_SIGNS: usize = 12;
/// Signs between two hyphens of a random code.
const GROUP_SIGNS: usize = 4;
/// Length of an operator's own code, without spaces and hyphens.
const OWN_SIGNS: std::ops::RangeInclusive<usize> = 6..=32;
/// Longest code that a request may send, in characters.
const TYPED_CHARS_MAX: usize = 100;
/// Characters of a note.
const NOTE_CHARS_MAX: usize = 200;
/// Most credits of a voucher.
pub const CREDITS_MAX: Credits = 1_000;
/// Most uses of a voucher.
pub const USES_MAX: u32 = 100_000;
/// Hex digits of an id that are shown, and that identify a voucher in commands.
pub const SHOWN_ID_DIGITS: usize = 12;

/// A code in its normal form: capital letters and digits, without spaces and hyphens.
#[derive(Clone, PartialEq, Eq)]
pub struct VoucherCode(String);

/// A code as a client sends it: 1 to 100 characters.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct TypedVoucherCode(VoucherCode);

has_schema!(TypedVoucherCode, text(1, TYPED_CHARS_MAX).examples(["K7QP-3MXA-9RTD"]));

/// Identifies a voucher: SHA-256 of its code, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoucherId(String);

/// A note for operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoucherNote(String);

/// A voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    pub id: VoucherId,
    /// Credits for each user who redeems it.
    pub credits: Credits,
    /// How many users may redeem it.
    pub uses_max: u32,
    /// How many users have redeemed it.
    pub uses: u32,
    /// From when on it cannot be redeemed, in epoch seconds.
    pub ends_at: i64,
    #[serde(default)]
    pub note: Option<VoucherNote>,
    pub created_at: Timestamp,
    /// When an operator stopped it.
    #[serde(default)]
    pub stopped_at: Option<Timestamp>,
}

/// Whether a voucher can be redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherState {
    Open,
    UsedUp,
    Expired,
    Stopped,
}

/// What a user got for a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    pub voucher_id: VoucherId,
    pub credits_granted: Credits,
    /// Balance afterwards.
    pub credits: Credits,
    /// Position of the ledger entry.
    pub position: u64,
    pub redeemed_at: Timestamp,
}

impl VoucherCode {
    /// A code from random bytes. Taking the remainder shifts the probabilities by less than 2⁻⁶⁰.
    #[must_use]
    pub fn random(bytes: [u8; 16]) -> Self {
        let mut rest = u128::from_le_bytes(bytes);
        let base = SIGNS.len() as u128;
        let sign = |_| {
            let place = usize::try_from(rest % base).unwrap_or(0);
            rest /= base;
            char::from(SIGNS[place])
        };
        Self((0..RANDOM_SIGNS).map(sign).collect())
    }

    /// An operator's own code.
    ///
    /// # Errors
    /// When it has other characters than letters, digits, spaces and hyphens, or the wrong length.
    pub fn own(text: &str) -> Result<Self, &'static str> {
        let is_known = |c: char| c.is_ascii_alphanumeric() || c == ' ' || c == '-';
        let code = Self::typed(text);
        if text.chars().all(is_known) && OWN_SIGNS.contains(&code.0.len()) {
            Ok(code)
        } else {
            Err("must be 6 to 32 letters and digits; spaces and hyphens do not count")
        }
    }

    /// A code as somebody typed it. It need not be the code of a voucher.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let counts = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
        Self(text.chars().filter(counts).flat_map(char::to_uppercase).collect())
    }

    /// The code for people: a random code in groups of four.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.0.len() != RANDOM_SIGNS || !self.0.bytes().all(|sign| SIGNS.contains(&sign)) {
            return self.0.clone();
        }
        let signs: Vec<char> = self.0.chars().collect();
        signs.chunks(GROUP_SIGNS).map(String::from_iter).collect::<Vec<_>>().join("-")
    }

    /// The id of the voucher with this code.
    #[must_use]
    pub fn id(&self) -> VoucherId {
        VoucherId(hex::encode(Sha256::digest(&self.0)))
    }
}

impl TryFrom<String> for TypedVoucherCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (1..=TYPED_CHARS_MAX).contains(&text.chars().count()) {
            Ok(Self(VoucherCode::typed(&text)))
        } else {
            Err("must be 1 to 100 characters long")
        }
    }
}

impl TypedVoucherCode {
    /// The id of the voucher with this code.
    #[must_use]
    pub fn id(&self) -> VoucherId {
        self.0.id()
    }
}

impl VoucherId {
    /// The id in hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of the id that operators see and type.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.0.get(..SHOWN_ID_DIGITS).unwrap_or(&self.0)
    }
}

impl TryFrom<&str> for VoucherNote {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let text = text.trim();
        let fits = (1..=NOTE_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err("must be 1 to 200 characters, without control characters") }
    }
}

impl VoucherNote {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Voucher {
    /// The state at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> VoucherState {
        if self.stopped_at.is_some() {
            VoucherState::Stopped
        } else if self.uses >= self.uses_max {
            VoucherState::UsedUp
        } else if now.as_second() >= self.ends_at {
            VoucherState::Expired
        } else {
            VoucherState::Open
        }
    }
}

impl VoucherState {
    /// The state for operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::UsedUp => "used up",
            Self::Expired => "expired",
            Self::Stopped => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_random_code_has_more_than_50_bits_and_reads_back_as_people_type_it() {
        assert!((SIGNS.len() as u128).pow(12) > 1 << 58);
        assert_eq!(SIGNS.iter().collect::<HashSet<_>>().len(), SIGNS.len());
        for number in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            let code = VoucherCode::random(number.to_le_bytes());
            let shown = code.shown();
            assert_eq!(shown.len(), 14, "{shown}");
            for typed in [shown.to_lowercase(), shown.replace('-', " "), format!(" {}\n", shown.replace('-', "–"))] {
                assert!(VoucherCode::typed(&typed) == code, "{typed}");
            }
        }
        let codes: HashSet<String> =
            (0..1_000_u128).map(|n| VoucherCode::random((n << 3).to_le_bytes()).shown()).collect();
        assert_eq!(codes.len(), 1_000);
    }

    #[test]
    fn an_own_code_is_letters_and_digits_of_a_bounded_length() {
        for (text, shown) in [("spring 2026", "SPRING2026"), ("Linear-Algebra", "LINEARALGEBRA"), ("abcdef", "ABCDEF")]
        {
            assert_eq!(VoucherCode::own(text).ok().map(|code| code.shown()).as_deref(), Some(shown), "{text}");
        }
        for bad in ["", "abcde", "ab-cd e", "größer", "a/b/c/d/e/f", "abc\ndef", &"a".repeat(33)] {
            assert!(VoucherCode::own(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_typed_code_is_bounded() {
        assert!(
            TypedVoucherCode::try_from(String::new()).is_err() && TypedVoucherCode::try_from("é".repeat(101)).is_err()
        );
        assert!(TypedVoucherCode::try_from("é".repeat(100)).is_ok());
    }

    #[test]
    fn a_stopped_used_up_or_expired_voucher_is_not_open() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let open = Voucher {
            id: VoucherCode::typed("abcdef").id(),
            credits: 5,
            uses_max: 2,
            uses: 1,
            ends_at: 100,
            note: None,
            created_at: at(0),
            stopped_at: None,
        };
        assert_eq!((open.state(at(99)), open.state(at(100))), (VoucherState::Open, VoucherState::Expired));
        assert_eq!(Voucher { uses: 2, ..open.clone() }.state(at(0)), VoucherState::UsedUp);
        assert_eq!(Voucher { stopped_at: Some(at(1)), ..open }.state(at(2)), VoucherState::Stopped);
    }
}
