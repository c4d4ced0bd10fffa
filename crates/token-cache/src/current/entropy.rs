//! Random numbers that never fail after the cache is built: nonces, jitter, lease owners.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::process;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use token_core::{BuildError, Token, TokenKey};

/// Returns a hash by a key that is random in each process: nobody who does not know it can guess
/// the hash of anything.
fn keyed_hash(hashed: impl Hash) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one(hashed)
}

/// A seed from the operating system, hashed together with a counter.
pub(crate) struct Entropy {
    seed: [u8; 32],
    drawn: AtomicU64,
}

impl Entropy {
    pub(crate) fn from_system() -> Result<Self, BuildError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| {
            BuildError::invalid("entropy", "is not provided by the operating system")
        })?;
        Ok(Self {
            seed,
            drawn: AtomicU64::new(0),
        })
    }

    /// Returns sixteen bytes that nobody can guess.
    pub(crate) fn bytes(&self) -> [u8; 16] {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(count.to_le_bytes())
            .finalize();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// Returns sixteen bytes that nobody can guess, always the same for this name in this process.
    #[cfg(feature = "pool")]
    pub(crate) fn bytes_of(&self, name: &str) -> [u8; 16] {
        let process = process::id();
        let half = |which: u8| keyed_hash((which, self.seed, process, name));
        let [first, second] = [0, 1].map(half).map(u128::from);
        ((first << 64) | second).to_be_bytes()
    }

    /// Returns one random number.
    pub(crate) fn number(&self) -> u32 {
        let [a, b, c, d, ..] = self.bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Returns the number of this token. It is the same for every cache in this process, so that a
    /// program that opens new caches sees one instant at which the token is due. Other processes,
    /// also forked ones, have another number.
    pub(crate) fn number_of(&self, key: &TokenKey, token: &Token) -> u32 {
        let generation = token.generation().number();
        let token = (generation, token.access().expose(), key.as_str());
        let [a, b, c, d, ..] = keyed_hash((process::id(), token)).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}
