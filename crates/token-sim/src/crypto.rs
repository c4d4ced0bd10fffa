//! Hashes, signed tokens and encrypted passwords, as the vendors document them.

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Returns the SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(text: &str) -> String {
    sha256_hex_bytes(text.as_bytes())
}

pub(crate) fn sha256_hex_bytes(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&sha256(bytes))
}

/// Returns the S256 challenge of a verifier, RFC 7636 section 4.2.
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

/// Returns a JWT signed with HS256, RFC 7519.
pub(crate) fn jwt(claims: &Value, key: &[u8]) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256" }).to_string());
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signed = format!("{header}.{payload}");
    // HMAC accepts keys of any length, so there is no error to report.
    let signature = Hmac::<Sha256>::new_from_slice(key).map(|mut mac| {
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    });
    format!("{signed}.{}", signature.unwrap_or_default())
}

/// Decrypts a password as Quectel encrypts it: AES-128-CBC with PKCS#5 padding. The key is the
/// middle of the upper-case MD5 of `random`; the initialisation vector is the key with its halves
/// swapped.
pub(crate) fn quectel_password(encrypted: &str, random: &str) -> Option<String> {
    let digest = base16ct::upper::encode_string(&Md5::digest(random.as_bytes()));
    let key = digest.get(8..24)?;
    let (left, right) = key.split_at_checked(8)?;
    let iv = format!("{right}{left}");
    let mut bytes = STANDARD.decode(encrypted).ok()?;
    let cipher =
        cbc::Decryptor::<aes::Aes128>::new_from_slices(key.as_bytes(), iv.as_bytes()).ok()?;
    let plain = cipher.decrypt_padded::<Pkcs7>(&mut bytes).ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

/// Returns an opaque token: 27 characters of the base64url alphabet, with 160 random bits.
#[expect(
    clippy::expect_used,
    reason = "a test server cannot issue tokens without randomness"
)]
pub(crate) fn opaque() -> String {
    let mut random = [0; 20];
    getrandom::fill(&mut random).expect("the operating system provides randomness");
    URL_SAFE_NO_PAD.encode(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_opaque_tokens_are_the_same() {
        let texts: std::collections::HashSet<_> = (0..1000).map(|_| opaque()).collect();
        assert_eq!(texts.len(), 1000);
        assert!(texts.iter().all(|text| text.len() == 27));
    }

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b() {
        let challenge = s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_jwt_has_three_parts_and_readable_claims() {
        let token = jwt(&json!({ "exp": 5 }), b"key");
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[1]).unwrap(), br#"{"exp":5}"#);
        assert_ne!(token, jwt(&json!({ "exp": 5 }), b"other"));
    }

    #[test]
    fn a_password_that_is_no_ciphertext_is_refused() {
        assert_eq!(quectel_password("not base64!", "abcdef"), None);
        assert_eq!(quectel_password("AAAA", "abcdef"), None);
    }

    fn vector(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn quectels_published_passwords_are_decrypted() {
        let case = vector(include_str!(
            "../tests/data/quectel-password-aes/vectors.json"
        ));
        for one in case["vectors"].as_array().unwrap() {
            let (encrypted, random) = (
                one["encrypted"].as_str().unwrap(),
                one["random"].as_str().unwrap(),
            );
            assert_eq!(
                quectel_password(encrypted, random).as_deref(),
                one["password"].as_str()
            );
        }
    }

    #[test]
    fn quectels_published_digests_are_reproduced() {
        let case = vector(include_str!(
            "../tests/data/quectel-signatures/vectors.json"
        ));
        for one in case["vectors"].as_array().unwrap() {
            assert_eq!(
                sha256_hex(one["plain"].as_str().unwrap()),
                one["sha256"].as_str().unwrap()
            );
        }
    }
}
