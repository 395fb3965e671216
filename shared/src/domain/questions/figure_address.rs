//! Addresses of figures. An image in a page sends no token, so the address itself is the proof that the client may see the
//! figure: it contains an HMAC of the figure's digest, and only views of unlocked questions contain it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::catalog::figures::FigureDigest;

/// Bytes of the HMAC that an address contains.
const MAC_BYTES: usize = 16;
/// Separates these HMACs from those of another use of the same key.
const PURPOSE: &[u8] = b"figure.";

/// The key that signs addresses.
#[derive(Clone)]
pub struct FigureKey(Vec<u8>);

impl FigureKey {
    /// Least length of a key in bytes.
    pub const BYTES_MIN: usize = 32;

    /// The key, unless it is too short.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= Self::BYTES_MIN).then(|| Self(text.as_bytes().to_vec()))
    }

    /// The address of a figure, relative to the API.
    #[must_use]
    pub fn address(&self, digest: &FigureDigest) -> Option<String> {
        let mac = self.mac(digest)?.finalize().into_bytes();
        Some(format!("/api/figures/{}?sig={}", digest.as_str(), hex::encode(&mac[..MAC_BYTES])))
    }

    /// Whether an address of this figure has this signature. Takes the same time for every signature of the right length.
    #[must_use]
    pub fn is_signed(&self, digest: &FigureDigest, signature: &str) -> bool {
        let mut mac = [0; MAC_BYTES];
        hex::decode_to_slice(signature, &mut mac).is_ok()
            && self.mac(digest).is_some_and(|expected| expected.verify_truncated_left(&mac).is_ok())
    }

    fn mac(&self, digest: &FigureDigest) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(PURPOSE);
        mac.update(digest.as_str().as_bytes());
        Some(mac)
    }
}

impl std::fmt::Debug for FigureKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FigureKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_one_figure_and_one_key() {
        let key = |byte: char| FigureKey::new(&byte.to_string().repeat(32)).unwrap();
        let (one, other) = (FigureDigest::of(b"1"), FigureDigest::of(b"2"));
        let address = key('a').address(&one).unwrap();
        let signature = address.strip_prefix(&format!("/api/figures/{}?sig=", one.as_str())).unwrap();
        assert_eq!(signature.len(), 2 * MAC_BYTES);
        assert!(key('a').is_signed(&one, signature));
        assert!(!key('a').is_signed(&other, signature) && !key('b').is_signed(&one, signature));
        for wrong in ["", "00", &signature[..30], &format!("{signature}00"), &"z".repeat(32), &"0".repeat(32)] {
            assert!(!key('a').is_signed(&one, wrong), "{wrong}");
        }
        assert!(FigureKey::new(&"a".repeat(31)).is_none());
        assert_eq!(format!("{:?}", key('a')), "FigureKey(redacted)");
    }
}
