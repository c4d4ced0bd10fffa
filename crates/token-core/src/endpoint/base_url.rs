//! The base URL of a vendor's deployment.

use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme, Uri};

use crate::api::origin::ApiOrigin;
use crate::error::BuildError;

/// The URL that a vendor's paths are appended to, such as `https://apim.example.com` or
/// `https://example.com/prefix`.
///
/// ```
/// use token_core::{BaseUrl, PlainHttp};
///
/// let base = BaseUrl::parse("https://apim.example.com/tenant/", PlainHttp::Refused)?;
/// assert_eq!(base.host(), "apim.example.com");
/// assert!(BaseUrl::parse("http://apim.example.com", PlainHttp::Refused).is_err());
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// The host is normalized: letters become lower case, and the scheme's default port and a trailing
/// dot of the host are removed. The key of a grant in a store depends on it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

/// Whether `http://` is allowed. It sends secrets in cleartext, so it is only for an edge or test
/// deployment without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// Only `https://` (the default).
    #[default]
    Refused,
    /// Also `http://`.
    Allowed,
}

impl BaseUrl {
    /// Parses a base URL.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the text is not an absolute http(s) URL, has a query, a fragment or user
    /// information, or begins with `http://` and that is not allowed.
    pub fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, BuildError> {
        let invalid = |why| BuildError::invalid("base_url", why);
        if text.contains('#') {
            return Err(invalid("must not have a fragment"));
        }
        let parts = text
            .trim()
            .parse::<Uri>()
            .map_err(|_| invalid("is not a URL"))?
            .into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("must start with https:// and a host"));
        };
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(invalid("must start with https://"));
        }
        if scheme == Scheme::HTTP && plain_http == PlainHttp::Refused {
            return Err(invalid(
                "uses plain http, which sends secrets in cleartext: use https, or allow_plain_http()",
            ));
        }
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(invalid("must have a host and no user information"));
        }
        let authority = normalized(&scheme, &authority)
            .ok_or_else(|| invalid("must have a host, and a valid port if it has one"))?;
        let path = parts
            .path_and_query
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() {
            return Err(invalid("must not have a query"));
        }
        let prefix = path.path().trim_end_matches('/').to_owned();
        Ok(Self {
            scheme,
            authority,
            prefix,
        })
    }

    /// Returns the host, without the port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Returns the host, with the port if it is not the default one.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Returns the host, the port if it is not the default one, and the path, which identify the
    /// deployment in a [`TokenKey`](crate::TokenKey). One host may serve several deployments.
    ///
    /// ```
    /// use token_core::{BaseUrl, PlainHttp};
    ///
    /// let base = BaseUrl::parse("https://apim.example.com/tenant/", PlainHttp::Refused)?;
    /// assert_eq!(base.deployment(), "apim.example.com/tenant");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    pub fn deployment(&self) -> String {
        format!("{}{}", self.authority, self.prefix)
    }

    /// Returns the scheme, host and port, to which the token may be sent.
    pub fn origin(&self) -> ApiOrigin {
        ApiOrigin::new(self.scheme.clone(), self.authority.clone())
    }

    /// Returns whether the scheme is `https`.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Returns the full URL of `path`, which starts with a slash and may have a query. For an
    /// authorization URL that a user opens; requests are built with [`Request`](crate::Request).
    pub fn join(&self, path: &str) -> String {
        let (scheme, host) = (self.scheme.as_str(), self.authority.as_str());
        [scheme, "://", host, &self.prefix, path].concat()
    }
}

/// Returns the host in lower case without a trailing dot, and the port if it is not the default
/// one.
fn normalized(scheme: &Scheme, authority: &Authority) -> Option<Authority> {
    let host = authority.host().to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let port = match authority.as_str().rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port,
        _ => "",
    };
    let own = if *scheme == Scheme::HTTPS {
        "443"
    } else {
        "80"
    };
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = port.is_empty() || is_port(port) && port.parse::<u16>().is_ok_and(|n| n > 0);
    let port = port.trim_start_matches('0');
    let text = match port == own || port.is_empty() {
        true => host.to_owned(),
        false => format!("{host}:{port}"),
    };
    text.parse().ok().filter(|_| is_known && !host.is_empty())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_must_be_enabled() {
        let refused = BaseUrl::parse("http://edge.local", PlainHttp::Refused).unwrap_err();
        assert!(
            refused.to_string().contains("allow_plain_http()"),
            "{refused}"
        );
        assert!(
            !BaseUrl::parse("http://edge.local", PlainHttp::Allowed)
                .unwrap()
                .is_tls()
        );
    }

    #[test]
    fn a_trailing_slash_is_not_doubled() {
        let base = BaseUrl::parse("https://example.com:8443/a/", PlainHttp::Refused).unwrap();
        assert_eq!(base.join("/token"), "https://example.com:8443/a/token");
    }

    // FAULTS.md row 73
    #[test]
    fn one_host_has_one_spelling() {
        let spelt = |text| {
            BaseUrl::parse(text, PlainHttp::Allowed)
                .unwrap()
                .to_string()
        };
        for (text, expected) in [
            ("https://LOCALHOST", "https://localhost"),
            (
                "HTTPS://Api.Example.COM/Path",
                "https://api.example.com/Path",
            ),
            ("https://example.com:443", "https://example.com"),
            ("https://example.com:0443", "https://example.com"),
            ("https://example.com:", "https://example.com"),
            ("http://example.com:80/", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://example.com:80", "https://example.com:80"),
            ("https://example.com.", "https://example.com"),
            ("https://example.com.:8443", "https://example.com:8443"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
            ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(spelt(text), expected, "{text}");
        }
    }

    #[test]
    fn an_invalid_base_url_is_refused() {
        for text in [
            "https://a:99999",
            "https://a:x",
            "https://a:0",
            "https://a:+443",
            "https://.",
            "",
            "example.com",
            "ftp://example.com",
            "https://u:p@example.com",
            "https://a/?q=1",
            "https://a/#f",
            "/a",
        ] {
            assert!(BaseUrl::parse(text, PlainHttp::Allowed).is_err(), "{text}");
        }
    }
}
