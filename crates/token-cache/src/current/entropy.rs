//! Random numbers that never fail after the cache is built: nonces, jitter, lease owners.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use token_core::{BuildError, Generation, TokenKey};

use crate::process;

/// Returns a hash by a key that is random in each process: nobody who does not know it can guess
/// the hash of anything. A forked child has its parent's key, but other hashes.
fn keyed_hash(hashed: impl Hash) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one((process::id(), hashed))
}

/// Returns sixteen bytes that nobody can guess: `first`, and what is always the same for this name
/// in this process.
fn sixteen(first: u64, name: &str) -> [u8; 16] {
    let both = (u128::from(first) << 64) | u128::from(keyed_hash(name));
    both.to_be_bytes()
}

/// Returns what takes the place of a random name in a forked child: its parent has that one.
pub(crate) fn bytes_in_child(name: &str) -> [u8; 16] {
    sixteen(keyed_hash((name, name)), name)
}

/// A seed from the operating system, hashed together with a counter.
pub(crate) struct Entropy {
    seed: [u8; 32],
    drawn: AtomicU64,
    /// Begins all that is drawn for a name.
    #[cfg(feature = "pool")]
    names: u64,
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
            #[cfg(feature = "pool")]
            names: keyed_hash(seed),
        })
    }

    /// Returns sixteen bytes that nobody can guess. A forked child draws others than its parent.
    pub(crate) fn bytes(&self) -> [u8; 16] {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(process::id().to_le_bytes())
            .chain_update(count.to_le_bytes())
            .finalize();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// Returns sixteen bytes that nobody can guess, always the same for this name in this process.
    #[cfg(feature = "pool")]
    pub(crate) fn bytes_of(&self, name: &str) -> [u8; 16] {
        sixteen(self.names, name)
    }

    /// Returns one random number.
    pub(crate) fn number(&self) -> u32 {
        let [a, b, c, d, ..] = self.bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Returns the number of a token. It is the same for every cache in this process, so that a
    /// program that opens new caches sees one instant at which the token is due. Other processes,
    /// also forked ones, have another number.
    pub(crate) fn number_of(&self, key: &TokenKey, generation: Generation) -> u32 {
        let [a, b, c, d, ..] = keyed_hash((generation.number(), key.as_str())).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twin(entropy: &Entropy) -> Entropy {
        Entropy {
            seed: entropy.seed,
            drawn: AtomicU64::new(entropy.drawn.load(Ordering::Relaxed)),
            #[cfg(feature = "pool")]
            names: entropy.names,
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_forked_child_draws_others_than_its_parent() {
        let entropy = Entropy::from_system().unwrap();
        let of_parent = twin(&entropy).bytes();
        match fork::fork().unwrap() {
            fork::Fork::Child => std::process::exit(i32::from(entropy.bytes() == of_parent)),
            fork::Fork::Parent(child) => {
                let status = fork::waitpid(child).unwrap();
                assert_eq!(fork::WEXITSTATUS(status), 0);
            }
        }
        assert_eq!(entropy.bytes(), of_parent);
    }
}
