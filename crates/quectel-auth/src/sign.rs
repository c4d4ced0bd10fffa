use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use token_core::{Attempt, Error, ErrorKind, Secret, Timestamp};

/// The `username` and `password` of one login.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// Signs a login of the SaaS API. `password` is the digest of the plain `username` and the
/// AccessSecret, so both need the same order of fields and the same timestamp. The vendor accepts
/// timestamps within ten minutes of its own clock, in milliseconds.
pub(crate) fn access_key_credentials(
    access_key: &str,
    access_secret: &Secret,
    now: Timestamp,
) -> Credentials {
    let username = format!(
        "ver=1&auth_mode=accessKey&sign_method=sha256&access_key={}&timestamp={}",
        access_key,
        now.unix_millis()
    );
    let password = sha256_hex(&[&username, access_secret.expose()]);
    Credentials { username, password }
}

/// The signed parameters of an end user's login.
pub(crate) struct SignedPassword {
    /// Sixteen letters and digits, from which the encryption key of the password is derived.
    pub(crate) random: String,
    /// The encrypted password.
    pub(crate) pwd: Secret,
    /// The digest of the account, the encrypted password, the random text and the user domain's
    /// secret.
    pub(crate) signature: Secret,
}

pub(crate) fn password(
    who: &[&str],
    password: &Secret,
    domain_secret: &Secret,
    attempt: &Attempt,
) -> Result<SignedPassword, Error> {
    // All samples have letters and digits only.
    let random = attempt.nonce_text().replace(['-', '_'], "0");
    let pwd = encrypted(password, &random)?;
    let signature = sha256_hex(&[who, &[pwd.expose(), &random, domain_secret.expose()]].concat());
    Ok(SignedPassword {
        random,
        pwd,
        signature,
    })
}

/// Encrypts a password with AES-128-CBC and PKCS #7 padding, in base64. The key is derived from
/// `random`, which travels beside it, so this only keeps a password out of careless logs. TLS
/// protects it.
fn encrypted(password: &Secret, random: &str) -> Result<Secret, Error> {
    let digest = base16ct::upper::encode_string(&Md5::digest(random.as_bytes()));
    let (left, right) = digest
        .get(8..16)
        .zip(digest.get(16..24))
        .ok_or_else(unusable_key)?;
    let key = format!("{left}{right}");
    let iv = format!("{right}{left}");
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(key.as_bytes(), iv.as_bytes());
    let cipher = cipher.map_err(|_| unusable_key())?;
    let sealed = cipher.encrypt_padded_vec::<Pkcs7>(password.expose().as_bytes());
    Ok(Secret::from(BASE64_STANDARD.encode(sealed)))
}

fn unusable_key() -> Error {
    Error::new(
        ErrorKind::Config,
        "no encryption key could be derived for the password",
    )
}

/// Returns the `signature` of a request for an SMS code: SHA-256, in lower-case hex, of phone, code
/// type, random text, timestamp in milliseconds and user domain secret, concatenated.
///
/// ```
/// use quectel_auth::end_user::sms_signature;
/// use token_core::{Secret, Timestamp};
///
/// let at = Timestamp::from_unix_millis(1_744_773_894_369);
/// let secret = Secret::from("the user domain's secret");
/// let signature = sms_signature("17132136550", "3", "76a6L647F02CAoN9", at, &secret);
/// assert_eq!(signature.len(), 64);
/// ```
///
/// This crate does not request the code itself. The endpoint is
/// `/v2/sms/enduserapi/v2/sendPhoneSmsCode` ("OpenAPI Access Instructions" of the app API,
/// iot-docs.acceleronix.io).
pub fn sms_signature(
    phone: &str,
    code_type: &str,
    random: &str,
    at: Timestamp,
    user_domain_secret: &Secret,
) -> String {
    let millis = at.unix_millis().to_string();
    let digest = sha256_hex(&[
        phone,
        code_type,
        random,
        &millis,
        user_domain_secret.expose(),
    ]);
    digest.expose().to_owned()
}

/// Returns the SHA-256 of the concatenated parts in lower-case hex, as in all samples of the
/// vendor.
fn sha256_hex(parts: &[&str]) -> Secret {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    Secret::from(base16ct::lower::encode_string(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(kind: &str) -> Vec<serde_json::Value> {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../tests/vectors/signatures.json")).unwrap();
        file[kind].as_array().unwrap().clone()
    }

    #[test]
    fn the_published_passwords_are_encrypted_alike() {
        for vector in vectors("passwords") {
            let text = |name: &str| vector[name].as_str().unwrap();
            let sealed = encrypted(&Secret::from(text("password")), text("random")).unwrap();
            assert_eq!(sealed.expose(), text("encrypted"), "{}", vector["source"]);
        }
    }

    #[test]
    fn the_published_digests_are_made_alike() {
        for vector in vectors("digests") {
            let parts: Vec<&str> = vector["parts"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|part| part.as_str())
                .collect();
            assert_eq!(
                sha256_hex(&parts).expose(),
                vector["digest"].as_str().unwrap(),
                "{}",
                vector["source"]
            );
        }
    }

    #[test]
    fn the_published_sms_signature_is_made_alike() {
        for vector in vectors("sms") {
            let text = |name: &str| vector[name].as_str().unwrap();
            let at = Timestamp::from_unix_millis(vector["timestamp"].as_i64().unwrap());
            let secret = Secret::from(text("user_domain_secret"));
            let signature = sms_signature(
                text("phone"),
                text("code_type"),
                text("random"),
                at,
                &secret,
            );
            assert_eq!(signature, text("signature"), "{}", vector["source"]);
        }
    }

    #[test]
    fn the_random_text_is_sixteen_letters_and_digits() {
        let nonce = [
            62, 63, 0, 25, 26, 51, 52, 61, 126, 127, 254, 255, 190, 191, 7, 8,
        ];
        let attempt = Attempt::new(Timestamp::from_unix_seconds(0), nonce);
        let secret = Secret::from("S");
        let signed = password(&["who"], &Secret::from("p"), &secret, &attempt).unwrap();
        assert_eq!(signed.random.len(), 16);
        assert!(
            signed
                .random
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric()),
            "{}",
            signed.random
        );
    }
}
