//! PBKDF2-HMAC-SHA256 of one block (RFC 8018, 5.2), on the compression function of `sha2`.
//!
//! The crate `pbkdf2` computes the same result, and the tests compare the two. In a size-optimized binary it spends a
//! third of its time on buffers for hashes of any length. Here every message is one block, laid out once
//! (`docs/decisions/0018-small-binaries.md`).
//!
//! It is a crate of its own so that it is compiled for speed in every profile, and nothing else needs to be.

use hmac::{Hmac, KeyInit, Mac};
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

const BLOCK_BYTES: usize = 64;
/// Bytes of the derived key: one output of SHA-256.
pub const KEY_BYTES: usize = 32;
/// Initial state of SHA-256 (FIPS 180-4, 5.3.3).
const INITIAL: HashState =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// Bits of the message that each compression in the loop ends: the key's block and one output.
const MESSAGE_BITS: u16 = 8 * 96;

type HashState = [u32; 8];

/// Derives the key of a password: `T_1`, the exclusive or of `U_1` to `U_iterations`.
#[must_use]
pub fn derive(password: &[u8], salt: &[u8], iterations: u32) -> [u8; KEY_BYTES] {
    let key = block_key(password);
    let (inner, outer) = (begun(&key, 0x36), begun(&key, 0x5c));
    let mut output = first(&key, salt);
    let mut derived = output;
    let mut last = last_block();
    for _ in 1..iterations {
        output = ended(inner, &output, &mut last);
        output = ended(outer, &output, &mut last);
        for (word, other) in derived.iter_mut().zip(output) {
            *word ^= other;
        }
    }
    let mut bytes = [0; KEY_BYTES];
    write(&derived, &mut bytes);
    bytes
}

/// The HMAC key: a password longer than a block is hashed first (RFC 2104).
fn block_key(password: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut key = [0; BLOCK_BYTES];
    if password.len() > BLOCK_BYTES {
        key[..KEY_BYTES].copy_from_slice(&Sha256::digest(password));
    } else {
        key[..password.len()].copy_from_slice(password);
    }
    key
}

/// `U_1`. The salt may have any length.
fn first(key: &[u8; BLOCK_BYTES], salt: &[u8]) -> HashState {
    let mut mac = Hmac::<Sha256>::new(key.into());
    mac.update(salt);
    mac.update(&1_u32.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let mut words = mac.chunks_exact(4);
    std::array::from_fn(|_| words.next().map_or(0, |word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])))
}

/// SHA-256 state after the key's block.
fn begun(key: &[u8; BLOCK_BYTES], pad: u8) -> HashState {
    let mut state = INITIAL;
    compress256(&mut state, &[key.map(|byte| byte ^ pad)]);
    state
}

/// The padded block for an output. All such blocks in the loop differ only in the output.
fn last_block() -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block[KEY_BYTES] = 0x80;
    block[BLOCK_BYTES - 2..].copy_from_slice(&MESSAGE_BITS.to_be_bytes());
    block
}

/// Completes a SHA-256 whose last block is `output`. `last` is a block from [`last_block`]; its output is overwritten.
fn ended(mut state: HashState, output: &HashState, last: &mut [u8; BLOCK_BYTES]) -> HashState {
    write(output, last);
    compress256(&mut state, std::slice::from_ref(last));
    state
}

/// Writes words as bytes to the start of `bytes`.
fn write(words: &HashState, bytes: &mut [u8]) {
    for (four, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *four = word.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn of_the_crate(password: &[u8], salt: &[u8], iterations: u32) -> [u8; KEY_BYTES] {
        let mut key = [0; KEY_BYTES];
        ::pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut key);
        key
    }

    /// RFC 7914, section 11: the first half of the 64 bytes in the vector.
    #[test]
    fn vectors_of_rfc_7914() {
        let passwd = hex::encode(derive(b"passwd", b"salt", 1));
        assert_eq!(passwd, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
        let password = hex::encode(derive(b"Password", b"NaCl", 80_000));
        assert_eq!(password, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
    }

    proptest! {
        #[test]
        fn the_same_as_the_crate(password in vec(any::<u8>(), 0..200), salt in vec(any::<u8>(), 0..200), iterations in 1..40_u32) {
            prop_assert_eq!(derive(&password, &salt, iterations), of_the_crate(&password, &salt, iterations));
        }

        #[test]
        fn also_where_a_password_fills_its_block(length in 63..=65_usize, byte in any::<u8>()) {
            let password = vec![byte; length];
            prop_assert_eq!(derive(&password, b"salt", 3), of_the_crate(&password, b"salt", 3));
        }
    }
}
