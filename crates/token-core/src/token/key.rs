//! The name of a grant.

use std::fmt;
use std::sync::Arc;

use crate::endpoint::query::{is_unreserved, push_encoded};
use crate::error::kind::BuildError;

/// Names a grant in stores, logs and metrics, such as
/// `quectel-access-key/iot-api.quectelcn.com/24b9zicj`.
///
/// ```
/// use token_core::TokenKey;
///
/// let key = TokenKey::of("acme", "api.acme.example:8443", "user 17");
/// assert_eq!(key.as_str(), "acme/api.acme.example:8443/user%2017");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenKey(Arc<str>);

impl TokenKey {
    /// Creates a key from the vendor, the deployment and the owner of the grant. Every byte that is
    /// not a letter, a digit or one of `.-_~:` is percent-encoded, so that different parts never
    /// result in the same key.
    pub fn of(vendor: &str, deployment: &str, grant: &str) -> Self {
        let mut name = String::with_capacity(vendor.len() + deployment.len() + grant.len() + 2);
        for (separator, part) in [("", vendor), ("/", deployment), ("/", grant)] {
            name.push_str(separator);
            push_encoded(&mut name, part, |byte| byte == b':' || is_unreserved(byte));
        }
        Self(name.into())
    }

    /// Parses a full name, as [`as_str`](Self::as_str) returns it.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the name is empty, longer than 512 bytes, or contains anything but
    /// printable ASCII without spaces.
    pub fn parse(name: &str) -> Result<Self, BuildError> {
        if name.is_empty() || name.len() > 512 || !name.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(BuildError::invalid(
                "key",
                "must be 1 to 512 printable ASCII characters without spaces",
            ));
        }
        Ok(Self(name.into()))
    }

    /// Returns the owner of the grant, as it was given to [`of`](Self::of); `None` if the name has
    /// not three parts.
    ///
    /// ```
    /// use token_core::TokenKey;
    ///
    /// let key = TokenKey::of("acme", "api.acme.example", "user 17");
    /// assert_eq!(key.grant().as_deref(), Some("user 17"));
    /// ```
    pub fn grant(&self) -> Option<String> {
        let mut parts = self.0.split('/');
        let (_, _, grant) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none();
        percent_decode(grant).filter(|_| is_whole)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the text that was percent-encoded; `None` if it was not.
fn percent_decode(encoded: &str) -> Option<String> {
    let mut parts = encoded.split('%');
    let mut decoded = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        decoded.push(u8::from_str_radix(code, 16).ok()?);
        decoded.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(decoded).ok()
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_parts_never_result_in_the_same_key() {
        assert_ne!(TokenKey::of("a", "b/c", "d"), TokenKey::of("a", "b", "c/d"));
        assert_eq!(
            TokenKey::parse(TokenKey::of("a", "b:1", "é ü").as_str()).unwrap(),
            TokenKey::of("a", "b:1", "é ü")
        );
        assert!(TokenKey::parse("a b").is_err());
    }

    #[test]
    fn the_grant_comes_back_as_it_was_given() {
        for grant in ["user-17", "é ü", "c/d", "100%", "a:b", ""] {
            let key = TokenKey::of("acme", "host:1", grant);
            assert_eq!(key.grant().as_deref(), Some(grant));
        }
        for name in [
            "acme",
            "acme/host",
            "a/b/c/d",
            "a/b/%4",
            "a/b/%zz",
            "a/b/%ff",
        ] {
            assert_eq!(TokenKey::parse(name).unwrap().grant(), None, "{name}");
        }
    }
}
