//! PKCE, the state of an authorization, and the encodings of client credentials.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use token_core::{BuildError, Secret};

/// A PKCE verifier and its S256 challenge (RFC 7636 section 4).
///
/// ```
/// use oauth2_refresh::Pkce;
///
/// # let random = [7; 32];
/// let pkce = Pkce::from_random(random); // 32 bytes of your random number generator
/// let kept = pkce.verifier().clone(); // keep it with the user's session until the redirect
/// assert_eq!(Pkce::from_verifier(kept)?.challenge(), pkce.challenge());
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// The method `plain` is not offered: it does not protect against anyone who can read the authorize
/// URL.
#[derive(Clone, Debug)]
pub struct Pkce(Secret);

impl Pkce {
    /// Returns a verifier of 43 characters from 32 random bytes, as RFC 7636 section 4.1
    /// recommends. The bytes must come from a cryptographic random number generator.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(url_safe(&random))
    }

    /// Returns a verifier that was kept with a session.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if it is not 43 to 128 of the characters `A-Z a-z 0-9 - . _ ~` (RFC 7636
    /// section 4.1).
    pub fn from_verifier(verifier: Secret) -> Result<Self, BuildError> {
        let text = verifier.expose();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(BuildError::invalid(
                "verifier",
                "must be 43 to 128 letters, digits and -._~",
            ));
        }
        Ok(Self(verifier))
    }

    /// Returns the secret half, which goes to the token endpoint with the code.
    pub fn verifier(&self) -> &Secret {
        &self.0
    }

    /// Returns the public half, which goes into the authorize URL: base64url of the SHA-256 of the
    /// verifier.
    pub fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose()))
    }
}

/// The value that ties a redirect to the browser session that asked for it (RFC 6749 section
/// 10.12).
///
/// ```
/// use oauth2_refresh::State;
///
/// # let random = [7; 32];
/// let state = State::from_random(random); // 32 bytes of your random number generator
/// assert_eq!(state.secret().expose().len(), 43);
/// ```
///
/// Keep it where only this browser's session reaches it, and pass it to
/// [`read_redirect`](crate::OAuth2::read_redirect) when the browser comes back.
#[derive(Clone, Debug)]
pub struct State(Secret);

impl State {
    /// Returns a state of 43 characters from 32 random bytes.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(url_safe(&random))
    }

    /// Returns the text to keep with the session.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl From<Secret> for State {
    /// Converts a state that was kept with a session, or one of your own. An empty state matches no
    /// redirect.
    fn from(text: Secret) -> Self {
        Self(text)
    }
}

/// Encodes as `application/x-www-form-urlencoded` (RFC 6749 appendix B), with `+` for a space.
pub(crate) fn form_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Returns the first 16 hexadecimal digits of a SHA-256, to tell names apart.
pub(crate) fn short_digest(text: &str) -> String {
    let digest = base16ct::lower::encode_string(&Sha256::digest(text));
    digest.chars().take(16).collect()
}

fn url_safe(random: &[u8]) -> Secret {
    Secret::from(BASE64_URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    #[test]
    fn the_rfcs_octets_give_its_verifier_and_challenge() {
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212,
            37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let pkce = Pkce::from_random(octets);
        assert_eq!(
            pkce.verifier().expose(),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        assert_eq!(
            pkce.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    // RFC 6749 appendix B.
    #[test]
    fn the_rfcs_form_encoding_sample_matches() {
        assert_eq!(form_encode(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
        assert_eq!(form_encode("a*b~c-d._"), "a*b%7Ec-d._");
    }

    #[test]
    fn a_verifier_that_the_rfc_does_not_allow_is_refused() {
        for bad in [
            "",
            &"a".repeat(42),
            &"a".repeat(129),
            &format!("{}+", "a".repeat(43)),
            &"é".repeat(30),
        ] {
            assert!(Pkce::from_verifier(Secret::from(bad)).is_err(), "{bad}");
        }
        assert!(Pkce::from_verifier(Secret::from("a".repeat(43))).is_ok());
    }

    #[test]
    fn debug_shows_neither_verifier_nor_state() {
        let (pkce, state) = (Pkce::from_random([1; 32]), State::from_random([2; 32]));
        let shown = format!("{pkce:?} {state:?}");
        assert!(
            !shown.contains(pkce.verifier().expose()) && !shown.contains(state.secret().expose())
        );
    }
}
