//! Password hashes: PBKDF2-HMAC-SHA256 in two formats. New hashes use the first.
//!
//! - `$pbkdf2-sha256$i=600000,l=32$salt$hash` (PHC string; iterations as recommended by OWASP's Password Storage Cheat
//!   Sheet);
//! - `salt:hash` in hex, 100,000 iterations, 32-byte key: the format of the old service. It is verified, and replaced
//!   at login.
//!
//! New hashes are computed from the password in NFC, older ones from the password as typed. A check tries the text as
//! typed, and then its NFC form if that differs.
//!
//! Every check of a text costs [`ITERATIONS`], whatever is stored. Its duration therefore reveals neither whether an
//! email is known nor how old its hash is.

use pbkdf2::password_hash::Error;
use pbkdf2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use pbkdf2::{Algorithm, Params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::domain::account::Password;

pub use kdf::{KEY_BYTES, derive};

/// Derives a key from a password, a salt and a number of iterations: [`derive()`], or the same function with its results
/// remembered in tests, where most passwords and salts are the same.
pub type Derive = fn(&[u8], &[u8], u32) -> [u8; KEY_BYTES];

/// Iterations of a new hash.
pub const ITERATIONS: u32 = 600_000;
/// Iterations of the old service's hashes.
pub const WORKER_ITERATIONS: u32 = 100_000;
/// Bytes of a new salt.
pub const SALT_BYTES: usize = 16;

/// A stored hash, as text. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// The parsed form of a stored hash.
enum Scheme {
    Known { iterations: u32, salt: Vec<u8>, key: [u8; KEY_BYTES] },
    Unknown,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordMatch {
    /// The password is wrong, or no hash of a known scheme is stored.
    Wrong,
    /// The password is correct.
    Right,
    /// The password is correct, but the hash should be replaced by a new one.
    RightButOutdated,
}

impl PasswordHash {
    /// A hash as it was imported, in any scheme.
    #[must_use]
    pub fn imported(text: String) -> Self {
        Self(text)
    }

    /// A hash that no password matches.
    #[must_use]
    pub fn unusable() -> Self {
        Self("unusable".to_owned())
    }

    /// The stored text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the scheme is known. If not, no password matches the hash.
    #[must_use]
    pub fn is_known_scheme(&self) -> bool {
        !matches!(self.scheme(), Scheme::Unknown)
    }

    fn scheme(&self) -> Scheme {
        self.phc().or_else(|| self.worker()).unwrap_or(Scheme::Unknown)
    }

    fn phc(&self) -> Option<Scheme> {
        let phc = Phc::new(&self.0).ok()?;
        let params = Params::try_from(&phc).ok()?;
        let iterations = params.rounds();
        // More iterations would make the check take longer than others, and reveal that the email is known.
        let ours = phc.algorithm == Algorithm::Pbkdf2Sha256.into() && (1..=ITERATIONS).contains(&iterations);
        let key = phc.hash?.as_ref().try_into().ok()?;
        ours.then_some(Scheme::Known { iterations, salt: phc.salt?.as_ref().to_vec(), key })
    }

    fn worker(&self) -> Option<Scheme> {
        let (salt, key) = self.0.split_once(':')?;
        let key = hex::decode(key).ok()?.try_into().ok()?;
        let salt = hex::decode(salt).ok().filter(|salt| !salt.is_empty())?;
        Some(Scheme::Known { iterations: WORKER_ITERATIONS, salt, key })
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

/// Hashes a password; takes about 60 ms of one core.
///
/// # Errors
/// Never for a salt of this length. Errors of the PHC format are returned as text.
pub fn hash(derive: Derive, password: &Password, salt: [u8; SALT_BYTES]) -> Result<PasswordHash, String> {
    let composed = password.composed();
    let password = composed.as_ref().unwrap_or(password);
    let key = derive(password.as_bytes(), &salt, ITERATIONS);
    let phc = || {
        let params = Params::new_with_output_len(ITERATIONS, KEY_BYTES)?;
        let (salt, hash) = (Some(Salt::new(&salt)?), Some(Output::new(&key)?));
        Ok(Phc { algorithm: Algorithm::Pbkdf2Sha256.into(), version: None, params: params.try_into()?, salt, hash })
    };
    phc().map(|phc| PasswordHash(phc.to_string())).map_err(|error: Error| error.to_string())
}

/// Checks a password against the stored hash, which is `None` for an unknown email. Takes the time of [`hash`], or
/// twice that if the password is not in NFC, whatever is stored and whatever the result.
#[must_use]
pub fn verify(derive: Derive, password: &Password, stored: Option<&PasswordHash>) -> PasswordMatch {
    let as_typed = verify_text(derive, password, stored);
    let Some(composed) = password.composed() else { return as_typed };
    match (as_typed, verify_text(derive, &composed, stored)) {
        (PasswordMatch::Wrong, verdict) => verdict,
        // The hash is of text that is not in NFC, which some keyboards cannot type: replace it by a hash of the NFC
        // form.
        (_, _) => PasswordMatch::RightButOutdated,
    }
}

fn verify_text(derive: Derive, password: &Password, stored: Option<&PasswordHash>) -> PasswordMatch {
    match stored.map_or(Scheme::Unknown, PasswordHash::scheme) {
        Scheme::Known { iterations, salt, key } => {
            let right = derive(password.as_bytes(), &salt, iterations).ct_eq(&key).into();
            if iterations < ITERATIONS {
                spend(derive, password, ITERATIONS - iterations);
            }
            match right {
                true if iterations < ITERATIONS => PasswordMatch::RightButOutdated,
                true => PasswordMatch::Right,
                false => PasswordMatch::Wrong,
            }
        }
        Scheme::Unknown => {
            spend(derive, password, ITERATIONS);
            PasswordMatch::Wrong
        }
    }
}

/// Spends the time of a check, so that its duration reveals nothing.
fn spend(derive: Derive, password: &Password, iterations: u32) {
    std::hint::black_box(derive(password.as_bytes(), &[0; SALT_BYTES], iterations));
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// Iterations of this thread.
        static ITERATIONS_SO_FAR: Cell<u64> = const { Cell::new(0) };
    }

    fn counted_derive(password: &[u8], salt: &[u8], iterations: u32) -> [u8; KEY_BYTES] {
        ITERATIONS_SO_FAR.with(|sum| sum.set(sum.get() + u64::from(iterations)));
        derive(password, salt, iterations)
    }

    fn hash(password: &Password, salt: [u8; SALT_BYTES]) -> Result<PasswordHash, String> {
        super::hash(derive, password, salt)
    }

    fn verify(password: &Password, stored: Option<&PasswordHash>) -> PasswordMatch {
        super::verify(derive, password, stored)
    }

    /// Computed in Python: `hashlib.pbkdf2_hmac("sha256", b"correct horse", bytes(range(16)), n, 32).hex()`.
    const WORKER_HASH: &str = "000102030405060708090a0b0c0d0e0f:\
        57f2c2f0739748d516419b062a884666323c583ea4ae165504a81f7b53c62a09";

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[test]
    fn a_new_hash_is_a_phc_string_of_600_000_iterations_and_matches_its_password_only() {
        let stored = hash(&password("correct horse"), [7; SALT_BYTES]).unwrap();
        assert!(stored.as_str().starts_with("$pbkdf2-sha256$i=600000,l=32$"), "{}", stored.as_str());
        assert_eq!(verify(&password("correct horse"), Some(&stored)), PasswordMatch::Right);
        assert_eq!(verify(&password("correct horsf"), Some(&stored)), PasswordMatch::Wrong);
    }

    #[test]
    fn the_workers_hash_matches_and_is_outdated() {
        let stored = PasswordHash::imported(WORKER_HASH.to_owned());
        assert_eq!(verify(&password("correct horse"), Some(&stored)), PasswordMatch::RightButOutdated);
        assert_eq!(verify(&password("wrong horse"), Some(&stored)), PasswordMatch::Wrong);
    }

    /// Simulates a hash from before an increase of `ITERATIONS`.
    #[test]
    fn a_hash_of_fewer_iterations_matches_and_is_outdated() {
        let stored = "$pbkdf2-sha256$i=100000,l=32$AAECAwQFBgcICQoLDA0ODw$V/LC8HOXSNUWQZsGKohGZjI8WD6krhZVBKgfe1PGKgk";
        let stored = PasswordHash::imported(stored.to_owned());
        assert_eq!(verify(&password("correct horse"), Some(&stored)), PasswordMatch::RightButOutdated);
        assert_eq!(verify(&password("wrong horse"), Some(&stored)), PasswordMatch::Wrong);
    }

    const COMPOSED: &str = "caf\u{e9} cr\u{e8}me";
    const DECOMPOSED: &str = "cafe\u{301} cre\u{300}me";

    /// A hash from before passwords were normalised to NFC.
    fn hash_as_typed(text: &str) -> PasswordHash {
        let key = derive(text.as_bytes(), &[9; 16], WORKER_ITERATIONS);
        PasswordHash::imported(format!("{}:{}", hex::encode([9; 16]), hex::encode(key)))
    }

    #[test]
    fn a_password_matches_in_the_form_that_it_was_registered_in_and_in_nfc() {
        let new = hash(&password(DECOMPOSED), [7; SALT_BYTES]).unwrap();
        assert_eq!(verify(&password(COMPOSED), Some(&new)), PasswordMatch::Right);
        assert_eq!(verify(&password(DECOMPOSED), Some(&new)), PasswordMatch::Right);
        let old = hash_as_typed(DECOMPOSED);
        assert_eq!(verify(&password(DECOMPOSED), Some(&old)), PasswordMatch::RightButOutdated);
        assert_eq!(verify(&password(COMPOSED), Some(&old)), PasswordMatch::Wrong);
        let old = hash_as_typed(COMPOSED);
        assert_eq!(verify(&password(DECOMPOSED), Some(&old)), PasswordMatch::RightButOutdated);
        assert_eq!(verify(&password("cafe creme"), Some(&old)), PasswordMatch::Wrong);
    }

    #[test]
    fn the_cost_of_a_check_depends_only_on_the_text() {
        let cost = |text: &str, stored: Option<&PasswordHash>| {
            let before = ITERATIONS_SO_FAR.with(Cell::get);
            let _ = super::verify(counted_derive, &password(text), stored);
            ITERATIONS_SO_FAR.with(Cell::get) - before
        };
        let known = [
            None,
            Some(hash_as_typed(DECOMPOSED)),
            Some(hash_as_typed("something else")),
            Some(PasswordHash::imported("$2b$12$abcdefghijklmnopqrstuv".to_owned())),
            Some(hash(&password(COMPOSED), [7; SALT_BYTES]).unwrap()),
        ];
        for (text, expected) in [("plain ascii", 1), (COMPOSED, 1), (DECOMPOSED, 2)] {
            for stored in &known {
                assert_eq!(cost(text, stored.as_ref()), expected * u64::from(ITERATIONS), "{text} {stored:?}");
            }
        }
    }

    #[test]
    fn a_hash_of_an_unknown_scheme_matches_nothing() {
        for text in [
            "",
            ":",
            "zz:zz",
            "00:00",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$pbkdf2-sha256$i=1000000000$c2FsdHNhbHQ$aGFzaA",
        ] {
            assert!(!PasswordHash::imported(text.to_owned()).is_known_scheme(), "{text}");
        }
        assert_eq!(verify(&password("anything"), None), PasswordMatch::Wrong);
    }
}
