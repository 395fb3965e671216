//! The `Stripe-Signature` header: proof that a body comes from Stripe and is recent.
//!
//! The header reads `t=<seconds>,v1=<hex>,v1=<hex>,…`. Each `v1` is HMAC-SHA256 over `<seconds>.<body>` with the
//! endpoint's secret; while a secret is rotated Stripe signs with both, and we may know both. Other schemes are skipped:
//! `v0` is not proof of anything (<https://docs.stripe.com/webhooks#verify-manually>).
//!
//! The body must be the received bytes; parsing and printing would change them.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Maximum difference between a signature's time and ours, in both directions.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Maximum length of the header. With two secrets it has about 160 bytes.
pub const MAX_HEADER_BYTES: usize = 4096;

const MAC_BYTES: usize = 32;

/// The secret of a webhook endpoint, `whsec_…`.
#[derive(Clone)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// The secret; `None` if it is blank, because everybody can sign with an empty key.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    fn sign(&self, seconds: &str, body: &[u8]) -> Option<[u8; MAC_BYTES]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        mac.update(seconds.as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

/// Why a body is not accepted. The text is the same for all reasons, so it reveals nothing to a forger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is too long, has no time, two times, or no `v1`.
    #[error("the signature is not valid")]
    Malformed,
    /// No `v1` fits any of the secrets.
    #[error("the signature is not valid")]
    Mismatch,
    /// The signature is valid, but its time is outside the tolerance.
    #[error("the signature is not valid")]
    OutOfTime,
}

struct Header<'a> {
    /// The time as text, because `01` and `1` are signed as different bytes.
    seconds: &'a str,
    at: i64,
    macs: Vec<[u8; MAC_BYTES]>,
}

/// Accepts `body` if one of the `v1` values is its signature with one of `secrets`, and recent at `now`.
///
/// All values are compared with all secrets, each comparison in constant time.
///
/// # Errors
/// Says which check failed, for the log.
pub fn verify(header: &str, body: &[u8], secrets: &[SigningSecret], now: Timestamp) -> Result<(), SignatureError> {
    let header = Header::parse(header)?;
    let mut fits = Choice::from(0);
    for expected in secrets.iter().filter_map(|secret| secret.sign(header.seconds, body)) {
        for given in &header.macs {
            fits |= expected.ct_eq(given);
        }
    }
    // The time is checked last, so only the holder of a secret learns that it was wrong.
    if !bool::from(fits) {
        return Err(SignatureError::Mismatch);
    }
    if now.as_second().abs_diff(header.at) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(SignatureError::OutOfTime);
    }
    Ok(())
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Result<Self, SignatureError> {
        if text.len() > MAX_HEADER_BYTES {
            return Err(SignatureError::Malformed);
        }
        let mut seconds = None;
        let mut macs = Vec::new();
        for (scheme, value) in text.split(',').filter_map(|part| part.trim().split_once('=')) {
            match scheme {
                "t" if seconds.is_some() => return Err(SignatureError::Malformed),
                "t" => seconds = Some(value),
                // A value that is not a MAC cannot match, but another value may.
                "v1" => macs.extend(decode(value)),
                _ => {}
            }
        }
        let seconds = seconds.ok_or(SignatureError::Malformed)?;
        let digits = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
        let at = seconds.parse().ok().filter(|_| digits).ok_or(SignatureError::Malformed)?;
        if macs.is_empty() {
            return Err(SignatureError::Malformed);
        }
        Ok(Self { seconds, at, macs })
    }
}

fn decode(value: &str) -> Option<[u8; MAC_BYTES]> {
    let mut mac = [0; MAC_BYTES];
    hex::decode_to_slice(value, &mut mac).ok()?;
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const AT: i64 = 1_700_000_000;

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::new(text).unwrap()
    }

    fn v1(text: &str, at: i64, body: &[u8]) -> String {
        hex::encode(secret(text).sign(&at.to_string(), body).unwrap())
    }

    fn check(header: &str, body: &[u8], secrets: &[&str], now: i64) -> Result<(), SignatureError> {
        let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
        verify(header, body, &secrets, Timestamp::from_second(now).unwrap())
    }

    fn signed(text: &str) -> String {
        format!("t={AT},v1={}", v1(text, AT, BODY))
    }

    #[test]
    fn the_mac_is_hmac_sha256_of_rfc_4231() {
        // Test case 2: the key "Jefe" and the text "what do ya want for nothing?", split at the position of the
        // format's dot.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(mac.finalize().into_bytes()), expected);
    }

    #[test]
    fn a_fixture_signed_elsewhere_is_accepted() {
        let mac = "db94d09844f9d4a2a0544600e37c350c8393965e4ce64d3c01fc22c1759cb26d";
        assert_eq!(check(&format!("t={AT},v1={mac},v0=6ffbb59b"), BODY, &["whsec_fixture"], AT + 3), Ok(()));
    }

    #[test]
    fn the_tolerance_holds_to_the_second_on_both_sides() {
        let header = signed("whsec_a");
        for (now, expected) in [
            (AT, Ok(())),
            (AT + 300, Ok(())),
            (AT - 300, Ok(())),
            (AT + 301, Err(SignatureError::OutOfTime)),
            (AT - 301, Err(SignatureError::OutOfTime)),
        ] {
            assert_eq!(check(&header, BODY, &["whsec_a"], now), expected, "{now}");
        }
    }

    #[test]
    fn another_time_body_or_secret_is_a_mismatch() {
        let header = signed("whsec_a");
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(check(&header, b"{}", &["whsec_a"], AT), mismatch);
        assert_eq!(check(&header, &BODY[..BODY.len() - 1], &["whsec_a"], AT), mismatch);
        assert_eq!(check(&header, BODY, &["whsec_b"], AT), mismatch);
        assert_eq!(check(&header, BODY, &[], AT), mismatch);
        // A stale signature stays invalid under a new time, and under another spelling of its time.
        assert_eq!(
            check(&header.replacen(&AT.to_string(), &(AT + 9).to_string(), 1), BODY, &["whsec_a"], AT),
            mismatch
        );
        assert_eq!(check(&header.replacen("t=", "t=0", 1), BODY, &["whsec_a"], AT), mismatch);
    }

    #[test]
    fn while_a_secret_is_rotated_either_side_may_be_first() {
        // We have both secrets, and Stripe signs with one.
        assert_eq!(check(&signed("whsec_old"), BODY, &["whsec_new", "whsec_old"], AT), Ok(()));
        assert_eq!(check(&signed("whsec_new"), BODY, &["whsec_new", "whsec_old"], AT), Ok(()));
        // Stripe signs with both secrets, and we have one.
        let both = format!("{},v1={}", signed("whsec_new"), v1("whsec_old", AT, BODY));
        assert_eq!(check(&both, BODY, &["whsec_old"], AT), Ok(()));
        assert_eq!(check(&both, BODY, &["whsec_new"], AT), Ok(()));
        assert_eq!(check(&both, BODY, &["whsec_other"], AT), Err(SignatureError::Mismatch));
    }

    #[test]
    fn one_matching_value_is_enough_at_any_position() {
        let wrong = "00".repeat(MAC_BYTES);
        let right = v1("whsec_a", AT, BODY);
        for position in 0..40 {
            let values = (0..40).map(|at| if at == position { &right } else { &wrong });
            let header = values.fold(format!("t={AT}"), |header, value| format!("{header},v1={value}"));
            assert_eq!(check(&header, BODY, &["whsec_a"], AT), Ok(()));
        }
        let forged = (0..40).fold(format!("t={AT}"), |header, _| format!("{header},v1={wrong}"));
        assert_eq!(check(&forged, BODY, &["whsec_a"], AT), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_header_in_another_format_is_malformed() {
        let mac = v1("whsec_a", AT, BODY);
        let long = format!("t={AT},v1={mac}{}", ",v0=x".repeat(MAX_HEADER_BYTES / 5));
        for header in [
            String::new(),
            format!("t={AT}"),
            format!("v1={mac}"),
            format!("t={AT},v0={mac}"),
            format!("t={AT},v1={}", &mac[..62]),
            format!("t={AT},v1={mac}00"),
            format!("t={AT},v1=zz{}", &mac[2..]),
            format!("t=,v1={mac}"),
            format!("t=-5,v1={mac}"),
            format!("t=+5,v1={mac}"),
            format!("t=99999999999999999999,v1={mac}"),
            format!("t={AT},t={AT},v1={mac}"),
            long,
        ] {
            assert_eq!(check(&header, BODY, &["whsec_a"], AT), Err(SignatureError::Malformed), "{header}");
        }
    }

    #[test]
    fn secrets_are_not_blank_and_not_shown() {
        assert!(SigningSecret::new("  ").is_none());
        assert_eq!(format!("{:?}", secret("whsec_a")), "SigningSecret(..)");
        assert_eq!(SignatureError::Mismatch.to_string(), SignatureError::OutOfTime.to_string());
    }

    proptest! {
        #[test]
        fn any_header_gets_an_answer(header in "(t=[0-9]{0,22}|v1=[0-9a-f]{60,66}|[ -~]{0,9}|,){0,8}") {
            prop_assert!(check(&header, BODY, &["whsec_a"], AT).is_err());
        }

        #[test]
        fn one_changed_bit_of_the_body_is_detected(body in prop::collection::vec(any::<u8>(), 1..200), bit in any::<prop::sample::Index>()) {
            let header = format!("t={AT},v1={}", v1("whsec_a", AT, &body));
            prop_assert_eq!(check(&header, &body, &["whsec_a"], AT), Ok(()));
            let mut changed = body.clone();
            let bit = bit.index(body.len() * 8);
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(check(&header, &changed, &["whsec_a"], AT), Err(SignatureError::Mismatch));
        }
    }
}
