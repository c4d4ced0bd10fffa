//! Where a token may be sent.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};

/// The scheme, host and port of an API (RFC 6454). A token is sent to the origins of its endpoint
/// and to those that the program names, and to no others.
///
/// ```
/// use token_core::{BaseUrl, PlainHttp};
///
/// let base = BaseUrl::parse("https://api.example.com/v2", PlainHttp::Refused)?;
/// let origin = base.origin();
/// assert!(origin.is_of(&"https://API.example.com:443/devices?page=1".parse().unwrap()));
/// assert!(!origin.is_of(&"http://api.example.com/devices".parse().unwrap()));
/// assert!(!origin.is_of(&"https://api.example.com:8443/".parse().unwrap()));
/// assert_eq!(origin.to_string(), "https://api.example.com");
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ApiOrigin {
    scheme: Scheme,
    authority: Authority,
}

impl ApiOrigin {
    /// Creates an origin from a normalized authority.
    pub(crate) fn new(scheme: Scheme, authority: Authority) -> Self {
        Self { scheme, authority }
    }

    /// Returns whether the URI has this scheme, host and port. A URI without a host has not.
    pub fn is_of(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return false;
        };
        let host = authority.host();
        *scheme == self.scheme
            && !authority.as_str().contains('@')
            && self
                .host()
                .eq_ignore_ascii_case(host.strip_suffix('.').unwrap_or(host))
            && self.port() == port(scheme, authority)
    }

    /// Returns the host, without the port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    fn port(&self) -> Option<u16> {
        port(&self.scheme, &self.authority)
    }
}

fn port(scheme: &Scheme, authority: &Authority) -> Option<u16> {
    let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    match authority.as_str().rsplit_once(':') {
        Some((_, "")) | None => Some(default),
        Some((_, text)) if text.ends_with(']') => Some(default),
        Some(_) => authority.port_u16(),
    }
}

impl fmt::Display for ApiOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl fmt::Debug for ApiOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiOrigin({self})")
    }
}

#[cfg(test)]
mod tests {
    use crate::endpoint::base_url::{BaseUrl, PlainHttp};

    #[test]
    fn an_origin_is_the_scheme_the_host_and_the_port() {
        let origin = |url| BaseUrl::parse(url, PlainHttp::Allowed).unwrap().origin();
        let rows = [
            ("https://a.example/x", "https://a.example/y", true),
            ("https://a.example", "https://a.example:443", true),
            ("https://a.example", "https://A.Example./", true),
            ("http://a.example", "http://a.example:80/", true),
            ("https://a.example:8443", "https://a.example:8443/", true),
            ("https://[::1]:8443", "https://[::1]:8443/", true),
            ("https://[::1]", "https://[::1]/", true),
            ("https://a.example", "http://a.example/", false),
            ("https://a.example", "https://a.example:8443/", false),
            ("https://a.example:8443", "https://a.example/", false),
            ("https://a.example", "https://b.a.example/", false),
            ("https://a.example", "https://a.example.evil/", false),
            (
                "https://a.example",
                "https://a.example@evil.example/",
                false,
            ),
            ("https://a.example", "https://evil@a.example/", false),
            ("https://a.example", "wss://a.example/", false),
            ("https://a.example", "/relative", false),
            ("https://a.example", "a.example:443", false),
            ("https://a.example", "*", false),
        ];
        for (own, uri, expected) in rows {
            assert_eq!(
                origin(own).is_of(&uri.parse().unwrap()),
                expected,
                "{own} {uri}"
            );
        }
    }
}
