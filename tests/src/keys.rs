//! The key derivation of the tests: the real one, whose results are remembered. The salts of a test are the same in every
//! test, as its ids are, so most keys are asked for again; each costs 60 ms.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use shared::domain::account::password::{self, KEY_BYTES};

type Arguments = (Vec<u8>, Vec<u8>, u32);

static DERIVED: LazyLock<Mutex<HashMap<Arguments, [u8; KEY_BYTES]>>> = LazyLock::new(Mutex::default);

/// As [`password::derive`].
pub(crate) fn derive(password: &[u8], salt: &[u8], iterations: u32) -> [u8; KEY_BYTES] {
    let arguments = (password.to_vec(), salt.to_vec(), iterations);
    let remembered = || DERIVED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = remembered().get(&arguments) {
        return *key;
    }
    // Without the lock: other tests derive keys at the same time.
    let key = password::derive(password, salt, iterations);
    remembered().insert(arguments, key);
    key
}
