//! Random numbers that never fail after the cache is built: nonces, jitter, lease owners.

use std::fmt;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use token_core::{BuildError, Token, TokenKey};

/// What all caches of this process draw the jitter of tokens from.
static OF_PROCESS: OnceLock<[u8; 32]> = OnceLock::new();

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
        OF_PROCESS.get_or_init(|| seed);
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
        sixteen(digest)
    }

    /// Returns sixteen bytes that nobody can guess, always the same for this name in this process.
    #[cfg(feature = "pool")]
    pub(crate) fn bytes_of(&self, name: &str) -> [u8; 16] {
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(process::id().to_le_bytes())
            .chain_update(name)
            .finalize();
        sixteen(digest)
    }

    /// Returns one random number.
    pub(crate) fn number(&self) -> u32 {
        number(self.bytes())
    }

    /// Returns the number of this token. It is the same for every cache in this process, so that a
    /// program that opens new caches sees one instant at which the token is due. Other processes,
    /// also forked ones, have another number.
    pub(crate) fn number_of(&self, key: &TokenKey, token: &Token) -> u32 {
        let digest = Sha256::new()
            .chain_update(OF_PROCESS.get().unwrap_or(&self.seed))
            .chain_update(process::id().to_le_bytes())
            .chain_update(token.generation().number().to_le_bytes())
            .chain_update(token.access().expose())
            .chain_update([0])
            .chain_update(key.as_str())
            .finalize();
        number(digest)
    }
}

/// Returns the first sixteen of these bytes.
fn sixteen(digest: impl IntoIterator<Item = u8>) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(digest)
        .for_each(|(byte, drawn)| *byte = drawn);
    bytes
}

/// Returns the number that these bytes begin with.
fn number(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let bytes = bytes.into_iter().take(4);
    bytes.fold(0, |number, byte| (number << 8) | u32::from(byte))
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}
