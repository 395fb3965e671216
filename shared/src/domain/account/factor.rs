//! The second factor of an account: one-time codes of an app (TOTP, RFC 6238), and recovery codes for a lost app.
//!
//! The secret must be read to check a code, so it cannot be hashed. It is encrypted with a key that is not in the table.
//! Keys have versions, so that a new one can be introduced while the older one still opens what it sealed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::Email;
use crate::domain::id::UserId;
use crate::domain::random::Random;
use crate::domain::schema::{has_schema, text};

/// Bytes of a secret (RFC 4226, 4: 160 bits).
const SECRET_BYTES: usize = 20;
/// Digits of a code.
const DIGITS: u8 = 6;
/// How long a code lasts.
pub const STEP_SECONDS: u64 = 30;
/// Codes before and after the present one that are accepted, for clocks that differ.
const SKEW_STEPS: u16 = 1;
/// Number of recovery codes.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: 120 bits, so that a plain hash protects it.
const RECOVERY_BYTES: usize = 15;
/// Characters of a recovery code that are shown together.
const RECOVERY_GROUP: usize = 4;
/// The letters of recovery codes, without those that look alike.
const RECOVERY_LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// The name that an app shows.
const ISSUER: &str = "pastpaper";

/// The kind of a factor. Others, such as passkeys, may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Codes of an app.
    Totp,
}

/// The keys that seal secrets: the first seals, all open.
#[derive(Clone)]
pub struct FactorKeys(Vec<(u32, LessSafeKey)>);

impl FactorKeys {
    /// Least length of a key's text in bytes.
    pub const BYTES_MIN: usize = 32;

    /// Reads `2:<text>,1:<text>`, the newest first. A text without a version has version 1. `None` if a text is too short
    /// or a version occurs twice.
    #[must_use]
    pub fn parse(list: &str) -> Option<Self> {
        let mut keys: Vec<(u32, LessSafeKey)> = Vec::new();
        for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let versioned = part.split_once(':').and_then(|(version, text)| Some((version.parse().ok()?, text)));
            let (version, text) = versioned.unwrap_or((1, part));
            if text.len() < Self::BYTES_MIN || keys.iter().any(|(other, _)| *other == version) {
                return None;
            }
            let bytes = Sha256::new().chain_update("pastpaper factor\0").chain_update(text).finalize();
            keys.push((version, LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?)));
        }
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn seal(&self, user: UserId, secret: [u8; SECRET_BYTES], nonce: [u8; NONCE_LEN]) -> Option<SealedSecret> {
        let (version, key) = self.0.first()?;
        let mut bytes = secret.to_vec();
        // Bound to the user: a secret that is copied to another account does not open.
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(user.0.as_bytes()), &mut bytes)
            .ok()?;
        Some(SealedSecret { key: *version, text: STANDARD_NO_PAD.encode([nonce.as_slice(), &bytes].concat()) })
    }

    fn open(&self, user: UserId, sealed: &SealedSecret) -> Option<[u8; SECRET_BYTES]> {
        let (_, key) = self.0.iter().find(|(version, _)| *version == sealed.key)?;
        let bytes = STANDARD_NO_PAD.decode(&sealed.text).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let secret = key.open_in_place(nonce, Aad::from(user.0.as_bytes()), &mut rest).ok()?;
        (*secret).try_into().ok()
    }
}

impl fmt::Debug for FactorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactorKeys(redacted)")
    }
}

/// An encrypted secret: AES-256-GCM, base64 of nonce, text and tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SealedSecret {
    /// Version of the key.
    key: u32,
    text: String,
}

/// The factor of an account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    user_id: UserId,
    pub kind: FactorKind,
    secret: SealedSecret,
    /// When its first code was typed. Until then it is not asked for.
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was accepted. It and older ones are not accepted again.
    last_step: u64,
    /// SHA-256 of the recovery codes that were not used, in hex.
    #[serde(default)]
    recovery_codes: Vec<String>,
    /// Incremented by every write. A code that was checked on an older revision is checked again.
    pub revision: u32,
    created_at: Timestamp,
}

/// What a user puts into an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorSetup {
    /// The secret in base32.
    pub secret: String,
    /// The same as an `otpauth:` URI, for a QR code.
    pub uri: String,
}

impl Factor {
    /// A new factor with a new secret, and what the user puts into an app. `None` never occurs with a valid key.
    #[must_use]
    pub fn begin(
        user: UserId,
        email: &Email,
        keys: &FactorKeys,
        random: &Random,
        now: Timestamp,
    ) -> Option<(Self, FactorSetup)> {
        let secret: [u8; SECRET_BYTES] = random.bytes();
        let totp = totp(secret, email)?;
        let setup = FactorSetup { secret: totp.secret().to_base32(), uri: totp.to_url().ok()? };
        let factor = Self {
            user_id: user,
            kind: FactorKind::Totp,
            secret: keys.seal(user, secret, random.bytes())?,
            confirmed_at: None,
            last_step: 0,
            recovery_codes: Vec::new(),
            revision: 1,
            created_at: now,
        };
        Some((factor, setup))
    }

    /// The factor after its first code, with its recovery codes; `None` if the code is wrong.
    ///
    /// # Errors
    /// If the secret cannot be decrypted.
    pub fn confirmed(
        &self,
        code: &TypedCode,
        keys: &FactorKeys,
        random: &Random,
        now: Timestamp,
    ) -> Result<Option<(Self, Vec<RecoveryCode>)>, UnreadableFactor> {
        let Some(step) = self.step_of(code, keys, now)? else { return Ok(None) };
        let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES).map(|_| RecoveryCode::new(random.bytes())).collect();
        let next = Self {
            confirmed_at: Some(now),
            last_step: step,
            recovery_codes: codes.iter().map(RecoveryCode::hash).collect(),
            revision: self.revision + 1,
            ..self.clone()
        };
        Ok(Some((next, codes)))
    }

    /// The factor after this code; `None` if the code is wrong or was used.
    ///
    /// # Errors
    /// If the secret cannot be decrypted.
    pub fn after(&self, code: &TypedCode, keys: &FactorKeys, now: Timestamp) -> Result<Option<Self>, UnreadableFactor> {
        let next = Self { revision: self.revision + 1, ..self.clone() };
        if code.is_recovery_code() {
            let hash = code.hash();
            let left: Vec<String> = self.recovery_codes.iter().filter(|other| **other != hash).cloned().collect();
            return Ok((left.len() < self.recovery_codes.len()).then_some(Self { recovery_codes: left, ..next }));
        }
        Ok(self.step_of(code, keys, now)?.map(|step| Self { last_step: step, ..next }))
    }

    /// Recovery codes that are left.
    #[must_use]
    pub fn recovery_codes_left(&self) -> usize {
        self.recovery_codes.len()
    }

    /// The step of a code that is right now and newer than the last one.
    fn step_of(&self, code: &TypedCode, keys: &FactorKeys, now: Timestamp) -> Result<Option<u64>, UnreadableFactor> {
        let secret = keys.open(self.user_id, &self.secret).ok_or(UnreadableFactor)?;
        let nobody = Email::try_from("user@account.invalid".to_owned()).map_err(|_| UnreadableFactor)?;
        let totp = totp(secret, &nobody).ok_or(UnreadableFactor)?;
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        Ok(totp.check(&code.0, seconds).filter(|step| *step > self.last_step))
    }
}

/// A secret that no key opens: the key of its version is missing, or the item was damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret of a factor cannot be decrypted: is the key of its version missing?")]
pub struct UnreadableFactor;

fn totp(secret: [u8; SECRET_BYTES], email: &Email) -> Option<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_skew(SKEW_STEPS)
        .with_step_duration(STEP_SECONDS)
        .with_secret(Secret::new_stack(secret))
        // An app takes a colon for the end of the issuer.
        .with_account_name(email.as_str().replace(':', " "))
        .with_issuer(Some(ISSUER))
        .build()
        .ok()
}

/// The code that an app shows for this secret, for tests and examples.
#[must_use]
pub fn code_of(secret: &str, now: Timestamp) -> Option<String> {
    let secret: [u8; SECRET_BYTES] = Secret::try_from_base32(secret).ok()?.as_bytes().try_into().ok()?;
    let totp = totp(secret, &Email::try_from("user@account.invalid".to_owned()).ok()?)?;
    Some(totp.generate(u64::try_from(now.as_second()).ok()?).to_string())
}

/// A recovery code in clear. It appears in one response.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    fn new(bytes: [u8; RECOVERY_BYTES]) -> Self {
        let mut letters = String::new();
        // 120 bits are 24 letters of 5 bits.
        for chunk in bytes.chunks(5) {
            let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let letter = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
                letters.push(char::from(RECOVERY_LETTERS[letter]));
            }
        }
        Self(letters)
    }

    /// As shown: groups of four.
    #[must_use]
    pub fn reveal(&self) -> String {
        let groups: Vec<&str> =
            self.0.as_bytes().chunks(RECOVERY_GROUP).filter_map(|group| str::from_utf8(group).ok()).collect();
        groups.join("-")
    }

    fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(redacted)")
    }
}

/// A code as typed: six digits, or a recovery code. Blanks and hyphens do not count.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct TypedCode(String);

has_schema!(TypedCode, text(1, 100).pattern(Some(r"\S")).examples(["123456"]));

impl From<String> for TypedCode {
    fn from(typed: String) -> Self {
        Self(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_lowercase).collect())
    }
}

impl TypedCode {
    fn is_recovery_code(&self) -> bool {
        self.0.len() != usize::from(DIGITS)
    }

    fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }
}

impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::random::SystemEntropy;

    const KEY: &str = "a key of factors for tests of 32 bytes or more";

    fn keys(list: &str) -> FactorKeys {
        FactorKeys::parse(list).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn typed(code: &str) -> TypedCode {
        TypedCode::from(code.to_owned())
    }

    fn factor(user: u128) -> (Factor, FactorSetup) {
        let email = Email::try_from("ada:x@example.org".to_owned()).unwrap();
        let random = Random::new(SystemEntropy);
        Factor::begin(UserId(Uuid::from_u128(user)), &email, &keys(KEY), &random, at(1_000)).unwrap()
    }

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret::new_stack(*b"12345678901234567890").to_base32();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_of(&secret, at(seconds)).as_deref(), Some(code), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_accepted_once_and_within_a_step_of_its_own() {
        let (factor, setup) = factor(1);
        let keys = keys(KEY);
        let now = at(1_800_000_000);
        let code = |seconds: i64| typed(&code_of(&setup.secret, at(1_800_000_000 + seconds)).unwrap());
        for (seconds, is_right) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(factor.after(&code(seconds), &keys, now).unwrap().is_some(), is_right, "{seconds}");
        }
        let next = factor.after(&code(0), &keys, now).unwrap().unwrap();
        assert_eq!(next.revision, factor.revision + 1);
        for seconds in [-30, 0] {
            assert_eq!(next.after(&code(seconds), &keys, now).unwrap(), None, "{seconds}");
        }
        assert!(next.after(&code(30), &keys, now).unwrap().is_some());
        for odd in ["", "0", "12345", "1234567", "abcdef", "１２３４５６"] {
            assert_eq!(factor.after(&typed(odd), &keys, now).unwrap(), None, "{odd}");
        }
    }

    #[test]
    fn recovery_codes_work_once_however_they_are_typed() {
        let (factor, setup) = factor(1);
        let (keys, random, now) = (keys(KEY), Random::new(SystemEntropy), at(1_800_000_000));
        assert_eq!(factor.confirmed(&typed("000"), &keys, &random, now).unwrap(), None);
        let code = typed(&code_of(&setup.secret, now).unwrap());
        let (confirmed, codes) = factor.confirmed(&code, &keys, &random, now).unwrap().unwrap();
        assert_eq!((codes.len(), confirmed.confirmed_at), (RECOVERY_CODES, Some(now)));
        let shown = codes[3].reveal();
        assert_eq!((shown.len(), shown.matches('-').count()), (29, 5), "{shown}");
        let stored = serde_json::to_string(&confirmed).unwrap();
        assert!(!stored.contains(&shown.replace('-', "")) && !stored.contains(&setup.secret));
        let used = confirmed.after(&typed(&shown.to_uppercase().replace('-', " ")), &keys, now).unwrap().unwrap();
        assert_eq!(used.recovery_codes_left(), RECOVERY_CODES - 1);
        assert_eq!(used.after(&typed(&shown), &keys, now).unwrap(), None);
    }

    #[test]
    fn a_secret_opens_for_its_user_with_the_key_of_its_version() {
        let (factor, setup) = factor(1);
        let now = at(1_800_000_000);
        let code = typed(&code_of(&setup.secret, now).unwrap());
        let other = format!("2:{}", KEY.to_uppercase());
        let both = format!("{other},1:{KEY}");
        assert!(factor.after(&code, &keys(&both), now).unwrap().is_some());
        for wrong in [other, format!("1:{}", KEY.to_uppercase())] {
            assert_eq!(factor.after(&code, &keys(&wrong), now), Err(UnreadableFactor), "{wrong}");
        }
        let moved = Factor { user_id: UserId(Uuid::from_u128(2)), ..factor };
        assert_eq!(moved.after(&code, &keys(KEY), now), Err(UnreadableFactor));
        for bad in ["", " , ", "short", &format!("{KEY},1:{KEY}"), &format!("2:{KEY},3:short")] {
            assert!(FactorKeys::parse(bad).is_none(), "{bad}");
        }
        assert!(!format!("{:?}", keys(KEY)).contains("tests"));
    }

    #[test]
    fn an_app_gets_the_name_of_the_account() {
        let (_, setup) = factor(1);
        let start = format!("otpauth://totp/pastpaper:ada%20x%40example.org?secret={}", setup.secret);
        assert!(setup.uri.starts_with(&start) && setup.uri.contains("issuer=pastpaper"), "{}", setup.uri);
    }
}
