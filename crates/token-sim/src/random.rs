//! Text that nobody has seen before.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::sha256;

/// 27 characters of the base64url alphabet, unlike any other in this process and, while the system
/// has randomness, in any other.
pub(crate) fn opaque() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut seed = [0; 24];
    // Without randomness the counter still tells the tokens of one process apart.
    let _ = getrandom::fill(&mut seed);
    let count = COUNT.fetch_add(1, Ordering::SeqCst).to_be_bytes();
    let digest = sha256(&[&seed[..], &count[..]].concat());
    let short: Vec<u8> = digest.into_iter().take(20).collect();
    URL_SAFE_NO_PAD.encode(short)
}

#[cfg(test)]
mod tests {
    use super::opaque;

    #[test]
    fn no_two_texts_are_the_same() {
        let texts: std::collections::HashSet<_> = (0..1000).map(|_| opaque()).collect();
        assert_eq!(texts.len(), 1000);
        assert!(texts.iter().all(|text| text.len() == 27));
    }
}
